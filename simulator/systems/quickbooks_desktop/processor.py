"""Runs message sets on the open company file: text in, text out, or an hresult for the whole set."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from lxml import etree

from simulator.systems.quickbooks_desktop import bills, deleting, extending, host, names, orders
from simulator.systems.quickbooks_desktop.answers import NO_MATCH, OK, PARSE_ERROR, Hresult, Refused, Stale, Status
from simulator.systems.quickbooks_desktop.asking import Answer, Pages, to_pay
from simulator.systems.quickbooks_desktop.company import CompanyFile, Entry, Row, Writer
from simulator.systems.quickbooks_desktop.documents import Asked, MessageSet, read_document
from simulator.systems.quickbooks_desktop.options import Options
from simulator.systems.quickbooks_desktop.records import Printer, Wanted
from simulator.systems.quickbooks_desktop.recovery import BAD_ID, DIFFERENT, Memory
from simulator.systems.quickbooks_desktop.writing import Call

Element = Any  # lxml ships no types
KEPT: dict[str, Callable[[Call, Element], Entry]] = {
    "VendorAddRq": names.add_vendor,
    "VendorModRq": names.change_vendor,
    "AccountAddRq": names.add_account,
    "BillAddRq": bills.add_bill,
    "BillModRq": bills.change_bill,
    "PurchaseOrderAddRq": orders.add_order,
}
ERASED: dict[str, Callable[[Call, Element, Printer], list[Element]]] = {
    "TxnDelRq": deleting.delete_txn,
    "TxnVoidRq": deleting.void_txn,
    "ListDelRq": deleting.delete_listed,
}
TOLD: dict[str, Callable[[Call, Element, Printer], list[Element]]] = {
    "TxnDeletedQueryRq": deleting.deleted_txns,
    "ListDeletedQueryRq": deleting.deleted_listed,
}
EXTENDED = {"DataExtDefAddRq": extending.define, "DataExtAddRq": extending.extend}
NOT_RUN = Status(3231, "The request has not been processed.")


@dataclass(slots=True)
class PlannedStatus:
    """A status that people's and machines' moods bring about, at requests that match; `done`: the work was done."""

    code: int
    match: str = ""
    done: bool = False
    times: int = 1
    message: str = "The request could not be completed."


def new_call(company: CompanyFile, options: Options, moment: datetime, who: str) -> Call:
    today = moment.astimezone(ZoneInfo(company.zone)).date().isoformat()
    return Call(company, options, Writer(moment.timestamp(), who), today)


class Processor:
    """One session of one application with one company file."""

    def __init__(
        self,
        company: CompanyFile,
        app: str,
        options: Options,
        *,
        clock: Callable[[], datetime],
        session: str,
        highest: str = "13.0",
        mistake: Callable[[str, str], None] = lambda call, what: None,
        planned: list[PlannedStatus] | None = None,
    ) -> None:
        self.company = company
        self.app = app
        self.options = options
        self.clock = clock
        self.highest = highest
        self.mistake = mistake
        self.planned = planned if planned is not None else []
        self.pages = Pages(session)
        self.printer = Printer(company, options)

    def process(self, text: str) -> str:
        try:
            messages = read_document(text, highest=self.highest)
            if self.options.include_ret_element_breaks and "<IncludeRetElement>" in text:
                raise Hresult(PARSE_ERROR)
        except Hresult as refused:
            if refused.mistake:
                self.mistake("ProcessRequest", f"{refused.code}: {refused.mistake}")
            raise
        if messages.new_id and messages.new_id == messages.old_id and messages.requests:
            self.mistake("ProcessRequest", f"message set {messages.new_id} is asked for and written at once")
        moment = self.clock()
        memory = Memory(self.company, self.app, self.options)
        status, answers = memory.meet(messages, lambda: self._run(messages, moment), moment.timestamp())
        if status in (DIFFERENT, BAD_ID):
            self.mistake("ProcessRequest", f"message set {messages.new_id or messages.old_id}: {status}")
        return self._document(messages, status, answers)

    def _run(self, messages: MessageSet, moment: datetime) -> list[Row]:
        rows: list[Row] = []
        stopped = False
        call = new_call(self.company, self.options, moment.astimezone(UTC), "api")
        for asked in messages.requests:
            answer = Answer(NOT_RUN) if stopped else self._answer(call, asked)
            stopped = stopped or (messages.stops and answer.status.code >= 1000)
            rows.append(self._row(asked, answer, bare=messages.bare))
        return rows

    def _answer(self, call: Call, asked: Asked) -> Answer:
        try:
            if asked.refusal:
                raise asked.refusal
            plan = next((each for each in self.planned if each.times > 0 and each.match in asked.name), None)
            if plan is None:
                return self._perform(call, asked)
            plan.times -= 1
            answer = self._perform(call, asked) if plan.done else Answer(OK)
            return Answer(Status(plan.code, plan.message), answer.records if plan.code < 1000 else [])
        except Refused as refused:
            if refused.status.mistake:
                self.mistake(asked.name, f"{refused.status.code}: {refused.status.mistake}")
            current = [self.printer.ret(self.company.entries[refused.id])] if isinstance(refused, Stale) else []
            return Answer(refused.status, current)

    def _perform(self, call: Call, asked: Asked) -> Answer:
        name, request = asked.name, asked.element
        if name in KEPT:
            entry = KEPT[name](call, request[0])
            elements = tuple(each.text for each in request.findall("IncludeRetElement"))
            return Answer(
                OK, [self.printer.ret(entry, Wanted(links=True, elements=elements))], recovery=_recovery(entry)
            )
        if name in EXTENDED:
            return Answer(OK, EXTENDED[name](call, request[0]))
        if name in ERASED:
            return Answer(OK, ERASED[name](call, request, self.printer))
        if name in TOLD:
            found = TOLD[name](call, request, self.printer)
            return Answer(OK if found else NO_MATCH, found)
        if name == "BillToPayQueryRq":
            return to_pay(call, request, self.printer)
        if (standing := self._standing(name, request)) is not None:
            return Answer(OK, [standing])
        answer = self.pages.query(call, request, self.printer)
        while self.pages.mistakes:
            self.mistake(name, self.pages.mistakes.pop())
        return answer

    def _standing(self, name: str, request: Element) -> Element | None:
        owners = tuple(each.text for each in request.findall("OwnerID"))
        if name == "HostQueryRq":
            return host.host(self.company, highest=self.highest)
        if name == "CompanyQueryRq":
            return host.about(self.company, self.printer, owners)
        return host.preferences(self.company, self.printer) if name == "PreferencesQueryRq" else None

    def _row(self, asked: Asked, answer: Answer, *, bare: bool) -> Row:
        attributes = {"requestID": asked.element.get("requestID", "")[:50]} if asked.element.get("requestID") else {}
        severity = answer.status.severity
        attributes |= {
            "statusCode": str(answer.status.code),
            "statusSeverity": self.options.warn_word if severity == "Warn" else severity,
            "statusMessage": answer.status.message,
            **answer.counts,
        }
        return {
            "name": asked.name.removesuffix("Rq") + "Rs",
            "attributes": attributes,
            "records": [] if bare else [etree.tostring(each).decode("ascii") for each in answer.records],
            "recovery": answer.recovery,
            "is_write": asked.is_write,
        }

    def _document(self, messages: MessageSet, status: int, answers: list[Element]) -> str:
        attributes = {"newMessageSetID": messages.new_id} if messages.new_id else {}
        if status >= 0:
            attributes["messageSetStatusCode"] = str(status)
        root = etree.Element("QBXML")
        holder = etree.SubElement(root, "QBXMLMsgsRs", attributes)
        holder.extend(answers)
        if self.options.raw_letters:
            return f'<?xml version="1.0" encoding="windows-1252"?>{etree.tostring(root, encoding="unicode")}'
        body: bytes = etree.tostring(root, encoding="us-ascii", pretty_print=self.options.pretty, xml_declaration=False)
        return '<?xml version="1.0" ?>' + ("\n" if self.options.pretty else "") + body.decode("ascii")


def _recovery(entry: Entry) -> Row:
    name = "ListID" if "Name" in entry.fields else "TxnID"
    row = {name: entry.id, "EditSequence": entry.sequence, "ExternalGUID": entry.fields.get("ExternalGUID", "")}
    return row | ({"TxnNumber": str(entry.number)} if entry.number else {})
