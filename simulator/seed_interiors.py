"""Cascade Interiors: a second company in Procore, whose bills are entered in the job-cost file of QuickBooks Desktop.

What people do there after the first run is here too: bills are corrected, deleted and voided, invoices approved, paid.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from simulator import seed_procore
from simulator.systems.procore import ProcoreSimulator
from simulator.systems.quickbooks_desktop import QuickBooksDesktopSimulator

COMPANY, COMPANY_ID = "Cascade Interiors LLC", 4288777
FLOW, SITE = "quickbooks_desktop_to_procore", "interiors"
BILLS = 40
DAYS = 90  # bills are dated over so many days before today
OWNER = "Burnside Properties"
LOBBY, LOFTS = "Burnside Lobby", "Burnside Lofts"
JOBS = {LOBBY: "2101", LOFTS: "2104"}
MILLWORK, STONE = "Medford Millwork", "Siskiyou Stone"  # each with a commitment: one is approved, one corrected
SUPPLIERS = ("Newport Nails", "Ashland Abatement", "Rose City Lumber", "Tualatin Tools")
CODES = {"Finish Carpentry": "06-100", "Tile": "09-250", "Site Safety": "01-500", "Rough Carpentry": "06-100"}
CORRECTED, DELETED, VOIDED, PAID = (3, 11, 19), (7, 23), (15,), (0, 4, 8, 2, 1, 5, 9)  # by the bills' numbers
Documents = list[dict[str, Any]]
Backstage = Callable[..., Any]


def plant(pc: QuickBooksDesktopSimulator, procore: ProcoreSimulator, *, today: date, seed: int = 13) -> None:
    """Fill the company, and the file with its jobs and bills; the same seed and day give the same ones."""
    chance = random.Random(seed)
    _company(procore, today)
    owner = pc.backstage_add_customer(OWNER)["id"]
    jobs = {name: pc.backstage_add_customer(name, parent=owner)["id"] for name in JOBS}
    pc.backstage_add_account("Company Card", "CreditCard", "2100")
    books = pc.backstage_ledger()
    accounts = {one["Name"]: one["id"] for one in books["Account"]}
    vendors = {one["Name"]: one["id"] for one in books["Vendor"]}
    for n in range(BILLS):
        vendor = (MILLWORK, SUPPLIERS[n % 4], STONE, SUPPLIERS[(n + 1) % 4])[n % 4]
        account = {MILLWORK: "Finish Carpentry", STONE: "Tile"}.get(vendor) or ("Site Safety", "Rough Carpentry")[n % 2]
        job = LOBBY if vendor in (MILLWORK, STONE) or n % 3 else LOFTS
        amount = f"{Decimal(chance.randrange(4_000, 380_000)) / 100:.2f}"
        row = {"AccountRef": accounts[account], "Amount": amount, "Memo": account, "CustomerRef": jobs[job]}
        day = today - timedelta(days=DAYS - n * DAYS // BILLS)
        pc.backstage_add_bill(vendors[vendor], [row], RefNumber=_number(n), TxnDate=day.isoformat())


def _company(procore: ProcoreSimulator, today: date) -> None:
    procore.backstage_add_company(COMPANY, COMPANY_ID)
    for code, name, base in seed_procore.COST_TYPES:
        procore.backstage_add_cost_type(COMPANY_ID, code, name, base)
    for name, number in JOBS.items():
        project = procore.backstage_add_project(COMPANY_ID, name, number)["id"]
        for code in sorted({*CODES.values()}):
            procore.backstage_add_cost_code(COMPANY_ID, project, code, f"Work {code}", ["M", "S"])
        for begin, end in seed_procore.months(today):
            procore.backstage_add_billing_period(COMPANY_ID, project, begin.isoformat(), end.isoformat())
        if name != LOBBY:
            continue
        for vendor, code in ((MILLWORK, "06-100.S"), (STONE, "09-250.S")):
            known = procore.backstage_add_vendor(COMPANY_ID, vendor, [project])["project_vendors"][str(project)]
            procore.backstage_add_commitment(COMPANY_ID, project, known, [{"code": code, "amount": "400000"}])


def _number(n: int) -> str:
    return f"CI-{700 + n}"


def set_up(pc_connection: str, cut_over: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """As they stand in a configuration: the connection to Procore, and the flow."""
    site = {**seed_procore.connection(), "company_id": str(COMPANY_ID)}
    flow = {
        "from": pc_connection,
        "to": SITE,
        "cut_over": cut_over,
        "every": "15 minutes",
        "policies": {"no_project": "leave_out"},  # the file's other bills are no cost of these projects
        "mappings": {"project": {f"{OWNER}:{name}": number for name, number in JOBS.items()}},
        "rules": {"cost_code": [_rule(account, code) for account, code in CODES.items()]},
    }
    return site, flow


def _rule(account: str, code: str) -> dict[str, Any]:
    kind = "S" if account in ("Finish Carpentry", "Tile") else "M"
    return {"when": {"account": {"equals": account}}, "then": {"cost_code": code, "cost_type": kind}}


def people_at_work(backstage: Backstage, path: str) -> bool:
    """What they do once the first run is over; False where they have done it already."""
    bills = backstage("quickbooks_desktop", "ledger", file=path)["Bill"]
    by_number = {one["RefNumber"]: one for one in bills if one.get("RefNumber")}
    if _number(DELETED[0]) not in by_number:
        return False
    for one in backstage("procore", "ledger", company_id=COMPANY_ID)["requisitions"]:
        if by_number[one["invoice_number"]]["VendorRef"] == by_number[_number(0)]["VendorRef"]:
            backstage("procore", "edit_requisition", company_id=COMPANY_ID, requisition_id=one["id"], status="approved")
    for n in CORRECTED:
        bill = by_number[_number(n)]
        rows = [{key: line[key] for key in ("AccountRef", "CustomerRef", "Memo")} for line in bill["lines"]]
        rows[0]["Amount"] = f"{Decimal(str(bill['lines'][0]['Amount'])) + 17:.2f}"
        backstage("quickbooks_desktop", "edit_bill", id=bill["id"], rows=rows, file=path)
    for n in DELETED:
        backstage("quickbooks_desktop", "delete", id=by_number[_number(n)]["id"], file=path)
    for n in VOIDED:
        backstage("quickbooks_desktop", "void", id=by_number[_number(n)]["id"], file=path)
    for n in PAID:
        fields = {"RefNumber": str(6001 + n), "card": n == PAID[-1], "file": path}
        backstage("quickbooks_desktop", "pay_bill", bill_id=by_number[_number(n)]["id"], **fields)
    return True
