"""Is a flow quiet: its run over, and nothing of it in anybody's hands? And what waits, since when?

What lies in the outbox waits for the other side to call: as long as it was here lately, it is expected.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.engine import ledger, runs
from chalicelib.engine.caller import Sight
from chalicelib.engine.engine import Engine, OpenFlow
from chalicelib.engine.records import Json, RecordKey
from chalicelib.engine.setup import FlowSetup

SOON = timedelta(minutes=2)  # what is due later than this waits for a vendor or a person's doing, not for us
HERE_LATELY = timedelta(minutes=30)  # twice the usual time between two calls; a session lasts ten minutes at most
MOST_ROWS = 2000
PAGE = 500


@dataclass(frozen=True, slots=True)
class Pulse:
    """`busy` records are queued or due now, `waiting` ones have a later moment, `outbox` ones are fetched some day."""

    busy: int = 0
    waiting: int = 0
    outbox: int = 0


def latest_run(flow: OpenFlow) -> Json:
    run = runs.latest(flow.engine, flow.setup)
    pulse = of_flow(flow.engine, flow.setup)
    over = run.get("state") in ("finished", "stopped")
    sight = _sight(flow)
    called_for = (pulse.outbox or sight.asked) and _is_expected(flow.engine, sight)
    shown: Json = {name: run.get(name, "") for name in ("id", "state", "started_at", "ended_at", "trouble")}
    return {
        **shown,
        "full": bool(run.get("full")),
        "calls": run.get("calls"),
        "metered_reads": run.get("metered_reads"),
        "quiet": over and not pulse.busy and not called_for and not runs.owes(flow.engine, flow.setup),
        "busy": pulse.busy,
        "waiting": pulse.waiting,
        "outbox": pulse.outbox,
        "last_seen": sight.at or None,
    }


def of_flow(engine: Engine, setup: FlowSetup) -> Pulse:
    """From the due index; counted up to a bound, since beyond it the answer stays the same."""
    soon = f"a#{(engine.clock.now() + SOON).isoformat()}"
    due_now = _count(engine, setup, upto=soon)
    return Pulse(
        busy=due_now + _count(engine, setup, prefix="b#"),
        waiting=_count(engine, setup, prefix="a#") - due_now,
        outbox=_count(engine, setup, prefix=f"{ledger.OUTBOX}#"),
    )


def written_to(engine: Engine, setup: FlowSetup) -> Sequence[str]:
    """The connections that the flow writes to: both, where it goes both ways."""
    return (setup.target, setup.source)[: len(engine.load_flow(setup.flow).sides)]


def oldest_waiting(engine: Engine, tenant: str, connection: str) -> Json | None:
    """Among what falls due first: the record that has not moved for the longest time."""
    keys: list[RecordKey] = []
    for prefix in ("b#", "a#", f"{ledger.OUTBOX}#"):
        rows = engine.store.query(f"D#{tenant}#{connection}", index="due", prefix=prefix, limit=100)
        keys += [RecordKey.from_pk(item.pk) for item in rows.items]
    heads = [head for head in ledger.heads(engine.store, keys).values() if head.due is not None]
    if not heads:
        return None
    oldest = min(heads, key=lambda head: head.updated_at)
    return {
        "record": oldest.key.id,
        "title": oldest.summary.get("title", ""),
        "since": oldest.updated_at,
        "why": oldest.trouble,
    }


def _sight(flow: OpenFlow) -> Sight:
    """Of a target that calls us; one that we call is never waited for."""
    caller = flow.engine.load_system(flow.target.system).caller
    return caller.seen(flow.engine, flow.target) if caller else Sight("", "")


def _is_expected(engine: Engine, sight: Sight) -> bool:
    return bool(sight.at) and datetime.fromisoformat(sight.at) + HERE_LATELY > engine.clock.now()


def _count(engine: Engine, setup: FlowSetup, *, prefix: str = "", upto: str | None = None) -> int:
    """Rows of this flow under the connections that it writes to."""
    return sum(
        _count_of(engine, setup, f"D#{setup.tenant}#{name}", prefix=prefix, upto=upto)
        for name in written_to(engine, setup)
    )


def _count_of(engine: Engine, setup: FlowSetup, partition: str, *, prefix: str, upto: str | None) -> int:
    cursor, seen, count = None, 0, 0
    while seen < MOST_ROWS:
        rows = engine.store.query(partition, index="due", prefix=prefix, upto=upto, limit=PAGE, cursor=cursor)
        count += sum(RecordKey.from_pk(item.pk).flow == setup.name for item in rows.items)
        seen += len(rows.items)
        cursor = rows.cursor
        if cursor is None:
            break
    return count
