"""Procore as a target: what is sent, what is read back, what is ours, and what is never touched."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from werkzeug.wrappers import Request, Response

from chalicelib.engine.errors import Held, LockedOut, Stale, TryAgain, Unknown
from chalicelib.engine.merge import check_update, check_withdrawal, stands
from chalicelib.engine.records import Current, Done, Draft, Intent
from chalicelib.systems.procore.drafts import cost_line, share
from simulator.faults import AnswerTooLate
from tests.unit.systems import procore_subset
from tests.unit.systems.procore_desk import (
    COMMITMENT,
    COMPANY,
    COSTS,
    DIRECTORY,
    MARK,
    ORIGIN,
    PAYMENTS,
    PROJECT,
    REQUISITIONS,
    SYNC,
    VENDORS,
    Peer,
    a_direct_cost,
    a_payment,
    a_requisition,
    careful,
    desk,
    direct_cost,
    intent,
    payment,
    project_vendor,
    refused,
    requisition,
    said,
    vendor,
)

ONE_REQUISITION, ONE_COST = f"{REQUISITIONS}/1280646", f"{COSTS}/455001"
ONE_PAYMENT = f"{PAYMENTS}/77120"
BULK = "/rest/v1.0/requisitions/1280646/bulk_item_update"
OLD_LINES = f"/rest/v1.0/projects/{PROJECT}/direct_costs/455001/line_items"
THE_PROJECT = f"GET /rest/v1.0/projects/{PROJECT}"


def no_answer(request: Request) -> Response:
    raise AnswerTooLate


def perform(peer: Peer, *intents: Intent) -> Any:
    outcomes = desk(peer).target.perform(intents)
    return outcomes[0] if len(intents) == 1 else outcomes


def done(outcome: object) -> Done:
    assert isinstance(outcome, Done), outcome
    return outcome


def held(outcome: object, reason: str) -> Held:
    assert isinstance(outcome, Held) and outcome.reason == reason, outcome
    careful(outcome)
    return outcome


def read(peer: Peer, kind: str, id_: str) -> Current:
    found = desk(peer).target.read(kind, id_)
    assert found is not None
    return found


# ---------------------------------------------------------------------------------------------- invoices of commitments


def test_an_invoice_is_written_in_one_call_with_its_lines_and_read_back() -> None:
    peer = Peer()
    peer.say(f"POST {REQUISITIONS}", said({"id": 1280646}, status=201))
    peer.say(f"GET {ONE_REQUISITION}", said(a_requisition()))
    found = done(perform(peer, intent(requisition())))
    assert peer.writes == [f"POST {REQUISITIONS}"]
    assert peer.sent(f"POST {REQUISITIONS}") == {
        "project_id": 362001,
        "commitment_id": 618651,
        "requisition": {
            "billing_date": "2026-02-20",
            "invoice_number": "INV-2201",
            "requisition_start": "2026-02-01",
            "requisition_end": "2026-02-28",
            "period_id": 117330,
            "status": "under_review",
            "origin_data": MARK,
            "items": [
                {
                    "item_type": "contract_item",
                    "line_item_id": 5175960,
                    "work_completed_this_period": "12500.00",
                    "work_completed_retainage_retained_this_period": "0.00",
                }
            ],
        },
    }
    assert found.current.id == f"{PROJECT}/1280646" and found.current.ours
    assert found.money == requisition().money and found.request_id == "req-1"
    assert stands(found.current, requisition().body)


def test_rows_that_procore_left_empty_are_filled_in_a_second_call() -> None:
    peer = Peer()
    peer.say(f"POST {REQUISITIONS}", said({"id": 1280646}, status=201))
    empty = a_requisition(rows={"5175960": "0.00", "5175961": "0.00"})
    filled = a_requisition(rows={"5175960": "12500.00", "5175961": "0.00"})
    peer.say(f"GET {ONE_REQUISITION}", said(empty), said(filled))
    peer.say(f"PATCH {BULK}", said([]))
    found = done(perform(peer, intent(requisition())))
    rows = peer.sent(f"PATCH {BULK}")["requisition_items"]
    assert [(row["id"], row["work_completed_this_period"]) for row in rows] == [(17918000, "12500.00")]
    assert found.money == requisition().money and "second call" in found.notes[0]


def test_retainage_that_nobody_asked_for_shows_as_another_total() -> None:
    peer = Peer()
    peer.say(f"POST {REQUISITIONS}", said({"id": 1280646}, status=201))
    kept = a_requisition()
    kept["items"][0]["work_completed_retainage_retained_this_period"] = "1250.00"
    peer.say(f"GET {ONE_REQUISITION}", said(kept))
    peer.say(f"PATCH {BULK}", said([]))
    found = done(perform(peer, intent(requisition())))
    assert found.money is not None and found.money.amount == Decimal("11250.00")


def test_a_total_that_is_another_there_is_told_as_it_is() -> None:
    peer = Peer()
    peer.say(f"POST {REQUISITIONS}", said({"id": 1280646}, status=201))
    peer.say(f"GET {ONE_REQUISITION}", said(a_requisition(rows={"5175960": "12000.00"})))
    peer.say(f"PATCH {BULK}", said([]))
    found = done(perform(peer, intent(requisition(status="approved"))))
    assert found.money is not None and found.money.amount == Decimal("12000.00")
    assert "PATCH " + ONE_REQUISITION not in peer.writes, "what is not right is never approved"


def test_an_invoice_is_approved_only_after_its_total_was_compared() -> None:
    peer = Peer()
    peer.say(f"POST {REQUISITIONS}", said({"id": 1280646}, status=201))
    peer.say(f"GET {ONE_REQUISITION}", said(a_requisition()))
    peer.say(f"PATCH {ONE_REQUISITION}", said({}))
    done(perform(peer, intent(requisition(status="approved"))))
    assert peer.sent(f"POST {REQUISITIONS}")["requisition"]["status"] == "under_review"
    assert peer.sent(f"PATCH {ONE_REQUISITION}")["requisition"] == {"status": "approved"}


def test_a_status_that_is_not_taken_leaves_a_good_invoice_and_a_note() -> None:
    peer = Peer()
    peer.say(f"POST {REQUISITIONS}", said({"id": 1280646}, status=201))
    peer.say(f"GET {ONE_REQUISITION}", said(a_requisition()))
    peer.say(f"PATCH {ONE_REQUISITION}", refused({"status": ["is not allowed"]}))
    assert "status is not allowed" in done(perform(peer, intent(requisition(status="approved")))).notes[0].replace(
        ":", ""
    )


@pytest.mark.parametrize("lost", ["the create", "the reading back"])
def test_an_invoice_whose_answer_was_lost_is_unknown_and_found_by_its_mark(lost: str) -> None:
    peer = Peer()
    peer.say(f"POST {REQUISITIONS}", no_answer if lost == "the create" else said({"id": 1280646}, status=201))
    peer.say(f"GET {ONE_REQUISITION}", said({}, status=502))
    assert isinstance(perform(peer, intent(requisition())), Unknown)
    peer.say(f"GET {REQUISITIONS}", said([a_requisition(), a_requisition(id=2, origin_data=None, invoice_number="X")]))
    sighting = desk(peer).target.look([intent(requisition())])[0]
    assert [one.id for one in sighting.ours] == [f"{PROJECT}/1280646"] and not sighting.twins


def test_an_invoice_that_was_only_begun_is_finished_and_not_made_again() -> None:
    empty = a_requisition(rows={"5175960": "0.00"})
    peer = Peer()
    peer.say(f"GET {REQUISITIONS}", said([empty]))
    sighting = desk(peer).target.look([intent(requisition())])[0]
    assert not sighting.ours and not sighting.twins
    peer.say(f"GET {ONE_REQUISITION}", said(empty), said(a_requisition()))
    peer.say(f"PATCH {BULK}", said([]))
    assert done(perform(peer, intent(requisition()))).money == requisition().money
    assert peer.writes == [f"PATCH {BULK}"]


def test_an_invoice_that_came_late_is_not_made_a_second_time() -> None:
    peer = Peer()
    peer.say(f"GET {REQUISITIONS}", said([a_requisition()]))
    assert isinstance(perform(peer, intent(requisition())), Stale)
    assert not peer.writes


def test_an_invoice_of_that_number_that_somebody_entered_is_a_twin() -> None:
    peer = Peer()
    theirs = a_requisition(origin_data='{"src":"other"}', invoice_number="inv-2201 ", id=7)
    peer.say(f"GET {REQUISITIONS}", said([theirs, a_requisition(origin_data=None, id=8, invoice_number="INV-9")]))
    sighting = desk(peer).target.look([intent(requisition())])[0]
    assert [one.id for one in sighting.twins] == [f"{PROJECT}/7"] and not sighting.ours


def test_without_a_number_the_day_and_the_total_make_a_twin() -> None:
    peer = Peer()
    peer.say(f"GET {REQUISITIONS}", said([a_requisition(origin_data=None, invoice_number=None, id=7)]))
    sighting = desk(peer).target.look([intent(requisition(number=""))])[0]
    assert [one.id for one in sighting.twins] == [f"{PROJECT}/7"]


def test_two_invoices_of_one_commitment_are_written_one_after_the_other_by_their_day() -> None:
    peer = Peer()
    peer.say(f"POST {REQUISITIONS}", said({"id": 1280646}, status=201))
    peer.say(f"GET {ONE_REQUISITION}", said(a_requisition()))
    later = intent(requisition(date=date(2026, 2, 25)), source_id="146")
    outcomes = desk(peer).target.perform([later, intent(requisition())])
    days = [json.loads(one.get_data())["requisition"]["billing_date"] for one in peer.asked if one.method == "POST"
            and one.path == REQUISITIONS]  # fmt: skip
    assert days == ["2026-02-20", "2026-02-25"] and len(outcomes) == 2


def test_an_invoice_that_comes_to_nothing_is_not_made() -> None:
    peer = Peer()
    held(perform(peer, intent(requisition(lines=[]))), "no_lines")
    assert not peer.writes


def test_a_changed_bill_changes_the_rows_of_its_invoice_and_empties_those_that_are_gone() -> None:
    peer = Peer()
    before = a_requisition(rows={"5175960": "12500.00", "5175961": "10.00"})
    after = a_requisition(rows={"5175960": "13000.00", "5175961": "0.00"})
    peer.say(f"GET {ONE_REQUISITION}", said(before), said(after))
    current = read(peer, "requisition", f"{PROJECT}/1280646")
    draft = requisition(lines=[share(line="5175960", amount=Decimal("13000.00"))])
    assert check_update(current, None, draft, "Procore")
    peer.say(f"PATCH {ONE_REQUISITION}", said({}))
    found = done(perform(peer, intent(draft, current=current)))
    sent = peer.sent(f"PATCH {ONE_REQUISITION}")["requisition"]
    assert [(row["id"], row["work_completed_this_period"]) for row in sent["items"]] == [
        (17918000, "13000.00"),
        (17918001, "0.00"),
    ]
    assert set(sent) == {"items"} and found.money == draft.money


def test_a_voided_bill_sets_its_invoice_to_zero() -> None:
    peer = Peer()
    peer.say(f"GET {ONE_REQUISITION}", said(a_requisition()), said(a_requisition(rows={"5175960": "0.00"})))
    current = read(peer, "requisition", f"{PROJECT}/1280646")
    peer.say(f"PATCH {ONE_REQUISITION}", said({}))
    found = done(perform(peer, intent(requisition(lines=[]), current=current)))
    assert found.money is not None and found.money.amount == 0


@pytest.mark.parametrize(
    ("shown", "others", "payments", "why"),
    [
        ({"status": "approved"}, [], [], "it is approved"),
        ({}, [a_requisition(id=9, number=2)], [], "a later invoice follows it"),
        ({}, [a_requisition(id=9, number=None, previous_requisition_id=1280646)], [], "a later invoice follows it"),
        ({}, [], [a_payment()], "it has payments"),
        ({"deletable": False}, [], [], "not the last one"),
    ],
)
def test_an_invoice_that_may_not_be_changed_any_more_is_held_with_the_reason(
    shown: dict[str, Any], others: list[Any], payments: list[Any], why: str
) -> None:
    peer = Peer()
    peer.say(f"GET {ONE_REQUISITION}", said(a_requisition(**shown)))
    peer.say(f"GET {REQUISITIONS}", said([a_requisition(**shown), *others]))
    peer.say(f"GET {PAYMENTS}", said(payments))
    current = read(peer, "requisition", f"{PROJECT}/1280646")
    with pytest.raises(Held, match=why) as locked:
        check_update(current, None, requisition(lines=[]), "Procore")
    assert locked.value.reason == "target_locked"
    with pytest.raises(Held, match=why):
        check_withdrawal(current, requisition().body, "Procore", "deleted")


def test_the_last_invoice_under_review_may_be_changed_and_deleted() -> None:
    peer = Peer()
    peer.say(f"GET {ONE_REQUISITION}", said(a_requisition()))
    peer.say(f"GET {REQUISITIONS}", said([a_requisition(), a_requisition(id=3, number=0)]))
    peer.say(f"GET {PAYMENTS}", said([a_payment(requisition_id=3)]))
    current = read(peer, "requisition", f"{PROJECT}/1280646")
    assert not current.locks
    peer.say(f"DELETE {ONE_REQUISITION}", said({}))
    done(perform(peer, intent(requisition(), current=current, delete=True)))


# ---------------------------------------------------------------------------------------------- direct costs


def test_a_direct_cost_is_written_with_its_lines_and_read_back() -> None:
    peer = Peer()
    peer.say(f"POST {COSTS}", said({"id": 455001}, status=201))
    peer.say(f"GET {ONE_COST}", said(a_direct_cost()))
    found = done(perform(peer, intent(direct_cost(memo="QuickBooks bill 145", terms="Net 30"))))
    assert peer.sent(f"POST {COSTS}") == {
        "direct_cost": {
            "direct_cost_type": "invoice",
            "invoice_number": "S-8841",
            "vendor_id": 3739501,
            "direct_cost_date": "2026-02-18",
            "received_date": "2026-02-18",
            "description": "QuickBooks bill 145",
            "terms": "Net 30",
            "status": "approved",
            "origin_data": MARK,
            "origin_id": ORIGIN,
            "line_items": [
                {
                    "wbs_code_id": 182877002,
                    "manual_amount": Decimal("830.25"),
                    "description": "Conduit",
                    "origin_data": "1",
                    "origin_id": f"{ORIGIN}:line:1",
                }
            ],
        }
    }
    assert found.current.id == f"{PROJECT}/455001" and found.current.ours
    assert found.money == direct_cost().money and stands(found.current, direct_cost().body)


def test_a_customer_whose_accounting_is_connected_already_keeps_the_origin_ids() -> None:
    peer = Peer()
    peer.say(f"POST {COSTS}", said({"id": 455001}, status=201))
    bare = a_direct_cost(origin_id=None)
    bare["line_items"][0]["origin_id"] = None
    peer.say(f"GET {ONE_COST}", said(bare))
    found = done(perform(peer, intent(direct_cost(lock=False))))
    sent = peer.sent(f"POST {COSTS}")["direct_cost"]
    assert "origin_id" not in sent and "origin_id" not in sent["line_items"][0]
    assert found.current.ours and stands(found.current, direct_cost().body)


def test_a_vendor_that_is_known_by_its_id_in_the_company_only_is_sent_so_once() -> None:
    peer = Peer()
    not_there = refused({"vendor_id": ["has not been added to this project"]})
    peer.say(f"POST {COSTS}", not_there, said({"id": 455001}, status=201))
    peer.say(f"GET {ONE_COST}", said(a_direct_cost()))
    found = done(perform(peer, intent(direct_cost())))
    assert peer.sent(f"POST {COSTS}")["direct_cost"]["vendor_id"] == 3739001
    assert "id in the company" in found.notes[0]
    noted = peer.sent(f"POST {COSTS}")["direct_cost"]["origin_data"]
    peer.script[f"GET {ONE_COST}"] = [said(a_direct_cost(vendor_id=3739001, origin_data=noted))]
    current = read(peer, "direct_cost", f"{PROJECT}/455001")
    check_withdrawal(current, direct_cost().body, "Procore", "deleted")
    done(perform(peer, intent(direct_cost(number="S-8841"), current=current)))
    peer.script[f"GET {ONE_COST}"] = [said(a_direct_cost(vendor_id=1, origin_data=noted))]
    assert read(peer, "direct_cost", f"{PROJECT}/455001").body["vendor"] == "1", "what a person chose there is seen"
    neither = Peer()
    neither.say(f"POST {COSTS}", not_there)
    held(perform(neither, intent(direct_cost())), "vendor_not_on_project")
    assert len(neither.writes) == 2


def many(count: int) -> Draft:
    lines = [
        cost_line(key=f"{n:03}", wbs="182877002", amount=Decimal("1.00"), description="Conduit") for n in range(count)
    ]
    return direct_cost(lines=lines)


def test_a_bill_of_more_lines_than_fit_into_one_call_goes_on_by_lines_of_its_own_ids() -> None:
    peer = Peer()
    peer.say(f"POST {COSTS}", said({"id": 455001}, status=201))
    peer.say(f"PATCH /rest/v1.0/projects/{PROJECT}/direct_costs/line_items/sync", said({"entities": [], "errors": []}))
    peer.say(f"GET {ONE_COST}", said(a_direct_cost(lines={f"{n:03}": "1.00" for n in range(150)})))
    found = done(perform(peer, intent(many(150))))
    assert len(peer.sent(f"POST {COSTS}")["direct_cost"]["line_items"]) == 100
    rows = peer.sent(f"PATCH /rest/v1.0/projects/{PROJECT}/direct_costs/line_items/sync")["updates"]
    assert len(rows) == 50 and rows[0]["origin_id"] == f"{ORIGIN}:line:100" and rows[0]["direct_cost_id"] == 455001
    assert found.money == many(150).money
    held(perform(Peer(), intent(replace(many(150), once={"status": "approved", "lock": False}))), "too_many_lines")


def test_a_long_bill_that_was_only_begun_is_finished_and_not_made_again() -> None:
    begun = a_direct_cost(lines={f"{n:03}": "1.00" for n in range(100)})
    whole = a_direct_cost(lines={f"{n:03}": "1.00" for n in range(150)})
    peer = Peer()
    peer.say(f"GET {COSTS}", said([begun]))
    peer.say(f"GET {ONE_COST}", said(begun), said(whole))
    assert not desk(peer).target.look([intent(many(150))])[0].ours
    peer.say(f"PATCH /rest/v1.0/projects/{PROJECT}/direct_costs/line_items/sync", said({"entities": [], "errors": []}))
    assert done(perform(peer, intent(many(150)))).money == many(150).money
    assert f"POST {COSTS}" not in peer.writes


def test_a_direct_cost_is_found_by_its_mark_and_its_twin_by_vendor_and_number() -> None:
    peer = Peer()
    theirs = a_direct_cost(id=7, origin_id=None, origin_data=None)
    elsewhere = a_direct_cost(id=8, origin_id=None, origin_data=None, vendor_id=1)
    other = a_direct_cost(id=9, origin_id=None, origin_data=None, invoice_number="S-1")
    peer.say(f"GET {COSTS}", said([a_direct_cost(), theirs, elsewhere, other]))
    for one in (a_direct_cost(), theirs, elsewhere):
        peer.say(f"GET {COSTS}/{one['id']}", said(one))
    sighting = desk(peer).target.look([intent(direct_cost())])[0]
    assert [one.id for one in sighting.ours] == [f"{PROJECT}/455001"]
    assert [one.id for one in sighting.twins] == [f"{PROJECT}/7"]
    filters = [one.args.get("filters[origin_id]") or one.args.get("filters[invoice_number]") for one in peer.asked[1:3]]
    assert filters == ["S-8841", ORIGIN]


def test_lines_that_are_not_shown_with_it_are_read_by_themselves() -> None:
    peer = Peer()
    header = {name: value for name, value in a_direct_cost().items() if name != "line_items"}
    peer.say(f"GET {ONE_COST}", said(header))
    peer.say(f"GET {OLD_LINES}", said(a_direct_cost()["line_items"]))
    assert stands(read(peer, "direct_cost", f"{PROJECT}/455001"), direct_cost().body)


def test_a_changed_bill_changes_only_what_differs_and_takes_off_lines_that_are_gone() -> None:
    peer = Peer()
    before = a_direct_cost(lines={"1": "830.25", "2": "10.00", "3": "5.00"})
    after = a_direct_cost(lines={"1": "830.25", "3": "6.00", "4": "7.00"})
    peer.say(f"GET {ONE_COST}", said(before), said(after))
    current = read(peer, "direct_cost", f"{PROJECT}/455001")
    wanted = {"1": "830.25", "3": "6.00", "4": "7.00"}
    lines = [cost_line(key=key, wbs="182877002", amount=Decimal(amount), description="Conduit")
             for key, amount in wanted.items()]  # fmt: skip
    peer.say(f"PATCH {ONE_COST}", said({}))
    peer.say(f"DELETE {OLD_LINES}/90001", said({}))
    found = done(perform(peer, intent(direct_cost(lines=lines), current=current)))
    sent = peer.sent(f"PATCH {ONE_COST}")["direct_cost"]
    assert set(sent) == {"line_items"}
    amounts = [(row.get("id"), row["manual_amount"]) for row in sent["line_items"]]
    assert amounts == [(90002, 6), (None, 7), (90001, 0)], "no half of a change ever stands there"
    assert found.money == direct_cost(lines=lines).money


def test_a_line_that_does_not_go_away_stays_with_nothing_on_it() -> None:
    peer = Peer()
    before = a_direct_cost(lines={"1": "830.25", "2": "10.00"})
    peer.say(f"GET {ONE_COST}", said(before), said(a_direct_cost(lines={"1": "830.25", "2": "0.00"})))
    current = read(peer, "direct_cost", f"{PROJECT}/455001")
    peer.say(f"PATCH {ONE_COST}", said({}))
    peer.say(f"DELETE {OLD_LINES}/90001", said({}, status=500))
    found = done(perform(peer, intent(direct_cost(), current=current)))
    assert "amount of nothing" in found.notes[0] and stands(found.current, direct_cost().body)


def test_a_voided_bill_sets_its_direct_cost_to_zero_and_keeps_its_lines() -> None:
    peer = Peer()
    peer.say(f"GET {ONE_COST}", said(a_direct_cost()), said(a_direct_cost(lines={"1": "0.00"})))
    current = read(peer, "direct_cost", f"{PROJECT}/455001")
    peer.say(f"PATCH {ONE_COST}", said({}))
    voided = direct_cost(lines=[cost_line(key="1", wbs="182877002", amount=Decimal(0))])
    found = done(perform(peer, intent(voided, current=current)))
    assert peer.writes == [f"PATCH {ONE_COST}"]
    assert found.money is not None and found.money.amount == 0
    held(perform(Peer(), intent(voided)), "no_lines")


def test_a_changed_number_goes_the_only_way_that_takes_it() -> None:
    peer = Peer()
    peer.say(f"GET {ONE_COST}", said(a_direct_cost()), said(a_direct_cost(invoice_number="S-9")))
    current = read(peer, "direct_cost", f"{PROJECT}/455001")
    sync = f"PATCH /rest/v1.0/projects/{PROJECT}/direct_costs/sync"
    peer.say(sync, said({"entities": [{}], "errors": []}))
    done(perform(peer, intent(direct_cost(number="S-9"), current=current)))
    assert peer.writes == [sync]
    bad = Peer()
    bad.say(sync, said({"entities": [], "errors": [{"id": 1, "errors": {"invoice_number": ["is taken"]}}]}))
    assert "is taken" in held(perform(bad, intent(direct_cost(number="S-9"), current=current)), "not_accepted").message


LOCK = refused({"base": ["This record is locked"]})


def test_a_record_that_our_own_id_locks_is_unlocked_changed_and_locked_again() -> None:
    peer = Peer()
    peer.say(f"GET {ONE_COST}", said(a_direct_cost()), said(a_direct_cost(lines={"1": "9.00"})))
    current = read(peer, "direct_cost", f"{PROJECT}/455001")
    peer.say(f"PATCH {ONE_COST}", LOCK, said({}), said({}), said({}))
    lines = [cost_line(key="1", wbs="182877002", amount=Decimal("9.00"), description="Conduit")]
    done(perform(peer, intent(direct_cost(lines=lines), current=current)))
    bodies = [json.loads(one.get_data())["direct_cost"] for one in peer.asked if one.method == "PATCH"]
    assert [sorted(body) for body in bodies] == [
        ["line_items"],
        ["origin_id"],
        ["line_items"],
        ["origin_id"],
    ]
    assert bodies[1] == {"origin_id": ""} and bodies[3]["origin_id"] == ORIGIN


def test_a_change_that_is_refused_after_the_unlocking_locks_again() -> None:
    peer = Peer()
    peer.say(f"GET {ONE_COST}", said(a_direct_cost()))
    current = read(peer, "direct_cost", f"{PROJECT}/455001")
    peer.say(f"PATCH {ONE_COST}", LOCK, said({}), refused({"status": ["is wrong"]}), said({}))
    held(perform(peer, intent(direct_cost(date=date(2026, 2, 19)), current=current)), "not_accepted")
    assert peer.sent(f"PATCH {ONE_COST}")["direct_cost"]["origin_id"] == ORIGIN


def test_a_lock_that_does_not_open_is_a_persons() -> None:
    peer = Peer()
    peer.say(f"GET {ONE_COST}", said(a_direct_cost()))
    current = read(peer, "direct_cost", f"{PROJECT}/455001")
    peer.say(f"PATCH {ONE_COST}", LOCK)
    peer.say(f"DELETE {ONE_COST}", LOCK)
    held(perform(peer, intent(direct_cost(date=date(2026, 2, 19)), current=current)), "record_locked_by_origin_id")
    held(perform(peer, intent(direct_cost(), current=current, delete=True)), "record_locked_by_origin_id")


def test_a_mark_that_an_earlier_try_took_off_is_put_on_again_with_the_next_change() -> None:
    peer = Peer()
    peer.say(f"GET {ONE_COST}", said(a_direct_cost(origin_id=None)), said(a_direct_cost()))
    current = read(peer, "direct_cost", f"{PROJECT}/455001")
    peer.say(f"PATCH {ONE_COST}", said({}))
    done(perform(peer, intent(direct_cost(date=date(2026, 2, 19)), current=current)))
    assert peer.sent(f"PATCH {ONE_COST}")["direct_cost"]["origin_id"] == ORIGIN


def _created(draft: Draft) -> Any:
    peer = Peer()
    peer.say(f"POST {COSTS}", said({"id": 455001}, status=201))
    peer.say(f"GET {ONE_COST}", said(a_direct_cost()))
    done(perform(peer, intent(draft)))
    return peer.sent(f"POST {COSTS}")["direct_cost"]


def test_a_paid_bill_gets_its_payment_date_and_an_unpaid_one_loses_it() -> None:
    # That null clears it is the sheet's word (section 12), which the published extract does not bear out.
    place = "$.direct_cost.payment_date: None"
    peer = Peer(beside_the_reference={f"{place} for not nullable", f"{place} is not of type 'string'"})
    unpaid, paid = a_direct_cost(), a_direct_cost(payment_date="2026-03-04")
    peer.say(f"GET {ONE_COST}", said(unpaid), said(paid), said(paid), said(unpaid), said(paid))
    peer.say(f"PATCH {ONE_COST}", said({}))
    before = read(peer, "direct_cost", f"{PROJECT}/455001")
    assert "payment_date" not in _created(direct_cost(paid=""))
    done(perform(peer, intent(direct_cost(paid="2026-03-04"), current=before)))
    assert peer.sent(f"PATCH {ONE_COST}") == {"direct_cost": {"payment_date": "2026-03-04"}}
    after = read(peer, "direct_cost", f"{PROJECT}/455001")
    done(perform(peer, intent(direct_cost(paid=""), current=after)))
    assert peer.sent(f"PATCH {ONE_COST}") == {"direct_cost": {"payment_date": None}}
    held(perform(peer, intent(direct_cost(paid=""), current=after)), "payment_date_stays")


# ---------------------------------------------------------------------------------------------- payments


def test_a_payment_is_written_on_its_commitment_for_its_invoice() -> None:
    peer = Peer()
    peer.say(f"POST {PAYMENTS}", said(a_payment(), status=201))
    found = done(perform(peer, intent(payment(invoice_date=date(2026, 2, 20), memo="Check run"))))
    assert peer.sent(f"POST {PAYMENTS}") == {
        "project_id": 362001,
        "contract_id": 618651,
        "contract_payment": {
            "date": "2026-03-04",
            "amount": "12500.00",
            "invoice_number": "INV-2201",
            "check_number": "10442",
            "payment_method": "check",
            "invoice_date": "2026-02-20",
            "notes": "Check run",
            "requisition_id": 1280646,
            "origin_id": ORIGIN,
            "origin_data": MARK,
        },
    }
    assert found.current.id == f"{PROJECT}/{COMMITMENT}/77120" and found.money == payment().money and not found.notes


def test_a_payment_of_an_invoice_that_is_not_approved_says_so() -> None:
    peer = Peer()
    peer.say(f"POST {PAYMENTS}", refused({"requisition_id": ["is not payable"]}))
    peer.say(f"GET {ONE_REQUISITION}", said(a_requisition()))
    found = held(perform(peer, intent(payment())), "invoice_not_approved")
    assert "INV-2201, which is under review" in found.message
    peer.script[f"GET {ONE_REQUISITION}"] = [said(a_requisition(status="approved"))]
    assert "is not payable" in held(perform(peer, intent(payment())), "not_accepted").message


def test_a_payment_that_comes_back_without_its_invoice_is_noted() -> None:
    peer = Peer()
    peer.say(f"POST {PAYMENTS}", said(a_payment(requisition_id=None), status=201))
    assert "which invoice" in done(perform(peer, intent(payment()))).notes[0]


def test_a_payment_is_found_by_its_mark_and_one_that_somebody_entered_is_a_twin() -> None:
    peer = Peer()
    theirs = {"origin_id": None, "origin_data": None}
    peer.say(
        f"GET {PAYMENTS}",
        said([a_payment(), a_payment(id=7, **theirs), a_payment(id=8, **theirs, amount="1.00"),
              a_payment(id=9, **theirs, requisition_id=4),
              a_payment(id=10, origin_id="mlc:books:bill:999", origin_data=None)]),
    )  # fmt: skip
    sighting = desk(peer).target.look([intent(payment())])[0]
    assert [one.id for one in sighting.ours] == [f"{PROJECT}/{COMMITMENT}/77120"]
    assert [one.id for one in sighting.twins] == [f"{PROJECT}/{COMMITMENT}/7"]


def test_a_voided_payment_is_deleted_and_unlocked_first_where_needed() -> None:
    peer = Peer()
    peer.say(f"GET {ONE_PAYMENT}", said(a_payment()))
    current = read(peer, "contract_payment", f"{PROJECT}/{COMMITMENT}/77120")
    peer.say(f"DELETE {ONE_PAYMENT}", LOCK, said({}))
    peer.say(f"PATCH {ONE_PAYMENT}", said(a_payment(origin_id=None)))
    unlocking = replace(intent(payment(), current=current, delete=True), once={})
    done(perform(peer, unlocking))
    assert peer.writes == [f"DELETE {ONE_PAYMENT}", f"PATCH {ONE_PAYMENT}", f"DELETE {ONE_PAYMENT}"]


def test_a_payment_through_procore_pay_is_not_touched() -> None:
    peer = Peer()
    peer.say(f"GET {ONE_PAYMENT}", said(a_payment(external_payment_id=5)))
    current = read(peer, "contract_payment", f"{PROJECT}/{COMMITMENT}/77120")
    with pytest.raises(Held, match="Procore Pay"):
        check_withdrawal(current, payment().body, "Procore", "deleted")


def test_a_changed_payment_sends_what_differs() -> None:
    peer = Peer()
    peer.say(f"GET {ONE_PAYMENT}", said(a_payment()))
    current = read(peer, "contract_payment", f"{PROJECT}/{COMMITMENT}/77120")
    peer.say(f"PATCH {ONE_PAYMENT}", said(a_payment(date="2026-03-05")))
    found = done(perform(peer, intent(payment(date=date(2026, 3, 5)), current=current)))
    assert peer.sent(f"PATCH {ONE_PAYMENT}")["contract_payment"] == {"date": "2026-03-05"}
    assert found.money == payment().money


@pytest.mark.parametrize(
    ("kind", "shown", "draft"),
    [
        ("requisition", a_requisition(), requisition(commitment=f"{PROJECT}/9")),
        ("direct_cost", a_direct_cost(), direct_cost(project="9")),
        ("contract_payment", a_payment(), payment(commitment=f"{PROJECT}/9")),
    ],
)
def test_a_record_never_moves_to_another_project_or_commitment(kind: str, shown: Any, draft: Draft) -> None:
    peer = Peer()
    id_ = f"{PROJECT}/{COMMITMENT}/{shown['id']}" if kind == "contract_payment" else f"{PROJECT}/{shown['id']}"
    path = {"requisition": REQUISITIONS, "direct_cost": COSTS, "contract_payment": PAYMENTS}[kind]
    peer.say(f"GET {path}/{shown['id']}", said(shown))
    held(perform(peer, intent(draft, current=read(peer, kind, id_))), "target_locked")
    assert not peer.writes


# ---------------------------------------------------------------------------------------------- only what is ours


OURS: list[tuple[str, str, Callable[..., dict[str, Any]], Draft, str]] = [
    ("requisition", f"{PROJECT}/1280646", a_requisition, requisition(), ONE_REQUISITION),
    ("direct_cost", f"{PROJECT}/455001", a_direct_cost, direct_cost(), ONE_COST),
    ("contract_payment", f"{PROJECT}/{COMMITMENT}/77120", a_payment, payment(), ONE_PAYMENT),
]


@pytest.mark.parametrize(("kind", "id_", "shown", "draft", "path"), OURS, ids=[one[0] for one in OURS])
def test_what_stands_there_as_we_sent_it_is_neither_written_again_nor_held(
    kind: str, id_: str, shown: Callable[..., dict[str, Any]], draft: Draft, path: str
) -> None:
    peer = Peer()
    peer.say(f"GET {path}", said(shown()))
    current = read(peer, kind, id_)
    assert not check_update(current, current.body, draft, "Procore")
    check_withdrawal(current, draft.body, "Procore", "deleted")
    edited = {**draft.body, "date": "2026-02-01"}
    with pytest.raises(Held) as found:
        check_update(current, edited, replace(draft, body={**edited, "date": "2026-02-02"}), "Procore")
    assert found.value.reason == "changed_in_target"


@pytest.mark.parametrize(("kind", "id_", "shown", "draft", "path"), OURS, ids=[one[0] for one in OURS])
def test_what_is_not_ours_any_more_is_never_deleted(
    kind: str, id_: str, shown: Callable[..., dict[str, Any]], draft: Draft, path: str
) -> None:
    peer = Peer()
    peer.say(f"GET {path}", said(shown(origin_id=None, origin_data=None, invoice_number="ELSE")))
    current = read(peer, kind, id_)
    for op in ("delete", "void"):
        withdrawing = replace(intent(draft, current=current, delete=True), op=op)
        held(perform(peer, withdrawing), "changed_in_target")
    assert not peer.writes


@pytest.mark.parametrize(("kind", "id_", "shown", "draft", "path"), OURS[:2], ids=[one[0] for one in OURS[:2]])
def test_what_is_voided_stands_there_with_nothing_on_it(
    kind: str, id_: str, shown: Callable[..., dict[str, Any]], draft: Draft, path: str
) -> None:
    peer = Peer()
    empty = shown(rows={"5175960": "0.00"}) if kind == "requisition" else shown(lines={"1": "0.00"})
    peer.say(f"GET {path}", said(shown()), said(empty))
    current = read(peer, kind, id_)
    assert not current.void
    peer.say(f"PATCH {path}", said({}))
    voiding = replace(intent(draft, current=current, delete=True), op="void", once={}, money=None)
    assert done(perform(peer, voiding)).current.void
    assert peer.writes == [f"PATCH {path}"]


def test_a_void_payment_is_deleted_and_never_a_negative_one() -> None:
    peer = Peer()
    peer.say(f"GET {ONE_PAYMENT}", said(a_payment()))
    current = read(peer, "contract_payment", f"{PROJECT}/{COMMITMENT}/77120")
    peer.say(f"DELETE {ONE_PAYMENT}", LOCK, said({}))
    peer.say(f"PATCH {ONE_PAYMENT}", said(a_payment(origin_id=None)))
    done(perform(peer, replace(intent(payment(), current=current, delete=True), op="void", once={})))
    assert peer.writes == [f"DELETE {ONE_PAYMENT}", f"PATCH {ONE_PAYMENT}", f"DELETE {ONE_PAYMENT}"]


@pytest.mark.parametrize(("kind", "id_", "shown", "draft", "path"), OURS, ids=[one[0] for one in OURS])
def test_what_is_gone_already_counts_as_deleted(
    kind: str, id_: str, shown: Callable[..., dict[str, Any]], draft: Draft, path: str
) -> None:
    peer = Peer()
    peer.say(f"GET {path}", said(shown()))
    current = read(peer, kind, id_)
    peer.say(f"DELETE {path}", said({"message": "Not Found"}, status=404))
    assert done(perform(peer, intent(draft, current=current, delete=True))).notes == ["It was gone already."]


@pytest.mark.parametrize(("kind", "id_", "shown", "draft", "path"), OURS, ids=[one[0] for one in OURS])
def test_gone_is_gone_only_where_its_project_is_seen(
    kind: str, id_: str, shown: Callable[..., dict[str, Any]], draft: Draft, path: str
) -> None:
    peer = Peer()
    peer.say(f"GET {path}", said({"message": "Not Found"}, status=404))
    peer.say(THE_PROJECT, said({"id": int(PROJECT)}))
    assert desk(peer).target.read(kind, id_) is None
    hidden = Peer()
    hidden.say(f"GET {path}", said({"message": "Not Found"}, status=404))
    hidden.say(THE_PROJECT, said({"message": "Not Found"}, status=404))
    with pytest.raises(Held) as found:
        desk(hidden).target.read(kind, id_)
    held(found.value, "permission_or_tool")


# ---------------------------------------------------------------------------------------------- vendors


def shown_vendor(n: int, **changes: Any) -> dict[str, Any]:
    origin = f"mlc:books:bill:{n}"
    return {
        "id": 3739000 + n,
        "name": f"Vendor {n}",
        "origin_id": origin,
        "updated_at": "x",
        "is_active": True,
        **changes,
    }


def test_vendors_go_in_one_call_and_each_has_its_own_outcome() -> None:
    peer = Peer()
    answer = {
        "entities": [shown_vendor(3), shown_vendor(1)],
        "errors": [{"origin_id": "mlc:books:bill:2", "errors": {"country_code": ["is invalid"]}}],
    }
    peer.say(f"PATCH {SYNC}", said(answer))
    outcomes = perform(peer, *(intent(vendor(f"Vendor {n}"), source_id=str(n)) for n in (1, 2, 3, 4)))
    assert [done(outcomes[n]).current.id for n in (0, 2)] == ["3739001", "3739003"]
    assert "country code: is invalid" in held(outcomes[1], "not_accepted").message
    assert isinstance(outcomes[3], Unknown)
    rows = peer.sent(f"PATCH {SYNC}")["updates"]
    assert all(row.get("origin_id") or row.get("id") for row in rows), "a row without an id is made anew each time"
    assert peer.sent(f"PATCH {SYNC}")["company_id"] == int(COMPANY)


def test_a_list_of_vendors_that_is_too_much_is_halved() -> None:
    peer = Peer()

    def answer(request: Request) -> Response:
        rows = json.loads(request.get_data())["updates"]
        if len(rows) > 1:
            return said({}, status=413)
        return said({"entities": [{"id": 1, **rows[0]}], "errors": []})

    peer.say(f"PATCH {SYNC}", answer)
    outcomes = perform(peer, *(intent(vendor(f"Vendor {n}"), source_id=str(n)) for n in range(3)))
    assert [done(one).current.label for one in outcomes] == ["Vendor Vendor 0", "Vendor Vendor 1", "Vendor Vendor 2"]


def test_a_vendor_without_an_origin_id_goes_alone() -> None:
    peer = Peer()
    peer.say(f"POST {VENDORS}", said(shown_vendor(1, origin_id=None), status=201))
    done(perform(peer, intent(vendor("Vendor 1", lock=False))))
    assert peer.sent(f"POST {VENDORS}")["vendor"] == {"name": "Vendor 1", "is_active": True, "origin_data": MARK}


def test_a_changed_vendor_sends_what_differs_by_its_id_and_leaves_its_origin_id_alone() -> None:
    peer = Peer()
    peer.say(f"GET {VENDORS}/3739001", said(shown_vendor(1, origin_id="erp:7", business_phone="1")))
    current = read(peer, "vendor", "3739001")
    peer.say(f"PATCH {SYNC}", said({"entities": [shown_vendor(1, business_phone="2")], "errors": []}))
    done(perform(peer, intent(vendor("Vendor 1", phone="2"), current=current)))
    assert peer.sent(f"PATCH {SYNC}")["updates"] == [{"id": 3739001, "business_phone": "2"}]


def test_a_vendor_of_that_name_is_a_twin_and_one_with_our_id_is_ours() -> None:
    peer = Peer()
    theirs = shown_vendor(8, name="vendor 145", origin_id=None)
    by_name = [shown_vendor(145), theirs, shown_vendor(9, name="Vendor 1456")]

    def answer(request: Request) -> Response:
        return said([shown_vendor(145)] if "filters[origin_id]" in request.args else by_name)

    peer.say(f"GET {VENDORS}", answer)
    sighting = desk(peer).target.look([intent(vendor("Vendor 145"))])[0]
    assert [one.id for one in sighting.ours] == ["3739145"] and [one.id for one in sighting.twins] == ["3739008"]


def test_the_list_of_vendors_has_the_inactive_ones_too() -> None:
    peer = Peer()
    peer.say(f"GET {VENDORS}", said([shown_vendor(1)]))
    peer.say(f"GET /rest/v1.0/companies/{COMPANY}/vendors/inactive", said([shown_vendor(2)]))
    assert [(one.id, one.active) for one in desk(peer).target.references("vendor")] == [
        ("3739001", True),
        ("3739002", False),
    ]


def test_a_vendor_is_added_to_a_project_and_its_id_there_is_read_from_the_projects_list() -> None:
    peer = Peer()
    there = {"id": 3739501, "name": "Copperline Electric LLC", "origin_code": "QB-12A"}
    peer.say(f"POST {DIRECTORY}/3739001/actions/add", said({"id": 3739001}, status=201))
    peer.say(f"GET {DIRECTORY}", said([there]))
    found = done(perform(peer, intent(project_vendor())))
    assert found.current.id == f"{PROJECT}/3739501"


def test_a_vendor_that_is_on_the_project_already_is_taken_and_two_are_a_persons_to_tell_apart() -> None:
    peer = Peer()
    near = {"id": 1, "name": "Copperline Electric, Inc."}
    peer.say(f"GET {DIRECTORY}", said([near, {"id": 2, "name": "Copper & Co"}]))
    assert [one.id for one in desk(peer).target.look([intent(project_vendor())])[0].ours] == [f"{PROJECT}/1"]
    twice = Peer()
    twice.say(f"GET {DIRECTORY}", said([near, {**near, "id": 2}]))
    sighting = desk(twice).target.look([intent(project_vendor())])[0]
    assert not sighting.ours and len(sighting.twins) == 2


# ---------------------------------------------------------------------------------------------- lists and the rest


def test_a_closed_door_stops_the_rest_of_the_batch() -> None:
    peer = Peer()
    peer.say(f"POST {PAYMENTS}", refused("App is not connected to this company", status=403))
    outcomes = perform(peer, intent(payment()), intent(payment(), source_id="2"))
    assert all(isinstance(one, LockedOut) for one in outcomes) and len(peer.writes) == 1


def test_one_refused_record_stops_no_other() -> None:
    peer = Peer()
    peer.say(f"POST {PAYMENTS}", refused({"amount": ["is too large"]}), said(a_payment(), status=201))
    outcomes = perform(peer, intent(payment()), intent(payment(), source_id="2"))
    held(outcomes[0], "not_accepted")
    done(outcomes[1])


def test_a_closed_project_keeps_no_other_project_back() -> None:
    peer = Peer()
    closed = "/rest/v1.1/projects/9/direct_costs"
    peer.say(f"GET {closed}", refused("You do not have sufficient access", status=403))
    first, second = desk(peer).target.look([intent(direct_cost(project="9"), source_id="1"), intent(direct_cost())])
    assert "project 9" in held(first.told, "permission_or_tool").message
    assert second.told is None and not second.ours and not second.twins


def test_an_answer_that_cannot_be_read_never_passes_for_nothing() -> None:
    peer = Peer()
    peer.say(f"GET {PAYMENTS}", said([{"id": None, "amount": "1"}]))
    with pytest.raises(TryAgain, match="cannot be read"):
        desk(peer).target.look([intent(payment())])


def test_a_days_documents_are_listed_project_by_project_with_their_marks() -> None:
    peer = Peer()
    projects = [{"id": 362002, "active": True}, {"id": 362001, "active": True}, {"id": 9, "active": False}]
    peer.say("GET /rest/v1.1/projects", said(projects))
    peer.say(f"GET {COSTS}", said([a_direct_cost(), a_direct_cost(id=7, direct_cost_date="2026-01-01")]))
    peer.say("GET /rest/v1.1/projects/362002/direct_costs", refused("You do not have sufficient access", status=403))
    target = desk(peer).target
    first = target.dated("direct_cost", date(2026, 2, 1), date(2026, 2, 28), token=None)
    assert [(row.id, row.mark) for row in first.rows] == [(f"{PROJECT}/455001", MARK)] and first.next == "362002"
    second = target.dated("direct_cost", date(2026, 2, 1), date(2026, 2, 28), token=first.next)
    assert not second.rows and second.next is None


def test_a_days_payments_are_found_through_the_commitments() -> None:
    peer = Peer()
    peer.say("GET /rest/v1.1/projects", said([{"id": 362001, "active": True}]))
    peer.say("GET /rest/v1.0/commitments", said([{"id": int(COMMITMENT)}]))
    peer.say(f"GET {PAYMENTS}", said([a_payment()]))
    found = desk(peer).target.dated("contract_payment", date(2026, 3, 4), date(2026, 3, 4), token=None)
    assert [row.id for row in found.rows] == [f"{PROJECT}/{COMMITMENT}/77120"]


@pytest.mark.skipif(not procore_subset.THERE, reason="the vendor's reference stands beside the project")
def test_a_wrong_request_is_told_by_the_reference() -> None:
    wrong = Request.from_values(COSTS, method="POST", json={"item": {}}, headers={"Procore-Company-Id": "1"})
    assert procore_subset.complaints(wrong)
    assert procore_subset.complaints(Request.from_values("/rest/v1.0/nothing", method="GET"))
    unheaded = Request.from_values(f"{VENDORS}?company_id=1")
    assert procore_subset.complaints(unheaded) == ["Procore-Company-Id is missing"]
