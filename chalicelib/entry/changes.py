"""What a configuration changes, said so that a person can check it before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from chalicelib.engine.connection import Connection
from chalicelib.engine.notices import Settings
from chalicelib.engine.records import Json
from chalicelib.engine.setup import FlowSetup

Action = Literal["create", "change", "unchanged", "kept"]
Detail = tuple[str, str | None, str | None]  # key, before, after

HIDDEN = "(not shown)"


@dataclass(frozen=True, slots=True)
class Change:
    """`kept`: the file does not name it, and it stays."""

    kind: str
    name: str
    action: Action
    details: Sequence[Detail] = ()

    def json(self) -> Json:
        details = [{"key": key, "from": before, "to": after} for key, before, after in self.details]
        return {"kind": self.kind, "name": self.name, "action": self.action, "details": details}


def connection_change(
    old: Connection | None, new: Connection, *, secret_is_new: bool, company: tuple[str, str]
) -> Change:
    before = _connection_facts(old) if old else {}
    details = list(_differences(before, _connection_facts(new)))
    if company[0] != company[1]:
        details.append(("company", company[0] or None, company[1] or None))
    if secret_is_new:
        details.append(("credentials", HIDDEN if old else None, HIDDEN))
    return Change("connection", new.name, _action(old, details), details)


def flow_change(old: FlowSetup | None, new: FlowSetup) -> Change:
    details = list(_differences(flow_facts(old) if old else {}, flow_facts(new)))
    return Change("flow", new.name, _action(old, details), details)


def notices_change(old: Settings, new: Settings) -> Change:
    details = list(_differences(_notices_facts(old), _notices_facts(new)))
    if old.print != new.print:
        details.append(("webhook", HIDDEN if old.sealed else None, HIDDEN if new.sealed else None))
    return Change("notices", "", _action(old if old.version or not details else None, details), details)


def changed_keys(old: FlowSetup, new: FlowSetup) -> set[str]:
    return {key for key, _, _ in _differences(flow_facts(old), flow_facts(new))}


def flow_facts(setup: FlowSetup) -> dict[str, str]:
    facts = {
        "flow": setup.flow,
        "from": setup.source,
        "to": setup.target,
        "cut_over": setup.cut_over.isoformat(),
        **schedule_facts(setup),
        "retry/max_attempts": str(setup.max_attempts),
    }
    facts |= {f"policies/{name}": value for name, value in setup.policies.items()}
    for kind, values in setup.mappings.items():
        facts |= {f"mappings/{kind}/{value}": named for value, named in values.items()}
    return facts


def schedule_facts(setup: FlowSetup) -> dict[str, str]:
    """The keys that say when it runs."""
    if setup.cron:
        return {"cron": setup.cron, "zone": setup.zone}
    return {"every": "1 minute" if setup.every_minutes == 1 else f"{setup.every_minutes} minutes"}


def _connection_facts(connection: Connection) -> dict[str, str]:
    return {"system": connection.system, "environment": connection.environment, **connection.settings}


def _notices_facts(settings: Settings) -> dict[str, str]:
    return {name: value for name in ("digest", "zone") if (value := getattr(settings, name))}


def _differences(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[Detail]:
    for key in [*before, *(key for key in after if key not in before)]:
        if before.get(key) != after.get(key):
            yield key, before.get(key), after.get(key)


def _action(old: object, details: Sequence[Detail]) -> Action:
    if old is None:
        return "create"
    return "change" if details else "unchanged"
