"""QuickBooks Desktop cannot be asked twice: whatever breaks between it and us, each bill is in the books once.

As in test_crash_points, a life without faults is lived first and counted; then it is lived again for each place where
something can break: each effect of the service, each call of the Web Connector, each message that QuickBooks runs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest

from simulator.desktop import DesktopCompany, total
from simulator.memory.watch import Effect
from simulator.world import Died
from tests.faults.places import some

MISHAPS = ("die_before", "die_after", "lose_call", "lose_reply", "twice")


@dataclass
class Life:
    """A company, what happens in it, and what must be true of it in the end."""

    company: DesktopCompany
    check: Callable[[], None]

    def live(self) -> None:
        self.company.cycle()

    def settle(self) -> None:
        """On after the fault: another poll, more runs of the Web Connector; and once more where that was not enough."""
        self.company.cycle()
        if any(head.state != "done" for move in ("vendor", "purchase_order") for head in self.company.heads(move)):
            self.company.cycle()

    def at_rest(self) -> None:
        for move in ("vendor", "purchase_order"):
            for head in self.company.heads(move):
                assert head.state == "done", f"{head.key.id}: {head.state} {head.trouble} {head.hold}"
                assert head.intent is None
        self.company.assert_no_mistakes()


def vendor_and_bills_created() -> Life:
    company = DesktopCompany(policies={"unmatched_vendor": "create"})
    vendor = company.vendor("Northwind Paper Co", in_books=False)
    orders = [company.order(vendor, "100.00"), company.order(vendor, "17.55")]

    def check() -> None:
        company.assert_once(orders)
        assert [v["Name"] for v in company.pc.backstage_ledger()["Vendor"]] == ["Northwind Paper Co"]
        assert company.total_ours() == Decimal("117.55")

    return Life(company, check)


def bill_changed() -> Life:
    company = DesktopCompany()
    order = company.order(company.vendor("Northwind Paper Co"), "72.00")
    company.cycle()
    company.assert_once([order])
    line = {"name": "more", "account_code": "6010", "amount": "80.10"}
    company.procurify.backstage_revise_purchase_order(order, lines=[line])

    def check() -> None:
        company.assert_once([order])
        assert [(total(bill), bill["versions"]) for bill in company.ours()] == [(Decimal("80.10"), 2)]

    return Life(company, check)


def bill_voided() -> Life:
    company = DesktopCompany(policies={"cancelled_purchase_order": "void"})
    order = company.order(company.vendor("Northwind Paper Co"), "72.00")
    company.cycle()
    company.procurify.backstage_cancel_purchase_order(order)

    def check() -> None:
        company.assert_once([order])
        assert [(total(bill), bill["versions"]) for bill in company.ours()] == [(Decimal("0.00"), 2)]

    return Life(company, check)


LIVES: list[Callable[[], Life]] = [vendor_and_bills_created, bill_changed, bill_voided]


def _watch(company: DesktopCompany, hook: Callable[[Effect], None] | None, when: str) -> None:
    world = company.world
    for port in (world.store, world.queue, world.vault, world.http, world.notices):
        setattr(port, when, hook)


def _effects(make: Callable[[], Life]) -> int:
    life, counted = make(), 0

    def count(effect: Effect) -> None:
        nonlocal counted
        counted += effect.changes

    _watch(life.company, count, "before")
    life.live()
    _watch(life.company, None, "before")
    life.check()
    life.at_rest()
    assert counted > 10
    return counted


def _die_at(life: Life, nth: int) -> None:
    seen = 0

    def hook(effect: Effect) -> None:
        nonlocal seen
        if effect.changes:
            seen += 1
            if seen == nth:
                raise Died

    _watch(life.company, hook, "after")


def _held_up(life: Life, what: str) -> None:
    try:
        life.check()
        life.at_rest()
    except AssertionError as wrong:
        raise AssertionError(f"{what}: {wrong}") from wrong


@pytest.mark.parametrize("make", LIVES, ids=lambda make: make.__name__)
def test_a_service_that_dies_at_any_effect_neither_loses_nor_doubles_a_bill(make: Callable[[], Life]) -> None:
    """After each: that is before the next one, too."""
    for nth in some(_effects(make), LIVES.index(make)):
        life = make()
        _die_at(life, nth)
        life.live()
        life.settle()
        assert life.company.world.deaths == 1, f"effect {nth}"
        _held_up(life, f"died after effect {nth}")


@pytest.mark.parametrize("make", LIVES, ids=lambda make: make.__name__)
@pytest.mark.parametrize("kind", MISHAPS)
def test_whatever_happens_at_any_call_of_the_web_connector_each_bill_is_there_once(
    make: Callable[[], Life], kind: Any
) -> None:
    probe = make()
    runs = len(probe.company.pc.connector.runs)
    probe.live()
    calls = sum(len(run.calls) for run in probe.company.pc.connector.runs[runs:])
    assert calls > 10
    for nth in some(calls - 1, MISHAPS.index(kind)):
        life = make()
        life.company.pc.backstage_mishap(kind, "", skip=nth)
        life.live()
        life.settle()
        _held_up(life, f"{kind} at call {nth}")


@pytest.mark.parametrize("make", LIVES, ids=lambda make: make.__name__)
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("hresult", ["0x80010105"])
def test_a_quickbooks_that_breaks_down_over_any_message_neither_loses_nor_doubles_a_bill(
    make: Callable[[], Life], when: str, hresult: str
) -> None:
    probe = make()
    runs = len(probe.company.pc.connector.runs)
    probe.live()
    messages = sum(len(run.requests) for run in probe.company.pc.connector.runs[runs:])
    for nth in some(messages - 1, LIVES.index(make)):
        life = make()
        life.company.pc.backstage_trouble(hresult, when, skip=nth)
        life.live()
        life.settle()
        _held_up(life, f"{hresult} {when} message {nth}")


@pytest.mark.parametrize("kinds", [["die_after"], ["die_before", "die_after"]])
def test_a_pc_that_dies_over_each_of_fifty_bills_and_again_over_the_repeat_leaves_fifty(kinds: list[Any]) -> None:
    company = DesktopCompany()
    vendor = company.vendor("Northwind Paper Co")
    orders = [company.order(vendor, f"{100 + n}.25") for n in range(50)]
    company.poll()
    for n in range(150):
        if n < 100:
            company.pc.connector.mishaps.clear()
            company.pc.backstage_mishap(kinds[n % len(kinds)], "process BillAddRq")
        company.call()
        company.world.clock.advance(15 * 60)
        company.world.until_quiet()
        if all(head.state == "done" for head in company.heads()):
            break
    company.assert_once(orders)
    assert company.total_ours() == sum(Decimal(f"{100 + n}.25") for n in range(50))
    assert {head.state for head in company.heads()} == {"done"}, "a person was needed"
    company.call()
    assert company.call().word == "none", "nothing is left to do"
    company.assert_no_mistakes()


def test_a_bill_that_was_handed_out_and_not_answered_for_a_minute_is_unknown_and_its_late_answer_still_counts() -> None:
    company = DesktopCompany()
    order = company.order(company.vendor("Northwind Paper Co"), "72.00")
    company.poll()
    company.pc.backstage_mishap("die_after", "process BillAddRq")
    run = company.call()
    assert company.head(order).state == "sending"
    company.world.until_quiet()
    assert company.head(order).state == "unknown"
    assert len(company.ours()) == 1, "QuickBooks had it all the time"
    company.pc.connector.mishaps.clear()
    company.cycle()
    assert (company.head(order).state, run.died) == ("done", True)
    company.assert_once([order])
