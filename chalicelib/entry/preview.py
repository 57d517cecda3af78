"""What a changed set-up would do, before it is saved: looked up in the table alone, and nothing is touched."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from chalicelib.engine import hold, ledger
from chalicelib.engine.decide import Decision
from chalicelib.engine.engine import Engine, OpenFlow
from chalicelib.engine.flow import Move
from chalicelib.engine.ledger import LIST_SHARDS, Head
from chalicelib.engine.records import Json, RecordKey
from chalicelib.engine.setup import FlowSetup
from chalicelib.engine.weigh import weigh
from chalicelib.entry.after_apply import tokens
from chalicelib.entry.changes import changed_keys
from chalicelib.entry.report import BATCH

MOST_HELD = 5000  # held records looked at
MOST_OF_SHARD = 50  # records of one shard of a move's list, the latest first


def preview(engine: Engine, old: FlowSetup, new: FlowSetup) -> Json:
    """How many held records would go on, and how many that were moved before would come out differently."""
    flow = engine.open(old.tenant, old.name)
    assert flow is not None
    return {"waiting": _waiting(flow, old, new), "past": _past(replace(flow, setup=old), replace(flow, setup=new))}


def _waiting(flow: OpenFlow, old: FlowSetup, new: FlowSetup) -> Json:
    wanted = tokens(changed_keys(old, new))
    seen = list(islice(hold.held(flow.engine, old.tenant, old.name), MOST_HELD + 1))
    looked_at = seen[:MOST_HELD]
    released = sum(hold.waits_for(head, wanted, was=old.rules, now=new.rules) for head in looked_at)
    return {"released": released, "looked_at": len(looked_at), "cut": len(seen) > MOST_HELD}


def _past(before: OpenFlow, after: OpenFlow) -> Json:
    changed, looked_at, cut = 0, 0, False
    for move in before.flow.wanted(before.policies):
        if not _concerns(move, before.setup, after.setup):
            continue
        moved, more = _moved(before, move)
        cut, looked_at = cut or more, looked_at + len(moved)
        for n in range(0, len(moved), BATCH):
            batch = moved[n : n + BATCH]
            was, now = ([_outcome(one) for _, one in weigh(flow, move, batch, dry=True)] for flow in (before, after))
            changed += sum(a != b for a, b in zip(was, now, strict=True))
    return {"changed": changed, "looked_at": looked_at, "cut": cut}


def _concerns(move: Move, old: FlowSetup, new: FlowSetup) -> bool:
    """Whether a mapping or rule that the move asks for is another one than before, or a policy."""
    ruled = {ruled.kind for ruled in move.rules}
    return (
        old.policies != new.policies
        or any(old.mappings.get(kind, {}) != new.mappings.get(kind, {}) for kind in move.mapped)
        or any(old.rules.get(kind, ()) != new.rules.get(kind, ()) for kind in ruled)
    )


def _moved(flow: OpenFlow, move: Move) -> tuple[list[Head], bool]:
    """The latest records that we wrote, and whether there are more than are looked at."""
    found: list[Head] = []
    cut = False
    for keys, more in _pages(flow, move):
        heads = ledger.heads(flow.engine.store, keys).values()
        found += [head for head in heads if head.state == "done" and head.link and head.link.get("made") != "linked"]
        cut = cut or more
    return found, cut


def _pages(flow: OpenFlow, move: Move) -> Iterator[tuple[list[RecordKey], bool]]:
    setup = flow.setup
    for shard in range(LIST_SHARDS):
        rows, cursor = ledger.list_page(
            flow.engine.store, setup.tenant, setup.name, move.name, shard=shard, cursor=None, limit=MOST_OF_SHARD
        )
        yield [key for _, key in rows], cursor is not None


def _outcome(decision: Decision) -> tuple[str, ...]:
    """What two decisions are compared by."""
    if decision.held is not None:
        return "hold", decision.held.reason, decision.held.message
    return ("write", decision.hash) if decision.draft is not None else (decision.action,)
