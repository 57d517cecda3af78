"""The Procurify target keeps the promises of the port `Target` against the simulated vendor, over real sockets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any, get_args

import pytest

from chalicelib.aws import clients
from chalicelib.engine.errors import Held, LockedOut, TryAgain, Unknown
from chalicelib.engine.match import match, same_id, same_name
from chalicelib.engine.merge import stands
from chalicelib.engine.ports import Attachment
from chalicelib.engine.records import Done
from chalicelib.systems.procurify.drafts import paid_draft
from chalicelib.systems.procurify.requisitions import marks_in
from simulator.faults import Kind
from tests.contract.procurify_over_sockets import DAY, VENDOR, Buying, Sockets, careful, intent, sockets

MADE_AT = {
    "vendor": "POST /api/v3/vendors/",
    "requisition": "POST /api/v3/requisitions/",
    "payment": "POST /api/v3/ap/bills/mark-as-paid/",
}
# What one fault on a write amounts to, and whether it stands there afterwards.
OUTCOMES: dict[str, tuple[type[object], bool]] = {
    "drop_before": (Unknown, False),
    "drop_after": (Unknown, True),
    "delay": (Unknown, False),
    "delay_after": (Unknown, True),
    "malformed": (Unknown, True),
    "html": (Unknown, False),
    "html_after": (Unknown, True),
    "throttle": (TryAgain, False),
    "server_fault": (Unknown, False),
    "expire_token": (Done, True),
}


@pytest.fixture(scope="module")
def both() -> Iterator[Sockets]:
    with sockets() as found:
        yield found


@pytest.fixture
def buying(both: Sockets, monkeypatch: pytest.MonkeyPatch) -> Iterator[Buying]:
    monkeypatch.setenv("AWS_ENDPOINT_URL_SESV2", both.post_url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "k")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")
    clients._clients.clear()
    made = both.buying()
    yield made
    made.check()


# ---------------------------------------------------------------------------------------------- every failure


def test_every_kind_of_fault_is_here() -> None:
    assert set(OUTCOMES) == set(get_args(Kind))


@pytest.mark.parametrize("fault", OUTCOMES)
@pytest.mark.parametrize("kind", MADE_AT)
def test_a_write_has_the_right_outcome_and_is_found_afterwards(buying: Buying, kind: str, fault: Kind) -> None:
    draft = buying.drafts()[kind]
    buying.sim.faults.plan(fault, MADE_AT[kind])
    outcome = buying.one(intent(draft))
    expected, there = OUTCOMES[fault]
    assert type(outcome) is expected, outcome
    at = buying.now()
    buying.clock.advance(120)
    assert len(buying.look(draft, at=at).ours) == there
    if not there:
        buying.made(draft)
        assert len(buying.look(draft, at=at).ours) == 1
    (found,) = buying.look(draft).ours
    assert stands(found, draft.body)
    again = buying.target.read(kind, found.id)
    assert again is not None and again.body == found.body


@pytest.mark.parametrize("fault", [fault for fault in OUTCOMES if fault != "expire_token"])
@pytest.mark.parametrize("call", ["look", "read", "references", "dated", "match"])
def test_a_read_that_fails_says_try_again_and_then_works(buying: Buying, call: str, fault: Kind) -> None:
    made = buying.made(buying.vendor_draft())
    bill = f"bill:{buying.enter()}"
    calls: dict[str, Any] = {
        "look": lambda: buying.look(buying.vendor_draft()).ours,
        "match": lambda: buying.look(buying.match()).ours,
        "read": lambda: buying.target.read("vendor", made.current.id) and buying.target.read("bill_match", bill),
        "references": lambda: buying.target.references("vendor"),
        "dated": lambda: buying.target.dated("bill_match", DAY, DAY, token=None).rows,
    }
    buying.sim.faults.plan(fault, "GET /api/")
    with pytest.raises(TryAgain) as again:
        calls[call]()
    careful(again.value)
    buying.clock.advance(120)
    assert calls[call]()


@pytest.mark.parametrize("fault", ["html", "drop_before", "throttle"])
def test_what_cannot_be_read_back_after_a_write_is_not_known(buying: Buying, fault: Kind) -> None:
    for kind, read in (("requisition", "GET /api/v2/global/order_items/"), ("payment", "GET /api/v2/ap/bills/")):
        buying.sim.faults.plan(fault, read, skip=int(kind == "payment"))
        draft = buying.drafts()[kind]
        assert isinstance(buying.one(intent(draft)), Unknown)
        buying.clock.advance(120)
        assert len(buying.look(draft, at=buying.now()).ours) == 1


# ---------------------------------------------------------------------------------------------- vendors


def test_a_vendor_is_made_with_the_id_of_its_source_and_updated_field_by_field(buying: Buying) -> None:
    made = buying.made(buying.vendor_draft())
    there = buying.sim.company.state.vendors[int(made.current.id)]
    assert (there["external_id"], there["email"], there["type"]) == (
        "freshbooks:abc123:9001",
        ["ap@angstrom.example"],
        4,
    )
    buying.sim.backstage_edit_vendor(int(made.current.id), email=["ap@angstrom.example", "boss@angstrom.example"])
    wanted = buying.vendor_draft(email="new@angstrom.example", city="Aarhus")
    current = buying.target.read("vendor", made.current.id)
    assert isinstance(buying.one(intent(wanted, op="update", current=current)), Done)
    there = buying.sim.company.state.vendors[int(made.current.id)]
    assert (there["email"], there["city"]) == (["new@angstrom.example", "boss@angstrom.example"], "Aarhus")
    assert there["addressLineOne"] is None


def test_without_an_id_of_its_source_a_vendor_carries_our_mark(buying: Buying) -> None:
    draft = buying.vendor_draft(outside_id="")
    made = buying.made(draft)
    assert buying.sim.company.state.vendors[int(made.current.id)]["external_id"] == "[mlc:books:bill:145]"
    assert len(buying.look(draft).ours) == 1
    assert not buying.look(draft, "146").ours


@pytest.mark.parametrize(
    "near", ["freshbooks:abc123:900", "freshbooks:abc123:90011", "FRESHBOOKS:abc123:9001", "freshbooks:abc123:9001 "]
)
def test_an_external_id_is_taken_for_the_same_only_when_it_is_equal(buying: Buying, near: str) -> None:
    buying.sim.backstage_add_vendor("Somebody Else", external_id=near)
    assert buying.look(buying.vendor_draft()) == buying.look(buying.vendor_draft(outside_id="x"))
    (theirs,) = [one for one in buying.target.references("vendor") if one.name == "Somebody Else"]
    assert match(buying.vendor_draft(), [theirs], [same_id]).one is None


@pytest.mark.parametrize(
    ("name", "twin"),
    [
        ("ÅNGSTRÖM & SØN APS", True),
        ("Ångström  &  Søn ApS", True),
        ("Angstrom & Son ApS", False),
        ("Ångström & Søn A/S", False),
    ],
)
def test_names_in_another_case_or_with_other_spaces_are_twins_and_other_accents_are_not(
    buying: Buying, name: str, twin: bool
) -> None:
    buying.sim.backstage_add_vendor(name)
    entries = [one for one in buying.target.references("vendor") if one.name == name]
    found = match(buying.vendor_draft(), entries, [same_id, same_name])
    assert (found.one is not None) == twin
    assert twin or not buying.look(buying.vendor_draft()).twins


def test_a_vendor_of_that_very_name_is_a_twin_whatever_our_lists_say(buying: Buying) -> None:
    buying.sim.backstage_add_vendor("Ångström & Søn ApS")
    (twin,) = buying.look(buying.vendor_draft()).twins
    assert twin.body["name"] == "Ångström & Søn ApS"


def test_our_vendor_that_people_deactivated_is_held(buying: Buying) -> None:
    made = buying.made(buying.vendor_draft())
    buying.sim.backstage_deactivate_vendor(int(made.current.id))
    told = buying.look(buying.vendor_draft()).told
    assert isinstance(told, Held) and told.reason == "inactive_ref"
    (entry,) = [one for one in buying.target.references("vendor") if one.id == made.current.id]
    assert (entry.active, entry.code) == (False, "freshbooks:abc123:9001")


def test_no_vendor_is_made_where_master_data_sync_is_in_use(buying: Buying) -> None:
    outcome = buying.one(intent(buying.vendor_draft(synced=True)))
    assert isinstance(outcome, Held) and outcome.reason == "master_data_sync"
    assert not buying.calls("POST /api/v3/vendors/")
    assert [one.name for one in buying.target.references("preference")] == ["false"]
    buying.sim.backstage_add_vendor("Synced Ltd", external_id="NS-771")
    assert [one.name for one in buying.target.references("preference")] == ["true"]


def test_a_role_without_the_right_closes_the_connection_and_stops_the_rest(buying: Buying) -> None:
    buying.sim.client_secret = "another"
    buying.sim.expire_tokens()
    outcomes = buying.perform(intent(buying.vendor_draft()), intent(buying.vendor_draft(outside_id="y")))
    assert [type(one) for one in outcomes] == [LockedOut, LockedOut]
    assert len(buying.calls("POST /oauth/token")) == 1


# ---------------------------------------------------------------------------------------------- bills


@pytest.mark.parametrize("number", ["FB-123", "fb-123", " FB-123 "])
@pytest.mark.parametrize("kind", ["match", "mail", "request"])
def test_a_bill_that_is_there_is_found_and_nothing_is_written(buying: Buying, kind: str, number: str) -> None:
    uuid = buying.enter(number=number)
    draft = getattr(buying, kind)()
    (found,) = buying.look(draft).ours
    assert found.id == f"bill:{uuid.replace('-', '')}"
    assert stands(found, draft.body)
    again = buying.target.read(draft.kind, found.id)
    assert again is not None and stands(again, draft.body) and set(draft.body) <= set(again.locks)
    assert not buying.inbox.mails and not buying.calls("POST /api/")


@pytest.mark.parametrize(
    "fields",
    [
        {"amount": "300.01"},
        {"status": 3},
        {"status": 5},
        {"amount": "0.00", "status": 0, "invoice_date": None},
        {"currency": "CAD"},
    ],
)
def test_a_bill_of_that_number_that_says_something_else_is_told_and_nothing_is_sent(
    buying: Buying, fields: dict[str, Any]
) -> None:
    buying.enter(**fields)
    for draft in (buying.match(), buying.mail(), buying.request()):
        told = buying.look(draft).told
        assert isinstance(told, Held) and told.reason == "bill_differs"
        assert told.waits_for == (f"reference:bill@{buying.vendor}",)


def test_a_bill_of_another_vendor_number_or_year_is_another_one(buying: Buying) -> None:
    buying.enter(number="FB-124")
    buying.enter(invoice_date="2025-02-27")
    other = buying.sim.backstage_add_vendor("Ridgeline Hvac, LLC")["id"]
    line = {"description": "x", "account_code": "6200", "amount": "300.00"}
    buying.sim.backstage_add_bill(other, [line], invoice_number="FB-123", invoice_date=DAY.isoformat())
    assert not any((sighting := buying.look(draft)).ours or sighting.twins for draft in (buying.match(), buying.mail()))


def test_a_bill_dated_ahead_is_found_though_it_was_entered_long_before(buying: Buying) -> None:
    ahead = date(2026, 7, 1)
    buying.enter(invoice_date=ahead.isoformat())
    assert len(buying.look(buying.match(date=ahead)).ours) == 1


def test_two_alike_and_one_without_a_number_are_for_a_person(buying: Buying) -> None:
    buying.enter()
    buying.enter()
    assert len(buying.look(buying.match()).twins) == 2
    buying.enter("77.00", number="")
    sighting = buying.look(buying.match("77.00", number=""))
    assert (len(sighting.ours), len(sighting.twins)) == (0, 1)


def test_a_bill_that_is_not_there_is_held_with_all_that_a_person_needs(buying: Buying) -> None:
    draft = buying.match("250.00", "50.00", due_date=date(2026, 3, 29))
    assert buying.look(draft).told is None
    outcome = buying.one(intent(draft))
    assert isinstance(outcome, Held) and outcome.reason == "bill_not_found"
    for said in (VENDOR, "FB-123", "2026-02-27", "2026-03-29", "300.00 USD", "filter service 1 250.00"):
        assert said in outcome.fix
    buying.enter("300.00")
    assert len(buying.look(draft).ours) == 1


def test_what_stands_in_a_period_is_listed_with_ids_that_we_link_to(buying: Buying) -> None:
    uuid = buying.enter()
    rows = buying.target.dated("bill_match", DAY, DAY, token=None).rows
    assert f"bill:{uuid.replace('-', '')}" in {row.id for row in rows}
    buying.made(buying.request(number="FB-9"))
    today = buying.clock.now().date()
    (row,) = buying.target.dated("requisition", today, today, token=None).rows
    assert (row.mark, row.money and row.money.amount) == ("[mlc:books:bill:145]", Decimal("300.00"))
    assert not buying.target.dated("payment", DAY, DAY, token=None).rows


# ---------------------------------------------------------------------------------------------- the AP inbox


def test_a_bill_is_mailed_with_a_file_that_ocr_reads_and_is_found_by_it(buying: Buying) -> None:
    draft = buying.mail("250.00", "50.00", po_number="PO-7")
    assert buying.look(draft) == buying.look(draft, "146")
    made = buying.made(draft)
    assert made.current.id.startswith("mail:2026-03-02:")
    read = buying.inbox.backstage_read_attachment(1)
    found = {name: read[name] for name in ("invoice_number", "po_number", "vendor_name", "invoice_date", "due_date")}
    assert found == {
        "invoice_number": "FB-123",
        "po_number": "PO-7",
        "vendor_name": VENDOR,
        "invoice_date": "2026-02-27",
        "due_date": "2026-03-29",
    }
    assert "Total: 300.00 USD" in read["text"]
    (mail,) = buying.inbox.backstage_mails()
    assert (mail["sender"], mail["to"]) == ("mlc-test@mail.example", [buying.inbox.address])
    assert "[mlc:books:bill:145]" in mail["subject"]
    with pytest.raises(Held) as early:
        buying.target.read("inbox_mail", made.current.id)
    assert early.value.reason == "mailed"

    (bill,) = buying.inbox.backstage_make_bills(1)
    (ours,) = buying.look(draft, at=buying.now()).ours
    assert ours.id == f"bill:{bill['uuid'].replace('-', '')}"
    assert not buying.look(draft, "146").ours
    buying.inbox.backstage_complete_bill(bill["uuid"], [{"account_code": "6200", "amount": "300.00"}])
    current = buying.target.read("inbox_mail", made.current.id)
    assert current is not None and current.id == made.current.id and stands(current, draft.body)
    assert isinstance(buying.one(intent(buying.paid(made.current.id), source_id="p1")), Done)
    assert buying.bill(bill["uuid"]).status == 4


@pytest.mark.parametrize("fault", OUTCOMES)
def test_a_mail_goes_out_at_most_once_whatever_becomes_of_the_answer(buying: Buying, fault: Kind) -> None:
    draft = buying.mail()
    buying.inbox.faults.plan(fault, times=5)
    at = buying.now()
    outcome = buying.one(intent(draft))
    expected, sent = OUTCOMES[fault]
    assert type(outcome) is expected, outcome
    assert len(buying.inbox.faults.calls) == 1
    assert len(buying.inbox.mails) == sent
    if isinstance(outcome, TryAgain):
        buying.inbox.faults.clear()
        assert isinstance(buying.one(intent(draft)), Done)
        return
    for _ in range(3):  # nobody can prove that it did not arrive
        told = buying.look(draft, at=at).told
        assert isinstance(told, Unknown) and "not mailed again" in told.message
    if sent:
        buying.inbox.backstage_make_bills(1)
        assert len(buying.look(draft, at=at).ours) == 1


def test_the_very_same_mail_is_never_handed_over_twice(buying: Buying) -> None:
    assert isinstance(buying.one(replace(intent(buying.mail()), again=True)), Unknown)
    assert not buying.inbox.mails


def test_a_bills_own_file_goes_along_where_the_inbox_reads_it(buying: Buying) -> None:
    buying.made(buying.mail(file=Attachment("scan.JPEG", "image/jpeg", b"\xff\xd8\xff")))
    (mail,) = buying.inbox.backstage_mails()
    (file,) = mail["attachments"]
    assert (file["type"], file["problem"]) == ("image/jpeg", "")
    assert file["name"].startswith("FB-123-") and file["name"].endswith(".jpeg")


@pytest.mark.parametrize(
    ("file", "said"),
    [
        (Attachment("bill.pdf", "application/pdf", b"%PDF-" + b"x" * 2_000_000), "2.0 MB"),
        (Attachment("bill.pdf", "application/pdf", b"<html>"), "no PDF inside"),
        (Attachment("bill.docx", "application/msword", b"x"), "no PDF, JPG or PNG"),
        (Attachment("bill.exe", "application/pdf", b"%PDF-"), "no PDF, JPG or PNG"),
    ],
)
def test_a_file_that_does_not_fit_is_replaced_by_ours_and_told(buying: Buying, file: Attachment, said: str) -> None:
    made = buying.made(buying.mail(file=file))
    assert said in " ".join(made.notes)
    assert buying.inbox.backstage_read_attachment(1)["invoice_number"] == "FB-123"


def test_a_name_that_our_file_cannot_show_is_held_and_not_mailed_as_something_else(buying: Buying) -> None:
    outcome = buying.one(intent(buying.mail(vendor_name="東京設備")))
    assert isinstance(outcome, Held) and outcome.reason == "bad_characters"
    assert not buying.inbox.mails


def test_without_an_inbox_or_a_verified_sender_nothing_is_mailed(both: Sockets, buying: Buying) -> None:
    buying.inbox.senders = ("other@mail.example",)
    outcome = buying.one(intent(buying.mail()))
    assert isinstance(outcome, Held) and (outcome.reason, outcome.owner) == ("mail_not_sent", "operator")
    del buying.line.connection.settings["ap_inbox"]  # type: ignore[attr-defined]  # a dict here
    outcome = buying.one(intent(buying.mail()))
    assert isinstance(outcome, Held) and (outcome.reason, outcome.owner) == ("no_ap_inbox", "admin")
    assert not buying.inbox.mails


# ---------------------------------------------------------------------------------------------- requests


def test_a_request_carries_our_mark_on_every_line_into_the_order_that_grows_out_of_it(buying: Buying) -> None:
    draft = buying.request("300.00", "12.50", "0.00")
    made = buying.made(draft)
    (request,) = buying.sim.backstage_requisitions()
    assert made.current.id == f"request:{request['num']}"
    assert made.money == draft.money
    assert [line["name"] for line in request["lines"]] == [
        "Bill FB-123: filter service 1 [mlc:books:bill:145]",
        "Bill FB-123: filter service 2 [mlc:books:bill:145]",
    ]
    buying.sim.backstage_approve_requisition(request["num"])
    (order,) = buying.sim.backstage_purchase_requisition(request["num"])
    buying.clock.advance(86400 * 3)
    assert [one.id for one in buying.look(draft).ours] == [made.current.id]
    detail = buying.target.client.one(f"/api/v2/purchase_orders/{order['procurify_PO']}/")
    assert detail is not None
    names = [str(line["name"]) for line in detail["order_items"]]  # type: ignore[attr-defined]  # JSON
    assert marks_in(names) == {"[mlc:books:bill:145]"}


def test_a_request_that_procurify_turns_down_says_which_name_it_does_not_know(buying: Buying) -> None:
    outcome = buying.one(intent(buying.request(department="Nowhere")))
    assert isinstance(outcome, Held) and outcome.reason == "not_accepted"
    assert "department_name" in outcome.message


def test_a_request_just_made_may_not_be_listed_yet(buying: Buying) -> None:
    told = buying.look(buying.request(), at=buying.now()).told
    assert isinstance(told, Unknown) and "may lag" in told.message


# ---------------------------------------------------------------------------------------------- payments


def test_a_bill_is_marked_as_paid_once_on_the_day_of_its_payment(buying: Buying) -> None:
    uuid = buying.enter()
    draft = buying.paid(f"bill:{uuid}")
    buying.made(draft)
    assert (buying.bill(uuid).status, buying.bill(uuid).payment_date) == (4, "2026-03-20")
    (ours,) = buying.look(draft).ours
    assert stands(ours, draft.body)
    assert isinstance(buying.one(intent(draft)), Done)  # the second time it is turned down there, and was paid
    assert len(buying.calls(MADE_AT["payment"])) == 2


@pytest.mark.parametrize("status", [4, 6, 7, 8])
def test_a_bill_in_procurifys_own_payments_is_left_alone(buying: Buying, status: int) -> None:
    uuid = buying.enter(status=status)
    assert len(buying.look(buying.paid(f"bill:{uuid}")).ours) == 1
    assert not buying.calls("POST /api/")


@pytest.mark.parametrize(
    ("status", "reason"), [*((status, "bill_not_approved") for status in (0, 1, 3, 5)), (9, "unknown_value")]
)
def test_only_an_approved_bill_is_marked(buying: Buying, status: int, reason: str) -> None:
    uuid = buying.enter()
    buying.sim.backstage_put_raw_bill_field(uuid, "status", status)
    told = buying.look(buying.paid(f"bill:{uuid}")).told
    assert isinstance(told, Held) and told.reason == reason
    outcome = buying.one(intent(buying.paid(f"bill:{uuid}")))
    assert isinstance(outcome, Held) and outcome.reason == reason


def test_a_bill_over_another_amount_or_gone_is_not_marked(buying: Buying) -> None:
    uuid = buying.enter("299.99")
    told = buying.look(buying.paid(f"bill:{uuid}")).told
    assert isinstance(told, Held) and told.reason == "bill_differs"
    buying.sim.backstage_delete_bill(uuid)
    told = buying.look(buying.paid(f"bill:{uuid}")).told
    assert isinstance(told, Held) and told.reason == "bill_not_found"
    told = buying.look(buying.paid("request:5001")).told
    assert isinstance(told, Held) and told.reason == "no_bill_to_pay"
    assert not buying.calls("POST /api/")


@pytest.mark.parametrize(
    ("paid", "reason", "owner"), [("299.99", "partially_paid", "nobody"), ("300.01", "overpaid", "bookkeeper")]
)
def test_a_part_of_a_payment_is_told_in_words(paid: str, reason: str, owner: str) -> None:
    with pytest.raises(Held) as held:
        paid_draft(
            bill="bill:1",
            vendor_name=VENDOR,
            number="7",
            total=Decimal(300),
            paid=Decimal(paid),
            date=DAY,
            currency="USD",
        )
    assert (held.value.reason, held.value.owner) == (reason, owner)
    assert paid in held.value.message and "300.00 USD" in held.value.message


# ---------------------------------------------------------------------------------------------- lists


def test_every_list_that_a_bill_points_to_can_be_read(buying: Buying) -> None:
    uuid = buying.enter()
    (bill,) = [one for one in buying.target.references(f"bill@{buying.vendor}") if one.name == "FB-123"]
    assert (bill.id, bill.kind, bill.contact["total"]) == (f"bill:{uuid.replace('-', '')}", "2", "300.00")
    assert not buying.target.references("bill@999")
    names = {kind: [one.label for one in buying.target.references(kind)] for kind in ("account_code", "department")}
    assert names == {"account_code": ["6200 Repairs"], "department": ["Head Office / Operations"]}
    assert [one.kind for one in buying.target.references("location")] == ["headquarters"]
    (account,) = buying.target.references("account")
    assert (account.code, account.contact) == ("6200", {"department": "Operations", "location": "Head Office"})
    assert "USD" in [one.name for one in buying.target.references("currency")]
