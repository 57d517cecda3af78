"""Procurify beside a company file that answers at once: no Web Connector and no waiting, the messages as they are.

What a message asks is decided by the simulated QuickBooks, which knows our code as little as the real one does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from chalicelib import wiring
from chalicelib.engine.errors import ConnectorError, Held, Unknown
from chalicelib.engine.ledger import Head
from chalicelib.engine.records import BookedPage, Current, Done, Intent, Reference, Sighting
from chalicelib.engine.records import Company as Pinned
from chalicelib.engine.system import System
from chalicelib.systems.quickbooks_desktop import current, messages, qbxml, reading, writing
from chalicelib.systems.quickbooks_desktop.asking import FACTS, requests
from chalicelib.systems.quickbooks_desktop.messages import Page
from chalicelib.systems.quickbooks_desktop.qbxml import Request
from chalicelib.systems.quickbooks_desktop.rows import Bill, Row, Vendor
from simulator.company import CLIENT, CUT_OVER
from simulator.memory.clock import MemoryClock
from simulator.systems.procurify import ProcurifySimulator
from simulator.systems.quickbooks_desktop import QuickBooksDesktopSimulator
from simulator.world import World
from tests.unit.systems.quickbooks_desktop_desk import DATA, complaints

FLOW = "procurify_to_quickbooks_desktop"
APP = "ml-connector"
ACCOUNTS = {"tax_account": "Sales Tax", "freight_account": "Freight", "discount_account": "Discounts"}


@dataclass(slots=True)
class Books:
    """The target, asked and answered in one go. `lose` answers are lost, after what they tell of has happened."""

    sim: QuickBooksDesktopSimulator
    most_per_call: int = 25
    lose: int = 0

    @property
    def room(self) -> int | None:
        return None

    def company(self) -> Pinned:
        return Pinned(id="file", name="the company file")

    def references(self, kind: str) -> Sequence[Reference]:
        if kind == "preference":
            return current.preferences(
                [row for reply in self._ask(*requests(FACTS, "f", [], Page(1))) for row in reply]
            )
        return current.references(kind, self._ask(*requests(kind, "l", [], Page(500)))[0])

    def look(self, intents: Sequence[Intent]) -> Sequence[Sighting]:
        return [self._look(intent) for intent in intents]

    def read(self, kind: str, target_id: str) -> Current | None:
        found = self._rows(kind, target_id)
        return current.of(found[0]) if found else None

    def dated(self, kind: str, first: date, last: date, *, token: str | None) -> BookedPage:
        raise NotImplementedError

    def perform(self, intents: Sequence[Intent]) -> Sequence[Done | ConnectorError]:
        return [self._write(intent) for intent in intents]

    # ------------------------------------------------------------------ inside

    def _look(self, intent: Intent) -> Sighting:
        if intent.kind == "vendor":
            rows = self._ask(messages.vendors_by_name("n", [str(intent.body["name"])]))[0]
        else:
            rows = self._ask(messages.bills_by_number("n", [str(intent.body["number"])]))[0]
        found = [current.of(row, intent.mark) for row in rows]
        alike = [one for one in found if one.body.get("vendor") == intent.body.get("vendor")]
        return Sighting(ours=[one for one in found if one.ours], twins=[one for one in alike if not one.ours])

    def _rows(self, kind: str, target_id: str) -> Sequence[Row]:
        by_id = {"vendor": messages.vendors_by_id, "bill": messages.bills_by_id}[kind]
        return self._ask(by_id("r", [target_id]))[0]

    def _write(self, intent: Intent) -> Done | ConnectorError:
        stands = self._rows(intent.kind, intent.current.id)[0] if intent.current else None
        request = writing.request(intent, "w", stands)
        reply = self._answer(request).replies[0]
        if reply.status.code != 0:
            return Held("not_accepted", reply.status.message, cause=f"status {reply.status.code}", fix="Look at it.")
        if self.lose:
            self.lose -= 1
            return Unknown("The answer was lost.")
        now = intent.current if intent.op in ("delete", "void") else current.of(reply.rows[0], intent.mark)
        assert now is not None
        return Done(current=now, answer={"status": reply.status.message}, money=now.money if intent.money else None)

    def _ask(self, *asked: Request) -> list[Sequence[Row]]:
        answer = self._answer(*asked)
        assert not [unread.says for reply in answer.replies for unread in reply.unread]
        return [reply.rows for reply in answer.replies]

    def _answer(self, *asked: Request) -> reading.Answer:
        text = qbxml.message(asked, version="13.0")
        assert not DATA.exists() or not complaints(text), complaints(text)
        return reading.whole(self.sim.desk.begin("", APP).process(text))


class Company:
    """One customer: Procurify, a company file with accounts, classes and jobs, and the flow between them."""

    def __init__(self, *, mappings: Any = None, state: Any = "live", **policies: str) -> None:
        clock = MemoryClock()
        self.procurify = ProcurifySimulator(clock=clock.now, domain="acme")
        self.sim = QuickBooksDesktopSimulator(clock=clock.now)
        self.sim.company().allowed.append(APP)
        self.books = Books(self.sim)
        for name, kind, number in (
            ("Concrete", "CostOfGoodsSold", "5010"), ("Office", "Expense", "6010"), ("Sales Tax", "Expense", ""),
            ("Discounts", "Expense", ""),
        ):  # fmt: skip
            self.sim.backstage_add_account(name, kind, number)
        for code in ("5010", "6010"):
            self.procurify.backstage_add_account_code(code, f"code {code}")
        self.world = World(clock=clock, systems={"https://acme.procurify.com": self.procurify})
        self.world.engine.load_system = self._system
        self.world.connect("acme", "procurify", "procurify", {"domain": "acme"}, CLIENT)
        self.world.connect("acme", "books", "quickbooks_desktop", {}, {})
        self.setup = self.world.add_flow(
            "acme", FLOW, source="procurify", target="books", cut_over=CUT_OVER, state=state,
            policies={**ACCOUNTS, **policies}, mappings=mappings,
        )  # fmt: skip

    def _system(self, name: str) -> System:
        found = wiring.load_system(name)
        if name != "quickbooks_desktop":
            return found
        return replace(found, door=lambda line: self.books, target=lambda line: self.books, caller=None)

    # ------------------------------------------------------------------ people at work

    def vendor(self, name: str = "Northwind Paper Co", *, there: bool = True) -> Any:
        made = self.procurify.backstage_add_vendor(name=name)
        if there:
            self.sim.backstage_add_vendor(name)
        return made

    def order(self, vendor: Any, *lines: Any, **fields: Any) -> str:
        given = list(lines) or [{"name": "Cement", "account_code": "5010", "amount": "72.00"}]
        fields.setdefault("date", "2026-02-20")
        made = self.procurify.backstage_add_purchase_order(vendor_id=vendor["id"], lines=given, **fields)
        return str(made["procurify_PO"])

    def bill(self, vendor: Any, *, order: str = "", number: str = "INV-1", amount: str = "72.00") -> str:
        line: Any = {"description": "Cement", "account_code": "5010", "amount": amount}
        line |= {"purchase_order": int(order)} if order else {}
        made = self.procurify.backstage_add_bill(
            vendor_id=vendor["id"], lines=[line], invoice_number=number, invoice_date="2026-02-21"
        )
        return str(made["uuid"]).replace("-", "")

    def choose(self, **policies: str) -> None:
        """The customer changes a policy, and holds that waited for it are let go at the next run."""
        from chalicelib.engine import setup as setups

        now = self.world.open("acme", FLOW).setup
        self.world.store.write([setups.flow_put(replace(now, policies={**now.policies, **policies}))])

    def listed(self, kind: str, name: str) -> str:
        """The id of an entry of one of QuickBooks' lists."""
        return next(entry.id for entry in self.sim.company().every(kind) if entry.fields["Name"] == name)

    def cycle(self) -> None:
        self.world.cycle("acme", FLOW)

    # ------------------------------------------------------------------ looking

    def head(self, source_id: str, move: str = "purchase_order") -> Head:
        return self.world.head("acme", FLOW, move, source_id)

    def reason(self, source_id: str, move: str = "purchase_order") -> str:
        return str((self.head(source_id, move).hold or {}).get("reason"))

    def bills(self) -> list[Bill]:
        """All the bills of the file, whoever entered them."""
        rows = self.books._ask(messages.bills_dated("b", Page(500), first=date(2020, 1, 1), last=date(2030, 1, 1)))[0]
        return [row for row in rows if isinstance(row, Bill)]

    def vendors(self) -> list[Vendor]:
        return [row for row in self.books._ask(messages.vendors("v", Page(500)))[0] if isinstance(row, Vendor)]

    def assert_no_mistakes(self) -> None:
        assert self.procurify.our_mistakes == []
        assert self.sim.our_mistakes == []
