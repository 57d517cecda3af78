"""A believable company for `make run`: Cascade Builders buys in Procurify and keeps its books in QuickBooks Online.

Its job costs, a second set of books, are in QuickBooks Desktop (seed_desktop.py). What it builds for others is in
Procore (seed_procore.py), with books of its own (seed_site_books.py). A second company there has its bills in the
job-cost file too (seed_interiors.py). A third company has its books in FreshBooks (seed_studio.py).

Names are awkward where real ones are, some account codes have no account, some vendors are missing or inactive on the
other side, and some bills were entered in QuickBooks by a person: so that holds are seen, and are the right ones.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from simulator import seed_desktop, seed_interiors, seed_procore, seed_site_books, seed_studio
from simulator.systems.freshbooks import FreshBooksSimulator
from simulator.systems.procore import ProcoreSimulator
from simulator.systems.procurify import ProcurifySimulator
from simulator.systems.quickbooks_desktop import QuickBooksDesktopSimulator
from simulator.systems.quickbooks_online import QuickBooksOnlineSimulator

TENANT = "cascade"
DOMAIN = "cascade-builders"
REALM = "9130347598210316"
COMPANY = "Cascade Builders LLC"
CLIENT = {"client_id": "procurify-app", "client_secret": "procurify-app-secret"}
APP = {"client_id": "intuit-app", "client_secret": "intuit-app-secret"}
VERIFIER = "5d1a6f2c-0b57-4a83-9a0e-d7c1b5b6e1f4"  # by which Intuit signs the webhooks of that app
BILLS = 240
DAYS = 150  # bills are dated over so many days before today
CUT_OVER_DAYS = 120
FLOW = "procurify_to_quickbooks_online"
DESKTOP_FLOW = "procurify_to_quickbooks_desktop"
SITE_FLOW = seed_site_books.FLOW
INTERIORS_FLOW = seed_interiors.FLOW
STUDIO_FLOW = seed_studio.FLOW
FLOWS = {  # with their ends
    FLOW: ("procurify", "quickbooks_online"),
    DESKTOP_FLOW: ("procurify", "quickbooks_desktop"),
    SITE_FLOW: ("quickbooks_online", "procore"),
    INTERIORS_FLOW: ("quickbooks_desktop", "procore"),
    STUDIO_FLOW: ("freshbooks", "procurify"),
}
SYSTEMS = ("procurify", "quickbooks_online", "quickbooks_desktop", "procore", "freshbooks")
JOB_COSTS = "jobcosts"  # the connection to QuickBooks Desktop
LEAST_ORDERS = 20

VENDORS = (
    "Northwind Paper Co", "Ridgeline HVAC LLC", "O'Keefe & Sons Plumbing", 'Dave "Sparky" Electric',
    "Müller Baustoffe GmbH", "Société Générale de Toiture", "Smith: Concrete & Masonry", "José Ramírez Landscaping",
    "Løvenskiold Timber AS", "Ångström Instruments", "Rock-Solid Aggregates, Inc.", "ACME Fasteners", "Acme Fastners",
    "Zażółć Gęślą Paints", "北京建材有限公司", "Bright Lights 💡 Signage", "The 3rd Rail (Transit Supply)",
    "A1 Rentals", "100% Drywall", "Path\\Finder Surveying", "Ironwood  Cabinetry", "J&L Tile #2", "Pacific Rim Steel",
    "Evergreen Roofing", "Cascade Crane & Rigging", "Mt. Hood Excavation", "Blue Heron Catering",
    "Columbia Architectural Glass & Aluminum Storefronts",
    "Rose City Lumber", "Willamette Waste", "St. Johns Safety Supply", "Harbor Fuel", "Umpqua Insulation",
    "Deschutes Doors", "Siskiyou Stone", "Klamath Kitchens", "Tualatin Tools", "Yaquina Bay Rope", "Wallowa Windows",
    "Alvord Asphalt", "Metolius Metals", "Santiam Sanitation", "McKenzie Mechanical", "Owyhee Office Supply",
    "Nehalem Networks", "Rogue Rentals", "Clackamas Concrete Cutting", "Hoodview Hardware", "Sandy River Sand",
    "Tillamook Tarps", "Astoria Anchors", "Newport Nails", "Bend Bearings", "Salem Scaffolding", "Eugene Elevators",
    "Medford Millwork", "Ashland Abatement", "Corvallis Controls", "Albany Adhesives", "Grants Pass Gravel",
    "Pendleton Pumps", "Baker City Belts", "La Grande Ladders", "Hermiston Hydraulics",
)  # fmt: skip
ACCOUNTS = (
    ("5010", "Concrete"), ("5020", "Masonry"), ("5030", "Structural Steel"), ("5040", "Rough Carpentry"),
    ("5050", "Finish Carpentry"), ("5060", "Roofing"), ("5070", "Insulation"), ("5080", "Doors and Frames"),
    ("5090", "Glazing"), ("5100", "Drywall"), ("5110", "Tile"), ("5120", "Flooring"), ("5130", "Painting"),
    ("5140", "Specialties"), ("5150", "Equipment Rental"), ("5160", "Conveying"), ("5170", "Fire Suppression"),
    ("5180", "Plumbing"), ("5190", "HVAC"), ("5200", "Electrical"), ("5210", "Communications"), ("5220", "Earthwork"),
    ("5230", "Landscaping"), ("5240", "Utilities"), ("5250", "Site Safety"), ("5260", "Waste Removal"),
    ("6010", "Office Supplies"), ("6020", "Software"), ("6030", "Telephone"), ("6040", "Fuel"),
    ("6050", "Vehicle Repair"), ("6060", "Small Tools"), ("6070", "Training"), ("6080", "Travel"), ("6090", "Meals"),
    ("6100", "Freight In"), ("6110", "Sales Tax Paid"), ("6120", "Permits"), ("6130", "Insurance"),
    ("6140", "Legal Fees"),
)  # fmt: skip
UNMAPPED = (("7010", "Community Garden"), ("7020", "Founders' Retreat"))  # codes that the books do not have
NOT_IN_BOOKS = ("Hermiston Hydraulics", "La Grande Ladders")
INACTIVE_IN_BOOKS = "Baker City Belts"
CLOSED, CANCELLED = 3, 1  # states of orders
WORK = ("materials", "labor", "delivery", "rental, week", "service call", "spare parts", "change order", "permit set")


@dataclass(frozen=True, slots=True)
class Seeded:
    """What the seed put where; `config` is the YAML document that a customer would apply."""

    config: dict[str, Any]
    bills: int
    vendors: int


def plant(
    procurify: ProcurifySimulator,
    books: QuickBooksOnlineSimulator,
    pc: QuickBooksDesktopSimulator,
    procore: ProcoreSimulator,
    freshbooks: FreshBooksSimulator,
    studio: ProcurifySimulator,
    *,
    today: date,
    bills: int = BILLS,
    seed: int = 7,
) -> Seeded:
    """Fill the simulators; `studio` is the Procurify of the company with books in FreshBooks.

    The same seed and day give the same company; one of fewer bills does not build and has no studio.
    """
    chance = random.Random(seed)
    books.backstage_add_company(REALM, COMPANY, chart=False)
    books.backstage_set_preference(REALM, "AccountingInfoPrefs.UseAccountNumbers", True)
    _accounts(procurify, books)
    vendors = _vendors(procurify, books, _known(bills))
    entered = _bills(procurify, vendors, count=bills, today=today, chance=chance)
    _entered_by_hand(procurify, books, entered)
    _orders(procurify, vendors, count=max(LEAST_ORDERS, bills // 8), today=today, chance=random.Random(seed + 1))
    orders = procurify.backstage_snapshot("purchase_orders")
    typed = seed_desktop.by_hand(orders, cut_over=today - timedelta(days=CUT_OVER_DAYS))
    seed_desktop.plant(pc, ACCOUNTS, vendors, typed)
    config = configuration(str(books.backstage_grant(REALM)["refresh_token"]), today)
    if bills >= BILLS:
        seed_procore.plant(procore, today=today)
        seed_site_books.plant(books, today=today)
        seed_interiors.plant(pc, procore, today=today)
        seed_studio.plant(freshbooks, studio, today=today)
        built = building(str(books.backstage_grant(seed_site_books.REALM)["refresh_token"]), today)
        designed = seed_studio.set_up((today - timedelta(days=CUT_OVER_DAYS)).isoformat())
        config = {section: {**config[section], **built[section], **designed[section]} for section in config}
    return Seeded(config=config, bills=len(entered), vendors=len(vendors))


def building(refresh_token: str, today: date) -> dict[str, Any]:
    """What it builds for others: the part of the configuration that leads to Procore."""
    cut_over = (today - timedelta(days=CUT_OVER_DAYS)).isoformat()
    site = seed_site_books.set_up(refresh_token, APP)
    interiors, interiors_flow = seed_interiors.set_up(JOB_COSTS, cut_over)
    site_flow = {
        "from": seed_site_books.BOOKS,
        "to": seed_site_books.SITE,
        "cut_over": cut_over,
        "every": "15 minutes",
        "policies": {"requisition_status": "approved"},  # so that payments follow in the same run
        "mappings": site.mappings,
        "rules": site.rules,
    }
    return {
        "connections": {**site.connections, seed_interiors.SITE: interiors},
        "flows": {SITE_FLOW: site_flow, INTERIORS_FLOW: interiors_flow},
    }


def configuration(refresh_token: str, today: date) -> dict[str, Any]:
    flow = {"from": "procurify", "cut_over": (today - timedelta(days=CUT_OVER_DAYS)).isoformat(), "every": "15 minutes"}
    policies = {"unmatched_vendor": "hold", "tax_account": "6110", "freight_account": "6100"}
    return {
        "connections": {
            "procurify": {
                "system": "procurify",
                "environment": "simulated",
                "domain": DOMAIN,
                "credentials": dict(CLIENT),
            },
            "books": {
                "system": "quickbooks_online",
                "environment": "simulated",
                "realm": REALM,
                "credentials": {**APP, "refresh_token": refresh_token},
            },
            JOB_COSTS: {"system": "quickbooks_desktop", "environment": "simulated"},
        },
        "flows": {
            FLOW: {**flow, "to": "books", "policies": policies},
            DESKTOP_FLOW: {**flow, "to": JOB_COSTS, "policies": policies},
        },
    }


def _accounts(procurify: ProcurifySimulator, books: QuickBooksOnlineSimulator) -> None:
    books.backstage_add_account(REALM, "Accounts Payable", "Accounts Payable", "2000")
    books.backstage_add_account(REALM, "Checking", "Bank", "1000")
    for code, name in ACCOUNTS:
        procurify.backstage_add_account_code(code, name)
        books.backstage_add_account(REALM, name, "Cost of Goods Sold" if code < "6000" else "Expense", code)
    for code, name in UNMAPPED:
        procurify.backstage_add_account_code(code, name)


def _known(bills: int) -> list[str]:
    """A small company knows fewer vendors, among them all that some books do not have or no longer use."""
    always = (*NOT_IN_BOOKS, INACTIVE_IN_BOOKS, seed_desktop.INACTIVE_IN_FILE)
    return [name for n, name in enumerate(VENDORS) if n < bills // 2 or name in always]


def _vendors(procurify: ProcurifySimulator, books: QuickBooksOnlineSimulator, names: list[str]) -> list[dict[str, Any]]:
    found = []
    for n, name in enumerate(names):
        street, code = f"{100 + n} Mill Rd", f"97{200 + n}"
        vendor = procurify.backstage_add_vendor(
            name=name,
            addressLineOne=street,
            city="Portland",
            state_province="OR",
            postalCode=code,
            country="USA",
            email=[f"ar{n}@vendor.example"],
        )
        found.append(vendor)
        if name in NOT_IN_BOOKS:
            continue
        known_as = in_books(name)
        address = {"Line1": street, "City": "Portland", "CountrySubDivisionCode": "OR", "PostalCode": code}
        entered = books.backstage_add_vendor(
            REALM,
            known_as,
            CompanyName=known_as.upper(),
            BillAddr=address,
            PrimaryEmailAddr={"Address": f"ar{n}@vendor.example"},
        )
        if name == INACTIVE_IN_BOOKS:
            books.backstage_inactivate(REALM, "Vendor", entered["Id"])
    return found


def in_books(name: str) -> str:
    """How a bookkeeper typed the name: QuickBooks takes no colon and no emoji."""
    return " ".join(name.replace(":", " -").replace("💡", "").split())


def _bills(
    procurify: ProcurifySimulator, vendors: list[dict[str, Any]], *, count: int, today: date, chance: random.Random
) -> list[dict[str, Any]]:
    found = []
    for n in range(count):
        vendor = vendors[n % len(vendors)]
        dated = today - timedelta(days=chance.randrange(DAYS))
        lines = [_line(chance) for _ in range(chance.choice((1, 1, 2, 2, 3, 5)))]
        if n % 29 == 3:
            lines[0]["account_code"] = UNMAPPED[n % 2][0]
        if n % 7 == 2:
            lines[0]["tax_amount"] = str((Decimal(lines[0]["amount"]) * Decimal("0.0825")).quantize(Decimal("0.01")))
        costs = [{"name": "Freight", "amount": "48.50", "account_code": "6100"}] if n % 11 == 5 else []
        bill = procurify.backstage_add_bill(
            vendor_id=vendor["id"],
            lines=lines,
            costs=costs,
            invoice_number=f"{vendor['name'][:3].upper()}-{8000 + n}" if n % 37 else f"{vendor['name'][:3]}-{n:024d}",
            invoice_date=dated.isoformat(),
            due_date=(dated + timedelta(days=30)).isoformat(),
            status=1 if n % 41 == 0 else 2,
            note="rush" if n % 13 == 0 else "",
        )
        found.append({**bill, "n": n, "vendor": vendor, "date": dated, "lines": lines, "costs": costs})
    return found


def _orders(
    procurify: ProcurifySimulator, vendors: list[dict[str, Any]], *, count: int, today: date, chance: random.Random
) -> None:
    """Most are open; some were closed or cancelled before anybody looked."""
    for n in range(count):
        lines = [_line(chance) for _ in range(chance.choice((1, 2, 4)))]
        lines = [{"name": line.pop("description"), **line} for line in lines]
        if n % 13 == 4:
            lines[0]["account_code"] = UNMAPPED[0][0]
        procurify.backstage_add_purchase_order(
            vendor_id=vendors[(n * 3) % len(vendors)]["id"],
            lines=lines,
            date=(today - timedelta(days=chance.randrange(DAYS))).isoformat(),
            freight="75.00" if n % 6 == 1 else 0,
            state=CLOSED if n % 9 == 5 else CANCELLED if n % 11 == 7 else 0,
            comment="deliver to the yard" if n % 5 == 0 else "",
        )


def _line(chance: random.Random) -> dict[str, Any]:
    code, name = chance.choice(ACCOUNTS[:30])
    amount = Decimal(chance.randrange(1_500, 950_000)) / 100
    line: dict[str, Any] = {
        "description": f"{name}, {chance.choice(WORK)}",
        "account_code": code,
        "amount": str(amount),
    }
    if chance.random() < 0.15:
        part = (amount * Decimal("0.35")).quantize(Decimal("0.01"))
        other = chance.choice(ACCOUNTS[:30])[0]
        line["allocations"] = [
            {"account_code": code, "department": "Operations", "amount": str(amount - part)},
            {"account_code": other, "department": "Facilities", "amount": str(part)},
        ]
    return line


def _entered_by_hand(
    procurify: ProcurifySimulator, books: QuickBooksOnlineSimulator, bills: list[dict[str, Any]]
) -> None:
    """Two bills that a bookkeeper typed in before the connector came: the guard must find them."""
    ledger = books.backstage_ledger(REALM)
    account = next(account for account in ledger["accounts"] if account.get("AcctNum") == "5010")
    by_name = {vendor["DisplayName"]: vendor for vendor in ledger["vendors"]}
    full = {bill["uuid"].replace("-", ""): bill for bill in procurify.backstage_snapshot("bills")}
    for bill in [bills[n] for n in (24, 51) if n < len(bills) and bills[n]["vendor"]["name"] not in NOT_IN_BOOKS]:
        source = full[str(bill["uuid"]).replace("-", "")]
        vendor = by_name[in_books(bill["vendor"]["name"])]
        line = {
            "amount": str(source["total_cost_with_tax"]),
            "account_id": account["Id"],
            "description": "typed in by hand",
        }
        books.backstage_add_bill(
            REALM,
            vendor["Id"],
            [line],
            DocNumber=source["invoice_number"],
            TxnDate=bill["date"].isoformat(),
        )
