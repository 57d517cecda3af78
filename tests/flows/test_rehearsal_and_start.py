"""A new flow decides everything and writes nothing until it is started; what is older than the cut-over stays."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from chalicelib.engine import setup as setups
from chalicelib.entry import jobs, starting
from simulator.company import FLOW, Company
from simulator.memory.watch import Effect
from tests.flows.customer import Customer

TODAY = date(2026, 3, 2)


def by_us(company: Company) -> list[dict[str, Any]]:
    return [row for row in company.books.backstage_audit(company.realm) if row["who"] == "api"]


def counted(report: dict[str, Any], move: str = "bill") -> dict[str, tuple[int, str]]:
    """Count and amount by what became of the records."""
    words = {word: total for word, total in report[move].items() if total["count"]}
    return {word: (total["count"], total["amounts"].get("USD", "")) for word, total in words.items()}


def start(customer: Customer) -> None:
    customer.call("POST", f"/flows/{FLOW}/start")
    customer.world.until_quiet()


def test_the_rehearsal_says_in_counts_and_amounts_what_the_live_run_then_does() -> None:
    customer = Customer(state="rehearsing", policies={"unmatched_vendor": "create"}, cut_over=TODAY)
    company = customer.company
    known, new = company.vendor("Northwind Paper Co"), company.vendor("Ridgeline Gravel", in_books=False)
    today = {"invoice_date": "2026-03-02"}
    uuids = [company.bill(known, "10.10", **today), company.bill(new, "20.20", **today)]
    company.bill(known, "30.30", account="7010", **today)
    old = [company.bill(known, "1.00") for _ in range(300)]
    theirs = company.books.backstage_find(company.realm, "Vendor", "Northwind Paper Co")
    assert theirs is not None
    line = {"amount": "40.40", "account_id": company.accounts["5010"]["Id"]}
    company.books.backstage_add_bill(company.realm, theirs["Id"], [line], DocNumber="THEIRS", TxnDate="2026-03-02")
    company.bill(known, "40.40", invoice_number="THEIRS", **today)
    customer.run()
    customer.run()
    rehearsed = customer.report()
    assert counted(rehearsed) == {"create": (2, "30.30"), "hold": (2, "70.70"), "not_moved": (300, "300.00")}
    assert counted(rehearsed, "vendor") == {"create": (1, ""), "link": (1, "")}
    assert by_us(company) == []
    start(customer)
    assert customer.report() == rehearsed
    company.assert_once(uuids)
    customer.run()
    customer.run()
    assert customer.report() == rehearsed
    assert {company.head(uuid).state for uuid in old} == {"not_moved"}
    company.assert_no_mistakes()


def test_a_start_whose_message_was_lost_moves_everything_all_the_same() -> None:
    customer = Customer(state="rehearsing")
    company = customer.company
    vendor = company.vendor("Northwind Paper Co")
    uuids = [company.bill(vendor, f"{n}.00") for n in range(1, 4)]
    customer.run()
    assert customer.call("POST", f"/flows/{FLOW}/start")["pings"]
    customer.world.queue.lose(1, queue="jobs")  # the pings are under way; the message that follows them is lost
    customer.world.until_quiet()
    customer.run()
    customer.run()
    assert customer.call("GET", f"/flows/{FLOW}")["state"] == "live"
    company.assert_once(uuids)


def test_a_bill_that_comes_between_the_start_and_its_restart_never_counts_on_a_vendor_that_is_only_planned() -> None:
    customer = Customer(state="rehearsing", policies={"unmatched_vendor": "create"})
    company = customer.company
    vendor = company.vendor("Ridgeline Gravel", in_books=False)
    first = company.bill(vendor, "1.00")
    customer.run()
    flow = company.world.open(company.tenant, FLOW)
    company.world.store.write([setups.flow_put(replace(flow.setup, state="live"))])  # and no word of it yet
    second = company.bill(vendor, "2.00")
    customer.run()
    assert {company.head(uuid).state for uuid in (first, second)} <= {"held", "rehearsed", "done"}
    company.assert_no_mistakes()
    starting.restart(company.world.engine, company.world.open(company.tenant, FLOW).setup)
    customer.world.until_quiet()
    company.assert_once([first, second])
    company.assert_no_mistakes()


def test_a_bill_that_is_being_rehearsed_at_the_moment_of_the_start_is_moved() -> None:
    customer = Customer(state="rehearsing")
    company, world = customer.company, customer.world
    uuid = company.bill(company.vendor("Northwind Paper Co"), "1.00")

    def started_meanwhile(effect: Effect) -> None:
        """Just before the writer notes what it would do, the flow goes live, and its restart passes by."""
        if effect.operation != "write" or not any("#bill#" in pk and "TRAIL" in sk for pk, sk in effect.keys):
            return
        world.store.before = None
        starting.go(world.engine, world.open(company.tenant, FLOW).setup)
        for message in world.queue.receive("jobs", 10):
            jobs.jobs(world.engine, "jobs", [jobs.Message(message.body, message.receipt)])
            world.queue.acknowledge("jobs", [message.receipt])

    world.store.before = started_meanwhile
    customer.run()
    assert world.store.before is None
    company.assert_once([uuid])


def test_an_earlier_cut_over_whose_message_was_lost_lets_the_old_bills_go_all_the_same() -> None:
    customer = Customer(cut_over=TODAY)
    company = customer.company
    old = company.bill(company.vendor("Northwind Paper Co"), "1.00")
    customer.run()
    customer.world.queue.lose(1, queue="jobs")
    customer.apply_flow(cut_over="2026-02-01")
    customer.world.until_quiet()
    customer.run()
    customer.run()
    company.assert_once([old])


def test_old_bills_stay_when_edited_or_approved_later_and_single_ones_go_when_a_person_lets_them() -> None:
    customer = Customer(state="rehearsing", cut_over=TODAY)
    company = customer.company
    vendor = company.vendor("Northwind Paper Co")
    old = [company.bill(vendor, "1.00") for _ in range(4)]
    late = company.bill(vendor, "2.00", status=1)
    fresh = company.bill(vendor, "3.00", status=1, invoice_date="2026-03-02")
    customer.run()
    start(customer)
    company.procurify.backstage_edit_bill(
        old[0], lines=[{"description": "x", "account_code": "5010", "amount": "5.00"}]
    )
    company.procurify.backstage_set_bill_status(late, 2)
    company.procurify.backstage_set_bill_status(fresh, 2)
    customer.run()
    company.assert_once([fresh])
    assert {company.head(uuid).state for uuid in (*old, late)} == {"not_moved"}
    customer.call("POST", f"{customer.record(old[2])}/replay", {"release": True})
    customer.world.until_quiet()
    company.assert_once([fresh, old[2]])
    company.procurify.backstage_edit_bill(
        old[2], lines=[{"description": "x", "account_code": "5010", "amount": "7.00"}]
    )
    customer.run()
    assert company.total_ours() == Decimal("10.00")


def test_a_later_cut_over_changes_nothing_that_was_moved_and_an_earlier_one_lets_the_old_ones_go() -> None:
    customer = Customer(cut_over=TODAY)
    company = customer.company
    vendor = company.vendor("Northwind Paper Co")
    old, fresh = company.bill(vendor, "1.00"), company.bill(vendor, "2.00", invoice_date="2026-03-02")
    customer.run()
    company.assert_once([fresh])
    customer.apply_flow(cut_over="2026-02-01")
    customer.world.until_quiet()
    company.assert_once([fresh, old])
    customer.apply_flow(cut_over="2026-06-01")
    customer.run()
    company.assert_once([fresh, old])


def test_a_paused_flow_reads_and_writes_nothing_and_then_goes_on_where_it_was() -> None:
    customer = Customer()
    company = customer.company
    vendor = company.vendor("Northwind Paper Co")
    customer.run()
    customer.call("POST", f"/flows/{FLOW}/pause")
    uuid = company.bill(vendor)
    company.world.http.log.clear()
    customer.run()
    assert company.world.http.log == []
    customer.call("POST", f"/flows/{FLOW}/resume")
    customer.run()
    company.assert_once([uuid])


# ---------------------------------------------------------------------------------------------- holds that go


def test_a_mapping_over_the_api_decides_exactly_the_waiting_bills_again_and_calls_for_no_other() -> None:
    customer = Customer()
    company = customer.company
    vendor = company.vendor("Northwind Paper Co")
    done = [company.bill(vendor, f"{n}.00") for n in range(1, 6)]
    waiting = [company.bill(vendor, f"{n}.00", account="7010") for n in range(6, 9)]
    others = [company.bill(vendor, "9.00", account="7020"), company.bill(vendor, "8.00", account="7030")]
    customer.run()
    for uuid in waiting:
        hold = company.head(uuid).hold or {}
        assert (hold["reason"], hold["cause"]) == ("mapping_missing", "account 7010")
        assert '"7010"' in str(hold["fix"])
    company.world.http.log.clear()
    company.world.store.log.clear()
    assert customer.apply_flow(mappings={"account": {"7010": "6010"}})["released"] == {FLOW: 3}
    customer.world.until_quiet()
    company.assert_once([*done, *waiting])
    touched = {
        pk for e in company.world.store.log if e.operation == "write" for pk, sk in e.keys if pk.startswith("R#")
    }
    assert touched == {company.head(uuid).key.pk for uuid in waiting}
    assert {company.head(uuid).state for uuid in others} == {"held"}
    posted = [e.keys[1] for e in company.world.http.log if e.keys[0] == "POST"]
    assert len([url for url in posted if "/bill" in url]) == 3
    assert len([e for e in company.world.http.log if "query" in e.keys[1]]) <= 3
    assert not [e for e in company.world.http.log if "procurify" in e.keys[1]]


def test_a_mapping_to_what_is_not_there_is_held_naming_it_and_goes_when_it_is_made() -> None:
    customer = Customer(mappings={"account": {"7010": "Community Garden"}})
    company = customer.company
    uuid = company.bill(company.vendor("Northwind Paper Co"), account="7010")
    customer.run()
    hold = company.head(uuid).hold or {}
    assert hold["reason"] == "reference_missing"
    assert "Community Garden" in str(hold["message"])
    made = company.books.backstage_add_account(company.realm, "Community Garden", "Expense")
    customer.run()
    company.assert_once([uuid])
    assert company.ours()[0]["Line"][0]["AccountBasedExpenseLineDetail"]["AccountRef"]["value"] == made["Id"]


def test_records_that_wait_cost_nothing_but_the_lists_they_wait_for() -> None:
    customer = Customer()
    company = customer.company
    vendor, unknown = company.vendor("Northwind Paper Co"), company.vendor("Nobody Knows", in_books=False)
    for n in range(1, 6):
        company.bill(vendor, f"{n}.00", account="7010")
        company.bill(unknown, f"{n}.00")
    customer.run()
    customer.run()
    told = list(company.world.notices.published)
    company.world.http.log.clear()
    company.world.store.log.clear()
    customer.run()

    def counts(effect: Effect) -> bool:
        return effect.operation == "write" and any(pk.startswith("R#") for pk, _ in effect.keys)

    assert [effect for effect in company.world.store.log if counts(effect)] == []
    assert {effect.keys[0] for effect in company.world.http.log} == {"GET"}
    assert len(company.world.http.log) <= 6, [effect.keys for effect in company.world.http.log]
    assert company.world.notices.published == told
