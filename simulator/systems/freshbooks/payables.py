"""Bill vendors, bills and bill payments: totals, status and due date are computed, never written."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from simulator.systems.freshbooks import answers, fields
from simulator.systems.freshbooks.account import DELETED, Account, Json, Writer
from simulator.systems.freshbooks.answers import invalid, not_found, required
from simulator.systems.freshbooks.calling import Call
from simulator.systems.freshbooks.fields import amount, cents, money
from simulator.systems.freshbooks.options import Options
from simulator.systems.freshbooks.times import eastern, naive_utc, today
from simulator.systems.freshbooks.writing import Kind

ZERO = Decimal(0)
PAYMENT_TYPES = frozenset(
    {
        *("Check", "Credit", "Cash", "Bank Transfer", "Credit Card", "Debit", "PayPal", "2Checkout", "VISA"),
        *("MASTERCARD", "DISCOVER", "AMEX", "DINERS", "JCB", "ACH", "Other"),
    }
)
VENDOR_TEXTS = (
    "vendor_name", "account_number", "primary_contact_first_name", "primary_contact_last_name",
    "primary_contact_email", "phone", "website", "street", "street2", "city", "province", "postal_code", "country",
    "note",
)  # fmt: skip
LINE_FIELDS = {
    "description": "text", "quantity": "number", "unit_cost": "money", "categoryid": "int", "tax_name1": "text",
    "tax_percent1": "percent", "tax_authorityid1": "text", "tax_name2": "text", "tax_percent2": "percent",
    "tax_authorityid2": "text",
}  # fmt: skip


# ---------------------------------------------------------------------- vendors


def _vendor(account: Account, options: Options, writer: Writer, given: Json, before: Json | None) -> Json:
    at = account.changed(writer.moment)
    stamp = eastern(at) if options.vendor_zone == "eastern" else naive_utc(at)
    if before is not None:
        return {**before, **given, "updated_at": stamp}
    id = account.number("bill_vendors")
    return {
        "id": id,
        "vendorid": id,
        **dict.fromkeys(VENDOR_TEXTS),
        "currency_code": account.currency,
        "language": "en",
        "is_1099": False,
        "tax_defaults": [],
        **given,
        "created_at": stamp,
        "updated_at": stamp,
        "vis_state": 0,
    }


def show_vendor(call: Call, row: Json) -> Json:
    return vendor_shape(call.account, row, today(call.writer.moment))


def vendor_shape(account: Account, row: Json, day: str) -> Json:
    """Balances are lists of wrapped amounts, one per currency."""
    open_bills = [bill for bill in account.every("bills") if bill["vendorid"] == row["id"] and bill["vis_state"] != 1]
    owed: dict[str, Decimal] = {}
    late: dict[str, Decimal] = {}
    for bill in open_bills:
        left = standing(account, bill).outstanding
        for sums, counts in ((owed, True), (late, bill["due_date"] < day)):
            if counts and left:
                sums[bill["currency_code"]] = sums.get(bill["currency_code"], ZERO) + left
    shown = {name: value for name, value in row.items() if name != "id"}
    return {
        **shown,
        "outstanding_balance": [{"amount": money(value, code)} for code, value in owed.items()],
        "overdue_balance": [{"amount": money(value, code)} for code, value in late.items()],
    }


VENDOR = Kind(
    plural="bill_vendors",
    single="bill_vendor",
    writable={
        **dict.fromkeys(VENDOR_TEXTS, "text"),
        "currency_code": "text 3",
        "language": "text",
        "is_1099": "flag",
        "tax_defaults": "any",
    },
    build=_vendor,
    show=show_vendor,
    needs=("vendor_name",),
    computed=frozenset({"outstanding_balance", "overdue_balance", "created_at", "updated_at", "vendorid"}),
)


# ---------------------------------------------------------------------- bills


class Standing:
    """What a bill adds up to today."""

    def __init__(self, account: Account, bill: Json) -> None:
        self.net = sum((amount(line["amount"]) for line in bill["lines"]), ZERO)
        taxes = [line[f"tax_amount{n}"] for line in bill["lines"] for n in (1, 2)]
        self.tax = sum((amount(tax) for tax in taxes if tax), ZERO)
        self.total = self.net + self.tax
        payments = (row for row in account.every("bill_payments") if row["billid"] == bill["id"])
        self.paid = sum((amount(row["amount"]) for row in payments if row["vis_state"] != DELETED), ZERO)
        self.outstanding = self.total - self.paid

    def status(self, bill: Json, day: str) -> str:
        if self.outstanding <= 0:
            return "paid"
        if self.paid > 0:
            return "partial"
        return "overdue" if bill["due_date"] < day else "unpaid"


def standing(account: Account, bill: Json) -> Standing:
    return Standing(account, bill)


def _bill(account: Account, options: Options, writer: Writer, given: Json, before: Json | None) -> Json:
    at = naive_utc(account.changed(writer.moment))
    row: Json = {
        **(before or {"bill_number": None, "attachment": None, "language": "en", "lines": [], "vis_state": 0}),
        **{name: value for name, value in given.items() if name != "lines"},
    }
    if account.find("bill_vendors", row["vendorid"]) is None:
        raise not_found("bill_vendor", "vendorid", row["vendorid"])
    if "lines" in given:
        row["lines"] = [
            _line(account, writer, line, n, str(row["currency_code"])) for n, line in enumerate(given["lines"] or (), 1)
        ]
    due = date.fromisoformat(row["issue_date"]) + timedelta(days=int(row["due_offset_days"]))
    row |= {"due_date": due.isoformat(), "updated_at": at}
    return row if before else {"id": account.number("bills"), "created_at": at, **row}


def _line(account: Account, writer: Writer, given: Any, index: int, code: str) -> Json:
    if not isinstance(given, Mapping):
        raise invalid(answers.INVALID, "Invalid line.", "lines", object="bill", mistake="a line is no object")
    kept = fields.read(
        {name: value for name, value in given.items() if name not in ("id", "list_index")},
        LINE_FIELDS,
        object="bill",
        note=lambda what: None,
        read_only=frozenset(),
        computed=frozenset({"amount", "total_amount", "category"}),
    )
    if kept.get("categoryid") is None:
        raise required("categoryid", "bill")
    if account.find("categories", kept["categoryid"]) is None:
        raise not_found("category", "categoryid", kept["categoryid"])
    quantity, cost = Decimal(kept.get("quantity") or "1"), kept.get("unit_cost") or money(ZERO, code)
    if cost["code"] != code:
        raise invalid(answers.INVALID, "Currency does not match.", "unit_cost", object="bill", mistake="two currencies")
    net = cents(quantity * amount(cost))
    line: Json = {"id": account.number("lines"), "list_index": index, "categoryid": kept["categoryid"]}
    line |= {"description": kept.get("description"), "quantity": f"{quantity.normalize():f}", "unit_cost": cost}
    total = net
    for n in (1, 2):
        percent = kept.get(f"tax_percent{n}")
        tax = cents(net * Decimal(percent) / 100) if percent is not None else None
        total += tax or ZERO
        line |= {f"tax_name{n}": kept.get(f"tax_name{n}"), f"tax_percent{n}": percent}
        line |= {f"tax_amount{n}": None if tax is None else money(tax, code)}
        line |= {f"tax_authorityid{n}": kept.get(f"tax_authorityid{n}")}
    return {**line, "amount": money(net, code), "total_amount": money(total, code)}


def show_bill(call: Call, row: Json) -> Json:
    account, options, day = call.account, call.sim.options, today(call.writer.moment)
    included = "vendor" in call.includes("vendor")
    if call.request.method == "GET" and not included:
        call.mistake("a bill is read without include[]=vendor")
    shown = bill_shape(account, row, day, options)
    if included:
        shown["vendor"] = vendor_shape(account, account.tables["bill_vendors"][row["vendorid"]], day)
    elif options.bills_need_include:
        del shown["vendorid"]
    return shown


def bill_shape(account: Account, row: Json, day: str, options: Options) -> Json:
    sums, code = standing(account, row), row["currency_code"]
    payments = [one for one in account.every("bill_payments") if one["billid"] == row["id"]]
    if not options.embedded_deleted_payments:
        payments = [one for one in payments if one["vis_state"] != DELETED]
    names = [account.tables["categories"][line["categoryid"]]["category"] for line in row["lines"]]
    return {
        **row,
        "lines": [_show_line(account, line, options) for line in row["lines"]],
        "status": sums.status(row, day),
        "amount": money(sums.net, code),
        "tax_amount": money(sums.tax, code),
        "total_amount": money(sums.total, code),
        "paid": money(sums.paid, code),
        "outstanding": money(sums.outstanding, code),
        "overall_category": names[0] if len(set(names)) == 1 else "Multiple" if names else None,
        "overall_description": row["lines"][0]["description"] if row["lines"] else None,
        "bill_payments": payments,
    }


def _show_line(account: Account, line: Json, options: Options) -> Json:
    category = account.tables["categories"][line["categoryid"]]
    if options.line_shape == "flat":
        return {**line, "category": category["category"], "quantity": float(line["quantity"])}
    return {name: value for name, value in line.items() if name != "categoryid"} | {"category": category}


BILL = Kind(
    plural="bills",
    single="bill",
    writable={
        "vendorid": "int",
        "bill_number": "text",
        "issue_date": "day",
        "due_offset_days": "int",
        "currency_code": "text 3",
        "language": "text",
        "lines": "any",
        "attachment": "any",
    },
    build=_bill,
    show=show_bill,
    needs=("vendorid", "issue_date", "due_offset_days", "currency_code", "language"),
    read_only=frozenset({"due_date"}),
    computed=frozenset({"amount", "tax_amount", "total_amount", "paid", "outstanding", "status", "bill_payments"}),
)


# ---------------------------------------------------------------------- payments


def _payment(account: Account, options: Options, writer: Writer, given: Json, before: Json | None) -> Json:
    account.changed(writer.moment)
    row: Json = {**(before or {"note": "", "matched_with_expense": False, "vis_state": 0}), **given}
    if account.find("bills", row["billid"]) is None:
        raise not_found("bill", "billid", row["billid"])
    if row.get("payment_type") not in PAYMENT_TYPES:
        raise invalid(answers.INVALID, "Invalid payment type.", "payment_type", object="bill_payment")
    if options.payment_touches_bill:
        bill = account.tables["bills"][row["billid"]]
        touched = {**bill, "updated_at": naive_utc(account.changed(writer.moment))}
        account.put("bills", bill["id"], touched, writer, "update")
    return row if before else {"id": account.number("bill_payments"), **row}


def show_payment(call: Call, row: Json) -> Json:
    return dict(row)


PAYMENT = Kind(
    plural="bill_payments",
    single="bill_payment",
    writable={"billid": "int", "amount": "money", "paid_date": "day", "payment_type": "text", "note": "text"},
    build=_payment,
    show=show_payment,
    needs=("billid", "amount", "paid_date", "payment_type"),
    computed=frozenset({"matched_with_expense"}),
)
