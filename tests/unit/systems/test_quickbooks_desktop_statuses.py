"""Every code of the sheet has a meaning and a fix that a bookkeeper understands, and doubt is never 'not done'."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from chalicelib.systems.quickbooks_desktop import hresults, statuses
from chalicelib.systems.quickbooks_desktop.statuses import Meaning
from tests.unit.systems.quickbooks_desktop_desk import SHEET, needs_sheet

HOLDS = Path(__file__).parents[3] / "docs" / "reference" / "holds.md"
EVERY = [*statuses.MEANINGS.values(), *statuses.RANGES.values(), statuses.NOT_IN_TABLE, statuses.WITH_A_NOTE]
EVERY += [statuses.UNREADABLE, *hresults.MEANINGS.values(), hresults.NOT_IN_TABLE]
JARGON = re.compile(r"error|exception|hresult|qbxml|0x|null|COM\b|RPC|SDK|EditSequence|iterator", re.IGNORECASE)
# The sheet's word for what to do next -> the classes that do it.
RETRY = {
    "-": {"FINE", "ABSENT"},
    "fix": {"HOLD"},
    "hold": {"HOLD"},
    "no (bug)": {"BUG"},
    "no": {"BUG"},
    "re-read mapping": {"HOLD"},
    "re-read": {"REREAD"},
    "later": {"LATER"},
    "re-queue": {"AGAIN"},
    "restart": {"AGAIN"},
    "look up": {"ADOPT"},
    "log": {"FINE", "REREAD"},
}


def table(title: str) -> Iterator[list[str]]:
    if not SHEET.exists():
        return
    section = SHEET.read_text(encoding="utf-8").split(f"\n### {title}", 1)[1].split("\n##", 1)[0]
    for line in section.splitlines():
        row = [cell.strip() for cell in line.strip("| ").split("|")]
        if line.startswith("| ") and re.match(r"\d|0x", row[0]):
            yield row


def codes(cell: str) -> list[int]:
    first, _, last = cell.partition("-")
    return [int(first), int(last or first), (int(first) + int(last or first)) // 2]


def hresult_codes(cell: str) -> list[str]:
    """`0x80040405..07` and `a, b, c` are several."""
    if ".." in cell:
        first, last = cell.split("..")
        return [f"{first[:-2]}{n:02d}" for n in range(int(first[-2:]), int(last) + 1)]
    return [each.strip() for each in cell.split(",")]


@needs_sheet
@pytest.mark.parametrize("row", list(table("6.2")), ids=lambda row: row[0])
def test_every_status_of_the_sheet_means_what_the_sheet_says(row: list[str]) -> None:
    for code in codes(row[0]):
        found = statuses.meaning(code, "Error", writes=False)
        assert found not in (statuses.NOT_IN_TABLE, statuses.WITH_A_NOTE)
        word = next((word for word in RETRY if row[2].startswith(word)), None)
        if word is not None:
            assert found.kind in RETRY[word], (code, row)
        else:
            assert row[2] in ("see 5.1", "see there"), row


@needs_sheet
def test_the_sheets_tables_are_all_there() -> None:
    assert len(list(table("6.2"))) > 60
    assert len(list(table("6.3"))) > 25


@needs_sheet
@pytest.mark.parametrize("row", list(table("6.3")), ids=lambda row: row[0])
def test_every_hresult_of_the_sheet_has_a_meaning(row: list[str]) -> None:
    for code in hresult_codes(row[0]):
        found = hresults.meaning(code, writes=False)
        assert found != hresults.NOT_IN_TABLE, code
        if row[2].startswith("user action"):
            assert found.kind in ("CONNECTION", "LOCKED")
            assert found.owner != "nobody"
        if row[2].startswith("later"):
            assert found.kind == "CONNECTION"


@needs_sheet
@pytest.mark.parametrize("row", list(table("5.1")), ids=lambda row: row[0])
def test_every_state_of_a_message_set_has_a_meaning(row: list[str]) -> None:
    assert int(row[0]) in statuses.MEANINGS


# ---------------------------------------------------------------------------------------------- writes


@pytest.mark.parametrize("code", [510, 570, 1000, 9002, 9005, None])
def test_a_write_that_may_have_happened_is_unknown(code: int | None) -> None:
    assert statuses.meaning(code, "Error", writes=True).kind == "UNKNOWN"


@pytest.mark.parametrize("hresult", [f"0x{code:08X}" for code in hresults.MEANINGS] + ["", "0x8004FFFF", "junk", "0x0"])
def test_after_a_message_was_refused_a_write_is_unknown_unless_it_surely_did_not_run(hresult: str) -> None:
    found = hresults.meaning(hresult, writes=True)
    never_run = {"0x80040400": "BUG", "0x80040423": "AGAIN"}
    assert found.kind == never_run.get(hresult, "UNKNOWN")


@pytest.mark.parametrize("spelling", ["0x8004040A", "0X8004040a", "8004040a", " 8004040A "])
def test_an_hresult_is_known_in_any_spelling(spelling: str) -> None:
    assert hresults.meaning(spelling, writes=False).fix == hresults.RIGHT_FILE


@pytest.mark.parametrize(
    ("severity", "writes", "kind"),
    [("Error", True, "HOLD"), ("Error", False, "HOLD"), ("Warn", True, "FINE"), ("Info", False, "FINE")],
)
def test_a_code_that_nobody_knows_counts_by_its_severity(severity: str, writes: bool, kind: str) -> None:
    assert statuses.meaning(4711, severity, writes=writes).kind == kind


@pytest.mark.parametrize(
    ("detail", "kind"),
    [
        ("The object is in use.", "LATER"),
        ("It is locked by another user.", "LATER"),
        ("It cannot be modified.", "HOLD"),
    ],
)
def test_what_cannot_be_changed_because_it_is_in_use_is_tried_later(detail: str, kind: str) -> None:
    assert statuses.meaning(3170, "Error", writes=True, detail=detail).kind == kind


# ---------------------------------------------------------------------------------------------- words


@pytest.mark.parametrize("meant", EVERY, ids=lambda meant: meant.says[:50])
def test_the_words_say_what_happened_and_what_to_do(meant: Meaning) -> None:
    shown = [meant.says.format(title="Bill 7", detail="what QuickBooks said", company="books"), meant.fix.format()]
    for text in shown:
        assert not JARGON.search(text), text
        assert text[0].isupper()
        assert text.endswith((".", "what QuickBooks said")), text
    if meant.kind in ("HOLD", "BUG", "ADOPT", "LOCKED"):
        assert meant.owner in ("bookkeeper", "admin", "operator")
        assert not meant.fix.startswith("Nothing")


@pytest.mark.parametrize(
    "meant", [meant for meant in EVERY if meant.kind in ("HOLD", "BUG", "ADOPT")], ids=lambda m: m.says[:50]
)
def test_every_reason_for_a_hold_is_explained(meant: Meaning) -> None:
    assert f"| `{meant.reason}` |" in HOLDS.read_text(encoding="utf-8")


def test_quickbooks_own_words_are_told_without_the_one_that_scares() -> None:
    detail = (
        "There was an error when saving a Bills list, element 1.  QuickBooks error message: The parse error is locked."
    )
    assert statuses.plain_words(detail) == (
        "There was a problem when saving a Bills list, element 1. The parse problem is locked."
    )
