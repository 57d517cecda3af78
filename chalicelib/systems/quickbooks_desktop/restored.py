"""A company file that went back to an earlier day: restored from a backup, it lacks what was read from it before.

The last record that was read is asked for at the beginning of each session. If it is not there and was not deleted
either, or stands as it was before, nothing is read or written until an admin says that the file is the right one.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from chalicelib.engine.engine import Engine
from chalicelib.engine.errors import Later
from chalicelib.engine.setup import Health
from chalicelib.systems.quickbooks_desktop import companies, rows, tickets
from chalicelib.systems.quickbooks_desktop.asking import BY_ID
from chalicelib.systems.quickbooks_desktop.documents import modified
from chalicelib.systems.quickbooks_desktop.known import Doubt, Known
from chalicelib.systems.quickbooks_desktop.taking import Trouble
from chalicelib.systems.quickbooks_desktop.tickets import Desk

SLACK = timedelta(hours=2)  # the end of summer time, a corrected clock
REMEMBERED = timedelta(days=89)  # QuickBooks tells of deletions for 90 days; the daily look finds older ones
DELETED = {
    "vendor": ("deleted_entries", "Vendor"),
    "bill": ("deleted", "Bill"),
    "bill_payment": ("deleted", "BillPaymentCheck", "BillPaymentCreditCard"),
}
PAYMENTS = ("check_id", "card_id")


def check(engine: Engine, known: Known) -> Trouble | None:
    """What is wrong with the file, if QuickBooks said so. Until it was asked, the session is not `sound`."""
    session = known.session
    desk = tickets.desk(engine.store, session)
    try:
        why = _wrong(desk, known, engine.clock.now()) if desk.latest else ""
    except Later:
        return None
    session.sound = True
    if not why:
        connection = companies.connection_of(engine, session)
        if connection is not None and desk.latest:
            engine.note_health(connection, Health(state="ok"))
        return None
    return Trouble(
        f"{desk.company_name} {why}. The company file seems to have been restored from a backup. Nothing was read from "
        "it or written to it.",
        f"Open the company file that was in use before. If this one is to be used from now on, an admin runs "
        f"`mlc qwc {session.connection} --moved` once; what is missing in it is asked about then.",
        locked=True,
    )


def remember(desk: Desk, kind: str, id_: str, wall: str) -> Desk:
    """The last record that was read, by the wall clock of its last change."""
    newer = wall and id_ and (not desk.latest or wall >= desk.latest[2])
    return replace(desk, latest=(kind, id_, wall)) if newer else desk


def _wrong(desk: Desk, known: Known, now: datetime) -> str:
    """Raises Later until everything was asked."""
    kind, id_, wall = desk.latest
    changed = datetime.fromisoformat(wall)
    if changed + REMEMBERED < now.replace(tzinfo=None):
        return ""
    spoken = f"the {kind.replace('_', ' ')} {id_}"
    try:
        found = [row for topic in _topics(kind) for row in known.rows(topic, [id_])[id_]]
    except Doubt:
        return ""
    if found:
        stands = datetime.fromisoformat(modified(found[0]) or wall)
        return f"has {spoken} as it was before {changed}" if stands + SLACK < changed else ""
    topic, *kinds = DELETED[kind]
    gone = known.listed(topic, [(changed - SLACK).isoformat(), *kinds])
    if any(isinstance(row, rows.Deleted) and row.id == id_ for row in gone):
        return ""
    return f"does not have {spoken} any more, which was changed there at {changed} and not deleted"


def _topics(kind: str) -> tuple[str, ...]:
    return (BY_ID[kind],) if kind in BY_ID else PAYMENTS
