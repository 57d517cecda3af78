"""Dead letters, for the operator. A job looks at the queues: the function behind the API may not read them."""

from __future__ import annotations

from chalicelib.engine.engine import Engine
from chalicelib.engine.records import Json
from chalicelib.entry import dead, errands, shapes
from chalicelib.entry.exchange import ApiRequest, ApiResponse
from chalicelib.entry.keys import Caller
from chalicelib.entry.problem import Fault, bad_request, not_found, shown


def ask_dead(engine: Engine, caller: Caller, request: ApiRequest) -> ApiResponse:
    wish = shapes.read(shapes.DeadLetters, request.body)
    known = dead.queues(engine)
    if wish.queue and wish.queue not in known:
        fault = Fault("/queue", f"one of {', '.join(known)}, or nothing for all", shown(wish.queue))
        raise bad_request("There is no such queue.", fault)
    if wish.do in ("park", "drop") and not wish.ids:
        raise bad_request("Which letters is not said.", Fault("/ids", "the ids that the list shows"))
    job: Json = wish.model_dump()
    return ApiResponse({"id": errands.send(engine, "dead", caller.tenant, job)}, 202)


def show_dead(engine: Engine, caller: Caller, request: ApiRequest) -> ApiResponse:
    found = errands.look(engine, "dead", caller.tenant, request.params["id"])
    if found is None:
        raise not_found("look at the dead letters of that id")
    return ApiResponse(found)
