"""An approved purchase order of Procurify is a bill in QuickBooks Desktop, once, and stays what it is in Procurify."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from chalicelib.engine import covers, ledger, replay
from chalicelib.engine.ledger import Head
from chalicelib.engine.ports import Conflict
from chalicelib.engine.records import RecordKey
from tests.flows.company_file import FLOW, Company

GOODS = {"name": "Cement", "account_code": "5010", "amount": "72.00"}


def lines(company: Company) -> list[tuple[str, str]]:
    (bill,) = company.bills()
    return [(line.account.full_name if line.account else "", str(line.amount)) for line in bill.expense_lines]


def told(company: Company, source_id: str, move: str = "purchase_order") -> list[Any]:
    return [entry["what"] for entry in ledger.trail(company.world.store, company.head(source_id, move).key)[0]]


def test_an_order_arrives_once_with_its_charges_as_lines_and_its_number_vendor_day_and_total() -> None:
    company = Company()
    pens = {"name": "Pens", "account_code": "6010", "amount": "8.00"}
    order = company.order(
        company.vendor(), GOODS, pens, number="1042", freight="5.00", tax="6.60", discount="1.60", comment="Dock 2"
    )
    company.cycle()
    company.cycle()
    (bill,) = company.bills()
    assert (bill.ref_number, bill.vendor.full_name, bill.txn_date.isoformat(), bill.total) == (
        "PO-1042",
        "Northwind Paper Co",
        "2026-02-20",
        Decimal("90.00"),
    )
    assert lines(company) == [
        ("Concrete", "72.00"),
        ("Office", "8.00"),
        ("Freight", "5.00"),
        ("Sales Tax", "6.60"),
        ("Discounts", "-1.60"),
    ]
    assert bill.memo == f"Purchase order 1042 · Dock 2 [mlc:procurify:purchase_order:{order}]"
    assert bill.external_guid
    company.assert_no_mistakes()


def test_a_revised_order_is_revised_there_line_by_line_and_what_people_put_on_a_line_stays() -> None:
    company = Company()
    east = company.sim.backstage_add_class("East")["id"]
    order = company.order(company.vendor(), number="1042")
    company.cycle()
    (bill,) = company.bills()
    line = {"AccountRef": company.listed("Account", "Concrete"), "Amount": "72.00", "Memo": "Cement", "ClassRef": east}
    company.sim.backstage_edit_bill(bill.txn_id, [line])
    (before,) = company.bills()
    company.procurify.backstage_revise_purchase_order(
        int(order), lines=[{**GOODS, "amount": "80.00"}, {"name": "Pens", "account_code": "6010", "amount": "3.50"}]
    )
    company.cycle()
    (after,) = company.bills()
    assert lines(company) == [("Concrete", "80.00"), ("Office", "3.50")]
    assert after.expense_lines[0].line_id == before.expense_lines[0].line_id
    assert [line.class_.full_name if line.class_ else "" for line in after.expense_lines] == ["East", ""]
    assert told(company, order)[-2:] == ["intent to update", "updated"]
    company.assert_no_mistakes()


def test_somebody_elses_change_of_the_bill_is_not_overwritten() -> None:
    company = Company()
    order = company.order(company.vendor(), number="1042")
    company.cycle()
    (bill,) = company.bills()
    company.sim.backstage_edit_bill(bill.txn_id, RefNumber="THEIRS")
    company.procurify.backstage_revise_purchase_order(int(order), number="1043")
    company.cycle()
    assert company.reason(order) == "changed_in_target"
    assert [bill.ref_number for bill in company.bills()] == ["THEIRS"]


def test_an_answer_that_is_lost_makes_no_second_bill() -> None:
    company = Company()
    order = company.order(company.vendor(), number="1042")
    company.books.lose = 1
    company.cycle()
    assert [bill.ref_number for bill in company.bills()] == ["PO-1042"]
    assert company.head(order).state == "done"


@pytest.mark.parametrize(("policy", "total"), [("hold", "72.00"), ("void", "0.00")])
def test_a_cancelled_order_is_held_or_voided_as_the_customer_chose(policy: str, total: str) -> None:
    company = Company(cancelled_purchase_order=policy)
    order = company.order(company.vendor(), number="1042")
    company.cycle()
    company.procurify.backstage_cancel_purchase_order(int(order))
    company.cycle()
    company.cycle()
    assert [str(bill.total) for bill in company.bills()] == [total]
    head = company.head(order)
    assert head.state == ("held" if policy == "hold" else "done")
    if policy == "void":
        assert (head.link, (head.outcome or {})["action"]) == (None, "voided")
        assert told(company, order)[-2:] == ["intent to void", "voided"]
    company.assert_no_mistakes()


def test_a_void_whose_answer_was_lost_is_found_and_not_taken_for_somebody_elses_change() -> None:
    company = Company(cancelled_purchase_order="void")
    order = company.order(company.vendor(), number="1042")
    company.cycle()
    company.procurify.backstage_cancel_purchase_order(int(order))
    company.books.lose = 1
    company.cycle()
    assert (company.head(order).outcome or {})["action"] == "voided"
    assert told(company, order).count("intent to void") == 1


def test_what_a_person_voided_or_paid_or_changed_is_not_voided_by_us() -> None:
    for act, outcome in (("void", "voided"), ("pay", "target_locked"), ("change", "changed_in_target")):
        company = Company(cancelled_purchase_order="void")
        order = company.order(company.vendor(), number="1042")
        company.cycle()
        (bill,) = company.bills()
        if act == "void":
            company.sim.backstage_void(bill.txn_id)
        elif act == "pay":
            company.sim.backstage_pay_bill(bill.txn_id, "10.00")
        else:
            company.sim.backstage_edit_bill(bill.txn_id, RefNumber="THEIRS")
        company.procurify.backstage_cancel_purchase_order(int(order))
        company.cycle()
        assert "intent to void" not in told(company, order)
        head = company.head(order)
        assert outcome in {company.reason(order), (head.outcome or {}).get("action")}


def test_an_order_that_is_reopened_after_we_voided_its_bill_gets_a_new_one() -> None:
    company = Company(cancelled_purchase_order="void")
    order = company.order(company.vendor(), number="1042")
    company.cycle()
    company.procurify.backstage_cancel_purchase_order(int(order))
    company.cycle()
    for lose in (0, 1):
        company.books.lose = lose
        company.procurify.backstage_set_purchase_order_state(int(order), 5)
        company.cycle()
        assert sorted(str(bill.total) for bill in company.bills())[-1] == "72.00"
        assert len([bill for bill in company.bills() if bill.total]) == 1
        company.procurify.backstage_cancel_purchase_order(int(order))
        company.cycle()
        assert not [bill for bill in company.bills() if bill.total]


@pytest.mark.parametrize(("policy", "left"), [("delete", []), ("void", ["0.00"]), ("hold", ["72.00"])])
def test_a_withdrawn_bill_is_deleted_voided_or_held_as_the_customer_chose(policy: str, left: list[str]) -> None:
    company = Company(payable_source="bill", withdrawn_bill=policy)
    bill = company.bill(company.vendor())
    company.cycle()
    company.procurify.backstage_set_bill_status(bill, 5)
    company.cycle()
    assert [str(one.total) for one in company.bills()] == left


# ---------------------------------------------------------------------------------------------- never both


def test_only_what_the_customer_chose_becomes_a_bill() -> None:
    for source, number in (("purchase_order", "PO-1042"), ("bill", "INV-1")):
        company = Company(payable_source=source)
        vendor = company.vendor()
        company.bill(vendor, order=company.order(vendor, number="1042"))
        company.cycle()
        assert [bill.ref_number for bill in company.bills()] == [number]


def test_after_the_policy_was_changed_a_bill_for_an_order_that_moved_is_held_naming_both() -> None:
    company = Company()
    vendor = company.vendor()
    order = company.order(vendor, number="1042")
    company.cycle()
    company.choose(payable_source="bill")
    covered, free = company.bill(vendor, order=order), company.bill(vendor, number="INV-2", amount="5.00")
    company.cycle()
    assert sorted(bill.ref_number for bill in company.bills()) == ["INV-2", "PO-1042"]
    assert company.reason(covered, "bill") == "covered"
    message = str((company.head(covered, "bill").hold or {})["message"])
    assert "INV-1" in message
    assert f"{FLOW}:purchase_order:{order}" in message
    assert company.head(free, "bill").state == "done"


def test_a_bill_that_is_said_to_be_for_a_moved_order_only_after_it_moved_is_flagged_too() -> None:
    company = Company()
    vendor = company.vendor()
    order = company.order(vendor, number="1042")
    company.cycle()
    company.choose(payable_source="bill")
    bill = company.bill(vendor)
    company.cycle()
    assert company.head(bill, "bill").state == "done"
    for amount in ("72.00", "80.00"):  # the same bill but for the order, and a changed one
        line = {"description": "Cement", "account_code": "5010", "amount": amount, "purchase_order": int(order)}
        company.procurify.backstage_edit_bill(bill, lines=[line])
        company.cycle()
        assert company.reason(bill, "bill") == "covered"
        assert "delete this one" in str((company.head(bill, "bill").hold or {})["fix"])
    assert [str(one.total) for one in company.bills()] == ["72.00", "72.00"]


def test_and_the_other_way_round_though_several_bills_may_be_for_one_order() -> None:
    company = Company(payable_source="bill")
    vendor = company.vendor()
    order = company.order(vendor, number="1042", state=0)
    for number in ("INV-1", "INV-2"):
        company.bill(vendor, order=order, number=number, amount="36.00")
    company.cycle()
    assert len(company.bills()) == 2
    company.choose(payable_source="purchase_order")
    company.procurify.backstage_revise_purchase_order(int(order), comment="all billed")
    company.cycle()
    assert company.reason(order) == "covered"
    assert len(company.bills()) == 2


def test_what_gave_its_place_up_stands_in_nobodys_way() -> None:
    company = Company(cancelled_purchase_order="void")
    vendor = company.vendor()
    order = company.order(vendor, number="1042")
    company.cycle()
    company.procurify.backstage_cancel_purchase_order(int(order))
    company.cycle()
    company.choose(payable_source="bill")
    bill = company.bill(vendor, order=order)
    company.cycle()
    assert company.head(bill, "bill").state == "done"


def test_of_two_records_that_are_decided_at_once_one_is_written() -> None:
    """Each looked before the other had written down what it is about to do."""
    company = Company()
    flow, store = company.world.open("acme", FLOW), company.world.store
    order, bill = (Head(RecordKey("acme", FLOW, move, "52")) for move in ("purchase_order", "bill"))
    first = covers.claim(flow, order, ["purchase_order:52"])
    second = covers.claim(flow, bill, ["purchase_order:52"])
    with pytest.raises(Conflict):
        store.write(first)
    store.write(second)


def test_an_order_that_waited_when_the_policy_was_changed_is_left_out_until_it_is_changed_back() -> None:
    company = Company()
    order = company.order(company.vendor(there=False), number="1042")
    company.cycle()
    assert company.reason(order) == "waits_for_vendor"
    company.choose(payable_source="bill")
    company.sim.backstage_add_vendor("Northwind Paper Co")
    company.world.clock.advance(24 * 3600)
    company.cycle()
    company.cycle()
    assert (company.bills(), company.reason(order)) == ([], "left_out")
    company.choose(payable_source="purchase_order")
    company.cycle()
    assert [bill.ref_number for bill in company.bills()] == ["PO-1042"]


def test_a_bill_that_a_person_entered_and_linked_covers_its_order_too() -> None:
    company = Company(payable_source="bill")
    vendor = company.vendor()
    theirs, account = company.listed("Vendor", "Northwind Paper Co"), company.listed("Account", "Concrete")
    typed = company.sim.backstage_add_bill(theirs, [{"AccountRef": account, "Amount": "72.00"}], RefNumber="INV-1")
    order = company.order(vendor, number="1042")
    bill = company.bill(vendor, order=order)
    company.cycle()
    assert company.reason(bill, "bill") == "exists_in_target"
    flow = company.world.open("acme", FLOW)
    move = flow.flow.move("bill")
    assert move is not None
    replay.link_to(flow, move, company.head(bill, "bill"), typed["id"], by="Ann")
    company.choose(payable_source="purchase_order")
    company.procurify.backstage_revise_purchase_order(int(order), comment="billed")
    company.cycle()
    assert company.reason(order) == "covered"
    assert len(company.bills()) == 1


def test_a_rehearsal_says_what_is_covered_and_writes_nothing() -> None:
    company = Company(state="rehearsing")
    order = company.order(company.vendor(), number="1042")
    company.cycle()
    assert (company.head(order).plan or {})["action"] == "create"
    assert not [item for item in company.world.store.all_items() if "#covers#" in item.pk]
    assert company.bills() == []
