"""People are told once of what needs them, and every morning of what happened."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from werkzeug.wrappers import Request, Response

from chalicelib.engine import digest as digests
from chalicelib.engine.notices import LONGEST_TEXT, MOST_TRIES, Settings, marked_up
from chalicelib.entry import jobs
from simulator.company import FLOW
from simulator.memory.watch import Effect
from simulator.world import Died, World
from tests.flows.customer import Customer

HOOK = "https://hooks.example.com"


class Hook:
    """A customer's incoming webhook."""

    def __init__(self, world: World, host: str = HOOK) -> None:
        self.status, self.headers = 200, dict[str, str]()
        self.calls = 0
        self.texts: list[str] = []
        world.http.routes[host] = self

    def __call__(self, environ: Any, start: Any) -> Iterable[bytes]:
        self.calls += 1
        if self.status == 200:
            self.texts.append(json.loads(Request(environ).get_data())["text"])
        return Response("ok", status=self.status, headers=self.headers)(environ, start)


def with_hook(customer: Customer, **notices: str) -> Hook:
    customer.call("POST", "/apply", {"config": {"notices": {"webhook": f"{HOOK}/services/T1/B2/secret", **notices}}})
    return Hook(customer.world)


def minutes(world: World, count: int) -> None:
    for _ in range(count):
        world.clock.advance(60)
        jobs.tick(world.engine)
        worked_off(world)


def worked_off(world: World) -> None:
    world.handle_one()
    while world._handled:
        world.handle_one()


def told(world: World, word: str) -> list[str]:
    return [f"{subject}\n{text}" for subject, text in world.notices.published if word in f"{subject}\n{text}"]


# ---------------------------------------------------------------------------------------------- causes


def test_five_hundred_records_of_one_cause_are_one_notice_to_the_topic_and_one_to_the_webhook() -> None:
    customer = Customer()
    hook = with_hook(customer)
    vendor = customer.company.vendor("Northwind Paper Co")
    for _ in range(500):
        customer.company.bill(vendor, "1.00", account="7010")
    customer.run()
    assert len(customer.world.notices.published) == 1
    assert len(hook.texts) == 1
    assert "7010" in hook.texts[0]
    assert "What to do: Map it" in hook.texts[0]


def test_a_cause_that_persists_is_not_told_again_and_one_that_comes_back_is() -> None:
    customer = Customer()
    company, world = customer.company, customer.world
    vendor = company.vendor("Northwind Paper Co")
    company.bill(vendor, account="7010")
    for _ in range(3):
        customer.run()
        world.clock.advance(5 * 24 * 3600)
    assert len(told(world, "7010")) == 1
    customer.apply_flow(mappings={"account": {"7010": "6010"}})
    world.until_quiet()
    customer.run()
    customer.apply_flow(mappings={"account": {"7010": None}})
    company.bill(vendor, account="7010")
    customer.run()
    customer.run()
    assert len(told(world, "7010")) == 2


def test_a_held_vendor_and_the_bills_that_wait_for_it_are_one_notice() -> None:
    customer = Customer()
    vendor = customer.company.vendor("Nobody Knows Ltd", in_books=False)
    for _ in range(5):
        customer.company.bill(vendor)
    for _ in range(3):
        customer.run()
    assert len(customer.world.notices.published) == 1
    assert "vendor_unmatched" in customer.world.notices.published[0][0]


def test_bills_whose_vendor_will_never_come_are_told_by_themselves() -> None:
    customer = Customer()
    company, world = customer.company, customer.world
    vendor = company.vendor("Nobody Knows Ltd", in_books=False)
    company.bill(vendor)
    customer.run()
    customer.call("POST", customer.record(str(vendor["id"]), "vendor") + "/resolve", {"action": "dismiss"})
    world.until_quiet()
    customer.run()
    assert len(told(world, "waits_for_vendor")) == 1


def test_a_notice_survives_a_crash_at_any_effect() -> None:
    for when in ("before", "after"):
        nth = 0
        while True:
            nth += 1
            customer = Customer()
            world = customer.world
            customer.company.bill(customer.company.vendor("Northwind"), account="7010")
            seen = 0

            def hook(effect: Effect, nth: int = nth) -> None:
                nonlocal seen
                seen += effect.changes
                if effect.changes and seen == nth:
                    raise Died

            for port in (world.store, world.queue, world.notices):
                setattr(port, when, hook)
            customer.run()
            reached = seen >= nth
            customer.run()
            for _ in range(10):
                world.clock.advance(60)
                world._survives(lambda world=world: jobs.tick(world.engine))
                world.until_quiet()
            # Right between the topic's taking it and our noting that it did, nobody can know: then it is told twice.
            assert 1 <= len(told(world, "7010")) <= 1 + (when == "after" or nth > 1), (when, nth)
            if not reached:
                break
        assert nth > 10


# ---------------------------------------------------------------------------------------------- connections


def test_a_connection_is_told_when_it_needs_a_person_and_once_when_it_works_again() -> None:
    customer = Customer()
    company, world = customer.company, customer.world
    hook = with_hook(customer)
    company.bill(company.vendor("Northwind"))
    company.procurify.backstage_set_credentials("procurify-app", "changed")
    for _ in range(4):
        customer.run()
    assert len(told(world, "procurify (acme) needs you")) == 1
    assert told(world, "works again") == []
    company.procurify.backstage_set_credentials("procurify-app", "procurify-app-secret")
    for _ in range(4):
        customer.run()
    assert len(told(world, "procurify (acme) works again")) == 1
    assert [text.split("\n")[0] for text in hook.texts] == [
        "*procurify (acme) needs you*",
        "*procurify (acme) works again*",
    ]


# ---------------------------------------------------------------------------------------------- the webhook


def test_a_webhook_gets_nothing_of_another_customer() -> None:
    acme = Customer()
    rival = Customer(tenant="zenith", realm="9130002", world=acme.world)
    ours = with_hook(acme)
    rival.call("POST", "/apply", {"config": {"notices": {"webhook": "https://hooks.zenith.example/x"}}})
    theirs = Hook(acme.world, "https://hooks.zenith.example")
    acme.company.bill(acme.company.vendor("Northwind"), account="7010")
    rival.company.bill(rival.company.vendor("Southwind", in_books=False))
    acme.run()
    rival.run()
    assert len(ours.texts) == len(theirs.texts) == 1
    assert ("7010" in ours.texts[0], "Southwind" in ours.texts[0], "zenith" in ours.texts[0]) == (True, False, False)
    assert ("Southwind" in theirs.texts[0], "acme" in theirs.texts[0]) == (True, False)


def test_a_dead_webhook_holds_up_no_record_is_told_once_by_the_topic_and_shown_in_the_status() -> None:
    customer = Customer()
    company, world = customer.company, customer.world
    hook = with_hook(customer)
    hook.status = 404
    vendor = company.vendor("Northwind")
    company.bill(vendor, account="7010")
    fine = company.bill(vendor)
    customer.run()
    company.assert_once([fine])
    minutes(world, 400)
    assert hook.calls == MOST_TRIES
    assert len(told(world, "7010")) == 1
    (alarm,) = told(world, "webhook for notices of acme does not work")
    assert "404" in alarm
    shown = customer.call("GET", "/status")["notices"]["webhook"]
    assert (shown["state"], shown["message"]) == ("failing", "The webhook answered 404.")
    assert "notices.webhook" in shown["fix"]
    assert "secret" not in json.dumps(customer.call("GET", "/status")) + str(world.notices.published)
    hook.status = 200
    company.bill(vendor, account="7777")
    customer.run()
    assert len(hook.texts) == 1
    assert customer.call("GET", "/status")["notices"]["webhook"]["state"] == "set"


def test_a_webhook_that_asks_us_to_wait_is_not_called_before() -> None:
    customer = Customer()
    hook = with_hook(customer)
    hook.status, hook.headers = 429, {"Retry-After": "1800"}
    customer.company.bill(customer.company.vendor("Northwind"), account="7010")
    customer.run()
    hook.status = 200
    minutes(customer.world, 29)
    assert (hook.calls, hook.texts) == (1, [])
    minutes(customer.world, 10)
    assert (hook.calls, len(hook.texts)) == (2, 1)
    assert customer.call("GET", "/status")["notices"]["webhook"]["state"] == "set"


@pytest.mark.parametrize("status", [200, 503])
def test_a_repeated_message_sends_a_notice_once_and_no_sooner(status: int) -> None:
    customer = Customer()
    world, hook = customer.world, with_hook(customer)
    hook.status = status
    customer.company.bill(customer.company.vendor("Northwind"), account="7010")

    def again(effect: Effect) -> None:
        if effect.operation == "send" and effect.keys[0] == "jobs" and len(world.queue.log) < 500:
            world.queue.after = None
            for _ in range(3):
                world.queue.send("jobs", list(effect.keys[1:]), group="acme")
            world.queue.after = again

    world.queue.after = again
    customer.run()
    assert hook.calls == 1
    hook.status = 200
    minutes(world, 20)
    assert (len(world.notices.published), len(hook.texts)) == (1, 1)


def test_what_slack_would_take_for_markup_is_escaped_and_a_long_text_is_cut() -> None:
    assert marked_up("a & b", "<!channel> 1 > 0") == "*a &amp; b*\n&lt;!channel&gt; 1 &gt; 0"
    for text in ("&" * 9000, "x" * 9000, "a<b>&" * 1500, "x" * LONGEST_TEXT):
        shown = marked_up("s", text)
        assert LONGEST_TEXT - 10 < len(shown) <= LONGEST_TEXT
        assert shown.endswith("…")
        assert "&am…" not in shown


def test_a_test_notice_says_what_came_of_it() -> None:
    customer = Customer()
    world = customer.world

    def came() -> dict[str, Any]:
        errand = customer.call("POST", "/notices/test")["id"]
        worked_off(world)
        answer: dict[str, Any] = customer.call("GET", f"/notices/test/{errand}")
        return answer

    alone = came()
    assert (alone["ok"], alone["webhook"]["message"]) == (True, "No webhook is set.")
    hook = with_hook(customer)
    assert came()["webhook"] == {"ok": True, "message": "The webhook took it.", "fix": ""}
    assert len(hook.texts) == 1
    hook.status = 410
    failed = came()
    assert (failed["ok"], failed["topic"]["ok"]) == (False, True)
    assert (failed["webhook"]["message"], bool(failed["webhook"]["fix"])) == ("The webhook answered 410.", True)
    assert len(told(world, "test notice")) == 3


# ---------------------------------------------------------------------------------------------- the digest

DIGEST = {"digest": "07:30", "zone": "America/Vancouver"}


def digest(world: World) -> list[str]:
    return [text for subject, text in world.notices.published if "daily digest" in subject]


def test_the_digest_says_what_moved_what_is_held_and_what_is_in_trouble() -> None:
    customer = Customer()
    company, world = customer.company, customer.world
    hook = with_hook(customer, **DIGEST)
    vendor = company.vendor("Northwind")
    for amount in ("100.00", "1200.50"):
        company.bill(vendor, amount)
    company.bill(vendor, "7.00", account="7010")
    company.bill(vendor, "8.00", account="7010")
    customer.run()
    company.procurify.backstage_set_credentials("procurify-app", "changed")
    company.procurify.expire_tokens()
    customer.run()
    world.clock.advance(to=datetime(2026, 3, 2, 15, 20, tzinfo=UTC))
    minutes(world, 30)
    (text,) = digest(world)
    assert f"- {FLOW}, bill: 2 created, 1,300.50 USD" in text
    assert f"- {FLOW}, vendor: 1 linked" in text
    assert f"- {FLOW}: 2 by mapping_missing (account 7010), 15.00 USD. bookkeeper: Map it" in text
    assert "Connections in trouble:\n- procurify: " in text
    assert "Runs that stopped:\n- " in text
    assert any("daily digest of 2026-03-02" in said for said in hook.texts)


def test_a_digest_with_nothing_to_say_is_one_line_and_what_was_told_is_not_told_again() -> None:
    customer = Customer()
    world = customer.world
    with_hook(customer, **DIGEST)
    customer.company.bill(customer.company.vendor("Northwind"))
    customer.run()
    world.clock.advance(to=datetime(2026, 3, 2, 15, 29, tzinfo=UTC))
    minutes(world, 5)
    world.clock.advance(to=datetime(2026, 3, 3, 15, 29, tzinfo=UTC))
    minutes(world, 5)
    first, second = digest(world)
    assert "bill: 1 created" in first
    assert second == "Nothing moved, nothing is held, everything works."


def test_two_ticks_and_repeated_jobs_are_one_digest_and_a_lost_message_only_delays_it() -> None:
    customer = Customer()
    world = customer.world
    with_hook(customer, **DIGEST)
    world.clock.advance(to=datetime(2026, 3, 2, 15, 30, tzinfo=UTC))
    jobs.tick(world.engine)
    jobs.tick(world.engine)
    received = world.queue.receive("jobs", 1)
    assert len(received) == 1
    assert world.queue.receive("jobs", 1) == []
    world.queue.acknowledge("jobs", [received[0].receipt])  # lost
    minutes(world, 6)
    assert len(digest(world)) == 1
    world.queue.send("jobs", [received[0].body] * 3, group="acme")
    minutes(world, 6)
    assert len(digest(world)) == 1


def test_a_rival_that_has_just_told_the_digest_leaves_nothing_to_tell() -> None:
    customer = Customer()
    world = customer.world
    with_hook(customer, **DIGEST)
    world.clock.advance(to=datetime(2026, 3, 2, 15, 30, tzinfo=UTC))
    jobs.tick(world.engine)
    (message,) = world.queue.receive("jobs", 1)
    batch = [jobs.Message(body=message.body, receipt=message.receipt)]

    def rival(effect: Effect) -> None:
        if effect.operation == "write":
            world.store.before = None
            jobs.jobs(world.engine, "jobs", batch)

    world.store.before = rival
    jobs.jobs(world.engine, "jobs", batch)
    world.queue.acknowledge("jobs", [message.receipt])
    minutes(world, 10)
    assert len(digest(world)) == 1


def test_a_digest_costs_one_write_per_batch_and_nothing_where_there_is_none() -> None:
    def writes(*, wanted: bool) -> int:
        customer = Customer()
        if wanted:
            with_hook(customer, **DIGEST)
        vendor = customer.company.vendor("Northwind")
        for n in range(40):
            customer.company.bill(vendor, f"{n + 1}.00")
        customer.run()
        return sum(
            any(pk == "C#acme" for pk, _ in effect.keys)
            for effect in customer.world.store.log
            if effect.operation == "write"
        )

    assert writes(wanted=False) == 0
    assert 1 <= writes(wanted=True) <= 8


@pytest.mark.parametrize(
    ("at", "zone", "after", "moment"),
    [
        ("07:30", "America/Vancouver", "2026-01-10T00:00", "2026-01-10T15:30"),
        ("07:30", "America/Vancouver", "2026-01-10T15:30", "2026-01-11T15:30"),
        ("07:30", "America/Vancouver", "2026-03-07T15:30", "2026-03-08T14:30"),  # the clocks went forward at night
        ("07:30", "America/Vancouver", "2026-10-31T14:30", "2026-11-01T15:30"),  # and back
        ("02:30", "America/Vancouver", "2026-03-07T10:30", "2026-03-08T10:30"),  # 02:30 does not exist: 03:30
        ("01:30", "America/Vancouver", "2026-10-31T08:30", "2026-11-01T08:30"),  # 01:30 comes twice: the first
        ("01:30", "America/Vancouver", "2026-11-01T08:30", "2026-11-02T09:30"),  # and not the second
        ("00:15", "Pacific/Kiritimati", "2026-05-01T10:15", "2026-05-02T10:15"),
        ("12:00", "UTC", "2026-05-01T11:59", "2026-05-01T12:00"),
    ],
)
def test_the_digest_comes_once_a_day_whatever_the_clocks_do(at: str, zone: str, after: str, moment: str) -> None:
    settings = Settings("acme", digest=at, zone=zone)
    following = digests.next_moment(settings, datetime.fromisoformat(after).replace(tzinfo=UTC))
    assert following == datetime.fromisoformat(moment).replace(tzinfo=UTC)


def test_a_year_has_as_many_digests_as_days() -> None:
    for at in ("00:00", "01:30", "02:30", "07:30", "23:59"):
        settings = Settings("acme", digest=at, zone="America/Vancouver")
        moment = datetime(2026, 1, 1, 8, tzinfo=UTC) - timedelta(seconds=1)
        count = 0
        while (moment := digests.next_moment(settings, moment)) < datetime(2027, 1, 1, 8, tzinfo=UTC):
            count += 1
        assert count == 365, at
