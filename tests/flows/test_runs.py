"""Run now, pause, resume: one run of a flow at a time, and no wish is lost."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.engine import due
from chalicelib.entry import jobs
from simulator.company import FLOW
from tests.flows.customer import Customer

SYNC, LATEST = f"/flows/{FLOW}/sync", f"/flows/{FLOW}/runs/latest"


@pytest.fixture
def customer() -> Customer:
    customer = Customer()
    vendor = customer.company.vendor("Acme Concrete")
    for _ in range(3):
        customer.company.bill(vendor)
    return customer


def step(customer: Customer) -> None:
    """One message of the poll queue: one step of a run."""
    world = customer.world
    received = world.queue.receive("poll", 1)
    jobs.poll_steps(world.engine, "poll", [jobs.Message(one.body, one.receipt) for one in received])
    world.queue.acknowledge("poll", [one.receipt for one in received])


def steps_waiting(customer: Customer) -> int:
    return customer.world.queue.counts("poll").waiting


def runs_kept(customer: Customer) -> list[Any]:
    items = [item for item in customer.world.store.all_items() if item.sk.startswith(f"RUN#{FLOW}#")]
    return [item.body for item in sorted(items, key=lambda item: item.sk)]


def test_run_now_twice_is_one_run(customer: Customer) -> None:
    first = customer.call("POST", SYNC)
    step(customer)
    assert customer.call("POST", SYNC) == first
    assert steps_waiting(customer) == 1
    customer.world.until_quiet()
    assert customer.call("GET", LATEST)["id"] == first["run"]
    assert len(runs_kept(customer)) == 1


def test_a_wish_to_read_everything_during_a_normal_run_is_not_lost(customer: Customer) -> None:
    customer.run()
    read_before = len(customer.company.procurify.faults.calls)
    customer.call("POST", SYNC)
    step(customer)
    full = customer.call("POST", SYNC, {"full": True})
    customer.world.until_quiet()
    latest = customer.call("GET", LATEST)
    assert (latest["id"], latest["full"], latest["state"]) == (full["run"], True, "finished")
    # The run whose place was taken says so, and goes no further.
    assert [(run["state"], run["trouble"]) for run in runs_kept(customer)[1:]] == [
        ("stopped", "Another run took its place."),
        ("finished", ""),
    ]
    lists = [call for call in customer.company.procurify.faults.calls[read_before:] if "/vendors/" in call]
    assert len(lists) == 1


def test_a_normal_wish_during_a_run_that_reads_everything_is_that_run(customer: Customer) -> None:
    full = customer.call("POST", SYNC, {"full": True})
    assert customer.call("POST", SYNC) == full
    assert customer.call("POST", SYNC, {"full": True}) == full
    assert steps_waiting(customer) == 1


def test_a_scheduled_moment_during_a_run_does_not_begin_a_second(customer: Customer) -> None:
    customer.call("POST", SYNC)
    world = customer.world
    world.store.write([due.schedule_put(world.engine, world.open("acme", FLOW).setup, world.clock.now())])
    jobs.tick(world.engine)
    assert (len(runs_kept(customer)), steps_waiting(customer)) == (1, 1)


def test_a_pause_stops_a_run_after_its_present_step_and_resume_goes_on(customer: Customer) -> None:
    first = customer.call("POST", SYNC, {"full": True})
    step(customer)
    customer.call("POST", f"/flows/{FLOW}/pause")
    status, problem = customer.ask("POST", SYNC)
    assert (status, "paused" in problem["detail"]) == (409, True)
    customer.world.until_quiet()
    latest = customer.call("GET", LATEST)
    assert (latest["id"], latest["state"], latest["trouble"]) == (first["run"], "stopped", "The flow was paused.")
    assert customer.company.ours() == []
    customer.call("POST", f"/flows/{FLOW}/resume")
    customer.world.until_quiet()
    latest = customer.call("GET", LATEST)
    assert (latest["state"], latest["full"]) == ("finished", True)
    assert set(customer.states().values()) == {"done"}


def test_resume_begins_no_run_where_none_was_interrupted(customer: Customer) -> None:
    customer.run()
    before = customer.call("GET", LATEST)["id"]
    customer.call("POST", f"/flows/{FLOW}/pause")
    customer.call("POST", f"/flows/{FLOW}/resume")
    customer.world.until_quiet()
    assert customer.call("GET", LATEST)["id"] == before


def test_a_pause_that_ends_before_the_next_step_interrupts_nothing(customer: Customer) -> None:
    first = customer.call("POST", SYNC)
    step(customer)
    customer.call("POST", f"/flows/{FLOW}/pause")
    customer.call("POST", f"/flows/{FLOW}/resume")
    customer.world.until_quiet()
    latest = customer.call("GET", LATEST)
    assert (latest["id"], latest["state"], len(runs_kept(customer))) == (first["run"], "finished", 1)


def test_a_step_whose_message_comes_twice_does_not_double_the_run(customer: Customer) -> None:
    customer.call("POST", SYNC)
    world = customer.world
    received = world.queue.receive("poll", 1)
    for _ in range(2):
        jobs.poll_steps(world.engine, "poll", [jobs.Message(received[0].body, received[0].receipt)])
    world.queue.acknowledge("poll", [received[0].receipt])
    world.until_quiet()
    latest = customer.call("GET", LATEST)
    asked = len(customer.company.procurify.faults.calls)
    jobs.poll_steps(world.engine, "poll", [jobs.Message(received[0].body, received[0].receipt)])
    world.until_quiet()
    assert len(customer.company.procurify.faults.calls) == asked  # the run is over
    assert customer.call("GET", LATEST) == latest


@pytest.mark.parametrize(("times", "state"), [(2, "finished"), (3, "stopped")])
def test_a_source_that_stumbles_over_a_page_is_asked_twice_more_before_the_run_stops(
    customer: Customer, times: int, state: str
) -> None:
    customer.run()
    late = customer.company.bill(customer.company.vendor("Late Lumber"), "5.00")
    customer.company.procurify.faults.plan("server_fault", "GET /api/v3/ap/bills/", times=times)
    customer.call("POST", SYNC)
    customer.world.until_quiet()
    assert customer.call("GET", LATEST)["state"] == state
    customer.run()
    assert customer.company.head(late).state == "done"
