"""Reading what a call sends: each body is a form of named fields, and each field has a type.

A form is written as "name:type", "name!:type" where the field must be there. Types: i a whole number, n a number,
s text, b a boolean, d a day, m an amount written as text, {} a form, [{}] a list of forms, [i] and [s] lists, o an
object that is not looked into, =a|b one of these words. Unknown fields are ignored, as the vendor does, but noted.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from werkzeug.wrappers import Request

from simulator.systems.procore.answers import BLANK, INVALID, NOT_INCLUDED, Refused, missing, wrong
from simulator.systems.procore.money import exact

Json = dict[str, Any]
Mistake = Callable[[str], None]


@dataclass(frozen=True)
class Form:
    fields: Mapping[str, str]
    required: frozenset[str]
    nested: Mapping[str, Form]


def form(text: str, **nested: Form) -> Form:
    pairs = [part.split(":", 1) for part in text.split()]
    required = frozenset(name.rstrip("!") for name, _ in pairs if name.endswith("!"))
    return Form({name.rstrip("!"): kind for name, kind in pairs}, required, nested)


def body(request: Request) -> Json:
    """The JSON object that a call sends, numbers with a point as Decimal."""
    if request.mimetype != "application/json":
        raise Refused(406, "Not Acceptable", "the body is not sent as JSON")
    try:
        sent = json.loads(request.get_data(), parse_float=Decimal, parse_constant=_no_number)
    except ValueError:
        raise Refused(400, "Invalid JSON", "the body is not JSON") from None
    if not isinstance(sent, dict):
        raise Refused(400, "Invalid JSON", "the body is not a JSON object")
    return sent


def read(shape: Form, sent: Any, mistake: Mistake, path: str = "") -> Json:
    """The fields of a form that were sent, each in its type; `None` stays `None`."""
    if not isinstance(sent, dict):
        raise wrong(path or "base", INVALID, f"{path} is not an object", status=400)
    found: Json = {}
    for name in sorted(shape.required - sent.keys()):
        if shape.fields[name] in ("{}", "[{}]"):
            raise missing(name)
        raise wrong(name, BLANK, f"{path}{name} is missing", status=400)
    for name, value in sent.items():
        kind = shape.fields.get(name)
        if kind is None:
            mistake(f"the field {path}{name} does not exist")
        elif value is None:
            found[name] = None
        else:
            found[name] = _value(shape, name, value, mistake, f"{path}{name}")
    return found


def _value(shape: Form, name: str, value: Any, mistake: Mistake, path: str) -> Any:
    kind = shape.fields[name]
    if kind == "{}":
        return read(shape.nested[name], value, mistake, f"{path}.")
    if kind.startswith("["):
        if not isinstance(value, list):
            raise wrong(name, INVALID, f"{path} is not a list", status=400)
        if kind == "[{}]":
            return [read(shape.nested[name], each, mistake, f"{path}.") for each in value]
        return [_one(kind[1:-1], name, each, mistake, path) for each in value]
    return _one(kind, name, value, mistake, path)


def _one(kind: str, name: str, value: Any, mistake: Mistake, path: str) -> Any:
    try:
        return READERS[kind](value, mistake, path) if kind in READERS else _word(kind, name, value, path)
    except ValueError:
        raise wrong(name, INVALID, f"{path} holds no value of its type: {value!r}") from None


def _word(kind: str, name: str, value: Any, path: str) -> str:
    if value not in kind.removeprefix("=").split("|"):
        raise wrong(name, NOT_INCLUDED, f"{path} has no choice {value!r}")
    return str(value)


def _whole(value: Any, mistake: Mistake, path: str) -> int:
    if isinstance(value, str) and re.fullmatch(r"-?\d{1,18}", value, re.ASCII):
        mistake(f"{path} is a number written as text")
        return int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError(value)
    return value


def _number(value: Any, mistake: Mistake, path: str) -> Decimal:
    if isinstance(value, str):
        mistake(f"{path} is a number written as text")
    elif not isinstance(value, int | Decimal) or isinstance(value, bool):
        raise ValueError(value)
    return exact(value)


def _amount(value: Any, mistake: Mistake, path: str) -> Decimal:
    if not isinstance(value, str):
        mistake(f"{path} is an amount not written as text")
    if isinstance(value, bool):
        raise ValueError(value)
    return exact(value)


def _text(value: Any, mistake: Mistake, path: str) -> str:
    if isinstance(value, dict | list | bool):
        raise ValueError(value)
    if not isinstance(value, str):
        mistake(f"{path} is not text")
    return str(value)


def _flag(value: Any, mistake: Mistake, path: str) -> bool:
    if not isinstance(value, bool):
        raise ValueError(value)
    return value


def _day(value: Any, mistake: Mistake, path: str) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d\d-\d\d", value, re.ASCII):
        raise ValueError(value)
    return date.fromisoformat(value).isoformat()


def _object(value: Any, mistake: Mistake, path: str) -> Json:
    if not isinstance(value, dict):
        raise ValueError(value)
    return value


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


READERS: dict[str, Callable[[Any, Mistake, str], Any]] = {
    "i": _whole,
    "n": _number,
    "m": _amount,
    "s": _text,
    "b": _flag,
    "d": _day,
    "o": _object,
}
