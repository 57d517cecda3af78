"""Whole conversations over real sockets by clients that are none of ours: what they fetch, QuickBooks runs."""

from __future__ import annotations

import importlib
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from chalice.config import Config
from chalice.local import ChaliceRequestHandler, create_local_server
from lxml import etree

from chalicelib import settings as environment
from chalicelib import wiring
from chalicelib.systems.quickbooks_desktop.soap import NAMESPACE
from simulator import service
from simulator.systems.quickbooks_desktop.processor import Processor
from tests.flows.at_the_pc import Office
from tests.unit.systems.quickbooks_desktop_desk import DATA, needs_data

ROOT = Path(__file__).parents[2]
ZEEP: Any = import_module("zeep")  # its types are half there
HCP = (
    '<?xml version="1.0"?><?qbxml version="5.0"?><QBXML><QBXMLMsgsRq onError="continueOnError">'
    '<HostQueryRq requestID="0"/><CompanyQueryRq requestID="1"><OwnerID>{owner}</OwnerID></CompanyQueryRq>'
    '<PreferencesQueryRq requestID="2"/></QBXMLMsgsRq></QBXML>'
)


@dataclass
class Online:
    office: Office
    url: str

    @property
    def password(self) -> str:
        return self.office.pc.connector.added[self.office.user].password

    def quickbooks(self, path: str) -> Processor:
        return self.office.pc.desk.begin(path, self.office.pc.connector.added[self.office.user].settings.app_name)

    def about(self, books: Processor) -> str:
        """What QuickBooks says of itself, as the Web Connector asks at the beginning."""
        return books.process(HCP.format(owner=self.office.pc.connector.added[self.office.user].settings.owner_id))


@pytest.fixture
def online(monkeypatch: pytest.MonkeyPatch) -> Iterator[Online]:
    office = Office(policies={"unmatched_vendor": "create"})
    engine = office.world.engine
    monkeypatch.setenv("STAGE", "local")
    for name in ("MLC_ENDPOINTS", "MLC_SIMULATED", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(wiring, "engine", lambda: engine)
    monkeypatch.setattr(ChaliceRequestHandler, "log_message", lambda *_: None)
    monkeypatch.setattr(ChaliceRequestHandler, "_parse_payload", service.bounded)
    environment.settings.cache_clear()
    sys.modules.pop("app", None)
    app = importlib.import_module("app").app
    config = Config.create(chalice_stage="local", project_dir=str(ROOT), chalice_app=app)
    server: Any = create_local_server(app, config, "127.0.0.1", 0)
    thread = threading.Thread(target=server.server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    engine.local_url = f"http://127.0.0.1:{server.server.server_port}"
    yield Online(office, f"{engine.local_url}/qbwc")
    server.server.shutdown()
    server.server.server_close()
    thread.join()
    sys.modules.pop("app", None)
    environment.settings.cache_clear()


Say = Callable[..., Any]


def hold_a_session(online: Online, say: Say) -> list[str]:
    """The order of calls of the sheet; what was handed out."""
    sent: list[str] = []
    assert say("serverVersion")
    assert not say("clientVersion", strVersion="2.3.0.215")
    ticket, word = say("authenticate", strUserName=online.office.user, strPassword=online.password)
    if word == "none":
        return sent
    books = online.quickbooks(word)
    about, percent = online.about(books), 1
    while 0 < percent < 100:
        text = say(
            "sendRequestXML",
            ticket=ticket,
            strHCPResponse=about,
            strCompanyFileName=books.company.path,
            qbXMLCountry="US",
            qbXMLMajorVers=13,
            qbXMLMinorVers=0,
        )
        assert text.startswith("<?xml"), say("getLastError", ticket=ticket)
        sent.append(text)
        about, answer = "", books.process(text)
        percent = int(say("receiveResponseXML", ticket=ticket, response=answer, hresult="", message=""))
    assert percent == 100, say("getLastError", ticket=ticket)
    assert say("closeConnection", ticket=ticket).startswith("OK")
    return sent


def orders_of(office: Office) -> list[int]:
    known, made = office.vendor("Northwind Paper Co"), office.vendor("Café & Söhne <East>", in_books=False)
    return [office.order(known, "10.10"), office.order(known, "20.20"), office.order(made, "30.30")]


def all_is_there(office: Office, orders: list[int], sent: list[str]) -> None:
    office.world.until_quiet()
    office.assert_once(orders)
    assert sum("<BillAddRq" in text for text in sent) == 3
    assert {head.state for head in office.heads()} == {"done"}
    office.assert_no_mistakes()


@pytest.mark.parametrize("port", ["QBWebConnectorSvcSoap", "QBWebConnectorSvcSoap12"])
def test_a_soap_client_that_knows_the_contract_alone_completes_a_conversation_that_writes_bills(
    online: Online, port: str
) -> None:
    orders = orders_of(online.office)
    online.office.poll()
    bound = ZEEP.Client(f"{online.url}?wsdl").bind("QBWebConnectorSvc", port)

    def say(method: str, **given: Any) -> Any:
        return getattr(bound, method)(**given)

    sent = hold_a_session(online, say)
    online.office.world.until_quiet()
    sent += hold_a_session(online, say)
    all_is_there(online.office, orders, sent)


@needs_data
def test_a_raw_client_that_sends_the_recorded_envelopes_completes_a_conversation_that_writes_bills(
    online: Online,
) -> None:
    orders = orders_of(online.office)
    online.office.poll()

    def say(method: str, **given: Any) -> Any:
        return over_a_socket(online.url, method, recorded(method, given))

    sent = hold_a_session(online, say)
    online.office.world.until_quiet()
    sent += hold_a_session(online, say)
    all_is_there(online.office, orders, sent)


def recorded(method: str, given: dict[str, Any]) -> bytes:
    """The recorded envelope of the method, byte for byte but for what is in its parameters."""
    kind = {"sendRequestXML": "-first" if given.get("strHCPResponse") else "-next", "receiveResponseXML": "-ok"}
    file = DATA / "samples" / "constructed" / "soap" / f"{method}{kind.get(method, '')}.request.xml"
    text = file.read_text("utf-8")
    for name, value in given.items():
        assert f"<{name}" in text, f"{name} is not in {file.name}"
        if value == "":
            continue
        before, _, rest = text.partition(f"<{name}>")
        _, _, after = rest.partition(f"</{name}>")
        escaped = str(value).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        text = f"{before}<{name}>{escaped}</{name}>{after}"
    return text.encode()


def over_a_socket(url: str, method: str, body: bytes) -> Any:
    """As the .NET client writes it on the wire; the body goes after the server's word."""
    parts = urlsplit(url)
    head = (
        f"POST {parts.path} HTTP/1.1\r\nUser-Agent: Mozilla/4.0 (compatible; MSIE 6.0; MS Web Services Client Protocol "
        f"4.0.30319.42000)\r\nContent-Type: text/xml; charset=utf-8\r\n"
        f'SOAPAction: "{NAMESPACE}{method}"\r\nHost: {parts.netloc}\r\nContent-Length: {len(body)}\r\n'
        "Expect: 100-continue\r\nConnection: close\r\n\r\n"
    )
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=10) as peer:
        peer.sendall(head.encode())
        got = peer.recv(65536)
        assert got.startswith(b"HTTP/1.1 100")
        peer.sendall(body)
        while read := peer.recv(65536):
            got += read
    status, _, answered = got.partition(b"\r\n\r\n")[2].partition(b"\r\n\r\n")
    assert status.startswith(b"HTTP/1.1 200"), got
    result = etree.fromstring(answered)[0][0][0]
    assert result.tag == f"{{{NAMESPACE}}}{method}Result"
    return [each.text or "" for each in result] if len(result) else result.text or ""
