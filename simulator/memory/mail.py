"""Mail, kept in a list; or handed on to whoever stands behind the address."""

from __future__ import annotations

from collections.abc import Callable

from chalicelib.engine.ports import Letter
from simulator.memory.watch import Effect, Watched


class MemoryMail(Watched):
    """Implements `Mail`. `deliver` is the post office's other end."""

    def __init__(self, deliver: Callable[[Letter], object] = lambda letter: None) -> None:
        super().__init__()
        self.deliver = deliver
        self.sent: list[Letter] = []

    def send(self, letter: Letter) -> str:
        return self._watched(Effect("mail", (letter.to,)), lambda: self._take(letter))

    def _take(self, letter: Letter) -> str:
        self.sent.append(letter)
        self.deliver(letter)
        return f"mail-{len(self.sent)}"
