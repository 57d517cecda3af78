"""Decide, and touch nothing: what should become of a record, from its document and what is known around it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from chalicelib.engine.errors import Held
from chalicelib.engine.flow import Flow, Move
from chalicelib.engine.ledger import Head
from chalicelib.engine.link import Link, Partner
from chalicelib.engine.match import Match, match
from chalicelib.engine.records import Draft, Json, Reference, fingerprint
from chalicelib.engine.setup import FlowSetup

Action = Literal["create", "update", "delete", "void", "link", "look", "unchanged", "not_moved", "hold"]

WITHDRAWING: Mapping[str, Action] = {"delete": "delete", "void": "void"}  # the policies that take ours away there


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do with one record. `why` is the sentence for the trail."""

    action: Action
    why: str
    draft: Draft | None = None
    reference: Reference | None = None
    held: Held | None = None

    @property
    def hash(self) -> str:
        assert self.draft is not None
        return fingerprint(self.draft.body)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Everything a decision may look at besides the record: loaded before, so that deciding reads nothing."""

    setup: FlowSetup
    flow: Flow
    policies: Mapping[str, str]
    references: Mapping[str, Sequence[Reference]]
    partners: Mapping[tuple[str, str], Partner]
    target_title: str


def decide(
    head: Head, move: Move, document: object, came_from: Sequence[str] | None, around: Surroundings
) -> tuple[Decision, set[tuple[str, str]]]:
    """The decision, and the partners that must be loaded before it counts (then decide again)."""
    standing = _standing(head, move, around)
    if standing is not None:
        return standing, set()
    link = Link(
        moves=frozenset(m.name for m in around.flow.moves),
        partners=around.partners,
        references=around.references,
        mappings=around.setup.mappings,
        policies=around.policies,
        target_title=around.target_title,
        rules=around.setup.rules,
        ruled=around.flow.ruled,
    )
    try:
        draft = move.make(document, link)
    except Held as held:
        return Decision("hold", held.message, held=held), set()
    if came_from and came_from[0] == around.flow.target_system and head.link is None:
        return _echo(came_from[1], move, draft, around), set()
    if link.missing and not link.wanted:
        together = _together(link.missing)
        return Decision("hold", together.message, draft=draft, held=together), set()
    return _how(head, move, draft, around), link.wanted


def _standing(head: Head, move: Move, around: Surroundings) -> Decision | None:
    """What is decided before the document is looked at: withdrawn, left out, or before the cut-over."""
    if not head.live and not (head.link and not head.gone and _on_withdrawal(move, around) == "close"):
        return _withdrawn(head, move, around)
    if head.link is None and not move.is_wanted(around.policies):
        return _left_out(head, move, around)
    day = str(head.summary.get("day") or "")
    free = not move.dated or head.released or head.link is not None
    if free or not day or date.fromisoformat(day) >= around.setup.cut_over:
        return None
    return Decision("not_moved", f"It is dated {day}, before the cut-over {around.setup.cut_over}.")


def _left_out(head: Head, move: Move, around: Surroundings) -> Decision:
    chosen = ", ".join(f"{policy}: {around.policies[policy]}" for policy in move.wanted_if)
    held = Held(
        "left_out",
        f"{head.summary.get('title')} was noticed before the policy was set to {chosen}, which leaves it out.",
        cause=chosen,
        fix="Nothing to do: it goes on by itself if the policy is changed back. Dismiss it to have it out of sight.",
        owner="nobody",
        waits_for=[f"setting:{policy}" for policy in move.wanted_if],
    )
    return Decision("hold", held.message, held=held)


def _echo(target_id: str, move: Move, draft: Draft, around: Surroundings) -> Decision:
    """It was copied from there: linked to its origin where that is in a list of ours, and never sent back."""
    for ref in around.references.get(move.target_kind, ()):
        if ref.id == target_id:
            return link_to(ref, "the mark of its origin", move, draft, around.target_title)
    return Decision("not_moved", f"It came from {around.target_title} ({target_id}) and does not go back.")


def _how(head: Head, move: Move, draft: Draft, around: Surroundings) -> Decision:
    title = around.target_title
    if head.link is not None:
        return _linked_already(head, head.link, move, draft, title)
    if not move.match:
        return Decision("create", f"{title} does not have it yet.", draft=draft)
    found = match(draft, around.references.get(move.target_kind, ()), move.match)
    if found.one is not None:
        return link_to(found.one, found.by, move, draft, title)
    return _unmatched(found, move, draft, around)


def link_to(ref: Reference, by: str, move: Move, draft: Draft, target_title: str) -> Decision:
    """Take an existing entry of the target for the same, unless it is inactive."""
    if ref.active:
        return Decision("link", f"Taken for {ref.label} by {by}.", draft=draft, reference=ref)
    kind = move.target_kind
    held = Held(
        "inactive_ref",
        f"The {kind} {ref.label} is inactive in {target_title}.",
        cause=f"{kind} {ref.label}",
        fix=f"Make the {kind} {ref.label} active again in {target_title}, or link this one to another {kind}.",
        waits_for=[f"reference:{kind}"],
    )
    return Decision("hold", held.message, draft=draft, held=held)


def _linked_already(head: Head, link: Json, move: Move, draft: Draft, title: str) -> Decision:
    """Ours is updated; what a person entered is never written to, unless a person says so."""
    if not link.get("overwrite"):
        if link.get("made") == "linked" and not move.match and link.get("source") != head.fingerprint:
            held = Held(
                "changed_after_link",
                f"{head.summary.get('title')} changed after a person linked it to {link.get('label')} in {title}, "
                "which somebody else entered.",
                cause=str(link.get("label")),
                fix=f"Change it in {title} by hand and dismiss the record, or replay it with overwrite.",
            )
            return Decision("hold", held.message, draft=draft, held=held)
        if link.get("made") == "linked" or link.get("hash") == fingerprint(draft.body):
            return Decision("look" if link.get("look") else "unchanged", f"{title} has it already.", draft=draft)
    return Decision("update", f"It changed since it was written to {title}.", draft=draft)


def _unmatched(found: Match, move: Move, draft: Draft, around: Surroundings) -> Decision:
    kind, name = move.target_kind, draft.summary.title
    create = not move.unmatched or around.policies[move.unmatched] == "create"
    if not found.candidates and create:
        return Decision("create", f"{around.target_title} has no {kind} of that name.", draft=draft)
    waits = [f"reference:{kind}", f"setting:{move.unmatched}"]
    if found.candidates and (found.by != "similar name" or create):
        shown = "; ".join(f"{ref.label} (id {ref.id})" for ref in found.candidates)
        held = Held(
            "ambiguous_match",
            f"{name} could be one of several in {around.target_title} by {found.by}: {shown}.",
            cause=f"{kind} {name}",
            fix=f"Link it to the right {kind}, or rename one so that exactly one has this name.",
            waits_for=waits,
        )
    else:
        close = ", ".join(ref.label for ref in found.candidates)
        held = Held(
            f"{kind}_unmatched",
            f"{around.target_title} has no {kind} named {name}." + (f" Similar: {close}." if close else ""),
            cause=f"{kind} {name}",
            fix=f"Create the {kind} {name} in {around.target_title}, link it to an existing one, "
            f"or set the policy {move.unmatched}: create.",
            waits_for=waits,
        )
    return Decision("hold", held.message, draft=draft, held=held)


def _withdrawn(head: Head, move: Move, around: Surroundings) -> Decision:
    if head.link is None:
        return Decision("not_moved", "It was withdrawn at the source before it was moved.")
    what = "was deleted" if head.gone else "was withdrawn or cancelled"
    title = str(head.summary.get("title"))
    action = WITHDRAWING.get(_on_withdrawal(move, around))
    if action and head.link.get("made") != "linked":
        return Decision(action, f"It {what} at the source.")
    held = Held(
        "withdrawn_at_source",
        f"{title} {what} at the source after it was written to {around.target_title}.",
        cause=f"{move.name} {head.key.source_id}",
        fix=f"Decide in {around.target_title} whether it stays, and dismiss the record. "
        "It goes on by itself when it is approved again.",
    )
    return Decision("hold", held.message, held=held)


def _on_withdrawal(move: Move, around: Surroundings) -> str:
    return around.policies[move.withdrawn] if move.withdrawn else "hold"


def _together(missing: Sequence[Held]) -> Held:
    """All that is missing as one hold, grouped under the first cause that a person can do something about."""
    first = next((held for held in missing if held.owner != "nobody"), missing[0])
    messages = dict.fromkeys(held.message for held in [first, *missing])
    return Held(
        first.reason,
        " ".join(messages),
        cause=first.cause,
        fix=first.fix,
        owner=first.owner,
        waits_for=list(dict.fromkeys(token for held in missing for token in held.waits_for)),
    )
