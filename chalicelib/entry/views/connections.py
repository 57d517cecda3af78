"""Connections: whose company each leads to, and how it fares."""

from __future__ import annotations

from dataclasses import replace

from chalicelib.engine import setup as setups
from chalicelib.engine import usage
from chalicelib.engine.caller import Wish
from chalicelib.engine.connection import Connection
from chalicelib.engine.engine import Engine
from chalicelib.engine.grants import last_moment
from chalicelib.engine.ports import Item
from chalicelib.engine.records import Company, Json
from chalicelib.engine.setup import Health
from chalicelib.entry import errands, oauth, ping, shapes, upkeep
from chalicelib.entry.exchange import ApiRequest, ApiResponse
from chalicelib.entry.keys import Caller
from chalicelib.entry.problem import conflict, not_found


def list_connections(engine: Engine, caller: Caller, request: ApiRequest) -> ApiResponse:
    return ApiResponse({"items": described(engine, caller.tenant)})


def described(engine: Engine, tenant: str) -> list[Json]:
    found = setups.connections(engine.store, tenant)
    keys = {name: setups.health_key(tenant, name) for name in found}
    grants = {name: (engine.grant_pk(connection), "GRANT") for name, (connection, _) in found.items()}
    used = {name: engine.usage_key(connection) for name, (connection, _) in found.items()}
    stored = engine.store.get([*keys.values(), *used.values(), *grants.values()])
    return [
        _connection(engine, connection, setups.read_health(stored.get(keys[name])), stored.get(grants[name]))
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


def ask_consent(engine: Engine, caller: Caller, request: ApiRequest) -> ApiResponse:
    return ApiResponse(oauth.offer(engine, caller, request.name("connection"), request.service))


def show_consent(engine: Engine, caller: Caller, request: ApiRequest) -> ApiResponse:
    found = oauth.look(engine, request.params["id"])
    mine = found is not None and found.body["tenant"] == caller.tenant
    if found is None or not mine or found.body["connection"] != request.name("connection"):
        raise not_found("consent of that id")
    return ApiResponse(oauth.told(engine, found))


def confirm(engine: Engine, caller: Caller, request: ApiRequest) -> ApiResponse:
    asked = shapes.read(shapes.Confirm, request.body)
    connection = oauth.confirm(engine, caller.tenant, request.name("connection"), asked.company)
    return ApiResponse({"name": connection.name, "company": _company(connection.pinned)})


def make_qwc(engine: Engine, caller: Caller, request: ApiRequest) -> ApiResponse:
    asked = shapes.read(shapes.Qwc, request.body)
    name = request.name("connection")
    known = setups.connections(engine.store, caller.tenant).get(name)
    if known is None:
        raise not_found("connection of that name")
    system = engine.load_system(known[0].system)
    if system.caller is None:
        raise conflict(f"{system.title} is called by us, with the credentials of {name}: there is no file to install.")
    try:
        wish = Wish(
            url=request.service + system.caller.path,
            every_minutes=asked.every_minutes,
            new_password=asked.new_password,
            moved=asked.moved,
            by=caller.name,
        )
        made = system.caller.admit(engine, known[0], wish)
    except ValueError as unfit:
        raise conflict(f"{unfit} Reach the service by such an address and ask again. Nothing was changed.") from None
    return ApiResponse(
        {
            "connection": name,
            "file_name": made.file_name,
            "file": made.file,
            "user_name": made.user_name,
            "password": made.password or None,
        }
    )


def _usage(engine: Engine, months: dict[str, usage.Count]) -> Json:
    """The present month (UTC), and those before, newest first."""
    present = usage.month_of(engine.clock.now())

    def shown(month: str) -> Json:
        calls, metered = months.get(month, (0, 0))
        return {"month": month, "calls": calls, "metered_reads": metered}

    return {**shown(present), "before": [shown(month) for month in months if month != present]}


def _connection(engine: Engine, connection: Connection, health: Health, grant: Item | None) -> Json:
    ends = last_moment(grant)
    if health.state == "ok" and ends is not None and ends - engine.clock.now() <= upkeep.FIRST_WARNING:
        said = upkeep.warning(engine, connection, ends)
        health = replace(health, message=said["message"], fix=said["fix"])
    system = engine.load_system(connection.system)
    sight = system.caller.seen(engine, connection) if system.caller else None
    if sight and health.state == "untried":
        health = replace(health, message=sight.message, fix=sight.fix)
    return {
        "name": connection.name,
        "system": connection.system,
        "title": system.title,
        "environment": connection.environment,
        "settings": dict(connection.settings),
        "company": _company(connection.pinned),
        "found": _company(connection.found),
        "expires_at": ends.isoformat() if ends else None,
        "last_seen": sight.at or None if sight else None,
        "health": {name: getattr(health, name) for name in ("state", "message", "fix", "since", "until")},
    }


def _company(company: Company | None) -> Json | None:
    return {"id": company.id, "name": company.name} if company else None
