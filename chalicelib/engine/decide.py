"""Decide, and touch nothing: what should become of a record, from its document and what is known around it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from chalicelib.engine.errors import Held
from chalicelib.engine.flow import Flow, Move
from chalicelib.engine.ledger import Head
from chalicelib.engine.link import Link, Part, Partner, together
from chalicelib.engine.match import Match, likeness, match
from chalicelib.engine.records import Draft, Forecast, Json, Reference, fingerprint
from chalicelib.engine.setup import FlowSetup

Action = Literal[
    "create", "update", "delete", "void", "link", "look", "unchanged", "not_moved", "hold", "split", "divide_again",
    "told", "forecast",
]  # fmt: skip

WITHDRAWING: Mapping[str, Action] = {"delete": "delete", "void": "void"}  # the policies that take ours away there


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do with one record. `why` is the sentence for the trail.

    "split": it comes to `parts`; those that it came to before and does not any more are withdrawn. "divide_again": the
    record is a part that its whole has no more, so the whole is to be decided. "told": another record says it there.
    "forecast": it is only expected. `reread` are records to be read again because of this one.
    """

    action: Action
    why: str
    draft: Draft | None = None
    reference: Reference | None = None
    by: str = ""  # the rule by which the reference is taken for the same
    held: Held | None = None
    parts: Sequence[Part] = ()
    read_again: tuple[str, str] | None = None
    follows: tuple[str, str] | None = None
    concerned: frozenset[tuple[str, str]] = frozenset()  # records that have to be decided again because of this one
    reread: frozenset[tuple[str, str]] = frozenset()

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
    closed: Mapping[str, Held]
    partners: Mapping[tuple[str, str], Partner]
    target_title: str


def decide(
    head: Head, move: Move, document: object, came_from: Sequence[str] | None, around: Surroundings
) -> tuple[Decision, Link | None]:
    """The decision, and the link whose `wanted` and `unread` must be loaded before it counts (then decide again)."""
    standing = _standing(head, move, around)
    if standing is not None:
        return standing, None
    link = Link(
        moves=frozenset(m.name for m in around.flow.moves),
        partners=around.partners,
        references=around.references,
        closed=around.closed,
        mappings=around.setup.mappings,
        policies=around.policies,
        target_title=around.target_title,
        rules=around.setup.rules,
        ruled=around.flow.ruled,
        released=head.released or head.link is not None,
        stands_as=str((head.link or {}).get("kind") or ""),
    )
    try:
        place = head.key.part if move.at_place else ""
        made = move.at_place(document, link, place) if move.at_place and place else move.make(document, link)
    except Held as held:
        return Decision("hold", held.message, held=held), link
    if came_from and came_from[0] == move.target.split(".", 1)[0] and not (head.link or head.parts or head.key.part):
        return _echo(came_from[1], move, made, around), None
    return _of(head, move, made, link, around), link


def _of(head: Head, move: Move, made: Draft | Forecast | Sequence[Part], link: Link, around: Surroundings) -> Decision:
    if link.missing:
        missing = together(link.missing)
        return Decision("hold", missing.message, draft=made if isinstance(made, Draft) else None, held=missing)
    if isinstance(made, Draft):
        return _how(head, move, made, around)
    if isinstance(made, Forecast):
        return Decision("told" if made.is_over else "forecast", made.why)
    if not head.key.part:
        return Decision("split", f"It comes to {len(made)} in {around.target_title}.", parts=made)
    return _part(head, move, made, around)


def _part(head: Head, move: Move, made: Sequence[Part], around: Surroundings) -> Decision:
    """What becomes of one part of what its whole comes to."""
    part = next((part for part in made if part.name == head.key.part), None)
    if part is None:
        return Decision("divide_again", "What it is a part of comes to others by now.")
    if part.held is not None:
        return Decision("hold", part.held.message, draft=part.draft, held=part.held)
    if part.draft is not None:
        return _how(head, move, part.draft, around)
    if head.link:
        return _withdrawn(head, move, around)
    action: Action = "told" if part.is_told else "not_moved"
    return Decision(action, part.why, read_again=part.read_again, follows=part.follows)


def _standing(head: Head, move: Move, around: Surroundings) -> Decision | None:
    """What is decided before the document is looked at: withdrawn, left out, or before the cut-over."""
    if not head.live and head.parts:
        return Decision("split", "It was withdrawn at the source, and so are its parts.")
    if not head.live and not (head.link and not head.gone and _on_withdrawal(move, around) == "close"):
        return _withdrawn(head, move, around)
    known = head.link or head.parts or head.key.part
    if not known and not move.is_wanted(around.policies):
        return _left_out(head, move, around)
    day = str(head.summary.get("day") or "")
    free = not move.dated or head.released or known
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


def _echo(target_id: str, move: Move, made: Draft | Forecast | Sequence[Part], around: Surroundings) -> Decision:
    """It was copied from there: linked to its origin where that is in a list of ours, and never sent back."""
    for ref in around.references.get(move.target_kind, ()):
        if ref.id == target_id and isinstance(made, Draft):
            return link_to(ref, "the mark of its origin", move, made, around.target_title)
    return Decision("not_moved", f"It came from {around.target_title} ({target_id}) and does not go back.")


def _how(head: Head, move: Move, draft: Draft, around: Surroundings) -> Decision:
    title = around.target_title
    if head.link is not None:
        return _linked_already(head, head.link, move, draft, around)
    if not move.match or head.key.part:
        return Decision("create", f"{title} does not have it yet.", draft=draft)
    found = match(draft, around.references.get(move.target_kind, ()), move.match)
    if found.one is not None:
        return link_to(found.one, found.by, move, draft, title)
    return _unmatched(found, move, draft, around)


def link_to(ref: Reference, by: str, move: Move, draft: Draft, target_title: str) -> Decision:
    """Take an existing entry of the target for the same, unless it is inactive."""
    if ref.active:
        return Decision("link", f"Taken for {ref.label} by {by}.", draft=draft, reference=ref, by=by)
    kind = move.target_kind
    held = Held(
        "inactive_ref",
        f"The {kind} {ref.label} is inactive in {target_title}.",
        cause=f"{kind} {ref.label}",
        fix=f"Make the {kind} {ref.label} active again in {target_title}, or link this one to another {kind}.",
        waits_for=[f"reference:{kind}"],
        suggested=[likeness(draft, ref)],
    )
    return Decision("hold", held.message, draft=draft, held=held)


def _linked_already(head: Head, link: Json, move: Move, draft: Draft, around: Surroundings) -> Decision:
    """Ours is updated; what a person entered is never written to, unless a person says so.

    What belongs elsewhere by now, as another kind or under another aggregate, is withdrawn first and made anew.
    """
    place = (link.get("kind", draft.kind), link.get("aggregate", draft.aggregate))
    if place != (draft.kind, draft.aggregate):
        return _elsewhere(head, move, draft, around)
    title = around.target_title
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


def _elsewhere(head: Head, move: Move, draft: Draft, around: Surroundings) -> Decision:
    assert head.link is not None
    old, new = (str(head.link.get("kind")).replace("_", " "), draft.kind.replace("_", " "))
    why = f"It becomes a {new} instead of a {old}." if new != old else f"It belongs to another {new.split()[0]} now."
    if _on_withdrawal(move, around) != "hold" and head.link.get("made") != "linked":
        return Decision("delete", why, draft=draft)
    held = Held(
        "belongs_elsewhere",
        f"{head.summary.get('title')} stands in {around.target_title} as {head.link.get('label')}. {why}",
        cause=str(head.link.get("label")),
        fix=f"Delete {head.link.get('label')} in {around.target_title} and unlink the record; it is made anew then.",
    )
    return Decision("hold", held.message, draft=draft, held=held)


def _unmatched(found: Match, move: Move, draft: Draft, around: Surroundings) -> Decision:
    kind, name = move.target_kind, draft.summary.title
    create = not move.unmatched or around.policies[move.unmatched] == "create"
    if not found.candidates and create:
        return Decision("create", f"{around.target_title} has no {kind} of that name.", draft=draft)
    waits = [f"reference:{kind}", f"setting:{move.unmatched}"]
    suggested = [{**likeness(draft, ref), "by": found.by} for ref in found.candidates]
    if found.candidates and (found.by != "similar name" or create):
        shown = "; ".join(f"{ref.label} (id {ref.id})" for ref in found.candidates)
        held = Held(
            "ambiguous_match",
            f"{name} could be one of several in {around.target_title} by {found.by}: {shown}.",
            cause=f"{kind} {name}",
            fix=f"Link it to the right {kind}, or rename one so that exactly one has this name.",
            waits_for=waits,
            suggested=suggested,
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
            suggested=suggested,
        )
    return Decision("hold", held.message, draft=draft, held=held)


def _withdrawn(head: Head, move: Move, around: Surroundings) -> Decision:
    if head.link is None:
        return Decision("not_moved", "It was withdrawn at the source before it was moved.")
    what = "was deleted" if head.gone else "was withdrawn or cancelled"
    title = str(head.summary.get("title"))
    action = _withdrawing(head, move, around)
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


def _withdrawing(head: Head, move: Move, around: Surroundings) -> Action | None:
    """Whether ours is taken away there, and how; "mirror": what is gone is deleted, what is void is voided."""
    policy = _on_withdrawal(move, around)
    if policy == "mirror":
        return "delete" if head.gone or head.live else "void"
    return WITHDRAWING.get(policy)


def _on_withdrawal(move: Move, around: Surroundings) -> str:
    return around.policies[move.withdrawn] if move.withdrawn else "hold"
