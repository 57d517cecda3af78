"""What a property of a request body may hold. Each kind takes a value and gives back what the vendor would store.

`""` is the vendor's word for "clear this"; it survives cleaning at the top level and is acted on by the writer.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, ClassVar, Literal

from simulator.systems.quickbooks_online.answers import Trouble

Queried = Literal["text", "number", "date", "flag", "ref", "none"]
CLEAR = ""
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_EMAIL = re.compile(r"[^@\s,;]+@[^@\s,;]+\.[^@\s,;]+")
_URI = re.compile(r"(https?://)?[\w-]+(\.[\w-]+)+([/?#:]\S*)?", re.IGNORECASE)


@dataclass(slots=True)
class Findings:
    """What cleaning found: troubles refuse the call, warnings only go to the log of our mistakes."""

    troubles: list[Trouble] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def refuse(self, code: str, detail: str, element: str, mistake: str = "") -> None:
        self.troubles.append(Trouble(code, detail, element, mistake))

    def unsupported(self, element: str, why: str) -> None:
        detail = f"Property Name:{element} specified is unsupported or invalid"
        self.refuse("2010", detail, element, f"{element}: {why}")


@dataclass(frozen=True, slots=True)
class Field:
    queried: ClassVar[Queried] = "none"

    def take(self, value: Any, name: str, found: Findings) -> Any:
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Text(Field):
    most: int = 4000
    queried: ClassVar[Queried] = "text"
    forbidden: str = ""  # characters answered with 2040
    trimmed: bool = False

    def take(self, value: Any, name: str, found: Findings) -> Any:
        if not isinstance(value, str):
            found.unsupported(name, "must be a string")
            return CLEAR
        text = value.strip() if self.trimmed else value
        bad = next((c for c in text if c in self.forbidden), "")
        if bad:
            found.refuse("2040", f"Property {name} holds the character {bad!r}", name, f"{name} holds {bad!r}")
        elif any(map(is_emoji, text)):
            found.refuse("2040", f"Property {name} holds a character outside the supported set", name)
        if len(text) > self.most:
            detail = (
                "String length is either shorter or longer than supported by specification : "
                f"Min:0 Max:{self.most} Supplied:{len(text)}"
            )
            found.refuse("2050", detail, name, f"{name} is longer than {self.most}")
        return text


@dataclass(frozen=True, slots=True)
class Email(Text):
    most: int = 100

    def take(self, value: Any, name: str, found: Findings) -> Any:
        # the base is named because a slots dataclass loses the cell that a bare super() needs
        text = Text.take(self, value, name, found)
        if text and not _EMAIL.fullmatch(text):
            found.refuse("2210", f"Email Address does not conform to the RFC standard. Supplied value:{text}", name)
        return text


@dataclass(frozen=True, slots=True)
class Uri(Text):
    most: int = 1000

    def take(self, value: Any, name: str, found: Findings) -> Any:
        text = Text.take(self, value, name, found)
        if text and not _URI.fullmatch(text):
            found.refuse("2200", f"Web address is not valid. Supplied value:{text}", name)
        return text


@dataclass(frozen=True, slots=True)
class Flag(Field):
    queried: ClassVar[Queried] = "flag"

    def take(self, value: Any, name: str, found: Findings) -> Any:
        if not isinstance(value, bool):
            found.refuse("2150", f"{name} must be true or false", name, f"{name} is no boolean")
        return value


@dataclass(frozen=True, slots=True)
class Number(Field):
    queried: ClassVar[Queried] = "number"
    decimals: int = 7
    least: Decimal = Decimal("-999999999999999")
    most: Decimal = Decimal("999999999999999")

    def take(self, value: Any, name: str, found: Findings) -> Any:
        number = as_decimal(value)
        if number is None:
            found.refuse("2080", f"{name} is no number. Supplied value:{value}", name, f"{name} is no number")
            return 0.0
        if not self.least <= number <= self.most:
            found.refuse("2100", f"{name} is out of range. Supplied value:{value}", name, f"{name} is out of range")
        elif number != round(number, self.decimals):
            detail = f"{name} may have {self.decimals} decimals. Supplied value:{value}"
            found.refuse("2090", detail, name, f"{name} has more than {self.decimals} decimals")
        return float(number)


def money() -> Number:
    return Number(decimals=2)


@dataclass(frozen=True, slots=True)
class Whole(Field):
    queried: ClassVar[Queried] = "number"
    least: int = 0
    most: int = 999_999

    def take(self, value: Any, name: str, found: Findings) -> Any:
        number = as_decimal(value)
        if number is None or number != int(number) or not self.least <= number <= self.most:
            found.refuse("2100", f"{name} is out of range. Supplied value:{value}", name, f"{name} is out of range")
            return 0
        return int(number)


@dataclass(frozen=True, slots=True)
class Day(Field):
    queried: ClassVar[Queried] = "date"

    def take(self, value: Any, name: str, found: Findings) -> Any:
        if value == CLEAR:
            return CLEAR
        text = value if isinstance(value, str) and _DAY.fullmatch(value) else ""
        try:
            return date.fromisoformat(text).isoformat()
        except ValueError:
            found.refuse("2060", f"Date should be in the format yyyy-MM-dd. Supplied value:{value}", name, "bad date")
            return CLEAR


@dataclass(frozen=True, slots=True)
class Ref(Field):
    """A reference to `target`; codes (currencies, tax codes) are not numbers."""

    target: str = ""
    queried: ClassVar[Queried] = "ref"
    numeric: bool = True

    def take(self, value: Any, name: str, found: Findings) -> Any:
        if value == {}:
            return CLEAR
        if not isinstance(value, Mapping) or not set(value) <= {"value", "name", "type"}:
            found.unsupported(name, 'a reference is {"value": …}')
            return CLEAR
        given = value.get("value")
        if isinstance(given, int) and not isinstance(given, bool):
            found.warnings.append(f"{name}.value is a number, not a string")
            given = str(given)
        if given == "":
            return CLEAR
        if not isinstance(given, str) or (self.numeric and not (given.isascii() and given.isdigit())):
            detail = f"Id should be a valid number. Supplied value:{given}"
            found.refuse("2030", detail, name, f"{name} holds no id: {given!r}")
            return CLEAR
        return {"value": given}


@dataclass(frozen=True, slots=True)
class Choice(Field):
    options: tuple[str, ...] = ()
    queried: ClassVar[Queried] = "text"

    def take(self, value: Any, name: str, found: Findings) -> Any:
        if value not in (*self.options, CLEAR):
            found.refuse("2170", f"Invalid value for {name}: {value}", name, f"{name} has no value {value!r}")
        return value


@dataclass(frozen=True, slots=True)
class Group(Field):
    fields: Mapping[str, Field] = field(default_factory=dict)

    def take(self, value: Any, name: str, found: Findings) -> Any:
        if not isinstance(value, Mapping):
            found.unsupported(name, "must be an object")
            return CLEAR
        taken = take_all(self.fields, value, found, name + ".")
        return {k: v for k, v in taken.items() if v != CLEAR} or CLEAR


@dataclass(frozen=True, slots=True)
class Rows(Field):
    row: Group = field(default_factory=Group)

    def take(self, value: Any, name: str, found: Findings) -> Any:
        if not isinstance(value, list):
            found.unsupported(name, "must be a list")
            return []
        return [self.row.take(each, name, found) or {} for each in value]


@dataclass(frozen=True, slots=True)
class Kept(Field):
    """Stored as it comes: the parts of an object this simulator has no rules for."""

    def take(self, value: Any, name: str, found: Findings) -> Any:
        return plain(value)


@dataclass(frozen=True, slots=True)
class ReadOnly(Field):
    """Set by the vendor; whatever a caller sends (as it does after read-merge-write) is ignored."""

    def take(self, value: Any, name: str, found: Findings) -> Any:
        return None


def take_all(fields: Mapping[str, Field], body: Mapping[str, Any], found: Findings, prefix: str = "") -> dict[str, Any]:
    """The known properties of a body, cleaned; null and read-only ones are left out, unknown ones refuse the call."""
    taken: dict[str, Any] = {}
    for key, value in body.items():
        kind = fields.get(key)
        if kind is None:
            found.unsupported(prefix + key, "unknown property")
        elif value is not None and not isinstance(kind, ReadOnly):
            taken[key] = kind.take(value, prefix + key, found)
    return taken


def as_decimal(value: Any) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        return None
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, Mapping):
        return {k: plain(v) for k, v in value.items()}
    return [plain(v) for v in value] if isinstance(value, list) else value


def is_emoji(character: str) -> bool:
    return "\U0001f000" <= character <= "\U0001faff" or "\u2600" <= character <= "\u27bf" or character == "\ufe0f"
