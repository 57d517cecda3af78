"""From rehearsal to writing. A flow goes live only when both its connections have said whose company they lead to.

One that cannot be asked says it when it calls, and is handed nothing before.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

from chalicelib.engine import setup as setups
from chalicelib.engine.connection import Connection
from chalicelib.engine.engine import Engine, OpenFlow
from chalicelib.engine.ports import Conflict
from chalicelib.engine.records import Json
from chalicelib.engine.setup import FlowSetup
from chalicelib.entry import errands
from chalicelib.entry.problem import conflict

TRIES = 5


def start(engine: Engine, flow: OpenFlow) -> tuple[FlowSetup, dict[str, str]]:
    """The flow live; or as it is, with the pings (connection, errand) after whose success it starts by itself."""
    _may_start(flow.setup)
    unknown = [end for end in (flow.source, flow.target) if end.pinned is None and not _calls_us(engine, end)]
    if unknown:
        tenant, then = flow.setup.tenant, flow.setup.name
        pings = {
            end.name: errands.send(engine, "ping", tenant, {"connection": end.name, "start": then}) for end in unknown
        }
        return flow.setup, pings
    return go(engine, flow.setup), {}


def go(engine: Engine, setup: FlowSetup) -> FlowSetup:
    """Live from now on; what was only rehearsed is decided again."""

    def started(now: FlowSetup) -> FlowSetup:
        _may_start(now)
        return replace(now, state="live", started_at=engine.clock.now().isoformat())

    live = change(engine, setup, started)
    restart(engine, live)
    return live


def after_ping(engine: Engine, tenant: str, name: str) -> None:
    """A connection was pinned for this flow's sake: start it, if that was the last one."""
    flow = engine.open(tenant, name)
    if flow is None or flow.setup.state != "rehearsing":
        return
    if all(end.pinned or _calls_us(engine, end) for end in (flow.source, flow.target)):
        go(engine, flow.setup)


def change(engine: Engine, setup: FlowSetup, how: Callable[[FlowSetup], FlowSetup]) -> FlowSetup:
    """Change a flow's set-up as it stands now, whoever else changes it at this moment."""
    for _ in range(TRIES):
        new = how(setup)
        try:
            engine.store.write([setups.flow_put(new)])
        except Conflict:
            key = (setups.pk(setup.tenant), setup.sk)
            setup = setups.read_flow(setup.tenant, engine.store.get([key])[key])
            continue
        return new
    raise conflict("Somebody else is changing this flow right now. Try again.")


def restart(engine: Engine, setup: FlowSetup, *, not_moved: bool = False) -> None:
    """Have the flow's rehearsed and put-off records decided again; `not_moved`: those too that were too old."""
    job: Json = {"job": "restart", "tenant": setup.tenant, "flow": setup.name, "not_moved": not_moved}
    engine.queue.send("jobs", [json.dumps(job)], group=setup.tenant)


def _calls_us(engine: Engine, connection: Connection) -> bool:
    return engine.load_system(connection.system).caller is not None


def _may_start(setup: FlowSetup) -> None:
    if setup.state == "paused":
        raise conflict(f"The flow {setup.name} is paused. Resume it first.")
    if setup.state == "live":
        raise conflict(f"The flow {setup.name} is live already.")
