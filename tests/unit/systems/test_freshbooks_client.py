"""Calls to FreshBooks: every shape of complaint is understood, pages are read to their end, and access is one's own."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from werkzeug.wrappers import Response

from chalicelib.engine.errors import ConnectorError, Held, LockedOut, Stale, TryAgain, Unknown
from chalicelib.engine.ports import HttpAnswer
from chalicelib.systems.freshbooks import answers, faults
from chalicelib.systems.freshbooks.client import BILLS, CATEGORIES, EXPENSES, VENDORS, Client, Faulty
from tests.unit.systems.freshbooks_desk import (
    a_vendor,
    careful,
    complaint,
    desk,
    expense,
    intent,
    result,
    said,
    sample,
)


def answered(body: object, status: int = 200) -> HttpAnswer:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return HttpAnswer(status=status, headers={}, body=raw)


# ---------------------------------------------------------------------------------------------- complaints

SHAPES: dict[str, tuple[Callable[[], object], int, str, str]] = {
    "accounting": (lambda: sample("error_accounting_404.json"), 404, "GONE", "Client not found."),
    "accounting inside 200": (lambda: sample("error_accounting_404.json"), 200, "GONE", "Client not found."),
    "accounting, one object": (
        lambda: {"response": {"errors": {"errno": 1001, "field": "categoryid", "message": "Needed."}}},
        200,
        "HOLD",
        "categoryid: Needed.",
    ),
    "accounting throttled inside 200": (lambda: sample("error_accounting_429.json"), 200, "RETRY", "Rate limit"),
    "newer accounting": (lambda: sample("error_accounting_new_style.json"), 404, "GONE", "Item not found."),
    "newer accounting inside 200": (lambda: sample("error_accounting_new_style.json"), 200, "GONE", "itemid"),
    "events, access": (lambda: sample("error_events_401.json"), 401, "REFRESH", "invalid_token"),
    "events, gone": (lambda: sample("error_events_404.json"), 404, "GONE", "could not be found"),
    "events, validation": (lambda: sample("error_events_422.json"), 422, "HOLD", "Unrecognized event"),
    "events, older validation": (
        lambda: {"errno": 3, "details": [{"fieldViolations": [{"field": "uri", "description": "Not a URL."}]}]},
        400,
        "HOLD",
        "uri: Not a URL.",
    ),
    "ledger, validation": (lambda: sample("error_ledger_400.json"), 400, "HOLD", "sub_type: This field is required."),
    "ledger, gone": (lambda: sample("error_ledger_404.json"), 404, "GONE", "Not found."),
    "sign-in": (lambda: sample("error_auth_401.json"), 401, "REFRESH", "requires authentication"),
    "projects, text": (lambda: {"error": "No such thing."}, 404, "GONE", "No such thing."),
    "projects, message": (lambda: {"message": "No such thing."}, 400, "HOLD", "No such thing."),
    "projects, fields": (lambda: {"errno": 2001, "error": {"title": "Too long."}}, 422, "HOLD", "title: Too long."),
    "a gateway's page": (lambda: b"<html><b>Bad</b> gateway</html>", 502, "LATER", "Bad gateway"),
    "plan": (lambda: {"response": {"errors": [{"errno": 7005, "message": "Upgrade."}]}}, 402, "HOLD", "Upgrade."),
    "read-only": (lambda: {"response": {"errors": [{"errno": 1038, "field": "due_date"}]}}, 403, "BUG", ""),
    "permission": (lambda: {"response": {"errors": [{"errno": 1003, "message": "No."}]}}, 403, "HOLD", "No."),
    "edited": (lambda: {"response": {"errors": [{"errno": 409, "message": "Conflict"}]}}, 409, "REREAD", "Conflict"),
    "ours inside 200": (lambda: {"response": {"errors": [{"errno": "500", "message": "Oops"}]}}, 200, "LATER", "Oops"),
}


@pytest.mark.parametrize(("made", "status", "kind", "says"), SHAPES.values(), ids=SHAPES)
def test_every_shape_of_a_complaint_is_understood(
    made: Callable[[], object], status: int, kind: str, says: str
) -> None:
    found = answers.fault(answered(made(), status), "/x")
    assert found is not None
    assert faults.meaning(found).kind == kind
    assert says in found.detail


@pytest.mark.parametrize(
    "name", ["bills_list.json", "callback_get.json", "identity_me.json", "ledger_accounts_list.json"]
)
def test_a_good_answer_is_no_complaint(name: str) -> None:
    assert answers.fault(answered(sample(name)), "/x") is None


def test_a_complaint_inside_200_to_a_write_is_no_success() -> None:
    around = desk()
    around.books.next_answers = [complaint(200, 1012, "categoryid", "Category not found.")]
    (outcome,) = around.target.perform([intent(expense())])
    assert isinstance(outcome, Held) and outcome.reason == "reference_missing"
    assert "reference:expense_category" in outcome.waits_for
    careful(outcome)


@pytest.mark.parametrize("number", faults.MEANINGS)
def test_whatever_the_number_a_customer_reads_what_to_do(number: str) -> None:
    around = desk()
    client = Client(around.line)
    found = answers.Fault(400, (answers.Complaint(number, "sub_accountid", "An Error of vendor_name."),), "/x")
    said_ = client.trouble(Faulty(found, faults.meaning(found)), title="The expense of Acme")
    careful(said_)
    assert isinstance(said_, TryAgain | Stale | Held | LockedOut)


@pytest.mark.parametrize(
    "body", [b"<html>busy</html>", b"", b'{"response": {}}', b"[1]", b'{"response":{"result":{}}}']
)
def test_an_answer_without_its_record_is_unknown_after_a_write_and_asked_again_after_a_read(body: bytes) -> None:
    around = desk()
    around.books.next_answers = [Response(body, status=200)] * 2
    with pytest.raises(TryAgain):
        Client(around.line).get(EXPENSES, "1")
    with pytest.raises(Unknown):
        Client(around.line).create(EXPENSES, {"date": "2026-02-03"})


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_an_outage_leaves_a_write_unknown(status: int) -> None:
    around = desk()
    around.books.next_answers = [Response("<html></html>", status=status)]
    (outcome,) = around.target.perform([intent(expense())])
    assert isinstance(outcome, Unknown)


# ---------------------------------------------------------------------------------------------- slowing down


@pytest.mark.parametrize(
    ("headers", "least", "most"),
    [
        ({"Retry_After": "59"}, 59, 61),
        ({"Retry_After": "999999"}, 900, 902),
        ({"Retry_After": "nonsense"}, 0.4, 60),
        ({}, 0.4, 60),
    ],
)
def test_a_throttle_is_waited_out_as_long_as_it_says(headers: dict[str, str], least: float, most: float) -> None:
    around = desk()
    around.books.next_answers = [said(sample("error_accounting_429.json"), 429, **headers)]
    with pytest.raises(TryAgain) as trouble:
        Client(around.line).page(BILLS, 1)
    assert trouble.value.after is not None and least <= trouble.value.after <= most
    assert not trouble.value.counts
    before, began = len(around.books.asked), around.clock.now()
    with suppress(TryAgain):
        Client(around.sibling()).page(BILLS, 1)
    waited = (around.clock.now() - began).total_seconds()
    assert len(around.books.asked) == before or waited >= least, "nobody calls for this account until then"


def test_a_date_says_how_long_to_wait_too() -> None:
    now = desk().clock.now()
    until = HttpAnswer(429, {"retry-after": f"{now.replace(year=now.year + 1):%a, %d %b %Y %H:%M:%S} GMT"}, b"")
    assert answers.retry_after(until, now) == answers.LONGEST_PAUSE


def test_a_used_up_allowance_is_heeded_though_the_call_was_served() -> None:
    around = desk()
    served: Any = result({"bills": [], "pages": 0, "total": 0})
    served.headers |= {"X-RateLimit-Remaining": "0", "Retry-After": "59"}
    around.books.next_answers = [served]
    Client(around.line).page(BILLS, 1)
    with pytest.raises(TryAgain):
        Client(around.sibling()).page(BILLS, 1)


# ---------------------------------------------------------------------------------------------- pages


def test_a_list_of_any_length_is_read_to_its_end_100_at_a_time() -> None:
    around = desk()
    around.books.tables["bill_vendors/bill_vendors"] = {str(n): a_vendor(n, f"Vendor {n}") for n in range(1, 251)}
    assert len(list(Client(around.line).rows(VENDORS))) == 250
    assert [one.args["page"] for one in around.books.asked] == ["1", "2", "3"]
    assert {one.args["per_page"] for one in around.books.asked} == {"100"}


def test_an_empty_list_has_no_pages_and_is_asked_for_once() -> None:
    around = desk()
    assert list(Client(around.line).rows(VENDORS)) == []
    assert len(around.books.asked) == 1


def test_a_list_that_loses_a_row_while_it_is_read_is_not_taken_for_the_whole() -> None:
    around = desk()
    table = around.books.tables["bill_vendors/bill_vendors"]
    table |= {str(n): a_vendor(n, f"Vendor {n}") for n in range(1, 151)}
    walk = Client(around.line).rows(VENDORS)
    first = [next(walk) for _ in range(100)]
    del table["7"]  # the row behind the first page moves into it
    with pytest.raises(TryAgain):
        first += list(walk)


def test_vis_state_never_goes_with_anything_else() -> None:
    with pytest.raises(AssertionError):
        Client(desk().line).update(EXPENSES, "1", {"vis_state": 1, "vendor": "Acme"})


# ---------------------------------------------------------------------------------------------- access


def test_access_that_was_turned_down_is_renewed_once_and_the_call_repeated() -> None:
    around = desk()
    around.books.access_tokens = set()
    Client(around.line).page(CATEGORIES, 1)
    assert sum("oauth" in one.path for one in around.books.asked) == 1


def test_access_that_is_turned_down_again_at_once_locks_the_connection_out() -> None:
    around = desk()
    around.books.next_answers = [said({"errno": 401, "message": "invalid_token"}, 401)] * 2
    with pytest.raises(LockedOut) as trouble:
        Client(around.line).page(CATEGORIES, 1)
    careful(trouble.value)


def test_an_account_that_is_not_ours_is_never_written_to() -> None:
    around = desk()
    around.line.connection.settings["account"] = "0ther"  # type: ignore[index]
    with pytest.raises(ConnectorError):
        around.target.references("vendor")
