"""QuickBooks Online's bills as they are read: what is kept of one, and its typed document, which adds up to the cent.

What a payment does to a bill (its balance, its links, its version) is no part of it, for payments are read as documents
of their own; only that it is paid, and by which of them, is.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Literal

from chalicelib.engine.errors import Held
from chalicelib.engine.records import Json, SourceDocument, Summary
from chalicelib.systems.quickbooks_online import models, papers
from chalicelib.systems.quickbooks_online.lines import ACCOUNT_LINE, ITEM_LINE
from chalicelib.systems.quickbooks_online.models import NO_ROWS, OR_NONE, AmountOrNone, Linked, OneRef, Ref, Text
from chalicelib.systems.quickbooks_online.papers import NOBODY, NOTHING, Named, named

SUBTOTAL = "SubTotalLineDetail"


class DetailShape(models.Detail):
    ProjectRef: OneRef = Ref()


class LineShape(models.Shape):
    Id: Text = ""
    Amount: AmountOrNone = None
    Description: Text = ""
    DetailType: Text = ""
    AccountBasedExpenseLineDetail: Annotated[DetailShape, OR_NONE] = DetailShape()
    ItemBasedExpenseLineDetail: Annotated[DetailShape, OR_NONE] = DetailShape()
    GroupLineDetail: GroupShape | None = None
    ProjectRef: OneRef = Ref()


class GroupShape(models.Shape):
    Line: Annotated[tuple[LineShape, ...], NO_ROWS] = ()


class TaxShape(models.Shape):
    TotalTax: AmountOrNone = None


class BillShape(models.Shape):
    Id: models.SomeText
    DocNumber: Text = ""
    TxnDate: models.SomeText
    DueDate: Text = ""
    PrivateNote: Text = ""
    VendorRef: OneRef = Ref()
    DepartmentRef: OneRef = Ref()
    SalesTermRef: OneRef = Ref()
    CurrencyRef: OneRef = Ref()
    ProjectRef: OneRef = Ref()
    TotalAmt: models.Amount
    Balance: AmountOrNone = None
    LinkedTxn: Annotated[tuple[Linked, ...], NO_ROWS] = ()
    TxnTaxDetail: Annotated[TaxShape, OR_NONE] = TaxShape()
    Line: Annotated[tuple[LineShape, ...], NO_ROWS] = ()


@dataclass(frozen=True, slots=True)
class BillLine:
    """`kind` "other" is a line on neither account nor item, such as a withholding. `customer` is the job, if it is one.

    Newer companies name the `project` of its own; a project of the whole bill is each line's.
    """

    id: str
    kind: Literal["account", "item", "other"]
    amount: Decimal
    description: str
    account: Named = NOBODY
    item: Named = NOBODY
    klass: Named = NOBODY
    customer: Named = NOBODY
    project: Named = NOBODY
    tax_code: str = ""


@dataclass(frozen=True, slots=True)
class Bill:
    """`total` is the lines and `tax`, which is added on top of them. `note` goes without the record mark.

    `paid_by` are the ids of the payments of a bill that is paid in full, () as long as something is open.
    """

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
    note: str
    location: Named
    term: Named
    url: str
    paid_by: tuple[str, ...] = ()


def document(source_id: str, raw: Json) -> SourceDocument:
    """Whose mark it carries is said by the source, which knows the connections."""
    body = papers.keep(BillShape, raw)
    try:
        shape = models.fit(BillShape, body)
        money = papers.money(shape.TotalAmt, papers.currency(shape.CurrencyRef, body))
        paid_by = _paid_by(shape)
    except models.Unfit:
        money, paid_by = None, ()
    return SourceDocument(
        id=source_id,
        body=body,
        fingerprint=papers.print_of(BillShape, body, instead={"Balance": "", "LinkedTxn": paid_by}),
        summary=Summary(
            title=label(body),
            number=papers.shortened(papers.text_at(body, "DocNumber"), 200),
            party=papers.shortened(papers.text_at(body, "VendorRef", "name"), 200),
            day=papers.day_or_none(body.get("TxnDate")),
            money=money,
        ),
    )


def label(body: Json) -> str:
    number, vendor = papers.text_at(body, "DocNumber"), papers.text_at(body, "VendorRef", "name")
    of = f" of {papers.shortened(vendor)}" if vendor else ""
    return f"Bill {papers.shortened(number) or body.get('Id')}{of}"


def parse(body: Json, *, url: str) -> Bill:
    record = label(body)
    shape = papers.read(BillShape, body, record=record)
    code = papers.currency(shape.CurrencyRef, body)
    for field, value in (("VendorRef", shape.VendorRef.value), ("CurrencyRef", code)):
        if not value:
            raise papers.unreadable(record, field)
    found = tuple(_lines(shape.Line, shape.ProjectRef))
    return Bill(
        id=shape.Id,
        number=shape.DocNumber.strip(),
        vendor_id=shape.VendorRef.value,
        vendor_name=shape.VendorRef.name,
        date=papers.day(shape.TxnDate, record=record, field="TxnDate"),
        due_date=papers.day(shape.DueDate, record=record, field="DueDate") if shape.DueDate else None,
        currency=code,
        total=shape.TotalAmt,
        tax=_tax(shape, found, record=record, code=code),
        lines=found,
        note=papers.without_mark(shape.PrivateNote),
        location=named(shape.DepartmentRef),
        term=named(shape.SalesTermRef),
        url=f"{url}/bill?txnId={shape.Id}",
        paid_by=_paid_by(shape),
    )


def _paid_by(shape: BillShape) -> tuple[str, ...]:
    """Sheet section 9: nothing is open of a bill of something; a bill of nothing was not paid."""
    if shape.Balance is None or shape.Balance or not shape.TotalAmt:
        return ()
    return tuple(sorted({one.TxnId for one in shape.LinkedTxn if one.TxnType.startswith("BillPayment")}))


def _lines(listed: Sequence[LineShape], project: Ref) -> Iterator[BillLine]:
    """The lines that carry an amount of their own; a group shows those within it, and then their sum."""
    for line in listed:
        if line.GroupLineDetail is not None and line.GroupLineDetail.Line:
            yield from _lines(line.GroupLineDetail.Line, project)
        elif line.DetailType != SUBTOTAL and line.Amount is not None:
            yield _line(line, line.Amount, project)


def _line(line: LineShape, amount: Decimal, project: Ref) -> BillLine:
    on_item = line.DetailType == ITEM_LINE
    detail = line.ItemBasedExpenseLineDetail if on_item else line.AccountBasedExpenseLineDetail
    own = next((ref for ref in (line.ProjectRef, detail.ProjectRef) if ref.value), project)
    return BillLine(
        id=line.Id,
        kind="item" if on_item else "account" if line.DetailType == ACCOUNT_LINE else "other",
        amount=amount,
        description=line.Description,
        account=named(detail.AccountRef),
        item=named(detail.ItemRef),
        klass=named(detail.ClassRef),
        customer=named(detail.CustomerRef),
        project=named(own),
        tax_code=detail.TaxCodeRef.value,
    )


def _tax(shape: BillShape, found: Sequence[BillLine], *, record: str, code: str) -> Decimal:
    """What stands on top of the lines: the tax that the bill names, or nothing where it lies within them."""
    made, told = sum((line.amount for line in found), NOTHING), shape.TxnTaxDetail.TotalTax or NOTHING
    for tax in (told, NOTHING):
        if made + tax == shape.TotalAmt:
            return tax
    with_tax = f" and {told} {code} of tax" if told else ""
    raise Held(
        "totals_differ",
        f"The lines of {record} add up to {made} {code}{with_tax}, but its total is {shape.TotalAmt} {code}.",
        cause=f"{record}: lines {made}, tax {told}, total {shape.TotalAmt}",
        fix="Look at the bill in QuickBooks Online and correct it there, or enter it by hand and dismiss it here.",
    )
