"""What a look into the target means for people: it is there already, more than once, or gone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from chalicelib.engine.errors import Held
from chalicelib.engine.ledger import Head
from chalicelib.engine.records import Current, Json, Sighting


def standing(head: Head, sighting: Sighting) -> Sighting:
    """Without what we have voided ourselves: it bears the mark for ever, and is no answer to what is asked for anew."""
    if (head.outcome or {}).get("action") != "voided":
        return sighting
    return replace(sighting, ours=[one for one in sighting.ours if not one.void])


def exists(head: Head, twins: Sequence[Current], target_title: str) -> Held:
    shown = "; ".join(f"{twin.label} (id {twin.id})" for twin in twins[:5])
    return Held(
        "exists_in_target",
        f"{head.summary.get('title')} seems to be in {target_title} already, entered by somebody else: {shown}.",
        cause=shown,
        fix=f"If it is the same, link the record to it (mlc resolve ID --link {twins[0].id}) or dismiss the record. "
        f"If not, correct the number in {target_title}, then replay.",
        suggested=[suggestion(twin) for twin in twins[:5]],
    )


def suggestion(twin: Current) -> Json:
    """A document there that it might be, with what tells it from others."""
    found = {"day": twin.day.isoformat() if twin.day else "", "amount": str(twin.money or "")}
    evidence = {name: {"theirs": value} for name, value in found.items() if value}
    return {"id": twin.id, "label": twin.label, "score": "", "evidence": evidence}


def several(head: Head, ours: Sequence[Current], target_title: str) -> Held:
    shown = "; ".join(f"{one.label} (id {one.id})" for one in ours[:5])
    return Held(
        "duplicate_in_target",
        f"{head.summary.get('title')} is in {target_title} more than once with our mark: {shown}.",
        cause=str(head.summary.get("title")),
        fix=f"Delete all but one of them in {target_title}, then replay.",
    )


def missing(head: Head, target_title: str) -> Held:
    label = (head.link or {}).get("label") or head.summary.get("title")
    return Held(
        "missing_in_target",
        f"{label} was deleted in {target_title}; it is not made again by itself.",
        cause=str(label),
        fix="Unlink the record so that it is created anew, or dismiss it if it was rightly deleted.",
    )
