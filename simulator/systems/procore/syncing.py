"""Batch upserts: 200 even when rows fail, a row found by its id, else by its outside id, else made anew."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from werkzeug.wrappers import Response

from simulator.systems.procore.answers import NO_ENTITY, Refused, wrong
from simulator.systems.procore.calling import Call
from simulator.systems.procore.company import Json
from simulator.systems.procore.writer import Writer
from simulator.systems.serving import json_response

MOST_ROWS = 1000


def sync(
    call: Call,
    kind: str,
    *,
    make: Callable[[Writer, Json], Json],
    change: Callable[[Writer, Json, Json], Json],
    show: Callable[[Json], Any],
    here: Callable[[Json], bool] = lambda row: True,
) -> Response:
    """`here` says whether a record belongs to the project that the call is about."""
    if len(call.request.get_data()) > call.sim.options.largest_sync_bytes:
        raise Refused(413, "Payload Too Large")
    updates = call.sent["updates"]
    if len(updates) > MOST_ROWS:
        raise wrong("updates", f"has more than {MOST_ROWS} rows", f"{len(updates)} rows in one sync", status=400)
    entities, errors = [], []
    for given in updates:
        try:
            entities.append(show(_one(call, kind, given, make, change, here)))
        except Refused as refused:
            if refused.mistake:
                call.writer.mistake(refused.mistake)
            fields = refused.errors if isinstance(refused.errors, dict) else {"base": [refused.errors]}
            errors.append({**given, "errors": fields})
    return json_response({"entities": entities, "errors": errors})


def _one(
    call: Call,
    kind: str,
    given: Json,
    make: Callable[[Writer, Json], Json],
    change: Callable[[Writer, Json, Json], Json],
    here: Callable[[Json], bool],
) -> Json:
    if given.get("id"):
        row = call.company.find(kind, given["id"])
        if row is None or not here(row):
            raise wrong("id", NO_ENTITY)
        return change(call.writer, row, given)
    if not given.get("origin_id"):
        call.writer.mistake("a sync row without id and origin_id makes a new record every time")
        return make(call.writer, given)
    row = call.company.of_origin(kind, given["origin_id"])
    if row is None:
        return make(call.writer, given)
    if not here(row):
        raise wrong("origin_id", "has already been taken")
    return change(call.writer, row, given)
