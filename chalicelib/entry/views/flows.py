"""Flows: what each is set up to do, where its records stand, and starting, pausing, resuming, running it."""

from __future__ import annotations

from dataclasses import replace

from chalicelib.engine import brake, runs
from chalicelib.engine import setup as setups
from chalicelib.engine.engine import Engine
from chalicelib.engine.records import Json
from chalicelib.engine.setup import FlowSetup
from chalicelib.entry import pulse, report, shapes, starting
from chalicelib.entry.changes import brake_facts, schedule_facts
from chalicelib.entry.exchange import ApiRequest, ApiResponse, opened
from chalicelib.entry.keys import Caller
from chalicelib.entry.problem import conflict


def list_flows(engine: Engine, caller: Caller, request: ApiRequest) -> ApiResponse:
    found = setups.flows(engine.store, caller.tenant)
    return ApiResponse({"items": [_flow(engine, setup) for setup in found.values()]})


def show_flow(engine: Engine, caller: Caller, request: ApiRequest) -> ApiResponse:
    flow = opened(engine, caller, request.name("flow"))
    counts = report.count(flow)
    setup = flow.setup
    shown: Json = {
        **_flow(engine, setup),
        "policies": flow.policies,
        **setups.mapped(setup),
        "mapping_version": setup.mapping_version,
        "retry": {"max_attempts": setup.max_attempts},
        "brake": dict(brake_facts(setup)),
        "latest_run": pulse.latest_run(flow),
        "counts": {move: report.sums_json(states) for move, (states, _) in counts.items()},
        "report": {move: report.sums_json(words) for move, (_, words) in counts.items()},
    }
    return ApiResponse(shown)


def start(engine: Engine, caller: Caller, request: ApiRequest) -> ApiResponse:
    """202 and `pings`: it starts by itself once these connections have said whose company they lead to."""
    setup, pings = starting.start(engine, opened(engine, caller, request.name("flow")))
    return ApiResponse({**_flow(engine, setup), "pings": pings}, 202 if pings else 200)


def pause(engine: Engine, caller: Caller, request: ApiRequest) -> ApiResponse:
    def paused(setup: FlowSetup) -> FlowSetup:
        if setup.state == "paused":
            raise conflict(f"The flow {setup.name} is paused already.")
        return replace(setup, state="paused", paused_from=setup.state)

    setup = starting.change(engine, opened(engine, caller, request.name("flow")).setup, paused)
    return ApiResponse(_flow(engine, setup))


def resume(engine: Engine, caller: Caller, request: ApiRequest) -> ApiResponse:
    """A flow that paused itself goes on only for somebody who was shown what it would do."""
    wish = shapes.read(shapes.Resume, request.body)
    flow = opened(engine, caller, request.name("flow"))
    asked = brake.asks(engine, flow.setup)
    if asked is not None and not wish.go_on:
        what = "\n".join([str(asked["why"]), *brake.listed(asked), str(asked["fix"])])
        raise conflict(f"{what}\nTo let it go on exactly with that: `mlc flows resume {flow.setup.name} --go-on`.")

    def resumed(setup: FlowSetup) -> FlowSetup:
        if setup.state != "paused":
            raise conflict(f"The flow {setup.name} is not paused.")
        return replace(setup, state=setup.paused_from)

    setup = starting.change(engine, flow.setup, resumed)
    brake.let_go(flow)
    starting.restart(engine, setup)
    runs.resume(opened(engine, caller, setup.name))
    return ApiResponse(_flow(engine, setup))


def rehearse(engine: Engine, caller: Caller, request: ApiRequest) -> ApiResponse:
    """Decide everything again under the present set-up, and write nothing outside."""
    flow = opened(engine, caller, request.name("flow"))
    if flow.setup.state != "rehearsing":
        raise conflict(f"The flow {flow.setup.name} is {flow.setup.state}: only a flow that was not started rehearses.")
    starting.restart(engine, flow.setup)
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
        **schedule_facts(setup),
        "asks": brake.asks(engine, setup) if setup.state == "paused" else None,
        "run": runs.latest(engine, setup),
    }
