"""What waits for people, and how everything fares."""

from __future__ import annotations

from chalicelib.engine import hold, notices, runs
from chalicelib.engine import setup as setups
from chalicelib.engine.engine import Engine
from chalicelib.engine.ledger import Head
from chalicelib.engine.records import Json
from chalicelib.engine.setup import FlowSetup
from chalicelib.entry import pulse
from chalicelib.entry.exchange import ApiRequest, ApiResponse
from chalicelib.entry.keys import Caller
from chalicelib.entry.problem import not_found
from chalicelib.entry.report import Sum
from chalicelib.entry.views import connections

MOST_HELD = 10_000  # of one flow looked at in one call
IDS_SHOWN = 20
SHOWN = ("name", "title", "environment", "company", "expires_at", "last_seen", "health")  # of a connection


def list_holds(engine: Engine, caller: Caller, request: ApiRequest) -> ApiResponse:
    """One group per flow, reason and cause: one task for one person."""
    flows = setups.flows(engine.store, caller.tenant)
    wanted = request.query.get("flow", "")
    if wanted and wanted not in flows:
        raise not_found("flow of that name")
    groups: list[Json] = []
    cut = False
    for setup in flows.values():
        if wanted and setup.name != wanted:
            continue
        of_flow, was_cut = grouped(engine, setup)
        groups += of_flow
        cut = cut or was_cut
    groups.sort(key=lambda group: (group["owner"] == "nobody", -int(str(group["count"]))))
    return ApiResponse({"items": groups, "more": cut})


def status(engine: Engine, caller: Caller, request: ApiRequest) -> ApiResponse:
    flows = setups.flows(engine.store, caller.tenant)
    oldest = [
        found
        for target in sorted({name for setup in flows.values() for name in pulse.written_to(engine, setup)})
        if (found := pulse.oldest_waiting(engine, caller.tenant, target)) is not None
    ]
    return ApiResponse(
        {
            "now": engine.clock.now().isoformat(),
            "connections": [
                {name: one[name] for name in SHOWN} for one in connections.described(engine, caller.tenant)
            ],
            "flows": [_flow(engine, setup) for setup in flows.values()],
            "notices": notices.fares(engine, caller.tenant),
            "oldest_waiting": min(oldest, key=lambda one: str(one["since"])) if oldest else None,
        }
    )


def _flow(engine: Engine, setup: FlowSetup) -> Json:
    now = pulse.of_flow(engine, setup)
    return {
        "name": setup.name,
        "title": engine.load_flow(setup.flow).title,
        "state": setup.state,
        "to": setup.target,
        "run": runs.latest(engine, setup),
        "counts": {
            "held": _held_count(engine, setup),
            "under way": now.busy,
            "waiting": now.waiting,
            "outbox": now.outbox,
        },
    }


def _held_count(engine: Engine, setup: FlowSetup) -> int:
    count, cursor = 0, None
    while count < MOST_HELD:
        rows = engine.store.query(f"H#{setup.tenant}#{setup.name}", index="held", limit=1000, cursor=cursor)
        count += len(rows.items)
        cursor = rows.cursor
        if cursor is None:
            break
    return count


def grouped(engine: Engine, setup: FlowSetup) -> tuple[list[Json], bool]:
    """The flow's held records by reason and cause, and whether there were more than are looked at."""
    groups: dict[tuple[str, str], list[Head]] = {}
    sums: dict[tuple[str, str], Sum] = {}
    seen = 0
    for head in hold.held(engine, setup.tenant, setup.name):
        seen += 1
        if seen > MOST_HELD:
            break
        why = head.hold or {}
        at = (str(why.get("reason")), str(why.get("cause")))
        groups.setdefault(at, []).append(head)
        sums.setdefault(at, Sum()).add(head)
    shown = [_group(setup, at, heads, sums[at]) for at, heads in groups.items()]
    return shown, seen > MOST_HELD


def _group(setup: FlowSetup, at: tuple[str, str], heads: list[Head], total: Sum) -> Json:
    first = heads[0].hold or {}
    return {
        "flow": setup.name,
        "reason": at[0],
        "cause": at[1],
        **total.json(),
        "message": first.get("message"),
        "fix": first.get("fix"),
        "owner": first.get("owner"),
        "since": min(str((head.hold or {}).get("since")) for head in heads),
        "ids": [head.key.id for head in heads[:IDS_SHOWN]],
    }
