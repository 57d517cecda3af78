"""An outcome nobody knows: the look comes first, and the repeat is the same attempt even where lists lag."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

from chalicelib.engine import notice, replay
from simulator.company import FLOW, Company
from simulator.memory.watch import Effect

POST_BILL = "POST /v3/company/9130001/bill"


def on_first_bill(company: Company, act: Callable[[], None]) -> None:
    """Do something at the moment in which the first bill leaves."""

    def leaving(effect: Effect) -> None:
        method, url = effect.keys
        if method == "POST" and url.partition("?")[0].endswith("/bill"):
            company.world.http.before = None
            act()

    company.world.http.before = leaving


@pytest.mark.parametrize("kind", ["drop_after", "malformed", "html_after", "delay_after"])
def test_a_lost_answer_makes_no_second_bill_even_while_the_lists_there_lag(kind: str) -> None:
    company = Company()
    company.books.backstage_set_preference(company.realm, "OtherPrefs.WarnDuplicateBillNumber", False)
    company.books.backstage_switch("list_lag", 7200)
    uuid = company.bill(company.vendor("Northwind Paper Co"))
    company.world.clock.advance(8000)
    company.books.faults.plan(kind, POST_BILL)  # type: ignore[arg-type]  # one of Kind
    company.cycle()
    company.assert_once([uuid])
    assert company.head(uuid).state == "done"
    assert company.books.our_mistakes == []


def test_what_the_source_says_meanwhile_is_not_put_to_rest_by_the_older_outcome() -> None:
    company = Company()
    uuid = company.bill(company.vendor("Northwind Paper Co"))

    def corrected_and_noticed() -> None:
        line = {"description": "corrected", "account_code": "5010", "amount": "80.00"}
        company.procurify.backstage_edit_bill(uuid, lines=[line])
        flow = company.world.open(company.tenant, FLOW)
        move = flow.flow.move("bill")
        assert move is not None
        notice.one(flow, move, uuid.replace("-", ""))

    on_first_bill(company, corrected_and_noticed)
    company.cycle()
    company.assert_once([uuid])
    assert company.total_ours() == Decimal("80.00")
    assert company.head(uuid).state == "done"


def test_the_guard_finds_a_bill_typed_in_by_a_person_where_the_books_do_not_warn_of_it() -> None:
    company = Company()
    company.books.backstage_set_preference(company.realm, "OtherPrefs.WarnDuplicateBillNumber", False)
    vendor = company.vendor("Northwind Paper Co")
    theirs = company.books.backstage_ledger(company.realm)["vendors"][0]["Id"]
    line = {"amount": "100.00", "account_id": company.accounts["5010"]["Id"]}
    company.books.backstage_add_bill(company.realm, theirs, [line], DocNumber="INV-77", TxnDate="2026-02-20")
    numbered = company.bill(vendor, invoice_number="INV-77")
    company.books.backstage_add_bill(company.realm, theirs, [line], TxnDate="2026-02-21")
    unnumbered = company.bill(vendor, invoice_number="", invoice_date="2026-02-21")
    company.cycle()
    for uuid in (numbered, unnumbered):
        assert (company.head(uuid).hold or {})["reason"] == "exists_in_target"
    assert company.ours() == []


def test_an_outcome_that_stays_unknown_ends_with_a_person_and_without_a_second_bill() -> None:
    company = Company()
    uuid = company.bill(company.vendor("Northwind Paper Co"))
    company.books.faults.plan("drop_before", POST_BILL, times=1000)
    company.cycle()
    hold = company.head(uuid).hold or {}
    assert hold["reason"] == "outcome_unknown"
    assert company.head(uuid).intent is not None
    company.books.faults.clear()
    replay.replay(company.world.open(company.tenant, FLOW), company.head(uuid), by="Ann")
    company.world.until_quiet()
    company.assert_once([uuid])
