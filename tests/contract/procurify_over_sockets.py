"""A worker's line to the simulated Procurify and its AP inbox over real sockets, and a buying company behind them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from chalicelib.aws.http import RequestsHttp
from chalicelib.aws.mail import KEPT_AT, SesMail
from chalicelib.engine.connection import Connection
from chalicelib.engine.errors import ConnectorError, Held
from chalicelib.engine.grants import Grants
from chalicelib.engine.line import Line
from chalicelib.engine.records import Current, Done, Draft, Intent, RecordKey, Sighting
from chalicelib.systems.procurify import SYSTEM
from chalicelib.systems.procurify.drafts import (
    bill_line,
    bill_match_draft,
    inbox_draft,
    paid_draft,
    requisition_draft,
    vendor_draft,
)
from chalicelib.systems.procurify.target import ProcurifyTarget
from simulator.memory.clock import MemoryClock
from simulator.memory.metrics import MemoryMetrics
from simulator.memory.store import MemoryStore
from simulator.memory.vault import MemoryVault
from simulator.systems.ap_inbox import ApInbox
from simulator.systems.procurify import ProcurifySimulator
from simulator.systems.serving import listen
from tests.unit.systems.procurify_desk import SECRET

VENDOR = "Ridgeline HVAC LLC"
ADDRESS = "acme-ap@inbox.procurify.example.test"
DAY = date(2026, 2, 27)


class Buying:
    """One vendor, one account code, and whatever bills a test enters."""

    def __init__(self, sockets: Sockets, **settings: str) -> None:
        self.clock = MemoryClock()
        self.sim = ProcurifySimulator(clock=self.clock.now, client_id="acme-app", client_secret=SECRET)
        self.inbox = ApInbox(procurify=self.sim, address=ADDRESS, clock=self.clock.now)
        sockets.procurify.app, sockets.post.app = self.sim, self.inbox
        self.line = self._line(sockets.url, {"domain": "acme", "ap_inbox": ADDRESS} | settings)
        self.target = ProcurifyTarget(self.line)
        self.vendor = int(self.sim.backstage_add_vendor(VENDOR)["id"])
        self.sim.backstage_add_account_code("6200", "Repairs")
        self.enter("1.00", number="OLD-1")  # a budget row of that code comes with its first use

    def _line(self, url: str, settings: dict[str, str]) -> Line:
        store, vault = MemoryStore(), MemoryVault()
        connection = Connection("acme", "buying", "procurify", "simulated", settings=settings)
        vault.secrets[connection.secret_name] = {"client_id": "acme-app", "client_secret": SECRET}
        vault.secrets[KEPT_AT] = {"domain": "mail.example"}
        return Line(
            connection=connection,
            identity="acme",
            budget=SYSTEM.budget,
            store=store,
            vault=vault,
            http=RequestsHttp(),
            clock=self.clock,
            metrics=MemoryMetrics(),
            grants=Grants(store, vault, self.clock),
            mail=SesMail("test", vault, region="us-east-1"),
            endpoints={"api": url},
        )

    # ------------------------------------------------------------------ what people do there

    def enter(self, amount: str = "300.00", *, number: str = "FB-123", **fields: Any) -> str:
        line = {"description": "filter service", "account_code": "6200", "amount": amount}
        fields = {"invoice_date": DAY.isoformat(), **fields}
        return str(self.sim.backstage_add_bill(self.vendor, [line], invoice_number=number, **fields)["uuid"])

    def bill(self, uuid: str) -> Any:
        return self.sim.company.bill(uuid.removeprefix("bill:"))

    # ------------------------------------------------------------------ what flows hand over

    def vendor_draft(self, **changes: Any) -> Draft:
        fields = {"name": "Ångström & Søn ApS", "outside_id": "freshbooks:abc123:9001", "email": "ap@angstrom.example"}
        return vendor_draft(**{**fields, "city": "Odense", "phone": "+45 1234", **changes})

    def _bill(self, amounts: tuple[str, ...], changes: dict[str, Any]) -> dict[str, Any]:
        lines = [
            bill_line(description=f"filter service {n}", amount=Decimal(amount), account_code="6200")
            for n, amount in enumerate(amounts or ("300.00",), 1)
        ]
        fields = {"vendor": str(self.vendor), "vendor_name": VENDOR, "number": "FB-123", "date": DAY}
        return {**fields, "currency": "USD", "lines": lines, **changes}

    def match(self, *amounts: str, **changes: Any) -> Draft:
        return bill_match_draft(**self._bill(amounts, changes))

    def mail(self, *amounts: str, **changes: Any) -> Draft:
        return inbox_draft(**self._bill(amounts, {"due_date": date(2026, 3, 29), **changes}))

    def request(self, *amounts: str, **changes: Any) -> Draft:
        where = {"required": date(2026, 3, 15), "location": "Head Office", "department": "Operations"}
        return requisition_draft(**self._bill(amounts, {**where, **changes}))

    def paid(self, bill: str, **changes: Any) -> Draft:
        fields: dict[str, Any] = {"bill": bill, "vendor_name": VENDOR, "number": "FB-123", "total": Decimal("300.00")}
        fields |= {"paid": Decimal("300.00"), "date": date(2026, 3, 20), "currency": "USD"}
        return paid_draft(**{**fields, **changes})

    def drafts(self) -> dict[str, Draft]:
        """One of every kind that is written, each of which can be made."""
        return {
            "vendor": self.vendor_draft(),
            "requisition": self.request("300.00", "12.50"),
            "payment": self.paid(f"bill:{self.enter(number='FB-1', status=2)}", number="FB-1"),
        }

    # ------------------------------------------------------------------ what the engine does

    def perform(self, *intents: Intent) -> list[Done | ConnectorError]:
        outcomes = list(self.target.perform(intents))
        for outcome in outcomes:
            if isinstance(outcome, ConnectorError):
                careful(outcome)
        return outcomes

    def one(self, wanted: Intent) -> Done | ConnectorError:
        (outcome,) = self.perform(wanted)
        return outcome

    def made(self, draft: Draft, source_id: str = "145") -> Done:
        outcome = self.one(intent(draft, source_id=source_id))
        assert isinstance(outcome, Done), outcome
        return outcome

    def look(self, draft: Draft, source_id: str = "145", *, at: str = "") -> Sighting:
        (sighting,) = self.target.look([replace(intent(draft, source_id=source_id), at=at)])
        if sighting.told:
            careful(sighting.told)
        return sighting

    def now(self) -> str:
        return self.clock.now().isoformat()

    def calls(self, beginning: str) -> list[str]:
        return [call for call in self.sim.faults.calls if call.startswith(beginning)]

    def check(self) -> None:
        """Nothing left us that a careful client does not send."""
        assert not self.sim.our_mistakes, self.sim.our_mistakes
        assert not self.inbox.our_mistakes, self.inbox.our_mistakes


def careful(trouble: ConnectorError) -> None:
    """Fit for a customer's eyes: no secret, no token, and not the word that frightens."""
    shown = " ".join([trouble.message, *((trouble.cause, trouble.fix) if isinstance(trouble, Held) else ())])
    assert SECRET not in shown
    assert "error" not in shown.lower()
    assert "Bearer" not in shown


@dataclass(frozen=True, slots=True)
class Sockets:
    """Two that every test in turn puts its own simulators behind."""

    procurify: Any
    post: Any
    url: str
    post_url: str

    def buying(self, **settings: str) -> Buying:
        return Buying(self, **settings)


@contextmanager
def sockets() -> Iterator[Sockets]:
    sim = ProcurifySimulator()
    (procurify, url), (post, post_url) = listen(sim), listen(ApInbox(procurify=sim))
    yield Sockets(procurify, post, url, post_url)
    for server in (procurify, post):
        server.shutdown()
        server.server_close()


def intent(draft: Draft, *, op: str = "create", current: Current | None = None, source_id: str = "145") -> Intent:
    return Intent(
        key=RecordKey("acme", "books_to_buying", "bill", source_id),
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
