"""What happened to a record, why, and who has to do what now: plain sentences from its head and its flow."""

from __future__ import annotations

from datetime import datetime

from chalicelib.engine import ledger
from chalicelib.engine.engine import OpenFlow
from chalicelib.engine.ledger import Head
from chalicelib.engine.records import Json

NOBODY = "Nobody has to do anything."
_OWNERS = {
    "bookkeeper": "The bookkeeper",
    "admin": "An admin",
    "operator": "The operator of the service",
}
_DONE = {
    "created": "was created in {target} as {label}",
    "updated": "was updated in {target} as {label}",
    "linked": "was taken for {label}, which {target} had already",
    "adopted": "was found in {target} as {label}, with our mark on it",
    "deleted": "was deleted in {target}, where it was {label}",
    "voided": "was made void in {target}, where it is {label}",
    "told": "has no record of its own in {target}",
    "forecast": "is only a forecast: nothing of it is written to {target}",
    "dismissed": "was dismissed by {by}: nothing is sent for its present state",
}


def tell(flow: OpenFlow, head: Head) -> Json:
    """`happened`, `why`, `who` and `todo`, and the same as `sentences` to read from top to bottom."""
    happened, why, who, todo = _split(flow, head) if head.state == "split" else _said(flow, head)
    action = f"{who}: {todo}" if todo else NOBODY
    return {
        "record": head.key.id,
        "state": head.state,
        "happened": happened,
        "why": why,
        "who": who,
        "todo": todo,
        "sentences": [sentence for sentence in (happened, why, action) if sentence],
    }


def _said(flow: OpenFlow, head: Head) -> tuple[str, str, str, str]:
    match head.state:
        case "held":
            return _held(head)
        case "done" | "forecast":
            return _done(flow, head)
        case "refused":
            return _refused(flow, head)
        case "not_moved":
            return _not_moved(head)
        case "rehearsed":
            return _rehearsed(flow, head)
    return _under_way(flow, head)


def _held(head: Head) -> tuple[str, str, str, str]:
    hold = head.hold or {}
    happened = f"{_title(head)} is held since {_moment(hold.get('since'))}."
    owner = str(hold.get("owner"))
    if owner == "nobody":
        return happened, str(hold.get("message")), "", ""
    return happened, str(hold.get("message")), _OWNERS.get(owner, owner), str(hold.get("fix"))


def _done(flow: OpenFlow, head: Head) -> tuple[str, str, str, str]:
    outcome = head.outcome or {}
    words, known_by = _DONE.get(str(outcome.get("action")), "is settled in {target}"), (head.link or {}).get("rule")
    if outcome.get("action") == "adopted" and known_by not in (None, "its mark"):
        words = f"was found in {{target}} as {{label}}: {known_by}"
    label = str(outcome.get("label") or (head.link or {}).get("label") or "the same")
    said = words.format(target=flow.target_title, label=label, by=outcome.get("by", "a person"))
    why = str(outcome.get("why") or "")
    when = "" if outcome.get("action") in ("told", "forecast") else f" on {_moment(outcome.get('at'))}"
    return f"{_title(head)} {said}{when}.", why, "", ""


def _refused(flow: OpenFlow, head: Head) -> tuple[str, str, str, str]:
    outcome = head.outcome or {}
    happened = f"{flow.target_title} refused {_title(head)} on {_moment(outcome.get('at'))}."
    todo = (
        f"Correct it where it comes from; the corrected one is tried by itself. To try the same again: {_replay(head)}."
    )
    return happened, str(outcome.get("why") or ""), _OWNERS["bookkeeper"], todo


def _not_moved(head: Head) -> tuple[str, str, str, str]:
    outcome = head.outcome or {}
    happened = f"{_title(head)} is not moved."
    why = str(outcome.get("why") or "")
    if outcome.get("action") == "dismissed":
        return f"{_title(head)} was dismissed by {outcome.get('by')}: it is not moved.", why, "", ""
    if head.live and not head.released:
        why = f"{why} To move it all the same: {_replay(head, ' --release')}.".strip()
    return happened, why, "", ""


def _rehearsed(flow: OpenFlow, head: Head) -> tuple[str, str, str, str]:
    plan = head.plan or {}
    happened = (
        f"The rehearsal would {plan.get('action')} {_title(head)} in {flow.target_title}. Nothing was written there."
    )
    todo = f"Look at the rehearsal and start the flow: `mlc flows start {flow.setup.name}`."
    return happened, str(plan.get("why") or ""), _OWNERS["admin"], todo


def _split(flow: OpenFlow, head: Head) -> tuple[str, str, str, str]:
    """What became of each part; what has to be done is that of the first one that needs somebody."""
    target, count = flow.target_title, len(head.parts)
    heads = ledger.heads(flow.engine.store, [*head.part_keys, *head.leaving_keys])
    shown = [heads[key] for key in head.part_keys if key in heads]
    shown += [heads[key] for key in head.leaving_keys if key in heads and heads[key].link]
    happened = f"{_title(head)} comes to {count} {'record' if count == 1 else 'records'} in {target}."
    if not head.live:
        happened = f"{_title(head)} was withdrawn at the source, and so is what it came to in {target}."
    told = [_said(flow, one) for one in shown]
    why = " ".join(sentence for part, because, _, _ in told for sentence in (part, because) if sentence)
    who, todo = next(((who, todo) for _, _, who, todo in told if todo), ("", ""))
    return happened, why, who, todo


def _under_way(flow: OpenFlow, head: Head) -> tuple[str, str, str, str]:
    title, target = _title(head), flow.target_title
    if head.state == "sending":
        return f"{title} is being written to {target} right now.", "", "", ""
    if head.state == "unknown":
        happened = f"{title} was sent to {target} and no answer came. It is looked for there before it is sent again."
    else:
        happened = f"{title} was noticed on {_moment(head.noticed_at)} and waits for its turn."
    if flow.setup.state == "paused":
        todo = f"Resume the flow: `mlc flows resume {flow.setup.name}`."
        return happened, f"The flow {flow.setup.name} is paused.", _OWNERS["admin"], todo
    for health in (flow.target_health, flow.source_health):
        if health.state not in ("untried", "ok"):
            return happened, health.message, _OWNERS["admin"], health.fix
    tries = f" It was tried {head.attempts} times; it is held after {flow.setup.max_attempts}." if head.attempts else ""
    following = f" The next try is at {_moment(head.due[1])}." if head.due and head.due[0] == "a" else ""
    return happened, f"{head.trouble}{tries}{following}".strip(), "", ""


def _title(head: Head) -> str:
    money = f" over {head.money}" if head.money else ""
    part = f", part {head.key.part}," if head.key.part else ""
    return f"{head.summary.get('title') or head.key.source_id}{part}{money}"


def _replay(head: Head, how: str = "") -> str:
    return f"`mlc replay {head.key.id}{how}`"


def _moment(value: object) -> str:
    try:
        return datetime.fromisoformat(str(value)).strftime("%Y-%m-%d %H:%M UTC")
    except ValueError:
        return "an unknown day"
