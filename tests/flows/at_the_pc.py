"""What the tests of the Web Connector share: people at work in the middle of a session, and what was told of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from lxml import etree

from chalicelib.engine import ledger, replay
from chalicelib.engine.setup import Health, health_key, read_health
from chalicelib.entry import api, keys
from chalicelib.systems.quickbooks_desktop import tickets
from simulator.desktop import FLOW, DesktopCompany, total
from simulator.systems.quickbooks_desktop.processor import Processor
from simulator.systems.quickbooks_desktop.soap import Reply
from tests.unit.api_world import routed
from tests.unit.systems.quickbooks_desktop_desk import TEXT_XML
from tests.unit.systems.quickbooks_desktop_desk import call as envelope


class Office(DesktopCompany):
    """A company, with a key of its own to ask the service."""

    def ask(self, method: str, path: str, body: object = None) -> Any:
        key = keys.make_key(self.world.store, self.world.clock, self.tenant, "admin", "test")
        template, params = routed(f"/api/v1{path}")
        status, _, text = api.dispatch(
            self.world.engine,
            method,
            template,
            params,
            headers={"Authorization": f"Bearer {key}"},
            query={},
            body=b"" if body is None else json.dumps(body).encode(),
            service="https://mlc.example",
        )
        assert status < 300, text
        return json.loads(text)

    def apply_flow(self, **changes: object) -> None:
        """The flow as it is exported, with these keys changed."""
        known = self.ask("GET", "/export")["config"]["flows"][FLOW]
        self.ask("POST", "/apply", {"config": {"flows": {FLOW: {**known, **changes}}}})

    def calls(self, runs: int) -> None:
        """The Web Connector at its schedule, with whatever follows from each run."""
        for _ in range(runs):
            self.call()
            self.world.until_quiet()
            self.world.clock.advance(15 * 60)

    # ------------------------------------------------------------------ people at work

    def revise(self, order: int, amount: str, **fields: Any) -> None:
        line = {"name": "work", "account_code": "5010", "amount": amount}
        self.procurify.backstage_revise_purchase_order(order, lines=[line], **fields)

    def replay(self, order: int, *, overwrite: bool = False) -> None:
        replay.replay(self.world.open(self.tenant, FLOW), self.head(order), by="Ann", overwrite=overwrite)
        self.world.until_quiet()

    def meanwhile(self, match: str, act: Callable[[], object]) -> None:
        """Once, right after the service handed out a message that contains `match`."""
        reach, waiting = self.pc.connector.transport, [act]

        def transport(method: str, url: str, headers: Mapping[str, str], body: bytes) -> Reply:
            reply = reach(method, url, headers, body)
            if waiting and f"{match}".encode() in reply.body:
                waiting.pop()()
            return reply

        self.pc.connector.transport = transport

    # ------------------------------------------------------------------ looking

    def reason(self, order: object, move: str = "purchase_order") -> str:
        return str((self.head(order, move).hold or {}).get("reason", ""))

    def hold(self, order: object, move: str = "purchase_order") -> str:
        held = self.head(order, move).hold or {}
        return f"{held.get('message')} {held.get('fix')}"

    def told(self, order: object, move: str = "purchase_order") -> list[Any]:
        return [entry["what"] for entry in self.trail(order, move)]

    def trail(self, order: object, move: str = "purchase_order") -> list[Any]:
        return ledger.trail(self.world.store, self.head(order, move).key)[0]

    def health(self) -> Health:
        key = health_key(self.tenant, "books")
        return read_health(self.world.store.get([key]).get(key))

    def desk(self) -> tickets.Desk:
        return tickets.desk(self.world.store, self.connection)

    def notices(self, word: str) -> list[str]:
        return [f"{subject} {text}" for subject, text in self.world.notices.published if word in f"{subject} {text}"]

    def totals(self) -> list[str]:
        return [str(total(bill)) for bill in self.ours()]

    def requests(self) -> list[str]:
        return [text for run in self.pc.connector.runs for text in run.requests]

    def writes(self) -> list[str]:
        names = ("BillAddRq", "BillModRq", "TxnVoidRq", "TxnDelRq", "VendorAddRq", "VendorModRq")
        return [text for text in self.requests() if any(f"<{name}" in text for name in names)]


class Line:
    """The bare calls of one office's Web Connector, one at a time."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.password = next(iter(office.pc.connector.added.values())).password
        self.ticket = ""

    def say(self, method: str, **given: str) -> Any:
        sent = envelope(method, **{name: _escaped(value) for name, value in given.items()})
        reply: Reply = self.office.transport("POST", "https://mlc.example/qbwc", {"Content-Type": TEXT_XML}, sent)
        assert reply.status == 200
        result = etree.fromstring(reply.body)[0][0][0]
        return [each.text or "" for each in result] if len(result) else result.text or ""

    def authenticate(self) -> str:
        self.ticket, word = self.say("authenticate", strUserName=self.office.user, strPassword=self.password)
        return str(word)

    def ask(self, ticket: str = "", about: str = "") -> str:
        path = self.office.pc.company().path
        return str(
            self.say(
                "sendRequestXML",
                ticket=ticket or self.ticket,
                strHCPResponse=about,
                strCompanyFileName=path,
                qbXMLCountry="US",
                qbXMLMajorVers="13",
                qbXMLMinorVers="0",
            )
        )

    def answer(self, response: str, ticket: str = "", hresult: str = "") -> int:
        ticket = ticket or self.ticket
        return int(self.say("receiveResponseXML", ticket=ticket, response=response, hresult=hresult, message=""))

    def until(self, match: str) -> str:
        """The session up to the message that contains `match`, which is handed out and not answered."""
        return next(text for text in self.steps() if match in text)

    def books(self) -> Processor:
        app = self.office.pc.connector.added[self.office.user].settings.app_name
        return self.office.pc.desk.begin("", app)

    def steps(self) -> Iterator[str]:
        """A session call by call; yields what was handed out, and the texts that came with it."""
        if self.authenticate() == "none":
            return
        books, percent = self.books(), 1
        while 0 < percent < 100:
            text = self.ask()
            yield text
            if not text:
                yield str(self.say("getLastError", ticket=self.ticket))
                break
            response = books.process(text)
            percent = self.answer(response)
            yield str(percent)
        yield str(self.say("closeConnection", ticket=self.ticket))


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
