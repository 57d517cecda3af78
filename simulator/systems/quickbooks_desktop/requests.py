"""The requests QuickBooks takes, each as its elements in their order.

Notation of a content model: `Name:type` and how often (nothing: once; `?` `*` `+` `{0,8}`), a space for "then", `|`
for "or". Types: s with the longest length, id, bool, date, time, amt, price, qty, int, float, guid; `=` is the choice
of that name in `parts.CHOICES`; no type is the part of that name in `parts.PARTS`.
"""

from __future__ import annotations

_LIST = (
    "(ListID:id+ | FullName:s+ | MaxReturned:int? ActiveStatus:=? FromModifiedDate:time? ToModifiedDate:time? "
    "(NameFilter | NameRangeFilter)?"
)
_NAMES = _LIST + " TotalBalanceFilter? CurrencyFilter? ClassFilter?)? IncludeRetElement:s50* OwnerID:guid*"
_PLAIN_LIST = _LIST + ")? IncludeRetElement:s50*"
_TXN = (
    "(TxnID:id+ | RefNumber:s+ | RefNumberCaseSensitive:s+ | MaxReturned:int? "
    "(ModifiedDateRangeFilter | TxnDateRangeFilter)? EntityFilter? AccountFilter? "
    "(RefNumberFilter | RefNumberRangeFilter)? CurrencyFilter?"
)
_LINES = ")? IncludeLineItems:bool? IncludeLinkedTxns:bool? IncludeRetElement:s50* OwnerID:guid*"
_PAYMENTS = _TXN + ")? IncludeLineItems:bool? IncludeRetElement:s50* OwnerID:guid*"

REQUESTS = {
    "HostQueryRq": "IncludeListMetaData? IncludeRetElement:s50*",
    "CompanyQueryRq": "IncludeRetElement:s50* OwnerID:guid*",
    "PreferencesQueryRq": "IncludeRetElement:s50*",
    "VendorQueryRq": _NAMES,
    "CustomerQueryRq": _NAMES,
    "EmployeeQueryRq": _PLAIN_LIST + " OwnerID:guid*",
    "OtherNameQueryRq": _PLAIN_LIST + " OwnerID:guid*",
    "EntityQueryRq": _PLAIN_LIST,
    "ItemQueryRq": _PLAIN_LIST + " OwnerID:guid*",
    "AccountQueryRq": _LIST + " AccountType:=* CurrencyFilter?)? IncludeRetElement:s50* OwnerID:guid*",
    "ClassQueryRq": _PLAIN_LIST,
    "TermsQueryRq": _PLAIN_LIST,
    "StandardTermsQueryRq": _PLAIN_LIST,
    "BillQueryRq": _TXN + " PaidStatus:=?" + _LINES,
    "VendorCreditQueryRq": _TXN + _LINES,
    "PurchaseOrderQueryRq": _TXN + _LINES,
    "BillPaymentCheckQueryRq": _PAYMENTS,
    "BillPaymentCreditCardQueryRq": _PAYMENTS,
    "BillToPayQueryRq": "PayeeEntityRef APAccountRef? DueDate:date? CurrencyFilter? IncludeRetElement:s50*",
    "TxnDeletedQueryRq": "TxnDelType:=+ DeletedDateRangeFilter? IncludeRetElement:s50*",
    "ListDeletedQueryRq": "ListDelType:=+ DeletedDateRangeFilter? IncludeRetElement:s50*",
    "VendorAddRq": "VendorAdd IncludeRetElement:s50*",
    "VendorModRq": "VendorMod IncludeRetElement:s50*",
    "AccountAddRq": "AccountAdd IncludeRetElement:s50*",
    "BillAddRq": "BillAdd IncludeRetElement:s50*",
    "BillModRq": "BillMod IncludeRetElement:s50*",
    "PurchaseOrderAddRq": "PurchaseOrderAdd IncludeRetElement:s50*",
    "TxnDelRq": "TxnDelType:= TxnID:id",
    "TxnVoidRq": "TxnVoidType:= TxnID:id",
    "ListDelRq": "ListDelType:= ListID:id",
    "DataExtDefAddRq": "DataExtDefAdd IncludeRetElement:s50*",
    "DataExtAddRq": "DataExtAdd",
}
ITERATED = frozenset(  # the only ones with the attributes iterator and iteratorID
    {
        "VendorQueryRq",
        "CustomerQueryRq",
        "EntityQueryRq",
        "ItemQueryRq",
        "BillQueryRq",
        "VendorCreditQueryRq",
        "PurchaseOrderQueryRq",
        "BillPaymentCheckQueryRq",
        "BillPaymentCreditCardQueryRq",
    }
)
