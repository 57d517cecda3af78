"""The versions of a flow's mappings and rules: each save makes one, and none is ever changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from chalicelib.engine.ports import Item, Put, Store
from chalicelib.engine.rules import Rules
from chalicelib.engine.setup import FlowSetup, mapped, read_rules


@dataclass(frozen=True, slots=True)
class Version:
    """`restored` is the version whose content this one brought back, 0 for a fresh one."""

    number: int
    mappings: Mapping[str, Mapping[str, str]]
    rules: Rules
    at: str
    by: str
    restored: int = 0


def put(setup: FlowSetup, at: datetime, by: str, *, restored: int = 0) -> Put:
    """The write that keeps the set-up's mappings as its `mapping_version`; it fails if there is one already."""
    body = {**mapped(setup), "at": at.isoformat(), "by": by, "restored": restored}
    return Put(Item(*_key(setup, setup.mapping_version), body=body))


def version(store: Store, setup: FlowSetup, number: int) -> Version | None:
    key = _key(setup, number)
    item = store.get([key]).get(key)
    return _read(item) if item else None


def versions(store: Store, setup: FlowSetup, *, limit: int, cursor: str | None) -> tuple[list[Version], str | None]:
    """Newest first."""
    rows = store.query(_key(setup, 0)[0], prefix="V#", limit=limit, cursor=cursor, descending=True)
    return [_read(item) for item in rows.items], rows.cursor


def _key(setup: FlowSetup, number: int) -> tuple[str, str]:
    return f"M#{setup.tenant}#{setup.name}", f"V#{number:06d}"


def _read(item: Item) -> Version:
    body = item.body
    return Version(
        number=int(item.sk.removeprefix("V#")),
        mappings=body["mappings"],  # type: ignore[arg-type]  # written by put
        rules=read_rules(body.get("rules", {})),
        at=str(body["at"]),
        by=str(body["by"]),
        restored=int(str(body.get("restored", 0))),
    )
