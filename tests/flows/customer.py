"""A customer as the API sees one: a simulated company and a key of its own."""

from __future__ import annotations

import json
from typing import Any

from chalicelib.entry import api, keys
from simulator.company import FLOW, Company
from tests.unit.api_world import routed


class Customer:
    def __init__(self, **company: Any) -> None:
        self.company = Company(**company)
        self.world = self.company.world
        self.key = keys.make_key(self.world.store, self.world.clock, self.company.tenant, "admin", "test")

    def ask(self, method: str, path: str, body: object = None, **query: str) -> tuple[int, Any]:
        """The status, and the answer or the problem."""
        template, params = routed(f"/api/v1{path}")
        headers = {"Authorization": f"Bearer {self.key}"}
        sent = b"" if body is None else json.dumps(body).encode()
        status, _, text = api.dispatch(
            self.world.engine,
            method,
            template,
            params,
            headers=headers,
            query=query,
            body=sent,
            service=self.world.engine.local_url,
        )
        return status, json.loads(text)

    def call(self, method: str, path: str, body: object = None, **query: str) -> Any:
        status, answer = self.ask(method, path, body, **query)
        assert status < 300, answer
        return answer

    def apply_flow(self, **changes: object) -> Any:
        """The flow as it is exported, with these keys changed."""
        setup = self.call("GET", "/export")["config"]["flows"][FLOW]
        return self.call("POST", "/apply", {"config": {"flows": {FLOW: {**setup, **changes}}}})

    def apply_credentials(self, connection: str, credentials: dict[str, str]) -> Any:
        """The connection as it is exported, with new credentials."""
        known = self.call("GET", "/export")["config"]["connections"][connection]
        changed = {connection: {**known, "credentials": credentials}}
        return self.call("POST", "/apply", {"config": {"connections": changed}})

    def run(self) -> None:
        self.world.cycle(self.company.tenant, FLOW)

    def record(self, uuid: str, move: str = "bill") -> str:
        return f"/records/{FLOW}:{move}:{str(uuid).replace('-', '')}"

    def states(self) -> dict[str, str]:
        heads = self.world.heads(self.company.tenant, FLOW, "bill")
        return {str(head.summary["number"]): head.state for head in heads}

    def report(self) -> dict[str, Any]:
        """What became of the records, or would: per move and word the count and the amounts."""
        report: dict[str, Any] = self.call("GET", f"/flows/{FLOW}")["report"]
        return report
