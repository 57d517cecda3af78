"""From what a flow hands over to the one request that does it, and from what stands there back to the same form."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from lxml import etree

from chalicelib.engine.errors import Held
from chalicelib.engine.merge import check_update, check_withdrawal, stands
from chalicelib.engine.records import Current, Draft, Intent, Json, RecordKey
from chalicelib.systems.quickbooks_desktop import current, marks, qbxml, rows, writing
from chalicelib.systems.quickbooks_desktop.company import Company, Host, Preferences
from chalicelib.systems.quickbooks_desktop.drafts import bill_draft, bill_line, vendor_draft
from chalicelib.systems.quickbooks_desktop.kinds import Ref
from chalicelib.systems.quickbooks_desktop.qbxml import Request
from chalicelib.systems.quickbooks_desktop.rows import Bill, ExpenseLine, ItemLine, LinkedTxn, Vendor
from tests.unit.systems.quickbooks_desktop_desk import DATA, complaints

MARK = "[mlc:procurify:purchase_order:52]"
TITLE = "QuickBooks Desktop"


def draft(*lines: Json, number: str = "PO-1042", **more: Any) -> Draft:
    known: dict[str, Any] = {
        "title": "Purchase order 1042 of Northwind",
        "vendor": "V-1",
        "vendor_name": "Northwind",
        "ap_account": "AP-1",
        "date": date(2026, 2, 20),
        "due_date": None,
        "currency": "USD",
        "memo": "Purchase order 1042",
    }
    return bill_draft(**{**known, **more}, number=number, lines=lines or (line("72.00"),))


def line(amount: str, account: str = "A-1", **more: Any) -> Json:
    return bill_line(amount=Decimal(amount), account=account, memo="Cement", **more)


def row(*lines: ExpenseLine, **more: Any) -> Bill:
    known: dict[str, Any] = {
        "txn_id": "B-1", "edit_sequence": "77", "vendor": Ref("V-1", "Northwind"), "txn_date": date(2026, 2, 20),
        "ap_account": Ref("AP-1"), "ref_number": "PO-1042", "memo": f"Purchase order 1042 {MARK}",
        "expense_lines": lines or (theirs("1", "72.00"),),
    }  # fmt: skip
    return Bill(**{**known, **more})


def theirs(id_: str, amount: str, account: str = "A-1", **more: Any) -> ExpenseLine:
    return ExpenseLine(id_, account=Ref(account), amount=Decimal(amount), memo="Cement", **more)


def intent(of: Draft, op: str = "create", there: Current | None = None) -> Intent:
    return Intent(
        key=RecordKey("acme", "flow", "purchase_order", "52"), op=op, kind=of.kind, body=of.body, once=of.once,
        mark=MARK, attempt_key="a" * 32, revision=1, current=there,
    )  # fmt: skip


def sent(request: Request) -> list[tuple[str, str]]:
    """The leaves of the request, after the vendor's schema has seen the message."""
    text = qbxml.message([request], version="13.0")
    assert not DATA.exists() or not complaints(text), complaints(text)
    root = etree.fromstring(text.encode())
    return [(str(each.tag), each.text or "") for each in root.iter() if isinstance(each.tag, str) and not len(each)]


# ---------------------------------------------------------------------------------------------- drafts


@pytest.mark.parametrize(
    ("number", "fits"),
    [
        ("1042", "1042"),
        ("x" * 20, "x" * 20),
        ("PO-2026-SITE-NORTH-0000001", "PO-2026-SITE-NO~"),
        ("", ""),
    ],
)
def test_a_number_fits_in_20_characters_and_where_it_does_not_stand_whole_the_memo_has_it(
    number: str, fits: str
) -> None:
    made = draft(number=number)
    fitted = str(made.body["number"])
    assert fitted.startswith(fits)
    assert len(fitted) <= 20
    assert (f"No. {number}" in str(made.once["memo"])) is (fitted != number)
    assert bool(made.once.get("notes")) is (fitted != number)
    assert fitted == draft(number=number).body["number"] != draft(number=f"{number}9").body["number"]


def test_a_draft_has_only_what_is_ours_and_amounts_as_they_are_written_there() -> None:
    assert draft(line("72.5")).body == {
        "vendor": "V-1",
        "date": "2026-02-20",
        "number": "PO-1042",
        "ap_account": "AP-1",
        "lines": [{"account": "A-1", "amount": "72.50", "memo": "Cement"}],
    }
    placed = draft(line("72", klass="C-1", customer=""), due_date=date(2026, 3, 20), term="T-1").body
    assert (placed["due_date"], placed["term"]) == ("2026-03-20", "T-1")
    assert placed["lines"] == [{"account": "A-1", "amount": "72.00", "memo": "Cement", "class": "C-1", "customer": ""}]


@pytest.mark.parametrize(
    ("lines", "reason"),
    [([], "no_lines"), ([("10.00",), ("-10.01",)], "negative_amount"), ([("1.005",)], "not_accepted")],
)
def test_what_is_no_bill_is_held(lines: list[tuple[str]], reason: str) -> None:
    with pytest.raises(Held) as hold:
        bill_draft(
            title="Bill 1", vendor="V-1", vendor_name="N", ap_account="AP", date=date(2026, 2, 20), due_date=None,
            number="1", currency="USD", memo="", lines=[line(*amount) for amount in lines],
        )  # fmt: skip
    assert hold.value.reason == reason
    assert "error" not in hold.value.message.lower()


def test_a_vendors_name_is_fitted_and_what_it_was_is_noted() -> None:
    made = vendor_draft(name="Acme: Steel\tand Łódź 鉄鋼 Company of the Great North", outside_id="7")
    assert str(made.body["name"]).startswith("Acme- Steel and Lódz ?? Company of")
    assert len(str(made.body["name"])) == 41
    assert "鉄鋼" in str(made.once["notes"])
    with pytest.raises(Held, match="has no name with a letter or digit"):
        vendor_draft(name="鉄鋼", company="Iron")


# ---------------------------------------------------------------------------------------------- marks


def test_the_mark_is_found_again_by_its_guid_or_in_the_memo_and_a_stranger_has_none() -> None:
    guid = marks.guid(MARK)
    assert guid == marks.guid(MARK) != marks.guid(f"{MARK} ")
    assert guid == guid.upper()
    long = marks.memo("x" * 5000, MARK)
    assert (len(long), marks.found(long)) == (4095, MARK)
    assert current.bill(row(memo=long), MARK).ours
    assert current.bill(row(memo="", external_guid=guid.lower()), MARK).ours
    assert not current.bill(row(memo=f"re {MARK[:-1]}1]"), MARK).ours
    assert not current.bill(row(), "").ours


# ---------------------------------------------------------------------------------------------- what stands there


def test_what_was_written_reads_back_as_it_was_meant() -> None:
    there = current.bill(row())
    assert stands(there, draft().body)
    assert not check_update(there, there.body, draft(), TITLE)
    assert (there.id, there.version, there.label) == ("B-1", "77", "Bill PO-1042 of Northwind")


@pytest.mark.parametrize(
    "paid",
    [
        {"is_paid": True},
        {"open_amount": Decimal("10.00")},
        {"linked": (LinkedTxn("P-1", "BillPaymentCheck", link="AMTTYPE", amount=Decimal("-1.00")),)},
    ],
)
def test_a_paid_or_partly_paid_bill_keeps_its_vendor_and_lines_and_is_neither_deleted_nor_voided(paid: Any) -> None:
    there = current.bill(row(**paid))
    for change in (draft(line("80.00")), draft(vendor="V-2")):
        with pytest.raises(Held, match="it has payments"):
            check_update(there, there.body, change, TITLE)
    with pytest.raises(Held, match="cannot be voided: it has payments"):
        check_withdrawal(there, draft().body, TITLE, "voided")
    assert check_update(there, there.body, draft(number="PO-1043"), TITLE)


def test_received_goods_are_no_payment_and_a_bill_without_amounts_is_void() -> None:
    received = LinkedTxn("R-1", "ItemReceipt", link="QUANTYPE", amount=Decimal(5))
    assert not current.bill(row(linked=(received,))).locks
    assert not current.bill(row()).void
    assert current.bill(row(theirs("1", "0.00"))).void
    assert not current.bill(row(expense_lines=(), amount_due=Decimal("72.00"))).void  # read without its lines


def test_somebodys_line_of_items_makes_the_bill_changed() -> None:
    there = current.bill(row(item_lines=(ItemLine("9", item=Ref("I-1"), amount=Decimal("5.00")),)))
    with pytest.raises(Held, match="was changed in QuickBooks Desktop by somebody else"):
        check_update(there, current.bill(row()).body, draft(line("80.00")), TITLE)


def test_the_facts_of_a_company_are_those_that_decide() -> None:
    facts: list[rows.Row] = [
        Host("QuickBooks", country="CA"),
        Company("Acme", has_accountants_copy=True, dividing_date=date(2026, 1, 31)),
        Preferences(uses_classes=True, closing_date=date(2025, 12, 31)),
    ]
    assert {ref.id: ref.name for ref in current.preferences(facts)} == {
        "home_currency": "CAD",
        "multi_currency": "false",
        "closing_date": "2025-12-31",
        "dividing_date": "2026-01-31",
        "uses_classes": "true",
        "abroad": "true",
    }
    gone = Company("Acme", has_accountants_copy=False, dividing_date=date(2026, 1, 31))
    said = {ref.id: ref.name for ref in current.preferences([Host("QuickBooks", country="US"), gone])}
    assert ("dividing_date" in said, said["abroad"], said["home_currency"]) == (False, "false", "USD")


# ---------------------------------------------------------------------------------------------- requests


def test_a_new_bill_bears_its_mark_twice_and_no_line_with_a_customer_is_billable() -> None:
    leaves = sent(writing.request(intent(draft(line("72.00", klass="C-1", customer="J-1"))), "r1", None))
    assert ("ExternalGUID", marks.guid(MARK)) in leaves
    assert ("Memo", f"Purchase order 1042 {MARK}") in leaves
    assert leaves[-6:] == [
        ("ListID", "A-1"),
        ("Amount", "72.00"),
        ("Memo", "Cement"),
        ("ListID", "J-1"),
        ("ListID", "C-1"),
        ("BillableStatus", "NotBillable"),
    ]


def test_a_change_says_only_what_differs() -> None:
    leaves = sent(writing.request(intent(draft(number="PO-1043"), "update", current.bill(row())), "r1", row()))
    assert leaves == [("TxnID", "B-1"), ("EditSequence", "77"), ("RefNumber", "PO-1043")]


@pytest.mark.parametrize(
    ("wanted", "ids"),
    [(["80.00", "3.00"], ["11", "12"]), (["80.00"], ["11"]), (["72.00", "3.00", "1.00"], ["11", "12", "-1"])],
)
def test_once_a_line_differs_every_line_that_stays_is_named_by_its_own_id(wanted: list[str], ids: list[str]) -> None:
    there = row(theirs("11", "72.00"), theirs("12", "3.00"))
    change = intent(draft(*(line(amount) for amount in wanted)), "update", current.bill(there))
    leaves = sent(writing.request(change, "r1", there))
    assert [text for name, text in leaves if name == "TxnLineID"] == ids
    assert [text for name, text in leaves if name == "Amount"] == wanted
    assert "RefNumber" not in dict(leaves)


def test_a_class_or_job_that_is_not_ours_is_not_in_the_change() -> None:
    there = row(theirs("11", "72.00", class_=Ref("C-9"), customer=Ref("J-9"), billable="Billable"))
    leaves = sent(writing.request(intent(draft(line("80.00")), "update", current.bill(there)), "r1", there))
    assert not {text for name, text in leaves if name == "ListID"} & {"C-9", "J-9"}
    assert "BillableStatus" not in dict(leaves)


@pytest.mark.parametrize(("op", "asked"), [("delete", "TxnDelType"), ("void", "TxnVoidType")])
def test_a_bill_is_deleted_or_voided_only_where_that_is_what_is_asked(op: str, asked: str) -> None:
    request = writing.request(intent(draft(), op, current.bill(row())), "r1", row())
    assert sent(request) == [(asked, "Bill"), ("TxnID", "B-1")]


def test_a_vendor_is_made_with_its_mark_and_changed_with_what_people_added_to_its_address() -> None:
    made = vendor_draft(name="Northwind", line1="1 Mill Rd", city="Salem", country="USA", phone="503 555-0100")
    added = sent(writing.request(intent(made), "r1", None))
    assert ("ExternalGUID", marks.guid(MARK)) in added
    assert ("Country", "USA") in added
    address = rows.Address(lines=("2 Mill Rd", "Gate 2", "Attn: Jo"), city="Salem", country="United States", note="n")
    there = Vendor("V-1", "5", "Northwind", address=address, phone="503 555-0100")
    changed = sent(writing.request(intent(made, "update", current.vendor(there)), "r1", there))
    assert changed == [
        ("ListID", "V-1"),
        ("EditSequence", "5"),
        ("Addr1", "1 Mill Rd"),
        ("Addr3", "Attn: Jo"),
        ("City", "Salem"),
        ("Country", "United States"),
        ("Note", "n"),
    ]
