"""What an answer says: its JSON, or the complaint in it, whichever of its seven shapes it wears (sheet section 4.2).

A complaint may come with HTTP 200, so every answer is looked through before its contents are used.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import NoReturn

from chalicelib.engine.ports import HttpAnswer

MOST_DETAIL = 600
MOST_PAGE = 500  # characters of a gateway's page
LONGEST_PAUSE = 900.0
NOT_JSON = object()
NUMBER = re.compile(r"[0-9]{1,12}(\.[0-9]{1,6})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Complaint:
    """`errno` is the vendor's number as text, "" where it gives none."""

    errno: str = ""
    field: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Fault:
    status: int
    complaints: tuple[Complaint, ...]
    path: str = ""
    trace: str = ""

    @property
    def errnos(self) -> tuple[str, ...]:
        return tuple(one.errno for one in self.complaints if one.errno)

    @property
    def detail(self) -> str:
        parts = (f"{one.field}: {one.text}" if one.field else one.text for one in self.complaints)
        return "; ".join(dict.fromkeys(filter(None, parts)))[:MOST_DETAIL]

    @property
    def told(self) -> str:
        """All of it in one line, for the trail."""
        numbers = f"; numbers {', '.join(self.errnos)}" if self.errnos else ""
        return f"status {self.status}{numbers}; {self.path}: {self.detail}"


def decoded(answer: HttpAnswer) -> object:
    """The JSON value with exact numbers; None for an empty body, NOT_JSON for what is none."""
    if not answer.body.strip():
        return None
    try:
        value: object = json.loads(answer.body.decode("utf-8-sig"), parse_float=Decimal, parse_constant=_no_number)
    except (ValueError, RecursionError):
        return NOT_JSON
    return value


def fault(answer: HttpAnswer, path: str) -> Fault | None:
    """The complaint of an answer, whatever its status; None where there is none."""
    body = decoded(answer)
    found = list(_complaints(body)) if isinstance(body, dict) and _complains(body, answer.status) else []
    if not found and 200 <= answer.status < 300:
        return None
    if not found and body is NOT_JSON:
        found = [Complaint(text=re.sub(r"<[^<>]*>", " ", answer.text[:MOST_PAGE]))]
    spaced = [Complaint(one.errno, one.field, " ".join(one.text.split())) for one in found]
    return Fault(answer.status, tuple(spaced), path, answer.headers.get("x-request-id", ""))


def retry_after(answer: HttpAnswer, now: datetime) -> float | None:
    """Seconds until we may call again, from seconds, an HTTP date or the moment of the reset; None: it does not say."""
    given = answer.headers.get("retry-after", "").strip()
    if NUMBER.fullmatch(given):
        return min(float(given), LONGEST_PAUSE)
    try:
        until = parsedate_to_datetime(given)
    except ValueError:
        reset = answer.headers.get("x-ratelimit-reset", "").strip()
        seconds = float(reset) - now.timestamp() if NUMBER.fullmatch(reset) else None
    else:
        seconds = (until if until.tzinfo else until.replace(tzinfo=UTC)).timestamp() - now.timestamp()
    return None if seconds is None else max(0.0, min(seconds, LONGEST_PAUSE))


# ---------------------------------------------------------------------------------------------- inside


def _complains(body: Mapping[str, object], status: int) -> bool:
    if not 200 <= status < 300:
        return True
    inner = body.get("response")
    if isinstance(inner, Mapping):
        return bool(inner.get("errors"))
    return bool({"errors", "errno", "error"} & set(body)) or ("code" in body and "details" in body)


def _complaints(body: Mapping[str, object]) -> Iterator[Complaint]:
    inner = body.get("response")
    if isinstance(inner, Mapping) and inner.get("errors"):
        for entry in _objects(inner["errors"]):
            yield Complaint(_text(entry.get("errno")), _text(entry.get("field")), _text(entry.get("message")))
        return
    errors = body.get("errors")
    if errors:
        yield from _of_details(errors if isinstance(errors, Mapping) else {"details": errors})
        return
    yield from _of_error(body) if body.get("error") else _of_details(body)


def _of_details(body: Mapping[str, object]) -> Iterator[Complaint]:
    """The newer accounting version, events, and the ledger: a message, and details in one of four forms."""
    errno, told = _text(body.get("errno")), False
    listed = body.get("details")
    for entry in listed if isinstance(listed, list) else []:
        told = True
        if not isinstance(entry, Mapping):
            yield Complaint(errno, "", _text(entry))
            continue
        about = entry.get("metadata")
        named = about if isinstance(about, Mapping) else {}
        reason, number = _text(entry.get("reason")), errno
        if reason.isdigit():
            reason, number = "", reason
        for each in _objects(entry.get("fieldViolations")):
            yield Complaint(errno, _text(each.get("field")), _text(each.get("description")))
        if reason or number != errno or named:
            yield Complaint(number, _text(named.get("field")), _text(named.get("message")) or reason)
    if not told and (errno or body.get("message")):
        yield Complaint(errno, "", _text(body.get("message")))


def _of_error(body: Mapping[str, object]) -> Iterator[Complaint]:
    """Sign-in, and the families of projects: a word with its description, or a text per field."""
    errno, error = _text(body.get("errno")), body["error"]
    if isinstance(error, Mapping):
        yield from (Complaint(errno, str(field), _text(text)) for field, text in error.items())
        return
    yield Complaint(errno, "", _text(body.get("error_description")) or _text(error))


def _objects(value: object) -> list[Mapping[str, object]]:
    """A list's objects; a single object stands for a list of one."""
    listed = [value] if isinstance(value, Mapping) else value
    return [entry for entry in listed if isinstance(entry, Mapping)] if isinstance(listed, list) else []


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")
