"""Responses become rows one at a time: exact, in little memory, and one bad row costs no other."""

from __future__ import annotations

import dataclasses
import tracemalloc
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from benchmarks import qbxml as benchmark
from chalicelib.systems.quickbooks_desktop import reading, returned, rows
from chalicelib.systems.quickbooks_desktop.company import Company, Host, Preferences
from chalicelib.systems.quickbooks_desktop.kinds import Ref
from chalicelib.systems.quickbooks_desktop.reading import Answer, MessageSet, Reply, Status, Unread
from chalicelib.systems.quickbooks_desktop.rows import LocalTime
from tests.unit.systems.quickbooks_desktop_desk import DATA, needs_data, response, samples

STATM = Path("/proc/self/statm")
MOST_GROWTH = 4 * 1024 * 1024
BILL = (
    "<BillRet><TxnID>1A2B-1</TxnID><TimeCreated>2026-03-01T19:00:00-05:00</TimeCreated>"
    "<TimeModified>2026-07-01T19:00:00</TimeModified><EditSequence>7</EditSequence><VendorRef><ListID>8-1</ListID>"
    "<FullName>Bayside</FullName></VendorRef><TxnDate>2026-03-02</TxnDate><AmountDue>1325.50</AmountDue>{}</BillRet>"
)
VENDOR = "<VendorRet><ListID>{}</ListID><EditSequence>1</EditSequence><Name>{}</Name></VendorRet>"


def read(inner: str, **how: Any) -> Reply:
    return reading.whole(response(inner, **how)).replies[0]


def row(inner: str, **how: Any) -> Any:
    reply = read(inner, **how)
    assert not reply.unread
    return reply.rows[0]


def sample(name: str) -> Answer:
    return reading.whole((DATA / "samples" / name).read_bytes())


# ---------------------------------------------------------------------------------------------- what the samples say


@needs_data
def test_a_bill_is_read_with_its_lines_and_its_payments() -> None:
    reply = sample("constructed/responses/bill-query-page1.xml").replies[0]
    assert reply.status == Status(
        "BillQueryRs", "bq-1", 0, "Info", "Status OK", 2, "{0a4c2f5e-5a38-4d0e-9a51-2f2f0f3b7c11}", 1
    )
    plain, paid = reply.rows
    assert isinstance(plain, rows.Bill)
    assert isinstance(paid, rows.Bill)
    assert (plain.txn_id, plain.ref_number, plain.txn_date, plain.total) == (
        "1A2B-1772409600", "PO-10023", date(2026, 3, 2), Decimal("1325.50"),
    )  # fmt: skip
    assert plain.expense_lines[0] == rows.ExpenseLine(
        "1A2D-1772409600",
        Ref("80000041-1577836800", "Job Expenses:Job Materials"),
        Decimal("1250.00"),
        memo="Ready mix, 10 yd",
        customer=Ref("80000051-1577836800", "Harbor Group:Pier 4"),
        class_=Ref("80000061-1577836800", "03-300"),
        billable="NotBillable",
    )
    assert (paid.total, paid.open_amount) == (Decimal("1825.50"), Decimal("825.50"))
    assert paid.item_lines[0].quantity == 4
    assert paid.linked == (
        rows.LinkedTxn(
            "1C01-1774000000", "BillPaymentCheck", date(2026, 3, 20), "2041", "AMTTYPE", Decimal("-1000.00")
        ),
    )


@needs_data
def test_what_the_web_connector_hands_over_first_is_read() -> None:
    answer = sample("recorded/qbwc-hcp-response.xml")
    host, company, preferences = (reply.rows[0] for reply in answer.replies)
    assert isinstance(host, Host)
    assert host.versions[-1] == "13.0"
    assert isinstance(company, Company)
    assert company.name == "myCompany"
    assert company.file_id("{512349b1-1111-2222-3333-000DE1813D20}") == "{00000ee-1111-ffff-cccc-5ff123456047}"
    assert company.file_id("{512349B1-1111-2222-3333-000DE1813D21}") == ""
    assert preferences == Preferences(requires_accounts=True)
    assert "12-3456789" not in repr(answer)  # the tax number


@needs_data
def test_a_payment_says_which_bills_it_paid() -> None:
    found = sample("constructed/responses/bill-payment-check-query.xml").replies[0].rows[0]
    assert isinstance(found, rows.BillPayment)
    assert (found.payee.full_name, found.amount, found.bank_account) == (
        "Bayside Concrete", Decimal("1000.00"), Ref("80000021-1577836800", "Checking"),
    )  # fmt: skip
    assert found.applied[0].remaining == Decimal("825.50")


@needs_data
@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("bill-add-error-recovery", rows.Recovered("1A2B-1772409600", "", "1772409600",
            "{6BA7B811-9DAD-51D1-80B4-00C04FD430C8}")),
        ("txn-del-ok", rows.Deleted("Bill", "1A2B-1772409600", LocalTime("2026-03-05T09:00:00", "-05:00"), None,
            "PO-10023")),
        ("list-deleted-query", rows.Deleted("Vendor", "80000014-1772323220", LocalTime("2026-03-05T09:30:00", "-05:00"),
            LocalTime("2026-03-01T00:00:20", "-05:00"), "", "Inactive Rentals")),
    ],
)  # fmt: skip
def test_what_is_gone_or_recovered_is_read(name: str, wanted: rows.Row) -> None:
    assert sample(f"constructed/responses/{name}.xml").replies[0].rows == (wanted,)


@needs_data
def test_the_state_of_a_message_set_is_read() -> None:
    folder = "constructed/responses/"
    assert sample(folder + "message-set-600-unknown.xml") == Answer(MessageSet("", 600), ())
    assert sample(folder + "bill-add-message-set-9001.xml").message_set == MessageSet("mlc-000000000000042", 9001)


@needs_data
def test_answers_are_told_apart_by_their_ids() -> None:
    answer = sample("constructed/responses/stop-on-error-3231.xml")
    refused, skipped = answer.to("va-1"), answer.to("ba-1")
    assert refused
    assert skipped
    assert (refused.status.code, skipped.status.code) == (3100, 3231)
    assert answer.to("nobody") is None


@needs_data
def test_windows_characters_are_read_as_declared() -> None:
    found = sample("constructed/responses/vendor-query-windows-1252.xml").replies[0].rows[0]
    assert isinstance(found, rows.Vendor)
    assert found.name == "Café “Le Pont” – Supply"


@needs_data
@pytest.mark.parametrize("path", samples("*/*response.xml") + samples("*/responses/*.xml"), ids=lambda path: path.name)
def test_every_sample_is_read_whole_and_alike_as_text_and_as_bytes(path: Path) -> None:
    body = path.read_bytes()
    text = body.decode("cp1252" if b"windows-1252" in body[:60] else "utf-8")
    answer = reading.whole(body)
    assert answer == reading.whole(text)
    assert not [unread for reply in answer.replies for unread in reply.unread]
    assert len(answer.replies) == text.count(" statusCode=")


# ---------------------------------------------------------------------------------------------- lenient


def test_a_wall_clock_keeps_the_offset_that_came_with_it() -> None:
    bill = row(BILL)
    assert bill.created == LocalTime("2026-03-01T19:00:00", "-05:00")
    assert bill.modified == LocalTime("2026-07-01T19:00:00")


def test_the_total_is_that_of_the_lines_whatever_the_bill_says() -> None:
    lines = (
        "<ExpenseLineRet><TxnLineID>1</TxnLineID><Amount>0.10</Amount></ExpenseLineRet>"
        "<ExpenseLineRet><TxnLineID>2</TxnLineID><Memo>only words</Memo></ExpenseLineRet>"
        "<ItemLineRet><TxnLineID>3</TxnLineID><Amount>0.20</Amount></ItemLineRet>"
        "<ItemGroupLineRet><TxnLineID>4</TxnLineID><TotalAmount>5.00</TotalAmount>"
        "<ItemLineRet><TxnLineID>5</TxnLineID><Amount>5.00</Amount></ItemLineRet></ItemGroupLineRet>"
    )
    bill = row(BILL.format(lines).replace("1325.50", "0.00"))
    assert bill.total == Decimal("5.30")
    assert len(bill.item_lines) == 1
    assert len(bill.group_lines[0].lines) == 1


def test_unknown_elements_other_order_and_new_choices_do_no_harm() -> None:
    bill = row(
        "<BillRet><Novelty><TxnID>9</TxnID></Novelty><TxnDate>2026-03-02</TxnDate><VendorRef><New/><FullName>B</FullName>"
        "<ListID>8-1</ListID></VendorRef><EditSequence>7</EditSequence><LinkedTxn><TxnType>Paycheck</TxnType>"
        "<TxnID>2</TxnID></LinkedTxn><TxnID>1</TxnID><DueDate/><TermsRef/><OpenAmount></OpenAmount></BillRet>"
    )
    assert (bill.txn_id, bill.vendor, bill.due_date, bill.terms, bill.open_amount) == (
        "1",
        Ref("8-1", "B"),
        None,
        None,
        None,
    )
    assert bill.linked[0].txn_type == "Paycheck"


@pytest.mark.parametrize("severity", ["Warn", "Warning"])
def test_both_spellings_of_a_warning_are_one(severity: str) -> None:
    text = response("").replace('"Info"', f'"{severity}"')
    assert reading.whole(text).replies[0].status.severity == "Warn"


@pytest.mark.parametrize("code", ["", "x", "0x1", "1e3", "9" * 20])
def test_a_status_that_is_no_number_is_none(code: str) -> None:
    assert reading.whole(response("").replace('statusCode="0"', f'statusCode="{code}"')).replies[0].status.code is None


def test_an_answer_to_a_question_that_we_do_not_know_is_told_all_the_same() -> None:
    text = response(VENDOR.format("8-1", "A"), name="VendorQueryRs").replace(
        "<VendorQueryRs", '<NewThingRs requestID="n" statusCode="5"><VendorRet/></NewThingRs><VendorQueryRs'
    )
    answer = reading.whole(text)
    assert {reply.status.name: len(reply.rows) for reply in answer.replies} == {"VendorQueryRs": 1, "NewThingRs": 0}


def test_entries_of_every_kind_that_shares_names_are_told_apart() -> None:
    inner = "".join(
        f"<{kind}Ret><ListID>8-{n}</ListID><Name>x</Name></{kind}Ret>"
        for n, kind in enumerate(("Employee", "OtherName"))
    )
    found = read(VENDOR.format("9", "x") + inner, name="EntityQueryRs").rows
    assert [type(each).__name__ for each in found] == ["Vendor", "Entry", "Entry"]
    assert [each.kind for each in found if isinstance(each, rows.Entry)] == ["Employee", "OtherName"]


def test_characters_that_xml_lacks_do_not_cost_the_page() -> None:
    text = response(VENDOR.format("8-1", "A&#x1F;&#0;&#11;B&#9;&#10;C"), name="VendorQueryRs")
    assert row(VENDOR.format("8-1", "A&#x1F;&#0;&#11;B&#9;&#10;C"), name="VendorQueryRs").name == "AB\t\nC"
    assert reading.whole(text.encode()) == reading.whole(text)


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
def test_undeclared_bytes_are_utf_8_or_else_windows_1252(encoding: str) -> None:
    text = response(VENDOR.format("8-1", "Café – 5 €"), name="VendorQueryRs")
    assert reading.whole(text.encode(encoding)) == reading.whole(text)


def test_text_is_read_whatever_its_declaration_says() -> None:
    text = response(VENDOR.format("8-1", "Café 山"), name="VendorQueryRs")
    declared = text.replace('<?xml version="1.0" ?>', '\ufeff<?xml version="1.0" encoding="windows-1252"?>')
    assert reading.whole(declared) == reading.whole(text)


# ---------------------------------------------------------------------------------------------- one bad row


@pytest.mark.parametrize(
    ("given", "field", "why"),
    [
        (BILL.format("").replace("2026-03-02<", "2026-02-30<"), "TxnDate", "is no date: '2026-02-30'"),
        (BILL.format("").replace("2026-03-02<", "20260302<"), "TxnDate", "is no date"),
        (BILL.format("").replace("1325.50", "1,325.50"), "AmountDue", "is no amount: '1,325.50'"),
        (BILL.format("").replace("1325.50", "NaN"), "AmountDue", "is no amount"),
        (BILL.format("").replace("1325.50", "1e5"), "AmountDue", "is no amount"),
        (BILL.format("").replace("2026-07-01T19:00:00", "yesterday"), "TimeModified", "is no date with"),
        (BILL.format("").replace("2026-07-01T19:00:00", "2026-13-01T19:00:00"), "TimeModified", "is no date with"),
        (BILL.format("").replace("2026-07-01T19:00:00", "2026-07-01 19:00:00"), "TimeModified", "is no date with"),
        (BILL.format("<IsPaid>perhaps</IsPaid>"), "IsPaid", "is neither true nor false"),
        (BILL.format("").replace("<EditSequence>7</EditSequence>", ""), "EditSequence", "is missing"),
        (BILL.format("").replace("<ListID>8-1</ListID><FullName>Bayside</FullName>", ""), "VendorRef", "is missing"),
        (
            BILL.format("<ExpenseLineRet><TxnLineID>1</TxnLineID></ExpenseLineRet><ExpenseLineRet><TxnLineID>2</TxnLineID>"
            "<Amount>x</Amount></ExpenseLineRet>"), "ExpenseLineRet[2].Amount", "is no amount: 'x'",
        ),
        (BILL.format("<ItemLineRet><Amount>1.00</Amount></ItemLineRet>"), "ItemLineRet[1].TxnLineID", "is missing"),
    ],
)  # fmt: skip
def test_a_bad_row_names_its_field_and_the_others_are_read(given: str, field: str, why: str) -> None:
    good = BILL.format("").replace("1A2B-1", "1A2B-2")
    reply = read(given + good)
    (bad,) = reply.unread
    assert (bad.kind, bad.id, bad.field) == ("Bill", "1A2B-1", field)
    assert bad.why.startswith(why)
    assert bad.says == f"Bill 1A2B-1 could not be read from QuickBooks: {field} {bad.why}."
    assert [found.txn_id for found in reply.rows if isinstance(found, rows.Bill)] == ["1A2B-2"]


def test_a_bad_row_without_an_id_says_so() -> None:
    (bad,) = read(BILL.format("").replace("<TxnID>1A2B-1</TxnID>", "")).unread
    assert "(without an id)" in bad.says


def test_a_payment_of_nothing_is_no_bad_row() -> None:
    text = (
        BILL.format("<Amount>0.00</Amount>")
        .replace("BillRet", "BillPaymentCheckRet")
        .replace("VendorRef", "PayeeEntityRef")
    )
    assert row(text, name="BillPaymentCheckQueryRs").amount == 0


def test_a_row_elsewhere_than_in_an_answer_is_no_row() -> None:
    text = response(f"<Novelty>{BILL}</Novelty>").replace("</QBXMLMsgsRs>", f"{BILL}</QBXMLMsgsRs>")
    answer = reading.whole(text)
    assert not [found for reply in answer.replies for found in (*reply.rows, *reply.unread)]


def test_a_sweep_reads_ids_alone() -> None:
    inner = "<BillRet><TxnID>1</TxnID><TimeModified>2026-03-01T19:00:00</TimeModified></BillRet>"
    answer = reading.whole(response(inner), sweep=True)
    assert answer.replies[0].rows == (rows.Seen("Bill", "1", "", LocalTime("2026-03-01T19:00:00")),)
    assert isinstance(read(inner).unread[0], Unread)


def test_no_row_is_trusted_of_a_document_that_is_cut_off() -> None:
    text = response(BILL * 3)
    seen = []
    with pytest.raises(reading.Malformed):
        for part in reading.stream(text[: text.rindex("</BillQueryRs>")]):
            seen.append(part)
    assert len([part for part in seen if isinstance(part, rows.Bill)]) == 3
    with pytest.raises(reading.Malformed):
        reading.whole(text[: text.rindex("</QBXML>")])


@pytest.mark.parametrize("tag", returned.ROWS)
def test_every_attribute_of_every_row_can_be_read(tag: str) -> None:
    shape = returned.ROWS[tag]
    if dataclasses.is_dataclass(shape.row):
        given = {part.name for part in shape.parts.values()} | {"kind"}
        given |= {name for part in shape.parts.values() if not part.name for name in _of_group(part)}
        assert {field.name for field in dataclasses.fields(shape.row)} - given <= _OF_ANOTHER_KIND


_OF_ANOTHER_KIND = {"ref_number", "full_name"}  # a deleted transaction has the one, a deleted entry the other


def _of_group(part: Any) -> set[str]:
    return {inner.name for inner in part.of_element.__self__.parts.values()}


# ---------------------------------------------------------------------------------------------- memory


def test_memory_stays_flat_however_long_the_response() -> None:
    benchmark.growth(benchmark.response(10))
    small, large = (benchmark.growth(benchmark.response(bills)) for bills in (200, 1500))
    assert large < MOST_GROWTH
    assert large - small < MOST_GROWTH / 8


@pytest.mark.skipif(not STATM.exists(), reason="this machine does not tell how much memory is resident")
def test_the_parser_lets_go_of_what_was_read() -> None:
    document = benchmark.response(2000)
    benchmark.ours(benchmark.response(50))
    before = highest = _resident()
    for n, _ in enumerate(reading.stream(document)):
        if n % 100 == 0:
            highest = max(highest, _resident())
    assert highest - before < 2 * MOST_GROWTH


def _resident() -> int:
    return int(STATM.read_text().split()[1]) * 4096


def test_text_is_not_copied_to_be_read() -> None:
    text = benchmark.response(1000).decode()
    tracemalloc.start()
    assert sum(isinstance(part, rows.Bill) for part in reading.stream(text)) == 1000
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < len(text) / 4
