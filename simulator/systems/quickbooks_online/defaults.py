"""A new company as the vendor sets one up: its info, its preferences, a small chart of accounts and the usual terms."""

from __future__ import annotations

from typing import Any

from simulator.systems.quickbooks_online.company import Body, Company, Writer
from simulator.systems.quickbooks_online.entities import ENTITIES
from simulator.systems.quickbooks_online.names import ACCOUNT_TYPES
from simulator.systems.quickbooks_online.options import Options
from simulator.systems.quickbooks_online.references import CURRENCIES, Call
from simulator.systems.quickbooks_online.writing import create

ISO_3 = {"US": "USA", "CA": "CAN", "GB": "GBR", "AU": "AUS", "FR": "FRA"}
CHART = (
    ("Accounts Payable (A/P)", "Accounts Payable", "2000"),
    ("Accounts Receivable (A/R)", "Accounts Receivable", "1200"),
    ("Checking", "Bank", "1000"),
    ("Visa", "Credit Card", "2100"),
    ("Job Materials", "Cost of Goods Sold", "5100"),
    ("Subcontractors", "Cost of Goods Sold", "5200"),
    ("Equipment Rental", "Expense", "6100"),
    ("Office Expenses", "Expense", "6200"),
)
TERMS = (("Due on receipt", 0), ("Net 15", 15), ("Net 30", 30), ("Net 60", 60))
PREFERENCES: Body = {
    "AccountingInfoPrefs": {
        "FirstMonthOfFiscalYear": "January",
        "UseAccountNumbers": True,
        "TaxYearMonth": "January",
        "ClassTrackingPerTxn": False,
        "TrackDepartments": True,
        "TaxForm": "6",
        "CustomerTerminology": "Customers",
        "DepartmentTerminology": "Location",
        "ClassTrackingPerTxnLine": True,
    },
    "ProductAndServicesPrefs": {"ForSales": True, "ForPurchase": True},
    "VendorAndPurchasesPrefs": {"TrackingByCustomer": True, "BillableExpenseTracking": True},
    "TaxPrefs": {"UsingSalesTax": False, "PartnerTaxEnabled": False},
    "CurrencyPrefs": {"MultiCurrencyEnabled": False, "HomeCurrency": {"value": "USD"}},
}
OTHER_PREFERENCES = {
    "WarnDuplicateBillNumber": "true",
    "VendorAndPurchasesPrefs.UseCustomTxnNumbers": "true",
    "VendorAndPurchasesPrefs.PurchaseOrderEnabled": "true",
    "ProjectsEnabled": "false",
}


def open_company(realm_id: str, name: str, writer: Writer, *, country: str, home_currency: str, chart: bool) -> Company:
    company = Company(realm_id, name, country=country, home_currency=home_currency)
    address = {
        "Id": "1",
        "Line1": "2500 Garcia Ave",
        "City": "Mountain View",
        "CountrySubDivisionCode": "CA",
        "PostalCode": "94043",
        "Country": ISO_3.get(country, country),
    }
    info: Body = {
        "CompanyName": name,
        "LegalName": name,
        "CompanyAddr": address,
        "CustomerCommunicationAddr": address,
        "LegalAddr": address,
        "CompanyStartDate": "2015-06-05",
        "FiscalYearStartMonth": "January",
        "Country": country,
        "Email": {"Address": "books@company.example"},
        "PrimaryPhone": {"FreeFormNumber": "(650)944-4444"},
        "WebAddr": {},
        "SupportedLanguages": "en",
        "NameValue": [{"Name": "NeoEnabled", "Value": "True"}],
    }
    preferences = {
        **PREFERENCES,
        "CurrencyPrefs": {"MultiCurrencyEnabled": False, "HomeCurrency": {"value": home_currency}},
        "OtherPrefs": {"NameValue": [{"Name": k, "Value": v} for k, v in OTHER_PREFERENCES.items()]},
    }
    company.create("CompanyInfo", info, writer, id="1", operation="Open")
    company.create("Preferences", preferences, writer, id="1", operation="Open")
    call = Call(company, Options(), writer)
    if chart:
        for account, kind, number in CHART:
            sub_type = ACCOUNT_TYPES[kind][1]
            fields = {"Name": account, "AccountType": kind, "AccountSubType": sub_type, "AcctNum": number}
            create(call, ENTITIES["Account"], fields)
    for term, days in TERMS:
        create(call, ENTITIES["Term"], {"Name": term, "DueDays": days})
    return company


def set_preference(company: Company, path: str, value: Any, writer: Writer) -> Body:
    """Change one setting; `None` removes it. "OtherPrefs.X" is the name-value pair X."""
    section, _, name = path.partition(".")
    stored = next(company.every("Preferences"))
    if section == "OtherPrefs":
        said = str(value).lower() if isinstance(value, bool) else str(value)
        pairs = [p for p in stored.body["OtherPrefs"]["NameValue"] if p["Name"] != name]
        part: Body = {"NameValue": pairs if value is None else [*pairs, {"Name": name, "Value": said}]}
    else:
        part = {k: v for k, v in stored.body.get(section, {}).items() if k != name}
        if value is not None:
            part[name] = value
    company.change("Preferences", stored, {**stored.body, section: part}, writer)
    if path == "CurrencyPrefs.MultiCurrencyEnabled" and value:
        company.currencies = sorted({*company.currencies, *CURRENCIES})
    return stored.body
