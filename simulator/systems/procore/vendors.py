"""Company vendors: names may repeat, none can be deleted, and countries and states go by their short codes."""

from __future__ import annotations

import re
from typing import Any

from werkzeug.wrappers import Response

from simulator.systems.procore.answers import BLANK, INVALID, wrong
from simulator.systems.procore.calling import Call
from simulator.systems.procore.company import Json
from simulator.systems.procore.listing import listing
from simulator.systems.procore.syncing import sync
from simulator.systems.procore.writer import Writer
from simulator.systems.serving import json_response

TEXTS = (
    *("abbreviated_name", "address", "business_phone", "city", "country_code", "email_address"),
    *("fax_number", "labor_union", "license_number", "mobile_phone", "notes", "origin_id"),
    *("origin_code", "origin_data", "state_code", "trade_name", "website", "zip"),
)
FLAGS = ("authorized_bidder", "prequalified", "union_member", "non_union_prevailing_wage")
STATES = {
    "US": (
        "AL AK AZ AR CA CO CT DE DC FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND OH "
        "OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY AS GU MP PR VI"
    ),
    "CA": "AB BC MB NB NL NS NT NU ON PE QC SK YT",
}


def vendors(call: Call) -> Response:
    rows = (row for row in call.company.every("vendors") if row["is_active"])
    return listing(call, rows, show, of={"search": _words})


def inactive(call: Call) -> Response:
    return listing(call, (row for row in call.company.every("vendors") if not row["is_active"]), show)


def reactivate(call: Call) -> Response:
    row = call.one("vendors", is_active=False)
    return json_response(show(call.writer.change("vendors", row, is_active=True)))


def vendor(call: Call) -> Response:
    return json_response(show(call.one("vendors")))


def create(call: Call) -> Response:
    return json_response(show(make(call.writer, call.sent["vendor"])), status=201)


def edit(call: Call) -> Response:
    return json_response(show(change(call.writer, call.one("vendors"), call.sent["vendor"])))


def sync_all(call: Call) -> Response:
    return sync(call, "vendors", make=make, change=change, show=show)


def make(writer: Writer, given: Json) -> Json:
    fields: Json = dict.fromkeys(TEXTS) | dict.fromkeys(FLAGS, False)
    fields |= {"name": "", "is_active": True, "synced_to_erp": False, "parent_id": None, "tax_number": None}
    fields |= _kept(writer, given)
    if not fields["name"]:
        raise wrong("name", BLANK)
    _places(fields)
    return writer.add("vendors", **fields, project_ids=[])


def change(writer: Writer, row: Json, given: Json) -> Json:
    fields = _kept(writer, given)
    if "name" in fields and not fields["name"]:
        raise wrong("name", BLANK)
    _places({**row, **fields})
    return writer.change("vendors", row, **fields)


def _kept(writer: Writer, given: Json) -> Json:
    """Those fields that the simulator keeps, after the rules that look at one field alone."""
    fields = {k: v for k, v in given.items() if k in (*TEXTS, *FLAGS, "name", "is_active", "parent_id")}
    register = given.get("business_register_attributes")
    if register:
        fields["tax_number"] = register.get("identifier")
    if "origin_id" in fields:
        fields["origin_id"] = fields["origin_id"] or None
    if len(fields.get("abbreviated_name") or "") > 10:
        raise wrong("abbreviated_name", "is too long (maximum is 10 characters)")
    parent = writer.company.find("vendors", fields.get("parent_id"))
    if fields.get("parent_id") and (parent is None or parent["parent_id"]):
        raise wrong("parent_id", INVALID)
    return fields


def _places(row: Json) -> None:
    country, state = row["country_code"], row["state_code"]
    if country and not re.fullmatch("[A-Z]{2}", country, re.ASCII):
        raise wrong("country_code", INVALID)
    if state and not re.fullmatch("[A-Z0-9]{1,3}", state, re.ASCII):
        raise wrong("state_code", INVALID)
    if state and (not country or state not in str(STATES.get(country, state)).split()):
        raise wrong("state_code", INVALID)


def show(row: Json) -> Json:
    shown: dict[str, Any] = {name: row[name] for name in ("id", "name", *TEXTS, *FLAGS, "is_active")}
    return {
        **shown,
        "company": row["name"],
        "company_vendor": True,
        "synced_to_erp": row["synced_to_erp"],
        "is_connected": False,
        "parent": {"id": row["parent_id"]} if row["parent_id"] else None,
        "project_ids": list(row["project_ids"]),
        "created_at": row["created_at"],
        "updated_at": row["updated_at"],
    }


def _words(row: Json) -> str:
    return " ".join(str(row[name] or "") for name in ("name", "trade_name", "origin_code", "tax_number"))
