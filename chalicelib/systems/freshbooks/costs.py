"""What an order comes to in FreshBooks: an expense for each category, or a journal entry that is reversed next month.

There are no draft expenses there (sheet section 8.2): one is made once a person approves it here, or on a category that
people empty. A bill for the same would be the same cost again, so none is made beside one.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal

from chalicelib.engine.errors import Held
from chalicelib.engine.link import Link, Part
from chalicelib.engine.match import plain_name
from chalicelib.engine.records import Draft, Money, Summary
from chalicelib.systems.freshbooks.drafts import CENTS, entry_line, expense_draft, journal_entry_draft


@dataclass(frozen=True, slots=True)
class CostLine:
    """`code` "" and `is_charge`: tax, freight, discount and the like of the whole order."""

    code: str
    label: str
    amount: Decimal
    is_charge: bool = False


@dataclass(frozen=True, slots=True)
class Ordered:
    """Its lines make its total. `asked_for` are the bills of these books that some of its lines were requested for."""

    title: str
    number: str
    vendor_name: str
    date: datetime.date
    currency: str
    total: Decimal
    lines: Sequence[CostLine]
    memo: str = ""
    asked_for: Sequence[str] = ()


def order_parts(order: Ordered, link: Link) -> list[Part]:
    twice = _counted_twice(order, link)
    if link.policy("po_mode") == "journal":
        parts = _entries(order, link)
    else:
        parts = [_expense(order, category, amount, link) for category, amount in _by_category(order, link).items()]
    if twice is not None:
        return [replace(part, held=twice) for part in parts]
    return parts if link.released or link.policy("po_mode") != "internal_draft" else [_unapproved(p) for p in parts]


# ---------------------------------------------------------------------------------------------- expenses


def _expense(order: Ordered, category: str, amount: Decimal, link: Link) -> Part:
    found = link.entry("expense_category", category)
    label = found.label if found else category
    title, money = f"Expense of {order.vendor_name} for {label}", Money(amount, order.currency)

    def make(own: Link) -> Draft:
        held = own.policy("po_mode") == "holding_category"
        says = f"{order.title} is to wait in a category of its own."
        words = [f"[DRAFT] for {label}" if held else "", f"PO {order.number}", order.memo]
        return expense_draft(
            date=order.date,
            amount=amount,
            currency=order.currency,
            category=own.setting("holding_category", "expense_category", says) if held else category,
            vendor=order.vendor_name,
            notes=" · ".join(filter(None, words)),
            number=order.number,
        )

    summary = Summary(title, order.number, order.vendor_name, order.date, money)
    if amount < 0:
        return Part(category, summary, held=_negative(order, label, money))
    return link.part(category, summary, make)


def _by_category(order: Ordered, link: Link) -> dict[str, Decimal]:
    """What each category bears. Charges are shared in proportion, unless they have a category of their own."""
    sums: dict[str, Decimal] = {}
    for line in order.lines:
        if not line.is_charge:
            category = link.need("expense_category", line.code, line.label)
            sums[category] = sums.get(category, Decimal(0)) + line.amount
    charges = sum((line.amount for line in order.lines if line.is_charge), Decimal(0))
    if charges and (link.policy("charges_category") or not any(sums.values())):
        says = f"{order.title} has tax, freight or a discount of {charges} {order.currency}."
        category = link.setting("charges_category", "expense_category", says)
        sums[category] = sums.get(category, Decimal(0)) + charges
    elif charges:
        sums = _shared(sums, charges)
    return {category: amount for category, amount in sums.items() if amount}


def _shared(sums: dict[str, Decimal], charges: Decimal) -> dict[str, Decimal]:
    """In proportion, to the cent: what rounding leaves goes on the largest."""
    whole = sum((abs(amount) for amount in sums.values()), Decimal(0))
    shares = {
        category: (charges * abs(amount) / whole).quantize(CENTS, ROUND_HALF_UP) for category, amount in sums.items()
    }
    shares[max(sums, key=lambda category: abs(sums[category]))] += charges - sum(shares.values(), Decimal(0))
    return {category: amount + shares[category] for category, amount in sums.items()}


def _unapproved(part: Part) -> Part:
    """Ours until a person approves it: FreshBooks books an expense the moment it is made."""
    held = Held(
        "awaits_approval",
        f"{part.summary.title}, {part.summary.money}, PO {part.summary.number}: FreshBooks would book it at once, so "
        "it waits here for the accounting team.",
        cause="expenses to approve",
        fix="Look at it and approve it: `mlc replay ID --release`; the order's own id approves all of its expenses. "
        "To leave it out, dismiss it.",
        waits_for=["setting:po_mode"],
    )
    return part if part.held else replace(part, held=held)


def _negative(order: Ordered, label: str, money: Money) -> Held:
    return Held(
        "negative_amount",
        f"{order.title} comes to {money} for {label}, and an expense cannot be negative.",
        cause=f"{order.title} {label}",
        fix="Enter a credit in FreshBooks by hand and dismiss it here, or correct the order.",
    )


# ---------------------------------------------------------------------------------------------- journal entries


def _entries(order: Ordered, link: Link) -> list[Part]:
    """An accrual at the end of the order's month, and its reversal on the day after."""
    says = f"{order.title} is to become a journal entry."
    debit, credit = (link.setting(f"journal_{side}", "ledger_account", says) for side in ("debit", "credit"))
    reversed_on = (order.date.replace(day=28) + timedelta(days=4)).replace(day=1)
    accrued_on = reversed_on - timedelta(days=1)
    return [
        _entry(order, "accrual", accrued_on, (debit, credit), link),
        _entry(order, "reversal", reversed_on, (credit, debit), link),
    ]


def _entry(order: Ordered, what: str, day: datetime.date, accounts: tuple[str, str], link: Link) -> Part:
    name = f"PO {order.number} {what}"
    # The money is counted once: with the accrual.
    money = Money(order.total, order.currency) if what == "accrual" else None
    summary = Summary(f"Journal entry {name} of {order.vendor_name}", order.number, order.vendor_name, day, money)

    def make(own: Link) -> Draft:
        return journal_entry_draft(
            date=day,
            currency=order.currency,
            name=name,
            lines=[
                entry_line(account=accounts[0], side="debit", amount=order.total),
                entry_line(account=accounts[1], side="credit", amount=order.total),
            ],
            description=f"{order.vendor_name} {order.memo}".strip(),
        )

    return link.part(what, summary, make)


# ---------------------------------------------------------------------------------------------- never twice


def _counted_twice(order: Ordered, link: Link) -> Held | None:
    """A bill for the same is in these books already: with both, the cost counts twice."""
    if order.asked_for:
        bills = ", ".join(order.asked_for)
        return Held(
            "double_count",
            f"Some lines of {order.title} were requested for the bill {bills} of FreshBooks, whose cost counts there "
            "already; others were not.",
            cause=order.title,
            fix="Enter the cost of the other lines in FreshBooks by hand, and dismiss this.",
        )
    vendors = [one for one in link.entries("vendor") if plain_name(one.name) == plain_name(order.vendor_name)]
    for vendor in vendors:
        for bill in link.entries("bill", vendor.id):
            if is_named(order.number, f"{bill.name} \n {bill.contact['said']}"):
                return Held(
                    "double_count",
                    f"The bill {bill.name or bill.id} of {order.vendor_name} in FreshBooks names {order.title}: with "
                    "an expense for the order, the cost counts twice.",
                    cause=f"{order.title} and bill {bill.name or bill.id}",
                    fix="To keep the bill, dismiss this (delete the expense in FreshBooks first, where there is one). "
                    "To keep the expense, delete the bill, or take the order's number out of it.",
                    waits_for=[f"reference:bill@{vendor.id}"],
                )
    return None


def is_named(number: str, said: str) -> bool:
    """Whether the text names the order. A number of digits alone may be anything: it must be said to be an order's."""
    wanted = plain_name(number)
    if not wanted:
        return False
    said, number = plain_name(said), re.escape(wanted)
    order = r"(?:p\.?\s?o\.?|order)(?:\s(?:no\.?|number|nr\.?))?[\s:#-]*" if wanted.isdigit() else ""
    return re.search(rf"(?<!\w){order}{number}(?!\w)", said) is not None
