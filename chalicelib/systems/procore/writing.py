"""What all kinds of records have in common when they are read and written."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal

from chalicelib.engine.errors import ConnectorError, Held, Unknown
from chalicelib.engine.merge import owned
from chalicelib.engine.records import Current, Done, Intent, Json, Money, fingerprint
from chalicelib.systems.procore import names
from chalicelib.systems.procore.client import Answer, Client, Faulty
from chalicelib.systems.procore.fixes import PERMISSION
from chalicelib.systems.procore.models import Marked, Unfit, fit, plain


def id_of(body: object, intent: Intent) -> str:
    """The id in the answer to a create."""
    found = body.get("id") if isinstance(body, dict) else None
    if not isinstance(found, int | str) or not str(found).isdigit():
        raise Unknown(f"Procore took {title_of(intent)} and did not show its id.")
    return str(found)


def project_of(intent: Intent) -> str:
    """The project of what is written; "" of what belongs to the company."""
    return str(intent.body.get("project") or str(intent.body.get("commitment") or "").partition("/")[0])


def title_of(intent: Intent) -> str:
    spoken = {"requisition": "invoice"}.get(intent.kind, intent.kind.replace("_", " "))
    if intent.kind in ("vendor", "project_vendor"):
        return f"The vendor {intent.body.get('name') or intent.once.get('name') or intent.key.source_id}"
    day = f"of {intent.body.get('date')}"
    if intent.kind == "contract_payment":
        return f"The payment {intent.body.get('check_number', '')} {day}".replace("  ", " ")
    return f"The {spoken} {intent.body.get('number') or day}"


def version(shape: Marked, body: Json) -> str:
    """It moves whenever the record does, also within the second that the vendor's own stamp shows."""
    return f"{shape.updated_at} {fingerprint(body)[:12]}"


def is_ours(shape: Marked, intent: Intent | None) -> bool:
    return intent is not None and names.mark_of(shape.origin_data, shape.origin_id) == intent.mark


def lost_marks(intent: Intent, shape: Marked) -> Json:
    """Our origin id, where an earlier try took it off and did not get to put it on again."""
    missing = intent.once.get("lock") and not shape.origin_id
    return {"origin_id": names.origin(intent.mark)} if missing else {}


def marks(intent: Intent) -> Json:
    """Where our mark goes: always into the origin data, into the origin id where that may be locked for people."""
    made: Json = {"origin_data": intent.mark}
    return made | ({"origin_id": names.origin(intent.mark)} if intent.once.get("lock") else {})


def day(text: str) -> datetime.date | None:
    try:
        return datetime.date.fromisoformat(text[:10])
    except ValueError:
        return None


def lines_of(body: Json) -> list[Json]:
    listed = body["lines"]
    assert isinstance(listed, list)
    return listed


def still_visible(client: Client, project: str, title: str) -> None:
    """A record that is not found may only be hidden: its project tells (sheet section 18, traps 25 and 27)."""
    try:
        seen = client.one(f"/rest/v1.0/projects/{project}", {"company_id": client.company})
    except Faulty as faulty:
        raise client.trouble(faulty, title=title) from faulty
    if seen is None:
        raise Held(
            "permission_or_tool",
            f"{title} cannot be seen: Procore hides the project {project} from the app, or it is gone.",
            cause=f"the project {project}",
            fix=PERMISSION,
            owner="admin",
            waits_for=["reference:readiness"],
        )


def past_the_lock(
    intent: Intent, patch: Callable[[Json], Answer], act: Callable[[], Answer], *, stays: bool = True
) -> Answer:
    """Act; where our own origin id locks the record, take it off, act, and put it on again (sheet section 6).

    `patch` writes the given fields; what does not stay needs no lock afterwards. A lock that does not open is the
    outcome.
    """
    assert intent.current is not None
    kept: Json = {"origin_id": fit(Marked, intent.current.raw).origin_id}
    try:
        return act()
    except Faulty as faulty:
        if faulty.meaning.kind != "LOCKED" or kept["origin_id"] != names.origin(intent.mark):
            raise
        locked = faulty
    try:
        patch({"origin_id": ""})
    except Faulty as faulty:
        raise (locked if faulty.meaning.kind == "LOCKED" else faulty) from None
    try:
        answer = act()
    except Faulty:
        patch(kept)
        raise
    if stays:
        patch(kept)
    return answer


def check_place(intent: Intent, place: str) -> None:
    """A record never moves from one project or commitment to another. Raises Held where that is asked for."""
    assert intent.current is not None
    if intent.current.body[place] == intent.body[place]:
        return
    raise Held(
        "target_locked",
        f"{title_of(intent)} belongs to another {place} now, and in Procore a record stays where it was made.",
        cause=intent.current.label,
        fix=f"Delete {intent.current.label} in Procore by hand, unlink the record and replay it; or undo the change of "
        "the mapping.",
    )


def emptied(intent: Intent) -> Intent:
    """To void ours is to leave nothing on its lines: a document of nothing has no place of its own in Procore."""
    nothing = replace(intent.money, amount=Decimal("0.00")) if intent.money else None
    return replace(intent, body={**intent.body, "lines": []}, money=nothing)


def may_withdraw(intent: Intent) -> Current:
    """What stands there, if it carries our mark, or is still exactly what we sent. Raises Held for anything else."""
    assert intent.current is not None
    there = intent.current
    theirs = [name for name, value in intent.body.items() if owned(there.body.get(name), value) != value]
    if is_ours(fit(Marked, there.raw), intent) or not theirs:
        return there
    raise Held(
        "changed_in_target",
        f"{there.label} carries no mark of ours any more and is not what we sent: it is left as it is.",
        cause=there.label,
        fix="Decide in Procore whether it stays, and dismiss the record.",
    )


def done(
    current: Current, raw: Json, *, trace: str = "", money: Money | None = None, notes: Sequence[str] = ()
) -> Done:
    told = plain(raw)
    assert isinstance(told, dict)
    return Done(current=current, answer=told, request_id=trace, money=money, notes=notes)


def total(found: Current, intent: Intent) -> Money | None:
    """What it comes to there; where Procore names no currency, it is taken as the one that was sent."""
    if found.money is None:
        return None
    sent = intent.money.currency if intent.money else ""
    return Money(found.money.amount, found.money.currency or sent)


def notes_of(intent: Intent) -> list[str]:
    """What was already changed to fit when the document was made."""
    notes = intent.once.get("notes")
    return [str(note) for note in notes] if isinstance(notes, list) else []


def open_outcome(intent: Intent, why: ConnectorError | Faulty | Unfit) -> Unknown:
    """It was taken, but what stands there could not be read back."""
    reason = why.message if isinstance(why, ConnectorError) else str(why)
    return Unknown(f"Procore took {title_of(intent)}, but it could not be read back: {reason}").seen(reason)
