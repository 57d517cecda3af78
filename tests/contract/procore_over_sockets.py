"""A worker's line to the simulated Procore over real sockets, and a building company behind it.

Every request that leaves us is held against the published reference, where that lies beside this repository.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from werkzeug.wrappers import Request, Response

from chalicelib.aws.http import RequestsHttp
from chalicelib.engine.connection import Connection
from chalicelib.engine.errors import ConnectorError, Held
from chalicelib.engine.grants import Grants
from chalicelib.engine.line import Line
from chalicelib.engine.records import Current, Done, Draft, Intent, RecordKey, Reference, Sighting
from chalicelib.systems.procore import SYSTEM
from chalicelib.systems.procore.drafts import (
    contract_payment_draft,
    cost_line,
    direct_cost_draft,
    project_vendor_draft,
    requisition_draft,
    share,
    vendor_draft,
)
from chalicelib.systems.procore.target import ProcoreTarget
from simulator.memory.clock import MemoryClock
from simulator.memory.metrics import MemoryMetrics
from simulator.memory.store import MemoryStore
from simulator.memory.vault import MemoryVault
from simulator.systems.procore import ProcoreSimulator
from simulator.systems.serving import listen
from tests.contract import procore_reference as reference
from tests.unit.systems.procore_desk import SECRETS, careful

COMPANY = 4288001
VENDOR = "Copperline Electric LLC"
DAY = date(2026, 2, 20)


class HeldAgainstTheReference(ProcoreSimulator):
    """`beside_the_reference` are what was sent or answered otherwise than published."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.beside_the_reference: list[str] = []

    def answer(self, request: Request) -> Response:
        found = super().answer(request)
        if reference.document() and request.path.startswith("/rest/"):
            text = request.get_data(as_text=True)
            pairs = list(request.args.items(multi=True))
            wrong = reference.request_faults(request.method, request.path, pairs, json.loads(text) if text else None)
            self.beside_the_reference += [f"{request.method} {request.full_path}: {one}" for one in wrong]
        return found


class Builder:
    """One project with two cost codes, a subcontractor on it, its contract over 80,000, and an open period."""

    def __init__(self, sim: HeldAgainstTheReference, url: str, clock: MemoryClock) -> None:
        self.sim, self.clock = sim, clock
        self.line = a_line(url, clock, SECRETS)
        self.target = ProcoreTarget(self.line)
        for code, name in (("C", "Commitment"), ("M", "Materials")):
            sim.backstage_add_cost_type(COMPANY, code, name)
        self.project = self.add_project("Mill Street Parking Deck", "1042")
        self.wbs = {row["flat_code"]: str(row["id"]) for row in sim.backstage_rows(COMPANY, "wbs_codes")}
        self.company_vendor, self.vendor = self.add_vendor(VENDOR)
        period = sim.backstage_add_billing_period(COMPANY, int(self.project), "2026-02-01", "2026-02-28")
        self.period = str(period["id"])
        self.commitment, self.values = self.add_commitment()

    def add_project(self, name: str, number: str, **fields: Any) -> str:
        project = self.sim.backstage_add_project(COMPANY, name, number, **fields)["id"]
        for code in ("26-100", "26-200"):
            self.sim.backstage_add_cost_code(COMPANY, project, code, f"Electrical {code}", ["C", "M"])
        return str(project)

    def add_vendor(self, name: str) -> tuple[str, str]:
        """Its id in the company and in the project."""
        made = self.sim.backstage_add_vendor(COMPANY, name, [int(self.project)])
        return str(made["id"]), str(made["project_vendors"][self.project])

    def add_commitment(self, **fields: Any) -> tuple[str, list[str]]:
        """Its id with the project's, and the ids of its schedule's lines."""
        lines = [{"code": "26-100.C", "amount": "50000"}, {"code": "26-200.C", "amount": "30000"}]
        vendor = fields.pop("vendor_id", int(self.vendor))
        made = self.sim.backstage_add_commitment(COMPANY, int(self.project), vendor, lines, **fields)
        return f"{self.project}/{made['id']}", [str(line["id"]) for line in made["lines"]]

    # ------------------------------------------------------------------ what flows hand over

    def requisition(self, *amounts: str, **changes: Any) -> Draft:
        """An invoice of these amounts on the lines of the schedule, in order."""
        values = changes.pop("values", self.values)
        given = zip(values, amounts or ("12500.00",), strict=False)
        fields: dict[str, Any] = {
            "commitment": self.commitment,
            "vendor_name": VENDOR,
            "period": self.period,
            "begin": date(2026, 2, 1),
            "end": date(2026, 2, 28),
            "date": DAY,
            "number": "INV-2201",
            "currency": "USD",
            "lines": [share(line=line, amount=Decimal(amount)) for line, amount in given],
        }
        return requisition_draft(**{**fields, **changes})

    def direct_cost(self, *amounts: str, **changes: Any) -> Draft:
        """One line of 26-100.M for each amount."""
        lines = [
            cost_line(key=str(n), wbs=self.wbs["26-100.M"], amount=Decimal(amount), description="Conduit")
            for n, amount in enumerate(amounts or ("830.25",), start=1)
        ]
        fields: dict[str, Any] = {
            "project": self.project,
            "vendor": self.vendor,
            "company_vendor": self.company_vendor,
            "vendor_name": VENDOR,
            "date": DAY,
            "number": "S-8841",
            "currency": "USD",
            "lines": lines,
            "paid": "",
        }
        return direct_cost_draft(**{**fields, **changes})

    def payment(self, invoice: str, amount: str = "12500.00", **changes: Any) -> Draft:
        fields: dict[str, Any] = {
            "commitment": self.commitment,
            "requisition": invoice,
            "vendor_name": VENDOR,
            "date": DAY,
            "amount": Decimal(amount),
            "currency": "USD",
            "number": "INV-2201",
            "check_number": "10442",
            "method": "Check",
        }
        return contract_payment_draft(**{**fields, **changes})

    def project_vendor(self, company_vendor: str, name: str, code: str = "") -> Draft:
        return project_vendor_draft(project=self.project, vendor=company_vendor, name=name, code=code)

    def drafts(self) -> dict[str, Draft]:
        """One of every kind, each of which can be made."""
        newcomer = str(self.sim.backstage_add_vendor(COMPANY, "Northshore Supply")["id"])
        approved = self.made(self.requisition("9000.00", number="INV-1", status="approved"), "paid-for")
        return {
            "vendor": vendor_draft(name="Ångström & Søn ApS", email="ap@angstrom.example", city="Odense", code="V-7"),
            "project_vendor": self.project_vendor(newcomer, "Northshore Supply"),
            "requisition": self.requisition(),
            "direct_cost": self.direct_cost(),
            "contract_payment": self.payment(approved.current.id, "9000.00"),
        }

    # ------------------------------------------------------------------ what the engine does

    def perform(self, *intents: Intent) -> list[Done | ConnectorError]:
        outcomes = list(self.target.perform(intents))
        for outcome in outcomes:
            if isinstance(outcome, ConnectorError):
                careful(outcome)
        return outcomes

    def done(self, wanted: Intent) -> Done:
        (outcome,) = self.perform(wanted)
        assert isinstance(outcome, Done), outcome
        return outcome

    def held(self, wanted: Intent) -> Held:
        (outcome,) = self.perform(wanted)
        assert isinstance(outcome, Held), outcome
        assert outcome.cause and outcome.fix
        return outcome

    def made(self, draft: Draft, source_id: str = "145") -> Done:
        return self.done(intent(draft, source_id=source_id))

    def changed(self, draft: Draft, one: Done, *, op: str = "update", source_id: str = "145") -> Intent:
        """What the engine does next with what it made: read it by id, and write down the change."""
        return intent(draft, op=op, current=self.standing(draft.kind, one.current.id), source_id=source_id)

    def standing(self, kind: str, id_: str) -> Current:
        found = self.target.read(kind, id_)
        assert found is not None
        return found

    def look(self, draft: Draft, source_id: str = "145") -> Sighting:
        (sighting,) = self.target.look([intent(draft, source_id=source_id)])
        return sighting

    def listed(self, kind: str) -> list[Reference]:
        return list(self.target.references(kind))

    # ------------------------------------------------------------------ what stands there

    def ledger(self, kind: str) -> list[dict[str, Any]]:
        found = self.sim.backstage_ledger(COMPANY)[kind]
        assert isinstance(found, list)
        return found

    def calls(self, beginning: str) -> list[str]:
        return [call for call in self.sim.backstage_calls() if call.startswith(beginning)]

    def check(self) -> None:
        """Nothing left us that a careful client does not send, and the owner's invoices were never asked for."""
        assert not self.sim.our_mistakes, self.sim.our_mistakes
        assert not self.sim.beside_the_reference, self.sim.beside_the_reference
        assert not [call for call in self.sim.backstage_calls() if "payment_applications" in call]


@dataclass(frozen=True, slots=True)
class Socket:
    """One that every test in turn puts a simulator of its own behind."""

    server: Any
    url: str

    def builder(self, **options: Any) -> Builder:
        clock = MemoryClock()
        keys = {"client_id": SECRETS["client_id"], "client_secret": SECRETS["client_secret"]}
        self.server.app = sim = HeldAgainstTheReference(clock=clock.now, **keys, **options)
        return Builder(sim, self.url, clock)


def a_line(url: str, clock: MemoryClock, credentials: dict[str, str]) -> Line:
    """A worker's line to the company, whose hosts are all behind this address."""
    store, vault = MemoryStore(), MemoryVault()
    settings = {"company_id": str(COMPANY)}
    connection = Connection(tenant="acme", name="site", system="procore", environment="simulated", settings=settings)
    vault.secrets[connection.secret_name] = dict(credentials)
    return Line(
        connection=connection,
        identity=SYSTEM.identity(connection.settings),
        budget=SYSTEM.budget,
        store=store,
        vault=vault,
        http=RequestsHttp(),
        clock=clock,
        metrics=MemoryMetrics(),
        grants=Grants(store, vault, clock),
        endpoints={"api": url, "login": url},
    )


@contextmanager
def a_socket() -> Iterator[Socket]:
    server, url = listen(HeldAgainstTheReference())
    yield Socket(server, url)
    server.shutdown()
    server.server_close()


def intent(draft: Draft, *, op: str = "create", current: Current | None = None, source_id: str = "145") -> Intent:
    return Intent(
        key=RecordKey("acme", "building", "bill", source_id),
        op=op,
        kind=draft.kind,
        body=draft.body,
        once=draft.once,
        mark=f"[mlc:books:bill:{source_id}]",
        attempt_key=f"attempt{source_id}".ljust(32, "a"),
        revision=1,
        money=draft.money,
        current=current,
    )
