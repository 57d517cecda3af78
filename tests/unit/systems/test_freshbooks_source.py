"""Reading FreshBooks: nothing that changes is missed, though nothing there tells what changed."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.engine.errors import Held, TryAgain
from chalicelib.engine.records import Page, Row
from chalicelib.systems.freshbooks.bills import Bill
from chalicelib.systems.freshbooks.payments import BillPayment
from chalicelib.systems.freshbooks.vendors import Vendor
from tests.unit.systems.freshbooks_desk import Desk, a_bill, a_vendor, careful, complaint, desk, money, paid, sample

BILLS, VENDORS = "bills/bills", "bill_vendors/bill_vendors"


def walk(around: Desk, kind: str, watermark: str | None = None, *, full: bool = False) -> tuple[list[Row], Page]:
    rows: list[Row] = []
    page = around.source.page(kind, watermark=watermark, token=None, full=full)
    rows += page.rows
    while page.next:
        page = around.source.page(kind, watermark=watermark, token=page.next, full=full)
        rows += page.rows
    return rows, page


def with_bills(*bills: dict[str, Any]) -> Desk:
    around = desk()
    around.books.tables[BILLS] = {str(one["id"]): one for one in bills}
    return around


def ids(rows: list[Row]) -> list[str]:
    return sorted(row.id for row in rows)


def pages_asked(around: Desk) -> list[str]:
    return [one.query_string.decode() for one in around.books.asked if one.path.endswith(BILLS)]


# ---------------------------------------------------------------------------------------------- lists


def test_the_first_run_reads_every_bill_and_remembers_which_are_open() -> None:
    around = with_bills(*(a_bill(n) for n in range(1, 131)), paid(a_bill(200), 9, "37.50", "0.00"))
    rows, page = walk(around, "bill")
    assert len(rows) == 131 and all(row.document for row in rows)
    assert page.watermark and not page.gap
    around.books.asked.clear()
    rows, page = walk(around, "bill", page.watermark)
    assert len(rows) == 130
    assert all("statuses" in query for query in pages_asked(around)), "only those that are open are read again"


def test_a_bill_that_was_paid_or_deleted_between_two_runs_is_seen_in_the_next_one() -> None:
    around = with_bills(*(a_bill(n) for n in (1, 2, 3, 4)))
    _, page = walk(around, "bill")
    table = around.books.tables[BILLS]
    table["2"] = paid(table["2"], 77, "37.50", "0.00")
    table["3"] = {**table["3"], "vis_state": 1}
    del table["4"]
    rows, page = walk(around, "bill", page.watermark)
    assert {row.id: row.live for row in rows} == {"1": True, "2": True, "3": False, "4": False}
    assert around.source.fetch("bill", "3") is None and around.source.fetch("bill", "4") is None
    assert ids(walk(around, "bill", page.watermark)[0]) == ["1"], "and is not asked for again"


def test_a_payment_is_news_in_the_run_after_it() -> None:
    around = with_bills(a_bill(1), a_bill(2))
    _, page = walk(around, "bill_payment")
    table = around.books.tables[BILLS]
    table["1"] = paid(table["1"], 77, "10.00", "27.50")
    table["2"] = paid(table["2"], 78, "37.50", "0.00")
    rows, _ = walk(around, "bill_payment", page.watermark)
    found = {row.id: around.source.parse("bill_payment", row.document.body) for row in rows if row.document}
    whole = {id_: one.is_whole for id_, one in found.items() if isinstance(one, BillPayment)}
    assert whole == {"77": False, "78": True}


def test_once_a_day_all_is_read() -> None:
    around = with_bills(paid(a_bill(1), 9, "37.50", "0.00"))
    _, page = walk(around, "bill")
    assert walk(around, "bill", page.watermark)[0] == []
    around.books.tables[BILLS]["1"]["bill_number"] = "edited after it was paid"
    around.clock.advance(timedelta(hours=21).total_seconds())
    rows, later = walk(around, "bill", page.watermark)
    assert ids(rows) == ["1"] and later.watermark != page.watermark


def test_a_filter_that_is_ignored_is_noticed_and_all_is_read() -> None:
    around = with_bills(a_bill(1), paid(a_bill(2), 9, "37.50", "0.00"))
    _, page = walk(around, "bill")
    around.books.ignores = {"statuses"}
    rows, page = walk(around, "bill", page.watermark)
    assert ids(rows) == ["1", "2"]
    assert around.metrics.total("IgnoredFilters") == 1


def test_ids_that_are_ignored_as_a_filter_are_asked_for_one_by_one() -> None:
    around = with_bills(*(a_bill(n) for n in range(1, 4)))
    around.books.ignores = {"ids"}
    around.books.tables[BILLS] |= {str(n): paid(a_bill(n), n, "37.50", "0.00") for n in range(10, 150)}
    _, page = walk(around, "bill")
    del around.books.tables[BILLS]["2"]
    rows, _ = walk(around, "bill", page.watermark)
    assert {row.id: row.live for row in rows} == {"1": True, "3": True, "2": False}
    assert around.source.missing("bill", ["1", "2", "140"]) == ["2"]


def test_deleted_bills_are_told_of_where_the_list_shows_them_and_looked_for_where_it_does_not() -> None:
    around = with_bills(a_bill(1), a_bill(2, vis_state=1))
    _, first = walk(around, "bill")
    rows, page = walk(around, "bill", first.watermark, full=True)
    assert {row.id: row.live for row in rows} == {"1": True, "2": False} and not page.gap
    around.books.ignores = {"vis_state"}
    rows, page = walk(around, "bill", first.watermark, full=True)
    assert {row.id: row.live for row in rows} == {"1": True} and page.gap


def test_an_archived_bill_still_counts() -> None:
    around = with_bills(a_bill(1, vis_state=2))
    (row,) = walk(around, "bill")[0]
    assert row.live


def test_a_list_that_changed_while_it_was_read_is_read_again_by_the_next_run() -> None:
    around = with_bills(*(a_bill(n) for n in range(1, 151)))
    page = around.source.page("bill", watermark=None, token=None)
    del around.books.tables[BILLS]["3"]
    last = around.source.page("bill", watermark=None, token=page.next)
    assert last.next is None and last.watermark is None


def test_a_failed_list_deletes_nothing() -> None:
    around = with_bills(a_bill(1))
    _, page = walk(around, "bill")
    for answer in (complaint(500, 500), complaint(200, 500), complaint(429, 429)):
        around.clock.advance(3600)
        around.books.next_answers = [answer]
        with pytest.raises(TryAgain) as trouble:
            around.source.page("bill", watermark=page.watermark, token=None)
        careful(trouble.value)


def test_a_permission_that_is_missing_is_told_and_not_taken_for_an_empty_list() -> None:
    around = with_bills(a_bill(1))
    around.books.next_answers = [complaint(403, 1003, text="Access denied.")]
    with pytest.raises(Held) as held:
        around.source.page("bill", watermark=None, token=None)
    assert (held.value.reason, held.value.owner) == ("not_permitted", "admin")
    careful(held.value)


@pytest.mark.parametrize("watermark", ["2026-01-01T00:00:00+00:00", "{}", "[]", '{"whole": 1, "open": []}'])
def test_a_watermark_of_another_making_has_all_read(watermark: str) -> None:
    assert ids(walk(with_bills(a_bill(1)), "bill", watermark)[0]) == ["1"]


def test_a_period_is_cut_out_of_the_whole_list() -> None:
    days = {1: "2026-01-31", 2: "2026-02-01", 3: "2026-02-28", 4: "2026-03-01"}
    around = with_bills(*(a_bill(n, issue_date=day) for n, day in days.items()), a_bill(5, vis_state=1))
    page = around.source.dated("bill", date(2026, 2, 1), date(2026, 2, 28), token=None)
    assert ids(list(page.rows)) == ["2", "3"] and page.next is None


def test_a_row_without_an_id_hides_no_other() -> None:
    around = with_bills(a_bill(1))
    around.books.tables[BILLS]["x"] = {**a_bill(2), "id": None}
    assert ids(walk(around, "bill")[0]) == ["1"]
    assert around.metrics.total("UnreadableRows") == 1


# ---------------------------------------------------------------------------------------------- documents


def test_a_bill_is_read_to_the_cent() -> None:
    around = with_bills(a_bill(7))
    found = around.source.fetch("bill", "7")
    assert found is not None
    bill = around.source.parse("bill", found.body)
    assert isinstance(bill, Bill)
    assert (bill.number, bill.vendor_id, bill.vendor_name) == ("B-7", "5", "Example Supplies Co")
    assert (bill.total, bill.currency, bill.date) == (Decimal("37.50"), "USD", date(2026, 2, 3))
    assert (bill.lines[0].category, bill.lines[0].category_name, bill.lines[0].quantity) == ("65688", "Office", "3")


@pytest.mark.parametrize(
    ("line", "category", "name"),
    [
        ({"categoryid": "12", "category": "Equipment"}, "12", "Equipment"),
        ({"category": {"id": 13, "category": "Rent"}}, "13", "Rent"),
        ({"category": "Only a name"}, "", "Only a name"),
        ({"category": None}, "", ""),
    ],
)
def test_the_category_of_a_line_is_found_in_every_shape(line: dict[str, Any], category: str, name: str) -> None:
    one = {"id": 5, "amount": money("37.50"), **line}
    found = with_bills(a_bill(7, lines=[one])).source
    kept = found.fetch("bill", "7")
    bill = found.parse("bill", kept.body) if kept else None
    assert isinstance(bill, Bill)
    assert (bill.lines[0].category, bill.lines[0].category_name) == (category, name)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"total_amount": money("37.51")}, "totals_differ"),
        ({"amount": money("40.00"), "total_amount": money("40.00")}, "totals_differ"),
        ({"tax_amount": money("1.00", "CAD"), "total_amount": money("38.50")}, "mixed_currencies"),
        ({"issue_date": "last week"}, "unreadable_source"),
        ({"vendorid": 0, "vendor": None}, "unreadable_source"),
        ({"total_amount": None}, "unreadable_source"),
        ({"lines": [{"id": 5, "amount": money("37.505")}]}, "unreadable_source"),
    ],
)
def test_a_bill_that_does_not_fit_is_held_with_its_reason(changes: dict[str, Any], reason: str) -> None:
    around = with_bills(a_bill(7, **changes))
    found = around.source.fetch("bill", "7")
    assert found is not None
    with pytest.raises(Held) as held:
        around.source.parse("bill", found.body)
    assert held.value.reason == reason
    careful(held.value)


def test_a_bill_that_is_paid_or_becomes_overdue_is_no_news() -> None:
    around = with_bills(a_bill(7))
    before = around.source.fetch("bill", "7")
    changed = paid(a_bill(7, updated_at="2026-03-09 00:00:00"), 77, "37.50", "0.00")
    for bill in (a_bill(7, status="overdue"), changed):
        around.books.tables[BILLS]["7"] = bill
        after = around.source.fetch("bill", "7")
        assert before and after and before.fingerprint == after.fingerprint
    around.books.tables[BILLS]["7"] = a_bill(7, bill_number="another")
    after = around.source.fetch("bill", "7")
    assert before and after and before.fingerprint != after.fingerprint


def test_a_renamed_vendor_and_a_new_token_of_a_file_are_no_news_of_a_bill_and_another_file_is() -> None:
    def printed(name: str, jwt: str, file: int) -> str:
        attachment = {"id": file, "jwt": jwt, "media_type": "application/pdf"}
        vendor = {"vendorid": 5, "vendor_name": name}
        found = with_bills(a_bill(7, attachment=attachment, vendor=vendor)).source.fetch("bill", "7")
        assert found is not None and "jwt-of" not in str(found.body)
        return found.fingerprint

    assert printed("A", "jwt-of-1", 4) == printed("B", "jwt-of-2", 4) != printed("A", "jwt-of-1", 5)


def test_a_payment_reads_the_same_from_the_list_and_by_its_id() -> None:
    bill = paid(a_bill(7), 77, "37.50", "0.00")
    around = with_bills(bill)
    around.books.tables["bill_payments/bill_payments"]["77"] = {
        **bill["bill_payments"][0],
        "matched_with_expense": False,
    }
    (row,) = walk(around, "bill_payment")[0]
    found = around.source.fetch("bill_payment", "77")
    assert row.document and found and row.document.fingerprint == found.fingerprint
    parsed = around.source.parse("bill_payment", found.body)
    assert isinstance(parsed, BillPayment)
    assert (parsed.bill_id, parsed.amount, parsed.currency, parsed.is_whole) == ("7", Decimal("37.50"), "USD", True)


def test_a_payment_that_was_deleted_or_whose_bill_was_is_not_moved() -> None:
    bill = paid(a_bill(7), 77, "37.50", "0.00")
    bill["bill_payments"][0]["vis_state"] = 1
    other = paid(a_bill(8, vis_state=1), 78, "37.50", "0.00")
    around = with_bills(bill, other)
    rows, _ = walk(around, "bill_payment")
    assert {row.id: row.live for row in rows} == {"77": False, "78": False}
    around.books.tables["bill_payments/bill_payments"] = {
        "77": bill["bill_payments"][0],
        "78": other["bill_payments"][0],
    }
    assert around.source.missing("bill_payment", ["77", "78", "79"]) == ["77", "78", "79"]


def test_a_vendor_is_read_with_what_tells_it_from_its_namesakes() -> None:
    around = desk()
    around.books.tables[VENDORS] = {"5": a_vendor(5), "6": a_vendor(6, "example supplies co ", vis_state=2)}
    rows, page = walk(around, "vendor")
    found = {row.id: around.source.parse("vendor", row.document.body) for row in rows if row.document}
    assert {id_: one.active for id_, one in found.items() if isinstance(one, Vendor)} == {"5": True, "6": False}
    around.books.tables[VENDORS]["7"] = a_vendor(7, "New")
    assert "7" in ids(walk(around, "vendor", page.watermark)[0])


@pytest.mark.parametrize(
    ("kind", "name", "many"),
    [("bill", "bills_list.json", "bills"), ("vendor", "bill_vendors_list.json", "bill_vendors")],
)
def test_the_recorded_lists_can_be_read(kind: str, name: str, many: str) -> None:
    around = desk()
    (raw,) = sample(name)["response"]["result"][many]
    if kind == "bill":
        raw["lines"] = [{"id": 1, "amount": money("375.00")}]  # the recorded one shows none
    path = BILLS if kind == "bill" else VENDORS
    around.books.tables[path] = {"1": raw}
    (row,) = walk(around, kind)[0]
    assert row.document and around.source.parse(kind, row.document.body)


def test_an_id_that_is_none_is_not_sent_anywhere() -> None:
    around = desk()
    assert around.source.fetch("bill", "7/../8") is None
    assert not around.books.asked
