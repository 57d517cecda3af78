"""The API of bills: read freely, changed only by the unpublished PATCH and by mark-as-paid, never made or deleted."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from werkzeug.wrappers import Response

from simulator.systems.procurify import bill_shapes, listing
from simulator.systems.procurify.calling import Call, invalid, not_found
from simulator.systems.procurify.company import Company
from simulator.systems.procurify.documents import Account, Bill, Json, Step
from simulator.systems.procurify.listing import Listing, Rule, Test
from simulator.systems.procurify.shapes import ME_ID, snapshot
from simulator.systems.serving import json_response

APPROVED, PAID = 2, 4
NO_RIGHTS = {"can_edit": False, "can_delete": False, "can_approve": False}
EDITABLE_TEXT = {"invoice_number": 50, "payment_terms": 100, "note": None}
EDITABLE_DAY = ("invoice_date", "due_date", "gl_post_date")
EDITABLE_ID = ("approver", "approval_chain", "payment_method")


def _departments(company: Company, bill: Bill) -> Iterable[int]:
    return (account.department for account in _accounts(company, bill))


def _accounts(company: Company, bill: Bill) -> Iterable[Account]:
    shares = [share for item in bill.items for share in item.shares] + [cost.share for cost in bill.costs]
    return [company.account_of(share) for share in shares]


def _codes(company: Company, bill: Bill) -> Iterable[int]:
    return (company.state.codes[account.code]["id"] for account in _accounts(company, bill))


def _locations(company: Company, bill: Bill) -> Iterable[int]:
    return (company.state.departments[number]["branch"] for number in _departments(company, bill))


def _currency(company: Company, values: Sequence[str]) -> Test[Bill]:
    asked = listing.whole(values)
    return lambda bill: company.currency(bill.currency)["id"] == asked


def _excluded_groups(company: Company, values: Sequence[str]) -> Test[Bill]:
    asked = listing.numbers(values)
    return lambda bill: bill.group not in asked


def _without_expenses(company: Company, values: Sequence[str]) -> Test[Bill]:
    asked = listing.flag(values)
    return lambda bill: not (asked and bill.type == 1)


RULES: dict[str, Rule[Bill]] = {
    **listing.moments("last_modified_datetime_0", "last_modified_datetime_1", lambda bill: bill.last_modified),
    **listing.dated("modified_date", lambda bill: bill.last_modified),
    **listing.dated("submitted_date", lambda bill: bill.submitted),
    **listing.days("invoice_date", lambda bill: bill.invoice_date),
    **listing.days("due_date", lambda bill: bill.due_date),
    **listing.days("gl_post_date", lambda bill: bill.gl_post_date),
    **listing.days("payment_date", lambda bill: bill.payment_date),
    **listing.days("last_export_date", lambda bill: bill.last_export_date),
    "vendor": listing.among(listing.numbers, lambda bill: bill.vendor_id),
    "vendor[]": listing.among(listing.numbers, lambda bill: bill.vendor_id),
    "type": listing.equals(listing.whole, lambda bill: bill.type),
    "currency": _currency,
    "account_code": listing.meets(listing.numbers, _codes),
    "department": listing.meets(listing.numbers, _departments),
    "location": listing.meets(listing.numbers, _locations),
    "approver": listing.equals(listing.whole, lambda bill: bill.approver),
    "creator": listing.equals(listing.whole, lambda bill: ME_ID),
    "user": listing.equals(listing.whole, lambda bill: ME_ID),
    "group": listing.equals(listing.whole, lambda bill: bill.group),
    "include_bill_group_ids": listing.among(listing.numbers, lambda bill: bill.group),
    "exclude_bill_group_ids": _excluded_groups,
    "contract": listing.equals(listing.whole, lambda bill: None),
    "has_payment": listing.equals(listing.flag, lambda bill: bill.payment is not None),
    "has_posting_date": listing.equals(listing.flag, lambda bill: bill.gl_post_date is not None),
    "is_exported": listing.equals(listing.flag, lambda bill: bill.last_export_date is not None),
    "is_invoice_created": listing.equals(listing.flag, lambda bill: bill.invoice_created),
    "last_export_user": listing.equals(listing.whole, lambda bill: ME_ID if bill.last_export_date else None),
    "expense": listing.equals(listing.flag, lambda bill: bill.type == 1),
    "exclude_expense_bills": _without_expenses,
    "sync_status_v2": listing.anything,  # its values are not published
}
BILLS = Listing[Bill](
    rules=RULES,
    show=bill_shapes.row,
    orders={
        "id": lambda bill: bill.id,
        "last_modified_datetime": lambda bill: bill.last_modified,
        "invoice_date": lambda bill: bill.invoice_date or "",
        "due_date": lambda bill: bill.due_date or "",
        "submitted_date": lambda bill: bill.submitted or "",
        "invoice_number": lambda bill: bill.invoice_number,
        "status": lambda bill: bill.status,
    },
    text=lambda bill: f"{bill.invoice_number} {bill.vendor_snapshot['name']} {bill.note}",
    deprecated=frozenset({"modified_date_0", "modified_date_1"}),
)


def bills(call: Call) -> Response:
    """Newest first unless told otherwise, so that a bill made between two pages pushes rows onto the next page."""
    found = BILLS.choose(call, reversed(call.company.state.bills.values()))
    return BILLS.page(call, found, permissions=NO_RIGHTS, summary=_summary(found))


def bill(call: Call, uuid: str) -> Response:
    found = _known(call, uuid)
    shown = with_raw_fields(call.company, found, bill_shapes.detail(call.company, found))
    return call.one(shown, permissions=NO_RIGHTS, summary=_summary([found]))


def edit_bill(call: Call, uuid: str) -> Response:
    """Unpublished: applied though `can_edit` is false, and even an empty body moves the moment of change."""
    found, fields = _known(call, uuid), call.body()
    changes = {name: _readable(call, name, value) for name, value in fields.items()}
    for name, value in changes.items():
        if name == "vendor":
            found.vendor_id = value
            found.vendor_snapshot = snapshot(call.company.state.vendors[value])
        elif name in {*EDITABLE_TEXT, *EDITABLE_DAY, *EDITABLE_ID, "currency"}:
            setattr(found, name, value)
        else:
            call.mistake(f"{name} of a bill cannot be written")
    found.last_modified = call.company.changed()
    return call.one(bill_shapes.detail(call.company, found), permissions=NO_RIGHTS, summary=_summary([found]))


def mark_as_paid(call: Call) -> Response:
    """All bills or none: whether the vendor is so strict is not confirmed, so nobody should rely on it."""
    body = call.body()
    uuids, groups, day = body.get("bill_uuids"), body.get("bill_group_ids") or [], body.get("payment_date")
    if not isinstance(uuids, list) or not all(isinstance(uuid, str) and uuid for uuid in uuids):
        raise invalid("bill_uuids", "This field is required.", code="required", mistake="bill_uuids is no list")
    if not isinstance(groups, list) or not all(type(group) is int for group in groups):
        raise invalid("bill_group_ids", "A list of integers is required.", mistake="bill_group_ids is no list of ids")
    if not (uuids or groups):
        raise invalid("bill_uuids", "This list may not be empty.", code="empty", mistake="no bill is named")
    if not isinstance(day, str) or not _is_day(day):
        raise invalid("payment_date", "Date has wrong format.", mistake="payment_date is no day")
    found = [call.company.bill(uuid) for uuid in uuids]
    found += [bill for bill in call.company.state.bills.values() if bill.group in groups]
    for bill in found:
        if bill is None or bill.status != APPROVED or bill.payment is not None:
            raise invalid("bill_uuids", "Only approved bills without a payment can be marked as paid.")
    for bill in {bill.uuid: bill for bill in found if bill is not None}.values():
        bill.payment_date = day
        move(call.company, bill, PAID)
    return json_response({"bill_uuids": uuids, "bill_group_ids": groups, "payment_date": day})


def move(company: Company, bill: Bill, status: int) -> None:
    changed = company.changed()
    bill.status, bill.last_modified = status, changed
    bill.history.append(Step(id=company.number("step"), status=status, at=changed))
    if status and bill.submitted is None:
        bill.submitted = changed


def with_raw_fields(company: Company, bill: Bill, shown: Json) -> Json:
    """The detail with the fields that a test corrupted; what no longer has its place is left alone."""
    for path, value in company.state.raw_fields.get(bill.uuid, {}).items():
        place: Any = shown
        *steps, last = [int(step) if step.isdecimal() else step for step in path.split(".")]
        try:
            for step in steps:
                # Parts are shared between rows and documents, so each is copied before it is touched.
                place[step] = place[step].copy()
                place = place[step]
            if value == "__delete__":
                del place[last]
            else:
                place[last] = value
        except (KeyError, IndexError):
            continue
    return shown


def _known(call: Call, uuid: str) -> Bill:
    found = call.company.bill(uuid)
    if found is not None:
        return found
    if re.fullmatch(r"\d{1,12}", uuid):
        raise not_found("a bill is asked for by its number instead of its uuid")
    raise not_found()


def _summary(found: Sequence[Bill]) -> Json:
    total = sum((bill_shapes.totals(bill).total for bill in found), bill_shapes.NOTHING)
    return {"has_multiple_currency": len({bill.currency for bill in found}) > 1, "total_cost": total}


def _readable(call: Call, name: str, value: object) -> Any:
    """The value as it is kept; a value that the field cannot hold turns the whole call down."""
    company = call.company
    if name in EDITABLE_TEXT:
        most = EDITABLE_TEXT[name]
        if not isinstance(value, str):
            raise invalid(name, "Not a valid string.", mistake=f"{name} is no text")
        if most and len(value) > most:
            raise invalid(name, f"Ensure this field has no more than {most} characters.", mistake=f"{name} is too long")
    elif name in EDITABLE_DAY:
        if value is not None and not (isinstance(value, str) and _is_day(value[:10])):
            raise invalid(name, "Datetime has wrong format.", mistake=f"{name} is no day")
        return value[:10] if isinstance(value, str) else None  # the calendar day in the offset given
    elif name == "vendor":
        if type(value) is not int or value not in company.state.vendors:
            raise invalid(name, "Object does not exist.", code="does_not_exist")
    elif name == "currency":
        found = next((c for c in company.state.currencies.values() if c["id"] == value), None)
        if found is None:
            raise invalid(name, "Object does not exist.", code="does_not_exist")
        return found["name"]
    elif name in EDITABLE_ID and value is not None and type(value) is not int:
        raise invalid(name, "A valid integer is required.", mistake=f"{name} is no number")
    return value


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return bool(re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII))
