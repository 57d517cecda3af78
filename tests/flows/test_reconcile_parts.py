"""At month end a builder asks whether Procore has what the books have; one bill may be several records there."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.entry import reconcile
from simulator import seed
from simulator.seed_site_books import FLOW as SEEDED_FLOW
from tests.building import COMPANY, FLOW, REALM
from tests.flows.builders import BuildersOffice
from tests.flows.test_reconcile import assert_adds_up, only, usd
from tests.flows.test_seeded_builder import Seeded

FEBRUARY = {"from": "2026-02-01", "to": "2026-02-28"}
DECK, CLINIC = "Mill Street Parking Deck", "Harbor Clinic"
WIRES, WALLS = ("60.00", "Electrical", DECK), ("40.00", "Concrete", CLINIC)


@pytest.fixture
def office() -> BuildersOffice:
    return BuildersOffice()


def asked(office: BuildersOffice, period: dict[str, str] = FEBRUARY) -> Any:
    job = office.call("POST", f"/flows/{FLOW}/reconcile", period)
    office.until_quiet()
    answer = office.call("GET", f"/flows/{FLOW}/reconcile/{job['id']}")
    assert (answer["state"], answer["complete"]) == ("done", True), answer
    for bridge in answer["moves"].values():
        assert_adds_up(bridge)
    return answer


def vendor(office: BuildersOffice, *, on_deck: bool = False) -> str:
    """One with a commitment on the deck, if wanted; on other projects its bills are direct costs."""
    if on_deck:
        office.commitment("Volt Electric", office.deck, "26-100.C")
    return office.vendor("Volt Electric")


def unlocked(office: BuildersOffice, project: int) -> int:
    """Our one direct cost of the project, which somebody in Procore has unlocked."""
    rows = office.site.backstage_rows(COMPANY, "direct_costs")
    cost = next(int(one["id"]) for one in rows if one["project_id"] == project)
    office.site.backstage_link(COMPANY, "direct_costs", cost, None)
    return cost


# ---------------------------------------------------------------------------------------------- it agrees


def test_a_bill_over_two_projects_agrees_with_its_invoice_and_its_direct_cost_together(office: BuildersOffice) -> None:
    office.bill(vendor(office, on_deck=True), WIRES, WALLS)
    office.run()
    assert (len(office.there("requisitions")), len(office.there("direct_costs"))) == (1, 1)
    answer = asked(office)
    assert (answer["verdict"], answer["listed"]) == ("Agrees to the cent.", [])
    bills = answer["moves"]["bill"]
    assert (bills["source"], bills["target"], bills["others"]["count"]) == (usd("100.00"), usd("100.00", 2), 0)
    office.careful()


def test_payments_agree_and_what_paid_a_direct_cost_is_told_by_the_cost_itself(office: BuildersOffice) -> None:
    bill = office.bill(vendor(office, on_deck=True), WIRES, WALLS)
    office.run()
    office.site.backstage_edit_requisition(COMPANY, office.there("requisitions")[0]["id"], status="approved")
    office.pay(**{f"b{bill}": "100.00"})
    office.run()
    answer = asked(office)
    assert answer["verdict"] == "Agrees to the cent.", answer
    payments = answer["moves"]["bill_payment"]
    assert (payments["source"], payments["target"]) == (usd("100.00"), usd("60.00"))
    assert payments["not_moved"] == {"told": usd("40.00")}


def test_a_held_part_is_a_cause_of_its_own_and_the_other_part_agrees(office: BuildersOffice) -> None:
    bill = office.bill(vendor(office), WIRES, ("40.00", "Rent", CLINIC))
    office.run()
    answer = asked(office)
    assert answer["verdict"] == "Agrees to the cent."
    bills = answer["moves"]["bill"]
    assert bills["held"] == {"mapping_missing": usd("40.00")}
    assert (bills["source"], bills["target"]) == (usd("100.00"), usd("60.00"))
    assert only(answer)["record"] == f"{FLOW}:bill:{bill}@{office.clinic}"


def test_a_bill_that_is_held_whole_is_one_cause(office: BuildersOffice) -> None:
    office.bill(vendor(office), WIRES, ("40.00", "Concrete", ""))
    office.run()
    answer = asked(office)
    assert answer["moves"]["bill"]["held"] == {"no_project": usd("100.00")}
    assert answer["verdict"] == "Agrees to the cent."


def test_lines_without_a_job_that_are_left_out_are_told_as_not_moved() -> None:
    office = BuildersOffice(no_project="leave_out")
    office.bill(vendor(office), WIRES, ("40.00", "Rent", ""))
    office.run()
    answer = asked(office)
    assert answer["verdict"] == "Agrees to the cent."
    assert answer["moves"]["bill"]["not_moved"] == {"not_moved": usd("40.00")}


def test_tax_that_is_spread_over_the_lines_is_compared_with_them(office: BuildersOffice) -> None:
    office.books.backstage_set_preference(REALM, "TaxPrefs.UsingSalesTax", True)
    office.bill(vendor(office), WIRES, WALLS, TxnTaxDetail={"TotalTax": 8.25})
    office.run()
    bills = asked(office)["moves"]["bill"]
    assert bills["source"]["amounts"] == bills["target"]["amounts"] == {"USD": "108.25"}


def test_the_seeded_builders_year_agrees_and_every_amount_between_is_explained(
    caplog: pytest.LogCaptureFixture,
) -> None:
    seeded = Seeded()
    seeded.run()
    seeded.run()
    assert "a batch failed" not in caplog.text
    flow = seeded.engine.open(seed.TENANT, SEEDED_FLOW)
    assert flow is not None
    errand = reconcile.ask(seeded.engine, flow, seeded.today - timedelta(days=300), seeded.today)
    seeded.until_quiet()
    answer: Any = reconcile.show(seeded.engine, seed.TENANT, errand)
    assert answer["verdict"] == "Agrees to the cent."
    for bridge in answer["moves"].values():
        assert_adds_up(bridge)
    assert answer["moves"]["bill"]["target"]["count"] > 40
    assert {"told", "not_moved"} <= set(answer["moves"]["bill_payment"]["not_moved"])


# ---------------------------------------------------------------------------------------------- it does not agree


def test_an_invoice_changed_in_procore_is_named_with_its_part_of_the_bill(office: BuildersOffice) -> None:
    bill = office.bill(vendor(office), WIRES, WALLS)
    office.run()
    cost = unlocked(office, office.deck)
    line = next(one for one in office.site.backstage_rows(COMPANY, "direct_cost_lines") if float(one["amount"]) == 60)
    office.site.backstage_edit_direct_cost(COMPANY, cost, amounts={str(line["id"]): "61.50"})
    answer = asked(office)
    found = only(answer)
    assert (found["kind"], found["record"]) == ("changed_in_target", f"{FLOW}:bill:{bill}@{office.deck}")
    assert (found["source"]["amount"], found["target"][0]["amount"]) == ("60.00", "61.50")
    assert answer["verdict"] == "Differs by 1.50 USD in 1 record."


def test_a_part_deleted_in_procore_is_named_and_the_other_part_agrees(office: BuildersOffice) -> None:
    bill = office.bill(vendor(office), WIRES, WALLS)
    office.run()
    office.site.backstage_delete_direct_cost(COMPANY, unlocked(office, office.clinic))
    answer = asked(office)
    assert (only(answer)["kind"], only(answer)["record"]) == (
        "missing_in_target",
        f"{FLOW}:bill:{bill}@{office.clinic}",
    )
    assert answer["verdict"] == "Differs by 40.00 USD in 1 record."


def test_a_bill_changed_in_the_books_since_is_left_to_the_next_run_as_a_whole(office: BuildersOffice) -> None:
    bill = office.bill(vendor(office), WIRES, WALLS)
    office.run()
    office.edit(bill, WIRES, ("45.00", "Concrete", CLINIC))
    answer = asked(office)
    assert (only(answer)["kind"], only(answer)["record"]) == ("changed_at_source", f"{FLOW}:bill:{bill}")
    office.run()
    assert asked(office)["agrees"]


def test_a_line_moved_to_another_project_leaves_nothing_behind(office: BuildersOffice) -> None:
    bill = office.bill(vendor(office), WIRES, WALLS)
    office.run()
    office.edit(bill, WIRES, ("40.00", "Concrete", DECK))
    office.run()
    answer = asked(office)
    assert (answer["agrees"], answer["moves"]["bill"]["target"]) == (True, usd("100.00"))


def test_a_project_that_shuts_us_out_is_named_and_the_others_are_compared(office: BuildersOffice) -> None:
    bill = office.bill(vendor(office), WIRES, WALLS)
    office.run()
    office.site.backstage_edit_project(COMPANY, office.clinic, permitted=False)
    answer = asked(office)
    assert (only(answer)["kind"], only(answer)["record"]) == ("not_readable", f"{FLOW}:bill:{bill}@{office.clinic}")
    assert "permi" in only(answer)["fix"].lower()
    assert answer["moves"]["bill"]["target"] == usd("60.00")


def test_the_same_part_twice_in_procore_is_the_one_thing_that_must_never_be(office: BuildersOffice) -> None:
    bill = office.bill(vendor(office), WIRES)
    office.run()
    copy = next(one for one in office.site.backstage_rows(COMPANY, "direct_costs"))
    code = {"code": "26-100.C", "amount": "60.00", "description": ""}
    fields = {name: copy[name] for name in ("invoice_number", "direct_cost_date", "origin_data") if copy.get(name)}
    office.site.backstage_add_direct_cost(COMPANY, office.deck, [code], **fields)
    answer = asked(office)
    assert (only(answer)["kind"], only(answer)["record"]) == ("duplicate", f"{FLOW}:bill:{bill}@{office.deck}")
    assert answer["verdict"] == "Differs by 60.00 USD in 1 record."
