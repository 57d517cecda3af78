"""Errors are named for what happens next.

    ConnectorError
    ├── TryAgain(after)      nothing happened there; the engine waits and repeats
    ├── Stale                it changed under us; the engine reads the version again, then decides again
    ├── Unknown              it may have happened; the engine looks before it repeats
    ├── Held(reason, fix)    a person must act; the record waits, the rest go on
    ├── Refused(reason)      the other side will never take it; the record stops, the rest go on
    └── LockedOut            credentials no longer work; the connection stops, the other customers go on

Each carries the sentence a customer may read: what happened, to which record, and what to do. `Later` is none of them:
it ends nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, Self

MOST_EVIDENCE = 4000  # characters

Lockout = Literal["locked_out", "needs_consent", "unconfirmed"]


class ConnectorError(Exception):
    """Something kept a record from moving; `message` says what, in the customer's words.

    `evidence` is what the other side sent, as far as it did not fit; the trail keeps it, redacted.
    """

    evidence: str = ""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    def seen(self, evidence: str) -> Self:
        self.evidence = evidence[:MOST_EVIDENCE]
        return self


class TryAgain(ConnectorError):
    """Nothing happened there; wait `after` seconds (None: the engine's own backoff) and repeat.

    `counts` is False when we only wait out a vendor (throttle, outage, busy): such waits use up no attempts. `most` is
    how many tries are worth it where that is less than the flow allows.
    """

    def __init__(
        self, message: str, *, after: float | None = None, counts: bool = True, most: int | None = None
    ) -> None:
        super().__init__(message)
        self.after = after
        self.counts = counts
        self.most = most


class Stale(ConnectorError):
    """It changed under us; read the version again, then decide again."""


class Unknown(ConnectorError):
    """It may have happened; look before repeating."""


class Held(ConnectorError):
    """A person must act.

    `reason` is a code of docs/reference/holds.md, `cause` names the exact value that stands in the way (records held
    by the same cause are one task for the person), `fix` says what to do and `owner` who does it. `waits_for` lists
    the tokens (see `hold.py`) whose appearance lets the record go by itself. `suggested` are the target's records that
    it might be, each with `id`, `label`, `score` and `evidence`: for a person to look at.
    """

    def __init__(
        self,
        reason: str,
        message: str,
        *,
        cause: str,
        fix: str,
        owner: str = "bookkeeper",
        waits_for: Sequence[str] = (),
        suggested: Sequence[Mapping[str, object]] = (),
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.cause = cause
        self.fix = fix
        self.owner = owner
        self.waits_for = tuple(waits_for)
        self.suggested = tuple(suggested)


class Refused(ConnectorError):
    """The other side will never take it; the record stops with this reason."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class Later(Exception):
    """Nothing went wrong: the other side cannot be called, and is asked when it calls. Until then nothing changes."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class LockedOut(ConnectorError):
    """The credentials of a connection no longer work; `fix` says who does what about it.

    `tried` is the fingerprint of those credentials, so that a late word about old ones does not close the door to new.
    `state` tells credentials that fail from consent that nobody gave yet and a company that nobody confirmed.
    """

    tried: str = ""

    def __init__(self, message: str, *, fix: str, state: Lockout = "locked_out") -> None:
        super().__init__(message)
        self.fix = fix
        self.state = state
