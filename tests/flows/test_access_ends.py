"""Access that ends by itself is renewed in time, and announced in time where it cannot be."""

from __future__ import annotations

from datetime import datetime, timedelta

from chalicelib.entry import jobs, upkeep
from simulator.company import APP, FLOW
from simulator.systems.quickbooks_online.oauth import HARD_LIFE_SECONDS, REFRESH_TOKEN_SECONDS
from tests.flows.consenting import Consenting

DAY = 86_400


def _connected() -> Consenting:
    customer = Consenting()
    customer.connect()
    customer.confirm()
    customer.call("POST", f"/flows/{FLOW}/pause")
    customer.work()
    return customer


def _days(customer: Consenting, days: float, *, step: float = 1.0) -> None:
    """Days pass with a tick now and then."""
    for _ in range(int(days / step)):
        customer.world.clock.advance(step * DAY)
        jobs.tick(customer.world.engine)
        customer.work()


def _told(customer: Consenting) -> list[str]:
    return [subject for subject, _ in customer.world.notices.published if "access ends" in subject]


def test_a_connection_that_nobody_uses_stays_alive_for_years() -> None:
    customer = _connected()
    books = customer.company.books
    calls = customer.token_calls()
    _days(customer, 400)
    assert customer.token_calls() - calls == 400 // 28
    assert not books.oauth.grants[-1].refused_refreshes
    assert _told(customer) == []
    customer.call("POST", "/connections/books/ping")
    customer.work()
    assert customer.health() == "ok"


def test_access_that_began_with_a_typed_token_stays_alive_too() -> None:
    customer = Consenting()
    typed = customer.company.books.backstage_grant(customer.company.realm)["refresh_token"]
    customer.apply_credentials("books", {**APP, "refresh_token": typed})
    customer.call("POST", f"/flows/{FLOW}/pause")
    customer.work()
    _days(customer, 120)
    customer.call("POST", "/connections/books/ping")
    customer.work()
    assert customer.health() == "ok"


def test_the_end_of_a_consent_is_announced_thirty_seven_and_one_day_ahead_once_each() -> None:
    customer = _connected()
    consent = customer.company.books.oauth.grants[-1]
    consent.hard_expires_at = customer.world.clock.now().timestamp() + 40 * DAY
    customer.world.clock.advance(4000)
    customer.call("POST", "/connections/books/ping")  # the vendor tells the end with the renewal
    customer.work()
    ends = datetime.fromisoformat(customer.books()["expires_at"])
    assert abs(ends.timestamp() - consent.hard_expires_at) < 60
    assert customer.books()["health"]["message"] == ""
    seen: list[float] = []
    while customer.world.clock.now() < ends - timedelta(hours=3):
        before = len(_told(customer))
        _days(customer, 0.25, step=0.25)
        if len(_told(customer)) > before:
            seen.append((ends - customer.world.clock.now()) / timedelta(days=1))
    days = [value for name, value, _ in customer.world.metrics.counted if name == "DaysOfAccessLeft"]
    assert days == sorted(days, reverse=True)
    assert (days[0], days[-1]) == (38, 0)
    assert [round(left) for left in seen] in ([30, 7, 1], [30, 7, 0.75])
    assert all(left <= step and step - left <= 0.3 for left, step in zip(seen, (30, 7, 1), strict=True))
    assert "`mlc connect books`" in customer.books()["health"]["fix"]
    assert "ends on" in customer.books()["health"]["message"]


def test_a_new_consent_begins_the_count_anew() -> None:
    customer = _connected()
    consent = customer.company.books.oauth.grants[-1]
    consent.hard_expires_at = customer.world.clock.now().timestamp() + 6 * DAY
    customer.world.clock.advance(4000)
    customer.call("POST", "/connections/books/ping")
    customer.work()
    _days(customer, 2)
    assert len(_told(customer)) == 1
    customer.connect()
    assert customer.books()["health"]["message"] == ""
    _days(customer, 10)
    assert len(_told(customer)) == 1


def test_access_that_cannot_be_renewed_is_announced_before_it_lapses() -> None:
    customer = _connected()
    customer.company.books.faults.plan("server_fault", "POST /oauth2", times=10_000)
    _days(customer, 99)
    assert len(_told(customer)) == 2
    assert REFRESH_TOKEN_SECONDS < HARD_LIFE_SECONDS
    customer.company.books.faults.clear()
    _days(customer, 1)
    assert customer.health() == "ok"


def test_two_workers_that_look_at_the_same_time_announce_once() -> None:
    customer = _connected()
    consent = customer.company.books.oauth.grants[-1]
    consent.hard_expires_at = customer.world.clock.now().timestamp() + 5 * DAY
    customer.world.clock.advance(4000)
    customer.call("POST", "/connections/books/ping")
    customer.work()
    for _ in range(3):
        upkeep.run(customer.world.engine, {"job": "look_after", "tenant": "acme", "connection": "books"})
    customer.work()
    assert len(_told(customer)) == 1
