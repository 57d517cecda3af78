"""Is it the right company file? Asked at the beginning of each session, before anything is read or written in it.

The FileID that the Web Connector wrote into the company file tells (sheet 1.7); where a file carries none, its name and
place must be those of the first good session.
"""

from __future__ import annotations

from dataclasses import replace

from chalicelib.engine import setup as setups
from chalicelib.engine.connection import Connection
from chalicelib.engine.engine import Engine
from chalicelib.engine.ports import Conflict
from chalicelib.engine.records import Company as Pinned
from chalicelib.engine.records import fingerprint
from chalicelib.engine.setup import Health
from chalicelib.systems.quickbooks_desktop import current, hresults, login, qbxml, qwc, reading, taking, tickets
from chalicelib.systems.quickbooks_desktop.asking import FACTS
from chalicelib.systems.quickbooks_desktop.company import Company, Host
from chalicelib.systems.quickbooks_desktop.known import Known
from chalicelib.systems.quickbooks_desktop.reading import Malformed
from chalicelib.systems.quickbooks_desktop.taking import Said, Trouble
from chalicelib.systems.quickbooks_desktop.tickets import Desk, Kept, Session

TRIES = 5
ELSEWHERE = {0x80040403, 0x8004040A}  # it could not be opened there, or another one is open
MOVED = (
    "If it was moved or belongs to another PC now, an admin runs `mlc qwc {name} --moved` once; the next run of the "
    "Web Connector takes the place where it is open then."
)


def opened(engine: Engine, known: Known, hcp: str, company_file: str, *, version: str) -> Trouble | None:
    """The first request of a session: what QuickBooks says of itself, if it said anything (QBWC1014)."""
    session = known.session
    session.file = company_file
    spoken = qbxml.common_version([version])
    if spoken is None:
        return Trouble(
            f"This QuickBooks speaks qbXML {version}; at least {qbxml.VERSIONS[0]} is needed.",
            "Update QuickBooks Desktop on the PC to the release of 2012 or a later one.",
        )
    session.qbxml = spoken
    if not hcp.strip():
        return None
    try:
        answer = reading.whole(hcp)
    except Malformed:
        return None  # it is asked for in a message of its own then
    if not any(isinstance(row, Company) for reply in answer.replies for row in reply.rows):
        return None
    session.number += 1
    known.keep(Kept(session.number, FACTS), answer, hcp, engine.clock.now())
    return told(engine, known)


def told(engine: Engine, known: Known) -> Trouble | None:
    """Compare with what this connection belongs to; the first good session pins it."""
    session = known.session
    facts = known.facts() or []
    company = next((row for row in facts if isinstance(row, Company)), None)
    connection = connection_of(engine, session)
    if company is None or connection is None:
        return Trouble("QuickBooks did not say which company file is open.", "Press Update Selected once more.")
    host = next((row for row in facts if isinstance(row, Host)), None)
    if host is not None and host.versions:
        session.qbxml = qbxml.common_version(host.versions) or session.qbxml
    desk = tickets.desk(engine.store, connection)
    trouble = _differs(engine, connection, desk, company, session.file)
    if trouble is None:
        trouble = _pin(engine, connection, company)
    if trouble is not None:
        return trouble
    session.checked = True
    _note(engine, session, desk, company, fingerprint([each.name for each in current.preferences(facts)]))
    if not desk.latest:  # else it is well once it is seen to be no old copy
        engine.note_health(connection, Health(state="ok"))
    return None


def shut(engine: Engine, session: Session, said: Said) -> Trouble:
    """QuickBooks could not be opened. Where the file was not the one we asked for, it may have been moved."""
    trouble, connection = taking.of_pc(said), connection_of(engine, session)
    if connection is None or hresults.code(said.hresult) not in ELSEWHERE:
        return trouble
    place = connection.settings.get("company_file") or tickets.desk(engine.store, connection).file
    moved = f" It was last open at {place}. {MOVED.format(name=connection.name)}" if place else ""
    return replace(trouble, fix=f"{trouble.fix}{moved}")


def connection_of(engine: Engine, session: Session) -> Connection | None:
    key = (setups.pk(session.tenant), f"CONNECTION#{session.connection}")
    item = engine.store.get([key]).get(key)
    return setups.read_connection(session.tenant, item) if item else None


# ---------------------------------------------------------------------------------------------- inside


def _differs(engine: Engine, connection: Connection, desk: Desk, company: Company, file: str) -> Trouble | None:
    known = login.of(engine, connection)
    expected = qwc.braced(known.file_id) if known else ""
    carried = company.file_id(qwc.OWNER_ID)
    wanted = connection.pinned.name if connection.pinned else "this connection's company"
    if carried and carried.upper() != expected.upper():
        return Trouble(
            f"The company file that is open ({company.name}, {file}) belongs to another connection, not to "
            f"{connection.name} ({wanted}). Nothing was read or written.",
            f"On the PC, open the company file of {wanted} in QuickBooks, then press Update Selected in the Web "
            "Connector.",
            locked=True,
        )
    if desk.company_name and not carried and company.name != desk.company_name:
        return Trouble(
            f"The company file that is open is {company.name}, not {desk.company_name}. Nothing was read or written.",
            f"On the PC, open the company file of {desk.company_name} in QuickBooks, then press Update Selected in the "
            "Web Connector.",
            locked=True,
        )
    place = connection.settings.get("company_file") or desk.file
    if place and file and file.casefold() != place.casefold():
        return Trouble(
            f"The company file is open at {file}, not at {place}. It may be a copy or a second PC, so nothing was read "
            "or written.",
            f"Open the one at {place}. {MOVED.format(name=connection.name)}",
            locked=True,
        )
    return None


def _pin(engine: Engine, connection: Connection, company: Company) -> Trouble | None:
    if connection.pinned is not None:
        return None
    known = login.of(engine, connection)
    pinned = Pinned(id=str(known.file_id) if known else company.name, name=company.name)
    wanted = _expected(engine, connection)
    if wanted and wanted.casefold() != company.name.casefold():
        return Trouble(
            f"{connection.name} is set up for {wanted}, but the company file that is open is {company.name}.",
            f"Open the company file of {wanted}, or correct `company` of {connection.name} and apply.",
            locked=True,
        )
    for _ in range(TRIES):
        held = setups.connections(engine.store, connection.tenant).get(connection.name)
        if held is None or held[0].pinned is not None:
            return None
        try:
            engine.store.write([setups.connection_put(replace(held[0], pinned=pinned), held[1])])
        except Conflict:
            continue
        return None
    return Trouble("The set-up of this connection is being changed right now.", "Press Update Selected once more.")


def _expected(engine: Engine, connection: Connection) -> str:
    """The company that the configuration names for the connection, "" when it names none."""
    key = setups.about_key(connection.tenant, connection.name)
    item = engine.store.get([key]).get(key)
    return str(item.body.get("company") or "") if item else ""


def _note(engine: Engine, session: Session, known: Desk, company: Company, facts: str) -> None:
    """The place is kept, so that the same file is asked for next time; changed preferences are news."""
    if known.facts != facts and "preference" not in session.wants:
        session.wants.append("preference")

    def seen(desk: Desk) -> Desk:
        return replace(
            desk,
            file=session.file or desk.file,
            company_name=company.name,
            facts=facts,
            trouble="",
            troubles=0,
        )

    tickets.change_desk(engine.store, session, seen, known)
