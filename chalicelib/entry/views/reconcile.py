"""Compare both sides of a flow over a period: a job does it, because it needs both systems' credentials."""

from __future__ import annotations

from chalicelib.engine.engine import Engine
from chalicelib.engine.records import Json
from chalicelib.entry import reconcile, shapes
from chalicelib.entry.exchange import ApiRequest, ApiResponse, opened
from chalicelib.entry.keys import Caller
from chalicelib.entry.problem import not_found

HIDDEN = ("step", "tries")


def ask(engine: Engine, caller: Caller, request: ApiRequest) -> ApiResponse:
    flow = opened(engine, caller, request.name("flow"))
    wish = shapes.read(shapes.Reconcile, request.body)
    return ApiResponse({"id": reconcile.ask(engine, flow, wish.first, wish.last)}, 202)


def show(engine: Engine, caller: Caller, request: ApiRequest) -> ApiResponse:
    found = reconcile.show(engine, caller.tenant, request.params["id"])
    if found is None or found["flow"] != request.name("flow"):
        raise not_found("comparison of that id")
    shown: Json = {name: value for name, value in found.items() if name not in HIDDEN}
    return ApiResponse(shown)
