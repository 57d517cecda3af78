"""The Procore simulator's direct costs and their lines."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.systems.procore.answers import Refused
from tests.contract.procore_site import COMPANY, Site, made, ok, refused

LOCKED = {"base": ["This record is locked"]}
Json = dict[str, Any]


@pytest.fixture
def site() -> Site:
    return Site()


def lines_of(site: Site, cost: int) -> list[Json]:
    found: list[Json] = site.get(site.here(f"direct_costs/{cost}/line_items"))
    return found


def test_a_direct_cost_adds_up_from_its_lines(site: Site) -> None:
    cost = site.spent(830.25, 0.1, 0.2)
    assert (cost["grand_total"], cost["line_items_count"]) == ("830.55", 3)
    shown = site.get(site.here(f"direct_costs/{cost['id']}", "v1.1"))
    assert [line["amount"] for line in shown["line_items"]] == ["830.25", "0.10", "0.20"]
    assert shown["vendor"] == {"id": site.vendor, "name": "Copperline Electric LLC"}
    (row,) = site.get(site.here("direct_costs", "v1.1"))
    assert (row["vendor"], row["amount"]) == ("Copperline Electric LLC", "830.55")
    assert "line_items" not in row


def test_a_quantity_and_a_unit_cost_make_an_amount(site: Site) -> None:
    line = {"wbs_code_id": site.wbs["26-100.M"], "quantity": 3, "unit_cost": 33.35, "uom": "ea"}
    (shown,) = site.spent(line_items=[line])["line_items"]
    assert (shown["amount"], shown["extended_type"]) == ("100.05", "calculated")


@pytest.mark.parametrize("kind", ["invoice", "subcontractor_invoice"])
def test_an_invoice_needs_its_vendor_and_its_number(site: Site, kind: str) -> None:
    assert refused(site.spend(1, direct_cost_type=kind, vendor_id=None)) == {"vendor": ["can't be blank"]}
    assert refused(site.spend(1, direct_cost_type=kind, invoice_number=None)).keys() == {"invoice_number"}


def test_an_expense_does_without_vendor_and_number(site: Site) -> None:
    cost = site.spent(1, direct_cost_type="expense", vendor_id=None, invoice_number=None)
    assert cost["vendor"] is None


@pytest.mark.parametrize(
    ("scope", "project", "company"), [("project", 201, 422), ("company", 422, 201), ("either", 201, 201)]
)
def test_whose_vendor_id_a_direct_cost_wants_is_a_switch(site: Site, scope: str, project: int, company: int) -> None:
    site.sim.backstage_switch("direct_cost_vendor", scope)
    assert site.spend(1).status_code == project
    assert site.spend(1, vendor_id=site.company_vendor).status_code == company


def test_a_vendor_of_another_project_is_not_on_this_one(site: Site) -> None:
    other = site.sim.backstage_add_project(COMPANY, "Lakeside")["id"]
    vendor = site.sim.backstage_put_on_project(COMPANY, site.company_vendor, other)["id"]
    assert refused(site.spend(1, vendor_id=vendor)) == {"vendor_id": ["has not been added to this project"]}


def test_a_line_needs_an_active_wbs_code_of_the_project(site: Site) -> None:
    inactive = site.wbs["26-200.M"]
    site.sim.backstage_set_wbs_status(COMPANY, inactive, "inactive")
    other = site.sim.backstage_add_project(COMPANY, "Lakeside")["id"]
    site.sim.backstage_add_cost_code(COMPANY, other, "26-100", "Elsewhere", ["M"])
    foreign = site.sim.backstage_rows(COMPANY, "wbs_codes")[-1]["id"]
    for code in (inactive, foreign, 1):
        lines = [{"wbs_code_id": site.wbs["26-100.M"], "manual_amount": 1}, {"wbs_code_id": code, "manual_amount": 1}]
        assert refused(site.spend(line_items=lines)).keys() == {"wbs_code_id"}
    assert site.sim.backstage_rows(COMPANY, "direct_costs") == []  # a refused line leaves nothing half done


def test_the_newer_address_knows_neither_cost_code_nor_amount_of_a_line(site: Site) -> None:
    line = {"cost_code_id": 1, "amount": 5}
    refused(site.spend(line_items=[line]), 400)
    refused(site.spend(line_items=[{"wbs_code_id": site.wbs["26-100.M"], "amount": 5}]))
    assert "the field direct_cost.line_items.amount does not exist" in site.mistakes()


def test_a_direct_cost_is_made_with_a_hundred_lines_at_most(site: Site) -> None:
    cost = site.spent(*[1.0] * 100)
    refused(site.spend(*[1.0] * 101), 400)
    more = [
        {"direct_cost_id": cost["id"], "wbs_code_id": site.wbs["26-100.M"], "amount": 2, "origin_id": f"line:{n}"}
        for n in range(50)
    ]
    answer = ok(site.call("PATCH", site.here("direct_costs/line_items/sync"), {"updates": more}))
    assert answer["errors"] == []
    assert site.get(site.here(f"direct_costs/{cost['id']}", "v1.1"))["grand_total"] == "200.00"


def test_a_reference_of_a_line_comes_back_and_is_not_kept(site: Site) -> None:
    line = {"wbs_code_id": site.wbs["26-100.M"], "manual_amount": 1, "ref": "our-line-1"}
    cost = site.spent(line_items=[line])
    assert cost["line_items"][0]["ref"] == "our-line-1"
    assert "ref" not in site.get(site.here(f"direct_costs/{cost['id']}", "v1.1"))["line_items"][0]


def test_outside_ids_are_unique_among_direct_costs_and_among_their_lines(site: Site) -> None:
    line = {"wbs_code_id": site.wbs["26-100.M"], "manual_amount": 1, "origin_id": "bill:1:line:1"}
    cost = site.spent(line_items=[line], origin_id="bill:1")
    taken = {"origin_id": ["has already been taken"]}
    assert refused(site.spend(1, origin_id="bill:1")) == taken
    assert refused(site.spend(line_items=[line], origin_id="bill:2")) == taken
    assert refused(site.spend(line_items=[{**line, "origin_id": "x"}] * 2)) == taken
    assert site.ids(site.here("direct_costs", "v1.1"), filters__origin_id="bill:1") == [cost["id"]]
    assert len(site.sim.backstage_rows(COMPANY, "direct_costs")) == 1


def test_lines_are_changed_by_id_added_without_and_left_alone_where_they_are_not_named(site: Site) -> None:
    cost = site.spent(1, 2, 3)
    first = cost["line_items"][0]["id"]
    new = {"wbs_code_id": site.wbs["26-200.M"], "manual_amount": 10}
    changed = ok(site.change_cost(cost["id"], line_items=[{"id": first, "manual_amount": 100}, new]))
    assert [line["amount"] for line in changed["line_items"]] == ["100.00", "2.00", "3.00", "10.00"]
    refused(site.change_cost(cost["id"], line_items=[{"id": 1, "manual_amount": 1}]), 404)


def test_lines_on_their_own_take_a_wbs_code_or_a_cost_code_with_its_type(site: Site) -> None:
    cost = site.spent(1)
    path = site.here(f"direct_costs/{cost['id']}/line_items")
    codes = {row["full_code"]: row["id"] for row in site.get("/rest/v1.0/cost_codes", project_id=site.project)}
    types = {row["code"]: row["id"] for row in site.get("/rest/v1.0/line_item_types", company_id=COMPANY)}
    pair = {"cost_code_id": codes["26-200"], "line_item_type_id": types["M"]}
    line = made(site.call("POST", path, {"line_item": {**pair, "amount": 7}}))
    assert line["wbs_code"]["flat_code"] == "26-200.M"
    both = {**pair, "wbs_code_id": site.wbs["26-100.C"]}
    assert ok(site.call("PATCH", f"{path}/{line['id']}", {"line_item": both}))["wbs_code"]["flat_code"] == "26-100.C"
    ok(site.call("DELETE", f"{path}/{line['id']}"))
    refused(site.call("DELETE", f"{path}/{line['id']}"), 404)
    assert len(lines_of(site, cost["id"])) == 1


def test_lines_are_listed_for_one_cost_or_for_all(site: Site) -> None:
    first, second = site.spent(1)["id"], site.spent(2, 3)["id"]
    every = site.here("direct_costs/line_items")
    assert len(site.get(every)) == 3
    assert len(site.get(every, filters__direct_cost_id=second)) == 2
    code = next(
        r["id"] for r in site.get("/rest/v1.0/cost_codes", project_id=site.project) if r["full_code"] == "26-200"
    )
    assert site.get(every, filters__cost_code_id=code) == []
    assert len(lines_of(site, first)) == 1


def test_the_kind_of_a_direct_cost_never_changes_and_its_number_only_by_sync(site: Site) -> None:
    cost = site.spent(1, origin_id="bill:1")
    ok(site.change_cost(cost["id"], invoice_number="S-2"))
    assert site.mistakes() == ["the field direct_cost.invoice_number does not exist"]
    path = site.here("direct_costs/sync")
    answer = ok(site.call("PATCH", path, {"updates": [{"origin_id": "bill:1", "invoice_number": "S-2"}]}))
    assert (answer["entities"][0]["invoice_number"], answer["errors"]) == ("S-2", [])
    wrong = {"origin_id": "bill:1", "direct_cost_type": "expense"}
    assert ok(site.call("PATCH", path, {"updates": [wrong]}))["errors"][0]["errors"].keys() == {"direct_cost_type"}


def test_a_sync_makes_headers_without_lines(site: Site) -> None:
    row = {"origin_id": "a", "direct_cost_type": "expense", "description": "Fuel"}
    answer = ok(site.call("PATCH", site.here("direct_costs/sync"), {"updates": [row, {"id": 1, "description": "?"}]}))
    assert answer["errors"][0]["errors"] == {"id": ["Entity with this ID not found"]}
    assert lines_of(site, answer["entities"][0]["id"]) == []


def test_a_day_of_payment_is_set_and_cleared(site: Site) -> None:
    cost = site.spent(1)["id"]
    assert ok(site.change_cost(cost, payment_date="2026-03-04"))["payment_date"] == "2026-03-04"
    paid = site.here("direct_costs", "v1.1")
    assert site.ids(paid, filters__payment_date="2026-03-01...2026-03-31") == [cost]
    assert ok(site.change_cost(cost, payment_date=None))["payment_date"] is None
    site.sim.backstage_switch("payment_date_null_clears", False)
    ok(site.change_cost(cost, payment_date="2026-03-04"))
    assert ok(site.change_cost(cost, payment_date=None))["payment_date"] == "2026-03-04"


def test_a_synced_direct_cost_is_locked_for_people_and_for_the_api_only_by_switch(site: Site) -> None:
    cost = site.spent(1, origin_id="bill:1")
    with pytest.raises(Refused, match="synced with ERP"):
        site.sim.backstage_edit_direct_cost(COMPANY, cost["id"], description="pipes")
    with pytest.raises(Refused, match="synced with ERP"):
        site.sim.backstage_delete_direct_cost(COMPANY, cost["id"])
    ok(site.change_cost(cost["id"], description="pipes"))
    site.sim.backstage_switch("locks_bind_api", ["direct_costs", "payments"])
    line = {"id": cost["line_items"][0]["id"], "manual_amount": 2}
    delete = site.here(f"direct_costs/{cost['id']}", "v1.1")
    assert refused(site.change_cost(cost["id"], line_items=[line])) == LOCKED
    assert refused(site.call("DELETE", delete)) == LOCKED
    path = site.here(f"direct_costs/{cost['id']}/line_items/{line['id']}")
    assert refused(site.call("PATCH", path, {"line_item": {"amount": 2}})) == LOCKED
    assert lines_of(site, cost["id"])[0]["amount"] == "1.00"
    ok(site.change_cost(cost["id"], origin_id=None))
    ok(site.call("DELETE", delete))


def test_a_deleted_direct_cost_is_gone_with_its_lines(site: Site) -> None:
    cost = site.spent(1, 2)["id"]
    path = site.here(f"direct_costs/{cost}", "v1.1")
    assert ok(site.call("DELETE", path)) == {"id": cost}
    refused(site.call("DELETE", path), 404)
    refused(site.call("GET", path), 404)
    assert site.sim.backstage_rows(COMPANY, "direct_cost_lines") == []


def test_two_at_work_on_direct_costs_run_into_each_other(site: Site) -> None:
    cost = site.spent(1)["id"]
    site.sim.backstage_conflict(2)
    assert [site.change_cost(cost, description=text).status_code for text in "abc"] == [409, 409, 200]
    assert site.get(site.here("direct_costs", "v1.1"))[0]["description"] == "c"


def test_whether_negative_lines_are_taken_is_a_switch(site: Site) -> None:
    assert site.spent(-5.5)["grand_total"] == "-5.50"
    site.sim.backstage_switch("negative_direct_costs", False)
    refused(site.spend(-5.5))


def test_a_unit_has_to_be_one_of_the_companys(site: Site) -> None:
    line = {"wbs_code_id": site.wbs["26-100.M"], "manual_amount": 1, "uom": "bucket"}
    assert refused(site.spend(line_items=[line])) == {"uom": ["is invalid"]}


def test_a_third_decimal_is_a_mistake(site: Site) -> None:
    assert site.spent(1.005)["grand_total"] == "1.01"
    assert site.mistakes() == ["an amount of 1.005 has more than two decimals"]


def test_switching_the_tool_off_destroys_the_projects_direct_costs(site: Site) -> None:
    site.spent(1)
    site.sim.backstage_switch_tool(COMPANY, site.project, "direct_costs", False)
    refused(site.spend(1), 403)
    site.sim.backstage_switch_tool(COMPANY, site.project, "direct_costs", True)
    assert site.get(site.here("direct_costs", "v1.1")) == []


def test_people_enter_direct_costs_too(site: Site) -> None:
    made_ = site.sim.backstage_add_direct_cost(
        COMPANY, site.project, [{"code": "26-100.M", "amount": "12.34"}], vendor_id=site.vendor, invoice_number="H-1"
    )
    site.sim.backstage_edit_direct_cost(
        COMPANY, made_["id"], amounts={str(lines_of(site, made_["id"])[0]["id"]): "12.35"}
    )
    (row,) = site.sim.backstage_ledger(COMPANY)["direct_costs"]
    assert (row["created_by"], row["grand_total"], row["status"]) == ("person", "12.35", "approved")
    site.sim.backstage_delete_direct_cost(COMPANY, made_["id"])
    assert site.audit("direct_costs")[-1] == ("person", "delete", "direct_costs")
