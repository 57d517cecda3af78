"""The door: which family an address belongs to, whose token it is, what it may, and who answers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from werkzeug.wrappers import Request, Response

from simulator.systems.freshbooks import answers, callbacks, identities, journals, ledger, listing, writing
from simulator.systems.freshbooks.account import Account, Json, Writer
from simulator.systems.freshbooks.answers import Family, Refused, denied, not_found
from simulator.systems.freshbooks.calling import Act, Call, result
from simulator.systems.freshbooks.expenses import CATEGORY, CATEGORY_RULES, EXPENSE, EXPENSE_RULES
from simulator.systems.freshbooks.listing import VIS_STATE, Rule, among, equals
from simulator.systems.freshbooks.payables import BILL, PAYMENT, VENDOR, show_bill, standing
from simulator.systems.freshbooks.times import today
from simulator.systems.freshbooks.writing import Kind

if TYPE_CHECKING:
    from simulator.systems.freshbooks.app import FreshBooksSimulator

ACCOUNTING, BUSINESS = r"/accounting/account/(?P<account>\w+)", r"/accounting/businesses/(?P<business>[\w-]+)"
EVENTS = r"/events/account/(?P<account>\w+)/events/callbacks"
LEDGER = BUSINESS + "/ledger_accounts/accounts"
ID = r"/(?P<id>[\w-]+)"
IGNORED: dict[str, Rule] = {"vis_state": listing.nothing}
PROJECTS = re.compile(r"/(projects|timetracking|comments)/business/\d+(/|$)")


@dataclass(frozen=True)
class Route:
    method: str
    pattern: re.Pattern[str]
    act: Act
    object: str  # whose scope is asked; "" none
    family: Family

    @property
    def scope(self) -> str:
        verb = "read" if self.method == "GET" else "write"
        return f"user:{self.object}:{verb}" if self.object else ""


def read_one(kind: Kind, call: Call, id: str) -> Response:
    row = call.row(kind.plural, id, kind.single)
    return result({kind.single: kind.show(call, row)})


def bills(call: Call) -> Response:
    day = today(call.writer.moment)
    rows = [{**row, "status": standing(call.account, row).status(row, day)} for row in call.account.every("bills")]
    rules = {
        "vendorid": equals("vendorid"),
        "statuses[]": among("status"),
        "currency_code": equals("currency_code"),
        "ids[]": among("id"),
        **_payable(call),
    }
    return listing.page(call, "bills", rows, rules, show_bill)


def vendors(call: Call) -> Response:
    return listing.page(call, VENDOR.plural, call.account.every(VENDOR.plural), _payable(call), VENDOR.show)


def payments(call: Call) -> Response:
    return listing.page(call, PAYMENT.plural, call.account.every(PAYMENT.plural), _payable(call), PAYMENT.show)


def expenses(call: Call) -> Response:
    return listing.page(call, EXPENSE.plural, call.account.every(EXPENSE.plural), EXPENSE_RULES, EXPENSE.show)


def categories(call: Call) -> Response:
    return listing.page(call, CATEGORY.plural, call.account.every(CATEGORY.plural), CATEGORY_RULES, CATEGORY.show)


def taxes(call: Call) -> Response:
    return listing.page(call, "taxes", call.account.every("taxes"), {}, lambda _, row: row)


def staffs(call: Call) -> Response:
    return listing.page(call, "staffs", call.account.staffs.values(), {}, lambda _, row: row)


def expense_vendors(call: Call) -> Response:
    """The distinct texts that stand in expenses; nothing to do with the vendors of bills."""
    names = sorted({str(row["vendor"]) for row in call.account.every("expenses") if row["vendor"]})
    return listing.page(call, "vendors", [{"vendor": name} for name in names], {}, lambda _, row: row)


def _payable(call: Call) -> dict[str, Rule]:
    return dict(VIS_STATE if call.sim.options.vis_state_filters_payables else IGNORED)


def _crud(path: str, kind: Kind, listed: Act, object: str) -> list[Route]:
    made: list[tuple[str, str, Act]] = [
        ("GET", path, listed),
        ("POST", path, partial(_create, kind)),
        ("GET", path + ID, partial(read_one, kind)),
        ("PUT", path + ID, partial(_update, kind)),
    ]
    return [Route(method, re.compile(where), act, object, "accounting") for method, where, act in made]


def _create(kind: Kind, call: Call) -> Response:
    return writing.create(call, kind)


def _update(kind: Kind, call: Call, id: str) -> Response:
    return writing.update(call, kind, id)


def _route(method: str, path: str, act: Act, object: str, family: Family) -> Route:
    return Route(method, re.compile(path), act, object, family)


ROUTES = (
    *_crud(ACCOUNTING + "/bill_vendors/bill_vendors", VENDOR, vendors, "bill_vendors"),
    *_crud(ACCOUNTING + "/bills/bills", BILL, bills, "bills"),
    *_crud(ACCOUNTING + "/bill_payments/bill_payments", PAYMENT, payments, "bill_payments"),
    *_crud(ACCOUNTING + "/expenses/expenses", EXPENSE, expenses, "expenses"),
    _route("GET", ACCOUNTING + "/expenses/categories", categories, "expenses", "accounting"),
    _route("GET", ACCOUNTING + "/expenses/categories" + ID, partial(read_one, CATEGORY), "expenses", "accounting"),
    _route("GET", ACCOUNTING + "/expenses/vendors", expense_vendors, "expenses", "accounting"),
    _route("GET", ACCOUNTING + "/taxes/taxes", taxes, "taxes", "accounting"),
    _route("GET", ACCOUNTING + "/users/staffs", staffs, "", "accounting"),
    _route(
        "GET",
        ACCOUNTING + "/journal_entry_accounts/journal_entry_accounts",
        ledger.legacy_accounts,
        "journal_entries",
        "accounting",
    ),
    _route(
        "POST", ACCOUNTING + "/journal_entries/journal_entries", journals.create_legacy, "journal_entries", "accounting"
    ),
    _route(
        "GET", ACCOUNTING + "/journal_entries/journal_entry_details", journals.details, "journal_entries", "accounting"
    ),
    _route("GET", LEDGER, ledger.accounts, "", "ledger"),
    _route("POST", LEDGER, ledger.create_account, "", "ledger"),
    _route("GET", LEDGER + ID, ledger.one_account, "", "ledger"),
    _route("GET", BUSINESS + "/reports/chart_of_accounts", ledger.chart, "", "accounting"),
    _route("POST", BUSINESS + "/journal_entries", journals.create, "journal_entries", "journal"),
    _route("GET", BUSINESS + "/journal_entries", journals.entries, "journal_entries", "journal"),
    _route("GET", EVENTS, callbacks.callbacks, "", "events"),
    _route("POST", EVENTS, callbacks.register, "", "events"),
    _route("GET", EVENTS + ID, callbacks.callback, "", "events"),
    _route("PUT", EVENTS + ID, callbacks.change, "", "events"),
    _route("DELETE", EVENTS + ID, callbacks.delete, "", "events"),
)


def serve(sim: FreshBooksSimulator, request: Request) -> Response:
    family = _family(request.path)
    versioned = "x-api-version" in request.headers
    try:
        return _serve(sim, request, family)
    except Refused as refused:
        if refused.mistake:
            sim.mistake(request, refused.mistake)
        return answers.render(refused, family, sim.options, versioned=versioned)


def _serve(sim: FreshBooksSimulator, request: Request, family: Family) -> Response:
    if request.path == identities.ME and request.method == "GET":
        return identities.me(sim, request)
    path = request.path.rstrip("/") if family == "ledger" else request.path
    for route in ROUTES:
        found = route.pattern.fullmatch(path)
        if found and route.method == request.method:
            break
    else:
        raise not_found("resource", mistake=f"{request.method} is not offered at this address")
    parts: Json = found.groupdict()
    token = sim.token(request)
    account = _account(sim, token.identity, parts)
    if route.scope and route.scope not in token.scopes:
        raise denied(f"The token lacks the scope {route.scope}.", mistake=f"the token lacks {route.scope}")
    wait = sim.throttle(account.account_id)
    if wait:
        return wait
    call = Call(sim, request, account, Writer(sim.clock(), "api", token.identity))
    return route.act(call, parts["id"]) if parts.get("id") else route.act(call)


def _account(sim: FreshBooksSimulator, identity: int, parts: Json) -> Account:
    """The account that the path names, if this person belongs to it; any other id is answered as unknown."""
    by_uuid = {one.business_uuid: one for one in sim.accounts.values()}
    named = parts.get("account")
    account = sim.accounts.get(str(named)) if named else by_uuid.get(str(parts.get("business")))
    if account is None:
        raise not_found("account", "accountid", named or parts.get("business"), mistake="no account has this id")
    if account.account_id not in sim.identities[identity].roles:
        raise denied(f"The user has no access to {account.account_id}.")
    if sim.identities[identity].roles[account.account_id] == "client":
        raise denied()
    return account


def _family(path: str) -> Family:
    if path.startswith("/events/"):
        return "events"
    if path.startswith("/auth/"):
        return "auth"
    if "/ledger_accounts/" in path:
        return "ledger"
    if re.fullmatch(BUSINESS + "/journal_entries", path):
        return "journal"
    return "projects" if PROJECTS.match(path) else "accounting"
