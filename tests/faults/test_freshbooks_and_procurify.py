"""FreshBooks and Procurify: a crash or a fault at any moment of any kind of write, either way; both are right after.

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
from tests.faults.places import EVERY, some
from tests.studio import ACCOUNT, FLOW, PAPER, TENANT, Studio

KINDS = ["drop_before", "drop_after", "malformed", "throttle", "expire_token"]
OF_READS = ["malformed"]  # of a read the others are the same
END = ("done", "split", "not_moved")
REQUESTS = {"unmatched_bill": "requisition", "requisition_department": "Head Office / Operations"}
DRAFTS = {"po_mode": "holding_category", "holding_category": "Studio Advertising"}
JOURNAL = {"po_mode": "journal", "journal_debit": "Operating Expenses", "journal_credit": "Accrued"}


@dataclass
class Life:
    """What is there before, what is then done in one run, and what must be true in the end."""

    world: Studio
    check: Callable[[], None]
    told: str = ""  # why a person may have to look at it instead


def running(**policies: str) -> Studio:
    """Connected, and read through once: what happens then is the first of its kind."""
    world = Studio(policies=policies)
    world.books.backstage_add_ledger_account(ACCOUNT, "Accrued", "Current Liability")
    world.run()
    return world


def vendor_made_and_bill_linked() -> Life:
    world = running()
    world.vendor("Second Paper")
    world.bill(world.vendor())
    world.entered(world.supplier())
    return Life(world, lambda: _equal(world.suppliers(), [PAPER, "Second Paper"]))


def bill_marked_as_paid() -> Life:
    world = Studio()
    bill, entered = world.bill(world.vendor()), world.entered(world.supplier())
    world.run()
    world.pay(bill)
    return Life(world, lambda: _equal(world.status(entered), 4))


def bill_mailed() -> Life:
    world = running(unmatched_bill="inbox")
    world.supplier()
    world.bill(world.vendor())

    def check() -> None:
        """A mail that may have been sent is never sent again; where nobody can know, a person is asked."""
        (head,) = world.heads(TENANT, FLOW, "bill")
        assert len(world.mail.sent) == 1 or (head.state == "held" and not world.mail.sent)

    return Life(world, check, told="outcome_unknown")


def bill_requested() -> Life:
    world = running(**REQUESTS)
    world.order(world.supplier(), date="2025-12-01")
    world.bill(world.vendor())
    return Life(world, lambda: _equal(len(world.buying.backstage_requisitions()), 1))


def expenses_made() -> Life:
    world = running(**DRAFTS)
    world.order(world.supplier(), ("100.00", "6010"), ("50.00", "6200"), freight="0.01")
    return Life(world, lambda: _spent(world, "100.01", "50.00"))


def approved(world: Studio) -> str:
    order = world.order(world.supplier(), ("100.00", "6010"), ("50.00", "6200"))
    world.run()
    return order


def expense_changed() -> Life:
    world = running(**DRAFTS)
    order = approved(world)
    lines = [
        {"name": "work", "account_code": code, "amount": amount}
        for code, amount in (("6010", "90.00"), ("6200", "51.00"))
    ]
    world.buying.backstage_revise_purchase_order(int(order), lines=lines)
    return Life(world, lambda: _spent(world, "51.00", "90.00"))


def expenses_deleted() -> Life:
    world = running(**DRAFTS, cancelled_purchase_order="delete")
    world.buying.backstage_cancel_purchase_order(int(approved(world)))
    return Life(world, lambda: _spent(world))


def journal_entries_made() -> Life:
    world = running(**JOURNAL)
    world.order(world.supplier())
    return Life(
        world,
        lambda: _equal(
            [one["day"] for one in world.books.backstage_journals(ACCOUNT)],
            ["2026-02-28", "2026-03-01"],
            any_order=True,
        ),
    )


def _equal(found: Any, wanted: Any, *, any_order: bool = False) -> None:
    assert (sorted(found) if any_order else found) == wanted


def _spent(world: Studio, *amounts: str) -> None:
    assert sorted(Decimal(row["amount"]["amount"]) for row in world.expenses()) == sorted(map(Decimal, amounts))


LIVES: list[Callable[[], Life]] = [
    bill_mailed,
    bill_requested,
    vendor_made_and_bill_linked,
    bill_marked_as_paid,
    expenses_made,
    expense_changed,
    expenses_deleted,
    journal_entries_made,
]


def watch(world: Studio, hook: Callable[[Effect], None] | None, when: str) -> None:
    for port in (world.store, world.queue, world.vault, world.http, world.mail, world.notices):
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
def calls(make: Callable[[], Life]) -> dict[str, list[str]]:
    """What one run asks of the books and of Procurify."""
    life = make()
    both = {"books": life.world.books.faults, "buying": life.world.buying.faults}
    before = {name: len(one.calls) for name, one in both.items()}
    life.world.run()
    return {name: one.calls[before[name] :] for name, one in both.items()}


def die_at(world: Studio, nth: int) -> None:
    seen = 0

    def hook(effect: Effect) -> None:
        nonlocal seen
        if effect.changes:
            seen += 1
            if seen == nth:
                raise Died

    watch(world, hook, "after")


def settle(world: Studio) -> None:
    """The run in which it happens, and the next one."""
    for _ in range(2):
        world.run()


def right(life: Life) -> None:
    life.check()
    for move in ("vendor", "bill", "bill_payment", "purchase_order"):
        for head in life.world.heads(TENANT, FLOW, move):
            told = bool(life.told) and head.state == "held" and (head.hold or {})["reason"] == life.told
            assert head.state in END or told, f"{head.key.id}: {head.state} {head.trouble} {head.hold}"
            assert head.intent is None or told
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
    for name, made in calls(make).items():
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


def die_after_renewal(world: Studio, *, steps: int) -> None:
    """As soon as a new token was made there, or so many effects later."""
    left = -1

    def hook(effect: Effect) -> None:
        nonlocal left
        if left < 0 and effect.operation == "http" and "/oauth/token" in str(effect.keys):
            left = steps + 1
        left -= left > 0
        if left == 0:
            left = -1
            watch(world, None, "after")
            raise Died

    watch(world, hook, "after")


@pytest.mark.parametrize("steps", [0, 1, 2] if EVERY == 1 else [0, 2])
def test_dying_between_a_new_token_and_its_saving_at_any_call_leaves_access_or_names_who_must_reconnect(
    steps: int,
) -> None:
    """The token of FreshBooks ends at each call of a run in turn; whatever dies, all is there in the end, once."""
    number, told = len(calls(expenses_made)["books"]), 0
    places = range(1, number + 1) if EVERY == 1 else [number if steps else 1]
    for nth in places:
        life = expenses_made()
        world = life.world
        grant = world.books.backstage_grant_of()
        world.books.faults.plan("expire_token", skip=nth - 1)
        die_after_renewal(world, steps=steps)
        settle(world)
        watch(world, None, "after")
        assert world.deaths == 1, f"call {nth}"
        health = world.office.call("GET", "/connections")["items"][0]["health"]
        if health["state"] == "locked_out":
            told += 1
            assert "mlc connect books" in health["fix"], health
            world.consent_again()
            settle(world)
        renewed = world.books.backstage_grant_of()
        assert renewed["refreshes"] - grant["refreshes"] == 1, f"call {nth}: never two renewals for one token"
        try:
            right(life)
        except AssertionError as wrong:
            raise AssertionError(f"died {steps} effects after the renewal of call {nth}: {wrong}") from wrong
    assert told == (len(places) if steps < 2 else 0)  # two effects later it is saved
