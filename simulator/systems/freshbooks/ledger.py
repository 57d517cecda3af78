"""The chart of accounts in its three shapes."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from werkzeug.wrappers import Response

from simulator.systems.freshbooks import answers, listing
from simulator.systems.freshbooks.account import Account, Json, Writer
from simulator.systems.freshbooks.answers import Refused, Trouble
from simulator.systems.freshbooks.calling import Call, result
from simulator.systems.freshbooks.fields import amount
from simulator.systems.freshbooks.times import iso
from simulator.systems.serving import json_response

BASE_NUMBERS = {
    "Cash & Bank": ("asset", "1000"), "Current Asset": ("asset", "1200"), "Long-Term Asset": ("asset", "1300"),
    "Property, Plant, and Equipment": ("asset", "1500"), "Current Liability": ("liability", "2000"),
    "Long-Term Liability": ("liability", "2500"), "Equity": ("equity", "3000"), "Income": ("income", "4000"),
    "Cost of Goods Sold": ("expense", "5000"), "Operating Expense": ("expense", "6000"),
}  # fmt: skip
ZERO = Decimal(0)


def add(account: Account, writer: Writer, name: str, sub_type: str, parent: str | None = None, **more: Any) -> Json:
    """One more account; a sub-account is numbered after its parent."""
    kind, base = BASE_NUMBERS[sub_type]
    above = account.ledger[parent] if parent else None
    legacy = account.number("ledger")
    siblings = [row for row in account.ledger.values() if row["sub_type"] == sub_type and not row["parent_account"]]
    number = f"{above['number']}-{len(above['sub_accounts']) + 1}" if above else str(int(base) + 10 * len(siblings))
    row: Json = {
        "uuid": account.uuid("ledger", legacy),
        "name": name,
        "number": number,
        "description": None,
        "type": kind,
        "sub_type": sub_type,
        "system_account_name": name,
        "parent_account": parent,
        "sub_accounts": [],
        "auto_created": False,
        "state": "active",
        "updated_at": iso(account.changed(writer.moment), exact=True),
        **more,
        "legacy_id": legacy,
    }
    account.ledger[row["uuid"]] = row
    if above:
        account.ledger[above["uuid"]] = {**above, "sub_accounts": [*above["sub_accounts"], row["uuid"]]}
    account.note(writer, "ledger_accounts", "create", row["uuid"], sorted(row))
    return row


def shown(row: Json) -> Json:
    return {name: value for name, value in row.items() if name != "legacy_id"}


def balance(account: Account, uuid: str) -> Decimal:
    """Debits less credits: manual entries, and the expenses whose category is named like the account."""
    lines = [line for entry in account.journals for line in entry["lines"] if line["account"] == uuid]
    total = sum((amount(line["amount"]) * line["side"] for line in lines), ZERO)
    row = account.ledger[uuid]
    if row["type"] == "expense" and row["parent_account"]:
        categories = {one["id"] for one in account.every("categories") if one["category"] == row["name"]}
        booked = (one for one in account.every("expenses") if one["vis_state"] != 1)
        total += sum((amount(one["amount"]) for one in booked if one["categoryid"] in categories), ZERO)
    return total


# ---------------------------------------------------------------------- the chart


def accounts(call: Call) -> Response:
    for name in call.request.args:
        call.mistake(f"{name} is ignored by the ledger accounts")
    return json_response({"data": [shown(row) for row in call.account.ledger.values()]})


def one_account(call: Call, uuid: str) -> Response:
    row = call.account.ledger.get(uuid)
    if row is None:
        raise Refused(404)
    return json_response({"data": shown(row)})


def create_account(call: Call) -> Response:
    body = call.request.get_json(silent=True) or {}
    lacking = [name for name in ("name", "sub_type", "parent_account") if not body.get(name)]
    if lacking:
        said = "This field is required."
        troubles = [Trouble(answers.REQUIRED, said, name, "account") for name in lacking]
        raise Refused(400, *troubles, mistake="a ledger account lacks " + ", ".join(lacking))
    if body["sub_type"] not in BASE_NUMBERS or body["parent_account"] not in call.account.ledger:
        raise Refused(400, Trouble(answers.INVALID, "Object does not exist.", "parent_account"), mistake="no parent")
    row = add(call.account, call.writer, str(body["name"]), str(body["sub_type"]), str(body["parent_account"]))
    return json_response({"data": shown(row)}, status=201)


def chart(call: Call) -> Response:
    """The report: its keys are in the open, not in brackets."""
    known = {"start_date", "end_date", "currency_code", "account_type", "state", "sort", "use_ledger_entries"}
    for name in sorted(set(call.request.args) - known):
        call.mistake(f"{name} is ignored by the report")
    kind, state = call.request.args.get("account_type"), call.request.args.get("state")

    def line(row: Json) -> Json:
        return {
            "account_name": row["name"],
            "account_number": row["number"],
            "account_type": row["type"],
            "account_sub_type": row["sub_type"],
            "account_uuid": row["uuid"],
            "balance": _three(balance(call.account, row["uuid"]), call.account.currency),
            "currency_code": call.account.currency,
            "state": row["state"],
            "auto_created": row["auto_created"],
            "system_account_name": row["system_account_name"],
        }

    def whole(row: Json) -> Json:
        below = [call.account.ledger[uuid] for uuid in row["sub_accounts"]]
        return {**line(row), "sub_accounts": [{**line(one), "parent_account_uuid": row["uuid"]} for one in below]}

    rows = [row for row in call.account.ledger.values() if not row["parent_account"]]
    rows = [row for row in rows if kind in (None, row["type"]) and state in (None, row["state"])]
    return result({"journal_entry_accounts": [whole(row) for row in rows]})


def legacy_accounts(call: Call) -> Response:
    def whole(row: Json) -> Json:
        below = [row, *(call.account.ledger[uuid] for uuid in row["sub_accounts"])]  # a root can be posted to as well
        return {
            "accountid": row["legacy_id"],
            "account_number": row["number"],
            "account_name": row["name"],
            "sub_accounts": [
                {
                    "sub_accountid": one["legacy_id"],
                    "account_sub_name": one["name"],
                    "account_sub_number": str(n),
                    "parentid": row["legacy_id"],
                    "custom": not one["auto_created"],
                    "balance": _three(balance(call.account, one["uuid"]), call.account.currency),
                }
                for n, one in enumerate(below)
            ],
        }

    roots = [row for row in call.account.ledger.values() if not row["parent_account"]]
    return listing.page(call, "journal_entry_accounts", roots, {}, lambda _, row: whole(row))


def _three(value: Decimal, code: str) -> Json:
    return {"amount": f"{value:.3f}", "code": code}
