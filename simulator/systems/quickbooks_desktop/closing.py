"""Periods that are closed: by the closing date of the books, or by an Accountant's Copy that is out."""

from __future__ import annotations

from simulator.systems.quickbooks_desktop.answers import Refused, cannot_modify, cannot_save
from simulator.systems.quickbooks_desktop.company import Entry
from simulator.systems.quickbooks_desktop.writing import Call

CLOSED = "The transaction is in a closed period."
COPIED = "The transaction is before the dividing date of the Accountant's Copy."


def _closed(call: Call, day: str) -> bool:
    """A person gives the closing date's password; an application cannot."""
    return bool(call.writer.who == "api" and day <= call.company.preferences["ClosingDate"])


def _copied(call: Call, day: str) -> bool:
    return bool(day <= call.company.preferences["DividingDate"])


def may_add(call: Call, day: str, kind: str) -> None:
    if _closed(call, day):
        raise cannot_save(kind, CLOSED)
    if _copied(call, day):
        raise cannot_save(kind, COPIED)


def may_change(call: Call, entry: Entry, new_day: str) -> None:
    for day in (entry.fields["TxnDate"], new_day):
        if _closed(call, day):
            raise cannot_modify(entry.kind, CLOSED, code=3171)
        if _copied(call, day):
            raise cannot_save(entry.kind, COPIED)


def may_delete(call: Call, entry: Entry) -> None:
    day = entry.fields["TxnDate"]
    if _closed(call, day) or _copied(call, day):
        raise Refused(3161, f'Cannot delete the object "{entry.id}".  QuickBooks error message: {CLOSED}')
