"""Ping: whose company is behind a connection's credentials? The first answer is pinned; any other is refused."""

from __future__ import annotations

from dataclasses import replace

from chalicelib.engine import due, hold
from chalicelib.engine import setup as setups
from chalicelib.engine.caller import Sight
from chalicelib.engine.connection import Connection
from chalicelib.engine.engine import Engine, unconfirmed
from chalicelib.engine.errors import ConnectorError, Held, LockedOut
from chalicelib.engine.match import plain_name
from chalicelib.engine.ports import Conflict
from chalicelib.engine.records import Company, Json
from chalicelib.engine.setup import Health
from chalicelib.entry import errands, preflight, starting

TRIES = 5


def ask(engine: Engine, tenant: str, connection: str) -> str:
    """Have the connection pinged by a job; returns the errand's id."""
    return errands.send(engine, "ping", tenant, {"connection": connection})


def run(engine: Engine, job: Json) -> None:
    """The job {"job": "ping", "tenant", "connection", "id"}, and "start": the flow that waits for it."""
    connection = _connection(engine, str(job["tenant"]), str(job["connection"]))
    if connection is None:
        return
    answer = ping(engine, connection)
    if answer["ok"] and job.get("start"):
        starting.after_ping(engine, connection.tenant, str(job["start"]))
    elif answer["ok"]:
        answer |= preflight.of(engine, connection)
    errands.settle(engine, "ping", job, answer)


def ping(engine: Engine, connection: Connection) -> Json:
    """Ask who the credentials belong to, pin the company at the first success, and note the connection's health."""
    caller = engine.load_system(connection.system).caller
    if caller is not None:
        return _waited_for(engine, connection, caller.seen(engine, connection))
    engine.checked.pop(connection.key, None)
    engine.vault.read(connection.secret_name, fresh=True)  # credentials entered a moment ago count now
    began = engine.clock.now()
    try:
        company = engine.load_system(connection.system).door(engine.line(connection)).company()
        compared = _compared(engine, connection, company)
    except LockedOut as lockout:
        engine.locked_out(connection, lockout)
        return _failed(engine, connection, lockout.message, lockout.fix)
    except Held as held:
        return _failed(engine, connection, held.message, held.fix)
    except ConnectorError as trouble:
        return _failed(engine, connection, trouble.message, "Try again in a minute; if it stays so, ask the operator.")
    taken = int((engine.clock.now() - began).total_seconds() * 1000)
    return {**compared, "latency_ms": taken}


# ---------------------------------------------------------------------------------------------- inside


def _connection(engine: Engine, tenant: str, name: str) -> Connection | None:
    key = (setups.pk(tenant), f"CONNECTION#{name}")
    item = engine.store.get([key]).get(key)
    return setups.read_connection(tenant, item) if item else None


def _failed(engine: Engine, connection: Connection, message: str, fix: str, company: Company | None = None) -> Json:
    told: Json = {"id": company.id, "name": company.name} if company else {}
    return {"ok": False, "company": told or None, "message": message, "fix": fix, "at": engine.clock.now().isoformat()}


def _waited_for(engine: Engine, connection: Connection, sight: Sight) -> Json:
    """What cannot be called cannot be asked: its company is the one that it showed when it was here."""
    company = connection.pinned
    return {
        "ok": bool(sight.at) and company is not None,
        "company": {"id": company.id, "name": company.name} if company else None,
        "message": sight.message,
        "fix": sight.fix,
        "at": engine.clock.now().isoformat(),
        "last_seen": sight.at or None,
    }


def _compared(engine: Engine, connection: Connection, company: Company) -> Json:
    pinned = connection.pinned or _pin(engine, connection, company)
    if pinned is None or pinned.id != company.id:
        wanted = f"{pinned.name} ({pinned.id})" if pinned else f'"{expected_company(engine, connection)}"'
        return _failed(
            engine,
            connection,
            f"The credentials of {connection.name} lead to {company.name} ({company.id}), not to {wanted}. "
            "Nothing is written there.",
            f"Sign in to the right company and enter its credentials for {connection.name} with `mlc apply`.",
            company,
        )
    if engine.note_health(connection, Health(state="ok")):
        _let_go(engine, connection)
    if engine.load_system(connection.system).consent is not None:
        due.watch_access(engine, connection.tenant, connection.name)
    return {
        "ok": True,
        "company": {"id": company.id, "name": company.name},
        "message": f"{connection.name} reaches {company.name}.",
        "fix": "",
        "at": engine.clock.now().isoformat(),
    }


def _pin(engine: Engine, connection: Connection, company: Company) -> Company | None:
    """The company that the connection is pinned to from now on; None when the configuration names another one."""
    wanted = expected_company(engine, connection)
    if wanted and plain_name(wanted) != plain_name(company.name):
        return None
    for _ in range(TRIES):
        known = setups.connections(engine.store, connection.tenant).get(connection.name)
        if known is None or known[0].settings != connection.settings:
            return None  # set up anew while we asked: that change brings its own ping
        if known[0].unconfirmed:
            raise unconfirmed(known[0])
        if known[0].pinned is not None:
            return known[0].pinned
        try:
            engine.store.write([setups.connection_put(replace(known[0], pinned=company), known[1])])
        except Conflict:
            continue
        return company
    raise Conflict([(setups.pk(connection.tenant), f"CONNECTION#{connection.name}")])


def expected_company(engine: Engine, connection: Connection) -> str:
    """The company that the configuration names for the connection, "" when it names none."""
    key = setups.about_key(connection.tenant, connection.name)
    item = engine.store.get([key]).get(key)
    return str(item.body.get("company") or "") if item else ""


def _let_go(engine: Engine, connection: Connection) -> None:
    """It works again: what was held for the connection's sake goes on."""
    for setup in setups.flows(engine.store, connection.tenant).values():
        if connection.name in (setup.source, setup.target):
            flow = engine.open(connection.tenant, setup.name)
            if flow is not None:
                hold.release(flow, {f"connection:{connection.name}"})
