"""Mappings and rules against what the flow's moves declare: every fault found, with its place below the two keys."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from chalicelib.engine.flow import Flow
from chalicelib.engine.rules import Ruled, Rules, read
from chalicelib.entry.config import RuleIn
from chalicelib.entry.problem import shown

Unfit = tuple[tuple[object, ...], str, str]  # place, expected, got


def unfit(flow: Flow, mappings: Iterable[str], rules: Mapping[str, Sequence[RuleIn] | None]) -> Iterator[Unfit]:
    kinds, ruled = sorted({kind for move in flow.moves for kind in move.mapped}), flow.ruled
    for kind in mappings:
        if kind not in kinds:
            yield ("mappings", kind), one_of(kinds), shown(kind)
    for kind, given in rules.items():
        if kind not in ruled:
            known = one_of(sorted(ruled)) if ruled else "no rules: nothing in this flow is decided by them"
            yield ("rules", kind), known, shown(kind)
            continue
        for n, rule in enumerate(given or ()):
            for place, expected, got in _of_rule(ruled[kind], rule):
                yield ("rules", kind, n, *place), expected, got


def _of_rule(ruled: Ruled, rule: RuleIn) -> Iterator[Unfit]:
    if rule.scope is not None and not ruled.scope:
        yield ("scope",), "no scope: these rules are for every line", shown(rule.scope)
    for fact in rule.when or ():
        if fact not in ruled.facts:
            yield ("when", fact), one_of(ruled.facts), shown(fact)
    for name in rule.then:
        if name not in (*ruled.answer, *ruled.optional):
            yield ("then", name), one_of((*ruled.answer, *ruled.optional)), shown(name)
    for name in ruled.answer:
        if name not in rule.then:
            yield ("then", name), f"the {name.replace('_', ' ')} of the answer", "nothing"


def read_rules(given: Mapping[str, Sequence[RuleIn] | None]) -> Rules:
    return {
        kind: [read(rule.model_dump(exclude_none=True)) for rule in rules] for kind, rules in given.items() if rules
    }


def one_of(names: Iterable[str]) -> str:
    listed = list(names)
    return listed[0] if len(listed) == 1 else f"one of {', '.join(listed)}" if listed else "nothing"
