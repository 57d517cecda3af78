"""A request to an address that a customer named reaches the open internet or nothing at all."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest

from chalicelib.aws.http import RequestsHttp
from chalicelib.aws.public import MOST_READ
from chalicelib.engine.address import reachable, unfit
from chalicelib.engine.errors import Refused, TryAgain, Unknown
from chalicelib.engine.ports import HttpRequest
from simulator.memory.http import MemoryHttp
from simulator.systems.serving import listen
from tests.contract.peer import Peer, raw_peer

HOOK = "https://hooks.example.com/services/T1/B2/secret"
INWARD = (
    "127.0.0.1", "127.8.9.1", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
    "192.0.0.192", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "::1", "::", "::ffff:127.0.0.1",
    "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "2001:0:4136::1",
    "fd00:ec2::254", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "2001:db8::1", "no address",
)  # fmt: skip


@pytest.fixture
def peer() -> Iterator[tuple[Peer, str]]:
    peer = Peer()
    server, url = listen(peer)
    yield peer, url
    server.shutdown()
    server.server_close()


def post(http: RequestsHttp | MemoryHttp, url: str, timeout: float = 2.0) -> int:
    return http.send(HttpRequest("POST", url, body=b"{}", timeout=timeout, public=True)).status


@pytest.mark.parametrize("address", INWARD)
def test_an_address_that_only_we_can_reach_is_refused(address: str) -> None:
    assert not reachable(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "54.230.1.1", "2606:4700:4700::1111", "::ffff:1.1.1.1"])
def test_an_address_of_the_open_internet_is_reached(address: str) -> None:
    assert reachable(address)


@pytest.mark.parametrize("address", INWARD)
@pytest.mark.parametrize("beside", [[], ["1.1.1.1"]], ids=["alone", "beside a public one"])
def test_a_name_that_leads_inward_is_refused_before_anything_is_sent(
    address: str, beside: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def connect(*_: object, **__: object) -> socket.socket:
        raise AssertionError("a connection was made")

    monkeypatch.setattr(socket, "create_connection", connect)
    with pytest.raises(Refused, match=r"hooks\.example\.com leads to an address"):
        post(RequestsHttp(resolve=lambda host, port: [*beside, address]), HOOK)


@pytest.mark.parametrize("name", ["127.1", "0x7f.0.0.1", "0177.0.0.1"])
def test_an_address_in_disguise_is_refused(name: str) -> None:
    with pytest.raises(Refused):
        post(RequestsHttp(), f"https://{name}/")


def test_the_far_end_is_looked_at_before_the_first_byte_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the name said: what counts is where the connection ended up."""
    heard = bytearray()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

        def hear() -> None:
            connection, _ = listener.accept()
            with connection:
                heard.extend(connection.recv(100))

        thread = threading.Thread(target=hear, daemon=True)
        thread.start()
        connect = socket.create_connection
        monkeypatch.setattr(socket, "create_connection", lambda at, timeout: connect(("127.0.0.1", port), timeout))
        with pytest.raises(Refused):
            post(RequestsHttp(resolve=lambda host, port: ["1.1.1.1"]), HOOK)
        thread.join(5)
    assert heard == b""


def test_the_address_that_was_looked_at_is_the_one_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    met: list[object] = []

    def resolve(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["1.1.1.1"] if len(asked) == 1 else ["127.0.0.1"]

    def connect(at: tuple[str, int], timeout: float) -> socket.socket:
        met.append(at)
        raise OSError

    monkeypatch.setattr(socket, "create_connection", connect)
    with pytest.raises(TryAgain):
        post(RequestsHttp(resolve=resolve), HOOK)
    assert (asked, met) == (["hooks.example.com"], [("1.1.1.1", 443)])


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example.com/x",
        "https://hooks.example.com:8443/x",
        "https://me:pass@hooks.example.com/x",
        "https://me@hooks.example.com/x",
        "https://localhost/x",
        "https://hooks.localhost./x",
        "https://intranet/x",
        "https://2130706433/x",
        "https://127.0.0.1/x",
        "https://[::1]/x",
        "https://[::ffff:10.0.0.1]/x",
        "https://169.254.169.254/latest/meta-data",
        "https://hooks.example.com\\@10.0.0.1/x",
        "https://hooks.example.com/a b",
        "https://hooks.example.com/\r\nHost: x",
        "https://hooks.example.com:99999/x",
        "https:///x",
        "ftp://hooks.example.com/x",
        "file:///etc/passwd",
        "hooks.example.com",
        "",
        "https://hooks.example.com/" + "x" * 500,
    ],
)
def test_a_url_of_another_kind_is_refused_by_every_adapter(url: str) -> None:
    assert unfit(url)
    for http in (
        RequestsHttp(resolve=lambda host, port: ["1.1.1.1"]),
        MemoryHttp({"https://hooks.example.com": Peer()}),
    ):
        with pytest.raises(Refused):
            post(http, url)


def test_stage_local_may_call_itself_and_no_neighbour(peer: tuple[Peer, str]) -> None:
    here, url = peer
    assert unfit(url, local=True) == ""
    assert post(RequestsHttp(local=True), f"{url}/echo") == 200
    for inward in ("http://10.0.0.1/", "http://169.254.169.254/", "http://[fd00::1]/"):
        with pytest.raises(Refused):
            post(RequestsHttp(local=True), inward)
    with pytest.raises(Refused):
        post(RequestsHttp(), f"{url}/echo")
    assert here.faults.calls == ["POST /echo"]


def test_a_redirect_is_not_followed(peer: tuple[Peer, str]) -> None:
    here, url = peer
    assert post(RequestsHttp(local=True), f"{url}/redirect") == 302
    assert here.faults.calls == ["POST /redirect"]


def test_only_the_beginning_of_an_answer_is_read(peer: tuple[Peer, str]) -> None:
    _, url = peer
    request = HttpRequest("POST", f"{url}/too_large", body=b"{}", timeout=5.0, public=True)
    assert len(RequestsHttp(local=True).send(request).body) == MOST_READ


def test_a_host_that_dribbles_its_headers_is_hung_up_on() -> None:
    came_to_its_end: list[bool] = []

    def dribble(connection: socket.socket) -> None:
        with suppress(OSError):
            connection.sendall(b"HTTP/1.1 200 OK\r\nX-More: ")
            for _ in range(40):
                threading.Event().wait(0.05)
                connection.sendall(b"x")
            connection.sendall(b"\r\nContent-Length: 0\r\n\r\n")
            came_to_its_end.append(True)

    with raw_peer(dribble) as url, pytest.raises(Unknown, match="too long"):
        post(RequestsHttp(local=True), url, timeout=0.3)
    assert not came_to_its_end


def test_a_host_without_a_trusted_certificate_gets_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[bytes] = []

    def answer(connection: socket.socket) -> None:
        heard.append(b"a greeting, and no more")

    with raw_peer(answer) as url, pytest.raises(TryAgain, match="certificate"):
        post(RequestsHttp(local=True), url.replace("http:", "https:"))
