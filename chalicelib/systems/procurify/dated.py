"""What is dated in a period: list rows around it, for the engine to judge by each document's own date.

The filters narrow down and are not relied on: unknown ones are ignored silently, and in which zone a day is read is
not told (sheet section 2, Filters).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from chalicelib.engine.errors import TryAgain
from chalicelib.engine.records import Json, Page, Row
from chalicelib.systems.procurify import bills, orders
from chalicelib.systems.procurify.client import Client
from chalicelib.systems.procurify.listing import Place, begin, onward, resume
from chalicelib.systems.procurify.times import NoDay, day

AROUND = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class _List:
    """`field` is the document's date in a row and, with _0 and _1, in the filter."""

    path: str
    field: str
    order: str
    row: Callable[[Json], Row | None]


LISTS = {
    "bill": _List(bills.LIST, "invoice_date", "-last_modified_datetime", bills.row),
    "purchase_order": _List(orders.LIST, "date", "-last_modified", orders.row),
}


def dated(client: Client, kind: str, first: date, last: date, *, token: str | None, now: datetime) -> Page:
    """One page. Raises TryAgain for a list that cannot be read to its end, or with rows that cannot be told apart."""
    listed_by, begins, ends = LISTS[kind], first - AROUND, last + AROUND
    place = resume(token) if token else _begin(listed_by, begins, ends, now)
    listed = client.page(place.path)
    spoken = kind.replace("_", " ")
    further = onward(place, listed)
    if (listed is None and place.page == 1) or not further.whole:
        raise TryAgain(f"Procurify's list of {spoken}s could not be read to its end.")
    rows: dict[str, Row] = {}
    for raw in listed.rows if listed else []:
        found = raw if isinstance(raw, dict) else {}
        row = listed_by.row(found)
        if row is None:
            raise TryAgain(f"A row of Procurify's list of {spoken}s has no id.")
        if _may_be_in(found.get(listed_by.field), begins, ends):
            rows[row.id] = row
    return Page(rows=list(rows.values()), next=further.place.token() if further.place else None)


def _begin(listed_by: _List, begins: date, ends: date, now: datetime) -> Place:
    field = listed_by.field
    query = {"order_by": listed_by.order, f"{field}_0": begins.isoformat(), f"{field}_1": ends.isoformat()}
    return begin(listed_by.path, now=now, query=query)


def _may_be_in(value: object, begins: date, ends: date) -> bool:
    """A list row's day is rough; one without a readable day is looked at."""
    try:
        return begins <= day(value[:10] if isinstance(value, str) else "", None) <= ends
    except NoDay:
        return True
