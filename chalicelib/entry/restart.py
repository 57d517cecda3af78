"""The job behind a start, a resume or another cut-over: what it lets go is decided again."""

from __future__ import annotations

from chalicelib.engine import ledger, replay, runs
from chalicelib.engine.engine import Engine
from chalicelib.engine.records import Json


def run(engine: Engine, job: Json) -> None:
    """What was rehearsed or put off (a pause, a locked door) is due now; with `not_moved`, that is decided again."""
    flow = engine.open(str(job["tenant"]), str(job["flow"]))
    if flow is None:
        return
    for move in flow.whole.moves:
        keys = list(ledger.list_keys(engine.store, flow.setup.tenant, flow.setup.name, move.name))
        for begin in range(0, len(keys), 100):
            for head in ledger.heads(engine.store, keys[begin : begin + 100]).values():
                put_off = head.due is not None and head.due[0] == "a"
                if put_off or head.state == "rehearsed" or (job.get("not_moved") and head.state == "not_moved"):
                    replay.again(flow, head)
    runs.taken_up(engine, flow.setup)
