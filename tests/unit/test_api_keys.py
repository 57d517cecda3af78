"""Who is calling: keys, roles, tenants."""

from __future__ import annotations

from datetime import timedelta

import pytest

from chalicelib.entry import keys
from chalicelib.entry.keys import Caller
from infra.key import new_key
from tests.unit.api_world import ApiWorld


@pytest.fixture
def world() -> ApiWorld:
    return ApiWorld()


def test_a_key_is_its_tenant_and_43_random_characters(world: ApiWorld) -> None:
    text = keys.make_key(world.store, world.clock, "acme", "viewer", "reports")
    assert text.startswith("mlc_acme_")
    assert len(text) == len("mlc_acme_") + 43
    found = keys.who(world.store, world.clock, f"Bearer {text}")
    assert found == Caller(tenant="acme", role="viewer", name="reports", key=keys.hashed(text))


def test_the_table_never_holds_the_key(world: ApiWorld) -> None:
    text = keys.make_key(world.store, world.clock, "acme", "viewer", "reports")
    assert text[-43:] not in str(world.store.all_items())


@pytest.mark.parametrize(
    "header",
    [None, "", "Bearer", "Bearer ", "Basic abc", "Bearer mlc_acme_short", "Bearer mlc_acme_" + "x" * 43,
     "Bearer mlc_nobody_" + "x" * 43, "Bearer mlc_a#b_" + "x" * 43, "Bearer " + "mlc_acme_" * 1000,
     "Bearer mlc_acme_" + "é" * 43, "Bearer mlc_acme_\udc80" + "x" * 42],
)  # fmt: skip
def test_anything_else_is_nobody(world: ApiWorld, header: str | None) -> None:
    assert keys.who(world.store, world.clock, header) is None


def test_a_key_stops_working_when_it_expires(world: ApiWorld) -> None:
    until = world.clock.now() + timedelta(hours=1)
    made = world.call("POST", "/keys", {"role": "viewer", "name": "short", "expires": until.isoformat()}).body
    assert world.call("GET", "/flows", key=made["key"]).status == 200
    world.clock.advance(3601)
    assert world.call("GET", "/flows", key=made["key"]).status == 401


def test_a_key_that_expired_already_or_without_zone_is_not_made(world: ApiWorld) -> None:
    for moment in ("2020-01-01T00:00:00Z", "2030-01-01T00:00:00"):
        answer = world.call("POST", "/keys", {"role": "viewer", "name": "old", "expires": moment})
        assert (answer.status, answer.body["errors"][0]["field"]) == (400, "/expires")


def test_keys_are_listed_without_themselves_and_deleted_by_the_beginning_of_their_id(world: ApiWorld) -> None:
    made = world.call("POST", "/keys", {"role": "operator", "name": "ops"}).body
    listed = world.call("GET", "/keys").body["items"]
    assert {entry["name"] for entry in listed} == {"first admin", "ops"}
    assert made["key"] not in str(listed)
    assert world.call("DELETE", f"/keys/{made['id'][:10]}").status == 200
    assert world.call("GET", "/flows", key=made["key"]).status == 401


def test_nobody_deletes_the_key_they_use_and_so_locks_themselves_out(world: ApiWorld) -> None:
    own = keys.hashed(world.keys["acme"])
    assert world.call("DELETE", f"/keys/{own}").status == 409
    assert world.call("GET", "/flows").status == 200


def test_a_tenant_name_is_taken_once(world: ApiWorld) -> None:
    again = world.call("POST", "/tenants", {"name": "acme"}, key=world.platform)
    assert (again.status, again.body["type"]) == (409, "urn:ml-connector:problem:conflict")
    listed = world.call("GET", "/tenants", key=world.platform).body["items"]
    assert [entry["name"] for entry in listed] == ["acme", "rival"]


def test_tenants_are_listed_page_by_page(world: ApiWorld) -> None:
    first = world.call("GET", "/tenants", key=world.platform, query={"limit": "1"}).body
    second = world.call("GET", "/tenants", key=world.platform, query={"limit": "1", "cursor": first["cursor"]}).body
    assert [entry["name"] for entry in first["items"] + second["items"]] == ["acme", "rival"]


@pytest.mark.parametrize("name", ["", "Acme", "_platform", "a#b", "a_b", "x" * 41, "ä", "../acme"])
def test_a_tenant_name_that_could_confuse_is_refused(world: ApiWorld, name: str) -> None:
    assert world.call("POST", "/tenants", {"name": name}, key=world.platform).status == 400


def test_a_new_platform_key_may_be_the_only_one(world: ApiWorld) -> None:
    beside = new_key(world.store, world.clock, only=False)
    for key in (world.platform, beside):
        assert world.call("GET", "/tenants", key=key).status == 200
    only = new_key(world.store, world.clock, only=True)
    assert [world.call("GET", "/tenants", key=key).status for key in (world.platform, beside, only)] == [401, 401, 200]
    assert world.call("GET", "/flows").status == 200, "customers' keys stay"


def test_the_platforms_key_makes_tenants_and_nothing_else(world: ApiWorld) -> None:
    assert world.call("GET", "/flows", key=world.platform).status == 403
    assert world.call("POST", "/apply", {"config": {}}, key=world.platform).status == 403


def test_a_key_drawn_elsewhere_must_be_one(world: ApiWorld) -> None:
    chosen = "mlc__platform_" + "k" * 43
    assert keys.make_key(world.store, world.clock, keys.PLATFORM, "platform", "local", text=chosen) == chosen
    assert keys.who(world.store, world.clock, f"bearer {chosen}") is not None
    with pytest.raises(ValueError, match="43 characters"):
        keys.make_key(world.store, world.clock, keys.PLATFORM, "platform", "local", text="secret")
