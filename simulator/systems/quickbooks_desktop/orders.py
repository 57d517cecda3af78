"""Purchase orders: adding them, and bills that take over their open lines."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from simulator.systems.quickbooks_desktop.answers import Refused, missing, not_enabled, unknown_object
from simulator.systems.quickbooks_desktop.company import Entry, Row
from simulator.systems.quickbooks_desktop.writing import Call, common_rules, may_write, read

Element = Any  # lxml ships no types
TAKEN_OVER = ("ItemRef", "Desc", "UnitOfMeasure", "CustomerRef", "ClassRef")


def add_order(call: Call, element: Element) -> Entry:
    may_write(call)
    values = read(call, element, "PurchaseOrder")
    rows = values.pop("PurchaseOrderLineAdd", [])
    return keep_order(call, {n: v for n, v in values.items() if v != ""}, rows)


def keep_order(call: Call, fields: Row, rows: list[Row]) -> Entry:
    if not call.company.preferences["IsUsingInventory"]:
        raise not_enabled("a purchase order")
    common_rules(call, fields)
    fields.setdefault("TxnDate", call.today)
    fields["IsManuallyClosed"] = "false"
    return call.company.add("PurchaseOrder", fields, call.writer, lines=[_line(row) for row in rows])


def _line(row: Row) -> Row:
    quantity = Decimal(row.get("Quantity") or 1)
    amount = row.get("Amount") or f"{Decimal(row.get('Rate') or 0) * quantity:.2f}"
    state = {"Amount": f"{Decimal(amount):.2f}", "IsBilled": "false", "IsManuallyClosed": "false"}
    return {"kind": "PurchaseOrder", **row, **state, "ReceivedQuantity": "0", "UnbilledQuantity": f"{quantity}"}


def linked_lines(call: Call, id: str, vendor: str, given: list[Row]) -> list[Row]:
    """All open lines of a purchase order, as item lines of a bill that bills them."""
    order = _open_order(call, id)
    if order.fields.get("VendorRef") != vendor:
        raise missing("PurchaseOrder", id, "Bill")
    if any(line.get("LinkedPO") == id for line in given):
        raise Refused(
            3153, "The elements LinkToTxnID and LinkToTxn conflict.", mistake="both ways of linking one order"
        )
    return [_billed(call, order, line) for line in order.lines if line["IsBilled"] == "false"]


def linked_line(call: Call, link: Row, row: Row) -> Row:
    """One open line of a purchase order; the item comes from there."""
    if row.get("ItemRef"):
        raise Refused(3153, "The elements ItemRef and LinkToTxn conflict.", mistake="ItemRef together with LinkToTxn")
    order = _open_order(call, link["TxnID"])
    line = next((each for each in order.lines if each["TxnLineID"] == link["TxnLineID"]), None)
    if line is None or line["IsBilled"] == "true":
        raise missing("PurchaseOrder line", link["TxnLineID"], "Bill")
    return {n: v for n, v in _billed(call, order, line).items() if n not in row and n != "kind"}


def _open_order(call: Call, id: str) -> Entry:
    order = call.company.find(id, "PurchaseOrder")
    if order is None:
        raise unknown_object(id)
    if order.fields["IsManuallyClosed"] == "true" or all(line["IsBilled"] == "true" for line in order.lines):
        raise missing("PurchaseOrder", id, "Bill")
    return order


def _billed(call: Call, order: Entry, line: Row) -> Row:
    taken = {name: line[name] for name in TAKEN_OVER if line.get(name)}
    return {
        "kind": "Item",
        **taken,
        "Quantity": line["UnbilledQuantity"],
        "Cost": line.get("Rate") or line["Amount"],
        "Amount": line["Amount"],
        "LinkedPO": order.id,
        "LinkedLine": line["TxnLineID"],
    }


def settle_orders(call: Call, bill: Entry) -> None:
    """Mark what a new bill has billed."""
    for line in bill.lines:
        _mark(call, line, {"IsBilled": "true", "ReceivedQuantity": line.get("Quantity", ""), "UnbilledQuantity": "0"})


def reopen_orders(call: Call, bill: Entry) -> None:
    """What a deleted bill had billed is open again."""
    for line in bill.lines:
        _mark(call, line, {"IsBilled": "false", "ReceivedQuantity": "0", "UnbilledQuantity": line.get("Quantity", "")})


def _mark(call: Call, line: Row, state: Row) -> None:
    order = call.company.find(line.get("LinkedPO", ""))
    if order is not None:
        order.lines = [{**each, **state} if each["TxnLineID"] == line["LinkedLine"] else each for each in order.lines]
        call.company.touch(order, call.writer)
