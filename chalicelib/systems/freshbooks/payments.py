"""FreshBooks' payments of bills: each with what is known of its bill, which tells whether it is paid in full.

They have no moment of change and no filter, and FreshBooks sends no word of them: the cheapest list of them is the one
of bills, which shows each bill's own.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from chalicelib.engine.records import Json, SourceDocument, Summary, fingerprint
from chalicelib.systems.freshbooks import models, papers
from chalicelib.systems.freshbooks.wording import shortened

BILL = ("id", "bill_number", "vendorid", "vendor", "currency_code", "total_amount", "paid", "outstanding", "vis_state")


@dataclass(frozen=True, slots=True)
class BillPayment:
    """`bill_paid` and `bill_total` are the bill's as a whole: it is paid in full when nothing is outstanding."""

    id: str
    bill_id: str
    bill_number: str
    vendor_id: str
    vendor_name: str
    date: datetime.date | None
    amount: Decimal
    currency: str
    method: str
    note: str
    bill_total: Decimal
    bill_paid: Decimal
    bill_outstanding: Decimal
    bill_paid_on: datetime.date | None = None  # the day of the bill's last payment

    @property
    def is_whole(self) -> bool:
        return self.bill_outstanding <= 0


def of_bill(raw: Json) -> Iterator[tuple[Json, Json]]:
    """The payments that a bill shows, each with the bill."""
    listed = raw.get("bill_payments")
    for payment in listed if isinstance(listed, list) else []:
        if isinstance(payment, dict):
            yield payment, raw


def document(source_id: str, raw: Json, bill: Json) -> SourceDocument:
    """One that is deleted, or whose bill is, is not to be moved."""
    body = papers.keep(models.Payment, {"billid": bill.get("id"), **raw})
    about = models.plain({name: bill[name] for name in BILL if name in bill})
    about["paid_on"] = max((_paid_on(one) for one, _ in of_bill(bill)), default="")
    if isinstance(about.get("vendor"), dict):
        about["vendor"] = papers.keep(models.Named, about["vendor"])
    body["bill"] = about
    try:
        payment = models.fit(models.Payment, body)
        money = papers.money(payment.amount, str(bill.get("currency_code") or ""))
        printed = payment.model_dump(mode="json")
    except models.Unfit:
        money, printed = None, body
    return SourceDocument(
        id=source_id,
        body=body,
        fingerprint=fingerprint(
            [printed, about["paid_on"], *(_amount(about.get(name)) for name in ("total_amount", "outstanding"))]
        ),
        summary=Summary(
            title=label(body),
            number=shortened(str(about.get("bill_number") or ""), 200),
            party=shortened(str(_of(about.get("vendor"), "vendor_name") or ""), 200),
            day=papers.day_or_none(body.get("paid_date")),
            money=money,
        ),
        live=models.DELETED not in (str(body.get("vis_state")), str(about.get("vis_state"))),
    )


def _paid_on(payment: Json) -> str:
    """ "" of one that is deleted: a bill may still show it."""
    return "" if str(payment.get("vis_state")) == models.DELETED else str(payment.get("paid_date") or "")


def label(body: Json) -> str:
    number = shortened(str(_of(body.get("bill"), "bill_number") or ""))
    return f"Payment {body.get('id')} of bill {number or body.get('billid')}"


def parse(body: Json) -> BillPayment:
    record = label(body)
    shape = papers.read(models.Payment, body, record=record)
    bill = body.get("bill") if isinstance(body.get("bill"), dict) else {}
    assert isinstance(bill, dict)
    total, paid, rest = (_sum(bill, name, record) for name in ("total_amount", "paid", "outstanding"))
    code = shape.amount.code or str(bill.get("currency_code") or "")
    bill_id = shape.billid or str(bill.get("id") or "")
    for field, value in (("billid", bill_id), ("amount.code", code)):
        if not value:
            raise papers.unreadable(record, field)
    return BillPayment(
        id=shape.id,
        bill_id=bill_id,
        bill_number=str(bill.get("bill_number") or "").strip(),
        vendor_id=str(bill.get("vendorid") or _of(bill.get("vendor"), "vendorid") or ""),
        vendor_name=str(_of(bill.get("vendor"), "vendor_name") or ""),
        date=papers.day(shape.paid_date, record=record, field="paid_date") if shape.paid_date else None,
        amount=shape.amount.amount,
        currency=code,
        method=shape.payment_type,
        note=shape.note,
        bill_total=total,
        bill_paid=paid,
        bill_outstanding=rest,
        bill_paid_on=papers.day_or_none(bill.get("paid_on")),
    )


def _sum(bill: Json, name: str, record: str) -> Decimal:
    try:
        return models.fit(models.Sum, bill.get(name)).amount
    except models.Unfit:
        raise papers.unreadable(record, f"bill.{name}") from None


def _amount(found: object) -> str:
    try:
        return str(models.fit(models.Sum, found).amount)
    except models.Unfit:
        return str(found)


def _of(found: object, name: str) -> object:
    return found.get(name) if isinstance(found, dict) else None
