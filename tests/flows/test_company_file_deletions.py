"""What is deleted or voided in QuickBooks Desktop is so in Procore, as far as Procore allows; and nothing else is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import pytest

from chalicelib.systems.quickbooks_desktop import login
from tests.building_desktop import FileBuilder

DECK, CLINIC = "Mill Street Parking Deck", "Harbor Clinic"


class Both(FileBuilder):
    """A direct cost, INV-001, and an invoice, INV-002, are in Procore."""

    def __init__(self) -> None:
        super().__init__()
        self.commitment("Conduit Inc", self.clinic)
        self.spent = self.bill(self.payee("Volt Electric"), ("1200.00", "Electrical", DECK))
        self.claimed = self.bill(self.payee("Conduit Inc"), ("700.00", "Electrical", CLINIC))
        self.settle()
        assert self.costs() == {"INV-001": Decimal("1200.00"), "INV-002": Decimal("700.00")}


@pytest.fixture
def both(monkeypatch: pytest.MonkeyPatch) -> Iterator[Both]:
    monkeypatch.setattr(login, "COST", 16)
    made = Both()
    yield made
    made.careful()


def test_a_deleted_bill_is_deleted_there(both: Both) -> None:
    both.pc.backstage_delete(both.spent)
    both.pc.backstage_delete(both.claimed)
    both.run(2)
    assert both.costs() == {}
    assert both.there("requisitions") == both.there("direct_costs") == []


def test_a_deleted_bill_whose_invoice_is_approved_is_held_with_what_to_do(both: Both) -> None:
    both.approve()
    both.pc.backstage_delete(both.claimed)
    both.run(2)
    assert both.costs()["INV-002"] == Decimal("700.00")
    (hold,) = [head.hold for head in both.all_heads() if head.hold]
    assert hold["reason"] == "target_locked"
    assert "cannot be deleted: it is approved" in str(hold["message"])


def test_a_deleted_bill_with_payments_goes_after_its_payments(both: Both) -> None:
    both.approve()
    paid = both.pay(both.claimed)
    both.settle()
    assert len(both.there("payments")) == 1
    both.pc.backstage_delete(paid)
    both.pc.backstage_delete(both.claimed)
    both.settle()
    assert both.there("payments") == []
    assert both.reasons() == {"target_locked"}, "the invoice itself is approved"


def test_a_void_bill_comes_to_nothing_there_and_one_that_is_locked_is_held(both: Both) -> None:
    both.pc.backstage_void(both.spent)
    both.pc.backstage_void(both.claimed)
    both.run(2)
    assert both.costs() == {"INV-001": Decimal(0), "INV-002": Decimal(0)}


def test_a_void_bill_whose_invoice_is_approved_is_held(both: Both) -> None:
    both.approve()
    both.pc.backstage_void(both.claimed)
    both.run(2)
    assert both.costs()["INV-002"] == Decimal("700.00")
    assert both.reasons() == {"target_locked"}


def test_with_the_policy_hold_nothing_is_deleted(both: Both) -> None:
    both.policy(withdrawn_bill="hold")
    both.pc.backstage_delete(both.spent)
    both.run(2)
    assert both.costs()["INV-001"] == Decimal("1200.00")
    assert both.reasons() == {"withdrawn_at_source"}


def test_a_bill_deleted_and_entered_anew_under_its_number_is_there_once(both: Both) -> None:
    both.pc.backstage_recreate(both.spent)
    both.pc.backstage_recreate(both.claimed)
    both.settle()
    assert both.costs() == {"INV-001": Decimal("1200.00"), "INV-002": Decimal("700.00")}
    assert (len(both.there("requisitions")), len(both.there("direct_costs"))) == (1, 1)
    assert both.reasons() == set(), both.why()
    assert both.told("claimed") == [], "nobody was bothered"


def test_a_bill_entered_anew_waits_while_the_former_one_cannot_be_taken_away(both: Both) -> None:
    both.approve()
    both.pc.backstage_recreate(both.claimed)
    both.settle()
    assert [one["invoice_number"] for one in both.there("requisitions")] == ["INV-002"]
    assert both.reasons() == {"target_locked", "waits_for_bill"}


def test_after_a_hundred_days_of_silence_three_deletions_are_mirrored_and_no_other(both: Both) -> None:
    vendor = both.payee("Rock Supply")
    made = [both.bill(vendor, (f"{n + 1}.00", "Concrete", DECK), RefNumber=f"S-{n:02}") for n in range(18)]
    both.settle()
    for one in made[:3]:
        both.pc.backstage_delete(one)
    both.world.clock.advance(timedelta(days=100).total_seconds())
    both.run(4)
    assert {number for number in both.costs() if number.startswith("S-")} == {f"S-{n:02}" for n in range(3, 18)}
    assert both.costs()["INV-001"] == Decimal("1200.00")
    assert both.state == "live"
