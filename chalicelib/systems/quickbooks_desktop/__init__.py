"""QuickBooks Desktop: books on a PC that nobody can call. Its Web Connector calls us and asks for work."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from chalicelib.engine.caller import Caller, Pass, Reply, Sight, Visit, Wish
from chalicelib.engine.connection import Connection
from chalicelib.engine.line import Budget, Line
from chalicelib.engine.ports import Door, Source, Target
from chalicelib.engine.system import System

if TYPE_CHECKING:
    from chalicelib.engine.engine import Engine


def _quiet(text: str) -> str:
    from chalicelib.systems.quickbooks_desktop import quiet

    try:
        return quiet.check(text)
    except ValueError as unfit:
        raise PydanticCustomError("expected", "{expected}", {"expected": str(unfit)}) from None


class Settings(BaseModel):
    r"""`company_file` is the whole path on the PC, as in C:\Books\Acme.QBW; without it, the file that is open there.

    `quiet` names hours in which the Web Connector gets no work ("08:00-18:00 America/New_York"), or is "always".
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    company_file: Annotated[
        str | None, Field(pattern=r"^([A-Za-z]:\\|\\\\)[^\x00-\x1f<>\"|?*/]+\.[Qq][Bb][Ww]$", max_length=259)
    ] = None
    quiet: Annotated[str | None, AfterValidator(_quiet)] = None


def _identity(settings: Mapping[str, str]) -> str:
    """The company file is told apart by the FileID that we give it, not by anything that a customer says."""
    return ""


def _door(line: Line) -> Door:
    from chalicelib.systems.quickbooks_desktop.door import QuickBooksDesktopDoor

    return QuickBooksDesktopDoor(line)


def _target(line: Line) -> Target:
    from chalicelib.systems.quickbooks_desktop.target import Away

    return Away(line.store, line.connection)


def _source(line: Line) -> Source:
    from chalicelib.systems.quickbooks_desktop.source import Away

    return Away(line.store, line.connection)


def _answer(engine: Engine, visit: Visit) -> Reply:
    from chalicelib.systems.quickbooks_desktop import service

    return service.answer(engine, visit)


def _admit(engine: Engine, connection: Connection, wish: Wish) -> Pass:
    from chalicelib.systems.quickbooks_desktop import admission

    return admission.admit(engine, connection, wish)


def _seen(engine: Engine, connection: Connection) -> Sight:
    from chalicelib.systems.quickbooks_desktop import admission

    return admission.seen(engine, connection)


SYSTEM = System(
    name="quickbooks_desktop",
    title="QuickBooks Desktop",
    settings=Settings,
    credentials={},  # the Web Connector's login is made by us
    identity=_identity,
    budget=Budget(per_second=100),  # nobody is called, so nobody's allowance is used up
    door=_door,
    source=_source,
    target=_target,
    # Deletions are told, for 90 days; the daily look finds what fell into a longer silence (sheet 3.4).
    vanishing=frozenset({"bill", "bill_payment"}),
    caller=Caller(path="/qbwc", answer=_answer, admit=_admit, seen=_seen),
    environments=("production", "sandbox", "simulated"),
)
