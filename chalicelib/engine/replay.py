"""What a person may do with a single record: replay it, let it go, or resolve what holds it. Safe at any time."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from chalicelib.engine import due, ledger
from chalicelib.engine.engine import OpenFlow
from chalicelib.engine.errors import Held, Later
from chalicelib.engine.flow import Move
from chalicelib.engine.ledger import Head
from chalicelib.engine.outcome import Ending, Outcomes, kind_of, write
from chalicelib.engine.ports import Delete, Op
from chalicelib.engine.records import Json

AFTER_WHOLE = timedelta(minutes=1)  # for the case that the whole does not hand them on


def replay(flow: OpenFlow, head: Head, *, by: str, release: bool = False, overwrite: bool = False) -> Head:
    """Decide the record again, and look whether the target still has it.

    `release` moves it although it is older than the cut-over, or waits for a person's approval; `overwrite` writes our
    version over what somebody else changed in the target. Parts go with their whole, which hands them on.
    """
    now = flow.engine.clock.now()
    due.note(flow.engine, head.key.tenant, head.connection, now)
    told: Json = {"by": by, "release": release, "overwrite": overwrite}
    for part in ledger.heads(flow.engine.store, head.part_keys).values():
        _replayed(flow, part, told, now + AFTER_WHOLE)
    return _replayed(flow, head, told, now)


def _replayed(flow: OpenFlow, head: Head, told: Json, moment: datetime) -> Head:
    link = {**head.link, "overwrite" if told["overwrite"] else "look": True} if head.link else None

    def change(h: Head) -> Head:
        state = "unknown" if h.intent else "waiting"
        released = h.released or bool(told["release"])
        again = replace(h, hold=None, plan=None, attempts=0, link=link, released=released)
        return replace(again, state=state, due=("a", moment.isoformat()))  # type: ignore[arg-type]  # one of State

    return write(flow, head, Ending(change, "replay", told))


def link_to(flow: OpenFlow, move: Move, head: Head, target_id: str, *, by: str) -> Head:
    """A person says which target record this is. Raises Held when there is none of that id, or it is claimed."""
    try:
        found = {kind: current for kind in move.target_kinds if (current := flow.target_end.read(kind, target_id))}
    except Later:
        linked = Outcomes(flow, move).linked(
            head, target_id, target_id, f"{by} says so. It is looked for later.", rule="a person"
        )
        return replay(flow, linked, by=by) if linked.link else linked
    if not found:
        raise Held(
            "missing_in_target",
            f"{flow.target_title} has no {' or '.join(move.target_kinds)} with the id {target_id}.",
            cause=target_id,
            fix="Give the id of an existing one.",
        )
    told = str((head.hold or {}).get("message"))  # of two kinds with one id, the one that the hold speaks of
    kind, current = next((pair for pair in found.items() if pair[1].label in told), next(iter(found.items())))
    return Outcomes(flow, move).linked(head, current.id, current.label, f"{by} says so.", rule="a person", kind=kind)


def dismiss(flow: OpenFlow, head: Head, *, by: str, why: str) -> Head:
    """A person says that nothing is to be sent for the present state; a later change of the source is news again."""
    outcome: Json = {"action": "dismissed", "at": flow.engine.clock.now().isoformat(), "why": why, "by": by}

    def change(h: Head) -> Head:
        link = {**h.link, "source": h.fingerprint} if h.link else None
        settled = replace(h, intent=None, hold=None, plan=None, due=None, attempts=0, outcome=outcome, link=link)
        return replace(settled, state="done" if h.link else "not_moved", epoch=h.epoch + 1)

    return write(flow, head, Ending(change, "dismissed", {"by": by, "why": why}))


def unlink(flow: OpenFlow, move: Move, head: Head, *, by: str) -> Head:
    """Forget which target record it is (a person deleted it there), and decide anew."""
    old = head.link or {}
    now = flow.engine.clock.now()
    due.note(flow.engine, head.key.tenant, head.connection, now)
    ops: list[Op] = []
    if not move.many_to_one and old:
        key = ledger.claim_key(flow.setup.tenant, flow.target.name, kind_of(head, move), str(old["target_id"]))
        ops.append(Delete(*key))

    def change(h: Head) -> Head:
        free = replace(h, link=None, intent=None, hold=None, plan=None, attempts=0, epoch=h.epoch + 1)
        return replace(free, state="waiting", due=("a", now.isoformat()))

    return write(flow, head, Ending(change, "unlinked", {"by": by, "target_id": old.get("target_id", "")}, ops))


def again(flow: OpenFlow, head: Head) -> None:
    """Due again at once, without a word in the trail: nobody asked for this record in particular."""
    due.make_due(flow, replace(head, plan=None, trouble=""))
