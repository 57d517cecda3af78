"""FreshBooks' bills: what is kept of one, and its typed document, which adds up to the cent.

What payments do to a bill (its status, what is paid and outstanding) is no part of it: payments are read as documents
of their own.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from chalicelib.engine.errors import Held
from chalicelib.engine.records import Json, SourceDocument, Summary
from chalicelib.systems.freshbooks import models, papers
from chalicelib.systems.freshbooks.wording import shortened

# Computed there, also by the calendar alone; an attachment's token is another one with every answer.
NOT_KEPT = frozenset({"status", "paid", "outstanding", "bill_payments"})
NOT_NEWS = {"vendor", "attachment"}


@dataclass(frozen=True, slots=True)
class BillLine:
    """`amount` is without tax. `category` is the id of an expense category, "" where only its name is known."""

    id: str
    amount: Decimal
    tax: Decimal
    description: str
    quantity: str
    category: str
    category_name: str


@dataclass(frozen=True, slots=True)
class Bill:
    """`total` is the lines and their tax. `number` is the supplier's own, and may be "" or not the only one of it."""

    id: str
    number: str
    vendor_id: str
    vendor_name: str
    date: datetime.date
    due_date: datetime.date | None
    currency: str
    total: Decimal
    tax: Decimal
    lines: tuple[BillLine, ...]
    attachment: str  # the id of the file, "" where there is none


def document(source_id: str, raw: Json) -> SourceDocument:
    body = papers.keep(models.Bill, {name: value for name, value in raw.items() if name not in NOT_KEPT})
    if isinstance(vendor := body.get("vendor"), dict):
        body["vendor"] = papers.keep(models.Named, vendor)
    if isinstance(file := body.get("attachment"), dict):
        body["attachment"] = papers.keep(models.Attachment, {**file, "jwt": ""})
    try:
        shape = models.fit(models.Bill, body)
        money = papers.money(shape.total_amount, shape.code)
        printed = papers.print_of(models.Bill, {**body, "attachment": None}, exclude=NOT_NEWS)
        printed = f"{printed} {shape.attachment.id}" if shape.attachment else printed
    except models.Unfit:
        money, printed = None, papers.print_of(models.Bill, body, exclude=NOT_NEWS)
    return SourceDocument(
        id=source_id,
        body=body,
        fingerprint=printed,
        summary=Summary(
            title=label(body),
            number=shortened(str(body.get("bill_number") or ""), 200),
            party=shortened(_vendor_name(body), 200),
            day=papers.day_or_none(body.get("issue_date")),
            money=money,
        ),
    )


def label(body: Json) -> str:
    number, vendor = shortened(str(body.get("bill_number") or "")), shortened(_vendor_name(body))
    return f"Bill {number or body.get('id')}" + (f" of {vendor}" if vendor else "")


def parse(body: Json) -> Bill:
    record = label(body)
    shape = papers.read(models.Bill, body, record=record)
    for field, value in (("vendorid", shape.vendor_id), ("currency_code", shape.code)):
        if not value:
            raise papers.unreadable(record, field)
    _one_currency(shape, record)
    lines = tuple(_line(line, n, record) for n, line in enumerate(shape.lines))
    _adds_up(shape, lines, record)
    return Bill(
        id=shape.id,
        number=shape.bill_number.strip(),
        vendor_id=shape.vendor_id,
        vendor_name=shape.vendor.vendor_name,
        date=papers.day(shape.issue_date, record=record, field="issue_date"),
        due_date=papers.day(shape.due_date, record=record, field="due_date") if shape.due_date else None,
        currency=shape.code,
        total=shape.total_amount.amount,
        tax=papers.amount(shape.tax_amount),
        lines=lines,
        attachment=shape.attachment.id if shape.attachment else "",
    )


def _vendor_name(body: Json) -> str:
    vendor = body.get("vendor")
    return str(vendor.get("vendor_name") or "") if isinstance(vendor, dict) else ""


def _line(line: models.Line, place: int, record: str) -> BillLine:
    if line.amount is None:
        raise papers.unreadable(record, f"lines.{place}.amount")
    return BillLine(
        id=line.id or line.list_index or str(place + 1),
        amount=line.amount.amount,
        tax=papers.amount(line.tax_amount1) + papers.amount(line.tax_amount2),
        description=line.description,
        quantity=line.quantity,
        category=line.categoryid or line.category.categoryid or line.category.id,
        category_name=line.category.category,
    )


def _one_currency(shape: models.Bill, record: str) -> None:
    sums = [shape.total_amount, shape.amount, shape.tax_amount, *(line.amount for line in shape.lines)]
    codes = {found.code for found in sums if found is not None and found.code} - {shape.code}
    if codes:
        raise Held(
            "mixed_currencies",
            f"{record} is in {shape.code}, and parts of it are in {', '.join(sorted(codes))}.",
            cause=record,
            fix="Split the bill in FreshBooks by currency, or enter it by hand and dismiss it here.",
        )


def _adds_up(shape: models.Bill, lines: Sequence[BillLine], record: str) -> None:
    made, tax, total = (
        sum((line.amount for line in lines), papers.NOTHING),
        papers.amount(shape.tax_amount),
        shape.total_amount.amount,
    )
    if made == shape.amount.amount and made + tax == total:
        return
    raise Held(
        "totals_differ",
        f"The lines of {record} add up to {made} {shape.code} and {tax} {shape.code} of tax, but its total is {total} "
        f"{shape.code}.",
        cause=f"{record}: lines {made}, tax {tax}, total {total}",
        fix="Look at the bill in FreshBooks and correct it there, or enter it by hand and dismiss it here.",
    )
