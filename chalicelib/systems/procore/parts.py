"""What the bill router takes and gives: a bill, the commitments of its projects, and the parts it comes to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from chalicelib.engine.errors import Held


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a bill, mapped: `wbs` is its budget code, `commitment` one that a mapping names."""

    key: str
    project: str
    amount: Decimal
    wbs: str = ""
    code: str = ""  # the budget code as people write it
    commitment: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True)
class Bill:
    """`vendors` are the vendor's ids in each project; `numbers` those of orders and contracts that stand on it."""

    title: str
    vendor_name: str
    lines: Sequence[Line]
    vendors: Mapping[str, frozenset[str]]
    numbers: Sequence[str] = ()
    currency: str = ""


@dataclass(frozen=True, slots=True)
class Value:
    """A line of a commitment's schedule of values."""

    id: str
    wbs: str
    code: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True)
class Commitment:
    """`blocked` says why no invoice can go on it now; "" while it can."""

    id: str
    project: str
    number: str
    vendor: str
    title: str = ""
    blocked: str = ""
    values: Sequence[Value] = ()
    currency: str = ""
    retainage: Decimal = Decimal(0)  # per cent

    @property
    def label(self) -> str:
        return f"{self.number or self.id} {self.title}".strip()


@dataclass(frozen=True, slots=True)
class Known:
    """The commitments of the projects whose commitments could be read; of any other nothing is known."""

    projects: frozenset[str]
    commitments: Sequence[Commitment] = ()


@dataclass(frozen=True, slots=True)
class Choices:
    """The policies `no_commitment` and `multi_commitment`."""

    no_commitment: str = "direct_cost"  # or hold
    multi_commitment: str = "hold"  # or split, direct_cost


@dataclass(frozen=True, slots=True)
class Requisition:
    """`shares`: for each line of the schedule, what of the bill goes on it."""

    project: str
    commitment: Commitment
    shares: Mapping[str, Decimal]
    lines: Sequence[Line]


@dataclass(frozen=True, slots=True)
class DirectCost:
    project: str
    lines: Sequence[Line]


@dataclass(frozen=True, slots=True)
class Waiting:
    """A part that a person must settle; its lines go nowhere meanwhile."""

    project: str
    held: Held
    lines: Sequence[Line]


Part = Requisition | DirectCost | Waiting
