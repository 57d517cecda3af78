"""The sums of a comparison: per move, what each side has, and every amount between them in exactly one line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from chalicelib.engine.reconcile import BRIDGE, Case, Finding, Line, Paper
from chalicelib.engine.records import Json


@dataclass(slots=True)
class Sum:
    """How many, and how much per currency."""

    count: int = 0
    amounts: dict[str, Decimal] = field(default_factory=dict)

    def add(self, amounts: Mapping[str, Decimal], count: int = 1) -> None:
        self.count += count
        for currency, amount in amounts.items():
            self.amounts[currency] = self.amounts.get(currency, Decimal(0)) + amount

    def json(self) -> Json:
        return {"count": self.count, "amounts": {name: str(amount) for name, amount in sorted(self.amounts.items())}}

    @staticmethod
    def read(told: Json) -> Sum:
        amounts = told["amounts"]
        assert isinstance(amounts, dict)
        return Sum(int(str(told["count"])), {name: Decimal(str(amount)) for name, amount in amounts.items()})


@dataclass(slots=True)
class Bridge:
    """One move's totals: source = target + every line. `others` is what somebody else entered in the target.

    `apart` adds up how far the differing records are off, each without its sign, so that none hides another.
    """

    source: Sum = field(default_factory=Sum)
    target: Sum = field(default_factory=Sum)
    others: Sum = field(default_factory=Sum)
    apart: Sum = field(default_factory=Sum)
    lines: dict[Line, dict[str, Sum]] = field(default_factory=lambda: {line: {} for line in BRIDGE})

    def take(self, case: Case, found: Iterable[tuple[Case, Finding]]) -> None:
        """`found` is what explains it: one finding, or one for each of its parts."""
        if case.source is not None:
            self.source.add(_amounts([case.source]))
        self.target.add(_amounts(case.books), len(case.books))
        for one, finding in found:
            if finding.line == "agrees":
                continue
            self.lines[finding.line].setdefault(finding.kind, Sum()).add(one.delta)
            if finding.line == "difference":
                self.apart.add({currency: abs(amount) for currency, amount in one.delta.items()})

    def json(self) -> Json:
        sums: Json = {name: getattr(self, name).json() for name in ("source", "target", "others", "apart")}
        return sums | {line: {kind: one.json() for kind, one in kinds.items()} for line, kinds in self.lines.items()}

    @staticmethod
    def read(told: Mapping[str, Json]) -> Bridge:
        source, target, others, apart = (Sum.read(told[name]) for name in ("source", "target", "others", "apart"))
        bridge = Bridge(source=source, target=target, others=others, apart=apart)
        for line in BRIDGE:
            bridge.lines[line] = {kind: Sum.read(one) for kind, one in told[line].items()}  # type: ignore[arg-type]  # written by `json`
        return bridge


def _amounts(papers: Iterable[Paper]) -> dict[str, Decimal]:
    total = Sum()
    for paper in papers:
        if paper.money is not None:
            total.add({paper.money.currency: paper.money.amount})
    return total.amounts


def verdict(bridges: Iterable[Bridge]) -> str:
    """The last line."""
    apart = Sum()
    for bridge in bridges:
        apart.add(bridge.apart.amounts, bridge.apart.count)
    if not apart.count:
        return "Agrees to the cent."
    amounts = [f"{amount:,.2f} {currency}".strip() for currency, amount in sorted(apart.amounts.items()) if amount]
    records = "1 record" if apart.count == 1 else f"{apart.count} records"
    return f"Differs by {' and '.join(amounts) or '0.00'} in {records}."
