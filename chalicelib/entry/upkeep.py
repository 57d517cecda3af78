"""Connections that need a look now and then, whatever their flows do; a job looks at each at least once a day.

Access that ends by itself (a refresh token that nobody uses dies after some months, a consent after some years) is
renewed long before it lapses unused, and announced before its last day. Of a side that calls us and is late, people are
told once; nothing fails for it.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta

from chalicelib.engine import due, notices, parked
from chalicelib.engine import setup as setups
from chalicelib.engine.caller import Sight
from chalicelib.engine.connection import Connection
from chalicelib.engine.engine import Engine
from chalicelib.engine.grants import last_moment
from chalicelib.engine.ports import Conflict, Item, Put
from chalicelib.engine.records import Json
from chalicelib.engine.setup import Health
from chalicelib.entry import callbacks, ping

KEEP_ALIVE = timedelta(days=28)
FIRST_WARNING = timedelta(days=30)
WARNINGS = (FIRST_WARNING, timedelta(days=7), timedelta(days=1))
SAME_END = timedelta(days=1)  # two answers of a vendor name the same end some seconds apart


def run(engine: Engine, job: Json) -> None:
    """The job {"job": "look_after", "tenant", "connection"}."""
    tenant, name = str(job["tenant"]), str(job["connection"])
    at = (setups.pk(tenant), f"CONNECTION#{name}")
    item = engine.store.get([at]).get(at)
    if item is None:
        return
    connection = setups.read_connection(tenant, item)
    caller = engine.load_system(connection.system).caller
    if caller is not None:
        due.watch_access(engine, tenant, name, _heard_of(engine, connection, caller.seen(engine, connection)))
        return
    grant = _grant(engine, connection)
    if grant is not None and not connection.unconfirmed and _idle(grant, engine.clock.now()):
        ping.ping(engine, connection)
        grant = _grant(engine, connection)
    ends = last_moment(grant)
    if ends is not None:
        days = (ends - engine.clock.now()).days
        engine.metrics.count("DaysOfAccessLeft", max(days, 0), system=connection.system)
        _warn(engine, connection, ends)
    # Before its own work: what it finds unfinished is looked at sooner.
    due.watch_access(engine, tenant, name, _next_look(ends, engine.clock.now()))
    callbacks.run(engine, {"tenant": tenant, "connection": name})


def warning(engine: Engine, connection: Connection, ends: datetime) -> dict[str, str]:
    title = engine.load_system(connection.system).title
    return {
        "message": f"The access of {connection.name} to {title} ends on {ends:%Y-%m-%d at %H:%M} UTC.",
        "fix": f"An admin runs `mlc connect {connection.name}` before that day, and a person who may consents anew. "
        "Mappings, links and flows stay as they are.",
    }


# ---------------------------------------------------------------------------------------------- inside


def _grant(engine: Engine, connection: Connection) -> Item | None:
    at = (engine.grant_pk(connection), "GRANT")
    return engine.store.get([at]).get(at)


def _idle(grant: Item, now: datetime) -> bool:
    """Every renewal renews the refresh token's time; a grant from before this was noted counts as idle."""
    renewed = grant.body.get("renewed_at")
    return not renewed or datetime.fromisoformat(str(renewed)) + KEEP_ALIVE <= now


def _warn(engine: Engine, connection: Connection, ends: datetime) -> None:
    """Once for each step, however often it is looked at."""
    left = ends - engine.clock.now()
    steps = [step.days for step in WARNINGS if left <= step]
    if not steps or left <= timedelta(0):
        return
    at = (setups.pk(connection.tenant), f"ENDS#{connection.name}")
    known = engine.store.get([at]).get(at) or Item(pk=at[0], sk=at[1])
    if known.version:
        same = abs(datetime.fromisoformat(str(known.body["ends"])) - ends) < SAME_END
        if same and int(str(known.body["told"])) <= min(steps):
            return
    body: Json = {"ends": ends.isoformat(), "told": min(steps)}
    said = warning(engine, connection, ends)
    subject = f"{connection.name} ({connection.tenant}): access ends in {max(left.days, 1)} days"
    text = f"{said['message']}\n\nWhat to do: {said['fix']}"
    told = Put(Item(pk=at[0], sk=at[1], body=body, version=known.version))
    with suppress(Conflict):  # told by another worker
        notices.tell(engine, connection.tenant, subject, text, ops=[told])


def _next_look(ends: datetime | None, now: datetime) -> datetime:
    steps = [ends - step for step in WARNINGS if ends - step > now] if ends else []
    return min([now + due.LOOK_AFTER, *steps])


def _heard_of(engine: Engine, connection: Connection, sight: Sight) -> datetime:
    """Note whether the other side is late; when to look again."""
    now = engine.clock.now()
    if sight.at and _is_missed(engine, connection):
        silent = now - datetime.fromisoformat(sight.at)
        engine.metrics.count("SecondsSinceSeen", silent.total_seconds(), system=connection.system)
        if sight.late_at is not None and sight.late_at <= now:
            engine.metrics.count("LateCallers", system=connection.system)
            _late(engine, connection, sight)
    if sight.late_at is None or sight.late_at > now:
        engine.called(connection)  # it called at the very moment when it was noted as late
    soonest, latest = now + due.LOOK_AGAIN, now + due.LOOK_AFTER
    return min(max(sight.late_at or latest, soonest), latest)


def _late(engine: Engine, connection: Connection, sight: Sight) -> None:
    """People are told as of any other trouble: once. What they were told before of the connection still stands."""
    key = setups.health_key(connection.tenant, connection.name)
    if setups.read_health(engine.store.get([key]).get(key)).state in ("untried", "ok"):
        engine.note_health(connection, Health(state="late", message=sight.late, fix=sight.late_fix))


def _is_missed(engine: Engine, connection: Connection) -> bool:
    """Whether a live flow goes there, or something waits for it."""
    tenant, name = connection.tenant, connection.name
    flows = setups.flows(engine.store, tenant).values()
    if any(setup.state == "live" and name in (setup.source, setup.target) for setup in flows):
        return True
    return bool(due.in_outbox(engine, tenant, name, limit=1) or parked.jobs(engine, tenant, name, limit=1))
