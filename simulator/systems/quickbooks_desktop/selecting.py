"""Which records a query asks for: by ids, names or numbers, or through its filters."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, timedelta
from decimal import Decimal
from operator import eq, ge, gt, le, lt
from typing import Any
from zoneinfo import ZoneInfo

from simulator.systems.quickbooks_desktop.answers import NOT_FOUND_IN_LIST, OK, Refused, Status
from simulator.systems.quickbooks_desktop.company import PEOPLE, Entry
from simulator.systems.quickbooks_desktop.times import bound
from simulator.systems.quickbooks_desktop.writing import Call

Element = Any  # lxml ships no types
Test = Callable[[Entry], bool]
COMPARED = {"LessThan": lt, "LessThanEqual": le, "Equal": eq, "GreaterThan": gt, "GreaterThanEqual": ge}
MATCHED: dict[str, Callable[[str, str], bool]] = {
    "StartsWith": str.startswith,
    "EndsWith": str.endswith,
    "Contains": str.__contains__,
}


def select(call: Call, request: Element, kinds: tuple[str, ...]) -> tuple[list[Entry], Status]:
    """The records in the order QuickBooks gives them, and how well the question could be answered."""
    for name, found in (
        ("ListID", lambda text: [call.company.find(text, *kinds)]),
        ("TxnID", lambda text: [call.company.find(text, *kinds)]),
        ("FullName", lambda text: [call.company.named(text, *kinds)]),
    ):
        if asked := [each.text or "" for each in request.findall(name)]:
            return _each(call, asked, found, by_id=name != "FullName")
    for name in ("RefNumber", "RefNumberCaseSensitive"):
        if asked := [each.text or "" for each in request.findall(name)]:
            return _by_number(call, kinds, asked, exact=name != "RefNumber"), OK
    tests = list(_tests(call, request, kinds))
    entries = [entry for entry in call.company.every(*kinds) if all(test(entry) for test in tests)]
    return sorted(entries, key=lambda e: _order(call, e)), OK


def _each(
    call: Call, asked: list[str], found: Callable[[str], list[Entry | None]], *, by_id: bool
) -> tuple[list[Entry], Status]:
    entries, absent = [], []
    for text in asked:
        entry = found(text)[0]
        if entry is None:
            absent.append(text)
        elif entry not in entries:
            entries.append(entry)
    if not absent:
        return entries, OK
    if by_id and not entries and call.options.missing_id_status == 3120:
        raise Refused(3120, f'Object "{absent[0]}" specified in the request cannot be found.  {NOT_FOUND_IN_LIST}')
    text = f'There was a required element ("{absent[0]}") that could not be found in QuickBooks.'
    return entries, Status(500, f"The query request has not been fully completed. {text}")


def _by_number(call: Call, kinds: tuple[str, ...], asked: list[str], *, exact: bool) -> list[Entry]:
    wanted = {text if exact else text.casefold() for text in asked}
    every = sorted(call.company.every(*kinds), key=lambda e: _order(call, e))
    numbers = [(entry, str(entry.fields.get("RefNumber", ""))) for entry in every]
    return [entry for entry, number in numbers if (number if exact else number.casefold()) in wanted]


def _order(call: Call, entry: Entry) -> tuple[str, int, str]:
    if "Name" in entry.fields:
        return (call.company.full_name(entry).casefold(), 0, entry.id)
    return (entry.fields["TxnDate"], entry.number, entry.id)


def _tests(call: Call, request: Element, kinds: tuple[str, ...]) -> Iterable[Test]:
    listed = any("Name" in entry.fields for entry in call.company.every(*kinds))
    if listed:
        active = request.findtext("ActiveStatus") or "ActiveOnly"
        if active != "All":
            yield lambda e: e.is_active == (active == "ActiveOnly")
    yield from _modified(call, request)
    yield from _dated(call, request)
    yield from _named(call, request)
    yield from _numbered(request)
    yield from _valued(call, request)
    yield from _referring(call, request)


def _modified(call: Call, request: Element) -> Iterable[Test]:
    """Both ends are included; without an offset they are the PC's own time."""
    zone = ZoneInfo(call.company.zone)
    place = "ModifiedDateRangeFilter/" if request.find("ModifiedDateRangeFilter") is not None else ""
    first, last = request.findtext(f"{place}FromModifiedDate"), request.findtext(f"{place}ToModifiedDate")
    since = bound(first, zone, last=False) if first else 0.0
    until = bound(last, zone, last=True) if last else float("inf")
    _forward(first, last, [since, until])
    yield lambda e: since <= int(e.modified) <= until


def _dated(call: Call, request: Element) -> Iterable[Test]:
    found = request.find("TxnDateRangeFilter")
    if found is None:
        return
    first, last = found.findtext("FromTxnDate"), found.findtext("ToTxnDate")
    if macro := found.findtext("DateMacro"):
        today = date.fromisoformat(call.today)
        days = {"Today": today, "Yesterday": today - timedelta(days=1)}
        if macro not in (*days, "All"):
            raise NotImplementedError(f"the simulated QuickBooks does not know the DateMacro {macro}")
        first = last = days[macro].isoformat() if macro in days else None
    _forward(first, last, [first or "", last or ""])
    if first:
        yield lambda e: bool(e.fields["TxnDate"] >= first)
    if last:
        yield lambda e: bool(e.fields["TxnDate"] <= last)


def _forward(first: str | None, last: str | None, ends: list[Any]) -> None:
    if first and last and ends[0] > ends[1]:
        text = f'The "From" value "{first}" is after the "To" value "{last}".'
        raise Refused(3030, text, mistake="a range that goes backwards")


def _named(call: Call, request: Element) -> Iterable[Test]:
    if (found := request.find("NameFilter")) is not None:
        compare, wanted = MATCHED[found.findtext("MatchCriterion")], (found.findtext("Name") or "").casefold()
        yield lambda e: compare(call.company.full_name(e).casefold(), wanted)
    if (found := request.find("NameRangeFilter")) is not None:
        first, last = found.findtext("FromName", "").casefold(), found.findtext("ToName", "").casefold()
        yield lambda e: call.company.full_name(e).casefold() >= first
        yield lambda e: not last or call.company.full_name(e).casefold() <= last


def _numbered(request: Element) -> Iterable[Test]:
    if (found := request.find("RefNumberFilter")) is not None:
        compare, wanted = MATCHED[found.findtext("MatchCriterion")], (found.findtext("RefNumber") or "").casefold()
        yield lambda e: compare(e.fields.get("RefNumber", "").casefold(), wanted)
    if (found := request.find("RefNumberRangeFilter")) is not None:
        first, last = found.findtext("FromRefNumber", "").casefold(), found.findtext("ToRefNumber", "").casefold()
        yield lambda e: bool(e.fields.get("RefNumber", "").casefold() >= first)
        yield lambda e: not last or bool(e.fields.get("RefNumber", "").casefold() <= last)


def _valued(call: Call, request: Element) -> Iterable[Test]:
    paid = request.findtext("PaidStatus") or "All"
    if paid != "All":
        yield lambda e: (call.company.open_amount(e) == 0) == (paid == "PaidOnly")
    if (found := request.find("TotalBalanceFilter")) is not None:
        compare, wanted = COMPARED[found.findtext("Operator")], Decimal(found.findtext("Amount"))
        yield lambda e: compare(call.company.sums().balance[e.id], wanted)
    if types := [each.text for each in request.findall("AccountType")]:
        yield lambda e: e.fields["AccountType"] in types


def _referring(call: Call, request: Element) -> Iterable[Test]:
    for name, fields, kinds in (
        ("EntityFilter", ("VendorRef", "PayeeEntityRef"), PEOPLE),
        ("AccountFilter", ("APAccountRef",), ("Account",)),
        ("CurrencyFilter", ("CurrencyRef",), ("Currency",)),
        ("ClassFilter", ("ClassRef",), ("Class",)),
    ):
        found = request.find(name)
        if found is None:
            continue
        ids = {entry.id for each in found for entry in _meant(call, each, kinds)}
        yield lambda e, fields=fields, ids=ids: any(e.fields.get(f) in ids for f in fields)  # type: ignore[misc]


def _meant(call: Call, named: Element, kinds: tuple[str, ...]) -> list[Entry]:
    text = named.text or ""
    by_id = named.tag.startswith("ListID")
    entry = call.company.find(text, *kinds) if by_id else call.company.named(text, *kinds)
    if entry is None:
        raise Refused(3120, f'Object "{text}" specified in the request cannot be found.  {NOT_FOUND_IN_LIST}')
    if not named.tag.endswith("WithChildren"):
        return [entry]
    above = call.company.full_name(entry) + ":"
    return [e for e in call.company.every(*kinds) if e is entry or call.company.full_name(e).startswith(above)]
