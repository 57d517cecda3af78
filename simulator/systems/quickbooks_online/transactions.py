"""Bills, vendor credits and purchase orders: what the vendor checks, fills in and computes."""

from __future__ import annotations

from decimal import Decimal

from simulator.systems.quickbooks_online.answers import business, refuse, required
from simulator.systems.quickbooks_online.company import Body, Stored
from simulator.systems.quickbooks_online.lines import excluded_tax, prepare_lines, total
from simulator.systems.quickbooks_online.references import (
    Call,
    check_open_period,
    drop_switched_off,
    due_date,
    exact,
    named,
    need,
    settle,
    settle_currency,
    settle_payable,
)

PAYMENT = "BillPaymentCheck"  # said for card payments too
ORDER = "PurchaseOrder"
DUPLICATE_NUMBER = (
    "Duplicate Document Number Error : You must specify a different number. This number has already been used. "
    "DocNumber={number} is assigned to TxnType={kind} with TxnId={id}"
)


def prepare_transaction(call: Call, entity: str, fields: Body, before: Stored | None) -> Body:
    """The whole new content of a document with lines, checked and computed, without any effect yet."""
    old = before.body if before else {}
    if "VendorRef" not in fields:
        raise required("VendorRef")
    if "Line" not in fields:
        raise required("Line")
    if not fields["Line"]:
        raise refuse("2250", "There must be at least one line in the transaction", "Line", mistake="no lines")
    vendor = need(call, "Vendor", fields["VendorRef"], "VendorRef")
    fields["VendorRef"] = named(vendor)
    _settle_header(call, entity, fields, vendor)
    if entity != ORDER:
        check_open_period(call, fields["TxnDate"], old.get("TxnDate"))
    _settle_number(call, entity, fields, old)
    _settle_tax_rule(call, fields)
    fields["Line"] = prepare_lines(call, entity, fields["Line"], before)
    _settle_total(call, entity, fields, old)
    _settle_order_links(call, entity, fields, before)
    return fields


def _settle_header(call: Call, entity: str, fields: Body, vendor: Body) -> None:
    settle_currency(call, fields, vendor)
    if entity == ORDER and "APAccountRef" not in fields and not call.by_person:
        raise required("APAccountRef")
    settle_payable(call, fields)
    drop_switched_off(call, fields, "DepartmentRef", "AccountingInfoPrefs.TrackDepartments")
    settle(call, fields, "DepartmentRef", "Department")
    settle(call, fields, "SalesTermRef", "Term")
    if "TxnDate" not in fields:
        call.warn("TxnDate is left to the server's calendar")
        fields["TxnDate"] = call.today()
    if entity == "Bill":
        fields.setdefault("DueDate", due_date(call, fields))
    if entity == ORDER:
        fields.setdefault("POStatus", "Open")
        drop_switched_off(call, fields, "ClassRef", "AccountingInfoPrefs.ClassTrackingPerTxn")
        settle(call, fields, "ClassRef", "Class")
        settle(call, fields, "ShipTo", "Customer")


def _settle_number(call: Call, entity: str, fields: Body, old: Body) -> None:
    company = call.company
    if entity != "Bill":
        if not company.preference("OtherPrefs.VendorAndPurchasesPrefs.UseCustomTxnNumbers"):
            fields["DocNumber"] = old.get("DocNumber") or str(1000 + int(company.next_id("number:" + entity)))
        return
    number, vendor_id = fields.get("DocNumber"), fields["VendorRef"]["value"]
    unchanged = old and number == old.get("DocNumber") and vendor_id == old["VendorRef"]["value"]
    warned = company.preference("OtherPrefs.WarnDuplicateBillNumber") and not call.by_person
    if not number or unchanged or not warned or call.allow_duplicates:
        return
    for id in company.by_number.get((entity, number), ()):
        other = company.objects[entity][id].body
        if id != old.get("Id") and other["VendorRef"]["value"] == vendor_id:
            raise refuse("6140", DUPLICATE_NUMBER.format(number=number, kind=entity, id=id))


def _settle_tax_rule(call: Call, fields: Body) -> None:
    if call.company.country == "US":
        if fields.pop("GlobalTaxCalculation", None) is not None:
            call.warn("GlobalTaxCalculation does not belong to a US company")
        if not call.company.preference("TaxPrefs.UsingSalesTax"):
            fields.pop("TxnTaxDetail", None)
        return
    if "GlobalTaxCalculation" not in fields:
        if not call.by_person:
            raise required("GlobalTaxCalculation")
        fields["GlobalTaxCalculation"] = "NotApplicable"
    if fields["GlobalTaxCalculation"] == "NotApplicable" and fields.get("TxnTaxDetail"):
        detail = "Tax detail must not be sent when GlobalTaxCalculation is NotApplicable"
        raise refuse("6170", detail, "TxnTaxDetail", mistake=detail)


def _settle_total(call: Call, entity: str, fields: Body, old: Body) -> None:
    company = call.company
    net = total(fields["Line"])
    tax = Decimal(0)
    if company.country == "US":
        tax = exact((fields.get("TxnTaxDetail") or {}).get("TotalTax", 0))
        if entity == "Bill" and Decimal(company.automatic_tax):
            tax = round(net * Decimal(company.automatic_tax), 2)
            fields["TxnTaxDetail"] = {"TotalTax": float(tax)}
    elif fields["GlobalTaxCalculation"] == "TaxExcluded":
        tax = excluded_tax(call, fields["Line"])
        fields["TxnTaxDetail"] = {"TotalTax": float(tax)}
    amount = net + tax
    if amount < 0:
        raise refuse("2290", "Transaction total amount must not be negative", "Line")
    settled = exact(old["TotalAmt"]) - exact(old["Balance"]) if "Balance" in old else Decimal(0)
    if settled > amount:
        raise business("The total is less than what has been paid already", "Line")
    if settled and fields["VendorRef"]["value"] != old["VendorRef"]["value"]:
        raise business("The vendor of a paid transaction cannot change", "VendorRef")
    fields["TotalAmt"] = float(amount)
    if entity == ORDER:
        return
    fields["Balance"] = float(amount - settled)
    if company.preference("CurrencyPrefs.MultiCurrencyEnabled"):
        home = (amount - settled) * exact(fields.get("ExchangeRate", 1))
        fields["HomeBalance"] = float(round(home, 2))


def _settle_order_links(call: Call, entity: str, fields: Body, before: Stored | None) -> None:
    """Payments stay linked whatever is sent; a purchase order that does not fit is dropped without a word."""
    old = before.body if before else {}
    wanted = {link.get("TxnId") for link in fields.pop("LinkedTxn", None) or () if link.get("TxnType") == ORDER}
    links = [link for link in old.get("LinkedTxn", ()) if link["TxnType"] != ORDER]
    if entity != "Bill":
        links = old.get("LinkedTxn", [])
    kept: set[str] = set()
    known = {line["Id"]: line for line in old.get("Line", ())}
    for line in fields["Line"]:
        asked = line.pop("LinkedTxn", None) or ()
        fitting = [a for a in asked if entity == "Bill" and _fits(call, fields, a, wanted, known.get(line["Id"]))]
        if fitting:
            line["LinkedTxn"] = fitting
            kept |= {link["TxnId"] for link in fitting}
    links = [*({"TxnId": id, "TxnType": ORDER} for id in sorted(kept)), *links]
    if links:
        fields["LinkedTxn"] = links


def _fits(call: Call, fields: Body, link: Body, wanted: set[str | None], was: Body | None) -> bool:
    if was is not None:
        return link in was.get("LinkedTxn", ())  # an existing line cannot be linked anew
    order = call.find(ORDER, link.get("TxnId", "")) if link.get("TxnType") == ORDER else None
    if order is None or link["TxnId"] not in wanted or order.body["VendorRef"]["value"] != fields["VendorRef"]["value"]:
        return False
    lines = {line["Id"] for line in order.body["Line"]}
    return order.body["POStatus"] == "Open" and link.get("TxnLineId") in lines


def link_orders(call: Call, before: Body, bill: Body) -> None:
    """Tell the purchase orders which bill they ended in; an order whose every line is billed closes."""
    old = {link["TxnId"] for link in before.get("LinkedTxn", ()) if link["TxnType"] == ORDER}
    new = {link["TxnId"] for link in bill.get("LinkedTxn", ()) if link["TxnType"] == ORDER}
    mine = {"TxnId": bill["Id"], "TxnType": "Bill"}
    for id in sorted(old ^ new):
        order = call.company.find(ORDER, id)
        if order is None:
            continue
        links = [link for link in order.body.get("LinkedTxn", ()) if link != mine]
        fields = {**order.body, "LinkedTxn": [*links, mine] if id in new else links}
        billed = {
            link["TxnLineId"]
            for line in bill.get("Line", ())
            for link in line.get("LinkedTxn", ())
            if link["TxnId"] == id
        }
        fields["POStatus"] = "Closed" if billed >= {line["Id"] for line in order.body["Line"]} else "Open"
        call.company.change(ORDER, order, fields, call.aside, operation="Link")


def check_delete(call: Call, entity: str, stored: Stored) -> None:
    body = stored.body
    if entity != ORDER:
        check_open_period(call, body["TxnDate"])
    paid = any(link["TxnType"].startswith("BillPayment") for link in body.get("LinkedTxn", ()))
    if paid and not call.by_person:
        call.warn(f"deletes {entity} {body['Id']}, which has payments")
        if call.options.paid_bill_delete == "refuse":
            raise refuse("800", "The transaction has payments linked to it. Unlink them before deleting it")
