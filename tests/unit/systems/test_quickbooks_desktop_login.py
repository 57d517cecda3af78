"""Who the Web Connector is: the login that we give out, strangers who guess at it, and what it costs."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from lxml import etree

from chalicelib.engine.ports import Item, Put
from chalicelib.engine.records import Company
from chalicelib.entry import keys
from chalicelib.systems.quickbooks_desktop import guard, login
from chalicelib.systems.quickbooks_desktop.qwc import OWNER_ID
from tests.web_connector import OFFICE, SERVICE, STRANGER, Books

WRONG = "wrong-password"
HOUR = 3600


@pytest.fixture
def books() -> Books:
    made = Books()
    made.qwc()
    return made


def element(file: str, name: str) -> str:
    return etree.fromstring(file.encode()).findtext(name) or ""


# ---------------------------------------------------------------------------------------------- the file


def test_the_first_file_comes_with_a_password_that_lets_the_web_connector_in() -> None:
    books = Books()
    made = books.qwc(every_minutes=30)
    assert made["file_name"] == "books.qwc"
    assert element(made["file"], "AppURL") == element(made["file"], "AppSupport") == f"{SERVICE}/qbwc"
    assert element(made["file"], "OwnerID") == OWNER_ID
    assert element(made["file"], "Scheduler/RunEveryNMinutes") == "30"
    assert made["password"] not in made["file"]
    assert len(made["password"]) >= 22
    ticket, word, *_ = books.authenticate()
    assert (bool(ticket), word) == (True, "none")


def test_a_second_file_has_no_password_and_changes_nothing(books: Books) -> None:
    before = books.world.store.all_items()
    again = books.qwc()
    assert again["password"] is None
    assert books.world.store.all_items() == before
    assert books.lets_in()


def test_a_new_password_takes_the_place_of_the_old_one_and_the_company_file_stays_the_same(books: Books) -> None:
    first, old = books.qwc()["file"], books.password
    second = books.qwc(new_password=True)
    assert (second["file"], second["password"] != old) == (first, True)
    assert not books.lets_in(password=old)
    assert books.lets_in()


def test_two_admins_at_the_same_moment_get_one_login_and_one_password(monkeypatch: pytest.MonkeyPatch) -> None:
    books = Books()
    other: list[Any] = []

    def meanwhile(effect: Any) -> None:
        if effect.operation == "write" and not other:
            other.append(None)
            other[0] = books.qwc()

    monkeypatch.setattr(books.world.store, "before", meanwhile)
    mine = books.ask("POST", "/connections/books/qwc", {})[1]
    assert (mine["password"], mine["file"]) == (None, other[0]["file"])
    assert books.lets_in(password=other[0]["password"])


def test_no_two_connections_share_a_user_name_or_a_file_id() -> None:
    one = Books()
    made = [one.qwc(), Books("rival", one.world).qwc()]
    assert len({each["user_name"] for each in made}) == 2
    assert len({element(each["file"], "FileID") for each in made}) == 2


def test_a_user_name_that_is_drawn_twice_stays_with_its_first_owner(monkeypatch: pytest.MonkeyPatch) -> None:
    one = Books()
    one.qwc()
    rival = Books("rival", one.world)
    draw = login.drawn
    draws = [login.Login(one.user, draw(one.world.engine).file_id)]
    monkeypatch.setattr(login, "drawn", lambda engine: draws.pop() if draws else draw(engine))
    assert rival.qwc()["user_name"] != one.user
    assert one.lets_in()
    assert rival.lets_in()


def test_a_system_that_we_call_has_no_file() -> None:
    books = Books()
    world = books.world
    world.connect("acme", "buying", "procurify", {"domain": "acme"}, {})
    status, told = books.ask("POST", "/connections/buying/qwc", {})
    assert (status, "Procurify is called by us" in told["detail"]) == (409, True)
    assert books.ask("POST", "/connections/nothing/qwc", {})[0] == 404


def test_another_customers_connection_is_not_there() -> None:
    books = Books()
    rival = keys.make_key(books.world.store, books.world.clock, "rival", "admin", "test")
    assert books.ask("POST", "/connections/books/qwc", {}, key=rival)[0] == 404


@pytest.mark.parametrize("wish", [{"every_minutes": 0}, {"every_minutes": 1441}, {"new_password": "maybe"}, {"x": 1}])
def test_a_wish_that_does_not_fit_is_refused_and_makes_nothing(wish: dict[str, Any]) -> None:
    books = Books()
    before = books.world.store.all_items()
    status, told = books.ask("POST", "/connections/books/qwc", wish)
    assert (status, told["errors"][0]["field"]) == (400, f"/{next(iter(wish))}")
    assert books.world.store.all_items() == before


# ---------------------------------------------------------------------------------------------- set up and seen


def test_a_connection_is_set_up_without_credentials_and_two_customers_never_stand_in_each_others_way() -> None:
    books = Books()
    assert books.applied[0] == 200
    assert Books("rival", books.world).applied[0] == 200
    assert books.world.vault.secrets == {}


def test_credentials_for_it_are_refused_with_what_to_do_instead() -> None:
    books = Books()
    wanted = {"system": "quickbooks_desktop", "environment": "production", "credentials": {"password": "hunter2"}}
    status, told = books.ask("POST", "/apply", {"config": {"connections": {"desk": wanted}}})
    assert (status, told["errors"][0]["field"]) == (400, "/config/connections/desk/credentials")
    assert "mlc qwc desk" in told["errors"][0]["expected"]
    assert "hunter2" not in str(told)


@pytest.mark.parametrize(
    ("path", "fits"),
    [
        (r"C:\Books\Acme.QBW", True),
        (r"\\server\books\Acme Inc.qbw", True),
        (r"C:\Books\Acme.QBB", False),
        ("Acme.QBW", False),
        ("C:\\a\nb.QBW", False),
        ("/home/x.qbw", False),
    ],
)
def test_the_company_file_is_a_whole_path_on_the_pc(path: str, fits: bool) -> None:
    books = Books()
    wanted = {"system": "quickbooks_desktop", "environment": "production", "company_file": path}
    assert (books.ask("POST", "/apply", {"config": {"connections": {"books": wanted}}})[0] == 200) is fits


def pinged(books: Books) -> Any:
    errand = books.ask("POST", "/connections/books/ping")[1]["id"]
    books.world.until_quiet()
    return books.ask("GET", f"/connections/books/ping/{errand}")[1]


def test_a_ping_says_when_the_web_connector_was_last_here_and_that_we_only_wait() -> None:
    books = Books()
    nothing = pinged(books)
    assert (nothing["ok"], "mlc qwc books" in nothing["fix"]) == (False, True)
    books.qwc()
    waiting = pinged(books)
    assert (waiting["ok"], "We can only wait to be called" in waiting["message"]) == (False, True)
    assert "has not called" in books.listed()["health"]["message"]
    assert books.lets_in()
    called = pinged(books)
    assert (called["ok"], called["last_seen"][:10]) == (False, books.world.clock.now().isoformat()[:10])
    books.pin(Company("file-1", "Acme Inc"))
    known = pinged(books)
    assert (known["ok"], known["company"]["name"], known["last_seen"] in known["message"]) == (True, "Acme Inc", True)
    assert books.listed()["last_seen"] == known["last_seen"]


# ---------------------------------------------------------------------------------------------- strangers


def test_a_wrong_user_name_and_a_wrong_password_are_answered_alike(books: Books) -> None:
    known = books.authenticate(password=WRONG)
    unknown = books.authenticate(user="mlc-0000000000000000", password=WRONG)
    assert known == unknown == ["", "nvu"]


def test_a_wrong_user_name_costs_as_much_as_a_wrong_password(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed: list[str] = []
    real = login._hashed

    def counted(password: str, salt: str) -> str:
        hashed.append(salt)
        return real(password, salt)

    monkeypatch.setattr(login, "_hashed", counted)
    costs = []
    for user in (books.user, "mlc-0000000000000000"):
        store = books.world.store
        before = store.reads, store.writes, len(hashed)
        books.authenticate(user=user, password=WRONG)
        costs.append((store.reads - before[0], store.writes - before[1], len(hashed) - before[2]))
    assert costs[0] == costs[1] == (1, 1, 1)


def test_letting_in_takes_three_operations_of_the_table(books: Books) -> None:
    store = books.world.store
    for _ in range(2):
        before = store.reads + store.writes
        assert login.who(books.world.engine, books.user, books.password, OFFICE) is not None
        assert store.reads + store.writes - before <= 3


def test_guessing_is_slowed_and_what_comes_too_soon_is_neither_hashed_nor_written(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(guard.FREE_OF_ADDRESS):
        assert not books.lets_in(password=WRONG, address=STRANGER)
    before = books.world.store.all_items()
    monkeypatch.setattr(login, "_hashed", lambda *_: pytest.fail("hashed"))
    for _ in range(100):
        assert not books.lets_in(address=STRANGER), "even the right password waits its turn"
    assert books.world.store.all_items() == before


def test_no_wait_is_longer_than_minutes_and_a_right_password_ends_it(books: Books) -> None:
    clock = books.world.clock
    for _ in range(60):
        books.lets_in(password=WRONG, address=STRANGER)
        clock.advance(guard.LONGEST_WAIT.total_seconds() + 1)
    assert books.lets_in(address=STRANGER)


def test_waits_double_up_to_the_longest(books: Books) -> None:
    clock, waits = books.world.clock, []
    for _ in range(guard.FREE_OF_ADDRESS):
        books.lets_in(password=WRONG, address=STRANGER)
    for _ in range(12):
        before, seconds = counted(books, STRANGER), 0
        while counted(books, STRANGER) == before:
            seconds += 1
            clock.advance(1)
            books.lets_in(password=WRONG, address=STRANGER)
        waits.append(seconds)
    assert waits[:6] == [1, 2, 4, 8, 16, 32]
    assert waits[-1] == guard.LONGEST_WAIT.total_seconds()


def counted(books: Books, place: str) -> int:
    key = (f"Q#FROM#{place}", "WRONG")
    return int(str(books.world.store.get([key])[key].body["count"]))


def hammer(books: Books, user: str, addresses: int = 60) -> None:
    """Strangers all over the world, each with a few guesses."""
    for n in range(addresses):
        books.lets_in(user=user, password=WRONG, address=f"198.51.100.{n}")


def test_strangers_who_hammer_the_user_name_do_not_keep_the_customer_out(books: Books) -> None:
    assert books.lets_in()
    for _ in range(3):
        books.world.clock.advance(25 * HOUR)
        hammer(books, books.user)
        assert not books.lets_in(address="192.0.2.99"), "somebody new waits"
        assert books.lets_in(address=OFFICE)


def test_while_strangers_hammer_another_pc_gets_in_with_a_fresh_password(books: Books) -> None:
    books.world.clock.advance(25 * HOUR)
    hammer(books, books.user)
    assert not books.lets_in(address="192.0.2.99")
    books.qwc(new_password=True)
    hammer(books, books.user)
    assert books.lets_in(address="192.0.2.99")


def test_the_customers_own_wrong_passwords_do_not_shut_other_customers_of_the_same_office_out(books: Books) -> None:
    other = Books("rival", books.world)
    other.qwc()
    assert books.lets_in()
    assert other.lets_in()
    for _ in range(50):
        books.lets_in(password=WRONG)
        books.lets_in(user="mlc-0000000000000000", password=WRONG)
    assert other.lets_in()


def test_an_old_password_that_is_tried_at_every_run_never_locks_the_new_one_out(books: Books) -> None:
    """The PC goes on with the old password until a person types the new one."""
    assert books.lets_in()
    old = books.password
    books.qwc(new_password=True)
    for _ in range(200):
        books.world.clock.advance(15 * 60)
        assert not books.lets_in(password=old)
    books.world.clock.advance(15 * 60)
    assert books.lets_in()


def test_a_network_of_one_household_counts_as_one_address(books: Books) -> None:
    for n in range(guard.FREE_OF_ADDRESS):
        books.lets_in(password=WRONG, address=f"2001:db8:1:2::{n}")
    assert not books.lets_in(address="2001:db8:1:2:ffff::1")
    assert books.lets_in(address="2001:db8:1:3::1")


def test_guesses_are_forgotten(books: Books) -> None:
    for _ in range(40):
        books.lets_in(password=WRONG, address=STRANGER)
    books.world.clock.advance(HOUR)
    for _ in range(guard.FREE_OF_ADDRESS - 1):
        assert not books.lets_in(password=WRONG, address=STRANGER)
    assert books.lets_in(address=STRANGER)
    counters = [item for item in books.world.store.all_items() if item.sk.startswith("WRONG")]
    assert counters
    assert all(item.expires_at for item in counters)


def test_two_guesses_at_the_same_moment_are_both_counted(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []

    def meanwhile(effect: Any) -> None:
        if effect.operation == "write" and not seen:
            seen.append(effect)
            books.lets_in(password=WRONG, address=STRANGER)

    monkeypatch.setattr(books.world.store, "before", meanwhile)
    books.lets_in(password=WRONG, address=STRANGER)
    assert counted(books, STRANGER) == 2


def test_the_login_of_a_connection_that_is_gone_lets_nobody_in(books: Books) -> None:
    item = next(item for item in books.world.store.all_items() if item.sk == "LOGIN" and "LOGIN#" in item.pk)
    books.world.store.write([Put(Item(item.pk, item.sk, {**item.body, "connection": "gone"}), guarded=False)])
    assert not books.lets_in()


@pytest.mark.parametrize("user", ["", "a b", "x" * 65, "é", "a#b", "../x", "a\nb"])
def test_a_user_name_that_cannot_be_is_refused_without_a_trace(books: Books, user: str) -> None:
    before = books.world.store.all_items()
    assert books.say("authenticate", strUserName=user, strPassword=books.password) == ["", "nvu"]
    assert books.world.store.all_items() == before


def test_a_password_may_be_anything_and_must_be_all_of_it(books: Books) -> None:
    for password in ("", books.password[:-1], books.password + "x", "é" * 300, books.password.swapcase()):
        books.world.clock.advance(HOUR)
        assert books.say("authenticate", strUserName=books.user, strPassword=password) == ["", "nvu"]


# ---------------------------------------------------------------------------------------------- secrets


def test_the_password_is_in_no_log_and_nowhere_in_the_table(books: Books, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    books.authenticate()
    books.authenticate(password=WRONG)
    told = caplog.text + repr([vars(record) for record in caplog.records])
    stored = repr([(item.pk, item.sk, item.body, item.blob) for item in books.world.store.all_items()])
    for secret in (books.password, WRONG):
        assert secret not in told
        assert secret not in stored
    assert [vars(record)["answered"] for record in caplog.records if "answered" in vars(record)] == ["none", "nvu"]
