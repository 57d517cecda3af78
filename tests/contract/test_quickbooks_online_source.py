"""The QuickBooks Online source keeps the promises of the port `Source` against the strict simulator.

Changes of all kinds, floods of them, lists that move while they are read, deletions that are none, long silences.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, get_args

import pytest

from chalicelib.engine.errors import LockedOut, TryAgain
from chalicelib.engine.ports import RollCall, Source
from chalicelib.engine.records import Page, Row
from chalicelib.systems.quickbooks_online import SYSTEM, listing, query
from chalicelib.systems.quickbooks_online.bills import Bill
from chalicelib.systems.quickbooks_online.payments import BillPayment
from simulator.faults import Kind
from simulator.systems.quickbooks_online import QuickBooksOnlineSimulator
from simulator.systems.serving import json_response
from tests.unit.systems.quickbooks_online_desk import REALM, Desk, desk

KINDS = ("vendor", "bill", "bill_payment")
FATAL_ONCE = [kind for kind in get_args(Kind) if kind != "expire_token"]


@dataclass(slots=True)
class Office:
    """Books, and a source that reads them; `fresh` is the source of the next worker."""

    books: QuickBooksOnlineSimulator
    around: Desk
    watermarks: dict[str, str | None] = field(default_factory=lambda: dict.fromkeys(KINDS))

    @property
    def fresh(self) -> Source:
        assert SYSTEM.source is not None
        return SYSTEM.source(self.around.line)

    def vendor(self, name: str, **fields: Any) -> str:
        return str(self.books.backstage_add_vendor(REALM, name, **fields)["Id"])

    def bill(self, vendor: str, amount: str = "10.00", **fields: Any) -> str:
        fields.setdefault("TxnDate", "2026-02-20")
        return str(self.books.backstage_add_bill(REALM, vendor, [{"amount": amount}], **fields)["Id"])

    def calls(self, path: str) -> int:
        return sum(f"/{path}" in call for call in self.books.backstage_calls())

    def walk(
        self, kind: str, *, full: bool = False, waits: int = 6, meanwhile: Callable[[], object] = lambda: None
    ) -> list[Row]:
        """Every page by a worker of its own, repeating one that fails; the watermark moves as the engine moves it.

        It begins some minutes after what was done before, so that the overlap does not show that again next time.
        """
        self.later(minutes=waits)
        rows: list[Row] = []
        token = None
        for _ in range(60):
            try:
                page = self.fresh.page(kind, watermark=self.watermarks[kind], token=token, full=full)
            except TryAgain as trouble:
                assert "error" not in trouble.message.lower()
                self.around.clock.advance(trouble.after or 1)
                continue
            rows += page.rows
            if page.next is None:
                self.watermarks[kind] = page.watermark or self.watermarks[kind]
                return rows
            token = page.next
            meanwhile()
        raise AssertionError("the walk does not end")

    def later(self, **passed: int) -> None:
        self.around.clock.advance(timedelta(**passed or {"minutes": 15}).total_seconds())


@pytest.fixture
def office() -> Office:
    around = desk(None)
    books = QuickBooksOnlineSimulator(clock=around.clock.now, client_secret="s3cr3t-of-app", realms=REALM)
    around.serve(books)
    grant = books.backstage_grant(REALM)
    secrets = around.vault.secrets[around.line.connection.secret_name]
    secrets["refresh_token"] = grant["refresh_token"]
    return Office(books, around)


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lists of a few rows a page, so that a few records make a long one."""
    place = listing.Place
    monkeypatch.setattr(listing, "Place", lambda **given: place(**{"size": 4, **given}))


# ---------------------------------------------------------------------------------------------- changes


def test_the_first_reading_brings_everything_and_after_it_only_what_changed(office: Office) -> None:
    acme = office.vendor("Acme")
    bill = office.bill(acme)
    payment = office.books.backstage_pay_bill(REALM, bill, "4.00")["Id"]
    assert [[row.id for row in office.walk(kind)] for kind in KINDS] == [[acme], [bill], [payment]]

    office.later()
    other = office.bill(acme, "7.00")
    found = {kind: [row.id for row in office.walk(kind)] for kind in KINDS}

    assert found == {"vendor": [], "bill": [other], "bill_payment": []}
    assert office.books.our_mistakes == []


def test_changes_of_all_kinds_are_one_metered_read_for_one_worker(office: Office) -> None:
    bill = office.bill(office.vendor("Acme"))
    for kind in KINDS:
        office.walk(kind)
    office.later()
    office.books.backstage_pay_bill(REALM, bill)
    source, before = office.fresh, office.around.line.metered

    pages = [source.page(kind, watermark=office.watermarks[kind], token=None) for kind in KINDS]

    assert office.around.line.metered - before == 1
    assert [len(page.rows) for page in pages] == [0, 1, 1]
    assert len({page.watermark for page in pages}) == 1


def test_a_kind_whose_watermark_is_older_is_asked_for_from_there(office: Office) -> None:
    acme = office.vendor("Acme")
    for kind in KINDS:
        office.walk(kind)
    office.later()
    bill = office.bill(acme)
    office.later()
    office.walk("vendor")
    office.later()
    source = office.fresh
    source.page("vendor", watermark=office.watermarks["vendor"], token=None)

    page = source.page("bill", watermark=office.watermarks["bill"], token=None)

    assert [row.id for row in page.rows] == [bill]


def test_what_is_written_while_we_read_comes_with_the_next_reading(office: Office) -> None:
    acme = office.vendor("Acme")
    office.walk("bill")
    bill = office.bill(acme)
    (first,) = office.walk("bill", waits=1)
    (again,) = office.walk("bill", waits=3)
    assert first.id == again.id == bill
    assert first.stamp == again.stamp, "so that it costs no write"
    office.walk("bill")
    assert office.walk("bill") == []


def test_the_stamp_changes_with_every_version_and_only_then(office: Office) -> None:
    bill = office.bill(office.vendor("Acme"))
    (first,), (again,) = office.walk("bill"), office.walk("bill", full=True)
    office.books.backstage_edit_bill(REALM, bill, DocNumber="A-2")
    (changed,) = office.walk("bill")
    assert first.stamp == again.stamp != changed.stamp


def test_the_watermark_never_goes_back_and_follows_the_vendors_clock(office: Office) -> None:
    office.vendor("Acme")
    office.walk("bill")
    ahead = "2026-03-02T12:00:00+00:00"
    page = office.fresh.page("bill", watermark=ahead, token=None)
    assert page.watermark == ahead


@pytest.mark.parametrize("watermark", ["yesterday", "2026-13-45", "2026-03-02T09:00:00", ""])
def test_a_watermark_that_is_none_means_that_everything_is_read(office: Office, watermark: str) -> None:
    bill = office.bill(office.vendor("Acme"))
    assert [row.id for row in office.fresh.page("bill", watermark=watermark, token=None).rows] == [bill]


# ---------------------------------------------------------------------------------------------- deletions


def test_a_deletion_that_is_told_is_confirmed_by_a_read(office: Office) -> None:
    bill = office.bill(office.vendor("Acme"))
    office.walk("bill")
    office.later()
    office.books.backstage_delete_bill(REALM, bill)

    (row,) = office.walk("bill")

    assert (row.id, row.document, row.live) == (bill, None, False)
    assert office.fresh.fetch("bill", bill) is None


def test_a_record_that_is_told_deleted_and_lives_is_read_as_it_is(office: Office) -> None:
    bill = office.bill(office.vendor("Acme"))
    office.walk("bill")
    office.later()
    office.books.backstage_edit_bill(REALM, bill, DocNumber="A-2")
    office.books.backstage_report_deleted(REALM, "Bill", bill)

    (row,) = office.walk("bill")
    found = office.fresh.fetch("bill", row.id)

    assert row.document is None
    assert found is not None
    assert found.summary.number == "A-2"


def test_a_merged_vendor_is_gone_and_its_bills_follow_the_one_that_stays(office: Office) -> None:
    stays, goes = office.vendor("Acme"), office.vendor("Acme Inc")
    bill = office.bill(goes)
    for kind in KINDS:
        office.walk(kind)
    office.later()
    office.books.backstage_merge_vendors(REALM, stays, goes)

    vendors, bills = office.walk("vendor"), office.walk("bill")

    assert (goes, None) in [(row.id, row.document) for row in vendors]
    assert [row.id for row in bills] == [bill]
    found = office.fresh.fetch("bill", bill)
    assert found is not None
    parsed = office.fresh.parse("bill", found.body)
    assert isinstance(parsed, Bill)
    assert parsed.vendor_id == stays


def test_of_many_ids_those_that_are_missing_cost_one_read(office: Office) -> None:
    acme = office.vendor("Acme")
    bills = [office.bill(acme, f"{n}.00") for n in range(1, 6)]
    office.books.backstage_delete_bill(REALM, bills[2])
    office.books.backstage_inactivate(REALM, "Vendor", acme)
    before = office.around.line.metered
    source = office.fresh
    assert isinstance(source, RollCall)
    assert source.missing("bill", [*bills, "99999"]) == [bills[2], "99999"]
    assert office.around.line.metered - before == 1
    assert source.missing("vendor", [acme]) == []
    assert source.missing("vendor", ["x'y"]) == ["x'y"]


# ---------------------------------------------------------------------------------------------- horizon and floods


def test_after_a_silence_longer_than_the_vendor_remembers_everything_is_read(office: Office) -> None:
    acme = office.vendor("Acme")
    old = office.bill(acme)
    office.walk("bill")
    office.later(days=29, hours=1)
    new = office.bill(acme)

    page = office.fresh.page("bill", watermark=office.watermarks["bill"], token=None)

    assert {row.id for row in page.rows} == {old, new}
    assert page.gap, "what was deleted meanwhile nobody tells any more"
    assert office.calls("cdc") == 0
    assert office.books.our_mistakes == []


def test_within_the_horizon_only_changes_are_asked_for(office: Office) -> None:
    office.bill(office.vendor("Acme"))
    office.walk("bill")
    office.later(days=28)
    page = office.fresh.page("bill", watermark=office.watermarks["bill"], token=None)
    assert (page.rows, page.gap, office.calls("cdc")) == ([], False, 1)
    assert office.books.our_mistakes == []


def test_a_full_reading_hides_no_deletion_that_was_not_heard_yet(office: Office) -> None:
    bill = office.bill(office.vendor("Acme"))
    office.walk("bill")
    office.later()
    office.books.backstage_delete_bill(REALM, bill)
    assert office.walk("bill", full=True) == []
    assert [row.id for row in office.walk("bill")] == [bill]


def test_more_changes_than_one_answer_holds_are_all_read(office: Office) -> None:
    acme = office.vendor("Acme")
    kept = office.bill(acme)
    gone = office.bill(acme)
    for kind in KINDS:
        office.walk(kind)
    office.later()
    flood = {office.bill(acme, "1.00") for _ in range(1005)}
    office.books.backstage_delete_bill(REALM, gone)
    last = office.fresh.page("bill", watermark=office.watermarks["bill"], token=None)

    rows = office.walk("bill")

    assert flood <= {row.id for row in rows}
    assert kept not in {row.id for row in rows}
    assert last.next is not None
    assert office.around.metrics.total("CutChangeLists") > 0
    assert office.books.our_mistakes == []


def test_a_flood_of_one_kind_hides_no_other_kind(office: Office) -> None:
    acme = office.vendor("Acme")
    for kind in KINDS:
        office.walk(kind)
    office.later()
    bills = [office.bill(acme, "1.00") for _ in range(1001)]
    payment = office.books.backstage_pay_bill(REALM, bills[-1])["Id"]

    page = office.fresh.page("bill_payment", watermark=office.watermarks["bill_payment"], token=None)

    assert [row.id for row in page.rows] == [payment]
    assert (page.next, page.gap) == (None, False)


# ---------------------------------------------------------------------------------------------- long lists


@pytest.mark.usefixtures("small_pages")
def test_no_row_is_lost_while_people_change_what_we_list(office: Office) -> None:
    acme = office.vendor("Acme")
    bills = []
    for n in range(30):
        bills.append(office.bill(acme, f"{n + 1}.00"))
        office.later(seconds=7)
    turns = iter(bills)

    rows = office.walk("bill", meanwhile=lambda: office.books.backstage_edit_bill(REALM, next(turns), DocNumber="X"))

    assert {row.id for row in rows} == set(bills)


@pytest.mark.usefixtures("small_pages")
def test_many_rows_of_one_moment_do_not_stop_the_walk(office: Office) -> None:
    acme = office.vendor("Acme")
    bills = {office.bill(acme, f"{n + 1}.00") for n in range(23)}
    assert {row.id for row in office.walk("bill")} == bills


@pytest.mark.usefixtures("small_pages")
def test_inactive_vendors_are_listed_too(office: Office) -> None:
    vendors = [office.vendor(f"Vendor {n}") for n in range(9)]
    office.books.backstage_inactivate(REALM, "Vendor", vendors[3])
    assert {row.id for row in office.walk("vendor")} == set(vendors)


def test_a_page_that_is_too_much_for_the_vendor_is_asked_for_in_halves(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    acme = office.vendor("Acme")
    bills = {office.bill(acme, f"{n + 1}.00") for n in range(5)}
    asked: list[str] = []
    plain = office.books.serve

    def too_big(request: Any) -> Any:
        statement = request.args.get("query", "")
        asked.append(statement)
        if "MAXRESULTS 1000" in statement:
            fault = {"Error": [{"code": "10100", "Message": "too big", "Detail": "result set too big"}]}
            return json_response({"Fault": fault}, status=400)
        return plain(request)

    monkeypatch.setattr(office.books, "serve", too_big)
    assert {row.id for row in office.walk("bill")} == bills
    assert any(f"MAXRESULTS {query.PAGE // 2}" in statement for statement in asked)


# ---------------------------------------------------------------------------------------------- faults


@pytest.mark.parametrize("path", ["/query", "/cdc"])
@pytest.mark.parametrize("kind", get_args(Kind))
def test_every_bill_is_read_whatever_happens_to_a_call(office: Office, kind: Kind, path: str) -> None:
    acme = office.vendor("Acme")
    first = office.bill(acme)
    if path == "/cdc":
        office.walk("bill")
        office.later()
    second = office.bill(acme)
    office.books.faults.plan(kind, path)
    wanted = {second} if path == "/cdc" else {first, second}
    assert {row.id for row in office.walk("bill")} == wanted
    assert office.books.our_mistakes == []


@pytest.mark.parametrize("kind", FATAL_ONCE)
def test_a_payment_is_read_whole_after_whatever_happened(office: Office, kind: Kind) -> None:
    bills = [office.bill(office.vendor("Acme"), "10.00")]
    payment = office.books.backstage_pay_bills(REALM, {bills[0]: "2.50"})["Id"]
    office.books.faults.plan(kind, "/billpayment/")
    source = office.fresh
    with pytest.raises(TryAgain) as trouble:
        source.fetch("bill_payment", payment)
    office.around.clock.advance(trouble.value.after or 1)
    found = source.fetch("bill_payment", payment)
    assert found is not None
    parsed = source.parse("bill_payment", found.body)
    assert isinstance(parsed, BillPayment)
    assert [(part.bill_id, str(part.amount)) for part in parsed.parts] == [(bills[0], "2.50")]


def test_a_company_that_was_disconnected_locks_out_and_says_how_to_mend_it(office: Office) -> None:
    office.bill(office.vendor("Acme"))
    office.walk("bill")
    office.books.backstage_disconnect(REALM)
    with pytest.raises(LockedOut) as locked:
        office.fresh.page("bill", watermark=office.watermarks["bill"], token=None)
    assert "mlc connect" in locked.value.fix


@pytest.mark.parametrize(
    "told",
    [
        {}, {"CDCResponse": []}, {"CDCResponse": [{}]}, {"CDCResponse": [{"QueryResponse": {}}]},
        {"CDCResponse": [{"QueryResponse": [{"Fault": {"Error": []}}]}]}, {"CDCResponse": [{"QueryResponse": [7]}]},
    ],
)  # fmt: skip
def test_an_answer_without_changes_is_not_taken_for_no_changes(
    office: Office, told: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    office.walk("bill")
    monkeypatch.setattr(office.books, "serve", lambda request: json_response({**told, "time": "2026-03-02T10:00:00Z"}))
    with pytest.raises(TryAgain):
        office.fresh.page("bill", watermark=office.watermarks["bill"], token=None)


def test_an_answer_that_does_not_tell_its_time_moves_no_watermark(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.walk("bill")
    monkeypatch.setattr(
        office.books, "serve", lambda request: json_response({"CDCResponse": [{"QueryResponse": [{}]}]})
    )
    page = office.fresh.page("bill", watermark=office.watermarks["bill"], token=None)
    assert page == Page(rows=[], watermark=None)


def test_rows_without_an_id_are_counted_and_stop_no_other(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    office.walk("vendor")
    bill = {"Id": 17, "SyncToken": "0", "TxnDate": "2026-02-20", "TotalAmt": 0, "CurrencyRef": {"value": "USD"}}
    rows = [{"DocNumber": "no id"}, bill, {"Id": {"value": "1"}}, 7]
    monkeypatch.setattr(
        office.books, "serve", lambda request: json_response({"QueryResponse": {"Bill": rows}, "time": "2026-03-02"})
    )
    page = office.fresh.page("bill", watermark=None, token=None)
    assert [row.id for row in page.rows] == ["17"]
    assert office.around.metrics.total("UnreadableRows", system="quickbooks_online") == 2


# ---------------------------------------------------------------------------------------------- a period


def test_a_period_shows_every_bill_dated_in_it_once(office: Office) -> None:
    acme = office.vendor("Acme")
    wanted = {office.bill(acme, TxnDate=f"2026-02-{day:02d}") for day in (1, 7, 8, 14, 28)}
    for day in ("2026-01-31", "2026-03-01"):
        office.bill(acme, TxnDate=day)
    found: list[Row] = []
    token = None
    while True:
        page = office.fresh.dated("bill", date(2026, 2, 1), date(2026, 2, 28), token=token)
        found += page.rows
        token = page.next
        if token is None:
            break
    assert sorted(row.id for row in found) == sorted(wanted)
    assert all(row.document is not None for row in found)


def test_a_payments_amount_in_a_period_is_what_it_settles(office: Office) -> None:
    acme = office.vendor("Acme")
    bills = [office.bill(acme, "10.00"), office.bill(acme, "20.00")]
    made = office.books.backstage_pay_bills(REALM, {bills[0]: "10.00", bills[1]: "5.00"}, TxnDate="2026-02-10")
    void = office.books.backstage_pay_bill(REALM, bills[1], TxnDate="2026-02-11")["Id"]
    office.books.backstage_void_payment(REALM, void)
    page = office.fresh.dated("bill_payment", date(2026, 2, 9), date(2026, 2, 12), token=None)
    documents = {row.id: row.document for row in page.rows}
    assert str(documents[made["Id"]].summary.money) == "15.00 USD"  # type: ignore[union-attr]
    assert [row.live for row in page.rows if row.id == void] == [False]
