"""A text that is not taken as it is gets one repeat, changed as the refusal itself tells; names and numbers never."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chalicelib.engine.errors import Held
from chalicelib.engine.records import Done, Draft
from tests.unit.systems.quickbooks_online_desk import Peer, a_bill, a_vendor, careful, desk, echo, fault, intent

BILL, VENDOR = "POST bill", "POST vendor"
LENGTH = "String length is either shorter or longer than supported by specification : Min:0 Max:{most} Supplied:{given}"


def sent(peer: Peer, n: int) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(peer.writes[n].get_data())
    return body


def performed(peer: Peer, draft: Draft) -> object:
    (outcome,) = desk(peer).target.perform([intent(draft)])
    return outcome


def test_characters_that_are_not_taken_are_left_out_of_texts_once() -> None:
    peer = Peer()
    peer.say(BILL, fault("2040", "Property PrivateNote holds a character"), echo("Bill"))
    assert isinstance(performed(peer, a_bill(memo="Zoë’s “order” – 5 € ⟶ 日本 𐍈")), Done)
    assert sent(peer, 1)["PrivateNote"] == "Zoë's 'order' - 5 日本 [mlc:procurify:bill:1f99]"
    assert {**sent(peer, 1), "PrivateNote": ""} == {**sent(peer, 0), "PrivateNote": ""}


def test_another_body_has_another_request_id_and_its_repeat_the_same() -> None:
    peer = Peer()
    peer.say(BILL, fault("2040"), echo("Bill"), fault("2040"), echo("Bill"))
    for _ in range(2):
        assert isinstance(performed(peer, a_bill(memo="5 €")), Done)
    ids = [request.args["requestid"] for request in peer.writes]
    assert ids[:2] == ids[2:]
    assert len(set(ids)) == 2 and {len(id_) for id_ in ids} == {32}


@pytest.mark.parametrize("code", ["2040", "2050"])
def test_a_text_is_changed_once_and_then_the_refusal_stands(code: str) -> None:
    peer = Peer()
    peer.say(BILL, fault(code, LENGTH.format(most=10, given=29), element="PrivateNote"))
    outcome = performed(peer, a_bill(memo="5 €"))
    assert isinstance(outcome, Held)
    assert outcome.reason == {"2040": "bad_characters", "2050": "request_not_accepted"}[code]
    careful(outcome)
    assert len(peer.writes) == (2 if code == "2040" else 1)  # the mark alone is longer than ten


@pytest.mark.parametrize(
    ("detail", "element"),
    [(LENGTH.format(most=40, given=53), ""), ("Length of the field exceeds 40 chars", "Bill.PrivateNote")],
)
def test_a_text_that_is_too_long_is_cut_to_what_the_refusal_says_and_keeps_its_mark(detail: str, element: str) -> None:
    peer = Peer()
    peer.say(BILL, fault("2050", detail, element=element), echo("Bill"))
    assert isinstance(performed(peer, a_bill(memo="x" * 27)), Done)
    note = sent(peer, 1)["PrivateNote"]
    assert len(note) <= 40 and note.endswith("… [mlc:procurify:bill:1f99]")


@pytest.mark.parametrize("detail", ["It is too long.", "Length of the field exceeds 10 chars", "Max:many"])
def test_a_length_that_is_not_told_of_any_text_changes_none(detail: str) -> None:
    peer = Peer()
    peer.say(BILL, fault("2050", detail))
    assert isinstance(performed(peer, a_bill()), Held)
    assert len(peer.writes) == 1


@pytest.mark.parametrize(
    ("call", "draft"), [(BILL, a_bill(number="N°-7", memo="")), (VENDOR, a_vendor("N°", company=""))]
)
@pytest.mark.parametrize("code", ["2040", "2050"])
def test_a_name_or_number_is_never_changed_since_records_are_found_by_it(call: str, draft: Draft, code: str) -> None:
    peer = Peer()
    element = "DocNumber" if call == BILL else "DisplayName"
    peer.say(call, fault(code, "Length of the field exceeds 2 chars", element=element))
    outcome = performed(peer, draft)
    assert isinstance(outcome, Held)
    careful(outcome)
    assert len(peer.writes) == 1
