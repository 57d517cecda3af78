"""Moments as Intuit writes them: any offset, any precision, compared as instants (sheet sections 3 and 13.3)."""

from __future__ import annotations

from datetime import UTC, datetime


def moment(value: object) -> datetime | None:
    """The instant in UTC; None for what is none. Without an offset nobody knows which instant is meant."""
    if not isinstance(value, str):
        return None
    try:
        known = datetime.fromisoformat(value)
        return known.astimezone(UTC) if known.tzinfo else None
    except (ValueError, OverflowError):
        return None


def as_text(known: datetime) -> str:
    """With its offset, in whole seconds: more than that the vendor does not keep."""
    return known.astimezone(UTC).isoformat(timespec="seconds")
