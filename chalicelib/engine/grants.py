"""Grants: access tokens, one refresh at a time over all workers, saved before first use.

Vendors that rotate refresh tokens forget the old one at once. So a refresh happens only under a lease in the table, and
its result is written, with the version that was read as condition, before anybody uses it. A grant begins with what a
person typed or with a person's consent; each beginning is a new generation, and what comes late of an older one is
dropped.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta

from chalicelib.engine.connection import Connection
from chalicelib.engine.errors import LockedOut, TryAgain, Unknown
from chalicelib.engine.ports import Clock, Conflict, Delete, Item, Put, Store, Vault
from chalicelib.engine.records import Json, fingerprint

RENEW_BEFORE = timedelta(minutes=5)
LEASE = timedelta(seconds=60)
TURNS_TO_WAIT = 40
SAVE_TRIES = 8
TRIAL_KEPT = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Tokens:
    """`expires_at` and its sisters are ISO moments (UTC); "" is unknown. `previous` is the refresh token before."""

    access_token: str = field(repr=False)
    expires_at: str
    refresh_token: str = field(default="", repr=False)
    refresh_expires_at: str = ""
    hard_expires_at: str = ""
    previous: str = field(default="", repr=False)
    born_of: str = ""  # fingerprint of the credentials that this grant was last renewed with
    client: str = ""  # the client id that the refresh token was given to
    generation: int = 0

    def fresh(self, now: datetime) -> bool:
        return datetime.fromisoformat(self.expires_at).astimezone(UTC) - RENEW_BEFORE > now

    def serves(self, credentials: Mapping[str, str], born_of: str) -> bool:
        """Whether these credentials go on with this grant: the same ones; or others of the same client that bring no
        refresh token of their own, such as a new client secret."""
        if self.born_of == born_of:
            return True
        same_client = bool(self.client) and self.client == credentials.get("client_id")
        return bool(self.refresh_token) and same_client and not credentials.get("refresh_token")


def grant_pk(connection: Connection, identity: str) -> str:
    """Where the connection's grant lies: tokens belong to the company, which belongs to one customer; or to a person
    and an app, and then all connections of that consent share them."""
    return f"G#{connection.system}#{connection.environment}#{connection.holder or identity}"


def last_moment(grant: Item | None) -> datetime | None:
    """When only a new consent will help: the end of the refresh token, or of the consent itself."""
    moments = [grant.body.get(name) for name in ("refresh_expires_at", "hard_expires_at")] if grant else []
    return min((datetime.fromisoformat(str(moment)).astimezone(UTC) for moment in moments if moment), default=None)


Renew = Callable[[Tokens | None, Mapping[str, str]], Tokens]


class _Superseded(Exception):
    """A newer grant took this one's place while we renewed it."""


@dataclass(frozen=True, slots=True)
class Grants:
    """One per container: it remembers the tokens it has seen, so that a token costs no read of the table per call."""

    store: Store
    vault: Vault
    clock: Clock
    _known: dict[str, Tokens] = field(default_factory=dict, repr=False)

    def access_token(
        self,
        pk: str,
        credentials: Mapping[str, str],
        renew: Renew,
        *,
        rejected: str = "",
        reread: Callable[[], Mapping[str, str]] | None = None,
    ) -> str:
        """A token other than `rejected`. Raises LockedOut when a person must reconnect, else TryAgain.

        `reread` gets the credentials as they stand now: a copy that is minutes old must not replace a newer grant.
        """
        born_of = fingerprint(dict(credentials))
        known = self._known.get(pk)
        if known and self._usable(known, born_of, rejected):
            return known.access_token
        for _ in range(TURNS_TO_WAIT):
            item = self._stored(pk)
            tokens = self._open(item)
            if tokens and self._usable(tokens, born_of, rejected):
                self._known[pk] = tokens
                return tokens.access_token
            if self._leased(item):
                self.clock.sleep(0.25 + 0.25 * self.clock.chance())
                continue
            if tokens and tokens.born_of != born_of and reread is not None:
                credentials, reread = reread(), None
                born_of = fingerprint(dict(credentials))
                continue
            try:
                item = self._lease(item)
                return self._renew(item, tokens, credentials, renew, born_of)
            except (Conflict, _Superseded):
                continue
        raise TryAgain("Another worker is renewing this connection's access.", after=10, counts=False)

    # ------------------------------------------------------------------ a person's consent

    def try_out(self, pk: str, tokens: Tokens, credentials: Mapping[str, str]) -> None:
        """Save what a consent brought, before its first use, under a key of its own."""
        born_of, client = fingerprint(dict(credentials)), credentials.get("client_id", "")
        item = replace(self._stored(pk), expires_at=int((self.clock.now() + TRIAL_KEPT).timestamp()))
        self._save(item, replace(tokens, born_of=born_of, client=client, generation=1))

    def tried_out(self, pk: str) -> Tokens | None:
        return self._open(self._stored(pk))

    def adoption(self, pk: str, tokens: Tokens, trial: str) -> list[Put | Delete]:
        """The writes that put the tried grant in the place of whatever is there, whoever renews that at this moment."""
        stored = self._stored(pk)
        known = self._open(stored)
        grown = replace(tokens, generation=known.generation + 1 if known else 1)
        return [Put(self._sealed(stored, grown)), Delete(trial, "GRANT")]

    # ------------------------------------------------------------------ inside

    def _usable(self, tokens: Tokens, born_of: str, rejected: str) -> bool:
        return tokens.born_of == born_of and tokens.access_token != rejected and tokens.fresh(self.clock.now())

    def _stored(self, pk: str) -> Item:
        return self.store.get([(pk, "GRANT")]).get((pk, "GRANT")) or Item(pk=pk, sk="GRANT")

    def _leased(self, item: Item) -> bool:
        until = item.body.get("leased_until")
        return bool(until) and datetime.fromisoformat(str(until)) > self.clock.now()

    def _lease(self, item: Item) -> Item:
        leased = replace(item, body={**item.body, "leased_until": (self.clock.now() + LEASE).isoformat()})
        self.store.write([Put(leased)])
        return replace(leased, version=item.version + 1)

    def _renew(
        self, item: Item, stored: Tokens | None, credentials: Mapping[str, str], renew: Renew, born_of: str
    ) -> str:
        current = stored if stored and stored.serves(credentials, born_of) else None
        try:
            try:
                fresh = renew(current, credentials)
            except Unknown:
                # The vendor may have rotated. One repeat with the stored token settles it: it works, or it is dead.
                fresh = renew(current, credentials)
        except Unknown as unanswered:
            self._release(item)
            raise TryAgain(unanswered.message, counts=False) from unanswered
        except LockedOut:
            if not self._release(item):
                raise _Superseded from None  # somebody else renewed it or a person reconnected: look at that first
            raise
        except Exception:
            self._release(item)
            raise
        tokens = replace(
            fresh,
            previous=current.refresh_token if current else "",
            born_of=born_of,
            client=credentials.get("client_id", ""),
            generation=current.generation if current else (stored.generation + 1 if stored else 1),
        )
        self._save(item, tokens)
        self._known[item.pk] = tokens
        return tokens.access_token

    def _release(self, item: Item) -> bool:
        """False when the lease ran out and somebody else took over."""
        body = {name: value for name, value in item.body.items() if name != "leased_until"}
        try:
            self.store.write([Put(replace(item, body=body))])
        except Conflict:
            return False
        return True

    def _save(self, item: Item, tokens: Tokens) -> None:
        """Write down what may be the only living refresh token; give up only after repeated refusals of the table."""
        new: Item | None = None
        for attempt in range(SAVE_TRIES):
            try:
                new = new or self._sealed(item, tokens)
                self.store.write([Put(new)])
                return
            except Conflict:
                stored = self._stored(item.pk)
                assert new is not None
                if stored.blob == new.blob:
                    return  # our own write, whose answer was lost
                if _newer(self._open(stored), tokens):
                    raise _Superseded from None  # a person reconnected or entered others: what we hold is of the old
                # Our lease ran out while the vendor answered. The token just received is the newer one.
                new = replace(new, version=stored.version)
            except (TryAgain, Unknown):
                self.clock.sleep(0.2 * 2**attempt)
        raise TryAgain("The renewed access could not be saved.", counts=False)

    def _sealed(self, item: Item, tokens: Tokens) -> Item:
        """The grant as it lies in the table: its moments in clear, so that whoever watches over them needs no key."""
        body: Json = {
            "expires_at": tokens.expires_at,
            "refresh_expires_at": tokens.refresh_expires_at,
            "hard_expires_at": tokens.hard_expires_at,
            "renewed_at": self.clock.now().isoformat(),
        }
        sealed = self.vault.seal(json.dumps(asdict(tokens)).encode(), context={"grant": item.pk})
        return replace(item, body=body, blob=sealed)

    def _open(self, item: Item) -> Tokens | None:
        if item.blob is None:
            return None
        return Tokens(**json.loads(self.vault.unseal(item.blob, context={"grant": item.pk})))


def _newer(theirs: Tokens | None, ours: Tokens) -> bool:
    """Of two that began from different credentials, the one saved first had taken the lease later."""
    if theirs is None or theirs.generation < ours.generation:
        return False
    both_began = theirs.born_of != ours.born_of and not ours.previous
    return theirs.generation > ours.generation or both_began
