"""QuickBooks Online: every code of Intuit's tables has its class and words; names and numbers fit what it takes."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from chalicelib.engine.ports import HttpAnswer
from chalicelib.engine.records import Intent, RecordKey
from chalicelib.systems.quickbooks_online import answers, faults, names, query, shapes
from chalicelib.systems.quickbooks_online.drafts import bill_draft, bill_line, vendor_draft

SHARED = Path(__file__).resolve().parents[4] / "shared" / "reference"
SAMPLES = SHARED / "qbo"
needs_samples = pytest.mark.skipif(not SAMPLES.is_dir(), reason="the recorded samples stand beside the project")


@pytest.mark.parametrize(
    ("status", "kind"),
    [(401, "REFRESH"), (403, "TENANT"), (404, "BUG"), (408, "LATER"), (413, "BUG"), (429, "RETRY"), (500, "LATER"),
     (502, "LATER"), (503, "LATER"), (504, "LATER"), (599, "LATER"), (418, "HOLD")],
)  # fmt: skip
def test_a_status_without_a_known_code_has_its_class(status: int, kind: str) -> None:
    assert faults.meaning((), status)[1].kind == kind
    assert faults.meaning(("987654",), status)[1].kind == kind


def test_the_most_serious_of_several_codes_counts() -> None:
    assert faults.meaning(("2010", "6190", "6240"), 400)[0] == "6190"


@needs_samples
@pytest.mark.parametrize(
    ("file", "status", "code"),
    [
        ("fault.3001-throttle-429.xml", 429, "3001"),
        ("fault.130-wrong-cluster-401.xml", 401, "130"),
        ("fault.gateway-3200-401.json", 401, "3200"),
        ("fault.gateway-3100-403.json", 403, "3100"),
        ("fault.6240-duplicate-name.json", 400, "6240"),
        ("fault.6140-duplicate-docnumber.json", 400, "6140"),
        ("fault.4001-query.json", 400, "4001"),
        ("fault.10000-systemfault.json", 500, "10000"),
        ("fault.6240-duplicate-name.json", 200, "6240"),
    ],
)
def test_recorded_faults_are_read_in_every_costume(file: str, status: int, code: str) -> None:
    found = answers.fault(HttpAnswer(status=status, headers={}, body=(SAMPLES / file).read_bytes()))
    assert found is not None
    assert code in found.codes


def test_a_web_page_is_a_fault_by_its_status_and_never_crashes() -> None:
    page = HttpAnswer(status=502, headers={}, body=b"<html>\xff<h1>Bad gateway</h1>")
    found = answers.fault(page)
    assert found is not None
    assert found.codes == ()


# ---------------------------------------------------------------------------------------------- names and numbers


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ("Smith: Concrete & Masonry", "Smith - Concrete & Masonry"),
        ("  Two \t blanks\nand a line ", "Two blanks and a line"),
        ("Bright Lights 💡 Signage", "Bright Lights Signage"),
        ("O'Keefe & Sons", "O'Keefe & Sons"),
        ("Acme®", "Acme®"),
        ("\u202eevil\u202c", "evil"),
        ("北京建材有限公司", "北京建材有限公司"),
    ],
)
def test_names_lose_only_what_is_refused(given: str, taken: str) -> None:
    assert names.name(given) == taken


def test_a_long_number_is_cut_the_same_way_every_time_and_two_long_numbers_stay_apart() -> None:
    one, other = names.doc_number("INV-" + "0" * 30 + "1"), names.doc_number("INV-" + "0" * 30 + "2")
    assert len(one) == len(other) == 21
    assert one != other
    assert one == names.doc_number("INV-" + "0" * 30 + "1")
    assert names.doc_number("A-1") == "A-1"


def test_a_literal_escapes_apostrophe_and_backslash_with_a_backslash() -> None:
    assert query.literal("O'Keefe \\ Co") == "'O\\'Keefe \\\\ Co'"


def test_what_the_parser_may_not_read_becomes_a_wildcard() -> None:
    assert not query.speakable("O’Keefe – “Sons”")
    assert query.speakable("Müller 北京 O'Keefe")
    assert query.pattern("O’Keefe’s") == "'O%Keefe%s'"


# ---------------------------------------------------------------------------------------------- normal forms


def _bill(**changes: Any) -> Intent:
    values: dict[str, Any] = {
        "vendor": "56",
        "vendor_name": "Acme",
        "ap_account": "33",
        "date": date(2026, 11, 20),
        "due_date": date(2026, 12, 20),
        "number": "INV-8841",
        "currency": "USD",
        "send_currency": False,
        "lines": [bill_line(account="57", amount=Decimal("60"), description="Rebar")],
        "memo": "PO 1207",
    }
    draft = bill_draft(**{**values, **changes})
    return Intent(
        key=RecordKey("t", "f", "bill", "8841"),
        op="create",
        kind="bill",
        body=draft.body,
        once=draft.once,
        mark="[mlc:procurify:bill:8841]",
        attempt_key="k",
        revision=1,
        money=draft.money,
    )


def test_the_body_of_a_bill_is_the_sheets() -> None:
    intent = _bill()
    assert shapes.wire(shapes.document_body(intent.body, intent.once, intent.mark)) == {
        "VendorRef": {"value": "56"},
        "APAccountRef": {"value": "33"},
        "TxnDate": "2026-11-20",
        "DueDate": "2026-12-20",
        "DocNumber": "INV-8841",
        "PrivateNote": "PO 1207 [mlc:procurify:bill:8841]",
        "Line": [
            {
                "Amount": 60.0,
                "DetailType": "AccountBasedExpenseLineDetail",
                "Description": "Rebar",
                "AccountBasedExpenseLineDetail": {"AccountRef": {"value": "57"}},
            }
        ],
    }


def test_the_mark_stands_last_and_is_never_cut() -> None:
    intent = _bill(memo="x" * 9000)
    note = shapes.document_body(intent.body, intent.once, intent.mark)["PrivateNote"]
    assert len(note) <= 4000
    assert note.endswith(intent.mark)


def test_a_number_that_was_cut_stands_whole_in_the_memo() -> None:
    intent = _bill(number="A-VERY-LONG-INVOICE-NUMBER-2026-11")
    assert "A-VERY-LONG-INVOICE-NUMBER-2026-11" in str(intent.once["memo"])


@needs_samples
def test_a_recorded_bill_is_read_and_an_update_keeps_what_is_not_ours() -> None:
    raw = json.loads((SAMPLES / "bill.create-response.json").read_text(), parse_float=Decimal)["Bill"]
    raw["SomethingNew"] = {"kept": True}
    current = shapes.bill_current(raw)
    assert current.version == "0"
    assert [line["amount"] for line in shapes.lines_of(current.body)] == ["700.00", "55.12"]
    lines = [
        bill_line(account="42", amount=Decimal("1.00"), description="new"),
        bill_line(account="77", amount=Decimal("2.00"), description=""),
    ]
    merged = shapes.document_merged(replace(_bill(lines=lines), op="update"), current)
    assert merged["SomethingNew"] == {"kept": True}
    assert merged["Id"] == "814" and merged["SyncToken"] == "0"
    detail = merged["Line"][0]["AccountBasedExpenseLineDetail"]
    assert detail["ClassRef"]["value"] == "100000000000128320"
    assert detail["TaxCodeRef"] == {"value": "NON"}
    assert [line["Id"] for line in merged["Line"]] == ["1", "2"]
    assert "TotalAmt" not in merged


@needs_samples
def test_a_paid_bill_locks_what_a_payment_rests_on() -> None:
    raw = json.loads((SAMPLES / "bill.paid-by-check.json").read_text(), parse_float=Decimal)
    current = shapes.bill_current(raw.get("Bill", raw))
    assert {"lines", "vendor"} <= set(current.locks)


@needs_samples
def test_an_inactive_vendor_keeps_its_name_without_the_suffix() -> None:
    raw = json.loads((SAMPLES / "vendor.inactivated.json").read_text(), parse_float=Decimal)["Vendor"]
    ref = shapes.vendor_reference(raw)
    assert ref.name == "Vendor Corporation"
    assert not ref.active


def test_a_vendor_read_back_equals_what_was_written() -> None:
    draft = vendor_draft(
        name="Acme: West",
        company="Acme LLC",
        email="not an address",
        phone="555 0100",
        line1="1 Main St",
        country="USA",
    )
    sent = shapes.vendor_body(draft.body, draft.once)
    assert "PrimaryEmailAddr" not in sent
    echoed = {**sent, "Id": "7", "SyncToken": "0", "BillAddr": {**sent["BillAddr"], "Id": "12", "Country": "US"}}
    assert shapes.vendor_current(echoed).body == draft.body
