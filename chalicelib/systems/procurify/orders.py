"""Procurify's purchase orders: what a list row tells, what is kept of an order, and the typed document of it.

An order has no status "approved": approval happens before it exists (sheet section 0, fact 5). What it has not got
either is a key of its own for people: its printed number may be given twice, so it goes by `procurify_PO`.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from chalicelib.engine.errors import ConnectorError, Held
from chalicelib.engine.records import Json, Money, Row, SourceDocument, Summary, fingerprint
from chalicelib.systems.procurify import requisitions
from chalicelib.systems.procurify.lines import NOTHING, BillLine, Settled, cents
from chalicelib.systems.procurify.order_lines import NOT_BOUGHT, goods, settle
from chalicelib.systems.procurify.reading import number_at, read, shortened, text_at, trim, unknown_value, unreadable
from chalicelib.systems.procurify.shapes import OrderShape
from chalicelib.systems.procurify.times import NoDay, day, says_utc, zone_of
from chalicelib.systems.procurify.vendors import OTHER, named

LIST = "/api/v2/purchase_orders/purchased/all/"
ONE = "/api/v2/purchase_orders/{id}/"
OPEN, OVER, CANCELLED = frozenset({0, 5}), frozenset({3, 4}), 1  # purchased, reopened; closed, paid
STATES = OPEN | OVER | {CANCELLED}
UNUSED_IN_FINGERPRINT = ("last_modified", "version")


@dataclass(frozen=True, slots=True)
class PurchaseOrder:
    """`lines` are the goods, by account; what freight, tax, discount and the like make of them is in `total` only.

    `billable` is all of it in single lines that make the total, or why they do not: only who bills it wants to know.
    `asked_for` are the bills for which we requested some of its lines, `requests` the numbers of those it grew out of.
    """

    id: str
    number: str
    vendor_id: str
    vendor_name: str
    vendor_is_other: bool
    date: datetime.date
    currency: str
    total: Decimal
    lines: tuple[BillLine, ...]
    is_open: bool
    comment: str
    billable: Settled | Held
    payment_terms: str = ""
    asked_for: tuple[str, ...] = ()
    requests: tuple[str, ...] = ()

    def as_bill(self) -> Settled:
        """Raises Held where its lines do not make its total, or nothing is owed."""
        if isinstance(self.billable, Held):
            raise self.billable
        return self.billable


def order_id(raw: object) -> str | None:
    found = number_at(raw, "procurify_PO")
    return str(found) if found is not None and 0 < found < 10**18 else None


def row(raw: Json) -> Row | None:
    """None when the row has no id to speak of it by. An order that is over is followed only if it was seen open."""
    known = order_id(raw)
    if known is None:
        return None
    parts = (raw.get("version"), raw.get("state"), raw.get("last_modified"))
    stamp = "|".join(map(str, parts)) if None not in parts else fingerprint(raw)
    return Row(id=known, stamp=stamp, live=_is_live(raw) and number_at(raw, "state") not in OVER)


def keep(raw: Json) -> Json:
    """A card is noted, not kept."""
    used = {name: value for name, value in raw.items() if name != "locationTimezone"}
    if "creditcard" in used:
        used["creditcard"] = used["creditcard"] is not None
    return trim(OrderShape, used)


def needs_zone(body: Json) -> bool:
    return says_utc(body.get("date"))


def document(source_id: str, body: Json) -> SourceDocument:
    """`body` is what `keep` gave, with the zone of the headquarters where the day needs it."""
    used = {name: value for name, value in body.items() if name not in UNUSED_IN_FINGERPRINT}
    summary, live = _summary(body), _is_live(body)
    bills = _asked_for(body)
    # Of an order that is for others as well, only a part came from there.
    origin = (requisitions.ASKED_BY, bills[0]) if bills and all(bills) else None
    return SourceDocument(
        id=source_id, body=body, fingerprint=fingerprint(used), summary=summary, live=live, came_from=origin
    )


def label(body: Json) -> str:
    number, vendor = shortened(text_at(body, "number")), shortened(named(body, "pref_vendor"))
    number = number or str(body.get("procurify_PO"))[:20]
    return " ".join(["Purchase order", number, *(["of", vendor] if vendor else [])])


def parse(body: Json) -> PurchaseOrder:
    record = label(body)
    shape = read(OrderShape, body, record=record)
    if shape.state not in STATES:
        raise unknown_value(record, "purchase order", "state", shape.state)
    return PurchaseOrder(
        id=str(shape.procurify_PO),
        number=shape.number.strip(),
        vendor_id=str(shape.pref_vendor.id),
        vendor_name=named(body, "pref_vendor"),
        vendor_is_other=shape.pref_vendor.type == OTHER,
        date=_day(body, record),
        currency=shape.purchased_currency.name,
        total=cents(shape.total),
        lines=tuple(_by_account(goods(shape))),
        is_open=shape.state in OPEN,
        comment=shape.comment,
        billable=_billable(shape, record),
        payment_terms=shape.payment_terms,
        asked_for=tuple(dict.fromkeys(filter(None, _asked_for(body)))),
        requests=tuple(dict.fromkeys(str(one.orderNum) for one in shape.order_items if isinstance(one.orderNum, int))),
    )


def _asked_for(body: Json) -> list[str]:
    """Of each line that is bought, the bill for which we requested it, or "". The mark stays in a line's name."""
    listed = body.get("order_items")
    lines = [line for line in listed if isinstance(line, dict)] if isinstance(listed, list) else []
    bought = [
        line for line in lines if number_at(line, "status") not in NOT_BOUGHT and line.get("is_active") is not False
    ]
    return [requisitions.bill_of(text_at(line, "name")) for line in bought]


def _is_live(body: Json) -> bool:
    """False only for what is known not to be moved (any more): cancelled, or switched off."""
    return number_at(body, "state") != CANCELLED and body.get("active") is not False


def _billable(shape: OrderShape, record: str) -> Settled | Held:
    try:
        return settle(shape, record)
    except Held as held:
        return held


def _by_account(lines: Iterable[BillLine]) -> Iterator[BillLine]:
    """One per account, department and location, in the order's own order."""
    sums: dict[BillLine, Decimal] = {}
    for line in lines:
        place = replace(line, description="", amount=NOTHING)
        sums[place] = sums.get(place, NOTHING) + line.amount
    return (replace(place, amount=amount) for place, amount in sums.items())


def _day(body: Json, record: str) -> datetime.date:
    value = body.get("date")
    try:
        return day(value if isinstance(value, str) else "", zone_of(body.get("locationTimezone")))
    except NoDay as why:
        raise unreadable(record, [("date", str(why))]) from None


def _summary(body: Json) -> Summary:
    """Whatever can be told, never a failure."""
    try:
        ordered = _day(body, "")
    except ConnectorError:
        ordered = None
    try:
        shape = read(OrderShape, body, record="")
        money = Money(cents(shape.total), shape.purchased_currency.name)
    except ConnectorError:
        money = None
    party = shortened(named(body, "pref_vendor"), 200)
    return Summary(
        title=label(body), number=shortened(text_at(body, "number"), 200), party=party, day=ordered, money=money
    )
