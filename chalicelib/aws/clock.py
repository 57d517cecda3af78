"""The machine's own time and chance."""

from __future__ import annotations

import secrets
import time
from datetime import UTC, datetime

_chance = secrets.SystemRandom()


class SystemClock:
    """Implements `Clock`."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        time.sleep(max(0.0, seconds))

    def chance(self) -> float:
        return _chance.random()

    def token(self) -> str:
        return secrets.token_urlsafe(24)
