"""Intuit's own sentences as a customer reads them: in plain words, and what they name as missing."""

from __future__ import annotations

import re

# How a detail names what is missing: "Accounts element id 7 not found" (sheet section 14.3, code 2500).
ELEMENTS = {
    "Accounts": "account",
    "Names": "vendor",
    "Klasses": "class",
    "Depts": "location",
    "Terms": "term",
    "Items": "item",
}
FIELDS = {
    "APAccountRef": "accounts-payable account",
    "AccountRef": "account",
    "AcctNum": "account number",
    "BillAddr": "address",
    "BillableStatus": "billable mark",
    "ClassRef": "class",
    "CompanyName": "company name",
    "CurrencyRef": "currency",
    "CustomerRef": "customer",
    "DepartmentRef": "location",
    "DisplayName": "name",
    "DocNumber": "number",
    "DueDate": "due date",
    "FreeFormNumber": "phone number",
    "HasBeenBilled": "billed already",
    "ItemRef": "item",
    "PrimaryEmailAddr": "e-mail address",
    "PrimaryPhone": "phone number",
    "PrivateNote": "memo",
    "Qty": "quantity",
    "SalesTermRef": "terms",
    "SyncToken": "version",
    "TaxCodeRef": "tax code",
    "TotalAmt": "total",
    "TxnDate": "date",
    "TxnId": "id",
    "TxnType": "kind",
    "UnitPrice": "unit price",
    "VendorRef": "vendor",
    "WebAddr": "web address",
}
_MISSING = re.compile(r"\b(" + "|".join(ELEMENTS) + r") element id (\w+)( not found)?")
_FIELD = re.compile(r"\b(" + "|".join(FIELDS) + r")(\.\w+)?\b")
_HEADLINE = re.compile(r"^([\w ]{0,60}[Ee]rror ?|Object Not Found |Invalid Reference Id ): ?")
_WORD = re.compile(r"(\ban )?(\w{0,40})error", re.IGNORECASE)


def missing(detail: str) -> tuple[str, str] | None:
    """Which entry of which of our lists a detail says is missing: ("account", "7")."""
    found = _MISSING.search(detail)
    return (ELEMENTS[found[1]], found[2]) if found else None


def plain_words(detail: str) -> str:
    """Without its headline, the vendor's names of fields, and the word that scares."""
    text = _HEADLINE.sub("", " ".join(detail.split()))
    text = _MISSING.sub(lambda found: f"there is no {ELEMENTS[found[1]]} with the id {found[2]}", text)
    text = _FIELD.sub(lambda found: FIELDS[found[1]], text)
    return _WORD.sub(lambda found: f"{'a ' if found[1] else ''}{found[2]}problem", text).strip()


def inside(title: str) -> str:
    """A title in the middle of a sentence."""
    return title[0].lower() + title[1:] if title.startswith(("The ", "A ")) else title


def spaced(kind: str) -> str:
    """A kind of document as people call it: "VendorCredit" is a vendor credit."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", kind).lower()
