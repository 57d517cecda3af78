"""What a person decides about one record: it is that one over there, leave it, or forget the link."""

from __future__ import annotations

from chalicelib.engine import intents, ledger, references, replay
from chalicelib.engine.engine import Engine, OpenFlow
from chalicelib.engine.errors import ConnectorError, Held
from chalicelib.engine.flow import Move
from chalicelib.engine.ledger import Head
from chalicelib.engine.ports import Conflict
from chalicelib.engine.records import Json, RecordKey
from chalicelib.entry import errands


def run(engine: Engine, job: Json) -> None:
    """The job {"job": "resolve", "tenant", "record", "action", "target_id", "why", "by", "id"}."""
    key = RecordKey.from_id(str(job["tenant"]), str(job["record"]))
    flow = engine.open(key.tenant, key.flow, move=key.move) if key else None
    if key is None or flow is None:
        return
    answer = resolve(
        flow,
        key,
        action=str(job["action"]),
        target_id=str(job["target_id"]),
        why=str(job["why"]),
        by=str(job["by"]),
    )
    errands.settle(engine, "resolve", job, answer)


def resolve(flow: OpenFlow, key: RecordKey, *, action: str, target_id: str, why: str, by: str) -> Json:
    """Do it now. The answer says whether it was done, and otherwise why not and what to do."""
    head = ledger.heads(flow.engine.store, [key]).get(key)
    move = flow.flow.move(key.move)
    if head is None or move is None:
        return _not_done("There is no such record.", "Look up its id with `mlc records`.")
    stands_against = _stands_against(flow, move, head, action)
    if stands_against is not None:
        return stands_against
    try:
        return _done(_act(flow, move, head, action=action, target_id=target_id, why=why, by=by))
    except Held as held:
        return _not_done(held.message, held.fix)
    except ConnectorError as trouble:
        return _not_done(trouble.message, "Try again in a minute.")
    except Conflict:
        return _not_done("The record is being worked on this moment.", "Try again in a minute.")


def _act(flow: OpenFlow, move: Move, head: Head, *, action: str, target_id: str, why: str, by: str) -> Head:
    if action == "link":
        return replay.link_to(flow, move, head, target_id, by=by)
    if action == "dismiss":
        return replay.dismiss(flow, head, by=by, why=why)
    return replay.unlink(flow, move, head, by=by)


def _stands_against(flow: OpenFlow, move: Move, head: Head, action: str) -> Json | None:
    if move.in_parts and not head.key.part and (head.state == "split" or action != "dismiss"):
        return _is_whole(flow, head)
    if move.is_forecast and action == "link":
        return _not_done("It is only a forecast, of which nothing is written.", "Nothing to do.")
    if intents.busy(head, flow.engine.clock.now()):
        return _not_done("The record is being written this moment.", "Try again in a minute.")
    if action == "link" and head.link is not None and not _is_out_of_use(flow, move, str(head.link["target_id"])):
        label = head.link.get("label") or head.link.get("target_id")
        return _not_done(f"It is linked to {label} already.", "Unlink it first, if that is wrong.")
    if action == "unlink" and head.link is None:
        return _not_done("It is not linked to anything.", "Nothing to do.")
    return None


def _is_whole(flow: OpenFlow, head: Head) -> Json:
    """Nothing in the target is the whole: what is decided there is decided for one part."""
    target, parts = flow.target_title, ", ".join(key.id for key in [*head.part_keys, *head.leaving_keys])
    fix = f"Decide it for one of its parts: {parts}." if parts else "Settle what holds it, or dismiss it."
    return _not_done(f"It is moved to {target} in parts, each of which is a record of its own.", fix)


def _is_out_of_use(flow: OpenFlow, move: Move, target_id: str) -> bool:
    """Inactive there, deleted, or merged into another one: what takes its place may be linked over it."""
    listed = references.kept(flow, [move.target_kind]).get(move.target_kind)
    if listed is None or not move.many_to_one:
        return False
    return not any(entry.id == target_id and entry.active for entry in listed)


def _done(head: Head) -> Json:
    if head.state == "held" and head.hold:
        return _not_done(str(head.hold["message"]), str(head.hold["fix"]))
    return {"ok": True, "record": head.key.id, "state": head.state, "message": "", "fix": ""}


def _not_done(message: str, fix: str) -> Json:
    return {"ok": False, "message": message, "fix": fix}
