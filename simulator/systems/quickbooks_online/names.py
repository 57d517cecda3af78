"""Vendors, customers and employees: one name space, inactive ones included; and the lists with parents."""

from __future__ import annotations

from simulator.systems.quickbooks_online.answers import refuse, required
from simulator.systems.quickbooks_online.company import INACTIVE_SUFFIX, Body, Stored, base_name, normal_name
from simulator.systems.quickbooks_online.references import Call, currency, need, settle

NAME_PARTS = ("Title", "GivenName", "MiddleName", "FamilyName", "Suffix")
DEEPEST = 5
ACCOUNT_TYPES = {
    "Bank": ("Asset", "Checking"),
    "Accounts Receivable": ("Asset", "AccountsReceivable"),
    "Other Current Asset": ("Asset", "OtherCurrentAssets"),
    "Fixed Asset": ("Asset", "OtherFixedAssets"),
    "Other Asset": ("Asset", "OtherLongTermAssets"),
    "Accounts Payable": ("Liability", "AccountsPayable"),
    "Credit Card": ("Liability", "CreditCard"),
    "Other Current Liability": ("Liability", "OtherCurrentLiabilities"),
    "Long Term Liability": ("Liability", "OtherLongTermLiabilities"),
    "Equity": ("Equity", "OpeningBalanceEquity"),
    "Income": ("Revenue", "SalesOfProductIncome"),
    "Cost of Goods Sold": ("Expense", "SuppliesMaterialsCogs"),
    "Expense": ("Expense", "OtherMiscellaneousServiceCost"),
    "Other Income": ("Revenue", "OtherMiscellaneousIncome"),
    "Other Expense": ("Expense", "OtherMiscellaneousExpense"),
}


def prepare_name(call: Call, entity: str, fields: Body, before: Stored | None) -> Body:
    """The whole new content of a vendor, customer or employee."""
    fields["Active"] = fields.get("Active", True)
    old = before.body if before else {}
    shown = fields.get("DisplayName") or " ".join(fields[p] for p in NAME_PARTS if p in fields)
    if not shown:
        raise refuse(
            "6080", "At least one of DisplayName, Title, GivenName, MiddleName, FamilyName, Suffix is required"
        )
    name = base_name(shown) if old and not old["Active"] else shown
    _check_unique(call, entity, name, old.get("Id", ""))
    fields.setdefault("PrintOnCheckName", name)
    fields["DisplayName"] = name if fields["Active"] else name + INACTIVE_SUFFIX
    if "CompanyName" in fields and not (fields["Active"] and old.get("Active", True)):
        company_name = base_name(fields["CompanyName"])
        fields["CompanyName"] = company_name if fields["Active"] else company_name + INACTIVE_SUFFIX
    _settle_own_currency(call, fields, old)
    if entity == "Vendor":
        _vendor(call, fields, old)
    if entity == "Customer":
        settle(call, fields, "ParentRef", "Customer")
        parent = fields.get("ParentRef")
        fields["FullyQualifiedName"] = f"{parent['name']}:{name}" if parent else name
        fields["Balance"] = old.get("Balance", 0)
    if "BillAddr" in fields:
        known = old.get("BillAddr", {}).get("Id")
        fields["BillAddr"] = {**fields["BillAddr"], "Id": known or call.company.next_id("address")}
    return fields


def _vendor(call: Call, fields: Body, old: Body) -> None:
    if fields.get("TaxIdentifier", "").startswith("XX"):
        call.warn("a masked TaxIdentifier was written back: the real one is lost")
    if not old:
        fields.pop("TermRef", None)  # the vendor ignores it on create
        if fields.get("Balance"):
            call.warn("Balance on a new vendor becomes an opening balance")
        fields["Balance"] = fields.get("Balance", 0)
    else:
        fields["Balance"] = old["Balance"]
    settle(call, fields, "TermRef", "Term")
    fields["Vendor1099"] = fields.get("Vendor1099", False)


def _settle_own_currency(call: Call, fields: Body, old: Body) -> None:
    """A name has one currency for life."""
    if old:
        fields["CurrencyRef"] = old["CurrencyRef"]
        return
    home = call.company.home_currency
    sent = fields.get("CurrencyRef", {}).get("value", home)
    if not call.company.preference("CurrencyPrefs.MultiCurrencyEnabled"):
        sent = home
    if sent not in call.company.currencies:
        raise refuse("2220", f"Currency {sent} is not in use in this company", "CurrencyRef")
    fields["CurrencyRef"] = currency(sent)


def _check_unique(call: Call, entity: str, name: str, own_id: str) -> None:
    others = set(call.company.by_name.get(normal_name(name), {})) - {(entity, own_id)}
    if others:
        raise refuse(
            "6240",
            "The name supplied already exists. : Another customer, vendor or employee is already using this \n"
            "name. Please use a different name.",
        )


def prepare_list(call: Call, entity: str, fields: Body, before: Stored | None) -> Body:
    """The whole new content of an account, class, department, term or item."""
    old = before.body if before else {}
    fields["Active"] = fields.get("Active", True)
    if not fields.get("Name"):
        raise required("Name")
    name = base_name(fields["Name"]) if old and not old["Active"] else fields["Name"]
    fields["Name"] = name if fields["Active"] else name + INACTIVE_SUFFIX
    if entity == "Term":
        fields["Type"] = "DATE_DRIVEN" if "DayOfMonthDue" in fields else "STANDARD"
        full = str(fields["Name"])
    else:
        full = _full_name(call, entity, fields, old)
    for other in call.company.every(entity):
        taken = str(other.body.get("FullyQualifiedName", other.body["Name"]))
        if normal_name(taken) == normal_name(full) and other is not before:
            detail = f"The name supplied already exists. : Id={other.body['Id']}"
            raise refuse("6240", detail, "Name")
    if entity == "Account":
        _account(call, fields, old)
    if entity == "Item":
        fields["Type"] = fields.get("Type", "NonInventory")
        for prop in ("IncomeAccountRef", "ExpenseAccountRef"):
            settle(call, fields, prop, "Account")
    return fields


def _full_name(call: Call, entity: str, fields: Body, old: Body) -> str:
    flag = {"Account": "SubAccount", "Class": "SubClass", "Department": "SubDepartment", "Item": "SubItem"}[entity]
    fields[flag] = "ParentRef" in fields
    full = str(fields["Name"])
    if "ParentRef" in fields:
        parent = need(call, entity, fields["ParentRef"], "ParentRef")
        full = f"{parent['FullyQualifiedName']}:{fields['Name']}"
        if (old and parent["Id"] == old["Id"]) or full.count(":") >= DEEPEST:
            raise refuse("6180", f"{entity} is nested deeper than {DEEPEST} levels", "ParentRef")
        fields["ParentRef"] = {"value": parent["Id"]}
    fields["FullyQualifiedName"] = full
    return full


def _account(call: Call, fields: Body, old: Body) -> None:
    kind = fields.get("AccountType") or old.get("AccountType")
    if kind is None:
        known = {sub: t for t, (_, sub) in ACCOUNT_TYPES.items()}
        kind = known.get(fields.get("AccountSubType", ""))
    if kind is None:
        raise refuse("6010", "AccountType or AccountSubType is required", mistake="an account without a type")
    if kind not in ACCOUNT_TYPES:
        raise refuse("2170", f"Invalid value for AccountType: {kind}", "AccountType", mistake="unknown AccountType")
    classification, sub_type = ACCOUNT_TYPES[kind]
    fields["AccountType"] = kind
    fields["AccountSubType"] = fields.get("AccountSubType", old.get("AccountSubType", sub_type))
    fields["Classification"] = classification
    fields["CurrentBalance"] = old.get("CurrentBalance", 0)
    fields["CurrencyRef"] = currency(fields.get("CurrencyRef", {}).get("value", call.company.home_currency))
    most = 20 if call.company.country in ("AU", "CA") else 7
    if len(fields.get("AcctNum", "")) > most and not call.by_person:
        supplied = len(fields["AcctNum"])
        raise refuse(
            "2050",
            "String length is either shorter or longer than supported by specification : "
            f"Min:0 Max:{most} Supplied:{supplied}",
            "AcctNum",
            mistake=f"AcctNum is longer than {most}",
        )
