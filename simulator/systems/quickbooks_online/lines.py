"""The lines of bills, vendor credits and purchase orders: what each must hold, and how ids survive an update."""

from __future__ import annotations

from decimal import Decimal

from simulator.systems.quickbooks_online.answers import business, refuse, required
from simulator.systems.quickbooks_online.company import Body, Stored
from simulator.systems.quickbooks_online.references import Call, drop_switched_off, exact, need, settle

ACCOUNT, ITEM, DESCRIPTION = "AccountBasedExpenseLineDetail", "ItemBasedExpenseLineDetail", "DescriptionOnly"


def prepare_lines(call: Call, entity: str, lines: list[Body], before: Stored | None) -> list[Body]:
    """The stored form of the lines: a known Id is updated, any other line is new, and what was not sent is gone."""
    old = {line["Id"]: line for line in before.body.get("Line", ())} if before else {}
    last = before.last_line if before else 0
    prepared = []
    for number, sent in enumerate(lines, start=1):
        was = old.pop(str(sent.get("Id", "")), None)
        last += was is None
        id = was["Id"] if was else str(last)
        line = {**_line(call, entity, dict(sent), was), "Id": id, "LineNum": number}
        prepared.append(line)
    return prepared


def _line(call: Call, entity: str, line: Body, was: Body | None) -> Body:
    kind = line.get("DetailType")
    if not kind:
        raise required("DetailType")
    if kind == DESCRIPTION:
        return line
    if kind not in (ACCOUNT, ITEM):
        raise refuse("2170", f"Invalid value for DetailType: {kind}", "DetailType", mistake=f"line of kind {kind}")
    if "Amount" not in line:
        raise required("Amount")
    detail = dict(line.get(kind) or {})
    reference = "AccountRef" if kind == ACCOUNT else "ItemRef"
    if reference not in detail:
        raise refuse(
            "6440", f"The line has an amount but no {reference}", reference, mistake=f"line without {reference}"
        )
    if kind == ACCOUNT:
        settle(call, detail, "AccountRef", "Account")
        _check_account(call, detail)
    else:
        settle(call, detail, "ItemRef", "Item")
        _check_product(line, detail)
    drop_switched_off(call, detail, "ClassRef", "AccountingInfoPrefs.ClassTrackingPerTxnLine")
    drop_switched_off(call, detail, "CustomerRef", "VendorAndPurchasesPrefs.TrackingByCustomer")
    settle(call, detail, "ClassRef", "Class")
    settle(call, detail, "CustomerRef", "Customer")
    _check_billable(detail, was[kind] if was and kind in was else {})
    _settle_tax_code(call, detail)
    line[kind] = detail
    return line


def _check_account(call: Call, detail: Body) -> None:
    account = need(call, "Account", detail["AccountRef"], "AccountRef")
    if account["AccountType"] == "Accounts Payable":
        raise refuse("6430", "Invalid account type used : Accounts Payable on a line", "AccountRef")
    if account["AccountType"] == "Accounts Receivable":
        raise business("When you use Accounts Receivable, you must choose a customer in the Name field", "AccountRef")


def _check_product(line: Body, detail: Body) -> None:
    if "Qty" not in detail or "UnitPrice" not in detail:
        return
    product = round(exact(detail["Qty"]) * exact(detail["UnitPrice"]), 2)
    if product != exact(line["Amount"]):
        raise refuse(
            "6070",
            f"Amount is not equal to UnitPrice * Qty. Supplied value:{line['Amount']}",
            "Amount",
            mistake="Amount differs from Qty * UnitPrice",
        )


def _check_billable(detail: Body, was: Body) -> None:
    status = detail.setdefault("BillableStatus", "NotBillable")
    if status == "HasBeenBilled":
        # a person may have billed the line since it was read; only inventing the state is careless
        invented = "" if was.get("BillableStatus") == status else "HasBeenBilled is set by the vendor only"
        raise refuse("2170", "Invalid value for BillableStatus: HasBeenBilled", "BillableStatus", mistake=invented)
    if status == "Billable" and "CustomerRef" not in detail:
        raise refuse("6310", "When you make an expense billable, you must choose a customer", "CustomerRef")


def _settle_tax_code(call: Call, detail: Body) -> None:
    code = detail.get("TaxCodeRef", {}).get("value")
    if code is None:
        if call.company.country == "US":
            detail["TaxCodeRef"] = {"value": "NON"}
    elif code not in call.company.tax_codes:
        raise refuse("6100", f"Invalid tax code : {code}", "TaxCodeRef")


def total(lines: list[Body]) -> Decimal:
    return sum((exact(line.get("Amount", 0)) for line in lines), Decimal(0))


def excluded_tax(call: Call, lines: list[Body]) -> Decimal:
    """What the tax codes add on top of net amounts."""
    tax = Decimal(0)
    for line in lines:
        detail = line.get(line["DetailType"], {})
        code = detail.get("TaxCodeRef", {}).get("value", "NON")
        tax += exact(line.get("Amount", 0)) * Decimal(call.company.tax_codes[code])
    return round(tax, 2)
