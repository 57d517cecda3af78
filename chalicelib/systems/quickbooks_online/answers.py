"""What an answer says: the object in it, or the fault, whichever of its costumes it wears (sheet section 3)."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from decimal import Decimal
from html import unescape
from typing import NoReturn

from chalicelib.engine.ports import HttpAnswer
from chalicelib.engine.records import Json

MOST_DETAIL = 600
MOST_TEXT = 20_000
_CODES_IN_TEXT = (re.compile(r'code="(\d+)"'), re.compile(r"errorCode=(\d+)"), re.compile(r'"code"\s?:\s?"?(\d+)'))
_DETAIL_IN_XML = re.compile(r"<Detail>([^<]*)</Detail>")


@dataclass(frozen=True, slots=True)
class Fault:
    """`codes` without leading zeros; `detail` is Intuit's text, `element` the field it names."""

    status: int
    codes: tuple[str, ...]
    detail: str
    element: str = ""
    trace: str = ""

    @property
    def told(self) -> str:
        """All of it in one line, for the trail."""
        parts = (f"status {self.status}", f"codes {', '.join(self.codes)}" if self.codes else "", self.element)
        return f"{'; '.join(filter(None, parts))}: {self.detail}"


@dataclass(frozen=True, slots=True)
class Reading:
    """`body` None: no JSON object came. `trace` is Intuit's own id of the call."""

    body: Json | None
    fault: Fault | None
    trace: str


def reading(answer: HttpAnswer) -> Reading:
    """Everything there is to know of an answer; a fault may sit inside HTTP 200 too."""
    trace = answer.headers.get("intuit_tid", "")
    body = _object(answer)
    found = (body.get("Fault") or body.get("fault")) if body is not None else None
    if isinstance(found, dict):
        return Reading(body, _from_object(answer.status, found, trace), trace)
    said = "<Fault" in answer.text[:MOST_TEXT] if body is None else False
    if said or not 200 <= answer.status < 300:
        return Reading(body, _from_text(answer, trace), trace)
    return Reading(body, None, trace)


def fault(answer: HttpAnswer) -> Fault | None:
    return reading(answer).fault


def _object(answer: HttpAnswer) -> Json | None:
    """The JSON object, numbers exact; None for anything else."""
    try:
        body = json.loads(answer.body.decode("utf-8-sig"), parse_float=Decimal, parse_constant=_no_number)
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _from_object(status: int, found: Json, trace: str) -> Fault:
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
        detail=_short(" ".join(dict.fromkeys(filter(None, details)))),
        element=next(filter(None, elements), ""),
        trace=trace,
    )


def _from_text(answer: HttpAnswer, trace: str) -> Fault:
    """Gateways answer in XML or HTML although JSON was asked for (sheet section 3)."""
    text = answer.text[:MOST_TEXT]
    codes = [_code(code) for pattern in _CODES_IN_TEXT for code in pattern.findall(text)]
    details = [unescape(detail) for detail in _DETAIL_IN_XML.findall(text)]
    return Fault(answer.status, tuple(dict.fromkeys(codes)), _short(" ".join(dict.fromkeys(details))), trace=trace)


def _code(value: object) -> str:
    return str(value).strip().lstrip("0") if value not in (None, "") else ""


def _short(detail: str) -> str:
    return " ".join(detail.split())[:MOST_DETAIL]
