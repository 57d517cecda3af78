"""The lists that documents point to: those of the company, and those of each project (sheet sections 7 to 9, 14).

A list of one project is asked for as "wbs_code@362001"; without a project, it is that of all that the app may enter.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Sequence

from chalicelib.engine.errors import Held
from chalicelib.engine.records import Reference
from chalicelib.systems.procore import commitments, models, names, preflight, project_vendors, vendors
from chalicelib.systems.procore.client import Client, Faulty
from chalicelib.systems.procore.fixes import PERIODS
from chalicelib.systems.procore.models import fit

OURS = ("mlc:", "[mlc:")


def references(client: Client, kind: str) -> Sequence[Reference]:
    """The whole list, inactive entries included. Raises Faulty and Unfit."""
    name, _, project = kind.partition("@")
    if name in OF_COMPANY:
        return OF_COMPANY[name](client)
    read = OF_PROJECT[name]
    if project:
        return read(client, project)
    found: list[Reference] = []
    for one in projects(client):
        if not one.active:
            continue
        try:
            found += read(client, one.id)
        except Faulty as faulty:
            # A project that the app may not enter has no list to offer; its readiness says why.
            if not faulty.is_gone and faulty.meaning.reason != "permission_or_tool":
                raise
    return found


def projects(client: Client) -> list[Reference]:
    rows = client.rows("/rest/v1.1/projects", {"company_id": client.company, "filters[by_status]": "All"})
    found = [fit(models.Project, row) for row in rows]
    return [
        Reference(
            id=one.id,
            name=one.name,
            code=one.project_number,
            active=one.active is not False,
            contact={"origin": one.origin_id},
        )
        for one in found
    ]


def _cost_types(client: Client) -> list[Reference]:
    rows = client.rows("/rest/v1.0/line_item_types", {"company_id": client.company})
    return [Reference(id=one.id, name=one.name, code=one.code) for one in (fit(models.Named, row) for row in rows)]


def _preferences(client: Client) -> list[Reference]:
    """Whether another program keeps the origin ids of this company: then we must not (sheet section 6)."""
    rows = client.rows(vendors.PATH, {"company_id": client.company})
    theirs = [fit(models.Vendor, row) for row in rows]
    foreign = any(one.synced_to_erp or (one.origin_id and not one.origin_id.startswith(OURS)) for one in theirs)
    origins = (one.contact["origin"] for one in projects(client))
    foreign = foreign or any(origin and not origin.startswith(OURS) for origin in origins)
    return [Reference(id="other_accounting", name="true" if foreign else "false")]


def _project_vendors(client: Client, project: str) -> list[Reference]:
    return [
        Reference(
            id=names.joined(project, one.id),
            name=one.name,
            code=one.origin_code,
            active=one.is_active is not False,
            contact={"project": project, "origin": one.origin_id},
        )
        for one in (fit(models.Vendor, row) for row in client.rows(project_vendors.directory(project)))
    ]


def _cost_codes(client: Client, project: str) -> list[Reference]:
    found = [fit(models.Named, row) for row in client.rows("/rest/v1.0/cost_codes", {"project_id": project})]
    return [
        Reference(
            id=names.joined(project, one.id),
            name=one.name,
            code=one.full_code or one.code,
            active=not one.deleted_at,
            contact={"project": project},
        )
        for one in found
    ]


def _wbs_codes(client: Client, project: str) -> list[Reference]:
    path = f"/rest/v1.0/projects/{project}/work_breakdown_structure/wbs_codes"
    return [_wbs_code(project, fit(models.WbsCode, row)) for row in client.rows(path)]


def _wbs_code(project: str, one: models.WbsCode) -> Reference:
    segments = {item.segment.type: item.path_code or item.code for item in one.segment_items}
    told = {part: segments.get(part, "") for part in ("cost_code", "line_item_type", "sub_job", "custom")}
    return Reference(
        id=names.joined(project, one.id),
        name=one.flat_name or one.flat_code,
        code=one.flat_code,
        active=one.status != "inactive",
        contact={"project": project, **told},
    )


def _periods(client: Client, project: str) -> list[Reference]:
    found = [fit(models.Period, row) for row in client.rows(f"/rest/v1.0/projects/{project}/billing_periods")]
    return [
        Reference(
            id=names.joined(project, one.id),
            name=f"{one.start_date} to {one.end_date}",
            active=one.status == "open",
            contact={"project": project, "begin": one.start_date, "end": one.end_date},
        )
        for one in found
    ]


def _requisitions(client: Client, project: str) -> list[Reference]:
    """The invoices of a project with their status, for payments that wait for their approval."""
    rows = client.rows("/rest/v1.1/requisitions", {"project_id": project})
    found = [fit(models.Requisition, row) for row in rows]
    return [
        Reference(names.joined(project, one.id), one.invoice_number or one.number, kind=one.status) for one in found
    ]


def _readiness(client: Client, project: str) -> list[Reference]:
    found = preflight.check(client, project)
    return [Reference(id=project, name="yes" if found.ready else "no", full_name=found.says, active=found.ready)]


OF_COMPANY: dict[str, Callable[[Client], list[Reference]]] = {
    "vendor": vendors.references,
    "project": projects,
    "cost_type": _cost_types,
    "preference": _preferences,
}
OF_PROJECT: dict[str, Callable[[Client, str], list[Reference]]] = {
    "project_vendor": _project_vendors,
    "cost_code": _cost_codes,
    "wbs_code": _wbs_codes,
    "commitment": commitments.references,
    "billing_period": _periods,
    "requisition": _requisitions,
    "readiness": _readiness,
}


# ---------------------------------------------------------------------------------------------- chosen from a list


def same_vendor(company: Reference, listed: Iterable[Reference]) -> list[Reference]:
    """A company vendor in the directory of a project: by the origin id, else the accounting code, else the name."""
    entries, origin = list(listed), company.contact.get("origin", "")
    name = names.company_name(company.name)
    by_origin = [one for one in entries if origin and one.contact.get("origin") == origin]
    by_code = [one for one in entries if company.code and one.code == company.code]
    return by_origin or by_code or [one for one in entries if names.company_name(one.name) == name]


def budget_code(
    entries: Iterable[Reference], *, project: str, cost_code: str, cost_type: str, sub_job: str = ""
) -> str:
    """The id of the one active budget code of a cost code and type; "" where the project has none, or several."""
    wanted = {"project": project, "cost_code": cost_code, "line_item_type": cost_type, "sub_job": sub_job, "custom": ""}
    hits = [one for one in entries if one.active and all(one.contact.get(name) == of for name, of in wanted.items())]
    return hits[0].id.rpartition("/")[2] if len(hits) == 1 else ""


def billing_period(entries: Iterable[Reference], *, project: str, day: datetime.date, late: bool = False) -> Reference:
    """The open period of the day; else, where late posting is allowed, the newest open one. Raises Held."""
    text = day.isoformat()
    open_ones = [one for one in entries if one.active and one.contact.get("project") == project]
    fitting = [one for one in open_ones if one.contact["begin"] <= text <= one.contact["end"]]
    if not fitting and late and open_ones:
        fitting = [max(open_ones, key=lambda one: one.contact["end"])]
    if fitting:
        return fitting[0]
    raise Held(
        "no_open_billing_period",
        f"The project has no open billing period for {text}.",
        cause=f"billing period of the project {project} for {text[:7]}",
        fix=PERIODS,
        waits_for=["reference:billing_period"],
    )
