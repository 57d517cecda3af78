"""Reconcile a flow over a period: the job reads for a while, keeps where it stands, and queues its own next step."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from datetime import date, timedelta

from chalicelib.engine import survey
from chalicelib.engine.bridge import verdict
from chalicelib.engine.engine import Engine, OpenFlow
from chalicelib.engine.errors import ConnectorError, Held, LockedOut, TryAgain
from chalicelib.engine.ledger import CHUNK
from chalicelib.engine.ports import Item, Put
from chalicelib.engine.records import Json, canonical
from chalicelib.engine.setup import pk
from chalicelib.engine.survey import Progress, Survey
from chalicelib.entry import errands

PIECE = timedelta(seconds=45)  # of reading in one step; a last call may take another minute
MOST_TRIES = 5  # of one piece that does not come through
LONGEST_PAUSE = 10.0  # seconds before it is tried again


def ask(engine: Engine, flow: OpenFlow, first: date, last: date) -> str:
    """Have it done by a job; returns the errand's id."""
    wish: Json = {"flow": flow.setup.name, "from": first.isoformat(), "to": last.isoformat()}
    return errands.send(engine, "reconcile", flow.setup.tenant, {**wish, "step": 0, "tries": 0})


def run(engine: Engine, job: Json) -> None:
    """The job {"job": "reconcile", "tenant", "id", "flow", "from", "to", "step", "tries"}: one step of it."""
    tenant, errand = str(job["tenant"]), str(job["id"])
    known = errands.look(engine, "reconcile", tenant, errand)
    step = int(str(job["step"]))
    kept = _load(engine, tenant, errand, f"STEP#{step:04d}") if step else None
    flow = engine.open(tenant, str(job["flow"]), move=str(kept["move"]) if kept else "")
    if known is None or known["state"] == "done" or flow is None:
        return
    progress = Progress.read(kept) if kept else survey.begin(flow)
    tries = int(str(job["tries"]))
    try:
        _read(flow, progress, job)
    except TryAgain as trouble:
        if tries + 1 >= MOST_TRIES:
            _settle(engine, job, _incomplete(trouble.message, "Try again in some minutes."))
            return
        engine.clock.sleep(min(trouble.after or 2.0, LONGEST_PAUSE))
        tries += 1
    except ConnectorError as trouble:
        fix = trouble.fix if isinstance(trouble, Held | LockedOut) else "Try again in some minutes."
        _settle(engine, job, _incomplete(trouble.message, fix))
        return
    else:
        tries = 0
    if not progress.move:
        _settle(engine, job, _answer(engine, progress))
        return
    _save(engine, tenant, errand, f"STEP#{step + 1:04d}", progress.json())
    engine.queue.send("jobs", [json.dumps({**job, "step": step + 1, "tries": tries})], group=tenant)


def show(engine: Engine, tenant: str, errand: str) -> Json | None:
    """The errand as it stands, once done with all that was found; None when there is none of that id."""
    known = errands.look(engine, "reconcile", tenant, errand)
    if known is None or not known.get("complete"):
        return known
    return {**known, **(_load(engine, tenant, errand, "FOUND") or {})}


# ---------------------------------------------------------------------------------------------- inside


def _read(flow: OpenFlow, progress: Progress, job: Mapping[str, object]) -> None:
    """As many pieces as fit into a step. `progress` stays at the last whole one when this raises."""
    engine = flow.engine
    end = engine.clock.now() + PIECE
    for connection in (flow.source, flow.target):
        engine.check_company(connection)
    read = Survey(flow, date.fromisoformat(str(job["from"])), date.fromisoformat(str(job["to"])))
    while flow.flow.move(progress.move) and engine.clock.now() < end:  # the other side of a flow is a step of its own
        read.step(progress)


def _answer(engine: Engine, progress: Progress) -> Json:
    bridges = progress.bridges
    said = verdict(bridges.values())
    return {
        "complete": True,
        "agrees": not any(bridge.apart.count for bridge in bridges.values()),
        "verdict": said,
        "moves": {name: bridge.json() for name, bridge in bridges.items()},
        "listed": progress.listed,
        "left_out": progress.left_out,
    }


def _incomplete(why: str, fix: str) -> Json:
    message = f"The comparison could not be completed: {why} Nothing is said about differences."
    return {"complete": False, "agrees": False, "verdict": "", "message": message, "fix": fix}


def _settle(engine: Engine, job: Json, answer: Json) -> None:
    """What is large lies in chunks beside the errand."""
    large: Json = {name: answer.pop(name) for name in ("moves", "listed", "left_out") if name in answer}
    if large:
        _save(engine, str(job["tenant"]), str(job["id"]), "FOUND", large)
    asked = {name: value for name, value in job.items() if name not in ("step", "tries")}
    errands.settle(engine, "reconcile", asked, {**answer, "at": engine.clock.now().isoformat()})


def _save(engine: Engine, tenant: str, errand: str, part: str, document: Json) -> None:
    packed = gzip.compress(canonical(document).encode(), 6, mtime=0)
    until = int((engine.clock.now() + errands.KEPT_LONGER).timestamp())
    pieces = [packed[begin : begin + CHUNK] for begin in range(0, len(packed), CHUNK)]
    for n, blob in enumerate(pieces):
        body: Json = {"chunks": len(pieces)}
        item = Item(pk=_pk(tenant, errand), sk=f"{part}#{n:03d}", body=body, blob=blob, expires_at=until)
        engine.store.write([Put(item, guarded=False)])


def _load(engine: Engine, tenant: str, errand: str, part: str) -> Json | None:
    place = _pk(tenant, errand)
    first = engine.store.get([(place, f"{part}#000")]).get((place, f"{part}#000"))
    if first is None:
        return None
    keys = [(place, f"{part}#{n:03d}") for n in range(int(str(first.body["chunks"])))]
    found = engine.store.get(keys)
    read: Json = json.loads(gzip.decompress(b"".join(found[key].blob or b"" for key in keys)))
    return read


def _pk(tenant: str, errand: str) -> str:
    return f"{pk(tenant)}#RECONCILE#{errand}"
