"""Mappings and rules over the API: every save a version, none ever changed, nobody's work written over."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib import wiring
from chalicelib.engine import rules as ruling
from chalicelib.entry import mapping_check, preview
from tests.unit.api_world import FLOW, Answer, ApiWorld, config

AT = f"/flows/{FLOW}/mappings"
RULE: dict[str, Any] = {"when": {"account": {"equals": "5010"}}, "then": {"cost_code": "03-300", "cost_type": "M"}}
CATCH_ALL = {"then": {"cost_code": "01-500", "cost_type": "O"}}


@pytest.fixture
def world() -> ApiWorld:
    world = ApiWorld()
    world.set_up(mappings={"account": {"7010": "6100"}})
    return world


def save(world: ApiWorld, version: int, *rules: Any, account: dict[str, str] | None = None, **more: Any) -> Answer:
    mappings = {"account": {"7010": "6100"} if account is None else account}
    body = {"version": version, "mappings": mappings, "rules": {"cost_code": list(rules)}, **more}
    return world.call("PUT", AT, body)


# ---------------------------------------------------------------------------------------------- versions


def test_every_save_is_a_version_that_says_who_when_and_what(world: ApiWorld) -> None:
    assert save(world, 1, RULE).body["version"] == 2
    world.clock.advance(60)
    world.set_up(mappings={"account": {"7020": "6200"}})
    (third, second, first) = world.call("GET", f"{AT}/versions").body["items"]
    assert [(one["version"], one["mappings"], one["rules"]) for one in (third, second, first)] == [
        (3, 2, 1),
        (2, 1, 1),
        (1, 1, 0),
    ]
    assert {one["by"] for one in (third, second, first)} == {"first admin"}
    assert third["at"] > second["at"] >= first["at"]
    shown = world.call("GET", f"{AT}/versions/3").body
    assert shown["changes"] == [{"key": "mappings/account/7020", "from": None, "to": "6200"}]
    assert (shown["against"], shown["rules"]) == (2, {"cost_code": [RULE]})
    whole = world.call("GET", f"{AT}/versions/3", query={"against": "1"}).body["changes"]
    said = 'account equals "5010": cost_code "03-300", cost_type "M"'
    assert {"key": "rules/cost_code/1", "from": None, "to": said} in whole
    assert len(whole) == 2


def test_a_page_of_versions_goes_on_where_the_one_before_ended(world: ApiWorld) -> None:
    for n in range(1, 6):
        assert save(world, n, account={"7010": str(n)}).status == 200
    seen: list[int] = []
    cursor = ""
    while True:
        query = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
        page = world.call("GET", f"{AT}/versions", query=query).body
        seen += [one["version"] for one in page["items"]]
        if not page["cursor"]:
            break
        cursor = page["cursor"]
    assert seen == [6, 5, 4, 3, 2, 1]
    assert world.call("GET", f"{AT}/versions", query={"cursor": "bm9wZQ"}).status == 400


def test_what_was_saved_is_what_is_shown_and_saving_the_same_makes_no_version(world: ApiWorld) -> None:
    scoped = {**RULE, "scope": "Bridge 7", "then": {**RULE["then"], "sub_job": "A"}}
    save(world, 1, scoped, CATCH_ALL)
    shown = world.call("GET", AT).body
    assert (shown["version"], shown["rules"]) == (2, {"cost_code": [scoped, CATCH_ALL]})
    again = world.call("PUT", AT, {name: shown[name] for name in ("version", "mappings", "rules")}).body
    assert (again["applied"], again["version"], again["changes"]) == (False, 2, [])


def test_an_old_version_is_never_changed(world: ApiWorld) -> None:
    kept = {item.sk: item for item in world.store.all_items() if item.pk.startswith("M#")}
    save(world, 1, RULE)
    world.call("POST", f"{AT}/rollback", {"to": 1})
    world.set_up(mappings={"account": {"7010": None}})
    after = {item.sk: item for item in world.store.all_items() if item.pk.startswith("M#")}
    assert sorted(after) == [f"V#{n:06d}" for n in range(1, 5)]
    assert after["V#000001"] == kept["V#000001"]


def test_a_rollback_is_a_new_version_with_the_old_content(world: ApiWorld) -> None:
    save(world, 1, RULE)
    planned = world.call("POST", f"{AT}/rollback", {"to": 1, "plan": True}).body
    assert (planned["applied"], world.flow().mapping_version) == (False, 2)
    answer = world.call("POST", f"{AT}/rollback", {"to": 1}).body
    assert (answer["applied"], answer["version"]) == (True, 3)
    assert (world.flow().mappings, world.flow().rules) == ({"account": {"7010": "6100"}}, {})
    assert world.call("GET", f"{AT}/versions/3").body["restored"] == 1
    assert world.call("POST", f"{AT}/rollback", {"to": 9}).status == 404
    assert world.call("POST", f"{AT}/rollback", {"to": 2, "version": 2}).status == 409


# ---------------------------------------------------------------------------------------------- two at once


def test_who_saves_on_an_older_version_is_told_what_changed_and_changes_nothing(world: ApiWorld) -> None:
    save(world, 1, RULE)
    answer = save(world, 1, CATCH_ALL)
    assert (answer.status, answer.body["type"]) == (409, "urn:ml-connector:problem:changed_meanwhile")
    assert answer.body["version"] == 2
    (change,) = answer.body["changes"]
    assert (change["key"], change["from"]) == ("rules/cost_code/1", None)
    assert "error" not in answer.body["detail"].lower()
    assert world.call("GET", AT).body["rules"] == {"cost_code": [RULE]}


def test_a_colleague_who_saves_at_this_very_moment_is_not_written_over(world: ApiWorld) -> None:
    def colleague_first(effect: Any) -> None:
        if effect.operation == "write":
            world.store.before = None
            assert save(world, 1, RULE).status == 200

    world.store.before = colleague_first
    assert save(world, 1, CATCH_ALL).status == 409
    assert world.call("GET", AT).body["rules"] == {"cost_code": [RULE]}


def test_a_flow_that_is_paused_at_this_very_moment_does_not_stop_a_save(world: ApiWorld) -> None:
    def colleague_first(effect: Any) -> None:
        if effect.operation == "write":
            world.store.before = None
            assert world.call("POST", f"/flows/{FLOW}/pause").status == 200

    world.store.before = colleague_first
    assert save(world, 1, RULE).body["version"] == 2
    assert world.flow().state == "paused"


def test_a_save_whose_answer_was_lost_is_sent_again_and_makes_no_second_version(world: ApiWorld) -> None:
    world.store.lose_answers(operation="write")
    assert save(world, 1, RULE).status == 503
    answer = save(world, 1, RULE)
    assert (answer.status, answer.body["applied"], answer.body["version"]) == (200, False, 2)


# ---------------------------------------------------------------------------------------------- releasing


def test_saving_lets_go_what_waited_for_the_mapping_or_the_rule_and_the_plan_says_so_before(world: ApiWorld) -> None:
    world.held("1", waits_for=["mapping:account:7030"])
    world.held("2", waits_for=["mapping:account:7040"])
    for n, account in (("3", "5010"), ("4", "6010")):
        world.held(n, waits_for=[ruling.token("cost_code", {"account": account}, "")])
    wanted = {"7010": "6100", "7030": "6100"}
    planned = save(world, 1, RULE, account=wanted, plan=True).body
    assert planned["preview"]["waiting"] == {"released": 2, "looked_at": 4, "cut": False}
    assert save(world, 1, RULE, account=wanted).body["released"] == {FLOW: 2}
    assert [world.head(n).state for n in "1234"] == ["waiting", "held", "waiting", "held"]


def test_a_preview_that_does_not_look_at_all_says_so(world: ApiWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preview, "MOST_HELD", 2)
    monkeypatch.setattr(preview, "MOST_OF_SHARD", 1)
    for n in range(3):
        world.held(str(n), waits_for=["mapping:account:7030"])
    for n in range(40):
        world.record(f"d{n}", state="done", link={"target_id": str(n), "made": "created"})
    found = save(world, 1, account={"7030": "6100"}, plan=True).body["preview"]
    assert found["waiting"] == {"released": 2, "looked_at": 2, "cut": True}
    assert found["past"]["cut"] is True
    assert found["past"]["looked_at"] <= 16


def test_a_rule_that_never_has_a_say_is_told_when_it_is_saved(world: ApiWorld) -> None:
    answer = save(world, 1, CATCH_ALL, RULE).body
    (remark,) = answer["remarks"]
    assert remark.startswith(f"{FLOW}: rule 2 of cost_code never has a say, because rule 1 always fits first.")
    applied = world.call("POST", "/apply", {"config": config(rules={"cost_code": [CATCH_ALL, CATCH_ALL]})}).body
    assert len(applied["remarks"]) == 1


# ---------------------------------------------------------------------------------------------- the YAML's keys


def test_the_rules_of_a_file_are_exported_applied_again_kept_and_removed(world: ApiWorld) -> None:
    world.set_up(rules={"cost_code": [RULE, CATCH_ALL]})
    exported = world.call("GET", "/export").body["config"]
    assert exported["flows"][FLOW]["rules"] == {"cost_code": [RULE, CATCH_ALL]}
    assert world.call("POST", "/apply", {"config": exported}).body["applied"] is False
    world.set_up()
    assert len(world.flow().rules["cost_code"]) == 2
    changes = world.set_up(rules={"cost_code": [CATCH_ALL]}).body["changes"]
    details = next(change["details"] for change in changes if change["name"] == FLOW)
    assert [(one["key"], one["to"]) for one in details] == [("rules/cost_code/1", None)]
    world.set_up(rules={"cost_code": None})
    assert world.flow().rules == {}
    assert world.flow().mapping_version == 4


def test_a_flow_from_before_there_were_rules_is_read_as_one_without(world: ApiWorld) -> None:
    (item,) = [item for item in world.store.all_items() if item.sk == f"FLOW#{FLOW}"]
    del item.body["rules"]
    world.store.load({"items": [*_others(world, item.sk), *_dumped(world, item)]})
    assert world.call("GET", AT).body["rules"] == {}
    assert save(world, 1, RULE).body["version"] == 2


def _others(world: ApiWorld, sk: str) -> list[Any]:
    return [plain for plain in world.store.dump()["items"] if plain["sk"] != sk]


def _dumped(world: ApiWorld, item: Any) -> list[Any]:
    (plain,) = [plain for plain in world.store.dump()["items"] if plain["sk"] == item.sk]
    return [{**plain, "body": item.body}]


# ---------------------------------------------------------------------------------------------- what does not fit


UNFIT: list[tuple[Any, str, str]] = [
    ({**RULE, "when": {"acount": {"equals": "1"}}}, "/when/acount", "one of account, item"),
    ({**RULE, "when": {"account": {"matches": "1"}}}, "/when/account/matches", "equals"),
    ({**RULE, "when": {"account": {}}}, "/when/account", "one of equals, one_of"),
    ({**RULE, "when": {"account": "5010"}}, "/when/account", "keys with values"),
    ({**RULE, "when": {"account": {"contains": " "}}}, "/when/account/contains", "not blank"),
    ({**RULE, "when": {"account": {"one_of": []}}}, "/when/account/one_of", "at least"),
    ({**RULE, "when": {"account": {"one_of": "5010"}}}, "/when/account/one_of", "a list"),
    ({**RULE, "when": {"account": {"equals": 5010}}}, "/when/account/equals", "text"),
    ({**RULE, "then": {"cost_code": "1"}}, "/then/cost_type", "the cost type of the answer"),
    ({**RULE, "then": {**RULE["then"], "colour": "red"}}, "/then/colour", "one of cost_code, cost_type, sub_job"),
    ({**RULE, "then": {"cost_code": "", "cost_type": "M"}}, "/then/cost_code", "at least 1 characters"),
    ({"when": RULE["when"]}, "/then", "the fields of the answer"),
    ({**RULE, "projct": "x"}, "/projct", "scope"),
    ("5010 is 03-300", "", "keys with values"),
]


@pytest.mark.parametrize(("rule", "place", "expected"), UNFIT, ids=[f"{place}" for _, place, _ in UNFIT])
def test_a_rule_that_does_not_fit_is_named_with_its_place_and_the_fix(
    world: ApiWorld, rule: Any, place: str, expected: str
) -> None:
    before = world.store.all_items()
    answer = save(world, 1, CATCH_ALL, rule)
    assert answer.status == 400
    found = {fault["field"]: fault["expected"] for fault in answer.body["errors"]}
    assert expected in found[f"/rules/cost_code/1{place}"]
    applied = world.call("POST", "/apply", {"config": config(rules={"cost_code": [CATCH_ALL, rule]})})
    fields = [fault["field"] for fault in applied.body["errors"]]
    assert f"/config/flows/{FLOW}/rules/cost_code/1{place}" in fields
    assert "error" not in answer.body["detail"].lower()
    assert world.store.all_items() == before


@pytest.mark.parametrize(
    ("changed", "field", "expected"),
    [
        ({"rules": {"colour": [RULE]}}, "/rules/colour", "cost_code"),
        ({"rules": {"cost_code": {}}}, "/rules/cost_code", "a list"),
        ({"mappings": {"acount": {"1": "2"}}}, "/mappings/acount", "account"),
        ({"mappings": {"account": {"1": None}}}, "/mappings/account/1", "text"),
        ({"version": 7}, "/version", "the number of a version: 1 to 1"),
        ({"version": 0}, "/version", "at least 1"),
        ({"version": None}, "/version", "a whole number"),
        ({"mapings": {}}, "/mapings", "mappings"),
    ],
)
def test_a_save_that_does_not_fit_is_refused_with_its_place(
    world: ApiWorld, changed: Any, field: str, expected: str
) -> None:
    body = {"version": 1, "mappings": {}, "rules": {}, **changed}
    answer = world.call("PUT", AT, body)
    assert (answer.status, answer.body["errors"][0]["field"]) == (400, field)
    assert expected in answer.body["errors"][0]["expected"]
    assert world.flow().mappings == {"account": {"7010": "6100"}}


def test_a_flow_that_takes_no_rules_says_so() -> None:
    flow = wiring.load_flow("procurify_to_quickbooks_online")
    ((place, expected, got),) = mapping_check.unfit(flow, ["account"], {"cost_code": []})
    assert (place, got) == (("rules", "cost_code"), '"cost_code"')
    assert expected == "no rules: nothing in this flow is decided by them"


def test_a_save_names_all_of_it_so_that_nothing_goes_by_being_left_out(world: ApiWorld) -> None:
    answer = world.call("PUT", AT, {"version": 1, "rules": {}})
    assert (answer.status, answer.body["errors"][0]["field"]) == (400, "/mappings")


def test_more_than_one_item_can_hold_is_refused_naming_the_place(world: ApiWorld) -> None:
    many = [{**RULE, "then": {"cost_code": f"{n}" + "x" * 400, "cost_type": "M"}} for n in range(900)]
    answer = save(world, 1, *many)
    assert (answer.status, answer.body["errors"][0]["field"]) == (400, "/mappings")


def test_another_customer_finds_nothing_and_a_viewer_only_looks(world: ApiWorld) -> None:
    rival = world.keys["rival"]
    for path in (AT, f"{AT}/versions", f"{AT}/versions/1"):
        assert world.call("GET", path, key=rival).status == 404
        assert world.call("GET", path, key=world.key("viewer")).status == 200
    body = {"version": 1, "mappings": {}, "rules": {}}
    assert world.call("PUT", AT, body, key=rival).status == 404
    assert world.call("POST", f"{AT}/rollback", {"to": 1}, key=rival).status == 404
    assert world.call("PUT", AT, body, key=world.key("operator")).status == 403
    assert world.call("POST", f"{AT}/rollback", {"to": 1}, key=world.key("operator")).status == 403


@pytest.mark.parametrize("number", ["0", "-1", "x", "1e3", "99", "12345678"])
def test_a_version_that_is_not_there_is_not_found(world: ApiWorld, number: str) -> None:
    assert world.call("GET", f"{AT}/versions/{number}").status == 404
    status = world.call("GET", f"{AT}/versions/1", query={"against": number}).status
    assert status == (404 if number == "99" else 400)
