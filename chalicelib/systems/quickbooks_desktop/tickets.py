"""Where a session of the Web Connector stands, between one call and the next.

Every call is a request of its own: all that a session knows lies in the table, under the hash of its ticket, and each
step is written on the condition that nobody took it before. What outlives a session (which one is alive, the company
file, what was handed out and never answered) lies beside the connection.
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal

from chalicelib.engine.connection import Connection
from chalicelib.engine.ledger import CHUNK
from chalicelib.engine.ports import Conflict, Item, Op, Put, Store
from chalicelib.engine.records import Json

SILENT = timedelta(minutes=30)  # a ticket that was not used for so long is none any more
KEPT = timedelta(days=2)  # late answers are still told apart from foreign ones

TRIES = 6

Step = Literal["send", "receive", "close", "over"]


@dataclass(frozen=True, slots=True)
class Write:
    """A write that was handed out: which record's, when its intent was written, and how QuickBooks will call it."""

    key: str
    at: str
    set_id: str
    kind: str
    op: str
    mark: str
    title: str
    about: tuple[str, ...] = ()  # what we knew of it, and do not know any more now
    again: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """One message for QuickBooks. `page` counts the pages of a list; `write` is there when it writes."""

    id: str
    topic: str
    values: tuple[str, ...] = ()
    page: int = 0
    size: int = 0
    at: str = ""
    write: Write | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer that lies in the table under its number. `next` is the iterator with which its list goes on, in pages
    of the same `size`; it is its `page`, counted from 0."""

    number: int
    topic: str
    values: tuple[str, ...] = ()
    next: str = ""
    size: int = 0
    page: int = 0


@dataclass(slots=True)
class Session:
    """`batch` are the records at hand; once they were all asked about (`asked`), they go one by one.

    `tried` counts how often a record was at hand; `lost` are writes that were handed out and not answered.
    """

    hash: str
    tenant: str
    connection: str
    opened_at: str
    seen_at: str
    step: Step = "send"
    rounds: int = 0
    number: int = 0
    file: str = ""
    qbxml: str = ""
    checked: bool = False  # that it is the right company file
    sound: bool = False  # and that it did not go back to an earlier day
    question: Question | None = None
    text: str = ""
    kept: list[Kept] = field(default_factory=list)
    wants: list[str] = field(default_factory=list)
    reading: bool = False  # a run waits to read from here
    sent: list[str] = field(default_factory=list)  # what earlier sessions left unanswered, as long as it is at hand
    batch: list[str] = field(default_factory=list)
    asked: bool = False
    tried: dict[str, int] = field(default_factory=dict)
    lost: list[Write] = field(default_factory=list)
    verify: list[Write] = field(default_factory=list)
    clear: str = ""
    sizes: dict[str, int] = field(default_factory=dict)
    spoilt: int = 0
    singly: bool = False  # one value a question, since a row of an answer could not be read
    ending: bool = False
    problem: str = ""
    writes: int = 0
    failed: int = 0
    version: int = 0

    @property
    def pk(self) -> str:
        return f"Q#{self.hash}"

    def put(self, now: datetime) -> Put:
        self.seen_at = now.isoformat()
        body: Json = {name: _plain(getattr(self, name)) for name in _STORED}
        expires = int((now + KEPT).timestamp())
        blob = gzip.compress(self.text.encode(), 6, mtime=0) if self.text else None
        return Put(Item(pk=self.pk, sk="SESSION", body=body, blob=blob, version=self.version, expires_at=expires))


_STORED = tuple(name for name in Session.__dataclass_fields__ if name not in {"version", "text"})


def ticket_hash(ticket: str) -> str:
    """A ticket opens a company's books: the table does not hold it."""
    return hashlib.sha256(ticket.encode()).hexdigest()[:40]


def load(store: Store, hash_: str) -> Session | None:
    key = (f"Q#{hash_}", "SESSION")
    item = store.get([key]).get(key)
    return _read(item) if item is not None else None


def is_alive(session: Session, now: datetime, within: timedelta) -> bool:
    return session.step not in ("close", "over") and datetime.fromisoformat(session.seen_at) + within > now


def _plain(value: object) -> object:
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, Question | Write | Kept):
        return {name: _plain(getattr(value, name)) for name in value.__dataclass_fields__}
    return list(value) if isinstance(value, tuple) else value


def _read(item: Item) -> Session:
    body = {name: value for name, value in item.body.items() if name in _STORED}
    listed = {name: body.pop(name, None) or [] for name in ("kept", "lost", "verify")}
    question = body.pop("question", None)
    session = Session(**body, version=item.version)  # type: ignore[arg-type]  # written by `put`
    session.text = gzip.decompress(item.blob).decode() if item.blob else ""
    session.question = _question(question)
    session.kept = [_kept(each) for each in _objects(listed["kept"])]
    session.lost = [_write(each) for each in _objects(listed["lost"])]
    session.verify = [_write(each) for each in _objects(listed["verify"])]
    session.tried = {key: int(str(count)) for key, count in session.tried.items()}
    session.sizes = {topic: int(str(size)) for topic, size in session.sizes.items()}
    return session


def _objects(value: object) -> list[Json]:
    return value if isinstance(value, list) else []


def _question(stored: object) -> Question | None:
    if not isinstance(stored, dict):
        return None
    write = stored.get("write")
    values, page, size = tuple(stored["values"]), int(stored["page"]), int(stored["size"])
    plain = {**stored, "values": values, "page": page, "size": size}
    return Question(**{**plain, "write": _write(write) if isinstance(write, dict) else None})


def _write(stored: Json) -> Write:
    return Write(**{**stored, "about": tuple(stored["about"])})  # type: ignore[arg-type]  # written by `put`


def _kept(stored: Json) -> Kept:
    number, size = int(str(stored["number"])), int(str(stored.get("size", 0)))
    plain = {**stored, "number": number, "values": tuple(stored["values"]), "size": size}  # type: ignore[arg-type]
    return Kept(**plain)  # type: ignore[arg-type]  # written by `put`


# ---------------------------------------------------------------------------------------------- answers


def answer_ops(session: Session, number: int, response: str, now: datetime) -> list[Op]:
    """The writes that keep a response until its batch is done."""
    packed = gzip.compress(response.encode(), 6, mtime=0)
    expires, count = int((now + KEPT).timestamp()), max(1, -(-len(packed) // CHUNK))
    return [
        Put(
            Item(
                pk=session.pk,
                sk=f"ANSWER#{number}#{n}",
                body={"chunks": count},
                blob=packed[n * CHUNK : (n + 1) * CHUNK],
                expires_at=expires,
            ),
            guarded=False,
        )
        for n in range(count)
    ]


def answers(store: Store, session: Session, numbers: Sequence[int]) -> dict[int, str]:
    """The kept responses of these numbers."""
    first = store.get([(session.pk, f"ANSWER#{number}#0") for number in numbers])
    rest = [
        (session.pk, f"{sk[:-1]}{n}")
        for (_, sk), item in first.items()
        for n in range(1, int(str(item.body["chunks"])))
    ]
    found = {**first, **(store.get(rest) if rest else {})}
    texts: dict[int, str] = {}
    for number in numbers:
        head = found[(session.pk, f"ANSWER#{number}#0")]
        parts = [found[(session.pk, f"ANSWER#{number}#{n}")].blob or b"" for n in range(int(str(head.body["chunks"])))]
        texts[number] = gzip.decompress(b"".join(parts)).decode()
    return texts


# ---------------------------------------------------------------------------------------------- the connection


@dataclass(frozen=True, slots=True)
class Desk:
    """What is known of a connection's PC: when it was last heard of, the company file, and what is under way there.

    `session` is the hash of its last ticket, `sent` the records that were handed out and not answered, `wants` the
    lists that somebody needs, `sizes` how many rows a page of each list may have.
    """

    tenant: str
    connection: str
    session: str = ""
    seen_at: str = ""
    every_minutes: int = 15  # so often it was told to call
    address: str = ""
    file: str = ""
    company_name: str = ""
    facts: str = ""
    parked: bool = False  # a run waits to read from here
    sent: tuple[str, ...] = ()
    wants: tuple[str, ...] = ()
    sizes: tuple[tuple[str, int], ...] = ()
    clear: str = ""
    latest: tuple[str, ...] = ()  # the last record that was read from there: its kind, its id, its wall clock
    trouble: str = ""
    troubles: int = 0  # sessions in a row that ended in trouble
    version: int = 0

    @property
    def key(self) -> tuple[str, str]:
        return f"Q#{self.tenant}#{self.connection}", "DESK"

    def put(self) -> Put:
        body: Json = {
            name: _plain(getattr(self, name))
            for name in self.__dataclass_fields__
            if name not in {"tenant", "connection", "version", "sizes"}
        }
        body["sizes"] = dict(self.sizes)
        return Put(Item(pk=self.key[0], sk=self.key[1], body=body, version=self.version))


def desk(store: Store, connection: Connection | Session) -> Desk:
    """As it is now; a fresh one for a connection that was never heard of."""
    name = connection.name if isinstance(connection, Connection) else connection.connection
    empty = Desk(tenant=connection.tenant, connection=name)
    item = store.get([empty.key]).get(empty.key)
    if item is None:
        return empty
    known = {name: value for name, value in item.body.items() if name in Desk.__dataclass_fields__}
    for name in ("sent", "wants", "latest"):
        known[name] = tuple(known.get(name) or ())  # type: ignore[arg-type]
    sizes = known.pop("sizes", None)
    known["sizes"] = tuple((name, int(str(n))) for name, n in sizes.items()) if isinstance(sizes, dict) else ()
    return replace(empty, version=item.version, **known)  # type: ignore[arg-type]  # written by `put`


def change_desk(
    store: Store, connection: Connection | Session, change: Callable[[Desk], Desk], known: Desk | None = None
) -> Desk:
    """Change it as it stands now, whoever else does at this moment. `known` was read a moment ago."""
    for _ in range(TRIES):
        before, known = known or desk(store, connection), None
        after = change(before)
        if after == before:
            return after
        try:
            store.write([after.put()])
        except Conflict:
            continue
        return replace(after, version=after.version + 1)
    raise Conflict([before.key])
