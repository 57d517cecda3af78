"""Procurify's bills: what a list row tells, what is kept of a bill, and the typed document of it."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from decimal import Decimal

from chalicelib.engine.errors import ConnectorError
from chalicelib.engine.records import Json, Money, Row, SourceDocument, Summary, fingerprint
from chalicelib.systems.procurify.lines import BillLine, cents, settle
from chalicelib.systems.procurify.reading import number_at, read, shortened, text_at, trim, unknown_value, unreadable
from chalicelib.systems.procurify.shapes import Amount, BillShape, Currency, Shape, normal_uuid
from chalicelib.systems.procurify.times import NoDay, day, moment, says_utc, zone_of
from chalicelib.systems.procurify.vendors import OTHER, named

LIST = "/api/v3/ap/bills/"
ONE = "/api/v2/ap/bills/{uuid}/"
STATUSES = frozenset(range(9))
APPROVED = frozenset({2, 4, 6, 7, 8})  # approved, and what comes after it: paid, payment on its way
TYPES = frozenset({0, 1, 2})
ORDER = 0  # the other types, employee expenses and card purchases, owe their vendor nothing
DAYS = ("invoice_date", "due_date")
UNUSED_IN_FINGERPRINT = ("last_modified_datetime", "version")


@dataclass(frozen=True, slots=True)
class Bill:
    """`total` is what the lines add up to, `rounding` the cents put on the largest line to get there.

    `vendor_is_other` tells that `vendor_id` is Procurify's catch-all vendor, which stands for many: then only
    `vendor_name` says who is owed. `url` leads to the customer's Procurify; addresses of single bills are not public.
    """

    id: str
    number: str
    vendor_id: str
    vendor_name: str
    date: datetime.date
    due_date: datetime.date | None
    currency: str
    total: Decimal
    lines: tuple[BillLine, ...]
    note: str
    payment_terms: str
    status: int
    type: int
    po_numbers: tuple[str, ...]
    url: str
    order_ids: tuple[str, ...] = ()  # of the purchase orders that it is for
    rounding: Decimal = Decimal("0.00")
    taxes_inclusive: frozenset[bool] = frozenset()  # whether they stand inside the amounts, or on top; both: mixed
    vendor_is_other: bool = False


def row(raw: Json) -> Row | None:
    """None when the row has no id to speak of it by. A row of no known kind is live, so that fetching it decides."""
    known, number = normal_uuid(raw.get("uuid")), number_at(raw, "id")
    if known is None:
        if number is None or not 0 < number < 10**18:
            return None
        # A bill is fetched by its UUID only (sheet section 2), so this row is all there is of it: read, it is held.
        return Row(id=str(number), stamp=fingerprint(raw), live=is_live(raw), document=unnamed(str(number), raw))
    changed, status, version = raw.get("last_modified_datetime"), number_at(raw, "status"), number_at(raw, "version")
    whole = moment(changed) and status is not None and version is not None
    return Row(id=known, stamp=f"{changed}|{status}|{version}" if whole else fingerprint(raw), live=is_live(raw))


def is_live(body: Json) -> bool:
    """False only for what is known not to be moved: not approved (or taken back), not an order, switched off."""
    status, kind = number_at(body, "status"), number_at(body, "type")
    approved = status in APPROVED or status not in STATUSES
    order = kind == ORDER or kind not in TYPES
    return approved and order and body.get("active") is not False


def unnamed(source_id: str, raw: Json) -> SourceDocument:
    """A bill without a UUID, known by Procurify's own number of it: reading it holds it, so that a person sees it."""
    return document(source_id, {**keep(raw), "uuid": source_id})


def keep(raw: Json) -> Json:
    return trim(BillShape, {name: value for name, value in raw.items() if name != "locationTimezone"})


def needs_zone(body: Json) -> bool:
    return any(says_utc(body.get(name)) for name in DAYS)


def document(source_id: str, body: Json) -> SourceDocument:
    """`body` is what `keep` gave, with the zone of the headquarters where a day needs it."""
    used = {name: value for name, value in body.items() if name not in UNUSED_IN_FINGERPRINT}
    return SourceDocument(
        id=source_id, body=body, fingerprint=fingerprint(used), summary=_summary(body), live=is_live(body)
    )


def label(body: Json) -> str:
    number, vendor = shortened(text_at(body, "invoice_number")), shortened(named(body, "vendor"))
    number = number or ("" if vendor else shortened(text_at(body, "uuid")))
    return " ".join(["Bill", *([number] if number else []), *(["of", vendor] if vendor else [])])


def parse(body: Json, *, url: str) -> Bill:
    record = label(body)
    shape = read(BillShape, body, record=record)
    if shape.status not in STATUSES:
        raise unknown_value(record, "bill", "status", shape.status)
    if shape.type not in TYPES:
        raise unknown_value(record, "bill", "type", shape.type)
    issued, due = (_day(body, name, record) for name in DAYS)
    if issued is None:
        raise unreadable(record, [("invoice_date", "is missing")])
    settled = settle(shape, record)
    ordered = [*shape.added_purchase_orders, *(item.po for item in shape.items if item.po)]
    return Bill(
        id=shape.uuid,
        number=shape.invoice_number.strip(),
        vendor_id=str(shape.vendor.id),
        vendor_name=named(body, "vendor"),
        vendor_is_other=shape.vendor.type == OTHER,
        date=issued,
        due_date=due,
        currency=shape.currency.name,
        total=settled.total,
        lines=settled.lines,
        rounding=settled.rounding,
        taxes_inclusive=frozenset(bool(item.tax_is_inclusive) for item in shape.items if cents(item.tax_amount)),
        note=shape.note,
        payment_terms=shape.payment_terms,
        status=shape.status,
        type=shape.type,
        po_numbers=tuple(dict.fromkeys(order.number for order in ordered if order.number)),
        url=url,
        order_ids=tuple(dict.fromkeys(str(order.id) for order in ordered if order.id is not None)),
    )


def _day(body: Json, name: str, record: str) -> datetime.date | None:
    value = body.get(name)
    if not isinstance(value, str):
        return None  # absent or null: the shape has let it pass
    try:
        return day(value, zone_of(body.get("locationTimezone")))
    except NoDay as why:
        raise unreadable(record, [(name, str(why))]) from None


# ------------------------------------------------------------------ summaries: whatever can be told, never a failure


class _Total(Shape):
    total_cost_with_tax: Amount
    currency: Currency


def _summary(body: Json) -> Summary:
    try:
        money = money_of(body)
    except ConnectorError:
        money = None
    try:
        issued = _day(body, "invoice_date", "")
    except ConnectorError:
        issued = None
    return Summary(
        title=label(body),
        number=shortened(text_at(body, "invoice_number"), 200),
        party=shortened(named(body, "vendor"), 200),
        day=issued,
        money=money,
    )


def money_of(body: Json) -> Money:
    """What the lines make where they do (shipping may come on top), else the header's figure."""
    try:
        settled = settle(read(BillShape, body, record=""), "")
    except ConnectorError:
        header = read(_Total, body, record="")
        return Money(cents(header.total_cost_with_tax), header.currency.name)
    return Money(settled.total, text_at(body, "currency", "name"))
