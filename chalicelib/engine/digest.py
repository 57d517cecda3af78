"""When a customer's daily digest comes: once a day at the local time, whatever the clocks there do."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from chalicelib.engine import outbox
from chalicelib.engine.engine import Engine
from chalicelib.engine.notices import Settings
from chalicelib.engine.ports import Delete, Item, Op, Put
from chalicelib.engine.records import Json

ROW = "g#"


def next_moment(settings: Settings, after: datetime) -> datetime:
    """The first moment after `after` that is that time of a day there.

    A time that the clocks skip comes an hour later by them; of one that they show twice, the first counts.
    """
    zone, at = ZoneInfo(settings.zone), time.fromisoformat(settings.digest)
    day = after.astimezone(zone).date()
    while True:
        moment = datetime.combine(day, at, tzinfo=zone).astimezone(UTC)
        if moment > after:
            return moment
        day += timedelta(days=1)


def row_key(tenant: str) -> tuple[str, str]:
    return outbox.row_key(tenant, ROW)


def schedule(engine: Engine, settings: Settings) -> Op:
    """The write that has the digest come from now on, or no more."""
    key, now = row_key(settings.tenant), engine.clock.now()
    found = engine.store.get([key]).get(key)
    if not settings.digest:
        return Delete(*key)
    since = str(job_of(found)["since"]) if found else now.isoformat()
    return due(settings, found or Item(*key), since=since, now=now)


def due(settings: Settings, row: Item, *, since: str, now: datetime) -> Put:
    """The row of the next digest, which tells of what happened from `since` on."""
    moment = next_moment(settings, now).isoformat()
    job: Json = {"job": "digest", "moment": moment, "since": since}
    return Put(Item(row.pk, row.sk, body={"tenant": settings.tenant, "job": job, "at": moment}, version=row.version))


def job_of(row: Item) -> Json:
    job = row.body["job"]
    assert isinstance(job, dict)
    return job
