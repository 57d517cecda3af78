"""Runs: one pass of one flow at a time. A second wish while one is under way is the same run."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta

from chalicelib.engine.engine import Engine, OpenFlow
from chalicelib.engine.ports import Conflict, Item, Put
from chalicelib.engine.records import Json
from chalicelib.engine.setup import FlowSetup, pk

SILENT = timedelta(minutes=10)  # a run that queued no step for so long lost its message
TRIES = 5


def start(engine: Engine, flow: OpenFlow, *, full: bool = False) -> str:
    """Begin a run: its first step is queued. A run in progress is joined instead. Returns the run's id."""
    run, fresh = begin(engine, flow.setup, full=full)
    if fresh:
        job: Json = {"tenant": flow.setup.tenant, "flow": flow.setup.name, "run": run, "move": "", "full": full}
        engine.queue.send("poll", [json.dumps(job)], group=flow.setup.tenant)
    return run


def begin(engine: Engine, setup: FlowSetup, *, full: bool) -> tuple[str, bool]:
    """The id of the run, and whether it is a new one."""
    for _ in range(TRIES):
        now = engine.clock.now()
        item = _item(engine, setup)
        if _under_way(item, now) and not (full and not item.body.get("full")):
            return str(item.body["id"]), False
        run = now.isoformat(timespec="milliseconds")
        body: Json = {
            "id": run,
            "state": "running",
            "started_at": now.isoformat(),
            "beat_at": now.isoformat(),
            "full": full,
        }
        try:
            engine.store.write([Put(replace(item, body=body)), _history(setup, body)])
        except Conflict:
            continue
        return run, True
    return run, False


def heartbeat(engine: Engine, setup: FlowSetup, run: str) -> None:
    """Show that the run goes on; at most one write a minute."""
    item = _item(engine, setup)
    now = engine.clock.now()
    if item.body.get("id") != run or datetime.fromisoformat(str(item.body["beat_at"])) + timedelta(minutes=1) > now:
        return
    try:
        engine.store.write([Put(replace(item, body={**item.body, "beat_at": now.isoformat()}))])
    except Conflict:
        return


def finish(engine: Engine, setup: FlowSetup, run: str, *, trouble: str = "") -> None:
    for _ in range(TRIES):
        item = _item(engine, setup)
        if item.body.get("id") != run:
            return
        state = "stopped" if trouble else "finished"
        body: Json = {**item.body, "state": state, "ended_at": engine.clock.now().isoformat(), "trouble": trouble}
        try:
            engine.store.write([Put(replace(item, body=body)), _history(setup, body)])
        except Conflict:
            continue
        return


def latest(engine: Engine, setup: FlowSetup) -> Json:
    """The current or last run: id, state (running, finished, stopped), started_at, ended_at, trouble; {} before any."""
    return _item(engine, setup).body


def under_way(engine: Engine, setup: FlowSetup) -> bool:
    return _under_way(_item(engine, setup), engine.clock.now())


def take_up(flow: OpenFlow) -> None:
    """A start or another cut-over lets records go by a job; if that never came to an end, it is queued again here."""
    engine, setup = flow.engine, flow.setup
    if owes(engine, setup):
        not_moved = _known(engine, setup).get("cut_over") != setup.cut_over.isoformat()
        job: Json = {"job": "restart", "tenant": setup.tenant, "flow": setup.name, "not_moved": not_moved}
        engine.queue.send("jobs", [json.dumps(job)], group=setup.tenant)


def taken_up(engine: Engine, setup: FlowSetup) -> None:
    """Every record has been let go that this state and cut-over of the flow let go."""
    engine.store.write([taken_put(setup)])


def taken_put(setup: FlowSetup) -> Put:
    """The write behind `taken_up`: a new flow has nothing to let go."""
    pk_, sk = _taken_key(setup)
    return Put(Item(pk=pk_, sk=sk, body=_taken(setup)), guarded=False)


def owes(engine: Engine, setup: FlowSetup) -> bool:
    """Whether a start or another cut-over still has records to let go."""
    return setup.state != "paused" and _known(engine, setup) != _taken(setup)


def _known(engine: Engine, setup: FlowSetup) -> Json:
    """What was taken up last; a flow begins with its rehearsal."""
    key = _taken_key(setup)
    item = engine.store.get([key]).get(key)
    return item.body if item else {"state": "rehearsing", "cut_over": setup.cut_over.isoformat()}


def _taken_key(setup: FlowSetup) -> tuple[str, str]:
    return pk(setup.tenant), f"TAKEN#{setup.name}"


def _taken(setup: FlowSetup) -> Json:
    return {"state": setup.state, "cut_over": setup.cut_over.isoformat()}


def _under_way(item: Item, now: datetime) -> bool:
    beat = item.body.get("beat_at")
    return item.body.get("state") == "running" and datetime.fromisoformat(str(beat)) + SILENT > now


def _item(engine: Engine, setup: FlowSetup) -> Item:
    key = (pk(setup.tenant), f"LATEST#{setup.name}")
    return engine.store.get([key]).get(key) or Item(pk=key[0], sk=key[1])


def _history(setup: FlowSetup, body: Json) -> Put:
    return Put(Item(pk=pk(setup.tenant), sk=f"RUN#{setup.name}#{body['id']}", body=body), guarded=False)
