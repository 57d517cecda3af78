"""One pass of a flow: the target's lists, then one page of a source's change list at a time."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import partial

from chalicelib.engine import brake, ledger, look, notice, parked, references, runs
from chalicelib.engine.engine import Engine, OpenFlow
from chalicelib.engine.errors import Held, Later, LockedOut, TryAgain, Unknown
from chalicelib.engine.flow import Move
from chalicelib.engine.hold import release, repair
from chalicelib.engine.ports import Conflict, Put, Source
from chalicelib.engine.records import Json, Page

READS = 3  # of one page, where the source does not say when to come again
MOST_PAGES = 20_000  # of one listing; a list longer than this never ends by itself


def step(engine: Engine, job: Json) -> None:
    """One queued step of a run: the target's lists first, then a page of one move; the next step is queued."""
    try:
        following = advance(engine, job)
    except Later:
        parked.park(engine, job)
        return
    if following is not None:
        engine.queue.send("poll", [json.dumps(following)], group=str(job["tenant"]))


def advance(engine: Engine, job: Json, source: Source | None = None) -> Json | None:
    """Do a step; the one after it, None when the run is over. Raises Later when the source has to be asked first.

    Nothing comes of the step of a run that is over: its message came twice, or another run took its place.
    """
    flow = engine.open(str(job["tenant"]), str(job["flow"]), move=str(job["move"] or job.get("side") or ""))
    run = str(job["run"])
    current = runs.current(engine, flow.setup, run) if flow is not None else None
    if flow is None or current is None:
        return None
    if source is not None:
        flow.hear(source)
    flow.correlation = runs.correlation(flow.setup, run)
    following, trouble = _advanced(flow, job)
    if following is None and not trouble and flow.next_side:
        following = {name: value for name, value in job.items() if name != "look"}
        following |= {"move": "", "side": flow.next_side, "token": None}
    calls, metered = flow.used
    used = int(str(job.get("calls", 0))) + calls, int(str(job.get("metered", 0))) + metered
    if following is None:
        runs.finish(engine, flow.setup, run, trouble=trouble, used=used)
        return None
    runs.heartbeat(engine, current)
    return following | {"calls": used[0], "metered": used[1]}


def _advanced(flow: OpenFlow, job: Json) -> tuple[Json | None, str]:
    """Do the step. The next one, if there is one; and what stopped the run, if something did."""
    engine, now = flow.engine, flow.engine.clock.now()
    if flow.setup.state == "paused":
        return None, runs.PAUSED
    if flow.source_health.locked(now) or (not job["move"] and flow.target_health.locked(now)):
        return None, flow.source_health.message or "locked out"
    at_work = (flow.source, flow.source_health) if job["move"] else (flow.target, flow.target_health)
    try:
        following = _following(flow, job)
    except LockedOut as lockout:
        engine.locked_out(at_work[0], lockout)
        return None, _braked(flow, job) or lockout.message
    except (TryAgain, Unknown) as trouble:
        # The listing begins again from its watermark at the next run; what was kept so far stays kept.
        return None, _braked(flow, job) or trouble.message
    except Held as held:
        return None, f"{held.message} {held.fix}"
    if flow.used[0]:  # a step that called nobody says nothing about them
        engine.works(*at_work)
    return following, ""


def _braked(flow: OpenFlow, job: Json) -> str:
    """A run that did not come to its end: what it stirred so far goes on, unless that is too much."""
    try:
        brake.conclude(flow, job)
    except Held as held:
        return held.message
    return ""


def _following(flow: OpenFlow, job: Json) -> Json | None:
    """Do the step that the job names; the job of the step after it, None at the end of the run."""
    if not job["move"]:
        return _prepare(flow, job)
    if "look" in job:
        return look.step(flow, job)
    began = flow.engine.clock.now()
    following, goes_on = _page(flow, job, began)
    with suppress(Later):  # what has to be asked for first is a step of its own
        while following is not None and goes_on:
            following, goes_on = _page(flow, following, began)
    return following or look.begin(flow, job)


def _prepare(flow: OpenFlow, job: Json) -> Json | None:
    """Re-read the target's lists that are old or that holds wait for, and let go what can go."""
    engine = flow.engine
    runs.take_up(flow)
    kinds = flow.flow.lists(flow.policies)
    waiting = references.waited_for(repair(flow))
    old = set(references.older_than(flow, kinds, engine.clock.now() - engine.pace.references))
    for kind in sorted(set(kinds) & (waiting | old)):
        with suppress(Later):  # it is read once the target calls, and lets go then
            if references.refresh(flow, kind):
                release(flow, {f"{references.AWAITED}{kind}"})
    for kind in sorted(kind for kind in waiting if kind.partition("@")[0] in flow.flow.placed and "@" in kind):
        with suppress(Held):  # a closed place keeps its own records waiting, and no others
            if references.refresh(flow, kind):
                release(flow, {f"{references.AWAITED}{kind}"})
    wanted = flow.flow.wanted(flow.policies)
    return {**job, "move": wanted[0].name, "token": None, "pages": 0} if wanted else None


def _read(flow: OpenFlow, job: Json, move: Move, watermark: str | None) -> Page:
    """One page. A source that stumbles is asked again before a long list is begun anew for it."""
    clock, token = flow.engine.clock, str(job["token"]) if job.get("token") else None
    read = partial(
        flow.source_end.page, move.source.split(".", 1)[1], watermark=watermark, token=token, full=bool(job.get("full"))
    )
    for tries in range(READS - 1):
        try:
            return read()
        except TryAgain as stumbled:
            if stumbled.after is not None:
                raise
            clock.sleep(2**tries * (0.5 + clock.chance()))
    return read()


def _page(flow: OpenFlow, job: Json, began: datetime) -> tuple[Json | None, bool]:
    """One page of one move; the job of what follows, and whether it is done in this step.

    A short list that brought its documents took little time, and what its source heard of the next kind is at hand.
    """
    engine, setup = flow.engine, flow.setup
    move = flow.flow.move(str(job["move"]))
    assert move is not None
    cursor = ledger.cursor(engine.store, setup.tenant, setup.name, move.name)
    watermark = cursor.body.get("watermark")
    page = _read(flow, job, move, str(watermark) if watermark else None)
    stirred = brake.Stirred.of(job)
    notice.keep_rows(flow, move, page.rows, began=began, run=str(job["run"]), stirred=stirred)
    seen = int(str(job.get("seen") or 0)) + len(page.rows)
    job = {**job, "stirred": stirred.json(), "seen": seen}
    pages = int(str(job.get("pages") or 0)) + 1
    if page.next is not None and pages < MOST_PAGES:
        return {**job, "token": page.next, "pages": pages}, False
    if page.watermark is not None and page.watermark != watermark:
        gap: Json = {"gap": True} if page.gap or cursor.body.get("gap") else {}
        with suppress(Conflict):  # another run of this flow moved it; both had kept all that lies before
            engine.store.write([Put(replace(cursor, body={"watermark": page.watermark, **gap}))])
    if job.get("full"):
        brake.check_listing(flow, move, seen)
    later = [m.name for m in flow.flow.wanted(flow.policies) if flow.flow.moves.index(m) > flow.flow.moves.index(move)]
    at_hand = all(row.document is not None or not row.live for row in page.rows)
    if later:
        return {**job, "move": later[0], "token": None, "pages": 0, "seen": 0}, at_hand
    brake.conclude(flow, job)
    return None, at_hand
