"""The proof, project by project: what the books name for a project is there on its cost codes, held, or not moved."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from rich.console import Console
from rich.table import Table

from chalicelib.engine import rules
from simulator import seed_procore, seed_site_books
from simulator.house import House

MARK = "[mlc:"
NOUGHT = Decimal("0.00")
Documents = list[dict[str, Any]]
Amounts = dict[str, Decimal]


@dataclass
class Project:
    """`moved` and `there` are by cost code: what should be there, and what is; the rest is what is not."""

    booked: Decimal = NOUGHT
    held: Decimal = NOUGHT
    not_moved: Decimal = NOUGHT
    moved: Amounts = field(default_factory=lambda: defaultdict(lambda: NOUGHT))
    there: Amounts = field(default_factory=lambda: defaultdict(lambda: NOUGHT))

    @property
    def agrees(self) -> bool:
        codes = {*self.moved, *self.there}
        whole = self.booked == sum(self.there.values(), NOUGHT) + self.held + self.not_moved
        return whole and all(self.moved[code] == self.there[code] for code in codes)


def agree(house: House, console: Console, records: Documents) -> bool:
    """Whether every project and cost code agrees, each project shown."""
    if {"quickbooks_online", "procore"} - house.urls.keys():
        return True
    rows = {kind: _rows(house, kind) for kind in ("projects", "wbs_codes", "sov_lines", "commitments", "direct_costs")}
    numbers = {row["id"]: str(row["project_number"]) for row in rows["projects"]}
    found: dict[str, Project] = defaultdict(Project)
    _of_the_books(house, found, {record["id"].split(":", 2)[2]: record for record in records}, numbers)
    for number, code, amount in _of_the_site(house, rows, numbers):
        found[number].there[code] += amount
    table = Table(title="projects", title_justify="left")
    for column in ("project", "in the books", "in Procore", "on cost codes", "held", "not moved", ""):
        table.add_column(column, justify="left" if column in ("project", "") else "right")
    for number, one in sorted(found.items()):
        there = [code for code, amount in one.there.items() if amount]
        amounts = (one.booked, sum(one.there.values(), NOUGHT), one.held, one.not_moved)
        told = [f"{amount:,.2f}" for amount in amounts]
        table.add_row(number, *told[:2], str(len(there)), *told[2:], "agrees" if one.agrees else "DIFFERS")
    console.print(table)
    return all(one.agrees for one in found.values())


def _rows(house: House, kind: str) -> Documents:
    found: Documents = house.backstage("procore", "rows", company_id=seed_procore.COMPANY_ID, kind=kind)
    return found


def _of_the_books(
    house: House, found: dict[str, Project], records: dict[str, dict[str, Any]], numbers: dict[int, str]
) -> None:
    projects = {number: id_ for id_, number in numbers.items()}
    by_customer = seed_procore.project_by_customer()
    listed = [rules.read(rule) for rule in seed_procore.cost_code_rules()]
    for bill in house.backstage("quickbooks_online", "ledger", realm_id=seed_site_books.REALM)["bills"]:
        for line in bill["Line"]:
            facts = _facts(line)
            number = by_customer[facts["customer"]]
            amount = Decimal(str(line["Amount"]))
            project = found[number]
            project.booked += amount
            record = records.get(f"{bill['Id']}@{projects.get(number)}") or records[bill["Id"]]
            if record["state"] == "held":
                project.held += amount
            elif record["state"] == "not_moved":
                project.not_moved += amount
            else:
                rule = rules.first(listed, facts, number)
                assert rule is not None, facts
                project.moved[f"{rule.then['cost_code']}.{rule.then['cost_type']}"] += amount


def _facts(line: dict[str, Any]) -> dict[str, str]:
    detail = line.get("AccountBasedExpenseLineDetail") or line.get("ItemBasedExpenseLineDetail") or {}
    named = {"account": "AccountRef", "item": "ItemRef", "class": "ClassRef", "customer": "CustomerRef"}
    facts = {fact: str(detail.get(ref, {}).get("name", "")) for fact, ref in named.items()}
    return {**facts, "description": str(line.get("Description", ""))}


def _of_the_site(
    house: House, rows: dict[str, Documents], numbers: dict[int, str]
) -> Iterator[tuple[str, str, Decimal]]:
    """(project, cost code, amount) of each line of ours."""
    codes = {row["id"]: str(row["flat_code"]) for row in rows["wbs_codes"]}
    values = {row["id"]: row["wbs_code_id"] for row in rows["sov_lines"]}
    commitments = {row["id"]: row["project_id"] for row in rows["commitments"]}
    costs = {row["id"]: row["project_id"] for row in rows["direct_costs"]}
    ledger = house.backstage("procore", "ledger", company_id=seed_procore.COMPANY_ID)
    for one in _ours(ledger["requisitions"]):
        for item in one["items"]:
            amount = Decimal(str(item["work_completed_this_period"]))
            yield numbers[commitments[one["commitment_id"]]], codes[values[item["line_item_id"]]], amount
    for one in _ours(ledger["direct_costs"]):
        for line in one["line_items"]:
            yield numbers[costs[one["id"]]], codes[line["wbs_code"]["id"]], Decimal(str(line["amount"]))


def _ours(shown: Documents) -> Documents:
    return [one for one in shown if MARK in (one.get("origin_data") or "")]
