"""Connections: whose company each leads to, and how it fares."""

from __future__ import annotations

from chalicelib.engine import setup as setups
from chalicelib.engine import usage
from chalicelib.engine.connection import Connection
from chalicelib.engine.engine import Engine
from chalicelib.engine.records import Json
from chalicelib.engine.setup import Health
from chalicelib.entry import errands, ping
from chalicelib.entry.exchange import ApiRequest, ApiResponse
from chalicelib.entry.keys import Caller
from chalicelib.entry.problem import not_found


def list_connections(engine: Engine, caller: Caller, request: ApiRequest) -> ApiResponse:
    return ApiResponse({"items": described(engine, caller.tenant)})


def described(engine: Engine, tenant: str) -> list[Json]:
    found = setups.connections(engine.store, tenant)
    keys = {name: setups.health_key(tenant, name) for name in found}
    used = {name: engine.usage_key(connection) for name, (connection, _) in found.items()}
    stored = engine.store.get([*keys.values(), *used.values()])
    return [
        _connection(engine, connection, setups.read_health(stored.get(keys[name])))
        | {"usage": _usage(engine, usage.read(stored.get(used[name]), connection.key))}
        for name, (connection, _) in found.items()
    ]


def ask_ping(engine: Engine, caller: Caller, request: ApiRequest) -> ApiResponse:
    name = request.name("connection")
    key = (setups.pk(caller.tenant), f"CONNECTION#{name}")
    if key not in engine.store.get([key]):
        raise not_found("connection of that name")
    return ApiResponse({"id": ping.ask(engine, caller.tenant, name)}, 202)


def show_ping(engine: Engine, caller: Caller, request: ApiRequest) -> ApiResponse:
    found = errands.look(engine, "ping", caller.tenant, request.params["id"])
    if found is None or found["connection"] != request.name("connection"):
        raise not_found("ping of that id")
    return ApiResponse(found)


def _usage(engine: Engine, months: dict[str, usage.Count]) -> Json:
    """The present month (UTC), and those before, newest first."""
    present = usage.month_of(engine.clock.now())

    def shown(month: str) -> Json:
        calls, metered = months.get(month, (0, 0))
        return {"month": month, "calls": calls, "metered_reads": metered}

    return {**shown(present), "before": [shown(month) for month in months if month != present]}


def _connection(engine: Engine, connection: Connection, health: Health) -> Json:
    pinned = connection.pinned
    return {
        "name": connection.name,
        "system": connection.system,
        "title": engine.load_system(connection.system).title,
        "environment": connection.environment,
        "settings": dict(connection.settings),
        "company": {"id": pinned.id, "name": pinned.name} if pinned else None,
        "health": {name: getattr(health, name) for name in ("state", "message", "fix", "since", "until")},
    }
