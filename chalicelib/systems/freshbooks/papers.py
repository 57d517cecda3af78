"""What vendors, bills and payments have in common as documents that are read: what is kept of them, and their labels.

Kept is what stands there, so that an odd one can be looked at; the fingerprint is made of what we make of it, so that
neither a bill that becomes overdue nor another spelling of an amount is news.
"""

from __future__ import annotations

import datetime
import re
from decimal import Decimal
from typing import TypeVar

from chalicelib.engine.errors import Held
from chalicelib.engine.records import Json, Money, fingerprint
from chalicelib.systems.freshbooks.models import Shape, Sum, Unfit, fit, plain

NOTHING = Decimal("0.00")
S = TypeVar("S", bound=Shape)


def keep(shape: type[Shape], raw: Json) -> Json:
    """The fields that `shape` reads, as they are spelled there. Judges nothing."""
    kept = plain({name: raw[name] for name in shape.model_fields if name in raw})
    assert isinstance(kept, dict)
    return kept


def print_of(shape: type[Shape], body: Json, *, exclude: set[str]) -> str:
    """The fingerprint: of what is read, or of what stands there as long as it cannot be read."""
    try:
        used: object = fit(shape, body).model_dump(mode="json", exclude=exclude)
    except Unfit:
        used = body
    return fingerprint(used)


def read(shape: type[S], body: Json, *, record: str) -> S:
    """The typed body. Raises Held naming the fields that do not fit."""
    try:
        return fit(shape, body)
    except Unfit as unfit:
        raise unreadable(record, unfit.fields) from None


def unreadable(record: str, fields: str) -> Held:
    return Held(
        "unreadable_source",
        f"{record} could not be read from FreshBooks: {fields} is missing or has another form than described.",
        cause=re.sub(r"\.\d+", "", fields),
        fix="Open it in FreshBooks and fill in what is missing. If nothing is missing there, the vendor has changed "
        "what it sends: the operator of ml-connector adapts to it and releases the record.",
        owner="operator",
    )


def day(text: str, *, record: str, field: str) -> datetime.date:
    """A day has no zone: it is read as it stands."""
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        raise unreadable(record, field) from None


def day_or_none(text: object) -> datetime.date | None:
    try:
        return datetime.date.fromisoformat(str(text))
    except ValueError:
        return None


def amount(found: Sum | None) -> Decimal:
    return found.amount if found is not None else NOTHING


def money(found: Sum | None, code: str) -> Money | None:
    return Money(found.amount, found.code or code) if found is not None and (found.code or code) else None
