"""What a customer has set up: connections, flows with their policies and mappings; and each connection's health."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Literal
from urllib.parse import quote

from chalicelib.engine.connection import Connection
from chalicelib.engine.errors import Lockout
from chalicelib.engine.ports import Clock, Conflict, Item, Op, Put, Store
from chalicelib.engine.records import Company, Json
from chalicelib.engine.rules import Rules
from chalicelib.engine.rules import read as read_rule

FlowState = Literal["rehearsing", "live", "paused"]


@dataclass(frozen=True, slots=True)
class FlowSetup:
    """One customer's use of one flow. `name` is unique within the tenant; `flow` is the registry's.

    With `cron` it runs when that says so on the clock of `zone`, otherwise every `every_minutes`.

    A run that finds more than `brake_records` and `brake_percent` of what was moved withdrawn or changed, or more than
    `brake_amount` (0: any), pauses the flow and asks.

    `restored`: the moment the table was put back to (`to`), when (`at`), and when a run had read it over (`until`).
    """

    tenant: str
    name: str
    flow: str
    source: str
    target: str
    cut_over: date
    every_minutes: int = 15
    cron: str = ""
    zone: str = ""
    policies: Mapping[str, str] = field(default_factory=dict)
    mappings: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    rules: Rules = field(default_factory=dict)
    max_attempts: int = 8
    brake_percent: int = 20
    brake_records: int = 10
    brake_amount: int = 0
    state: FlowState = "rehearsing"
    started_at: str = ""
    paused_from: FlowState = "rehearsing"
    mapping_version: int = 1
    restored: Mapping[str, str] = field(default_factory=dict)
    version: int = 0

    @property
    def sk(self) -> str:
        return f"FLOW#{self.name}"


def pk(tenant: str) -> str:
    return f"T#{tenant}"


def connection_put(connection: Connection, version: int) -> Put:
    body: Json = {
        "system": connection.system,
        "environment": connection.environment,
        "settings": dict(connection.settings),
        "pinned": _company_json(connection.pinned),
        "found": _company_json(connection.found),
        "holder": connection.holder,
    }
    item = Item(pk=pk(connection.tenant), sk=f"CONNECTION#{connection.name}", body=body, version=version)
    return Put(item)


def about_key(tenant: str, connection: str) -> tuple[str, str]:
    """What we note of a connection beside its set-up: the company it must lead to, and a hash of its credentials."""
    return pk(tenant), f"ABOUT#{connection}"


def identity_key(system: str, environment: str, identity: str) -> tuple[str, str]:
    """The claim on a company, over all customers: it belongs to one of them, and to one of their connections."""
    return f"X#identity#{system}#{environment}#{quote(identity, safe='')}", "CLAIM"


def person_key(connection: Connection, person: str) -> tuple[str, str]:
    """The claim on a person whose one consent may serve several connections: all of them are of one customer."""
    return identity_key(connection.system, connection.environment, f"person#{person}")


def read_connection(tenant: str, item: Item) -> Connection:
    return Connection(
        tenant=tenant,
        name=item.sk.split("#", 1)[1],
        system=str(item.body["system"]),
        environment=str(item.body["environment"]),
        settings=dict(item.body["settings"]),  # type: ignore[call-overload]  # written by connection_put
        pinned=_company(item.body.get("pinned")),
        found=_company(item.body.get("found")),
        holder=str(item.body.get("holder") or ""),
    )


def _company_json(company: Company | None) -> Json | None:
    return {"id": company.id, "name": company.name} if company else None


def _company(stored: object) -> Company | None:
    return Company(id=str(stored["id"]), name=str(stored["name"])) if isinstance(stored, dict) else None


def connections(store: Store, tenant: str) -> dict[str, tuple[Connection, int]]:
    """Every connection of the tenant with its stored version."""
    return {
        item.sk.split("#", 1)[1]: (read_connection(tenant, item), item.version)
        for item in _all(store, tenant, "CONNECTION#")
    }


def flow_put(setup: FlowSetup) -> Put:
    body: Json = {
        name: getattr(setup, name)
        for name in FlowSetup.__dataclass_fields__
        if name not in {"tenant", "name", "version", "cut_over", "policies", "mappings", "rules", "restored"}
    }
    body |= {"restored": dict(setup.restored)} if setup.restored else {}
    body |= {
        "cut_over": setup.cut_over.isoformat(),
        "policies": dict(setup.policies),
        **mapped(setup),
    }
    return Put(Item(pk=pk(setup.tenant), sk=setup.sk, body=body, version=setup.version))


def mapped(setup: FlowSetup) -> dict[str, Json]:
    """The flow's mappings and rules as JSON values: what one version of them holds."""
    return {
        "mappings": {kind: dict(values) for kind, values in setup.mappings.items()},
        "rules": {kind: [rule.json() for rule in rules] for kind, rules in setup.rules.items()},
    }


def read_rules(stored: object) -> Rules:
    assert isinstance(stored, dict)
    return {kind: [read_rule(rule) for rule in rules] for kind, rules in stored.items()}


def read_flow(tenant: str, item: Item) -> FlowSetup:
    cut_over, rules = date.fromisoformat(str(item.body["cut_over"])), read_rules(item.body.get("rules", {}))
    body = {name: value for name, value in item.body.items() if name in FlowSetup.__dataclass_fields__}
    body |= {"cut_over": cut_over, "rules": rules}
    return FlowSetup(tenant=tenant, name=item.sk.split("#", 1)[1], version=item.version, **body)  # type: ignore[arg-type]  # written by flow_put


def flows(store: Store, tenant: str) -> dict[str, FlowSetup]:
    return {item.sk.split("#", 1)[1]: read_flow(tenant, item) for item in _all(store, tenant, "FLOW#")}


def _all(store: Store, tenant: str, prefix: str) -> list[Item]:
    found: list[Item] = []
    cursor = None
    while True:
        rows = store.query(pk(tenant), prefix=prefix, limit=200, cursor=cursor)
        found += rows.items
        cursor = rows.cursor
        if cursor is None:
            return found


# ---------------------------------------------------------------------------------------------- health


@dataclass(frozen=True, slots=True)
class Health:
    """How a connection fares. `until` is when the next try is due while it is locked out.

    "late": the other side calls us, and has not for longer than it should; nothing is put off for it.

    `told` is "yes" from when people were told that it needs one of them until it works again.
    """

    state: Literal["untried", "ok", "late"] | Lockout = "untried"
    message: str = ""
    fix: str = ""
    since: str = ""
    until: str = ""
    told: str = ""
    version: int = 0

    def locked(self, now: datetime) -> bool:
        locked = self.state not in ("untried", "ok")
        return locked and bool(self.until) and datetime.fromisoformat(self.until) > now


def health_key(tenant: str, connection: str) -> tuple[str, str]:
    return pk(tenant), f"HEALTH#{connection}"


def read_health(item: Item | None) -> Health:
    if item is None:
        return Health()
    known = {name: str(value) for name, value in item.body.items() if name in Health.__dataclass_fields__}
    return Health(version=item.version, **known)  # type: ignore[arg-type]  # written by save_health


def save_health(
    store: Store,
    clock: Clock,
    tenant: str,
    connection: str,
    change: Health,
    *,
    tell: Callable[[Health, Health], Sequence[Op]] = lambda before, after: (),
) -> bool:
    """Note a change of state; True if it is news (another state or message than before).

    `tell` names the writes that go with it, from the health before and after.
    """
    key = health_key(tenant, connection)
    for _ in range(5):
        known = read_health(store.get([key]).get(key))
        news = (known.state, known.message) != (change.state, change.message)
        if not news and change.state == "ok":
            return False
        since = clock.now().isoformat() if news else known.since
        told = {"untried": known.told, "ok": ""}.get(change.state, "yes")
        stored = replace(change, since=since, told=told, version=known.version)
        body: Json = {name: getattr(stored, name) for name in ("state", "message", "fix", "since", "until", "told")}
        op: Op = Put(Item(pk=key[0], sk=key[1], body=body, version=known.version))
        try:
            store.write([op, *tell(known, stored)])
        except Conflict:
            continue
        return news
    return False
