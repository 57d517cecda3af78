"""Bills, vendors and payments in QuickBooks Desktop are kept true in Procore."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest

from chalicelib.systems.quickbooks_desktop import login
from simulator.desktop import FLOW as INTO_THE_FILE
from tests.building_desktop import COMPANY, FileBuilder

DECK, CLINIC = "Mill Street Parking Deck", "Harbor Clinic"


@pytest.fixture
def builder(monkeypatch: pytest.MonkeyPatch) -> Iterator[FileBuilder]:
    monkeypatch.setattr(login, "COST", 16)
    made = FileBuilder()
    yield made
    made.careful()


def test_a_vendor_comes_with_its_contact_details_to_the_company_and_to_each_project(builder: FileBuilder) -> None:
    volt = builder.payee("Volt Electric", Phone="503-555-0100", Email="ar@volt.example", AccountNumber="V-77")
    builder.bill(volt, ("10.00", "Electrical", DECK), ("20.00", "Concrete", CLINIC))
    builder.settle()
    (there,) = [one for one in builder.there("vendors") if one["name"] == "Volt Electric"]
    assert (there["business_phone"], there["email_address"]) == ("503-555-0100", "ar@volt.example")
    listed = [builder.site.backstage_rows(COMPANY, "project_vendors")]
    assert len([row for rows in listed for row in rows]) == 2
    builder.pc.backstage_edit_vendor(volt, Phone="503-555-0199")
    builder.run(2)
    (there,) = [one for one in builder.there("vendors") if one["name"] == "Volt Electric"]
    assert there["business_phone"] == "503-555-0199"


def test_a_bill_is_an_invoice_of_its_commitment_or_else_a_direct_cost_and_never_both(builder: FileBuilder) -> None:
    volt, conduit = builder.payee("Volt Electric"), builder.payee("Conduit Inc")
    builder.commitment("Conduit Inc", builder.clinic)
    builder.bill(volt, ("1200.00", "Electrical", DECK))
    builder.bill(conduit, ("700.00", "Electrical", CLINIC), ("30.25", "Concrete", DECK))
    builder.settle()
    assert [one["invoice_number"] for one in builder.there("requisitions")] == ["INV-002"]
    assert sorted(one["invoice_number"] for one in builder.there("direct_costs")) == ["INV-001", "INV-002"]
    assert builder.costs() == {"INV-001": Decimal("1200.00"), "INV-002": Decimal("730.25")}
    written = len(builder.site.backstage_audit(COMPANY))
    builder.run(2)
    assert len(builder.site.backstage_audit(COMPANY)) == written, "a second run changes nothing"


@pytest.mark.parametrize(
    ("fact", "value"),
    [("vendor", "Volt Electric"), ("account", "Rent"), ("class", "Site work"), ("customer", DECK)],
)
def test_the_cost_code_is_found_by_vendor_account_class_or_job(builder: FileBuilder, fact: str, value: str) -> None:
    kind = builder.pc.backstage_add_class("Site work")["id"]
    builder.rules((fact, value, "03-300", "M"))
    builder.charts["Rent"] = builder.pc.backstage_add_account("Rent", "Expense", "6400")["id"]
    line = {**builder.line("80.00", "Rent", DECK), "ClassRef": kind}
    builder.pc.backstage_add_bill(builder.payee("Volt Electric"), [line], RefNumber="A-1", TxnDate="2026-02-20")
    builder.settle()
    assert builder.on_codes() == {"03-300.M": Decimal("80.00")}, builder.why()


def test_a_changed_bill_is_changed_there(builder: FileBuilder) -> None:
    one = builder.bill(builder.payee("Volt Electric"), ("1200.00", "Electrical", DECK))
    builder.settle()
    builder.edit(one, ("900.10", "Electrical", DECK), ("50.00", "Concrete", DECK), RefNumber="INV-1b")
    builder.run(2)
    assert builder.costs() == {"INV-1b": Decimal("950.10")}
    assert builder.on_codes() == {"26-100.C": Decimal("900.10"), "03-300.M": Decimal("50.00")}


@pytest.mark.parametrize("touches", [True, False])
def test_a_payment_becomes_a_contract_payment_or_the_day_on_the_direct_cost(
    builder: FileBuilder, touches: bool
) -> None:
    """Whether a payment moves the bill in QuickBooks is not certain: it is told either way."""
    builder.pc.backstage_switch("payment_touches_bill", touches)
    builder.commitment("Conduit Inc", builder.clinic)
    spent = builder.bill(builder.payee("Volt Electric"), ("1200.00", "Electrical", DECK))
    claimed = builder.bill(builder.payee("Conduit Inc"), ("700.00", "Electrical", CLINIC))
    builder.settle()
    builder.approve()
    first, second = builder.pay(spent), builder.pay(claimed, "300.00")
    builder.settle()
    assert [one["payment_date"] for one in builder.there("direct_costs")] == ["2026-02-25"]
    assert [Decimal(one["amount"]) for one in builder.there("payments")] == [Decimal("300.00")]
    builder.pc.backstage_delete(first)
    builder.pc.backstage_void(second)
    builder.settle()
    assert [one["payment_date"] for one in builder.there("direct_costs")] == [None]
    assert builder.there("payments") == []


def test_a_bill_that_is_paid_in_part_has_no_day_of_payment_yet(builder: FileBuilder) -> None:
    spent = builder.bill(builder.payee("Volt Electric"), ("1200.00", "Electrical", DECK))
    builder.settle()
    builder.pay(spent, "200.00")
    builder.settle()
    assert [one["payment_date"] for one in builder.there("direct_costs")] == [None]
    builder.pay(spent, TxnDate="2026-02-27", card=True)
    builder.settle()
    assert [one["payment_date"] for one in builder.there("direct_costs")] == ["2026-02-27"]


def test_two_vendors_that_were_merged_are_one_in_procore_too_within_a_day(builder: FileBuilder) -> None:
    """QuickBooks may not touch the bills that change hands: those that we know are read again."""
    kept, gone = builder.payee("Volt Electric"), builder.payee("Volt Electrical")
    builder.bill(kept, ("1200.00", "Electrical", DECK))
    builder.bill(gone, ("10.00", "Concrete", DECK))
    builder.settle()
    builder.pc.backstage_merge(kept, gone)
    builder.run()
    builder.world.clock.advance(24 * 3600)
    builder.settle()
    assert {one["vendor"]["name"] for one in builder.there("direct_costs")} == {"Volt Electric"}
    assert builder.states("vendor")[gone] == "held", "a person decides about the company that nobody uses any more"


def test_a_bill_that_our_own_flow_put_into_the_books_reaches_procore_once(builder: FileBuilder) -> None:
    builder.policy(no_project="hold")
    builder.order(builder.vendor("Northwind Paper Co"), "250.00")
    builder.world.cycle("acme", INTO_THE_FILE)
    for _ in range(2):
        builder.call()
        builder.world.until_quiet()
    (ours,) = builder.ours()
    builder.settle()
    assert builder.reasons() == {"no_project"}
    builder.edit(ours["id"], ("250.00", "Concrete", DECK))
    for _ in range(2):
        builder.settle()
        builder.world.cycle("acme", INTO_THE_FILE)
        builder.call()
    assert builder.costs() == {"PO-1042": Decimal("250.00")}
    assert len(builder.there("direct_costs")) == 1
    assert len(builder.ours()) == 1, "and never goes back"
