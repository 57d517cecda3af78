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

from simulator import (
    proof_projects,
    proof_studio,
    seed,
    seed_desktop,
    seed_interiors,
    seed_procore,
    seed_site_books,
    seed_studio,
)
from simulator.house import House

MARK = "[mlc:"
TITLES = {
    "procurify": "Procurify",
    "quickbooks_online": "QuickBooks Online",
    "quickbooks_desktop": "QuickBooks Desktop",
    "procore": "Procore",
    "freshbooks": "FreshBooks",
}
UNDER_WAY = ("waiting", "sending", "unknown")
Documents = list[dict[str, Any]]
Marked = list[tuple[str, Decimal]]


@dataclass(frozen=True, slots=True)
class Books:
    """One move of a seeded flow as both systems know it.

    `theirs` gives the total of each document of the source that is ours to move, `ours` the mark and the total of each
    record in the target that is ours. Those that people made there too, and that we only found, are not `made`.
    """

    flow: str
    move: str
    title: str
    source: str
    theirs: Callable[[House], list[Decimal]]
    target: str
    shown_as: str
    ours: Callable[[House], Marked]
    made: bool = True


def _bought(kind: str, total: str, live: Callable[[dict[str, Any]], bool]) -> Callable[[House], list[Decimal]]:
    def theirs(house: House) -> list[Decimal]:
        found = house.backstage("procurify", "snapshot", kind=kind)
        return [Decimal(str(one[total])) for one in found if live(one)]

    return theirs


def _online(kind: str) -> Callable[[House], Marked]:
    def ours(house: House) -> Marked:
        ledger = house.backstage("quickbooks_online", "ledger", realm_id=seed.REALM)
        found = [one for one in ledger[kind] if MARK in (one.get("PrivateNote") or "")]
        return [(_mark(one["PrivateNote"]), Decimal(str(one["TotalAmt"]))) for one in found]

    return ours


def _desktop(house: House) -> Marked:
    bills = house.backstage("quickbooks_desktop", "ledger", file=seed_desktop.PATH)["Bill"]
    return [(_mark(one["Memo"]), Decimal(one["total"])) for one in bills if MARK in (one.get("Memo") or "")]


def _booked(kind: str) -> Callable[[House], list[Decimal]]:
    """A payment that was voided comes to nothing, and is none."""

    def theirs(house: House) -> list[Decimal]:
        ledger = house.backstage("quickbooks_online", "ledger", realm_id=seed_site_books.REALM)
        return [Decimal(str(one["TotalAmt"])) for one in ledger[kind] if Decimal(str(one["TotalAmt"]))]

    return theirs


def _filed(*kinds: str) -> Callable[[House], list[Decimal]]:
    """What was deleted is not there; what was voided comes to nothing, and is none."""

    def theirs(house: House) -> list[Decimal]:
        ledger = house.backstage("quickbooks_desktop", "ledger", file=seed_desktop.PATH)
        found = [Decimal(str(one["total" if kind == "Bill" else "Amount"])) for kind in kinds for one in ledger[kind]]
        return [total for total in found if total]

    return theirs


def _built(*kinds: str, company: int = seed_procore.COMPANY_ID) -> Callable[[House], Marked]:
    def ours(house: House) -> Marked:
        ledger = house.backstage("procore", "ledger", company_id=company)
        found = [(kind, one) for kind in kinds for one in ledger[kind] if MARK in (one.get("origin_data") or "")]
        return [(f"{kind} {one['origin_data']}", _total(kind, one)) for kind, one in found]

    return ours


def _total(kind: str, one: dict[str, Any]) -> Decimal:
    if kind == "payments":
        return Decimal(str(one["amount"]))
    rows, amount = ("items", "work_completed_this_period") if kind == "requisitions" else ("line_items", "amount")
    return sum((Decimal(str(row[amount])) for row in one[rows]), Decimal(0))


def _mark(text: str) -> str:
    return text[text.index(MARK) :]


def _is_open(order: dict[str, Any]) -> bool:
    return order["state"] in {0, 5} and bool(order["active"])


def _is_approved(bill: dict[str, Any]) -> bool:
    return bill["status"] in {2, 4, 6, 7, 8} and bool(bill["active"])


BILLS, ORDERS = _bought("bills", "total_cost_with_tax", _is_approved), _bought("purchase_orders", "total", _is_open)
SEEDED = (
    Books(seed.FLOW, "bill", "approved bills", "procurify", BILLS, "quickbooks_online", "bills", _online("bills")),
    Books(
        seed.FLOW,
        "purchase_order",
        "open purchase orders",
        "procurify",
        ORDERS,
        "quickbooks_online",
        "purchase orders",
        _online("purchase_orders"),
    ),
    Books(
        seed.DESKTOP_FLOW,
        "purchase_order",
        "open purchase orders",
        "procurify",
        ORDERS,
        "quickbooks_desktop",
        "bills",
        _desktop,
    ),
    Books(
        seed.SITE_FLOW,
        "bill",
        "bills",
        "quickbooks_online",
        _booked("bills"),
        "procore",
        "invoices and direct costs",
        _built("requisitions", "direct_costs"),
    ),
    Books(
        seed.SITE_FLOW,
        "bill_payment",
        "payments",
        "quickbooks_online",
        _booked("bill_payments"),
        "procore",
        "contract payments",
        _built("payments"),
    ),
    Books(
        seed.INTERIORS_FLOW,
        "bill",
        "bills",
        "quickbooks_desktop",
        _filed("Bill"),
        "procore",
        "invoices and direct costs",
        _built("requisitions", "direct_costs", company=seed_interiors.COMPANY_ID),
    ),
    Books(
        seed.INTERIORS_FLOW,
        "bill_payment",
        "payments",
        "quickbooks_desktop",
        _filed("BillPaymentCheck", "BillPaymentCreditCard"),
        "procore",
        "contract payments",
        _built("payments", company=seed_interiors.COMPANY_ID),
    ),
    Books(
        seed.STUDIO_FLOW,
        "bill",
        "bills",
        "freshbooks",
        proof_studio.bills,
        "procurify",
        "the same bills",
        proof_studio.bills_there,
        made=False,
    ),
    Books(
        seed.STUDIO_FLOW,
        "bill_payment",
        "payments",
        "freshbooks",
        proof_studio.payments,
        "procurify",
        "bills paid in full",
        proof_studio.paid_there,
        made=False,
    ),
    Books(
        seed.STUDIO_FLOW,
        "purchase_order",
        "open purchase orders",
        "procurify",
        proof_studio.orders,
        "freshbooks",
        "expenses",
        proof_studio.expenses,
    ),
)


def agree(house: House, console: Console, flow: str, records: Documents) -> bool:
    """Whether the totals of every move of the flow agree, each shown."""
    well = True
    for books in SEEDED:
        if books.flow == flow:
            well &= _one(house, console, books, [record for record in records if record["move"] == books.move])
    if flow == seed.SITE_FLOW:
        well &= proof_projects.agree(house, console, [record for record in records if record["move"] == "bill"])
    asked = seed_studio.PLACES if flow == seed.STUDIO_FLOW else seed.FLOWS[flow]
    for system in [name for name in asked if name.partition("/")[0] in house.urls]:
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
    records = [record for record in records if record["state"] != "split"]  # its parts are there too
    documents = {record["id"].partition("@")[0] for record in records if not _taken_back(record)}
    told = [record for record in records if (record.get("outcome") or {}).get("action") == "told"]
    moved = [record for record in records if (record["state"] == "done" or record.get("link")) and record not in told]
    held = [record for record in records if record["state"] == "held" and record not in moved]
    not_moved = [record for record in records if record["state"] == "not_moved"]
    under_way = [record for record in records if record["state"] in UNDER_WAY and record not in moved]
    table = Table(title=books.title, title_justify="left", show_header=False)
    source, count = _of_source(house, table, books, records, documents=len(documents))
    target, twice = _of_target(house, table, books, moved)
    difference = source - target - _sum(held) - _sum(not_moved) - _sum(under_way) - _sum(told)
    table.add_row(f"held ({len(held)})", f"{_sum(held):,.2f}")
    table.add_row(f"not moved ({len(not_moved)})", f"{_sum(not_moved):,.2f}")
    if told:
        table.add_row(f"told there by another record ({len(told)})", f"{_sum(told):,.2f}")
    if under_way:
        table.add_row(f"on their way ({len(under_way)})", f"{_sum(under_way):,.2f}")
    table.add_row("entered twice", str(twice))
    table.add_row("difference", f"{difference:,.2f}")
    console.print(table)
    return not difference and not twice and len(documents) == count


def _taken_back(record: dict[str, Any]) -> bool:
    """It is deleted or void on both sides."""
    outcome = (record.get("outcome") or {}).get("action")
    return record["state"] == "done" and not record.get("link") and outcome in ("deleted", "voided")


def _of_source(house: House, table: Table, books: Books, records: Documents, *, documents: int) -> tuple[Decimal, int]:
    title = TITLES[books.source]
    if books.source not in house.urls:
        what = f"{books.title} that we read from {title} ({documents}); its own books are not ours to see"
        table.add_row(what, f"{_sum(records):,.2f}")
        return _sum(records), documents
    found = books.theirs(house)
    total = sum(found, Decimal(0))
    table.add_row(f"{books.title} in {title} ({len(found)})", f"{total:,.2f}")
    return total, len(found)


def _of_target(house: House, table: Table, books: Books, moved: Documents) -> tuple[Decimal, int]:
    title = TITLES[books.target]
    if books.target not in house.urls:
        what = f"{books.shown_as} that {title} took ({len(moved)}); its own books are not ours to see"
        table.add_row(what, f"{_sum(moved):,.2f}")
        return _sum(moved), 0
    ours = books.ours(house)
    total = sum((amount for _, amount in ours), Decimal(0))
    whose = " of ours" if books.made else ""
    table.add_row(f"{books.shown_as}{whose} in {title} ({len(ours)})", f"{total:,.2f}")
    return total, len(ours) - len({mark for mark, _ in ours})


def _sum(records: Documents) -> Decimal:
    return sum((Decimal(record.get("amount") or "0") for record in records), Decimal(0))
