"""The daily digest: what moved, what is held and why, which connections are in trouble, which runs stopped."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from chalicelib.engine import digest, notices, outbox, tally
from chalicelib.engine import setup as setups
from chalicelib.engine.engine import Engine
from chalicelib.engine.ports import Conflict, Item
from chalicelib.engine.records import Json
from chalicelib.engine.setup import FlowSetup
from chalicelib.engine.tally import Moved
from chalicelib.entry.views import connections, overview

SETTLED = timedelta(minutes=2)  # what was done before it has been counted
MOST_CAUSES = 10
LONGEST_FIX = 160
MOST_RUNS = 2000  # looked at, of one flow
NOTHING = "Nothing moved, nothing is held, everything works."


def run(engine: Engine, job: Json) -> None:
    """The job of one digest: its notice and the next digest's row are one write, so that it comes once."""
    row, tenant = outbox.look(engine, job), str(job["tenant"])
    settings, now = notices.settings(engine, tenant), engine.clock.now()
    if row is None or not settings.digest or str(digest.job_of(row)["moment"]) > now.isoformat():
        return
    since, until = datetime.fromisoformat(str(digest.job_of(row)["since"])), now - SETTLED
    day = now.astimezone(ZoneInfo(settings.zone)).date()
    text = told(engine, tenant, since, max(since, until))
    following = digest.due(settings, row, since=max(since, until).isoformat(), now=now)
    try:
        notices.tell(engine, tenant, f"{tenant}: daily digest of {day}", text, ops=[following])
    except Conflict:
        return  # another job told it, the tick has just queued it again, or the settings change at this moment


def told(engine: Engine, tenant: str, since: datetime, until: datetime) -> str:
    flows = setups.flows(engine.store, tenant)
    parts = [
        _part("Moved", _moved(tally.between(engine, tenant, since, until))),
        _part("Held", list(_held(engine, list(flows.values())))),
        _part("Connections in trouble", list(_in_trouble(engine, tenant))),
        _part("Runs that stopped", [line for setup in flows.values() for line in _stopped(engine, setup, since)]),
    ]
    return "\n\n".join(filter(None, parts)) or NOTHING


# ---------------------------------------------------------------------------------------------- inside


def _part(title: str, lines: list[str]) -> str:
    return "\n".join([f"{title}:", *lines]) if lines else ""


def _moved(moved: dict[tuple[str, str, str], Moved]) -> list[str]:
    return [
        f"- {flow}, {move}: {one.count:,} {action}{_over(one.amounts)}"
        for (flow, move, action), one in sorted(moved.items())
    ]


def _held(engine: Engine, flows: list[FlowSetup]) -> Iterator[str]:
    """The causes with the most records first; what only waits for another record comes with that one."""
    found = [overview.grouped(engine, setup) for setup in flows]
    groups = sorted((group for groups, _ in found for group in groups), key=_size, reverse=True)
    for group in groups[:MOST_CAUSES]:
        amounts = group["amounts"]
        assert isinstance(amounts, dict)
        over = _over({currency: Decimal(amount) for currency, amount in amounts.items()})
        fix = str(group["fix"])
        fix = fix if len(fix) <= LONGEST_FIX else fix[: LONGEST_FIX - 1] + "…"
        yield f"- {group['flow']}: {group['count']:,} by {group['reason']} ({group['cause']}){over}. " + (
            f"{group['owner']}: {fix}" if group["owner"] != "nobody" else fix
        )
    if len(groups) > MOST_CAUSES:
        yield f"- and {len(groups) - MOST_CAUSES} more"
    if any(cut for _, cut in found):
        yield f"- only the first {overview.MOST_HELD:,} held records of a flow were looked at"


def _size(group: Json) -> int:
    return int(str(group["count"]))


def _in_trouble(engine: Engine, tenant: str) -> Iterator[str]:
    for one in connections.described(engine, tenant):
        health = one["health"]
        assert isinstance(health, dict)
        if health["state"] not in ("untried", "ok"):
            yield f"- {one['name']}: {health['message']} {health['fix']}"


def _stopped(engine: Engine, setup: FlowSetup, since: datetime) -> Iterator[str]:
    runs = list(_runs(engine, setup, since))
    stopped = [run.body for run in runs if run.body.get("state") == "stopped"]
    if stopped:
        yield f"- {setup.name}: {len(stopped)} of {len(runs)}, the last one because: {stopped[0].get('trouble')}"


def _runs(engine: Engine, setup: FlowSetup, since: datetime) -> Iterator[Item]:
    """Newest first, back to the moment."""
    prefix, cursor, seen = f"RUN#{setup.name}#", None, 0
    first = prefix + since.isoformat(timespec="milliseconds")
    while seen < MOST_RUNS:
        rows = engine.store.query(setups.pk(setup.tenant), prefix=prefix, limit=200, cursor=cursor, descending=True)
        for item in rows.items:
            if item.sk < first:
                return
            yield item
        seen += len(rows.items)
        cursor = rows.cursor
        if cursor is None:
            return


def _over(amounts: dict[str, Decimal]) -> str:
    said = ", ".join(f"{amount:,} {currency}".strip() for currency, amount in sorted(amounts.items()))
    return f", {said}" if said else ""
