"""Cascade Studio: a design studio of its own, whose books are in FreshBooks and which buys in a Procurify of its own.

Some of its bills stand in Procurify too, others never came there; an order is a cost in the books once somebody
approves it. What people do after the first run is here too: they approve, cancel, pay, and check what was mailed.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from simulator.systems.freshbooks import FreshBooksSimulator
from simulator.systems.procurify import ProcurifySimulator

FLOW, BOOKS, BUYING = "freshbooks_and_procurify", "studiobooks", "studiobuying"
ACCOUNT, COMPANY, DOMAIN = "7CdSt", "Cascade Studio LLC", "cascade-studio"
APP = {"client_id": "freshbooks-app", "client_secret": "freshbooks-app-secret"}
CLIENT = {"client_id": "studio-app", "client_secret": "studio-app-secret"}
INBOX = "cascade-studio-ap@inbox.procurify.example.test"
BUYS_AT, INBOX_AT = f"procurify/{DOMAIN}", "procurify/ap-inbox"  # beside the other Procurify, at its address
PLACES = ("freshbooks", BUYS_AT, INBOX_AT)
DAYS = 80  # bills and orders are dated over so many days before today
CATEGORIES = {  # of FreshBooks, by the account codes of orders
    "6010": "Office Expenses & Postage > Office Supplies",
    "6100": "Supplies",
    "6200": "Contractors",
    "6300": "Advertising",
    "6400": "Rent or Lease > Equipment",
}
UNMAPPED = "6900"
PAPER, PHOTOS, RENTALS = "Harbor Paper Co", "Lumen Photography", "Keystone Rentals"  # in both
FABRIC, PRINT, JOINERY, LAMPS = "Bright Fabric House", "Pixel & Press Printing", "Juniper Joinery", "北京灯具有限公司"
SPELT = {PHOTOS: "LUMEN PHOTOGRAPHY", FABRIC: "BRIGHTFABRIC HOUSE"}  # in Procurify; the first has the same address
SAMPLES, WORKSHOP = "Vellum Samples", "Maker's Workshop"  # only in Procurify
EVERYDAY = 6  # bills of paper and photos that stand in both
# What else is owed in the books: vendor, number, days ago, lines of category and amount, what of it is paid.
OWED: tuple[tuple[str, str, int, tuple[tuple[str, str, str], ...], str], ...] = (
    (PAPER, "HP-2100", 140, (("6010", "Paper, before anybody looked", "88.00"),), "88.00"),
    (PAPER, "HP-2290", 30, (("6010", "Card stock", "421.00"),), ""),
    (PHOTOS, "LP-190", 28, (("6300", "Shoot, two days", "1850.00"), ("6100", "Backdrops", "149.95")), "900.00"),
    (PRINT, "PP-77", 26, (("6300", "Brochures", "612.40"), ("6300", "Folding", "75.10")), "687.50"),
    (PRINT, "PP-81", 9, (("6300", "Posters", "204.75"),), ""),
    (JOINERY, "JJ-41", 21, (("6200", "Display cases", "3120.00"), ("6100", "Oak", "480.33")), ""),
    (RENTALS, "KR-310", 18, (("6400", "Plotter, month, for PO ST-2001", "560.00"),), ""),
    (FABRIC, "BF-9", 15, (("6100", "Linen", "318.20"),), "318.20"),
    (LAMPS, "BJ-5", 12, (("6100", "Lamps", "940.00"),), ""),
)
MISTYPED = {"HP-2290": "412.00"}  # as somebody entered it in Procurify
ENTERED = ("LP-190", *MISTYPED)  # those of OWED that stand in Procurify
# Orders: vendor, number, days ago, lines of account code and amount, charges.
ORDERS: tuple[tuple[str, str, int, tuple[tuple[str, str], ...], dict[str, str]], ...] = (
    (RENTALS, "ST-2001", 25, (("6400", "560.00"),), {}),
    (WORKSHOP, "ST-2002", 24, (("6200", "1200.00"), ("6100", "333.33")), {"freight": "45.00"}),
    (SAMPLES, "ST-2003", 22, (("6100", "64.20"), ("6010", "18.15"), ("6100", "9.99")), {"tax": "7.39"}),
    (WORKSHOP, "ST-2004", 20, (("6200", "875.00"),), {}),
    (SAMPLES, "ST-2005", 16, (("6100", "240.00"), ("6300", "60.00")), {"discount": "15.01"}),
    (WORKSHOP, "ST-2006", 11, ((UNMAPPED, "150.00"), ("6100", "20.00")), {}),
    (PAPER, "ST-2007", 8, (("6010", "96.60"),), {}),
    (SAMPLES, "ST-1990", 140, (("6100", "31.00"),), {}),
    (SAMPLES, "ST-2008", 6, (("6100", "12.00"),), {}),
)
APPROVED, CANCELLED = ("ST-2002", "ST-2003", "ST-2005"), "ST-2004"  # after the first run
GIVEN_UP = "ST-2008"  # before it
Backstage = Callable[..., Any]


def plant(books: FreshBooksSimulator, buying: ProcurifySimulator, *, today: date, seed: int = 17) -> None:
    """Fill both; the same seed and day give the same ones."""
    owner = books.backstage_add_identity("owner@cascade-studio.example.test", "Robin", "Hale")
    books.backstage_add_business(ACCOUNT, COMPANY, int(owner["id"]))
    for code, name in {**CATEGORIES, UNMAPPED: "Client gifts"}.items():
        buying.backstage_add_account_code(code, name.rpartition(" > ")[2])
    vendors, suppliers = _vendors(books), _suppliers(buying)
    chance = random.Random(seed)
    for n in range(EVERYDAY):
        vendor, code = ((PAPER, "6010"), (PHOTOS, "6300"))[n % 2]
        amount = f"{Decimal(chance.randrange(2_000, 90_000)) / 100:.2f}"
        number, day = f"{vendor[0]}P-{2201 + n}", today - timedelta(days=DAYS - 6 * n)
        bill = _bill(books, vendors[vendor], number, day, (("everyday", code, amount),))
        _enter(buying, suppliers[vendor], number, day, amount)
        if n % 3:
            books.backstage_pay_bill(ACCOUNT, bill, None, (day + timedelta(days=20)).isoformat())
    for name, number, ago, lines, paid in OWED:
        day = today - timedelta(days=ago)
        bill = _bill(books, vendors[name], number, day, tuple((told, code, amount) for code, told, amount in lines))
        if paid:
            books.backstage_pay_bill(ACCOUNT, bill, paid, (day + timedelta(days=5)).isoformat())
        if number in ENTERED:
            total = sum((Decimal(amount) for _, _, amount in lines), Decimal(0))
            _enter(buying, suppliers[name], number, day, MISTYPED.get(number, str(total)))
    for name, number, ago, bought, charges in ORDERS:
        rows = [{"name": f"for {code}", "account_code": code, "amount": amount} for code, amount in bought]
        fields: dict[str, Any] = {"date": (today - timedelta(days=ago)).isoformat(), **charges}
        fields |= {"state": 1} if number == GIVEN_UP else {}
        buying.backstage_add_purchase_order(suppliers[name], rows, number, **fields)


def _vendors(books: FreshBooksSimulator) -> dict[str, int]:
    found = {}
    for n, name in enumerate((PAPER, PHOTOS, RENTALS, FABRIC, PRINT, JOINERY, LAMPS)):
        mail = f"billing{n}@supplier.example.test"
        made = books.backstage_add_vendor(ACCOUNT, name, primary_contact_email=mail, city="Astoria")
        found[name] = int(made["vendorid"])
    return found


def _suppliers(buying: ProcurifySimulator) -> dict[str, int]:
    mails = {PHOTOS: ["billing1@supplier.example.test"]}
    return {
        name: int(buying.backstage_add_vendor(SPELT.get(name, name), email=mails.get(name, []))["id"])
        for name in (PAPER, PHOTOS, RENTALS, FABRIC, SAMPLES, WORKSHOP)
    }


def _bill(
    books: FreshBooksSimulator, vendor: int, number: str, day: date, lines: tuple[tuple[str, str, str], ...]
) -> int:
    """`lines`: what for, account code, amount."""
    rows = [
        {
            "amount": amount,
            "category_id": books.backstage_category(ACCOUNT, CATEGORIES[code].rpartition(" > ")[2])["id"],
            "description": told,
        }
        for told, code, amount in lines
    ]
    return int(books.backstage_add_bill(ACCOUNT, vendor, rows, issue_date=day.isoformat(), bill_number=number)["id"])


def _enter(buying: ProcurifySimulator, supplier: int, number: str, day: date, amount: str) -> None:
    """A person enters in Procurify what came by post."""
    line = {"description": "as billed", "account_code": "6100", "amount": amount}
    buying.backstage_add_bill(supplier, [line], invoice_number=number, invoice_date=day.isoformat())


def set_up(cut_over: str) -> dict[str, Any]:
    """The connections and the flow, as they stand in a configuration."""
    buying = {"system": "procurify", "environment": "simulated", "domain": DOMAIN, "ap_inbox": INBOX}
    flow = {
        "from": BOOKS,
        "to": BUYING,
        "cut_over": cut_over,
        "every": "15 minutes",
        "policies": {"unmatched_bill": "inbox"},
        "mappings": {"expense_category": dict(CATEGORIES)},
    }
    return {
        "connections": {
            BOOKS: {"system": "freshbooks", "environment": "simulated", "account": ACCOUNT, "credentials": dict(APP)},
            BUYING: {**buying, "credentials": dict(CLIENT)},
        },
        "flows": {FLOW: flow},
    }


# ---------------------------------------------------------------------------------------------- people at work


def people_at_work(backstage: Backstage, call: Callable[..., Any]) -> None:
    """What they do once the first run is over. `call`: our own API, by its key, where orders are approved."""
    orders = {one["number"]: one["procurify_PO"] for one in backstage(BUYS_AT, "snapshot", kind="purchase_orders")}
    for number in APPROVED:
        call("POST", f"/records/{FLOW}:purchase_order:{orders[number]}/replay", {"release": True})
    backstage(BUYS_AT, "cancel_purchase_order", procurify_PO=orders[CANCELLED])
    bills = {one["bill_number"]: one for one in backstage("freshbooks", "rows", account_id=ACCOUNT, kind="bills")}
    backstage("freshbooks", "pay_bill", account_id=ACCOUNT, bill_id=bills["PP-81"]["id"])
    for mail in backstage(INBOX_AT, "mails"):
        for draft in backstage(INBOX_AT, "make_bills", number=mail["number"]):
            _check(backstage, draft["uuid"], bills)


def _check(backstage: Backstage, uuid: str, bills: Mapping[str, Any]) -> None:
    """Accounts payable compares a draft with its file, gives it its lines, and approves it."""
    drafts = backstage(BUYS_AT, "snapshot", kind="bills")
    number = next(one["invoice_number"] for one in drafts if one["uuid"].replace("-", "") == uuid.replace("-", ""))
    lines = [
        {"description": line["description"], "account_code": "6100", "amount": line["amount"]["amount"]}
        for line in bills[number]["lines"]
    ]
    backstage(INBOX_AT, "complete_bill", uuid=uuid, lines=lines)


def writes(backstage: Backstage) -> dict[str, list[str]]:
    """Every call so far that asked for a change: of the books, of Procurify, or of the mail."""
    return {
        place: [call for call in backstage(place, "calls") if not call.startswith("GET ") and "oauth" not in call]
        for place in PLACES
    }
