"""The QuickBooks Online simulator against recorded public shapes, and against the behaviour it promises."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree as ET

import pytest
import requests
from werkzeug.test import Client, TestResponse

from simulator.faults import AnswerTooLate, ConnectionDropped, Kind
from simulator.systems.quickbooks_online import QuickBooksOnlineSimulator
from simulator.systems.quickbooks_online.answers import Refused
from simulator.systems.serving import listen

SAMPLES = Path(__file__).resolve().parents[3] / "shared" / "reference" / "qbo"
REALM = "9341452098213757041"
OTHER = "9341452098213757042"
Json = dict[str, Any]


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, **amount: float) -> None:
        self.now += timedelta(**amount)


class Books:
    """A careful caller of one company: every rule of the API kept unless a test breaks it on purpose."""

    def __init__(self, **options: Any) -> None:
        self.clock = Clock()
        options.setdefault("limits", False)
        self.sim = QuickBooksOnlineSimulator(clock=self.clock, realms={REALM: "Alpha", OTHER: "Beta"}, **options)
        self.client = Client(self.sim)
        self.grant = self.sim.backstage_grant(REALM)
        self.headers = {"Authorization": f"Bearer {self.grant['access_token']}", "Accept": "application/json"}
        self.sent = 0
        self.payable = self.account("Accounts Payable (A/P)")
        self.expense = self.account("Job Materials")
        self.vendor = self.sim.backstage_add_vendor(REALM, "Acme Concrete")["Id"]

    def account(self, name: str) -> str:
        found = self.sim.backstage_find(REALM, "Account", name)
        assert found is not None
        return str(found["Id"])

    def get(self, path: str, realm: str = REALM, **query: str) -> TestResponse:
        asked = {"minorversion": "75", **query}
        return self.client.get(f"/v3/company/{realm}/{path}", query_string=asked, headers=self.headers)

    def post(self, path: str, body: object, **query: str) -> TestResponse:
        self.sent += 1
        asked = {"minorversion": "75", "requestid": f"request-{self.sent}", **query}
        return self.client.post(f"/v3/company/{REALM}/{path}", query_string=asked, json=body, headers=self.headers)

    def rows(self, statement: str, entity: str = "Bill") -> list[Json]:
        answer = self.get("query", query=statement)
        assert answer.status_code == 200, answer.get_data(as_text=True)
        found: list[Json] = json_of(answer)["QueryResponse"].get(entity, [])
        return found

    def made(self, path: str, body: object, **query: str) -> Json:
        answer = self.post(path, body, **query)
        assert answer.status_code == 200, answer.get_data(as_text=True)
        document: Json = next(v for k, v in json_of(answer).items() if k != "time")
        return document

    def line(self, amount: object = 60.0, account: str = "", **detail: Any) -> Json:
        expense = {"AccountRef": {"value": account or self.expense}, **detail}
        kind = "AccountBasedExpenseLineDetail"
        return {"Amount": amount, "DetailType": kind, "Description": "Rebar", kind: expense}

    def bill(self, number: str = "INV-1", *lines: Json, **fields: Any) -> Json:
        return {
            "VendorRef": {"value": self.vendor},
            "APAccountRef": {"value": self.payable},
            "TxnDate": "2026-11-20",
            "DocNumber": number,
            "Line": list(lines) or [self.line()],
            **fields,
        }

    def person_bill(self, amount: float = 60.0, **fields: Any) -> Json:
        return self.sim.backstage_add_bill(REALM, self.vendor, [{"amount": amount}], **fields)

    def audit(self) -> list[tuple[str, str, str]]:
        return [(e["who"], e["operation"], e["entity"]) for e in self.sim.backstage_audit(REALM)]

    def mistakes(self) -> list[str]:
        return [m.what for m in self.sim.our_mistakes]


def json_of(answer: TestResponse) -> Json:
    parsed: Json = json.loads(answer.get_data(as_text=True))
    return parsed


def fault(answer: TestResponse, status: int = 400) -> Json:
    assert answer.status_code == status, answer.get_data(as_text=True)
    first: Json = json_of(answer)["Fault"]["Error"][0]
    return first


def code(answer: TestResponse, status: int = 400) -> str:
    return str(fault(answer, status)["code"])


@pytest.fixture
def books() -> Books:
    return Books()


def sample(name: str) -> Any:
    if not SAMPLES.is_dir():
        pytest.skip("the recorded samples are not beside this repository")
    text = (SAMPLES / name).read_text()
    return json.loads(text) if name.endswith(".json") else text


def missing(wanted: Any, ours: Any, path: str = "") -> set[str]:
    """The properties of a recorded sample which our answer lacks, or gives as another JSON type."""
    if isinstance(wanted, dict) and isinstance(ours, dict):
        gaps = {f"{path}.{k}".strip(".") for k in wanted if k not in ours}
        return gaps.union(*(missing(v, ours[k], f"{path}.{k}") for k, v in wanted.items() if k in ours))
    if isinstance(wanted, list) and isinstance(ours, list):
        return missing(wanted[0], ours[0], path) if wanted and ours else set()
    same = type(wanted) is type(ours) or {type(wanted), type(ours)} <= {int, float}
    return set() if same else {f"{path.strip('.')}: {type(ours).__name__}"}


# shapes


def test_a_created_bill_has_the_recorded_shape(books: Books) -> None:
    overhead = books.sim.backstage_add_class(REALM, "Overhead")
    line = books.line(700.0, ClassRef={"value": overhead["Id"]})
    answer = json_of(books.post("bill", books.bill("17", line)))
    gaps = missing(sample("bill.create-response.json"), answer)
    assert gaps == {"Bill.Line.AccountBasedExpenseLineDetail.TaxInclusiveAmt"}
    assert books.mistakes() == []


def test_a_paid_bill_has_the_recorded_shape(books: Books) -> None:
    bill = books.person_bill(500.0)
    books.sim.backstage_pay_bill(REALM, bill["Id"])
    answer = json_of(books.get(f"bill/{bill['Id']}"))
    assert missing(sample("bill.paid-by-check.json"), answer) == set()
    assert answer["Bill"]["Balance"] == 0
    assert answer["Bill"]["SyncToken"] == "1"
    assert answer["Bill"]["LinkedTxn"][0]["TxnType"] == "BillPaymentCheck"


def test_a_vendor_has_the_recorded_shape(books: Books) -> None:
    body = {
        "DisplayName": "Books by Bessie",
        "GivenName": "Bessie",
        "FamilyName": "Williams",
        "CompanyName": "Books by Bessie",
        "AcctNum": "1345",
        "PrimaryEmailAddr": {"Address": "Books@Intuit.com"},
        "PrimaryPhone": {"FreeFormNumber": "(650) 555-7745"},
        "WebAddr": {"URI": "http://www.booksbybessie.co"},
        "BillAddr": {
            "Line1": "15 Main St.",
            "City": "Palo Alto",
            "PostalCode": "94303",
            "CountrySubDivisionCode": "CA",
        },
    }
    answer = json_of(books.post("vendor", body))
    assert missing(sample("vendor.read.json"), answer) == {"Vendor.BillAddr.Lat", "Vendor.BillAddr.Long"}
    made = answer["Vendor"]
    sparse = {"Id": made["Id"], "SyncToken": "0", "sparse": True, "Active": False}
    off = json_of(books.post("vendor", sparse))["Vendor"]
    assert off["DisplayName"] == "Books by Bessie (deleted)"
    assert sample("vendor.inactivated.json")["Vendor"]["DisplayName"].lower().endswith(" (deleted)")


def test_company_info_and_preferences_have_the_recorded_shapes(books: Books) -> None:
    info = json_of(books.get(f"companyinfo/{REALM}"))
    assert missing(sample("companyinfo.read.json"), info) == set()
    assert info["CompanyInfo"]["CompanyAddr"]["Country"] == "USA"
    books.sim.backstage_set_preference(REALM, "AccountingInfoPrefs.BookCloseDate", "2018-12-31")
    preferences = json_of(books.get("preferences"))
    assert missing(sample("preferences.accounting.json"), preferences) == set()
    assert books.get(f"companyinfo/{OTHER}").status_code == 404


def test_documents_and_lists_have_the_recorded_shapes(books: Books) -> None:
    hose = books.sim.backstage_add_item(REALM, "Irrigation Hose")
    adam = books.sim.backstage_add_customer(REALM, "Adam's Candy Shop")
    klass = books.sim.backstage_add_class(REALM, "Landscaping")
    detail = {
        "ItemRef": {"value": hose["Id"]},
        "ClassRef": {"value": klass["Id"]},
        "CustomerRef": {"value": adam["Id"]},
        "Qty": 1,
        "UnitPrice": 72,
    }
    kind = "ItemBasedExpenseLineDetail"
    line = {"Amount": 72.0, "DetailType": kind, "Description": "hose", kind: detail}
    address = {"Line1": "1045 Main Street"}
    order = json_of(books.post("purchaseorder", books.bill("1002", line, ShipAddr=address, VendorAddr=address)))
    gaps = missing(sample("purchaseorder.json"), order)
    assert {g.split(".")[-1] for g in gaps} <= {
        "AccountBasedExpenseLineDetail",
        "Lat",
        "Long",
        "Id",
        "Line2",
        "Line3",
        "Line4",
    }
    credit = json_of(
        books.post("vendorcredit", books.bill("VC-1", books.line(90.0, CustomerRef={"value": adam["Id"]})))
    )
    assert missing(sample("vendorcredit.json"), credit) == set()
    books.sim.backstage_add_department(REALM, "Marketing Department")
    for entity in ("Class", "Department"):
        found = json_of(books.get("query", query=f"select * from {entity}"))
        assert missing(sample(f"{entity.lower()}.query.json"), found) == set()
    assert klass["Id"] == "5000000000000007280"


def test_payments_have_the_recorded_shapes(books: Books) -> None:
    check = books.sim.backstage_pay_bill(REALM, books.person_bill()["Id"], PrivateNote="Acct. 1JK90")
    card = books.sim.backstage_pay_bill(REALM, books.person_bill()["Id"], pay_type="CreditCard", PrivateNote="5")
    for payment, name in ((check, "billpayment.check.json"), (card, "billpayment.creditcard.json")):
        assert missing(sample(name), json_of(books.get(f"billpayment/{payment['Id']}"))) == set()
    gone = json_of(books.post("billpayment", {"Id": check["Id"], "SyncToken": "0"}, operation="delete"))
    assert missing(sample("billpayment.delete-response.json"), gone) == set()


def test_faults_have_the_recorded_shapes(books: Books) -> None:
    books.person_bill(DocNumber="A")
    taken = json_of(books.post("bill", books.bill("A")))
    wanted = sample("fault.6140-duplicate-docnumber.json")
    assert missing(wanted, taken) == set()
    assert taken["Fault"]["Error"][0]["Message"] == wanted["Fault"]["Error"][0]["Message"]
    name = json_of(books.post("vendor", {"DisplayName": "ACME concrete"}))
    wanted = sample("fault.6240-duplicate-name.json")
    assert missing(wanted, name) == set()
    assert name["Fault"]["Error"][0]["Message"] == wanted["Fault"]["Error"][0]["Message"]
    query = json_of(books.get("query", query="select * from Bill startposition 0"))
    wanted = sample("fault.4001-query.json")
    assert query["Fault"]["Error"][0]["Detail"] == wanted["Fault"]["Error"][0]["Detail"]
    stale = fault(books.post("bill", {**books.bill(), "Id": "1", "SyncToken": "7"}))
    assert {k: stale[k] for k in ("code", "Message", "Detail")} == {
        k: sample("fault.5010-stale-error-entry.json")[0][k] for k in ("code", "Message", "Detail")
    }
    parse = fault(books.get("query", query="select * from Bill where DocNumber = 'O''R'"))
    assert missing(sample("fault.4000-query-parse-entry.json")[0], parse) == set()
    long = json_of(books.post("vendor", {"DisplayName": "x" * 501, "GivenName": "y" * 101}))
    assert missing(sample("fault.2050-2080.json")["Fault"], long["Fault"]) == set()
    assert [e["code"] for e in long["Fault"]["Error"]] == ["2050", "2050"]
    system = json.loads(books.sim.server_fault().get_data())
    assert missing(sample("fault.10000-systemfault.json"), system) == set()


def test_the_gateway_speaks_its_own_dialects(books: Books) -> None:
    books.headers["Authorization"] = "Bearer nonsense"
    answer = books.get("preferences")
    assert answer.status_code == 401
    assert missing(sample("fault.gateway-3200-401.json"), json_of(answer)) == set()
    assert json_of(answer)["fault"]["error"][0] == sample("fault.gateway-3200-401.json")["fault"]["error"][0]
    books.headers["Authorization"] = f"Bearer {books.grant['access_token']}"
    other = books.get("preferences", realm=OTHER)
    assert other.status_code == 403
    assert json_of(other)["fault"]["error"][0] == sample("fault.gateway-3100-403.json")["fault"]["error"][0]
    recorded, ours = (ET.fromstring(t) for t in (sample("fault.3001-throttle-429.xml"), throttle_text(books)))
    assert [(e.tag, (e.text or "").strip()) for e in recorded.iter()] == [(e.tag, e.text or "") for e in ours.iter()]
    assert books.mistakes() == [f"the token belongs to company {REALM}"]


def throttle_text(books: Books) -> str:
    return books.sim.throttled().get_data(as_text=True)


# OAuth


def ask_token(books: Books, body: dict[str, str], secret: str = "app-secret", **headers: str) -> TestResponse:
    basic = base64.b64encode(f"app-client:{secret}".encode()).decode()
    sent = {"Authorization": f"Basic {basic}", "Accept": "application/json", **headers}
    return books.client.post("/oauth2/v1/tokens/bearer", data=body, headers=sent)


def refresh(books: Books, token: str) -> TestResponse:
    return ask_token(books, {"grant_type": "refresh_token", "refresh_token": token})


def test_a_refresh_rotates_and_the_old_value_dies_at_once(books: Books) -> None:
    hard = {"x-include-refresh-token-hard-expires-in": "true"}
    body = {"grant_type": "refresh_token", "refresh_token": books.grant["refresh_token"]}
    answer = json_of(ask_token(books, body, **hard))
    assert answer["token_type"] == "bearer"
    assert answer["expires_in"] == 3600
    assert answer["x_refresh_token_expires_in"] == 8_726_400
    assert answer["x_refresh_token_hard_expires_in"] == 5 * 365 * 86_400
    assert answer["refresh_token"] != books.grant["refresh_token"]
    again = refresh(books, books.grant["refresh_token"])
    assert (again.status_code, json_of(again)) == (400, sample("oauth.invalid-grant.json"))
    next_one = json_of(refresh(books, answer["refresh_token"]))
    assert "x_refresh_token_hard_expires_in" not in next_one
    assert books.sim.backstage_grants(REALM)[0]["refused_refreshes"] == 1
    assert books.mistakes() == []


def test_without_strict_rotation_the_value_changes_after_a_day() -> None:
    books = Books(rotate_every_refresh=False)
    first = books.grant["refresh_token"]
    assert json_of(refresh(books, first))["refresh_token"] == first
    books.clock.pass_(hours=24)
    second = json_of(refresh(books, first))["refresh_token"]
    assert second != first
    assert refresh(books, first).status_code == 400


def test_a_refresh_token_dies_unused_and_of_old_age(books: Books) -> None:
    token = books.grant["refresh_token"]
    for _ in range(18):
        books.clock.pass_(days=100)
        token = json_of(refresh(books, token))["refresh_token"]
    books.clock.pass_(days=100)
    assert json_of(refresh(books, token)) == {"error": "invalid_grant"}
    unused = books.sim.backstage_grant(OTHER)["refresh_token"]
    books.clock.pass_(days=102)
    assert json_of(refresh(books, unused)) == {"error": "invalid_grant"}


def test_the_token_endpoint_refuses_wrong_clients_and_forms(books: Books) -> None:
    wrong = ask_token(books, {"grant_type": "refresh_token", "refresh_token": "x"}, secret="guess")
    assert (wrong.status_code, json_of(wrong)) == (401, {"error": "invalid_client"})
    assert json_of(ask_token(books, {"grant_type": "password"})) == {"error": "unsupported_grant_type"}
    assert json_of(ask_token(books, {"grant_type": "refresh_token"}))["error"] == "invalid_request"
    basic = base64.b64encode(b"app-client:app-secret").decode()
    as_json = books.client.post("/oauth2/v1/tokens/bearer", json={}, headers={"Authorization": f"Basic {basic}"})
    assert json_of(as_json)["error"] == "invalid_request"
    assert len(books.mistakes()) == 4


def consent(books: Books, **changes: str) -> TestResponse:
    query = {
        "client_id": "app-client",
        "response_type": "code",
        "scope": "com.intuit.quickbooks.accounting",
        "redirect_uri": "https://ours.example/callback",
        "state": "s-1",
        **changes,
    }
    return books.client.get("/connect/oauth2", query_string=query)


def test_consent_brings_a_code_that_is_exchanged_once(books: Books) -> None:
    books.sim.backstage_switch("consent_realm", OTHER)
    back = parse_qs(urlsplit(consent(books).headers["Location"]).query)
    assert (back["state"], back["realmId"]) == (["s-1"], [OTHER])
    form = {
        "grant_type": "authorization_code",
        "code": back["code"][0],
        "redirect_uri": "https://ours.example/callback",
    }
    assert json_of(ask_token(books, {**form, "redirect_uri": "https://evil.example"})) == {"error": "invalid_grant"}
    tokens = json_of(ask_token(books, form))
    assert json_of(ask_token(books, form)) == {"error": "invalid_grant"}
    books.headers["Authorization"] = f"Bearer {tokens['access_token']}"
    assert json_of(books.get(f"companyinfo/{OTHER}", realm=OTHER))["CompanyInfo"]["CompanyName"] == "Beta"
    late = parse_qs(urlsplit(consent(books).headers["Location"]).query)["code"][0]
    books.clock.pass_(minutes=6)
    assert json_of(ask_token(books, {**form, "code": late})) == {"error": "invalid_grant"}


def test_consent_may_be_refused_or_asked_of_a_person(books: Books) -> None:
    books.sim.backstage_switch("refuse_consent", True)
    back = parse_qs(urlsplit(consent(books).headers["Location"]).query)
    assert back == {"error": ["access_denied"], "state": ["s-1"]}
    books.sim.backstage_switch("refuse_consent", False)
    books.sim.backstage_switch("auto_consent", False)
    page = consent(books)
    assert page.status_code == 200
    assert "Alpha" in page.get_data(as_text=True)
    assert REALM in consent(books, _company=REALM).headers["Location"]
    assert consent(books, client_id="someone").status_code == 400
    consent(books, state="")
    assert "invalid_scope" in consent(books, scope="everything").headers["Location"]
    assert len(books.mistakes()) == 3


def test_revoking_either_token_ends_the_grant(books: Books) -> None:
    basic = {"Authorization": "Basic " + base64.b64encode(b"app-client:app-secret").decode()}
    path = "/v2/oauth2/tokens/revoke"
    assert books.client.post(path, json={"token": books.grant["access_token"]}, headers=basic).status_code == 200
    assert books.get("preferences").status_code == 401
    assert json_of(refresh(books, books.grant["refresh_token"])) == {"error": "invalid_grant"}
    assert books.client.post(path, json={"token": books.grant["refresh_token"]}, headers=basic).status_code == 400


def test_disconnecting_inside_quickbooks_is_noticed_by_the_next_call(books: Books) -> None:
    assert books.sim.backstage_disconnect(REALM) == 1
    assert json_of(books.get("preferences"))["fault"]["error"][0]["code"] == "3200"
    assert refresh(books, books.grant["refresh_token"]).status_code == 400


def test_access_tokens_expire(books: Books) -> None:
    books.clock.pass_(seconds=3599)
    assert books.get("preferences").status_code == 200
    books.clock.pass_(seconds=1)
    assert books.get("preferences").status_code == 401
    fresh = json_of(refresh(books, books.grant["refresh_token"]))
    books.headers["Authorization"] = f"Bearer {fresh['access_token']}"
    assert books.get("preferences").status_code == 200
    books.sim.faults.plan("expire_token")
    assert books.get("preferences").status_code == 401
    books.sim.backstage_switch("xml_gateway", True)
    answer = books.get("preferences")
    assert answer.mimetype == "application/xml"
    assert 'code="3200"' in answer.get_data(as_text=True)
    del books.headers["Authorization"]
    assert 'code="3202"' in books.get("preferences").get_data(as_text=True)


# the rules of every call


def test_careless_calls_are_answered_and_written_down(books: Books) -> None:
    path = f"/v3/company/{REALM}/vendor/{books.vendor}"
    assert books.client.get(path, headers=books.headers).status_code == 200
    bearer = {"Authorization": books.headers["Authorization"]}
    xml = books.client.get(path + "?minorversion=75", headers=bearer)
    assert xml.mimetype == "application/xml"
    vendor = ET.fromstring(xml.get_data(as_text=True)).find("{*}Vendor")
    assert vendor is not None
    assert vendor.findtext("{*}DisplayName") == "Acme Concrete"
    assert (
        books.client.post(
            f"/v3/company/{REALM}/vendor?minorversion=75", json={"DisplayName": "B"}, headers=books.headers
        ).status_code
        == 200
    )
    assert books.post("bill", books.bill(), include="allowduplicatedocnum").status_code == 200
    assert books.get("Vendor/1").status_code == 404
    assert code(books.get("invoice/1")) == "2000"
    assert code(books.get("vendor/None")) == "2030"
    assert code(books.post("bill", books.bill(), operation="explode")) == "500"
    whats = books.mistakes()
    assert [w.split()[0] for w in whats] == [
        "minorversion=75",
        "JSON",
        "a",
        "allowduplicatedocnum",
        "no",
        *["2000:", "2030:", "500:"],
    ]


def test_bodies_must_be_utf8_json(books: Books) -> None:
    path = f"/v3/company/{REALM}/vendor"
    query = {"minorversion": "75", "requestid": "x"}
    as_text = books.client.post(path, data="{}", query_string=query, headers=books.headers, content_type="text/plain")
    assert code(as_text) == "1050"
    for number, data in enumerate((b"{", b"[]", b'{"DisplayName": NaN}')):
        query["requestid"] = f"y{number}"
        sent = books.client.post(
            path, data=data, query_string=query, headers=books.headers, content_type="application/json"
        )
        assert code(sent) == "2010"
    query["requestid"] = "z"
    latin = '{"DisplayName":"é"}'.encode("latin-1")
    sent = books.client.post(
        path, data=latin, query_string=query, headers=books.headers, content_type="application/json"
    )
    assert code(sent, 500) == "10000"
    assert len(books.mistakes()) == 5


def test_every_answer_carries_its_trace_id(books: Books) -> None:
    answers = [
        books.get("preferences"),
        books.get("bill/99"),
        books.get("preferences", realm=OTHER),
        refresh(books, "x"),
        consent(books),
        books.client.get("/elsewhere"),
    ]
    faults: tuple[Kind, ...] = ("throttle", "server_fault")
    for kind in faults:
        books.sim.faults.plan(kind)
        answers.append(books.get("preferences"))
    ids = [answer.headers["intuit_tid"] for answer in answers]
    assert len(set(ids)) == len(ids) == 8
    assert [a.status_code for a in answers[-2:]] == [429, 500]


def test_the_throttle_slides_with_the_clock() -> None:
    books = Books(limits=True)
    assert [books.get("preferences").status_code for _ in range(11)] == [200] * 10 + [429]
    books.clock.pass_(seconds=1)
    for _ in range(49):
        assert books.get("preferences").status_code == 200
        books.clock.pass_(seconds=0.1)
    for _ in range(441):
        assert books.get("preferences").status_code == 200
        books.clock.pass_(seconds=0.11)
    assert books.get("preferences").status_code == 429
    books.sim.backstage_switch("retry_after", 7)
    assert books.get("preferences").headers["Retry-After"] == "7"
    books.clock.pass_(seconds=60)
    assert books.get("preferences").status_code == 200


def test_limits_scale_and_are_kept_per_company() -> None:
    books = Books(limits=True, limit_scale=0.2)
    assert [books.get("preferences").status_code for _ in range(3)] == [200, 200, 429]
    token = books.sim.backstage_grant(OTHER)["access_token"]
    books.headers["Authorization"] = f"Bearer {token}"
    assert books.get("preferences", realm=OTHER).status_code == 200
    assert books.mistakes() == []


def test_a_company_may_be_closed_to_us(books: Books) -> None:
    books.sim.backstage_cancel_subscription(REALM)
    assert code(books.get("preferences")) == "6190"
    books.sim.backstage_lock_out(REALM)
    assert code(books.get("preferences"), 403) == "140"
    books.sim.backstage_remove_user(REALM)
    assert code(books.get("preferences"), 403) == "120"
    books.sim.backstage_reopen(REALM)
    assert books.get("preferences").status_code == 200


# requestid


def test_a_repeated_requestid_brings_the_stored_answer_back(books: Books) -> None:
    first = books.post("bill", books.bill(), requestid="once")
    books.clock.pass_(hours=23)
    books.headers["Authorization"] = f"Bearer {books.sim.backstage_grant(REALM)['access_token']}"
    second = books.post("bill", books.bill(), requestid="once")
    assert json_of(first) == json_of(second)
    assert len(books.sim.backstage_ledger(REALM)["bills"]) == 1
    assert books.mistakes() == []
    assert json_of(books.post("bill", books.bill("INV-2"), requestid="once")) == json_of(first)
    assert books.mistakes() == ["requestid once comes again with another body"]


def test_a_requestid_is_forgotten_after_its_retention() -> None:
    books = Books(requestid_retention=60.0)
    books.made("bill", books.bill(), requestid="once")
    books.clock.pass_(seconds=60)
    assert code(books.post("bill", books.bill(), requestid="once")) == "6140"


def test_refusals_are_replayed_unless_switched_off(books: Books) -> None:
    books.person_bill(DocNumber="INV-1", Id=None)
    assert code(books.post("bill", books.bill(), requestid="r")) == "6140"
    books.sim.backstage_delete_bill(REALM, "1")
    assert code(books.post("bill", books.bill(), requestid="r")) == "6140"
    books.sim.backstage_switch("replay_refusals", False)
    assert code(books.post("bill", books.bill(number="INV-2", TxnDate="x"), requestid="s")) == "2060"
    assert books.post("bill", books.bill(number="INV-2"), requestid="s").status_code == 200


def test_requestids_have_a_length(books: Books) -> None:
    assert books.post("vendor", {"DisplayName": "B"}, requestid="x" * 50).status_code == 200
    assert code(books.post("vendor", {"DisplayName": "C"}, requestid="x" * 51)) == "2130"
    assert len(books.mistakes()) == 1


def test_companies_do_not_share_requestids(books: Books) -> None:
    books.made("vendor", {"DisplayName": "B"}, requestid="same")
    token = books.sim.backstage_grant(OTHER)["access_token"]
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
    query = {"minorversion": "75", "requestid": "same"}
    answer = books.client.post(
        f"/v3/company/{OTHER}/vendor", json={"DisplayName": "B"}, query_string=query, headers=headers
    )
    assert answer.status_code == 200
    assert [v["DisplayName"] for v in books.sim.backstage_ledger(OTHER)["vendors"]] == ["B"]


def test_a_write_whose_answer_was_lost_is_there_and_is_answered_on_repeat(books: Books) -> None:
    books.sim.faults.plan("drop_after", "POST")
    with pytest.raises(ConnectionDropped):
        books.post("bill", books.bill(), requestid="lost")
    books.sim.faults.plan("delay", "POST")
    with pytest.raises(AnswerTooLate):
        books.post("bill", books.bill(), requestid="lost")
    bill = books.made("bill", books.bill(), requestid="lost")
    [kept] = books.sim.backstage_ledger(REALM)["bills"]
    assert (kept["Id"], kept["request_ids"], kept["versions"], kept["who"]) == (bill["Id"], ["lost"], 1, "api")
    assert kept["created_at"] == "2026-11-20T18:00:00+00:00"


# SyncToken, full and sparse updates


def test_a_sync_token_is_a_string_and_must_be_present_and_fresh(books: Books) -> None:
    bill = books.made("bill", books.bill())
    for token in ({}, {"SyncToken": 0}, {"SyncToken": None}):
        assert code(books.post("bill", {**books.bill(), "Id": bill["Id"], **token})) == "2020"
    changed = books.made("bill", {**bill, "PrivateNote": "one"})
    assert changed["SyncToken"] == "1"
    assert code(books.post("bill", {**bill, "PrivateNote": "two"})) == "5010"
    assert code(books.post("bill", {"Id": bill["Id"], "SyncToken": "0"}, operation="delete")) == "5010"
    assert code(books.post("bill", {**bill, "Id": "77"})) == "610"
    assert code(books.post("bill", books.bill(), operation="update")) == "2020"
    assert code(books.post("bill", {**books.bill(), "sparse": True})) == "2020"
    assert len(books.mistakes()) == 5


def test_a_full_update_clears_what_is_left_out(books: Books) -> None:
    bill = books.made("bill", books.bill(PrivateNote="note", DueDate="2027-01-01"))
    changed = books.made("bill", {**books.bill(), "Id": bill["Id"], "SyncToken": "0"})
    assert "PrivateNote" not in changed
    assert changed["DueDate"] == "2026-11-20"
    assert books.sim.backstage_audit(REALM)[-1]["changed"] == ["DueDate", "Line", "PrivateNote"]


def test_a_sparse_update_keeps_the_rest(books: Books) -> None:
    bill = books.made("bill", books.bill(PrivateNote="note"))
    head = {"Id": bill["Id"], "SyncToken": "0", "sparse": True}
    assert code(books.post("bill", {**head, "DocNumber": "X"})) == "2020"
    sparse = {
        **head,
        "VendorRef": {"value": books.vendor},
        "DocNumber": None,
        "TxnDate": "2026-11-21",
        "PrivateNote": "",
    }
    changed = books.made("bill", sparse)
    assert (changed["DocNumber"], changed["TxnDate"]) == ("INV-1", "2026-11-21")
    assert "PrivateNote" not in changed
    assert [line["Id"] for line in changed["Line"]] == ["1"]


def test_vendor_updates_clear_and_keep_as_asked(books: Books) -> None:
    term = books.sim.backstage_find(REALM, "Term", "Net 30")
    assert term is not None
    body = {
        "DisplayName": "Bolt",
        "AcctNum": "V-1",
        "TermRef": {"value": term["Id"]},
        "Notes": "n",
        "TaxIdentifier": "12-3456789",
    }
    vendor = books.made("vendor", body)
    assert "TermRef" not in vendor
    assert vendor["TaxIdentifier"] == "XXXXXX6789"
    head = {"Id": vendor["Id"], "sparse": True}
    vendor = books.made("vendor", {**head, "SyncToken": "0", "TermRef": {"value": term["Id"]}, "DisplayName": ""})
    assert vendor["TermRef"]["name"] == "Net 30"
    assert vendor["DisplayName"] == "Bolt"
    vendor = books.made("vendor", {**head, "SyncToken": "1", "TermRef": {"value": ""}, "AcctNum": "", "Notes": None})
    assert {"TermRef", "AcctNum"} & set(vendor) == set()
    assert vendor["Notes"] == "n"
    assert books.mistakes() == []
    vendor = books.made(
        "vendor", {"Id": vendor["Id"], "SyncToken": "2", "GivenName": "Ann", "TaxIdentifier": "XXXXXX6789"}
    )
    assert vendor["DisplayName"] == "Ann"
    assert "Notes" not in vendor
    assert len(books.mistakes()) == 1


def test_bill_lines_are_updated_created_and_removed_by_id(books: Books) -> None:
    bill = books.made("bill", books.bill("INV-1", books.line(10.0), books.line(20.0)))
    kept = {**bill["Line"][1], "Amount": 25.0}
    changed = books.made("bill", {**bill, "Line": [kept, books.line(5.0), {**books.line(1.0), "Id": "99"}]})
    assert [(line["Id"], line["Amount"]) for line in changed["Line"]] == [("2", 25.0), ("3", 5.0), ("4", 1.0)]
    assert changed["TotalAmt"] == 31.0
    again = books.made("bill", {**changed, "Line": [books.line(7.0)]})
    assert [line["Id"] for line in again["Line"]] == ["5"]


def test_deleted_documents_are_gone(books: Books) -> None:
    bill = books.made("bill", books.bill())
    gone = books.made("bill", {"Id": bill["Id"], "SyncToken": "0"}, operation="delete")
    assert gone == {"domain": "QBO", "status": "Deleted", "Id": bill["Id"]}
    assert code(books.get(f"bill/{bill['Id']}")) == "610"
    assert books.rows("select * from Bill") == []
    assert code(books.post("vendor", {"Id": books.vendor, "SyncToken": "0"}, operation="delete")) == "500"
    assert code(books.post("bill", {"Id": "1", "SyncToken": "0"}, operation="update", include="void")) == "500"


# validation


BAD_VENDORS: list[tuple[Json, str]] = [
    ({"DisplayName": "a:b"}, "2040"),
    ({"DisplayName": "a\tb"}, "2040"),
    ({"GivenName": "a\nb"}, "2040"),
    ({"DisplayName": "smile \U0001f600"}, "2040"),
    ({"DisplayName": "x" * 501}, "2050"),
    ({"DisplayName": "B", "CompanyName": "x" * 101}, "2050"),
    ({"DisplayName": "B", "PrimaryPhone": {"FreeFormNumber": "5" * 22}}, "2050"),
    ({"DisplayName": "B", "PrimaryEmailAddr": {"Address": "nobody"}}, "2210"),
    ({"DisplayName": "B", "WebAddr": {"URI": "not a site"}}, "2200"),
    ({"DisplayName": "B", "Active": "yes"}, "2150"),
    ({"DisplayName": "B", "Nickname": "Bee"}, "2010"),
    ({"DisplayName": 5}, "2010"),
    ({"CompanyName": "Only"}, "6080"),
    ({"DisplayName": "  acme   CONCRETE "}, "6240"),
    ({"DisplayName": "\uff21cme Concrete"}, "6240"),
]


@pytest.mark.parametrize(("body", "wanted"), BAD_VENDORS)
def test_a_bad_vendor_is_refused(books: Books, body: Json, wanted: str) -> None:
    assert code(books.post("vendor", body)) == wanted
    assert len(books.sim.backstage_ledger(REALM)["vendors"]) == 1
    careful = wanted in ("2200", "2210", "6080", "6240") or "smile" in str(body)
    assert len(books.mistakes()) == (0 if careful else 1)


def test_names_are_unique_over_people_of_all_kinds_inactive_ones_too(books: Books) -> None:
    books.sim.backstage_add_customer(REALM, "Customer Co")
    books.sim.backstage_add_employee(REALM, "Employee Emma")
    books.sim.backstage_inactivate(REALM, "Vendor", books.vendor)
    for name in ("customer co", "Employee Emma", "Acme Concrete", "Acme Concrete (deleted)"):
        assert code(books.post("vendor", {"DisplayName": name})) == "6240"
    assert books.rows("select * from Vendor where DisplayName = 'Customer Co'", "Vendor") == []
    assert books.mistakes() == []
    with pytest.raises(Refused):
        books.sim.backstage_add_vendor(REALM, "CUSTOMER CO")


def test_an_inactive_vendor_is_hidden_suffixed_and_comes_back(books: Books) -> None:
    off = books.sim.backstage_inactivate(REALM, "Vendor", books.vendor)
    assert off["DisplayName"] == "Acme Concrete (deleted)"
    assert books.rows("select * from Vendor", "Vendor") == []
    names = "'Acme Concrete', 'Acme Concrete (deleted)'"
    [found] = books.rows(f"select * from Vendor where DisplayName IN ({names}) AND Active IN (true,false)", "Vendor")
    assert fault(books.post("bill", books.bill()))["code"] == "610"
    assert "made inactive" in fault(books.post("bill", books.bill()))["Detail"]
    back = books.made("vendor", {"Id": found["Id"], "SyncToken": found["SyncToken"], "sparse": True, "Active": True})
    assert back["DisplayName"] == "Acme Concrete"
    assert books.post("bill", books.bill()).status_code == 200


def bad_bills(books: Books) -> list[tuple[Json, str]]:
    receivable = books.account("Accounts Receivable (A/R)")
    a_line = books.line()
    no_account = {"Amount": 1, "DetailType": "AccountBasedExpenseLineDetail", "AccountBasedExpenseLineDetail": {}}
    product = {"ItemRef": {"value": books.sim.backstage_add_item(REALM, "Hose")["Id"]}, "Qty": 3, "UnitPrice": 2.5}
    kind = "ItemBasedExpenseLineDetail"
    return [
        ({k: v for k, v in books.bill().items() if k != "VendorRef"}, "2020"),
        ({k: v for k, v in books.bill().items() if k != "Line"}, "2020"),
        (books.bill() | {"Line": []}, "2250"),
        (books.bill("x" * 22), "2050"),
        (books.bill(PrivateNote="x" * 4001), "2050"),
        (books.bill("1", {**a_line, "Description": "x" * 4001}), "2050"),
        (books.bill("1", {**a_line, "Amount": 1.005}), "2090"),
        (books.bill("1", {**a_line, "Amount": "ten"}), "2080"),
        (books.bill("1", {k: v for k, v in a_line.items() if k != "Amount"}), "2020"),
        (books.bill("1", {k: v for k, v in a_line.items() if k != "DetailType"}), "2020"),
        (books.bill("1", no_account), "6440"),
        (books.bill("1", {**a_line, "Account": "1"}), "2010"),
        (books.bill(Vendor="1"), "2010"),
        (books.bill(VendorRef={"value": None}), "2030"),
        (books.bill(VendorRef={"value": "None"}), "2030"),
        (books.bill(VendorRef="1"), "2010"),
        (books.bill(TxnDate="20.11.2026"), "2060"),
        (books.bill("1", books.line(BillableStatus="Perhaps")), "2170"),
        (books.bill("1", books.line(BillableStatus="HasBeenBilled")), "2170"),
        (books.bill("1", {"Amount": 7.51, "DetailType": kind, kind: product}), "6070"),
        # from here on a careful client may meet them
        (books.bill("1", books.line(account=books.payable)), "6430"),
        (books.bill("1", books.line(account=receivable)), "6000"),
        (books.bill(APAccountRef={"value": books.expense}), "6430"),
        (books.bill("1", books.line(-5.0)), "2290"),
        (books.bill("1", books.line(BillableStatus="Billable")), "6310"),
        (books.bill("1", books.line(TaxCodeRef={"value": "VAT"})), "6100"),
        (books.bill("1", books.line(), PrivateNote="\U0001f600"), "2040"),
    ]


def test_bad_bills_are_refused(books: Books) -> None:
    cases = bad_bills(books)
    for number, (body, wanted) in enumerate(cases):
        before = len(books.mistakes())
        assert (number, code(books.post("bill", body))) == (number, wanted)
        assert (number, len(books.mistakes()) - before) == (number, 1 if number < 20 else 0)
    assert books.sim.backstage_ledger(REALM)["bills"] == []
    item = {"ItemRef": {"value": "1"}, "Qty": 3, "UnitPrice": 2.5}
    kind = "ItemBasedExpenseLineDetail"
    assert books.post("bill", books.bill("1", {"Amount": 7.5, "DetailType": kind, kind: item})).status_code == 200


def test_missing_references_are_named_in_the_vendors_words(books: Books) -> None:
    ref = {"value": "987"}
    cases = {
        "Names element id 987 not found": books.bill(VendorRef=ref),
        "Accounts element id 987 not found": books.bill("1", books.line(account="987")),
        "Klasses element id 987 not found": books.bill("1", books.line(ClassRef=ref)),
        "Depts element id 987 not found": books.bill(DepartmentRef=ref),
        "Terms element id 987 not found": books.bill(SalesTermRef=ref),
    }
    for words, body in cases.items():
        error = fault(books.post("bill", body))
        assert (error["code"], error["Detail"]) == ("2500", f"Invalid Reference Id : {words}")
    customer = books.sim.backstage_add_customer(REALM, "Not a vendor")["Id"]
    assert code(books.post("bill", books.bill(VendorRef={"value": customer}))) == "2500"
    gone = books.sim.backstage_add_account(REALM, "Old", "Expense", active=False)
    assert gone["Name"] == "Old (deleted)"
    error = fault(books.post("bill", books.bill("1", books.line(account=gone["Id"]))))
    assert (error["code"], error["element"]) == ("610", "AccountRef")
    assert books.mistakes() == []


def test_currencies(books: Books) -> None:
    dropped = books.made("bill", books.bill(CurrencyRef={"value": "CAD"}))
    assert dropped["CurrencyRef"]["value"] == "USD"  # the switched-off feature takes its field along
    books.sim.backstage_set_preference(REALM, "CurrencyPrefs.MultiCurrencyEnabled", True)
    assert code(books.post("bill", books.bill("2"))) == "2020"
    assert code(books.post("bill", books.bill("2", CurrencyRef={"value": "XTS"}))) == "2220"
    assert code(books.post("bill", books.bill("2", CurrencyRef={"value": "CAD"}))) == "6000"
    vendor = books.made("vendor", {"DisplayName": "Acme - CAD", "CurrencyRef": {"value": "CAD"}})
    body = books.bill("2", VendorRef={"value": vendor["Id"]}, CurrencyRef={"value": "CAD"}, ExchangeRate=0.73)
    bill = books.made("bill", body)
    assert (bill["Balance"], bill["HomeBalance"]) == (60.0, 43.8)
    sparse = {"Id": vendor["Id"], "SyncToken": "0", "sparse": True, "CurrencyRef": {"value": "USD"}}
    assert books.made("vendor", sparse)["CurrencyRef"]["value"] == "CAD"


def test_closed_books(books: Books) -> None:
    bill = books.made("bill", books.bill())
    books.sim.backstage_close_books(REALM, "2026-11-20")
    assert code(books.post("bill", books.bill("2"))) == "6200"
    assert code(books.post("bill", {**bill, "TxnDate": "2026-11-21"})) == "6200"
    assert code(books.post("bill", {"Id": bill["Id"], "SyncToken": "0"}, operation="delete")) == "6200"
    books.sim.backstage_close_books(REALM, "2026-11-20", password=True)
    assert code(books.post("bill", books.bill("2"))) == "6210"
    books.made("bill", books.bill("2", TxnDate="2026-11-21"))
    books.person_bill(TxnDate="2026-01-01")
    books.sim.backstage_set_preference(REALM, "AccountingInfoPrefs.BookCloseDate", None)
    books.made("bill", books.bill("3"))


def test_a_bill_number_is_used_once_per_vendor_while_the_switch_is_on(books: Books) -> None:
    bill = books.made("bill", books.bill("N-1"))
    detail = fault(books.post("bill", books.bill("N-1")))["Detail"]
    assert detail.endswith(f"DocNumber=N-1 is assigned to TxnType=Bill with TxnId={bill['Id']}")
    books.person_bill(DocNumber="N-1")
    other = books.sim.backstage_add_vendor(REALM, "Other")["Id"]
    books.made("bill", books.bill("N-1", VendorRef={"value": other}))
    books.made("bill", {**bill, "PrivateNote": "the same bill may keep its number"})
    two = books.made("bill", books.bill("N-2"))
    assert code(books.post("bill", {**two, "DocNumber": "N-1"})) == "6140"
    books.sim.backstage_set_preference(REALM, "OtherPrefs.WarnDuplicateBillNumber", False)
    books.made("bill", books.bill("N-1"))
    assert books.mistakes() == []


def test_the_server_fills_in_dates_and_computes_totals(books: Books) -> None:
    books.clock.now = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
    books.headers["Authorization"] = f"Bearer {books.sim.backstage_grant(REALM)['access_token']}"
    term = books.sim.backstage_find(REALM, "Term", "Net 30")
    assert term is not None
    body = books.bill("1", books.line(0.1), books.line("0.20"), SalesTermRef={"value": term["Id"]}, TotalAmt=99)
    del body["TxnDate"]
    bill = books.made("bill", body)
    assert (bill["TxnDate"], bill["DueDate"], bill["TotalAmt"]) == ("2026-11-20", "2026-12-20", 0.3)
    assert bill["MetaData"]["CreateTime"] == "2026-11-20T19:00:00-08:00"
    assert books.mistakes() == ["TxnDate is left to the server's calendar"]
    books.clock.now = datetime(2027, 6, 1, tzinfo=UTC)
    assert books.person_bill()["MetaData"]["CreateTime"] == "2027-05-31T17:00:00-07:00"


def test_switched_off_features_lose_their_fields_silently(books: Books) -> None:
    klass = {"value": books.sim.backstage_add_class(REALM, "North")["Id"]}
    place = {"value": books.sim.backstage_add_department(REALM, "Yard")["Id"]}
    customer = {"value": books.sim.backstage_add_customer(REALM, "Job 7")["Id"]}
    body = books.bill("1", books.line(ClassRef=klass, CustomerRef=customer), DepartmentRef=place)
    kept = books.made("bill", body)
    assert kept["DepartmentRef"]["name"] == "Yard"
    detail = kept["Line"][0]["AccountBasedExpenseLineDetail"]
    assert (detail["ClassRef"]["name"], detail["CustomerRef"]["name"]) == ("North", "Job 7")
    for path in ("AccountingInfoPrefs.ClassTrackingPerTxnLine", "AccountingInfoPrefs.TrackDepartments"):
        books.sim.backstage_set_preference(REALM, path, False)
    books.sim.backstage_set_preference(REALM, "VendorAndPurchasesPrefs.TrackingByCustomer", False)
    lost = books.made("bill", {**body, "DocNumber": "2"})
    assert "DepartmentRef" not in lost
    assert {"ClassRef", "CustomerRef"} & set(lost["Line"][0]["AccountBasedExpenseLineDetail"]) == set()
    assert books.mistakes() == []


def test_sales_tax_nobody_sent(books: Books) -> None:
    books.sim.backstage_set_automatic_tax(REALM, "0.08")
    bill = books.made("bill", books.bill("1", books.line(10.0)))
    assert (bill["TotalAmt"], bill["TxnTaxDetail"]) == (10.8, {"TotalTax": 0.8})


def test_global_tax_calculation_belongs_to_companies_abroad(books: Books) -> None:
    ours = books.made("bill", books.bill(GlobalTaxCalculation="TaxExcluded"))
    assert "GlobalTaxCalculation" not in ours
    assert len(books.mistakes()) == 1
    realm = "123145000000001"
    books.sim.add_company(realm, "Maple", country="CA", home_currency="CAD")
    books.sim.backstage_add_tax_code(realm, "5", "0.13")
    vendor = books.sim.backstage_add_vendor(realm, "Moose")["Id"]
    token = books.sim.backstage_grant(realm)["access_token"]
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}

    def post(number: str, **fields: Any) -> TestResponse:
        body = books.bill(number, books.line(100.0, TaxCodeRef={"value": "5"}), VendorRef={"value": vendor}, **fields)
        query = {"minorversion": "75", "requestid": number}
        return books.client.post(f"/v3/company/{realm}/bill", json=body, query_string=query, headers=headers)

    assert code(post("1")) == "2020"
    assert code(post("2", GlobalTaxCalculation="Sometimes")) == "2170"
    assert code(post("3", GlobalTaxCalculation="NotApplicable", TxnTaxDetail={"TotalTax": 1})) == "6170"
    assert json_of(post("4", GlobalTaxCalculation="TaxExcluded"))["Bill"]["TotalAmt"] == 113.0
    assert json_of(post("5", GlobalTaxCalculation="NotApplicable"))["Bill"]["TotalAmt"] == 100.0


def test_accounts_and_lists(books: Books) -> None:
    parent = books.made("account", {"Name": "Jobs", "AccountType": "Expense", "AcctNum": "7000"})
    child = books.made(
        "account", {"Name": "Rebar", "AccountSubType": "SuppliesMaterialsCogs", "ParentRef": {"value": parent["Id"]}}
    )
    assert (child["FullyQualifiedName"], child["SubAccount"]) == ("Jobs:Rebar", True)
    assert (child["AccountType"], child["Classification"]) == ("Cost of Goods Sold", "Expense")
    assert code(books.post("account", {"Name": "jobs", "AccountType": "Expense"})) == "6240"
    assert code(books.post("account", {"Name": "X"})) == "6010"
    assert code(books.post("account", {"Name": 'Fi"ve', "AccountType": "Expense"})) == "2040"
    assert code(books.post("account", {"Name": "Y", "AccountType": "Expense", "AcctNum": "12345678"})) == "2050"
    rest: list[tuple[str, Json]] = [("class", {"Name": "A"}), ("department", {"Name": "A"}), ("term", {"Name": "T"})]
    for path, body in rest:
        made = books.made(path, body)
        sparse = {"Id": made["Id"], "SyncToken": "0", "sparse": True, "Active": False}
        assert books.made(path, sparse)["Name"] == body["Name"] + " (deleted)"
    deep = parent["Id"]
    for level in range(4):
        deep = books.made("account", {"Name": f"L{level}", "AccountType": "Expense", "ParentRef": {"value": deep}})[
            "Id"
        ]
    assert code(books.post("account", {"Name": "Z", "AccountType": "Expense", "ParentRef": {"value": deep}})) == "6180"


# payments, credits and orders


def test_a_payment_moves_the_bill_and_its_sync_token(books: Books) -> None:
    bill = books.made("bill", books.bill())
    books.clock.pass_(minutes=5)
    payment = books.sim.backstage_pay_bill(REALM, bill["Id"], 20)
    paid = json_of(books.get(f"bill/{bill['Id']}"))["Bill"]
    assert (paid["Balance"], paid["TotalAmt"], paid["SyncToken"]) == (40.0, 60.0, "1")
    assert paid["MetaData"]["LastUpdatedTime"] == payment["MetaData"]["CreateTime"]
    assert code(books.post("bill", {**bill, "PrivateNote": "x"})) == "5010"
    changed = books.made("bill", {**paid, "PrivateNote": "x", "LinkedTxn": []})
    assert (changed["Balance"], changed["LinkedTxn"]) == (40.0, paid["LinkedTxn"])
    assert code(books.post("bill", {**changed, "Line": [books.line(10.0)]})) == "6000"
    vendor = json_of(books.get(f"vendor/{books.vendor}"))["Vendor"]
    assert (vendor["Balance"], vendor["SyncToken"]) == (40.0, "0")
    assert books.audit()[-3:] == [
        ("person", "Create", "BillPayment"),
        ("person", "PaymentApplied", "Bill"),
        ("api", "Update", "Bill"),
    ]


def test_voiding_and_deleting_a_payment_opens_the_bill_again(books: Books) -> None:
    bill = books.person_bill()
    payment = books.sim.backstage_pay_bill(REALM, bill["Id"])
    sparse = {"Id": payment["Id"], "SyncToken": "0", "sparse": True}
    void = books.made("billpayment", sparse, operation="update", include="void")
    assert (void["TotalAmt"], void["PrivateNote"], "Line" in void) == (0, "Voided", False)
    again = json_of(books.get(f"bill/{bill['Id']}"))["Bill"]
    assert (again["Balance"], again["SyncToken"], "LinkedTxn" in again) == (60.0, "2", False)
    second = books.sim.backstage_pay_bill(REALM, bill["Id"])
    books.sim.backstage_delete_payment(REALM, second["Id"])
    assert json_of(books.get(f"bill/{bill['Id']}"))["Bill"]["Balance"] == 60.0
    third = books.sim.backstage_pay_bill(REALM, bill["Id"], 10)
    assert books.sim.backstage_void_payment(REALM, third["Id"])["TotalAmt"] == 0


def payment_body(books: Books, amount: float, *links: tuple[float, str, str]) -> Json:
    return {
        "VendorRef": {"value": books.vendor},
        "PayType": "Check",
        "TotalAmt": amount,
        "TxnDate": "2026-11-21",
        "CheckPayment": {"BankAccountRef": {"value": books.account("Checking")}},
        "Line": [{"Amount": a, "LinkedTxn": [{"TxnId": id, "TxnType": kind}]} for a, kind, id in links],
    }


def test_payments_over_the_api(books: Books) -> None:
    one, two = (books.person_bill(amount)["Id"] for amount in (60.0, 40.0))
    credit = books.sim.backstage_add_vendor_credit(REALM, books.vendor, [{"amount": 15}])["Id"]
    links = ((60.0, "Bill", one), (40.0, "Bill", two), (15.0, "VendorCredit", credit))
    payment = books.made("billpayment", payment_body(books, 85.0, *links))
    for kind, id in (("bill", one), ("bill", two), ("vendorcredit", credit)):
        assert next(iter(json_of(books.get(f"{kind}/{id}")).values()))["Balance"] == 0
    assert json_of(books.get(f"vendor/{books.vendor}"))["Vendor"]["Balance"] == 0
    less = {**payment, "TotalAmt": 45.0, "Line": payment["Line"][:1]}
    assert code(books.post("billpayment", less)) == "6000"
    less["TotalAmt"] = 60.0
    books.made("billpayment", less)
    assert json_of(books.get(f"bill/{two}"))["Bill"]["Balance"] == 40.0
    assert json_of(books.get(f"vendorcredit/{credit}"))["VendorCredit"]["Balance"] == 15.0
    assert code(books.post("billpayment", payment_body(books, 50.0, (50.0, "Bill", two)))) == "6000"
    assert code(books.post("billpayment", payment_body(books, 5.0, (5.0, "Bill", "999")))) == "2500"
    other = books.sim.backstage_add_vendor(REALM, "Other")["Id"]
    foreign = books.sim.backstage_add_bill(REALM, other, [{"amount": 5}])["Id"]
    assert code(books.post("billpayment", payment_body(books, 5.0, (5.0, "Bill", foreign)))) == "620"


def test_deleting_a_paid_bill(books: Books) -> None:
    bill = books.person_bill()
    payment = books.sim.backstage_pay_bill(REALM, bill["Id"])
    body = {"Id": bill["Id"], "SyncToken": "1"}
    assert code(books.post("bill", body, operation="delete")) == "800"
    books.sim.backstage_switch("paid_bill_delete", "detach")
    books.made("bill", body, operation="delete")
    left = json_of(books.get(f"billpayment/{payment['Id']}"))
    assert missing(sample("billpayment.check-header-only.json"), left) <= {
        "BillPayment.DocNumber",
        "BillPayment.PrivateNote",
    }
    assert "Line" not in left["BillPayment"]
    assert len(books.mistakes()) == 2


def test_purchase_orders_and_their_bills(books: Books) -> None:
    body = books.bill("PO-1", books.line(10.0), books.line(20.0))
    order = books.made("purchaseorder", body)
    assert (order["POStatus"], "Balance" in order) == ("Open", False)
    no_payable = {k: v for k, v in body.items() if k != "APAccountRef"}
    assert code(books.post("purchaseorder", no_payable)) == "2020"
    head = [{"TxnId": order["Id"], "TxnType": "PurchaseOrder"}]
    lines = [
        {**books.line(amount), "LinkedTxn": [{"TxnId": order["Id"], "TxnType": "PurchaseOrder", "TxnLineId": id}]}
        for amount, id in ((10.0, "1"), (20.0, "2"))
    ]
    dropped = books.made("bill", books.bill("A", *lines))
    assert "LinkedTxn" not in dropped  # the header did not name the order
    half = books.made("bill", books.bill("B", lines[0], LinkedTxn=head))
    assert half["LinkedTxn"] == head
    assert json_of(books.get(f"purchaseorder/{order['Id']}"))["PurchaseOrder"]["LinkedTxn"][0]["TxnId"] == half["Id"]
    whole = books.made("bill", books.bill("C", *lines, LinkedTxn=head))
    closed = json_of(books.get(f"purchaseorder/{order['Id']}"))["PurchaseOrder"]
    assert (closed["POStatus"], closed["SyncToken"]) == ("Closed", "2")
    books.made("bill", {"Id": whole["Id"], "SyncToken": "0"}, operation="delete")
    assert json_of(books.get(f"purchaseorder/{order['Id']}"))["PurchaseOrder"]["POStatus"] == "Open"
    books.sim.backstage_set_preference(REALM, "OtherPrefs.VendorAndPurchasesPrefs.PurchaseOrderEnabled", False)
    assert code(books.post("purchaseorder", body)) == "5020"


def test_orders_are_numbered_by_the_vendor_unless_custom_numbers_are_on(books: Books) -> None:
    assert books.made("purchaseorder", books.bill("PO-7"))["DocNumber"] == "PO-7"
    books.sim.backstage_set_preference(REALM, "OtherPrefs.VendorAndPurchasesPrefs.UseCustomTxnNumbers", False)
    assert books.made("purchaseorder", books.bill("PO-8"))["DocNumber"] == "1001"


# queries


@pytest.fixture
def many(books: Books) -> Books:
    for number in range(1, 251):
        books.clock.pass_(seconds=10)
        books.person_bill(float(number), DocNumber=f"N{number}", PrivateNote=f"note {number}")
    return books


def test_pages_have_a_hundred_rows_unless_asked(many: Books) -> None:
    first = json_of(many.get("query", query="select * from Bill"))["QueryResponse"]
    assert (first["startPosition"], first["maxResults"], len(first["Bill"])) == (1, 100, 100)
    rest = many.rows("SELECT * FROM Bill ORDERBY MetaData.LastUpdatedTime DESC STARTPOSITION 201 MAXRESULTS 1000")
    assert [b["DocNumber"] for b in rest] == [f"N{n}" for n in range(50, 0, -1)]
    beyond = json_of(many.get("query", query="select * from Bill startposition 251"))
    assert beyond["QueryResponse"] == {}
    count = json_of(many.get("query", query="select count(*) from Bill where TotalAmt > '240'"))
    assert count["QueryResponse"] == {"totalCount": 10}
    assert many.mistakes() == []


QUERIES: list[tuple[str, list[str]]] = [
    ("DocNumber = 'N7'", ["N7"]),
    ("Id IN ('3', '5', '999')", ["N3", "N5"]),
    ("VendorRef = '1' AND DocNumber = 'N8'", ["N8"]),
    ("VendorRef = '999'", []),
    ("DocNumber LIKE 'N24%'", ["N24", *(f"N24{n}" for n in range(10))]),
    ("DocNumber LIKE '%49'", ["N49", "N149", "N249"]),
    ("TotalAmt >= 249", ["N249", "N250"]),
    ("Balance = '3.00'", ["N3"]),
    ("TxnDate > '2026-11-20'", []),
    ("MetaData.LastUpdatedTime < '2026-11-20T18:00:21Z'", ["N1", "N2"]),
    ("MetaData.CreateTime <= '2026-11-20T10:00:20-08:00'", ["N1", "N2"]),
    ("MetaData.LastUpdatedTime >= '2026-11-20T10:41:40-08:00'", ["N250"]),
    ("DocNumber IN ('N1','N2') AND TotalAmt < 2", ["N1"]),
]


def test_conditions(many: Books) -> None:
    for where, wanted in QUERIES:
        found = many.rows(f"select * from Bill where {where} ORDER BY TotalAmt ASC")
        assert (where, [b["DocNumber"] for b in found]) == (where, wanted)
    assert many.mistakes() == []


BAD_QUERIES: list[tuple[str, str]] = [
    ("select * from Bill where PrivateNote = 'x'", "4001"),
    ("select * from Bill where DepartmentRef = '1'", "4001"),
    ("select * from Bill where Colour = 'x'", "4001"),
    ("select * from bill", "4001"),
    ("select * from Bill orderby Id", "4001"),
    ("select * from Bill orderby PrivateNote", "4001"),
    ("select * from Bill startposition 0", "4001"),
    ("select * from Bill maxresults 1001", "4001"),
    ("select * from Bill maxresults 0", "4001"),
    ("select * from Bill where MetaData.LastUpdatedTime > 'yesterday'", "4001"),
    ("select * from Bill where MetaData.LastUpdatedTime > '2026-11-20T10:00:00 08:00'", "4001"),
    ("select * from Bill where VendorRef > '1'", "4001"),
    ("select * from Bill where TotalAmt LIKE '1%'", "4001"),
    ("select * from Vendor where Active = 'perhaps'", "4001"),
    ("select * from Vendor where DisplayName = 'O\u2019Keefe'", "4000"),
    ("select * from Vendor where DisplayName = 'a \u2013 b'", "4000"),
    ("select * from Vendor where DisplayName = 'O'Keefe'", "4000"),
    ("select * from Vendor where DisplayName = 'O''Keefe'", "4000"),
    ("select * from Vendor where DisplayName = 'open", "4000"),
    ('select * from Vendor where DisplayName = "double"', "4000"),
    ("select * from Bill where DocNumber = 'a' OR DocNumber = 'b'", "4000"),
    ("select * from Bill where DocNumber != 'a'", "4000"),
    ("select * from Bill where", "4000"),
    ("delete from Bill", "4000"),
    ("", "2020"),
]


@pytest.mark.parametrize(("statement", "wanted"), BAD_QUERIES)
def test_a_bad_query_is_refused_and_written_down(books: Books, statement: str, wanted: str) -> None:
    assert code(books.get("query", query=statement)) == wanted
    assert len(books.mistakes()) == 1


def test_literals_are_escaped_by_backslash_and_may_be_posted(books: Books) -> None:
    for name in ("O'Keefe & Söhne", "Back\\slash", "100% Steel"):
        books.sim.backstage_add_vendor(REALM, name)
        escaped = name.replace("\\", "\\\\").replace("'", "\\'")
        statement = f"select * from Vendor where DisplayName = '{escaped}'"
        assert [v["DisplayName"] for v in books.rows(statement, "Vendor")] == [name]
        posted = books.client.post(
            f"/v3/company/{REALM}/query?minorversion=75",
            data=statement.encode(),
            headers=books.headers,
            content_type="application/text",
        )
        assert len(json_of(posted)["QueryResponse"]["Vendor"]) == 1
    assert books.mistakes() == []


def test_times_without_an_offset_and_field_lists_are_written_down(books: Books) -> None:
    books.person_bill()
    assert len(books.rows("select * from Bill where MetaData.LastUpdatedTime >= '2026-11-20T10:00:00'")) == 1
    [row] = books.rows("select Id, DocNumber from Bill")
    assert "TotalAmt" in row
    assert len(books.mistakes()) == 2


def test_inactive_list_objects_are_hidden_unless_asked_for(books: Books) -> None:
    books.sim.backstage_inactivate(REALM, "Account", books.expense)
    names = {a["Name"] for a in books.rows("select * from Account where AccountType = 'Cost of Goods Sold'", "Account")}
    assert names == {"Subcontractors"}
    assert len(books.rows("select * from Account where Active = false", "Account")) == 1
    assert len(books.rows("select * from Account where Active IN (true, false)", "Account")) == 8
    assert len(books.rows("select * from CompanyInfo", "CompanyInfo")) == 1


def test_queries_may_lag_behind_reads(books: Books) -> None:
    books.sim.backstage_switch("list_lag", 5)
    books.clock.pass_(seconds=10)
    bill = books.made("bill", books.bill())
    assert books.get(f"bill/{bill['Id']}").status_code == 200
    assert books.rows("select * from Bill where DocNumber = 'INV-1'") == []
    books.clock.pass_(seconds=5)
    assert len(books.rows("select * from Bill where DocNumber = 'INV-1'")) == 1
    books.made("bill", {**bill, "DocNumber": "INV-2"})
    assert [b["SyncToken"] for b in books.rows("select * from Bill where DocNumber = 'INV-1'")] == ["0"]
    books.clock.pass_(seconds=5)
    assert [b["SyncToken"] for b in books.rows("select * from Bill where DocNumber = 'INV-2'")] == ["1"]
    books.sim.backstage_switch("stale_query_sync_tokens", True)
    assert books.rows("select * from Bill")[0]["SyncToken"] == "0"


# batch and change data capture


def test_a_batch_answers_each_item_on_its_own(books: Books) -> None:
    bill = books.person_bill()
    items: list[Json] = [
        {"bId": "1", "operation": "create", "Vendor": {"DisplayName": "New"}},
        {"bId": "2", "operation": "create", "Vendor": {"DisplayName": "acme concrete"}},
        {"bId": "3", "operation": "update", "Bill": {**bill, "PrivateNote": "x"}},
        {"bId": "4", "operation": "create", "Bill": books.bill(VendorRef={"value": "2"})},
        {"bId": "5", "Query": "select * from Vendor where DisplayName = 'New'"},
        {"bId": "6", "Query": "select * from Term"},
        {"bId": "7", "operation": "delete", "Bill": {"Id": bill["Id"], "SyncToken": "1"}},
    ]
    answer = json_of(books.post("batch", {"BatchItemRequest": items}))
    answers = answer["BatchItemResponse"]
    assert [a["bId"] for a in answers] == [i["bId"] for i in items]
    assert missing(sample("batch.response.json")["BatchItemResponse"][0], answers[1]) == set()
    assert [a.get("Fault", {}).get("Error", [{}])[0].get("code") for a in answers[:4]] == [None, "6240", None, "2500"]
    assert answers[4]["QueryResponse"] == {}  # items do not see each other
    assert len(answers[5]["QueryResponse"]["Term"]) == 4
    assert answers[6]["Bill"]["status"] == "Deleted"
    assert books.mistakes() == []
    assert json_of(books.post("batch", {"BatchItemRequest": items}, requestid="request-1")) == answer
    assert [v["DisplayName"] for v in books.sim.backstage_ledger(REALM)["vendors"]] == ["Acme Concrete", "New"]


def test_batches_have_rules(books: Books) -> None:
    def item(number: int, id: str = "") -> Json:
        return {"bId": id or str(number), "Query": "select * from Term"}

    assert books.post("batch", {"BatchItemRequest": [item(n) for n in range(30)]}).status_code == 200
    assert code(books.post("batch", {"BatchItemRequest": [item(n) for n in range(31)]})) == "1040"
    assert fault(books.post("batch", {"BatchItemRequest": []}))["Message"] == "MalformedRequest"
    assert code(books.post("batch", {"BatchItemRequest": [item(1), item(1)]})) == "2010"
    assert code(books.post("batch", {"BatchItemRequest": [item(1)]}, requestid="x" * 37)) == "2130"
    assert code(books.post("batch", {"BatchItemRequest": [item(1, "elevenchars")]})) == "2130"
    assert len(books.mistakes()) == 5


def changes(books: Books, since: str, entities: str = "Bill,Vendor") -> list[Json]:
    answer = books.get("cdc", entities=entities, changedSince=since)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    found: list[Json] = json_of(answer)["CDCResponse"][0]["QueryResponse"]
    return found


def test_changes_are_captured_with_deletions(books: Books) -> None:
    books.clock.pass_(minutes=1)
    kept, gone = books.person_bill(), books.person_bill()
    books.sim.backstage_edit_bill(REALM, kept["Id"], PrivateNote="x")
    books.sim.backstage_delete_bill(REALM, gone["Id"])
    found = changes(books, "2026-11-20T10:01:00-08:00")
    shape = sample("cdc.shape.json")["CDCResponse"][0]["QueryResponse"][1]
    assert set(found[0]) == {"Bill"} | set(shape) - {"Invoice"}
    assert [(r["Id"], r.get("SyncToken"), r.get("status")) for r in found[0]["Bill"]] == [
        ("1", "1", None),
        ("2", None, "Deleted"),
    ]
    assert set(found[0]["Bill"][1]) == {"domain", "status", "Id", "MetaData"}
    assert found[1] == {}
    books.sim.backstage_report_deleted(REALM, "Bill", kept["Id"])
    assert changes(books, "2026-11-20T10:01:00-08:00")[0]["Bill"][0]["status"] == "Deleted"
    assert books.get(f"bill/{kept['Id']}").status_code == 200
    assert (
        changes(books, "2026-11-20T10:02:00-08:00", "Bill")
        == sample("cdc.empty.json")["CDCResponse"][0]["QueryResponse"]
    )
    assert books.mistakes() == []


def test_change_data_capture_ends_at_a_thousand_and_at_thirty_days(books: Books) -> None:
    for _ in range(1001):
        books.person_bill()
    both = changes(books, "2026-11-20T10:00:00-08:00", "Vendor,Bill")
    assert [row.get("maxResults") for row in both] == [1, 999]
    assert books.get("cdc", entities="Bill", changedSince="2026-10-21T18:00:00Z").status_code == 200
    old = fault(books.get("cdc", entities="Bill", changedSince="2026-10-21T17:59:59Z"))
    assert "older than fixed days is not supported" in old["Detail"]
    assert code(books.get("cdc", entities="TaxRate", changedSince="2026-11-20T18:00:00Z")) == "500"
    assert books.get("cdc", entities="Bill", changedSince="2026-11-20", startPosition="2").status_code == 200
    assert len(books.mistakes()) == 3


# the backstage, the state, and real sockets


def test_people_work_in_the_books_and_the_audit_tells_who_did_what(books: Books) -> None:
    bill = books.sim.backstage_add_bill(
        REALM, books.vendor, [{"amount": "12.50", "account_id": books.expense, "description": "Nails"}], DocNumber="P-1"
    )
    kept: list[Json] = [{"id": "1", "amount": 13}, {"amount": 2}]
    edited = books.sim.backstage_edit_bill(REALM, bill["Id"], lines=kept)
    assert [line["Id"] for line in edited["Line"]] == ["1", "2"]
    api = books.made("bill", {**edited, "PrivateNote": "ours"}, requestid="mine")
    trail = [e for e in books.sim.backstage_audit(REALM) if e["entity"] == "Bill"]
    assert [(e["who"], e["sync_token_before"], e["sync_token_after"]) for e in trail] == [
        ("person", None, "0"),
        ("person", "0", "1"),
        ("api", "1", "2"),
    ]
    assert trail[2]["request_id"] == "mine"
    [kept_bill] = books.sim.backstage_ledger(REALM)["bills"]
    assert (kept_bill["versions"], kept_bill["who"], kept_bill["SyncToken"]) == (3, "person", api["SyncToken"])
    books.sim.backstage_edit_vendor(REALM, books.vendor, DisplayName="Acme Renamed")
    assert api["VendorRef"]["name"] == "Acme Concrete"
    survivor = books.sim.backstage_add_vendor(REALM, "Survivor")["Id"]
    merged = books.sim.backstage_merge_vendors(REALM, survivor, books.vendor)
    assert merged["Balance"] == 15.0
    assert json_of(books.get(f"bill/{bill['Id']}"))["Bill"]["VendorRef"]["value"] == survivor
    assert code(books.get(f"vendor/{books.vendor}")) == "610"


def test_a_fault_may_come_with_status_200(books: Books) -> None:
    books.sim.backstage_switch("faults_as_200", True)
    assert code(books.get("bill/99"), 200) == "610"
    with pytest.raises(ValueError, match="no such switch"):
        books.sim.backstage_switch("nonsense", 1)


def test_the_whole_state_round_trips_through_json(books: Books) -> None:
    books.made("bill", books.bill(), requestid="before")
    books.sim.backstage_pay_bill(REALM, "1", 10)
    books.sim.backstage_delete_bill(REALM, books.person_bill()["Id"])
    state = json.loads(json.dumps(books.sim.dump()))
    twin = Books()
    twin.clock.now = books.clock.now
    twin.sim.load(state)
    twin.headers = books.headers
    assert twin.sim.dump() == state
    assert twin.made("bill", books.bill(), requestid="before")["Id"] == "1"
    assert code(twin.post("bill", twin.bill())) == "6140"
    assert twin.rows("select * from Bill where VendorRef = '1'")[0]["Balance"] == 50.0
    books.made("bill", books.bill("later"))
    assert len(twin.sim.backstage_ledger(REALM)["bills"]) == 1
    assert refresh(twin, books.grant["refresh_token"]).status_code == 200


@pytest.fixture
def address(books: Books) -> Iterator[str]:
    server, url = listen(books.sim)
    yield url
    server.shutdown()
    server.server_close()


def test_it_answers_over_real_sockets(books: Books, address: str) -> None:
    with requests.Session() as session:
        made = session.post(
            f"{address}/_backstage/add_vendor", json={"realm_id": REALM, "display_name": "Wire"}, timeout=5
        )
        assert made.json()["DisplayName"] == "Wire"
        query = {"query": "select * from Vendor where DisplayName = 'Wire'", "minorversion": "75"}
        found = session.get(f"{address}/v3/company/{REALM}/query", params=query, headers=books.headers, timeout=5)
        assert found.json()["QueryResponse"]["maxResults"] == 1
        assert found.headers["intuit_tid"]
        session.post(f"{address}/_backstage/fault", json={"kind": "drop_after", "match": "POST /v3"}, timeout=5)
        where, asked = f"{address}/v3/company/{REALM}/bill", {"minorversion": "75", "requestid": "r"}
        with pytest.raises(requests.ConnectionError):
            session.post(where, json=books.bill(), params=asked, headers=books.headers, timeout=5)
        again = session.post(where, json=books.bill(), params=asked, headers=books.headers, timeout=5)
        assert again.json()["Bill"]["Id"] == "1"
    assert books.mistakes() == []
