"""Create, full update, sparse update, delete and void: from a request body to the stored object and its effects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simulator.systems.quickbooks_online.answers import Refused, refuse, required
from simulator.systems.quickbooks_online.company import Body, Stored
from simulator.systems.quickbooks_online.entities import Entity
from simulator.systems.quickbooks_online.fields import CLEAR, Findings, take_all
from simulator.systems.quickbooks_online.names import prepare_list, prepare_name
from simulator.systems.quickbooks_online.payments import apply, detach, prepare_payment, voided
from simulator.systems.quickbooks_online.references import Call, exact
from simulator.systems.quickbooks_online.transactions import check_delete, link_orders, prepare_transaction

OWN = frozenset({"Id", "SyncToken", "MetaData", "domain", "sparse"})


def save(call: Call, entity: Entity, sent: Mapping[str, Any], operation: str = "") -> Body:
    """Create or update by what the body says, as the vendor does."""
    check_feature(call, entity)
    if entity.family == "single":
        raise refuse("500", f"Operation save is not supported for {entity.name}", mistake="writes a read-only entity")
    sparse = sent.get("sparse", False)
    if not isinstance(sparse, bool):
        raise refuse("2150", "sparse must be true or false", "sparse", mistake="sparse is no boolean")
    if sent.get("Id") in (None, ""):
        if operation == "update" or sparse:
            raise required("Id")
        return create(call, entity, clean(call, entity, sent))
    fields = clean(call, entity, sent)
    stored = current(call, entity, sent)
    if sparse:
        if entity.name == "Bill" and not fields.get("VendorRef"):
            raise required("VendorRef")
        fields = merged(stored, fields)
    return update(call, entity, stored, fields)


def clean(call: Call, entity: Entity, sent: Mapping[str, Any]) -> Body:
    found = Findings()
    fields = take_all(entity.fields, sent, found)
    for warning in found.warnings:
        call.warn(warning)
    if found.troubles:
        raise Refused(found.troubles)
    return fields


def create(call: Call, entity: Entity, fields: Body) -> Body:
    fields = prepare(call, entity, {k: v for k, v in fields.items() if v != CLEAR}, None)
    stored = call.company.create(entity.name, fields, call.writer)
    _effects(call, entity, {}, stored.body)
    return stored.body


def update(call: Call, entity: Entity, stored: Stored, fields: Body) -> Body:
    """Put the fields as the whole new content: what is not among them is cleared."""
    before = stored.body
    fields = prepare(call, entity, {k: v for k, v in fields.items() if v != CLEAR}, stored)
    call.company.change(entity.name, stored, fields, call.writer)
    _effects(call, entity, before, stored.body)
    return stored.body


def merged(stored: Stored, patch: Body) -> Body:
    """A sparse update over the stored content; an empty value clears, and a name is never emptied."""
    fields = {k: v for k, v in stored.body.items() if k not in OWN}
    for key, value in patch.items():
        if value != CLEAR:
            fields[key] = value
        elif key != "DisplayName":
            fields.pop(key, None)
    return fields


def delete(call: Call, entity: Entity, sent: Mapping[str, Any]) -> Body:
    check_feature(call, entity)
    if entity.family != "transaction":
        detail = f"Operation delete is not supported for {entity.name}"
        raise refuse("500", detail, mistake="list objects are made inactive, not deleted")
    stored = current(call, entity, sent)
    check_delete(call, entity.name, stored)
    erase(call, entity, stored)
    return {"domain": "QBO", "status": "Deleted", "Id": stored.body["Id"]}


def erase(call: Call, entity: Entity, stored: Stored) -> None:
    """Remove a document; what it was linked to opens again."""
    body = stored.body
    call.company.remove(entity.name, stored, call.writer)
    if entity.name == "BillPayment":
        apply(call, body["Id"], body, {})
        return
    detach(call, entity.name, body)
    if entity.name == "Bill":
        link_orders(call, body, {"Id": body["Id"]})
    _owe(call, entity, body, {})


def void(call: Call, entity: Entity, sent: Mapping[str, Any]) -> Body:
    if entity.name != "BillPayment":
        detail = f"Operation void is not supported for {entity.name}"
        raise refuse("500", detail, mistake=f"{entity.name} cannot be voided")
    stored = current(call, entity, sent)
    if sent.get("sparse") is not True:
        call.warn("a void is a sparse update")
    before = stored.body
    call.company.change(entity.name, stored, voided(call, stored), call.writer, operation="Void")
    apply(call, before["Id"], before, stored.body)
    return stored.body


def current(call: Call, entity: Entity, sent: Mapping[str, Any]) -> Stored:
    """The object named by Id, if the SyncToken sent is the present one."""
    id, token = sent.get("Id"), sent.get("SyncToken")
    if id is None:
        raise required("Id")
    if not isinstance(id, str) or not (id.isascii() and id.isdigit()):
        raise refuse("2030", f"Id should be a valid number. Supplied value:{id}", "Id", mistake=f"no id: {id!r}")
    if not isinstance(token, str) or not token.isdigit():
        raise required("SyncToken", "SyncToken must be sent, as a string")
    stored = call.find(entity.name, id)
    if stored is None:
        raise gone(entity, id)
    if token != stored.body["SyncToken"]:
        raise refuse(
            "5010",
            "Stale Object Error : You and API API were working on this at the same time. "
            "API API finished before you did, so your work was not saved.",
        )
    return stored


def gone(entity: Entity, id: str) -> Refused:
    if entity.family == "transaction":
        return refuse("610", "Object Not Found : Another user has deleted this transaction.")
    return refuse("610", f"Object Not Found : {entity.name} with id {id} was not found.")


def check_feature(call: Call, entity: Entity) -> None:
    switch = "OtherPrefs.VendorAndPurchasesPrefs.PurchaseOrderEnabled"
    if entity.name == "PurchaseOrder" and not call.company.preference(switch):
        raise refuse("5020", "Permission Denied Error : Feature Not Supported")


def prepare(call: Call, entity: Entity, fields: Body, before: Stored | None) -> Body:
    if entity.family == "name":
        return prepare_name(call, entity.name, fields, before)
    if entity.family == "list":
        return prepare_list(call, entity.name, fields, before)
    if entity.name == "BillPayment":
        return prepare_payment(call, fields, before)
    return prepare_transaction(call, entity.name, fields, before)


def _effects(call: Call, entity: Entity, before: Body, after: Body) -> None:
    if entity.name == "BillPayment":
        apply(call, after["Id"], before, after)
        return
    if entity.name == "Bill":
        link_orders(call, before, after)
    _owe(call, entity, before, after)


def _owe(call: Call, entity: Entity, before: Body, after: Body) -> None:
    sign = {"Bill": 1, "VendorCredit": -1}.get(entity.name, 0)
    for body, direction in ((before, -sign), (after, sign)):
        if direction and body:
            call.company.owe(body["VendorRef"]["value"], direction * exact(body["TotalAmt"]))
