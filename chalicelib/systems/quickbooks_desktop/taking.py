"""What an answer means: a write has its outcome, a question its answer, the PC its trouble."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from chalicelib.engine import ledger
from chalicelib.engine.deliver import arrived, reported
from chalicelib.engine.engine import Engine
from chalicelib.engine.errors import ConnectorError, Held, Stale, Unknown
from chalicelib.engine.records import Current, Done, Json, Money, RecordKey
from chalicelib.systems.quickbooks_desktop import (
    current,
    hresults,
    looking,
    qbxml,
    reading,
    rows,
    statuses,
    verdicts,
)
from chalicelib.systems.quickbooks_desktop.asking import (
    BEHIND,
    FACTS,
    FORGET,
    LARGE,
    LEAST,
    READS,
    SENT,
    SLOW,
    TOPICS,
)
from chalicelib.systems.quickbooks_desktop.known import Known
from chalicelib.systems.quickbooks_desktop.reading import Answer, Malformed, Status
from chalicelib.systems.quickbooks_desktop.tickets import Kept, Question, Session, Write

MOST_STALE = 3
NOT_THERE = 3120
ENDED = 3391  # the iterator is not valid any more


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why the session cannot go on, in words for the person at the PC; `locked`: an Admin must let us in first."""

    says: str
    fix: str
    locked: bool = False


@dataclass(frozen=True, slots=True)
class Said:
    """The PC's answer: a response, or an hresult with its message where the message as a whole was refused."""

    response: str
    hresult: str = ""
    message: str = ""

    @property
    def refused(self) -> bool:
        return bool(self.hresult.strip())


def take(engine: Engine, known: Known, said: Said) -> Trouble | None:
    """Take in the answer to what was handed out."""
    session = known.session
    question = session.question
    assert question is not None
    session.question, session.text = None, ""
    if question.write is not None:
        return _written(engine, known, question.write, said)
    if said.refused:
        return _refused(session, question, said)
    try:
        answer = reading.whole(said.response)
    except Malformed:
        return _again(session, question, "QuickBooks sent an answer that is cut off or damaged.")
    trouble = _unanswered(session, question, answer)
    if trouble is None and question.topic in (*TOPICS, FACTS, SENT):
        _keep(engine, known, question, answer, said.response)
    return trouble


def late(engine: Engine, write: Write, said: Said) -> bool:
    """An answer after its session was given up: it still counts, unless the record was settled meanwhile.

    Where that was by sending it once more, and now both were done, a person must look.
    """
    key, result = RecordKey.from_pk(write.key), _outcome(write, said)
    if arrived(engine, key, write.at, result):
        return True
    head = ledger.heads(engine.store, [key]).get(key)
    if isinstance(result, Done) and head is not None and head.link is not None and head.state != "held":
        known = Current(id=str(head.link["target_id"]), version="", body={}, raw={}, label=str(head.link["label"]))
        if known.id != result.current.id:
            reported(engine, key, looking.twice(write.title, [known, result.current]))
    return False


# ---------------------------------------------------------------------------------------------- writes


def _written(engine: Engine, known: Known, write: Write, said: Said) -> Trouble | None:
    session = known.session
    result = _outcome(write, said)
    settled = arrived(engine, RecordKey.from_pk(write.key), write.at, result)
    known.forget([*write.about, *_ids(result)])
    doubt = isinstance(result, Unknown)
    if not doubt and settled:
        session.clear = write.set_id
    if isinstance(result, Held):  # our lists are outdated: how they stand now tells later that they changed
        kinds = [token.removeprefix("reference:") for token in result.waits_for if token.startswith("reference:")]
        session.wants += [kind for kind in kinds if kind not in session.wants]
    session.writes += isinstance(result, Done)
    session.failed += not isinstance(result, Done)
    if isinstance(result, Done) and write.again and write.kind == "bill":
        session.verify.append(write)
    if isinstance(result, Stale) and session.tried.get(write.key, 0) < MOST_STALE:
        session.tried[write.key] = session.tried.get(write.key, 0) + 1
        session.batch.insert(0, write.key)
    if said.refused and hresults.meaning(said.hresult, writes=False).kind == "AGAIN":
        return _older(session)
    return of_pc(said) if said.refused and doubt else None


def _outcome(write: Write, said: Said) -> Done | ConnectorError:
    if said.refused:
        return verdicts.no_answer(said.hresult, said.message, title=write.title)
    try:
        answer = reading.whole(said.response)
    except Malformed as bad:
        lost = f"QuickBooks' answer about {write.title} could not be read; it is looked up before anything is repeated."
        return Unknown(lost).seen(f"{bad} {said.response[:1000]}")
    reply = answer.to(write.set_id)
    if reply is None:
        words = f"QuickBooks did not say what came of {write.title}; it is looked up before anything is repeated."
        return Unknown(words).seen(said.response[:1000])
    if _is_gone(write, reply.status):
        return Stale(f"{write.title} is no longer in QuickBooks.").seen(reply.status.message)
    refused = verdicts.refusal(reply.status, title=write.title)
    return _done(write, reply) if refused is None else refused


def _is_gone(write: Write, status: Status) -> bool:
    """The id that is not there is that of what was to be changed, and of nothing that it names."""
    return write.op != "create" and status.code == NOT_THERE and write.about[-1] in status.message


def _done(write: Write, reply: reading.Reply) -> Done | ConnectorError:
    told: Json = {
        "message_set": write.set_id,
        "status": reply.status.code,
        "severity": reply.status.severity,
        "message": reply.status.message,
    }
    notes = [statuses.plain_words(reply.status.message)] if reply.status.code else []
    for row in reply.rows:
        if isinstance(row, rows.Bill | rows.Vendor):
            stands = current.of(row, write.mark)
            money = Money(row.total, "") if isinstance(row, rows.Bill) else None
            return Done(current=stands, answer={**told, "returned": stands.raw}, money=money, notes=notes)
        if isinstance(row, rows.Deleted):
            gone = current.gone(row)
            return Done(current=gone, answer=told, notes=notes)
    words = f"QuickBooks took {write.title}, but did not show it; it is looked up."
    return Unknown(words).seen(str(reply.unread))


def _ids(result: Done | ConnectorError) -> list[str]:
    return [result.current.id] if isinstance(result, Done) else []


# ---------------------------------------------------------------------------------------------- questions


def _unanswered(session: Session, question: Question, answer: Answer) -> Trouble | None:
    """What keeps an answer from being one."""
    if question.topic not in TOPICS:
        return None
    if not answer.replies:
        return _again(session, question, "QuickBooks did not answer what it was asked.")
    status = answer.replies[0].status
    said = statuses.meaning(status.code, status.severity, writes=False, detail=status.message)
    if said.kind in ("FINE", "ABSENT") or status.code == ENDED:
        return None
    words = verdicts.problem(said, title="The list", detail=statuses.plain_words(status.message))
    return Trouble(words.message, said.fix)


def _keep(engine: Engine, known: Known, question: Question, answer: Answer, response: str) -> None:
    session = known.session
    status = answer.replies[0].status if answer.replies else None
    if status is not None and status.code == ENDED:  # the list begins anew
        session.kept = [each for each in session.kept if each.topic != question.topic]
        return
    _steer(engine, session, question, len(response))
    following = status.iterator if status is not None and status.remaining else ""
    session.number += 1
    if question.topic in READS:
        session.kept = [each for each in session.kept if not _is_past(each, question)]
    kept = Kept(session.number, question.topic, question.values, following, question.size, question.page)
    known.keep(kept, answer, response, engine.clock.now())


def _is_past(kept: Kept, question: Question) -> bool:
    """A page that whoever reads the list has left behind; or any of it, where the list begins anew."""
    same = kept.topic == question.topic and kept.values == question.values
    return same and (not question.page or kept.page < question.page - BEHIND)


def _steer(engine: Engine, session: Session, question: Question, size: int) -> None:
    """A page that took long or was large is halved from the next list on; that one's, being neither, grow again."""
    if not question.size or not question.at:
        return
    took = (engine.clock.now() - datetime.fromisoformat(question.at)).total_seconds()
    if took > SLOW or size > LARGE:
        session.sizes[question.topic] = max(LEAST, question.size // 2)
    elif session.sizes.get(question.topic) == question.size and took < SLOW / 4 and size < LARGE / 4:
        session.sizes[question.topic] = min(TOPICS[question.topic].page, question.size * 2)


def _again(session: Session, question: Question, why: str) -> Trouble | None:
    """A damaged answer to a question: asked once more, in smaller pages; a second time ends the session."""
    if question.size:
        session.sizes[question.topic] = max(LEAST, question.size // 2)
        session.kept = [each for each in session.kept if each.topic != question.topic]
    session.spoilt += 1
    if session.spoilt < 3:
        return None
    return Trouble(why, "Nothing for now: it is asked again at the next run of the Web Connector.")


def _refused(session: Session, question: Question, said: Said) -> Trouble | None:
    meant = hresults.meaning(said.hresult, writes=False)
    if meant.kind == "AGAIN":
        return _older(session)
    return None if question.topic == FORGET else of_pc(said, title=f"the question about {question.topic}")


def _older(session: Session) -> Trouble | None:
    """This QuickBooks speaks an older qbXML: go on in that."""
    lower = qbxml.lower_version(session.qbxml)
    if lower is None:
        said = hresults.meaning("0x80040404", writes=False)
        return Trouble("This release of QuickBooks is too old for this service.", said.fix)
    session.qbxml = lower
    return None


def of_pc(said: Said, *, title: str = "this session") -> Trouble:
    """What an hresult says of the PC."""
    meant = hresults.meaning(said.hresult, writes=False)
    words = meant.says.format(title=title, detail=statuses.plain_words(said.message), company="")
    return Trouble(words, meant.fix, meant.kind == "LOCKED")
