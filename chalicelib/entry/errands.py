"""Errands: what a caller asked for that needs a secret, so that a job does it; and what came of it.

The function behind the API may write secrets and not read them. So it leaves an errand in the table and its key in the
queue; the job writes the answer beside it, and the caller comes back for that.
"""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Literal

from chalicelib.engine.engine import Engine
from chalicelib.engine.ports import Item, Put
from chalicelib.engine.records import Json
from chalicelib.engine.setup import pk

Kind = Literal["ping", "resolve", "notice_test", "reconcile", "dead"]

KEPT = timedelta(days=1)
KEPT_LONGER = timedelta(days=7)  # what somebody may have to show
_ID = re.compile(r"[A-Za-z0-9_-]{16,64}")


def send(engine: Engine, kind: Kind, tenant: str, job: Json) -> str:
    """Queue the errand; returns the id under which its answer will lie."""
    errand = engine.clock.token().rstrip("=")
    engine.store.write([Put(_item(engine, kind, tenant, errand, {**job, "state": "queued"}), guarded=False)])
    whole: Json = {"job": kind, "tenant": tenant, "id": errand, **job}
    engine.queue.send("jobs", [json.dumps(whole)], group=tenant)
    return errand


def settle(engine: Engine, kind: Kind, job: Json, answer: Json) -> None:
    """Write down what came of it; a job that is run twice writes it twice."""
    asked = {name: value for name, value in job.items() if name not in {"job", "tenant", "id"}}
    body: Json = {**asked, **answer, "state": "done"}
    item = _item(engine, kind, str(job["tenant"]), str(job["id"]), body)
    engine.store.write([Put(item, guarded=False)])


def look(engine: Engine, kind: Kind, tenant: str, errand: str) -> Json | None:
    """The errand as it stands; None when there is none of that id."""
    if not _ID.fullmatch(errand):
        return None
    key = (pk(tenant), f"{kind.upper()}#{errand}")
    item = engine.store.get([key]).get(key)
    return item.body if item else None


def _item(engine: Engine, kind: Kind, tenant: str, errand: str, body: Json) -> Item:
    until = int((engine.clock.now() + (KEPT_LONGER if kind == "reconcile" else KEPT)).timestamp())
    return Item(pk=pk(tenant), sk=f"{kind.upper()}#{errand}", body=body, expires_at=until)
