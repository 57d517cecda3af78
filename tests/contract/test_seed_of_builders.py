"""The seeded builder: his books in QuickBooks Online and his projects in Procore belong together and show each case."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.engine import rules
from chalicelib.systems.procore import commitments, lists, names, router
from chalicelib.systems.procore.parts import Bill, Choices, DirectCost, Known, Line, Part, Requisition, Waiting
from chalicelib.systems.procore.target import ProcoreTarget
from chalicelib.systems.quickbooks_online import bills
from simulator import seed, seed_procore, seed_site_books
from simulator.memory.clock import MemoryClock
from simulator.systems.procore import ProcoreSimulator
from simulator.systems.quickbooks_online import QuickBooksOnlineSimulator
from simulator.systems.serving import listen
from tests.contract.procore_over_sockets import a_line

SET_UP = seed_site_books.set_up("RT1-x", seed.APP)
RULES = [rules.read(rule) for rule in SET_UP.rules["cost_code"]]


@dataclass(frozen=True)
class Seeded:
    ledger: dict[str, Any]
    target: ProcoreTarget
    bills: list[bills.Bill]


@pytest.fixture(scope="module")
def seeded() -> Iterator[Seeded]:
    clock = MemoryClock()
    books = QuickBooksOnlineSimulator(clock=clock.now, realms=())
    procore = ProcoreSimulator(clock=clock.now, company=seed_procore.COMPANY, **seed_procore.APP)  # type: ignore[arg-type]  # texts
    today = clock.now().date()
    seed_procore.plant(procore, today=today)
    seed_site_books.plant(books, today=today)
    server, url = listen(procore)
    ledger = books.backstage_ledger(seed_site_books.REALM)
    read = [bills.parse(bills.document(raw["Id"], raw).body, url="") for raw in ledger["bills"]]
    yield Seeded(ledger, ProcoreTarget(a_line(url, clock, seed_procore.APP)), read)
    server.shutdown()
    server.server_close()


def test_there_are_bills_and_payments_enough_of_every_kind(seeded: Seeded) -> None:
    payments = seeded.ledger["bill_payments"]
    assert len(seeded.bills) >= 60 and len(payments) >= 30
    assert max(len(payment.get("Line", ())) for payment in payments) == 3
    assert {payment["PayType"] for payment in payments} == {"Check", "CreditCard"}
    assert sum(Decimal(str(payment["TotalAmt"])) == 0 for payment in payments) == 1, "one is void"
    open_ones = [bill for bill in seeded.ledger["bills"] if 0 < bill["Balance"] < bill["TotalAmt"]]
    assert len(open_ones) >= 3, "paid in part"


def test_every_line_is_of_a_project_and_all_but_permits_have_a_cost_code(seeded: Seeded) -> None:
    projects = SET_UP.mappings["project"]
    for bill in seeded.bills:
        for line in bill.lines:
            assert line.customer.name in projects
            assert (answer(line) is None) == (line.account.name == "Permits"), line
    assert rules.never(RULES) == []


def test_the_bills_become_invoices_direct_costs_and_holds_of_every_reason(seeded: Seeded) -> None:
    known = commitments.of(seeded.target.references("commitment"))
    parts = [part for bill in seeded.bills for part in routed(seeded, bill, known)]
    kinds = Counter(type(part) for part in parts)
    assert kinds[Requisition] >= 25 and kinds[DirectCost] >= 15, kinds
    reasons = Counter(part.held.reason for part in parts if isinstance(part, Waiting))
    assert set(reasons) == {
        "several_commitments",
        "commitment_not_ready",
        "permission_or_tool",
        "budget_code_missing",
    }


def test_one_project_is_closed_to_the_app_and_one_period_is_over(seeded: Seeded) -> None:
    ready = {one.id: one.active for one in seeded.target.references("readiness")}
    assert len(ready) == len(seed_procore.PROJECTS) - 1 and all(ready.values())
    closed = [one for one in seeded.target.references("billing_period") if not one.active]
    assert len(closed) == 1
    gym = next(one for one in seeded.target.references("project") if one.code == seed_procore.GYM.number)
    assert closed[0].contact["project"] == gym.id
    inside = [
        bill for bill in seeded.bills if closed[0].contact["begin"] <= bill.date.isoformat() <= closed[0].contact["end"]
    ]
    assert [bill for bill in inside if bill.vendor_name == seed_procore.ROOFING], "and a bill falls into it"


def test_the_connections_are_those_of_a_configuration() -> None:
    assert set(SET_UP.connections) == {seed_site_books.BOOKS, seed_site_books.SITE}
    assert {one["system"] for one in SET_UP.connections.values()} == {"quickbooks_online", "procore"}


def answer(line: bills.BillLine) -> rules.Rule | None:
    told = {"account": line.account.name, "item": line.item.name, "class": line.klass.name}
    return rules.first(RULES, {**told, "customer": line.customer.name, "description": line.description})


def routed(seeded: Seeded, bill: bills.Bill, known: Known) -> list[Part]:
    """As a flow would ask, with the projects' own directories as they stand."""
    projects = {one.code: one.id for one in seeded.target.references("project")}
    codes, directory = seeded.target.references("wbs_code"), seeded.target.references("project_vendor")
    lines, vendors = [], {}
    for line in bill.lines:
        number = SET_UP.mappings["project"][line.customer.name]
        project, fitting = projects.get(number, number), answer(line)
        wanted = fitting.then if fitting else {"cost_code": "", "cost_type": ""}
        wbs = lists.budget_code(codes, project=project, **wanted)
        lines.append(Line(key=line.id, project=project, amount=line.amount, wbs=wbs, description=line.description))
        vendors[project] = frozenset(
            one.id.rpartition("/")[2]
            for one in directory
            if one.contact["project"] == project
            and names.company_name(one.name) == names.company_name(bill.vendor_name)
        )
    asked = Bill(title=f"The bill {bill.number}", vendor_name=bill.vendor_name, lines=lines, vendors=vendors)
    return router.route(asked, known, Choices())
