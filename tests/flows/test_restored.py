"""The table is put back to an earlier moment: what was moved since is found again, not moved twice, and not lost."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.engine import restored
from chalicelib.engine import setup as setups
from chalicelib.engine.ports import Item, Put
from infra.restored import mark_all, read_moment
from simulator.company import FLOW
from simulator.memory.watch import Effect
from tests import papers
from tests.flows.customer import Customer
from tests.papers import PaperOffice

EVERY = int(os.environ.get("MLC_EVERY", "17"))


class Office(Customer):
    def put_back(self, copy: dict[str, Any], to: datetime) -> None:
        """As the how-to says: functions stopped, the older table in its place, marked, the books connected again."""
        world = self.world
        access = [item for item in world.store.all_items() if item.pk.startswith("G#")]
        world.store.load(copy)
        world.store.write([Put(item, guarded=False) for item in access])
        world.died()
        name = self.company.tenant
        world.store.write([Put(Item("TENANTS", f"TENANT#{name}", {"name": name}), guarded=False)])
        assert list(mark_all(world.store, to, now=world.clock.now())) == [f"{name} {FLOW}: paused"]

    def resumes(self) -> None:
        self.call("POST", f"/flows/{FLOW}/resume", {"go_on": True})
        self.run()
        self.run()


def test_wherever_the_table_is_put_back_to_no_bill_is_there_twice_and_none_is_lost() -> None:
    office = Office(policies={"unmatched_vendor": "create"})
    world, company = office.world, office.company
    copies: list[tuple[dict[str, Any], datetime]] = []

    def keep(effect: Effect) -> None:
        if effect.operation == "write":
            copies.append((world.store.dump(), world.clock.now()))

    world.store.after = keep
    vendor = company.vendor("Northwind", in_books=False)
    uuids = [company.bill(vendor, "100.00"), company.bill(vendor, "20.00")]
    office.run()
    uuids.append(company.bill(company.vendor("Contoso", in_books=False), "3.00"))
    changed = [{"description": "corrected", "account_code": "5010", "amount": "80.00"}]
    company.procurify.backstage_edit_bill(uuids[0], lines=changed)
    office.run()
    world.store.after = None
    company.assert_once(uuids)
    assert len(copies) > 20
    for copy, to in copies[::EVERY]:
        office.put_back(copy, to)
        office.run()
        assert office.call("GET", f"/flows/{FLOW}")["state"] == "paused", "nothing goes on by itself"
        office.resumes()
        company.assert_once(uuids)
        assert company.total_ours() == Decimal("103.00")
        assert [company.head(uuid).state for uuid in uuids] == ["done"] * 3


def test_a_step_that_was_under_way_does_not_go_on_from_where_the_lost_time_had_come_to() -> None:
    office = Office()
    company, world = office.company, office.world
    uuid = company.bill(company.vendor("Northwind"))
    office.call("POST", f"/flows/{FLOW}/sync", {})
    copy, to = world.store.dump(), world.clock.now()
    office.put_back(copy, to)
    office.call("POST", f"/flows/{FLOW}/resume", {"go_on": True})
    run = office.call("GET", f"/flows/{FLOW}/runs/latest")
    assert (run["state"], run["trouble"]) == ("stopped", restored.STOPPED)
    office.run()
    company.assert_once([uuid])


def test_what_cannot_be_looked_for_is_not_sent_again() -> None:
    office = PaperOffice("inbox")
    office.cycle()
    copy, to = office.world.store.dump(), office.world.clock.now()
    office.paper()
    office.cycle()
    assert len(office.world.mail.sent) == 1
    put_back(office, copy, to)
    office.cycle(3)
    office.world.until_quiet()
    assert len(office.world.mail.sent) == 1
    assert office.reason() == "outcome_unknown"
    office.paper(number="FB-200", id_="2")  # made after it was put back: surely not sent yet
    office.cycle(2)
    assert len(office.world.mail.sent) == 2


def test_what_can_be_looked_for_and_is_not_there_is_sent() -> None:
    office = PaperOffice("requisition")
    office.cycle()
    copy, to = office.world.store.dump(), office.world.clock.now()
    office.paper()
    put_back(office, copy, to)
    office.cycle(2)
    assert len(office.writes()) == 1
    assert office.linked().startswith("request:")


def put_back(office: PaperOffice, copy: dict[str, Any], to: datetime) -> None:
    world = office.world
    world.store.load(copy)
    world.queue.expire()
    setup = setups.flows(world.store, papers.TENANT)[papers.FLOW]
    assert restored.mark(world.store, setup, to=to, now=world.clock.now())
    marked = setups.flows(world.store, papers.TENANT)[papers.FLOW]
    assert not restored.mark(world.store, marked, to=to, now=world.clock.now())
    office.world.store.write([setups.flow_put(replace(marked, state="live"))])


@pytest.mark.parametrize("text", ["", "yesterday", "2026-03-01T00:00:00", "2999-01-01T00:00:00Z"])
def test_a_moment_that_does_not_fit_is_refused_with_what_is_expected(text: str) -> None:
    with pytest.raises(ValueError, match="a moment with its time zone"):
        read_moment(text, now=datetime(2026, 3, 1, tzinfo=UTC))
