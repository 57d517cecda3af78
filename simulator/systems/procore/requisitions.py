"""Requisitions, which people call subcontractor invoices: cumulative claims against a commitment, in order."""

from __future__ import annotations

from functools import partial

from werkzeug.wrappers import Response

from simulator.systems.procore import commitments, locks, periods, progress
from simulator.systems.procore.answers import Refused, no_access, not_found, wrong
from simulator.systems.procore.calling import Call
from simulator.systems.procore.company import Company, Json
from simulator.systems.procore.listing import listing, page
from simulator.systems.procore.money import ZERO, exact
from simulator.systems.procore.options import Options
from simulator.systems.procore.progress import CONTRACT, DETAIL
from simulator.systems.procore.project_vendors import company_vendor
from simulator.systems.procore.writer import Writer
from simulator.systems.serving import json_response

KIND, ITEMS = "requisitions", "requisition_items"
DONE = ("approved", "approved_as_noted")
EDITABLE_BY_STANDARD = ("draft", "revise_and_resubmit")
SET_BY_STANDARD = ("draft", "under_review")
KEPT = (
    *("requisition_start", "requisition_end", "billing_date", "invoice_number", "status", "final"),
    *("payment_date", "submitted_at", "origin_id", "origin_data", "upload_ids"),
)


def requisitions(call: Call) -> Response:
    company = call.company
    contracts = company.of("commitments", call.project["id"])
    rows = sorted((row for c in contracts for row in company.of(KIND, c["id"])), key=lambda row: int(row["id"]))
    whole = call.query.get("view") in ("items", "extended")
    return listing(
        call,
        rows,
        partial(show, company, call.sim.options, whole=whole),
        of={"is_last": lambda row: row is latest(company, row["commitment_id"])},
    )


def requisition(call: Call) -> Response:
    whole = call.query.get("view") in ("items", "extended")
    return json_response(show(call.company, call.sim.options, _own(call, call.id), whole=whole))


def create(call: Call) -> Response:
    commitment = call.one("commitments", call.sent["commitment_id"], project_id=call.project["id"])
    if "invite_id" in call.query:
        call.writer.mistake("invite_id belongs to the invitations of the browser")
    made = make(call.writer, commitment, call.sent["requisition"])
    return json_response(show(call.company, call.sim.options, made, whole=True), status=201)


def edit(call: Call) -> Response:
    row = _own(call, call.id)
    if row["commitment_id"] != call.sent["commitment_id"]:
        raise not_found("the requisition belongs to another commitment")
    change(call.writer, row, call.sent["requisition"])
    return json_response(show(call.company, call.sim.options, row, whole=True))


def delete(call: Call) -> Response:
    row = _own(call, call.id)
    _as_standard(call.writer, row, {})
    erase(call.writer, row)
    return json_response({"id": row["id"]})


def edit_items(call: Call) -> Response:
    row = _own(call, call.ids["requisition_id"])
    change(call.writer, row, {"items": call.sent["requisition_items"]})
    return json_response({})


def edit_payment_details(call: Call) -> Response:
    row = _own(call, call.id)
    call.writer.change(KIND, row, due_date=call.sent.get("due_date"))
    return json_response({"data": {"due_date": row["due_date"]}})


def contract_items(call: Call) -> Response:
    return _items(call, CONTRACT)


def detail_items(call: Call) -> Response:
    return _items(call, DETAIL)


def all_items(call: Call) -> Response:
    return _items(call, CONTRACT, DETAIL)


def _items(call: Call, *kinds: str) -> Response:
    row = _own(call, call.ids["requisition_id"])
    commitment = call.company.tables["commitments"][row["commitment_id"]]
    rows = [item for item in call.company.of(ITEMS, row["id"]) if item["item_type"] in kinds]
    return page(call, rows, lambda item: progress.show(call.company, row, commitment, item))


def change_histories(call: Call) -> Response:
    row = _own(call, call.ids["requisition_id"])
    rows = [
        {
            "id": number,
            "column": column,
            "old_value": None if entry["before"][column] is None else str(entry["before"][column]),
            "new_value": None if value is None else str(value),
            "action_by": entry["who"],
            "created_at": entry["time"],
        }
        for number, entry in enumerate(call.company.audit)
        if entry["kind"] == KIND and entry["id"] == row["id"] and entry["what"] == "update"
        for column, value in entry["after"].items()
    ]
    return page(call, rows, lambda each: each)


# ---------------------------------------------------------------------- rules


def make(writer: Writer, commitment: Json, given: Json) -> Json:
    company, options = writer.company, writer.options
    if commitment["deleted_at"]:
        raise not_found()
    period = periods.pick(company, options, commitment["project_id"], given.get("period_id"))
    commitments.can_invoice(company, options, commitment)
    _as_standard(writer, None, given)
    earlier = company.of(KIND, commitment["id"])
    if options.one_open_requisition and any(row["status"] not in DONE for row in earlier):
        raise wrong("base", "The previous invoice of this commitment is still open")
    rows = progress.blank_rows(company, commitment)
    items = [] if options.ignore_items_on_create else given.get("items") or []
    _fill_by_line(writer, commitment, rows, items)
    progress.check_overbilling(company, commitment, rows, None)
    row = _header(writer, commitment, period, given)
    for each in rows:
        writer.add(ITEMS, requisition_id=row["id"], **each)
    return row


def _header(writer: Writer, commitment: Json, period: Json, given: Json) -> Json:
    last = latest(writer.company, commitment["id"])
    fields = {
        **dict.fromkeys(KEPT),
        "requisition_start": period["start_date"],
        "requisition_end": period["end_date"],
        "billing_date": writer.moment.date().isoformat(),
        "final": False,
        "status": "draft",
        **{name: value for name, value in locks.origin(given).items() if name in KEPT},
    }
    return writer.add(
        KIND,
        **fields,
        project_id=commitment["project_id"],
        commitment_id=commitment["id"],
        period_id=period["id"],
        previous_requisition_id=last and last["id"],
        number=last["number"] + 1 if last else 1,
        due_date=None,
    )


def change(writer: Writer, row: Json, given: Json) -> None:
    locks.check(writer, KIND, row, given, unlinks=locks.unlinks(given))
    _as_standard(writer, row, given)
    commitment = writer.company.tables["commitments"][row["commitment_id"]]
    stored = {item["id"]: item for item in writer.company.of(ITEMS, row["id"])}
    copies = {id: dict(item) for id, item in stored.items()}
    for item in given.get("items") or []:
        copy = copies.get(item.get("id", -1))
        if copy is None or item.get("item_type") != copy["item_type"]:
            writer.mistake(f"item {item.get('id')} of type {item.get('item_type')} is not on this requisition: ignored")
        else:
            progress.fill(writer, commitment, copy, item)
    if given.get("items"):
        progress.check_overbilling(writer.company, commitment, copies.values(), row["id"])
    fields = {name: value for name, value in locks.origin(given).items() if name in KEPT}
    if given.get("period_id") is not None:
        period = periods.pick(writer.company, writer.options, row["project_id"], given["period_id"])
        fields["period_id"] = period["id"]
    writer.change(KIND, row, **fields)
    for id, copy in copies.items():
        own = {name: value for name, value in copy.items() if name not in ("id", "updated_at", "created_at")}
        writer.change(ITEMS, stored[id], **own)


def erase(writer: Writer, row: Json) -> None:
    if not writer.is_app:
        locks.check(writer, KIND, row, ["delete"])
    if not deletable(writer.company, writer.options, row):
        raise Refused(422, {"base": ["This invoice cannot be deleted"]})
    for item in writer.company.of(ITEMS, row["id"]):
        writer.remove(ITEMS, item)
    writer.remove(KIND, row)


def deletable(company: Company, options: Options, row: Json) -> bool:
    """The most recent one of its commitment, not synced, and no payment hanging on it."""
    paid = any(payment["requisition_id"] == row["id"] for payment in company.of("payments", row["commitment_id"]))
    if row is not latest(company, row["commitment_id"]) or row["origin_id"]:
        return False
    return not (paid and options.payments_block_delete)


def latest(company: Company, commitment_id: int) -> Json | None:
    return max(company.of(KIND, commitment_id), key=lambda row: int(row["number"]), default=None)


def _fill_by_line(writer: Writer, commitment: Json, rows: list[Json], items: list[Json]) -> None:
    """Items that name no row of this requisition, or the wrong kind of row, are dropped without a word."""
    by_line = {(row["item_type"], row["line_id"]): row for row in rows}
    for item in items:
        id = item.get("detail_line_item_id") if item["item_type"] == DETAIL else item.get("line_item_id")
        row = by_line.get((item["item_type"], id or 0))
        if row is None:
            writer.mistake(f"no row of the commitment is {item['item_type']} {id}: the item is ignored")
        else:
            progress.fill(writer, commitment, row, item)


def _as_standard(writer: Writer, row: Json | None, given: Json) -> None:
    """Who is no admin touches only the newest one while it is a draft or sent back, and approves nothing."""
    if writer.level("commitments") == "admin":
        return
    if given.get("status") not in (None, *SET_BY_STANDARD):
        raise no_access()
    if row is not None:
        newest = row is latest(writer.company, row["commitment_id"])
        if not newest or row["status"] not in EDITABLE_BY_STANDARD:
            raise no_access()


def _own(call: Call, id: int) -> Json:
    return call.one(KIND, id, project_id=call.project["id"])


def show(company: Company, options: Options, row: Json, *, whole: bool = False) -> Json:
    commitment = company.tables["commitments"][row["commitment_id"]]
    vendor = company_vendor(company, commitment["vendor_id"])
    sums = progress.summary(company, row, commitment)
    contract, done = (exact(sums[n]) for n in ("contract_sum_to_date", "total_completed_and_stored_to_date"))
    names = [*KEPT, "id", "previous_requisition_id", "project_id", "commitment_id", "period_id", "number"]
    shown = {name: row[name] for name in (*names, "created_at", "updated_at") if name != "upload_ids"} | {
        "commitment_type": commitment["type"],
        "contract_name": commitment["title"],
        "vendor_id": commitment["vendor_id"],
        "vendor_name": vendor and vendor["name"],
        "deletable": deletable(company, options, row),
        "percent_complete": f"{done / contract * 100 if contract else ZERO:.2f}%",
        "erp_status": "synced" if row["origin_id"] else None,
        "currency_configuration": {"currency_iso_code": company.currency},
        "attachments": [{"id": n, "filename": u} for n, u in enumerate(row["upload_ids"] or [], start=1)],
    }
    if not whole:
        return shown
    items = [progress.show(company, row, commitment, item) for item in company.of(ITEMS, row["id"])]
    return {**shown, "items": items, "summary": sums}
