"""A small peer to call: honest answers over HTTP, and raw sockets that misbehave."""

from __future__ import annotations

import gzip
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

from werkzeug.wrappers import Request, Response

from simulator.systems.serving import Simulator, json_response


class Peer(Simulator):
    """Answers by path; its faults are those of every simulated system."""

    def serve(self, request: Request) -> Response:
        return getattr(self, "at_" + request.path.strip("/").replace("/", "_"), self.at_echo)(request)

    def at_echo(self, request: Request) -> Response:
        return json_response(
            {
                "method": request.method,
                "path": request.path,
                "query": request.query_string.decode(),
                "headers": {name.lower(): value for name, value in request.headers.items()},
                "body": request.get_data().decode(),
            },
            headers={"X-Request-ID": "7"},
        )

    def at_redirect(self, request: Request) -> Response:
        return Response(status=302, headers={"Location": "/echo"})

    def at_missing(self, request: Request) -> Response:
        return Response(status=404)

    def at_cookie(self, request: Request) -> Response:
        return Response("baked", headers={"Set-Cookie": "session=acme; Path=/"})

    def at_large(self, request: Request) -> Response:
        return Response(b"x" * (20 * 1024 * 1024))

    def at_too_large(self, request: Request) -> Response:
        return Response(b"x" * (20 * 1024 * 1024 + 1))

    def at_gzip(self, request: Request) -> Response:
        return Response(gzip.compress(b"packed " * 1000), headers={"Content-Encoding": "gzip"})

    def at_bomb(self, request: Request) -> Response:
        return Response(gzip.compress(b"0" * (30 * 1024 * 1024)), headers={"Content-Encoding": "gzip"})

    def throttled(self) -> Response:
        return Response(status=429)

    def server_fault(self) -> Response:
        return Response(status=500)

    def expire_tokens(self) -> None:
        return

    def dump(self) -> dict[str, Any]:
        return {}

    def load(self, state: dict[str, Any]) -> None:
        return


@contextmanager
def raw_peer(answer: Callable[[socket.socket], None]) -> Iterator[str]:
    """A listening socket that reads one request and lets `answer` do what no server library would."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with closing(connection):
                connection.recv(65536)
                answer(connection)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        thread.join(5)


@contextmanager
def deaf_peer() -> Iterator[str]:
    """A host that never completes a connection: its queue of one is full and nobody accepts."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        callers = []
        for _ in range(4):
            caller = socket.socket()
            caller.setblocking(False)
            caller.connect_ex(listener.getsockname())
            callers.append(caller)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        for caller in callers:
            caller.close()


def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
