"""The apps whose webhooks are taken: for the operator, who registers the address with each vendor."""

from __future__ import annotations

from chalicelib.engine.engine import Engine
from chalicelib.engine.hints import Verifier
from chalicelib.engine.records import Json
from chalicelib.entry import shapes, verifiers
from chalicelib.entry.exchange import ApiRequest, ApiResponse
from chalicelib.entry.keys import Caller
from chalicelib.entry.problem import Fault, bad_request, shown

MOST_ODD = 20  # deliveries that could not be read, of each system


def enter_verifier(engine: Engine, caller: Caller, request: ApiRequest) -> ApiResponse:
    wish = shapes.read(shapes.Webhook, request.body)
    able = _able(engine)
    if wish.system not in able:
        expected = f"one that sends webhooks to one address: {', '.join(able)}"
        raise bad_request("There is no such system.", Fault("/system", expected, shown(wish.system)))
    environments = engine.load_system(wish.system).environments
    if wish.environment not in environments:
        fault = Fault("/environment", f"one of {', '.join(environments)}", shown(wish.environment))
        raise bad_request("There is no such environment.", fault)
    verifier = Verifier(environment=wish.environment, client=wish.client_id, text=wish.verifier)
    verifiers.enter(engine, wish.system, verifier)
    told: Json = {"system": wish.system, "environment": wish.environment, "client_id": wish.client_id}
    return ApiResponse({**told, "address": _address(request, wish.system)}, 201)


def list_webhooks(engine: Engine, caller: Caller, request: ApiRequest) -> ApiResponse:
    return ApiResponse({"items": [_system(engine, request, name) for name in _able(engine)]})


def _system(engine: Engine, request: ApiRequest, name: str) -> Json:
    odd = engine.store.query(verifiers.pk(name), prefix="ODD#", limit=200).items
    newest = sorted((item.body for item in odd), key=lambda body: str(body["at"]), reverse=True)[:MOST_ODD]
    apps = [
        {"environment": app["environment"], "client_id": app["client"], "entered_at": app["at"]}
        for app in verifiers.listed(engine, name)
    ]
    return {"system": name, "address": _address(request, name), "apps": apps, "unread": newest}


def _able(engine: Engine) -> list[str]:
    return [name for name in engine.systems if engine.load_system(name).hooks is not None]


def _address(request: ApiRequest, system: str) -> str:
    return f"{request.service}/hooks/{system}"
