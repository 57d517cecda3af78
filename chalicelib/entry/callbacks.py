"""Webhooks that are registered for each customer: their addresses, their handshakes, and their daily repair.

An address holds a token that nobody can guess. A vendor asks whether it is ours by sending a code there; that may come
before we know of the registration, so the code is put aside by the vendor's own id, and only a code that the vendor
then takes back is kept: from then on it is the secret by which this webhook is signed. What is lost, doubled or at an
old address is set right once a day (`callback_care.py`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

from chalicelib.engine import due
from chalicelib.engine import setup as setups
from chalicelib.engine.connection import Connection
from chalicelib.engine.engine import Engine
from chalicelib.engine.errors import ConnectorError
from chalicelib.engine.hints import Handshake, OwnHooks
from chalicelib.engine.ports import Conflict, Item, Put
from chalicelib.engine.records import Json
from chalicelib.entry.callback_care import HOOK, OFFER, WAITS, Care, Place, at

OFFER_LIVES = timedelta(days=1)
WORK_TAKES = timedelta(minutes=3)  # longer than any job runs


# ---------------------------------------------------------------------------------------------- at the door


def offered(engine: Engine, place: Place, noun: str, handshake: Handshake) -> None:
    """Put a handshake's code aside for the job that hands it back. A forged one beside it hides none."""
    mark = hashlib.sha256(handshake.code.encode()).hexdigest()[:16]
    until = int((engine.clock.now() + OFFER_LIVES).timestamp())
    item = Item(
        pk=place.pk,
        sk=f"{OFFER}{handshake.id}#{mark}",
        body={"id": handshake.id, "noun": noun},
        blob=engine.vault.seal(handshake.code.encode(), context=place.context),
        expires_at=until,
    )
    engine.store.write([Put(item, guarded=False)])
    _send(engine, "handshake", place.tenant, place.name)


def signer(
    engine: Engine, place: Place, noun: str, *, hooks: OwnHooks, headers: Mapping[str, str], body: bytes
) -> Connection | None:
    """The connection whose webhook it is, when one of its secrets signed it: most likely one of that address."""
    for row in sorted(place.having(HOOK), key=lambda row: row.body["noun"] != noun):
        if row.blob is not None and hooks.is_theirs(headers, body, place.unsealed(engine, row)):
            return _connection(engine, place.tenant, place.name)
    return None


# ---------------------------------------------------------------------------------------------- the jobs


def begin(engine: Engine, connection: Connection, service: str) -> None:
    """Give the connection its address at the service; the token stays the same for life."""
    if engine.load_system(connection.system).own_hooks is None or not service:
        return
    key = _key(connection.tenant, connection.name)
    known = engine.store.get([key]).get(key) or Item(*key)
    token = str(known.body.get("token") or engine.clock.token().rstrip("="))
    owner: Json = {"system": connection.system, "tenant": connection.tenant, "connection": connection.name}
    writes = [
        Put(replace(known, body={**known.body, "token": token, "service": service})),
        Put(Item(pk=f"W#{token}", sk="CONNECTION", body=owner), guarded=False),
    ]
    with suppress(Conflict):  # another consent for the same connection, at this moment
        engine.store.write(writes)


def ask(engine: Engine, connection: Connection) -> None:
    """Have the webhooks of a connection that works looked after."""
    if engine.load_system(connection.system).own_hooks is not None:
        _send(engine, "callbacks", connection.tenant, connection.name)


def shake_hands(engine: Engine, job: Json) -> None:
    """The job {"job": "handshake", "tenant", "connection"}: hand back the codes that were put aside."""
    found = _found(engine, job)
    if found is None:
        return
    connection, hooks, place, _ = found
    try:
        Care(engine, engine.line(connection), hooks, place).hand_back()
    except ConnectorError:
        due.watch_access(engine, connection.tenant, connection.name, engine.clock.now() + WAITS)


def run(engine: Engine, job: Json) -> None:
    """The job {"job": "callbacks", "tenant", "connection"}: all webhooks that should be there are, once and working."""
    found = _found(engine, job)
    if found is None:
        return
    connection, hooks, place, mark = found
    leased = _lease(engine, mark)
    if leased is None:
        return
    try:
        is_settled = Care(engine, engine.line(connection), hooks, place).repair(str(mark.body["service"]))
    except ConnectorError:
        is_settled = False  # whatever keeps us from asking keeps the flows too, and is told by them
    if not is_settled:
        due.watch_access(engine, connection.tenant, connection.name, engine.clock.now() + WAITS)
    with suppress(Conflict):
        body = {name: value for name, value in leased.body.items() if name != "busy_until"}
        engine.store.write([Put(replace(leased, body=body))])


# ---------------------------------------------------------------------------------------------- inside


def _found(engine: Engine, job: Json) -> tuple[Connection, OwnHooks, Place, Item] | None:
    """The connection, if it works and has an address of its own, with the item that keeps that."""
    connection = _connection(engine, str(job["tenant"]), str(job["connection"]))
    hooks = engine.load_system(connection.system).own_hooks if connection else None
    if connection is None or hooks is None or connection.unconfirmed:
        return None
    key = _key(connection.tenant, connection.name)
    mark = engine.store.get([key]).get(key)
    place = at(engine, connection.system, str(mark.body["token"])) if mark else None
    return (connection, hooks, place, mark) if mark and place else None


def _lease(engine: Engine, mark: Item) -> Item | None:
    """One at a time, or two would register the same twice. None when another is at it."""
    until, now = mark.body.get("busy_until"), engine.clock.now()
    if until and datetime.fromisoformat(str(until)) > now:
        return None
    leased = replace(mark, body={**mark.body, "busy_until": (now + WORK_TAKES).isoformat()})
    try:
        engine.store.write([Put(leased)])
    except Conflict:
        return None
    return replace(leased, version=mark.version + 1)


def _key(tenant: str, name: str) -> tuple[str, str]:
    return setups.pk(tenant), f"HOOKS#{name}"


def _connection(engine: Engine, tenant: str, name: str) -> Connection | None:
    at_ = (setups.pk(tenant), f"CONNECTION#{name}")
    item = engine.store.get([at_]).get(at_)
    return setups.read_connection(tenant, item) if item else None


def _send(engine: Engine, job: str, tenant: str, name: str) -> None:
    engine.queue.send("jobs", [json.dumps({"job": job, "tenant": tenant, "connection": name})], group=tenant)
