"""QuickBooks Online to Procore: a crash or a fault at any moment of any kind of write there; the site is right after.

As in test_crash_points.py the places are counted, not listed: a life is lived once without faults, then once for each.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any

import pytest

from simulator.memory.watch import Effect
from simulator.world import Died
from tests.building import CLINIC, COMPANY, COPPERLINE, DECK, FLOW, REALM, TENANT, Builder
from tests.faults.places import some

# What comes late or as a page is to the writer what does not come at all: the client's own tests tell them apart.
KINDS = ["drop_before", "drop_after", "malformed", "throttle", "server_fault", "expire_token"]
OF_READS = ["malformed", "throttle", "expire_token"]  # of a read the others are the same
END = ("done", "split", "not_moved")


@dataclass
class Life:
    """What is there before, what is then done in one run, and what must be true in the end."""

    world: Builder
    check: Callable[[], None]


def built(*, commitment: bool = False, paid: str = "", **policies: Any) -> tuple[Builder, str]:
    """One bill of 100.00 that moved, and a payment of it that did."""
    world = Builder(**{"requisition_status": "draft", **policies})
    world.site.backstage_switch("payment_needs_approval", False)
    if commitment:
        world.commitment(COPPERLINE, world.deck, "26-100.C", "03-300.M")
    bill = world.bill(world.vendor(COPPERLINE), ("100.00", "Electrical", DECK))
    if paid:
        world.pay(**{f"b{bill}": paid})
    world.run()
    return world, bill


def stands(world: Builder, *, invoices: int = 0, direct: int = 0, payments: tuple[str, ...] = ()) -> Callable[[], None]:
    def check() -> None:
        world.agree()
        assert (len(world.there("requisitions")), len(world.there("direct_costs"))) == (invoices, direct)
        assert tuple(one["amount"] for one in world.there("payments")) == payments
        assert len(world.there("vendors")) == 1
        listed = [
            (row["project_id"], row["vendor_id"]) for row in world.site.backstage_rows(COMPANY, "project_vendors")
        ]
        assert len(listed) == len(set(listed))

    return check


def vendor_and_its_first_direct_cost() -> Life:
    """Made: the vendor in the company, in the project's directory, and the cost."""
    world = Builder()
    world.bill(world.vendor(COPPERLINE), ("100.00", "Electrical", DECK))
    return Life(world, stands(world, direct=1))


def invoice_made() -> Life:
    world = Builder(requisition_status="approved")
    world.commitment(COPPERLINE, world.deck)
    world.bill(world.vendor(COPPERLINE), ("100.00", "Electrical", DECK))
    return Life(world, stands(world, invoices=1))


def invoice_changed() -> Life:
    world, bill = built(commitment=True)
    world.edit(bill, ("60.00", "Electrical", DECK), ("45.50", "Concrete", DECK))
    return Life(world, stands(world, invoices=1))


def invoice_deleted() -> Life:
    world, bill = built(commitment=True)
    world.books.backstage_delete_bill(REALM, bill)
    return Life(world, stands(world))


def invoice_becomes_a_direct_cost_elsewhere() -> Life:
    world, bill = built(commitment=True)
    world.edit(bill, ("100.00", "Electrical", CLINIC))
    return Life(world, stands(world, direct=1))


def direct_cost_changed() -> Life:
    world, bill = built()
    world.edit(bill, ("60.00", "Electrical", DECK), ("45.50", "Concrete", DECK), DocNumber="INV-1b")
    return Life(world, stands(world, direct=1))


def direct_cost_paid() -> Life:
    world, bill = built()
    world.pay(**{f"b{bill}": "100.00"})
    whole = stands(world, direct=1)

    def check() -> None:
        whole()
        assert [one["payment_date"] for one in world.there("direct_costs")] == ["2026-02-25"]

    return Life(world, check)


def direct_cost_deleted() -> Life:
    world, bill = built()
    world.books.backstage_delete_bill(REALM, bill)
    return Life(world, stands(world))


def payment_made() -> Life:
    world, bill = built(commitment=True)
    world.pay(**{f"b{bill}": "40.00"})
    return Life(world, stands(world, invoices=1, payments=("40.0",)))


def payment_deleted() -> Life:
    world, _ = built(commitment=True, paid="40.00")
    (payment,) = world.books.backstage_ledger(REALM)["bill_payments"]
    world.books.backstage_void_payment(REALM, payment["Id"])
    return Life(world, stands(world, invoices=1))


LIVES: list[Callable[[], Life]] = [
    vendor_and_its_first_direct_cost,
    invoice_made,
    invoice_changed,
    invoice_deleted,
    invoice_becomes_a_direct_cost_elsewhere,
    direct_cost_changed,
    direct_cost_paid,
    direct_cost_deleted,
    payment_made,
    payment_deleted,
]


def watch(world: Builder, hook: Callable[[Effect], None] | None, when: str) -> None:
    for port in (world.store, world.queue, world.vault, world.http, world.notices):
        setattr(port, when, hook)


@cache
def effects(make: Callable[[], Life]) -> int:
    life, counted = make(), 0

    def count(effect: Effect) -> None:
        nonlocal counted
        counted += effect.changes

    watch(life.world, count, "before")
    life.world.run()
    watch(life.world, None, "before")
    right(life)
    assert counted > 5
    return counted


@cache
def calls(make: Callable[[], Life]) -> tuple[list[str], list[str]]:
    """What one run asks of the books and of the site."""
    life = make()
    both = (life.world.books.faults, life.world.site.faults)
    before = [len(one.calls) for one in both]
    life.world.run()
    books, site = (one.calls[begin:] for one, begin in zip(both, before, strict=True))
    return books, site


def die_at(world: Builder, nth: int) -> None:
    seen = 0

    def hook(effect: Effect) -> None:
        nonlocal seen
        if effect.changes:
            seen += 1
            if seen == nth:
                raise Died

    watch(world, hook, "after")


def settle(world: Builder) -> None:
    """The run in which it happens, and the next one."""
    for _ in range(2):
        world.run()


def right(life: Life) -> None:
    life.check()
    for move in ("vendor", "bill", "bill_payment"):
        for head in life.world.heads(TENANT, FLOW, move):
            assert head.state in END, f"{head.key.id}: {head.state} {head.trouble} {head.hold}"
            assert head.intent is None
    life.world.careful()


@pytest.mark.parametrize("make", LIVES, ids=lambda make: make.__name__)
def test_a_crash_at_any_effect_neither_loses_nor_doubles_anything(make: Callable[[], Life]) -> None:
    """After each: that is before the next one, too."""
    for nth in some(effects(make), LIVES.index(make)):
        life = make()
        die_at(life.world, nth)
        settle(life.world)
        assert life.world.deaths == 1, f"effect {nth}"
        try:
            right(life)
        except AssertionError as wrong:
            raise AssertionError(f"died after effect {nth}: {wrong}") from wrong


@pytest.mark.parametrize("make", LIVES, ids=lambda make: make.__name__)
@pytest.mark.parametrize("kind", KINDS)
def test_each_fault_on_each_call_neither_loses_nor_doubles_anything(make: Callable[[], Life], kind: Any) -> None:
    for name, made in zip(("books", "site"), calls(make), strict=True):
        for nth, call in enumerate(made):
            if call.startswith("GET ") and kind not in OF_READS:
                continue
            life = make()
            getattr(life.world, name).faults.plan(kind, skip=nth)
            settle(life.world)
            try:
                right(life)
            except AssertionError as wrong:
                raise AssertionError(f"{kind} at call {nth} of the {name}, {call}: {wrong}") from wrong


def test_no_moment_of_a_change_has_the_money_in_two_places() -> None:
    life = invoice_becomes_a_direct_cost_elsewhere()

    def look(effect: Effect) -> None:
        there = sum((sum(life.world.costs(id_).values()) for id_ in life.world.projects.values()), Decimal(0))
        if there > Decimal("100.00"):
            pytest.fail(f"{there} stand there")

    watch(life.world, look, "after")
    settle(life.world)
    right(life)
