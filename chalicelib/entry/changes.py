"""What a configuration changes, said so that a person can check it before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import Literal

from chalicelib.engine.connection import Connection
from chalicelib.engine.mappings import Version
from chalicelib.engine.notices import Settings
from chalicelib.engine.records import Json
from chalicelib.engine.rules import Rules, never
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
    details += rule_differences(old.rules if old else {}, new.rules)
    return Change("flow", new.name, _action(old, details), details)


def notices_change(old: Settings, new: Settings) -> Change:
    details = list(_differences(_notices_facts(old), _notices_facts(new)))
    if old.print != new.print:
        details.append(("webhook", HIDDEN if old.sealed else None, HIDDEN if new.sealed else None))
    return Change("notices", "", _action(old if old.version or not details else None, details), details)


def changed_keys(old: FlowSetup, new: FlowSetup) -> set[str]:
    return {key for key, _, _ in _differences(flow_facts(old), flow_facts(new))}


def brake_facts(setup: FlowSetup) -> dict[str, int]:
    return {"percent": setup.brake_percent, "records": setup.brake_records, "amount": setup.brake_amount}


def flow_facts(setup: FlowSetup) -> dict[str, str]:
    facts = {
        "flow": setup.flow,
        "from": setup.source,
        "to": setup.target,
        "cut_over": setup.cut_over.isoformat(),
        **schedule_facts(setup),
        "retry/max_attempts": str(setup.max_attempts),
        **{f"brake/{name}": str(value) for name, value in brake_facts(setup).items()},
    }
    facts |= {f"policies/{name}": value for name, value in setup.policies.items()}
    return facts | _mapping_facts(setup.mappings)


def _mapping_facts(mappings: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    return {f"mappings/{kind}/{value}": named for kind, values in mappings.items() for value, named in values.items()}


def mapped_differences(before: Version | FlowSetup, after: Version | FlowSetup) -> list[Detail]:
    """How the mappings and rules of two versions differ."""
    mappings = _differences(_mapping_facts(before.mappings), _mapping_facts(after.mappings))
    return [*mappings, *rule_differences(before.rules, after.rules)]


def rule_differences(before: Rules, after: Rules) -> Iterator[Detail]:
    """Rules that came, went or changed, by their place in the list from 1."""
    for kind in sorted({*before, *after}):
        old, new = ([rule.said for rule in rules.get(kind, ())] for rules in (before, after))
        for word, i1, i2, j1, j2 in SequenceMatcher(a=old, b=new, autojunk=False).get_opcodes():
            if word == "equal":
                continue
            for n, (was, now) in enumerate(zip_longest(old[i1:i2], new[j1:j2])):
                yield f"rules/{kind}/{(i1 if now is None else j1) + n + 1}", was, now


def remarks(setup: FlowSetup) -> list[str]:
    """What is allowed, and hardly meant: rules that never have a say."""
    return [
        f"{setup.name}: rule {n + 1} of {kind} never has a say, because rule {m + 1} always fits first. "
        f"Move it up or remove it. Rule {n + 1}: {rules[n].said}. Rule {m + 1}: {rules[m].said}."
        for kind, rules in setup.rules.items()
        for n, m in never(rules)
    ]


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
