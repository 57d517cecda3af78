"""The API of purchase orders, as far as it is read: a list filtered by calendar days, and the detail of one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from werkzeug.wrappers import Response

from simulator.systems.procurify import listing, order_shapes
from simulator.systems.procurify.calling import Call, not_found
from simulator.systems.procurify.company import Company
from simulator.systems.procurify.documents import Order
from simulator.systems.procurify.listing import Listing, Rule, Test
from simulator.systems.procurify.shapes import ME_ID

OPEN_STATES = {0, 5}
SECTIONS: dict[str, Callable[[Order], bool]] = {
    "all": lambda order: True,
    "open": lambda order: order.state in OPEN_STATES,
    "partial": lambda order: order.state in OPEN_STATES and order_shapes.fulfilment(order) == "partial",
    "closed": lambda order: order.state == 3,
    "cancelled": lambda order: order.state == 1,
    "paid": lambda order: order.state == 4,
}
COUNTED = ("all", "open", "partial", "closed", "cancelled")


def _codes(company: Company, order: Order) -> Iterable[int]:
    shares = [share for line in order.lines for share in line.shares]
    return (company.state.codes[company.account_of(share).code]["id"] for share in shares)


def _currency(company: Company, values: Sequence[str]) -> Test[Order]:
    asked = listing.whole(values)
    return lambda order: company.currency(order.currency)["id"] == asked


def _total(first: bool) -> Rule[Order]:
    def rule(company: Company, values: Sequence[str]) -> Test[Order]:
        asked = listing.quantity(values)
        if first:
            return lambda order: order_shapes.totals(order).total >= asked
        return lambda order: order_shapes.totals(order).total <= asked

    return rule


RULES: dict[str, Rule[Order]] = {
    **listing.dated("modified_date", lambda order: order.last_modified),
    **listing.dated("date", lambda order: order.created),
    **listing.days("promise_date", lambda order: order.promise_date),
    **listing.days("expiry_date", lambda order: order.expiry_date),
    "pref_vendor": listing.among(listing.numbers, lambda order: order.vendor_id),
    "purchaser": listing.equals(listing.whole, lambda order: ME_ID),
    "requester": listing.equals(listing.whole, lambda order: ME_ID),
    "purchase_order": listing.equals(listing.whole, lambda order: order.id),
    "account_code": listing.meets(listing.numbers, _codes),
    "currency": _currency,
    "contract": listing.equals(listing.whole, lambda order: None),
    "has_blanket_order_items": listing.equals(listing.flag, lambda order: False),
    "total_0": _total(True),
    "total_1": _total(False),
}
ORDERS = Listing[Order](
    rules=RULES,
    show=order_shapes.row,
    orders={
        "procurify_PO": lambda order: order.id,
        "date": lambda order: order.created,
        "last_modified": lambda order: order.last_modified,
        "promise_date": lambda order: order.promise_date or "",
        "total": lambda order: order_shapes.totals(order).total,
    },
    text=lambda order: f"{order.number} {order.own_number or ''} {order.vendor_snapshot['name']}",
)


def orders(call: Call, role: str, section: str) -> Response:
    """Newest first. Both roles show the same orders: who receives what is not simulated."""
    if role not in {"purchased", "receivable"} or section not in SECTIONS:
        raise not_found(f"there is no list {role}/{section} of purchase orders")
    found = ORDERS.choose(call, reversed(call.company.state.orders.values()))
    counts = {name: sum(map(SECTIONS[name], found)) for name in COUNTED}
    shown = [order for order in found if SECTIONS[section](order)]
    answer = {**counts, "page": len(shown)}
    return ORDERS.page(call, shown, counts={"purchased": answer, "receivable": answer})


def order(call: Call, number: str) -> Response:
    found = call.company.order(number)
    if found is None:
        raise not_found()
    return call.one(order_shapes.detail(call.company, found), can_edit=True, can_delete=True)
