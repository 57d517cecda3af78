"""The requests that the flows make, each with what the sheet says must go with it.

ActiveStatus All, because the default hides what was made inactive; lines and links asked for, because they do not come
by themselves; the same filters again when an iterator goes on (sheet sections 3 and 4).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from chalicelib.systems.quickbooks_desktop.kinds import Ref
from chalicelib.systems.quickbooks_desktop.qbxml import Request

Fields = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Page:
    """One page of an answer; `iterator` is what the page before said, "" for the first."""

    size: int
    iterator: str = ""


def host(request_id: str) -> Request:
    return Request("HostQueryRq", request_id)


def company(request_id: str, *, owner: str) -> Request:
    """`owner` is our OwnerID: the answer then has the FileID that the Web Connector wrote into the company file."""
    return Request("CompanyQueryRq", request_id, {"OwnerID": [owner]})


def preferences(request_id: str) -> Request:
    return Request("PreferencesQueryRq", request_id)


def accounts(request_id: str) -> Request:
    return Request("AccountQueryRq", request_id, _ALL)


def classes(request_id: str) -> Request:
    return Request("ClassQueryRq", request_id, _ALL)


def terms(request_id: str) -> Request:
    return Request("TermsQueryRq", request_id, _ALL)


def customers(request_id: str, page: Page, *, since: str = "") -> Request:
    return _changed("CustomerQueryRq", request_id, page, since)


def items(request_id: str, page: Page, *, since: str = "") -> Request:
    return _changed("ItemQueryRq", request_id, page, since)


def vendors(request_id: str, page: Page, *, since: str = "") -> Request:
    """`since` is a wall-clock text of the PC, without an offset (sheet 4.2); "" for all."""
    return _changed("VendorQueryRq", request_id, page, since)


def vendors_by_id(request_id: str, ids: Sequence[str]) -> Request:
    return Request("VendorQueryRq", request_id, {"ListID": list(ids)})


def vendors_by_name(request_id: str, names: Sequence[str]) -> Request:
    return Request("VendorQueryRq", request_id, {"FullName": list(names)})


def vendor_add(request_id: str, vendor: Fields) -> Request:
    return Request("VendorAddRq", request_id, {"VendorAdd": vendor})


def vendor_mod(request_id: str, list_id: str, edit_sequence: str, changes: Fields) -> Request:
    fields = {**changes, "ListID": list_id, "EditSequence": edit_sequence}
    return Request("VendorModRq", request_id, {"VendorMod": fields})


# ---------------------------------------------------------------------------------------------- bills and payments


def bills(request_id: str, page: Page, *, since: str) -> Request:
    return _walk("BillQueryRq", request_id, page, {"ModifiedDateRangeFilter": {"FromModifiedDate": since}, **_WHOLE})


def bills_dated(request_id: str, page: Page, *, first: date, last: date) -> Request:
    """Those of a window of document dates: the first sync goes month by month (sheet 4.3)."""
    window = {"FromTxnDate": first, "ToTxnDate": last}
    return _walk("BillQueryRq", request_id, page, {"TxnDateRangeFilter": window, **_WHOLE})


def bills_by_id(request_id: str, ids: Sequence[str]) -> Request:
    return Request("BillQueryRq", request_id, {"TxnID": list(ids), **_WHOLE})


def bills_by_number(request_id: str, numbers: Sequence[str]) -> Request:
    """Of every vendor: a number is not unique."""
    return Request("BillQueryRq", request_id, {"RefNumberCaseSensitive": list(numbers), **_WHOLE})


def bills_of_vendor(request_id: str, page: Page, vendor: str, *, since: str) -> Request:
    """A vendor's bills that changed since: where a mark is looked for that no query can filter by."""
    fields = {
        "ModifiedDateRangeFilter": {"FromModifiedDate": since},
        "EntityFilter": {"ListID": [vendor]},
        **_WHOLE,
    }
    return _walk("BillQueryRq", request_id, page, fields)


def bill_ids(request_id: str, page: Page, *, first: date, last: date) -> Request:
    """Ids alone, for a sweep; some releases refuse IncludeRetElement (sheet section 8): then ask without."""
    window = {"FromTxnDate": first, "ToTxnDate": last}
    fields = {"TxnDateRangeFilter": window, "IncludeRetElement": ["TxnID", "TimeModified", "EditSequence"]}
    return _walk("BillQueryRq", request_id, page, fields)


def bill_add(request_id: str, vendor: Ref, bill: Fields) -> Request:
    return Request("BillAddRq", request_id, {"BillAdd": {**bill, "VendorRef": vendor}})


def bill_mod(request_id: str, txn_id: str, edit_sequence: str, changes: Fields) -> Request:
    """Once a line of a kind is named, every other line of that kind that is not named is deleted (sheet 3.3)."""
    fields = {**changes, "TxnID": txn_id, "EditSequence": edit_sequence}
    return Request("BillModRq", request_id, {"BillMod": fields})


def payments_by_check(request_id: str, page: Page, *, since: str) -> Request:
    return _payments("BillPaymentCheckQueryRq", request_id, page, since)


def payments_by_card(request_id: str, page: Page, *, since: str) -> Request:
    return _payments("BillPaymentCreditCardQueryRq", request_id, page, since)


def checks_by_id(request_id: str, ids: Sequence[str]) -> Request:
    return Request("BillPaymentCheckQueryRq", request_id, {"TxnID": list(ids), "IncludeLineItems": True})


def card_payments_by_id(request_id: str, ids: Sequence[str]) -> Request:
    return Request("BillPaymentCreditCardQueryRq", request_id, {"TxnID": list(ids), "IncludeLineItems": True})


# ---------------------------------------------------------------------------------------------- what is gone


def delete_bill(request_id: str, txn_id: str) -> Request:
    return Request("TxnDelRq", request_id, {"TxnDelType": "Bill", "TxnID": txn_id})


def void_bill(request_id: str, txn_id: str) -> Request:
    return Request("TxnVoidRq", request_id, {"TxnVoidType": "Bill", "TxnID": txn_id})


def deleted_transactions(request_id: str, kinds: Sequence[str], *, since: str, until: str = "") -> Request:
    """All at once, without pages: the window bounds the answer. QuickBooks remembers 90 days (sheet 3.4)."""
    return _deleted("TxnDeletedQueryRq", request_id, {"TxnDelType": list(kinds)}, since, until)


def deleted_entries(request_id: str, kinds: Sequence[str], *, since: str, until: str = "") -> Request:
    return _deleted("ListDeletedQueryRq", request_id, {"ListDelType": list(kinds)}, since, until)


_ALL: Fields = {"ActiveStatus": "All"}
_WHOLE: Fields = {"IncludeLineItems": True, "IncludeLinkedTxns": True}


def _walk(name: str, request_id: str, page: Page, fields: Fields) -> Request:
    fields = {"MaxReturned": page.size, **fields}
    return Request(name, request_id, fields, walk="Continue" if page.iterator else "Start", iterator=page.iterator)


def _changed(name: str, request_id: str, page: Page, since: str) -> Request:
    return _walk(name, request_id, page, {**_ALL, **({"FromModifiedDate": since} if since else {})})


def _payments(name: str, request_id: str, page: Page, since: str) -> Request:
    fields = {"ModifiedDateRangeFilter": {"FromModifiedDate": since}, "IncludeLineItems": True}
    return _walk(name, request_id, page, fields)


def _deleted(name: str, request_id: str, kinds: Fields, since: str, until: str) -> Request:
    window = {"FromDeletedDate": since, **({"ToDeletedDate": until} if until else {})}
    return Request(name, request_id, {**kinds, "DeletedDateRangeFilter": window})
