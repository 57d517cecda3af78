"""The login server's addresses over HTTP: the authorize page, the token endpoint and its twin, revocation."""

from __future__ import annotations

import base64
import binascii
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from simulator.systems.freshbooks.oauth import PROFILE, TokenRefused
from simulator.systems.serving import json_response

if TYPE_CHECKING:
    from simulator.systems.freshbooks.app import FreshBooksSimulator

AUTHORIZE = ("/oauth/authorize", "/service/auth/oauth/authorize")
TOKEN = ("/auth/oauth/token", "/service/auth/oauth/token")
REVOKE = ("/auth/oauth/revoke",)


def serve(sim: FreshBooksSimulator, request: Request) -> Response | None:
    """None for an address that is not the login server's."""
    path = request.path.rstrip("/")
    if path in AUTHORIZE and request.method == "GET":
        return authorize(sim, request)
    if path in TOKEN or path in REVOKE:
        try:
            sent = _sent(sim, request)
            return token(sim, request, sent) if path in TOKEN else revoke(sim, request, sent)
        except TokenRefused as refused:
            status = 401 if refused.word == "invalid_client" else 400
            body = {"error": refused.word, "error_description": refused.description}
            return json_response(body, status=status)
    return None


def token(sim: FreshBooksSimulator, request: Request, sent: dict[str, str]) -> Response:
    now = sim.now()
    match sent.get("grant_type"):
        case "refresh_token":
            grant = sim.oauth.refresh(_given(sim, request, sent, "refresh_token"), now)
        case "authorization_code":
            code, uri = (_given(sim, request, sent, name) for name in ("code", "redirect_uri"))
            grant = sim.oauth.exchange(code, uri, sent.get("code_verifier", ""), now)
        case other:
            sim.mistake(request, f"unknown grant_type {other!r}")
            raise TokenRefused("unsupported_grant_type", "The authorization grant type is not supported.")
    return json_response(sim.oauth.answer(grant), headers={"Cache-Control": "no-store"})


def revoke(sim: FreshBooksSimulator, request: Request, sent: dict[str, str]) -> Response:
    sim.oauth.revoke(_given(sim, request, sent, "token"))
    return json_response({})


def authorize(sim: FreshBooksSimulator, request: Request) -> Response:
    """The consent page; with nobody before it, `consent_identity` and `refuse_consent` say what the person does."""
    asked = request.args
    uri, state = asked.get("redirect_uri", ""), asked.get("state", "")
    if asked.get("client_id") != sim.client_id or asked.get("response_type") != "code" or not _known_uri(sim, uri):
        sim.mistake(request, "authorize needs our client_id, response_type=code and a registered redirect_uri")
        return Response("The application is not configured properly.", status=400, mimetype="text/html")
    if not state:
        sim.mistake(request, "authorize without a state lets anyone finish the connection")
    scopes = asked.get("scope", "").split() or list(sim.scopes)
    if not set(scopes) <= set(sim.scopes):
        sim.mistake(request, "authorize asks for a scope that does not exist or is not enabled on the app")
        said = "The requested scope is invalid, unknown, or malformed."
        return redirect(_back(uri, {"error": "invalid_scope", "error_description": said, "state": state}))
    choice = asked.get("_identity", "")
    if sim.options.refuse_consent or choice == "none":
        return redirect(_back(uri, {"error": "access_denied", "state": state}))
    if not sim.options.auto_consent and not (choice.isdecimal() and int(choice) in sim.identities):
        return _page(sim, request)
    who = int(choice) if choice else sim.options.consent_identity or next(iter(sim.identities))
    granted = sorted({*scopes, PROFILE})
    code = sim.oauth.code(who, uri, granted, asked.get("code_challenge", ""), sim.now())
    return redirect(_back(uri, {"code": code, "state": state}))


def _page(sim: FreshBooksSimulator, request: Request) -> Response:
    def link(choice: str, text: str) -> str:
        query = urlencode({**request.args.to_dict(), "_identity": choice})
        return f'<li><a href="{escape(request.path + "?" + query)}">{escape(text)}</a></li>'

    rows = "".join(link(str(one.id), one.email) for one in sim.identities.values())
    page = f"<html><body><h1>Log in as</h1><ul>{rows}{link('none', 'No, thanks')}</ul></body></html>"
    return Response(page, mimetype="text/html")


def _known_uri(sim: FreshBooksSimulator, uri: str) -> bool:
    parts = urlsplit(uri)
    if parts.query or parts.scheme not in ("https", "http"):
        return False
    if sim.redirect_uris:
        return uri in sim.redirect_uris
    return parts.scheme == "https" or parts.hostname == "127.0.0.1"


def _back(uri: str, query: dict[str, str]) -> str:
    return uri + "?" + urlencode({name: value for name, value in query.items() if value})


def _sent(sim: FreshBooksSimulator, request: Request) -> dict[str, str]:
    """The body, a form or JSON, once its client is known to be ours."""
    if request.method != "POST" or request.mimetype not in ("application/json", "application/x-www-form-urlencoded"):
        sim.mistake(request, "the login server takes a POSTed form or JSON")
        raise TokenRefused("invalid_request", "The request is malformed.")
    body = request.get_json(silent=True) if request.is_json else request.form.to_dict()
    sent = {name: str(value) for name, value in body.items()} if isinstance(body, dict) else {}
    if (sent.get("client_id"), sent.get("client_secret")) == (sim.client_id, sim.client_secret):
        return sent
    if _basic(request) == f"{sim.client_id}:{sim.client_secret}":
        return sent
    sim.mistake(request, "the login server needs our client_id and client_secret")
    raise TokenRefused("invalid_client", "Client authentication failed.")


def _basic(request: Request) -> str:
    kind, _, rest = request.headers.get("Authorization", "").partition(" ")
    try:
        return base64.b64decode(rest, validate=True).decode() if kind == "Basic" else ""
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _given(sim: FreshBooksSimulator, request: Request, sent: dict[str, str], name: str) -> str:
    if not sent.get(name):
        sim.mistake(request, f"the request to the login server has no {name}")
        raise TokenRefused("invalid_request", f"{name} is missing.")
    return sent[name]
