"""Quiet hours: when people want QuickBooks for themselves, there is no work for the Web Connector."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta
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


def after(text: str, begin: datetime, span: timedelta) -> datetime | None:
    """When so much time outside of the quiet hours has passed since then; None: never."""
    found = HOURS.fullmatch(text)
    if found is None:
        return None if text == ALWAYS else begin + span
    turns = {time(int(found[1]), int(found[2])), time(int(found[3]), int(found[4]))}
    while True:
        following = _next(turns, begin, ZoneInfo(found[5]))
        if not is_quiet(text, begin):
            if begin + span <= following:
                return begin + span
            span -= following - begin
        begin = following


def _next(turns: set[time], now: datetime, zone: ZoneInfo) -> datetime:
    """The next moment at which a clock of the zone shows one of these times."""
    today = now.astimezone(zone).date()
    days = [today + timedelta(days=n) for n in range(3)]
    moments = [datetime.combine(day, turn, zone).astimezone(UTC) for day in days for turn in turns]
    return min(moment for moment in moments if moment > now)
