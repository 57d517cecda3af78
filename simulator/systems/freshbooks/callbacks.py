"""The API of callbacks: registered, proved by a verifier, repaired and deleted."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from urllib.parse import urlsplit

from werkzeug.wrappers import Response

from simulator.systems.freshbooks import listing
from simulator.systems.freshbooks.account import Json
from simulator.systems.freshbooks.answers import Refused, Trouble, denied
from simulator.systems.freshbooks.calling import Call, result
from simulator.systems.freshbooks.listing import Rule, Test
from simulator.systems.freshbooks.options import Options
from simulator.systems.freshbooks.times import iso
from simulator.systems.serving import json_response

NOUNS = (
    "bill", "bill_vendor", "category", "client", "credit_note", "estimate", "expense", "invoice", "item", "payment",
    "project", "recurring", "service", "tax", "time_entry",
)  # fmt: skip
VERBS = ("create", "update", "delete")
MAILED = ("credit_note", "estimate", "invoice")
SCOPES = {"bill": "bills", "bill_vendor": "bill_vendors", "category": "expenses", "expense": "expenses"}
MOST_RESENDS = 3


def known_events(options: Options) -> frozenset[str]:
    nouns = (*NOUNS, "bill_payment") if options.bill_payment_events else NOUNS
    verbs = {f"{noun}.{verb}" for noun in nouns for verb in VERBS} | {f"{noun}.sendByEmail" for noun in MAILED}
    return frozenset(verbs | (set(nouns) if options.bare_nouns else set()))


def hears(registered: str, event: str) -> bool:
    return registered in (event, event.partition(".")[0])


def _of_event(values: Sequence[str]) -> Test:
    return lambda row: hears(row["event"], values[-1]) or hears(values[-1], row["event"])


RULES: dict[str, Rule] = {"event": _of_event}


def callbacks(call: Call) -> Response:
    return listing.page(call, "callbacks", call.account.every("callbacks"), RULES, lambda _, row: shown(row))


def callback(call: Call, id: str) -> Response:
    return result({"callback": shown(_known(call, id))})


def register(call: Call) -> Response:
    sent = call.sent("callback")
    event, uri = str(sent.get("event") or ""), str(sent.get("uri") or "")
    troubles = []
    if event not in known_events(call.sim.options):
        troubles.append(Trouble(422, "Value error, Unrecognized event.", "event"))
    if not _reachable(uri):
        troubles.append(Trouble(422, "Input should be a valid URL, relative URL without a base", "uri"))
        call.mistake(f"{uri!r} is no https address without a query")
    if troubles:
        raise Refused(422, *troubles)  # an unknown event is a way of asking what is offered
    noun = event.partition(".")[0]
    if noun in SCOPES and f"user:{SCOPES[noun]}:read" not in call.sim.scopes_of(call.request):
        raise denied(f"The token may not read {noun}.")
    id = call.account.number("callbacks")
    row: Json = {
        "callbackid": id,
        "id": id,
        "event": event,
        "uri": uri,
        "verified": False,
        "updated_at": iso(call.account.changed(call.writer.moment)),
        "verifier": hashlib.sha256(f"{call.account.account_id}/{id}".encode()).hexdigest()[:33],
        "resends": 0,
        "vis_state": 0,
    }
    call.account.tables["callbacks"][id] = row
    call.account.note(call.writer, "callbacks", "create", id, sorted(row))
    call.sim.shake_hands(call.account, row)
    return result({"callback": shown(row)})


def change(call: Call, id: str) -> Response:
    row, sent = _known(call, id), call.sent("callback")
    sent = {name: value for name, value in sent.items() if name != "callback_id"}
    if sent.get("resend") is True:
        row = {**row, "resends": row["resends"] + 1}
        if row["resends"] > MOST_RESENDS:
            call.mistake(f"the verifier is asked for more than {MOST_RESENDS} times")
        _put(call, row)
        call.sim.shake_hands(call.account, row)
    elif "verifier" in sent:
        if sent["verifier"] != row["verifier"]:
            raise Refused(422, Trouble(422, "Value error, The verifier does not match.", "verifier"))
        row = {**row, "verified": True}
        _put(call, row)
    else:
        raise Refused(422, Trouble(422, "Field required", "verifier"), mistake="a callback is changed, not made anew")
    return result({"callback": shown(row)})


def delete(call: Call, id: str) -> Response:
    row = _known(call, id)
    del call.account.tables["callbacks"][row["id"]]
    call.account.note(call.writer, "callbacks", "delete", row["id"], [])
    return Response(status=204) if call.sim.options.delete_answers_204 else json_response({})


def shown(row: Json) -> Json:
    return {name: row[name] for name in ("callbackid", "verified", "uri", "event", "updated_at")}


def _put(call: Call, row: Json) -> None:
    call.account.tables["callbacks"][row["id"]] = row


def _known(call: Call, id: str) -> Json:
    row = call.account.find("callbacks", id)
    if row is None:
        raise Refused(404)
    return row


def _reachable(uri: str) -> bool:
    """https and no query; a service on this machine may do without TLS."""
    parts = urlsplit(uri)
    local = parts.hostname in ("127.0.0.1", "localhost")
    return bool(parts.hostname) and not parts.query and (parts.scheme == "https" or (parts.scheme == "http" and local))
