"""Notices to people, kept in a list."""

from __future__ import annotations

from simulator.memory.watch import Effect, Watched


class MemoryNotices(Watched):
    """Implements `Notices`."""

    def __init__(self) -> None:
        super().__init__()
        self.published: list[tuple[str, str]] = []

    def publish(self, subject: str, text: str) -> None:
        self._watched(Effect("publish", (subject,)), lambda: self.published.append((subject, text)))
