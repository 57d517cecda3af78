"""A bill as the API shows it: thin in the list, full in the detail, totals as JSON numbers, the rest as text."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from simulator.systems.procurify.company import Company, cents, dashed
from simulator.systems.procurify.documents import Bill, Cost, Item, Json
from simulator.systems.procurify.shapes import (
    ME_ID,
    SNAPSHOT,
    allocation,
    eight_places,
    full_user,
    simple_user,
)

PAID = {4, 6}
OLD_PAYMENT_STATUS = {  # a payment inside a bill still carries the numbers of the old payments list
    "draft": 0, "pending_approval": 1, "approved": 2, "denied": 3, "paid": 5, "processing": 7, "failed": 8,
    "scheduled": 9,
}  # fmt: skip
NOTHING = Decimal(0)
INBOX = {"firstName": "Procurify", "lastName": "Inbox"}  # who made a bill out of a mail


@dataclass(frozen=True, slots=True)
class Totals:
    items: Decimal
    cost: Decimal
    inclusive: Decimal
    exclusive: Decimal
    shipping: Decimal
    total: Decimal


def totals(bill: Bill) -> Totals:
    """Shipping stands beside the total unless the bill says otherwise: which total holds it is not confirmed."""
    items = inclusive = exclusive = of_items = NOTHING
    for item in bill.items:  # in one go: each page of a list adds up every bill that it found
        items += item.amount
        if item.tax_is_inclusive:
            inclusive += item.tax_amount
        else:
            exclusive += item.tax_amount
        if item.shipping_amount is not None:
            of_items += item.shipping_amount
    cost = items + sum((cost.amount for cost in bill.costs), NOTHING)
    shipping = of_items if bill.shipping_amount is None else bill.shipping_amount
    total = cost + exclusive + (shipping if bill.shipping_is_in_total else NOTHING)
    return Totals(items, cost, inclusive, exclusive, shipping, total if bill.total is None else bill.total)


def row(company: Company, bill: Bill) -> Json:
    total = totals(bill).total
    vendor = company.state.vendors[bill.vendor_id]
    currency = company.currency(bill.currency)
    return {
        "version": bill.version,
        "id": bill.id,
        "status": bill.status,
        "locked": bill.locked,
        "currency": {name: currency[name] for name in ("id", "name", "rate")},
        "uuid": dashed(bill.uuid),
        "items": [item.id for item in bill.items],
        "vendor": {"id": vendor["id"], "name": vendor["name"]},
        "due_date": _day(bill.due_date),
        "total_cost_with_tax": total,
        "invoice_date": _day(bill.invoice_date),
        "next_approver_choices": None,
        "last_modified_datetime": bill.last_modified,
        "submitted_date": bill.submitted,
        "gl_post_date": _day(bill.gl_post_date),
        "invoice_number": bill.invoice_number,
        "group": bill.group,
        "type": bill.type,
        "user": simple_user(),
        "approver": None,
        "past_due": bill.status not in PAID and "" < (bill.due_date or "")[:10] < company.today(),
        "invoice_uuid": "",
        "creator": {**simple_user(), **INBOX} if bill.invoice_created else simple_user(),
        "invoice_created": bill.invoice_created,
        "invoice_total": total,
        **_export(bill),
    }


def detail(company: Company, bill: Bill) -> Json:
    total = totals(bill)
    currency = company.currency(bill.currency)
    user = full_user(company)
    return {
        "id": bill.id,
        "uuid": dashed(bill.uuid),
        "user": user,
        "vendor": company.state.vendors[bill.vendor_id],
        "approval_chain": bill.approval_chain,
        "approver": bill.approver,
        "items": [_item(company, bill, item) for item in bill.items],
        "costs": [_cost(company, bill, cost) for cost in bill.costs],
        "invoice_attachments": bill.attachments,
        "bill_statuses": [
            {"id": step.id, "user": user, "date": step.at, "status": step.status, "bill": bill.id}
            for step in bill.history
        ],
        "currency": currency,
        "comments": [],
        "version_choices": [{"pk": bill.id, "version": bill.version}],
        "tax_amount": total.inclusive + total.exclusive,
        "inclusive_tax_amount": total.inclusive,
        "exclusive_tax_amount": total.exclusive,
        "subtotal_cost": total.items,
        "total_cost": total.cost,
        "total_cost_with_tax": total.total,
        "converted_total_cost": cents(total.total * Decimal(currency["rate"])),
        "next_approver_choices": None,
        "locked": bill.locked,
        "bill_payment": _payment(company, bill),
        **{f"vendor_{name}": bill.vendor_snapshot[name] for name in SNAPSHOT},
        "vendor_postal_code": bill.vendor_snapshot["postal_code"][:10],  # shorter on bills than on vendors
        "last_modified_datetime": bill.last_modified,
        "submitted_date": bill.submitted,
        "invoice_number": bill.invoice_number,
        "invoice_date": company.clock_time(bill.invoice_date),
        "due_date": company.clock_time(bill.due_date),
        "payment_terms": bill.payment_terms,
        "version": bill.version,
        "status": bill.status,
        "type": bill.type,
        "active": bill.active,
        "note": bill.note,
        "gl_post_date": company.clock_time(bill.gl_post_date),
        "group": bill.group,
        "payment_method": bill.payment_method,
        "payment_method_name": "",
        "added_purchase_orders": _orders(company, bill),
        "shipping_amount": total.shipping,
        "invoice_uuid": "",
        "invoice_total": total.total,
        "creator": {**user, **INBOX} if bill.invoice_created else user,
        **_export(bill),
    }


def _item(company: Company, bill: Bill, item: Item) -> Json:
    order = company.order(str(item.order)) if item.order is not None else None
    with_tax = item.amount if item.tax_is_inclusive else item.amount + item.tax_amount
    return {
        "id": item.id,
        "expense": None,
        "bill": bill.id,
        "vendor": company.state.vendors[bill.vendor_id],
        "sku": item.sku,
        "description": item.description,
        "po": {"number": order.number, "id": order.id, "uuid": dashed(order.uuid)} if order else None,
        "unit": item.unit,
        "quantity": eight_places(item.quantity),
        "currency": company.currency(bill.currency),
        "total_cost": item.amount,
        "packing_slips": [],
        "cost_allocations": [allocation(company, share, bill.currency) for share in item.shares],
        "archived": item.archived,
        "same_unit_cost": True,
        "creditcard_item": None,
        "is_edited": False,
        "unit_cost_diff_log": None,
        "tax_name": item.tax_name,
        "tax_percentage": None if item.tax_percentage is None else eight_places(item.tax_percentage),
        "tax_amount": item.tax_amount,
        "tax_is_inclusive": item.tax_is_inclusive,
        "tax": None,
        "total_cost_with_tax": with_tax,
        "shipping_amount": None if item.shipping_amount is None else eight_places(item.shipping_amount),
        "unit_cost": item.amount / item.quantity if item.quantity else item.amount,
        "custom_fields": [],
        "type": {0: "order", 1: "expense"}.get(bill.type, "creditcard"),
        "bill_by_cost": False,
    }


def _cost(company: Company, bill: Bill, cost: Cost) -> Json:
    return {
        "id": cost.id,
        "cost_allocation": allocation(company, cost.share, bill.currency),
        "name": cost.name,
        "amount": eight_places(cost.amount),
        "bill": bill.id,
        "cost": None,
        "currency": company.currency(bill.currency)["id"],
    }


def _orders(company: Company, bill: Bill) -> list[Json]:
    from simulator.systems.procurify.order_shapes import totals as order_totals

    numbers = dict.fromkeys(item.order for item in bill.items if item.order is not None)
    orders = [company.order(str(number)) for number in numbers]
    return [
        {"id": o.id, "number": o.number, "currency": o.currency, "total_amount": f"{order_totals(o).total:.2f}"}
        for o in orders
        if o
    ]


def _payment(company: Company, bill: Bill) -> Json | None:
    payment = company.state.payments.get(bill.payment) if bill.payment is not None else None
    if payment is None:
        return None
    currency = company.currency(bill.currency)
    return {
        "id": payment.shown["id"],
        "payment": {
            "id": payment.shown["id"],
            "user": ME_ID,
            "approver": None,
            "status": OLD_PAYMENT_STATUS.get(payment.shown["status"], 1),
            "currency": currency["id"],
            "amount": eight_places(payment.amount),
            "payment_method": None,
            "payment_date": payment.shown["processing_date"],
            "memo": "",
            "reference_number": "",
            "is_processed": payment.shown["status"] == "paid",
        },
        "payment_method": {
            "id": 1,
            "vendor": bill.vendor_id,
            "name": "Check",
            "type": 1,
            "data": "",
            "currency": currency,
        },
        "amount": eight_places(totals(bill).total),
        "transaction": None,
    }


def _day(day: str | None) -> str | None:
    return day[:10] if day else day


def _export(bill: Bill) -> Json:
    """Only a bill that was exported from the screen says so."""
    return (
        {"last_export_date": bill.last_export_date, "last_export_user": simple_user()} if bill.last_export_date else {}
    )
