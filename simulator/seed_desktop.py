"""Cascade Builders' second set of books: the estimators' job costs, in QuickBooks Desktop on a PC of the office.

There an approved order counts as a cost from its first day, long before its bill comes. The names are as people type
them into QuickBooks Desktop, which stores windows-1252 and stops after 41 characters.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from simulator.systems.quickbooks_desktop import QuickBooksDesktopSimulator

PATH = "C:\\QuickBooks\\Cascade Job Costs.QBW"
COMPANY = "Cascade Builders Job Costs"
ZONE = "America/Los_Angeles"
LONGEST_NAME = 41
NOT_IN_FILE = ("Hermiston Hydraulics",)
INACTIVE_IN_FILE = "Wallowa Windows"
AS_TYPED = {
    "Smith: Concrete & Masonry": "Smith- Concrete & Masonry",
    "Zażółć Gęślą Paints": "Zazólc Gesla Paints",
    "北京建材有限公司": "Beijing Building Materials",
    "Bright Lights 💡 Signage": "Bright Lights Signage",
}
Documents = list[dict[str, Any]]


def plant(
    pc: QuickBooksDesktopSimulator, accounts: Sequence[tuple[str, str]], vendors: Documents, orders: Documents
) -> None:
    """Fill the company file; `orders` are those that a person typed in as bills before the connector came."""
    pc.backstage_add_currency("US Dollar")
    pc.backstage_add_account("Accounts Payable", "AccountsPayable", "2000")
    pc.backstage_add_account("Checking", "Bank", "1000")
    for code, name in accounts:
        pc.backstage_add_account(name, "CostOfGoodsSold" if code < "6000" else "Expense", code)
    for n, vendor in enumerate(vendors):
        if vendor["name"] not in NOT_IN_FILE:
            _vendor(pc, vendor["name"], n)
    books = pc.backstage_ledger()
    account = next(one["id"] for one in books["Account"] if one.get("AccountNumber") == "5010")
    by_name = {vendor["Name"]: vendor["id"] for vendor in books["Vendor"]}
    for order in orders:
        row = {"AccountRef": account, "Amount": order["total"], "Memo": "typed in by hand"}
        pc.backstage_add_bill(
            by_name[in_file(order["pref_vendor"]["name"])],
            [row],
            RefNumber=order["number"],
            TxnDate=order["date"][:10],
        )


def in_file(name: str) -> str:
    """How a bookkeeper typed the name."""
    return " ".join(AS_TYPED.get(name, name).split())[:LONGEST_NAME].rstrip()


def by_hand(orders: Documents, *, cut_over: date) -> Documents:
    """The first and the last order that would move, by vendors whom the file knows."""
    unknown = (*NOT_IN_FILE, INACTIVE_IN_FILE)
    moving = [
        order
        for order in orders
        if order["state"] == 0
        and order["date"][:10] > cut_over.isoformat()
        and order["pref_vendor"]["name"] not in unknown
    ]
    return [*moving[:1], *moving[1:][-1:]]


def _vendor(pc: QuickBooksDesktopSimulator, name: str, n: int) -> None:
    known_as = in_file(name)
    address = {"Addr1": f"{100 + n} Mill Rd", "City": "Portland", "State": "OR", "PostalCode": f"97{200 + n}"}
    entered = pc.backstage_add_vendor(
        known_as, CompanyName=known_as, VendorAddress=address, Email=f"ar{n}@vendor.example"
    )
    if name == INACTIVE_IN_FILE:
        pc.backstage_set_active(entered["id"], active=False)
