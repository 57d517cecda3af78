"""A PC that sleeps: nothing fails, nothing expires, and people are told once, with what to do on the PC."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.engine import setup as setups
from chalicelib.engine.caller import Wish
from chalicelib.engine.setup import Health
from chalicelib.entry import jobs
from chalicelib.entry.views.connections import described
from chalicelib.systems.quickbooks_desktop import quiet
from simulator.desktop import FLOW, SERVICE, SYSTEM, DesktopCompany

HOUR, DAY = 3600, 86_400


class Sleeper(DesktopCompany):
    """One whose Web Connector was here a moment ago; `paper` is a vendor in both systems."""

    def __init__(self, **how: Any) -> None:
        super().__init__(**how)
        self.paper = self.vendor("Northwind Paper Co")
        self.cycle()


def _sleeps(company: DesktopCompany, seconds: float, *, step: float = HOUR / 4) -> None:
    """The PC is off, the service goes on."""
    for _ in range(int(seconds / step)):
        company.world.clock.advance(step)
        jobs.tick(company.world.engine)
        company.world.until_quiet()


def _health(company: DesktopCompany) -> Health:
    key = setups.health_key(company.tenant, "books")
    return setups.read_health(company.world.store.get([key]).get(key))


def _told(company: DesktopCompany) -> list[str]:
    return [subject for subject, _ in company.world.notices.published if subject.startswith("books")]


def _every(company: DesktopCompany, minutes: int) -> None:
    caller = company.world.engine.load_system(SYSTEM).caller
    assert caller is not None
    caller.admit(company.world.engine, company.connection, Wish(f"{SERVICE}/qbwc", every_minutes=minutes))


def _set(company: DesktopCompany, **settings: str) -> None:
    company.world.connect(company.tenant, "books", SYSTEM, settings, {}, company.connection.pinned)


def test_a_web_connector_that_sleeps_for_a_week_is_told_once_and_nothing_fails() -> None:
    company = Sleeper()
    order = company.order(company.paper, "72.00")
    company.poll()
    _sleeps(company, 7 * DAY)
    assert _told(company) == ["books (acme) needs you"]
    text = company.world.notices.published[0][1]
    assert "The Web Connector for books has not called since 2026-03-02" in text
    assert "it should call every 15 minutes" in text
    assert "Auto-Run" in text
    assert "Nothing is lost" in text
    assert company.head(order).state == "waiting"
    shown = described(company.world.engine, company.tenant)
    health = next(each["health"] for each in shown if each["name"] == "books")
    assert isinstance(health, dict)
    assert health["state"] == "late"
    assert "Auto-Run" in health["fix"]
    company.cycle()
    company.assert_once([order])
    assert _health(company).state == "ok"
    _sleeps(company, HOUR / 2)
    assert _told(company) == ["books (acme) needs you", "books (acme) works again"]


def test_a_second_lateness_is_told_again() -> None:
    company = Sleeper()
    for _ in range(2):
        _sleeps(company, 4 * HOUR)
        company.call()
        company.world.until_quiet()
    _sleeps(company, HOUR / 2)
    assert _told(company) == ["books (acme) needs you", "books (acme) works again"] * 2


def test_it_ends_at_a_call_that_finds_no_work_too() -> None:
    company = Sleeper()
    _sleeps(company, 4 * HOUR)
    assert _health(company).state == "late"
    runs = company.call()
    assert not runs.requests
    assert _health(company).state == "ok"


def test_it_is_not_late_before_an_hour_and_three_runs_have_passed() -> None:
    company = Sleeper()
    _sleeps(company, HOUR - 600, step=600)
    assert _health(company).state == "ok"
    _every(company, 60)
    company.call()
    _sleeps(company, 2.9 * HOUR, step=360)
    assert _health(company).state == "ok"
    _sleeps(company, 1.5 * HOUR)
    assert _health(company).state == "late"


def test_a_web_connector_that_is_told_to_call_more_often_is_late_after_an_hour() -> None:
    company = Sleeper()
    _every(company, 5)
    _sleeps(company, 2.25 * HOUR)
    assert _health(company).state == "late"


def test_one_that_calls_as_it_should_is_never_late() -> None:
    company = Sleeper()
    for _ in range(3 * 24):
        _sleeps(company, HOUR / 2)
        company.call()
    assert _told(company) == []
    assert _health(company).state == "ok"


def test_quiet_hours_are_not_counted() -> None:
    company = Sleeper()
    _set(company, quiet="00:00-20:00 UTC")  # it is a little past nine in the morning
    company.call()
    _sleeps(company, 10 * HOUR)
    assert _health(company).state == "ok"
    _sleeps(company, 4 * HOUR)
    assert _health(company).state == "late"
    always = Sleeper(tenant="beta")
    _set(always, quiet="always")
    _sleeps(always, 7 * DAY, step=HOUR)
    assert _told(always) == []


def test_nobody_is_told_of_a_web_connector_that_nothing_waits_for() -> None:
    company = Sleeper()
    live = setups.flows(company.world.store, company.tenant)[FLOW]
    company.world.store.write([setups.flow_put(replace(live, state="paused"))])
    _sleeps(company, 7 * DAY, step=HOUR)
    assert _told(company) == []
    assert company.world.metrics.total("SecondsSinceSeen") == 0


def test_a_rehearsal_that_waits_for_the_web_connector_is_reason_enough() -> None:
    company = Sleeper(state="rehearsing")
    company.order(company.paper, "72.00")
    company.poll()
    _sleeps(company, 4 * HOUR)
    assert _told(company) == ["books (acme) needs you"]


def test_what_a_person_was_told_before_of_the_company_file_still_stands() -> None:
    company = Sleeper()
    company.world.engine.note_health(
        company.connection, Health(state="locked_out", message="Wrong file.", fix="Open it.")
    )
    _sleeps(company, 2 * DAY, step=HOUR)
    assert _health(company).message == "Wrong file."
    assert _told(company) == ["books (acme) needs you"]


def test_how_long_it_is_silent_can_be_watched_over_all_customers() -> None:
    company = Sleeper()
    _sleeps(company, 3 * HOUR)
    counted = [each[1:] for each in company.world.metrics.counted if each[0] == "SecondsSinceSeen"]
    assert HOUR <= counted[-1][0] <= 3.5 * HOUR
    assert all(dimensions == {"system": SYSTEM} for _, dimensions in counted)


def test_those_that_are_late_are_counted_at_each_look_and_no_longer_once_they_called() -> None:
    company = Sleeper()
    _sleeps(company, HOUR)
    assert company.world.metrics.total("LateCallers", system=SYSTEM) == 0
    _sleeps(company, 5 * HOUR)
    assert company.world.metrics.total("LateCallers", system=SYSTEM) >= 2
    company.call()
    company.world.metrics.counted.clear()
    _sleeps(company, HOUR)
    assert company.world.metrics.total("LateCallers") == 0


@pytest.mark.parametrize(
    ("text", "begin", "hours", "end"),
    [
        ("", "2026-03-02T09:00", 3, "2026-03-02T12:00"),
        ("08:00-18:00 UTC", "2026-03-02T07:00", 1, "2026-03-02T08:00"),
        ("08:00-18:00 UTC", "2026-03-02T07:00", 3, "2026-03-02T20:00"),
        ("08:00-18:00 UTC", "2026-03-02T12:00", 20, "2026-03-04T00:00"),
        ("22:00-06:00 UTC", "2026-03-02T21:00", 2, "2026-03-03T07:00"),
        ("08:00-18:00 America/New_York", "2026-03-08T04:00", 10, "2026-03-09T00:00"),  # a night of 23 hours
        ("08:00-08:00 UTC", "2026-03-02T07:00", 48, "2026-03-04T07:00"),
    ],
)
def test_time_outside_of_quiet_hours_is_counted_by_the_clock_of_the_zone(
    text: str, begin: str, hours: int, end: str
) -> None:
    found = quiet.after(text, datetime.fromisoformat(begin).replace(tzinfo=UTC), timedelta(hours=hours))
    assert found == datetime.fromisoformat(end).replace(tzinfo=UTC)
