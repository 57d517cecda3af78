"""A bill of another system is in Procurify once: found there, mailed there, or requested there; and paid once."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.engine.replay import dismiss, link_to, replay
from tests.papers import FLOW, TENANT, THE_FLOW, PaperOffice


@pytest.mark.parametrize("ap", ["hold", "inbox", "requisition"])
def test_a_bill_that_is_in_procurify_is_linked_and_nothing_is_written(ap: str) -> None:
    office = PaperOffice(ap)
    uuid = office.enter()
    office.paper()
    office.cycle(3)
    assert office.linked() == f"bill:{uuid.replace('-', '')}"
    assert not office.writes() and not office.world.mail.sent


def test_a_bill_that_is_not_there_waits_and_is_linked_once_a_person_has_entered_it() -> None:
    office = PaperOffice("hold")
    office.paper()
    office.cycle(2)
    assert office.reason() == "bill_not_found"
    uuid = office.enter(status=0, amount="299.00")
    office.cycle(2)
    assert office.reason() == "bill_differs"
    office.procurify.backstage_edit_bill(
        uuid, lines=[{"description": "x", "account_code": "6200", "amount": "300.00"}], status=2
    )
    office.cycle(2)
    assert office.linked() == f"bill:{uuid.replace('-', '')}"
    assert not office.writes()


def test_one_bill_there_belongs_to_one_paper() -> None:
    office = PaperOffice("hold")
    office.enter()
    office.paper()
    office.paper(id_="2")
    office.cycle(3)
    heads = [office.head(id_=id_) for id_ in ("1", "2")]
    assert sorted(head.state for head in heads) == ["done", "held"]


def test_a_bill_is_mailed_once_and_paid_once_people_have_approved_it() -> None:
    office = PaperOffice("inbox")
    office.paper()
    office.paid()
    office.cycle(3)
    assert len(office.world.mail.sent) == 1
    assert office.linked().startswith("mail:")
    assert office.reason("payment") == "bill_not_found"
    (made,) = office.inbox.backstage_make_bills(1)
    replay(office.world.open(TENANT, FLOW), office.head("payment"), by="pat")
    office.world.until_quiet()
    assert office.reason("payment") == "bill_differs"  # a draft: OCR reads no amounts
    line = {"description": "x", "account_code": "6200", "amount": "300.00"}
    office.inbox.backstage_complete_bill(made["uuid"], [line])
    office.cycle(3)
    assert office.linked("payment") == f"bill:{made['uuid'].replace('-', '')}"
    assert len(office.writes()) == 1 and len(office.world.mail.sent) == 1


def test_a_mail_whose_answer_was_lost_is_found_by_its_file_and_not_sent_again() -> None:
    office = PaperOffice("inbox")
    office.paper()
    office.world.mail.lose_answers(1)
    office.cycle()
    assert office.reason() == "outcome_unknown"
    office.paper("310.00")  # the source changes, and a person replays: it is still one mail
    office.cycle()
    replay(office.world.open(TENANT, FLOW), office.head(), by="pat")
    office.world.until_quiet()
    assert len(office.world.mail.sent) == 1
    (made,) = office.inbox.backstage_make_bills(1)
    replay(office.world.open(TENANT, FLOW), office.head(), by="pat")
    office.world.until_quiet()
    assert str((office.head().link or {}).get("target_id")) == f"bill:{made['uuid'].replace('-', '')}"
    assert len(office.world.mail.sent) == 1


def test_a_mail_that_may_be_lost_is_settled_by_a_person() -> None:
    office = PaperOffice("inbox")
    office.paper()
    office.world.mail.lose_answers(1)
    office.cycle()
    flow, uuid = office.world.open(TENANT, FLOW), office.enter(number="fb 123 typed by hand")
    move = THE_FLOW.move("bill")
    assert move is not None
    link_to(flow, move, office.head(), f"bill:{uuid}", by="pat")
    office.cycle(2)
    assert office.linked() == f"bill:{uuid.replace('-', '')}"
    other = PaperOffice("inbox")
    other.paper()
    other.world.mail.lose_answers(1)
    other.cycle()
    dismiss(other.world.open(TENANT, FLOW), other.head(), by="pat", why="entered by hand")
    other.cycle(3)
    assert len(other.world.mail.sent) == 1


def test_a_throttled_mail_is_sent_later_and_once() -> None:
    office = PaperOffice("inbox")
    office.paper()
    office.world.mail.throttle(3)
    office.cycle(2)
    assert office.linked().startswith("mail:")
    assert len(office.world.mail.sent) == 1


def test_a_change_of_a_mailed_bill_is_held_in_words() -> None:
    office = PaperOffice("inbox")
    office.paper()
    office.cycle()
    office.paper("310.00")
    office.cycle(2)
    assert office.reason() == "mailed"
    assert len(office.world.mail.sent) == 1


def test_a_change_of_a_linked_bill_says_that_procurifys_api_changes_none() -> None:
    office = PaperOffice("hold")
    uuid = office.enter()
    office.paper()
    office.cycle()
    office.paper("310.00")
    office.cycle(2)
    assert office.reason() == "target_locked"
    office.procurify.backstage_edit_bill(uuid, lines=[{"description": "x", "account_code": "6200", "amount": "310.00"}])
    replay(office.world.open(TENANT, FLOW), office.head(), by="pat")
    office.world.until_quiet()
    assert office.linked() == f"bill:{uuid.replace('-', '')}"


@pytest.mark.parametrize("fault", ["drop_after", "drop_before", "html_after", "malformed"])
def test_a_request_is_made_once_whatever_becomes_of_the_answer(fault: Any) -> None:
    office = PaperOffice("requisition")
    office.paper()
    office.procurify.faults.plan(fault, "POST /api/v3/requisitions/")
    office.cycle(3)
    (request,) = office.procurify.backstage_requisitions()
    assert office.linked() == f"request:{request['num']}"
    office.paid()
    office.cycle()
    assert office.reason("payment") == "no_bill_to_pay"


def test_a_part_of_a_payment_waits_and_the_whole_is_marked_once() -> None:
    office = PaperOffice("hold")
    uuid = office.enter(status=1)
    office.paper()
    office.paid("100.00")
    office.cycle(2)
    assert office.reason("payment") == "partially_paid"
    office.paid("300.00")
    office.cycle(2)
    assert office.reason("payment") == "bill_not_approved"
    office.procurify.backstage_set_bill_status(uuid, 2)
    office.cycle(2)
    assert office.linked("payment") == f"bill:{uuid.replace('-', '')}"
    assert len(office.writes()) == 1


@pytest.mark.parametrize("fault", ["drop_after", "drop_before", "html_after", "malformed", "server_fault"])
def test_a_payment_is_marked_once_whatever_becomes_of_the_answer(fault: Any) -> None:
    office = PaperOffice("hold")
    uuid = office.enter()
    office.paper()
    office.paid()
    office.procurify.faults.plan(fault, "POST /api/v3/ap/bills/mark-as-paid/")
    office.cycle(3)
    assert office.linked("payment") == f"bill:{uuid.replace('-', '')}"
    found = office.procurify.company.bill(uuid)
    assert found is not None and found.status == 4
    assert not office.procurify.our_mistakes
