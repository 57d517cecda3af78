"""Intuit's webhooks: only theirs are taken, and both of their forms point to the same records."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import random
from datetime import UTC, datetime
from typing import Any

import pytest

from chalicelib.engine.hints import Told
from chalicelib.systems.quickbooks_online import hooks
from tests.unit.systems.quickbooks_online_desk import sample

VERIFIER = "b5771f19b12ddb4bcdb9f08bdc50bc63878a"
BODY = (
    b'{"eventNotifications":[{"realmId":"1185883450","dataChangeEvent":{"entities":[{"name":"Bill","id":"1",'
    b'"operation":"Create","lastUpdated":"2015-10-05T14:42:19-0700"}]}}]}'
)
MUTATIONS = 40


def signed(body: bytes, verifier: str = VERIFIER) -> dict[str, str]:
    made = base64.b64encode(hmac.new(verifier.encode(), body, hashlib.sha256).digest()).decode()
    return {"intuit-signature": made}


def cloud_event(**changed: Any) -> dict[str, Any]:
    event = {
        "specversion": "1.0", "id": "88cd52aa", "source": "intuit.x=", "type": "qbo.bill.updated.v1",
        "datacontenttype": "application/json", "time": "2025-09-10T21:31:25.179851517Z", "intuitentityid": "145",
        "intuitaccountid": "310687", "data": {},
    }  # fmt: skip
    return {**event, **changed}


def old_event(**changed: Any) -> dict[str, Any]:
    entity = {"name": "Bill", "id": "145", "operation": "Update", "lastUpdated": "2015-10-05T14:42:19-0700"}
    return {"eventNotifications": [{"realmId": "310687", "dataChangeEvent": {"entities": [{**entity, **changed}]}}]}


def read(sent: object) -> Any:
    return hooks.read(json.dumps(sent).encode())


# ---------------------------------------------------------------------------------------------- whose it is


def test_the_vendors_own_vector_is_theirs_and_its_negative_is_not() -> None:
    vector = json.loads(sample("webhook.signature-vector.json"))
    body, verifier = vector["raw_body"].encode(), vector["verifier_token"]
    assert hooks.is_theirs({vector["header"]: vector["expected_signature"]}, body, verifier)
    wrong = vector["negative"]
    assert not hooks.is_theirs({vector["header"]: wrong["signature"]}, wrong["raw_body"].encode(), verifier)


@pytest.mark.parametrize("number", range(MUTATIONS))
def test_a_body_with_one_byte_changed_is_not_theirs(number: int) -> None:
    chance = random.Random(number)
    at = chance.randrange(len(BODY))
    mutated = BODY[:at] + bytes([BODY[at] ^ chance.randrange(1, 256)]) + BODY[at + 1 :]
    assert hooks.is_theirs(signed(BODY), BODY, VERIFIER)
    assert not hooks.is_theirs(signed(BODY), mutated, VERIFIER)


@pytest.mark.parametrize("number", range(MUTATIONS))
def test_a_signature_with_one_character_changed_is_not_theirs(number: int) -> None:
    good = signed(BODY)["intuit-signature"]
    chance = random.Random(number)
    at = chance.randrange(len(good) - 1)
    other = chance.choice([char for char in "abcdefghijABCDEFGHIJ0123456789+/= é" if char != good[at]])
    assert not hooks.is_theirs({"intuit-signature": good[:at] + other + good[at + 1 :]}, BODY, VERIFIER)


@pytest.mark.parametrize("headers", [{}, {"intuit-signature": ""}, {"intuit-signature": "x" * 100_000}])
def test_without_the_right_signature_nothing_is_theirs(headers: dict[str, str]) -> None:
    assert not hooks.is_theirs(headers, BODY, VERIFIER)


def test_a_re_serialized_body_and_another_apps_secret_do_not_count() -> None:
    again = json.dumps(json.loads(BODY)).encode()
    assert not hooks.is_theirs(signed(BODY), again, VERIFIER)
    assert not hooks.is_theirs(signed(BODY, "client-secret-of-the-app"), BODY, VERIFIER)


# ---------------------------------------------------------------------------------------------- what it points to


def test_both_forms_point_to_the_same_record() -> None:
    for sent in ([cloud_event()], old_event()):
        told = read(sent)
        assert told.odd == ()
        assert [(hint.company, hint.kind, hint.id, hint.is_gone) for hint in told.hints] == [
            ("310687", "bill", "145", False)
        ]


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("webhook.cloudevents.bill-updated.json", [("999000111", "bill", "1005", False)]),
        ("webhook.cloudevents.account-created.json", []),
        ("webhook.cloudevents.account-merged.json", []),
        ("webhook.legacy.account-create.json", []),
        ("webhook.legacy.multi-entity.json", []),
        ("webhook.legacy.vendor-delete.json", [("987654321", "vendor", "3", True)]),
    ],
)
def test_the_recorded_bodies_are_read(name: str, wanted: list[tuple[str, str, str, bool]]) -> None:
    told = hooks.read(sample(name))
    assert told.odd == ()
    assert [(hint.company, hint.kind, hint.id, hint.is_gone) for hint in told.hints] == wanted


@pytest.mark.parametrize("word", ["void", "voided"])
def test_a_void_is_spelled_in_two_ways_and_is_no_deletion(word: str) -> None:
    (hint,) = read([cloud_event(type=f"qbo.billpayment.{word}.v1")]).hints
    assert (hint.kind, hint.is_gone) == ("bill_payment", False)


def test_a_merge_points_to_the_vendor_that_stays_and_to_the_one_that_is_gone() -> None:
    merged = cloud_event(type="qbo.vendor.merged.v1", intuitentityid="40", data={"deletedId": "41"})
    old = old_event(name="Vendor", id="40", operation="Merge", deletedId="41")
    for sent in ([merged], old):
        assert [(hint.id, hint.is_gone) for hint in read(sent).hints] == [("40", False), ("41", True)]


def test_moments_come_in_nanoseconds_and_without_a_colon() -> None:
    (new,), (old,) = read([cloud_event()]).hints, read(old_event()).hints
    assert new.at == datetime(2025, 9, 10, 21, 31, 25, 179851, tzinfo=UTC)
    assert old.at == datetime(2015, 10, 5, 21, 42, 19, tzinfo=UTC)
    assert read([cloud_event(time="yesterday")]).hints[0].at is None


def test_an_event_is_known_again_by_its_id_or_by_all_that_it_says() -> None:
    assert read([cloud_event()]).hints[0].event == read([cloud_event(source="intuit.y=")]).hints[0].event
    assert read([cloud_event()]).hints[0].event != read([cloud_event(id="other")]).hints[0].event
    assert read(old_event()).hints[0].event == read(old_event()).hints[0].event
    assert read(old_event()).hints[0].event != read(old_event(operation="Delete")).hints[0].event


def test_two_companies_in_one_call_keep_their_own_events() -> None:
    told = read([cloud_event(intuitaccountid="1"), cloud_event(intuitaccountid="2", id="b", intuitentityid="7")])
    assert [(hint.company, hint.id) for hint in told.hints] == [("1", "145"), ("2", "7")]


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({}, "neither"), ("text", "neither"), (7, "neither"), (None, "neither"),
        ({"eventNotifications": {}}, "neither"), ([7], "no object"),
        ([cloud_event(type="qbo.bill.updated.v2")], "type qbo.bill.updated.v2"),
        ([cloud_event(type=None)], "type None"), ([cloud_event(intuitaccountid="")], "company or its id"),
        ([cloud_event(intuitentityid="../x")], "company or its id"), ([cloud_event(intuitentityid=True)], "its id"),
        ([cloud_event(type="qbo.bill.archived.v1")], "operation archived of bill"),
        ({"eventNotifications": [1]}, "no form"), ({"eventNotifications": [{"realmId": "1"}]}, "without its entities"),
        ({"eventNotifications": [{"realmId": "1", "dataChangeEvent": {"entities": [3]}}]}, "no object"),
        (old_event(operation=None), "operation none"), (old_event(name=None), "about nothing"),
    ],
)  # fmt: skip
def test_what_has_another_form_is_named_and_never_guessed_at(sent: object, said: str) -> None:
    told = read(sent)
    assert told.hints == ()
    assert len(told.odd) == 1
    assert said in told.odd[0]


def test_what_happens_to_records_that_we_do_not_read_is_none_of_our_business() -> None:
    for sent in ([cloud_event(type="qbo.estimate.accepted.v1")], old_event(name="Invoice", operation="Emailed")):
        assert read(sent) == Told()


def test_one_odd_event_does_not_hide_the_others() -> None:
    told = read([cloud_event(), {"type": "new.shape"}, cloud_event(id="b", intuitentityid="7")])
    assert [hint.id for hint in told.hints] == ["145", "7"]
    assert len(told.odd) == 1


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b"null null", b'"\\ud800'])
def test_what_is_no_json_is_said_to_be_none(body: bytes) -> None:
    assert hooks.read(body).odd == ("it is no JSON",)
