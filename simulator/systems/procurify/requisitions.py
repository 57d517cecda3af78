"""The API of requisitions: made by names and codes, answered by nothing but a uuid, found again only by reading."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from werkzeug.wrappers import Response

from simulator.systems.procurify import listing
from simulator.systems.procurify.calling import Call, invalid
from simulator.systems.procurify.company import Company, cents, dashed
from simulator.systems.procurify.documents import Json, Order, OrderLine, RequestedLine, Requisition
from simulator.systems.procurify.listing import Listing, Rule, Test
from simulator.systems.procurify.order_shapes import NOTHING
from simulator.systems.procurify.shapes import ME_ID, department, eight_places, full_user

PENDING, APPROVED, DENIED, PURCHASED = 0, 1, 2, 3
TO_BUY, ON_ORDER, LINE_DENIED = 0, 2, 7
HEADER = ("required_date", "location_name", "department_name", "line_items")
LINE_TEXTS = {"item_name": 255, "vendor_name": None, "account_code": None, "unit": 30, "currency_code": None}
LINE_NUMBERS = {"unit_price": r"\d{0,13}(\.\d{0,8})?", "quantity": r"\d{0,10}(\.\d{0,5})?"}


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the list of order items: a line of a requisition, of an order, or of both."""

    shown: Json
    vendor: int
    code: int
    department: int
    request: Requisition | None
    changed: str


def create(call: Call) -> Response:
    """Every name must be known exactly; whether the vendor also takes new ones is not confirmed."""
    body, company = call.body(), call.company
    for name in HEADER:
        if body.get(name) in (None, "", []):
            raise _lacking(name)
    for name in sorted(set(body) - set(HEADER)):
        call.mistake(f"a requisition has no {name}")
    try:
        company.day(str(body["required_date"]))
    except ValueError:
        raise invalid("required_date", "Date has wrong format.", mistake="required_date is no day") from None
    place = next((row for row in company.state.branches.values() if row["name"] == body["location_name"]), None)
    if place is None:
        raise _unknown("location_name")
    where = [row for row in company.state.departments.values() if row["branch"] == place["id"]]
    home = next((row for row in where if row["name"] == body["department_name"] and row["active"]), None)
    if home is None:
        raise _unknown("department_name")
    if not isinstance(body["line_items"], list):
        raise invalid("line_items", "Expected a list of items.", mistake="line_items is no list")
    checked = [_checked(call, home["id"], given) for given in body["line_items"]]
    made = company.state.first_requisition_status
    changed, number = company.changed(), company.number("requisition")
    request = Requisition(
        num=number,
        uuid=company.uuid("requisition", number),
        department=home["id"],
        required=str(body["required_date"]),
        lines=[_line(company, home["id"], *each) for each in checked],
        status=made,
        created=changed,
        last_modified=changed,
        currency=str(checked[0][0]["currency_code"]),
    )
    company.state.requisitions[number] = request
    return call.one({"uuid": dashed(request.uuid)}, status=201)


def put_in(company: Company, vendor_id: int, lines: Sequence[tuple[str, str]]) -> int:
    """As a person does on the screen, in the first department; it is approved at once."""
    home = next(iter(company.state.departments))
    changed, number = company.changed(), company.number("requisition")
    common = {"quantity": "1", "unit": "each"}
    given = [
        {**common, "item_name": f"wish for {code}", "account_code": code, "unit_price": price} for price, code in lines
    ]
    company.state.requisitions[number] = Requisition(
        num=number,
        uuid=company.uuid("requisition", number),
        department=home,
        required=changed[:10],
        lines=[_line(company, home, line, vendor_id) for line in given],
        status=APPROVED,
        created=changed,
        last_modified=changed,
        currency=company.state.base_currency,
    )
    return number


def _checked(call: Call, home: int, given: object) -> tuple[Json, int]:
    line: Json = given if isinstance(given, dict) else {}
    company = call.company
    for name in (*LINE_TEXTS, *LINE_NUMBERS):
        if line.get(name) in (None, ""):
            raise _lacking(name)
    if not isinstance(line.get("custom_fields"), list):
        raise _lacking("custom_fields")
    for name, most in LINE_TEXTS.items():
        if not isinstance(line[name], str) or (most and len(line[name]) > most):
            message = f"Ensure this field has no more than {most} characters."
            raise invalid(name, message, code="max_length", mistake=f"{name} of a requisition is too long or no text")
    for name, pattern in LINE_NUMBERS.items():
        if not re.fullmatch(pattern, str(line[name]), re.ASCII) or str(line[name]) == ".":
            raise invalid(name, "A valid number is required.", mistake=f"{name} of a requisition is no number")
        if not isinstance(line[name], str):
            call.mistake(f"{name} of a requisition is no decimal text")
    if line["currency_code"] not in company.state.currencies:
        raise _unknown("currency_code")
    account = company.state.accounts.get(f"{home}/{line['account_code']}")
    if account is None or not account.active or not company.state.codes[account.code]["active"]:
        raise _unknown("account_code")
    named = [row for row in company.state.vendors.values() if row["name"] == line["vendor_name"] and row["active"]]
    if not named:
        raise _unknown("vendor_name")
    return line, int(named[0]["id"])


def _line(company: Company, home: int, given: Json, vendor: int) -> RequestedLine:
    price, quantity = Decimal(given["unit_price"]), Decimal(given["quantity"])
    found = company.state.departments[home]
    branch = company.state.branches[found["branch"]]["name"]
    where = {"account_code": given["account_code"], "department": found["name"], "branch": branch}
    return RequestedLine(
        id=company.number("line"),
        name=given["item_name"],
        vendor_id=vendor,
        quantity=quantity,
        price=price,
        amount=cents(price * quantity),
        share=company.share(where, cents(price * quantity)),
        unit=given["unit"],
        status=TO_BUY,
    )


def _lacking(name: str) -> Exception:
    return invalid(name, "This field is required.", code="required", mistake=f"{name} of a requisition is missing")


def _unknown(name: str) -> Exception:
    return invalid(name, "Object does not exist.", code="does_not_exist")


# ---------------------------------------------------------------------- reading them


def show(company: Company, request: Requisition) -> Json:
    found = company.state.departments[request.department]
    branch, currency = company.state.branches[found["branch"]], company.currency(request.currency)
    total = sum((line.amount for line in request.lines), NOTHING)
    local = {"localCurrency": company.currency(company.state.base_currency)["id"], "phoneOne": "503-555-0199"}
    return {
        "description": None,
        "num": request.num,
        "uuid": dashed(request.uuid),
        "branch": {"id": branch["id"], "external_id": branch["external_id"], "name": branch["name"], **local},
        "user": full_user(company),
        "department": department(company, found),
        "currency": {name: currency[name] for name in ("id", "name", "rate", "base")},
        "total_cost_in_base_currency": float(cents(total * Decimal(currency["rate"]))),
        "logs": [],
        "item_count": len(request.lines),
        "ip_address": None,
        "date": company.local(request.created),
        "dateRequired": company.clock_time(request.required, 23),
        "dateModified": company.local(request.last_modified),
        "lineCount": len(request.lines),
        "purchasedCount": sum(line.order is not None for line in request.lines),
        "totalPrice": f"{total:.2f}",
        "status": request.status,
        "next_approver": full_user(company),
        "approval_delegatee": None,
        "punchout_items_rejected": False,
        "punchout_supplier_name": None,
        "punchout_supplier_icon": None,
        "punchout_vendor_reference": None,
        "has_blanket_order_items": False,
    }


def _vendors(company: Company, request: Requisition) -> Iterable[int]:
    return (line.vendor_id for line in request.lines)


def _codes(company: Company, request: Requisition) -> Iterable[int]:
    return (company.state.codes[company.account_of(line.share).code]["id"] for line in request.lines)


def _branch_of(company: Company, values: Sequence[str]) -> Test[Requisition]:
    asked = listing.whole(values)
    return lambda request: bool(company.state.departments[request.department]["branch"] == asked)


REQUEST_RULES: dict[str, Rule[Requisition]] = {
    **listing.dated("modified_date", lambda request: request.last_modified),
    **listing.dated("date", lambda request: request.created),
    **listing.days("required_date", lambda request: request.required),
    "status": listing.equals(listing.whole, lambda request: request.status),
    "department": listing.equals(listing.whole, lambda request: request.department),
    "branch": _branch_of,
    "location": _branch_of,
    "requester": listing.equals(listing.whole, lambda request: ME_ID),
    "pref_vendor": listing.meets(listing.numbers, _vendors),
    "account_code": listing.meets(listing.numbers, _codes),
}
REQUESTS = Listing[Requisition](
    rules=REQUEST_RULES,
    show=show,
    orders={"num": lambda request: request.num, "dateModified": lambda request: request.last_modified},
    text=lambda request: " ".join([str(request.num), *(line.name for line in request.lines)]),
)
LINE_RULES: dict[str, Rule[Line]] = {
    **listing.dated("last_modified", lambda line: line.changed),
    **listing.dated("order_created_date", lambda line: line.request.created if line.request else None),
    "status": listing.equals(listing.whole, lambda line: line.shown["status"]),
    "orderNum": listing.equals(listing.whole, lambda line: line.shown["orderNum"]),
    "orderNum__status": listing.equals(listing.whole, lambda line: line.request.status if line.request else PURCHASED),
    "pref_vendor": listing.equals(listing.whole, lambda line: line.vendor),
    "account_code": listing.among(listing.numbers, lambda line: line.code),
    "department": listing.equals(listing.whole, lambda line: line.department),
    "departments": listing.among(listing.numbers, lambda line: line.department),
    "is_purchased": listing.equals(listing.flag, lambda line: line.shown["purchase_order"] is not None),
    "name": listing.equals(lambda values: values[-1], lambda line: line.shown["name"]),
}
LINES = Listing[Line](
    rules=LINE_RULES,
    show=lambda company, line: line.shown,
    orders={"id": lambda line: line.shown["id"], "last_modified": lambda line: line.changed},
    text=lambda line: str(line.shown["name"]),
)


def requisitions(call: Call) -> Response:
    """Newest first."""
    return REQUESTS.answer(call, reversed(call.company.state.requisitions.values()))


def order_items(call: Call) -> Response:
    """Flat lines, ids instead of objects: those that are only requested, and those on an order."""
    company = call.company
    asked = [
        _requested(company, request, line) for request in company.state.requisitions.values() for line in request.lines
    ]
    known = {line.shown["id"] for line in asked}
    bought = [(order, line) for order in company.state.orders.values() for line in order.lines]
    return LINES.answer(call, asked + [_bought(company, order, line) for order, line in bought if line.id not in known])


def _requested(company: Company, request: Requisition, line: RequestedLine) -> Line:
    order = company.order(str(line.order)) if line.order else None
    shown = _row(company, line, line.share.account, request.currency, request.last_modified, request.created)
    shown |= {"orderNum": request.num, "pref_vendor": line.vendor_id, "purchase_order": line.order}
    shown |= {"PO": [line.order] if line.order else [], "vendor": company.state.vendors[line.vendor_id]["name"]}
    shown["approved_datetime"] = None if request.status in (PENDING, DENIED) else shown["last_modified"]
    account = company.account_of(line.share)
    code = company.state.codes[account.code]["id"]
    changed = max(request.last_modified, order.last_modified if order else "")
    return Line(shown, line.vendor_id, code, account.department, request, changed)


def _bought(company: Company, order: Order, line: OrderLine) -> Line:
    share = line.shares[0]
    shown = _row(company, line, share.account, order.currency, order.last_modified, order.created)
    shown |= {"orderNum": order.requisition, "pref_vendor": order.vendor_id, "purchase_order": order.id}
    shown |= {"PO": [order.id], "vendor": order.vendor_snapshot["name"]}
    account = company.account_of(share)
    code = company.state.codes[account.code]["id"]
    return Line(shown, order.vendor_id, code, account.department, None, order.last_modified)


def _row(
    company: Company, line: RequestedLine | OrderLine, account: int, currency: str, changed: str, created: str
) -> Json:
    code = next(one.code for one in company.state.accounts.values() if one.id == account)
    values: dict[str, Any] = {
        "id": line.id,
        "num": str(line.id),
        "name": line.name,
        "account": account,
        "accountCode": code,
        "quantity": f"{line.quantity:.5f}",
        "price": eight_places(line.price),
        "total_cost": f"{line.amount:.2f}",
        "unit": line.unit,
        "status": line.status,
        "currency": company.currency(currency)["id"],
        "created_at": company.local(created),
        "updated_at": company.local(changed),
        "last_modified": company.local(changed),
        "approved_datetime": company.local(created),
        "external_id": "",
        "is_active": True,
        "type": 0,
        "receive_method": 0,
        "purchaser": ME_ID,
        "receivedPassQty": "0.00000",
        "receivedFailQty": "0.00000",
    }
    return values
