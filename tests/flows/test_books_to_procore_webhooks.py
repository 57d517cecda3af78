"""QuickBooks Online to Procore by webhook and by poll: the same end, few reads, and within both systems' limits."""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.building import (
    CLINIC,
    COMPANY,
    COPPERLINE,
    DECK,
    FLOW,
    REALM,
    RIVAL,
    RIVAL_COMPANY,
    RIVAL_REALM,
    TENANT,
    Builder,
)

Shown = dict[str, Any]
END = ("done", "split", "not_moved")


def life(world: Builder, step: Callable[[], None]) -> None:
    """A busy day of two companies; `step` after each thing that happens."""
    electric, supply = world.vendor(COPPERLINE), world.vendor("Northshore Supply")
    world.books.backstage_add_vendor(RIVAL_REALM, "Vendor of the rival")
    bills = [
        world.bill(electric, ("100.00", "Electrical", DECK), ("20.00", "Concrete", CLINIC)),
        world.bill(electric, ("50.00", "Electrical", DECK), TxnDate="2026-02-21"),
        world.bill(supply, ("7.50", "Concrete", CLINIC)),
        world.bill(supply, ("1.00", "Electrical", CLINIC)),
    ]
    step()
    world.edit(bills[3], ("1.00", "Electrical", DECK))
    world.edit(bills[1], ("55.00", "Electrical", DECK))
    kept = world.pay(**{f"b{bills[0]}": "120.00", f"b{bills[1]}": "5.00"})
    voided = world.pay(**{f"b{bills[2]}": "7.50"})
    step()
    world.books.backstage_void_payment(REALM, voided)
    world.books.backstage_edit_payment(REALM, kept, DocNumber="10443")
    world.books.backstage_delete_bill(REALM, bills[3])
    world.books.backstage_rename(REALM, "Vendor", supply, "Northshore Supply Co")
    world.books.backstage_rename(RIVAL_REALM, "Vendor", _rivals(world), "Renamed vendor of the rival")
    step()


def _rivals(world: Builder) -> str:
    (found,) = world.books.backstage_ledger(RIVAL_REALM)["vendors"]
    return str(found["Id"])


def end_state(fault: str, *, form: str = "cloud_events", polls: bool = True) -> Shown:
    world = Builder(requisition_status="draft")
    world.add_rival()
    world.site.backstage_switch("payment_needs_approval", False)
    world.commitment(COPPERLINE, world.deck)
    world.books.backstage_switch("webhooks_fault", fault)
    world.books.backstage_switch("webhook_form", form)
    for tenant in (TENANT, RIVAL):
        world.cycle(tenant, FLOW)
    world.take_webhooks()
    life(world, world.deliver)
    for tenant in (TENANT, RIVAL) * (2 * polls):
        world.cycle(tenant, FLOW)
    world.agree()
    world.careful()
    return shown(world)


def shown(world: Builder) -> Shown:
    """What stands in Procore, and what became of the records, without the numbers that depend on the order."""
    items = {row["id"]: row["wbs_code_id"] for row in world.site.backstage_rows(COMPANY, "sov_lines")}
    names = {one["id"]: one["invoice_number"] for one in world.there("requisitions")}
    invoices = [
        (one["invoice_number"], [(items[x["line_item_id"]], x["work_completed_this_period"]) for x in one["items"]])
        for one in world.there("requisitions")
    ]
    spent = [
        (one["invoice_number"], one["payment_date"], [(x["wbs_code"]["id"], x["amount"]) for x in one["line_items"]])
        for one in world.there("direct_costs")
    ]
    issued = [(names[one["requisition_id"]], one["amount"], one["check_number"]) for one in world.there("payments")]
    rivals = world.site.backstage_ledger(RIVAL_COMPANY)
    return {
        "vendors": sorted(one["name"] for one in world.there("vendors")),
        "invoices": sorted(invoices),
        "direct costs": sorted(spent),
        "payments": sorted(issued),
        "open": [
            named for m in ("vendor", "bill", "bill_payment") for named, s in world.states(m).items() if s not in END
        ],
        "rival": sorted(one["name"] for one in rivals["vendors"]) + rivals["direct_costs"] + rivals["requisitions"],
    }


@functools.cache
def by_poll_alone() -> Shown:
    return end_state("drop")


def test_with_all_webhooks_dropped_the_poll_alone_brings_everything_there() -> None:
    found = by_poll_alone()
    assert [number for number, _ in found["invoices"]] == ["INV-001", "INV-002"]
    assert [(number, day) for number, day, _ in found["direct costs"]] == [("INV-001", "2026-02-25"), ("INV-003", None)]
    assert [(number, amount) for number, amount, _ in found["payments"]] == [("INV-001", "100.0"), ("INV-002", "5.0")]
    assert found["rival"] == ["Renamed vendor of the rival"]


@pytest.mark.parametrize("fault", ["", "twice", "reverse"])
@pytest.mark.parametrize("form", ["cloud_events", "old"])
def test_delivered_twice_or_backwards_in_either_form_and_mixed_with_others_the_end_is_the_same(
    fault: str, form: str
) -> None:
    assert end_state(fault, form=form) == by_poll_alone()


@pytest.mark.parametrize("fault", ["", "twice", "reverse"])
def test_where_none_is_dropped_the_webhooks_alone_bring_it_there(fault: str) -> None:
    assert end_state(fault, polls=False) == by_poll_alone()


# ---------------------------------------------------------------------------------------------- what it costs


def reads(world: Builder) -> int:
    return int(world.metrics.total("MeteredReads", system="quickbooks_online"))


def a_day(world: Builder, *, changes: int, polls: int, deliver: bool, hours: int = 24) -> int:
    """So many bills over a day, some of which are deleted again; what was read of the books for it."""
    vendor = world.vendor(COPPERLINE)
    world.run()
    if deliver:
        world.take_webhooks()
    before, made = reads(world), list[str]()
    for poll in range(polls):
        for _ in range(changes // polls):
            if len(made) % 25 == 24:
                world.books.backstage_delete_bill(REALM, made[-1])
            made.append(world.bill(vendor, ("10.00", "Electrical", DECK)))
            if deliver:
                world.deliver()
        world.clock.advance(timedelta(hours=hours).total_seconds() / polls - 900)
        world.run(full=False)
        assert poll < polls
    assert len(made) == changes
    world.agree()
    world.careful()
    return reads(world) - before


def test_a_day_polled_every_quarter_of_an_hour_costs_no_more_reads_than_there_were_changes() -> None:
    world = Builder()
    assert a_day(world, changes=96, polls=96, deliver=False) <= 96 * 1.03 + 3  # each of the deletions is confirmed


def test_a_day_of_webhooks_with_a_poll_every_two_hours_costs_the_changes_and_little_more() -> None:
    world = Builder()
    changes = 240  # half a day
    assert a_day(world, changes=changes, polls=6, hours=12, deliver=True) <= (changes + 9) * 1.03


# ---------------------------------------------------------------------------------------------- limits


def test_a_busy_first_sync_meets_no_limit_of_either_system(caplog: pytest.LogCaptureFixture) -> None:
    world = Builder()
    world.commitment(COPPERLINE, world.deck)
    vendors = [world.vendor(COPPERLINE), *(world.vendor(f"Supplier number {n}") for n in range(40))]
    for n, vendor in enumerate(vendors):
        world.bill(vendor, (f"{n + 1}.00", "Electrical", DECK))
    world.run()
    assert world.metrics.total("Throttled") == 0
    calls = world.site.backstage_calls()
    assert not [call for call in calls if call.startswith("POST /rest/v1.0/vendors")]
    assert len([call for call in calls if "/vendors/sync" in call]) < 15, "vendors go together"
    assert "a batch failed" not in caplog.text
    world.agree()
    world.careful()


def test_a_storm_of_refusals_loses_and_doubles_nothing() -> None:
    world = Builder(requisition_status="approved")
    world.commitment(COPPERLINE, world.deck)
    vendor = world.vendor(COPPERLINE)
    world.run()
    world.site.faults.plan("throttle", times=10)
    world.books.faults.plan("throttle", times=5)
    bills = [world.bill(vendor, ("10.00", "Electrical", DECK), ("5.00", "Concrete", CLINIC)) for _ in range(5)]
    world.pay(**{f"b{bill}": "15.00" for bill in bills})
    for _ in range(12):
        world.run()
    assert not [fault for planned in (world.site, world.books) for fault in planned.faults.planned if fault.times]
    assert len(world.there("payments")) == 5
    assert set(world.states().values()) == {"split", "done"}
    world.agree()
    world.careful()


def test_a_limit_lower_than_the_one_we_count_on_slows_us_down_and_stops_nothing() -> None:
    world = Builder(requisition_status="approved")
    world.commitment(COPPERLINE, world.deck)
    world.site.backstage_switch("spike_limit", 12)
    world.site.backstage_switch("hourly_limit", 900)
    vendor = world.vendor(COPPERLINE)
    for _ in range(8):
        world.bill(vendor, ("10.00", "Electrical", DECK), ("5.00", "Concrete", CLINIC))
    for _ in range(6):
        world.run()
    assert set(world.states().values()) == {"split", "done"}
