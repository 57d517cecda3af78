"""After the table was put back to an earlier moment: what was done outside since then is written nowhere here.

So of a record that may have been written in that time an intent is presumed, as of that moment. From there on it is a
lost answer like any other: the target is asked before anything is sent, and what it cannot tell waits for a person.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from chalicelib.engine import ledger
from chalicelib.engine import setup as setups
from chalicelib.engine.ledger import Head
from chalicelib.engine.ports import Conflict, Item, Op, Put, Store
from chalicelib.engine.records import Json, RecordKey
from chalicelib.engine.setup import FlowSetup

TRIES = 5
STOPPED = "The table was restored to an earlier moment."


def mark(store: Store, setup: FlowSetup, *, to: datetime, now: datetime) -> bool:
    """Pause the flow, stop its run, and note the moment the table was put back to. False if that is done already."""
    if setup.restored.get("to") == to.isoformat():
        return False
    noted = {"to": to.isoformat(), "at": now.isoformat(), "until": ""}
    new = replace(setup, restored=noted)
    if setup.state != "paused":
        new = replace(new, state="paused", paused_from=setup.state)
    ops: list[Op] = [setups.flow_put(new)]
    key = (setups.pk(setup.tenant), f"LATEST#{setup.name}")
    run = store.get([key]).get(key)
    if run is not None and run.body.get("state") == "running":  # its next step may be one that was read by then
        body: Json = {**run.body, "state": "stopped", "ended_at": now.isoformat(), "trouble": STOPPED}
        ops.append(Put(replace(run, body=body)))
    store.write(ops)
    return True


def doubtful(store: Store, setup: FlowSetup, heads: Sequence[Head]) -> set[RecordKey]:
    """Those without a link that were noticed before a whole run had read what changed in the time that is lost."""
    if not setup.restored:
        return set()
    until = setup.restored["until"]
    wholes = ledger.heads(store, {head.key.whole for head in heads if head.key.part})
    first = {head.key: wholes.get(head.key.whole, head).noticed_at for head in heads}
    return {head.key for head in heads if not head.link and (not until or first[head.key] <= until)}


def read_over(store: Store, setup: FlowSetup, now: datetime) -> None:
    """A run came to its end: what is noticed from now on is new."""
    key = (setups.pk(setup.tenant), setup.sk)
    for _ in range(TRIES):
        fresh = setups.read_flow(setup.tenant, store.get([key]).get(key) or Item(*key))
        if not fresh.restored or fresh.restored["until"]:
            return
        try:
            store.write([setups.flow_put(replace(fresh, restored={**fresh.restored, "until": now.isoformat()}))])
        except Conflict:
            continue
        return
