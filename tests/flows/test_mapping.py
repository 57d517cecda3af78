"""What a customer maps and chooses: classes, locations, terms, taxes, the catch-all vendor, closed periods."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.engine import replay
from simulator.company import FLOW, Company

LINE = {"description": "Rebar", "account_code": "5010", "amount": "60.00"}
ON_LINES = "AccountingInfoPrefs.ClassTrackingPerTxnLine"
LOCATIONS = "AccountingInfoPrefs.TrackDepartments"


def prepared(*, mappings: dict[str, dict[str, str]] | None = None, **policies: str) -> Company:
    company = Company(policies=policies, mappings=mappings)
    company.books.backstage_set_preference(company.realm, ON_LINES, True)
    company.books.backstage_set_preference(company.realm, LOCATIONS, True)
    return company


def hold(company: Company, uuid: str) -> dict[str, Any]:
    head = company.head(uuid)
    assert head.state == "held", head
    return dict(head.hold or {})


def detail(line: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = line["AccountBasedExpenseLineDetail"]
    return found


# ---------------------------------------------------------------------------------------------- classes and the like


def test_a_department_becomes_the_class_of_its_line_by_name_or_by_mapping() -> None:
    company = prepared(class_from="department", mappings={"class": {"Facilities": "Plant", "Shared": "none"}})
    operations = company.books.backstage_add_class(company.realm, "Operations")
    plant = company.books.backstage_add_class(company.realm, "Plant")
    for name in ("Facilities", "Shared"):
        company.procurify.backstage_add_department(name)
    parts = [
        {"account_code": "5010", "department": name, "amount": "20.00"}
        for name in ("Operations", "Facilities", "Shared")
    ]
    company.bill(company.vendor("Northwind Paper Co"), lines=[{**LINE, "allocations": parts}])
    company.cycle()
    (bill,) = company.ours()
    classes = [detail(line).get("ClassRef", {}).get("value") for line in bill["Line"]]
    assert classes == [operations["Id"], plant["Id"], None]


def test_a_department_without_a_class_is_held_naming_it_and_goes_when_the_class_is_made() -> None:
    company = prepared(class_from="department")
    uuid = company.bill(company.vendor("Northwind Paper Co"))
    company.cycle()
    told = hold(company, uuid)
    assert (told["reason"], told["cause"]) == ("mapping_missing", "class Operations")
    company.books.backstage_add_class(company.realm, "Operations")
    company.cycle()
    company.assert_once([uuid])


def test_a_branch_becomes_the_location_of_the_bill_and_lines_of_two_branches_are_held() -> None:
    company = prepared(location_from="location")
    made = company.books.backstage_add_department(company.realm, "Head Office")
    company.books.backstage_add_department(company.realm, "Yard")
    company.procurify.backstage_add_location("Yard")
    company.procurify.backstage_add_department("Logistics", branch="Yard")
    vendor = company.vendor("Northwind Paper Co")
    company.bill(vendor)
    parts = [
        {"account_code": "5010", "department": "Operations", "amount": "40.00"},
        {"account_code": "5010", "department": "Logistics", "branch": "Yard", "amount": "20.00"},
    ]
    both = company.bill(vendor, lines=[{**LINE, "allocations": parts}])
    company.cycle()
    assert [bill["DepartmentRef"]["value"] for bill in company.ours()] == [made["Id"]]
    assert hold(company, both)["reason"] == "several_locations"


def test_payment_terms_become_the_terms_of_the_bill_where_the_customer_wants_that() -> None:
    company = prepared(term_from="bill")
    term = company.books.backstage_find(company.realm, "Term", "Net 30")
    assert term is not None
    vendor = company.vendor("Northwind Paper Co")
    company.bill(vendor, payment_terms="net  30")
    company.bill(vendor, payment_terms="")
    unknown = company.bill(vendor, payment_terms="2% 10 Net 45")
    company.cycle()
    assert sorted(bill.get("SalesTermRef", {}).get("value", "") for bill in company.ours()) == ["", term["Id"]]
    assert hold(company, unknown)["cause"] == "term 2% 10 Net 45"


def test_lists_that_no_policy_asks_for_are_never_read() -> None:
    company = prepared()
    company.bill(company.vendor("Northwind Paper Co"))
    company.cycle()
    asked = " ".join(effect.keys[1] for effect in company.world.http.log)
    assert "Account" in asked
    for name in ("Class", "Department", "Term", "Item"):
        assert f"FROM+{name}+" not in asked and f"FROM%20{name}%20" not in asked


def test_a_class_that_a_person_gave_a_line_stays_and_does_not_stand_in_the_way_of_our_change() -> None:
    company = prepared()
    theirs = company.books.backstage_add_class(company.realm, "Theirs")
    uuid = company.bill(company.vendor("Northwind Paper Co"))
    company.cycle()
    (bill,) = company.ours()
    line = {**bill["Line"][0]}
    line["AccountBasedExpenseLineDetail"] = {**detail(line), "ClassRef": {"value": theirs["Id"]}}
    company.books.backstage_edit_bill(company.realm, bill["Id"], lines=[line])
    company.procurify.backstage_edit_bill(uuid, lines=[{**LINE, "amount": "75.00"}])
    company.cycle()
    (bill,) = company.ours()
    assert (bill["TotalAmt"], detail(bill["Line"][0])["ClassRef"]["value"]) == (75.0, theirs["Id"])


# ---------------------------------------------------------------------------------------------- tax


def abroad(mode: str, **fields: Any) -> tuple[Company, str]:
    """A company in Canada, and a bill of 100.00 with 5 % GST on top (or inside) and 40.00 without tax."""
    company = Company(country="CA", policies={"tax_mode": mode}, mappings={"tax_code": {"GST": "5", "untaxed": "2"}})
    company.books.backstage_add_tax_code(company.realm, "5", "0.05")
    company.books.backstage_add_tax_code(company.realm, "2", "0")
    lines = [
        {**LINE, "amount": "100.00", "tax_amount": "5.00", "tax_name": "GST"},
        {**LINE, "description": "Permit", "account_code": "6010", "amount": "40.00"},
    ]
    return company, company.bill(company.vendor("Northwind Paper Co"), lines=lines, **fields)


def test_outside_the_united_states_tax_lines_come_with_the_word_that_no_tax_is_to_be_added() -> None:
    company, uuid = abroad("lines")
    company.cycle()
    company.assert_once([uuid])
    (bill,) = company.ours()
    assert (bill["TotalAmt"], bill["GlobalTaxCalculation"], len(bill["Line"])) == (145.0, "NotApplicable", 3)
    company.assert_no_mistakes()


def test_with_tax_codes_the_books_add_the_tax_and_the_total_is_the_bills() -> None:
    company, uuid = abroad("codes")
    company.cycle()
    (bill,) = company.ours()
    assert [detail(line)["TaxCodeRef"]["value"] for line in bill["Line"]] == ["5", "2"]
    assert (bill["TotalAmt"], bill["GlobalTaxCalculation"]) == (145.0, "TaxExcluded")
    assert company.head(uuid).state == "done"
    changed = [{**LINE, "amount": "200.00", "tax_amount": "10.00", "tax_name": "GST"}]
    company.procurify.backstage_edit_bill(uuid, lines=changed)
    company.cycle()
    assert [bill["TotalAmt"] for bill in company.ours()] == [210.0]
    company.assert_no_mistakes()


def test_a_tax_that_comes_to_something_else_there_is_held_with_both_totals() -> None:
    company, uuid = abroad("codes")
    company.books.backstage_add_tax_code(company.realm, "5", "0.13")
    company.cycle()
    told = hold(company, uuid)
    assert told["reason"] == "total_differs"
    assert "153.00" in told["message"] and "145.00" in told["message"]


def test_a_tax_without_a_code_is_held_naming_the_tax() -> None:
    company = Company(policies={"tax_mode": "codes"}, mappings={"tax_code": {"untaxed": "NON"}})
    line = {**LINE, "tax_amount": "5.00", "tax_name": "PST"}
    uuid = company.bill(company.vendor("Northwind Paper Co"), lines=[line])
    company.cycle()
    assert (hold(company, uuid)["reason"], hold(company, uuid)["cause"]) == ("mapping_missing", "tax_code PST")


# ---------------------------------------------------------------------------------------------- the catch-all vendor


def other(company: Company) -> dict[str, Any]:
    return company.procurify.backstage_add_vendor(name="OTHER", type=1)


def test_a_bill_of_the_catch_all_vendor_goes_to_the_vendor_whose_name_was_typed() -> None:
    company = Company(mappings={"vendor": {"Joe the roofer": "Evergreen Roofing"}})
    for name in ("Corner Hardware", "Evergreen Roofing"):
        company.books.backstage_add_vendor(company.realm, name)
    catch_all = other(company)
    company.bill(catch_all, "1.00", vendor_name="corner  hardware")
    company.bill(catch_all, "2.00", vendor_name="Joe the roofer")
    nobody = company.bill(catch_all, "3.00", vendor_name="Somebody Else")
    company.cycle()
    assert sorted(bill["VendorRef"]["name"] for bill in company.ours()) == ["Corner Hardware", "Evergreen Roofing"]
    assert hold(company, nobody)["cause"] == "vendor Somebody Else"
    company.books.backstage_add_vendor(company.realm, "Somebody Else")
    company.cycle()
    assert len(company.ours()) == 3


# ---------------------------------------------------------------------------------------------- closed books


def test_a_bill_of_a_closed_period_is_posted_on_the_first_open_day_where_the_customer_wants_that() -> None:
    company = Company(policies={"closed_period": "first_open_day"})
    company.books.backstage_close_books(company.realm, "2026-02-28")
    company.bill(company.vendor("Northwind Paper Co"), invoice_date="2026-02-20")
    company.cycle()
    (bill,) = company.ours()
    assert bill["TxnDate"] == "2026-03-01"
    assert "dated 2026-02-20" in bill["PrivateNote"]


# ---------------------------------------------------------------------------------------------- currencies


def test_a_bill_in_another_currency_than_its_vendors_is_held_naming_both() -> None:
    company = Company()
    company.books.backstage_set_preference(company.realm, "CurrencyPrefs.MultiCurrencyEnabled", True)
    vendor = company.vendor("Northwind Paper Co")
    company.procurify.backstage_add_currency("CAD", "0.75")
    uuid = company.bill(vendor, currency="CAD")
    company.cycle()
    told = hold(company, uuid)
    assert told["reason"] == "currency_mismatch"
    assert "CAD" in told["message"] and "USD" in told["message"] and "Northwind Paper Co" in told["message"]


# ---------------------------------------------------------------------------------------------- vendors that go away


@pytest.mark.parametrize("how", ["inactive", "merged"])
def test_a_linked_vendor_that_went_away_holds_its_bills_until_it_is_back_or_linked_to_another(how: str) -> None:
    company = Company()
    vendor = company.vendor("Northwind Paper Co")
    survivor = company.books.backstage_add_vendor(company.realm, "Northwind Paper Company LLC")
    first = company.bill(vendor)
    company.cycle()
    known = company.books.backstage_find(company.realm, "Vendor", "Northwind Paper Co")
    assert known is not None
    if how == "merged":
        company.books.backstage_merge_vendors(company.realm, survivor["Id"], known["Id"])
    else:
        company.books.backstage_inactivate(company.realm, "Vendor", known["Id"])
    company.world.clock.advance(7 * 3600)
    second = company.bill(vendor, "5.00")
    company.cycle()
    told = hold(company, second)
    assert told["reason"] in {"inactive_ref", "reference_missing"}
    assert f"vendor:{vendor['id']} --link" in told["fix"]
    flow = company.world.open(company.tenant, FLOW)
    move = flow.flow.move("vendor")
    assert move is not None
    replay.link_to(flow, move, company.head(str(vendor["id"]), "vendor"), survivor["Id"], by="Ann")
    company.world.until_quiet()
    company.assert_once([first, second])
    numbers = {bill["DocNumber"]: bill["VendorRef"]["value"] for bill in company.ours()}
    assert numbers["INV-2"] == survivor["Id"]
