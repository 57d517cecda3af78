"""A customer of QuickBooks Desktop in memory, and what its Web Connector says to us."""

from __future__ import annotations

import json
from typing import Any

from lxml import etree

from chalicelib.engine import setup as setups
from chalicelib.engine.caller import Reply, Visit
from chalicelib.engine.connection import Connection
from chalicelib.engine.records import Company
from chalicelib.entry import api, keys
from chalicelib.systems.quickbooks_desktop import service
from simulator.memory.clock import MemoryClock
from simulator.world import World
from tests.unit.api_world import routed
from tests.unit.systems.quickbooks_desktop_desk import SOAP11, TEXT_XML, call

SERVICE = "https://mlc.example"
OFFICE, STRANGER = "203.0.113.7", "198.51.100.20"


class Books:
    """A tenant with the connection `books`, and a key of its own."""

    def __init__(self, tenant: str = "acme", world: World | None = None) -> None:
        self.world = world or World(clock=MemoryClock(), systems={})
        self.tenant = tenant
        self.key = keys.make_key(self.world.store, self.world.clock, tenant, "admin", "test")
        config = {"connections": {"books": {"system": "quickbooks_desktop", "environment": "production"}}}
        self.applied = self.ask("POST", "/apply", {"config": config})
        self.user, self.password = "", ""

    def ask(self, method: str, path: str, body: object = None, *, key: str = "") -> tuple[int, Any]:
        template, params = routed(f"/api/v1{path}")
        status, _, text = api.dispatch(
            self.world.engine,
            method,
            template,
            params,
            headers={"Authorization": f"Bearer {key or self.key}"},
            query={},
            body=b"" if body is None else json.dumps(body).encode(),
            service=SERVICE,
        )
        return status, json.loads(text)

    def qwc(self, **wish: Any) -> Any:
        status, made = self.ask("POST", "/connections/books/qwc", wish)
        assert status == 200, made
        self.user, self.password = made["user_name"], made["password"] or self.password
        return made

    def listed(self) -> Any:
        return self.ask("GET", "/connections")[1]["items"][0]

    def pin(self, company: Company) -> None:
        """What a session does once it knows which file is open."""
        known, version = setups.connections(self.world.store, self.tenant)["books"]
        pinned = Connection(known.tenant, known.name, known.system, known.environment, known.settings, company)
        self.world.store.write([setups.connection_put(pinned, version)])

    # ------------------------------------------------------------------ the PC

    def send(self, body: bytes, *, content_type: str = TEXT_XML, address: str = OFFICE, method: str = "POST") -> Reply:
        headers = {"content-type": content_type} if content_type else {}
        visit = Visit(method, f"{SERVICE}/qbwc", headers=headers, body=body, address=address)
        return service.answer(self.world.engine, visit)

    def say(self, method: str, *, address: str = OFFICE, **arguments: str) -> Any:
        """The result of a call: text, or a list of texts."""
        reply = self.send(call(method, **arguments), address=address)
        assert reply.status == 200, reply.text
        result = etree.fromstring(reply.text.encode())[0][0][0]
        return [each.text or "" for each in result] if len(result) else result.text or ""

    def authenticate(self, *, user: str = "", password: str = "", address: str = OFFICE) -> list[str]:
        found: list[str] = self.say(
            "authenticate",
            address=address,
            strUserName=user or self.user,
            strPassword=password or self.password,
        )
        return found

    def lets_in(self, **given: str) -> bool:
        return self.authenticate(**given)[1] != "nvu"


def fault_of(reply: Reply, *, namespace: str = SOAP11) -> str:
    """The words of a Fault."""
    root = etree.fromstring(reply.text.encode())
    assert root.tag == f"{{{namespace}}}Envelope"
    assert root[0][0].tag == f"{{{namespace}}}Fault"
    return "".join(str(text) for text in root.itertext())
