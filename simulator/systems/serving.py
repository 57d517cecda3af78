"""What every simulated system shares: one WSGI shape with faults, a log of our mistakes, a backstage, and real sockets.

A simulated system subclasses `Simulator` and answers `serve`. `Simulator` runs the planned faults around it, turns a
dropped connection into a socket that really closes, and serves the backstage: POST /_backstage/{action} with a JSON
body calls the method `backstage_{action}` with the body's members as keyword arguments and answers its return value.
"""

from __future__ import annotations

import json
import logging
import socket
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from decimal import Decimal
from io import BytesIO
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

from simulator.faults import AnswerTooLate, ConnectionDropped, Faults

HTML_GATEWAY_PAGE = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"
MOST_CALLS_LOGGED = 200_000
log = logging.getLogger("simulator")


@dataclass(frozen=True, slots=True)
class OurMistake:
    """Something a careful client never sends: the simulator answered as the vendor does and wrote it down here."""

    call: str
    what: str


def wall_clock() -> datetime:
    return datetime.now(UTC)


class Simulator(ABC):
    """One simulated system.

    `clock` gives the present moment (aware UTC): tests hand in a virtual one. `patience` is the caller's time-out in
    seconds, waited out by the faults that answer too late when the simulator stands behind a real socket.
    """

    def __init__(self, *, clock: Callable[[], datetime] = wall_clock, patience: float = 0.0) -> None:
        self.clock = clock
        self.patience = patience
        self.faults = Faults()
        self.our_mistakes: list[OurMistake] = []
        self.lock = threading.RLock()

    @abstractmethod
    def serve(self, request: Request) -> Response:
        """Answer one call, under `self.lock`."""

    @abstractmethod
    def throttled(self) -> Response:
        """The vendor's own 429."""

    @abstractmethod
    def server_fault(self) -> Response:
        """The vendor's own 500."""

    @abstractmethod
    def expire_tokens(self) -> None:
        """Make every access token handed out so far useless."""

    @abstractmethod
    def dump(self) -> dict[str, Any]:
        """The whole state as JSON values."""

    @abstractmethod
    def load(self, state: dict[str, Any]) -> None:
        """Take over a state that `dump` gave."""

    def mistake(self, request: Request, what: str) -> None:
        self.our_mistakes.append(OurMistake(call=f"{request.method} {request.full_path.rstrip('?')}", what=what))

    # ------------------------------------------------------------------ backstage shared by all

    def backstage_fault(self, kind: str, match: str = "", times: int = 1, skip: int = 0) -> None:
        self.faults.plan(kind, match, times=times, skip=skip)  # type: ignore[arg-type]  # named over the wire

    def backstage_clear_faults(self) -> None:
        self.faults.clear()

    def backstage_mistakes(self) -> list[dict[str, str]]:
        return [asdict(m) for m in self.our_mistakes]

    def backstage_calls(self) -> list[str]:
        return list(self.faults.calls)

    def backstage_dump(self) -> dict[str, Any]:
        return self.dump()

    # ------------------------------------------------------------------ the door

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        if request.path.startswith("/_backstage/"):
            return self._backstage(request)(environ, start_response)
        try:
            response = self.answer(request)
        except (ConnectionDropped, AnswerTooLate) as gone:
            sock = environ.get("werkzeug.socket")
            if sock is None:
                raise  # in process: the caller's transport turns it into its own kind of failure
            if isinstance(gone, AnswerTooLate):
                time.sleep(self.patience)
            sock.shutdown(socket.SHUT_RDWR)
            return []
        return response(environ, start_response)

    def answer(self, request: Request) -> Response:
        """Serve one call with the fault planned for it, if any."""
        if len(self.faults.calls) > MOST_CALLS_LOGGED:
            del self.faults.calls[: MOST_CALLS_LOGGED // 2]
        fault = self.faults.meet(f"{request.method} {request.full_path.rstrip('?')}")
        if fault == "drop_before":
            raise ConnectionDropped
        if fault == "delay":
            raise AnswerTooLate
        if fault == "html":
            return Response(HTML_GATEWAY_PAGE, status=502, mimetype="text/html")
        with self.lock:
            if fault == "throttle":
                return self.throttled()
            if fault == "server_fault":
                return self.server_fault()
            if fault == "expire_token":
                self.expire_tokens()
            response = self.serve(request)
        if fault == "drop_after":
            raise ConnectionDropped
        if fault == "delay_after":
            raise AnswerTooLate
        if fault == "html_after":
            return Response(HTML_GATEWAY_PAGE, status=502, mimetype="text/html")
        if fault == "malformed":
            response.set_data(response.get_data()[: max(1, len(response.get_data()) // 2)])
        return response

    def _backstage(self, request: Request) -> Response:
        action = getattr(self, "backstage_" + request.path.rsplit("/", 1)[-1], None)
        if action is None or request.method != "POST":
            return json_response({"detail": "no such backstage action"}, status=404)
        arguments = json.loads(request.get_data() or b"{}", parse_float=Decimal)
        with self.lock:
            return json_response(action(**arguments))


def json_response(body: object, *, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A JSON answer; a `Decimal` is written as a JSON number, as the vendors do."""
    return Response(dumps(body), status=status, headers=headers, mimetype="application/json")


def dumps(body: object) -> str:
    def plain(value: object) -> object:
        if isinstance(value, Decimal):
            return float(value)
        if isinstance(value, datetime):
            return value.isoformat()
        raise TypeError(f"not JSON: {value!r}")

    return json.dumps(body, default=plain)


class _Handler(WSGIRequestHandler):
    """HTTP/1.1 with connections that stay open, which werkzeug's own handler always closes.

    A request's body is read to its end before it is served and every answer has a length, so that the next request
    begins where this one ended. Header and body leave together: apart, each answer would stall for 40 ms.
    """

    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True

    def run_wsgi(self) -> None:
        environ = self.make_environ()
        if environ.get("wsgi.input_terminated"):
            body = environ["wsgi.input"].read()
        else:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        environ["wsgi.input"] = BytesIO(body)
        answered: list[tuple[str, list[tuple[str, str]]]] = []

        def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            answered.append((status, headers))

        try:
            content = b"".join(self.server.app(environ, start_response))
        except Exception:
            log.exception("%s %s failed", self.command, self.path)
            answered, content = [("500 Internal Server Error", [])], b"The simulator failed; see its log."
        if not answered:
            self.close_connection = True  # dropped: nothing is said
            return
        status, headers = answered[-1]
        code, _, reason = status.partition(" ")
        self.send_response(int(code), reason)
        for name, value in headers:
            if name.lower() not in ("content-length", "connection"):
                self.send_header(name, value)
        if int(code) not in (204, 304):
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log(self, type: str, message: str, *args: Any) -> None:
        return


def listen(app: WSGIApplication, *, port: int = 0) -> tuple[BaseWSGIServer, str]:
    """Serve a simulator on loopback in a thread of its own; returns the server and its URL."""
    server = make_server("127.0.0.1", port, app, threaded=True, request_handler=_Handler)
    server.daemon_threads = True  # type: ignore[attr-defined]  # ThreadedWSGIServer has it
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server, f"http://127.0.0.1:{server.server_port}"
