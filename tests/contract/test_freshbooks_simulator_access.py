"""The simulated login server of FreshBooks: one living refresh token per person, whose death is final."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from simulator.faults import ConnectionDropped
from simulator.systems.freshbooks.oauth import challenge_of
from tests.contract.freshbooks_site import ACCOUNT, APP, REDIRECT, Site, lacks, sample

ME = "/auth/api/v1/users/me"
ASKED = {"client_id": APP["client_id"], "response_type": "code", "redirect_uri": REDIRECT, "state": "s1"}


@pytest.fixture
def site() -> Site:
    return Site()


def authorize(site: Site, path: str = "/oauth/authorize", **changes: str) -> dict[str, str]:
    """What the browser brings back."""
    answer = site.client.get(path, query_string={**ASKED, "scope": "user:bills:read", **changes})
    assert answer.status_code == 302, answer.text
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["Location"]).query).items()}


def exchange(site: Site, code: str, **changes: str) -> Any:
    return site.token(**{"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT, **changes})


# ---------------------------------------------------------------------- consent


@pytest.mark.parametrize("path", ["/oauth/authorize", "/oauth/authorize/", "/service/auth/oauth/authorize"])
def test_a_consent_brings_tokens_once(site: Site, path: str) -> None:
    back = authorize(site, path)
    assert back["state"] == "s1"
    first = exchange(site, back["code"])
    assert set(first.json) == set(sample("oauth_token_rotated.json"))
    assert first.json["scope"] == "user:bills:read user:profile:read"
    assert len(first.json["access_token"]) > 900
    assert (first.json["expires_in"], first.json["created_at"]) == (43_200, int(site.clock.now().timestamp()))
    again = exchange(site, back["code"])
    assert (again.status_code, again.json["error"]) == (400, "invalid_grant")


def test_a_code_lives_five_minutes(site: Site) -> None:
    code = authorize(site)["code"]
    site.clock.advance(301)
    assert exchange(site, code).json["error"] == "invalid_grant"


def test_the_code_needs_its_own_verifier(site: Site) -> None:
    code = authorize(site, code_challenge=challenge_of("right"), code_challenge_method="S256")["code"]
    assert exchange(site, code, code_verifier="wrong").json["error"] == "invalid_grant"
    assert exchange(site, code, code_verifier="right").status_code == 200


@pytest.mark.parametrize("scope", ["user:profile:write", "user:nothing:read", "profile"])
def test_one_unknown_scope_fails_the_whole_consent(site: Site, scope: str) -> None:
    back = authorize(site, scope=f"user:bills:read {scope}")
    assert (back["error"], "code" in back) == ("invalid_scope", False)
    assert len(site.mistakes()) == 1


def test_a_scope_that_is_not_enabled_fails_alike() -> None:
    site = Site(scopes=["user:profile:read"])
    assert authorize(site)["error"] == "invalid_scope"


def test_the_person_may_say_no(site: Site) -> None:
    site.sim.backstage_switch("refuse_consent", True)
    assert authorize(site)["error"] == "access_denied"
    assert site.mistakes() == []


@pytest.mark.parametrize("uri", ["https://mlc.example/connect?tenant=1", "http://mlc.example/connect", ""])
def test_a_redirect_address_is_https_and_has_no_query(site: Site, uri: str) -> None:
    answer = site.client.get("/oauth/authorize", query_string={**ASKED, "redirect_uri": uri})
    assert answer.status_code == 400
    assert len(site.mistakes()) == 1


def test_only_a_registered_redirect_address_is_taken() -> None:
    site = Site(redirect_uris=[REDIRECT])
    assert "code" in authorize(site)
    answer = site.client.get("/oauth/authorize", query_string={**ASKED, "redirect_uri": REDIRECT + "/"})
    assert answer.status_code == 400


def test_the_page_offers_everybody_who_may_log_in(site: Site) -> None:
    site.sim.backstage_add_identity("second@tidewater.example.test")
    site.sim.backstage_switch("auto_consent", False)
    page = site.client.get("/oauth/authorize", query_string={**ASKED, "scope": "user:bills:read"})
    assert "second@tidewater.example.test" in page.text
    assert "code" in authorize(site, _identity="1235")


# ---------------------------------------------------------------------- refresh


def test_a_refresh_token_works_once(site: Site) -> None:
    old = site.tokens["refresh_token"]
    new = site.refresh(old).json["refresh_token"]
    again = site.refresh(old)
    assert (again.status_code, again.json["error"]) == (400, "invalid_grant")
    assert site.refresh(new).status_code == 200
    grant = site.sim.backstage_grant_of()
    assert (grant["refreshes"], grant["refused_refreshes"]) == (2, 1)


def test_a_lost_answer_to_a_refresh_loses_the_grant(site: Site) -> None:
    site.sim.backstage_fault("drop_after", "/auth/oauth/token")
    with pytest.raises(ConnectionDropped):
        site.refresh(site.tokens["refresh_token"])
    assert site.refresh(site.tokens["refresh_token"]).json["error"] == "invalid_grant"
    site.tokens = site.sim.backstage_grant()
    assert site.call("GET", ME).status_code == 200


def test_a_refresh_that_never_arrived_can_be_repeated(site: Site) -> None:
    site.sim.backstage_fault("drop_before", "/auth/oauth/token")
    with pytest.raises(ConnectionDropped):
        site.refresh(site.tokens["refresh_token"])
    assert site.refresh(site.tokens["refresh_token"]).status_code == 200


def test_a_second_consent_of_the_same_person_ends_the_first(site: Site) -> None:
    first = site.tokens
    second = site.sim.backstage_grant()
    assert site.refresh(first["refresh_token"]).json["error"] == "invalid_grant"
    assert site.call("GET", ME).status_code == 401
    assert site.refresh(second["refresh_token"]).status_code == 200


def test_two_people_do_not_end_each_other(site: Site) -> None:
    other = site.sim.backstage_add_identity("second@tidewater.example.test")["id"]
    site.sim.backstage_grant(other)
    assert site.refresh(site.tokens["refresh_token"]).status_code == 200


def test_life_counts_from_created_at(site: Site) -> None:
    site.sim.backstage_switch("refresh_keeps_created_at", True)
    site.clock.advance(43_000)
    tokens = site.refresh(site.tokens["refresh_token"]).json
    assert (tokens["created_at"], tokens["expires_in"]) == (site.tokens["created_at"], 43_199)
    site.tokens = tokens
    assert site.call("GET", ME).status_code == 200
    site.clock.advance(300)
    assert site.call("GET", ME).status_code == 401


def test_a_token_ends_after_twelve_hours(site: Site) -> None:
    site.clock.advance(43_200)
    answer = site.call("GET", site.books("bills/bills?per_page=100"))
    assert (answer.status_code, answer.json) == (401, sample("error_auth_401.json"))
    events = site.call("GET", f"/events/account/{ACCOUNT}/events/callbacks?per_page=100")
    assert (events.status_code, events.json) == (401, sample("error_events_401.json"))
    assert site.mistakes() == []


def test_tokens_can_expire_in_the_middle_of_a_run(site: Site) -> None:
    site.sim.backstage_fault("expire_token", "bills", skip=1)
    path = site.books("bills/bills?per_page=100")
    assert [site.call("GET", path).status_code for _ in range(2)] == [200, 401]


def test_revoking_ends_the_access_at_once(site: Site) -> None:
    answer = site.client.post("/auth/oauth/revoke", json={**APP, "token": site.tokens["refresh_token"]})
    assert (answer.status_code, answer.json) == (200, {})
    assert site.call("GET", ME).status_code == 401
    assert site.refresh(site.tokens["refresh_token"]).json["error"] == "invalid_grant"


def test_the_twin_address_and_json_are_taken_too(site: Site) -> None:
    body = {**APP, "grant_type": "refresh_token", "refresh_token": site.tokens["refresh_token"]}
    assert site.client.post("/service/auth/oauth/token", json=body).status_code == 200


def test_the_secret_is_always_needed(site: Site) -> None:
    body = {"client_id": APP["client_id"], "grant_type": "refresh_token", "refresh_token": site.tokens["refresh_token"]}
    answer = site.client.post("/auth/oauth/token", data=body)
    assert (answer.status_code, (answer.json or {})["error"]) == (401, "invalid_client")
    assert site.refresh(site.tokens["refresh_token"]).status_code == 200


# ---------------------------------------------------------------------- who we are


def test_one_login_opens_two_businesses(site: Site) -> None:
    site.sim.backstage_add_business("zDmNq", "Second Studio")
    shown = site.call("GET", ME).json
    wanted = sample("identity_me.json")["response"]
    for name in ("groups", "phone_numbers", "addresses", "profession"):
        del wanted[name]
    wanted["profile"], wanted["links"], wanted["roles"], wanted["permissions"] = {}, {}, [], {}
    wanted["subscription_statuses"] = {ACCOUNT: "active"}
    for membership in wanted["business_memberships"]:
        membership["business"] |= {"address": None, "phone_number": None, "business_clients": []}
    assert lacks(shown["response"], wanted) == []
    memberships = shown["response"]["business_memberships"]
    assert [one["business"]["account_id"] for one in memberships] == [ACCOUNT, "zDmNq"]
    assert all(one["id"] != one["business"]["id"] for one in memberships)


def test_a_client_has_no_account(site: Site) -> None:
    site.sim.backstage_set_role(1234, ACCOUNT, "client")
    (membership,) = site.call("GET", ME).json["response"]["business_memberships"]
    assert membership["business"]["account_id"] is None


def test_asking_who_we_are_is_counted(site: Site) -> None:
    answers = [site.call("GET", ME) for _ in range(21)]
    assert [answer.status_code for answer in answers[18:]] == [200, 200, 429]
    last = answers[19].headers
    assert (last["X-RateLimit-Limit"], last["X-RateLimit-Remaining"], last["Retry-After"]) == ("20", "0", "60")
    site.clock.advance(61)
    assert site.call("GET", ME).status_code == 200


def test_a_business_or_membership_id_opens_no_books(site: Site) -> None:
    account = site.sim.accounts[ACCOUNT]
    for wrong in (account.business_id, account.business_id + 100_000, ACCOUNT.lower()):
        assert site.errors("GET", f"/accounting/account/{wrong}/bills/bills?per_page=100") == (404, [1012])


def test_somebody_elses_books_stay_closed(site: Site) -> None:
    other = site.sim.backstage_add_identity("second@tidewater.example.test")["id"]
    site.sim.backstage_add_business("zDmNq", "Other Studio", other)
    assert site.errors("GET", "/accounting/account/zDmNq/bills/bills?per_page=100") == (403, [1003])


def test_a_scope_is_asked_of_every_call(site: Site) -> None:
    site.tokens = site.sim.backstage_grant(scopes="user:profile:read user:expenses:read")
    assert site.errors("GET", "bills/bills?per_page=100") == (403, [1003])
    assert site.errors("POST", "expenses/expenses", site.expense()) == (403, [1003])
    assert site.call("GET", site.books("expenses/expenses?per_page=100")).status_code == 200


# ---------------------------------------------------------------------- the shapes of a refusal


def test_a_refusal_may_come_with_status_200_and_as_one_object(site: Site) -> None:
    path = site.books("bills/bills/12345?include[]=vendor")
    answer = site.call("GET", path)
    assert answer.status_code == 404
    assert set(answer.json["response"]["errors"][0]) == set(
        sample("error_accounting_404.json")["response"]["errors"][0]
    )
    site.sim.backstage_switch("errors_as_200", True)
    site.sim.backstage_switch("errors_as_object", True)
    answer = site.call("GET", path)
    assert (answer.status_code, answer.json["response"]["errors"]["errno"]) == (200, 1012)


def test_a_version_header_changes_the_shape(site: Site) -> None:
    answer = site.call("GET", site.books("bills/bills/123432"), X_API_VERSION="2023-02-20")
    wanted = sample("error_accounting_new_style.json")
    assert lacks(answer.json, wanted) == []
    assert (answer.json["code"], answer.json["message"]) == (wanted["code"], wanted["message"])
    assert answer.json["details"][0]["reason"] == "1012"


def test_the_projects_family_is_not_ours(site: Site) -> None:
    answer = site.call("GET", "/projects/business/6543/projects")
    assert (answer.status_code, list(answer.json)) == (404, ["message"])
    assert len(site.mistakes()) == 1


def test_a_wait_may_be_named_as_a_date(site: Site) -> None:
    site.sim.backstage_switch("retry_after_as_date", True)
    site.sim.backstage_fault("throttle")
    answer = site.call("GET", site.books("bills/bills?per_page=100"))
    assert answer.headers["Retry-After"] == "Mon, 02 Mar 2026 17:00:30 GMT"


def test_a_limit_can_be_set(site: Site) -> None:
    site.sim.backstage_switch("calls_per_minute", 2)
    path = site.books("bills/bills?per_page=100")
    assert [site.call("GET", path).status_code for _ in range(3)] == [200, 200, 429]
