"""Two workers at once: what one does between the look and the write of the other never makes two of one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from chalicelib import wiring
from chalicelib.engine import runs
from chalicelib.engine.deliver import deliver
from chalicelib.engine.engine import Engine
from chalicelib.engine.records import RecordKey
from chalicelib.entry import jobs
from simulator.company import FLOW, Company
from simulator.memory.watch import Effect
from simulator.world import World

WARNS = "OtherPrefs.WarnDuplicateBillNumber"


def another_worker(world: World) -> Engine:
    """A container of its own over the same table, queues and vendors."""
    return Engine(
        store=world.store, queue=world.queue, vault=world.vault, http=world.http, clock=world.clock,
        notices=world.notices, mail=world.mail, metrics=world.metrics, load_system=wiring.load_system,
        load_flow=wiring.load_flow, systems=world.engine.systems, flows=world.engine.flows,
    )  # fmt: skip


def noticed(company: Company, ids: Sequence[str], move: str = "bill") -> list[RecordKey]:
    """The source is read, and no writer has begun."""
    world = company.world
    world.clock.advance(15 * 60)
    runs.start(world.engine, world.open(company.tenant, FLOW))
    for _ in range(50):
        for message in world.queue.receive("poll", 1):
            jobs.poll_steps(world.engine, "poll", [jobs.Message(body=message.body, receipt=message.receipt)])
            world.queue.acknowledge("poll", [message.receipt])
    keys = [RecordKey(company.tenant, FLOW, move, id_.replace("-", "")) for id_ in ids]
    assert [company.head(key.source_id, move).due is not None for key in keys] == [True] * len(keys)
    return keys


def meanwhile(world: World, when: Callable[[Effect], bool], act: Callable[[], None]) -> None:
    """The moment before the first such call arrives, the other worker does all of its work."""

    def before(effect: Effect) -> None:
        if effect.operation == "http" and when(effect):
            world.http.before = None
            act()

    world.http.before = before


def posts(entity: str) -> Callable[[Effect], bool]:
    return lambda effect: effect.keys[0] == "POST" and f"/{entity}?" in f"{effect.keys[1]}?"


def looks(effect: Effect) -> bool:
    return effect.keys[0] == "GET" and "/query" in effect.keys[1] and "DocNumber" in effect.keys[1]


def settled(company: Company) -> None:
    assert company.world.http.before is None, "the other worker never came in between"
    company.world.until_quiet()
    company.cycle()
    company.cycle()


@pytest.mark.parametrize("moment", [looks, posts("bill")], ids=["before its look", "between look and write"])
def test_one_bill_taken_up_by_two_workers_is_written_once(moment: Callable[[Effect], bool]) -> None:
    company = Company()
    company.books.backstage_set_preference(company.realm, WARNS, "false")  # nothing there would refuse a second one
    vendor = company.vendor("Northwind Paper Co")
    first = company.bill(vendor, "1.00")
    company.cycle()
    (key,) = noticed(company, [company.bill(vendor, "60.00")])
    other = another_worker(company.world)
    meanwhile(company.world, moment, lambda: deliver(other, [key]))
    deliver(company.world.engine, [key])
    settled(company)
    company.assert_once([first, key.source_id])
    company.assert_no_mistakes()


@pytest.mark.parametrize("moment", [looks, posts("bill")], ids=["before its look", "between look and write"])
def test_two_source_bills_of_one_vendor_and_number_at_once_become_one_bill_and_a_hold(
    moment: Callable[[Effect], bool],
) -> None:
    company = Company()
    company.books.backstage_set_preference(company.realm, WARNS, "true")
    vendor = company.vendor("Northwind Paper Co")
    company.cycle()
    keys = noticed(company, [company.bill(vendor, "60.00", invoice_number="INV-77") for _ in range(2)])
    other = another_worker(company.world)
    meanwhile(company.world, moment, lambda: deliver(other, [keys[1]]))
    deliver(company.world.engine, [keys[0]])
    settled(company)
    states = {key.source_id: company.head(key.source_id).state for key in keys}
    assert sorted(states.values()) == ["done", "held"]
    company.assert_once([id_ for id_, state in states.items() if state == "done"])
    hold = next(company.head(id_).hold or {} for id_, state in states.items() if state == "held")
    assert hold["reason"] in {"exists_in_target", "claimed"} and "INV-77" in str(hold["message"])
    company.assert_no_mistakes()


def test_where_the_books_do_not_watch_numbers_each_of_the_two_has_a_bill_of_its_own_and_none_has_two() -> None:
    """Nothing there refuses the second between look and write; the marks keep the two apart, whatever else happens."""
    company = Company()
    company.books.backstage_set_preference(company.realm, WARNS, "false")
    vendor = company.vendor("Northwind Paper Co")
    company.cycle()
    keys = noticed(company, [company.bill(vendor, "60.00", invoice_number="INV-77") for _ in range(2)])
    other = another_worker(company.world)
    meanwhile(company.world, posts("bill"), lambda: deliver(other, [keys[1]]))
    deliver(company.world.engine, [keys[0]])
    settled(company)
    done = [key.source_id for key in keys if company.head(key.source_id).state == "done"]
    company.assert_once(done)
    links = [(company.head(id_).link or {})["target_id"] for id_ in done]
    assert len(set(links)) == len(links) >= 1


def test_two_source_vendors_of_one_name_at_once_become_one_vendor_with_the_bills_of_both() -> None:
    company = Company(policies={"unmatched_vendor": "create"})
    vendors = [company.vendor(name, in_books=False) for name in ("Hermiston Hydraulics", "HERMISTON  Hydraulics")]
    uuids = [company.bill(vendor, f"{n}.00") for n, vendor in enumerate(vendors, 1)]
    keys = noticed(company, [str(vendor["id"]) for vendor in vendors], "vendor")
    other = another_worker(company.world)
    meanwhile(company.world, posts("vendor"), lambda: deliver(other, [keys[1]]))
    deliver(company.world.engine, [keys[0]])
    settled(company)
    assert len(company.books.backstage_ledger(company.realm)["vendors"]) == 1
    company.assert_once(uuids)
    company.assert_no_mistakes()
