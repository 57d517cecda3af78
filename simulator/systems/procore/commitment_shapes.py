"""How commitments and their lines are shown: amounts as text, v2 with ids as text too."""

from __future__ import annotations

from decimal import Decimal

from simulator.systems.procore import codes
from simulator.systems.procore.company import Company, Json
from simulator.systems.procore.money import ZERO, exact, padded, short
from simulator.systems.procore.project_vendors import company_vendor

SAME = ("id", "number", "title", "status", "executed", "origin_id", "created_at", "updated_at")


def total(company: Company, row: Json) -> Decimal:
    return sum((exact(line["amount"]) for line in company.of("sov_lines", row["id"])), ZERO)


def brief(company: Company, row: Json) -> Json:
    vendor = company_vendor(company, row["vendor_id"])
    return {
        **{name: row[name] for name in ("id", "title", "number", "status", "description", "executed", "created_at")},
        "delivery_date": None,
        "private": True,
        "vendor": vendor and {"id": row["vendor_id"], "name": vendor["name"]},
    }


def compact(company: Company, row: Json) -> Json:
    return {
        **{name: row[name] for name in SAME},
        "vendor": _vendor(company, row),
        "grand_total": short(total(company, row)),
        "deleted_at": row["deleted_at"],
    }


def full(company: Company, row: Json) -> Json:
    paid = sum((exact(p["amount"]) for p in company.of("payments", row["id"])), ZERO)
    value = total(company, row)
    return {
        **compact(company, row),
        "type": row["type"],
        "description": row["description"],
        "accounting_method": row["accounting_method"],
        "revised_contract": short(value),
        "retainage_percent": None if row["retainage_percent"] is None else short(exact(row["retainage_percent"])),
        "requisitions_are_enabled": row["invoices_enabled"],
        "total_payments": short(paid),
        "total_requisitions_amount": short(_invoiced(company, row)),
        "percentage_paid": short((paid / value * 100).quantize(Decimal("0.01")) if value else ZERO),
        "remaining_balance_outstanding": short(value - paid),
        "project": {"id": row["project_id"], "name": company.tables["projects"][row["project_id"]]["name"]},
        "origin_code": row["origin_code"],
        "origin_data": row["origin_data"],
        "line_items": [line(company, each) for each in company.of("sov_lines", row["id"])],
        "payments_issued": [_payment(each) for each in company.of("payments", row["id"])],
        "currency_configuration": {"currency_iso_code": company.currency},
    }


def line(company: Company, row: Json) -> Json:
    wbs = company.tables["wbs_codes"][row["wbs_code_id"]]
    amount = short(exact(row["amount"]))
    names = ("id", "description", "extended_type", "origin_data", "origin_id", "position", "uom")
    return {
        **{name: row[name] for name in (*names, "created_at", "updated_at")},
        "amount": amount,
        "total_amount": amount,
        "extended_amount": amount,
        "quantity": short(exact(row["quantity"])),
        "unit_cost": short(exact(row["unit_cost"])),
        "tax_code_id": None,
        "company": {"id": company.id, "name": company.name},
        "wbs_code": codes.brief_wbs(company, wbs["id"]),
        "cost_code": codes.brief_cost_code(company, wbs),
        "line_item_type": codes.show_cost_type(company.tables["line_item_types"][wbs["line_item_type_id"]]),
    }


def v2(company: Company, row: Json) -> Json:
    names = ("number", "title", "status", "description", "executed", "accounting_method", "retainage_percent")
    vendor = company_vendor(company, row["vendor_id"])
    return {
        **{name: row[name] for name in (*names, "type", "created_at", "updated_at", "deleted_at")},
        "id": str(row["id"]),
        "vendor": vendor and {"id": str(row["vendor_id"]), "company": vendor["name"]},
        "grand_total": padded(total(company, row)),
        "allow_payment_applications": row["invoices_enabled"],
        "allow_payments": row["payments_enabled"],
        "enable_ssov": row["ssov_enabled"],
        "billing_schedule_of_values_status": row["ssov_status"],
        "display_work_retainage": row["retainage_percent"] is not None,
    }


def line_v2(company: Company, row: Json) -> Json:
    brief_wbs = codes.brief_wbs(company, row["wbs_code_id"])
    assert brief_wbs is not None
    return {
        **{name: row[name] for name in ("description", "uom", "extended_type", "position")},
        "id": str(row["id"]),
        "quantity": exact(row["quantity"]),
        "unit_cost": row["unit_cost"],
        "amount": padded(exact(row["amount"])),
        "wbs_code_id": str(row["wbs_code_id"]),
        "wbs_code": {**brief_wbs, "id": str(brief_wbs["id"])},
        "tax_code_id": None,
    }


def _vendor(company: Company, row: Json) -> Json | None:
    vendor = company_vendor(company, row["vendor_id"])
    if vendor is None:
        return None
    own = {"id": row["vendor_id"], "company": vendor["name"]}
    return {**own, "origin_id": vendor["origin_id"], "origin_data": vendor["origin_data"]}


def _invoiced(company: Company, row: Json) -> Decimal:
    items = [
        item
        for requisition in company.of("requisitions", row["id"])
        for item in company.of("requisition_items", requisition["id"])
    ]
    return sum((exact(item["work"]) + exact(item["stored"]) for item in items), ZERO)


def _payment(row: Json) -> Json:
    names = ("id", "check_number", "created_at", "date", "draw_request_number", "invoice_number", "notes")
    own = {name: row[name] for name in (*names, "payment_number", "origin_id", "origin_data")}
    return {**own, "amount": short(exact(row["amount"])), "attachments": []}
