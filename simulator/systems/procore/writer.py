"""Whoever changes a company's records: the app through the API, or a person in the browser. Every write is logged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from simulator.systems.procore.answers import TAKEN, wrong
from simulator.systems.procore.company import Company, Json, stamp
from simulator.systems.procore.options import Options


@dataclass(frozen=True, slots=True)
class Writer:
    company: Company
    options: Options
    who: str  # "app" or "person"
    moment: datetime
    mistake: Callable[[str], None]
    call: str = ""

    @property
    def is_app(self) -> bool:
        return self.who == "app"

    def level(self, tool: str) -> str:
        return self.company.levels[tool] if self.is_app else "admin"

    def add(self, kind: str, **fields: Any) -> Json:
        self._own(kind, fields.get("origin_id"))
        at = stamp(self.moment)
        row = {"id": self.company.number(kind), **fields, "created_at": at, "updated_at": at, "created_by": self.who}
        self.company.tables[kind][row["id"]] = row
        self.company.index(kind, row)
        self._note("create", kind, row, {}, fields)
        return row

    def change(self, kind: str, row: Json, **fields: Any) -> Json:
        """Put new values into a record; nothing is noted where nothing differs."""
        before = {name: row.get(name) for name in fields if row.get(name) != fields[name]}
        if not before:
            return row
        if "origin_id" in before:
            self._own(kind, fields["origin_id"])
            self.company.claim(kind, row, fields["origin_id"])
        row.update(fields)
        row["updated_at"] = stamp(self.moment)
        self._note("update", kind, row, before, {name: fields[name] for name in before})
        return row

    def remove(self, kind: str, row: Json) -> None:
        self.company.forget(kind, row)
        del self.company.tables[kind][row["id"]]
        self._note("delete", kind, row, dict(row), {})

    def _own(self, kind: str, origin_id: str | None) -> None:
        """An outside id is unique among the records of one kind in a company."""
        if origin_id and (kind, origin_id) in self.company.origins:
            raise wrong("origin_id", TAKEN)

    def _note(self, what: str, kind: str, row: Json, before: Json, after: Json) -> None:
        entry = {"time": self.moment.isoformat(), "who": self.who, "what": what, "kind": kind, "id": row["id"]}
        self.company.audit.append({**entry, "before": before, "after": dict(after), "call": self.call})
