"""What a project's records add up to, per WBS code: only what is approved counts as cost."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

from simulator.systems.procore.company import Company, Json
from simulator.systems.procore.money import ZERO, exact

APPROVED_CONTRACTS = {"Approved", "Complete", "Closed", "Received", "Partially Received"}


def by_code(company: Company, project_id: int) -> dict[str, dict[str, Decimal]]:
    """Flat code -> commitments, requisitions (the approved ones) and direct costs (likewise)."""
    sums: defaultdict[str, dict[str, Decimal]] = defaultdict(dict)

    def count(line: Json, column: str, amount: Decimal) -> None:
        wbs = company.find("wbs_codes", line["wbs_code_id"])
        mine = sums[wbs["flat_code"] if wbs else ""]
        mine[column] = mine.get(column, ZERO) + amount

    for contract in company.of("commitments", project_id):
        for line in company.of("sov_lines", contract["id"]):
            if contract["status"] in APPROVED_CONTRACTS and not contract["deleted_at"]:
                count(line, "commitments", exact(line["amount"]))
        for requisition in company.of("requisitions", contract["id"]):
            for item in company.of("requisition_items", requisition["id"]):
                if requisition["status"] == "approved":
                    count(item, "requisitions", exact(item["work"]) + exact(item["stored"]))
    for cost in company.of("direct_costs", project_id):
        for line in company.of("direct_cost_lines", cost["id"]):
            if cost["status"] == "approved":
                count(line, "direct_costs", exact(line["amount"]))
    return dict(sums)
