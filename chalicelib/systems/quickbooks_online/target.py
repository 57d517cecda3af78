"""QuickBooks Online as the target of a flow: look, read, and perform, one outcome per intent."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TypeGuard

from chalicelib.engine.errors import ConnectorError, Held, LockedOut, TryAgain, Unknown
from chalicelib.engine.line import Line
from chalicelib.engine.records import BookedPage, Current, Done, Intent, Json, Reference, Sighting
from chalicelib.systems.quickbooks_online import dated, faults, looking, query, refusals, shapes
from chalicelib.systems.quickbooks_online.client import Answer, Client, Faulty
from chalicelib.systems.quickbooks_online.looking import ENTITY
from chalicelib.systems.quickbooks_online.models import Unfit
from chalicelib.systems.quickbooks_online.refusals import title_of

LISTS = {
    "vendor": "Vendor",
    "account": "Account",
    "class": "Class",
    "location": "Department",
    "term": "Term",
    "item": "Item",
}
NUMBERS_PER_QUERY = 30
OPTIONAL = {"2200": "WebAddr", "2210": "PrimaryEmailAddr"}  # left out where they are not accepted


class QuickBooksOnlineTarget:
    most_per_call = 10
    room = None

    def __init__(self, line: Line) -> None:
        self.client = Client(line)

    # ------------------------------------------------------------------ lists

    def references(self, kind: str) -> Sequence[Reference]:
        try:
            if kind == "preference":
                company = self.client.get("CompanyInfo", self.client.realm) or {}
                return shapes.preferences(self.client.one("Preferences"), company)
            # Inactive entries are hidden unless asked for (sheet section 7).
            rows = query.rows(self.client, LISTS[kind], "Active IN (true,false)")
            return [shapes.reference(kind, row) for row in rows]
        except Faulty as faulty:
            raise self.client.trouble(faulty, title=f"The list of every {kind}") from faulty
        except Unfit as unfit:
            raise _unreadable(unfit) from unfit

    # ------------------------------------------------------------------ look and read

    def look(self, intents: Sequence[Intent]) -> Sequence[Sighting]:
        try:
            return looking.look(self.client, intents, numbers_per_query=NUMBERS_PER_QUERY)
        except Faulty as faulty:
            raise self.client.trouble(faulty, title="A look-up") from faulty
        except Unfit as unfit:
            raise _unreadable(unfit) from unfit

    def read(self, kind: str, target_id: str) -> Current | None:
        raw = self.client.get(ENTITY[kind], target_id)
        try:
            return None if raw is None else refusals.current_of(kind, raw)
        except Unfit as unfit:
            raise _unreadable(unfit) from unfit

    def dated(self, kind: str, first: date, last: date, *, token: str | None) -> BookedPage:
        try:
            return dated.dated(self.client, kind, first, last, token=token)
        except Faulty as faulty:
            raise self.client.trouble(faulty, title=f"The list of every {kind}") from faulty
        except Unfit as unfit:
            raise _unreadable(unfit) from unfit

    # ------------------------------------------------------------------ perform

    def perform(self, intents: Sequence[Intent]) -> Sequence[Done | ConnectorError]:
        outcomes: list[Done | ConnectorError] = []
        stopped: ConnectorError | None = None
        off: dict[str, Held] = {}  # kinds of documents that the customer's plan does not have
        for intent in intents:
            outcome = stopped or off.get(intent.kind) or self._one(intent)
            if _stops_all(outcome):
                stopped = outcome  # the rest would meet the same closed door, or wait for the same turn
            if isinstance(outcome, Held) and outcome.reason == "not_available":
                off[intent.kind] = outcome
            outcomes.append(outcome)
        return outcomes

    def _one(self, intent: Intent) -> Done | ConnectorError:
        try:
            return self._write(intent)
        except Faulty as faulty:
            return self._refused(intent, faulty)
        except Unfit as unfit:
            return _unreadable(unfit)  # what we had read before writing: nothing was sent
        except ConnectorError as trouble:
            return trouble

    def _refused(self, intent: Intent, faulty: Faulty) -> Done | ConnectorError:
        """Settle a refusal where it can be settled from here; a refusal while doing so is the outcome itself."""
        try:
            return refusals.settle(self.client, intent, faulty)
        except Faulty as again:
            return self.client.trouble(again, title=title_of(intent))
        except Unfit as unfit:
            return _unreadable(unfit)
        except ConnectorError as trouble:
            return trouble

    def _write(self, intent: Intent) -> Done:
        return self._delete(intent) if intent.op == "delete" else self._put(intent)

    def _delete(self, intent: Intent) -> Done:
        assert intent.current is not None
        body: Json = {"Id": intent.current.id, "SyncToken": intent.current.version}
        answer = self.client.write(ENTITY[intent.kind], body, request_id=intent.attempt_key, operation="delete")
        told = shapes.plain(answer.body[ENTITY[intent.kind]])
        assert isinstance(told, dict)
        return Done(current=intent.current, answer=told, request_id=answer.trace)

    def _put(self, intent: Intent) -> Done:
        """Write it; a field that is not accepted and can be spared is left out, and some refusals get one repeat."""
        body, request_id, notes = _body(intent), intent.attempt_key, _notes(intent)
        repeated = False
        while True:
            try:
                answer = self.client.write(ENTITY[intent.kind], body, request_id=request_id)
                return _done(intent, answer, notes)
            except Faulty as faulty:
                spared = OPTIONAL.get(faulty.code, "")
                if spared in body:
                    notes = [*notes, f"Left out, because it is not accepted there: {_shown(body[spared])}."]
                    body = {name: value for name, value in body.items() if name != spared}
                    # Another body needs another id, the same for every repeat; "0" to "9" are in no attempt key.
                    request_id = f"{intent.attempt_key[:31]}{list(OPTIONAL).index(faulty.code)}"
                elif faulty.code in faults.ONCE_MORE and not repeated:
                    repeated = True
                else:
                    raise


def _body(intent: Intent) -> Json:
    if intent.kind == "vendor":
        if intent.current is None:
            return shapes.vendor_body(intent.body, intent.once)
        return shapes.vendor_changes(intent, intent.current)
    if intent.current is None:
        return shapes.document_body(intent.body, intent.once, intent.mark)
    return shapes.document_merged(intent, intent.current)


def _done(intent: Intent, answer: Answer, notes: Sequence[str]) -> Done:
    raw = answer.body[ENTITY[intent.kind]]
    assert isinstance(raw, dict)
    try:
        current = refusals.current_of(intent.kind, raw, intent)
        total = current.money if intent.money else None
    except Unfit as unfit:
        what = f"QuickBooks Online took {title_of(intent)}, but its answer cannot be read ({unfit})."
        raise Unknown(what).seen(str(shapes.plain(raw))) from unfit
    told = shapes.plain(raw)
    assert isinstance(told, dict)
    # A feature that is switched off there drops its field without a word (sheet section 19b).
    kept = [f"It came back with another value of {part} than was sent." for part in refusals.differing(intent, current)]
    return Done(current=current, answer=told, request_id=answer.trace, money=total, notes=[*notes, *kept])


def _notes(intent: Intent) -> list[str]:
    """What was already changed to fit when the document was made."""
    notes = intent.once.get("notes")
    return [str(note) for note in notes] if isinstance(notes, list) else []


def _stops_all(outcome: Done | ConnectorError) -> TypeGuard[ConnectorError]:
    """The connection, not the record, is the trouble: locked out, or told to wait."""
    waits = isinstance(outcome, TryAgain) and not outcome.counts and outcome.after is not None
    return waits or isinstance(outcome, LockedOut)


def _unreadable(unfit: Unfit) -> TryAgain:
    return TryAgain(f"QuickBooks Online sent something that cannot be read ({unfit}).").seen(str(unfit))


def _shown(value: object) -> str:
    return ", ".join(str(part) for part in value.values()) if isinstance(value, dict) else str(value)
