"""From bytes to what is kept of a document, and from that to its typed shape or a hold that names what does not fit."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from decimal import Decimal
from functools import cache
from typing import TypeVar, get_args

from pydantic import BaseModel, ValidationError

from chalicelib.engine.errors import Held
from chalicelib.engine.records import Json

MOST_NAMED = 5
S = TypeVar("S", bound=BaseModel)


class Undecodable(Exception):
    """The bytes are no JSON."""


def decode(body: bytes) -> object:
    """JSON with exact decimals (money comes as strings and as JSON floats: sheet fact 10).

    NaN and Infinity, which are no JSON, become texts: then they are one field's trouble, not that of a whole list.
    """
    try:
        text = body.decode("utf-8-sig")
        value: object = json.loads(text, parse_float=Decimal, parse_constant=str)
    except (ValueError, ArithmeticError, RecursionError) as bad:
        raise Undecodable from bad
    return _speakable(value) if "\\ud" in text.lower() else value


def _speakable(value: object) -> object:
    """The value without half characters (lone surrogates), which no store and no hash takes."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, list):
        return [_speakable(entry) for entry in value]
    if isinstance(value, dict):
        return {str(_speakable(key)): _speakable(entry) for key, entry in value.items()}
    return value


def trim(shape: type[BaseModel], raw: Json) -> Json:
    """What `shape` uses of a document, as it is spelled there, decimals as strings. Judges nothing."""
    kept: Json = {}
    for name, inner in _shapes_in(shape).items():
        if name in raw:
            value = raw[name]
            kept[name] = [_kept(inner, each) for each in value] if isinstance(value, list) else _kept(inner, value)
    return kept


def _kept(shape: type[BaseModel] | None, value: object) -> object:
    if isinstance(value, dict):
        return trim(shape, value) if shape else {key: _kept(None, entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_kept(shape, entry) for entry in value]
    return str(value) if isinstance(value, Decimal) else value


@cache
def _shapes_in(shape: type[BaseModel]) -> dict[str, type[BaseModel] | None]:
    return {name: _shape_in(field.annotation) for name, field in shape.model_fields.items()}


def _shape_in(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for found in map(_shape_in, get_args(annotation)) if found), None)


def read(shape: type[S], body: Json, *, record: str) -> S:
    """The typed body. Raises Held naming each field that does not fit and what was expected."""
    try:
        return shape.model_validate(body)
    except ValidationError as bad:
        fields = []
        for each in bad.errors(include_url=False, include_context=False):
            said = "is missing" if each["type"] == "missing" else each["msg"].removeprefix("Input ")
            said = f"is empty but {said}" if each["input"] is None else said
            fields.append((".".join(map(str, each["loc"])), said))
        raise unreadable(record, fields) from None


def unreadable(record: str, fields: Sequence[tuple[str, str]]) -> Held:
    """The hold of a document that does not look as Procurify describes it; `fields` are (path, what is wrong)."""
    named = "; ".join(f"{path} {wrong}" for path, wrong in fields[:MOST_NAMED])
    more = f"; and {len(fields) - MOST_NAMED} more fields" if len(fields) > MOST_NAMED else ""
    return Held(
        "unreadable_source",
        f"{record} could not be read from Procurify: {named}{more}.",
        cause=", ".join(sorted({re.sub(r"\.\d+", "", path) for path, _ in fields})),
        fix=(
            "Open it in Procurify and fill in what is missing. If nothing is missing there, Procurify has changed what "
            "it sends: the operator of ml-connector adapts to it and releases the record."
        ),
        owner="operator",
    )


def unknown_value(record: str, kind: str, name: str, value: int) -> Held:
    """The hold of a document with a code that Procurify did not have when this was written."""
    return Held(
        "unknown_value",
        f"{record} has the {name} {value} in Procurify, which is not known here.",
        cause=f"{kind} {name} {value}",
        fix=f"The operator of ml-connector finds out what the new {name} means, adds it, and releases the record.",
        owner="operator",
    )


def text_at(body: object, *path: str) -> str:
    """The text found there, "" for anything else: for lists and labels that must never fail."""
    for name in path:
        body = body.get(name) if isinstance(body, dict) else None
    return body if isinstance(body, str) else ""


def number_at(body: object, name: str) -> int | None:
    found = body.get(name) if isinstance(body, dict) else None
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def shortened(text: str, most: int = 80) -> str:
    """One line of it: a name in a sentence."""
    line = " ".join(text[: most * 4].split())
    return line if len(line) <= most else line[: most - 1] + "…"
