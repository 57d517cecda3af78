"""A project's directory: each vendor on it has an id of its own, which is not its company id."""

from __future__ import annotations

from functools import partial

from werkzeug.wrappers import Response

from simulator.systems.procore import vendors
from simulator.systems.procore.answers import wrong
from simulator.systems.procore.calling import Call
from simulator.systems.procore.company import Company, Json
from simulator.systems.procore.listing import listing
from simulator.systems.procore.options import Options
from simulator.systems.procore.writer import Writer
from simulator.systems.serving import json_response

KIND = "project_vendors"


def on_project(call: Call) -> Response:
    return _list(call, active=True)


def inactive(call: Call) -> Response:
    return _list(call, active=False)


def _list(call: Call, *, active: bool) -> Response:
    company = call.company
    rows = [row for row in company.of(KIND, call.project["id"]) if _is_active(company, row) is active]

    def words(row: Json) -> str:
        shown = show(company, call.sim.options, row)
        return " ".join(str(shown[name] or "") for name in ("name", "trade_name", "origin_code"))

    return listing(call, rows, partial(show, company, call.sim.options), of={"search": words})


def vendor(call: Call) -> Response:
    return _shown(call, call.one(KIND, project_id=call.project["id"]))


def create(call: Call) -> Response:
    call.writer.mistake("a vendor made on a project makes another company vendor")
    made = vendors.make(call.writer, call.sent["vendor"])
    return _shown(call, add(call.writer, made, call.project), status=201)


def edit(call: Call) -> Response:
    row = call.one(KIND, project_id=call.project["id"])
    given = dict(call.sent["vendor"])
    if "is_active" in given:
        call.writer.change(KIND, row, is_active=bool(given.pop("is_active")))
    vendors.change(call.writer, _company_vendor(call.company, row), given)
    return _shown(call, row)


def reactivate(call: Call) -> Response:
    row = call.one(KIND, project_id=call.project["id"], is_active=False)
    return _shown(call, call.writer.change(KIND, row, is_active=True))


def add_to_project(call: Call) -> Response:
    """Answers the company's record: the id on the project is to be read from the project's list."""
    found = call.one("vendors")
    add(call.writer, found, call.project)
    return json_response(vendors.show(found), status=201)


def remove_from_project(call: Call) -> Response:
    remove(call.writer, call.one(KIND, project_id=call.project["id"]))
    return Response(status=204)


def add(writer: Writer, vendor: Json, project: Json) -> Json:
    if project["id"] in vendor["project_ids"]:
        raise wrong("vendor", "has already been added to this project")
    vendor["project_ids"].append(project["id"])
    return writer.add(KIND, project_id=project["id"], vendor_id=vendor["id"], is_active=True)


def remove(writer: Writer, row: Json) -> None:
    contracts = writer.company.of("commitments", row["project_id"])
    used = any(contract["vendor_id"] == row["id"] and not contract["deleted_at"] for contract in contracts)
    if used and not writer.options.remove_used_vendor:
        raise wrong("base", "This vendor is used by a commitment")
    _company_vendor(writer.company, row)["project_ids"].remove(row["project_id"])
    writer.remove(KIND, row)


def company_vendor(company: Company, project_vendor_id: int | None) -> Json | None:
    row = company.find(KIND, project_vendor_id)
    return None if row is None else _company_vendor(company, row)


def show(company: Company, options: Options, row: Json) -> Json:
    shown = vendors.show(_company_vendor(company, row))
    own = {"id": row["id"], "company_vendor": False, "is_active": _is_active(company, row)}
    hidden = {} if options.project_vendor_shows_origin else {"origin_id": None, "origin_data": None}
    return {**shown, **own, **hidden}


def _shown(call: Call, row: Json, status: int = 200) -> Response:
    return json_response(show(call.company, call.sim.options, row), status=status)


def _is_active(company: Company, row: Json) -> bool:
    return bool(row["is_active"] and _company_vendor(company, row)["is_active"])


def _company_vendor(company: Company, row: Json) -> Json:
    return company.tables["vendors"][row["vendor_id"]]
