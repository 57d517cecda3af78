"""The pages of a consent: where the browser comes back to, and where it waits for what came of it."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol
from urllib.parse import parse_qs

from chalicelib.engine.engine import Engine
from chalicelib.engine.errors import ConnectorError
from chalicelib.engine.ports import Item
from chalicelib.entry import oauth
from chalicelib.entry.pages import Page, page, redirect
from chalicelib.entry.problem import Problem
from chalicelib.entry.routes import Route

CALLBACK = "/oauth/{system}/callback"
DONE = "/oauth/{system}/done/{id}"
MOST_FORM = 2000  # bytes
_TYPES = ["application/x-www-form-urlencoded", "multipart/form-data", "text/plain", "application/json"]
_METHODS = ("GET", "HEAD", "POST")
ROUTES = (
    Route(path=CALLBACK, methods=_METHODS, name="oauth_callback", content_types=_TYPES),
    Route(path=DONE, methods=_METHODS, name="oauth_done", content_types=_TYPES),
)

log = logging.getLogger("mlc")


class Listed(Protocol):
    """The framework's query: a name may stand there more than once."""

    def __iter__(self) -> Iterator[str]: ...

    def getlist(self, key: str) -> list[str]: ...


class WebRequest(Protocol):
    """What we need of the framework's request."""

    method: str
    context: Mapping[str, object]
    query_params: Listed | None
    raw_body: bytes


def answer(engine: Engine, request: WebRequest, params: Mapping[str, str]) -> dict[str, object]:
    """The framework's request in, the parts of its response out."""
    given = request.query_params
    query = {name: given.getlist(name) for name in given} if given else {}
    path, body = str(request.context["resourcePath"]), request.raw_body if request.method == "POST" else b""
    status, headers, html = dispatch(engine, request.method, path, params, query=query, body=body)
    return {"status_code": status, "headers": headers, "body": "" if request.method == "HEAD" else html}


def dispatch(
    engine: Engine,
    method: str,
    path: str,
    params: Mapping[str, str],
    *,
    query: Mapping[str, Sequence[str]],
    body: bytes,
) -> Page:
    """One page. Never raises, and never repeats what came in the address."""
    try:
        if method == "GET":
            return _back(engine, params, query) if path == CALLBACK else _shown(engine, params["id"])
        if method == "POST" and path == DONE:
            return _confirmed(engine, params["id"], body)
        refused = Problem(405, "method", "This address is opened by a browser that comes back from a sign-in.")
    except Problem as problem:
        refused = problem
    except ConnectorError:
        detail = "The service is busy. Run `mlc connect` again in a minute; nothing was changed."
        refused = Problem(503, "unavailable", detail)
    except Exception as fault:
        engine.metrics.count("Faults", door="consent")
        # Only where it happened: the exception's own text may quote the address with its code.
        log.error("a page failed: %s\n%s", type(fault).__name__, "".join(traceback.format_tb(fault.__traceback__)))
        refused = Problem(500, "our_fault", "Something went wrong on our side. Run `mlc connect` again.")
    return page(refused.status, "page.html", title="Not connected", texts=[refused.detail])


# ---------------------------------------------------------------------------------------------- inside


def _back(engine: Engine, params: Mapping[str, str], query: Mapping[str, Sequence[str]]) -> Page:
    system = params["system"]
    if system not in engine.systems:
        raise Problem(404, "not_found", "There is no such page.")
    waiting = oauth.come_back(engine, system, query)
    return page(
        200,
        "consent.html",
        title="One moment",
        texts=["The sign-in is being checked. This page goes on by itself."],
        refresh=f"done/{waiting}",
        token="",
        page="",
    )


def _shown(engine: Engine, waiting: str) -> Page:
    consent = _consent(engine, waiting)
    said = oauth.told(engine, consent)
    name, company = str(said["connection"]), said["company"]
    called = f"{company['name']} ({company['id']})" if isinstance(company, dict) else ""
    texts = {
        "waiting": ("One moment", ["The sign-in is being checked. This page goes on by itself."]),
        "connected": ("Connected", [f"{name} is connected to {called}. What waited for it goes on by itself.", _CLOSE]),
        "found": (
            "Is this the right company?",
            [
                f"{name} was connected to {called}. Nothing is read or written there before somebody confirms it.",
                f"Confirm it here, or with `mlc connect {name}`.",
            ],
        ),
    }
    title, shown = texts.get(str(said["state"]), ("Not connected", [str(said["message"]), str(said["fix"])]))
    if said["state"] == "found" and oauth.is_confirmed(engine, consent):
        title, shown = texts["connected"]
        said = {**said, "state": "connected"}
    return page(
        200,
        "consent.html",
        title=title,
        texts=shown,
        refresh=waiting if said["state"] == "waiting" else "",
        token=oauth.page_token(waiting, consent) if said["state"] == "found" else "",
        page=waiting,
    )


_CLOSE = "You can close this page."


def _confirmed(engine: Engine, waiting: str, body: bytes) -> Page:
    consent = _consent(engine, waiting)
    form = parse_qs(body[:MOST_FORM].decode("ascii", errors="replace"), max_num_fields=10) if body else {}
    given = form.get("token", [])
    company = consent.body.get("company")
    if len(given) != 1 or not oauth.fits(given[0], waiting, consent) or not isinstance(company, dict):
        raise Problem(400, "incomplete", "This was not sent from the page's own button. Nothing was changed.")
    oauth.confirm(engine, str(consent.body["tenant"]), str(consent.body["connection"]), str(company["id"]))
    return redirect(waiting)


def _consent(engine: Engine, waiting: str) -> Item:
    consent = oauth.of_page(engine, waiting)
    if consent is None:
        raise Problem(404, "not_found", "There is no such page, or it is older than a day. Nothing was changed.")
    return consent
