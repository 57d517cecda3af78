"""Hostile calls at /qbwc as the framework hands them over: refused in SOAP's own form, fast, and nothing changed."""

from __future__ import annotations

import base64
import importlib
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from chalice.test import Client
from lxml import etree

from chalicelib import registry, wiring
from chalicelib import settings as environment
from chalicelib.systems.quickbooks_desktop import soap
from tests.security.test_quickbooks_desktop_soap import BOMBS
from tests.unit.systems.quickbooks_desktop_desk import SOAP11, SOAP12, TEXT_XML, call, envelope
from tests.web_connector import Books

ROOT = Path(__file__).parents[2]
SECONDS = 10.0  # of a processor: what grows faster than its input would take minutes
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
ODD_TYPES = (
    "application/json", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
    "application/octet-stream", "text/xml; charset=utf-16", "*/*", "nonsense", "text/html", "application/zip",
    "image/png",
)  # fmt: skip


class Door:
    """app.py over a table in memory, called with events as API Gateway sends them."""

    def __init__(self, app: Any, books: Books) -> None:
        self.client = Client(app, stage_name="local", project_dir=str(ROOT))
        self.app, self.books = app, books

    def send(
        self,
        body: bytes | str | None,
        *,
        method: str = "POST",
        content_type: str | None = TEXT_XML,
        encoded: bool = False,
        query: Mapping[str, list[str]] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, dict[str, str], bytes]:
        text = base64.b64encode(body).decode() if encoded and isinstance(body, bytes) else body
        sent = {"content-type": content_type} if content_type is not None else {}
        context = {"httpMethod": method, "resourcePath": "/qbwc", "path": "/api/qbwc", "domainName": "mlc.example"}
        event = {
            "requestContext": {**context, "identity": {"sourceIp": "203.0.113.7"}},
            "headers": {**sent, **(headers or {})},
            "pathParameters": None,
            "stageVariables": None,
            "multiValueQueryStringParameters": query,
            "body": text.decode("utf-8", "replace") if isinstance(text, bytes) else text,
            "isBase64Encoded": encoded,
        }
        answer = self.app(event, None)
        assert isinstance(answer["body"], str)
        assert not answer.get("isBase64Encoded")
        assert "Location" not in answer["headers"]
        return answer["statusCode"], answer["headers"], answer["body"].encode()

    def refused(self, body: bytes | str | None, **given: Any) -> int:
        """The status of a Fault; nothing in the table changed, and it took no time."""
        before, began = self.books.world.store.all_items(), time.process_time()
        status, headers, answered = self.send(body, **given)
        assert time.process_time() - began < SECONDS
        root = etree.fromstring(answered)
        assert root[0][0].tag.endswith("}Fault"), answered
        assert headers["Content-Type"] == {SOAP11: TEXT_XML, SOAP12: soap.MEDIA_TYPES["1.2"]}[root.nsmap["soap"]]
        assert answered.startswith(b"<?xml")
        assert self.books.world.store.all_items() == before
        return status


@pytest.fixture
def door(monkeypatch: pytest.MonkeyPatch) -> Iterator[Door]:
    books = Books()
    books.world.engine.local_url = ""
    books.qwc()
    monkeypatch.setenv("STAGE", "local")
    monkeypatch.setattr(wiring, "engine", lambda: books.world.engine)
    environment.settings.cache_clear()
    sys.modules.pop("app", None)
    app: ModuleType = importlib.import_module("app")
    yield Door(app.app, books)
    sys.modules.pop("app", None)
    environment.settings.cache_clear()


def good(door: Door) -> bytes:
    return call("authenticate", strUserName=door.books.user, strPassword=door.books.password)


def word(answered: bytes) -> str:
    return etree.fromstring(answered)[0][0][0][1].text or ""


# ---------------------------------------------------------------------------------------------- what is taken


@pytest.mark.parametrize(
    ("content_type", "encoded"),
    [
        (TEXT_XML, False), (TEXT_XML, True), (";", False), ("text/xml", False),
        ("TEXT/XML;charset=UTF-8", False), (None, False),
        ("application/xml", True), ("application/soap+xml; charset=utf-8; action=x", False), ("", False),
    ],
)  # fmt: skip
def test_a_good_call_is_answered_however_the_gateway_hands_it_over(
    door: Door, content_type: str | None, encoded: bool
) -> None:
    body: Any = good(door) if encoded else good(door).decode()
    status, headers, answered = door.send(body, content_type=content_type, encoded=encoded)
    assert (status, word(answered)) == (200, "none")
    assert headers["Content-Type"] == TEXT_XML, "the envelope's own version, whatever the header says"


def test_soap_1_2_is_answered_in_soap_1_2(door: Door) -> None:
    inner = f"<strUserName>{door.books.user}</strUserName><strPassword>{door.books.password}</strPassword>"
    body = envelope(f'<authenticate xmlns="{soap.NAMESPACE}">{inner}</authenticate>', namespace=SOAP12).decode()
    _, headers, answered = door.send(body, content_type="application/soap+xml")
    assert (headers["Content-Type"], word(answered)) == (soap.MEDIA_TYPES["1.2"], "none")
    assert etree.fromstring(answered).tag == f"{{{SOAP12}}}Envelope"


def test_a_get_and_a_head_are_answered_to_anybody(door: Door) -> None:
    status, headers, page = door.send(None, method="GET", content_type=None)
    assert (status, headers["Content-Type"], b"Web Connector" in page) == (200, "text/plain; charset=utf-8", True)
    assert door.send(None, method="HEAD", content_type="application/json")[::2] == (200, b"")


@pytest.mark.parametrize("name", ["wsdl", "WSDL"])
def test_the_contract_has_our_own_address_in_it(door: Door, name: str) -> None:
    status, headers, contract = door.send(None, method="GET", query={name: [""]}, headers={"host": "evil.example"})
    assert (status, headers["Content-Type"]) == (200, TEXT_XML)
    assert set(etree.fromstring(contract).xpath("//@location")) == {"https://mlc.example/api/qbwc"}


def test_the_path_is_the_registrys_and_every_method_leads_to_us(door: Door) -> None:
    callers = {name: wiring.load_system(name).caller for name in registry.SYSTEMS}
    assert {name: caller.path for name, caller in callers.items() if caller} == registry.CALLERS
    assert set(door.app.routes["/qbwc"]) == set(METHODS)


# ---------------------------------------------------------------------------------------------- what is refused


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS"])
def test_other_methods_are_refused_in_soaps_own_form(door: Door, method: str) -> None:
    assert door.refused(good(door).decode(), method=method) == 405


@pytest.mark.parametrize("content_type", ODD_TYPES)
@pytest.mark.parametrize("encoded", [True, False])
def test_an_odd_content_type_is_refused_in_soaps_own_form(door: Door, content_type: str, encoded: bool) -> None:
    body: Any = good(door) if encoded else good(door).decode()
    assert door.refused(body, content_type=content_type, encoded=encoded) == 500


def test_a_call_that_is_cut_off_anywhere_is_refused(door: Door) -> None:
    body = good(door)
    for end in range(len(body)):
        assert door.refused(body[:end], encoded=True) == 500
        assert door.refused(body[:end].decode()) == 500


@pytest.mark.parametrize("bomb", BOMBS)
def test_bombs_are_refused(door: Door, bomb: str) -> None:
    door.refused(BOMBS[bomb](), encoded=True)


@pytest.mark.parametrize("size", [soap.MOST_BYTES + 1, 6 * 1024 * 1024, 12 * 1024 * 1024])
@pytest.mark.parametrize("encoded", [True, False])
def test_a_body_over_5_mb_is_refused(door: Door, size: int, encoded: bool) -> None:
    body: Any = call("receiveResponseXML", ticket="t", response="x" * size)
    assert door.refused(body if encoded else body.decode(), encoded=encoded) == 500


def test_a_body_just_under_5_mb_is_taken(door: Door) -> None:
    body = call("receiveResponseXML", ticket="t", response="x" * (soap.MOST_BYTES - 1000))
    assert door.send(body.decode())[0] == 200


@pytest.mark.parametrize(
    "body",
    [
        None, "", " ", "{}", "null", "\ud800", "<a/>", "<html/>", "not base64!", call("dance").decode(),
        call("authenticate").decode().replace("developer.intuit.com", "evil.example"),
        call("authenticate").decode().replace("schemas.xmlsoap.org", "evil.example"),
        call("__class__").decode(), call("open").decode(),
    ],
)  # fmt: skip
@pytest.mark.parametrize("encoded", [True, False])
def test_what_is_no_call_of_ours_is_refused(door: Door, body: str | None, encoded: bool) -> None:
    door.refused(body, encoded=encoded)


@pytest.mark.parametrize("charset", ["utf-16", "latin-1", "utf-7", "cp1252"])
def test_what_is_not_utf_8_is_refused(door: Door, charset: str) -> None:
    body = good(door).decode().replace("utf-8", charset).replace("</strUserName>", "é</strUserName>")
    door.refused(body.encode(charset), encoded=True)
    door.refused(body.encode(charset), content_type=f"text/xml; charset={charset}", encoded=True)


@pytest.mark.parametrize(
    "ticket", ["", "x", "../../T#acme", "0" * 5000, "&#10;", "T#rival#CONNECTION#books", "💥" * 50, "%00"]
)
def test_a_foreign_ticket_changes_nothing_and_is_told_in_words(door: Door, ticket: str) -> None:
    before = door.books.world.store.all_items()
    for method, nothing in (("sendRequestXML", ""), ("receiveResponseXML", "-1"), ("closeConnection", "OK")):
        assert door.books.say(method, ticket=ticket) == nothing
    assert door.books.say("getLastError", ticket=ticket)
    assert door.books.world.store.all_items() == before
