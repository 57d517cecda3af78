"""OAuth 2.0 with FreshBooks: consent, and refresh tokens that work once (sheet section 1). The engine renews one at a
time, and repeats once what got no answer.

A refresh token belongs to a person and an app, not to a business: so does the grant, which all connections of that
person's consent share.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from chalicelib.engine.errors import LockedOut, TryAgain, Unknown
from chalicelib.engine.grants import Renew, Tokens
from chalicelib.engine.line import Line
from chalicelib.engine.ports import HttpAnswer, HttpRequest
from chalicelib.systems.freshbooks.answers import decoded, retry_after

HOST = "https://api.freshbooks.com"
CONSENT_HOST = "https://auth.freshbooks.com"
# A simulated FreshBooks is where stage local says; without that it is nowhere, and never the real one.
NOWHERE = "https://freshbooks.invalid"
TOKEN_PATH = "/auth/oauth/token"  # noqa: S105  # a path
CONSENT_PATH = "/oauth/authorize"
SCOPES = (
    "user:profile:read", "user:business:read", "user:bills:read", "user:bill_vendors:read", "user:bill_payments:read",
    "user:expenses:read", "user:expenses:write", "user:taxes:read", "user:journal_entries:read",
    "user:journal_entries:write",
)  # fmt: skip
LASTS = 43_200
EARLY = timedelta(minutes=25)  # before its end, and the engine's five minutes: never in the middle of a job
AT_LEAST = timedelta(minutes=10)  # in use, whatever it says of its beginning: a refresh token is spent with each try
PAUSE = 30.0
# What the token endpoint says when no repeat will help, in a customer's words.
DEAD = {
    "invalid_grant": "its access was revoked, replaced by a newer sign-in, or lost on its way to us (invalid_grant)",
    "unauthorized_client": "the app may not use this kind of access (unauthorized_client)",
    "unsupported_grant_type": "the app may not use this kind of access (unsupported_grant_type)",
    "invalid_scope": "the consent does not cover what the app asks for (invalid_scope)",
    "invalid_request": "the stored refresh token is no usable one (invalid_request)",
}
ADMIN_APP = ("invalid_client", "The client id or client secret of the app is not the right one (invalid_client)")


def api_host(line: Line) -> str:
    return line.endpoint("api", HOST if line.connection.environment == "production" else NOWHERE)


def renewal(line: Line) -> Renew:
    def renew(tokens: Tokens | None, credentials: Mapping[str, str]) -> Tokens:
        if tokens is None or not tokens.refresh_token:
            raise _needs_consent(line.connection.name)
        form = {"grant_type": "refresh_token", "refresh_token": tokens.refresh_token}
        return _settled(line, _ask(line, form, credentials))

    return renew


def consent_link(line: Line, client_id: str, redirect_uri: str, state: str) -> str:
    query = {
        "client_id": client_id,
        "response_type": "code",
        "redirect_uri": redirect_uri,
        "scope": " ".join(SCOPES),
        "state": state,
    }
    host = line.endpoint("auth", CONSENT_HOST if line.connection.environment == "production" else NOWHERE)
    return f"{host}{CONSENT_PATH}?{urlencode(query)}"


def exchange(line: Line, code: str, redirect_uri: str, verifier: str) -> Tokens:
    """The tokens that the code stands for. Raises Unknown when it may be spent, without our having them."""
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri, "code_verifier": verifier}
    answer = _ask(line, form, line.credentials(fresh=True))
    if _problem(answer) in ("invalid_grant", "invalid_request"):
        raise LockedOut(
            "FreshBooks did not take the sign-in's code: it was used before, or it was too old.",
            fix=f"Run `mlc connect {line.connection.name}` and sign in again.",
        )
    return _settled(line, answer)


def locked_out(connection: str, what: str) -> LockedOut:
    return LockedOut(
        f"FreshBooks no longer accepts the connection {connection}: {what}.",
        fix=f"An admin runs `mlc connect {connection}`, and the owner or an admin of the business opens the link. What "
        "waits goes on by itself then.",
    )


# ---------------------------------------------------------------------------------------------- inside


def _needs_consent(connection: str) -> LockedOut:
    return LockedOut(
        f"{connection} waits for the consent of the business's owner or an admin in FreshBooks.",
        fix=f"An admin runs `mlc connect {connection}`, and the owner or an admin of the business opens the link. What "
        "waits goes on by itself then.",
        state="needs_consent",
    )


def _ask(line: Line, form: Mapping[str, str], credentials: Mapping[str, str]) -> HttpAnswer:
    client = {name: credentials.get(name, "") for name in ("client_id", "client_secret")}
    return line.call(
        HttpRequest(
            method="POST",
            url=api_host(line) + TOKEN_PATH,
            headers={"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"},
            body=urlencode({**form, **client}).encode(),
        )
    )


def _settled(line: Line, answer: HttpAnswer) -> Tokens:
    problem, name = _problem(answer), line.connection.name
    if 200 <= answer.status < 300 and not problem:
        return _tokens(line, answer)
    if answer.status == 429:
        wait = retry_after(answer, line.clock.now()) or PAUSE
        raise TryAgain("FreshBooks' sign-in asks us to slow down.", after=wait, counts=False)
    if problem == ADMIN_APP[0] or (answer.status == 401 and problem not in DEAD):
        raise LockedOut(
            f"FreshBooks no longer accepts the connection {name}. {ADMIN_APP[1]}.",
            fix=f"An admin enters the client id and client secret of {name} again with `mlc apply`; both stand on the "
            "app's page in the FreshBooks developer portal.",
        )
    if problem in DEAD:
        raise locked_out(name, DEAD[problem])
    # An outage, or whatever a gateway says: the token may be spent (sheet section 1.4). One repeat tells.
    raise Unknown(f"FreshBooks' sign-in did not answer properly (status {answer.status}).")


def _tokens(line: Line, answer: HttpAnswer) -> Tokens:
    """Both must be there: half an answer never replaces stored tokens."""
    body = decoded(answer)
    access = body.get("access_token") if isinstance(body, dict) else None
    refresh = body.get("refresh_token") if isinstance(body, dict) else None
    if not (isinstance(body, dict) and isinstance(access, str) and access and isinstance(refresh, str) and refresh):
        raise Unknown("FreshBooks' sign-in sent an answer without both tokens.")
    now, lasts = line.clock.now(), _count(body.get("expires_in")) or LASTS
    begun = _count(body.get("created_at"))
    # Its life begins when it was made, and a renewal has told an older moment than its own (sheet section 1.3).
    since = datetime.fromtimestamp(begun, UTC) if begun and 0 <= now.timestamp() - begun < lasts else now
    until = max(since + timedelta(seconds=lasts) - EARLY, now + AT_LEAST)
    return Tokens(access_token=access, expires_at=until.isoformat(), refresh_token=refresh)


def _count(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 10**11 else 0


def _problem(answer: HttpAnswer) -> str:
    """OAuth's word for a refusal of the client's; "" for outages and pages of gateways."""
    body = decoded(answer) if answer.status < 500 else None
    return str(body.get("error") or "") if isinstance(body, dict) else ""
