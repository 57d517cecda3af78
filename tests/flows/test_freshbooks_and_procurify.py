"""FreshBooks and Procurify, both ways, as the customer says it."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from werkzeug.test import Client

from chalicelib.aws.mail import composed
from simulator.systems.ap_inbox import SEND, ApInbox
from tests.studio import ACCOUNT, CODES, DAY, FLOW, INBOX, PAPER, TENANT, Studio

MOVES = ("vendor", "bill", "bill_payment", "purchase_order")
REQUESTS = {"unmatched_bill": "requisition", "requisition_department": "Head Office / Operations"}


@pytest.fixture
def worlds() -> Iterator[list[Studio]]:
    made: list[Studio] = []
    yield made
    for world in made:
        world.careful()


@pytest.fixture
def studio(worlds: list[Studio]) -> Studio:
    worlds.append(Studio())
    return worlds[0]


def having(worlds: list[Studio], **policies: str) -> Studio:
    worlds.append(Studio(policies=policies))
    return worlds[-1]


def d(**amounts: str) -> dict[str, Decimal]:
    return {name.replace("_", " "): Decimal(amount) for name, amount in amounts.items()}


# ---------------------------------------------------------------------------------------------- vendors


def test_a_vendor_of_the_books_is_made_in_procurify_once(studio: Studio) -> None:
    vendor = studio.vendor(primary_contact_email="ap@harbor.example.test", city="Salem")
    studio.run()
    studio.a_day()
    (made,) = studio.buying.backstage_snapshot("vendors")
    assert (made["name"], made["city"], made["email"]) == (PAPER, "Salem", ["ap@harbor.example.test"])
    assert made["external_id"] == f"[mlc:books:vendor:{vendor}]"


def test_a_vendor_that_procurify_has_under_the_same_name_is_taken_for_it(studio: Studio) -> None:
    supplier, vendor = studio.supplier(), studio.vendor()
    studio.run()
    assert studio.suppliers() == [PAPER]
    assert (studio.record(str(vendor), "vendor").link or {})["target_id"] == str(supplier)


@pytest.mark.parametrize("there", ["HARBOR PAPER CO", "Harbor  Paper co", "Hárbor Paper Co", "HarborPaper Co"])
def test_a_name_in_another_spelling_is_only_a_suggestion(studio: Studio, there: str) -> None:
    studio.supplier(there)
    vendor = studio.vendor()
    studio.run()
    hold = studio.hold(str(vendor), "vendor")
    assert hold["reason"] == "ambiguous_match"
    assert there in hold["message"]
    assert studio.suppliers() == [there]


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [("Globex Ltd.", "Globex Limited"), ("Acme Inc", "Acme, Inc."), ("Lee & Sons", "Lee and Sons Co.")],
)
def test_another_legal_form_or_punctuation_is_only_a_suggestion(studio: Studio, ours: str, theirs: str) -> None:
    studio.supplier(theirs)
    vendor = studio.vendor(ours)
    studio.run()
    assert studio.hold(str(vendor), "vendor")["reason"] == "ambiguous_match"
    assert studio.suppliers() == [theirs]


def test_a_near_twin_that_was_entered_in_procurify_since_the_last_run_is_seen(studio: Studio) -> None:
    studio.vendor("Somebody Else")
    studio.run()
    studio.clock.advance(15 * 60)
    studio.supplier("Hárbor Paper Company")
    vendor = studio.vendor()
    studio.run()
    assert studio.hold(str(vendor), "vendor")["reason"] == "ambiguous_match"


def test_another_spelling_with_the_same_email_address_is_the_same_company(studio: Studio) -> None:
    studio.supplier("HARBOR PAPER CO", email=["ap@harbor.example.test"])
    vendor = studio.vendor(primary_contact_email="AP@harbor.example.test")
    studio.run()
    assert studio.states("vendor") == {str(vendor): "done"}
    assert studio.suppliers() == ["HARBOR PAPER CO"]


def test_of_200_vendors_with_near_twins_none_is_linked_to_another_company_and_each_is_suggested(studio: Studio) -> None:
    spellings = (
        str.upper,
        lambda name: name.replace(" ", "  "),
        lambda name: name.replace("o", "ó"),
        lambda name: f"{name}, Inc.",
        lambda name: name.replace("Supply", "Suply"),
        lambda name: name.replace("Acmé Tool", "Acmé-Tool"),
        str.lower,
    )
    names = [f"Acmé Tool {chr(65 + n // 26)}{chr(65 + n % 26)} Supply Works" for n in range(200)]
    twins = {studio.vendor(name): spellings[n % 7](name) for n, name in enumerate(names)}
    for twin in twins.values():
        studio.supplier(twin)
    studio.run()
    assert len(studio.suppliers()) == 200
    for vendor, twin in twins.items():
        hold = studio.hold(str(vendor), "vendor")
        assert hold["reason"] == "ambiguous_match"
        assert " ".join(twin.split()) in " ".join(hold["message"].split())


def test_two_vendors_of_one_name_are_never_one_in_procurify(studio: Studio) -> None:
    studio.supplier()
    both = [studio.vendor(), studio.vendor()]
    studio.run()
    assert sorted(studio.states("vendor").values()) == ["done", "held"]
    held = next(one for one in both if studio.record(str(one), "vendor").state == "held")
    assert studio.hold(str(held), "vendor")["reason"] == "claimed"


def test_no_vendor_is_made_where_master_data_sync_keeps_them(worlds: list[Studio]) -> None:
    world = having(worlds, master_data_sync="yes")
    vendor = world.vendor()
    world.run()
    assert world.suppliers() == []
    assert world.hold(str(vendor), "vendor")["reason"] == "master_data_sync"


# ---------------------------------------------------------------------------------------------- bills


def test_a_bill_that_stands_in_procurify_is_linked_to_it(studio: Studio) -> None:
    bill = studio.bill(studio.vendor(), ("60.10", "Office Supplies"), ("39.90", "Repairs & Maintenance"))
    entered = studio.entered(studio.supplier())
    studio.run()
    assert (studio.record(bill).link or {})["target_id"] == "bill:" + entered.replace("-", "")


def test_a_bill_that_is_not_there_waits_with_all_that_a_person_needs_and_is_linked_once_entered(
    studio: Studio,
) -> None:
    supplier, bill = studio.supplier(), studio.bill(studio.vendor())
    studio.run()
    hold = studio.hold(bill)
    assert hold["reason"] == "bill_not_found"
    assert all(said in hold["fix"] for said in (PAPER, "INV-1", DAY, "100.00 USD", "Office Supplies of the week"))
    studio.entered(supplier)
    studio.run()
    assert studio.states("bill") == {bill: "done"}


def test_a_bill_of_another_amount_there_is_nobodys_guess(studio: Studio) -> None:
    supplier, bill = studio.supplier(), studio.bill(studio.vendor())
    studio.entered(supplier, "100.01")
    studio.run()
    assert studio.hold(bill)["reason"] == "bill_differs"


def test_a_bill_in_another_currency_is_not_the_one_there(studio: Studio) -> None:
    bill = studio.bill(studio.vendor(), currency_code="EUR")
    studio.entered(studio.supplier())
    studio.run()
    assert studio.record(bill).state == "held"
    assert "EUR" in studio.hold(bill)["message"]


def test_a_bill_in_a_currency_that_procurify_lacks_is_not_requested(worlds: list[Studio]) -> None:
    world = having(worlds, **REQUESTS)
    world.supplier()
    bill = world.bill(world.vendor(), currency_code="SEK")
    world.run()
    assert world.hold(bill)["reason"] == "currency_mismatch"
    assert world.buying.backstage_requisitions() == []


def test_a_bill_is_mailed_to_the_ap_inbox_once(worlds: list[Studio]) -> None:
    world = having(worlds, unmatched_bill="inbox")
    bill = world.bill(world.vendor())
    for _ in range(3):
        world.a_day()
    (letter,) = world.mail.sent
    assert letter.to == INBOX
    assert letter.attachments[0].content.startswith(b"%PDF-")
    assert world.states("bill") == {bill: "done"}


def test_the_payment_of_a_mailed_bill_goes_by_itself_once_people_made_the_bill_of_the_mail(
    worlds: list[Studio],
) -> None:
    world = having(worlds, unmatched_bill="inbox")
    inbox = ApInbox(procurify=world.buying, address=INBOX, clock=world.clock.now)
    payment = world.pay(bill := world.bill(world.vendor()))
    world.run()
    assert world.hold(f"{payment}@{bill}", "bill_payment")["reason"] == "bill_not_found"
    mail = {"FromEmailAddress": "mlc@mail.example", "Destination": {"ToAddresses": [INBOX]}}
    raw = base64.b64encode(composed(world.mail.sent[0], "mlc@mail.example")).decode()
    assert Client(inbox).post(SEND, json={**mail, "Content": {"Raw": {"Data": raw}}}).status_code == 200
    (made,) = inbox.backstage_make_bills(1)
    world.run()
    assert world.record(f"{payment}@{bill}", "bill_payment").state == "held"  # a draft is not to be paid
    line = {"description": "paper", "account_code": "6010", "amount": "100.00"}
    inbox.backstage_complete_bill(made["uuid"], [line])
    world.run()
    assert world.status(made["uuid"]) == 4
    assert world.record(f"{payment}@{bill}", "bill_payment").state == "done"


def test_a_bills_own_file_that_freshbooks_does_not_hand_out_is_told_in_the_mail_and_the_trail(
    worlds: list[Studio],
) -> None:
    world = having(worlds, unmatched_bill="inbox")
    bill = world.bill(
        world.vendor(), attachment={"jwt": "eyJhbGciOiJub25lIn0.e30.x", "media_type": "image/png", "id": 7}
    )
    world.run()
    (letter,) = world.mail.sent
    assert letter.attachments[0].content.startswith(b"%PDF-")
    assert "Its own file is left out: FreshBooks does not hand it out" in letter.text
    trail = str(world.office.call("GET", f"/records/{FLOW}:bill:{bill}/trail")["items"])
    assert "Its own file is left out" in trail and "eyJ" not in trail


def test_a_bill_becomes_a_request_with_the_mapped_codes_and_its_tax(worlds: list[Studio]) -> None:
    world = having(worlds, **REQUESTS)
    world.order(world.supplier("Somebody Else"))  # the code has a budget in that department
    lines = [{"amount": "100.00", "category_id": world.categories["Office Supplies"], "description": "paper"}]
    lines[0] |= {"tax_name1": "VAT", "tax_percent1": "13"}
    made = world.books.backstage_add_bill(ACCOUNT, world.vendor(), lines, issue_date=DAY, bill_number="INV-1")
    world.run()
    assert world.states("bill") == {str(made["id"]): "done"}
    (request,) = world.buying.backstage_requisitions()
    assert Decimal(str(request["totalPrice"])) == Decimal("113.00")


def test_a_category_without_an_account_code_holds_the_request_and_names_it(worlds: list[Studio]) -> None:
    world = having(worlds, **REQUESTS)
    other = int(world.books.backstage_add_category(ACCOUNT, "Gifts")["id"])
    line = {"amount": "5.00", "category_id": other, "description": "flowers"}
    bill = world.books.backstage_add_bill(ACCOUNT, world.vendor(), [line], issue_date=DAY)
    world.run()
    hold = world.hold(str(bill["id"]))
    assert (hold["reason"], "Gifts" in hold["message"]) == ("mapping_missing", True)


def test_a_bill_that_was_linked_stays_so_when_the_policy_changes(studio: Studio) -> None:
    bill = studio.bill(studio.vendor())
    studio.entered(studio.supplier())
    studio.run()
    studio.policy(**REQUESTS)
    studio.replay(bill, "bill")
    assert studio.states("bill") == {bill: "done"}
    assert studio.buying.backstage_requisitions() == []


# ---------------------------------------------------------------------------------------------- payments


def test_a_bill_paid_in_full_is_marked_as_paid_on_the_day_of_the_last_payment(studio: Studio) -> None:
    bill = studio.bill(studio.vendor())
    entered = studio.entered(studio.supplier())
    studio.run()
    first = studio.pay(bill, "40.00", "2026-02-25")
    studio.run()
    assert studio.status(entered) == 2
    hold = studio.hold(f"{first}@{bill}", "bill_payment")
    assert (hold["reason"], hold["owner"]) == ("partially_paid", "nobody")
    assert "40.00 USD of 100.00 USD" in hold["message"]
    studio.pay(bill, day="2026-02-27")
    studio.run()
    assert studio.status(entered) == 4
    assert set(studio.states("bill_payment").values()) == {"split", "done"}
    assert str(studio.buying.company.bill(entered).payment_date)[:10] == "2026-02-27"  # type: ignore[union-attr]


def test_the_payment_of_a_bill_that_is_not_moved_is_not_moved_until_the_bill_is(studio: Studio) -> None:
    vendor = studio.vendor()
    entered = studio.entered(studio.supplier(), invoice_date="2025-12-20")
    bill = studio.bill(vendor, issue_date="2025-12-20")
    payment = studio.pay(bill)
    studio.run()
    assert studio.states("bill") == {bill: "not_moved"}
    assert studio.record(f"{payment}@{bill}", "bill_payment").state == "not_moved"
    assert studio.status(entered) == 2
    studio.replay(bill, "bill", release=True)
    assert studio.record(f"{payment}@{bill}", "bill_payment").state == "done"
    assert studio.status(entered) == 4


def test_a_payment_waits_for_its_bill_and_goes_by_itself(studio: Studio) -> None:
    bill = studio.bill(studio.vendor())
    supplier = studio.supplier()
    payment = studio.pay(bill)
    studio.run()
    assert studio.hold(f"{payment}@{bill}", "bill_payment")["reason"] == "waits_for_bill"
    entered = studio.entered(supplier)
    studio.run()
    assert studio.status(entered) == 4


# ---------------------------------------------------------------------------------------------- orders


def test_an_order_waits_until_the_accounting_team_approves_it(studio: Studio) -> None:
    order = studio.order(studio.supplier(), ("100.00", "6010"), ("50.00", "6200"))
    studio.run()
    assert studio.expenses() == []
    part = f"{order}@{studio.categories['Office Supplies']}"
    hold = studio.hold(part, "purchase_order")
    assert hold["reason"] == "awaits_approval"
    studio.replay(part)
    assert studio.expenses() == []
    studio.replay(part, release=True)
    assert studio.spent() == d(Office_Supplies="100.00")
    studio.replay(order, release=True)
    studio.run()
    assert studio.spent() == {"Office Supplies": Decimal("100.00"), "Repairs & Maintenance": Decimal("50.00")}


def test_an_order_is_approved_over_the_api(studio: Studio) -> None:
    order = studio.order(studio.supplier())
    studio.run()
    studio.office.call("POST", f"/records/{FLOW}:purchase_order:{order}/replay", {"release": True})
    studio.until_quiet()
    assert studio.spent() == d(Office_Supplies="100.00")
    (expense,) = studio.expenses()
    assert (expense["date"], expense["vendor"]) == (DAY, PAPER)
    assert set(studio.states("purchase_order").values()) == {"split", "done"}


def test_the_flow_is_not_quiet_while_an_approved_order_is_on_its_way_to_the_books(studio: Studio) -> None:
    order = studio.order(studio.supplier())
    studio.run()
    at = f"/flows/{FLOW}/runs/latest"
    assert studio.office.call("GET", at)["quiet"]
    studio.office.call("POST", f"/records/{FLOW}:purchase_order:{order}/replay", {"release": True})
    busy = studio.office.call("GET", at)
    assert (busy["quiet"], busy["busy"]) == (False, 2)
    studio.until_quiet()
    assert studio.office.call("GET", at)["quiet"]


@pytest.mark.parametrize(
    ("lines", "charges", "booked"),
    [
        ([("100.00", "6010"), ("50.00", "6200")], {}, ("100.00", "50.00")),
        ([("100.00", "6010"), ("50.00", "6200")], {"freight": "10.00", "tax": "0.01"}, ("106.67", "53.34")),
        ([("33.33", "6010"), ("66.67", "6200")], {"freight": "0.01"}, ("33.33", "66.68")),
        ([("10.00", "6010"), ("5.00", "6010"), ("7.00", "6200")], {"discount": "2.20"}, ("13.50", "6.30")),
    ],
)
def test_the_expenses_of_an_order_make_its_total_to_the_cent(
    studio: Studio, lines: Any, charges: dict[str, str], booked: tuple[str, str]
) -> None:
    order = studio.order(studio.supplier(), *lines, **charges)
    studio.run()
    studio.replay(order, release=True)
    assert tuple(f"{studio.spent()[CODES[code]]:.2f}" for code in ("6010", "6200")) == booked


def test_charges_go_to_a_category_of_their_own_where_one_is_named(worlds: list[Studio]) -> None:
    world = having(worlds, charges_category="Studio Advertising")
    order = world.order(world.supplier(), ("100.00", "6010"), freight="9.99")
    world.run()
    world.replay(order, release=True)
    assert world.spent() == d(Office_Supplies="100.00", Advertising="9.99")


def test_an_account_code_without_a_category_holds_the_order_and_names_it(studio: Studio) -> None:
    studio.buying.backstage_add_account_code("7777", "Travel")
    order = studio.order(studio.supplier(), ("10.00", "7777"))
    studio.run()
    hold = studio.hold(order, "purchase_order")
    assert (hold["reason"], "7777" in hold["message"]) == ("mapping_missing", True)


def test_an_order_goes_on_by_itself_once_its_account_code_is_mapped(studio: Studio) -> None:
    studio.buying.backstage_add_account_code("7777", "Travel")
    order = studio.order(studio.supplier(), ("10.00", "7777"))
    studio.run()
    setup = studio.office.call("GET", "/export")["config"]["flows"][FLOW]
    setup["mappings"]["expense_category"]["7777"] = "Studio Advertising"
    studio.office.call("POST", "/apply", {"config": {"flows": {FLOW: setup}}})
    studio.until_quiet()
    part = f"{order}@{studio.categories['Advertising']}"
    assert studio.hold(part, "purchase_order")["reason"] == "awaits_approval"


def test_an_order_goes_to_the_category_of_drafts_at_once(worlds: list[Studio]) -> None:
    world = having(worlds, po_mode="holding_category", holding_category="Studio Advertising")
    world.order(world.supplier(), ("100.00", "6010"), ("50.00", "6200"))
    world.run()
    assert world.spent() == d(Advertising="150.00")
    notes = sorted(row["notes"] for row in world.expenses())
    assert notes[0].startswith("[DRAFT] for Studio Office Supplies · PO ")
    assert notes[1].startswith("[DRAFT] for Studio Repairs & Maintenance · PO ")


def test_an_order_becomes_a_journal_entry_that_is_reversed_on_the_first_of_the_next_month(
    worlds: list[Studio],
) -> None:
    world = having(worlds, po_mode="journal", journal_debit="Operating Expenses", journal_credit="Accrued")
    world.books.backstage_add_ledger_account(ACCOUNT, "Accrued", "Current Liability")
    world.order(world.supplier(), ("100.00", "6010"), freight="1.23")
    world.run()
    world.a_day()
    entries = world.books.backstage_journals(ACCOUNT)
    assert world.expenses() == []
    assert [entry["day"] for entry in entries] == ["2026-02-28", "2026-03-01"]
    for entry in entries:
        assert {line["amount"]["amount"] for line in entry["lines"]} == {"101.23"}
    sides = [[line["account"] for line in sorted(one["lines"], key=lambda line: line["side"])] for one in entries]
    assert sides[0] == sides[1][::-1]


def test_an_order_cancelled_before_it_was_approved_leaves_nothing(studio: Studio) -> None:
    order = studio.order(studio.supplier())
    studio.run()
    studio.buying.backstage_cancel_purchase_order(int(order))
    studio.run()
    assert not [state for state in studio.states("purchase_order").values() if state == "held"]
    assert studio.expenses() == []


@pytest.mark.parametrize(("policy", "left"), [("hold", 1), ("delete", 0)])
def test_an_order_cancelled_after_it_was_booked_goes_by_the_policy(
    worlds: list[Studio], policy: str, left: int
) -> None:
    world = having(worlds, cancelled_purchase_order=policy)
    order = world.order(world.supplier())
    world.run()
    world.replay(order, release=True)
    world.buying.backstage_cancel_purchase_order(int(order))
    world.run()
    assert len(world.expenses()) == left
    held = [head for head in world.heads(TENANT, FLOW, "purchase_order") if head.state == "held"]
    assert len(held) == left


@pytest.mark.parametrize("by_person", [{"categoryid": "Advertising"}, {"notes": "PO, asked Ann"}])
def test_an_expense_that_a_person_made_their_own_is_not_deleted_with_its_order(
    worlds: list[Studio], by_person: dict[str, str]
) -> None:
    world = having(worlds, cancelled_purchase_order="delete")
    order = world.order(world.supplier())
    world.run()
    world.replay(order, release=True)
    (expense,) = world.expenses()
    edit: dict[str, Any] = {name: world.categories.get(value, value) for name, value in by_person.items()}
    world.books.backstage_edit_expense(ACCOUNT, expense["id"], **edit)
    world.buying.backstage_cancel_purchase_order(int(order))
    world.run()
    (head,) = [head for head in world.heads(TENANT, FLOW, "purchase_order") if head.state == "held"]
    assert (head.hold or {})["reason"] == "changed_in_target"
    assert len(world.expenses()) == 1
    world.replay(head.key.named, overwrite=True)
    assert world.expenses() == []


def test_a_change_of_an_order_reaches_its_expense(studio: Studio) -> None:
    order = studio.order(studio.supplier())
    studio.run()
    studio.replay(order, release=True)
    line = {"name": "work", "account_code": "6010", "amount": "120.50"}
    studio.buying.backstage_revise_purchase_order(int(order), lines=[line])
    studio.run()
    assert studio.spent() == d(Office_Supplies="120.50")


def test_the_trail_shows_each_field_that_was_written_before_and_after(studio: Studio) -> None:
    vendor = studio.vendor(city="Salem", primary_contact_email="ap@harbor.example.test")
    studio.run()
    studio.books.backstage_edit_vendor(ACCOUNT, vendor, city="Bend")
    studio.a_day()
    trail = studio.office.call("GET", f"/records/{FLOW}:vendor:{vendor}/trail")["items"]
    made, changed = (next(one for one in trail if one["what"] == f"intent to {op}") for op in ("create", "update"))
    assert made["changes"]["name"] == {"before": None, "after": PAPER}
    assert changed["changes"] == {"city": {"before": "Salem", "after": "Bend"}}


def test_an_expense_that_a_person_moved_to_another_category_stays_there(studio: Studio) -> None:
    order = studio.order(studio.supplier())
    studio.run()
    studio.replay(order, release=True)
    (expense,) = studio.expenses()
    studio.books.backstage_recategorise(ACCOUNT, expense["id"], studio.categories["Advertising"])
    line = {"name": "work", "account_code": "6010", "amount": "120.50"}
    studio.buying.backstage_revise_purchase_order(int(order), lines=[line])
    studio.run()
    assert studio.spent() == d(Advertising="120.50")


def test_an_expense_that_a_person_deleted_is_not_made_again(studio: Studio) -> None:
    order = studio.order(studio.supplier())
    studio.run()
    studio.replay(order, release=True)
    (expense,) = studio.expenses()
    studio.books.backstage_delete(ACCOUNT, "expenses", expense["id"])
    line = {"name": "work", "account_code": "6010", "amount": "120.50"}
    studio.buying.backstage_revise_purchase_order(int(order), lines=[line])
    studio.run()
    assert studio.expenses() == []
    part = f"{order}@{studio.categories['Office Supplies']}"
    assert studio.hold(part, "purchase_order")["reason"] == "missing_in_target"


# ---------------------------------------------------------------------------------------------- never twice


def bought(world: Studio) -> str:
    """A bill of the books, requested in Procurify, approved and ordered there; the order."""
    world.order(world.supplier("Somebody Else"), ("1.00", "6010"), date="2025-12-01")
    world.bill(world.vendor())
    world.run()
    (request,) = world.buying.backstage_requisitions()
    world.buying.backstage_approve_requisition(request["num"])
    (order,) = world.buying.backstage_purchase_requisition(request["num"], date=DAY)
    return str(order["procurify_PO"])


def test_a_bill_that_was_requested_and_ordered_in_procurify_is_one_cost(worlds: list[Studio]) -> None:
    world = having(worlds, **REQUESTS)
    order = bought(world)
    world.run()
    head = world.record(order, "purchase_order")
    assert (head.state, "FreshBooks" in str(head.outcome)) == ("not_moved", True)
    assert world.costs() == {"Office Supplies": "100.00"}


def test_an_order_that_is_for_others_as_well_waits_for_a_person(worlds: list[Studio]) -> None:
    world = having(worlds, **REQUESTS)
    order = bought(world)
    lines = [{"name": one["name"], "account_code": "6010", "amount": "100.00"} for one in _lines(world, order)]
    more = {"name": "something else", "account_code": "6010", "amount": "20.00"}
    world.buying.backstage_revise_purchase_order(int(order), lines=[*lines, more])
    world.run()
    part = f"{order}@{world.categories['Office Supplies']}"
    assert world.hold(part, "purchase_order")["reason"] == "double_count"
    world.replay(order, release=True)
    assert world.expenses() == []


def _lines(world: Studio, order: str) -> list[dict[str, Any]]:
    found = world.buying.company.order(order)
    assert found is not None
    return [{"name": line.name} for line in found.lines]


def test_an_order_that_a_bill_of_its_vendor_names_is_not_booked_beside_it(studio: Studio) -> None:
    order = studio.order(studio.supplier(), number="PO-1042")
    other = studio.order(studio.supplier(), number="PO-10421")
    bill = studio.bill(studio.vendor(), number="INV-77 po-1042")
    studio.run()
    part = f"{order}@{studio.categories['Office Supplies']}"
    hold = studio.hold(part, "purchase_order")
    assert hold["reason"] == "double_count"
    assert "INV-77" in hold["message"]
    studio.replay(order, release=True)
    assert studio.expenses() == []
    studio.replay(other, release=True)
    assert len(studio.expenses()) == 1
    studio.books.backstage_delete(ACCOUNT, "bills", int(bill))
    studio.clock.advance(600)
    studio.replay(order, release=True)
    assert len(studio.expenses()) == 2


def test_a_bill_that_was_entered_a_moment_ago_is_seen_when_its_order_is_approved(studio: Studio) -> None:
    order = studio.order(studio.supplier(), number="6001")
    vendor = studio.vendor()
    studio.run()
    line = {"amount": "31.00", "category_id": studio.categories["Advertising"], "description": "for PO 6001"}
    studio.books.backstage_add_bill(ACCOUNT, vendor, [line], issue_date=DAY, bill_number="INV-77")
    studio.clock.advance(5)
    studio.replay(order, release=True)
    assert studio.expenses() == []
    assert studio.hold(f"{order}@{studio.categories['Office Supplies']}", "purchase_order")["reason"] == "double_count"


def test_a_number_of_digits_alone_is_an_orders_only_where_it_is_said_to_be(studio: Studio) -> None:
    order = studio.order(studio.supplier(), number="12")
    line = {"amount": "5.00", "category_id": studio.categories["Advertising"], "description": "12 posters"}
    studio.books.backstage_add_bill(ACCOUNT, studio.vendor(), [line], issue_date=DAY, bill_number="A-1")
    studio.run()
    part = f"{order}@{studio.categories['Office Supplies']}"
    assert studio.hold(part, "purchase_order")["reason"] == "awaits_approval"
    line["description"] = "posters, PO #12"
    studio.books.backstage_add_bill(ACCOUNT, studio.vendor("Print"), [line], issue_date=DAY, bill_number="A-2")
    vendor = next(int(head.key.source_id) for head in studio.heads(TENANT, FLOW, "vendor"))
    studio.books.backstage_add_bill(ACCOUNT, vendor, [line], issue_date=DAY, bill_number="A-3")
    studio.clock.advance(600)
    studio.replay(order)
    hold = studio.hold(part, "purchase_order")
    assert (hold["reason"], "A-3" in hold["message"]) == ("double_count", True)


def test_a_bill_that_comes_after_its_orders_expense_was_booked_is_told_to_a_person(studio: Studio) -> None:
    order = studio.order(studio.supplier(), number="PO-1042")
    vendor = studio.vendor()
    studio.run()
    studio.replay(order, release=True)
    assert len(studio.expenses()) == 1
    studio.bill(vendor, number="PO-1042")
    studio.run()
    part = f"{order}@{studio.categories['Office Supplies']}"
    assert studio.hold(part, "purchase_order")["reason"] == "double_count"
    assert len(studio.expenses()) == 1


def test_two_full_cycles_change_nothing_on_either_side(worlds: list[Studio]) -> None:
    world = having(worlds, **REQUESTS, po_mode="holding_category", holding_category="Studio Advertising")
    bought(world)
    entered = world.entered(world.supplier(PAPER + " Two"), "12.34", number="T-2")
    world.pay(world.bill(world.vendor(PAPER + " Two"), ("12.34", "Repairs & Maintenance"), number="T-2"))
    world.order(world.supplier("Third"), ("80.00", "6010"), ("20.01", "6300"), tax="5.00")
    world.a_day()
    assert world.status(entered) == 4
    before = (_standing(world), {move: world.why(move) for move in MOVES})
    writes = len(_writes(world))
    for _ in range(2):
        world.clock.advance(21 * 3600)
        world.run(full=True)
    assert _writes(world)[writes:] == []
    assert (_standing(world), {move: world.why(move) for move in MOVES}) == before


def test_a_rehearsal_decides_everything_and_writes_nothing(worlds: list[Studio]) -> None:
    world = Studio(state="rehearsing", policies={**REQUESTS, "unmatched_vendor": "create"})
    worlds.append(world)
    world.order(world.supplier("Somebody Else"))
    world.pay(world.bill(world.vendor()))
    world.run()
    assert _writes(world) == []
    assert set(world.states("vendor").values()) == {"rehearsed"}
    assert set(world.states("bill").values()) == {"rehearsed"}
    assert sorted(world.states("purchase_order").values()) == ["held", "split"]


def test_a_payment_is_rehearsed_with_its_bill_and_made_once_the_flow_starts(worlds: list[Studio]) -> None:
    world = Studio(state="rehearsing")
    worlds.append(world)
    entered, bill = world.entered(world.supplier()), world.bill(world.vendor())
    payment = world.pay(bill)
    world.run()
    assert world.record(f"{payment}@{bill}", "bill_payment").state == "rehearsed"
    assert world.status(entered) == 2
    world.office.call("POST", f"/flows/{FLOW}/start")
    world.until_quiet()
    assert world.status(entered) == 4


def test_the_payment_of_a_bill_that_would_be_mailed_is_rehearsed(worlds: list[Studio]) -> None:
    world = Studio(state="rehearsing", policies={"unmatched_bill": "inbox"})
    worlds.append(world)
    world.supplier()
    bill = world.bill(world.vendor())
    payment = world.pay(bill)
    world.run()
    assert world.record(f"{payment}@{bill}", "bill_payment").state == "rehearsed"


def test_an_order_before_the_cut_over_is_let_go_first_and_approved_then(studio: Studio) -> None:
    order = studio.order(studio.supplier(), date="2025-11-11")
    studio.run()
    assert studio.states("purchase_order") == {order: "not_moved"}
    studio.replay(order, release=True)
    assert studio.expenses() == []
    studio.replay(order, release=True)
    assert studio.spent() == d(Office_Supplies="100.00")


def test_both_sides_are_reconciled_to_the_cent(worlds: list[Studio]) -> None:
    world = having(worlds, po_mode="holding_category", holding_category="Studio Advertising")
    world.order(world.supplier("Third"), ("80.00", "6010"), ("20.01", "6300"), tax="5.00")
    world.pay(world.bill(world.vendor()))
    world.entered(world.supplier())
    world.run()
    job = world.office.call("POST", f"/flows/{FLOW}/reconcile", {"from": "2026-02-01", "to": "2026-02-28"})
    world.until_quiet()
    answer = world.office.call("GET", f"/flows/{FLOW}/reconcile/{job['id']}")
    assert (answer["state"], answer["complete"]) == ("done", True), answer
    assert (answer["agrees"], list(answer["moves"])) == (True, ["bill", "purchase_order"])
    there = {name: found["target"]["amounts"] for name, found in answer["moves"].items()}
    assert there == {"bill": {"USD": "100.00"}, "purchase_order": {"USD": "105.01"}}


def _standing(world: Studio) -> list[Any]:
    books = [world.books.backstage_rows(ACCOUNT, kind) for kind in ("bills", "bill_vendors", "expenses")]
    return [*books, world.buying.backstage_snapshot("vendors"), world.buying.backstage_requisitions()]


def _writes(world: Studio) -> list[str]:
    calls = [*world.books.faults.calls, *world.buying.faults.calls]
    return [call for call in calls if not call.startswith("GET ") and "oauth" not in call]
