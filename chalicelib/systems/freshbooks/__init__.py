"""FreshBooks: where small companies keep their books. We read vendors, bills and payments, and write expenses to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from chalicelib.engine.grants import Tokens
from chalicelib.engine.hints import Handshake, OwnHooks, Registered, Told
from chalicelib.engine.line import Budget, Line
from chalicelib.engine.ports import Door, Source, Target
from chalicelib.engine.system import Consent, System


class Settings(BaseModel):
    """`account` is the account id of the business: letters and digits, such as 6BApk; case counts (sheet section 2)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    account: Annotated[str, Field(pattern=r"^[A-Za-z0-9]{1,40}$")]


def _identity(settings: Mapping[str, str]) -> str:
    return settings["account"]


def _door(line: Line) -> Door:
    from chalicelib.systems.freshbooks.door import FreshBooksDoor

    return FreshBooksDoor(line)


def _source(line: Line) -> Source:
    from chalicelib.systems.freshbooks.source import FreshBooksSource

    return FreshBooksSource(line)


def _target(line: Line) -> Target:
    from chalicelib.systems.freshbooks.target import FreshBooksTarget

    return FreshBooksTarget(line)


def _link(line: Line, client_id: str, redirect_uri: str, state: str) -> str:
    from chalicelib.systems.freshbooks import auth

    return auth.consent_link(line, client_id, redirect_uri, state)


def _exchange(line: Line, code: str, redirect_uri: str, verifier: str) -> Tokens:
    from chalicelib.systems.freshbooks import auth

    return auth.exchange(line, code, redirect_uri, verifier)


def _holder(line: Line) -> str:
    from chalicelib.systems.freshbooks import business

    return business.login(line)


def _is_theirs(headers: Mapping[str, str], body: bytes, verifier: str) -> bool:
    from chalicelib.systems.freshbooks import hooks

    return hooks.is_theirs(headers, body, verifier)


def _read(body: bytes) -> Told:
    from chalicelib.systems.freshbooks import hooks

    return hooks.read(body)


def _handshake(body: bytes) -> Handshake | None:
    from chalicelib.systems.freshbooks import hooks

    return hooks.handshake(body)


def _registered(line: Line) -> Sequence[Registered]:
    from chalicelib.systems.freshbooks import callbacks

    return callbacks.registered(line)


def _register(line: Line, event: str, url: str) -> str:
    from chalicelib.systems.freshbooks import callbacks

    return callbacks.register(line, event, url)


def _confirm(line: Line, callback: str, code: str) -> bool:
    from chalicelib.systems.freshbooks import callbacks

    return callbacks.confirm(line, callback, code)


def _resend(line: Line, callback: str) -> None:
    from chalicelib.systems.freshbooks import callbacks

    callbacks.resend(line, callback)


def _remove(line: Line, callback: str) -> None:
    from chalicelib.systems.freshbooks import callbacks

    callbacks.remove(line, callback)


SYSTEM = System(
    name="freshbooks",
    title="FreshBooks",
    settings=Settings,
    credentials={
        "client_id": "The app's client id, from the app's page in the FreshBooks developer portal.",
        "client_secret": "The app's client secret, from the same page.",
    },
    consent=Consent(link=_link, exchange=_exchange, has_proof=True, holder=_holder),
    identity=_identity,
    # The vendor names no number; about two calls at a time for an account are its advice's upper end (sheet 3.3).
    budget=Budget(per_second=3, block=4),
    door=_door,
    source=_source,
    target=_target,
    # No list tells of what was deleted but the guarded one of deleted rows, and payments have not even that.
    vanishing=frozenset({"vendor", "bill", "bill_payment"}),
    own_hooks=OwnHooks(
        events={
            "bill": ("bill.create", "bill.update", "bill.delete"),
            "bill_vendor": ("bill_vendor.create", "bill_vendor.update", "bill_vendor.delete"),
            "bill_payment": ("bill_payment.create", "bill_payment.update", "bill_payment.delete"),
        },
        is_theirs=_is_theirs,
        read=_read,
        handshake=_handshake,
        registered=_registered,
        register=_register,
        confirm=_confirm,
        resend=_resend,
        remove=_remove,
    ),
    environments=("production", "simulated"),
)
