"""The .qwc file and the password for a connection, and when its Web Connector was last here."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlsplit

from chalicelib.engine.caller import Pass, Sight, Wish
from chalicelib.engine.connection import Connection
from chalicelib.engine.engine import Engine
from chalicelib.engine.ports import Conflict
from chalicelib.systems.quickbooks_desktop import login as logins
from chalicelib.systems.quickbooks_desktop import tickets
from chalicelib.systems.quickbooks_desktop.login import Login
from chalicelib.systems.quickbooks_desktop.qwc import Connector

TRIES = 5
THIS_MACHINE = "127.0.0.1"
ON_THE_PC = (
    "On the PC, see that Windows is signed in, that the Web Connector is open with Auto-Run ticked, and press "
    "Update Selected."
)


def admit(engine: Engine, connection: Connection, wish: Wish) -> Pass:
    """The file, always the same but for the schedule; and a password where there was none or a new one is wanted."""
    if wish.moved:  # where the company file is open at the next run is its place from then on
        tickets.change_desk(engine.store, connection, lambda desk: replace(desk, file=""))
    for _ in range(TRIES):
        found = logins.of(engine, connection)
        login = found or logins.drawn(engine)
        file = _file(connection, login, wish)
        if found and not wish.new_password:
            return Pass(file.file_name, file.text(), login.user, "")
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
    at = logins.last_visit(engine, login)
    if not at:
        return Sight("", f"The Web Connector has not called for {name} yet. We can only wait to be called.", ON_THE_PC)
    trouble = tickets.desk(engine.store, connection).trouble
    if trouble:
        return Sight(at, f"The Web Connector was last here for {name} at {at}, and that run ended early.", trouble)
    here = f"The Web Connector was last here for {name} at {at}. We can only wait to be called"
    asked = _asked(engine, connection)
    if connection.pinned is None:
        return Sight(at, f"{here}; which company file it has is not known yet.", ON_THE_PC, asked)
    return Sight(at, f"{here}; its company file is {connection.pinned.name}.", "", asked)


def _asked(engine: Engine, connection: Connection) -> bool:
    """Whether a list is to be read, or a session is under way."""
    desk = tickets.desk(engine.store, connection)
    session = tickets.load(engine.store, desk.session) if desk.session else None
    return bool(desk.wants) or (
        session is not None and tickets.is_alive(session, engine.clock.now(), engine.pace.session)
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
