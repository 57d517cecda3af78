"""Access that ends by itself: renewed long before it lapses unused, and announced before its last day.

A refresh token that nobody uses dies after some months, a consent after some years. A job looks at each connection once
a day, whatever its flows do.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta

from chalicelib.engine import due, notices
from chalicelib.engine import setup as setups
from chalicelib.engine.connection import Connection
from chalicelib.engine.engine import Engine
from chalicelib.engine.grants import last_moment
from chalicelib.engine.ports import Conflict, Item, Put
from chalicelib.engine.records import Json
from chalicelib.entry import ping

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
    grant = _grant(engine, connection)
    if grant is not None and not connection.unconfirmed and _idle(grant, engine.clock.now()):
        ping.ping(engine, connection)
        grant = _grant(engine, connection)
    ends = last_moment(grant)
    if ends is not None:
        _warn(engine, connection, ends)
    due.watch_access(engine, tenant, name, _next_look(ends, engine.clock.now()))


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
