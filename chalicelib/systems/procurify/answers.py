"""What Procurify's answers mean for us: the one place that knows its status codes and the shapes of its refusals."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from chalicelib.engine.errors import ConnectorError, Held, LockedOut, TryAgain, Unknown
from chalicelib.engine.line import Line
from chalicelib.engine.ports import HttpAnswer
from chalicelib.systems.procurify.reading import Undecodable, decode

LONGEST_PAUSE = 3600.0
MOST_QUOTED = 800
OUTAGES = frozenset({502, 503, 504})  # waiting these out uses up no attempts; a 500 may be one record's own trouble
PERMISSIONS = (
    ("/ap/bills/", "accounts payable"),
    ("/vendors/", "vendors"),
    ("/requisitions/", "requests"),
    ("/locations/", "settings"),
    ("/users/", "its own profile"),
)


def is_web_page(answer: HttpAnswer) -> bool:
    return answer.body.lstrip()[:1] == b"<" or "text/html" in answer.headers.get("content-type", "").lower()


def trouble(answer: HttpAnswer, *, path: str, connection: str, hide: Sequence[str] = ()) -> ConnectorError | None:
    """What stands in the way, None when nothing does. 401, 404 and 429 are the caller's."""
    status, trace = answer.status, trace_of(answer)
    if is_web_page(answer):
        return TryAgain(
            f"A web page came instead of Procurify's data (status {status}{trace}), as gateways send while Procurify "
            f"is busy or down. If it goes on, check the domain of the connection {connection}.",
            counts=status not in OUTAGES,
        )
    if status >= 500:
        return TryAgain(f"Procurify could not answer just now (status {status}{trace}).", counts=status not in OUTAGES)
    said = message_of(answer, hide=hide)
    if status == 403:
        needed = next((name for part, name in PERMISSIONS if part in path), "what was asked for")
        return LockedOut(
            f"Procurify does not let the user behind the connection {connection} read {needed}: {said}{trace}",
            fix=(
                f"A Procurify administrator gives the user who created the API application a role that may read "
                f"{needed}, then tests the connection {connection} again. It is a matter of that role: repeating "
                "does not help."
            ),
        )
    if 200 <= status < 300 or status in (401, 404):
        return None
    if status < 400:
        return TryAgain(
            f"Procurify sent us to another address (status {status}{trace}) where we do not follow. If it goes on, "
            f"check the domain of the connection {connection}."
        )
    # A refused read changed nothing, and no record is to blame: a list stays to be read.
    return TryAgain(f"Procurify refused to be read (status {status}{trace}): {said}")


def refused(answer: HttpAnswer, *, path: str, connection: str, title: str, hide: Sequence[str] = ()) -> ConnectorError:
    """What became of a write that was not taken; 401 and 429 are the caller's. `title` names what was sent."""
    status, trace = answer.status, trace_of(answer)
    if status >= 500 or is_web_page(answer):
        # A gateway that gave up waiting says nothing of what happened behind it.
        return Unknown(f"Procurify could not say whether it took {title} (status {status}{trace}).").seen(answer.text)
    said = message_of(answer, hide=hide)
    if status == 403:
        needed = next((name for part, name in PERMISSIONS if part in path), "what was sent")
        return LockedOut(
            f"Procurify does not let the user behind the connection {connection} write {needed}: {said}{trace}",
            fix=f"A Procurify administrator gives the user who created the API application a role that may write "
            f"{needed}, then tests the connection {connection} again.",
        )
    if status < 400:
        return TryAgain(f"Procurify sent us to another address (status {status}{trace}) where we do not follow.")
    if status == 413:
        return Held(
            "too_large",
            f"{title} is larger than Procurify takes at once{trace}.",
            cause=f"size of {title}",
            fix="Split it at the source, or enter it in Procurify by hand and dismiss it here.",
        )
    return Held(
        "not_accepted",
        f"Procurify did not take {title} (status {status}{trace}): {said}",
        cause=said[:120],
        fix="Correct what Procurify names, at the source or in Procurify, then replay the record.",
    ).seen(answer.text)


def throttled(line: Line, answer: HttpAnswer, *, turn: int = 0) -> TryAgain:
    """Pause the whole allowance for as long as Procurify asks; without a figure, longer with each `turn` in a row."""
    seconds = retry_after(answer, line.clock.now())
    if seconds is None:
        seconds = min(60.0, 0.5 * 2.0**turn) * (1 + line.clock.chance())
    why = "Procurify asked us to slow down."
    line.pause(seconds, why)
    return TryAgain(why, after=seconds, counts=False)


def retry_after(answer: HttpAnswer, now: datetime) -> float | None:
    """Seconds, given as such or as a date; at most an hour, then it is asked again."""
    text = answer.headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d{1,9}(\.\d{1,6})?", text, re.ASCII):
        seconds = float(text)
    else:
        try:
            until = parsedate_to_datetime(text)
            seconds = (until if until.tzinfo else until.replace(tzinfo=UTC)).timestamp() - now.timestamp()
        except (ValueError, TypeError, OverflowError):
            return None
    return min(seconds, LONGEST_PAUSE) if seconds > 0 else None


def trace_of(answer: HttpAnswer) -> str:
    """Their support asks for it with every failure."""
    found = answer.headers.get("x-request-id") or answer.headers.get("x-procurify-request-id") or ""
    return f", request id {found}" if re.fullmatch(r"[\w.-]{1,80}", found, re.ASCII) else ""


def message_of(answer: HttpAnswer, *, hide: Sequence[str] = ()) -> str:
    """What Procurify said of a refusal, in whichever of its five shapes (sheet section 2), fit to be read."""
    try:
        body = decode(answer.body)
    except Undecodable:
        body = None
    said = _said(body) if body is not None else answer.text[:MOST_QUOTED]
    for secret in hide:
        said = said.replace(secret, "***") if secret else said
    said = re.sub(r"(?i)\berrors?\b", "fault", " ".join(said.split()))[:MOST_QUOTED]
    return said or "it gave no reason."


def _said(body: object) -> str:
    if not isinstance(body, dict):
        return _joined(body)
    if body.get("errors"):
        return _joined(body["errors"])
    for name in ("detail", "message", "description"):
        if isinstance(body.get(name), str) and body[name]:
            return str(body[name])
    return _joined({name: value for name, value in body.items() if name not in ("code", "success", "data", "errors")})


def _joined(value: object) -> str:
    """Flat text of nested messages; the key "null" marks a message about no field."""
    if isinstance(value, dict):
        if isinstance(value.get("message"), str):
            return str(value["message"])
        parts = [(name, _joined(entry)) for name, entry in value.items()]
        return "; ".join(text if name == "null" else f"{name}: {text}" for name, text in parts if text)
    if isinstance(value, list):
        return " ".join(text for text in map(_joined, value) if text)
    return value if isinstance(value, str) else ""
