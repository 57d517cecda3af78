"""Customers and their keys."""

from __future__ import annotations

import re
from datetime import UTC

from chalicelib.engine.engine import Engine
from chalicelib.engine.ports import Conflict, Delete, Item, Put
from chalicelib.engine.records import Json
from chalicelib.engine.setup import pk
from chalicelib.entry import keys, shapes
from chalicelib.entry.exchange import ApiRequest, ApiResponse, bad_cursor, cursor_text
from chalicelib.entry.keys import Caller
from chalicelib.entry.problem import Fault, bad_request, conflict, not_found

TENANTS = "TENANTS"


def create_tenant(engine: Engine, caller: Caller, request: ApiRequest) -> ApiResponse:
    name = shapes.read(shapes.NewTenant, request.body).name
    text, key = keys.new_key(engine.clock, name, "admin", "first admin")
    body: Json = {"name": name, "created_at": engine.clock.now().isoformat()}
    try:
        engine.store.write([Put(Item(pk=TENANTS, sk=f"TENANT#{name}", body=body)), key])
    except Conflict:
        raise conflict(f"There is a tenant named {name} already.") from None
    return ApiResponse({"tenant": name, "admin_key": text}, 201)


def list_tenants(engine: Engine, caller: Caller, request: ApiRequest) -> ApiResponse:
    return _listed(engine, request, TENANTS, "TENANT#", "tenants")


def list_keys(engine: Engine, caller: Caller, request: ApiRequest) -> ApiResponse:
    return _listed(engine, request, pk(caller.tenant), "KEY#", "keys")


def create_key(engine: Engine, caller: Caller, request: ApiRequest) -> ApiResponse:
    wish = shapes.read(shapes.NewKey, request.body)
    expires = wish.expires
    if expires is not None and expires.tzinfo is None:
        raise bad_request("When the key expires is not clear.", Fault("/expires", "a moment with its time zone"))
    if expires is not None and expires <= engine.clock.now():
        raise bad_request("The key would have expired already.", Fault("/expires", "a moment still to come"))
    until = expires.astimezone(UTC) if expires else None
    text = keys.make_key(engine.store, engine.clock, caller.tenant, wish.role, wish.name, expires=until)
    return ApiResponse({"key": text, "id": keys.hashed(text), "role": wish.role, "name": wish.name}, 201)


def delete_key(engine: Engine, caller: Caller, request: ApiRequest) -> ApiResponse:
    """By its id, or the beginning of it (8 characters or more)."""
    begin = request.params["hash"]
    if not re.fullmatch(r"[0-9a-f]{8,64}", begin):
        raise not_found("key of that id")
    found = engine.store.query(pk(caller.tenant), prefix=f"KEY#{begin}", limit=2).items
    if len(found) != 1:
        raise not_found("key of that id")
    if found[0].body["hash"] == caller.key:
        raise conflict("That is the key you are using. Delete it with another admin key.")
    engine.store.write([Delete(found[0].pk, found[0].sk)])
    return ApiResponse({"deleted": found[0].body["hash"]})


def _listed(engine: Engine, request: ApiRequest, at: str, prefix: str, named: str) -> ApiResponse:
    place = request.cursor(named)
    try:
        rows = engine.store.query(
            at, prefix=prefix, limit=request.limit(), cursor=str(place["at"]) if place and "at" in place else None
        )
    except ValueError:
        raise bad_cursor() from None
    shown = [_shown(item) for item in rows.items]
    return ApiResponse({"items": shown, "cursor": cursor_text(named, {"at": rows.cursor}) if rows.cursor else None})


def _shown(item: Item) -> Json:
    body = dict(item.body)
    if "hash" in body:
        body["id"] = body.pop("hash")
    return body
