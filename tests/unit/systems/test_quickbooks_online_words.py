"""What a customer reads of every code, sentence by sentence, for one record: reviewed by eye in the file beside this.

After a change of words: python -m tests.unit.systems.test_quickbooks_online_words, then read what changed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from chalicelib.engine.errors import ConnectorError, Held, LockedOut
from chalicelib.systems.quickbooks_online import faults
from chalicelib.systems.quickbooks_online.answers import Fault
from chalicelib.systems.quickbooks_online.client import Client, Faulty
from chalicelib.systems.quickbooks_online.fixes import Meaning
from tests.unit.systems.quickbooks_online_desk import Peer, careful, desk

WORDS = Path(__file__).with_suffix(".txt")
TITLE, DETAIL = "The bill INV-1", "Some Error : The VendorRef is amiss."
JARGON = re.compile(r"[a-z][A-Z]|_[a-z]|\b\d{3,}\b|(?i:\b(HTTP|JSON|API|OAuth|token|null|fault|exception)\b)")
OWN_WORDS = ("closed_period", "QuickBooks")  # a policy's name, and how the product is spelled


def cases() -> Iterator[tuple[str, str, Meaning]]:
    for code, meaning in sorted(faults.MEANINGS.items(), key=lambda item: int(item[0])):
        yield f"{int(code):>5}", code, meaning
    for plain, words, code, meaning in faults.SAYS_OTHERWISE:
        yield f"{plain} with “{words}”", code, meaning
    yield "any other code", "98765", faults.UNKNOWN_CODE
    for status in (400, 404, 413):
        yield f"status {status} alone", "", faults.STATUS[status]


def outcome(code: str, meaning: Meaning) -> ConnectorError:
    fault = Fault(status=400, codes=(code,) if code else (), detail=DETAIL, trace="1-tid")
    return Client(desk(Peer()).line).trouble(Faulty(fault, code, meaning), title=TITLE)


def entry(name: str, code: str, meaning: Meaning) -> str:
    found = outcome(code, meaning)
    who = f", {found.owner}" if isinstance(found, Held) else ""
    waits = f", waits for {' '.join(found.waits_for)}" if isinstance(found, Held) and found.waits_for else ""
    fix = getattr(found, "fix", "")
    lines = [f"{name.strip()}: {meaning.kind}, {meaning.reason}{who}{waits}", f"  {found.message}"]
    return "\n".join([*lines, *([f"  -> {fix}"] if fix else [])])


def every_word() -> str:
    return "\n\n".join(entry(*case) for case in cases()) + "\n"


def test_every_code_says_what_was_reviewed() -> None:
    assert every_word() == WORDS.read_text()


@pytest.mark.parametrize(("name", "code", "meaning"), [pytest.param(*case, id=case[0].strip()) for case in cases()])
def test_the_words_are_a_customers(name: str, code: str, meaning: Meaning) -> None:
    found = outcome(code, meaning)
    careful(found)
    for text in (found.message.replace("(trace 1-tid)", ""), getattr(found, "fix", "")):
        assert not JARGON.search(re.sub("|".join(OWN_WORDS), "", text))
        assert "{" not in text and "  " not in text
    if isinstance(found, Held):
        assert "he bill INV-1" in found.message and found.cause
        assert "The vendor is amiss." in found.message or meaning.kind == "ADOPT"
    if isinstance(found, Held | LockedOut):
        assert any(
            place in found.fix for place in (" > ", "source", "operator", "map", "mlc connect", "Taxes", "Nothing")
        )


if __name__ == "__main__":
    WORDS.write_text(every_word())
