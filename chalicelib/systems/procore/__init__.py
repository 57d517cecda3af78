"""Procore: where builders keep their projects, commitments and costs. We write vendors, bills and payments to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from chalicelib.engine.line import Budget, Line
from chalicelib.engine.ports import Door, Target
from chalicelib.engine.system import Place, System


class Settings(BaseModel):
    """`company_id` is the number after /companies/ or in `?company_id=` of the company's addresses in Procore."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    company_id: Annotated[str, Field(pattern=r"^[1-9][0-9]{0,18}$")]


def _identity(settings: Mapping[str, str]) -> str:
    return settings["company_id"]


def _door(line: Line) -> Door:
    from chalicelib.systems.procore.door import ProcoreDoor

    return ProcoreDoor(line)


def _target(line: Line) -> Target:
    from chalicelib.systems.procore.target import ProcoreTarget

    return ProcoreTarget(line)


def _look_over(line: Line, named: Sequence[str], answers: Sequence[tuple[str, Mapping[str, str]]]) -> Iterator[Place]:
    from chalicelib.systems.procore.places import look_over

    return look_over(line, named, answers)


SYSTEM = System(
    name="procore",
    title="Procore",
    settings=Settings,
    credentials={
        "client_id": "The app's client id, from the app's page in the Procore developer portal (each environment has "
        "its own); or that of the company's service account under Company Admin > Service Accounts.",
        "client_secret": "The client secret that belongs to it, from the same place.",
    },
    identity=_identity,
    # At least 3,600 calls an hour and 25 in 10 s per company (sheet section 5); we stay below both: 2,880 an hour, and
    # of what was not used up to 400 at once.
    budget=Budget(per_second=2, block=4, sustained=0.8, saved=400),
    door=_door,
    target=_target,
    look_over=_look_over,
    environments=("production", "sandbox", "monthly", "simulated"),
)
