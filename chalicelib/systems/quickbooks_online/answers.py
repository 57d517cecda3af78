"""What an answer says: the object in it, or the fault, whichever of its five costumes it wears (sheet section 3)."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from decimal import Decimal

from chalicelib.engine.ports import HttpAnswer
from chalicelib.engine.records import Json

MOST_DETAIL = 600
_CODES_IN_TEXT = (re.compile(r'code="(\d+)"'), re.compile(r"errorCode=(\d+)"))
_DETAIL_IN_XML = re.compile(r"<Detail>([^<]*)</Detail>")


class Unreadable(Exception):
    """The body is no JSON object."""


@dataclass(frozen=True, slots=True)
class Fault:
    """`codes` without leading zeros; `detail` is Intuit's text, `element` the field it names."""

    status: int
    codes: tuple[str, ...]
    detail: str
    element: str = ""


def read(answer: HttpAnswer) -> Json:
    """The JSON object, numbers exact."""
    try:
        body = json.loads(answer.body.decode("utf-8-sig"), parse_float=Decimal)
    except (ValueError, RecursionError) as bad:
        raise Unreadable from bad
    if not isinstance(body, dict):
        raise Unreadable
    return body


def fault(answer: HttpAnswer) -> Fault | None:
    """The fault of an answer, also one inside HTTP 200; None when it carries none."""
    try:
        body = read(answer)
    except Unreadable:
        return None if answer.status < 300 else _from_text(answer)
    found = body.get("Fault") or body.get("fault")
    if isinstance(found, dict):
        return _from_object(answer.status, found)
    return None if answer.status < 300 else _from_text(answer)


def from_object(status: int, found: object) -> Fault | None:
    return _from_object(status, found) if isinstance(found, dict) else None


def _from_object(status: int, found: Json) -> Fault:
    listed = found.get("Error") or found.get("error")
    entries = [entry for entry in listed if isinstance(entry, dict)] if isinstance(listed, list) else []
    codes, details, elements = [], [], []
    for entry in entries:
        named = {str(name).lower(): value for name, value in entry.items()}
        codes.append(_code(named.get("code")))
        details.append(str(named.get("detail") or named.get("message") or ""))
        elements.append(str(named.get("element") or ""))
    return Fault(
        status=status,
        codes=tuple(code for code in codes if code),
        detail=" ".join(dict.fromkeys(filter(None, details)))[:MOST_DETAIL],
        element=next(filter(None, elements), ""),
    )


def _from_text(answer: HttpAnswer) -> Fault:
    """Gateways answer in XML or HTML although JSON was asked for (sheet section 3)."""
    text = answer.text[:20_000]
    codes = [_code(code) for pattern in _CODES_IN_TEXT for code in pattern.findall(text)]
    detail = _DETAIL_IN_XML.search(text)
    return Fault(answer.status, tuple(dict.fromkeys(codes)), detail[1][:MOST_DETAIL] if detail else "")


def _code(value: object) -> str:
    return str(value).strip().lstrip("0") if value not in (None, "") else ""
