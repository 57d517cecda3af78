"""The lists that documents point to; "bill@42" and "purchase_order@42" are those of vendor 42."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal, InvalidOperation

from chalicelib.engine.errors import TryAgain
from chalicelib.engine.match import plain_name
from chalicelib.engine.records import Json, Reference
from chalicelib.systems.procurify import bills, orders, payables, suppliers
from chalicelib.systems.procurify.client import Client
from chalicelib.systems.procurify.listing import whole
from chalicelib.systems.procurify.reading import number_at, text_at
from chalicelib.systems.procurify.shapes import normal_uuid
from chalicelib.systems.procurify.vendors import vendor_id


def references(client: Client, kind: str) -> Sequence[Reference]:
    name, _, place = kind.partition("@")
    if name == "vendor":
        return suppliers.references(client)
    if name == "preference":
        return [Reference("other_accounting", "true" if suppliers.others_ids(client) else "false")]
    if name == "bill":
        rows = whole(client, bills.LIST, {"vendor": place} if place else {})
        return [_bill(row) for row in _whole(rows, kind) if not place or vendor_id(row.get("vendor")) == place]
    if name == "purchase_order":
        rows = whole(client, orders.LIST, {"pref_vendor": place}) if place.isdecimal() else []
        return [_order(row) for row in _whole(rows, kind) if vendor_id(row.get("pref_vendor")) == place]
    path, entry = LISTS[name]
    return [entry(row) for row in _whole(whole(client, path), kind)]


def _whole(rows: list[Json] | None, kind: str) -> list[Json]:
    if rows is None:
        raise TryAgain(f"Procurify does not offer its list of every {kind.replace('_', ' ')} just now.")
    return rows


def _bill(row: Json) -> Reference:
    """`kind` is Procurify's number of the status; the code is the invoice number as it is compared."""
    number, status = text_at(row, "invoice_number"), number_at(row, "status")
    return Reference(
        id=payables.BILL + str(normal_uuid(row.get("uuid"))),
        name=number,
        code=plain_name(number),
        active=status not in payables.UNMADE,
        kind=str(status),
        currency=text_at(row, "currency", "name"),
        contact={
            "vendor": vendor_id(row.get("vendor")) or "",
            "total": _cents(row.get("total_cost_with_tax")),
            "date": text_at(row, "invoice_date")[:10],
            "from_inbox": "true" if row.get("invoice_created") else "false",
        },
    )


def _cents(total: object) -> str:
    """As drafts spell it; as it is where it is no amount."""
    try:
        return f"{Decimal(str(total)):.2f}"
    except InvalidOperation:
        return str(total)


def _order(row: Json) -> Reference:
    number = text_at(row, "number")
    return Reference(orders.order_id(row) or "", number, code=number)


def _account_code(row: Json) -> Reference:
    code, kind = text_at(row, "code"), str(row.get("account_type"))
    return Reference(_id(row), text_at(row, "description") or code, code=code, active=_active(row), kind=kind)


def _account(row: Json) -> Reference:
    """A code in a department: only such a pair can be asked for."""
    code, department = text_at(row, "account_code", "code"), text_at(row, "department", "name")
    contact = {"department": department, "location": text_at(row, "department", "branch", "name")}
    return Reference(_id(row), f"{code} {department}", code=code, active=_active(row), contact=contact)


def _department(row: Json) -> Reference:
    """Names repeat across locations, so the location belongs to the full name."""
    name, location = text_at(row, "name"), text_at(row, "branch", "name")
    whole_name, code = f"{location} / {name}", text_at(row, "external_id")
    return Reference(_id(row), name, whole_name, code=code, active=_active(row), contact={"location": location})


def _location(row: Json) -> Reference:
    kind = "headquarters" if row.get("headquarter") is True else ""
    return Reference(_id(row), text_at(row, "name"), code=text_at(row, "external_id"), active=_active(row), kind=kind)


def _currency(row: Json) -> Reference:
    return Reference(_id(row), text_at(row, "name"), active=_active(row), kind="base" if row.get("base") else "")


def _custom_field(row: Json) -> Reference:
    """Of a requested line. `active` False: it need not be filled."""
    required = row.get("is_required") is True
    return Reference(_id(row), text_at(row, "name"), active=required, kind=text_at(row, "field_type"))


def _id(row: Json) -> str:
    return str(row.get("id"))


def _active(row: Json) -> bool:
    return row.get("active") is not False


LISTS: dict[str, tuple[str, Callable[[Json], Reference]]] = {
    "account_code": ("/api/v3/account-codes/", _account_code),
    "account": ("/api/v3/accounts/", _account),
    "department": ("/api/v3/departments/", _department),
    "location": ("/api/v2/locations/", _location),
    "currency": ("/api/v2/currencies/", _currency),
    "custom_field": ("/api/v3/custom-fields/order-items/", _custom_field),
}
