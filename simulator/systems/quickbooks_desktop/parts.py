"""What stands inside the requests: their parts, references with their longest names, and choices of words."""

from __future__ import annotations

PARTS = {
    "IncludeListMetaData": "IncludeMaxCapacity:bool",
    "NameFilter": "MatchCriterion:= Name:s",
    "NameRangeFilter": "FromName:s? ToName:s?",
    "TotalBalanceFilter": "Operator:= Amount:amt",
    "ClassFilter": "(ListID:id+ | FullName:s+ | ListIDWithChildren:id | FullNameWithChildren:s)",
    "ModifiedDateRangeFilter": "FromModifiedDate:time? ToModifiedDate:time?",
    "TxnDateRangeFilter": "(FromTxnDate:date? ToTxnDate:date? | DateMacro:=)",
    "EntityFilter": "(ListID:id+ | FullName:s+ | ListIDWithChildren:id | FullNameWithChildren:s)",
    "AccountFilter": "(ListID:id+ | FullName:s+ | ListIDWithChildren:id | FullNameWithChildren:s)",
    "RefNumberFilter": "MatchCriterion:= RefNumber:s",
    "RefNumberRangeFilter": "FromRefNumber:s? ToRefNumber:s?",
    "DeletedDateRangeFilter": "FromDeletedDate:time? ToDeletedDate:time?",
    "VendorAdd": (
        "Name:s41 IsActive:bool? ClassRef? CompanyName:s41? Salutation:s15? FirstName:s25? MiddleName:s5? "
        "LastName:s25? Suffix:s? JobTitle:s41? VendorAddress? ShipAddress? Phone:s21? Mobile:s21? Pager:s21? "
        "AltPhone:s21? Fax:s21? Email:s1023? Cc:s1023? Contact:s41? AltContact:s41? AdditionalContactRef{0,8} "
        "Contacts* NameOnCheck:s41? AccountNumber:s99? Notes:s4095? AdditionalNotes* VendorTypeRef? TermsRef? "
        "CreditLimit:amt? VendorTaxIdent:s15? IsVendorEligibleFor1099:bool? OpenBalance:amt? "
        "OpenBalanceDate:date? BillingRateRef? ExternalGUID:guid? SalesTaxCodeRef? SalesTaxCountry:=? "
        "IsSalesTaxAgency:bool? SalesTaxReturnRef? TaxRegistrationNumber:s30? ReportingPeriod:=? "
        "IsTaxTrackedOnPurchases:bool? TaxOnPurchasesAccountRef? IsTaxTrackedOnSales:bool? "
        "TaxOnSalesAccountRef? IsTaxOnTax:bool? PrefillAccountRef{0,3} CurrencyRef?"
    ),
    "VendorMod": (
        "ListID:id EditSequence:s16 Name:s41? IsActive:bool? ClassRef? CompanyName:s41? Salutation:s15? "
        "FirstName:s25? MiddleName:s5? LastName:s25? Suffix:s? JobTitle:s41? VendorAddress? ShipAddress? "
        "Phone:s21? Mobile:s21? Pager:s21? AltPhone:s21? Fax:s21? Email:s1023? Cc:s1023? Contact:s41? "
        "AltContact:s41? AdditionalContactRef{0,8} ContactsMod* NameOnCheck:s41? AccountNumber:s99? "
        "Notes:s4095? AdditionalNotesMod* VendorTypeRef? TermsRef? CreditLimit:amt? VendorTaxIdent:s15? "
        "IsVendorEligibleFor1099:bool? BillingRateRef? SalesTaxCodeRef? SalesTaxCountry:=? "
        "IsSalesTaxAgency:bool? SalesTaxReturnRef? TaxRegistrationNumber:s30? ReportingPeriod:=? "
        "IsTaxTrackedOnPurchases:bool? TaxOnPurchasesAccountRef? IsTaxTrackedOnSales:bool? "
        "TaxOnSalesAccountRef? IsTaxOnTax:bool? PrefillAccountRef{0,3} CurrencyRef?"
    ),
    "AccountAdd": (
        "Name:s31 IsActive:bool? ParentRef? AccountType:= DetailAccountType:s? AccountNumber:s7? "
        "BankNumber:s25? Desc:s200? OpenBalance:amt? OpenBalanceDate:date? SalesTaxCodeRef? TaxLineID:int? "
        "CurrencyRef?"
    ),
    "BillAdd": (
        "VendorRef VendorAddress? APAccountRef? TxnDate:date? DueDate:date? RefNumber:s20? TermsRef? "
        "Memo:s4095? IsTaxIncluded:bool? SalesTaxCodeRef? ExchangeRate:float? ExternalGUID:guid? "
        "LinkToTxnID:id* ExpenseLineAdd* (ItemLineAdd | ItemGroupLineAdd)*"
    ),
    "BillMod": (
        "TxnID:id EditSequence:s16 VendorRef? VendorAddress? APAccountRef? TxnDate:date? DueDate:date? "
        "RefNumber:s20? TermsRef? Memo:s4095? IsTaxIncluded:bool? SalesTaxCodeRef? ExchangeRate:float? "
        "ClearExpenseLines:bool? ExpenseLineMod* ClearItemLines:bool? (ItemLineMod | ItemGroupLineMod)*"
    ),
    "PurchaseOrderAdd": (
        "VendorRef? ClassRef? (InventorySiteRef? | ShipToEntityRef?)? TemplateRef? TxnDate:date? "
        "RefNumber:s11? VendorAddress? ShipAddress? TermsRef? DueDate:date? ExpectedDate:date? ShipMethodRef? "
        "FOB:s13? Memo:s4095? VendorMsg:s99? IsToBePrinted:bool? IsToBeEmailed:bool? IsTaxIncluded:bool? "
        "SalesTaxCodeRef? Other1:s25? Other2:s29? ExchangeRate:float? ExternalGUID:guid? "
        "(PurchaseOrderLineAdd | PurchaseOrderLineGroupAdd)+"
    ),
    "DataExtDefAdd": (
        "OwnerID:guid DataExtName:s31 DataExtType:= AssignToObject:=* DataExtListRequire:bool? "
        "DataExtTxnRequire:bool? DataExtFormatString:s?"
    ),
    "DataExtAdd": (
        "OwnerID:guid DataExtName:s31 (ListDataExtType:= ListObjRef | TxnDataExtType:= TxnID:id TxnLineID:id? "
        "| OtherDataExtType:=) DataExtValue:s"
    ),
    "VendorAddress": (
        "Addr1:s41? Addr2:s41? Addr3:s41? Addr4:s41? Addr5:s41? City:s31? State:s21? PostalCode:s13? "
        "Country:s31? Note:s41?"
    ),
    "ShipAddress": (
        "Addr1:s41? Addr2:s41? Addr3:s41? Addr4:s41? Addr5:s41? City:s31? State:s21? PostalCode:s13? "
        "Country:s31? Note:s41?"
    ),
    "AdditionalContactRef": "ContactName:s40 ContactValue:s255",
    "Contacts": "Salutation:s15? FirstName:s25 MiddleName:s5? LastName:s25? JobTitle:s41? AdditionalContactRef{0,5}",
    "AdditionalNotes": "Note:s4095",
    "ContactsMod": (
        "ListID:id? EditSequence:s16? Salutation:s15? FirstName:s25 MiddleName:s5? LastName:s25? "
        "JobTitle:s41? AdditionalContactRef{0,5}"
    ),
    "AdditionalNotesMod": "NoteID:int Note:s4095",
    "ExpenseLineAdd": (
        "AccountRef? Amount:amt? TaxAmount:amt? Memo:s4095? CustomerRef? ClassRef? SalesTaxCodeRef? "
        "BillableStatus:=? SalesRepRef? DataExt*"
    ),
    "ItemLineAdd": (
        "ItemRef? InventorySiteRef? InventorySiteLocationRef? (SerialNumber:s4095? | LotNumber:s40?)? "
        "Desc:s4095? Quantity:qty? UnitOfMeasure:s31? Cost:price? Amount:amt? TaxAmount:amt? CustomerRef? "
        "ClassRef? SalesTaxCodeRef? BillableStatus:=? OverrideItemAccountRef? LinkToTxn? SalesRepRef? "
        "DataExt*"
    ),
    "ItemGroupLineAdd": (
        "ItemGroupRef Desc:s? Quantity:qty? UnitOfMeasure:s31? InventorySiteRef? InventorySiteLocationRef? DataExt*"
    ),
    "ExpenseLineMod": (
        "TxnLineID:id AccountRef? Amount:amt? TaxAmount:amt? Memo:s4095? CustomerRef? ClassRef? "
        "SalesTaxCodeRef? BillableStatus:=? SalesRepRef?"
    ),
    "ItemLineMod": (
        "TxnLineID:id ItemRef? InventorySiteRef? InventorySiteLocationRef? (SerialNumber:s4095? | "
        "LotNumber:s40?)? Desc:s4095? Quantity:qty? UnitOfMeasure:s31? OverrideUOMSetRef? Cost:price? "
        "Amount:amt? TaxAmount:amt? CustomerRef? ClassRef? SalesTaxCodeRef? BillableStatus:=? "
        "OverrideItemAccountRef? SalesRepRef?"
    ),
    "ItemGroupLineMod": "TxnLineID:id ItemGroupRef? Quantity:qty? UnitOfMeasure:s31? OverrideUOMSetRef? ItemLineMod*",
    "PurchaseOrderLineAdd": (
        "ItemRef? ManufacturerPartNumber:s31? Desc:s4095? Quantity:qty? UnitOfMeasure:s31? Rate:price? "
        "ClassRef? Amount:amt? TaxAmount:amt? InventorySiteLocationRef? CustomerRef? ServiceDate:date? "
        "SalesTaxCodeRef? OverrideItemAccountRef? Other1:s29? Other2:s29? DataExt*"
    ),
    "PurchaseOrderLineGroupAdd": (
        "ItemGroupRef Desc:s? Quantity:qty? UnitOfMeasure:s31? ServiceDate:date? InventorySiteLocationRef? DataExt*"
    ),
    "DataExt": "OwnerID:guid DataExtName:s31 DataExtValue:s",
    "LinkToTxn": "TxnID:id TxnLineID:id",
    "CurrencyFilter": "(ListID:id+ | FullName:s64+)",
}

REFERENCES = {  # each holds ListID? FullName?, the name this long
    "PayeeEntityRef": "s209",
    "APAccountRef": "s159",
    "ClassRef": "s159",
    "VendorTypeRef": "s159",
    "TermsRef": "s31",
    "BillingRateRef": "s31",
    "SalesTaxCodeRef": "s3",
    "SalesTaxReturnRef": "s",
    "TaxOnPurchasesAccountRef": "s159",
    "TaxOnSalesAccountRef": "s159",
    "PrefillAccountRef": "s159",
    "CurrencyRef": "s64",
    "ParentRef": "s",
    "VendorRef": "s41",
    "InventorySiteRef": "s31",
    "ShipToEntityRef": "s209",
    "TemplateRef": "s31",
    "ShipMethodRef": "s15",
    "ListObjRef": "s159",
    "AccountRef": "s159",
    "CustomerRef": "s209",
    "SalesRepRef": "s5",
    "ItemRef": "s",
    "InventorySiteLocationRef": "s31",
    "OverrideItemAccountRef": "s159",
    "ItemGroupRef": "s31",
    "OverrideUOMSetRef": "s31",
}
PARTS.update({name: f"ListID:id? FullName:{longest}?" for name, longest in REFERENCES.items()})

CHOICES = {
    name: tuple(words.split())
    for name, words in {
        "ActiveStatus": "ActiveOnly InactiveOnly All",
        "AccountType": (
            "AccountsPayable AccountsReceivable Bank CostOfGoodsSold CreditCard Equity Expense FixedAsset Income "
            "LongTermLiability NonPosting OtherAsset OtherCurrentAsset OtherCurrentLiability OtherExpense "
            "OtherIncome"
        ),
        "PaidStatus": "All PaidOnly NotPaidOnly",
        "TxnDelType": (
            "ARRefundCreditCard Bill BillPaymentCheck BillPaymentCreditCard BuildAssembly Charge Check "
            "CreditCardCharge CreditCardCredit CreditMemo Deposit Estimate InventoryAdjustment Invoice "
            "ItemReceipt JournalEntry PurchaseOrder ReceivePayment SalesOrder SalesReceipt SalesTaxPaymentCheck "
            "TimeTracking TransferInventory VehicleMileage VendorCredit"
        ),
        "ListDelType": (
            "Account BillingRate Class Currency Customer CustomerMsg CustomerType DateDrivenTerms Employee "
            "InventorySite ItemDiscount ItemFixedAsset ItemGroup ItemInventory ItemInventoryAssembly "
            "ItemNonInventory ItemOtherCharge ItemPayment ItemSalesTax ItemSalesTaxGroup ItemService ItemSubtotal "
            "JobType OtherName PaymentMethod PayrollItemNonWage PayrollItemWage PriceLevel SalesRep SalesTaxCode "
            "ShipMethod StandardTerms ToDo UnitOfMeasureSet Vehicle Vendor VendorType WorkersCompCode"
        ),
        "TxnVoidType": (
            "ARRefundCreditCard Bill BillPaymentCheck BillPaymentCreditCard Charge Check CreditCardCharge "
            "CreditCardCredit CreditMemo Deposit InventoryAdjustment Invoice ItemReceipt JournalEntry "
            "SalesReceipt VendorCredit"
        ),
        "MatchCriterion": "StartsWith Contains EndsWith",
        "Operator": "LessThan LessThanEqual Equal GreaterThan GreaterThanEqual",
        "DateMacro": (
            "All Today ThisWeek ThisWeekToDate ThisMonth ThisMonthToDate ThisCalendarQuarter "
            "ThisCalendarQuarterToDate ThisFiscalQuarter ThisFiscalQuarterToDate ThisCalendarYear "
            "ThisCalendarYearToDate ThisFiscalYear ThisFiscalYearToDate Yesterday LastWeek LastWeekToDate "
            "LastMonth LastMonthToDate LastCalendarQuarter LastCalendarQuarterToDate LastFiscalQuarter "
            "LastFiscalQuarterToDate LastCalendarYear LastCalendarYearToDate LastFiscalYear LastFiscalYearToDate "
            "NextWeek NextFourWeeks NextMonth NextCalendarQuarter NextCalendarYear NextFiscalQuarter "
            "NextFiscalYear"
        ),
        "SalesTaxCountry": "Australia Canada UK US",
        "ReportingPeriod": "Monthly Quarterly",
        "DataExtType": "AMTTYPE DATETIMETYPE INTTYPE PERCENTTYPE PRICETYPE QUANTYPE STR1024TYPE STR255TYPE",
        "AssignToObject": (
            "Account ARRefundCreditCard Bill BillPaymentCheck BillPaymentCreditCard BuildAssembly Charge Check "
            "Company CreditCardCharge CreditCardCredit CreditMemo Customer Deposit Employee Estimate "
            "InventoryAdjustment Invoice Item ItemReceipt JournalEntry OtherName PurchaseOrder ReceivePayment "
            "SalesOrder SalesReceipt SalesTaxPaymentCheck Vendor VendorCredit"
        ),
        "ListDataExtType": "Account Customer Employee Item OtherName Vendor",
        "TxnDataExtType": (
            "ARRefundCreditCard Bill BillPaymentCheck BillPaymentCreditCard BuildAssembly Charge Check "
            "CreditCardCharge CreditCardCredit CreditMemo Deposit Estimate InventoryAdjustment Invoice "
            "ItemReceipt JournalEntry PurchaseOrder ReceivePayment SalesOrder SalesReceipt SalesTaxPaymentCheck "
            "VendorCredit"
        ),
        "OtherDataExtType": "Company",
        "BillableStatus": "Billable NotBillable HasBeenBilled",
    }.items()
}
