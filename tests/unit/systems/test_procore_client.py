"""Procore's client: each environment has its own hosts, every call names the company, every answer has one meaning."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from werkzeug.wrappers import Request, Response

from chalicelib.engine.errors import ConnectorError, Held, LockedOut, Stale, TryAgain, Unknown
from chalicelib.systems.procore import faults
from chalicelib.systems.procore.answers import Fault
from chalicelib.systems.procore.auth import HOSTS
from chalicelib.systems.procore.client import Client, Faulty
from chalicelib.systems.procore.door import ProcoreDoor
from chalicelib.systems.procore.fixes import Meaning
from simulator.faults import AnswerTooLate
from tests.unit.systems import procore_subset
from tests.unit.systems.procore_desk import (
    COMPANY,
    COSTS,
    PROJECT,
    SECRETS,
    VENDORS,
    Peer,
    careful,
    desk,
    refused,
    said,
    sample,
)

SHEET = procore_subset.REFERENCE.parent / "procore.md"
needs_sheet = pytest.mark.skipif(not SHEET.exists(), reason="the vendor's sheet stands beside the project")
TOKEN = "POST /oauth/token"
LIST = f"GET {VENDORS}"
CREATE = f"POST {COSTS}"
BODY = {"direct_cost": {"direct_cost_type": "invoice", "vendor_id": 1, "invoice_number": "7"}}


def no_answer(request: Request) -> Response:
    raise AnswerTooLate


def read(client: Client) -> Any:
    return client.rows(VENDORS, {"company_id": COMPANY})


def write(client: Client) -> Any:
    return client.write("POST", COSTS, BODY)


# ---------------------------------------------------------------------------------------------- access and hosts


def test_access_is_asked_for_as_the_sheet_says_and_kept_until_it_runs_out() -> None:
    peer = Peer()
    around = desk(peer)
    client = Client(around.line)
    read(client)
    asked = peer.asked[0]
    assert (asked.path, asked.host) == ("/oauth/token", "login.procore.com")
    assert asked.form.to_dict() == {"grant_type": "client_credentials", **SECRETS}
    around.clock.advance(5400 - 301)
    read(client)
    assert peer.tokens == 1
    around.clock.advance(2)
    read(client)
    assert peer.tokens == 2


def test_access_that_was_given_before_ends_when_it_says() -> None:
    peer = Peer()
    around = desk(peer)
    begun = int((around.clock.now() - timedelta(seconds=5000)).timestamp())
    peer.say(TOKEN, said({"access_token": "AT1", "expires_in": 5400, "created_at": begun}))
    client = Client(around.line)
    read(client)
    around.clock.advance(299)
    read(client)
    assert sum(request.path == "/oauth/token" for request in peer.asked) == 1
    around.clock.advance(2)
    read(client)
    assert sum(request.path == "/oauth/token" for request in peer.asked) == 2


def test_every_call_names_the_company() -> None:
    peer = Peer()
    read(Client(desk(peer).line))
    assert peer.asked[-1].headers["Procore-Company-Id"] == COMPANY
    assert peer.asked[-1].headers["Authorization"] == "Bearer AT1"


@pytest.mark.parametrize("environment", ["production", "sandbox", "monthly"])
def test_each_environment_reaches_its_own_hosts_and_no_other(environment: str) -> None:
    own = HOSTS[environment]
    others = {host for name, hosts in HOSTS.items() if name != environment for host in (hosts.api, hosts.login)}
    assert not others & {own.api, own.login}
    peer = Peer()
    assert read(Client(desk(peer, environment=environment, hosts=(own.api, own.login)).line)) == []
    with pytest.raises(TryAgain, match="cannot be reached"):
        read(Client(desk(peer, environment=environment, hosts=others).line))


def test_a_simulated_connection_without_a_simulator_reaches_nothing_real() -> None:
    every = {host for hosts in HOSTS.values() for host in (hosts.api, hosts.login)}
    client = Client(desk(Peer(), environment="simulated", hosts=every).line)
    assert client.host not in every
    with pytest.raises(TryAgain, match="invalid cannot be reached"):
        read(client)


@needs_sheet
def test_the_hosts_are_the_sheets() -> None:
    rows = re.findall(
        r"^\| (production|developer sandbox|monthly sandbox)[^|]*\| `(\S+)` \| `(\S+)`", SHEET.read_text(), re.M
    )
    told = {name.split()[0].replace("developer", "sandbox"): (api, login) for name, login, api in rows}
    assert told == {name: (hosts.api, hosts.login) for name, hosts in HOSTS.items()}


@pytest.mark.parametrize(
    "answer",
    [
        said({"error": "invalid_client", "error_description": "Client authentication failed"}, status=401),
        said({"error": "unauthorized_client"}, status=403),
        Response("<html>no</html>", status=401),
    ],
)
def test_credentials_that_are_not_known_lock_the_connection_out(answer: Response) -> None:
    peer = Peer()
    peer.say(TOKEN, answer)
    with pytest.raises(LockedOut) as locked:
        read(Client(desk(peer).line))
    careful(locked.value)
    assert "site" in locked.value.message and "mlc apply" in locked.value.fix
    assert len(peer.asked) == 1


@pytest.mark.parametrize(
    "answer",
    [
        Response("<html>busy</html>", status=502),
        said({}, status=429, headers={"Retry-After": "7"}),
        said({"access_token": ""}),
        Response('{"access_token": "AT1', status=200),
    ],
)
def test_a_sign_in_that_stumbles_is_tried_again(answer: Response) -> None:
    peer = Peer()
    peer.say(TOKEN, answer)
    with pytest.raises(TryAgain) as again:
        read(Client(desk(peer).line))
    assert not again.value.counts
    careful(again.value)


def test_refused_access_is_renewed_once_and_the_very_same_call_repeated() -> None:
    peer = Peer()
    peer.say(CREATE, refused("The access token is invalid", status=401), said({"id": 1}, status=201))
    assert write(Client(desk(peer).line)).body == {"id": 1}
    assert [request.headers.get("Authorization") for request in peer.asked if request.path == COSTS] == [
        "Bearer AT1",
        "Bearer AT2",
    ]


def test_a_second_refusal_of_access_locks_out_instead_of_asking_on() -> None:
    peer = Peer()
    peer.say(LIST, refused("The access token is invalid", status=401))
    with pytest.raises(LockedOut) as locked:
        read(Client(desk(peer).line))
    assert peer.tokens == 2
    careful(locked.value)


def test_a_forbidden_tool_keeps_its_access() -> None:
    peer = Peer()
    peer.say(LIST, refused("You do not have sufficient access to complete that action", status=403))
    client = Client(desk(peer).line)
    for _ in range(3):
        with pytest.raises(Faulty):
            read(client)
    assert peer.tokens == 1


def test_the_door_tells_the_company_of_the_connection_and_no_other() -> None:
    peer = Peer()
    peer.say("GET /rest/v1.0/companies", said([{"id": 1, "name": "Other"}, {"id": int(COMPANY), "name": "Harborline"}]))
    found = ProcoreDoor(desk(peer).line).company()
    assert (found.id, found.name) == (COMPANY, "Harborline")


@pytest.mark.parametrize(
    "answer",
    [said([{"id": 1, "name": "Other"}]), refused("App is not connected to this company", status=403)],
)
def test_a_company_that_does_not_let_the_app_in_locks_out_with_the_fix(answer: Response) -> None:
    peer = Peer()
    peer.say("GET /rest/v1.0/companies", answer)
    with pytest.raises(LockedOut) as locked:
        ProcoreDoor(desk(peer).line).company()
    assert "App Management" in locked.value.fix
    careful(locked.value)


# ---------------------------------------------------------------------------------------------- pages


def row(n: int) -> dict[str, Any]:
    return {"id": n, "name": f"Vendor {n}"}


def page(request: Request) -> int:
    return int(request.args["page"])


def test_a_list_is_followed_by_its_links() -> None:
    def answer(request: Request) -> Response:
        following = f'<https://elsewhere.example/x?page={page(request) + 1}&per_page=100>; rel="next"'
        return said(
            [row(page(request))], headers={"Link": following if page(request) < 3 else '<x?page=1>; rel="first"'}
        )

    peer = Peer()
    peer.say(LIST, answer)
    assert [one["id"] for one in read(Client(desk(peer).line))] == [1, 2, 3]
    assert {request.host for request in peer.asked} == {"api.procore.com", "login.procore.com"}


def test_a_list_is_followed_by_its_total() -> None:
    peer = Peer()
    headers = {"Total": "250", "Per-Page": "100"}
    peer.say(LIST, lambda request: said([row(page(request))], headers=headers))
    assert len(read(Client(desk(peer).line))) == 3


def test_a_list_without_pages_is_read_once_and_a_full_one_that_repeats_itself_ends() -> None:
    peer = Peer()
    peer.say(LIST, said([row(n) for n in range(100)]))
    assert len(read(Client(desk(peer).line))) == 100
    assert len(peer.calls()) == 2
    short = Peer()
    short.say(LIST, said([row(1)]))
    assert len(read(Client(desk(short).line))) == 1 and len(short.calls()) == 1


def test_a_list_that_takes_too_long_is_asked_for_in_smaller_pages() -> None:
    peer = Peer()
    peer.say(
        LIST, lambda request: refused("Timeout", status=408) if request.args["per_page"] == "100" else said([row(1)])
    )
    assert len(read(Client(desk(peer).line))) == 1


@pytest.mark.parametrize("body", [Response("[{", status=200), said({"id": 1}), said([1, 2]), Response("", status=200)])
def test_a_list_that_comes_cut_is_no_empty_list(body: Response) -> None:
    peer = Peer()
    peer.say(LIST, body)
    with pytest.raises(TryAgain) as again:
        read(Client(desk(peer).line))
    careful(again.value)


# ---------------------------------------------------------------------------------------------- the allowance


def test_a_429_waits_until_the_reset_whatever_its_text_says_and_nobody_calls_before() -> None:
    peer = Peer()
    around = desk(peer)
    reset = int(around.clock.now().timestamp()) + 9
    text = "You have surpassed the max number of requests for an hour. Please wait until your limit resets."
    peer.say(LIST, said({"errors": text}, status=429, headers={"X-Rate-Limit-Reset": str(reset), "Retry-After": "4"}))
    with pytest.raises(TryAgain) as again:
        read(Client(around.line))
    assert again.value.after is not None and 8 <= again.value.after <= 10 and not again.value.counts
    careful(again.value)
    began = around.clock.now()
    with pytest.raises(TryAgain):
        read(Client(around.line))
    assert (around.clock.now() - began).total_seconds() >= 8


def test_an_allowance_that_is_used_up_is_waited_out_without_a_429() -> None:
    peer = Peer()
    around = desk(peer)
    reset = str(int(around.clock.now().timestamp()) + 8)
    peer.say(LIST, said([], headers={"X-Rate-Limit-Remaining": "0", "X-Rate-Limit-Reset": reset}))
    read(Client(around.line))
    began = around.clock.now()
    read(Client(around.line))
    assert (around.clock.now() - began).total_seconds() >= 8


def test_a_503_with_a_time_waits_and_nothing_happened() -> None:
    peer = Peer()
    peer.say(CREATE, said({}, status=503, headers={"Retry-After": "30"}))
    with pytest.raises(TryAgain) as again:
        write(Client(desk(peer).line))
    assert again.value.after is not None and 30 <= again.value.after <= 31 and not again.value.counts


def test_an_hour_of_calls_stays_within_both_allowances() -> None:
    """25 in ten seconds, 3,600 an hour (sheet section 5), by one worker that never rests."""
    around = desk(Peer())
    made: list[float] = []
    begin = around.clock.now()
    while (around.clock.now() - begin).total_seconds() < 4000:
        try:
            around.line._take_turn()
        except TryAgain as wait:
            around.clock.advance(wait.after or 1)
            continue
        made.append((around.clock.now() - begin).total_seconds())
    assert len([one for one in made if one < 3600]) > 2500
    for n, moment in enumerate(made):
        assert n + 25 >= len(made) or made[n + 25] - moment >= 10, "more than 25 in ten seconds"
        assert n + 3600 >= len(made) or made[n + 3600] - moment >= 3600, "more than 3,600 in an hour"


# ---------------------------------------------------------------------------------------------- the table

TITLE = "The invoice INV-2201"
NO_PERIOD = "The project must have an open billing period (or admin can specify a period_id) to create an invoice"
LOCKED = "is locked in Procore, as what came from accounting is"

# What Procore answers to a write, the class and reason of it, and what a customer reads.
CASES: list[tuple[int, object, type[ConnectorError], str, str]] = [
    (400, {"errors": NO_PERIOD}, Held, "no_open_billing_period",
     "project: The project must have an open billing period (or admin can specify a billing period) to create"),
    (422, {"errors": {"vendor_id": ["has not been added to this project"]}}, Held, "vendor_not_on_project",
     "The vendor of the invoice INV-2201 is not in the project's directory: vendor: has not been added"),
    (422, {"errors": {"vendor_id": ["must be selected when the contract's status is not draft"]}}, Held,
     "commitment_vendor_missing", "has no vendor"),
    (422, {"errors": {"vendor": ["can't be blank"]}}, Held, "vendor_missing", "needs a vendor that Procore knows"),
    (422, {"errors": {"wbs_code_id": ["This Budget Code already exists"]}}, Stale, "", "is there already"),
    (422, {"errors": ["Amount cannot be updated for a locked budget"]}, Held, "budget_locked", "budget is locked"),
    (403, {"errors": "App is not connected to this company"}, LockedOut, "", "no longer lets the app in"),
    (403, {"errors": "You do not have sufficient access to complete that action"}, Held, "permission_or_tool",
     "the Direct Costs tool of the project 362001"),
    (403, {}, Held, "permission_or_tool", "(status 403)"),
    (422, {"errors": {"base": ["This record is locked"]}}, Held, "record_locked_by_origin_id", LOCKED),
    (422, {"errors": "This invoice is synced with your ERP system"}, Held, "record_locked_by_origin_id", LOCKED),
    (404, {"message": "Not Found", "exception": "ActiveRecord::RecordNotFound"}, Held, "reference_missing", "hides"),
    (422, {"errors": {"id": ["Entity with this ID not found"]}}, Held, "stale_procore_id", "no longer knows"),
    (400, {"errors": "Missing Procore-Company-Id header!"}, Held, "request_not_accepted", "the company was missing"),
    (400, {"errors": {"requisition": ["param is missing or the value is empty"]}}, Held, "not_accepted",
     "invoice: param is missing"),
    (400, {"code": 1, "message": "Amount is too large", "fields": {"amount": ["is too large"]}, "reason": "range"},
     Held, "not_accepted", "Amount is too large"),
    (400, {"error": {"code": "BAD_REQUEST", "message": "Request is invalid", "details": [
        {"reason_code": "INVALID_PARAM", "message": "wbs_code_id is invalid", "source": "wbs_code_id"}]}},
     Held, "not_accepted", "budget code: budget code is invalid"),
    (406, {"errors": ["unknown field"]}, Held, "request_not_accepted", "unknown field"),
    (409, {"errors": "Conflict"}, TryAgain, "", "just working on the same record"),
    (410, {}, Held, "request_not_accepted", "run out"),
    (418, {}, Held, "not_accepted", "(status 418)"),
    (422, {"errors": {"status": ["An Error occurred"]}}, Held, "not_accepted", "a problem occurred"),
]  # fmt: skip


@pytest.mark.parametrize(("status", "body", "kind", "reason", "words"), CASES)
def test_what_procore_says_of_a_write_becomes_one_of_our_six_words(
    status: int, body: object, kind: type[ConnectorError], reason: str, words: str
) -> None:
    peer = Peer()
    peer.say(CREATE, said(body, status=status))
    client = Client(desk(peer).line)
    with pytest.raises(Faulty) as faulty:
        write(client)
    found = client.trouble(faulty.value, title=TITLE)
    assert type(found) is kind
    assert getattr(found, "reason", "") == reason
    assert words in found.message
    careful(found)
    if isinstance(found, Held):
        assert TITLE.lower() in found.message.lower()
        assert found.fix and found.cause and found.evidence.startswith(f"status {status}")
    assert not re.search(r"_id\b|ActiveRecord|HTTP|JSON", found.message + found.message)


EVERY = {**faults.MEANINGS, **{f"status {status}": meant for status, meant in faults.STATUS.items()}}
JARGON = re.compile(r"[a-z][A-Z]|_[a-z]|(?i:\b(HTTP|JSON|API|OAuth|token|null|fault|exception|wbs|requisition)\b)")


@pytest.mark.parametrize("meant", [pytest.param(meant, id=name) for name, meant in EVERY.items()])
def test_the_words_of_every_complaint_are_a_customers_and_its_fix_says_where(meant: Meaning) -> None:
    complaint = Fault(422, (("vendor_id", "is an Error"),), COSTS)
    found = Client(desk(Peer()).line).trouble(Faulty(complaint, meant, PROJECT), title=TITLE)
    careful(found)
    for text in (found.message, getattr(found, "fix", "")):
        assert not JARGON.search(text), text
        assert not text or text.endswith((".", "is a problem")), text
    if isinstance(found, Held | LockedOut) and meant.kind != "REFRESH":
        assert re.search(r" > |source|operator|Procore|unlink", found.fix), found.fix


@pytest.mark.parametrize(
    "answer",
    [
        Response("<h1>Bad gateway</h1>", status=502),
        *(said({}, status=status) for status in (500, 504, 503, 408, 302)),
        no_answer,
        Response('{"id": 4', status=201),
    ],
)
def test_a_write_without_a_definite_answer_is_unknown(answer: Any) -> None:
    peer = Peer()
    peer.say(CREATE, answer)
    with pytest.raises(Unknown):
        write(Client(desk(peer).line))


@pytest.mark.parametrize("answer", [Response("<h1>Bad gateway</h1>", status=502), said({}, status=500), no_answer])
def test_a_read_without_an_answer_is_tried_again(answer: Any) -> None:
    peer = Peer()
    peer.say(LIST, answer)
    with pytest.raises(TryAgain) as again:
        read(Client(desk(peer).line))
    assert not again.value.counts
    careful(again.value)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("error.400.field_map.json", "not_accepted"),
        ("error.400.missing_company_header.json", "request_not_accepted"),
        ("error.400.open_billing_period.json", "no_open_billing_period"),
        ("error.401.token.json", "connection"),
        ("error.403.app_not_connected.json", "app_disconnected"),
        ("error.403.no_access.json", "permission_or_tool"),
        ("error.404.json", "reference_missing"),
        ("error.409.concurrent.json", "busy"),
        ("error.422.locked.json", "record_locked_by_origin_id"),
        ("error.422.vendor_not_on_project.json", "vendor_not_on_project"),
        ("error.429.json", "throttled"),
        ("error.v2.400.json", "not_accepted"),
    ],
)
def test_every_published_complaint_is_known(name: str, reason: str) -> None:
    from chalicelib.engine.ports import HttpAnswer
    from chalicelib.systems.procore import answers

    body = sample(name)
    status = int(re.findall(r"\d{3}", name)[0])
    found = answers.fault(HttpAnswer(status, {}, said(body).get_data()), VENDORS)
    assert found.detail
    assert faults.meaning(found).reason == reason


@needs_sheet
def test_every_row_of_the_sheets_tables_is_known() -> None:
    text = SHEET.read_text()
    table = text[text.index("### Response classification") : text.index("Backoff: full jitter")]
    statuses = {int(one) for cell in re.findall(r"^\| ([0-9/]+) \|", table, re.M) for one in cell.split("/")}
    assert {one for one in statuses if one >= 400} == set(faults.STATUS)
    known = text[text.index("Known messages worth matching") : text.index("## 6. External ids")]
    rows = re.findall(r"^\| (.+?) \| (.+?) \|$", known, re.M)[1:]
    assert len(rows) == 11
    for said_, reason in rows:
        words = re.findall(r"`([^`]+)`", said_)
        if "on `vendor`" in said_:
            words = ["vendor: can't be blank"]
        meant = faults.meaning(Fault(422, (("", " ".join(words)),)))
        if re.fullmatch(r"`\w+`", reason):
            assert meant.reason == reason.strip("`")
        else:
            assert meant.kind in ("REREAD", "REFRESH")
