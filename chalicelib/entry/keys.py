"""API keys: who is calling. The table holds a hash; the key itself is shown once, when it is made."""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from chalicelib.engine.ports import Clock, Item, Put, Store
from chalicelib.engine.records import Json
from chalicelib.engine.setup import pk

Role = Literal["viewer", "operator", "admin", "platform"]

PLATFORM = "_platform"  # the tenant of the key that makes tenants; no customer's name begins so
TENANT_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
RANDOM = 43  # characters of 6 bits: 256 bits

_KEY = re.compile(rf"mlc_(?P<tenant>{PLATFORM}|{TENANT_NAME.pattern})_[A-Za-z0-9_-]{{{RANDOM}}}")
_RANKS: dict[str, int] = {"viewer": 1, "operator": 2, "admin": 3}


@dataclass(frozen=True, slots=True)
class Caller:
    """`key` is the hash of the key that was used."""

    tenant: str
    role: Role
    name: str
    key: str = ""

    def may(self, role: Role) -> bool:
        """Whether the caller's role includes this one. The platform's key and customers' keys share nothing."""
        if "platform" in (role, self.role):
            return role == self.role
        return _RANKS[self.role] >= _RANKS[role]


def make_key(
    store: Store, clock: Clock, tenant: str, role: Role, name: str, *, expires: datetime | None = None, text: str = ""
) -> str:
    """Store a new key and return its text, which nobody can read back. `text`: one that was drawn elsewhere."""
    text, put = new_key(clock, tenant, role, name, expires=expires, text=text)
    store.write([put])
    return text


def new_key(
    clock: Clock, tenant: str, role: Role, name: str, *, expires: datetime | None = None, text: str = ""
) -> tuple[str, Put]:
    """The text of a fresh key and the write that makes it valid."""
    assert (tenant == PLATFORM) == (role == "platform"), "the platform's key and customers' keys share nothing"
    text = text or f"mlc_{tenant}_{_chance(clock)}"
    if _tenant_of(text) != tenant:
        raise ValueError(f"A key of {tenant} is mlc_{tenant}_ and {RANDOM} characters of A-Z, a-z, 0-9, _ and -.")
    body: Json = {
        "role": role,
        "name": name,
        "created_at": clock.now().isoformat(),
        "expires": expires.isoformat() if expires else "",
        "hash": hashed(text),
    }
    return text, Put(Item(pk=pk(tenant), sk=f"KEY#{hashed(text)}", body=body))


def hashed(text: str) -> str:
    """A plain hash is enough: 256 random bits cannot be guessed, so there is nothing to slow down."""
    return hashlib.sha256(text.encode()).hexdigest()


def who(store: Store, clock: Clock, authorization: str | None) -> Caller | None:
    """Who sent this `Authorization` header; None for anybody unknown, and for a key that has run out."""
    scheme, _, text = (authorization or "").partition(" ")
    text = text.strip()
    tenant = _tenant_of(text) if scheme.lower() == "bearer" else None
    if tenant is None:
        return None
    hash_ = hashed(text)
    at = (pk(tenant), f"KEY#{hash_}")
    item = store.get([at]).get(at)
    stored = str(item.body["hash"]) if item else "0" * len(hash_)
    if not hmac.compare_digest(stored, hash_) or item is None:
        return None
    expires = str(item.body.get("expires") or "")
    if expires and datetime.fromisoformat(expires) <= clock.now():
        return None
    role = str(item.body["role"])
    return Caller(tenant=tenant, role=role, name=str(item.body["name"]), key=hash_)  # type: ignore[arg-type]  # written by new_key


def _tenant_of(text: str) -> str | None:
    """Whom a key's text names; None for a text that cannot be a key."""
    known = _KEY.fullmatch(text)
    return known["tenant"] if known else None


def _chance(clock: Clock) -> str:
    drawn = ""
    while len(drawn) < RANDOM:
        drawn += clock.token().rstrip("=")
    return drawn[:RANDOM]
