"""Where a record's life is written down: its HEAD, its documents, its trail, its claim.

One HEAD per record carries state, link, intent, outcome and due time, so that one conditional write moves them
together. Documents lie beside it, compressed, in chunks; the trail is only ever added to.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Literal
from urllib.parse import quote

from chalicelib.engine.errors import Held
from chalicelib.engine.ports import Item, Op, Put, Store
from chalicelib.engine.records import Json, Money, RecordKey, Summary, canonical
from chalicelib.engine.redact import redact

HEAD = "HEAD"
OUTBOX = "w"
CHUNK = 280_000  # bytes; as base64, which emulators count, still under 400 KB an item
LARGEST = 3_000_000  # bytes of gzip; a larger document is held `too_large`
LIST_SHARDS = 16
TRAIL_DOCUMENT = 60_000  # characters of a request or answer kept in one trail entry
TRAIL_PLAIN = 600  # characters of a trail entry that are kept as they are; a longer one is kept compressed

State = Literal[
    "waiting", "sending", "unknown", "done", "held", "refused", "not_moved", "rehearsed", "split", "forecast"
]
Side = Literal["source", "target", "written"]


@dataclass(frozen=True, slots=True)
class Head:
    """The one item that says where a record stands. `version` is the table's, 0 for a record not stored yet.

    `due` is (class, moment): "a" waits for its time, "b" is queued until then, "w" lies in the outbox of a connection
    that cannot be called, since then. `revision` counts the source's changes.
    `correlation` names the webhook or the run that brought its present state.
    `stirred` is the run that found it withdrawn or changed after it was moved: nothing is written before that is over.
    `parts` are the names of the records that it came to, `leaving` those of former ones that may still stand there.
    `link`, `intent`, `outcome`, `hold` and `plan` are JSON objects whose members docs/reference/records.md lists.
    """

    key: RecordKey
    state: State = "waiting"
    revision: int = 0
    fingerprint: str = ""
    stamp: str = ""
    live: bool = True
    gone: bool = False
    summary: Json = field(default_factory=dict)
    connection: str = ""  # the target's, under whose due index the record waits
    link: Json | None = None
    intent: Json | None = None
    outcome: Json | None = None
    hold: Json | None = None
    plan: Json | None = None
    parts: Sequence[str] = ()
    leaving: Sequence[str] = ()
    attempts: int = 0
    epoch: int = 0
    correlation: str = ""
    stirred: str = ""
    released: bool = False  # a person let it go although it is older than the cut-over
    trouble: str = ""  # what the last try ran into
    noticed_at: str = ""
    updated_at: str = ""
    due: tuple[str, str] | None = None
    version: int = 0

    @property
    def part_keys(self) -> list[RecordKey]:
        return [replace(self.key, part=name) for name in self.parts]

    @property
    def leaving_keys(self) -> list[RecordKey]:
        return [replace(self.key, part=name) for name in self.leaving]

    @property
    def at_rest(self) -> bool:
        """Nothing is under way and nothing is waiting for its time."""
        return self.due is None

    @property
    def money(self) -> Money | None:
        amount = self.summary.get("amount")
        return Money(Decimal(str(amount)), str(self.summary.get("currency", ""))) if amount else None

    @property
    def follows(self) -> tuple[str, str] | None:
        """The record, by move and name, because of which this one is not moved."""
        first = (self.outcome or {}).get("follows")
        return (str(first[0]), str(first[1])) if self.state == "not_moved" and isinstance(first, list) else None

    def item(self) -> Item:
        # An item is paid for by the KB: what is as in a new head is left out, and most heads stay within one.
        told = {name: (getattr(self, name), getattr(_NEW, name)) for name in _STORED}
        body = {name: value for name, (value, first) in told.items() if value != first and (value or first)}
        held = None
        if self.state == "held" and self.hold:
            place = held_prefix(str(self.hold["reason"]), str(self.hold["cause"]))
            held = (f"H#{self.key.tenant}#{self.key.flow}", f"{place}#{self.key.pk}"[:1000])
        elif self.follows:
            held = (f"N#{self.key.tenant}#{self.key.flow}", f"{held_prefix(*self.follows)}#{self.key.pk}"[:1000])
        due = (f"D#{self.key.tenant}#{self.connection}", "#".join(self.due)) if self.due else None
        return Item(pk=self.key.pk, sk=HEAD, body=body, version=self.version, due=due, held=held)

    @staticmethod
    def read(item: Item) -> Head:
        body = dict(item.body)
        due = body.pop("due", None)
        known = {name: value for name, value in body.items() if name in _STORED}
        return Head(
            key=RecordKey.from_pk(item.pk),
            version=item.version,
            due=(due[0], due[1]) if isinstance(due, list | tuple) else None,
            **known,  # type: ignore[arg-type]  # written by `item`
        )


_STORED = tuple(name for name in Head.__dataclass_fields__ if name not in {"key", "version"})
_NEW = Head(RecordKey("", "", "", ""))


def held_prefix(reason: str, cause: str = "") -> str:
    """Where the records held for a reason (and a cause) stand in the index of holds."""
    if not reason:
        return ""
    return f"{reason}#{quote(cause[:300], safe=' ')}"


def summary_json(summary: Summary) -> Json:
    return {
        "title": summary.title[:300],
        "number": summary.number[:100],
        "party": summary.party[:200],
        "day": summary.day.isoformat() if summary.day else "",
        "amount": str(summary.money.amount) if summary.money else "",
        "currency": summary.money.currency if summary.money else "",
    }


def heads(store: Store, keys: Iterable[RecordKey]) -> dict[RecordKey, Head]:
    found = store.get([(key.pk, HEAD) for key in keys])
    return {RecordKey.from_pk(pk): Head.read(item) for (pk, _), item in found.items()}


def put(head: Head) -> Put:
    return Put(head.item())


def after(head: Head) -> Head:
    """The head as it stands once a guarded `put` of it went through."""
    return replace(head, version=head.version + 1)


# ---------------------------------------------------------------------------------------------- documents


def body_ops(key: RecordKey, side: Side, document: Json) -> list[Op]:
    """The writes that keep a document. Raises Held("too_large")."""
    packed = gzip.compress(canonical(document).encode(), 6, mtime=0)
    if len(packed) > LARGEST:
        raise Held(
            "too_large",
            f"The document is {len(packed) / 1e6:.1f} MB compressed; at most {LARGEST / 1e6:.0f} MB can be moved.",
            cause="document size",
            fix="Split the document in the source system, or enter it by hand.",
        )
    count = -(-len(packed) // CHUNK)
    ops: list[Op] = []
    for n in range(count):
        blob = packed[n * CHUNK : (n + 1) * CHUNK]
        ops.append(Put(Item(pk=key.pk, sk=f"BODY#{side}#{n}", body={"chunks": count}, blob=blob), guarded=False))
    return ops


def bodies(store: Store, wanted: Sequence[tuple[RecordKey, Side]]) -> dict[tuple[RecordKey, Side], Json]:
    """The kept documents; one that is absent is absent from the answer."""
    first = store.get([(key.pk, f"BODY#{side}#0") for key, side in wanted])
    rest = []
    for (pk, sk), item in first.items():
        rest += [(pk, f"{sk[:-1]}{n}") for n in range(1, _chunks(item))]
    chunks = {**first, **(store.get(rest) if rest else {})}
    found: dict[tuple[RecordKey, Side], Json] = {}
    for key, side in wanted:
        head = first.get((key.pk, f"BODY#{side}#0"))
        if head is None:
            continue
        packed = b"".join(chunks[(key.pk, f"BODY#{side}#{n}")].blob or b"" for n in range(_chunks(head)))
        found[(key, side)] = json.loads(gzip.decompress(packed))
    return found


def _chunks(item: Item) -> int:
    return int(str(item.body["chunks"]))


# ---------------------------------------------------------------------------------------------- trail, claim, list


def trail_op(key: RecordKey, at: datetime, what: str, body: Json, *, salt: str) -> Put:
    """One entry of the trail. `salt` keeps two entries of one moment apart."""
    shown = redact(body)
    assert isinstance(shown, dict)
    kept = {name: _short(value) for name, value in shown.items()}
    told: Json = {"at": at.isoformat(), "what": what}
    text = json.dumps(kept, ensure_ascii=False, separators=(",", ":"))
    blob = gzip.compress(text.encode(), 6, mtime=0) if len(text) > TRAIL_PLAIN else None
    sk = f"TRAIL#{at.isoformat(timespec='microseconds')}#{salt}"
    return Put(Item(pk=key.pk, sk=sk, body=told if blob else {**told, **kept}, blob=blob), guarded=False)


def _short(value: object) -> object:
    text = value if isinstance(value, str) else canonical(value)
    if len(text) <= TRAIL_DOCUMENT:
        return value
    return {"cut": text[:2000], "characters": len(text)}


def trail(
    store: Store, key: RecordKey, *, limit: int = 200, cursor: str | None = None
) -> tuple[list[Json], str | None]:
    rows = store.query(key.pk, prefix="TRAIL#", limit=limit, cursor=cursor)
    return [{**item.body, **_packed(item)} for item in rows.items], rows.cursor


def _packed(item: Item) -> Json:
    return dict(json.loads(gzip.decompress(item.blob))) if item.blob else {}


def cursor(store: Store, tenant: str, flow: str, move: str) -> Item:
    """How far a move's list was read; `gap` in it: something may have been deleted since without our hearing."""
    key = (f"T#{tenant}", f"CURSOR#{flow}#{move}")
    return store.get([key]).get(key) or Item(*key)


def claim_key(tenant: str, connection: str, kind: str, target_id: str) -> tuple[str, str]:
    return f"X#{tenant}#{connection}#{kind}#{target_id}", "CLAIM"


def list_op(key: RecordKey, summary: Json) -> Put:
    """The record's place in the lists of its move; written once, by the date it had when first seen."""
    shard = sum(key.source_id.encode()) % LIST_SHARDS
    day = summary.get("day") or "0000-00-00"
    pk = f"F#{key.tenant}#{key.flow}#{key.move}#{shard}"
    return Put(Item(pk=pk, sk=f"{day}#{quote(key.named, safe='@')}", body={"key": key.pk}), guarded=False)


def list_page(
    store: Store, tenant: str, flow: str, move: str, *, shard: int, cursor: str | None, limit: int
) -> tuple[list[tuple[str, RecordKey]], str | None]:
    """Records of one shard of a move's list, latest document date first: (date, key), and where to go on."""
    pk = f"F#{tenant}#{flow}#{move}#{shard}"
    rows = store.query(pk, limit=limit, cursor=cursor, descending=True)
    found = [(item.sk.split("#", 1)[0], RecordKey.from_pk(str(item.body["key"]))) for item in rows.items]
    return found, rows.cursor


def list_keys(store: Store, tenant: str, flow: str, move: str) -> Iterable[RecordKey]:
    """Every record of a move, shard by shard, a page of keys at a time."""
    for shard in range(LIST_SHARDS):
        cursor = None
        while True:
            rows = store.query(f"F#{tenant}#{flow}#{move}#{shard}", limit=500, cursor=cursor)
            for item in rows.items:
                yield RecordKey.from_pk(str(item.body["key"]))
            cursor = rows.cursor
            if cursor is None:
                break
