"""The Procore simulator's door: access, environments, limits, lists, refusals, and its state on disk."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
import requests
from werkzeug.test import Client

from simulator.faults import AnswerTooLate, ConnectionDropped, Kind
from simulator.systems.procore import ProcoreSimulator
from simulator.systems.serving import listen
from tests.contract.procore_site import COMPANY, CREDENTIALS, HOST, Clock, Site, made, ok, refused, said

COMPANIES = "/rest/v1.0/companies"
VENDORS = "/rest/v1.0/vendors"
CLAIMS = "/rest/v1.1/requisitions"


@pytest.fixture
def site() -> Site:
    return Site()


# ---------------------------------------------------------------------- access


def test_a_token_lives_ninety_minutes_and_says_so(site: Site) -> None:
    answer = said(site.ask_token())
    assert (answer["token_type"], answer["expires_in"]) == ("bearer", 5400)
    assert answer["created_at"] == int(site.clock.now.timestamp())
    assert "refresh_token" not in answer
    site.headers["Authorization"] = f"Bearer {answer['access_token']}"
    site.clock.pass_(seconds=5399)
    assert site.call("GET", COMPANIES).status_code == 200
    site.clock.pass_(seconds=1)
    assert refused(site.call("GET", COMPANIES), 401) == "The access token is invalid"
    assert site.mistakes() == []


@pytest.mark.parametrize("how", ["data", "json"])
def test_credentials_are_taken_as_a_form_and_as_json(site: Site, how: str) -> None:
    body: dict[str, Any] = {how: {"grant_type": "client_credentials", **CREDENTIALS}}
    assert site.client.post("/oauth/token", base_url=HOST, **body).status_code == 200


def test_wrong_credentials_are_refused_in_the_words_of_oauth(site: Site) -> None:
    answer = site.ask_token(client_secret="another")
    assert (answer.status_code, said(answer)["error"]) == (401, "invalid_client")
    answer = site.ask_token(grant_type="refresh_token")
    assert (answer.status_code, said(answer)["error"]) == (400, "unsupported_grant_type")
    assert site.mistakes() == ["the grant type is not client_credentials"]


def test_whoever_asks_for_tokens_without_end_makes_a_mistake(site: Site) -> None:
    for _ in range(40):
        site.token()
    assert set(site.mistakes()) == {"asks for tokens instead of keeping the one it has"}


def test_a_token_tells_about_itself_and_can_be_revoked(site: Site) -> None:
    token = site.headers["Authorization"].split()[1]
    about = site.client.get("/oauth/token/info", headers=site.headers, base_url=HOST)
    assert said(about)["application"]["uid"] == "procore-app"
    for each in (token, "unknown"):
        form = {"token": each, **CREDENTIALS}
        assert site.client.post("/oauth/revoke", data=form, base_url=HOST).status_code == 200
    assert site.call("GET", COMPANIES).status_code == 401


def test_every_call_needs_the_company_header(site: Site) -> None:
    del site.headers["Procore-Company-Id"]
    assert refused(site.call("GET", VENDORS, company_id=COMPANY), 400).startswith("Missing Procore-Company-Id header!")
    assert site.mistakes() == ["the header Procore-Company-Id is missing"]


def test_the_header_and_the_company_of_the_call_are_one(site: Site) -> None:
    other = site.sim.backstage_add_company("Beta Builders")["id"]
    refused(site.call("GET", VENDORS, company_id=other), 403)
    body = {"company_id": other, "vendor": {"name": "Northshore"}}
    refused(site.call("POST", VENDORS, body), 403)
    assert site.mistakes() == [f"company {other} is named under the header of company {COMPANY}"] * 2
    assert site.sim.backstage_rows(other, "vendors") == []


def test_a_company_never_sees_the_records_of_another(site: Site) -> None:
    other = site.sim.backstage_add_company("Beta Builders")["id"]
    project = site.sim.backstage_add_project(other, "Elsewhere")["id"]
    vendor = site.sim.backstage_add_vendor(other, "Copperline Electric LLC")["id"]
    refused(site.call("GET", f"/rest/v1.0/projects/{project}/tools"), 404)
    refused(site.call("GET", f"{VENDORS}/{vendor}", company_id=COMPANY), 404)
    assert site.ids(VENDORS, company_id=COMPANY) == [site.company_vendor]


def test_an_app_opens_every_company_that_installed_it_and_an_account_its_own(site: Site) -> None:
    other = site.sim.backstage_add_company("Beta Builders")["id"]
    assert site.ids(COMPANIES) == [COMPANY, other]
    site.sim.backstage_set_credentials("beta-account", "beta-secret", other)
    site.headers["Authorization"] = f"Bearer {site.token(client_id='beta-account', client_secret='beta-secret')}"
    assert refused(site.call("GET", COMPANIES), 403) == "App is not connected to this company"
    site.headers["Procore-Company-Id"] = str(other)
    assert site.ids(COMPANIES) == [other]
    site.sim.backstage_remove_credentials("beta-account")
    refused(site.call("GET", COMPANIES), 401)


def test_a_disconnected_app_is_refused_until_it_is_connected_again_with_the_same_token(site: Site) -> None:
    site.sim.backstage_disconnect_app(COMPANY)
    assert refused(site.call("GET", COMPANIES), 403) == "App is not connected to this company"
    site.sim.backstage_connect_app(COMPANY)
    assert site.call("GET", COMPANIES).status_code == 200
    assert site.mistakes() == []


def test_a_project_off_the_permitted_list_refuses_even_reads(site: Site) -> None:
    site.sim.backstage_edit_project(COMPANY, site.project, permitted=False)
    for path, query in (
        (site.here("tools"), {}),
        (site.here("direct_costs", "v1.1"), {}),
        (CLAIMS, {"project_id": site.project}),
        (f"/rest/v1.0/projects/{site.project}", {"company_id": COMPANY}),
    ):
        refused(site.call("GET", path, **query), 403)
    assert site.get("/rest/v1.1/projects", company_id=COMPANY) == []


def test_a_tool_that_is_switched_off_refuses_its_calls_and_shows_in_the_list_of_tools(site: Site) -> None:
    site.sim.backstage_switch_tool(COMPANY, site.project, "commitments", False)
    refused(site.claim("1.00"), 403)
    refused(site.call("GET", CLAIMS, project_id=site.project), 403)
    active = {tool["engine_name"]: tool["is_active"] for tool in site.get(site.here("tools"))}
    assert (active["commitments"], active["direct_costs"]) == (False, True)
    assert site.spend(1).status_code == 201


def test_permission_is_asked_per_request_so_that_the_same_token_works_once_it_is_given(site: Site) -> None:
    body = {"company_id": COMPANY, "vendor": {"name": "Northshore"}}
    site.sim.backstage_set_permission(COMPANY, "company_directory", "read_only")
    assert refused(site.call("POST", VENDORS, body), 403) == "You do not have sufficient access to complete that action"
    assert site.call("GET", VENDORS, company_id=COMPANY).status_code == 200
    site.sim.backstage_set_permission(COMPANY, "company_directory", "admin")
    made(site.call("POST", VENDORS, body))
    site.sim.backstage_set_permission(COMPANY, "direct_costs", "none")
    refused(site.call("GET", site.here("direct_costs", "v1.1")), 403)


# ---------------------------------------------------------------------- environments


def at(sim: ProcoreSimulator, host: str, path: str, **headers: str) -> int:
    return Client(sim).get(path, base_url=f"https://{host}", headers=headers).status_code


def token_at(sim: ProcoreSimulator, host: str) -> Any:
    form = {"grant_type": "client_credentials", **CREDENTIALS}
    return Client(sim).post("/oauth/token", data=form, base_url=f"https://{host}")


@pytest.mark.parametrize(
    ("environment", "login", "api"),
    [
        ("production", "login.procore.com", "api.procore.com"),
        ("sandbox", "login-sandbox.procore.com", "sandbox.procore.com"),
        ("monthly", "login-sandbox-monthly.procore.com", "api-monthly.procore.com"),
        ("federal", "login.procoregov.com", "api.procoregov.com"),
    ],
)
def test_each_environment_has_its_own_hosts_for_login_and_api(environment: str, login: str, api: str) -> None:
    sim = ProcoreSimulator(clock=Clock(), environment=environment)
    token = said(token_at(sim, login))["access_token"]
    headers = {"Authorization": f"Bearer {token}", "Procore-Company-Id": str(COMPANY)}
    assert at(sim, api, COMPANIES, **headers) == 200
    assert at(sim, login, COMPANIES, **headers) == 404
    assert token_at(sim, api).status_code == 404
    sim.backstage_switch("token_on_api_host", True)
    assert token_at(sim, api).status_code == 200


def test_neither_token_nor_secret_crosses_environments() -> None:
    production = ProcoreSimulator(clock=Clock())
    sandbox = ProcoreSimulator(clock=Clock(), environment="sandbox", client_secret="sandbox-secret")
    assert token_at(sandbox, "login-sandbox.procore.com").status_code == 401
    token = said(token_at(production, "login.procore.com"))["access_token"]
    headers = {"Authorization": f"Bearer {token}", "Procore-Company-Id": str(COMPANY)}
    assert at(sandbox, "sandbox.procore.com", COMPANIES, **headers) == 401
    assert at(sandbox, "api.procore.com", COMPANIES, **headers) == 401
    assert [m.what for m in sandbox.our_mistakes] == ["api.procore.com is another environment than sandbox"]


# ---------------------------------------------------------------------- limits


def test_the_spike_window_refuses_the_call_too_many_and_tells_when_to_come_back() -> None:
    site = Site(limits=True)
    began = int(site.clock.now.timestamp())
    answers = [site.call("GET", COMPANIES) for _ in range(26)]
    assert [answer.status_code for answer in answers] == [200] * 25 + [429]
    assert [answers[0].headers[f"X-Rate-Limit-{name}"] for name in ("Limit", "Remaining")] == ["25", "24"]
    assert answers[-1].headers["X-Rate-Limit-Remaining"] == "0"
    assert int(answers[-1].headers["X-Rate-Limit-Reset"]) == began + 10
    assert "for an hour" in refused(answers[-1], 429)  # also when it is the ten seconds that are full
    assert "Retry-After" not in answers[-1].headers
    site.clock.pass_(seconds=10)
    assert site.call("GET", COMPANIES).status_code == 200
    assert site.sim.backstage_throttled_calls() == 1
    assert site.mistakes() == []


def test_the_hour_window_is_kept_beside_it_and_the_headers_show_the_one_closer_to_its_end() -> None:
    site = Site(limits=True, hourly_limit=30, retry_after=7)
    began = int(site.clock.now.timestamp())
    for _ in range(24):
        site.call("GET", COMPANIES)
    site.clock.pass_(seconds=10)
    answers = [site.call("GET", COMPANIES) for _ in range(7)]
    assert [answer.status_code for answer in answers] == [200] * 6 + [429]
    assert answers[0].headers["X-Rate-Limit-Limit"] == "30"
    assert int(answers[-1].headers["X-Rate-Limit-Reset"]) == began + 3600
    assert answers[-1].headers["Retry-After"] == "7"


def test_each_company_has_a_budget_of_its_own() -> None:
    site = Site(limits=True)
    other = site.sim.backstage_add_company("Beta Builders")["id"]
    for _ in range(26):
        last = site.call("GET", COMPANIES)
    site.headers["Procore-Company-Id"] = str(other)
    assert (last.status_code, site.call("GET", COMPANIES).status_code) == (429, 200)


def test_a_busy_platform_asks_for_patience_with_a_page(site: Site) -> None:
    site.sim.backstage_be_busy(2, 45)
    answers = [site.call("GET", COMPANIES) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [503, 503, 200]
    assert (answers[0].headers["Retry-After"], answers[0].mimetype) == ("45", "text/html")


# ---------------------------------------------------------------------- faults


@pytest.mark.parametrize(
    ("kind", "status", "there"),
    [("throttle", 429, 0), ("server_fault", 500, 0), ("html", 502, 0), ("html_after", 502, 1), ("malformed", 201, 1)],
)
def test_a_planned_fault_happens_before_or_after_the_effect(site: Site, kind: Kind, status: int, there: int) -> None:
    site.sim.faults.plan(kind, "POST")
    path, body = site.here("billing_periods"), period("2026-03-01", "2026-03-31")
    answer = site.client.post(path, json=body, headers=site.headers, base_url=HOST)
    assert answer.status_code == status
    assert len(site.sim.backstage_rows(COMPANY, "billing_periods")) == 1 + there
    if kind == "throttle":
        assert "X-Rate-Limit-Reset" in answer.headers


@pytest.mark.parametrize(
    ("kind", "gone", "there"),
    [
        ("drop_before", ConnectionDropped, 0),
        ("drop_after", ConnectionDropped, 1),
        ("delay", AnswerTooLate, 0),
        ("delay_after", AnswerTooLate, 1),
    ],
)
def test_an_answer_is_lost_before_or_after_the_effect(
    site: Site, kind: Kind, gone: type[Exception], there: int
) -> None:
    site.sim.faults.plan(kind, "POST")
    with pytest.raises(gone):
        site.call("POST", site.here("billing_periods"), period("2026-03-01", "2026-03-31"))
    assert len(site.sim.backstage_rows(COMPANY, "billing_periods")) == 1 + there


def test_tokens_that_expire_at_once_are_refused_from_the_next_call_on(site: Site) -> None:
    site.sim.faults.plan("expire_token", COMPANIES)
    assert [site.call("GET", COMPANIES).status_code for _ in range(2)] == [401, 401]


def period(start: str, end: str) -> dict[str, Any]:
    return {"billing_period": {"start_date": start, "end_date": end, "due_date": end, "status": "open"}}


# ---------------------------------------------------------------------- addresses, parameters and bodies


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/rest/v1.0/payment_applications"),
        ("GET", "/rest/v1.0/payment_applications/7"),
        ("DELETE", "/rest/v1.0/payment_applications/7"),
        ("POST", "/rest/v1.0/prime_contracts/7/payment_applications"),
        ("PATCH", "/rest/v1.0/prime_contracts/7/payment_applications/8"),
    ],
)
def test_an_owner_invoice_is_never_there_and_asking_for_one_is_a_mistake(site: Site, method: str, path: str) -> None:
    answer = site.client.open(path, method=method, headers=site.headers, base_url=HOST, json={})
    assert answer.status_code == 404
    assert site.mistakes() == ["payment_applications are owner invoices, receivables: no bill ever goes there"]


def test_an_unknown_address_or_version_is_not_found(site: Site) -> None:
    for path in ("/rest/v1.0/requisitions", "/rest/v1.0/direct_costs", "/vapid/vendors", "/rest/v1.0/vendors/"):
        assert site.call("GET", path).status_code == 404
    assert site.mistakes() == ["there is no such address"] * 4


def test_an_unknown_parameter_is_ignored_and_noted(site: Site) -> None:
    assert len(site.get(VENDORS, company_id=COMPANY, filters__name="Nobody")) == 1
    assert site.mistakes() == ["the parameter filters[name] does not exist"]


def test_a_parameter_that_is_needed_is_asked_for(site: Site) -> None:
    assert refused(site.call("GET", CLAIMS), 400) == {"project_id": ["param is missing or the value is empty"]}
    refused(site.call("GET", CLAIMS, project_id=site.project, view="whole"), 400)
    refused(site.call("GET", CLAIMS, project_id="many"), 404)


def test_a_body_has_its_wrapper_and_the_types_of_its_fields(site: Site) -> None:
    path = site.here("direct_costs", "v1.1")
    cost = {"direct_cost_type": "expense"}
    assert refused(site.call("POST", path, {"item": cost}), 400).keys() == {"direct_cost"}
    for field, value in (
        ("direct_cost_date", "02/18/2026"),
        ("direct_cost_type", "bill"),
        ("vendor_id", "Copperline"),
        ("description", {"text": "x"}),
    ):
        assert refused(site.call("POST", path, {"direct_cost": {**cost, field: value}})).keys() == {field}
    assert site.sim.backstage_rows(COMPANY, "direct_costs") == []
    assert len(site.mistakes()) == 5


def test_a_field_that_does_not_exist_is_ignored_and_noted(site: Site) -> None:
    site.spent(10, currency="USD")
    assert site.mistakes() == ["the field direct_cost.currency does not exist"]


@pytest.mark.parametrize(
    ("content", "mimetype", "status"),
    [
        ("{", "application/json", 400),
        ("[]", "application/json", 400),
        ('{"a": NaN}', "application/json", 400),
        ("direct_cost=1", "application/x-www-form-urlencoded", 406),
    ],
)
def test_a_body_that_is_no_json_object_is_refused(site: Site, content: str, mimetype: str, status: int) -> None:
    path = site.here("direct_costs", "v1.1")
    answer = site.client.post(path, data=content, content_type=mimetype, headers=site.headers, base_url=HOST)
    assert answer.status_code == status
    assert len(site.mistakes()) == 1


# ---------------------------------------------------------------------- lists


def several(site: Site, count: int) -> list[int]:
    made_ = [site.sim.backstage_add_vendor(COMPANY, f"Vendor {n:03}") for n in range(count)]
    return [site.company_vendor, *(vendor["id"] for vendor in made_)]


def test_a_list_is_read_to_its_end_by_its_links(site: Site) -> None:
    ids = several(site, 6)
    path, query, seen = VENDORS, {"company_id": str(COMPANY), "per_page": "3"}, []
    answer = site.call("GET", path, **query)
    assert (answer.headers["Total"], answer.headers["Per-Page"]) == ("7", "3")
    for _ in range(3):
        seen += [row["id"] for row in said(answer)]
        links = requests.utils.parse_header_links(answer.headers["Link"])
        next_ = next((link["url"] for link in links if link["rel"] == "next"), None)
        assert ('rel="prev"' in answer.headers["Link"]) is (len(seen) > 3)
        if next_ is None:
            break
        answer = site.client.get(next_.removeprefix(HOST), headers=site.headers, base_url=HOST)
    assert (seen, next_) == (ids, None)
    assert site.mistakes() == []


def test_a_page_past_the_end_is_empty_and_one_page_has_no_links(site: Site) -> None:
    assert site.get(VENDORS, company_id=COMPANY, page=2) == []
    assert "Link" not in site.call("GET", VENDORS, company_id=COMPANY).headers


def test_pages_have_their_own_sizes_and_caps(site: Site) -> None:
    for number in range(1, 40):
        site.sim.backstage_add_requisition(COMPANY, site.contract, {str(site.lines[0]): str(number)})
    assert len(site.get(CLAIMS, project_id=site.project)) == 30
    assert len(site.get(CLAIMS, project_id=site.project, per_page=100)) == 39
    union = f"/rest/v2.0/companies/{COMPANY}/projects/{site.project}/commitment_contracts"
    for _ in range(11):
        site.commitment()
    assert len(site.get(union)["data"]) == 10
    assert site.mistakes() == []
    assert site.call("GET", "/rest/v1.1/projects", company_id=COMPANY, per_page=5000).headers["Per-Page"] == "300"
    assert site.mistakes() == ["page 1 of 5000 rows: a page has from 1 to 300"]


def test_a_list_that_is_too_large_at_once_takes_too_long(site: Site) -> None:
    site.sim.backstage_switch("slow_over", 50)
    refused(site.call("GET", VENDORS, company_id=COMPANY), 408)
    assert site.call("GET", VENDORS, company_id=COMPANY, per_page=50).status_code == 200


def test_ids_are_asked_for_in_either_notation(site: Site) -> None:
    first, second = site.spent(1)["id"], site.spent(2)["id"]
    third = site.spent(3)["id"]
    path = site.here("direct_costs", "v1.1")
    assert site.ids(path, filters__id=f"[{first},{third}]") == [first, third]
    assert site.ids(path, filters__id=second) == [second]
    vendors = several(site, 2)
    assert site.ids(VENDORS, company_id=COMPANY, filters__id_list=vendors[1]) == [vendors[1]]


def test_a_range_of_moments_needs_both_ends(site: Site) -> None:
    site.spent(1)
    site.clock.pass_(hours=1)
    later = site.spent(2)["id"]
    path = site.here("direct_costs", "v1.1")
    asked = "2026-02-20T13:00:00Z...2026-02-22"
    assert site.ids(path, filters__updated_at=asked) == [later]
    assert site.ids(path, filters__updated_at=f'"{asked}"') == [later]
    assert later not in site.ids(path, filters__updated_at="2026-02-20T11:00:00Z...2026-02-20T12:00:00Z")
    for broken in ("2026-02-21T00:00:00Z", "2026-02-21...", "...2026-02-21", "21/02/2026...22/02/2026"):
        refused(site.call("GET", path, filters__updated_at=broken), 400)


@pytest.mark.parametrize(("written", "bare", "quoted"), [("bare", 200, 400), ("quoted", 400, 200), ("both", 200, 200)])
def test_a_range_may_have_to_be_quoted(site: Site, written: str, bare: int, quoted: int) -> None:
    site.sim.backstage_switch("ranges", written)
    path, asked = site.here("direct_costs", "v1.1"), "2026-02-21...2026-02-22"
    assert site.call("GET", path, filters__updated_at=asked).status_code == bare
    assert site.call("GET", path, filters__updated_at=f'"{asked}"').status_code == quoted


def test_lists_sort_by_name_both_ways(site: Site) -> None:
    site.sim.backstage_add_vendor(COMPANY, "abbott")
    names = [row["name"] for row in site.get(VENDORS, company_id=COMPANY, sort="name")]
    assert names == ["abbott", "Copperline Electric LLC"]


# ---------------------------------------------------------------------- state


def test_the_state_survives_on_disk_and_goes_on_as_before(site: Site) -> None:
    claim = site.claimed("100.00")
    site.spent(5, origin_id="a")
    site.call("GET", "/rest/v1.0/nowhere")
    state = json.loads(json.dumps(site.sim.dump()))
    copy = ProcoreSimulator(clock=site.clock)
    copy.load(state)
    assert copy.dump() == site.sim.dump()
    site.sim, site.client = copy, Client(copy)
    assert site.show_claim(claim["id"])["id"] == claim["id"]
    assert refused(site.spend(5, origin_id="a")) == {"origin_id": ["has already been taken"]}
    assert site.claimed("5.00")["id"] > claim["id"]
    assert site.claimed("5.00")["previous_requisition_id"] == claim["id"] + 1


def test_a_kept_state_does_not_change_with_the_simulator(site: Site) -> None:
    state = site.sim.dump()
    site.spent(5)
    assert state["companies"][0]["tables"]["direct_costs"] == []


def test_every_write_is_in_the_log_with_who_and_through_which_call(site: Site) -> None:
    cost = site.spent(5)
    site.change_cost(cost["id"], description="conduit")
    site.sim.backstage_edit_direct_cost(COMPANY, cost["id"], description="pipes")
    mine = [entry for entry in site.sim.backstage_audit(COMPANY) if entry["kind"] == "direct_costs"]
    assert [(e["who"], e["what"], e["after"].get("description")) for e in mine] == [
        ("app", "create", None),
        ("app", "update", "conduit"),
        ("person", "update", "pipes"),
    ]
    assert mine[1]["before"] == {"description": None}
    assert mine[0]["call"] == f"POST {site.here('direct_costs', 'v1.1')}"
    assert mine[0]["time"] == datetime(2026, 2, 20, 12, tzinfo=UTC).isoformat()


def test_it_answers_over_a_real_socket_with_its_backstage() -> None:
    sim = ProcoreSimulator(limits=False)
    server, url = listen(sim)
    try:
        form = {"grant_type": "client_credentials", **CREDENTIALS}
        token = requests.post(f"{url}/oauth/token", data=form, timeout=5).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}", "Procore-Company-Id": str(COMPANY)}
        project = requests.post(
            f"{url}/_backstage/add_project", json={"company_id": COMPANY, "name": "Lakeside"}, timeout=5
        ).json()
        found = requests.get(
            f"{url}/rest/v1.1/projects", params={"company_id": COMPANY}, headers=headers, timeout=5
        ).json()
        assert [row["id"] for row in found] == [project["id"]]
        sim.faults.plan("drop_after", "billing_periods")
        with pytest.raises(requests.ConnectionError):
            requests.post(
                f"{url}/rest/v1.0/projects/{project['id']}/billing_periods",
                json=period("2026-03-01", "2026-03-31"),
                headers=headers,
                timeout=5,
            )
        assert len(sim.backstage_rows(COMPANY, "billing_periods")) == 1
    finally:
        server.shutdown()
        server.server_close()


def test_the_caller_of_these_tests_makes_no_mistakes(site: Site) -> None:
    ok(site.call("GET", COMPANIES))
    site.claimed("1.00")
    site.spent(1)
    assert site.mistakes() == []
