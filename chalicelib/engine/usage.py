"""Calls over each connection by calendar month (UTC), and how many of them were reads that the vendor bills.

They are kept beside the rate allowance of its company, which is written anyway, under the connection's own key: a
company that changes hands brings nobody else's numbers. What is counted and not written yet stays in the container's
tally until a write succeeds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from chalicelib.engine.errors import TryAgain, Unknown
from chalicelib.engine.ports import Conflict, Item, Put, Store
from chalicelib.engine.records import Json

TRIES = 5
MONTHS_KEPT = 13

Count = tuple[int, int]  # calls, and the metered reads among them


@dataclass(slots=True)
class Tally:
    """Counted and not written yet, by month."""

    months: dict[str, Count] = field(default_factory=dict)

    def add(self, month: str, calls: int, metered: int) -> None:
        before = self.months.get(month, (0, 0))
        after = (before[0] + calls, before[1] + metered)
        if any(after):
            self.months[month] = after
        else:
            self.months.pop(month, None)

    def written(self, months: Mapping[str, Count]) -> None:
        for month, (calls, metered) in months.items():
            self.add(month, -calls, -metered)


def budget_key(system: str, environment: str, who: str) -> tuple[str, str]:
    return f"B#{system}#{environment}#{who}", "BUDGET"


def month_of(now: datetime) -> str:
    return now.strftime("%Y-%m")


def read(item: Item | None, of: str) -> dict[str, Count]:
    """What the item says of the connection with that key, newest month first."""
    stored = item.body.get("usage") if item else None
    months = stored.get(of, {}) if isinstance(stored, dict) else {}
    return {month: (int(calls), int(metered)) for month, (calls, metered) in sorted(months.items(), reverse=True)}


def body_with(item: Item, of: str, months: Mapping[str, Count]) -> Json:
    """The item's body with these counts of that connection added."""
    total = Tally(read(item, of))
    for month, (calls, metered) in months.items():
        total.add(month, calls, metered)
    kept = sorted(total.months, reverse=True)[:MONTHS_KEPT]
    return {**item.body, "usage": {of: {month: list(total.months[month]) for month in kept}}}


def write_down(store: Store, key: tuple[str, str], of: str, tally: Tally) -> None:
    """Write what is left in the tally; what does not get through stays there for the next write."""
    for _ in range(TRIES):
        months = dict(tally.months)
        if not months:
            return
        try:
            item = store.get([key]).get(key) or Item(pk=key[0], sk=key[1])
            store.write([Put(Item(pk=key[0], sk=key[1], version=item.version, body=body_with(item, of, months)))])
        except Conflict:
            continue
        except (TryAgain, Unknown):
            return  # unanswered: perhaps counted twice then, never too few
        tally.written(months)
        return
