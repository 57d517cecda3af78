"""A building company in the Procore simulator, and a careful caller of its API.

Where the published reference lies beside this repository, every answer is held against it, and so is every request
that the simulator takes without a word.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from werkzeug.test import Client, TestResponse

from simulator.systems.procore import ProcoreSimulator
from tests.contract import procore_reference as reference

HOST = "https://localhost"
CREDENTIALS = {"client_id": "procore-app", "client_secret": "procore-app-secret"}
COMPANY = 4288001
Json = dict[str, Any]


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 2, 20, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, **amount: float) -> None:
        self.now += timedelta(**amount)


class Site:
    """One project with two cost codes, a subcontractor on it, its contract over 50,000, and an open period."""

    def __init__(self, *, limits: bool = False, **options: Any) -> None:
        self.clock = Clock()
        self.sim = ProcoreSimulator(clock=self.clock, limits=limits, **options)
        self.client = Client(self.sim)
        self.headers = {"Authorization": f"Bearer {self.token()}", "Procore-Company-Id": str(COMPANY)}
        sim = self.sim
        for code, name, kind in (("C", "Commitment", "commitment"), ("M", "Materials", "materials")):
            sim.backstage_add_cost_type(COMPANY, code, name, kind)
        self.project: int = sim.backstage_add_project(COMPANY, "Mill Street Parking Deck", "1042")["id"]
        sim.backstage_add_cost_code(COMPANY, self.project, "26-100", "Electrical rough-in", ["C", "M"])
        sim.backstage_add_cost_code(COMPANY, self.project, "26-200", "Electrical finish", ["C", "M"])
        self.wbs: dict[str, int] = {w["flat_code"]: w["id"] for w in sim.backstage_rows(COMPANY, "wbs_codes")}
        vendor = sim.backstage_add_vendor(COMPANY, "Copperline Electric LLC", [self.project])
        self.company_vendor: int = vendor["id"]
        self.vendor: int = vendor["project_vendors"][str(self.project)]
        self.period: int = sim.backstage_add_billing_period(COMPANY, self.project, "2026-02-01", "2026-02-28")["id"]
        self.contract, self.lines = self.commitment()

    def commitment(self, **fields: Any) -> tuple[int, list[int]]:
        lines = fields.pop("lines", [{"code": "26-100.C", "amount": "50000"}, {"code": "26-200.C", "amount": "30000"}])
        vendor = fields.pop("vendor_id", self.vendor)
        made = self.sim.backstage_add_commitment(COMPANY, self.project, vendor, lines, **fields)
        return made["id"], [line["id"] for line in made["lines"]]

    def token(self, **changes: str) -> str:
        return str(said(self.ask_token(**changes))["access_token"])

    def ask_token(self, **changes: str) -> TestResponse:
        form = {"grant_type": "client_credentials", **CREDENTIALS, **changes}
        return self.client.post("/oauth/token", data=form, base_url=HOST)

    # ------------------------------------------------------------------ calling

    def call(self, method: str, path: str, body: Any = None, **query: Any) -> TestResponse:
        """`query` with `__` for brackets: filters__status=... is filters[status]=..."""
        pairs = [(_bracketed(name), str(value)) for name, value in query.items()]
        before = len(self.sim.our_mistakes)
        answer = self.client.open(
            path, method=method, json=body, query_string=pairs, headers=self.headers, base_url=HOST
        )
        if reference.document():
            text = answer.get_data(as_text=True)
            assert reference.answer_faults(method, path, answer.status_code, answer.headers, text) == []
            if answer.status_code < 400 and len(self.sim.our_mistakes) == before:
                assert reference.request_faults(method, path, pairs, body) == []
        return answer

    def get(self, path: str, **query: Any) -> Any:
        return ok(self.call("GET", path, **query))

    def ids(self, path: str, **query: Any) -> list[int]:
        return [row["id"] for row in self.get(path, **query)]

    def here(self, path: str, version: str = "v1.0") -> str:
        return f"/rest/{version}/projects/{self.project}/{path}"

    # ------------------------------------------------------------------ writing

    def claim(self, *amounts: str, **fields: Any) -> TestResponse:
        """A requisition with these amounts on the contract's lines, in order."""
        contract, lines = fields.pop("contract", self.contract), fields.pop("lines", self.lines)
        items = [
            {"item_type": "contract_item", "line_item_id": line, "work_completed_this_period": amount}
            for line, amount in zip(lines, amounts, strict=False)
        ]
        given = {"period_id": self.period, "invoice_number": "INV-1", "status": "under_review", "items": items}
        body = {"project_id": self.project, "commitment_id": contract, "requisition": {**given, **fields}}
        return self.call("POST", "/rest/v1.1/requisitions", body)

    def claimed(self, *amounts: str, **fields: Any) -> Json:
        return made(self.claim(*amounts, **fields))

    def change_claim(self, id: int, **fields: Any) -> TestResponse:
        body = {"project_id": self.project, "commitment_id": self.contract, "requisition": fields}
        return self.call("PATCH", f"/rest/v1.1/requisitions/{id}", body)

    def show_claim(self, id: int, **query: str) -> Json:
        found: Json = self.get(f"/rest/v1.1/requisitions/{id}", project_id=self.project, **query)
        return found

    def delete_claim(self, id: int) -> TestResponse:
        return self.call("DELETE", f"/rest/v1.1/requisitions/{id}", project_id=self.project)

    def pay(self, amount: str = "100.00", **fields: Any) -> TestResponse:
        given = {"date": "2026-03-04", "amount": amount, "payment_method": "check", **fields}
        body = {"project_id": self.project, "contract_id": self.contract, "contract_payment": given}
        return self.call("POST", "/rest/v1.0/contract_payments", body)

    def change_payment(self, id: int, **fields: Any) -> TestResponse:
        body = {"project_id": self.project, "contract_id": self.contract, "contract_payment": fields}
        return self.call("PATCH", f"/rest/v1.0/contract_payments/{id}", body)

    def delete_payment(self, id: int) -> TestResponse:
        path = f"/rest/v1.0/contract_payments/{id}"
        return self.call("DELETE", path, project_id=self.project, contract_id=self.contract)

    def spend(self, *amounts: float, **fields: Any) -> TestResponse:
        """A direct cost with these amounts on 26-100.M."""
        lines = [{"wbs_code_id": self.wbs["26-100.M"], "manual_amount": amount} for amount in amounts]
        given = {"direct_cost_type": "invoice", "vendor_id": self.vendor, "invoice_number": "S-1", "line_items": lines}
        return self.call("POST", self.here("direct_costs", "v1.1"), {"direct_cost": {**given, **fields}})

    def spent(self, *amounts: float, **fields: Any) -> Json:
        return made(self.spend(*amounts, **fields))

    def change_cost(self, id: int, **fields: Any) -> TestResponse:
        return self.call("PATCH", self.here(f"direct_costs/{id}", "v1.1"), {"direct_cost": fields})

    # ------------------------------------------------------------------ looking

    def mistakes(self) -> list[str]:
        return [mistake.what for mistake in self.sim.our_mistakes]

    def audit(self, *kinds: str) -> list[tuple[str, str, str]]:
        entries = self.sim.backstage_audit(COMPANY)
        return [(e["who"], e["what"], e["kind"]) for e in entries if e["kind"] in kinds]


def said(answer: TestResponse) -> Any:
    return json.loads(answer.get_data(as_text=True))


def ok(answer: TestResponse) -> Any:
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return said(answer)


def made(answer: TestResponse) -> Json:
    assert answer.status_code == 201, answer.get_data(as_text=True)
    found: Json = said(answer)
    return found


def refused(answer: TestResponse, status: int = 422) -> Any:
    """What the refusal says: a text, or field -> texts."""
    assert answer.status_code == status, answer.get_data(as_text=True)
    return said(answer).get("errors")


def _bracketed(name: str) -> str:
    first, _, field = name.partition("__")
    return f"{first}[{field.removesuffix('_list')}]" + ("[]" * field.endswith("_list")) if field else name
