"""What QuickBooks says about a write becomes what the engine does next."""

from __future__ import annotations

import pytest

from chalicelib.engine.errors import ConnectorError, Held, LockedOut, Stale, TryAgain, Unknown
from chalicelib.systems.quickbooks_desktop import hresults, statuses, verdicts
from chalicelib.systems.quickbooks_desktop.reading import Status

CLASSES: dict[str, type[ConnectorError]] = {
    "LATER": TryAgain,
    "REREAD": Stale,
    "UNKNOWN": Unknown,
    "ADOPT": Held,
    "HOLD": Held,
    "BUG": Held,
    "AGAIN": TryAgain,
    "ABSENT": Stale,
    "LOCKED": LockedOut,
    "CONNECTION": TryAgain,
}


@pytest.mark.parametrize("code", sorted(statuses.MEANINGS))
def test_every_status_of_a_write_has_its_class_and_words_that_scare_nobody(code: int) -> None:
    severity = "Info" if code < 500 else "Warn" if code < 1000 else "Error"
    said = statuses.meaning(code, severity, writes=True)
    found = verdicts.refusal(Status("BillAddRs", "1", code, severity, "There was an error."), title="Bill PO-1")
    if said.kind == "FINE":
        assert found is None
        return
    assert type(found) is CLASSES[said.kind]
    assert found is not None
    assert "error" not in found.message.lower()
    if isinstance(found, Held):
        assert (found.reason, found.owner) == (said.reason, said.owner)
        assert found.fix


@pytest.mark.parametrize("code", sorted(hresults.MEANINGS))
def test_every_hresult_over_a_write_says_whether_it_may_have_happened(code: int) -> None:
    found = verdicts.no_answer(f"0x{code:08x}", "There was an error.", title="Bill PO-1")
    surely_not = {0x80040400: Held, 0x80040423: TryAgain}
    assert type(found) is surely_not.get(code, Unknown)
    assert "error" not in found.message.lower()


def test_what_could_not_be_saved_is_tried_twice_more_and_then_a_person_looks() -> None:
    found = verdicts.refusal(Status("BillAddRs", "1", 3180, "Error", "busy"), title="Bill PO-1")
    assert isinstance(found, TryAgain)
    assert found.most == 3
