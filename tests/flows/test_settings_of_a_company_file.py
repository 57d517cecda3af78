"""What a company file's own settings, and the customer's policies, make of a bill for QuickBooks Desktop."""

from __future__ import annotations

from typing import Any

import pytest

from tests.flows.company_file import Company


def hold(company: Company, source_id: str, move: str = "purchase_order") -> dict[str, Any]:
    head = company.head(source_id, move)
    assert head.state == "held", head
    return dict(head.hold or {})


def goods(department: str = "Operations", branch: str = "Head Office") -> dict[str, Any]:
    return {"name": "Cement", "account_code": "5010", "amount": "72.00", "department": department, "location": branch}


# ---------------------------------------------------------------------------------------------- vendors


def test_a_vendor_of_that_name_is_linked_and_an_unknown_one_is_held_or_made_as_the_customer_chose() -> None:
    for policy, names in (("hold", ["Known Co"]), ("create", ["Known Co", "New Co"])):
        company = Company(unmatched_vendor=policy)
        company.vendor("Known Co")
        new = company.vendor("New Co", there=False)
        company.cycle()
        company.cycle()
        assert sorted(vendor.name for vendor in company.vendors()) == names
        assert company.reason(str(new["id"]), "vendor") == ("vendor_unmatched" if policy == "hold" else "None")
        company.assert_no_mistakes()


def test_a_name_that_quickbooks_cannot_take_is_fitted_and_told_and_changes_follow() -> None:
    company = Company(unmatched_vendor="create")
    made = company.vendor("Łódź: Sons & Daughters Building Supplies of the North, Ltd.", there=False)
    company.cycle()
    (vendor,) = company.vendors()
    assert len(vendor.name) == 41
    assert vendor.name.startswith("Lódz- Sons & Daughters Building Supp~")
    company.procurify.backstage_edit_vendor(made["id"], phoneOne="503 555-0100")
    company.cycle()
    assert [vendor.phone for vendor in company.vendors()] == ["503 555-0100"]
    company.assert_no_mistakes()


def test_a_changed_address_is_changed_there_and_what_people_added_to_it_stays() -> None:
    company = Company(unmatched_vendor="create")
    address = {"addressLineOne": "1 Mill Rd", "addressLineTwo": "Gate 2", "city": "Salem", "country": "USA"}
    made = company.procurify.backstage_add_vendor(name="New Co", **address)
    company.cycle()
    (vendor,) = company.vendors()
    there = {"Addr1": "1 Mill Rd", "Addr2": "Gate 2", "Addr3": "Attn: Jo", "City": "Salem", "Country": "USA"}
    company.sim.backstage_edit_vendor(vendor.list_id, VendorAddress=there)
    for changes, second, city in (
        ({"addressLineTwo": "Gate 3", "city": "Portland"}, "Gate 3", "Portland"),
        ({"city": ""}, "Gate 3", ""),
    ):
        company.procurify.backstage_edit_vendor(made["id"], **changes)
        company.cycle()
        (vendor,) = company.vendors()
        assert vendor.address is not None
        assert vendor.address.lines == ("1 Mill Rd", second, "Attn: Jo")
        assert (vendor.address.city, vendor.address.country) == (city, "USA")
    company.assert_no_mistakes()


def test_a_bill_waits_for_its_vendor_and_the_catch_all_vendor_goes_by_the_name_that_was_typed() -> None:
    company = Company()
    order = company.order(company.vendor("Slow Co", there=False))
    company.cycle()
    assert hold(company, order)["reason"] == "waits_for_vendor"
    other = company.procurify.backstage_add_vendor(name="OTHER", type=1)
    company.order(other, number="7", vendor_name="Typed Co")
    company.sim.backstage_add_vendor("Slow Co")
    company.sim.backstage_add_vendor("Typed Co")
    company.world.clock.advance(24 * 3600)
    company.cycle()
    assert sorted(bill.vendor.full_name for bill in company.bills()) == ["Slow Co", "Typed Co"]


# ---------------------------------------------------------------------------------------------- numbers


def test_a_long_number_is_shortened_the_same_way_each_time_and_the_memo_has_it_whole() -> None:
    company = Company()
    vendor = company.vendor()
    for last in "12":
        company.order(vendor, number=f"2026-SITE-NORTH-000000{last}")
    company.cycle()
    first, second = sorted(company.bills(), key=lambda bill: bill.memo)
    assert len(first.ref_number) == len(second.ref_number) == 20
    assert first.ref_number != second.ref_number
    assert "No. PO-2026-SITE-NORTH-0000001" in first.memo
    company.cycle()
    assert len(company.bills()) == 2


# ---------------------------------------------------------------------------------------------- cost centres


def test_the_department_becomes_the_class_and_the_location_the_job_and_nothing_is_billable() -> None:
    company = Company(
        class_from="department", customer_from="location",
        mappings={"customer": {"Head Office": "Bridge:Phase 1"}},
    )  # fmt: skip
    bridge = company.sim.backstage_add_customer("Bridge")["id"]
    company.sim.backstage_add_customer("Phase 1", parent=bridge)
    company.sim.backstage_add_class("Operations")
    company.order(company.vendor(), freight="5.00")
    company.cycle()
    (bill,) = company.bills()
    first, freight = bill.expense_lines
    assert first.class_ is not None
    assert first.customer is not None
    assert (first.class_.full_name, first.customer.full_name, first.billable) == (
        "Operations",
        "Bridge:Phase 1",
        "NotBillable",
    )
    assert (freight.class_, freight.customer) == (None, None)
    company.cycle()
    assert len(company.bills()) == 1
    company.assert_no_mistakes()


def test_a_company_that_tracks_no_classes_is_sent_none() -> None:
    company = Company(class_from="department")
    company.sim.backstage_set_preference("IsUsingClassTracking", False)
    company.order(company.vendor())
    company.cycle()
    (bill,) = company.bills()
    assert bill.expense_lines[0].class_ is None
    company.assert_no_mistakes()


def test_a_class_that_is_missing_is_asked_for_by_name() -> None:
    company = Company(class_from="department")
    order = company.order(company.vendor())
    company.cycle()
    said = hold(company, order)
    assert (said["reason"], said["cause"]) == ("mapping_missing", "class Operations")
    company.sim.backstage_add_class("Operations")
    company.cycle()
    assert len(company.bills()) == 1


# ---------------------------------------------------------------------------------------------- closed books


@pytest.mark.parametrize("closed", ["ClosingDate", "DividingDate"])
def test_a_bill_in_closed_books_or_before_the_accountants_dividing_date_is_held_or_posted_on_the_next_day(
    closed: str,
) -> None:
    company = Company()
    company.sim.backstage_set_preference(closed, "2026-02-28")
    order = company.order(company.vendor(), number="1042")
    company.cycle()
    said = hold(company, order)
    assert (said["reason"], company.bills()) == ("closed_period", [])
    assert "2026-02-28" in said["message"]
    assert ("accountant" in said["message"]) is (closed == "DividingDate")
    company.choose(closed_period="first_open_day")
    company.cycle()
    (bill,) = company.bills()
    assert bill.txn_date.isoformat() == "2026-03-01"
    assert "dated 2026-02-20" in bill.memo
    company.assert_no_mistakes()


# ---------------------------------------------------------------------------------------------- currencies


def test_a_bill_in_another_currency_than_the_books_is_held_even_where_they_do_not_name_theirs() -> None:
    company = Company()
    company.procurify.backstage_add_currency("CAD", "0.74")
    order = company.order(company.vendor(), number="1042", currency="CAD")
    company.cycle()
    said = hold(company, order)
    assert (said["reason"], company.bills()) == ("currency_mismatch", [])
    assert "kept in USD only" in said["message"]


def test_with_several_currencies_the_vendor_and_the_payables_must_be_in_that_of_the_bill() -> None:
    company = Company()
    company.sim.backstage_set_preference("IsMultiCurrencyOn", True)
    canadian = company.sim.backstage_add_currency("Canadian Dollar")["id"]
    company.sim.backstage_add_account("Payables CAD", "AccountsPayable", currency=canadian)
    company.procurify.backstage_add_currency("CAD", "0.74")
    home = company.vendor("Home Co")
    north = company.vendor("North Co", there=False)
    company.sim.backstage_add_vendor("North Co", CurrencyRef=canadian)
    wrong = company.order(home, number="1", currency="CAD")
    right = company.order(north, number="2", currency="CAD")
    company.order(home, number="3")
    company.cycle()
    assert hold(company, wrong)["reason"] == "currency_mismatch"
    assert company.head(right).state == "done", company.head(right).hold
    payables = {bill.ref_number: bill.ap_account and bill.ap_account.full_name for bill in company.bills()}
    assert payables == {"PO-2": "Payables CAD", "PO-3": "Accounts Payable"}
    company.choose(ap_account="Accounts Payable")
    again = company.order(north, number="4", currency="CAD")
    company.cycle()
    assert hold(company, again)["reason"] == "account_type"
    company.assert_no_mistakes()


def test_a_currency_that_goes_by_a_name_of_its_own_there_can_be_mapped() -> None:
    company = Company(mappings={"currency": {"CAD": "Loonie"}})
    company.sim.backstage_set_preference("IsMultiCurrencyOn", True)
    loonie = company.sim.backstage_add_currency("Loonie")["id"]
    company.sim.backstage_add_account("Payables CAD", "AccountsPayable", currency=loonie)
    company.procurify.backstage_add_currency("CAD", "0.74")
    north = company.vendor("North Co", there=False)
    company.sim.backstage_add_vendor("North Co", CurrencyRef=loonie)
    company.order(north, number="2", currency="CAD")
    company.cycle()
    assert [bill.ref_number for bill in company.bills()] == ["PO-2"]


# ---------------------------------------------------------------------------------------------- accounts


def test_what_has_no_account_is_asked_for_once_with_the_policy_that_names_it() -> None:
    company = Company(freight_account="")
    order = company.order(company.vendor(), freight="5.00")
    company.cycle()
    said = hold(company, order)
    assert (said["reason"], said["cause"]) == ("setting_missing", "freight_account")
    company.choose(freight_account="Freight")
    company.cycle()
    assert len(company.bills()) == 1


def test_no_line_is_put_on_payables_or_receivables() -> None:
    company = Company(mappings={"account": {"5010": "Accounts Receivable"}})
    order = company.order(company.vendor())
    company.cycle()
    assert hold(company, order)["reason"] == "account_type"


def test_an_order_whose_discount_is_more_than_its_goods_is_no_bill() -> None:
    company = Company()
    order = company.order(company.vendor(), discount="80.00")
    company.cycle()
    assert hold(company, order)["reason"] == "negative_amount"
