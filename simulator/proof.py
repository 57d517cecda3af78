"""The proof at the end of `make run ARGS=--once`: what the source has is in the target, is held, or is listed as not
moved, to the cent.

The source's and the target's numbers come from the simulators' own books, not from ours. Where MLC_ENDPOINTS put
somebody else in a simulator's place, that side's books are not ours to read: our own records stand in for them, and the
page says so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from rich.console import Console
from rich.table import Table

from simulator import seed
from simulator.house import House

MARK = "[mlc:"
Documents = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Books:
    """One move of the seeded flow as both systems know it; `live` tells which of the source's are ours to move."""

    move: str
    title: str
    source: str
    live: Callable[[dict[str, Any]], bool]
    source_total: str
    target: str


SEEDED = (
    Books(
        move="bill",
        title="approved bills",
        source="bills",
        live=lambda bill: bill["status"] in {2, 4, 6, 7, 8} and bill["active"],
        source_total="total_cost_with_tax",
        target="bills",
    ),
    Books(
        move="purchase_order",
        title="open purchase orders",
        source="purchase_orders",
        live=lambda order: order["state"] in {0, 5} and order["active"],
        source_total="total",
        target="purchase_orders",
    ),
)


def agree(house: House, console: Console, records: Documents) -> bool:
    """Whether the totals of every move agree, each shown."""
    well = True
    for books in SEEDED:
        well &= _one(house, console, books, [record for record in records if record["move"] == books.move])
    unseen = [name for name in seed.SYSTEMS if name not in house.urls]
    if well and unseen:
        console.print(f"What can be seen agrees to the cent; the books of {' and '.join(unseen)} were not checked.")
    elif well:
        console.print("The totals agree to the cent.", style="green")
    else:
        console.print("The totals do not agree.", style="red")
    return well


def _one(house: House, console: Console, books: Books, records: Documents) -> bool:
    moved = [record for record in records if record["state"] == "done" or record.get("link")]
    held = [record for record in records if record["state"] == "held" and record not in moved]
    not_moved = [record for record in records if record["state"] == "not_moved"]
    table = Table(title=books.title, title_justify="left", show_header=False)
    source, count = _of_source(house, table, books, records)
    target, twice = _of_target(house, table, books, moved)
    difference = source - target - _sum(held) - _sum(not_moved)
    table.add_row(f"held ({len(held)})", f"{_sum(held):,.2f}")
    table.add_row(f"not moved ({len(not_moved)}), from before the cut-over", f"{_sum(not_moved):,.2f}")
    table.add_row("entered twice", str(twice))
    table.add_row("difference", f"{difference:,.2f}")
    console.print(table)
    return not difference and not twice and len(records) == count


def _of_source(house: House, table: Table, books: Books, records: Documents) -> tuple[Decimal, int]:
    if "procurify" not in house.urls:
        what = f"{books.target} that we read from Procurify ({len(records)}); its own books are not ours to see"
        table.add_row(what, f"{_sum(records):,.2f}")
        return _sum(records), len(records)
    found = [one for one in house.backstage("procurify", "snapshot", kind=books.source) if books.live(one)]
    total = sum((Decimal(str(one[books.source_total])) for one in found), Decimal(0))
    table.add_row(f"{books.title} in Procurify ({len(found)})", f"{total:,.2f}")
    return total, len(found)


def _of_target(house: House, table: Table, books: Books, moved: Documents) -> tuple[Decimal, int]:
    if "quickbooks_online" not in house.urls:
        what = f"{books.target} that QuickBooks Online took ({len(moved)}); its own books are not ours to see"
        table.add_row(what, f"{_sum(moved):,.2f}")
        return _sum(moved), 0
    ledger = house.backstage("quickbooks_online", "ledger", realm_id=seed.REALM)
    ours = [one for one in ledger[books.target] if MARK in (one.get("PrivateNote") or "")]
    total = sum((Decimal(str(one["TotalAmt"])) for one in ours), Decimal(0))
    marks = [one["PrivateNote"][one["PrivateNote"].index(MARK) :] for one in ours]
    table.add_row(f"{books.target.replace('_', ' ')} of ours in QuickBooks Online ({len(ours)})", f"{total:,.2f}")
    return total, len(marks) - len(set(marks))


def _sum(records: Documents) -> Decimal:
    return sum((Decimal(record.get("amount") or "0") for record in records), Decimal(0))
