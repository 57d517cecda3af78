"""Three ways: what we last wrote, what stands there now, what we want. Somebody else's edit is never overwritten."""

from __future__ import annotations

from chalicelib.engine.errors import Held
from chalicelib.engine.records import Current, Draft, Json


def check_update(current: Current, written: Json | None, draft: Draft, target_title: str) -> bool:
    """Whether there is something to write. Raises Held when somebody changed our fields or the target locks them."""
    ours = draft.body
    theirs = {field: current.body.get(field) for field in ours}
    if theirs == ours:
        return False
    if written is not None:
        edited = [field for field in ours if theirs[field] != written.get(field) and theirs[field] != ours[field]]
        if edited:
            raise Held(
                "changed_in_target",
                f"{current.label} was changed in {target_title} by somebody else: "
                + "; ".join(_difference(field, written.get(field), theirs[field], ours[field]) for field in edited),
                cause=current.label,
                fix=f"Decide which is right: keep {target_title}'s version, or replay with overwrite.",
                waits_for=[],
            )
    for field in ours:
        if theirs[field] != ours[field] and field in current.locks:
            raise Held(
                "target_locked",
                f"{current.label} cannot be changed any more: {current.locks[field]}.",
                cause=current.label,
                fix=f"Correct it in {target_title} by hand and dismiss the record; or undo what locks it, then replay.",
            )
    return True


def _difference(field: str, written: object, theirs: object, ours: object) -> str:
    return f"{field}: we wrote {_short(written)}, now {_short(theirs)}, the source says {_short(ours)}"


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 300 else f"{text[:300]}…"
