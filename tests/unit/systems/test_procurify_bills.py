"""Bills: lines that add up to the total, days in the customer's zone, and holds that name what does not fit."""

from __future__ import annotations

import copy
import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.engine.errors import Held
from chalicelib.engine.records import Money
from chalicelib.systems.procurify import bills
from chalicelib.systems.procurify.bills import Bill
from chalicelib.systems.procurify.reading import decode, trim
from chalicelib.systems.procurify.shapes import BillShape
from tests.unit.systems.procurify_desk import HOST, at, changed, sample, sample_bill, without

UUID = "1f99cf4a8c8d4d4abf5a4d3a2c1e7b88"


def kept(raw: Any) -> Any:
    """What is kept of a bill, as it comes back from where it was kept."""
    read = decode(json.dumps(raw).encode())
    assert isinstance(read, dict)
    return json.loads(json.dumps(bills.keep(read)))


def parse(raw: Any) -> Bill:
    return bills.parse(kept(raw), url=HOST)


def held(raw: Any) -> Held:
    body = kept(raw)
    bills.document(UUID, body)  # a summary never fails, whatever parse says
    with pytest.raises(Held) as hold:
        bills.parse(body, url=HOST)
    for text in (hold.value.message, hold.value.fix):
        assert "error" not in text.lower()
    return hold.value


def test_the_sample_bill_is_read_whole() -> None:
    bill = parse(sample_bill())

    assert (bill.id, bill.number, bill.vendor_id, bill.vendor_name) == (UUID, "NW-88121", "42", "Northwind Paper Co")
    assert (bill.date, bill.due_date, bill.currency, bill.total) == (
        date(2026, 5, 10),
        date(2026, 6, 9),
        "USD",
        Decimal("404.00"),
    )
    assert [(x.account_code, x.department, x.location, x.amount, x.role) for x in bill.lines] == [
        ("6100", "Operations", "Head Office", Decimal("80.00"), "item"),
        ("6200", "Operations", "Head Office", Decimal("200.00"), "item"),
        ("6200", "Facilities", "Head Office", Decimal("100.00"), "item"),
        ("6100", "Operations", "Head Office", Decimal("24.00"), "cost"),
    ]
    assert (bill.po_numbers, bill.note, bill.payment_terms, bill.status, bill.type) == (
        ("1042",),
        "May delivery",
        "Net 30",
        2,
        0,
    )
    assert (bill.rounding, bill.url, bill.vendor_is_other) == (Decimal("0.00"), HOST, False)


def test_only_what_we_use_is_kept_and_no_number_is_a_float() -> None:
    body = kept(sample_bill())

    assert body["total_cost_with_tax"] == "404.0"
    assert set(body["vendor"]) == {"id", "name", "type"}
    assert "comments" not in body
    assert "bill_statuses" not in body
    assert len(json.dumps(body)) < 3000


def test_the_summary_names_the_bill() -> None:
    document = bills.document(UUID, kept(sample_bill()))

    assert document.summary.title == "Bill NW-88121 of Northwind Paper Co"
    assert document.summary.party == "Northwind Paper Co"
    assert document.summary.day == date(2026, 5, 10)
    assert document.summary.money == Money(Decimal("404.00"), "USD")
    assert document.live
    assert document.came_from is None


# ------------------------------------------------------------------ fingerprints and being live


@pytest.mark.parametrize("name", ["last_modified_datetime", "next_approver_choices", "comments", "version", "approver"])
def test_what_we_do_not_use_leaves_the_fingerprint_alone(name: str) -> None:
    before = bills.document(UUID, kept(sample_bill())).fingerprint

    assert bills.document(UUID, kept(changed(sample_bill(), (name,), "2026-06-01T00:00:00Z"))).fingerprint == before


@pytest.mark.parametrize(
    "path", [("status",), ("note",), ("items", 0, "description"), ("items", 1, "cost_allocations", 0, "amount")]
)
def test_what_we_use_changes_the_fingerprint(path: tuple[str | int, ...]) -> None:
    before = bills.document(UUID, kept(sample_bill())).fingerprint

    assert bills.document(UUID, kept(changed(sample_bill(), path, "3"))).fingerprint != before


@pytest.mark.parametrize(
    ("name", "value", "live"),
    [
        *[("status", status, status in (2, 4, 6, 7, 8)) for status in range(9)],
        ("status", 9, True),  # a new kind: held when it is read, not passed over
        ("status", "2", True),
        ("status", None, True),
        ("type", 1, False),
        ("type", 2, False),
        ("type", 3, True),
        ("active", False, False),
        ("active", None, True),
    ],
)
def test_only_what_is_known_not_to_be_moved_is_not_live(name: str, value: object, *, live: bool) -> None:
    raw = changed(sample_bill(), (name,), value)

    assert bills.document(UUID, kept(raw)).live is live
    row = bills.row(changed(sample("bills_list")["data"][0], (name,), value))
    assert row is not None
    assert row.live is live


@pytest.mark.parametrize(("name", "value"), [("status", 9), ("type", 3)])
def test_a_code_that_is_not_known_is_held(name: str, value: int) -> None:
    hold = held(changed(sample_bill(), (name,), value))

    assert (hold.reason, hold.cause, hold.owner) == ("unknown_value", f"bill {name} {value}", "operator")


# ------------------------------------------------------------------ list rows


def test_a_row_has_the_plain_uuid_and_a_stamp_of_what_moves() -> None:
    row = bills.row(sample("bills_list")["data"][0])

    assert row is not None
    assert (row.id, row.stamp) == (UUID, "2026-05-12T17:31:09.501000Z|2|1")


@pytest.mark.parametrize(
    ("name", "value", "known"),
    [
        ("uuid", None, "613"),
        ("uuid", 17, "613"),
        ("uuid", "not-one", "613"),
        ("uuid", "1F99CF4A8C8D4D4ABF5A4D3A2C1E7B88", UUID),
        ("status", None, UUID),
        ("status", [], UUID),
        ("last_modified_datetime", None, UUID),
        ("last_modified_datetime", "yesterday", UUID),
        ("version", {"a": 1}, UUID),
    ],
)
def test_an_odd_row_is_a_row_all_the_same(name: str, value: object, known: str) -> None:
    row = bills.row(changed(sample("bills_list")["data"][0], (name,), value))

    assert row is not None
    assert row.id == known
    assert row.live
    assert 0 < len(row.stamp) < 100


def test_a_row_without_any_id_is_no_row() -> None:
    assert bills.row({"status": 2}) is None
    assert bills.row({"id": True, "uuid": ""}) is None


# ------------------------------------------------------------------ totals


def bill_of(total: object, *items: Any, costs: Any = (), shipping: object = 0.0) -> Any:
    raw = sample_bill()
    raw.update(items=list(items), costs=list(costs), total_cost_with_tax=total, shipping_amount=shipping)
    return raw


def item(total: object, *amounts: str, **more: object) -> Any:
    first = sample_bill()["items"][0]
    allocations = []
    for amount in amounts:
        allocation = copy.deepcopy(first["cost_allocations"][0])
        allocation["amount"] = amount
        allocations.append(allocation)
    return {**first, "total_cost": total, "cost_allocations": allocations, **more}


def amounts(bill: Bill) -> list[str]:
    return [f"{line.role} {line.amount}" for line in bill.lines]


def test_an_exclusive_tax_is_a_line_of_its_own() -> None:
    bill = parse(bill_of(108.25, item(100.0, "100.00", tax_amount=8.25, tax_is_inclusive=False, tax_name="WA tax")))

    assert amounts(bill) == ["item 100.00", "tax 8.25"]
    assert bill.lines[1].account_code == ""
    assert bill.lines[1].description == "WA tax: Copy paper, case"


def test_an_inclusive_tax_is_inside_the_cost_already() -> None:
    bill = parse(bill_of(108.25, item(108.25, "108.25", tax_amount=8.25, tax_is_inclusive=True)))

    assert amounts(bill) == ["item 108.25"]
    assert bill.total == Decimal("108.25")


def test_a_tax_that_does_not_say_whether_it_is_inclusive_is_held() -> None:
    hold = held(bill_of(108.25, item(108.25, "108.25", tax_amount=8.25, tax_is_inclusive=None)))

    assert (hold.reason, hold.cause) == ("unreadable_source", "items.tax_is_inclusive")
    assert "items.0.tax_is_inclusive" in hold.message


@pytest.mark.parametrize("header", ["110.0", 110, 100.0])
def test_shipping_counts_once_whether_or_not_the_total_includes_it(header: object) -> None:
    bill = parse(bill_of(header, item(100.0, "100.00", shipping_amount="10.00"), shipping=10.0))

    assert amounts(bill) == ["item 100.00", "freight 10.00"]
    assert bill.total == Decimal("110.00")


def test_shipping_of_the_header_alone_is_one_line() -> None:
    bill = parse(bill_of(100.0, item(100.0, "100.00"), shipping=7.5))

    assert amounts(bill) == ["item 100.00", "freight 7.50"]
    assert bill.total == Decimal("107.50")


def test_shipping_that_the_header_does_not_tell_is_that_of_the_items() -> None:
    bill = parse(bill_of(100.0, item(100.0, "100.00", shipping_amount="10.00"), shipping=None))

    assert bill.total == Decimal("110.00")


def test_shipping_of_items_that_differs_from_the_header_is_held() -> None:
    hold = held(bill_of(100.0, item(100.0, "100.00", shipping_amount="10.00"), shipping=0.0))

    assert hold.reason == "totals_differ"
    assert "10.00 USD" in hold.message


def test_the_summary_tells_the_total_that_the_lines_make() -> None:
    raw = bill_of(100.0, item(100.0, "100.00"), shipping=7.5)

    assert bills.document(UUID, kept(raw)).summary.money == Money(Decimal("107.50"), "USD")


def test_a_third_each_makes_the_whole_by_a_cent_on_the_largest_line() -> None:
    bill = parse(bill_of(100.0, item(100.0, "33.33333333", "33.33333333", "33.33333334")))

    assert amounts(bill) == ["item 33.34", "item 33.33", "item 33.33"]
    assert (bill.total, bill.rounding) == (Decimal("100.00"), Decimal("0.01"))


def test_a_third_decimal_rounds_half_up_and_still_adds_up() -> None:
    bill = parse(bill_of("10.005", item("10.005", "10.005")))

    assert (amounts(bill), bill.total, bill.rounding) == (["item 10.01"], Decimal("10.01"), Decimal("0.00"))


def test_the_noise_of_a_float_does_no_harm() -> None:
    raw = bill_of(0.1 + 0.2, item(0.1 + 0.2, "0.30000000"))

    assert parse(raw).total == Decimal("0.30")


def test_a_credit_line_counts_against() -> None:
    bill = parse(bill_of(90.0, item(100.0, "100.00"), item(-10.0, "-10.00")))

    assert bill.total == Decimal("90.00")


def test_a_bill_of_nothing_has_no_lines() -> None:
    bill = parse(bill_of(0.0))

    assert (bill.lines, bill.total) == ((), Decimal("0.00"))


@pytest.mark.parametrize("total", [403.0, 404.05, 0, "404.045"])
def test_a_total_that_the_lines_do_not_make_is_held_with_both_amounts(total: object) -> None:
    hold = held(changed(sample_bill(), ("total_cost_with_tax",), total))

    assert (hold.reason, hold.owner) == ("totals_differ", "bookkeeper")
    assert "404.00 USD" in hold.message
    assert f"{Decimal(str(total)).quantize(Decimal('0.01'), 'ROUND_HALF_UP')} USD" in hold.message
    assert "Bill NW-88121 of Northwind Paper Co" in hold.message


def test_a_rounding_that_fits_with_and_without_shipping_is_not_guessed() -> None:
    raw = bill_of(100.01, item(100.0, "50.00", "50.00"), shipping=0.02)

    assert held(raw).reason == "totals_differ"


@pytest.mark.parametrize("split", [(), ("79.00",), ("40.00", "39.97")])
def test_an_item_that_its_accounts_do_not_make_is_held(split: tuple[str, ...]) -> None:
    hold = held(bill_of(80.0, item(80.0, *split)))

    assert hold.reason == "totals_differ"
    assert "Item 1 (Copy paper, case) of Bill NW-88121" in hold.message
    assert "80.00 USD" in hold.message


def test_a_cost_that_its_account_does_not_make_is_held() -> None:
    hold = held(changed(sample_bill(), ("costs", 0, "cost_allocation", "amount"), "20.00000000"))

    assert hold.reason == "totals_differ"
    assert "Cost 1 (Freight)" in hold.message


def test_an_item_in_another_currency_is_held() -> None:
    hold = held(changed(sample_bill(), ("items", 1, "currency", "name"), "CAD"))

    assert hold.reason == "mixed_currencies"


def test_the_catch_all_vendor_is_called_by_the_name_on_the_bill() -> None:
    raw = changed(changed(sample_bill(), ("vendor", "type"), 1), ("vendor_name",), "Corner Shop")
    bill = parse(raw)

    assert (bill.vendor_name, bill.vendor_is_other) == ("Corner Shop", True)


# ------------------------------------------------------------------ days


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-05-10T00:00:00-07:00", date(2026, 5, 10)),
        ("2026-05-10T23:00:00-07:00", date(2026, 5, 10)),  # the next day in UTC, and still this day (section 2)
        ("2026-05-10T00:30:00+13:00", date(2026, 5, 10)),
        ("2026-05-10T23:59:59.999999+00:00", date(2026, 5, 10)),
        ("2026-05-10", date(2026, 5, 10)),
        ("2026-05-10T12:00:00", date(2026, 5, 10)),
        ("2026-05-10T06:59:59Z", date(2026, 5, 9)),  # 23:59 of the day before in Los Angeles
        ("2026-05-10T07:00:00Z", date(2026, 5, 10)),
        ("2026-05-10T07:00:00.000000Z", date(2026, 5, 10)),
        ("2026-01-10T07:59:59Z", date(2026, 1, 9)),  # winter time
        ("2026-01-10T08:00:00Z", date(2026, 1, 10)),
    ],
)
def test_a_day_is_the_day_where_it_was_written(text: str, expected: date) -> None:
    raw = changed(sample_bill(), ("invoice_date",), text)
    body = {**kept(raw), "locationTimezone": "America/Los_Angeles"}

    assert bills.parse(body, url=HOST).date == expected
    assert bills.document(UUID, body).summary.day == expected
    assert bills.needs_zone(body) is text.endswith("Z")


@pytest.mark.parametrize("zone", [None, "", "Mars/Olympus", "../../etc/passwd", "America", 7])
def test_a_day_in_utc_without_a_known_zone_is_held(zone: object) -> None:
    body = {**kept(changed(sample_bill(), ("due_date",), "2026-05-10T07:00:00Z")), "locationTimezone": zone}

    with pytest.raises(Held) as hold:
        bills.parse(body, url=HOST)
    assert hold.value.reason == "unreadable_source"


@pytest.mark.parametrize(
    "text", ["", "soon", "10.05.2026", "2026-02-30", "20260510", "2026-W19-1", "0001-01-01T00:00:00Z", "x" * 20_000]
)
def test_what_is_no_day_is_held(text: str) -> None:
    raw = changed(sample_bill(), ("invoice_date",), text)
    body = {**kept(raw), "locationTimezone": "America/Los_Angeles"}

    bills.document(UUID, body)
    with pytest.raises(Held) as hold:
        bills.parse(body, url=HOST)
    assert "invoice_date" in hold.value.message
    assert len(hold.value.message) < 1000


def test_a_bill_without_due_date_has_none() -> None:
    assert parse(changed(sample_bill(), ("due_date",), None)).due_date is None


# ------------------------------------------------------------------ odd inputs, generated from the sample


def used_paths(raw: Any, body: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """The path of every field that is kept of the raw bill, in the first entry of each list."""
    found: list[tuple[str | int, ...]] = [path] if path else []
    if isinstance(body, dict):
        for name in body:
            found += used_paths(raw, body[name], (*path, name))
    if isinstance(body, list):
        for n, entry in enumerate(body[:1]):
            found += used_paths(raw, entry, (*path, n))
    return found


ODD: list[object] = [
    None, True, False, 0, -1, 9, 10**30, 3.14159, 1e300, "", " ", "x", "NaN", "Infinity", "1e999", "1_000", "١٢",
    "x" * 20_000, "\ud800", "\u0000", [], [None], [[]], {}, {"id": {}}, [{"amount": "1"}],
]  # fmt: skip
ABSENT_IS_FINE = {
    "due_date", "invoice_number", "payment_terms", "note", "vendor_name", "shipping_amount", "version",
    "last_modified_datetime", "active", "vendor.type", "added_purchase_orders", "added_purchase_orders.number",
    "added_purchase_orders.id", "items.po.id",
    "items.description", "items.tax_name", "items.tax_amount", "items.tax_is_inclusive", "items.shipping_amount",
    "items.currency", "items.po", "items.po.number", "items.cost_allocations.budget.account_code.description",
    "items.cost_allocations.budget.department.branch.name", "costs.name",
    "costs.cost_allocation.budget.account_code.description", "costs.cost_allocation.budget.department.branch.name",
}  # fmt: skip


def test_every_odd_value_of_every_used_field_is_held_by_name_or_read() -> None:
    raw = sample_bill()
    paths = used_paths(raw, kept(raw))
    assert len(paths) >= 60
    for path in paths:
        oddities = [without(raw, path), *(changed(raw, path, value) for value in ODD)]
        for odd in oddities:
            body = kept(odd)
            document = bills.document(UUID, body)
            assert len(document.summary.title) < 200
            try:
                bill = bills.parse(body, url=HOST)
            except Held as hold:
                assert hold.reason in {"unreadable_source", "unknown_value", "totals_differ", "mixed_currencies"}
                assert "error" not in hold.message.lower()
                assert len(hold.message) < 1500
                assert hold.cause
            else:
                assert sum(line.amount for line in bill.lines) == bill.total
                assert all(line.amount == round(line.amount, 2) for line in bill.lines)


def test_what_must_be_there_is_missed_by_its_path_and_the_rest_may_be_absent() -> None:
    raw = sample_bill()
    for path in used_paths(raw, kept(raw)):
        dotted = ".".join(map(str, path))
        names = ".".join(step for step in path if isinstance(step, str))
        if isinstance(path[-1], int):
            continue
        if names in ABSENT_IS_FINE:
            assert parse(without(raw, path)).total == Decimal("404.00"), dotted
            continue
        for odd in (without(raw, path), changed(raw, path, None)):
            hold = held(odd)
            assert (hold.reason, hold.cause) == ("unreadable_source", names), dotted
            assert dotted in hold.message


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("items", 0, "cost_allocations", 0, "amount"), "eighty"),
        (("items", 1, "cost_allocations", 1, "amount"), None),
        (("items", 0, "cost_allocations", 0, "budget", "account_code", "code"), 6100),
        (("items", 0, "cost_allocations", 0, "budget"), None),
        (("items", 0, "total_cost"), True),
        (("items", 1), None),
        (("items",), {}),
        (("costs", 0, "cost_allocation"), None),
        (("vendor",), None),
        (("vendor", "id"), "42"),
        (("vendor", "name"), "  "),
        (("currency", "name"), "US Dollar"),
        (("uuid",), "1f99"),
        (("total_cost_with_tax",), "NaN"),
    ],
)
def test_a_field_of_another_type_is_named(path: tuple[str | int, ...], value: object) -> None:
    hold = held(changed(sample_bill(), path, value))

    assert hold.reason == "unreadable_source"
    assert ".".join(map(str, path)) in hold.message
    assert ".".join(str(step) for step in path if isinstance(step, str)) in hold.cause


def test_a_text_of_any_length_passes_through_and_a_name_of_absurd_length_is_held() -> None:
    longest = changed(changed(sample_bill(), ("vendor", "name"), "n" * 1000), ("note",), "m" * 100_000)
    bill = parse(longest)

    assert len(bill.vendor_name) == 1000
    assert len(bill.note) == 100_000
    with pytest.raises(Held, match=r"vendor\.name should have at most 1,000 characters"):
        parse(changed(longest, ("vendor", "name"), "n" * 1001))


def test_a_bill_with_a_thousand_items_is_read() -> None:
    bill = parse(bill_of(1000, *[item(1, "1.00")] * 1000))

    assert len(bill.lines) == 1000


def test_what_is_kept_is_kept_again_unchanged() -> None:
    body = kept(sample_bill())

    assert trim(BillShape, body) == body
    assert at(body, ("items", 0, "cost_allocations", 0, "amount")) == "80.00000000"
