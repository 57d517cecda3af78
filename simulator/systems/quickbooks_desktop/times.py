"""The clock of the PC that QuickBooks runs on: local time, written with an offset, read with or without one."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

MOMENT = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:T(\d{1,2})(?::(\d{1,2})(?::(\d{1,2})([+-]\d{1,2}:\d{1,2})?)?)?)?")


def read_moment(text: str) -> datetime:
    """Naive when the text has no offset. Raises `ValueError` for anything that is not a moment."""
    found = MOMENT.fullmatch(text)
    if found is None:
        raise ValueError(text)
    year, month, day, hour, minute, second = (int(part or 0) for part in found.groups()[:6])
    moment = datetime(year, month, day, hour, minute, second)
    if found[7] is None:
        return moment
    hours, minutes = found[7][1:].split(":")
    offset = timedelta(hours=int(hours), minutes=int(minutes))
    return moment.replace(tzinfo=timezone(-offset if found[7][0] == "-" else offset))


def bound(text: str, zone: ZoneInfo, *, last: bool) -> float:
    """A filter's end as epoch seconds; a bare day is taken from its begin, or up to its end."""
    moment = read_moment(text)
    if last and "T" not in text:
        moment += timedelta(days=1, seconds=-1)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone)
    return moment.timestamp()


def written(epoch: float, zone: ZoneInfo, *, standard_offset: bool = False) -> str:
    """As QuickBooks prints it; older releases print summer's clock with winter's offset."""
    local = datetime.fromtimestamp(int(epoch), UTC).astimezone(zone)
    if standard_offset:
        winter = (local.utcoffset() or timedelta()) - (local.dst() or timedelta())
        local = local.replace(tzinfo=timezone(winter))
    return local.isoformat()
