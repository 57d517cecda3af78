"""The company's standing, faults of this vendor's own, and the records as they really are."""

from __future__ import annotations

from dataclasses import asdict, fields
from decimal import Decimal
from typing import Any

from simulator.systems.procore import budget, commitment_shapes, direct_costs, payments, requisitions, totals, vendors
from simulator.systems.procore.company import Company, Json
from simulator.systems.procore.money import ZERO, exact
from simulator.systems.procore.oauth import Client
from simulator.systems.procore.options import Options
from simulator.systems.procore.people import People

FIRST_COMPANY = 4288001


class Backstage(People):
    def backstage_add_company(self, name: str, id: int = 0, **standing: Any) -> Json:
        """`standing`: `connected`, `permitted` for its new projects, `prevent_overbilling`, `currency`."""
        id = id or FIRST_COMPANY + len(self.companies)
        self.companies[id] = Company(id=id, name=name, numbers=self.numbers, **standing)
        return {"id": id, "name": name}

    def backstage_edit_company(self, company_id: int, **standing: Any) -> None:
        for name, value in standing.items():
            if name not in ("connected", "permitted", "prevent_overbilling", "currency"):
                raise ValueError(f"a company has no {name}")
            setattr(self.companies[company_id], name, value)

    def backstage_disconnect_app(self, company_id: int) -> None:
        self.backstage_edit_company(company_id, connected=False)

    def backstage_connect_app(self, company_id: int) -> None:
        self.backstage_edit_company(company_id, connected=True)

    def backstage_set_permission(self, company_id: int, tool: str, level: str) -> None:
        """The app's level for a tool: none, read_only, standard or admin. The same token goes on working."""
        if tool not in self.companies[company_id].levels or level not in ("none", "read_only", "standard", "admin"):
            raise ValueError(f"there is no level {level} for {tool}")
        self.companies[company_id].levels[tool] = level

    def backstage_set_credentials(self, client_id: str, client_secret: str, company_id: int = 0) -> None:
        """An app, or with a company that company's own service account. Tokens handed out before keep working."""
        self.oauth.clients[client_id] = Client(secret=client_secret, company=company_id)

    def backstage_remove_credentials(self, client_id: str) -> None:
        """The account is gone and with it every token of its own."""
        del self.oauth.clients[client_id]

    def backstage_expire_tokens(self) -> None:
        self.expire_tokens()

    def backstage_conflict(self, times: int = 1) -> None:
        """Somebody else is editing direct costs: the next writes to any answer 409."""
        self.conflicts += times

    def backstage_be_busy(self, times: int = 1, seconds: int = 30) -> None:
        """The platform throttles: the next calls answer 503 with Retry-After and a page."""
        self.busy += [seconds] * times

    def backstage_switch(self, name: str, value: Any) -> Json:
        """Set one of the `Options`; returns all of them."""
        if name not in {field.name for field in fields(Options)}:
            raise ValueError(f"no such switch: {name}")
        setattr(self.options, name, float(value) if isinstance(value, Decimal) else value)
        return asdict(self.options)

    # ------------------------------------------------------------------ looking

    def backstage_ledger(self, company_id: int) -> Json:
        """Every record in full as the API shows it, each with who created it."""
        company = self.companies[company_id]
        shown = {
            "vendors": [vendors.show(row) for row in company.every("vendors")],
            "commitments": [commitment_shapes.full(company, row) for row in company.every("commitments")],
            "requisitions": [
                requisitions.show(company, self.options, row, whole=True) for row in company.every("requisitions")
            ],
            "direct_costs": [direct_costs.show(company, row) for row in company.every("direct_costs")],
            "payments": [payments.show(self.options, row) for row in company.every("payments")],
        }
        return {
            kind: [{**row, "created_by": company.tables[kind][row["id"]]["created_by"]} for row in rows]
            for kind, rows in shown.items()
        }

    def backstage_rows(self, company_id: int, kind: str) -> list[Json]:
        """The records of one kind as they are kept, such as "project_vendors", "wbs_codes" or "sov_lines"."""
        return [dict(row) for row in self.companies[company_id].every(kind)]

    def backstage_audit(self, company_id: int) -> list[Json]:
        """Every write in order: time, who, what, kind, id, the values before and after, and the call."""
        return list(self.companies[company_id].audit)

    def backstage_totals(self, company_id: int, project_id: int) -> Json:
        """Per WBS code what is committed, invoiced (approved) and spent directly (approved), as exact text."""
        sums = totals.by_code(self.companies[company_id], project_id)
        return {code: {name: str(amount) for name, amount in mine.items()} for code, mine in sorted(sums.items())}

    def backstage_budget(self, company_id: int, project_id: int) -> Json:
        """Flat code -> original amount, "0" for the lines that costs on an unbudgeted code made."""
        company = self.companies[company_id]
        lines = company.of("budget_lines", project_id)
        return {company.tables["wbs_codes"][row["wbs_code_id"]]["flat_code"]: row["amount"] for row in lines}

    def backstage_add_budget_line(self, company_id: int, project_id: int, code: str, amount: str) -> Json:
        company = self.companies[company_id]
        wbs = next(row for row in company.of("wbs_codes", project_id) if row["flat_code"] == code)
        given = {"original_budget_amount": exact(amount) or ZERO}
        return dict(budget.budget_line(self.person(company_id), wbs, given))

    def backstage_throttled_calls(self) -> int:
        """How many calls have met a full window."""
        return self.throttle.refused
