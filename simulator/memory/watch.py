"""What all in-memory ports share: a log of operations, hooks around each, and planned failures.

A hook that raises in `before` stops the operation before it took effect, one that raises in `after` dies with the
effect in place. Hooks run outside the port's lock, so they may use the port themselves (a rival's write, say).
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Any, Literal, NamedTuple, TypeVar

from chalicelib.engine.errors import ConnectorError, TryAgain, Unknown

MOST_LOGGED = 200_000
CHANGES = frozenset({"write", "send", "acknowledge", "release", "write_secret", "publish", "mail", "http"})

Answer = TypeVar("Answer")


class Effect(NamedTuple):
    """One operation of one port; every port has its own operations, so that one hook can watch them all.

    Store: get, query, write (keys: pairs of pk and sk; a query: (pk, index)). Queue: send, acknowledge, receive,
    release (the queue's name, then bodies or receipts). Vault: read_secret, write_secret, seal, unseal. Notices:
    publish. Mail: mail (the address). Http: http (method, URL).
    """

    operation: str
    keys: tuple[Any, ...]

    @property
    def changes(self) -> bool:
        """Whether it may leave something behind; every outward call counts, also one that only reads."""
        return self.operation in CHANGES


Hook = Callable[[Effect], None]


class Watched:
    """`log` lists every operation begun, in order."""

    def __init__(self) -> None:
        self.before: Hook | None = None
        self.after: Hook | None = None
        self.log: list[Effect] = []
        self._planned: dict[tuple[str, str], int] = {}
        self._watch_lock = Lock()

    def throttle(self, times: int = 1, *, operation: str = "") -> None:
        """The next `times` operations (of that name) do nothing and raise TryAgain."""
        self._planned["throttle", operation] = times

    def lose_answers(self, times: int = 1, *, operation: str = "") -> None:
        """The next `times` changing operations (of that name) take effect, but their answer is lost."""
        self._planned["lose", operation] = times

    def _watched(self, effect: Effect, act: Callable[[], Answer]) -> Answer:
        with self._watch_lock:
            if len(self.log) >= MOST_LOGGED:
                del self.log[: MOST_LOGGED // 2]
            self.log.append(effect)
        if self.before:
            self.before(effect)
        if self._meets("throttle", effect.operation):
            raise TryAgain("Throttled, as planned.", counts=False)
        answer = act()
        if self.after:
            self.after(effect)
        if effect.changes and self._meets("lose", effect.operation):
            raise self._lost_answer()
        return answer

    def _lost_answer(self) -> ConnectorError:
        return Unknown("No answer came, as planned.")

    def _meets(self, kind: Literal["throttle", "lose"], operation: str) -> bool:
        with self._watch_lock:
            for name in (operation, ""):
                if self._planned.get((kind, name), 0) > 0:
                    self._planned[kind, name] -= 1
                    return True
        return False
