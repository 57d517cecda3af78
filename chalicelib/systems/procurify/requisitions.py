"""Requests (requisitions): a cost carried into Procurify's approvals. The answer shows a UUID and no number.

No key can be searched for, so the record mark stands in the name of every line and is looked for in the list of lines
(sheet section 4.2). The lines keep their names on the purchase order that grows out of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal

from chalicelib.engine.errors import ConnectorError, TryAgain, Unknown
from chalicelib.engine.records import Booked, BookedPage, Current, Done, Intent, Json, Money, Sighting
from chalicelib.systems.procurify import payables
from chalicelib.systems.procurify.client import Client
from chalicelib.systems.procurify.listing import whole
from chalicelib.systems.procurify.reading import number_at, text_at

REQUEST = "request:"
CREATE = "/api/v3/requisitions/"
ITEMS = "/api/v2/global/order_items/"
OVERLAP = timedelta(days=2)  # a calendar date, in a zone that is not told (sheet section 2, Filters)
LONGEST_NAME = 255
LAGS = timedelta(seconds=60)  # a list may not show yet what was made so shortly before
MARK = re.compile(r"\[mlc:[^\]]*\]")
ASKED_BY = "freshbooks"  # the one system whose bills are asked for here
BILL = re.compile(r"\[mlc:[^:\]]+:bill:([^\]]+)\]")
FIXED = "Procurify's API changes and deletes no request"


def marks_in(names: Iterable[str]) -> set[str]:
    """The record marks in the names of lines: an order whose lines carry one grew out of a request of ours."""
    return {mark for name in names for mark in MARK.findall(name)}


def bill_of(name: str) -> str:
    """The id of the bill that a line was asked for; "" for somebody else's."""
    found = BILL.search(name)
    return found[1] if found else ""


def look(client: Client, intent: Intent) -> Sighting:
    """Ours by the mark; or the bill itself, where that is there by now."""
    now = client.line.clock.now()
    found = _marked(client, intent.mark, _since(intent, now.date()))
    if found:
        return Sighting(ours=[replace(one, ours=True) for one in found])
    sighting = payables.look(client, intent)
    if intent.at and now - datetime.fromisoformat(intent.at) < LAGS and not (sighting.ours or sighting.twins):
        return Sighting(told=Unknown(f"{_title(intent)} is not in Procurify's list of requested lines, which may lag."))
    return sighting


def read(client: Client, id_: str) -> Current | None:
    number = id_.removeprefix(REQUEST)
    rows = whole(client, ITEMS, {"orderNum": number}) or []
    return _current(client, number, [row for row in rows if str(row.get("orderNum")) == number])


def write(client: Client, intent: Intent) -> Done:
    answer = client.write("POST", CREATE, _sent(intent), title=_title(intent))
    try:
        found = _marked(client, intent.mark, client.line.clock.now().date() - OVERLAP)
    except ConnectorError as unread:
        raise Unknown(f"Procurify took {_title(intent)}, and could not be asked for its number.") from unread
    if len(found) != 1:
        raise Unknown(f"Procurify took {_title(intent)}, and does not list it yet.")
    return Done(replace(found[0], ours=True), answer.body, request_id=answer.trace, money=found[0].money)


def dated(client: Client, first: date, last: date) -> BookedPage:
    """By the day on which they were made; every line of a request of ours carries its mark."""
    rows = whole(client, ITEMS, {"order_created_date_0": (first - OVERLAP).isoformat()}) or []
    requests: dict[str, list[Json]] = {}
    for row in rows:
        made = payables.day_of(row.get("created_at"))
        if number_at(row, "orderNum") is not None and made and first <= made <= last:
            requests.setdefault(str(row["orderNum"]), []).append(row)
    booked = []
    for number, lines in sorted(requests.items()):
        one = _current(client, number, lines)
        marks = sorted(marks_in(text_at(row, "name") for row in lines))
        if one is not None and one.day is not None:
            booked.append(Booked(one.id, one.day, one.money, one.label, mark=marks[0] if marks else ""))
    return BookedPage(rows=booked)


def _since(intent: Intent, today: date) -> date:
    """It cannot be older than the hand-over; one that was never handed over, than the bill."""
    if intent.at:
        return datetime.fromisoformat(intent.at).date() - OVERLAP
    dated = payables.day_of(intent.once["date"])
    assert dated is not None
    return min(dated, today) - OVERLAP


def _marked(client: Client, mark: str, since: date) -> list[Current]:
    rows = whole(client, ITEMS, {"last_modified_0": since.isoformat()})
    if rows is None:
        raise TryAgain("Procurify does not offer its list of requested lines just now.")
    ours = [row for row in rows if mark in text_at(row, "name")]
    numbers = dict.fromkeys(str(row.get("orderNum")) for row in ours)
    found = [
        _current(client, number, [row for row in ours if str(row.get("orderNum")) == number]) for number in numbers
    ]
    return [one for one in found if one is not None]


def _current(client: Client, number: str, rows: Sequence[Json]) -> Current | None:
    if not rows:
        return None
    currencies = {str(row["id"]): text_at(row, "name") for row in whole(client, "/api/v2/currencies/") or []}
    currency = currencies.get(str(rows[0].get("currency")), "")
    total = sum((Decimal(str(row.get("total_cost") or 0)) for row in rows), Decimal(0))
    body: Json = {"vendor": str(rows[0].get("pref_vendor")), "total": f"{total:.2f}", "currency": currency}
    return Current(
        id=REQUEST + number,
        version=max(str(row.get("last_modified")) for row in rows),
        body=body,
        raw={},
        locks=dict.fromkeys(body, FIXED),
        label=f"Request {number}",
        day=payables.day_of(rows[0].get("created_at")),
        money=Money(total, currency),
    )


def _sent(intent: Intent) -> Json:
    once, listed = intent.once, intent.once["lines"]
    assert isinstance(listed, list)
    return {
        "required_date": once["required"],
        "location_name": once["location"],
        "department_name": once["department"],
        "line_items": [_line(intent, line) for line in listed],
    }


def _line(intent: Intent, line: Json) -> Json:
    head = f"Bill {intent.once['label']}: " if intent.once.get("label") else ""
    room = LONGEST_NAME - len(head) - len(intent.mark) - 1
    return {
        "item_name": f"{head}{' '.join(str(line['description']).split())[:room]} {intent.mark}",
        "vendor_name": intent.once["vendor_name"],
        "account_code": line["account_code"],
        "unit_price": line["amount"],
        "quantity": "1",
        "unit": "each",
        "currency_code": intent.body["currency"],
        "custom_fields": [],
    }


def _title(intent: Intent) -> str:
    return f"The request for bill {intent.once['label']} of {intent.once['vendor_name']}"
