"""One admitted call: the company and project it is about, what it asks for, and what it sends."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Request, Response

from simulator.systems.procore.answers import NOT_INCLUDED, Refused, missing, no_access, not_found, wrong
from simulator.systems.procore.company import Company, Json
from simulator.systems.procore.forms import Form, body, form, read
from simulator.systems.procore.writer import Writer

if TYPE_CHECKING:
    from simulator.systems.procore.app import ProcoreSimulator

LEVELS = ("none", "read_only", "standard", "admin")


@dataclass(frozen=True, slots=True)
class Call:
    sim: ProcoreSimulator
    request: Request
    company: Company
    writer: Writer
    route: Route
    ids: dict[str, int]
    query: Json
    sent: Json
    known: Json | None  # the project

    @property
    def project(self) -> Json:
        assert self.known is not None
        return self.known

    @property
    def id(self) -> int:
        return self.ids["id"]

    def one(self, kind: str, id: object = None, **where: Any) -> Json:
        """The record that the call names, when it has these values; what belongs elsewhere is not there."""
        row = self.company.find(kind, self.id if id is None else id)
        if row is None or any(row.get(name) != value for name, value in where.items()):
            raise not_found()
        return row


Act = Callable[[Call], Response]


@dataclass(frozen=True)
class Route:
    """One address. `tool` says whose permission is asked; `size` and `most` are the rows a page has and may have."""

    method: str
    path: str
    act: Act
    query: Form
    form: Form | None
    tool: str
    level: str
    size: int
    most: int

    @property
    def pattern(self) -> re.Pattern[str]:
        return re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>\\d{1,18})", re.escape(self.path)))

    @property
    def paged(self) -> bool:
        return "page" in self.query.fields


def route(
    method: str,
    path: str,
    act: Act,
    query: str = "",
    *,
    sends: Form | None = None,
    tool: str = "",
    level: str = "",
    size: int = 100,
    most: int = 2000,
) -> Route:
    needed = level or ("read_only" if method == "GET" else "admin")
    return Route(method, path, act, form(query), sends, tool, needed, size, most)


def prepare(
    sim: ProcoreSimulator, request: Request, company: Company, writer: Writer, chosen: Route, ids: dict[str, int]
) -> Call:
    """Everything that is checked of a call before its own rules: company, project, permission, parameters, body."""
    raw = body(request) if chosen.form else {}
    _same_company(company, request, raw, ids)
    project = _project(company, request, raw, ids)
    _permitted(writer, project, chosen)
    query = _query(writer, request, chosen)
    sent = read(chosen.form, raw, writer.mistake) if chosen.form else {}
    return Call(sim, request, company, writer, chosen, ids, query, sent, project)


def _same_company(company: Company, request: Request, raw: Json, ids: dict[str, int]) -> None:
    for named in (ids.get("company_id"), request.args.get("company_id"), raw.get("company_id")):
        if named is not None and str(named) != str(company.id):
            raise no_access(f"company {named} is named under the header of company {company.id}")


def _project(company: Company, request: Request, raw: Json, ids: dict[str, int]) -> Json | None:
    named = ids.get("project_id") or request.args.get("project_id") or raw.get("project_id")
    if named is None:
        return None
    text = str(named)
    project = company.find("projects", int(text)) if re.fullmatch(r"\d{1,18}", text, re.ASCII) else None
    if project is None:
        raise not_found(f"there is no project {text} in company {company.id}")
    if not project["permitted"]:
        raise no_access()
    return project


def _permitted(writer: Writer, project: Json | None, chosen: Route) -> None:
    if not chosen.tool:
        return
    if project is not None and not project["tools"].get(chosen.tool, True):
        raise no_access()
    if LEVELS.index(writer.level(chosen.tool)) < LEVELS.index(chosen.level):
        raise no_access()


def _query(writer: Writer, request: Request, chosen: Route) -> Json:
    """The parameters that this address knows; the vendor ignores others silently, they are noted."""
    found: Json = {}
    for name in request.args:
        kind = chosen.query.fields.get(name)
        if kind is None:
            writer.mistake(f"the parameter {name} does not exist")
            continue
        value = request.args[name]
        if kind.startswith("=") and value not in kind.removeprefix("=").split("|"):
            raise wrong(name, NOT_INCLUDED, f"{name} has no choice {value!r}", status=400)
        if kind == "i" and not re.fullmatch(r"\d{1,18}", value, re.ASCII):
            raise wrong(name, "is not a number", f"{name} is not a number", status=400)
        found[name] = request.args.getlist(name) if kind == "[s]" else int(value) if kind == "i" else value
    for name in sorted(chosen.query.required - found.keys()):
        raise missing(name)
    return found


def unknown_address(request: Request) -> Refused:
    if "payment_applications" in request.path:
        return not_found("payment_applications are owner invoices, receivables: no bill ever goes there")
    return not_found("there is no such address")
