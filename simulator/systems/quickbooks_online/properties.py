"""The properties several entities share, with the lengths the vendor publishes."""

from __future__ import annotations

from simulator.systems.quickbooks_online.fields import (
    Choice,
    Day,
    Email,
    Field,
    Flag,
    Group,
    Kept,
    Number,
    ReadOnly,
    Ref,
    Rows,
    Text,
    Uri,
    money,
)

NAME_FORBIDDEN = ":\t\n\r"
COMMON: dict[str, Field] = {
    "Id": ReadOnly(),
    "SyncToken": ReadOnly(),
    "MetaData": ReadOnly(),
    "domain": ReadOnly(),
    "sparse": ReadOnly(),
    "status": ReadOnly(),
}


def _name(most: int) -> Text:
    return Text(most, forbidden=NAME_FORBIDDEN, trimmed=True)


PHONE = Group(fields={"FreeFormNumber": Text(21)})
ADDRESS = Group(
    fields={
        "Id": ReadOnly(),
        **{f"Line{n}": Text(500) for n in range(1, 6)},
        "City": Text(255),
        "CountrySubDivisionCode": Text(255),
        "PostalCode": Text(30),
        "Country": Text(255),
        "Lat": ReadOnly(),
        "Long": ReadOnly(),
        "Note": Text(1000),
    }
)
NAME_FIELDS: dict[str, Field] = COMMON | {
    "DisplayName": _name(500),
    "Title": _name(16),
    "Suffix": _name(16),
    "GivenName": _name(100),
    "MiddleName": _name(100),
    "FamilyName": _name(100),
    "PrintOnCheckName": _name(100),
    "CompanyName": Text(100, trimmed=True),
    "Active": Flag(),
    "PrimaryEmailAddr": Group(fields={"Address": Email()}),
    "PrimaryPhone": PHONE,
    "AlternatePhone": PHONE,
    "Mobile": PHONE,
    "Fax": PHONE,
    "WebAddr": Group(fields={"URI": Uri()}),
    "BillAddr": ADDRESS,
    "CurrencyRef": Ref(target="Currency", numeric=False),
    "Notes": Text(1024),
    "CustomField": Kept(),
    "OtherContactInfo": Kept(),
}
EXPENSE_DETAIL: dict[str, Field] = {
    "CustomerRef": Ref(target="Customer"),
    "ClassRef": Ref(target="Class"),
    "BillableStatus": Choice(options=("Billable", "NotBillable", "HasBeenBilled")),
    "TaxCodeRef": Ref(target="TaxCode", numeric=False),
    "TaxInclusiveAmt": ReadOnly(),
    "TaxAmount": ReadOnly(),
    "MarkupInfo": Kept(),
    "ProjectRef": Kept(),
}
ACCOUNT_DETAIL = Group(fields=EXPENSE_DETAIL | {"AccountRef": Ref(target="Account")})
ITEM_DETAIL = Group(
    fields=EXPENSE_DETAIL
    | {"ItemRef": Ref(target="Item"), "Qty": Number(), "UnitPrice": Number(), "ItemAccountRef": ReadOnly()}
)
LINKED = Rows(row=Group(fields={"TxnId": Text(30), "TxnType": Text(40), "TxnLineId": Text(30)}))
LINE = Group(
    fields={
        "Id": Kept(),
        "LineNum": Number(),
        "Description": Text(4000),
        "Amount": money(),
        "DetailType": Text(60),
        "AccountBasedExpenseLineDetail": ACCOUNT_DETAIL,
        "ItemBasedExpenseLineDetail": ITEM_DETAIL,
        "DescriptionLineDetail": Kept(),
        "LinkedTxn": LINKED,
        "ProjectRef": Kept(),
        "CustomExtensions": Kept(),
    }
)
TRANSACTION_FIELDS: dict[str, Field] = COMMON | {
    "VendorRef": Ref(target="Vendor"),
    "Line": Rows(row=LINE),
    "LinkedTxn": LINKED,
    "CurrencyRef": Ref(target="Currency", numeric=False),
    "ExchangeRate": Number(),
    "GlobalTaxCalculation": Choice(options=("TaxExcluded", "TaxInclusive", "NotApplicable")),
    "APAccountRef": Ref(target="Account"),
    "TxnDate": Day(),
    "DocNumber": Text(21),
    "PrivateNote": Text(4000),
    "DepartmentRef": Ref(target="Department"),
    "TxnTaxDetail": Kept(),
    "TotalAmt": ReadOnly(),
    "Balance": ReadOnly(),
    "HomeBalance": ReadOnly(),
    "HomeTotalAmt": ReadOnly(),
    "VendorAddr": ReadOnly(),
    "RecurDataRef": ReadOnly(),
    "CustomField": Kept(),
    "CustomExtensions": Kept(),
}
NESTED_LIST: dict[str, Field] = COMMON | {
    "Name": Text(100, forbidden=NAME_FORBIDDEN, trimmed=True),
    "Active": Flag(),
    "FullyQualifiedName": ReadOnly(),
}
