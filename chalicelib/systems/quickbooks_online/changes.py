"""What changed since a moment, of all kinds at once: one metered read, however many changes (sheet section 11).

There are no pages. A full answer may lack any change, so that it is never taken for the whole.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.engine.records import Json
from chalicelib.systems.quickbooks_online.client import Client
from chalicelib.systems.quickbooks_online.times import as_text

MOST = 1000  # objects of one answer, all kinds together
HORIZON = timedelta(days=29)  # the vendor looks back 30
OVERLAP = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Heard:
    """`at` is the moment of the answer on the vendor's clock. `is_cut`: there may be more than the answer holds."""

    since: datetime
    at: str
    rows: Mapping[str, Sequence[Json]]
    is_cut: bool

    def covers(self, since: datetime) -> bool:
        return not self.is_cut and self.since <= since


def hear(client: Client, entities: Sequence[str], since: datetime) -> Heard:
    """Raises TryAgain for an answer that is none."""
    responses, at = client.changes(entities, as_text(since))
    rows: dict[str, list[Json]] = {entity: [] for entity in entities}
    for response in responses:
        for entity in rows:
            listed = response.get(entity)
            rows[entity] += [row for row in listed if isinstance(row, dict)] if isinstance(listed, list) else []
    return Heard(since=since, at=at, rows=rows, is_cut=sum(map(len, rows.values())) >= MOST)


def is_deleted(raw: Json) -> bool:
    """Only said, and sometimes of what is there still: a read by id tells (sheet section 11)."""
    return str(raw.get("status")).lower() == "deleted"
