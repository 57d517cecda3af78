"""A whole list, or all of it since a moment, page by page over any number of invocations, without losing a row.

A row that changes while we walk moves to the end and shifts the others up. So a page begins not at a number of rows but
at the moment of change of the last row before: what moves, moves towards us.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

from chalicelib.engine.records import Json
from chalicelib.systems.quickbooks_online import query
from chalicelib.systems.quickbooks_online.client import Client, Faulty
from chalicelib.systems.quickbooks_online.times import moment

INACTIVE_TOO = frozenset({"Vendor"})  # hidden unless asked for (sheet section 7)
STEP_BACK = 100  # rows, where many changed at the same moment


@dataclass(frozen=True, slots=True)
class Place:
    """Where a walk stands: changes from `since` on ("": all), the row to begin with, and when the first page was
    answered, on the vendor's clock. `is_full`: it began as one of all. As JSON it is the token."""

    since: str = ""
    start: int = 1
    size: int = query.PAGE
    at: str = ""
    is_full: bool = False

    def token(self) -> str:
        return json.dumps(asdict(self))


def resume(token: str) -> Place:
    return Place(**json.loads(token))


def step(client: Client, entity: str, place: Place) -> tuple[Sequence[Json], Place | None, str]:
    """One page, the place after it (None: that was the end), and when the walk began. Raises Faulty."""
    rows, at, size = _page(client, entity, place)
    begun = place.at or at
    if len(rows) < size:
        return rows, None, begun
    changed = rows[-1].get("MetaData")
    last = changed.get("LastUpdatedTime") if isinstance(changed, dict) else None
    known, before = moment(last), moment(place.since)
    if known is None or known == before:
        return rows, replace(place, start=place.start + size - min(STEP_BACK, size // 2), size=size, at=begun), begun
    return rows, replace(place, since=str(last), start=1, size=size, at=begun), begun


def present(client: Client, entity: str, ids: Sequence[str]) -> set[str]:
    """Which of these (at most 100) the list has."""
    if not ids:
        return set()
    where = f"Id IN ({','.join(query.literal(one) for one in ids)})"
    where += " AND Active IN (true,false)" if entity in INACTIVE_TOO else ""
    return {
        str(row["Id"])
        for row in query.entries(client.query(f"SELECT * FROM {entity} WHERE {where} MAXRESULTS {query.PAGE}"), entity)
    }


def _page(client: Client, entity: str, place: Place) -> tuple[list[Json], str, int]:
    """The rows, the moment of the answer, and how many rows were asked for in the end."""
    where = ["Active IN (true,false)"] if entity in INACTIVE_TOO else []
    where += [f"MetaData.LastUpdatedTime >= {query.literal(place.since)}"] if place.since else []
    clause = f" WHERE {' AND '.join(where)}" if where else ""
    size = place.size
    while True:
        span = f"STARTPOSITION {place.start} MAXRESULTS {size}"
        statement = f"SELECT * FROM {entity}{clause} ORDERBY MetaData.LastUpdatedTime {span}"
        try:
            response, at = client.query_at(statement)
        except Faulty as faulty:
            if faulty.code != query.TOO_MUCH or size <= query.SMALLEST_PAGE:
                raise
            size //= 2
            continue
        listed = response.get(entity)
        return [row for row in listed if isinstance(row, dict)] if isinstance(listed, list) else [], at, size
