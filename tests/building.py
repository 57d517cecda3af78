"""A builder that keeps its books in QuickBooks Online and its projects in Procore: both simulated, in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from chalicelib.engine import ledger, replay
from chalicelib.engine import setup as setups
from chalicelib.engine.hints import Verifier
from chalicelib.engine.ledger import Head
from chalicelib.engine.records import RecordKey
from chalicelib.engine.rules import Condition, Rule
from chalicelib.engine.setup import FlowState
from chalicelib.entry import hooks, keys, verifiers
from simulator.memory.clock import MemoryClock
from simulator.systems.procore import ProcoreSimulator
from simulator.systems.quickbooks_online import QuickBooksOnlineSimulator
from simulator.world import World
from tests.contract.procore_over_sockets import HeldAgainstTheReference
from tests.flows.customer import Customer

TENANT, FLOW = "acme", "quickbooks_online_to_procore"
REALM, COMPANY = "9130001", 4288001
APP = {"client_id": "intuit-app", "client_secret": "intuit-app-secret"}
SERVICE = {"client_id": "procore-app", "client_secret": "procore-app-secret"}
RIVAL, RIVAL_REALM, RIVAL_COMPANY = "rival", "9130002", 4288002
HOSTS = ("https://quickbooks.api.intuit.com", "https://oauth.platform.intuit.com")
SITES = ("https://api.procore.com", "https://login.procore.com")
VERIFIER = "b5771f19b12ddb4bcdb9f08bdc50bc63878a"
ADDRESS = "https://mlc.example/prod/hooks/quickbooks_online"
DAY = "2026-02-20"
DECK, CLINIC = "Mill Street Parking Deck", "Harbor Clinic"
COPPERLINE = "Copperline Electric LLC"
CODES = {"Electrical": "26-100.C", "Concrete": "03-300.M"}


class Office(Customer):
    """The builder's people at our own API."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.key = keys.make_key(world.store, world.clock, TENANT, "admin", "test")


class Builder(World):
    """Two projects of two cost codes each, with open periods; jobs in the books by the projects' names.

    The books have accounts for both codes; the rules send "Electrical" to 26-100.C and "Concrete" to 03-300.M.
    """

    def __init__(
        self,
        *,
        seed: int = 0,
        site: type[ProcoreSimulator] = HeldAgainstTheReference,
        state: FlowState = "live",
        **policies: Any,
    ) -> None:
        clock = MemoryClock(seed=seed)
        self.books = QuickBooksOnlineSimulator(
            clock=clock.now,
            client_id=APP["client_id"],
            client_secret=APP["client_secret"],
            realms={REALM: "Harborline books"},
            post=self.post,
        )
        self.site = site(clock=clock.now)
        systems = {**dict.fromkeys(HOSTS, self.books), **dict.fromkeys(SITES, self.site)}
        super().__init__(clock=clock, systems=systems, seed=seed)
        self.books.backstage_switch("rotate_every_refresh", False)
        grant = self.books.backstage_grant(REALM)
        self.connect(
            TENANT, "books", "quickbooks_online", {"realm": REALM}, {**APP, "refresh_token": grant["refresh_token"]}
        )
        self.connect(TENANT, "site", "procore", {"company_id": str(COMPANY)}, SERVICE)
        self.add_flow(
            TENANT,
            FLOW,
            source="books",
            target="site",
            cut_over=date(2026, 1, 1),
            policies={"tax": "spread", **policies},
            state=state,
        )
        self.office = Office(self)
        self.rules(("account", "Electrical", "26-100", "C"), ("account", "Concrete", "03-300", "M"))
        for code, name in (("C", "Commitment"), ("M", "Materials")):
            self.site.backstage_add_cost_type(COMPANY, code, name)
        self.accounts = {
            name: self.books.backstage_add_account(REALM, name, "Cost of Goods Sold")["Id"]
            for name in ("Electrical", "Concrete", "Rent")
        }
        self.jobs: dict[str, str] = {}
        self.projects: dict[str, int] = {}
        self.periods: dict[str, int] = {}
        self.numbered = 0
        self.deck = self.project(DECK, "1042")
        self.clinic = self.project(CLINIC, "1043")

    def add_rival(self) -> None:
        """Another customer, with books in the same app of ours and a company in the same Procore."""
        self.books.backstage_add_company(RIVAL_REALM, "Rival books")
        self.site.backstage_add_company("Rival", RIVAL_COMPANY)
        grant = self.books.backstage_grant(RIVAL_REALM)
        secret = {**APP, "refresh_token": grant["refresh_token"]}
        self.connect(RIVAL, "books", "quickbooks_online", {"realm": RIVAL_REALM}, secret)
        self.connect(RIVAL, "site", "procore", {"company_id": str(RIVAL_COMPANY)}, SERVICE)
        self.add_flow(RIVAL, FLOW, source="books", target="site", cut_over=date(2026, 1, 1))

    # ------------------------------------------------------------------ people at work

    def project(self, name: str, number: str) -> int:
        project = int(self.site.backstage_add_project(COMPANY, name, number)["id"])
        for code in ("26-100", "03-300"):
            self.site.backstage_add_cost_code(COMPANY, project, code, f"Work {code}", ["C", "M"])
        period = self.site.backstage_add_billing_period(COMPANY, project, "2026-02-01", "2026-02-28")
        self.periods[name] = int(period["id"])
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

    def save_rules(self, rules: list[dict[str, Any]]) -> Any:
        """Over our API, as a customer does; what the save says."""
        at = f"/flows/{FLOW}/mappings"
        present = self.office.call("GET", at)
        body = {name: present[name] for name in ("version", "mappings")}
        return self.office.call("PUT", at, {**body, "rules": {"cost_code": rules}})

    def policy(self, **policies: Any) -> None:
        key = (setups.pk(TENANT), f"FLOW#{FLOW}")
        setup = setups.read_flow(TENANT, self.store.get([key])[key])
        self.store.write([setups.flow_put(replace(setup, policies={**setup.policies, **policies}))])

    def vendor(self, name: str, **fields: Any) -> str:
        """A vendor in the books."""
        return str(self.books.backstage_add_vendor(REALM, name, **fields)["Id"])

    def bill(self, vendor: str, *lines: tuple[str, str, str], **fields: Any) -> str:
        """`lines`: (amount, account, name of the job)."""
        fields.setdefault("TxnDate", DAY)
        self.numbered += 1
        fields.setdefault("DocNumber", f"INV-{self.numbered:03}")
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

    def approve(self, status: str = "approved") -> None:
        """Every invoice, by a person in Procore."""
        for one in self.there("requisitions"):
            self.site.backstage_edit_requisition(COMPANY, one["id"], status=status)

    def commitment(self, vendor: str, project: int, *codes: str, **fields: Any) -> int:
        """A subcontract of the company of that name, put on the project; a line of 50,000 for each code."""
        known = {row["name"]: row for row in self.site.backstage_rows(COMPANY, "vendors")}
        company = known.get(vendor) or self.site.backstage_add_vendor(COMPANY, vendor)
        there = (row for row in self.site.backstage_rows(COMPANY, "project_vendors") if row["project_id"] == project)
        found = next((row for row in there if row["vendor_id"] == company["id"]), None)
        on_project = (found or self.site.backstage_put_on_project(COMPANY, company["id"], project))["id"]
        lines = [{"code": code, "amount": "50000"} for code in codes or ("26-100.C",)]
        return int(self.site.backstage_add_commitment(COMPANY, project, on_project, lines, **fields)["id"])

    # ------------------------------------------------------------------ webhooks

    def take_webhooks(self) -> None:
        """As the operator sets them up: the verifier here, the address in Intuit's portal."""
        verifiers.enter(self.engine, "quickbooks_online", Verifier("production", APP["client_id"], VERIFIER))
        self.books.backstage_subscribe(ADDRESS, VERIFIER)

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        assert url == ADDRESS
        sent = {name.lower(): value for name, value in headers.items()}
        return hooks.dispatch(self.engine, "quickbooks_online", sent, body)

    def deliver(self) -> None:
        """Webhooks that are due, and everything that follows."""
        self.books.run_due()
        self.until_quiet()

    # ------------------------------------------------------------------ running, and looking

    def run(self, *, full: bool = False) -> None:
        self.cycle(TENANT, FLOW, full=full)

    def replay(self, named: str, move: str = "bill", **how: bool) -> None:
        replay.replay(self.open(TENANT, FLOW), self.record(named, move), by="Ann", **how)
        self.until_quiet()

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
        return ledger.heads(self.store, [key])[key]

    def states(self, move: str = "bill") -> dict[str, str]:
        """By the record's name among those of its move."""
        return {head.key.named: head.state for head in self.heads(TENANT, FLOW, move)}

    def why(self, move: str = "bill") -> dict[str, str]:
        heads = self.heads(TENANT, FLOW, move)
        return {head.key.named: f"{head.state} {head.hold or head.outcome or head.trouble}" for head in heads}

    def hold(self, named: str, move: str = "bill") -> dict[str, Any]:
        """Why it is held; each message is whole, and none speaks of errors."""
        found: dict[str, Any] = dict(self.record(named, move).hold or {})
        if found:
            assert found["message"] and found["fix"] and found["cause"]
            assert "error" not in f"{found['message']} {found['fix']}".lower()
        return found

    def owed(self, project: str) -> dict[str, Decimal]:
        """What the bills in the books come to on each cost code of the project, by the rules above."""
        accounts = {id_: CODES[name] for name, id_ in self.accounts.items() if name in CODES}
        found: dict[str, Decimal] = {}
        for bill in self.books.backstage_ledger(REALM)["bills"]:
            for line in bill["Line"]:
                detail = line["AccountBasedExpenseLineDetail"]
                if detail.get("CustomerRef", {}).get("value") == self.jobs[project]:
                    code = accounts[detail["AccountRef"]["value"]]
                    found[code] = found.get(code, Decimal(0)) + Decimal(str(line["Amount"]))
        return {code: amount for code, amount in found.items() if amount}

    def agree(self) -> None:
        """The totals of every project equal the books to the cent, on each cost code."""
        for name, id_ in self.projects.items():
            assert self.costs(id_) == self.owed(name), name

    def careful(self, *, throttled: bool = False) -> None:
        """Nothing left us that a careful client does not send, or that is not in Procore's published reference."""
        assert throttled or not self.site.backstage_throttled_calls()
        assert self.books.our_mistakes == []
        assert self.site.our_mistakes == []
        if isinstance(self.site, HeldAgainstTheReference):
            assert self.site.beside_the_reference == []
        assert not [call for call in self.site.backstage_calls() if "payment_applications" in call]
