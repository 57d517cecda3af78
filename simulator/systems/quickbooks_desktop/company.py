"""One company file: its lists and transactions, what was deleted, and the audit of every effect.

References are kept as ids alone, so that a rename shows everywhere at once, as it does in QuickBooks.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from typing import Any

Row = dict[str, Any]
PEOPLE = ("Vendor", "Customer", "Employee", "OtherName")  # one name belongs to one of them only
ITEMS = ("ItemService", "ItemNonInventory")
LISTS = (*PEOPLE, *ITEMS, "Account", "Class", "StandardTerms", "VendorType", "Currency")
TRANSACTIONS = ("Bill", "BillPaymentCheck", "BillPaymentCreditCard", "VendorCredit", "PurchaseOrder")
PAYMENTS = ("BillPaymentCheck", "BillPaymentCreditCard")
PREFERENCES: Row = {
    "IsUsingAccountNumbers": True,
    "IsRequiringAccounts": True,
    "IsUsingClassTracking": True,
    "ClosingDate": "",
    "IsMultiCurrencyOn": False,
    "IsUsingInventory": True,  # purchase orders come with it
    "DaysBillsAreDue": 10,
    "IsPersonalDataAccessAllowed": True,
    "DividingDate": "",  # of an Accountant's Copy that is out
    "is_multi_user": True,
    "access": "full",  # or "read_only", "insufficient"
    "country": "US",
    "home_currency": "US Dollar",
}


@dataclass(frozen=True, slots=True)
class Writer:
    """Who writes, and when (epoch seconds)."""

    moment: float
    who: str = "api"


@dataclass(slots=True)
class Entry:
    """One list member or transaction."""

    kind: str
    id: str
    created: float
    modified: float
    sequence: str
    fields: Row
    lines: list[Row] = field(default_factory=list)
    applied: list[Row] = field(default_factory=list)  # by a payment or credit to bills: TxnID, Amount, DiscountAmount
    number: int = 0
    who: str = "api"
    versions: int = 1

    @property
    def is_active(self) -> bool:
        return bool(self.fields.get("IsActive", "true") == "true")

    def total(self) -> Decimal:
        return sum((Decimal(line["Amount"]) for line in self.lines), Decimal("0.00"))


@dataclass(slots=True)
class Sums:
    """What follows from all transactions together."""

    applied: defaultdict[str, list[tuple[Entry, Row]]] = field(default_factory=lambda: defaultdict(list))
    billed: defaultdict[str, list[Entry]] = field(default_factory=lambda: defaultdict(list))  # of a purchase order
    balance: defaultdict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))  # of a name or account


class CompanyFile:
    def __init__(self, path: str, name: str, *, zone: str = "America/New_York") -> None:
        self.path = path
        self.name = name
        self.zone = zone
        self.preferences: Row = dict(PREFERENCES)
        self.entries: dict[str, Entry] = {}
        self.deleted: list[Row] = []
        self.message_sets: dict[str, dict[str, Row]] = {}  # by application name, then by id
        self.definitions: list[Row] = []
        self.extensions: list[Row] = []
        self.allowed: list[str] = []  # application names that the administrator let in
        self.in_use: list[str] = []  # ids of records that a user has open
        self.audit: list[Row] = []
        self.counters: Row = {"list": 0x10, "transaction": 0x1A00, "number": 0}
        self._sums: Sums | None = None
        self._uncounted: list[Entry] = []  # added since

    # ------------------------------------------------------------------ finding

    def find(self, id: str, *kinds: str) -> Entry | None:
        entry = self.entries.get(id)
        return entry if entry and (not kinds or entry.kind in kinds) else None

    def every(self, *kinds: str) -> Iterator[Entry]:
        return (entry for entry in self.entries.values() if entry.kind in kinds)

    def full_name(self, entry: Entry) -> str:
        parent = self.entries.get(entry.fields.get("ParentRef", ""))
        name = str(entry.fields["Name"])
        return f"{self.full_name(parent)}:{name}" if parent else name

    def level(self, entry: Entry) -> int:
        parent = self.entries.get(entry.fields.get("ParentRef", ""))
        return self.level(parent) + 1 if parent else 0

    def named(self, full_name: str, *kinds: str) -> Entry | None:
        wanted = full_name.strip().casefold()
        return next((e for e in self.every(*kinds) if self.full_name(e).casefold() == wanted), None)

    def sums(self) -> Sums:
        if self._sums is None:
            self._sums = self._sum()
        for entry in self._uncounted:
            self._count_in(self._sums, entry)
        self._uncounted.clear()
        return self._sums

    def _sum(self) -> Sums:
        sums = Sums()
        for entry in self.every(*TRANSACTIONS):
            for row in entry.applied:
                sums.applied[row["TxnID"]].append((entry, row))
            for po in {line["LinkedPO"] for line in entry.lines if line.get("LinkedPO")}:
                sums.billed[po].append(entry)
        for entry in self.every("Bill", "VendorCredit"):
            self._count_in(sums, entry)
        self._uncounted.clear()
        return sums

    def _count_in(self, sums: Sums, entry: Entry) -> None:
        sign = 1 if entry.kind == "Bill" else -1
        left = entry.total() - self._used(entry, sums)
        sums.balance[entry.fields["VendorRef"]] += sign * left
        sums.balance[entry.fields["APAccountRef"]] += sign * left
        for line in entry.lines:
            sums.balance[line.get("AccountRef", "")] += sign * Decimal(line["Amount"])

    def _used(self, entry: Entry, sums: Sums) -> Decimal:
        rows = [row for _, row in sums.applied[entry.id]] if entry.kind == "Bill" else entry.applied
        zero = Decimal("0.00")
        return sum((Decimal(row["Amount"]) + Decimal(row.get("DiscountAmount", "0")) for row in rows), zero)

    def open_amount(self, entry: Entry) -> Decimal:
        """What is still owed on a bill, or still to be had from a credit."""
        return entry.total() - self._used(entry, self.sums())

    # ------------------------------------------------------------------ changing

    def add(self, kind: str, fields: Row, writer: Writer, *, lines: list[Row] | None = None) -> Entry:
        listed = kind in LISTS
        id = f"{0x80000000 + self._count('list'):X}" if listed else f"{self._count('transaction'):X}"
        entry = Entry(
            kind=kind,
            id=f"{id}-{int(writer.moment)}",
            created=writer.moment,
            modified=writer.moment,
            sequence=str(int(writer.moment)),
            fields=fields,
            number=0 if listed else self._count("number"),
            who=writer.who,
        )
        entry.lines = [{"TxnLineID": self.line_id(writer), **line} for line in lines or []]
        self.entries[entry.id] = entry
        self.note(writer, "add", entry)
        return entry

    def line_id(self, writer: Writer) -> str:
        return f"{self._count('transaction'):X}-{int(writer.moment)}"

    def touch(self, entry: Entry, writer: Writer, what: str = "change") -> None:
        """A new EditSequence and TimeModified, after the fields have been changed."""
        entry.modified = max(writer.moment, entry.modified)
        entry.sequence = str(max(int(writer.moment), int(entry.sequence) + 1))
        entry.versions += 1
        self.note(writer, what, entry)

    def remove(self, entry: Entry, writer: Writer, what: str = "delete") -> None:
        listed = entry.kind in LISTS
        self.deleted.append(
            {
                "kind": entry.kind,
                "id": entry.id,
                "created": entry.created,
                "deleted": writer.moment,
                "name": self.full_name(entry) if listed else entry.fields.get("RefNumber", ""),
            }
        )
        del self.entries[entry.id]
        self.extensions = [row for row in self.extensions if row["on"] != entry.id]
        self.note(writer, what, entry)

    def note(self, writer: Writer, what: str, entry: Entry) -> None:
        if what == "add" and entry.kind == "Bill" and not any(line.get("LinkedPO") for line in entry.lines):
            self._uncounted.append(entry)  # it changes no other sum than its own
        else:
            self._sums = None
        name = entry.fields.get("Name", entry.fields.get("RefNumber", ""))
        self.audit.append(
            {
                "time": writer.moment,
                "who": writer.who,
                "what": what,
                "kind": entry.kind,
                "id": entry.id,
                "name": name,
                "sequence": entry.sequence,
            }
        )

    def _count(self, what: str) -> int:
        self.counters[what] += 1
        return int(self.counters[what])

    # ------------------------------------------------------------------ keeping

    def dump(self) -> Row:
        state = {name: value for name, value in vars(self).items() if not name.startswith("_")}
        state["entries"] = [asdict(entry) for entry in self.entries.values()]
        copied: Row = json.loads(json.dumps(state))
        return copied

    @classmethod
    def from_dump(cls, state: Row) -> CompanyFile:
        state = json.loads(json.dumps(state))
        file = cls(state["path"], state["name"], zone=state["zone"])
        entries = [Entry(**entry) for entry in state.pop("entries")]
        for name, value in state.items():
            setattr(file, name, value)
        file.entries = {entry.id: entry for entry in entries}
        return file
