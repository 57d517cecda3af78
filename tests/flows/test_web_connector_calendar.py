"""Days of a Web Connector: asleep for a week, quiet hours, a paused flow, a rehearsal, lists of many pages."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from chalicelib.engine import setup as setups
from simulator.desktop import FLOW
from tests.flows.at_the_pc import Office

WEEK = 7 * 86_400


def report(office: Office) -> dict[str, Any]:
    found: dict[str, Any] = office.ask("GET", f"/flows/{FLOW}")["report"]
    return found


def test_a_web_connector_that_sleeps_for_a_week_costs_nothing_and_everything_goes_when_it_is_back() -> None:
    office = Office()
    vendor = office.vendor("Northwind Paper Co")
    orders = [office.order(vendor, "10.00")]
    office.cycle()
    office.pc.backstage_sleep(WEEK)
    for n in range(28):
        if n % 4 == 0:
            orders.append(office.order(vendor, f"{n + 20}.00"))
        office.poll()
        office.call()
        office.world.clock.advance(6 * 3600 - 900)
    for order in orders[1:]:
        head = office.head(order)
        assert (head.state, head.attempts, head.due and head.due[0]) == ("waiting", 0, "w")
    assert not office.notices("held")
    office.calls(3)
    office.assert_once(orders)
    assert office.call().word == "none"
    office.assert_no_mistakes()


def test_a_pc_that_falls_asleep_in_the_middle_of_a_list_reads_it_after_it_woke_up() -> None:
    """The order waits for an account; the list that would have it was being read when the PC went off."""
    office = Office()
    order = office.order(office.vendor("Northwind Paper Co"), account="7010")
    office.cycle()
    assert office.head(order).state == "held"
    office.pc.backstage_add_account("Garden", "Expense", "7010")
    office.poll()
    office.pc.backstage_mishap("die_before", "process AccountQueryRq")
    assert office.call().died
    office.world.clock.advance(WEEK)
    office.calls(2)
    office.assert_once([order])
    office.assert_no_mistakes()


def test_in_quiet_hours_quickbooks_is_left_alone_and_afterwards_everything_goes() -> None:
    office = Office()
    order = office.order(office.vendor("Northwind Paper Co"))
    office.poll()
    for quiet, words in (("always", {"none"}), ("00:00-23:59 America/New_York", {"none"})):
        known, version = setups.connections(office.world.store, office.tenant)["books"]
        changed = type(known)(known.tenant, known.name, known.system, known.environment, {"quiet": quiet}, known.pinned)
        office.world.store.write([setups.connection_put(changed, version)])
        sessions = office.pc.desk.sessions
        assert {office.call().word for _ in range(3)} == words
        assert office.pc.desk.sessions == sessions
    assert office.head(order).state == "waiting"
    known, version = setups.connections(office.world.store, office.tenant)["books"]
    office.world.store.write(
        [setups.connection_put(type(known)(known.tenant, known.name, known.system, known.environment, {}), version)]
    )
    office.calls(3)
    office.assert_once([order])


def test_a_paused_flow_writes_nothing_though_the_web_connector_calls_and_goes_on_when_it_is_resumed() -> None:
    office = Office()
    order = office.order(office.vendor("Northwind Paper Co"))
    office.poll()
    office.ask("POST", f"/flows/{FLOW}/pause")
    office.calls(3)
    assert office.ours() == []
    head = office.head(order)
    assert (head.state, head.attempts) == ("waiting", 0)
    office.ask("POST", f"/flows/{FLOW}/resume")
    office.world.clock.advance(1800)
    office.world.until_quiet()
    office.cycle(calls=3)
    office.assert_once([order])
    office.assert_no_mistakes()


def test_a_flow_that_is_paused_while_an_answer_is_missing_still_writes_nothing_twice() -> None:
    office = Office()
    order = office.order(office.vendor("Northwind Paper Co"))
    office.poll()
    office.pc.backstage_mishap("die_after", "process BillAddRq")
    office.call()
    office.ask("POST", f"/flows/{FLOW}/pause")
    office.calls(3)
    office.assert_once([order])
    office.ask("POST", f"/flows/{FLOW}/resume")
    office.world.clock.advance(1800)
    office.world.until_quiet()
    office.cycle(calls=3)
    office.assert_once([order])
    assert office.head(order).state == "done"
    office.assert_no_mistakes()


@pytest.mark.parametrize("policy", ["hold", "create"])
def test_a_rehearsal_writes_nothing_and_its_numbers_are_those_of_the_live_run(policy: str) -> None:
    office = Office(state="rehearsing", policies={"unmatched_vendor": policy})
    known, unknown = office.vendor("Northwind Paper Co"), office.vendor("Southwind", in_books=False)
    for n in range(5):
        office.order(known, f"{n + 10}.10")
    office.order(unknown, "77.00")
    office.order(known, "5.00", account="7010")
    office.order(known, "6.00", date="2025-12-24")
    office.cycle(calls=3)
    office.cycle(calls=3)
    assert office.ours() == []
    assert office.writes() == []
    rehearsed = report(office)
    assert rehearsed
    office.ask("POST", f"/flows/{FLOW}/start")
    office.world.until_quiet()
    for _ in range(3):
        office.cycle(calls=3)
    lived = report(office)
    made = rehearsed["purchase_order"]["create"]
    assert lived["purchase_order"] == rehearsed["purchase_order"]
    assert (lived["vendor"]["create"], lived["vendor"]["link"]) == (
        rehearsed["vendor"]["create"],
        rehearsed["vendor"]["link"],
    )
    assert made["count"] == (6 if policy == "create" else 5)
    assert Decimal(made["amounts"]["USD"]) == office.total_ours()
    assert office.total_ours() == sum((Decimal(f"{n + 10}.10") for n in range(5)), Decimal(0)) + (
        Decimal(77) if policy == "create" else 0
    )
    office.assert_no_mistakes()


def test_an_outbox_of_a_hundred_goes_out_within_the_bounds_of_sessions_and_none_is_tried_twice() -> None:
    office = Office()
    vendor = office.vendor("Northwind Paper Co")
    orders = [office.order(vendor, f"{n + 1}.00") for n in range(110)]
    office.poll()
    office.calls(3)
    office.assert_once(orders)
    assert max(len(run.requests) for run in office.pc.connector.runs) <= 205
    assert len(office.writes()) == 110
    percents = [percent for run in office.pc.connector.runs for percent in run.percents]
    assert all(1 <= percent <= 100 for percent in percents)
    office.assert_no_mistakes()


def test_a_session_ends_after_ten_minutes_so_that_people_can_work_and_the_rest_goes_at_the_next_run() -> None:
    office = Office()
    vendor = office.vendor("Northwind Paper Co")
    orders = [office.order(vendor, f"{n + 1}.00") for n in range(20)]
    office.poll()
    process = type(office.pc.desk).process
    desk = office.pc.desk

    class Slow:
        def __getattr__(self, name: str) -> Any:
            return getattr(desk, name)

        def process(self, session: Any, text: str) -> str:
            office.world.clock.advance(55)
            return process(desk, session, text)

    office.pc.connector.desk = Slow()  # type: ignore[assignment]
    run = office.call()
    assert 10 <= len(run.requests) <= 14
    assert 0 < len(office.ours()) < 20
    for _ in range(4):
        office.calls(1)
    office.assert_once(orders)
    office.assert_no_mistakes()
