"""Quiet hours: when people want QuickBooks for themselves, there is no work for the Web Connector."""

from __future__ import annotations

import re
from datetime import datetime, time
from zoneinfo import ZoneInfo

ALWAYS = "always"
HOURS = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d) (\S+)")


def check(text: str) -> str:
    """Raises ValueError when it is neither `always` nor hours with a known time zone."""
    found = HOURS.fullmatch(text)
    if text == ALWAYS:
        return text
    try:
        if found is None or ZoneInfo(found[5]).key != found[5]:
            raise KeyError(text)
    except (KeyError, OSError, ValueError):
        raise ValueError('always, or hours and a time zone as "08:00-18:00 America/New_York"') from None
    return text


def is_quiet(text: str, now: datetime) -> bool:
    """By the clock of the zone; hours may go over midnight. "": never."""
    found = HOURS.fullmatch(text)
    if found is None:
        return text == ALWAYS
    begin, end = time(int(found[1]), int(found[2])), time(int(found[3]), int(found[4]))
    here = now.astimezone(ZoneInfo(found[5])).time()
    return begin <= here < end if begin <= end else here >= begin or here < end
