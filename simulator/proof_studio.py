"""What the proof asks of FreshBooks and of the studio's Procurify: their own numbers, whatever our records say."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from simulator import seed_studio
from simulator.house import House

MARK = "[mlc:"
DELETED, PAID, DRAFT = 1, 4, 0
Marked = list[tuple[str, Decimal]]


def _books(house: House, kind: str) -> list[dict[str, Any]]:
    found = house.backstage("freshbooks", "rows", account_id=seed_studio.ACCOUNT, kind=kind)
    return [one for one in found if one["vis_state"] != DELETED]


def _owed(house: House) -> dict[tuple[str, str], Decimal]:
    """The total of each bill in the books, by its vendor and number."""
    names = {one["vendorid"]: one["vendor_name"] for one in _books(house, "bill_vendors")}
    return {
        (names[one["vendorid"]].casefold(), one["bill_number"]): sum(
            (Decimal(line["amount"]["amount"]) for line in one["lines"]), Decimal(0)
        )
        for one in _books(house, "bills")
    }


def _entered(house: House) -> list[tuple[tuple[str, str], Decimal, int]]:
    """Of each bill in Procurify its vendor and number, its total and its status."""
    found = house.backstage(seed_studio.BUYS_AT, "snapshot", kind="bills")
    return [
        (
            (str(one["vendor"]["name"]).casefold(), str(one["invoice_number"])),
            Decimal(str(one["total_cost_with_tax"])),
            int(one["status"]),
        )
        for one in found
        if one["active"]
    ]


def bills(house: House) -> list[Decimal]:
    return list(_owed(house).values())


def bills_there(house: House) -> Marked:
    """Those in Procurify that say what a bill in the books says, to the cent."""
    owed = _owed(house)
    return [(str(key), total) for key, total, status in _entered(house) if status != DRAFT and owed.get(key) == total]


def payments(house: House) -> list[Decimal]:
    return [Decimal(one["amount"]["amount"]) for one in _books(house, "bill_payments")]


def paid_there(house: House) -> Marked:
    return [(str(key), total) for key, total, status in _entered(house) if status == PAID]


def orders(house: House) -> list[Decimal]:
    """Those that are open in Procurify."""
    found = house.backstage(seed_studio.BUYS_AT, "snapshot", kind="purchase_orders")
    return [Decimal(str(one["total"])) for one in found if one["state"] in {0, 5} and one["active"]]


def expenses(house: House) -> Marked:
    ours = [one for one in _books(house, "expenses") if MARK in (one["notes"] or "")]
    return [(one["notes"][one["notes"].index(MARK) :], Decimal(one["amount"]["amount"])) for one in ours]
