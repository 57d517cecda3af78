"""The API's own description of itself."""

from __future__ import annotations

from chalicelib.engine.engine import Engine
from chalicelib.entry import openapi
from chalicelib.entry.exchange import ApiRequest, ApiResponse
from chalicelib.entry.keys import Caller
from chalicelib.entry.routes import ENDPOINTS


def describe(engine: Engine, caller: Caller, request: ApiRequest) -> ApiResponse:
    return ApiResponse(openapi.document(ENDPOINTS))
