"""One worker's line to a QuickBooks Online company, a peer that answers from a script, and the intents of tests."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest
from werkzeug.wrappers import Request, Response

from chalicelib.engine.connection import Connection
from chalicelib.engine.errors import ConnectorError
from chalicelib.engine.grants import Grants
from chalicelib.engine.line import Line
from chalicelib.engine.records import Current, Draft, Intent, Money, RecordKey
from chalicelib.systems.quickbooks_online import SYSTEM
from chalicelib.systems.quickbooks_online.drafts import bill_draft, bill_line, vendor_draft
from chalicelib.systems.quickbooks_online.target import QuickBooksOnlineTarget
from simulator.memory.clock import MemoryClock
from simulator.memory.http import MemoryHttp
from simulator.memory.metrics import MemoryMetrics
from simulator.memory.store import MemoryStore
from simulator.memory.vault import MemoryVault

API, OAUTH = "https://quickbooks.api.intuit.com", "https://oauth.platform.intuit.com"
SANDBOX = "https://sandbox-quickbooks.api.intuit.com"
TOKEN_PATH = "/oauth2/v1/tokens/bearer"
REALM = "9341452098213757041"
SECRETS = {"client_id": "app-client", "client_secret": "s3cr3t-of-app", "refresh_token": "RT1-s3cr3t-of-acme"}
SAMPLES = Path(__file__).resolve().parents[4] / "shared" / "reference" / "qbo"


def sample(name: str) -> bytes:
    """One of the vendor's recorded bodies."""
    path = SAMPLES / name
    if not path.exists():
        pytest.skip(f"the reference samples are not beside this repository: {name}")
    return path.read_bytes()


def recorded(name: str, entity: str) -> dict[str, Any]:
    found = json.loads(sample(name), parse_float=Decimal)[entity]
    assert isinstance(found, dict)
    return found


@dataclass(slots=True)
class Desk:
    line: Line
    clock: MemoryClock
    metrics: MemoryMetrics
    vault: MemoryVault
    target: QuickBooksOnlineTarget
    http: MemoryHttp

    def serve(self, app: Any) -> None:
        """Put the application behind all of Intuit's hosts."""
        self.http.routes |= dict.fromkeys((API, OAUTH, SANDBOX), app)


def desk(app: Any, *, secrets: dict[str, str] | None = None, environment: str = "production") -> Desk:
    clock, store, vault, metrics = MemoryClock(), MemoryStore(), MemoryVault(), MemoryMetrics()
    connection = Connection(
        tenant="acme", name="books", system="quickbooks_online", environment=environment, settings={"realm": REALM}
    )
    vault.secrets[connection.secret_name] = dict(SECRETS if secrets is None else secrets)
    http = MemoryHttp({})
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
    target = QuickBooksOnlineTarget(line)
    around = Desk(line=line, clock=clock, metrics=metrics, vault=vault, target=target, http=http)
    around.serve(app)
    return around


# ---------------------------------------------------------------------------------------------- a scripted peer


Answer = Response | Callable[[Request], Response]


@dataclass(slots=True)
class Peer:
    """Answers each "METHOD path-ending" from its list, the last answer again and again; notes what was asked."""

    script: dict[str, list[Answer]] = field(default_factory=dict)
    asked: list[Request] = field(default_factory=list)
    tokens: int = 0

    def say(self, call: str, *answers: Answer) -> None:
        self.script.setdefault(call, []).extend(answers)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        request.get_data(cache=True)
        self.asked.append(request)
        return self._answer(request)(environ, start_response)

    def _answer(self, request: Request) -> Response:
        planned = self.script.get(f"{request.method} {request.path.rsplit('/', 1)[-1]}", [])
        if not planned and request.path == TOKEN_PATH:
            self.tokens += 1
            return said({"access_token": f"AT{self.tokens}", "refresh_token": f"RT{self.tokens}", "expires_in": 3600})
        if not planned:
            return said({"QueryResponse": {}})
        answer = planned.pop(0) if len(planned) > 1 else planned[0]
        return answer if isinstance(answer, Response) else answer(request)

    @property
    def writes(self) -> list[Request]:
        return [request for request in self.asked if request.method == "POST" and request.path != TOKEN_PATH]

    @property
    def statements(self) -> list[str]:
        return [request.args["query"] for request in self.asked if "query" in request.args]


def said(body: object, *, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    tid = {"intuit_tid": "1-tid", **(headers or {})}
    return Response(json.dumps(body, default=float), status=status, headers=tid, mimetype="application/json")


def fault(code: str, detail: str = "", *, status: int = 400, element: str = "") -> Response:
    entry = {"Message": "A Headline Error", "Detail": detail or f"Some Error : of code {code}", "code": code}
    return said({"Fault": {"Error": [{**entry, "element": element}], "type": "ValidationFault"}}, status=status)


def echo(entity: str, **more: Any) -> Callable[[Request], Response]:
    """The peer stores what it is sent and shows it."""

    def answer(request: Request) -> Response:
        sent = json.loads(request.get_data())
        total = sum(Decimal(str(line["Amount"])) for line in sent.get("Line", []))
        return said({entity: {"Id": "145", "SyncToken": "0", "TotalAmt": total, **sent, **more}})

    return answer


# ---------------------------------------------------------------------------------------------- intents


def a_bill(**changes: Any) -> Draft:
    values: dict[str, Any] = {
        "vendor": "56",
        "vendor_name": "Acme",
        "ap_account": "33",
        "date": date(2026, 2, 20),
        "due_date": date(2026, 3, 20),
        "number": "INV-1",
        "currency": "USD",
        "send_currency": False,
        "lines": [bill_line(account="57", amount=Decimal("60.00"), description="Rebar")],
        "memo": "PO 1207",
    }
    return bill_draft(**{**values, **changes})


def a_vendor(name: str = "Northwind Paper", **changes: Any) -> Draft:
    return vendor_draft(name=name, **changes)


def intent(draft: Draft, *, source_id: str = "1f99", current: Current | None = None, attempt: str = "") -> Intent:
    money: Money | None = draft.money
    return Intent(
        key=RecordKey("acme", "buying", draft.kind, source_id),
        op="update" if current else "create",
        kind=draft.kind,
        body=draft.body,
        once=draft.once,
        mark=f"[mlc:procurify:{draft.kind}:{source_id}]",
        attempt_key=attempt or f"attempt{source_id}".ljust(32, "a"),
        revision=1,
        money=money,
        current=current,
    )


def careful(outcome: ConnectorError) -> None:
    """What a customer reads says no secret and never the word that scares."""
    words = outcome.message + getattr(outcome, "fix", "") + getattr(outcome, "cause", "")
    assert "error" not in words.lower(), words
    assert "s3cr3t" not in words and "AT1" not in words
    assert outcome.message.strip().endswith((".", ")")) or len(outcome.message) > 15
