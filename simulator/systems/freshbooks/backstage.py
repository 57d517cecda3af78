"""The business's standing, consent, the sender's schedule, and the books as they really are."""

from __future__ import annotations

from dataclasses import asdict, fields
from decimal import Decimal
from typing import Any
from uuid import uuid5

from simulator.systems.freshbooks import ledger
from simulator.systems.freshbooks.account import NAMESPACE, Account, Json
from simulator.systems.freshbooks.oauth import EVERY_SCOPE, Identity
from simulator.systems.freshbooks.options import Options
from simulator.systems.freshbooks.people import People

FIRST_IDENTITY, FIRST_BUSINESS = 1234, 6543
CATEGORIES = {
    "Advertising": (), "Car & Truck Expenses": ("Gas", "Mileage", "Repairs"), "Contractors": (),
    "Employee Benefits": ("Accident Insurance",), "Meals & Entertainment": ("Restaurants/Dining",),
    "Office Expenses & Postage": ("Hardware", "Office Supplies", "Packaging", "Software"),
    "Professional Services": ("Accounting", "Legal Fees"), "Rent or Lease": ("Equipment", "Machinery", "Vehicles"),
    "Supplies": (), "Travel": ("Airfare", "Hotel/Lodging/Accommodation"), "Utilities": ("Gas & Electrical", "Phone"),
}  # fmt: skip
LEDGER = (
    ("Cash", "Cash & Bank"), ("Accounts Receivable", "Current Asset"), ("Accounts Payable", "Current Liability"),
    ("Accrued Expenses", "Current Liability"), ("Owner's Equity", "Equity"), ("Sales", "Income"),
    ("Cost of Goods Sold", "Cost of Goods Sold"), ("Operating Expenses", "Operating Expense"),
)  # fmt: skip


class Backstage(People):
    def backstage_add_identity(self, email: str, first_name: str = "Sam", last_name: str = "Owner") -> Json:
        id = FIRST_IDENTITY + len(self.identities)
        uuid = str(uuid5(NAMESPACE, f"identity/{id}"))
        self.identities[id] = Identity(id=id, uuid=uuid, email=email, first_name=first_name, last_name=last_name)
        return asdict(self.identities[id])

    def backstage_add_business(
        self, account_id: str, name: str, identity: int = 0, role: str = "owner", currency: str = "USD"
    ) -> Json:
        """One more business of a person, the first one unless named, with the usual categories and accounts."""
        account = Account(
            account_id=account_id,
            business_id=FIRST_BUSINESS + len(self.accounts),
            business_uuid=str(uuid5(NAMESPACE, f"business/{account_id}")),
            name=name,
            currency=currency,
        )
        self.accounts[account_id] = account
        owner = self.identities[identity or next(iter(self.identities))]
        owner.roles[account_id] = role
        account.staffs[1] = {"id": 1, "fname": owner.first_name, "lname": owner.last_name, "email": owner.email}
        self._furnish(account)
        account.audit.clear()  # the audit starts with the first thing that happens to the finished business
        return {
            "account_id": account_id,
            "business_id": account.business_id,
            "business_uuid": account.business_uuid,
            "identity_id": owner.id,
        }

    def _furnish(self, account: Account) -> None:
        writer = self.person(account.account_id)
        roots = {
            name: ledger.add(account, writer, name, sub_type, auto_created=True)["uuid"] for name, sub_type in LEDGER
        }
        for parent, children in CATEGORIES.items():
            made = self.backstage_add_category(account.account_id, parent, is_editable=False)
            below = roots["Operating Expenses"]
            ledger.add(account, writer, parent, "Operating Expense", below, auto_created=True)
            for child in children:
                self.backstage_add_category(account.account_id, child, made["id"], is_editable=False)

    def backstage_set_role(self, identity: int, account_id: str, role: str) -> None:
        """`role` "" ends the membership."""
        self.identities[identity].roles.pop(account_id, None)
        if role:
            self.identities[identity].roles[account_id] = role

    def backstage_edit_business(self, account_id: str, **standing: Any) -> None:
        for name, value in standing.items():
            if name not in ("plan_limit", "advanced_accounting", "status", "name"):
                raise ValueError(f"a business has no {name}")
            setattr(self.accounts[account_id], name, value)

    # ------------------------------------------------------------------ consent

    def backstage_grant(self, identity: int = 0, scopes: str = "") -> Json:
        """A consent without a browser: the token endpoint's answer for a new grant."""
        who = identity or next(iter(self.identities))
        asked = scopes.split() or list(EVERY_SCOPE)
        return self.oauth.answer(self.oauth.consent(who, asked, self.now()))

    def backstage_grant_of(self, identity: int = 0) -> Json:
        """How often this person consented, how often tokens were refreshed and refused, and whether it lives."""
        return asdict(self.oauth.grants[identity or next(iter(self.identities))])

    def backstage_end_consent(self, identity: int = 0) -> None:
        """The person takes the app's access away, or changes the password."""
        self.oauth.end(identity or next(iter(self.identities)))

    def backstage_expire_tokens(self) -> None:
        self.expire_tokens()

    # ------------------------------------------------------------------ callbacks

    def backstage_callbacks(self, account_id: str) -> list[Json]:
        """With the verifiers, as only FreshBooks knows them."""
        return [dict(row) for row in self.accounts[account_id].every("callbacks")]

    def backstage_lose_callback(self, account_id: str, id: int) -> None:
        del self.accounts[account_id].tables["callbacks"][id]

    def backstage_unverify_callback(self, account_id: str, id: int) -> None:
        table = self.accounts[account_id].tables["callbacks"]
        table[id] = {**table[id], "verified": False}

    # ------------------------------------------------------------------ trouble and switches

    def backstage_conflict(self, times: int = 1) -> None:
        """Somebody else is editing: the next updates answer 409."""
        self.conflicts += times

    def backstage_switch(self, name: str, value: Any) -> Json:
        """Set one of the `Options`; returns all of them."""
        if name not in {field.name for field in fields(Options)}:
            raise ValueError(f"no such switch: {name}")
        setattr(self.options, name, float(value) if isinstance(value, Decimal) else value)
        return asdict(self.options)

    # ------------------------------------------------------------------ looking

    def backstage_rows(self, account_id: str, kind: str) -> list[Json]:
        """The records of one kind, the deleted ones too: "expenses", "bills", "bill_vendors" and so on."""
        return [dict(row) for row in self.accounts[account_id].every(kind)]

    def backstage_journals(self, account_id: str) -> list[Json]:
        """Manual entries; a line's `side` is 1 for a debit and -1 for a credit."""
        return [dict(entry) for entry in self.accounts[account_id].journals]

    def backstage_category(self, account_id: str, name: str) -> Json:
        return next(dict(row) for row in self.accounts[account_id].every("categories") if row["category"] == name)

    def backstage_audit(self, account_id: str) -> list[Json]:
        """Every effect in order: time, who, identity, kind, verb, id, changed."""
        return list(self.accounts[account_id].audit)

    def backstage_costs(self, account_id: str) -> dict[str, str]:
        """What each category bears: living expenses, and lines of living bills without their tax."""
        account = self.accounts[account_id]
        sums: dict[str, Decimal] = {}
        entries = [
            *((row["categoryid"], row["amount"]) for row in account.every("expenses") if row["vis_state"] != 1),
            *(
                (line["categoryid"], line["amount"])
                for row in account.every("bills")
                if row["vis_state"] != 1
                for line in row["lines"]
            ),
        ]
        for category, amount in entries:
            name = account.tables["categories"][category]["category"]
            sums[name] = sums.get(name, ledger.ZERO) + Decimal(amount["amount"])
        return {name: f"{value:.2f}" for name, value in sorted(sums.items())}
