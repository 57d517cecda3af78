"""After the table was put back to an earlier moment: no flow writes before it has looked at what is there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from chalicelib.aws.dynamo import DynamoStore
from chalicelib.engine import restored
from chalicelib.engine import setup as setups
from chalicelib.engine.ports import Store
from infra.cloud import Cloud

MARGIN = "a moment with its time zone, such as 2027-01-31T06:00:00Z, and not one to come"


def mark_restored(cloud: Cloud, at: str) -> Iterator[str]:
    """Pause every flow of every customer and note the moment; yields a line for each. May be run again."""
    store = DynamoStore(f"mlc-{cloud.stage}", region=cloud.region, endpoint_url=cloud.endpoint_url)
    return mark_all(store, read_moment(at, now=datetime.now(UTC)), now=datetime.now(UTC))


def mark_all(store: Store, to: datetime, *, now: datetime) -> Iterator[str]:
    for tenant in _tenants(store):
        for setup in setups.flows(store, tenant).values():
            done = restored.mark(store, setup, to=to, now=now)
            yield f"{tenant} {setup.name}: {'paused' if done else 'was marked already'}"


def read_moment(text: str, *, now: datetime) -> datetime:
    """Raises ValueError for what is no moment that the table could have been put back to."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"--at {text}: {MARGIN}.") from None
    if moment.tzinfo is None or moment > now:
        raise ValueError(f"--at {text}: {MARGIN}.")
    return moment.astimezone(UTC)


def _tenants(store: Store) -> Iterator[str]:
    cursor = None
    while True:
        rows = store.query("TENANTS", prefix="TENANT#", limit=200, cursor=cursor)
        yield from (str(item.body["name"]) for item in rows.items)
        cursor = rows.cursor
        if cursor is None:
            return
