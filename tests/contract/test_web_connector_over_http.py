"""The Web Connector's address over real sockets: an independent SOAP client, the simulated Web Connector, raw bytes."""

from __future__ import annotations

import importlib
import re
import socket
import sys
import threading
import tracemalloc
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from chalice.config import Config
from chalice.local import ChaliceRequestHandler, create_local_server
from lxml import etree
from typer.testing import CliRunner

from chalicelib import settings as environment
from chalicelib import wiring
from chalicelib.engine.caller import Reply
from mlc.cli import app as cli
from mlc.session import Session
from simulator import service
from simulator.systems.quickbooks_desktop import QuickBooksDesktopSimulator
from simulator.systems.quickbooks_desktop.transport import over_http
from tests.contract.quickbooks_desktop_desk import Clock
from tests.unit.systems.quickbooks_desktop_desk import TEXT_XML, call
from tests.web_connector import Books, fault_of

ROOT = Path(__file__).parents[2]
ZEEP: Any = import_module("zeep")  # its types are half there


@dataclass
class Online:
    books: Books
    url: str  # the service's

    @property
    def qbwc(self) -> str:
        return f"{self.url}/qbwc"

    def mlc(self, *args: str) -> Any:
        given = {"MLC_URL": self.url, "MLC_KEY": self.books.key, "COLUMNS": "250"}
        return CliRunner().invoke(cli, list(args), obj=Session(), env=given)


@pytest.fixture
def online(monkeypatch: pytest.MonkeyPatch) -> Iterator[Online]:
    books = Books()
    engine = books.world.engine
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
    yield Online(books, engine.local_url)
    server.server.shutdown()
    server.server.server_close()
    thread.join()
    sys.modules.pop("app", None)
    environment.settings.cache_clear()


def wire(online: Online, *pieces: bytes) -> bytes:
    """The whole answer to these bytes; after the first piece the server's word is awaited."""
    parts = urlsplit(online.url)
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=10) as peer:
        got = b""
        for n, piece in enumerate(pieces):
            if n:
                got += peer.recv(65536)
            peer.sendall(piece)
        while read := peer.recv(65536):
            got += read
    return got


def post(online: Online, body: bytes, *, content_type: str = TEXT_XML, **headers: str) -> requests.Response:
    sent = {"Content-Type": content_type, **headers}
    return requests.post(online.qbwc, data=body, headers=sent, timeout=20, allow_redirects=False)


# ---------------------------------------------------------------------------------------------- clients


def test_a_soap_client_that_knows_the_contract_alone_authenticates(online: Online) -> None:
    online.books.qwc()
    client = ZEEP.Client(f"{online.qbwc}?wsdl")
    for port in ("QBWebConnectorSvcSoap", "QBWebConnectorSvcSoap12"):
        bound = client.bind("QBWebConnectorSvc", port)
        assert bound.serverVersion()
        assert not bound.clientVersion(strVersion="2.3.0.215")
        ticket, word = bound.authenticate(strUserName=online.books.user, strPassword=online.books.password)
        assert (len(ticket) >= 22, word) == (True, "none")
        assert bound.authenticate(strUserName=online.books.user, strPassword="wrong")[1] == "nvu"
        assert bound.receiveResponseXML(ticket="x", response="", hresult="", message="") == -1
        assert bound.getLastError(ticket="x")
        assert bound.closeConnection(ticket=ticket) == "OK"


def test_a_web_connector_adds_the_file_that_mlc_wrote_and_finds_no_work(online: Online, tmp_path: Path) -> None:
    file = tmp_path / "acme.qwc"
    made = online.mlc("qwc", "books", "--every", "30", "--output", str(file))
    assert made.exit_code == 0, made.output
    password = made.output.splitlines()[1]
    pc = QuickBooksDesktopSimulator(clock=Clock(), transport=over_http(10))
    user = pc.backstage_add_application(file.read_text(), password)
    run = pc.cycle(user)
    assert (run.word, run.code) == ("none", "")
    assert "localhost" in file.read_text()
    assert online.books.listed()["last_seen"]


def test_the_recorded_words_of_a_web_connector_are_answered(online: Online) -> None:
    online.books.qwc()
    body = call("authenticate", strUserName=online.books.user, strPassword=online.books.password)
    head = (
        "POST /qbwc HTTP/1.1\r\nHost: localhost\r\nUser-Agent: Mozilla/4.0 (compatible; MSIE 6.0; MS Web Services "
        'Client Protocol 4.0.30319.42000)\r\nContent-Type: text/xml; charset=utf-8\r\nSOAPAction: "http://developer.'
        f'intuit.com/authenticate"\r\nContent-Length: {len(body)}\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n'
    )
    got = wire(online, head.encode(), body)
    assert got.startswith(b"HTTP/1.1 100 Continue\r\n\r\n")
    status, _, answered = got.removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n").partition(b"\r\n\r\n")
    assert status.startswith(b"HTTP/1.1 200")
    assert etree.fromstring(answered)[0][0][0][1].text == "none"


# ---------------------------------------------------------------------------------------------- mlc


def test_mlc_shows_the_password_once_and_makes_another_when_asked(online: Online, tmp_path: Path) -> None:
    file = tmp_path / "books.qwc"
    first = online.mlc("qwc", "books", "--output", str(file))
    password = first.output.splitlines()[1]
    assert online.books.lets_in(user=_user(file), password=password)
    again = online.mlc("qwc", "books", "--output", str(file))
    assert (again.exit_code, "--new-password" in again.output, password in again.output) == (0, True, False)
    other = online.mlc("qwc", "books", "--new-password", "--output", str(file)).output.splitlines()[1]
    assert not online.books.lets_in(user=_user(file), password=password)
    assert online.books.lets_in(user=_user(file), password=other)
    told = online.mlc("qwc", "books", "--json")
    assert (told.exit_code, '"password": null' in told.output) == (0, True)
    assert online.mlc("qwc", "nothing").exit_code == 1
    assert online.mlc("qwc", "books", "--every", "0").exit_code == 2


def test_mlc_shows_the_password_even_where_the_file_cannot_be_written(online: Online, tmp_path: Path) -> None:
    made = online.mlc("qwc", "books", "--output", str(tmp_path / "nowhere" / "x.qwc"))
    assert (made.exit_code, "cannot be written" in made.output) == (1, True)
    file = tmp_path / "books.qwc"
    online.mlc("qwc", "books", "--output", str(file))
    assert online.books.lets_in(user=_user(file), password=made.output.splitlines()[1])


def test_mlc_says_when_the_web_connector_was_last_here(online: Online) -> None:
    assert "has no login for the Web Connector yet" in online.mlc("connections").output
    online.books.qwc()
    assert online.books.lets_in()
    assert "was last here" in online.mlc("connections").output


def _user(file: Path) -> str:
    found = re.search("<UserName>(.*)</UserName>", file.read_text())
    assert found
    return found[1]


# ---------------------------------------------------------------------------------------------- bad input


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("path", ["", "/", "?x=1"])
def test_the_check_of_the_certificate_is_answered(online: Online, method: str, path: str) -> None:
    found = requests.request(method, online.qbwc + path, timeout=10, allow_redirects=False)
    assert (found.status_code, found.headers["Content-Type"]) == (200, "text/plain; charset=utf-8")
    assert bool(found.text) is (method == "GET")


@pytest.mark.parametrize("content_type", ["application/json", "image/png", "application/octet-stream", "x"])
def test_an_odd_content_type_is_refused_in_soaps_own_form(online: Online, content_type: str) -> None:
    found = post(online, call("serverVersion"), content_type=content_type)
    assert (found.status_code, found.headers["Content-Type"]) == (500, TEXT_XML)
    assert "text/xml" in fault_of_answer(found)


def test_other_methods_are_refused_in_soaps_own_form(online: Online) -> None:
    for method in ("PUT", "PATCH", "DELETE", "OPTIONS"):
        found = requests.request(method, online.qbwc, timeout=10)
        assert (found.status_code, "POST" in fault_of_answer(found)) == (405, True)


def test_a_body_over_5_mb_is_refused_and_never_held_whole(online: Online) -> None:
    size = 60 * 1024 * 1024

    head = f"POST /qbwc HTTP/1.1\r\nHost: x\r\nContent-Type: text/xml\r\nContent-Length: {size}\r\n"
    parts = urlsplit(online.url)
    piece = b"x" * 65536
    tracemalloc.start()
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=20) as peer:
        peer.sendall(head.encode() + b"Connection: close\r\n\r\n")
        for _ in range(size // len(piece)):
            peer.sendall(piece)
        got = b""
        while read := peer.recv(65536):
            got += read
    held = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert got.startswith(b"HTTP/1.1 500")
    assert b"larger than 5 MB" in got
    assert held < 25 * 1024 * 1024


def fault_of_answer(found: requests.Response) -> str:
    return fault_of(Reply(found.status_code, found.headers["Content-Type"], found.text))
