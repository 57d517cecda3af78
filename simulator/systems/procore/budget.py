"""The budget: lines per WBS code, and the standard view in which costs show up."""

from __future__ import annotations

from decimal import Decimal
from functools import partial

from werkzeug.wrappers import Response

from simulator.systems.procore import codes, totals
from simulator.systems.procore.answers import not_found, wrong
from simulator.systems.procore.calling import Call
from simulator.systems.procore.company import Company, Json
from simulator.systems.procore.listing import page
from simulator.systems.procore.money import ZERO, exact, padded
from simulator.systems.procore.writer import Writer
from simulator.systems.serving import json_response

VIEW = 5101
EXISTS = "This Budget Code already exists"
FROZEN = "cannot be updated for a locked budget"


def create_line(call: Call) -> Response:
    given = call.sent["budget_line_item"]
    wbs = codes.usable(call.company, call.project["id"], given["wbs_code_id"])
    if any(line["wbs_code_id"] == wbs["id"] for line in call.company.of("budget_lines", call.project["id"])):
        raise wrong("wbs_code_id", EXISTS)
    _check_locked(call, given)
    row = budget_line(call.writer, wbs, given)
    return json_response(_show_line(call.company, row), status=201)


def line(call: Call) -> Response:
    return json_response(_show_line(call.company, call.one("budget_lines", project_id=call.project["id"])))


def edit_line(call: Call) -> Response:
    row, given = call.one("budget_lines", project_id=call.project["id"]), call.sent["budget_line_item"]
    _check_locked(call, given)
    if "original_budget_amount" in given:
        call.writer.change("budget_lines", row, amount=str(given["original_budget_amount"] or ZERO))
    return json_response(_show_line(call.company, row))


def delete_line(call: Call) -> Response:
    call.writer.remove("budget_lines", call.one("budget_lines", project_id=call.project["id"]))
    return Response(status=204)


def views(call: Call) -> Response:
    row = {"id": VIEW, "name": "Procore Standard Budget", "description": None, "created_by": None, "links": None}
    return page(call, [row | {"created_at": None, "updated_at": None}], lambda each: each)


def detail_rows(call: Call) -> Response:
    _check_view(call)
    rows = call.company.of("budget_lines", call.project["id"])
    if "cost_code_id[]" in call.query:
        asked = set(call.query["cost_code_id[]"])
        rows = [row for row in rows if str(_wbs(call.company, row)["cost_code_id"]) in asked]
    sums = totals.by_code(call.company, call.project["id"])
    return page(call, rows, partial(_show_row, call.company, sums))


def summary_rows(call: Call) -> Response:
    _check_view(call)
    lines = call.company.of("budget_lines", call.project["id"])
    amount = padded(sum((exact(row["amount"]) for row in lines), ZERO))
    row = {"id": str(call.project["id"]), "name": call.project["name"], "original_budget_amount": amount}
    return page(call, [row | {"biller_type": "Project", "budget_modifications": "0.00"}], lambda each: each)


def _check_view(call: Call) -> None:
    if call.ids["budget_view_id"] != VIEW:
        raise not_found()


def budget_line(writer: Writer, wbs: Json, given: Json) -> Json:
    amount = str(given.get("original_budget_amount") or ZERO)
    return writer.add("budget_lines", project_id=wbs["project_id"], wbs_code_id=wbs["id"], amount=amount)


def ensure_line(writer: Writer, wbs: Json) -> None:
    """A cost on a code without a budget line makes one of $0."""
    if not _is_planned(writer, wbs):
        budget_line(writer, wbs, {})


def check_open(writer: Writer, wbs: Json) -> None:
    """Refuse a cost whose code would need a new line in a locked budget, where the switch says so."""
    locked = writer.company.tables["projects"][wbs["project_id"]]["budget_locked"]
    if locked and not writer.options.locked_budget_takes_new_codes and not _is_planned(writer, wbs):
        raise wrong("original_budget_amount", FROZEN)


def _is_planned(writer: Writer, wbs: Json) -> bool:
    lines = writer.company.of("budget_lines", wbs["project_id"])
    return any(line["wbs_code_id"] == wbs["id"] for line in lines)


def _check_locked(call: Call, given: Json) -> None:
    if call.project["budget_locked"] and given.get("original_budget_amount") is not None:
        raise wrong("original_budget_amount", FROZEN)


def _wbs(company: Company, row: Json) -> Json:
    return company.tables["wbs_codes"][row["wbs_code_id"]]


def _show_line(company: Company, row: Json) -> Json:
    return {
        "id": row["id"],
        "original_budget_amount": exact(row["amount"]),
        "uom": None,
        "quantity": None,
        "unit_cost": None,
        "calculation_strategy": "manual",
        "wbs_code": codes.brief_wbs(company, row["wbs_code_id"]),
        "currency_configuration": {"currency_iso_code": company.currency},
    }


def _show_row(company: Company, sums: dict[str, dict[str, Decimal]], row: Json) -> Json:
    wbs = _wbs(company, row)
    code = company.tables["cost_codes"][wbs["cost_code_id"]]
    mine = sums.get(wbs["flat_code"], {})
    direct, invoiced = mine.get("direct_costs", ZERO), mine.get("requisitions", ZERO)
    return {
        "id": row["id"],
        "company_id": company.id,
        "project_id": row["project_id"],
        "wbs_code_id": wbs["id"],
        "cost_code_id": code["id"],
        "category_id": wbs["line_item_type_id"],
        "cost_code": f"{code['full_code']} - {code['name']}",
        "original_budget_amount": padded(exact(row["amount"])),
        "currency_configuration": {"currency_iso_code": company.currency},
        "Committed Costs": padded(mine.get("commitments", ZERO)),
        "Direct Costs": padded(direct),
        "Job to Date Costs": padded(direct + invoiced),
    }
