"""The engine at work for one container: the ports, the registry, and the flows opened so far."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from chalicelib.engine import notices, outbox, usage
from chalicelib.engine import setup as setups
from chalicelib.engine.connection import Connection
from chalicelib.engine.errors import Held, LockedOut
from chalicelib.engine.flow import Flow
from chalicelib.engine.grants import Grants, grant_pk
from chalicelib.engine.hints import Verifier
from chalicelib.engine.line import Line
from chalicelib.engine.ports import Clock, Http, Mail, Metrics, Notices, Put, Queue, Source, Store, Target, Vault
from chalicelib.engine.records import Reference, fingerprint
from chalicelib.engine.setup import FlowSetup, Health
from chalicelib.engine.system import System

COMPANY_CHECK = timedelta(minutes=10)
RETRY_LOCKED_OUT = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Pace:
    """The engine's own delays. Stage local and tests shorten them."""

    queued: timedelta = timedelta(minutes=5)  # a message not handled by then is sent again
    lease: timedelta = timedelta(seconds=150)  # longer than any writer may run
    first_retry: timedelta = timedelta(seconds=30)
    longest_retry: timedelta = timedelta(hours=1)
    paused: timedelta = timedelta(minutes=15)
    references: timedelta = timedelta(hours=6)
    placed: timedelta = timedelta(minutes=5)  # lists of one place, such as a project, are not older when decided on
    answer: timedelta = timedelta(seconds=60)  # what was handed to a caller and not answered by then is unknown
    session: timedelta = timedelta(minutes=3)  # a session that calls us and was silent so long has ended
    settles: timedelta = timedelta(minutes=2)  # so long after it was handed over there, a write may still happen
    most_queued: int = 300  # messages per connection under way at once


@dataclass(slots=True)
class Engine:
    store: Store
    queue: Queue
    vault: Vault
    http: Http
    clock: Clock
    notices: Notices
    mail: Mail
    metrics: Metrics
    load_system: Callable[[str], System]
    load_flow: Callable[[str], Flow]
    systems: Sequence[str] = ()  # what the registry lists, to say it to whoever names another
    flows: Sequence[str] = ()
    endpoints: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    rate_scales: Mapping[str, float] = field(default_factory=dict)
    pace: Pace = Pace()
    references: dict[tuple[str, str], tuple[int, list[Reference]]] = field(default_factory=dict)
    local: bool = False  # stage local: notices may go to this machine's own webhooks
    told: set[tuple[str, str]] = field(default_factory=set)  # causes this container knows to have been told
    checked: dict[str, datetime] = field(default_factory=dict)
    verifiers: dict[str, tuple[datetime, Sequence[Verifier]]] = field(default_factory=dict)  # of apps, by system
    local_url: str = ""  # stage local: where a browser finds the service
    tallies: dict[tuple[tuple[str, str], str], usage.Tally] = field(default_factory=dict)
    _grants: Grants | None = None

    @property
    def grants(self) -> Grants:
        if self._grants is None:
            self._grants = Grants(store=self.store, vault=self.vault, clock=self.clock)
        return self._grants

    def line(self, connection: Connection, *, trial: str = "") -> Line:
        """A fresh line. Lines are one worker's; grants are the container's.

        `trial` names a grant that is not the connection's yet. Raises LockedOut when nobody confirmed the company.
        """
        if connection.unconfirmed and not trial:
            raise unconfirmed(connection)
        system = self.load_system(connection.system)
        return Line(
            connection=connection,
            identity=self.identity(connection),
            budget=system.budget,
            store=self.store,
            vault=self.vault,
            http=self.http,
            clock=self.clock,
            metrics=self.metrics,
            grants=self.grants,
            mail=self.mail,
            endpoints=self.endpoints.get(connection.system, {}),
            rate_scale=self.rate_scales.get(connection.system, 1.0),
            trial=trial,
            tally=self.tallies.setdefault((self.usage_key(connection), connection.key), usage.Tally()),
        )

    def identity(self, connection: Connection) -> str:
        """What tells the company behind the connection from all others, over all customers."""
        return self.load_system(connection.system).identity(connection.settings) or connection.key

    def grant_pk(self, connection: Connection) -> str:
        return grant_pk(connection, self.identity(connection))

    def usage_key(self, connection: Connection) -> tuple[str, str]:
        """The item that keeps how much was called over the connection."""
        return usage.budget_key(connection.system, connection.environment, self.identity(connection))

    def write_down_usage(self) -> None:
        """At the end of a piece of work: what was called and not counted in the table yet."""
        for (key, of), tally in list(self.tallies.items()):
            usage.write_down(self.store, key, of, tally)

    def open(self, tenant: str, flow: str, *, move: str = "") -> OpenFlow | None:
        """The flow with both its connections, read afresh; None if there is none of that name.

        Of one that goes both ways it is the side of that move, else the first.
        """
        key = (setups.pk(tenant), f"FLOW#{flow}")
        item = self.store.get([key]).get(key)
        if item is None:
            return None
        setup = setups.read_flow(tenant, item)
        whole = self.load_flow(setup.flow)
        side = next((side for side in whole.sides if side.move(move)), whole.sides[0])
        turned = side.target_system != whole.target_system
        names = (setup.target, setup.source) if turned else (setup.source, setup.target)
        ends = [(setups.pk(tenant), f"CONNECTION#{name}") for name in names]
        health = [setups.health_key(tenant, name) for name in names]
        notice = notices.settings_key(tenant)
        found = self.store.get([*ends, *health, notice])
        return OpenFlow(
            engine=self,
            setup=setup,
            flow=side,
            whole=whole,
            source=setups.read_connection(tenant, found[ends[0]]),
            target=setups.read_connection(tenant, found[ends[1]]),
            source_health=setups.read_health(found.get(health[0])),
            target_health=setups.read_health(found.get(health[1])),
            tallied=bool(notices.read_settings(tenant, found.get(notice)).digest),
        )

    def locked_out(self, connection: Connection, lockout: LockedOut) -> None:
        """The connection stops until `RETRY_LOCKED_OUT` or new credentials; told once."""
        if lockout.tried and lockout.tried != fingerprint(self.vault.read(connection.secret_name, fresh=True) or {}):
            return  # new credentials were entered meanwhile
        until = self.clock.now() + RETRY_LOCKED_OUT
        change = Health(state=lockout.state, message=lockout.message, fix=lockout.fix, until=until.isoformat())
        self.metrics.count("LockedOut", system=connection.system)
        self.note_health(connection, change)

    def called(self, connection: Connection) -> None:
        """It was late, and has called now."""
        key = setups.health_key(connection.tenant, connection.name)
        if setups.read_health(self.store.get([key]).get(key)).state == "late":
            self.note_health(connection, Health(state="ok"))

    def works(self, connection: Connection, health: Health) -> None:
        if health.state != "ok":
            self.note_health(connection, Health(state="ok"))

    def note_health(self, connection: Connection, change: Health) -> bool:
        """Note how the connection fares; people are told when it begins to need one, and once when it works again."""
        kept: list[Put] = []

        def tell(before: Health, after: Health) -> Sequence[Put]:
            kept[:] = notices.about(self, connection, before, after)
            return kept

        news = setups.save_health(self.store, self.clock, connection.tenant, connection.name, change, tell=tell)
        outbox.send(self, kept)
        return news

    def check_company(self, connection: Connection) -> None:
        """Before writing: the company behind the credentials is the pinned one. Raises Held or LockedOut."""
        known = self.checked.get(connection.key)
        if known and known + COMPANY_CHECK > self.clock.now():
            return
        system = self.load_system(connection.system)
        company = system.door(self.line(connection)).company()
        if connection.pinned and company.id != connection.pinned.id:
            raise Held(
                "wrong_company",
                f"The credentials of {connection.name} lead to {company.name} ({company.id}), "
                f"not to {connection.pinned.name} ({connection.pinned.id}). Nothing was written.",
                cause=f"connection {connection.name}",
                fix=f"Reconnect {connection.name} to {connection.pinned.name}.",
                owner="admin",
                waits_for=[f"connection:{connection.name}"],
            )
        self.checked[connection.key] = self.clock.now()


def unconfirmed(connection: Connection) -> LockedOut:
    assert connection.found is not None
    return LockedOut(
        f"{connection.name} was connected to {connection.found.name} ({connection.found.id}); nobody has confirmed yet "
        "that this is the right company. Nothing is read or written there.",
        fix=f"An admin looks at the company's name and runs `mlc connect {connection.name}` to confirm it.",
        state="unconfirmed",
    )


@dataclass(slots=True)
class OpenFlow:
    """One customer's flow, ready to run: of one that goes both ways one side, whose ends are `source` and `target`."""

    engine: Engine
    setup: FlowSetup
    flow: Flow
    whole: Flow
    source: Connection
    target: Connection
    source_health: Health
    target_health: Health
    correlation: str = ""  # the webhook or the run on whose behalf it is open
    tallied: bool = False  # the customer wants a daily digest of what moved
    _source: Source | None = None
    _target: Target | None = None
    _lines: list[Line] = field(default_factory=list)

    @property
    def source_end(self) -> Source:
        if self._source is None:
            system = self.engine.load_system(self.source.system)
            assert system.source is not None
            self._source = system.source(self._line(self.source))
        return self._source

    @property
    def target_end(self) -> Target:
        if self._target is None:
            system = self.engine.load_system(self.target.system)
            assert system.target is not None
            self._target = system.target(self._line(self.target))
        return self._target

    @property
    def used(self) -> usage.Count:
        """The calls made over both ends since it was opened, and the metered reads among them."""
        return sum(line.calls for line in self._lines), sum(line.metered for line in self._lines)

    @property
    def next_side(self) -> str:
        """A move of the side after this one, "" after the last."""
        names = [side.moves[0].name for side in self.whole.sides]
        later = names[names.index(self.flow.moves[0].name) + 1 :]
        return later[0] if later else ""

    def reach(self, target: Target) -> None:
        """Go through this one: a session of a target that cannot be called."""
        self._target = target

    def hear(self, source: Source) -> None:
        """Read from this one: a session of a source that cannot be called."""
        self._source = source

    def _line(self, connection: Connection) -> Line:
        self._lines.append(self.engine.line(connection))
        return self._lines[-1]

    @property
    def target_title(self) -> str:
        return self.engine.load_system(self.target.system).title

    @property
    def policies(self) -> dict[str, str]:
        return {policy.name: policy.default for policy in self.flow.policies} | dict(self.setup.policies)

    @property
    def writer_queue(self) -> str:
        return f"writer-{self.target.system}"
