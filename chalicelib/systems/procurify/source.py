"""Procurify as a source: vendors by full scan, bills and purchase orders by what changed since.

Nothing announces a change or a deletion here, and list rows of bills and orders are thin: each changed one is fetched
by its id.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import date, timedelta

from chalicelib.engine.errors import TryAgain
from chalicelib.engine.line import Line
from chalicelib.engine.records import Json, Page, Row, SourceDocument
from chalicelib.systems.procurify import bills, dated, orders, requested, vendors
from chalicelib.systems.procurify.client import Client
from chalicelib.systems.procurify.listing import Place, begin, is_older, onward, resume, saw
from chalicelib.systems.procurify.reading import text_at
from chalicelib.systems.procurify.shapes import normal_uuid
from chalicelib.systems.procurify.times import as_text, moment, says_utc

LOCATIONS = "/api/v2/locations/?headquarter=true&page=1&page_size=50"
OVERLAP = timedelta(minutes=5)
OVERLAP_OF_DAYS = timedelta(days=2)  # a calendar date, in a zone that is not told (sheet section 2, Filters)

log = logging.getLogger(__name__)


class ProcurifySource:
    """Kinds: "vendor", "bill", "purchase_order" and "requisition"."""

    def __init__(self, line: Line) -> None:
        self.line = line
        self.client = Client(line)
        self._zone: str | None = None
        self._requests: dict[str, Json] = {}  # as the list showed them just now

    def page(self, kind: str, *, watermark: str | None, token: str | None, full: bool = False) -> Page:
        if kind == "vendor":
            place = resume(token) if token else begin(vendors.LIST, now=self.line.clock.now(), query={})
            return self._turn(kind, place, vendors.row, "dateModified", watermark)
        if kind == "bill":
            place = resume(token) if token else self._begin_bills(None if full else watermark)
            return self._turn(kind, place, bills.row, "last_modified_datetime", watermark)
        if kind == "purchase_order":
            place = resume(token) if token else self._begin_orders(None if full else watermark)
            return self._turn(kind, place, orders.row, "last_modified", watermark)
        if kind == "requisition":
            place = resume(token) if token else self._begin_requests(None if full else watermark)
            return self._turn(kind, place, self._request_row, "dateModified", watermark)
        raise ValueError(f"Procurify has no records of the kind {kind!r} for us")

    def fetch(self, kind: str, source_id: str) -> SourceDocument | None:
        if kind == "vendor":
            return self._fetch_vendor(source_id)
        if kind == "bill":
            return self._fetch_bill(source_id)
        if kind == "purchase_order":
            return self._fetch_order(source_id)
        if kind == "requisition":
            return self._fetch_request(source_id)
        raise ValueError(f"Procurify has no records of the kind {kind!r} for us")

    def parse(self, kind: str, body: Json) -> object:
        if kind == "vendor":
            return vendors.parse(body)
        if kind == "bill":
            return bills.parse(body, url=self.client.host)
        if kind == "purchase_order":
            return orders.parse(body)
        if kind == "requisition":
            return requested.parse(body)
        raise ValueError(f"Procurify has no records of the kind {kind!r} for us")

    def dated(self, kind: str, first: date, last: date, *, token: str | None) -> Page:
        return dated.dated(self.client, kind, first, last, token=token, now=self.line.clock.now())

    # ------------------------------------------------------------------ lists

    def _begin_bills(self, watermark: str | None) -> Place:
        query = {"order_by": "-last_modified_datetime"}  # why newest first: see listing.py
        known = moment(watermark)
        since = as_text(known - OVERLAP, timespec="seconds") if known else ""
        if since:
            query["last_modified_datetime_0"] = since
        return begin(bills.LIST, now=self.line.clock.now(), query=query, since=since)

    def _begin_orders(self, watermark: str | None) -> Place:
        return self._begin_by_day(orders.LIST, "-last_modified", watermark)

    def _begin_requests(self, watermark: str | None) -> Place:
        return self._begin_by_day(requested.LIST, "-dateModified", watermark)

    def _request_row(self, raw: Json) -> Row | None:
        found = requested.row(raw)
        if found is not None:
            self._requests[found.id] = raw
        return found

    def _begin_by_day(self, path: str, order_by: str, watermark: str | None) -> Place:
        query = {"order_by": order_by}
        known = moment(watermark)
        first = (known - OVERLAP_OF_DAYS).date() if known else None
        if first:
            query["modified_date_0"] = first.isoformat()
        # The day begins up to a day earlier somewhere: only rows before that show that the filter is ignored.
        since = f"{first - timedelta(days=1)}T00:00:00Z" if first else ""
        return begin(path, now=self.line.clock.now(), query=query, since=since)

    def _turn(
        self, kind: str, place: Place, row: Callable[[Json], Row | None], changed: str, watermark: str | None
    ) -> Page:
        listed = self.client.page(place.path)
        if listed is None and place.page == 1:
            spoken = kind.replace("_", " ")
            raise TryAgain(f"Procurify does not offer its list of {spoken}s at {place.path.split('?')[0]} just now.")
        raws = listed.rows if listed else []
        moments = [raw.get(changed) for raw in raws if isinstance(raw, dict)]
        if is_older(place, moments):
            # Unknown filters are ignored silently (sheet fact 8). The rows do no harm, but every run reads them all.
            self.line.metrics.count("FilterIgnored", system="procurify")
        place = saw(place, *moments)
        further = onward(place, listed)
        rows = self._rows(kind, raws, row)
        if further.place:
            return Page(rows=rows, next=further.place.token())
        if not further.whole:
            log.warning("Procurify's list of %ss goes round in circles at page %d", kind, place.page)
            self.line.metrics.count("CutListings", system="procurify")
            return Page(rows=rows, watermark=watermark)
        return Page(rows=rows, watermark=_watermark(place, watermark))

    def _rows(self, kind: str, raws: Sequence[object], row: Callable[[Json], Row | None]) -> list[Row]:
        rows: dict[str, Row] = {}
        for raw in raws:
            found = row(raw) if isinstance(raw, dict) else None
            if found is None:
                log.warning("a row of Procurify's list of %ss has no id", kind)
                self.line.metrics.count("UnreadableRows", system="procurify")
                continue
            rows[found.id] = found
        return list(rows.values())

    # ------------------------------------------------------------------ single records

    def _fetch_vendor(self, source_id: str) -> SourceDocument | None:
        raw = self.client.one(f"{vendors.LIST}{source_id}/") if source_id.isdecimal() and source_id.isascii() else None
        if raw is None:
            return None
        if vendors.vendor_id(raw) not in (None, source_id):
            raise TryAgain(f"Procurify answered with another vendor than the one with the id {source_id}.")
        return vendors.document(source_id, raw)

    def _fetch_order(self, source_id: str) -> SourceDocument | None:
        raw = (
            self.client.one(orders.ONE.format(id=source_id)) if source_id.isdecimal() and source_id.isascii() else None
        )
        if raw is None:
            return None
        if orders.order_id(raw) not in (None, source_id):
            raise TryAgain(f"Procurify answered with another purchase order than the one with the id {source_id}.")
        body = orders.keep(raw)
        if orders.needs_zone(body):
            body["locationTimezone"] = self._headquarters_zone()
        return orders.document(source_id, body)

    def _fetch_request(self, source_id: str) -> SourceDocument | None:
        if not (source_id.isdecimal() and source_id.isascii()):
            return None
        body = requested.fetch(self.client, source_id, self._requests.get(source_id))
        if body is None:
            return None
        if says_utc(body.get("date")):
            body["locationTimezone"] = self._headquarters_zone()
        return requested.document(source_id, body)

    def _fetch_bill(self, source_id: str) -> SourceDocument | None:
        known = normal_uuid(source_id)
        if known is None:
            return bills.unnamed(source_id, {})
        dashed = "-".join((known[:8], known[8:12], known[12:16], known[16:20], known[20:]))
        raw = self.client.one(bills.ONE.format(uuid=dashed))
        if raw is None:
            return None
        if normal_uuid(raw.get("uuid")) not in (None, known):
            raise TryAgain(f"Procurify answered with another bill than the one with the id {dashed}.")
        body = bills.keep(raw)
        if bills.needs_zone(body):
            body["locationTimezone"] = self._headquarters_zone()
        return bills.document(known, body)

    def _headquarters_zone(self) -> str:
        """The zone that days given in UTC are read in; "" when no headquarters names one. Asked once per source."""
        if self._zone is None:
            listed = self.client.page(LOCATIONS)
            places = [raw for raw in (listed.rows if listed else []) if isinstance(raw, dict)]
            # Filters are not relied on: Procurify ignores those it does not know.
            places = [raw for raw in places if raw.get("headquarter") is True]
            self._zone = next((zone for zone in (text_at(raw, "locationTimezone") for raw in places) if zone), "")
        return self._zone


def _watermark(place: Place, given: str | None) -> str | None:
    """The newest change seen, but none after the walk began: later changes may have slipped past it; never back."""
    newest, begun, before = (moment(text) for text in (place.newest, place.begun, given))
    known = [at for at in (min(newest, begun) if newest and begun else newest, before) if at]
    return as_text(max(known)) if known else given
