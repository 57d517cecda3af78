"""Intuit's OAuth server: grants, rotating refresh tokens, access tokens and authorization codes."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, field
from typing import Any

from simulator.systems.quickbooks_online.options import Options

REFRESH_TOKEN_SECONDS = 8_726_400
HARD_LIFE_SECONDS = 5 * 365 * 86_400
ROTATES_AFTER_SECONDS = 86_400
CODE_SECONDS = 300


@dataclass(slots=True)
class Grant:
    """One person's consent for one company."""

    realm_id: str
    refresh_token: str
    value_born: float
    expires_at: float
    hard_expires_at: float
    revoked: bool = False
    refreshes: int = 0
    refused_refreshes: int = 0
    spent: list[str] = field(default_factory=list)


@dataclass(slots=True)
class AccessToken:
    realm_id: str
    grant: int
    expires_at: float
    dead: bool = False


@dataclass(slots=True)
class Code:
    realm_id: str
    redirect_uri: str
    expires_at: float
    used: bool = False


class TokenRefused(Exception):
    """The token endpoint says no with one of OAuth's own words."""

    def __init__(self, word: str, description: str = "") -> None:
        self.word = word
        self.description = description
        super().__init__(word)


class OAuth:
    def __init__(self, options: Options) -> None:
        self.options = options
        self.grants: list[Grant] = []
        self.access_tokens: dict[str, AccessToken] = {}
        self.codes: dict[str, Code] = {}
        self.minted = 0
        self._grant_of: dict[str, int] = {}

    def grant(self, realm_id: str, now: float) -> Grant:
        token = self._mint("RT1-")
        grant = Grant(
            realm_id=realm_id,
            refresh_token=token,
            value_born=now,
            expires_at=now + REFRESH_TOKEN_SECONDS,
            hard_expires_at=now + HARD_LIFE_SECONDS,
        )
        self._grant_of[token] = len(self.grants)
        self.grants.append(grant)
        return grant

    def code(self, realm_id: str, redirect_uri: str, now: float) -> str:
        code = self._mint("AB1")
        self.codes[code] = Code(realm_id=realm_id, redirect_uri=redirect_uri, expires_at=now + CODE_SECONDS)
        return code

    def exchange(self, code: str, redirect_uri: str, now: float) -> Grant:
        known = self.codes.get(code)
        if known is None or known.used or now >= known.expires_at or redirect_uri != known.redirect_uri:
            raise TokenRefused("invalid_grant")
        known.used = True
        return self.grant(known.realm_id, now)

    def refresh(self, refresh_token: str, now: float) -> Grant:
        index = self._grant_of.get(refresh_token)
        if index is None:
            raise TokenRefused("invalid_grant")
        grant = self.grants[index]
        lapsed = now >= min(grant.expires_at, grant.hard_expires_at)
        if grant.revoked or lapsed or refresh_token != grant.refresh_token:
            grant.refused_refreshes += 1
            raise TokenRefused("invalid_grant")
        grant.refreshes += 1
        grant.expires_at = now + REFRESH_TOKEN_SECONDS
        if self.options.rotate_every_refresh or now - grant.value_born >= ROTATES_AFTER_SECONDS:
            grant.spent.append(grant.refresh_token)
            grant.refresh_token = self._mint("RT1-")
            grant.value_born = now
            self._grant_of[grant.refresh_token] = index
        return grant

    def answer(self, grant: Grant, now: float, *, hard: bool) -> dict[str, Any]:
        """A new access token of the grant, in the token endpoint's words."""
        token = self._mint("eyJlbmMiOiJBMTI4Q0JDLUhTMjU2IiwiYWxnIjoiZGlyIn0..")
        life = self.options.access_token_seconds
        self.access_tokens[token] = AccessToken(
            realm_id=grant.realm_id, grant=self._grant_of[grant.refresh_token], expires_at=now + life
        )
        body: dict[str, Any] = {
            "token_type": "bearer",
            "access_token": token,
            "expires_in": life,
            "refresh_token": grant.refresh_token,
            "x_refresh_token_expires_in": int(min(grant.expires_at, grant.hard_expires_at) - now),
        }
        if hard:
            body["x_refresh_token_hard_expires_in"] = int(grant.hard_expires_at - now)
        return body

    def revoke(self, token: str) -> bool:
        """Either kind of token ends the whole grant."""
        access = self.access_tokens.get(token)
        index = access.grant if access else self._grant_of.get(token)
        if index is None or self.grants[index].revoked:
            return False
        self.grants[index].revoked = True
        return True

    def disconnect(self, realm_id: str) -> int:
        ended = [g for g in self.grants if g.realm_id == realm_id and not g.revoked]
        for grant in ended:
            grant.revoked = True
        return len(ended)

    def expire_all(self) -> None:
        for token in self.access_tokens.values():
            token.dead = True

    def realm_of(self, access_token: str, now: float) -> tuple[str | None, str]:
        """The company a bearer token opens, or None with the gateway's reason."""
        token = self.access_tokens.get(access_token)
        if token is None:
            return None, "Malformed bearer token: too short or too long"
        if self.grants[token.grant].revoked:
            return None, "Token revoked"
        if token.dead or now >= token.expires_at:
            return None, "Token expired"
        return token.realm_id, ""

    def _mint(self, prefix: str) -> str:
        # numbered rather than drawn by lot, so that a run repeats itself exactly
        self.minted += 1
        return prefix + hashlib.sha256(f"quickbooks-online-{self.minted}".encode()).hexdigest()[:40]

    def dump(self) -> dict[str, Any]:
        return {
            "grants": [asdict(g) for g in self.grants],
            "access_tokens": {k: asdict(v) for k, v in self.access_tokens.items()},
            "codes": {k: asdict(v) for k, v in self.codes.items()},
            "minted": self.minted,
        }

    def load(self, state: dict[str, Any]) -> None:
        self.grants = [Grant(**g) for g in state["grants"]]
        self.access_tokens = {k: AccessToken(**v) for k, v in state["access_tokens"].items()}
        self.codes = {k: Code(**v) for k, v in state["codes"].items()}
        self.minted = state["minted"]
        self._grant_of = {}
        for index, grant in enumerate(self.grants):
            for token in (*grant.spent, grant.refresh_token):
                self._grant_of[token] = index
