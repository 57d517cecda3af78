"""What flows write to FreshBooks: expenses and journal entries, in the normal form in which they are read back."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from decimal import Decimal
from typing import Literal

from chalicelib.engine.errors import Held
from chalicelib.engine.records import Draft, Json, Money, Summary

OWNER = "1"  # the business's owner, among its staff
CENTS = Decimal("0.01")
LONGEST_NOTES = 800  # characters, beside which the record mark has room (sheet 8.1: under 1000)


def expense_draft(
    *,
    date: datetime.date,
    amount: Decimal,
    currency: str,
    category: str,
    vendor: str,
    notes: str,
    number: str = "",
    staff: str = OWNER,
) -> Draft:
    """`amount` is with tax. The category belongs to the people there once the expense is made, as the notes do."""
    money = Money(amount.quantize(CENTS), currency)
    body: Json = {"date": date.isoformat(), "amount": str(money.amount), "currency": currency, "vendor": vendor}
    return Draft(
        kind="expense",
        body=body,
        once={"category": category, "staff": staff, "notes": " ".join(notes.split())[:LONGEST_NOTES].strip()},
        summary=Summary(title=f"Expense of {vendor}", number=number, party=vendor, day=date, money=money),
        money=money,
    )


def entry_line(*, account: str, side: Literal["debit", "credit"], amount: Decimal) -> Json:
    return {"account": account, "side": side, "amount": str(amount.quantize(CENTS))}


def journal_entry_draft(
    *, date: datetime.date, currency: str, name: str, lines: Sequence[Json], description: str = ""
) -> Draft:
    """Raises Held when both sides do not come to the same."""
    sides = {
        side: sum((_amount(line) for line in lines if line["side"] == side), Decimal(0)) for side in ("debit", "credit")
    }
    if sides["debit"] != sides["credit"] or not sides["debit"]:
        raise Held(
            "totals_differ",
            f"The debits of the journal entry {name} come to {sides['debit']} {currency}, its credits to "
            f"{sides['credit']} {currency}.",
            cause=f"{name}: {sides['debit']} and {sides['credit']}",
            fix="Correct the amounts at the source; it goes by itself then.",
        )
    money = Money(sides["debit"].quantize(CENTS), currency)
    return Draft(
        kind="journal_entry",
        body={"date": date.isoformat(), "currency": currency, "name": name, "lines": list(lines)},
        once={"description": description},
        summary=Summary(title=f"Journal entry {name}", number=name, day=date, money=money),
        money=money,
    )


def _amount(line: Json) -> Decimal:
    return Decimal(str(line["amount"]))
