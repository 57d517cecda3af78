"""From QuickBooks Desktop to Procore, whatever breaks in between: nothing is lost, nothing is there twice.

As in test_web_connector_lives, a life without faults is lived first and counted; then it is lived again for each place
where something can break: each effect of the service, each call of the Web Connector, each call to Procore.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest

from simulator.memory.watch import Effect
from simulator.world import Died
from tests.building_desktop import FileBuilder

DECK, CLINIC = "Mill Street Parking Deck", "Harbor Clinic"
EVERY = int(os.environ.get("MLC_EVERY", "110"))  # of the places where something can break; 1 takes hours of lives


@dataclass
class Life:
    """A builder, what happens next, and what must be true of it in the end."""

    builder: FileBuilder
    check: Callable[[], None]

    def live(self) -> None:
        self.builder.run(2)

    def settle(self) -> None:
        for _ in range(3):
            self.builder.run()
            if all(head.due is None and head.state in ("done", "split") for head in self.builder.all_heads()):
                return

    def at_rest(self) -> None:
        for head in self.builder.all_heads():
            assert head.state in ("done", "split"), f"{head.key.id}: {head.state} {head.trouble} {head.hold}"
            assert head.intent is None
        self.builder.careful()


def _made() -> tuple[FileBuilder, str, str]:
    """A direct cost of 1,200.00 and an invoice of 700.00, to be."""
    builder = FileBuilder()
    builder.commitment("Conduit Inc", builder.clinic)
    spent = builder.bill(builder.payee("Volt Electric"), ("1200.00", "Electrical", DECK))
    claimed = builder.bill(builder.payee("Conduit Inc"), ("700.00", "Electrical", CLINIC))
    return builder, spent, claimed


def _costs(builder: FileBuilder, *amounts: str) -> Callable[[], None]:
    def check() -> None:
        kinds = ("requisitions", "direct_costs")
        found = sorted(str(builder.costs()[one["invoice_number"]]) for kind in kinds for one in builder.there(kind))
        assert found == sorted(amounts)
        assert len(builder.there("vendors")) == 2

    return check


def vendors_and_bills_created() -> Life:
    builder, _, _ = _made()
    return Life(builder, _costs(builder, "1200.00", "700.00"))


def bills_changed() -> Life:
    builder, spent, claimed = _made()
    builder.settle()
    builder.edit(spent, ("1100.10", "Electrical", DECK))
    builder.edit(claimed, ("640.00", "Electrical", CLINIC))
    return Life(builder, _costs(builder, "1100.10", "640.00"))


def bills_deleted() -> Life:
    builder, spent, claimed = _made()
    builder.settle()
    builder.pc.backstage_delete(spent)
    builder.pc.backstage_delete(claimed)
    return Life(builder, _costs(builder))


def bills_voided() -> Life:
    builder, spent, claimed = _made()
    builder.settle()
    builder.pc.backstage_void(spent)
    builder.pc.backstage_void(claimed)
    return Life(builder, _costs(builder, "0.00", "0.00"))


def bills_entered_anew() -> Life:
    builder, spent, claimed = _made()
    builder.settle()
    builder.pc.backstage_recreate(spent)
    builder.pc.backstage_recreate(claimed)
    return Life(builder, _costs(builder, "1200.00", "700.00"))


def bills_paid() -> Life:
    builder, spent, claimed = _made()
    builder.settle()
    builder.approve()
    builder.pay(spent)
    builder.pay(claimed)

    def check() -> None:
        assert [one["payment_date"] for one in builder.there("direct_costs")] == ["2026-02-25"]
        assert [Decimal(one["amount"]) for one in builder.there("payments")] == [Decimal("700.00")]

    return Life(builder, check)


def payments_taken_back() -> Life:
    life = bills_paid()
    builder = life.builder
    builder.settle()
    for payment in builder.pc.backstage_ledger()["BillPaymentCheck"]:
        builder.pc.backstage_delete(payment["id"])

    def check() -> None:
        assert [one["payment_date"] for one in builder.there("direct_costs")] == [None]
        assert builder.there("payments") == []

    return Life(builder, check)


MISHAPS = ("die_before", "die_after", "lose_reply")
LIVES: list[Callable[[], Life]] = [
    vendors_and_bills_created,
    bills_changed,
    bills_deleted,
    bills_voided,
    bills_entered_anew,
    bills_paid,
    payments_taken_back,
]


def _watch(life: Life, hook: Callable[[Effect], None] | None, when: str) -> None:
    world = life.builder.world
    for port in (world.store, world.queue, world.vault, world.http, world.notices):
        setattr(port, when, hook)


def _counted(make: Callable[[], Life]) -> int:
    life, counted = make(), 0

    def count(effect: Effect) -> None:
        nonlocal counted
        counted += effect.changes

    _watch(life, count, "before")
    life.live()
    _watch(life, None, "before")
    life.settle()
    life.check()
    life.at_rest()
    assert counted > 10
    return counted


def _some(count: int, begin: int) -> range:
    """Every so many of them, another choice for each test, so that over all tests each kind of place has its turn."""
    return range(begin % min(EVERY, count), count, EVERY)


def _die_at(life: Life, nth: int, when: str) -> None:
    seen = 0

    def hook(effect: Effect) -> None:
        nonlocal seen
        seen += effect.changes
        if effect.changes and seen == nth + 1:
            raise Died

    _watch(life, hook, when)


def _held_up(life: Life, what: str) -> None:
    try:
        life.check()
        life.at_rest()
    except AssertionError as wrong:
        raise AssertionError(f"{what}: {wrong}") from wrong


@pytest.mark.parametrize("make", LIVES, ids=lambda make: make.__name__)
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_service_that_dies_at_any_effect_neither_loses_nor_doubles_anything(
    make: Callable[[], Life], when: str
) -> None:
    for nth in _some(_counted(make), LIVES.index(make) + (when == "after") * EVERY // 2):
        life = make()
        _die_at(life, nth, when)
        life.live()
        life.settle()
        assert life.builder.world.deaths == 1, f"effect {nth}"
        _held_up(life, f"died {when} effect {nth}")


@pytest.mark.parametrize("make", [bills_deleted, bills_paid], ids=lambda make: make.__name__)
@pytest.mark.parametrize("kind", MISHAPS)
def test_whatever_happens_at_any_call_of_the_web_connector_everything_is_there_once(
    make: Callable[[], Life], kind: Any
) -> None:
    probe = make()
    runs = len(probe.builder.pc.connector.runs)
    probe.live()
    calls = sum(len(run.calls) for run in probe.builder.pc.connector.runs[runs:])
    for nth in _some(calls, MISHAPS.index(kind) * EVERY // 3):
        life = make()
        life.builder.pc.backstage_mishap(kind, "", skip=nth)
        life.live()
        life.builder.pc.connector.mishaps.clear()
        life.settle()
        _held_up(life, f"{kind} at call {nth}")


@pytest.mark.parametrize("make", LIVES, ids=lambda make: make.__name__)
@pytest.mark.parametrize("kind", ["drop_after", "server_fault"])
def test_each_fault_on_a_call_to_procore_neither_loses_nor_doubles_anything(
    make: Callable[[], Life], kind: Any
) -> None:
    probe = make()
    before = len(probe.builder.site.faults.calls)
    probe.live()
    for nth in _some(len(probe.builder.site.faults.calls) - before, LIVES.index(make)):
        life = make()
        life.builder.site.faults.plan(kind, skip=nth)
        life.live()
        life.settle()
        _held_up(life, f"{kind} at call {nth} of procore")
