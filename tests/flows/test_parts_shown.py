"""A bill that came to several records in Procore: how the office sees it, asks about it and decides it."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from tests.building import COMPANY, FLOW
from tests.flows.builders import BuildersOffice

DECK, CLINIC = "Mill Street Parking Deck", "Harbor Clinic"
WIRES, RENT = ("60.00", "Electrical", DECK), ("40.00", "Rent", CLINIC)


@pytest.fixture
def office() -> BuildersOffice:
    return BuildersOffice()


def half_moved(office: BuildersOffice) -> str:
    """A bill of two projects: one part is in Procore, the other is held for want of a rule."""
    known = office.books.backstage_find("9130001", "Vendor", "Volt Electric")
    bill = office.bill(known["Id"] if known else office.vendor("Volt Electric"), WIRES, RENT)
    office.run()
    return bill


def test_the_whole_shows_its_parts_with_their_states_and_a_part_shows_its_whole(office: BuildersOffice) -> None:
    bill = half_moved(office)
    whole = office.shown(bill)
    assert (whole["state"], whole["part"], whole["whole"]) == ("split", "", "")
    parts = {part["id"]: (part["state"], part["amount"], part["leaving"]) for part in whole["parts"]}
    assert parts == {
        f"{FLOW}:bill:{bill}@{office.deck}": ("done", "60.00", False),
        f"{FLOW}:bill:{bill}@{office.clinic}": ("held", "40.00", False),
    }
    part = office.shown(f"{bill}@{office.deck}")
    assert (part["whole"], part["part"], part["parts"]) == (f"{FLOW}:bill:{bill}", str(office.deck), [])


def test_a_part_shows_the_bill_that_it_comes_from_beside_what_stands_in_procore(office: BuildersOffice) -> None:
    bill = half_moved(office)
    documents = office.shown(f"{bill}@{office.deck}")["documents"]
    assert documents["source"]["document"]["Id"] == bill
    assert documents["written"]["project"] == str(office.deck)


def test_why_tells_of_each_part_and_what_somebody_has_to_do(office: BuildersOffice) -> None:
    bill = half_moved(office)
    told = office.call("GET", f"/records/{FLOW}:bill:{bill}/why")
    assert told["happened"] == "Bill INV-001 of Volt Electric over 100.00 USD comes to 2 records in Procore."
    assert f"Bill INV-001 of Volt Electric, part {office.deck}, over 60.00 USD was created in Procore" in told["why"]
    assert "No rule for the cost code fits" in told["why"]
    assert (told["who"], "Add a rule" in told["todo"]) == ("The bookkeeper", True)


def test_why_tells_that_a_deleted_bill_was_deleted_in_procore(office: BuildersOffice) -> None:
    bill = office.bill(office.vendor("Volt Electric"), WIRES)
    office.run()
    office.books.backstage_delete_bill("9130001", bill)
    office.run()
    part = office.call("GET", f"/records/{FLOW}:bill:{bill}@{office.deck}/why")
    assert "was deleted in Procore" in part["happened"], part
    whole = office.call("GET", f"/records/{FLOW}:bill:{bill}/why")
    assert "withdrawn at the source" in whole["happened"], whole


def test_a_part_is_found_by_its_id_whatever_stands_in_it(office: BuildersOffice) -> None:
    bill = half_moved(office)
    paid = office.pay(**{f"b{bill}": "60.00"})
    office.run()
    parts = [part["id"] for part in office.shown(paid, "bill_payment")["parts"]]
    told = {id_: office.call("GET", f"/records/{quote(id_, safe='')}/why") for id_ in parts}
    [said] = [one for id_, one in told.items() if id_.endswith(f"/{office.deck}")]
    assert said["happened"].endswith("has no record of its own in Procore."), said
    assert "the day on which it was paid stands on it" in said["why"]
    assert {one["record"] for one in told.values()} == set(parts)


def test_wholes_are_listed_by_their_state_and_found_with_their_parts(office: BuildersOffice) -> None:
    bill = half_moved(office)
    split = office.call("GET", "/records", state="split")["items"]
    assert [one["id"] for one in split] == [f"{FLOW}:bill:{bill}"]
    found = office.call("GET", "/records", q="INV-001", move="bill")["items"]
    assert len(found) == 3


def test_a_split_bill_is_not_counted_beside_its_parts(office: BuildersOffice) -> None:
    half_moved(office)
    shown = office.call("GET", f"/flows/{FLOW}")
    assert {name: one["count"] for name, one in shown["counts"]["bill"].items()} == {"done": 1, "held": 1}
    bills = {word: one for word, one in shown["report"]["bill"].items() if one["count"]}
    assert bills["create"] == {"count": 1, "amounts": {"USD": "60.00"}}
    assert bills["hold"] == {"count": 1, "amounts": {"USD": "40.00"}}
    assert set(bills) == {"create", "hold"}


def test_a_rehearsal_reports_each_part_as_the_live_run_then_does() -> None:
    office = BuildersOffice(state="rehearsing")
    office.bill(office.vendor("Volt Electric"), WIRES, ("40.00", "Concrete", CLINIC))
    office.run()
    planned = words(office)
    assert planned["create"] == {"count": 2, "amounts": {"USD": "100.00"}}, planned
    office.call("POST", f"/flows/{FLOW}/start")
    office.until_quiet()
    office.run()
    assert words(office) == planned


def test_one_missing_rule_is_one_cause_whatever_the_number_of_parts(office: BuildersOffice) -> None:
    for _ in range(3):
        half_moved(office)
    groups = office.call("GET", "/holds")["items"]
    assert [(group["reason"], group["count"], group["amounts"]) for group in groups] == [
        ("mapping_missing", 3, {"USD": "120.00"})
    ]


def test_nothing_in_procore_is_the_whole_so_that_only_a_part_is_linked_or_dismissed(office: BuildersOffice) -> None:
    bill = half_moved(office)
    for wish in ({"action": "dismiss"}, {"action": "unlink"}):
        status, answer = office.ask("POST", f"/records/{FLOW}:bill:{bill}/resolve", wish)
        assert status == 409
        assert f"{FLOW}:bill:{bill}@{office.clinic}" in answer["detail"]
    done = office.call("POST", f"/records/{FLOW}:bill:{bill}@{office.clinic}/resolve", {"action": "dismiss"})
    assert (done["ok"], done["state"]) == (True, "not_moved")
    assert office.states()[f"{bill}@{office.deck}"] == "done"


def test_a_replay_of_the_whole_brings_back_what_somebody_deleted_of_a_part_only_when_asked(
    office: BuildersOffice,
) -> None:
    bill = half_moved(office)
    cost = office.site.backstage_rows(COMPANY, "direct_costs")[0]["id"]
    office.site.backstage_link(COMPANY, "direct_costs", cost, None)
    office.site.backstage_delete_direct_cost(COMPANY, cost)
    office.call("POST", f"/records/{FLOW}:bill:{bill}/replay", {})
    office.until_quiet()
    part = office.shown(f"{bill}@{office.deck}")
    assert (part["state"], part["hold"]["reason"]) == ("held", "missing_in_target")
    assert office.there("direct_costs") == []


def words(office: BuildersOffice) -> dict[str, Any]:
    report = office.call("GET", f"/flows/{FLOW}")["report"]["bill"]
    return {word: one for word, one in report.items() if one["count"]}
