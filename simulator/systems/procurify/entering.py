"""How what people type becomes documents: lines with their allocations, costs, the amounts as `Decimal`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from simulator.systems.procurify.company import Company, amount, cents
from simulator.systems.procurify.documents import Cost, Item, Order, OrderLine, Share

Entry = Mapping[str, Any]
ITEM_KEYS = {
    "description", "account_code", "department", "branch", "amount", "tax_amount", "tax_name", "tax_percentage",
    "tax_is_inclusive", "shipping_amount", "allocations", "quantity", "unit", "sku", "purchase_order", "archived", "id",
}  # fmt: skip
LINE_KEYS = {
    "name", "account_code", "department", "branch", "amount", "quantity", "price", "tax_amount", "shipping_amount",
    "allocations", "status", "received", "sku", "unit", "note", "id",
}  # fmt: skip
FIRST_STEPS = {0: [0], 1: [0, 1], 2: [0, 1, 2], 3: [0, 1, 3], 5: [0, 5]}


def items(company: Company, entries: Sequence[Entry], *, tax_is_inclusive: bool) -> list[Item]:
    """An entry that names the `id` of an item keeps it."""
    found = []
    for entry in entries:
        _known_keys(entry, ITEM_KEYS)
        tax = amount(entry.get("tax_amount") or 0)
        found.append(
            Item(
                id=entry.get("id") or company.number("item"),
                description=str(entry.get("description", "")),
                amount=amount(entry["amount"]),
                shares=_shares(company, entry, amount(entry["amount"])),
                tax_amount=tax,
                tax_name=str(entry.get("tax_name", "Sales tax" if tax else "")),
                tax_percentage=_optional(entry.get("tax_percentage")),
                tax_is_inclusive=bool(entry.get("tax_is_inclusive", tax_is_inclusive)),
                shipping_amount=_optional(entry.get("shipping_amount")),
                quantity=amount(entry.get("quantity", 1)),
                unit=str(entry.get("unit", "each")),
                sku=str(entry.get("sku", "")),
                order=entry.get("purchase_order"),
                archived=bool(entry.get("archived", False)),
            )
        )
    return found


def costs(company: Company, entries: Sequence[Entry]) -> list[Cost]:
    found = []
    for entry in entries:
        value = amount(entry["amount"])
        share = company.share(dict(entry), value)
        found.append(Cost(id=company.number("cost"), name=str(entry["name"]), amount=value, share=share))
    return found


def order_lines(company: Company, entries: Sequence[Entry]) -> list[OrderLine]:
    """A line without a `price` costs its `amount`, one of it."""
    found = []
    for entry in entries:
        _known_keys(entry, LINE_KEYS)
        quantity = amount(entry.get("quantity", 1))
        price = amount(entry["price"] if "price" in entry else entry["amount"])
        value = amount(entry["amount"]) if "amount" in entry else cents(price * quantity)
        found.append(
            OrderLine(
                id=entry.get("id") or company.number("line"),
                name=str(entry.get("name", "")),
                quantity=quantity,
                price=price,
                amount=value,
                shares=_shares(company, entry, value),
                status=int(entry.get("status", 2)),
                tax_amount=_optional(entry.get("tax_amount")),
                shipping_amount=_optional(entry.get("shipping_amount")),
                received=amount(entry.get("received", 0)),
                sku=str(entry.get("sku", "")),
                unit=str(entry.get("unit", "each")),
                note=str(entry.get("note", "")),
            )
        )
    return found


def modifier(given: Entry | str | float | Decimal) -> tuple[Decimal, str]:
    """Tax or discount: a plain amount, or {"value", "type"} with the type "amount" or "percentage"."""
    if isinstance(given, Mapping):
        return amount(given["value"]), str(given.get("type", "amount"))
    return amount(given), "amount"


def change_order(company: Company, order: Order, changes: Mapping[str, Any]) -> None:
    own_names = {"PO_Num": "own_number", "lines": "lines"}
    plain = {"state", "promise_date", "expiry_date", "payment_terms", "comment", "creditcard", "active", "number"}
    for name, value in changes.items():
        if name == "lines":
            order.lines = order_lines(company, value)
        elif name in {"freight", "other", "rate"}:
            setattr(order, name, amount(value))
        elif name in {"tax", "discount"}:
            setattr(order, name, modifier(value))
        elif name == "total":
            order.total = _optional(value)
        elif name in plain or name in own_names:
            setattr(order, own_names.get(name, name), value)
        else:
            raise TypeError(f"a purchase order has no {name}")
    company.term("payment_term_ref", {"name": order.payment_terms})


def _shares(company: Company, entry: Entry, whole: Decimal) -> list[Share]:
    parts = entry.get("allocations")
    if not parts:
        return [company.share(dict(entry), whole)]
    return [company.share(dict(part), amount(part["amount"])) for part in parts]


def _optional(value: object) -> Decimal | None:
    return None if value is None else amount(value)


def _known_keys(entry: Entry, known: set[str]) -> None:
    strange = set(entry) - known
    if strange:
        raise TypeError(f"a line has no {', '.join(sorted(strange))}")
