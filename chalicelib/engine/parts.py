"""A document that comes to several records in the target: each part is a record of its own, with its mark and trail.

The whole only says which parts there are. One that is no longer among them is withdrawn like anything else that the
source takes back, and what takes its place waits until it is gone: the same money never stands there twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from chalicelib.engine import due, intents, ledger
from chalicelib.engine.decide import Decision
from chalicelib.engine.engine import OpenFlow
from chalicelib.engine.errors import Held
from chalicelib.engine.hold import followers, notice_jobs
from chalicelib.engine.ledger import Head
from chalicelib.engine.link import Part
from chalicelib.engine.outcome import Ending, write
from chalicelib.engine.ports import Conflict, Delete, Op
from chalicelib.engine.records import Json, RecordKey

MOST = 40  # parts of one record: they are kept in one write


def divide(flow: OpenFlow, head: Head, decision: Decision) -> list[Head]:
    """Keep what the record comes to now, all in one write; the heads of its parts, which are due and in nobody's hands.

    Raises Held for more parts than fit.
    """
    if len(decision.parts) > MOST:
        raise Held(
            "too_large",
            f"{head.summary.get('title')} comes to {len(decision.parts)} records; at most {MOST} can be moved as one.",
            cause="document size",
            fix="Split the document in the source system, or enter it by hand.",
        )
    parts = {replace(head.key, part=part.name): part for part in decision.parts}
    former = [replace(head.key, part=name) for name in (*head.parts, *head.leaving)]
    known = ledger.heads(flow.engine.store, dict.fromkeys([*parts, *former]))
    lost = {key: one for key, one in known.items() if key not in parts}
    leaving = [_leaving(flow, head, one) for one in lost.values() if one.link or one.intent]
    kept = [_kept(flow, head, key, part, known.get(key)) for key, part in parts.items()]
    ops: list[Op] = [ledger.put(one) for one in [*kept, *leaving]]
    ops += [ledger.list_op(one.key, one.summary) for one in kept if not one.version]
    ops += [Delete(one.key.pk, ledger.HEAD, one.version) for one in lost.values() if not one.link and not one.intent]
    notice_jobs(flow, [again for one in lost.values() if (again := _read_again(one))])
    names, gone = [key.part for key in parts], [one.key.part for one in leaving]
    outcome: Json = {"action": "split", "at": flow.engine.clock.now().isoformat(), "why": decision.why}

    def change(h: Head) -> Head:
        settled = replace(h, intent=None, hold=None, plan=None, due=None, attempts=0, trouble="", outcome=outcome)
        return replace(settled, state="split", parts=names, leaving=gone)

    told: Json = {"why": decision.why, "parts": names, "taken_away": gone}
    try:
        written = write(flow, head, Ending(change, "split", told, ops))
    except Conflict:  # one of the parts moved on this moment
        due.make_due(flow, head)
        return []
    if written.state != "split":  # a newer state of the source came meanwhile: it is what is decided on
        return []
    followers(flow, head.key)
    now = flow.engine.clock.now()
    free = [one for one in [*leaving, *kept] if not intents.busy(one, now)]  # what is being written is never sent twice
    return [ledger.after(one) for one in free if one.due is not None and one.due[0] != ledger.OUTBOX]


def divide_again(flow: OpenFlow, heads: Sequence[Head]) -> None:
    """They are parts that their wholes have no more: the wholes are decided."""
    for whole in ledger.heads(flow.engine.store, {head.key.whole for head in heads}).values():
        due.make_due(flow, whole)


def in_turn(flow: OpenFlow, weighed: Sequence[tuple[Head, Decision]]) -> list[tuple[Head, Decision]]:
    """What takes the place of a former part waits until that is gone."""
    store = flow.engine.store
    creating = {head.key.whole for head, decision in weighed if decision.action == "create" and head.key.part}
    wholes = ledger.heads(store, creating) if creating else {}
    leaving = [replace(whole.key, part=name) for whole in wholes.values() for name in whole.leaving]
    standing = {
        key.whole: former for key, former in ledger.heads(store, leaving).items() if former.link or former.intent
    }
    return [
        (head, _waits(standing[head.key.whole]))
        if decision.action == "create" and head.key.whole in standing
        else (head, decision)
        for head, decision in weighed
    ]


def _waits(former: Head) -> Decision:
    held = takes_place_of(former)
    return Decision("hold", held.message, held=held)


def takes_place_of(former: Head) -> Held:
    key, kind, label = former.key, former.key.move, str((former.link or {}).get("label") or former.summary.get("title"))
    return Held(
        f"waits_for_{kind}",
        f"It takes the place of {label}, which has to be taken away first.",
        cause=f"{kind} {key.source_id} {label}",
        fix=f"Nothing to do here. If {key.id} is held, settle that.",
        owner="nobody",
        waits_for=[f"gone:{kind}:{key.named}"],
    )


def _read_again(head: Head) -> tuple[str, str] | None:
    again = (head.outcome or {}).get("read_again")
    return (str(again[0]), str(again[1])) if isinstance(again, list) else None


def _kept(flow: OpenFlow, whole: Head, key: RecordKey, part: Part, known: Head | None) -> Head:
    now = flow.engine.clock.now().isoformat()
    old = known or Head(key=key, connection=flow.target.name, noticed_at=now)
    return replace(_due(flow, whole, old), live=True, gone=False, summary=ledger.summary_json(part.summary))


def _leaving(flow: OpenFlow, whole: Head, known: Head) -> Head:
    return replace(_due(flow, whole, known), live=False, gone=whole.live or whole.gone)


def _due(flow: OpenFlow, whole: Head, old: Head) -> Head:
    """As a source's change is kept: an intent under way is settled first."""
    now = flow.engine.clock.now()
    under_way = old.intent is not None and old.due is not None
    return replace(
        old,
        state=old.state if under_way else "waiting",
        revision=old.revision + 1,
        fingerprint=whole.fingerprint,
        correlation=whole.correlation,
        hold=None,
        plan=None,
        attempts=0,
        updated_at=now.isoformat(),
        due=old.due if under_way else ("b", (now + flow.engine.pace.queued).isoformat()),
    )
