"""Procurify to QuickBooks Desktop.

Vendors, and as bills either the purchase orders (they exist only once approved) or the approved bills of Procurify, are
written to QuickBooks Desktop; what changes after that is changed there too. Nothing is ever written to Procurify.
"""

from __future__ import annotations

from decimal import Decimal

from chalicelib.engine.flow import Flow, Move, Policy
from chalicelib.engine.link import NONE, Link
from chalicelib.engine.match import same_address, same_id, same_name
from chalicelib.engine.records import Draft, Json
from chalicelib.systems.procurify.bills import Bill
from chalicelib.systems.procurify.lines import BillLine
from chalicelib.systems.procurify.orders import PurchaseOrder
from chalicelib.systems.procurify.vendors import Vendor
from chalicelib.systems.quickbooks_desktop import books
from chalicelib.systems.quickbooks_desktop.drafts import bill_draft, bill_line, vendor_draft


def vendor(v: Vendor, link: Link) -> Draft:
    return vendor_draft(
        name=v.name, company=v.name, email=v.email, phone=v.phone, line1=v.line1, line2=v.line2, city=v.city,
        state=v.state, postal_code=v.postal_code, country=v.country, outside_id=v.external_id,
    )  # fmt: skip


def order(o: PurchaseOrder, link: Link) -> Draft:
    number = o.number or o.id
    title = f"Purchase order {number} of {o.vendor_name}"
    settled = o.as_bill()
    date, postponed = books.posting_date(link, title=title, date=o.date)
    return bill_draft(
        title=title,
        **books.owed(link, title=title, vendor=_vendor(o, link), vendor_name=o.vendor_name, currency=o.currency),
        date=date,
        due_date=None,
        number=number if number.upper().startswith("PO") else f"PO-{number}",
        lines=[_line(x, link) for x in settled.lines],
        memo=_memo(f"Purchase order {number}", postponed, o.comment, rounding=settled.rounding),
        term=_term(o, link),
        covers=[f"purchase_order:{o.id}"],
    )


def bill(b: Bill, link: Link) -> Draft:
    title = f"Bill {b.number or '(no number)'} of {b.vendor_name}"
    date, postponed = books.posting_date(link, title=title, date=b.date)
    return bill_draft(
        title=title,
        **books.owed(link, title=title, vendor=_vendor(b, link), vendor_name=b.vendor_name, currency=b.currency),
        date=date,
        due_date=b.due_date,
        number=b.number,
        lines=[_line(x, link) for x in b.lines],
        memo=_memo(f"PO {', '.join(b.po_numbers)}" if b.po_numbers else "", postponed, b.note, rounding=b.rounding),
        term=_term(b, link),
        covers=[f"purchase_order:{id_}" for id_ in b.order_ids],
    )


def _line(x: BillLine, link: Link) -> Json:
    of_class, of_customer = (link.policy(policy) != NONE for policy in ("class_from", "customer_from"))
    return bill_line(
        account=books.line_account(link, _account(x, link)),
        amount=x.amount,
        memo=x.description,
        klass=books.class_of(link, _place(x, "class_from", link)) if of_class else None,
        customer=link.may("customer", _place(x, "customer_from", link)) if of_customer else None,
    )


def _account(x: BillLine, link: Link) -> str:
    """Procurify keeps tax, freight and the like on no account of its own: the customer names one."""
    if x.role in ("tax", "freight", "discount", "other") and not x.account_code:
        return link.setting(f"{x.role}_account", "account", f"There is a line “{x.description}” of {x.amount}.")
    return link.need("account", x.account_code, x.account_label)


def _place(line: BillLine, policy: str, link: Link) -> str:
    return {"department": line.department, "location": line.location}.get(link.policy(policy), "")


def _vendor(document: Bill | PurchaseOrder, link: Link) -> str:
    """The catch-all vendor OTHER stands for many: the name that was typed must be a vendor's there, or be mapped."""
    if document.vendor_is_other:
        return link.listed("vendor", document.vendor_name)
    return link.need("vendor", document.vendor_id, document.vendor_name)


def _term(document: Bill | PurchaseOrder, link: Link) -> str:
    return link.may("term", document.payment_terms) if link.policy("term_from") == "document" else ""


def _memo(*parts: str, rounding: Decimal) -> str:
    return " · ".join(filter(None, (*parts, f"rounded by {rounding}" if rounding else "")))


LISTS = ["account", "preference", "vendor"]
LISTS_IF = {"class": "class_from", "customer": "customer_from", "term": "term_from"}
PLACES = (NONE, "department", "location")
FLOW = Flow(
    Move(
        "procurify.vendor",
        "quickbooks_desktop.vendor",
        make=vendor,
        match=[same_id, same_name, same_address],
        unmatched="unmatched_vendor",
        dated=False,
        many_to_one=True,
    ),
    Move(
        "procurify.purchase_order",
        "quickbooks_desktop.bill",
        make=order,
        references=LISTS,
        references_if=LISTS_IF,
        values=["currency"],
        withdrawn="cancelled_purchase_order",
        wanted_if={"payable_source": ["purchase_order"]},
    ),
    Move(
        "procurify.bill",
        "quickbooks_desktop.bill",
        make=bill,
        references=LISTS,
        references_if=LISTS_IF,
        values=["currency"],
        withdrawn="withdrawn_bill",
        wanted_if={"payable_source": ["bill"]},
    ),
    title="Procurify to QuickBooks Desktop",
    policies=[
        Policy("payable_source", "purchase_order", ("purchase_order", "bill"), "What becomes a bill; never both."),
        Policy("unmatched_vendor", "hold", ("hold", "create"), "A vendor that QuickBooks Desktop does not have."),
        Policy("ap_account", "", (), "The accounts-payable account of bills, where there are several."),
        Policy("tax_account", "", (), "The account for tax that is added to the lines."),
        Policy("freight_account", "", (), "The account for freight and shipping."),
        Policy("discount_account", "", (), "The account for the discount on a whole order."),
        Policy("other_account", "", (), "The account for other charges on a whole order."),
        Policy("class_from", NONE, PLACES, "What of Procurify becomes the class of a line."),
        Policy("customer_from", NONE, PLACES, "What of Procurify becomes the customer or job of a line."),
        Policy("term_from", NONE, (NONE, "document"), "Whether payment terms become the terms of the bill."),
        Policy("closed_period", "hold", ("hold", "first_open_day"), "A bill dated in a period that is closed there."),
        Policy("withdrawn_bill", "hold", ("hold", "delete", "void"), "A bill withdrawn or deleted after it moved."),
        Policy("cancelled_purchase_order", "hold", ("hold", "void"), "An order cancelled after it moved."),
    ],
)
