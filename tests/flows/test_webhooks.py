"""Webhooks are hints: with all of them, some, none, twice or backwards, the same records end up in the same state."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.engine import runs
from chalicelib.engine import setup as setups
from chalicelib.engine.hints import Verifier
from chalicelib.engine.ports import Item, Put
from chalicelib.engine.records import Json
from chalicelib.entry import jobs, verifiers
from tests.reading_books import APP, FLOW, SYSTEM, VERIFIER, BooksWorld

REALMS = {"acme": "9130001", "rival": "9130002"}
REALM = REALMS["acme"]


@pytest.fixture
def world() -> BooksWorld:
    """Two companies that were read once, with webhooks on."""
    made = BooksWorld(REALMS)
    made.run("acme")
    made.run("rival")
    made.take_webhooks()
    return made


def event(id_: str, *, realm: str = REALM, what: str = "bill.updated", **more: Any) -> Json:
    entity, operation = what.split(".")
    told: Json = {
        "specversion": "1.0",
        "id": f"{realm}-{what}-{id_}",
        "type": f"qbo.{entity}.{operation}.v1",
        "intuitentityid": id_,
        "intuitaccountid": realm,
        "data": {},
    }
    return {**told, **more}


def sent(world: BooksWorld, *events: Json) -> int:
    """Delivered, and everything that follows done; the status."""
    status = world.hook(json.dumps(list(events)).encode())
    world.until_quiet()
    return status


# ---------------------------------------------------------------------------------------------- at once


def test_a_change_is_there_at_once_for_one_metered_read(world: BooksWorld) -> None:
    vendor = world.vendor("Northwind")
    bill = world.bill(vendor, "100.00", "50.50")
    before = world.reads()

    world.deliver()

    assert set(world.sheets("bill")) == {bill}
    assert world.sheets("vendor")[vendor]["name"] == "Northwind"
    assert world.reads() - before == 2
    assert world.papers["rival"].sheets == {}
    assert [attempt.status for attempt in world.books.webhooks.attempts] == [200]


def test_the_poll_after_a_webhook_reads_no_record_again(world: BooksWorld) -> None:
    world.bill(world.vendor("Northwind"), "100.00")
    world.deliver()
    before = world.reads()
    world.run()
    assert world.reads() - before == 1
    assert all(len(bodies) == 1 for bodies in world.papers["acme"].history.values())


def test_one_payment_over_three_bills_appears_and_goes_when_it_is_voided(world: BooksWorld) -> None:
    vendor = world.vendor("Northwind")
    bills = [world.bill(vendor, amount) for amount in ("10.00", "20.00", "30.00")]
    world.deliver()
    amounts = dict(zip(bills, ("10.00", "5.00", "30.00"), strict=True))
    payment = str(world.books.backstage_pay_bills(REALM, amounts)["Id"])
    world.deliver()
    assert world.sheets("bill_payment")[payment]["parts"] == amounts

    world.books.backstage_void_payment(REALM, payment)
    world.deliver()

    assert world.sheets("bill_payment") == {}
    assert set(world.sheets("bill")) == set(bills)


def test_a_deleted_bill_goes_and_one_that_was_never_known_leaves_no_trace(world: BooksWorld) -> None:
    vendor = world.vendor("Northwind")
    bill = world.bill(vendor, "10.00")
    world.deliver()
    unseen = world.bill(vendor, "20.00")
    world.books.backstage_delete_bill(REALM, bill)
    world.books.backstage_delete_bill(REALM, unseen)

    world.deliver()

    assert world.sheets("bill") == {}
    assert [head.key.source_id for head in world.heads("acme", FLOW, "bill")] == [bill]


def test_a_deletion_that_is_only_said_deletes_nothing(world: BooksWorld) -> None:
    bill = world.bill(world.vendor("Northwind"), "10.00")
    world.deliver()
    assert sent(world, event(bill, what="bill.deleted")) == 200
    assert set(world.sheets("bill")) == {bill}


def test_a_merge_moves_the_bills_and_removes_the_vendor_that_is_gone(world: BooksWorld) -> None:
    stays, goes = world.vendor("Acme"), world.vendor("Acme Inc")
    bill = world.bill(goes, "10.00")
    world.deliver()
    world.books.backstage_merge_vendors(REALM, stays, goes)
    world.deliver()
    assert set(world.sheets("vendor")) == {stays}
    assert world.sheets("bill")[bill]["vendor"] == stays


# ---------------------------------------------------------------------------------------------- lost, late, twice


def life(world: BooksWorld, step: Callable[[], None]) -> None:
    """A busy week in two companies; `step` after each thing that happens."""
    chance = random.Random(5)
    for tenant, realm in REALMS.items():
        vendors = [world.vendor(f"{tenant} {n}", tenant) for n in range(3)]
        bills = [world.bill(chance.choice(vendors), f"{n + 1}0.00", tenant=tenant) for n in range(6)]
        step()
        payment = str(world.books.backstage_pay_bill(realm, bills[0], "3.00")["Id"])
        voided = str(world.books.backstage_pay_bill(realm, bills[1], "4.00")["Id"])
        step()
        world.books.backstage_void_payment(realm, voided)
        world.books.backstage_edit_bill(realm, bills[2], DocNumber="changed")
        world.books.backstage_delete_bill(realm, bills[5])
        step()
        world.books.backstage_merge_vendors(realm, vendors[0], vendors[1])
        world.books.backstage_rename(realm, "Vendor", vendors[2], f"{tenant} renamed")
        world.books.backstage_delete_payment(realm, payment)
        world.clock.advance(60)
        step()


def end_state(fault: str, *, form: str = "cloud_events", mixed: bool = True, polls: bool = True) -> Json:
    world = BooksWorld(REALMS, webhooks_fault=fault, webhook_form=form, webhooks_mixed=mixed)
    for tenant in REALMS:
        world.run(tenant)
    world.take_webhooks()
    life(world, world.deliver)
    if polls:
        for tenant in REALMS:
            world.run(tenant)
    assert world.books.our_mistakes == []
    assert world.notices.published == []
    return {tenant: paper.sheets for tenant, paper in world.papers.items()}


@pytest.fixture(scope="module")
def by_poll_alone() -> Json:
    return end_state("drop")


def test_with_all_webhooks_dropped_the_poll_alone_converges(by_poll_alone: Json) -> None:
    assert all(by_poll_alone[tenant] for tenant in REALMS)
    assert end_state("drop", form="old") == by_poll_alone


@pytest.mark.parametrize("fault", ["", "twice", "reverse"])
@pytest.mark.parametrize("form", ["cloud_events", "old"])
@pytest.mark.parametrize("mixed", [True, False])
def test_delivered_twice_or_backwards_in_either_form_the_end_is_the_same(
    fault: str, form: str, mixed: bool, by_poll_alone: Json
) -> None:
    assert end_state(fault, form=form, mixed=mixed) == by_poll_alone


@pytest.mark.parametrize("fault", ["", "twice", "reverse"])
def test_where_none_is_dropped_the_webhooks_alone_bring_it_there(fault: str, by_poll_alone: Json) -> None:
    assert end_state(fault, polls=False) == by_poll_alone


def test_the_same_delivery_again_costs_no_read(world: BooksWorld) -> None:
    bill = world.bill(world.vendor("Northwind"), "10.00")
    body = json.dumps([event(bill)]).encode()
    assert world.hook(body) == 200
    world.until_quiet()
    before = world.reads()
    for _ in range(5):
        assert world.hook(body) == 200
        world.until_quiet()
    assert world.reads() == before


def test_an_event_of_last_week_costs_no_read(world: BooksWorld) -> None:
    bill = world.bill(world.vendor("Northwind"), "10.00")
    before = world.reads()
    old = (world.clock.now() - timedelta(days=4)).isoformat()
    assert sent(world, event(bill, time=old)) == 200
    assert world.reads() == before


def test_many_events_about_one_record_are_one_read(world: BooksWorld) -> None:
    bill = world.bill(world.vendor("Northwind"), "10.00")
    before = world.reads()
    sent(world, *(event(bill, id=f"e{n}") for n in range(30)))
    assert world.reads() - before == 1


def test_a_state_read_by_a_poll_never_lands_after_a_newer_one(world: BooksWorld) -> None:
    """The list of changes is on its way when a webhook brings the next version: the older one is not kept over it."""
    bill = world.bill(world.vendor("Northwind"), "10.00", DocNumber="first")
    raced: list[str] = []
    plain = world.books.answer

    def overtaken(request: Any) -> Any:
        told = plain(request)
        if request.path.endswith("/cdc") and not raced:
            raced.append(bill)
            world.clock.advance(1)
            world.books.backstage_edit_bill(REALM, bill, DocNumber="second")
            world.books.run_due()
            for queue in ("jobs", "jobs", "poll", "poll"):  # the delivery, its company, the vendor and the bill
                for message in world.queue.receive(queue, 1):
                    hand_over(world, queue, message)
        return told

    world.books.answer = overtaken  # type: ignore[method-assign]
    world.run()
    assert raced
    numbers = [body["number"] for body in world.papers["acme"].history[f"[mlc:books:bill:{bill}]"] if body]
    assert numbers == ["second"]


def hand_over(world: BooksWorld, queue: str, message: Any) -> None:
    door = jobs.jobs if queue == "jobs" else jobs.poll_steps
    door(world.engine, queue, [jobs.Message(body=message.body, receipt=message.receipt)])
    world.queue.acknowledge(queue, [message.receipt])


# ---------------------------------------------------------------------------------------------- whose they are


def test_two_companies_in_one_array_each_get_their_own(world: BooksWorld) -> None:
    ours = world.bill(world.vendor("Northwind"), "10.00")
    theirs = world.bill(world.vendor("Southwind", "rival"), "77.00", tenant="rival")
    assert ours == theirs, "ids are the companies' own"
    assert sent(world, event(ours), event(theirs, realm=REALMS["rival"])) == 200
    assert [body["lines"][0]["amount"] for body in world.sheets("bill", "acme").values()] == ["10.00"]  # type: ignore[index]
    assert [body["lines"][0]["amount"] for body in world.sheets("bill", "rival").values()] == ["77.00"]  # type: ignore[index]


def test_one_company_that_is_in_trouble_holds_up_no_other(world: BooksWorld) -> None:
    ours = world.bill(world.vendor("Northwind"), "10.00")
    theirs = world.bill(world.vendor("Southwind", "rival"), "77.00", tenant="rival")
    world.books.backstage_lock_out(REALM)
    assert sent(world, event(ours), event(theirs, realm=REALMS["rival"])) == 200
    assert set(world.sheets("bill", "rival")) == {theirs}
    assert world.sheets("bill", "acme") == {}


def test_a_company_of_nobody_is_taken_and_let_be(world: BooksWorld) -> None:
    before = world.reads()
    assert sent(world, event("1", realm="555000111")) == 200
    assert world.reads() == before
    assert world.metrics.total("HooksOfNobody", system=SYSTEM) == 1
    assert world.notices.published == []


def test_an_app_speaks_only_for_the_companies_that_were_connected_with_it(world: BooksWorld) -> None:
    bill = world.bill(world.vendor("Northwind"), "10.00")
    verifiers.enter(world.engine, SYSTEM, Verifier("production", "other-app", "another-verifier-token"))
    about = Item(*setups.about_key("acme", "books"), body={"client": "other-app"})
    world.store.write([Put(about, guarded=False)])
    before = world.reads()
    sent(world, event(bill))
    assert world.reads() == before, "signed for another app than the company's own"
    world.books.webhooks.verifier = "another-verifier-token"
    sent(world, event(bill))
    assert set(world.sheets("bill")) == {bill}


def test_what_a_sandbox_app_signs_reaches_no_company_in_production(world: BooksWorld) -> None:
    bill = world.bill(world.vendor("Northwind"), "10.00")
    verifiers.enter(world.engine, SYSTEM, Verifier("sandbox", APP["client_id"], "verifier-of-the-sandbox"))
    world.books.webhooks.verifier = "verifier-of-the-sandbox"
    before = world.reads()
    assert sent(world, event(bill)) == 200
    assert world.reads() == before


def test_a_paused_flow_reads_nothing_and_finds_it_when_it_goes_on(world: BooksWorld) -> None:
    bill = world.bill(world.vendor("Northwind"), "10.00")
    setup = world.open("acme", FLOW).setup
    world.store.write([setups.flow_put(replace(setup, state="paused"))])
    before = world.reads()
    world.deliver()
    assert world.reads() == before
    setup = world.open("acme", FLOW).setup
    world.store.write([setups.flow_put(replace(setup, state="live"))])
    runs.start(world.engine, world.open("acme", FLOW))
    world.until_quiet()
    assert set(world.sheets("bill")) == {bill}


# ---------------------------------------------------------------------------------------------- unknown shapes


def odd_ones(world: BooksWorld) -> list[Json]:
    return [item.body for item in world.store.all_items() if item.sk.startswith("ODD#")]


def test_an_unknown_shape_is_kept_counted_and_told_once_and_the_rest_goes_on(world: BooksWorld) -> None:
    bill = world.bill(world.vendor("Northwind"), "10.00")
    strange = event("9", type="qbo.bill.updated.v2")
    for _ in range(3):
        assert sent(world, strange, event(bill)) == 200
    assert sent(world, strange) == 200

    assert set(world.sheets("bill")) == {bill}
    assert [odd["why"] for odd in odd_ones(world)] == [["an event of the type qbo.bill.updated.v2"]] * 2
    assert world.metrics.total("OddHooks", system=SYSTEM) == 2
    (notice,) = world.notices.published
    assert "qbo.bill.updated.v2" in notice[1]
    assert "What to do" in notice[1]


@pytest.mark.parametrize("body", [b"", b"{}", b"\xff\xfe\x00", b'{"eventNotifications": 7}', b"[" * 90_000, b'["x"]'])
def test_a_signed_body_that_nobody_understands_is_set_aside_without_a_loop(world: BooksWorld, body: bytes) -> None:
    assert world.hook(body) == 200
    world.until_quiet()
    assert len(odd_ones(world)) == 1
    assert all(world.queue.counts(queue).waiting == 0 for queue in world.queue.queues())


def test_a_body_that_no_message_holds_is_set_aside_at_the_door(world: BooksWorld) -> None:
    body = json.dumps([event(str(n)) for n in range(2000)]).encode()
    assert len(body) > 180_000
    assert world.hook(body) == 200
    (odd,) = odd_ones(world)
    assert "more than" in str(odd["why"])
    assert len(str(odd["text"])) <= 4000


def test_hundreds_of_deletions_of_what_we_never_knew_fit_into_messages_and_cost_no_read(world: BooksWorld) -> None:
    events = [event(str(n), what="bill.deleted") for n in range(700)]
    body = json.dumps(events).encode()
    assert len(body) < 180_000
    before = world.reads()
    assert world.hook(body) == 200
    world.until_quiet()
    assert odd_ones(world) == []
    assert world.reads() == before


# ---------------------------------------------------------------------------------------------- verifiers


def test_while_a_verifier_is_changed_both_are_taken_and_a_day_later_one(world: BooksWorld) -> None:
    body = json.dumps([event("1")]).encode()
    old = world.books.webhooks.sign(body)
    verifiers.enter(world.engine, SYSTEM, Verifier("production", APP["client_id"], "the-next-verifier-token"))
    assert world.hook(body, old) == 200
    world.books.webhooks.verifier = "the-next-verifier-token"
    assert world.hook(body) == 200
    world.clock.advance(24 * 3600 + 60)
    assert world.hook(body, old) == 401
    assert world.hook(body) == 200


def test_entering_the_same_verifier_again_changes_nothing(world: BooksWorld) -> None:
    before = world.store.all_items()
    verifiers.enter(world.engine, SYSTEM, Verifier("production", APP["client_id"], VERIFIER))
    assert world.store.all_items() == before


def test_a_verifier_lies_sealed_and_a_container_opens_it_once_a_minute(world: BooksWorld) -> None:
    stored = "".join(f"{item.body}{item.blob!r}" for item in world.store.all_items())
    assert VERIFIER not in stored
    assert base64.b64encode(VERIFIER.encode()).decode() not in stored
    assert VERIFIER not in repr(world.engine.verifiers)
    opened: list[object] = []
    world.vault.before = lambda effect: opened.append(effect) if effect.operation == "unseal" else None
    for _ in range(20):
        world.hook(b"[]", {"intuit-signature": "forged"})
    assert len(opened) <= 1
