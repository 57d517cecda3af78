"""The rules a bill must keep, whoever enters it, and how an application adds and changes one."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from simulator.systems.quickbooks_desktop import closing
from simulator.systems.quickbooks_desktop.answers import Refused, cannot_modify, cannot_save, missing
from simulator.systems.quickbooks_desktop.company import Entry, Row
from simulator.systems.quickbooks_desktop.lines import added, bill_lines, changed, rules
from simulator.systems.quickbooks_desktop.orders import linked_lines, settle_orders
from simulator.systems.quickbooks_desktop.writing import Call, common_rules, may_write, read, to_change

Element = Any  # lxml ships no types
LINE_PARTS = (
    *("ExpenseLineAdd", "ItemLineAdd", "ExpenseLineMod", "ItemLineMod", "LinkToTxnID"),
    *("ClearExpenseLines", "ClearItemLines", "TxnID", "EditSequence"),
)


def add_bill(call: Call, element: Element) -> Entry:
    may_write(call)
    values = read(call, element, "Bill")
    if not values.get("VendorRef"):
        raise Refused(3150, "A required element is missing: VendorRef.", mistake="a bill without a vendor")
    lines = bill_lines(call, values, "Add")
    for id in values.get("LinkToTxnID", ()):
        lines += linked_lines(call, id, values["VendorRef"], lines)
    return keep_bill(call, {n: v for n, v in values.items() if n not in LINE_PARTS and v != ""}, lines)


def keep_bill(call: Call, fields: Row, lines: list[Row], kind: str = "Bill") -> Entry:
    common_rules(call, fields)
    fields.setdefault("TxnDate", call.today)
    closing.may_add(call, fields["TxnDate"], kind)
    _payable(call, fields)
    if kind == "Bill":
        _due(call, fields)
        _number(call, fields)
    rules(call, lines)
    _not_negative(lines)
    extensions = [line.pop("DataExt", []) for line in lines]
    entry = call.company.add(kind, fields, call.writer, lines=lines)
    settle_orders(call, entry)
    for line, given in zip(entry.lines, extensions, strict=True):
        for row in given:
            place = {"on": entry.id, "line": line["TxnLineID"]}
            call.company.extensions.append({**row, "DataExtType": "STR255TYPE", **place})
    return entry


def change_bill(call: Call, element: Element) -> Entry:
    may_write(call)
    bill = to_change(call, element, element.findtext("TxnID", ""), "Bill")
    values = read(call, element, "Bill")
    lines = _lines(call, bill, values)
    return rewrite_bill(call, bill, {n: v for n, v in values.items() if n not in LINE_PARTS}, lines)


def rewrite_bill(call: Call, bill: Entry, values: Row, lines: list[Row] | None) -> Entry:
    """What is absent stays, what is empty is cleared; `None` leaves all lines."""
    common_rules(call, values)
    closing.may_change(call, bill, values.get("TxnDate") or str(bill.fields["TxnDate"]))
    fields = {n: v for n, v in {**bill.fields, **values}.items() if v != ""}
    if values.get("VendorRef", bill.fields["VendorRef"]) != bill.fields["VendorRef"]:
        if call.company.sums().applied[bill.id]:
            raise cannot_modify("Bill", "The vendor of a bill that has payments cannot be changed.")
        if "APAccountRef" not in values:
            del fields["APAccountRef"]
    for name in ("VendorRef", "TxnDate"):
        if name not in fields:
            raise Refused(3190, f'The element "{name}" cannot be cleared.', mistake=f"an empty {name}")
    _payable(call, fields)
    if "DueDate" not in values and {"TermsRef", "TxnDate"} & set(values):
        fields.pop("DueDate", None)
    _due(call, fields)
    lines = bill.lines if lines is None else lines
    rules(call, lines)
    if _not_negative(lines) < bill.total() - call.company.open_amount(bill):
        raise cannot_modify("Bill", "The amount is less than what has been paid.")
    bill.fields = fields
    bill.lines = [{**line, "TxnLineID": line.get("TxnLineID") or call.company.line_id(call.writer)} for line in lines]
    call.company.touch(bill, call.writer)
    return bill


def _lines(call: Call, bill: Entry, values: Row) -> list[Row] | None:
    """The lines a Mod leaves: once a line of a kind is named, those of that kind that are not named are gone."""
    touched = False
    result: list[Row] = []
    for kind, clear in (("Expense", "ClearExpenseLines"), ("Item", "ClearItemLines")):
        mine = [line for line in bill.lines if line["kind"] == kind]
        named = values.get(f"{kind}LineMod")
        if named is None and values.get(clear) not in ("true", "1"):
            result += mine
            continue
        touched = True
        by_id = {line["TxnLineID"]: line for line in mine}
        for row in named or []:
            id = row.pop("TxnLineID")
            if id == "-1":
                result.append(added(call, kind, row))
            elif id in by_id:
                result.append(changed(call, by_id[id], row))
            else:
                raise Refused(3120, f'Object "{id}" specified in the request cannot be found.')
    return result if touched else None


def _payable(call: Call, fields: Row) -> None:
    """The accounts-payable account: given or the first one, and in the vendor's currency."""
    company = call.company
    vendor = company.entries[fields["VendorRef"]]
    currency = vendor.fields.get("CurrencyRef", "")
    if not fields.get("APAccountRef"):
        payable = [e for e in company.every("Account") if e.fields["AccountType"] == "AccountsPayable" and e.is_active]
        found = next((e for e in payable if e.fields.get("CurrencyRef", currency) == currency), None)
        if found is None:
            raise Refused(3270, "Missing posting account: there is no accounts payable account.")
        fields["APAccountRef"] = found.id
    account = company.entries[fields["APAccountRef"]]
    if account.fields["AccountType"] != "AccountsPayable":
        text = f'The "APAccountRef" field has an invalid value "{company.full_name(account)}".'
        raise Refused(3210, text, mistake="APAccountRef is no accounts payable account")
    if company.preferences["IsMultiCurrencyOn"]:
        if account.fields.get("CurrencyRef", currency) != currency:
            raise missing("Account", company.full_name(account), "Bill")
        fields["CurrencyRef"] = currency
        fields.setdefault("ExchangeRate", "1")


def _due(call: Call, fields: Row) -> None:
    """The due date follows from the terms when none is given."""
    company = call.company
    vendor = company.entries[fields["VendorRef"]]
    if not fields.get("TermsRef") and vendor.fields.get("TermsRef"):
        fields["TermsRef"] = vendor.fields["TermsRef"]
    if not fields.get("DueDate"):
        terms = company.find(fields.get("TermsRef", ""))
        days = int(terms.fields["StdDueDays"]) if terms else company.preferences["DaysBillsAreDue"]
        fields["DueDate"] = (date.fromisoformat(fields["TxnDate"]) + timedelta(days=days)).isoformat()


def _number(call: Call, fields: Row) -> None:
    number, vendor = fields.get("RefNumber"), fields["VendorRef"]
    if call.options.duplicate_bill_numbers or not number or call.writer.who != "api":
        return
    for bill in call.company.every("Bill"):
        if (bill.fields["VendorRef"], bill.fields.get("RefNumber")) == (vendor, number):
            raise cannot_save("Bill", "The bill number is already used for this vendor.")


def _not_negative(lines: list[Row]) -> Decimal:
    total = sum((Decimal(line["Amount"]) for line in lines), Decimal(0))
    if total < 0:
        raise Refused(3210, "The amount of a bill may not be negative.", mistake="a bill with a negative total")
    return total
