"""Procurify as the target of a flow: look, read, and perform, one outcome per intent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

from chalicelib.engine.errors import ConnectorError, Held, LockedOut, TryAgain
from chalicelib.engine.line import Line
from chalicelib.engine.records import Booked, BookedPage, Current, Done, Intent, Reference, Sighting
from chalicelib.systems.procurify import (
    dated,
    inbox,
    lists,
    paid,
    payables,
    requisitions,
    suppliers,
)
from chalicelib.systems.procurify.client import Client

LOOK: dict[str, Callable[[Client, Intent], Sighting]] = {
    "vendor": suppliers.look,
    "bill_match": payables.look,
    "inbox_mail": inbox.look,
    "requisition": requisitions.look,
    "payment": paid.look,
}
WRITE: dict[str, Callable[[Client, Intent], Done]] = {
    "vendor": suppliers.write,
    "bill_match": payables.write,
    "inbox_mail": inbox.write,
    "requisition": requisitions.write,
    "payment": paid.write,
}


class ProcurifyTarget:
    """Kinds: "vendor", "payment", and what becomes of a bill: "bill_match", "inbox_mail" or "requisition".

    Each of the latter is first looked for among the bills that are there.
    """

    most_per_call = 50  # one after another: nothing goes together there
    room = None

    def __init__(self, line: Line) -> None:
        self.client = Client(line)

    def references(self, kind: str) -> Sequence[Reference]:
        return lists.references(self.client, kind)

    def look(self, intents: Sequence[Intent]) -> Sequence[Sighting]:
        return [self._look(intent) for intent in intents]

    def _look(self, intent: Intent) -> Sighting:
        try:
            return LOOK[intent.kind](self.client, intent)
        except Held as held:  # of this record; the others go on
            return Sighting(told=held)

    def read(self, kind: str, target_id: str) -> Current | None:
        if kind == "vendor":
            return suppliers.read(self.client, target_id)
        if kind == "payment":
            return paid.read(self.client, target_id)
        if target_id.startswith(inbox.MAIL):
            return inbox.read(self.client, target_id)
        if target_id.startswith(requisitions.REQUEST):
            return requisitions.read(self.client, target_id)
        return payables.read(self.client, target_id)

    def dated(self, kind: str, first: date, last: date, *, token: str | None) -> BookedPage:
        """Mail and payments are in no list by their day: what is linked is read by its id."""
        if kind == "requisition":
            return requisitions.dated(self.client, first, last)
        if kind != "bill_match":
            return BookedPage(rows=[])
        page = dated.dated(self.client, "bill", first, last, token=token, now=self.client.line.clock.now())
        found = [payables.read(self.client, row.id) for row in page.rows]
        rows = [
            Booked(one.id, one.day, one.money, one.label)
            for one in found
            if one is not None and one.day is not None and first <= one.day <= last
        ]
        return BookedPage(rows=rows, next=page.next)

    def perform(self, intents: Sequence[Intent]) -> Sequence[Done | ConnectorError]:
        outcomes: list[Done | ConnectorError] = []
        stopped: ConnectorError | None = None
        for intent in intents:
            outcome = stopped or self._one(intent)
            waits = isinstance(outcome, TryAgain) and not outcome.counts and outcome.after is not None
            if isinstance(outcome, LockedOut) or waits:
                stopped = outcome  # type: ignore[assignment]  # no Done is either
            outcomes.append(outcome)
        return outcomes

    def _one(self, intent: Intent) -> Done | ConnectorError:
        try:
            return WRITE[intent.kind](self.client, intent)
        except ConnectorError as trouble:
            return trouble
