"""Metrics, kept in a list."""

from __future__ import annotations


class MemoryMetrics:
    """Implements `Metrics`."""

    def __init__(self) -> None:
        self.counted: list[tuple[str, float, dict[str, str]]] = []

    def count(self, name: str, value: float = 1, **dimensions: str) -> None:
        self.counted.append((name, value, dimensions))

    def total(self, metric: str, **dimensions: str) -> float:
        """The sum of what was counted under that name with at least these dimensions."""
        return sum(value for name, value, told in self.counted if name == metric and dimensions.items() <= told.items())

    def flush(self) -> None:
        """Nothing to hand over: the counts stay for the test."""
