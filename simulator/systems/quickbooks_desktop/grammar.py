"""Reads the notation of `requests` and `parts`, and holds a request against it.

An element that stands in the wrong place, or that nobody knows, makes the whole message set unreadable and QuickBooks
does not say which; a value that is wrong, or missing, is told in the answer of its request.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

from simulator.systems.quickbooks_desktop.answers import PARSE_ERROR, Hresult, Refused
from simulator.systems.quickbooks_desktop.parts import CHOICES, PARTS
from simulator.systems.quickbooks_desktop.requests import REQUESTS
from simulator.systems.quickbooks_desktop.times import read_moment

Element = Any  # lxml ships no types
TOKEN = re.compile(r"(?P<name>\w+)(?::(?P<type>=|[a-z]+\d*))?(?P<many>[?*+]|\{\d+,\d+\})?|(?P<mark>\)[?*+]?|[(|])")
PATTERNS = {
    "amt": (3040, "amount", re.compile(r"([+-]?\d{1,13}(\.\d{2})?)?")),
    "price": (3045, "price", re.compile(r"([+-]?\d{1,10}(\.\d{1,5})?)?")),
    "qty": (3060, "quantity", re.compile(r"([+-]?\d{1,10}(\.\d{1,5})?)?")),
    "int": (3085, "number", re.compile(r"[+-]?\d+")),
    "float": (3085, "number", re.compile(r"([+-]?\d+(\.\d+)?)?")),
    "bool": (3010, "true-false value", re.compile(r"true|false|1|0|")),
    "guid": (3000, "GUID", re.compile(r"0|\{[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\}")),
}


@dataclass(frozen=True, slots=True)
class Model:
    """What may stand inside one element, in which order."""

    strict: re.Pattern[str]
    lenient: re.Pattern[str]  # the same with everything optional
    types: dict[str, str]


@cache
def model(name: str) -> Model:
    notation = REQUESTS.get(name) or PARTS[name]
    strict = lenient = ""
    types = {}
    for token in TOKEN.finditer(notation):
        if mark := token["mark"]:
            strict += "(?:" if mark == "(" else mark
            lenient += "(?:" if mark == "(" else mark.replace("+", "*")
            continue
        many = token["many"] or ""
        types[token["name"]] = token["type"] or ""
        strict += f"(?:{token['name']};){many}"
        lenient += f"(?:{token['name']};)" + {"": "?", "+": "*"}.get(many, many)
    return Model(re.compile(strict), re.compile(lenient), types)


def check_order(element: Element) -> list[Refused]:
    """The required elements that are missing; raises when the parser would not understand the element."""
    name = str(element.tag)
    missing = []
    if any(text and text.strip() for text in [element.text, *(child.tail for child in element)]):
        raise _unreadable(f"text stands between the elements of {name}")
    present = "".join(f"{child.tag};" for child in element)
    rules = model(name)
    if not rules.strict.fullmatch(present):
        if not rules.lenient.fullmatch(present):
            raise _unreadable(f"{name} has an unknown element, or a wrong order: {present}")
        missing.append(Refused(3150, f"A required element is missing in {name}.", mistake=f"{name}: {present}"))
    for child in element:
        if rules.types[child.tag] == "":
            missing += check_order(child)
        elif len(child):
            raise _unreadable(f"{child.tag} has elements inside")
    return missing


def check_values(element: Element) -> Iterator[Refused]:
    """What is wrong with the values, in their order."""
    rules = model(str(element.tag))
    for child in element:
        if rules.types[child.tag] == "":
            yield from check_values(child)
        elif refusal := _wrong(child.tag, child.text or "", rules.types[child.tag]):
            yield refusal


def _wrong(name: str, text: str, kind: str) -> Refused | None:
    if kind in PATTERNS:
        code, word, pattern = PATTERNS[kind]
        return None if pattern.fullmatch(text) else _inconvertible(code, word, name, text)
    if kind == "=":
        if text in CHOICES[name]:
            return None
        return Refused(3110, f'The value "{text}" in the field "{name}" is not valid.', mistake=f"{name}: {text}")
    if kind in ("date", "time"):
        return None if _is_moment(text, kind) else _inconvertible(3020, "date value", name, text)
    if kind == "id":
        return None if len(text) <= 36 and text else _inconvertible(3000, "object id", name, text)
    longest = kind.removeprefix("s")
    if longest and len(text) > int(longest):
        return Refused(3070, f'The string "{text}" in the field "{name}" is too long.', mistake=f"{name} is too long")
    return None


def _inconvertible(code: int, word: str, name: str, text: str) -> Refused:
    message = f'There was an error when converting the {word} "{text}" in the field "{name}".'
    return Refused(code, message, mistake=f"{name}: {text}")


def _is_moment(text: str, kind: str) -> bool:
    if not text:
        return True
    try:
        if kind == "date":
            date.fromisoformat(text)
            return len(text) == 10
        return 1970 <= read_moment(text).year <= 2038
    except ValueError:
        return False


def _unreadable(what: str) -> Hresult:
    return Hresult(PARSE_ERROR, mistake=what)
