"""How the Web Connector reaches a service: over real HTTP, or by calling an application in this process."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import urlsplit
from wsgiref.types import WSGIApplication

from simulator.faults import AnswerTooLate, ConnectionDropped
from simulator.systems.quickbooks_desktop.soap import Reply

PATIENCE = 100.0  # seconds: the .NET client's own
Transport = Callable[[str, str, Mapping[str, str], bytes], Reply]
"""Method, URL, headers, body. Raises `Unreachable` where there is no reply."""


class Unreachable(Exception):
    """No reply came; whether the call arrived is not known."""


def over_http(patience: float = PATIENCE) -> Transport:
    """Redirects are not followed, as the .NET client does not."""
    import requests

    session = requests.Session()

    def send(method: str, url: str, headers: Mapping[str, str], body: bytes) -> Reply:
        sent = {name: value for name, value in headers.items() if name != "Expect"}  # this client cannot wait for 100
        try:
            got = session.request(method, url, headers=sent, data=body, timeout=patience, allow_redirects=False)
        except requests.RequestException as failed:
            raise Unreachable(str(failed)) from failed
        return Reply(got.status_code, {name.lower(): value for name, value in got.headers.items()}, got.content)

    return send


def to_handler(handle: Callable[[bytes], bytes]) -> Transport:
    """A function that takes an envelope and gives one."""

    def send(method: str, url: str, headers: Mapping[str, str], body: bytes) -> Reply:
        if method == "GET":
            return Reply(200, {"content-type": "text/plain"}, b"OK")
        return Reply(200, {"content-type": "text/xml; charset=utf-8"}, handle(body))

    return send


def to_wsgi(app: WSGIApplication) -> Transport:
    from werkzeug.test import EnvironBuilder, run_wsgi_app

    def send(method: str, url: str, headers: Mapping[str, str], body: bytes) -> Reply:
        parts = urlsplit(url)
        builder = EnvironBuilder(
            method=method,
            path=parts.path or "/",
            query_string=parts.query,
            base_url=f"{parts.scheme}://{parts.netloc}",
            headers=list(headers.items()),
            data=body,
        )
        try:
            chunks, status, got = run_wsgi_app(app, builder.get_environ(), buffered=True)
            return Reply(int(status[:3]), {n.lower(): v for n, v in got.items()}, b"".join(chunks))
        except (ConnectionDropped, AnswerTooLate) as failed:
            raise Unreachable(repr(failed)) from failed
        finally:
            builder.close()

    return send
