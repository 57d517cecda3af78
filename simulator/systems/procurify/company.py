"""What a Procurify customer has (vendors, account codes, departments, bills) and how the API shows it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

CENT = Decimal("0.01")
CURRENCIES = {"USD": (3, True), "CAD": (4, False), "EUR": (5, False)}
ME: dict[str, Any] = {"id": 7, "firstName": "Pat", "lastName": "Buyer", "email": "pat.buyer@example.test"}


@dataclass
class Company:
    """Plain JSON values throughout, amounts as text; `changed` hands out strictly growing moments."""

    domain: str
    time_zone: str
    vendors: dict[str, dict[str, Any]] = field(default_factory=dict)
    codes: dict[str, dict[str, Any]] = field(default_factory=dict)
    departments: dict[str, dict[str, Any]] = field(default_factory=dict)
    bills: dict[str, dict[str, Any]] = field(default_factory=dict)
    orders: dict[str, dict[str, Any]] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)
    last: str = ""

    def number(self, kind: str, begin: int = 1) -> int:
        self.numbers[kind] = self.numbers.get(kind, begin - 1) + 1
        return self.numbers[kind]

    def changed(self, clock: Callable[[], datetime]) -> str:
        now = clock()
        if self.last and now <= datetime.fromisoformat(self.last):
            now = datetime.fromisoformat(self.last) + timedelta(microseconds=1)
        self.last = now.isoformat()
        return moment(now)

    def dump(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def load(state: dict[str, Any]) -> Company:
        return Company(**state)

    # ------------------------------------------------------------------ rendering

    def currency(self, name: str, *, full: bool = True) -> dict[str, Any]:
        number, base = CURRENCIES.get(name, (9, False))
        found: dict[str, Any] = {"id": number, "name": name, "rate": "1.000000"}
        return {**found, "description": "", "base": base, "active": True} if full else found

    def department(self, name: str) -> dict[str, Any]:
        if name not in self.departments:
            self.departments[name] = {
                "id": self.number("department", 4),
                "branch": {"id": 1, "name": "Head Office", "headquarter": True},
                "external_id": None,
                "name": name,
                "punchout_email": None,
                "active": True,
            }
        return self.departments[name]

    def code(self, code: str) -> dict[str, Any]:
        if code not in self.codes:
            self.codes[code] = account_code(self.number("code", 11), code, f"Account {code}", 2, True)
        return self.codes[code]

    def midnight(self, day: str | None) -> str | None:
        """A day as the bill detail shows it: local midnight with the zone's offset."""
        if not day or "T" in day:
            return day
        at = datetime.combine(date.fromisoformat(day), datetime.min.time(), ZoneInfo(self.time_zone))
        return at.isoformat()

    def allocation(self, entry: dict[str, Any], currency: str, number: int) -> dict[str, Any]:
        code, department = self.code(entry["account_code"]), self.department(entry.get("department") or "Operations")
        return {
            "id": number,
            "budget": {
                "id": 100 + code["id"] * 50 + department["id"],
                "account_code": code,
                "department": department,
                "warning_indicator": False,
                "budget_used_approved": 0.0,
                "budget_used_purchased": 0.0,
                "start_datetime": None,
                "end_datetime": None,
                "budget": "0.00",
                "balance_approved": "0.00",
                "balance_purchased": "0.00",
                "active": True,
            },
            "object_id": None,
            "amount": f"{Decimal(str(entry['amount'])):.8f}",
            "currency": self.currency(currency),
            "created_on": "2026-05-10T17:00:00Z",
        }

    def totals(self, bill: dict[str, Any]) -> dict[str, Decimal]:
        """Shipping stands beside the total, not in it: which total holds it is not confirmed (sheet section 7)."""
        items = sum((Decimal(str(x["amount"])) for x in bill["lines"]), Decimal(0))
        costs = sum((Decimal(str(x["amount"])) for x in bill["costs"]), Decimal(0))
        tax = sum((Decimal(str(x.get("tax_amount") or 0)) for x in bill["lines"]), Decimal(0))
        exclusive = Decimal(0) if bill["tax_is_inclusive"] else tax
        total = Decimal(str(bill["total"])) if bill["total"] is not None else items + costs + exclusive
        return {"items": items, "cost": items + costs, "tax": tax, "exclusive": exclusive, "total": total}

    def user(self) -> dict[str, Any]:
        """The one user of the company, in full."""
        return {
            **ME,
            "department": self.department("Operations"),
            "created_at": "2026-01-05T16:00:00Z",
            "updated_at": "2026-05-01T16:00:00Z",
            "position": "",
            "phone": None,
            "address": "",
            "notifications": True,
            "is_active": True,
            "mobile": False,
            "profile_image": None,
            "slack_user_id": "",
            "is_sso_enabled": False,
            "last_changed_by": None,
            "user": 7,
        }

    def bill_row(self, bill: dict[str, Any]) -> dict[str, Any]:
        total = self.totals(bill)["total"]
        vendor = self.vendors[str(bill["vendor_id"])]
        return {
            "version": bill["version"],
            "id": bill["id"],
            "status": bill["status"],
            "locked": False,
            "currency": self.currency(bill["currency"], full=False),
            "uuid": bill["uuid"],
            "items": [line["id"] for line in bill["lines"]],
            "vendor": {"id": vendor["id"], "name": vendor["name"]},
            "due_date": bill["due_date"],
            "total_cost_with_tax": total,
            "invoice_date": bill["invoice_date"],
            "next_approver_choices": None,
            "last_modified_datetime": bill["last_modified_datetime"],
            "submitted_date": bill["submitted_date"],
            "gl_post_date": bill["invoice_date"],
            "invoice_number": bill["invoice_number"],
            "group": bill["id"],
            "type": bill["type"],
            "user": {**ME, "profile_image": None},
            "approver": None,
            "past_due": False,
            "invoice_uuid": "",
            "creator": {**ME, "profile_image": None},
            "invoice_created": False,
            "invoice_total": total,
        }

    def bill_detail(self, bill: dict[str, Any]) -> dict[str, Any]:
        total = self.totals(bill)
        vendor = self.vendors[str(bill["vendor_id"])]
        user = self.user()
        return {
            "id": bill["id"],
            "uuid": bill["uuid"],
            "user": user,
            "vendor": vendor,
            "approval_chain": None,
            "approver": None,
            "items": [self._item(bill, line, vendor) for line in bill["lines"]],
            "costs": [self._cost(bill, n, cost) for n, cost in enumerate(bill["costs"])],
            "invoice_attachments": [],
            "bill_statuses": [
                {"id": n, "user": user, "date": at, "status": status, "bill": bill["id"]}
                for n, (status, at) in enumerate(bill["history"], 1)
            ],
            "currency": self.currency(bill["currency"]),
            "comments": [],
            "version_choices": [{"pk": bill["id"], "version": bill["version"]}],
            "tax_amount": total["tax"],
            "inclusive_tax_amount": total["tax"] - total["exclusive"],
            "exclusive_tax_amount": total["exclusive"],
            "subtotal_cost": total["items"],
            "total_cost": total["cost"],
            "total_cost_with_tax": total["total"],
            "converted_total_cost": total["total"],
            "next_approver_choices": None,
            "locked": False,
            "bill_payment": None,
            "vendor_name": bill["vendor_name"] or vendor["name"],
            "vendor_contact": vendor["contact"] or "",
            "vendor_address_one": vendor["addressLineOne"] or "",
            "vendor_address_two": "",
            "vendor_postal_code": (vendor["postalCode"] or "")[:10],
            "vendor_city": vendor["city"] or "",
            "vendor_state_province": vendor["state_province"] or "",
            "vendor_country": vendor["country"] or "",
            "last_modified_datetime": bill["last_modified_datetime"],
            "submitted_date": bill["submitted_date"],
            "invoice_number": bill["invoice_number"],
            "invoice_date": self.midnight(bill["invoice_date"]),
            "due_date": self.midnight(bill["due_date"]),
            "payment_terms": bill["payment_terms"],
            "version": bill["version"],
            "status": bill["status"],
            "type": bill["type"],
            "active": True,
            "note": bill["note"],
            "gl_post_date": self.midnight(bill["invoice_date"]),
            "group": bill["id"],
            "payment_method": None,
            "payment_method_name": "",
            "added_purchase_orders": [],
            "shipping_amount": Decimal(str(bill["shipping_amount"])),
            "invoice_uuid": "",
            "invoice_total": total["total"],
            "creator": user,
        }

    def _item(self, bill: dict[str, Any], line: dict[str, Any], vendor: dict[str, Any]) -> dict[str, Any]:
        amount, tax = Decimal(str(line["amount"])), Decimal(str(line.get("tax_amount") or 0))
        parts: Sequence[dict[str, Any]] = line.get("allocations") or [line]
        return {
            "id": line["id"],
            "expense": None,
            "bill": bill["id"],
            "vendor": vendor,
            "sku": "",
            "description": line.get("description", ""),
            "po": None,
            "unit": "each",
            "quantity": "1.00000000",
            "currency": self.currency(bill["currency"]),
            "total_cost": amount,
            "packing_slips": [],
            "cost_allocations": [
                self.allocation(part, bill["currency"], line["id"] * 10 + n) for n, part in enumerate(parts)
            ],
            "archived": False,
            "same_unit_cost": True,
            "creditcard_item": None,
            "is_edited": False,
            "unit_cost_diff_log": None,
            "tax_name": "Sales tax" if tax else "",
            "tax_percentage": None,
            "tax_amount": tax,
            "tax_is_inclusive": bill["tax_is_inclusive"],
            "tax": None,
            "total_cost_with_tax": amount if bill["tax_is_inclusive"] else amount + tax,
            "shipping_amount": line.get("shipping_amount"),
            "unit_cost": amount,
            "custom_fields": [],
            "type": "order",
            "bill_by_cost": False,
        }

    def _cost(self, bill: dict[str, Any], n: int, cost: dict[str, Any]) -> dict[str, Any]:
        return {
            "id": bill["id"] * 10 + n,
            "cost_allocation": self.allocation(cost, bill["currency"], bill["id"] * 100 + n),
            "name": cost["name"],
            "amount": f"{Decimal(str(cost['amount'])):.8f}",
            "bill": bill["id"],
            "cost": None,
            "currency": self.currency(bill["currency"])["id"],
        }


def account_code(number: int, code: str, description: str, account_type: int, active: bool) -> dict[str, Any]:
    return {
        "id": number,
        "applied_accounts_count": 1,
        "code": code,
        "code_length": len(code),
        "description": description,
        "account_type": account_type,
        "active": active,
        "parent": None,
    }


def new_vendor(number: int, name: str, changed: str, fields: dict[str, Any]) -> dict[str, Any]:
    empty = dict.fromkeys(
        ("addressLineOne", "addressLineTwo", "postalCode", "city", "state_province", "country", "phoneOne", "phoneTwo",
         "fax", "comments", "contact", "url", "external_id", "payment_term_ref", "shipping_term_ref",
         "payment_method_ref", "shipping_method_ref", "tax", "default_payment_method", "overall_score")
    )  # fmt: skip
    return {
        "id": number,
        "name": name,
        "active": True,
        **empty,
        "email": [],
        "dateModified": changed,
        "currency": 3,
        "payment_methods": [],
        "type": 4,
        "creditcards": [],
        "is_1099_eligible": False,
        "is_auto_email_po_enabled": False,
        "po_pdf_labels": "",
        **fields,
    }


def moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def spelled(uuid: str) -> str:
    """A uuid with its dashes; raises ValueError for anything else."""
    return str(UUID(hex=uuid.replace("-", "")))
