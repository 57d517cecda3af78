"""A run that would take away or change much of what was moved stops and asks; what a person lets go on goes exactly so.

Shown with QuickBooks Desktop and Procore; the brake knows neither.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.engine import setup as setups
from chalicelib.engine.records import Page
from chalicelib.entry import api, keys
from chalicelib.systems.quickbooks_desktop import login, source
from tests.building_desktop import COMPANY, FLOW, FileBuilder
from tests.unit.api_world import routed

DECK = "Mill Street Parking Deck"


class Sixteen(FileBuilder):
    """Sixteen bills of one vendor are in Procore as direct costs."""

    def __init__(self) -> None:
        super().__init__()
        self.volt = self.payee("Volt Electric")
        self.bills = [
            self.bill(self.volt, (f"{n + 1}.00", "Electrical", DECK), RefNumber=f"B-{n:02}") for n in range(16)
        ]
        self.settle()
        assert len(self.costs()) == 16

    def brake(self, **limits: int) -> None:
        key = (setups.pk(self.tenant), f"FLOW#{FLOW}")
        setup = setups.read_flow(self.tenant, self.world.store.get([key])[key])
        changed = replace(setup, **{f"brake_{name}": value for name, value in limits.items()})  # type: ignore[arg-type]  # whole numbers all
        self.world.store.write([setups.flow_put(changed)])

    def ask(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        key = keys.make_key(self.world.store, self.world.clock, self.tenant, "admin", "test")
        template, params = routed(f"/api/v1{path}")
        status, _, text = api.dispatch(
            self.world.engine,
            method,
            template,
            params,
            headers={"Authorization": f"Bearer {key}"},
            query={},
            body=b"" if body is None else json.dumps(body).encode(),
            service="https://mlc.example",
        )
        return status, json.loads(text)

    def written(self) -> int:
        return len(self.site.backstage_audit(COMPANY))


@pytest.fixture
def sixteen(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sixteen]:
    monkeypatch.setattr(login, "COST", 16)
    made = Sixteen()
    yield made
    made.careful()


@pytest.mark.parametrize("how", ["delete", "void"])
def test_a_run_that_would_take_away_more_than_its_share_pauses_the_flow_and_writes_nothing(
    sixteen: Sixteen, how: str
) -> None:
    before = sixteen.written()
    for one in sixteen.bills[:11]:
        getattr(sixteen.pc, f"backstage_{how}")(one)
    sixteen.run(3)
    assert (sixteen.state, sixteen.written()) == ("paused", before)
    (told,) = sixteen.told("paused and asks")
    assert "11 records that were moved" in told and "20 per cent" in told
    assert "Bill B-00 of Volt Electric, 1.00" in told
    assert "mlc flows resume quickbooks_desktop_to_procore --go-on" in told


def test_people_may_change_most_of_a_small_company_in_a_day_but_not_half_of_a_larger_one(sixteen: Sixteen) -> None:
    for one in sixteen.bills[:11]:
        sixteen.edit(one, ("999.00", "Electrical", DECK))
    sixteen.settle()
    assert sixteen.state == "live"
    sixteen.brake(records=2)
    for one in sixteen.bills[:11]:
        sixteen.edit(one, ("998.00", "Electrical", DECK))
    sixteen.run(2)
    assert sixteen.state == "paused"
    assert "50 per cent" in sixteen.told("paused and asks")[0]


def test_a_person_sees_what_it_would_do_and_lets_it_go_on_exactly_with_that(sixteen: Sixteen) -> None:
    for one in sixteen.bills[:11]:
        sixteen.pc.backstage_delete(one)
    sixteen.run()
    _, shown = sixteen.ask("GET", f"/flows/{FLOW}")
    assert (shown["state"], shown["asks"]["reason"], shown["asks"]["count"]) == ("paused", "mass_change", 11)
    status, refused = sixteen.ask("POST", f"/flows/{FLOW}/resume")
    assert status == 409
    assert "Bill B-07 of Volt Electric, 8.00: deleted" in refused["detail"]
    assert sixteen.state == "paused"
    status, resumed = sixteen.ask("POST", f"/flows/{FLOW}/resume", {"go_on": True})
    assert (status, resumed["state"], resumed["asks"]) == (200, "live", None)
    sixteen.run(2)
    assert sorted(sixteen.costs()) == [f"B-{n:02}" for n in range(11, 16)]
    assert len(sixteen.told("paused and asks")) == 1


def test_what_comes_after_is_counted_anew(sixteen: Sixteen) -> None:
    for one in sixteen.bills[:11]:
        sixteen.pc.backstage_delete(one)
    sixteen.run()
    sixteen.ask("POST", f"/flows/{FLOW}/resume", {"go_on": True})
    sixteen.run()
    sixteen.brake(records=3)
    for one in sixteen.bills[11:15]:
        sixteen.pc.backstage_delete(one)
    sixteen.run(2)
    assert sixteen.state == "paused"
    assert sorted(sixteen.costs()) == [f"B-{n:02}" for n in range(11, 16)]


def test_a_fifth_or_ten_records_and_any_number_of_new_ones_are_a_usual_day(sixteen: Sixteen) -> None:
    for one in sixteen.bills[:10]:
        sixteen.pc.backstage_delete(one)
    for n in range(12):
        sixteen.bill(sixteen.volt, ("5.00", "Electrical", DECK), RefNumber=f"N-{n:02}")
    sixteen.settle()
    assert sixteen.state == "live"
    assert len(sixteen.costs()) == 18


def test_a_pay_day_is_no_mass_change(sixteen: Sixteen) -> None:
    for one in sixteen.bills:
        sixteen.pay(one)
    sixteen.settle()
    assert sixteen.state == "live"
    assert {one["payment_date"] for one in sixteen.there("direct_costs")} == {"2026-02-25"}


def test_one_change_of_a_large_amount_asks_where_the_customer_set_one(sixteen: Sixteen) -> None:
    sixteen.brake(amount=500)
    sixteen.edit(sixteen.bills[3], ("504.00", "Electrical", DECK))
    sixteen.run(2)
    assert sixteen.state == "live", "exactly the amount"
    sixteen.edit(sixteen.bills[4], ("5000.00", "Electrical", DECK))
    sixteen.run(2)
    assert sixteen.state == "paused"
    assert sixteen.costs()["B-04"] == Decimal("5.00")
    assert "more than 500.00" in sixteen.told("paused and asks")[0]


def test_what_is_lost_in_a_long_silence_asks_too_and_goes_on_with_that(sixteen: Sixteen) -> None:
    for one in sixteen.bills[:5]:
        sixteen.pc.backstage_delete(one)
    sixteen.world.clock.advance(timedelta(days=100).total_seconds())
    sixteen.run(4)
    assert (sixteen.state, len(sixteen.costs())) == ("paused", 16)
    sixteen.ask("POST", f"/flows/{FLOW}/resume", {"go_on": True})
    sixteen.run(3)
    assert sorted(sixteen.costs()) == [f"B-{n:02}" for n in range(5, 16)]


@pytest.mark.parametrize("kept", [0, 5])
def test_a_full_listing_that_is_empty_or_much_too_small_deletes_nothing_and_pauses_the_flow(
    sixteen: Sixteen, kept: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = source.Present.page

    def cut(self: source.Present, kind: str, **given: Any) -> Page:
        found = whole(self, kind, **given)
        return replace(found, rows=found.rows[:kept]) if kind == "bill" and found.rows else found

    monkeypatch.setattr(source.Present, "page", cut)
    sixteen.world.cycle(sixteen.tenant, FLOW, full=True)
    sixteen.call()
    sixteen.world.until_quiet()
    assert (sixteen.state, len(sixteen.costs())) == ("paused", 16)
    (told,) = sixteen.told("paused and asks")
    assert f"listed {kept} bills in full, but 16 were moved from there" in told


def test_an_empty_answer_of_what_changed_is_the_usual_quiet_case(sixteen: Sixteen) -> None:
    before = sixteen.written()
    sixteen.run(3)
    assert (sixteen.state, sixteen.written()) == ("live", before)


def test_a_full_listing_of_everything_changes_nothing(sixteen: Sixteen) -> None:
    before = sixteen.written()
    sixteen.world.cycle(sixteen.tenant, FLOW, full=True)
    sixteen.call()
    sixteen.world.until_quiet()
    assert (sixteen.state, sixteen.written()) == ("live", before)


def test_a_run_that_ends_early_over_a_mass_change_asks_all_the_same(sixteen: Sixteen) -> None:
    for one in sixteen.bills[:11]:
        sixteen.pc.backstage_delete(one)
    sixteen.pc.backstage_mishap("die_before", "process BillPaymentCheckQueryRq")
    sixteen.run()
    assert len(sixteen.costs()) == 16, "it waits for the end of the run"
    sixteen.pc.connector.mishaps.clear()
    sixteen.run(2)
    assert (sixteen.state, len(sixteen.costs())) == ("paused", 16)
