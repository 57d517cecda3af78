"""At month end a bookkeeper asks whether both sides agree, and reads of each difference which record it is and why."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.engine import replay, survey
from chalicelib.engine.ports import Delete, HttpAnswer, HttpRequest
from chalicelib.entry import keys, reconcile
from simulator.company import FLOW, Company
from tests.flows.customer import Customer

FEBRUARY = {"from": "2026-02-01", "to": "2026-02-28"}
VENDOR = "Northwind Paper Co"
LINE: dict[str, Any] = {"description": "Rebar", "account_code": "5010", "amount": "60.00"}


def asked(customer: Customer, period: dict[str, str] = FEBRUARY) -> Any:
    job = customer.call("POST", f"/flows/{FLOW}/reconcile", period)
    customer.world.until_quiet()
    answer = customer.call("GET", f"/flows/{FLOW}/reconcile/{job['id']}")
    assert answer["state"] == "done"
    if answer["complete"]:
        for bridge in answer["moves"].values():
            assert_adds_up(bridge)
    return answer


def assert_adds_up(bridge: dict[str, Any]) -> None:
    """Source = target + every line of the bridge, to the cent and per currency."""
    left: dict[str, Decimal] = {}
    lines = [one for line in ("held", "waiting", "not_moved", "refused", "difference") for one in bridge[line].values()]
    for total, sign in [(bridge["source"], 1), (bridge["target"], -1), *((line, -1) for line in lines)]:
        for currency, amount in total["amounts"].items():
            left[currency] = left.get(currency, Decimal(0)) + sign * Decimal(amount)
    assert not any(left.values()), bridge


def moved(customer: Customer, amount: str = "60.00", **bill: Any) -> str:
    company = customer.company
    known = [one for one in company.procurify.backstage_snapshot("vendors") if one["name"] == VENDOR]
    uuid = company.bill(known[0] if known else company.vendor(VENDOR), amount, **bill)
    customer.run()
    return uuid


def only(answer: Any) -> dict[str, Any]:
    """The one record that is listed."""
    assert len(answer["listed"]) == 1, answer["listed"]
    found: dict[str, Any] = answer["listed"][0]
    return found


def in_books(company: Company, place: int = 0) -> dict[str, Any]:
    return company.ours()[place]


def usd(amount: str, count: int = 1) -> dict[str, Any]:
    return {"count": count, "amounts": {"USD": amount}}


# ---------------------------------------------------------------------------------------------- it agrees


def test_a_month_in_which_all_was_moved_agrees_to_the_cent() -> None:
    customer = Customer()
    for amount in ("60.00", "10.01", "0.99"):
        moved(customer, amount)
    moved(customer, "500.00", invoice_date="2026-03-01")
    answer = asked(customer)
    assert (answer["agrees"], answer["verdict"], answer["listed"]) == (True, "Agrees to the cent.", [])
    bills = answer["moves"]["bill"]
    assert (bills["source"], bills["target"]) == (usd("71.00", 3), usd("71.00", 3))
    customer.company.assert_no_mistakes()


def test_the_first_and_the_last_day_of_the_month_belong_to_it() -> None:
    customer = Customer()
    for day in ("2026-01-31", "2026-02-01", "2026-02-28", "2026-03-01"):
        moved(customer, "10.00", invoice_date=day)
    for day in ("2026-01-31", "2026-03-01"):  # held, and not noticed yet
        moved(customer, "7.00", account="7010", invoice_date=day)
        customer.company.bill(customer.company.vendor(f"New {day}"), "5.00", invoice_date=day)
    answer = asked(customer)
    assert (answer["agrees"], answer["listed"]) == (True, [])
    assert answer["moves"]["bill"]["target"] == answer["moves"]["bill"]["source"] == usd("20.00", 2)


def test_shipping_counts_as_the_lines_have_it_whatever_the_header_says() -> None:
    customer = Customer()
    moved(customer, shipping_amount="5.00")
    answer = asked(customer)
    assert answer["moves"]["bill"]["source"] == usd("65.00")
    assert answer["agrees"]


def test_purchase_orders_are_compared_beside_the_bills() -> None:
    customer = Customer()
    company = customer.company
    company.order(company.vendor(VENDOR), "75.00")
    customer.run()
    orders = asked(customer)["moves"]["purchase_order"]
    assert (orders["source"], orders["target"]) == (usd("75.00"), usd("75.00"))


def test_held_and_not_moved_bills_are_explained_and_do_not_stand_against_agreement() -> None:
    customer = Customer(cut_over=date(2026, 2, 10))
    moved(customer)
    held = moved(customer, "30.00", account="7010")
    moved(customer, "40.00", invoice_date="2026-02-09")
    answer = asked(customer)
    bills = answer["moves"]["bill"]
    assert bills["held"] == {"mapping_missing": usd("30.00")}
    assert bills["not_moved"] == {"before_cut_over": usd("40.00")}
    assert (bills["source"], bills["target"]) == (usd("130.00", 3), usd("60.00"))
    assert answer["verdict"] == "Agrees to the cent."
    found = next(one for one in answer["listed"] if one["line"] == "held")
    assert found["record"] == customer.company.head(held).key.id
    assert (found["owner"], found["fix"].startswith("Map it")) == ("bookkeeper", True)


def test_a_rehearsed_bill_waits_and_a_dismissed_one_is_not_moved() -> None:
    customer = Customer(state="rehearsing")
    moved(customer)
    dismissed = moved(customer, "30.00", account="7010")
    customer.call("POST", f"{customer.record(dismissed)}/resolve", {"action": "dismiss", "why": "by hand"})
    bills = asked(customer)["moves"]["bill"]
    assert (bills["waiting"], bills["not_moved"]) == ({"rehearsed": usd("60.00")}, {"dismissed": usd("30.00")})


def test_what_others_entered_is_counted_and_is_no_difference() -> None:
    customer = Customer()
    company = customer.company
    moved(customer)
    theirs = company.books.backstage_add_vendor(company.realm, "Somebody")
    line = {"amount": "12.00", "account_id": company.accounts["5010"]["Id"]}
    company.books.backstage_add_bill(company.realm, theirs["Id"], [line], TxnDate="2026-02-11")
    answer = asked(customer)
    assert (answer["agrees"], answer["moves"]["bill"]["others"]) == (True, usd("12.00"))


def test_two_currencies_are_never_added_up() -> None:
    customer = Customer()
    company = customer.company
    company.books.backstage_set_preference(company.realm, "CurrencyPrefs.MultiCurrencyEnabled", True)
    vendor = company.procurify.backstage_add_vendor(name="Maple")
    company.books.backstage_add_vendor(company.realm, "Maple", CurrencyRef={"value": "CAD"})
    company.books.backstage_add_account(company.realm, "Payable", "Accounts Payable", "2001", currency="CAD")
    moved(customer)
    uuid = company.bill(vendor, "80.00", currency="CAD")
    customer.run()
    answer = asked(customer)
    assert answer["moves"]["bill"]["source"] == {"count": 2, "amounts": {"CAD": "80.00", "USD": "60.00"}}, answer
    assert answer["moves"]["bill"]["target"] == answer["moves"]["bill"]["source"]
    company.books.backstage_delete_bill(company.realm, str((company.head(uuid).link or {})["target_id"]))
    company.books.backstage_edit_bill(company.realm, in_books(company)["Id"], lines=[{"amount": "59.00"}])
    assert asked(customer)["verdict"] == "Differs by 80.00 CAD and 1.00 USD in 2 records."


# ---------------------------------------------------------------------------------------------- it does not agree


def test_a_bill_that_no_run_has_seen_yet_is_named_and_the_next_run_takes_it() -> None:
    customer = Customer()
    company = customer.company
    company.bill(company.vendor(VENDOR), "60.00")
    answer = asked(customer)
    assert (only(answer)["kind"], answer["verdict"]) == ("not_noticed", "Differs by 60.00 USD in 1 record.")
    customer.run()
    assert asked(customer)["agrees"]


def test_a_bill_deleted_in_the_books_is_named() -> None:
    customer = Customer()
    uuid = moved(customer)
    customer.company.books.backstage_delete_bill(customer.company.realm, in_books(customer.company)["Id"])
    answer = asked(customer)
    found = only(answer)
    assert (found["kind"], found["record"]) == ("missing_in_target", customer.company.head(uuid).key.id)
    assert (found["target"], answer["verdict"]) == ([], "Differs by 60.00 USD in 1 record.")


def test_a_bill_that_a_person_changed_in_the_books_is_named_with_both_amounts() -> None:
    customer = Customer()
    company = customer.company
    moved(customer)
    line = {"amount": "61.50", "account_id": company.accounts["6010"]["Id"]}
    company.books.backstage_edit_bill(company.realm, in_books(company)["Id"], lines=[line])
    answer = asked(customer)
    found = only(answer)
    assert found["kind"] == "changed_in_target"
    assert (found["source"]["amount"], found["target"][0]["amount"]) == ("60.00", "61.50")
    assert (found["amounts"], answer["verdict"]) == ({"USD": "-1.50"}, "Differs by 1.50 USD in 1 record.")


def test_a_date_that_a_person_changed_within_the_month_is_named_without_an_amount() -> None:
    customer = Customer()
    company = customer.company
    moved(customer)
    company.books.backstage_edit_bill(company.realm, in_books(company)["Id"], TxnDate="2026-02-03")
    answer = asked(customer)
    assert (only(answer)["kind"], answer["verdict"]) == ("changed_in_target", "Differs by 0.00 in 1 record.")


def test_a_bill_that_changed_at_the_source_since_is_left_to_the_next_run() -> None:
    customer = Customer()
    uuid = moved(customer)
    customer.company.procurify.backstage_edit_bill(uuid, lines=[{**LINE, "amount": "75.50"}])
    answer = asked(customer)
    assert (only(answer)["kind"], answer["verdict"]) == ("changed_at_source", "Differs by 15.50 USD in 1 record.")
    customer.run()
    assert asked(customer)["agrees"]


def test_a_bill_saved_at_the_source_without_a_change_is_no_difference() -> None:
    customer = Customer()
    customer.company.procurify.backstage_touch_bill(moved(customer))
    assert asked(customer)["agrees"]


def test_a_bill_that_a_person_dated_into_another_month_is_missed_in_the_one_and_found_in_the_other() -> None:
    customer = Customer()
    company = customer.company
    uuid = moved(customer)
    company.books.backstage_edit_bill(company.realm, in_books(company)["Id"], TxnDate="2026-03-02")
    february, march = asked(customer), asked(customer, {"from": "2026-03-01", "to": "2026-03-31"})
    assert [only(answer)["kind"] for answer in (february, march)] == ["other_period"] * 2
    assert [only(answer)["amounts"] for answer in (february, march)] == [{"USD": "60.00"}, {"USD": "-60.00"}]
    assert {only(answer)["record"] for answer in (february, march)} == {company.head(uuid).key.id}


def test_a_bill_posted_on_the_first_open_day_agrees_within_its_month_and_is_named_across_months() -> None:
    customer = Customer(policies={"closed_period": "first_open_day"})
    company = customer.company
    company.books.backstage_close_books(company.realm, "2026-02-22")
    moved(customer)
    assert asked(customer)["agrees"]
    answer = asked(customer, {"from": "2026-02-01", "to": "2026-02-22"})
    assert only(answer)["kind"] == "other_period"
    assert "posted" in only(answer)["why"]


def test_a_link_to_a_bill_of_another_amount_that_somebody_else_entered_is_named() -> None:
    customer = Customer()
    company = customer.company
    vendor = company.vendor(VENDOR)
    theirs = company.books.backstage_find(company.realm, "Vendor", VENDOR)
    assert theirs is not None
    line = {"amount": "59.00", "account_id": company.accounts["5010"]["Id"]}
    typed = company.books.backstage_add_bill(
        company.realm, theirs["Id"], [line], DocNumber="INV-77", TxnDate="2026-02-18"
    )
    uuid = company.bill(vendor, "60.00", invoice_number="INV-77")
    customer.run()
    customer.call("POST", f"{customer.record(uuid)}/resolve", {"action": "link", "target_id": typed["Id"]})
    customer.world.until_quiet()
    answer = asked(customer)
    assert (only(answer)["kind"], only(answer)["amounts"]) == ("linked_differs", {"USD": "1.00"})
    assert answer["moves"]["bill"]["target"] == usd("59.00")
    assert answer["moves"]["bill"]["others"]["count"] == 0
    company.books.backstage_edit_bill(company.realm, typed["Id"], lines=[{**line, "amount": "60.00"}])
    assert asked(customer)["agrees"]


def test_a_bill_with_our_mark_and_no_record_is_an_orphan() -> None:
    customer = Customer()
    company = customer.company
    uuid = moved(customer)
    company.procurify.backstage_delete_bill(uuid)
    assert only(asked(customer))["kind"] == "orphan"
    pk = company.head(uuid).key.pk
    store = company.world.store
    store.write([Delete(i.pk, i.sk) for i in store.all_items() if i.pk == pk or i.pk.startswith("X#acme#books")])
    answer = asked(customer)
    assert (only(answer)["kind"], answer["verdict"]) == ("orphan", "Differs by 60.00 USD in 1 record.")
    assert "no record" in only(answer)["why"]


def test_a_copy_that_carries_our_mark_too_is_a_duplicate() -> None:
    customer = Customer()
    company = customer.company
    uuid = moved(customer)
    bill = in_books(company)
    line = {"amount": "60.00", "account_id": company.accounts["5010"]["Id"]}
    company.books.backstage_add_bill(
        company.realm, bill["VendorRef"]["value"], [line], TxnDate="2026-02-21", PrivateNote=bill["PrivateNote"]
    )
    answer = asked(customer)
    found = only(answer)
    assert (found["kind"], found["record"], len(found["target"])) == ("duplicate", company.head(uuid).key.id, 2)
    assert answer["verdict"] == "Differs by 60.00 USD in 1 record."
    assert bill["Id"] in found["why"]


def test_a_bill_withdrawn_at_the_source_after_it_was_moved_is_held_and_explained() -> None:
    customer = Customer()
    uuid = moved(customer)
    customer.company.procurify.backstage_set_bill_status(uuid, 0)
    assert only(asked(customer))["kind"] == "changed_at_source"
    customer.run()
    bills = asked(customer)["moves"]["bill"]
    assert (bills["held"], bills["source"]["count"]) == ({"withdrawn_at_source": usd("-60.00")}, 0)
    customer.call("POST", f"{customer.record(uuid)}/resolve", {"action": "dismiss", "why": "it stays"})
    answer = asked(customer)
    assert (answer["agrees"], answer["moves"]["bill"]["not_moved"]) == (True, {"dismissed": usd("-60.00")})


def test_two_differences_of_opposite_sign_do_not_cancel() -> None:
    customer = Customer()
    company = customer.company
    moved(customer)
    moved(customer)
    for place, amount in enumerate(("50.00", "70.00")):
        line = {"amount": amount, "account_id": company.accounts["6010"]["Id"]}
        company.books.backstage_edit_bill(company.realm, in_books(company, place)["Id"], lines=[line])
    assert asked(customer)["verdict"] == "Differs by 20.00 USD in 2 records."


# ---------------------------------------------------------------------------------------------- what cannot be told


@pytest.mark.parametrize("kind", ["malformed", "html", "drop_before", "server_fault"])
@pytest.mark.parametrize("side", ["source", "target"])
def test_a_listing_that_is_cut_says_that_it_could_not_be_completed_and_names_no_difference(
    side: str, kind: Any
) -> None:
    customer = Customer()
    company = customer.company
    vendor = company.vendor(VENDOR)
    for _ in range(60):
        company.bill(vendor, "1.00")
    customer.run()
    if side == "source":
        company.procurify.faults.plan(kind, "/api/v3/ap/bills/", times=1000, skip=1)
    else:
        company.books.faults.plan(kind, "/query", times=1000, skip=1)
    answer = asked(customer)
    assert (answer["complete"], answer["agrees"], answer["verdict"]) == (False, False, "")
    assert "could not be completed" in answer["message"]
    assert answer["fix"]
    assert "listed" not in answer
    company.procurify.faults.clear()
    company.books.faults.clear()
    assert asked(customer)["agrees"]


def between(customer: Customer, change: Callable[[HttpRequest], HttpRequest | HttpAnswer]) -> None:
    """Somebody between us and the vendors: each call is changed, or answered."""
    real = customer.world.http.send

    def send(request: HttpRequest) -> HttpAnswer:
        changed = change(request)
        return changed if isinstance(changed, HttpAnswer) else real(changed)

    customer.world.http.send = send  # type: ignore[method-assign]


def test_a_list_that_goes_round_in_circles_is_not_taken_for_a_whole_one() -> None:
    customer = Customer()
    company = customer.company
    vendor = company.vendor(VENDOR)
    for _ in range(60):
        company.bill(vendor, "1.00")
    customer.run()
    between(customer, lambda call: replace(call, url=re.sub(r"([?&]page=)2", r"\g<1>1", call.url)))
    answer = asked(customer)
    assert (answer["complete"], "to its end" in answer["message"]) == (False, True)


def test_a_filter_that_is_ignored_changes_nothing() -> None:
    customer = Customer()
    moved(customer)
    moved(customer, "500.00", invoice_date="2026-06-01")
    moved(customer, "500.00", invoice_date="2025-12-01")
    between(customer, lambda call: replace(call, url=re.sub(r"&(invoice_)?date_[01]=[\d-]+", "", call.url)))
    answer = asked(customer)
    assert (answer["agrees"], answer["moves"]["bill"]["source"]) == (True, usd("60.00"))


def test_a_list_that_lags_behind_is_no_difference() -> None:
    customer = Customer()
    moved(customer)
    customer.company.books.backstage_switch("list_lag", 3600)
    answer = asked(customer)
    assert (answer["agrees"], answer["moves"]["bill"]["target"]) == (True, usd("60.00"))


def test_a_record_that_is_worked_on_meanwhile_waits_and_is_no_difference() -> None:
    customer = Customer()
    company = customer.company
    uuid = moved(customer)
    bill = in_books(company)
    company.books.backstage_delete_bill(company.realm, bill["Id"])

    def meanwhile(call: HttpRequest) -> HttpRequest:
        if call.url.endswith(f"/bill/{bill['Id']}"):
            opened = company.world.open(company.tenant, FLOW)
            replay.unlink(opened, opened.flow.moves[1], company.head(uuid), by="Ann")
        return call

    between(customer, meanwhile)
    answer = asked(customer)
    assert (answer["agrees"], answer["moves"]["bill"]["waiting"]) == (True, {"under_way": usd("60.00")})


def test_a_company_without_purchase_orders_is_compared_by_its_bills() -> None:
    customer = Customer()
    moved(customer)
    fault = {"Fault": {"Error": [{"Message": "", "Detail": "Feature Not Supported", "code": "5020"}], "type": "x"}}

    def off(call: HttpRequest) -> HttpRequest | HttpAnswer:
        asked_for_orders = "FROM PurchaseOrder" in call.params.get("query", "")
        return HttpAnswer(400, {}, json.dumps(fault).encode()) if asked_for_orders else call

    between(customer, off)
    answer = asked(customer)
    assert (answer["agrees"], answer["moves"]["purchase_order"]["target"]["count"]) == (True, 0)


def test_a_short_outage_is_waited_out() -> None:
    customer = Customer()
    moved(customer)
    customer.company.books.faults.plan("html", "/query", times=2)
    assert asked(customer)["agrees"]


def test_credentials_that_no_longer_work_are_told() -> None:
    customer = Customer()
    moved(customer)
    customer.company.books.backstage_disconnect(customer.company.realm)
    customer.company.books.backstage_expire_tokens()
    answer = asked(customer)
    assert (answer["complete"], "books" in answer["message"] + answer["fix"]) == (False, True)


def test_a_long_list_is_read_in_many_steps_and_comes_to_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    customer = Customer()
    company = customer.company
    vendor = company.vendor(VENDOR)
    for _ in range(120):
        company.bill(vendor, "1.00")
    customer.run()
    company.bill(vendor, "3.00")
    whole = asked(customer)
    monkeypatch.setattr(reconcile, "PIECE", timedelta(seconds=0.5))
    assert asked(customer)["moves"] == whole["moves"]
    assert whole["moves"]["bill"]["target"] == usd("120.00", 120)


def test_a_step_whose_message_came_twice_counts_nothing_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    customer = Customer()
    for _ in range(3):
        moved(customer)
    monkeypatch.setattr(reconcile, "PIECE", timedelta(seconds=0.5))
    errand = customer.call("POST", f"/flows/{FLOW}/reconcile", FEBRUARY)["id"]
    job = {"tenant": "acme", "id": errand, "flow": FLOW, **FEBRUARY, "job": "reconcile", "step": 0, "tries": 0}
    for _ in range(3):
        reconcile.run(customer.world.engine, dict(job))
    customer.world.until_quiet()
    reconcile.run(customer.world.engine, dict(job))
    answer = customer.call("GET", f"/flows/{FLOW}/reconcile/{errand}")
    assert (answer["agrees"], answer["moves"]["bill"]["target"]) == (True, usd("180.00", 3))


def test_too_many_documents_are_refused_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    customer = Customer()
    moved(customer)
    monkeypatch.setattr(survey, "MOST_DOCUMENTS", 1)
    answer = asked(customer)
    assert (answer["complete"], answer["fix"]) == (False, "Reconcile a shorter period.")


@pytest.mark.parametrize(
    "period",
    [
        {},
        {"from": "2026-02-01"},
        {"from": "2026-02-30", "to": "2026-03-01"},
        {"from": "2026-03-01", "to": "2026-02-01"},
        {"from": "2020-01-01", "to": "2026-02-01"},
        {**FEBRUARY, "day": "x"},
    ],
)
def test_a_period_that_is_none_is_refused(period: dict[str, str]) -> None:
    status, problem = Customer().ask("POST", f"/flows/{FLOW}/reconcile", period)
    assert (status, bool(problem["errors"])) == (400, True)


def test_another_customers_flow_and_comparison_do_not_exist() -> None:
    customer = Customer()
    job = customer.call("POST", f"/flows/{FLOW}/reconcile", FEBRUARY)
    customer.world.until_quiet()
    rival = Customer.__new__(Customer)
    rival.company = Company(tenant="rival", realm="77", world=customer.world)
    rival.world = customer.world
    rival.key = keys.make_key(rival.world.store, rival.world.clock, "rival", "admin", "test")
    assert rival.ask("GET", f"/flows/{FLOW}/reconcile/{job['id']}")[0] == 404
    assert rival.ask("POST", "/flows/theirs/reconcile", FEBRUARY)[0] == 404
    assert asked(rival)["moves"]["bill"]["source"]["count"] == 0
