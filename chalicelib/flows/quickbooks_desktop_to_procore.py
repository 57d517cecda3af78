"""QuickBooks Desktop to Procore.

Vendors, bills and payments of bills are read from QuickBooks Desktop through the Web Connector, on its schedule, and
written to Procore: a bill to each project that its lines name, as an invoice of one commitment or as a direct cost,
never both; a payment to those invoices, or as the day on which a direct cost was paid. What is deleted there is
deleted, what is void is set to nothing. Nothing is ever written to QuickBooks Desktop.
"""

from __future__ import annotations

from decimal import Decimal

from chalicelib.engine.flow import Flow, Move
from chalicelib.engine.link import Link, Part
from chalicelib.engine.match import same_address, same_id, same_name
from chalicelib.engine.records import Draft
from chalicelib.systems.procore.costs import CODES, CostLine, Owed, bill_parts
from chalicelib.systems.procore.drafts import project_vendor_draft, vendor_draft
from chalicelib.systems.procore.fixes import PLACED
from chalicelib.systems.procore.names import same_company, same_company_there
from chalicelib.systems.procore.paid import Paid, payment_parts
from chalicelib.systems.procore.policies import POLICIES
from chalicelib.systems.quickbooks_desktop import currencies
from chalicelib.systems.quickbooks_desktop.kinds import Ref
from chalicelib.systems.quickbooks_desktop.rows import Bill, BillPayment, ExpenseLine, ItemLine, Vendor


def vendor(v: Vendor, link: Link) -> Draft:
    lines = v.address.lines if v.address else ()
    return vendor_draft(
        name=v.name, email=v.email, phone=v.phone, code=v.account_number, line1=lines[0] if lines else "",
        city=v.address.city if v.address else "", state=v.address.state if v.address else "",
        postal_code=v.address.postal_code if v.address else "", country=v.address.country if v.address else "",
        lock=link.fact("preference", "other_accounting") != "true",
    )  # fmt: skip


def vendor_on_project(v: Vendor, link: Link, project: str) -> Draft:
    company = link.need("vendor", v.list_id, v.name)
    return project_vendor_draft(project=project, vendor=company, name=v.name, code=v.account_number)


def bill(b: Bill, link: Link) -> list[Part]:
    owed = Owed(
        title=f"Bill {b.ref_number or b.txn_id} of {b.vendor.full_name}",
        number=b.ref_number or f"QBD-{b.txn_id}",
        vendor=b.vendor.list_id,
        vendor_name=b.vendor.full_name,
        date=b.txn_date,
        currency=currencies.code(b.currency.full_name) if b.currency else "",
        lines=[_line(x, b) for x in _lines(b)],
        tax=_tax(b),
        numbers=[word for word in b.memo.split() if any(char.isdigit() for char in word)],
        paid_on=b.paid_on,
        memo=b.memo,
    )
    return bill_parts(owed, link)


def _lines(b: Bill) -> list[ExpenseLine | ItemLine]:
    return [*b.expense_lines, *b.item_lines, *(line for group in b.group_lines for line in group.lines)]


def _line(x: ExpenseLine | ItemLine, b: Bill) -> CostLine:
    told = x.memo if isinstance(x, ExpenseLine) else x.description
    facts = {
        "account": _name(x.account) if isinstance(x, ExpenseLine) else "",
        "item": _name(x.item) if isinstance(x, ItemLine) else "",
        "class": _name(x.class_),
        "customer": _name(x.customer),
        "vendor": b.vendor.full_name,
        "description": told,
    }
    return CostLine(key=x.line_id, amount=x.amount, description=told, job=_name(x.customer), facts=facts)


def _tax(b: Bill) -> Decimal:
    """Where prices do not include it, tax is told line by line."""
    taxes = [x.tax_amount or Decimal("0.00") for x in _lines(b)]
    return sum(taxes, Decimal("0.00")) if b.is_tax_included is False else Decimal("0.00")


def _name(ref: Ref | None) -> str:
    return ref.full_name if ref else ""


def payment(p: BillPayment, link: Link) -> list[Part]:
    bills: dict[str, Decimal] = {}
    for applied in p.applied:
        if applied.txn_type == "Bill":
            bills[applied.txn_id] = bills.get(applied.txn_id, Decimal(0)) + applied.amount
    paid = Paid(
        title=f"Payment {p.ref_number or p.txn_id} to {p.payee.full_name}",
        vendor_name=p.payee.full_name,
        date=p.txn_date,
        currency=currencies.code(p.currency.full_name) if p.currency else "",
        bills=bills,
        number=p.ref_number,
        method="check" if p.bank_account else "credit_card",
        memo=p.memo,
    )
    return payment_parts(paid, link)


FLOW = Flow(
    Move(
        "quickbooks_desktop.vendor",
        "procore.vendor",
        make=vendor,
        kinds=["project_vendor"],
        at_place=vendor_on_project,
        match=[same_id, same_name, same_company_there, same_company, same_address],
        unmatched="unmatched_vendor",
        dated=False,
        many_to_one=True,
        references=["preference"],
    ),
    Move(
        "quickbooks_desktop.bill",
        "procore.requisition",
        make=bill,
        in_parts=True,
        kinds=["direct_cost"],
        references=["preference", "project", "vendor"],
        placed=PLACED,
        rules=[CODES],
        partners=["bill_payment"],
        withdrawn="withdrawn_bill",
    ),
    Move(
        "quickbooks_desktop.bill_payment",
        "procore.contract_payment",
        make=payment,
        in_parts=True,
        references=["preference"],
        placed=PLACED,
        partners=["bill"],
        withdrawn="withdrawn_payment",
    ),
    title="QuickBooks Desktop to Procore",
    policies=POLICIES,
)
