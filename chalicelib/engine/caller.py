"""A system that cannot be called: it calls us, and what we have for it waits until then."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from chalicelib.engine.connection import Connection

if TYPE_CHECKING:
    from chalicelib.engine.engine import Engine


@dataclass(frozen=True, slots=True)
class Visit:
    """One call of theirs. `url` is where it reached us, `address` where it comes from; header names are lower-case."""

    method: str
    url: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)
    address: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    content_type: str
    text: str


@dataclass(frozen=True, slots=True)
class Wish:
    """How the other side is to call us: at `url`, so often. `moved`: it did so from another place until now."""

    url: str
    every_minutes: int
    new_password: bool = False
    moved: bool = False
    by: str = ""


@dataclass(frozen=True, slots=True)
class Pass:
    """What the customer takes to the other side: a file, and the password if it was made just now ("" otherwise)."""

    file_name: str
    file: str
    user_name: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Sight:
    """When the other side was last here ("": never), in words too, with what a person can do about it.

    `asked`: it is here now, or is asked for something when it comes.
    Silent until `late_at`, it is late (None: it never is), and these are the words for that.
    """

    at: str
    message: str
    fix: str = ""
    asked: bool = False
    late_at: datetime | None = None
    late: str = ""
    late_fix: str = ""


class Admit(Protocol):
    def __call__(self, engine: Engine, connection: Connection, wish: Wish) -> Pass:
        """Make the connection's login, or give its file again. Raises ValueError when it cannot call the address."""
        ...


@dataclass(frozen=True, slots=True)
class Caller:
    """`path` is where it calls us, as the registry has it too. `answer` never raises."""

    path: str
    answer: Callable[[Engine, Visit], Reply]
    admit: Admit
    seen: Callable[[Engine, Connection], Sight]
