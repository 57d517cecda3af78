"""What QuickBooks said in a session: known, still to be asked, or not certain."""

from __future__ import annotations

import pytest

from chalicelib.engine.errors import Later
from chalicelib.systems.quickbooks_desktop.known import Doubt, Known, Wish
from chalicelib.systems.quickbooks_desktop.rows import Bill
from chalicelib.systems.quickbooks_desktop.tickets import Kept, Session, answer_ops
from simulator.memory.clock import MemoryClock
from simulator.memory.store import MemoryStore

NOW = "2026-03-02T09:00:00+00:00"
BILL = (
    "<BillRet><TxnID>{id}</TxnID><EditSequence>1</EditSequence><VendorRef><ListID>8-1</ListID></VendorRef>"
    "<TxnDate>{day}</TxnDate><RefNumber>{number}</RefNumber></BillRet>"
)


def known(*answers: tuple[tuple[str, ...], str]) -> Known:
    store, clock = MemoryStore(), MemoryClock()
    session = Session(hash="h", tenant="acme", connection="books", opened_at=NOW, seen_at=NOW)
    for number, (values, rows) in enumerate(answers, 1):
        text = (
            '<QBXML><QBXMLMsgsRs><BillQueryRs requestID="1" statusCode="0" statusSeverity="Info">'
            f"{rows}</BillQueryRs></QBXMLMsgsRs></QBXML>"
        )
        store.write(answer_ops(session, number, text, clock.now()))
        session.kept.append(Kept(number, "bill_number", values))
    return Known(store, session)


def a_bill(number: str, *, day: str = "2026-02-20") -> str:
    return BILL.format(id=f"T{number}", number=number, day=day)


def test_what_was_asked_together_is_known_each_and_what_was_not_becomes_one_question() -> None:
    books = known((("A", "B"), a_bill("A")))
    found = books.rows("bill_number", ["A", "B"])
    assert [row.txn_id for row in found["A"] if isinstance(row, Bill)] == ["TA"]
    assert found["B"] == []
    for value in ("C", "D"):
        with pytest.raises(Later):
            books.rows("bill_number", ["A", value])
    assert books.wishes == [Wish("bill_number", ("C", "D"))]


def test_beside_a_bill_that_cannot_be_read_nothing_counts_as_absent_until_each_was_asked_on_its_own() -> None:
    books = known((("A", "B"), a_bill("A") + a_bill("?", day="no day")))
    assert books.rows("bill_number", ["A"])["A"], "what is there is there"
    with pytest.raises(Later):
        books.rows("bill_number", ["B"])
    assert books.wishes == [Wish("bill_number", ("B",))]
    alone = known((("B",), a_bill("B", day="no day")))
    with pytest.raises(Doubt, match="could not be read"):
        alone.rows("bill_number", ["B"])


def test_what_was_written_is_outdated() -> None:
    books = known((("A", "B"), a_bill("A")))
    books.forget(["A"])
    assert books.rows("bill_number", ["B"]) == {"B": []}
    with pytest.raises(Later):
        books.rows("bill_number", ["A"])
