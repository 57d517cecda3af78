"""What follows from a changed set-up: exactly the records that waited for the change go on.

A crash before the end of this loses nothing: the next run finds holds that were decided on an older set-up.
"""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.engine import hold
from chalicelib.engine import setup as setups
from chalicelib.engine.connection import Connection
from chalicelib.engine.engine import Engine
from chalicelib.engine.records import Json
from chalicelib.engine.rules import Rules
from chalicelib.engine.setup import FlowSetup, Health
from chalicelib.entry import ping
from chalicelib.entry.changes import changed_keys
from chalicelib.entry.starting import restart


def follow(
    engine: Engine, connections: Sequence[Connection], flows: Sequence[tuple[FlowSetup | None, FlowSetup]]
) -> Json:
    """Let go what waited, and have new credentials tried. Returns what was let go and the errands by connection."""
    released: dict[str, int] = {}
    pings: dict[str, str] = {}
    for connection in connections:
        _forget(engine, connection)
        for name, count in go_on(engine, connection).items():
            released[name] = released.get(name, 0) + count
        pings[connection.name] = ping.ask(engine, connection.tenant, connection.name)
    for old, new in flows:
        if old is None:
            continue
        keys = changed_keys(old, new)
        if (wanted := tokens(keys)) or old.rules != new.rules:
            count = _release(engine, new.tenant, new.name, wanted, was=old.rules)
            released[new.name] = released.get(new.name, 0) + count
        if "cut_over" in keys:
            restart(engine, new, not_moved=True)
    return {"released": {name: count for name, count in released.items() if count}, "pings": pings}


def go_on(engine: Engine, connection: Connection) -> dict[str, int]:
    """The connection's door may be open again: what it held, and what it had put off, goes on. Held ones by flow."""
    released: dict[str, int] = {}
    for name in _flows_of(engine, connection):
        released[name] = _release(engine, connection.tenant, name, {f"connection:{connection.name}"})
        flow = engine.open(connection.tenant, name)
        if flow is not None:
            restart(engine, flow.setup)
    return released


def tokens(keys: set[str]) -> set[str]:
    """What holds wait for, from the keys that changed."""
    found = set[str]()
    for key in keys:
        section, _, rest = key.partition("/")
        if section == "mappings":
            kind, _, value = rest.partition("/")
            found.add(f"mapping:{kind}:{value}")
        elif section == "policies":
            found.add(f"setting:{rest}")
    return found


def _forget(engine: Engine, connection: Connection) -> None:
    """What we knew of the connection was learnt with the old credentials."""
    setups.save_health(engine.store, engine.clock, connection.tenant, connection.name, Health())
    engine.checked.pop(connection.key, None)


def _flows_of(engine: Engine, connection: Connection) -> list[str]:
    flows = setups.flows(engine.store, connection.tenant).values()
    return [setup.name for setup in flows if connection.name in (setup.source, setup.target)]


def _release(engine: Engine, tenant: str, name: str, wanted: set[str], *, was: Rules | None = None) -> int:
    flow = engine.open(tenant, name)
    return hold.release(flow, wanted, was=was) if flow else 0
