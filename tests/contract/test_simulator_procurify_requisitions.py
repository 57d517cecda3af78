"""The Procurify simulator takes requisitions by names and codes, and people turn them into orders."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.test_simulator_procurify import Buying, fits, said, sample

REQUISITIONS = "/api/v3/requisitions/"
REQUESTS = "/api/v2/global/orders/"
LINES = "/api/v2/global/order_items/"


@pytest.fixture
def buying() -> Buying:
    made = Buying()
    made.sim.backstage_add_vendor("Ridgeline HVAC LLC")
    made.sim.backstage_add_account_code("6200", "Repairs")
    return made


def request(buying: Buying, **changes: Any) -> Any:
    """The sample's own request, a line of it changed."""
    body = sample("requisition_create_request")
    header = {name: changes.pop(name) for name in list(changes) if name in body}
    line = {**body["line_items"][0], **changes}
    return buying.call("POST", REQUISITIONS, json={**body, "line_items": [line], **header})


def test_the_samples_requisition_answers_with_nothing_but_a_uuid(buying: Buying) -> None:
    made = request(buying)
    assert made.status_code == 201
    assert set(said(made)["data"]) == set(sample("requisition_create_response")["data"])
    fits(said(made), REQUISITIONS, "post", "201")
    (row,) = buying.get(REQUESTS)["data"]
    assert (row["uuid"], row["status"], row["totalPrice"]) == (said(made)["data"]["uuid"], 0, "300.00")
    fits(buying.get(REQUESTS), REQUESTS, "get")
    assert buying.mistakes() == []


def test_a_requisition_is_found_by_the_text_of_its_lines(buying: Buying) -> None:
    request(buying, item_name="FB 6BApk/43221 filter service")
    request(buying)
    for path in (LINES, "/api/v3/order-items/"):
        rows = buying.get(path, search="FB 6BApk/43221")["data"]
        assert [row["name"] for row in rows] == ["FB 6BApk/43221 filter service"]
        assert rows[0]["purchase_order"] is None
        fits(buying.get(path), path, "get")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"location_name": "Nowhere"}, "location_name"),
        ({"department_name": "operations"}, "department_name"),
        ({"required_date": "15/06/2026"}, "required_date"),
        ({"required_date": None}, "required_date"),
        ({"vendor_name": "Nobody"}, "vendor_name"),
        ({"account_code": "9999"}, "account_code"),
        ({"currency_code": "XXX"}, "currency_code"),
        ({"unit_price": "300.123456789"}, "unit_price"),
        ({"unit_price": "-1"}, "unit_price"),
        ({"item_name": "x" * 256}, "item_name"),
        ({"custom_fields": None}, "custom_fields"),
        ({"line_items": []}, "line_items"),
    ],
)
def test_a_requisition_that_names_nothing_known_is_refused(buying: Buying, changes: Any, field: str) -> None:
    answer = request(buying, **changes)
    assert (answer.status_code, list(said(answer)["errors"])) == (400, [field])
    assert buying.get(REQUESTS)["data"] == []


def test_people_approve_it_into_an_order_that_names_it(buying: Buying) -> None:
    request(buying, item_name="FB 6BApk/43221")
    (row,) = buying.get(REQUESTS)["data"]
    with pytest.raises(ValueError, match="not approved"):
        buying.sim.backstage_purchase_requisition(row["num"])
    buying.sim.backstage_approve_requisition(row["num"])
    (made,) = buying.sim.backstage_purchase_requisition(row["num"])
    order = buying.get(f"/api/v2/purchase_orders/{made['procurify_PO']}/")["data"]
    (line,) = order["order_items"]
    assert (line["orderNum"], line["name"], order["total"]) == (row["num"], "FB 6BApk/43221", "300.00")
    assert line["spend_allocation"][0]["account"]["account_code"]["code"] == "6200"
    (flat,) = buying.get(LINES)["data"]
    assert (flat["id"], flat["purchase_order"], flat["orderNum"]) == (line["id"], made["procurify_PO"], row["num"])
    assert buying.get(REQUESTS, status=3)["data"][0]["purchasedCount"] == 1


def test_a_denied_requisition_makes_no_order(buying: Buying) -> None:
    request(buying)
    num = buying.get(REQUESTS)["data"][0]["num"]
    assert buying.sim.backstage_deny_requisition(num)["status"] == 2
    assert buying.get(LINES)["data"][0]["status"] == 7


def test_a_requisition_may_be_approved_from_the_start(buying: Buying) -> None:
    buying.sim.backstage_begin_requisitions_as(1)
    request(buying)
    assert buying.get(REQUESTS)["data"][0]["status"] == 1


def test_requisitions_are_filtered_by_days_and_kept_over_a_restart(buying: Buying) -> None:
    request(buying)
    assert len(buying.get(REQUESTS, modified_date_0="2026-05-12")["data"]) == 1
    assert buying.get(REQUESTS, modified_date_0="2026-05-13")["data"] == []
    before = buying.sim.dump()
    buying.sim.load(before)
    assert buying.sim.dump() == before
    assert buying.sim.backstage_requisitions()[0]["lines"] == [
        {"name": "FreshBooks bill FB-000123: filter service", "order": None}
    ]


def test_an_answer_lost_on_the_way_leaves_the_requisition(buying: Buying) -> None:
    buying.sim.backstage_fault("html_after", "POST /api/v3/requisitions")
    assert request(buying).status_code == 502
    assert len(buying.get(REQUESTS)["data"]) == 1
