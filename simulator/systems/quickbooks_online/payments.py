"""Bill payments, and what applying or taking back one does to the bills and credits it names."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from simulator.systems.quickbooks_online.answers import business, refuse, required
from simulator.systems.quickbooks_online.company import Body, Stored
from simulator.systems.quickbooks_online.references import (
    Call,
    check_open_period,
    drop_switched_off,
    exact,
    named,
    need,
    settle,
    settle_currency,
    settle_payable,
)
from simulator.systems.quickbooks_online.transactions import PAYMENT

Applied = dict[tuple[str, str], Decimal]
BANK = {
    "Check": ("CheckPayment", "BankAccountRef", "Bank"),
    "CreditCard": ("CreditCardPayment", "CCAccountRef", "Credit Card"),
}


def applied(body: Mapping[str, object]) -> Applied:
    """How much of which bill or credit a payment settles."""
    sums: Applied = {}
    lines = body.get("Line", ())
    assert isinstance(lines, list | tuple)
    for line in lines:
        for link in line.get("LinkedTxn", ()):
            key = (link["TxnType"], link["TxnId"])
            sums[key] = sums.get(key, Decimal(0)) + exact(line["Amount"])
    return sums


def prepare_payment(call: Call, fields: Body, before: Stored | None) -> Body:
    old = before.body if before else {}
    for prop in ("VendorRef", "PayType", "TotalAmt"):
        if prop not in fields:
            raise required(prop)
    if "Line" not in fields and not old:
        raise required("Line")
    vendor = need(call, "Vendor", fields["VendorRef"], "VendorRef")
    if old and vendor["Id"] != old["VendorRef"]["value"]:
        raise business("The vendor of a payment cannot change", "VendorRef")
    fields["VendorRef"] = named(vendor)
    settle_currency(call, fields, vendor)
    settle_payable(call, fields)
    drop_switched_off(call, fields, "DepartmentRef", "AccountingInfoPrefs.TrackDepartments")
    settle(call, fields, "DepartmentRef", "Department")
    _settle_bank(call, fields)
    fields.pop("LinkedTxn", None)
    fields.setdefault("TxnDate", call.today())
    check_open_period(call, fields["TxnDate"], old.get("TxnDate"))
    for line in fields.get("Line", ()):
        _check_line(line)
    _check_applied(call, fields, applied(old))
    return fields


def _check_line(line: Body) -> None:
    if "Amount" not in line:
        raise required("Amount")
    if line["Amount"] < 0:
        raise refuse("2290", "The amount of a payment line must not be negative", "Amount", mistake="negative payment")
    links = line.get("LinkedTxn") or [{}]
    for prop in ("TxnId", "TxnType"):
        if not all(link.get(prop) for link in links):
            raise required(f"LinkedTxn.{prop}")


def _settle_bank(call: Call, fields: Body) -> None:
    group, prop, kind = BANK[fields["PayType"]]
    if prop not in fields.get(group, {}):
        raise required(prop)
    account = need(call, "Account", fields[group][prop], prop)
    if account["AccountType"] != kind:
        raise refuse("6430", f"Invalid account type used : {prop} must be a {kind} account", prop)
    fields[group] = {**fields[group], prop: named(account)}
    if group == "CheckPayment":
        fields[group].setdefault("PrintStatus", "NotSet")


def _check_applied(call: Call, fields: Body, old: Applied) -> None:
    out = Decimal(0)
    for (kind, id), amount in applied(fields).items():
        stored = call.find(kind, id) if kind in ("Bill", "VendorCredit") else None
        if stored is None:
            raise refuse("2500", f"Invalid Reference Id : Transactions element id {id} not found", "LinkedTxn")
        if stored.body["VendorRef"]["value"] != fields["VendorRef"]["value"]:
            raise refuse("620", "The transaction to link belongs to another vendor", "LinkedTxn")
        if amount > exact(stored.body["Balance"]) + old.get((kind, id), Decimal(0)):
            raise business(f"The amount is more than what is open on {kind} {id}", "Line")
        out += amount if kind == "Bill" else -amount
    if out > exact(fields["TotalAmt"]):
        raise business("The lines are more than the total of the payment", "TotalAmt")


def apply(call: Call, payment_id: str, before: Mapping[str, object], after: Mapping[str, object]) -> None:
    """Move the balances by the difference between two states of a payment; each touched bill gets a new SyncToken."""
    old, new = applied(before), applied(after)
    mine = {"TxnId": payment_id, "TxnType": PAYMENT}
    for key in sorted({*old, *new}):
        delta = new.get(key, Decimal(0)) - old.get(key, Decimal(0))
        kind, id = key
        stored = call.company.find(kind, id)
        if stored is None or (not delta and (key in old) == (key in new)):
            continue
        links = [link for link in stored.body.get("LinkedTxn", ()) if link != mine]
        if key in new:
            links.append(mine)
        balance = exact(stored.body["Balance"]) - delta
        fields = {**stored.body, "LinkedTxn": links, "Balance": float(balance)}
        if not links:
            del fields["LinkedTxn"]
        if "HomeBalance" in fields:
            fields["HomeBalance"] = float(round(balance * exact(fields.get("ExchangeRate", 1)), 2))
        operation = "PaymentApplied" if delta > 0 else "PaymentRemoved"
        call.company.change(kind, stored, fields, call.aside, operation=operation)
    cash = exact(after.get("TotalAmt", 0)) - exact(before.get("TotalAmt", 0))
    vendor = (after or before)["VendorRef"]
    assert isinstance(vendor, dict)
    call.company.owe(vendor["value"], -cash)


def voided(call: Call, stored: Stored) -> Body:
    """A voided payment keeps its header only."""
    check_open_period(call, stored.body["TxnDate"])
    if exact(stored.body["TotalAmt"]) == 0 and "Line" not in stored.body:
        raise business("The payment is void already")
    note = stored.body.get("PrivateNote", "")
    body = {**stored.body, "TotalAmt": 0, "PrivateNote": f"{note} Voided".strip()}
    body.pop("Line", None)
    return body


def detach(call: Call, entity: str, body: Body) -> None:
    """A document that goes leaves its payments behind, without the lines that settled it."""
    for link in body.get("LinkedTxn", ()):
        payment = call.company.find("BillPayment", link["TxnId"]) if link["TxnType"] == PAYMENT else None
        if payment is None:
            continue
        mine = (entity, body["Id"])
        lines = [
            line
            for line in payment.body.get("Line", ())
            if all((each["TxnType"], each["TxnId"]) != mine for each in line["LinkedTxn"])
        ]
        fields = {**payment.body, "Line": lines}
        if not lines:
            del fields["Line"]
        call.company.change("BillPayment", payment, fields, call.aside, operation="Detach")
