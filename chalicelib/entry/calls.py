"""The doors of systems that call us. What comes is handed on as it is, for they want every answer in their own form.

So whatever has the path is ours to answer, in any method and of any content type: never by the framework's own JSON.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from chalicelib.engine.caller import Visit
from chalicelib.engine.engine import Engine
from chalicelib.entry.api import service_url
from chalicelib.entry.routes import Route

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


class WebRequest(Protocol):
    """What we need of the framework's request."""

    method: str
    context: Mapping[str, object]
    headers: Mapping[str, str]
    query_params: Iterable[str] | None

    @property
    def raw_body(self) -> bytes: ...


def route(path: str) -> Route:
    return Route(path=path, methods=METHODS, name=f"calls{path.replace('/', '_')}", content_types=[])


def server(system: str) -> Callable[[Engine, WebRequest, Mapping[str, str]], dict[str, object]]:
    """What answers the calls of that system: the framework's request in, the parts of its response out."""

    def answer(engine: Engine, request: WebRequest, params: Mapping[str, str]) -> dict[str, object]:
        caller = engine.load_system(system).caller
        assert caller is not None, f"{system} is said to call us"
        reply = caller.answer(engine, _visit(engine, request, caller.path))
        headers = {
            "Content-Type": reply.content_type,
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        }
        return {"status_code": reply.status, "headers": headers, "body": reply.text}

    return answer


def _visit(engine: Engine, request: WebRequest, path: str) -> Visit:
    identity = request.context.get("identity")
    return Visit(
        method=request.method,
        url=service_url(engine, request.context) + path,
        query="&".join(request.query_params or ()),
        headers={name.lower(): value for name, value in request.headers.items()},
        body=body_of(request),
        address=str(identity.get("sourceIp") or "") if isinstance(identity, Mapping) else "",
    )


def body_of(request: WebRequest) -> bytes:
    """Nothing, where the gateway handed over what is no text or no base64: so it is answered as no message."""
    try:
        return request.raw_body
    except ValueError:
        return b""
