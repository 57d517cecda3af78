"""A bill of the books as Procore's parts: what is decided before any list is looked at."""

from __future__ import annotations

from decimal import Decimal

from chalicelib.systems.procore.costs import CostLine, told_apart


def line(key: str, job: str) -> CostLine:
    return CostLine(key, Decimal("10.00"), "work", job, {})


def test_lines_without_an_id_or_with_the_same_one_are_never_taken_for_one_another() -> None:
    found = told_apart(
        [line("1", "Deck"), line("", "Deck"), line("", "Clinic"), line("7", "Deck"), line("7", "Clinic")]
    )
    assert [one.key for one in found] == ["1", "#2", "#3", "7#4", "7#5"]
    assert [one.job for one in found] == ["Deck", "Deck", "Clinic", "Deck", "Clinic"]
