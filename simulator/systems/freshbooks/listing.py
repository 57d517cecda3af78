"""Lists as the vendor pages and filters them: cut without a word, and no word about a filter it ignores."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

from werkzeug.wrappers import Response

from simulator.systems.freshbooks.account import ACTIVE, DELETED, Json
from simulator.systems.freshbooks.calling import Call, Show, fail_unless_number, result

DEFAULT_SIZE, LARGEST_SIZE = 15, 100
PLAIN = {"page", "per_page", "sort", "include[]"}

Test = Callable[[Json], bool]
Rule = Callable[[list[str]], Test]
"""A filter: all values it was given in, a test of a row out."""


def page(call: Call, plural: str, rows: Iterable[Json], rules: Mapping[str, Rule], show: Show) -> Response:
    found = chosen(call, list(rows), rules)
    number, size = _place(call)
    pages = -(-len(found) // size)
    shown = [show(call, row) for row in found[(number - 1) * size : number * size]]
    return result({plural: shown, "page": number, "pages": pages, "per_page": size, "total": len(found)})


def chosen(call: Call, rows: list[Json], rules: Mapping[str, Rule]) -> list[Json]:
    asked = call.request.args
    for name in asked:
        key = re.fullmatch(r"search\[(\w+)\](\[\])?", name)
        rule = rules.get(key[1] + (key[2] or "")) if key else None
        if name in PLAIN:
            continue
        if rule is None:
            call.mistake(f"{name} is ignored by this list")  # the vendor answers everything
            continue
        test = rule(asked.getlist(name))
        rows = [row for row in rows if test(row)]
    if rules.get("vis_state") in (None, nothing) or "search[vis_state]" not in asked:
        rows = [row for row in rows if row.get("vis_state", ACTIVE) != DELETED]
    return rows


def _place(call: Call) -> tuple[int, int]:
    asked = call.request.args
    number = fail_unless_number(asked.get("page", "1"), "page")
    size = fail_unless_number(asked.get("per_page", str(DEFAULT_SIZE)), "per_page")
    if "per_page" not in asked:
        call.mistake("a list is asked for without per_page: how many rows come is not fixed")
    if number < 1:
        call.mistake("page 0 answers page 1")
        number = 1
    if size > LARGEST_SIZE or size < 1:
        call.mistake(f"per_page is cut to {LARGEST_SIZE}")
        size = LARGEST_SIZE
    return number, size


# ---------------------------------------------------------------------- rules


def equals(name: str) -> Rule:
    def rule(values: list[str]) -> Test:
        return lambda row: _shown(row.get(name)) == values[-1]

    return rule


def differs(name: str) -> Rule:
    def rule(values: list[str]) -> Test:
        return lambda row: _shown(row.get(name)) != values[-1]

    return rule


def among(name: str) -> Rule:
    def rule(values: list[str]) -> Test:
        return lambda row: _shown(row.get(name)) in values

    return rule


def contains(name: str) -> Rule:
    def rule(values: list[str]) -> Test:
        return lambda row: values[-1].casefold() in str(row.get(name) or "").casefold()

    return rule


def from_day(name: str) -> Rule:
    """Whole days, the first included."""

    def rule(values: list[str]) -> Test:
        return lambda row: str(row.get(name) or "")[:10] >= values[-1][:10]

    return rule


def before_day(name: str) -> Rule:
    """Whole days, the last excluded: "_max" means less than."""

    def rule(values: list[str]) -> Test:
        return lambda row: str(row.get(name) or "")[:10] < values[-1][:10]

    return rule


def _shown(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


VIS_STATE: Mapping[str, Rule] = {"vis_state": equals("vis_state")}


def nothing(values: list[str]) -> Test:
    """A filter that is offered and does nothing."""
    return lambda row: True
