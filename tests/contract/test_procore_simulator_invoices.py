"""The Procore simulator's commitments, billing periods, requisitions and contract payments."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from simulator.systems.procore.answers import Refused
from tests.contract.procore_site import COMPANY, Site, made, ok, refused

CLAIMS = "/rest/v1.1/requisitions"
PAYMENTS = "/rest/v1.0/contract_payments"
WORK = "/rest/v1.0/work_order_contracts"
ORDERS = "/rest/v1.0/purchase_order_contracts"
NO_PERIOD = "The project must have an open billing period (or admin can specify a period_id) to create an invoice"
LOCKED = {"base": ["This record is locked"]}
Json = dict[str, Any]


@pytest.fixture
def site() -> Site:
    return Site()


# ---------------------------------------------------------------------- commitments


def test_the_two_kinds_of_commitments_are_listed_apart_and_together(site: Site) -> None:
    order, _ = site.commitment(type="PurchaseOrderContract", number="PO-1")
    project = {"project_id": site.project}
    assert site.ids(WORK, **project) == [site.contract]
    assert site.ids(ORDERS, **project) == [order]
    assert site.ids("/rest/v1.0/commitments", **project) == [site.contract, order]
    assert site.get(f"/rest/v1.0/commitments/{order}", **project)["number"] == "PO-1"
    refused(site.call("GET", f"{WORK}/{order}", **project), 404)


def test_a_commitment_shows_its_schedule_of_values_and_what_was_claimed_and_paid(site: Site) -> None:
    claim = site.claimed("12500.00", "50.00", status="approved")
    made(site.pay("12500.00", requisition_id=claim["id"]))
    shown = site.get(f"{WORK}/{site.contract}", project_id=site.project)
    assert [(line["amount"], line["wbs_code"]["flat_code"]) for line in shown["line_items"]] == [
        ("50000.0", "26-100.C"),
        ("30000.0", "26-200.C"),
    ]
    assert (shown["grand_total"], shown["total_requisitions_amount"]) == ("80000.0", "12550.0")
    assert (shown["total_payments"], shown["payments_issued"][0]["amount"]) == ("12500.0", "12500.0")
    assert shown["vendor"]["id"] == site.vendor
    lines = site.get(f"{WORK}/{site.contract}/line_items", project_id=site.project)
    assert [line["id"] for line in lines] == site.lines


def test_the_newer_address_answers_ids_as_text_inside_data(site: Site) -> None:
    site.commitment(payments_enabled=False)
    path = f"/rest/v2.0/companies/{COMPANY}/projects/{site.project}/commitment_contracts"
    first, second = site.get(path)["data"]
    assert (first["id"], first["allow_payments"], second["allow_payments"]) == (str(site.contract), True, False)
    line = site.get(f"{path}/{site.contract}/line_items")["data"][0]
    assert (line["id"], line["amount"]) == (str(site.lines[0]), "50000.00")
    assert site.get(path, filters__vendor_id=site.vendor, filters__type="PurchaseOrderContract")["data"] == []


def test_a_commitment_needs_a_vendor_of_the_project_unless_it_is_a_draft(site: Site) -> None:
    site.commitment(vendor_id=None, status="Draft")
    with pytest.raises(Refused, match="must be selected when the contract's status is not draft"):
        site.commitment(vendor_id=None)
    with pytest.raises(Refused, match="has not been added to this project"):
        site.commitment(vendor_id=site.company_vendor)


def test_an_approved_commitment_is_not_deleted_and_a_deleted_one_is_listed_on_request(site: Site) -> None:
    draft, _ = site.commitment(status="Draft")
    project = {"project_id": site.project}
    refused(site.call("DELETE", f"{WORK}/{site.contract}", **project))
    ok(site.call("DELETE", f"{WORK}/{draft}", **project))
    refused(site.call("GET", f"{WORK}/{draft}", **project), 404)
    assert site.ids(WORK, **project) == [site.contract]
    assert site.ids(WORK, **project, filters__include_deleted="with") == [site.contract, draft]
    assert site.ids(WORK, **project, filters__include_deleted="only") == [draft]


def test_a_line_of_the_schedule_goes_only_while_the_contract_can_be_edited(site: Site) -> None:
    draft, lines = site.commitment(status="Draft")
    project = {"project_id": site.project}
    refused(site.call("DELETE", f"{WORK}/{site.contract}/line_items/{site.lines[0]}", **project))
    ok(site.call("DELETE", f"{WORK}/{draft}/line_items/{lines[0]}", **project))
    refused(site.call("GET", f"{WORK}/{draft}/line_items/{lines[0]}", **project), 404)


# ---------------------------------------------------------------------- billing periods


def test_a_used_billing_period_is_not_deleted(site: Site) -> None:
    march = {"start_date": "2026-03-01", "end_date": "2026-03-31", "due_date": "2026-04-15", "status": "open"}
    new = made(site.call("POST", site.here("billing_periods"), {"billing_period": march}))
    site.claimed("1.00")
    refused(site.call("DELETE", site.here(f"billing_periods/{site.period}")))
    ok(site.call("DELETE", site.here(f"billing_periods/{new['id']}")))
    assert site.ids(site.here("billing_periods"), filters__status="open") == [site.period]


def test_without_a_named_period_the_newest_open_one_is_taken(site: Site) -> None:
    newer = site.sim.backstage_add_billing_period(COMPANY, site.project, "2026-03-01", "2026-03-31")["id"]
    site.sim.backstage_add_billing_period(COMPANY, site.project, "2026-04-01", "2026-04-30", status="closed")
    claim = site.claimed("1.00", period_id=None)
    assert (claim["period_id"], claim["requisition_start"]) == (newer, "2026-03-01")


def test_without_an_open_period_no_requisition_is_made_unless_a_closed_one_is_named(site: Site) -> None:
    site.sim.backstage_set_period_status(COMPANY, site.period, "closed")
    assert refused(site.claim("1.00", period_id=None), 400) == NO_PERIOD
    assert site.claimed("1.00")["period_id"] == site.period
    site.sim.backstage_switch("closed_period_by_admin", False)
    assert refused(site.claim("1.00"), 400) == NO_PERIOD
    refused(site.claim("1.00", period_id=1))


# ---------------------------------------------------------------------- making a requisition


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"status": "Draft"}, "commitment"),
        ({"status": "Terminated"}, "commitment"),
        ({"status": "Draft", "vendor_id": None}, "vendor"),
        ({"invoices_enabled": False}, "commitment"),
        ({"ssov_enabled": True, "ssov_status": "under_review"}, "commitment"),
    ],
)
def test_a_commitment_that_takes_no_invoices_says_why(site: Site, change: Json, field: str) -> None:
    site.sim.backstage_edit_commitment(COMPANY, site.contract, **change)
    assert refused(site.claim("1.00")).keys() == {field}
    assert site.sim.backstage_rows(COMPANY, "requisitions") == []


def test_which_purchase_orders_take_invoices_is_a_switch(site: Site) -> None:
    contract, lines = site.commitment(type="PurchaseOrderContract", status="Received")
    refused(site.claim("1.00", contract=contract, lines=lines))
    site.sim.backstage_switch("purchase_order_statuses", ["Approved", "Received"])
    made(site.claim("1.00", contract=contract, lines=lines))


def test_a_new_requisition_has_a_row_for_every_line_of_the_schedule(site: Site) -> None:
    claim = site.claimed("12500.00")
    rows = [(row["line_item_id"], row["work_completed_this_period"]) for row in claim["items"]]
    assert rows == [(site.lines[0], "12500.00"), (site.lines[1], "0.00")]
    assert (claim["number"], claim["vendor_id"], claim["percent_complete"]) == (1, site.vendor, "15.62%")


def test_a_requisition_continues_the_one_before(site: Site) -> None:
    first = site.claimed("12500.00")
    second = site.claimed("2500.00", "10.10", invoice_number="INV-2")
    row = second["items"][0]
    assert (second["previous_requisition_id"], second["number"]) == (first["id"], 2)
    assert row["work_completed_from_previous_application"] == "12500.00"
    assert row["total_completed_and_stored_to_date"] == "15000.00"
    assert second["summary"]["less_previous_certificates_for_payment"] == "12500.00"
    assert second["summary"]["current_payment_due"] == "2510.10"


def test_a_change_of_an_earlier_requisition_moves_what_the_later_ones_show(site: Site) -> None:
    first, second = site.claimed("100.00"), site.claimed("10.00")
    item = {"id": first["items"][0]["id"], "item_type": "contract_item", "work_completed_this_period": "70.00"}
    ok(site.change_claim(first["id"], items=[item]))
    row = site.show_claim(second["id"], view="items")["items"][0]
    assert row["work_completed_from_previous_application"] == "70.00"


def test_an_item_of_the_wrong_kind_is_dropped_and_the_rows_stay_at_zero(site: Site) -> None:
    wrong = [
        {"item_type": "contract_detail_item", "detail_line_item_id": site.lines[0], "work_completed_this_period": "5"},
        {"item_type": "contract_item", "line_item_id": 1, "work_completed_this_period": "5.00"},
    ]
    claim = site.claimed(items=wrong)
    assert {row["work_completed_this_period"] for row in claim["items"]} == {"0.00"}
    assert len(site.mistakes()) == 2


def test_the_items_may_be_dropped_at_the_create_and_filled_afterwards(site: Site) -> None:
    site.sim.backstage_switch("ignore_items_on_create", True)
    claim = site.claimed("12500.00")
    assert claim["items"][0]["work_completed_this_period"] == "0.00"
    rows = [{"id": claim["items"][0]["id"], "item_type": "contract_item", "work_completed_this_period": "12500.00"}]
    path = f"/rest/v1.0/requisitions/{claim['id']}/bulk_item_update"
    ok(site.call("PATCH", path, {"requisition_items": rows}, project_id=site.project))
    assert site.show_claim(claim["id"], view="items")["summary"]["current_payment_due"] == "12500.00"


def test_rows_follow_the_subcontractors_own_schedule_where_it_is_on(site: Site) -> None:
    detail = site.sim.backstage_add_ssov_line(COMPANY, site.lines[0], "20000", "Conduit")["id"]
    site.sim.backstage_edit_commitment(COMPANY, site.contract, ssov_enabled=True)
    approval = f"{WORK}/{site.contract}/subcontractor_schedule_of_values_status"
    ok(site.call("PATCH", approval, {"project_id": site.project, "status": "approved"}))
    item = {"item_type": "contract_detail_item", "detail_line_item_id": detail, "work_completed_this_period": "700.00"}
    claim = site.claimed(items=[item])
    path = f"/rest/v1.0/requisitions/{claim['id']}"
    (row,) = site.get(f"{path}/contract_detail_items", project_id=site.project)
    assert (row["detail_line_item_id"], row["work_completed_this_period"]) == (detail, "700.00")
    assert site.get(f"{path}/contract_items", project_id=site.project) == []


def test_a_contract_by_units_is_billed_in_quantities(site: Site) -> None:
    lines = [{"code": "26-100.C", "quantity": "100", "unit_cost": "12.5"}]
    contract, (line,) = site.commitment(lines=lines, accounting_method="unit")
    item = {"item_type": "contract_item", "line_item_id": line}
    claim = site.claimed(contract=contract, items=[{**item, "work_completed_this_period_quantity": "8"}])
    assert claim["items"][0]["work_completed_this_period"] == "100.00"
    again = site.claimed(contract=contract, items=[{**item, "work_completed_this_period": "50.00"}])
    assert again["items"][0]["work_completed_this_period"] == "0.00"
    assert site.mistakes() == ["an amount for a row that is billed by units is ignored"]


def test_a_default_retainage_keeps_money_back_unless_none_is_said_to_be_kept(site: Site) -> None:
    contract, lines = site.commitment(retainage_percent="10")
    silent = site.claimed("1000.00", contract=contract, lines=lines)
    assert silent["items"][0]["work_completed_retainage_retained_this_period"] == "100.00"
    assert silent["summary"]["current_payment_due"] == "900.00"
    item = {"item_type": "contract_item", "line_item_id": lines[0], "work_completed_this_period": "1000.00"}
    kept = "work_completed_retainage_retained_this_period"
    said = site.claimed(contract=contract, items=[{**item, kept: "0.00"}])
    assert (said["summary"]["current_payment_due"], said["summary"]["total_retainage"]) == ("1000.00", "100.00")
    percent = "work_completed_retainage_percent_this_period"
    half = site.claimed(contract=contract, items=[{**item, kept: "0", percent: "5"}])
    assert half["items"][0][kept] == "50.00"
    named = site.claimed(contract=contract, items=[{**item, kept: "7.00", percent: "5"}])
    assert (named["items"][0][kept], named["items"][0][percent]) == ("7.00", "0.00")


def test_overbilling_is_taken_unless_the_company_prevents_it(site: Site) -> None:
    site.claimed("49999.99")
    site.sim.backstage_edit_company(COMPANY, prevent_overbilling=True)
    assert refused(site.claim("0.02")).keys() == {"work_completed_this_period"}
    claim = site.claimed("0.01")
    item = {"id": claim["items"][0]["id"], "item_type": "contract_item", "work_completed_this_period": "0.02"}
    refused(site.change_claim(claim["id"], items=[item]))
    assert site.show_claim(claim["id"], view="items")["items"][0]["work_completed_this_period"] == "0.01"
    ok(site.change_claim(claim["id"], items=[{**item, "work_completed_this_period": "0.01"}]))
    site.sim.backstage_edit_company(COMPANY, prevent_overbilling=False)
    ok(site.change_claim(claim["id"], items=[item]))


def test_whether_negative_requisitions_are_taken_is_a_switch(site: Site) -> None:
    assert site.claimed("-10.00")["summary"]["current_payment_due"] == "-10.00"
    site.sim.backstage_switch("negative_requisitions", False)
    refused(site.claim("-10.00"))


def test_whether_a_second_open_requisition_is_taken_is_a_switch(site: Site) -> None:
    site.sim.backstage_switch("one_open_requisition", True)
    first = site.claimed("10.00")
    refused(site.claim("20.00"))
    ok(site.change_claim(first["id"], status="approved"))
    made(site.claim("20.00"))


def test_amounts_are_sent_as_text(site: Site) -> None:
    item = {"item_type": "contract_item", "line_item_id": site.lines[0], "work_completed_this_period": 12.5}
    assert site.claimed(items=[item])["items"][0]["work_completed_this_period"] == "12.50"
    assert site.mistakes() == ["requisition.items.work_completed_this_period is an amount not written as text"]


# ---------------------------------------------------------------------- reading, changing and deleting one


def test_rows_and_totals_come_with_the_view_that_has_them(site: Site) -> None:
    claim = site.claimed("5.00")
    assert "items" not in site.show_claim(claim["id"])
    assert len(site.show_claim(claim["id"], view="items")["items"]) == 2
    assert "items" not in site.get(CLAIMS, project_id=site.project)[0]
    assert "items" in site.get(CLAIMS, project_id=site.project, view="items")[0]


def test_requisitions_are_found_by_commitment_status_and_place(site: Site) -> None:
    other, lines = site.commitment()
    first, second = site.claimed("1.00")["id"], site.claimed("2.00", status="approved")["id"]
    third = site.claimed("3.00", contract=other, lines=lines, origin_id="qbo:3")["id"]
    project = {"project_id": site.project}
    assert site.ids(CLAIMS, **project) == [first, second, third]
    assert site.ids(CLAIMS, **project, filters__commitment_id=site.contract) == [first, second]
    assert site.ids(CLAIMS, **project, filters__status="approved") == [second]
    assert site.ids(CLAIMS, **project, filters__is_last="true") == [second, third]
    assert site.ids(CLAIMS, **project, filters__origin_id="qbo:3") == [third]


def test_an_admin_sets_any_status_on_any_requisition(site: Site) -> None:
    first = site.claimed("1.00")["id"]
    site.claimed("2.00")
    for status in ("approved", "revise_and_resubmit", "pending_owner_approval", "approved_as_noted", "draft"):
        assert ok(site.change_claim(first, status=status))["status"] == status
    refused(site.change_claim(first, status="paid"))


def test_who_is_no_admin_touches_only_the_newest_draft_and_approves_nothing(site: Site) -> None:
    first = site.claimed("1.00", status="draft")["id"]
    site.sim.backstage_set_permission(COMPANY, "commitments", "standard")
    refused(site.claim("1.00", status="approved"), 403)
    second = site.claimed("2.00", status="draft")["id"]
    refused(site.change_claim(first, invoice_number="X"), 403)
    ok(site.change_claim(second, invoice_number="X"))
    refused(site.change_claim(second, status="approved"), 403)
    ok(site.change_claim(second, status="under_review"))
    refused(site.change_claim(second, invoice_number="Y"), 403)
    refused(site.pay(), 403)


def test_only_the_newest_requisition_of_a_commitment_is_deletable(site: Site) -> None:
    first, second = site.claimed("1.00")["id"], site.claimed("2.00")["id"]
    assert [row["deletable"] for row in site.get(CLAIMS, project_id=site.project)] == [False, True]
    refused(site.delete_claim(first))
    ok(site.delete_claim(second))
    assert site.show_claim(first)["deletable"] is True
    ok(site.delete_claim(first))
    refused(site.delete_claim(first), 404)
    assert site.sim.backstage_rows(COMPANY, "requisition_items") == []


def test_a_requisition_with_payments_is_deleted_after_its_payments(site: Site) -> None:
    claim = site.claimed("100.00", status="approved")["id"]
    payment = made(site.pay(requisition_id=claim))["id"]
    refused(site.delete_claim(claim))
    ok(site.delete_payment(payment))
    ok(site.delete_claim(claim))


def test_a_synced_requisition_is_locked_for_people_and_deleted_only_after_it_is_unlinked(site: Site) -> None:
    claim = site.claimed("100.00", origin_id="qbo:1")["id"]
    with pytest.raises(Refused, match="synced with ERP"):
        site.sim.backstage_edit_requisition(COMPANY, claim, status="approved")
    with pytest.raises(Refused, match="synced with ERP"):
        site.sim.backstage_delete_requisition(COMPANY, claim)
    assert site.show_claim(claim)["erp_status"] == "synced"
    refused(site.delete_claim(claim))
    ok(site.change_claim(claim, origin_id=None))
    ok(site.delete_claim(claim))


def test_whether_the_lock_binds_the_api_and_how_it_opens_are_switches(site: Site) -> None:
    claim = site.claimed("100.00", origin_id="qbo:1")["id"]
    ok(site.change_claim(claim, invoice_number="A"))
    site.sim.backstage_switch("locks_bind_api", ["requisitions"])
    assert refused(site.change_claim(claim, invoice_number="B")) == LOCKED
    ok(site.change_claim(claim, origin_data="{}"))
    site.sim.backstage_switch("unlink_by_null", False)
    assert refused(site.change_claim(claim, origin_id="")) == LOCKED
    site.sim.backstage_switch("unlink_by_null", True)
    ok(site.change_claim(claim, origin_id=""))
    ok(site.change_claim(claim, invoice_number="B"))


def test_an_outside_id_belongs_to_one_requisition_of_the_company(site: Site) -> None:
    site.claimed("1.00", origin_id="qbo:1")
    assert refused(site.claim("1.00", origin_id="qbo:1")) == {"origin_id": ["has already been taken"]}
    assert len(site.get(CLAIMS, project_id=site.project)) == 1


def test_a_requisition_is_found_under_its_own_project_and_commitment_only(site: Site) -> None:
    claim = site.claimed("1.00")["id"]
    elsewhere = site.sim.backstage_add_project(COMPANY, "Lakeside")["id"]
    refused(site.call("GET", f"{CLAIMS}/{claim}", project_id=elsewhere), 404)
    other, _ = site.commitment()
    body = {"project_id": site.project, "commitment_id": other, "requisition": {"invoice_number": "X"}}
    refused(site.call("PATCH", f"{CLAIMS}/{claim}", body), 404)


def test_a_persons_edit_of_a_requisition_is_seen_and_logged(site: Site) -> None:
    claim = site.claimed("100.00")
    site.clock.pass_(minutes=5)
    site.sim.backstage_edit_requisition(
        COMPANY, claim["id"], status="approved", work={str(claim["items"][0]["id"]): "90.00"}
    )
    shown = site.show_claim(claim["id"], view="items")
    assert (shown["status"], shown["items"][0]["work_completed_this_period"]) == ("approved", "90.00")
    assert shown["updated_at"] > claim["updated_at"]
    (history,) = site.get(f"/rest/v1.0/requisitions/{claim['id']}/change_histories", project_id=site.project)
    assert (history["column"], history["old_value"], history["action_by"]) == ("status", "under_review", "person")


def test_a_due_date_for_the_payment_is_set_by_the_newer_address(site: Site) -> None:
    claim = site.claimed("1.00")["id"]
    path = f"/rest/v2.0/companies/{COMPANY}/projects/{site.project}/requisitions/{claim}/payment_details"
    assert ok(site.call("PATCH", path, {"due_date": "2026-04-01"})) == {"data": {"due_date": "2026-04-01"}}


# ---------------------------------------------------------------------- contract payments


def test_a_payment_follows_the_approval_of_its_requisition(site: Site) -> None:
    claim = site.claimed("100.00")["id"]
    assert refused(site.pay(requisition_id=claim)).keys() == {"requisition_id"}
    ok(site.change_claim(claim, status="approved"))
    payment = made(site.pay("100.00", requisition_id=claim, check_number="10442"))
    assert (payment["requisition_id"], payment["amount"], payment["payment_number"]) == (claim, "100.0", 1)
    assert site.ids(PAYMENTS, project_id=site.project, contract_id=site.contract) == [payment["id"]]


def test_the_requisition_of_a_payment_may_not_be_kept(site: Site) -> None:
    site.sim.backstage_switch("payment_keeps_requisition", False)
    claim = site.claimed("100.00", status="approved")["id"]
    payment = made(site.pay(requisition_id=claim))
    assert "requisition_id" not in payment
    ok(site.delete_claim(claim))


def test_a_payment_needs_payments_enabled_an_amount_and_a_requisition_of_the_contract(site: Site) -> None:
    other, lines = site.commitment()
    foreign = site.claimed("1.00", contract=other, lines=lines, status="approved")["id"]
    assert refused(site.pay(requisition_id=foreign)).keys() == {"requisition_id"}
    assert refused(site.pay("-5.00")).keys() == {"amount"}
    assert site.mistakes() == ["a payment that is not positive"]
    site.sim.backstage_edit_commitment(COMPANY, site.contract, payments_enabled=False)
    assert refused(site.pay()).keys() == {"contract"}


def test_a_synced_payment_keeps_still_until_it_is_unlinked(site: Site) -> None:
    payment = made(site.pay("100.00", origin_id="qbo:1:billpayment:88"))["id"]
    assert refused(site.change_payment(payment, amount="90.00")) == LOCKED
    ok(site.change_payment(payment, origin_data="{}"))
    assert refused(site.delete_payment(payment)) == LOCKED
    with pytest.raises(Refused, match="synced with ERP"):
        site.sim.backstage_delete_payment(COMPANY, payment)
    ok(site.change_payment(payment, origin_id=None))
    ok(site.delete_payment(payment))
    refused(site.delete_payment(payment), 404)
    assert site.audit("payments") == [
        ("app", "create", "payments"),
        ("app", "update", "payments"),
        ("app", "update", "payments"),
        ("app", "delete", "payments"),
    ]


def test_an_outside_id_belongs_to_one_payment_of_the_company(site: Site) -> None:
    made(site.pay(origin_id="a"))
    assert refused(site.pay(origin_id="a")) == {"origin_id": ["has already been taken"]}


def test_payments_are_listed_by_contract_and_by_nothing_else(site: Site) -> None:
    made(site.pay(origin_id="a"))
    query: Json = {"project_id": site.project, "contract_id": site.contract}
    assert len(site.get(PAYMENTS, **query, filters__origin_id="b")) == 1
    assert site.mistakes() == ["the parameter filters[origin_id] does not exist"]
    refused(site.call("GET", PAYMENTS, project_id=site.project), 400)


def test_the_ledger_tells_what_people_and_what_the_app_made(site: Site) -> None:
    site.claimed("100.10")
    site.sim.backstage_add_requisition(COMPANY, site.contract, {str(site.lines[1]): "5.05"}, status="approved")
    site.sim.backstage_add_payment(COMPANY, site.contract, "7.00")
    ledger = site.sim.backstage_ledger(COMPANY)
    assert [row["created_by"] for row in ledger["requisitions"]] == ["app", "person"]
    assert sum(Decimal(item["work_completed_this_period"]) for item in ledger["requisitions"][1]["items"]) == Decimal(
        "5.05"
    )
    assert ledger["payments"][0]["amount"] == "7.0"
    assert site.sim.backstage_totals(COMPANY, site.project)["26-200.C"]["requisitions"] == "5.05"
