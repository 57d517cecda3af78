"""What QuickBooks says of itself, of the company and of its preferences."""

from __future__ import annotations

from typing import Any

from lxml import etree

from simulator.systems.quickbooks_desktop.company import CompanyFile, Row
from simulator.systems.quickbooks_desktop.records import Printer, block, put

Element = Any  # lxml ships no types
VERSIONS = ["1.0", "1.1", "2.0", "2.1", "3.0", "4.0", "4.1", *(f"{n}.0" for n in range(5, 17))]
YEARS = {"13.0": "2014", "14.0": "2019", "15.0": "2021", "16.0": "2023"}
ADDRESS = {
    "Addr1": "100 Harbor Blvd",
    "City": "Tampa",
    "State": "FL",
    "PostalCode": "33602",
    "Country": "US",
}


def host(company: CompanyFile, *, highest: str) -> Element:
    known = VERSIONS[: VERSIONS.index(highest) + 1]
    year = YEARS.get(highest, "2013")
    values: Row = {
        "ProductName": f"QuickBooks Premier {year}",
        "MajorVersion": str(int(year) - 1990),
        "MinorVersion": "0",
        "Country": company.preferences["country"],
        "SupportedQBXMLVersion": known,
        "IsAutomaticLogin": "false",
        "QBFileMode": "MultiUser" if company.preferences["is_multi_user"] else "SingleUser",
    }
    return put(etree.Element("HostRet"), values, values)


def about(company: CompanyFile, printer: Printer, owners: tuple[str, ...]) -> Element:
    dividing = company.preferences["DividingDate"]
    copy = {"AccountantCopyExists": _said(bool(dividing)), "DividingDate": dividing}
    values: Row = {
        "IsSampleCompany": "false",
        "CompanyName": company.name[:59],
        "LegalCompanyName": company.name[:59],
        "Address": ADDRESS,
        "AddressBlock": block(ADDRESS),
        "LegalAddress": ADDRESS,
        "Phone": "813-555-0100",
        "Email": "books@company.example",
        "FirstMonthFiscalYear": "January",
        "FirstMonthIncomeTaxYear": "January",
        "CompanyType": "GeneralConstructionContractor",
        "EIN": "12-3456789",
        "TaxForm": "Form1120",
        "AccountantCopy": put(etree.Element("AccountantCopy"), copy, copy),
        "DataExtRet": printer.extensions(owners, "company"),
    }
    return put(etree.Element("CompanyRet"), values, values)


def preferences(company: CompanyFile, printer: Printer) -> Element:
    p = company.preferences
    home = company.named(p["home_currency"], "Currency")
    groups: dict[str, Row] = {
        "AccountingPreferences": {
            "IsUsingAccountNumbers": _said(p["IsUsingAccountNumbers"]),
            "IsRequiringAccounts": _said(p["IsRequiringAccounts"]),
            "IsUsingClassTracking": _said(p["IsUsingClassTracking"]),
            "IsUsingAuditTrail": "true",
            "IsAssigningJournalEntryNumbers": "true",
            "ClosingDate": p["ClosingDate"],
        },
        "MultiCurrencyPreferences": {"IsMultiCurrencyOn": _said(p["IsMultiCurrencyOn"])},
        "PurchasesAndVendorsPreferences": {
            "IsUsingInventory": _said(p["IsUsingInventory"]),
            "DaysBillsAreDue": str(p["DaysBillsAreDue"]),
            "IsAutomaticallyUsingDiscounts": "false",
        },
        "CurrentAppAccessRights": {
            "IsAutomaticLoginAllowed": "true",
            "AutomaticLoginUserName": "Admin",
            "IsPersonalDataAccessAllowed": _said(p["IsPersonalDataAccessAllowed"]),
        },
    }
    if p["IsMultiCurrencyOn"] and home:
        reference = printer.reference("HomeCurrencyRef", home.id)
        groups["MultiCurrencyPreferences"]["HomeCurrencyRef"] = reference
    made = etree.Element("PreferencesRet")
    for name, values in groups.items():
        made.append(put(etree.Element(name), values, values))
    return made


def _said(claim: bool) -> str:
    return "true" if claim else "false"
