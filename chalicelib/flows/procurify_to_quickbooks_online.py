"""Procurify to QuickBooks Online.

Vendors and approved bills are read from Procurify and written to QuickBooks Online; a bill that changes after that is
changed there too. Nothing is ever written to Procurify. Runs on the customer's schedule, over what changed since the
last finished run.
"""

from __future__ import annotations

from chalicelib.engine.errors import Held
from chalicelib.engine.flow import Flow, Link, Move, Policy
from chalicelib.engine.match import same_address, same_id, same_name
from chalicelib.engine.records import Draft, Reference
from chalicelib.systems.procurify.bills import Bill
from chalicelib.systems.procurify.lines import BillLine
from chalicelib.systems.procurify.vendors import Vendor
from chalicelib.systems.quickbooks_online.drafts import bill_draft, bill_line, vendor_draft

# Procurify keeps tax and freight on no account of its own: the customer names one.
ACCOUNT_POLICIES = {"tax": "tax_account", "freight": "freight_account"}


def vendor(v: Vendor, link: Link) -> Draft:
    return vendor_draft(
        name=v.name,
        company=v.name,
        email=v.email,
        phone=v.phone,
        line1=v.line1,
        line2=v.line2,
        city=v.city,
        state=v.state,
        postal_code=v.postal_code,
        country=v.country,
        outside_id=v.external_id,
    )


def bill(b: Bill, link: Link) -> Draft:
    _one_company(b)
    _currency(b, link)
    _open_books(b, link)
    return bill_draft(
        vendor=link.need("vendor", b.vendor_id, b.vendor_name),
        vendor_name=b.vendor_name,
        ap_account=link.only("account", "ap_account", _is_payable, "Every bill needs an accounts-payable account."),
        date=b.date,
        due_date=b.due_date,
        number=b.number,
        currency=b.currency,
        send_currency=link.fact("preference", "multi_currency") == "true",
        lines=[bill_line(account=_account(x, link), amount=x.amount, description=x.description) for x in b.lines],
        memo=_memo(b),
    )


def _account(line: BillLine, link: Link) -> str:
    policy = ACCOUNT_POLICIES.get(line.role)
    if policy and not line.account_code:
        return link.setting(policy, "account", f"The bill has {line.role} of {line.amount}.")
    return link.need("account", line.account_code, line.account_label)


def _memo(b: Bill) -> str:
    orders = f"PO {', '.join(b.po_numbers)}" if b.po_numbers else ""
    rounded = f"rounded by {b.rounding}" if b.rounding else ""
    return " · ".join(part for part in (orders, b.note, rounded) if part)


def _one_company(b: Bill) -> None:
    if b.vendor_is_other:
        raise Held(
            "vendor_is_other",
            f"The bill {b.number} names the catch-all vendor OTHER for {b.vendor_name or 'nobody'}.",
            cause=f"vendor {b.vendor_name}",
            fix="Choose the real vendor on the bill in Procurify.",
        )


def _currency(b: Bill, link: Link) -> None:
    home = link.fact("preference", "home_currency")
    if home and b.currency != home and link.fact("preference", "multi_currency") != "true":
        raise Held(
            "currency_mismatch",
            f"The bill {b.number} is in {b.currency}; the books are kept in {home} only.",
            cause=f"currency {b.currency}",
            fix=f"Turn on multicurrency in QuickBooks Online, or bill in {home}.",
            waits_for=["reference:preference"],
        )


def _open_books(b: Bill, link: Link) -> None:
    closed = link.fact("preference", "book_close_date")
    if closed and b.date.isoformat() <= closed:
        raise Held(
            "closed_period",
            f"The bill {b.number} is dated {b.date}; the books are closed up to {closed}.",
            cause=f"books closed up to {closed}",
            fix="Change the date in Procurify, or open the period in QuickBooks Online.",
            waits_for=["reference:preference"],
        )


def _is_payable(account: Reference) -> bool:
    return account.kind == "Accounts Payable"


FLOW = Flow(
    Move(
        "procurify.vendor",
        "quickbooks_online.vendor",
        make=vendor,
        match=[same_id, same_name, same_address],
        unmatched="unmatched_vendor",
        dated=False,
        many_to_one=True,
    ),
    Move("procurify.bill", "quickbooks_online.bill", make=bill, references=["account", "preference"]),
    title="Procurify to QuickBooks Online",
    policies=[
        Policy("unmatched_vendor", "hold", ("hold", "create"), "A vendor that QuickBooks Online does not have."),
        Policy("ap_account", "", (), "The accounts-payable account of bills, where there are several."),
        Policy("tax_account", "", (), "The account for tax that is added to a bill's lines."),
        Policy("freight_account", "", (), "The account for freight and shipping on a bill."),
    ],
)
