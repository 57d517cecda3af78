"""A configuration against the registry and against what is stored: every fault found, and nothing touched."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from pydantic import ValidationError

from chalicelib.engine import notices
from chalicelib.engine import setup as setups
from chalicelib.engine.address import unfit
from chalicelib.engine.connection import Connection
from chalicelib.engine.engine import Engine
from chalicelib.engine.flow import Flow
from chalicelib.engine.match import plain_name
from chalicelib.engine.notices import Settings
from chalicelib.engine.ports import Item
from chalicelib.engine.setup import FlowSetup
from chalicelib.engine.system import System
from chalicelib.entry import mapping_check
from chalicelib.entry.config import Config, ConnectionIn, FlowIn, NoticesIn
from chalicelib.entry.mapping_check import one_of
from chalicelib.entry.problem import Fault, pointer, shown
from chalicelib.entry.shapes import faults


@dataclass(frozen=True, slots=True)
class Known:
    """What the tenant has set up already. `notes` stand beside each connection: see `setup.about_key`."""

    connections: Mapping[str, tuple[Connection, int]]
    flows: Mapping[str, FlowSetup]
    notes: Mapping[str, Item]
    notices: Settings


@dataclass(slots=True)
class Wanted:
    """What the tenant would have after the configuration: the named connections and flows only."""

    connections: dict[str, Connection] = field(default_factory=dict)
    flows: dict[str, FlowSetup] = field(default_factory=dict)
    digest: tuple[str, str] = ("", "")  # local time and zone
    faults: list[Fault] = field(default_factory=list)

    def fault(self, *at: object, expected: str, got: str = "") -> None:
        self.faults.append(Fault(pointer(["config", *at]), expected, got))


def known(engine: Engine, tenant: str) -> Known:
    connections = setups.connections(engine.store, tenant)
    notes = engine.store.get([setups.about_key(tenant, name) for name in connections])
    return Known(
        connections=connections,
        flows=setups.flows(engine.store, tenant),
        notes={sk.split("#", 1)[1]: item for (_, sk), item in notes.items()},
        notices=notices.settings(engine, tenant),
    )


def check(engine: Engine, tenant: str, config: Config, stored: Known) -> Wanted:
    wanted = Wanted()
    for name, given in config.connections.items():
        _connection(engine, wanted, tenant, name, given=given, stored=stored)
    _one_each(engine, wanted)
    ends = {name: connection.system for name, (connection, _) in stored.connections.items()}
    ends |= {name: given.system for name, given in config.connections.items()}  # those with faults too: told once
    for name, asked in config.flows.items():
        _flow(engine, wanted, tenant, name, given=asked, ends=ends, stored=stored)
    _notices(engine, wanted, config.notices, stored.notices)
    return wanted


# ---------------------------------------------------------------------------------------------- connections


def _connection(engine: Engine, wanted: Wanted, tenant: str, name: str, *, given: ConnectionIn, stored: Known) -> None:
    at = ("connections", name)
    try:
        system = engine.load_system(given.system)
    except KeyError:
        wanted.fault(
            *at,
            "system",
            expected=one_of(engine.systems) if engine.systems else "a system of this service",
            got=shown(given.system),
        )
        return
    before = len(wanted.faults)
    if given.environment not in system.environments:
        wanted.fault(*at, "environment", expected=one_of(system.environments), got=shown(given.environment))
    settings = _settings(wanted, at, system, given)
    old = stored.connections.get(name)
    _credentials(wanted, at, system, given, needed=old is None)
    if len(wanted.faults) > before:
        return
    pinned = old[0].pinned if old else None
    new = Connection(
        tenant=tenant,
        name=name,
        system=system.name,
        environment=given.environment,
        settings=settings,
        pinned=pinned,
        found=old[0].found if old and old[0].settings == settings else None,
        holder=_holder(old[0], system, given) if old else "",
    )
    if old and pinned:
        _stays_the_same(wanted, at, system, old=old[0], new=new, company=given.company)
    wanted.connections[name] = new


def _holder(old: Connection, system: System, given: ConnectionIn) -> str:
    """Whose consent it was stays known as long as it can be the same one."""
    return old.holder if (old.system, old.environment) == (system.name, given.environment) else ""


def _settings(wanted: Wanted, at: tuple[str, str], system: System, given: ConnectionIn) -> dict[str, str]:
    fields = {field.alias or name for name, field in system.settings.model_fields.items()}
    unknown = sorted(given.settings.keys() - fields)
    for key in unknown:
        every = one_of(["system", "environment", "company", "credentials", *sorted(fields)])
        wanted.fault(*at, key, expected=f"{every} (the keys of a {system.title} connection)", got=shown(key))
    kept = {key: value for key, value in given.settings.items() if key in fields}
    not_text = {key: value for key, value in kept.items() if not isinstance(value, str)}
    for key, value in not_text.items():
        wanted.fault(*at, key, expected="text", got=shown(value))
    if not_text:
        return {}
    try:
        read = system.settings.model_validate(kept)
    except ValidationError as unfit:
        wanted.faults += faults(unfit, system.settings, ("config", *at))
        return {}
    return {key: str(value) for key, value in read.model_dump(mode="json", by_alias=True, exclude_none=True).items()}


def _credentials(wanted: Wanted, at: tuple[str, str], system: System, given: ConnectionIn, *, needed: bool) -> None:
    if given.credentials is None:
        if needed and set(system.credentials) - system.optional_credentials:
            names = ", ".join(system.credentials)
            wanted.fault(*at, "credentials", expected=f"the credentials of a new connection: {names}", got="nothing")
        return
    if not system.credentials:
        says = f"nothing: {system.title} gets its login from us, with `mlc qwc {at[1]}`"
        wanted.fault(*at, "credentials", expected=says, got="(not shown)")
        return
    for key in given.credentials.keys() - system.credentials.keys():
        wanted.fault(*at, "credentials", key, expected=one_of(system.credentials), got=shown(key))
    for key in system.credentials.keys() - given.credentials.keys() - system.optional_credentials:
        where = system.credentials[key]
        wanted.fault(*at, "credentials", key, expected=f"{where} All of them are given together", got="nothing")


def _stays_the_same(
    wanted: Wanted, at: tuple[str, str], system: System, *, old: Connection, new: Connection, company: str | None
) -> None:
    """Links point into the pinned company: another company is another connection."""
    assert old.pinned is not None
    for key, was, now in (
        ("system", old.system, new.system),
        ("environment", old.environment, new.environment),
        ("company", old.pinned.name, company or old.pinned.name),
    ):
        if plain_name(was) != plain_name(now):
            wanted.fault(*at, key, expected=f"{shown(was)}, as before: {_ANOTHER}", got=shown(now))
    if old.system == new.system and system.identity(old.settings) != system.identity(new.settings):
        was, now = (system.identity(connection.settings) for connection in (old, new))
        key = next((key for key, value in new.settings.items() if old.settings.get(key) != value), "system")
        wanted.fault(*at, key, expected=f"{shown(was)}, as before: {_ANOTHER}", got=shown(now))


_ANOTHER = "records are linked to that company; for another one make a connection of another name"


def _one_each(engine: Engine, wanted: Wanted) -> None:
    seen: dict[tuple[str, str, str], str] = {}
    for name, connection in wanted.connections.items():
        identity = engine.identity(connection)
        first = seen.setdefault((connection.system, connection.environment, identity), name)
        if first != name:
            wanted.fault("connections", name, expected=f"another company than that of {first}", got=shown(identity))


# ---------------------------------------------------------------------------------------------- flows


def _flow(
    engine: Engine,
    wanted: Wanted,
    tenant: str,
    name: str,
    *,
    given: FlowIn,
    ends: Mapping[str, str],
    stored: Known,
) -> None:
    at = ("flows", name)
    old = stored.flows.get(name)
    which = given.flow or (old.flow if old else name)
    try:
        flow = engine.load_flow(which)
    except KeyError:
        wanted.fault(
            *at, "flow", expected=one_of(engine.flows) if engine.flows else "a flow of this service", got=shown(which)
        )
        return
    before = len(wanted.faults)
    for key, end, system in (("from", given.source, flow.source_system), ("to", given.to, flow.target_system)):
        _end(engine, wanted, (*at, key), end, system=system, ends=ends)
    if old:
        for key, was, now in (
            ("flow", old.flow, which),
            ("from", old.source, given.source),
            ("to", old.target, given.to),
        ):
            if was != now:
                wanted.fault(*at, key, expected=f"{shown(was)}, as before: {_ANOTHER_FLOW}", got=shown(now))
    _schedule(wanted, at, given)
    _policies(wanted, at, flow, given)
    for place, expected, got in mapping_check.unfit(flow, given.mappings, given.rules):
        wanted.fault(*at, *place, expected=expected, got=got)
    if len(wanted.faults) > before:
        return
    base = old or FlowSetup(
        tenant=tenant, name=name, flow=which, source=given.source, target=given.to, cut_over=given.cut_over
    )
    wanted.flows[name] = replace(
        _scheduled(base, given),
        cut_over=given.cut_over,
        policies=_merged(base.policies, given.policies),
        mappings={
            kind: merged
            for kind in sorted({*base.mappings, *given.mappings})
            if (merged := _merged(base.mappings.get(kind, {}), given.mappings.get(kind, {})))
        },
        rules={
            **{kind: rules for kind, rules in base.rules.items() if kind not in given.rules},
            **mapping_check.read_rules(given.rules),
        },
        max_attempts=given.retry.max_attempts if given.retry else base.max_attempts,
        brake_percent=given.brake.percent if given.brake else base.brake_percent,
        brake_records=given.brake.records if given.brake else base.brake_records,
        brake_amount=given.brake.amount if given.brake else base.brake_amount,
    )


_ANOTHER_FLOW = "its records belong to it; for another one make a flow of another name"


def _schedule(wanted: Wanted, at: tuple[str, str], given: FlowIn) -> None:
    if given.cron and not given.zone:
        wanted.fault(
            *at, "zone", expected="the time zone in which cron is meant, such as America/Vancouver", got="nothing"
        )
    if given.zone and not given.cron:
        wanted.fault(
            *at,
            "cron",
            expected="the cron expression to which the zone belongs: they are given together",
            got="nothing",
        )
    if given.every and given.cron:
        wanted.fault(*at, "every", expected="either every, or cron with zone: a flow has one schedule", got="both")


def _scheduled(setup: FlowSetup, given: FlowIn) -> FlowSetup:
    """With the schedule that is given, in the place of the one there was."""
    if given.every:
        return replace(setup, every_minutes=given.every, cron="", zone="")
    return replace(setup, cron=given.cron, zone=given.zone) if given.cron and given.zone else setup


def _end(
    engine: Engine, wanted: Wanted, at: tuple[str, ...], name: str, *, system: str, ends: Mapping[str, str]
) -> None:
    title = engine.load_system(system).title
    fitting = sorted(end for end, its_system in ends.items() if its_system == system)
    if name not in fitting:
        says = f"a connection to {title}" + (f": {', '.join(fitting)}" if fitting else ", which has to be set up too")
        wanted.fault(*at, expected=says, got=shown(name))


def _policies(wanted: Wanted, at: tuple[str, str], flow: Flow, given: FlowIn) -> None:
    policies = {policy.name: policy for policy in flow.policies}
    for name, value in given.policies.items():
        policy = policies.get(name)
        if policy is None:
            wanted.fault(*at, "policies", name, expected=one_of(policies), got=shown(name))
        elif value is not None and policy.choices and value not in policy.choices:
            wanted.fault(*at, "policies", name, expected=one_of(policy.choices), got=shown(value))


# ---------------------------------------------------------------------------------------------- notices


def _notices(engine: Engine, wanted: Wanted, given: NoticesIn, old: Settings) -> None:
    wrong = unfit(given.webhook, local=engine.local) if given.webhook else ""
    if wrong:
        wanted.fault("notices", "webhook", expected=wrong, got="(not shown)")
    named = given.model_fields_set
    digest = given.digest if "digest" in named else old.digest
    zone = given.zone if "zone" in named else old.zone
    if "digest" in named and not digest and not given.zone:
        zone = ""
    elif "zone" in named and not zone and not given.digest:
        digest = ""
    if digest and not zone:
        wanted.fault("notices", "zone", expected="the time zone of the digest, as in America/Vancouver", got="nothing")
    elif zone and not digest:
        wanted.fault("notices", "digest", expected="the local time of the digest as HH:MM", got="nothing")
    wanted.digest = (digest or "", zone or "")


def _merged(old: Mapping[str, str], given: Mapping[str, str | None]) -> dict[str, str]:
    """What is not named stays; null removes."""
    together: dict[str, str | None] = {**old, **given}
    return {key: value for key, value in together.items() if value is not None}
