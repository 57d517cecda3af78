"""A company vendor in a project's directory, where it has another id (sheet section 7)."""

from __future__ import annotations

from chalicelib.engine.errors import Held, Unknown
from chalicelib.engine.records import Current, Done, Intent, Json, Sighting
from chalicelib.systems.procore import models, names, writing
from chalicelib.systems.procore.client import Client
from chalicelib.systems.procore.models import fit
from chalicelib.systems.procore.writing import title_of


def directory(project: str) -> str:
    return f"/rest/v1.1/projects/{project}/vendors"


def current(project: str, raw: Json) -> Current:
    vendor = fit(models.Vendor, raw)
    body: Json = {"project": project}
    return Current(
        id=names.joined(project, vendor.id),
        version=writing.version(vendor, body),
        body=body,
        raw=raw,
        label=f"Vendor {vendor.name or vendor.id} in the project {project}",
    )


def look(client: Client, intent: Intent) -> Sighting:
    """On the project already is all there is to want; two that could be it are a person's to tell apart."""
    found = _found(client, intent)
    return Sighting(ours=found) if len(found) == 1 else Sighting(twins=found)


def read(client: Client, target_id: str) -> Current | None:
    project, vendor = names.parts("project_vendor", target_id)
    raw = client.one(f"{directory(project)}/{vendor}")
    if raw is None:
        writing.still_visible(client, project, f"The vendor {vendor}")
        return None
    return current(project, raw)


def write(client: Client, intent: Intent) -> Done:
    if intent.op == "delete":
        raise Held(
            "target_locked",
            f"{title_of(intent)} stays in the project's directory: commitments there may need it.",
            cause=title_of(intent),
            fix="Remove it in Procore under the project's Directory > Companies if nothing needs it, and dismiss the "
            "record.",
        )
    project = str(intent.body["project"])
    if intent.current is not None:
        return writing.done(intent.current, intent.current.raw, notes=["It is in the project's directory already."])
    answer = client.write("POST", f"{directory(project)}/{intent.once['vendor']}/actions/add")
    # The answer may show the company's record: the id of the project is read from its own list.
    found = _found(client, intent)
    if len(found) != 1:
        raise Unknown(f"{title_of(intent)} was added to the project {project}, where {len(found)} of it are seen.")
    return writing.done(found[0], found[0].raw, trace=answer.trace)


def _found(client: Client, intent: Intent) -> list[Current]:
    """By our id, else by the accounting code, else by the name: the first that finds any."""
    project, name, code = str(intent.body["project"]), str(intent.once["name"]), str(intent.once.get("code") or "")
    rows = client.rows(directory(project), {"filters[search]": code or name})
    rows = rows or client.rows(directory(project), {"filters[search]": name})
    vendors = [(fit(models.Vendor, row), row) for row in rows]
    by_code = [row for vendor, row in vendors if code and vendor.origin_code == code]
    wanted = names.company_name(name)
    by_name = [row for vendor, row in vendors if names.company_name(vendor.name) == wanted]
    return [current(project, row) for row in by_code or by_name]
