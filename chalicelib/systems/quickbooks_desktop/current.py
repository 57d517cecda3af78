"""QuickBooks' rows in the engine's words: what stands there now, and the entries of its lists."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from decimal import Decimal

from chalicelib.engine.records import Current, Json, Money, Reference, canonical
from chalicelib.systems.quickbooks_desktop import currencies, marks, rows
from chalicelib.systems.quickbooks_desktop.company import Company, Host, Preferences
from chalicelib.systems.quickbooks_desktop.kinds import Ref
from chalicelib.systems.quickbooks_desktop.rows import Row

US = "US"


def vendor(row: rows.Vendor, mark: str = "") -> Current:
    address = row.address or rows.Address()
    line1, line2 = (*address.lines, "", "")[:2]
    body: Json = {
        "name": row.name,
        "company": row.company_name,
        "email": row.email,
        "phone": row.phone,
        "line1": line1,
        "line2": line2,
        "city": address.city,
        "state": address.state,
        "postal_code": address.postal_code,
    }
    ours = bool(mark) and row.external_guid.upper() == marks.guid(mark)
    return Current(
        id=row.list_id, version=row.edit_sequence, body=body, raw=_raw(row), ours=ours, label=f"Vendor {row.name}"
    )


def bill(row: rows.Bill, mark: str = "") -> Current:
    """`locks`: what payments hang on. A void bill has no lines that amount to anything; it is as it is."""
    body: Json = {
        "vendor": _id(row.vendor),
        "date": row.txn_date.isoformat(),
        "number": row.ref_number,
        "lines": [*(_expense(line) for line in row.expense_lines), *_others(row)],
        "ap_account": _id(row.ap_account),
        "due_date": row.due_date.isoformat() if row.due_date else "",
        "term": _id(row.terms),
    }
    paid = row.is_paid and row.total != 0
    paid = paid or (row.open_amount is not None and abs(row.open_amount) < abs(row.total))
    paid = paid or any(link.link == "AMTTYPE" for link in row.linked)
    why = "it has payments"
    return Current(
        id=row.txn_id,
        version=row.edit_sequence,
        body=body,
        raw=_raw(row),
        locks=dict.fromkeys(("vendor", "lines", "ap_account"), why) if paid else {},
        ours=bool(mark) and marks.is_on(mark, memo=row.memo, external_guid=row.external_guid),
        label=f"Bill {row.ref_number or '(no number)'} of {row.vendor.full_name}",
        day=row.txn_date,
        money=Money(row.total, currencies.code(_name(row.currency))),
        void=row.is_void,
    )


def gone(row: rows.Deleted) -> Current:
    """What was deleted or voided just now, as far as the answer tells."""
    return Current(id=row.id, version="", body={}, raw=_raw(row), label=f"{row.kind} {row.ref_number}".strip())


def of(row: Row, mark: str = "") -> Current:
    if isinstance(row, rows.Vendor):
        return vendor(row, mark)
    assert isinstance(row, rows.Bill)
    return bill(row, mark)


def references(kind: str, listed: Sequence[Row]) -> list[Reference]:
    """The entries of a list, inactive ones included."""
    return [ref for row in listed if (ref := _reference(kind, row)) is not None]


def preferences(facts: Sequence[Row]) -> list[Reference]:
    """What the company says of itself, as facts: id and value."""
    host = next((row for row in facts if isinstance(row, Host)), Host(""))
    company = next((row for row in facts if isinstance(row, Company)), Company(""))
    told = next((row for row in facts if isinstance(row, Preferences)), Preferences())
    values = {
        "home_currency": currencies.code(_name(told.home_currency)) or currencies.OF_COUNTRY.get(host.country, ""),
        "multi_currency": _flag(told.uses_currencies),
        "closing_date": told.closing_date.isoformat() if told.closing_date else "",
        "dividing_date": _dividing(company),
        "uses_classes": _flag(told.uses_classes),
        "abroad": _flag(host.country not in ("", US)),
    }
    return [Reference(id=name, name=value) for name, value in values.items() if value]


# ---------------------------------------------------------------------------------------------- inside


def _reference(kind: str, row: Row) -> Reference | None:
    if isinstance(row, rows.Vendor):
        at = row.address or rows.Address()
        line1 = at.lines[0] if at.lines else ""
        contact = {"email": row.email, "line1": line1, "city": at.city, "postal_code": at.postal_code}
        names = [name for name in (row.company_name, row.name_on_check) if name and name != row.name]
        return Reference(
            id=row.list_id,
            name=row.name,
            active=row.is_active,
            currency=currencies.code(_name(row.currency)),
            aliases=names,
            code=row.account_number,
            contact={part: value for part, value in contact.items() if value},
        )
    if isinstance(row, rows.Account):
        return Reference(
            id=row.list_id,
            name=row.name,
            full_name=row.full_name,
            code=row.number,
            active=row.is_active,
            kind=row.account_type,
            currency=currencies.code(_name(row.currency)),
        )
    if isinstance(row, rows.Entry | rows.Customer):
        full = row.full_name or row.name
        return Reference(id=row.list_id, name=row.name, full_name=full, active=row.is_active, kind=kind)
    if isinstance(row, rows.Term):
        return Reference(id=row.list_id, name=row.name, active=row.is_active)
    return None


def _expense(line: rows.ExpenseLine) -> Json:
    return {
        "account": _id(line.account),
        "amount": _amount(line.amount),
        "memo": line.memo,
        "class": _id(line.class_),
        "customer": _id(line.customer),
    }


def _others(row: rows.Bill) -> list[Json]:
    """Item lines, which we never write: seen, they make the bill somebody else's."""
    items: list[Json] = [{"item": _id(line.item), "amount": _amount(line.amount)} for line in row.item_lines]
    return items + [{"item": _id(line.item), "amount": _amount(line.amount)} for line in row.group_lines]


def _raw(row: Row) -> Json:
    raw: Json = json.loads(canonical(asdict(row)))
    return {name: value for name, value in raw.items() if value not in ("", None, [])}


def _dividing(company: Company) -> str:
    return company.dividing_date.isoformat() if company.has_accountants_copy and company.dividing_date else ""


def _amount(value: Decimal) -> str:
    return f"{value + Decimal(0):.2f}"


def _id(ref: Ref | None) -> str:
    return ref.list_id or ref.full_name if ref else ""


def _name(ref: Ref | None) -> str:
    return ref.full_name if ref else ""


def _flag(value: bool) -> str:
    return "true" if value else "false"
