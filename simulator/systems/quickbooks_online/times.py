"""The vendor's clock faces: Pacific offsets that move in summer, seconds in MetaData, milliseconds in envelopes."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone

STANDARD = timezone(timedelta(hours=-8))
SUMMER = timezone(timedelta(hours=-7))

_MOMENT = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:|$)")
_OFFSET = re.compile(r"(Z|[+-]\d\d:?\d\d)$")


def _sunday(year: int, month: int, which: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(6 - first.weekday()) % 7 + 7 * (which - 1))


def pacific(moment: datetime) -> datetime:
    """US rules written out, so that no time zone database is needed: both switches fall on 10:00 and 9:00 UTC."""
    spring = datetime.combine(_sunday(moment.year, 3, 2), datetime.min.time(), UTC) + timedelta(hours=10)
    autumn = datetime.combine(_sunday(moment.year, 11, 1), datetime.min.time(), UTC) + timedelta(hours=9)
    return moment.astimezone(SUMMER if spring <= moment < autumn else STANDARD)


def stamp(moment: datetime) -> str:
    """As in `MetaData`: whole seconds with the Pacific offset."""
    return pacific(moment).isoformat(timespec="seconds")


def envelope_time(moment: datetime) -> str:
    return pacific(moment).isoformat(timespec="milliseconds")


def has_offset(text: str) -> bool:
    return "T" in text and _OFFSET.search(text) is not None


def instant(text: str) -> float:
    """Epoch seconds of a date or time as a caller writes it, Pacific without an offset; ValueError when it is none."""
    if not _MOMENT.match(text):
        raise ValueError(text)
    moment = datetime.fromisoformat(text)
    try:
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=pacific(moment.replace(tzinfo=UTC)).tzinfo)
        return moment.timestamp()
    except OverflowError:
        raise ValueError(text) from None
