"""What all writes share: reading an element into values, resolving references, and the rules that bind every writer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from simulator.systems.quickbooks_desktop.answers import Refused, Stale, missing, not_enabled, unknown_object
from simulator.systems.quickbooks_desktop.company import ITEMS, PEOPLE, CompanyFile, Entry, Row, Writer
from simulator.systems.quickbooks_desktop.grammar import model
from simulator.systems.quickbooks_desktop.options import Options
from simulator.systems.quickbooks_desktop.parts import REFERENCES

Element = Any  # lxml ships no types
REFERRED = {
    "VendorRef": ("Vendor",),
    "PayeeEntityRef": PEOPLE,
    "CustomerRef": ("Customer",),
    "ClassRef": ("Class",),
    "TermsRef": ("StandardTerms",),
    "ItemRef": ITEMS,
    "VendorTypeRef": ("VendorType",),
    "CurrencyRef": ("Currency",),
    "AccountRef": ("Account",),
    "APAccountRef": ("Account",),
    "PrefillAccountRef": ("Account",),
}
TAX_FIELDS = frozenset(
    {
        *("SalesTaxCodeRef", "SalesTaxCountry", "IsSalesTaxAgency", "SalesTaxReturnRef", "TaxRegistrationNumber"),
        *("ReportingPeriod", "IsTaxTrackedOnPurchases", "TaxOnPurchasesAccountRef", "IsTaxTrackedOnSales"),
        *("TaxOnSalesAccountRef", "IsTaxOnTax", "IsTaxIncluded", "TaxAmount"),
    }
)
REPEATED = frozenset({"PrefillAccountRef", "AdditionalContactRef", "LinkToTxnID", "DataExt"})
LINES = frozenset({"ExpenseLineAdd", "ItemLineAdd", "ExpenseLineMod", "ItemLineMod", "PurchaseOrderLineAdd"})
NOT_KEPT = frozenset({"Contacts", "ContactsMod", "AdditionalNotes", "AdditionalNotesMod", "BillingRateRef"})
GROUPS = frozenset({"ItemGroupLineAdd", "ItemGroupLineMod", "PurchaseOrderLineGroupAdd"})


@dataclass(frozen=True, slots=True)
class Call:
    """One request at work on one company file."""

    company: CompanyFile
    options: Options
    writer: Writer
    today: str  # by the clock of the PC

    def plain(self, text: str) -> str:
        """As it is stored: in windows-1252, with nothing around it."""
        kept = text.encode("cp1252", "replace").decode("cp1252")
        if kept != text and self.options.odd_characters_refused:
            raise Refused(3080, f'The string "{text}" has characters that cannot be used.')
        return kept.strip()


def read(call: Call, element: Element, place: str) -> Row:
    """An element's values: text, addresses as dictionaries, references as ids, lines as lists of the same."""
    values: Row = {}
    for child in element:
        name = str(child.tag)
        if name in TAX_FIELDS and call.company.preferences["country"] == "US":
            raise not_enabled(name)
        if name in GROUPS:
            raise missing("Item group", child[0].findtext("FullName", ""), place)
        if name in LINES:
            value: Any = read(call, child, place)
            values.setdefault(name, []).append(value)
            continue
        value = _value(call, child, name, place)
        if name in REPEATED:
            values.setdefault(name, []).append(value)
        elif name not in NOT_KEPT:
            values[name] = value
    return values


def _value(call: Call, child: Element, name: str, place: str) -> Any:
    if name in REFERENCES:
        return "" if not len(child) else resolve(call, child, name, place)
    if len(child):
        return {part.tag: call.plain(part.text or "") for part in child}
    text = call.plain(child.text or "")
    return {"1": "true", "0": "false"}.get(text, text) if name.startswith("Is") else text


def resolve(call: Call, reference: Element, name: str, place: str, kinds: tuple[str, ...] = ()) -> str:
    """The id behind a reference. ListID wins over FullName."""
    kinds = kinds or REFERRED.get(name, (name.removesuffix("Ref"),))
    id, full_name = reference.findtext("ListID", ""), reference.findtext("FullName", "")
    word = {"StandardTerms": "Terms", "ItemService": "Item"}.get(kinds[0], kinds[0])
    entry = call.company.find(id, *kinds) if id else call.company.named(full_name, *kinds)
    if entry is None:
        raise missing(word, id or full_name, place)
    if not entry.is_active and call.writer.who == "api":
        text = f'There is an invalid reference to QuickBooks {word} "{call.company.full_name(entry)}" in the {place}.'
        raise Refused(call.options.inactive_status, text + "  QuickBooks error message: The list element is inactive.")
    return entry.id


def may_write(call: Call) -> None:
    access = call.company.preferences["access"]
    if access == "read_only":
        raise Refused(3263, "The integrated application has read-only access to this company file.")
    if access == "insufficient":
        raise Refused(3260, "Insufficient permission level to perform this action.")


def to_change(call: Call, element: Element, id: str, kind: str) -> Entry:
    """The record that a Mod means, if it is the one the sender has seen and nobody has it open."""
    entry = call.company.find(id, kind)
    if entry is None:
        raise unknown_object(id)
    if element.findtext("EditSequence") != entry.sequence:
        raise Stale(element.findtext("EditSequence", ""), id)
    free(call, entry)
    return entry


def free(call: Call, entry: Entry) -> None:
    if entry.id in call.company.in_use:
        raise Refused(3175, f'There was an error: the object "{entry.id}" is in use. It is open in another window.')


def common_rules(call: Call, values: Row) -> None:
    """Currency, personal data and ExternalGUID, alike for lists and transactions."""
    preferences = call.company.preferences
    for name in ("CurrencyRef", "ExchangeRate"):
        if values.get(name) and not preferences["IsMultiCurrencyOn"]:
            raise not_enabled(name)
    if values.get("VendorTaxIdent") and not preferences["IsPersonalDataAccessAllowed"]:
        raise Refused(3261, "The integrated application has no permission to access personal data.")
    guid = values.get("ExternalGUID")
    if guid and call.options.external_guid_unique:
        used = (entry.fields.get("ExternalGUID", "").lower() for entry in call.company.entries.values())
        if guid.lower() in used:
            raise Refused(3210, f'The "ExternalGUID" field has an invalid value "{guid}". It is already in use.')


def fields_of(name: str) -> frozenset[str]:
    return frozenset(model(name).types)
