"""QuickBooks Online as the target of a flow: look, read, and perform, one outcome per intent."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal

from chalicelib.engine.errors import ConnectorError, Held, LockedOut
from chalicelib.engine.line import Line
from chalicelib.engine.match import plain_name
from chalicelib.engine.records import Current, Done, Intent, Json, Reference, Sighting
from chalicelib.systems.quickbooks_online import query, shapes
from chalicelib.systems.quickbooks_online.client import Answer, Client, Faulty

ENTITY = {"vendor": "Vendor", "bill": "Bill"}
LISTS = {"vendor": "Vendor", "account": "Account", "class": "Class", "department": "Department", "term": "Term"}
CURRENT = {"vendor": shapes.vendor_current, "bill": shapes.bill_current}
NUMBERS_PER_QUERY = 30
_TAKEN_BY = re.compile(r"TxnId=(\w+)")


class QuickBooksOnlineTarget:
    most_per_call = 10

    def __init__(self, line: Line) -> None:
        self.client = Client(line)

    # ------------------------------------------------------------------ lists

    def references(self, kind: str) -> Sequence[Reference]:
        try:
            if kind == "preference":
                return shapes.preferences(self._preferences())
            # Inactive entries are hidden unless asked for (sheet section 7).
            rows = query.rows(self.client, LISTS[kind], "Active IN (true,false)")
            return [shapes.reference(kind, row) for row in rows]
        except Faulty as faulty:
            raise self.client.trouble(faulty, title=f"The list of every {kind}") from faulty

    def _preferences(self) -> Json:
        return self.client.one("Preferences")

    # ------------------------------------------------------------------ look

    def look(self, intents: Sequence[Intent]) -> Sequence[Sighting]:
        try:
            return self._look(intents)
        except Faulty as faulty:
            raise self.client.trouble(faulty, title="A look-up") from faulty

    def _look(self, intents: Sequence[Intent]) -> Sequence[Sighting]:
        found = {n: Sighting() for n in range(len(intents))}
        for n, intent in enumerate(intents):
            if intent.kind == "vendor":
                found[n] = Sighting(twins=[shapes.vendor_current(row) for row in self._named("Vendor", intent)])
        by_vendor: dict[str, list[int]] = defaultdict(list)
        for n, intent in enumerate(intents):
            if intent.kind == "bill":
                by_vendor[str(intent.body["vendor"])].append(n)
        for vendor, places in by_vendor.items():
            rows = self._bills(vendor, [intents[n] for n in places])
            for n in places:
                found[n] = _sighting(intents[n], rows)
        return [found[n] for n in range(len(intents))]

    def _named(self, entity: str, intent: Intent) -> list[Json]:
        name = str(intent.body["name"])
        wanted = {plain_name(name), plain_name(f"{name} (deleted)")}
        return query.by_name(self.client, entity, name, lambda found: plain_name(found) in wanted)

    def _bills(self, vendor: str, intents: Sequence[Intent]) -> list[Json]:
        """The vendor's bills that could be one of these: by number, or by date where there is no number."""
        numbers = sorted({str(intent.body["number"]) for intent in intents if intent.body["number"]})
        dates = sorted({str(intent.body["date"]) for intent in intents if not intent.body["number"]})
        rows: dict[str, Json] = {}
        for begin in range(0, len(numbers), NUMBERS_PER_QUERY):
            for row in self._numbered(vendor, numbers[begin : begin + NUMBERS_PER_QUERY]):
                rows[str(row["Id"])] = row
        for date in dates:
            for row in self._ask(vendor, f"TxnDate = {query.literal(date)}"):
                rows[str(row["Id"])] = row
        return list(rows.values())

    def _numbered(self, vendor: str, numbers: Sequence[str]) -> Iterable[Json]:
        spoken = [number for number in numbers if query.speakable(number)]
        odd = [number for number in numbers if not query.speakable(number)]
        for number in odd:
            yield from self._ask(vendor, f"DocNumber LIKE {query.pattern(number)}")
        if len(spoken) == 1:
            yield from self._ask(vendor, f"DocNumber = {query.literal(spoken[0])}")
        elif spoken:
            listed = ",".join(query.literal(number) for number in spoken)
            try:
                yield from self._ask(vendor, f"DocNumber IN ({listed})")
            except Faulty:  # the list form was not understood: one by one then
                for number in spoken:
                    yield from self._ask(vendor, f"DocNumber = {query.literal(number)}")

    def _ask(self, vendor: str, clause: str) -> list[Json]:
        statement = f"SELECT * FROM Bill WHERE VendorRef = {query.literal(vendor)} AND {clause} MAXRESULTS {query.PAGE}"
        return query.entries(self.client.query(statement), "Bill")

    # ------------------------------------------------------------------ read

    def read(self, kind: str, target_id: str) -> Current | None:
        raw = self.client.get(ENTITY[kind], target_id)
        return CURRENT[kind](raw) if raw is not None else None

    # ------------------------------------------------------------------ perform

    def perform(self, intents: Sequence[Intent]) -> Sequence[Done | ConnectorError]:
        outcomes: list[Done | ConnectorError] = []
        stopped: ConnectorError | None = None
        for intent in intents:
            outcome = stopped or self._one(intent)
            if isinstance(outcome, LockedOut):
                stopped = outcome  # the rest would meet the same closed door
            outcomes.append(outcome)
        return outcomes

    def _one(self, intent: Intent) -> Done | ConnectorError:
        try:
            return self._write(intent, self._body(intent), intent.attempt_key)
        except Faulty as faulty:
            try:
                return self._turned_down(intent, faulty)
            except Faulty as again:
                return self.client.trouble(again, title=_title(intent))
            except ConnectorError as trouble:
                return trouble
        except ConnectorError as trouble:
            return trouble

    def _body(self, intent: Intent) -> dict[str, object]:
        if intent.kind == "vendor":
            fields = shapes.vendor_body(intent.body, intent.once)
            if intent.current is None:
                return fields
            return {**fields, "Id": intent.current.id, "SyncToken": intent.current.version, "sparse": True}
        if intent.current is None:
            return shapes.bill_body(intent.body, intent.once, intent.mark)
        return shapes.bill_merged(intent, intent.current)

    def _write(self, intent: Intent, body: dict[str, object], request_id: str, *notes: str) -> Done:
        entity = ENTITY[intent.kind]
        answer = self.client.write(entity, body, request_id=request_id)
        return self._done(intent, answer, notes)

    def _done(self, intent: Intent, answer: Answer, notes: Sequence[str]) -> Done:
        raw = answer.body[ENTITY[intent.kind]]
        assert isinstance(raw, dict)
        current = CURRENT[intent.kind](raw, intent)
        told = shapes.plain(raw)
        assert isinstance(told, dict)
        total = shapes.money(raw) if intent.kind == "bill" else None
        return Done(current=current, answer=told, request_id=answer.trace, money=total, notes=list(notes))

    # ------------------------------------------------------------------ turned down

    def _turned_down(self, intent: Intent, faulty: Faulty) -> Done | ConnectorError:
        match faulty.code:
            case "6240":
                return self._name_taken(intent, faulty)
            case "6140" | "600" | "630":
                return self._exists(intent, faulty)
            case "2200" | "2210":
                return self._without_contact(intent, faulty)
            case "610" if intent.op == "update" and "inactive" not in faulty.fault.detail.lower():
                return Held(
                    "missing_in_target",
                    f"{_title(intent)} was deleted in QuickBooks Online; it is not made again by itself.",
                    cause=_title(intent),
                    fix="Unlink the record so that it is created anew, or dismiss it if it was rightly deleted.",
                )
        return self.client.trouble(faulty, title=_title(intent))

    def _name_taken(self, intent: Intent, faulty: Faulty) -> Done | ConnectorError:
        """The name may be a vendor's, a customer's or an employee's: all three share one list (sheet section 15)."""
        held = self.client.trouble(faulty, title=_title(intent))
        for entity in ("Vendor", "Customer", "Employee"):
            rows = self._named(entity, intent)
            if not rows:
                continue
            row = rows[0]
            active = row.get("Active", True) is not False
            state = "" if active else "inactive "
            name = row.get("DisplayName")
            return Held(
                "name_taken",
                f"The name {intent.body['name']} is taken in QuickBooks Online by the {state}{entity.lower()} {name} "
                f"(id {row.get('Id')}).",
                cause=f"{entity.lower()} {intent.body['name']}",
                fix=f"Make the vendor {name} active again, or link the record to another vendor."
                if entity == "Vendor" and not active
                else f"Link the record to the vendor {name}."
                if entity == "Vendor"
                else f"Rename the {entity.lower()} {name}, for example to “{name} ({entity})”, then replay.",
                waits_for=["reference:vendor"],
            )
        return held

    def _exists(self, intent: Intent, faulty: Faulty) -> Done | ConnectorError:
        """A number that is taken, or a request seen before: ours by the mark is adopted, else a person decides."""
        candidates = []
        taken_by = _TAKEN_BY.search(faulty.fault.detail)
        if taken_by and "TxnType=Bill" in faulty.fault.detail:
            raw = self.client.get(ENTITY[intent.kind], taken_by[1])
            candidates = [raw] if raw is not None else []
        sightings = [_sighting(intent, candidates)] if candidates else self.look([intent])
        for current in sightings[0].ours:
            return Done(current=current, answer={"found": current.id}, notes=["It was there already, with our mark."])
        for twin in sightings[0].twins:
            return Held(
                "exists_in_target",
                f"{_title(intent)} seems to be in QuickBooks Online already, entered by somebody else: {twin.label} "
                f"(id {twin.id}).",
                cause=f"{twin.label} (id {twin.id})",
                fix="If it is the same, link the record to it; if not, correct the number at one end, then replay.",
            )
        return self.client.trouble(faulty, title=_title(intent))

    def _without_contact(self, intent: Intent, faulty: Faulty) -> Done | ConnectorError:
        """An address that is not accepted is left out once, under a request id of its own, and noted."""
        body = self._body(intent)
        dropped = body.pop("PrimaryEmailAddr" if faulty.code == "2210" else "WebAddr", None)
        if dropped is None:
            return self.client.trouble(faulty, title=_title(intent))
        note = f"Left out, because it is not accepted there: {dropped}."
        return self._write(intent, body, f"{intent.attempt_key[:31]}0", note)


def _sighting(intent: Intent, rows: Sequence[Json]) -> Sighting:
    """Ours carry our mark; twins have the same number, or no number and the same date and total."""
    ours, twins = [], []
    for row in rows:
        current = shapes.bill_current(row, intent)
        if current.ours:
            ours.append(current)
        elif _same_document(intent, current, row):
            twins.append(current)
    return Sighting(ours=ours, twins=twins)


def _same_document(intent: Intent, current: Current, row: Json) -> bool:
    if current.body["vendor"] != intent.body["vendor"]:
        return False
    number = plain_name(str(intent.body["number"]))
    if number:
        return plain_name(str(current.body["number"])) == number
    total = intent.money.amount if intent.money else Decimal(0)
    same_day = current.body["date"] == intent.body["date"]
    return same_day and not current.body["number"] and shapes.amount(row.get("TotalAmt")) == total


def _title(intent: Intent) -> str:
    if intent.kind == "vendor":
        return f"The vendor {intent.body['name']}"
    return f"The bill {intent.body['number'] or intent.mark}"
