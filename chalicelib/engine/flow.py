"""The words that flow files are written in: Flow, Move, Link, Policy.

A flow file says what moves, from where to where. `make` turns a source document into a target draft, and asks the
`Link` it is given for everything that lies outside the document: partners, mapped values, policies.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chalicelib.engine.link import NONE, Link, Part
from chalicelib.engine.match import Rule
from chalicelib.engine.records import Coded, Draft, Forecast
from chalicelib.engine.rules import Ruled


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
    lets several source records be one target record. `references` are the target's lists that `make` asks for;
    `references_if` those that it asks for only where a policy is set (not empty, not "none"): list -> policy. `values`
    are mapped to what no list holds; `rules` are the kinds that the customer's rules answer. `withdrawn` names the
    policy (hold; delete; void; mirror: what the source did; close: `make` says how it looks then) that decides about
    what is withdrawn at the source after it was moved. `wanted_if` names the policies, each with its values, under
    which the move is wanted at all: else it is left out.

    A move `in_parts` comes to any number of records in the target, of `target`'s kind and of `kinds`: `make` gives them
    as parts. `placed` are lists of the target that are kept for each place apart, and read when `make` asks for one;
    `partners` the moves whose records `make` asks for. `at_place` makes what the record is at one place apart, such as
    a vendor in a project's directory, of one of `kinds`: another record asks for it as "{id}@{place}". `coded` tells
    what each code of the source bears of a document, for the report of what codes are mapped to. `is_forecast`: its
    records are only expected, and never written; there is nothing to compare them with.
    """

    source: str
    target: str
    make: Callable[[Any, Link], Draft | Forecast | Sequence[Part]]
    match: Sequence[Rule] = ()
    unmatched: str = ""
    dated: bool = True
    many_to_one: bool = False
    references: Sequence[str] = ()
    references_if: Mapping[str, str] = field(default_factory=dict)
    values: Sequence[str] = ()
    rules: Sequence[Ruled] = ()
    withdrawn: str = ""
    wanted_if: Mapping[str, Sequence[str]] = field(default_factory=dict)
    in_parts: bool = False
    kinds: Sequence[str] = ()
    placed: Sequence[str] = ()
    partners: Sequence[str] = ()
    at_place: Callable[[Any, Link, str], Draft] | None = None
    coded: Callable[[Any], Sequence[Coded]] | None = None
    is_forecast: bool = False

    @property
    def name(self) -> str:
        return self.source.split(".", 1)[1]

    @property
    def target_kind(self) -> str:
        return self.target.split(".", 1)[1]

    @property
    def target_kinds(self) -> list[str]:
        return [self.target_kind, *self.kinds]

    @property
    def is_compared(self) -> bool:
        """Whether both sides of it are to agree over a period."""
        return self.dated and not self.is_forecast

    def is_wanted(self, policies: Mapping[str, str]) -> bool:
        return all(policies[policy] in values for policy, values in self.wanted_if.items())

    def lists(self, policies: Mapping[str, str]) -> list[str]:
        """The target's lists that are needed under these policies, for mapping and for matching."""
        chosen = [kind for kind, policy in self.references_if.items() if policies[policy] not in ("", NONE)]
        return sorted({*self.references, *chosen, *([self.target_kind] if self.match else [])})

    @property
    def mapped(self) -> set[str]:
        """What a customer may map."""
        return {*self.references, *self.references_if, *self.values}


@dataclass(frozen=True, slots=True, init=False)
class Flow:
    """The moves in the order in which their records depend on one another.

    One that goes both ways has two sides: the moves to the one system, and those to the other.
    """

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

    @property
    def sides(self) -> list[Flow]:
        systems = dict.fromkeys(move.target.split(".", 1)[0] for move in self.moves)
        apart = [[move for move in self.moves if move.target.startswith(f"{system}.")] for system in systems]
        return [Flow(*moves, title=self.title, policies=self.policies) for moves in apart]

    def move(self, name: str) -> Move | None:
        return next((move for move in self.moves if move.name == name), None)

    @property
    def ruled(self) -> dict[str, Ruled]:
        """The kinds that the customer's rules answer."""
        return {ruled.kind: ruled for move in self.moves for ruled in move.rules}

    def is_needed(self, move: Move) -> bool:
        """Whether records of other moves point to this one's."""
        return any(move.target_kind in other.references for other in self.moves) or self.carries(move)

    def carries(self, move: Move) -> bool:
        """Whether records of other moves hang on this one's in the target, as payments do on a bill."""
        return any(move.name in other.partners for other in self.moves)

    @property
    def placed(self) -> set[str]:
        return {kind for move in self.moves for kind in move.placed}

    def lists(self, policies: Mapping[str, str]) -> list[str]:
        """The target's lists that the moves need under these policies."""
        return sorted({kind for move in self.wanted(policies) for kind in move.lists(policies)})

    def wanted(self, policies: Mapping[str, str]) -> list[Move]:
        """The moves that are not left out."""
        return [move for move in self.moves if move.is_wanted(policies)]
