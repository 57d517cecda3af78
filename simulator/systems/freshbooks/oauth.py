"""The login server: people, one living refresh token each, access tokens and authorization codes.

A grant belongs to a person, not to a business: consenting again replaces it in place and ends its tokens.
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import asdict, dataclass, field
from typing import Any

from simulator.systems.freshbooks.options import Options
from simulator.systems.serving import dumps

CODE_SECONDS = 300
READ_ONLY_OBJECTS = ("profile", "notifications", "reports")
OBJECTS = (
    "bill_payments", "bill_vendors", "billable_items", "bills", "business", "clients", "credit_notes", "estimates",
    "expenses", "invoices", "journal_entries", "notifications", "online_payments", "other_income", "payments",
    "profile", "projects", "reports", "retainers", "taxes", "teams", "time_entries", "uploads", "account",
)  # fmt: skip
EVERY_SCOPE = tuple(f"user:{name}:read" for name in OBJECTS) + tuple(
    f"user:{name}:write" for name in OBJECTS if name not in READ_ONLY_OBJECTS
)
PROFILE = "user:profile:read"


@dataclass(slots=True)
class Identity:
    """A person; `roles` says what they are in which account."""

    id: int
    uuid: str
    email: str
    first_name: str
    last_name: str
    roles: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Grant:
    identity: int
    scopes: list[str]
    refresh_token: str = ""
    created_at: float = 0.0
    revoked: bool = False
    refreshes: int = 0
    refused_refreshes: int = 0
    consents: int = 0
    spent: list[str] = field(default_factory=list)


@dataclass(slots=True)
class AccessToken:
    identity: int
    scopes: list[str]
    expires_at: float
    dead: bool = False


@dataclass(slots=True)
class Code:
    identity: int
    redirect_uri: str
    scopes: list[str]
    challenge: str
    expires_at: float
    used: bool = False


class TokenRefused(Exception):
    def __init__(self, word: str, description: str) -> None:
        self.word, self.description = word, description
        super().__init__(word)


class OAuth:
    def __init__(self, options: Options) -> None:
        self.options = options
        self.grants: dict[int, Grant] = {}
        self.access_tokens: dict[str, AccessToken] = {}
        self.codes: dict[str, Code] = {}
        self.minted = 0

    def code(self, identity: int, redirect_uri: str, scopes: list[str], challenge: str, now: float) -> str:
        code = self._mint("code", 64)
        self.codes[code] = Code(identity, redirect_uri, scopes, challenge, now + CODE_SECONDS)
        return code

    def exchange(self, code: str, redirect_uri: str, verifier: str, now: float) -> Grant:
        known = self.codes.get(code)
        if known is None or known.used or now >= known.expires_at or redirect_uri != known.redirect_uri:
            raise TokenRefused("invalid_grant", "The provided authorization grant is invalid, expired or revoked.")
        if known.challenge and self.options.check_pkce and known.challenge != challenge_of(verifier):
            raise TokenRefused("invalid_grant", "The code verifier does not match the code challenge.")
        known.used = True
        return self.consent(known.identity, known.scopes, now)

    def consent(self, identity: int, scopes: list[str], now: float) -> Grant:
        """Only one refresh token lives per person: a new consent ends the earlier one and its access tokens."""
        grant = self.grants.setdefault(identity, Grant(identity, scopes))
        if grant.refresh_token:
            grant.spent.append(grant.refresh_token)
        self._end_access(identity)
        grant.scopes, grant.revoked, grant.created_at = scopes, False, now
        grant.refresh_token = self._mint("refresh", 64)
        grant.consents += 1
        return grant

    def refresh(self, token: str, now: float) -> Grant:
        grant = next((each for each in self.grants.values() if token == each.refresh_token), None)
        if grant is None or grant.revoked:
            for each in self.grants.values():
                each.refused_refreshes += token == each.refresh_token or token in each.spent
            raise TokenRefused("invalid_grant", "The provided authorization grant is invalid, expired or revoked.")
        grant.spent.append(token)
        grant.refresh_token = self._mint("refresh", 64)
        grant.refreshes += 1
        if not self.options.refresh_keeps_created_at:
            grant.created_at = now
        return grant

    def answer(self, grant: Grant) -> dict[str, Any]:
        """A new access token of the grant, in the token endpoint's words. Its life counts from `created_at`."""
        life = self.options.access_token_seconds
        if grant.refreshes and self.options.refresh_keeps_created_at:
            life -= 1
        token = "eyJraWQiOiJzaW0iLCJhbGciOiJSUzI1NiJ9." + self._mint("access", 960)
        self.access_tokens[token] = AccessToken(grant.identity, list(grant.scopes), grant.created_at + life)
        return {
            "access_token": token,
            "token_type": "Bearer",
            "expires_in": life,
            "created_at": int(grant.created_at),
            "refresh_token": grant.refresh_token,
            "scope": " ".join(grant.scopes),
            "direct_buy_tokens": {},
        }

    def revoke(self, token: str) -> None:
        """Either kind of token ends the grant; an unknown one is answered alike."""
        access = self.access_tokens.get(token)
        for grant in self.grants.values():
            if token == grant.refresh_token or (access is not None and access.identity == grant.identity):
                grant.revoked = True
                self._end_access(grant.identity)

    def end(self, identity: int) -> None:
        if identity in self.grants:
            self.grants[identity].revoked = True
        self._end_access(identity)

    def expire_all(self) -> None:
        for token in self.access_tokens.values():
            token.dead = True

    def holder(self, token: str, now: float) -> AccessToken | None:
        found = self.access_tokens.get(token)
        return None if found is None or found.dead or now >= found.expires_at else found

    def _end_access(self, identity: int) -> None:
        for token in self.access_tokens.values():
            token.dead |= token.identity == identity

    def _mint(self, kind: str, length: int) -> str:
        # numbered rather than drawn by lot, so that a run repeats itself exactly
        self.minted += 1
        return hashlib.shake_256(f"freshbooks/{kind}/{self.minted}".encode()).hexdigest(length // 2)

    def dump(self) -> dict[str, Any]:
        state = {
            "grants": {str(id): asdict(grant) for id, grant in self.grants.items()},
            "access_tokens": {token: asdict(found) for token, found in self.access_tokens.items()},
            "codes": {code: asdict(found) for code, found in self.codes.items()},
            "minted": self.minted,
        }
        copied: dict[str, Any] = json.loads(dumps(state))
        return copied

    def load(self, state: dict[str, Any]) -> None:
        self.grants = {int(id): Grant(**grant) for id, grant in state["grants"].items()}
        self.access_tokens = {token: AccessToken(**found) for token, found in state["access_tokens"].items()}
        self.codes = {code: Code(**found) for code, found in state["codes"].items()}
        self.minted = state["minted"]


def challenge_of(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
