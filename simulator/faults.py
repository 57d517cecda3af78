"""Where and how to break a simulated system.

A simulator asks its `Faults` before it serves each call. A planned fault says which calls it meets (by a substring of
"METHOD /path") and what happens to them; each fault is used `times` times and is then gone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Lock
from typing import Literal

Kind = Literal[
    "drop_before",  # the connection dies, nothing happened
    "drop_after",  # the connection dies, the effect is there
    "delay",  # the answer comes only after the caller's patience: nothing happened
    "delay_after",  # likewise, but the effect is there
    "malformed",  # the effect is there, the JSON of the answer is cut in the middle
    "html",  # a gateway's HTML page with status 502, nothing happened
    "html_after",  # the same page, but the effect is there
    "throttle",  # 429 as this vendor says it
    "server_fault",  # 500 as this vendor says it, nothing happened
    "expire_token",  # every access token handed out so far stops working, then the call is served
]


class ConnectionDropped(Exception):
    """The simulated peer closed the connection without an answer."""


class AnswerTooLate(Exception):
    """The simulated peer did not answer within the caller's time-out."""


@dataclass(slots=True)
class Fault:
    kind: Kind
    match: str = ""
    times: int = 1
    skip: int = 0  # let this many matching calls pass first


@dataclass(slots=True)
class Faults:
    """The plan of one simulator; `calls` is the log of every call met, as "METHOD /path"."""

    planned: list[Fault] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock)

    def plan(self, kind: Kind, match: str = "", *, times: int = 1, skip: int = 0) -> None:
        with self._lock:
            self.planned.append(Fault(kind=kind, match=match, times=times, skip=skip))

    def clear(self) -> None:
        with self._lock:
            self.planned.clear()

    def meet(self, call: str) -> Kind | None:
        """Log the call and return the fault it runs into, if any."""
        with self._lock:
            self.calls.append(call)
            for fault in self.planned:
                if fault.times <= 0 or fault.match not in call:
                    continue
                if fault.skip > 0:
                    fault.skip -= 1
                    continue
                fault.times -= 1
                return fault.kind
            return None
