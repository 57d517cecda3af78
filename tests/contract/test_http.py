"""One exchange over HTTP: what every `Http` promises, over real sockets and in process."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chalicelib.aws.http import RequestsHttp
from chalicelib.engine.errors import TryAgain, Unknown
from chalicelib.engine.ports import Http, HttpAnswer, HttpRequest
from simulator.faults import Kind
from simulator.memory.http import MemoryHttp
from simulator.systems.serving import listen
from tests.contract.peer import Peer, deaf_peer, raw_peer, unused_port

TIMEOUT = 0.15  # seconds; long enough for loopback, short enough to wait out


class World:
    """An `Http`, the peer it reaches, and how to address it."""

    def __init__(self, http: Http, peer: Peer, url: str) -> None:
        self.http, self.peer, self.url = http, peer, url

    def call(self, path: str = "/echo", method: str = "GET", **more: object) -> HttpAnswer:
        return self.http.send(HttpRequest(method, self.url + path, **{"timeout": 5.0, **more}))  # type: ignore[arg-type]

    def echo(self, path: str = "/echo", method: str = "GET", **more: object) -> dict[str, object]:
        answer: dict[str, object] = json.loads(self.call(path, method, **more).body)
        return answer


@pytest.fixture(scope="module")
def listening() -> Iterator[World]:
    peer = Peer(patience=3 * TIMEOUT)
    server, url = listen(peer)
    yield World(RequestsHttp(), peer, url)
    server.shutdown()
    server.server_close()


@pytest.fixture
def sockets(listening: World) -> World:
    listening.peer.faults.clear()
    listening.peer.faults.calls.clear()
    return listening


@pytest.fixture(params=["sockets", "memory"])
def world(request: pytest.FixtureRequest) -> World:
    if request.param == "sockets":
        return request.getfixturevalue("sockets")  # type: ignore[no-any-return]  # pytest cannot know
    peer = Peer()
    return World(MemoryHttp({"http://peer.example": peer}), peer, "http://peer.example")


class TestExchange:
    @pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
    def test_method_path_headers_and_body_arrive(self, world: World, method: str) -> None:
        seen = world.echo("/a%20b/c", method, headers={"Authorization": "Bearer x", "X-Own": "1"}, body=b"\xc3\xbc")
        assert (seen["method"], seen["path"], seen["body"]) == (method, "/a b/c", "ü")
        headers = seen["headers"]
        assert isinstance(headers, dict)
        assert (headers["authorization"], headers["x-own"]) == ("Bearer x", "1")

    def test_parameters_are_encoded_with_percent_signs(self, world: World) -> None:
        seen = world.echo(params={"query": "select * from Bill where Id > '1'", "q": "a+b&c=ü/"})
        assert seen["query"] == (
            "query=select%20%2A%20from%20Bill%20where%20Id%20%3E%20%271%27&q=a%2Bb%26c%3D%C3%BC%2F"
        )

    def test_parameters_join_those_of_the_url(self, world: World) -> None:
        assert world.echo("/echo?a=1", params={"b": "2"})["query"] == "a=1&b=2"

    def test_header_names_come_back_in_lower_case(self, world: World) -> None:
        answer = world.call()
        assert answer.headers["x-request-id"] == "7"
        assert all(name == name.lower() for name in answer.headers)

    def test_an_unhappy_status_is_an_answer(self, world: World) -> None:
        answer = world.call("/missing")
        assert (answer.status, answer.body) == (404, b"")

    def test_a_redirect_is_not_followed(self, world: World) -> None:
        answer = world.call("/redirect")
        assert (answer.status, answer.headers["location"]) == (302, "/echo")
        assert len(world.peer.faults.calls) == 1

    def test_an_answer_of_20_megabytes_is_taken_and_a_larger_one_is_not(self, world: World) -> None:
        assert len(world.call("/large").body) == 20 * 1024 * 1024
        with pytest.raises(Unknown):
            world.call("/too_large")

    def test_cookies_are_not_kept(self, world: World) -> None:
        world.call("/cookie")
        headers = world.echo()["headers"]
        assert isinstance(headers, dict)
        assert "cookie" not in headers


class TestTrouble:
    @pytest.mark.parametrize("kind", ["drop_before", "drop_after", "delay", "delay_after"])
    @pytest.mark.parametrize("method", ["GET", "POST"])
    def test_a_request_that_left_and_got_no_answer_is_unknown_and_not_repeated(
        self, world: World, kind: Kind, method: str
    ) -> None:
        world.peer.faults.plan(kind)
        with pytest.raises(Unknown):
            world.call(method=method, body=b"x", timeout=TIMEOUT)
        assert len(world.peer.faults.calls) == 1
        assert world.call().status == 200

    def test_a_host_that_is_not_there_is_tried_again(self, world: World) -> None:
        with pytest.raises(TryAgain) as met:
            world.http.send(HttpRequest("POST", f"http://127.0.0.1:{unused_port()}/", body=b"x"))
        assert met.value.counts is False

    def test_a_host_without_an_address_is_tried_again(self, world: World) -> None:
        with pytest.raises(TryAgain):
            world.http.send(HttpRequest("GET", "http://nowhere.invalid/"))


class TestSocketsAlone:
    def test_a_packed_answer_is_unpacked(self, sockets: World) -> None:
        assert sockets.call("/gzip").body == b"packed " * 1000

    def test_a_packed_answer_is_measured_unpacked(self, sockets: World) -> None:
        with pytest.raises(Unknown):
            sockets.call("/bomb")

    def test_a_netrc_file_does_not_replace_our_credentials(
        self, sockets: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        netrc = tmp_path / "netrc"
        netrc.write_text("machine 127.0.0.1 login them password theirs\n")
        monkeypatch.setenv("NETRC", str(netrc))
        headers = sockets.echo(headers={"Authorization": "Bearer ours"})["headers"]
        assert isinstance(headers, dict)
        assert headers["authorization"] == "Bearer ours"

    def test_a_host_that_does_not_complete_a_connection_is_tried_again(self) -> None:
        with deaf_peer() as url, pytest.raises(TryAgain):
            RequestsHttp(connect_timeout=TIMEOUT).send(HttpRequest("POST", url, body=b"x"))

    @pytest.mark.parametrize(
        "sent",
        [
            b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\nhalf",
            b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Encoding: gzip\r\n\r\nhalf",
            b"HTTP/1.1 200",
            b"HTTP/1.1 200 OK\r\nContent-Le",
            b"rubbish\r\n\r\n",
            b"",
        ],
        ids=["cut", "cut chunk", "no gzip", "cut status", "cut header", "no HTTP", "nothing"],
    )
    def test_an_answer_that_is_cut_or_garbled_is_unknown(self, sent: bytes) -> None:
        with raw_peer(lambda connection: connection.sendall(sent)) as url, pytest.raises(Unknown):
            RequestsHttp().send(HttpRequest("POST", url, body=b"x", timeout=2))

    def test_an_answer_that_dribbles_ends_at_the_deadline(self) -> None:
        enough = threading.Event()

        def dribble(connection: socket.socket) -> None:
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
            while not enough.wait(TIMEOUT / 3):
                connection.sendall(b"x")

        with raw_peer(ignoring_resets(dribble)) as url:
            with pytest.raises(Unknown, match="too long"):
                RequestsHttp().send(HttpRequest("GET", url, timeout=TIMEOUT))
            enough.set()

    def test_an_unusable_url_is_a_mistake_of_ours(self) -> None:
        for url in ("ftp://example.com/", "no url"):
            with pytest.raises(ValueError, match=r"scheme|adapters|parse"):
                RequestsHttp().send(HttpRequest("GET", url))


class TestMemoryAlone:
    def test_a_test_can_count_and_crash_around_every_call(self) -> None:
        class Crash(Exception):
            pass

        def crash(effect: object) -> None:
            raise Crash

        peer = Peer()
        http = MemoryHttp({"https://peer.example": peer})
        http.before = crash
        with pytest.raises(Crash):
            http.send(HttpRequest("POST", "https://peer.example/a"))
        assert peer.faults.calls == []
        http.before, http.after = None, crash
        with pytest.raises(Crash):
            http.send(HttpRequest("POST", "https://peer.example/b"))
        assert peer.faults.calls == ["POST /b"]
        assert [effect.keys for effect in http.log] == [
            ("POST", "https://peer.example/a"),
            ("POST", "https://peer.example/b"),
        ]


def ignoring_resets(act: Callable[[socket.socket], None]) -> Callable[[socket.socket], None]:
    def run(connection: socket.socket) -> None:
        try:
            act(connection)
        except OSError:
            return  # the caller hung up, as it should

    return run
