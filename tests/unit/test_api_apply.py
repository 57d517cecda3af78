"""Applying a configuration: all of it or nothing, precise about what does not fit, and releasing what waited."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from chalicelib import registry, wiring
from chalicelib.engine import setup as setups
from chalicelib.engine.ports import Item, Put
from chalicelib.entry import apply as applying
from mlc import document
from tests.unit.api_world import FLOW, ApiWorld, config, restart_jobs


@pytest.fixture
def world() -> ApiWorld:
    return ApiWorld()


def _actions(answer: dict[str, Any]) -> dict[str, str]:
    return {change["name"]: change["action"] for change in answer["changes"]}


def _apply(world: ApiWorld, wanted: dict[str, Any], **more: Any) -> Any:
    return world.call("POST", "/apply", {"config": wanted, **more})


# ---------------------------------------------------------------------------------------------- well


def test_a_first_apply_makes_connections_secrets_claims_flow_mappings_and_schedule(world: ApiWorld) -> None:
    answer = _apply(world, config(every="30 minutes", mappings={"account": {"7010": "6100"}}))
    assert answer.status == 200
    assert _actions(answer.body) == {"purchasing": "create", "books": "create", FLOW: "create"}
    setup = world.flow()
    assert (setup.state, setup.every_minutes, setup.mapping_version) == ("rehearsing", 30, 1)
    assert world.vault.secrets["connections/acme/books"]["refresh_token"] == "acme-token"
    kept = {(item.pk, item.sk) for item in world.store.all_items()}
    assert ("X#identity#ledger#production#9130", "CLAIM") in kept
    assert (f"M#acme#{FLOW}", "V#000001") in kept
    assert any(pk.startswith("DUE#") and sk == f"acme#f#{FLOW}" for pk, sk in kept)


def test_a_plan_says_the_same_and_changes_nothing(world: ApiWorld) -> None:
    before = world.store.all_items()
    planned = _apply(world, config(), plan=True)
    assert planned.body["applied"] is False
    assert world.store.all_items() == before
    assert not world.vault.secrets
    assert planned.body["changes"] == _apply(world, config()).body["changes"]


def test_applying_the_same_again_changes_nothing(world: ApiWorld) -> None:
    world.set_up()
    before = world.store.all_items()
    again = _apply(world, config())
    assert set(_actions(again.body).values()) == {"unchanged"}
    assert (again.body["applied"], world.store.all_items()) == (False, before)


def test_secrets_are_shown_nowhere(world: ApiWorld) -> None:
    answer = _apply(world, config())
    exported = world.call("GET", "/export")
    for told in (answer.body, exported.body, world.store.all_items(), list(world.queue.log)):
        assert "acme-token" not in str(told)
        assert "acme-secret" not in str(told)


def test_an_export_applied_again_changes_nothing(world: ApiWorld) -> None:
    world.set_up(policies={"ap_account": "2000"}, mappings={"account": {"7010": "6100", "07": "id:5"}})
    exported = world.call("GET", "/export").body["config"]
    assert exported["connections"]["books"]["company"] == "Acme Books"
    again = _apply(world, exported).body
    assert (again["applied"], set(_actions(again).values())) == (False, {"unchanged"})


def test_what_a_file_does_not_name_stays_and_is_listed(world: ApiWorld) -> None:
    world.set_up(policies={"ap_account": "2000"}, mappings={"account": {"7010": "6100"}})
    part = {"flows": {FLOW: {"from": "purchasing", "to": "books", "cut_over": "2026-01-01"}}}
    answer = _apply(world, part).body
    assert _actions(answer) == {FLOW: "unchanged", "purchasing": "kept", "books": "kept"}
    assert world.flow().mappings == {"account": {"7010": "6100"}}


def test_null_removes_a_mapping_or_a_policy(world: ApiWorld) -> None:
    world.set_up(policies={"ap_account": "2000"}, mappings={"account": {"7010": "6100", "7020": "6200"}})
    world.set_up(policies={"ap_account": None}, mappings={"account": {"7010": None}})
    setup = world.flow()
    assert (setup.policies, setup.mappings) == ({}, {"account": {"7020": "6200"}})
    assert setup.mapping_version == 2


def test_a_changed_mapping_releases_exactly_the_records_that_waited_for_it(world: ApiWorld) -> None:
    world.set_up()
    world.held("1")
    world.held("2", waits_for=["mapping:account:7020"])
    world.held("3", waits_for=["setting:ap_account"])
    world.held("4", waits_for=["mapping:account:7010", "reference:account"])
    answer = world.set_up(mappings={"account": {"7010": "6100"}})
    assert answer.body["released"] == {FLOW: 2}
    assert [world.head(n).state for n in "1234"] == ["waiting", "held", "held", "waiting"]


def test_a_changed_policy_releases_what_waited_for_it(world: ApiWorld) -> None:
    world.set_up()
    world.held("1", waits_for=["setting:ap_account"])
    assert world.set_up(policies={"ap_account": "2000"}).body["released"] == {FLOW: 1}


def test_new_credentials_reset_the_health_are_tried_at_once_and_release_what_waited(world: ApiWorld) -> None:
    world.set_up()
    world.held("1", waits_for=["connection:books"])
    locked = setups.Health(state="locked_out", message="no", fix="yes", until="2099-01-01T00:00:00+00:00")
    setups.save_health(world.store, world.clock, "acme", "books", locked)
    wanted = config()
    wanted["connections"]["books"]["credentials"]["refresh_token"] = "another"
    answer = _apply(world, wanted).body
    key = setups.health_key("acme", "books")
    assert setups.read_health(world.store.get([key])[key]).state == "untried"
    assert (answer["released"], list(answer["pings"])) == ({FLOW: 1}, ["books"])
    world.work()
    assert setups.read_health(world.store.get([key])[key]).state == "ok"


def test_a_cut_over_moved_has_old_records_decided_again(world: ApiWorld) -> None:
    world.set_up()
    _apply(world, config(cut_over="2025-06-01"))
    jobs = world.work()
    assert restart_jobs(jobs) == [FLOW]
    assert jobs[0]["not_moved"] is True


def test_the_first_ping_pins_the_company(world: ApiWorld) -> None:
    world.set_up()
    listed = world.call("GET", "/connections").body["items"]
    assert {one["name"]: one["company"]["name"] for one in listed} == {"purchasing": "Acme Inc", "books": "Acme Books"}


# ---------------------------------------------------------------------------------------------- not well


def _broken(path: str, value: Any) -> dict[str, Any]:
    """The good configuration with one place changed (or taken out, for None)."""
    wanted: dict[str, Any] = deepcopy(config())
    *way, last = path.split("/")
    at = wanted
    for step in way:
        at = at.setdefault(step, {})
    if value is None:
        at.pop(last, None)
    else:
        at[last] = value
    return wanted


F = f"flows/{FLOW}"
CASES = [
    (f"{F}/cut_over", None, "a date as YYYY-MM-DD", "nothing"),
    (f"{F}/cut_over", "soon", "a date as YYYY-MM-DD", '"soon"'),
    (f"{F}/cut_over", "2026-02-30", "a date as YYYY-MM-DD", '"2026-02-30"'),
    (f"{F}/cut_over", 20260101, "a date as YYYY-MM-DD", "the number 20260101"),
    (f"{F}/every", "0 minutes", "N from 1 to 1440", '"0 minutes"'),
    (f"{F}/every", "1441 minutes", "N from 1 to 1440", '"1441 minutes"'),
    (f"{F}/every", "hourly", "N minutes", '"hourly"'),
    (f"{F}/from", "books", "a connection to Paper: purchasing", '"books"'),
    (f"{F}/to", "nowhere", "a connection to Ledger: books", '"nowhere"'),
    (f"{F}/flow", "ledger_to_moon", FLOW, '"ledger_to_moon"'),
    (f"{F}/polices", {"unmatched_vendor": "hold"}, "policies", '"polices"'),
    (f"{F}/policies", {"unmatched": "hold"}, "one of unmatched_vendor, ap_account", '"unmatched"'),
    (f"{F}/policies", {"unmatched_vendor": "guess"}, "one of hold, create", '"guess"'),
    (f"{F}/policies", {"unmatched_vendor": True}, "text", "true"),
    (f"{F}/mappings", {"acount": {"1": "2"}}, "account", '"acount"'),
    (f"{F}/mappings", {"account": {"1": 6100}}, "text", "the number 6100"),
    (f"{F}/mappings", {"account": ["1"]}, "keys with values", "a list"),
    (f"{F}/retry", {"max_attempts": 0}, "at least 1", "the number 0"),
    (f"{F}/retry", {"attempts": 3}, "max_attempts", '"attempts"'),
    ("connections/purchasing/domain", "acme.evil.example/", "text that fits ^[a-z0-9-]+$", '"acme.evil.example/"'),
    ("connections/purchasing/domain", None, "", "nothing"),
    ("connections/purchasing/domian", "acme", "domain", '"domian"'),
    ("connections/books/realm", 9130, "text", "the number 9130"),
    ("connections/books/system", "cashbox", "one of paper, ledger", '"cashbox"'),
    ("connections/books/environment", "staging", "one of production, sandbox", '"staging"'),
    ("connections/books/credentials", None, "client_id, client_secret, refresh_token", "nothing"),
    ("connections/books/credentials/refresh_token", None, "Where the token is", "nothing"),
    ("connections/books/credentials/pin", "1", "client_id", '"pin"'),
    ("connections/Bad Name", {"system": "paper", "environment": "production"}, "a letter first", '"Bad Name"'),
    ("conections", {}, "connections, flows", '"conections"'),
]  # fmt: skip


@pytest.mark.parametrize(("path", "value", "expected", "got"), CASES, ids=[f"{c[0]}={c[1]}" for c in CASES])
def test_a_fault_is_named_with_its_place_what_was_expected_and_what_came(
    world: ApiWorld, path: str, value: Any, expected: str, got: str
) -> None:
    before = world.store.all_items()
    answer = _apply(world, _broken(path, value))
    assert answer.status == 400, answer.body
    faults = answer.body["errors"]
    fitting = [f for f in faults if f["field"].startswith("/config/" + path) and f["got"] == got]
    assert fitting, faults
    assert expected in fitting[0]["expected"]
    assert "error" not in answer.body["detail"].lower()
    assert (world.store.all_items(), world.vault.secrets) == (before, {})


def test_every_fault_is_told_at_once(world: ApiWorld) -> None:
    wanted = _broken(f"{F}/cut_over", "soon")
    wanted["flows"][FLOW]["every"] = "often"
    assert {fault["field"] for fault in _apply(world, wanted).body["errors"]} == {
        f"/config/{F}/cut_over",
        f"/config/{F}/every",
    }


def test_what_stands_under_credentials_is_never_repeated(world: ApiWorld) -> None:
    wanted = _broken("connections/books/credentials/refresh_token", {"nested": "s3cret-thing"})
    answer = _apply(world, wanted)
    assert answer.status == 400
    assert "s3cret-thing" not in str(answer.body)
    wanted = _broken("connections/books/credentials", "s3cret-thing")
    assert "s3cret-thing" not in str(_apply(world, wanted).body)
    wanted = _broken("connections/books/credentials/client_secret", "two\nlines-s3cret")
    answer = _apply(world, wanted)
    assert (answer.status, "s3cret" in str(answer.body)) == (400, False)


@pytest.mark.parametrize("path", ["connections/books/credentials/client_id", "connections/books/realm", f"{F}/from"])
def test_a_reference_to_a_machine_is_refused_wherever_it_stands(world: ApiWorld, path: str) -> None:
    answer = _apply(world, _broken(path, "env:HOME"))
    assert (answer.status, answer.body["errors"][0]["field"]) == (400, f"/config/{path}")
    assert "HOME" not in str(answer.body)


def test_a_company_of_another_customer_is_refused_without_naming_them(world: ApiWorld) -> None:
    world.set_up("rival")
    wanted = config()
    wanted["connections"]["books"]["realm"] = "77"
    for plan in (True, False):
        answer = _apply(world, wanted, plan=plan)
        assert (answer.status, answer.body["type"]) == (409, "urn:ml-connector:problem:company_taken")
        assert "rival" not in str(answer.body).lower()
    assert "connections/acme/books" not in world.vault.secrets


def test_one_company_is_one_connection(world: ApiWorld) -> None:
    wanted = config()
    wanted["connections"]["more_books"] = deepcopy(wanted["connections"]["books"])
    answer = _apply(world, wanted)
    assert (answer.status, answer.body["errors"][0]["field"]) == (400, "/config/connections/more_books")
    world.set_up()
    only = {"connections": {"more_books": config()["connections"]["books"]}}
    assert _apply(world, only).status == 409


def test_two_customers_at_the_same_moment_do_not_both_get_the_company(world: ApiWorld) -> None:
    wanted = config()
    wanted["connections"]["books"]["realm"] = "77"

    def rival_first(effect: Any) -> None:
        if effect.operation == "write":
            world.store.before = None
            world.set_up("rival")

    world.store.before = rival_first
    answer = _apply(world, wanted)
    assert (answer.status, answer.body["type"]) == (409, "urn:ml-connector:problem:company_taken")


def test_a_change_by_somebody_else_meanwhile_is_not_lost(world: ApiWorld) -> None:
    world.set_up()

    def colleague_first(effect: Any) -> None:
        if effect.operation == "write":
            world.store.before = None
            world.set_up(policies={"ap_account": "2000"})

    world.store.before = colleague_first
    assert _apply(world, config(mappings={"account": {"7010": "6100"}})).status == 200
    assert world.flow().policies == {"ap_account": "2000"}
    assert world.flow().mappings == {"account": {"7010": "6100"}}


def test_a_pinned_connection_does_not_move_to_another_company(world: ApiWorld) -> None:
    world.set_up()
    wanted = config()
    wanted["connections"]["books"]["realm"] = "78"
    answer = _apply(world, wanted)
    assert (answer.status, answer.body["errors"][0]["field"]) == (400, "/config/connections/books/realm")
    wanted = config()
    wanted["connections"]["books"]["company"] = "Other Books"
    assert _apply(world, wanted).body["errors"][0]["field"] == "/config/connections/books/company"


def test_a_realm_mistyped_before_the_first_ping_can_be_corrected(world: ApiWorld) -> None:
    wanted = config()
    wanted["connections"]["books"]["realm"] = "9131"
    assert _apply(world, wanted).status == 200
    assert _apply(world, config()).status == 200
    claims = [item.pk for item in world.store.all_items() if item.sk == "CLAIM"]
    assert sorted(claims) == ["X#identity#ledger#production#9130", "X#identity#paper#production#acme"]


def test_a_flow_keeps_its_ends(world: ApiWorld) -> None:
    world.set_up()
    wanted = config(flow=FLOW)
    wanted["connections"]["other"] = {**config("rival")["connections"]["purchasing"]}
    wanted["flows"][FLOW]["from"] = "other"
    answer = _apply(world, wanted)
    assert (answer.status, answer.body["errors"][0]["field"]) == (400, f"/config/{F}/from")


def test_too_many_mappings_for_one_item_are_refused_with_the_reason(world: ApiWorld) -> None:
    many = {f"{n:05d}": "x" * 150 for n in range(4500)}
    answer = _apply(world, config(mappings={"account": many}))
    assert (answer.status, answer.body["errors"][0]["field"]) == (400, f"/config/{F}/mappings")


def test_an_unanswered_write_is_told_as_such_and_applying_again_is_safe(world: ApiWorld) -> None:
    world.store.lose_answers(operation="write")
    assert _apply(world, config()).status == 503
    assert set(_actions(_apply(world, config()).body).values()) <= {"create", "unchanged"}
    assert world.flow().state == "rehearsing"


def test_a_schedule_row_that_the_tick_moves_meanwhile_does_not_stop_an_apply(world: ApiWorld) -> None:
    world.set_up()

    def tick_first(effect: Any) -> None:
        if effect.operation == "write":
            world.store.before = None
            row = next(item for item in world.store.all_items() if item.sk == f"acme#f#{FLOW}")
            world.store.write([Put(Item(pk=row.pk, sk=row.sk, body=row.body, version=row.version))])

    world.store.before = tick_first
    assert _apply(world, config(every="5 minutes")).status == 200


def test_a_claim_names_the_company_whatever_characters_it_has(world: ApiWorld) -> None:
    connection = setups.read_connection(
        "acme",
        Item(
            "T#acme", "CONNECTION#x", {"system": "ledger", "environment": "production", "settings": {"realm": "a#b/é"}}
        ),
    )
    assert applying.identity_key(world.engine, connection)[0] == "X#identity#ledger#production#a%23b%2F%C3%A9"


def test_the_example_of_the_documentation_fits_the_real_registry(world: ApiWorld) -> None:
    page = Path(__file__).parent.parent.parent / "docs" / "reference" / "configuration.md"
    text = page.read_text(encoding="utf-8")
    example = document.parse(text.split("```yaml\n")[1].split("```")[0])
    for connection in example.values["connections"].values():
        connection["credentials"] = dict.fromkeys(connection["credentials"], "x" * 20)
    world.engine.load_system, world.engine.load_flow = wiring.load_system, wiring.load_flow
    assert _apply(world, example.values, plan=True).status == 200
    for name in registry.FLOWS:
        for policy in wiring.load_flow(name).policies:
            assert f"`{policy.name}`" in text, policy.name
    for name in registry.SYSTEMS:
        system = wiring.load_system(name)
        for key in [*system.credentials, *system.settings.model_fields]:
            assert f"`{key}`" in text, key
