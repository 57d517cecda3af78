"""How far a list was read: the watermark between runs, and the place within one.

Nothing there can be asked for by its moment of change (sheet sections 5 and 11). So all is read once a day, and in
between the bills that are open, with those that were open before and are not any more: what is paid or deleted is among
these. What is edited after it was paid is seen within the day.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from chalicelib.engine.records import Json
from chalicelib.systems.freshbooks.client import BILLS, Client, Query, Resource
from chalicelib.systems.freshbooks.models import DELETED

EVERY = timedelta(hours=20)  # all of it
MOST_OPEN = 2000  # bills; where more are open, all are read each time
CHUNK = 50  # ids in one question
OPEN = frozenset({"unpaid", "overdue", "partial"})
WITH_VENDOR: Query = (("include[]", "vendor"),)
IS_OPEN: Query = tuple(("search[statuses][]", status) for status in sorted(OPEN))
IS_DELETED: Query = (("search[vis_state]", "1"),)


@dataclass(frozen=True, slots=True)
class Mark:
    """The watermark: when all was read the last time, and which bills were open at the last run."""

    whole: str
    open: Sequence[str] = ()

    def text(self) -> str:
        return json.dumps({"whole": self.whole, "open": list(self.open)})

    def is_old(self, now: datetime) -> bool:
        return datetime.fromisoformat(self.whole) + EVERY <= now or len(self.open) > MOST_OPEN


@dataclass(frozen=True, slots=True)
class Place:
    """Where a walk stands; as JSON it is the token.

    "all" and "deleted" are pages of everything, "list" those of a short list in between, "open" those of open bills,
    "rest" what was open before. `open` are the bills found open so far, `rest` those still to be asked for.
    """

    mode: Literal["all", "deleted", "list", "open", "rest"]
    whole: str
    page: int = 1
    total: int | None = None
    open: Sequence[str] = ()
    rest: Sequence[str] = ()
    gap: bool = False

    def token(self) -> str:
        return json.dumps(asdict(self))

    @property
    def mark(self) -> Mark:
        return Mark(self.whole, tuple(dict.fromkeys(self.open)))

    def further(self, total: int | None) -> Place:
        return replace(self, page=self.page + 1, total=self.total if self.page > 1 else total)


def resume(token: str) -> Place:
    return Place(**json.loads(token))


def mark_of(watermark: str | None) -> Mark | None:
    """None for none, and for one of another making: then all is read."""
    try:
        told = json.loads(watermark or "")
        mark = Mark(str(told["whole"]), tuple(str(one) for one in told["open"]))
        datetime.fromisoformat(mark.whole)
    except (ValueError, TypeError, KeyError):
        return None
    return mark


def is_open(raw: Json) -> bool:
    return str(raw.get("status")) in OPEN and str(raw.get("vis_state")) != DELETED


def by_ids(client: Client, ids: Sequence[str]) -> dict[str, Json]:
    """The bills of these ids that are there; by a list, and one by one what that does not show."""
    found: dict[str, Json] = {}
    for begin in range(0, len(ids), CHUNK):
        some = ids[begin : begin + CHUNK]
        listed = client.page(BILLS, 1, [*(("search[ids][]", one) for one in some), *WITH_VENDOR])
        found |= {BILLS.id_of(row): row for row in listed.rows if BILLS.id_of(row) in some}
        for id_ in some:
            if id_ not in found and (raw := client.get(BILLS, id_, WITH_VENDOR)) is not None:
                found[id_] = raw
    return found


def ignored(rows: Sequence[Json], mode: str) -> bool:
    """A filter that the vendor does not know is ignored without a word: then rows come that it would have left out."""
    if mode == "open":
        return any(not is_open(row) for row in rows)
    return mode == "deleted" and any(str(row.get("vis_state")) != DELETED for row in rows)


def query(what: Resource, mode: str) -> Query:
    included = WITH_VENDOR if what is BILLS else ()
    return (*{"open": IS_OPEN, "deleted": IS_DELETED}.get(mode, ()), *included)
