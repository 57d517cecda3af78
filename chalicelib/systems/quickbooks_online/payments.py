"""QuickBooks Online's payments of bills as they are read: what is kept of one, and its typed document.

One payment may settle many bills, each in part; a voided one keeps its header and settles nothing.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Literal

from chalicelib.engine.records import Json, SourceDocument, Summary
from chalicelib.systems.quickbooks_online import models, papers
from chalicelib.systems.quickbooks_online.models import NO_ROWS, OR_NONE, Linked, OneRef, Ref, Text
from chalicelib.systems.quickbooks_online.papers import NOTHING, Named, named

BILL, CREDIT = "Bill", "VendorCredit"
Method = Literal["check", "credit_card", "other"]
METHODS: dict[str, Method] = {"Check": "check", "CreditCard": "credit_card"}


class LineShape(models.Shape):
    Amount: models.Amount
    LinkedTxn: Annotated[tuple[Linked, ...], NO_ROWS] = ()


class CheckShape(models.Shape):
    BankAccountRef: OneRef = Ref()


class CardShape(models.Shape):
    CCAccountRef: OneRef = Ref()


class PaymentShape(models.Shape):
    Id: models.SomeText
    DocNumber: Text = ""
    TxnDate: models.SomeText
    PrivateNote: Text = ""
    VendorRef: OneRef = Ref()
    CurrencyRef: OneRef = Ref()
    PayType: Text = ""
    CheckPayment: Annotated[CheckShape, OR_NONE] = CheckShape()
    CreditCardPayment: Annotated[CardShape, OR_NONE] = CardShape()
    TotalAmt: models.Amount
    Line: Annotated[tuple[LineShape, ...], NO_ROWS] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """How much of one bill the payment settles."""

    bill_id: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class BillPayment:
    """`total` is what left the bank; `credits` what was settled by credits of the vendor instead of money.

    `account` is the bank account or the card. ACH payments, too, come as checks (unconfirmed).
    """

    id: str
    number: str
    vendor_id: str
    vendor_name: str
    date: datetime.date
    currency: str
    total: Decimal
    parts: tuple[Part, ...]
    credits: Decimal
    method: Method
    account: Named
    note: str
    url: str


def document(source_id: str, raw: Json) -> SourceDocument:
    """Its amount is what it settles of bills. One that settles nothing, such as a voided one, is not live."""
    body = papers.keep(PaymentShape, raw)
    live, money = True, None
    try:
        shape = models.fit(PaymentShape, body)
    except models.Unfit:
        pass  # it stays live, so that reading it holds it and a person sees it
    else:
        settled = sum((amount for _, amount in _applied(shape, BILL)), NOTHING)
        live, money = bool(settled), papers.money(settled, papers.currency(shape.CurrencyRef, body))
    return SourceDocument(
        id=source_id,
        body=body,
        fingerprint=papers.print_of(PaymentShape, body),
        summary=Summary(
            title=label(body),
            number=papers.shortened(papers.text_at(body, "DocNumber"), 200),
            party=papers.shortened(papers.text_at(body, "VendorRef", "name"), 200),
            day=papers.day_or_none(body.get("TxnDate")),
            money=money,
        ),
        live=live,
    )


def label(body: Json) -> str:
    number, vendor = papers.text_at(body, "DocNumber"), papers.text_at(body, "VendorRef", "name")
    to = f" to {papers.shortened(vendor)}" if vendor else ""
    return f"Payment {papers.shortened(number) or body.get('Id')}{to}"


def parse(body: Json, *, url: str) -> BillPayment:
    record = label(body)
    shape = papers.read(PaymentShape, body, record=record)
    code = papers.currency(shape.CurrencyRef, body)
    for field, value in (("VendorRef", shape.VendorRef.value), ("CurrencyRef", code)):
        if not value:
            raise papers.unreadable(record, field)
    parts: dict[str, Decimal] = {}
    for bill_id, amount in _applied(shape, BILL):
        parts[bill_id] = parts.get(bill_id, NOTHING) + amount
    card = shape.PayType == "CreditCard"
    return BillPayment(
        id=shape.Id,
        number=shape.DocNumber.strip(),
        vendor_id=shape.VendorRef.value,
        vendor_name=shape.VendorRef.name,
        date=papers.day(shape.TxnDate, record=record, field="TxnDate"),
        currency=code,
        total=shape.TotalAmt,
        parts=tuple(Part(bill_id, amount) for bill_id, amount in parts.items()),
        credits=sum((amount for _, amount in _applied(shape, CREDIT)), NOTHING),
        method=METHODS.get(shape.PayType, "other"),
        account=named(shape.CreditCardPayment.CCAccountRef if card else shape.CheckPayment.BankAccountRef),
        note=papers.without_mark(shape.PrivateNote),
        url=f"{url}/billpayment?txnId={shape.Id}",
    )


def _applied(shape: PaymentShape, kind: str) -> Iterator[tuple[str, Decimal]]:
    """What is settled line by line; a line names one document."""
    for line in shape.Line:
        for linked in line.LinkedTxn[:1]:
            if linked.TxnType == kind and linked.TxnId:
                yield linked.TxnId, line.Amount
