"""Save a flow's mappings and rules as a new version, based on the one that was looked at."""

from __future__ import annotations

from dataclasses import replace

from chalicelib.engine import mappings
from chalicelib.engine.engine import Engine
from chalicelib.engine.ports import Conflict
from chalicelib.engine.records import Json
from chalicelib.engine.setup import FlowSetup, mapped
from chalicelib.entry import after_apply, mapping_check
from chalicelib.entry.apply import Plan, plan_flow
from chalicelib.entry.changes import mapped_differences, remarks
from chalicelib.entry.config import MappingsIn
from chalicelib.entry.exchange import opened
from chalicelib.entry.keys import Caller
from chalicelib.entry.preview import preview
from chalicelib.entry.problem import Fault, Problem, bad_request, conflict, pointer
from chalicelib.entry.shapes import summary

TRIES = 4


def save(engine: Engine, caller: Caller, name: str, wish: MappingsIn, *, restored: int = 0) -> Json:
    """What changed, and what followed. Raises Problem, and then nothing was changed."""
    for _ in range(TRIES):
        old = opened(engine, caller, name).setup
        new = _wanted(engine, old, wish)
        if wish.version != old.mapping_version and mapped(new) != mapped(old):  # the same again is saved already
            raise _changed_meanwhile(engine, old, wish.version)
        plan = Plan()
        plan_flow(engine, plan, new, old, by=caller.name, at=(), restored=restored)
        changes: list[Json] = [{"key": key, "from": a, "to": b} for key, a, b in mapped_differences(old, new)]
        told: Json = {"changes": changes, "remarks": remarks(new)}
        if wish.plan:
            return {**told, "applied": False, "version": old.mapping_version, "preview": preview(engine, old, new)}
        if not plan.ops:
            return {**told, "applied": False, "version": old.mapping_version}
        try:
            engine.store.write(plan.ops)
        except Conflict:
            continue  # the flow was changed this moment: decide again on what is there
        followed = after_apply.follow(engine, [], plan.flows)
        return {**told, "applied": True, "version": plan.flows[0][1].mapping_version, "released": followed["released"]}
    raise conflict("Somebody else is changing the same flow right now. Try again.")


def _wanted(engine: Engine, old: FlowSetup, wish: MappingsIn) -> FlowSetup:
    flow = engine.load_flow(old.flow)
    faults = [
        Fault(pointer(place), expected, got)
        for place, expected, got in mapping_check.unfit(flow, wish.mappings, wish.rules)
    ]
    if faults:
        detail = f"The mappings do not fit: {summary(faults)}. Nothing was changed."
        raise bad_request(detail, *faults, kind="bad_mappings")
    kept = {kind: values for kind, values in sorted(wish.mappings.items()) if values}
    return replace(old, mappings=kept, rules=mapping_check.read_rules(wish.rules))


def _changed_meanwhile(engine: Engine, setup: FlowSetup, based_on: int) -> Problem:
    """Somebody saved since: what they changed is told, and nothing is written over."""
    current = setup.mapping_version
    if based_on > current:
        there = Fault("/version", f"the number of a version: 1 to {current}", f"the number {based_on}")
        return bad_request(f"There is no version {based_on} of these mappings.", there)
    known = mappings.version(engine.store, setup, based_on)
    latest = mappings.version(engine.store, setup, current)
    who = f" (saved by {latest.by} at {latest.at[:16].replace('T', ' ')} UTC)" if latest else ""
    problem = conflict(
        f"The mappings of {setup.name} were changed since version {based_on}: version {current}{who} is the present "
        "one. Nothing was changed. Look at what changed, and save again on the present version.",
        kind="changed_meanwhile",
    )
    differences = mapped_differences(known, setup) if known else []
    problem.more = {"version": current, "changes": [{"key": key, "from": a, "to": b} for key, a, b in differences]}
    return problem
