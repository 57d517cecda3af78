"""A crash before and after every outward effect of every kind of move: the books are right all the same.

The crash points are not listed by hand: a life without faults is lived first and its effects are counted; then the same
life is lived once per effect, dying right before it and right after it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest

from simulator.company import FLOW, Company
from simulator.memory.watch import Effect
from simulator.world import Died
from tests.faults.places import some

POLICY = {"unmatched_vendor": "create"}


@dataclass
class Life:
    """A company and what must be true of it in the end."""

    company: Company
    act: Callable[[], None]
    check: Callable[[], None]


def vendor_and_bill_created() -> Life:
    company = Company(policies=POLICY)
    vendor = company.vendor("Northwind Paper Co", in_books=False)
    uuids = [company.bill(vendor, "100.00"), company.bill(vendor, "17.55")]

    def check() -> None:
        company.assert_once(uuids)
        vendors = company.books.backstage_ledger(company.realm)["vendors"]
        assert [v["DisplayName"] for v in vendors] == ["Northwind Paper Co"]
        assert company.total_ours() == Decimal("117.55")

    return Life(company, company.cycle, check)


def bill_updated() -> Life:
    company = Company()
    vendor = company.vendor("Northwind Paper Co")
    uuid = company.bill(vendor, "100.00")
    company.cycle()
    company.assert_once([uuid])
    changed = [{"description": "more work", "account_code": "6010", "amount": "250.25"}]
    company.procurify.backstage_edit_bill(uuid, lines=changed)

    def check() -> None:
        company.assert_once([uuid])
        assert company.total_ours() == Decimal("250.25")
        assert company.ours()[0]["versions"] == 2, "written twice"

    return Life(company, company.cycle, check)


def bill_withdrawn() -> Life:
    company = Company(policies={"withdrawn_bill": "delete"})
    vendor = company.vendor("Northwind Paper Co")
    uuid, other = company.bill(vendor, "100.00"), company.bill(vendor, "7.00")
    company.cycle()
    company.assert_once([uuid, other])
    company.procurify.backstage_set_bill_status(uuid, 5)

    return Life(company, company.cycle, lambda: company.assert_once([other]))


def order_created() -> Life:
    company = Company()
    company.order(company.vendor("Northwind Paper Co"), "72.00")

    def check() -> None:
        assert [(order["TotalAmt"], order["POStatus"]) for order in company.orders()] == [(72.0, "Open")]

    return Life(company, company.cycle, check)


def order_revised() -> Life:
    company = Company()
    order = company.order(company.vendor("Northwind Paper Co"), "72.00")
    company.cycle()
    line = {"name": "more", "account_code": "6010", "amount": "80.10"}
    company.procurify.backstage_revise_purchase_order(order, lines=[line])

    def check() -> None:
        assert [(order["TotalAmt"], order["versions"]) for order in company.orders()] == [(80.1, 2)]

    return Life(company, company.cycle, check)


def order_cancelled() -> Life:
    company = Company(policies={"cancelled_purchase_order": "close"})
    order = company.order(company.vendor("Northwind Paper Co"), "72.00")
    company.cycle()
    company.procurify.backstage_cancel_purchase_order(order)

    def check() -> None:
        assert [(order["TotalAmt"], order["POStatus"]) for order in company.orders()] == [(72.0, "Closed")]

    return Life(company, company.cycle, check)


LIVES: list[Callable[[], Life]] = [
    vendor_and_bill_created,
    bill_updated,
    bill_withdrawn,
    order_created,
    order_revised,
    order_cancelled,
]


FAULTS = (
    "drop_before", "drop_after", "delay", "delay_after", "malformed", "html", "html_after", "throttle", "server_fault",
    "expire_token",
)  # fmt: skip


def _ports(company: Company) -> list[Any]:
    world = company.world
    return [world.store, world.queue, world.vault, world.http, world.notices]


def _watch(company: Company, hook: Callable[[Effect], None] | None, when: str) -> None:
    for port in _ports(company):
        setattr(port, when, hook)


def _effects(make: Callable[[], Life]) -> int:
    life = make()
    counted = 0

    def count(effect: Effect) -> None:
        nonlocal counted
        counted += effect.changes

    _watch(life.company, count, "before")
    life.act()
    _watch(life.company, None, "before")
    life.check()
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


def _settle(life: Life) -> None:
    """Live on after the crash: two more polls and all that follows."""
    life.act()
    life.company.world.until_quiet()
    life.company.cycle()


def _at_rest(life: Life) -> None:
    for move in ("vendor", "bill", "purchase_order"):
        for head in life.company.heads(move):
            assert head.state == "done", f"{head.key.id}: {head.state} {head.trouble} {head.hold}"
            assert head.intent is None
    life.company.assert_no_mistakes()


@pytest.mark.parametrize("make", LIVES, ids=lambda make: make.__name__)
def test_a_crash_at_any_effect_neither_loses_nor_doubles_anything(make: Callable[[], Life]) -> None:
    """After each: that is before the next one, too."""
    for nth in some(_effects(make), LIVES.index(make)):
        life = make()
        _die_at(life, nth)
        _settle(life)
        assert life.company.world.deaths == 1, f"effect {nth}"
        try:
            life.check()
            _at_rest(life)
        except AssertionError as wrong:
            raise AssertionError(f"died after effect {nth}: {wrong}") from wrong


@pytest.mark.parametrize("make", LIVES, ids=lambda make: make.__name__)
@pytest.mark.parametrize("kind", FAULTS)
def test_each_fault_on_each_call_neither_loses_nor_doubles_anything(make: Callable[[], Life], kind: Any) -> None:
    probe = make()
    before = {id(s): len(s.faults.calls) for s in (probe.company.procurify, probe.company.books)}
    probe.act()
    for name in ("procurify", "books"):
        system = getattr(probe.company, name)
        for nth in some(len(system.faults.calls) - before[id(system)], FAULTS.index(kind)):
            life = make()
            getattr(life.company, name).faults.plan(kind, skip=nth - 1)
            _settle(life)
            try:
                life.check()
                _at_rest(life)
            except AssertionError as wrong:
                raise AssertionError(f"{kind} at call {nth} of {name}: {wrong}") from wrong


@pytest.mark.parametrize("queue", ["poll", "writer-quickbooks_online"])
def test_a_lost_message_delays_a_record_and_never_loses_it(queue: str) -> None:
    company = Company()
    uuid = company.bill(company.vendor("Northwind Paper Co"))
    company.world.queue.lose(1, queue=queue)
    company.cycle()
    company.cycle()
    company.assert_once([uuid])


def test_a_dead_lettered_message_delays_a_record_and_never_loses_it() -> None:
    company = Company()
    uuid = company.bill(company.vendor("Northwind Paper Co"))
    world = company.world
    real = world.http.send
    failing = True

    def broken(request: Any) -> Any:
        if failing and request.method == "POST" and "/bill" in request.url:
            raise RuntimeError("a fault of our own")
        return real(request)

    world.http.send = broken  # type: ignore[method-assign]
    world.queue.max_receive_count = 2
    company.cycle()
    failing = False
    world.until_quiet()
    company.cycle()
    company.assert_once([uuid])


def test_a_thousand_repeats_of_every_message_make_one_bill() -> None:
    company = Company(policies=POLICY)
    company.world.queue.duplicates = 0.9
    vendor = company.vendor("Northwind Paper Co", in_books=False)
    uuids = [company.bill(vendor, f"{n}.10") for n in range(1, 12)]
    company.cycle()
    company.cycle()
    company.assert_once(uuids)


def test_the_newer_state_wins_when_the_source_changes_while_the_outcome_is_unknown() -> None:
    company = Company()
    vendor = company.vendor("Northwind Paper Co")
    uuid = company.bill(vendor, "100.00")
    company.books.faults.plan("drop_after", "POST /v3/company/9130001/bill")
    changed = [{"description": "corrected", "account_code": "5010", "amount": "80.00"}]
    real = company.world.http.send
    edited = False

    def edit_meanwhile(request: Any) -> Any:
        nonlocal edited
        if not edited and request.method == "POST" and "/bill?" in request.url + "?":
            edited = True
            company.procurify.backstage_edit_bill(uuid, lines=changed)
        return real(request)

    company.world.http.send = edit_meanwhile  # type: ignore[method-assign]
    company.cycle()
    company.cycle()
    company.assert_once([uuid])
    assert company.total_ours() == Decimal("80.00")
    assert company.head(uuid).state == "done"


def test_every_effect_of_a_life_is_written_down_before_it_is_done() -> None:
    company = Company(policies=POLICY)
    uuid = company.bill(company.vendor("Northwind Paper Co", in_books=False))
    intended: list[str] = []

    def note(effect: Effect) -> None:
        if effect.operation == "write" and any("TRAIL#" in sk for _, sk in effect.keys):
            intended.append("written")
        if effect.operation == "http" and effect.keys[0] == "POST" and "/v3/company/" in effect.keys[1]:
            assert intended, f"{effect} came before anything was written down"

    _watch(company, note, "before")
    company.cycle()
    assert company.head(uuid).state == "done"
    flow = company.world.open(company.tenant, FLOW)
    assert flow.setup.state == "live"
