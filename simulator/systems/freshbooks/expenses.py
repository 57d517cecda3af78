"""Expenses, their categories and taxes: one amount and one category each, booked the moment they are made."""

from __future__ import annotations

from decimal import Decimal

from simulator.systems.freshbooks import answers
from simulator.systems.freshbooks.account import Account, Json, Writer
from simulator.systems.freshbooks.answers import invalid, not_found
from simulator.systems.freshbooks.calling import Call
from simulator.systems.freshbooks.fields import amount, decimal, money
from simulator.systems.freshbooks.listing import (
    VIS_STATE,
    Rule,
    Test,
    among,
    before_day,
    contains,
    differs,
    equals,
    from_day,
)
from simulator.systems.freshbooks.options import Options
from simulator.systems.freshbooks.times import eastern, eastern_exact
from simulator.systems.freshbooks.writing import Kind

STATUSES = (0, 1, 2, 4)
BLANK: Json = {
    "account_name": "", "accountid": None, "background_jobid": None, "bank_name": "", "bill_matches": [],
    "billable": False, "clientid": 0, "compounded_tax": False, "converse_projectid": None, "ext_accountid": None,
    "ext_invoiceid": 0, "ext_systemid": 0, "from_bulk_import": False, "has_receipt": False, "include_receipt": False,
    "invoiceid": None, "is_cogs": False, "isduplicate": False, "markup_percent": "0", "modern_projectid": None,
    "notes": "", "potential_bill_payment": False, "profileid": None, "projectid": 0, "status": 0, "taxAmount1": None,
    "taxAmount2": None, "taxName1": None, "taxName2": None, "taxPercent1": None, "taxPercent2": None,
    "transactionid": None, "vendor": None, "vis_state": 0,
}  # fmt: skip


def _expense(account: Account, options: Options, writer: Writer, given: Json, before: Json | None) -> Json:
    row: Json = {**(before or BLANK), **given}
    if account.find("categories", row["categoryid"]) is None:
        raise not_found("category", "categoryid", row["categoryid"])
    if int(row["staffid"]) not in account.staffs:
        raise not_found("staff", "staffid", row["staffid"])
    if amount(row["amount"]) < 0 and not options.negative_expenses:
        raise invalid(answers.NEGATIVE, "Value cannot be negative.", "amount", object="expense")
    if len(row["notes"] or "") > options.longest_notes:
        mistake = f"notes of more than {options.longest_notes} characters"
        raise invalid(answers.TOO_LONG, "Value is too long.", "notes", object="expense", mistake=mistake)
    if row["status"] not in STATUSES:
        raise invalid(answers.INVALID, "Invalid status.", "status", object="expense", mistake="no such status")
    _taxes(row, given)
    at = account.changed(writer.moment)
    row |= {"updated": eastern(at), "version": eastern_exact(at)}
    if before is None:
        id = account.number("expenses")
        row = {**row, "id": id, "expenseid": id, "accounting_systemid": account.account_id}
    return row


def _taxes(row: Json, given: Json) -> None:
    """The amount holds its taxes: each is the part that its percentage takes of the whole."""
    percents = [Decimal(row[f"taxPercent{n}"] or 0) for n in (1, 2)]
    for n, percent in zip((1, 2), percents, strict=True):
        if f"taxAmount{n}" in given or not percent:
            continue
        part = amount(row["amount"]) * percent / (100 + sum(percents))
        row[f"taxAmount{n}"] = money(part, row["amount"]["code"])


def show_expense(call: Call, row: Json) -> Json:
    included = call.includes("attachment", "category", "expense_profile", "project", "account")
    if "category" in included:
        return {**row, "category": call.account.tables["categories"][row["categoryid"]]}
    return dict(row)


EXPENSE = Kind(
    plural="expenses",
    single="expense",
    writable={
        "amount": "money",
        "date": "day",
        "categoryid": "int",
        "staffid": "int",
        "vendor": "text",
        "notes": "text",
        "status": "int",
        "has_receipt": "flag",
        "include_receipt": "flag",
        "attachment": "any",
        **{f"tax{name}{n}": kind for n in (1, 2) for name, kind in (("Name", "text"), ("Percent", "percent"))},
        **{f"taxAmount{n}": "money" for n in (1, 2)},
    },
    build=_expense,
    show=show_expense,
    needs=("amount", "date", "categoryid", "staffid"),
    computed=frozenset({"id", "expenseid", "updated", "version", "is_cogs"}),
    creation_only=frozenset({"status"}),
)


def _bound(first: bool) -> Rule:
    def rule(values: list[str]) -> Test:
        asked = decimal(values[-1]) or Decimal(0)
        if first:
            return lambda row: amount(row["amount"]) >= asked
        return lambda row: amount(row["amount"]) < asked

    return rule


def _ids(single: str, plural: str, name: str) -> dict[str, Rule]:
    return {single: equals(name), plural: among(name), f"{plural}[]": among(name)}


EXPENSE_RULES: dict[str, Rule] = {
    **VIS_STATE,
    **_ids("expenseid", "expenseids", "id"),
    **_ids("clientid", "clientids", "clientid"),
    **_ids("staffid", "staffids", "staffid"),
    **_ids("profileid", "profileids", "profileid"),
    **_ids("categoryid", "categoryids", "categoryid"),
    **_ids("projectid", "projectids", "projectid"),
    "clientid_not": differs("clientid"),
    "has_receipt": equals("has_receipt"),
    "amount_min": _bound(True),
    "amount_max": _bound(False),
    "date_min": from_day("date"),
    "date_max": before_day("date"),
    "updated_min": from_day("updated"),
    "updated_max": before_day("updated"),
    "vendor": equals("vendor"),
}
CATEGORY_RULES: dict[str, Rule] = {
    **VIS_STATE,
    "categoryids": among("id"),
    "categoryids[]": among("id"),
    "name": contains("category"),
    "is_cogs": equals("is_cogs"),
    "is_editable": equals("is_editable"),
    "parentid": equals("parentid"),
}


def _category(account: Account, options: Options, writer: Writer, given: Json, before: Json | None) -> Json:
    at = eastern(account.changed(writer.moment))
    if before is not None:
        return {**before, **given, "updated_at": at}
    id = account.number("categories")
    return {
        "id": id,
        "categoryid": id,
        "category": given["category"],
        "parentid": given.get("parentid"),
        "is_cogs": bool(given.get("is_cogs")),
        "is_editable": bool(given.get("is_editable")),
        "transaction_posted": False,
        "created_at": at,
        "updated_at": at,
        "vis_state": 0,
    }


def show_category(call: Call, row: Json) -> Json:
    call.includes("expense_usage_all_time", "expense_usage_this_year")
    return dict(row)


CATEGORY = Kind(plural="categories", single="category", writable={}, build=_category, show=show_category)
"""People alone write categories: the interface offers no create."""
