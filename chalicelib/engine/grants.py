"""Grants: access tokens, one refresh at a time over all workers, saved before first use.

Vendors that rotate refresh tokens forget the old one at once. So a refresh happens only under a lease in the table, and
its result is written, with the version that was read as condition, before anybody uses it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta

from chalicelib.engine.errors import TryAgain, Unknown
from chalicelib.engine.ports import Clock, Conflict, Item, Put, Store, Vault
from chalicelib.engine.records import fingerprint

RENEW_BEFORE = timedelta(minutes=5)
LEASE = timedelta(seconds=60)
TURNS_TO_WAIT = 40
SAVE_TRIES = 8


@dataclass(frozen=True, slots=True)
class Tokens:
    """`expires_at` and its sisters are ISO moments (UTC); "" is unknown. `previous` is the refresh token before."""

    access_token: str = field(repr=False)
    expires_at: str
    refresh_token: str = field(default="", repr=False)
    refresh_expires_at: str = ""
    hard_expires_at: str = ""
    previous: str = field(default="", repr=False)
    born_of: str = ""  # fingerprint of the credentials that this grant began with

    def fresh(self, now: datetime) -> bool:
        return datetime.fromisoformat(self.expires_at).astimezone(UTC) - RENEW_BEFORE > now


Renew = Callable[[Tokens | None, Mapping[str, str]], Tokens]


@dataclass(frozen=True, slots=True)
class Grants:
    """One per container: it remembers the tokens it has seen, so that a token costs no read of the table per call."""

    store: Store
    vault: Vault
    clock: Clock
    _known: dict[str, Tokens] = field(default_factory=dict, repr=False)

    def access_token(self, pk: str, credentials: Mapping[str, str], renew: Renew, *, rejected: str = "") -> str:
        """A token other than `rejected`. Raises LockedOut when a person must reconnect, else TryAgain."""
        born_of = fingerprint(dict(credentials))
        known = self._known.get(pk)
        if known and self._usable(known, born_of, rejected):
            return known.access_token
        for _ in range(TURNS_TO_WAIT):
            item = self.store.get([(pk, "GRANT")]).get((pk, "GRANT")) or Item(pk=pk, sk="GRANT")
            tokens = self._open(item)
            if tokens and self._usable(tokens, born_of, rejected):
                self._known[pk] = tokens
                return tokens.access_token
            if self._leased(item):
                self.clock.sleep(0.25 + 0.25 * self.clock.chance())
                continue
            try:
                item = self._lease(item)
            except Conflict:
                continue
            current = tokens if tokens and tokens.born_of == born_of else None
            return self._renew(item, current, credentials, renew, born_of)
        raise TryAgain("Another worker is renewing this connection's access.", after=10, counts=False)

    def forget(self, pk: str) -> None:
        self._known.pop(pk, None)

    def _usable(self, tokens: Tokens, born_of: str, rejected: str) -> bool:
        return tokens.born_of == born_of and tokens.access_token != rejected and tokens.fresh(self.clock.now())

    def _leased(self, item: Item) -> bool:
        until = item.body.get("leased_until")
        return bool(until) and datetime.fromisoformat(str(until)) > self.clock.now()

    def _lease(self, item: Item) -> Item:
        leased = {**item.body, "leased_until": (self.clock.now() + LEASE).isoformat()}
        self.store.write([Put(Item(pk=item.pk, sk=item.sk, version=item.version, body=leased, blob=item.blob))])
        return Item(pk=item.pk, sk=item.sk, version=item.version + 1, body=leased, blob=item.blob)

    def _renew(
        self, item: Item, current: Tokens | None, credentials: Mapping[str, str], renew: Renew, born_of: str
    ) -> str:
        try:
            try:
                fresh = renew(current, credentials)
            except Unknown:
                # The vendor may have rotated. One repeat with the stored token settles it: it works, or it is dead.
                fresh = renew(current, credentials)
        except Unknown as unanswered:
            self._release(item)
            raise TryAgain(unanswered.message, counts=False) from unanswered
        except Exception:
            self._release(item)
            raise
        tokens = Tokens(**{**asdict(fresh), "previous": current.refresh_token if current else "", "born_of": born_of})
        self._save(item, tokens)
        self._known[item.pk] = tokens
        return tokens.access_token

    def _release(self, item: Item) -> None:
        try:
            self.store.write([Put(Item(pk=item.pk, sk=item.sk, version=item.version, blob=item.blob))])
        except Conflict:
            return  # the lease ran out and somebody else took over

    def _save(self, item: Item, tokens: Tokens) -> None:
        """Write down what may be the only living refresh token; give up only after repeated refusals of the table."""
        sealed = self.vault.seal(json.dumps(asdict(tokens)).encode(), context={"grant": item.pk})
        body: dict[str, object] = {
            "expires_at": tokens.expires_at,
            "refresh_expires_at": tokens.refresh_expires_at,
            "hard_expires_at": tokens.hard_expires_at,
        }
        version = item.version
        for attempt in range(SAVE_TRIES):
            try:
                self.store.write([Put(Item(pk=item.pk, sk=item.sk, version=version, body=body, blob=sealed))])
                return
            except Conflict:
                stored = self.store.get([(item.pk, "GRANT")]).get((item.pk, "GRANT"))
                if stored and stored.blob == sealed:
                    return  # our own write, whose answer was lost
                # Our lease ran out while the vendor answered. The token just received is the newer one.
                version = stored.version if stored else 0
            except (TryAgain, Unknown):
                self.clock.sleep(0.2 * 2**attempt)
        raise TryAgain("The renewed access could not be saved.", counts=False)

    def _open(self, item: Item) -> Tokens | None:
        if item.blob is None:
            return None
        return Tokens(**json.loads(self.vault.unseal(item.blob, context={"grant": item.pk})))
