"""Rows of QuickBooks as documents of a source: what is kept of them, what makes them news, and back again."""

from __future__ import annotations

import json
from dataclasses import asdict
from functools import cache

from pydantic import TypeAdapter, ValidationError

from chalicelib.engine.errors import Held
from chalicelib.engine.records import Json, Money, SourceDocument, Summary, canonical, fingerprint
from chalicelib.systems.quickbooks_desktop import currencies, rows
from chalicelib.systems.quickbooks_desktop.rows import Bill, BillPayment, Vendor

KINDS: dict[str, type[Vendor] | type[Bill] | type[BillPayment]] = {
    "vendor": Vendor,
    "bill": Bill,
    "bill_payment": BillPayment,
}
# Saving without a change moves the version on; a payment is a document of its own, but that the bill is paid is news.
NO_NEWS = ("edit_sequence", "modified", "open_amount", "is_paid", "balance", "linked", "amount_due")


def document(kind: str, row: object) -> SourceDocument | None:
    """None where the row is of another kind."""
    if not isinstance(row, KINDS[kind]):
        return None
    body: Json = json.loads(canonical(asdict(row)))
    news = {name: value for name, value in body.items() if name not in NO_NEWS}
    if isinstance(row, Bill):
        news["paid_on"] = row.paid_on
    id_ = row.list_id if isinstance(row, Vendor) else row.txn_id
    return SourceDocument(id=id_, body=body, fingerprint=fingerprint(news), summary=_summary(row), live=_is_live(row))


def parse(kind: str, body: Json) -> Vendor | Bill | BillPayment:
    """Raises Held("unreadable_source") naming the fields that do not fit."""
    try:
        return _reader(kind).validate_json(json.dumps(body))
    except ValidationError as unfit:
        fields = ", ".join(".".join(map(str, fault["loc"])) for fault in unfit.errors(include_url=False)[:5])
        name = str(body.get("ref_number") or body.get("name") or body.get("txn_id"))
        raise Held(
            "unreadable_source",
            f"The {kind.replace('_', ' ')} {name} of QuickBooks Desktop cannot be read: {fields}.",
            cause=fields,
            fix="Open it in QuickBooks, mend these fields and save it; it is read again at the next run.",
        ) from None


def stamp(row: object) -> str:
    return str(getattr(row, "edit_sequence", ""))


def modified(row: object) -> str:
    """The wall clock of its last change, "" where none is told."""
    told = row.at if isinstance(row, rows.Deleted) else getattr(row, "modified", None)
    return told.wall if isinstance(told, rows.LocalTime) else ""


@cache
def _reader(kind: str) -> TypeAdapter[Vendor | Bill | BillPayment]:
    return TypeAdapter(KINDS[kind])


def _is_live(row: Vendor | Bill | BillPayment) -> bool:
    """What is void stays, with nothing on it (sheet 3.4)."""
    if isinstance(row, Bill):
        return not row.is_void
    return isinstance(row, Vendor) or bool(row.amount)


def _summary(row: Vendor | Bill | BillPayment) -> Summary:
    if isinstance(row, Vendor):
        return Summary(title=f"Vendor {row.name}")
    currency = currencies.code(row.currency.full_name) if row.currency else ""
    if isinstance(row, Bill):
        title, party, amount = f"Bill {row.ref_number or row.txn_id}", row.vendor.full_name, row.total
    else:
        title, party, amount = f"Payment {row.ref_number or row.txn_id}", row.payee.full_name, row.amount
    return Summary(f"{title} of {party}", row.ref_number, party, row.txn_date, Money(amount, currency))
