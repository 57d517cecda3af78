"""Every method of the Web Connector's contract is answered, in SOAP's own form, also when we are in trouble."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest
from lxml import etree

from chalicelib.engine.errors import ConnectorError, TryAgain, Unknown
from chalicelib.engine.ports import Conflict
from chalicelib.systems.quickbooks_desktop import service, session, soap
from tests.unit.systems.quickbooks_desktop_desk import SOAP12, call, envelope
from tests.web_connector import Books, fault_of

TROUBLES: list[Callable[[], Exception]] = [
    lambda: TryAgain("The table is throttled."),
    lambda: Unknown("No answer."),
    lambda: Conflict([("a", "b")]),
    lambda: RuntimeError("strPassword=hunter2hunter2"),
]
IN_TROUBLE = {
    "sendRequestXML": "",
    "receiveResponseXML": "-1",
    "connectionError": "done",
    "getLastError": service.BUSY_WORDS,
    "closeConnection": "OK",
}
SERVED = {
    "sendRequestXML": "send_request",
    "receiveResponseXML": "receive_response",
    "connectionError": "connection_error",
    "getLastError": "last_error",
    "closeConnection": "close",
}


@pytest.fixture
def books() -> Books:
    made = Books()
    made.qwc()
    return made


@pytest.mark.parametrize("method", soap.METHODS)
def test_every_method_of_the_contract_has_its_result_element(books: Books, method: str) -> None:
    for namespace, kind in (
        ("http://schemas.xmlsoap.org/soap/envelope/", "text/xml; charset=utf-8"),
        (SOAP12, "application/soap+xml; charset=utf-8"),
    ):
        reply = books.send(envelope(f'<{method} xmlns="{soap.NAMESPACE}"/>', namespace=namespace), content_type=kind)
        assert (reply.status, reply.content_type) == (200, kind)
        root = etree.fromstring(reply.text.encode())
        assert root.tag == f"{{{namespace}}}Envelope"
        assert root[0][0][0].tag == f"{{{soap.NAMESPACE}}}{method}Result"


def test_the_methods_of_the_interactive_mode_are_stubs(books: Books) -> None:
    assert books.say("getInteractiveURL", wcTicket="t", sessionID="s") == ""
    assert books.say("interactiveRejected", wcTicket="t", reason="r") == ""
    assert books.say("interactiveDone", wcTicket="t") == "Done"


def test_a_version_never_opens_a_window_on_the_pc(books: Books, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    assert books.say("clientVersion", strVersion="2.3.0.215") == ""
    assert books.say("clientVersion") == ""
    assert books.say("serverVersion") == service.VERSION
    assert "2.3.0.215" in repr([vars(record) for record in caplog.records])


def test_what_the_session_gets_is_what_was_sent(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    got: list[tuple[Any, ...]] = []

    def note(engine: Any, *given: Any) -> str:
        got.append(given)
        return "<?xml version='1.0'?>"

    def number(engine: Any, *given: Any) -> int:
        got.append(given)
        return 42

    for name in ("send_request", "connection_error", "last_error", "close"):
        monkeypatch.setattr(session, name, note)
    monkeypatch.setattr(session, "receive_response", number)
    sent = {"strHCPResponse": "&lt;h/&gt;", "strCompanyFileName": "C:\\a.qbw", "qbXMLCountry": "CA"}
    assert books.say("sendRequestXML", ticket="t", **sent, qbXMLMajorVers="13", qbXMLMinorVers="0") == (
        "<?xml version='1.0'?>"
    )
    assert books.say("receiveResponseXML", ticket="t", response="r", hresult="0x1", message="m") == "42"
    books.say("connectionError", ticket="t", hresult="0x2", message="n")
    books.say("getLastError", ticket="t")
    books.say("closeConnection", ticket="t")
    assert got == [
        ("t", "<h/>", "C:\\a.qbw", "CA", "13", "0"),
        ("t", "r", "0x1", "m"),
        ("t", "0x2", "n"),
        ("t",),
        ("t",),
    ]


def test_a_session_begins_with_the_connection_whose_login_it_is(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    rival = Books("rival", books.world)
    rival.qwc()
    opened: list[tuple[str, str]] = []

    def begin(engine: Any, connection: Any, address: str) -> list[str]:
        opened.append((connection.key, address))
        return ["ticket", "", "", "300"]

    monkeypatch.setattr(session, "open", begin)
    assert books.authenticate(address="192.0.2.1") == ["ticket", "", "", "300"]
    assert rival.authenticate(address="192.0.2.2") == ["ticket", "", "", "300"]
    assert opened == [("acme#books", "192.0.2.1"), ("rival#books", "192.0.2.2")]


# ---------------------------------------------------------------------------------------------- our own trouble


@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("method", SERVED)
def test_our_own_trouble_is_told_as_the_protocol_tells_it(
    books: Books,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    method: str,
    trouble: Callable[[], Exception],
) -> None:
    def broken(*_: Any) -> Any:
        raise trouble()

    monkeypatch.setattr(session, SERVED[method], broken)
    assert books.say(method, ticket="t") == IN_TROUBLE[method]
    assert "hunter2" not in caplog.text


@pytest.mark.parametrize("trouble", TROUBLES)
def test_a_session_that_cannot_begin_is_busy(
    books: Books, monkeypatch: pytest.MonkeyPatch, trouble: Callable[[], Exception]
) -> None:
    def broken(*_: Any) -> Any:
        raise trouble()

    monkeypatch.setattr(session, "open", broken)
    assert books.authenticate()[1] == "busy"


@pytest.mark.parametrize("operation", ["get", "write"])
@pytest.mark.parametrize("trouble", [TryAgain("throttled"), Unknown("lost")])
def test_a_table_that_does_not_answer_makes_authenticate_busy_and_never_says_that_the_password_is_wrong(
    books: Books, monkeypatch: pytest.MonkeyPatch, operation: str, trouble: ConnectorError
) -> None:
    def before(effect: Any) -> None:
        if effect.operation == operation:
            raise trouble

    monkeypatch.setattr(books.world.store, "before", before)
    assert books.authenticate()[1] == "busy"
    monkeypatch.undo()
    assert books.lets_in()


def test_words_for_the_user_are_always_there(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "last_error", lambda engine, ticket: "")
    assert books.say("getLastError", ticket="t") == service.BUSY_WORDS
    for words in (service.BUSY_WORDS, fault_of(books.send(b"")), fault_of(books.send(call("dance")))):
        assert "error" not in words.lower()


def test_one_line_is_logged_for_each_call_and_a_name_with_line_feeds_stays_out(
    books: Books, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    books.say("authenticate", strUserName="a&#10;b", strPassword="p")
    books.say("sendRequestXML", ticket="a&#10;secret-ticket", strHCPResponse="x")
    books.send(b"nonsense")
    assert len(caplog.records) == 3
    told = repr([vars(record) for record in caplog.records])
    assert "secret-ticket" not in told
    assert "\n" not in "".join(str(value) for record in caplog.records for value in vars(record).values())
