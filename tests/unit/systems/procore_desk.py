"""One worker's line to a Procore company, a peer that answers from a script, and the intents of tests."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest
from werkzeug.wrappers import Request, Response

from chalicelib.engine.connection import Connection
from chalicelib.engine.errors import ConnectorError
from chalicelib.engine.grants import Grants
from chalicelib.engine.line import Line
from chalicelib.engine.records import Current, Draft, Intent, RecordKey
from chalicelib.systems.procore import SYSTEM
from chalicelib.systems.procore.drafts import (
    contract_payment_draft,
    cost_line,
    direct_cost_draft,
    project_vendor_draft,
    requisition_draft,
    share,
    vendor_draft,
)
from chalicelib.systems.procore.target import ProcoreTarget
from simulator.memory.clock import MemoryClock
from simulator.memory.http import MemoryHttp
from simulator.memory.metrics import MemoryMetrics
from simulator.memory.store import MemoryStore
from simulator.memory.vault import MemoryVault
from tests.unit.systems import procore_subset

API, LOGIN = "https://api.procore.com", "https://login.procore.com"
COMPANY, PROJECT, COMMITMENT = "4288001", "362001", "618651"
SECRETS = {"client_id": "app-client", "client_secret": "s3cr3t-of-app"}
MARK = "[mlc:books:bill:145]"
ORIGIN = "mlc:books:bill:145"

VENDORS, SYNC = "/rest/v1.0/vendors", "/rest/v1.0/vendors/sync"
REQUISITIONS, PAYMENTS = "/rest/v1.1/requisitions", "/rest/v1.0/contract_payments"
COSTS = f"/rest/v1.1/projects/{PROJECT}/direct_costs"
DIRECTORY = f"/rest/v1.1/projects/{PROJECT}/vendors"


def sample(name: str) -> Any:
    """One of the vendor's published shapes."""
    path = procore_subset.REFERENCE / "samples" / name
    if not path.exists():
        pytest.skip(f"the reference samples are not beside this repository: {name}")
    return json.loads(path.read_text())


@dataclass(slots=True)
class Desk:
    line: Line
    clock: MemoryClock
    metrics: MemoryMetrics
    vault: MemoryVault
    target: ProcoreTarget
    http: MemoryHttp


def desk(app: Any, *, environment: str = "production", hosts: Iterable[str] = (API, LOGIN)) -> Desk:
    clock, store, vault, metrics = MemoryClock(), MemoryStore(), MemoryVault(), MemoryMetrics()
    connection = Connection(
        tenant="acme", name="site", system="procore", environment=environment, settings={"company_id": COMPANY}
    )
    vault.secrets[connection.secret_name] = dict(SECRETS)
    http = MemoryHttp(dict.fromkeys(hosts, app))
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
    return Desk(line=line, clock=clock, metrics=metrics, vault=vault, target=ProcoreTarget(line), http=http)


# ---------------------------------------------------------------------------------------------- a scripted peer


Answer = Response | Callable[[Request], Response]


@dataclass(slots=True)
class Peer:
    """Answers each "METHOD path" from its list, the last answer again and again; notes what was asked.

    A list that nobody scripted is empty. Every request is held against the published reference where that is there.
    """

    script: dict[str, list[Answer]] = field(default_factory=dict)
    asked: list[Request] = field(default_factory=list)
    tokens: int = 0
    beside_the_reference: set[str] = field(default_factory=set)

    def say(self, call: str, *answers: Answer) -> None:
        self.script.setdefault(call, []).extend(answers)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        request.get_data(cache=True)
        if procore_subset.THERE:
            wrong = [one for one in procore_subset.complaints(request) if one not in self.beside_the_reference]
            assert not wrong, (request.method, request.url, request.get_data(), wrong)
        assert "payment_applications" not in request.path, "the owner's invoices are never ours"
        self.asked.append(request)
        return self._answer(request)(environ, start_response)

    def _answer(self, request: Request) -> Response:
        planned = self.script.get(f"{request.method} {request.path}", [])
        if not planned and request.path == "/oauth/token":
            self.tokens += 1
            return said({"access_token": f"AT{self.tokens}", "token_type": "bearer", "expires_in": 5400})
        if not planned:
            assert request.method == "GET", f"nobody scripted {request.method} {request.path}"
            return said([])
        answer = planned.pop(0) if len(planned) > 1 else planned[0]
        return answer if isinstance(answer, Response) else answer(request)

    def calls(self, *methods: str) -> list[str]:
        """What was asked but for access, as "METHOD path"."""
        told = [request for request in self.asked if request.path != "/oauth/token"]
        return [f"{one.method} {one.path}" for one in told if not methods or one.method in methods]

    def sent(self, call: str) -> Any:
        """The body of the last such call."""
        found = [one for one in self.asked if f"{one.method} {one.path}" == call]
        return json.loads(found[-1].get_data(), parse_float=Decimal)

    @property
    def writes(self) -> list[str]:
        return self.calls("POST", "PATCH", "DELETE")


def said(body: object, *, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    given = {"X-Request-Id": "req-1", **(headers or {})}
    return Response(json.dumps(body, default=float), status=status, headers=given, mimetype="application/json")


def refused(errors: object, *, status: int = 422) -> Response:
    return said({"errors": errors}, status=status)


# ---------------------------------------------------------------------------------------------- what stands there


def a_requisition(**changes: Any) -> dict[str, Any]:
    rows = changes.pop("rows", {"5175960": "12500.00"})
    items = [
        {
            "id": 17918000 + n,
            "item_type": "contract_item",
            "line_item_id": int(line),
            "work_completed_this_period": amount,
            "work_completed_retainage_retained_this_period": "0.00",
        }
        for n, (line, amount) in enumerate(rows.items())
    ]
    values: dict[str, Any] = {
        "id": 1280646,
        "project_id": int(PROJECT),
        "commitment_id": int(COMMITMENT),
        "billing_date": "2026-02-20",
        "deletable": True,
        "vendor_name": "Copperline Electric LLC",
        "invoice_number": "INV-2201",
        "origin_data": MARK,
        "origin_id": None,
        "status": "under_review",
        "number": 1,
        "updated_at": "2026-02-20T12:00:01Z",
        "items": items,
    }
    return {**values, **changes}


def a_direct_cost(**changes: Any) -> dict[str, Any]:
    lines = changes.pop("lines", {"1": "830.25"})
    shown = [
        {
            "id": 90000 + n,
            "amount": amount,
            "description": "Conduit",
            "origin_id": f"{ORIGIN}:line:{key}",
            "origin_data": key,
            "wbs_code": {"id": 182877002, "flat_code": "26-100.M"},
        }
        for n, (key, amount) in enumerate(lines.items())
    ]
    values: dict[str, Any] = {
        "id": 455001,
        "invoice_number": "S-8841",
        "direct_cost_date": "2026-02-18",
        "payment_date": None,
        "status": "approved",
        "vendor_id": 3739501,
        "vendor_name": "Northshore Supply",
        "origin_id": ORIGIN,
        "origin_data": MARK,
        "grand_total": str(sum(Decimal(amount) for amount in lines.values())),
        "updated_at": "2026-02-20T12:00:00Z",
        "line_items": shown,
        "line_items_count": len(shown),
    }
    return {**values, **changes}


def a_payment(**changes: Any) -> dict[str, Any]:
    values: dict[str, Any] = {
        "id": 77120,
        "amount": "12500.0",
        "check_number": "10442",
        "contract_id": int(COMMITMENT),
        "date": "2026-03-04",
        "invoice_number": "INV-2201",
        "requisition_id": 1280646,
        "origin_id": ORIGIN,
        "origin_data": MARK,
        "updated_at": "2026-03-05T16:00:00Z",
    }
    return {**values, **changes}


# ---------------------------------------------------------------------------------------------- intents


def requisition(**changes: Any) -> Draft:
    values: dict[str, Any] = {
        "commitment": f"{PROJECT}/{COMMITMENT}",
        "vendor_name": "Copperline Electric LLC",
        "period": "117330",
        "begin": date(2026, 2, 1),
        "end": date(2026, 2, 28),
        "date": date(2026, 2, 20),
        "number": "INV-2201",
        "currency": "USD",
        "lines": [share(line="5175960", amount=Decimal("12500.00"))],
    }
    return requisition_draft(**{**values, **changes})


def direct_cost(**changes: Any) -> Draft:
    values: dict[str, Any] = {
        "project": PROJECT,
        "vendor": "3739501",
        "company_vendor": "3739001",
        "vendor_name": "Northshore Supply",
        "date": date(2026, 2, 18),
        "number": "S-8841",
        "currency": "USD",
        "lines": [cost_line(key="1", wbs="182877002", amount=Decimal("830.25"), description="Conduit")],
    }
    return direct_cost_draft(**{**values, **changes})


def payment(**changes: Any) -> Draft:
    values: dict[str, Any] = {
        "commitment": f"{PROJECT}/{COMMITMENT}",
        "requisition": f"{PROJECT}/1280646",
        "vendor_name": "Copperline Electric LLC",
        "date": date(2026, 3, 4),
        "amount": Decimal("12500.00"),
        "currency": "USD",
        "number": "INV-2201",
        "check_number": "10442",
        "method": "Check",
    }
    return contract_payment_draft(**{**values, **changes})


def vendor(name: str = "Copperline Electric LLC", **changes: Any) -> Draft:
    return vendor_draft(name=name, **changes)


def project_vendor(**changes: Any) -> Draft:
    values = {"project": PROJECT, "vendor": "3739001", "name": "Copperline Electric LLC", "code": "QB-12A"}
    return project_vendor_draft(**{**values, **changes})


def intent(draft: Draft, *, current: Current | None = None, delete: bool = False, source_id: str = "145") -> Intent:
    return Intent(
        key=RecordKey("acme", "building", "bill", source_id),
        op="delete" if delete else "update" if current else "create",
        kind=draft.kind,
        body=draft.body,
        once=draft.once,
        mark=f"[mlc:books:bill:{source_id}]",
        attempt_key=f"attempt{source_id}".ljust(32, "a"),
        revision=1,
        money=draft.money,
        current=current,
    )


def careful(outcome: ConnectorError) -> None:
    """What a customer reads says no secret and never the word that scares."""
    words = outcome.message + getattr(outcome, "fix", "") + getattr(outcome, "cause", "")
    assert "error" not in words.lower(), words
    assert "s3cr3t" not in words and "AT1" not in words
    assert "{" not in words and "  " not in words, words
