"""OAuth 2.0 refresh with Intuit's rotating refresh tokens (sheet section 2). The engine keeps it to one at a time."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import timedelta
from urllib.parse import urlencode

from chalicelib.engine.errors import LockedOut, TryAgain, Unknown
from chalicelib.engine.grants import Renew, Tokens
from chalicelib.engine.line import Line
from chalicelib.engine.ports import HttpAnswer, HttpRequest

HOST = "https://oauth.platform.intuit.com"
PATH = "/oauth2/v1/tokens/bearer"
# What the token endpoint says when no repeat will help (sheet sections 2.3, 2.5).
DEAD = {"invalid_grant", "invalid_client", "unauthorized_client", "invalid_scope", "unsupported_grant_type"}


def renewal(line: Line) -> Renew:
    def renew(tokens: Tokens | None, credentials: Mapping[str, str]) -> Tokens:
        refresh = tokens.refresh_token if tokens else credentials.get("refresh_token", "")
        return _ask(line, refresh, credentials)

    return renew


def locked_out(connection: str, what: str) -> LockedOut:
    return LockedOut(
        f"QuickBooks Online no longer accepts the connection {connection}: {what}.",
        fix=f"A QuickBooks administrator reconnects the company, and an admin enters the new refresh token of "
        f"{connection} with `mlc apply`. What waits goes on by itself then.",
    )


def _ask(line: Line, refresh_token: str, credentials: Mapping[str, str]) -> Tokens:
    client = f"{credentials.get('client_id', '')}:{credentials.get('client_secret', '')}"
    answer = line.call(
        HttpRequest(
            method="POST",
            url=line.endpoint("oauth", HOST) + PATH,
            headers={
                "Authorization": f"Basic {base64.b64encode(client.encode()).decode()}",
                "Content-Type": "application/x-www-form-urlencoded",
                "Accept": "application/json",
                "x-include-refresh-token-hard-expires-in": "true",
            },
            body=urlencode({"grant_type": "refresh_token", "refresh_token": refresh_token}).encode(),
        )
    )
    body = _object(answer)
    if answer.status == 200:
        return _tokens(line, body)
    problem = str(body.get("error", ""))
    if answer.status == 401 or problem in DEAD:
        raise locked_out(line.connection.name, f"its access was revoked, has expired or was replaced ({problem})")
    raise TryAgain(f"Intuit's sign-in did not answer properly (status {answer.status}).", counts=False)


def _tokens(line: Line, body: Mapping[str, object]) -> Tokens:
    """Every member must be there: half an answer never replaces stored tokens (sheet section 19, trap 2)."""
    access, refresh = body.get("access_token"), body.get("refresh_token")
    if not (isinstance(access, str) and access and isinstance(refresh, str) and refresh):
        # Intuit may have rotated already; the repeat with the stored token tells.
        raise Unknown("Intuit's sign-in sent an answer without both tokens.")
    now = line.clock.now()

    def moment(name: str, default: int) -> str:
        seconds = body.get(name)
        usable = isinstance(seconds, int) and not isinstance(seconds, bool) and 0 < seconds < 10**9
        after = seconds if usable and isinstance(seconds, int) else default
        return (now + timedelta(seconds=after)).isoformat() if after else ""

    return Tokens(
        access_token=access,
        expires_at=moment("expires_in", 3600),
        refresh_token=refresh,
        refresh_expires_at=moment("x_refresh_token_expires_in", 0),
        hard_expires_at=moment("x_refresh_token_hard_expires_in", 0),
    )


def _object(answer: HttpAnswer) -> dict[str, object]:
    try:
        body = json.loads(answer.body)
    except ValueError:
        body = None
    if isinstance(body, dict):
        return body
    if answer.status == 200:
        raise Unknown("Intuit's sign-in sent an answer that is cut or garbled.")
    return {}
