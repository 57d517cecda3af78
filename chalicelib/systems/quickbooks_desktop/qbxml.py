"""qbXML messages: the requests we make and the envelope they travel in (sheet 2.1), built in one place.

The text starts at position 0 with its declaration and is pure ASCII, so that it can be put into a SOAP answer, kept and
sent again byte for byte.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from chalicelib.systems.quickbooks_desktop import tables
from chalicelib.systems.quickbooks_desktop.kinds import Field, Flag, Group, OneOf, Unfit, element, escaped

VERSIONS = ("10.0", "11.0", "12.0", "13.0")  # in which all that we send is the same (sheet 2.4)
MOST_REQUEST_ID = 50
MOST_SET_ID = 20

OnError = Literal["stopOnError", "continueOnError"]
Walk = Literal["", "Start", "Continue", "Stop"]

_TRANSACTIONS = (tables.RET_ELEMENTS, tables.OWNERS)
_LINKED = Field("IncludeLinkedTxns", Flag())
_PAID = Field("PaidStatus", OneOf(("All", "PaidOnly", "NotPaidOnly")))
_TYPES = Field("AccountType", OneOf(tables.ACCOUNT_TYPES), many=True)
_TXN_ID = Field("TxnID", tables.ID, needed=True)

REQUESTS: dict[str, Group] = {
    "HostQueryRq": Group((tables.RET_ELEMENTS,)),
    "CompanyQueryRq": Group((tables.RET_ELEMENTS, tables.OWNERS)),
    "PreferencesQueryRq": Group((tables.RET_ELEMENTS,)),
    "AccountQueryRq": Group((*tables.of_list(_TYPES), tables.OWNERS)),
    "ClassQueryRq": Group(tables.of_list()),
    "TermsQueryRq": Group(tables.of_list()),
    "CustomerQueryRq": Group((*tables.of_list(), tables.OWNERS)),
    "VendorQueryRq": Group((*tables.of_list(), tables.OWNERS)),
    "ItemQueryRq": Group((*tables.of_list(), tables.OWNERS)),
    "EntityQueryRq": Group(tables.of_list()),
    "VendorAddRq": Group((Field("VendorAdd", tables.VENDOR_ADD, needed=True), tables.RET_ELEMENTS)),
    "VendorModRq": Group((Field("VendorMod", tables.VENDOR_MOD, needed=True), tables.RET_ELEMENTS)),
    "BillQueryRq": Group((*tables.of_transactions(_PAID), _LINKED, *_TRANSACTIONS)),
    "BillPaymentCheckQueryRq": Group((*tables.of_transactions(), *_TRANSACTIONS)),
    "BillPaymentCreditCardQueryRq": Group((*tables.of_transactions(), *_TRANSACTIONS)),
    "BillAddRq": Group((Field("BillAdd", tables.BILL_ADD, needed=True), tables.RET_ELEMENTS)),
    "BillModRq": Group((Field("BillMod", tables.BILL_MOD, needed=True), tables.RET_ELEMENTS)),
    "TxnDelRq": Group((Field("TxnDelType", OneOf(tables.DELETED_TXNS), needed=True), _TXN_ID)),
    "TxnVoidRq": Group((Field("TxnVoidType", OneOf(tables.DELETED_TXNS), needed=True), _TXN_ID)),
    "TxnDeletedQueryRq": Group(tables.of_deleted("TxnDelType", tables.DELETED_TXNS)),
    "ListDeletedQueryRq": Group(tables.of_deleted("ListDelType", tables.DELETED_LISTS)),
}
# Where QuickBooks hands out pages; the attribute on any other request fails the whole set (sheet 3.5).
ITERATES = {
    "CustomerQueryRq", "VendorQueryRq", "ItemQueryRq", "EntityQueryRq", "BillQueryRq", "BillPaymentCheckQueryRq",
    "BillPaymentCreditCardQueryRq",
}  # fmt: skip
WRITES = {"VendorAddRq", "VendorModRq", "BillAddRq", "BillModRq", "TxnDelRq", "TxnVoidRq"}


@dataclass(frozen=True, slots=True)
class Request:
    """One request: `fields` by element name; `walk` and `iterator` when its answer comes in pages.

    Raises Unfit when it is made, not when it is sent.
    """

    name: str
    request_id: str
    fields: Mapping[str, object] = field(default_factory=dict)
    walk: Walk = ""
    iterator: str = ""
    xml: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not re.fullmatch(f"[ -~]{{1,{MOST_REQUEST_ID}}}", self.request_id):
            raise ValueError(f"{self.request_id!r} is no requestID of 1 to {MOST_REQUEST_ID} ASCII characters")
        if self.walk and (self.name not in ITERATES or "MaxReturned" not in self.fields):
            raise ValueError(f"{self.name} has no pages, or no MaxReturned for them")
        if bool(self.iterator) != (self.walk in ("Continue", "Stop")):
            raise ValueError("an iterator that goes on or stops is named, one that starts is not")
        try:
            inner = REQUESTS[self.name].write(self.fields)
        except Unfit as unfit:
            raise unfit.under(self.name) from None
        object.__setattr__(self, "xml", element(self.name, inner).replace(self.name, self._opening(), 1))

    def _opening(self) -> str:
        named = {"requestID": self.request_id, "iterator": self.walk, "iteratorID": self.iterator}
        return self.name + "".join(f' {name}="{escaped(value)}"' for name, value in named.items() if value)

    @property
    def writes(self) -> bool:
        return self.name in WRITES


def message(
    requests: Sequence[Request],
    *,
    version: str,
    on_error: OnError = "stopOnError",
    new_set: str = "",
    old_set: str = "",
) -> str:
    """A whole message. `new_set` and `old_set` are message set ids, QuickBooks' error recovery (sheet 5.1)."""
    if version not in VERSIONS:
        raise ValueError(f"qbXML {version!r} is none of {', '.join(VERSIONS)}")
    if sum(bool(request.walk) for request in requests) > 1:
        raise ValueError("only one query of a message may hand out pages")
    if len({request.request_id for request in requests}) < len(requests):
        raise ValueError("two requests of a message have the same requestID")
    if not requests and not old_set:
        raise ValueError("there is nothing to ask")
    named = {"newMessageSetID": _set_id(new_set), "oldMessageSetID": _set_id(old_set), "onError": on_error}
    attributes = "".join(f' {name}="{value}"' for name, value in named.items() if value)
    inner = "".join(request.xml for request in requests)
    return (
        f'<?xml version="1.0" encoding="utf-8"?>\n<?qbxml version="{version}"?>\n'
        f"<QBXML><QBXMLMsgsRq{attributes}>{inner}</QBXMLMsgsRq></QBXML>"
    )


def status_check(set_id: str, *, version: str) -> str:
    """Asks what became of a message set; runs nothing and keeps its outcome."""
    return message([], version=version, new_set=set_id, old_set=set_id)


def forget(set_id: str, *, version: str) -> str:
    """Clears what QuickBooks keeps of a message set. A delete, not a question (sheet 5.1)."""
    return message([], version=version, old_set=set_id)


def common_version(supported: Iterable[str]) -> str | None:
    """The highest version that we both speak; the highest of ours if nothing is known of theirs; None: too old.

    `supported` comes from the host's SupportedQBXMLVersion, or from qbXMLMajorVers and qbXMLMinorVers.
    """
    known = [(int(found[1]), int(found[2])) for each in supported if (found := _VERSION.fullmatch(each.strip()))]
    if not known:
        return VERSIONS[-1]
    return next((version for version in reversed(VERSIONS) if _parts(version) <= max(known)), None)


def lower_version(version: str) -> str | None:
    """The next one down, after 0x80040423 said that this one is too high."""
    return next((each for each in reversed(VERSIONS) if _parts(each) < _parts(version)), None)


_VERSION = re.compile(r"(?:[A-Z]{2})?(\d{1,3})\.(\d{1,3})")


def _parts(version: str) -> tuple[int, int]:
    major, _, minor = version.partition(".")
    return int(major), int(minor)


def _set_id(text: str) -> str:
    """At most 20 characters: sources disagree on 23 or 24, and a UUID is too long (sheet 5.1)."""
    if text and not re.fullmatch(f"[A-Za-z0-9-]{{1,{MOST_SET_ID}}}", text):
        raise ValueError(f"{text!r} is no message set id of at most {MOST_SET_ID} letters, digits and dashes")
    return text
