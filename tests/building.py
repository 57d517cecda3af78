"""A builder that keeps its books in QuickBooks Online and its projects in Procore: both simulated, in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from chalicelib.engine import setup as setups
from chalicelib.engine.ledger import Head
from chalicelib.engine.records import RecordKey
from chalicelib.engine.rules import Condition, Rule
from simulator.memory.clock import MemoryClock
from simulator.systems.procore import ProcoreSimulator
from simulator.systems.quickbooks_online import QuickBooksOnlineSimulator
from simulator.world import World

TENANT, FLOW = "acme", "quickbooks_online_to_procore"
REALM, COMPANY = "9130001", 4288001
APP = {"client_id": "intuit-app", "client_secret": "intuit-app-secret"}
HOSTS = ("https://quickbooks.api.intuit.com", "https://oauth.platform.intuit.com")
SITES = ("https://api.procore.com", "https://login.procore.com")
DAY = "2026-02-20"


class Builder(World):
    """Two projects of two cost codes each, with open periods; jobs in the books by the projects' names.

    The books have accounts for both codes; the rules send "Electrical" to 26-100.C and "Concrete" to 03-300.M.
    """

    def __init__(self, *, seed: int = 0, site: type[ProcoreSimulator] = ProcoreSimulator, **policies: str) -> None:
        clock = MemoryClock(seed=seed)
        self.books = QuickBooksOnlineSimulator(
            clock=clock.now,
            client_id=APP["client_id"],
            client_secret=APP["client_secret"],
            realms={REALM: "Harborline books"},
        )
        self.site = site(clock=clock.now)
        systems = {**dict.fromkeys(HOSTS, self.books), **dict.fromkeys(SITES, self.site)}
        super().__init__(clock=clock, systems=systems, seed=seed)
        self.books.backstage_switch("rotate_every_refresh", False)
        grant = self.books.backstage_grant(REALM)
        self.connect(
            TENANT, "books", "quickbooks_online", {"realm": REALM}, {**APP, "refresh_token": grant["refresh_token"]}
        )
        secrets = {"client_id": "procore-app", "client_secret": "procore-app-secret"}
        self.connect(TENANT, "site", "procore", {"company_id": str(COMPANY)}, secrets)
        self.add_flow(
            TENANT,
            FLOW,
            source="books",
            target="site",
            cut_over=date(2026, 1, 1),
            policies={"tax": "spread", **policies},
        )
        self.rules(("account", "Electrical", "26-100", "C"), ("account", "Concrete", "03-300", "M"))
        for code, name in (("C", "Commitment"), ("M", "Materials")):
            self.site.backstage_add_cost_type(COMPANY, code, name)
        self.accounts = {
            name: self.books.backstage_add_account(REALM, name, "Cost of Goods Sold")["Id"]
            for name in ("Electrical", "Concrete", "Rent")
        }
        self.jobs: dict[str, str] = {}
        self.projects: dict[str, int] = {}
        self.deck = self.project("Mill Street Parking Deck", "1042")
        self.clinic = self.project("Harbor Clinic", "1043")

    # ------------------------------------------------------------------ people at work

    def project(self, name: str, number: str) -> int:
        project = int(self.site.backstage_add_project(COMPANY, name, number)["id"])
        for code in ("26-100", "03-300"):
            self.site.backstage_add_cost_code(COMPANY, project, code, f"Work {code}", ["C", "M"])
        self.site.backstage_add_billing_period(COMPANY, project, "2026-02-01", "2026-02-28")
        self.jobs[name] = str(self.books.backstage_add_customer(REALM, name)["Id"])
        self.projects[name] = project
        return project

    def rules(self, *rules: tuple[str, str, str, str]) -> None:
        """(fact, its value, cost code, cost type) from the first to the last."""
        made = [
            Rule((Condition(fact, "equals", (value,)),), {"cost_code": code, "cost_type": kind})
            for fact, value, code, kind in rules
        ]
        key = (setups.pk(TENANT), f"FLOW#{FLOW}")
        setup = setups.read_flow(TENANT, self.store.get([key])[key])
        self.store.write([setups.flow_put(replace(setup, rules={"cost_code": made}))])

    def policy(self, **policies: str) -> None:
        key = (setups.pk(TENANT), f"FLOW#{FLOW}")
        setup = setups.read_flow(TENANT, self.store.get([key])[key])
        self.store.write([setups.flow_put(replace(setup, policies={**setup.policies, **policies}))])

    def vendor(self, name: str, **fields: Any) -> str:
        """A vendor in the books."""
        return str(self.books.backstage_add_vendor(REALM, name, **fields)["Id"])

    def bill(self, vendor: str, *lines: tuple[str, str, str], **fields: Any) -> str:
        """`lines`: (amount, account, name of the job)."""
        fields.setdefault("TxnDate", DAY)
        fields.setdefault("DocNumber", f"INV-{len(self.books.backstage_ledger(REALM)['bills']) + 1:03}")
        made = self.books.backstage_add_bill(REALM, vendor, [self._line(*line) for line in lines], **fields)
        return str(made["Id"])

    def edit(self, bill: str, *lines: tuple[str, str, str], **fields: Any) -> None:
        self.books.backstage_edit_bill(REALM, bill, [self._line(*line) for line in lines] or None, **fields)

    def _line(self, amount: str, account: str, job: str) -> Mapping[str, Any]:
        line = {"amount": amount, "account_id": self.accounts[account], "description": f"{account} work"}
        return line | ({"customer_id": self.jobs[job]} if job else {})

    def pay(self, **amounts: str) -> str:
        """One check over bills: the id of each as `b12`, and how much of it."""
        paid = {bill.removeprefix("b"): amount for bill, amount in amounts.items()}
        return str(self.books.backstage_pay_bills(REALM, paid, TxnDate="2026-02-25", DocNumber="10442")["Id"])

    def commitment(self, vendor: str, project: int, *codes: str, **fields: Any) -> int:
        """A subcontract of the company of that name, put on the project; a line of 50,000 for each code."""
        known = {row["name"]: row for row in self.site.backstage_rows(COMPANY, "vendors")}
        company = known.get(vendor) or self.site.backstage_add_vendor(COMPANY, vendor)
        on_project = self.site.backstage_put_on_project(COMPANY, company["id"], project)["id"]
        lines = [{"code": code, "amount": "50000"} for code in codes or ("26-100.C",)]
        return int(self.site.backstage_add_commitment(COMPANY, project, on_project, lines, **fields)["id"])

    # ------------------------------------------------------------------ running, and looking

    def run(self, *, full: bool = False) -> None:
        self.cycle(TENANT, FLOW, full=full)

    def there(self, kind: str) -> list[dict[str, Any]]:
        """requisitions, direct_costs, payments, vendors: as the API shows them."""
        found: list[dict[str, Any]] = self.site.backstage_ledger(COMPANY)[kind]
        return found

    def costs(self, project: int) -> dict[str, Decimal]:
        """What stands on each budget code of the project, invoiced in any status or spent directly."""
        found: dict[str, Decimal] = {}
        codes = {row["id"]: row["flat_code"] for row in self.site.backstage_rows(COMPANY, "wbs_codes")}
        lines = {row["id"]: row["wbs_code_id"] for row in self.site.backstage_rows(COMPANY, "sov_lines")}
        for one in self.there("requisitions"):
            if one["project_id"] == project if "project_id" in one else self._is_in(one, project):
                for item in one["items"]:
                    amount = Decimal(item["work_completed_this_period"])
                    code = codes[lines[item["line_item_id"]]]
                    found[code] = found.get(code, Decimal(0)) + amount
        for one in self.there("direct_costs"):
            if self._is_in(one, project):
                for line in one["line_items"]:
                    code = codes[line["wbs_code"]["id"]]
                    found[code] = found.get(code, Decimal(0)) + Decimal(str(line["amount"]))
        return {code: amount for code, amount in found.items() if amount}

    def _is_in(self, one: Mapping[str, Any], project: int) -> bool:
        kind = "requisitions" if "items" in one else "direct_costs"
        row = next(row for row in self.site.backstage_rows(COMPANY, kind) if row["id"] == one["id"])
        if "project_id" in row:
            return bool(row["project_id"] == project)
        commitments = {row["id"]: row["project_id"] for row in self.site.backstage_rows(COMPANY, "commitments")}
        return bool(commitments[row["commitment_id"]] == project)

    def record(self, named: str, move: str = "bill") -> Head:
        key = RecordKey.of(TENANT, FLOW, move, named)
        from chalicelib.engine import ledger

        return ledger.heads(self.store, [key])[key]

    def states(self, move: str = "bill") -> dict[str, str]:
        """By the record's name among those of its move."""
        return {head.key.named: head.state for head in self.heads(TENANT, FLOW, move)}

    def why(self, move: str = "bill") -> dict[str, str]:
        heads = self.heads(TENANT, FLOW, move)
        return {head.key.named: f"{head.state} {head.hold or head.outcome or head.trouble}" for head in heads}

    def careful(self) -> None:
        assert self.books.our_mistakes == []
        assert self.site.our_mistakes == []
