"""Notice and keep: what a source shows is written down with its due time; what did not change costs no write."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from chalicelib.engine import brake, due, ledger
from chalicelib.engine.engine import OpenFlow
from chalicelib.engine.errors import Held, Later, LockedOut, TryAgain, Unknown
from chalicelib.engine.flow import Move
from chalicelib.engine.hold import dependents, held_head, not_read
from chalicelib.engine.ledger import Head
from chalicelib.engine.ports import Conflict, Delete, Op
from chalicelib.engine.records import Json, RecordKey, Row, SourceDocument, Summary, fingerprint

log = logging.getLogger("mlc")

MOST_MISSED = 3  # documents that do not come through, and none that does: the vendor is out


def keep_rows(
    flow: OpenFlow, move: Move, rows: Sequence[Row], *, began: datetime, run: str, stirred: brake.Stirred
) -> None:
    """Keep what is new or changed among the rows, and queue it; what is `stirred` waits for the end of the run.

    What was kept since `began` may be newer than a row.
    """
    setup, engine = flow.setup, flow.engine
    keys = {row.id: RecordKey(setup.tenant, setup.name, move.name, row.id) for row in rows}
    known = ledger.heads(engine.store, keys.values())
    found = [(row, known.get(keys[row.id])) for row in rows]
    news = [(row, head) for row, head in found if _is_news(row, head)]
    if not news:
        return
    places = due.announce(flow)
    queued: list[RecordKey] = []
    came, missed = 0, list[tuple[Row, Head | None, TryAgain]]()
    later: Later | None = None
    for row, head in news:
        try:
            document = None if _overtaken(head, began) else row.document
            document = document or flow.source_end.fetch(move.source.split(".", 1)[1], row.id)
        except Later as unasked:
            later = unasked  # all that have to be asked for are asked for together
            continue
        except TryAgain as trouble:
            missed.append((row, head, trouble))
            if trouble.after is not None or (not came and len(missed) > MOST_MISSED):
                raise  # the vendor as a whole is out or throttles us: the others would fare no better
            continue
        came += 1
        kept = keep(flow, keys[row.id], document, head, stamp=row.stamp, queue=len(queued) < places, run=run)
        if kept is not None and head is not None and kept.stirred == run:
            stirred.add(head, kept)
        elif kept is not None and kept.due is not None and kept.due[0] == "b":
            queued.append(kept.key)
    due.send(flow, queued)
    if later is not None:
        raise later
    if not came and len(missed) > 1:
        raise missed[0][2]
    for row, head, what in missed:
        _keep_unreadable(flow, keys[row.id], head, row.stamp, what)


def _is_news(row: Row, head: Head | None) -> bool:
    """Not what we know of, nor once more that something is gone which we saw to be gone."""
    if head is None:
        return row.live
    return head.stamp != row.stamp and (row.live or row.document is not None or not head.gone)


def _overtaken(head: Head | None, began: datetime) -> bool:
    return head is not None and bool(head.updated_at) and datetime.fromisoformat(head.updated_at) > began


def one(flow: OpenFlow, move: Move, source_id: str, *, hint: bool = False) -> None:
    """Fetch one record by its id, because something pointed to it, or because the vendor hinted that it changed.

    A hint costs nothing while nobody may call there, and what is not there then is nothing to write down. Raises Later
    when it has to be asked for first.
    """
    if hint and (flow.setup.state == "paused" or flow.source_health.locked(flow.engine.clock.now())):
        return
    key = RecordKey.of(flow.setup.tenant, flow.setup.name, move.name, source_id)
    head = ledger.heads(flow.engine.store, [key]).get(key)
    if key.part:
        if head is None and move.at_place:
            _keep_place(flow, move, key)
        return
    try:
        document = flow.source_end.fetch(move.source.split(".", 1)[1], source_id)
    except LockedOut as lockout:
        flow.engine.locked_out(flow.source, lockout)
        return
    except (TryAgain, Unknown):
        return  # what points to it still waits, and the next run asks again
    places = due.announce(flow)
    stamp = head.stamp if head else "noticed"
    if head is not None and (head.hold or {}).get("reason") == "not_readable_yet":
        head = replace(head, fingerprint="")  # whatever it says now is news
    if head is None and (document is None or not document.live):
        if not hint:
            _keep_unmovable(flow, key, document, stamp)
        return
    kept = keep(flow, key, document, head, stamp=stamp, queue=places > 0)
    if kept is not None and kept.due is not None:
        due.send(flow, [kept.key])
    if head is None and flow.flow.carries(move):
        dependents(flow, key)


def _keep_place(flow: OpenFlow, move: Move, key: RecordKey) -> None:
    """The record at one place, which another one asks for; what it says is what its whole says."""
    whole = ledger.heads(flow.engine.store, [key.whole]).get(key.whole)
    if whole is None:
        one(flow, move, key.source_id)
        whole = ledger.heads(flow.engine.store, [key.whole]).get(key.whole)
    if whole is None or not whole.live:
        return  # who asks for it is told that its whole is not there
    now = flow.engine.clock.now()
    due.announce(flow)
    until = ("b", (now + flow.engine.pace.queued).isoformat())
    head = Head(
        key=key,
        revision=1,
        fingerprint=whole.fingerprint,
        summary=whole.summary,
        connection=flow.target.name,
        noticed_at=now.isoformat(),
        updated_at=now.isoformat(),
        due=until,
    )
    with suppress(Conflict):  # noticed twice
        flow.engine.store.write([ledger.put(head), ledger.list_op(key, head.summary)])
        due.send(flow, [key])


def _keep_unreadable(flow: OpenFlow, key: RecordKey, head: Head | None, stamp: str, trouble: TryAgain) -> None:
    """This one document does not come through: held in plain sight, asked for at every run, it stops no other."""
    now = flow.engine.clock.now().isoformat()
    known = head or Head(key=key, connection=flow.target.name, noticed_at=now, summary={"title": key.id})
    held = not_read(known, trouble.message)
    moment = flow.engine.clock.now()
    told: Json = {"reason": held.reason, "message": held.message, "evidence": trouble.evidence}
    entry = ledger.trail_op(key, moment, "held", told, salt=str(known.version))
    _write(flow, held_head(flow, replace(known, stamp=stamp), held), head is None, [entry])


def _keep_unmovable(flow: OpenFlow, key: RecordKey, document: SourceDocument | None, stamp: str) -> None:
    """Something points to a record that will not be moved: what waits for it can then say so."""
    now = flow.engine.clock.now().isoformat()
    why = "The source does not know it." if document is None else "It is of a kind that is not moved."
    summary = ledger.summary_json(document.summary if document else Summary(title=key.id))
    head = Head(
        key=key,
        state="not_moved",
        live=False,
        gone=document is None,
        stamp=stamp,
        fingerprint=document.fingerprint if document else fingerprint("gone"),
        summary=summary,
        connection=flow.target.name,
        outcome={"action": "not_moved", "at": now, "why": why},
        noticed_at=now,
        updated_at=now,
    )
    with suppress(Conflict):  # noticed twice
        flow.engine.store.write([ledger.put(head), ledger.list_op(key, summary)])
    dependents(flow, key)


def keep(
    flow: OpenFlow,
    key: RecordKey,
    document: SourceDocument | None,
    head: Head | None,
    *,
    stamp: str,
    queue: bool,
    run: str = "",
) -> Head | None:
    """Keep the present state with its due time, all in one write. None when there was nothing to keep."""
    engine = flow.engine
    if head is None and (document is None or not document.live):
        return None
    now = engine.clock.now().isoformat()
    old = head or Head(key=key, connection=flow.target.name, noticed_at=now)
    if document is None:
        if old.gone:
            return None
        new = replace(old, gone=True, live=False, stamp=stamp, fingerprint=fingerprint("gone"))
        ops: list[Op] = []
    else:
        if head is not None and not old.gone and (old.fingerprint, old.live) == (document.fingerprint, document.live):
            _touch(flow, old, stamp)
            return None
        new = replace(
            old,
            gone=False,
            live=document.live,
            stamp=stamp,
            fingerprint=document.fingerprint,
            summary=ledger.summary_json(document.summary),
        )
        try:
            ops = ledger.body_ops(key, "source", {"document": document.body, "came_from": document.came_from})
        except Held as too_large:
            new = replace(new, revision=old.revision + 1, updated_at=now)
            # What was kept before is older: it must not be decided on when somebody replays this record.
            older = [Delete(key.pk, "BODY#source#0")]
            return _write(flow, held_head(flow, new, too_large), head is None, older)
    waiting = old.intent is not None and old.due is not None
    moment = (engine.clock.now() + engine.pace.queued).isoformat()
    new = replace(
        new,
        revision=old.revision + 1,
        state=old.state if waiting else "waiting",
        hold=None,
        plan=None,
        attempts=0,
        correlation=flow.correlation or old.correlation,
        stirred=run if brake.stirs(old, new) else old.stirred,
        updated_at=now,
        due=old.due if waiting else (("b", moment) if queue else ("a", now)),
    )
    return _write(flow, new, head is None, ops)


def _write(flow: OpenFlow, new: Head, first: bool, ops: Sequence[Op]) -> Head | None:
    listed = [ledger.list_op(new.key, new.summary)] if first else []
    try:
        flow.engine.store.write([ledger.put(new), *ops, *listed])
    except Conflict:
        return None  # kept by somebody else this moment, or its writer moved on: the next poll sees the difference
    told = {"tenant": new.key.tenant, "flow": new.key.flow, "record": new.key.id, "state": new.state}
    log.info("a record was noticed", extra={**told, "correlation": new.correlation})
    return ledger.after(new)


def _touch(flow: OpenFlow, head: Head, stamp: str) -> None:
    """Somebody saved the document without changing what we use: remember the stamp, so that it is not fetched again."""
    try:
        flow.engine.store.write([ledger.put(replace(head, stamp=stamp))])
    except Conflict:
        return
