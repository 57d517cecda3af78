"""A customer sets up, rehearses, starts and mends over the API; the records of real simulated systems follow."""

from __future__ import annotations

from simulator.company import FLOW
from tests.flows.customer import Customer


def test_the_missing_mapping_releases_exactly_the_bills_that_waited_for_it() -> None:
    customer = Customer()
    vendor = customer.company.vendor("Northwind")
    customer.company.bill(vendor, account="7010")
    customer.company.bill(vendor, account="7020")
    customer.company.bill(vendor, account="5010")
    customer.run()
    before = customer.states()
    assert sorted(before.values()) == ["done", "held", "held"]
    setup = customer.call("GET", "/export")["config"]["flows"][FLOW]
    answer = customer.call(
        "POST", "/apply", {"config": {"flows": {FLOW: {**setup, "mappings": {"account": {"7010": "6010"}}}}}}
    )
    assert answer["released"] == {FLOW: 1}
    customer.world.until_quiet()
    assert sorted(customer.states().values()) == ["done", "done", "held"]


def test_a_rehearsal_writes_nothing_and_its_numbers_are_those_of_the_live_run() -> None:
    customer = Customer(state="rehearsing")
    company = customer.company
    known, new = company.vendor("Northwind"), company.vendor("Ridgeline")
    for n in range(4):
        company.bill(known if n % 2 else new, f"{100 + n}.10")
    company.bill(known, account="7010")
    customer.run()
    rehearsed = customer.report()
    assert company.ours() == []
    assert {word: total["count"] for word, total in rehearsed["bill"].items() if total["count"]} == {
        "create": 4,
        "hold": 1,
    }
    started = customer.call("POST", f"/flows/{FLOW}/start")
    assert started["state"] in {"rehearsing", "live"}
    customer.world.until_quiet()
    customer.run()
    assert customer.call("GET", f"/flows/{FLOW}")["state"] == "live"
    assert customer.report() == rehearsed
    assert {one["company"]["name"] for one in customer.call("GET", "/connections")["items"]} >= {"acme books"}


def test_a_run_over_the_api_ends_quiet() -> None:
    customer = Customer()
    customer.company.bill(customer.company.vendor("Northwind"))
    customer.call("POST", f"/flows/{FLOW}/sync")
    assert customer.call("GET", f"/flows/{FLOW}/runs/latest")["quiet"] is False
    customer.world.until_quiet()
    assert customer.call("GET", f"/flows/{FLOW}/runs/latest")["quiet"] is True
