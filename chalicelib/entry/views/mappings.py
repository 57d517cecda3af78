"""Mappings and rules of a flow: the present ones, every earlier version, and saving."""

from __future__ import annotations

import re
from dataclasses import replace

from chalicelib.engine import mappings
from chalicelib.engine.engine import Engine
from chalicelib.engine.mappings import Version
from chalicelib.engine.records import Json
from chalicelib.engine.setup import FlowSetup, mapped
from chalicelib.entry import shapes
from chalicelib.entry.changes import mapped_differences
from chalicelib.entry.config import MappingsIn, RollbackIn
from chalicelib.entry.exchange import ApiRequest, ApiResponse, bad_cursor, cursor_text, opened
from chalicelib.entry.keys import Caller
from chalicelib.entry.mappings import save
from chalicelib.entry.problem import Fault, bad_request, not_found

_NUMBER = re.compile(r"[1-9][0-9]{0,5}")


def show_mappings(engine: Engine, caller: Caller, request: ApiRequest) -> ApiResponse:
    setup = opened(engine, caller, request.name("flow")).setup
    known = mappings.version(engine.store, setup, setup.mapping_version)
    shown: Json = _told(known) if known else {"version": setup.mapping_version}
    return ApiResponse({**shown, **mapped(setup)})


def save_mappings(engine: Engine, caller: Caller, request: ApiRequest) -> ApiResponse:
    setup = opened(engine, caller, request.name("flow")).setup
    return ApiResponse(save(engine, caller, setup.name, shapes.read(MappingsIn, request.body)))


def roll_back(engine: Engine, caller: Caller, request: ApiRequest) -> ApiResponse:
    """A new version with the content of an earlier one."""
    setup = opened(engine, caller, request.name("flow")).setup
    wish = shapes.read(RollbackIn, request.body)
    found = _version(engine, setup, wish.to)
    body: Json = {**_content(setup, found), "version": wish.version or setup.mapping_version, "plan": wish.plan}
    return ApiResponse(save(engine, caller, setup.name, shapes.read(MappingsIn, body), restored=found.number))


def list_versions(engine: Engine, caller: Caller, request: ApiRequest) -> ApiResponse:
    setup = opened(engine, caller, request.name("flow")).setup
    scope = f"versions {setup.name}"
    place = request.cursor(scope)
    try:
        found, cursor = mappings.versions(
            engine.store, setup, limit=request.limit(), cursor=str(place.get("at")) if place else None
        )
    except ValueError:
        raise bad_cursor() from None
    items = [
        {
            **_told(one),
            "mappings": sum(len(values) for values in one.mappings.values()),
            "rules": sum(len(rules) for rules in one.rules.values()),
        }
        for one in found
    ]
    return ApiResponse({"items": items, "cursor": cursor_text(scope, {"at": cursor}) if cursor else None})


def show_version(engine: Engine, caller: Caller, request: ApiRequest) -> ApiResponse:
    setup = opened(engine, caller, request.name("flow")).setup
    given = request.params["version"]
    if not _NUMBER.fullmatch(given):
        raise not_found("version of that number")
    found = _version(engine, setup, int(given))
    against = request.query.get("against", "")
    if against and not _NUMBER.fullmatch(against):
        raise bad_request("The version does not fit.", Fault("/against", "the number of a version", against[:40]))
    other = _version(engine, setup, int(against)) if against else _before(engine, setup, found)
    changes = [{"key": key, "from": a, "to": b} for key, a, b in mapped_differences(other, found)]
    return ApiResponse({**_told(found), **_content(setup, found), "against": other.number or None, "changes": changes})


# ---------------------------------------------------------------------------------------------- inside


def _version(engine: Engine, setup: FlowSetup, number: int) -> Version:
    found = mappings.version(engine.store, setup, number)
    if found is None:
        raise not_found(f"version {number} of the mappings of {setup.name}")
    return found


def _before(engine: Engine, setup: FlowSetup, version: Version) -> Version:
    """The version before; before the first one there was nothing."""
    known = mappings.version(engine.store, setup, version.number - 1)
    return known or Version(number=0, mappings={}, rules={}, at="", by="")


def _told(version: Version) -> Json:
    return {
        "version": version.number,
        "at": version.at,
        "by": version.by,
        "restored": version.restored or None,
    }


def _content(setup: FlowSetup, version: Version) -> Json:
    return {**mapped(replace(setup, mappings=version.mappings, rules=version.rules))}
