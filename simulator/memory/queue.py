"""SQS's standard queues in memory: at least once, in any order, invisible while in flight, dead after five receipts."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import RLock
from typing import NamedTuple

from chalicelib.engine.errors import ConnectorError, TryAgain
from chalicelib.engine.ports import DEAD, Clock, Received
from simulator.memory.watch import Effect, Watched

MOST_BODY_BYTES = 256 * 1024
ALWAYS = datetime(2026, 1, 1, tzinfo=UTC)  # when everything is sent where there is no clock


class Counts(NamedTuple):
    waiting: int
    in_flight: int
    dead: int


@dataclass(slots=True)
class _Message:
    body: str
    group: str
    sent_at: datetime
    receive_count: int = 0


@dataclass(slots=True)
class _Line:
    waiting: list[_Message] = field(default_factory=list)
    in_flight: dict[str, tuple[_Message, datetime | None]] = field(default_factory=dict)


class MemoryQueue(Watched):
    """Implements `Queue`, whose receiving side Lambda has on AWS.

    `duplicates` is the probability that a message is delivered twice. With a `clock`, what was received and not
    acknowledged comes back after `visibility` seconds; without one only by `expire()`. Nothing here ever waits.
    """

    def __init__(
        self,
        *,
        seed: int = 0,
        duplicates: float = 0.0,
        clock: Clock | None = None,
        visibility: float = 720.0,
        max_receive_count: int = 5,
    ) -> None:
        super().__init__()
        self.duplicates = duplicates
        self.clock = clock
        self.visibility = timedelta(seconds=visibility)
        self.max_receive_count = max_receive_count
        self._random = random.Random(seed)
        self._lines: dict[str, _Line] = {}
        self._to_lose: dict[str, int] = {}
        self._receipts = 0
        self._lock = RLock()

    # ------------------------------------------------------------------ the port

    def send(self, queue: str, bodies: Sequence[str], *, group: str) -> None:
        for body in bodies:
            if not body or len(body.encode()) > MOST_BODY_BYTES:
                raise ValueError(f"A message has 1 to {MOST_BODY_BYTES} bytes, not {len(body.encode())}.")
        if bodies:
            self._watched(Effect("send", (queue, *bodies)), lambda: self._send(queue, bodies, group))

    def acknowledge(self, queue: str, receipts: Sequence[str]) -> None:
        def act() -> None:
            with self._lock:
                for receipt in receipts:  # an outdated receipt is no fault, as in SQS
                    self._line(queue).in_flight.pop(receipt, None)

        if receipts:
            self._watched(Effect("acknowledge", (queue, *receipts)), act)

    def receive(self, queue: str, most: int = 10) -> list[Received]:
        """Up to `most` messages in any order; those received too often go to the dead letters instead."""
        return self._watched(Effect("receive", (queue,)), lambda: self._receive(queue, most))

    def release(self, queue: str, receipts: Sequence[str]) -> None:
        def act() -> None:
            with self._lock:
                line = self._line(queue)
                line.waiting += [line.in_flight.pop(receipt)[0] for receipt in receipts if receipt in line.in_flight]

        if receipts:
            self._watched(Effect("release", (queue, *receipts)), act)

    # ------------------------------------------------------------------ time

    def expire(self, queue: str | None = None) -> None:
        """What is in flight (on that queue) becomes visible again, as if its visibility time had passed."""
        with self._lock:
            for name in [queue] if queue is not None else list(self._lines):
                line = self._line(name)
                line.waiting += [message for message, _ in line.in_flight.values()]
                line.in_flight.clear()

    # ------------------------------------------------------------------ for tests

    def lose(self, times: int = 1, *, queue: str = "") -> None:
        """The next `times` messages sent (to that queue) vanish."""
        with self._lock:
            self._to_lose[queue] = self._to_lose.get(queue, 0) + times

    def lose_no_more(self) -> None:
        with self._lock:
            self._to_lose.clear()

    def queues(self) -> list[str]:
        """Every queue that was ever used, without the dead letters'."""
        return sorted(name for name in self._lines if not name.endswith(DEAD))

    def counts(self, queue: str) -> Counts:
        with self._lock:
            self._come_back(queue)
            line, dead = self._line(queue), self._line(queue + DEAD)
            lying = len(dead.waiting) + len(dead.in_flight)
            return Counts(waiting=len(line.waiting), in_flight=len(line.in_flight), dead=lying)

    def bodies(self, queue: str) -> list[str]:
        """What waits, in the order of arrival, without receiving it."""
        with self._lock:
            return [message.body for message in self._line(queue).waiting]

    def groups(self, queue: str) -> list[str]:
        with self._lock:
            return [message.group for message in self._line(queue).waiting]

    def dead(self, queue: str) -> list[str]:
        with self._lock:
            return [message.body for message in self._line(queue + DEAD).waiting]

    # ------------------------------------------------------------------ inside

    def _lost_answer(self) -> ConnectorError:
        return TryAgain("No answer came, as planned.", counts=False)

    def _line(self, queue: str) -> _Line:
        return self._lines.setdefault(queue, _Line())

    def _send(self, queue: str, bodies: Sequence[str], group: str) -> None:
        with self._lock:
            for body in bodies:
                if self._loses(queue):
                    continue
                copies = 2 if self._random.random() < self.duplicates else 1
                now = self.clock.now() if self.clock else ALWAYS
                self._line(queue).waiting += [_Message(body=body, group=group, sent_at=now) for _ in range(copies)]

    def _loses(self, queue: str) -> bool:
        for name in (queue, ""):
            if self._to_lose.get(name, 0) > 0:
                self._to_lose[name] -= 1
                return True
        return False

    def _come_back(self, queue: str) -> None:
        if self.clock is None:
            return
        now = self.clock.now()
        line = self._line(queue)
        for receipt, (message, until) in list(line.in_flight.items()):
            if until is not None and until <= now:
                del line.in_flight[receipt]
                line.waiting.append(message)

    def _receive(self, queue: str, most: int) -> list[Received]:
        with self._lock:
            self._come_back(queue)
            line = self._line(queue)
            received: list[Received] = []
            while line.waiting and len(received) < most:
                message = line.waiting.pop(self._random.randrange(len(line.waiting)))
                if message.receive_count >= self.max_receive_count and not queue.endswith(DEAD):
                    self._line(queue + DEAD).waiting.append(message)
                    continue
                message.receive_count += 1
                self._receipts += 1
                receipt = f"{queue}-{self._receipts}"
                line.in_flight[receipt] = (message, self.clock.now() + self.visibility if self.clock else None)
                received.append(Received(receipt, message.body, message.receive_count, message.sent_at))
            return received
