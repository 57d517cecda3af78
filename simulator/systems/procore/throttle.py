"""The two windows that are kept at once, per client and company: an hour, and the ten seconds of a spike."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

HOUR, SPIKE = 3600.0, 10.0


@dataclass(slots=True)
class Window:
    length: float
    limit: int
    ends: float = 0.0
    used: int = 0

    def roll(self, now: float, limit: int) -> None:
        self.limit = limit
        if now >= self.ends:
            self.ends, self.used = now + self.length, 0

    @property
    def left(self) -> int:
        return max(0, self.limit - self.used)


@dataclass(slots=True)
class Throttle:
    """Counts the calls it lets through; a refused call does not use up room."""

    windows: dict[str, list[Window]] = field(default_factory=dict)
    refused: int = 0

    def admit(self, key: str, now: float, *, hourly: int, spike: int) -> tuple[bool, dict[str, str]]:
        """Whether the call is let through, and the headers that describe the window closer to its end."""
        hour, burst = self.windows.setdefault(key, [Window(HOUR, hourly), Window(SPIKE, spike)])
        hour.roll(now, hourly)
        burst.roll(now, spike)
        admitted = bool(hour.left and burst.left)
        if admitted:
            hour.used += 1
            burst.used += 1
        else:
            self.refused += 1
        # Of two full windows the one that ends later is what the caller has to wait for.
        closer = min((hour, burst), key=lambda window: (window.left, -window.ends))
        return admitted, {
            "X-Rate-Limit-Limit": str(closer.limit),
            "X-Rate-Limit-Remaining": str(closer.left),
            "X-Rate-Limit-Reset": str(-int(-closer.ends // 1)),
        }

    def dump(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def from_dump(state: dict[str, Any]) -> Throttle:
        windows = {key: [Window(**each) for each in pair] for key, pair in state["windows"].items()}
        return Throttle(windows=windows, refused=state["refused"])
