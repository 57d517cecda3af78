"""The proof at the end of `make run ARGS=--once`: what the source has is in the target, is held, or is listed as not
moved, to the cent.

Nothing of ours is there twice, and no simulator caught us at something that a careful client never does.

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

from simulator import seed, seed_desktop
from simulator.house import House

MARK = "[mlc:"
TITLES = {"quickbooks_online": "QuickBooks Online", "quickbooks_desktop": "QuickBooks Desktop"}
UNDER_WAY = ("waiting", "sending", "unknown")
Documents = list[dict[str, Any]]
Marked = list[tuple[str, Decimal]]


@dataclass(frozen=True, slots=True)
class Books:
    """One move of a seeded flow as both systems know it; `live` tells which of the source's are ours to move.

    `ours` gives the mark and the total of each record in the target that is ours.
    """

    flow: str
    move: str
    title: str
    source: str
    live: Callable[[dict[str, Any]], bool]
    source_total: str
    target: str
    target_kind: str
    ours: Callable[[House, Books], Marked]

    @property
    def shown_as(self) -> str:
        return self.target_kind.replace("_", " ")


def _online(house: House, books: Books) -> Marked:
    ledger = house.backstage("quickbooks_online", "ledger", realm_id=seed.REALM)
    found = [one for one in ledger[books.target_kind] if MARK in (one.get("PrivateNote") or "")]
    return [(_mark(one["PrivateNote"]), Decimal(str(one["TotalAmt"]))) for one in found]


def _desktop(house: House, books: Books) -> Marked:
    bills = house.backstage("quickbooks_desktop", "ledger", file=seed_desktop.PATH)["Bill"]
    return [(_mark(one["Memo"]), Decimal(one["total"])) for one in bills if MARK in (one.get("Memo") or "")]


def _mark(text: str) -> str:
    return text[text.index(MARK) :]


def _is_open(order: dict[str, Any]) -> bool:
    return order["state"] in {0, 5} and bool(order["active"])


SEEDED = (
    Books(
        flow=seed.FLOW,
        move="bill",
        title="approved bills",
        source="bills",
        live=lambda bill: bill["status"] in {2, 4, 6, 7, 8} and bill["active"],
        source_total="total_cost_with_tax",
        target="quickbooks_online",
        target_kind="bills",
        ours=_online,
    ),
    Books(
        flow=seed.FLOW,
        move="purchase_order",
        title="open purchase orders",
        source="purchase_orders",
        live=_is_open,
        source_total="total",
        target="quickbooks_online",
        target_kind="purchase_orders",
        ours=_online,
    ),
    Books(
        flow=seed.DESKTOP_FLOW,
        move="purchase_order",
        title="open purchase orders",
        source="purchase_orders",
        live=_is_open,
        source_total="total",
        target="quickbooks_desktop",
        target_kind="bills",
        ours=_desktop,
    ),
)


def agree(house: House, console: Console, flow: str, records: Documents) -> bool:
    """Whether the totals of every move of the flow agree, each shown."""
    well = True
    for books in SEEDED:
        if books.flow == flow:
            well &= _one(house, console, books, [record for record in records if record["move"] == books.move])
    for system in [name for name in seed.FLOWS[flow] if name in house.urls]:
        for mistake in house.backstage(system, "mistakes"):
            console.print(f"{system} was called wrongly: {mistake['call']}: {mistake['what']}", markup=False)
            well = False
    unseen = [name for name in seed.FLOWS[flow] if name not in house.urls]
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
    under_way = [record for record in records if record["state"] in UNDER_WAY and record not in moved]
    table = Table(title=books.title, title_justify="left", show_header=False)
    source, count = _of_source(house, table, books, records)
    target, twice = _of_target(house, table, books, moved)
    difference = source - target - _sum(held) - _sum(not_moved) - _sum(under_way)
    table.add_row(f"held ({len(held)})", f"{_sum(held):,.2f}")
    table.add_row(f"not moved ({len(not_moved)}), from before the cut-over", f"{_sum(not_moved):,.2f}")
    if under_way:
        table.add_row(f"on their way ({len(under_way)})", f"{_sum(under_way):,.2f}")
    table.add_row("entered twice", str(twice))
    table.add_row("difference", f"{difference:,.2f}")
    console.print(table)
    return not difference and not twice and len(records) == count


def _of_source(house: House, table: Table, books: Books, records: Documents) -> tuple[Decimal, int]:
    if "procurify" not in house.urls:
        kind = books.source.replace("_", " ")
        what = f"{kind} that we read from Procurify ({len(records)}); its own books are not ours to see"
        table.add_row(what, f"{_sum(records):,.2f}")
        return _sum(records), len(records)
    found = [one for one in house.backstage("procurify", "snapshot", kind=books.source) if books.live(one)]
    total = sum((Decimal(str(one[books.source_total])) for one in found), Decimal(0))
    table.add_row(f"{books.title} in Procurify ({len(found)})", f"{total:,.2f}")
    return total, len(found)


def _of_target(house: House, table: Table, books: Books, moved: Documents) -> tuple[Decimal, int]:
    title = TITLES[books.target]
    if books.target not in house.urls:
        what = f"{books.shown_as} that {title} took ({len(moved)}); its own books are not ours to see"
        table.add_row(what, f"{_sum(moved):,.2f}")
        return _sum(moved), 0
    ours = books.ours(house, books)
    total = sum((amount for _, amount in ours), Decimal(0))
    table.add_row(f"{books.shown_as} of ours in {title} ({len(ours)})", f"{total:,.2f}")
    return total, len(ours) - len({mark for mark, _ in ours})


def _sum(records: Documents) -> Decimal:
    return sum((Decimal(record.get("amount") or "0") for record in records), Decimal(0))
