"""What is read of a vendor, a bill and a payment: typed to the cent, news only when something we use changed."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.engine.errors import Held, TryAgain
from chalicelib.engine.records import SourceDocument
from chalicelib.engine.setup import connection_put
from chalicelib.systems.quickbooks_online.bills import Bill
from chalicelib.systems.quickbooks_online.payments import BillPayment, Part
from chalicelib.systems.quickbooks_online.source import QuickBooksOnlineSource
from chalicelib.systems.quickbooks_online.vendors import Vendor
from tests.unit.systems.quickbooks_online_desk import Peer, desk, recorded, said

TIMES = {"CreateTime": "2026-02-20T10:00:00-08:00", "LastUpdatedTime": "2026-02-20T10:00:00-08:00"}
DOLLARS = {"value": "USD", "name": "United States Dollar"}


def on_account(amount: object, name: str = "Concrete", **more: Any) -> dict[str, Any]:
    detail = {"AccountRef": {"value": "57", "name": name}, **more}
    kind = "AccountBasedExpenseLineDetail"
    return {"Id": "1", "Amount": amount, "Description": "footing", "DetailType": kind, kind: detail}


def a_bill(**changed: Any) -> dict[str, Any]:
    bill = {
        "Id": "145", "SyncToken": "0", "MetaData": TIMES, "DocNumber": "INV-7", "TxnDate": "2026-02-20",
        "DueDate": "2026-03-22", "VendorRef": {"value": "56", "name": "Bob's Burger Joint"}, "CurrencyRef": DOLLARS,
        "Line": [on_account(60.5)], "TotalAmt": 60.5, "Balance": 60.5,
    }  # fmt: skip
    return {**bill, **changed}


def a_payment(**changed: Any) -> dict[str, Any]:
    line = {"Amount": 60.5, "LinkedTxn": [{"TxnId": "145", "TxnType": "Bill"}]}
    payment = {
        "Id": "236", "SyncToken": "0", "MetaData": TIMES, "TxnDate": "2026-03-01", "PayType": "Check",
        "VendorRef": {"value": "56", "name": "Bob's Burger Joint"}, "CurrencyRef": DOLLARS, "TotalAmt": 60.5,
        "CheckPayment": {"BankAccountRef": {"value": "35", "name": "Checking"}}, "Line": [line],
    }  # fmt: skip
    return {**payment, **changed}


ENTITY = {"vendor": "Vendor", "bill": "Bill", "bill_payment": "BillPayment"}


def source_of(kind: str, raw: dict[str, Any], *, home: str = "USD") -> tuple[QuickBooksOnlineSource, Peer, str]:
    peer = Peer()
    source_id = str(raw["Id"])
    peer.say(f"GET {source_id}", said({ENTITY[kind]: raw}))
    peer.say("GET preferences", said({"Preferences": {"CurrencyPrefs": {"HomeCurrency": {"value": home}}}}))
    return QuickBooksOnlineSource(desk(peer).line), peer, source_id


def read(kind: str, raw: dict[str, Any]) -> tuple[SourceDocument, Any]:
    source, _, source_id = source_of(kind, raw)
    found = source.fetch(kind, source_id)
    assert found is not None
    assert json.loads(json.dumps(found.body)) == found.body
    return found, source.parse(kind, found.body)


# ---------------------------------------------------------------------------------------------- recorded bodies


def test_the_recorded_bill_is_read_with_its_classes_and_accounts() -> None:
    found, bill = read("bill", recorded("bill.create-response.json", "Bill"))
    assert isinstance(bill, Bill)
    assert (bill.id, bill.number, bill.date, bill.due_date) == ("814", "17", date(2017, 12, 16), date(2018, 12, 26))
    assert (bill.total, bill.tax, bill.currency) == (Decimal("755.12"), Decimal("0.00"), "USD")
    assert [(x.kind, x.account.name, x.klass.name, x.amount) for x in bill.lines] == [
        ("account", "Bank Loan", "Overhead", Decimal("700.00")),
        ("account", "Interest Expense", "Overhead", Decimal("55.12")),
    ]
    assert found.summary.title == "Bill 17 of Great Statewide Bank"
    assert str(found.summary.money) == "755.12 USD"


def test_the_recorded_vendors_are_read_and_an_inactive_ones_suffix_is_no_name() -> None:
    _, bessie = read("vendor", recorded("vendor.read.json", "Vendor"))
    assert isinstance(bessie, Vendor)
    assert (bessie.name, bessie.code, bessie.email) == ("Books by Bessie", "1345", "Books@Intuit.com")
    assert (bessie.city, bessie.state, bessie.currency, bessie.active) == ("Palo Alto", "CA", "USD", True)
    _, john = read("vendor", recorded("vendor.inactivated.json", "Vendor"))
    assert (john.name, john.active, john.is_1099_eligible) == ("Vendor Corporation", False, True)


def test_the_recorded_payments_are_read_by_check_and_by_card() -> None:
    _, check = read("bill_payment", recorded("billpayment.check.json", "BillPayment"))
    assert isinstance(check, BillPayment)
    assert (check.method, check.account.name, check.parts) == ("check", "Checking", (Part("234", Decimal("200.00")),))
    _, card = read("bill_payment", recorded("billpayment.creditcard.json", "BillPayment"))
    assert (card.method, card.account.name, card.total) == ("credit_card", "CreditCard", Decimal("336.00"))


def test_the_recorded_payment_whose_bills_are_gone_settles_nothing() -> None:
    found, payment = read("bill_payment", recorded("billpayment.check-header-only.json", "BillPayment"))
    assert (found.live, payment.parts) == (False, ())


# ---------------------------------------------------------------------------------------------- bills


def test_a_line_tells_its_account_or_item_class_job_and_project() -> None:
    job = {"value": "9", "name": "Riverside:Phase 2"}
    item = {"ItemRef": {"value": "31", "name": "Rebar"}, "CustomerRef": job, "Qty": 2, "UnitPrice": 20.25}
    lines = [
        on_account(20, ClassRef={"value": "5000000000000007280", "name": "West"}, ProjectRef={"value": "77"}),
        {"Id": "2", "Amount": 40.5, "DetailType": "ItemBasedExpenseLineDetail", "ItemBasedExpenseLineDetail": item},
    ]
    _, bill = read("bill", a_bill(Line=lines, ProjectRef={"value": "88", "name": "Annex"}))
    first, second = bill.lines
    assert (first.klass.id, first.project.id, first.description) == ("5000000000000007280", "77", "footing")
    assert (second.kind, second.item.name, second.customer.name) == ("item", "Rebar", "Riverside:Phase 2")
    assert second.project.name == "Annex"


def test_tax_stands_on_top_of_the_lines_or_within_them() -> None:
    _, on_top = read("bill", a_bill(TotalAmt=65.34, TxnTaxDetail={"TotalTax": 4.84}))
    assert (on_top.tax, on_top.total) == (Decimal("4.84"), Decimal("65.34"))
    _, within = read("bill", a_bill(TxnTaxDetail={"TotalTax": 4.84}))
    assert (within.tax, within.total) == (Decimal("0.00"), Decimal("60.50"))


def test_groups_subtotals_and_odd_lines_still_add_up() -> None:
    group = {"GroupLineDetail": {"Line": [on_account(10), on_account(20.5)]}, "Amount": 30.5}
    lines = [
        {"DetailType": "GroupLineDetail", **group},
        {"DetailType": "SubTotalLineDetail", "Amount": 30.5},
        {"DetailType": "DescriptionOnly", "Description": "thank you"},
        {"DetailType": "TDSLineDetail", "Amount": -0.5},
    ]
    _, bill = read("bill", a_bill(Line=lines, TotalAmt=30))
    assert [(x.kind, x.amount) for x in bill.lines] == [
        ("account", Decimal("10.00")), ("account", Decimal("20.50")), ("other", Decimal("-0.50")),
    ]  # fmt: skip


def test_a_bill_that_does_not_add_up_is_held_with_the_numbers() -> None:
    with pytest.raises(Held) as held:
        read("bill", a_bill(TotalAmt=99))
    assert held.value.reason == "totals_differ"
    for words in ("Bill INV-7 of Bob's Burger Joint", "60.50 USD", "99.00 USD"):
        assert words in held.value.message


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"TotalAmt": "lots"}, "TotalAmt"), ({"TxnDate": "soon"}, "TxnDate"), ({"TxnDate": None}, "TxnDate"),
        ({"DueDate": "31.12."}, "DueDate"), ({"VendorRef": None}, "VendorRef"), ({"Line": 7}, "Line"),
        ({"Line": [on_account("NaN")]}, "Line.0.Amount"), ({"TotalAmt": 1e300}, "TotalAmt"),
        ({"Line": [on_account(60.5, AccountRef="57")]}, "AccountRef"),
    ],
)  # fmt: skip
def test_a_bill_that_cannot_be_read_is_held_and_names_the_field(changed: dict[str, Any], named: str) -> None:
    with pytest.raises(Held) as held:
        read("bill", a_bill(**changed))
    assert held.value.reason == "unreadable_source"
    assert named in held.value.message
    assert "error" not in held.value.message.lower()


def paid(balance: float) -> dict[str, Any]:
    return a_bill(
        SyncToken="3", Balance=balance, MetaData={**TIMES, "LastUpdatedTime": "2026-03-01T00:00:00Z"},
        LinkedTxn=[{"TxnId": "236", "TxnType": "BillPaymentCheck"}], TotalAmt="60.50",
        VendorRef={"value": "56", "name": "Bob's Burgers, renamed"},
    )  # fmt: skip


def test_what_people_elsewhere_do_to_a_bill_and_what_is_paid_of_it_is_no_news() -> None:
    before, _ = read("bill", a_bill())
    partly, _ = read("bill", paid(20.5))
    assert partly.fingerprint == before.fingerprint


def test_a_bill_that_is_paid_in_full_is_news_and_names_its_payments() -> None:
    before, _ = read("bill", a_bill())
    after, parsed = read("bill", paid(0))
    assert after.fingerprint != before.fingerprint
    assert isinstance(parsed, Bill)
    assert parsed.paid_by == ("236",)


@pytest.mark.parametrize(
    "changed",
    [
        {"Line": [on_account(60.5, name="Masonry")]}, {"TxnDate": "2026-02-21"}, {"DocNumber": "INV-8"},
        {"Line": [on_account(60.5, CustomerRef={"value": "9"})]}, {"VendorRef": {"value": "57"}},
        {"CurrencyRef": {"value": "CAD"}},
    ],
)  # fmt: skip
def test_what_we_use_of_a_bill_is_news(changed: dict[str, Any]) -> None:
    assert read("bill", a_bill(**changed))[0].fingerprint != read("bill", a_bill())[0].fingerprint


def test_half_characters_and_strange_ids_harm_nobody() -> None:
    found, bill = read("bill", a_bill(PrivateNote="half \ud800 a character", DocNumber=17))
    assert "\ud800" not in json.dumps(found.body, ensure_ascii=False)
    assert bill.number == "17"
    source, peer, _ = source_of("bill", a_bill())
    for strange in ("", "x", "1/2", "١٢", "9" * 30, "1 OR 1=1"):
        assert source.fetch("bill", strange) is None
    assert peer.asked == []


# ---------------------------------------------------------------------------------------------- where it came from


def test_a_bill_with_our_mark_came_from_the_system_behind_that_connection() -> None:
    raw = a_bill(PrivateNote="PO 12 [mlc:buying:bill:0af3]")
    source, _, source_id = source_of("bill", raw)
    other = desk(Peer()).line.connection
    source.line.store.write([connection_put(replace(other, name="buying", system="procurify"), 0)])
    found = source.fetch("bill", source_id)
    assert found is not None
    assert found.came_from == ("procurify", "0af3")
    bill = source.parse("bill", found.body)
    assert isinstance(bill, Bill)
    assert bill.note == "PO 12"


def test_a_mark_of_a_connection_that_is_no_more_is_a_mark_still() -> None:
    found, _ = read("bill", a_bill(PrivateNote="[mlc:gone:bill:1]"))
    assert found.came_from == ("gone", "1")
    assert read("bill", a_bill(PrivateNote="see [mlc: ask Joe]"))[0].came_from is None


# ---------------------------------------------------------------------------------------------- payments


def test_one_payment_over_three_bills_says_how_much_of_each() -> None:
    lines = [
        {"Amount": amount, "LinkedTxn": [{"TxnId": bill, "TxnType": "Bill"}]}
        for bill, amount in (("1", 10), ("2", 20.25), ("3", 30.25), ("1", 1))
    ]
    found, payment = read("bill_payment", a_payment(Line=lines, TotalAmt=61.5))
    assert payment.parts == (
        Part("1", Decimal("11.00")), Part("2", Decimal("20.25")), Part("3", Decimal("30.25")),
    )  # fmt: skip
    assert str(found.summary.money) == "61.50 USD"


def test_a_voided_payment_settles_nothing_and_is_not_live() -> None:
    found, payment = read("bill_payment", a_payment(TotalAmt=0, Line=[], PrivateNote="Voided"))
    assert (found.live, payment.parts, payment.total) == (False, (), Decimal("0.00"))


def test_a_credit_that_settles_a_bill_is_no_void_though_no_money_moved() -> None:
    lines = [
        {"Amount": 50, "LinkedTxn": [{"TxnId": "1", "TxnType": "Bill"}]},
        {"Amount": 50, "LinkedTxn": [{"TxnId": "9", "TxnType": "VendorCredit"}]},
    ]
    found, payment = read("bill_payment", a_payment(TotalAmt=0, Line=lines))
    assert (found.live, payment.total, payment.credits) == (True, Decimal("0.00"), Decimal("50.00"))
    assert payment.parts == (Part("1", Decimal("50.00")),)


def test_a_payment_that_cannot_be_read_stays_live_so_that_somebody_sees_it() -> None:
    source, _, source_id = source_of("bill_payment", a_payment(TotalAmt="?"))
    found = source.fetch("bill_payment", source_id)
    assert found is not None
    assert found.live
    with pytest.raises(Held, match="TotalAmt"):
        source.parse("bill_payment", found.body)


# ---------------------------------------------------------------------------------------------- currencies


def test_where_a_document_names_no_currency_the_companys_own_is_asked_for_once_a_day() -> None:
    bare = {name: value for name, value in a_bill().items() if name != "CurrencyRef"}
    source, peer, source_id = source_of("bill", bare, home="CAD")
    for _ in range(3):
        found = QuickBooksOnlineSource(source.line).fetch("bill", source_id)
        assert found is not None
        assert str(found.summary.money) == "60.50 CAD"
    asked = [request.path.rsplit("/", 1)[-1] for request in peer.asked]
    assert asked.count("preferences") == 1
    source.line.clock.sleep(25 * 3600)
    QuickBooksOnlineSource(source.line).fetch("bill", source_id)
    assert [request.path.rsplit("/", 1)[-1] for request in peer.asked].count("preferences") == 2


def test_nothing_is_guessed_where_the_company_does_not_say_its_currency() -> None:
    bare = {name: value for name, value in a_bill().items() if name != "CurrencyRef"}
    source, _, source_id = source_of("bill", bare, home="")
    with pytest.raises(TryAgain, match="currency"):
        source.fetch("bill", source_id)


def test_another_record_than_the_one_asked_for_is_not_taken() -> None:
    peer = Peer()
    peer.say("GET 146", said({"Bill": a_bill()}))
    with pytest.raises(TryAgain, match="another Bill"):
        QuickBooksOnlineSource(desk(peer).line).fetch("bill", "146")


def test_a_record_that_is_said_to_be_deleted_is_gone() -> None:
    peer = Peer()
    peer.say("GET 145", said({"Bill": {"domain": "QBO", "status": "Deleted", "Id": "145"}}))
    assert QuickBooksOnlineSource(desk(peer).line).fetch("bill", "145") is None


def test_kinds_that_are_not_read_are_said_to_be_none() -> None:
    source = QuickBooksOnlineSource(desk(Peer()).line)
    with pytest.raises(ValueError, match="invoice"):
        source.fetch("invoice", "1")
    with pytest.raises(ValueError, match="invoice"):
        source.parse("invoice", {})
    with pytest.raises(ValueError, match="invoice"):
        source.page("invoice", watermark=None, token=None)
