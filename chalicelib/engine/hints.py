"""What a system's webhooks are to us: hints that a record changed. The record itself is always read at the system."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Hint:
    """A record of `company` (the identity that one customer alone holds) changed, or `is_gone`.

    `event` is the same whenever this very event comes again, `at` when the vendor says that it happened.
    """

    company: str
    kind: str
    id: str
    event: str
    at: datetime | None = None
    is_gone: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """What one delivery said; `odd` names in words what of it could not be read."""

    hints: tuple[Hint, ...] = ()
    odd: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verifier:
    """The secret of one app, in one environment, by which its vendor signs. The app is known by its client id."""

    environment: str
    client: str
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Hooks:
    """Webhooks of a vendor that sends all events of one app of ours to one address.

    `is_theirs` judges, in constant time, the headers (lower-case names), the body as it came, and a secret that the
    vendor shares with the app; `read` never raises.
    """

    is_theirs: Callable[[Mapping[str, str], bytes, str], bool]
    read: Callable[[bytes], Told]
