"""The vendor's entities: their address, the properties they take with their limits, and what queries may filter on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from simulator.systems.quickbooks_online.fields import (
    Choice,
    Day,
    Email,
    Field,
    Flag,
    Group,
    Kept,
    Number,
    Queried,
    ReadOnly,
    Ref,
    Rows,
    Text,
    Whole,
    money,
)
from simulator.systems.quickbooks_online.properties import (
    ADDRESS,
    COMMON,
    LINKED,
    NAME_FIELDS,
    NAME_FORBIDDEN,
    NESTED_LIST,
    TRANSACTION_FIELDS,
)

Family = Literal["name", "list", "transaction", "single"]
NOT_FILTERABLE = frozenset({"PrivateNote", "Memo", "Notes", "DepartmentRef", "Description", "Line", "TaxIdentifier"})
TIMES = ("MetaData.CreateTime", "MetaData.LastUpdatedTime")


@dataclass(frozen=True, slots=True)
class Entity:
    name: str
    family: Family
    fields: Mapping[str, Field]
    sequence: str  # objects of one sequence share their numbering
    filterable: frozenset[str] | None = None  # None: every plain property

    @property
    def path(self) -> str:
        return self.name.lower()

    @property
    def hides_inactive(self) -> bool:
        return self.family in ("name", "list")

    def queried(self, prop: str) -> Queried | Literal["time", "id", "unknown"]:
        """How a WHERE clause compares a property; "none" when it exists but is not queryable."""
        if prop == "Id":
            return "id"
        if prop in TIMES:
            return "time"
        if prop not in self.fields:
            return "unknown"
        if prop in NOT_FILTERABLE or (self.filterable is not None and prop not in self.filterable):
            return "none"
        return QUERIED_READ_ONLY.get(prop, self.fields[prop].queried)


# read-only properties that are nevertheless compared in queries
QUERIED_READ_ONLY: dict[str, Queried] = {
    "Balance": "number",
    "TotalAmt": "number",
    "CurrentBalance": "number",
    "FullyQualifiedName": "text",
    "Classification": "text",
}


_TXN_FILTERS = frozenset({"VendorRef", "DocNumber", "TxnDate", "Balance", "TotalAmt", "APAccountRef"})

_ALL = (
    Entity(
        "Vendor",
        "name",
        NAME_FIELDS
        | {
            "AcctNum": Text(100),
            "TaxIdentifier": Text(20),
            "Vendor1099": Flag(),
            "TermRef": Ref(target="Term"),
            "APAccountRef": Ref(target="Account"),
            "Balance": Number(),
            "BillRate": Number(),
            "CostRate": Number(),
            "T4AEligible": Flag(),
            "T5018Eligible": Flag(),
            "HasTPAR": Flag(),
            "GSTIN": Text(15),
            "VendorPaymentBankDetail": Kept(),
        },
        "name",
    ),
    Entity(
        "Customer",
        "name",
        NAME_FIELDS
        | {
            "FullyQualifiedName": ReadOnly(),
            "Balance": ReadOnly(),
            "BalanceWithJobs": ReadOnly(),
            "Job": Flag(),
            "IsProject": Flag(),
            "ParentRef": Ref(target="Customer"),
            "BillWithParent": Flag(),
            "Level": ReadOnly(),
            "Taxable": Flag(),
            "ShipAddr": ADDRESS,
            "SalesTermRef": Ref(target="Term"),
            "PreferredDeliveryMethod": Text(30),
            "V4IDPseudonym": ReadOnly(),
        },
        "name",
    ),
    Entity(
        "Employee",
        "name",
        NAME_FIELDS | {"EmployeeNumber": Text(100), "PrimaryAddr": ADDRESS, "BillableTime": Flag()},
        "name",
    ),
    Entity(
        "Account",
        "list",
        NESTED_LIST
        | {
            "Name": Text(100, forbidden=NAME_FORBIDDEN + '"', trimmed=True),
            "AccountType": Text(60),
            "AccountSubType": Text(60),
            "AcctNum": Text(20, forbidden=":"),
            "Description": Text(100),
            "ParentRef": Ref(target="Account"),
            "SubAccount": Flag(),
            "Classification": ReadOnly(),
            "CurrencyRef": Ref(target="Currency", numeric=False),
            "CurrentBalance": ReadOnly(),
            "CurrentBalanceWithSubAccounts": ReadOnly(),
        },
        "account",
    ),
    Entity("Class", "list", NESTED_LIST | {"ParentRef": Ref(target="Class"), "SubClass": Flag()}, "class"),
    Entity(
        "Department",
        "list",
        NESTED_LIST | {"ParentRef": Ref(target="Department"), "SubDepartment": Flag()},
        "department",
    ),
    Entity(
        "Term",
        "list",
        COMMON
        | {
            "Name": Text(31, trimmed=True),
            "Active": Flag(),
            "Type": Text(20),
            "DueDays": Whole(most=999),
            "DiscountDays": Whole(most=999),
            "DiscountPercent": Number(least=Decimal(0), most=Decimal(100)),
            "DayOfMonthDue": Whole(least=1, most=31),
            "DueNextMonthDays": Whole(most=999),
            "DiscountDayOfMonth": Whole(least=1, most=31),
        },
        "term",
    ),
    Entity(
        "Item",
        "list",
        NESTED_LIST
        | {
            "Type": Text(30),
            "Description": Text(4000),
            "PurchaseDesc": Text(1000),
            "UnitPrice": Number(),
            "PurchaseCost": Number(),
            "IncomeAccountRef": Ref(target="Account"),
            "ExpenseAccountRef": Ref(target="Account"),
            "ParentRef": Ref(target="Item"),
            "SubItem": Flag(),
            "Sku": Text(100),
        },
        "item",
    ),
    Entity(
        "Bill",
        "transaction",
        TRANSACTION_FIELDS | {"DueDate": Day(), "SalesTermRef": Ref(target="Term"), "IncludeInAnnualTPAR": Flag()},
        "txn",
        _TXN_FILTERS | {"DueDate", "SalesTermRef"},
    ),
    Entity("VendorCredit", "transaction", TRANSACTION_FIELDS, "txn", _TXN_FILTERS),
    Entity(
        "PurchaseOrder",
        "transaction",
        TRANSACTION_FIELDS
        | {
            "Memo": Text(4000),
            "POStatus": Choice(options=("Open", "Closed")),
            "ClassRef": Ref(target="Class"),
            "SalesTermRef": Ref(target="Term"),
            "DueDate": Day(),
            "ShipAddr": ADDRESS,
            "ShipTo": Ref(target="Customer"),
            "POEmail": Group(fields={"Address": Email()}),
            "EmailStatus": Text(30),
            "VendorAddr": ADDRESS,
        },
        "txn",
        _TXN_FILTERS | {"DueDate", "SalesTermRef", "POStatus"},
    ),
    Entity(
        "BillPayment",
        "transaction",
        TRANSACTION_FIELDS
        | {
            "PayType": Choice(options=("Check", "CreditCard")),
            "CheckPayment": Group(
                fields={
                    "BankAccountRef": Ref(target="Account"),
                    "PrintStatus": Choice(options=("NotSet", "NeedToPrint", "PrintComplete")),
                }
            ),
            "CreditCardPayment": Group(fields={"CCAccountRef": Ref(target="Account")}),
            "TotalAmt": Number(decimals=2, least=Decimal(0)),
            "Line": Rows(row=Group(fields={"Id": Kept(), "LineNum": Number(), "Amount": money(), "LinkedTxn": LINKED})),
            "ProcessBillPayment": Flag(),
        },
        "txn",
        _TXN_FILTERS - {"Balance"},
    ),
    Entity("CompanyInfo", "single", COMMON, "none"),
    Entity("Preferences", "single", COMMON, "none"),
)
ENTITIES: dict[str, Entity] = {entity.name: entity for entity in _ALL}
BY_PATH: dict[str, Entity] = {entity.path: entity for entity in _ALL}
