"""Records over the API: lists, one record's story, replay and resolve, holds and status."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest

from chalicelib.engine import ledger
from chalicelib.engine import setup as setups
from chalicelib.engine.records import Json
from tests.unit.api_world import FLOW, ApiWorld


@pytest.fixture
def world() -> ApiWorld:
    world = ApiWorld()
    world.set_up()
    return world


def _path(source_id: str, rest: str = "", move: str = "bill") -> str:
    return f"/records/{quote(f'{FLOW}:{move}:{source_id}', safe='')}{rest}"


def _all(world: ApiWorld, **query: str) -> list[str]:
    found: list[str] = []
    cursor = ""
    for _ in range(200):
        page = world.call("GET", "/records", query={**query, **({"cursor": cursor} if cursor else {})})
        assert page.status == 200, page.body
        found += [record["source_id"] for record in page.body["items"]]
        cursor = page.body["cursor"] or ""
        if not cursor:
            return found
    raise AssertionError("a list without end")


# ---------------------------------------------------------------------------------------------- lists


def test_records_are_listed_newest_document_first_page_by_page_each_once(world: ApiWorld) -> None:
    for n in range(60):
        world.record(f"b{n:02d}", day=f"2026-{1 + n // 28:02d}-{1 + n % 28:02d}", amount="1.00")
    world.record("v1", move="vendor")
    listed = _all(world, limit="7")
    assert listed == [f"b{n:02d}" for n in reversed(range(60))] + ["v1"]
    assert _all(world, limit="200") == listed


def test_records_of_one_day_are_all_listed(world: ApiWorld) -> None:
    for n in range(40):
        world.record(f"b{n}", day="2026-02-02")
    assert sorted(_all(world, limit="3")) == sorted(f"b{n}" for n in range(40))


def test_records_are_filtered_by_move_state_and_text(world: ApiWorld) -> None:
    world.record("1", title="Bill 1 of Müller", state="done")
    world.record("2", title="Bill 2 of Smith", state="done")
    world.record("3", title="Bill 3 of MÜLLER  GmbH")
    world.record("v1", move="vendor", state="done")
    assert sorted(_all(world, q="müller")) == ["1", "3"]
    assert sorted(_all(world, q="müller", state="done")) == ["1"]
    assert _all(world, move="vendor") == ["v1"]
    assert sorted(_all(world, flow=FLOW, limit="1")) == ["1", "2", "3", "v1"]


def test_a_rare_state_among_many_records_is_found_over_several_pages(world: ApiWorld) -> None:
    for n in range(300):
        world.record(f"b{n:03d}", day="2026-02-02", state="refused" if n % 100 == 0 else "done")
    assert sorted(_all(world, state="refused", limit="2")) == ["b000", "b100", "b200"]


@pytest.mark.parametrize(
    "query",
    [{"limit": "0"}, {"limit": "201"}, {"limit": "ten"}, {"limit": "-1"}, {"state": "lost"}, {"move": "payment"},
     {"colour": "red"}, {"cursor": "zzz"}, {"cursor": "é"}, {"cursor": "eyJhIjoxfQ"}],
)  # fmt: skip
def test_a_query_that_does_not_fit_is_refused(world: ApiWorld, query: dict[str, str]) -> None:
    assert world.call("GET", "/records", query=query).status == 400


def test_a_cursor_belongs_to_its_list(world: ApiWorld) -> None:
    for n in range(3):
        world.record(str(n), day="2026-02-02")
    cursor = world.call("GET", "/records", query={"limit": "1"}).body["cursor"]
    assert world.call("GET", "/records", query={"limit": "1", "state": "done", "cursor": cursor}).status == 400
    assert world.call("GET", "/keys", query={"cursor": cursor}).status == 400


# ---------------------------------------------------------------------------------------------- one record


def test_a_record_is_shown_with_its_documents_hold_and_link(world: ApiWorld) -> None:
    link = {"target_id": "9", "url": "https://books.example/9", "label": "Bill 9", "made": "created"}
    head = world.held("1", link=link, amount="12.30")
    document: Json = {"document": {"number": "1", "api_token": "very-secret-value"}, "came_from": None}
    world.store.write(ledger.body_ops(head.key, "source", document))
    shown = world.call("GET", _path("1")).body
    assert shown["documents"]["source"]["document"]["number"] == "1"
    assert "very-secret-value" not in str(shown)
    assert (shown["url"], shown["hold"]["fix"], shown["amount"]) == ("https://books.example/9", "Map it.", "12.30")
    assert shown["documents"]["written"] is None


@pytest.mark.parametrize("source_id", ["a/b", "a%2Fb", "ä ö", "100%", "x:y:z", "#1", "+", "'\"<>"])
def test_any_source_id_is_reachable_encoded_or_decoded_by_the_gateway(world: ApiWorld, source_id: str) -> None:
    from chalicelib.entry import api

    world.record(source_id)
    assert world.call("GET", _path(source_id)).body["source_id"] == source_id
    status, _, _ = api.dispatch(
        world.engine,
        "GET",
        "/api/v1/records/{id}",
        {"id": f"{FLOW}:bill:{source_id}"},
        headers={"authorization": f"Bearer {world.keys['acme']}"},
        query={},
        body=b"",
    )
    assert status == 200


def test_a_very_large_document_is_told_by_its_size(world: ApiWorld) -> None:
    head = world.record("1")
    world.store.write(ledger.body_ops(head.key, "source", {"document": {"text": "x" * 1_200_000}}))
    assert world.call("GET", _path("1")).body["documents"]["source"]["cut"] is True


def test_the_trail_is_told_in_order_page_by_page(world: ApiWorld) -> None:
    head = world.record("1")
    for n in range(5):
        world.clock.advance(1)
        world.store.write([ledger.trail_op(head.key, world.clock.now(), f"step {n}", {}, salt=str(n))])
    first = world.call("GET", _path("1", "/trail"), query={"limit": "3"}).body
    rest = world.call("GET", _path("1", "/trail"), query={"limit": "3", "cursor": first["cursor"]}).body
    assert [entry["what"] for entry in first["items"] + rest["items"]] == [f"step {n}" for n in range(5)]
    other = world.record("2")
    assert world.call("GET", _path(other.key.source_id, "/trail"), query={"cursor": first["cursor"]}).status == 400


STORIES: list[tuple[dict[str, Any], str]] = [
    (
        {"state": "done", "outcome": {"action": "created", "at": "2026-03-02T09:00:00+00:00", "label": "Bill 77"}},
        "was created in Ledger as Bill 77",
    ),
    (
        {
            "state": "done",
            "outcome": {"action": "dismissed", "at": "2026-03-02T09:00:00+00:00", "why": "paid by card", "by": "Ann"},
            "link": {"target_id": "1"},
        },
        "was dismissed by Ann",
    ),
    (
        {
            "state": "refused",
            "outcome": {"action": "refused", "at": "2026-03-02T09:00:00+00:00", "why": "No such tax."},
        },
        "Ledger refused",
    ),
    (
        {"state": "not_moved", "outcome": {"why": "It is dated 2025-12-31, before the cut-over 2026-01-01."}},
        "--release",
    ),
    (
        {"state": "rehearsed", "plan": {"action": "create", "why": "Ledger does not have it yet."}},
        f"mlc flows start {FLOW}",
    ),
    ({"state": "sending"}, "is being written to Ledger right now"),
    ({"state": "unknown", "trouble": "No answer came."}, "looked for there before it is sent again"),
    (
        {
            "state": "waiting",
            "attempts": 2,
            "trouble": "The ledger is busy.",
            "due": ("a", "2026-03-02T10:00:00+00:00"),
        },
        "It was tried 2 times",
    ),
]


@pytest.mark.parametrize(("fields", "says"), STORIES, ids=[str(f["state"]) + s[:12] for f, s in STORIES])
def test_why_tells_what_happened_and_who_does_what(world: ApiWorld, fields: dict[str, Any], says: str) -> None:
    world.record("1", amount="5.00", **fields)
    told = world.call("GET", _path("1", "/why")).body
    assert says in " ".join(told["sentences"])
    assert "error" not in str(told).lower()
    assert "None" not in str(told["sentences"])


def test_why_of_a_held_record_names_who_must_act(world: ApiWorld) -> None:
    world.held("1")
    told = world.call("GET", _path("1", "/why")).body
    assert (told["who"], told["todo"]) == ("The bookkeeper", "Map it.")


def test_why_of_a_waiting_record_tells_of_a_pause_and_of_a_lockout(world: ApiWorld) -> None:
    world.record("1")
    locked = setups.Health(
        state="locked_out", message="The secret expired.", fix="Enter it again.", until="2099-01-01T00:00:00+00:00"
    )
    setups.save_health(world.store, world.clock, "acme", "books", locked)
    assert "The secret expired." in world.call("GET", _path("1", "/why")).body["sentences"]
    world.call("POST", f"/flows/{FLOW}/pause")
    assert "mlc flows resume" in world.call("GET", _path("1", "/why")).body["todo"]


# ---------------------------------------------------------------------------------------------- replay, resolve


def test_a_replay_makes_the_record_due_and_says_so_in_the_trail(world: ApiWorld) -> None:
    world.held("1")
    answer = world.call("POST", _path("1", "/replay"), {"release": True})
    assert (answer.status, answer.body["state"]) == (200, "waiting")
    head = world.head("1")
    assert head.released
    assert head.due is not None
    entry = world.call("GET", _path("1", "/trail")).body["items"][-1]
    assert (entry["what"], entry["by"]) == ("replay", "first admin")
    for _ in range(3):
        assert world.call("POST", _path("1", "/replay")).status == 200


def test_a_dismissal_settles_the_record_with_its_reason(world: ApiWorld) -> None:
    world.held("1")
    answer = world.call("POST", _path("1", "/resolve"), {"action": "dismiss", "why": "paid by card"})
    assert (answer.status, answer.body["state"]) == (200, "not_moved")
    assert (world.head("1").outcome or {})["why"] == "paid by card"


def test_an_unlinked_record_is_decided_anew_and_one_without_a_link_is_not_unlinked(world: ApiWorld) -> None:
    world.record("1", state="done", link={"target_id": "9", "label": "Bill 9"})
    assert world.call("POST", _path("1", "/resolve"), {"action": "unlink"}).body["state"] == "waiting"
    assert world.head("1").link is None
    assert world.call("POST", _path("1", "/resolve"), {"action": "unlink"}).status == 409


def _link(world: ApiWorld, source_id: str, target_id: str) -> dict[str, Any]:
    asked = world.call("POST", _path(source_id, "/resolve"), {"action": "link", "target_id": target_id})
    assert asked.status == 202, asked.body
    path = _path(source_id, f"/resolve/{asked.body['id']}")
    assert world.call("GET", path).body["state"] == "queued"
    world.work()
    return world.call("GET", path).body


def test_a_link_is_looked_up_in_the_target_by_a_job(world: ApiWorld) -> None:
    world.outside.records["77"] = "Bill 77"
    world.held("1")
    assert _link(world, "1", "77")["ok"] is True
    assert (world.head("1").state, (world.head("1").link or {})["label"]) == ("done", "Bill 77")
    again = _link(world, "1", "77")
    assert (again["ok"], "Unlink it first" in again["fix"]) == (False, True)


def test_a_link_to_nothing_and_to_another_records_target_is_told_with_its_fix(world: ApiWorld) -> None:
    world.outside.records["77"] = "Bill 77"
    world.held("1")
    world.held("2")
    missing = _link(world, "1", "78")
    assert (missing["ok"], "no bill with the id 78" in missing["message"]) == (False, True)
    assert world.head("1").state == "held"
    assert _link(world, "1", "77")["ok"] is True
    taken = _link(world, "2", "77")
    assert (taken["ok"], "already belongs to" in taken["message"]) == (False, True)


def test_a_record_being_written_is_not_resolved(world: ApiWorld) -> None:
    until = (world.clock.now() + timedelta(minutes=2)).isoformat()
    world.record("1", state="sending", intent={"until": until, "attempt_key": "k"}, due=("b", until))
    assert world.call("POST", _path("1", "/resolve"), {"action": "dismiss"}).status == 409


@pytest.mark.parametrize(
    "body", [{"action": "link"}, {"action": "dismiss", "target_id": "1"}, {"action": "delete"}, {}]
)
def test_a_decision_that_does_not_fit_is_refused(world: ApiWorld, body: dict[str, str]) -> None:
    world.held("1")
    assert world.call("POST", _path("1", "/resolve"), body).status == 400


# ---------------------------------------------------------------------------------------------- overview


def test_holds_are_grouped_by_reason_and_cause_with_amounts(world: ApiWorld) -> None:
    for n in range(25):
        world.held(str(n), amount="2.00")
    world.held("x", cause="account 7020", amount="9.99")
    groups = world.call("GET", "/holds").body["items"]
    assert [(g["cause"], g["count"], g["amounts"]) for g in groups] == [
        ("account 7010", 25, {"USD": "50.00"}),
        ("account 7020", 1, {"USD": "9.99"}),
    ]
    assert (len(groups[0]["ids"]), groups[0]["fix"], groups[0]["owner"]) == (20, "Map it.", "bookkeeper")
    assert world.call("GET", "/holds", query={"flow": FLOW}).body["items"] == groups
    assert world.call("GET", "/holds", query={"flow": "none"}).status == 404


def test_the_status_tells_what_waits_longest(world: ApiWorld) -> None:
    now = world.clock.now()
    world.record("old", due=("a", now.isoformat()), updated_at=(now - timedelta(hours=3)).isoformat(), trouble="busy")
    world.record("new", due=("a", now.isoformat()))
    world.held("h")
    status = world.call("GET", "/status").body
    assert (status["oldest_waiting"]["record"], status["oldest_waiting"]["why"]) == (f"{FLOW}:bill:old", "busy")
    assert status["flows"][0]["counts"] == {"held": 1, "under way": 2, "waiting": 0, "outbox": 0}
    assert {one["health"]["state"] for one in status["connections"]} == {"ok"}
