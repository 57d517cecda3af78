"""What vendors, bills and payments have in common as documents that are read: what is kept of them, and their labels.

Kept is what stands there, so that an odd one can be looked at; the fingerprint is made of what we make of it, so that
neither a payment on a bill nor another spelling of an amount is news.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeVar

from chalicelib.engine.errors import Held
from chalicelib.engine.records import Json, Money, fingerprint
from chalicelib.systems.quickbooks_online.models import Ref, Shape, Unfit, fit
from chalicelib.systems.quickbooks_online.shapes import plain

HOME = "homeCurrency"  # put in by the source where a document does not name its currency
NOTHING = Decimal("0.00")
LONGEST = 80  # characters of a name in a sentence
MARK = re.compile(r"\[mlc:([^:\]]+):([^:\]]+):([^\]]+)\]")
S = TypeVar("S", bound=Shape)


@dataclass(frozen=True, slots=True)
class Named:
    """A reference as it stands in a document: `name` is what it was called when the document was read."""

    id: str = ""
    name: str = ""


NOBODY = Named()


def named(ref: Ref) -> Named:
    return Named(ref.value, ref.name)


def keep(shape: type[Shape], raw: Json) -> Json:
    """The fields that `shape` reads, as they are spelled there. Judges nothing."""
    kept = plain({name: raw[name] for name in [*shape.model_fields, HOME] if name in raw})
    assert isinstance(kept, dict)
    return kept


def print_of(shape: type[Shape], body: Json, *, instead: Mapping[str, object] | None = None) -> str:
    """The fingerprint: of what is read, or of what stands there as long as it cannot be read.

    The vendor's name on a document is for people only, and may change without the document. `instead` takes the place
    of fields that are only used in part.
    """
    try:
        read_ = fit(shape, body).model_dump(exclude={"SyncToken": True, "VendorRef": {"name"}})
        used: object = read_ | dict(instead or {})
    except Unfit:
        used = body
    return fingerprint([used, body.get(HOME)])


def read(shape: type[S], body: Json, *, record: str) -> S:
    """The typed body. Raises Held naming the fields that do not fit."""
    try:
        return fit(shape, body)
    except Unfit as unfit:
        raise unreadable(record, unfit.fields) from None


def unreadable(record: str, fields: str) -> Held:
    return Held(
        "unreadable_source",
        f"{record} could not be read from QuickBooks Online: {fields} is missing or has another form than described.",
        cause=re.sub(r"\.\d+", "", fields),
        fix="Open it in QuickBooks Online and fill in what is missing. If nothing is missing there, the vendor has "
        "changed what it sends: the operator of ml-connector adapts to it and releases the record.",
        owner="operator",
    )


def day(text: str, *, record: str, field: str) -> datetime.date:
    try:
        return datetime.date.fromisoformat(text[:10])
    except ValueError:
        raise unreadable(record, field) from None


def day_or_none(text: object) -> datetime.date | None:
    try:
        return datetime.date.fromisoformat(str(text)[:10])
    except ValueError:
        return None


def currency(ref: Ref, body: Json) -> str:
    """The document's own, else the one that the company keeps its books in."""
    return ref.value or str(body.get(HOME) or "")


def money(amount: Decimal | None, code: str) -> Money | None:
    return Money(amount, code) if amount is not None and code else None


def mark(note: str) -> tuple[str, str] | None:
    """(connection, source id) of the record mark that a document carries; ours stands last in the note."""
    found = MARK.findall(note)
    return (found[-1][0], found[-1][2]) if found else None


def without_mark(note: str) -> str:
    return MARK.sub("", note).strip()


def shortened(text: str, most: int = LONGEST) -> str:
    line = " ".join(text[: most * 4].split())
    return line if len(line) <= most else line[: most - 1] + "…"


def text_at(body: object, *path: str) -> str:
    """The text found there, "" for anything else: for labels, which must never fail."""
    for name in path:
        body = body.get(name) if isinstance(body, dict) else None
    return body if isinstance(body, str) else ""
