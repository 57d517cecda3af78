"""Mappings and rules as a CSV file: one row each, rules in their order; read back, they are the same.

A spreadsheet takes what begins with = + - or @ for a formula. Such a value is written with an apostrophe before it,
and a value that begins with an apostrophe too, so that reading takes exactly one away.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mlc.client import Json

OPERATORS = ("equals", "one_of", "begins_with", "contains", "word")
KIND, VALUE, NAMED, SCOPE, THEN = "kind", "value", "stands for", "scope", "then "
DELIMITERS = ",;\t"
FORMULA = ("=", "+", "-", "@", "'")
LARGEST = 5_000_000  # bytes
LONGEST_TEXT = 500  # characters; what stands elsewhere is checked by the service


@dataclass(frozen=True, slots=True)
class Place:
    """Something that does not fit, where a person finds it. Rows are the spreadsheet's: the header is row 1."""

    row: int
    column: str
    expected: str
    got: str = ""

    def said(self, file: str) -> str:
        at = f", column {self.column}" if self.column else ""
        return f"{file}: row {self.row}{at}: expected {self.expected}" + (f", got {self.got}" if self.got else "")


class Unfit(Exception):
    """The file cannot be sent as it is."""

    def __init__(self, places: list[Place]) -> None:
        super().__init__(str(places))
        self.places = places


@dataclass(slots=True)
class Sheet:
    """`places` has the row and column of every part, by its JSON pointer."""

    mappings: dict[str, dict[str, str]] = field(default_factory=dict)
    rules: dict[str, list[Json]] = field(default_factory=dict)
    places: dict[str, tuple[int, str]] = field(default_factory=dict)

    def place(self, fault: Mapping[str, object]) -> Place:
        """A fault that the service found, in the row and column that it is about."""
        near = str(fault.get("field") or "")
        while near and near not in self.places:
            near = near.rpartition("/")[0]
        row, column = self.places.get(near, (1, ""))
        return Place(row, column, str(fault.get("expected") or ""), str(fault.get("got") or ""))


# ---------------------------------------------------------------------------------------------- out


def written(answer: Json) -> str:
    """The mappings and rules of the service's answer as CSV."""
    rules = [(kind, rule) for kind, listed in answer["rules"].items() for rule in listed]
    asked = {(fact, operator) for _, rule in rules for fact, one in rule.get("when", {}).items() for operator in one}
    conditions = {(fact, op): f"{fact} {_spoken(op)}" for fact, op in sorted(asked, key=_by_fact)}
    answers = {name: f"{THEN}{name}" for _, rule in rules for name in sorted(rule["then"])}
    columns = [KIND, VALUE, NAMED, *([SCOPE] if rules else []), *conditions.values(), *answers.values()]
    out = io.StringIO()
    rows = csv.DictWriter(out, columns, restval="")
    rows.writeheader()
    for kind, values in answer["mappings"].items():
        rows.writerows({KIND: _safe(kind), VALUE: _safe(value), NAMED: _safe(to)} for value, to in values.items())
    for kind, rule in rules:
        cells = {KIND: kind, SCOPE: rule.get("scope", "")}
        cells |= {answers[name]: value for name, value in rule["then"].items()}
        for fact, one in rule.get("when", {}).items():
            cells |= {conditions[fact, op]: _cell(value) for op, value in one.items()}
        rows.writerow({column: _safe(text) for column, text in cells.items()})
    return out.getvalue()


def _cell(value: str | list[str]) -> str:
    """Several values stand one a line."""
    return value if isinstance(value, str) else "\n".join(value)


def _by_fact(asked: tuple[str, str]) -> tuple[str, int]:
    return asked[0], OPERATORS.index(asked[1])


def _safe(text: str) -> str:
    return f"'{text}" if text.startswith(FORMULA) else text


def _raw(text: str) -> str:
    return text[1:] if text.startswith("'") and text[1:].startswith(FORMULA) else text


# ---------------------------------------------------------------------------------------------- in


def load(path: Path) -> Sheet:
    """Read the file. Raises Unfit naming row, column and what was expected."""
    try:
        data = path.read_bytes()
    except OSError as gone:
        raise Unfit([Place(1, "", "a readable file", gone.strerror or "none")]) from None
    if len(data) > LARGEST:
        raise Unfit([Place(1, "", f"at most {LARGEST} bytes", f"{len(data)} bytes")])
    try:
        return parse(data.decode("utf-8-sig"))
    except UnicodeDecodeError as unfit:
        row = data.count(b"\n", 0, unfit.start) + 1
        raise Unfit([Place(row, "", "UTF-8 text (save as CSV UTF-8)", f"the byte {data[unfit.start]:#04x}")]) from None


def parse(text: str) -> Sheet:
    first = text.splitlines()[0] if text.strip() else ""
    delimiter = max(DELIMITERS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        rows = list(reader)
    except csv.Error as unfit:
        raise Unfit([Place(reader.line_num, "", "CSV, quotes closed and doubled within", str(unfit))]) from None
    columns = [" ".join(name.casefold().split()) for name in rows[0]] if rows else []
    faults = list(_of_header(columns))
    sheet = Sheet()
    for n, cells in enumerate(rows[1:] if not faults else [], 2):
        if any(cell.strip() for cell in cells):
            faults += _row(sheet, n, columns, cells)
    if faults:
        raise Unfit(faults)
    return sheet


def _of_header(columns: list[str]) -> Iterator[Place]:
    known = f'{KIND}, {VALUE}, {NAMED}, {SCOPE}, a fact with its comparison as in "account equals", or "{THEN}..."'
    if KIND not in columns:
        yield Place(1, "", f'a header with the column "{KIND}"', ", ".join(columns)[:80] or "nothing")
        return
    for n, name in enumerate(columns):
        if name and name not in (KIND, VALUE, NAMED, SCOPE) and not name.startswith(THEN) and _condition(name) is None:
            yield Place(1, name, f"one of {known}", f'"{name}"')
        if name and name in columns[:n]:
            yield Place(1, name, "each column once", "it again")


def _row(sheet: Sheet, n: int, columns: list[str], cells: list[str]) -> Iterator[Place]:
    """Add the row's mapping or rule to the sheet; what does not fit is named."""
    if extra := [cell for cell in cells[len(columns) :] if cell.strip()]:
        yield Place(n, "", f"at most {len(columns)} cells, as the header has", f'"{extra[0][:40]}" beyond them')
        return
    row = {name: cell for name, cell in zip(columns, cells, strict=False) if cell}
    if nameless := row.pop("", ""):
        yield Place(n, "", "no cell under a column without a name", f'"{nameless[:40]}"')
        return
    kind = _raw(row.pop(KIND, "")).strip()
    if not kind:
        yield Place(n, KIND, "the kind, such as account", "nothing")
    elif VALUE in row or NAMED in row:
        yield from _mapping(sheet, n, kind, row)
    else:
        yield from _rule(sheet, n, kind, row)


def _mapping(sheet: Sheet, n: int, kind: str, row: Mapping[str, str]) -> Iterator[Place]:
    if also := sorted(row.keys() - {VALUE, NAMED}):
        yield Place(n, also[0], f"nothing: a row with {VALUE} is a mapping, without it a rule", "a condition or answer")
        return
    for column in (VALUE, NAMED):
        if column not in row:
            yield Place(n, column, "what is mapped" if column == VALUE else "what it stands for", "nothing")
            return
    value, values = _raw(row[VALUE]), sheet.mappings.setdefault(kind, {})
    if len(value) > LONGEST_TEXT or not value.isprintable():
        yield Place(n, VALUE, f"one line of at most {LONGEST_TEXT} characters", f"{len(value)} characters")
        return
    pointer = f"/mappings/{_escaped(kind)}/{_escaped(value)}"
    if value in values:
        yield Place(n, VALUE, f"each {kind} once", f'"{value[:40]}" again (first in row {sheet.places[pointer][0]})')
        return
    values[value] = _raw(row[NAMED])
    sheet.places.setdefault(f"/mappings/{_escaped(kind)}", (n, KIND))
    sheet.places[pointer] = (n, NAMED)


def _rule(sheet: Sheet, n: int, kind: str, row: Mapping[str, str]) -> Iterator[Place]:
    rules = sheet.rules.setdefault(kind, [])
    at = f"/rules/{_escaped(kind)}"
    sheet.places.setdefault(at, (n, KIND))
    at = f"{at}/{len(rules)}"
    sheet.places |= {at: (n, ""), f"{at}/then": (n, THEN.strip())}
    when: dict[str, Json] = {}
    rule: Json = {"then": {}}
    for column, cell in row.items():
        asked = _condition(column)
        if column == SCOPE:
            rule["scope"], place = _raw(cell), f"{at}/scope"
        elif asked is None:
            name = column.removeprefix(THEN)
            rule["then"][name], place = _raw(cell), f"{at}/then/{_escaped(name)}"
        else:
            fact, operator = asked
            when.setdefault(fact, {})[operator] = _raw(cell).splitlines() if operator == "one_of" else _raw(cell)
            sheet.places.setdefault(f"{at}/when/{_escaped(fact)}", (n, column))
            place = f"{at}/when/{_escaped(fact)}/{operator}"
        sheet.places[place] = (n, column)
    rules.append(rule | ({"when": when} if when else {}))
    if not rule["then"]:
        yield Place(n, "", f'an answer under a column "{THEN}...", or a {VALUE} and what it {NAMED}', "neither")


def _condition(column: str) -> tuple[str, str] | None:
    for operator in OPERATORS:
        fact = column.removesuffix(f" {_spoken(operator)}")
        if fact and fact != column:
            return fact, operator
    return None


def _spoken(operator: str) -> str:
    return operator.replace("_", " ")


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")
