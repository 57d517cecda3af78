"""A FreshBooks business is connected through the browser, and stays connected, whatever dies on the way.

The consent is a person's: each use of its refresh token ends it, and all connections of that person share it.
"""

from __future__ import annotations

import base64
import hashlib
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from werkzeug.wrappers import Response

from chalicelib.engine.errors import ConnectorError, LockedOut, TryAgain
from chalicelib.engine.grants import Grants
from chalicelib.engine.ports import HttpRequest
from chalicelib.entry import oauth
from chalicelib.entry.keys import Caller
from chalicelib.systems.freshbooks.auth import SCOPES, renewal
from chalicelib.systems.freshbooks.client import CATEGORIES, Client
from chalicelib.systems.freshbooks.door import FreshBooksDoor
from simulator.memory.watch import Effect
from simulator.world import Died
from tests.freshbooks_world import SERVICE, FreshBooksWorld
from tests.studio import Studio
from tests.unit.systems.freshbooks_desk import Desk, a_bill, careful, desk, member, said, tokens

OTHER = "7Cother"
BOTH = [member(), member(OTHER, name="Second Shop")]


def renewals(around: Desk) -> int:
    return sum("oauth" in one.path for one in around.books.asked)


def let_expire(around: Desk) -> None:
    around.books.access_tokens = set()


# ---------------------------------------------------------------------------------------------- renewing


def test_a_renewal_is_saved_before_its_first_use() -> None:
    around = desk()
    let_expire(around)
    Client(around.line).page(CATEGORIES, 1)
    fresh = Grants(around.store, around.vault, around.clock)
    assert Client(around.sibling(grants=fresh)).page(CATEGORIES, 1) is not None
    assert renewals(around) == 1, "another worker goes on with what was saved"


def test_an_answer_that_was_lost_is_asked_for_once_more_and_then_a_person_is() -> None:
    around = desk()
    let_expire(around)
    around.books.lose_tokens = 1
    with pytest.raises(LockedOut) as trouble:
        Client(around.line).page(CATEGORIES, 1)
    assert renewals(around) == 2
    assert "mlc connect books" in trouble.value.fix
    careful(trouble.value)


@pytest.mark.parametrize("said_", [{"access_token": "AT9"}, {"refresh_token": "RT9"}, {}, {"access_token": 7}])
def test_half_an_answer_never_replaces_what_is_stored(said_: dict[str, Any]) -> None:
    around = desk()
    let_expire(around)
    around.books.token_answers = [said(said_), said(said_)]
    with pytest.raises(TryAgain):
        Client(around.line).page(CATEGORIES, 1)
    Client(around.line).page(CATEGORIES, 1)
    assert renewals(around) == 3


@pytest.mark.parametrize("answer", [said({"error": "server_error"}, 500), Response("<html>", 502)])
def test_an_outage_of_the_sign_in_is_asked_again_once_and_then_waited_out(answer: Response) -> None:
    around = desk()
    let_expire(around)
    around.books.token_answers = [answer, answer]
    with pytest.raises(TryAgain) as trouble:
        Client(around.line).page(CATEGORIES, 1)
    assert not trouble.value.counts and renewals(around) == 2
    Client(around.line).page(CATEGORIES, 1)


def test_a_throttle_of_the_sign_in_is_waited_out_as_long_as_it_says() -> None:
    around = desk()
    let_expire(around)
    around.books.token_answers = [said({"error": "slow_down"}, 429, Retry_After="40")]
    with pytest.raises(TryAgain) as trouble:
        Client(around.line).page(CATEGORIES, 1)
    assert trouble.value.after == 40 and renewals(around) == 1


def test_a_refresh_token_that_somebody_else_spent_locks_out_and_names_the_way_back() -> None:
    around = desk()
    let_expire(around)
    around.books.refresh_token = "spent by another program"
    with pytest.raises(LockedOut) as trouble:
        Client(around.line).page(CATEGORIES, 1)
    assert renewals(around) == 1
    careful(trouble.value)


def test_a_wrong_client_secret_is_told_as_that() -> None:
    around = desk()
    let_expire(around)
    around.vault.secrets[around.line.connection.secret_name]["client_secret"] = "wr0ng"
    with pytest.raises(LockedOut) as trouble:
        Client(around.sibling()).page(CATEGORIES, 1)
    assert "client secret" in trouble.value.fix and "mlc apply" in trouble.value.fix


def test_the_life_of_access_begins_when_it_was_made_and_is_renewed_half_an_hour_before_its_end() -> None:
    around = desk()
    let_expire(around)
    made = int(around.clock.now().timestamp()) - 3600
    around.books.token_answers = [said(tokens("AT1", "RT1", created_at=made))]
    around.books.access_tokens, around.books.refresh_token = {"AT1"}, "RT1"
    Client(around.line).page(CATEGORIES, 1)
    for hours, wanted in ((10.4, 1), (10.6, 2)):
        around.clock.advance(to=datetime.fromtimestamp(made, tz=around.clock.now().tzinfo) + timedelta(hours=1 + hours))
        Client(around.sibling()).page(CATEGORIES, 1)
        assert renewals(around) == wanted, hours


def test_a_beginning_that_lies_too_far_back_does_not_spend_a_token_with_every_call() -> None:
    around = desk()
    let_expire(around)
    old = int(around.clock.now().timestamp()) - 43_100
    around.books.token_answers = [said(tokens("AT1", "RT1", created_at=old, expires_in=43_199))]
    around.books.access_tokens, around.books.refresh_token = {"AT1"}, "RT1"
    for _ in range(3):
        Client(around.sibling()).page(CATEGORIES, 1)
    assert renewals(around) == 1


# ---------------------------------------------------------------------------------------------- consenting


def test_the_link_asks_for_every_scope_and_nothing_that_fails_the_whole_consent() -> None:
    world = FreshBooksWorld({"acme": "6BApk"})
    offer = oauth.offer(world.engine, Caller(tenant="acme", role="admin", name="admin", key="admin"), "books", SERVICE)
    parts = urlsplit(str(offer["url"]))
    asked = parse_qs(parts.query)
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == "https://auth.freshbooks.com/oauth/authorize"
    assert asked["redirect_uri"] == [f"{SERVICE}/oauth/freshbooks/callback"]
    assert asked["response_type"] == ["code"] and asked["client_id"] == ["fb-app"]
    assert asked["scope"] == [" ".join(SCOPES)]
    assert not {"user:profile:write", "user:notifications:write", "user:reports:write"} & set(SCOPES)


def test_a_code_is_worth_nothing_without_the_secret_that_its_link_was_made_with() -> None:
    world = FreshBooksWorld({"acme": "6BApk"})
    offers = [offer_of(world) for _ in range(2)]
    assert {asked["code_challenge_method"][0] for asked in offers} == {"S256"}
    assert offers[0]["code_challenge"] != offers[1]["code_challenge"]
    oauth.come_back(world.engine, "freshbooks", {"state": offers[0]["state"], "code": [world.books.consent("C1")]})
    lying = str([(item.body, item.blob) for item in world.store.all_items()])
    world.until_quiet()
    (sent,) = [parse_qs(one.get_data(as_text=True)) for one in world.books.asked if one.path == "/auth/oauth/token"]
    (verifier,) = sent["code_verifier"]
    digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    assert [digest] == offers[0]["code_challenge"] and 43 <= len(verifier) <= 128
    assert verifier not in lying + str([item.body for item in world.store.all_items()])
    item = oauth.look(world.engine, oauth.hashed(offers[0]["state"][0]))
    assert item is not None and item.body["verifier"] == "" and item.blob is None


@pytest.mark.parametrize(("stolen", "state"), [(False, "found"), (True, "refused")])
def test_the_vendor_takes_the_code_from_whoever_made_its_link_alone(*, stolen: bool, state: str) -> None:
    studio = Studio()
    links = [studio.office.call("POST", "/connections/books/connect") for _ in range(2)]
    came = [
        parse_qs(urlsplit(studio.http.send(HttpRequest("GET", one["url"])).headers["location"]).query) for one in links
    ]
    code = came[1]["code"] if stolen else came[0]["code"]
    oauth.come_back(studio.engine, "freshbooks", {"state": came[0]["state"], "code": code})
    studio.until_quiet()
    told = studio.office.call("GET", f"/connections/books/connect/{links[0]['id']}")
    assert told["state"] == state, told


def offer_of(world: FreshBooksWorld) -> dict[str, list[str]]:
    caller = Caller(tenant="acme", role="admin", name="admin", key="admin")
    return parse_qs(urlsplit(str(oauth.offer(world.engine, caller, "books", SERVICE)["url"])).query)


def test_a_business_is_read_once_a_person_consented_and_confirmed_it() -> None:
    world = FreshBooksWorld({"acme": "6BApk"})
    world.books.tables["bills/bills"]["1"] = a_bill(1)
    world.cycle("acme", "books_to_paper")
    assert (world.health(), world.books.asked) == ("needs_consent", [])
    told = world.consent(confirm=False)
    assert (told["state"], told["company"]) == ("found", {"id": "6BApk", "name": "Maple Books"})
    assert not [call for call in world.books.calls() if "/accounting/" in call], "nothing is read before"
    world.consent()
    world.cycle("acme", "books_to_paper")
    assert set(world.sheets("bill")) == {"1"} and world.health() == "ok"


def test_two_businesses_of_one_person_share_one_access() -> None:
    world = FreshBooksWorld({"acme": "6BApk"})
    world.books.businesses = BOTH
    world.add_books("acme", "second", OTHER)
    world.consent()
    world.consent(name="second")
    assert world.connection().holder == world.connection(name="second").holder == "fb-app#12345"
    grants = [item.pk for item in world.store.all_items() if item.sk == "GRANT"]
    assert grants == ["G#freshbooks#production#fb-app#12345"]
    for name in ("books", "second"):
        Client(world.engine.line(world.connection(name=name))).read("/auth/api/v1/users/me")


def test_the_same_person_at_a_second_customer_is_refused_and_the_first_one_stays_connected() -> None:
    world = FreshBooksWorld({"acme": "6BApk", "other": OTHER})
    world.books.businesses = BOTH
    world.consent()
    told = world.consent("other")
    assert told["state"] == "refused"
    assert "another customer" in str(told["message"]) and "another person" in str(told["fix"])
    assert not world.connection("other").holder
    world.books.tables["bills/bills"]["1"] = a_bill(1)
    world.cycle("acme", "books_to_paper")
    assert set(world.sheets("bill")) == {"1"}, "the newer access of the same person serves the first customer"
    assert world.health() == "ok"


def test_one_person_at_two_customers_with_an_app_each_is_refused_too() -> None:
    world = FreshBooksWorld({"acme": "6BApk", "other": OTHER})
    world.books.businesses = BOTH
    world.consent()
    world.books.clients["other-app"] = "s3cr3t-of-app"
    world.add_books("other", "books", OTHER, client="other-app")
    assert world.consent("other")["state"] == "refused"


def test_an_account_that_the_person_has_no_part_in_is_refused_with_those_they_have() -> None:
    world = FreshBooksWorld({"acme": "unknown"})
    world.books.businesses = [*BOTH, member(None, name="As a client")]
    told = world.consent()
    assert told["state"] == "refused"
    assert "Maple Books (6BApk), Second Shop (7Cother)" in str(told["message"])
    assert "As a client" not in str(told["message"])
    assert "`account`" in str(told["fix"])


@pytest.mark.parametrize("role", ["business_employee", "contractor", "client", ""])
def test_whoever_does_not_see_the_books_cannot_connect_them(role: str) -> None:
    world = FreshBooksWorld({"acme": "6BApk"})
    world.books.businesses = [member(role=role)]
    told = world.consent()
    assert told["state"] == "refused" and "owner or an admin" in str(told["fix"])


def test_a_refused_consent_of_the_same_person_ends_no_access_that_serves() -> None:
    world = FreshBooksWorld({"acme": "6BApk"})
    world.consent()
    world.add_books("acme", "second", "unknown")
    assert world.consent(name="second")["state"] == "refused"
    assert FreshBooksDoor(world.engine.line(world.connection())).company().id == "6BApk"
    assert Client(world.engine.line(world.connection())).page(CATEGORIES, 1)
    assert world.health() == "ok"


def test_who_is_behind_the_connection_is_asked_once_a_day_and_that_it_works_each_time() -> None:
    world = FreshBooksWorld({"acme": "6BApk"})
    world.consent()
    world.books.asked.clear()
    for _ in range(5):
        FreshBooksDoor(world.engine.line(world.connection())).company()
    asked = world.books.calls()
    assert sum("users/me" in call for call in asked) <= 1
    assert sum("expenses/categories" in call for call in asked) >= 4
    world.books.access_tokens, world.books.refresh_token = set(), "revoked"
    with pytest.raises(LockedOut):
        FreshBooksDoor(world.engine.line(world.connection())).company()


def test_dying_anywhere_between_a_renewal_and_its_saving_leaves_access_or_says_who_must_reconnect() -> None:
    """Every effect of a renewal is a place to die; the next worker goes on, or names the way back."""
    place, deaths = 0, 0
    while True:
        world = FreshBooksWorld({"acme": "6BApk"})
        world.consent()
        world.books.access_tokens = set()
        spent = world.books.refresh_token
        if not _dies(world, place):
            break
        deaths += 1
        world.died()
        world.clock.advance(61)
        try:
            Client(world.engine.line(world.connection())).page(CATEGORIES, 1)
            lives = True
        except LockedOut as lockout:
            assert "mlc connect books" in lockout.fix
            lives = False
        except ConnectorError:
            pytest.fail("neither alive nor told")
        assert lives or world.books.refresh_token != spent, "locked out though the token was never used"
        if not lives:
            assert world.consent()["state"] == "connected"
            assert Client(world.engine.line(world.connection())).page(CATEGORIES, 1)
        place += 1
    assert deaths >= 4


def _dies(world: FreshBooksWorld, place: int) -> bool:
    """Let one call die before or after its effect of that number; False when there is none of that number."""
    count = 0

    def kill(effect: Effect) -> None:
        nonlocal count
        count += 1
        if count == place + 1:
            raise Died

    ports = (world.http, world.store)
    for port in ports:
        port.before = port.after = kill
    try:
        Client(world.engine.line(world.connection())).page(CATEGORIES, 1)
    except Died:
        return True
    finally:
        for port in ports:
            port.before = port.after = None
    return False


def test_a_grant_is_renewed_by_one_worker_at_a_time() -> None:
    around = desk()
    let_expire(around)
    other = Grants(around.store, around.vault, around.clock)
    waited: list[str] = []

    def meanwhile() -> None:
        if not waited:
            with pytest.raises(TryAgain) as trouble:
                around.sibling(grants=other).access_token(renewal(around.line), rejected="AT0")
            waited.append(trouble.value.message)

    around.books.on_token = meanwhile
    Client(around.line).page(CATEGORIES, 1)
    assert waited and renewals(around) == 1
    Client(around.sibling(grants=other)).page(CATEGORIES, 1)
    assert renewals(around) == 1
