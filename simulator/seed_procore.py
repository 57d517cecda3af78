"""Cascade Construction: what Cascade Builders builds for others, in Procore; its books in QuickBooks Online.

Each customer in the books is a project there. Some vendors are missing in Procore, or not on a project, one project is
closed to the app, one commitment is a draft and one period closed: so that holds are seen, and are the right ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from simulator.systems.procore import ProcoreSimulator

COMPANY = "Cascade Construction LLC"
COMPANY_ID = 4288001
APP = {"client_id": "procore-app", "client_secret": "procore-app-secret"}
MONTHS = 6  # billing periods up to the present month
CLOSED_MONTH = 2  # how many months ago the closed one was: its place in `months`
SUBCONTRACT, PURCHASE = "WorkOrderContract", "PurchaseOrderContract"

COST_TYPES = (
    ("L", "Labor", "labor"), ("M", "Materials", "materials"), ("S", "Subcontract", "commitment"),
    ("E", "Equipment", "equipment"), ("O", "Other", "other"),
)  # fmt: skip
COST_CODES = (
    ("01-500", "Temporary Facilities", "EO"), ("01-740", "Cleaning", "O"), ("02-300", "Earthwork", "SE"),
    ("03-200", "Reinforcing Steel", "M"), ("03-300", "Concrete", "MS"), ("05-100", "Structural Steel", "MS"),
    ("06-100", "Rough Carpentry", "ML"), ("07-500", "Roofing", "S"), ("08-400", "Storefronts", "S"),
    ("09-250", "Drywall", "S"), ("15-400", "Plumbing", "MS"), ("15-700", "HVAC", "S"),
    ("26-100", "Electrical Rough-In", "MS"), ("26-200", "Electrical Finish", "S"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Project:
    """`customer` is what the bookkeeper calls it: a job of its `owner`."""

    number: str
    name: str
    owner: str
    customer: str
    permitted: bool = True
    closed_period: bool = False  # that of the month before the last


DECK = Project("1042", "Mill Street Parking Deck", "Portland Parking Authority", "Mill St Deck")
HARBOR = Project("1047", "Harbor View Apartments", "Harbor View Partners LP", "Harbor View")
CLINIC = Project("1051", "Pearl District Clinic", "Pearl Health Group", "Pearl Clinic")
GYM = Project("1055", "Riverbend School Gym", "Riverbend School District", "Gym Addition", closed_period=True)
OFFICE = Project("1060", "Alder Office Fit-Out", "Alder Street Holdings", "Alder Fit-Out", permitted=False)
PROJECTS = (DECK, HARBOR, CLINIC, GYM, OFFICE)


@dataclass(frozen=True, slots=True)
class Contract:
    """`values` are the lines of its schedule: budget code, amount, description."""

    project: Project
    vendor: str
    number: str
    title: str
    values: Sequence[tuple[str, str, str]]
    type: str = SUBCONTRACT
    status: str = "Approved"
    retainage: str | None = None


COPPERLINE, NORTHSHORE, TAMARACK = "Copperline Electric LLC", "Northshore Plumbing Co", "Tamarack Concrete Inc"
RIDGELINE, GLAZING, ROOFING = "Ridgeline Steel Fabricators", "Pacific Glazing & Storefronts", "Bayline Roofing"
DRYWALL, HVAC = "Cedar & Stone Drywall", "Harmon HVAC LLC"
CONTRACTS = (
    Contract(DECK, COPPERLINE, "SC-1042-001", "Electrical", (
        ("26-100.S", "180000", "Rough-in, all levels"), ("26-200.S", "95000", "Fixtures and finish"))),
    Contract(DECK, TAMARACK, "SC-1042-002", "Structural concrete", (
        ("03-300.S", "640000", "Slabs and columns"),), retainage="10"),
    Contract(DECK, RIDGELINE, "PO-1042-001", "Structural steel", (
        ("05-100.M", "310000", "Shop steel"),), type=PURCHASE),
    Contract(HARBOR, COPPERLINE, "SC-1047-001", "Electrical", (
        ("26-100.S", "220000", "Rough-in"), ("26-200.S", "130000", "Finish"))),
    Contract(HARBOR, NORTHSHORE, "SC-1047-002", "Plumbing", (("15-400.S", "275000", "Plumbing, complete"),)),
    Contract(HARBOR, DRYWALL, "SC-1047-003", "Drywall, building A", (("09-250.S", "140000", "Building A"),)),
    Contract(HARBOR, DRYWALL, "SC-1047-004", "Drywall, building B", (("09-250.S", "120000", "Building B"),)),
    Contract(CLINIC, HVAC, "SC-1051-001", "HVAC", (("15-700.S", "198000", "Air handling, complete"),)),
    Contract(CLINIC, GLAZING, "SC-1051-002", "Storefronts", (("08-400.S", "88000", "Storefronts"),), status="Draft"),
    Contract(GYM, ROOFING, "SC-1055-001", "Roofing", (("07-500.S", "162000", "Membrane roof"),)),
    Contract(OFFICE, NORTHSHORE, "SC-1060-001", "Plumbing", (("15-400.S", "45000", "Kitchenettes"),)),
)  # fmt: skip
# In Procore's company directory, with the projects on whose directories they are too.
VENDORS: Mapping[str, tuple[Project, ...]] = {
    COPPERLINE: (DECK, HARBOR), NORTHSHORE: (HARBOR, OFFICE), TAMARACK: (DECK,), RIDGELINE: (DECK,), GLAZING: (CLINIC,),
    ROOFING: (GYM,), DRYWALL: (HARBOR,), HVAC: (CLINIC,), "Columbia Ready-Mix Co": (DECK, HARBOR, GYM),
    "Westside Lumber & Supply": (HARBOR, CLINIC), "Stark Equipment Rental": (DECK, HARBOR), "Metro Waste Hauling": (),
    "Hoyt Safety Supply Inc": (GYM,), "O'Brien Surveying": (CLINIC,), "Dalton Masonry": (),
}  # fmt: skip
INACTIVE = "Dalton Masonry"
ONLY_IN_BOOKS = ("Lakeside Scaffolding", "Fastener House")

Rule = dict[str, Any]


def plant(procore: ProcoreSimulator, *, today: date) -> None:
    """Fill the company; the same day gives the same one."""
    procore.backstage_edit_company(COMPANY_ID, permitted=True)
    for code, name, base in COST_TYPES:
        procore.backstage_add_cost_type(COMPANY_ID, code, name, base)
    ids = {project.number: _project(procore, project, today) for project in PROJECTS}
    known: dict[tuple[str, str], int] = {}
    for n, (name, projects) in enumerate(VENDORS.items()):
        made = procore.backstage_add_vendor(
            COMPANY_ID,
            name,
            [ids[project.number] for project in projects],
            city="Portland",
            state_code="OR",
            country_code="US",
            zip=f"97{200 + n}",
            email_address=f"ar{n}@vendor.example",
        )
        known |= {(name, project.number): made["project_vendors"][str(ids[project.number])] for project in projects}
        if name == INACTIVE:
            procore.backstage_edit_vendor(COMPANY_ID, made["id"], is_active=False)
    for contract in CONTRACTS:
        number = contract.project.number
        _commitment(procore, contract, project=ids[number], vendor=known[contract.vendor, number])
    for project in PROJECTS:
        procore.backstage_edit_project(COMPANY_ID, ids[project.number], permitted=project.permitted)


def _project(procore: ProcoreSimulator, project: Project, today: date) -> int:
    made: int = procore.backstage_add_project(COMPANY_ID, project.name, project.number)["id"]
    for code, name, types in COST_CODES:
        procore.backstage_add_cost_code(COMPANY_ID, made, code, name, list(types))
    for ago, (begin, end) in enumerate(months(today)):
        status = "closed" if project.closed_period and ago == CLOSED_MONTH else "open"
        due = (end + timedelta(days=15)).isoformat()
        procore.backstage_add_billing_period(COMPANY_ID, made, begin.isoformat(), end.isoformat(), due, status)
    return made


def months(today: date) -> list[tuple[date, date]]:
    """First and last day of the present month, and of those before it."""
    found: list[tuple[date, date]] = []
    last = (today.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
    for _ in range(MONTHS):
        found.append((last.replace(day=1), last))
        last = last.replace(day=1) - timedelta(days=1)
    return found


def _commitment(procore: ProcoreSimulator, contract: Contract, *, project: int, vendor: int) -> None:
    lines = [{"code": code, "amount": amount, "description": told} for code, amount, told in contract.values]
    procore.backstage_add_commitment(
        COMPANY_ID,
        project,
        vendor,
        lines,
        number=contract.number,
        title=contract.title,
        type=contract.type,
        status=contract.status,
        retainage_percent=contract.retainage,
    )


def connection() -> dict[str, Any]:
    """As it stands in a configuration."""
    return {
        "system": "procore",
        "environment": "simulated",
        "company_id": str(COMPANY_ID),
        "credentials": dict(APP),
    }


def project_by_customer() -> dict[str, str]:
    """Customer in the books -> number of the project."""
    return {project.customer: project.number for project in PROJECTS}


def cost_code_rules() -> list[Rule]:
    """What a line's account, item, class, customer and description stand for. Permits stand for nothing yet."""
    trades = {
        "Concrete": "03-300", "Steel": "05-100", "Roofing": "07-500", "Storefronts": "08-400", "Drywall": "09-250",
        "Plumbing": "15-400", "HVAC": "15-700", "Electrical": "26-100", "Earthwork": "02-300",
    }  # fmt: skip
    subs: dict[str, Any] = {"account": {"equals": "Subcontractors"}}
    materials: dict[str, Any] = {"account": {"equals": "Job Materials"}}
    rentals: dict[str, Any] = {"account": {"equals": "Equipment Rental"}}
    finish = {"class": {"equals": "Electrical"}, "description": {"word": "finish"}}
    return [
        _rule({"item": {"equals": "Ready-mix"}}, "03-300", "M"),
        _rule({"item": {"equals": "Rebar"}}, "03-200", "M"),
        _rule({**subs, **finish}, "26-200", "S"),
        *(_rule({**subs, "class": {"equals": trade}}, code, "S") for trade, code in trades.items()),
        _rule({**materials, "class": {"equals": "Steel"}}, "05-100", "M"),
        _rule({**materials, "class": {"equals": "Electrical"}}, "26-100", "M"),
        _rule({**materials, "description": {"word": "lumber"}}, "06-100", "M"),
        _rule({**rentals, "customer": {"equals": HARBOR.customer}}, "02-300", "E"),
        _rule(rentals, "01-500", "E"),
        _rule({"description": {"word": "cleanup"}}, "01-740", "O"),
        _rule({"account": {"equals": "Site Services"}}, "01-500", "O"),
    ]


def _rule(when: dict[str, Any], cost_code: str, cost_type: str) -> Rule:
    return {"when": when, "then": {"cost_code": cost_code, "cost_type": cost_type}}
