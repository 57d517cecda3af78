"""FreshBooks' webhooks from our side: registered, listed, confirmed, asked for again, removed (sheet section 10.1)."""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.engine.errors import TryAgain, Unknown
from chalicelib.engine.hints import NotOffered, Registered
from chalicelib.engine.line import Line
from chalicelib.engine.records import Json
from chalicelib.systems.freshbooks.client import CALLBACKS, Client, Faulty
from chalicelib.systems.freshbooks.models import Callback, Unfit, fit

NOT_THERE = frozenset({400, 404, 422})


def registered(line: Line) -> Sequence[Registered]:
    client = Client(line)
    try:
        found = [fit(Callback, row) for row in client.rows(CALLBACKS)]
    except Faulty as faulty:
        raise client.trouble(faulty, title="The list of webhooks") from faulty
    except Unfit as unfit:
        raise TryAgain(f"FreshBooks' list of webhooks cannot be read ({unfit}).") from unfit
    return [Registered(id=one.number, event=one.event, url=one.uri, is_verified=one.verified) for one in found]


def register(line: Line, event: str, url: str) -> str:
    """Its handshake may reach us before its id does. Raises NotOffered when there is no such event."""
    client = Client(line)
    try:
        answer = client.create(CALLBACKS, {"event": event, "uri": url})
        return fit(Callback, answer.body).number
    except Faulty as faulty:
        if faulty.fault.status in (400, 422) and "event" in faulty.fault.detail.lower():
            raise NotOffered(event) from faulty
        raise client.trouble(faulty, title=f"The webhook {event}") from faulty
    except Unknown as unanswered:
        # The next look at the list tells whether it is there.
        raise TryAgain(unanswered.message, counts=False) from unanswered


def confirm(line: Line, callback: str, code: str) -> bool:
    """False when it is not the code that was sent, or there is no such webhook: a forged handshake ends here."""
    client = Client(line)
    try:
        answer = client.update(CALLBACKS, callback, {"verifier": code})
        return fit(Callback, answer.body).verified
    except Faulty as faulty:
        if faulty.fault.status in NOT_THERE or faulty.meaning.kind in ("GONE", "HOLD"):
            return False
        raise client.trouble(faulty, title=f"The webhook {callback}") from faulty
    except Unknown as unanswered:
        raise TryAgain(unanswered.message, counts=False) from unanswered


def resend(line: Line, callback: str) -> None:
    _tell(line, callback, "PUT")


def remove(line: Line, callback: str) -> None:
    _tell(line, callback, "DELETE")


def _tell(line: Line, callback: str, method: str) -> None:
    """What is gone needs neither."""
    client = Client(line)
    path = f"/events/account/{client.account}/events/callbacks/{callback}"
    body: Json | None = {"callback": {"resend": True}} if method == "PUT" else None
    try:
        client.write(method, path, body)
    except Faulty as faulty:
        if not faulty.is_gone:
            raise client.trouble(faulty, title=f"The webhook {callback}") from faulty
    except Unknown as unanswered:
        raise TryAgain(unanswered.message, counts=False) from unanswered
