"""Procurify's bills as a target: none can be made or changed there, so one that is there is found and linked.

Ids of the target say what they are of: "bill:" and the UUID, "mail:" (inbox.py), "request:" (requisitions.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

from chalicelib.engine.errors import Held
from chalicelib.engine.match import plain_name
from chalicelib.engine.merge import stands
from chalicelib.engine.records import Current, Done, Intent, Json, Sighting
from chalicelib.engine.sightings import suggestion
from chalicelib.systems.procurify import bills
from chalicelib.systems.procurify.client import Client
from chalicelib.systems.procurify.listing import whole
from chalicelib.systems.procurify.reading import number_at, text_at
from chalicelib.systems.procurify.shapes import normal_uuid
from chalicelib.systems.procurify.times import as_text
from chalicelib.systems.procurify.vendors import vendor_id

BILL = "bill:"
WINDOW = timedelta(days=45)
UNMADE = frozenset({3, 5})  # denied and withdrawn: there, and not owed
STATUS = ("a draft", "submitted", "approved", "denied", "paid", "withdrawn", "paid", "paid", "being paid")
SAME = "same vendor, number, total and currency"
OWNED = ("vendor", "number", "total", "currency")
FIXED = "Procurify's API changes and deletes no bill"


def current(raw: Json) -> Current:
    """Raises Held for a bill whose amounts cannot be read."""
    money = bills.money_of(bills.keep(raw))
    number, status = text_at(raw, "invoice_number"), number_at(raw, "status")
    body: Json = {
        "vendor": vendor_id(raw.get("vendor")) or "",
        "number": plain_name(number),
        "total": f"{money.amount:.2f}",
        "currency": money.currency,
    }
    return Current(
        id=BILL + str(normal_uuid(raw.get("uuid"))),
        version=f"{raw.get('last_modified_datetime')} {status}",
        body=body,
        raw={},  # a bill's detail is large, and nothing of it is used again
        locks=dict.fromkeys(OWNED, FIXED),
        label=f"Bill {number or raw.get('id')}",
        day=day_of(raw.get("invoice_date")),
        money=money,
    )


def one(client: Client, id_: str) -> Json | None:
    """The bill's detail by the id that we gave it, or None."""
    known = normal_uuid(id_.removeprefix(BILL))
    if known is None:
        return None
    return client.one(bills.ONE.format(uuid="-".join((known[:8], known[8:12], known[12:16], known[16:20], known[20:]))))


def read(client: Client, id_: str) -> Current | None:
    raw = one(client, id_)
    return None if raw is None else current(raw)


def look(client: Client, intent: Intent) -> Sighting:
    """The one bill of this vendor, number, total and currency is it. Like it and not the same: a person decides."""
    wanted = {name: intent.body.get(name, intent.once.get(name)) for name in OWNED}
    found = [(raw, current(raw)) for raw in _alike(client, wanted, day_of(intent.once.get("date")))]
    same = [one for raw, one in found if wanted["number"] and one.body == wanted and _is_owed(raw)]
    if len(same) == 1:
        return Sighting(ours=[replace(same[0], ours=True, known_by=SAME)])
    if same:
        return Sighting(twins=same)
    if not wanted["number"]:
        return Sighting(twins=[one for raw, one in found if _is_owed(raw) and stands(one, _without_number(wanted))])
    return Sighting(told=differs(intent, *found[0])) if found else Sighting()


def write(client: Client, intent: Intent) -> Done:
    """There is nothing to write: the bill has to be there. Raises Held with all that a person needs to enter it."""
    named, vendor = str(intent.once.get("label") or "without a number"), str(intent.once["vendor_name"])
    due = f", due {intent.once['due_date']}" if intent.once.get("due_date") else ""
    listed = intent.once.get("lines")
    lines = "; ".join(f"{line['description'] or 'line'} {line['amount']}" for line in listed or [])  # type: ignore[attr-defined]  # a list of ours
    raise Held(
        "bill_not_found",
        f"Procurify has no bill {named} of {vendor} over {intent.money}, and its API makes none.",
        cause=f"bill {named} of {vendor}",
        fix=f"Enter it in Procurify: vendor {vendor}, number {named}, dated {intent.once['date']}{due}, "
        f"{intent.money} ({lines[:300]}). It is linked by itself then.",
        waits_for=[f"reference:bill@{intent.body['vendor']}"],
    )


def differs(intent: Intent, raw: Json, there: Current) -> Held:
    """A bill that would be the same one, but for what it says."""
    status = number_at(raw, "status")
    standing = STATUS[status] if status is not None and 0 <= status < len(STATUS) else "of a status not known here"
    return Held(
        "bill_differs",
        f"Procurify has {there.label} of {intent.once['vendor_name']} over {there.money}, {standing}; "
        f"the source has {intent.money}. Nothing was done.",
        cause=f"{there.label} of {intent.once['vendor_name']}",
        fix="If it is the same bill, correct it in Procurify or at the source: it goes by itself when both say the "
        "same. If it is another one, correct the number at one end.",
        waits_for=[f"reference:bill@{there.body['vendor']}"],
        suggested=[suggestion(there)],
    )


def day_of(value: object) -> date | None:
    try:
        return date.fromisoformat(value[:10]) if isinstance(value, str) else None
    except ValueError:
        return None


def changed_since(client: Client, day: date) -> dict[str, str]:
    """The filter for bills that were entered or changed since that day; drafts without any date are among them.

    A document may be dated ahead, so it is never later than some weeks ago.
    """
    first = min(day, client.line.clock.now().date() - WINDOW)
    begins = as_text(datetime.combine(first, time(), UTC), timespec="seconds")
    return {"last_modified_datetime_0": begins, "order_by": "-last_modified_datetime"}


def _alike(client: Client, wanted: Mapping[str, object], day: date | None) -> list[Json]:
    """Of that vendor and number, around that day or without any; without a number, all of them."""
    assert day is not None
    if not str(wanted["vendor"]).isdecimal():  # in a rehearsal the vendor may still have to be made
        return []
    rows = whole(client, bills.LIST, {"vendor": str(wanted["vendor"]), **changed_since(client, day - WINDOW)}) or []
    near = [
        row
        for row in rows
        if vendor_id(row.get("vendor")) == wanted["vendor"]
        and plain_name(text_at(row, "invoice_number")) == wanted["number"]
        and (not (dated := day_of(row.get("invoice_date"))) or abs(dated - day) <= WINDOW)
    ]
    details = (one(client, str(normal_uuid(row.get("uuid")))) for row in near)
    return [raw for raw in details if raw is not None]


def _is_owed(raw: Json) -> bool:
    return number_at(raw, "status") not in UNMADE and raw.get("active") is not False


def _without_number(wanted: Mapping[str, object]) -> Json:
    return {name: value for name, value in wanted.items() if name != "number"}
