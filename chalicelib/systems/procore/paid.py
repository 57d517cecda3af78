"""What a payment of bills comes to in Procore: one contract payment for each invoice that it pays."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import partial

from chalicelib.engine.link import Link, Part, Partner
from chalicelib.engine.records import Draft, Money, Summary
from chalicelib.systems.procore import shares
from chalicelib.systems.procore.drafts import contract_payment_draft


@dataclass(frozen=True, slots=True)
class Paid:
    """A payment: how much of each bill it settles, by the bill's id.

    `changes_bill`: the books tell of the bills with it; else they are read again.
    """

    title: str
    vendor_name: str
    date: datetime.date
    currency: str
    bills: Mapping[str, Decimal]
    changes_bill: bool = False
    number: str = ""
    method: str = ""
    memo: str = ""


def payment_parts(payment: Paid, link: Link) -> list[Part]:
    """One part for each record that a bill it pays became: a contract payment, or a word on where it stands."""
    found: list[Part] = []
    for id_, amount in payment.bills.items():
        bill = link.known("bill", id_)
        places = bill.parts or [bill]
        weights = [place.money.amount if place.money else Decimal(0) for place in places]
        for place, share in zip(places, shares.split(amount, weights), strict=True):
            found.append(_of_bill(payment, id_, place, share, link))
    return found


def _of_bill(payment: Paid, bill: str, place: Partner, amount: Decimal, link: Link) -> Part:
    name = f"{bill}/{place.part}" if place.part else bill
    money = Money(amount, payment.currency)
    summary = Summary(payment.title, payment.number, payment.vendor_name, payment.date, money)
    if place.state == "not_moved":
        why = f"The bill {place.title} is not moved: {place.why}".strip()
        return Part(name, summary, why=why, follows=("bill", f"{bill}@{place.part}" if place.part else bill))
    if place.kind == "direct_cost":
        why = f"{place.label or place.title} has no payments of its own: the day on which it was paid stands on it."
        again = None if payment.changes_bill else ("bill", bill)
        return Part(name, summary, why=why, is_told=True, read_again=again)
    if place.kind == "requisition" and (place.target_id or place.planned):
        return link.part(name, summary, partial(_contract_payment, payment, place, amount))
    return Part(name, summary, held=link.waits_for("bill", bill, place))


def _contract_payment(payment: Paid, place: Partner, amount: Decimal, link: Link) -> Draft:
    commitment = place.aggregate.partition(":")[2]
    planned = f"{commitment.partition('/')[0]}/0"  # in a rehearsal there is no invoice yet
    return contract_payment_draft(
        commitment=commitment,
        requisition=place.target_id or planned,
        vendor_name=payment.vendor_name,
        date=payment.date,
        amount=amount,
        currency=payment.currency,
        number=place.number,
        invoice_date=place.day,
        check_number=payment.number,
        method=payment.method,
        memo=payment.memo,
        lock=link.fact("preference", "other_accounting") != "true",
    )
