"""The bill router: per project a requisition or a direct cost or a person's decision, never two of them."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.systems.procore.parts import (
    Bill,
    Choices,
    Commitment,
    DirectCost,
    Known,
    Line,
    Part,
    Requisition,
    Value,
    Waiting,
)
from chalicelib.systems.procore.router import route as routed
from tests.unit.systems.procore_desk import careful

DECK, CLINIC = "362001", "362002"
ROUGH_IN = Value(id="5175960", wbs="w1", code="26-100.C", description="Rough-in, levels 1-3")
FIXTURES = Value(id="5175961", wbs="w2", code="26-500.C", description="Fixtures")


def electric(**changes: Any) -> Commitment:
    values: dict[str, Any] = {
        "id": f"{DECK}/618651",
        "project": DECK,
        "number": "SC-1042-001",
        "vendor": "3739501",
        "title": "Electrical rough-in",
        "values": [ROUGH_IN, FIXTURES],
    }
    return Commitment(**{**values, **changes})


def second(**changes: Any) -> Commitment:
    return electric(
        **{"id": f"{DECK}/618652", "number": "SC-1042-002", "title": "Lighting", "values": [FIXTURES], **changes}
    )


def line(key: str = "1", amount: str = "100.00", **changes: Any) -> Line:
    values: dict[str, Any] = {"key": key, "project": DECK, "amount": Decimal(amount), "wbs": "w1", "code": "26-100.C"}
    return Line(**{**values, **changes})


BOTH = (line("1"), line("2", "7.00", wbs="w2", code="26-500.C"))


def bill(*lines: Line, numbers: tuple[str, ...] = (), vendor: str = "3739501") -> Bill:
    vendors = {project: frozenset({vendor}) for project in (DECK, CLINIC, "362003")}
    return Bill("The bill INV-2201", "Copperline Electric LLC", lines or (line(),), vendors, numbers)


def route(of: Bill, commitments: list[Commitment], choices: Choices) -> list[Part]:
    """Of projects that can all be read."""
    return routed(of, Known(frozenset({DECK, CLINIC, "362003"}), commitments), choices)


def one(parts: list[Part]) -> Part:
    assert len(parts) == 1
    return parts[0]


def held(parts: list[Part]) -> Any:
    part = one(parts)
    assert isinstance(part, Waiting), part
    careful(part.held)
    assert "he bill INV-2201" in part.held.message
    assert part.lines
    assert not re.search(r"[a-z,] The bill", part.held.message), "a title inside a sentence begins small"
    return part.held


# ---------------------------------------------------------------------------------------------- one or the other


def test_a_bill_of_a_vendor_without_a_commitment_is_a_direct_cost() -> None:
    part = one(route(bill(line(), line("2", wbs="w9")), [electric(vendor="9")], Choices()))
    assert part == DirectCost(DECK, [line(), line("2", wbs="w9")])


def test_a_bill_of_the_vendors_only_commitment_is_a_requisition_with_the_sum_of_each_schedule_line() -> None:
    lines = [line("1", "100.00"), line("2", "50.25"), line("3", "7.00", wbs="w2", code="26-500.C")]
    part = one(route(bill(*lines), [electric()], Choices()))
    assert isinstance(part, Requisition)
    assert part.commitment.id == f"{DECK}/618651"
    assert part.shares == {"5175960": Decimal("150.25"), "5175961": Decimal("7.00")}


def test_the_vendor_may_stand_on_the_commitment_by_its_id_in_the_company() -> None:
    several = Bill("The bill INV-2201", "Copperline", [line()], {DECK: frozenset({"3739501", "3739001"})})
    assert isinstance(one(route(several, [electric(vendor="3739001")], Choices())), Requisition)


def test_without_a_commitment_the_policy_may_say_hold() -> None:
    found = held(route(bill(), [], Choices(no_commitment="hold")))
    assert found.reason == "no_commitment"
    assert "setting:no_commitment" in found.waits_for


def test_a_direct_cost_line_without_a_budget_code_waits_for_one() -> None:
    found = held(route(bill(line(), line("2", wbs="", code="31-200.M")), [], Choices()))
    assert found.reason == "budget_code_missing"
    assert "31-200.M" in found.message and found.waits_for == ("reference:wbs_code",)


# ---------------------------------------------------------------------------------------------- which commitment


def test_of_several_commitments_none_is_chosen_and_all_are_named() -> None:
    found = held(route(bill(), [electric(), second()], Choices()))
    assert found.reason == "several_commitments"
    assert "SC-1042-001 Electrical rough-in" in found.message and "SC-1042-002 Lighting" in found.message


def test_the_policy_for_bills_of_several_commitments_never_chooses_among_candidates() -> None:
    policies: tuple[Any, ...] = ("split", "direct_cost")
    for several in policies:
        found = held(route(bill(*BOTH), [electric(values=[ROUGH_IN]), second()], Choices(multi_commitment=several)))
        assert found.reason == "several_commitments"


def test_even_when_only_one_of_several_has_the_budget_code_a_person_says_which() -> None:
    assert held(route(bill(), [electric(), second()], Choices())).reason == "several_commitments"


def test_the_number_on_the_bill_names_the_commitment() -> None:
    part = one(route(bill(numbers=("sc-1042-001 ",)), [electric(), second()], Choices()))
    assert isinstance(part, Requisition) and part.commitment == electric()


def test_a_mapping_goes_before_the_number_on_the_bill() -> None:
    mapped = line(commitment="SC-1042-002", wbs="w2", code="26-500.C")
    part = one(route(bill(mapped, numbers=("SC-1042-001",)), [electric(), second()], Choices()))
    assert isinstance(part, Requisition) and part.commitment == second()


def test_a_number_that_no_commitment_has_leaves_the_vendors_only_one() -> None:
    part = one(route(bill(numbers=("PO-77",)), [electric()], Choices()))
    assert isinstance(part, Requisition)


def test_the_number_of_another_vendors_commitment_is_not_believed() -> None:
    foreign = second(vendor="9")
    found = held(route(bill(numbers=("SC-1042-002",)), [electric(), foreign], Choices()))
    assert found.reason == "commitment_of_other_vendor" and "SC-1042-002" in found.message


def test_a_number_that_two_of_the_vendors_commitments_share_is_no_choice_under_any_policy() -> None:
    policies: tuple[Any, ...] = ("hold", "split", "direct_cost")
    for several in policies:
        known = [electric(values=[ROUGH_IN]), second(number="SC-1042-001")]
        found = held(route(bill(*BOTH, numbers=("SC-1042-001",)), known, Choices(multi_commitment=several)))
        assert found.reason == "several_commitments" and "could belong" in found.message


def test_a_number_that_another_vendors_commitment_has_too_is_the_vendors_own() -> None:
    part = one(route(bill(numbers=("SC-1042-001",)), [electric(), second(number="SC-1042-001", vendor="9")], Choices()))
    assert isinstance(part, Requisition) and part.commitment == electric()


def test_one_commitment_that_is_mapped_by_its_number_and_by_its_id_is_one() -> None:
    lines = (line("1", commitment="SC-1042-001"), line("2", commitment=f"{DECK}/618651"))
    assert isinstance(one(route(bill(*lines), [electric(), second()], Choices())), Requisition)


def test_a_mapping_to_a_commitment_that_is_not_there_says_so() -> None:
    found = held(route(bill(line(commitment="SC-9")), [electric()], Choices()))
    assert found.reason == "reference_missing" and "SC-9" in found.message


def test_a_commitment_that_takes_no_invoice_holds_the_bill_and_never_makes_it_a_direct_cost() -> None:
    found = held(route(bill(), [electric(blocked="its status is Draft")], Choices()))
    assert found.reason == "commitment_not_ready" and "its status is Draft" in found.message
    named = held(route(bill(numbers=("SC-1042-001",)), [electric(blocked="its status is Closed"), second()], Choices()))
    assert named.reason == "commitment_not_ready"


def test_the_only_commitment_that_takes_invoices_is_taken_beside_others_that_do_not() -> None:
    part = one(route(bill(), [electric(), second(blocked="its status is Draft")], Choices()))
    assert isinstance(part, Requisition) and part.commitment == electric()


def test_a_commitment_in_another_currency_is_a_persons() -> None:
    foreign = Bill("The bill INV-2201", "Copperline", [line()], {DECK: frozenset({"3739501"})}, currency="USD")
    found = held(route(foreign, [electric(currency="CAD")], Choices()))
    assert found.reason == "currency_mismatch" and "CAD" in found.message
    assert isinstance(one(route(foreign, [electric(currency="USD")], Choices())), Requisition)


# ---------------------------------------------------------------------------------------------- what is not known


def test_a_project_whose_commitments_cannot_be_read_never_makes_a_direct_cost() -> None:
    found = held(routed(bill(), Known(frozenset({CLINIC})), Choices()))
    assert found.reason == "permission_or_tool" and found.owner == "admin"
    assert "reference:commitment" in found.waits_for


def test_a_vendor_that_is_not_on_the_project_yet_has_no_commitment_there() -> None:
    newcomer = Bill("The bill INV-2201", "Copperline", [line()], {CLINIC: frozenset({"3739501"})})
    assert isinstance(one(route(newcomer, [electric()], Choices())), DirectCost)
    found = held(route(newcomer, [electric()], Choices(no_commitment="hold")))
    assert found.reason == "no_commitment"


# ---------------------------------------------------------------------------------------------- which line


def test_a_line_that_fits_no_line_of_the_schedule_holds_the_whole_part() -> None:
    found = held(route(bill(line(), line("2", wbs="w9", code="31-200.M")), [electric()], Choices()))
    assert found.reason == "lines_unassigned"
    assert "31-200.M" in found.message and "fits 0" in found.message


def test_a_line_that_fits_two_lines_of_the_schedule_names_both() -> None:
    twice = electric(values=[ROUGH_IN, Value(id="7", wbs="w1", code="26-100.C", description="Levels 4-6")])
    found = held(route(bill(), [twice], Choices()))
    assert found.reason == "lines_unassigned"
    assert "fits 2 (Rough-in, levels 1-3, Levels 4-6)" in found.message


def test_a_line_without_a_budget_code_fits_no_schedule_line_that_has_none_either() -> None:
    bare = electric(values=[Value(id="7", wbs="")])
    assert held(route(bill(line(wbs="")), [bare], Choices())).reason == "lines_unassigned"


# ---------------------------------------------------------------------------------------------- several commitments


NUMBERS = ("SC-1042-001", "SC-1042-002")


def test_a_bill_of_several_commitments_is_held_by_default() -> None:
    found = held(route(bill(*BOTH, numbers=NUMBERS), [electric(values=[ROUGH_IN]), second()], Choices()))
    assert found.reason == "several_commitments" and "setting:multi_commitment" in found.waits_for


def test_split_makes_one_requisition_on_each_commitment() -> None:
    known = [electric(values=[ROUGH_IN]), second()]
    parts = route(bill(*BOTH, numbers=NUMBERS), known, Choices(multi_commitment="split"))
    assert [(p.commitment.number, dict(p.shares)) for p in parts if isinstance(p, Requisition)] == [
        ("SC-1042-001", {"5175960": Decimal("100.00")}),
        ("SC-1042-002", {"5175961": Decimal("7.00")}),
    ]


def test_split_holds_a_line_that_could_be_of_either() -> None:
    found = held(route(bill(*BOTH, numbers=NUMBERS), [electric(), second()], Choices(multi_commitment="split")))
    assert found.reason == "lines_unassigned"


def test_lines_that_are_mapped_to_different_commitments_are_split_by_their_mapping() -> None:
    lines = (line("1", commitment="SC-1042-001"), line("2", wbs="w2", commitment="SC-1042-002"))
    parts = route(bill(*lines), [electric(), second()], Choices(multi_commitment="split"))
    assert [p.commitment.number for p in parts if isinstance(p, Requisition)] == ["SC-1042-001", "SC-1042-002"]


def test_several_commitments_may_be_a_direct_cost_by_policy_and_then_nothing_else() -> None:
    choices = Choices(multi_commitment="direct_cost")
    assert one(route(bill(*BOTH, numbers=NUMBERS), [electric(), second()], choices)) == DirectCost(DECK, list(BOTH))


# ---------------------------------------------------------------------------------------------- several projects


def test_a_bill_of_three_projects_has_three_parts_and_a_held_one_keeps_no_other_back() -> None:
    lines = [line("1"), line("2", project=CLINIC), line("3", project="362003", wbs="")]
    parts = route(bill(*lines), [electric()], Choices())
    assert [type(part) for part in parts] == [Requisition, DirectCost, Waiting]
    assert [part.project for part in parts] == [DECK, CLINIC, "362003"]


def test_a_commitment_of_another_project_is_never_taken() -> None:
    elsewhere = electric(project=CLINIC, id=f"{CLINIC}/1")
    assert isinstance(one(route(bill(), [elsewhere], Choices())), DirectCost)


AMOUNTS = st.decimals(min_value=-1000, max_value=1000, places=2)
LINES = st.lists(
    st.tuples(st.sampled_from([DECK, CLINIC]), AMOUNTS, st.sampled_from(["w1", "w2", "w9", ""])), min_size=1
)


@pytest.mark.parametrize("several", ["hold", "split", "direct_cost"])
@given(rows=LINES, numbers=st.sets(st.sampled_from([*NUMBERS, "PO-1"])), two=st.booleans())
def test_every_line_is_in_exactly_one_part_and_no_cent_is_lost(
    several: Any, rows: list[tuple[str, Decimal, str]], numbers: set[str], two: bool
) -> None:
    lines = [line(str(n), str(amount), project=project, wbs=wbs) for n, (project, amount, wbs) in enumerate(rows)]
    known = [electric(), second()] if two else [electric()]
    parts = route(bill(*lines, numbers=tuple(numbers)), known, Choices(multi_commitment=several))
    placed = [one.key for part in parts for one in part.lines]
    assert sorted(placed) == sorted(one.key for one in lines)
    for part in parts:
        if isinstance(part, Requisition):
            assert sum(part.shares.values()) == sum(one.amount for one in part.lines)
    kinds: dict[str, set[type]] = {}
    for part in parts:
        kinds.setdefault(part.project, set()).add(type(part))
    assert all(len(of) == 1 for of in kinds.values())
