"""The records QuickBooks gives, each as its elements in their order."""

from __future__ import annotations

_LISTED = "ListID TimeCreated TimeModified EditSequence Name"
_TREE = " FullName IsActive ParentRef Sublevel"
_TXN = "TxnID TimeCreated TimeModified EditSequence TxnNumber"
_LINES = " LinkedTxn ExpenseLineRet ItemLineRet OpenAmount DataExtRet"
_APPLIED = " RefNumber Memo IsToBePrinted AppliedToTxnRet DataExtRet"
_ITEM = " FullName IsActive ClassRef ParentRef Sublevel SalesOrPurchase SalesAndPurchase ExternalGUID DataExtRet"
_WAYS = " Phone Mobile Pager AltPhone Fax Email Cc Contact AltContact AdditionalContactRef"

RETS = {
    name: tuple(order.split())
    for name, order in {
        "Vendor": _LISTED
        + " IsActive ClassRef IsTaxAgency CompanyName Salutation FirstName MiddleName LastName Suffix JobTitle"
        + " VendorAddress VendorAddressBlock ShipAddress"
        + _WAYS
        + " NameOnCheck AccountNumber Notes VendorTypeRef TermsRef CreditLimit VendorTaxIdent IsVendorEligibleFor1099"
        + " Balance ExternalGUID PrefillAccountRef CurrencyRef DataExtRet",
        "Customer": _LISTED
        + " FullName IsActive ClassRef ParentRef Sublevel CompanyName Salutation FirstName MiddleName LastName"
        + " BillAddress BillAddressBlock ShipAddress"
        + _WAYS
        + " TermsRef Balance TotalBalance AccountNumber JobStatus Notes ExternalGUID CurrencyRef DataExtRet",
        "Employee": _LISTED + " IsActive FirstName LastName Phone Email DataExtRet",
        "OtherName": _LISTED + " IsActive CompanyName FirstName LastName Phone Email DataExtRet",
        "Account": _LISTED
        + _TREE
        + " AccountType AccountNumber BankNumber Desc Balance TotalBalance CashFlowClassification"
        + " CurrencyRef DataExtRet",
        "Class": _LISTED + _TREE,
        "StandardTerms": _LISTED + " IsActive StdDueDays StdDiscountDays DiscountPct",
        "ItemService": _LISTED + _ITEM,
        "ItemNonInventory": _LISTED + _ITEM,
        "Bill": _TXN
        + " VendorRef VendorAddress APAccountRef TxnDate DueDate AmountDue CurrencyRef ExchangeRate"
        + " AmountDueInHomeCurrency RefNumber TermsRef Memo IsPaid ExternalGUID"
        + _LINES,
        "VendorCredit": _TXN
        + " VendorRef APAccountRef TxnDate CreditAmount CurrencyRef ExchangeRate CreditAmountInHomeCurrency RefNumber"
        + " Memo ExternalGUID"
        + _LINES,
        "PurchaseOrder": _TXN
        + " VendorRef ClassRef TxnDate RefNumber VendorAddress TermsRef DueDate ExpectedDate TotalAmount CurrencyRef"
        + " ExchangeRate IsManuallyClosed IsFullyReceived Memo VendorMsg Other1 Other2 ExternalGUID LinkedTxn"
        + " PurchaseOrderLineRet DataExtRet",
        "BillPaymentCheck": _TXN
        + " PayeeEntityRef APAccountRef TxnDate BankAccountRef Amount CurrencyRef ExchangeRate AmountInHomeCurrency"
        + _APPLIED,
        "BillPaymentCreditCard": _TXN
        + " PayeeEntityRef APAccountRef TxnDate CreditCardAccountRef Amount CurrencyRef ExchangeRate"
        + " AmountInHomeCurrency"
        + _APPLIED,
        "ExpenseLine": "TxnLineID AccountRef Amount Memo CustomerRef ClassRef BillableStatus DataExtRet",
        "ItemLine": "TxnLineID ItemRef Desc Quantity UnitOfMeasure Cost Amount CustomerRef ClassRef BillableStatus"
        + " DataExtRet",
        "PurchaseOrderLine": "TxnLineID ItemRef ManufacturerPartNumber Desc Quantity UnitOfMeasure Rate ClassRef Amount"
        + " CustomerRef ServiceDate ReceivedQuantity UnbilledQuantity IsBilled IsManuallyClosed Other1 Other2",
        "AppliedToTxn": "TxnID TxnType TxnDate RefNumber BalanceRemaining Amount DiscountAmount DiscountAccountRef",
        "DataExtDef": "OwnerID DataExtID DataExtName DataExtType AssignToObject DataExtListRequire DataExtTxnRequire",
        "ErrorRecovery": "ListID TxnID TxnNumber EditSequence ExternalGUID",
        "BillToPay": "TxnID TxnType APAccountRef TxnDate RefNumber DueDate AmountDue CreditRemaining CurrencyRef"
        + " ExchangeRate",
        "Address": "Addr1 Addr2 Addr3 Addr4 Addr5 City State PostalCode Country Note",
    }.items()
}
