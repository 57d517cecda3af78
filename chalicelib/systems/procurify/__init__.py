"""Procurify: where companies ask for, approve and bill their purchases. We read vendors, orders and bills
from it, and write vendors, requests, paid bills and mail to its AP inbox."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from chalicelib.engine.line import Budget, Line
from chalicelib.engine.ports import Door, Source, Target
from chalicelib.engine.system import System

ADDRESS = r"^[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$"


class Settings(BaseModel):
    """`domain` is what stands before `.procurify.com` when the customer signs in.

    `ap_inbox` is the private address that Procurify reads bills from; Procurify tells it to nobody but its customer.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    domain: Annotated[str, Field(pattern=r"^[a-z0-9-]+$", max_length=63)]
    ap_inbox: Annotated[str | None, Field(pattern=ADDRESS, max_length=254)] = None


def _identity(settings: Mapping[str, str]) -> str:
    return settings["domain"]


def _door(line: Line) -> Door:
    from chalicelib.systems.procurify.door import ProcurifyDoor

    return ProcurifyDoor(line)


def _source(line: Line) -> Source:
    from chalicelib.systems.procurify.source import ProcurifySource

    return ProcurifySource(line)


def _target(line: Line) -> Target:
    from chalicelib.systems.procurify.target import ProcurifyTarget

    return ProcurifyTarget(line)


WHERE = (
    "Settings -> Integrations -> Procurify API -> Create Application, signed in as a user made for ml-connector whose "
    "role reads vendors, purchase orders, accounts payable and settings (and writes them, where a flow writes to "
    "Procurify), and who is never deactivated"
)

SYSTEM = System(
    name="procurify",
    title="Procurify",
    settings=Settings,
    credentials={
        "client_id": f"Client ID: {WHERE}.",
        "client_secret": f"Client secret, shown once when the application is created: {WHERE}.",
    },
    identity=_identity,
    # No limit is published; large or slow use can get access suspended (sheet section 2).
    budget=Budget(per_second=4, block=8),
    door=_door,
    source=_source,
    target=_target,
    # A bill may be deleted after "Fix Bill" and is just gone then (sheet section 3); an order stays, cancelled.
    vanishing=frozenset({"bill"}),
    environments=("production", "sandbox", "simulated"),
)
