"""The line to one connection: every call a system's client makes goes through it.

It holds each call back to the vendor's rate allowance, which all workers share through the table, waits out pauses,
hands out the access token, and counts what leaves: for the run (`calls`, `metered`) and for the month (`tally`).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from chalicelib.engine import usage
from chalicelib.engine.connection import Connection
from chalicelib.engine.errors import ConnectorError, LockedOut, TryAgain
from chalicelib.engine.grants import Grants, Tokens, grant_pk
from chalicelib.engine.ports import (
    Clock,
    Conflict,
    Http,
    HttpAnswer,
    HttpRequest,
    Item,
    Mail,
    Metrics,
    Put,
    Store,
    Vault,
)
from chalicelib.engine.records import fingerprint

log = logging.getLogger("mlc")

SERVER_FAILS = 500
AT_ONCE = 0.001  # seconds: a turn so near is now
LONGEST_WAIT = 15.0  # seconds a worker waits for its turn before it gives the record back
PATIENCE = 60.0  # seconds that it waits out pauses in all: a function has its own end
TRIES = 12


@dataclass(frozen=True, slots=True)
class Budget:
    """A vendor's rate allowance: `per_second` on average, `block` calls drawn from the table at once.

    `scope` says who shares it: "identity" (the company behind the connection) or "app". `sustained` is what a longer
    window allows per second where that is less (0: it is not); of what was not used, `saved` calls may come at once.
    """

    per_second: float
    block: int = 8
    scope: str = "identity"
    sustained: float = 0.0
    saved: int = 0


@dataclass(slots=True)
class Line:
    """Not thread-safe: one worker, one line."""

    connection: Connection
    identity: str
    budget: Budget
    store: Store
    vault: Vault
    http: Http
    clock: Clock
    metrics: Metrics
    grants: Grants
    mail: Mail | None = None  # of systems that are written to by mail too
    endpoints: Mapping[str, str] = field(default_factory=dict)
    rate_scale: float = 1.0
    trial: str = ""  # names a grant of a fresh consent that is not the connection's yet
    calls: int = 0
    metered: int = 0
    tally: usage.Tally = field(default_factory=usage.Tally)
    _slots: list[datetime] = field(default_factory=list)
    _waited: float = 0.0

    # ------------------------------------------------------------------ what clients use

    def endpoint(self, name: str, default: str) -> str:
        """The host of the system (no trailing slash): stage local may name another; `{...}` takes the settings."""
        return self.endpoints.get(name, default).format(**self.connection.settings).rstrip("/")

    def credentials(self, *, fresh: bool = False) -> dict[str, str]:
        """The secret of this connection. Raises LockedOut when none was stored."""
        secret = self.vault.read(self.connection.secret_name, fresh=fresh)
        if secret is None:
            raise LockedOut(
                f"The connection {self.connection.name} has no stored credentials.",
                fix=f"An admin enters the credentials of {self.connection.name} again with `mlc apply`.",
            )
        return secret

    def access_token(self, renew: Callable[[Tokens | None, Mapping[str, str]], Tokens], *, rejected: str = "") -> str:
        """A working access token. `renew` gets the present tokens (None: never had any) and the credentials;
        `rejected` is the token the vendor has just turned down."""
        known = self.credentials()
        try:
            return self.grants.access_token(
                self.grant_pk(), known, renew, rejected=rejected, reread=lambda: self.credentials(fresh=True)
            )
        except LockedOut as lockout:
            # The vault's copy here may be minutes old: somebody may have entered new credentials since.
            fresh = self.credentials(fresh=True)
            if fresh == known:
                lockout.tried = fingerprint(fresh)
                raise
            return self.grants.access_token(self.grant_pk(), fresh, renew, rejected=rejected)

    def call(self, request: HttpRequest, *, metered: bool = False) -> HttpAnswer:
        """Send one request in its turn. Raises TryAgain when the turn is too far off, and what `Http.send` raises."""
        self._take_turn()
        self.calls += 1
        self.metered += metered
        self.tally.add(usage.month_of(self.clock.now()), 1, int(metered))
        self.metrics.count("RemoteCalls", system=self.connection.system)
        if metered:
            self.metrics.count("MeteredReads", system=self.connection.system)
        try:
            answer = self.http.send(request)
        except ConnectorError:
            self.metrics.count("FailedCalls", system=self.connection.system)
            raise
        if answer.status >= SERVER_FAILS:
            self.metrics.count("FailedCalls", system=self.connection.system)
        return answer

    def pause(self, seconds: float, why: str) -> None:
        """Nobody calls on this allowance for so long: the vendor asked for it."""
        self.metrics.count("Throttled", system=self.connection.system)
        told = {"tenant": self.connection.tenant, "connection": self.connection.name, "system": self.connection.system}
        log.info("a vendor asked us to wait", extra={**told, "seconds": seconds, "why": why})
        self._slots.clear()
        until = self.clock.now() + timedelta(seconds=seconds)
        for _ in range(TRIES):
            item = self._budget_item()
            if item.body.get("paused_until", "") >= until.isoformat():  # type: ignore[operator]  # both are text
                return
            try:
                self._write_budget(item, paused_until=until.isoformat(), why=why)
            except Conflict:
                continue
            return

    def grant_pk(self) -> str:
        pk = grant_pk(self.connection, self.identity)
        return f"{pk}#trial#{self.trial}" if self.trial else pk

    # ------------------------------------------------------------------ the allowance

    def _take_turn(self) -> None:
        now = self.clock.now()
        while self._slots and self._slots[0] < now - timedelta(seconds=2):
            self._slots.pop(0)  # an unused turn is gone, so that a pause between calls never ends in a burst
        if not self._slots:
            self._slots = self._draw()
        wait = (self._slots[0] - now).total_seconds()
        if wait > LONGEST_WAIT:
            self._slots.clear()
            raise TryAgain("The vendor's rate allowance is used up for the moment.", after=wait, counts=False)
        self._slots.pop(0)
        if wait > AT_ONCE:
            self.clock.sleep(wait)

    def _draw(self) -> list[datetime]:
        """Reserve the next block of turns on the shared time line."""
        step = timedelta(seconds=1 / (self.budget.per_second * self.rate_scale))
        for _ in range(TRIES):
            item = self._budget_item()
            now = self.clock.now()
            paused_until = _moment(item.body.get("paused_until"))
            if paused_until and paused_until > now:
                wait = (paused_until - now).total_seconds()
                if wait > LONGEST_WAIT or self._waited + wait > PATIENCE:
                    raise TryAgain(str(item.body.get("why", "The vendor asked us to wait.")), after=wait, counts=False)
                self._waited += wait
                self.clock.sleep(wait)  # a record that needs more calls than a short window allows would never get done
                continue
            begin = max(now, _moment(item.body.get("next_free")) or now)
            changes: dict[str, str] = {}
            if self.budget.sustained:
                begin, changes = self._within_longer_window(item, begin)
            if (begin - now).total_seconds() > LONGEST_WAIT:
                after = (begin - now).total_seconds()
                raise TryAgain("The vendor's rate allowance is used up for the moment.", after=after, counts=False)
            try:
                changes["next_free"] = (begin + self.budget.block * step).isoformat()
                self._write_budget(item, **changes)
            except Conflict:
                self.clock.sleep(0.02 + 0.1 * self.clock.chance())
                continue
            return [begin + n * step for n in range(self.budget.block)]
        raise TryAgain("Too many workers share this vendor's rate allowance right now.", after=5, counts=False)

    def _within_longer_window(self, item: Item, begin: datetime) -> tuple[datetime, dict[str, str]]:
        """When the block may begin at the earliest, and up to when the longer window is spent then."""
        step = timedelta(seconds=1 / (self.budget.sustained * self.rate_scale))
        spent = _moment(item.body.get("spent_until")) or begin
        begin = max(begin, spent - self.budget.saved * step)
        return begin, {"spent_until": (max(spent, begin) + self.budget.block * step).isoformat()}

    def _budget_item(self) -> Item:
        connection = self.connection
        who = self.identity if self.budget.scope == "identity" else "app"
        key = usage.budget_key(connection.system, connection.environment, who)
        return self.store.get([key]).get(key) or Item(pk=key[0], sk=key[1])

    def _write_budget(self, item: Item, **changes: str) -> None:
        """An allowance of one's own takes the counts along; they are no part of one that all customers share."""
        months = dict(self.tally.months) if self.budget.scope == "identity" else {}
        body = {**(usage.body_with(item, self.connection.key, months) if months else item.body), **changes}
        self.store.write([Put(Item(pk=item.pk, sk=item.sk, version=item.version, body=body))])
        self.tally.written(months)


def _moment(value: object) -> datetime | None:
    return datetime.fromisoformat(str(value)).astimezone(UTC) if value else None
