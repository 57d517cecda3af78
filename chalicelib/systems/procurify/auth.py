"""Access by client credentials, one application per customer, made in the customer's own Procurify (sheet section 1).

There is no refresh token: access is asked for anew, with the same credentials, whenever it runs out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta

from chalicelib.engine.errors import LockedOut, TryAgain
from chalicelib.engine.grants import Renew, Tokens
from chalicelib.engine.line import Line
from chalicelib.engine.ports import HttpAnswer, HttpRequest
from chalicelib.systems.procurify.answers import is_web_page, throttled, trace_of
from chalicelib.systems.procurify.reading import Undecodable, decode, number_at

HOST = "https://{domain}.procurify.com"  # a sandbox is a domain of its own
# Any other Procurify is where stage local says; without that it is nowhere, and never the real one.
NOWHERE = "https://procurify.invalid"
AUDIENCE = "https://api.procurify.com/"  # a constant, with its slash
A_DAY = 86400
# What OAuth servers say when the credentials themselves are at fault; Procurify is known to say the first.
AT_FAULT = ("invalid_client", "unauthorized_client", "access_denied", "invalid_grant")


def api_host(line: Line) -> str:
    return line.endpoint("api", HOST if line.connection.environment in ("production", "sandbox") else NOWHERE)


def renewal(line: Line) -> Renew:
    def renew(tokens: Tokens | None, credentials: Mapping[str, str]) -> Tokens:
        return _ask(line, credentials)

    return renew


def locked_out(connection: str, what: str) -> LockedOut:
    return LockedOut(
        f"Procurify no longer accepts the credentials of the connection {connection}: {what}.",
        fix=(
            "A Procurify administrator looks under Settings -> Integrations -> Procurify API whether the application "
            "is still there and the user who created it is active, or creates a new one; an admin then enters its "
            f"client ID and secret for {connection} with `mlc apply`."
        ),
    )


def _ask(line: Line, credentials: Mapping[str, str]) -> Tokens:
    name = line.connection.name
    client_id, secret = credentials.get("client_id", "").strip(), credentials.get("client_secret", "").strip()
    if not client_id or not secret:
        raise locked_out(name, "the client ID or the client secret is not stored")
    body = {
        "client_id": client_id,
        "client_secret": secret,
        "audience": AUDIENCE,
        "grant_type": "client_credentials",
    }
    answer = line.call(
        HttpRequest(
            method="POST",
            url=api_host(line) + "/oauth/token",
            headers={"Content-Type": "application/json", "Accept": "application/json"},
            body=json.dumps(body).encode(),
            timeout=60.0,
        )
    )
    if answer.status == 429:
        raise throttled(line, answer)
    if not is_web_page(answer) and _at_fault(answer):
        raise locked_out(name, "it does not know this client ID and secret")
    return _tokens(line, answer)


def _at_fault(answer: HttpAnswer) -> bool:
    return answer.status == 401 or (answer.status in (400, 403) and any(word in answer.text for word in AT_FAULT))


def _tokens(line: Line, answer: HttpAnswer) -> Tokens:
    try:
        body = decode(answer.body) if answer.status == 200 else None
    except Undecodable:
        body = None
    token = body.get("access_token") if isinstance(body, dict) else None
    if not isinstance(body, dict) or not isinstance(token, str) or not token:
        # Nothing of the answer is quoted: it may hold a token that was cut.
        raise TryAgain(
            f"Procurify gave no access for the connection {line.connection.name} just now "
            f"(status {answer.status}{trace_of(answer)}).",
            counts=False,
        )
    lasts = number_at(body, "expires_in")
    seconds = lasts if lasts is not None and 0 < lasts <= 366 * A_DAY else A_DAY
    return Tokens(access_token=token, expires_at=(line.clock.now() + timedelta(seconds=seconds)).isoformat())
