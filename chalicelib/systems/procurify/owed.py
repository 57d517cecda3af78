"""What a bill of the books is in Procurify, whose API makes none: the bill that is there, a mail, or a request.

It stays what it became: a policy that is changed later is for other bills.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from chalicelib.engine.errors import Held
from chalicelib.engine.link import Link, Part
from chalicelib.engine.records import Draft, Json, Money, Summary
from chalicelib.systems.procurify.drafts import (
    bill_line,
    bill_match_draft,
    inbox_draft,
    paid_draft,
    requisition_draft,
)

KINDS = {"hold": "bill_match", "inbox": "inbox_mail", "requisition": "requisition"}


@dataclass(frozen=True, slots=True)
class OwedLine:
    """`amount` is without tax, `code` what the mapping of account codes knows it by."""

    code: str
    description: str
    amount: Decimal
    tax: Decimal


@dataclass(frozen=True, slots=True)
class Owed:
    title: str
    vendor: str
    vendor_name: str
    number: str
    date: datetime.date
    due_date: datetime.date | None
    currency: str
    tax: Decimal
    lines: Sequence[OwedLine]
    file_left_out: str = ""  # why the file that it has is not given


@dataclass(frozen=True, slots=True)
class Paid:
    """A payment of the bill, of which `paid` of `total` is paid by now, the last of it on `date`."""

    title: str
    bill: str
    vendor_name: str
    number: str
    date: datetime.date | None
    amount: Decimal
    total: Decimal
    paid: Decimal
    currency: str
    vendor: str


def owed_draft(owed: Owed, link: Link) -> Draft:
    kind = link.stands_as or KINDS[link.policy("unmatched_bill")]
    vendor = link.need("vendor", owed.vendor, owed.vendor_name)
    taxed = _taxed(owed)
    if kind == "requisition":
        return _requested(owed, taxed, vendor, link)
    lines = [bill_line(description=x.description, amount=amount) for x, amount in taxed]
    if kind == "inbox_mail":
        return inbox_draft(
            vendor=vendor, vendor_name=owed.vendor_name, number=owed.number, date=owed.date, currency=owed.currency,
            lines=lines, due_date=owed.due_date, left_out=owed.file_left_out,
        )  # fmt: skip
    return bill_match_draft(
        vendor=vendor, vendor_name=owed.vendor_name, number=owed.number, date=owed.date, currency=owed.currency,
        lines=lines, due_date=owed.due_date,
    )  # fmt: skip


def _requested(owed: Owed, taxed: Sequence[tuple[OwedLine, Decimal]], vendor: str, link: Link) -> Draft:
    says = f"{owed.title} is to become a request, which needs a department."
    chosen = link.entry("department", link.setting("requisition_department", "department", says))
    if not any(entry.name == owed.currency for entry in link.entries("currency")):
        raise Held(
            "currency_mismatch",
            f"{owed.title} is in {owed.currency}, which is none of Procurify's currencies.",
            cause=f"currency {owed.currency}",
            fix=f"Add {owed.currency} in Procurify under Settings, or enter the bill there by hand.",
            waits_for=["reference:currency"],
        )
    lines: list[Json] = []
    for line, amount in taxed:
        code = link.entry("account_code", link.need("account_code", line.code)) if chosen else None
        lines.append(bill_line(description=line.description, amount=amount, account_code=code.code if code else ""))
    return requisition_draft(
        vendor=vendor, vendor_name=owed.vendor_name, number=owed.number, date=owed.date, currency=owed.currency,
        lines=lines, required=owed.due_date or owed.date,
        location=chosen.contact["location"] if chosen else "", department=chosen.name if chosen else "",
    )  # fmt: skip


def _taxed(owed: Owed) -> list[tuple[OwedLine, Decimal]]:
    """The lines with their tax, which make the bill's total; what of the tax is on no line goes on the largest."""
    amounts = [line.amount + line.tax for line in owed.lines]
    if rest := owed.tax - sum((line.tax for line in owed.lines), Decimal(0)):
        if not amounts:
            raise Held(
                "no_lines",
                f"{owed.title} has tax and no lines.",
                cause=owed.title,
                fix="Give the bill a line in the books, or enter it in Procurify by hand and dismiss it here.",
            )
        amounts[max(range(len(amounts)), key=lambda n: abs(amounts[n]))] += rest
    return list(zip(owed.lines, amounts, strict=True))


def paid_parts(paid: Paid, link: Link) -> list[Part]:
    """One part: the bill, marked as paid. The payment of a bill that is not moved is not moved either."""
    bill = link.known("bill", paid.bill)
    summary = Summary(paid.title, paid.number, paid.vendor_name, paid.date, Money(paid.amount, paid.currency))
    if bill.state == "not_moved":
        why = f"{bill.title} is not moved: {bill.why}".strip()
        return [Part(paid.bill, summary, why=why, follows=("bill", paid.bill))]
    return [link.part(paid.bill, summary, lambda own: _marked(paid, own))]


def _marked(paid: Paid, link: Link) -> Draft:
    if paid.date is None:
        raise Held(
            "unreadable_source",
            f"{paid.title} has no day on which it was paid.",
            cause=paid.title,
            fix="Give the payment its day at the source; it goes by itself then.",
        )
    return paid_draft(
        bill=link.need("bill", paid.bill, f"{paid.number} of {paid.vendor_name}"),
        vendor=link.known("vendor", paid.vendor).target_id,
        vendor_name=paid.vendor_name,
        number=paid.number,
        total=paid.total,
        paid=paid.paid,
        date=paid.date,
        currency=paid.currency,
    )
