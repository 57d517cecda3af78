"""The gateway's sliding windows: per company 500 calls a minute, 10 a second, and 120 batches a minute."""

from __future__ import annotations

from collections import deque

PER_MINUTE = 500
PER_SECOND = 10
BATCHES_PER_MINUTE = 120


class Throttle:
    """Counts the calls it lets through; a refused call does not use up room."""

    def __init__(self) -> None:
        self._calls: dict[str, deque[float]] = {}
        self._batches: dict[str, deque[float]] = {}

    def admit(self, realm_id: str, now: float, *, batch: bool, scale: float) -> bool:
        calls = _window(self._calls, realm_id, now)
        batches = _window(self._batches, realm_id, now)
        last_second = 0
        for at in reversed(calls):
            if at <= now - 1:
                break
            last_second += 1
        if len(calls) >= _most(PER_MINUTE, scale) or last_second >= _most(PER_SECOND, scale):
            return False
        if batch and len(batches) >= _most(BATCHES_PER_MINUTE, scale):
            return False
        calls.append(now)
        if batch:
            batches.append(now)
        return True

    def dump(self) -> dict[str, dict[str, list[float]]]:
        return {
            "calls": {realm: list(times) for realm, times in self._calls.items()},
            "batches": {realm: list(times) for realm, times in self._batches.items()},
        }

    def load(self, state: dict[str, dict[str, list[float]]]) -> None:
        self._calls = {realm: deque(times) for realm, times in state["calls"].items()}
        self._batches = {realm: deque(times) for realm, times in state["batches"].items()}


def _window(windows: dict[str, deque[float]], realm_id: str, now: float) -> deque[float]:
    times = windows.setdefault(realm_id, deque())
    while times and times[0] <= now - 60:
        times.popleft()
    return times


def _most(limit: int, scale: float) -> int:
    return max(1, int(limit * scale))
