"""An admin pings Procore and reads of each project whether bills can go there, and if not, what to do."""

from __future__ import annotations

from typing import Any

import pytest

from mlc import show
from tests.building import COMPANY, FLOW
from tests.flows.builders import BuildersOffice

DECK, CLINIC = "Mill Street Parking Deck", "Harbor Clinic"


@pytest.fixture
def office() -> BuildersOffice:
    office = BuildersOffice()
    mapped(office, {"Deck": DECK, "Clinic": "1043"})
    return office


def mapped(office: BuildersOffice, projects: dict[str, str]) -> None:
    known = office.call("GET", f"/flows/{FLOW}/mappings")
    body = {"version": known["version"], "mappings": {"project": projects}, "rules": known["rules"]}
    office.call("PUT", f"/flows/{FLOW}/mappings", body)


def pinged(office: BuildersOffice, connection: str = "site") -> Any:
    errand = office.call("POST", f"/connections/{connection}/ping")["id"]
    office.until_quiet()
    answer = office.call("GET", f"/connections/{connection}/ping/{errand}")
    assert answer["ok"], answer
    return answer


def places(office: BuildersOffice) -> dict[str, Any]:
    return {place["name"]: place for place in pinged(office)["places"]}


def test_each_mapped_project_has_one_line(office: BuildersOffice) -> None:
    found = places(office)
    assert {name: (one["says"], one["notes"]) for name, one in found.items()} == {
        f"1042 {DECK}": ("ready for bills: yes", []),
        f"1043 {CLINIC}": ("ready for bills: yes", []),
    }
    office.careful()


def test_a_project_that_no_mapping_names_is_looked_over_once_bills_came_to_it(office: BuildersOffice) -> None:
    mapped(office, {})
    assert pinged(office)["places"] == []
    office.bill(office.vendor("Volt Electric"), ("60.00", "Electrical", DECK))
    office.run()
    assert list(places(office)) == [f"1042 {DECK}"]


def test_a_project_that_cannot_take_bills_says_why_and_what_to_do(office: BuildersOffice) -> None:
    period = next(
        one for one in office.site.backstage_rows(COMPANY, "billing_periods") if one["project_id"] == office.deck
    )
    office.site.backstage_set_period_status(COMPANY, period["id"], "closed")
    office.site.backstage_edit_project(COMPANY, office.clinic, permitted=False)
    found = list(pinged(office)["places"])
    assert [one["ready"] for one in found] == [False, False]
    assert found[0]["says"].startswith("ready for bills: no, because it has no open billing period. Open one")
    assert "no project 1043" in found[1]["says"]
    assert "App Management" in found[1]["says"]


def test_a_code_of_the_rules_that_a_project_does_not_have_is_named(office: BuildersOffice) -> None:
    office.rules(("account", "Electrical", "26-100", "C"), ("account", "Rent", "01-500", "O"))
    assert all("01-500.O" in one["notes"][0] and "26-100" not in one["notes"][0] for one in places(office).values())


def test_a_rule_for_one_project_asks_for_its_code_there_alone(office: BuildersOffice) -> None:
    own = {"when": {"account": {"equals": "Rent"}}, "then": {"cost_code": "01-500", "cost_type": "O"}, "scope": "1042"}
    office.saved([own])
    found = places(office)
    assert "01-500.O" in found[f"1042 {DECK}"]["notes"][0]
    assert found[f"1043 {CLINIC}"]["notes"] == []


def test_a_system_that_has_no_places_is_pinged_as_ever(office: BuildersOffice) -> None:
    assert "places" not in pinged(office, "books")


def test_a_ping_stays_good_when_the_projects_cannot_be_asked(office: BuildersOffice) -> None:
    office.site.backstage_switch("hourly_limit", 3)
    answer = pinged(office)
    assert answer["ok"]
    assert answer.get("places_trouble")
    assert answer["places_left"] >= 1


def test_the_command_line_shows_them_below_the_company(
    office: BuildersOffice, capsys: pytest.CaptureFixture[str]
) -> None:
    office.site.backstage_edit_project(COMPANY, office.clinic, permitted=False)
    show.ping("site", pinged(office))
    shown = " ".join(capsys.readouterr().out.split())
    assert f"1042 {DECK}: ready for bills: yes" in shown
    assert "1043: ready for bills: no, because" in shown
