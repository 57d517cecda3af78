"""The client gives every answer of Procurify one meaning, and sends what Procurify asks for."""

from __future__ import annotations

import json

import pytest
from werkzeug.wrappers import Request, Response

from chalicelib.engine.errors import ConnectorError, LockedOut, TryAgain
from chalicelib.engine.line import LONGEST_WAIT
from chalicelib.engine.records import Company
from chalicelib.systems.procurify import SYSTEM, Settings
from chalicelib.systems.procurify.client import Client
from simulator.faults import AnswerTooLate, ConnectionDropped
from tests.unit.systems.procurify_desk import HOST, SECRET, Desk, Peer, desk, page_of, said, sample

VENDORS = "/api/v3/vendors/"
GATEWAY = Response("<html><h1>502 Bad Gateway</h1></html>", status=502, mimetype="text/html")


def client(peer: Peer) -> tuple[Client, Desk]:
    around = desk(peer)
    return Client(around.line), around


def refusal(peer: Peer, kind: type[ConnectorError]) -> ConnectorError:
    reader, _ = client(peer)
    with pytest.raises(kind) as found:
        reader.page(VENDORS)
    message = found.value.message
    assert "error" not in message.lower()
    assert SECRET not in message
    assert "token-" not in message
    return found.value


# ------------------------------------------------------------------ what is sent


def test_a_call_carries_what_procurify_asks_for() -> None:
    peer = Peer()
    peer.say(VENDORS, page_of([]))
    client(peer)[0].page(VENDORS + "?page=1")

    token, call = peer.asked
    assert (token.method, token.path, token.content_type) == ("POST", "/oauth/token", "application/json")
    assert json.loads(token.get_data()) == sample("token_request") | {
        "client_id": "acme-app",
        "client_secret": SECRET,
    }
    assert call.url == f"{HOST}{VENDORS}?page=1"
    assert call.headers["Authorization"] == "Bearer token-1"
    assert call.headers["X-Procurify-Client"] == "api"
    assert call.headers["Accept"] == "application/json"


def test_a_token_is_kept_until_it_runs_out() -> None:
    peer = Peer()
    peer.say(VENDORS, page_of([]))
    reader, around = client(peer)
    reader.page(VENDORS)
    reader.page(VENDORS)
    assert peer.tokens == 1

    around.clock.advance(86400 - 200)
    reader.page(VENDORS)
    assert peer.tokens == 2


@pytest.mark.parametrize("lasts", [None, "soon", 0, -5, 10**20, True])
def test_a_token_with_an_odd_life_is_good_for_a_day(lasts: object) -> None:
    peer = Peer()
    peer.say("/oauth/token", said({"access_token": "token-x", "expires_in": lasts}))
    peer.say(VENDORS, page_of([]))
    reader, around = client(peer)
    reader.page(VENDORS)
    around.clock.advance(80_000)
    reader.page(VENDORS)

    assert [request.path for request in peer.asked].count("/oauth/token") == 1


# ------------------------------------------------------------------ access


def test_a_rejected_token_is_renewed_once_and_the_call_repeated() -> None:
    peer = Peer()
    peer.say(VENDORS, said({"detail": "Invalid token."}, status=401), page_of([{"id": 1}]))

    listed = client(peer)[0].page(VENDORS)

    assert listed is not None
    assert listed.rows == [{"id": 1}]
    assert (peer.tokens, len(peer.paths())) == (2, 2)


def test_a_token_rejected_twice_locks_the_connection_out() -> None:
    peer = Peer()
    peer.say(VENDORS, said(sample("errors")["unauthorized_401"]["body"], status=401))

    locked = refusal(peer, LockedOut)

    assert isinstance(locked, LockedOut)
    assert "buying" in locked.message
    assert "Procurify API" in locked.fix
    assert len(peer.paths()) == 2


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (401, {"error": "invalid_client"}),
        (401, {"detail": "no"}),
        (400, {"error": "unauthorized_client"}),
        (403, {"error": "access_denied"}),
    ],
)
def test_credentials_that_are_not_known_lock_the_connection_out(status: int, body: object) -> None:
    peer = Peer()
    peer.say("/oauth/token", said(body, status=status))

    locked = refusal(peer, LockedOut)

    assert isinstance(locked, LockedOut)
    assert "buying" in locked.message
    assert "mlc apply" in locked.fix


@pytest.mark.parametrize("secret", [{}, {"client_id": "a"}, {"client_id": " ", "client_secret": "b"}])
def test_credentials_that_are_not_stored_lock_the_connection_out(secret: dict[str, str]) -> None:
    with pytest.raises(LockedOut):
        Client(desk(Peer(), secret=secret).line).page(VENDORS)


@pytest.mark.parametrize(
    "answer",
    [
        GATEWAY,
        said({"detail": "down"}, status=500),
        said({}),
        said({"access_token": ""}),
        said({"access_token": 7}),
        said([]),
        Response('{"access_token": "token-9', mimetype="application/json"),
        Response("<html>sign in</html>", status=401, mimetype="text/html"),
        said({"detail": "x"}, status=404),
    ],
)
def test_a_token_that_does_not_come_is_asked_for_later(answer: Response) -> None:
    peer = Peer()
    peer.say("/oauth/token", answer)

    refusal(peer, TryAgain)


def test_a_role_that_lacks_a_permission_is_named() -> None:
    peer = Peer()
    peer.say(VENDORS, said(sample("errors")["forbidden_403"]["body"], status=403))

    locked = refusal(peer, LockedOut)

    assert isinstance(locked, LockedOut)
    assert "read vendors" in locked.message
    assert "You do not have permission" in locked.message
    assert "role" in locked.fix
    assert len(peer.paths()) == 1


# ------------------------------------------------------------------ trouble


@pytest.mark.parametrize(
    ("header", "least", "most"),
    [
        ("30", 30, 30),
        ("0.5", 0.5, 0.5),
        ("Mon, 02 Mar 2026 09:02:00 GMT", 119, 121),
        ("999999999", 3600, 3600),
        ("", 0.5, 1),
        ("soon", 0.5, 1),
        ("-3", 0.5, 1),
        ("0", 0.5, 1),
    ],
)
def test_a_throttled_call_pauses_the_whole_allowance(header: str, least: float, most: float) -> None:
    peer = Peer()
    peer.say(VENDORS, said({"detail": "Request was throttled."}, status=429, headers={"Retry-After": header}))
    reader, around = client(peer)

    with pytest.raises(TryAgain) as first:
        reader.page(VENDORS)
    assert not first.value.counts
    assert first.value.after is not None
    assert least <= first.value.after <= most

    began = around.clock.now()
    with pytest.raises(TryAgain) as second:
        reader.page(VENDORS)
    assert not second.value.counts
    if least > LONGEST_WAIT:
        assert len(peer.paths()) == 1, "nobody calls before"
        assert around.metrics.total("Throttled") == 1
    else:
        assert (around.clock.now() - began).total_seconds() >= least, "a short one is waited out"


def test_throttles_without_a_figure_are_waited_out_longer_each_time() -> None:
    peer = Peer()
    peer.say(VENDORS, said({}, status=429))
    reader, around = client(peer)
    waits = []
    for _ in range(12):
        with pytest.raises(TryAgain) as told:
            reader.page(VENDORS)
        waits.append(told.value.after or 0)
        around.clock.advance(300)

    assert waits[4] > waits[0] * 4
    assert max(waits) <= 120


def test_a_throttled_token_call_pauses_too() -> None:
    peer = Peer()
    peer.say("/oauth/token", said({}, status=429, headers={"Retry-After": "7"}))

    told = refusal(peer, TryAgain)

    assert isinstance(told, TryAgain)
    assert (told.after, told.counts) == (7, False)


@pytest.mark.parametrize(
    ("answer", "counts", "words"),
    [
        (GATEWAY, False, "web page"),
        (Response("<html>Server Error</html>", status=500, mimetype="text/html"), True, "web page"),
        (Response("<html>No</html>", status=403, mimetype="text/html"), True, "web page"),
        (Response("<html>No</html>", status=404, mimetype="text/html"), True, "web page"),
        (Response("<html>Sign in</html>", status=401, mimetype="text/html"), True, "web page"),
        (Response("<html>ok</html>", status=200, mimetype="application/json"), True, "web page"),
        (said({"detail": "x"}, status=500, headers={"x-request-id": "abc-1"}), True, "request id abc-1"),
        (said({"detail": "x"}, status=503), False, "status 503"),
        (Response("", status=302, headers={"Location": "https://elsewhere.test/"}), True, "another address"),
        (Response('{"data": [', mimetype="application/json"), True, "cut or garbled"),
        (Response(b"\xff\xfe{", mimetype="application/json"), True, "cut or garbled"),
        (Response("", mimetype="application/json"), True, "cut or garbled"),
        (Response('{"data": NaN}', mimetype="application/json"), True, "without the list"),
        (Response("[" * 100_000, mimetype="application/json"), True, "cut or garbled"),
        (Response('{"data": ' + "9" * 5000 + "}", mimetype="application/json"), True, "cut or garbled"),
        (said([]), True, "envelope"),
        (said({"data": None}), True, "without the list"),
        (said({"data": {}}), True, "without the list"),
        (said({"data": []}), True, "goes on"),
        (said({"data": [], "metadata": {"pagination": {}}}), True, "goes on"),
        (page_of([], next="https://elsewhere.test/login"), True, "next page"),
        (page_of([], next="https://[x"), True, "next page"),
    ],
)
def test_what_passes_is_tried_again(answer: Response, words: str, *, counts: bool) -> None:
    peer = Peer()
    peer.say(VENDORS, answer)

    told = refusal(peer, TryAgain)

    assert isinstance(told, TryAgain)
    assert told.counts is counts
    assert words in told.message


@pytest.mark.parametrize("gone", [ConnectionDropped, AnswerTooLate])
def test_a_read_without_an_answer_is_tried_again(gone: type[Exception]) -> None:
    def die(request: Request) -> Response:
        raise gone

    peer = Peer()
    peer.say(VENDORS, die)

    told = refusal(peer, TryAgain)

    assert isinstance(told, TryAgain)
    assert not told.counts


SHAPES = [
    ({"errors": {"null": {"message": "Vendor is already active.", "code": "X"}}}, "Vendor is already active."),
    ({"errors": {"email": {"message": "This field is required.", "code": "r"}}}, "email: This field is required."),
    ({"errors": ["One.", "Two."]}, "One. Two."),
    ({"detail": "Not now."}, "Not now."),
    ({"message": "Not so."}, "Not so."),
    ({"email": ["This field is required."], "name": ["Too long."]}, "email: This field is required.; name: Too long."),
    ({"code": 0, "success": False, "data": None, "description": "Old words.", "errors": {}}, "Old words."),
    ({"detail": "Internal Error while saving"}, "Internal fault while saving"),
    ({}, "it gave no reason."),
    ("no", "no"),
]


@pytest.mark.parametrize(("body", "words"), SHAPES)
def test_a_refusal_is_told_in_procurifys_words(body: object, words: str) -> None:
    peer = Peer()
    peer.say(VENDORS, said(body, status=400))

    assert words in refusal(peer, TryAgain).message


def test_a_refusal_in_plain_text_is_cut_and_never_repeats_the_token() -> None:
    def echo(request: Request) -> Response:
        return Response(f"{request.headers['Authorization']} " + "long " * 1000, status=400, mimetype="text/plain")

    peer = Peer()
    peer.say(VENDORS, echo)

    assert len(refusal(peer, TryAgain).message) < 1000


def test_what_is_not_there_is_none() -> None:
    assert client(Peer())[0].one("/api/v3/vendors/7/") is None


# ------------------------------------------------------------------ pages


@pytest.mark.parametrize("top", [False, True])
def test_both_envelopes_are_read(*, top: bool) -> None:
    peer = Peer()
    peer.say(
        VENDORS, page_of([{"id": 1}], next="http://elsewhere.test/api/v3/vendors/?page=2&x=%C3%A9", count=9, top=top)
    )

    listed = client(peer)[0].page(VENDORS)

    assert listed is not None
    assert (listed.rows, listed.next, listed.count) == ([{"id": 1}], "/api/v3/vendors/?page=2&x=%C3%A9", 9)


def test_a_host_behind_a_path_keeps_its_path_once() -> None:
    peer = Peer()
    peer.say("/acme/oauth/token", said({"access_token": "token-1"}))
    peer.say("/acme/api/v3/vendors/", page_of([], next="http://gate.test/acme/api/v3/vendors/?page=2"))
    around = desk(peer, host="http://gate.test")
    around.line.endpoints = {"api": "http://gate.test/{domain}/"}

    listed = Client(around.line).page(VENDORS)

    assert listed is not None
    assert listed.next == "/api/v3/vendors/?page=2"


# ------------------------------------------------------------------ the door and the settings


def test_the_door_tells_whose_credentials_these_are() -> None:
    peer = Peer()
    peer.say("/api/v3/users/me/", said({"metadata": {}, "data": {"email": "api@acme.test", "is_active": True}}))

    assert SYSTEM.door(desk(peer).line).company() == Company(id="acme", name="acme (as api@acme.test)")


def test_the_door_is_closed_for_a_deactivated_user() -> None:
    peer = Peer()
    peer.say("/api/v3/users/me/", said({"metadata": {}, "data": {"email": "api@acme.test", "is_active": False}}))

    with pytest.raises(LockedOut):
        SYSTEM.door(desk(peer).line).company()


@pytest.mark.parametrize("domain", ["", "ACME", "acme.evil.test", "acme/", "a" * 64, "acme\n", "é"])
def test_a_domain_that_is_none_is_not_taken(domain: str) -> None:
    with pytest.raises(ValueError, match="domain"):
        Settings(domain=domain)


def test_the_system_says_where_its_credentials_are_found() -> None:
    assert SYSTEM.identity({"domain": "acme"}) == "acme"
    assert set(SYSTEM.credentials) == {"client_id", "client_secret"}
    assert all("Settings -> Integrations -> Procurify API" in where for where in SYSTEM.credentials.values())
    assert SYSTEM.environments == ("production", "sandbox", "simulated")
