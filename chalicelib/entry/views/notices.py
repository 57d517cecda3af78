"""Notices to people: a test of them."""

from __future__ import annotations

from chalicelib.engine.engine import Engine
from chalicelib.entry import errands, notice_test
from chalicelib.entry.exchange import ApiRequest, ApiResponse
from chalicelib.entry.keys import Caller
from chalicelib.entry.problem import not_found


def ask_test(engine: Engine, caller: Caller, request: ApiRequest) -> ApiResponse:
    return ApiResponse({"id": notice_test.ask(engine, caller.tenant)}, 202)


def show_test(engine: Engine, caller: Caller, request: ApiRequest) -> ApiResponse:
    found = errands.look(engine, "notice_test", caller.tenant, request.params["id"])
    if found is None:
        raise not_found("test notice of that id")
    return ApiResponse(found)
