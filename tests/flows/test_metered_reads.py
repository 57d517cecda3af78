"""QuickBooks Online bills reads: what each connection and run cost is counted and shown, and idle flows cost little."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from chalicelib import wiring
from chalicelib.engine import due, usage
from chalicelib.engine.errors import TryAgain
from chalicelib.engine.ports import Put
from chalicelib.entry import jobs
from simulator.company import FLOW
from simulator.memory.watch import Effect
from tests.flows.customer import Customer

LATEST = f"/flows/{FLOW}/runs/latest"
MOVES = len(wiring.load_flow(FLOW).moves)  # a page each in a small company
STEPS = 2  # in which an idle run reads them: vendors come with their documents, and bills follow at once


def used(customer: Customer, name: str = "books") -> dict[str, Any]:
    found: dict[str, Any] = next(c for c in customer.call("GET", "/connections")["items"] if c["name"] == name)["usage"]
    return found


def budget(customer: Customer, name: str = "books") -> tuple[str, str]:
    flow = customer.world.open("acme", FLOW)
    return customer.world.engine.usage_key(flow.target if name == "books" else flow.source)


def asked(customer: Customer) -> tuple[list[str], list[str]]:
    """The calls that reached Procurify and QuickBooks Online."""
    return customer.company.procurify.faults.calls, customer.company.books.faults.calls


def busy_life() -> Customer:
    customer = Customer()
    vendor = customer.company.vendor("Acme Concrete")
    for _ in range(3):
        customer.company.bill(vendor)
    customer.run()
    return customer


def test_every_call_is_counted_once_and_reads_of_the_books_apart() -> None:
    customer = busy_life()
    assert used(customer)["calls"] == len(asked(customer)[1])  # what the writer called last, too
    customer.run()
    customer.call("POST", "/connections/books/ping")
    customer.world.until_quiet()
    to_procurify, to_books = asked(customer)
    assert (used(customer, "procurify")["calls"], used(customer, "procurify")["metered_reads"]) == (
        len(to_procurify),
        0,
    )
    reads = sum(call.startswith("GET ") for call in to_books)
    assert reads > 0
    assert used(customer) == {"month": "2026-03", "calls": len(to_books), "metered_reads": reads, "before": []}


def test_each_month_has_its_own_count() -> None:
    customer = busy_life()
    march = used(customer)
    customer.world.clock.advance(to=datetime(2026, 4, 1, tzinfo=UTC))
    assert (used(customer)["month"], used(customer)["calls"]) == ("2026-04", 0)
    customer.run()
    told = used(customer)
    assert told["before"] == [{name: march[name] for name in ("month", "calls", "metered_reads")}]
    assert march["calls"] + told["calls"] == len(asked(customer)[1])
    for _ in range(usage.MONTHS_KEPT + 3):
        customer.world.clock.advance(timedelta(days=31).total_seconds())
        customer.run()
    assert len(used(customer)["before"]) == usage.MONTHS_KEPT - 1


def test_a_run_says_what_its_polling_cost() -> None:
    customer = Customer()
    customer.run()
    first = customer.call("GET", LATEST)
    to_books = asked(customer)[1]
    lists = sum(call.startswith("GET ") for call in to_books)  # nothing was written: these are the target's lists
    record = next(i.body for i in customer.world.store.all_items() if i.sk == f"RUN#{FLOW}#{first['id']}")
    assert (first["metered_reads"], record["metered_reads"]) == (lists, lists)
    assert (first["calls"], record["calls"]) == (sum(map(len, asked(customer))),) * 2
    customer.run()
    latest = customer.call("GET", LATEST)
    assert (latest["calls"], latest["metered_reads"]) == (MOVES, 0)


def test_the_writers_calls_are_no_part_of_what_a_run_cost() -> None:
    customer = busy_life()
    latest = customer.call("GET", LATEST)
    reads = sum(call.startswith("GET ") for call in asked(customer)[1])
    assert 0 < latest["metered_reads"] < reads


def test_a_run_under_way_does_not_say_yet_what_it_cost() -> None:
    customer = busy_life()
    customer.call("POST", f"/flows/{FLOW}/sync")
    latest = customer.call("GET", LATEST)
    assert (latest["state"], latest["calls"], latest["metered_reads"]) == ("running", None, None)


def test_a_run_that_is_stopped_says_what_it_cost_until_then() -> None:
    customer = busy_life()
    customer.company.procurify.faults.plan("server_fault", "/bills/", times=1000)
    before = len(asked(customer)[0])
    customer.run()
    latest = customer.call("GET", LATEST)
    assert (latest["state"], latest["calls"]) == ("stopped", len(asked(customer)[0]) - before)
    assert latest["calls"] > 1


def test_an_idle_flow_reads_nothing_that_is_billed_but_its_lists_every_six_hours() -> None:
    customer = busy_life()
    world = customer.world
    world.store.write([due.schedule_put(world.engine, world.open("acme", FLOW).setup, world.clock.now())])
    costs: dict[datetime, int] = {}
    end = world.clock.now() + timedelta(hours=24)
    lists, before = customer.call("GET", LATEST)["metered_reads"], used(customer)["metered_reads"]
    while world.clock.now() < end:
        jobs.tick(world.engine)
        world.until_quiet()
        latest = customer.call("GET", LATEST)
        costs[datetime.fromisoformat(latest["started_at"])] = latest["metered_reads"]
        world.clock.advance(60)
    assert len(costs) == 24 * 4
    read = [moment for moment, cost in costs.items() if cost]
    assert {costs[moment] for moment in read} == {lists}
    assert len(read) >= 3
    assert all(later - earlier >= world.engine.pace.references for earlier, later in pairwise(read))
    assert used(customer)["metered_reads"] - before == sum(costs.values())


def test_an_idle_run_writes_nothing_where_nothing_was_called() -> None:
    customer = busy_life()
    world, writes = customer.world, list[tuple[str, str]]()
    world.store.before = lambda effect: writes.extend(effect.keys) if effect.operation == "write" else None
    customer.run()
    assert budget(customer) not in writes
    assert writes.count(budget(customer, "procurify")) == 2 * STEPS  # a draw and a count for each of them


def test_counts_that_lose_every_race_are_written_with_the_next_ones() -> None:
    customer = busy_life()
    world, key = customer.world, budget(customer, "procurify")

    def rival(effect: Effect) -> None:
        """Another worker draws right before each of our writes that only count."""
        if effect.operation == "write" and effect.keys == (key,) and drawn():
            world.store.before = None
            world.store.write([Put(world.store.get([key])[key])])
            world.store.before = rival

    def drawn() -> bool:
        return bool(world.engine.tallies[key, "acme#procurify"].months)

    before = used(customer, "procurify")["calls"]
    world.store.before = rival
    customer.run()
    world.store.before = None
    assert used(customer, "procurify")["calls"] == before
    assert drawn()
    customer.run()
    assert not drawn()
    assert used(customer, "procurify")["calls"] == len(asked(customer)[0])


def test_a_count_that_cannot_be_written_stops_nothing_and_waits() -> None:
    customer = busy_life()
    world, key = customer.world, budget(customer, "procurify")

    def out(effect: Effect) -> None:
        if effect.operation == "write" and effect.keys == (key,) and world.engine.tallies[key, "acme#procurify"].months:
            raise TryAgain("The table is out.")

    world.store.before = out
    customer.call("POST", f"/flows/{FLOW}/sync")
    world.handle_one()  # the target's lists: nothing to call
    world.handle_one()  # a page of vendors; its count waits
    world.store.before = None
    world.until_quiet()
    assert customer.call("GET", LATEST)["state"] == "finished"
    assert used(customer, "procurify")["calls"] == len(asked(customer)[0])
