"""Commitments: subcontracts and purchase orders with their schedules of values. People make them; we read."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from werkzeug.wrappers import Response

from simulator.systems.procore import commitment_shapes as shapes
from simulator.systems.procore.answers import BLANK, Refused, not_found, wrong
from simulator.systems.procore.calling import Act, Call
from simulator.systems.procore.company import Company, Json, stamp
from simulator.systems.procore.listing import listing
from simulator.systems.procore.options import Options
from simulator.systems.procore.writer import Writer
from simulator.systems.serving import json_response

WORK_ORDER, PURCHASE_ORDER = "WorkOrderContract", "PurchaseOrderContract"
STATUSES = {
    WORK_ORDER: ("Draft", "Out For Bid", "Out For Signature", "Approved", "Complete", "Terminated", "Void"),
    PURCHASE_ORDER: ("Draft", "Processing", "Submitted", "Partially Received", "Received", "Approved", "Closed"),
}
FROZEN = ("Approved", "Complete")
Show = Callable[[Company, Json], Json]


def both(call: Call) -> Response:
    rows = [row for row in call.company.of("commitments", call.project["id"]) if not row["deleted_at"]]
    return listing(call, rows, partial(shapes.brief, call.company))


def either(call: Call) -> Response:
    return json_response(shapes.full(call.company, _living(call)))


def both_v2(call: Call) -> Response:
    rows = _with_deleted(call, call.company.of("commitments", call.project["id"]))
    return listing(call, rows, partial(shapes.v2, call.company), of={"vendor_id": lambda row: row["vendor_id"]})


def either_v2(call: Call) -> Response:
    row = _living(call, call.ids["commitment_contract_id"])
    return json_response({"data": shapes.v2(call.company, row)})


def lines_v2(call: Call) -> Response:
    row = _living(call, call.ids["commitment_contract_id"])
    return listing(call, call.company.of("sov_lines", row["id"]), partial(shapes.line_v2, call.company))


def contracts(kind: str) -> Act:
    def act(call: Call) -> Response:
        show: Show = shapes.full if call.query.get("view") == "extended" else shapes.compact
        rows = [row for row in call.company.of("commitments", call.project["id"]) if row["type"] == kind]
        return listing(call, _with_deleted(call, rows), partial(show, call.company))

    return act


def contract(kind: str) -> Act:
    def act(call: Call) -> Response:
        return json_response(shapes.full(call.company, _living(call, type=kind)))

    return act


def delete(kind: str) -> Act:
    def act(call: Call) -> Response:
        erase(call.writer, _living(call, type=kind))
        return json_response({})

    return act


def lines(kind: str) -> Act:
    def act(call: Call) -> Response:
        row = _holder(call, kind)
        of = {name: _of_wbs(call.company, name) for name in ("cost_code_id", "line_item_type_id")}
        return listing(call, call.company.of("sov_lines", row["id"]), partial(shapes.line, call.company), of=of)

    return act


def line(kind: str) -> Act:
    def act(call: Call) -> Response:
        found = call.one("sov_lines", commitment_id=_holder(call, kind)["id"])
        return json_response(shapes.line(call.company, found))

    return act


def delete_line(kind: str) -> Act:
    def act(call: Call) -> Response:
        holder = _holder(call, kind)
        found = call.one("sov_lines", commitment_id=holder["id"])
        invoiced = any(
            item["line_id"] == found["id"]
            for requisition in call.company.of("requisitions", holder["id"])
            for item in call.company.of("requisition_items", requisition["id"])
        )
        if holder["status"] in FROZEN or invoiced:
            raise wrong("base", "The schedule of values cannot be changed")
        call.writer.remove("sov_lines", found)
        return json_response(shapes.line(call.company, found))

    return act


def set_ssov_status(kind: str) -> Act:
    def act(call: Call) -> Response:
        row = call.writer.change("commitments", _holder(call, kind), ssov_status=call.sent["status"])
        return json_response({"status": row["ssov_status"]})

    return act


def invoice_configuration(call: Call) -> Response:
    row = _living(call, call.ids["contract_id"])
    return json_response(
        {
            "id": row["id"],
            "contract_id": row["id"],
            "project_id": row["project_id"],
            "company_id": call.company.id,
            "ssr_enabled": False,
            "commitment_has_invoices": bool(call.company.of("requisitions", row["id"])),
        }
    )


def can_invoice(company: Company, options: Options, row: Json) -> None:
    """Refuse a requisition on a commitment that takes none, saying why."""
    allowed = FROZEN if row["type"] == WORK_ORDER else tuple(options.purchase_order_statuses)
    if row["vendor_id"] is None:
        raise wrong("vendor", BLANK)
    if row["status"] not in allowed:
        raise wrong("commitment", f"must be approved to be invoiced, its status is {row['status']}")
    if not row["invoices_enabled"]:
        raise wrong("commitment", "does not have subcontractor invoices enabled")
    if row["ssov_enabled"] and row["ssov_status"] != "approved":
        raise wrong("commitment", "must have an approved subcontractor schedule of values")


def check(writer: Writer, row: Json) -> None:
    """What holds for a commitment however it came about."""
    if row["status"] not in STATUSES[row["type"]]:
        raise wrong("status", "is not included in the list")
    if row["vendor_id"] is None and row["status"] != "Draft":
        raise wrong("vendor_id", "must be selected when the contract's status is not draft")
    vendor = writer.company.find("project_vendors", row["vendor_id"])
    if row["vendor_id"] is not None and (vendor is None or vendor["project_id"] != row["project_id"]):
        raise wrong("vendor_id", "has not been added to this project")


def erase(writer: Writer, row: Json) -> None:
    if row["status"] in FROZEN:
        raise Refused(422, {"base": ["An approved or complete commitment cannot be deleted"]})
    if writer.company.of("requisitions", row["id"]):
        raise Refused(422, {"base": ["A commitment with invoices cannot be deleted"]})
    writer.change("commitments", row, deleted_at=stamp(writer.moment))


def _holder(call: Call, kind: str) -> Json:
    name = "work_order_contract_id" if kind == WORK_ORDER else "purchase_order_contract_id"
    return _living(call, call.ids[name], type=kind)


def _living(call: Call, id: int | None = None, **where: str) -> Json:
    row = call.one("commitments", id, project_id=call.project["id"], **where)
    if row["deleted_at"]:
        raise not_found()
    return row


def _with_deleted(call: Call, rows: Iterable[Json]) -> list[Json]:
    asked = call.query.get("filters[include_deleted]")
    return [row for row in rows if asked == "with" or bool(row["deleted_at"]) is (asked == "only")]


def _of_wbs(company: Company, name: str) -> Callable[[Json], object]:
    def value(row: Json) -> object:
        wbs = company.find("wbs_codes", row["wbs_code_id"])
        return wbs and wbs[name]

    return value
