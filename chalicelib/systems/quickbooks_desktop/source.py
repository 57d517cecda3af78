"""QuickBooks Desktop as a source: vendors, bills and bill payments by what was deleted and what changed since.

Nobody can call it: outside of a session (`Away`) everything is Later. Within one (`Present`) a page is what QuickBooks
said of it, and what it was not asked yet becomes the next question. Times are the PC's own wall clock, taken as they
were printed and given back so (sheet 4.2).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta

from chalicelib.engine.connection import Connection
from chalicelib.engine.errors import Held, Later, TryAgain
from chalicelib.engine.ports import Store
from chalicelib.engine.records import Json, Page, SourceDocument
from chalicelib.engine.records import Row as Line
from chalicelib.systems.quickbooks_desktop import documents
from chalicelib.systems.quickbooks_desktop.asking import BY_ID
from chalicelib.systems.quickbooks_desktop.documents import modified
from chalicelib.systems.quickbooks_desktop.known import ASKED, Doubt, Known
from chalicelib.systems.quickbooks_desktop.reading import Unread
from chalicelib.systems.quickbooks_desktop.restored import remember
from chalicelib.systems.quickbooks_desktop.rows import Deleted
from chalicelib.systems.quickbooks_desktop.tickets import change_desk

OVERLAP = timedelta(hours=2)  # summer time, a corrected clock, what is saved while pages are read
REMEMBERED = timedelta(days=89)  # QuickBooks tells of deletions for 90 days
UNSEEN = timedelta(days=1)  # where no row told the PC's time: before now in every time zone
FOR_EVER = date(2037, 12, 31)
OF_OTHERS = {"bill": ["deleted_entries", "Vendor"]}  # merged away, it took its bills to another, which says nothing
CHANGED = {"vendor": ["vendors_since"], "bill": ["bills_since"], "bill_payment": ["checks_since", "cards_since"]}
GONE = {
    "vendor": ("deleted_entries", "Vendor"),
    "bill": ("deleted", "Bill"),
    "bill_payment": ("deleted", "BillPaymentCheck", "BillPaymentCreditCard"),
}


@dataclass(slots=True)
class Away:
    store: Store
    connection: Connection

    def page(self, kind: str, *, watermark: str | None, token: str | None, full: bool = False) -> Page:
        self._wanted()
        raise Later(ASKED)

    def fetch(self, kind: str, source_id: str) -> SourceDocument | None:
        self._wanted()
        raise Later(ASKED)

    def parse(self, kind: str, body: Json) -> object:
        return documents.parse(kind, body)

    def dated(self, kind: str, first: date, last: date, *, token: str | None) -> Page:
        raise not_listed()

    def _wanted(self) -> None:
        change_desk(self.store, self.connection, lambda desk: replace(desk, parked=True))


@dataclass(frozen=True, slots=True)
class Place:
    """Where a listing stands: which of its queries (`phase`), which page of it, and the latest change seen so far."""

    since: str
    phase: int = 0
    page: int = 0
    high: str = ""
    top: tuple[str, str] = ("", "")  # the last one that changed and is still there: its wall clock, its id
    gap: bool = False
    begun: str = ""  # a first reading, by windows of document dates, began with this month
    session: str = ""  # pages are those of one session


@dataclass(slots=True)
class Present:
    """`cut_over` is from when on documents are read at all, the first time."""

    known: Known
    now: datetime
    cut_over: date

    def page(self, kind: str, *, watermark: str | None, token: str | None, full: bool = False) -> Page:
        place = Place(**json.loads(token)) if token else self._begin(kind, None if full else watermark)
        if place.session != self.known.session.hash:  # an iterator does not outlive its session (sheet 4.1)
            place = replace(place, page=0, session=self.known.session.hash)
        queries = self._queries(kind, place)
        topic, *values = queries[place.phase]
        rows, more = self.known.page(topic, values, place.page)
        found = [line for row in rows if (line := _line(kind, row)) is not None]
        place = _seen(kind, place, rows)
        if more:
            return Page(found, next=_token(replace(place, page=place.page + 1)))
        if place.phase + 1 < len(queries):
            return Page(found, next=_token(replace(place, phase=place.phase + 1, page=0)))
        at, id_ = place.top
        change_desk(self.known.store, self.known.session, lambda desk: remember(desk, kind, id_, at))
        return Page(found, watermark=max(place.high, watermark or "") or _wall(self.now - UNSEEN), gap=place.gap)

    def fetch(self, kind: str, source_id: str) -> SourceDocument | None:
        """By id. A payment is asked for among the bills' payments of both kinds."""
        for topic in (BY_ID[kind],) if kind in BY_ID else ("check_id", "card_id"):
            try:
                found = self.known.rows(topic, [source_id])[source_id]
            except Doubt as doubt:
                raise TryAgain(str(doubt)) from doubt
            if found:
                return documents.document(kind, found[0])
        return None

    def parse(self, kind: str, body: Json) -> object:
        return documents.parse(kind, body)

    def dated(self, kind: str, first: date, last: date, *, token: str | None) -> Page:
        raise not_listed()

    # ------------------------------------------------------------------ inside

    def _begin(self, kind: str, watermark: str | None) -> Place:
        if watermark:
            return Place(since=_wall(datetime.fromisoformat(watermark) - OVERLAP))
        return Place(since="", begun=self.cut_over.replace(day=1).isoformat() if kind == "bill" else "")

    def _queries(self, kind: str, place: Place) -> list[list[str]]:
        """The listing's queries in order: what was deleted, then what changed. The same for every step of it."""
        if place.begun:
            return _windows(date.fromisoformat(place.begun), until=self.now.date())
        since = place.since or _wall(datetime(1980, 1, 1))
        horizon = _wall(self.now - REMEMBERED)
        topic, *kinds = GONE[kind]
        changed = [[topic, since] for topic in CHANGED[kind]]
        # Deletions first: what was deleted and entered anew is a replacement (sheet 3.4).
        gone = [[topic, *kinds], *([OF_OTHERS[kind]] if kind in OF_OTHERS else [])]
        deleted = [[topic, max(place.since, horizon), *kinds] for topic, *kinds in gone]
        return [*deleted, *changed] if place.since else changed


def not_listed() -> Held:
    return Held(
        "not_available",
        "QuickBooks Desktop cannot be called, so its documents cannot be listed from here.",
        cause="QuickBooks Desktop",
        fix="Compare with a report in QuickBooks: Reports, Vendors & Payables, Transaction List by Vendor.",
    )


def _windows(first: date, *, until: date) -> list[list[str]]:
    """Month by month, so that a long first reading goes on where an ended session left it (sheet 4.3)."""
    found, begin = [], first
    while begin <= until:
        following = (begin.replace(day=28) + timedelta(days=4)).replace(day=1)
        found.append(["bills_dated", begin.isoformat(), (following - timedelta(days=1)).isoformat()])
        begin = following
    return [*found, ["bills_dated", begin.isoformat(), FOR_EVER.isoformat()]]


def _seen(kind: str, place: Place, rows: Sequence[object]) -> Place:
    for row in rows:
        if isinstance(row, Deleted) and row.kind not in GONE[kind]:
            place = replace(place, gap=True)
            continue
        at = modified(row)
        id_ = "" if isinstance(row, Deleted) else str(getattr(row, "txn_id", "") or getattr(row, "list_id", ""))
        top = (at, id_) if id_ and at >= place.top[0] else place.top
        place = replace(place, high=max(place.high, at), top=top)
    return place


def _line(kind: str, row: object) -> Line | None:
    if isinstance(row, Deleted) and row.kind not in GONE[kind]:
        return None
    if isinstance(row, Deleted):
        return Line(row.id, stamp=f"deleted {row.at.wall if row.at else ''}", live=False)
    if isinstance(row, Unread):  # fetched by its id, it is held in plain sight
        return Line(row.id, stamp=f"unread {row.field}") if row.id else None
    document = documents.document(kind, row)
    return Line(document.id, stamp=documents.stamp(row), document=document) if document else None


def _token(place: Place) -> str:
    return json.dumps(asdict(place))


def _wall(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S")
