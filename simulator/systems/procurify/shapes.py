"""What several answers of Procurify show alike: users, departments, accounts, locations. As in the samples."""

from __future__ import annotations

from decimal import Decimal

from simulator.systems.procurify.company import HEADQUARTERS, OPERATIONS, Company
from simulator.systems.procurify.documents import Account, Json, Share

ME_ID = 7
ME: Json = {"id": ME_ID, "firstName": "Pat", "lastName": "Buyer", "email": "pat.buyer@example.test"}
SNAPSHOT = {  # the vendor's name and address as a document keeps them
    "name": "name",
    "contact": "contact",
    "address_one": "addressLineOne",
    "address_two": "addressLineTwo",
    "postal_code": "postalCode",
    "city": "city",
    "state_province": "state_province",
    "country": "country",
}
LOCATION_SETTINGS: Json = {
    "url": None, "logo": "", "language": 1, "multipleLocations": False, "userLimit": 100,
    "budgetOvertureToggle": False, "purchase_filtering": False, "catalog_permission": False,
    "separate_expense_approval": False, "standalone_travel_approval": False, "phoneOne": "503-555-0199",
    "phoneTwo": None, "fax": None, "email": None, "fiscalYearEndDay": 31, "fiscalYearEndMonth": 12, "beginDate": None,
    "ported": False, "port_date": None, "active": True, "activated": True, "setup_stage": "FIN", "localCurrency": 3,
    "contactPerson": None, "buyerAddress": None, "shippingAddress": None,
}  # fmt: skip


def eight_places(amount: Decimal) -> str:
    return f"{amount:.8f}"


def snapshot(vendor: Json, name: str = "") -> dict[str, str]:
    kept = {ours: str(vendor[theirs] or "") for ours, theirs in SNAPSHOT.items()}
    return {**kept, "name": name or kept["name"]}


def simple_user() -> Json:
    return {**ME, "profile_image": None}


def full_user(company: Company) -> Json:
    return {
        **ME,
        "department": department(company, company.department(OPERATIONS)),
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
        "user": ME_ID,
    }


def department(company: Company, found: Json) -> Json:
    branch = company.state.branches[found["branch"]]
    return {**found, "branch": {"id": branch["id"], "name": branch["name"]}, "punchout_email": None}


def account(company: Company, found: Account) -> Json:
    """A budget row inside a document. Its used amounts are numbers here, and text in the list of accounts."""
    return {
        "id": found.id,
        "account_code": company.state.codes[found.code],
        "department": department(company, company.state.departments[found.department]),
        "warning_indicator": False,
        "budget_used_approved": 0.0,
        "budget_used_purchased": 0.0,
        "start_datetime": None,
        "end_datetime": None,
        "budget": "0.00",
        "balance_approved": "0.00",
        "balance_purchased": "0.00",
        "active": found.active,
    }


def allocation(company: Company, share: Share, currency: str) -> Json:
    return {
        "id": share.id,
        "budget": account(company, company.account_of(share)),
        "object_id": None,
        "amount": eight_places(share.amount),
        "currency": company.currency(currency),
        "created_on": share.created,
    }


def spend_allocation(company: Company, share: Share) -> Json:
    """The same share as a line of a purchase order shows it."""
    charged = company.account_of(share)
    code = company.state.codes[charged.code]
    found = company.state.departments[charged.department]
    branch = company.state.branches[found["branch"]]
    here = {
        "id": branch["id"],
        "name": branch["name"],
        "external_id": branch["external_id"],
        "locationTimezone": branch["zone"] or company.state.time_zone,
        **LOCATION_SETTINGS,
    }
    kept = ("id", "code", "code_length", "description", "account_type", "active")
    return {
        "id": share.id,
        "amount": eight_places(share.amount),
        "account": {
            "id": charged.id,
            "account_code": {name: code[name] for name in kept},
            "department": {**department(company, found), "branch": here},
            "active": charged.active,
        },
    }


def location(company: Company, branch: Json) -> Json:
    def address(number: int) -> Json:
        return {
            "id": number,
            "name": branch["name"],
            "addressLineOne": "1 Main St",
            "city": "Portland",
            "postalCode": "97201",
            "state_province": "OR",
            "country": "USA",
        }

    departments = [d for d in company.state.departments.values() if d["branch"] == branch["id"]]
    return {
        "id": branch["id"],
        "name": branch["name"],
        "url": None,
        "logo": "",
        "currency": company.currency(company.state.base_currency),
        "phoneOne": "503-555-0199",
        "fax": None,
        "email": None,
        "primary_billing_address": address(branch["id"] * 2 - 1),
        "primary_shipping_address": address(branch["id"] * 2),
        "shipping_addresses": [],
        "language": 1,
        "locationTimezone": branch["zone"] or company.state.time_zone,
        "headquarter": branch["headquarter"],
        "department_count": len(departments),
        "active": True,
        "external_id": branch["external_id"],
        "legal_entity": None,
    }


def me(company: Company) -> Json:
    """Whose rights we have. `systemaccess_cache` has no published shape."""
    here = company.state.domain
    return {
        **full_user(company),
        "department": {
            **company.department(OPERATIONS),
            "branch": location(company, company.branch(HEADQUARTERS)),
            "punchout_email": None,
        },
        "role": 7,
        "domains": {"active": True, "procurify_domains": [{"subdomain": here, "name": here}]},
        "systemaccess_cache": {},
        "is_approval_delegatee": False,
        "headquarter_logo": "",
        "pending_invite": False,
    }
