"""Answers that come late, twice, damaged or too large."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from chalicelib.systems.quickbooks_desktop import soap
from tests.flows.at_the_pc import Line, Office


def office_with_an_order() -> tuple[Office, int]:
    office = Office()
    order = office.order(office.vendor("Northwind Paper Co"), "72.00")
    office.poll()
    return office, order


def a_minute(office: Office) -> None:
    office.world.clock.advance(61)


def a_session_given_up(office: Office) -> None:
    """Another Web Connector's session began, which has not looked at anything yet."""
    office.world.clock.advance(200)
    assert Line(office).authenticate() not in ("busy", "none")


def a_week(office: Office) -> None:
    office.world.clock.advance(7 * 86_400)


@pytest.mark.parametrize("later", [a_minute, a_session_given_up])
def test_a_late_answer_is_taken_once_and_its_repeats_change_nothing(later: Callable[[Office], None]) -> None:
    office, order = office_with_an_order()
    line = Line(office)
    answer = line.books().process(line.until("BillAddRq"))
    later(office)
    office.world.until_quiet()
    line.answer(answer)
    head = office.head(order)
    assert (head.state, head.intent) == ("done", None)
    assert office.told(order).count("created") == 1
    for _ in range(3):
        line.answer(answer)
    assert office.told(order).count("created") == 1
    assert office.head(order) == head
    office.world.clock.advance(900)
    office.calls(3)
    office.assert_once([order])
    office.assert_no_mistakes()


def test_an_answer_after_a_week_of_sleep_still_counts_and_the_session_does_not_go_on() -> None:
    office, order = office_with_an_order()
    line = Line(office)
    answer = line.books().process(line.until("BillAddRq"))
    a_week(office)
    assert line.answer(answer) < 0
    assert not line.ask()
    assert office.head(order).state == "done"
    office.calls(2)
    office.assert_once([order])


def test_a_late_refusal_counts_too_and_the_bill_is_not_sent_again_by_itself() -> None:
    office, order = office_with_an_order()
    line = Line(office)
    office.pc.backstage_status(3260, "BillAdd")
    answer = line.books().process(line.until("BillAddRq"))
    a_session_given_up(office)
    line.answer(answer)
    assert office.head(order).state == "held"
    assert "rights" in office.hold(order)
    office.world.clock.advance(900)
    office.calls(3)
    assert office.ours() == []


def test_an_answer_that_disagrees_with_what_was_settled_meanwhile_is_told_and_no_bill_is_touched() -> None:
    office, order = office_with_an_order()
    line = Line(office)
    text = line.until("BillAddRq")
    books = line.books()
    office.world.clock.advance(900)
    office.calls(2)
    office.assert_once([order])  # proven absent, and sent once more
    answer = books.process(text)  # against all that is known, the first sending runs now
    line.answer(answer)
    ids = [bill["id"] for bill in office.ours()]
    assert len(ids) == 2
    assert office.reason(order) == "duplicate_in_target"
    assert all(id_ in office.hold(order) for id_ in ids)
    before = office.trail(order)
    line.answer(answer)
    assert office.trail(order) == before
    assert [bill["id"] for bill in office.ours()] == ids
    office.pc.backstage_delete(ids[1])
    office.replay(order)
    office.calls(2)
    assert office.head(order).state == "done"
    office.assert_once([order])


def test_an_answer_of_the_same_bill_after_it_was_found_changes_nothing() -> None:
    office, order = office_with_an_order()
    line = Line(office)
    answer = line.books().process(line.until("BillAddRq"))
    office.world.clock.advance(900)
    office.calls(2)
    head, trail = office.head(order), office.trail(order)
    assert head.state == "done"
    line.answer(answer)
    assert (office.head(order), office.trail(order)) == (head, trail)
    office.assert_once([order])


# ---------------------------------------------------------------------------------------------- lists


def office_with_vendors(count: int = 300) -> tuple[Office, int]:
    office = Office()
    for n in range(count):
        office.pc.backstage_add_vendor(f"Vendor {n:03}", CompanyName="x" * 41, Notes="y" * 400)
    order = office.order(office.procurify.backstage_add_vendor(name=f"Vendor {count - 1:03}"))
    return office, order


def pages(office: Office) -> list[int]:
    """How many rows each question for a page of vendors asked for."""
    found = []
    for text in office.requests():
        if "<VendorQueryRq" in text and "<MaxReturned>" in text:
            found.append(int(text.partition("<MaxReturned>")[2].partition("<")[0]))
    return found


@pytest.mark.parametrize("closes", [False, True])
def test_a_list_whose_answer_is_too_large_for_us_is_read_again_with_half(
    closes: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    office, order = office_with_vendors()
    monkeypatch.setattr(soap, "MOST_BYTES", 80_000)
    office.pc.backstage_switch("closes_after_failure", closes)
    for _ in range(5):
        office.cycle()
    office.assert_once([order])
    asked = list(dict.fromkeys(pages(office)))
    assert asked[:2] == [150, 75]
    assert pages(office).count(150) == 1
    (refused,) = office.pc.our_mistakes
    assert "smaller pages" in refused.what


def test_a_slow_page_makes_the_next_ones_smaller_and_stays_so() -> None:
    office, order = office_with_vendors()
    office.meanwhile("VendorQueryRq", lambda: office.world.clock.advance(25))
    office.cycle(calls=3)
    assert set(pages(office)) == {150}  # a list goes on in the pages in which it began
    office.assert_once([order])
    office.world.clock.advance(7 * 3600)
    office.order(office.procurify.backstage_add_vendor(name="Vendor 000"))
    before = len(pages(office))
    office.cycle(calls=3)
    assert set(pages(office)[before:]) <= {75}
    office.assert_no_mistakes()


@pytest.mark.parametrize("how", ["cut", "empty", "not xml", "nothing in it"])
def test_a_page_that_comes_back_damaged_is_asked_for_again_and_no_half_list_is_believed(how: str) -> None:
    office, order = office_with_vendors()
    process, spoilt = office.pc.desk.process, [how]

    class Desk:
        def __getattr__(self, name: str) -> object:
            return getattr(office_desk, name)

        def process(self, session: object, text: str) -> str:
            answer = process(session, text)  # type: ignore[arg-type]
            if 'iterator="Continue"' in text and spoilt:
                spoilt.pop()
                damaged = {
                    "cut": answer[: len(answer) // 2],
                    "empty": "",
                    "not xml": "Not a QuickBooks answer",
                    "nothing in it": '<?xml version="1.0"?><QBXML><QBXMLMsgsRs></QBXMLMsgsRs></QBXML>',
                }
                return damaged[how]
            return answer

    office_desk = office.pc.desk
    monkeyed = Desk()
    office.pc.connector.desk = monkeyed  # type: ignore[assignment]
    for _ in range(3):
        office.cycle()
    assert not spoilt
    office.assert_once([order])
    office.assert_no_mistakes()


def test_an_iterator_that_quickbooks_forgot_in_the_middle_begins_the_list_anew() -> None:
    office, order = office_with_vendors()
    office.pc.backstage_add_vendor("Another")
    first = len(office.requests())
    office.meanwhile('iterator="Continue"', lambda: office.pc.backstage_status(3391, "VendorQuery"))
    office.cycle()
    office.cycle()
    office.assert_once([order])
    starts = [text for text in office.requests()[first:] if "VendorQueryRq" in text and 'iterator="Start"' in text]
    assert len(starts) >= 1
    office.assert_no_mistakes()
