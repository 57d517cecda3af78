"""A builder as the API sees one: the simulated books and projects, and a key of its own."""

from __future__ import annotations

import json
from typing import Any

from chalicelib.entry import api, keys
from simulator.systems.procore import ProcoreSimulator
from tests.building import FLOW, TENANT, Builder
from tests.unit.api_world import routed


class BuildersOffice(Builder):
    def __init__(self, *, seed: int = 0, **policies: Any) -> None:
        super().__init__(seed=seed, site=ProcoreSimulator, **policies)
        self.key = keys.make_key(self.store, self.clock, TENANT, "admin", "office")

    def ask(self, method: str, path: str, body: object = None, **query: str) -> tuple[int, Any]:
        """The status, and the answer or the problem."""
        template, params = routed(f"/api/v1{path}")
        headers = {"Authorization": f"Bearer {self.key}"}
        sent = b"" if body is None else json.dumps(body).encode()
        status, _, text = api.dispatch(
            self.engine, method, template, params, headers=headers, query=query, body=sent, service=""
        )
        return status, json.loads(text)

    def call(self, method: str, path: str, body: object = None, **query: str) -> Any:
        status, answer = self.ask(method, path, body, **query)
        assert status < 300, answer
        return answer

    def shown(self, named: str, move: str = "bill") -> Any:
        """A record as the API shows it."""
        return self.call("GET", f"/records/{FLOW}:{move}:{named}")

    def saved(self, rules: list[dict[str, Any]], **more: Any) -> Any:
        """The flow's rules for cost codes, saved or (`plan=True`) only tried."""
        known = self.call("GET", f"/flows/{FLOW}/mappings")
        body = {"version": known["version"], "mappings": known["mappings"], "rules": {"cost_code": rules}, **more}
        return self.call("PUT", f"/flows/{FLOW}/mappings", body)
