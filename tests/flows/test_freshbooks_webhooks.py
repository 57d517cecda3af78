"""FreshBooks tells of changes as they happen: its webhooks are made, proven, kept working, and believed only so far."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.engine.ports import Delete
from chalicelib.entry import hooks, oauth
from tests.freshbooks_world import FLOW, SERVICE, SYSTEM, FreshBooksWorld
from tests.unit.systems.freshbooks_desk import a_bill, a_vendor, member, paid

OTHER = "7Cother"
EVENTS = sorted(f"{noun}.{verb}" for noun in ("bill", "bill_vendor") for verb in ("create", "update", "delete"))
BILLS = "bills/bills"


def connected(*, shaken: bool = True) -> FreshBooksWorld:
    world = FreshBooksWorld({"acme": "6BApk"})
    world.books.on_callback = world.at_once() if shaken else None
    world.consent()
    world.until_quiet()
    return world


def token(world: FreshBooksWorld) -> str:
    (made, *_) = world.books.callbacks.values()
    return str(made["uri"]).split("/")[-2]


# ---------------------------------------------------------------------------------------------- made and proven


def test_every_webhook_is_made_once_and_proven_though_the_handshake_comes_before_the_answer() -> None:
    world = connected()
    assert world.verified() == EVENTS
    assert {str(made["uri"]).rsplit("/", 1)[1] for made in world.books.callbacks.values()} == {"bill", "bill_vendor"}
    assert all(str(made["uri"]).startswith(f"{SERVICE}/hooks/freshbooks/") for made in world.books.callbacks.values())
    assert len(token(world)) >= 22 and "?" not in str(world.books.callbacks)


def test_a_handshake_that_comes_late_is_as_good() -> None:
    world = connected(shaken=False)
    assert world.verified() == []
    assert [world.shake(id_) for id_ in world.books.callbacks] == [200] * 6
    world.until_quiet()
    assert world.verified() == EVENTS


def test_an_event_that_freshbooks_does_not_offer_is_not_asked_for_every_day() -> None:
    world = connected()
    asked = len([one for one in world.books.calls("POST") if "callbacks" in one])
    assert asked == 9, "six are offered, and three are not"
    world.a_day()
    assert len([one for one in world.books.calls("POST") if "callbacks" in one]) == asked


def test_secrets_of_webhooks_lie_nowhere_in_the_clear() -> None:
    world = connected(shaken=False)
    for id_ in world.books.callbacks:
        world.shake(id_)
    waiting = str([(item.pk, item.sk, item.body, item.blob) for item in world.store.all_items()])
    queued = str([world.queue.bodies(queue) for queue in world.queue.queues()])
    world.until_quiet()
    kept = str([(item.pk, item.sk, item.body, item.blob) for item in world.store.all_items()])
    for verifier in world.books.verifiers.values():
        assert verifier not in waiting and verifier not in queued and verifier not in kept


def test_a_forged_handshake_changes_nothing_and_hides_no_true_one() -> None:
    world = connected(shaken=False)
    first = next(iter(world.books.callbacks))
    assert world.shake(first, verifier="forged") == 200
    assert world.shake(first) == 200
    assert world.shake(first, verifier="forged-too") == 200
    world.until_quiet()
    assert world.verified() == [str(world.books.callbacks[first]["event"])]
    world.books.tables[BILLS]["1"] = a_bill(1)
    event = str(world.books.callbacks[first]["event"])
    assert world.tell(event, "1", by="forged") == [401]
    assert world.tell(event, "1") == [200]
    assert world.metrics.total("ForgedHooks") == 3


# ---------------------------------------------------------------------------------------------- believed


def test_a_bill_that_changes_is_copied_at_once() -> None:
    world = connected()
    world.cycle("acme", FLOW)
    world.books.tables["bill_vendors/bill_vendors"]["5"] = a_vendor(5)
    world.books.tables[BILLS]["1"] = a_bill(1)
    assert world.tell("bill.create", "1") == [200]
    world.until_quiet()
    assert world.sheets("bill")["1"]["number"] == "B-1"
    for number in ("B-1a", "B-1b"):  # two changes look the same on the wire: neither hides the other
        world.books.tables[BILLS]["1"] = a_bill(1, bill_number=number)
        assert world.tell("bill.update", "1") == [200]
        world.until_quiet()
        assert world.sheets("bill")["1"]["number"] == number
    assert world.tell("bill_vendor.update", "5") == [200]
    world.until_quiet()
    assert set(world.sheets("vendor")) == {"5"}


def test_a_deletion_is_believed_only_as_far_as_the_record_says() -> None:
    world = connected()
    world.books.tables[BILLS] = {"1": a_bill(1), "2": a_bill(2)}
    world.cycle("acme", FLOW)
    world.books.tables[BILLS]["2"]["vis_state"] = 1
    for id_ in ("1", "2", "3"):
        assert world.tell("bill.delete", id_) == [200]
    world.until_quiet()
    assert set(world.sheets("bill")) == {"1"}


def test_a_lost_event_is_made_good_by_the_next_run() -> None:
    world = connected()
    world.cycle("acme", FLOW)
    world.books.tables[BILLS]["1"] = paid(a_bill(1), 7, "10.00", "27.50")
    world.cycle("acme", FLOW)
    assert world.sheets("bill_payment")["7"]["whole"] is False
    world.books.tables[BILLS]["1"] = paid(world.books.tables[BILLS]["1"], 8, "27.50", "0.00")
    world.cycle("acme", FLOW)
    assert world.sheets("bill_payment")["8"]["whole"] is True


def test_events_of_another_account_are_nobodys_even_well_signed() -> None:
    world = FreshBooksWorld({"acme": "6BApk", "other": OTHER})
    world.books.businesses = [member(), member(OTHER, name="Second Shop")]
    world.books.on_callback = world.at_once()
    world.consent()
    world.cycle("acme", FLOW)
    world.books.tables[BILLS]["1"] = a_bill(1)
    assert set(world.tell("bill.create", "1", account=OTHER)) == {200}
    world.until_quiet()
    assert not world.sheets("bill") and not world.sheets("bill", "other")
    assert world.metrics.total("HooksOfNobody") == 1


def test_a_delivery_signed_by_nobody_or_by_another_customers_secret_is_refused() -> None:
    world = FreshBooksWorld({"acme": "6BApk", "other": OTHER})
    world.books.on_callback = world.at_once()
    world.consent()
    world.books.person, world.books.businesses = "777", [member(OTHER, name="Second Shop")]
    world.consent("other")
    theirs = next(world.books.verifiers[id_] for id_, made in world.books.callbacks.items() if made["account"] == OTHER)
    fields = {"name": "bill.create", "object_id": "1", "account_id": "6BApk"}
    mine = next(str(made["uri"]) for made in world.books.callbacks.values() if made["account"] == "6BApk")
    for verifier in (theirs, "nobody's"):
        assert world.post(mine, fields, verifier) == 401
    assert world.queue.counts("jobs").waiting == 0


@pytest.mark.parametrize(
    ("system", "own", "status"),
    [
        (SYSTEM, ("A" * 30, "bill"), 401),
        (SYSTEM, ("short", "bill"), 401),
        (SYSTEM, ("A" * 30, "invoice"), 404),
        ("quickbooks_online", ("A" * 30, "bill"), 404),
        ("nobody", ("A" * 30, "bill"), 404),
        (SYSTEM, None, 404),
    ],
)
def test_an_address_that_is_nobodys_is_refused(system: str, own: Any, status: int) -> None:
    world = connected()
    body = b"name=callback.verify&object_id=1&verifier=abc"
    before = len(world.store.all_items())
    assert hooks.dispatch(world.engine, system, {}, body, own=own) == status
    assert len(world.store.all_items()) == before


def test_whatever_comes_to_the_door_it_answers() -> None:
    world = connected()
    for body in (b"", b"\xff" * 100, b"a=1&" * 3000, b"name=callback.verify&object_id=1&verifier=" + b"x" * 9000):
        assert hooks.dispatch(world.engine, SYSTEM, {}, body, own=(token(world), "bill")) == 401


# ---------------------------------------------------------------------------------------------- kept working


def test_a_webhook_that_somebody_deleted_is_made_again_the_next_day() -> None:
    world = connected()
    world.books.callbacks.pop(next(iter(world.books.callbacks)))
    world.a_day()
    assert world.verified() == EVENTS


def test_a_webhook_whose_secret_is_lost_is_made_anew() -> None:
    world = connected()
    lost = next(item for item in world.store.all_items() if item.sk.startswith("HOOK#"))
    before = set(world.books.callbacks)
    world.store.write([Delete(lost.pk, lost.sk)])
    world.a_day()
    assert world.verified() == EVENTS
    assert len(set(world.books.callbacks) - before) == 1


def test_doubled_webhooks_and_those_of_an_old_address_are_removed() -> None:
    world = connected()
    first = next(iter(world.books.callbacks.values()))
    old = str(first["uri"]).replace(SERVICE, "https://old.example/prod")
    world.books.callbacks |= {
        "7001": {**first, "callbackid": 7001},
        "7002": {**first, "callbackid": 7002, "uri": old},
        "7003": {**first, "callbackid": 7003, "uri": "https://somebody.else/hook"},
    }
    world.a_day()
    assert {"7001", "7002", "7003"} & set(world.books.callbacks) == {"7003"}, "another program's stays"
    assert len(world.books.callbacks) == 7


def test_a_handshake_that_never_comes_is_asked_for_three_times_and_then_told_once() -> None:
    world = connected(shaken=False)
    for _ in range(8):
        world.minutes(11)
    told = [text for subject, text in world.notices.published if "do not arrive" in subject]
    assert world.verified() == []
    assert {made.get("resent") for made in world.books.callbacks.values()} == {4}
    assert len(told) == 1 and "error" not in told[0].lower()
    world.a_day()
    for id_ in list(world.books.callbacks):
        world.shake(id_)
    world.until_quiet()
    assert world.verified() == EVENTS


def test_trouble_at_freshbooks_makes_no_second_set_of_webhooks() -> None:
    world = FreshBooksWorld({"acme": "6BApk"})
    world.books.on_callback = world.at_once()
    world.consent(confirm=False)
    world.http.lose_answers(3, operation="http")
    oauth.confirm(world.engine, "acme", "books", "6BApk")
    world.until_quiet()
    for _ in range(6):
        world.minutes(11)
    assert world.verified() == EVENTS and len(world.books.callbacks) == 6


def test_without_webhooks_everything_still_arrives() -> None:
    world = FreshBooksWorld({"acme": "6BApk"})
    world.books.offered = set()
    world.consent()
    world.books.tables[BILLS]["1"] = a_bill(1)
    world.cycle("acme", FLOW)
    assert set(world.sheets("bill")) == {"1"} and not world.books.callbacks
