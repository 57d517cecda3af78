"""The Procurify target against a peer with a script: what an answer means, and that no filter is believed."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from io import BytesIO
from typing import Any

import pytest
from pypdf import PdfReader
from werkzeug.wrappers import Response

from chalicelib.engine.errors import ConnectorError, Held, LockedOut, TryAgain, Unknown
from chalicelib.engine.records import Done, Draft, Intent, RecordKey
from chalicelib.systems.procurify import SYSTEM
from chalicelib.systems.procurify.drafts import bill_line, bill_match_draft, inbox_draft, paid_draft, vendor_draft
from chalicelib.systems.procurify.target import ProcurifyTarget
from simulator.memory.mail import MemoryMail
from tests.unit.systems.procurify_desk import SECRET, Desk, Peer, desk, page_of, said

VENDORS, ALL, BILLS = "/api/v3/vendors/", "/api/v3/vendors/all/", "/api/v3/ap/bills/"
ID = "freshbooks:abc123:9001"
UUID = "1f99cf4a8c8d4d4abf5a4d3a2c1e7b88"
DASHED = "1f99cf4a-8c8d-4d4a-bf5a-4d3a2c1e7b88"
ONE = f"/api/v2/ap/bills/{DASHED}/"
PAID = f"{BILLS}mark-as-paid/"
DAY = date(2026, 2, 27)


def opened(peer: Peer) -> tuple[ProcurifyTarget, Desk]:
    around = desk(peer)
    around.line.mail = MemoryMail()
    return ProcurifyTarget(around.line), around


def intent(draft: Draft, **changes: Any) -> Intent:
    key = RecordKey("acme", "books_to_buying", "bill", "145")
    made = Intent(key, "create", draft.kind, draft.body, "[mlc:books:bill:145]", "a" * 32, 1, draft.money, draft.once)
    return replace(made, **changes)


def vendor(id_: int = 7, **fields: Any) -> dict[str, Any]:
    return {
        "id": id_,
        "name": "Ridgeline HVAC LLC",
        "active": True,
        "email": [],
        "external_id": None,
        "type": 4,
        **fields,
    }


def match(**changes: Any) -> Draft:
    lines = [bill_line(description="service", amount=Decimal("300.00"))]
    fields = {"vendor": "7", "vendor_name": "Ridgeline HVAC LLC", "number": "FB-1", "date": DAY, "currency": "USD"}
    return bill_match_draft(**{**fields, "lines": lines, **changes})


def row(**fields: Any) -> dict[str, Any]:
    told = {"id": 613, "uuid": DASHED, "status": 2, "vendor": {"id": 7}, "invoice_number": "FB-1"}
    return {**told, "invoice_date": "2026-02-27", "total_cost_with_tax": 300.0, "currency": {"name": "USD"}, **fields}


def detail(**fields: Any) -> Response:
    told = {"last_modified_datetime": "2026-03-01T00:00:00Z", "bill_payment": None, "active": True}
    return said({"metadata": {}, "data": {**row(), **told, **fields}})


def only(target: ProcurifyTarget, wanted: Intent) -> Done | ConnectorError:
    (outcome,) = target.perform([wanted])
    if isinstance(outcome, ConnectorError):
        assert "error" not in outcome.message.lower() and SECRET not in outcome.message
    return outcome


# ---------------------------------------------------------------------------------------------- answers to writes


@pytest.mark.parametrize(
    ("answer", "expected", "words"),
    [
        (said({"errors": {"name": {"message": "Too long.", "code": "max"}}}, status=400), Held, "Too long."),
        (said({"errors": {"null": {"message": "Active already.", "code": "x"}}}, status=400), Held, "Active already."),
        (said({"email": ["Enter a valid address."]}, status=400), Held, "email: Enter a valid address."),
        (said({"detail": "Method not allowed."}, status=405), Held, "405"),
        (said({"detail": "Not found."}, status=404), Held, "404"),
        (Response(b"too large", status=413), Held, "larger than Procurify takes"),
        (said({"detail": "No permission."}, status=403), LockedOut, "write vendors"),
        (said({"detail": "Slow."}, status=429, headers={"Retry-After": "7"}), TryAgain, "slow down"),
        (Response(status=302, headers={"Location": "https://evil.example/"}), TryAgain, "another address"),
        (said({"detail": "Oops."}, status=500), Unknown, "could not say"),
        (Response("<html>busy</html>", status=504, mimetype="text/html"), Unknown, "could not say"),
        (Response("<html>ok</html>", status=200, mimetype="text/html"), Unknown, "could not say"),
        (Response('{"data": {"id"', status=201, mimetype="application/json"), Unknown, "cut or garbled"),
        (said({"data": {"name": "x"}}, status=201), Unknown, "did not show its id"),
        (said({"detail": "Invalid token."}, status=401), LockedOut, "turned down access"),
    ],
)
def test_what_an_answer_to_a_write_means(answer: Response, expected: type[ConnectorError], words: str) -> None:
    peer = Peer()
    peer.say(VENDORS, answer)
    target, _ = opened(peer)
    outcome = only(target, intent(vendor_draft(name="Ridgeline HVAC LLC", outside_id=ID)))
    assert type(outcome) is expected, outcome
    assert words in outcome.message


def test_a_refusal_never_shows_the_token_that_it_was_sent_with() -> None:
    peer = Peer()
    peer.say(VENDORS, lambda request: said({"detail": f"Bad {request.headers['Authorization']}"}, status=400))
    outcome = only(opened(peer)[0], intent(vendor_draft(name="x", outside_id=ID)))
    assert isinstance(outcome, Held) and "token-1" not in outcome.message + outcome.cause


def test_after_being_told_to_wait_the_rest_of_the_batch_is_not_sent() -> None:
    peer = Peer()
    peer.say(VENDORS, said({}, status=429, headers={"Retry-After": "7"}))
    target, _ = opened(peer)
    wanted = [intent(vendor_draft(name=name, outside_id=name)) for name in ("a", "b", "c")]
    assert [type(one) for one in target.perform(wanted)] == [TryAgain] * 3
    assert peer.paths() == [VENDORS]


def test_one_vendor_that_is_turned_down_keeps_no_other_back() -> None:
    peer = Peer()
    peer.say(VENDORS, said({"name": ["Bad."]}, status=400), said({"data": vendor(external_id="b")}, status=201))
    target, _ = opened(peer)
    outcomes = target.perform([intent(vendor_draft(name=name, outside_id=name)) for name in ("a", "b")])
    assert [type(one) for one in outcomes] == [Held, Done]


def test_what_is_sent_for_a_vendor_is_what_the_sheet_asks_for_and_nothing_blank() -> None:
    peer = Peer()
    peer.say(VENDORS, said({"data": vendor(external_id=ID)}, status=201))
    target, _ = opened(peer)
    only(target, intent(vendor_draft(name=" Ridgeline\tHVAC  LLC ", outside_id=ID, city="Bend", currency="3")))
    sent = json.loads(peer.asked[-1].get_data())
    assert sent == {
        "name": "Ridgeline HVAC LLC",
        "city": "Bend",
        "email": [],
        "type": 4,
        "overall_score": None,
        "external_id": ID,
        "currency": 3,
    }


@pytest.mark.parametrize(("fields", "reason"), [({"name": " \n"}, "no_name"), ({"name": "x" * 151}, "bad_value")])
def test_a_vendor_without_a_fitting_name_is_held(fields: dict[str, Any], reason: str) -> None:
    with pytest.raises(Held) as held:
        vendor_draft(**fields, outside_id=ID)
    assert held.value.reason == reason


def test_what_does_not_fit_is_left_out_and_noted() -> None:
    draft = vendor_draft(name="x", outside_id=ID, phone="1" * 21, postal_code="2" * 21, email="none", city="Bend")
    assert draft.body == {"name": "x", "city": "Bend"}
    assert len(draft.once["notes"]) == 3  # type: ignore[arg-type]  # a list
    with pytest.raises(KeyError):
        _ = vendor_draft(name="x").once["notes"]


def test_an_id_longer_than_procurify_takes_is_held() -> None:
    target, _ = opened(Peer())
    outcome = only(target, intent(vendor_draft(name="x", outside_id="y" * 101)))
    assert isinstance(outcome, Held) and outcome.reason == "bad_value"


# ---------------------------------------------------------------------------------------------- filters


def test_a_filter_that_is_ignored_makes_nobody_ours() -> None:
    peer = Peer()
    peer.say(ALL, page_of([vendor(1, name="Other"), vendor(2, name="RIDGELINE  hvac llc", external_id="x")]))
    target, _ = opened(peer)
    (sighting,) = target.look([intent(vendor_draft(name="Ridgeline HVAC LLC", outside_id=ID))])
    assert not sighting.ours
    assert [one.id for one in sighting.twins] == ["2"]


@pytest.mark.parametrize("near", [ID.upper(), f"{ID}1", ID[:-1], f" {ID}", f"{ID}\u0301"])
def test_an_external_id_that_is_nearly_ours_is_somebody_elses(near: str) -> None:
    peer = Peer()
    peer.say(ALL, page_of([vendor(1, name="Other", external_id=near)]))
    (sighting,) = opened(peer)[0].look([intent(vendor_draft(name="Ridgeline HVAC LLC", outside_id=ID))])
    assert not sighting.ours and not sighting.twins


def test_where_the_list_of_all_vendors_is_not_offered_the_active_ones_are_asked() -> None:
    peer = Peer()
    peer.say(VENDORS, page_of([vendor(1, external_id=ID)]))
    target, _ = opened(peer)
    (sighting,) = target.look([intent(vendor_draft(name="Ridgeline HVAC LLC", outside_id=ID))])
    assert [one.id for one in sighting.ours] == ["1"]


def test_a_vendor_just_handed_over_may_not_be_listed_yet() -> None:
    peer = Peer()
    peer.say(ALL, page_of([]))
    target, around = opened(peer)
    wanted = intent(vendor_draft(name="x", outside_id=ID), at=around.clock.now().isoformat())
    assert isinstance(target.look([wanted])[0].told, Unknown)
    around.clock.advance(61)
    assert target.look([wanted])[0].told is None


@pytest.mark.parametrize(
    "fields",
    [
        {"vendor": {"id": 8}},
        {"invoice_number": "FB-10"},
        {"invoice_date": "2025-02-27"},
    ],
)
def test_a_bill_that_the_filter_should_have_kept_out_is_not_opened(fields: dict[str, Any]) -> None:
    peer = Peer()
    peer.say(BILLS, page_of([row(**fields)]))
    target, _ = opened(peer)
    (sighting,) = target.look([intent(match())])
    assert not sighting.ours and sighting.told is None
    assert ONE not in peer.paths()


@pytest.mark.parametrize("total", [300, 300.0, "300.00", "300.000000"])
def test_a_bill_is_found_however_its_total_is_spelled(total: object) -> None:
    peer = Peer()
    peer.say(BILLS, page_of([row()]))
    peer.say(ONE, detail(total_cost_with_tax=total))
    (sighting,) = opened(peer)[0].look([intent(match())])
    assert [one.id for one in sighting.ours] == [f"bill:{UUID}"]


def test_a_bill_whose_amount_cannot_be_read_is_held_and_the_next_is_looked_for() -> None:
    peer = Peer()
    peer.say(BILLS, page_of([row()]))
    peer.say(ONE, detail(total_cost_with_tax="a lot"), detail())
    first, second = opened(peer)[0].look([intent(match()), intent(match())])
    assert isinstance(first.told, Held) and first.told.reason == "unreadable_source"
    assert len(second.ours) == 1


def test_a_list_that_goes_round_in_circles_is_no_proof_of_absence() -> None:
    peer = Peer()
    peer.say(BILLS, page_of([row(invoice_number="x")], next=f"{BILLS}?page=2", count=99))
    target, _ = opened(peer)
    with pytest.raises(TryAgain, match="to its end"):
        target.look([intent(match())])


def test_a_row_without_an_id_is_no_proof_of_absence() -> None:
    peer = Peer()
    peer.say(BILLS, page_of([{"invoice_number": "FB-1"}]))
    with pytest.raises(TryAgain, match="no id"):
        opened(peer)[0].look([intent(match())])


# ---------------------------------------------------------------------------------------------- payments and mail


def paid(**changes: Any) -> Draft:
    fields: dict[str, Any] = {"bill": f"bill:{UUID}", "vendor_name": "Ridgeline HVAC LLC", "number": "FB-1"}
    fields |= {"total": Decimal(300), "paid": Decimal("300.00"), "date": DAY, "currency": "USD"}
    return paid_draft(**{**fields, **changes})


def test_one_bill_is_marked_in_one_call_as_the_sheet_shows_it() -> None:
    peer = Peer()
    peer.say(ONE, detail(), detail(status=4))
    peer.say(PAID, said({"bill_uuids": [UUID], "bill_group_ids": [], "payment_date": "2026-02-27"}))
    assert isinstance(only(opened(peer)[0], intent(paid())), Done)
    assert json.loads(peer.asked[-2].get_data()) == {
        "bill_uuids": [UUID],
        "bill_group_ids": [],
        "payment_date": "2026-02-27",
    }


def test_a_bill_that_is_not_shown_as_paid_afterwards_is_not_known_to_be() -> None:
    peer = Peer()
    peer.say(ONE, detail())
    peer.say(PAID, said({"bill_uuids": [UUID]}))
    assert isinstance(only(opened(peer)[0], intent(paid())), Unknown)


def test_a_mark_that_is_turned_down_on_an_unpaid_bill_is_held_with_procurifys_words() -> None:
    peer = Peer()
    peer.say(ONE, detail())
    peer.say(PAID, said({"errors": {"bill_uuids": {"message": "Locked period.", "code": "x"}}}, status=400))
    outcome = only(opened(peer)[0], intent(paid()))
    assert isinstance(outcome, Held) and "Locked period." in outcome.message


def test_a_bill_with_a_payment_of_procurifys_own_is_left_alone() -> None:
    peer = Peer()
    peer.say(ONE, detail(bill_payment={"payment": {"id": 1, "status": 9}}))
    (sighting,) = opened(peer)[0].look([intent(paid())])
    assert len(sighting.ours) == 1


def test_an_amount_finer_than_a_cent_is_held() -> None:
    with pytest.raises(Held, match="fractions of a cent"):
        bill_line(description="x", amount=Decimal("1.001"))


def test_the_same_bill_makes_the_same_file() -> None:
    draft = inbox_draft(
        vendor="7", vendor_name="Müller & Søn (West) \\ Co", number="FB-1", date=DAY, currency="EUR",
        lines=[bill_line(description=f"line {n} 日本", amount=Decimal(n)) for n in range(120)],
    )  # fmt: skip
    peer = Peer()
    target, around = opened(peer)
    mail = around.line.mail
    assert isinstance(mail, MemoryMail)
    around.line.connection.settings["ap_inbox"] = "ap@inbox.example.com"  # type: ignore[index]  # a dict here
    for _ in range(2):
        assert isinstance(only(target, intent(draft)), Done)
    first, second = (letter.attachments[0] for letter in mail.sent)
    assert first == second
    pages = PdfReader(BytesIO(first.content)).pages
    text = "\n".join(page.extract_text() for page in pages)
    assert len(pages) == 3
    assert "Vendor: Müller & Søn (West) \\ Co" in text and "line 119 ??   119.00" in text
    assert "Total: 7140.00 EUR" in text


# ---------------------------------------------------------------------------------------------- the address


@pytest.mark.parametrize(
    "address",
    [
        "acme-ap@inbox.example.com\nBcc: me@evil.example",
        "Acme <ap@inbox.example.com>",
        "ap@inbox.example.com, me@evil.example",
        "ap@localhost",
        "ap@@inbox.example.com",
        "",
        " ap@inbox.example.com",
    ],
)
def test_what_is_no_plain_address_is_no_ap_inbox(address: str) -> None:
    with pytest.raises(ValueError, match="ap_inbox"):
        SYSTEM.settings.model_validate({"domain": "acme", "ap_inbox": address})


def test_the_ap_inbox_is_changed_with_the_configuration_that_an_admin_alone_applies() -> None:
    from chalicelib.entry import routes

    SYSTEM.settings.model_validate({"domain": "acme", "ap_inbox": "acme-ap@inbox.example.com"})
    (apply,) = [one for one in routes.ENDPOINTS if one.path == "/apply"]
    assert apply.role == "admin"
