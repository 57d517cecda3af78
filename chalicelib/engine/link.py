"""What a document needs from outside itself: partners, entries of the target's lists, policies, facts.

What is missing is collected, so that a person sees all of it at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from chalicelib.engine.errors import Held
from chalicelib.engine.records import Draft, Money, Reference, Summary
from chalicelib.engine.rules import Answer, Ruled, Rules, any_token, first, token, unanswered

MOST_LINES = 20  # lines without a rule of which a held record keeps the facts

UNDER_WAY = frozenset({"absent", "waiting", "sending", "unknown", "rehearsed"})
NONE = "none"  # as a policy: not wanted; as a mapping: deliberately left empty there


@dataclass(frozen=True, slots=True)
class Partner:
    """How far the record is that another one depends on. `target_id` "" and `state`: why it is not there yet.

    `kind` and `aggregate` are those of the target record. `parts` are its own, of one that came to several.
    """

    target_id: str = ""
    state: str = "absent"
    title: str = ""
    planned: bool = False  # in a rehearsal: it would be created or linked
    ours: bool = False  # made by us: a list that was read before does not have it yet
    part: str = ""
    kind: str = ""
    aggregate: str = ""
    number: str = ""
    label: str = ""  # what the target record is called there
    day: date | None = None
    money: Money | None = None
    why: str = ""  # of one that is not moved
    parts: Sequence[Partner] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """One of the records that a document comes to, each a record of its own; `name` is the same for life.

    `held` says why it cannot be written yet. Without a draft and a hold it is not moved, and `why` says so; or another
    record tells it there (`is_told`), which is read again for that if its move and source id are in `read_again`. What
    is not moved because another record is not names that one in `follows`, to be decided again when it is.
    """

    name: str
    summary: Summary
    draft: Draft | None = None
    held: Held | None = None
    why: str = ""
    is_told: bool = False
    read_again: tuple[str, str] | None = None
    follows: tuple[str, str] | None = None


@dataclass(slots=True)
class Link:
    """What a document needs from outside itself.

    `released`: a person let the record go, or it stands in the target already, as `stands_as`.
    `need` answers with the target's id. What is missing is collected, so that a person sees all of it at once; the
    draft made with the placeholders is thrown away then. Partners not loaded yet are collected in `wanted`, lists of
    one place ("commitment@362001") in `unread`. `concerned` are records (move, source id),
    also of the flow's other side, that have to be decided again because of this one; `reread` those that are read again
    at the source for it, where they are known.
    """

    moves: frozenset[str]
    partners: Mapping[tuple[str, str], Partner]
    references: Mapping[str, Sequence[Reference]]
    closed: Mapping[str, Held]
    mappings: Mapping[str, Mapping[str, str]]
    policies: Mapping[str, str]
    target_title: str = "the target"
    rules: Rules = field(default_factory=dict)
    ruled: Mapping[str, Ruled] = field(default_factory=dict)
    released: bool = False
    stands_as: str = ""
    wanted: set[tuple[str, str]] = field(default_factory=set)
    unread: set[str] = field(default_factory=set)
    concerned: set[tuple[str, str]] = field(default_factory=set)
    reread: set[tuple[str, str]] = field(default_factory=set)
    missing: list[Held] = field(default_factory=list)

    def policy(self, name: str) -> str:
        return self.policies[name]

    def need(self, kind: str, value: str, label: str = "") -> str:
        """The target's id for a source value: the partner of another record of this flow, or a mapped reference."""
        return self._partner(kind, value, label) if kind in self.moves else self._mapped(kind, value, label)

    def may(self, kind: str, value: str, label: str = "") -> str:
        """Like `need` for a mapped reference that may be left empty: where there is no value, or none is mapped."""
        return "" if not value or self.mappings.get(kind, {}).get(value) == NONE else self._mapped(kind, value, label)

    def listed(self, kind: str, name: str) -> str:
        """The target's id for a name in one of its lists, whether or not records of that kind are moved too."""
        return self._mapped(kind, name, "")

    def value(self, kind: str, name: str) -> str:
        """What the customer wrote down for this value, as it is; "" and a hold when that is missing."""
        if name in self.mappings.get(kind, {}):
            return self.mappings[kind][name]
        self.missing.append(
            Held(
                "mapping_missing",
                f"There is no {_spoken(kind)} for {name}.",
                cause=f"{kind} {name}",
                fix=f'Map it: mappings: {kind}: "{name}": <its id in {self.target_title}>.',
                waits_for=[f"mapping:{kind}:{name}"],
            )
        )
        return ""

    def rule(self, kind: str, facts: Mapping[str, str], *, scope: str = "") -> Answer:
        """What the first of the customer's rules that fits a line of these facts says."""
        asked, rule = token(kind, facts, scope), first(self.rules.get(kind, ()), facts, scope)
        if rule is not None:
            return Answer(asked, rule.then, rule.said)
        known = {waited for held in self.missing for waited in held.waits_for if waited.startswith("rule:")}
        kept = asked if len(known) < MOST_LINES else any_token(kind)
        if known.isdisjoint((asked, kept)):
            self.missing.append(unanswered(self.ruled[kind], facts, scope, kept))
        return Answer(asked)

    def apart(self) -> Link:
        """The same for one part of the document: what is missing for it alone is collected by itself."""
        return replace(self, missing=[])

    def part(self, name: str, summary: Summary, make: Callable[[Link], Draft]) -> Part:
        """One part of the document: what is missing for it alone holds no other."""
        own = self.apart()
        try:
            draft = make(own)
        except Held as held:
            return Part(name, summary, held=held)
        return Part(name, summary, draft, held=together(own.missing) if own.missing else None)

    def known(self, kind: str, value: str) -> Partner:
        """How far another record of this flow is, whatever that is."""
        partner = self.partners.get((kind, value))
        if partner is None:
            self.wanted.add((kind, value))
        return partner or Partner()

    def waits_for(self, kind: str, value: str, partner: Partner, *, until: str = "record") -> Held:
        """The hold of what needs that record to be in the target; `until` "known": to have been noticed."""
        name, waiting = partner.title or value, partner.state in UNDER_WAY
        named = f"{value}@{partner.part}" if partner.part and "@" not in value else value
        return Held(
            f"waits_for_{kind}",
            f"It waits for the {_spoken(kind)} {name}, which is "
            + ("on its way." if waiting else f"{partner.state.replace('_', ' ')} itself."),
            cause=f"{kind} {value.partition('@')[0]} {name}",
            fix=f"Nothing to do here: it goes on by itself once the {_spoken(kind)} {name} is there."
            if waiting
            else f"Settle what holds the {_spoken(kind)} {name}; this goes on by itself then.",
            owner="nobody" if waiting else "bookkeeper",
            waits_for=[f"{until}:{kind}:{named}"],
        )

    def entries(self, kind: str, place: str = "") -> Sequence[Reference]:
        """A list of the target, whole; or that of one place. Raises Held where that cannot be read."""
        name = f"{kind}@{place}" if place else kind
        if name in self.closed:
            raise self.closed[name]
        if place and name not in self.references:
            self.unread.add(name)
        return self.references.get(name, ())

    def entry(self, kind: str, id_: str) -> Reference | None:
        """The entry of a list, by its id."""
        return next((ref for ref in self.references.get(kind, ()) if ref.id == id_), None)

    def fact(self, kind: str, name: str) -> str:
        """What the target says of itself under that name; "" when it says nothing."""
        return next((ref.name for ref in self.references.get(kind, ()) if ref.id == name), "")

    def setting(self, policy: str, kind: str, says: str) -> str:
        """The id of the reference that a policy names; "" and a hold when the policy is not set."""
        chosen = self.policies.get(policy, "")
        if not chosen:
            self.missing.append(
                Held(
                    "setting_missing",
                    f"{says} The policy {policy} is not set.",
                    cause=policy,
                    fix=f"Set the policy {policy} of this flow to the {kind} to use, and apply.",
                    waits_for=[f"setting:{policy}"],
                )
            )
            return ""
        return self._reference(kind, chosen, f"the policy {policy}", [f"setting:{policy}"])

    def only(self, kind: str, policy: str, fits: Callable[[Reference], bool], says: str) -> str:
        """The one active reference that fits; the policy of that name chooses where there are several."""
        if self.policies.get(policy):
            return self.setting(policy, kind, says)
        fitting = [ref for ref in self.references.get(kind, ()) if ref.active and fits(ref)]
        if len(fitting) == 1:
            return fitting[0].id
        found = ", ".join(ref.label for ref in fitting[:5]) or "none"
        self.missing.append(
            Held(
                "setting_missing",
                f"{says} {self.target_title} has {len(fitting)} that fit ({found}).",
                cause=policy,
                fix=f"Set the policy {policy} of this flow to the {kind} to use, and apply.",
                waits_for=[f"setting:{policy}", f"reference:{kind}"],
            )
        )
        return ""

    # ------------------------------------------------------------------ inside

    def _partner(self, kind: str, value: str, label: str) -> str:
        partner = self.partners.get((kind, value))
        if partner is None:
            self.wanted.add((kind, value))
            return ""
        name = label or partner.title or value
        if partner.target_id:
            self._still_there(kind, value, partner, name)
            return partner.target_id
        if partner.planned:
            return "(new)"
        self.missing.append(self.waits_for(kind, value, replace(partner, title=name)))
        return ""

    def _still_there(self, kind: str, value: str, partner: Partner, name: str) -> None:
        """Linked long ago, it may have been made inactive, deleted or merged into another one since."""
        ref = self.entry(kind, partner.target_id)
        if ref is not None and ref.active:
            return
        if kind not in self.references or partner.part or (ref is None and partner.ours):
            return
        state = "is inactive" if ref else "is no longer there (deleted, or merged into another one)"
        again = f"Make it active again in {self.target_title}, or link" if ref else "Link"
        self.missing.append(
            Held(
                "inactive_ref" if ref else "reference_missing",
                f"The {kind} {name} of {self.target_title} {state}.",
                cause=f"{kind} {value} {name}",
                fix=f"{again} the {kind} {name} of this flow to the one that takes its place: "
                f"mlc resolve <flow>:{kind}:{value} --link ID.",
                waits_for=[f"link:{kind}:{value}", f"reference:{kind}"],
            )
        )

    def _mapped(self, kind: str, value: str, label: str) -> str:
        rule = self.mappings.get(kind, {}).get(value)
        if rule is not None:
            return self._reference(kind, rule, f"the mapping of {kind} {value}", [f"mapping:{kind}:{value}"])
        references = self.references.get(kind, ())
        hits = [ref for ref in references if value and ref.code == value]
        hits = hits or [ref for ref in references if value and _plain(ref.full_name or ref.name) == _plain(value)]
        if len(hits) == 1:
            return self._active(kind, hits[0], [f"mapping:{kind}:{value}"])
        shown = f"{value} ({label})" if label and label != value else value or "(empty)"
        several = f" {len(hits)} entries of {self.target_title} carry that number." if hits else ""
        self.missing.append(
            Held(
                "mapping_missing",
                f"There is no {kind} in {self.target_title} for {shown}.{several}",
                cause=f"{kind} {value}",
                fix=f'Map it: mappings: {kind}: "{value}": <{kind} number or full name>; '
                f"or create the {kind} with the number {value} in {self.target_title}.",
                waits_for=[f"mapping:{kind}:{value}", f"reference:{kind}"],
            )
        )
        return ""

    def _reference(self, kind: str, named: str, by: str, waits_for: list[str]) -> str:
        """A reference that a person named by number, full name, or "id:..."."""
        references = self.references.get(kind, ())
        hits = [ref for ref in references if named.startswith("id:") and ref.id == named[3:]]
        hits = hits or [ref for ref in references if ref.code and ref.code == named]
        hits = hits or [ref for ref in references if _plain(ref.full_name or ref.name) == _plain(named)]
        hits = hits or [ref for ref in references if _plain(ref.label) == _plain(named)]
        if len(hits) == 1:
            return self._active(kind, hits[0], waits_for)
        self.missing.append(
            Held(
                "reference_missing",
                f'{by[0].upper()}{by[1:]} names the {kind} "{named}", of which {self.target_title} has {len(hits)}.',
                cause=f"{kind} {named}",
                fix=f'Create the {kind} "{named}" in {self.target_title}, or name another one.',
                waits_for=[*waits_for, f"reference:{kind}"],
            )
        )
        return ""

    def _active(self, kind: str, ref: Reference, waits_for: list[str]) -> str:
        if not ref.active:
            self.missing.append(
                Held(
                    "inactive_ref",
                    f"The {kind} {ref.label} is inactive in {self.target_title}.",
                    cause=f"{kind} {ref.label}",
                    fix=f"Make the {kind} active again in {self.target_title}, or map to another one.",
                    waits_for=[*waits_for, f"reference:{kind}"],
                )
            )
        return ref.id


def together(missing: Sequence[Held]) -> Held:
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


def _spoken(kind: str) -> str:
    return kind.replace("_", " ")


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())
