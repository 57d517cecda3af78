"""Direct costs: what is spent without a commitment. Its header, and its lines as they come with it."""

from __future__ import annotations

from functools import partial

from werkzeug.wrappers import Response

from simulator.systems.procore import cost_lines, locks
from simulator.systems.procore.answers import BLANK, NOT_ON_PROJECT, Refused, not_found, wrong
from simulator.systems.procore.calling import Call
from simulator.systems.procore.company import Company, Json
from simulator.systems.procore.listing import listing
from simulator.systems.procore.money import padded
from simulator.systems.procore.project_vendors import company_vendor
from simulator.systems.procore.syncing import sync
from simulator.systems.procore.writer import Writer
from simulator.systems.serving import json_response

KIND, LINES = "direct_costs", "direct_cost_lines"
NEEDS_VENDOR = ("invoice", "subcontractor_invoice")
MOST_LINES = 100
KEPT = (
    *("direct_cost_type", "vendor_id", "invoice_number", "status", "description", "direct_cost_date"),
    *("received_date", "payment_date", "terms", "employee_id", "origin_id", "origin_data"),
)


def costs(call: Call) -> Response:
    return listing(call, call.company.of(KIND, call.project["id"]), partial(show_row, call.company))


def cost(call: Call) -> Response:
    return json_response(show(call.company, _own(call)))


def create(call: Call) -> Response:
    given = call.sent["direct_cost"]
    made = make_whole(call.writer, call.project["id"], given)
    return json_response(_with_refs(show(call.company, made), given), status=201)


def edit(call: Call) -> Response:
    row, given = _own(call), call.sent["direct_cost"]
    change_whole(call.writer, row, given)
    return json_response(show(call.company, row))


def delete(call: Call) -> Response:
    row = _own(call)
    erase(call.writer, row)
    return json_response({"id": row["id"]})


def sync_headers(call: Call) -> Response:
    """Headers only. A type that is sent has to be the one that is there."""
    project_id = call.project["id"]

    def make_one(writer: Writer, given: Json) -> Json:
        return make(writer, project_id, given)

    return sync(
        call,
        KIND,
        make=make_one,
        change=change,
        show=partial(show, call.company, lines=False),
        here=lambda row: row["project_id"] == project_id,
    )


# ---------------------------------------------------------------------- lines on their own


def all_lines(call: Call) -> Response:
    rows = [line for row in call.company.of(KIND, call.project["id"]) for line in call.company.of(LINES, row["id"])]
    return _list_lines(call, rows)


def lines(call: Call) -> Response:
    return _list_lines(call, call.company.of(LINES, _own(call, call.ids["direct_cost_id"])["id"]))


def add_line(call: Call) -> Response:
    row = _own(call, call.ids["direct_cost_id"])
    return json_response(cost_lines.show(call.company, _add(call.writer, row, call.sent["line_item"])), status=201)


def edit_line(call: Call) -> Response:
    row = _own(call, call.ids["direct_cost_id"])
    line = call.one(LINES, direct_cost_id=row["id"])
    return json_response(cost_lines.show(call.company, _change_line(call.writer, line, call.sent["line_item"])))


def delete_line(call: Call) -> Response:
    row = _own(call, call.ids["direct_cost_id"])
    line = call.one(LINES, direct_cost_id=row["id"])
    locks.check(call.writer, KIND, row, ["line_items"])
    call.writer.remove(LINES, line)
    return json_response(cost_lines.show(call.company, line))


def sync_lines(call: Call) -> Response:
    def make_one(writer: Writer, given: Json) -> Json:
        row = writer.company.find(KIND, given.get("direct_cost_id"))
        if row is None or row["project_id"] != call.project["id"]:
            raise wrong("direct_cost_id", "is invalid")
        return _add(writer, row, given)

    def here(line: Json) -> bool:
        return bool(call.company.tables[KIND][line["direct_cost_id"]]["project_id"] == call.project["id"])

    return sync(call, LINES, make=make_one, change=_change_line, show=partial(cost_lines.show, call.company), here=here)


def _list_lines(call: Call, rows: list[Json]) -> Response:
    def of_wbs(name: str, line: Json) -> object:
        return call.company.tables["wbs_codes"][line["wbs_code_id"]][name]

    of = {name: partial(of_wbs, name) for name in ("cost_code_id", "line_item_type_id")}
    return listing(call, rows, partial(cost_lines.show, call.company), of=of)


def _add(writer: Writer, row: Json, given: Json) -> Json:
    locks.check(writer, KIND, row, ["line_items"])
    fields = cost_lines.planned(writer, row, given)
    cost_lines.check_origins(writer.company, [fields])
    return cost_lines.store(writer, row, fields)


def _change_line(writer: Writer, line: Json, given: Json) -> Json:
    row = writer.company.tables[KIND][line["direct_cost_id"]]
    locks.check(writer, KIND, row, ["line_items"])
    return cost_lines.update(writer, line, cost_lines.planned(writer, row, given, line))


# ---------------------------------------------------------------------- rules


def make(writer: Writer, project_id: int, given: Json) -> Json:
    fields: Json = {**dict.fromkeys(KEPT), "status": "draft", **_kept(given)}
    if fields["direct_cost_type"] is None:
        raise wrong("direct_cost_type", BLANK)
    if fields["direct_cost_type"] in NEEDS_VENDOR:
        for name, field in (("vendor_id", "vendor"), ("invoice_number", "invoice_number")):
            if not fields[name]:
                raise wrong(field, BLANK)
    _check_vendor(writer, project_id, fields["vendor_id"])
    return writer.add(KIND, project_id=project_id, **fields)


def make_whole(writer: Writer, project_id: int, given: Json) -> Json:
    planned = _plan(writer, {"project_id": project_id}, given, {})
    row = make(writer, project_id, given)
    for _, fields in planned:
        cost_lines.store(writer, row, fields)
    return row


def change(writer: Writer, row: Json, given: Json) -> Json:
    locks.check(writer, KIND, row, given, unlinks=locks.unlinks(given))
    fields = _kept(given)
    if fields.get("direct_cost_type", row["direct_cost_type"]) != row["direct_cost_type"]:
        raise wrong("direct_cost_type", "cannot be changed")
    if fields.get("payment_date", "") is None and not writer.options.payment_date_null_clears:
        del fields["payment_date"]
    if "vendor_id" in fields:
        _check_vendor(writer, row["project_id"], fields["vendor_id"])
    return writer.change(KIND, row, **fields)


def change_whole(writer: Writer, row: Json, given: Json) -> None:
    """Lines with an id are changed, lines without are new, and lines that are not named stay."""
    existing = {line["id"]: line for line in writer.company.of(LINES, row["id"])}
    planned = _plan(writer, row, given, existing)
    change(writer, row, given)
    for line, fields in planned:
        if line is None:
            cost_lines.store(writer, row, fields)
        else:
            cost_lines.update(writer, line, fields)


def erase(writer: Writer, row: Json) -> None:
    locks.check(writer, KIND, row, ["delete"])
    for line in writer.company.of(LINES, row["id"]):
        writer.remove(LINES, line)
    writer.remove(KIND, row)


def _plan(writer: Writer, row: Json, given: Json, existing: dict[int, Json]) -> list[tuple[Json | None, Json]]:
    sent = given.get("line_items") or []
    if len(sent) > MOST_LINES:
        text = f"has more than {MOST_LINES} lines"
        raise wrong("line_items", text, f"{len(sent)} lines in one direct cost", status=400)
    planned: list[tuple[Json | None, Json]] = []
    for each in sent:
        line = existing.get(each["id"]) if each.get("id") else None
        if each.get("id") and line is None:
            raise not_found()
        planned.append((line, cost_lines.planned(writer, row, each, line)))
    cost_lines.check_origins(writer.company, [fields for line, fields in planned if line is None])
    return planned


def _kept(given: Json) -> Json:
    return {name: value for name, value in locks.origin(given).items() if name in KEPT}


def _check_vendor(writer: Writer, project_id: int, vendor_id: int | None) -> None:
    if vendor_id is None:
        return
    scope = writer.options.direct_cost_vendor
    own = writer.company.find("project_vendors", vendor_id)
    if scope in ("project", "either") and own is not None and own["project_id"] == project_id:
        return
    vendor = writer.company.find("vendors", vendor_id)
    if scope in ("company", "either") and vendor is not None and project_id in vendor["project_ids"]:
        return
    raise Refused(422, {"vendor_id": [NOT_ON_PROJECT]})


def _own(call: Call, id: int | None = None) -> Json:
    return call.one(KIND, id, project_id=call.project["id"])


# ---------------------------------------------------------------------- shapes


def show(company: Company, row: Json, *, lines: bool = True) -> Json:
    vendor = company_vendor(company, row["vendor_id"]) or company.find("vendors", row["vendor_id"])
    own = company.of(LINES, row["id"])
    shown = {name: row[name] for name in ("id", *KEPT, "created_at", "updated_at") if name != "employee_id"} | {
        "vendor": vendor and {"id": row["vendor_id"], "name": vendor["name"]},
        "vendor_name": vendor and vendor["name"],
        "employee": row["employee_id"] and {"id": row["employee_id"], "name": None},
        "grand_total": padded(cost_lines.total(company, row)),
        "line_items_count": len(own),
        "attachments": [],
        "attachments_count": 0,
        "deleted_at": None,
        "currency_configuration": {"currency_iso_code": company.currency},
    }
    return shown | ({"line_items": [cost_lines.show(company, line) for line in own]} if lines else {})


def show_row(company: Company, row: Json) -> Json:
    """In a list the vendor is a name, and the total is there twice."""
    shown = show(company, row, lines=False)
    return {**shown, "vendor": shown["vendor_name"], "amount": shown["grand_total"]}


def _with_refs(shown: Json, given: Json) -> Json:
    """`ref` comes back in the answer to the create and is not kept."""
    for line, sent in zip(shown["line_items"], given.get("line_items") or [], strict=True):
        if sent.get("ref"):
            line["ref"] = sent["ref"]
    return shown
