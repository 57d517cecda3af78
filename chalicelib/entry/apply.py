"""Apply a configuration: all of it or nothing. What it does not name stays as it is."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from chalicelib.engine import digest, due, mappings, notices, runs, schedule
from chalicelib.engine import setup as setups
from chalicelib.engine.connection import Connection
from chalicelib.engine.engine import Engine
from chalicelib.engine.notices import Settings
from chalicelib.engine.ports import Conflict, Delete, Item, Op, Put
from chalicelib.engine.records import Json, canonical
from chalicelib.engine.setup import FlowSetup
from chalicelib.entry import after_apply
from chalicelib.entry.changes import (
    Change,
    connection_change,
    flow_change,
    notices_change,
    remarks,
    schedule_facts,
)
from chalicelib.entry.config import Config, NoticesIn
from chalicelib.entry.config_check import Known, Wanted, check, known
from chalicelib.entry.preview import preview
from chalicelib.entry.problem import Fault, bad_request, conflict, pointer
from chalicelib.entry.shapes import summary

TRIES = 4
COST = 4096  # 4 MB and some 10 ms for a try at what a customer typed
MOST_OPS = 100  # of one transaction
LARGEST_SETUP = 300_000  # characters of one flow's set-up, well under the table's 400 KB an item


@dataclass(slots=True)
class Plan:
    """What is to be written, in the order in which it is."""

    changes: list[Change] = field(default_factory=list)
    secrets: list[tuple[Connection, Mapping[str, str]]] = field(default_factory=list)
    ops: list[Op] = field(default_factory=list)
    connections: list[Connection] = field(default_factory=list)  # new, or with other credentials
    flows: list[tuple[FlowSetup | None, FlowSetup]] = field(default_factory=list)  # before and after

    @property
    def keys(self) -> set[tuple[str, str]]:
        return {(op.item.pk, op.item.sk) if isinstance(op, Put) else (op.pk, op.sk) for op in self.ops}


def apply(engine: Engine, tenant: str, config: Config, *, by: str, only_plan: bool) -> Json:
    """The changes, and what followed from them. Raises Problem, and then nothing was changed."""
    for _ in range(TRIES):
        stored = known(engine, tenant)
        wanted = check(engine, tenant, config, stored)
        if wanted.faults:
            detail = f"The configuration does not fit: {summary(wanted.faults)}. Nothing was changed."
            raise bad_request(detail, *wanted.faults, kind="bad_configuration")
        plan = _plan(engine, tenant, config, wanted, stored=stored, by=by)
        told: Json = {
            "changes": [change.json() for change in plan.changes],
            "remarks": [remark for _, new in plan.flows for remark in remarks(new)],
        }
        if only_plan:
            decides = [(old, new) for old, new in plan.flows if old and _decides_otherwise(old, new)]
            return {**told, "applied": False, "preview": {new.name: preview(engine, old, new) for old, new in decides}}
        if not plan.ops:
            return {**told, "applied": False}
        # Secrets first: credentials that nothing points to yet do no harm, a connection without credentials would.
        for connection, secret in plan.secrets:
            engine.vault.write(connection.secret_name, secret)
        try:
            engine.store.write(plan.ops)
        except Conflict:
            continue  # somebody else applied this moment, or the tick moved a schedule: decide again on what is there
        return {**told, "applied": True, **after_apply.follow(engine, plan.connections, plan.flows)}
    raise conflict("Somebody else is changing the same set-up right now. Apply again.")


def identity_key(engine: Engine, connection: Connection) -> tuple[str, str]:
    return setups.identity_key(connection.system, connection.environment, engine.identity(connection))


# ---------------------------------------------------------------------------------------------- inside


def _plan(engine: Engine, tenant: str, config: Config, wanted: Wanted, *, stored: Known, by: str) -> Plan:
    plan = Plan()
    for connection in wanted.connections.values():
        _connection(engine, plan, config, connection, stored=stored, by=by)
        _claim(engine, plan, connection, stored=stored)
    for setup in wanted.flows.values():
        plan_flow(engine, plan, setup, stored.flows.get(setup.name), by=by, at=("config", "flows", setup.name))
    _notices(engine, plan, config.notices, wanted.digest, old=stored.notices)
    untouched = [("connection", name) for name in stored.connections if name not in wanted.connections]
    untouched += [("flow", name) for name in stored.flows if name not in wanted.flows]
    plan.changes += [Change(kind, name, "kept") for kind, name in untouched]
    if len(plan.ops) > MOST_OPS:
        raise bad_request(
            "That is more than can be changed at once. Nothing was changed.",
            Fault("/config", "at most about 25 changed connections and flows together: split the file"),
        )
    return plan


def _connection(engine: Engine, plan: Plan, config: Config, new: Connection, *, stored: Known, by: str) -> None:
    given = config.connections[new.name]
    old, version = stored.connections.get(new.name, (None, 0))
    note = stored.notes.get(new.name)
    noted: Json = dict(note.body) if note else {}
    client = _client(engine, new, given.credentials)
    same_secret = given.credentials is None or _same_secret(noted, given.credentials)
    secret_is_new = not same_secret or (given.credentials is not None and client != noted.get("client", ""))
    before = str(noted.get("company") or "")
    company = before if new.pinned else given.company or before  # once pinned, the company is checked, not noted
    change = connection_change(old, new, secret_is_new=secret_is_new, company=(before, company))
    plan.changes.append(change)
    if change.action == "unchanged":
        return
    if given.credentials is not None and secret_is_new:
        plan.secrets.append((new, given.credentials))
        salt = engine.clock.token()
        noted |= {"salt": salt, "print": _print(given.credentials, salt), "client": client}
    noted |= {"company": company, "at": engine.clock.now().isoformat(), "by": by}
    pk, sk = setups.about_key(new.tenant, new.name)
    plan.ops.append(Put(Item(pk=pk, sk=sk, body=noted, version=note.version if note else 0)))
    plan.ops.append(setups.connection_put(new, version))
    plan.connections.append(new)


def _client(engine: Engine, connection: Connection, credentials: Mapping[str, str] | None) -> str:
    """The client id stands in every consent link, so it is no secret; whoever makes the link cannot read the vault."""
    consents = engine.load_system(connection.system).consent is not None
    return credentials.get("client_id", "") if credentials and consents else ""


def _same_secret(noted: Mapping[str, object], credentials: Mapping[str, str]) -> bool:
    return "salt" in noted and noted.get("print") == _print(credentials, str(noted["salt"]))


def _print(credentials: Mapping[str, str], salt: str) -> str:
    """Tells whether credentials changed without reading them; slow, because people choose some of them."""
    secret = canonical(dict(credentials)).encode()
    return hashlib.scrypt(secret, salt=salt.encode(), n=COST, r=8, p=1, dklen=32).hex()


def _claim(engine: Engine, plan: Plan, new: Connection, *, stored: Known) -> None:
    """The company behind the connection belongs to this customer alone, and to one connection of theirs."""
    key = identity_key(engine, new)
    old = stored.connections.get(new.name)
    before = identity_key(engine, old[0]) if old else None
    claims = engine.store.get([key, *([before] if before else [])])
    taken = claims.get(key)
    if taken is None:
        body: Json = {"tenant": new.tenant, "connection": new.name, "at": engine.clock.now().isoformat()}
        plan.ops.append(Put(Item(pk=key[0], sk=key[1], body=body)))
    elif taken.body["tenant"] != new.tenant:
        raise conflict(
            f"The company behind the connection {new.name} is already connected by another customer of this service. "
            "Nothing was changed. If it is yours, ask the operator.",
            kind="company_taken",
        )
    elif taken.body["connection"] != new.name:
        raise conflict(
            f"The company behind {new.name} is already connected as {taken.body['connection']}. Nothing was changed. "
            "Use that connection.",
            kind="company_taken",
        )
    if before and before != key and before in claims:
        plan.ops.append(Delete(*before, version=claims[before].version))


def plan_flow(
    engine: Engine,
    plan: Plan,
    new: FlowSetup,
    old: FlowSetup | None,
    *,
    by: str,
    at: Sequence[str],
    restored: int = 0,
) -> None:
    """Add what the flow's change takes. `at` is its place in the body, `restored` the version brought back."""
    change = flow_change(old, new)
    plan.changes.append(change)
    if change.action == "unchanged":
        return
    now = engine.clock.now()
    if old is None or setups.mapped(old) != setups.mapped(new):
        new = replace(new, mapping_version=old.mapping_version + 1 if old else 1)
        plan.ops.append(mappings.put(new, now, by, restored=restored))
    put = setups.flow_put(new)
    if len(canonical(put.item.body)) > LARGEST_SETUP:
        raise bad_request(
            "The mappings are too large. Nothing was changed.",
            Fault(
                pointer([*at, "mappings"]),
                f"at most {LARGEST_SETUP} characters together: entries named alike in both systems need none",
            ),
        )
    plan.ops.append(put)
    if old is None:
        plan.ops.append(runs.taken_put(new))
    if old is None or schedule_facts(old) != schedule_facts(new):
        # A first look should not wait; but whoever names times of the day does not mean now.
        plan.ops.append(due.schedule_put(engine, new, schedule.following(new, now) if new.cron else now))
    plan.flows.append((old, new))


def _decides_otherwise(old: FlowSetup, new: FlowSetup) -> bool:
    return (old.policies, setups.mapped(old)) != (new.policies, setups.mapped(new))


def _notices(engine: Engine, plan: Plan, given: NoticesIn, times: tuple[str, str], *, old: Settings) -> None:
    """The webhook is sealed into the settings' own item, so that it changes with everything else or not at all."""
    new = replace(old, digest=times[0], zone=times[1])
    if "webhook" in given.model_fields_set:
        new = _webhook(engine, new, given.webhook)
    if not given.model_fields_set:
        plan.changes += [Change("notices", "", "kept")] if old.version else []
        return
    change = notices_change(old, new)
    plan.changes.append(change)
    if change.action == "unchanged":
        return
    plan.ops.append(new.put())
    if new.print != old.print:
        plan.ops.append(Delete(*notices.webhook_key(old.tenant)))  # how the old one fared
    if (new.digest, new.zone) != (old.digest, old.zone):
        plan.ops.append(digest.schedule(engine, new))


def _webhook(engine: Engine, old: Settings, url: str | None) -> Settings:
    if url is None:
        return replace(old, sealed=None, salt="", print="")
    if _same_secret({"salt": old.salt, "print": old.print}, {"webhook": url}):
        return old
    salt = engine.clock.token()
    return replace(old, sealed=notices.seal(engine, old.tenant, url), salt=salt, print=_print({"webhook": url}, salt))
