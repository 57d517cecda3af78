"""FreshBooks as a source: vendors, bills and payments of bills. What changed is found by reading and comparing."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from typing import TypeVar

from chalicelib.engine.errors import TryAgain
from chalicelib.engine.line import Line
from chalicelib.engine.records import Json, Page, Row, SourceDocument
from chalicelib.systems.freshbooks import bills, listing, payments, vendors
from chalicelib.systems.freshbooks.client import BILLS, PAYMENTS, VENDORS, Client, Faulty, Listed, Resource
from chalicelib.systems.freshbooks.listing import WITH_VENDOR, Place
from chalicelib.systems.freshbooks.models import DELETED

LISTS = {"vendor": VENDORS, "bill": BILLS, "bill_payment": BILLS}
ID = re.compile(r"[0-9]{1,20}", re.ASCII)
Answered = TypeVar("Answered")

log = logging.getLogger(__name__)


class FreshBooksSource:
    """Kinds: "vendor", "bill" and "bill_payment"."""

    def __init__(self, line: Line) -> None:
        self.line = line
        self.client = Client(line)

    def page(self, kind: str, *, watermark: str | None, token: str | None, full: bool = False) -> Page:
        what, mark, now = _list(kind), listing.mark_of(watermark), self.line.clock.now()
        if token:
            place = listing.resume(token)
        elif full or mark is None or mark.is_old(now):
            place = Place("all", now.isoformat(), gap=mark is not None)
        elif what is BILLS:
            place = Place("open", mark.whole, rest=mark.open)
        else:
            place = Place("list", mark.whole)
        return self._asked(kind, lambda: self._step(kind, place))

    def fetch(self, kind: str, source_id: str) -> SourceDocument | None:
        _list(kind)
        if not ID.fullmatch(source_id):
            return None
        return self._asked(kind, lambda: self._fetched(kind, source_id))

    def missing(self, kind: str, ids: Sequence[str]) -> Sequence[str]:
        """Of payments, too, each is asked for: no list of theirs can be narrowed down."""
        wanted = [id_ for id_ in ids if ID.fullmatch(id_)]

        def there() -> set[str]:
            if kind == "bill":
                return {id_ for id_, raw in listing.by_ids(self.client, wanted).items() if not _is_deleted(raw)}
            if kind == "vendor":
                return {VENDORS.id_of(row) for row in self.client.rows(VENDORS) if not _is_deleted(row)}
            return {id_ for id_ in wanted if self._fetched(kind, id_) is not None}

        found = self._asked(kind, there)
        return [id_ for id_ in ids if id_ not in found]

    def parse(self, kind: str, body: Json) -> object:
        _list(kind)
        return {"vendor": vendors.parse, "bill": bills.parse, "bill_payment": payments.parse}[kind](body)

    def dated(self, kind: str, first: date, last: date, *, token: str | None) -> Page:
        """No list can be narrowed down to days: it is read whole, in one piece, and cut here."""
        what = _list(kind)

        def whole() -> list[Row]:
            query = WITH_VENDOR if what is BILLS else ()
            return [row for raw in self.client.rows(what, query) for row in self._rows(kind, raw, strict=True)]

        rows = self._asked(kind, whole)
        return Page(rows=[row for row in rows if _in(row, first, last)])

    # ------------------------------------------------------------------ lists

    def _step(self, kind: str, place: Place) -> Page:
        if place.mode == "rest":
            return self._rest(kind, place)
        what = LISTS[kind]
        listed = self.client.page(what, place.page, listing.query(what, place.mode))
        if listing.ignored(listed.rows, place.mode):
            return self._ignored(kind, place)
        rows = [row for raw in listed.rows for row in self._rows(kind, raw, deleted=place.mode == "deleted")]
        opened = [BILLS.id_of(raw) for raw in listed.rows if what is BILLS and listing.is_open(raw)]
        place = replace(place, open=[*place.open, *(opened if place.mode != "deleted" else [])])
        if not listed.is_last:
            return Page(rows=rows, next=place.further(listed.total).token())
        return self._ended(place, listed, rows)

    def _ended(self, place: Place, listed: Listed, rows: Sequence[Row]) -> Page:
        if place.page > 1 and listed.total != place.total:
            return Page(rows=rows)  # rows moved while we walked: the watermark stays, and the next run reads again
        if place.mode == "all":
            return Page(rows=rows, next=replace(place, mode="deleted", page=1, total=None).token())
        if place.mode == "deleted":
            return Page(rows=rows, watermark=place.mark.text())  # what was deleted has been told
        seen = set(place.open)
        rest = [id_ for id_ in place.rest if id_ not in seen]
        if place.mode == "open" and rest:
            return Page(rows=rows, next=replace(place, mode="rest", rest=rest).token())
        return Page(rows=rows, watermark=place.mark.text())

    def _ignored(self, kind: str, place: Place) -> Page:
        """Nothing is lost by a filter that does not filter: all is read instead, or deletions are looked for by id."""
        log.warning("FreshBooks ignores a filter of its list of %ss", kind)
        self.line.metrics.count("IgnoredFilters", system="freshbooks")
        if place.mode == "deleted":
            return Page(rows=[], watermark=place.mark.text(), gap=place.gap)
        return self._step(kind, Place("all", self.line.clock.now().isoformat(), gap=True))

    def _rest(self, kind: str, place: Place) -> Page:
        """What was open before and is not any more: paid, deleted, archived, or gone."""
        some, later = place.rest[: listing.CHUNK], place.rest[listing.CHUNK :]
        found = listing.by_ids(self.client, some)
        rows = [row for raw in found.values() for row in self._rows(kind, raw, deleted=_is_deleted(raw))]
        if kind == "bill":
            rows += [Row(id=id_, stamp="gone", live=False) for id_ in some if id_ not in found]
        place = replace(place, rest=later, open=[*place.open, *(i for i, raw in found.items() if listing.is_open(raw))])
        return Page(rows=rows, next=place.token()) if later else Page(rows=rows, watermark=place.mark.text())

    def _rows(self, kind: str, raw: Json, *, deleted: bool = False, strict: bool = False) -> Iterator[Row]:
        for id_, found in self._documents(kind, raw, strict=strict):
            if (deleted or _is_deleted(raw)) and kind != "bill_payment":
                # Without a document it is fetched by its id if we know it; what we never knew is no news.
                yield Row(id=id_, stamp=f"deleted {found.fingerprint}", live=False)
            else:
                yield Row(id=id_, stamp=found.fingerprint, live=found.live, document=found)

    def _documents(self, kind: str, raw: Json, *, strict: bool) -> Iterator[tuple[str, SourceDocument]]:
        pairs = payments.of_bill(raw) if kind == "bill_payment" else [(raw, raw)]
        for one, bill in pairs:
            id_ = (PAYMENTS if kind == "bill_payment" else LISTS[kind]).id_of(one)
            if ID.fullmatch(id_):
                yield id_, _document(kind, id_, one, bill)
                continue
            if strict:
                raise TryAgain(f"A row of FreshBooks' list of {kind.replace('_', ' ')}s has no id.")
            log.warning("a row of FreshBooks' list of %ss has no id", kind)
            self.line.metrics.count("UnreadableRows", system="freshbooks")

    # ------------------------------------------------------------------ one record

    def _fetched(self, kind: str, source_id: str) -> SourceDocument | None:
        if kind == "bill_payment":
            return self._payment(source_id)
        query = WITH_VENDOR if kind == "bill" else ()
        raw = self.client.get(LISTS[kind], source_id, query)
        if raw is None or _is_deleted(raw):
            return None
        if LISTS[kind].id_of(raw) != source_id:
            raise TryAgain(f"FreshBooks answered with another {kind} than the one with the id {source_id}.")
        return _document(kind, source_id, raw, raw)

    def _payment(self, source_id: str) -> SourceDocument | None:
        raw = self.client.get(PAYMENTS, source_id)
        if raw is None or _is_deleted(raw):
            return None
        bill_id = str(raw.get("billid") or "")
        bill = self.client.get(BILLS, bill_id, WITH_VENDOR) if ID.fullmatch(bill_id) else None
        if bill is None or _is_deleted(bill):
            return None
        return payments.document(source_id, raw, bill)

    def _asked(self, kind: str, ask: Callable[[], Answered]) -> Answered:
        try:
            return ask()
        except Faulty as faulty:
            title = f"The list of every {kind.replace('_', ' ')}"
            raise self.client.trouble(faulty, title=title) from faulty


def _document(kind: str, source_id: str, raw: Json, bill: Json) -> SourceDocument:
    if kind == "bill_payment":
        return payments.document(source_id, raw, bill)
    return bills.document(source_id, raw) if kind == "bill" else vendors.document(source_id, raw)


def _is_deleted(raw: Json) -> bool:
    return str(raw.get("vis_state")) == DELETED


def _in(row: Row, first: date, last: date) -> bool:
    day = row.document.summary.day if row.document else None
    return row.live and (day is None or first <= day <= last)


def _list(kind: str) -> Resource:
    if kind not in LISTS:
        raise ValueError(f"FreshBooks has no records of the kind {kind!r} for us")
    return LISTS[kind]
