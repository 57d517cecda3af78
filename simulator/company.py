"""A small company for tests: one tenant, Procurify and QuickBooks Online, everything in memory."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from chalicelib.engine.ledger import Head
from simulator.memory.clock import MemoryClock
from simulator.systems.procurify import ProcurifySimulator
from simulator.systems.quickbooks_online import QuickBooksOnlineSimulator
from simulator.world import World

FLOW = "procurify_to_quickbooks_online"
CLIENT = {"client_id": "procurify-app", "client_secret": "procurify-app-secret"}
APP = {"client_id": "intuit-app", "client_secret": "intuit-app-secret"}
CUT_OVER = date(2026, 1, 1)


class Company:
    """`tenant` names it; several may live in one world."""

    def __init__(
        self,
        *,
        tenant: str = "acme",
        realm: str = "9130001",
        world: World | None = None,
        seed: int = 0,
        state: Any = "live",
        policies: dict[str, str] | None = None,
        mappings: dict[str, dict[str, str]] | None = None,
        cut_over: date = CUT_OVER,
        country: str = "US",
    ) -> None:
        self.tenant, self.realm = tenant, realm
        clock = world.clock if world else MemoryClock(seed=seed)
        self.procurify = ProcurifySimulator(clock=clock.now, domain=tenant)
        if world is None:
            self.books = QuickBooksOnlineSimulator(
                clock=clock.now, client_id=APP["client_id"], client_secret=APP["client_secret"]
            )
            systems: dict[str, Any] = {
                "https://quickbooks.api.intuit.com": self.books,
                "https://oauth.platform.intuit.com": self.books,
            }
            world = World(clock=clock, systems=systems, seed=seed)
        else:
            found = world.systems["https://quickbooks.api.intuit.com"]
            assert isinstance(found, QuickBooksOnlineSimulator)
            self.books = found
        self.world = world
        world.http.routes[f"https://{tenant}.procurify.com"] = self.procurify
        # As in real life, a refresh token keeps its value for its first day; the strict reading has tests of its own.
        self.books.backstage_switch("rotate_every_refresh", False)
        self.books.backstage_add_company(realm, f"{tenant} books", country=country, chart=False)
        self.accounts = {
            code: self.books.backstage_add_account(realm, name, kind, code)
            for code, name, kind in (
                ("1000", "Checking", "Bank"),
                ("2000", "Accounts Payable", "Accounts Payable"),
                ("5010", "Concrete", "Cost of Goods Sold"),
                ("6010", "Office Supplies", "Expense"),
                ("6100", "Freight In", "Expense"),
                ("6110", "Sales Tax Paid", "Expense"),
            )
        }
        for code in ("5010", "6010", "7010"):
            self.procurify.backstage_add_account_code(code, f"code {code}")
        grant = self.books.backstage_grant(realm)
        world.connect(tenant, "procurify", "procurify", {"domain": tenant}, CLIENT)
        world.connect(
            tenant, "books", "quickbooks_online", {"realm": realm}, {**APP, "refresh_token": grant["refresh_token"]}
        )
        world.add_flow(
            tenant,
            FLOW,
            source="procurify",
            target="books",
            cut_over=cut_over,
            state=state,
            policies={"tax_account": "6110", "freight_account": "6100", **(policies or {})},
            mappings=mappings,
        )

    # ------------------------------------------------------------------ people at work

    def vendor(self, name: str, *, in_books: bool = True) -> dict[str, Any]:
        vendor = self.procurify.backstage_add_vendor(name=name)
        if in_books:
            self.books.backstage_add_vendor(self.realm, name)
        return vendor

    def bill(self, vendor: dict[str, Any], amount: str = "100.00", *, account: str = "5010", **fields: Any) -> str:
        lines = fields.pop("lines", [{"description": "work", "account_code": account, "amount": amount}])
        fields.setdefault("invoice_number", f"INV-{len(self.procurify.backstage_snapshot('bills')) + 1}")
        fields.setdefault("invoice_date", "2026-02-20")
        made = self.procurify.backstage_add_bill(vendor_id=vendor["id"], lines=lines, **fields)
        return str(made["uuid"])

    def order(self, vendor: dict[str, Any], amount: str = "100.00", *, account: str = "5010", **fields: Any) -> int:
        lines = fields.pop("lines", [{"name": "work", "account_code": account, "amount": amount}])
        fields.setdefault("date", "2026-02-20")
        made = self.procurify.backstage_add_purchase_order(vendor_id=vendor["id"], lines=lines, **fields)
        return int(made["procurify_PO"])

    def cycle(self, **options: bool) -> None:
        self.world.cycle(self.tenant, FLOW, **options)

    # ------------------------------------------------------------------ looking

    def head(self, uuid: str, move: str = "bill") -> Head:
        return self.world.head(self.tenant, FLOW, move, str(uuid).replace("-", ""))

    def heads(self, move: str = "bill") -> list[Head]:
        return self.world.heads(self.tenant, FLOW, move)

    def ours(self) -> list[dict[str, Any]]:
        """The bills in QuickBooks that carry our mark."""
        bills = self.books.backstage_ledger(self.realm)["bills"]
        return [bill for bill in bills if "[mlc:" in (bill.get("PrivateNote") or "")]

    def orders(self) -> list[dict[str, Any]]:
        """The purchase orders in QuickBooks that carry our mark."""
        orders = self.books.backstage_ledger(self.realm)["purchase_orders"]
        return [order for order in orders if "[mlc:" in (order.get("PrivateNote") or "")]

    def total_ours(self) -> Decimal:
        return sum((Decimal(str(bill["TotalAmt"])) for bill in self.ours()), Decimal(0))

    def assert_once(self, uuids: list[str]) -> None:
        """Each of the bills is in the books exactly once, and no other bill of ours."""
        marks = sorted(bill["PrivateNote"].split(":")[-1].rstrip("]") for bill in self.ours())
        assert marks == sorted(uuid.replace("-", "") for uuid in uuids)

    def assert_no_mistakes(self) -> None:
        assert self.procurify.our_mistakes == []
        assert self.books.our_mistakes == []
