"""The lines of bills and credits: their amounts, and which accounts, classes and customers they may name."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from simulator.systems.quickbooks_desktop.answers import Refused, not_enabled
from simulator.systems.quickbooks_desktop.company import Row
from simulator.systems.quickbooks_desktop.orders import linked_line
from simulator.systems.quickbooks_desktop.writing import Call

NOT_FOR_LINES = ("AccountsPayable", "AccountsReceivable", "NonPosting")
CENT = Decimal("0.01")


def bill_lines(call: Call, values: Row, suffix: str) -> list[Row]:
    expenses = [added(call, "Expense", row) for row in values.get(f"ExpenseLine{suffix}", ())]
    return expenses + [added(call, "Item", row) for row in values.get(f"ItemLine{suffix}", ())]


def added(call: Call, kind: str, row: Row) -> Row:
    """A new line with its amount worked out."""
    row = {n: v for n, v in row.items() if v != ""}
    if link := row.pop("LinkToTxn", None):
        row = {**row, **linked_line(call, link, row)}
    return _priced(call, {"kind": kind, **row}) if kind == "Item" else {"kind": kind, "Amount": "0.00", **_amount(row)}


def changed(call: Call, line: Row, row: Row) -> Row:
    merged = {n: v for n, v in {**line, **row}.items() if v != ""}
    if line["kind"] == "Expense":
        return {"Amount": "0.00", **_amount(merged)}
    if "Amount" not in row and {"Quantity", "Cost"} & set(row):
        del merged["Amount"]
    return _priced(call, merged)


def _amount(row: Row) -> Row:
    """Whole amounts may be sent without cents; they are kept with them."""
    return {**row, "Amount": f"{Decimal(row['Amount']):.2f}"} if row.get("Amount") else row


def _priced(call: Call, row: Row) -> Row:
    item = call.company.find(row.get("ItemRef", ""))
    quantity = Decimal(row.get("Quantity") or 1)
    if row.get("Amount"):
        row = _amount(row)
        cost = Decimal(row.get("Cost") or (Decimal(row["Amount"]) / quantity if quantity else 0))
    else:
        cost = Decimal(row.get("Cost") or (item.fields.get("PurchaseCost", "0") if item else "0"))
        row = {**row, "Amount": f"{(cost * quantity).quantize(CENT, ROUND_HALF_UP):.2f}"}
    return {**row, "Cost": f"{cost.quantize(Decimal('0.00001')).normalize():f}"}


def rules(call: Call, lines: list[Row]) -> None:
    """What every line must keep; in a file without classes a class is refused, or dropped."""
    for line in lines:
        _posts(call, line)
        if line.get("BillableStatus") and not line.get("CustomerRef"):
            text = 'The "BillableStatus" field may only be set together with "CustomerRef".'
            raise Refused(3210, text, mistake="BillableStatus without a customer")
        if line.get("CustomerRef"):
            line.setdefault("BillableStatus", "Billable")
        if line.get("ClassRef") and not call.company.preferences["IsUsingClassTracking"]:
            if call.options.class_refused_when_off:
                raise not_enabled("ClassRef")
            del line["ClassRef"]


def _posts(call: Call, line: Row) -> None:
    company = call.company
    account: Any = company.find(line.get("AccountRef", ""))
    if line["kind"] == "Item":
        if not line.get("ItemRef"):
            raise Refused(3150, "A required element is missing: ItemRef.", mistake="an item line without an item")
        return
    if account is None:
        if company.preferences["IsRequiringAccounts"]:
            raise Refused(3270, "Missing posting account.", mistake="an expense line without an account")
    elif account.fields["AccountType"] in NOT_FOR_LINES:
        text = f'The "AccountRef" field has an invalid value "{company.full_name(account)}".'
        raise Refused(3210, text, mistake="a line posts to payables, receivables or a non-posting account")
