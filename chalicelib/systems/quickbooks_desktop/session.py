"""The session of one Web Connector with us, from authenticate to closeConnection (sheet 1.4 to 1.8).

Each step is taken under the condition that nobody took it before: a call that comes twice never hands out a second
write. What QuickBooks may have done and nobody told us is looked up in the next session before anything else.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from chalicelib.engine import due
from chalicelib.engine.connection import Connection
from chalicelib.engine.engine import Engine
from chalicelib.engine.ports import Conflict, Op
from chalicelib.engine.setup import Health
from chalicelib.systems.quickbooks_desktop import companies, quiet, restored, taking, tickets
from chalicelib.systems.quickbooks_desktop.admission import NEVER_LATE
from chalicelib.systems.quickbooks_desktop.asking import LEAST, TOPICS
from chalicelib.systems.quickbooks_desktop.conversation import Conversation
from chalicelib.systems.quickbooks_desktop.known import Known
from chalicelib.systems.quickbooks_desktop.taking import Said, Trouble
from chalicelib.systems.quickbooks_desktop.tickets import Desk, Session, Write

NO_SESSION = "There is no such session any more. Nothing was done; the next run begins a new one."
OURS = "The connector had trouble of its own. Nothing is lost; the next run goes on."
DONE, FAILED = 100, -1
PATIENCE = 3  # sessions in a row that a window or a busy QuickBooks may cost before people are told


def open(engine: Engine, connection: Connection, address: str) -> list[str]:
    """What authenticate answers after a good password: a ticket, and what to do; `busy` while another session lives."""
    now = engine.clock.now()
    desk = tickets.desk(engine.store, connection)
    before = tickets.load(engine.store, desk.session) if desk.session else None
    if before is not None and tickets.is_alive(before, now, engine.pace.session):
        return ["", "busy"]
    ticket = engine.clock.token()
    if desk.seen_at and datetime.fromisoformat(desk.seen_at) + NEVER_LATE <= now:
        engine.called(connection)
    hushed = quiet.is_quiet(connection.settings.get("quiet", ""), now)
    unanswered = _unanswered(before)
    sent = tuple(dict.fromkeys([*desk.sent, *(write.key for write in unanswered)]))
    cut_off = before if before is not None and before.step != "over" else None
    wants = tuple(dict.fromkeys([*desk.wants, *(cut_off.wants if cut_off else ())]))
    waiting = sent or wants or desk.clear or desk.parked
    if hushed or not (waiting or _outbox(engine, connection)):
        tickets.change_desk(
            engine.store, connection, lambda d: replace(d, seen_at=now.isoformat(), address=address), desk
        )
        return [ticket, "none"]
    session = Session(
        hash=tickets.ticket_hash(ticket),
        tenant=connection.tenant,
        connection=connection.name,
        opened_at=now.isoformat(),
        seen_at=now.isoformat(),
        wants=list(wants),
        reading=desk.parked,
        sent=list(sent),
        batch=list(sent),
        sizes=_sizes(desk, before),
        clear=desk.clear,
    )
    taken = replace(desk, session=session.hash, seen_at=now.isoformat(), address=address, sent=sent, wants=(), clear="")
    ops: list[Op] = [session.put(now), taken.put()]
    if cut_off is not None:
        cut_off.lost += [write for write in unanswered if write not in cut_off.lost]
        cut_off.step = "over"
        ops.append(cut_off.put(now))
    try:
        engine.store.write(ops)
    except Conflict:
        return ["", "busy"]  # another PC came at this very moment
    return [ticket, connection.settings.get("company_file") or desk.file]


def send_request(  # noqa: PLR0917 -- the protocol's own parameters, in its order
    engine: Engine, ticket: str, hcp: str, company_file: str, country: str, major: str, minor: str
) -> str:
    """The next message, "" where getLastError has the words."""
    session = _load(engine, ticket)
    if session is None or session.step in ("close", "over"):
        return ""
    if session.step == "receive":
        return _once_more(engine, session)
    known = Known(engine.store, session)
    talk = Conversation(engine, session, known)
    if not session.rounds:
        trouble = companies.opened(engine, known, hcp, company_file, version=f"{major}.{minor}")
        if trouble is not None:
            return _stop(engine, session, trouble)
    if session.question is None and not talk.prepare():
        talk.fill()
    return _hand_out(engine, session)


def receive_response(engine: Engine, ticket: str, response: str, hresult: str, message: str) -> int:
    """Per cent done: 1 to 99 and it goes on, 100 and it is over, negative and getLastError has the words."""
    session = tickets.load(engine.store, tickets.ticket_hash(ticket))
    if session is None:
        return FAILED
    if _is_expired(engine, session):
        session.lost, session.step = _unanswered(session), "over"
    if session.step == "over" or session.question is None or session.step != "receive":
        return _late(engine, session, Said(response, hresult, message))
    known, answered = Known(engine.store, session), session.question.write
    trouble = taking.take(engine, known, Said(response, hresult, message))
    if trouble is None and not session.checked and session.kept:
        trouble = companies.told(engine, known)
    if trouble is None and session.checked and not session.sound:
        trouble = restored.check(engine, known)
    if trouble is not None:
        _stop(engine, session, trouble, answered=answered)
        return FAILED
    goes_on = Conversation(engine, session, known).prepare()
    session.step = "send" if goes_on else "close"
    _save(engine, session, answered=answered)
    return _percent(session) if goes_on else DONE


def connection_error(engine: Engine, ticket: str, hresult: str, message: str) -> str:
    """QuickBooks could not be opened: told to people, and tried again at the next run."""
    session = _load(engine, ticket)
    if session is not None and session.step not in ("close", "over"):
        _stop(engine, session, companies.shut(engine, session, Said("", hresult, message)))
    return "done"


def last_error(engine: Engine, ticket: str) -> str:
    session = _load(engine, ticket)
    return NO_SESSION if session is None else session.problem or (NO_SESSION if session.step == "over" else OURS)


def close(engine: Engine, ticket: str) -> str:
    """What the person at the PC reads as the result of the run."""
    session = tickets.load(engine.store, tickets.ticket_hash(ticket))
    if session is None:
        return "OK"
    if session.step != "over":
        lost, sizes = _unanswered(session), tuple(_sizes(tickets.desk(engine.store, session), session).items())
        session.lost += [write for write in lost if write not in session.lost]
        session.step, session.question, session.text = "over", None, ""
        clear, session.clear = session.clear, ""
        wants = session.wants

        def left(desk: Desk) -> Desk:
            if desk.session != session.hash:
                return desk
            wanted = tuple(dict.fromkeys([*desk.wants, *wants]))
            return replace(desk, clear=clear or desk.clear, wants=wanted, sizes=sizes)

        _write(engine, session, [])
        tickets.change_desk(engine.store, session, left)
    done = f"{session.writes} written" + (f", {session.failed} not" if session.failed else "")
    return session.problem or (f"OK, {done}" if session.writes or session.failed else "OK")


# ---------------------------------------------------------------------------------------------- steps


def _hand_out(engine: Engine, session: Session) -> str:
    """Put down that it leaves, and only then let it. Who loses that race hands out what the other one did."""
    assert session.question is not None
    now = engine.clock.now()
    session.question = replace(session.question, at=now.isoformat())
    session.step, session.rounds = "receive", session.rounds + 1
    write = session.question.write
    if write is not None:
        tickets.change_desk(engine.store, session, lambda d: _with_sent(d, write))
    text = session.text
    try:
        engine.store.write([session.put(now)])
    except Conflict:
        fresh = tickets.load(engine.store, session.hash)
        return _once_more(engine, fresh) if fresh is not None and fresh.step == "receive" else ""
    return text


def _once_more(engine: Engine, session: Session) -> str:
    """It is asked again without an answer: our last one got lost. A question is repeated; a write is not, as it may
    have arrived: it is looked up in the next session, and this one ends."""
    assert session.question is not None
    write = session.question.write
    if write is None:
        return session.text
    session.lost.append(write)
    session.ending = True
    talk = Conversation(engine, session, Known(engine.store, session))
    session.question = None
    talk.fill()
    return _hand_out(engine, session)


def _late(engine: Engine, session: Session, said: Said) -> int:
    """An answer that nobody waits for any more: repeated, or after its session was given up. A write's still counts."""
    for write in session.lost:
        if write.set_id in said.response and taking.late(engine, write, said):
            _answered(engine, session, write)
    if session.step == "send":
        return _percent(session)
    return DONE if session.step == "close" and not session.problem else FAILED


def _stop(engine: Engine, session: Session, trouble: Trouble, *, answered: Write | None = None) -> str:
    """The session ends with words for the person at the PC; people are told once of what needs one of them."""
    session.problem, session.step = f"{trouble.says} {trouble.fix}", "close"
    session.question, session.text = None, ""
    _save(engine, session, answered=answered)

    def troubled(desk: Desk) -> Desk:
        return replace(desk, trouble=session.problem, troubles=desk.troubles + 1)

    desk = tickets.change_desk(engine.store, session, troubled)
    connection = companies.connection_of(engine, session)
    if connection is not None and (trouble.locked or desk.troubles >= PATIENCE):
        engine.metrics.count("LockedOut", system=connection.system)
        engine.note_health(connection, Health(state="locked_out", message=trouble.says, fix=trouble.fix))
    return ""


def _save(engine: Engine, session: Session, *, answered: Write | None) -> None:
    _write(engine, session, [])
    if answered is not None:
        _answered(engine, session, answered)


def _answered(engine: Engine, session: Session, write: Write) -> None:
    tickets.change_desk(engine.store, session, lambda d: _without_sent(d, write.key))


def _write(engine: Engine, session: Session, ops: list[Op]) -> None:
    engine.store.write([session.put(engine.clock.now()), *ops])
    session.version += 1


def _load(engine: Engine, ticket: str) -> Session | None:
    session = tickets.load(engine.store, tickets.ticket_hash(ticket))
    return None if session is None or _is_expired(engine, session) else session


def _is_expired(engine: Engine, session: Session) -> bool:
    return datetime.fromisoformat(session.seen_at) + tickets.SILENT < engine.clock.now()


def _outbox(engine: Engine, connection: Connection) -> bool:
    return bool(due.in_outbox(engine, connection.tenant, connection.name, limit=1))


def _unanswered(session: Session | None) -> list[Write]:
    """What was handed out in it and never answered."""
    if session is None:
        return []
    question = session.question
    waiting = question.write if question is not None and session.step == "receive" else None
    return [*session.lost, *([waiting] if waiting is not None and waiting not in session.lost else [])]


def _sizes(desk: Desk, before: Session | None) -> dict[str, int]:
    """A page whose answer never came may have been too large: the next one is half of it."""
    sizes = dict(desk.sizes) | (before.sizes if before is not None else {})
    question = before.question if before is not None and before.step == "receive" else None
    if question is not None and question.size and question.topic in TOPICS:
        sizes[question.topic] = max(LEAST, question.size // 2)
    return sizes


def _percent(session: Session) -> int:
    done = session.rounds
    return max(1, min(99, 100 * done // (done + len(session.batch) + 1)))


def _with_sent(desk: Desk, write: Write) -> Desk:
    return desk if write.key in desk.sent else replace(desk, sent=(*desk.sent, write.key))


def _without_sent(desk: Desk, key: str) -> Desk:
    return replace(desk, sent=tuple(each for each in desk.sent if each != key))
