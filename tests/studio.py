"""A studio that keeps its books in FreshBooks and buys in Procurify: both simulated, in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

from chalicelib.engine import ledger, replay
from chalicelib.engine import setup as setups
from chalicelib.engine.grants import Tokens
from chalicelib.engine.ledger import Head
from chalicelib.engine.ports import HttpRequest, Item, Put
from chalicelib.engine.records import RecordKey
from chalicelib.engine.setup import FlowState
from chalicelib.entry import keys, oauth
from simulator.memory.clock import MemoryClock
from simulator.systems.freshbooks import FreshBooksSimulator
from simulator.systems.procurify import ProcurifySimulator
from simulator.world import World
from tests.flows.customer import Customer

TENANT, FLOW, ACCOUNT = "acme", "freshbooks_and_procurify", "6BApk"
APP = {"client_id": "freshbooks-app", "client_secret": "freshbooks-app-secret"}
BUYER = {"client_id": "procurify-app", "client_secret": "procurify-app-secret"}
HOSTS = ("https://api.freshbooks.com", "https://auth.freshbooks.com")
INBOX = "acme-ap@inbox.procurify.example.test"
SOON = timedelta(minutes=5)
DAY, PAPER = "2026-02-20", "Harbor Paper Co"
CODES = {"6010": "Office Supplies", "6200": "Repairs & Maintenance", "6300": "Advertising"}


class Office(Customer):
    """The studio's people at our own API."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.key = keys.make_key(world.store, world.clock, TENANT, "admin", "test")


class Studio(World):
    """Three account codes in Procurify, each mapped to the category of FreshBooks of that name, and back."""

    def __init__(
        self, *, seed: int = 0, state: FlowState = "live", inbox: bool = True, policies: Mapping[str, str] | None = None
    ) -> None:
        clock = MemoryClock(seed=seed)
        self.books = FreshBooksSimulator(clock=clock.now, post=lambda url, headers, body: 200)
        self.buying = ProcurifySimulator(clock=clock.now)
        systems = {**dict.fromkeys(HOSTS, self.books), "https://acme.procurify.com": self.buying}
        super().__init__(clock=clock, systems=systems, seed=seed)
        self.connect(TENANT, "books", "freshbooks", {"account": ACCOUNT}, APP)
        self.connect(TENANT, "buying", "procurify", {"domain": "acme"} | ({"ap_inbox": INBOX} if inbox else {}), BUYER)
        self._consent()
        self.categories = {
            name: int(self.books.backstage_add_category(ACCOUNT, f"Studio {name}")["id"]) for name in CODES.values()
        }
        for code, name in CODES.items():
            self.buying.backstage_add_account_code(code, name)
        self.add_flow(
            TENANT,
            FLOW,
            source="books",
            target="buying",
            cut_over=date(2026, 1, 1),
            policies=policies or {},
            state=state,
            mappings={
                "expense_category": {code: f"Studio {name}" for code, name in CODES.items()},
                "account_code": {f"Studio {name}": code for code, name in CODES.items()},
            },
        )
        self.office = Office(self)

    def _consent(self) -> None:
        """A person agreed before the test begins."""
        told = self.books.backstage_grant()
        ends = (self.clock.now() + timedelta(seconds=int(told["expires_in"]))).isoformat()
        pk = self.engine.grant_pk(setups.connections(self.store, TENANT)["books"][0])
        about = Item(*setups.about_key(TENANT, "books"), body={"client": APP["client_id"]})
        self.store.write([Put(about, guarded=False)])
        self.engine.local_url = "https://mlc.example.test"
        self.engine.grants.try_out(pk, Tokens(str(told["access_token"]), ends, str(told["refresh_token"])), APP)

    def consent_again(self) -> None:
        """A person opens the link of `mlc connect` and agrees."""
        link = self.office.call("POST", "/connections/books/connect")
        came = self.http.send(HttpRequest("GET", link["url"])).headers["location"]
        oauth.come_back(self.engine, "freshbooks", parse_qs(urlsplit(came).query))
        self.until_quiet(patience=SOON)
        found = self.office.call("GET", f"/connections/books/connect/{link['id']}")
        if found["state"] == "found":
            self.office.call("POST", "/connections/books/confirm", {"company": found["company"]["id"]})

    # ------------------------------------------------------------------ people at work

    def policy(self, **policies: str) -> None:
        key = (setups.pk(TENANT), f"FLOW#{FLOW}")
        setup = setups.read_flow(TENANT, self.store.get([key])[key])
        self.store.write([setups.flow_put(replace(setup, policies={**setup.policies, **policies}))])

    def vendor(self, name: str = PAPER, **fields: Any) -> int:
        """In FreshBooks."""
        return int(self.books.backstage_add_vendor(ACCOUNT, name, **fields)["vendorid"])

    def bill(self, vendor: int, *lines: tuple[str, str], number: str = "INV-1", **fields: Any) -> str:
        """In FreshBooks; `lines`: (amount, category), described by their category."""
        given = [
            {"amount": amount, "category_id": self.categories[name], "description": f"{name} of the week"}
            for amount, name in lines or [("100.00", "Office Supplies")]
        ]
        fields = {"issue_date": DAY, "bill_number": number, **fields}
        return str(self.books.backstage_add_bill(ACCOUNT, vendor, given, **fields)["id"])

    def pay(self, bill: str, amount: str | None = None, day: str = "2026-02-25") -> str:
        return str(self.books.backstage_pay_bill(ACCOUNT, int(bill), amount, day)["id"])

    def supplier(self, name: str = PAPER, **fields: Any) -> int:
        """In Procurify."""
        return int(self.buying.backstage_add_vendor(name, **fields)["id"])

    def entered(self, vendor: int, amount: str = "100.00", *, number: str = "INV-1", **fields: Any) -> str:
        """A bill that a person entered in Procurify."""
        line = {"description": "paper", "account_code": "6010", "amount": amount}
        fields = {"invoice_date": DAY, "status": 2, **fields}
        return str(self.buying.backstage_add_bill(vendor, [line], invoice_number=number, **fields)["uuid"])

    def order(self, vendor: int, *lines: tuple[str, str], **fields: Any) -> str:
        """In Procurify; `lines`: (amount, account code)."""
        given = [
            {"name": f"work on {code}", "account_code": code, "amount": amount}
            for amount, code in lines or [("100.00", "6010")]
        ]
        made = self.buying.backstage_add_purchase_order(vendor, given, **{"date": DAY, **fields})
        return str(made["procurify_PO"])

    # ------------------------------------------------------------------ running, and looking

    def run(self, *, full: bool = False) -> None:
        self.cycle(TENANT, FLOW, full=full)

    def a_day(self) -> None:
        """Until all of FreshBooks is read again."""
        self.clock.advance(21 * 3600)
        self.run()

    def replay(self, named: str, move: str = "purchase_order", **how: bool) -> None:
        opened = self.engine.open(TENANT, FLOW, move=move)
        assert opened is not None
        replay.replay(opened, self.record(named, move), by="Ann", **how)
        self.until_quiet()

    def expenses(self, *, deleted: bool = False) -> list[dict[str, Any]]:
        rows = self.books.backstage_rows(ACCOUNT, "expenses")
        return [row for row in rows if deleted or row["vis_state"] != 1]

    def costs(self) -> dict[str, str]:
        """What each category bears, of bills and expenses."""
        return {name.removeprefix("Studio "): sum_ for name, sum_ in self.books.backstage_costs(ACCOUNT).items()}

    def spent(self) -> dict[str, Decimal]:
        """What the expenses come to in each category."""
        names = {id_: name for name, id_ in self.categories.items()}
        found: dict[str, Decimal] = {}
        for row in self.expenses():
            name = names[row["categoryid"]]
            found[name] = found.get(name, Decimal(0)) + Decimal(row["amount"]["amount"])
        return found

    def suppliers(self) -> list[str]:
        return [str(row["name"]) for row in self.buying.backstage_snapshot("vendors")]

    def status(self, uuid: str) -> int:
        bill = self.buying.company.bill(uuid)
        assert bill is not None
        return bill.status

    def record(self, named: str, move: str = "bill") -> Head:
        key = RecordKey.of(TENANT, FLOW, move, named)
        return ledger.heads(self.store, [key])[key]

    def states(self, move: str) -> dict[str, str]:
        """By the record's name among those of its move."""
        return {head.key.named: head.state for head in self.heads(TENANT, FLOW, move)}

    def why(self, move: str) -> dict[str, str]:
        heads = self.heads(TENANT, FLOW, move)
        return {head.key.named: f"{head.state} {head.hold or head.outcome or head.trouble}" for head in heads}

    def hold(self, named: str, move: str = "bill") -> dict[str, Any]:
        """Why it is held; each message is whole, and none speaks of errors."""
        found: dict[str, Any] = dict(self.record(named, move).hold or {})
        if found:
            assert found["message"] and found["fix"] and found["cause"]
            assert "error" not in f"{found['message']} {found['fix']}".lower()
        return found

    def careful(self) -> None:
        """Nothing left us that a careful client does not send."""
        assert self.books.our_mistakes == []
        assert self.buying.our_mistakes == []
