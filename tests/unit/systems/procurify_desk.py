"""What the Procurify tests share: the vendor's published samples, a line over memory, and a peer with a script."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest
from werkzeug.wrappers import Request, Response

from chalicelib.engine.connection import Connection
from chalicelib.engine.grants import Grants
from chalicelib.engine.line import Line
from chalicelib.systems.procurify import SYSTEM
from simulator.memory.clock import MemoryClock
from simulator.memory.http import MemoryHttp
from simulator.memory.metrics import MemoryMetrics
from simulator.memory.store import MemoryStore
from simulator.memory.vault import MemoryVault

HOST = "https://acme.procurify.com"
SAMPLES = Path(__file__).resolve().parents[4] / "shared" / "reference" / "procurify" / "samples"
SECRET = "s3cr3t-of-acme"


def sample(name: str) -> Any:
    """One of the vendor's published bodies, a fresh copy each time."""
    path = SAMPLES / f"{name}.json"
    if not path.exists():
        pytest.skip(f"the reference samples are not beside this repository: {name}.json")
    return json.loads(path.read_text())


def sample_bill() -> Any:
    return sample("bill_detail")["data"]


@dataclass(slots=True)
class Desk:
    """One worker's line to Acme's Procurify, and what lies around it."""

    line: Line
    clock: MemoryClock
    metrics: MemoryMetrics
    http: MemoryHttp


def desk(app: Any, *, secret: dict[str, str] | None = None, host: str = HOST) -> Desk:
    clock, store, vault, metrics = MemoryClock(), MemoryStore(), MemoryVault(), MemoryMetrics()
    connection = Connection(
        tenant="acme", name="buying", system="procurify", environment="production", settings={"domain": "acme"}
    )
    vault.secrets[connection.secret_name] = (
        {"client_id": "acme-app", "client_secret": SECRET} if secret is None else secret
    )
    http = MemoryHttp({host: app})
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
    return Desk(line=line, clock=clock, metrics=metrics, http=http)


Answer = Response | Callable[[Request], Response]


@dataclass(slots=True)
class Peer:
    """Answers each path from its list, the last answer again and again; notes what was asked."""

    script: dict[str, list[Answer]] = field(default_factory=dict)
    asked: list[Request] = field(default_factory=list)
    tokens: int = 0

    def say(self, path: str, *answers: Answer) -> None:
        self.script.setdefault(path, []).extend(answers)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        request.get_data(cache=True)
        self.asked.append(request)
        return self._answer(request)(environ, start_response)

    def _answer(self, request: Request) -> Response:
        planned = self.script.get(request.path, [])
        if not planned:
            if request.path != "/oauth/token":
                return said({"detail": "Not found."}, status=404)
            self.tokens += 1
            return said({"access_token": f"token-{self.tokens}", "expires_in": 86400, "token_type": "Bearer"})
        answer = planned.pop(0) if len(planned) > 1 else planned[0]
        return answer if isinstance(answer, Response) else answer(request)

    def paths(self) -> list[str]:
        return [request.full_path.rstrip("?") for request in self.asked if request.path != "/oauth/token"]


def said(body: object, *, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(json.dumps(body), status=status, headers=headers, mimetype="application/json")


def page_of(rows: list[Any], *, next: str | None = None, count: int | None = None, top: bool = False) -> Response:
    pagination = {"count": len(rows) if count is None else count, "next": next, "previous": None}
    if top:
        return said({"metadata": {}, "pagination": pagination, "data": rows})
    return said({"metadata": {"pagination": pagination}, "data": rows})


def at(body: Any, path: tuple[str | int, ...]) -> Any:
    for step in path:
        body = body[step]
    return body


def changed(body: Any, path: tuple[str | int, ...], value: object) -> Any:
    """A copy of the body with another value at the path."""
    body = copy.deepcopy(body)
    at(body, path[:-1])[path[-1]] = value
    return body


def without(body: Any, path: tuple[str | int, ...]) -> Any:
    body = copy.deepcopy(body)
    del at(body, path[:-1])[path[-1]]
    return body
