"""Up to thirty operations in one call: each succeeds or fails alone, and none sees what the others made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Request

from simulator.systems.quickbooks_online.answers import Refused, Trouble, fault_body, refuse, required
from simulator.systems.quickbooks_online.company import Body
from simulator.systems.quickbooks_online.entities import ENTITIES
from simulator.systems.quickbooks_online.operations import act, run_query
from simulator.systems.quickbooks_online.references import Call

if TYPE_CHECKING:
    from simulator.systems.quickbooks_online.app import QuickBooksOnlineSimulator

MOST_ITEMS = 30
LONGEST_ID = 10


def items(sent: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    asked = sent.get("BatchItemRequest")
    if not isinstance(asked, list) or not asked or not all(isinstance(item, Mapping) for item in asked):
        trouble = Trouble("2010", "Batch Request is Empty", mistake="an empty batch", message="MalformedRequest")
        raise Refused([trouble])
    if len(asked) > MOST_ITEMS:
        detail = f"A batch may hold {MOST_ITEMS} items. Supplied:{len(asked)}"
        raise refuse("1040", detail, mistake=detail)
    return asked


def check_ids(asked: list[Mapping[str, Any]], has_request_id: bool) -> None:
    ids = [item.get("bId") for item in asked]
    if not all(isinstance(id, str) and id for id in ids):
        raise required("bId")
    if len(set(ids)) != len(ids):
        raise refuse("2010", "bId is not unique", "bId", mistake="bId is not unique")
    if has_request_id and any(len(str(id)) > LONGEST_ID for id in ids):
        detail = f"With a requestid a bId may have {LONGEST_ID} characters"
        raise refuse("2130", detail, "bId", mistake=detail)


def run(sim: QuickBooksOnlineSimulator, request: Request, call: Call, asked: list[Mapping[str, Any]]) -> list[Body]:
    answers = []
    for item in asked:
        own = replace(call, warnings=call.warnings, unseen=call.unseen)
        try:
            answer = _item(own, item)
        except Refused as refused:
            sim.record(request, refused)
            answer = {"Fault": fault_body(refused)}
        answers.append({"bId": item["bId"], **answer})
    return answers


def _item(call: Call, item: Mapping[str, Any]) -> Body:
    if "Query" in item:
        return {"QueryResponse": run_query(call, str(item["Query"]))}
    names = [key for key in item if key not in ("bId", "operation", "optionsData")]
    entity = ENTITIES.get(names[0]) if len(names) == 1 else None
    if entity is None or not isinstance(item[entity.name], Mapping):
        detail = f"Unknown entity name {', '.join(names)}"
        raise refuse("2000", detail, mistake=detail)
    operation = str(item.get("operation", ""))
    if not operation:
        raise required("operation")
    made = act(call, entity, item[entity.name], operation, str(item.get("optionsData", "")))
    if operation == "create":
        call.unseen.add((entity.name, made["Id"]))
    return {entity.name: made}
