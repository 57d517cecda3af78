"""The seeded builder of `make run`: his books in QuickBooks Online and his projects in Procore belong together."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.engine import rules
from chalicelib.engine import setup as setups
from simulator import seed, seed_procore, seed_site_books
from simulator.memory.clock import MemoryClock
from simulator.seed_procore import COMPANY_ID
from simulator.seed_site_books import BOOKS, FLOW, REALM, SITE
from simulator.systems.procore import ProcoreSimulator
from simulator.systems.quickbooks_online import QuickBooksOnlineSimulator
from simulator.world import World

HOSTS = ("https://quickbooks.api.intuit.com", "https://oauth.platform.intuit.com")
SITES = ("https://api.procore.com", "https://login.procore.com")
INTUIT = {"client_id": seed.APP["client_id"], "client_secret": seed.APP["client_secret"]}
PROCORE = {"client_id": seed_procore.APP["client_id"], "client_secret": seed_procore.APP["client_secret"]}


class Seeded(World):
    """The flow is live, with the mappings and rules that come with the seed."""

    def __init__(self) -> None:
        clock = MemoryClock()
        self.books = QuickBooksOnlineSimulator(
            clock=clock.now, client_id=INTUIT["client_id"], client_secret=INTUIT["client_secret"], realms=()
        )
        self.site = ProcoreSimulator(
            clock=clock.now,
            client_id=PROCORE["client_id"],
            client_secret=PROCORE["client_secret"],
            company=seed_procore.COMPANY,
        )
        super().__init__(clock=clock, systems={**dict.fromkeys(HOSTS, self.books), **dict.fromkeys(SITES, self.site)})
        self.today = clock.now().date()
        self.cut_over = self.today - timedelta(days=seed.CUT_OVER_DAYS)
        seed_procore.plant(self.site, today=self.today)
        seed_site_books.plant(self.books, today=self.today)
        self.books.backstage_switch("rotate_every_refresh", False)
        token = self.books.backstage_grant(REALM)["refresh_token"]
        self.set_up = seed_site_books.set_up(token, INTUIT)
        self.connect(seed.TENANT, BOOKS, "quickbooks_online", {"realm": REALM}, {**INTUIT, "refresh_token": token})
        self.connect(seed.TENANT, SITE, "procore", {"company_id": str(COMPANY_ID)}, PROCORE)
        made = self.add_flow(
            seed.TENANT, FLOW, source=BOOKS, target=SITE, cut_over=self.cut_over, mappings=self.set_up.mappings
        )
        key = setups.pk(seed.TENANT), f"FLOW#{made.name}"
        stored = setups.read_flow(seed.TENANT, self.store.get([key])[key])
        of_lines = {kind: [rules.read(one) for one in listed] for kind, listed in self.set_up.rules.items()}
        self.store.write([setups.flow_put(replace(stored, rules=of_lines))])

    def run(self) -> None:
        self.cycle(seed.TENANT, FLOW)

    def reasons(self, move: str) -> set[str]:
        return {str(head.hold["reason"]) for head in self.heads(seed.TENANT, FLOW, move) if head.hold}

    def states(self, move: str) -> Counter[str]:
        return Counter(head.state for head in self.heads(seed.TENANT, FLOW, move))

    def there(self, kind: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.site.backstage_ledger(COMPANY_ID)[kind]
        return found

    def costs(self) -> Decimal:
        claimed = [
            Decimal(item["work_completed_this_period"]) for one in self.there("requisitions") for item in one["items"]
        ]
        return sum((Decimal(one["grand_total"]) for one in self.there("direct_costs")), sum(claimed, Decimal(0)))


@pytest.fixture(scope="module")
def seeded() -> Seeded:
    """Run once; nobody changes it afterwards."""
    made = Seeded()
    made.run()
    return made


def test_there_are_bills_and_payments_enough_of_every_kind(seeded: Seeded) -> None:
    ledger = seeded.books.backstage_ledger(REALM)
    bills, payments = ledger["bills"], ledger["bill_payments"]
    assert len(bills) >= 60 and len(payments) >= 30
    assert max(len(payment.get("Line", ())) for payment in payments) == 3
    assert {payment["PayType"] for payment in payments} == {"Check", "CreditCard"}
    assert sum(Decimal(str(payment["TotalAmt"])) == 0 for payment in payments) == 1, "one is void"
    assert sum(0 < bill["Balance"] < bill["TotalAmt"] for bill in bills) >= 3, "paid in part"


def test_most_of_it_moves_and_what_is_held_shows_each_reason_once(seeded: Seeded) -> None:
    assert len(seeded.there("requisitions")) >= 15 and len(seeded.there("direct_costs")) >= 15
    assert seeded.reasons("vendor") == {"inactive_ref"}
    assert seeded.reasons("bill") == {
        "mapping_missing",
        "several_commitments",
        "commitment_not_ready",
        "reference_missing",
        "no_open_billing_period",
    }
    assert {"invoice_not_approved"} <= seeded.reasons("bill_payment") <= {"invoice_not_approved", "waits_for_bill"}
    assert seeded.states("bill")["not_moved"] > 0
    assert set(seeded.states("bill")) <= {"done", "held", "not_moved", "split"}


def test_what_the_books_have_is_in_procore_or_held_or_from_before_the_cut_over(seeded: Seeded) -> None:
    bills = seeded.books.backstage_ledger(REALM)["bills"]
    every = sum((Decimal(str(bill["TotalAmt"])) for bill in bills), Decimal(0))
    rest = [head for head in seeded.heads(seed.TENANT, FLOW, "bill") if head.state in ("held", "not_moved")]
    assert every == seeded.costs() + sum((head.money.amount for head in rest if head.money), Decimal(0))


def test_neither_simulator_saw_anything_that_a_careful_client_does_not_do(seeded: Seeded) -> None:
    assert seeded.site.our_mistakes == []
    assert seeded.books.our_mistakes == []


def test_the_connections_and_rules_are_those_of_a_configuration(seeded: Seeded) -> None:
    connections = seeded.set_up.connections
    assert {name: one["system"] for name, one in connections.items()} == {BOOKS: "quickbooks_online", SITE: "procore"}
    assert rules.never([rules.read(one) for one in seeded.set_up.rules["cost_code"]]) == [], "each has its say"


def test_once_the_invoices_are_approved_their_payments_go_and_a_further_run_changes_nothing() -> None:
    seeded = Seeded()
    seeded.run()
    for one in seeded.there("requisitions"):
        seeded.site.backstage_edit_requisition(COMPANY_ID, one["id"], status="approved")
    seeded.run()
    assert "invoice_not_approved" not in seeded.reasons("bill_payment")
    assert len(seeded.there("payments")) >= 8
    written = len(seeded.site.backstage_audit(COMPANY_ID))
    seeded.run()
    assert len(seeded.site.backstage_audit(COMPANY_ID)) == written
    assert seeded.site.our_mistakes == []
