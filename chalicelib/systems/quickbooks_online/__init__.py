"""QuickBooks Online: where companies keep their books. We write vendors and bills to it, and read them from it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from chalicelib.engine.grants import Tokens
from chalicelib.engine.hints import Hooks, Told
from chalicelib.engine.line import Budget, Line
from chalicelib.engine.ports import Door, Source, Target
from chalicelib.engine.system import Consent, System


class Settings(BaseModel):
    """`realm` is the company id, kept as text: it has more digits than a float holds (sheet section 1)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    realm: Annotated[str, Field(pattern=r"^[0-9]{1,20}$")]


def _identity(settings: Mapping[str, str]) -> str:
    return settings["realm"]


def _door(line: Line) -> Door:
    from chalicelib.systems.quickbooks_online.door import QuickBooksOnlineDoor

    return QuickBooksOnlineDoor(line)


def _source(line: Line) -> Source:
    from chalicelib.systems.quickbooks_online.source import QuickBooksOnlineSource

    return QuickBooksOnlineSource(line)


def _target(line: Line) -> Target:
    from chalicelib.systems.quickbooks_online.target import QuickBooksOnlineTarget

    return QuickBooksOnlineTarget(line)


def _link(line: Line, client_id: str, redirect_uri: str, state: str) -> str:
    from chalicelib.systems.quickbooks_online import auth

    return auth.consent_link(line, client_id, redirect_uri, state)


def _exchange(line: Line, code: str, redirect_uri: str, verifier: str) -> Tokens:
    from chalicelib.systems.quickbooks_online import auth

    return auth.exchange(line, code, redirect_uri)


def _is_theirs(headers: Mapping[str, str], body: bytes, verifier: str) -> bool:
    from chalicelib.systems.quickbooks_online import hooks

    return hooks.is_theirs(headers, body, verifier)


def _read(body: bytes) -> Told:
    from chalicelib.systems.quickbooks_online import hooks

    return hooks.read(body)


SYSTEM = System(
    name="quickbooks_online",
    title="QuickBooks Online",
    settings=Settings,
    credentials={
        "client_id": "The app's client id, from the keys page of the app in the Intuit developer portal.",
        "client_secret": "The app's client secret, from the same page.",
        "refresh_token": "The refresh token of a QuickBooks administrator's consent to the app for this company; "
        "or none, and the administrator consents through `mlc connect`.",
    },
    optional_credentials=frozenset({"refresh_token"}),
    consent=Consent(link=_link, exchange=_exchange, identity="realmId"),
    identity=_identity,
    # 500 calls a minute and 10 a second per company; we stay below both (sheet section 4).
    budget=Budget(per_second=6.6, block=8),
    door=_door,
    source=_source,
    target=_target,
    hooks=Hooks(is_theirs=_is_theirs, read=_read),
    environments=("production", "sandbox", "simulated"),
)
