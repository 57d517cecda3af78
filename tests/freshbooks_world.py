"""A small world that reads customers' books in FreshBooks and copies them onto paper, a target of no vendor."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from urllib.parse import parse_qs, urlencode, urlsplit

from pydantic import BaseModel

from chalicelib import wiring
from chalicelib.engine import setup as setups
from chalicelib.engine.connection import Connection
from chalicelib.engine.engine import Engine
from chalicelib.engine.flow import Flow, Move, Policy
from chalicelib.engine.line import Budget
from chalicelib.engine.link import Link
from chalicelib.engine.ports import Item, Put
from chalicelib.engine.records import Company, Draft, Json, Summary
from chalicelib.engine.system import System
from chalicelib.entry import hooks, jobs, oauth
from chalicelib.entry.keys import Caller
from chalicelib.systems.freshbooks.bills import Bill
from chalicelib.systems.freshbooks.payments import BillPayment
from chalicelib.systems.freshbooks.vendors import Vendor
from simulator.memory.clock import MemoryClock
from simulator.world import World
from tests.reading_books import Paper
from tests.unit.systems.freshbooks_desk import API, AUTH, SECRETS, Books

FLOW, SYSTEM = "books_to_paper", "freshbooks"
SERVICE = "https://mlc.example/prod"


class _Nothing(BaseModel):
    pass


def _vendor(v: Vendor, link: Link) -> Draft:
    return Draft("vendor", {"name": v.name, "active": v.active}, Summary(v.name))


def _bill(b: Bill, link: Link) -> Draft:
    lines = [{"on": line.category_name, "amount": str(line.amount)} for line in b.lines]
    return Draft("bill", {"number": b.number, "vendor": b.vendor_id, "lines": lines}, Summary(b.number))


def _payment(p: BillPayment, link: Link) -> Draft:
    return Draft("bill_payment", {"bill": p.bill_id, "amount": str(p.amount), "whole": p.is_whole}, Summary(p.id))


FLOWS = Flow(
    Move(f"{SYSTEM}.vendor", "paper.vendor", make=_vendor, dated=False, withdrawn="withdrawn"),
    Move(f"{SYSTEM}.bill", "paper.bill", make=_bill, withdrawn="withdrawn"),
    Move(f"{SYSTEM}.bill_payment", "paper.bill_payment", make=_payment, withdrawn="withdrawn"),
    title="Books to paper",
    policies=[Policy("withdrawn", "delete", ("hold", "delete"), "What is gone from the books.")],
)


class FreshBooksWorld(World):
    """Customers by tenant with the account that each has, all in one FreshBooks; nobody has consented yet."""

    def __init__(self, accounts: Mapping[str, str], *, seed: int = 0) -> None:
        self.books, self.papers = Books(), {tenant: Paper() for tenant in accounts}
        super().__init__(clock=MemoryClock(seed=seed), systems={}, seed=seed)
        self.http.routes |= {API: self.books, AUTH: self.books}
        for tenant, account in accounts.items():
            self.add_books(tenant, "books", account)
            self.connect(tenant, "paper", "paper", {}, {})
            self.add_flow(tenant, FLOW, source="books", target="paper", cut_over=date(2026, 1, 1))

    def add_books(self, tenant: str, name: str, account: str, client: str = SECRETS["client_id"]) -> None:
        self.connect(tenant, name, SYSTEM, {"account": account}, {**SECRETS, "client_id": client})
        key = setups.about_key(tenant, name)
        self.store.write([Put(Item(*key, body={"client": client}), guarded=False)])
        self.store.write([Put(Item(setups.pk(tenant), "KEY#admin"), guarded=False)])

    def _container(self) -> Engine:
        paper = System(
            name="paper",
            title="Paper",
            settings=_Nothing,
            credentials={},
            identity=lambda settings: "",
            budget=Budget(per_second=1000),
            door=lambda line: _Door(),
            target=lambda line: self.papers[line.connection.tenant],
        )
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

    # ------------------------------------------------------------------ the browser

    def consent(self, tenant: str = "acme", name: str = "books", *, confirm: bool = True) -> Json:
        """A person signs in and agrees; what the page says in the end."""
        caller = Caller(tenant=tenant, role="admin", name="admin", key="admin")
        offer = oauth.offer(self.engine, caller, name, SERVICE)
        state = parse_qs(urlsplit(str(offer["url"])).query)["state"]
        oauth.come_back(self.engine, SYSTEM, {"state": state, "code": [self.books.consent(f"code-{len(state[0])}")]})
        self.until_quiet()
        item = oauth.look(self.engine, str(offer["id"]))
        assert item is not None
        told = oauth.told(self.engine, item)
        if confirm and told["state"] == "found":
            oauth.confirm(self.engine, tenant, name, self.connection(tenant, name).settings["account"])
            self.until_quiet()
        return told

    def connection(self, tenant: str = "acme", name: str = "books") -> Connection:
        return setups.connections(self.store, tenant)[name][0]

    def health(self, tenant: str = "acme", name: str = "books") -> str:
        key = setups.health_key(tenant, name)
        return setups.read_health(self.store.get([key]).get(key)).state

    # ------------------------------------------------------------------ webhooks

    def shake(self, callback: str, **changes: str) -> int:
        """The vendor asks whether the address is ours."""
        made = self.books.callbacks[callback]
        fields = {"name": "callback.verify", "object_id": callback, "verifier": self.books.verifiers[callback]}
        fields |= {"account_id": "6BApk", "business_id": "6543", "identity_id": "12345"}
        return self.post(str(made["uri"]), {**fields, **changes}, "")

    def tell(self, event: str, object_id: str, *, account: str = "6BApk", by: str = "", **changes: str) -> list[int]:
        """The vendor sends an event to everybody who registered for it, signed for each; what we answer."""
        fields = {"name": event, "object_id": object_id, "account_id": account, "business_id": "6543", **changes}
        return [
            self.post(str(made["uri"]), fields, by or self.books.verifiers[id_])
            for id_, made in list(self.books.callbacks.items())
            if made["verified"] and made["event"] == event
        ]

    def post(self, url: str, fields: Mapping[str, str], verifier: str) -> int:
        message = json.dumps(dict(fields)).encode()
        signature = base64.b64encode(hmac.new(verifier.encode(), message, hashlib.sha256).digest()).decode()
        headers = {"x-freshbooks-hmac-sha256": signature, "content-type": "application/x-www-form-urlencoded"}
        token, noun = url.removeprefix(f"{SERVICE}/hooks/{SYSTEM}/").split("/")
        return hooks.dispatch(self.engine, SYSTEM, headers, urlencode(fields).encode(), own=(token, noun))

    def at_once(self) -> Callable[[str], None]:
        """Handshakes arrive while the call that registers is still under way."""
        return lambda callback: self._accepted(self.shake(callback))

    @staticmethod
    def _accepted(status: int) -> None:
        assert status == 200

    def minutes(self, number: int) -> None:
        """Nothing but the clock."""
        self.clock.advance(60 * number)
        jobs.tick(self.engine)
        self.until_quiet()

    def a_day(self) -> None:
        for _ in range(26):
            self.minutes(60)

    # ------------------------------------------------------------------ looking

    def sheets(self, kind: str, tenant: str = "acme") -> dict[str, Json]:
        begin = f"[mlc:books:{kind}:"
        found = self.papers[tenant].sheets
        return {mark.removeprefix(begin)[:-1]: body for mark, body in found.items() if mark.startswith(begin)}

    def verified(self) -> list[str]:
        return sorted(str(one["event"]) for one in self.books.callbacks.values() if one["verified"])


class _Door:
    def company(self) -> Company:
        return Company("paper", "Paper")
