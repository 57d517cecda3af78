"""A customer's rules: per kind an ordered list, read from the top; the first one that fits a line gives its answer.

Rules of a scope (a project) are read before those without one. Text is compared without regard to case and blanks.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from chalicelib.engine.errors import Held
from chalicelib.engine.match import plain_name
from chalicelib.engine.records import Json, canonical

OPERATORS = {
    "equals": "equals",
    "one_of": "is one of",
    "begins_with": "begins with",
    "contains": "contains",
    "word": "has the word",
}
LONGEST_FACT = 1000  # characters of a fact that rules look at
MOST_SHOWN = 60  # characters of a fact in a sentence
MOST_ASKED = 200  # characters of a fact in a rule that is suggested

_plain = lru_cache(maxsize=20_000)(plain_name)


@dataclass(frozen=True, slots=True)
class Ruled:
    """A kind that rules answer: the facts of a line, the most telling first, and the fields of an answer.

    `scope` is what a rule may be limited to, such as "project"; "" where every rule is for all.
    """

    kind: str
    facts: tuple[str, ...]
    answer: tuple[str, ...]
    optional: tuple[str, ...] = ()
    scope: str = ""


@dataclass(frozen=True, slots=True)
class Condition:
    """One of `values` fits the fact. A fact that is empty fits nothing."""

    fact: str
    operator: str
    values: tuple[str, ...]

    def holds(self, facts: Mapping[str, str]) -> bool:
        text = facts.get(self.fact, "")
        return bool(text) and any(_fits(self.operator, text, _plain(value)) for value in self.values)

    @property
    def said(self) -> str:
        return f"{self.fact} {OPERATORS[self.operator]} {', '.join(map(_quoted, self.values))}"


@dataclass(frozen=True, slots=True)
class Rule:
    """All conditions hold: then this is the answer. Without conditions it fits every line."""

    when: tuple[Condition, ...]
    then: Mapping[str, str]
    scope: str = ""

    def fits(self, facts: Mapping[str, str]) -> bool:
        return all(condition.holds(facts) for condition in self.when)

    def json(self) -> Json:
        when: dict[str, dict[str, object]] = {}
        for one in self.when:
            value: object = list(one.values) if one.operator == "one_of" else one.values[0]
            when.setdefault(one.fact, {})[one.operator] = value
        shown: Json = {"scope": self.scope} if self.scope else {}
        return shown | ({"when": when} if when else {}) | {"then": dict(self.then)}

    @property
    def said(self) -> str:
        where = " and ".join(one.said for one in self.when) or "any line"
        answer = ", ".join(f"{name} {_quoted(value)}" for name, value in self.then.items())
        return f"{where}: {answer}" + (f" (only for {self.scope})" if self.scope else "")


Rules = Mapping[str, Sequence[Rule]]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the first fitting rule says; its fields are "" where none fits, and the record is held then.

    `by` is that rule in words. A hold that another answer would settle waits for `token`.
    """

    token: str
    fields: Mapping[str, str] = field(default_factory=dict)
    by: str = ""

    def __getitem__(self, name: str) -> str:
        return self.fields.get(name, "")


def read(stored: Mapping[str, object]) -> Rule:
    """Back from `Rule.json`, the form that configurations have too. The order of keys says nothing."""
    when, then = stored.get("when") or {}, stored["then"]
    assert isinstance(when, dict)
    assert isinstance(then, dict)
    conditions = [
        Condition(fact, operator, tuple(value) if isinstance(value, list) else (value,))
        for fact, operators in sorted(when.items())
        for operator, value in sorted(operators.items())
    ]
    return Rule(when=tuple(conditions), then=dict(sorted(then.items())), scope=str(stored.get("scope") or ""))


def first(rules: Sequence[Rule], facts: Mapping[str, str], scope: str = "") -> Rule | None:
    """The rule that answers: the first of the scope that fits, else the first without a scope."""
    seen, of = {name: _plain(value) for name, value in looked_at(facts).items()}, _plain(scope)
    own = [rule for rule in rules if rule.scope and _plain(rule.scope) == of]
    return next((rule for rule in (*own, *(r for r in rules if not r.scope)) if rule.fits(seen)), None)


def looked_at(facts: Mapping[str, str]) -> dict[str, str]:
    """The facts that are there, as far as rules look."""
    return {name: value[:LONGEST_FACT] for name, value in facts.items() if value.strip()}


# ---------------------------------------------------------------------------------------------- when none fits


def token(kind: str, facts: Mapping[str, str], scope: str) -> str:
    """What a hold waits for: another answer for a line with these facts."""
    return f"rule:{kind}:{canonical({'facts': looked_at(facts), 'scope': scope})}"


def any_token(kind: str) -> str:
    """For a record with so many such lines that not all are kept: any change of the kind's rules."""
    return f"rule:{kind}:"


def answers_otherwise(token: str, was: Rules, now: Rules) -> bool:
    """Whether a line that a hold waits for gets another answer than before."""
    if not token.startswith("rule:"):
        return False
    _, kind, asked = token.split(":", 2)
    before, after = was.get(kind, ()), now.get(kind, ())
    if before == after or not asked:
        return before != after
    line = json.loads(asked)
    old, new = (first(rules, line["facts"], line["scope"]) for rules in (before, after))
    return (old and old.then) != (new and new.then)


def unanswered(ruled: Ruled, facts: Mapping[str, str], scope: str, waits_for: str) -> Held:
    """The hold of a line that no rule fits. One cause for all lines that the suggested rule would fit."""
    there = looked_at(facts)
    chief = next((name for name in ruled.facts if name in there), "")
    shown = ", ".join(f"{name} {_quoted(there[name])}" for name in ruled.facts if name in there)
    of = f" in the {ruled.scope} {scope}" if ruled.scope and scope else ""
    return Held(
        "mapping_missing",
        f"No rule for the {ruled.kind.replace('_', ' ')} fits a line{of} with {shown or 'none of its facts'}.",
        cause=f"{ruled.kind} {chief} {there.get(chief, '')}".strip(),
        fix=f"Add a rule that fits and fill in its answer: rules: {ruled.kind}: {_suggested(ruled, there, chief)}",
        waits_for=[waits_for],
    )


def _suggested(ruled: Ruled, facts: Mapping[str, str], chief: str) -> str:
    """A list entry in YAML. Its answer is left empty, so that it is refused until somebody fills it in."""
    value = " ".join(facts.get(chief, "").split())
    operator, value = ("equals", value) if len(value) <= MOST_ASKED else ("begins_with", value[:MOST_ASKED])
    when = f"when: {{{chief}: {{{operator}: {json.dumps(value, ensure_ascii=False)}}}}}, " if chief else ""
    return f"- {{{when}then: {{{', '.join(f'{name}: ' for name in ruled.answer)}}}}}"


# ---------------------------------------------------------------------------------------------- rules that never fit


def never(rules: Sequence[Rule]) -> list[tuple[int, int]]:
    """(rule, the earlier one that always fits where it does), by place in the list from 0."""
    return [
        (n, hiding)
        for n, rule in enumerate(rules)
        if (hiding := next((m for m in range(n) if _hides(rules[m], rule)), None)) is not None
    ]


def _hides(earlier: Rule, rule: Rule) -> bool:
    """Whether `earlier` fits every line that `rule` fits, and is read before it."""
    if _plain(earlier.scope) != _plain(rule.scope):
        return False
    return all(any(_implies(known, asked) for known in rule.when) for asked in earlier.when)


def _implies(known: Condition, asked: Condition) -> bool:
    """Whether a fact that fits `known` always fits `asked`."""
    if known.fact != asked.fact:
        return False
    return all(
        any(_covers(known.operator, _plain(a), asked.operator, _plain(b)) for b in asked.values) for a in known.values
    )


def _covers(known: str, a: str, asked: str, b: str) -> bool:
    if known in ("equals", "one_of"):
        return _fits(asked, a, b)
    if asked == "contains":
        return b in a
    if asked == "begins_with":
        return known == "begins_with" and a.startswith(b)
    # The text goes on beyond `a` where `known` leaves that open: a word at that edge may be part of a longer one.
    left, right = ("x" if known == "contains" else ""), ("x" if known in ("contains", "begins_with") else "")
    begin, end = len(left), len(left) + len(a)
    return asked == "word" and any(
        begin <= found.start() and found.end() <= end for found in _word(b).finditer(f"{left}{a}{right}")
    )


def _fits(operator: str, text: str, value: str) -> bool:
    if operator == "begins_with":
        return text.startswith(value)
    if operator == "contains":
        return value in text
    if operator == "word":
        return _word(value).search(text) is not None
    return text == value


@lru_cache(maxsize=5_000)
def _word(word: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){re.escape(word)}(?!\w)")


def _quoted(value: str) -> str:
    return json.dumps(value if len(value) <= MOST_SHOWN else f"{value[:MOST_SHOWN]}…", ensure_ascii=False)
