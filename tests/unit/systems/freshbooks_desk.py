"""One worker's line to a FreshBooks account, and a small strict peer that keeps books as the sheet says."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest
from werkzeug.wrappers import Request, Response

from chalicelib.engine.connection import Connection
from chalicelib.engine.errors import ConnectorError
from chalicelib.engine.grants import Grants, Tokens
from chalicelib.engine.line import Line
from chalicelib.engine.records import Current, Draft, Intent, RecordKey, fingerprint
from chalicelib.systems.freshbooks import SYSTEM
from chalicelib.systems.freshbooks.drafts import expense_draft
from chalicelib.systems.freshbooks.source import FreshBooksSource
from chalicelib.systems.freshbooks.target import FreshBooksTarget
from simulator.memory.clock import MemoryClock
from simulator.memory.http import MemoryHttp
from simulator.memory.metrics import MemoryMetrics
from simulator.memory.store import MemoryStore
from simulator.memory.vault import MemoryVault

API, AUTH = "https://api.freshbooks.com", "https://auth.freshbooks.com"
ACCOUNT, UUID, PERSON = "6BApk", "0b5f1c1e-8f2b-4a0f-9a51-7d6f3c2e1a10", "12345"
SECRETS = {"client_id": "fb-app", "client_secret": "s3cr3t-of-app"}
HOLDER = f"fb-app#{PERSON}"
SAMPLES = Path(__file__).resolve().parents[4] / "shared" / "reference" / "freshbooks"
MARK = "[mlc:buying:order:77]"
NAMES = {
    "bills/bills": ("bill", "bills"),
    "bill_vendors/bill_vendors": ("bill_vendor", "bill_vendors"),
    "bill_payments/bill_payments": ("bill_payment", "bill_payments"),
    "expenses/expenses": ("expense", "expenses"),
    "expenses/categories": ("category", "categories"),
}
KNOWN_FILTERS: dict[str, set[str]] = {
    "bills/bills": {"statuses", "ids", "vis_state"},
    "expenses/expenses": {"date_min", "date_max"},
}


def sample(name: str) -> Any:
    """One of the vendor's recorded bodies."""
    path = SAMPLES / name
    if not path.exists():
        pytest.skip(f"the reference samples are not beside this repository: {name}")
    return json.loads(path.read_text())


def money(amount: str, code: str = "USD") -> dict[str, str]:
    return {"amount": amount, "code": code}


# ---------------------------------------------------------------------------------------------- the peer


@dataclass(slots=True)
class Books:
    """Behind all of FreshBooks' hosts. `next_answers` come before anything else, `ignores` are filters not known."""

    tables: dict[str, dict[str, dict[str, Any]]] = field(default_factory=lambda: {path: {} for path in NAMES})
    callbacks: dict[str, dict[str, Any]] = field(default_factory=dict)
    verifiers: dict[str, str] = field(default_factory=dict)
    offered: set[str] = field(default_factory=lambda: {"bill", "bill_vendor"})
    next_answers: list[Response | Callable[[Request], Response]] = field(default_factory=list)
    ignores: set[str] = field(default_factory=set)
    asked: list[Request] = field(default_factory=list)
    refresh_token: str = "RT0"
    access_tokens: set[str] = field(default_factory=set)
    codes: dict[str, str] = field(default_factory=dict)
    person: str = PERSON
    businesses: list[dict[str, Any]] = field(default_factory=list)
    entries: list[dict[str, Any]] = field(default_factory=list)
    details: list[dict[str, Any]] = field(default_factory=list)  # of the older ledger's entries
    on_callback: Callable[[str], None] | None = None  # after it was made, before that is answered
    lose_tokens: int = 0  # answers of renewals that never arrive
    token_answers: list[Response] = field(default_factory=list)  # instead of tokens, and nothing is spent
    on_token: Callable[[], None] | None = None  # while a renewal is under way
    clients: dict[str, str] = field(default_factory=lambda: {SECRETS["client_id"]: SECRETS["client_secret"]})
    ids: Any = field(default_factory=lambda: itertools.count(1000))

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        request.get_data(cache=True)
        self.asked.append(request)
        return self._answer(request)(environ, start_response)

    def calls(self, *methods: str) -> list[str]:
        told = [one for one in self.asked if "oauth" not in one.path]
        return [f"{one.method} {one.path}" for one in told if not methods or one.method in methods]

    # ------------------------------------------------------------------ sign-in

    def consent(self, code: str = "C0DE") -> str:
        self.codes[code] = self.person
        return code

    def _answer(self, request: Request) -> Response:
        if request.path == "/auth/oauth/token":
            return self._token(request)
        if self.next_answers:
            answer = self.next_answers.pop(0)
            return answer if isinstance(answer, Response) else answer(request)
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if token not in self.access_tokens:
            return said({"error": "unauthenticated", "error_description": "This action requires authentication."}, 401)
        if request.path == "/auth/api/v1/users/me":
            return said({"response": {"id": int(self.person), "business_memberships": self.businesses or [member()]}})
        if request.path.startswith(f"/accounting/businesses/{UUID}/"):
            return self._ledger(request)
        known = {one["business"]["account_id"] for one in self.businesses or [member()]}
        _, family, _, account, rest = request.path.split("/", 4)
        if account not in known:
            return no_such("account")
        if family == "events":
            return self._callbacks(request, account, rest.removeprefix("events/callbacks").strip("/"))
        return self._accounting(request, rest)

    def _token(self, request: Request) -> Response:
        form = dict(parse_qsl(request.get_data(as_text=True)))
        if self.on_token:
            self.on_token()
        if self.token_answers:
            return self.token_answers.pop(0)
        if self.clients.get(form["client_id"]) != form["client_secret"]:
            return said({"error": "invalid_client"}, 401)
        if form["grant_type"] == "refresh_token" and form["refresh_token"] != self.refresh_token:
            return said({"error": "invalid_grant", "error_description": "dead"}, 400)
        if form["grant_type"] == "authorization_code" and self.codes.pop(form["code"], None) is None:
            return said({"error": "invalid_grant"}, 400)
        number = next(self.ids)
        self.refresh_token, access = f"RT{number}", f"AT{number}"
        self.access_tokens = {access}
        if self.lose_tokens:
            self.lose_tokens -= 1
            return Response("<html>Bad gateway</html>", status=502, mimetype="text/html")
        return said(tokens(access, self.refresh_token))

    # ------------------------------------------------------------------ accounting

    def _accounting(self, request: Request, rest: str) -> Response:
        path = "/".join(rest.split("/")[:2])
        if rest == "journal_entries/journal_entry_details":
            return paged(request, "journal_entry_details", self.details)
        if rest == "journal_entries/journal_entries":
            return self._journal(request)
        if path not in NAMES:
            return no_such(path)
        one, many = NAMES[path]
        table, id_ = self.tables[path], rest.removeprefix(path).strip("/")
        if request.method == "GET" and not id_:
            return paged(request, many, [row for row in table.values() if self._shown(request, path, row)])
        if id_ and id_ not in table:
            return no_such(one)
        if request.method == "GET":
            return result({one: table[id_]})
        body = json.loads(request.get_data())[one]
        if request.method == "POST":
            id_ = str(next(self.ids))
            if "categoryid" not in body:
                return complaint(422, 1001, "categoryid", "Missing required field")
            table[id_] = {"vis_state": 0, "status": 0}
        if "vis_state" in body:
            body = {"vis_state": body["vis_state"]}  # the others are dropped without a word
        stamp = f"2026-02-03 10:00:{len(self.asked) % 60:02d}.000000"
        table[id_] |= {**body, "id": int(id_), "expenseid": int(id_), "version": stamp}
        return result({one: table[id_]})

    def _shown(self, request: Request, path: str, row: dict[str, Any]) -> bool:
        given = {key: request.args.getlist(key) for key in request.args if key.startswith("search[")}
        asked = {key[7:].split("]")[0]: values for key, values in given.items()}
        asked = {key: values for key, values in asked.items() if key in KNOWN_FILTERS.get(path, set()) - self.ignores}
        if str(row.get("vis_state", 0)) == "1" and asked.pop("vis_state", None) != ["1"] and "ids" not in asked:
            return False
        if "vis_state" in asked and "ids" not in asked and str(row.get("vis_state", 0)) != asked.pop("vis_state")[0]:
            return False
        kept = {"statuses": str(row.get("status")), "ids": str(row.get("id"))}
        if any(kept[key] not in values for key, values in asked.items() if key in kept):
            return False
        day = str(row.get("date", ""))
        return asked.get("date_min", [""])[0] <= day < asked.get("date_max", ["9"])[0]

    # ------------------------------------------------------------------ journals

    def _journal(self, request: Request) -> Response:
        entry = json.loads(request.get_data())["journal_entry"]
        id_ = next(self.ids)
        about = {"entryid": id_, "name": entry["name"], "description": entry["description"]}
        day = entry["user_entered_date"]
        self.details += [
            {"id": next(self.ids), "entry": about, "user_entered_date": day, **one} for one in entry["details"]
        ]
        return result({"journal_entry": {"id": id_, "entryid": id_, **entry}})

    def _ledger(self, request: Request) -> Response:
        if request.path.endswith("/ledger_accounts/accounts"):
            return said(sample("ledger_accounts_list.json"))
        if request.headers.get("x-api-version") != "2023-09-25":
            return said({"message": "no such version"}, 404)
        if request.method == "POST":
            self.entries.append(json.loads(request.get_data())["manualJournalEntry"])
            return said({"manualJournalEntry": self.entries[-1]})
        begin = (int(request.args["page_number"]) - 1) * 100
        return said({"manualJournalEntries": self.entries[begin : begin + 100], "meta": {"page": 1}})

    # ------------------------------------------------------------------ webhooks

    def _callbacks(self, request: Request, account: str, id_: str) -> Response:
        if request.method == "GET":
            return paged(request, "callbacks", [one for one in self.callbacks.values() if one["account"] == account])
        if request.method == "POST":
            return self._register({**json.loads(request.get_data())["callback"], "account": account})
        if id_ not in self.callbacks:
            return said(sample("error_events_404.json"), 404)
        if request.method == "DELETE":
            del self.callbacks[id_]
            return Response(status=204)
        body = json.loads(request.get_data())["callback"]
        if "resend" in body:
            self.callbacks[id_]["resent"] = self.callbacks[id_].get("resent", 0) + 1
        elif body["verifier"] != self.verifiers[id_]:
            return said({"errno": 422, "message": "Not followed.", "details": ["verifier: wrong"]}, 422)
        else:
            self.callbacks[id_]["verified"] = True
        return result({"callback": self.callbacks[id_]})

    def _register(self, wanted: dict[str, str]) -> Response:
        if wanted["event"].rsplit(".", 1)[0] not in self.offered:
            detail = ["event: Value error, Unrecognized event."]
            return said({"errno": 422, "message": "Not followed.", "details": detail}, 422)
        id_ = str(next(self.ids))
        self.callbacks[id_] = {**wanted, "callbackid": int(id_), "verified": False}
        self.verifiers[id_] = f"verifier-of-{id_}"
        if self.on_callback:
            self.on_callback(id_)
        return result({"callback": self.callbacks[id_]})


def member(account: str | None = ACCOUNT, *, role: str = "owner", name: str = "Maple Books") -> dict[str, Any]:
    return {"id": 9, "role": role, "business": {"id": 6543, "business_uuid": UUID, "account_id": account, "name": name}}


def tokens(access: str, refresh: str, **changes: Any) -> dict[str, Any]:
    return {"access_token": access, "refresh_token": refresh, "token_type": "Bearer", "expires_in": 43200, **changes}


def said(body: object, status: int = 200, **headers: str) -> Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(json.dumps(body), status=status, headers=named, mimetype="application/json")


def result(body: object) -> Response:
    return said({"response": {"result": body}})


def complaint(status: int, errno: int, fieldname: str = "", text: str = "No.") -> Response:
    one = {"errno": errno, "field": fieldname, "message": text, "object": "expense", "value": ""}
    return said({"response": {"errors": [one]}}, status)


def no_such(what: str) -> Response:
    return complaint(404, 1012, f"{what}id", f"{what} not found.")


def paged(request: Request, many: str, rows: list[dict[str, Any]]) -> Response:
    """100 at the most, whatever is asked for; page 0 is page 1; past the end is empty."""
    query = parse_qs(request.query_string.decode())
    size = min(100, int(query.get("per_page", ["15"])[0]))
    page = max(1, int(query.get("page", ["1"])[0]))
    shown = rows[(page - 1) * size : page * size]
    return result({many: shown, "page": page, "pages": -(-len(rows) // size), "per_page": size, "total": len(rows)})


# ---------------------------------------------------------------------------------------------- what stands there


def a_bill(id_: int, **changes: Any) -> dict[str, Any]:
    line = {
        "id": 5,
        "description": "Paper",
        "quantity": "3",
        "unit_cost": money("12.50"),
        "amount": money("37.50"),
        "total_amount": money("37.50"),
        "category": {"id": 65688, "categoryid": 65688, "category": "Office", "parentid": None},
    }
    values: dict[str, Any] = {
        "id": id_,
        "vendorid": 5,
        "vendor": {"vendorid": 5, "vendor_name": "Example Supplies Co"},
        "bill_number": f"B-{id_}",
        "status": "unpaid",
        "issue_date": "2026-02-03",
        "due_date": "2026-03-05",
        "currency_code": "USD",
        "amount": money("37.50"),
        "tax_amount": money("0.00"),
        "total_amount": money("37.50"),
        "paid": money("0.00"),
        "outstanding": money("37.50"),
        "lines": [line],
        "bill_payments": [],
        "attachment": None,
        "created_at": "2026-02-03 15:30:29",
        "updated_at": "2026-02-03 15:30:29",
        "vis_state": 0,
    }
    return {**values, **changes}


def paid(bill: dict[str, Any], id_: int, amount: str, rest: str) -> dict[str, Any]:
    payment = {"id": id_, "billid": bill["id"], "amount": money(amount), "paid_date": "2026-02-10", "vis_state": 0}
    payment |= {"payment_type": "Check", "note": ""}
    status = "paid" if rest == "0.00" else "partial"
    sums = {"outstanding": money(rest), "paid": money(amount), "status": status}
    return {**bill, **sums, "bill_payments": [*bill["bill_payments"], payment]}


def a_vendor(id_: int, name: str = "Example Supplies Co", **changes: Any) -> dict[str, Any]:
    values = {"vendorid": id_, "vendor_name": name, "currency_code": "USD", "vis_state": 0, "city": "Austin"}
    return {**values, "outstanding_balance": [{"amount": money("1.00")}], **changes}


# ---------------------------------------------------------------------------------------------- the desk


@dataclass(slots=True)
class Desk:
    line: Line
    clock: MemoryClock
    metrics: MemoryMetrics
    vault: MemoryVault
    store: MemoryStore
    books: Books
    http: MemoryHttp

    @property
    def target(self) -> FreshBooksTarget:
        return FreshBooksTarget(self.line)

    @property
    def source(self) -> FreshBooksSource:
        return FreshBooksSource(self.line)

    def sibling(self, *, grants: Grants | None = None) -> Line:
        """Another worker's line to the same connection."""
        return replace(self.line, grants=grants or Grants(self.store, self.vault, self.clock))


def desk(books: Books | None = None, *, consented: bool = True) -> Desk:
    clock, store, vault, metrics = MemoryClock(), MemoryStore(), MemoryVault(), MemoryMetrics()
    connection = Connection(
        tenant="acme",
        name="books",
        system="freshbooks",
        environment="production",
        settings={"account": ACCOUNT},
        holder=HOLDER if consented else "",
    )
    vault.secrets[connection.secret_name] = dict(SECRETS)
    books = books or Books()
    http = MemoryHttp({API: books, AUTH: books})
    line = Line(
        connection=connection,
        identity=SYSTEM.identity(connection.settings),
        budget=SYSTEM.budget,
        store=store,
        vault=vault,
        http=http,
        clock=clock,
        metrics=metrics,
        grants=Grants(store, vault, clock),
    )
    if consented:
        books.access_tokens = {"AT0"}
        given = Tokens("AT0", "2099-01-01T00:00:00+00:00", refresh_token="RT0", born_of=fingerprint(SECRETS))
        line.grants.try_out(line.grant_pk(), given, SECRETS)
    return Desk(line=line, clock=clock, metrics=metrics, vault=vault, store=store, books=books, http=http)


def expense(**changes: Any) -> Draft:
    values: dict[str, Any] = {
        "date": date(2026, 2, 3),
        "amount": Decimal("113.00"),
        "currency": "USD",
        "category": "2003174",
        "vendor": "Acme",
        "notes": "Procurify PO 1234",
        "number": "1234",
    }
    return expense_draft(**{**values, **changes})


def intent(draft: Draft, *, current: Current | None = None, op: str = "", at: str = "") -> Intent:
    return Intent(
        key=RecordKey("acme", "buying", "order", "77"),
        op=op or ("update" if current else "create"),
        kind=draft.kind,
        body=draft.body,
        once=draft.once,
        mark=MARK,
        attempt_key="attempt77".ljust(32, "a"),
        revision=1,
        money=draft.money,
        current=current,
        at=at,
    )


def careful(trouble: ConnectorError) -> None:
    """What a customer reads says no secret and never the word that scares."""
    words = trouble.message + getattr(trouble, "fix", "") + getattr(trouble, "cause", "")
    assert "error" not in words.lower(), words
    assert "s3cr3t" not in words and "AT0" not in words and "RT0" not in words
    assert "{" not in words and "  " not in words, words
