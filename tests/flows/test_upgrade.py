"""An upgrade in the middle of everything: this version goes on with what an earlier one kept, sent and handed out.

`kept/` holds the table and the queues of small lives as an earlier version left them. Each life begins here as it began
there, up to the same moment; then the earlier version's table and messages take the place of this one's.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from chalicelib.engine import runs
from chalicelib.engine.ports import Put
from simulator.company import FLOW, Company
from simulator.world import World
from tests.flows.at_the_pc import Office
from tests.reading_books import FLOW as READING
from tests.reading_books import BooksWorld

KEPT = Path(__file__).parent / "kept"


def taken_over(world: World, name: str) -> None:
    """The table and the messages as the earlier version left them at this moment."""
    left = json.loads((KEPT / f"{name}.json").read_text(encoding="utf-8"))
    world.store.load(left["table"])
    for queue in world.queue.queues():
        while received := world.queue.receive(queue):
            world.queue.acknowledge(queue, [one.receipt for one in received])
    for queue, bodies in left["messages"].items():
        world.queue.send(queue, bodies, group="acme")


def left_behind(world: World, name: str) -> None:
    """How the files in `kept/` are made, by the version that is to be the earlier one."""
    messages = {queue: world.queue.bodies(queue) for queue in world.queue.queues()}
    left = {"table": world.store.dump(), "messages": messages}
    (KEPT / f"{name}.json").write_text(json.dumps(left, indent=1), encoding="utf-8")


upgrade: Any = taken_over


def test_bills_that_were_on_their_way_arrive_once() -> None:
    company = Company()
    vendor = company.vendor("Northwind Paper Co")
    uuids = [company.bill(vendor, "100.00")]
    company.cycle()
    uuids += [company.bill(vendor, "20.00"), company.bill(company.vendor("Stranger", in_books=False), "3.00")]
    world = company.world
    world.clock.advance(15 * 60)
    world.queue.send("poll", [json.dumps(_first_step(company))], group=company.tenant)
    for _ in range(3):
        world.handle_one()
    upgrade(world, "bills")
    assert any(world.queue.bodies(queue) for queue in world.queue.queues())
    world.until_quiet()
    company.cycle()
    company.assert_once(uuids[:2])
    assert [company.head(uuid).state for uuid in uuids] == ["done", "done", "held"]
    company.assert_no_mistakes()


def _first_step(company: Company) -> dict[str, object]:
    flow = company.world.open(company.tenant, FLOW)
    run, _ = runs.begin(company.world.engine, flow.setup, full=False)
    return {"tenant": company.tenant, "flow": FLOW, "run": run, "move": "", "full": False}


def test_a_webhook_that_was_taken_is_followed() -> None:
    world = BooksWorld({"acme": "9130001"})
    world.run()
    world.take_webhooks()
    told = {"specversion": "1.0", "id": "1", "type": "qbo.bill.updated.v1", "intuitentityid": "1", "data": {}}
    assert world.hook(json.dumps([{**told, "intuitaccountid": "9130001"}]).encode()) == 200
    upgrade(world, "webhook")
    assert world.queue.counts("jobs").waiting == 1
    world.handle_one()
    world.handle_one()
    (asked,) = [json.loads(body) for body in world.queue.bodies("poll")]
    assert (asked["flow"], asked["notice"], asked["id"]) == (READING, "bill", "1")
    world.until_quiet()
    assert world.queue.counts("jobs").dead == world.queue.counts("poll").dead == 0


@pytest.mark.parametrize("message", ["VendorQueryRq", "BillAddRq"])
def test_a_web_connector_in_the_middle_of_its_session_enters_each_bill_once(message: str) -> None:
    office = Office()
    vendor = office.vendor("Northwind Paper Co")
    orders = [office.order(vendor), office.order(vendor, "20.00")]
    office.poll()
    happened: list[str] = []

    def here() -> None:
        upgrade(office.world, message.lower())
        happened.append(message)

    office.meanwhile(message, here)
    office.call()
    assert happened
    office.world.until_quiet()
    office.calls(2)
    office.assert_once(orders)
    assert [office.head(order).state for order in orders] == ["done", "done"]


def test_what_a_newer_version_adds_to_the_table_is_left_out_of_account() -> None:
    company = Company()
    world = company.world
    vendor = company.vendor("Northwind Paper Co")
    uuids = [company.bill(vendor, "100.00")]
    _newer(world)
    company.cycle()
    uuids.append(company.bill(vendor, "20.00"))
    _newer(world)
    company.cycle()
    assert [(company.head(uuid).state, company.head(uuid).hold) for uuid in uuids] == [("done", None)] * 2
    company.assert_once(uuids)


def _newer(world: World) -> None:
    for item in world.store.all_items():
        world.store.write([Put(replace(item, body={**item.body, "of_a_newer_version": {"any": ["thing"]}}))])
