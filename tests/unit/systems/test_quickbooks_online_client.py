"""QuickBooks Online's client: access is renewed with care, and every answer gets one meaning."""

from __future__ import annotations

import base64
import json
from decimal import Decimal
from typing import Any

import pytest
from werkzeug.wrappers import Request, Response

from chalicelib.engine.errors import Held, LockedOut, TryAgain, Unknown
from chalicelib.systems.quickbooks_online import SYSTEM, faults, wording
from chalicelib.systems.quickbooks_online.auth import DEAD
from chalicelib.systems.quickbooks_online.client import Client, Faulty
from simulator.faults import AnswerTooLate
from tests.unit.systems.quickbooks_online_desk import (
    REALM,
    SECRETS,
    TOKEN_PATH,
    Peer,
    careful,
    desk,
    fault,
    said,
    sample,
)

REFRESH = "POST bearer"
BILL = "POST bill"


def no_answer(request: Request) -> Response:
    raise AnswerTooLate


def write(client: Client) -> Any:
    return client.write("Bill", {"DocNumber": "7"}, request_id="r" * 32)


# ---------------------------------------------------------------------------------------------- access


def test_access_is_asked_for_as_the_sheet_says() -> None:
    peer = Peer()
    Client(desk(peer).line).query("select * from Term")
    asked = peer.asked[0]
    assert asked.path == TOKEN_PATH
    basic = base64.b64encode(f"{SECRETS['client_id']}:{SECRETS['client_secret']}".encode()).decode()
    assert asked.headers["Authorization"] == f"Basic {basic}"
    assert asked.headers["x-include-refresh-token-hard-expires-in"] == "true"
    assert asked.form.to_dict() == {"grant_type": "refresh_token", "refresh_token": SECRETS["refresh_token"]}


def test_the_rotated_refresh_token_is_used_for_the_next_renewal() -> None:
    peer = Peer()
    around = desk(peer)
    client = Client(around.line)
    client.query("select * from Term")
    around.clock.advance(3600)
    client.query("select * from Term")
    renewals = [request.form["refresh_token"] for request in peer.asked if request.path == TOKEN_PATH]
    assert renewals == [SECRETS["refresh_token"], "RT1"]


@pytest.mark.parametrize("problem", sorted(DEAD))
def test_access_that_is_gone_locks_out_and_says_what_to_do(problem: str) -> None:
    peer = Peer()
    peer.say(REFRESH, said({"error": problem}, status=401 if problem == "invalid_client" else 400))
    with pytest.raises(LockedOut) as locked:
        Client(desk(peer).line).query("select * from Term")
    assert "books" in locked.value.message
    assert "mlc apply" in locked.value.fix
    careful(locked.value)


def test_an_invalid_grant_is_asked_once_more_before_it_counts() -> None:
    peer = Peer()
    tokens = said({"access_token": "AT", "refresh_token": "RT", "expires_in": 3600})
    peer.say(REFRESH, Response(sample("oauth.invalid-grant.json"), status=400), tokens)
    assert Client(desk(peer).line).query("select * from Term") == {}


@pytest.mark.parametrize(
    "answer",
    [
        Response("<html>busy</html>", status=503),
        Response("<html>who are you</html>", status=403),
        said({}, status=429),
        said({"error": "server_error"}, status=500),
        no_answer,
        said({"access_token": "AT-only"}),
        said({"access_token": "AT", "refresh_token": ""}),
        Response('{"access_token": "AT", "refr', status=200),
        Response("[" * 100_000, status=200),
    ],
)
def test_a_sign_in_that_stumbles_is_tried_again_and_loses_no_token(answer: Any) -> None:
    peer = Peer()
    peer.say(REFRESH, answer)
    around = desk(peer)
    with pytest.raises(TryAgain) as again:
        Client(around.line).query("select * from Term")
    assert not again.value.counts
    careful(again.value)
    peer.script.clear()
    assert Client(around.line).query("select * from Term") == {}
    assert peer.asked[-2].form["refresh_token"] == SECRETS["refresh_token"]


@pytest.mark.parametrize("kind", ["json", "xml"])
def test_refused_access_is_renewed_once_and_the_very_same_call_repeated(kind: str) -> None:
    peer = Peer()
    xml = '<IntuitResponse><Fault type="AUTHENTICATION"><Error code="3200"/></Fault></IntuitResponse>'
    refusal = Response(xml, status=401) if kind == "xml" else Response(sample("fault.gateway-3200-401.json"), 401)
    peer.say(BILL, refusal, said({"Bill": {"Id": "1"}}))
    write(Client(desk(peer).line))
    first, second = peer.writes
    assert first.url == second.url
    assert first.get_data() == second.get_data()
    assert [request.headers["Authorization"] for request in peer.writes] == ["Bearer AT1", "Bearer AT2"]


def test_access_that_is_refused_right_after_renewal_locks_out() -> None:
    peer = Peer()
    peer.say(BILL, fault("3200", status=401))
    with pytest.raises(LockedOut) as locked:
        write(Client(desk(peer).line))
    assert len(peer.writes) == 2
    careful(locked.value)


# ---------------------------------------------------------------------------------------------- the request


def test_a_write_carries_what_the_sheet_asks_for_and_is_not_metered() -> None:
    peer = Peer()
    peer.say(BILL, said({"Bill": {"Id": "1"}}))
    around = desk(peer)
    answer = Client(around.line).write("Bill", {"Amount": Decimal("60.10"), "Note": "Müller"}, request_id="r" * 32)
    (asked,) = peer.writes
    assert asked.path == f"/v3/company/{REALM}/bill"
    assert asked.args.to_dict() == {"requestid": "r" * 32, "minorversion": "75"}
    assert asked.headers["Accept"] == asked.headers["Content-Type"] == "application/json"
    assert asked.headers["User-Agent"]
    assert b'"Amount": 60.1' in asked.get_data() and "Müller".encode() in asked.get_data()
    assert answer.trace == "1-tid"
    assert around.line.metered == 0


def test_a_read_is_metered_and_has_no_request_id() -> None:
    peer = Peer()
    around = desk(peer)
    Client(around.line).query("select * from Term")
    assert peer.asked[-1].args.to_dict() == {"query": "select * from Term", "minorversion": "75"}
    assert around.line.metered == 1


@pytest.mark.parametrize(
    ("environment", "host"),
    [("production", "quickbooks.api.intuit.com"), ("sandbox", "sandbox-quickbooks.api.intuit.com")],
)
def test_the_host_goes_by_the_environment(environment: str, host: str) -> None:
    peer = Peer()
    Client(desk(peer, environment=environment).line).query("select * from Term")
    assert peer.asked[-1].host == host


def test_the_realm_is_text_of_digits_only() -> None:
    assert SYSTEM.settings.model_validate({"realm": REALM})
    for bad in ("", "12a", "1" * 21, "١٢"):
        with pytest.raises(ValueError, match="realm"):
            SYSTEM.settings.model_validate({"realm": bad})


def test_numbers_are_read_exactly() -> None:
    peer = Peer()
    peer.say("GET 1", Response('{"Bill": {"Id": "1", "TotalAmt": 1234567890123.45}}'))
    found = Client(desk(peer).line).get("Bill", "1")
    assert found is not None
    assert found["TotalAmt"] == Decimal("1234567890123.45")


# ---------------------------------------------------------------------------------------------- what answers mean


UNCLEAR: list[Any] = [
    no_answer,
    Response("<html>Bad gateway</html>", status=502),
    Response("", status=504),
    Response("", status=408),
    Response("moved", status=302),
    Response("{}", status=500),
    Response('{"Bill": {"Id": "1", "Sy', status=200),
    Response("<html>Welcome</html>", status=200),
    said({"Bill": None}),
    said({"time": "2026"}),
    said([1]),
    Response('{"Bill": {"Id": NaN}}', status=200),
    fault("10000", status=500),
    fault("10000", status=200),
]


@pytest.mark.parametrize("answer", UNCLEAR)
def test_a_write_without_a_clear_answer_may_have_happened(answer: Any) -> None:
    peer = Peer()
    peer.say(BILL, answer)
    with pytest.raises(Unknown) as unknown:
        write(Client(desk(peer).line))
    assert len(peer.writes) == 1
    careful(unknown.value)


@pytest.mark.parametrize("answer", UNCLEAR)
def test_a_read_without_a_clear_answer_is_tried_again(answer: Any) -> None:
    peer = Peer()
    peer.say("GET 1", answer)
    with pytest.raises(TryAgain) as again:
        Client(desk(peer).line).get("Bill", "1")
    careful(again.value)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("fault.3001-throttle-429.xml", 429),
        ("fault.3001-throttle-429.xml", 403),  # older answers; and the code counts, not the status (sheet section 4)
        ("fault.3001-throttle-429.xml", 200),
        ("", 429),
    ],
)
def test_a_throttled_write_did_not_happen_and_everybody_waits(body: str, status: int) -> None:
    peer = Peer()
    peer.say(BILL, Response(sample(body) if body else b"", status=status))
    around = desk(peer)
    with pytest.raises(TryAgain) as again:
        write(Client(around.line))
    assert not again.value.counts
    assert again.value.after is not None and 1 <= again.value.after <= 2
    began = around.clock.now()
    with pytest.raises(TryAgain):
        write(Client(around.line))
    assert (around.clock.now() - began).total_seconds() >= again.value.after, "everybody waits it out"


def test_the_wait_is_the_vendors_own_or_grows_up_to_a_minute() -> None:
    peer = Peer()
    peer.say(BILL, Response(status=429, headers={"Retry-After": "17"}), Response(status=429))
    around = desk(peer)
    client = Client(around.line)
    waits = []
    for _ in range(1100):
        with pytest.raises(TryAgain) as again:
            write(client)
        waits.append(again.value.after or 0.0)
        around.clock.advance(waits[-1] + 1)
    assert waits[0] == 17
    assert all(1 <= wait <= 60 for wait in waits)
    assert max(waits) > 50 and len(set(waits)) > 500


def test_an_object_that_is_gone_is_none() -> None:
    peer = Peer()
    peer.say("GET 1", fault("610", "Object Not Found : Another user has deleted this transaction."))
    assert Client(desk(peer).line).get("Bill", "1") is None


@pytest.mark.parametrize("code", sorted(faults.MEANINGS))
@pytest.mark.parametrize("status", [200, 400])
def test_every_code_on_a_write_has_its_outcome(code: str, status: int) -> None:
    peer = Peer()
    peer.say(BILL, fault(code, status=status))
    client = Client(desk(peer).line)
    kind = faults.MEANINGS[code].kind
    expected: dict[str, type[Exception]] = {"RETRY": TryAgain, "LATER": Unknown, "REFRESH": LockedOut}
    with pytest.raises(expected.get(kind, Faulty)) as refused:
        write(client)
    if isinstance(refused.value, Faulty):
        outcome = client.trouble(refused.value, title="Bill 7 of Acme")
        careful(outcome)
        if isinstance(outcome, Held):
            assert outcome.cause and outcome.fix and outcome.reason
            assert outcome.reason == faults.MEANINGS[code].reason


def test_an_unknown_code_is_held_and_shows_what_was_said() -> None:
    peer = Peer()
    peer.say(BILL, fault("98765", "Weird Error : the moon is full"))
    client = Client(desk(peer).line)
    with pytest.raises(Faulty) as refused:
        write(client)
    held = client.trouble(refused.value, title="Bill 7 of Acme")
    assert isinstance(held, Held)
    assert "the moon is full" in held.message
    careful(held)


@pytest.mark.parametrize(
    ("detail", "cause", "waits"),
    [
        ("Invalid Reference Id : Accounts element id 70112 not found", "account 70112", ["reference:account"]),
        ("Invalid Reference Id : Names element id 7 not found", "vendor 7", ["reference:vendor"]),
        ("Invalid Reference Id : Klasses element id 9 not found", "class 9", ["reference:class"]),
        ("Invalid Reference Id : Depts element id 9 not found", "location 9", ["reference:location"]),
        ("something else", "", ["reference:vendor", "reference:account"]),
    ],
)
def test_a_missing_reference_is_named_and_waited_for(detail: str, cause: str, waits: list[str]) -> None:
    peer = Peer()
    peer.say(BILL, fault("2500", detail))
    client = Client(desk(peer).line)
    with pytest.raises(Faulty) as refused:
        write(client)
    held = client.trouble(refused.value, title="Bill 7 of Acme")
    assert isinstance(held, Held)
    assert list(held.waits_for) == waits
    assert held.cause == cause or not cause


@pytest.mark.parametrize(
    ("detail", "words"),
    [
        ("Business Validation Error: Amount is not allowed", "Amount is not allowed"),
        ("Stale Object Error : You and root were working", "You and root were working"),
        ("WrongClusterError: -11017-You have accessed the wrong server.", "-11017-You have accessed the wrong server."),
        ("There was an error in line 2, errors abound", "There was a problem in line 2, problems abound"),
        ("Plain words", "Plain words"),
        (
            "Required parameter VendorRef is missing in the request",
            "Required parameter vendor is missing in the request",
        ),
        ("Object Not Found : Something is inactive", "Something is inactive"),
        ("Invalid Reference Id : Accounts element id 7 not found", "there is no account with the id 7"),
        ("the SyncToken and VendorRef.value", "the version and vendor"),
    ],
)
def test_the_vendors_sentence_reads_calmly(detail: str, words: str) -> None:
    assert wording.plain_words(detail) == words


# ---------------------------------------------------------------------------------------------- the door


def test_the_door_names_the_company() -> None:
    peer = Peer()
    peer.say(f"GET {REALM}", Response(sample("companyinfo.read.json")))
    company = SYSTEM.door(desk(peer).line).company()
    assert (company.id, company.name) == (REALM, "Sandbox Company_US_4")


@pytest.mark.parametrize("body", [{"CompanyInfo": {"CompanyName": ["x"]}}, {"CompanyInfo": "x"}, {}])
def test_a_door_that_mumbles_is_asked_again(body: object) -> None:
    peer = Peer()
    peer.say(f"GET {REALM}", said(body))
    with pytest.raises(TryAgain):
        SYSTEM.door(desk(peer).line).company()


def test_a_company_of_another_environment_locks_out_and_says_so() -> None:
    peer = Peer()
    peer.say(f"GET {REALM}", Response(sample("fault.130-wrong-cluster-401.xml"), status=401))
    with pytest.raises(LockedOut, match="environment") as locked:
        SYSTEM.door(desk(peer).line).company()
    assert json.dumps(locked.value.fix)
    careful(locked.value)
