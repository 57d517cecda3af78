"""Which element of a response is which row, and where each attribute stands in it."""

from __future__ import annotations

from chalicelib.systems.quickbooks_desktop import company, rows
from chalicelib.systems.quickbooks_desktop.shapes import Shape, including, shape, spread

_VERSIONED = {"edit_sequence": "EditSequence", "modified": "TimeModified moment"}
_ENTRY = {"list_id": "ListID", "name": "Name", "is_active": "IsActive flag", **_VERSIONED}
_LINE = {
    "line_id": "TxnLineID",
    "amount": "Amount amount",
    "tax_amount": "TaxAmount amount",
    "customer": "CustomerRef ref",
    "class_": "ClassRef ref",
    "sales_tax_code": "SalesTaxCodeRef ref",
    "billable": "BillableStatus",
}
_TXN = {
    "txn_id": "TxnID",
    "created": "TimeCreated moment",
    "txn_date": "TxnDate day",
    "ap_account": "APAccountRef ref",
    "currency": "CurrencyRef ref",
    "exchange_rate": "ExchangeRate amount",
    "ref_number": "RefNumber",
    "memo": "Memo",
    **_VERSIONED,
}
_OTHER_TXN = {
    "txn_id": "TxnID",
    "txn_type": "TxnType",
    "txn_date": "TxnDate day",
    "ref_number": "RefNumber",
    "amount": "Amount amount",
}

VENDOR = shape(
    rows.Vendor,
    "list_id edit_sequence name",
    **_ENTRY,
    created="TimeCreated moment",
    company_name="CompanyName",
    first_name="FirstName",
    last_name="LastName",
    address="VendorAddress address",
    phone="Phone",
    fax="Fax",
    email="Email",
    contact="Contact",
    name_on_check="NameOnCheck",
    account_number="AccountNumber",
    notes="Notes",
    terms="TermsRef ref",
    balance="Balance amount",
    currency="CurrencyRef ref",
    external_guid="ExternalGUID",
)
EXPENSE = shape(rows.ExpenseLine, "line_id", **_LINE, account="AccountRef ref", memo="Memo")
ITEM = shape(
    rows.ItemLine,
    "line_id",
    **_LINE,
    item="ItemRef ref",
    description="Desc",
    quantity="Quantity amount",
    unit="UnitOfMeasure",
    cost="Cost amount",
)
GROUP = including(
    shape(
        rows.GroupLine,
        "line_id amount",
        line_id="TxnLineID",
        amount="TotalAmount amount",
        item="ItemGroupRef ref",
        description="Desc",
        quantity="Quantity amount",
    ),
    lines=("ItemLineRet", ITEM),
)
LINKED = shape(rows.LinkedTxn, "txn_id txn_type", **_OTHER_TXN, link="LinkType")
BILL = including(
    shape(
        rows.Bill,
        "txn_id edit_sequence vendor txn_date",
        **_TXN,
        vendor="VendorRef ref",
        is_paid="IsPaid flag",
        due_date="DueDate day",
        amount_due="AmountDue amount",
        open_amount="OpenAmount amount",
        terms="TermsRef ref",
        is_tax_included="IsTaxIncluded flag",
        external_guid="ExternalGUID",
    ),
    expense_lines=("ExpenseLineRet", EXPENSE),
    item_lines=("ItemLineRet", ITEM),
    group_lines=("ItemGroupLineRet", GROUP),
    linked=("LinkedTxn", LINKED),
)
PAYMENT = including(
    shape(
        rows.BillPayment,
        "txn_id edit_sequence payee txn_date amount",
        **_TXN,
        payee="PayeeEntityRef ref",
        amount="Amount amount",
        bank_account="BankAccountRef ref",
        card_account="CreditCardAccountRef ref",
    ),
    applied=(
        "AppliedToTxnRet",
        shape(
            rows.Applied,
            "txn_id txn_type",
            **_OTHER_TXN,
            remaining="BalanceRemaining amount",
            discount="DiscountAmount amount",
        ),
    ),
)
ACCOUNT = shape(
    rows.Account,
    "list_id name full_name account_type",
    **_ENTRY,
    full_name="FullName",
    account_type="AccountType",
    number="AccountNumber",
    description="Desc",
    parent="ParentRef ref",
    special="SpecialAccountType",
    currency="CurrencyRef ref",
)
TERM = shape(rows.Term, "list_id name", **_ENTRY, due_days="StdDueDays whole", day_of_month="DayOfMonthDue whole")
CUSTOMER = shape(
    rows.Customer,
    "list_id name full_name",
    **_ENTRY,
    full_name="FullName",
    parent="ParentRef ref",
    level="Sublevel whole",
    job_status="JobStatus",
    currency="CurrencyRef ref",
)
_DELETED = {"at": "TimeDeleted moment", "created": "TimeCreated moment"}
DELETED_TXN = shape(rows.Deleted, "kind id", **_DELETED, kind="TxnDelType", id="TxnID", ref_number="RefNumber")
VOIDED_TXN = shape(rows.Deleted, "kind id", **_DELETED, kind="TxnVoidType", id="TxnID", ref_number="RefNumber")
DELETED_ENTRY = shape(rows.Deleted, "kind id", **_DELETED, kind="ListDelType", id="ListID", full_name="FullName")
RECOVERED = shape(
    rows.Recovered,
    txn_id="TxnID",
    list_id="ListID",
    edit_sequence="EditSequence",
    external_guid="ExternalGUID",
)
COMPANY = spread(
    including(
        shape(
            company.Company,
            "name",
            name="CompanyName",
            legal_name="LegalCompanyName",
            is_sample="IsSampleCompany flag",
        ),
        custom=(
            "DataExtRet",
            shape(company.CustomValue, "name", owner="OwnerID", name="DataExtName", value="DataExtValue"),
        ),
    ),
    AccountantCopy=shape(dict, has_accountants_copy="AccountantCopyExists flag", dividing_date="DividingDate day"),
)
PREFERENCES = spread(
    shape(company.Preferences),
    AccountingPreferences=shape(
        dict,
        uses_account_numbers="IsUsingAccountNumbers flag",
        requires_accounts="IsRequiringAccounts flag",
        uses_classes="IsUsingClassTracking flag",
        closing_date="ClosingDate day",
    ),
    MultiCurrencyPreferences=shape(dict, uses_currencies="IsMultiCurrencyOn flag", home_currency="HomeCurrencyRef ref"),
    PurchasesAndVendorsPreferences=shape(dict, uses_inventory="IsUsingInventory flag"),
    CurrentAppAccessRights=shape(
        dict, may_log_in="IsAutomaticLoginAllowed flag", may_see_personal="IsPersonalDataAccessAllowed flag"
    ),
)
HOST = shape(
    company.Host,
    "product",
    product="ProductName",
    country="Country",
    versions="SupportedQBXMLVersion*",
    file_mode="QBFileMode",
)

ITEMS = (
    "ItemService", "ItemNonInventory", "ItemOtherCharge", "ItemInventory", "ItemInventoryAssembly", "ItemFixedAsset",
    "ItemSubtotal", "ItemDiscount", "ItemPayment", "ItemSalesTax", "ItemSalesTaxGroup", "ItemGroup",
)  # fmt: skip
TRANSACTIONS = ("Bill", "BillPaymentCheck", "BillPaymentCreditCard")

ROWS: dict[str, Shape] = {
    "VendorRet": VENDOR,
    "BillRet": BILL,
    "BillPaymentCheckRet": PAYMENT,
    "BillPaymentCreditCardRet": PAYMENT,
    "AccountRet": ACCOUNT,
    "StandardTermsRet": TERM,
    "DateDrivenTermsRet": TERM,
    "CustomerRet": CUSTOMER,
    "TxnDeletedRet": DELETED_TXN,
    "ListDeletedRet": DELETED_ENTRY,
    "CompanyRet": COMPANY,
    "PreferencesRet": PREFERENCES,
    "HostRet": HOST,
    "ErrorRecovery": RECOVERED,
    **{
        f"{kind}Ret": shape(rows.Entry, "list_id name", kind, **_ENTRY, full_name="FullName", parent="ParentRef ref")
        for kind in ("Class", "Employee", "OtherName", *ITEMS)
    },
}
# A sweep asks for ids alone: what else a row needs is not there.
SWEEP: dict[str, Shape] = {
    **ROWS,
    **{f"{kind}Ret": shape(rows.Seen, "txn_id", kind, txn_id="TxnID", **_VERSIONED) for kind in TRANSACTIONS},
}
# Answers that are the row themselves.
ANSWERS: dict[str, Shape] = {"TxnDelRs": DELETED_TXN, "TxnVoidRs": VOIDED_TXN}
