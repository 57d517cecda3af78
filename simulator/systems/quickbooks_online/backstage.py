"""What tests and operators may do and see behind the scenes; every method is reachable over HTTP too."""

from __future__ import annotations

from dataclasses import asdict, fields
from decimal import Decimal
from typing import Any

from simulator.systems.quickbooks_online import defaults
from simulator.systems.quickbooks_online.company import Body, Stored, Writer
from simulator.systems.quickbooks_online.fields import plain
from simulator.systems.quickbooks_online.options import Options
from simulator.systems.quickbooks_online.people import People

LEDGER = {
    "vendors": "Vendor",
    "customers": "Customer",
    "accounts": "Account",
    "bills": "Bill",
    "bill_payments": "BillPayment",
    "vendor_credits": "VendorCredit",
    "purchase_orders": "PurchaseOrder",
}


class Backstage(People):
    """Companies and their standing, consent, and the books as they really are."""

    def backstage_add_company(
        self,
        realm_id: str,
        name: str,
        *,
        country: str = "US",
        home_currency: str = "USD",
        chart: bool = True,
        **preferences: Any,
    ) -> Body:
        """`preferences` are dotted paths, as in `set_preference`; `chart` brings a few accounts."""
        writer = Writer(moment=self.clock(), who="person")
        company = defaults.open_company(
            realm_id, name, writer, country=country, home_currency=home_currency, chart=chart
        )
        self.companies[realm_id] = company
        for path, value in preferences.items():
            defaults.set_preference(company, path, plain(value), writer)
        company.audit.clear()  # the audit starts with the first thing that happens to the finished company
        return {"realm_id": realm_id, "name": name}

    def backstage_set_preference(self, realm_id: str, path: str, value: Any) -> Body:
        writer = Writer(moment=self.clock(), who="person")
        return dict(defaults.set_preference(self.companies[realm_id], path, plain(value), writer))

    def backstage_close_books(self, realm_id: str, day: str | None, password: bool = False) -> None:
        """Close the books through `day`; with a password the API hears 6210 instead of 6200."""
        self.companies[realm_id].close_password = password
        self.backstage_set_preference(realm_id, "AccountingInfoPrefs.BookCloseDate", day)

    def backstage_set_automatic_tax(self, realm_id: str, rate: str) -> None:
        """Let the vendor add sales tax to every bill by itself; "0" ends it."""
        self.companies[realm_id].automatic_tax = str(rate)
        for name in ("UsingSalesTax", "PartnerTaxEnabled"):
            self.backstage_set_preference(realm_id, f"TaxPrefs.{name}", Decimal(rate) != 0)

    def backstage_add_tax_code(self, realm_id: str, code: str, rate: str) -> None:
        self.companies[realm_id].tax_codes[code] = str(rate)

    def backstage_cancel_subscription(self, realm_id: str) -> None:
        self.companies[realm_id].status = "cancelled"

    def backstage_lock_out(self, realm_id: str, maintenance: bool = False) -> None:
        self.companies[realm_id].status = "maintenance" if maintenance else "locked_out"

    def backstage_remove_user(self, realm_id: str) -> None:
        """The person who connected the app loses access to the company."""
        self.companies[realm_id].status = "user_removed"

    def backstage_reopen(self, realm_id: str) -> None:
        self.companies[realm_id].status = "open"

    def backstage_grant(self, realm_id: str) -> Body:
        """A consent without a browser: the token endpoint's answer for a new grant."""
        return self.oauth.answer(self.oauth.grant(realm_id, self.now()), self.now(), hard=True)

    def backstage_grants(self, realm_id: str) -> list[Body]:
        return [asdict(grant) for grant in self.oauth.grants if grant.realm_id == realm_id]

    def backstage_disconnect(self, realm_id: str) -> int:
        """The customer disconnects the app inside QuickBooks; returns how many grants ended."""
        return self.oauth.disconnect(realm_id)

    def backstage_expire_tokens(self) -> None:
        self.expire_tokens()

    def backstage_find(self, realm_id: str, entity: str, name: str) -> Body | None:
        """The first object of this display name, full name or document number."""
        for stored in self.companies[realm_id].every(entity):
            body = stored.body
            if name in (
                body.get("DisplayName"),
                body.get("FullyQualifiedName"),
                body.get("Name"),
                body.get("DocNumber"),
            ):
                return dict(body)
        return None

    def backstage_ledger(self, realm_id: str) -> Body:
        """Every object in full, each with created_at, who, request_ids and versions; and what was deleted."""
        company = self.companies[realm_id]
        books: Body = {name: [_entry(s) for s in company.every(entity)] for name, entity in LEDGER.items()}
        books["deleted"] = {name: list(company.deleted[entity]) for name, entity in LEDGER.items()}
        return books

    def backstage_audit(self, realm_id: str) -> list[Body]:
        """Every effect in order: time, who, operation, entity, id, the SyncTokens around it, requestid, changed."""
        return list(self.companies[realm_id].audit)

    def backstage_report_deleted(self, realm_id: str, entity: str, id: str) -> None:
        """Change data capture will say "Deleted" of a living object."""
        self.companies[realm_id].reported_deleted.setdefault(entity, []).append(id)

    def backstage_switch(self, name: str, value: Any) -> Body:
        """Set one of the `Options`; returns all of them."""
        known = {field.name for field in fields(Options)}
        if name not in known:
            raise ValueError(f"no such switch: {name}")
        setattr(self.options, name, plain(value))
        return asdict(self.options)


def _entry(stored: Stored) -> Body:
    return {
        **stored.body,
        "created_at": stored.created_at,
        "who": stored.who,
        "request_ids": list(stored.request_ids),
        "versions": stored.versions,
    }
