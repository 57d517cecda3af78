"""A builder that keeps its books in QuickBooks Desktop and its projects in Procore: both simulated, in memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from chalicelib.engine import ledger
from chalicelib.engine import setup as setups
from chalicelib.engine.ledger import Head
from chalicelib.engine.records import RecordKey
from chalicelib.engine.rules import Condition, Rule
from simulator.desktop import DesktopCompany
from simulator.systems.procore import ProcoreSimulator

FLOW = "quickbooks_desktop_to_procore"
COMPANY = 4288001
SITES = ("https://api.procore.com", "https://login.procore.com")
DAY = "2026-02-20"


class FileBuilder(DesktopCompany):
    """Two projects of two cost codes each, with open periods; jobs in the company file by the projects' names.

    The rules send "Electrical" to 26-100.C and "Concrete" to 03-300.M.
    """

    def __init__(self, *, seed: int = 0, zone: str = "America/New_York", **policies: str) -> None:
        super().__init__(seed=seed, zone=zone)
        self.site = ProcoreSimulator(clock=self.world.clock.now)
        for host in SITES:
            self.world.http.routes[host] = self.site
        secrets = {"client_id": "procore-app", "client_secret": "procore-app-secret"}
        self.world.connect(self.tenant, "site", "procore", {"company_id": str(COMPANY)}, secrets)
        cut_over = date(2026, 1, 1)
        self.world.add_flow(
            self.tenant, FLOW, source="books", target="site", cut_over=cut_over, policies={"tax": "spread", **policies}
        )
        self.rules(("account", "Electrical", "26-100", "C"), ("account", "Concrete", "03-300", "M"))
        for code, name in (("C", "Commitment"), ("M", "Materials")):
            self.site.backstage_add_cost_type(COMPANY, code, name)
        self.charts = {
            "Electrical": self.pc.backstage_add_account("Electrical", "CostOfGoodsSold", "5020")["id"],
            "Concrete": self.accounts["5010"]["id"],
            "Rent": self.accounts["6010"]["id"],
        }
        self.jobs: dict[str, str] = {}
        self.deck = self.project("Mill Street Parking Deck", "1042")
        self.clinic = self.project("Harbor Clinic", "1043")

    # ------------------------------------------------------------------ people at work

    def project(self, name: str, number: str) -> int:
        project = int(self.site.backstage_add_project(COMPANY, name, number)["id"])
        for code in ("26-100", "03-300"):
            self.site.backstage_add_cost_code(COMPANY, project, code, f"Work {code}", ["C", "M"])
        self.site.backstage_add_billing_period(COMPANY, project, "2026-02-01", "2026-02-28")
        self.jobs[name] = str(self.pc.backstage_add_customer(name)["id"])
        return project

    def rules(self, *rules: tuple[str, str, str, str]) -> None:
        """(fact, its value, cost code, cost type) from the first to the last."""
        made = [
            Rule((Condition(fact, "equals", (value,)),), {"cost_code": code, "cost_type": kind})
            for fact, value, code, kind in rules
        ]
        self._set_up(rules={"cost_code": made})

    def policy(self, **policies: str) -> None:
        self._set_up(policies={**self.world.open(self.tenant, FLOW).setup.policies, **policies})

    def _set_up(self, **changes: Any) -> None:
        key = (setups.pk(self.tenant), f"FLOW#{FLOW}")
        setup = setups.read_flow(self.tenant, self.world.store.get([key])[key])
        self.world.store.write([setups.flow_put(replace(setup, **changes))])

    def payee(self, name: str, **fields: Any) -> str:
        """A vendor in the company file."""
        return str(self.pc.backstage_add_vendor(name, **fields)["id"])

    def bill(self, vendor: str, *lines: tuple[str, str, str], **fields: Any) -> str:
        """`lines`: (amount, account, name of the job)."""
        fields.setdefault("TxnDate", DAY)
        if "RefNumber" not in fields:
            fields["RefNumber"] = f"INV-{len(self.pc.backstage_ledger()['Bill']) + 1:03}"
        return str(self.pc.backstage_add_bill(vendor, [self.line(*one) for one in lines], **fields)["id"])

    def edit(self, bill: str, *lines: tuple[str, str, str], **fields: Any) -> None:
        self.pc.backstage_edit_bill(bill, [self.line(*one) for one in lines] or None, **fields)

    def line(self, amount: str, account: str, job: str) -> Mapping[str, Any]:
        made = {"AccountRef": self.charts[account], "Amount": amount, "Memo": f"{account} work"}
        return made | ({"CustomerRef": self.jobs[job]} if job else {})

    def pay(self, bill: str, amount: str = "", **fields: Any) -> str:
        fields.setdefault("TxnDate", "2026-02-25")
        fields.setdefault("RefNumber", "10442")
        return str(self.pc.backstage_pay_bill(bill, amount, **fields)["id"])

    def commitment(self, vendor: str, project: int, *codes: str, **fields: Any) -> int:
        """A subcontract of the company of that name, put on the project; a line of 50,000 for each code."""
        known = {row["name"]: row for row in self.site.backstage_rows(COMPANY, "vendors")}
        company = known.get(vendor) or self.site.backstage_add_vendor(COMPANY, vendor)
        on_project = self.site.backstage_put_on_project(COMPANY, company["id"], project)["id"]
        lines = [{"code": code, "amount": "50000"} for code in codes or ("26-100.C",)]
        return int(self.site.backstage_add_commitment(COMPANY, project, on_project, lines, **fields)["id"])

    def approve(self) -> None:
        """Somebody in Procore approves all invoices."""
        for one in self.there("requisitions"):
            self.site.backstage_edit_requisition(COMPANY, one["id"], status="approved")

    # ------------------------------------------------------------------ running, and looking

    def run(self, times: int = 1) -> None:
        """A scheduled run waits until the Web Connector calls, and what it brought is written; so often."""
        for _ in range(times):
            self.world.cycle(self.tenant, FLOW)
            self.call()
            self.world.until_quiet()

    def settle(self) -> None:
        """What is read by its id only after something else was written takes another run."""
        self.run(3)

    def there(self, kind: str) -> list[dict[str, Any]]:
        """requisitions, direct_costs, payments, vendors: as the API shows them."""
        found: list[dict[str, Any]] = self.site.backstage_ledger(COMPANY)[kind]
        return found

    def costs(self) -> dict[str, Decimal]:
        """By number: what of ours stands in Procore, invoiced in any status or spent directly."""
        found: dict[str, Decimal] = {}
        for kind in ("requisitions", "direct_costs"):
            for one in self.there(kind):
                number = str(one["invoice_number"])
                found[number] = found.get(number, Decimal(0)) + amount(one)
        return found

    def on_codes(self) -> dict[str, Decimal]:
        """By budget code over both projects: what stands there."""
        found: dict[str, Decimal] = {}
        codes = {row["id"]: row["flat_code"] for row in self.site.backstage_rows(COMPANY, "wbs_codes")}
        lines = {row["id"]: row["wbs_code_id"] for row in self.site.backstage_rows(COMPANY, "sov_lines")}
        for one in self.there("requisitions"):
            for item in one["items"]:
                code = codes[lines[item["line_item_id"]]]
                found[code] = found.get(code, Decimal(0)) + Decimal(item["work_completed_this_period"])
        for one in self.there("direct_costs"):
            for line in one["line_items"]:
                code = codes[line["wbs_code"]["id"]]
                found[code] = found.get(code, Decimal(0)) + Decimal(str(line["amount"]))
        return {code: sum_ for code, sum_ in found.items() if sum_}

    def record(self, named: str, move: str = "bill") -> Head:
        key = RecordKey.of(self.tenant, FLOW, move, named)
        return ledger.heads(self.world.store, [key])[key]

    def all_heads(self) -> Iterator[Head]:
        for move in ("vendor", "bill", "bill_payment"):
            yield from self.world.heads(self.tenant, FLOW, move)

    def states(self, move: str = "bill") -> dict[str, str]:
        """By the record's name among those of its move."""
        return {head.key.named: head.state for head in self.world.heads(self.tenant, FLOW, move)}

    def why(self, move: str = "bill") -> dict[str, str]:
        heads = self.world.heads(self.tenant, FLOW, move)
        return {head.key.named: f"{head.state} {head.hold or head.outcome or head.trouble}" for head in heads}

    def reasons(self, move: str = "bill") -> set[str]:
        return {str(head.hold["reason"]) for head in self.world.heads(self.tenant, FLOW, move) if head.hold}

    def told(self, word: str) -> list[str]:
        """The notices that people got in which the word occurs."""
        return [f"{subject} {text}" for subject, text in self.world.notices.published if word in f"{subject} {text}"]

    @property
    def state(self) -> str:
        return self.world.open(self.tenant, FLOW).setup.state

    def careful(self) -> None:
        assert self.pc.our_mistakes == []
        assert self.site.our_mistakes == []


def amount(one: Mapping[str, Any]) -> Decimal:
    """What one invoice or direct cost comes to."""
    rows, of_row = ("items", "work_completed_this_period") if "items" in one else ("line_items", "amount")
    return sum((Decimal(str(row[of_row])) for row in one[rows]), Decimal("0.00"))
