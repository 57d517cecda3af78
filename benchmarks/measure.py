"""Ratios in one run: the sides take turns, so that a noisy machine disturbs all of them alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median

REPEATS = 5


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the report. `target` None: only told. A ratio is ours by the other's, in the unit given."""

    name: str
    ours: float
    other: str
    others: float
    ratio: float
    low: float
    high: float
    unit: str
    target: float | None = None
    at_most: bool = False

    @property
    def met(self) -> bool | None:
        if self.target is None:
            return None
        return self.ratio <= self.target if self.at_most else self.ratio >= self.target

    def text(self) -> str:
        aim = "" if self.target is None else f"{'at most' if self.at_most else 'at least'} {self.target:g}"
        verdict = {True: "met", False: "NOT MET", None: ""}[self.met]
        figures = f"{self.ours:>12,.4g} {self.others:>12,.4g} {self.unit:<10}"
        spread = f"{self.low:.3f}..{self.high:.3f}"
        return (
            f"{self.name:<34} {figures} {self.ratio:>7.3f} {spread:<15} {self.other:<28} {aim:<14} {verdict}".rstrip()
        )


HEADING = f"{'what':<34} {'ours':>12} {'theirs':>12} {'unit':<10} {'ratio':>7} {'spread':<15} {'beside':<28} target"


def turns(sides: Mapping[str, Callable[[], float]], repeats: int = REPEATS) -> dict[str, list[float]]:
    """What each side gave in each turn, after one that does not count."""
    for side in sides.values():
        side()
    found: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(repeats):
        for name, side in sides.items():
            found[name].append(side())
    return found


def compared(
    name: str,
    found: Mapping[str, list[float]],
    other: str,
    *,
    unit: str,
    target: float | None = None,
    at_most: bool = False,
) -> Line:
    """`found["ours"]` beside `found[other]`, turn by turn; the median counts."""
    ratios = [ours / others for ours, others in zip(found["ours"], found[other], strict=True)]
    return Line(
        name=name,
        ours=median(found["ours"]),
        other=other,
        others=median(found[other]),
        ratio=median(ratios),
        low=min(ratios),
        high=max(ratios),
        unit=unit,
        target=target,
        at_most=at_most,
    )
