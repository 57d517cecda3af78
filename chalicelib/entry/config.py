"""The customer's configuration file as it arrives here: its keys, and what may stand under each.

What needs the registry or what is stored already is checked in `config_check.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, model_validator

from chalicelib.engine import schedule
from chalicelib.engine.records import Json
from chalicelib.entry.exchange import NAME, NAME_RULE
from chalicelib.entry.problem import Fault, pointer
from chalicelib.entry.shapes import Shape, expected

ENV = "env:"
LONGEST_TEXT = 500
MOST_VALUES = 5000  # of one kind of mapping
MOST_RULES = 1000  # of one kind
MOST_CHOICES = 200  # of one condition
MOST_KINDS = 50  # of mappings, or of rules
MOST_ENTRIES = 30  # connections, or flows, in one file

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")
_EVERY = re.compile(r"([0-9]{1,4}) minutes?")


def _named(name: str) -> str:
    if not NAME.fullmatch(name):
        raise expected(NAME_RULE)
    return name


def _day(value: object) -> date:
    if isinstance(value, str) and _DAY.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise expected("a date as YYYY-MM-DD")


def _minutes(value: object) -> int:
    found = _EVERY.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None or not 1 <= int(found[1]) <= 1440:
        raise expected('"N minutes", N from 1 to 1440')
    return int(found[1])


def _cron(value: object) -> str:
    text = " ".join(value.split()) if isinstance(value, str) and len(value) <= LONGEST_TEXT else ""
    wrong = schedule.unreadable(text)
    if wrong:
        fields = "minute hour day-of-month month day-of-week"
        raise expected(f'five fields "{fields}" as in "0 6 * * 1-5" ({wrong})')
    return text


def _clock(value: str) -> str:
    if not _CLOCK.fullmatch(value):
        raise expected('a local time as HH:MM, such as "07:30"')
    return value


def _zone(value: object) -> str:
    if not isinstance(value, str) or value not in schedule.zones():
        raise expected("the IANA name of a time zone, such as America/Vancouver")
    return value


def _one_line(value: str) -> str:
    if not value.isprintable():
        raise expected("one line of text without control characters")
    return value


def _secret(value: str) -> str:
    if not value.strip() or not value.isprintable():
        raise expected("the value on one line, without line breaks around it")
    return value


Name = Annotated[str, AfterValidator(_named)]
Text = Annotated[str, Field(min_length=1, max_length=LONGEST_TEXT), AfterValidator(_one_line)]
Secret = Annotated[str, Field(max_length=8000), AfterValidator(_secret)]
Day = Annotated[date, BeforeValidator(_day, json_schema_input_type=str)]
LocalTime = Annotated[str, AfterValidator(_clock)]
Minutes = Annotated[int, BeforeValidator(_minutes, json_schema_input_type=str)]
Cron = Annotated[str, BeforeValidator(_cron, json_schema_input_type=str)]
Zone = Annotated[str, BeforeValidator(_zone, json_schema_input_type=str)]


class ConnectionIn(Shape):
    """The system's own settings (a domain, a realm) stand beside these keys."""

    model_config = ConfigDict(extra="allow", frozen=True)

    system: Annotated[Text, Field(description="the system's name")]
    environment: Annotated[Text, Field(description="production or sandbox")]
    company: Annotated[Text | None, Field(description="the name of the company that the credentials must lead to")] = (
        None
    )
    credentials: Annotated[dict[str, Secret] | None, Field(description="what is kept in the vault")] = None

    @property
    def settings(self) -> Json:
        return dict(self.model_extra or {})


def _not_blank(value: str) -> str:
    if not value.strip():
        raise expected("text that is not blank: it would fit everything")
    return value


Sought = Annotated[Text, AfterValidator(_not_blank)]


class ConditionIn(Shape):
    """What must hold of one fact. Several of them: all must."""

    equals: Sought | None = None
    one_of: Annotated[list[Sought] | None, Field(min_length=1, max_length=MOST_CHOICES)] = None
    begins_with: Sought | None = None
    contains: Sought | None = None
    word: Annotated[Sought | None, Field(description="it stands there as a word of its own")] = None

    @model_validator(mode="after")
    def _asks_something(self) -> ConditionIn:
        if not self.model_dump(exclude_none=True):
            raise expected(f"one of {', '.join(ConditionIn.model_fields)}, with what is looked for")
        return self


class RuleIn(Shape):
    scope: Annotated[Text | None, Field(description="only for this one; such rules are read first")] = None
    when: Annotated[dict[str, ConditionIn] | None, Field(description="conditions by fact; none: any line")] = None
    then: Annotated[dict[str, Text], Field(description="the fields of the answer")]


RuleList = Annotated[list[RuleIn], Field(max_length=MOST_RULES)]


class MappingsIn(Shape):
    """All mappings and rules of a flow, in the place of those of the version that they are based on."""

    version: Annotated[int, Field(ge=1, description="the version that was changed into this")]
    mappings: Annotated[
        dict[str, Annotated[dict[Text, Text], Field(max_length=MOST_VALUES)]],
        Field(max_length=MOST_KINDS, description="kind: {source value: what it stands for}"),
    ]
    rules: Annotated[dict[str, RuleList], Field(max_length=MOST_KINDS, description="kind: [rules, in order]")]
    plan: Annotated[bool, Field(description="only say what would change")] = False


class RollbackIn(Shape):
    to: Annotated[int, Field(ge=1, description="the version whose content is brought back")]
    version: Annotated[int | None, Field(ge=1, description="the version that is current; without it, any")] = None
    plan: Annotated[bool, Field(description="only say what would change")] = False


class Retry(Shape):
    max_attempts: Annotated[int, Field(ge=1, le=50, description="tries before a record is held")] = 8


class Brake(Shape):
    percent: Annotated[int, Field(ge=1, le=100, description="of what was moved may change in one run")] = 20
    records: Annotated[int, Field(ge=0, le=100_000, description="may change in any run")] = 10
    amount: Annotated[int, Field(ge=0, le=10**12, description="may change in one run; 0: any")] = 0


class FlowIn(Shape):
    """null under `policies`, `mappings` or `rules` removes the entry; what is not named stays.

    The rules of a kind are an ordered list, and given whole.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    flow: Annotated[Text | None, Field(description="which flow; without it, the one of the same name")] = None
    source: Annotated[Name, Field(alias="from", description="the name of the connection that is read")]
    to: Annotated[Name, Field(description="the name of the connection that is written to")]
    cut_over: Annotated[
        Day, Field(description="a date as YYYY-MM-DD: documents dated before it are not moved; there is no default")
    ]
    every: Annotated[Minutes | None, Field(description='"N minutes"; replaces cron and zone')] = None
    cron: Annotated[Cron | None, Field(description="five fields, read in the zone; replaces every")] = None
    zone: Annotated[Zone | None, Field(description="the IANA name of the time zone of cron")] = None
    policies: Annotated[dict[str, Text | None], Field(default_factory=dict, max_length=100)]
    mappings: Annotated[
        dict[str, Annotated[dict[Text, Text | None], Field(max_length=MOST_VALUES)]],
        Field(default_factory=dict, max_length=MOST_KINDS),
    ]
    rules: Annotated[dict[str, RuleList | None], Field(default_factory=dict, max_length=MOST_KINDS)]
    retry: Retry | None = None
    brake: Brake | None = None


class NoticesIn(Shape):
    """What is not named stays; null removes it. A digest needs its zone: null for one removes both."""

    webhook: Annotated[Secret | None, Field(description="the address of an incoming webhook, https")] = None
    digest: Annotated[LocalTime | None, Field(description="the local time of the daily digest, as HH:MM")] = None
    zone: Annotated[Zone | None, Field(description="the time zone of the digest, as in America/Vancouver")] = None


class Config(Shape):
    connections: Annotated[dict[Name, ConnectionIn], Field(default_factory=dict, max_length=MOST_ENTRIES)]
    flows: Annotated[dict[Name, FlowIn], Field(default_factory=dict, max_length=MOST_ENTRIES)]
    notices: NoticesIn = NoticesIn()


class Apply(Shape):
    config: Annotated[Config, Field(description="the parsed configuration file")]
    plan: Annotated[bool, Field(description="only say what would change")] = False


def references_to_a_machine(value: Any, at: tuple[object, ...] = ()) -> Iterator[Fault]:
    """`env:NAME` means a variable on the caller's machine. Nothing here may look one up on ours."""
    if isinstance(value, str) and value.startswith(ENV):
        yield Fault(pointer(at), "the value itself: mlc puts it in where you run it, the service never does", ENV + "…")
    elif isinstance(value, Mapping):
        for key, member in value.items():
            yield from references_to_a_machine(member, (*at, key))
    elif isinstance(value, list):
        for n, member in enumerate(value):
            yield from references_to_a_machine(member, (*at, n))
