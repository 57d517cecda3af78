"""The OAuth server's three addresses over HTTP: the authorize page, the token endpoint and revocation."""

from __future__ import annotations

import base64
import binascii
import json
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from simulator.systems.quickbooks_online.oauth import TokenRefused
from simulator.systems.serving import json_response

if TYPE_CHECKING:
    from simulator.systems.quickbooks_online.app import QuickBooksOnlineSimulator

TOKEN_PATH = "/oauth2/v1/tokens/bearer"
REVOKE_PATH = "/v2/oauth2/tokens/revoke"
AUTHORIZE_PATH = "/connect/oauth2"
SCOPES = frozenset({"com.intuit.quickbooks.accounting", "openid", "profile", "email", "phone", "address"})


def token(sim: QuickBooksOnlineSimulator, request: Request) -> Response:
    if refusal := _wrong_client(sim, request):
        return refusal
    if request.method != "POST" or request.mimetype != "application/x-www-form-urlencoded":
        sim.mistake(request, "the token endpoint takes a POSTed form")
        return json_response({"error": "invalid_request"}, status=400)
    if "application/json" not in request.headers.get("Accept", ""):
        sim.mistake(request, "the token endpoint was not asked for JSON")
    now = sim.now()
    try:
        match request.form.get("grant_type"):
            case "refresh_token":
                grant = sim.oauth.refresh(_given(sim, request, "refresh_token"), now)
            case "authorization_code":
                code, uri = _given(sim, request, "code"), _given(sim, request, "redirect_uri")
                grant = sim.oauth.exchange(code, uri, now)
            case other:
                sim.mistake(request, f"unknown grant_type {other!r}")
                raise TokenRefused("unsupported_grant_type")
    except TokenRefused as refused:
        body = {"error": refused.word}
        if refused.description:
            body["error_description"] = refused.description
        return json_response(body, status=400)
    hard = request.headers.get("x-include-refresh-token-hard-expires-in", "").lower() == "true"
    return json_response(sim.oauth.answer(grant, now, hard=hard), headers={"Cache-Control": "no-store"})


def revoke(sim: QuickBooksOnlineSimulator, request: Request) -> Response:
    if refusal := _wrong_client(sim, request):
        return refusal
    try:
        given = json.loads(request.get_data())["token"]
    except (ValueError, KeyError, TypeError):
        sim.mistake(request, 'revoke takes JSON {"token": …}')
        return json_response({"error": "invalid_request"}, status=400)
    if not sim.oauth.revoke(str(given)):
        return json_response({"error": "invalid_request"}, status=400)
    return Response(status=200)


def authorize(sim: QuickBooksOnlineSimulator, request: Request) -> Response:
    """The consent page; with nobody in front of it, `consent_realm` and `refuse_consent` say what the person does."""
    asked = request.args
    uri, state, scopes = asked.get("redirect_uri", ""), asked.get("state", ""), asked.get("scope", "").split()
    if asked.get("client_id") != sim.client_id or asked.get("response_type") != "code" or not uri:
        sim.mistake(request, "authorize needs our client_id, response_type=code and a redirect_uri")
        return Response("The app is not configured properly.", status=400, mimetype="text/html")
    if not state:
        sim.mistake(request, "authorize without a state lets anyone finish the connection")
    if not scopes or not SCOPES.issuperset(scopes):
        sim.mistake(request, "authorize asks for an unknown scope")
        return redirect(_back(uri, {"error": "invalid_scope", "state": state}))
    choice = asked.get("_company", "")
    if sim.options.refuse_consent or choice == "none":
        return redirect(_back(uri, {"error": "access_denied", "state": state}))
    if not sim.options.auto_consent and choice not in sim.companies:
        return _page(sim, request)
    realm_id = choice or sim.options.consent_realm or next(iter(sim.companies))
    code = sim.oauth.code(realm_id, uri, sim.now())
    return redirect(_back(uri, {"code": code, "state": state, "realmId": realm_id}))


def _page(sim: QuickBooksOnlineSimulator, request: Request) -> Response:
    def link(company: str, text: str) -> str:
        query = urlencode({**request.args.to_dict(), "_company": company})
        return f'<li><a href="{escape(AUTHORIZE_PATH + "?" + query)}">{escape(text)}</a></li>'

    rows = "".join(link(realm_id, company.name) for realm_id, company in sim.companies.items())
    page = f"<html><body><h1>Connect which company?</h1><ul>{rows}{link('none', 'No, thanks')}</ul></body></html>"
    return Response(page, mimetype="text/html")


def _back(uri: str, query: dict[str, str]) -> str:
    return uri + ("&" if "?" in uri else "?") + urlencode({k: v for k, v in query.items() if v})


def _given(sim: QuickBooksOnlineSimulator, request: Request, name: str) -> str:
    value = request.form.get(name, "")
    if not value:
        sim.mistake(request, f"the token request has no {name}")
        raise TokenRefused("invalid_request", f"{name} is missing")
    return value


def _wrong_client(sim: QuickBooksOnlineSimulator, request: Request) -> Response | None:
    kind, _, rest = request.headers.get("Authorization", "").partition(" ")
    try:
        given = base64.b64decode(rest, validate=True).decode() if kind == "Basic" else ""
    except (binascii.Error, UnicodeDecodeError):
        given = ""
    if given == f"{sim.client_id}:{sim.client_secret}":
        return None
    sim.mistake(request, "the OAuth server needs Basic authorization with our client id and secret")
    return json_response({"error": "invalid_client"}, status=401)
