"""What a system's webhooks are to us: hints that a record changed. The record itself is always read at the system."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chalicelib.engine.line import Line


@dataclass(frozen=True, slots=True)
class Hint:
    """A record of `company` (the identity that one customer alone holds) changed, or `is_gone`.

    `event` is the same whenever this very event comes again ("" where nothing tells one from another), `at` when the
    vendor says that it happened.
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


@dataclass(frozen=True, slots=True)
class Handshake:
    """By which a vendor asks whether an address is ours: the code goes back, and signs what comes from then on."""

    id: str
    code: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Registered:
    """A webhook as the vendor lists it. Nothing comes of it before its handshake is over."""

    id: str
    event: str
    url: str
    is_verified: bool


class NotOffered(Exception):
    """The vendor has no such event for this customer."""


@dataclass(frozen=True, slots=True)
class OwnHooks:
    """Webhooks of a vendor where each customer's are registered, and signed with a secret of its own each.

    `events` are those to register, by the last part of the address that they go to. `is_theirs` and `read` are as of
    `Hooks`; `handshake` is None for what is none. `register` returns the new id and raises NotOffered; `confirm` is
    False when the code is not the one that was sent.
    """

    events: Mapping[str, Sequence[str]]
    is_theirs: Callable[[Mapping[str, str], bytes, str], bool]
    read: Callable[[bytes], Told]
    handshake: Callable[[bytes], Handshake | None]
    registered: Callable[[Line], Sequence[Registered]]
    register: Callable[[Line, str, str], str]
    confirm: Callable[[Line, str, str], bool]
    resend: Callable[[Line, str], None]
    remove: Callable[[Line, str], None]
