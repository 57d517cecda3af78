"""One business: its records as plain values, its numbers, and the audit of every effect.

A row is replaced, never changed in place, so that answers and earlier versions may share it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from simulator.systems.serving import dumps

Json = dict[str, Any]
ACTIVE, DELETED, ARCHIVED = 0, 1, 2
NAMESPACE = UUID("0d3a5f0e-6a39-4b11-9d7e-52f6a1c0b7aa")  # the same run gives the same uuids
# Kinds begin far from each other, so that ids of different kinds are never alike by accident.
FIRST = {
    "bill_vendors": 1563, "bills": 43_221, "bill_payments": 90_901, "expenses": 700_110, "categories": 2_003_174,
    "taxes": 7840, "lines": 5, "ledger": 635_974, "journals": 88_001, "callbacks": 2001,
}  # fmt: skip
KINDS = ("bill_vendors", "bills", "bill_payments", "expenses", "categories", "taxes", "callbacks")


@dataclass(frozen=True, slots=True)
class Writer:
    """Who acts and when: "api" with the identity of the token, or "person"."""

    moment: datetime
    who: str
    identity: int


@dataclass
class Account:
    """`tables` holds the rows of each kind by id; `ledger` and `journals` belong to the business family."""

    account_id: str
    business_id: int
    business_uuid: str
    name: str
    currency: str = "USD"
    plan_limit: bool = False  # every create answers 402
    advanced_accounting: bool = True
    status: str = "active"
    tables: dict[str, dict[int, Json]] = field(default_factory=lambda: {kind: {} for kind in KINDS})
    staffs: dict[int, Json] = field(default_factory=dict)
    ledger: dict[str, Json] = field(default_factory=dict)
    journals: list[Json] = field(default_factory=list)
    numbers: dict[str, int] = field(default_factory=dict)
    audit: list[Json] = field(default_factory=list)
    last_change: str = ""

    def number(self, kind: str) -> int:
        self.numbers[kind] = self.numbers.get(kind, FIRST.get(kind, 1) - 1) + 1
        return self.numbers[kind]

    def uuid(self, kind: str, number: int) -> str:
        return str(uuid5(NAMESPACE, f"{self.account_id}/{kind}/{number}"))

    def every(self, kind: str) -> Iterator[Json]:
        return iter(self.tables[kind].values())

    def find(self, kind: str, id: object) -> Json | None:
        text = str(id)
        return self.tables[kind].get(int(text)) if text.isdecimal() and len(text) < 16 else None

    def changed(self, moment: datetime) -> datetime:
        """The moment of a change, later than every change before even when the clock stands still."""
        last = datetime.fromisoformat(self.last_change) if self.last_change else None
        now = moment if last is None or moment > last else last + timedelta(microseconds=1)
        self.last_change = now.astimezone(UTC).isoformat()
        return now

    def put(self, kind: str, id: int, row: Json, writer: Writer, verb: str) -> Json:
        """Store a row and write down who did what, with what it was before."""
        before = self.tables[kind].get(id)
        self.tables[kind][id] = row
        changed = {name for name in row.keys() | (before or {}).keys() if row.get(name) != (before or {}).get(name)}
        self.note(writer, kind, verb, id, sorted(changed) if before else sorted(row))
        return row

    def note(self, writer: Writer, kind: str, verb: str, id: object, changed: list[str]) -> None:
        self.audit.append(
            {
                "time": writer.moment.isoformat(),
                "who": writer.who,
                "identity": writer.identity,
                "kind": kind,
                "verb": verb,
                "id": str(id),
                "changed": changed,
            }
        )

    def dump(self) -> Json:
        copied: Json = json.loads(dumps(asdict(self)))
        return copied

    @classmethod
    def from_dump(cls, state: Json) -> Account:
        state = json.loads(dumps(state))
        tables = {kind: _by_number(rows) for kind, rows in state.pop("tables").items()}
        staffs = _by_number(state.pop("staffs"))
        return cls(**state, tables=tables, staffs=staffs)


def _by_number(rows: Json) -> dict[int, Json]:
    return {int(id): row for id, row in rows.items()}
