"""A customer whose papers go into Procurify: a source of one's own making, and all the ways that a bill may take."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from pydantic import BaseModel

from chalicelib import wiring
from chalicelib.aws.mail import composed
from chalicelib.engine.flow import Flow, Move, Policy
from chalicelib.engine.ledger import Head
from chalicelib.engine.line import Budget
from chalicelib.engine.link import Link
from chalicelib.engine.ports import Letter
from chalicelib.engine.records import Company, Draft, Json, Money, Page, Row, SourceDocument, Summary, fingerprint
from chalicelib.engine.system import System
from chalicelib.systems.procurify.drafts import (
    bill_line,
    bill_match_draft,
    inbox_draft,
    paid_draft,
    requisition_draft,
)
from simulator.memory.clock import MemoryClock
from simulator.systems.ap_inbox import ApInbox
from simulator.systems.procurify import ProcurifySimulator
from simulator.world import World

FLOW, TENANT, VENDOR = "papers_to_procurify", "acme", "Ridgeline HVAC LLC"
ADDRESS = "acme-ap@inbox.procurify.example.test"
DAY = date(2026, 2, 27)


@dataclass(slots=True)
class Papers:
    """Implements `Source`: bills and their payments, as somebody wrote them down. `kept` is by kind and id."""

    kept: dict[tuple[str, str], Json] = field(default_factory=dict)

    def page(self, kind: str, *, watermark: str | None, token: str | None, full: bool = False) -> Page:
        found = [self.document(kind, id_) for of, id_ in self.kept if of == kind]
        return Page(rows=[Row(one.id, one.fingerprint, document=one) for one in found], watermark="1")

    def fetch(self, kind: str, source_id: str) -> SourceDocument | None:
        return self.document(kind, source_id) if (kind, source_id) in self.kept else None

    def parse(self, kind: str, body: Json) -> object:
        return body

    def dated(self, kind: str, first: date, last: date, *, token: str | None) -> Page:
        return self.page(kind, watermark=None, token=None)

    def document(self, kind: str, id_: str) -> SourceDocument:
        body = self.kept[kind, id_]
        money = Money(Decimal(str(body["amount"])), "USD")
        summary = Summary(f"{kind} {body['number']}", str(body["number"]), VENDOR, DAY, money)
        return SourceDocument(id_, body, fingerprint(body), summary)

    def company(self) -> Company:
        return Company("papers", "Papers")


class Settings(BaseModel):
    pass


def bill(paper: Json, link: Link) -> Draft:
    lines = [bill_line(description="filter service", amount=Decimal(str(paper["amount"])), account_code="6200")]
    told: dict[str, Any] = {"vendor": str(paper["vendor"]), "vendor_name": VENDOR, "number": str(paper["number"])}
    told |= {"date": DAY, "currency": "USD", "lines": lines}
    if link.policy("ap") == "inbox":
        return inbox_draft(**told)
    if link.policy("ap") == "hold":
        return bill_match_draft(**told)
    return requisition_draft(**told, required=date(2026, 3, 15), location="Head Office", department="Operations")


def payment(paper: Json, link: Link) -> Draft:
    number, due = str(paper["number"]), Decimal(str(paper["due"]))
    paid = Decimal(str(paper["amount"]))
    owed = link.known("bill", str(paper["bill"]))
    if not owed.target_id:
        raise link.waits_for("bill", str(paper["bill"]), owed)
    return paid_draft(
        bill=owed.target_id, vendor_name=VENDOR, number=number, total=due, paid=paid, date=DAY, currency="USD"
    )


THE_FLOW = Flow(
    Move("papers.bill", "procurify.inbox_mail", make=bill, kinds=("bill_match", "requisition"), placed=("bill",)),
    Move("papers.payment", "procurify.payment", make=payment, partners=("bill",)),
    title="Papers to Procurify",
    policies=[Policy("ap", "hold", ("hold", "inbox", "requisition"), "What becomes of a bill that is not there.")],
)


class PaperOffice:
    """One customer, whose papers go into Procurify."""

    def __init__(self, ap: str) -> None:
        clock = MemoryClock()
        self.procurify = ProcurifySimulator(clock=clock.now, client_id="app", client_secret="secret-of-acme")
        self.inbox = ApInbox(procurify=self.procurify, address=ADDRESS, clock=clock.now)
        self.papers = Papers()
        self.world = World(clock=clock, systems={"https://acme.procurify.com": self.procurify})
        self.world.mail.deliver = self.deliver
        self.world.engine.load_flow = {FLOW: THE_FLOW}.__getitem__
        self.world.engine.load_system = self._system
        self.world.connect(TENANT, "books", "papers", {}, {"key": "k"})
        secret = {"client_id": "app", "client_secret": "secret-of-acme"}
        self.world.connect(TENANT, "buying", "procurify", {"domain": "acme", "ap_inbox": ADDRESS}, secret)
        self.world.add_flow(
            TENANT, FLOW, source="books", target="buying", cut_over=date(2026, 1, 1), policies={"ap": ap}
        )
        self.vendor = int(self.procurify.backstage_add_vendor(VENDOR)["id"])
        self.enter("1.00", "OLD-1")

    def _system(self, name: str) -> System:
        if name == "procurify":
            return wiring.load_system(name)
        return System(
            name="papers",
            title="Papers",
            settings=Settings,
            credentials={},
            identity=lambda settings: "",
            budget=Budget(per_second=100),
            door=lambda line: self.papers,
            source=lambda line: self.papers,
        )

    def deliver(self, letter: Letter) -> None:
        """As SES hands a mail to Procurify."""
        data = base64.b64encode(composed(letter, "mlc-test@mail.example")).decode()
        answer = self._post({"FromEmailAddress": "mlc-test@mail.example", "Content": {"Raw": {"Data": data}}})
        assert answer == 200

    def _post(self, body: Json) -> int:
        from werkzeug.test import Client

        return Client(self.inbox).post("/v2/email/outbound-emails", json=body).status_code

    def paper(self, amount: str = "300.00", number: str = "FB-123", id_: str = "1") -> None:
        self.papers.kept["bill", id_] = {"number": number, "amount": amount, "vendor": self.vendor}

    def paid(self, amount: str = "300.00", due: str = "300.00") -> None:
        self.papers.kept["payment", "1"] = {"number": "FB-123", "amount": amount, "due": due, "bill": "1"}

    def enter(self, amount: str = "300.00", number: str = "FB-123", **fields: Any) -> str:
        line = {"description": "filter service", "account_code": "6200", "amount": amount}
        fields = {"invoice_date": DAY.isoformat(), **fields}
        return str(self.procurify.backstage_add_bill(self.vendor, [line], invoice_number=number, **fields)["uuid"])

    def cycle(self, times: int = 1) -> None:
        for _ in range(times):
            self.world.cycle(TENANT, FLOW)

    def head(self, move: str = "bill", id_: str = "1") -> Head:
        return self.world.head(TENANT, FLOW, move, id_)

    def reason(self, move: str = "bill") -> str:
        head = self.head(move)
        assert head.state == "held" and head.hold, head
        return str(head.hold["reason"])

    def linked(self, move: str = "bill", id_: str = "1") -> str:
        head = self.head(move, id_)
        assert head.state == "done" and head.link, (head.state, head.hold, head.trouble)
        return str(head.link["target_id"])

    def writes(self) -> list[str]:
        return [call for call in self.procurify.faults.calls if not call.startswith("GET") and "oauth" not in call]
