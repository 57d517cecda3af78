"""The vendor's sheet, row by row: every code and status in it is known to our table, with the class it gives."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from chalicelib.systems.quickbooks_online import auth, faults

SHEET = Path(__file__).resolve().parents[4] / "shared" / "reference" / "quickbooks-online.md"
needs_sheet = pytest.mark.skipif(not SHEET.exists(), reason="the vendor's sheet stands beside the project")

# What the sheet says is done, where it is not the bare name of a class of ours. "Once" and "2-3 times" are counted by
# the tests of the target and of the flow.
CLASSES = {
    "REFRESH, then TENANT": "REFRESH",
    "RETRY slowly (hours), TENANT notice": "SLOW",
    "ADOPT (look up)": "ADOPT",
    "ADOPT (section 15)": "ADOPT",
    "on read by id: deleted; on update: HOLD “object gone”, offer re-create; text contains “made inactive” → HOLD "
    "(mapping)": "HOLD",
    "RETRY once, HOLD": "HOLD",
    "BUG if we left it out; HOLD if the source has no value": "HOLD",
    "sanitize and retry once, else HOLD": "HOLD",
    "BUG (our truncation table is wrong); truncate by the Max in the detail once": "BUG",
    "BUG (or HOLD when a person billed the line: `HasBeenBilled`)": "BUG",
    "drop the optional field, retry once, note it in the audit": "DROP",
    "drop attachment, note it": "DROP",
    "HOLD (suggest VendorCredit)": "HOLD",
    "HOLD: name the mapping to fix; drop the cached id": "HOLD",
    "BUG (quote problem → use LIKE fallback)": "BUG",
    "TENANT-feature: switch that sub-flow off, HOLD": "HOLD",
    "same": "HOLD",  # as the row before it, 5020
    "BUG (rounding)": "BUG",
    "HOLD (“closed period”); optional policy: move TxnDate to the first open day": "HOLD",
    "HOLD (or send NotBillable)": "HOLD",
    "HOLD (mapping)": "HOLD",
    "RETRY, then HOLD": "LATER",
    "smaller window": "SPLIT",
    "TENANT: full re-sync": "TENANT",
    # by status
    "by code; no code → BUG": "BUG",
    "REFRESH; second 401 → TENANT": "REFRESH",
    "3001 → RETRY; 3100 → TENANT (environment, realm, disconnected, scope); else TENANT": "TENANT",
    "BUG (wrong URL)": "BUG",
    "RETRY (outcome unknown → same `requestid`)": "LATER",
    "BUG (split)": "BUG",
    "RETRY with throttle": "RETRY",
    "RETRY 2–3 times, then HOLD (some 500s are bad data)": "LATER",
}


def rows(title: str) -> Iterator[list[str]]:
    """The cells of the table under a heading, with one kind of quotation mark."""
    text = SHEET.read_text()
    begin = text.index(title)
    part = text[begin : text.index("\n\n#", begin) if "\n\n#" in text[begin:] else None].split("\n---")[0]
    for line in part.splitlines():
        cells = [re.sub('"([^"]*)"', r"“\1”", cell.strip()) for cell in line.strip().strip("|").split("|")]
        if line.startswith("| ") and re.match(r"\d", cells[0]):
            yield cells


def numbers(cell: str) -> Iterator[str]:
    """Each code of a cell, ranges in steps of ten, without the leading zeros of the second spelling."""
    for low, high in re.findall(r"(\d+)–(\d+)", cell):
        yield from (str(code) for code in range(int(low), int(high) + 1, 10))
    yield from (str(int(code)) for code in re.findall(r"\d+", re.sub(r"\d+–\d+", "", cell)))


@needs_sheet
def test_every_code_of_the_sheet_is_known_with_its_class_and_no_other_code_is() -> None:
    seen: dict[str, str] = {}
    for cells in rows("### 14.3 Codes"):
        wanted = CLASSES.get(cells[2], cells[2])
        seen |= dict.fromkeys(numbers(cells[0]), wanted)
    assert len(seen) > 90
    assert {code: meaning.kind for code, meaning in faults.MEANINGS.items()} == seen


@needs_sheet
def test_every_status_of_the_sheet_is_known_with_its_class() -> None:
    seen = {status: CLASSES[cells[1]] for cells in rows("### 14.2 HTTP status") for status in numbers(cells[0])
            if status != "200"}  # fmt: skip
    assert len(seen) == 11
    assert {str(status): meaning.kind for status, meaning in faults.STATUS.items()} == seen


@needs_sheet
def test_every_refusal_of_a_sign_in_is_known() -> None:
    text = SHEET.read_text()
    told = text[text.index('Error body: `{"error":"invalid_grant"}`') :].split("\n\n")[0]
    assert set(re.findall(r"`([a-z]+_[a-z_]+)`", told)) - {"error_description", "intuit_tid"} <= set(auth.DEAD)


def test_a_code_that_nobody_knows_is_held_at_once_and_after_a_repeat_where_the_vendor_was_down() -> None:
    for status in (400, 405, 409, 422):
        assert faults.meaning(("987654",), status)[1] is faults.UNKNOWN_CODE
    assert faults.meaning(("987654",), 503)[1].kind == "LATER"
    assert faults.meaning(("987654",), 401)[1].kind == "REFRESH"


def test_a_refusal_without_a_code_is_our_own_mistake() -> None:
    assert faults.meaning((), 400)[1].kind == "BUG"


def test_a_code_with_two_readings_goes_by_what_its_detail_says() -> None:
    taken = "DocNumber=7 is assigned to TxnType=Bill with TxnId=145"
    assert faults.meaning(("6210",), 400, f"Duplicate Document Number Error : {taken}") == (
        "6140",
        faults.MEANINGS["6140"],
    )
    assert faults.meaning(("6210",), 400, taken)[0] == "6140"
    assert faults.meaning(("6210",), 400, "The account period has closed")[1].reason == "closed_period"
    assert faults.meaning(("2170",), 400, "Invalid value HasBeenBilled")[1].reason == "settled"
    assert faults.meaning(("2170",), 400, "Invalid value Open")[1].kind == "BUG"
