"""A purchase order of Procurify stands in QuickBooks Online as a summary that posts nothing."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.company import FLOW, Company
from tests.flows.customer import Customer

SWITCH = "OtherPrefs.VendorAndPurchasesPrefs.PurchaseOrderEnabled"
OWN_NUMBERS = "OtherPrefs.VendorAndPurchasesPrefs.UseCustomTxnNumbers"


def hold(company: Company, order: int) -> dict[str, Any]:
    head = company.head(str(order), "purchase_order")
    assert head.state == "held", head
    return dict(head.hold or {})


def lines_of(order: dict[str, Any]) -> list[tuple[str, float]]:
    return [(line["AccountBasedExpenseLineDetail"]["AccountRef"]["value"], line["Amount"]) for line in order["Line"]]


def test_an_order_arrives_once_with_its_number_vendor_day_total_and_state_by_account() -> None:
    company = Company()
    vendor = company.vendor("Northwind Paper Co")
    lines = [
        {"name": "Rebar", "account_code": "5010", "amount": "60.00"},
        {"name": "More rebar", "account_code": "5010", "amount": "12.00"},
        {"name": "Pens", "account_code": "6010", "amount": "3.50"},
        {"name": "Rejected", "account_code": "6010", "amount": "99.00", "status": 4},
    ]
    known = company.order(vendor, lines=lines, number="PO-1207", date="2026-02-20", freight="10.00", total="85.50")
    company.cycle()
    company.cycle()
    (order,) = company.orders()
    assert (order["DocNumber"], order["TxnDate"], order["TotalAmt"], order["POStatus"]) == (
        "PO-1207",
        "2026-02-20",
        85.5,
        "Open",
    )
    ids = {code: account["Id"] for code, account in company.accounts.items()}
    assert lines_of(order) == [(ids["5010"], 72.0), (ids["6010"], 3.5), (ids["6100"], 10.0)]
    assert order["PrivateNote"].endswith(f"[mlc:procurify:purchase_order:{known}]")
    assert order["versions"] == 1
    company.assert_no_mistakes()


@pytest.mark.parametrize("policy", ["purchase_order_account", "purchase_order_item"])
def test_a_customer_may_have_the_whole_order_on_one_account_or_item(policy: str) -> None:
    named = {"purchase_order_account": "6010", "purchase_order_item": "Purchases"}[policy]
    company = Company(policies={policy: named})
    company.books.backstage_add_item(company.realm, "Purchases")
    company.order(company.vendor("Northwind Paper Co"), "72.00", account="7010", tax="5.25")
    company.cycle()
    (order,) = company.orders()
    (line,) = order["Line"]
    assert line["Amount"] == order["TotalAmt"] == 77.25
    assert ("ItemBasedExpenseLineDetail" in line) is (policy == "purchase_order_item")


def test_a_revised_order_is_revised_there_and_an_unchanged_one_is_left_alone() -> None:
    company = Company()
    order = company.order(company.vendor("Northwind Paper Co"), "72.00")
    company.cycle()
    company.procurify.backstage_revise_purchase_order(order, comment="please hurry")
    company.cycle()
    assert company.orders()[0]["versions"] == 1
    line = {"name": "more", "account_code": "6010", "amount": "80.00"}
    company.procurify.backstage_revise_purchase_order(order, lines=[line])
    company.cycle()
    assert [(one["TotalAmt"], one["versions"]) for one in company.orders()] == [(80.0, 2)]


@pytest.mark.parametrize("state", [3, 4])
def test_an_order_that_is_closed_or_paid_is_closed_there_and_one_first_seen_so_is_not_moved(state: int) -> None:
    company = Company()
    vendor = company.vendor("Northwind Paper Co")
    order = company.order(vendor, "72.00")
    company.cycle()
    company.procurify.backstage_set_purchase_order_state(order, state)
    company.order(vendor, "99.00", state=state)
    company.cycle()
    assert [(one["TotalAmt"], one["POStatus"]) for one in company.orders()] == [(72.0, "Closed")]
    company.procurify.backstage_set_purchase_order_state(order, 5)
    company.cycle()
    assert [one["POStatus"] for one in company.orders()] == ["Open"]


@pytest.mark.parametrize(("policy", "left"), [("hold", ["Open"]), ("close", ["Closed"]), ("delete", [])])
def test_a_cancelled_order_is_held_closed_or_deleted_as_the_customer_chose(policy: str, left: list[str]) -> None:
    company = Company(policies={"cancelled_purchase_order": policy})
    vendor = company.vendor("Northwind Paper Co")
    order, never = company.order(vendor, "72.00"), company.order(vendor, "5.00", state=1)
    company.cycle()
    company.procurify.backstage_cancel_purchase_order(order)
    company.cycle()
    company.cycle()
    assert [one["POStatus"] for one in company.orders()] == left
    state = company.head(str(order), "purchase_order").state
    assert state == ("held" if policy == "hold" else "done")
    assert str(never) not in {head.key.source_id for head in company.heads("purchase_order")}
    company.assert_no_mistakes()


def test_a_plan_without_purchase_orders_is_one_hold_for_all_of_them_and_bills_go_on() -> None:
    company = Company()
    company.books.backstage_set_preference(company.realm, SWITCH, False)
    vendor = company.vendor("Northwind Paper Co")
    orders = [company.order(vendor, f"{n}.00") for n in range(1, 31)]
    uuid = company.bill(vendor, "10.00")
    company.cycle()
    holds = [hold(company, order) for order in orders]
    assert {(one["reason"], one["cause"]) for one in holds} == {("not_available", "purchase orders")}
    assert "bills are not affected" in holds[0]["message"]
    assert len([subject for subject, _ in company.world.notices.published if "not_available" in subject]) == 1
    assert not [call for call in company.books.faults.calls if call.startswith("POST") and "purchaseorder" in call]
    company.assert_once([uuid])
    company.books.backstage_set_preference(company.realm, SWITCH, True)
    company.cycle()
    assert len(company.orders()) == 30


def test_a_plan_that_says_so_only_when_asked_is_the_same_one_hold() -> None:
    company = Company()
    vendor = company.vendor("Northwind Paper Co")
    company.cycle()  # the list of preferences is read while orders are still possible
    company.books.backstage_set_preference(company.realm, SWITCH, False)
    orders = [company.order(vendor, f"{n}.00") for n in range(1, 21)]
    company.cycle()
    holds = [hold(company, order) for order in orders]
    assert {(one["reason"], one["cause"]) for one in holds} == {("not_available", "purchase orders")}


def test_where_the_company_numbers_its_orders_itself_ours_stands_in_the_memo() -> None:
    company = Company()
    company.books.backstage_set_preference(company.realm, OWN_NUMBERS, False)
    order = company.order(company.vendor("Northwind Paper Co"), "72.00", number="PO-1207")
    company.cycle()
    line = {"name": "more", "account_code": "6010", "amount": "80.00"}
    company.procurify.backstage_revise_purchase_order(order, lines=[line])
    company.cycle()
    (made,) = company.orders()
    assert (made["TotalAmt"], made["PrivateNote"].startswith("No. PO-1207")) == (80.0, True)


def test_an_order_that_a_person_typed_in_is_found_and_one_they_changed_is_not_overwritten() -> None:
    company = Company()
    vendor = company.vendor("Northwind Paper Co")
    theirs = company.books.backstage_find(company.realm, "Vendor", "Northwind Paper Co")
    assert theirs is not None
    line = {"amount": "72.00", "account_id": company.accounts["5010"]["Id"]}
    company.books.backstage_add_purchase_order(company.realm, theirs["Id"], [line], DocNumber="PO-7")
    typed, ours = company.order(vendor, "72.00", number="PO-7"), company.order(vendor, "5.00", number="PO-8")
    company.cycle()
    assert hold(company, typed)["reason"] == "exists_in_target"
    (made,) = company.orders()
    company.books._edit(company.realm, "PurchaseOrder", made["Id"], {"POStatus": "Closed"})
    company.procurify.backstage_revise_purchase_order(
        ours, lines=[{"name": "x", "account_code": "5010", "amount": "6.00"}]
    )
    company.cycle()
    assert company.orders()[0]["TotalAmt"] == 5.0
    assert hold(company, ours)["reason"] == "changed_in_target"


def test_the_printed_number_may_be_given_twice_and_both_orders_are_followed() -> None:
    company = Company()
    vendor, other = company.vendor("Northwind Paper Co"), company.vendor("Ridgeline HVAC LLC")
    company.order(vendor, "1.00", number="PO-1", PO_Num="X")
    company.order(other, "2.00", number="PO-1", PO_Num="X")
    company.cycle()
    assert sorted(one["TotalAmt"] for one in company.orders()) == [1.0, 2.0]


def test_orders_dated_before_the_cut_over_are_listed_as_not_moved() -> None:
    customer = Customer()
    company = customer.company
    order = company.order(company.vendor("Northwind Paper Co"), "72.00", date="2025-12-31")
    customer.run()
    assert company.orders() == []
    assert customer.call("GET", f"/records/{FLOW}:purchase_order:{order}")["state"] == "not_moved"


def test_a_customer_may_leave_orders_out_and_then_they_are_not_even_read() -> None:
    customer = Customer(policies={"purchase_orders": "none"})
    company = customer.company
    vendor = company.vendor("Northwind Paper Co")
    company.order(vendor, "72.00")
    uuid = company.bill(vendor)
    customer.run()
    customer.run()
    company.assert_once([uuid])
    assert company.orders() == []
    assert not [call for call in company.procurify.faults.calls if "purchase_orders" in call]
    customer.apply_flow(policies={"purchase_orders": "summary"})
    customer.run()
    assert [order["TotalAmt"] for order in company.orders()] == [72.0]
