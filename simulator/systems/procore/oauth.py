"""The OAuth server: client credentials in, a bearer token of ninety minutes out; nothing to refresh."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Request, Response

from simulator.systems.serving import json_response

if TYPE_CHECKING:
    from simulator.systems.procore.app import ProcoreSimulator

TOKEN, INFO, REVOKE = "/oauth/token", "/oauth/token/info", "/oauth/revoke"
FIELDS = {"grant_type", "client_id", "client_secret"}
MOST_TOKENS_A_MINUTE = 30
BAD_CLIENT = (
    "Client authentication failed due to unknown client, no client authentication included, or unsupported "
    "authentication method."
)


@dataclass(slots=True)
class Client:
    """An app (company 0: every company that installed it) or one company's own service account."""

    secret: str
    company: int = 0


@dataclass(slots=True)
class Token:
    client_id: str
    born: float
    expires_at: float
    dead: bool = False


@dataclass(slots=True)
class OAuth:
    clients: dict[str, Client] = field(default_factory=dict)
    tokens: dict[str, Token] = field(default_factory=dict)
    minted: int = 0

    def mint(self, environment: str, client_id: str, now: float, life: int) -> str:
        # numbered rather than drawn by lot, so that a run repeats itself exactly
        self.minted += 1
        token = "eyJ." + hashlib.sha256(f"procore/{environment}/{client_id}/{self.minted}".encode()).hexdigest()
        self.tokens[token] = Token(client_id=client_id, born=now, expires_at=now + life)
        return token

    def living(self, token: str, now: float) -> Token | None:
        found = self.tokens.get(token)
        return found if found and not found.dead and now < found.expires_at else None

    def expire_all(self) -> None:
        for token in self.tokens.values():
            token.dead = True

    def dump(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def from_dump(state: dict[str, Any]) -> OAuth:
        return OAuth(
            clients={name: Client(**each) for name, each in state["clients"].items()},
            tokens={name: Token(**each) for name, each in state["tokens"].items()},
            minted=state["minted"],
        )


def serve(sim: ProcoreSimulator, request: Request) -> Response:
    match request.method, request.path:
        case "POST", "/oauth/token":
            return _token(sim, request)
        case "POST", "/oauth/revoke":
            token = sim.oauth.tokens.get(_sent(request).get("token", ""))
            if token is not None:
                token.dead = True
            return json_response({})
        case "GET", "/oauth/token/info":
            return _info(sim, request)
    sim.mistake(request, "no such address on the login host")
    return json_response({"error": "not_found"}, status=404)


def _token(sim: ProcoreSimulator, request: Request) -> Response:
    sent, now = _sent(request), sim.now()
    for name in sorted(sent.keys() - FIELDS):
        sim.mistake(request, f"client credentials take no {name}")
    if sent.get("grant_type") != "client_credentials":
        sim.mistake(request, "the grant type is not client_credentials")
        return json_response({"error": "unsupported_grant_type"}, status=400)
    client = sim.oauth.clients.get(sent.get("client_id", ""))
    if client is None or client.secret != sent.get("client_secret"):
        return json_response({"error": "invalid_client", "error_description": BAD_CLIENT}, status=401)
    recent = [t for t in sim.oauth.tokens.values() if t.client_id == sent["client_id"] and now - t.born < 60]
    if len(recent) >= MOST_TOKENS_A_MINUTE:
        sim.mistake(request, "asks for tokens instead of keeping the one it has")
    life = sim.options.token_seconds
    token = sim.oauth.mint(sim.environment, sent["client_id"], now, life)
    return json_response(
        {"access_token": token, "token_type": "bearer", "expires_in": life, "created_at": int(now)},
        headers={"Cache-Control": "no-store"},
    )


def _info(sim: ProcoreSimulator, request: Request) -> Response:
    token = sim.oauth.living(bearer(request), sim.now())
    if token is None:
        return json_response({"error": "invalid_token"}, status=401)
    return json_response(
        {
            "resource_owner_id": None,
            "scopes": [],
            "expires_in_seconds": int(token.expires_at - sim.now()),
            "application": {"uid": token.client_id},
            "created_at": int(token.born),
        }
    )


def bearer(request: Request) -> str:
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    return token if kind == "Bearer" else ""


def _sent(request: Request) -> dict[str, Any]:
    """The form or the JSON object of a call: both are taken."""
    if request.mimetype == "application/json":
        found = request.get_json(silent=True)
        return found if isinstance(found, dict) else {}
    return request.form.to_dict()
