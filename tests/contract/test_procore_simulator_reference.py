"""The Procore simulator against the published reference and the recorded samples."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.systems.procore.calling import Route
from simulator.systems.procore.forms import Form
from simulator.systems.procore.routes import ROUTES
from tests.contract import procore_reference as reference
from tests.contract.procore_site import COMPANY, Site, made, ok, said

Json = dict[str, Any]
KINDS = {"i": "integer", "n": "number", "s": "string", "b": "boolean", "d": "string", "m": "string", "o": "object"}
# The reference leaves these out of its lists of what must be sent; without the wrapper the vendor answers 400.
WRAPPERS = {"requisition", "contract_payment", "direct_cost"}
# Offered by the vendor and not simulated: what people do in the browser, and what no bill needs.
NOT_SIMULATED = {
    "POST /rest/v1.0/cost_codes",
    "PATCH /rest/v1.0/cost_codes/sync",
    "PATCH /rest/v1.0/cost_codes/{id}",
    "POST /rest/v1.0/line_item_types",
    "PATCH /rest/v1.0/line_item_types/sync",
    "PATCH /rest/v1.0/line_item_types/{id}",
    "POST /rest/v1.0/sub_jobs",
    "PATCH /rest/v1.0/sub_jobs/sync",
    "GET /rest/v1.0/sub_jobs/{id}",
    "PATCH /rest/v1.0/sub_jobs/{id}",
}
NOT_SIMULATED_WORDS = ("/webhooks/", "payment_applications", "/oauth/")


def test_every_address_is_one_of_the_reference_with_the_parameters_it_has_there() -> None:
    paths = reference.needed()["paths"]
    for route in ROUTES:
        known = paths[route.path][route.method.lower()]
        parameters = [reference.resolved(each) for each in known.get("parameters", ())]
        named = {each["name"]: bool(each.get("required")) for each in parameters if each["in"] == "query"}
        ours = {name: name in route.query.required for name in route.query.fields}
        assert ours == named, f"{route.method} {route.path}"


def test_what_the_reference_has_beyond_the_simulator_is_a_short_and_known_list() -> None:
    ours = {f"{route.method} {route.path}" for route in ROUTES}
    theirs = {f"{method.upper()} {path}" for path, item in reference.needed()["paths"].items() for method in item}
    beyond = {each for each in theirs - ours if not any(word in each for word in NOT_SIMULATED_WORDS)}
    contracts = {each for each in beyond if "contract" in each}
    assert beyond - contracts == NOT_SIMULATED
    assert {each.split()[0] for each in contracts} == {"POST", "PATCH", "DELETE"}  # people make commitments


@pytest.mark.parametrize("route", [r for r in ROUTES if r.form], ids=lambda r: f"{r.method} {r.path}")
def test_every_body_has_the_fields_of_the_reference(route: Route) -> None:
    operation = reference.needed()["paths"][route.path][route.method.lower()]
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    assert route.form is not None
    assert _differences(route.form, schema, "") == []


def test_every_address_is_published() -> None:
    reference.needed()
    lines = (reference.FOLDER / "operations.txt").read_text().split("\n")
    assert {f"{route.method} {route.path}" for route in ROUTES} <= set(lines)


def _differences(ours: Form, schema: Json, path: str) -> list[str]:
    theirs = reference.resolved(schema)
    properties: Json = theirs["properties"]
    found = [f"{path}{name} is only here" for name in ours.fields.keys() - properties.keys()]
    found += [f"{path}{name} is only there" for name in properties.keys() - ours.fields.keys()]
    needed = set(theirs.get("required", ()))
    if (ours.required - WRAPPERS) != (needed - WRAPPERS):
        found.append(f"{path} needs {sorted(ours.required)}, there {sorted(needed)}")
    for name in ours.fields.keys() & properties.keys():
        found += _difference(ours, name, reference.resolved(properties[name]), f"{path}{name}.")
    return found


def _difference(ours: Form, name: str, theirs: Json, path: str) -> list[str]:
    kind = ours.fields[name]
    if kind == "{}":
        return _differences(ours.nested[name], theirs, path)
    if kind == "[{}]":
        return _differences(ours.nested[name], theirs["items"], path)
    if kind.startswith("["):
        same = theirs["type"] == "array" and theirs["items"]["type"] == KINDS[kind[1:-1]]
    elif kind.startswith("="):
        same = set(kind[1:].split("|")) == set(theirs.get("enum", ()))
    else:
        same = (
            theirs["type"] == KINDS[kind] and "enum" not in theirs and (theirs.get("format") == "date") == (kind == "d")
        )
    return [] if same else [f"{path} is {kind} here and {theirs} there"]


@pytest.fixture
def site() -> Site:
    return Site()


def test_the_recorded_requests_are_taken() -> None:
    site, sent = Site(payment_needs_approval=False), reference.sample("requests.json")
    claim = sent["POST /rest/v1.1/requisitions"]
    claim |= {"project_id": site.project, "commitment_id": site.contract}
    claim["requisition"]["period_id"] = site.period
    claim["requisition"]["items"][0]["line_item_id"] = site.lines[0]
    booked = made(site.call("POST", "/rest/v1.1/requisitions", claim))
    rows = sent["PATCH /rest/v1.0/requisitions/{requisition_id}/bulk_item_update"]
    rows["requisition_items"][0]["id"] = booked["items"][0]["id"]
    path = f"/rest/v1.0/requisitions/{booked['id']}/bulk_item_update"
    ok(site.call("PATCH", path, rows, project_id=site.project))
    cost = sent["POST /rest/v1.1/projects/{project_id}/direct_costs"]
    cost["direct_cost"]["vendor_id"] = site.vendor
    cost["direct_cost"]["line_items"][0]["wbs_code_id"] = site.wbs["26-100.M"]
    made(site.call("POST", site.here("direct_costs", "v1.1"), cost))
    ok(site.call("PATCH", "/rest/v1.0/vendors/sync", sent["PATCH /rest/v1.0/vendors/sync"]))
    payment = sent["POST /rest/v1.0/contract_payments"]
    payment |= {"project_id": site.project, "contract_id": site.contract}
    payment["contract_payment"]["requisition_id"] = booked["id"]
    made(site.call("POST", "/rest/v1.0/contract_payments", payment))
    period = sent["POST /rest/v1.0/projects/{project_id}/billing_periods"]
    made(site.call("POST", site.here("billing_periods"), period))
    assert site.mistakes() == []


def test_the_answers_have_all_that_the_recorded_ones_have(site: Site) -> None:
    project = {"project_id": site.project}
    vendor = made(site.call("POST", "/rest/v1.0/vendors", {"company_id": COMPANY, "vendor": {"name": "Northshore"}}))
    claim = site.claimed("12500.00")
    cost = site.spent(830.25, origin_id="qbo:9130:bill:145")
    payment = made(site.pay("12500.00", origin_id="qbo:9130:billpayment:88"))
    rows = {"requisition_id": claim["id"]}
    answers: dict[str, Any] = {
        "oauth_token.200": said(site.ask_token()),
        "companies.list.200": site.get("/rest/v1.0/companies"),
        "projects.list.200": site.get("/rest/v1.1/projects", company_id=COMPANY),
        "project_tools.list.200": site.get(site.here("tools")),
        "vendors.create.201": vendor,
        "vendors.list.200": site.get("/rest/v1.0/vendors", company_id=COMPANY),
        "project_vendors.list.200": site.get(site.here("vendors", "v1.1")),
        "cost_codes.list.200": site.get("/rest/v1.0/cost_codes", **project),
        "line_item_types.list.200": site.get("/rest/v1.0/line_item_types", company_id=COMPANY),
        "wbs_codes.list.200": site.get(site.here("work_breakdown_structure/wbs_codes")),
        "commitments.list.200": site.get("/rest/v1.0/commitments", **project),
        "work_order_contracts.list.200": site.get("/rest/v1.0/work_order_contracts", **project),
        "work_order_contract.show.200": site.get(f"/rest/v1.0/work_order_contracts/{site.contract}", **project),
        "billing_periods.list.200": site.get(site.here("billing_periods")),
        "requisition.create.201": claim,
        "requisitions.list.200": site.get("/rest/v1.1/requisitions", **project),
        "requisition_contract_items.list.200": site.get(
            f"/rest/v1.0/requisitions/{rows['requisition_id']}/contract_items", **project
        ),
        "direct_cost.create.201": cost,
        "direct_costs.list.200": site.get(site.here("direct_costs", "v1.1")),
        "contract_payment.create.201": payment,
    }
    for name, answer in answers.items():
        assert reference.missing(reference.sample(f"{name}.json"), answer) == set(), name
    assert site.mistakes() == []


def test_a_requisition_adds_up_as_the_recorded_one() -> None:
    site = Site()
    contract, lines = site.commitment(lines=[{"code": "26-100.C", "amount": "50000"}], retainage_percent="10")
    recorded = reference.sample("requisition.create.201.json")
    items = [
        {
            "item_type": "contract_item",
            "line_item_id": lines[0],
            "work_completed_this_period": "12500.00",
            "work_completed_retainage_retained_this_period": "0.00",
        }
    ]
    booked = site.claimed(contract=contract, items=items)
    assert booked["percent_complete"] == recorded["percent_complete"]
    for name, value in recorded["summary"].items():
        assert booked["summary"][name] == value, name
    for name in ("scheduled_value", "total_completed_and_stored_to_date_percent", "net_amount", "gross_amount"):
        assert booked["items"][0][name] == recorded["items"][0][name], name


def test_a_partly_failed_sync_reads_like_the_recorded_one(site: Site) -> None:
    recorded = reference.sample("vendors.sync.200.partial.json")
    updates = [
        {"origin_id": "qbd:8000012A-1700000000", "name": "Copperline Electric LLC"},
        {"id": 1, "name": "No such vendor"},
        {"origin_id": "qbd:8000012B-1700000001", "name": "Copperline Electric LLC", "country_code": "USA"},
    ]
    answer = ok(site.call("PATCH", "/rest/v1.0/vendors/sync", {"company_id": COMPANY, "updates": updates}))
    assert answer["errors"] == recorded["errors"]
    assert len(answer["entities"]) == len(recorded["entities"])
    costs = [{"origin_id": "qbo:9130:bill:146", "direct_cost_type": "invoice", "invoice_number": "S-8842"}]
    answer = ok(site.call("PATCH", site.here("direct_costs/sync"), {"updates": costs}))
    assert answer["errors"] == reference.sample("direct_costs.sync.200.partial.json")["errors"]


def test_the_refusals_read_like_the_recorded_ones(site: Site) -> None:
    site.sim.backstage_set_period_status(COMPANY, site.period, "closed")
    no_period = site.claim("1.00", period_id=None)
    empty = site.call("POST", "/rest/v1.1/requisitions", {"project_id": site.project, "commitment_id": site.contract})
    no_vendor = site.spend(1, vendor_id=site.company_vendor)
    nothing = site.call("GET", site.here("direct_costs/1", "v1.1"))
    site.sim.backstage_conflict()
    concurrent = site.change_cost(1)
    no_client = site.ask_token(client_secret="wrong")
    site.sim.backstage_edit_project(COMPANY, site.project, permitted=False)
    no_access = site.call("GET", site.here("tools"))
    site.sim.backstage_disconnect_app(COMPANY)
    not_connected = site.call("GET", "/rest/v1.0/companies")
    del site.headers["Procore-Company-Id"]
    no_header = site.call("GET", "/rest/v1.0/companies")
    site.sim.backstage_expire_tokens()
    no_token = site.call("GET", "/rest/v1.0/companies")
    for answer, name in (
        (no_period, "error.400.open_billing_period"),
        (empty, "error.400.field_map"),
        (no_vendor, "error.422.vendor_not_on_project"),
        (nothing, "error.404"),
        (concurrent, "error.409.concurrent"),
        (no_access, "error.403.no_access"),
        (not_connected, "error.403.app_not_connected"),
        (no_header, "error.400.missing_company_header"),
        (no_token, "error.401.token"),
        (no_client, "oauth_token.401"),
    ):
        status = 401 if name.startswith("oauth") else int(name.split(".")[1])
        assert (answer.status_code, said(answer)) == (status, reference.sample(f"{name}.json")), name


def test_the_newer_addresses_refuse_in_the_newer_shape(site: Site) -> None:
    path = f"/rest/v2.0/companies/{COMPANY}/projects/{site.project}/commitment_contracts"
    answer = site.call("GET", path, filters__type="Lease", filters__updated_at="yesterday")
    assert answer.status_code == 400
    recorded = reference.sample("error.v2.400.json")
    assert reference.missing(recorded, said(answer)) == set()
    assert said(answer)["error"]["code"] == recorded["error"]["code"]
