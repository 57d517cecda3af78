"""Procurify to QuickBooks Online.

Vendors, approved bills and, as summaries that post nothing, purchase orders are read from Procurify and written to
QuickBooks Online; what changes after that is changed there too. Nothing is ever written to Procurify.
"""

from __future__ import annotations

from chalicelib.engine.flow import Flow, Move, Policy
from chalicelib.engine.link import NONE, Link
from chalicelib.engine.match import same_address, same_id, same_name
from chalicelib.engine.records import Draft, Json
from chalicelib.systems.procurify.bills import Bill
from chalicelib.systems.procurify.lines import BillLine
from chalicelib.systems.procurify.orders import PurchaseOrder
from chalicelib.systems.procurify.vendors import Vendor
from chalicelib.systems.quickbooks_online import books
from chalicelib.systems.quickbooks_online.drafts import bill_draft, bill_line, purchase_order_draft, vendor_draft


def vendor(v: Vendor, link: Link) -> Draft:
    return vendor_draft(
        name=v.name, company=v.name, email=v.email, phone=v.phone, line1=v.line1, line2=v.line2, city=v.city,
        state=v.state, postal_code=v.postal_code, country=v.country, outside_id=v.external_id,
    )  # fmt: skip


def bill(b: Bill, link: Link) -> Draft:
    title = f"The bill {b.number}"
    date, postponed = books.posting_date(link, title=title, date=b.date)
    coded = link.policy("tax_mode") == "codes"
    return bill_draft(
        **books.owed(link, title=title, vendor=_vendor(b, link), vendor_name=b.vendor_name, currency=b.currency),
        date=date,
        due_date=b.due_date,
        number=b.number,
        lines=[_line(x, link) for x in b.lines if not (coded and x.role == "tax")],
        memo=_memo(b, postponed),
        location=books.one_location(link, title=title, names=[_place(x, "location_from", link) for x in b.lines]),
        term=link.may("term", b.payment_terms) if link.policy("term_from") == "bill" else "",
        tax_calculation=books.tax_calculation(link, title=title, inclusive=b.taxes_inclusive if coded else None),
        total=b.total if coded else None,
    )


def _line(x: BillLine, link: Link) -> Json:
    return bill_line(
        account=_account(x, link),
        amount=x.amount,
        description=x.description,
        klass=link.may("class", _place(x, "class_from", link)) if link.policy("class_from") != NONE else None,
        tax_code=link.value("tax_code", x.tax_name or "untaxed") if link.policy("tax_mode") == "codes" else None,
    )


def _account(x: BillLine, link: Link) -> str:
    """Procurify keeps tax and freight on no account of its own: the customer names one."""
    if x.role in ("tax", "freight") and not x.account_code:
        return link.setting(f"{x.role}_account", "account", f"The bill has {x.role} of {x.amount}.")
    return link.need("account", x.account_code, x.account_label)


def _place(line: BillLine, policy: str, link: Link) -> str:
    return {"department": line.department, "location": line.location}.get(link.policy(policy), "")


def _vendor(document: Bill | PurchaseOrder, link: Link) -> str:
    """The catch-all vendor OTHER stands for many: the name that was typed must be a vendor's there, or be mapped."""
    if document.vendor_is_other:
        return link.listed("vendor", document.vendor_name)
    return link.need("vendor", document.vendor_id, document.vendor_name)


def _memo(b: Bill, postponed: str) -> str:
    parts = (f"PO {', '.join(b.po_numbers)}" if b.po_numbers else "", postponed, b.note)
    return " · ".join(filter(None, (*parts, f"rounded by {b.rounding}" if b.rounding else "")))


def summary(o: PurchaseOrder, link: Link) -> Draft:
    books.check_purchase_orders(link)
    vendor, title = _vendor(o, link), f"The purchase order {o.number}"
    return purchase_order_draft(
        **books.owed(link, title=title, vendor=vendor, vendor_name=o.vendor_name, currency=o.currency),
        date=o.date,
        number=o.number,
        send_number=link.fact("preference", "own_numbers") != "false",
        is_open=o.is_open,
        lines=_summed_up(o, link), memo=o.comment,
    )  # fmt: skip


def _summed_up(o: PurchaseOrder, link: Link) -> list[Json]:
    """One line for all of it where the customer names an item or account for that, else one an account."""
    for policy, kind in (("purchase_order_item", "item"), ("purchase_order_account", "account")):
        if link.policy(policy):
            on = {kind: link.setting(policy, kind, "")}
            return [bill_line(**on, amount=o.total, description=f"Purchase order {o.number}")]
    accounts = [(link.need("account", x.account_code, x.account_label), x.amount, "") for x in o.lines]
    if rest := o.total - sum(x.amount for x in o.lines):
        account = link.setting("freight_account", "account", f"The order has freight, tax or a discount of {rest}.")
        accounts.append((account, rest, "Freight, tax and discount"))
    return [bill_line(account=id_, amount=amount, description=text) for id_, amount, text in accounts]


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
    Move(
        "procurify.bill",
        "quickbooks_online.bill",
        make=bill,
        references=["account", "preference", "vendor"],
        references_if={"class": "class_from", "location": "location_from", "term": "term_from"},
        values=["tax_code"],
        withdrawn="withdrawn_bill",
    ),
    Move(
        "procurify.purchase_order",
        "quickbooks_online.purchase_order",
        make=summary,
        references=["account", "preference", "vendor"],
        references_if={"item": "purchase_order_item"},
        withdrawn="cancelled_purchase_order",
        wanted_if={"purchase_orders": ["summary"]},
    ),
    title="Procurify to QuickBooks Online",
    policies=[
        Policy("unmatched_vendor", "hold", ("hold", "create"), "A vendor that QuickBooks Online does not have."),
        Policy("ap_account", "", (), "The accounts-payable account of bills, where there are several."),
        Policy("tax_account", "", (), "The account for tax that is added to a bill's lines."),
        Policy("freight_account", "", (), "The account for freight and shipping on a bill."),
        Policy("class_from", NONE, (NONE, "department", "location"), "What of Procurify becomes the class of a line."),
        Policy("location_from", NONE, (NONE, "location", "department"), "What becomes the location of a bill."),
        Policy("term_from", NONE, (NONE, "bill"), "Whether a bill's payment terms become its terms there."),
        Policy("tax_mode", "lines", ("lines", "codes"), "Tax as lines of its own, or by tax codes that add it there."),
        Policy("closed_period", "hold", ("hold", "first_open_day"), "A bill dated in a period that is closed there."),
        Policy("withdrawn_bill", "hold", ("hold", "delete"), "A bill withdrawn or deleted after it was moved."),
        Policy("cancelled_purchase_order", "hold", ("hold", "close", "delete"), "An order cancelled after it moved."),
        Policy("purchase_orders", "summary", ("summary", NONE), "Whether orders are written as summaries."),
        Policy("purchase_order_account", "", (), "One account for all of an order, instead of one line an account."),
        Policy("purchase_order_item", "", (), "One item for all of an order, where orders take no account lines."),
    ],
)
