"""A company is connected through the browser, stays connected, and is never mixed up with another."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from chalicelib.engine import setup as setups
from chalicelib.engine.ports import Put
from chalicelib.engine.records import Company as Found
from chalicelib.entry import keys
from simulator.company import APP, FLOW, Company
from tests.flows.consenting import Consenting, token, waiting


def _other_company(customer: Consenting, realm: str = "9130999", name: str = "Other Ltd") -> str:
    customer.company.books.backstage_add_company(realm, name, chart=False)
    return realm


# ---------------------------------------------------------------------------------------------- the way in


def test_a_connection_without_consent_runs_nothing_and_uses_up_no_tries() -> None:
    customer = Consenting()
    bill = customer.company.bill(customer.company.vendor("Northwind"))
    calls = len(customer.company.books.faults.calls)
    for _ in range(3):
        customer.run()
    assert customer.health() == "needs_consent"
    assert "`mlc connect books`" in customer.books()["health"]["fix"]
    assert len(customer.company.books.faults.calls) == calls
    assert all(head.attempts == 0 for head in customer.company.heads())
    customer.connect()
    customer.confirm()
    customer.run()
    assert customer.company.head(bill).state == "done"
    customer.company.assert_once([bill])


def test_the_link_asks_for_what_is_needed_and_its_state_lies_nowhere() -> None:
    customer = Consenting()
    link = customer.link()
    parts = urlsplit(link["url"])
    asked = parse_qs(parts.query)
    assert (parts.scheme, parts.netloc, parts.path) == ("https", "appcenter.intuit.com", "/connect/oauth2")
    assert asked["redirect_uri"] == ["http://127.0.0.1:8321/oauth/quickbooks_online/callback"]
    assert asked["client_id"] == [APP["client_id"]]
    assert len(asked["state"][0]) >= 22
    assert asked["state"][0] not in str(customer.world.store.all_items())
    assert asked["state"][0] not in customer.link()["url"]


def test_the_company_that_was_found_is_used_only_after_a_person_confirms_it() -> None:
    customer = Consenting(state="rehearsing")
    customer.company.bill(customer.company.vendor("Northwind"))
    page = customer.connect()
    assert "acme books (9130001)" in page
    assert (customer.books()["found"]["name"], customer.books()["company"]) == ("acme books", None)
    assert customer.health() == "unconfirmed"
    calls = len(customer.company.books.faults.calls)
    customer.run()
    customer.call("POST", f"/flows/{FLOW}/start")
    customer.call("POST", "/connections/books/ping")
    customer.work()
    assert customer.call("GET", f"/flows/{FLOW}")["state"] == "rehearsing"
    assert len(customer.company.books.faults.calls) == calls, "it was used before it was confirmed"
    status, _ = customer.ask("POST", "/connections/books/confirm", {"company": "77"})
    assert status == 409
    customer.confirm()
    assert (customer.health(), customer.books()["company"]["name"]) == ("ok", "acme books")
    customer.call("POST", f"/flows/{FLOW}/start")
    customer.run()
    assert len(customer.company.ours()) == 1


def test_the_pages_own_button_confirms_and_nothing_else_does() -> None:
    customer = Consenting()
    at = customer.consent()
    assert "One moment" in customer.page(at)[1]
    customer.work()
    page = customer.page(at)[1]
    for body in (b"", b"token=", b"token=" + b"0" * 64, b"token=\xff", f"token={token(page)}&token=x".encode()):
        assert customer.page(at, method="POST", body=body)[0] == 400
        assert customer.books()["company"] is None
    for _ in range(2):
        assert customer.page(at, method="POST", body=f"token={token(page)}".encode())[0] == 303
    assert customer.books()["company"]["id"] == customer.company.realm
    assert "Connected" in customer.page(at)[1]
    assert "token" not in customer.page(at)[1]


def test_a_company_that_the_file_names_needs_no_confirmation() -> None:
    customer = Consenting()
    known = customer.call("GET", "/export")["config"]["connections"]["books"]
    customer.call("POST", "/apply", {"config": {"connections": {"books": {**known, "company": "ACME Books"}}}})
    assert "is connected to acme books (9130001)" in customer.connect()
    assert customer.health() == "ok"


def test_a_company_other_than_the_file_names_is_refused() -> None:
    customer = Consenting()
    known = customer.call("GET", "/export")["config"]["connections"]["books"]
    customer.call("POST", "/apply", {"config": {"connections": {"books": {**known, "company": "Globex"}}}})
    page = customer.connect()
    assert "Another company was chosen (acme books (9130001)); books is set up for Globex" in page
    assert (customer.books()["found"], customer.books()["company"]) == (None, None)
    assert customer.health() == "needs_consent"


# ---------------------------------------------------------------------------------------------- refusals


def test_a_sign_in_that_was_declined_connects_nothing() -> None:
    customer = Consenting()
    customer.company.books.backstage_switch("refuse_consent", True)
    status, page = customer.open(customer.sign_in(customer.link()["url"]))
    assert status == 200
    page = customer.page(waiting(page))[1]
    assert "declined" in page
    assert "mlc connect books" in page
    assert customer.token_calls() == 0


def test_another_company_is_refused_and_the_old_access_stays() -> None:
    customer = Consenting()
    customer.connect()
    customer.confirm()
    other, calls, before = _other_company(customer), customer.token_calls(), customer.grants()
    at = customer.consent(other)
    customer.work()
    assert "Another company was chosen (9130999); books is set up for 9130001" in customer.page(at)[1]
    assert (customer.token_calls(), customer.grants()) == (calls, before)
    bill = customer.company.bill(customer.company.vendor("Northwind"))
    customer.run()
    customer.company.assert_once([bill])


def test_a_company_forged_in_the_address_never_takes_the_place_of_the_right_one() -> None:
    customer = Consenting()
    customer.connect()
    customer.confirm()
    before = {item.pk: item.blob for item in customer.grants()}
    at = customer.consent(_other_company(customer), realmId=customer.company.realm)
    customer.work()
    assert "Not connected" in customer.page(at)[1]
    assert {item.pk: item.blob for item in customer.grants()} == before
    assert customer.health() == "ok"


HOSTILE = [
    ({}, 400),
    ({"state": ["x" * 32]}, 400),
    ({"state": ["<script>alert(1)</script>"], "code": ["x"]}, 400),
    ({"state": ["STATE", "STATE"]}, 400),
    ({"code": []}, 400),
    ({"code": [""]}, 400),
    ({"code": ["a", "b"]}, 400),
    ({"code": ["x" * 3000]}, 400),
    ({"code": ["x\r\nSet-Cookie: a=b"]}, 400),
    ({"realmId": []}, 400),
    ({"realmId": ["9130001", "9130001"]}, 400),
    ({"realmId": ["\ud800"]}, 400),
]


@pytest.mark.parametrize(("changes", "expected"), HOSTILE)
def test_a_callback_that_is_not_whole_changes_nothing_and_the_right_one_still_works(
    changes: dict[str, list[str]], expected: int
) -> None:
    customer = Consenting()
    good = customer.sign_in(customer.link()["url"])
    given = {**good, **changes} if changes else {}
    given = {name: [v.replace("STATE", good["state"][0]) for v in values] for name, values in given.items() if values}
    before = customer.world.store.all_items()
    status, page = customer.open(given)
    assert (status, customer.world.store.all_items()) == (expected, before)
    assert "mlc connect" in page
    assert "<script" not in page
    assert customer.open(good)[0] == 200


def test_a_state_works_once_for_ten_minutes_and_for_its_own_system() -> None:
    customer = Consenting()
    good = customer.sign_in(customer.link()["url"])
    assert customer.open(good, system="procurify")[0] == 400
    assert customer.open(good, system="nothing")[0] == 404
    for method in ("HEAD", "POST", "DELETE"):
        assert customer.open(good, method=method)[0] == 405
    assert customer.open(good)[0] == 200
    before = customer.world.store.all_items()
    assert customer.open(good)[0] == 400
    assert customer.world.store.all_items() == before
    revoked = customer.sign_in(customer.link()["url"])
    spare = keys.make_key(customer.world.store, customer.world.clock, "acme", "admin", "spare")
    asked_by, customer.key = customer.key, spare
    customer.call("DELETE", f"/keys/{keys.hashed(asked_by)}")
    assert customer.open(revoked)[0] == 400
    late = customer.sign_in(customer.link()["url"])
    customer.world.clock.advance(601)
    assert customer.open(late)[0] == 400
    assert customer.page("x" * 32)[0] == 404


def test_a_code_that_waited_too_long_is_never_sent() -> None:
    customer = Consenting()
    at = customer.consent()
    customer.world.clock.advance(301)
    assert "Not connected" in customer.page(at)[1]
    customer.work()
    assert customer.token_calls() == 0
    assert "waited too long" in customer.page(at)[1]


def test_what_one_customer_connects_no_other_sees() -> None:
    customer = Consenting()
    link = customer.link()
    rival = keys.make_key(customer.world.store, customer.world.clock, "rival", "admin", "theirs")
    mine, customer.key = customer.key, rival
    assert customer.ask("GET", f"/connections/books/connect/{link['id']}")[0] == 404
    assert customer.ask("POST", "/connections/books/connect")[0] == 404
    assert customer.ask("POST", "/connections/books/confirm", {"company": "9130001"})[0] == 404
    customer.key = mine
    assert customer.call("GET", f"/connections/books/connect/{link['id']}")["state"] == "offered"


def test_no_code_state_or_token_is_logged_shown_or_kept_readable(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    customer = Consenting()
    query = customer.sign_in(customer.link()["url"])
    _, first = customer.open(query)
    customer.work()
    shown = first + customer.page(waiting(first))[1]
    customer.confirm()
    kept = str(customer.world.store.all_items()) + str(customer.world.notices.published)
    secrets = [query["state"][0], query["code"][0], *_tokens(customer)]
    assert len(secrets) > 3
    assert not [item for item in customer.world.store.all_items() if item.blob and item.pk.startswith("O#")]
    assert not [grant.pk for grant in customer.grants() if "trial" in grant.pk], "kept although it was taken over"
    for secret in secrets:
        assert secret not in shown + kept + caplog.text + str(customer.call("GET", "/connections"))


def _tokens(customer: Consenting) -> list[str]:
    oauth = customer.company.books.oauth
    return [*oauth.access_tokens, *(grant.refresh_token for grant in oauth.grants)]


def test_a_companys_name_is_shown_as_text_whatever_it_holds() -> None:
    customer = Consenting()
    _other_company(customer, customer.company.realm, '<script>alert("1")</script>')
    page = customer.connect()
    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_a_system_without_a_sign_in_says_so() -> None:
    status, answer = Consenting().ask("POST", "/connections/procurify/connect")
    assert (status, "has no sign-in" in answer["detail"]) == (409, True)


# ---------------------------------------------------------------------------------------------- reconnecting


def test_after_a_reconnect_what_waited_goes_on_by_itself_and_everything_else_stays() -> None:
    customer = Consenting()
    customer.connect()
    customer.confirm()
    company = customer.company
    vendor = company.vendor("Northwind")
    first = company.bill(vendor, "10.00")
    customer.run()
    before = customer.call("GET", "/export")
    company.books.backstage_disconnect(company.realm)
    second = company.bill(vendor, "20.00")
    for _ in range(10):
        customer.run()
    assert customer.health() == "locked_out"
    assert company.head(second).attempts == 0
    assert company.head(second).state == "waiting"
    before_consent = customer.world.clock.now()
    assert "is connected to acme books" in customer.connect()
    assert customer.world.clock.now() - before_consent < timedelta(minutes=5), "what waited should go on at once"
    assert company.head(second).state == "done", "it should go on without another run"
    company.assert_once([first, second])
    assert customer.call("GET", "/export") == before


def test_the_refresh_token_may_leave_the_file_after_a_reconnect_and_the_secret_may_change() -> None:
    customer = Consenting()
    typed = customer.company.books.backstage_grant(customer.company.realm)["refresh_token"]
    customer.apply_credentials("books", {**APP, "refresh_token": typed})
    customer.work()
    customer.company.books.backstage_disconnect(customer.company.realm)
    customer.connect()
    assert customer.health() == "ok"
    customer.apply_credentials("books", APP)
    customer.work()
    assert customer.health() == "ok"
    customer.company.books.client_secret = "another"
    customer.world.clock.advance(4000)
    customer.call("POST", "/connections/books/ping")
    customer.work()
    assert customer.health() == "locked_out"
    customer.apply_credentials("books", {**APP, "client_secret": "another"})
    customer.work()
    assert customer.health() == "ok"


def test_other_credentials_do_not_confirm_what_was_found() -> None:
    customer = Consenting()
    customer.connect()
    customer.company.books.client_secret = "another"
    customer.apply_credentials("books", {**APP, "client_secret": "another"})
    customer.work()
    assert (customer.health(), customer.books()["company"]) == ("unconfirmed", None)
    customer.confirm()
    assert customer.health() == "ok"


def test_a_company_that_is_not_the_pinned_one_is_refused_even_under_the_same_setting() -> None:
    customer = Consenting()
    store = customer.world.store
    connection, version = setups.connections(store, "acme")["books"]
    pinned = replace(connection, pinned=Found(id="77", name="Globex"))
    store.write([setups.connection_put(pinned, version)])
    assert "books is set up for Globex (77)" in customer.connect()
    assert not [grant for grant in customer.grants() if grant.blob]


def test_a_typed_refresh_token_replaces_a_consent() -> None:
    customer = Consenting()
    customer.connect()
    customer.confirm()
    customer.company.books.backstage_disconnect(customer.company.realm)
    typed = customer.company.books.backstage_grant(customer.company.realm)["refresh_token"]
    customer.apply_credentials("books", {**APP, "refresh_token": typed})
    customer.work()
    assert customer.health() == "ok"


def test_a_connection_from_before_can_be_connected_once_its_credentials_are_applied_again() -> None:
    company = Company()
    customer = Consenting(world=company.world, tenant="second", realm="9130002")
    note = ("T#second", "ABOUT#books")
    item = customer.world.store.get([note])[note]
    body = {name: value for name, value in item.body.items() if name != "client"}
    customer.world.store.write([Put(replace(item, body=body))])
    status, answer = customer.ask("POST", "/connections/books/connect")
    assert (status, "mlc apply" in answer["detail"]) == (409, True)
    customer.apply_credentials("books", APP)
    assert customer.link()["url"]
