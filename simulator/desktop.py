"""A small company for tests: Procurify, and QuickBooks Desktop on a PC whose Web Connector calls the service."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from chalicelib.engine.caller import Visit, Wish
from chalicelib.engine.connection import Connection
from chalicelib.engine.ledger import Head
from chalicelib.engine.setup import connections
from simulator.memory.clock import MemoryClock
from simulator.systems.procurify import ProcurifySimulator
from simulator.systems.quickbooks_desktop import QuickBooksDesktopSimulator
from simulator.systems.quickbooks_desktop.soap import Reply
from simulator.systems.quickbooks_desktop.transport import Unreachable
from simulator.world import Died, World

FLOW = "procurify_to_quickbooks_desktop"
SYSTEM = "quickbooks_desktop"
CLIENT = {"client_id": "procurify-app", "client_secret": "procurify-app-secret"}
SERVICE = "https://mlc.example"
CUT_OVER = date(2026, 1, 1)
ACCOUNTS = (
    ("Concrete", "CostOfGoodsSold", "5010"),
    ("Office Supplies", "Expense", "6010"),
    ("Freight In", "Expense", "6100"),
    ("Sales Tax Paid", "Expense", "6110"),
)


class DesktopCompany:
    """`pc` is the PC with QuickBooks and the Web Connector; several companies may live in one world."""

    def __init__(
        self,
        *,
        tenant: str = "acme",
        world: World | None = None,
        seed: int = 0,
        state: Any = "live",
        policies: dict[str, str] | None = None,
        mappings: dict[str, dict[str, str]] | None = None,
        zone: str = "America/New_York",
    ) -> None:
        self.tenant = tenant
        clock = world.clock if world else MemoryClock(seed=seed)
        self.world = world or World(clock=clock, systems={}, seed=seed)
        self.procurify = ProcurifySimulator(clock=clock.now, domain=tenant)
        self.world.http.routes[f"https://{tenant}.procurify.com"] = self.procurify
        self.pc = QuickBooksDesktopSimulator(
            clock=clock.now, transport=self.transport, pause=clock.advance, name=f"{tenant} books", zone=zone
        )
        self.accounts = {code: self.pc.backstage_add_account(name, kind, code) for name, kind, code in ACCOUNTS}
        for code in ("5010", "6010", "7010"):
            self.procurify.backstage_add_account_code(code, f"code {code}")
        self.world.connect(tenant, "procurify", "procurify", {"domain": tenant}, CLIENT)
        self.world.connect(tenant, "books", SYSTEM, {}, {})
        self.world.add_flow(
            tenant,
            FLOW,
            source="procurify",
            target="books",
            cut_over=CUT_OVER,
            state=state,
            policies={"tax_account": "6110", "freight_account": "6100", **(policies or {})},
            mappings=mappings,
        )
        self.user = self._admit()

    def _admit(self) -> str:
        caller = self.world.engine.load_system(SYSTEM).caller
        assert caller is not None
        given = caller.admit(self.world.engine, self.connection, Wish(f"{SERVICE}/qbwc", every_minutes=15))
        return self.pc.backstage_add_application(given.file, given.password)

    @property
    def connection(self) -> Connection:
        return connections(self.world.store, self.tenant)["books"][0]

    def transport(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """A call of the Web Connector; where the service dies over it, a fresh container takes the next one."""
        caller = self.world.engine.load_system(SYSTEM).caller
        assert caller is not None
        plain = {name.lower(): value for name, value in headers.items()}
        visit = Visit(method, url, urlsplit(url).query, plain, body, "203.0.113.7")
        try:
            reply = caller.answer(self.world.engine, visit)
        except Died as death:
            self.world.died()
            raise Unreachable("the service died") from death
        return Reply(reply.status, {"content-type": reply.content_type}, reply.text.encode())

    # ------------------------------------------------------------------ people at work

    def vendor(self, name: str, *, in_books: bool = True) -> dict[str, Any]:
        vendor = self.procurify.backstage_add_vendor(name=name)
        if in_books:
            self.pc.backstage_add_vendor(name)
        return vendor

    def order(self, vendor: dict[str, Any], amount: str = "100.00", *, account: str = "5010", **fields: Any) -> int:
        lines = fields.pop("lines", [{"name": "work", "account_code": account, "amount": amount}])
        fields.setdefault("date", "2026-02-20")
        made = self.procurify.backstage_add_purchase_order(vendor_id=vendor["id"], lines=lines, **fields)
        return int(made["procurify_PO"])

    def poll(self) -> None:
        """The next scheduled run, until everything lies in the outbox or is settled."""
        self.world.cycle(self.tenant, FLOW)

    def call(self) -> Any:
        """One run of the Web Connector."""
        return self.pc.cycle(self.user)

    def cycle(self, calls: int = 2) -> None:
        self.poll()
        for _ in range(calls):
            self.call()
            self.world.until_quiet()

    # ------------------------------------------------------------------ looking

    def head(self, source_id: object, move: str = "purchase_order") -> Head:
        return self.world.head(self.tenant, FLOW, move, str(source_id))

    def heads(self, move: str = "purchase_order") -> list[Head]:
        return self.world.heads(self.tenant, FLOW, move)

    def ours(self) -> list[dict[str, Any]]:
        """The bills in QuickBooks that carry our mark."""
        return [bill for bill in self.pc.backstage_ledger()["Bill"] if "[mlc:" in (bill.get("Memo") or "")]

    def total_ours(self) -> Decimal:
        return sum((total(bill) for bill in self.ours()), Decimal(0))

    def assert_once(self, orders: list[int]) -> None:
        """Each of the orders is in the books exactly once, and no other bill of ours."""
        marks = sorted(int(bill["Memo"].split(":")[-1].rstrip("]")) for bill in self.ours())
        assert marks == sorted(orders)

    def assert_no_mistakes(self) -> None:
        assert self.procurify.our_mistakes == []
        assert self.pc.our_mistakes == []


def total(bill: dict[str, Any]) -> Decimal:
    return sum((Decimal(str(line["Amount"])) for line in bill["lines"]), Decimal("0.00"))
