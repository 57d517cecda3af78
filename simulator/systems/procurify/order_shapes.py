"""A purchase order as the API shows it: a row without lines in the list, everything in the detail, times local."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from simulator.systems.procurify.company import Company, cents, dashed
from simulator.systems.procurify.documents import Json, Order, OrderLine
from simulator.systems.procurify.shapes import account, eight_places, full_user, spend_allocation

NOTHING = Decimal(0)
PROMISED_AT = 23  # the samples show a promised day by its last hour
CANCELLED = 1


@dataclass(frozen=True, slots=True)
class Totals:
    subtotal: Decimal
    tax: Decimal
    total: Decimal


def totals(order: Order) -> Totals:
    """A percentage is taken of the subtotal, tax after the discount; the vendor's own base is not documented."""
    subtotal = sum((line.amount for line in order.lines), NOTHING)
    discount = _share(order.discount, subtotal)
    tax = _share(order.tax, subtotal - discount) + sum((line.tax_amount or NOTHING for line in order.lines), NOTHING)
    shipping = sum((line.shipping_amount or NOTHING for line in order.lines), NOTHING)
    total = subtotal - discount + tax + shipping + order.freight + order.other
    return Totals(subtotal, tax, cents(total) if order.total is None else order.total)


def _share(modifier: tuple[Decimal, str], base: Decimal) -> Decimal:
    value, kind = modifier
    return cents(base * value / 100) if kind == "percentage" else value


def row(company: Company, order: Order) -> Json:
    total = totals(order)
    currency = _currency(company, order)
    return {
        "version": order.version,
        "number": order.number,
        "uuid": dashed(order.uuid),
        "purchaser": full_user(company),
        "procurify_PO": order.id,
        "PO_Num": order.own_number,
        "date": company.local(order.created[:19] + "Z"),
        **_party(company, "buyer", 1),
        **_party(company, "receiver", 2),
        "pref_vendor": company.state.vendors[order.vendor_id],
        **_vendor(order),
        "payment_terms": order.payment_terms,
        "shipping_terms": "FOB",
        "shipping_method": "Ground",
        "promise_date": company.clock_time(order.promise_date, PROMISED_AT),
        "subtotal": f"{total.subtotal:.2f}",
        "freight": f"{order.freight:.6f}",
        "tax": {"value": float(order.tax[0]), "type": order.tax[1]},
        "discount": {"value": float(order.discount[0]), "type": order.discount[1]},
        "other": f"{order.other:.6f}",
        "total": f"{total.total:.2f}",
        "comment": order.comment,
        "purchased_currency": currency,
        "purchased_currency_rate": f"{order.rate:.6f}",
        "active": order.active,
        "state": order.state,
        "fulfilment_status": fulfilment(order),
        "disclaimer_description": None,
        "disclaimer_text": None,
        "recorded_date": None,
        "closed_date": company.local(order.closed),
        "last_modified": company.local(order.last_modified),
        "staged_for_export": False,
        "item_count": len(order.lines),
        "most_recent_version": order.version,
        "punchout_system": None,
        "purchase_agreement": None,
        "purchase_agreement_status": None,
        "punchout_vendor_reference": None,
        "punchout_supplier_icon": None,
        "punchout_supplier_name": None,
        "has_blanket_order_items": False,
        "expiry_date": company.clock_time(order.expiry_date, PROMISED_AT),
        "contract": {"id": 0, "uuid": "", "name": ""},
    }


def detail(company: Company, order: Order) -> Json:
    total = totals(order)
    term = company.term("payment_term_ref", {"name": order.payment_terms})
    shipping = company.term("shipping_term_ref", {"name": "FOB"})
    method = company.term("shipping_method_ref", {"name": "Ground"})
    return {
        **row(company, order),
        "shipping_method": method,  # text in the list, an object here
        "order_items": [_line(company, order, n, line) for n, line in enumerate(order.lines, 1)],
        "creditcard_is_editable": True,
        "custom_fields": [],
        "creditcard": order.creditcard,
        "payment_term": term,
        "shipping_term": shipping,
        "cost_details": _costs(order, total.subtotal, total=total.total, tax=total.tax),
        "punchout_is_retriable": False,
    }


def fulfilment(order: Order) -> str:
    if not any(line.received for line in order.lines):
        return "empty"
    return "full" if all(line.received >= line.quantity for line in order.lines) else "partial"


def _line(company: Company, order: Order, number: int, line: OrderLine) -> Json:
    changed = company.local(order.last_modified[:19] + "Z")
    approved = company.local(order.created[:19] + "Z")
    charged = company.account_of(line.shares[0])
    tax = None if line.tax_amount is None else eight_places(line.tax_amount)
    shipping = None if line.shipping_amount is None else eight_places(line.shipping_amount)
    return {
        "PO": [order.id],
        "PO_line_num": number,
        "account": account(company, charged),
        "accountCode": charged.code,
        "active": True,
        "approved_currency_rate": f"{order.rate:.6f}",
        "approved_datetime": approved,
        "approved_price": eight_places(line.price),
        "approved_quantity": float(line.quantity),
        "approved_shipping_amount": shipping,
        "approved_tax_amount": tax,
        "attachments": [],
        "catalog_item": None,
        "created_at": approved,
        "currency": _currency(company, order),
        "dateInvoiced": None,
        "external_id": "",
        "hot": False,
        "id": line.id,
        "inventoryItem": None,
        "is_active": True,
        "item_attachments": [],
        "last_changed_by": None,
        "last_modified": changed,
        "lineComment": None,
        "name": line.name,
        "num": str(number),
        "orderNum": order.requisition,
        "order_number": order.requisition,
        "po_note": line.note,
        "po_version": order.version,
        "pref_vendor": company.state.vendors[order.vendor_id],
        "price": eight_places(line.price),
        "purchase_order": order.id,
        "purchaser": full_user(company),
        "quantity": float(line.quantity),
        "receivedFailQty": 0.0,
        "receivedPassQty": float(line.received),
        "shipping_amount": shipping,
        "sku": line.sku,
        "status": line.status,
        "tax_amount": tax,
        "total_cost": f"{line.amount:.2f}",
        "unit": line.unit,
        "updated_at": changed,
        "vendor": order.vendor_snapshot["name"],
        "receive_method": 0,
        "type": 0,
        "spend_allocation": [spend_allocation(company, share) for share in line.shares],
        "taxes": [],
        "custom_fields": [],
        "logs": [],
        "comments": [],
        "recurrence": None,
        "receive_log_count": 0,
        "approval_history": [],
        "flags": [],
        "approved_total_cost": eight_places(line.amount),
        "purchase_order_number": order.number,
        "purchase_order_uuid": dashed(order.uuid),
        "order_status": 3,
        "cost_details": _costs(order, line.amount, total=line.amount, tax=line.tax_amount or NOTHING),
    }


def _costs(order: Order, subtotal: Decimal, *, total: Decimal, tax: Decimal) -> Json:
    return {
        "subtotal": f"{subtotal:.2f}",
        "total_cost": f"{total:.2f}",
        "total_cost_in_base_currency": f"{cents(total * order.rate):.2f}",
        "tax_amount": f"{tax:.2f}",
    }


def _currency(company: Company, order: Order) -> Json:
    found = company.currency(order.currency)
    return {**{name: found[name] for name in ("id", "name", "base")}, "rate": f"{order.rate:.6f}"}


def _vendor(order: Order) -> Json:
    kept = order.vendor_snapshot
    return {
        "vendor_name": kept["name"],
        "vendor_contact": kept["contact"],
        "vendor_addressLineOne": kept["address_one"],
        "vendor_postalCode": kept["postal_code"],
        "vendor_city": kept["city"],
        "vendor_state_province": kept["state_province"],
        "vendor_country": kept["country"],
    }


def _party(company: Company, role: str, number: int) -> Json:
    address = {
        "addressLineOne": "1 Main St",
        "postalCode": "97201",
        "city": "Portland",
        "state_province": "OR",
        "country": "USA",
    }
    return {
        f"{role}_name": company.state.domain,
        f"{role}_contact": "Pat Buyer",
        **{f"{role}_{name}": value for name, value in address.items()},
        f"{role}_address": {
            "id": number,
            "is_active": True,
            "created_at": "2026-01-05T16:00:00Z",
            "updated_at": "2026-01-05T16:00:00Z",
            "name": "Head Office",
            "addressAssociation": number,
            "addressLineTwo": "",
            "last_changed_by": None,
            **address,
        },
    }
