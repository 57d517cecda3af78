"""Intents: written before anything is done outside, read back when nobody knows what came of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from chalicelib.engine import ledger
from chalicelib.engine.engine import OpenFlow
from chalicelib.engine.ledger import Head, Side
from chalicelib.engine.merge import owned
from chalicelib.engine.ports import Op
from chalicelib.engine.records import Current, Draft, Intent, Json, Money, RecordKey, attempt_key, fingerprint


def plan(flow: OpenFlow, head: Head, draft: Draft, current: Current | None = None, *, withdraw: str = "") -> Intent:
    """The intent that a decision asks for (`withdraw`: delete or void). The same document, version and epoch give the
    same attempt key."""
    op = withdraw or ("update" if current else "create")
    mark = record_mark(flow, head.key)
    version = current.version if current else ""
    line = flow.engine.identity(flow.target)
    parts = (flow.target.environment, line, mark, op, fingerprint([draft.body, draft.once]), version, head.epoch)
    return Intent(
        key=head.key,
        op=op,
        kind=draft.kind,
        body=draft.body,
        once=draft.once,
        mark=mark,
        attempt_key=attempt_key(*parts),
        revision=head.revision,
        money=draft.money,
        current=current,
        aggregate=draft.aggregate,
    )


def record_mark(flow: OpenFlow, key: RecordKey) -> str:
    return f"[mlc:{flow.source.name}:{key.move}:{key.named}]"


def marked(flow: OpenFlow, move: str, mark: str) -> str:
    """How the record of this flow's source and move is named in a record mark; "" in any other."""
    begin = f"[mlc:{flow.source.name}:{move}:"
    return mark[len(begin) : -1] if mark.startswith(begin) and mark.endswith("]") else ""


def sending(
    flow: OpenFlow, head: Head, intent: Intent, *, again: bool = False, presumed: str = ""
) -> tuple[Head, list[Op]]:
    """The head with its intent, and the writes that put it down before anything leaves.

    `presumed`: it may have left at any time since that moment, and nobody knows what came of it.
    """
    now = flow.engine.clock.now()
    pace = flow.engine.pace
    until = (now + (pace.lease if flow.target_end.room is None else pace.answer)).isoformat()
    noted: Json = {
        "op": intent.op,
        "kind": intent.kind,
        "mark": intent.mark,
        "attempt_key": intent.attempt_key,
        "hash": fingerprint(intent.body),
        "revision": intent.revision,
        "target_id": intent.current.id if intent.current else "",
        "version": intent.current.version if intent.current else "",
        "amount": str(intent.money.amount) if intent.money else "",
        "currency": intent.money.currency if intent.money else "",
        "aggregate": intent.aggregate,
        "at": presumed or now.isoformat(),
        "until": presumed or until,
    }
    new = replace(head, state="sending", intent=noted, hold=None, due=("b", until), updated_at=now.isoformat())
    told: Json = {**noted, "noticed_at": head.updated_at, "source_fingerprint": head.fingerprint}
    told |= {"mapping_version": flow.setup.mapping_version, "correlation": head.correlation}
    if again:
        what = "intent repeated"
        ops: list[Op] = []
    else:
        what = f"may have been done since {presumed}" if presumed else f"intent to {intent.op}"
        told |= {"request": intent.body, "once": intent.once, "changes": changes(intent)}
        ops = ledger.body_ops(head.key, "target", {"body": intent.body, "once": intent.once})
    return new, [ledger.put(new), *ops, ledger.trail_op(head.key, now, what, told, salt=str(head.version))]


def changes(intent: Intent) -> Json:
    """Per field what stands there and what will, as far as the two differ; None: nothing."""
    there = intent.current.body if intent.current else {}
    gone = intent.op not in ("create", "update")
    found = {name: (owned(there.get(name), wanted), None if gone else wanted) for name, wanted in intent.body.items()}
    return {name: {"before": before, "after": after} for name, (before, after) in found.items() if before != after}


def outstanding(head: Head, documents: Mapping[tuple[RecordKey, Side], Json]) -> Intent:
    """The intent of a head whose outcome nobody has written down."""
    noted = head.intent
    assert noted is not None
    document = documents[(head.key, "target")]
    amount = str(noted["amount"])
    return Intent(
        key=head.key,
        op=str(noted["op"]),
        kind=str(noted["kind"]),
        body=_object(document["body"]),
        once=_object(document["once"]),
        mark=str(noted["mark"]),
        attempt_key=str(noted["attempt_key"]),
        revision=int(str(noted["revision"])),
        money=Money(Decimal(amount), str(noted["currency"])) if amount else None,
        aggregate=str(noted.get("aggregate") or ""),
        at=str(noted["at"]),
    )


def busy(head: Head, now: datetime) -> bool:
    """Another worker may still be at it."""
    return (
        head.state == "sending" and head.intent is not None and datetime.fromisoformat(str(head.intent["until"])) > now
    )


def _object(value: object) -> Json:
    assert isinstance(value, dict)
    return value
