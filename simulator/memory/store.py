"""The one table in memory: DynamoDB's conditions, limits and lagging indexes, without DynamoDB."""

from __future__ import annotations

import base64
import json
from bisect import bisect_left, bisect_right, insort
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import RLock
from typing import Any, Literal

from chalicelib.aws import limits
from chalicelib.engine.ports import Check, Conflict, Delete, Item, Op, Put, Rows
from simulator.memory.watch import Effect, Watched

Index = Literal["due", "held"]
Entry = tuple[str, str, str]  # sort key, and the item's own pk and sk: the order within a partition


@dataclass(frozen=True, slots=True)
class _Row:
    """A stored item; the body is kept as text, so that nobody changes it through a value they hold."""

    item: Item
    text: str
    size: int

    def read(self) -> Item:
        item = self.item
        return Item(
            pk=item.pk,
            sk=item.sk,
            body=json.loads(self.text),
            version=item.version,
            due=item.due,
            held=item.held,
            blob=item.blob,
            expires_at=item.expires_at,
        )


class MemoryStore(Watched):
    """Implements `Store`. `index_lag`: an index query does not see the last so many writes, until `settle()`.

    `reads` and `writes` count calls served (a get of more than 100 keys is several reads), `items_written` what they
    stored or deleted.
    """

    def __init__(self, *, index_lag: int = 0) -> None:
        super().__init__()
        self.index_lag = index_lag
        self.reads = 0
        self.writes = 0
        self.items_written = 0
        self._rows: dict[tuple[str, str], _Row] = {}
        self._table: dict[str, list[Entry]] = {}
        self._indexes: dict[tuple[Index, str], list[Entry]] = {}
        self._lagging: deque[list[tuple[Item | None, Item | None]]] = deque()
        self._lock = RLock()

    # ------------------------------------------------------------------ the port

    def get(self, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Item]:
        unique = list(dict.fromkeys((pk, sk) for pk, sk in keys))
        for pk, sk in unique:
            limits.check_key(pk, sk)
        if not unique:
            return {}
        return self._watched(Effect("get", tuple(unique)), lambda: self._get(unique))

    def query(
        self,
        pk: str,
        *,
        index: Index | None = None,
        prefix: str = "",
        upto: str | None = None,
        limit: int = 100,
        cursor: str | None = None,
        descending: bool = False,
    ) -> Rows:
        limits.check_query(prefix=prefix, upto=upto, limit=limit)
        after: Entry | None = None
        if cursor is not None:
            parts = limits.cursor_parts(cursor, pk=pk, length=4 if index else 2)
            after = (parts[1], parts[2], parts[3]) if index else (parts[1], pk, parts[1])

        def act() -> Rows:
            with self._lock:
                self.reads += 1
                entries = self._indexes.get((index, pk), []) if index else self._table.get(pk, [])
                chosen = _chosen(entries, prefix=prefix, upto=upto, after=after, most=limit + 1, descending=descending)
                return self._page(pk, index, chosen, limit)

        return self._watched(Effect("query", ((pk, index or ""),)), act)

    def write(self, ops: Sequence[Op]) -> None:
        if not ops:
            return
        texts = limits.check_ops(ops)
        keys = tuple(limits.key_of(op) for op in ops)
        self._watched(Effect("write", keys), lambda: self._write(list(zip(ops, keys, texts, strict=True))))

    # ------------------------------------------------------------------ for tests

    def settle(self) -> None:
        """Bring the indexes up to date."""
        with self._lock:
            self._catch_up(0)

    def all_items(self, *, due: bool = False) -> list[Item]:
        """Everything stored, or all that is due some time, in key order; no operation of the port can do this."""
        with self._lock:
            found = [key for key, row in self._rows.items() if not due or row.item.due is not None]
            return [self._rows[key].read() for key in sorted(found)]

    def dump(self) -> dict[str, Any]:
        """The whole table as JSON values."""
        return {"items": [_plain(item) for item in self.all_items()]}

    def load(self, state: dict[str, Any]) -> None:
        """Take over what `dump` gave, in place of what is here."""
        with self._lock:
            self._rows, self._table, self._indexes = {}, {}, {}
            self._lagging.clear()
            for plain in state["items"]:
                item = _from_plain(plain)
                self._store(item, limits.body_text(item.body))
                self._index([(None, item)])

    def save(self, path: Path) -> None:
        path.write_text(json.dumps(self.dump()))

    def restore(self, path: Path) -> None:
        self.load(json.loads(path.read_text()))

    # ------------------------------------------------------------------ reading

    def _get(self, keys: list[tuple[str, str]]) -> dict[tuple[str, str], Item]:
        with self._lock:
            self.reads += -(-len(keys) // limits.MOST_KEYS_PER_GET)
            return {key: self._rows[key].read() for key in keys if key in self._rows}

    def _page(self, pk: str, index: Index | None, chosen: list[Entry], limit: int) -> Rows:
        items: list[Item] = []
        size = 0
        for sort, own_pk, own_sk in chosen:
            row = None if index else self._rows[own_pk, own_sk]
            size += row.size if row else len(pk) + len(sort) + len(own_pk) + len(own_sk)
            if len(items) == limit or (items and size > limits.MOST_PAGE_BYTES):
                break
            place = (pk, sort)
            found = Item(own_pk, own_sk, due=place if index == "due" else None, held=place if index == "held" else None)
            items.append(row.read() if row else found)
        if len(items) == len(chosen) and len(items) < limit:
            return Rows(items=items)
        # Like DynamoDB, a page that is exactly full says "go on" even when nothing follows.
        sort, own_pk, own_sk = chosen[len(items) - 1]
        parts = (pk, sort, own_pk, own_sk) if index else (pk, sort)
        return Rows(items=items, cursor=limits.cursor_text(parts))

    # ------------------------------------------------------------------ writing

    def _write(self, ops: list[tuple[Op, tuple[str, str], str]]) -> None:
        with self._lock:
            self.writes += 1
            losers = [key for op, key, _ in ops if not self._allows(op, key)]
            if losers:
                raise Conflict(losers)
            changes: list[tuple[Item | None, Item | None]] = []
            for op, key, text in ops:
                if isinstance(op, Check):
                    continue
                old = self._rows.get(key)
                new = _bumped(op.item) if isinstance(op, Put) else None
                if new is not None:
                    self._store(new, text)
                elif old is not None:
                    self._forget(key)
                changes.append((old.item if old else None, new))
            self.items_written += len(changes)
            self._lagging.append(changes)
            self._catch_up(self.index_lag)

    def _allows(self, op: Op, key: tuple[str, str]) -> bool:
        row = self._rows.get(key)
        stored = row.item.version if row else 0
        match op:
            case Put():
                return not op.guarded or stored == op.item.version
            case Check():
                return stored == op.version
            case Delete():
                return op.version is None or stored == op.version

    def _store(self, item: Item, text: str) -> None:
        key = (item.pk, item.sk)
        if key not in self._rows:
            insort(self._table.setdefault(item.pk, []), (item.sk, item.pk, item.sk))
        self._rows[key] = _Row(item=item, text=text, size=limits.item_size(item, text))

    def _forget(self, key: tuple[str, str]) -> None:
        del self._rows[key]
        _remove(self._table[key[0]], (key[1], *key))

    def _catch_up(self, lag: int) -> None:
        while len(self._lagging) > lag:
            self._index(self._lagging.popleft())

    def _index(self, changes: list[tuple[Item | None, Item | None]]) -> None:
        for old, new in changes:
            for name in ("due", "held"):
                was: tuple[str, str] | None = getattr(old, name, None)
                now: tuple[str, str] | None = getattr(new, name, None)
                if was == now:
                    continue
                if old and was:
                    _remove(self._indexes[name, was[0]], (was[1], old.pk, old.sk))
                if new and now:
                    insort(self._indexes.setdefault((name, now[0]), []), (now[1], new.pk, new.sk))


def _chosen(
    entries: list[Entry], *, prefix: str, upto: str | None, after: Entry | None, most: int, descending: bool
) -> list[Entry]:
    low, high = 0, len(entries)
    if prefix:
        low = bisect_left(entries, prefix, key=lambda entry: entry[0])
        high = bisect_right(entries, prefix, key=lambda entry: entry[0][: len(prefix)])
    if upto is not None:
        high = bisect_right(entries, upto, key=lambda entry: entry[0])
    if after is not None and descending:
        high = min(high, bisect_left(entries, after))
    elif after is not None:
        low = max(low, bisect_right(entries, after))
    if descending:
        return entries[max(low, high - most) : high][::-1]
    return entries[low : min(high, low + most)]


def _bumped(item: Item) -> Item:
    return Item(
        pk=item.pk,
        sk=item.sk,
        version=item.version + 1,
        due=item.due,
        held=item.held,
        blob=item.blob,
        expires_at=item.expires_at,
    )


def _remove(entries: list[Entry], entry: Entry) -> None:
    place = bisect_left(entries, entry)
    if place < len(entries) and entries[place] == entry:
        del entries[place]


def _plain(item: Item) -> dict[str, Any]:
    return {
        "pk": item.pk,
        "sk": item.sk,
        "body": item.body,
        "version": item.version,
        "due": item.due,
        "held": item.held,
        "blob": base64.b64encode(item.blob).decode() if item.blob is not None else None,
        "expires_at": item.expires_at,
    }


def _from_plain(plain: dict[str, Any]) -> Item:
    return Item(
        pk=plain["pk"],
        sk=plain["sk"],
        body=plain["body"],
        version=plain["version"],
        due=tuple(plain["due"]) if plain["due"] else None,
        held=tuple(plain["held"]) if plain["held"] else None,
        blob=base64.b64decode(plain["blob"]) if plain["blob"] is not None else None,
        expires_at=plain["expires_at"],
    )
