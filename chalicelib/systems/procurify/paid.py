"""Bills marked as paid: whole ones only, approved and without a payment of Procurify's own (sheet section 4.2)."""

from __future__ import annotations

from dataclasses import replace

from chalicelib.engine.errors import ConnectorError, Held, Unknown
from chalicelib.engine.merge import stands
from chalicelib.engine.records import Current, Done, Intent, Json, Sighting
from chalicelib.systems.procurify import bills, inbox, payables
from chalicelib.systems.procurify.bills import STATUSES
from chalicelib.systems.procurify.client import Client
from chalicelib.systems.procurify.reading import number_at, unknown_value
from chalicelib.systems.procurify.shapes import normal_uuid

MARK = f"{bills.LIST}mark-as-paid/"
APPROVED, PAID = 2, 4
IN_PAYMENT = frozenset({4, 6, 7, 8})
FIXED = "Procurify's API takes no payment back"


def current(raw: Json) -> Current:
    there = payables.current(raw)
    paid = number_at(raw, "status") in IN_PAYMENT or raw.get("bill_payment") is not None
    body: Json = {"total": there.body["total"], "currency": there.body["currency"], "paid": "yes" if paid else "no"}
    return replace(there, body=body, locks=dict.fromkeys(body, FIXED), label=f"{there.label}, paid", day=None)


def read(client: Client, id_: str) -> Current | None:
    raw = payables.one(client, id_)
    return None if raw is None else current(raw)


def look(client: Client, intent: Intent) -> Sighting:
    """Already in Procurify's own payments: that is it, and nothing is written."""
    if ":" not in str(intent.once["bill"]):  # in a rehearsal the bill may still have to be mailed or requested
        return Sighting()
    there = current(_bill(client, intent))
    return Sighting(ours=[replace(there, ours=True)]) if stands(there, intent.body) else Sighting()


def write(client: Client, intent: Intent) -> Done:
    raw = _bill(client, intent)
    uuid, title = str(normal_uuid(raw.get("uuid"))), _title(intent)
    sent: Json = {"bill_uuids": [uuid], "bill_group_ids": [], "payment_date": str(intent.once["date"])}
    try:
        answer = client.write("POST", MARK, sent, title=title)
    except Held as turned_down:
        # Somebody paid it between our look and our word: then it is as it should be.
        there = _after(client, uuid, intent)
        if there is None or not stands(there, intent.body):
            raise
        return Done(there, {"said": turned_down.message}, money=there.money, notes=["It was paid there already."])
    there = _after(client, uuid, intent)
    if there is None or not stands(there, intent.body):
        raise Unknown(f"Procurify took {title}, and does not show the bill as paid.")
    return Done(there, answer.body, request_id=answer.trace, money=there.money)


def _after(client: Client, uuid: str, intent: Intent) -> Current | None:
    try:
        return read(client, uuid)
    except ConnectorError as unread:
        raise Unknown(f"Procurify was told {_title(intent)}; what came of it could not be read.") from unread


def _bill(client: Client, intent: Intent) -> Json:
    """The bill that may be marked, or is paid already. Raises Held for any other."""
    named, title = str(intent.once["bill"]), _title(intent)
    if named.startswith("request:"):
        raise Held(
            "no_bill_to_pay",
            f"{title}: Procurify has a request for it and no bill, so there is nothing to mark as paid.",
            cause=f"bill {intent.once['label']}",
            fix="Nothing has to be done in Procurify. Dismiss the record; or, once there is a bill, link the bill's "
            "record to it.",
        )
    raw = _mailed(client, named, intent) if named.startswith(inbox.MAIL) else payables.one(client, named)
    if raw is None:
        raise Held(
            "bill_not_found",
            f"{title}: Procurify does not show the bill (any more).",
            cause=f"bill {intent.once['label']}",
            fix="Look in Procurify's Accounts Payable whether it was deleted, or waits there for its vendor and lines: "
            "it goes by itself once the bill is there. Else dismiss it.",
            waits_for=[f"reference:bill@{vendor}"] if (vendor := intent.once.get("vendor")) else [],
        )
    status = number_at(raw, "status")
    if status not in STATUSES:
        raise unknown_value(title, "bill", "status", status or -1)
    there = payables.current(raw)
    if (there.body["total"], there.body["currency"]) != (intent.body["total"], intent.body["currency"]):
        raise payables.differs(intent, raw, there)
    if status != APPROVED and status not in IN_PAYMENT:
        raise Held(
            "bill_not_approved",
            f"{title}: the bill is {payables.STATUS[status]} in Procurify, and only an approved one is marked as paid.",
            cause=f"bill {intent.once['label']}",
            fix="Have the bill approved in Procurify; it is marked as paid by itself then.",
            waits_for=[f"reference:bill@{there.body['vendor']}"],
        )
    return raw


def _mailed(client: Client, id_: str, intent: Intent) -> Json | None:
    day, _, signed = id_.removeprefix(inbox.MAIL).partition(":")
    return inbox.find(client, signed, payables.day_of(day), number=intent.once["number"])


def _title(intent: Intent) -> str:
    return f"The payment of bill {intent.once['label']} of {intent.once['vendor_name']}"
