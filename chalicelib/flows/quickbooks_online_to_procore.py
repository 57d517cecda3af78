"""QuickBooks Online to Procore.

Vendors, bills and payments of bills are read from QuickBooks Online and written to Procore: a bill to each project that
its lines name, as an invoice of one commitment or as a direct cost, never both; a payment to those invoices, or as the
day on which a direct cost was paid. Deletions are mirrored. Nothing is ever written to QuickBooks Online.
"""

from __future__ import annotations

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
from chalicelib.systems.quickbooks_online.bills import Bill, BillLine
from chalicelib.systems.quickbooks_online.payments import BillPayment
from chalicelib.systems.quickbooks_online.vendors import Vendor


def vendor(v: Vendor, link: Link) -> Draft:
    return vendor_draft(
        name=v.name, email=v.email, phone=v.phone, line1=v.line1, city=v.city, state=v.state,
        postal_code=v.postal_code, country=v.country, code=v.code,
        lock=link.fact("preference", "other_accounting") != "true",
    )  # fmt: skip


def vendor_on_project(v: Vendor, link: Link, project: str) -> Draft:
    return project_vendor_draft(project=project, vendor=link.need("vendor", v.id, v.name), name=v.name, code=v.code)


def bill(b: Bill, link: Link) -> list[Part]:
    owed = Owed(
        title=f"Bill {b.number or b.id} of {b.vendor_name}",
        number=b.number or f"QBO-{b.id}",
        vendor=b.vendor_id,
        vendor_name=b.vendor_name,
        date=b.date,
        currency=b.currency,
        lines=[_line(x, b) for x in b.lines],
        tax=b.tax,
        numbers=_numbers(b.note),
        paid_by=b.paid_by,
        memo=b.note,
    )
    return bill_parts(owed, link)


def _line(x: BillLine, b: Bill) -> CostLine:
    job = x.project.name or x.customer.name
    facts = {
        "account": x.account.name,
        "item": x.item.name,
        "class": x.klass.name,
        "customer": job,
        "vendor": b.vendor_name,
        "description": x.description,
    }
    return CostLine(key=x.id, amount=x.amount, description=x.description, job=job, facts=facts)


def _numbers(note: str) -> list[str]:
    """What in the memo may be the number of a commitment: words with a digit in them."""
    words = (word.strip(".,;:()#") for word in note.split())
    return [word for word in words if len(word) > 2 and any(char.isdigit() for char in word)]


def payment(p: BillPayment, link: Link) -> list[Part]:
    paid = Paid(
        title=f"Payment {p.number or p.id} to {p.vendor_name}",
        vendor_name=p.vendor_name,
        date=p.date,
        currency=p.currency,
        bills={part.bill_id: part.amount for part in p.parts},
        changes_bill=True,
        number=p.number,
        method=p.method,
        memo=p.note,
    )
    return payment_parts(paid, link)


FLOW = Flow(
    Move(
        "quickbooks_online.vendor",
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
        "quickbooks_online.bill",
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
        "quickbooks_online.bill_payment",
        "procore.contract_payment",
        make=payment,
        in_parts=True,
        references=["preference"],
        placed=PLACED,
        partners=["bill"],
        withdrawn="withdrawn_payment",
    ),
    title="QuickBooks Online to Procore",
    policies=POLICIES,
)
