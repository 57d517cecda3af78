"""Jobs that must happen: kept as due rows, in the same write as what they follow from, so that a crash loses none.

Each is also queued at once; the tick queues again what is still there when its time comes. Whoever does the job claims
the row first, so that repeated messages do it once, and removes it when it is done.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from chalicelib.engine.errors import TryAgain, Unknown
from chalicelib.engine.ports import Conflict, Delete, Item, Put
from chalicelib.engine.records import Json

if TYPE_CHECKING:
    from chalicelib.engine.engine import Engine

SHARDS = 16
CLAIMED = timedelta(minutes=3)  # longer than a job may run


def row_key(tenant: str, name: str) -> tuple[str, str]:
    """The due row of a connection ("c#"), a schedule ("f#"), access ("a#"), a notice ("n#") or the digest ("g#")."""
    return f"DUE#{sum(f'{tenant}#{name}'.encode()) % SHARDS}", f"{tenant}#{name}"


def row(tenant: str, name: str, job: Json, *, at: datetime) -> Put:
    """The write that keeps a job; `at` is when the tick queues it."""
    pk, sk = row_key(tenant, name)
    return Put(Item(pk=pk, sk=sk, body={"tenant": tenant, "job": job, "at": at.isoformat()}))


def send(engine: Engine, rows: Sequence[Put]) -> None:
    """Queue kept jobs at once. Where that does not come through, the tick does it."""
    for put in rows:
        with suppress(TryAgain, Unknown):
            _queue(engine, put.item)


def hand_over(engine: Engine, found: Item) -> None:
    """The row's time has come: queue its job. Of two ticks, one does."""
    at = engine.clock.now() + engine.pace.queued
    try:
        engine.store.write([Put(replace(found, body={**found.body, "at": at.isoformat()}))])
    except Conflict:
        return
    send(engine, [Put(found)])


def look(engine: Engine, job: Json) -> Item | None:
    """The row behind a job's message; None when it is done already."""
    key = (str(job["pk"]), str(job["sk"]))
    return engine.store.get([key]).get(key)


def claim(engine: Engine, job: Json) -> Item | None:
    """The row, ours for a while; None when it is done, somebody is at it, or its next try is not due yet."""
    found, now = look(engine, job), engine.clock.now()
    if found is None or str(found.body.get("until") or "") > now.isoformat():
        return None
    return put_off(engine, found, now + CLAIMED)


def put_off(engine: Engine, found: Item, until: datetime, **changes: object) -> Item | None:
    """Nobody takes the job before then; `changes` go into it. None when somebody else has the row."""
    job = {**_job(found), **changes}
    body: Json = {**found.body, "job": job, "at": until.isoformat(), "until": until.isoformat()}
    put = Put(replace(found, body=body))
    try:
        engine.store.write([put])
    except Conflict:
        return None
    return replace(put.item, version=found.version + 1)


def done(found: Item) -> Delete:
    return Delete(found.pk, found.sk)


def _queue(engine: Engine, found: Item) -> None:
    tenant = str(found.body["tenant"])
    message: Json = {"job": _job(found)["job"], "tenant": tenant, "pk": found.pk, "sk": found.sk}
    engine.queue.send("jobs", [json.dumps(message)], group=tenant)


def _job(found: Item) -> Json:
    job = found.body["job"]
    assert isinstance(job, dict)
    return job
