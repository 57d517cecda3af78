"""The Accounting API under /v3/company: reads, queries, writes with their requestids, and the rules of every call."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Request, Response

from simulator.systems.quickbooks_online import batch, changes, gateway, operations
from simulator.systems.quickbooks_online.answers import Refused, Trouble, fault_body, refuse, required, to_xml
from simulator.systems.quickbooks_online.company import Body, Reply, Writer
from simulator.systems.quickbooks_online.entities import BY_PATH, Entity
from simulator.systems.quickbooks_online.references import Call
from simulator.systems.quickbooks_online.times import envelope_time
from simulator.systems.serving import json_response

if TYPE_CHECKING:
    from simulator.systems.quickbooks_online.app import QuickBooksOnlineSimulator

LONGEST_REQUEST_ID = 50
LONGEST_BATCH_REQUEST_ID = 36
PREFIX = "/v3/company/"


def serve(sim: QuickBooksOnlineSimulator, request: Request) -> Response:
    realm_id, _, rest = request.path.removeprefix(PREFIX).partition("/")
    admitted = gateway.admit(sim, request, realm_id, batch=rest == "batch")
    if isinstance(admitted, Response):
        return admitted
    if request.args.get("minorversion") != "75":
        sim.mistake(request, "minorversion=75 is missing")
    call = Call(admitted, sim.options, Writer(moment=sim.clock(), request_id=request.args.get("requestid", "")))
    try:
        gateway.check_standing(admitted)
        status, body = 200, _dispatch(sim, request, call, rest)
    except Refused as refused:
        status, body = _refusal(sim, request, refused)
    except _Replay as replay:
        status, body = replay.reply.status, replay.reply.body
    except NotFound:
        sim.mistake(request, "no such address")
        return Response("<html><body><h1>404 Not Found</h1></body></html>", status=404, mimetype="text/html")
    for warning in call.warnings:
        sim.mistake(request, warning)
    return _render(sim, request, body, status)


def _dispatch(sim: QuickBooksOnlineSimulator, request: Request, call: Call, rest: str) -> Body:
    path, _, id = rest.partition("/")
    time = {"time": envelope_time(call.writer.moment)}
    match request.method, path, id:
        case "GET" | "POST", "query", "":
            return {"QueryResponse": operations.run_query(call, _statement(request)), **time}
        case "GET", "cdc", "":
            return {"CDCResponse": [{"QueryResponse": changes.since(call, request.args)}], **time}
        case "POST", "batch", "":
            sent = _json(request)
            items = batch.items(sent)
            writes = any("Query" not in item for item in items)
            _check_request_id(request, call, most=LONGEST_BATCH_REQUEST_ID, needed=writes)
            batch.check_ids(items, bool(call.writer.request_id))
            return _once(
                sim, request, call, lambda: {"BatchItemResponse": batch.run(sim, request, call, items), **time}
            )
        case "GET", "preferences", "":
            stored = next(call.company.every("Preferences"))
            return {"Preferences": stored.body, **time}
        case "GET", "companyinfo", call.company.realm_id:
            stored = next(call.company.every("CompanyInfo"))
            return {"CompanyInfo": stored.body, **time}
    entity = BY_PATH.get(path)
    if entity is None and path.isalpha() and path.islower():
        raise refuse("2000", f"Unknown entity name {path}", mistake=f"unknown entity {path}")
    if entity is None or entity.family == "single" or "/" in id:
        raise NotFound
    if request.method == "GET" and id:
        return {entity.name: operations.read(call, entity, id), **time}
    if request.method != "POST" or id:
        raise NotFound
    return _write(sim, request, call, entity, time)


class _Replay(Exception):
    def __init__(self, reply: Reply) -> None:
        self.reply = reply
        super().__init__("answered before")


def _write(sim: QuickBooksOnlineSimulator, request: Request, call: Call, entity: Entity, time: dict[str, str]) -> Body:
    _check_request_id(request, call, most=LONGEST_REQUEST_ID, needed=True)
    operation, option = request.args.get("operation", ""), request.args.get("include", "")

    def run() -> Body:
        return {entity.name: operations.act(call, entity, _json(request), operation, option), **time}

    return _once(sim, request, call, run)


def _check_request_id(request: Request, call: Call, *, most: int, needed: bool) -> None:
    request_id = call.writer.request_id
    if needed and not request_id:
        call.warn("a write without requestid")
    if len(request_id) > most:
        detail = f"requestid may have {most} characters. Supplied:{len(request_id)}"
        raise refuse("2130", detail, "requestid", mistake=detail)


def _once(sim: QuickBooksOnlineSimulator, request: Request, call: Call, run: Callable[[], Body]) -> Body:
    """Run a write unless its requestid was answered before; then bring that answer back."""
    request_id, replies, now = call.writer.request_id, call.company.replies, sim.now()
    if not request_id:
        return run()
    mark = f"{request.path}\n{request.args.get('operation')}\n{request.args.get('include')}\n".encode()
    digest = hashlib.sha256(mark + request.get_data()).hexdigest()
    known = replies.get(request_id)
    if known is not None and now - known.at < sim.options.requestid_retention:
        if known.digest != digest:
            sim.mistake(request, f"requestid {request_id} comes again with another body")
        raise _Replay(known)
    try:
        body = run()
    except Refused as refused:
        status, fault = _refusal(sim, request, refused)
        if sim.options.replay_refusals and refused.status < 500:
            replies[request_id] = Reply(digest=digest, status=status, body=fault, at=now)
        raise _Replay(Reply(digest=digest, status=status, body=fault, at=now)) from refused
    replies[request_id] = Reply(digest=digest, status=200, body=body, at=now)
    return body


def _statement(request: Request) -> str:
    if request.method == "GET":
        statement = request.args.get("query", "")
    else:
        if request.mimetype not in ("application/text", "text/plain"):
            raise _unsupported_content(request)
        statement = _text(request)
    if not statement.strip():
        raise required("query")
    return statement


def _json(request: Request) -> Mapping[str, Any]:
    if request.mimetype != "application/json":
        raise _unsupported_content(request)
    text = _text(request)
    try:
        sent = json.loads(text, parse_float=Decimal, parse_constant=_no_number)
    except ValueError as bad:
        raise _malformed(str(bad)) from None
    if not isinstance(sent, Mapping):
        raise _malformed("the body is no object")
    return sent


def _text(request: Request) -> str:
    try:
        return request.get_data().decode()
    except UnicodeDecodeError:
        trouble = Trouble("10000", "System Failure Error: bad encoding", mistake="the body is not UTF-8")
        raise Refused([trouble], status=500, fault_type="SystemFault") from None


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _malformed(why: str) -> Refused:
    return refuse("2010", f"failed to parse json object: {why}", mistake=f"malformed JSON: {why}")


def _unsupported_content(request: Request) -> Refused:
    detail = f"Content-Type {request.mimetype or 'none'} is not supported"
    return refuse("1050", detail, mistake=detail)


def _refusal(sim: QuickBooksOnlineSimulator, request: Request, refused: Refused) -> tuple[int, Body]:
    sim.record(request, refused)
    status = 200 if sim.options.faults_as_200 and refused.status == 400 else refused.status
    return status, {"Fault": fault_body(refused), "time": envelope_time(sim.clock())}


def _render(sim: QuickBooksOnlineSimulator, request: Request, body: Body, status: int) -> Response:
    if "application/json" in request.headers.get("Accept", ""):
        return json_response(body, status=status)
    sim.mistake(request, "JSON was not asked for, so XML is answered")
    return Response(to_xml(body), status=status, mimetype="application/xml")
