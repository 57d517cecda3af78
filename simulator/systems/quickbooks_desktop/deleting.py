"""Deleting and voiding, and the two queries that tell of it for ninety days."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from lxml import etree

from simulator.systems.quickbooks_desktop import closing
from simulator.systems.quickbooks_desktop.answers import Refused, cannot_modify, unknown_object
from simulator.systems.quickbooks_desktop.company import LISTS, TRANSACTIONS, Entry, Row
from simulator.systems.quickbooks_desktop.orders import reopen_orders
from simulator.systems.quickbooks_desktop.records import Printer, put
from simulator.systems.quickbooks_desktop.times import bound
from simulator.systems.quickbooks_desktop.writing import Call, free, may_write

Element = Any  # lxml ships no types
REMEMBERED = 90 * 86_400.0
TXN_ORDER = ("TxnDelType", "TxnID", "TimeCreated", "TimeDeleted", "RefNumber")
LIST_ORDER = ("ListDelType", "ListID", "TimeCreated", "TimeDeleted", "FullName")


def delete_txn(call: Call, request: Element, printer: Printer) -> list[Element]:
    may_write(call)
    entry = _named(call, request.findtext("TxnID", ""), request.findtext("TxnDelType", ""))
    if entry.kind == "Bill" and call.company.sums().applied[entry.id]:
        text = f'Cannot delete the object "{entry.id}".  QuickBooks error message: The bill has payments.'
        raise Refused(3160, text)
    erase(call, entry)
    row = _row(call.company.deleted[-1], printer, TXN_ORDER)
    del row["TimeCreated"]
    return _parts(row, TXN_ORDER)


def delete_listed(call: Call, request: Element, printer: Printer) -> list[Element]:
    may_write(call)
    entry = _named(call, request.findtext("ListID", ""), request.findtext("ListDelType", ""))
    if used(call, entry):
        text = f'Cannot delete the object "{entry.id}".  QuickBooks error message: The list element is in use.'
        raise Refused(3170, text)
    free(call, entry)
    call.company.remove(entry, call.writer)
    row = _row(call.company.deleted[-1], printer, LIST_ORDER)
    del row["TimeCreated"]
    return _parts(row, LIST_ORDER)


def void_txn(call: Call, request: Element, printer: Printer) -> list[Element]:
    may_write(call)
    entry = _named(call, request.findtext("TxnID", ""), request.findtext("TxnVoidType", ""))
    if entry.kind == "Bill" and call.company.sums().applied[entry.id]:
        raise cannot_modify("Bill", "The bill has payments.", code=3185)
    void(call, entry)
    moments = {"TimeCreated": printer.moment(entry.created), "TimeModified": printer.moment(entry.modified)}
    row = {"TxnVoidType": entry.kind, "TxnID": entry.id, **moments, "RefNumber": entry.fields.get("RefNumber", "")}
    return _parts(row, row)


def erase(call: Call, entry: Entry) -> None:
    """Delete a transaction; what it paid is open again."""
    free(call, entry)
    closing.may_delete(call, entry)
    for paying, row in list(call.company.sums().applied[entry.id]):
        paying.applied = [each for each in paying.applied if each is not row]
        call.company.touch(paying, call.writer)
    reopen_orders(call, entry)
    bills = [call.company.entries[row["TxnID"]] for row in entry.applied]
    call.company.remove(entry, call.writer)
    for bill in bills if call.options.payment_touches_bill else ():
        call.company.touch(bill, call.writer)


def void(call: Call, entry: Entry) -> None:
    """The transaction stays, with nothing in it."""
    free(call, entry)
    closing.may_change(call, entry, entry.fields["TxnDate"])
    entry.lines = [{**line, "Amount": "0.00"} | ({"Cost": "0"} if "Cost" in line else {}) for line in entry.lines]
    entry.fields = {**entry.fields, "Memo": f"VOID: {entry.fields.get('Memo', '')}"[:4095].strip()}
    if entry.applied:
        entry.applied = []
        entry.fields["Amount"] = "0.00"
    call.company.touch(entry, call.writer, "void")


def used(call: Call, entry: Entry) -> bool:
    """Some transaction, line or list member refers to it."""
    return any(
        entry.id in (*other.fields.values(), *(value for line in other.lines for value in line.values()))
        for other in call.company.entries.values()
    )


def deleted_txns(call: Call, request: Element, printer: Printer) -> list[Element]:
    return _deleted(call, request, printer, TXN_ORDER)


def deleted_listed(call: Call, request: Element, printer: Printer) -> list[Element]:
    return _deleted(call, request, printer, LIST_ORDER)


def _deleted(call: Call, request: Element, printer: Printer, order: tuple[str, ...]) -> list[Element]:
    first, last = call.writer.moment - REMEMBERED, float("inf")
    zone = ZoneInfo(call.company.zone)
    if text := request.findtext("DeletedDateRangeFilter/FromDeletedDate"):
        first = max(first, bound(text, zone, last=False))
    if text := request.findtext("DeletedDateRangeFilter/ToDeletedDate"):
        last = bound(text, zone, last=True)
    found = []
    for kind in dict.fromkeys(each.text for each in request.findall(order[0])):
        rows = [r for r in call.company.deleted if r["kind"] == kind and first <= int(r["deleted"]) <= last]
        for row in sorted(rows, key=lambda each: float(each["deleted"])):
            name = order[0].replace("DelType", "DeletedRet")
            found.append(put(etree.Element(name), _row(row, printer, order), order))
    return found


def _named(call: Call, id: str, kind: str) -> Entry:
    entry = call.company.find(id, kind) if kind in (*LISTS, *TRANSACTIONS) else None
    if entry is None:
        raise unknown_object(id)
    return entry


def _row(row: Row, printer: Printer, order: tuple[str, ...]) -> Row:
    moments = (printer.moment(row["created"]), printer.moment(row["deleted"]))
    return dict(zip(order, (row["kind"], row["id"], *moments, row["name"]), strict=True))


def _parts(row: Row, order: Any) -> list[Element]:
    return list(put(etree.Element("parts"), row, order))
