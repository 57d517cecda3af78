"""Contract payments, which people call payments issued: money paid to a vendor under a commitment."""

from __future__ import annotations

from decimal import Decimal
from functools import partial

from werkzeug.wrappers import Response

from simulator.systems.procore import locks
from simulator.systems.procore.answers import BLANK, INVALID, wrong
from simulator.systems.procore.calling import Call
from simulator.systems.procore.company import Json
from simulator.systems.procore.listing import listing
from simulator.systems.procore.money import cents, exact, short
from simulator.systems.procore.options import Options
from simulator.systems.procore.writer import Writer
from simulator.systems.serving import json_response

KIND = "payments"
KEPT = (
    *("date", "invoice_number", "invoice_date", "check_number", "payment_method", "payment_number"),
    *("draw_request_number", "notes", "requisition_id", "origin_id", "origin_data"),
)
HIDDEN = ("requisition_id",)


def payments(call: Call) -> Response:
    contract = call.one("commitments", call.query["contract_id"], project_id=call.project["id"])
    return listing(call, call.company.of(KIND, contract["id"]), partial(show, call.sim.options))


def payment(call: Call) -> Response:
    return json_response(show(call.sim.options, _own(call, call.query["contract_id"])))


def create(call: Call) -> Response:
    contract = call.one("commitments", call.sent["contract_id"], project_id=call.project["id"])
    made = make(call.writer, contract, call.sent["contract_payment"])
    return json_response(show(call.sim.options, made), status=201)


def edit(call: Call) -> Response:
    row = change(call.writer, _own(call, call.sent["contract_id"]), call.sent["contract_payment"])
    return json_response(show(call.sim.options, row))


def delete(call: Call) -> Response:
    row = _own(call, call.query["contract_id"])
    erase(call.writer, row)
    return json_response({"id": row["id"]})


def make(writer: Writer, contract: Json, given: Json) -> Json:
    if not contract["payments_enabled"]:
        raise wrong("contract", "does not have payments enabled")
    if given.get("amount") is None:
        raise wrong("amount", BLANK)
    number = max((int(row["payment_number"]) for row in writer.company.of(KIND, contract["id"])), default=0) + 1
    fields = {**dict.fromkeys(KEPT), **_kept(writer, contract, given)}
    fields["payment_number"] = fields["payment_number"] or number
    fields["draw_request_number"] = fields["draw_request_number"] or number
    own = {"project_id": contract["project_id"], "contract_id": contract["id"]}
    return writer.add(KIND, **own, **{"amount": None, **fields})


def change(writer: Writer, row: Json, given: Json) -> Json:
    locks.check(writer, KIND, row, given, unlinks=locks.unlinks(given))
    contract = writer.company.tables["commitments"][row["contract_id"]]
    return writer.change(KIND, row, **_kept(writer, contract, given))


def erase(writer: Writer, row: Json) -> None:
    locks.check(writer, KIND, row, ["delete"])
    writer.remove(KIND, row)


def _kept(writer: Writer, contract: Json, given: Json) -> Json:
    fields = {name: value for name, value in locks.origin(given).items() if name in KEPT}
    if "amount" in given:
        fields["amount"] = str(_amount(given["amount"]))
    if not writer.options.payment_keeps_requisition:
        fields.pop("requisition_id", None)
    if fields.get("requisition_id") is not None:
        _check_requisition(writer, contract, fields["requisition_id"])
    return fields


def _amount(amount: Decimal | None) -> Decimal:
    if amount is None:
        raise wrong("amount", BLANK)
    if amount <= 0:
        raise wrong("amount", "must be greater than 0", "a payment that is not positive")
    return cents(amount)


def _check_requisition(writer: Writer, contract: Json, id: int) -> None:
    found = writer.company.find("requisitions", id)
    if found is None or found["commitment_id"] != contract["id"]:
        raise wrong("requisition_id", INVALID)
    if writer.options.payment_needs_approval and found["status"] not in ("approved", "approved_as_noted"):
        raise wrong("requisition_id", "must be approved before it is paid")


def _own(call: Call, contract_id: int) -> Json:
    return call.one(KIND, project_id=call.project["id"], contract_id=contract_id)


def show(options: Options, row: Json) -> Json:
    names = [name for name in KEPT if name not in HIDDEN and name != "invoice_date"]
    shown = {name: row[name] for name in ("id", "project_id", "contract_id", "created_at", "updated_at", *names)}
    if options.payment_keeps_requisition:
        shown["requisition_id"] = row["requisition_id"]
    return {
        **shown,
        "amount": short(exact(row["amount"])),
        "date_payment_settled": None,
        "date_payment_initiated": None,
        "external_payment_id": None,
        "origin_code": None,
        "attachments": [],
        "status": None,
    }
