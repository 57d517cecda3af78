"""What goes to Procore is in its normal form before anything is sent, and what cannot go says why."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.engine.errors import Held
from chalicelib.engine.records import Reference
from chalicelib.systems.procore import lists, names
from chalicelib.systems.procore.drafts import cost_line, share
from tests.unit.systems.procore_desk import careful, direct_cost, payment, requisition, vendor


@pytest.mark.parametrize(
    ("state", "country", "codes"),
    [
        ("MN", "US", ("MN", "US")),
        ("Minnesota", "United States", ("MN", "US")),
        ("minnesota ", "", ("MN", "US")),
        ("Ontario", "Canada", ("ON", "CA")),
        ("", "DE", ("", "DE")),
        ("Bavaria", "DE", ("", "")),
        ("ON", "US", ("", "")),
        ("Minnesota", "Deutschland", ("", "")),
        ("Elsewhere", "", ("", "")),
        ("", "Deutschland", ("", "")),
        ("", "", ("", "")),
    ],
)
def test_state_and_country_go_together_or_not_at_all(state: str, country: str, codes: tuple[str, str]) -> None:
    assert names.region(state, country) == codes


def test_a_vendor_carries_only_what_the_source_has() -> None:
    draft = vendor("  Copperline\tElectric ", email="ap@copperline.example", state="Bavaria", country="DE")
    assert draft.body == {"name": "Copperline Electric", "email": "ap@copperline.example"}
    assert draft.once["notes"] == ["Bavaria and DE is left out: Procore takes two-letter codes that belong together."]


def test_the_lines_of_an_invoice_stand_in_one_order_and_lines_of_nothing_are_none() -> None:
    shares = [share(line=line, amount=Decimal(amount)) for line, amount in (("9", "1"), ("5", "2.50"), ("7", "0"))]
    draft = requisition(lines=shares)
    assert [(one["line"], one["amount"]) for one in draft.body["lines"]] == [("5", "2.50"), ("9", "1.00")]  # type: ignore[attr-defined]
    assert draft.money is not None and draft.money.amount == Decimal("3.50")


def test_an_invoice_is_under_review_until_the_customer_says_otherwise() -> None:
    assert requisition().once["status"] == "under_review"


def test_what_people_change_there_is_given_once_and_never_compared() -> None:
    assert set(requisition().body) == {"commitment", "date", "number", "lines"}
    assert requisition(period="1").body == requisition(period="2").body


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: vendor("  "), "no_name"),
        (lambda: requisition(lines=[share(line="5", amount=Decimal("-1"))]), "negative_amount"),
        (lambda: share(line="5", amount=Decimal("1.005")), "not_accepted"),
        (lambda: cost_line(key="1", wbs="1", amount=Decimal("0.001")), "not_accepted"),
        (lambda: direct_cost(lines=[]), "no_lines"),
        (lambda: direct_cost(number=" "), "required_missing"),
        (lambda: payment(amount=Decimal("-5")), "negative_amount"),
        (lambda: payment(amount=Decimal("0")), "negative_amount"),
        (lambda: names.parts("requisition", "1280646"), "bad_target_id"),
        (lambda: names.parts("vendor", "12;drop"), "bad_target_id"),
    ],
)
def test_what_cannot_go_is_held_with_its_reason_and_fix(make: Any, reason: str) -> None:
    with pytest.raises(Held) as held:
        make()
    assert held.value.reason == reason and held.value.fix
    careful(held.value)


def test_a_credit_is_a_direct_cost_of_less_than_nothing() -> None:
    credit = direct_cost(lines=[cost_line(key="1", wbs="1", amount=Decimal("-20"))])
    assert credit.money is not None and credit.money.amount == Decimal("-20.00")


@pytest.mark.parametrize(
    ("method", "there"), [("Check", "check"), ("CreditCard", "credit_card"), ("ACH", "electronic")]
)
def test_the_way_of_payment_is_one_of_procores_three(method: str, there: str) -> None:
    assert payment(method=method).once["method"] == there


@pytest.mark.parametrize(
    ("one", "other"),
    [("Copperline Electric, LLC", "COPPERLINE ELECTRIC"), ("Ltd", "ltd."), ("Müller Co., Inc.", "müller")],
)
def test_companies_are_compared_without_punctuation_and_legal_form(one: str, other: str) -> None:
    assert names.company_name(one) == names.company_name(other)


def test_a_mark_travels_without_brackets_where_a_filter_would_take_them_for_a_list() -> None:
    assert names.origin("[mlc:books:bill:145]") == "mlc:books:bill:145"
    assert names.mark_of("", "mlc:books:bill:145") == names.mark_of("[mlc:books:bill:145]") == "[mlc:books:bill:145]"
    assert names.mark_of('{"src":"qbo"}', "qbo:9130:bill:145") == ""


# ---------------------------------------------------------------------------------------------- chosen from a list


def period(id_: str, begin: str, end: str, *, active: bool = True) -> Reference:
    return Reference(id=f"1/{id_}", name=id_, active=active, contact={"project": "1", "begin": begin, "end": end})


PERIODS = [
    period("jan", "2026-01-01", "2026-01-31", active=False),
    period("feb", "2026-02-01", "2026-02-28"),
    period("mar", "2026-03-01", "2026-03-31"),
]


def test_the_billing_period_is_the_open_one_of_the_day() -> None:
    assert lists.billing_period(PERIODS, project="1", day=date(2026, 2, 28)).name == "feb"


def test_a_day_in_a_closed_period_waits_unless_late_posting_is_allowed() -> None:
    with pytest.raises(Held) as held:
        lists.billing_period(PERIODS, project="1", day=date(2026, 1, 15))
    assert held.value.reason == "no_open_billing_period" and held.value.waits_for == ("reference:billing_period",)
    careful(held.value)
    assert lists.billing_period(PERIODS, project="1", day=date(2026, 1, 15), late=True).name == "mar"
    with pytest.raises(Held):
        lists.billing_period(PERIODS, project="2", day=date(2026, 2, 15), late=True)


def wbs(id_: str, *, active: bool = True, **told: str) -> Reference:
    plain = {"project": "1", "cost_code": "26-100", "line_item_type": "C", "sub_job": "", "custom": ""}
    return Reference(id=f"1/{id_}", name=id_, active=active, contact={**plain, **told})


def test_a_budget_code_is_the_one_of_cost_code_and_type_in_its_project() -> None:
    codes = [
        wbs("7"),
        wbs("8", line_item_type="M"),
        wbs("9", project="2"),
        wbs("10", custom="X"),
        wbs("11", active=False),
    ]
    assert lists.budget_code(codes, project="1", cost_code="26-100", cost_type="C") == "7"
    assert lists.budget_code(codes, project="1", cost_code="26-100", cost_type="L") == ""
    assert lists.budget_code([*codes, wbs("12")], project="1", cost_code="26-100", cost_type="C") == ""
