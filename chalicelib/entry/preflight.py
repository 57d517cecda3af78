"""Is all that documents go to in a target ready for them? Asked with a ping, where the system offers it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import timedelta

from chalicelib.engine import references
from chalicelib.engine import setup as setups
from chalicelib.engine.connection import Connection
from chalicelib.engine.engine import Engine, OpenFlow
from chalicelib.engine.errors import ConnectorError
from chalicelib.engine.records import Json

LONGEST = timedelta(seconds=30)  # of asking; a ping is waited for
MOST = 25  # places told


def of(engine: Engine, connection: Connection) -> Json:
    """`places`: each with whether it is ready; `places_left`: how many at most were not looked at; {}: none offered."""
    look_over = engine.load_system(connection.system).look_over
    if look_over is None:
        return {}
    flows = list(_into(engine, connection))
    named = list(dict.fromkeys(name for flow in flows for name in _named(flow)))
    answers = [answer for flow in flows for answer in _answers(flow)]
    found, told, left = look_over(engine.line(connection), named[:MOST], answers), list[Json](), len(named)
    end = engine.clock.now() + LONGEST
    try:
        while engine.clock.now() < end:
            place = next(found, None)
            if place is None:  # one may have been named twice
                left = max(0, len(named) - MOST) + len(told)
                break
            told.append({**asdict(place), "notes": list(place.notes)})
    except ConnectorError as trouble:
        return {"places": told, "places_left": left - len(told), "places_trouble": trouble.message}
    return {"places": told, "places_left": left - len(told)}


def _into(engine: Engine, connection: Connection) -> Iterator[OpenFlow]:
    """The flows that write to it by rules for each place."""
    for setup in setups.flows(engine.store, connection.tenant).values():
        for side in engine.load_flow(setup.flow).sides:
            flow = engine.open(connection.tenant, setup.name, move=side.moves[0].name)
            if flow is not None and flow.target.name == connection.name:
                yield flow


def _named(flow: OpenFlow) -> Iterator[str]:
    """The places that the mappings and rules name, and those whose lists its documents have asked for."""
    scopes = {ruled.scope for ruled in flow.flow.ruled.values() if ruled.scope}
    for kind in scopes:
        yield from flow.setup.mappings.get(kind, {}).values()
    for kind, ruled in flow.flow.ruled.items():
        yield from (rule.scope for rule in flow.setup.rules.get(kind, ()) if ruled.scope and rule.scope)
    for place in references.places(flow):
        yield f"id:{place}"


def _answers(flow: OpenFlow) -> Iterator[tuple[str, Mapping[str, str]]]:
    for kind in flow.flow.ruled:
        yield from ((rule.scope, rule.then) for rule in flow.setup.rules.get(kind, ()))
