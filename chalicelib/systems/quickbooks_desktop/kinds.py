"""The kinds of values in qbXML (sheet 2.2), and how each is written: what does not fit says why, before it is sent."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from chalicelib.systems.quickbooks_desktop import names

MOST_ID = 36
MOST_COUNT = 10**9


class Unfit(Exception):
    """A value that QuickBooks would refuse; `field` is its path and `why` what is wrong, in a customer's words."""

    def __init__(self, field: str, why: str) -> None:
        super().__init__(f"{field} {why}")
        self.field = field
        self.why = why

    def under(self, parent: str) -> Unfit:
        return Unfit(f"{parent}.{self.field}" if self.field else parent, self.why)


@dataclass(frozen=True, slots=True)
class Ref:
    """An entry of one of QuickBooks' lists; by its id wherever that is known."""

    list_id: str = ""
    full_name: str = ""


@dataclass(frozen=True, slots=True)
class Text:
    """A free text, cut to `most`; on one line unless `lines`."""

    most: int
    lines: bool = False

    def write(self, value: object) -> str:
        text = _is_text(value)
        return escaped(names.text(text, self.most) if self.lines else names.cut(names.line(text), self.most))


@dataclass(frozen=True, slots=True)
class Name:
    most: int

    def write(self, value: object) -> str:
        written = names.name(_is_text(value), self.most)
        if not written:
            raise Unfit("", "has no letter or digit that QuickBooks can store")
        return escaped(written)


@dataclass(frozen=True, slots=True)
class Phone:
    most: int

    def write(self, value: object) -> str:
        return escaped(names.phone(_is_text(value), self.most))


@dataclass(frozen=True, slots=True)
class Exact:
    """An id, a number fixed before, or the stored spelling of a name: never altered, refused if it cannot be sent."""

    most: int

    def write(self, value: object) -> str:
        text = _is_text(value)
        if len(text) > self.most:
            raise Unfit("", f"is longer than {self.most} characters")
        if UNSENDABLE.search(text):
            raise Unfit("", "has characters that cannot be sent")
        return escaped(text)


@dataclass(frozen=True, slots=True)
class Number:
    """A decimal with `whole` digits before the point; amounts have exactly `least` = `places` = 2 after it."""

    whole: int
    places: int
    least: int = 0

    def write(self, value: object) -> str:
        if not isinstance(value, Decimal) or not value.is_finite():
            raise Unfit("", "is no exact decimal number")
        if value != round(value, self.places):
            raise Unfit("", f"has more than {self.places} decimals")
        if abs(value) >= 10**self.whole:
            raise Unfit("", f"has more than {self.whole} digits")
        plain = f"{value:.{self.places}f}"
        whole, _, part = plain.partition(".")
        kept = part.rstrip("0").ljust(self.least, "0")
        text = f"{whole}.{kept}" if kept else whole
        return text.removeprefix("-") if not value else text


@dataclass(frozen=True, slots=True)
class Count:
    def write(self, value: object) -> str:
        if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value < MOST_COUNT:
            raise Unfit("", "is no whole number from 1")
        return str(value)


@dataclass(frozen=True, slots=True)
class Day:
    def write(self, value: object) -> str:
        if not isinstance(value, date) or isinstance(value, datetime):
            raise Unfit("", "is no date")
        _in_years(value.year)
        return value.isoformat()


@dataclass(frozen=True, slots=True)
class Moment:
    """A wall-clock text of the PC as it was read, or a datetime; without an offset it is the PC's own time."""

    def write(self, value: object) -> str:
        if isinstance(value, datetime):
            value = value.isoformat(timespec="seconds")
        if not isinstance(value, str) or not MOMENT.fullmatch(value):
            raise Unfit("", "is no date with a time, as 2026-03-01T09:15:00")
        try:
            _in_years(datetime.fromisoformat(value).year)
        except ValueError:
            raise Unfit("", "is no date with a time, as 2026-03-01T09:15:00") from None
        return value


@dataclass(frozen=True, slots=True)
class Flag:
    def write(self, value: object) -> str:
        if not isinstance(value, bool):
            raise Unfit("", "is neither true nor false")
        return "true" if value else "false"


@dataclass(frozen=True, slots=True)
class Guid:
    def write(self, value: object) -> str:
        if not isinstance(value, str) or not GUID.fullmatch(value):
            raise Unfit("", "is no GUID in braces")
        return value


@dataclass(frozen=True, slots=True)
class OneOf:
    values: tuple[str, ...]

    def write(self, value: object) -> str:
        if value not in self.values:
            raise Unfit("", f"is none of {', '.join(self.values)}")
        return str(value)


@dataclass(frozen=True, slots=True)
class Reference:
    """ListID alone where it is known, else FullName in its stored spelling."""

    most: int

    def write(self, value: object) -> str:
        if not isinstance(value, Ref) or not (value.list_id or value.full_name):
            raise Unfit("", "names no entry of a list")
        if value.list_id:
            return element("ListID", _under("ListID", Exact(MOST_ID), value.list_id))
        return element("FullName", _under("FullName", Exact(self.most), value.full_name))


@dataclass(frozen=True, slots=True)
class Group:
    """An element with elements in it. With `clears`, an empty text empties that field there instead of leaving it."""

    parts: tuple[Field | Choice, ...]
    clears: bool = False

    def write(self, value: object) -> str:
        if not isinstance(value, Mapping):
            raise Unfit("", "is no group of fields")
        given = {str(name): each for name, each in value.items() if each is not None}
        if unknown := given.keys() - set(_names(self.parts)):
            raise Unfit(min(unknown), "does not exist there")
        return "".join(part.write(given, clears=self.clears) for part in self.parts)


Kind = Text | Name | Phone | Exact | Number | Count | Day | Moment | Flag | Guid | OneOf | Reference | Group


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    kind: Kind
    needed: bool = False
    many: bool = False

    def write(self, given: Mapping[str, object], *, clears: bool) -> str:
        value = given.get(self.name)
        if self.many and value is not None and not isinstance(value, list | tuple):
            raise Unfit(self.name, "is no list")
        several = value if isinstance(value, list | tuple) else [] if value is None else [value]
        written = [self._one(each, clears=clears) for each in several]
        if self.needed and not any(written):
            raise Unfit(self.name, "is missing")
        return "".join(written)

    def _one(self, value: object, *, clears: bool) -> str:
        if value == "" and not isinstance(self.kind, Text | Phone):
            raise Unfit(self.name, "is empty")
        inner = _under(self.name, self.kind, value)
        if not inner and self.many:
            raise Unfit(self.name, "is empty")
        return element(self.name, inner) if inner or clears else ""


@dataclass(frozen=True, slots=True)
class Choice:
    """Branches that exclude each other."""

    branches: tuple[tuple[Field | Choice, ...], ...]

    def write(self, given: Mapping[str, object], *, clears: bool) -> str:
        used = [branch for branch in self.branches if any(name in given for name in _names(branch))]
        if len(used) > 1:
            both = [next(name for name in _names(branch) if name in given) for branch in used]
            raise Unfit(both[0], f"cannot be combined with {both[1]}")
        return "".join(part.write(given, clears=clears) for branch in used for part in branch)


UNSENDABLE = re.compile("[\x00-\x1f\x7f-\x9f\ufffe\uffff\ud800-\udfff]")
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d([+-]\d\d:\d\d)?", re.ASCII)
GUID = re.compile(r"0|\{[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\}")
AMOUNT = Number(13, 2, least=2)
QUANTITY = Number(10, 5)


def element(name: str, inner: str) -> str:
    return f"<{name}>{inner}</{name}>" if inner else f"<{name}/>"


def escaped(text: str) -> str:
    """Pure ASCII (sheet 2.3): everything else as a decimal entity."""
    plain = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
    return plain.replace("\n", "&#10;").encode("ascii", "xmlcharrefreplace").decode("ascii")


def _names(parts: tuple[Field | Choice, ...]) -> Iterator[str]:
    for part in parts:
        if isinstance(part, Field):
            yield part.name
        else:
            for branch in part.branches:
                yield from _names(branch)


def _under(name: str, kind: Kind, value: object) -> str:
    try:
        return kind.write(value)
    except Unfit as unfit:
        raise unfit.under(name) from None


def _is_text(value: object) -> str:
    if not isinstance(value, str):
        raise Unfit("", "is no text")
    return value


def _in_years(year: int) -> None:
    if not 1970 <= year <= 2038:
        raise Unfit("", "is not between the years 1970 and 2038")
