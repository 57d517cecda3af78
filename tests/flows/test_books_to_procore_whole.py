"""QuickBooks Online to Procore, looked at as a whole: rehearsed, started, repeated, and beside others."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from simulator.company import CLIENT
from simulator.systems.procurify import ProcurifySimulator
from tests.building import (
    CLINIC,
    CODES,
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
from tests.flows.test_books_to_procore import costs, kinds

PROCURIFY = "procurify_to_quickbooks_online"


def busy(**options: Any) -> Builder:
    """Two vendors, one with a commitment; bills of every outcome, some of them paid."""
    world = Builder(requisition_status="approved", **options)
    world.commitment(COPPERLINE, world.deck)
    electric, supply = world.vendor(COPPERLINE), world.vendor("Northshore Supply")
    first = world.bill(electric, ("100.10", "Electrical", DECK), ("33.33", "Concrete", CLINIC))
    second = world.bill(supply, ("20.00", "Concrete", DECK), TxnDate="2026-02-21")
    world.bill(supply, ("7.00", "Rent", DECK))  # no rule
    world.bill(supply, ("5.00", "Electrical", ""))  # no job
    world.bill(supply, ("1.00", "Electrical", DECK), TxnDate="2025-12-31")  # before the cut-over
    world.pay(**{f"b{first}": "133.43"})
    world.pay(**{f"b{second}": "20.00"})
    return world


def report(world: Builder) -> dict[str, Any]:
    found: dict[str, Any] = world.office.call("GET", f"/flows/{FLOW}")["report"]
    return found


def written(world: Builder) -> list[dict[str, Any]]:
    return [entry for entry in world.site.backstage_audit(COMPANY) if entry["who"] == "app"]


def test_what_is_dated_before_the_cut_over_is_not_moved_also_when_it_is_edited_later() -> None:
    world = Builder()
    vendor = world.vendor(COPPERLINE)
    old = world.bill(vendor, ("100.00", "Electrical", DECK), TxnDate="2025-12-31")
    world.run()
    world.edit(old, ("80.00", "Electrical", DECK))
    world.run()
    assert world.states() == {old: "not_moved"}
    assert kinds(world) == (0, 0)
    assert world.record(vendor, "vendor").state == "done"
    world.careful()


def test_the_rehearsal_writes_nothing_and_says_what_the_start_then_does() -> None:
    world = busy(state="rehearsing")
    world.run()
    world.run()
    assert written(world) == []
    rehearsed = report(world)
    world.office.call("POST", f"/flows/{FLOW}/start")
    world.until_quiet()
    world.run()
    assert report(world) == rehearsed
    assert kinds(world) == (1, 2)
    assert len(world.there("payments")) == 1
    assert world.costs(world.deck) == costs(electric="100.10", concrete="20.00")
    assert world.costs(world.clinic) == costs(concrete="33.33")
    world.careful()


def test_two_more_full_cycles_change_nothing() -> None:
    world = busy()
    world.run()
    world.run()
    before, states = len(written(world)), {move: world.states(move) for move in ("vendor", "bill", "bill_payment")}
    world.run(full=True)
    world.run(full=True)
    assert len(written(world)) == before
    assert {move: world.states(move) for move in states} == states
    world.careful()


def test_source_total_is_target_total_and_held_and_not_moved_to_the_cent() -> None:
    world = busy()
    world.run()
    world.run()
    heads = [head for head in world.heads(TENANT, FLOW, "bill") if not head.parts]
    sums: dict[str, Decimal] = {}
    for head in heads:
        assert head.money is not None
        sums[head.state] = sums.get(head.state, Decimal(0)) + head.money.amount
    there = sum((sum(world.costs(id_).values()) for id_ in world.projects.values()), Decimal(0))
    owed = sum(Decimal(str(bill["TotalAmt"])) for bill in world.books.backstage_ledger(REALM)["bills"])
    assert sums["done"] == there == Decimal("153.43")
    assert sum(sums.values()) == owed
    assert sums["held"] == Decimal("12.00") and sums["not_moved"] == Decimal("1.00")
    world.careful()


def test_a_bill_that_our_procurify_flow_put_into_the_books_reaches_procore_once() -> None:
    world = Builder()
    procurify = ProcurifySimulator(clock=world.clock.now, domain=TENANT)
    world.http.routes[f"https://{TENANT}.procurify.com"] = procurify
    world.connect(TENANT, "procurify", "procurify", {"domain": TENANT}, CLIENT)
    world.add_flow(
        TENANT,
        PROCURIFY,
        source="procurify",
        target="books",
        cut_over=date(2026, 1, 1),
        policies={"unmatched_vendor": "create"},
        mappings={"account": {"5010": "Electrical"}},
    )
    procurify.backstage_add_account_code("5010", "Electrical")
    vendor = procurify.backstage_add_vendor(name=COPPERLINE)
    line = {"description": "work", "account_code": "5010", "amount": "100.00"}
    procurify.backstage_add_bill(
        vendor_id=vendor["id"], lines=[line], invoice_number="INV-77", invoice_date="2026-02-20"
    )
    world.cycle(TENANT, PROCURIFY)
    (bill,) = world.books.backstage_ledger(REALM)["bills"]
    assert "[mlc:procurify:bill:" in bill["PrivateNote"]
    world.run()
    assert world.hold(bill["Id"])["reason"] == "no_project"
    world.edit(bill["Id"], ("100.00", "Electrical", DECK))  # the bookkeeper names the job
    for _ in range(2):
        world.cycle(TENANT, PROCURIFY, full=True)
        world.run(full=True)
    assert [one["invoice_number"] for one in world.there("direct_costs")] == ["INV-77"]
    assert len(procurify.backstage_snapshot("bills")) == 1
    assert len(world.books.backstage_ledger(REALM)["bills"]) == 1
    world.agree()
    world.careful()


def test_another_customer_in_the_same_world_never_sees_any_of_it() -> None:
    world = Builder()
    world.add_rival()
    named = world.books.backstage_add_vendor(RIVAL_REALM, COPPERLINE)["Id"]
    world.bill(world.vendor(COPPERLINE), ("100.00", "Electrical", DECK))
    for full in (False, True):
        world.run(full=full)
        world.cycle(RIVAL, FLOW, full=full)
    assert [head.key.named for head in world.heads(RIVAL, FLOW, "vendor")] == [named]
    assert world.heads(RIVAL, FLOW, "bill") == []
    theirs = world.site.backstage_ledger(RIVAL_COMPANY)
    assert [one["name"] for one in theirs["vendors"]] == [COPPERLINE]
    assert theirs["direct_costs"] == []
    assert len(world.there("vendors")) == 1
    world.agree()
    world.careful()


def test_each_line_stands_on_its_cost_code_to_the_cent_over_many_bills() -> None:
    world = Builder()
    world.books.backstage_switch("limits", False)
    world.site.backstage_switch("limits", False)
    world.commitment(COPPERLINE, world.deck, *CODES.values())
    vendors = [world.vendor(COPPERLINE), world.vendor("Northshore Supply")]
    for n in range(60):
        lines = [
            (
                f"{n + 1}.{(7 * n + 3 * k) % 100:02}",
                ("Electrical", "Concrete")[(n + k) % 2],
                (DECK, CLINIC)[(n // 2 + k) % 2],
            )
            for k in range(1 + n % 4)
        ]
        world.bill(vendors[n % 2], *lines, TxnDate=f"2026-02-{1 + n % 28:02}")
    world.run()
    assert set(world.states().values()) == {"split", "done"}
    world.agree()
    world.careful()
