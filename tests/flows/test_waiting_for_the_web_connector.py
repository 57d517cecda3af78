"""What waits for the Web Connector is said, and waited for only where it was here lately."""

from __future__ import annotations

import json
from typing import Any

from chalicelib.entry import api, keys
from chalicelib.entry.pulse import HERE_LATELY
from simulator.desktop import FLOW, DesktopCompany
from tests.unit.api_world import routed


class Office(DesktopCompany):
    """The company, and a key to ask the service with."""

    def ask(self, path: str) -> Any:
        key = keys.make_key(self.world.store, self.world.clock, self.tenant, "viewer", "test")
        template, params = routed(f"/api/v1{path}")
        headers = {"Authorization": f"Bearer {key}"}
        status, _, text = api.dispatch(
            self.world.engine, "GET", template, params, headers=headers, query={}, body=b"", service=""
        )
        assert status == 200, text
        return json.loads(text)

    def latest(self) -> Any:
        return self.ask(f"/flows/{FLOW}/runs/latest")


def test_a_run_is_not_settled_before_the_web_connector_that_calls_regularly_has_fetched_its_bills() -> None:
    office = Office()
    office.call()
    order = office.order(office.vendor("Northwind Paper Co"))
    office.poll()
    latest = office.latest()
    assert (latest["state"], latest["quiet"], latest["busy"]) == ("finished", False, 0)
    assert latest["outbox"] >= 1
    for _ in range(3):
        office.call()
        office.world.until_quiet()
    latest = office.latest()
    assert (latest["quiet"], latest["outbox"]) == (True, 0)
    office.assert_once([order])


def test_nobody_waits_for_a_web_connector_that_has_been_silent_for_long_and_its_silence_is_said() -> None:
    office = Office()
    vendor = office.vendor("Northwind Paper Co")
    office.cycle()
    seen = office.latest()["last_seen"]
    assert seen
    office.world.clock.advance(HERE_LATELY.total_seconds())
    order = office.order(vendor)
    office.poll()
    latest = office.latest()
    assert (latest["quiet"], latest["last_seen"]) == (True, seen)
    assert latest["outbox"] == 1
    office.call()
    assert office.latest()["outbox"] == 0
    office.assert_once([order])


def test_nobody_waits_for_a_web_connector_that_never_called() -> None:
    office = Office()
    office.order(office.vendor("Northwind Paper Co"))
    office.poll()
    latest = office.latest()
    assert (latest["quiet"], latest["last_seen"]) == (True, None)
    status = office.ask("/status")
    (flow,) = status["flows"]
    assert flow["counts"]["outbox"] == latest["outbox"] >= 1
    assert status["oldest_waiting"]["title"].startswith(("Northwind", "Purchase order"))
    assert next(one for one in status["connections"] if one["name"] == flow["to"])["last_seen"] is None


def test_a_list_that_held_orders_wait_for_is_waited_for_too() -> None:
    office = Office()
    order = office.order(office.vendor("Northwind Paper Co"), account="7010")
    office.cycle(calls=3)
    assert office.head(order).state == "held"
    assert office.latest()["quiet"] is True
    office.pc.backstage_add_account("Garden", "Expense", "7010")
    office.poll()
    assert office.latest()["quiet"] is False
    for _ in range(3):
        office.call()
        office.world.until_quiet()
    assert office.latest()["quiet"] is True
    office.assert_once([order])
