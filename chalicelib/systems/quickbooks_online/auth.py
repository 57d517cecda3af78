"""OAuth 2.0 with Intuit: consent, and rotating refresh tokens (sheet section 2). The engine renews one at a time."""

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

HOSTS = {"production": "https://quickbooks.api.intuit.com", "sandbox": "https://sandbox-quickbooks.api.intuit.com"}
HOST = "https://oauth.platform.intuit.com"  # of both: the client id and secret tell them apart
# Any other QuickBooks Online is where stage local says; without that it is nowhere, and never the real one.
NOWHERE = "https://quickbooks-online.invalid"
PATH = "/oauth2/v1/tokens/bearer"
CONSENT_HOST = "https://appcenter.intuit.com"
CONSENT_PATH = "/connect/oauth2"
SCOPE = "com.intuit.quickbooks.accounting"
BEFORE_THE_SECOND_TRY = 2.0
# What the token endpoint says when no repeat will help (sheet sections 2.3, 2.5), in a customer's words.
DEAD = {
    "invalid_grant": "its access was revoked, has expired or was replaced (invalid_grant)",
    "invalid_client": "the client id or client secret of the app is not the right one (invalid_client)",
    "unauthorized_client": "the app may not use this kind of access (unauthorized_client)",
    "unsupported_grant_type": "the app may not use this kind of access (unsupported_grant_type)",
    "invalid_scope": "the consent does not cover the company's books (invalid_scope)",
    "invalid_request": "the stored refresh token is no usable one (invalid_request)",
}
ADMIN_APP = "invalid_client"


def renewal(line: Line) -> Renew:
    def renew(tokens: Tokens | None, credentials: Mapping[str, str]) -> Tokens:
        refresh = tokens.refresh_token if tokens else credentials.get("refresh_token", "")
        if not refresh:
            raise _needs_consent(line.connection.name)
        form = {"grant_type": "refresh_token", "refresh_token": refresh}
        answer = _ask(line, form, credentials)
        if _problem(answer) == "invalid_grant":
            # An outage at Intuit has looked like this too: one delayed repeat is worth it (sheet section 2.5).
            line.clock.sleep(BEFORE_THE_SECOND_TRY)
            answer = _ask(line, form, credentials)
        return _settled(line, answer)

    return renew


def consent_link(line: Line, client_id: str, redirect_uri: str, state: str) -> str:
    query = {
        "client_id": client_id,
        "response_type": "code",
        "scope": SCOPE,
        "redirect_uri": redirect_uri,
        "state": state,
    }
    return f"{_oauth(line, CONSENT_HOST)}{CONSENT_PATH}?{urlencode(query)}"


def exchange(line: Line, code: str, redirect_uri: str) -> Tokens:
    """The tokens that the code stands for. Raises Unknown when it may be spent, without our having them."""
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
    answer = _ask(line, form, line.credentials(fresh=True))
    if _problem(answer) in ("invalid_grant", "invalid_request"):
        raise LockedOut(
            "Intuit did not take the sign-in's code: it was used before, or it was too old.",
            fix=f"Run `mlc connect {line.connection.name}` and sign in again.",
        )
    return _settled(line, answer)


def _needs_consent(connection: str) -> LockedOut:
    return LockedOut(
        f"{connection} waits for a QuickBooks administrator's consent.",
        fix=f"An admin runs `mlc connect {connection}`, and a QuickBooks administrator of the company opens the link. "
        "What waits goes on by itself then.",
        state="needs_consent",
    )


def locked_out(connection: str, what: str) -> LockedOut:
    return LockedOut(
        f"QuickBooks Online no longer accepts the connection {connection}: {what}.",
        fix=f"An admin runs `mlc connect {connection}`, and a QuickBooks administrator of the company opens the link; "
        "or the admin enters a new refresh token with `mlc apply`. What waits goes on by itself then.",
    )


def _oauth(line: Line, host: str) -> str:
    return line.endpoint("oauth", host if line.connection.environment in HOSTS else NOWHERE)


def _ask(line: Line, form: Mapping[str, str], credentials: Mapping[str, str]) -> HttpAnswer:
    client = f"{credentials.get('client_id', '')}:{credentials.get('client_secret', '')}"
    return line.call(
        HttpRequest(
            method="POST",
            url=_oauth(line, HOST) + PATH,
            headers={
                "Authorization": f"Basic {base64.b64encode(client.encode()).decode()}",
                "Content-Type": "application/x-www-form-urlencoded",
                "Accept": "application/json",
                "x-include-refresh-token-hard-expires-in": "true",
            },
            body=urlencode(form).encode(),
        )
    )


def _settled(line: Line, answer: HttpAnswer) -> Tokens:
    if answer.status == 200:
        return _tokens(line, answer)
    problem, name = _problem(answer), line.connection.name
    if problem == ADMIN_APP or (answer.status == 401 and problem not in DEAD):
        raise LockedOut(
            f"QuickBooks Online no longer accepts the connection {name}: {DEAD[ADMIN_APP]}.",
            fix=f"An admin enters the client id and client secret of {name} again with `mlc apply`; both stand on the "
            "keys page of the app in the Intuit developer portal, one pair per environment.",
        )
    if problem in DEAD:
        raise locked_out(name, DEAD[problem])
    # 5xx, 429 and whatever a gateway says: the token may live (sheet section 2.4, rule 7).
    raise TryAgain(f"Intuit's sign-in did not answer properly (status {answer.status}).", counts=False)


def _tokens(line: Line, answer: HttpAnswer) -> Tokens:
    """Every member must be there: half an answer never replaces stored tokens (sheet section 19, trap 2)."""
    body = _object(answer)
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


def _problem(answer: HttpAnswer) -> str:
    """OAuth's word for a refusal of the client's; "" for outages and pages of gateways."""
    return str(_object(answer).get("error") or "") if 400 <= answer.status < 500 else ""


def _object(answer: HttpAnswer) -> dict[str, object]:
    try:
        body = json.loads(answer.body)
    except (ValueError, RecursionError):
        body = None
    return body if isinstance(body, dict) else {}
