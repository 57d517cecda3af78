"""A builder as the API sees one: the simulated books and projects, and people with a key."""

from __future__ import annotations

from typing import Any

from chalicelib.engine.setup import FlowState
from tests.building import FLOW, Builder, Office
from tests.contract.procore_over_sockets import HeldAgainstTheReference


class BuildersOffice(Builder):
    def __init__(self, *, state: FlowState = "live", **policies: str) -> None:
        super().__init__(seed=0, site=HeldAgainstTheReference, state=state, **policies)
        people = Office(self)
        self.ask, self.call = people.ask, people.call

    def shown(self, named: str, move: str = "bill") -> Any:
        """A record as the API shows it."""
        return self.call("GET", f"/records/{FLOW}:{move}:{named}")

    def saved(self, rules: list[dict[str, Any]], **more: Any) -> Any:
        """The flow's rules for cost codes, saved or (`plan=True`) only tried."""
        known = self.call("GET", f"/flows/{FLOW}/mappings")
        body = {"version": known["version"], "mappings": known["mappings"], "rules": {"cost_code": rules}, **more}
        return self.call("PUT", f"/flows/{FLOW}/mappings", body)
