"""Intuit's webhooks: whether one is theirs, and what it points to, in either of its two forms (sheet section 13).

They carry ids only. Which form comes is a switch in Intuit's portal, so that the body itself tells.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from chalicelib.engine.hints import Hint, Told
from chalicelib.systems.quickbooks_online.times import moment

SIGNATURE = "intuit-signature"
KINDS = {"vendor": "vendor", "bill": "bill", "billpayment": "bill_payment"}
KNOWN = {
    "create": "created", "update": "updated", "delete": "deleted", "merge": "merged", "void": "void",
    "voided": "void", "emailed": "emailed", "email": "emailed",
}  # fmt: skip
OPERATIONS = frozenset(KNOWN.values())
TYPE = re.compile(r"qbo\.([a-z]{1,60})\.([a-z]{1,20})\.v1")
ID = re.compile(r"[0-9]{1,20}", re.ASCII)
Raw = Mapping[str, Any]


def is_theirs(headers: Mapping[str, str], body: bytes, verifier: str) -> bool:
    """Over the bytes as they came; header names are lower-case."""
    made = base64.b64encode(hmac.new(verifier.encode(), body, hashlib.sha256).digest())
    return hmac.compare_digest(made, headers.get(SIGNATURE, "").encode())


def read(body: bytes) -> Told:
    """What it points to; whatever does not look as described is named instead of guessed at. Never raises."""
    try:
        sent = json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError):
        return Told(odd=("it is no JSON",))
    hints: list[Hint] = []
    odd: list[str] = []
    for found in _events(sent):
        if isinstance(found, Hint):
            hints.append(found)
        elif found:
            odd.append(found)
    return Told(hints=tuple(hints), odd=tuple(dict.fromkeys(odd)))


def _events(sent: object) -> Iterator[Hint | str]:
    """Hints, and in words what could not be read."""
    if isinstance(sent, list):
        for event in sent:
            yield from _cloud_event(event) if isinstance(event, dict) else ["an event that is no object"]
    elif isinstance(sent, dict) and isinstance(sent.get("eventNotifications"), list):
        for notification in sent["eventNotifications"]:
            yield from _notification(notification) if isinstance(notification, dict) else ["a notification of no form"]
    else:
        yield "neither a list of events nor one of notifications"


def _cloud_event(event: Raw) -> Iterator[Hint | str]:
    kind = TYPE.fullmatch(str(event.get("type")))
    if kind is None:
        yield f"an event of the type {str(event.get('type'))[:60]}"
        return
    told = event.get("data")
    gone = told.get("deletedId") if isinstance(told, dict) else None
    known = event.get("id")
    yield from _hints(
        company=event.get("intuitaccountid"),
        entity=kind.group(1),
        operation=KNOWN.get(kind.group(2), kind.group(2)),
        id_=event.get("intuitentityid"),
        gone=gone,
        at=event.get("time"),
        event=str(known) if isinstance(known, str) and known else "",
    )


def _notification(notification: Raw) -> Iterator[Hint | str]:
    change = notification.get("dataChangeEvent")
    entities = change.get("entities") if isinstance(change, dict) else None
    if not isinstance(entities, list):
        yield "a notification without its entities"
        return
    for entity in entities:
        if not isinstance(entity, dict):
            yield "an entity that is no object"
            continue
        operation, name = str(entity.get("operation")).lower(), entity.get("name")
        yield from _hints(
            company=notification.get("realmId"),
            entity=name.lower() if isinstance(name, str) else "",
            operation=KNOWN.get(operation, operation),
            id_=entity.get("id"),
            gone=entity.get("deletedId"),
            at=entity.get("lastUpdated"),
        )


def _hints(
    *, company: object, entity: str, operation: str, id_: object, gone: object, at: object, event: str = ""
) -> Iterator[Hint | str]:
    """Of what we read; other entities of the vendor's are none of our business."""
    realm, source_id, other = _id(company), _id(id_), _id(gone)
    if not realm or not source_id or not entity:
        yield f"an event about {entity[:60] or 'nothing'} without its company or its id"
        return
    kind = KINDS.get(entity)
    if kind is None or operation == "emailed":
        return
    if operation not in OPERATIONS:
        yield f"the operation {operation[:60]} of {entity[:60]}"
        return
    # The old form has no ids of its events.
    whole = [event] if event else [realm, entity, source_id, operation, str(at)]
    mark = hashlib.sha256(json.dumps(whole).encode()).hexdigest()
    ids = {source_id: operation == "deleted"} | ({other: True} if operation == "merged" and other else {})
    for n, (one, is_gone) in enumerate(ids.items()):
        yield Hint(company=realm, kind=kind, id=one, event=f"{mark}.{n}", at=moment(at), is_gone=is_gone)


def _id(value: object) -> str:
    """ "" for what is none; old fixtures have numbers."""
    text = str(value) if isinstance(value, str | int) else ""
    return text if ID.fullmatch(text) else ""
