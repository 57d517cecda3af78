"""QuickBooks Online: where companies keep their books. We write vendors and bills to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from chalicelib.engine.line import Budget, Line
from chalicelib.engine.ports import Door, Target
from chalicelib.engine.system import System


class Settings(BaseModel):
    """`realm` is the company id, kept as text: it has more digits than a float holds (sheet section 1)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    realm: Annotated[str, Field(pattern=r"^[0-9]{1,20}$")]


def _identity(settings: Mapping[str, str]) -> str:
    return settings["realm"]


def _door(line: Line) -> Door:
    from chalicelib.systems.quickbooks_online.door import QuickBooksOnlineDoor

    return QuickBooksOnlineDoor(line)


def _target(line: Line) -> Target:
    from chalicelib.systems.quickbooks_online.target import QuickBooksOnlineTarget

    return QuickBooksOnlineTarget(line)


SYSTEM = System(
    name="quickbooks_online",
    title="QuickBooks Online",
    settings=Settings,
    credentials={
        "client_id": "The app's client id, from the keys page of the app in the Intuit developer portal.",
        "client_secret": "The app's client secret, from the same page.",
        "refresh_token": "The refresh token of a QuickBooks administrator's consent to the app for this company.",
    },
    identity=_identity,
    # 500 calls a minute and 10 a second per company; we stay below both (sheet section 4).
    budget=Budget(per_second=6.6, block=8),
    door=_door,
    target=_target,
    environments=("production", "sandbox", "simulated"),
)
