"""The lists around the documents: codes, accounts, departments, locations, currencies, payments; and who we are."""

from __future__ import annotations

from collections.abc import Sequence

from werkzeug.wrappers import Response

from simulator.systems.procurify import listing, shapes
from simulator.systems.procurify.calling import Call, not_found
from simulator.systems.procurify.company import Company
from simulator.systems.procurify.documents import Account, Json, Payment
from simulator.systems.procurify.listing import Listing, Test


def _account_row(company: Company, found: Account) -> Json:
    """Amounts are text here, and numbers where the same row stands inside a document."""
    shown = shapes.account(company, found)
    del shown["warning_indicator"]
    department = _department(company, company.state.departments[found.department])
    return {**shown, "department": department, "budget_used_approved": "0.00", "budget_used_purchased": "0.00"}


def _department(company: Company, found: Json) -> Json:
    shown = shapes.department(company, found)
    headquarter = company.state.branches[found["branch"]]["headquarter"]
    return {**shown, "branch": {**shown["branch"], "headquarter": headquarter}}


def _code_of(company: Company, values: Sequence[str]) -> Test[Account]:
    asked = listing.numbers(values)
    return lambda account: company.state.codes[account.code]["id"] in asked


def _branch_of(company: Company, values: Sequence[str]) -> Test[Account]:
    asked = listing.numbers(values)
    return lambda account: company.state.departments[account.department]["branch"] in asked


def _payment_moments(name: str) -> dict[str, listing.Rule[Payment]]:
    def of(payment: Payment) -> str:
        return str(payment.shown[name] or "")

    return listing.moments(f"{name}_after", f"{name}_before", of)


def _processed(first: bool) -> listing.Rule[Payment]:
    def rule(company: Company, values: Sequence[str]) -> Test[Payment]:
        company.moment(values[-1])
        asked = values[-1][:10]
        if first:
            return lambda payment: str(payment.shown["processing_date"] or "") >= asked
        return lambda payment: "" < str(payment.shown["processing_date"] or "") <= asked

    return rule


CODES = Listing[Json](
    rules={
        "code": listing.equals(lambda values: values[-1], lambda code: code["code"]),
        "active": listing.equals(listing.flag, lambda code: code["active"]),
        "is_parent": listing.equals(listing.flag, lambda code: False),
    },
    show=lambda company, code: code,
    orders={"id": lambda code: code["id"], "code": lambda code: code["code"]},
    text=lambda code: f"{code['code']} {code['description']}",
)
ACCOUNTS = Listing[Account](
    rules={
        "id": listing.equals(listing.whole, lambda account: account.id),
        "account_code": _code_of,
        "department": listing.equals(listing.whole, lambda account: account.department),
        "departments": listing.among(listing.numbers, lambda account: account.department),
        "locations": _branch_of,
        "active": listing.equals(listing.flag, lambda account: account.active),
        "in_effect": listing.anything,  # no budget here has a period
        "with_expired_budgets": listing.anything,
    },
    show=_account_row,
    orders={"id": lambda account: account.id},
    text=lambda account: account.code,
)
DEPARTMENTS = Listing[Json](
    rules={
        "branch": listing.equals(listing.whole, lambda department: department["branch"]),
        "locations": listing.among(listing.numbers, lambda department: department["branch"]),
        "requestable": listing.anything,
        "include_is_active_for_account_code": listing.anything,
        "location_perm_override": listing.anything,
        "permission": listing.anything,
        "user": listing.anything,
    },
    show=_department,
    orders={"id": lambda department: department["id"], "name": lambda department: department["name"]},
    text=lambda department: str(department["name"]),
)
LOCATIONS = Listing[Json](
    rules={
        "active": listing.equals(listing.flag, lambda branch: True),
        "headquarter": listing.equals(listing.flag, lambda branch: branch["headquarter"]),
    },
    show=shapes.location,
    orders={"id": lambda branch: branch["id"], "name": lambda branch: branch["name"]},
    text=lambda branch: str(branch["name"]),
)
CURRENCIES = Listing[Json](
    rules={
        "active": listing.equals(listing.flag, lambda currency: currency["active"]),
        "base": listing.equals(listing.flag, lambda currency: currency["base"]),
        "name": listing.equals(lambda values: values[-1], lambda currency: currency["name"]),
        "description": listing.equals(lambda values: values[-1], lambda currency: currency["description"]),
        "rate": listing.equals(lambda values: values[-1], lambda currency: currency["rate"]),
    },
    show=lambda company, currency: currency,
    orders={"id": lambda currency: currency["id"], "name": lambda currency: currency["name"]},
    text=lambda currency: str(currency["name"]),
)
PAYMENTS = Listing[Payment](
    rules={
        **_payment_moments("created_at"),
        **_payment_moments("updated_at"),
        "processing_date_after": _processed(True),
        "processing_date_before": _processed(False),
        "status": listing.among(listing.words, lambda payment: payment.shown["status"]),
        "vendor": listing.equals(listing.whole, lambda payment: payment.vendor_id),
        "currency": listing.equals(listing.whole, lambda payment: payment.shown["currency"]["id"]),
        "invoice_number": listing.meets(set, lambda company, payment: payment.invoice_numbers),
        "payment_amount": listing.equals(listing.quantity, lambda payment: payment.amount),
        "bill_groups": listing.meets(listing.numbers, lambda company, payment: payment.shown["bill_groups"]),
        "ids": listing.among(listing.numbers, lambda payment: payment.shown["id"]),
    },
    show=lambda company, payment: payment.shown,
    orders={
        "created_at": lambda payment: payment.shown["created_at"],
        "updated_at": lambda payment: payment.shown["updated_at"],
    },
)


def me(call: Call) -> Response:
    return call.one(shapes.me(call.company))


def account_codes(call: Call) -> Response:
    return CODES.answer(call, call.company.state.codes.values())


def accounts(call: Call) -> Response:
    return ACCOUNTS.answer(call, call.company.state.accounts.values())


def departments(call: Call) -> Response:
    return DEPARTMENTS.answer(call, call.company.state.departments.values())


def locations(call: Call) -> Response:
    return LOCATIONS.answer(call, call.company.state.branches.values())


def location(call: Call, number: str) -> Response:
    found = call.company.state.branches.get(int(number))
    if found is None:
        raise not_found()
    return call.one(shapes.location(call.company, found))


def currencies(call: Call) -> Response:
    return CURRENCIES.answer(call, call.company.state.currencies.values())


def payments(call: Call) -> Response:
    return PAYMENTS.answer(call, call.company.state.payments.values())
