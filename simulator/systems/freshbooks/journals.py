"""Manual journal entries of both generations: the old ones by number, the current ones by uuid and version."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Any

from werkzeug.wrappers import Response

from simulator.systems.freshbooks import answers, listing
from simulator.systems.freshbooks.account import Account, Json
from simulator.systems.freshbooks.answers import Refused, Trouble, denied, invalid, not_found, required
from simulator.systems.freshbooks.calling import Call, fail_unless_number, result
from simulator.systems.freshbooks.fields import amount, cents, decimal, money
from simulator.systems.freshbooks.times import iso
from simulator.systems.serving import json_response

VERSION = "2023-09-25"
SIDES = {"TYPE_DEBIT": 1, "TYPE_CREDIT": -1}
ZERO = Decimal(0)


def create_legacy(call: Call) -> Response:
    sent = call.sent("journal_entry")
    for name in ("name", "currency_code", "user_entered_date", "details"):
        if not sent.get(name):
            raise required(name, "journal_entry")
    by_id = {str(row["legacy_id"]): row["uuid"] for row in call.account.ledger.values()}
    lines = []
    for detail in sent["details"]:
        sides = [name for name in ("debit", "credit") if detail.get(name) is not None]
        value = decimal(detail.get(sides[0])) if len(sides) == 1 else None
        if value is None or value <= 0:
            raise _bad("details", "a detail has one positive debit or credit")
        uuid = by_id.get(str(detail.get("sub_accountid")))
        if uuid is None:
            raise not_found("sub_account", "sub_accountid", detail.get("sub_accountid"))
        side = 1 if sides[0] == "debit" else -1
        lines.append({"account": uuid, "amount": money(value, sent["currency_code"]), "side": side})
    entry = _keep(call, lines, str(sent["user_entered_date"]), str(sent["name"]), str(sent.get("description") or ""))
    return result({"journal_entry": {**_legacy(entry), "details": [_detail(call.account, entry, x) for x in lines]}})


def details(call: Call) -> Response:
    rows = [
        {
            **({"id": entry["id"] * 100 + n} if call.sim.options.journal_details_have_ids else {}),
            **_detail(call.account, entry, line),
            "entry": {**_legacy(entry), "expenseid": None, "invoiceid": None},
        }
        for entry in call.account.journals
        for n, line in enumerate(entry["lines"])
    ]
    return listing.page(call, "journal_entry_details", rows, {}, lambda _, row: row)


def create(call: Call) -> Response:
    _current(call)
    sent = call.sent("manualJournalEntry")
    for name in ("name", "userEnteredDate", "details"):
        if not sent.get(name):
            raise required(name, "manualJournalEntry")
    when = sent["userEnteredDate"]
    try:
        day = date(when["year"], when["month"], when["day"]).isoformat()
    except (TypeError, KeyError, ValueError):
        raise _bad("userEnteredDate", "the date is no year, month and day") from None
    lines = [_line(call, detail) for detail in sent["details"]]
    number, about = str(sent.get("journalEntryNumber") or ""), str(sent.get("description") or "")
    entry = _keep(call, lines, day, str(sent["name"]), about, number)
    form = call.sim.options.journal_answer
    if form == "empty":
        return json_response({})
    body = {"manualJournalEntry": _shown(entry)}
    return result(body) if form == "result" else json_response(body)


def entries(call: Call) -> Response:
    _current(call)
    asked = call.request.args
    for name in sorted(set(asked) - {"page_number", "page_size"}):
        call.mistake(f"{name} is ignored by the journal entries")
    number = fail_unless_number(asked.get("page_number", "1"), "page")
    size = min(100, fail_unless_number(asked.get("page_size", "15"), "page_size") or 15)
    rows = call.account.journals[(max(1, number) - 1) * size : max(1, number) * size]
    pages = -(-len(call.account.journals) // size)
    body = {"manualJournalEntries": [_shown(row) for row in rows], "pageNumber": number, "pages": pages}
    return result(body) if call.sim.options.journal_answer == "result" else json_response(body)


def _line(call: Call, detail: Any) -> Json:
    known = detail if isinstance(detail, dict) else {}
    given, side = known.get("amount"), SIDES.get(str(known.get("type")))
    if not isinstance(given, dict) or isinstance(given.get("amount"), str) or side is None:
        raise _bad("details", "a detail has an amount that is a JSON number, and the type TYPE_DEBIT or TYPE_CREDIT")
    value = decimal(given.get("amount"))
    if value is None or value <= 0 or not re.fullmatch("[A-Z]{3}", str(given.get("code"))):
        raise _bad("details", "the amount of a detail is not positive or has no currency")
    if known.get("accountId") not in call.account.ledger:
        raise not_found("account", "accountId", known.get("accountId"))
    return {"account": known["accountId"], "amount": money(value, given["code"]), "side": side}


def _keep(call: Call, lines: list[Json], day: str, name: str, about: str, number: str = "") -> Json:
    if sum((amount(line["amount"]) * line["side"] for line in lines), ZERO) != 0 or len(lines) < 2:
        message = "Debits must equal credits."
        raise invalid(answers.BAD_TOTAL, message, "details", object="journal_entry", mistake="debits are not credits")
    if not call.account.advanced_accounting:
        raise denied("Advanced accounting is not part of this plan.")
    id = call.account.number("journals")
    made = iso(call.account.changed(call.writer.moment), exact=True)
    entry: Json = {"id": id, "name": name, "number": number, "description": about, "day": day, "lines": lines}
    call.account.journals.append({**entry, "created_at": made})
    call.account.note(call.writer, "journal_entries", "create", id, sorted(entry))
    return entry


def _legacy(entry: Json) -> Json:
    kept = {name: entry[name] for name in ("id", "name", "description")}
    return {**kept, "entryid": entry["id"], "user_entered_date": entry["day"]}


def _detail(account: Account, entry: Json, line: Json) -> Json:
    side = "debit" if line["side"] > 0 else "credit"
    other = "credit" if side == "debit" else "debit"
    return {
        "detail_type": side,
        "sub_accountid": account.ledger[line["account"]]["legacy_id"],
        "user_entered_date": entry["day"],
        side: line["amount"],
        other: None,
    }


def _shown(entry: Json) -> Json:
    year, month, day = (int(part) for part in entry["day"].split("-"))
    words = {side: word for word, side in SIDES.items()}
    return {
        "id": entry["id"],
        "name": entry["name"],
        "journalEntryNumber": entry["number"],
        "description": entry["description"],
        "userEnteredDate": {"year": year, "month": month, "day": day},
        "details": [
            {
                "accountId": line["account"],
                "amount": {"amount": float(cents(amount(line["amount"]))), "code": line["amount"]["code"]},
                "type": words[line["side"]],
            }
            for line in entry["lines"]
        ],
    }


def _current(call: Call) -> None:
    if call.request.headers.get("x-api-version") != VERSION:
        trouble = Trouble(answers.INVALID, "Unsupported API version.", "x-api-version", "request")
        raise Refused(400, trouble, mistake=f"journal entries need the header x-api-version: {VERSION}")


def _bad(field: str, mistake: str) -> Refused:
    return invalid(answers.INVALID, "Invalid value.", field, object="journal_entry", mistake=mistake)
