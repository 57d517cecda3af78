"""From an order's items and charges to lines that add up to its total, to the cent (sheet section 7)."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from chalicelib.engine.errors import Held
from chalicelib.systems.procurify.lines import (
    CENT,
    NOTHING,
    BillLine,
    Settled,
    apart,
    cents,
    evened,
    on_account,
    total_of,
)
from chalicelib.systems.procurify.reading import shortened
from chalicelib.systems.procurify.shapes import Modifier, OrderItem, OrderShape

NOT_BOUGHT = frozenset({4, 7, 8})  # lines that were rejected, denied, or are drafts


def goods(order: OrderShape) -> Iterator[BillLine]:
    """What of each item goes on which account; where an item names none, the account stays open."""
    for item in _bought(order):
        said = " · ".join(text for text in (item.name.strip(), item.po_note.strip()) if text)
        if not item.spend_allocation and item.account is None:
            yield apart("item", said, amount=cents(item.total_cost))
        elif not item.spend_allocation and item.account is not None:
            yield on_account(item.account, "item", said, amount=item.total_cost)
        for share in item.spend_allocation:
            yield on_account(share.account, "item", said, amount=share.amount)


def settle(order: OrderShape, record: str) -> Settled:
    """The lines and the total they make. Raises Held when they do not, or nothing is owed."""
    if order.creditcard:
        raise Held(
            "paid_by_card",
            f"{record} is paid by card in Procurify: its vendor is owed nothing.",
            cause=record,
            fix="Enter the card charge in the books by hand and dismiss the record.",
        )
    for number, item in enumerate(_bought(order), 1):
        _check_item(item, number, order, record)
    lines = [*goods(order), *_charges(order)]
    total = cents(order.total)
    tax, discount = _modifiers(order, lines, total, record)
    lines += [apart("tax", "Tax", amount=tax)] if tax else []
    lines += [apart("discount", "Discount", amount=-discount)] if discount else []
    settled = evened(lines, [total])
    if settled is None:
        money, made = order.purchased_currency.name, total_of(lines)
        raise _differ(
            f"The lines of {record} add up to {made} {money}, but its total is {total} {money}.",
            cause=f"{record}: lines {made}, total {total}",
        )
    return settled


def _bought(order: OrderShape) -> list[OrderItem]:
    return [item for item in order.order_items if item.status not in NOT_BOUGHT and item.is_active is not False]


def _check_item(item: OrderItem, number: int, order: OrderShape, record: str) -> None:
    """An item costs what is assigned to accounts, or what its price and quantity come to."""
    if item.spend_allocation:
        what, most = "is assigned to accounts", CENT * len(item.spend_allocation)
        found = sum((share.amount for share in item.spend_allocation), NOTHING)
    elif item.price is not None and item.quantity is not None:
        what, most, found = "is its price by its quantity", CENT, item.price * item.quantity
    else:
        return
    if abs(found - item.total_cost) <= most:
        return
    name, money = shortened(item.name), order.purchased_currency.name
    raise _differ(
        f"Item {number}{f' ({name})' if name else ''} of {record} costs {cents(item.total_cost)} {money}, "
        f"but {cents(found)} {money} {what}.",
        cause=f"{record}: item {number} costs {cents(item.total_cost)}, not {cents(found)}",
    )


def _charges(order: OrderShape) -> Iterator[BillLine]:
    for item in _bought(order):
        if tax := cents(item.tax_amount):
            yield apart("tax", "Tax", item.name, amount=tax)
        if shipping := cents(item.shipping_amount):
            yield apart("freight", "Shipping", item.name, amount=shipping)
    if freight := cents(order.freight):
        yield apart("freight", "Freight", amount=freight)
    if other := cents(order.other):
        yield apart("other", "Other charges", amount=other)


def _modifiers(order: OrderShape, lines: list[BillLine], total: Decimal, record: str) -> tuple[Decimal, Decimal]:
    """Tax and discount of the whole order. A percentage is of an undocumented base: what it comes to is what is said
    of it, or what is missing to the total, within what the percentage can be of all there is."""
    rest = total - total_of(lines)
    tax, discount = _tax(order), _amount(order.discount)
    if tax is None and discount is not None:
        tax = _missing(order.tax, rest + discount, lines, record=record, total=total)
    elif discount is None and tax is not None:
        discount = _missing(order.discount, tax - rest, lines, record=record, total=total)
    if tax is None or discount is None:
        raise _differ(
            f"{record} has both its tax and its discount in per cent, and Procurify does not say what they come to.",
            cause=f"{record}: tax and discount in per cent",
        )
    return tax, discount


def _tax(order: OrderShape) -> Decimal | None:
    """That of the whole order; the stated sum has that of the items in it."""
    tax = _amount(order.tax)
    if tax is None and order.cost_details and order.cost_details.tax_amount is not None:
        return cents(order.cost_details.tax_amount) - sum((cents(item.tax_amount) for item in _bought(order)), NOTHING)
    return tax


def _amount(modifier: Modifier | None) -> Decimal | None:
    if modifier is None or not modifier.value:
        return NOTHING
    return cents(modifier.value) if modifier.type == "amount" else None


def _missing(
    modifier: Modifier | None, amount: Decimal, lines: list[BillLine], *, record: str, total: Decimal
) -> Decimal:
    share = modifier.value / 100 if modifier else NOTHING
    if NOTHING <= amount <= abs(cents(share * total_of(lines))) + CENT * len(lines):
        return amount
    made = total_of(lines)
    raise _differ(
        f"The lines of {record} add up to {made}, its total is {total}, and a percentage does not explain the rest.",
        cause=f"{record}: lines {made}, total {total}",
    )


def _differ(message: str, *, cause: str) -> Held:
    fix = (
        "Open the purchase order in Procurify and compare it with what was agreed. Correct it there; if it is right as "
        "it stands, enter the bill in the books by hand and dismiss the record."
    )
    return Held("totals_differ", message, cause=cause, fix=fix)
