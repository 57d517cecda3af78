"""The vendor's clock faces: naive US/Eastern here, naive UTC there, ISO with a Z elsewhere."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

EASTERN = ZoneInfo("America/Toronto")


def eastern(moment: datetime) -> str:
    return f"{moment.astimezone(EASTERN):%Y-%m-%d %H:%M:%S}"


def eastern_exact(moment: datetime) -> str:
    return f"{moment.astimezone(EASTERN):%Y-%m-%d %H:%M:%S.%f}"


def naive_utc(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def iso(moment: datetime, *, exact: bool = False) -> str:
    return (
        f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}" if exact else f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    )


def today(moment: datetime) -> str:
    return moment.astimezone(EASTERN).date().isoformat()
