"""The .qwc file and the password for a connection, and when its Web Connector was last here."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from chalicelib.engine import due
from chalicelib.engine.caller import Pass, Sight, Wish
from chalicelib.engine.connection import Connection
from chalicelib.engine.engine import Engine
from chalicelib.engine.ports import Conflict
from chalicelib.systems.quickbooks_desktop import login as logins
from chalicelib.systems.quickbooks_desktop import quiet, tickets
from chalicelib.systems.quickbooks_desktop.login import Login
from chalicelib.systems.quickbooks_desktop.qwc import Connector
from chalicelib.systems.quickbooks_desktop.tickets import Desk

TRIES = 5
MISSED = 3  # runs in a row, and the Web Connector is late
NEVER_LATE = timedelta(hours=1)  # after so little: a PC may be restarted
THIS_MACHINE = "127.0.0.1"
ON_THE_PC = (
    "On the PC, see that Windows is signed in, that the Web Connector is open with Auto-Run ticked, and press "
    "Update Selected."
)
OTHERWISE = "If it is meant to run less often, an admin says how often with `mlc qwc {name} --every MINUTES`."


def admit(engine: Engine, connection: Connection, wish: Wish) -> Pass:
    """The file, always the same but for the schedule; and a password where there was none or a new one is wanted."""
    for _ in range(TRIES):
        found = logins.of(engine, connection)
        login = found or logins.drawn(engine)
        file = _file(connection, login, wish)
        tickets.change_desk(engine.store, connection, lambda desk: _arranged(desk, wish))
        if found and not wish.new_password:
            return Pass(file.file_name, file.text(), login.user, "")
        due.watch_access(engine, connection.tenant, connection.name, engine.clock.now() + NEVER_LATE)
        try:
            password = logins.give_password(engine, connection, login, by=wish.by)
        except Conflict:
            continue  # somebody else asked at this moment: theirs is the login now
        return Pass(file.file_name, file.text(), login.user, password)
    raise Conflict([(f"Q#{connection.key}", "LOGIN")])


def seen(engine: Engine, connection: Connection) -> Sight:
    login = logins.of(engine, connection)
    name = connection.name
    if login is None:
        return Sight(
            "",
            f"{name} has no login for the Web Connector yet. QuickBooks Desktop cannot be called; it calls us.",
            f"An admin runs `mlc qwc {name}` and adds the file to the Web Connector on the PC with QuickBooks.",
        )
    desk = tickets.desk(engine.store, connection)
    at = desk.seen_at
    if not at:
        return Sight("", f"The Web Connector has not called for {name} yet. We can only wait to be called.", ON_THE_PC)
    message, fix = _last_run(connection, desk)
    return Sight(
        at,
        message,
        fix=fix,
        asked=_asked(engine, desk),
        late_at=_late_at(connection, desk),
        late=_late(connection, desk),
        late_fix=f"{ON_THE_PC} {OTHERWISE.format(name=name)}",
    )


def _last_run(connection: Connection, desk: Desk) -> tuple[str, str]:
    """What came of it, and what is to be done."""
    here = f"The Web Connector was last here for {connection.name} at {desk.seen_at}"
    if desk.trouble:
        return f"{here}, and that run ended early.", desk.trouble
    if connection.pinned is None:
        return f"{here}. We can only wait to be called; which company file it has is not known yet.", ON_THE_PC
    return f"{here}. We can only wait to be called; its company file is {connection.pinned.name}.", ""


def _asked(engine: Engine, desk: Desk) -> bool:
    """Whether a list is to be read, or a session is under way."""
    session = tickets.load(engine.store, desk.session) if desk.session else None
    alive = session is not None and tickets.is_alive(session, engine.clock.now(), engine.pace.session)
    return alive or bool(desk.wants)


def _arranged(desk: Desk, wish: Wish) -> Desk:
    """Moved, or restored: the company file that is open at the next run is the right one, where it is."""
    return replace(
        desk,
        every_minutes=wish.every_minutes,
        file="" if wish.moved else desk.file,
        latest=() if wish.moved else desk.latest,
    )


def _late_at(connection: Connection, desk: Desk) -> datetime | None:
    """Quiet hours are not counted: the PC may be off then."""
    silence = max(MISSED * timedelta(minutes=desk.every_minutes), NEVER_LATE)
    return quiet.after(connection.settings.get("quiet", ""), datetime.fromisoformat(desk.seen_at), silence)


def _late(connection: Connection, desk: Desk) -> str:
    seen = datetime.fromisoformat(desk.seen_at)
    every = "every minute" if desk.every_minutes == 1 else f"every {desk.every_minutes} minutes"
    return (
        f"The Web Connector for {connection.name} has not called since {seen:%Y-%m-%d %H:%M} UTC; it should call "
        f"{every}. Nothing moves to or from QuickBooks Desktop until it does."
    )


def _file(connection: Connection, login: Login, wish: Wish) -> Connector:
    """The address is its own support page: it answers a GET, and the two must be of one host."""
    url = wish.url
    here = urlsplit(url)
    if here.hostname == THIS_MACHINE:  # the Web Connector takes no number for a host (QBWC1001)
        url = here._replace(netloc=f"localhost:{here.port or 80}").geturl()
    return Connector(
        url=url,
        support=url,
        user_name=login.user,
        file_id=login.file_id,
        every_minutes=wish.every_minutes,
        title=connection.name,
    )
