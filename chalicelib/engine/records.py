"""The values that the engine passes around: frozen, plain, and without any system in them."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from urllib.parse import quote, unquote

from chalicelib.engine.errors import ConnectorError

Json = dict[str, object]


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in one currency (ISO code). Never a float."""

    amount: Decimal
    currency: str

    def __str__(self) -> str:
        return f"{self.amount:,.2f} {self.currency}"


@dataclass(frozen=True, slots=True)
class RecordKey:
    """One source document followed by one move of one tenant's flow; or one part of it, which is a record of its own.

    Source ids hold no "@".
    """

    tenant: str
    flow: str
    move: str
    source_id: str
    part: str = ""

    @property
    def named(self) -> str:
        """How the record is named among those of its move."""
        return f"{self.source_id}@{self.part}" if self.part else self.source_id

    @property
    def id(self) -> str:
        """How people and the API name the record within its tenant."""
        return f"{self.flow}:{self.move}:{self.named}"

    @property
    def whole(self) -> RecordKey:
        """The record that this one is a part of; itself where it is none."""
        return replace(self, part="") if self.part else self

    @property
    def pk(self) -> str:
        return f"R#{self.tenant}#{self.flow}#{self.move}#{quote(self.named, safe='@')}"

    @staticmethod
    def from_pk(pk: str) -> RecordKey:
        _, tenant, flow, move, named = pk.split("#", 4)
        return RecordKey.of(tenant, flow, move, unquote(named))

    @staticmethod
    def from_id(tenant: str, record_id: str) -> RecordKey | None:
        """Read back `id`; None when the text is no record id."""
        parts = record_id.split(":", 2)
        if len(parts) != 3 or not all(parts) or any("#" in part for part in parts[:2]):
            return None
        return RecordKey.of(tenant, *parts)

    @staticmethod
    def of(tenant: str, flow: str, move: str, named: str) -> RecordKey:
        """Read back `named`."""
        source_id, _, part = named.partition("@")
        return RecordKey(tenant, flow, move, source_id, part)


@dataclass(frozen=True, slots=True)
class Summary:
    """What a list shows of a document: enough for a person to recognise it."""

    title: str
    number: str = ""
    party: str = ""
    day: date | None = None
    money: Money | None = None


@dataclass(frozen=True, slots=True)
class SourceDocument:
    """A source record's present state.

    `body` is the document as JSON values, as read. `fingerprint` changes exactly when something we use changes.
    `live` is False for a document that is not (or no longer) to be moved: a draft, a withdrawn or cancelled one.
    `came_from` is (system, id) when the document carries the mark of the system it was copied from.
    """

    id: str
    body: Json
    fingerprint: str
    summary: Summary
    live: bool = True
    came_from: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a source's change list.

    `stamp` changes whenever the document may have changed. `document` is there when the list already shows all of it;
    otherwise it is fetched by id, and only if the stamp is new. `live` False tells that the row is no document to move.
    """

    id: str
    stamp: str
    live: bool = True
    document: SourceDocument | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """One page of changes. `next` continues the same listing; None ends it, and then `watermark` may be stored.

    `gap` tells with the last one that something may have been deleted since the watermark before without our hearing.
    """

    rows: Sequence[Row]
    next: str | None = None
    watermark: str | None = None
    gap: bool = False


@dataclass(frozen=True, slots=True)
class Reference:
    """An entry of a list in the target that documents point to: an account, a vendor, a term."""

    id: str
    name: str
    full_name: str = ""
    code: str = ""
    active: bool = True
    kind: str = ""  # the target's own sub-kind, such as an account type
    currency: str = ""
    aliases: Sequence[str] = ()  # other names the same entry goes by
    contact: Mapping[str, str] = field(default_factory=dict)  # email, line1, city, postal_code, ...

    @property
    def label(self) -> str:
        return f"{self.code} {self.full_name or self.name}".strip()


@dataclass(frozen=True, slots=True)
class Coded:
    """What a code of the source bears of one document; `kind` is the target's list that the code is mapped to.

    `code` "": what the document has beside its coded lines.
    """

    kind: str
    code: str
    label: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Company:
    """Whom the credentials belong to."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Draft:
    """A target document to be: the fields we own, in the target's normal form.

    `body` holds JSON values only; amounts are strings with the target's decimals. `once` is written at creation and
    never compared or touched again (a memo belongs to the people in the target from then on). `money` is the total that
    the target must arrive at. `covers` names what no record of another move may write as well (see `covers.py`);
    `aggregate` what there may have one writer at a time only (see `lease.py`).
    """

    kind: str
    body: Json
    summary: Summary
    money: Money | None = None
    once: Json = field(default_factory=dict)
    covers: Sequence[str] = ()
    aggregate: str = ""


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a document is that is only expected to cost: nothing of it is ever written.

    `is_over`: another record has taken its place, as `why` says.
    """

    why: str
    is_over: bool = False


@dataclass(frozen=True, slots=True)
class Current:
    """What the target holds now: `body` in the same normal form as `Draft.body`, `raw` as the vendor sent it.

    `locks` names owned fields that may not be changed any more and why ("lines": "the bill has payments").
    `ours` tells whether the record mark of this intent is on it, `void` whether it stands there without any amount;
    `known_by` by what else than the mark it was known to be the one. `once` is what became of what was chosen when it
    was made and belongs to people since: never written again, and what they changed is not taken away.
    """

    id: str
    version: str
    body: Json
    raw: Json
    locks: Mapping[str, str] = field(default_factory=dict)
    ours: bool = False
    url: str = ""
    label: str = ""
    day: date | None = None
    money: Money | None = None
    void: bool = False
    known_by: str = ""
    once: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Booked:
    """A dated document of the target, in short. `mark` is the record mark it carries, "" on somebody else's."""

    id: str
    day: date
    money: Money | None
    label: str
    mark: str = ""


@dataclass(frozen=True, slots=True)
class BookedPage:
    """`next` continues the same listing; None ends it."""

    rows: Sequence[Booked]
    next: str | None = None


@dataclass(frozen=True, slots=True)
class Intent:
    """What we are about to do outside. Written before it is done."""

    key: RecordKey
    op: str  # create | update | delete | void
    kind: str
    body: Json
    mark: str  # the record mark: the same for life
    attempt_key: str  # the same for every repeat of this very attempt
    revision: int
    money: Money | None = None
    once: Json = field(default_factory=dict)
    current: Current | None = None  # update, delete, void: what we read just before
    aggregate: str = ""
    at: str = ""  # when it was last handed over; "" before that
    again: bool = False  # the very same was handed over before, and nothing had come of it


@dataclass(frozen=True, slots=True)
class Done:
    """The target took it. `current` is its state right after (of a delete or void: right before), `request_id` the
    vendor's trace of the call."""

    current: Current
    answer: Json
    request_id: str = ""
    money: Money | None = None
    notes: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Sighting:
    """What a look-up found for one intent: those with our mark, and twins that somebody else entered.

    `told` is what the target itself says came of the attempt, where that was no record: a refusal that it remembers, or
    that somebody has removed what it had made.
    """

    ours: Sequence[Current] = ()
    twins: Sequence[Current] = ()
    told: ConnectorError | None = None


@dataclass(frozen=True, slots=True)
class Moment:
    """A point of a record's trail."""

    at: datetime
    what: str
    body: Json


def canonical(value: object) -> str:
    """JSON with sorted keys and no blanks: equal values give equal text."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)


def fingerprint(value: object) -> str:
    """A short hash of a value's canonical JSON."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()[:32]


def attempt_key(*parts: object) -> str:
    """32 characters [a-z2-7] derived from the parts: what a vendor takes as an idempotency key."""
    digest = hashlib.sha256("|".join(str(part) for part in parts).encode()).digest()
    return base64.b32encode(digest).decode().lower()[:32]
