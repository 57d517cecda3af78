"""Access through crashes, lost answers and rivals: it lives, or it says plainly that a person must reconnect."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from chalicelib.engine import setup as setups
from chalicelib.engine.errors import ConnectorError, LockedOut
from chalicelib.engine.grants import Grants, Tokens
from chalicelib.engine.line import Line
from chalicelib.systems.quickbooks_online.auth import renewal
from simulator.company import Company
from simulator.memory.watch import Effect
from simulator.world import Died
from tests.flows.consenting import Consenting, waiting

WATCHED = ("store", "queue", "vault", "http", "notices")
MOST_EFFECTS = 400


def _watch(company: Company, hook: Callable[[Effect], None] | None, when: str) -> None:
    for port in WATCHED:
        setattr(getattr(company.world, port), when, hook)


@dataclass
class Death:
    """Dies at the nth effect, before or after it; `seen` counts them."""

    company: Company
    nth: int
    when: str
    seen: int = 0

    def __call__(self, effect: Effect) -> None:
        self.seen += 1
        if self.seen == self.nth:
            _watch(self.company, None, self.when)
            raise Died


def _open(customer: Consenting, query: dict[str, list[str]]) -> str:
    """The browser comes back; where the service dies on it, the person loads the address once more."""
    shown: list[tuple[int, str]] = []
    for _ in range(2):
        customer.world._survives(lambda: shown.append(customer.open(query)))
        if shown:
            break
    status, page = shown[0]
    return waiting(page) if status == 200 else ""


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("reconnecting", [False, True], ids=["first", "reconnect"])
def test_a_crash_anywhere_in_a_consent_leaves_it_connected_or_says_to_start_again(
    when: str, reconnecting: bool
) -> None:
    deaths = 0
    for nth in range(1, MOST_EFFECTS):
        customer = Consenting()
        if reconnecting:
            customer.connect()
            customer.confirm()
        query = customer.sign_in(customer.link()["url"])
        death = Death(customer.company, nth, when)
        _watch(customer.company, death, when)
        at = _open(customer, query)
        customer.work()
        _watch(customer.company, None, when)
        if not customer.world.deaths:
            break
        deaths += 1
        customer.world.clock.advance(3600)
        customer.work()
        page = customer.page(at)[1] if at else "Not connected: mlc connect"
        fine = {"Is this the right company?", "Connected"}
        told = "Not connected" in page and "mlc connect" in page
        assert told or any(word in page for word in fine), f"died {when} effect {nth}: {page}"
        if reconnecting:  # whatever became of the new consent, the books are reached
            bill = customer.company.bill(customer.company.vendor("Northwind"))
            customer.run()
            customer.run()
            customer.company.assert_once([bill])
            continue
        if customer.health() != "unconfirmed":
            assert (told, customer.health()) == (True, "needs_consent"), f"died {when} effect {nth}"
            customer.connect()
        assert customer.health() == "unconfirmed", f"died {when} effect {nth}"
        customer.confirm()
        assert customer.health() == "ok"
    assert 15 < deaths < MOST_EFFECTS - 1


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_crash_anywhere_in_a_renewal_leaves_access_or_says_to_reconnect(when: str) -> None:
    lost = deaths = 0
    for nth in range(1, MOST_EFFECTS):
        customer = Consenting()
        customer.connect()
        customer.confirm()
        customer.company.books.backstage_switch("rotate_every_refresh", True)
        customer.world.clock.advance(4000)
        customer.call("POST", "/connections/books/ping")
        death = Death(customer.company, nth, when)
        _watch(customer.company, death, when)
        customer.work()
        _watch(customer.company, None, when)
        if not customer.world.deaths:
            break
        deaths += 1
        customer.world.clock.advance(1000)
        customer.call("POST", "/connections/books/ping")
        customer.work()
        if customer.health() == "locked_out":
            lost += 1
            assert "`mlc connect books`" in customer.books()["health"]["fix"]
            customer.connect()
        assert customer.health() == "ok", f"died {when} effect {nth}"
    assert 8 < deaths < MOST_EFFECTS - 1
    assert lost <= 3, "only between the vendor's answer and the save may access be lost"


@pytest.mark.parametrize(
    "kind", ["drop_before", "drop_after", "delay_after", "malformed", "html", "html_after", "server_fault", "throttle"]
)
def test_an_exchange_without_a_clear_answer_ends_connected_or_says_to_start_again(kind: Any) -> None:
    customer = Consenting()
    at = customer.consent()
    customer.company.books.faults.plan(kind, "POST /oauth2")
    customer.work()
    page = customer.page(at)[1]
    if "Not connected" in page:
        assert "mlc connect books" in page
        customer.connect()
    assert customer.health() == "unconfirmed"


# ---------------------------------------------------------------------------------------------- rivals


def _line(customer: Consenting) -> Line:
    engine = customer.world.engine
    connection, _ = setups.connections(engine.store, "acme")["books"]
    line = engine.line(connection)
    line.grants = Grants(store=engine.store, vault=engine.vault, clock=engine.clock)  # another container
    return line


def _connected() -> Consenting:
    customer = Consenting()
    customer.connect()
    customer.confirm()
    customer.company.books.backstage_switch("rotate_every_refresh", True)
    customer.world.clock.advance(4000)
    return customer


def test_two_workers_that_renew_at_the_same_time_make_one_call() -> None:
    customer = _connected()
    calls = customer.token_calls()
    lines = [_line(customer), _line(customer)]
    others_wait = threading.Event()
    real_sleep = customer.world.clock.sleep

    def sleep(seconds: float) -> None:
        others_wait.set()
        real_sleep(seconds / 1000)

    customer.world.clock.sleep = sleep  # type: ignore[method-assign]
    found: list[str] = []

    def work(line: Line) -> None:
        def renew(tokens: Tokens | None, credentials: Any) -> Tokens:
            others_wait.wait(10)
            return renewal(line)(tokens, credentials)

        for _ in range(100):
            try:
                found.append(line.access_token(renew))
            except ConnectorError:
                continue
            return

    threads = [threading.Thread(target=work, args=(line,)) for line in lines]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert (len(found), len(set(found)), customer.token_calls() - calls) == (2, 1, 1)


def test_a_late_answer_about_the_old_grant_never_replaces_a_new_consent() -> None:
    customer = _connected()
    line = _line(customer)

    def renew(tokens: Tokens | None, credentials: Any) -> Tokens:
        fresh = renewal(line)(tokens, credentials)
        customer.world.clock.advance(61)
        customer.company.books.backstage_disconnect(customer.company.realm)
        customer.connect()
        return fresh

    token = line.access_token(renew)
    assert customer.company.books.oauth.realm_of(token, customer.company.books.now())[0] == customer.company.realm
    customer.world.clock.advance(4000)
    _line(customer).access_token(renewal(line))


def test_a_late_refusal_of_the_old_grant_does_not_close_the_door_to_a_new_consent() -> None:
    customer = _connected()
    line = _line(customer)
    first = True

    def renew(tokens: Tokens | None, credentials: Any) -> Tokens:
        nonlocal first
        if first:
            first = False
            customer.company.books.backstage_disconnect(customer.company.realm)
            customer.connect()
            raise LockedOut("the old one is dead", fix="reconnect")
        return renewal(line)(tokens, credentials)

    assert line.access_token(renew)
    assert customer.health() == "ok"


def test_a_worker_with_credentials_of_minutes_ago_does_not_replace_what_a_person_entered_since() -> None:
    customer = _connected()
    line = _line(customer)
    line.credentials()  # remembered for minutes
    typed = customer.company.books.backstage_grant(customer.company.realm)["refresh_token"]
    old = dict(customer.world.vault.secrets["connections/acme/books"])
    customer.apply_credentials("books", {**old, "refresh_token": typed})
    customer.work()
    calls = customer.token_calls()
    used: list[str] = []

    def renew(tokens: Tokens | None, credentials: Any) -> Tokens:
        used.append("renewed")
        return renewal(line)(tokens, credentials)

    line.grants.access_token(
        line.grant_pk(), old, renew, reread=lambda: customer.world.vault.secrets["connections/acme/books"]
    )
    assert (used, customer.token_calls()) == ([], calls)
