"""The FreshBooks simulator keeps the sheet's rules on bills, vendors, payments, lists and updates."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from simulator.systems.freshbooks import FreshBooksSimulator
from simulator.systems.serving import listen
from tests.contract.freshbooks_site import ACCOUNT, Site, lacks, sample, usd

BILLS = "bills/bills?per_page=100&include[]=vendor"
ONE_BILL = "bills/bills/{}?include[]=vendor"
VENDORS = "bill_vendors/bill_vendors?per_page=100"
PAYMENTS = "bill_payments/bill_payments?per_page=100"
ACME_BILL = {
    "issue_date": "2026-03-01", "due_offset_days": 30, "currency_code": "USD", "language": "en",
}  # fmt: skip


@pytest.fixture
def site() -> Iterator[Site]:
    made = Site()
    yield made


# ---------------------------------------------------------------------- shapes, held against the samples


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("bills_list.json", BILLS),
        ("bill_vendors_list.json", VENDORS),
        ("expenses_list_live.json", "expenses/expenses?per_page=100"),
        ("expense_categories_list.json", "expenses/categories?per_page=100"),
    ],
)
def test_a_list_has_every_member_that_the_sample_has(site: Site, name: str, path: str) -> None:
    site.bill()
    site.book()
    assert lacks({"response": {"result": site.result("GET", path)}}, sample(name)) == []


def test_a_bill_has_every_member_that_the_sample_has(site: Site) -> None:
    bill = site.bill(bill_number="BN101")
    site.sim.backstage_pay_bill(ACCOUNT, bill, "40.00")
    shown = {"response": {"result": site.result("GET", ONE_BILL.format(bill))}}
    assert [gone for gone in lacks(shown, sample("bill_get_include_vendor.json")) if "categoryid" not in gone] == []
    line = sample("bill_line_nested_category_shape.json")["line"]
    assert lacks(shown["response"]["result"]["bill"]["lines"][0], line) == []


def test_the_samples_own_bill_can_be_created(site: Site) -> None:
    body = sample("bill_create_request.json")
    body["bill"]["vendorid"] = site.vendor()
    body["bill"]["lines"][0]["categoryid"] = site.category()
    made = site.result("POST", "bills/bills", body)["bill"]
    assert (made["total_amount"], made["due_date"]) == ({"amount": "150.00", "code": "CAD"}, "2021-10-01")
    assert site.mistakes() == []


def test_a_payment_answers_as_the_sample(site: Site) -> None:
    body = {"bill_payment": {"billid": str(site.bill()), "amount": usd("40.00"), "paid_date": "2026-03-02"}}
    body["bill_payment"]["payment_type"] = "Check"
    made = site.result("POST", "bill_payments/bill_payments", body)
    assert set(made["bill_payment"]) == set(
        sample("bill_payment_create_response.json")["response"]["result"]["bill_payment"]
    )


# ---------------------------------------------------------------------- bills


def test_a_bill_adds_up_and_its_quantity_is_text(site: Site) -> None:
    line = {"unit_cost": usd("12.50"), "quantity": 3, "categoryid": site.category(), "tax_percent1": 13}
    shown = site.result("GET", ONE_BILL.format(site.bill(lines=[{**line, "tax_name1": "HST"}])))["bill"]
    assert (shown["amount"], shown["tax_amount"], shown["total_amount"]) == (usd("37.50"), usd("4.88"), usd("42.38"))
    assert (shown["lines"][0]["quantity"], shown["lines"][0]["tax_percent1"]) == ("3", "13")
    assert shown["lines"][0]["category"]["categoryid"] == site.category()
    assert "categoryid" not in shown["lines"][0]


def test_a_line_may_name_its_category_as_text(site: Site) -> None:
    site.sim.backstage_switch("line_shape", "flat")
    line = site.result("GET", ONE_BILL.format(site.bill()))["bill"]["lines"][0]
    assert (line["category"], line["categoryid"]) == ("Supplies", site.category())


def test_payments_and_the_calendar_move_the_status_without_touching_the_bill(site: Site) -> None:
    bill = site.bill()
    before = site.result("GET", ONE_BILL.format(bill))["bill"]
    assert before["status"] == "unpaid"
    site.clock.advance(86_400 * 40)
    site.tokens = site.refresh(site.tokens["refresh_token"]).json
    assert site.result("GET", ONE_BILL.format(bill))["bill"]["status"] == "overdue"
    site.sim.backstage_pay_bill(ACCOUNT, bill, "40.00")
    assert site.result("GET", ONE_BILL.format(bill))["bill"]["status"] == "partial"
    payment = site.sim.backstage_pay_bill(ACCOUNT, bill)["id"]
    after = site.result("GET", ONE_BILL.format(bill))["bill"]
    assert (after["status"], after["paid"], after["outstanding"]) == ("paid", usd("100.00"), usd("0.00"))
    assert after["updated_at"] == before["updated_at"]
    site.sim.backstage_delete(ACCOUNT, "bill_payments", payment)
    again = site.result("GET", ONE_BILL.format(bill))["bill"]
    assert (again["status"], [one["vis_state"] for one in again["bill_payments"]]) == ("partial", [0, 1])


def test_the_vendor_comes_only_when_it_is_included(site: Site) -> None:
    bill = site.bill()
    assert site.result("GET", ONE_BILL.format(bill))["bill"]["vendor"]["outstanding_balance"] == [
        {"amount": usd("100.00")}
    ]
    assert "vendor" not in site.result("GET", f"bills/bills/{bill}")["bill"]
    assert site.mistakes() == ["a bill is read without include[]=vendor"]
    site.sim.backstage_switch("bills_need_include", True)
    assert "vendorid" not in site.result("GET", f"bills/bills/{bill}")["bill"]


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"due_date": "2026-04-01"}, (403, [1038])),
        ({"issue_date": "01/03/2026"}, (422, [1033])),
        ({"due_offset_days": None}, (422, [1001])),
        ({"currency_code": None}, (422, [1001])),
        ({"language": None}, (422, [1001])),
        ({"vendorid": 7}, (404, [1012])),
        ({"lines": [{"unit_cost": usd("1.00")}]}, (422, [1001])),
        ({"lines": [{"unit_cost": usd("1.00"), "categoryid": 5}]}, (404, [1012])),
    ],
)
def test_a_bill_that_breaks_a_rule_is_refused(site: Site, changes: Any, refusal: Any) -> None:
    body = {"bill": {**ACME_BILL, "vendorid": site.vendor(), "lines": [], **changes}}
    assert site.errors("POST", "bills/bills", body) == refusal
    assert site.ids(BILLS, "bills") == []


def test_a_written_total_is_ignored_and_noted(site: Site) -> None:
    body = {"bill": {**ACME_BILL, "vendorid": site.vendor(), "lines": [], "amount": usd("9.00"), "status": "paid"}}
    assert site.result("POST", "bills/bills", body)["bill"]["total_amount"] == usd("0.00")
    assert site.mistakes() == ["amount of the bill is computed", "status of the bill is computed"]


def test_a_payment_type_keeps_its_case(site: Site) -> None:
    body = {"billid": site.bill(), "amount": usd("1.00"), "paid_date": "2026-03-02", "payment_type": "check"}
    assert site.errors("POST", "bill_payments/bill_payments", {"bill_payment": body}) == (422, [1004])


# ---------------------------------------------------------------------- paging and filters


def test_pages_are_cut_at_a_hundred_and_fifteen_come_by_default(site: Site) -> None:
    for number in range(103):
        site.vendor(f"Vendor {number}")
    first = site.result("GET", "bill_vendors/bill_vendors?per_page=2000")
    assert (len(first["bill_vendors"]), first["pages"], first["per_page"], first["total"]) == (100, 2, 100, 103)
    assert len(site.result("GET", f"{VENDORS}&page=2")["bill_vendors"]) == 3
    assert site.result("GET", f"{VENDORS}&page=3")["bill_vendors"] == []
    assert site.result("GET", f"{VENDORS}&page=0")["page"] == 1
    assert len(site.result("GET", "bill_vendors/bill_vendors")["bill_vendors"]) == 15
    assert len(site.mistakes()) == 3


def test_an_empty_list_has_no_pages(site: Site) -> None:
    found = site.result("GET", BILLS)
    assert (found["bills"], found["pages"], found["total"]) == ([], 0, 0)


@pytest.mark.parametrize(("query", "errno"), [("page=x", 1014), ("per_page=x", 1013)])
def test_a_page_must_be_a_number(site: Site, query: str, errno: int) -> None:
    assert site.errors("GET", f"bills/bills?{query}") == (400, [errno])


@pytest.mark.parametrize(
    "query", ["search[vendor_id]=5", "search[status]=paid", "search[issue_date]=2026-01-01", "vendorid=5"]
)
def test_an_unknown_filter_answers_everything(site: Site, query: str) -> None:
    bill = site.bill()
    assert site.ids(f"{BILLS}&{query}", "bills") == [bill]
    assert site.mistakes() == [f"{query.partition('=')[0]} is ignored by this list"]


def test_the_filters_of_bills_that_exist(site: Site) -> None:
    paid, vendor = site.bill(), site.vendor("Other")
    late = site.bill(vendor=vendor, issue_date="2026-01-01", due_offset_days=1)
    site.sim.backstage_pay_bill(ACCOUNT, paid)
    assert site.ids(f"{BILLS}&search[statuses][]=unpaid&search[statuses][]=overdue", "bills") == [late]
    assert site.ids(f"{BILLS}&search[vendorid]={vendor}", "bills") == [late]
    assert site.ids(f"{BILLS}&search[ids][]={paid}&search[ids][]=9", "bills") == [paid]
    assert site.ids(f"{BILLS}&search[currency_code]=CAD", "bills") == []
    assert site.mistakes() == []


@pytest.mark.parametrize("path", [f"{VENDORS}&search[vendor_name]=x", f"{PAYMENTS}&search[billid]=1"])
def test_vendors_and_payments_have_no_filters(site: Site, path: str) -> None:
    site.sim.backstage_pay_bill(ACCOUNT, site.bill())
    assert site.result("GET", path)["total"] == 1
    assert len(site.mistakes()) == 1


def test_lists_show_the_archived_and_not_the_deleted(site: Site) -> None:
    active, archived, gone = site.bill(), site.bill(), site.bill()
    site.sim.backstage_archive(ACCOUNT, "bills", archived)
    site.sim.backstage_delete(ACCOUNT, "bills", gone)
    assert site.ids(BILLS, "bills") == [active, archived]
    assert site.ids(f"{BILLS}&search[vis_state]=1", "bills") == [gone]
    site.sim.backstage_switch("vis_state_filters_payables", False)
    assert site.ids(f"{BILLS}&search[vis_state]=1", "bills") == [active, archived]
    assert site.mistakes() == []


@pytest.mark.parametrize(("mood", "errno"), [("missing", 1012), ("gone", 1011)])
def test_a_deleted_bill_is_answered_in_one_of_three_ways(site: Site, mood: str, errno: int) -> None:
    bill = site.bill()
    site.sim.backstage_delete(ACCOUNT, "bills", bill)
    assert site.result("GET", ONE_BILL.format(bill))["bill"]["vis_state"] == 1
    site.sim.backstage_switch("deleted_get", mood)
    assert site.errors("GET", ONE_BILL.format(bill)) == (404, [errno])


# ---------------------------------------------------------------------- updates and their one phase


def test_an_update_changes_what_is_sent(site: Site) -> None:
    vendor = site.vendor(city="Bend", phone="1")
    site.result("PUT", f"bill_vendors/bill_vendors/{vendor}", {"bill_vendor": {"phone": "2"}})
    shown = site.result("GET", f"bill_vendors/bill_vendors/{vendor}")["bill_vendor"]
    assert (shown["city"], shown["phone"]) == ("Bend", "2")


def test_a_state_beside_other_fields_throws_them_away(site: Site) -> None:
    vendor = site.vendor(phone="1")
    path = f"bill_vendors/bill_vendors/{vendor}"
    shown = site.result("PUT", path, {"bill_vendor": {"vis_state": 0, "phone": "2"}})["bill_vendor"]
    assert shown["phone"] == "1"
    assert site.mistakes() == ["vis_state beside other fields of the bill_vendor: they are thrown away"]


def test_a_deleted_record_comes_back_before_it_can_be_changed(site: Site) -> None:
    path = f"bill_vendors/bill_vendors/{site.vendor()}"
    site.result("PUT", path, {"bill_vendor": {"vis_state": 1}})
    assert site.errors("PUT", path, {"bill_vendor": {"phone": "2"}}) == (404, [1011])
    site.result("PUT", path, {"bill_vendor": {"vis_state": 0}})
    assert site.result("PUT", path, {"bill_vendor": {"phone": "2"}})["bill_vendor"]["phone"] == "2"


def test_somebody_elses_edit_is_a_conflict_once(site: Site) -> None:
    path = f"bill_vendors/bill_vendors/{site.vendor()}"
    site.sim.backstage_conflict()
    assert site.errors("PUT", path, {"bill_vendor": {"phone": "2"}}) == (409, [409])
    assert site.result("PUT", path, {"bill_vendor": {"phone": "2"}})["bill_vendor"]["phone"] == "2"


def test_names_of_vendors_may_repeat(site: Site) -> None:
    for name in ("Acme", "ACME ", "Acme"):
        site.result("POST", "bill_vendors/bill_vendors", {"bill_vendor": {"vendor_name": name}})
    assert site.result("GET", VENDORS)["total"] == 3
    assert site.errors("POST", "bill_vendors/bill_vendors", {"bill_vendor": {"phone": "1"}}) == (422, [1001])


def test_the_plans_limit_is_told(site: Site) -> None:
    site.sim.backstage_edit_business(ACCOUNT, plan_limit=True)
    answer = site.errors("POST", "bill_vendors/bill_vendors", {"bill_vendor": {"vendor_name": "Acme"}})
    assert answer == (402, [7005])


# ---------------------------------------------------------------------- keeping, and real sockets


def test_a_state_that_was_kept_goes_on_as_it_was(site: Site) -> None:
    bill = site.bill()
    site.sim.backstage_pay_bill(ACCOUNT, bill, "40.00")
    other = FreshBooksSimulator(clock=site.clock.now)
    other.load(site.sim.dump())
    assert other.dump() == site.sim.dump()
    assert other.backstage_bill(ACCOUNT, bill) == site.sim.backstage_bill(ACCOUNT, bill)


def test_a_dropped_answer_leaves_its_effect_over_a_real_socket(site: Site) -> None:
    server, url = listen(site.sim)
    try:
        headers = {"Authorization": f"Bearer {site.tokens['access_token']}"}
        where = url + site.books("bill_vendors/bill_vendors")
        for fault in ("drop_before", "drop_after"):
            requests.post(f"{url}/_backstage/fault", json={"kind": fault, "match": "POST /accounting"}, timeout=5)
            with pytest.raises(requests.ConnectionError):
                requests.post(where, json={"bill_vendor": {"vendor_name": fault}}, headers=headers, timeout=5)
        found = requests.get(where, params={"per_page": "100"}, headers=headers, timeout=5).json()
        assert [row["vendor_name"] for row in found["response"]["result"]["bill_vendors"]] == ["drop_after"]
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    ("fault", "status", "begins"),
    [("html", 502, "<html>"), ("throttle", 429, '{"response": {"errors": [{"errno": 429'), ("server_fault", 500, "{")],
)
def test_faults_speak_as_the_vendor_does(site: Site, fault: Any, status: int, begins: str) -> None:
    site.sim.backstage_fault(fault, "GET")
    answer = site.call("GET", site.books(BILLS))
    assert (answer.status_code, answer.text[: len(begins)]) == (status, begins)
    if fault == "throttle":
        assert answer.headers["Retry-After"] == "30"
        assert answer.json == sample("error_accounting_429.json")
