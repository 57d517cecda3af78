"""Vendors find their partners or wait for a person; what waits goes by itself when what it waits for appears."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from chalicelib.engine import due, hold, replay, runs
from chalicelib.engine import setup as setups
from chalicelib.engine.ports import Item, Put
from chalicelib.entry import jobs
from simulator.company import FLOW, Company

CREATE = {"unmatched_vendor": "create"}


def reason(company: Company, source_id: object, move: str = "bill") -> str:
    return str((company.head(str(source_id), move).hold or {}).get("reason"))


def map_account(company: Company, code: str, to: str) -> int:
    """What `mlc apply` does for one new mapping."""
    flow = company.world.open(company.tenant, FLOW)
    mappings = {"account": {**flow.setup.mappings.get("account", {}), code: to}}
    company.world.store.write([setups.flow_put(replace(flow.setup, mappings=mappings))])
    return hold.release(company.world.open(company.tenant, FLOW), {f"mapping:account:{code}"})


@pytest.mark.parametrize(
    ("here", "there"),
    [
        ("Northwind Paper Co", "northwind  PAPER co"),
        ("O'Keefe & Sons", "O'Keefe & Sons"),
        ("Smith: Concrete", "Smith - Concrete"),
        ("Ｗｉｄｅ Load", "Wide Load"),
        ("北京建材有限公司", "北京建材有限公司"),
    ],
)
def test_a_vendor_is_taken_for_the_one_of_the_same_name(here: str, there: str) -> None:
    company = Company()
    vendor = company.vendor(here, in_books=False)
    company.books.backstage_add_vendor(company.realm, there)
    uuid = company.bill(vendor)
    company.cycle()
    company.assert_once([uuid])
    assert len(company.books.backstage_ledger(company.realm)["vendors"]) == 1


@pytest.mark.parametrize(
    "name",
    ["O'Keefe “Best” – Sons", "Smith: Concrete\tCo", "Lights 💡", "\u202eevil\u202c Ltd", "x" * 140, "Ødegård ÆØÅ"],
)
def test_a_vendor_with_an_awkward_name_is_created_once(name: str) -> None:
    company = Company(policies=CREATE)
    uuid = company.bill(company.vendor(name, in_books=False))
    company.cycle()
    company.cycle()
    company.assert_once([uuid])
    assert len(company.books.backstage_ledger(company.realm)["vendors"]) == 1
    company.assert_no_mistakes()


def test_a_vendor_nobody_knows_is_held_by_default_and_its_bill_waits_for_it() -> None:
    company = Company()
    vendor = company.vendor("Hermiston Hydraulics", in_books=False)
    uuid = company.bill(vendor)
    company.cycle()
    assert reason(company, vendor["id"], "vendor") == "vendor_unmatched"
    assert reason(company, uuid) == "waits_for_vendor"
    company.books.backstage_add_vendor(company.realm, "Hermiston Hydraulics")
    company.cycle()
    company.assert_once([uuid])


def test_several_candidates_are_narrowed_by_the_address_or_held_with_all_of_them() -> None:
    company = Company()
    for n, street in enumerate(("1 Main St", "2 Side St")):
        company.books.backstage_add_vendor(
            company.realm, f"Acme {n}", CompanyName="Acme", BillAddr={"Line1": street, "PostalCode": "97201"}
        )
    known = company.procurify.backstage_add_vendor(name="Acme", addressLineOne="2 Side St", postalCode="97201")
    unknown = company.procurify.backstage_add_vendor(name="Acme", addressLineOne="3 Elsewhere", postalCode="97201")
    company.cycle()
    link = company.head(str(known["id"]), "vendor").link or {}
    assert "Acme 1" in str(link["label"])
    held = company.head(str(unknown["id"]), "vendor").hold or {}
    assert held["reason"] == "ambiguous_match"
    assert "Acme 0" in str(held["message"]) and "Acme 1" in str(held["message"])


def test_a_near_twin_is_shown_to_a_person_even_where_unknown_vendors_are_created() -> None:
    company = Company(policies=CREATE)
    company.books.backstage_add_vendor(company.realm, "Acme Fasteners Inc")
    vendor = company.vendor("Acme Fastners Inc", in_books=False)
    company.cycle()
    assert reason(company, vendor["id"], "vendor") == "ambiguous_match"
    assert len(company.books.backstage_ledger(company.realm)["vendors"]) == 1


def test_an_inactive_vendor_is_never_woken_by_us_and_its_bill_goes_when_a_person_wakes_it() -> None:
    company = Company(policies=CREATE)
    vendor = company.vendor("Baker City Belts", in_books=False)
    theirs = company.books.backstage_add_vendor(company.realm, "Baker City Belts")
    company.books.backstage_inactivate(company.realm, "Vendor", theirs["Id"])
    uuid = company.bill(vendor)
    company.cycle()
    assert reason(company, vendor["id"], "vendor") == "inactive_ref"
    company.books.backstage_reactivate(company.realm, "Vendor", theirs["Id"])
    company.cycle()
    company.assert_once([uuid])


def test_a_name_that_a_customer_has_is_held_naming_who_has_it() -> None:
    company = Company(policies=CREATE)
    company.books.backstage_add_customer(company.realm, "Twin Name")
    vendor = company.vendor("Twin Name", in_books=False)
    company.cycle()
    held = company.head(str(vendor["id"]), "vendor").hold or {}
    assert held["reason"] == "name_taken"
    assert "customer" in str(held["message"])


def test_what_changes_on_a_vendor_of_ours_changes_there_and_on_a_linked_one_nothing() -> None:
    company = Company(policies=CREATE)
    ours = company.vendor("Made By Us", in_books=False)
    linked = company.vendor("Theirs From Before")
    company.cycle()
    for vendor in (ours, linked):
        company.procurify.backstage_edit_vendor(vendor["id"], city="Astoria")
    company.cycle()
    cities = {
        v["DisplayName"]: (v.get("BillAddr") or {}).get("City")
        for v in company.books.backstage_ledger(company.realm)["vendors"]
    }
    assert cities == {"Made By Us": "Astoria", "Theirs From Before": None}


def test_a_mapping_releases_exactly_the_bills_that_waited_for_it() -> None:
    company = Company()
    vendor = company.vendor("Northwind Paper Co")
    waiting = [company.bill(vendor, f"{n}.00", account="7010") for n in (1, 2, 3)]
    other = company.bill(vendor, "9.00", account="7020")
    company.cycle()
    assert {reason(company, uuid) for uuid in waiting} == {"mapping_missing"}
    assert "7010" in str((company.head(waiting[0]).hold or {})["message"])
    company.world.http.log.clear()
    assert map_account(company, "7010", "6010") == 3
    company.world.until_quiet()
    company.assert_once(waiting)
    assert reason(company, other) == "mapping_missing"


def test_creating_the_missing_account_releases_what_waited_for_it() -> None:
    company = Company()
    uuid = company.bill(company.vendor("Northwind Paper Co"), account="7010")
    company.cycle()
    company.books.backstage_add_account(company.realm, "Community Garden", "Expense", "7010")
    company.cycle()
    company.assert_once([uuid])


def test_five_hundred_holds_with_one_cause_are_one_task_and_one_notice() -> None:
    company = Company()
    vendor = company.vendor("Northwind Paper Co")
    uuids = [company.bill(vendor, "1.00", account="7010") for _ in range(120)]
    company.cycle()
    told = [note for note in company.world.notices.published if "7010" in str(note)]
    assert len(told) == 1
    assert map_account(company, "7010", "6010") == len(uuids)
    company.world.until_quiet()
    company.assert_once(uuids)


# ---------------------------------------------------------------------------------------------- customers and doors


def test_wrong_credentials_stop_one_customer_and_are_told_once() -> None:
    company = Company()
    other = Company(tenant="zenith", realm="9130002", world=company.world)
    stuck, fine = company.bill(company.vendor("Northwind")), other.bill(other.vendor("Southwind"))
    company.procurify.backstage_set_credentials("procurify-app", "changed")
    company.cycle()
    other.cycle()
    company.cycle()
    other.assert_once([fine])
    assert company.heads() == []
    told = [note for note in company.world.notices.published if "needs you" in str(note)]
    assert len(told) == 1
    company.procurify.backstage_set_credentials("procurify-app", "procurify-app-secret")
    company.cycle()
    company.cycle()
    company.assert_once([stuck])


def test_a_disconnected_company_waits_and_goes_on_by_itself_after_the_reconnect() -> None:
    company = Company()
    vendor = company.vendor("Northwind Paper Co")
    company.cycle()
    uuid = company.bill(vendor)
    company.books.backstage_disconnect(company.realm)
    company.books.backstage_expire_tokens()
    company.cycle()
    head = company.head(uuid)
    assert head.state == "waiting"
    assert head.attempts == 0
    grant = company.books.backstage_grant(company.realm)
    credentials = {
        "client_id": "intuit-app",
        "client_secret": "intuit-app-secret",
        "refresh_token": grant["refresh_token"],
    }
    company.world.connect(company.tenant, "books", "quickbooks_online", {"realm": company.realm}, credentials)
    company.cycle()
    company.cycle()
    company.assert_once([uuid])


def test_refresh_tokens_that_change_at_every_use_are_refreshed_one_at_a_time_and_never_lost() -> None:
    company = Company()
    company.books.backstage_switch("rotate_every_refresh", True)
    vendor = company.vendor("Northwind Paper Co")
    uuids = []
    for n in range(6):
        uuids.append(company.bill(vendor, f"{n + 1}.00"))
        company.books.backstage_expire_tokens()
        company.world.clock.advance(4000)
        company.cycle()
    company.assert_once(uuids)
    assert all(grant["refused_refreshes"] == 0 for grant in company.books.backstage_grants(company.realm))


def test_nothing_is_written_when_the_credentials_lead_to_another_company() -> None:
    company = Company()
    uuid = company.bill(company.vendor("Northwind Paper Co"))
    key = (setups.pk(company.tenant), "CONNECTION#books")
    item = company.world.store.get([key])[key]
    pinned = {**item.body, "pinned": {"id": "777", "name": "The right company"}}
    company.world.store.write([Put(Item(pk=item.pk, sk=item.sk, body=pinned, version=item.version))])
    company.cycle()
    assert reason(company, uuid) == "wrong_company"
    assert company.ours() == []


# ---------------------------------------------------------------------------------------------- rehearsal and cut-over


def test_a_rehearsal_writes_nothing_and_says_what_the_live_run_then_does() -> None:
    company = Company(state="rehearsing", policies=CREATE)
    known, new = company.vendor("Known Vendor"), company.vendor("Brand New", in_books=False)
    uuids = [company.bill(known, "10.00"), company.bill(new, "20.00")]
    company.bill(known, "30.00", account="7010")
    company.bill(known, "40.00", invoice_date="2025-12-31")
    company.cycle()
    assert [row for row in company.books.backstage_audit(company.realm) if row["who"] == "api"] == []
    planned = sorted(
        (head.key.move, str((head.plan or {}).get("action") or head.state), str(head.summary["amount"]))
        for move in ("vendor", "bill")
        for head in company.heads(move)
    )
    assert ("bill", "create", "10.00") in planned and ("vendor", "link", "") in planned
    flow = company.world.open(company.tenant, FLOW)
    company.world.store.write([setups.flow_put(replace(flow.setup, state="live"))])
    company.world.queue.send("jobs", [json.dumps({"job": "restart", "tenant": "acme", "flow": FLOW})], group="acme")
    company.world.until_quiet()
    names = {"created": "create", "linked": "link"}
    done = sorted(
        (
            head.key.move,
            names.get(str((head.outcome or {}).get("action")), "") if head.state == "done" else head.state,
            str(head.summary["amount"]),
        )
        for move in ("vendor", "bill")
        for head in company.heads(move)
    )
    assert done == planned
    company.assert_once(uuids)


def test_three_hundred_old_bills_are_listed_and_never_moved_and_a_new_one_moves() -> None:
    company = Company(cut_over=date(2026, 3, 2))
    vendor = company.vendor("Northwind Paper Co")
    old = [company.bill(vendor, f"{n}.00") for n in range(1, 301)]
    company.cycle()
    assert {company.head(uuid).state for uuid in old} == {"not_moved"}
    assert company.ours() == []
    company.procurify.backstage_edit_bill(old[0], note="edited later")
    company.procurify.backstage_edit_bill(
        old[0], lines=[{"description": "x", "account_code": "5010", "amount": "5.00"}]
    )
    fresh = company.bill(vendor, "7.00", invoice_date="2026-03-02", status=1)
    company.procurify.backstage_set_bill_status(fresh, 2)
    company.cycle()
    company.assert_once([fresh])
    replay.replay(company.world.open(company.tenant, FLOW), company.head(old[5]), by="Ann", release=True)
    company.world.until_quiet()
    company.assert_once([fresh, old[5]])


# ---------------------------------------------------------------------------------------------- fairness and totals


def test_a_hundred_thousand_due_rows_of_one_customer_delay_another_by_at_most_a_tick() -> None:
    company = Company()
    other = Company(tenant="zenith", realm="9130002", world=company.world)
    uuid = other.bill(other.vendor("Southwind"))
    company.cycle()
    store, now = company.world.store, company.world.clock.now().isoformat()
    place = ("D#acme#books", f"a#{now}")
    body = {"connection": "books", "state": "waiting", "due": ["a", now], "live": True}
    for begin in range(0, 100_000, 100):
        names = [f"R#acme#{FLOW}#bill#flood{begin + n}" for n in range(100)]
        store.write([Put(Item(pk=name, sk="HEAD", body=dict(body), due=place)) for name in names])
    due.note(company.world.engine, "acme", "books", company.world.clock.now())
    company.world.queue.lose(2, queue="writer-quickbooks_online")
    runs.start(other.world.engine, other.world.open("zenith", FLOW))
    for _ in range(8):
        other.world.handle_one()
    assert other.head(uuid).due is not None
    company.world.clock.advance(6 * 60)
    store.log.clear()
    jobs.tick(company.world.engine)
    sent = company.world.queue.bodies("writer-quickbooks_online")
    assert any("zenith" in body for body in sent)
    assert len([body for body in sent if "flood" in body]) <= company.world.engine.pace.most_queued


def test_source_total_is_target_total_plus_held_plus_not_moved() -> None:
    company = Company()
    vendor, unknown = company.vendor("Northwind Paper Co"), company.vendor("Nobody", in_books=False)
    for n in range(40):
        company.bill(
            unknown if n % 9 == 0 else vendor,
            f"{n}.{n:02d}",
            account="7010" if n % 7 == 0 else "5010",
            invoice_date="2025-11-11" if n % 5 == 0 else "2026-02-11",
        )
    company.cycle()
    amounts = {head.key.source_id: (head.state, Decimal(str(head.summary["amount"]))) for head in company.heads()}
    by_state = {state: sum(a for s, a in amounts.values() if s == state) for state in {s for s, _ in amounts.values()}}
    source = sum(Decimal(str(bill["total_cost_with_tax"])) for bill in company.procurify.backstage_snapshot("bills"))
    assert by_state["done"] == company.total_ours()
    assert source == company.total_ours() + by_state["held"] + by_state["not_moved"]
    company.assert_no_mistakes()
