"""The words that flow files are written in: Flow, Move, Link, Policy.

A flow file says what moves, from where to where. `make` turns a source document into a target draft, and asks the
`Link` it is given for everything that lies outside the document: partners, mapped values, policies.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chalicelib.engine.errors import Held
from chalicelib.engine.match import Rule
from chalicelib.engine.records import Draft, Reference


@dataclass(frozen=True, slots=True)
class Policy:
    """A choice that a customer makes once per flow. The default is the safe one. No `choices`: any text."""

    name: str
    default: str
    choices: tuple[str, ...]
    says: str


@dataclass(frozen=True, slots=True)
class Move:
    """One kind of record within a flow: `source` and `target` are "system.kind".

    `match` are the rules by which an existing target record is taken for the same; `unmatched` names the policy
    (values create, hold) that decides when none is. `dated` False exempts the move from the cut-over. `many_to_one`
    lets several source records be one target record. `references` are the target's lists that `make` asks for.
    """

    source: str
    target: str
    make: Callable[[Any, Link], Draft]
    match: Sequence[Rule] = ()
    unmatched: str = ""
    dated: bool = True
    many_to_one: bool = False
    references: Sequence[str] = ()

    @property
    def name(self) -> str:
        return self.source.split(".", 1)[1]

    @property
    def target_kind(self) -> str:
        return self.target.split(".", 1)[1]


@dataclass(frozen=True, slots=True, init=False)
class Flow:
    """The moves in the order in which their records depend on one another."""

    moves: tuple[Move, ...]
    title: str
    policies: tuple[Policy, ...]

    def __init__(self, *moves: Move, title: str, policies: Sequence[Policy] = ()) -> None:
        object.__setattr__(self, "moves", moves)
        object.__setattr__(self, "title", title)
        object.__setattr__(self, "policies", tuple(policies))

    @property
    def source_system(self) -> str:
        return self.moves[0].source.split(".", 1)[0]

    @property
    def target_system(self) -> str:
        return self.moves[0].target.split(".", 1)[0]

    def move(self, name: str) -> Move | None:
        return next((move for move in self.moves if move.name == name), None)

    def reference_kinds(self) -> set[str]:
        """The target's lists that this flow needs, for mapping and for matching."""
        mapped = {kind for move in self.moves for kind in move.references}
        return mapped | {move.target_kind for move in self.moves if move.match}


@dataclass(frozen=True, slots=True)
class Partner:
    """How far the record is that another one depends on. `target_id` "" and `state`: why it is not there yet."""

    target_id: str = ""
    state: str = "absent"
    title: str = ""
    planned: bool = False  # in a rehearsal: it would be created or linked


@dataclass(slots=True)
class Link:
    """What a document needs from outside itself.

    `need` answers with the target's id. What is missing is collected, so that a person sees all of it at once; the
    draft made with the placeholders is thrown away then. Partners not loaded yet are collected in `wanted`.
    """

    moves: frozenset[str]
    partners: Mapping[tuple[str, str], Partner]
    references: Mapping[str, Sequence[Reference]]
    mappings: Mapping[str, Mapping[str, str]]
    policies: Mapping[str, str]
    target_title: str = "the target"
    wanted: set[tuple[str, str]] = field(default_factory=set)
    missing: list[Held] = field(default_factory=list)

    def policy(self, name: str) -> str:
        return self.policies[name]

    def need(self, kind: str, value: str, label: str = "") -> str:
        """The target's id for a source value: the partner of another record of this flow, or a mapped reference."""
        return self._partner(kind, value, label) if kind in self.moves else self._mapped(kind, value, label)

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
        if partner.target_id or partner.planned:
            return partner.target_id or "(new)"
        name = label or partner.title or value
        waiting = partner.state in {"absent", "waiting", "sending", "unknown", "rehearsed"}
        self.missing.append(
            Held(
                f"waits_for_{kind}",
                f"It waits for the {kind} {name}, which is "
                + ("on its way." if waiting else f"{partner.state.replace('_', ' ')} itself."),
                cause=f"{kind} {value} {name}",
                fix=f"Nothing to do here: it goes on by itself once the {kind} {name} is there."
                if waiting
                else f"Settle what holds the {kind} {name}; this goes on by itself then.",
                owner="nobody" if waiting else "bookkeeper",
                waits_for=[f"record:{kind}:{value}"],
            )
        )
        return ""

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


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())
