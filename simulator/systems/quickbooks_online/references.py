"""A call on its way through a company, and the references and features its body leans on."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from simulator.systems.quickbooks_online.answers import MADE_INACTIVE, business, refuse, required
from simulator.systems.quickbooks_online.company import Body, Company, Stored, Writer
from simulator.systems.quickbooks_online.options import Options
from simulator.systems.quickbooks_online.times import pacific

ELEMENTS = {
    "Vendor": "Names",
    "Customer": "Names",
    "Employee": "Names",
    "Account": "Accounts",
    "Class": "Klasses",
    "Department": "Depts",
    "Term": "Terms",
    "Item": "Items",
}
CURRENCIES = {
    "USD": "United States Dollar",
    "CAD": "Canadian Dollar",
    "EUR": "Euro",
    "GBP": "British Pound Sterling",
    "AUD": "Australian Dollar",
    "MXN": "Mexican Peso",
}


@dataclass(slots=True)
class Call:
    company: Company
    options: Options
    writer: Writer
    unseen: set[tuple[str, str]] = field(default_factory=set)  # made earlier in the same batch
    warnings: list[str] = field(default_factory=list)
    allow_duplicates: bool = False

    @property
    def by_person(self) -> bool:
        return self.writer.who == "person"

    @property
    def aside(self) -> Writer:
        """For the changes a write makes to other objects."""
        return replace(self.writer, request_id="")

    def today(self) -> str:
        return pacific(self.writer.moment).date().isoformat()

    def find(self, entity: str, id: str) -> Stored | None:
        return None if (entity, id) in self.unseen else self.company.find(entity, id)

    def warn(self, what: str) -> None:
        if not self.by_person:
            self.warnings.append(what)


def need(call: Call, entity: str, reference: Body, element: str) -> Body:
    """The object referred to, which must exist and be active."""
    id = str(reference["value"])
    stored = call.find(entity, id)
    if stored is None:
        raise refuse("2500", f"Invalid Reference Id : {ELEMENTS[entity]} element id {id} not found", element)
    if not stored.body.get("Active", True):
        raise refuse("610", MADE_INACTIVE, element)
    return stored.body


def named(body: Body) -> Body:
    """A reference as it is echoed, with the name of the moment."""
    name = body.get("DisplayName") or body.get("FullyQualifiedName") or body.get("Name")
    return {"value": body["Id"], "name": name}


def settle(call: Call, fields: Body, prop: str, entity: str) -> None:
    """Check one optional reference of a body and write it as it will be echoed."""
    if prop in fields:
        fields[prop] = named(need(call, entity, fields[prop], prop))


def drop_switched_off(call: Call, fields: Body, prop: str, preference: str) -> None:
    """A feature the company does not use loses its field without a word."""
    if prop in fields and not call.company.preference(preference):
        del fields[prop]


def settle_currency(call: Call, fields: Body, vendor: Body) -> None:
    company = call.company
    if not company.preference("CurrencyPrefs.MultiCurrencyEnabled"):
        fields["CurrencyRef"] = currency(company.home_currency)
        fields.pop("ExchangeRate", None)
        return
    sent = fields.get("CurrencyRef")
    if sent is None:
        if not call.by_person:
            raise required("CurrencyRef", "CurrencyRef is missing although the company uses several currencies")
        sent = vendor["CurrencyRef"]
    code = sent["value"]
    if code not in company.currencies:
        raise refuse("2220", f"Currency {code} is not in use in this company", "CurrencyRef")
    if code != vendor["CurrencyRef"]["value"]:
        raise business("The transaction currency differs from the vendor's currency", "CurrencyRef")
    fields["CurrencyRef"] = currency(code)
    fields.setdefault("ExchangeRate", 1.0)


def currency(code: str) -> Body:
    return {"value": code, "name": CURRENCIES.get(code, code)}


def settle_payable(call: Call, fields: Body) -> None:
    """The A/P account; the first one stands in when none is named."""
    if "APAccountRef" not in fields:
        payables = [s.body for s in call.company.every("Account") if s.body["AccountType"] == "Accounts Payable"]
        if not payables:
            raise required("APAccountRef")
        fields["APAccountRef"] = named(payables[0])
        return
    account = need(call, "Account", fields["APAccountRef"], "APAccountRef")
    if account["AccountType"] != "Accounts Payable":
        raise refuse(
            "6430", "Invalid account type used : APAccountRef must be an Accounts Payable account", "APAccountRef"
        )
    fields["APAccountRef"] = named(account)


def check_open_period(call: Call, *dates: str | None) -> None:
    """Closed books refuse the API; a person clicks the warning away."""
    close = call.company.preference("AccountingInfoPrefs.BookCloseDate")
    if call.by_person or not close or all(d is None or d > close for d in dates):
        return
    raise refuse(
        "6210" if call.company.close_password else "6200",
        "The account period has closed and the account books cannot be updated through through the QBO Services API. "
        "Please use the QBO website to make these changes.",
        "TxnDate",
    )


def due_date(call: Call, fields: Body) -> str:
    """The posting date plus the days of the terms."""
    day = fields["TxnDate"]
    term = fields.get("SalesTermRef")
    days = call.company.objects["Term"][term["value"]].body.get("DueDays", 0) if term else 0
    return (date.fromisoformat(day) + timedelta(days=int(days))).isoformat()


def exact(value: Any) -> Decimal:
    """A stored JSON number as the decimal it stands for."""
    return Decimal(str(value))
