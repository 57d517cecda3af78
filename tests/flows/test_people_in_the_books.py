"""People work in the books too: what they change, pay, delete or enter is theirs, and no bill is there twice."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from chalicelib.engine.ports import Delete
from simulator.company import Company
from tests.flows.customer import Customer

LINE: dict[str, Any] = {"description": "Rebar", "account_code": "5010", "amount": "60.00"}


def moved(company: Company, **bill: Any) -> str:
    uuid = company.bill(company.vendor("Northwind Paper Co"), "60.00", **bill)
    company.cycle()
    company.assert_once([uuid])
    return uuid


def hold_of(company: Company, uuid: str) -> dict[str, Any]:
    return company.head(uuid).hold or {}


def writes(company: Company) -> int:
    """Changes of ours in the books so far."""
    return len([row for row in company.books.backstage_audit(company.realm) if row["who"] == "api"])


# ---------------------------------------------------------------------------------------------- edits side by side


def test_the_memo_names_the_purchase_orders_before_the_note_and_ends_in_the_mark() -> None:
    company = Company()
    vendor = company.vendor("Northwind Paper Co")
    orders = [
        company.procurify.backstage_add_purchase_order(
            vendor["id"], [{"name": "Rebar", "account_code": "5010", "amount": "30.00"}]
        )
        for _ in range(2)
    ]
    lines = [{**LINE, "amount": "30.00", "purchase_order": order["procurify_PO"]} for order in orders]
    uuid = company.bill(vendor, lines=lines, note="May delivery")
    company.cycle()
    numbers = ", ".join(order["number"] for order in orders)
    mark = f"[mlc:procurify:bill:{uuid.replace('-', '')}]"
    assert company.ours()[0]["PrivateNote"] == f"PO {numbers} · May delivery {mark}"


def test_a_note_of_many_pages_is_cut_before_the_mark_and_never_the_mark() -> None:
    company = Company()
    uuid = moved(company, note="long " * 2000)
    note = company.ours()[0]["PrivateNote"]
    assert len(note) <= 4000
    assert note.endswith(f"[mlc:procurify:bill:{uuid.replace('-', '')}]")


def test_what_people_put_beside_our_fields_stays_when_the_bill_changes_at_the_source() -> None:
    company = Company()
    books, realm = company.books, company.realm
    books.backstage_set_preference(realm, "AccountingInfoPrefs.ClassTrackingPerTxnLine", True)
    uuid = moved(company)
    bill = company.ours()[0]
    books.backstage_edit_bill(
        realm, bill["Id"], PrivateNote=f"checked by Ann {bill['PrivateNote']}", DueDate="2026-04-30"
    )
    company.procurify.backstage_edit_bill(uuid, lines=[{**LINE, "amount": "75.50"}])
    company.cycle()
    changed = company.ours()[0]
    assert changed["PrivateNote"].startswith("checked by Ann")
    assert changed["DueDate"] == "2026-04-30"
    assert (company.head(uuid).state, company.total_ours()) == ("done", Decimal("75.50"))


@pytest.mark.parametrize(
    ("theirs", "field"),
    [({"TxnDate": "2026-02-25"}, "date"), ({"DocNumber": "THEIRS-1"}, "number"), ({"lines": None}, "lines")],
)
def test_somebody_elses_edit_is_never_overwritten_and_both_versions_are_shown(
    theirs: dict[str, Any], field: str
) -> None:
    company = Company()
    uuid = moved(company)
    bill = company.ours()[0]
    if field == "lines":
        theirs = {"lines": [{"amount": "61.00", "account_id": company.accounts["6010"]["Id"]}]}
    company.books.backstage_edit_bill(company.realm, bill["Id"], **theirs)
    before, count = company.ours(), writes(company)
    company.procurify.backstage_edit_bill(
        uuid, lines=[{**LINE, "amount": "75.50"}], invoice_number="OURS-2", invoice_date="2026-02-21"
    )
    company.cycle()
    company.cycle()
    hold = hold_of(company, uuid)
    assert hold["reason"] == "changed_in_target"
    assert f"{field}: we wrote" in str(hold["message"])
    assert (company.ours(), writes(company)) == (before, count)


def test_the_same_edit_on_both_sides_is_no_conflict() -> None:
    company = Company()
    uuid = moved(company)
    company.books.backstage_edit_bill(company.realm, company.ours()[0]["Id"], TxnDate="2026-02-25")
    company.procurify.backstage_edit_bill(uuid, invoice_date="2026-02-25", due_date=None)
    count = writes(company)
    company.cycle()
    assert (company.head(uuid).state, writes(company)) == ("done", count)


def test_an_edit_between_our_read_and_our_write_survives() -> None:
    company = Company()
    uuid = moved(company)
    bill = company.ours()[0]
    real = company.world.http.send
    edits = iter(["2026-02-25"])

    def meanwhile(request: Any) -> Any:
        if request.method == "POST" and request.url.endswith("/bill"):
            for day in edits:
                company.books.backstage_edit_bill(company.realm, bill["Id"], TxnDate=day)
        return real(request)

    company.world.http.send = meanwhile  # type: ignore[method-assign]
    company.procurify.backstage_edit_bill(uuid, lines=[{**LINE, "amount": "75.50"}])
    company.cycle()
    assert hold_of(company, uuid)["reason"] == "changed_in_target"
    assert company.ours()[0]["TxnDate"] == "2026-02-25"
    company.assert_no_mistakes()


@pytest.mark.parametrize("amount", [None, "10.00"])
def test_a_bill_with_payments_keeps_its_lines_and_takes_a_new_number(amount: str | None) -> None:
    company = Company()
    uuid = moved(company)
    company.books.backstage_pay_bill(company.realm, company.ours()[0]["Id"], amount)
    company.procurify.backstage_edit_bill(uuid, invoice_number="NW-2")
    company.cycle()
    assert company.ours()[0]["DocNumber"] == "NW-2"
    company.procurify.backstage_edit_bill(uuid, lines=[{**LINE, "amount": "75.50"}])
    company.cycle()
    assert hold_of(company, uuid)["reason"] == "target_locked"
    assert "payments" in str(hold_of(company, uuid)["message"])
    assert company.total_ours() == Decimal("60.00")


def test_a_deleted_bill_stays_deleted_through_every_repeat_and_is_made_anew_once_it_is_unlinked() -> None:
    customer = Customer()
    company = customer.company
    uuid = moved(company)
    company.books.backstage_delete_bill(company.realm, company.ours()[0]["Id"])
    company.procurify.backstage_edit_bill(uuid, lines=[{**LINE, "amount": "75.50"}])
    for _ in range(3):
        customer.run()
        customer.call("POST", f"{customer.record(uuid)}/replay")
        customer.world.until_quiet()
        assert (hold_of(company, uuid)["reason"], company.ours()) == ("missing_in_target", [])
    customer.call("POST", f"{customer.record(uuid)}/resolve", {"action": "unlink"})
    customer.world.until_quiet()
    customer.run()
    company.assert_once([uuid])
    assert company.total_ours() == Decimal("75.50")


def test_replay_of_every_record_in_every_state_changes_nothing_that_is_right() -> None:
    customer = Customer(policies={"unmatched_vendor": "create"})
    company = customer.company
    vendor, new = company.vendor("Northwind Paper Co"), company.vendor("Ridgeline", in_books=False)
    right = [company.bill(vendor, "60.00"), company.bill(new, "10.00")]
    held = company.bill(vendor, "30.00", account="7010")
    old = company.bill(vendor, "40.00", invoice_date="2025-12-31")
    customer.run()
    report, books = customer.report(), company.books.backstage_ledger(company.realm)
    for _ in range(3):
        for uuid in (*right, held, old):
            customer.call("POST", f"{customer.record(uuid)}/replay")
        customer.call("POST", f"{customer.record(str(new['id']), 'vendor')}/replay")
        customer.world.until_quiet()
    assert customer.report() == report
    assert company.books.backstage_ledger(company.realm) == books


# ---------------------------------------------------------------------------------------------- never two for one


def test_a_bill_typed_in_by_a_person_is_found_held_and_linked_by_a_person() -> None:
    customer = Customer()
    company = customer.company
    vendor = company.vendor("Northwind Paper Co")
    theirs = company.books.backstage_find(company.realm, "Vendor", "Northwind Paper Co")
    assert theirs is not None
    line = {"amount": "60.00", "account_id": company.accounts["5010"]["Id"]}
    typed = company.books.backstage_add_bill(
        company.realm, theirs["Id"], [line], DocNumber="INV-77", TxnDate="2026-02-20"
    )
    uuid = company.bill(vendor, "60.00", invoice_number="INV-77")
    customer.run()
    assert hold_of(company, uuid)["reason"] == "exists_in_target"
    assert str(typed["Id"]) in str(hold_of(company, uuid)["message"])
    job = customer.call("POST", f"{customer.record(uuid)}/resolve", {"action": "link", "target_id": typed["Id"]})
    customer.world.until_quiet()
    assert customer.call("GET", f"{customer.record(uuid)}/resolve/{job['id']}")["ok"] is True
    assert company.head(uuid).state == "done"
    assert len(company.books.backstage_ledger(company.realm)["bills"]) == 1
    assert writes(company) == 0


@pytest.mark.parametrize("apart", [False, True], ids=["in one run", "in two runs"])
def test_two_source_bills_of_one_number_never_share_a_bill_and_the_second_is_held_naming_both(apart: bool) -> None:
    company = Company()
    vendor = company.vendor("Northwind Paper Co")
    one = company.bill(vendor, "60.00", invoice_number="INV-77")
    if apart:
        company.cycle()
    other = company.bill(vendor, "60.00", invoice_number="INV-77")
    company.cycle()
    company.cycle()
    states = {uuid: company.head(uuid).state for uuid in (one, other)}
    assert sorted(states.values()) == ["done", "held"]
    held = next(uuid for uuid, state in states.items() if state == "held")
    message = str(hold_of(company, held)["message"])
    assert all(company.head(uuid).key.source_id in message for uuid in (one, other)), message
    company.assert_once([uuid for uuid, state in states.items() if state == "done"])


@pytest.mark.parametrize("apart", [False, True], ids=["in one run", "in two runs"])
def test_where_the_books_allow_a_number_twice_two_source_bills_still_never_share_a_bill(apart: bool) -> None:
    company = Company()
    company.books.backstage_set_preference(company.realm, "OtherPrefs.WarnDuplicateBillNumber", "false")
    vendor = company.vendor("Northwind Paper Co")
    uuids = [company.bill(vendor, "60.00", invoice_number="INV-77")]
    if apart:
        company.cycle()
    uuids.append(company.bill(vendor, "60.00", invoice_number="INV-77"))
    company.cycle()
    company.cycle()
    company.assert_once([uuid for uuid in uuids if company.head(uuid).state == "done"])
    targets = [(head.link or {}).get("target_id") for head in company.heads() if head.state == "done"]
    assert len(targets) == len(set(targets)) >= 1
    assert {head.state for head in company.heads()} <= {"done", "held"}


def test_two_source_bills_may_not_be_linked_to_one_bill_by_a_person_either() -> None:
    customer = Customer()
    company = customer.company
    first = moved(company)
    vendor = company.procurify.backstage_snapshot("vendors")[-1]
    second = company.bill(vendor, "12.00", account="7010")
    customer.run()
    target_id = company.ours()[0]["Id"]
    job = customer.call("POST", f"{customer.record(second)}/resolve", {"action": "link", "target_id": target_id})
    customer.world.until_quiet()
    told = customer.call("GET", f"{customer.record(second)}/resolve/{job['id']}")
    assert told["ok"] is False
    assert company.head(first).key.id in told["message"] and company.head(second).key.id in told["message"]
    assert (company.head(second).link, company.head(first).state) == (None, "done")


def test_a_bill_of_ours_whose_link_was_lost_is_adopted_by_its_mark() -> None:
    company = Company()
    uuid = moved(company)
    head = company.head(uuid)
    mark = company.ours()[0]["PrivateNote"]
    company.books.backstage_edit_bill(
        company.realm, company.ours()[0]["Id"], DocNumber=head.summary["number"], PrivateNote=f"mine now {mark}"
    )
    store = company.world.store
    lost = [i for i in store.all_items() if i.pk == head.key.pk or i.pk.startswith("X#acme#books")]
    store.write([Delete(item.pk, item.sk) for item in lost])
    company.procurify.backstage_touch_bill(uuid)
    company.cycle(full=True)
    company.assert_once([uuid])
    assert company.head(uuid).state == "done"
    assert writes(company) == 1


def test_replaying_a_bill_that_was_deleted_there_says_so_instead_of_that_it_is_there() -> None:
    customer = Customer()
    company = customer.company
    uuid = company.bill(company.vendor("Northwind Paper Co"))
    customer.run()
    customer.call("POST", f"{customer.record(uuid)}/replay", {})
    customer.world.until_quiet()
    assert company.head(uuid).state == "done"
    company.books.backstage_delete_bill(company.realm, company.ours()[0]["Id"])
    customer.call("POST", f"{customer.record(uuid)}/replay", {})
    customer.world.until_quiet()
    assert (company.head(uuid).hold or {})["reason"] == "missing_in_target"
    assert company.ours() == []
