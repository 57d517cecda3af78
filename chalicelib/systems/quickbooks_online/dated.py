"""What stands in the books in a period, whoever entered it: a few days at a time, so that memory stays bounded."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta

from chalicelib.engine.records import Booked, BookedPage, Json
from chalicelib.systems.quickbooks_online import models, query, shapes
from chalicelib.systems.quickbooks_online.client import Client
from chalicelib.systems.quickbooks_online.looking import ENTITY

DAYS = 7  # in one listing
MARK = re.compile(r"\[mlc:[^\]]*\]")


def dated(client: Client, kind: str, first: date, last: date, *, token: str | None) -> BookedPage:
    """The token is the day on which the next listing begins. Raises Faulty, Unfit and TryAgain."""
    begin = date.fromisoformat(token) if token else first
    end = min(last, begin + timedelta(days=DAYS - 1))
    found = [_booked(kind, raw) for raw in query.whole(client, ENTITY[kind], between(begin, end))]
    rows = [row for row in found if begin <= row.day <= end]
    if any(row.money and not row.money.currency for row in rows):
        # Where a company keeps one currency, its documents need not name it.
        home = models.fit(models.Preferences, client.one("Preferences")).CurrencyPrefs.HomeCurrency.value
        rows = [_in(row, home) for row in rows]
    return BookedPage(rows=rows, next=(end + timedelta(days=1)).isoformat() if end < last else None)


def between(first: date, last: date) -> str:
    return f"TxnDate >= {query.literal(first.isoformat())} AND TxnDate <= {query.literal(last.isoformat())}"


def _booked(kind: str, raw: Json) -> Booked:
    current, marks = shapes.document_current(kind, raw), MARK.findall(shapes.note_of(raw))
    if current.day is None:
        raise models.Unfit(ENTITY[kind], "TxnDate")
    mark = marks[-1] if marks else ""  # ours stands last in the note
    return Booked(id=current.id, day=current.day, money=current.money, label=current.label, mark=mark)


def _in(row: Booked, home: str) -> Booked:
    if row.money is None or row.money.currency:
        return row
    return replace(row, money=replace(row.money, currency=home))
