"""One Procore company: its records by kind, their numbers, who holds an outside id, and a log of every write.

A record is a dict of JSON values, amounts as text; what the API shows is made of it on the way out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

Json = dict[str, Any]

# Where numbers begin; some beyond 32 bits, as real ones are.
FIRST = {
    "projects": 362001,
    "vendors": 3739001,
    "project_vendors": 598134325841112,
    "cost_codes": 80598001,
    "line_item_types": 918922,
    "wbs_codes": 182877001,
    "segments": 447332,
    "commitments": 618651,
    "sov_lines": 5175960,
    "ssov_lines": 6275100,
    "billing_periods": 117330,
    "requisitions": 1280646,
    "requisition_items": 17918097,
    "payments": 77120,
    "direct_costs": 455001,
    "direct_cost_lines": 5980013400090011,
    "budget_lines": 330500,
    "uploads": 9001,
}
PARENTS = {
    "projects": "",
    "vendors": "",
    "line_item_types": "",
    "project_vendors": "project_id",
    "cost_codes": "project_id",
    "wbs_codes": "project_id",
    "segments": "project_id",
    "billing_periods": "project_id",
    "commitments": "project_id",
    "sov_lines": "commitment_id",
    "ssov_lines": "commitment_id",
    "requisitions": "commitment_id",
    "requisition_items": "requisition_id",
    "payments": "contract_id",
    "direct_costs": "project_id",
    "direct_cost_lines": "direct_cost_id",
    "budget_lines": "project_id",
}
TOOLS = ("directory", "commitments", "direct_costs", "budget", "admin")


@dataclass(slots=True)
class Company:
    id: int
    name: str
    connected: bool = True  # the app is installed
    permitted: bool = True  # new projects come onto the app's list by themselves; in real life a person adds them
    prevent_overbilling: bool = False
    currency: str = "USD"
    levels: dict[str, str] = field(default_factory=lambda: dict.fromkeys(("company_directory", *TOOLS), "admin"))
    tables: dict[str, dict[int, Json]] = field(default_factory=lambda: {kind: {} for kind in PARENTS})
    numbers: dict[str, int] = field(default_factory=dict)  # shared by all companies of one simulator
    audit: list[Json] = field(default_factory=list)
    children: defaultdict[tuple[str, Any], dict[int, None]] = field(default_factory=lambda: defaultdict(dict))
    origins: dict[tuple[str, str], int] = field(default_factory=dict)

    def number(self, kind: str) -> int:
        self.numbers[kind] = self.numbers.get(kind, FIRST[kind] - 1) + 1
        return self.numbers[kind]

    def find(self, kind: str, id: object) -> Json | None:
        return self.tables[kind].get(id) if isinstance(id, int) else None

    def every(self, kind: str) -> Iterator[Json]:
        return iter(self.tables[kind].values())

    def of(self, kind: str, parent: object) -> list[Json]:
        """The records of one parent, oldest first."""
        table = self.tables[kind]
        return [table[id] for id in self.children.get((kind, parent), ())]

    def of_origin(self, kind: str, origin_id: str) -> Json | None:
        return self.find(kind, self.origins.get((kind, origin_id)))

    def index(self, kind: str, row: Json) -> None:
        if PARENTS[kind]:
            self.children[(kind, row[PARENTS[kind]])][row["id"]] = None
        if row.get("origin_id"):
            self.origins[(kind, row["origin_id"])] = row["id"]

    def claim(self, kind: str, row: Json, origin_id: str | None) -> None:
        """Give a record another outside id, or none."""
        if row.get("origin_id"):
            self.origins.pop((kind, row["origin_id"]), None)
        if origin_id:
            self.origins[(kind, origin_id)] = row["id"]

    def forget(self, kind: str, row: Json) -> None:
        if PARENTS[kind]:
            self.children[(kind, row[PARENTS[kind]])].pop(row["id"], None)
        self.claim(kind, row, None)

    def dump(self) -> Json:
        plain = {name: getattr(self, name) for name in SAVED}
        return {**plain, "tables": {kind: list(rows.values()) for kind, rows in self.tables.items()}}

    @staticmethod
    def from_dump(state: Json, numbers: dict[str, int]) -> Company:
        company = Company(**{name: state[name] for name in SAVED}, numbers=numbers)
        for kind, rows in state["tables"].items():
            for row in rows:
                company.tables[kind][row["id"]] = row
                company.index(kind, row)
        return company


SAVED = ("id", "name", "connected", "permitted", "prevent_overbilling", "currency", "levels", "audit")


def stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
