"""Hostile deliveries at a customer's own address, as the framework hands them over: refused, and nothing changed."""

from __future__ import annotations

import base64
import hashlib
import hmac
import importlib
import json
import random
import sys
from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import Any
from urllib.parse import urlencode

import pytest

from chalicelib import settings as environment
from chalicelib import wiring
from tests.freshbooks_world import SERVICE, SYSTEM, FreshBooksWorld

MUTATIONS = 40
FORM = "application/x-www-form-urlencoded"
HERE: Mapping[str, str] = {}
SIGNATURE = "X-FreshBooks-Hmac-SHA256"


class Door:
    """app.py over a table in memory, called with events as API Gateway sends them."""

    def __init__(self, app: Any, world: FreshBooksWorld) -> None:
        self.app, self.world = app, world
        made = next(made for made in world.books.callbacks.values() if made["event"] == "bill.update")
        self.token = str(made["uri"]).removeprefix(f"{SERVICE}/hooks/{SYSTEM}/").split("/")[0]
        self.verifier = world.books.verifiers[str(made["callbackid"])]

    def send(
        self,
        body: bytes,
        signature: str,
        *,
        content_type: str | None = FORM,
        encoded: bool = True,
        at: Mapping[str, str] = HERE,
    ) -> int:
        params = {"system": SYSTEM, "token": self.token, "noun": "bill", **at}
        path = "/hooks/{system}/{token}/{noun}"
        headers = {SIGNATURE: signature} | ({"Content-Type": content_type} if content_type is not None else {})
        event = {
            "requestContext": {"httpMethod": "POST", "resourcePath": path, "path": "/prod/hooks", "identity": {}},
            "headers": headers,
            "pathParameters": params,
            "stageVariables": None,
            "multiValueQueryStringParameters": None,
            "body": base64.b64encode(body).decode() if encoded else body.decode(),
            "isBase64Encoded": encoded,
        }
        answer = self.app(event, None)
        assert answer["body"] == ""
        return int(answer["statusCode"])

    def signed(self, fields: dict[str, str]) -> tuple[bytes, str]:
        message = json.dumps(fields).encode()
        made = hmac.new(self.verifier.encode(), message, hashlib.sha256).digest()
        return urlencode(fields).encode(), base64.b64encode(made).decode()

    def waiting(self) -> int:
        return sum(self.world.queue.counts(queue).waiting for queue in self.world.queue.queues())


def fields(id_: str = "1") -> dict[str, str]:
    return {"name": "bill.update", "object_id": id_, "account_id": "6BApk", "business_id": "6543", "note": "é + &"}


@pytest.fixture
def door(monkeypatch: pytest.MonkeyPatch) -> Iterator[Door]:
    world = FreshBooksWorld({"acme": "6BApk"})
    world.books.on_callback = world.at_once()
    world.consent()
    monkeypatch.setenv("STAGE", "local")
    monkeypatch.setattr(wiring, "engine", lambda: world.engine)
    environment.settings.cache_clear()
    sys.modules.pop("app", None)
    app: ModuleType = importlib.import_module("app")
    yield Door(app.app, world)
    sys.modules.pop("app", None)
    environment.settings.cache_clear()


@pytest.mark.parametrize("encoded", [True, False])
@pytest.mark.parametrize("content_type", [FORM, f"{FORM}; charset=utf-8", "text/plain", None])
def test_a_good_form_is_taken_however_the_gateway_hands_it_over(
    door: Door, content_type: str | None, encoded: bool
) -> None:
    assert door.send(*door.signed(fields()), content_type=content_type, encoded=encoded) == 200
    assert door.waiting() == 1


def test_a_handshake_is_answered_at_once_and_only_queued(door: Door) -> None:
    calls = len(door.world.books.asked)
    body = urlencode({"name": "callback.verify", "object_id": "77", "verifier": "abc"}).encode()
    assert door.send(body, "") == 200
    assert door.waiting() == 1 and len(door.world.books.asked) == calls


@pytest.mark.parametrize("number", range(MUTATIONS))
def test_a_forged_delivery_is_refused_counted_and_leaves_nothing(door: Door, number: int) -> None:
    chance = random.Random(number)
    body, signature = door.signed(fields(str(number)))
    if number % 2:
        at = chance.randrange(len(body))
        body = body[:at] + bytes([(body[at] + chance.randrange(1, 90)) % 127]) + body[at + 1 :]
    else:
        at = chance.randrange(len(signature) - 2)
        signature = signature[:at] + ("A" if signature[at] != "A" else "B") + signature[at + 1 :]
    before = door.world.store.all_items()
    assert door.send(body, signature) == 401
    assert door.world.store.all_items() == before and door.waiting() == 0
    assert door.world.metrics.total("ForgedHooks", system=SYSTEM) == 1


@pytest.mark.parametrize(
    ("at", "status"),
    [
        ({"token": "A" * 32}, 401),
        ({"token": "../x"}, 401),
        ({"noun": "invoice"}, 404),
        ({"system": "quickbooks_online"}, 404),
        ({"system": "nobody"}, 404),
    ],
)
def test_the_secret_of_one_address_opens_no_other(door: Door, at: dict[str, str], status: int) -> None:
    assert door.send(*door.signed(fields()), at=at) == status
    assert door.waiting() == 0


def test_a_delivery_that_comes_again_costs_a_read_at_most(door: Door) -> None:
    door.world.cycle("acme", "books_to_paper")
    body, signature = door.signed(fields())
    calls = len(door.world.books.asked)
    for _ in range(3):
        assert door.send(body, signature) == 200
        door.world.until_quiet()
    assert len(door.world.books.asked) <= calls + 3
    assert not door.world.sheets("bill")
