"""FreshBooks' webhooks: the sheet's vectors, forty ways to forge one, and what is read out of them."""

from __future__ import annotations

import base64
import hmac
import random
from typing import Any
from urllib.parse import urlencode

import pytest

from chalicelib.engine.hints import Handshake
from chalicelib.systems.freshbooks import hooks
from tests.unit.systems.freshbooks_desk import ACCOUNT, SAMPLES, sample

MUTATIONS = 40
VERIFIER = "scADVVi5QuKuj5qTjVkbJNYQe7V7USpGd"
FORM = {
    "name": "bill.update",
    "object_id": "43221133",
    "account_id": "zDmNq",
    "business_id": "6543",
    "identity_id": "1234",
    "user_id": "1",
}
GOOD = "GFesY7X+7kue9Zw3zGz3mbS/Cdcf24nIFLLgFq/QjIM="
VECTORS: list[dict[str, Any]] = sample("webhook_vectors.json") if (SAMPLES / "webhook_vectors.json").exists() else []


def theirs(body: bytes, signature: str, verifier: str = VERIFIER) -> bool:
    return hooks.is_theirs({hooks.SIGNATURE: signature}, body, verifier)


def body(**changes: str) -> bytes:
    return urlencode({**FORM, **changes}).encode()


def test_the_vectors_are_there() -> None:
    assert sample("webhook_vectors.json"), "or the next test shows nothing"


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["name"] for vector in VECTORS])
def test_every_vector_of_the_sheet_is_judged_as_it_says(vector: dict[str, Any]) -> None:
    signature = next(iter(vector["header"].values()), "")
    judged = theirs(vector["raw_body"].encode(), signature, vector["verifier"])
    assert judged is vector["valid"]


def test_forty_forged_deliveries_are_refused() -> None:
    assert theirs(body(), GOOD)
    dice = random.Random(8)
    for _ in range(MUTATIONS // 2):
        raw = bytearray(body())
        place = dice.randrange(len(raw))
        raw[place] ^= 1 << dice.randrange(7)
        assert not theirs(bytes(raw), GOOD), bytes(raw)
    raw_signature = bytearray(base64.b64decode(GOOD))
    for place in range(MUTATIONS // 2):
        changed = bytearray(raw_signature)
        changed[place] ^= 1 << dice.randrange(8)
        assert not theirs(body(), base64.b64encode(changed).decode())


@pytest.mark.parametrize(
    "forged",
    [
        b"",
        body() + b"&name=bill.delete",
        body() + b"&extra=1",
        b"&".join(reversed(body().split(b"&"))),
        b"\xff\xfe",
        b"name=%ff%fe&object_id=1&account_id=a",
        b"&".join(b"a%d=1" % n for n in range(200)),
    ],
)
def test_other_fields_orders_and_repeats_are_refused(forged: bytes) -> None:
    assert not theirs(forged, GOOD)


@pytest.mark.parametrize("signature", ["", "nonsense", GOOD.lower(), GOOD.rstrip("="), f"{GOOD} ", "ä" * 44])
def test_no_signature_but_the_right_one_counts(signature: str) -> None:
    assert not theirs(body(), signature)


def test_signatures_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[Any, Any]] = []
    compare = hmac.compare_digest

    def watched(a: Any, b: Any) -> bool:
        compared.append((a, b))
        return compare(a, b)

    monkeypatch.setattr(hmac, "compare_digest", watched)
    assert theirs(body(), GOOD)
    assert not theirs(body(), "A" + GOOD[1:])
    assert compared == [(GOOD.encode(), GOOD.encode()), (GOOD.encode(), b"A" + GOOD.encode()[1:])]
    compared.clear()
    for place in range(MUTATIONS):
        wrong = "A" if GOOD[place] != "A" else "B"
        assert not theirs(body(), GOOD[:place] + wrong + GOOD[place + 1 :])
    assert len(compared) == MUTATIONS and {len(one) for pair in compared for one in pair} == {len(GOOD)}


@pytest.mark.parametrize(
    ("name", "kind", "is_gone"),
    [
        ("bill.create", "bill", False),
        ("bill.update", "bill", False),
        ("bill.delete", "bill", True),
        ("bill_vendor.update", "vendor", False),
        ("bill_payment.create", "bill_payment", False),
    ],
)
def test_an_event_points_to_its_record(name: str, kind: str, is_gone: bool) -> None:
    told = hooks.read(body(name=name, account_id=ACCOUNT))
    (hint,) = told.hints
    assert (hint.company, hint.kind, hint.id, hint.is_gone, told.odd) == (ACCOUNT, kind, "43221133", is_gone, ())
    assert hint.event == "", "two changes of a bill look the same: neither may hide the other"


@pytest.mark.parametrize("name", ["invoice.update", "client.create", "time_entry.delete", "invoice.sendByEmail"])
def test_what_we_do_not_read_is_none_of_our_business(name: str) -> None:
    told = hooks.read(body(name=name))
    assert (told.hints, told.odd) == ((), ())


@pytest.mark.parametrize(
    "odd",
    [
        body(name="bill.exploded"),
        body(name=""),
        body(name="bill"),
        body(object_id="1;2"),
        body(object_id=""),
        body(account_id="../x"),
        b"{}",
        b"",
    ],
)
def test_what_does_not_look_as_described_is_named(odd: bytes) -> None:
    told = hooks.read(odd)
    assert told.hints == () and told.odd


def test_a_handshake_is_known_by_its_name_id_and_code() -> None:
    fields = {"name": "callback.verify", "object_id": "2001", "verifier": VERIFIER, "account_id": ACCOUNT}
    assert hooks.handshake(urlencode(fields).encode()) == Handshake("2001", VERIFIER)
    assert VERIFIER not in repr(Handshake("2001", VERIFIER))
    for changes in ({"name": "bill.update"}, {"verifier": ""}, {"object_id": "x"}, {"verifier": "a b"}):
        assert hooks.handshake(urlencode({**fields, **changes}).encode()) is None
