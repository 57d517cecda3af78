"""What the caller may write, field by field, and the errno of what it may not."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from simulator.systems.freshbooks import answers
from simulator.systems.freshbooks.answers import Json, Refused, Trouble, invalid

CENT = Decimal("0.01")
Note = Callable[[str], None]
Kinds = Mapping[str, str]
"""A field's kind: "text", "text 50", "money", "day", "int", "id", "flag", "percent", "number", "any"."""


def read(
    sent: Json, kinds: Kinds, *, object: str, note: Note, read_only: frozenset[str], computed: frozenset[str]
) -> Json:
    """The writable fields; unknown ones are dropped without a word to the caller, as the vendor does."""
    kept: Json = {}
    for name, value in sent.items():
        if name in read_only:
            trouble = Trouble(answers.READ_ONLY, f"Write access denied on {name}.", name, object, str(value))
            raise Refused(403, trouble, mistake=f"{name} of the {object} is read-only")
        if name in computed:
            note(f"{name} of the {object} is computed")
        elif name not in kinds:
            note(f"the {object} has no writable {name}")
        else:
            kept[name] = None if value is None else one(value, kinds[name], name, object, note)
    return kept


def one(value: Any, kind: str, name: str, object: str, note: Note) -> Any:
    """The value as it is kept; raises the vendor's refusal for one that the field cannot hold."""
    first, _, most = kind.partition(" ")
    reader = READERS[first]
    found = reader(value, name, object, note)
    if most and len(found) > int(most):
        message = f"Value exceeds maximum length of {most}."
        raise invalid(answers.TOO_LONG, message, name, object=object, mistake=f"{name} is too long")
    return found


def _text(value: Any, name: str, object: str, note: Note) -> str:
    if not isinstance(value, str):
        raise _bad(answers.INVALID, "Value is not a string.", name, object, value)
    return value


def _day(value: Any, name: str, object: str, note: Note) -> str:
    try:
        if not re.fullmatch(r"\d{4}-\d\d-\d\d", str(value), re.ASCII):
            raise ValueError
        return date.fromisoformat(value).isoformat()
    except ValueError:
        raise _bad(answers.BAD_DATE, "Invalid date.", name, object, value) from None


def _int(value: Any, name: str, object: str, note: Note) -> int:
    if isinstance(value, bool) or not re.fullmatch(r"-?\d{1,15}", str(value), re.ASCII):
        raise _bad(answers.NOT_A_NUMBER, "Value must be a number.", name, object, value)
    return int(value)


def _flag(value: Any, name: str, object: str, note: Note) -> bool:
    if not isinstance(value, bool):
        raise _bad(answers.BAD_FLAG, "Value must be a boolean.", name, object, value)
    return value


def _number(value: Any, name: str, object: str, note: Note) -> str:
    found = decimal(value)
    if found is None:
        raise _bad(answers.NOT_A_NUMBER, "Value must be a number.", name, object, value)
    return str(found)


def _percent(value: Any, name: str, object: str, note: Note) -> str:
    found = decimal(value)
    if found is None or not 0 <= found <= 100:
        raise _bad(answers.BAD_PERCENT, "Invalid percentage.", name, object, value)
    return str(found)


def _money(value: Any, name: str, object: str, note: Note) -> Json:
    if not isinstance(value, dict) or not re.fullmatch(r"[A-Z]{3}", str(value.get("code"))):
        raise _bad(answers.INVALID, "Invalid amount.", name, object, value)
    if not isinstance(value.get("amount"), str):
        note(f"{name} of the {object} is no decimal text")
    found = decimal(value.get("amount"))
    if found is None:
        raise _bad(answers.NOT_A_NUMBER, "Value must be a number.", name, object, value)
    if found != cents(found):
        raise _bad(answers.INVALID, "Amount has more than two decimals.", name, object, value)
    return money(found, str(value["code"]))


def _any(value: Any, name: str, object: str, note: Note) -> Any:
    return value


READERS: dict[str, Callable[[Any, str, str, Note], Any]] = {
    "text": _text,
    "day": _day,
    "int": _int,
    "flag": _flag,
    "number": _number,
    "percent": _percent,
    "money": _money,
    "any": _any,
}


def _bad(errno: int, message: str, name: str, object: str, value: Any) -> Refused:
    mistake = f"{name} of the {object}: {message}"
    return invalid(errno, message, name, object=object, value=str(value), mistake=mistake)


def decimal(value: Any) -> Decimal | None:
    if isinstance(value, bool) or value is None:
        return None
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        return None
    return found if found.is_finite() and abs(found) < Decimal("1e12") else None


def cents(value: Decimal) -> Decimal:
    return value.quantize(CENT, rounding=ROUND_HALF_UP)


def money(value: Decimal, code: str) -> Json:
    return {"amount": f"{cents(value):.2f}", "code": code}


def amount(value: Json) -> Decimal:
    return Decimal(value["amount"])
