"""Access by client credentials (sheet section 2): asked for anew whenever it runs out, there is nothing to refresh.

Each environment has hosts of its own, so that a sandbox's credentials never travel to a production host.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from chalicelib.engine.errors import LockedOut, TryAgain
from chalicelib.engine.grants import Renew, Tokens
from chalicelib.engine.line import Line
from chalicelib.engine.ports import HttpAnswer, HttpRequest
from chalicelib.systems.procore.answers import decoded, retry_after

TOKEN_PATH = "/oauth/token"  # noqa: S105  # a path
LASTS = 5400
AT_LEAST = timedelta(minutes=10)  # in use, whatever it says of its beginning: access is not asked for with every call
AT_FAULT = ("invalid_client", "unauthorized_client", "invalid_grant", "access_denied")


@dataclass(frozen=True, slots=True)
class Hosts:
    api: str
    login: str


HOSTS = {
    "production": Hosts("https://api.procore.com", "https://login.procore.com"),
    "sandbox": Hosts("https://sandbox.procore.com", "https://login-sandbox.procore.com"),
    "monthly": Hosts("https://api-monthly.procore.com", "https://login-sandbox-monthly.procore.com"),
}
# A simulated Procore is where stage local says; without that it is nowhere, and never a real one.
NOWHERE = Hosts("https://procore.invalid", "https://procore.invalid")


def api_host(line: Line) -> str:
    return line.endpoint("api", HOSTS.get(line.connection.environment, NOWHERE).api)


def renewal(line: Line) -> Renew:
    def renew(tokens: Tokens | None, credentials: Mapping[str, str]) -> Tokens:
        return _ask(line, credentials)

    return renew


def locked_out(connection: str, what: str) -> LockedOut:
    return LockedOut(
        f"Procore no longer accepts the connection {connection}: {what}.",
        fix=f"An admin compares the client id, the client secret and the environment (production, sandbox, monthly) of "
        f"{connection} with the app's page in the Procore developer portal and enters them again with `mlc apply`; a "
        "Procore administrator sees under Company Admin > App Management that the app is installed. What waits goes "
        "on by itself then.",
    )


def _ask(line: Line, credentials: Mapping[str, str]) -> Tokens:
    name = line.connection.name
    client_id, secret = credentials.get("client_id", "").strip(), credentials.get("client_secret", "").strip()
    if not client_id or not secret:
        raise locked_out(name, "the client id or the client secret is not stored")
    form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret}
    answer = line.call(
        HttpRequest(
            method="POST",
            url=line.endpoint("login", HOSTS.get(line.connection.environment, NOWHERE).login) + TOKEN_PATH,
            headers={"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"},
            body=urlencode(form).encode(),
        )
    )
    if answer.status in (429, 503):
        wait = retry_after(answer, line.clock.now()) or 30.0
        raise TryAgain("Procore's sign-in asks us to slow down.", after=wait, counts=False)
    body = decoded(answer)
    said = str(body.get("error") or "") if isinstance(body, dict) else ""
    if answer.status == 401 or (400 <= answer.status < 500 and said in AT_FAULT):
        raise locked_out(name, "it does not know this client id and secret")
    return _tokens(line, answer, body)


def _tokens(line: Line, answer: HttpAnswer, body: object) -> Tokens:
    token = body.get("access_token") if isinstance(body, dict) and answer.status == 200 else None
    if not isinstance(body, dict) or not isinstance(token, str) or not token:
        # Nothing of the answer is quoted: it may hold a token that was cut.
        what = f"Procore gave no access for the connection {line.connection.name} just now (status {answer.status})."
        raise TryAgain(what, counts=False)
    lasts, now = _seconds(body.get("expires_in")), line.clock.now()
    begun = _seconds(body.get("created_at"))
    # An access that was given before is given again, with the moment at which it began.
    since = datetime.fromtimestamp(begun, UTC) if begun and 0 <= now.timestamp() - begun < lasts else now
    until = max(since + timedelta(seconds=lasts), now + AT_LEAST)
    return Tokens(access_token=token, expires_at=until.isoformat())


def _seconds(value: object) -> int:
    """A count of seconds; what is none is the lifetime that the sheet names."""
    usable = isinstance(value, int) and not isinstance(value, bool) and value > 0
    return int(str(value)) if usable else LASTS
