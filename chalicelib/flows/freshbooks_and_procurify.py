"""FreshBooks and Procurify, both ways.

Vendors, bills and payments of bills are read from FreshBooks and written to Procurify, as far as its API takes them: a
bill is the one that it matches there, else a mail to the AP inbox, a request, or a hold with all that a person needs; a
bill paid in full is marked as paid. Purchase orders are read from Procurify and written to FreshBooks: an expense for
each category once the accounting team approves it, or on a category of drafts, or as a journal entry. An order that
grew out of a request we made for a bill of FreshBooks makes none. A request that is not ordered yet is only a forecast.
"""

from __future__ import annotations

from chalicelib.engine.flow import Flow, Move, Policy
from chalicelib.engine.link import Link, Part
from chalicelib.engine.match import same_address, same_id
from chalicelib.engine.records import Coded, Draft
from chalicelib.systems.freshbooks.bills import Bill
from chalicelib.systems.freshbooks.costs import CostLine, Ordered, is_named, order_parts
from chalicelib.systems.freshbooks.payments import BillPayment
from chalicelib.systems.freshbooks.vendors import Vendor
from chalicelib.systems.procurify.drafts import vendor_draft
from chalicelib.systems.procurify.lines import BillLine
from chalicelib.systems.procurify.names import exact_name, same_name_there
from chalicelib.systems.procurify.orders import PurchaseOrder
from chalicelib.systems.procurify.owed import Owed, OwedLine, Paid, owed_draft, paid_parts
from chalicelib.systems.procurify.requested import outlook

PO_MODES = ("internal_draft", "holding_category", "journal")


def vendor(v: Vendor, link: Link) -> Draft:
    return vendor_draft(
        name=v.name, email=v.email, phone=v.phone, line1=v.line1, line2=v.line2, city=v.city, state=v.state,
        postal_code=v.postal_code, country=v.country, synced=link.policy("master_data_sync") == "yes",
        currency=next((one.id for one in link.entries("currency") if one.name == v.currency), ""),
    )  # fmt: skip


def bill(b: Bill, link: Link) -> Draft:
    owed = Owed(
        title=f"Bill {b.number or b.id} of {b.vendor_name}", vendor=b.vendor_id, vendor_name=b.vendor_name,
        number=b.number, date=b.date, due_date=b.due_date, currency=b.currency, tax=b.tax,
        file_left_out="FreshBooks does not hand it out, look at it there" if b.attachment else "",
        lines=[OwedLine(x.category_name or x.category, x.description, x.amount, x.tax) for x in b.lines],
    )  # fmt: skip
    said = " \n ".join([b.number, *(x.description for x in b.lines)])
    for order in link.entries("purchase_order", link.need("vendor", b.vendor_id, b.vendor_name)):
        if is_named(order.name, said):
            link.concerned.add(("purchase_order", order.id))
    return owed_draft(owed, link)


def payment(p: BillPayment, link: Link) -> list[Part]:
    paid = Paid(
        title=f"Payment of bill {p.bill_number or p.bill_id}", bill=p.bill_id, vendor_name=p.vendor_name,
        number=p.bill_number, date=p.bill_paid_on or p.date, amount=p.amount, total=p.bill_total, paid=p.bill_paid,
        currency=p.currency, vendor=p.vendor_id,
    )  # fmt: skip
    return paid_parts(paid, link)


def expenses(o: PurchaseOrder, link: Link) -> list[Part]:
    if link.policy("forecasts") == "yes":
        link.reread.update(("requisition", number) for number in o.requests)
    owed = o.as_bill()
    order = Ordered(
        title=f"Purchase order {o.number}",
        number=o.number,
        vendor_name=o.vendor_name,
        date=o.date,
        currency=o.currency,
        total=owed.total,
        lines=[_cost(x) for x in owed.lines],
        memo=o.comment,
        asked_for=o.asked_for,
    )
    return order_parts(order, link)


def codes(o: PurchaseOrder) -> list[Coded]:
    return [Coded("expense_category", x.code, x.label, x.amount) for x in map(_cost, o.as_bill().lines)]


def _cost(x: BillLine) -> CostLine:
    return CostLine(x.account_code, x.account_label, x.amount, is_charge=x.role != "item" and not x.account_code)


FLOW = Flow(
    Move(
        "freshbooks.vendor",
        "procurify.vendor",
        make=vendor,
        match=[same_id, exact_name, same_name_there, same_address],
        unmatched="unmatched_vendor",
        dated=False,
        references=["currency"],
    ),
    Move(
        "freshbooks.bill",
        "procurify.bill_match",
        make=bill,
        kinds=["inbox_mail", "requisition"],
        references=["currency", "vendor"],
        references_if={"account_code": "requisition_department", "department": "requisition_department"},
        placed=["bill", "purchase_order"],
    ),
    Move(
        "freshbooks.bill_payment",
        "procurify.payment",
        make=payment,
        dated=False,  # it goes with its bill, and Procurify shows no day of it
        in_parts=True,
        many_to_one=True,
        placed=["bill"],
        partners=["bill"],
    ),
    Move(
        "procurify.purchase_order",
        "freshbooks.expense",
        make=expenses,
        in_parts=True,
        kinds=["journal_entry"],
        coded=codes,
        references=["expense_category", "vendor"],
        references_if={"ledger_account": "journal_debit"},
        placed=["bill"],
        withdrawn="cancelled_purchase_order",
    ),
    Move(
        "procurify.requisition",
        "freshbooks.forecast",
        make=outlook,
        wanted_if={"forecasts": ("yes",)},
        is_forecast=True,
    ),
    title="FreshBooks and Procurify",
    policies=[
        Policy("unmatched_vendor", "create", ("create", "hold"), "A vendor that Procurify does not have."),
        Policy("master_data_sync", "no", ("no", "yes"), "Whether Procurify's own Master Data Sync keeps its vendors."),
        Policy("unmatched_bill", "hold", ("hold", "inbox", "requisition"), "A bill that Procurify does not have."),
        Policy("requisition_department", "", (), "The department of requests, as Location / Department."),
        Policy("po_mode", "internal_draft", PO_MODES, "What an order becomes."),
        Policy("holding_category", "", (), "The expense category of drafts."),
        Policy("charges_category", "", (), "The expense category of an order's tax, freight and discount."),
        Policy("journal_debit", "", (), "The account that an order's journal entry debits."),
        Policy("journal_credit", "", (), "The account that an order's journal entry credits."),
        Policy("forecasts", "no", ("no", "yes"), "Whether approved requests of Procurify are followed as forecasts."),
        Policy("cancelled_purchase_order", "hold", ("hold", "delete"), "An order cancelled after its cost was booked."),
    ],
)
