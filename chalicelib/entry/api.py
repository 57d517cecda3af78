"""The door of /api/v1: who is calling, may they, is the body sound; then one view, and its answer as text."""

from __future__ import annotations

import json
import logging
import re
import traceback
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Protocol

from chalicelib.engine.engine import Engine
from chalicelib.engine.errors import ConnectorError, Held, TryAgain
from chalicelib.engine.ports import Conflict
from chalicelib.engine.records import Json
from chalicelib.engine.redact import redact_text
from chalicelib.entry.exchange import LONGEST_PARAM, ApiRequest, ApiResponse
from chalicelib.entry.keys import Caller, who
from chalicelib.entry.problem import MEDIA_TYPE, Fault, Problem, bad_request, conflict, not_found
from chalicelib.entry.routes import ENDPOINTS, PREFIX, Endpoint

MOST_BODY = 1_000_000  # bytes
DEEPEST = 40
LONGEST_QUERY = 4000

log = logging.getLogger("mlc")


_BY_PATH = {(endpoint.method, PREFIX + endpoint.path): endpoint for endpoint in ENDPOINTS}
_ANYBODY = Caller(tenant="", role="viewer", name="")


class WebRequest(Protocol):
    """What we need of the framework's request."""

    method: str
    context: Mapping[str, object]
    headers: Mapping[str, str]
    query_params: Mapping[str, str] | None
    raw_body: bytes


def answer(engine: Engine, request: WebRequest, params: Mapping[str, str]) -> dict[str, object]:
    """The framework's request in, the parts of its response out."""
    status, headers, body = dispatch(
        engine,
        request.method,
        str(request.context["resourcePath"]),
        params,
        headers=request.headers,
        query=request.query_params or {},
        body=request.raw_body,
        service=service_url(engine, request.context),
    )
    return {"status_code": status, "headers": headers, "body": body}


def dispatch(
    engine: Engine,
    method: str,
    path: str,
    params: Mapping[str, str],
    *,
    headers: Mapping[str, str],
    query: Mapping[str, str],
    body: bytes,
    service: str = "",
) -> tuple[int, dict[str, str], str]:
    """One call of the API. `path` is the route's, with its {names}; `params` their values. Never raises."""
    try:
        response = _answered(engine, method, path, params, headers=headers, query=query, body=body, service=service)
        status, said, text = _text(response.status, response.body, response.media_type)
        return status, {**said, **response.headers}, text
    except Problem as problem:
        refused = problem
    except Conflict:
        refused = conflict("It was changed by somebody else at this moment. Look at it and try again.")
    except Held as held:
        refused = conflict(f"{held.message} {held.fix}", kind=held.reason)
    except ConnectorError as trouble:
        refused = _unavailable(trouble)
    except Exception:
        refused = _our_fault(engine, method, path)
    status, said, text = _text(refused.status, refused.json(), MEDIA_TYPE)
    return status, {**said, **refused.headers}, text


def service_url(engine: Engine, context: Mapping[str, object]) -> str:
    """Where the outside reaches us: the gateway's own host (never a header of the caller's) and what stands before the
    route, such as the stage; "" when neither the gateway nor the stage says it."""
    host, path, route = (str(context.get(name) or "") for name in ("domainName", "path", "resourcePath"))
    if engine.local_url or not host:
        return engine.local_url
    return f"https://{host}{path.rstrip('/').rsplit('/', route.count('/'))[0]}"


# ---------------------------------------------------------------------------------------------- inside


def _answered(
    engine: Engine,
    method: str,
    path: str,
    params: Mapping[str, str],
    *,
    headers: Mapping[str, str],
    query: Mapping[str, str],
    body: bytes,
    service: str,
) -> ApiResponse:
    endpoint = _BY_PATH.get((method, path))
    if endpoint is None:
        raise _no_such_route(method, path)
    caller = _caller(engine, endpoint, headers)
    if len(body) > MOST_BODY:
        raise Problem(413, "too_large", f"The body has {len(body)} bytes; at most {MOST_BODY} are taken.")
    if any(len(value) > LONGEST_PARAM or not _sound(value) for value in params.values()):
        raise not_found("record or set-up of that name")
    _check_query(endpoint, query)
    sent = _read_body(body) if endpoint.body is not None else {}
    accept = next((value for name, value in headers.items() if name.lower() == "accept"), "")
    return endpoint.view(engine, caller, ApiRequest(dict(params), dict(query), sent, service, accept))


def _no_such_route(method: str, path: str) -> Problem:
    allowed = sorted(known for known, at in _BY_PATH if at == path)
    if allowed:
        said = ", ".join(allowed)
        return Problem(405, "method", f"{method} is not possible here; possible: {said}.", headers={"Allow": said})
    return not_found("such address in this API")


def _caller(engine: Engine, endpoint: Endpoint, headers: Mapping[str, str]) -> Caller:
    if endpoint.role is None:
        return _ANYBODY
    authorization = next((value for name, value in headers.items() if name.lower() == "authorization"), None)
    caller = who(engine.store, engine.clock, authorization)
    if caller is None:
        detail = "No valid API key came with this call. Send it as `Authorization: Bearer mlc_...`."
        raise Problem(401, "unknown_key", detail, headers={"WWW-Authenticate": "Bearer"})
    if not caller.may(endpoint.role) and endpoint.hidden:
        raise not_found("such address in this API")
    if not caller.may(endpoint.role):
        detail = f"This key has the role {caller.role}; this call asks for the role {endpoint.role}."
        raise Problem(403, "role", detail)
    return caller


def _check_query(endpoint: Endpoint, query: Mapping[str, str]) -> None:
    for name, value in query.items():
        if name not in endpoint.query:
            known = ", ".join(endpoint.query) or "none"
            raise bad_request("There is no such parameter.", Fault(f"/{_printable(name)}", f"one of: {known}"))
        if len(value) > LONGEST_QUERY or not _sound(value):
            raise bad_request("A parameter does not fit.", Fault(f"/{name}", f"at most {LONGEST_QUERY} characters"))


def _read_body(body: bytes) -> Json:
    if not body.strip():
        return {}
    try:
        read = json.loads(body.decode("utf-8"), parse_constant=_no_number, object_pairs_hook=_once)
    except UnicodeDecodeError as unfit:
        raise bad_request(f"The body is not UTF-8: byte {unfit.start + 1} does not fit.", kind="bad_json") from None
    except json.JSONDecodeError as unfit:
        where = f"line {unfit.lineno}, column {unfit.colno}"
        fault = Fault("", "JSON", f"{unfit.msg} at {where}", line=unfit.lineno)
        raise bad_request(f"The body is not JSON: {unfit.msg} at {where}.", fault, kind="bad_json") from None
    except (ValueError, RecursionError) as unfit:
        raise bad_request(f"The body is not JSON that is taken here: {str(unfit)[:120]}.", kind="bad_json") from None
    if not isinstance(read, dict):
        raise bad_request("The body must be a JSON object.", Fault("", "a JSON object"), kind="bad_json")
    if not all(_sound(text) for text in _texts(read)):
        raise bad_request("The body holds half a character (a lone surrogate) or NUL.", kind="bad_json")
    return read


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    read = dict(pairs)
    if len(read) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"the key {next(name for name in names if names.count(name) > 1)!r} stands there twice")
    return read


def _no_number(text: str) -> object:
    raise ValueError(f"{text} is no JSON number")


def _texts(value: object, depth: int = 0) -> Iterator[str]:
    if depth > DEEPEST:
        raise bad_request(f"The body is nested more than {DEEPEST} levels deep.", kind="bad_json")
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, member in value.items():
            yield name
            yield from _texts(member, depth + 1)
    elif isinstance(value, list):
        for member in value:
            yield from _texts(member, depth + 1)


def _sound(text: str) -> bool:
    """Text that the table can hold: no lone surrogates, no NUL."""
    return not re.search("[\ud800-\udfff\x00]", text)


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in text[:60])


def _unavailable(trouble: ConnectorError) -> Problem:
    after = max(1, round(trouble.after or 2)) if isinstance(trouble, TryAgain) else 2
    detail = "The service cannot answer this moment. Send the same again; nothing is done twice."
    log.warning("api unavailable: %s", redact_text(trouble.message))
    return Problem(503, "unavailable", detail, headers={"Retry-After": str(after)})


def _our_fault(engine: Engine, method: str, path: str) -> Problem:
    """Said in full to the log, and to the caller only where to find it."""
    mark = engine.clock.token()[:16]
    engine.metrics.count("Faults", door="api")
    log.error("api fault %s: %s %s\n%s", mark, method, path, redact_text(traceback.format_exc()))
    return Problem(
        500, "our_fault", "That went wrong on our side. Tell the operator the reference.", more={"reference": mark}
    )


def _text(status: int, body: object, media_type: str) -> tuple[int, dict[str, str], str]:
    headers = {
        "Content-Type": media_type,
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    is_text = isinstance(body, str) and "json" not in media_type
    return status, headers, str(body) if is_text else json.dumps(body, default=_plain, ensure_ascii=False)


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"no JSON value: {type(value).__name__}")
