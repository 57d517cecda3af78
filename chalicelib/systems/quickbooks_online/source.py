"""QuickBooks Online as a source: vendors, bills and payments of bills, by what changed since.

One answer tells the changes of all kinds, so that a run with nothing new costs one metered read. What is said to be
deleted is read by its id before it is believed.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

from chalicelib.engine.errors import TryAgain
from chalicelib.engine.line import Line
from chalicelib.engine.records import Json, Page, Row, SourceDocument, fingerprint
from chalicelib.engine.setup import pk
from chalicelib.systems.quickbooks_online import bills, changes, dated, home, listing, papers, payments, query, vendors
from chalicelib.systems.quickbooks_online.changes import HORIZON, OVERLAP, Heard
from chalicelib.systems.quickbooks_online.client import Client, Faulty
from chalicelib.systems.quickbooks_online.shapes import UI
from chalicelib.systems.quickbooks_online.times import as_text, moment

ENTITY = {"vendor": "Vendor", "bill": "Bill", "bill_payment": "BillPayment"}
DOCUMENTS: Mapping[str, Callable[[str, Json], SourceDocument]] = {
    "vendor": vendors.document,
    "bill": bills.document,
    "bill_payment": payments.document,
}
ID = re.compile(r"[0-9]{1,20}", re.ASCII)

log = logging.getLogger(__name__)


class QuickBooksOnlineSource:
    """Kinds: "vendor", "bill" and "bill_payment"."""

    def __init__(self, line: Line) -> None:
        self.line = line
        self.client = Client(line)
        self._heard: Heard | None = None
        self._home = ""
        self._systems: dict[str, str] = {}

    def page(self, kind: str, *, watermark: str | None, token: str | None, full: bool = False) -> Page:
        known = moment(watermark)
        if token:
            return self._listed(kind, listing.resume(token), known)
        if full or known is None or self._is_over(known):
            return self._listed(kind, listing.Place(is_full=True), known)
        return self._changed(kind, known)

    def fetch(self, kind: str, source_id: str) -> SourceDocument | None:
        entity = _entity(kind)
        raw = self.client.get(entity, source_id) if ID.fullmatch(source_id) else None
        if raw is None or changes.is_deleted(raw):
            return None
        if str(raw.get("Id")) != source_id:
            raise TryAgain(f"QuickBooks Online answered with another {entity} than the one with the id {source_id}.")
        return self._document(kind, raw)

    def missing(self, kind: str, ids: Sequence[str]) -> Sequence[str]:
        entity = _entity(kind)
        try:
            found = listing.present(self.client, entity, [source_id for source_id in ids if ID.fullmatch(source_id)])
        except Faulty as faulty:
            raise self.client.trouble(faulty, title=f"The list of every {entity}") from faulty
        return [source_id for source_id in ids if source_id not in found]

    def parse(self, kind: str, body: Json) -> object:
        if kind == "vendor":
            return vendors.parse(body)
        if kind == "bill":
            return bills.parse(body, url=UI)
        if kind == "bill_payment":
            return payments.parse(body, url=UI)
        raise ValueError(f"QuickBooks Online has no records of the kind {kind!r} for us")

    def dated(self, kind: str, first: date, last: date, *, token: str | None) -> Page:
        """A few days at a time: the token is the day on which the next listing begins."""
        entity = _entity(kind)
        begin = date.fromisoformat(token) if token else first
        end = min(last, begin + timedelta(days=dated.DAYS - 1))
        try:
            raws = query.whole(self.client, entity, dated.between(begin, end))
        except Faulty as faulty:
            raise self.client.trouble(faulty, title=f"The list of every {entity}") from faulty
        rows = self._rows(kind, raws)
        if len(rows) < len(raws):
            raise TryAgain(f"A row of QuickBooks Online's list of every {entity} has no id.")
        return Page(rows=rows, next=(end + timedelta(days=1)).isoformat() if end < last else None)

    # ------------------------------------------------------------------ lists

    def _changed(self, kind: str, known: datetime) -> Page:
        """What changed; where that is too much for one answer, the rest is listed by its moment of change."""
        entity = _entity(kind)
        since = known - OVERLAP
        heard = self._hear(entity, since)
        rows = self._rows(kind, heard.rows[entity])
        if not heard.is_cut:
            return Page(rows=rows, watermark=_later(heard.at, known))
        self.line.metrics.count("CutChangeLists", system="quickbooks_online")
        place = listing.Place(since=as_text(since), at=heard.at)
        return Page(rows=[row for row in rows if row.document is None], next=place.token())

    def _hear(self, entity: str, since: datetime) -> Heard:
        """Of all kinds together; of this one alone where that was too much."""
        if self._heard is None or not (self._heard.is_cut or self._heard.covers(since)):
            self._heard = changes.hear(self.client, list(ENTITY.values()), since)
        return changes.hear(self.client, [entity], since) if self._heard.is_cut else self._heard

    def _listed(self, kind: str, place: listing.Place, known: datetime | None) -> Page:
        entity = _entity(kind)
        try:
            raws, further, begun = listing.step(self.client, entity, place)
        except Faulty as faulty:
            raise self.client.trouble(faulty, title=f"The list of every {entity}") from faulty
        rows = self._rows(kind, raws)
        if further is not None:
            return Page(rows=rows, next=further.token())
        if known is not None and place.is_full and not self._is_over(known):
            return Page(rows=rows)  # lists tell of no deletion: the changes since the watermark are heard as ever
        return Page(rows=rows, watermark=_later(begun, known), gap=known is not None)

    def _is_over(self, known: datetime) -> bool:
        """Whether it is so long ago that the vendor does not tell any more what changed since."""
        return known < self.line.clock.now() - HORIZON

    def _rows(self, kind: str, raws: Sequence[Json]) -> list[Row]:
        rows: dict[str, Row] = {}
        for raw in raws:
            source_id = str(raw.get("Id"))
            if not ID.fullmatch(source_id):
                log.warning("a row of QuickBooks Online's list of %ss has no id", kind)
                self.line.metrics.count("UnreadableRows", system="quickbooks_online")
                continue
            rows[source_id] = self._row(kind, source_id, raw)
        return list(rows.values())

    def _row(self, kind: str, source_id: str, raw: Json) -> Row:
        changed = papers.text_at(raw, "MetaData", "LastUpdatedTime")
        if changes.is_deleted(raw):
            # Without a document it is fetched by its id if we know it; what we never knew is no news.
            return Row(id=source_id, stamp=f"deleted|{changed}", live=False)
        token = str(raw.get("SyncToken") or "")
        found = self._document(kind, raw)
        stamp = f"{token}|{changed}" if token and changed else fingerprint(found.body)
        return Row(id=source_id, stamp=stamp, live=found.live, document=found)

    # ------------------------------------------------------------------ documents

    def _document(self, kind: str, raw: Json) -> SourceDocument:
        named = papers.text_at(raw, "CurrencyRef", "value")
        found = DOCUMENTS[kind](str(raw["Id"]), raw if named else {**raw, papers.HOME: self._home_currency()})
        mark = papers.mark(papers.text_at(raw, "PrivateNote"))
        return replace(found, came_from=(self._system(mark[0]), mark[1])) if mark else found

    def _home_currency(self) -> str:
        self._home = self._home or home.currency(self.client)
        return self._home

    def _system(self, connection: str) -> str:
        """The system behind a connection that a record mark names; the name itself where there is none any more."""
        if connection not in self._systems:
            key = pk(self.line.connection.tenant), f"CONNECTION#{connection}"
            item = self.line.store.get([key]).get(key)
            self._systems[connection] = str(item.body["system"]) if item else connection
        return self._systems[connection]


def _entity(kind: str) -> str:
    if kind not in ENTITY:
        raise ValueError(f"QuickBooks Online has no records of the kind {kind!r} for us")
    return ENTITY[kind]


def _later(at: str, known: datetime | None) -> str | None:
    """The moment of the vendor's answer, but never back; None, and all is asked for again, when it did not tell."""
    told = moment(at)
    return as_text(max(told, known) if known else told) if told else None
