"""The lines of a direct cost, in the two dialects in which they are sent: inline (v1.1) and on their own (v1.0)."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from simulator.systems.procore import budget, codes
from simulator.systems.procore.answers import BLANK, INVALID, TAKEN, wrong
from simulator.systems.procore.company import Company, Json
from simulator.systems.procore.money import CENT, ZERO, cents, exact, padded, short
from simulator.systems.procore.writer import Writer

KIND = "direct_cost_lines"
UNITS = {"ls", "ea", "hr", "day", "wk", "mo", "lf", "sf", "sy", "cy", "ton", "lb", "gal"}
KEPT = ("description", "origin_id", "origin_data", "uom")


def planned(writer: Writer, cost: Json, given: Json, existing: Json | None = None) -> Json:
    """The values that a line will have; nothing is written, so that a refused line leaves nothing half done."""
    fields: Json = {name: given[name] for name in KEPT if name in given}
    if "origin_id" in fields:
        fields["origin_id"] = fields["origin_id"] or None
    if fields.get("uom") and fields["uom"] not in UNITS:
        raise wrong("uom", INVALID)
    wbs = _wbs(writer, cost, given)
    if wbs is not None:
        budget.check_open(writer, wbs)
        fields["wbs_code_id"] = wbs["id"]
    elif existing is None:
        raise wrong("wbs_code_id", BLANK, "a line without a WBS code")
    amounts = _amounts(writer, given, existing)
    if existing is None and not amounts:
        raise wrong("amount", BLANK, "a line without an amount")
    return fields | amounts


def check_origins(company: Company, lines: Iterable[Json]) -> None:
    seen: set[str] = set()
    for line in lines:
        origin_id = line.get("origin_id")
        if origin_id and (origin_id in seen or company.of_origin(KIND, origin_id)):
            raise wrong("origin_id", TAKEN)
        seen.add(origin_id or "")


def store(writer: Writer, cost: Json, fields: Json) -> Json:
    budget.ensure_line(writer, writer.company.tables["wbs_codes"][fields["wbs_code_id"]])
    position = len(writer.company.of(KIND, cost["id"])) + 1
    defaults = {**dict.fromkeys(KEPT), "quantity": "1", "unit_cost": fields["amount"], "extended_type": "manual"}
    return writer.add(KIND, **{**defaults, **fields}, direct_cost_id=cost["id"], position=position)


def update(writer: Writer, line: Json, fields: Json) -> Json:
    if "wbs_code_id" in fields:
        budget.ensure_line(writer, writer.company.tables["wbs_codes"][fields["wbs_code_id"]])
    return writer.change(KIND, line, **fields)


def total(company: Company, cost: Json) -> Decimal:
    return sum((exact(line["amount"]) for line in company.of(KIND, cost["id"])), ZERO)


def _wbs(writer: Writer, cost: Json, given: Json) -> Json | None:
    """The WBS code wins over a cost code with a cost type."""
    if given.get("wbs_code_id") is not None:
        return codes.usable(writer.company, cost["project_id"], given["wbs_code_id"])
    if given.get("cost_code_id") is None:
        return None
    for row in writer.company.of("wbs_codes", cost["project_id"]):
        pair = (row["cost_code_id"], row["line_item_type_id"])
        if pair == (given["cost_code_id"], given.get("line_item_type_id")):
            return codes.usable(writer.company, cost["project_id"], row["id"])
    raise wrong("cost_code_id", INVALID)


def _amounts(writer: Writer, given: Json, existing: Json | None) -> Json:
    amount = given.get("manual_amount", given.get("amount"))
    if given.get("extended_type") == "calculated":
        amount = None
    quantity, unit_cost = given.get("quantity"), given.get("unit_cost")
    found: dict[str, Any] = {}
    if amount is not None:
        found = {"amount": str(_cents(writer, amount)), "extended_type": "manual"}
    elif quantity is not None or unit_cost is not None:
        old = existing or {"quantity": "1", "unit_cost": "0"}
        quantity = exact(old["quantity"]) if quantity is None else quantity
        unit_cost = exact(old["unit_cost"]) if unit_cost is None else unit_cost
        found = {"amount": str(cents(quantity * unit_cost)), "extended_type": "calculated"}
    if quantity is not None:
        found["quantity"] = str(quantity)
    if unit_cost is not None:
        found["unit_cost"] = str(unit_cost)
    if found and exact(found.get("amount", "0")) < 0 and not writer.options.negative_direct_costs:
        raise wrong("amount", "must be greater than or equal to 0")
    return found


def _cents(writer: Writer, amount: Decimal) -> Decimal:
    if amount % CENT:
        writer.mistake(f"an amount of {amount} has more than two decimals")
    return cents(amount)


def show(company: Company, line: Json) -> Json:
    wbs = company.tables["wbs_codes"][line["wbs_code_id"]]
    amount = padded(exact(line["amount"]))
    names = ("id", "description", "extended_type", "origin_data", "origin_id", "position", "uom")
    return {
        **{name: line[name] for name in (*names, "created_at", "updated_at")},
        "amount": amount,
        "total_amount": amount,
        "extended_amount": amount,
        "quantity": short(exact(line["quantity"])),
        "unit_cost": padded(exact(line["unit_cost"])),
        "tax_code_id": None,
        "holder": {"id": line["direct_cost_id"], "holder_type": "DirectCost::Item"},
        "wbs_code": codes.brief_wbs(company, wbs["id"]),
        "cost_code": codes.brief_cost_code(company, wbs),
        "line_item_type": codes.show_cost_type(company.tables["line_item_types"][wbs["line_item_type_id"]]),
    }
