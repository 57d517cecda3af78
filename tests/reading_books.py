"""A small world that reads companies' books in QuickBooks Online and copies them onto paper, a target of no vendor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from pydantic import BaseModel, ConfigDict

from chalicelib import wiring
from chalicelib.engine.engine import Engine
from chalicelib.engine.errors import ConnectorError
from chalicelib.engine.flow import Flow, Move, Policy
from chalicelib.engine.hints import Verifier
from chalicelib.engine.line import Budget, Line
from chalicelib.engine.link import Link
from chalicelib.engine.records import BookedPage, Company, Current, Done, Draft, Intent, Json, Money, Sighting, Summary
from chalicelib.engine.system import System
from chalicelib.entry import hooks, jobs, verifiers
from chalicelib.systems.quickbooks_online.bills import Bill
from chalicelib.systems.quickbooks_online.payments import BillPayment
from chalicelib.systems.quickbooks_online.vendors import Vendor
from simulator.memory.clock import MemoryClock
from simulator.systems.quickbooks_online import QuickBooksOnlineSimulator
from simulator.world import World

FLOW = "books_to_paper"
SYSTEM = "quickbooks_online"
APP = {"client_id": "intuit-app", "client_secret": "intuit-app-secret"}
VERIFIER = "b5771f19b12ddb4bcdb9f08bdc50bc63878a"
ADDRESS = f"https://mlc.example/prod/hooks/{SYSTEM}"
HOST = "https://quickbooks.api.intuit.com"


# ---------------------------------------------------------------------------------------------- the paper


@dataclass(slots=True)
class Paper:
    """Implements `Target`: one sheet per record mark. `history` is every body a mark ever had, None: removed."""

    sheets: dict[str, Json] = field(default_factory=dict)
    history: dict[str, list[Json | None]] = field(default_factory=dict)
    most_per_call: int = 10
    room = None

    def references(self, kind: str) -> Sequence[Any]:
        return []

    def look(self, intents: Sequence[Intent]) -> Sequence[Sighting]:
        return [Sighting(ours=[self._current(i.mark)] if i.mark in self.sheets else []) for i in intents]

    def read(self, kind: str, target_id: str) -> Current | None:
        return self._current(target_id) if target_id in self.sheets else None

    def dated(self, kind: str, first: date, last: date, *, token: str | None) -> BookedPage:
        return BookedPage(rows=[])

    def perform(self, intents: Sequence[Intent]) -> Sequence[Done | ConnectorError]:
        return [self._one(intent) for intent in intents]

    def _one(self, intent: Intent) -> Done:
        if intent.op == "delete":
            gone = self._current(intent.mark)
            del self.sheets[intent.mark]
            self.history[intent.mark].append(None)
            return Done(current=gone, answer={})
        self.sheets[intent.mark] = intent.body
        self.history.setdefault(intent.mark, []).append(intent.body)
        return Done(current=self._current(intent.mark), answer={}, money=intent.money)

    def _current(self, mark: str) -> Current:
        body = self.sheets[mark]
        return Current(id=mark, version=str(len(self.history[mark])), body=body, raw=body, ours=True, label=mark)


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid")


@dataclass(frozen=True, slots=True)
class _Door:
    line: Line

    def company(self) -> Company:
        return Company("paper", "Paper")


def _paper_system(papers: Mapping[str, Paper]) -> System:
    return System(
        name="paper",
        title="Paper",
        settings=_Settings,
        credentials={},
        identity=lambda settings: "",
        budget=Budget(per_second=1000),
        door=_Door,
        target=lambda line: papers[line.connection.tenant],
    )


# ---------------------------------------------------------------------------------------------- the flow


def _vendor(v: Vendor, link: Link) -> Draft:
    return Draft("vendor", {"name": v.name, "active": v.active, "email": v.email}, Summary(v.name))


def _bill(b: Bill, link: Link) -> Draft:
    lines = [{"on": x.account.name or x.item.name, "for": x.customer.name, "amount": str(x.amount)} for x in b.lines]
    body: Json = {"number": b.number, "vendor": b.vendor_id, "date": b.date.isoformat(), "lines": lines}
    return Draft("bill", body | {"tax": str(b.tax)}, Summary(b.number), money=Money(b.total, b.currency))


def _payment(p: BillPayment, link: Link) -> Draft:
    parts = {part.bill_id: str(part.amount) for part in p.parts}
    return Draft("bill_payment", {"date": p.date.isoformat(), "parts": parts, "by": p.method}, Summary(p.id))


FLOWS = Flow(
    Move(f"{SYSTEM}.vendor", "paper.vendor", make=_vendor, dated=False, withdrawn="withdrawn"),
    Move(f"{SYSTEM}.bill", "paper.bill", make=_bill, withdrawn="withdrawn"),
    Move(f"{SYSTEM}.bill_payment", "paper.bill_payment", make=_payment, withdrawn="withdrawn"),
    title="Books to paper",
    policies=[Policy("withdrawn", "delete", ("hold", "delete"), "What is gone from the books.")],
)


# ---------------------------------------------------------------------------------------------- the world


class BooksWorld(World):
    """Companies by tenant, each with books of its own in one simulator and a sheet of paper to copy them onto."""

    def __init__(self, companies: Mapping[str, str], *, seed: int = 0, **options: Any) -> None:
        self.papers = {tenant: Paper() for tenant in companies}
        self.realms = dict(companies)
        clock = MemoryClock(seed=seed)
        self.books = QuickBooksOnlineSimulator(
            clock=clock.now,
            client_id=APP["client_id"],
            client_secret=APP["client_secret"],
            realms={realm: f"{tenant} books" for tenant, realm in companies.items()},
            post=self.post,
        )
        hosts = (HOST, "https://oauth.platform.intuit.com")
        super().__init__(clock=clock, systems=dict.fromkeys(hosts, self.books), seed=seed)
        self.books.backstage_switch("rotate_every_refresh", False)
        for name, value in options.items():
            self.books.backstage_switch(name, value)
        for tenant, realm in companies.items():
            grant = self.books.backstage_grant(realm)
            secret = {**APP, "refresh_token": grant["refresh_token"]}
            self.connect(tenant, "books", SYSTEM, {"realm": realm}, secret)
            self.connect(tenant, "paper", "paper", {}, {})
            self.add_flow(tenant, FLOW, source="books", target="paper", cut_over=date(2026, 1, 1))

    def _container(self) -> Engine:
        paper = _paper_system(self.papers)
        return replace(
            super()._container(),
            load_system=lambda name: paper if name == "paper" else wiring.load_system(name),
            load_flow=lambda name: FLOWS,
        )

    def handle_one(self) -> None:
        received = self.queue.receive("writer-paper", 10)
        if not received:
            super().handle_one()
            return
        self._handled = True
        jobs.write(self.engine, "writer-paper", [jobs.Message(body=m.body, receipt=m.receipt) for m in received])
        self.queue.acknowledge("writer-paper", [message.receipt for message in received])

    # ------------------------------------------------------------------ webhooks

    def take_webhooks(self) -> None:
        """As the operator sets them up: the verifier here, the address in Intuit's portal."""
        verifiers.enter(self.engine, SYSTEM, Verifier("production", APP["client_id"], VERIFIER))
        self.books.backstage_subscribe(ADDRESS, VERIFIER)

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        assert url == ADDRESS
        return self.hook(body, headers)

    def hook(self, body: bytes, headers: Mapping[str, str] | None = None) -> int:
        """One delivery at our door; signed as it should be, unless headers are given."""
        sent = self.books.webhooks.sign(body) if headers is None else headers
        return hooks.dispatch(self.engine, SYSTEM, {name.lower(): value for name, value in sent.items()}, body)

    def deliver(self) -> None:
        """Webhooks that are due, and everything that follows."""
        self.books.run_due()
        self.until_quiet()

    # ------------------------------------------------------------------ people at work, and looking

    def run(self, tenant: str = "acme", *, full: bool = False) -> None:
        self.cycle(tenant, FLOW, full=full)

    def vendor(self, name: str, tenant: str = "acme", **fields: Any) -> str:
        return str(self.books.backstage_add_vendor(self.realms[tenant], name, **fields)["Id"])

    def bill(self, vendor: str, *amounts: str, tenant: str = "acme", **fields: Any) -> str:
        lines = fields.pop("lines", [{"amount": amount, "description": "work"} for amount in amounts])
        fields.setdefault("TxnDate", "2026-02-20")
        return str(self.books.backstage_add_bill(self.realms[tenant], vendor, lines, **fields)["Id"])

    def sheets(self, kind: str, tenant: str = "acme") -> dict[str, Json]:
        """What lies on paper, by source id."""
        begin = f"[mlc:books:{kind}:"
        found = self.papers[tenant].sheets
        return {mark.removeprefix(begin)[:-1]: body for mark, body in found.items() if mark.startswith(begin)}

    def reads(self) -> int:
        """Metered reads of the vendor's so far."""
        return int(self.metrics.total("MeteredReads", system=SYSTEM))
