"""Procurify to QuickBooks Online: an approved bill arrives once, as it is, and stays true to its source."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from chalicelib.aws import limits
from chalicelib.engine import ledger, replay
from chalicelib.engine.records import Json
from simulator.company import FLOW, Company
from simulator.memory.watch import Effect

LINE: dict[str, Any] = {"description": "Rebar", "account_code": "5010", "amount": "60.00"}
BOOKKEEPING = ("T#", "DUE#", "B#", "G#", "REF#")  # runs, cursors, due rows, rate budgets, grants, lists


def story(company: Company, uuid: str) -> list[Json]:
    return ledger.trail(company.world.store, company.head(uuid).key)[0]


def test_an_approved_bill_arrives_with_everything_a_bookkeeper_looks_for() -> None:
    company = Company()
    lines = [LINE, {**LINE, "description": "Paper", "account_code": "6010", "amount": "12.34", "tax_amount": "1.11"}]
    uuid = company.bill(
        company.vendor("Northwind Paper Co"),
        lines=lines,
        costs=[{"name": "Freight", "amount": "24.00", "account_code": "6100"}],
        invoice_number="NW-88121",
        invoice_date="2026-02-10",
        due_date="2026-03-12",
        note="May delivery",
    )
    company.cycle()
    bill = company.ours()[0]
    assert (bill["DocNumber"], bill["TxnDate"], bill["DueDate"]) == ("NW-88121", "2026-02-10", "2026-03-12")
    assert bill["VendorRef"]["name"] == "Northwind Paper Co"
    assert bill["APAccountRef"]["value"] == company.accounts["2000"]["Id"]
    codes = {account["Id"]: code for code, account in company.accounts.items()}
    sent = [(codes[x["AccountBasedExpenseLineDetail"]["AccountRef"]["value"]], str(x["Amount"])) for x in bill["Line"]]
    assert sorted(sent) == [("5010", "60.0"), ("6010", "12.34"), ("6100", "24.0"), ("6110", "1.11")]
    assert bill["PrivateNote"] == f"May delivery [mlc:procurify:bill:{uuid.replace('-', '')}]"
    assert company.total_ours() == Decimal("97.45")
    company.assert_no_mistakes()


def test_a_split_line_lands_on_each_of_its_accounts() -> None:
    company = Company()
    parts = [
        {"account_code": "5010", "department": "Operations", "amount": "40.00"},
        {"account_code": "6010", "department": "Facilities", "amount": "20.00"},
    ]
    company.bill(company.vendor("Northwind Paper Co"), lines=[{**LINE, "allocations": parts}])
    company.cycle()
    assert [str(line["Amount"]) for line in company.ours()[0]["Line"]] == ["40.0", "20.0"]


def test_a_draft_stays_where_it_is_until_it_is_approved() -> None:
    company = Company()
    uuid = company.bill(company.vendor("Northwind Paper Co"), status=1)
    company.cycle()
    assert company.ours() == []
    company.procurify.backstage_set_bill_status(uuid, 2)
    company.cycle()
    company.assert_once([uuid])


def test_an_unchanged_world_costs_the_lists_and_writes_nothing() -> None:
    company = Company()
    vendor = company.vendor("Northwind Paper Co")
    for n in range(5):
        company.bill(vendor, f"{n + 1}.00")
    company.cycle()
    company.cycle()
    company.world.http.log.clear()
    company.world.store.log.clear()
    company.cycle()
    calls = [effect.keys for effect in company.world.http.log]
    lists = ("/api/v3/vendors/?", "/api/v3/ap/bills/?", "/api/v2/purchase_orders/purchased/all/?")
    assert all(method == "GET" and any(path in url for path in lists) for method, url in calls), calls
    written = [pk for e in company.world.store.log if e.operation == "write" for pk, _ in e.keys]
    assert [pk for pk in written if not pk.startswith(BOOKKEEPING)] == []


@pytest.mark.parametrize("change", ["created", "updated"])
def test_a_changed_bill_costs_one_remote_write_its_guard_read_and_three_table_writes(
    change: str, capsys: pytest.CaptureFixture[str]
) -> None:
    company = Company()
    vendor = company.vendor("Northwind Paper Co")
    first = company.bill(vendor, "1.00")
    company.cycle()
    if change == "created":
        uuid = company.bill(vendor, "60.00")
    else:
        uuid = first
        company.procurify.backstage_edit_bill(uuid, lines=[{**LINE, "amount": "60.00"}])
    company.world.http.log.clear()
    company.world.store.log.clear()
    company.cycle()
    books = [e.keys for e in company.world.http.log if "intuit" in e.keys[1] and "companyinfo" not in e.keys[1]]
    assert sorted(method for method, _ in books) == ["GET", "POST"]
    writes = [e.keys for e in company.world.store.log if e.operation == "write"]
    of_the_record = [keys for keys in writes if any(sk == "HEAD" for _, sk in keys)]
    assert len(of_the_record) == 3
    apart: dict[str, int] = {}
    for pk, sk in (key for keys in writes for key in keys):
        kind = sk.split("#")[0] if pk.startswith("R#") else pk.split("#")[0]
        apart[kind] = apart.get(kind, 0) + 1
    with capsys.disabled():
        print(f"\n{change}: items written {dict(sorted(apart.items()))}")
    assert apart.get("X", 0) == apart.get("F", 0) == (1 if change == "created" else 0)
    assert company.total_ours() == (Decimal("61.00") if change == "created" else Decimal("60.00"))


def test_a_bill_that_was_only_touched_is_read_once_and_not_written() -> None:
    company = Company()
    uuid = company.bill(company.vendor("Northwind Paper Co"))
    company.cycle()
    company.procurify.backstage_touch_bill(uuid)
    company.world.http.log.clear()
    company.cycle()
    company.cycle()
    reads = [e for e in company.world.http.log if "/api/v2/ap/bills/" in e.keys[1]]
    assert len(reads) == 1
    assert not [e for e in company.world.http.log if e.keys[0] == "POST" and "/v3/company" in e.keys[1]]


def test_a_correction_at_the_source_is_made_in_the_books_and_the_rest_there_stays() -> None:
    company = Company()
    uuid = company.bill(company.vendor("Northwind Paper Co"))
    company.cycle()
    bill_id = company.ours()[0]["Id"]
    note = company.ours()[0]["PrivateNote"]
    company.books.backstage_edit_bill(company.realm, bill_id, PrivateNote=f"checked by Ann {note}")
    company.procurify.backstage_edit_bill(uuid, lines=[{**LINE, "amount": "75.50"}])
    company.cycle()
    company.assert_once([uuid])
    assert company.total_ours() == Decimal("75.50")
    assert company.ours()[0]["PrivateNote"].startswith("checked by Ann")


def test_somebody_elses_edit_survives_and_the_hold_shows_both_versions() -> None:
    company = Company()
    uuid = company.bill(company.vendor("Northwind Paper Co"))
    company.cycle()
    company.books.backstage_edit_bill(company.realm, company.ours()[0]["Id"], TxnDate="2026-02-25")
    company.procurify.backstage_edit_bill(uuid, lines=[{**LINE, "amount": "75.50"}])
    company.cycle()
    head = company.head(uuid)
    assert head.hold is not None
    assert head.hold["reason"] == "changed_in_target"
    assert "2026-02-25" in str(head.hold["message"]) and "2026-02-20" in str(head.hold["message"])
    assert company.ours()[0]["TxnDate"] == "2026-02-25"
    flow = company.world.open(company.tenant, FLOW)
    replay.replay(flow, head, by="Ann", overwrite=True)
    company.world.until_quiet()
    assert (company.ours()[0]["TxnDate"], company.total_ours()) == ("2026-02-20", Decimal("75.50"))


def test_a_paid_bill_is_not_changed() -> None:
    company = Company()
    uuid = company.bill(company.vendor("Northwind Paper Co"))
    company.cycle()
    company.books.backstage_pay_bill(company.realm, company.ours()[0]["Id"])
    company.procurify.backstage_edit_bill(uuid, lines=[{**LINE, "amount": "75.50"}])
    company.cycle()
    assert (company.head(uuid).hold or {})["reason"] == "target_locked"
    assert company.total_ours() == Decimal("100.00")


def test_a_bill_deleted_in_the_books_is_not_made_again_until_a_person_says_so() -> None:
    company = Company()
    uuid = company.bill(company.vendor("Northwind Paper Co"))
    company.cycle()
    company.books.backstage_delete_bill(company.realm, company.ours()[0]["Id"])
    company.procurify.backstage_edit_bill(uuid, note="again")
    company.procurify.backstage_edit_bill(uuid, lines=[{**LINE, "amount": "75.50"}])
    company.cycle()
    assert (company.head(uuid).hold or {})["reason"] == "missing_in_target"
    assert company.ours() == []
    flow = company.world.open(company.tenant, FLOW)
    move = flow.flow.move("bill")
    assert move is not None
    replay.unlink(flow, move, company.head(uuid), by="Ann")
    company.world.until_quiet()
    company.assert_once([uuid])


def test_a_bill_withdrawn_after_it_was_moved_is_flagged_and_goes_on_when_approved_again() -> None:
    company = Company()
    uuid = company.bill(company.vendor("Northwind Paper Co"))
    company.cycle()
    company.procurify.backstage_set_bill_status(uuid, 0)
    company.cycle()
    assert (company.head(uuid).hold or {})["reason"] == "withdrawn_at_source"
    assert len(company.ours()) == 1
    company.procurify.backstage_edit_bill(uuid, lines=[{**LINE, "amount": "75.50"}])
    company.procurify.backstage_set_bill_status(uuid, 2)
    company.cycle()
    company.assert_once([uuid])
    assert company.total_ours() == Decimal("75.50")


def test_a_bill_that_a_person_had_typed_in_is_found_and_not_entered_twice() -> None:
    company = Company()
    vendor = company.vendor("Northwind Paper Co")
    theirs = company.books.backstage_ledger(company.realm)["vendors"][0]["Id"]
    line = {"amount": "100.00", "account_id": company.accounts["5010"]["Id"]}
    typed = company.books.backstage_add_bill(company.realm, theirs, [line], DocNumber="INV-77", TxnDate="2026-02-20")
    uuid = company.bill(vendor, invoice_number="INV-77")
    company.cycle()
    head = company.head(uuid)
    assert (head.hold or {})["reason"] in {"exists_in_target"}
    flow = company.world.open(company.tenant, FLOW)
    move = flow.flow.move("bill")
    assert move is not None
    replay.link_to(flow, move, head, typed["Id"], by="Ann")
    company.cycle()
    assert company.head(uuid).state == "done"
    assert len(company.books.backstage_ledger(company.realm)["bills"]) == 1


def test_two_source_bills_never_become_one_target_bill() -> None:
    company = Company()
    vendor = company.vendor("Northwind Paper Co")
    one = company.bill(vendor, invoice_number="INV-77")
    other = company.bill(vendor, invoice_number="INV-77")
    company.cycle()
    done = [uuid for uuid in (one, other) if company.head(uuid).state == "done"]
    held = [uuid for uuid in (one, other) if company.head(uuid).state == "held"]
    assert len(done) == len(held) == 1
    flow = company.world.open(company.tenant, FLOW)
    move = flow.flow.move("bill")
    assert move is not None
    replay.link_to(flow, move, company.head(held[0]), company.ours()[0]["Id"], by="Ann")
    hold = company.head(held[0]).hold or {}
    assert hold["reason"] == "claimed"
    assert company.head(done[0]).key.id in str(hold["message"]) and company.head(held[0]).key.id in str(hold["message"])


def test_replay_is_safe_any_number_of_times() -> None:
    company = Company()
    uuid = company.bill(company.vendor("Northwind Paper Co"))
    company.cycle()
    for _ in range(5):
        replay.replay(company.world.open(company.tenant, FLOW), company.head(uuid), by="Ann")
        company.world.until_quiet()
    company.assert_once([uuid])
    assert company.ours()[0]["versions"] == 1


def test_the_trail_tells_the_intent_before_the_outcome_and_keeps_no_secret() -> None:
    company = Company()
    uuid = company.bill(company.vendor("Northwind Paper Co"))
    company.cycle()
    told = [str(moment["what"]) for moment in story(company, uuid)]
    assert told.index("intent to create") < told.index("created")
    outcome = next(moment for moment in story(company, uuid) if moment["what"] == "created")
    assert outcome["request_id"] and outcome["answer"]
    secrets = ["procurify-app-secret", "intuit-app-secret", *company.procurify.tokens]
    secrets += [g["refresh_token"] for g in company.books.backstage_grants(company.realm) if g.get("refresh_token")]
    everything = company.world.stored_texts()
    everything += [str(company.world.notices.__dict__), str(company.world.metrics.counted)]
    assert not [secret for secret in secrets if any(secret in text for text in everything)]


def test_what_is_written_down_of_a_moved_bill_costs_one_unit_an_item() -> None:
    company = Company()
    uuid = company.bill(company.vendor("Northwind Paper Co"))
    company.cycle()
    items = [item for item in company.world.store.all_items() if item.pk == company.head(uuid).key.pk]
    sizes = {item.sk: limits.item_size(item, limits.body_text(item.body)) for item in items}
    assert len(sizes) > 4 and max(sizes.values()) <= 1024, sizes


def test_one_bill_that_cannot_be_read_is_held_in_plain_sight_and_stops_no_other() -> None:
    company = Company()
    vendor = company.vendor("Northwind Paper Co")
    bad, good = company.bill(vendor, "1.00"), company.bill(vendor, "2.00")
    company.procurify.faults.plan("server_fault", f"/api/v2/ap/bills/{bad}", times=1000)
    company.cycle()
    company.assert_once([good])
    assert (company.head(bad).hold or {})["reason"] == "not_readable_yet"
    company.procurify.faults.clear()
    company.cycle()
    company.cycle()
    company.assert_once([bad, good])


@pytest.mark.parametrize(
    ("path", "value", "reason"),
    [
        ("items.0.total_cost", "lots", "unreadable_source"),
        ("items.0.cost_allocations.0.amount", "__delete__", "unreadable_source"),
        ("invoice_date", None, "unreadable_source"),
        ("total_cost_with_tax", 999.99, "totals_differ"),
        ("items.0.total_cost", 100.019, "totals_differ"),
        ("items", None, "unreadable_source"),
    ],
)
def test_a_document_that_does_not_fit_is_held_naming_what_and_goes_when_mended(
    path: str, value: object, reason: str
) -> None:
    company = Company()
    uuid = company.bill(company.vendor("Northwind Paper Co"))
    company.procurify.backstage_put_raw_bill_field(uuid, path, value)
    company.cycle()
    hold = company.head(uuid).hold or {}
    assert hold["reason"] == reason
    if reason == "unreadable_source":
        assert path.split(".", maxsplit=1)[0] in str(hold["message"]) + str(hold["cause"])
        assert any("evidence" in moment for moment in story(company, uuid))
    assert company.ours() == []
    company.procurify.company.state.raw_fields.clear()
    company.procurify.backstage_touch_bill(uuid)
    company.cycle()
    company.assert_once([uuid])


@pytest.mark.parametrize("currency", ["EUR", "CAD"])
def test_a_bill_in_a_currency_the_books_do_not_keep_is_held(currency: str) -> None:
    company = Company()
    uuid = company.bill(company.vendor("Northwind Paper Co"), currency=currency)
    company.cycle()
    assert (company.head(uuid).hold or {})["reason"] == "currency_mismatch"
    assert company.ours() == []


def test_a_bill_of_a_thousand_lines_arrives_to_the_cent() -> None:
    company = Company()
    lines = [{**LINE, "amount": f"{n}.37"} for n in range(1, 1001)]
    company.bill(company.vendor("Northwind Paper Co"), lines=lines)
    company.cycle()
    assert len(company.ours()[0]["Line"]) == 1000
    assert company.total_ours() == Decimal("500870.00")


def test_a_document_over_the_size_limit_is_held() -> None:
    import random

    company = Company()
    noise = random.Random(1)
    lines = [{**LINE, "description": noise.randbytes(2500).hex()} for _ in range(1400)]
    uuid = company.bill(company.vendor("Northwind Paper Co"), lines=lines)
    company.cycle()
    assert (company.head(uuid).hold or {})["reason"] == "too_large"


def test_tax_that_the_books_add_by_themselves_is_seen_and_held() -> None:
    company = Company()
    company.books.backstage_set_automatic_tax(company.realm, "0.08")
    uuid = company.bill(company.vendor("Northwind Paper Co"))
    company.cycle()
    hold = company.head(uuid).hold or {}
    assert hold["reason"] == "total_differs"
    assert "100.00" in str(hold["message"])


def test_a_bill_dated_in_closed_books_waits_until_they_are_opened() -> None:
    company = Company()
    company.books.backstage_close_books(company.realm, "2026-02-28")
    uuid = company.bill(company.vendor("Northwind Paper Co"))
    company.cycle()
    assert (company.head(uuid).hold or {})["reason"] == "closed_period"
    company.books.backstage_close_books(company.realm, None)
    company.cycle()
    company.assert_once([uuid])


def test_nothing_leaves_before_its_intent_is_written() -> None:
    company = Company()
    company.bill(company.vendor("Northwind Paper Co"))
    order: list[str] = []

    def note(effect: Effect) -> None:
        if effect.operation == "write" and any(sk.startswith("BODY#target") for _, sk in effect.keys):
            order.append("intent")
        if effect.operation == "http" and effect.keys[0] == "POST" and "/bill" in effect.keys[1]:
            order.append("sent")

    company.world.store.before = company.world.http.before = note
    company.cycle()
    assert order == ["intent", "sent"]


def test_a_bill_that_a_person_linked_is_not_written_to_when_its_source_changes_but_held() -> None:
    company = Company()
    vendor = company.vendor("Northwind Paper Co")
    theirs = company.books.backstage_ledger(company.realm)["vendors"][0]["Id"]
    line = {"amount": "100.00", "account_id": company.accounts["5010"]["Id"]}
    typed = company.books.backstage_add_bill(company.realm, theirs, [line], DocNumber="INV-77", TxnDate="2026-02-20")
    uuid = company.bill(vendor, invoice_number="INV-77")
    company.cycle()
    flow = company.world.open(company.tenant, FLOW)
    move = flow.flow.move("bill")
    assert move is not None
    replay.link_to(flow, move, company.head(uuid), typed["Id"], by="Ann")
    company.procurify.backstage_edit_bill(uuid, lines=[{**LINE, "amount": "75.50"}])
    company.cycle()
    assert (company.head(uuid).hold or {})["reason"] == "changed_after_link"
    replay.dismiss(flow, company.head(uuid), by="Ann", why="changed by hand")
    replay.replay(flow, company.head(uuid), by="Ann")
    company.world.until_quiet()
    assert company.head(uuid).state == "done"
    assert company.books.backstage_ledger(company.realm)["bills"][0]["versions"] == 1
