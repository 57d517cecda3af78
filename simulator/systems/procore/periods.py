"""Billing periods: a requisition belongs to one, and a used one cannot be deleted."""

from __future__ import annotations

from werkzeug.wrappers import Response

from simulator.systems.procore.answers import INVALID, NO_PERIOD, Refused, wrong
from simulator.systems.procore.calling import Call
from simulator.systems.procore.company import Company, Json
from simulator.systems.procore.listing import listing
from simulator.systems.procore.options import Options
from simulator.systems.procore.writer import Writer
from simulator.systems.serving import json_response

KIND = "billing_periods"
SHOWN = ("id", "created_at", "due_date", "end_date", "position", "project_id", "start_date", "status", "updated_at")


def periods(call: Call) -> Response:
    return listing(call, call.company.of(KIND, call.project["id"]), show)


def period(call: Call) -> Response:
    return json_response(show(call.one(KIND, project_id=call.project["id"])))


def create(call: Call) -> Response:
    return json_response(show(make(call.writer, call.project, call.sent["billing_period"])), status=201)


def edit(call: Call) -> Response:
    row, given = call.one(KIND, project_id=call.project["id"]), call.sent["billing_period"]
    _check(given)
    return json_response(show(call.writer.change(KIND, row, **given)))


def delete(call: Call) -> Response:
    row = call.one(KIND, project_id=call.project["id"])
    if any(requisition["period_id"] == row["id"] for requisition in call.company.every("requisitions")):
        raise wrong("base", "This billing period is in use")
    call.writer.remove(KIND, row)
    return json_response(show(row))


def make(writer: Writer, project: Json, given: Json) -> Json:
    _check(given)
    position = len(writer.company.of(KIND, project["id"])) + 1
    return writer.add(KIND, project_id=project["id"], position=position, **given)


def pick(company: Company, options: Options, project_id: int, named: int | None) -> Json:
    """The period of a new requisition: the one that is named, else the newest open one."""
    if named is None:
        living = [row for row in company.of(KIND, project_id) if row["status"] == "open"]
        if not living:
            raise Refused(400, NO_PERIOD)
        return max(living, key=lambda row: str(row["end_date"]))
    row = company.find(KIND, named)
    if row is None or row["project_id"] != project_id:
        raise wrong("period_id", INVALID)
    if row["status"] == "closed" and not options.closed_period_by_admin:
        raise Refused(400, NO_PERIOD)
    return row


def show(row: Json) -> Json:
    return {name: row[name] for name in SHOWN}


def _check(given: Json) -> None:
    if given["start_date"] > given["end_date"]:
        raise wrong("end_date", "must be after the start date")
