"""Runs: one pass of one flow at a time. A second wish while one is under way is the same run."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from datetime import datetime, timedelta

from chalicelib.engine import restored
from chalicelib.engine.engine import Engine, OpenFlow
from chalicelib.engine.ports import Conflict, Item, Put
from chalicelib.engine.records import Json, fingerprint
from chalicelib.engine.setup import FlowSetup, pk
from chalicelib.engine.usage import Count

log = logging.getLogger("mlc")

SILENT = timedelta(minutes=10)  # a run that queued no step for so long lost its message
PAUSED = "The flow was paused."
TRIES = 5


def start(engine: Engine, flow: OpenFlow, *, full: bool = False) -> str:
    """Begin a run: its first step is queued. A run in progress is joined instead, unless `full` asks for more than it
    reads: then the new one takes its place. Returns the run's id."""
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
        run = _id(now, item)
        body: Json = {
            "id": run,
            "state": "running",
            "started_at": now.isoformat(),
            "beat_at": now.isoformat(),
            "full": full,
        }
        try:
            engine.store.write([Put(replace(item, body=body)), _history(setup, body), *_cut_off(setup, item, now)])
        except Conflict:
            continue
        return run, True
    return run, False


def current(engine: Engine, setup: FlowSetup, run: str) -> Item | None:
    """The run, for its next step; None when it is over or another one took its place: then it has no next step."""
    item = _item(engine, setup)
    return item if item.body.get("id") == run and item.body.get("state") == "running" else None


def heartbeat(engine: Engine, item: Item) -> None:
    """Show that the run goes on; at most one write a minute."""
    now = engine.clock.now()
    if datetime.fromisoformat(str(item.body["beat_at"])) + timedelta(minutes=1) > now:
        return
    try:
        engine.store.write([Put(replace(item, body={**item.body, "beat_at": now.isoformat()}))])
    except Conflict:
        return


def parked(engine: Engine, setup: FlowSetup, run: str) -> list[Put]:
    """The write by which a run waits for its source to call: it is under way however long that takes."""
    item = _item(engine, setup)
    return [Put(replace(item, body={**item.body, "parked": True}))] if item.body.get("id") == run else []


def finish(engine: Engine, setup: FlowSetup, run: str, *, trouble: str = "", used: Count = (0, 0)) -> None:
    """The run is over, `stopped` where there was trouble; `used` are the calls and metered reads of all its steps."""
    for _ in range(TRIES):
        item = _item(engine, setup)
        if item.body.get("id") != run:
            return
        state = "stopped" if trouble else "finished"
        ended: Json = {"state": state, "ended_at": engine.clock.now().isoformat(), "trouble": trouble}
        body: Json = {**item.body, **ended, "calls": used[0], "metered_reads": used[1]}
        try:
            engine.store.write([Put(replace(item, body=body)), _history(setup, body)])
        except Conflict:
            continue
        told = {"tenant": setup.tenant, "flow": setup.name, "run": run, "state": state, "trouble": trouble}
        told |= {"correlation": correlation(setup, run)}
        log.info("a run ended", extra={**told, "calls": used[0], "metered_reads": used[1]})
        if setup.restored and state == "finished":
            restored.read_over(engine.store, setup, engine.clock.now())
        return


def latest(engine: Engine, setup: FlowSetup) -> Json:
    """The current or last run: id, state (running, finished, stopped), started_at, and once it is over ended_at,
    trouble, calls, metered_reads; {} before any."""
    return _item(engine, setup).body


def finished_since(engine: Engine, setup: FlowSetup, moment: datetime) -> bool:
    """Whether a run came to its end after that moment, without trouble."""
    run = latest(engine, setup)
    return run.get("state") == "finished" and datetime.fromisoformat(str(run["ended_at"])) >= moment


def resume(flow: OpenFlow) -> None:
    """A run that a pause had stopped is begun again; what it kept so far stays kept."""
    run = latest(flow.engine, flow.setup)
    if run.get("trouble") == PAUSED:
        start(flow.engine, flow, full=bool(run.get("full")))


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


def correlation(setup: FlowSetup, run: str) -> str:
    """By what the log and the trails name the run, over all customers; short, for it stands on every head."""
    return f"run:{fingerprint([setup.tenant, setup.name, run])[:16]}"


def _under_way(item: Item, now: datetime) -> bool:
    if item.body.get("state") != "running":
        return False
    return bool(item.body.get("parked")) or datetime.fromisoformat(str(item.body["beat_at"])) + SILENT > now


def _id(now: datetime, before: Item) -> str:
    """The moment; never that of the run before, so that each has a record of its own."""
    run = now.isoformat(timespec="milliseconds")
    return run if run != before.body.get("id") else (now + timedelta(milliseconds=1)).isoformat(timespec="milliseconds")


def _cut_off(setup: FlowSetup, before: Item, now: datetime) -> list[Put]:
    """The record of the run whose place is taken, where it had not ended."""
    if before.body.get("state") != "running":
        return []
    ended: Json = {"state": "stopped", "ended_at": now.isoformat(), "trouble": "Another run took its place."}
    return [_history(setup, {**before.body, **ended})]


def _item(engine: Engine, setup: FlowSetup) -> Item:
    key = (pk(setup.tenant), f"LATEST#{setup.name}")
    return engine.store.get([key]).get(key) or Item(pk=key[0], sk=key[1])


def _history(setup: FlowSetup, body: Json) -> Put:
    return Put(Item(pk=pk(setup.tenant), sk=f"RUN#{setup.name}#{body['id']}", body=body), guarded=False)
