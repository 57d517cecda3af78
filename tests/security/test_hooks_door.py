"""Hostile deliveries at /hooks as the framework hands them over: refused without a word, and nothing changed."""

from __future__ import annotations

import base64
import importlib
import json
import logging
import random
import sys
import time
from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import Any

import pytest

from chalicelib import registry, wiring
from chalicelib import settings as environment
from chalicelib.engine.errors import TryAgain
from chalicelib.entry import hooks
from simulator.memory.watch import Effect
from tests.reading_books import SYSTEM, VERIFIER, BooksWorld

REALM = "9130001"
MUTATIONS = 40
SECONDS = 3.0  # what the vendor waits, here of a processor
TYPES = ("application/json", "text/plain", "application/cloudevents-batch+json", None, "nonsense", "text/xml")


class Door:
    """app.py over a table in memory, called with events as API Gateway sends them."""

    def __init__(self, app: Any, world: BooksWorld) -> None:
        self.app, self.world = app, world

    def send(
        self,
        body: bytes,
        headers: Mapping[str, str],
        *,
        system: str = SYSTEM,
        method: str = "POST",
        content_type: str | None = "application/json",
        encoded: bool = False,
    ) -> tuple[int, str]:
        text = base64.b64encode(body).decode() if encoded else body.decode("utf-8", "replace")
        sent = {**headers, **({"content-type": content_type} if content_type is not None else {})}
        context = {"httpMethod": method, "resourcePath": "/hooks/{system}", "path": f"/api/hooks/{system}"}
        event = {
            "requestContext": {**context, "identity": {"sourceIp": "203.0.113.7"}, "domainName": "mlc.example"},
            "headers": sent,
            "pathParameters": {"system": system},
            "stageVariables": None,
            "multiValueQueryStringParameters": None,
            "body": text,
            "isBase64Encoded": encoded,
        }
        began = time.process_time()
        answer = self.app(event, None)
        assert time.process_time() - began < SECONDS
        return answer["statusCode"], answer["body"]

    def good(self, body: bytes) -> dict[str, str]:
        return {"intuit-signature": self.world.books.webhooks.sign(body)["intuit-signature"]}

    def waiting(self) -> int:
        return sum(self.world.queue.counts(queue).waiting for queue in self.world.queue.queues())


@pytest.fixture
def door(monkeypatch: pytest.MonkeyPatch) -> Iterator[Door]:
    world = BooksWorld({"acme": REALM})
    world.run()
    world.take_webhooks()
    monkeypatch.setenv("STAGE", "local")
    monkeypatch.setattr(wiring, "engine", lambda: world.engine)
    environment.settings.cache_clear()
    sys.modules.pop("app", None)
    app: ModuleType = importlib.import_module("app")
    yield Door(app.app, world)
    sys.modules.pop("app", None)
    environment.settings.cache_clear()


def delivery(id_: str = "1") -> bytes:
    event = {"id": f"e{id_}", "type": "qbo.bill.updated.v1", "intuitentityid": id_, "intuitaccountid": REALM}
    return json.dumps([event]).encode()


@pytest.mark.parametrize("encoded", [True, False])
@pytest.mark.parametrize("content_type", TYPES)
def test_a_good_delivery_is_taken_however_the_gateway_hands_it_over(
    door: Door, content_type: str | None, encoded: bool
) -> None:
    body = delivery()
    assert door.send(body, door.good(body), content_type=content_type, encoded=encoded) == (200, "")
    assert door.waiting() == 1


def test_the_header_may_be_spelled_in_any_case(door: Door) -> None:
    body = delivery()
    (signature,) = door.good(body).values()
    assert door.send(body, {"Intuit-Signature": signature})[0] == 200


def test_taking_it_is_one_message_and_no_write(door: Door) -> None:
    body = delivery()
    door.send(body, door.good(body))
    effects: list[Effect] = []
    for port in (door.world.store, door.world.queue, door.world.vault, door.world.http):
        port.before = effects.append
    assert door.send(body, door.good(body))[0] == 200
    assert [effect.operation for effect in effects] == ["send"]


@pytest.mark.parametrize("number", range(MUTATIONS))
def test_a_forged_delivery_is_refused_without_a_word_counted_and_leaves_nothing(door: Door, number: int) -> None:
    chance = random.Random(number)
    body = delivery(str(number))
    headers = door.good(body)
    if number % 2:
        at = chance.randrange(len(body))
        body = body[:at] + bytes([32 + (body[at] - 32 + chance.randrange(1, 90)) % 90]) + body[at + 1 :]
    else:
        signature = list(headers["intuit-signature"])
        at = chance.randrange(len(signature) - 1)
        signature[at] = "A" if signature[at] != "A" else "B"
        headers = {"intuit-signature": "".join(signature)}
    before = door.world.store.all_items()

    assert door.send(body, headers) == (401, "")

    assert door.world.store.all_items() == before
    assert door.waiting() == 0
    assert door.world.metrics.total("ForgedHooks", system=SYSTEM) == 1


@pytest.mark.parametrize(
    "headers",
    [
        {}, {"intuit-signature": ""}, {"intuit-signature": "x" * 8000}, {"intuit-signature": "=" * 44},
        {"x-intuit-signature": "1234"}, {"authorization": f"Bearer {VERIFIER}"}, {"intuit-signature": VERIFIER},
        {"intuit-signature": "ünïcode"},
    ],
)  # fmt: skip
def test_no_other_proof_counts(door: Door, headers: dict[str, str]) -> None:
    assert door.send(delivery(), headers) == (401, "")
    assert door.waiting() == 0


def test_a_body_that_is_not_utf8_is_refused_when_its_bytes_were_signed_as_others(door: Door) -> None:
    body = b"\xff\xfe" + delivery()
    assert door.send(body, door.good(body)) == (401, ""), "the gateway handed over other bytes than were signed"
    assert door.send(body, door.good(body), encoded=True) == (200, "")


@pytest.mark.parametrize("system", ["procurify", "quickbooks_desktop", "nobody", "../api", "", "%00", "W#x"])
def test_a_system_without_such_webhooks_is_no_address(door: Door, system: str) -> None:
    body = delivery()
    assert door.send(body, door.good(body), system=system) == (404, "")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_only_post_is_a_delivery(door: Door, method: str) -> None:
    body = delivery()
    assert door.send(body, door.good(body), method=method)[0] == 405
    assert door.waiting() == 0


def test_a_signed_flood_is_taken_as_fast_as_the_vendor_wants(door: Door) -> None:
    body = json.dumps(["x" * 1000] * 5000).encode()
    assert door.send(body, door.good(body)) == (200, "")
    (odd,) = [item for item in door.world.store.all_items() if item.sk.startswith("ODD#")]
    assert len(str(odd.body["text"])) == 4000, "set aside at the door, and cut"


def test_before_any_verifier_was_entered_nothing_is_taken(door: Door) -> None:
    world = BooksWorld({"acme": REALM})
    assert hooks.dispatch(world.engine, SYSTEM, door.good(delivery()), delivery()) == 401


def test_a_queue_that_does_not_answer_asks_the_vendor_to_come_again(door: Door) -> None:
    def away(effect: Effect) -> None:
        raise TryAgain("The queue does not answer.")

    door.world.queue.before = away
    body = delivery()
    assert door.send(body, door.good(body)) == (503, "")


def test_our_own_fault_is_logged_without_what_came(door: Door, caplog: pytest.LogCaptureFixture) -> None:
    def broken(effect: Effect) -> None:
        raise RuntimeError(f"here is {VERIFIER} and {delivery()!r}")

    door.world.queue.before = broken
    body = delivery()
    with caplog.at_level(logging.DEBUG):
        assert door.send(body, door.good(body)) == (500, "")
    assert "a webhook failed: RuntimeError" in caplog.text
    assert VERIFIER not in caplog.text
    assert "intuitaccountid" not in caplog.text


def test_every_system_with_webhooks_judges_them_by_a_secret() -> None:
    for name in registry.SYSTEMS:
        told = wiring.load_system(name).hooks
        if told is not None:
            assert not told.is_theirs({}, b"", "secret")
            assert told.read(b"\x00").hints == ()
