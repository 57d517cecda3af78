"""What stands above the records: companies, projects and their tools."""

from __future__ import annotations

from functools import partial

from werkzeug.wrappers import Response

from simulator.systems.procore.answers import no_access
from simulator.systems.procore.calling import Call
from simulator.systems.procore.company import TOOLS, Company, Json
from simulator.systems.procore.listing import listing, page
from simulator.systems.serving import json_response

PLACE = ("address", "city", "state_code", "country_code", "zip", "county", "stage", "phone")
TITLES = {
    "directory": "Directory",
    "commitments": "Commitments",
    "direct_costs": "Direct Costs",
    "budget": "Budget",
    "admin": "Admin",
}


def me(call: Call) -> Response:
    return json_response({"id": 70001, "login": "app@procore.example.com", "name": "Service account"})


def companies(call: Call) -> Response:
    """Those where the app is installed and that this client may enter."""
    token = call.sim.oauth.tokens[call.request.headers["Authorization"].split(" ")[1]]
    own = call.sim.oauth.clients[token.client_id].company
    found = [c for c in call.sim.companies.values() if c.connected and own in (0, c.id)]
    rows = [{"id": c.id, "name": c.name, "is_active": True, "logo_url": None} for c in found]
    return page(call, rows, lambda row: row)


def projects(call: Call) -> Response:
    status = call.query.get("filters[by_status]", "Active")
    rows = [
        row
        for row in call.company.every("projects")
        if row["permitted"] and (status == "All" or row["active"] is (status == "Active"))
    ]
    return listing(call, rows, partial(show, call.company), of={"synced": lambda row: row["origin_id"]})


def project(call: Call) -> Response:
    row = call.one("projects")
    if not row["permitted"]:
        raise no_access()
    return json_response(show(call.company, row))


def tools(call: Call) -> Response:
    rows = [
        {
            "id": number,
            "engine_name": name,
            "is_active": call.project["tools"][name],
            "position": 9 + number,
            "required": False,
            "title": TITLES[name],
        }
        for number, name in enumerate(TOOLS, start=1)
    ]
    return listing(call, rows, lambda row: row)


def show(company: Company, row: Json) -> Json:
    return {
        "id": row["id"],
        "name": row["name"],
        "display_name": f"{row['project_number']} - {row['name']}" if row["project_number"] else row["name"],
        "project_number": row["project_number"],
        **{name: row.get(name) for name in PLACE},
        "created_at": row["created_at"],
        "updated_at": row["updated_at"],
        "active": row["active"],
        "origin_id": row["origin_id"],
        "origin_data": row["origin_data"],
        "company": {"id": company.id, "name": company.name},
    }
