"""Lists as Procurify pages, filters and sorts them: offsets over live data, and no word about a filter it ignores."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode

from werkzeug.wrappers import Response

from simulator.systems.procurify.calling import Call, Refused, detail, invalid, not_found
from simulator.systems.procurify.company import Company
from simulator.systems.serving import json_response

DEFAULT_SIZE = 10
LARGEST_SIZE = 100
PAGING = {"page", "page_size", "order_by", "search", "format"}

T = TypeVar("T")
Test = Callable[[T], bool]
Rule = Callable[[Company, Sequence[str]], Test[T]]  # raises ValueError for a value that it cannot read


@dataclass(frozen=True)
class Listing(Generic[T]):
    """How one list behaves: its filters, the fields it sorts by, and the text that `search` looks through."""

    rules: Mapping[str, Rule[T]]
    show: Callable[[Company, T], Any]
    orders: Mapping[str, Callable[[T], Any]] = field(default_factory=dict)
    text: Callable[[T], str] = lambda row: ""
    deprecated: frozenset[str] = frozenset()

    def choose(self, call: Call, rows: Iterable[T]) -> list[T]:
        found = list(rows)
        args = call.request.args
        for name in args:
            rule = self.rules.get(name)
            if name in PAGING:
                continue
            if rule is None:
                call.mistake(f"the parameter {name} does not exist")  # the vendor ignores it silently
                continue
            if name in self.deprecated:
                call.mistake(f"the parameter {name} is deprecated")
            try:
                test = rule(call.company, args.getlist(name))
            except (ValueError, OverflowError):  # a day at the end of the calendar has no next one
                raise invalid(name, "Enter a valid value.", mistake=f"{name} holds no valid value") from None
            found = [row for row in found if test(row)]
        if args.get("search"):
            found = [row for row in found if args["search"].casefold() in self.text(row).casefold()]
        return self._sort(call, found)

    def _sort(self, call: Call, found: list[T]) -> list[T]:
        asked = call.request.args.get("order_by")
        if not asked:
            return found
        key = self.orders.get(asked.removeprefix("-"))
        if key is None:
            call.mistake(f"order_by={asked} is not known to sort")
            return found
        # Stable in both directions: rows that are alike stay in their usual order.
        return sorted(found, key=key, reverse=asked.startswith("-"))

    def page(self, call: Call, found: list[T], **metadata: Any) -> Response:
        number, size = self._place(call)
        pages = max(1, -(-len(found) // size))
        if not 1 <= number <= pages:
            raise Refused(detail("Invalid page.", 404))  # no mistake: a live list may have become shorter

        def link(n: int) -> str | None:
            if not 1 <= n <= pages:
                return None
            rest = [(name, value) for name, value in call.request.args.items(multi=True) if name != "page"]
            return f"{call.request.base_url}?{urlencode([*rest, ('page', str(n))])}"

        shown = [self.show(call.company, row) for row in found[(number - 1) * size : number * size]]
        pagination = {
            "count": len(found),
            "next": link(number + 1),
            "previous": link(number - 1),
            "page_size": size,
            "num_pages": pages,
            "current_page": number,
        }
        return json_response({"metadata": {**metadata, "pagination": pagination}, "data": shown})

    def answer(self, call: Call, rows: Iterable[T]) -> Response:
        return self.page(call, self.choose(call, rows))

    def _place(self, call: Call) -> tuple[int, int]:
        args = call.request.args
        if args.get("format", "json") != "json":
            raise not_found("a format other than JSON")
        try:
            number = whole([args.get("page", "1")])
        except ValueError:
            raise Refused(detail("Invalid page.", 404), "the page is not a number") from None
        try:
            size = whole([args.get("page_size", str(DEFAULT_SIZE))])
        except ValueError:
            size = 0
        if size < 1:
            call.mistake("the page size is not a positive number")
            size = DEFAULT_SIZE
        if size > LARGEST_SIZE:
            call.mistake(f"a page size over {LARGEST_SIZE}")  # cut without a word: `page_size` in the answer tells
        return number, min(size, LARGEST_SIZE)


# ---------------------------------------------------------------------- reading values: of several, the last counts


def whole(values: Sequence[str]) -> int:
    if not (values[-1].isascii() and values[-1].isdecimal() and len(values[-1]) < 10):
        raise ValueError(values[-1])
    return int(values[-1])


def numbers(values: Sequence[str]) -> set[int]:
    """Comma-separated, or the key repeated."""
    return {whole([part.strip()]) for value in values for part in value.split(",")}


def words(values: Sequence[str]) -> set[str]:
    return {part.strip() for value in values for part in value.split(",")}


def flag(values: Sequence[str]) -> bool:
    known = {"true": True, "1": True, "false": False, "0": False}
    if values[-1].lower() not in known:
        raise ValueError(values[-1])
    return known[values[-1].lower()]


def quantity(values: Sequence[str]) -> Decimal:
    try:
        found = Decimal(values[-1])
    except InvalidOperation:
        raise ValueError(values[-1]) from None
    if not found.is_finite():
        raise ValueError(values[-1])
    return found


# ---------------------------------------------------------------------- rules


def equals(read: Callable[[Sequence[str]], Any], of: Callable[[T], Any]) -> Rule[T]:
    def rule(company: Company, values: Sequence[str]) -> Test[T]:
        asked = read(values)
        return lambda row: bool(of(row) == asked)

    return rule


def among(read: Callable[[Sequence[str]], set[Any]], of: Callable[[T], Any]) -> Rule[T]:
    def rule(company: Company, values: Sequence[str]) -> Test[T]:
        asked = read(values)
        return lambda row: of(row) in asked

    return rule


def meets(read: Callable[[Sequence[str]], set[Any]], of: Callable[[Company, T], Iterable[Any]]) -> Rule[T]:
    """Any of the row's values is among those asked for."""

    def rule(company: Company, values: Sequence[str]) -> Test[T]:
        asked = read(values)
        return lambda row: not asked.isdisjoint(of(company, row))

    return rule


def contains(of: Callable[[T], str]) -> Rule[T]:
    def rule(company: Company, values: Sequence[str]) -> Test[T]:
        asked = values[-1].casefold()
        return lambda row: asked in of(row).casefold()

    return rule


def anything(company: Company, values: Sequence[str]) -> Test[Any]:
    """For filters whose meaning here is that nothing is left out."""
    return lambda row: True


def days(name: str, of: Callable[[T], str | None]) -> dict[str, Rule[T]]:
    """`{name}_0` and `{name}_1` over a calendar day, both ends included."""

    def rule(first: bool) -> Rule[T]:
        def read(company: Company, values: Sequence[str]) -> Test[T]:
            company.day(values[-1])
            asked = values[-1]
            return lambda row: bool(day := (of(row) or "")[:10]) and (day >= asked if first else day <= asked)

        return read

    return {f"{name}_0": rule(True), f"{name}_1": rule(False)}


def dated(name: str, of: Callable[[T], str | None]) -> dict[str, Rule[T]]:
    """`{name}_0` and `{name}_1` are days, the row's value is a moment: days are read in the customer's zone."""

    def begin(company: Company, values: Sequence[str]) -> Test[T]:
        begins, _ = company.day(values[-1])
        return lambda row: (of(row) or "") >= begins

    def end(company: Company, values: Sequence[str]) -> Test[T]:
        _, ends = company.day(values[-1])
        return lambda row: "" < (of(row) or "") < ends

    return {f"{name}_0": begin, f"{name}_1": end}


def moments(first: str, last: str, of: Callable[[T], str]) -> dict[str, Rule[T]]:
    """Both ends included. A "+" that was not escaped arrives as a blank and is no moment."""

    def begin(company: Company, values: Sequence[str]) -> Test[T]:
        asked = company.moment(values[-1])
        return lambda row: of(row) >= asked

    def end(company: Company, values: Sequence[str]) -> Test[T]:
        asked = company.moment(values[-1])
        return lambda row: of(row) <= asked

    return {first: begin, last: end}
