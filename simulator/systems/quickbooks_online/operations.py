"""Read, query and write one thing: what single calls and batch items share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simulator.systems.quickbooks_online import writing
from simulator.systems.quickbooks_online.answers import refuse
from simulator.systems.quickbooks_online.company import Body, shown
from simulator.systems.quickbooks_online.entities import Entity
from simulator.systems.quickbooks_online.references import Call
from simulator.systems.quickbooks_online.selecting import Query


def read(call: Call, entity: Entity, id: str) -> Body:
    writing.check_feature(call, entity)
    if not (id.isascii() and id.isdigit()):
        raise refuse("2030", f"Id should be a valid number. Supplied value:{id}", "Id", mistake=f"no id: {id!r}")
    stored = call.find(entity.name, id)
    if stored is None:
        raise writing.gone(entity, id)
    return shown(stored.body)


def run_query(call: Call, statement: str) -> dict[str, Any]:
    query = Query(call.company, call.options, call.writer.moment, frozenset(call.unseen))
    result = query.run(statement)
    call.warnings += query.warnings
    return {key: [shown(row) for row in value] if isinstance(value, list) else value for key, value in result.items()}


def act(call: Call, entity: Entity, sent: Mapping[str, Any], operation: str, option: str) -> Body:
    """One write, by its operation and its option; both single calls and batch items come through here."""
    call.allow_duplicates = option == "allowduplicatedocnum"
    if call.allow_duplicates:
        call.warn("allowduplicatedocnum removes the only guard against double bills")
    if operation == "delete":
        return writing.delete(call, entity, sent)
    if option == "void":
        return writing.void(call, entity, sent)
    if operation not in ("", "create", "update"):
        detail = f"Operation {operation} is not supported."
        raise refuse("500", detail, mistake=f"unknown operation {operation}")
    return shown(writing.save(call, entity, sent, operation))
