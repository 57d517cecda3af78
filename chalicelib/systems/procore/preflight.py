"""Is a project ready for bills? Asked tool by tool; what can be read counts for more than what is listed as on."""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.systems.procore import models, wording
from chalicelib.systems.procore.client import Client, Faulty
from chalicelib.systems.procore.fixes import PERMISSION
from chalicelib.systems.procore.models import fit

DOORS = {
    "directory": "/rest/v1.1/projects/{project}/vendors",
    "commitments": "/rest/v1.1/requisitions",
    "direct costs": "/rest/v1.1/projects/{project}/direct_costs",
    "wbs": "/rest/v1.0/projects/{project}/work_breakdown_structure/wbs_codes",
}


@dataclass(frozen=True, slots=True)
class Readiness:
    """`because` are sentences, each with what to do."""

    project: str
    because: tuple[str, ...] = ()

    @property
    def ready(self) -> bool:
        return not self.because

    @property
    def says(self) -> str:
        return "ready for bills: yes" if self.ready else f"ready for bills: no, because {' '.join(self.because)}"


def check(client: Client, project: str) -> Readiness:
    """Raises what concerns the connection, and Unfit."""
    if not _seen(client, project):
        return Readiness(project, (f"Procore hides the project {project} from the app. {PERMISSION}",))
    off = _switched_off(client, project)
    because = [why for name in DOORS if (why := _closed(client, project, name, off=off))]
    if not because and not _open_periods(client, project):
        because.append("it has no open billing period. Open one under the project's Commitments > Billing Periods.")
    return Readiness(project, tuple(because))


def _seen(client: Client, project: str) -> bool:
    try:
        return client.one(f"/rest/v1.0/projects/{project}", {"company_id": client.company}) is not None
    except Faulty as faulty:
        return _passed(faulty)


def _switched_off(client: Client, project: str) -> set[str]:
    """The names of tools that are listed as off; their spelling is not documented (sheet section 8)."""
    try:
        tools = [fit(models.Tool, row) for row in client.rows(f"/rest/v1.0/projects/{project}/tools")]
    except Faulty as faulty:
        _passed(faulty)
        return set()
    off = [tool for tool in tools if tool.is_active is False]
    return {name.replace("_", " ").casefold() for tool in off for name in (tool.engine_name, tool.title)}


def _closed(client: Client, project: str, name: str, *, off: set[str]) -> str:
    """Why its list cannot be read; "" when it can."""
    path = DOORS[name].format(project=project)
    asked = {"project_id": project} if "/projects/" not in path else {}
    try:
        client.first(path, asked)
    except Faulty as faulty:
        _passed(faulty)
    else:
        return ""
    place = wording.place(path, project)
    if name in off:
        return f"{place} is switched off. Switch it on in the project's Admin > Tool Settings."
    return f"the app may not enter {place}. {PERMISSION}"


def _open_periods(client: Client, project: str) -> bool:
    try:
        return bool(client.first(f"/rest/v1.0/projects/{project}/billing_periods", {"filters[status]": "open"}))
    except Faulty as faulty:
        return _passed(faulty)


def _passed(faulty: Faulty) -> bool:
    """False for a closed or hidden place; anything else is raised."""
    if faulty.is_gone or faulty.meaning.reason == "permission_or_tool":
        return False
    raise faulty
