"""Procore as the target of a flow: look, read, and perform, one outcome per intent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from functools import partial
from typing import TypeGuard, TypeVar

from chalicelib.engine.errors import ConnectorError, Held, LockedOut, TryAgain
from chalicelib.engine.line import Line
from chalicelib.engine.records import BookedPage, Current, Done, Intent, Reference, Sighting
from chalicelib.systems.procore import dated, direct_costs, lists, payments, project_vendors, requisitions, vendors
from chalicelib.systems.procore.client import Client, Faulty
from chalicelib.systems.procore.fixes import in_project
from chalicelib.systems.procore.models import Unfit
from chalicelib.systems.procore.writing import project_of, title_of

Answered = TypeVar("Answered")

LOOK: dict[str, Callable[[Client, Intent], Sighting]] = {
    "vendor": vendors.look,
    "project_vendor": project_vendors.look,
    "requisition": requisitions.look,
    "direct_cost": direct_costs.look,
    "contract_payment": payments.look,
}
READ: dict[str, Callable[[Client, str], Current | None]] = {
    "vendor": vendors.read,
    "project_vendor": project_vendors.read,
    "requisition": requisitions.read,
    "direct_cost": direct_costs.read,
    "contract_payment": payments.read,
}
WRITE: dict[str, Callable[[Client, Intent], Done]] = {
    "project_vendor": project_vendors.write,
    "requisition": requisitions.write,
    "direct_cost": direct_costs.write,
    "contract_payment": payments.write,
}


class ProcoreTarget:
    most_per_call = 200  # vendors go together; the others one after another
    room = None

    def __init__(self, line: Line) -> None:
        self.client = Client(line)

    def references(self, kind: str) -> Sequence[Reference]:
        return self._asked(f"The list of every {kind.replace('_', ' ')}", lambda: lists.references(self.client, kind))

    def look(self, intents: Sequence[Intent]) -> Sequence[Sighting]:
        """A project that does not let us in keeps no other one's records back."""
        return [self._look(intent) for intent in intents]

    def _look(self, intent: Intent) -> Sighting:
        try:
            return self._asked(title_of(intent), partial(LOOK[intent.kind], self.client, intent))
        except Held as held:
            return Sighting(told=in_project(held, project_of(intent)))

    def read(self, kind: str, target_id: str) -> Current | None:
        title = f"The {kind.replace('_', ' ')} {target_id}"
        return self._asked(title, lambda: READ[kind](self.client, target_id))

    def dated(self, kind: str, first: date, last: date, *, token: str | None) -> BookedPage:
        title = f"The list of every {kind.replace('_', ' ')}"
        try:
            return self._asked(title, lambda: dated.dated(self.client, kind, first, last, token=token))
        except Held as held:
            raise TryAgain(held.message).seen(held.evidence) from held

    def perform(self, intents: Sequence[Intent]) -> Sequence[Done | ConnectorError]:
        """Those of one move: companies together, everything else one after another."""
        companies = [intent for intent in intents if intent.kind == "vendor"]
        written = vendors.write(self.client, companies) if companies else []
        outcomes = {intent.key: outcome for intent, outcome in zip(companies, written, strict=True)}
        stopped: ConnectorError | None = next((one for one in written if _stops_all(one)), None)
        # An invoice is one of a row on its commitment: the older bill goes first (sheet section 14).
        rest = [intent for intent in intents if intent.kind != "vendor"]
        for intent in sorted(rest, key=lambda one: str(one.body.get("date") or "")):
            outcome = stopped or self._one(intent)
            if _stops_all(outcome):
                stopped = outcome  # the rest would meet the same closed door, or wait for the same turn
            outcomes[intent.key] = outcome
        return [outcomes[intent.key] for intent in intents]

    def _one(self, intent: Intent) -> Done | ConnectorError:
        try:
            return WRITE[intent.kind](self.client, intent)
        except Faulty as faulty:
            trouble = self.client.trouble(faulty, title=title_of(intent))
            return in_project(trouble, project_of(intent)) if isinstance(trouble, Held) else trouble
        except Unfit as unfit:
            return _unreadable(unfit)  # what we had read before writing: nothing was sent
        except Held as held:
            return in_project(held, project_of(intent))
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
    return TryAgain(f"Procore sent something that cannot be read ({unfit}).").seen(str(unfit))
