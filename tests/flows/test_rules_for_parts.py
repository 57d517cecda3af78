"""Before a builder saves a rule for cost codes, he reads what it would let go and what it would have changed."""

from __future__ import annotations

from typing import Any

import pytest

from tests.building import COMPANY, FLOW
from tests.flows.builders import BuildersOffice

DECK, CLINIC = "Mill Street Parking Deck", "Harbor Clinic"


def rule(account: str, code: str, kind: str, scope: str = "") -> dict[str, Any]:
    when = {"when": {"account": {"equals": account}}, "then": {"cost_code": code, "cost_type": kind}}
    return when | ({"scope": scope} if scope else {})


WIRES, WALLS = rule("Electrical", "26-100", "C"), rule("Concrete", "03-300", "M")
RENT = rule("Rent", "03-300", "M")


@pytest.fixture
def office() -> BuildersOffice:
    """A bill over two projects that is there, and one of which a part is held for want of a rule."""
    office = BuildersOffice()
    vendor = office.vendor("Volt Electric")
    office.bill(vendor, ("60.00", "Electrical", DECK), ("40.00", "Concrete", CLINIC))
    office.bill(vendor, ("10.00", "Electrical", DECK), ("20.00", "Rent", CLINIC))
    office.run()
    return office


def test_a_new_rule_says_which_held_parts_it_would_release_and_touches_nothing(office: BuildersOffice) -> None:
    planned = office.saved([WIRES, WALLS, RENT], plan=True)
    assert planned["preview"] == {
        "waiting": {"released": 1, "looked_at": 1, "cut": False},
        "past": {"changed": 0, "looked_at": 3, "cut": False},
    }
    assert office.saved([WIRES, WALLS, RENT])["released"] == {FLOW: 1}
    office.until_quiet()
    assert set(office.states().values()) == {"split", "done"}


def test_a_changed_rule_says_how_many_parts_would_have_come_out_otherwise(office: BuildersOffice) -> None:
    other = rule("Electrical", "03-300", "C")
    assert office.saved([other, WALLS], plan=True)["preview"]["past"] == {"changed": 2, "looked_at": 3, "cut": False}


def test_a_rule_for_one_project_changes_only_the_parts_of_that_project(office: BuildersOffice) -> None:
    planned = office.saved([rule("Concrete", "26-100", "C", scope="1042"), WIRES, WALLS], plan=True)
    assert planned["preview"]["past"]["changed"] == 0
    planned = office.saved([rule("Concrete", "26-100", "C", scope="1043"), WIRES, WALLS], plan=True)
    assert planned["preview"]["past"]["changed"] == 1
    assert (
        office.saved([rule("Rent", "03-300", "M", scope="1042"), WIRES, WALLS], plan=True)["preview"]["waiting"][
            "released"
        ]
        == 0
    )


def test_a_preview_calls_neither_system(office: BuildersOffice) -> None:
    calls, sent = len(office.http.log), list(office.queue.log)
    office.saved([WIRES, WALLS, RENT], plan=True)
    assert (len(office.http.log), list(office.queue.log)) == (calls, sent)


def test_an_unmatched_line_names_the_rule_that_would_match_it(office: BuildersOffice) -> None:
    hold = next(group for group in office.call("GET", "/holds")["items"])
    assert '- {when: {account: {equals: "Rent"}}, then: {cost_code: , cost_type: }}' in hold["fix"]


def test_a_rule_that_leads_to_a_code_the_project_does_not_have_is_named_and_correcting_it_lets_the_bill_go(
    office: BuildersOffice,
) -> None:
    office.saved([WIRES, WALLS, rule("Rent", "09-900", "M")])
    office.until_quiet()
    [hold] = office.call("GET", "/holds")["items"]
    assert hold["reason"] == "budget_code_missing"
    assert 'By the rule: account equals "Rent": cost_code "09-900", cost_type "M".' in hold["message"]
    assert office.saved([WIRES, WALLS, RENT], plan=True)["preview"]["waiting"]["released"] == 1
    office.saved([WIRES, WALLS, RENT])
    office.until_quiet()
    assert "held" not in office.states().values()
    assert len(office.site.backstage_rows(COMPANY, "direct_costs")) == 4
