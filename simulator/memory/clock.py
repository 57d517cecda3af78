"""Time and chance in memory: time passes only when somebody sleeps or a test says so, chance repeats with its seed."""

from __future__ import annotations

import base64
import random
from datetime import UTC, datetime, timedelta
from threading import Lock

BEGIN = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


class MemoryClock:
    """Implements `Clock`. `slept` sums up the seconds that callers slept."""

    def __init__(self, *, begin: datetime = BEGIN, seed: int = 0) -> None:
        self.slept = 0.0
        self._now = begin
        self._chance = random.Random(seed)
        self._lock = Lock()

    def now(self) -> datetime:
        return self._now

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.slept += max(0.0, seconds)
            self._now += timedelta(seconds=max(0.0, seconds))

    def advance(self, seconds: float = 0.0, *, to: datetime | None = None) -> None:
        """Let time pass without anybody sleeping; it never runs backwards."""
        with self._lock:
            self._now = max(self._now + timedelta(seconds=seconds), to or self._now)

    def chance(self) -> float:
        with self._lock:
            return self._chance.random()

    def token(self) -> str:
        with self._lock:
            return base64.urlsafe_b64encode(self._chance.randbytes(24)).decode()
