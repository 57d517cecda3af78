"""Queries: pages through iterators, which live as long as the session with QuickBooks does."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from simulator.systems.quickbooks_desktop.answers import NO_MATCH, Refused, Status
from simulator.systems.quickbooks_desktop.company import ITEMS, LISTS, PEOPLE, TRANSACTIONS, Entry, Row
from simulator.systems.quickbooks_desktop.records import Printer, Wanted, money, put
from simulator.systems.quickbooks_desktop.ret_table import RETS
from simulator.systems.quickbooks_desktop.selecting import select
from simulator.systems.quickbooks_desktop.writing import Call, resolve

Element = Any  # lxml ships no types
FAMILIES = {"Entity": PEOPLE, "Item": ITEMS, "Terms": ("StandardTerms",)}
NAMESPACE = uuid.UUID("5d2f8f5e-20f4-4a44-9f37-3a52c7f3a001")


@dataclass(slots=True)
class Iterator:
    request: str
    filters: bytes
    left: list[str]


@dataclass(slots=True)
class Answer:
    """What one request came to."""

    status: Status
    records: list[Element] = field(default_factory=list)
    counts: dict[str, str] = field(default_factory=dict)
    recovery: Row = field(default_factory=dict)


class Pages:
    """The iterators of one session."""

    def __init__(self, session: str) -> None:
        self.session = session
        self.open: dict[str, Iterator] = {}
        self.started = 0
        self.mistakes: list[str] = []

    def query(self, call: Call, request: Element, printer: Printer) -> Answer:
        name = str(request.tag).removesuffix("QueryRq")
        kinds = FAMILIES.get(name, (name,))
        assert set(kinds) <= {*LISTS, *TRANSACTIONS}
        most = int(request.findtext("MaxReturned") or 0) or None
        counts: dict[str, str] = {}
        status = Status()
        asked = request.get("iterator", "")
        if asked in ("Continue", "Stop"):
            entries, counts = self._next(call, request, most, stop=asked == "Stop")
        else:
            entries, status = select(call, request, kinds)
            if asked == "Start":
                entries, counts = self._begin(request, entries, most)
            else:
                entries = entries[:most]
        counts = {"retCount": str(len(entries)), **counts}
        if not entries and status.code == 0:
            return Answer(NO_MATCH, counts=counts)
        if request.get("metaData") == "MetaDataOnly":
            return Answer(status, counts=counts)
        wanted = _wanted(request, name)
        return Answer(status, [printer.ret(entry, wanted) for entry in entries], counts)

    def _begin(self, request: Element, entries: list[Entry], most: int | None) -> tuple[list[Entry], dict[str, str]]:
        self.started += 1
        id = f"{{{uuid.uuid5(NAMESPACE, f'{self.session}-{self.started}')}}}"
        cut = len(entries) if most is None else most
        left = [entry.id for entry in entries[cut:]]
        self.open[id] = Iterator(str(request.tag), _filters(request), left)
        return entries[:cut], {"iteratorRemainingCount": str(len(left)), "iteratorID": id}

    def _next(
        self, call: Call, request: Element, most: int | None, *, stop: bool
    ) -> tuple[list[Entry], dict[str, str]]:
        id = request.get("iteratorID", "")
        iterator = self.open.get(id)
        if iterator is None or iterator.request != request.tag or (not iterator.left and not stop):
            raise Refused(3391, "The iterator ID is not valid.")
        if stop:
            del self.open[id]
            return [], {}
        if iterator.filters != _filters(request):
            self.mistakes.append(f"{request.tag} continues with other filters than it began with")
        cut = len(iterator.left) if most is None else most
        page, iterator.left = iterator.left[:cut], iterator.left[cut:]
        entries = [entry for entry in (call.company.find(each) for each in page) if entry]
        return entries, {"iteratorRemainingCount": str(len(iterator.left)), "iteratorID": id}


def to_pay(call: Call, request: Element, printer: Printer) -> Answer:
    """The open bills and usable credits of one vendor."""
    payee = resolve(call, request.find("PayeeEntityRef"), "PayeeEntityRef", "BillToPayQuery")
    until = request.findtext("DueDate") or "9999"
    records = []
    for entry in call.company.every("Bill", "VendorCredit"):
        left = call.company.open_amount(entry)
        late = entry.fields.get("DueDate", "") > until
        if entry.fields["VendorRef"] != payee or left <= 0 or late:
            continue
        values: Row = {**entry.fields, "TxnID": entry.id, "TxnType": entry.kind}
        values["APAccountRef"] = printer.reference("APAccountRef", entry.fields["APAccountRef"])
        values["CurrencyRef"] = None
        values["AmountDue" if entry.kind == "Bill" else "CreditRemaining"] = money(left)
        ret = etree.Element("BillToPayRet")
        name = "BillToPay" if entry.kind == "Bill" else "CreditToApply"
        ret.append(put(etree.Element(name), values, RETS["BillToPay"]))
        records.append(ret)
    counts = {"retCount": str(len(records))}
    return Answer(Status() if records else NO_MATCH, records, counts)


def _wanted(request: Element, name: str) -> Wanted:
    return Wanted(
        lines=request.findtext("IncludeLineItems") in ("true", "1"),
        links=request.findtext("IncludeLinkedTxns") in ("true", "1"),
        owners=tuple(each.text for each in request.findall("OwnerID")),
        elements=tuple(each.text for each in request.findall("IncludeRetElement")),
    )


def _filters(request: Element) -> bytes:
    return b"".join(etree.tostring(each).strip() for each in request)
