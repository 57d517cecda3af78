"""QuickBooks Online to Procore: what changes later, on either side, and what stands in the way there."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from chalicelib.engine.ports import Delete
from tests.building import CLINIC, COMPANY, COPPERLINE, DECK, REALM, Builder
from tests.flows.test_books_to_procore import costs, kinds


def moved(*lines: tuple[str, str, str], commitments: tuple[str, ...] = (), **policies: Any) -> tuple[Builder, str]:
    """A bill in Procore: on a commitment in each of these projects, elsewhere a direct cost."""
    world = Builder(**policies)
    for name in commitments:
        world.commitment(COPPERLINE, world.projects[name], "26-100.C", "03-300.M")
    bill = world.bill(world.vendor(COPPERLINE), *(lines or [("100.00", "Electrical", DECK)]))
    world.run()
    world.agree()
    return world, bill


def never_twice(world: Builder, most: str) -> None:
    """From now on, at no moment does more than this stand there in all projects together."""

    def watch(effect: object) -> None:
        there = sum((sum(world.costs(id_).values()) for id_ in world.projects.values()), Decimal(0))
        if there > Decimal(most):
            pytest.fail(f"{there} stand there")  # which no `except Exception` on the way takes for a fault of ours

    world.http.after = watch


# ---------------------------------------------------------------------------------------------- changed in the books


@pytest.mark.parametrize("commitments", [(), (DECK,)], ids=["direct cost", "invoice"])
def test_a_changed_amount_changes_the_record_that_is_there(commitments: tuple[str, ...]) -> None:
    world, bill = moved(commitments=commitments)
    before = [one["id"] for kind in ("requisitions", "direct_costs") for one in world.there(kind)]
    world.edit(bill, ("80.55", "Electrical", DECK), ("9.45", "Concrete", DECK), DocNumber="INV-1b")
    world.run()
    assert [one["id"] for kind in ("requisitions", "direct_costs") for one in world.there(kind)] == before
    assert world.costs(world.deck) == costs(electric="80.55", concrete="9.45")
    assert {one["invoice_number"] for kind in ("requisitions", "direct_costs") for one in world.there(kind)} == {
        "INV-1b"
    }
    world.agree()
    world.careful()


@pytest.mark.parametrize("commitments", [(), (DECK,), (CLINIC,), (DECK, CLINIC)])
def test_a_line_that_moves_to_another_project_is_taken_away_first_and_never_stands_in_both(
    commitments: tuple[str, ...],
) -> None:
    world, bill = moved(commitments=commitments)
    world.edit(bill, ("100.00", "Electrical", CLINIC))
    never_twice(world, "100.00")
    world.run()
    assert world.costs(world.deck) == {}
    assert world.costs(world.clinic) == costs(electric="100.00")
    assert kinds(world) == ((1, 0) if CLINIC in commitments else (0, 1))
    world.agree()
    world.careful()


def test_one_of_two_lines_moves_to_another_project() -> None:
    world, bill = moved(("100.00", "Electrical", DECK), ("20.00", "Concrete", DECK))
    world.edit(bill, ("100.00", "Electrical", DECK), ("20.00", "Concrete", CLINIC))
    world.run()
    world.agree()
    assert kinds(world) == (0, 2)
    world.careful()


def test_a_bill_that_turns_out_to_belong_to_another_commitment_is_taken_off_the_first_one_before() -> None:
    world = Builder()
    first = world.commitment(COPPERLINE, world.deck, number="SC-001")
    second = world.commitment(COPPERLINE, world.deck, number="SC-002")
    bill = world.bill(world.vendor(COPPERLINE), ("100.00", "Electrical", DECK), PrivateNote="SC-001")
    world.run()
    assert [one["commitment_id"] for one in world.there("requisitions")] == [first]
    world.edit(bill, PrivateNote="SC-002")
    never_twice(world, "100.00")
    world.run()
    assert [one["commitment_id"] for one in world.there("requisitions")] == [second]
    world.agree()
    world.careful()


def test_a_direct_cost_becomes_an_invoice_when_the_bill_changes_after_the_commitment_was_made() -> None:
    world, bill = moved()
    world.commitment(COPPERLINE, world.deck)
    world.edit(bill, ("120.00", "Electrical", DECK))
    never_twice(world, "120.00")
    world.run()
    assert kinds(world) == (1, 0)
    world.agree()
    world.careful()


def test_an_invoice_becomes_a_direct_cost_when_the_customer_says_so() -> None:
    world = Builder(multi_commitment="split")
    world.commitment(COPPERLINE, world.deck, "26-100.C", number="SC-001")
    world.commitment(COPPERLINE, world.deck, "03-300.M", number="SC-002")
    lines = [("100.00", "Electrical", DECK), ("20.00", "Concrete", DECK)]
    bill = world.bill(world.vendor(COPPERLINE), *lines, PrivateNote="SC-001 SC-002")
    world.run()
    assert kinds(world) == (2, 0)
    world.policy(multi_commitment="direct_cost")
    never_twice(world, "120.00")
    world.replay(bill)
    world.run()
    assert kinds(world) == (0, 1)
    world.agree()
    world.careful()


def test_an_approved_invoice_is_not_changed_behind_the_back_of_who_approved_it() -> None:
    world, bill = moved(commitments=(DECK,))
    world.approve()
    world.edit(bill, ("80.00", "Electrical", DECK))
    world.run()
    hold = world.hold(f"{bill}@{world.deck}")
    assert "approved" in hold["message"]
    assert world.costs(world.deck) == costs(electric="100.00")
    world.careful()


def test_what_moves_to_another_project_waits_as_long_as_the_approved_invoice_stands_in_the_first_one() -> None:
    world, bill = moved(commitments=(DECK,))
    world.approve()
    world.edit(bill, ("100.00", "Electrical", CLINIC))
    never_twice(world, "100.00")
    world.run()
    assert "approved" in world.hold(f"{bill}@{world.deck}")["message"]
    waits = world.hold(f"{bill}@{world.clinic}")
    assert waits["reason"] == "waits_for_bill" and waits["owner"] == "nobody"
    assert world.costs(world.clinic) == {}
    world.approve("under_review")
    world.replay(f"{bill}@{world.deck}")
    world.run()
    world.agree()
    world.careful()


# ---------------------------------------------------------------------------------------------- deleted in the books


@pytest.mark.parametrize("commitments", [(), (DECK,)], ids=["direct cost", "invoice"])
def test_a_deleted_bill_is_deleted_in_procore(commitments: tuple[str, ...]) -> None:
    world, bill = moved(commitments=commitments)
    world.books.backstage_delete_bill(REALM, bill)
    world.run()
    assert kinds(world) == (0, 0)
    world.run(full=True)
    assert kinds(world) == (0, 0)
    world.careful()


def test_a_bill_deleted_and_entered_again_under_its_number_takes_the_place_of_the_first_one() -> None:
    world, bill = moved(commitments=(DECK,))
    world.take_webhooks()
    vendor = world.books.backstage_bill(REALM, bill)["VendorRef"]["value"]
    world.books.backstage_delete_bill(REALM, bill)
    world.books.backstage_switch("webhooks_fault", "reverse")  # the new one is heard of first
    again = world.bill(vendor, ("100.00", "Electrical", DECK), DocNumber="INV-001")
    never_twice(world, "100.00")
    world.deliver()
    for _ in range(2):
        world.run()
    assert world.record(f"{again}@{world.deck}").state == "done"
    world.agree()
    world.careful()


def test_a_bill_deleted_with_its_payments_takes_the_payments_away_first() -> None:
    world, bill = moved(commitments=(DECK,), requisition_status="draft")
    world.site.backstage_switch("payment_needs_approval", False)
    payment = world.pay(**{f"b{bill}": "40.00"})
    world.run()
    assert len(world.there("payments")) == 1
    world.books.backstage_delete_payment(REALM, payment)
    world.books.backstage_delete_bill(REALM, bill)
    world.run()
    world.run()
    assert world.there("payments") == []
    assert kinds(world) == (0, 0)
    world.careful()


def test_a_deleted_bill_whose_invoice_was_approved_is_held_and_its_invoice_stays() -> None:
    world, bill = moved(commitments=(DECK,))
    world.approve()
    world.books.backstage_delete_bill(REALM, bill)
    world.run()
    hold = world.hold(f"{bill}@{world.deck}")
    assert "approved" in hold["message"]
    assert kinds(world) == (1, 0)
    world.careful()


def test_a_deleted_bill_whose_invoice_a_later_one_follows_is_held_and_both_stay() -> None:
    world, bill = moved(commitments=(DECK,))
    world.bill(world.books.backstage_bill(REALM, bill)["VendorRef"]["value"], ("50.00", "Electrical", DECK))
    world.run()
    world.books.backstage_delete_bill(REALM, bill)
    world.run()
    assert "later invoice" in world.hold(f"{bill}@{world.deck}")["message"]
    assert kinds(world) == (2, 0)
    world.careful()


def test_a_customer_who_deletes_in_procore_himself_is_told_of_the_deleted_bill() -> None:
    world, bill = moved(withdrawn_bill="hold")
    world.books.backstage_delete_bill(REALM, bill)
    world.run()
    assert world.hold(f"{bill}@{world.deck}")["reason"] == "withdrawn_at_source"
    assert kinds(world) == (0, 1)
    world.careful()


def test_what_was_found_by_its_mark_and_never_written_since_is_not_deleted_with_its_bill() -> None:
    world, bill = moved()
    part = world.record(f"{bill}@{world.deck}").key
    owned = [(item.pk, item.sk) for item in world.store.all_items() if item.pk == part.pk or item.sk == "CLAIM"]
    world.store.write([Delete(*key) for key in owned if not key[1].startswith("BODY#source")])  # a lost memory
    world.replay(bill)
    assert (world.record(f"{bill}@{world.deck}").outcome or {})["action"] == "adopted"
    world.books.backstage_delete_bill(REALM, bill)
    world.run()
    hold = world.hold(f"{bill}@{world.deck}")
    assert hold["reason"] == "withdrawn_at_source" and "never written by us" in hold["message"]
    assert kinds(world) == (0, 1)


# ---------------------------------------------------------------------------------------------- people in Procore


def test_what_a_person_changed_in_procore_is_not_written_over() -> None:
    world, bill = moved(commitments=(DECK,))
    (invoice,) = world.there("requisitions")
    row = next(item["id"] for item in invoice["items"] if Decimal(item["work_completed_this_period"]))
    world.site.backstage_edit_requisition(COMPANY, invoice["id"], work={row: "90.00"})
    world.edit(bill, ("80.00", "Electrical", DECK))
    world.run()
    hold = world.hold(f"{bill}@{world.deck}")
    assert hold["reason"] == "changed_in_target"
    assert world.costs(world.deck) == costs(electric="90.00")
    world.replay(f"{bill}@{world.deck}", overwrite=True)
    world.agree()
    world.careful()


def test_what_a_person_deleted_in_procore_is_not_made_again() -> None:
    world, bill = moved(lock_direct_costs="no")
    (cost,) = world.there("direct_costs")
    world.site.backstage_delete_direct_cost(COMPANY, cost["id"])
    world.edit(bill, ("80.00", "Electrical", DECK))
    world.run()
    assert world.hold(f"{bill}@{world.deck}")["reason"] == "missing_in_target"
    assert kinds(world) == (0, 0)
    world.careful()


def test_an_invoice_that_a_person_entered_with_the_number_of_the_bill_is_not_made_twice() -> None:
    world = Builder()
    commitment = world.commitment(COPPERLINE, world.deck)
    (line,) = world.site.backstage_rows(COMPANY, "sov_lines")
    world.site.backstage_add_requisition(COMPANY, commitment, {line["id"]: "100.00"}, invoice_number="INV-2201")
    bill = world.bill(world.vendor(COPPERLINE), ("100.00", "Electrical", DECK), DocNumber="INV-2201")
    world.run()
    assert world.hold(f"{bill}@{world.deck}")["reason"] == "exists_in_target"
    assert kinds(world) == (1, 0)
    world.careful()


def test_a_direct_cost_that_a_person_entered_with_the_number_of_the_bill_is_not_made_twice() -> None:
    world = Builder()
    vendor = world.site.backstage_add_vendor(COMPANY, COPPERLINE, [world.deck])
    lines = [{"code": "26-100.C", "amount": "100.00"}]
    theirs = {"invoice_number": "INV-2201", "vendor_id": vendor["project_vendors"][str(world.deck)]}
    world.site.backstage_add_direct_cost(COMPANY, world.deck, lines, direct_cost_type="invoice", **theirs)
    bill = world.bill(world.vendor(COPPERLINE), ("100.00", "Electrical", DECK), DocNumber="INV-2201")
    world.run()
    assert world.hold(f"{bill}@{world.deck}")["reason"] == "exists_in_target"
    assert kinds(world) == (0, 1)
    world.careful()


# ---------------------------------------------------------------------------------------------- what stands in the way


def test_a_closed_period_holds_the_invoice_and_its_opening_lets_it_go() -> None:
    world = Builder()
    world.commitment(COPPERLINE, world.deck)
    world.site.backstage_set_period_status(COMPANY, world.periods[DECK], "closed")
    bill = world.bill(world.vendor(COPPERLINE), ("100.00", "Electrical", DECK))
    world.run()
    hold = world.hold(f"{bill}@{world.deck}")
    assert hold["reason"] == "no_open_billing_period" and "Billing Periods" in hold["fix"]
    world.site.backstage_set_period_status(COMPANY, world.periods[DECK], "open")
    world.run()
    world.agree()
    world.careful()


def test_a_late_bill_goes_into_the_newest_open_period_where_the_customer_allows_it() -> None:
    world = Builder(late_posting="newest_open")
    world.commitment(COPPERLINE, world.deck)
    world.site.backstage_set_period_status(COMPANY, world.periods[DECK], "closed")
    march = world.site.backstage_add_billing_period(COMPANY, world.deck, "2026-03-01", "2026-03-31")
    world.bill(world.vendor(COPPERLINE), ("100.00", "Electrical", DECK))
    world.run()
    assert [(one["period_id"], one["billing_date"]) for one in world.there("requisitions")] == [
        (march["id"], "2026-02-20")
    ]
    world.agree()
    world.careful()


def test_over_billing_that_procore_refuses_holds_the_bill_alone() -> None:
    world = Builder()
    world.site.backstage_edit_company(COMPANY, prevent_overbilling=True)
    world.commitment(COPPERLINE, world.deck)
    vendor = world.vendor(COPPERLINE)
    over = world.bill(vendor, ("50000.01", "Electrical", DECK))
    world.bill(vendor, ("50000.00", "Electrical", DECK), TxnDate="2026-02-21")
    world.run()
    assert world.hold(f"{over}@{world.deck}")["reason"]
    assert world.costs(world.deck) == costs(electric="50000.00")
    world.careful()


@pytest.mark.parametrize("status", ["Draft", "Terminated", "Out For Signature"])
def test_a_commitment_that_takes_no_invoice_holds_the_bill_until_it_does(status: str) -> None:
    world = Builder()
    commitment = world.commitment(COPPERLINE, world.deck, status=status)
    bill = world.bill(world.vendor(COPPERLINE), ("100.00", "Electrical", DECK))
    world.run()
    hold = world.hold(f"{bill}@{world.deck}")
    assert hold["reason"] == "commitment_not_ready" and status in hold["message"]
    assert kinds(world) == (0, 0)
    world.site.backstage_edit_commitment(COMPANY, commitment, status="Approved")
    world.run()
    assert kinds(world) == (1, 0)
    world.agree()
    world.careful()


def test_a_commitment_closed_between_our_look_and_our_write_holds_the_bill() -> None:
    world = Builder()
    commitment = world.commitment(COPPERLINE, world.deck)
    vendor = world.vendor(COPPERLINE)
    world.bill(vendor, ("10.00", "Electrical", DECK))
    world.run()
    late = world.bill(vendor, ("100.00", "Electrical", DECK))
    real, met = world.http.send, False

    def send(request: object) -> object:
        nonlocal met
        if not met and getattr(request, "method", "") == "POST":
            met = True
            world.site.backstage_edit_commitment(COMPANY, commitment, status="Terminated")
        return real(request)  # type: ignore[arg-type]

    world.http.send = send  # type: ignore[method-assign, assignment]
    world.run()
    assert world.hold(f"{late}@{world.deck}")["reason"]
    assert world.costs(world.deck) == costs(electric="10.00")


def test_a_project_that_is_hidden_from_us_holds_its_own_bills_and_no_others() -> None:
    world = Builder()
    world.site.backstage_edit_project(COMPANY, world.deck, permitted=False)
    vendor = world.vendor(COPPERLINE)
    hidden = world.bill(vendor, ("100.00", "Electrical", DECK))
    world.bill(vendor, ("50.00", "Electrical", CLINIC))
    world.run()
    assert world.costs(world.clinic) == costs(electric="50.00")
    hold = world.hold(hidden)
    assert hold["reason"] == "mapping_missing" and DECK in hold["message"]
    assert "permitted projects" in hold["fix"]
    world.site.backstage_edit_project(COMPANY, world.deck, permitted=True)
    world.run()
    world.agree()
    world.careful()


def test_a_project_that_closes_its_door_after_bills_moved_keeps_their_changes_waiting() -> None:
    world, bill = moved(("100.00", "Electrical", DECK), ("50.00", "Electrical", CLINIC))
    world.site.backstage_edit_project(COMPANY, world.deck, permitted=False)
    world.edit(bill, ("70.00", "Electrical", DECK), ("60.00", "Electrical", CLINIC))
    world.run()
    assert world.costs(world.clinic) == costs(electric="60.00")
    assert world.hold(f"{bill}@{world.deck}")["reason"] == "permission_or_tool"
    world.site.backstage_edit_project(COMPANY, world.deck, permitted=True)
    world.run()
    world.agree()
    world.careful()
