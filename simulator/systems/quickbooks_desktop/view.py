"""The books as they really are, for assertions."""

from __future__ import annotations

from simulator.systems.quickbooks_desktop.company import LISTS, TRANSACTIONS, CompanyFile, Entry, Row
from simulator.systems.quickbooks_desktop.records import money


def ledger_entry(company: CompanyFile, entry: Entry) -> Row:
    """One record in full: its id, its fields, what is open on it, who made it and how often it was written."""
    shown: Row = {
        **entry.fields,
        "kind": entry.kind,
        "id": entry.id,
        "edit_sequence": entry.sequence,
        "created": entry.created,
        "modified": entry.modified,
        "who": entry.who,
        "versions": entry.versions,
    }
    if "Name" in entry.fields:
        return shown | {"full_name": company.full_name(entry)}
    shown |= {"lines": [dict(line) for line in entry.lines], "applied": [dict(row) for row in entry.applied]}
    if entry.kind in ("Bill", "VendorCredit"):
        shown |= {"total": money(entry.total()), "open": money(company.open_amount(entry))}
    return shown


def ledger(company: CompanyFile) -> Row:
    """Everything by kind, and what was deleted."""
    books: Row = {kind: [ledger_entry(company, e) for e in company.every(kind)] for kind in (*LISTS, *TRANSACTIONS)}
    books["deleted"] = [dict(row) for row in company.deleted]
    return books
