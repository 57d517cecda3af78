"""A purchase order as a bill: lines by account, charges as lines of their own, and a sum that is the order's total."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.engine.errors import Held
from chalicelib.systems.procurify import orders
from chalicelib.systems.procurify.lines import BillLine
from chalicelib.systems.procurify.orders import PurchaseOrder
from chalicelib.systems.procurify.reading import decode
from tests.unit.systems.procurify_desk import sample


def account(code: str, department: str = "Operations", branch: str = "Head Office") -> Any:
    place = {"name": department, "branch": {"name": branch}}
    return {"account_code": {"code": code, "description": f"code {code}"}, "department": place}


def item(amount: str, code: str = "6100", **more: Any) -> Any:
    return {"name": "Paper", "status": 2, "total_cost": amount, "account": account(code), **more}


def order(*items: Any, total: str, **more: Any) -> Any:
    return {
        "procurify_PO": 52,
        "number": "1042",
        "state": 0,
        "active": True,
        "date": "2026-05-04T15:52:33-07:00",
        "pref_vendor": {"id": 42, "name": "Northwind Paper Co", "type": 3},
        "purchased_currency": {"name": "USD"},
        "total": total,
        "order_items": list(items),
        **more,
    }


def parse(raw: Any) -> PurchaseOrder:
    """As it comes back from where it was kept."""
    read = decode(json.dumps(raw).encode())
    assert isinstance(read, dict)
    return orders.parse(json.loads(json.dumps(orders.keep(read))))


def billed(raw: Any) -> list[tuple[str, str, str]]:
    settled = parse(raw).as_bill()
    assert sum(line.amount for line in settled.lines) == settled.total == Decimal(raw["total"])
    return [(line.role, line.account_code, str(line.amount)) for line in settled.lines]


def held(raw: Any) -> Held:
    parsed = parse(raw)
    with pytest.raises(Held) as hold:
        parsed.as_bill()
    assert hold.value.reason == "totals_differ"
    assert "error" not in hold.value.message.lower()
    return hold.value


def test_the_sample_order_becomes_a_line_an_allocation_and_one_for_each_charge() -> None:
    found = parse(sample("purchase_order_detail")["data"])
    settled = found.as_bill()

    assert (found.id, found.number, found.date, found.payment_terms) == ("52", "1042", date(2026, 5, 4), "Net 30")
    assert [(x.role, x.account_code, x.department, x.description, str(x.amount)) for x in settled.lines] == [
        ("item", "6100", "Operations", "Copy paper, case", "80.00"),
        ("item", "6200", "Operations", "Filter replacement service", "200.00"),
        ("item", "6200", "Facilities", "Filter replacement service", "100.00"),
        ("freight", "", "", "Freight", "25.00"),
        ("tax", "", "", "Tax", "19.00"),
        ("discount", "", "", "Discount", "-10.00"),
    ]
    assert (settled.total, settled.rounding, found.total) == (Decimal("414.00"), Decimal("0.00"), Decimal("414.00"))


def test_the_same_order_goes_by_account_where_only_a_summary_of_its_goods_is_wanted() -> None:
    goods = [item("60.00"), item("12.00", po_note="blue"), item("3.50", "6010")]
    found = parse(order(*goods, total="80.00", freight="4.50"))
    assert found.lines == (
        BillLine("6100", "code 6100", "Operations", "Head Office", "", Decimal("72.00"), "item"),
        BillLine("6010", "code 6010", "Operations", "Head Office", "", Decimal("3.50"), "item"),
    )


@pytest.mark.parametrize("status", [4, 7, 8])
def test_what_was_rejected_or_denied_is_on_no_line_nor_are_its_tax_and_shipping(status: int) -> None:
    rejected = item("99.00", status=status, tax_amount="9.00", shipping_amount="1.00")
    assert billed(order(item("60.00"), rejected, total="60.00")) == [("item", "6100", "60.00")]
    assert billed(order(item("60.00"), item("99.00", is_active=False), total="60.00")) == [("item", "6100", "60.00")]


def test_tax_and_shipping_of_items_and_the_orders_own_charges_stand_on_lines_of_their_own() -> None:
    goods = item("60.00", tax_amount="3.00000000", shipping_amount="2.50000000", po_note="rush")
    raw = order(goods, total="81.50", freight="10.000000", other="5.000000", tax={"value": 1.0, "type": "amount"})
    assert billed(raw) == [
        ("item", "6100", "60.00"),
        ("tax", "", "3.00"),
        ("freight", "", "2.50"),
        ("freight", "", "10.00"),
        ("other", "", "5.00"),
        ("tax", "", "1.00"),
    ]
    assert [line.description for line in parse(raw).as_bill().lines][:2] == ["Paper · rush", "Tax: Paper"]


def test_a_percentage_is_what_procurify_says_it_comes_to_or_what_is_missing_to_the_total() -> None:
    eight = {"value": 8.25, "type": "percentage"}
    said = order(item("60.00"), total="64.95", tax=eight, cost_details={"tax_amount": "4.95"})
    missing = order(item("60.00"), total="64.95", tax=eight)
    discount = order(item("60.00"), total="54.00", discount={"value": 10, "type": "percentage"})
    both = order(
        item("60.00", tax_amount="1.00"),
        total="59.95",
        tax=eight,
        discount={"value": 10, "type": "percentage"},
        cost_details={"tax_amount": "5.95"},
    )
    assert billed(said) == billed(missing) == [("item", "6100", "60.00"), ("tax", "", "4.95")]
    assert billed(discount) == [("item", "6100", "60.00"), ("discount", "", "-6.00")]
    assert [amount for _, _, amount in billed(both)] == ["60.00", "1.00", "4.95", "-6.00"]


def test_a_percentage_explains_no_more_than_it_can_be() -> None:
    eight = {"value": 8.25, "type": "percentage"}
    assert held(order(item("60.00"), total="70.00", tax=eight)).cause.endswith("lines 60.00, total 70.00")
    assert held(order(item("60.00"), total="50.00", tax=eight)).cause.endswith("lines 60.00, total 50.00")
    said = order(item("60.00"), total="60.00", tax=eight, discount={"value": 5, "type": "percentage"})
    assert "does not say what they come to" in held(said).message


def test_thirds_of_a_cent_go_to_the_largest_line_and_more_is_held_with_the_numbers() -> None:
    third = {"amount": "33.33333333", "account": account("6100")}
    split = item("100.00", spend_allocation=[third, third, {**third, "account": account("6200")}])
    settled = parse(order(split, total="100.00")).as_bill()
    assert [str(line.amount) for line in settled.lines] == ["33.34", "33.33", "33.33"]
    assert settled.rounding == Decimal("0.01")
    hold = held(order(item("60.00"), total="60.02"))
    assert hold.message == (
        "The lines of Purchase order 1042 of Northwind Paper Co add up to 60.00 USD, but its total is 60.02 USD."
    )


def test_an_item_that_is_not_what_its_accounts_or_its_price_say_is_held_by_name() -> None:
    split = item("100.00", spend_allocation=[{"amount": "90.00", "account": account("6100")}])
    assert "Item 1 (Paper)" in held(order(split, total="100.00")).message
    priced = item("100.00", price="8.00000000", quantity=10.0)
    assert "80.00 USD is its price by its quantity" in held(order(priced, total="100.00")).message
    assert billed(order(item("80.00", price="8.00000000", quantity=10.0), total="80.00"))


def test_an_order_that_does_not_add_up_can_still_be_summed_up() -> None:
    found = parse(order(item("60.00"), total="90.00"))
    assert (found.total, [line.amount for line in found.lines]) == (Decimal("90.00"), [Decimal("60.00")])


def test_an_item_without_an_account_leaves_it_open() -> None:
    assert billed(order(item("60.00", account=None), total="60.00")) == [("item", "", "60.00")]


def test_an_order_that_a_card_paid_is_owed_to_nobody_and_nothing_of_the_card_is_kept() -> None:
    raw = order(item("60.00"), total="60.00", creditcard={"id": 3, "last_four": "4242"})
    with pytest.raises(Held, match="is paid by card in Procurify"):
        parse(raw).as_bill()
    assert "4242" not in json.dumps(orders.keep(raw))
    assert billed({**raw, "creditcard": None})
