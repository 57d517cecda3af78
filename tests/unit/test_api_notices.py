"""A customer's settings for notices: checked, planned, applied with the rest or not at all, and never shown."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chalicelib.engine import notices
from chalicelib.engine.ports import Item, Put
from tests.unit.api_world import ApiWorld, config

URL = "https://hooks.example.com/services/T1/B2/very-secret"
WHOLE = {"webhook": URL, "digest": "07:30", "zone": "America/Vancouver"}


@pytest.fixture
def world() -> ApiWorld:
    return ApiWorld()


def _apply(world: ApiWorld, settings: dict[str, Any] | None, **more: Any) -> Any:
    return world.call("POST", "/apply", {"config": {"notices": settings}, **more})


def _details(answer: Any) -> dict[str, tuple[object, object]]:
    (change,) = [change for change in answer.body["changes"] if change["kind"] == "notices"]
    return {detail["key"]: (detail["from"], detail["to"]) for detail in change["details"]}


def _digest_rows(world: ApiWorld) -> list[Item]:
    return [item for item in world.store.all_items() if item.sk == "acme#g#"]


def _opened(world: ApiWorld) -> str:
    sealed = notices.settings(world.engine, "acme").sealed
    return world.vault.unseal(sealed, context={"notices": "acme"}).decode() if sealed else ""


def test_settings_are_planned_with_the_webhook_hidden_and_a_plan_changes_nothing(world: ApiWorld) -> None:
    before = world.store.all_items()
    planned = _apply(world, WHOLE, plan=True)
    assert world.store.all_items() == before
    assert _details(planned) == {
        "digest": (None, "07:30"),
        "zone": (None, "America/Vancouver"),
        "webhook": (None, "(not shown)"),
    }
    assert planned.body["changes"] == _apply(world, WHOLE).body["changes"]


def test_the_webhook_is_sealed_and_shown_nowhere(world: ApiWorld, caplog: pytest.LogCaptureFixture) -> None:
    _apply(world, WHOLE)
    assert _opened(world) == URL
    said = [world.call("GET", path).body for path in ("/export", "/status")]
    assert "very-secret" not in json.dumps(said) + str(world.store.all_items()) + caplog.text
    assert said[0]["config"]["notices"] == {"digest": "07:30", "zone": "America/Vancouver"}
    assert said[1]["notices"]["webhook"]["state"] == "set"


def test_an_export_applied_again_changes_nothing_and_so_does_the_same_webhook(world: ApiWorld) -> None:
    _apply(world, WHOLE)
    before = world.store.all_items()
    for settings in (world.call("GET", "/export").body["config"]["notices"], WHOLE, {}):
        assert _apply(world, settings).body["applied"] is False
    assert world.store.all_items() == before


def test_null_removes_and_what_is_not_named_stays(world: ApiWorld) -> None:
    _apply(world, WHOLE)
    assert _details(_apply(world, {"webhook": None})) == {"webhook": ("(not shown)", None)}
    assert (_opened(world), len(_digest_rows(world))) == ("", 1)
    assert _details(_apply(world, {"digest": "08:00"})) == {"digest": ("07:30", "08:00")}
    assert set(_details(_apply(world, {"digest": None}))) == {"digest", "zone"}
    assert _digest_rows(world) == []
    assert _apply(world, {"digest": None, "zone": None}).body["applied"] is False


def test_another_webhook_takes_its_place_with_a_clean_slate(world: ApiWorld) -> None:
    _apply(world, WHOLE)
    key = notices.webhook_key("acme")
    failing = {"failed": 5, "message": "The webhook answered 404.", "since": "2026-03-02T09:00:00+00:00"}
    world.store.write([Put(Item(*key, body=failing))])
    assert world.call("GET", "/status").body["notices"]["webhook"]["state"] == "failing"
    assert _details(_apply(world, {"webhook": URL + "2"})) == {"webhook": ("(not shown)", "(not shown)")}
    assert _opened(world) == URL + "2"
    assert world.call("GET", "/status").body["notices"]["webhook"]["state"] == "set"


@pytest.mark.parametrize(
    ("settings", "field", "expected"),
    [
        ({"webhook": "http://hooks.example.com/secret"}, "webhook", "an https address"),
        ({"webhook": "https://10.0.0.1/secret"}, "webhook", "an https address of the open internet"),
        ({"webhook": "https://me:secret@hooks.example.com/"}, "webhook", "without user name and password"),
        ({"webhook": "https://hooks.example.com:444/secret"}, "webhook", "another port than 443"),
        ({"webhook": "https://hooks.example.com/secret" + "x" * 9000}, "webhook", "at most 8000 characters"),
        ({"webhook": 7}, "webhook", "text"),
        ({"webhook": "env:SLACK_secret"}, "webhook", "the value itself"),
        ({"digest": "07:30"}, "zone", "the time zone of the digest"),
        ({"zone": "America/Vancouver"}, "digest", "the local time of the digest"),
        ({"digest": "7:30", "zone": "UTC"}, "digest", 'a local time as HH:MM, such as "07:30"'),
        ({"digest": "24:00", "zone": "UTC"}, "digest", "a local time as HH:MM"),
        ({"digest": "07:30", "zone": "Vancouver"}, "zone", "IANA name of a time zone, such as America/Vancouver"),
        ({"digest": "07:30", "zone": "../../etc/passwd"}, "zone", "a time zone"),
        ({"digest": "07:30", "zone": None}, "zone", "the time zone of the digest"),
        ({"hook": "x"}, "hook", "one of the keys digest, webhook, zone"),
    ],
)
def test_what_does_not_fit_is_named_and_nothing_is_changed(
    world: ApiWorld, settings: dict[str, Any], field: str, expected: str
) -> None:
    before = world.store.all_items()
    answer = world.call("POST", "/apply", {"config": {**config(), "notices": settings}})
    assert answer.status == 400
    (fault,) = answer.body["errors"]
    assert fault["field"] == f"/config/notices/{field}"
    assert expected in fault["expected"]
    assert "secret" not in json.dumps(answer.body)
    assert world.store.all_items() == before


def test_a_fault_elsewhere_changes_no_notices(world: ApiWorld) -> None:
    wanted = {**config(every="never"), "notices": WHOLE}
    assert world.call("POST", "/apply", {"config": wanted}).status == 400
    assert notices.settings(world.engine, "acme").version == 0


def test_somebody_elses_change_meanwhile_is_not_lost(world: ApiWorld) -> None:
    def rival(effect: object) -> None:
        world.store.before = None
        _apply(world, {"webhook": URL})

    world.store.before = rival
    assert _apply(world, {"digest": "07:30", "zone": "UTC"}).status == 200
    assert (_opened(world), notices.settings(world.engine, "acme").digest) == (URL, "07:30")


def test_only_an_admin_sends_a_test_notice_and_another_customer_does_not_see_it(world: ApiWorld) -> None:
    assert world.call("POST", "/notices/test", key=world.key("operator")).status == 403
    errand = world.call("POST", "/notices/test").body["id"]
    assert world.call("GET", f"/notices/test/{errand}").body["state"] == "queued"
    assert world.call("GET", f"/notices/test/{errand}", key=world.keys["rival"]).status == 404


def test_only_stage_local_takes_a_webhook_of_its_own_machine(world: ApiWorld) -> None:
    assert _apply(world, {"webhook": "http://127.0.0.1:9000/x"}).status == 400
    world.engine.local = True
    assert _apply(world, {"webhook": "http://127.0.0.1:9000/x"}).status == 200
    assert _apply(world, {"webhook": "http://10.0.0.1/x"}).status == 400
