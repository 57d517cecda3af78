"""Every port the engine needs. The AWS adapters stand in chalicelib/aws, their in-memory twins in simulator/memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal, Protocol, runtime_checkable

from chalicelib.engine.errors import ConnectorError, Later
from chalicelib.engine.records import (
    BookedPage,
    Company,
    Current,
    Done,
    Intent,
    Json,
    Page,
    Reference,
    Sighting,
    SourceDocument,
)

# ---------------------------------------------------------------------------------------------- the table


@dataclass(frozen=True, slots=True)
class Item:
    """One item of the one table. `body` holds JSON values (no floats), `blob` opaque bytes.

    `version` is what was read (0: not stored yet); a guarded `Put` stores `version + 1`. `due` and `held` are the keys
    (partition, sort) under which the item appears in the index of that name; None keeps it out.
    `expires_at` (epoch seconds) lets the table forget the item; readers must not rely on it being gone.
    """

    pk: str
    sk: str
    body: Json = field(default_factory=dict)
    version: int = 0
    due: tuple[str, str] | None = None
    held: tuple[str, str] | None = None
    blob: bytes | None = None
    expires_at: int | None = None


@dataclass(frozen=True, slots=True)
class Put:
    """Store the item; `guarded`: only if the stored version still is `item.version` (0: only if it does not exist)."""

    item: Item
    guarded: bool = True


@dataclass(frozen=True, slots=True)
class Delete:
    pk: str
    sk: str
    version: int | None = None  # None: whatever is stored


@dataclass(frozen=True, slots=True)
class Check:
    """Nothing is written here, but the whole write fails unless the stored version is this one (0: absent)."""

    pk: str
    sk: str
    version: int


Op = Put | Delete | Check


@dataclass(frozen=True, slots=True)
class Rows:
    items: Sequence[Item]
    cursor: str | None = None


class Conflict(Exception):
    """A guarded write lost: somebody wrote these items ((pk, sk) pairs) first. Nothing of the write happened."""

    def __init__(self, keys: Sequence[tuple[str, str]]) -> None:
        super().__init__(f"written by somebody else meanwhile: {list(keys)}")
        self.keys = tuple(keys)


class Store(Protocol):
    """The one table.

    All methods may raise TryAgain (throttled, unreachable) and Unknown (a write that got no answer).
    """

    def get(self, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Item]:
        """Strongly consistent read of any number of items; missing ones are absent from the answer."""
        ...

    def query(
        self,
        pk: str,
        *,
        index: Literal["due", "held"] | None = None,
        prefix: str = "",
        upto: str | None = None,
        limit: int = 100,
        cursor: str | None = None,
        descending: bool = False,
    ) -> Rows:
        """Items of one partition in sort-key order, at most `limit` (at most 1 MB) a call.

        `prefix` restricts to sort keys that begin so, `upto` to sort keys <= it (not both). The table itself is read
        consistently; an index lags behind and yields items with pk, sk and that index's key (empty body, version 0).
        `cursor` continues after an earlier answer's `cursor`; None in the answer means the end.
        """
        ...

    def write(self, ops: Sequence[Op]) -> None:
        """All of it or nothing. One op is a plain write, more are a transaction (at most 100 ops, 4 MB).

        Raises Conflict when a guard fails, ValueError when an item is over 400 KB.
        """
        ...


# ---------------------------------------------------------------------------------------------- the rest of the cloud

DEAD = "-dead"


@dataclass(frozen=True, slots=True)
class Received:
    """`sent_at` is when it was first sent to the queue that it was meant for."""

    receipt: str
    body: str
    receive_count: int
    sent_at: datetime


class Queue(Protocol):
    """At least once, in any order. Names: "poll", "jobs", and "writer-{system}" per target.

    What failed too often lies in the queue of the name with `DEAD` behind it.
    """

    def send(self, queue: str, bodies: Sequence[str], *, group: str) -> None:
        """Send all bodies (each under 256 KB); `group` is the tenant, for fairness. Raises TryAgain."""
        ...

    def acknowledge(self, queue: str, receipts: Sequence[str]) -> None:
        """Delete received messages, so that raising afterwards brings back only the others."""
        ...

    def receive(self, queue: str, most: int = 10) -> Sequence[Received]:
        """Up to `most` (at most 10) messages, which nobody else gets for some minutes; none: there are none now."""
        ...

    def release(self, queue: str, receipts: Sequence[str]) -> None:
        """Received messages are there for everybody again, at once."""
        ...


class Vault(Protocol):
    """Secrets at rest, and sealing of what the table holds encrypted."""

    def read(self, name: str, *, fresh: bool = False) -> dict[str, str] | None:
        """The named secret, None when there is none; cached for minutes unless `fresh`."""
        ...

    def write(self, name: str, secret: Mapping[str, str]) -> None: ...

    def seal(self, plain: bytes, *, context: Mapping[str, str]) -> bytes: ...

    def unseal(self, sealed: bytes, *, context: Mapping[str, str]) -> bytes:
        """Raises ValueError when the context differs from the one it was sealed with."""
        ...


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """`public`: a customer named the address, so that nothing but the open internet may be reached (no `params`)."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    timeout: float = 30.0
    public: bool = False


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """`headers` have lower-case names."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", errors="replace")


class Http(Protocol):
    def send(self, request: HttpRequest) -> HttpAnswer:
        """One exchange, no redirects, no retries, the answer at most 20 MB.

        Raises TryAgain when the request surely did not leave (no connection), Unknown when it may have been served
        (time-out, connection lost, answer cut or too large), and of a `public` request Refused when its address leads
        elsewhere; of its answer only the beginning is read.
        """
        ...


class Notices(Protocol):
    def publish(self, subject: str, text: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Attachment:
    """`type` is its media type, such as application/pdf."""

    name: str
    type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Letter:
    """One mail to one address."""

    to: str
    subject: str
    text: str
    attachments: Sequence[Attachment] = ()


class Mail(Protocol):
    def send(self, letter: Letter) -> str:
        """Hand it over, once and never again by itself; the id under which it was taken.

        Raises TryAgain when it surely was not taken, Unknown when it may have been, and Held when it is never taken as
        it is.
        """
        ...


class Metrics(Protocol):
    def count(self, name: str, value: float = 1, **dimensions: str) -> None:
        """Dimensions are few-valued (flow, system, outcome); never a tenant."""
        ...

    def flush(self) -> None:
        """Hand over what was counted so far; the doors call it after each piece of work."""
        ...


class Clock(Protocol):
    """Time and chance."""

    def now(self) -> datetime:
        """Aware UTC."""
        ...

    def sleep(self, seconds: float) -> None: ...

    def chance(self) -> float:
        """In [0, 1)."""
        ...

    def token(self) -> str:
        """A fresh unguessable text of 128 bits or more, [A-Za-z0-9_-]."""
        ...


# ---------------------------------------------------------------------------------------------- the systems


class Source(Protocol):
    def page(self, kind: str, *, watermark: str | None, token: str | None, full: bool = False) -> Page:
        """One page of what changed since the watermark (with the overlap its vendor needs); `full`: of everything."""
        ...

    def fetch(self, kind: str, source_id: str) -> SourceDocument | None:
        """The present state by id; None when it is gone there."""
        ...

    def parse(self, kind: str, body: Json) -> object:
        """The typed document of a kept body. Raises Held("unreadable_source") naming the fields that do not fit."""
        ...

    def dated(self, kind: str, first: date, last: date, *, token: str | None) -> Page:
        """One page of what is dated in the period: none is left out, some of other days may be among them.

        Raises TryAgain when the list cannot be read to its end.
        """
        ...


@runtime_checkable
class RollCall(Protocol):
    """What a source may offer beside: many of its records looked for in one call."""

    def missing(self, kind: str, ids: Sequence[str]) -> Sequence[str]:
        """Which of these (at most 100) are not there any more, as far as a list tells."""
        ...


class Target(Protocol):
    """One that cannot be called raises or answers Later where it has to be asked first, and to what it was handed.

    `most_per_call` is how many intents `perform` takes at once; `room` how many more may be written down before some
    are performed, None: any number.
    """

    most_per_call: int

    @property
    def room(self) -> int | None: ...

    def references(self, kind: str) -> Sequence[Reference]:
        """The whole list of that kind, inactive entries included."""
        ...

    def look(self, intents: Sequence[Intent]) -> Sequence[Sighting | Later]:
        """For each intent: which records carry its mark, and which look like it without."""
        ...

    def read(self, kind: str, target_id: str) -> Current | None:
        """The present state by id; None when it is gone there."""
        ...

    def dated(self, kind: str, first: date, last: date, *, token: str | None) -> BookedPage:
        """Part of what is dated in the period, whoever entered it; over all parts each once, and none is left out.

        Raises TryAgain when the list cannot be read to its end.
        """
        ...

    def perform(self, intents: Sequence[Intent]) -> Sequence[Done | ConnectorError | Later]:
        """Do it; one outcome per intent, in order. A failure is returned, not raised, so that it hides no other."""
        ...


class Door(Protocol):
    """What every system offers for its connections, source or target."""

    def company(self) -> Company:
        """Who the credentials belong to, asked there. Raises LockedOut with the fix when they do not work."""
        ...
