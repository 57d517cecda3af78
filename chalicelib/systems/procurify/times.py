"""Procurify's moments and days: UTC with Z, local time with an offset, and plain dates (sheet section 2, Time)."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
MOMENT = re.compile(r"(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}:\d{2})(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})?", re.ASCII)


def moment(text: object) -> datetime | None:
    """The moment in UTC; None when the text is none. A moment without a zone is taken as UTC."""
    found = MOMENT.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        return None
    day, clock, fraction, zone = found.groups()
    offset = "+00:00" if zone in (None, "Z") else zone
    try:
        return datetime.fromisoformat(f"{day}T{clock}{(fraction or '.0')[:7]:0<7}{offset}").astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def as_text(at: datetime, *, timespec: str = "microseconds") -> str:
    return at.astimezone(UTC).isoformat(timespec=timespec).removesuffix("+00:00") + "Z"


def says_utc(text: object) -> bool:
    """Whether the text is a moment with Z: its day is known only in the customer's own zone."""
    return isinstance(text, str) and text.endswith("Z") and MOMENT.fullmatch(text) is not None


def zone_of(name: object) -> ZoneInfo | None:
    try:
        return ZoneInfo(name) if isinstance(name, str) and name else None
    except (KeyError, ValueError, OSError):  # unknown, malformed, the name of a folder
        return None


class NoDay(Exception):
    """The text names no calendar date; it says why."""


def day(text: str, zone: ZoneInfo | None) -> date:
    """The calendar date in the offset given: a due date has been seen as ...T23:00:00-07:00. Raises NoDay."""
    if not DAY.fullmatch(text) and not MOMENT.fullmatch(text):
        raise NoDay("should be a date")
    if says_utc(text) and zone is None:
        raise NoDay("is given in UTC and the headquarters location has no known time zone to read its day in")
    try:
        if says_utc(text):
            return datetime.fromisoformat(f"{text[:10]}T{text[11:19]}+00:00").astimezone(zone).date()
        return date.fromisoformat(text[:10])
    except (ValueError, OverflowError):
        raise NoDay("should be a date") from None
