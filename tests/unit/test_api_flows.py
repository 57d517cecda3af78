"""Flows over the API: start, pause, resume, run; quiet; the report; pings."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.engine import runs
from chalicelib.engine import setup as setups
from chalicelib.engine.records import Company
from chalicelib.entry import ping
from tests.unit.api_world import FLOW, ApiWorld, config, restart_jobs


@pytest.fixture
def world() -> ApiWorld:
    world = ApiWorld()
    world.set_up()
    return world


def _latest(world: ApiWorld) -> dict[str, Any]:
    return world.call("GET", f"/flows/{FLOW}/runs/latest").body


# ---------------------------------------------------------------------------------------------- start, pause, resume


def test_a_start_makes_the_flow_live_and_has_the_rehearsed_decided_again(world: ApiWorld) -> None:
    answer = world.call("POST", f"/flows/{FLOW}/start")
    assert (answer.status, answer.body["state"]) == (200, "live")
    assert world.flow().started_at
    assert restart_jobs(world.work()) == [FLOW]
    assert world.call("POST", f"/flows/{FLOW}/start").status == 409


def test_a_flow_goes_live_only_when_both_companies_are_known() -> None:
    world = ApiWorld()
    world.call("POST", "/apply", {"config": config()})
    for _ in world.messages():
        continue  # the pings that followed the apply got lost
    answer = world.call("POST", f"/flows/{FLOW}/start")
    assert (answer.status, answer.body["state"]) == (202, "rehearsing")
    assert sorted(answer.body["pings"]) == ["books", "purchasing"]
    jobs = world.work()
    assert (world.flow().state, restart_jobs(jobs)) == ("live", [FLOW])


def test_a_flow_does_not_go_live_into_another_company_than_the_file_names() -> None:
    world = ApiWorld()
    wanted = config()
    wanted["connections"]["books"]["company"] = "Acme Books Europe"
    world.call("POST", "/apply", {"config": wanted})
    answer = world.call("POST", f"/flows/{FLOW}/start").body
    world.work()
    assert world.flow().state == "rehearsing"
    told = world.call("GET", f"/connections/books/ping/{answer['pings']['books']}").body
    assert (told["ok"], told["company"]["name"]) == (False, "Acme Books")
    assert "Acme Books Europe" in told["message"]


def test_a_pause_remembers_what_it_interrupted(world: ApiWorld) -> None:
    assert world.call("POST", f"/flows/{FLOW}/pause").body["state"] == "paused"
    assert world.call("POST", f"/flows/{FLOW}/sync").status == 409
    assert world.call("POST", f"/flows/{FLOW}/start").status == 409
    assert world.call("POST", f"/flows/{FLOW}/pause").status == 409
    assert world.call("POST", f"/flows/{FLOW}/resume").body["state"] == "rehearsing"
    assert restart_jobs(world.work()) == [FLOW]
    assert world.call("POST", f"/flows/{FLOW}/resume").status == 409


def test_only_a_flow_that_was_not_started_rehearses(world: ApiWorld) -> None:
    assert world.call("POST", f"/flows/{FLOW}/rehearse").status == 202
    world.call("POST", f"/flows/{FLOW}/start")
    assert world.call("POST", f"/flows/{FLOW}/rehearse").status == 409


# ---------------------------------------------------------------------------------------------- runs


def test_a_sync_begins_a_run_and_a_second_wish_is_the_same_run(world: ApiWorld) -> None:
    first = world.call("POST", f"/flows/{FLOW}/sync")
    again = world.call("POST", f"/flows/{FLOW}/sync", {"full": False})
    assert (first.status, first.body) == (202, again.body)
    assert _latest(world)["state"] == "running"
    assert len(list(world.messages("poll"))) == 1


def test_a_flow_is_quiet_when_its_run_is_over_and_nothing_of_it_is_due(world: ApiWorld) -> None:
    assert _latest(world)["quiet"] is False  # it never ran
    run = world.call("POST", f"/flows/{FLOW}/sync").body["run"]
    setup = world.flow()
    runs.finish(world.engine, setup, run)
    assert _latest(world)["quiet"] is True
    now = world.clock.now()
    world.record("1", due=("b", (now + timedelta(minutes=5)).isoformat()))
    assert (_latest(world)["quiet"], _latest(world)["busy"]) == (False, 1)


def test_a_record_that_waits_for_its_time_does_not_keep_a_flow_from_being_quiet(world: ApiWorld) -> None:
    run = world.call("POST", f"/flows/{FLOW}/sync").body["run"]
    runs.finish(world.engine, world.flow(), run, trouble="the vendor is down")
    now = world.clock.now()
    world.record("1", due=("a", (now + timedelta(minutes=10)).isoformat()))
    latest = _latest(world)
    assert (latest["quiet"], latest["waiting"], latest["trouble"]) == (True, 1, "the vendor is down")
    world.record("2", due=("a", (now + timedelta(minutes=1)).isoformat()))
    assert _latest(world)["quiet"] is False


# ---------------------------------------------------------------------------------------------- the report


def test_the_report_counts_records_and_amounts_by_what_they_would_come_to(world: ApiWorld) -> None:
    world.record("1", state="rehearsed", plan={"action": "create", "why": ""}, amount="10.00")
    world.record("2", state="rehearsed", plan={"action": "create", "why": ""}, amount="0.50")
    world.record("3", state="rehearsed", plan={"action": "update", "why": ""}, amount="7")
    world.record("4", state="not_moved", amount="100.00")
    world.held("5", amount="3.30")
    world.record("v1", move="vendor", state="rehearsed", plan={"action": "link", "why": ""})
    shown = world.call("GET", f"/flows/{FLOW}").body
    bills = shown["report"]["bill"]
    assert bills["create"] == {"count": 2, "amounts": {"USD": "10.50"}}
    assert (bills["update"]["count"], bills["hold"]["amounts"], bills["not_moved"]["count"]) == (1, {"USD": "3.30"}, 1)
    assert shown["report"]["vendor"]["link"] == {"count": 1, "amounts": {}}
    assert shown["counts"]["bill"]["rehearsed"] == {"count": 3, "amounts": {"USD": "17.50"}}


def test_a_live_runs_report_uses_the_words_of_the_rehearsal_before_it(world: ApiWorld) -> None:
    for n, action in enumerate(("created", "updated", "linked", "adopted", "unchanged")):
        world.record(str(n), state="done", outcome={"action": action}, amount="1.00")
    bills = world.call("GET", f"/flows/{FLOW}").body["report"]["bill"]
    assert {word: bills[word]["count"] for word in ("create", "update", "link", "unchanged", "waiting")} == {
        "create": 1, "update": 1, "link": 2, "unchanged": 1, "waiting": 0,
    }  # fmt: skip


# ---------------------------------------------------------------------------------------------- pings


def _ping(world: ApiWorld, name: str = "books") -> dict[str, Any]:
    asked = world.call("POST", f"/connections/{name}/ping")
    path = f"/connections/{name}/ping/{asked.body['id']}"
    assert (asked.status, world.call("GET", path).body["state"]) == (202, "queued")
    world.work()
    return world.call("GET", path).body


def test_a_ping_tells_whose_company_it_is(world: ApiWorld) -> None:
    told = _ping(world)
    assert (told["state"], told["ok"], told["company"]) == ("done", True, {"id": "9130", "name": "Acme Books"})
    assert told["latency_ms"] >= 0


def test_a_ping_with_wrong_credentials_says_what_to_do_and_stops_the_connection(world: ApiWorld) -> None:
    wanted = config()
    wanted["connections"]["books"]["credentials"]["client_secret"] = "wrong"
    world.call("POST", "/apply", {"config": wanted})
    told = _ping(world)
    assert (told["ok"], told["fix"]) == (False, "Enter the right one.")
    health = world.call("GET", "/connections").body["items"][0]["health"]
    assert health["state"] == "locked_out"
    world.call("POST", "/apply", {"config": config()})
    assert _ping(world)["ok"] is True
    assert world.call("GET", "/connections").body["items"][0]["health"]["state"] == "ok"


def test_a_ping_that_leads_elsewhere_is_refused_and_the_pin_stays(world: ApiWorld) -> None:
    world.outside.companies["9130"] = Company("666", "Somebody Else")
    told = _ping(world)
    assert (told["ok"], told["company"]["id"]) == (False, "666")
    pinned = setups.connections(world.store, "acme")["books"][0].pinned
    assert pinned == Company("9130", "Acme Books")


def test_a_ping_that_works_lets_go_what_was_held_for_the_connection(world: ApiWorld) -> None:
    world.held("1", "wrong_company", "connection books", waits_for=["connection:books"])
    world.held("2")
    locked = setups.Health(state="locked_out", message="no", fix="yes", until="2099-01-01T00:00:00+00:00")
    setups.save_health(world.store, world.clock, "acme", "books", locked)
    _ping(world)
    assert (world.head("1").state, world.head("2").state) == ("waiting", "held")


def test_a_ping_done_twice_and_one_for_a_connection_that_is_gone_do_no_harm(world: ApiWorld) -> None:
    asked = world.call("POST", "/connections/books/ping").body
    jobs = list(world.messages())
    ping.run(world.engine, jobs[0])
    ping.run(world.engine, jobs[0])
    ping.run(world.engine, {**jobs[0], "connection": "gone"})
    assert world.call("GET", f"/connections/books/ping/{asked['id']}").body["ok"] is True


def test_a_ping_belongs_to_its_connection_and_tenant(world: ApiWorld) -> None:
    asked = world.call("POST", "/connections/books/ping").body
    assert world.call("GET", f"/connections/purchasing/ping/{asked['id']}").status == 404
    assert world.call("GET", f"/connections/books/ping/{asked['id']}", key=world.keys["rival"]).status == 404
