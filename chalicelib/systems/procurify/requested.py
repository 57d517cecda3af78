"""Procurify's requests as a source: what was approved and is not ordered yet is to be expected, and nothing more.

The list of requests tells their status, that of requested lines what each is for and the order that it went on. There
is no call for a single one (sheet section 5.3).
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from chalicelib.engine.errors import ConnectorError, TryAgain
from chalicelib.engine.link import Link
from chalicelib.engine.records import Forecast, Json, Money, Row, SourceDocument, Summary, fingerprint
from chalicelib.systems.procurify import requisitions
from chalicelib.systems.procurify.client import Client
from chalicelib.systems.procurify.lines import NOTHING, cents
from chalicelib.systems.procurify.listing import whole
from chalicelib.systems.procurify.order_lines import NOT_BOUGHT
from chalicelib.systems.procurify.payables import day_of
from chalicelib.systems.procurify.reading import number_at, read, shortened, text_at, trim, unreadable
from chalicelib.systems.procurify.shapes import RequestShape
from chalicelib.systems.procurify.times import NoDay, day, zone_of
from chalicelib.systems.procurify.vendors import LIST as VENDORS

LIST = "/api/v2/global/orders/"
APPROVED, RECEIVED = frozenset({1, 3, 5}), 5  # approved, purchased, received
MADE_WITHIN = timedelta(days=3)  # of the day that its lines tell, in a zone that is not told


@dataclass(frozen=True, slots=True)
class Request:
    """`expected` is what is on no order yet, `orders` are those that the rest went on, by their ids."""

    id: str
    date: datetime.date
    currency: str
    expected: Decimal
    orders: tuple[str, ...]


def outlook(request: Request, link: Link) -> Forecast:
    """What is expected, until orders take its place: the cost is theirs then."""
    numbers = [link.known("purchase_order", id_).number or id_ for id_ in request.orders]
    named = f"order{'s' if len(numbers) > 1 else ''} {', '.join(numbers)}"
    if not request.expected and numbers:
        return Forecast(f"It was replaced by {named}.", is_over=True)
    part = f" The rest of it was replaced by {named}." if numbers else ""
    return Forecast(f"It is approved and not ordered yet.{part}")


def request_id(raw: object) -> str | None:
    found = number_at(raw, "num")
    return str(found) if found is not None and 0 < found < 10**18 else None


def row(raw: Json) -> Row | None:
    """None when the row has no number. What was received is followed only if it was seen before."""
    known = request_id(raw)
    if known is None:
        return None
    parts = (raw.get("dateModified"), raw.get("status"), raw.get("totalPrice"))
    stamp = "|".join(map(str, parts)) if None not in parts[:2] else fingerprint(raw)
    return Row(id=known, stamp=stamp, live=number_at(raw, "status") in APPROVED - {RECEIVED})


def fetch(client: Client, source_id: str, listed: Json | None) -> Json | None:
    """What is kept of a request and its lines; `listed` is its row of the list, where that was just read."""
    lines = whole(client, requisitions.ITEMS, {"orderNum": source_id})
    if lines is None:
        raise TryAgain("Procurify does not offer its list of requested lines just now.")
    mine = [line for line in lines if str(line.get("orderNum")) == source_id]
    found = listed or _listed(client, source_id, mine)
    if found is None:
        return None
    used: Json = {**found, "lines": [{**line, "purchase_order": _order_of(line)} for line in mine]}
    if not isinstance(used.get("currency"), dict):
        names = {str(one["id"]): one.get("name") for one in whole(client, "/api/v2/currencies/") or []}
        used["currency"] = {"name": names.get(str(used.get("currency")))}
    used["vendor_name"] = _vendor_name(client, mine)
    return trim(RequestShape, used)


def document(source_id: str, body: Json) -> SourceDocument:
    lines = _lines(body)
    bills = [requisitions.bill_of(text_at(line, "name")) for line in lines]
    used = {name: value for name, value in body.items() if name != "dateModified"}
    return SourceDocument(
        id=source_id,
        body=body,
        fingerprint=fingerprint(used),
        summary=_summary(body),
        live=number_at(body, "status") in APPROVED and (bool(lines) or not body.get("lines")),
        # One that we put in ourselves for a bill: that bill is the cost.
        came_from=(requisitions.ASKED_BY, bills[0]) if bills and all(bills) else None,
    )


def label(body: Json) -> str:
    vendor = shortened(text_at(body, "vendor_name"))
    return " ".join(["Request", str(body.get("num"))[:20], *(["of", vendor] if vendor else [])])


def parse(body: Json) -> Request:
    record = label(body)
    shape = read(RequestShape, {**body, "lines": _lines(body)}, record=record)
    if not shape.lines:
        raise unreadable(record, [("lines", "are missing")])
    open_, ordered = [], dict[str, None]()
    for line in shape.lines:
        if line.purchase_order:
            ordered[line.purchase_order] = None
        elif not requisitions.bill_of(line.name):
            open_.append(line.total_cost)
    expected = cents(sum(open_, NOTHING))
    return Request(str(shape.num), _day(body, record), shape.currency.name, expected, tuple(ordered))


# ---------------------------------------------------------------------------------------------- inside


def _lines(body: Json) -> list[Json]:
    """Those that are, or are to be, bought."""
    listed = body.get("lines")
    lines = [line for line in listed if isinstance(line, dict)] if isinstance(listed, list) else []
    return [
        line for line in lines if number_at(line, "status") not in NOT_BOUGHT and line.get("is_active") is not False
    ]


def _listed(client: Client, source_id: str, lines: Sequence[Json]) -> Json | None:
    """Its row of the list: among those of the day that its lines tell, else among all."""
    made = day_of(lines[0].get("created_at")) if lines else None
    around = {"date_0": (made - MADE_WITHIN).isoformat(), "date_1": (made + MADE_WITHIN).isoformat()} if made else {}
    for query in [around, {}] if around else [{}]:
        rows = whole(client, LIST, query)
        if rows is None:
            raise TryAgain("Procurify does not offer its list of requests just now.")
        found = next((one for one in rows if request_id(one) == source_id), None)
        if found is not None:
            return found
    return None


def _order_of(line: Json) -> str:
    found = line.get("purchase_order")
    if isinstance(found, dict):
        found = found.get("procurify_PO") or found.get("id")
    return str(found) if isinstance(found, int | str) and str(found) not in ("", "0") else ""


def _vendor_name(client: Client, lines: Sequence[Json]) -> str:
    for line in lines:
        if name := text_at(line, "vendor") or text_at(line, "vendor", "name"):
            return name
        if id_ := number_at(line, "pref_vendor"):
            return text_at(client.one(f"{VENDORS}{id_}/") or {}, "name")
    return ""


def _day(body: Json, record: str) -> datetime.date:
    try:
        return day(text_at(body, "date"), zone_of(body.get("locationTimezone")))
    except NoDay as why:
        raise unreadable(record, [("date", str(why))]) from None


def _summary(body: Json) -> Summary:
    """Whatever can be told, never a failure: what is expected yet, else what was ordered of it."""
    money, asked_on = None, None
    try:
        asked_on = _day(body, "")
        found = parse(body)
        total = sum((line.total_cost for line in read(RequestShape, body, record="").lines), NOTHING)
        money = Money(found.expected or cents(total), found.currency)
    except ConnectorError:
        pass
    party = shortened(text_at(body, "vendor_name"), 200)
    return Summary(title=label(body), number=str(body.get("num") or "")[:100], party=party, day=asked_on, money=money)
