"""Three ways: what we last wrote, what stands there now, what we want. Somebody else's edit is never overwritten."""

from __future__ import annotations

from collections.abc import Mapping

from chalicelib.engine.errors import Held
from chalicelib.engine.records import Current, Draft, Json


def owned(theirs: object, ours: object) -> object:
    """What stands there, as far as we own it: of an object the members that ours has, of a list the same by place.

    Entries of theirs beyond ours are seen as our last one is.
    """
    if isinstance(theirs, Mapping) and isinstance(ours, Mapping):
        return {name: owned(theirs.get(name), value) for name, value in ours.items()}
    if isinstance(theirs, list) and isinstance(ours, list) and ours:
        return [owned(their, ours[min(place, len(ours) - 1)]) for place, their in enumerate(theirs)]
    return theirs


def stands(current: Current, body: Json) -> bool:
    """Whether every field of the body has its value there."""
    return owned(current.body, body) == body


def check_update(current: Current, written: Json | None, draft: Draft, target_title: str) -> bool:
    """Whether there is something to write. Raises Held when somebody changed our fields or the target locks them."""
    ours = draft.body
    theirs = {field: owned(current.body.get(field), value) for field, value in ours.items()}
    if theirs == ours:
        return False
    if written is not None:
        before = {field: owned(written.get(field), value) for field, value in ours.items()}
        edited = [field for field in ours if theirs[field] != before[field] and theirs[field] != ours[field]]
        if edited:
            raise _changed(current, target_title, [(name, before[name], theirs[name], ours[name]) for name in edited])
    _check_locks(current, [field for field in ours if theirs[field] != ours[field]], target_title, "changed any more")
    return True


def check_withdrawal(current: Current, sent: Json, target_title: str, what: str) -> None:
    """Raises Held when it is no longer what we sent, or something hangs on it there. `what`: deleted or voided."""
    there = {**current.body, **current.once}
    edited = [name for name, value in sent.items() if owned(there.get(name), value) != value]
    if edited:
        raise _changed(current, target_title, [(name, sent[name], there.get(name), "gone") for name in edited])
    _check_locks(current, list(current.locks), target_title, what)


def _check_locks(current: Current, fields: list[str], target_title: str, what: str) -> None:
    for field in fields:
        if field in current.locks:
            raise Held(
                "target_locked",
                f"{current.label} cannot be {what}: {current.locks[field]}.",
                cause=current.label,
                fix=f"Correct it in {target_title} by hand and dismiss the record; or undo what locks it, then replay.",
            )


def _changed(current: Current, target_title: str, edits: list[tuple[str, object, object, object]]) -> Held:
    shown = "; ".join(
        f"{field}: we wrote {_short(wrote)}, now {_short(now)}, the source says {_short(source)}"
        for field, wrote, now, source in edits
    )
    return Held(
        "changed_in_target",
        f"{current.label} was {'voided' if current.void else 'changed'} in {target_title} by somebody else: {shown}.",
        cause=current.label,
        fix=f"Decide which is right: keep {target_title}'s version, or replay with overwrite.",
    )


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 300 else f"{text[:300]}…"
