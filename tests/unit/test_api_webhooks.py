"""Verifiers of webhooks over the API: the operator enters them, nobody reads them back."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.engine.ports import Item, Put
from chalicelib.engine.records import Json
from tests.unit.api_world import Answer, ApiWorld

VERIFIER = "verifier-0123456789"
WISH = {"system": "ledger", "client_id": "our-app", "verifier": VERIFIER}


@pytest.fixture
def world() -> ApiWorld:
    return ApiWorld()


def enter(world: ApiWorld, **changed: Any) -> Answer:
    return world.call("POST", "/webhooks", {**WISH, **changed}, key=world.platform)


def listed(world: ApiWorld) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = world.call("GET", "/webhooks", key=world.platform).body["items"]
    return found


def test_entering_a_verifier_tells_the_address_to_register(world: ApiWorld) -> None:
    made = enter(world)
    assert made.status == 201
    assert made.body["address"].endswith("/hooks/ledger")
    assert (made.body["environment"], made.body["client_id"]) == ("production", "our-app")


def test_nobody_reads_a_verifier_back(world: ApiWorld) -> None:
    answers = [enter(world).body, listed(world), enter(world, verifier="short").body, enter(world, client_id=7).body]
    for told in answers:
        assert VERIFIER not in str(told)
    assert VERIFIER not in str(world.store.all_items())


def test_the_apps_are_listed_by_environment(world: ApiWorld) -> None:
    enter(world)
    enter(world, environment="sandbox", client_id="trial-app")
    enter(world, verifier="another-verifier-0123")
    (ledger,) = listed(world)
    assert [(app["environment"], app["client_id"]) for app in ledger["apps"]] == [
        ("production", "our-app"), ("sandbox", "trial-app"),
    ]  # fmt: skip
    assert ledger["unread"] == []


def test_what_could_not_be_read_is_listed_newest_first(world: ApiWorld) -> None:
    for n in range(25):
        body: Json = {"at": f"2026-03-{n + 1:02d}T00:00:00+00:00", "why": ["odd"], "text": str(n)}
        world.store.write([Put(Item(pk="W#ledger", sk=f"ODD#{n * 7 % 25:02d}", body=body))])
    (ledger,) = listed(world)
    assert [odd["text"] for odd in ledger["unread"]] == [str(n) for n in range(24, 4, -1)]


@pytest.mark.parametrize(
    ("changed", "field", "expected"),
    [
        ({"system": "paper"}, "/system", "ledger"), ({"system": "nothing"}, "/system", "ledger"),
        ({"environment": "moon"}, "/environment", "production, sandbox"), ({"verifier": "short"}, "/verifier", ""),
        ({"verifier": "with blanks in between it"}, "/verifier", ""), ({"client_id": "a#b"}, "/client_id", ""),
        ({"client_id": ""}, "/client_id", ""), ({"more": 1}, "/more", ""),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_named_with_what_would(
    world: ApiWorld, changed: dict[str, Any], field: str, expected: str
) -> None:
    before = world.store.all_items()
    refused = enter(world, **changed)
    assert refused.status == 400
    assert refused.body["errors"][0]["field"] == field
    assert expected in refused.body["errors"][0]["expected"]
    assert world.store.all_items() == before
