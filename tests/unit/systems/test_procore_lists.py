"""The lists that documents point to, as they come from Procore, and whether a project is ready for bills."""

from __future__ import annotations

from typing import Any

import pytest
from werkzeug.wrappers import Request, Response

from chalicelib.engine.errors import Held, TryAgain
from chalicelib.systems.procore import commitments, lists, preflight
from chalicelib.systems.procore.client import Client
from tests.unit.systems.procore_desk import COMPANY, PROJECT, VENDORS, Peer, careful, desk, refused, said, sample

WBS = f"GET /rest/v1.0/projects/{PROJECT}/work_breakdown_structure/wbs_codes"
PERIODS = f"GET /rest/v1.0/projects/{PROJECT}/billing_periods"
SUBCONTRACTS, ORDERS = "/rest/v1.0/work_order_contracts", "/rest/v1.0/purchase_order_contracts"
SWITCHES = f"GET /rest/v2.0/companies/{COMPANY}/projects/{PROJECT}/commitment_contracts"
NO_ACCESS = "You do not have sufficient access to complete that action"


def listed(peer: Peer, kind: str) -> Any:
    return desk(peer).target.references(kind)


# ---------------------------------------------------------------------------------------------- lists


def test_a_budget_code_is_found_by_cost_code_and_cost_type() -> None:
    peer = Peer()
    peer.say(WBS, said(sample("wbs_codes.list.200.json")))
    found = listed(peer, f"wbs_code@{PROJECT}")
    assert [(one.id, one.code, one.active) for one in found] == [(f"{PROJECT}/182877001", "26-100.C", True)]
    assert lists.budget_code(found, project=PROJECT, cost_code="26-100", cost_type="C") == "182877001"
    assert lists.budget_code(found, project=PROJECT, cost_code="26-100", cost_type="M") == ""


@pytest.mark.parametrize(
    ("kind", "path", "name", "id_"),
    [
        ("project", "/rest/v1.1/projects", "projects.list.200.json", "362001"),
        ("cost_type", "/rest/v1.0/line_item_types", "line_item_types.list.200.json", "918922"),
        (f"cost_code@{PROJECT}", "/rest/v1.0/cost_codes", "cost_codes.list.200.json", f"{PROJECT}/80598390"),
        (f"billing_period@{PROJECT}", PERIODS[4:], "billing_periods.list.200.json", f"{PROJECT}/117330"),
        (f"project_vendor@{PROJECT}", f"/rest/v1.1/projects/{PROJECT}/vendors", "project_vendors.list.200.json",
         f"{PROJECT}/3739501"),
        ("vendor", VENDORS, "vendors.list.200.json", "3739001"),
    ],
)  # fmt: skip
def test_every_list_is_read_from_the_published_shapes(kind: str, path: str, name: str, id_: str) -> None:
    peer = Peer()
    peer.say(f"GET {path}", said(sample(name)))
    assert listed(peer, kind)[0].id == id_


def test_without_a_project_a_list_is_that_of_all_projects_that_the_app_may_enter() -> None:
    peer = Peer()
    projects = [{"id": 362001, "active": True}, {"id": 362002, "active": True}, {"id": 362003, "active": False}]
    peer.say("GET /rest/v1.1/projects", said(projects))
    peer.say(PERIODS, said([{"id": 1, "status": "open"}]))
    peer.say("GET /rest/v1.0/projects/362002/billing_periods", refused(NO_ACCESS, status=403))
    assert [one.id for one in listed(peer, "billing_period")] == [f"{PROJECT}/1"]
    for trouble, kind in ((said({}, status=500), TryAgain), (refused("no", status=400), Held)):
        peer.script["GET /rest/v1.0/projects/362002/billing_periods"] = [trouble]
        with pytest.raises(kind):
            listed(peer, "billing_period")


def test_a_list_of_one_project_that_the_app_may_not_enter_says_so() -> None:
    peer = Peer()
    peer.say(PERIODS, refused(NO_ACCESS, status=403))
    with pytest.raises(Held) as held:
        listed(peer, f"billing_period@{PROJECT}")
    assert held.value.reason == "permission_or_tool" and held.value.owner == "admin"
    careful(held.value)


@pytest.mark.parametrize(
    ("vendor", "project", "foreign"),
    [
        ({"origin_id": "mlc:books:vendor:1"}, {"origin_id": None}, "false"),
        ({"origin_id": "qb-1"}, {}, "true"),
        ({"synced_to_erp": True}, {}, "true"),
        ({}, {"origin_id": "erp-1"}, "true"),
    ],
)
def test_another_program_that_keeps_the_origin_ids_is_noticed(vendor: Any, project: Any, foreign: str) -> None:
    peer = Peer()
    peer.say(f"GET {VENDORS}", said([{"id": 1, "name": "A", **vendor}]))
    peer.say("GET /rest/v1.1/projects", said([{"id": 1, "name": "P", **project}]))
    assert [(one.id, one.name) for one in listed(peer, "preference")] == [("other_accounting", foreign)]


# ---------------------------------------------------------------------------------------------- commitments


def contract(**changes: Any) -> dict[str, Any]:
    lines = [{"id": 5175960, "description": "Rough-in", "wbs_code": {"id": 182877001, "flat_code": "26-100.C"}}]
    values = {"id": 618651, "number": "SC-1042-001", "title": "Electrical rough-in", "status": "Approved",
              "vendor": {"id": 3739501}, "accounting_method": "amount", "requisitions_are_enabled": True,
              "line_items": lines}  # fmt: skip
    return {**values, **changes}


def with_contract(shown: dict[str, Any], *, kind: str = SUBCONTRACTS, switches: Any = None) -> Peer:
    peer = Peer()
    header = {name: value for name, value in shown.items() if name != "line_items"}
    peer.say(f"GET {kind}", said([header]))
    peer.say(f"GET {kind}/618651", said(shown))
    if switches is not None:
        peer.say(SWITCHES, said({"data": [{"id": "618651", **switches}]}))
    return peer


def test_a_commitment_is_read_with_its_schedule_of_values() -> None:
    peer = Peer()
    peer.say(f"GET {SUBCONTRACTS}", said(sample("work_order_contracts.list.200.json")))
    peer.say(f"GET {SUBCONTRACTS}/618651", said(sample("work_order_contract.show.200.json")))
    (found,) = commitments.of(listed(peer, f"commitment@{PROJECT}")).commitments
    assert (found.id, found.number, found.vendor, found.blocked) == (f"{PROJECT}/618651", "SC-1042-001", "3739501", "")
    assert [(one.id, one.wbs, one.code) for one in found.values] == [("5175960", "182877001", "26-100.C")]


def test_a_schedule_that_is_not_shown_with_its_commitment_is_read_by_itself() -> None:
    shown = {name: value for name, value in contract().items() if name != "line_items"}
    peer = with_contract(shown)
    peer.say(f"GET {SUBCONTRACTS}/618651/line_items", said(contract()["line_items"]))
    (found,) = commitments.of(listed(peer, f"commitment@{PROJECT}")).commitments
    assert [one.id for one in found.values] == ["5175960"]


@pytest.mark.parametrize(
    ("kind", "shown", "switches", "blocked"),
    [
        (SUBCONTRACTS, {}, {"allow_payment_applications": True, "enable_ssov": False}, ""),
        (SUBCONTRACTS, {"status": "Complete"}, None, ""),
        (SUBCONTRACTS, {"status": "Draft"}, None, "its status is Draft"),
        (SUBCONTRACTS, {"status": "Terminated"}, None, "its status is Terminated"),
        (ORDERS, {}, None, ""),
        (ORDERS, {"status": "Closed"}, None, "its status is Closed"),
        (SUBCONTRACTS, {"vendor": None}, None, "it has no vendor"),
        (SUBCONTRACTS, {"requisitions_are_enabled": False}, None, "invoices are switched off on it"),
        (SUBCONTRACTS, {"requisitions_are_enabled": None}, {"allow_payment_applications": False},
         "invoices are switched off on it"),
        (SUBCONTRACTS, {}, {"enable_ssov": True}, "the subcontractor keeps a schedule of its own, to whose lines a "
         "bill cannot be assigned for sure"),
        (ORDERS, {"accounting_method": "unit"}, None, "it is kept by quantities, which a bill does not tell"),
    ],
)  # fmt: skip
def test_a_commitment_says_why_it_takes_no_invoice(kind: str, shown: Any, switches: Any, blocked: str) -> None:
    peer = with_contract(contract(**shown), kind=kind, switches=switches)
    (found,) = commitments.of(listed(peer, f"commitment@{PROJECT}")).commitments
    assert found.blocked == blocked


def test_a_void_commitment_is_none() -> None:
    known = commitments.of(listed(with_contract(contract(status="Void")), f"commitment@{PROJECT}"))
    assert known.projects == {PROJECT} and not known.commitments


def test_a_project_whose_commitments_are_closed_to_the_app_is_not_one_without_commitments() -> None:
    peer = with_contract(contract(currency_configuration={"currency_iso_code": "CAD"}))
    peer.say("GET /rest/v1.1/projects", said([{"id": 362001, "active": True}, {"id": 362002, "active": True}]))
    peer.script[f"GET {SUBCONTRACTS}"] = [
        lambda request: said([contract()]) if request.args["project_id"] == PROJECT else refused(NO_ACCESS, status=403)
    ]
    known = commitments.of(listed(peer, "commitment"))
    assert known.projects == {PROJECT} and [one.currency for one in known.commitments] == ["CAD"]


def test_where_the_newer_list_is_not_open_to_the_app_commitments_are_read_without_it() -> None:
    peer = with_contract(contract())
    peer.say(SWITCHES, refused(NO_ACCESS, status=403))
    (found,) = commitments.of(listed(peer, f"commitment@{PROJECT}")).commitments
    assert found.blocked == ""


# ---------------------------------------------------------------------------------------------- ready for bills


def ready_project(**answers: Response) -> Peer:
    peer = Peer()
    peer.say(f"GET /rest/v1.0/projects/{PROJECT}", answers.get("project", said({"id": int(PROJECT)})))
    tools = [{"engine_name": "commitments", "title": "Commitments", "is_active": True},
             {"engine_name": "direct_costs", "title": "Direct Costs", "is_active": False}]  # fmt: skip
    peer.say(f"GET /rest/v1.0/projects/{PROJECT}/tools", answers.get("tools", said(tools)))
    peer.say(f"GET /rest/v1.1/projects/{PROJECT}/direct_costs", answers.get("costs", said([])))
    peer.say("GET /rest/v1.1/requisitions", answers.get("requisitions", said([])))
    peer.say(PERIODS, answers.get("periods", said([{"id": 1, "status": "open"}])))
    return peer


def readiness(peer: Peer) -> preflight.Readiness:
    return preflight.check(Client(desk(peer).line), PROJECT)


def test_a_project_whose_lists_open_is_ready_whatever_its_tools_are_called() -> None:
    found = readiness(ready_project())
    assert found.ready and found.says == "ready for bills: yes"


@pytest.mark.parametrize(
    ("answers", "because"),
    [
        ({"project": said({}, status=404)}, "Procore hides the project 362001 from the app."),
        ({"project": refused(NO_ACCESS, status=403)}, "Procore hides the project 362001 from the app."),
        ({"costs": refused(NO_ACCESS, status=403)}, "the Direct Costs tool of the project 362001 is switched off."),
        ({"requisitions": refused(NO_ACCESS, status=403)}, "the app may not enter the Commitments tool"),
        ({"tools": refused(NO_ACCESS, status=403), "costs": refused(NO_ACCESS, status=403)},
         "the app may not enter the Direct Costs tool of the project 362001."),
        ({"periods": said([])}, "it has no open billing period."),
    ],
)  # fmt: skip
def test_a_project_that_is_not_ready_says_why_and_what_to_do(answers: dict[str, Response], because: str) -> None:
    found = readiness(ready_project(**answers))
    assert not found.ready
    assert found.says.startswith("ready for bills: no, because ") and because in found.says
    assert ("error" not in found.says.lower() and " > " in found.says) or "hides" in found.says


def test_an_outage_does_not_make_a_project_unready() -> None:
    def outage(request: Request) -> Response:
        return said({}, status=502)

    peer = ready_project()
    peer.script["GET /rest/v1.1/requisitions"] = [outage]
    with pytest.raises(TryAgain):
        readiness(peer)


def test_the_readiness_of_a_project_is_a_list_too() -> None:
    (found,) = listed(ready_project(periods=said([])), f"readiness@{PROJECT}")
    assert (found.id, found.name, found.active) == (PROJECT, "no", False)
    assert "billing period" in found.full_name
