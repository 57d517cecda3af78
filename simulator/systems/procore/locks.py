"""An outside id locks a record for people; for some kinds it binds the API's own writes as well."""

from __future__ import annotations

from collections.abc import Iterable

from simulator.systems.procore.answers import LOCKED, Refused, wrong
from simulator.systems.procore.company import Json
from simulator.systems.procore.writer import Writer

FREE = {"origin_id", "origin_data", "attachments"}
SYNCED = "This record cannot be edited because it is synced with ERP"


def check(writer: Writer, kind: str, row: Json, given: Iterable[str], *, unlinks: bool = False) -> None:
    """Refuse a change of these fields, or with "delete" the deletion, where the lock says so."""
    if not row.get("origin_id"):
        return
    if not writer.is_app:
        raise Refused(422, {"base": [SYNCED]})
    if unlinks and not writer.options.unlink_by_null:
        raise wrong("base", LOCKED)
    if kind in writer.options.locks_bind_api and set(given) - FREE:
        raise wrong("base", LOCKED)


def origin(given: Json) -> Json:
    """The fields of a change, with an empty outside id as none."""
    return {**given, "origin_id": given["origin_id"] or None} if "origin_id" in given else dict(given)


def unlinks(given: Json) -> bool:
    return "origin_id" in given and not given["origin_id"]
