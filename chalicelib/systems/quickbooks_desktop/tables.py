"""Which elements QuickBooks takes, in its order and with its lengths (sheet section 3, in the order of qbXML 13.0).

Left out on purpose: opening balances (they would post), and what belongs to no flow (sales tax agencies, notes,
further contacts, custom fields).
"""

from __future__ import annotations

from chalicelib.systems.quickbooks_desktop.kinds import (
    AMOUNT,
    MOST_ID,
    QUANTITY,
    Choice,
    Count,
    Day,
    Exact,
    Field,
    Flag,
    Group,
    Guid,
    Moment,
    Name,
    Number,
    OneOf,
    Phone,
    Reference,
    Text,
)

ID = Exact(MOST_ID)
LONG_TEXT = Text(4095, lines=True)
MOST_NAME = 41
MOST_NUMBER = 20
BILLABLE = OneOf(("Billable", "NotBillable", "HasBeenBilled"))
DELETED_TXNS = ("Bill", "BillPaymentCheck", "BillPaymentCreditCard", "VendorCredit")
DELETED_LISTS = ("Account", "Class", "Customer", "DateDrivenTerms", "StandardTerms", "Vendor")
ACCOUNT_TYPES = (
    "AccountsPayable", "AccountsReceivable", "Bank", "CostOfGoodsSold", "CreditCard", "Equity", "Expense", "FixedAsset",
    "Income", "LongTermLiability", "NonPosting", "OtherAsset", "OtherCurrentAsset", "OtherCurrentLiability",
    "OtherExpense", "OtherIncome",
)  # fmt: skip

ADDRESS = Group(
    (
        *(Field(f"Addr{n}", Text(41)) for n in range(1, 6)),
        Field("City", Text(31)),
        Field("State", Text(21)),
        Field("PostalCode", Text(13)),
        Field("Country", Text(31)),
        Field("Note", Text(41)),
    )
)

_VENDOR = (
    Field("IsActive", Flag()),
    Field("ClassRef", Reference(159)),
    Field("CompanyName", Text(41)),
    Field("Salutation", Text(15)),
    Field("FirstName", Text(25)),
    Field("MiddleName", Text(5)),
    Field("LastName", Text(25)),
    Field("JobTitle", Text(41)),
    Field("VendorAddress", ADDRESS),
    Field("ShipAddress", ADDRESS),
    *(Field(name, Phone(21)) for name in ("Phone", "Mobile", "Pager", "AltPhone", "Fax")),
    Field("Email", Text(1023)),
    Field("Cc", Text(1023)),
    Field("Contact", Text(41)),
    Field("AltContact", Text(41)),
    Field("NameOnCheck", Text(41)),
    Field("AccountNumber", Text(99)),
    Field("Notes", LONG_TEXT),
    Field("VendorTypeRef", Reference(159)),
    Field("TermsRef", Reference(31)),
    Field("CreditLimit", AMOUNT),
    Field("VendorTaxIdent", Exact(15)),
    Field("IsVendorEligibleFor1099", Flag()),
)
_VENDOR_TAX = (
    Field("SalesTaxCodeRef", Reference(3)),
    Field("TaxRegistrationNumber", Exact(30)),
    Field("CurrencyRef", Reference(64)),
)
VENDOR_ADD = Group((Field("Name", Name(MOST_NAME), needed=True), *_VENDOR, Field("ExternalGUID", Guid()), *_VENDOR_TAX))
VENDOR_MOD = Group(
    (
        Field("ListID", ID, needed=True),
        Field("EditSequence", Exact(16), needed=True),
        Field("Name", Name(MOST_NAME)),
        *_VENDOR,
        *_VENDOR_TAX,
    ),
    clears=True,
)

_LINE_MONEY = (Field("Amount", AMOUNT), Field("TaxAmount", AMOUNT))
_LINE_PARTIES = (
    Field("CustomerRef", Reference(209)),
    Field("ClassRef", Reference(159)),
    Field("SalesTaxCodeRef", Reference(3)),
    Field("BillableStatus", BILLABLE),
)
_LINE_ID = Field("TxnLineID", ID, needed=True)
_SALES_REP = Field("SalesRepRef", Reference(5))
_EXPENSE = (
    Field("AccountRef", Reference(159)),
    *_LINE_MONEY,
    Field("Memo", LONG_TEXT),
    *_LINE_PARTIES,
    _SALES_REP,
)
_ITEM_HEAD = (
    Field("ItemRef", Reference(255)),
    Field("InventorySiteRef", Reference(31)),
    Field("InventorySiteLocationRef", Reference(31)),
    Choice(((Field("SerialNumber", Exact(4095)),), (Field("LotNumber", Exact(40)),))),
    Field("Desc", LONG_TEXT),
    Field("Quantity", QUANTITY),
    Field("UnitOfMeasure", Exact(31)),
)
_ITEM_TAIL = (
    Field("Cost", QUANTITY),
    *_LINE_MONEY,
    *_LINE_PARTIES,
    Field("OverrideItemAccountRef", Reference(159)),
)
_UNIT_SET = Field("OverrideUOMSetRef", Reference(31))
_LINK = Group((Field("TxnID", ID, needed=True), Field("TxnLineID", ID, needed=True)))
_ITEM_MOD = Group((_LINE_ID, *_ITEM_HEAD, _UNIT_SET, *_ITEM_TAIL, _SALES_REP), clears=True)
_GROUP_MOD = Group(
    (
        _LINE_ID,
        Field("ItemGroupRef", Reference(31)),
        Field("Quantity", QUANTITY),
        Field("UnitOfMeasure", Exact(31)),
        _UNIT_SET,
        Field("ItemLineMod", _ITEM_MOD, many=True),
    )
)

_BILL = (
    Field("VendorAddress", ADDRESS),
    Field("APAccountRef", Reference(159)),
    Field("TxnDate", Day()),
    Field("DueDate", Day()),
    Field("RefNumber", Exact(MOST_NUMBER)),
    Field("TermsRef", Reference(31)),
    Field("Memo", LONG_TEXT),
    Field("IsTaxIncluded", Flag()),
    Field("SalesTaxCodeRef", Reference(3)),
    Field("ExchangeRate", Number(10, 10)),
)
BILL_ADD = Group(
    (
        Field("VendorRef", Reference(41), needed=True),
        *_BILL,
        Field("ExternalGUID", Guid()),
        Field("LinkToTxnID", ID, many=True),
        Field("ExpenseLineAdd", Group(_EXPENSE), many=True),
        Field("ItemLineAdd", Group((*_ITEM_HEAD, *_ITEM_TAIL, Field("LinkToTxn", _LINK), _SALES_REP)), many=True),
    )
)
BILL_MOD = Group(
    (
        Field("TxnID", ID, needed=True),
        Field("EditSequence", Exact(16), needed=True),
        Field("VendorRef", Reference(41)),
        *_BILL,
        Field("ClearExpenseLines", Flag()),
        Field("ExpenseLineMod", Group((_LINE_ID, *_EXPENSE), clears=True), many=True),
        Field("ClearItemLines", Flag()),
        Field("ItemLineMod", _ITEM_MOD, many=True),
        Field("ItemGroupLineMod", _GROUP_MOD, many=True),
    ),
    clears=True,
)

# ---------------------------------------------------------------------------------------------- queries

STORED = Exact(209)  # a name as QuickBooks spells it
_MATCH = OneOf(("StartsWith", "Contains", "EndsWith"))
_MODIFIED = (Field("FromModifiedDate", Moment()), Field("ToModifiedDate", Moment()))
_ENTRIES = Group((Choice(((Field("ListID", ID, many=True),), (Field("FullName", STORED, many=True),))),))
RET_ELEMENTS = Field("IncludeRetElement", Exact(50), many=True)
OWNERS = Field("OwnerID", Guid(), many=True)


def of_list(*filters: Field) -> tuple[Field | Choice, ...]:
    """The three branches of a query over a list (sheet 3.2)."""
    named = Field(
        "NameFilter", Group((Field("MatchCriterion", _MATCH, needed=True), Field("Name", STORED, needed=True)))
    )
    between = Field("NameRangeFilter", Group((Field("FromName", STORED), Field("ToName", STORED))))
    return (
        Choice(
            (
                (Field("ListID", ID, many=True),),
                (Field("FullName", STORED, many=True),),
                (
                    Field("MaxReturned", Count()),
                    Field("ActiveStatus", OneOf(("ActiveOnly", "InactiveOnly", "All"))),
                    *_MODIFIED,
                    Choice(((named,), (between,))),
                    *filters,
                ),
            )
        ),
        RET_ELEMENTS,
    )


def of_transactions(*filters: Field) -> tuple[Field | Choice, ...]:
    """The branches of a query over transactions (sheet 3.3)."""
    dated = Group((Field("FromTxnDate", Day()), Field("ToTxnDate", Day())))
    numbered = Group(
        (Field("MatchCriterion", _MATCH, needed=True), Field("RefNumber", Exact(MOST_NUMBER), needed=True))
    )
    return (
        Choice(
            (
                (Field("TxnID", ID, many=True),),
                (Field("RefNumber", Exact(MOST_NUMBER), many=True),),
                (Field("RefNumberCaseSensitive", Exact(MOST_NUMBER), many=True),),
                (
                    Field("MaxReturned", Count()),
                    Choice(
                        (
                            (Field("ModifiedDateRangeFilter", Group(_MODIFIED)),),
                            (Field("TxnDateRangeFilter", dated),),
                        )
                    ),
                    Field("EntityFilter", _ENTRIES),
                    Field("AccountFilter", _ENTRIES),
                    Field("RefNumberFilter", numbered),
                    *filters,
                ),
            )
        ),
        Field("IncludeLineItems", Flag()),
    )


def of_deleted(kind: str, values: tuple[str, ...]) -> tuple[Field | Choice, ...]:
    window = Group((Field("FromDeletedDate", Moment()), Field("ToDeletedDate", Moment())))
    return (
        Field(kind, OneOf(values), needed=True, many=True),
        Field("DeletedDateRangeFilter", window),
        RET_ELEMENTS,
    )
