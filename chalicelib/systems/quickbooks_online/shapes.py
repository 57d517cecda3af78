"""Intuit's JSON on one side, our normal forms on the other; the only place where their spelling is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from chalicelib.engine.records import Current, Intent, Json, Money, Reference
from chalicelib.systems.quickbooks_online import names

Raw = Mapping[str, Any]
CENT = Decimal("0.01")
DELETED = " (deleted)"
LINE_DETAIL = "AccountBasedExpenseLineDetail"
UI = "https://app.qbo.intuit.com/app"
VENDOR_TEXT = {"name": "DisplayName", "company": "CompanyName"}
ADDRESS = {
    "line1": "Line1",
    "line2": "Line2",
    "city": "City",
    "state": "CountrySubDivisionCode",
    "postal_code": "PostalCode",
}


# ---------------------------------------------------------------------------------------------- vendors


def vendor_body(body: Json, once: Json) -> dict[str, Any]:
    """The fields of a create or a sparse update; a field without a value is left out."""
    raw: dict[str, Any] = {theirs: body[ours] for ours, theirs in VENDOR_TEXT.items() if body[ours]}
    if body["email"]:
        raw["PrimaryEmailAddr"] = {"Address": body["email"]}
    if body["phone"]:
        raw["PrimaryPhone"] = {"FreeFormNumber": body["phone"]}
    address = {theirs: body[ours] for ours, theirs in ADDRESS.items() if body[ours]}
    if once.get("country"):
        address["Country"] = once["country"]
    if address:
        raw["BillAddr"] = address
    return raw


def vendor_current(raw: Raw, intent: Intent | None = None) -> Current:
    address = raw.get("BillAddr") or {}
    body: Json = {
        "name": bare_name(raw),
        "company": _text(raw, "CompanyName"),
        "email": _text(raw.get("PrimaryEmailAddr"), "Address"),
        "phone": _text(raw.get("PrimaryPhone"), "FreeFormNumber"),
        **{ours: _text(address, theirs) for ours, theirs in ADDRESS.items()},
    }
    return Current(
        id=str(raw["Id"]),
        version=str(raw.get("SyncToken", "")),
        body=body,
        raw=dict(raw),
        url=f"{UI}/vendordetail?nameId={raw['Id']}",
        label=f"vendor {raw.get('DisplayName', raw['Id'])}",
    )


def vendor_reference(raw: Raw) -> Reference:
    """Inactive vendors carry a suffix in their names; it is no part of the name (sheet section 15)."""
    address = raw.get("BillAddr") or {}
    aliases = dict.fromkeys(_text(raw, name) for name in ("CompanyName", "PrintOnCheckName"))
    return Reference(
        id=str(raw["Id"]),
        name=bare_name(raw),
        code=_text(raw, "AcctNum"),
        active=raw.get("Active", True) is not False,
        currency=_text(raw.get("CurrencyRef"), "value"),
        aliases=[alias for alias in aliases if alias],
        contact={
            "email": _text(raw.get("PrimaryEmailAddr"), "Address"),
            "line1": _text(address, "Line1"),
            "city": _text(address, "City"),
            "postal_code": _text(address, "PostalCode"),
            "phone": _text(raw.get("PrimaryPhone"), "FreeFormNumber"),
        },
    )


def bare_name(raw: Raw) -> str:
    name = _text(raw, "DisplayName")
    inactive = raw.get("Active", True) is False
    return name[: -len(DELETED)] if inactive and name.lower().endswith(DELETED) else name


# ---------------------------------------------------------------------------------------------- bills


def bill_body(body: Json, once: Json, mark: str) -> dict[str, Any]:
    """The fields of a create. The mark always stands last in the note and is never cut."""
    memo = names.text(str(once.get("memo") or ""), names.TEXT - len(mark) - 1)
    return {
        **_bill_fields(body),
        "Line": [_line(line) for line in lines_of(body)],
        "PrivateNote": f"{memo} {mark}".strip(),
    }


def bill_merged(intent: Intent, current: Current) -> dict[str, Any]:
    """A full update: what stands there, with our fields put in its place and everything unknown kept.

    A reduced body would clear what it leaves out (sheet section 6): line attributes that we do not own stay on the line
    that holds the same place and account.
    """
    merged = {**current.raw, **_bill_fields(intent.body), "sparse": False}
    if not intent.body["number"]:
        merged.pop("DocNumber", None)
    theirs = [line for line in current.raw.get("Line") or [] if isinstance(line, dict)]  # type: ignore[attr-defined]
    kept = [line for line in theirs if line.get("DetailType") == LINE_DETAIL]
    lines = []
    for n, ours in enumerate(lines_of(intent.body)):
        line = _line(ours)
        if n < len(kept):
            detail = {**kept[n].get(LINE_DETAIL, {}), **line[LINE_DETAIL]}
            line = {**kept[n], **line, LINE_DETAIL: detail}
        lines.append(line)
    others = [line for line in theirs if line.get("DetailType") not in {LINE_DETAIL, "SubTotalLineDetail"}]
    merged["Line"] = [*lines, *others]
    for computed in ("TotalAmt", "Balance", "HomeBalance", "MetaData", "domain", "VendorAddr"):
        merged.pop(computed, None)
    return merged


def _bill_fields(body: Json) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "VendorRef": {"value": body["vendor"]},
        "APAccountRef": {"value": body["ap_account"]},
        "TxnDate": body["date"],
    }
    if body.get("due_date"):
        fields["DueDate"] = body["due_date"]
    if body["number"]:
        fields["DocNumber"] = body["number"]
    if body.get("currency"):
        fields["CurrencyRef"] = {"value": body["currency"]}
    return fields


def _line(line: Mapping[str, Any]) -> dict[str, Any]:
    detail: dict[str, Any] = {"AccountRef": {"value": line["account"]}}
    if line["class"]:
        detail["ClassRef"] = {"value": line["class"]}
    sent: dict[str, Any] = {"Amount": Decimal(line["amount"]), "DetailType": LINE_DETAIL, LINE_DETAIL: detail}
    if line["description"]:
        sent["Description"] = line["description"]
    return sent


def lines_of(body: Json) -> Sequence[Mapping[str, Any]]:
    lines = body["lines"]
    assert isinstance(lines, list)
    return lines


def bill_current(raw: Raw, intent: Intent | None = None) -> Current:
    """`intent` tells whose mark to look for."""
    number, vendor = _text(raw, "DocNumber"), _text(raw.get("VendorRef"), "name")
    body: Json = {
        "vendor": _text(raw.get("VendorRef"), "value"),
        "ap_account": _text(raw.get("APAccountRef"), "value"),
        "date": _text(raw, "TxnDate"),
        "due_date": _text(raw, "DueDate"),
        "number": number,
        "currency": _text(raw.get("CurrencyRef"), "value"),
        "lines": [_line_form(line) for line in raw.get("Line") or [] if _counts(line)],
    }
    total = money(raw)
    return Current(
        id=str(raw["Id"]),
        version=str(raw.get("SyncToken", "")),
        body=body,
        raw=dict(raw),
        locks=_locks(raw),
        ours=intent is not None and intent.mark in _text(raw, "PrivateNote"),
        url=f"{UI}/bill?txnId={raw['Id']}",
        label=f"bill {number or raw['Id']} of {vendor or body['vendor']}" + (f", {total}" if total else ""),
    )


def _line_form(line: Raw) -> Json:
    detail = line.get(LINE_DETAIL) or {}
    return {
        "account": _text(detail.get("AccountRef"), "value"),
        "amount": f"{amount(line.get('Amount')):.2f}",
        "description": _text(line, "Description"),
        "class": _text(detail.get("ClassRef"), "value"),
    }


def _counts(line: object) -> bool:
    """Subtotals are computed; every other kind is somebody's."""
    return isinstance(line, dict) and line.get("DetailType") != "SubTotalLineDetail"


def _locks(raw: Raw) -> dict[str, str]:
    """A paid bill keeps its vendor, lines and currency (sheet section 6)."""
    linked = raw.get("LinkedTxn")
    paid = (
        any(str(txn.get("TxnType", "")).startswith("BillPayment") for txn in linked)
        if isinstance(linked, list)
        else False
    )
    total, balance = raw.get("TotalAmt"), raw.get("Balance")
    partly = balance is not None and total is not None and amount(balance) < amount(total)
    if not paid and not partly:
        return {}
    return dict.fromkeys(("vendor", "lines", "currency", "ap_account"), "it has payments")


def money(raw: Raw) -> Money | None:
    if raw.get("TotalAmt") is None:
        return None
    return Money(amount(raw["TotalAmt"]), _text(raw.get("CurrencyRef"), "value"))


# ---------------------------------------------------------------------------------------------- lists


def reference(kind: str, raw: Raw) -> Reference:
    if kind == "vendor":
        return vendor_reference(raw)
    return Reference(
        id=str(raw["Id"]),
        name=_text(raw, "Name"),
        full_name=_text(raw, "FullyQualifiedName") or _text(raw, "Name"),
        code=_text(raw, "AcctNum"),
        active=raw.get("Active", True) is not False,
        kind=_text(raw, "AccountType"),
        currency=_text(raw.get("CurrencyRef"), "value"),
    )


def preferences(raw: Raw) -> list[Reference]:
    """The switches that decide about a document (sheet section 8.9), as facts under names of ours."""
    accounting, currency = raw.get("AccountingInfoPrefs") or {}, raw.get("CurrencyPrefs") or {}
    others = {
        str(pair.get("Name")): str(pair.get("Value"))
        for pair in (raw.get("OtherPrefs") or {}).get("NameValue") or []
        if isinstance(pair, dict)
    }
    facts = {
        "book_close_date": _text(accounting, "BookCloseDate"),
        "account_numbers": _flag(accounting.get("UseAccountNumbers")),
        "classes_on_lines": _flag(accounting.get("ClassTrackingPerTxnLine")),
        "locations": _flag(accounting.get("TrackDepartments")),
        "multi_currency": _flag(currency.get("MultiCurrencyEnabled")),
        "home_currency": _text(currency.get("HomeCurrency"), "value"),
        "sales_tax": _flag((raw.get("TaxPrefs") or {}).get("UsingSalesTax")),
        "warns_of_duplicate_bills": others.get("WarnDuplicateBillNumber", ""),
    }
    return [Reference(id=name, name=value) for name, value in facts.items()]


# ---------------------------------------------------------------------------------------------- values


def amount(value: object) -> Decimal:
    try:
        return Decimal(str(value)).quantize(CENT, ROUND_HALF_UP)
    except InvalidOperation:
        return Decimal("0.00")


def wire(value: object) -> object:
    """Ready for json.dumps: amounts as numbers of at most two decimals."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, Mapping):
        return {name: wire(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [wire(inner) for inner in value]
    return value


def plain(value: object) -> object:
    """Ready for the table: numbers as text, nothing lost."""
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, Mapping):
        return {str(name): plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    return value


def _text(raw: Any, name: str) -> str:
    found = raw.get(name) if isinstance(raw, Mapping) else None
    return "" if found is None else str(found)


def _flag(value: object) -> str:
    return "true" if value in (True, "true") else "false"
