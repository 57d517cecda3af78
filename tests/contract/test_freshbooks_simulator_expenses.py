"""The simulated FreshBooks books expenses at once, keeps two clocks, and knows journal entries of both generations."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.freshbooks_site import ACCOUNT, Site, lacks, sample, usd

EXPENSES = "expenses/expenses?per_page=100"
CATEGORIES = "expenses/categories?per_page=100"
VERSION = "2023-09-25"


@pytest.fixture
def site() -> Site:
    return Site()


def test_an_expense_is_in_the_books_the_moment_it_is_made(site: Site) -> None:
    made = site.book()
    assert made["id"] == made["expenseid"]
    assert site.sim.backstage_costs(ACCOUNT) == {"Supplies": "113.00"}
    assert site.mistakes() == []


def test_the_amount_holds_its_tax(site: Site) -> None:
    made = site.book(amount=usd("79.73"), taxName1="HST", taxPercent1="13")
    assert (made["amount"], made["taxAmount1"]) == (usd("79.73"), usd("9.17"))


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"categoryid": None}, (422, [1001])),
        ({"staffid": None}, (422, [1001])),
        ({"date": None}, (422, [1001])),
        ({"amount": None}, (422, [1001])),
        ({"categoryid": 5}, (404, [1012])),
        ({"staffid": 9}, (404, [1012])),
        ({"date": "2026-02-30"}, (422, [1033])),
        ({"amount": usd("ten")}, (422, [1015])),
        ({"amount": usd("1.005")}, (422, [1004])),
        ({"amount": usd("-5.00")}, (422, [1025])),
        ({"taxPercent1": "130"}, (422, [1018])),
        ({"notes": "x" * 1001}, (422, [1017])),
        ({"status": 3}, (422, [1004])),
    ],
)
def test_an_expense_that_breaks_a_rule_is_refused(site: Site, changes: Any, refusal: Any) -> None:
    assert site.errors("POST", "expenses/expenses", site.expense(**changes)) == refusal
    assert site.sim.backstage_rows(ACCOUNT, "expenses") == []


def test_there_is_no_draft(site: Site) -> None:
    made = site.book(state="draft")
    assert site.mistakes() == ["the expense has no writable state"]
    site.result("PUT", f"expenses/expenses/{made['id']}", {"expense": {"status": 1}})
    assert site.result("GET", f"expenses/expenses/{made['id']}")["expense"]["status"] == 0


def test_filters_of_expenses_count_whole_days_and_leave_the_last_out(site: Site) -> None:
    first, second = site.book(date="2026-03-01")["id"], site.book(date="2026-03-02", vendor="Other")["id"]
    assert site.ids(f"{EXPENSES}&search[date_min]=2026-03-01&search[date_max]=2026-03-02", "expenses") == [first]
    assert site.ids(f"{EXPENSES}&search[vendor]=Other", "expenses") == [second]
    assert site.ids(f"{EXPENSES}&search[categoryid]={site.category()}", "expenses") == [first, second]
    assert site.ids(f"{EXPENSES}&search[amount_min]=113.00", "expenses") == [first, second]
    assert site.ids(f"{EXPENSES}&search[amount_max]=113.00", "expenses") == []
    assert site.ids(f"{EXPENSES}&search[updated_min]=2026-03-02", "expenses") == [first, second]
    assert site.ids(f"{EXPENSES}&search[updated_max]=2026-03-02", "expenses") == []
    assert site.mistakes() == []
    assert site.ids(f"{EXPENSES}&search[status]=4", "expenses") == [first, second]
    assert len(site.mistakes()) == 1


def test_an_expense_is_stamped_in_eastern_time_and_a_bill_in_universal_time(site: Site) -> None:
    assert site.book()["updated"] == "2026-03-02 12:00:00"
    site.clock.advance(7 * 86_400)  # daylight saving begins on 8 March
    site.tokens = site.refresh(site.tokens["refresh_token"]).json
    assert site.book()["updated"] == "2026-03-09 13:00:00"
    bill = site.result("GET", f"bills/bills/{site.bill()}?include[]=vendor")["bill"]
    assert bill["updated_at"] == "2026-03-09 17:00:00"


def test_an_hour_of_autumn_comes_twice_and_looks_unchanged(site: Site) -> None:
    site.clock.advance(to=site.clock.now().replace(month=11, day=1, hour=5, minute=30))
    site.tokens = site.refresh(site.tokens["refresh_token"]).json
    made = site.book()
    site.clock.advance(3600)
    path = f"expenses/expenses/{made['id']}"
    later = site.result("PUT", path, {"expense": {"notes": "changed"}})["expense"]
    assert made["updated"] == later["updated"] == "2026-11-01 01:30:00"
    assert later["version"] == made["version"]  # so neither alone tells a change


def test_people_recategorise_delete_and_bring_back(site: Site) -> None:
    made = site.book()
    site.sim.backstage_recategorise(ACCOUNT, made["id"], site.category("Travel"))
    assert site.sim.backstage_costs(ACCOUNT) == {"Travel": "113.00"}
    site.sim.backstage_delete(ACCOUNT, "expenses", made["id"])
    assert site.sim.backstage_costs(ACCOUNT) == {}
    assert site.ids(EXPENSES, "expenses") == []
    assert site.ids(f"{EXPENSES}&search[vis_state]=1", "expenses") == [made["id"]]
    acts = [(entry["who"], entry["verb"]) for entry in site.sim.backstage_audit(ACCOUNT)]
    assert acts == [("api", "create"), ("person", "update"), ("person", "delete")]


def test_categories_have_parents_and_cannot_be_made_by_us(site: Site) -> None:
    (phone,) = site.result("GET", f"{CATEGORIES}&search[name]=phone")["categories"]
    parent = site.result("GET", f"expenses/categories/{phone['parentid']}")["category"]
    assert (parent["category"], parent["parentid"]) == ("Utilities", None)
    assert site.call("POST", site.books("expenses/categories"), {"category": {}}).status_code == 404
    site.sim.backstage_add_category(ACCOUNT, "Phone", site.category("Travel"))  # names repeat under other parents
    assert site.result("GET", f"{CATEGORIES}&search[name]=phone")["total"] == 2


def test_vendors_of_expenses_are_texts(site: Site) -> None:
    site.book()
    site.book()
    assert site.result("GET", "expenses/vendors?per_page=100")["vendors"] == [{"vendor": "Acme"}]
    assert site.result("GET", "bill_vendors/bill_vendors?per_page=100")["total"] == 0


# ---------------------------------------------------------------------- the chart of accounts


def ledger(site: Site) -> list[dict[str, Any]]:
    answer = site.call("GET", f"/accounting/businesses/{site.business}/ledger_accounts/accounts")
    assert answer.status_code == 200
    found = answer.json["data"]
    assert isinstance(found, list)
    return found


def test_ledger_accounts_have_the_samples_members(site: Site) -> None:
    assert set(ledger(site)[0]) == set(sample("ledger_accounts_list.json")["data"][0])
    numbers = {row["name"]: row["number"] for row in ledger(site)}
    assert (numbers["Operating Expenses"], numbers["Car & Truck Expenses"]) == ("6000", "6000-2")


def test_ledger_refusals_have_the_samples_shape(site: Site) -> None:
    path = f"/accounting/businesses/{site.business}/ledger_accounts/accounts"
    missing = site.call("GET", path + "/none")
    assert (missing.status_code, missing.json) == (404, sample("error_ledger_404.json"))
    lacking = site.call("POST", path, {})
    assert (lacking.status_code, lacking.json) == (400, sample("error_ledger_400.json"))


def test_an_expense_shows_on_the_account_named_like_its_category(site: Site) -> None:
    site.book()
    found = site.result("GET", f"/accounting/businesses/{site.business}/reports/chart_of_accounts?account_type=expense")
    below = [one for row in found["journal_entry_accounts"] for one in row["sub_accounts"]]
    (supplies,) = [one for one in below if one["account_name"] == "Supplies"]
    assert supplies["balance"] == {"amount": "113.000", "code": "USD"}


# ---------------------------------------------------------------------- journal entries


def current(site: Site, **changes: Any) -> dict[str, Any]:
    debit, credit = (row["uuid"] for row in ledger(site) if row["name"] in ("Supplies", "Accrued Expenses"))
    details = [
        {"accountId": debit, "amount": {"amount": 200.0, "code": "USD"}, "type": "TYPE_DEBIT"},
        {"accountId": credit, "amount": {"amount": 200.0, "code": "USD"}, "type": "TYPE_CREDIT"},
    ]
    day = {"year": 2026, "month": 2, "day": 28}
    entry = {"name": "Accrual", "journalEntryNumber": "ML-1", "userEnteredDate": day, "details": details, **changes}
    return {"manualJournalEntry": entry}


@pytest.mark.parametrize("form", ["flat", "result", "empty"])
def test_a_journal_entry_is_found_by_its_number_whatever_it_answered(site: Site, form: str) -> None:
    site.sim.backstage_switch("journal_answer", form)
    path = f"/accounting/businesses/{site.business}/journal_entries"
    assert site.call("POST", path, current(site), x_api_version=VERSION).status_code == 200
    listed = site.call("GET", f"{path}?page_number=1&page_size=100", x_api_version=VERSION).json
    rows = (listed["response"]["result"] if form == "result" else listed)["manualJournalEntries"]
    assert [row["journalEntryNumber"] for row in rows] == ["ML-1"]
    assert rows[0]["details"][0]["amount"] == {"amount": 200.0, "code": "USD"}
    assert site.mistakes() == []


def test_a_journal_entry_needs_the_version_and_must_balance(site: Site) -> None:
    path = f"/accounting/businesses/{site.business}/journal_entries"
    assert site.call("POST", path, current(site)).status_code == 400
    body = current(site)
    body["manualJournalEntry"]["details"][0]["amount"]["amount"] = 199.99
    answer = site.call("POST", path, body, x_api_version=VERSION)
    assert (answer.status_code, answer.json["details"][0]["reason"]) == (422, "1040")
    body["manualJournalEntry"]["details"][0]["amount"]["amount"] = "200.00"
    assert site.call("POST", path, body, x_api_version=VERSION).status_code == 422
    assert site.sim.backstage_journals(ACCOUNT) == []
    assert len(site.mistakes()) == 3


def test_journal_entries_may_not_be_part_of_the_plan(site: Site) -> None:
    site.sim.backstage_edit_business(ACCOUNT, advanced_accounting=False)
    path = f"/accounting/businesses/{site.business}/journal_entries"
    assert site.call("POST", path, current(site), x_api_version=VERSION).status_code == 403
    permissions = site.call("GET", "/auth/api/v1/users/me").json["response"]["permissions"]
    assert permissions == {ACCOUNT: {"advanced_accounting.access": False}}


def test_the_old_journal_entries_are_made_by_number_and_read_back_by_detail(site: Site) -> None:
    found = site.result("GET", "journal_entry_accounts/journal_entry_accounts?per_page=100")["journal_entry_accounts"]
    subs = {one["account_sub_name"]: one["sub_accountid"] for row in found for one in row["sub_accounts"]}
    entry = {
        "name": "Accrual",
        "description": "March",
        "currency_code": "USD",
        "user_entered_date": "2026-02-28",
        "details": [
            {"sub_accountid": str(subs["Supplies"]), "debit": "200"},
            {"sub_accountid": str(subs["Accrued Expenses"]), "credit": "200"},
        ],
    }
    made = site.result("POST", "journal_entries/journal_entries", {"journal_entry": entry})["journal_entry"]
    read = site.result("GET", "journal_entries/journal_entry_details?per_page=100")["journal_entry_details"]
    assert [row["entry"]["entryid"] for row in read] == [made["entryid"]] * 2
    assert len({row["id"] for row in read}) == 2
    site.sim.backstage_switch("journal_details_have_ids", False)
    (first, _) = site.result("GET", "journal_entries/journal_entry_details?per_page=100")["journal_entry_details"]
    assert "id" not in first
    assert site.call("PUT", site.books(f"journal_entries/journal_entries/{made['id']}"), {}).status_code == 404
    assert lacks(made, {"id": 0, "entryid": 0, "details": []}) == []
