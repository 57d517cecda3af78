"""The job behind a consent: code to tokens, tokens saved before their first use, and whose company they lead to.

A code works once, so it is struck out before it is sent. The new tokens lie under a key of their own until the company
behind them is known; only the right one takes the place of what was there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from chalicelib.engine import due
from chalicelib.engine import setup as setups
from chalicelib.engine.connection import Connection
from chalicelib.engine.engine import Engine, unconfirmed
from chalicelib.engine.errors import ConnectorError, Held, LockedOut, TryAgain, Unknown
from chalicelib.engine.grants import grant_pk
from chalicelib.engine.line import Line
from chalicelib.engine.match import plain_name
from chalicelib.engine.ports import Conflict, Delete, Item, Put
from chalicelib.engine.records import Company, Json
from chalicelib.engine.system import Consent
from chalicelib.entry import callbacks, oauth
from chalicelib.entry.ping import expected_company

TRIES = 5
ASKS = 3  # of a vendor that surely did nothing yet
BETWEEN_ASKS = 2.0

Found = TypeVar("Found")


def run(engine: Engine, job: Json) -> None:
    """The job {"job": "connect", "consent"}. Run again after a crash it goes on where the table says it stood."""
    consent = str(job["consent"])
    item = oauth.look(engine, consent)
    connection = _connection(engine, item) if item else None
    if item is None or connection is None:
        return
    if item.body["state"] in ("found", "connected"):
        _follow(engine, connection)
        return
    line = engine.line(connection, trial=consent)
    if item.body["state"] == "working" and engine.grants.tried_out(line.grant_pk()) is None:
        return  # somebody else is at it, or died on the way: the page says so in time
    person = ""
    try:
        if item.body["state"] == "waiting" and not _exchange(engine, item, line):
            return  # another worker has it
        person = _person(engine, line)
        company = _patiently(engine, engine.load_system(connection.system).door(line).company)
    except ConnectorError as trouble:
        _refuse(engine, consent, line, (trouble.message, _fix(trouble, connection.name)), person=person)
        return
    refused = _decide(engine, consent, line, company, person=person)
    if refused:
        _refuse(engine, consent, line, refused, person=person)


# ---------------------------------------------------------------------------------------------- inside


def _exchange(engine: Engine, item: Item, line: Line) -> bool:
    """False when the code was not ours to use."""
    now = engine.clock.now()
    name = line.connection.name
    if item.blob is None or datetime.fromisoformat(str(item.body["until"])) <= now:
        raise LockedOut("The sign-in waited too long to be used.", fix=oauth.again(name))
    code = engine.vault.unseal(item.blob, context={"consent": item.pk[2:]}).decode()
    verifier = oauth.verifier(engine, item)
    working: Json = {**item.body, "state": "working", "verifier": "", "until": (now + oauth.WORK_TAKES).isoformat()}
    try:
        engine.store.write([Put(replace(item, body=working, blob=None))])
    except Conflict:
        return False
    consent = engine.load_system(line.connection.system).consent
    assert isinstance(consent, Consent)
    credentials = line.credentials(fresh=True)
    back = str(item.body["redirect_uri"])
    tokens = _patiently(engine, lambda: consent.exchange(line, code, back, verifier))
    engine.grants.try_out(line.grant_pk(), tokens, credentials)
    return True


def _patiently(engine: Engine, ask: Callable[[], Found]) -> Found:
    for _ in range(ASKS - 1):
        try:
            return ask()
        except TryAgain:
            engine.clock.sleep(BETWEEN_ASKS)
    return ask()


def _person(engine: Engine, line: Line) -> str:
    """Who consented, where the vendor's tokens are a person's; "" where they are the company's."""
    consent = engine.load_system(line.connection.system).consent
    ask = consent.holder if consent else None
    return _patiently(engine, lambda: ask(line)) if ask else ""


def _holder(line: Line, person: str) -> str:
    return f"{line.credentials().get('client_id', '')}#{person}" if person else ""


def _decide(engine: Engine, consent: str, line: Line, company: Company, *, person: str) -> tuple[str, str] | None:
    """The right company's grant takes the old one's place, together with the word of it; any other's never does.

    Returns what was wrong and what to do when it is refused.
    """
    again = oauth.again(line.connection.name)
    for _ in range(TRIES):
        item = oauth.look(engine, consent)
        found = setups.connections(engine.store, line.connection.tenant).get(line.connection.name)
        tokens = engine.grants.tried_out(line.grant_pk())
        if item is None or tokens is None or item.body["state"] != "working":
            return None
        if found is None or found[0].settings != line.connection.settings:
            return "The connection was set up anew meanwhile.", again
        connection, version = found
        wanted = connection.pinned.name if connection.pinned else expected_company(engine, connection)
        if unfit := _unfit(connection, company, wanted) or _taken_by_another(engine, connection, person):
            return unfit
        known = bool(connection.pinned or wanted)
        new = replace(connection, pinned=connection.pinned or company, found=None)
        new = replace(new if known else replace(connection, found=company), holder=_holder(line, person))
        claim = _claim(engine, connection, person)
        said: Json = {"state": "connected" if known else "found", "company": {"id": company.id, "name": company.name}}
        ops = [*claim, *engine.grants.adoption(engine.grant_pk(new), tokens, line.grant_pk())]
        callbacks.begin(engine, new, oauth.service_of(item, new))
        try:
            engine.store.write(
                [*ops, setups.connection_put(new, version), Put(replace(item, body={**item.body, **said}))]
            )
        except Conflict:
            continue
        _follow(engine, new)
        return None
    return "Others were changing this connection at the same time.", again


def _follow(engine: Engine, connection: Connection) -> None:
    due.watch_access(engine, connection.tenant, connection.name)
    if connection.unconfirmed:
        engine.locked_out(connection, unconfirmed(connection))
    else:
        oauth.opened(engine, connection)


def _unfit(connection: Connection, company: Company, wanted: str) -> tuple[str, str] | None:
    if connection.pinned and connection.pinned.id != company.id:
        return _another(connection, company, f"{wanted} ({connection.pinned.id})")
    if not connection.pinned and wanted and plain_name(wanted) != plain_name(company.name):
        return _another(connection, company, wanted)
    return None


def _claim(engine: Engine, connection: Connection, person: str) -> list[Put]:
    """The write by which the person's consent is this customer's alone, unless it is that already."""
    pk, sk = setups.person_key(connection, person)
    if not person or (pk, sk) in engine.store.get([(pk, sk)]):
        return []
    return [Put(Item(pk=pk, sk=sk, body={"tenant": connection.tenant, "at": engine.clock.now().isoformat()}))]


def _taken_by_another(engine: Engine, connection: Connection, person: str) -> tuple[str, str] | None:
    key, name = setups.person_key(connection, person), connection.name
    taken = engine.store.get([key]).get(key) if person else None
    if taken is None or taken.body["tenant"] == connection.tenant:
        return None
    return (
        f"The person who signed in already gives another customer of this service access: {name} was not connected. A "
        "sign-in has one access for all of its companies, so that two customers would lock each other out.",
        f"{oauth.again(name)} Sign in as another person who may see the company. If both are yours, ask the operator.",
    )


def _refuse(engine: Engine, consent: str, line: Line, why: tuple[str, str], *, person: str) -> None:
    """What the consent brought is forgotten: nobody uses it. But a person's newer access has ended the one before, so
    that it takes the place of that where it serves already."""
    held = grant_pk(replace(line.connection, holder=_holder(line, person)), "") if person else ""
    for _ in range(TRIES):
        item = oauth.look(engine, consent)
        if item is None or item.body["state"] not in ("waiting", "working"):
            return
        body: Json = {**item.body, "state": "refused", "message": why[0], "fix": why[1]}
        tokens = engine.grants.tried_out(line.grant_pk())
        ops: list[Put | Delete] = [Delete(line.grant_pk(), "GRANT")]
        if tokens is not None and held and (held, "GRANT") in engine.store.get([(held, "GRANT")]):
            ops = engine.grants.adoption(held, tokens, line.grant_pk())
        try:
            engine.store.write([Put(replace(item, body=body, blob=None)), *ops])
        except Conflict:
            continue
        return


def _another(connection: Connection, company: Company, wanted: str) -> tuple[str, str]:
    return oauth.another_company(connection.name, f"{company.name} ({company.id})", wanted)


def _fix(trouble: ConnectorError, name: str) -> str:
    if isinstance(trouble, LockedOut | Held):
        return trouble.fix
    if isinstance(trouble, Unknown):
        return f"It is not known whether the sign-in was taken, so it cannot be repeated. {oauth.again(name)}"
    return oauth.again(name)


def _connection(engine: Engine, item: Item) -> Connection | None:
    at = (setups.pk(str(item.body["tenant"])), f"CONNECTION#{item.body['connection']}")
    found = engine.store.get([at]).get(at)
    return setups.read_connection(str(item.body["tenant"]), found) if found else None
