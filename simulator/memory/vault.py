"""Secrets Manager and KMS in memory; what is sealed is unreadable without the vault, so that a leak shows in a test."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import datetime, timedelta

from chalicelib.aws.secrets import check_sealable
from chalicelib.engine.ports import Clock
from simulator.memory.watch import Effect, Watched

REMEMBERED = timedelta(seconds=300)
_DIGEST = 32
_NONCE = 8


class MemoryVault(Watched):
    """Implements `Vault`. Not a cipher to use anywhere else.

    With a `clock`, reads that are not `fresh` are remembered for 300 s and miss what is written meanwhile, as they do
    on AWS when another function writes.
    """

    def __init__(self, *, clock: Clock | None = None, key: str = "memory") -> None:
        super().__init__()
        self.secrets: dict[str, dict[str, str]] = {}
        self._clock = clock
        self._remembered: dict[str, tuple[datetime, dict[str, str]]] = {}
        self._key = hashlib.sha256(key.encode()).digest()
        self._sealed = 0

    def read(self, name: str, *, fresh: bool = False) -> dict[str, str] | None:
        return self._watched(Effect("read_secret", (name,)), lambda: self._read(name, fresh=fresh))

    def write(self, name: str, secret: Mapping[str, str]) -> None:
        self._watched(Effect("write_secret", (name,)), lambda: self.secrets.update({name: dict(secret)}))

    def seal(self, plain: bytes, *, context: Mapping[str, str]) -> bytes:
        check_sealable(plain)

        def act() -> bytes:
            self._sealed += 1
            nonce = self._sealed.to_bytes(_NONCE, "big")
            hidden = self._mask(plain, nonce)
            return self._proof(nonce + hidden, context) + nonce + hidden

        return self._watched(Effect("seal", ()), act)

    def unseal(self, sealed: bytes, *, context: Mapping[str, str]) -> bytes:
        def act() -> bytes:
            proof, rest = sealed[:_DIGEST], sealed[_DIGEST:]
            if not hmac.compare_digest(proof, self._proof(rest, context)):
                raise ValueError("This was sealed for another purpose, or is not sealed at all.")
            return self._mask(rest[_NONCE:], rest[:_NONCE])

        return self._watched(Effect("unseal", ()), act)

    def _read(self, name: str, *, fresh: bool) -> dict[str, str] | None:
        if self._clock and not fresh and name in self._remembered:
            until, secret = self._remembered[name]
            if until > self._clock.now():
                return dict(secret)
        found = self.secrets.get(name)
        if found is None:
            return None
        if self._clock:
            self._remembered[name] = (self._clock.now() + REMEMBERED, dict(found))
        return dict(found)

    def _mask(self, text: bytes, nonce: bytes) -> bytes:
        stream = hashlib.shake_256(self._key + nonce).digest(len(text))
        return bytes(one ^ other for one, other in zip(text, stream, strict=True))

    def _proof(self, rest: bytes, context: Mapping[str, str]) -> bytes:
        told = json.dumps(dict(context), sort_keys=True).encode()
        return hmac.new(self._key, told + b"\0" + rest, hashlib.sha256).digest()
