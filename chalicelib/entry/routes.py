"""The routes of /api/v1: who may call what, and what it is for. The OpenAPI document and the tests are made from it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from chalicelib.entry.exchange import View
from chalicelib.entry.keys import Role

if TYPE_CHECKING:
    from pydantic import BaseModel

PREFIX = "/api/v1"

PAGING = ("limit", "cursor")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`role` None: no key is asked for. `query` is what may stand after the "?".
    `hidden`: other roles find no such path.

    `does` names the view ("records.why" of chalicelib/entry/views), `takes` the shape of what is sent ("shapes.Sync" of
    chalicelib/entry): both are loaded on first use, for most functions never serve the API.
    """

    method: str
    path: str
    role: Role | None
    does: str
    says: str
    takes: str = ""
    query: tuple[str, ...] = ()
    status: int = 200
    csv: bool = False  # answers as CSV too
    hidden: bool = False  # there is no such address for keys of another role

    @property
    def view(self) -> View:
        found: View = _named(f"views.{self.does}")
        return found

    @property
    def body(self) -> type[BaseModel] | None:
        return _named(self.takes) if self.takes else None


@dataclass(frozen=True, slots=True)
class Route:
    """One path with its methods, as app.py registers it."""

    path: str
    methods: tuple[str, ...]
    name: str
    content_types: list[str]


ENDPOINTS: tuple[Endpoint, ...] = (
    # customers and keys
    Endpoint("POST", "/tenants", "platform", "access.create_tenant", "Make a tenant and its first admin key.",
             takes="shapes.NewTenant", status=201),
    Endpoint("GET", "/tenants", "platform", "access.list_tenants", "List the tenants.", query=PAGING),
    Endpoint("GET", "/keys", "admin", "access.list_keys", "List the API keys, without the keys themselves.",
             query=PAGING),
    Endpoint("POST", "/keys", "admin", "access.create_key", "Make an API key; it is shown this once.",
             takes="shapes.NewKey", status=201),
    Endpoint("DELETE", "/keys/{hash}", "admin", "access.delete_key", "Delete an API key by its id."),
    # webhooks of apps
    Endpoint("POST", "/webhooks", "platform", "webhooks.enter_verifier",
             "Enter the verifier token of an app; the one before is taken for another day.", takes="shapes.Webhook",
             status=201),
    Endpoint("GET", "/webhooks", "platform", "webhooks.list_webhooks",
             "The apps whose webhooks are taken, and what came that could not be read."),
    # what failed too often
    Endpoint("POST", "/dead-letters", "platform", "dead.ask_dead",
             "List the messages that failed too often, send them back, park or drop them.", takes="shapes.DeadLetters",
             status=202, hidden=True),
    Endpoint("GET", "/dead-letters/{id}", "platform", "dead.show_dead", "What came of that.", hidden=True),
    # the configuration
    Endpoint("POST", "/apply", "admin", "configuration.apply_configuration",
             "Apply a configuration, all of it or nothing; or only plan it.", takes="config.Apply"),
    Endpoint("GET", "/export", "viewer", "configuration.export", "The configuration, without secrets."),
    # connections
    Endpoint("GET", "/connections", "viewer", "connections.list_connections", "List the connections and their health."),
    Endpoint("POST", "/connections/{name}/ping", "operator", "connections.ask_ping",
             "Ask whose company is behind the credentials.", status=202),
    Endpoint("GET", "/connections/{name}/ping/{id}", "viewer", "connections.show_ping", "What a ping came to."),
    Endpoint("POST", "/connections/{name}/connect", "admin", "connections.ask_consent",
             "Make a link by which a person consents to the connection."),
    Endpoint("GET", "/connections/{name}/connect/{id}", "viewer", "connections.show_consent",
             "What a consent came to."),
    Endpoint("POST", "/connections/{name}/qwc", "admin", "connections.make_qwc",
             "Make the file by which the other side calls us; a password is shown this once.", takes="shapes.Qwc"),
    Endpoint("POST", "/connections/{name}/confirm", "admin", "connections.confirm",
             "Say that the company that was found is the right one.", takes="shapes.Confirm"),
    # flows
    Endpoint("GET", "/flows", "viewer", "flows.list_flows", "List the flows."),
    Endpoint("GET", "/flows/{name}", "viewer", "flows.show_flow",
             "A flow, its records by state, and what they came to or would come to."),
    Endpoint("POST", "/flows/{name}/start", "operator", "flows.start", "End the rehearsal: from now on it writes."),
    Endpoint("POST", "/flows/{name}/pause", "operator", "flows.pause", "Stop reading and writing."),
    Endpoint("POST", "/flows/{name}/resume", "operator", "flows.resume", "Go on after a pause.",
             takes="shapes.Resume"),
    Endpoint("POST", "/flows/{name}/rehearse", "operator", "flows.rehearse",
             "Decide everything anew, and write nothing outside.", status=202),
    Endpoint("POST", "/flows/{name}/sync", "operator", "flows.sync", "Run now.", takes="shapes.Sync", status=202),
    Endpoint("GET", "/flows/{name}/runs/latest", "viewer", "flows.latest_run",
             "The latest run, and whether the flow is quiet."),
    Endpoint("POST", "/flows/{name}/reconcile", "operator", "reconcile.ask", "Compare both sides over a period.",
             takes="shapes.Reconcile", status=202),
    Endpoint("GET", "/flows/{name}/reconcile/{id}", "viewer", "reconcile.show", "What a comparison came to."),
    Endpoint("GET", "/flows/{name}/matches", "viewer", "matches.show_matches",
             "What each record was matched with, by which rule and on what evidence; created, suggested, skipped, why.",
             query=("move", "what", "format", *PAGING), csv=True),
    Endpoint("GET", "/flows/{name}/codes", "viewer", "matches.show_codes",
             "Which code of the source goes to which entry of the target, by how much, and which goes nowhere.",
             query=("format",), csv=True),
    # mappings and rules
    Endpoint("GET", "/flows/{name}/mappings", "viewer", "mappings.show_mappings",
             "The flow's mappings and rules, and their version."),
    Endpoint("PUT", "/flows/{name}/mappings", "admin", "mappings.save_mappings",
             "Put others in the place of a version of them; or only plan it.", takes="config.MappingsIn"),
    Endpoint("POST", "/flows/{name}/mappings/rollback", "admin", "mappings.roll_back",
             "Bring back what an earlier version held, as a new version; or only plan it.", takes="config.RollbackIn"),
    Endpoint("GET", "/flows/{name}/mappings/versions", "viewer", "mappings.list_versions",
             "The versions, newest first: who saved them and when.", query=PAGING),
    Endpoint("GET", "/flows/{name}/mappings/versions/{version}", "viewer", "mappings.show_version",
             "One version, and how it differs from the one before or from another.", query=("against",)),
    # records
    Endpoint("GET", "/records", "viewer", "records.list_records", "List records, newest document first.",
             query=("flow", "move", "state", "q", *PAGING)),
    Endpoint("GET", "/records/{id}", "viewer", "records.show_record", "A record with its documents."),
    Endpoint("GET", "/records/{id}/trail", "viewer", "records.trail", "Everything that happened to it, oldest first.",
             query=PAGING),
    Endpoint("GET", "/records/{id}/why", "viewer", "records.why",
             "What happened, why, and who has to do what now."),
    Endpoint("POST", "/records/{id}/replay", "operator", "records.replay_record", "Decide it again. Safe at any time.",
             takes="shapes.Replay"),
    Endpoint("POST", "/records/{id}/resolve", "operator", "records.resolve_record",
             "Link it to a record of the target (202: answered later), dismiss it, or unlink it.",
             takes="shapes.Resolve"),
    Endpoint("GET", "/records/{id}/resolve/{job}", "viewer", "records.show_resolve", "What a link came to."),
    # notices
    Endpoint("POST", "/notices/test", "admin", "notices.ask_test", "Send a test notice.", status=202),
    Endpoint("GET", "/notices/test/{id}", "viewer", "notices.show_test", "What a test notice came to."),
    # overview
    Endpoint("GET", "/holds", "viewer", "overview.list_holds", "What waits for people, by reason and cause.",
             query=("flow",)),
    Endpoint("GET", "/status", "viewer", "overview.status", "How everything fares."),
    Endpoint("GET", "/openapi.json", None, "document.describe", "This document."),
)  # fmt: skip


@cache
def _named(path: str) -> Any:
    module, name = path.rsplit(".", 1)
    return getattr(import_module(f"chalicelib.entry.{module}"), name)


def _routes() -> tuple[Route, ...]:
    methods: dict[str, list[str]] = {}
    for endpoint in ENDPOINTS:
        methods.setdefault(endpoint.path, []).append(endpoint.method)
    return tuple(
        Route(path=PREFIX + path, methods=tuple(named), name=_name(path), content_types=["application/json"])
        for path, named in methods.items()
    )


def _name(path: str) -> str:
    return "api_" + path.strip("/").replace("/", "_").replace("{", "").replace("}", "").replace(".", "_")


ROUTES = _routes()
