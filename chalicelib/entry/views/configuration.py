"""The configuration as one document: apply it, export it."""

from __future__ import annotations

from chalicelib.engine import setup as setups
from chalicelib.engine.engine import Engine
from chalicelib.engine.records import Json
from chalicelib.engine.setup import FlowSetup
from chalicelib.entry import config_check, shapes
from chalicelib.entry.apply import apply
from chalicelib.entry.changes import brake_facts, schedule_facts
from chalicelib.entry.config import Apply, references_to_a_machine
from chalicelib.entry.exchange import ApiRequest, ApiResponse
from chalicelib.entry.keys import Caller
from chalicelib.entry.problem import bad_request


def apply_configuration(engine: Engine, caller: Caller, request: ApiRequest) -> ApiResponse:
    pointing = list(references_to_a_machine(request.body))
    if pointing:
        detail = (
            "References to variables (env:) are put in by mlc before the configuration is sent. Nothing was changed."
        )
        raise bad_request(detail, *pointing, kind="bad_configuration")
    wish = shapes.read(Apply, request.body)
    return ApiResponse(apply(engine, caller.tenant, wish.config, by=caller.name, only_plan=wish.plan))


def export(engine: Engine, caller: Caller, request: ApiRequest) -> ApiResponse:
    """What `apply` takes, without secrets: applied again, it changes nothing."""
    stored = config_check.known(engine, caller.tenant)
    connections: Json = {}
    for name, (connection, _) in stored.connections.items():
        note = stored.notes.get(name)
        company = connection.pinned.name if connection.pinned else str(note.body.get("company") or "") if note else ""
        told: Json = {"system": connection.system, "environment": connection.environment, **connection.settings}
        connections[name] = told | ({"company": company} if company else {})
    flows = {name: _flow(setup) for name, setup in setups.flows(engine.store, caller.tenant).items()}
    shown = {name: value for name in ("digest", "zone") if (value := getattr(stored.notices, name))}
    config: Json = {"connections": connections, "flows": flows}
    return ApiResponse({"config": config | ({"notices": shown} if shown else {})})


def _flow(setup: FlowSetup) -> Json:
    shown: Json = {
        "flow": setup.flow,
        "from": setup.source,
        "to": setup.target,
        "cut_over": setup.cut_over.isoformat(),
        **schedule_facts(setup),
        "retry": {"max_attempts": setup.max_attempts},
        "brake": dict(brake_facts(setup)),
    }
    if setup.policies:
        shown["policies"] = dict(setup.policies)
    return shown | {name: content for name, content in setups.mapped(setup).items() if content}
