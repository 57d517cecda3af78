"""People work in QuickBooks while the Web Connector runs: what they do there is never undone by us."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.desktop import total
from tests.flows.at_the_pc import Office


def office_with_a_bill(**given: Any) -> tuple[Office, int, dict[str, Any]]:
    office = Office(**given)
    order = office.order(office.vendor("Northwind Paper Co"), "72.00", number="1042")
    office.cycle()
    (bill,) = office.ours()
    return office, order, bill


def lines(office: Office, amount: str) -> list[dict[str, str]]:
    return [{"AccountRef": office.accounts["5010"]["id"], "Amount": amount, "Memo": "theirs"}]


def test_a_bill_edited_between_our_read_and_our_change_is_not_overwritten_and_the_trail_shows_both_versions() -> None:
    office, order, bill = office_with_a_bill()
    office.revise(order, "80.00")
    office.meanwhile("BillModRq", lambda: office.pc.backstage_edit_bill(bill["id"], lines(office, "75.00")))
    office.cycle()
    assert office.totals() == ["75.00"]
    assert office.reason(order) == "changed_in_target"
    trail = office.trail(order)
    assert "3200" in str(trail)
    assert "75.00" in office.hold(order) + str(trail)
    assert "80.00" in str(trail)
    office.cycle()
    office.replay(order, overwrite=True)
    office.calls(2)
    assert office.totals() == ["80.00"]
    assert office.head(order).state == "done"
    office.assert_no_mistakes()


def test_an_edit_between_our_read_and_our_change_that_touches_nothing_of_ours_is_kept_beside_it() -> None:
    office, order, bill = office_with_a_bill()
    office.revise(order, "80.00")
    memo = f"{bill['Memo']} - asked Ann"
    office.meanwhile("BillModRq", lambda: office.pc.backstage_edit_bill(bill["id"], Memo=memo))
    office.cycle(calls=1)
    assert [(str(total(each)), each["Memo"]) for each in office.ours()] == [("80.00", memo)]
    assert office.head(order).state == "done"
    assert len([text for text in office.writes() if "BillModRq" in text]) == 2
    office.assert_no_mistakes()


def test_somebody_who_edits_again_and_again_makes_us_give_way_and_not_repeat_without_end() -> None:
    office, order, bill = office_with_a_bill()
    office.revise(order, "80.00")
    for n in range(6):
        office.meanwhile("BillModRq", lambda n=n: office.pc.backstage_edit_bill(bill["id"], Memo=f"{bill['Memo']} {n}"))  # type: ignore[misc]
    office.cycle(calls=1)
    assert len([text for text in office.writes() if "BillModRq" in text]) <= 4
    for _ in range(4):
        office.cycle()
    assert office.totals() == ["80.00"]
    office.assert_no_mistakes()


def test_an_edit_before_our_read_is_merged_where_our_fields_are_untouched_and_held_with_the_difference_else() -> None:
    for theirs, left, reason in (
        ({"Memo": "asked Ann [mlc:"}, "80.00", ""),
        ({"DueDate": "2026-05-05"}, "80.00", ""),
        ({"RefNumber": "THEIRS"}, "72.00", "changed_in_target"),
        ({"rows": "75.00"}, "75.00", "changed_in_target"),
    ):
        office, order, bill = office_with_a_bill()
        rows = lines(office, theirs["rows"]) if "rows" in theirs else None
        fields = {name: value for name, value in theirs.items() if name != "rows"}
        office.pc.backstage_edit_bill(bill["id"], rows, **fields)
        office.revise(order, "80.00")
        office.cycle()
        (now,) = (each for each in office.pc.backstage_ledger()["Bill"] if each["id"] == bill["id"])
        assert str(total(now)) == left, theirs
        assert office.reason(order) == reason
        for name, value in fields.items():
            assert now[name] == value
        assert theirs.get("rows", "") in str(office.head(order).hold)


def test_a_bill_that_a_person_deleted_is_not_made_again_by_any_change_poll_or_replay() -> None:
    office, order, bill = office_with_a_bill()
    office.pc.backstage_delete(bill["id"])
    office.cycle()
    office.revise(order, "80.00")
    for _ in range(3):
        office.cycle()
    assert office.ours() == []
    assert office.reason(order) == "missing_in_target"
    office.replay(order)
    office.calls(2)
    assert office.ours() == []
    assert office.reason(order) == "missing_in_target"
    office.assert_no_mistakes()


def test_a_bill_that_a_person_deleted_between_our_read_and_our_change_is_not_made_again() -> None:
    office, order, bill = office_with_a_bill()
    office.revise(order, "80.00")
    office.meanwhile("BillModRq", lambda: office.pc.backstage_delete(bill["id"]))
    for _ in range(3):
        office.cycle()
    assert office.ours() == []
    assert office.reason(order) == "missing_in_target"
    office.assert_no_mistakes()


@pytest.mark.parametrize("memory", [0, 1])
def test_a_bill_that_a_person_deleted_before_its_lost_answer_was_looked_up_is_not_made_again(memory: int) -> None:
    """`memory`: QuickBooks remembers but one message set, and there was another since."""
    office = Office()
    office.pc.backstage_switch("message_sets_kept", memory)
    vendor = office.vendor("Northwind Paper Co")
    order = office.order(vendor, "72.00")
    office.poll()
    office.pc.backstage_mishap("die_after", "process BillAddRq")
    office.call()
    (bill,) = office.ours()
    office.pc.backstage_delete(bill["id"])
    for _ in range(3):
        office.cycle()
    assert office.ours() == []
    assert office.head(order).state == "held"
    assert office.reason(order) == "missing_in_target", office.hold(order)
    assert "deleted" in office.hold(order)
    office.assert_no_mistakes()


def test_a_bill_that_a_person_voided_is_left_as_it_is_when_the_order_changes() -> None:
    office, order, bill = office_with_a_bill()
    office.pc.backstage_void(bill["id"])
    office.revise(order, "80.00")
    for _ in range(2):
        office.cycle()
    assert office.totals() == ["0.00"]
    assert office.head(order).state == "held"
    assert office.reason(order) == "changed_in_target"
    assert "voided in QuickBooks Desktop by somebody else" in office.hold(order)


def test_a_bill_that_a_person_voided_between_our_read_and_our_change_stays_void() -> None:
    office, order, bill = office_with_a_bill()
    office.revise(order, "80.00")
    office.meanwhile("BillModRq", lambda: office.pc.backstage_void(bill["id"]))
    for _ in range(2):
        office.cycle()
    assert office.totals() == ["0.00"]
    assert office.head(order).state == "held"


@pytest.mark.parametrize("card", [False, True])
@pytest.mark.parametrize("part", ["", "10.00"])
def test_the_lines_of_a_paid_bill_are_not_touched(card: bool, part: str) -> None:
    office, order, bill = office_with_a_bill()
    office.pc.backstage_pay_bill(bill["id"], part, card=card)
    office.revise(order, "80.00")
    for _ in range(2):
        office.cycle()
    assert office.totals() == ["72.00"]
    assert office.reason(order) == "target_locked"
    assert not [text for text in office.writes() if "ExpenseLineMod" in text]
    assert "payment" in office.hold(order)


@pytest.mark.parametrize("touches", [True, False])
def test_a_bill_that_is_paid_between_our_read_and_our_change_is_not_left_overpaid_in_silence(touches: bool) -> None:
    office, order, bill = office_with_a_bill()
    office.pc.backstage_switch("payment_touches_bill", touches)
    office.revise(order, "60.00")
    office.meanwhile("BillModRq", lambda: office.pc.backstage_pay_bill(bill["id"]))
    office.cycle()
    head = office.head(order)
    assert (head.state, office.totals()) in [("held", ["72.00"]), ("done", ["60.00"])]
    assert (head.state == "held") or not touches


def test_a_bill_that_somebody_has_open_in_a_window_goes_once_it_is_closed() -> None:
    office, order, bill = office_with_a_bill()
    office.pc.backstage_use(bill["id"])
    office.revise(order, "80.00")
    office.cycle()
    head = office.head(order)
    assert (head.state, office.totals()) == ("waiting", ["72.00"])
    assert "window" in head.trouble
    office.pc.backstage_use(bill["id"], False)
    office.cycle()
    office.calls(2)
    assert (office.head(order).state, office.totals()) == ("done", ["80.00"])


def test_a_bill_that_quickbooks_entered_anew_when_a_person_edited_it_is_not_made_twice() -> None:
    office, order, bill = office_with_a_bill()
    office.pc.backstage_recreate(bill["id"])
    office.revise(order, "80.00")
    for _ in range(3):
        office.cycle()
    assert len(office.ours()) == 1
    assert office.head(order).state in ("held", "done")
    office.assert_no_mistakes()
