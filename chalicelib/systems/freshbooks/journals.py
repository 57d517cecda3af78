"""Journal entries, in both generations of FreshBooks' ledger (sheet section 9.3). They are made once: neither changes
or deletes them, so that what was wrong is reversed by another entry.

Which generation one is of is told by its accounts: the newer ledger's are UUIDs, the older one's numbers. How lists of
either look is known in parts only; so an entry is known by our mark and number wherever they stand in it.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal

from chalicelib.engine.errors import Held, TryAgain, Unknown
from chalicelib.engine.records import Booked, Current, Done, Intent, Json, Money, Sighting, attempt_key
from chalicelib.systems.freshbooks import models
from chalicelib.systems.freshbooks.business import business
from chalicelib.systems.freshbooks.client import MOST_PAGES, PAGE, Client, Faulty, Resource
from chalicelib.systems.freshbooks.expenses import MARK, shortened_notes
from chalicelib.systems.freshbooks.models import Unfit, fit, plain

VERSION = "2023-09-25"
OLD = Resource("journal_entries/journal_entries", "journal_entry", "journal_entries")
OLD_DETAILS = "journal_entries/journal_entry_details"
UUID = re.compile(r"[0-9a-fA-F-]{32,40}")
NUMBERS = ("journalEntryNumber", "journal_entry_number", "entryNumber", "entry_number", "number")
DATES = ("userEnteredDate", "user_entered_date", "date")
STAYS = "FreshBooks keeps journal entries as they were made"


def title_of(intent: Intent) -> str:
    return f"The journal entry {intent.body.get('name')} of {intent.body.get('date')}"


def is_new(body: Json) -> bool:
    return all(UUID.fullmatch(str(line["account"])) for line in _lines(body))


def number_of(mark: str) -> str:
    """The entry's number in the newer ledger, the same for every try: the one id there that we choose."""
    return f"ML-{attempt_key(mark)[:12].upper()}"


def look(client: Client, intent: Intent) -> Sighting:
    entries = _new_entries(client) if is_new(intent.body) else _old_entries(client)
    ours = [_current(id_, raw, intent) for id_, raw in entries if _bears(raw, intent.mark)]
    return Sighting(ours=list({found.id: found for found in ours}.values()))


def read(client: Client, target_id: str) -> Current | None:
    entries = _new_entries(client) if target_id.startswith("ML-") else _old_entries(client)
    return next((_current(id_, raw) for id_, raw in entries if id_ == target_id), None)


def write(client: Client, intent: Intent) -> Done:
    if intent.op != "create":
        raise Held(
            "target_locked",
            f"{title_of(intent)} cannot be changed: {STAYS}.",
            cause=title_of(intent),
            fix="Reverse it in FreshBooks under Accounting > Journal Entries by another one, and dismiss this here.",
        )
    try:
        return _new(client, intent) if is_new(intent.body) else _old(client, intent)
    except Faulty as faulty:
        if not faulty.is_gone or faulty.fault.errnos:
            raise
        raise Held(
            "not_available",
            f"FreshBooks has no journal entries for {client.line.connection.name}: {faulty.fault.detail}",
            cause=f"not_available: connection {client.line.connection.name}",
            fix="See in FreshBooks under Settings > Billing and Upgrade that the plan has journal entries, then "
            "replay.",
            owner="admin",
        ) from faulty


def dated(client: Client, first: datetime.date, last: datetime.date) -> list[Booked]:
    """Of the newer ledger, and what only the older one shows of ours: the same entry may stand in both."""
    new, old = _booked_in(client, _new_entries), _booked_in(client, _old_entries)
    known = {row.mark for row in new or ()}
    every = old if new is None else [*new, *(row for row in old or () if row.mark and row.mark not in known)]
    return [row for row in every or () if first <= row.day <= last]


def _booked_in(client: Client, entries: Callable[[Client], Iterator[tuple[str, Json]]]) -> list[Booked] | None:
    """None for a ledger that the plan does not have, or the consent does not show."""
    try:
        return [_booked(id_, raw) for id_, raw in entries(client)]
    except Faulty as faulty:
        if not (faulty.is_gone or faulty.meaning.reason in ("not_permitted", "not_available")):
            raise
        return None


def _booked(id_: str, raw: Json) -> Booked:
    shown = _current(id_, raw)
    if shown.day is None:
        raise Unfit("journal entry", "date")
    marks = [mark for text in _texts(raw) for mark in MARK.findall(text)]
    return Booked(id=id_, day=shown.day, money=shown.money, label=shown.label, mark=marks[-1] if marks else "")


# ---------------------------------------------------------------------------------------------- the two generations


def _new(client: Client, intent: Intent) -> Done:
    day = datetime.date.fromisoformat(str(intent.body["date"]))
    entry: Json = {
        "name": str(intent.body["name"]),
        "journalEntryNumber": number_of(intent.mark),
        "description": shortened_notes(str(intent.once.get("description") or ""), intent.mark),
        "userEnteredDate": {"year": day.year, "month": day.month, "day": day.day},
        "details": [
            {
                "accountId": str(line["account"]),
                # A number here, other than everywhere else (sheet section 4.1).
                "amount": {"amount": Decimal(str(line["amount"])), "code": str(intent.body["currency"])},
                "type": f"TYPE_{str(line['side']).upper()}",
            }
            for line in _lines(intent.body)
        ],
    }
    answer = client.write("POST", _new_path(client), {"manualJournalEntry": entry}, version=VERSION)
    return _done(number_of(intent.mark), intent, answer.body, trace=answer.trace)


def _old(client: Client, intent: Intent) -> Done:
    lines = _lines(intent.body)
    body: Json = {
        "name": str(intent.body["name"]),
        "description": shortened_notes(str(intent.once.get("description") or ""), intent.mark),
        "currency_code": str(intent.body["currency"]),
        "user_entered_date": str(intent.body["date"]),
        "details": [{"sub_accountid": str(line["account"]), str(line["side"]): str(line["amount"])} for line in lines],
    }
    answer = client.create(OLD, body)
    id_ = str(answer.body.get("entryid") or answer.body.get("id") or "")
    if not id_.isdigit():
        raise Unknown(f"FreshBooks took {title_of(intent)} and did not show its id.")
    return _done(id_, intent, answer.body, trace=answer.trace)


def _new_path(client: Client) -> str:
    return f"/accounting/businesses/{business(client).uuid}/journal_entries"


def _new_entries(client: Client) -> Iterator[tuple[str, Json]]:
    """By our number where an entry has one. Raises TryAgain for a list in no form that can be read."""
    seen: set[str] = set()
    for number in range(1, MOST_PAGES + 1):
        query = (("page_number", str(number)), ("page_size", str(PAGE)))
        rows = _listed(client.read(_new_path(client), query, version=VERSION))
        if rows is None:
            raise TryAgain("FreshBooks' list of journal entries has another form than described.")
        fresh = [row for row in rows if str(plain(row)) not in seen]
        if not fresh:
            return
        for row in fresh:
            seen.add(str(plain(row)))
            id_ = next((str(row[name]) for name in NUMBERS if row.get(name)), str(row.get("id") or ""))
            yield id_, row
    raise TryAgain("FreshBooks' list of journal entries does not end.")


def _old_entries(client: Client) -> Iterator[tuple[str, Json]]:
    """Details are listed one by one; those of an entry are put together again."""
    details = Resource(OLD_DETAILS, "journal_entry_detail", "journal_entry_details")
    entries: dict[str, list[Json]] = {}
    for row in client.rows(details):
        entry = row.get("entry")
        about = entry if isinstance(entry, dict) else row
        id_ = str(about.get("entryid") or about.get("id") or "")
        entries.setdefault(id_, []).append(row)
    for id_, rows in entries.items():
        first = rows[0].get("entry")
        yield id_, {**rows[0], **(first if isinstance(first, dict) else {}), "details": rows}


def _listed(body: object) -> list[Json] | None:
    """The first list of objects, however deep; [] only where a list stands that is empty."""
    if isinstance(body, list):
        return [row for row in body if isinstance(row, dict)]
    for value in body.values() if isinstance(body, dict) else ():
        found = _listed(value)
        if found is not None:
            return found
    return None


# ---------------------------------------------------------------------------------------------- forms


def _current(id_: str, raw: Json, intent: Intent | None = None) -> Current:
    """Its lines are not read back: nobody changes them. The day and the sum are, where they are told."""
    day = next((found for name in DATES if (found := _day(raw.get(name)))), None)
    body: Json = dict(intent.body) if intent else {"date": day.isoformat() if day else ""}
    name = str(raw.get("name") or raw.get("description") or id_)
    money = intent.money if intent else _sum(raw)
    return Current(
        id=id_,
        version="1",
        body=body,
        raw=plain(raw),
        locks={"date": STAYS, "name": STAYS, "currency": STAYS, "lines": STAYS},
        ours=intent is not None and _bears(raw, intent.mark),
        label=f"Journal entry {MARK.sub('', name).strip() or id_}",
        day=day,
        money=money,
    )


def _done(id_: str, intent: Intent, answer: Json, *, trace: str) -> Done:
    found = _current(id_, {"name": intent.body["name"], "userEnteredDate": intent.body["date"]}, intent)
    return Done(current=found, answer=plain(answer), request_id=trace, money=intent.money)


def _bears(raw: Json, mark: str) -> bool:
    number = number_of(mark)
    return any(mark in text or text == number for text in _texts(raw))


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)


def _day(value: object) -> datetime.date | None:
    try:
        if isinstance(value, Mapping):
            return datetime.date(*(int(str(value[part])) for part in ("year", "month", "day")))
        return datetime.date.fromisoformat(str(value)[:10])
    except (ValueError, KeyError):
        return None


def _sum(raw: Json) -> Money | None:
    """What stands on the debit side."""
    details = raw.get("details")
    total, code = Decimal("0.00"), str(raw.get("currency_code") or "")
    for line in details if isinstance(details, list) else []:
        amount = line.get("debit") if isinstance(line, dict) else None
        if isinstance(line, dict) and str(line.get("type")) == "TYPE_DEBIT":
            amount = line.get("amount")
        if amount in (None, ""):
            continue
        try:
            found = fit(models.Sum, amount if isinstance(amount, dict) else {"amount": amount})
        except Unfit:
            return None
        total, code = total + found.amount, code or found.code
    return Money(total, code) if code else None


def _lines(body: Json) -> list[Json]:
    listed = body["lines"]
    assert isinstance(listed, list)
    return listed
