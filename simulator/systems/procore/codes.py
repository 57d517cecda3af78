"""Cost codes, cost types, and the WBS codes that pair them: what a cost is booked on."""

from __future__ import annotations

from functools import partial

from werkzeug.wrappers import Response

from simulator.systems.procore.answers import INVALID, Refused, missing, wrong
from simulator.systems.procore.calling import Call
from simulator.systems.procore.company import Company, Json
from simulator.systems.procore.listing import listing, page
from simulator.systems.procore.writer import Writer
from simulator.systems.serving import json_response

SEGMENTS = {"cost_code": "Cost Code", "line_item_type": "Cost Type"}
PATTERN = 3113970


def cost_codes(call: Call) -> Response:
    return listing(call, call.company.of("cost_codes", call.project["id"]), partial(show_cost_code, call.company))


def cost_code(call: Call) -> Response:
    return json_response(show_cost_code(call.company, call.one("cost_codes", project_id=call.project["id"])))


def cost_types(call: Call) -> Response:
    if call.query.get("company_id") is None and call.known is None:
        raise missing("company_id")
    return listing(call, call.company.every("line_item_types"), show_cost_type)


def cost_type(call: Call) -> Response:
    return json_response(show_cost_type(call.one("line_item_types")))


def sub_jobs(call: Call) -> Response:
    return listing(call, [], lambda row: row)


def tax_codes(call: Call) -> Response:
    return listing(call, [], lambda row: row)


def segments(call: Call) -> Response:
    return page(call, call.company.of("segments", call.project["id"]), partial(_show_segment, call.company))


def segment_items(call: Call) -> Response:
    segment = call.one("segments", call.ids["segment_id"], project_id=call.project["id"])
    return page(call, _items_of(call.company, segment), partial(_show_item, segment=segment))


def wbs_codes(call: Call) -> Response:
    rows = call.company.of("wbs_codes", call.project["id"])
    if "group_id" in call.query:
        contract = call.one("commitments", call.query["group_id"], project_id=call.project["id"])
        ids = {line["wbs_code_id"] for line in call.company.of("sov_lines", contract["id"])}
        rows = [row for row in rows if row["id"] in ids]
    if asked := str(call.query.get("query", "")).casefold():
        rows = [row for row in rows if asked in f"{row['flat_code']} {row['flat_name']}".casefold()]
    return listing(call, rows, partial(show_wbs, call.company))


def create_wbs(call: Call) -> Response:
    return json_response(show_wbs(call.company, _from_segments(call, call.sent)), status=201)


def create_many_wbs(call: Call) -> Response:
    entities, errors = [], []
    for given in call.sent["bulk"]:
        try:
            entities.append(show_wbs(call.company, _from_segments(call, given)))
        except Refused as refused:
            errors.append({**given, "errors": refused.errors})
    return json_response({"entities": entities, "errors": errors}, status=201)


def edit_wbs(call: Call) -> Response:
    row = call.one("wbs_codes", project_id=call.project["id"])
    return json_response(show_wbs(call.company, call.writer.change("wbs_codes", row, **call.sent)))


def _from_segments(call: Call, given: Json) -> Json:
    """A combination that is there already is answered as it is, with the new description."""
    found: dict[str, int] = {}
    for part in given.get("segment_items") or []:
        segment = call.company.find("segments", part["segment_id"])
        if segment is None or segment["project_id"] != call.project["id"]:
            raise wrong("segment_id", INVALID)
        if part["segment_item_id"] not in {item["id"] for item in _items_of(call.company, segment)}:
            raise wrong("segment_item_id", INVALID)
        found[segment["type"]] = part["segment_item_id"]
    if found.keys() != SEGMENTS.keys():
        raise wrong("segment_items", INVALID)
    code = call.company.tables["cost_codes"][found["cost_code"]]
    kind = call.company.tables["line_item_types"][found["line_item_type"]]
    row = make_wbs(call.writer, code, kind)
    if given.get("description"):
        call.writer.change("wbs_codes", row, description=given["description"])
    return row


def make_wbs(writer: Writer, code: Json, kind: Json) -> Json:
    flat = f"{code['full_code']}.{kind['code']}"
    for row in writer.company.of("wbs_codes", code["project_id"]):
        if row["flat_code"] == flat:
            return row
    name = f"{code['name']}.{kind['name']}"
    own = {"project_id": code["project_id"], "cost_code_id": code["id"], "line_item_type_id": kind["id"]}
    return writer.add("wbs_codes", **own, flat_code=flat, flat_name=name, description=name, status="active")


def usable(company: Company, project_id: int, wbs_code_id: object) -> Json:
    """The WBS code that a line names; it has to be of the project, and active."""
    row = company.find("wbs_codes", wbs_code_id)
    if row is None or row["project_id"] != project_id or row["status"] != "active":
        raise wrong("wbs_code_id", INVALID)
    return row


def brief_wbs(company: Company, wbs_code_id: int | None) -> Json | None:
    row = company.find("wbs_codes", wbs_code_id)
    return None if row is None else {name: row[name] for name in ("id", "flat_code", "description")}


def brief_cost_code(company: Company, wbs: Json) -> Json:
    code = company.tables["cost_codes"][wbs["cost_code_id"]]
    return {name: code[name] for name in ("id", "full_code", "name")}


def show_cost_type(row: Json) -> Json:
    return {name: row[name] for name in ("id", "name", "code", "base_type", "origin_data", "origin_id")}


def show_cost_code(company: Company, row: Json) -> Json:
    pairs = [wbs for wbs in company.of("wbs_codes", row["project_id"]) if wbs["cost_code_id"] == row["id"]]
    kinds = [company.tables["line_item_types"][wbs["line_item_type_id"]] for wbs in pairs]
    budgeted = {line["wbs_code_id"] for line in company.of("budget_lines", row["project_id"])}
    names = ("id", "code", "full_code", "name", "origin_data", "origin_id", "position", "created_at", "updated_at")
    return {
        **{name: row[name] for name in names},
        "biller": company.tables["projects"][row["project_id"]]["name"],
        "biller_id": row["project_id"],
        "biller_type": "Project",
        "budgeted": any(wbs["id"] in budgeted for wbs in pairs),
        "parent": {"id": row["parent_id"]},
        "sortable_code": row["full_code"],
        "standard_cost_code_id": None,
        "standard_cost_code_list_id": None,
        "deleted_at": None,
        "line_item_types": [show_cost_type(kind) for kind in kinds],
    }


def show_wbs(company: Company, row: Json) -> Json:
    code = company.tables["cost_codes"][row["cost_code_id"]]
    kind = company.tables["line_item_types"][row["line_item_type_id"]]
    parts = {segment["type"]: segment for segment in company.of("segments", row["project_id"])}
    names = ("id", "flat_code", "flat_name", "description", "status", "created_at", "updated_at")
    return {
        **{name: row[name] for name in names},
        "segment_items": [
            _show_item(code, segment=parts["cost_code"]),
            _show_item(kind, segment=parts["line_item_type"]),
        ],
        "wbs_pattern_id": PATTERN,
    }


def _items_of(company: Company, segment: Json) -> list[Json]:
    if segment["type"] == "cost_code":
        return company.of("cost_codes", segment["project_id"])
    return list(company.every("line_item_types"))


def _show_item(row: Json, segment: Json) -> Json:
    return {
        "id": row["id"],
        "code": row["code"],
        "name": row["name"],
        "parent_id": row.get("parent_id"),
        "path_code": row.get("full_code", row["code"]),
        "status": "active",
        "segment": {name: segment[name] for name in ("id", "name", "type")},
    }


def _show_segment(company: Company, row: Json) -> Json:
    shown = {name: row[name] for name in ("id", "type", "name", "position", "created_at", "updated_at")}
    count = len(_items_of(company, row))
    return {**shown, "segment_items_count": count, "required": True, "delimiter": "-", "wbs_pattern_id": PATTERN}
