"""Expenses: one amount on one category, booked the moment they are made (sheet section 8).

There is no field for our ids but the notes, which people edit; so a look goes by day, amount and vendor as well. The
category is chosen once: who moves an expense to another one has decided so.
"""

from __future__ import annotations

import datetime
import re
from datetime import timedelta

from chalicelib.engine.errors import Held, Stale, Unknown
from chalicelib.engine.match import plain_name
from chalicelib.engine.records import Booked, Current, Done, Intent, Json, Money, Sighting, fingerprint
from chalicelib.systems.freshbooks import models
from chalicelib.systems.freshbooks.client import EXPENSES, Answer, Client, Faulty, Query
from chalicelib.systems.freshbooks.models import DELETED, Unfit, fit, plain
from chalicelib.systems.freshbooks.wording import shortened

MARK = re.compile(r"\[mlc:[^\]]*\]")
MOST_NOTES = 1000
AROUND = timedelta(days=7)  # people move an expense to another day
INVOICED, RECOUPED = "2", "4"


def current(raw: Json, intent: Intent | None = None) -> Current:
    found = fit(models.Expense, raw)
    body: Json = {
        "date": found.date,
        "amount": str(found.amount.amount),
        "currency": found.amount.code,
        "vendor": found.vendor,
    }
    money = Money(found.amount.amount, found.amount.code)
    reason = "it was invoiced to a client" if found.status in (INVOICED, RECOUPED) else ""
    return Current(
        id=found.number,
        version=f"{found.version or found.updated} {fingerprint(body)[:12]}",
        body=body,
        raw=plain(raw),
        locks=dict.fromkeys(body, reason) if reason else {},
        ours=intent is not None and intent.mark in found.notes,
        label=f"Expense {found.number}{_of(found.vendor)}, {money}",
        day=_day(found.date),
        money=money,
        once={"category": found.categoryid, "notes": " ".join(MARK.sub("", found.notes).split())},
    )


def title_of(intent: Intent) -> str:
    return f"The expense{_of(str(intent.body.get('vendor') or ''))} of {intent.body.get('date')}"


def look(client: Client, intent: Intent) -> Sighting:
    day = datetime.date.fromisoformat(str(intent.body["date"]))
    rows = list(client.rows(EXPENSES, _between(day - AROUND, day + AROUND)))
    standing = [row for row in rows if str(row.get("vis_state")) != DELETED]
    ours = [current(row, intent) for row in standing if intent.mark in str(row.get("notes"))]
    twins = [found for row in standing if _is_free(row) and _is_twin(found := current(row), intent)]
    if not ours and intent.at and (gone := _removed(client, intent, day)):
        return Sighting(told=gone)
    return Sighting(ours=ours, twins=twins)


def read(client: Client, target_id: str) -> Current | None:
    raw = client.get(EXPENSES, target_id)
    return None if raw is None or str(raw.get("vis_state")) == DELETED else current(raw)


def write(client: Client, intent: Intent) -> Done:
    if intent.op == "create":
        return _done(intent, client.create(EXPENSES, _whole(intent)))
    assert intent.current is not None and intent.op in ("update", "delete")
    _unchanged(client, intent.current, intent)
    try:
        if intent.op == "delete":
            answer = client.update(EXPENSES, intent.current.id, {"vis_state": 1})
            return Done(current=intent.current, answer=plain(answer.body), request_id=answer.trace)
        return _done(intent, client.update(EXPENSES, intent.current.id, _fields(intent.body)))
    except Faulty as faulty:
        if faulty.is_gone and "category" not in faulty.fault.detail.lower():
            raise Stale(f"{intent.current.label} was deleted in FreshBooks just now.") from faulty
        raise


def dated(client: Client, first: datetime.date, last: datetime.date) -> list[Booked]:
    found = []
    for raw in client.rows(EXPENSES, _between(first, last)):
        shown = current(raw)
        if str(raw.get("vis_state")) == DELETED:
            continue
        if shown.day is None:
            raise Unfit("Expense", "date")
        if first <= shown.day <= last:  # whatever the filter did
            marks = MARK.findall(str(raw.get("notes") or ""))
            mark = marks[-1] if marks else ""
            found.append(Booked(id=shown.id, day=shown.day, money=shown.money, label=shown.label, mark=mark))
    return found


# ---------------------------------------------------------------------------------------------- inside


def _unchanged(client: Client, known: Current, intent: Intent) -> None:
    """The vendor has no versions to write against, so it is read once more right before."""
    there = read(client, known.id)
    if there is None or there.version != known.version:
        raise Stale(f"{known.label} changed in FreshBooks since it was read.")


def _between(first: datetime.date, last: datetime.date) -> Query:
    """The later bound is not among what is found (sheet section 5)."""
    after = last + timedelta(days=1)
    return (("search[date_min]", first.isoformat()), ("search[date_max]", after.isoformat()))


def _removed(client: Client, intent: Intent, day: datetime.date) -> Held | None:
    """What we made and somebody deleted is not made again by itself."""
    query = (*_between(day - AROUND, day + AROUND), ("search[vis_state]", "1"))
    for row in client.rows(EXPENSES, query):
        if str(row.get("vis_state")) == DELETED and intent.mark in str(row.get("notes")):
            return Held(
                "missing_in_target",
                f"{title_of(intent)} was made in FreshBooks and deleted there by somebody.",
                cause=f"expense {EXPENSES.id_of(row)}",
                fix="To have it again: `mlc resolve ID --unlink`. To leave it deleted: dismiss the record.",
            )
    return None


def _is_free(row: Json) -> bool:
    """One that bears another record's mark is another expense, however alike."""
    return not MARK.search(str(row.get("notes") or ""))


def _is_twin(found: Current, intent: Intent) -> bool:
    same = all(found.body[name] == intent.body[name] for name in ("date", "amount", "currency"))
    return same and plain_name(str(found.body["vendor"])) == plain_name(str(intent.body["vendor"]))


def _whole(intent: Intent) -> Json:
    once = intent.once
    text = shortened_notes(str(once.get("notes") or ""), intent.mark)
    made = _fields(intent.body)
    made |= {"categoryid": int(str(once["category"])), "staffid": int(str(once["staff"])), "notes": text}
    return made


def shortened_notes(text: str, mark: str) -> str:
    """Our mark stands last and whole, whatever has to go."""
    return f"{text[: MOST_NOTES - len(mark) - 1]} {mark}".strip()


def _fields(body: Json) -> Json:
    """What may be changed later, and nothing else: never a whole record sent back."""
    return {
        "amount": {"amount": str(body["amount"]), "code": str(body["currency"])},
        "date": str(body["date"]),
        "vendor": str(body["vendor"]),
    }


def _done(intent: Intent, answer: Answer) -> Done:
    try:
        found = current(answer.body, intent)
    except Unfit as unfit:
        what = f"FreshBooks took {title_of(intent)}, but its answer cannot be read ({unfit})."
        raise Unknown(what).seen(str(plain(answer.body))) from unfit
    if not found.id:
        raise Unknown(f"FreshBooks took {title_of(intent)} and did not show its id.")
    differing = [name for name, value in intent.body.items() if found.body.get(name) != value]
    notes = [f"It came back with another value of {name} than was sent." for name in differing]
    money = found.money if intent.money else None
    return Done(current=found, answer=plain(answer.body), request_id=answer.trace, money=money, notes=notes)


def _of(vendor: str) -> str:
    return f" of {shortened(vendor)}" if vendor else ""


def _day(text: str) -> datetime.date | None:
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        return None
