"""The outside world in memory: each host is a WSGI application that is called in process."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit
from wsgiref.types import WSGIApplication

from werkzeug.test import EnvironBuilder, run_wsgi_app

from chalicelib.aws.http import MOST_ANSWER_BYTES, full_url
from chalicelib.aws.public import MOST_READ
from chalicelib.engine.address import unfit
from chalicelib.engine.errors import Refused, TryAgain, Unknown
from chalicelib.engine.ports import HttpAnswer, HttpRequest
from simulator.faults import AnswerTooLate, ConnectionDropped
from simulator.memory.watch import Effect, Watched


class MemoryHttp(Watched):
    """Implements `Http`. `routes` maps scheme and host ("https://api.example.com") to the application behind it."""

    def __init__(self, routes: Mapping[str, WSGIApplication]) -> None:
        super().__init__()
        self.routes = {host.rstrip("/").lower(): app for host, app in routes.items()}

    def send(self, request: HttpRequest) -> HttpAnswer:
        url = full_url(request)
        if request.public and (wrong := unfit(url)):
            raise Refused("address", f"The address does not fit: expected {wrong}.")
        return self._watched(Effect("http", (request.method, url)), lambda: self._send(request, url))

    def _send(self, request: HttpRequest, url: str) -> HttpAnswer:
        parts = urlsplit(url)
        host = f"{parts.scheme}://{parts.netloc}"
        app = self.routes.get(host.lower())
        if app is None:
            raise TryAgain(f"{host} cannot be reached.", counts=False)
        builder = EnvironBuilder(
            method=request.method,
            path=parts.path or "/",
            query_string=parts.query,
            base_url=host,
            headers=list(request.headers.items()),
            data=request.body,
        )
        try:
            body_parts, status, headers = run_wsgi_app(app, builder.get_environ(), buffered=True)
            body = b"".join(body_parts)
        except ConnectionDropped as gone:
            raise Unknown(f"{host} closed the connection without an answer.") from gone
        except AnswerTooLate as late:
            raise Unknown(f"{host} did not answer within {request.timeout:g} seconds.") from late
        finally:
            builder.close()
        if request.public:
            body = body[:MOST_READ]
        if len(body) > MOST_ANSWER_BYTES:
            raise Unknown(f"{host} sent more than {MOST_ANSWER_BYTES} bytes.")
        lower: dict[str, str] = {}
        for name, value in headers.items():
            lower[name.lower()] = f"{lower[name.lower()]}, {value}" if name.lower() in lower else value
        return HttpAnswer(status=int(status.split(" ", 1)[0]), headers=lower, body=body)
