"""QuickBooks Online to Procore: what was paid of each bill, on the invoice or on the direct cost that it became."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.building import CLINIC, COMPANY, COPPERLINE, DECK, REALM, Builder


def invoiced(*amounts: str, approved: bool = True, **policies: Any) -> tuple[Builder, list[str]]:
    """Bills that became invoices of one commitment."""
    world = Builder(**policies)
    world.commitment(COPPERLINE, world.deck)
    vendor = world.vendor(COPPERLINE)
    bills = [world.bill(vendor, (amount, "Electrical", DECK)) for amount in amounts or ("100.00",)]
    world.run()
    if approved:
        world.approve()
    return world, bills


def paid(world: Builder) -> list[tuple[str, str, str]]:
    """Of each contract payment the invoice's number, the amount and the day."""
    numbers = {one["id"]: one["invoice_number"] for one in world.there("requisitions")}
    return [
        (numbers[one["requisition_id"]], f"{Decimal(one['amount']):.2f}", one["date"])
        for one in world.there("payments")
    ]


def days(world: Builder) -> list[str | None]:
    return [one["payment_date"] for one in world.there("direct_costs")]


def test_a_paid_bill_is_a_payment_issued_on_its_commitment() -> None:
    world, (bill,) = invoiced("12500.00")
    payment = world.pay(**{f"b{bill}": "12500.00"})
    world.run()
    (there,) = world.there("payments")
    assert (there["check_number"], there["payment_method"], there["invoice_number"]) == ("10442", "check", "INV-001")
    assert paid(world) == [("INV-001", "12500.00", "2026-02-25")]
    assert world.record(f"{payment}@{bill}/{world.deck}", "bill_payment").state == "done"
    world.careful()


def test_two_partial_payments_are_two_payments_of_one_invoice() -> None:
    world, (bill,) = invoiced("100.00")
    world.pay(**{f"b{bill}": "40.00"})
    world.run()
    world.pay(**{f"b{bill}": "60.00"})
    world.run()
    assert paid(world) == [("INV-001", "40.00", "2026-02-25"), ("INV-001", "60.00", "2026-02-25")]
    world.careful()


def test_one_payment_over_three_bills_is_three_payments_and_voided_all_three_are_gone() -> None:
    world, bills = invoiced("10.00", "20.00", "30.00")
    payment = world.pay(**{f"b{bill}": amount for bill, amount in zip(bills, ("10.00", "5.00", "30.00"), strict=True)})
    world.run()
    assert [(number, amount) for number, amount, _ in paid(world)] == [
        ("INV-001", "10.00"),
        ("INV-002", "5.00"),
        ("INV-003", "30.00"),
    ]
    world.books.backstage_void_payment(REALM, payment)
    world.run()
    assert world.there("payments") == []
    assert not any(Decimal(entry["after"].get("amount") or 0) < 0 for entry in payments_written(world))
    world.agree()
    world.careful()


def payments_written(world: Builder) -> list[dict[str, dict[str, str]]]:
    return [
        entry
        for entry in world.site.backstage_audit(COMPANY)
        if entry["kind"] == "payments" and isinstance(entry["after"], dict)
    ]


def test_a_deleted_payment_is_deleted_and_another_one_stays() -> None:
    world, (bill,) = invoiced("100.00")
    first = world.pay(**{f"b{bill}": "40.00"})
    world.pay(**{f"b{bill}": "60.00"})
    world.run()
    world.books.backstage_delete_payment(REALM, first)
    world.run()
    assert [amount for _, amount, _ in paid(world)] == ["60.00"]
    world.careful()


def test_a_payment_that_procore_does_not_let_go_is_held_and_never_countered() -> None:
    world, (bill,) = invoiced("100.00")
    payment = world.pay(**{f"b{bill}": "40.00"})
    world.run()
    world.site.backstage_switch("unlink_by_null", False)
    world.books.backstage_void_payment(REALM, payment)
    world.run()
    assert world.hold(f"{payment}@{bill}/{world.deck}", "bill_payment")["reason"]
    assert [amount for _, amount, _ in paid(world)] == ["40.00"]
    world.careful()


def test_a_customer_who_takes_payments_off_himself_is_told_of_the_voided_one() -> None:
    world, (bill,) = invoiced("100.00", withdrawn_payment="hold")
    payment = world.pay(**{f"b{bill}": "40.00"})
    world.run()
    world.books.backstage_void_payment(REALM, payment)
    world.run()
    named = f"{payment}@{bill}/{world.deck}"
    assert world.hold(named, "bill_payment")["reason"] == "withdrawn_at_source"
    assert len(world.there("payments")) == 1
    world.careful()


def test_a_payment_that_changes_its_amounts_changes_there_and_leaves_the_bill_it_no_longer_pays() -> None:
    world, (first, second) = invoiced("10.00", "20.00")
    payment = world.pay(**{f"b{first}": "10.00", f"b{second}": "5.00"})
    world.run()
    line = {"Amount": "15.00", "LinkedTxn": [{"TxnId": second, "TxnType": "Bill"}]}
    world.books.backstage_edit_payment(REALM, payment, Line=[line], TotalAmt="15.00")
    world.run()
    assert paid(world) == [("INV-002", "15.00", "2026-02-25")]
    world.careful()


def test_a_payment_before_approval_waits_for_it_and_goes_by_itself() -> None:
    world, (bill,) = invoiced("100.00", approved=False)
    payment = world.pay(**{f"b{bill}": "100.00"})
    world.run()
    hold = world.hold(f"{payment}@{bill}/{world.deck}", "bill_payment")
    assert hold["reason"] == "invoice_not_approved" and "under review" in hold["message"]
    world.run()
    assert world.there("payments") == []
    world.approve()
    world.run()
    assert paid(world) == [("INV-001", "100.00", "2026-02-25")]
    world.careful()


def test_a_payment_waits_for_its_held_bill_and_follows_it() -> None:
    world = Builder(tax="hold")
    world.commitment(COPPERLINE, world.deck, status="Draft")
    bill = world.bill(world.vendor(COPPERLINE), ("100.00", "Electrical", DECK))
    payment = world.pay(**{f"b{bill}": "100.00"})
    world.run()
    assert world.hold(f"{bill}@{world.deck}")["reason"] == "commitment_not_ready"
    assert world.hold(f"{payment}@{bill}/{world.deck}", "bill_payment")["reason"] == "waits_for_bill"
    assert len(world.notices.published) == 1
    (row,) = world.site.backstage_rows(COMPANY, "commitments")
    world.site.backstage_edit_commitment(COMPANY, row["id"], status="Approved")
    world.run()
    world.approve()
    world.run()
    world.run()
    assert paid(world) == [("INV-001", "100.00", "2026-02-25")]
    world.careful()


def test_a_payment_seen_before_its_bill_brings_the_bill_with_it() -> None:
    world = Builder(requisition_status="approved")
    world.commitment(COPPERLINE, world.deck)
    world.take_webhooks()
    bill = world.bill(world.vendor(COPPERLINE), ("100.00", "Electrical", DECK))
    world.books.webhooks.taken[REALM] = len(world.books.companies[REALM].audit)  # those of the bill are lost
    world.pay(**{f"b{bill}": "100.00"})
    world.deliver()
    world.run()
    assert paid(world) == [("INV-001", "100.00", "2026-02-25")]
    world.agree()
    world.careful()


# ---------------------------------------------------------------------------------------------- direct costs


def test_a_direct_cost_gets_the_day_of_its_last_payment_once_all_is_paid_and_loses_it_with_the_payment() -> None:
    world = Builder()
    bill = world.bill(world.vendor(COPPERLINE), ("100.00", "Electrical", DECK))
    world.run()
    world.pay(**{f"b{bill}": "40.00"})
    world.run()
    assert days(world) == [None]
    last = str(world.books.backstage_pay_bill(REALM, bill, "60.00", TxnDate="2026-02-27")["Id"])
    world.run()
    assert days(world) == ["2026-02-27"]
    assert world.there("payments") == []
    world.books.backstage_void_payment(REALM, last)
    world.run()
    assert days(world) == [None]
    world.agree()
    world.careful()


def test_a_payment_date_that_procore_keeps_is_told_to_a_person() -> None:
    world = Builder()
    world.site.backstage_switch("payment_date_null_clears", False)
    bill = world.bill(world.vendor(COPPERLINE), ("100.00", "Electrical", DECK))
    payment = world.pay(**{f"b{bill}": "100.00"})
    world.run()
    assert days(world) == ["2026-02-25"]
    world.books.backstage_delete_payment(REALM, payment)
    world.run()
    assert world.hold(f"{bill}@{world.deck}")["reason"] == "payment_date_stays"
    world.careful()


def test_a_payment_of_a_bill_over_two_projects_is_shared_by_what_each_part_comes_to() -> None:
    world = Builder(requisition_status="approved")
    world.commitment(COPPERLINE, world.deck)
    world.commitment(COPPERLINE, world.clinic)
    lines = [("100.00", "Electrical", DECK), ("50.00", "Electrical", CLINIC)]
    bill = world.bill(world.vendor(COPPERLINE), *lines)
    world.pay(**{f"b{bill}": "75.01"})
    world.run()
    assert sorted(amount for _, amount, _ in paid(world)) == ["25.00", "50.01"]
    world.careful()


def test_a_vendor_credit_settles_a_direct_cost_without_any_payment() -> None:
    world = Builder()
    vendor = world.vendor(COPPERLINE)
    bill = world.bill(vendor, ("100.00", "Electrical", DECK))
    world.run()
    line = {"amount": "100.00", "account_id": world.accounts["Electrical"], "customer_id": world.jobs[DECK]}
    credit = str(world.books.backstage_add_vendor_credit(REALM, vendor, [line], TxnDate="2026-02-24")["Id"])
    lines = [
        {"Amount": "100.00", "LinkedTxn": [{"TxnId": bill, "TxnType": "Bill"}]},
        {"Amount": "100.00", "LinkedTxn": [{"TxnId": credit, "TxnType": "VendorCredit"}]},
    ]
    world.books.backstage_pay_bill(REALM, bill, "0.00", TxnDate="2026-02-26", Line=lines)
    world.run()
    assert days(world) == ["2026-02-26"]
    assert world.there("payments") == []
    world.careful()


# ---------------------------------------------------------------------------------------------- not moved


def test_a_payment_of_a_bill_that_is_not_moved_is_not_moved_either_and_says_why() -> None:
    world = Builder()
    world.commitment(COPPERLINE, world.deck)
    old = world.bill(world.vendor(COPPERLINE), ("100.00", "Electrical", DECK), TxnDate="2025-12-31")
    payment = world.pay(**{f"b{old}": "100.00"})
    world.run()
    assert world.record(old).state == "not_moved"
    (head,) = [world.record(f"{payment}@{old}", "bill_payment")]
    assert head.state == "not_moved" and "cut-over" in str((head.outcome or {})["why"])
    assert world.there("requisitions") == [] and world.there("payments") == []
    world.careful()


def test_a_person_releases_an_old_bill_and_its_payment_goes_by_itself() -> None:
    world = Builder(requisition_status="approved")
    world.commitment(COPPERLINE, world.deck)
    world.site.backstage_add_billing_period(COMPANY, world.deck, "2025-12-01", "2025-12-31")
    old = world.bill(world.vendor(COPPERLINE), ("100.00", "Electrical", DECK), TxnDate="2025-12-31")
    world.pay(**{f"b{old}": "100.00"})
    world.run()
    world.replay(old, release=True)
    assert world.record(old).state == "split"
    assert paid(world) == [("INV-001", "100.00", "2026-02-25")]
    world.careful()


@pytest.mark.parametrize("keeps", [True, False])
def test_a_payment_stays_one_where_procore_does_not_say_which_invoice_it_pays(keeps: bool) -> None:
    world, (bill,) = invoiced("100.00")
    world.site.backstage_switch("payment_keeps_requisition", keeps)
    world.pay(**{f"b{bill}": "100.00"})
    world.run()
    world.run(full=True)
    assert [one["amount"] for one in world.there("payments")] == ["100.0"]
    world.careful()
