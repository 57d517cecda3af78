"""What a system says of itself, once, in its folder's `__init__.py`: the registry loads it on first use."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from chalicelib.engine.caller import Caller
from chalicelib.engine.grants import Tokens
from chalicelib.engine.hints import Hooks, OwnHooks
from chalicelib.engine.line import Budget, Line
from chalicelib.engine.ports import Door, Source, Target

if TYPE_CHECKING:
    from pydantic import BaseModel


@dataclass(frozen=True, slots=True)
class Consent:
    """How a person lets us in through the browser (OAuth's authorization code, with the connection's own client).

    `link` makes the address to open, of the client id, the address to come back to, and the state; `exchange` turns
    the code that comes back into tokens, of the code, that same address and, where the vendor takes a proof that both
    ends are the same client (`has_proof`: PKCE, S256), the verifier. `identity` names the parameter by which the vendor
    tells the company that was chosen; "" where it tells none. `holder` asks the vendor who consented, where tokens
    belong to a person and not to a company.
    """

    link: Callable[[Line, str, str, str], str]
    exchange: Callable[[Line, str, str, str], Tokens]
    has_proof: bool = False
    identity: str = ""
    holder: Callable[[Line], str] | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the target that documents go to, such as a project. `says` is a sentence, `notes` are further ones."""

    name: str
    ready: bool
    says: str
    notes: Sequence[str] = ()


# The places that are named as mappings name them, one after another; told are the rules' scopes and answers.
LookOver = Callable[[Line, Sequence[str], Sequence[tuple[str, Mapping[str, str]]]], Iterator[Place]]


@dataclass(frozen=True, slots=True)
class System:
    """One outside product.

    `settings` validates what a connection says openly (domain, realm), `credentials` names what it keeps in the vault
    and says where a person finds each. `identity` gives the part of the settings that one tenant alone may hold (a
    realm, a domain): it keys the grant and is claimed at set-up; "" where they say none: each connection is its own.
    """

    name: str
    title: str
    settings: type[BaseModel]
    credentials: Mapping[str, str]
    identity: Callable[[Mapping[str, str]], str]
    budget: Budget
    door: Callable[[Line], Door]
    source: Callable[[Line], Source] | None = None
    target: Callable[[Line], Target] | None = None
    vanishing: frozenset[str] = frozenset()  # kinds whose records may be deleted there without any word of it
    environments: tuple[str, ...] = ("production", "sandbox")
    optional_credentials: frozenset[str] = field(default_factory=frozenset)
    consent: Consent | None = None
    caller: Caller | None = None  # it calls us: nothing of it can be asked
    hooks: Hooks | None = None  # it tells us of changes as they happen
    own_hooks: OwnHooks | None = None  # the same, registered for each customer
    look_over: LookOver | None = None  # it tells of single places whether they are ready for documents
