"""What an answer says: its JSON, or the complaint in it, whichever of its shapes it wears (sheet section 5)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import NoReturn

from chalicelib.engine.ports import HttpAnswer

MOST_DETAIL = 600
MOST_TEXT = 2000
LONGEST_PAUSE = 3600.0
NOT_JSON = object()


@dataclass(frozen=True, slots=True)
class Fault:
    """`messages` are pairs of a field ("" where none is named) and Procore's sentence; `path` is what was called."""

    status: int
    messages: tuple[tuple[str, str], ...]
    path: str = ""
    trace: str = ""

    @property
    def detail(self) -> str:
        parts = (f"{field}: {text}" if field else text for field, text in self.messages)
        return "; ".join(dict.fromkeys(parts))[:MOST_DETAIL]

    @property
    def told(self) -> str:
        """All of it in one line, for the trail."""
        return f"status {self.status}; {self.path}: {self.detail}"


def decoded(answer: HttpAnswer) -> object:
    """The JSON value with exact numbers; None for an empty body, NOT_JSON for what is none."""
    if not answer.body.strip():
        return None
    try:
        value: object = json.loads(answer.body.decode("utf-8-sig"), parse_float=Decimal, parse_constant=_no_number)
    except (ValueError, RecursionError):
        return NOT_JSON
    return value


def fault(answer: HttpAnswer, path: str) -> Fault:
    """The complaint of an answer that is none of 200 to 299."""
    body = decoded(answer)
    found = list(messages(body)) if isinstance(body, dict) else []
    if not found and body is NOT_JSON:
        # A page of a gateway (sheet section 5: HTML on 502 and 503).
        found = [("", re.sub(r"<[^<>]*>", " ", answer.text[:MOST_TEXT]))]
    spaced = [(field, " ".join(text.split())) for field, text in found]
    return Fault(answer.status, tuple(pair for pair in spaced if pair[1]), path, answer.headers.get("x-request-id", ""))


def messages(body: dict[str, object]) -> Iterator[tuple[str, str]]:
    """Pairs of field and sentence out of all seven shapes."""
    errors, other = body.get("errors"), body.get("error")
    if errors:
        yield from _listed("", errors)
        return
    if isinstance(other, dict):
        details = other.get("details")
        entries = [entry for entry in details if isinstance(entry, dict)] if isinstance(details, list) else []
        yield from ((_text(entry.get("source")), _text(entry.get("message"))) for entry in entries)
        if not entries:
            yield "", _text(other.get("message"))
        return
    for name in ("message", "reason", "error_description"):
        if isinstance(body.get(name), str):
            yield "", _text(body[name])
    if isinstance(body.get("fields"), dict):
        yield from _listed("", body["fields"])
    if isinstance(other, str) and not isinstance(body.get("error_description"), str):
        yield "", other


def _listed(field: str, value: object) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _listed("" if name == "base" else str(name), inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _listed(field, inner)
    elif value is not None:
        yield field, _text(value)


def retry_after(answer: HttpAnswer, now: datetime) -> float | None:
    """Seconds until we may call again, by the later of both headers; None where neither says (sheet section 5)."""
    given = answer.headers.get("retry-after", "").strip()
    waits = [float(given)] if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,6})?", given) else []
    reset = rate_reset(answer, now)
    waits += [reset] if reset is not None else []
    return max(0.0, min(max(waits), LONGEST_PAUSE)) if waits else None


def rate_reset(answer: HttpAnswer, now: datetime) -> float | None:
    """Seconds until the allowance that is closest to its end is full again."""
    reset = answer.headers.get("x-rate-limit-reset", "").strip()
    return float(reset) - now.timestamp() if re.fullmatch(r"[0-9]{1,12}", reset) else None


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")
