"""FreshBooks as the target of a flow: look, read, and perform, one outcome per intent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from functools import partial
from typing import TypeGuard, TypeVar

from chalicelib.engine.errors import ConnectorError, LockedOut, TryAgain
from chalicelib.engine.line import Line
from chalicelib.engine.records import Booked, BookedPage, Current, Done, Intent, Reference, Sighting
from chalicelib.systems.freshbooks import expenses, journals, lists
from chalicelib.systems.freshbooks.client import Client, Faulty
from chalicelib.systems.freshbooks.models import Unfit

Answered = TypeVar("Answered")

TITLE: dict[str, Callable[[Intent], str]] = {"expense": expenses.title_of, "journal_entry": journals.title_of}
LOOK: dict[str, Callable[[Client, Intent], Sighting]] = {"expense": expenses.look, "journal_entry": journals.look}
READ: dict[str, Callable[[Client, str], Current | None]] = {"expense": expenses.read, "journal_entry": journals.read}
WRITE: dict[str, Callable[[Client, Intent], Done]] = {"expense": expenses.write, "journal_entry": journals.write}
DATED: dict[str, Callable[[Client, date, date], list[Booked]]] = {
    "expense": expenses.dated,
    "journal_entry": journals.dated,
}


class FreshBooksTarget:
    most_per_call = 10
    room = None

    def __init__(self, line: Line) -> None:
        self.client = Client(line)

    def references(self, kind: str) -> Sequence[Reference]:
        return self._asked(f"The list of every {kind.replace('_', ' ')}", lambda: lists.references(self.client, kind))

    def look(self, intents: Sequence[Intent]) -> Sequence[Sighting]:
        return [self._asked(TITLE[one.kind](one), partial(LOOK[one.kind], self.client, one)) for one in intents]

    def read(self, kind: str, target_id: str) -> Current | None:
        return self._asked(f"The {kind.replace('_', ' ')} {target_id}", lambda: READ[kind](self.client, target_id))

    def dated(self, kind: str, first: date, last: date, *, token: str | None) -> BookedPage:
        title = f"The list of every {kind.replace('_', ' ')}"
        return BookedPage(rows=self._asked(title, lambda: DATED[kind](self.client, first, last)))

    def perform(self, intents: Sequence[Intent]) -> Sequence[Done | ConnectorError]:
        outcomes: list[Done | ConnectorError] = []
        stopped: ConnectorError | None = None
        for intent in intents:
            outcome = stopped or self._one(intent)
            if _stops_all(outcome):
                stopped = outcome  # the rest would meet the same closed door, or wait for the same turn
            outcomes.append(outcome)
        return outcomes

    def _one(self, intent: Intent) -> Done | ConnectorError:
        try:
            return WRITE[intent.kind](self.client, intent)
        except Faulty as faulty:
            return self.client.trouble(faulty, title=TITLE[intent.kind](intent))
        except Unfit as unfit:
            return _unreadable(unfit)  # what we had read before writing: nothing was sent
        except ConnectorError as trouble:
            return trouble

    def _asked(self, title: str, ask: Callable[[], Answered]) -> Answered:
        """Reading: a complaint and an unreadable answer become the engine's words."""
        try:
            return ask()
        except Faulty as faulty:
            raise self.client.trouble(faulty, title=title) from faulty
        except Unfit as unfit:
            raise _unreadable(unfit) from unfit


def _stops_all(outcome: Done | ConnectorError) -> TypeGuard[ConnectorError]:
    """The connection, not the record, is the trouble: locked out, or told to wait."""
    waits = isinstance(outcome, TryAgain) and not outcome.counts and outcome.after is not None
    return waits or isinstance(outcome, LockedOut)


def _unreadable(unfit: Unfit) -> TryAgain:
    return TryAgain(f"FreshBooks sent something that cannot be read ({unfit}).").seen(str(unfit))
