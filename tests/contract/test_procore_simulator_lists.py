"""The Procore simulator's vendors on the company and on projects, its codes and its budget."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.procore_site import COMPANY, Site, made, ok, refused

VENDORS = "/rest/v1.0/vendors"
SYNC = "/rest/v1.0/vendors/sync"
Json = dict[str, Any]


@pytest.fixture
def site() -> Site:
    return Site()


def create(site: Site, **fields: Any) -> Any:
    return site.call("POST", VENDORS, {"company_id": COMPANY, "vendor": {"name": "Northshore Supply", **fields}})


def edit(site: Site, id: int, **fields: Any) -> Any:
    return site.call("PATCH", f"{VENDORS}/{id}", {"company_id": COMPANY, "vendor": fields})


def sync(site: Site, *updates: Json) -> Json:
    answer: Json = ok(site.call("PATCH", SYNC, {"company_id": COMPANY, "updates": list(updates)}))
    return answer


# ---------------------------------------------------------------------- company vendors


def test_names_may_repeat_so_that_creating_blindly_makes_twins(site: Site) -> None:
    assert made(create(site))["id"] != made(create(site))["id"]
    assert len(site.get(VENDORS, company_id=COMPANY, filters__search="northshore")) == 2


def test_an_outside_id_is_unique_among_the_companys_vendors(site: Site) -> None:
    first = made(create(site, origin_id="qbd:1"))
    assert refused(create(site, origin_id="qbd:1")) == {"origin_id": ["has already been taken"]}
    assert site.ids(VENDORS, company_id=COMPANY, filters__origin_id="qbd:1") == [first["id"]]
    ok(edit(site, first["id"], origin_id=""))
    made(create(site, origin_id="qbd:1"))
    assert site.mistakes() == []


def test_a_vendor_that_another_integration_owns_shows_it(site: Site) -> None:
    site.sim.backstage_link(COMPANY, "vendors", site.company_vendor, "erp-77")
    shown = site.get(f"{VENDORS}/{site.company_vendor}", company_id=COMPANY)
    assert (shown["origin_id"], shown["synced_to_erp"]) == ("erp-77", True)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"abbreviated_name": "Northshores."}, "abbreviated_name"),
        ({"country_code": "USA"}, "country_code"),
        ({"country_code": "us"}, "country_code"),
        ({"country_code": "US", "state_code": "Minnesota"}, "state_code"),
        ({"country_code": "US", "state_code": "ON"}, "state_code"),
        ({"state_code": "MN"}, "state_code"),
        ({"name": ""}, "name"),
        ({"parent_id": 1}, "parent_id"),
    ],
)
def test_a_wrong_field_fails_the_whole_vendor(site: Site, fields: Json, field: str) -> None:
    assert refused(create(site, **fields)).keys() == {field}
    assert len(site.get(VENDORS, company_id=COMPANY)) == 1


def test_vendors_nest_two_levels_deep_and_no_further(site: Site) -> None:
    child = made(create(site, parent_id=site.company_vendor))
    assert child["parent"] == {"id": site.company_vendor}
    refused(create(site, parent_id=child["id"]))


def test_the_search_looks_at_name_outside_code_and_tax_number(site: Site) -> None:
    made(create(site, origin_code="QB-77"))
    sync(
        site, {"origin_id": "a", "name": "Taxed", "business_register_attributes": {"type": "EIN", "identifier": "12-9"}}
    )
    for asked, names in (
        ("qb-77", ["Northshore Supply"]),
        ("12-9", ["Taxed"]),
        ("copper", ["Copperline Electric LLC"]),
    ):
        assert [row["name"] for row in site.get(VENDORS, company_id=COMPANY, filters__search=asked)] == names


def test_no_vendor_can_be_deleted_but_one_goes_inactive_and_comes_back(site: Site) -> None:
    path = f"/rest/v1.0/companies/{COMPANY}/vendors/inactive"
    assert site.call("DELETE", f"{VENDORS}/{site.company_vendor}").status_code == 404
    ok(edit(site, site.company_vendor, is_active=False))
    assert site.get(VENDORS, company_id=COMPANY) == []
    assert site.get(site.here("vendors", "v1.1")) == []
    assert site.ids(path) == [site.company_vendor]
    assert site.get(f"{VENDORS}/{site.company_vendor}", company_id=COMPANY)["is_active"] is False
    ok(site.call("PATCH", f"{path}/{site.company_vendor}"))
    assert site.ids(VENDORS, company_id=COMPANY) == [site.company_vendor]


def test_a_change_touches_only_the_fields_that_are_sent(site: Site) -> None:
    vendor = made(create(site, city="Duluth", notes="ours"))
    changed = ok(edit(site, vendor["id"], city="Hermantown"))
    assert (changed["city"], changed["notes"], changed["name"]) == ("Hermantown", "ours", "Northshore Supply")


def test_a_sync_row_is_found_by_its_id_then_by_its_outside_id_else_made(site: Site) -> None:
    answer = sync(
        site,
        {"origin_id": "qbd:1", "name": "First"},
        {"origin_id": "qbd:1", "name": "First, renamed"},
        {"id": site.company_vendor, "origin_id": "qbd:2", "name": "Copperline"},
    )
    assert answer["errors"] == []
    rows = {row["origin_id"]: row for row in site.get(VENDORS, company_id=COMPANY)}
    assert (len(rows), rows["qbd:1"]["name"], rows["qbd:2"]["id"]) == (2, "First, renamed", site.company_vendor)
    assert site.mistakes() == []


def test_a_sync_row_without_any_id_is_made_anew_every_time(site: Site) -> None:
    for _ in range(2):
        sync(site, {"name": "Twin"})
    assert len(site.get(VENDORS, company_id=COMPANY, filters__search="twin")) == 2
    assert site.mistakes() == ["a sync row without id and origin_id makes a new record every time"] * 2


def test_a_sync_takes_a_thousand_rows_and_no_more_and_no_huge_body(site: Site) -> None:
    rows = [{"origin_id": f"o{n}", "name": f"V{n}"} for n in range(1001)]
    assert len(sync(site, *rows[:1000])["entities"]) == 1000
    refused(site.call("PATCH", SYNC, {"company_id": COMPANY, "updates": rows}), 400)
    site.sim.backstage_switch("largest_sync_bytes", 1000)
    refused(site.call("PATCH", SYNC, {"company_id": COMPANY, "updates": rows[:500]}), 413)


# ---------------------------------------------------------------------- vendors on projects


def test_a_vendor_on_a_project_has_another_id_than_on_the_company(site: Site) -> None:
    (row,) = site.get(site.here("vendors", "v1.1"))
    assert row["id"] == site.vendor != site.company_vendor
    assert site.vendor > 2**32
    assert (row["company_vendor"], row["name"]) == (False, "Copperline Electric LLC")


def test_a_vendor_gets_on_a_project_once_and_its_id_there_is_in_the_projects_list(site: Site) -> None:
    vendor = made(create(site, origin_id="qbd:1", origin_code="QB-1"))["id"]
    path = site.here(f"vendors/{vendor}/actions/add", "v1.1")
    assert made(site.call("POST", path))["id"] == vendor  # the company's record, not the project's
    (row,) = site.get(site.here("vendors", "v1.1"), filters__search="QB-1")
    assert (row["origin_id"], row["id"] != vendor) == ("qbd:1", True)
    refused(site.call("POST", path))
    assert site.get(f"{VENDORS}/{vendor}", company_id=COMPANY)["project_ids"] == [site.project]
    refused(site.call("POST", site.here("vendors/1/actions/add", "v1.1")), 404)


def test_the_projects_list_may_hide_outside_ids(site: Site) -> None:
    ok(edit(site, site.company_vendor, origin_id="qbd:1"))
    site.sim.backstage_switch("project_vendor_shows_origin", False)
    assert site.get(site.here("vendors", "v1.1"))[0]["origin_id"] is None


def test_a_vendor_made_on_a_project_is_another_company_vendor_and_a_mistake(site: Site) -> None:
    made(site.call("POST", site.here("vendors", "v1.1"), {"vendor": {"name": "Copperline Electric LLC"}}))
    assert len(site.get(VENDORS, company_id=COMPANY)) == 2
    assert site.mistakes() == ["a vendor made on a project makes another company vendor"]


def test_a_change_on_the_project_is_a_change_of_the_company_vendor(site: Site) -> None:
    path = site.here(f"vendors/{site.vendor}", "v1.1")
    assert ok(site.call("PATCH", path, {"vendor": {"city": "Duluth"}}))["id"] == site.vendor
    assert site.get(f"{VENDORS}/{site.company_vendor}", company_id=COMPANY)["city"] == "Duluth"
    ok(site.call("PATCH", path, {"vendor": {"is_active": False}}))
    assert site.ids(site.here("vendors/inactive")) == [site.vendor]
    assert site.ids(VENDORS, company_id=COMPANY) == [site.company_vendor]
    ok(site.call("PATCH", site.here(f"vendors/inactive/{site.vendor}")))
    assert site.ids(site.here("vendors", "v1.1")) == [site.vendor]


def test_a_vendor_of_a_commitment_stays_on_the_project(site: Site) -> None:
    remove = site.here(f"vendors/{site.vendor}/actions/remove", "v1.1")
    refused(site.call("DELETE", remove))
    site.sim.backstage_switch("remove_used_vendor", True)
    assert site.call("DELETE", remove).status_code == 204
    assert site.get(site.here("vendors", "v1.1")) == []


# ---------------------------------------------------------------------- projects and codes


def test_projects_are_listed_by_their_status(site: Site) -> None:
    done = site.sim.backstage_add_project(COMPANY, "Old Mill", "0900", active=False)["id"]
    for status, ids in (("Active", [site.project]), ("Inactive", [done]), ("All", [site.project, done])):
        assert site.ids("/rest/v1.1/projects", company_id=COMPANY, filters__by_status=status) == ids
    assert site.ids("/rest/v1.1/projects", company_id=COMPANY, filters__project_number="1042") == [site.project]


def test_a_cost_code_carries_its_whole_code_and_the_types_it_is_paired_with(site: Site) -> None:
    rows = {row["full_code"]: row for row in site.get("/rest/v1.0/cost_codes", project_id=site.project)}
    assert rows.keys() == {"26", "26-100", "26-200"}
    assert (rows["26-100"]["code"], rows["26-100"]["parent"]) == ("100", {"id": rows["26"]["id"]})
    assert [kind["code"] for kind in rows["26-100"]["line_item_types"]] == ["C", "M"]


def test_a_wbs_code_pairs_a_cost_code_with_a_cost_type(site: Site) -> None:
    path = site.here("work_breakdown_structure/wbs_codes")
    rows = site.get(path)
    assert [row["flat_code"] for row in rows] == ["26-100.C", "26-100.M", "26-200.C", "26-200.M"]
    assert [part["segment"]["type"] for part in rows[0]["segment_items"]] == ["cost_code", "line_item_type"]
    of_contract = site.get(path, group_type="contract", group_id=site.contract)
    assert [row["flat_code"] for row in of_contract] == ["26-100.C", "26-200.C"]
    site.sim.backstage_set_wbs_status(COMPANY, site.wbs["26-100.M"], "inactive")
    assert len(site.get(path, filters__status_list="active")) == 3
    assert [row["flat_code"] for row in site.get(path, query="200")] == ["26-200.C", "26-200.M"]


def test_making_a_wbs_code_twice_makes_one(site: Site) -> None:
    site.sim.backstage_add_cost_code(COMPANY, site.project, "26-300", "Lighting")
    structure = site.here("work_breakdown_structure")
    parts = []
    for segment, code in zip(site.get(f"{structure}/segments"), ("26-300", "C"), strict=True):
        items = site.get(f"{structure}/segments/{segment['id']}/segment_items")
        id = next(item["id"] for item in items if item["path_code"] == code)
        parts.append({"segment_id": segment["id"], "segment_item_id": id})
    first = made(site.call("POST", f"{structure}/wbs_codes", {"segment_items": parts}))
    again = made(site.call("POST", f"{structure}/wbs_codes", {"description": "Lights", "segment_items": parts}))
    assert (first["id"], first["flat_code"], again["description"]) == (again["id"], "26-300.C", "Lights")
    bulk = {"bulk": [{"segment_items": parts}, {"segment_items": parts[:1]}]}
    answer = made(site.call("PATCH", f"{structure}/wbs_codes/bulk_create", bulk))
    assert ([row["id"] for row in answer["entities"]], len(answer["errors"])) == ([first["id"]], 1)
    assert len(site.get(f"{structure}/wbs_codes")) == 5


# ---------------------------------------------------------------------- budget


def line(site: Site, code: str, **fields: Any) -> Any:
    given = {"wbs_code_id": site.wbs[code], **fields}
    return site.call("POST", "/rest/v1.1/budget_line_items", {"project_id": site.project, "budget_line_item": given})


def test_a_code_has_one_budget_line(site: Site) -> None:
    made(line(site, "26-100.M", original_budget_amount=900.5))
    assert refused(line(site, "26-100.M")) == {"wbs_code_id": ["This Budget Code already exists"]}


def test_a_locked_budget_refuses_original_amounts(site: Site) -> None:
    row = made(line(site, "26-100.M"))
    site.sim.backstage_edit_project(COMPANY, site.project, budget_locked=True)
    words = {"original_budget_amount": ["cannot be updated for a locked budget"]}
    assert refused(line(site, "26-100.C", original_budget_amount=1)) == words
    body = {"project_id": site.project, "budget_line_item": {"original_budget_amount": 1}}
    assert refused(site.call("PATCH", f"/rest/v1.1/budget_line_items/{row['id']}", body)) == words


def test_a_budget_line_is_deleted_only_by_the_newer_address(site: Site) -> None:
    row = made(line(site, "26-100.M"))
    path = f"/rest/v2.0/companies/{COMPANY}/projects/{site.project}/budget_line_items/{row['id']}"
    assert site.call("DELETE", path).status_code == 204
    assert site.call("DELETE", path).status_code == 404


def test_what_is_approved_shows_up_in_the_budget_and_an_unbudgeted_code_gets_a_line_of_nothing(site: Site) -> None:
    site.sim.backstage_add_budget_line(COMPANY, site.project, "26-100.C", "60000")
    site.spent(830.25, status="approved")
    site.spent(5, status="draft", invoice_number="S-2")
    site.claimed("12500.00", status="approved")
    site.claimed("100.00")
    assert site.sim.backstage_budget(COMPANY, site.project) == {"26-100.C": "60000", "26-100.M": "0"}
    (view,) = site.get("/rest/v1.0/budget_views", project_id=site.project)
    rows = site.get(f"/rest/v1.0/budget_views/{view['id']}/detail_rows", project_id=site.project)
    by_code = {row["wbs_code_id"]: row for row in rows}
    assert by_code[site.wbs["26-100.C"]]["Job to Date Costs"] == "12500.00"
    assert by_code[site.wbs["26-100.C"]]["Committed Costs"] == "50000.00"
    assert by_code[site.wbs["26-100.M"]]["Direct Costs"] == "830.25"
    assert site.sim.backstage_totals(COMPANY, site.project)["26-100.M"] == {"direct_costs": "830.25"}
