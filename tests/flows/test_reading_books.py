"""Reading a company's books by poll: what a run costs, and that no deletion goes unheard, however long we slept."""

from __future__ import annotations

import pytest

from chalicelib.engine import ledger
from tests.reading_books import FLOW, BooksWorld

REALM = "9130001"


@pytest.fixture
def world() -> BooksWorld:
    return BooksWorld({"acme": REALM})


def has_gap(world: BooksWorld, move: str = "bill") -> bool:
    return bool(ledger.cursor(world.store, "acme", FLOW, move).body.get("gap"))


def test_an_idle_run_costs_one_metered_read(world: BooksWorld) -> None:
    bill = world.bill(world.vendor("Northwind"), "100.00")
    world.books.backstage_pay_bill(REALM, bill, "20.00")
    world.run()
    for _ in range(3):
        before = world.reads()
        world.run()
        assert world.reads() - before == 1
    assert world.books.our_mistakes == []


def test_a_busy_run_costs_one_metered_read_for_all_that_changed(world: BooksWorld) -> None:
    world.run()
    vendor = world.vendor("Northwind")
    bills = [world.bill(vendor, f"{n + 1}.00") for n in range(20)]
    for bill in bills:
        world.books.backstage_pay_bill(REALM, bill)
    before = world.reads()
    world.run()
    assert world.reads() - before == 1
    assert set(world.sheets("bill")) == set(bills)
    assert len(world.sheets("bill_payment")) == 20


def test_a_day_of_changes_costs_fewer_reads_than_there_were_changes(world: BooksWorld) -> None:
    world.run()
    vendor = world.vendor("Northwind")
    before, changes = world.reads(), 0
    for _ in range(96):
        for _ in range(5):
            world.bill(vendor, "10.00")
            changes += 1
        world.run()
    assert len(world.sheets("bill")) == changes
    assert world.reads() - before == 96


def test_a_payment_on_a_bill_writes_nothing_of_the_bill(world: BooksWorld) -> None:
    bill = world.bill(world.vendor("Northwind"), "100.00")
    world.run()
    world.books.backstage_pay_bill(REALM, bill, "20.00")
    world.run()
    assert len(world.papers["acme"].history[f"[mlc:books:bill:{bill}]"]) == 1
    assert world.head("acme", FLOW, "bill", bill).revision == 1


def test_a_deleted_bill_costs_one_read_and_goes(world: BooksWorld) -> None:
    vendor = world.vendor("Northwind")
    bill, stays = world.bill(vendor, "10.00"), world.bill(vendor, "20.00")
    world.run()
    world.books.backstage_delete_bill(REALM, bill)
    before = world.reads()
    world.run()
    assert set(world.sheets("bill")) == {stays}
    assert world.reads() - before == 2
    for _ in range(2):
        before = world.reads()
        world.run()
        assert world.reads() - before == 1


def test_a_bill_that_is_falsely_told_deleted_stays(world: BooksWorld) -> None:
    bill = world.bill(world.vendor("Northwind"), "10.00")
    world.run()
    world.books.backstage_edit_bill(REALM, bill, DocNumber="A-2")
    world.books.backstage_report_deleted(REALM, "Bill", bill)
    world.run()
    assert world.sheets("bill")[bill]["number"] == "A-2"


def test_a_bill_deleted_while_we_slept_longer_than_the_vendor_remembers_is_found_out(world: BooksWorld) -> None:
    vendor = world.vendor("Northwind")
    bills = [world.bill(vendor, f"{n + 1}.00", TxnDate="2026-01-05") for n in range(8)]
    world.run()
    world.clock.advance(60 * 86_400)
    gone, changed = bills[2], bills[5]
    world.books.backstage_delete_bill(REALM, gone)
    world.books.backstage_edit_bill(REALM, changed, DocNumber="changed")
    world.clock.advance(31 * 86_400)

    world.run()

    assert set(world.sheets("bill")) == set(bills) - {gone}
    assert world.sheets("bill")[changed]["number"] == "changed"
    assert not has_gap(world)
    assert world.books.our_mistakes == []


def test_too_many_that_seem_gone_after_a_gap_are_believed_by_nobody(world: BooksWorld) -> None:
    vendor = world.vendor("Northwind")
    bills = [world.bill(vendor, f"{n + 1}.00") for n in range(10)]
    world.run()
    for bill in bills[:6]:
        world.books.backstage_delete_bill(REALM, bill)
    world.clock.advance(31 * 86_400)

    world.run()

    assert set(world.sheets("bill")) == set(bills)
    (notice,) = world.notices.published
    assert "6 of 10 recent bills are gone" in notice[1]
    assert has_gap(world), "they are looked at again"


def test_a_full_run_right_after_a_deletion_does_not_hide_it(world: BooksWorld) -> None:
    vendor = world.vendor("Northwind")
    bill, stays = world.bill(vendor, "10.00"), world.bill(vendor, "20.00")
    world.run()
    world.books.backstage_delete_bill(REALM, bill)
    world.run(full=True)
    world.run()
    assert set(world.sheets("bill")) == {stays}


def test_a_bill_that_our_own_flow_had_put_there_is_news_for_a_third_system(world: BooksWorld) -> None:
    world.connect("acme", "buying", "procurify", {"domain": "acme"}, {"client_id": "x", "client_secret": "y"})
    bill = world.bill(world.vendor("Northwind"), "10.00", PrivateNote="PO 7 [mlc:buying:bill:0af3]")
    world.run()
    assert set(world.sheets("bill")) == {bill}
    kept = ledger.bodies(world.store, [(world.head("acme", FLOW, "bill", bill).key, "source")])
    assert [document["came_from"] for document in kept.values()] == [["procurify", "0af3"]]
