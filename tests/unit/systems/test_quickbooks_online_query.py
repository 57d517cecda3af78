"""Statements as the sheet spells them, whole lists although rows move, and refusals that one more question settles."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any

import pytest
from werkzeug.wrappers import Request, Response

from chalicelib.engine.errors import Held, LockedOut, Stale, TryAgain, Unknown
from chalicelib.engine.records import Done
from chalicelib.systems.quickbooks_online import query, shapes
from tests.unit.systems.quickbooks_online_desk import Peer, a_bill, a_vendor, careful, desk, echo, fault, intent, said

QUERY, BILL, VENDOR = "GET query", "POST bill", "POST vendor"
PAGED = re.compile(r"STARTPOSITION (\d+) MAXRESULTS (\d+)")


class Lists:
    """A list that is paged; `moves` says what happens to it before the page of that number is served."""

    def __init__(self, count: int, *, moves: dict[int, Any] | None = None, most: int = 10_000) -> None:
        self.rows = [{"Id": str(n), "DisplayName": f"V{n}", "Active": True} for n in range(1, count + 1)]
        self.moves = moves or {}
        self.most = most
        self.served = 0

    def __call__(self, request: Request) -> Response:
        found = PAGED.search(request.args["query"])
        assert found is not None, request.args["query"]
        begin, size = int(found[1]), int(found[2])
        if size > self.most:
            return fault("10100", "too much")
        self.served += 1
        self.moves.get(self.served, lambda rows: None)(self.rows)
        page = self.rows[begin - 1 : begin - 1 + size]
        return said({"QueryResponse": {"Vendor": page} if page else {}})


def to_the_end(rows: list[Any]) -> None:
    rows.append(rows.pop(0))


def listed(lists: Lists) -> list[str]:
    peer = Peer()
    peer.say(QUERY, lists)
    return sorted((ref.id for ref in desk(peer).target.references("vendor")), key=int)


@pytest.mark.parametrize("count", [0, 1, 999, 1000, 1001, 1999, 2000, 2500])
def test_a_list_is_read_to_its_end(count: int) -> None:
    assert listed(Lists(count)) == [str(n) for n in range(1, count + 1)]


@pytest.mark.parametrize("when", [2, 3])
def test_a_row_that_moves_while_we_page_is_not_lost(when: int) -> None:
    assert listed(Lists(2500, moves={when: to_the_end})) == [str(n) for n in range(1, 2501)]


def test_a_list_that_never_rests_ends_all_the_same() -> None:
    lists = Lists(2500, moves=dict.fromkeys(range(1, 100), to_the_end))
    assert len(listed(lists)) >= 2498
    assert lists.served <= 12


def test_pages_that_are_too_large_are_halved() -> None:
    assert listed(Lists(700, most=300)) == [str(n) for n in range(1, 701)]


def test_a_list_asks_for_inactive_entries_and_never_orders_by_id() -> None:
    peer = Peer()
    desk(peer).target.references("account")
    assert peer.statements == [
        "SELECT * FROM Account WHERE Active IN (true,false) ORDERBY MetaData.LastUpdatedTime "
        "STARTPOSITION 1 MAXRESULTS 1000"
    ]


def test_one_number_is_asked_for_in_the_sheets_own_words() -> None:
    peer = Peer()
    desk(peer).target.look([intent(a_bill(number="O'Neil\\7"))])
    assert peer.statements == ["select * from Bill where VendorRef = '56' and DocNumber = 'O\\'Neil\\\\7'"]


def test_the_numbers_of_all_vendors_are_asked_for_together_and_odd_ones_apart() -> None:
    peer = Peer()
    drafts = [a_bill(number=number) for number in ("A", "B", "C–1")] + [a_bill(vendor="57", number="A")]
    desk(peer).target.look([intent(draft) for draft in drafts])
    asked = [statement.split(" ORDERBY")[0] for statement in peer.statements]
    assert asked == [
        "SELECT * FROM Bill WHERE VendorRef = '56' AND DocNumber LIKE 'C%1'",
        "SELECT * FROM Bill WHERE DocNumber IN ('A','B')",
    ]


def test_at_most_thirty_numbers_go_into_one_query() -> None:
    peer = Peer()
    desk(peer).target.look([intent(a_bill(number=f"N{n}")) for n in range(70)])
    assert [statement.count("'N") for statement in peer.statements] == [30, 30, 10]


@pytest.mark.parametrize("code", ["4000", "4001"])
def test_a_list_of_numbers_that_is_not_understood_is_asked_one_by_one(code: str) -> None:
    def answer(request: Request) -> Response:
        if " IN " in request.args["query"]:
            return fault(code)
        number = request.args["query"].rsplit("'", 2)[1]
        return said({"QueryResponse": {"Bill": [{"Id": number, "DocNumber": number, "VendorRef": {"value": "56"}}]}})

    peer = Peer()
    peer.say(QUERY, answer)
    found = desk(peer).target.look([intent(a_bill(number=number)) for number in ("1", "2")])
    assert [[twin.id for twin in sighting.twins] for sighting in found] == [["1"], ["2"]]


def test_a_name_that_the_parser_stumbles_over_is_found_by_its_pattern() -> None:
    def answer(request: Request) -> Response:
        if " IN ('" in request.args["query"]:
            return fault("4000", "QueryParserError: Lexical error")
        rows = [{"Id": "1", "DisplayName": "ACME & co"}, {"Id": "2", "DisplayName": "Acme & Comrades"}]
        return said({"QueryResponse": {"Vendor": rows}})

    peer = Peer()
    peer.say(QUERY, answer)
    (sighting,) = desk(peer).target.look([intent(a_vendor("Acme & Co"))])
    assert [twin.id for twin in sighting.twins] == ["1"]


@pytest.mark.parametrize("name", ["O’Keefe – “Sons”", "100% Organic", "Back\\slash", "'", "%", "北京", "Zoë"])
def test_any_name_makes_a_statement_in_plain_punctuation(name: str) -> None:
    peer = Peer()
    desk(peer).target.look([intent(a_vendor(name))])
    (statement,) = peer.statements
    assert all(char.isascii() or char.isalnum() for char in statement)
    assert "%%" not in statement


@pytest.mark.parametrize(
    ("text", "pattern"),
    [("“a”", "'%a%'"), ("a–––b", "'a%b'"), ("–".join("abcdefgh"), "'a%b%c%d%'"), ("–", "'%'"), ("50%'", "'50%'")],
)
def test_a_pattern_has_few_wildcards(text: str, pattern: str) -> None:
    assert query.pattern(text) == pattern


def test_letters_with_marks_are_asked_for_as_they_are() -> None:
    assert query.speakable("e\u0301" * 300) and query.speakable("हिन्दी")


# ---------------------------------------------------------------------------------------------- twins


def rows(*bills: dict[str, Any]) -> Peer:
    listed = [{"VendorRef": {"value": "56"}, "TxnDate": "2026-02-20", "TotalAmt": 60, **bill} for bill in bills]
    peer = Peer()
    peer.say(QUERY, said({"QueryResponse": {"Bill": listed}}))
    return peer


OURS, OTHERS = "PO [mlc:procurify:bill:1f99]", "[mlc:procurify:bill:77]"


@pytest.mark.parametrize(
    ("number", "bill", "ours", "twin"),
    [
        ("INV-1", {"DocNumber": "INV-1", "PrivateNote": OURS}, True, False),
        ("INV-1", {"DocNumber": "renamed", "PrivateNote": OURS}, True, False),
        ("INV-1", {"DocNumber": "INV-1"}, False, True),
        ("INV-1", {"DocNumber": " inv-1 "}, False, True),
        ("INV-1", {"DocNumber": "INV-1", "PrivateNote": OTHERS}, False, True),
        ("INV-1", {"DocNumber": "INV-10"}, False, False),
        ("INV-1", {"DocNumber": "INV-1", "VendorRef": {"value": "57"}}, False, False),
        ("", {}, False, True),
        ("", {"PrivateNote": OURS}, True, False),
        ("", {"PrivateNote": OTHERS}, False, True),
        ("", {"TotalAmt": 61}, False, False),
        ("", {"TxnDate": "2026-02-21"}, False, False),
        ("", {"DocNumber": "typed by a person"}, False, True),
        ("", {"DocNumber": "INV-9", "PrivateNote": OTHERS}, False, False),
    ],
)
def test_what_is_ours_and_what_is_a_twin(number: str, bill: dict[str, Any], ours: bool, twin: bool) -> None:
    (sighting,) = desk(rows({"Id": "145", **bill})).target.look([intent(a_bill(number=number))])
    assert (bool(sighting.ours), bool(sighting.twins)) == (ours, twin)


def test_rows_that_cannot_be_read_are_asked_for_again() -> None:
    with pytest.raises(TryAgain) as again:
        desk(rows({"Id": "1", "TotalAmt": "much"})).target.look([intent(a_bill())])
    careful(again.value)


def test_a_vendor_twin_equals_what_we_sent_if_it_is_ours() -> None:
    wanted = a_vendor("Acme", phone="555 0100", country="USA")
    stored = {**shapes.vendor_body(wanted.body, wanted.once), "Id": "7", "CurrencyRef": {"value": "USD"}}
    peer = Peer()
    peer.say(QUERY, said({"QueryResponse": {"Vendor": [stored]}}))
    (sighting,) = desk(peer).target.look([intent(wanted)])
    assert [twin.body for twin in sighting.twins] == [wanted.body]


# ---------------------------------------------------------------------------------------------- perform


def test_outcomes_come_in_order_and_one_refusal_hides_no_other() -> None:
    peer = Peer()
    peer.say(BILL, echo("Bill"), fault("2020"), echo("Bill"))
    one, two, three = desk(peer).target.perform([intent(a_bill(), source_id=n) for n in "abc"])
    assert isinstance(one, Done) and isinstance(two, Held) and isinstance(three, Done)
    assert one.request_id == "1-tid"
    assert one.money is not None and one.money.amount == Decimal("60.00")
    assert one.notes == []
    assert json.dumps(one.answer)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (fault("3100", status=403), LockedOut),
        (fault("6190"), LockedOut),
        (fault("140", status=403), LockedOut),
        (Response(status=429), TryAgain),
    ],
)
def test_what_concerns_the_connection_spares_the_rest_their_calls(answer: Response, kind: type[Exception]) -> None:
    peer = Peer()
    peer.say(BILL, answer)
    outcomes = desk(peer).target.perform([intent(a_bill(), source_id=n) for n in "abc"])
    assert [type(outcome) for outcome in outcomes] == [kind] * 3
    assert len(peer.writes) == 1


@pytest.mark.parametrize("bad", [{"Id": ""}, {"TotalAmt": "much"}, {"Line": 3}])
def test_an_answer_that_does_not_fit_leaves_the_outcome_open(bad: dict[str, Any]) -> None:
    peer = Peer()
    peer.say(BILL, echo("Bill", **bad))
    (outcome,) = desk(peer).target.perform([intent(a_bill())])
    assert isinstance(outcome, Unknown)
    careful(outcome)


def test_a_field_that_is_dropped_without_a_word_is_noted() -> None:
    peer = Peer()
    peer.say(BILL, echo("Bill", DepartmentRef=None))
    (outcome,) = desk(peer).target.perform([intent(a_bill(location="4"))])
    assert isinstance(outcome, Done)
    assert outcome.notes == ["It came back with another value of location than was sent."]


@pytest.mark.parametrize("code", ["1000", "1010", "1020"])
@pytest.mark.parametrize("helps", [True, False])
def test_some_refusals_get_one_repeat_under_the_same_id(code: str, helps: bool) -> None:
    peer = Peer()
    peer.say(BILL, fault(code), echo("Bill") if helps else fault(code))
    (outcome,) = desk(peer).target.perform([intent(a_bill())])
    assert isinstance(outcome, Done if helps else Held)
    first, second = peer.writes
    assert first.url == second.url and first.get_data() == second.get_data()


def test_an_address_that_is_not_accepted_is_left_out_under_an_id_of_its_own() -> None:
    peer = Peer()
    peer.say(VENDOR, fault("2210"), echo("Vendor"))
    wanted = intent(a_vendor(email="odd@b.example"))
    (outcome,) = desk(peer).target.perform([wanted])
    assert isinstance(outcome, Done)
    assert "Left out, because it is not accepted there: odd@b.example." in outcome.notes
    first, second = (request.args["requestid"] for request in peer.writes)
    assert first == wanted.attempt_key
    assert second != first and len(second) == len(first)
    assert b"PrimaryEmailAddr" not in peer.writes[1].get_data()


def test_an_address_is_left_out_once_and_then_the_refusal_stands() -> None:
    peer = Peer()
    peer.say(VENDOR, fault("2210"))
    for wanted in (a_vendor(email="odd@b.example"), a_vendor()):
        (outcome,) = desk(peer).target.perform([intent(wanted)])
        assert isinstance(outcome, Held)
        assert outcome.reason == "bad_email"
    assert len(peer.writes) == 3


def test_a_request_that_was_seen_before_is_looked_up() -> None:
    peer = rows({"Id": "145", "DocNumber": "INV-1", "PrivateNote": OURS})
    peer.say(BILL, fault("600"))
    made = intent(a_bill(ap_account="", due_date=None))
    (outcome,) = desk(peer).target.perform([made])
    assert isinstance(outcome, Stale)  # ours by its mark, but in another state: adopted, then updated
    assert peer.statements


def test_a_request_that_was_seen_before_but_left_nothing_is_held() -> None:
    peer = Peer()
    peer.say(BILL, fault("600"))
    (outcome,) = desk(peer).target.perform([intent(a_bill())])
    assert isinstance(outcome, Held)
    assert outcome.reason == "sent_before"


def test_an_update_or_vendor_that_was_sent_before_is_settled_by_looking() -> None:
    peer = Peer()
    peer.say(BILL, fault("600"))
    peer.say(VENDOR, fault("630"))
    current = shapes.bill_current({"Id": "145", "SyncToken": "1"})
    for wanted in (intent(a_bill(), current=current), intent(a_vendor())):
        (outcome,) = desk(peer).target.perform([wanted])
        assert isinstance(outcome, Unknown)


def test_a_number_that_is_taken_by_another_kind_of_document_is_named() -> None:
    peer = Peer()
    detail = "DocNumber=INV-1 is assigned to TxnType=VendorCredit with TxnId=45823"
    peer.say(BILL, fault("6140", detail))
    (outcome,) = desk(peer).target.perform([intent(a_bill())])
    assert isinstance(outcome, Held)
    assert (outcome.reason, outcome.cause) == ("exists_in_target", "the vendor credit with the id 45823")


def test_a_refusal_while_settling_a_refusal_is_an_outcome_too() -> None:
    peer = Peer()
    peer.say(VENDOR, fault("6240"))
    peer.say(QUERY, fault("4002"))
    (outcome,) = desk(peer).target.perform([intent(a_vendor())])
    assert isinstance(outcome, Held)
    careful(outcome)
    peer.script[QUERY] = [Response(status=503)]
    (later,) = desk(peer).target.perform([intent(a_vendor())])
    assert isinstance(later, TryAgain)


def test_a_literal_reads_back_as_it_was() -> None:
    for text in ("O'Keefe", "a\\'b", "\\", "'"):
        inner = query.literal(text)[1:-1]
        assert re.sub(r"\\(.)", r"\1", inner) == text
