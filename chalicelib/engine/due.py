"""What is due: records whose message was lost, never sent, or has to wait for its time; flows whose run is due; jobs.

Two levels. Records stand under their target connection, sorted by (class, moment): "a" waits for its time, "b" is
queued until then. Connections stand in 16 rows-of-rows with their earliest moment, so that a minute's tick reads those
and goes into the connections that have something due, a few hundred records each: one customer's first sync never
hides another's record.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

from chalicelib.engine import ledger, outbox, runs, schedule
from chalicelib.engine import setup as setups
from chalicelib.engine.engine import Engine, OpenFlow
from chalicelib.engine.ledger import Head, State
from chalicelib.engine.outbox import SHARDS, row_key
from chalicelib.engine.ports import Conflict, Item, Put
from chalicelib.engine.records import Json, RecordKey

LOOK_AFTER = timedelta(days=1)
BEGIN_AGAIN = timedelta(minutes=15)  # a run that was begun by schedule and did not come to its end is begun again
LOOK_AGAIN = timedelta(hours=1)  # a quiet connection is looked at this often, whatever its row says
TRIES = 5


def announce(flow: OpenFlow) -> int:
    """Make sure the tick will look at the connection in time for what is about to be kept; how many may be queued now.

    Called before the keeping: a crash in between costs a look, never a record.
    """
    engine = flow.engine
    note(engine, flow.target.tenant, flow.target.name, engine.clock.now() + engine.pace.queued)
    return _free(engine, flow.target.tenant, flow.target.name)[0]


def send(flow: OpenFlow, keys: Sequence[RecordKey]) -> None:
    if keys:
        flow.engine.queue.send(flow.writer_queue, [key.pk for key in keys], group=flow.setup.tenant)


def make_due(flow: OpenFlow, head: Head, *, after: timedelta = timedelta()) -> bool:
    """Set the record waiting and due, at once or later; the tick queues it. False if somebody moved it first."""
    engine = flow.engine
    now = engine.clock.now()
    moment = now + after
    note(engine, head.key.tenant, head.connection, moment)
    state: State = "unknown" if head.intent else "waiting"
    new = replace(head, state=state, due=("a", moment.isoformat()), updated_at=now.isoformat())
    try:
        engine.store.write([ledger.put(new)])
    except Conflict:
        return False
    return True


def decide_again(flow: OpenFlow, records: Iterable[tuple[str, str]]) -> None:
    """Records (move, source id), of either side of the flow, for which another one is news.

    As late as it takes until every list of a place that does not show that one yet is read anew.
    """
    setup, engine = flow.setup, flow.engine
    keys = [RecordKey.of(setup.tenant, setup.name, *record) for record in records]
    for _ in range(TRIES):
        heads = ledger.heads(engine.store, keys).values() if keys else ()
        keys = [
            head.key
            for head in heads
            if not make_due(flow, replace(head, revision=head.revision + 1), after=engine.pace.placed)
        ]


def in_outbox(engine: Engine, tenant: str, connection: str, *, limit: int) -> list[RecordKey]:
    """The records that wait for the other side to call, longest first, and those that are due now anyway."""
    found: list[RecordKey] = []
    now = f"a#{engine.clock.now().isoformat()}"
    for prefix, upto in ((f"{ledger.OUTBOX}#", None), ("", now)):
        partition = f"D#{tenant}#{connection}"
        rows = engine.store.query(partition, index="due", prefix=prefix, upto=upto, limit=limit)
        found += [RecordKey.from_pk(item.pk) for item in rows.items]
    return found[:limit]


def schedule_put(engine: Engine, setup: setups.FlowSetup, moment: datetime) -> Put:
    """The flow's next run is due then: the write for a transaction with the set-up itself."""
    pk, sk = row_key(setup.tenant, f"f#{setup.name}")
    item = engine.store.get([(pk, sk)]).get((pk, sk)) or Item(pk=pk, sk=sk)
    body: Json = {"tenant": setup.tenant, "flow": setup.name, "at": moment.isoformat()}
    return Put(replace(item, body=body))


def tick(engine: Engine) -> int:
    """Queue what is due, at most the free places of each connection. Returns how many records were queued."""
    queued = 0
    now = engine.clock.now()
    for shard in range(SHARDS):
        cursor = None
        while True:
            rows = engine.store.query(f"DUE#{shard}", limit=500, cursor=cursor)
            for row in rows.items:
                if datetime.fromisoformat(str(row.body["at"])) > now:
                    continue
                if "flow" in row.body:
                    _start(engine, row)
                elif "access" in row.body:
                    _look_after(engine, row)
                elif "job" in row.body:
                    outbox.hand_over(engine, row)
                else:
                    queued += _sweep(engine, row)
            cursor = rows.cursor
            if cursor is None:
                break
    return queued


# ---------------------------------------------------------------------------------------------- inside


def _start(engine: Engine, row: Item) -> None:
    """Begin the flow's run, however many of its moments have passed, and note the next one.

    `begun` is when its last moment was taken up. Until the next one its run is looked after: a run that was stopped, or
    lost its message, does not wait for tomorrow.
    """
    flow = engine.open(str(row.body["tenant"]), str(row.body["flow"]))
    if flow is None:
        return
    now = engine.clock.now()
    begun, following = now, schedule.following(flow.setup, now)
    before = datetime.fromisoformat(str(row.body.get("begun", row.body["at"])))
    look = "begun" in row.body and schedule.following(flow.setup, before) > now
    if look:
        begun, following = before, schedule.following(flow.setup, before)
    rests = flow.setup.state == "paused" or (look and runs.finished_since(engine, flow.setup, begun))
    at = following if rests else min(following, now + BEGIN_AGAIN)
    body: Json = {**row.body, "at": at.isoformat(), "begun": begun.isoformat()}
    try:
        engine.store.write([Put(replace(row, body=body))])
    except Conflict:
        return  # another tick has it
    if not rests and not runs.under_way(engine, flow.setup):
        runs.start(engine, flow)


def _look_after(engine: Engine, row: Item) -> None:
    """A connection whose access ends one day, or which calls us: a job renews it in time, or warns."""
    following = engine.clock.now() + LOOK_AFTER
    job: Json = {"job": "look_after", "tenant": row.body["tenant"], "connection": row.body["access"]}
    with suppress(Conflict):  # another tick has it
        engine.store.write([Put(replace(row, body={**row.body, "at": following.isoformat()}))])
        engine.queue.send("jobs", [json.dumps(job)], group=str(row.body["tenant"]))


def _sweep(engine: Engine, row: Item) -> int:
    """Queue one connection's due records and note when to look again."""
    tenant, connection = str(row.body["tenant"]), str(row.body["connection"])
    now = engine.clock.now()
    partition = f"D#{tenant}#{connection}"
    free, expired = _free(engine, tenant, connection)
    waiting = engine.store.query(partition, index="due", upto=f"a#{now.isoformat()}", limit=max(free, 1)).items
    keys = [RecordKey.from_pk(item.pk) for item in [*expired, *waiting][: max(free, 0)]]
    sent = _queue_again(engine, keys)
    # An index lags: after a look that found work, look again next minute; a quiet one waits for its next moment.
    if keys or free <= 0:
        following = now + timedelta(seconds=min(60, engine.pace.queued.total_seconds()))
    else:
        following = min(now + LOOK_AGAIN, _next_moment(engine, partition) or now + LOOK_AGAIN)
    with suppress(Conflict):  # something was announced meanwhile: its own moment stands
        engine.store.write([Put(replace(row, body={**row.body, "at": following.isoformat()}))])
    return sent


def _queue_again(engine: Engine, keys: Sequence[RecordKey]) -> int:
    by_queue: dict[tuple[str, str], list[str]] = {}
    oldest: dict[str, float] = {}
    flows: dict[tuple[str, str, str], OpenFlow | None] = {}
    until = (engine.clock.now() + engine.pace.queued).isoformat()
    for key, head in ledger.heads(engine.store, keys).items():
        if head.due is None:
            continue
        at = (key.tenant, key.flow, key.move)
        if at not in flows:
            flows[at] = engine.open(key.tenant, key.flow, move=key.move)
        flow = flows[at]
        if flow is None:
            continue
        try:
            engine.store.write([ledger.put(replace(head, due=("b", until)))])
        except Conflict:
            continue
        by_queue.setdefault((flow.writer_queue, key.tenant), []).append(key.pk)
        if head.noticed_at and flow.target_health.state in ("untried", "ok"):  # a locked door has a figure of its own
            age = engine.clock.now() - datetime.fromisoformat(head.noticed_at)
            oldest[flow.target.system] = max(oldest.get(flow.target.system, 0.0), age.total_seconds())
    for (queue, tenant), bodies in by_queue.items():
        engine.queue.send(queue, bodies, group=tenant)
    for system, seconds in oldest.items():
        engine.metrics.count("OldestWaiting", seconds, system=system)
    return sum(len(bodies) for bodies in by_queue.values())


def _free(engine: Engine, tenant: str, connection: str) -> tuple[int, list[Item]]:
    """Free places of the connection, and the queued records whose time ran out."""
    most = engine.pace.most_queued
    under_way = list(engine.store.query(f"D#{tenant}#{connection}", index="due", prefix="b#", limit=most).items)
    now = f"b#{engine.clock.now().isoformat()}"
    expired = [item for item in under_way if item.due is not None and item.due[1] <= now]
    return most - len(under_way) + len(expired), expired


def _next_moment(engine: Engine, partition: str) -> datetime | None:
    moments = [
        item.due[1].split("#", 1)[1]
        for prefix in ("a#", "b#")
        for item in engine.store.query(partition, index="due", prefix=prefix, limit=1).items
        if item.due is not None
    ]
    return min((datetime.fromisoformat(moment) for moment in moments), default=None)


def watch_access(engine: Engine, tenant: str, connection: str, moment: datetime | None = None) -> None:
    """Have a connection looked after: at the moment, or (when that is under way already) as it is."""
    pk, sk = row_key(tenant, f"a#{connection}")
    item = engine.store.get([(pk, sk)]).get((pk, sk)) or Item(pk=pk, sk=sk)
    if item.version and moment is None:
        return
    at = moment or engine.clock.now() + LOOK_AFTER
    body: Json = {"tenant": tenant, "access": connection, "at": at.isoformat()}
    with suppress(Conflict):
        engine.store.write([Put(replace(item, body=body))])


def note(engine: Engine, tenant: str, connection: str, moment: datetime) -> None:
    """Something of this connection falls due then: pull its row to the moment, unless that is there or earlier."""
    pk, sk = row_key(tenant, f"c#{connection}")
    for _ in range(TRIES):
        item = engine.store.get([(pk, sk)]).get((pk, sk)) or Item(pk=pk, sk=sk)
        if item.version and datetime.fromisoformat(str(item.body["at"])) <= moment:
            return
        body: Json = {"tenant": tenant, "connection": connection, "at": moment.isoformat()}
        try:
            engine.store.write([Put(replace(item, body=body))])
        except Conflict:
            continue
        return
