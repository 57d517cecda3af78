"""The books of Cascade Construction: a company of its own in QuickBooks Online, whose jobs are projects in Procore.

Bills are coded to a customer, and to an account and class, or an item. Most are paid: some in part, one check over
three bills, one by card, and one payment was voided.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from simulator import seed_procore
from simulator.seed_procore import (
    CLINIC,
    COPPERLINE,
    DECK,
    DRYWALL,
    GLAZING,
    GYM,
    HARBOR,
    HVAC,
    NORTHSHORE,
    OFFICE,
    ONLY_IN_BOOKS,
    PROJECTS,
    RIDGELINE,
    ROOFING,
    TAMARACK,
    VENDORS,
    Project,
)
from simulator.systems.quickbooks_online import QuickBooksOnlineSimulator

REALM = "9130347598210999"
COMPANY = seed_procore.COMPANY
BOOKS, SITE = "sitebooks", "site"  # the connections
FLOW = "quickbooks_online_to_procore"
DAYS = 150  # bills are dated over so many days before today
ROUNDS = 4  # how often each kind of bill comes
VOIDED = 4  # which payment was voided afterwards
CENT = Decimal("0.01")
ACCOUNTS = (
    ("Accounts Payable", "Accounts Payable"), ("Checking", "Bank"), ("Visa", "Credit Card"),
    ("Subcontractors", "Cost of Goods Sold"), ("Job Materials", "Cost of Goods Sold"),
    ("Equipment Rental", "Cost of Goods Sold"), ("Site Services", "Cost of Goods Sold"), ("Permits", "Expense"),
)  # fmt: skip
CLASSES = (
    "Concrete", "Steel", "Roofing", "Storefronts", "Drywall", "Plumbing", "HVAC", "Electrical", "Earthwork",
)  # fmt: skip
ITEMS = ("Ready-mix", "Rebar")


@dataclass(frozen=True, slots=True)
class Kind:
    """What one vendor bills one project for. Each line: account or item, class, description; `most` in dollars."""

    vendor: str
    project: Project
    lines: Sequence[tuple[str, str, str]]
    most: int = 20_000
    other: Project | None = None  # the second line is for that one


OF_CLOSED_PERIOD = Kind(ROOFING, GYM, (("Subcontractors", "Roofing", "Membrane"),))
KINDS = (
    Kind(COPPERLINE, DECK, (
        ("Subcontractors", "Electrical", "Rough-in"), ("Subcontractors", "Electrical", "Level 1 finish"))),
    Kind(TAMARACK, DECK, (("Subcontractors", "Concrete", "Slab pour"),), most=60_000),
    Kind(RIDGELINE, DECK, (("Job Materials", "Steel", "Columns and beams"),), most=45_000),
    Kind(COPPERLINE, HARBOR, (("Subcontractors", "Electrical", "Rough-in"),)),
    Kind(NORTHSHORE, HARBOR, (("Subcontractors", "Plumbing", "Risers"),)),
    Kind(HVAC, CLINIC, (("Subcontractors", "HVAC", "Air handlers"),)),
    OF_CLOSED_PERIOD,
    Kind("Columbia Ready-Mix Co", DECK, (("Ready-mix", "", "4,000 psi"), ("Rebar", "", "No. 5")), most=9_000),
    Kind("Columbia Ready-Mix Co", HARBOR, (
        ("Ready-mix", "", "Footings"), ("Ready-mix", "", "Gym slab")), most=9_000, other=GYM),
    Kind("Westside Lumber & Supply", HARBOR, (("Job Materials", "", "Framing lumber"),), most=7_000),
    Kind("Stark Equipment Rental", HARBOR, (("Equipment Rental", "", "Excavator, week"),), most=4_000),
    Kind("Stark Equipment Rental", DECK, (("Equipment Rental", "", "Scissor lift"),), most=3_000),
    Kind("Metro Waste Hauling", DECK, (("Site Services", "", "Dumpster and cleanup"),), most=1_500),
    Kind("Hoyt Safety Supply", GYM, (("Site Services", "", "Fencing"),), most=1_500),
    Kind("Lakeside Scaffolding", HARBOR, (("Equipment Rental", "", "Scaffold, month"),), most=5_000),
    Kind("O'Brien Surveying", CLINIC, (("Permits", "", "Survey and permit set"),), most=2_500),
    Kind(DRYWALL, HARBOR, (("Subcontractors", "Drywall", "Hang and tape"),)),
    Kind(GLAZING, CLINIC, (("Subcontractors", "Storefronts", "Shop drawings"),), most=6_000),
    Kind(NORTHSHORE, OFFICE, (("Subcontractors", "Plumbing", "Kitchenettes"),), most=5_000),
)  # fmt: skip
CALLED = {"Hoyt Safety Supply Inc": "Hoyt Safety Supply"}  # as the bookkeeper typed it
Bill = dict[str, Any]


def plant(books: QuickBooksOnlineSimulator, *, today: date, seed: int = 11) -> None:
    """Fill the books; the same seed and day give the same ones."""
    chance = random.Random(seed)
    books.backstage_add_company(REALM, COMPANY, chart=False)
    ids = _lists(books)
    bills: list[Bill] = []
    for n in range(ROUNDS):
        for kind in KINDS:
            bills.append(_bill(books, kind, ids, n=len(bills), day=_day(today, n, chance), chance=chance))
    closed, _ = seed_procore.months(today)[seed_procore.CLOSED_MONTH]
    into_closed = closed + timedelta(days=14)
    bills.append(_bill(books, OF_CLOSED_PERIOD, ids, n=len(bills), day=into_closed, chance=chance))
    _payments(books, bills, today=today, chance=chance)


def _day(today: date, n: int, chance: random.Random) -> date:
    """Each round is later than the one before: invoices of one commitment follow each other."""
    span = DAYS // ROUNDS
    return today - timedelta(days=DAYS - n * span - chance.randrange(span - 4))


def _lists(books: QuickBooksOnlineSimulator) -> dict[str, str]:
    """The ids of accounts, items, classes, customers and vendors by their names."""
    ids = {name: books.backstage_add_account(REALM, name, kind)["Id"] for name, kind in ACCOUNTS}
    for name in ITEMS:
        expense = {"value": ids["Job Materials"]}
        ids[name] = books.backstage_add_item(REALM, name, Type="NonInventory", ExpenseAccountRef=expense)["Id"]
    ids |= {f"class {name}": books.backstage_add_class(REALM, name)["Id"] for name in CLASSES}
    for project in PROJECTS:
        parent = {"value": books.backstage_add_customer(REALM, project.owner)["Id"]}
        job = books.backstage_add_customer(REALM, project.customer, ParentRef=parent, Job=True)
        ids[project.customer] = job["Id"]
    for n, name in enumerate((*VENDORS, *ONLY_IN_BOOKS)):
        known_as = CALLED.get(name, name)
        address = {"City": "Portland", "CountrySubDivisionCode": "OR", "PostalCode": f"97{200 + n}"}
        mail = {"Address": f"ar{n}@vendor.example"}
        made = books.backstage_add_vendor(REALM, known_as, BillAddr=address, PrimaryEmailAddr=mail)
        ids[known_as] = made["Id"]
    return ids


def _bill(
    books: QuickBooksOnlineSimulator, kind: Kind, ids: Mapping[str, str], *, n: int, day: date, chance: random.Random
) -> Bill:
    lines = []
    for place, (coded, trade, told) in enumerate(kind.lines):
        project = kind.other if kind.other and place else kind.project
        amount = Decimal(chance.randrange(kind.most * 20, kind.most * 100)) / 100
        line = {"amount": str(amount), "description": told, "customer_id": ids[project.customer]}
        line["item_id" if coded in ITEMS else "account_id"] = ids[coded]
        lines.append(line | ({"class_id": ids[f"class {trade}"]} if trade else {}))
    number = f"{''.join(word[0] for word in kind.vendor.split()).upper()}-{4100 + n}"
    due = (day + timedelta(days=30)).isoformat()
    vendor = ids[kind.vendor]
    return books.backstage_add_bill(REALM, vendor, lines, DocNumber=number, TxnDate=day.isoformat(), DueDate=due)


def _payments(books: QuickBooksOnlineSimulator, bills: Sequence[Bill], *, today: date, chance: random.Random) -> None:
    """The first three of a vendor's on one check; of the older ones most are paid, every fifth in two parts."""
    together = [bill for bill in bills if bill["VendorRef"]["name"] == "Stark Equipment Rental"][:3]
    check = 5001
    amounts = {bill["Id"]: str(bill["TotalAmt"]) for bill in together}
    books.backstage_pay_bills(REALM, amounts, DocNumber=str(check), TxnDate=_paid_on(together[-1], today))
    older = [bill for bill in bills[: len(bills) * 3 // 4] if bill not in together]
    for n, bill in enumerate(older):
        if n % 4 == 3:
            continue
        fields: dict[str, Any] = {"TxnDate": _paid_on(bill, today), "DocNumber": str(check + n + 1)}
        total = Decimal(str(bill["TotalAmt"]))
        if n % 5 == 2:
            part = (total * Decimal("0.4")).quantize(CENT)
            books.backstage_pay_bill(REALM, bill["Id"], str(part), **fields)
            if n % 20 == 2:
                rest = {**fields, "DocNumber": f"{check + n + 1}B", "TxnDate": today.isoformat()}
                books.backstage_pay_bill(REALM, bill["Id"], str(total - part), **rest)
            continue
        kind = "CreditCard" if n % 11 == 5 else "Check"
        made = books.backstage_pay_bill(REALM, bill["Id"], None, kind, **fields)
        if n == VOIDED:
            books.backstage_void_payment(REALM, made["Id"])


def _paid_on(bill: Bill, today: date) -> str:
    return min(date.fromisoformat(bill["TxnDate"]) + timedelta(days=28), today).isoformat()


@dataclass(frozen=True, slots=True)
class SetUp:
    """What a configuration names for the flow: both connections, and of the flow its mappings and rules."""

    connections: dict[str, Any]
    mappings: dict[str, dict[str, str]]
    rules: dict[str, list[dict[str, Any]]]


def set_up(refresh_token: str, app: Mapping[str, str]) -> SetUp:
    """`app` is the client id and secret by which QuickBooks Online is called."""
    books = {
        "system": "quickbooks_online",
        "environment": "simulated",
        "realm": REALM,
        "credentials": {**app, "refresh_token": refresh_token},
    }
    return SetUp(
        connections={BOOKS: books, SITE: seed_procore.connection()},
        mappings={"project": seed_procore.project_by_customer()},
        rules={"cost_code": seed_procore.cost_code_rules()},
    )
