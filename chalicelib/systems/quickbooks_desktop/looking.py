"""Is it there already? Before a first create, and after a write whose answer never came (sheet 5.2, 5.3).

Finding is believed at once. Absence counts only when every witness says so: QuickBooks' own memory of the message set,
the bills of that number, what people deleted since, and the vendor's recent bills by their ExternalGUID; and only when
the write had time to end.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from chalicelib.engine.errors import ConnectorError, Held, Later
from chalicelib.engine.records import Current, Intent, Sighting
from chalicelib.systems.quickbooks_desktop import current, rows, verdicts, writing
from chalicelib.systems.quickbooks_desktop.asking import BY_ID
from chalicelib.systems.quickbooks_desktop.known import Known
from chalicelib.systems.quickbooks_desktop.rows import Row

OVERLAP = timedelta(hours=2)  # the PC's clock and its summer time (sheet 4.2)
FORGOTTEN = 600  # no such stored state


def values_of(intent: Intent) -> list[str]:
    """By what it is asked for: outdated once it was written."""
    own = [str(intent.body["name"])] if intent.kind == "vendor" else _numbers(intent)
    return own + ([intent.current.id] if intent.current else [])


def look(known: Known, intent: Intent, *, now: datetime, settles: timedelta) -> Sighting:
    """Raises Later for what has to be asked first."""
    if intent.at:
        told = _remembered(known, intent)
        if told is not None:
            return told
    seen = _named(known, intent) if intent.kind == "vendor" else _numbered(known, intent)
    if not intent.at or seen.ours or seen.told or (intent.kind == "vendor" and seen.twins):
        return seen
    if intent.kind == "bill":
        seen = _elsewhere(known, intent, seen)
        if seen.ours or seen.told:
            return seen
    if datetime.fromisoformat(intent.at) + settles > now:
        raise Later("QuickBooks may still be at work on it; it is asked again at the next run of the Web Connector.")
    return seen


# ---------------------------------------------------------------------------------------------- the witnesses


def _remembered(known: Known, intent: Intent) -> Sighting | None:
    """What QuickBooks itself kept of the message set; None when it kept nothing."""
    set_id = writing.message_set(intent.attempt_key, intent.at)
    answer = known.sent(set_id)
    if answer.message_set.code == FORGOTTEN:
        return None
    reply = answer.to(set_id) or (answer.replies[0] if answer.replies else None)
    if reply is None:
        return None
    refused = verdicts.refusal(reply.status, title=writing.title_of(intent))
    if refused is not None:
        return None if verdicts.is_doubt(refused) else Sighting(told=refused)
    made = _made(known, intent, reply.rows)
    return Sighting(ours=[made]) if made is not None else None


def _made(known: Known, intent: Intent, answered: Sequence[Row]) -> Current | None:
    """The record that the kept answer names, as it stands now."""
    for row in answered:
        if isinstance(row, rows.Bill | rows.Vendor):
            id_ = row.txn_id if isinstance(row, rows.Bill) else row.list_id
        elif isinstance(row, rows.Recovered):
            id_ = row.txn_id or row.list_id
        else:
            continue
        found = known.rows(BY_ID[intent.kind], [id_])[id_]
        if found:
            return current.of(found[0], intent.mark)
    return None


def _numbered(known: Known, intent: Intent) -> Sighting:
    """Ours by the mark; twins by number and vendor."""
    numbers = _numbers(intent)
    found = known.rows("bill_number", numbers)
    bills = {row.txn_id: row for number in numbers for row in found[number] if isinstance(row, rows.Bill)}
    shown = [current.bill(row, intent.mark) for row in bills.values()]
    ours = [one for one in shown if one.ours]
    return Sighting(ours=ours, twins=[one for one in shown if not one.ours and _is_like(one, intent)])


def _named(known: Known, intent: Intent) -> Sighting:
    """Names are unique there; whoever else than a vendor has it, QuickBooks tells when it is written (3100)."""
    name = str(intent.body["name"])
    found = known.rows("vendor_name", [name])[name]
    vendors = [current.vendor(row, intent.mark) for row in found if isinstance(row, rows.Vendor)]
    ours = [one for one in vendors if one.ours]
    return Sighting(ours=ours, twins=[one for one in vendors if not one.ours])


def _elsewhere(known: Known, intent: Intent, seen: Sighting) -> Sighting:
    """A person may have renumbered it, or deleted it."""
    at = datetime.fromisoformat(intent.at)
    since = (at - OVERLAP).strftime("%Y-%m-%dT%H:%M:%S+00:00")
    gone = known.listed("deleted", [since, "Bill"])
    number = intent.body.get("number")
    if number and any(isinstance(row, rows.Deleted) and _was_it(row, str(number), at) for row in gone):
        return Sighting(told=_removed(intent))
    recent = known.listed("bills_of_vendor", [str(intent.body["vendor"]), since])
    marked = [current.bill(row, intent.mark) for row in recent if isinstance(row, rows.Bill)]
    return Sighting(ours=[one for one in marked if one.ours], twins=seen.twins)


def _was_it(row: rows.Deleted, number: str, at: datetime) -> bool:
    """Made after we sent it; where it is not told when it was made, the number alone counts."""
    if row.ref_number != number:
        return False
    if row.created is None:
        return True
    made = datetime.fromisoformat(f"{row.created.wall}{row.created.offset or '+00:00'}")
    return made >= at - (OVERLAP if row.created.offset else timedelta(hours=26))


def _is_like(one: Current, intent: Intent) -> bool:
    return one.body["vendor"] == intent.body["vendor"]


def _numbers(intent: Intent) -> list[str]:
    """The number as we write it, and bare: a person would hardly type our prefix."""
    number = str(intent.body.get("number") or "")
    return [each for each in (number, number.removeprefix("PO-")) if each] if number else []


def _removed(intent: Intent) -> ConnectorError:
    return Held(
        "missing_in_target",
        f"{writing.title_of(intent)} was written to QuickBooks Desktop and then deleted there by somebody; it is not "
        "made again by itself.",
        cause=writing.title_of(intent),
        fix="Dismiss the record if it was rightly deleted; or replay it to have it made again.",
    )


def twice(title: str, ours: Sequence[Current]) -> Held:
    shown = "; ".join(f"{one.label} (id {one.id})" for one in ours[:5])
    return Held(
        "duplicate_in_target",
        f"{title} is in QuickBooks Desktop more than once with our mark: {shown}.",
        cause=title,
        fix="Delete all but one of them in QuickBooks Desktop, then replay.",
    )
