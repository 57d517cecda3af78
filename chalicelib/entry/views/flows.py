"""Flows: what each is set up to do, where its records stand, and starting, pausing, resuming, running it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from chalicelib.engine import runs
from chalicelib.engine import setup as setups
from chalicelib.engine.engine import Engine, OpenFlow
from chalicelib.engine.ports import Conflict
from chalicelib.engine.records import Json
from chalicelib.engine.setup import FlowSetup
from chalicelib.entry import pulse, report, shapes
from chalicelib.entry.after_apply import restart
from chalicelib.entry.changes import minutes
from chalicelib.entry.exchange import ApiRequest, ApiResponse, opened
from chalicelib.entry.keys import Caller
from chalicelib.entry.problem import conflict

TRIES = 5


def list_flows(engine: Engine, caller: Caller, request: ApiRequest) -> ApiResponse:
    found = setups.flows(engine.store, caller.tenant)
    return ApiResponse({"flows": [_flow(engine, setup) for setup in found.values()]})


def show_flow(engine: Engine, caller: Caller, request: ApiRequest) -> ApiResponse:
    flow = opened(engine, caller, request.name("flow"))
    counts = report.count(flow)
    setup = flow.setup
    shown: Json = {
        **_flow(engine, setup),
        "policies": flow.policies,
        "mappings": {kind: dict(values) for kind, values in setup.mappings.items()},
        "mapping_version": setup.mapping_version,
        "retry": {"max_attempts": setup.max_attempts},
        "latest_run": pulse.latest_run(flow),
        "counts": {move: report.sums_json(states) for move, (states, _) in counts.items()},
        "report": {move: report.sums_json(words) for move, (_, words) in counts.items()},
    }
    return ApiResponse(shown)


def start(engine: Engine, caller: Caller, request: ApiRequest) -> ApiResponse:
    """From now on it writes. Until its connections answered, nobody knows into whose books."""
    flow = opened(engine, caller, request.name("flow"))
    for connection in (flow.source, flow.target):
        if connection.pinned is None:
            raise conflict(
                f"Nobody knows yet which company {connection.name} leads to. Run `mlc ping {connection.name}`, look at "
                f"the company it names, then start the flow.",
                kind="company_unknown",
            )

    def started(setup: FlowSetup) -> FlowSetup:
        if setup.state == "paused":
            raise conflict(f"The flow {setup.name} is paused. Resume it first.")
        if setup.state == "live":
            raise conflict(f"The flow {setup.name} is live already.")
        return replace(setup, state="live", started_at=engine.clock.now().isoformat())

    return _moved_on(engine, flow, started)


def pause(engine: Engine, caller: Caller, request: ApiRequest) -> ApiResponse:
    flow = opened(engine, caller, request.name("flow"))

    def paused(setup: FlowSetup) -> FlowSetup:
        if setup.state == "paused":
            raise conflict(f"The flow {setup.name} is paused already.")
        return replace(setup, state="paused", paused_from=setup.state)

    return ApiResponse(_flow(engine, _change(engine, flow.setup, paused)))


def resume(engine: Engine, caller: Caller, request: ApiRequest) -> ApiResponse:
    flow = opened(engine, caller, request.name("flow"))

    def resumed(setup: FlowSetup) -> FlowSetup:
        if setup.state != "paused":
            raise conflict(f"The flow {setup.name} is not paused.")
        return replace(setup, state=setup.paused_from)

    return _moved_on(engine, flow, resumed)


def rehearse(engine: Engine, caller: Caller, request: ApiRequest) -> ApiResponse:
    """Decide everything again under the present set-up, and write nothing outside."""
    flow = opened(engine, caller, request.name("flow"))
    if flow.setup.state != "rehearsing":
        raise conflict(f"The flow {flow.setup.name} is {flow.setup.state}: only a flow that was not started rehearses.")
    restart(engine, flow.setup)
    return ApiResponse({"run": runs.start(engine, flow)}, 202)


def sync(engine: Engine, caller: Caller, request: ApiRequest) -> ApiResponse:
    wish = shapes.read(shapes.Sync, request.body)
    flow = opened(engine, caller, request.name("flow"))
    if flow.setup.state == "paused":
        raise conflict(f"The flow {flow.setup.name} is paused. Resume it first.")
    return ApiResponse({"run": runs.start(engine, flow, full=wish.full)}, 202)


def latest_run(engine: Engine, caller: Caller, request: ApiRequest) -> ApiResponse:
    return ApiResponse(pulse.latest_run(opened(engine, caller, request.name("flow"))))


# ---------------------------------------------------------------------------------------------- inside


def _moved_on(engine: Engine, flow: OpenFlow, change: Callable[[FlowSetup], FlowSetup]) -> ApiResponse:
    setup = _change(engine, flow.setup, change)
    restart(engine, setup)
    return ApiResponse(_flow(engine, setup))


def _change(engine: Engine, setup: FlowSetup, change: Callable[[FlowSetup], FlowSetup]) -> FlowSetup:
    for _ in range(TRIES):
        new = change(setup)
        try:
            engine.store.write([setups.flow_put(new)])
        except Conflict:
            key = (setups.pk(setup.tenant), setup.sk)
            setup = setups.read_flow(setup.tenant, engine.store.get([key])[key])
            continue
        return new
    raise conflict("Somebody else is changing this flow right now. Try again.")


def _flow(engine: Engine, setup: FlowSetup) -> Json:
    return {
        "name": setup.name,
        "flow": setup.flow,
        "title": engine.load_flow(setup.flow).title,
        "from": setup.source,
        "to": setup.target,
        "state": setup.state,
        "started_at": setup.started_at,
        "cut_over": setup.cut_over.isoformat(),
        "every": minutes(setup.every_minutes),
        "run": runs.latest(engine, setup),
    }
