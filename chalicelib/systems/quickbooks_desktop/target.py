"""QuickBooks Desktop as the target of a flow: nobody can call it, so whoever wants something waits for its session.

Outside of a session (`Away`) everything is Later, and a list that somebody needs is noted for the next one. Within a
session (`Present`) what QuickBooks said in it is known, what it did not say becomes a question, and one write at a time
is handed over.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from chalicelib.engine.connection import Connection
from chalicelib.engine.errors import ConnectorError, Held, Later, TryAgain
from chalicelib.engine.ports import Store
from chalicelib.engine.records import BookedPage, Current, Done, Intent, Reference, Sighting
from chalicelib.systems.quickbooks_desktop import current, looking, writing
from chalicelib.systems.quickbooks_desktop.asking import BY_ID
from chalicelib.systems.quickbooks_desktop.kinds import Unfit
from chalicelib.systems.quickbooks_desktop.known import ASKED, Doubt, Known
from chalicelib.systems.quickbooks_desktop.qbxml import Request
from chalicelib.systems.quickbooks_desktop.rows import Row
from chalicelib.systems.quickbooks_desktop.source import not_listed
from chalicelib.systems.quickbooks_desktop.tickets import Desk, Write, change_desk


@dataclass(slots=True)
class Away:
    """Nobody has called: nothing can be asked now."""

    store: Store
    connection: Connection
    most_per_call: int = 1
    room: int | None = 0

    def references(self, kind: str) -> Sequence[Reference]:
        def wanting(known: Desk) -> Desk:
            return known if kind in known.wants else replace(known, wants=(*known.wants, kind))

        change_desk(self.store, self.connection, wanting)
        raise Later(ASKED)

    def look(self, intents: Sequence[Intent]) -> Sequence[Sighting | Later]:
        return [Later(ASKED) for _ in intents]

    def read(self, kind: str, target_id: str) -> Current | None:
        raise Later(ASKED)

    def dated(self, kind: str, first: date, last: date, *, token: str | None) -> BookedPage:
        raise not_listed()

    def perform(self, intents: Sequence[Intent]) -> Sequence[Done | ConnectorError | Later]:
        return [Later(ASKED) for _ in intents]


@dataclass(slots=True)
class Present:
    """The session's side. `sparing` hands over no write yet: first everybody of the batch is asked about.

    After a `perform`, `request` and `write` are what is to be sent.
    """

    known: Known
    now: datetime
    settles: timedelta
    sparing: bool = False
    write: Write | None = None
    request: Request | None = None
    most_per_call: int = 1

    @property
    def room(self) -> int | None:
        return 0 if self.sparing or self.write else 1

    def references(self, kind: str) -> Sequence[Reference]:
        if kind == "preference":
            facts = self.known.facts()
            if facts is None:
                raise Later(ASKED)
            return current.preferences(facts)
        return current.references(kind, self.known.listed(kind))

    def look(self, intents: Sequence[Intent]) -> Sequence[Sighting | Later]:
        return [self._look(intent) for intent in intents]

    def read(self, kind: str, target_id: str) -> Current | None:
        try:
            found = self.known.rows(BY_ID[kind], [target_id])[target_id]
        except Doubt as doubt:
            raise TryAgain(str(doubt)) from doubt
        return current.of(found[0]) if found else None

    def dated(self, kind: str, first: date, last: date, *, token: str | None) -> BookedPage:
        raise Later(ASKED)

    def perform(self, intents: Sequence[Intent]) -> Sequence[Done | ConnectorError | Later]:
        return [self._perform(intent) for intent in intents]

    # ------------------------------------------------------------------ inside

    def _look(self, intent: Intent) -> Sighting | Later:
        try:
            return looking.look(self.known, intent, now=self.now, settles=self.settles)
        except Later as later:
            return later
        except Doubt as doubt:
            return Sighting(told=_unreadable(intent, doubt))

    def _perform(self, intent: Intent) -> ConnectorError | Later:
        """Take it along: it is what is sent next."""
        stands = self._stands(intent)
        set_id = writing.message_set(intent.attempt_key, intent.at)
        try:
            self.request = writing.request(intent, set_id, stands)
        except Unfit as unfit:
            return _unfit(intent, unfit)
        self.write = Write(
            key=intent.key.pk,
            at=intent.at,
            set_id=set_id,
            kind=intent.kind,
            op=intent.op,
            mark=intent.mark,
            title=writing.title_of(intent),
            about=tuple(looking.values_of(intent)),
            again=intent.again,
        )
        return Later(ASKED)

    def _stands(self, intent: Intent) -> Row | None:
        if intent.op == "create":
            return None
        assert intent.current is not None
        return self.known.rows(BY_ID[intent.kind], [intent.current.id])[intent.current.id][0]


def _unreadable(intent: Intent, doubt: Doubt) -> Held:
    title = writing.title_of(intent)
    return Held(
        "unreadable_target",
        f"Whether {title} is in QuickBooks Desktop already cannot be seen: {doubt}",
        cause=str(doubt),
        fix="Open what is named there in QuickBooks, mend and save it, then replay the record.",
    )


def _unfit(intent: Intent, unfit: Unfit) -> Held:
    return Held(
        "bad_value",
        f"{writing.title_of(intent)} has something that QuickBooks Desktop would not take: {unfit.field} {unfit.why}.",
        cause=f"{unfit.field} {unfit.why}",
        fix="Correct the value at the source, or in the mapping of this flow; then replay it.",
    )
