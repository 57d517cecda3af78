"""Records to their writers: by customer, flow and move; and what is told of them later."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import groupby

from chalicelib.engine import brake, intents, ledger
from chalicelib.engine.engine import Engine, OpenFlow
from chalicelib.engine.errors import ConnectorError, Held
from chalicelib.engine.handover import Handover
from chalicelib.engine.ledger import Head
from chalicelib.engine.outcome import Outcomes
from chalicelib.engine.ports import Target
from chalicelib.engine.records import Done, RecordKey
from chalicelib.engine.tally import Tally
from chalicelib.engine.writer import Writer


def deliver(engine: Engine, keys: Iterable[RecordKey], target: Target | None = None) -> None:
    """Bring the records as far as they can go now. Raises only for faults of our own.

    `target` is the session of one that cannot be called: what is under way there was left behind by an earlier one.
    """
    ordered = sorted(set(keys), key=lambda key: (key.tenant, key.flow, key.move))
    for (tenant, name), group in groupby(ordered, key=lambda key: (key.tenant, key.flow)):
        for side in _by_side(engine, tenant, name, list(group)):
            _flow(*side, target)


def _by_side(
    engine: Engine, tenant: str, name: str, keys: list[RecordKey]
) -> Iterator[tuple[OpenFlow, list[RecordKey]]]:
    while keys and (flow := engine.open(tenant, name, move=keys[0].move)) is not None:
        mine = [key for key in keys if flow.flow.move(key.move)]
        yield flow, mine
        keys = [key for key in keys[1:] if key not in mine]


def arrived(engine: Engine, key: RecordKey, at: str, result: Done | ConnectorError) -> bool:
    """What came of the intent that was handed over at that moment, told by a later call. False: it is settled since."""
    flow = engine.open(key.tenant, key.flow, move=key.move)
    move = flow.flow.move(key.move) if flow else None
    head = ledger.heads(engine.store, [key]).get(key)
    if flow is None or move is None or head is None or head.intent is None or head.intent["at"] != at:
        return False
    documents = ledger.bodies(engine.store, [(key, "target")])
    tally = Tally()
    try:
        intent = intents.outstanding(head, documents)
        Handover(flow, Outcomes(flow, move, tally)).ended(head, intent, result)
    finally:
        tally.keep(flow)
    return True


def reported(engine: Engine, key: RecordKey, problem: Held, *, definite: bool = True) -> None:
    """Something came to light about a record: a person must look at it. `definite`: nothing of it is under way."""
    flow = engine.open(key.tenant, key.flow, move=key.move)
    move = flow.flow.move(key.move) if flow else None
    head = ledger.heads(engine.store, [key]).get(key)
    if flow is not None and move is not None and head is not None:
        Outcomes(flow, move).held(head, problem, definite=definite)


def _flow(flow: OpenFlow, keys: list[RecordKey], target: Target | None) -> None:
    now = flow.engine.clock.now()
    found = ledger.heads(flow.engine.store, keys).values()
    heads = [head for head in found if head.due is not None and (target or not intents.busy(head, now))]
    heads = brake.free(flow, heads)
    if target is not None:
        flow.reach(target)
    tally = Tally()
    try:
        _moves(flow, heads, tally)
    finally:
        tally.keep(flow)


def _moves(flow: OpenFlow, heads: Sequence[Head], tally: Tally) -> None:
    now = flow.engine.clock.now()
    for move in flow.flow.moves:
        group = [head for head in heads if head.key.move == move.name]
        if not group:
            continue
        outcomes = Outcomes(flow, move, tally)
        writer = Writer(flow, move, outcomes, Handover(flow, outcomes))
        if flow.setup.state == "paused":
            writer.put_off(group, f"The flow {flow.setup.name} is paused.", now + flow.engine.pace.paused)
        elif flow.target_health.locked(now):
            writer.put_off(group, flow.target_health.message, datetime.fromisoformat(flow.target_health.until))
        else:
            writer.bring(group)
