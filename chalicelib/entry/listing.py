"""The list of records: newest document first over all moves, a page at a time, filtered by state and text.

A move's records lie in sixteen shards, each sorted by date. A page is merged from as much of each shard as may be
needed; the place where it ended is the last row's sort key, so that the next one begins after it in every shard.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from chalicelib.engine import ledger
from chalicelib.engine.ledger import Head
from chalicelib.engine.match import plain_name
from chalicelib.engine.ports import Store
from chalicelib.engine.records import RecordKey
from chalicelib.entry.report import heads_by_key

MOST_LOOKED_AT = 1000  # rows a call looks at to find a page's worth that fits

Place = tuple[str, str, str]  # sort key, flow and move, shard: where a row stands in the list


class Wanted(Protocol):
    """Which records a list is to show."""

    def fits(self, head: Head) -> bool: ...


@dataclass(frozen=True, slots=True)
class Filter:
    """`q` is looked for in title, number, party and id."""

    state: str = ""
    q: str = ""

    def fits(self, head: Head) -> bool:
        if self.state and head.state != self.state:
            return False
        if not self.q:
            return True
        texts = [str(head.summary.get(name) or "") for name in ("title", "number", "party")]
        return any(plain_name(self.q) in plain_name(text) for text in [*texts, head.key.named])


def page(
    store: Store, tenant: str, moves: Iterable[tuple[str, str]], wanted: Wanted, *, limit: int, after: Place | None
) -> tuple[list[Head], Place | None]:
    """Up to `limit` records of the (flow, move) pairs that fit, and where to go on; None at the end."""
    pairs = list(moves)
    found: list[Head] = []
    looked = 0
    while True:
        rows = _merged(store, tenant, pairs, limit=limit, after=after)
        for place, head in _with_heads(store, rows):
            if head is not None and wanted.fits(head):
                found.append(head)
            after = place
            if len(found) == limit:
                return found, after
        looked += len(rows)
        if len(rows) < limit:
            return found, None
        if looked >= MOST_LOOKED_AT:
            return found, after


def _merged(
    store: Store, tenant: str, pairs: list[tuple[str, str]], *, limit: int, after: Place | None
) -> list[tuple[Place, RecordKey]]:
    rows: list[tuple[Place, RecordKey]] = []
    for flow, move in pairs:
        for shard in range(ledger.LIST_SHARDS):
            upto = after[0] if after else None
            # One more than needed: a row may stand exactly at the place, and is not listed twice.
            part = store.query(f"F#{tenant}#{flow}#{move}#{shard}", upto=upto, limit=limit + 1, descending=True)
            for item in part.items:
                place = (item.sk, f"{flow}#{move}", f"{shard:02d}")
                if after is None or place < after:
                    rows.append((place, RecordKey.from_pk(str(item.body["key"]))))
    rows.sort(key=lambda row: row[0], reverse=True)
    return rows[:limit]


def _with_heads(store: Store, rows: list[tuple[Place, RecordKey]]) -> Iterator[tuple[Place, Head | None]]:
    heads = {head.key: head for head in heads_by_key(store, [key for _, key in rows])}
    for place, key in rows:
        yield place, heads.get(key)
