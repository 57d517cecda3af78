"""Change data capture: what changed since a moment, deleted objects as bare rows, a thousand in all, no paging."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from simulator.systems.quickbooks_online.answers import refuse, required
from simulator.systems.quickbooks_online.company import Body, shown
from simulator.systems.quickbooks_online.entities import ENTITIES
from simulator.systems.quickbooks_online.references import Call
from simulator.systems.quickbooks_online.times import has_offset, instant, stamp

MOST_OBJECTS = 1000
LOOK_BACK = timedelta(days=30)


def since(call: Call, asked: Mapping[str, str]) -> list[Body]:
    """One element per asked entity; an entity without changes leaves an empty one."""
    names = [name.strip() for name in asked.get("entities", "").split(",") if name.strip()]
    if not names:
        raise required("entities")
    text = asked.get("changedSince", "")
    if not text:
        raise required("changedSince")
    try:
        moment = instant(text)
    except ValueError:
        raise refuse(
            "2060", f"Invalid changedSince. Supplied value:{text}", mistake="changedSince is no date"
        ) from None
    if not has_offset(text) and "T" in text:
        call.warn(f"changedSince has no explicit offset: {text}")
    if moment < (call.writer.moment - LOOK_BACK).timestamp():
        detail = f"Operation cdc with changedSince date {text} which is older than fixed days is not supported."
        raise refuse("500", detail, mistake="changedSince is older than 30 days")
    if {"startPosition", "maxResults"} & set(asked):
        call.warn("change data capture has no paging")
    answer: list[Body] = []
    left = MOST_OBJECTS
    for name in names:
        if name not in ENTITIES or ENTITIES[name].family == "single":
            detail = f"Operation cdc is not supported for {name}"
            raise refuse("500", detail, mistake=detail)
        rows = _rows(call, name, moment)[:left]
        left -= len(rows)
        answer.append({name: rows, "startPosition": 1, "maxResults": len(rows)} if rows else {})
    return answer


def _rows(call: Call, name: str, moment: float) -> list[Body]:
    company = call.company
    changed = [s for s in company.every(name) if s.updated >= int(moment)]
    changed.sort(key=lambda s: s.updated)
    lies = set(company.reported_deleted.get(name, ()))
    rows: list[Body] = [
        _deleted(s.body["Id"], s.body["MetaData"]["LastUpdatedTime"]) if s.body["Id"] in lies else shown(s.body)
        for s in changed
    ]
    gone = sorted((at, id) for id, at in company.deleted[name].items() if at >= int(moment))
    return rows + [_deleted(id, stamp(datetime.fromtimestamp(at, UTC))) for at, id in gone]


def _deleted(id: str, last_updated: str) -> Body:
    return {"domain": "QBO", "status": "Deleted", "Id": id, "MetaData": {"LastUpdatedTime": last_updated}}
