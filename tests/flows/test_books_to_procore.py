"""QuickBooks Online to Procore: each bill on the right project, commitment and cost code, once and to the cent."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.building import CLINIC, COMPANY, COPPERLINE, DAY, DECK, REALM, TENANT, Builder

Costs = dict[str, Decimal]


def costs(**amounts: str) -> Costs:
    """By budget code: electric is 26-100.C, concrete 03-300.M."""
    codes = {"electric": "26-100.C", "concrete": "03-300.M"}
    return {codes[name]: Decimal(amount) for name, amount in amounts.items()}


def kinds(world: Builder) -> tuple[int, int]:
    """How many invoices of commitments and how many direct costs there are."""
    return len(world.there("requisitions")), len(world.there("direct_costs"))


# ---------------------------------------------------------------------------------------------- vendors


def test_a_vendor_that_procore_knows_is_linked_and_left_as_it_is() -> None:
    world = Builder()
    theirs = world.site.backstage_add_vendor(COMPANY, "Copperline Electric, LLC", city="Portland")
    world.vendor("Copperline Electric LLC", PrimaryEmailAddr={"Address": "ap@copperline.example"})
    world.run()
    (there,) = world.there("vendors")
    assert (there["id"], there["name"], there["email_address"]) == (theirs["id"], "Copperline Electric, LLC", None)
    assert there["origin_id"] is None
    world.careful()


def test_a_vendor_that_procore_does_not_have_is_made_once_with_its_address() -> None:
    world = Builder()
    address = {"Line1": "1 Main St", "City": "Bend", "CountrySubDivisionCode": "OR", "PostalCode": "97701"}
    email = {"Address": "ap@copperline.example"}
    named = world.vendor(COPPERLINE, BillAddr=address | {"Country": "US"}, PrimaryEmailAddr=email)
    world.run()
    world.run(full=True)
    (there,) = world.there("vendors")
    assert (there["name"], there["city"], there["state_code"]) == (COPPERLINE, "Bend", "OR")
    assert world.record(named, "vendor").state == "done"
    world.careful()


def test_a_vendor_that_nearly_has_the_name_of_another_is_held_with_its_name_and_made_by_nobody() -> None:
    world = Builder()
    world.site.backstage_add_vendor(COMPANY, "Coperline Electric")
    named = world.vendor("Copperline Electric")
    world.run()
    hold = world.hold(named, "vendor")
    assert hold["reason"] == "ambiguous_match"
    assert "Coperline Electric" in hold["message"]
    assert len(world.there("vendors")) == 1
    world.careful()


def test_a_customer_who_makes_vendors_in_procore_himself_sees_the_bill_wait_for_the_vendor() -> None:
    world = Builder(unmatched_vendor="hold")
    vendor = world.vendor(COPPERLINE)
    bill = world.bill(vendor, ("100.00", "Electrical", DECK))
    world.run()
    assert world.hold(vendor, "vendor")["reason"] == "vendor_unmatched"
    assert world.hold(bill)["reason"] == "waits_for_vendor"
    assert len(world.notices.published) == 1
    world.site.backstage_add_vendor(COMPANY, COPPERLINE)
    world.run()
    assert world.costs(world.deck) == costs(electric="100.00")
    world.careful()


def test_a_vendor_comes_into_the_directory_of_the_project_that_it_has_a_cost_on_and_of_no_other() -> None:
    world = Builder()
    vendor = world.vendor(COPPERLINE)
    world.bill(vendor, ("100.00", "Electrical", DECK))
    world.bill(vendor, ("7.00", "Electrical", DECK))
    world.run()
    listed = world.site.backstage_rows(COMPANY, "project_vendors")
    assert [row["project_id"] for row in listed] == [world.deck]
    assert len(world.there("vendors")) == 1
    world.agree()
    world.careful()


def test_a_vendor_renamed_in_the_books_is_renamed_in_procore_where_we_made_it() -> None:
    world = Builder()
    vendor = world.vendor(COPPERLINE)
    world.bill(vendor, ("100.00", "Electrical", DECK))
    world.run()
    world.books.backstage_rename(REALM, "Vendor", vendor, "Copperline Power LLC")
    world.bill(vendor, ("50.00", "Electrical", DECK))
    world.run()
    (there,) = world.there("vendors")
    assert there["name"] == "Copperline Power LLC"
    assert world.costs(world.deck) == costs(electric="150.00")
    world.careful()


def test_a_vendor_renamed_in_procore_stays_the_same_vendor() -> None:
    world = Builder()
    vendor = world.vendor(COPPERLINE)
    world.bill(vendor, ("100.00", "Electrical", DECK))
    world.run()
    (there,) = world.there("vendors")
    world.site.backstage_edit_vendor(COMPANY, there["id"], name="Copperline (main office)")
    world.bill(vendor, ("50.00", "Electrical", DECK))
    world.run(full=True)
    (after,) = world.there("vendors")
    assert after["name"] == "Copperline (main office)"
    assert world.costs(world.deck) == costs(electric="150.00")
    world.careful()


# ---------------------------------------------------------------------------------------------- where a bill goes


def test_a_bill_of_a_vendor_with_one_commitment_becomes_an_invoice_of_it_under_review() -> None:
    world = Builder()
    commitment = world.commitment(COPPERLINE, world.deck)
    world.bill(world.vendor(COPPERLINE), ("12500.00", "Electrical", DECK), DocNumber="INV-2201")
    world.run()
    (invoice,) = world.there("requisitions")
    assert (invoice["commitment_id"], invoice["invoice_number"]) == (commitment, "INV-2201")
    assert (invoice["status"], invoice["billing_date"]) == ("under_review", DAY)
    assert invoice["summary"]["current_payment_due"] == "12500.00"
    assert world.there("direct_costs") == []
    world.agree()
    world.careful()


def test_a_bill_of_a_vendor_without_a_commitment_becomes_an_approved_direct_cost() -> None:
    world = Builder()
    world.bill(world.vendor("Northshore Supply"), ("830.25", "Concrete", DECK), DocNumber="S-8841")
    world.run()
    (cost,) = world.there("direct_costs")
    assert (cost["invoice_number"], cost["status"], cost["direct_cost_date"]) == ("S-8841", "approved", DAY)
    assert world.there("requisitions") == []
    world.agree()
    world.careful()


def test_a_customer_who_wants_no_cost_without_a_commitment_is_asked_for_one() -> None:
    world = Builder(no_commitment="hold")
    bill = world.bill(world.vendor(COPPERLINE), ("100.00", "Electrical", DECK))
    world.run()
    assert world.hold(f"{bill}@{world.deck}")["reason"] == "no_commitment"
    world.commitment(COPPERLINE, world.deck)
    world.run()
    assert kinds(world) == (1, 0)
    world.agree()
    world.careful()


def test_a_bill_over_three_projects_becomes_one_record_in_each() -> None:
    world = Builder()
    world.project("Cedar Row Housing", "1044")
    world.commitment(COPPERLINE, world.deck)
    lines = [("100.10", "Electrical", DECK), ("20.20", "Concrete", CLINIC), ("3.03", "Electrical", CLINIC)]
    bill = world.bill(world.vendor(COPPERLINE), *lines, ("7.77", "Concrete", "Cedar Row Housing"))
    world.run()
    assert kinds(world) == (1, 2)
    assert len({one["invoice_number"] for kind in ("requisitions", "direct_costs") for one in world.there(kind)}) == 1
    assert [head.state for head in world.heads(TENANT, "quickbooks_online_to_procore", "bill")] == [
        "split",
        *3 * ["done"],
    ]
    assert sum((sum(world.costs(id_).values()) for id_ in world.projects.values()), Decimal(0)) == Decimal("131.10")
    assert world.record(bill).parts == [str(id_) for id_ in world.projects.values()]
    world.agree()
    world.careful()


def test_the_number_of_a_commitment_in_the_memo_chooses_it_among_several() -> None:
    world = Builder()
    world.commitment(COPPERLINE, world.deck, number="SC-001")
    second = world.commitment(COPPERLINE, world.deck, number="SC-002")
    world.bill(world.vendor(COPPERLINE), ("100.00", "Electrical", DECK), PrivateNote="Progress for SC-002, February")
    world.run()
    assert [one["commitment_id"] for one in world.there("requisitions")] == [second]
    world.agree()
    world.careful()


def test_a_bill_that_could_belong_to_two_commitments_is_held_with_both_named_and_goes_where_the_number_says() -> None:
    world = Builder()
    world.commitment(COPPERLINE, world.deck, number="SC-001")
    second = world.commitment(COPPERLINE, world.deck, number="SC-002")
    bill = world.bill(world.vendor(COPPERLINE), ("100.00", "Electrical", DECK))
    world.run()
    hold = world.hold(f"{bill}@{world.deck}")
    assert hold["reason"] == "several_commitments"
    assert "SC-001" in hold["message"] and "SC-002" in hold["message"]
    assert kinds(world) == (0, 0)
    world.edit(bill, PrivateNote="SC-002")
    world.run()
    assert [one["commitment_id"] for one in world.there("requisitions")] == [second]
    world.agree()
    world.careful()


def _two_on_the_bill(**policies: Any) -> tuple[Builder, str]:
    world = Builder(**policies)
    world.commitment(COPPERLINE, world.deck, "26-100.C", number="SC-001")
    world.commitment(COPPERLINE, world.deck, "03-300.M", number="SC-002")
    lines = [("100.00", "Electrical", DECK), ("20.00", "Concrete", DECK)]
    bill = world.bill(world.vendor(COPPERLINE), *lines, PrivateNote="SC-001 and SC-002", DocNumber="INV-9")
    world.run()
    return world, bill


def test_a_bill_that_names_two_commitments_is_held_unless_the_customer_said_otherwise() -> None:
    world, bill = _two_on_the_bill()
    assert world.hold(f"{bill}@{world.deck}")["reason"] == "several_commitments"
    assert kinds(world) == (0, 0)
    world.careful()


def test_a_bill_that_names_two_commitments_is_split_into_an_invoice_of_each() -> None:
    world, _ = _two_on_the_bill(multi_commitment="split")
    assert [one["invoice_number"] for one in world.there("requisitions")] == ["INV-9", "INV-9"]
    assert len({one["commitment_id"] for one in world.there("requisitions")}) == 2
    world.agree()
    world.careful()


def test_a_bill_that_names_two_commitments_becomes_one_direct_cost() -> None:
    world, _ = _two_on_the_bill(multi_commitment="direct_cost")
    assert kinds(world) == (0, 1)
    world.agree()
    world.careful()


def test_a_held_bill_goes_by_itself_once_the_customer_says_how_several_commitments_are_settled() -> None:
    world, _ = _two_on_the_bill()
    world.policy(multi_commitment="split")
    world.run()
    assert kinds(world) == (2, 0)
    world.agree()
    world.careful()


def test_a_line_that_fits_no_line_of_the_schedule_holds_the_bill_and_goes_once_the_commitment_has_one() -> None:
    world = Builder()
    commitment = world.commitment(COPPERLINE, world.deck, "26-100.C")
    bill = world.bill(world.vendor(COPPERLINE), ("100.00", "Electrical", DECK), ("20.00", "Concrete", DECK))
    world.run()
    hold = world.hold(f"{bill}@{world.deck}")
    assert hold["reason"] == "lines_unassigned"
    assert "03-300.M" in hold["message"] and "20.00" in hold["message"]
    assert kinds(world) == (0, 0)
    person = world.site.person(COMPANY)
    row = world.site.companies[COMPANY].tables["commitments"][commitment]
    world.site._sov_line(person, row, {"code": "03-300.M", "amount": "9000"})
    world.run()
    assert kinds(world) == (1, 0)
    world.agree()
    world.careful()


def test_a_project_without_the_budget_code_holds_the_bill_and_says_where_to_add_it() -> None:
    world = Builder()
    world.rules(("account", "Electrical", "31-200", "C"))
    bill = world.bill(world.vendor(COPPERLINE), ("100.00", "Electrical", DECK), ("50.00", "Electrical", CLINIC))
    world.run()
    hold = world.hold(f"{bill}@{world.deck}")
    assert hold["reason"] == "budget_code_missing"
    assert "31-200.C" in hold["message"] and "Work Breakdown Structure" in hold["fix"]
    world.site.backstage_add_cost_code(COMPANY, world.deck, "31-200", "Earthwork", ["C"])
    world.run()
    assert world.costs(world.deck) == {"31-200.C": Decimal("100.00")}
    assert world.hold(f"{bill}@{world.clinic}")["reason"] == "budget_code_missing"
    world.careful()


def test_a_project_override_goes_before_the_rule_of_the_company() -> None:
    world = Builder()
    when = {"account": {"equals": "Electrical"}}
    general = {"when": when, "then": {"cost_code": "26-100", "cost_type": "C"}}
    override = {"scope": "1043", "when": when, "then": {"cost_code": "26-100", "cost_type": "M"}}
    world.save_rules([general, override])
    world.bill(world.vendor(COPPERLINE), ("100.00", "Electrical", DECK), ("50.00", "Electrical", CLINIC))
    world.run()
    assert world.costs(world.deck) == {"26-100.C": Decimal("100.00")}
    assert world.costs(world.clinic) == {"26-100.M": Decimal("50.00")}
    world.careful()


def test_a_commitment_made_for_a_vendor_that_we_put_into_procore_a_moment_ago_is_seen() -> None:
    world = Builder()
    vendor = world.vendor(COPPERLINE)
    world.run()
    world.commitment(COPPERLINE, world.deck)
    world.bill(vendor, ("100.00", "Electrical", DECK))
    world.run()
    assert kinds(world) == (1, 0)
    world.agree()
    world.careful()


# ---------------------------------------------------------------------------------------------- rules


def test_500_bills_held_by_one_missing_rule_are_one_cause_and_one_notice_and_the_rule_releases_all() -> None:
    world = Builder()
    world.books.backstage_switch("limits", False)
    world.site.backstage_switch("limits", False)
    vendor = world.vendor(COPPERLINE)
    for n in range(500):
        world.bill(vendor, (f"{n + 1}.01", "Rent", DECK))
    world.run()
    (group,) = world.office.call("GET", "/holds")["items"]
    assert (group["count"], group["reason"], group["cause"]) == (500, "mapping_missing", "cost_code account Rent")
    assert len(world.notices.published) == 1
    rent = {"when": {"account": {"equals": "Rent"}}, "then": {"cost_code": "03-300", "cost_type": "M"}}
    assert world.save_rules([rent])["released"] == {"quickbooks_online_to_procore": 500}
    world.until_quiet()
    world.run()
    assert world.office.call("GET", "/holds")["items"] == []
    assert world.costs(world.deck) == {"03-300.M": Decimal("125255.00")}
    assert len(world.there("direct_costs")) == 500
    world.careful()


def test_only_the_part_with_the_line_without_a_rule_waits() -> None:
    world = Builder()
    bill = world.bill(world.vendor(COPPERLINE), ("100.00", "Electrical", DECK), ("50.00", "Rent", CLINIC))
    world.run()
    assert world.costs(world.deck) == costs(electric="100.00")
    assert world.hold(f"{bill}@{world.clinic}")["reason"] == "mapping_missing"
    world.careful()


# ---------------------------------------------------------------------------------------------- lines and tax


def _taxed(**policies: Any) -> tuple[Builder, str]:
    """A bill of 100.00 and 50.00 with 12.38 of tax on top."""
    world = Builder(**policies)
    world.books.backstage_set_automatic_tax(REALM, "0.0825")
    bill = world.bill(world.vendor(COPPERLINE), ("100.00", "Electrical", DECK), ("50.00", "Concrete", CLINIC))
    world.run()
    return world, bill


def test_tax_is_spread_over_the_lines_to_the_cent() -> None:
    world, _ = _taxed()
    assert world.costs(world.deck) == costs(electric="108.25")
    assert world.costs(world.clinic) == costs(concrete="54.13")
    world.careful()


def test_tax_holds_the_bill_where_the_customer_has_not_said_what_becomes_of_it() -> None:
    world, bill = _taxed(tax="hold")
    hold = world.hold(bill)
    assert hold["reason"] == "tax_not_placed" and "12.38 USD" in hold["message"]
    assert kinds(world) == (0, 0)
    world.policy(tax="spread")
    world.run()
    assert world.costs(world.deck) == costs(electric="108.25")
    world.careful()


def test_tax_becomes_a_line_of_its_own_where_a_rule_gives_it_a_cost_code() -> None:
    world, bill = _taxed(tax="line")
    assert world.hold(f"{bill}@{world.deck}")["reason"] == "mapping_missing"
    tax = {"when": {"description": {"equals": "Tax"}}, "then": {"cost_code": "03-300", "cost_type": "C"}}
    account = {"when": {"account": {"equals": "Electrical"}}, "then": {"cost_code": "26-100", "cost_type": "C"}}
    world.save_rules([tax, account])
    world.until_quiet()
    assert world.costs(world.deck) == {"26-100.C": Decimal("100.00"), "03-300.C": Decimal("8.25")}
    world.careful()


def test_a_line_without_a_job_holds_the_whole_bill_until_the_job_is_named() -> None:
    world = Builder()
    bill = world.bill(world.vendor(COPPERLINE), ("100.00", "Electrical", DECK), ("5.00", "Rent", ""))
    world.run()
    assert world.hold(bill)["reason"] == "no_project"
    assert kinds(world) == (0, 0)
    world.edit(bill, ("100.00", "Electrical", DECK), ("5.00", "Concrete", DECK))
    world.run()
    world.agree()
    world.careful()


def test_a_line_without_a_job_is_left_out_where_the_customer_keeps_his_overhead_on_the_same_bills() -> None:
    world = Builder(no_project="leave_out")
    bill = world.bill(world.vendor(COPPERLINE), ("100.00", "Electrical", DECK), ("5.00", "Rent", ""))
    world.run()
    assert world.costs(world.deck) == costs(electric="100.00")
    assert world.states() == {bill: "split", f"{bill}@{world.deck}": "done", f"{bill}@overhead": "not_moved"}
    world.careful()


def test_a_job_that_is_no_project_in_procore_holds_the_bill_and_names_the_mapping() -> None:
    world = Builder()
    world.jobs["Shop"] = str(world.books.backstage_add_customer(REALM, "Shop")["Id"])
    bill = world.bill(world.vendor(COPPERLINE), ("100.00", "Electrical", "Shop"))
    world.run()
    hold = world.hold(bill)
    assert hold["reason"] == "mapping_missing" and "Shop" in hold["fix"]
    present = world.office.call("GET", "/flows/quickbooks_online_to_procore/mappings")
    body = {name: present[name] for name in ("version", "rules")} | {"mappings": {"project": {"Shop": "1043"}}}
    world.office.call("PUT", "/flows/quickbooks_online_to_procore/mappings", body)
    world.until_quiet()
    assert world.costs(world.clinic) == costs(electric="100.00")
    world.careful()


def test_a_negative_line_of_a_bill_without_a_commitment_is_a_negative_cost() -> None:
    world = Builder()
    world.bill(world.vendor(COPPERLINE), ("100.00", "Electrical", DECK), ("-30.00", "Concrete", DECK))
    world.run()
    assert world.costs(world.deck) == costs(electric="100.00", concrete="-30.00")
    world.careful()


def test_a_line_that_takes_money_back_from_a_commitment_is_held_and_not_sent() -> None:
    world = Builder()
    world.commitment(COPPERLINE, world.deck, "26-100.C", "03-300.M")
    bill = world.bill(world.vendor(COPPERLINE), ("100.00", "Electrical", DECK), ("-30.00", "Concrete", DECK))
    world.run()
    assert world.hold(f"{bill}@{world.deck}")["reason"] == "negative_amount"
    assert kinds(world) == (0, 0)
    world.careful()


def test_a_line_of_nothing_is_no_line_and_a_bill_of_nothing_is_no_cost() -> None:
    world = Builder()
    vendor = world.vendor(COPPERLINE)
    world.bill(vendor, ("100.00", "Electrical", DECK), ("0.00", "Rent", ""))
    empty = world.bill(vendor, ("0.00", "Electrical", DECK))
    world.run()
    assert world.costs(world.deck) == costs(electric="100.00")
    assert kinds(world) == (0, 1)
    assert world.record(empty).state == "split" and not world.record(empty).parts
    world.careful()


def test_a_bill_without_a_number_goes_under_the_number_that_the_books_know_it_by() -> None:
    world = Builder()
    bill = world.bill(world.vendor(COPPERLINE), ("100.00", "Electrical", DECK), DocNumber="")
    world.run()
    assert [one["invoice_number"] for one in world.there("direct_costs")] == [f"QBO-{bill}"]
    world.careful()


# ---------------------------------------------------------------------------------------------- retainage, status


def _of_commitment(**fields: Any) -> Builder:
    policies = {name: fields.pop(name) for name in list(fields) if name in ("retainage", "requisition_status")}
    world = Builder(**policies)
    world.commitment(COPPERLINE, world.deck, **fields)
    world.bill(world.vendor(COPPERLINE), ("1000.00", "Electrical", DECK))
    world.run()
    return world


def test_nothing_is_retained_of_an_invoice_although_the_commitment_names_a_percentage() -> None:
    world = _of_commitment(retainage_percent="10")
    (invoice,) = world.there("requisitions")
    assert invoice["summary"]["current_payment_due"] == "1000.00"
    world.agree()
    world.careful()


def test_what_the_commitment_says_is_retained_where_the_customer_wants_it() -> None:
    world = _of_commitment(retainage_percent="10", retainage="commitment")
    (invoice,) = world.there("requisitions")
    assert invoice["summary"]["total_retainage"] == "100.00"
    assert invoice["summary"]["current_payment_due"] == "900.00"
    world.agree()
    world.careful()


@pytest.mark.parametrize("status", ["draft", "under_review", "approved"])
def test_a_new_invoice_has_the_status_that_the_customer_wants(status: str) -> None:
    world = _of_commitment(requisition_status=status)
    assert [one["status"] for one in world.there("requisitions")] == [status]
    assert world.record(f"1@{world.deck}").state == "done"
    world.careful()


@pytest.mark.parametrize("status", ["draft", "pending", "approved"])
def test_a_new_direct_cost_has_the_status_that_the_customer_wants(status: str) -> None:
    world = Builder(direct_cost_status=status)
    world.bill(world.vendor(COPPERLINE), ("1000.00", "Electrical", DECK))
    world.run()
    assert [one["status"] for one in world.there("direct_costs")] == [status]
    world.careful()


@pytest.mark.parametrize(("lock", "locked"), [("yes", True), ("no", False)])
def test_a_direct_cost_is_locked_for_people_where_the_customer_wants_it(lock: str, locked: bool) -> None:
    world = Builder(lock_direct_costs=lock)
    world.bill(world.vendor(COPPERLINE), ("1000.00", "Electrical", DECK))
    world.run()
    assert [bool(one["origin_id"]) for one in world.there("direct_costs")] == [locked]
    world.careful()
