"""Records: find them, read one's whole story, and act on it."""

from __future__ import annotations

from typing import get_args

from chalicelib.engine import ledger, replay
from chalicelib.engine import setup as setups
from chalicelib.engine.engine import Engine, OpenFlow
from chalicelib.engine.ledger import Head, Side, State
from chalicelib.engine.records import Json, RecordKey, canonical
from chalicelib.engine.redact import redact
from chalicelib.entry import errands, listing, resolve, shapes, story
from chalicelib.entry.exchange import ApiRequest, ApiResponse, bad_cursor, cursor_text, opened
from chalicelib.entry.keys import Caller
from chalicelib.entry.problem import Fault, bad_request, conflict, not_found

SIDES: tuple[Side, ...] = ("source", "target", "written")
STATES: tuple[str, ...] = get_args(State)
LARGEST_SHOWN = 1_000_000  # characters of one document: an answer of the service holds at most 6 MB


def list_records(engine: Engine, caller: Caller, request: ApiRequest) -> ApiResponse:
    query, state = request.query, request.query.get("state", "")
    if state and state not in STATES:
        raise bad_request("There is no such state.", Fault("/state", f"one of {', '.join(STATES)}", state[:40]))
    flow, move = query.get("flow", ""), query.get("move", "")
    scope = f"records:{flow}:{move}:{state}:{query.get('q', '')}"
    after = place(request.cursor(scope))
    asked = pairs(engine, caller, flow=flow, move=move)
    wanted = listing.Filter(state=state, q=query.get("q", "")[:200])
    heads, at = listing.page(engine.store, caller.tenant, asked, wanted, limit=request.limit(), after=after)
    following = cursor_text(scope, {"at": list(at)}) if at else None
    return ApiResponse({"items": [line(head) for head in heads], "cursor": following})


def show_record(engine: Engine, caller: Caller, request: ApiRequest) -> ApiResponse:
    flow, head = found(engine, caller, request)
    places = {side: (head.key.whole if side == "source" else head.key, side) for side in SIDES}
    documents = ledger.bodies(engine.store, list(places.values()))
    link = head.link or {}
    shown: Json = {
        **line(head),
        "revision": head.revision,
        "live": head.live,
        "gone": head.gone,
        "released": head.released,
        "attempts": head.attempts,
        "trouble": head.trouble,
        "noticed_at": head.noticed_at,
        "due": head.due[1] if head.due else "",
        "intent": head.intent,
        "url": link.get("url") or "",
        "documents": {side: _document(documents.get(place)) for side, place in places.items()},
        "parts": _parts(engine, head),
        "why": story.tell(flow, head),
    }
    return ApiResponse(shown)


def trail(engine: Engine, caller: Caller, request: ApiRequest) -> ApiResponse:
    _, head = found(engine, caller, request)
    scope = f"trail:{head.key.id}"
    place = request.cursor(scope)
    try:
        entries, following = ledger.trail(
            engine.store,
            head.key,
            limit=request.limit(),
            cursor=str(place["at"]) if place and "at" in place else None,
        )
    except ValueError:
        raise bad_cursor() from None
    return ApiResponse({"items": entries, "cursor": cursor_text(scope, {"at": following}) if following else None})


def why(engine: Engine, caller: Caller, request: ApiRequest) -> ApiResponse:
    return ApiResponse(story.tell(*found(engine, caller, request)))


def replay_record(engine: Engine, caller: Caller, request: ApiRequest) -> ApiResponse:
    wish = shapes.read(shapes.Replay, request.body)
    flow, head = found(engine, caller, request)
    new = replay.replay(flow, head, by=caller.name, release=wish.release, overwrite=wish.overwrite)
    return ApiResponse(line(new))


def resolve_record(engine: Engine, caller: Caller, request: ApiRequest) -> ApiResponse:
    """A link is looked up in the target, which needs its credentials: a job does it. The rest is done at once."""
    wish = shapes.read(shapes.Resolve, request.body)
    flow, head = found(engine, caller, request)
    if wish.action == "link":
        job: Json = {"record": head.key.id, **wish.model_dump(), "by": caller.name}
        return ApiResponse({"id": errands.send(engine, "resolve", caller.tenant, job)}, 202)
    answer = resolve.resolve(flow, head.key, action=wish.action, target_id="", why=wish.why, by=caller.name)
    if not answer["ok"]:
        raise conflict(f"{answer['message']} {answer['fix']}")
    return ApiResponse(answer)


def show_resolve(engine: Engine, caller: Caller, request: ApiRequest) -> ApiResponse:
    _, head = found(engine, caller, request)
    errand = errands.look(engine, "resolve", caller.tenant, request.params["job"])
    if errand is None or errand["record"] != head.key.id:
        raise not_found("decision of that id")
    return ApiResponse(errand)


def found(engine: Engine, caller: Caller, request: ApiRequest) -> tuple[OpenFlow, Head]:
    """The record that the path names, among the caller's own."""
    for text in request.readings("id"):
        key = RecordKey.from_id(caller.tenant, text)
        head = ledger.heads(engine.store, [key]).get(key) if key else None
        if head is not None:
            return opened(engine, caller, head.key.flow, move=head.key.move), head
    raise not_found("record of that id")


def line(head: Head) -> Json:
    """What a list shows of a record."""
    return {
        "id": head.key.id,
        "flow": head.key.flow,
        "move": head.key.move,
        "source_id": head.key.source_id,
        "part": head.key.part,
        "whole": head.key.whole.id if head.key.part else "",
        "state": head.state,
        **head.summary,
        "hold": head.hold,
        "outcome": head.outcome,
        "plan": head.plan,
        "link": head.link,
        "updated_at": head.updated_at,
    }


# ---------------------------------------------------------------------------------------------- inside


def _parts(engine: Engine, head: Head) -> list[Json]:
    """The records that it came to; `leaving`: not any more, and what stands there of it is taken away."""
    keys = [*head.part_keys, *head.leaving_keys]
    known = ledger.heads(engine.store, keys)
    leaving = set(head.leaving)
    return [{**line(known[key]), "leaving": key.part in leaving} for key in keys if key in known]


def pairs(engine: Engine, caller: Caller, *, flow: str, move: str) -> list[tuple[str, str]]:
    """The (flow, move) pairs that the list is asked for."""
    flows = setups.flows(engine.store, caller.tenant)
    if flow and flow not in flows:
        raise not_found("flow of that name")
    pairs = [
        (setup.name, one.name)
        for setup in flows.values()
        if not flow or setup.name == flow
        for one in engine.load_flow(setup.flow).moves
    ]
    known = sorted({name for _, name in pairs})
    if move and move not in known:
        raise bad_request("There is no such move.", Fault("/move", f"one of {', '.join(known)}", move[:40]))
    return [pair for pair in pairs if not move or pair[1] == move]


def place(cursor: Json | None) -> listing.Place | None:
    if cursor is None:
        return None
    at = cursor.get("at")
    if not isinstance(at, list) or len(at) != 3 or not all(isinstance(part, str) for part in at):
        raise bad_cursor()
    sort, pair, shard = at
    if not sort or len(sort.encode("utf-8", "replace")) > 1000 or not sort.isprintable():
        raise bad_cursor()
    return (sort, pair, shard)


def _document(body: Json | None) -> object:
    if body is None:
        return None
    size = len(canonical(body))
    return redact(body) if size <= LARGEST_SHOWN else {"cut": True, "characters": size}
