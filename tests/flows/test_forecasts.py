"""Approved requests of Procurify are forecasts of ours: expected, counted as that, and never written anywhere."""

from __future__ import annotations

from typing import Any

import pytest

from tests.studio import FLOW, PAPER, Studio

REQUESTS = {"unmatched_bill": "requisition", "requisition_department": "Head Office / Operations"}


@pytest.fixture(scope="module")
def studio() -> Studio:
    """One request of each fate; everything that the tests look at."""
    return Studio(
        policies={"forecasts": "yes", "po_mode": "holding_category", "holding_category": "Studio Advertising"}
    )


def forecasts(world: Studio) -> dict[str, Any]:
    counted: dict[str, Any] = world.office.call("GET", f"/flows/{FLOW}")["report"]["requisition"]["forecast"]
    return counted


def why(world: Studio, number: int) -> str:
    return str(world.office.call("GET", f"/records/{FLOW}:requisition:{number}/why")["sentences"])


def test_an_approved_request_is_a_forecast_with_its_amount_and_nothing_is_written(studio: Studio) -> None:
    number = studio.buying.backstage_add_requisition(studio.supplier(), [("80.00", "6010"), ("20.50", "6300")])
    before = forecasts(studio)["count"]
    studio.run()
    head = studio.record(str(number), "requisition")
    assert (head.state, str(head.money), head.summary["party"]) == ("forecast", "100.50 USD", PAPER)
    assert forecasts(studio)["count"] == before + 1
    assert "100.50" not in [row["amount"]["amount"] for row in studio.expenses()]
    assert "only a forecast" in why(studio, number) and "Nobody has to do anything" in why(studio, number)
    rows = studio.office.call("GET", f"/flows/{FLOW}/matches", what="forecast")["items"]
    assert (str(number), "100.50") in [(row["source_id"], row["amount"]) for row in rows]


def test_its_order_takes_its_place(studio: Studio) -> None:
    number = studio.buying.backstage_add_requisition(studio.supplier("Second"), [("40.00", "6010")])
    studio.run()
    assert studio.record(str(number), "requisition").state == "forecast"
    expected = forecasts(studio)["count"]
    (order,) = studio.buying.backstage_purchase_requisition(number, number="PO-77")
    studio.run()
    head = studio.record(str(number), "requisition")
    assert (head.state, (head.outcome or {})["why"]) == ("done", "It was replaced by order PO-77.")
    assert forecasts(studio)["count"] == expected - 1
    assert studio.states("purchase_order")[str(order["procurify_PO"])] == "split"
    assert "40.00" in [row["amount"]["amount"] for row in studio.expenses()]


def test_what_is_ordered_of_it_counts_no_more_though_the_list_of_requests_shows_no_change(studio: Studio) -> None:
    """Only the list of lines tells: that of requests keeps its moment of change."""
    number = studio.buying.backstage_add_requisition(studio.supplier("Third"), [("30.00", "6010"), ("70.00", "6300")])
    studio.run()
    request = studio.buying.company.state.requisitions[number]
    before = request.last_modified, request.status
    request.lines, rest = request.lines[:1], request.lines[1:]
    studio.buying.backstage_purchase_requisition(number, number="PO-78")
    request.lines += rest
    request.last_modified, request.status = before
    studio.run()
    head = studio.record(str(number), "requisition")
    assert (head.state, str(head.money)) == ("forecast", "70.00 USD")
    assert "replaced by order PO-78" in why(studio, number)


@pytest.mark.parametrize("again", [False, True])
def test_a_denied_request_is_no_forecast_any_more(studio: Studio, *, again: bool) -> None:
    number = studio.buying.backstage_add_requisition(studio.supplier(f"Fourth {again}"), [("9.00", "6010")])
    studio.run()
    before = forecasts(studio)
    studio.buying.backstage_deny_requisition(number)
    studio.run()
    assert studio.record(str(number), "requisition").state == "not_moved"
    if again:
        studio.buying.backstage_approve_requisition(number)
        studio.run()
    assert (forecasts(studio) == before) is again


def test_a_request_that_is_not_approved_is_none(studio: Studio) -> None:
    number = studio.buying.backstage_add_requisition(studio.supplier("Fifth"), [("9.00", "6010")])
    studio.buying.company.state.requisitions[number].status = 0
    studio.run()
    assert str(number) not in studio.states("requisition")


def test_runs_in_which_nothing_changed_change_nothing(studio: Studio) -> None:
    studio.run()
    before = {head.key.named: head.version for head in studio.heads("acme", FLOW, "requisition")}
    studio.run(full=True)
    studio.a_day()
    assert {head.key.named: head.version for head in studio.heads("acme", FLOW, "requisition")} == before
    studio.careful()


def test_it_is_not_compared_with_what_stands_in_the_books(studio: Studio) -> None:
    job = studio.office.call("POST", f"/flows/{FLOW}/reconcile", {"from": "2026-02-01", "to": "2026-12-31"})
    studio.until_quiet()
    answer = studio.office.call("GET", f"/flows/{FLOW}/reconcile/{job['id']}")
    assert answer["complete"] and "requisition" not in answer["moves"], answer


def test_nothing_is_linked_to_a_forecast(studio: Studio) -> None:
    number = studio.buying.backstage_add_requisition(studio.supplier("Sixth"), [("9.00", "6010")])
    studio.run()
    path = f"/records/{FLOW}:requisition:{number}/resolve"
    job = studio.office.call("POST", path, {"action": "link", "target_id": "1"})
    studio.until_quiet()
    answer = studio.office.call("GET", f"{path}/{job['id']}")
    assert (answer["ok"], "forecast" in answer["message"]) == (False, True)


def test_a_request_that_we_put_in_for_a_bill_is_none_and_the_cost_counts_once() -> None:
    world = Studio(policies={"forecasts": "yes", **REQUESTS})
    world.buying.backstage_begin_requisitions_as(1)
    world.supplier()
    world.bill(world.vendor())
    world.run()
    world.run()
    (number,) = [row["num"] for row in world.buying.backstage_requisitions()]
    assert world.states("requisition") == {str(number): "not_moved"}
    assert "does not go back" in why(world, number)
    assert forecasts(world)["count"] == 0
    world.buying.backstage_purchase_requisition(number)
    world.run()
    assert world.costs() == {"Office Supplies": "100.00"}
    world.careful()


def test_without_the_policy_no_request_is_read() -> None:
    world = Studio()
    world.buying.backstage_add_requisition(world.supplier(), [("80.00", "6010")])
    world.run()
    assert world.states("requisition") == {}
    assert not [call for call in world.buying.faults.calls if "global/orders" in call]
