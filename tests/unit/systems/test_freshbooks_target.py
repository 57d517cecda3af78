"""Writing to FreshBooks: once, found again by our mark, and never over what people did there."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from werkzeug.wrappers import Request, Response

from chalicelib.engine.errors import ConnectorError, Held, LockedOut, Stale, TryAgain, Unknown
from chalicelib.engine.records import Current, Done, Draft, Json
from chalicelib.systems.freshbooks.drafts import entry_line, journal_entry_draft
from chalicelib.systems.freshbooks.journals import number_of
from tests.unit.systems.freshbooks_desk import (
    ACCOUNT,
    MARK,
    UUID,
    Desk,
    a_vendor,
    careful,
    complaint,
    desk,
    expense,
    intent,
    money,
    result,
    said,
    sample,
)

EXPENSES = "expenses/expenses"
OLD_PATH = f"/accounting/account/{ACCOUNT}/journal_entries/journal_entries"
NEW_PATH = f"/accounting/businesses/{UUID}/journal_entries"
LEDGER = ("6f1a2b3c-0000-4000-8000-00000000000a", "6f1a2b3c-0000-4000-8000-00000000000b")


def made(around: Desk, draft: Draft | None = None) -> Done:
    (outcome,) = around.target.perform([intent(draft or expense())])
    assert isinstance(outcome, Done), outcome
    return outcome


def there(around: Desk) -> dict[str, Any]:
    (one,) = around.books.tables[EXPENSES].values()
    return one


def both_ledgers(around: Desk) -> list[str]:
    rows = around.target.dated("journal_entry", date(2026, 2, 1), date(2026, 2, 28), token=None).rows
    return [f"{row.mark} {row.money}" for row in rows]


def sent(request: Request) -> Any:
    return json.loads(request.get_data(), parse_float=Decimal)


# ---------------------------------------------------------------------------------------------- expenses


def test_an_expense_is_booked_with_our_mark_in_its_notes() -> None:
    around = desk()
    done = made(around)
    assert sent(around.books.asked[-1]) == {
        "expense": {
            "amount": {"amount": "113.00", "code": "USD"},
            "date": "2026-02-03",
            "vendor": "Acme",
            "categoryid": 2003174,
            "staffid": 1,
            "notes": f"Procurify PO 1234 {MARK}",
        }
    }
    assert done.current.ours and done.money is not None and done.money.amount == Decimal("113.00")
    assert around.target.read("expense", done.current.id) == replace(done.current, ours=False)


def test_long_notes_lose_their_end_and_never_the_mark() -> None:
    around = desk()
    made(around, expense(notes="x" * 5000))
    assert 800 < len(there(around)["notes"]) < 1000 and there(around)["notes"].endswith(f" {MARK}")


def test_a_create_whose_answer_was_lost_is_found_again_even_if_it_was_moved_to_another_day_and_category() -> None:
    around = desk()
    made(around)
    there(around).update(date="2026-02-08", categoryid=5)
    (found,) = around.target.look([intent(expense(), at="2026-02-03T10:00:00+00:00")])
    assert [one.id for one in found.ours] == [str(there(around)["id"])] and not found.twins


def test_what_somebody_deleted_is_not_made_again_by_itself() -> None:
    around = desk()
    around.books.ignores = set()
    made(around)
    there(around)["vis_state"] = 1
    around.books.next_answers = [
        result({"expenses": [], "page": 1, "pages": 0, "total": 0}),
        result({"expenses": [there(around)], "page": 1, "pages": 1, "total": 1}),
    ]
    (found,) = around.target.look([intent(expense(), at="2026-02-03T10:00:00+00:00")])
    assert isinstance(found.told, Held) and found.told.reason == "missing_in_target"
    careful(found.told)
    assert around.target.read("expense", str(there(around)["id"])) is None


def test_a_twin_that_a_person_entered_is_shown_and_another_record_of_ours_is_none() -> None:
    around = desk()
    rows: dict[str, dict[str, Any]] = {
        "1": {"notes": "typed by hand"},
        "2": {"notes": "[mlc:buying:order:78]"},
        "3": {"vendor": "Another"},
        "4": {"amount": money("113.01")},
        "5": {"vendor": " ACME "},
    }
    whole = {"amount": money("113.00"), "date": "2026-02-03", "vendor": "Acme", "categoryid": 1, "vis_state": 0}
    around.books.tables[EXPENSES] = {id_: {**whole, "id": int(id_), **row} for id_, row in rows.items()}
    (found,) = around.target.look([intent(expense())])
    assert [one.id for one in found.twins] == ["1", "5"] and not found.ours


def test_an_update_sends_only_what_may_change_and_keeps_the_category_of_people() -> None:
    around = desk()
    current = made(around).current
    there(around)["categoryid"] = 99
    (outcome,) = around.target.perform([intent(expense(amount=Decimal("120.00"), category="1"), current=current)])
    assert isinstance(outcome, Done)
    assert set(sent(around.books.asked[-1])["expense"]) == {"amount", "date", "vendor"}
    assert (there(around)["categoryid"], there(around)["amount"]["amount"]) == (99, "120.00")


def test_an_expense_that_changed_since_it_was_read_is_read_again_before_it_is_written() -> None:
    around = desk()
    current = made(around).current
    there(around).update(vendor="Acme Ltd", version="2026-02-04 09:00:00.000000")
    for op in ("update", "delete"):
        (outcome,) = around.target.perform([intent(expense(amount=Decimal("120.00")), current=current, op=op)])
        assert isinstance(outcome, Stale)
    assert there(around)["amount"]["amount"] == "113.00" and there(around)["vis_state"] == 0


def test_a_deletion_sends_the_state_alone() -> None:
    around = desk()
    current = made(around).current
    (outcome,) = around.target.perform([intent(expense(), current=current, op="delete")])
    assert isinstance(outcome, Done)
    assert sent(around.books.asked[-1]) == {"expense": {"vis_state": 1}}
    assert around.target.read("expense", current.id) is None


def test_an_expense_that_was_invoiced_to_a_client_is_locked() -> None:
    around = desk()
    made(around)
    there(around)["status"] = 2
    current = around.target.read("expense", str(there(around)["id"]))
    assert current is not None and set(current.locks) == {"date", "amount", "currency", "vendor"}


def test_what_stands_in_a_period_is_told_with_its_marks_whatever_the_filter_does() -> None:
    around = desk()
    made(around)
    around.books.tables[EXPENSES]["9"] = {**there(around), "id": 9, "expenseid": 9, "date": "2026-03-01", "notes": "x"}
    for around.books.ignores in (set(), {"date_min", "date_max"}):
        page = around.target.dated("expense", date(2026, 2, 1), date(2026, 2, 28), token=None)
        assert [(row.mark, row.day) for row in page.rows] == [(MARK, date(2026, 2, 3))]
    page = around.target.dated("expense", date(2026, 3, 1), date(2026, 3, 1), token=None)
    assert [row.id for row in page.rows] == ["9"], "the last day of the period is in it"


def test_the_recorded_expenses_can_be_read() -> None:
    around = desk()
    (raw,) = sample("expenses_list_live.json")["response"]["result"]["expenses"]
    around.books.tables[EXPENSES] = {"70011": raw}
    current = around.target.read("expense", "70011")
    assert current is not None
    assert current.body == {"date": "2026-08-28", "amount": "100.00", "currency": "USD", "vendor": "Example Vendor Co."}


REFUSALS: list[tuple[int, int, str, str, type[ConnectorError], str]] = [
    (422, 1001, "categoryid", "Missing", Held, "required_missing"),
    (422, 1017, "notes", "Too long", Held, "bad_value"),
    (402, 7005, "", "Limit", Held, "not_available"),
    (403, 1003, "", "Denied", Held, "not_permitted"),
    (403, 1038, "due_date", "Denied", Held, "request_not_accepted"),
    (404, 1012, "categoryid", "Not found", Held, "reference_missing"),
    (409, 409, "", "Conflict", Stale, ""),
    (429, 429, "", "Slow", TryAgain, ""),
    (400, 4242, "", "Never heard of", Held, "not_accepted"),
]


@pytest.mark.parametrize(("status", "errno", "field", "text", "kind", "reason"), REFUSALS)
def test_a_refusal_is_told_in_words_and_stops_only_its_record(
    status: int, errno: int, field: str, text: str, kind: type[ConnectorError], reason: str
) -> None:
    around = desk()
    around.books.next_answers = [complaint(status, errno, field, text)]
    first, second = around.target.perform([intent(expense()), intent(expense(vendor="Second"))])
    assert isinstance(first, kind) and getattr(first, "reason", "") == reason
    careful(first)
    stops = isinstance(first, TryAgain)
    assert (second is first) if stops else isinstance(second, Done)


def test_no_access_stops_the_rest_without_asking() -> None:
    around = desk()
    around.books.access_tokens, around.books.refresh_token = set(), "replaced"
    first, second = around.target.perform([intent(expense()), intent(expense())])
    assert isinstance(first, LockedOut) and second is first
    assert "mlc connect books" in first.fix
    careful(first)


def test_an_answer_that_cannot_be_read_leaves_the_write_unknown() -> None:
    around = desk()
    around.books.next_answers = [result({"expense": {"id": 7, "amount": "odd"}})]
    (outcome,) = around.target.perform([intent(expense())])
    assert isinstance(outcome, Unknown)
    careful(outcome)


# ---------------------------------------------------------------------------------------------- journal entries


def entry(*accounts: str, amount: str = "200.00", credit: str = "") -> Draft:
    debit, other = accounts
    lines = [
        entry_line(account=debit, side="debit", amount=Decimal(amount)),
        entry_line(account=other, side="credit", amount=Decimal(credit or amount)),
    ]
    when = date(2026, 2, 28)
    return journal_entry_draft(date=when, currency="USD", name="PO 1234", lines=lines, description="Accrual")


def test_an_entry_of_the_newer_ledger_carries_our_number_and_a_number_for_its_amount() -> None:
    around = desk()
    done = made(around, entry(*LEDGER))
    request = around.books.asked[-1]
    assert (request.path, request.headers["x-api-version"]) == (NEW_PATH, "2023-09-25")
    body = sent(request)["manualJournalEntry"]
    assert body["journalEntryNumber"] == number_of(MARK) == done.current.id
    assert body["description"] == f"Accrual {MARK}"
    assert body["userEnteredDate"] == {"year": 2026, "month": 2, "day": 28}
    details = [(one["accountId"], one["amount"], one["type"]) for one in body["details"]]
    amount = {"amount": Decimal("200.0"), "code": "USD"}
    assert details == [(LEDGER[0], amount, "TYPE_DEBIT"), (LEDGER[1], amount, "TYPE_CREDIT")]


def test_an_entry_of_the_older_ledger_names_its_sides_as_text() -> None:
    around = desk()
    done = made(around, entry("635974", "635976"))
    request = around.books.asked[-1]
    assert request.path == OLD_PATH
    body = sent(request)["journal_entry"]
    assert body["details"] == [
        {"sub_accountid": "635974", "debit": "200.00"},
        {"sub_accountid": "635976", "credit": "200.00"},
    ]
    assert done.current.id.isdigit()


@pytest.mark.parametrize("accounts", [LEDGER, ("635974", "635976")])
def test_an_entry_whose_answer_was_lost_is_found_again(accounts: tuple[str, str]) -> None:
    around = desk()
    made(around, entry(*accounts))
    (found,) = around.target.look([intent(entry(*accounts), at="2026-02-28T10:00:00+00:00")])
    assert len(found.ours) == 1
    assert around.target.read("journal_entry", found.ours[0].id) is not None
    assert both_ledgers(around) == [f"{MARK} {'200.00 USD' if accounts == LEDGER else None}"]


def test_an_entry_that_stands_in_both_ledgers_is_told_once() -> None:
    around = desk()
    made(around, entry(*LEDGER))
    made(around, entry("635974", "635976"))
    assert both_ledgers(around) == [f"{MARK} 200.00 USD"]


@pytest.mark.parametrize("body", [{"manualJournalEntry": "?"}, {}])
def test_a_list_of_entries_in_no_known_form_is_never_taken_for_an_empty_one(body: Json) -> None:
    around = desk()
    made(around)  # so that the business is known
    around.target.read("journal_entry", "ML-NONE")
    around.books.next_answers = [said(body)]
    with pytest.raises(TryAgain):
        around.target.look([intent(entry(*LEDGER))])


def test_an_entry_is_never_changed_or_deleted() -> None:
    around = desk()
    current: Current = made(around, entry(*LEDGER)).current
    before = len(around.books.asked)
    for op in ("update", "delete"):
        (outcome,) = around.target.perform([intent(entry(*LEDGER, amount="201.00"), current=current, op=op)])
        assert isinstance(outcome, Held) and outcome.reason == "target_locked"
        careful(outcome)
    assert len(around.books.asked) == before
    assert set(current.locks) == {"date", "name", "currency", "lines"}


def test_an_entry_that_does_not_balance_is_not_made() -> None:
    with pytest.raises(Held) as held:
        entry(*LEDGER, amount="200.00", credit="199.99")
    assert held.value.reason == "totals_differ"


def test_a_plan_without_journal_entries_is_told() -> None:
    around = desk()
    made(around, entry(*LEDGER))
    around.books.next_answers = [said({"message": "Not found."}, 404)]
    (outcome,) = around.target.perform([intent(entry(*LEDGER))])
    assert isinstance(outcome, Held) and (outcome.reason, outcome.owner) == ("not_available", "admin")
    careful(outcome)


# ---------------------------------------------------------------------------------------------- lists


def test_categories_are_known_by_their_whole_path() -> None:
    around = desk()
    names = {1: ("Office", None), 2: ("Paper", 1), 3: ("Car", None), 4: ("Paper", 3), 5: ("Loop", 5)}
    around.books.tables["expenses/categories"] = {
        str(n): {"id": n, "categoryid": n, "category": name, "parentid": parent, "vis_state": 2 if n == 4 else 0}
        for n, (name, parent) in names.items()
    }
    found = {one.id: (one.full_name, one.active) for one in around.target.references("expense_category")}
    assert found == {
        "1": ("Office", True),
        "2": ("Office > Paper", True),
        "3": ("Car", True),
        "4": ("Car > Paper", False),
        "5": ("Loop", True),
    }


def test_the_chart_of_accounts_is_the_newer_one_where_there_is_one() -> None:
    around = desk()
    found = around.target.references("ledger_account")
    assert [(one.code, one.name, one.kind) for one in found] == [
        ("1000", "Cash", "asset"),
        ("1000-1", "Petty Cash", "asset"),
    ]


def test_without_the_newer_chart_the_older_one_is_read() -> None:
    around = desk()
    made(around, entry(*LEDGER))
    sub = {"sub_accountid": 635974, "account_sub_name": "Car", "account_sub_number": "3"}
    above = {"accountid": 4, "account_name": "Operating Expenses", "account_number": "6000", "sub_accounts": [sub]}
    around.books.next_answers = [
        Response(json.dumps(sample("error_ledger_404.json")), status=404),
        result({"journal_entry_accounts": [above], "page": 1, "pages": 1, "total": 1}),
    ]
    (found,) = around.target.references("ledger_account")
    assert (found.id, found.code, found.full_name) == ("635974", "6000-3", "Operating Expenses > Car")


def test_vendors_are_listed_with_what_tells_them_apart() -> None:
    around = desk()
    around.books.tables["bill_vendors/bill_vendors"] = {"5": a_vendor(5), "6": a_vendor(6, vis_state=2)}
    found = around.target.references("vendor")
    assert [(one.id, one.active, one.contact) for one in found] == [
        ("5", True, {"city": "Austin"}),
        ("6", False, {"city": "Austin"}),
    ]
