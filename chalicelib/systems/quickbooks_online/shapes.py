"""Intuit's JSON on one side, our normal forms on the other; the only place where their spelling is known."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from chalicelib.engine.records import Current, Intent, Json, Money, Reference
from chalicelib.systems.quickbooks_online import lines, models, names
from chalicelib.systems.quickbooks_online.models import fit

Raw = Mapping[str, Any]
UI = "https://app.qbo.intuit.com/app"
VENDOR_TEXT = {"name": "DisplayName", "company": "CompanyName"}
ADDRESS = {
    "line1": "Line1",
    "line2": "Line2",
    "city": "City",
    "state": "CountrySubDivisionCode",
    "postal_code": "PostalCode",
}
# Of bills and purchase orders; each has those that its draft names.
REFERENCES = {
    "vendor": "VendorRef",
    "ap_account": "APAccountRef",
    "location": "DepartmentRef",
    "term": "SalesTermRef",
    "currency": "CurrencyRef",
}
TEXT = {"date": "TxnDate", "due_date": "DueDate", "number": "DocNumber", "status": "POStatus"}
UNITED_STATES = {"us", "usa", "united states", "united states of america"}  # the one country is spelled in ways
COMPUTED = {"TotalAmt", "Balance", "HomeBalance", "HomeTotalAmt", "MetaData", "domain", "VendorAddr", "RecurDataRef"}


# ---------------------------------------------------------------------------------------------- vendors


def vendor_body(body: Json, once: Json) -> dict[str, Any]:
    """The fields of a create; a field without a value is left out."""
    raw: dict[str, Any] = {theirs: body[ours] for ours, theirs in VENDOR_TEXT.items() if body.get(ours)}
    if body.get("email"):
        raw["PrimaryEmailAddr"] = {"Address": body["email"]}
    if body.get("phone"):
        raw["PrimaryPhone"] = {"FreeFormNumber": _phone(body, once)}
    address = {theirs: body[ours] for ours, theirs in ADDRESS.items() if body.get(ours)}
    if once.get("country"):
        address["Country"] = once["country"]
    if address:
        raw["BillAddr"] = address
    if body.get("currency"):
        raw["CurrencyRef"] = {"value": body["currency"]}  # for life: never sent again (sheet section 8.1)
    return raw


def vendor_changes(intent: Intent, current: Current) -> dict[str, Any]:
    """A sparse update of what differs: an empty text clears, a field left out stays (sheet section 19b)."""
    differs = {part for part, value in intent.body.items() if current.body.get(part) != value}
    ours = intent.body
    raw: dict[str, Any] = {"Id": current.id, "SyncToken": current.version, "sparse": True, "DisplayName": ours["name"]}
    if "company" in differs:
        raw["CompanyName"] = ours["company"]
    if "email" in differs:
        raw["PrimaryEmailAddr"] = {"Address": ours["email"]}
    if "phone" in differs:
        raw["PrimaryPhone"] = {"FreeFormNumber": _phone(ours, intent.once)}
    if differs & ADDRESS.keys():
        # The country and further lines stay as they are there; where it is on the map is computed.
        kept = {name: value for name, value in _inner(current.raw, "BillAddr").items() if name not in {"Lat", "Long"}}
        raw["BillAddr"] = kept | {theirs: ours[part] for part, theirs in ADDRESS.items() if part in ours}
    return raw


def vendor_current(raw: Raw) -> Current:
    """The currency is there only where the vendor names one, and can never change."""
    vendor = fit(models.Vendor, raw)
    body: Json = {
        "name": vendor.bare(vendor.DisplayName),
        "company": vendor.bare(vendor.CompanyName),
        "email": vendor.PrimaryEmailAddr.Address,
        "phone": names.dialled(vendor.PrimaryPhone.FreeFormNumber),
        **{ours: str(getattr(vendor.BillAddr, theirs)) for ours, theirs in ADDRESS.items()},
    }
    if vendor.CurrencyRef.value:
        body["currency"] = vendor.CurrencyRef.value
    return Current(
        id=vendor.Id,
        version=vendor.SyncToken,
        body=body,
        raw=dict(raw),
        locks={"currency": "a vendor keeps its currency for life"},
        url=f"{UI}/vendordetail?nameId={vendor.Id}",
        label=f"Vendor {vendor.DisplayName or vendor.Id}",
    )


def vendor_reference(raw: Raw) -> Reference:
    """Inactive vendors carry a suffix in their names; it is no part of the name (sheet section 15)."""
    vendor = fit(models.Vendor, raw)
    aliases = dict.fromkeys((vendor.bare(vendor.CompanyName), vendor.PrintOnCheckName))
    return Reference(
        id=vendor.Id,
        name=vendor.bare(vendor.DisplayName),
        code=vendor.AcctNum,
        active=vendor.Active,
        currency=vendor.CurrencyRef.value,
        aliases=[alias for alias in aliases if alias],
        contact={
            "email": vendor.PrimaryEmailAddr.Address,
            "line1": vendor.BillAddr.Line1,
            "city": vendor.BillAddr.City,
            "postal_code": vendor.BillAddr.PostalCode,
            "phone": vendor.PrimaryPhone.FreeFormNumber,
        },
    )


def _phone(body: Json, once: Json) -> object:
    """As the source spells it; the normal form compares without ornaments."""
    return once.get("phone") or body["phone"]


# ---------------------------------------------------------------------------------------------- bills, purchase orders


def document_body(body: Json, once: Json, mark: str) -> dict[str, Any]:
    """The fields of a create. The mark always stands last in the note and is never cut."""
    memo = names.text(str(once.get("memo") or ""), names.TEXT - len(mark) - 1)
    sent = [lines.sent(line) for line in lines_of(body)]
    return {**_document_fields(body), **_tax(once), "Line": sent, "PrivateNote": f"{memo} {mark}".strip()}


def document_merged(intent: Intent, current: Current) -> dict[str, Any]:
    """A full update: what stands there, with our fields put in its place and everything unknown kept.

    A reduced body would clear what it leaves out (sheet section 6).
    """
    computed = COMPUTED | ({"TxnTaxDetail"} if _tax(intent.once) else set())
    kept: dict[str, Any] = {name: value for name, value in current.raw.items() if name not in computed}
    if "number" in intent.body and not intent.body["number"]:
        kept.pop("DocNumber", None)
    listed = current.raw.get("Line")
    theirs = [line for line in listed if isinstance(line, dict)] if isinstance(listed, list) else []
    ours = lines.merged(lines_of(intent.body), theirs)
    identity = {"Id": current.id, "SyncToken": current.version, "sparse": False}
    return {**kept, **_document_fields(intent.body), **_tax(intent.once), **identity, "Line": ours}


def _document_fields(body: Json) -> dict[str, Any]:
    """What has no value is left out: empty references are fragile (sheet section 8.2.1)."""
    fields: dict[str, Any] = {theirs: {"value": body[ours]} for ours, theirs in REFERENCES.items() if body.get(ours)}
    return fields | {theirs: body[ours] for ours, theirs in TEXT.items() if body.get(ours)}


def _tax(once: Json) -> dict[str, Any]:
    """How the amounts stand to the tax: said with every write, never compared (it does not always come back)."""
    return {"GlobalTaxCalculation": once["tax_calculation"]} if once.get("tax_calculation") else {}


def lines_of(body: Json) -> Sequence[Mapping[str, Any]]:
    listed = body["lines"]
    assert isinstance(listed, list)
    return listed


def bill_current(raw: Raw, intent: Intent | None = None) -> Current:
    return document_current("bill", raw, intent)


def document_current(kind: str, raw: Raw, intent: Intent | None = None) -> Current:
    """A bill or purchase order; `intent` tells whose mark to look for."""
    bill = fit(models.Bill, raw)
    body: Json = {
        **{ours: getattr(bill, theirs).value for ours, theirs in REFERENCES.items()},
        **{ours: getattr(bill, theirs) for ours, theirs in TEXT.items()},
        # Subtotals are computed; every other kind of line is somebody's.
        "lines": [lines.form(line) for line in bill.Line if line.DetailType != "SubTotalLineDetail"],
    }
    total = f", {bill.TotalAmt:,.2f} {bill.CurrencyRef.value}".rstrip() if bill.TotalAmt is not None else ""
    spoken = kind.replace("_", " ").capitalize()
    return Current(
        id=bill.Id,
        version=bill.SyncToken,
        body=body,
        raw=dict(raw),
        locks=_locks(bill),
        ours=intent is not None and intent.mark in bill.PrivateNote,
        url=f"{UI}/{kind.replace('_', '')}?txnId={bill.Id}",
        label=f"{spoken} {bill.DocNumber or bill.Id} of {bill.VendorRef.name or bill.VendorRef.value}{total}",
        day=_day(bill.TxnDate),
        money=Money(bill.TotalAmt, bill.CurrencyRef.value) if bill.TotalAmt is not None else None,
    )


def _day(text: str) -> datetime.date | None:
    try:
        return datetime.date.fromisoformat(text[:10])
    except ValueError:
        return None


def _locks(bill: models.Bill) -> dict[str, str]:
    """A paid bill keeps its vendor, lines and currency (sheet section 6), and so does an order that is billed."""
    partly = bill.Balance is not None and bill.TotalAmt is not None and bill.Balance < bill.TotalAmt
    linked = {txn.TxnType for txn in bill.LinkedTxn}
    if partly or any(kind.startswith("BillPayment") for kind in linked):
        why = "it has payments"
    elif "Bill" in linked:
        why = "a bill is linked to it"
    else:
        return {}
    return dict.fromkeys(("vendor", "lines", "currency", "ap_account"), why)


def money(raw: Raw) -> Money | None:
    bill = fit(models.Bill, raw)
    return Money(bill.TotalAmt, bill.CurrencyRef.value) if bill.TotalAmt is not None else None


def note_of(raw: Raw) -> str:
    return fit(models.Bill, raw).PrivateNote


# ---------------------------------------------------------------------------------------------- lists


def reference(kind: str, raw: Raw) -> Reference:
    if kind == "vendor":
        return vendor_reference(raw)
    one = fit(models.Entry, raw)
    return Reference(
        id=one.Id,
        name=one.Name,
        full_name=one.FullyQualifiedName or one.Name,
        code=one.AcctNum,
        active=one.Active,
        kind=one.AccountType,
        currency=one.CurrencyRef.value,
    )


def preferences(raw: Raw, company: Raw) -> list[Reference]:
    """What decides about a document (sheet sections 8.8, 8.9), as facts under names of ours; "" if it is not said."""
    switches, country = fit(models.Preferences, raw), fit(models.CompanyInfo, company).Country
    books, currencies = switches.AccountingInfoPrefs, switches.CurrencyPrefs
    others = {pair.Name: pair.Value for pair in switches.OtherPrefs.NameValue}
    facts = {
        "book_close_date": books.BookCloseDate,
        "account_numbers": _flag(books.UseAccountNumbers),
        "classes_on_lines": _flag(books.ClassTrackingPerTxnLine),
        "locations": _flag(books.TrackDepartments),
        "multi_currency": _flag(currencies.MultiCurrencyEnabled),
        "home_currency": currencies.HomeCurrency.value,
        "sales_tax": _flag(switches.TaxPrefs.UsingSalesTax),
        "warns_of_duplicate_bills": others.get("WarnDuplicateBillNumber", ""),
        "purchase_orders": others.get("VendorAndPurchasesPrefs.PurchaseOrderEnabled", ""),
        "own_numbers": others.get("VendorAndPurchasesPrefs.UseCustomTxnNumbers", ""),
        "abroad": _flag(bool(country) and country.casefold() not in UNITED_STATES),
    }
    return [Reference(id=name, name=value) for name, value in facts.items()]


# ---------------------------------------------------------------------------------------------- values


def wire(value: object) -> object:
    """Ready for json.dumps. An amount has at most 15 digits, which a binary float writes as they are."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, Mapping):
        return {name: wire(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [wire(inner) for inner in value]
    return value


def plain(value: object) -> object:
    """Ready for the table: numbers as text, nothing lost but half characters, which no store and no hash takes."""
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, Mapping):
        return {str(name): plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    return value


def _inner(raw: Raw, name: str) -> dict[str, Any]:
    found = raw.get(name)
    return dict(found) if isinstance(found, Mapping) else {}


def _flag(value: bool) -> str:
    return "true" if value else "false"
