"""What is asked next, and what an answer means: the order of sheet section 7.

The company file is made sure of, lists that somebody needs are read, then the records of the outbox come batch by
batch: first everybody of a batch is asked about (what an earlier session left unanswered goes before all others), then
its writes go out, one a message. The engine decides each record by the same code as for every other system; what it
needs to know and was not told yet is the next question.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from chalicelib.engine import due, hold, ledger, notice, parked, poll, references
from chalicelib.engine import setup as setups
from chalicelib.engine.deliver import deliver, reported
from chalicelib.engine.engine import Engine, OpenFlow
from chalicelib.engine.errors import Later
from chalicelib.engine.records import Json, RecordKey
from chalicelib.systems.quickbooks_desktop import asking, current, looking, messages, qbxml, restored, tickets
from chalicelib.systems.quickbooks_desktop import source as source_end
from chalicelib.systems.quickbooks_desktop.asking import FACTS, FORGET, READS, SENT, TOPICS
from chalicelib.systems.quickbooks_desktop.known import Doubt, Known, Wish
from chalicelib.systems.quickbooks_desktop.messages import Page
from chalicelib.systems.quickbooks_desktop.target import Present
from chalicelib.systems.quickbooks_desktop.tickets import Desk, Question, Session, Write

BATCH = 25
MOST_TRIES = 3  # of one record in one session
MOST_ROUNDS = 200
LONGEST = timedelta(minutes=10)  # people want to use QuickBooks
MOST_BATCHES = 8  # that need no question, gone through within one call
FILL = "host"


@dataclass(slots=True)
class Conversation:
    engine: Engine
    session: Session
    known: Known
    _flows: list[OpenFlow] | None = None

    @property
    def now(self) -> datetime:
        return self.engine.clock.now()

    def prepare(self) -> bool:
        """Make the next message; False when there is nothing more to say."""
        session = self.session
        session.question, session.text = None, ""
        if not self.known.is_told:
            self._ask(Wish(FACTS))
        elif not session.ending and not self._is_long():
            self._sound() or self._verify() or self._lists() or self._records() or self._reads()
        elif not session.ending and session.sound and self._reads() and not self._goes_on():
            session.question, session.text = None, ""
        if session.question is None and session.clear:
            self._send(FORGET, qbxml.forget(session.clear, version=session.qbxml))
            session.clear = ""
        return session.question is not None

    def fill(self) -> None:
        """Something harmless, where a message is owed and there is nothing to say (sheet 1.8)."""
        id_ = self._id(FILL)
        self.session.question = Question(id_, FILL)
        self.session.text = qbxml.message([messages.host(id_)], version=self.session.qbxml)

    def _goes_on(self) -> bool:
        """A list that was begun is read to its end: its iterator dies with the session (sheet 4.1)."""
        return self.session.question is not None and self.session.question.page > 0

    def _is_long(self) -> bool:
        opened = datetime.fromisoformat(self.session.opened_at)
        return self.session.rounds >= MOST_ROUNDS or opened + LONGEST < self.now

    # ------------------------------------------------------------------ what comes next

    def _sound(self) -> bool:
        """The last record that was read is asked for; what it means is seen when the answer comes."""
        if not self.session.sound:
            restored.check(self.engine, self.known)
        return not self.session.sound and self._ask_wished()

    def _verify(self) -> bool:
        """After a bill was sent again, its number is asked for once more: two of ours are told at once (sheet 5.3)."""
        while self.session.verify:
            write = self.session.verify[0]
            try:
                found = self.known.rows("bill_number", write.about[:1])
            except Later:
                return self._ask_wished()
            except Doubt:
                found = {}
            bills = [current.of(row, write.mark) for each in found.values() for row in each]
            ours = {bill.id: bill for bill in bills if bill.ours}
            if len(ours) > 1:
                reported(self.engine, RecordKey.from_pk(write.key), looking.twice(write.title, list(ours.values())))
            self.session.verify.pop(0)
        return False

    def _lists(self) -> bool:
        while self.session.wants:
            kind = self.session.wants[0]
            flows = [flow for flow in self.flows() if kind in flow.flow.lists(flow.policies)]
            try:
                changed = bool(flows) and self._refresh(flows[0], kind)
            except Later:
                return self._ask_wished()
            for flow in flows if changed else []:
                hold.release(flow, {f"reference:{kind}"})
            self.session.wants.pop(0)
        return False

    def _refresh(self, flow: OpenFlow, kind: str) -> bool:
        flow.reach(self._present(sparing=True))
        return references.refresh(flow, kind)

    def _records(self) -> bool:
        for _ in range(MOST_BATCHES):
            if not self.session.batch:
                self._take_batch()
            if not self.session.batch:
                return False
            if self._batch():
                return True
        self.fill()
        return True

    def _batch(self) -> bool:
        """Bring the batch as far as it goes without an answer; True when there is something to send."""
        session = self.session
        if not session.asked:
            deliver(self.engine, [RecordKey.from_pk(pk) for pk in session.batch], self._present(sparing=True))
            if self._ask_wished():
                return True
            session.asked = True
        while session.batch:
            present = self._present(sparing=False)
            deliver(self.engine, [RecordKey.from_pk(session.batch[0])], present)
            if present.write is not None and present.request is not None:
                self._hand_over(present.write, present.request)
                session.batch.pop(0)
                return True
            if self._ask_wished():
                return True
            session.batch.pop(0)
        self._settled()
        session.asked = False
        session.kept = [each for each in session.kept if each.topic == FACTS or each.topic in READS]
        return False

    def _settled(self) -> None:
        """What earlier sessions left unanswered was looked up: only what is still unknown stays on the desk."""
        session = self.session
        if not session.sent:
            return
        heads = ledger.heads(self.engine.store, [RecordKey.from_pk(pk) for pk in session.sent])
        gone = {pk for pk in session.sent if (head := heads.get(RecordKey.from_pk(pk))) is None or head.intent is None}
        session.sent = []

        def cleared(desk: Desk) -> Desk:
            return replace(desk, sent=tuple(pk for pk in desk.sent if pk not in gone))

        tickets.change_desk(self.engine.store, session, cleared)

    def _take_batch(self) -> None:
        """The next of the outbox, in the order in which their moves depend on one another."""
        tried = self.session.tried
        found = due.in_outbox(self.engine, self.session.tenant, self.session.connection, limit=BATCH + len(tried))
        keys = [key for key in found if tried.get(key.pk, 0) < MOST_TRIES][:BATCH]
        if len(keys) > 1:
            order = {(flow.setup.name, move.name): n for flow in self.flows() for n, move in enumerate(flow.flow.moves)}
            keys.sort(key=lambda key: order.get((key.flow, key.move), 0))
        for key in keys:
            tried[key.pk] = tried.get(key.pk, 0) + 1
        self.session.batch, self.session.asked = [key.pk for key in keys], False

    def _reads(self) -> bool:
        """What waits to be read from here: single records, then the runs of the flows that read from here."""
        session = self.session
        while session.reading:
            jobs = parked.jobs(self.engine, session.tenant, session.connection)
            if not jobs:
                session.reading = False
                tickets.change_desk(self.engine.store, session, lambda desk: replace(desk, parked=False))
            for job in jobs:
                try:
                    following = self._read(job)
                except Later:
                    return self._ask_wished()
                parked.done(self.engine, session.connection, job, following)
        return False

    def _read(self, job: Json) -> Json | None:
        """Do one job as far as it goes; the one after it."""
        flow = self.engine.open(str(job["tenant"]), str(job["flow"]))
        if flow is None:
            return None
        source = source_end.Present(self.known, now=self.now, cut_over=flow.setup.cut_over)
        if "notice" not in job:
            return poll.advance(self.engine, job, source)
        move = flow.flow.move(str(job["notice"]))
        if move is not None:
            flow.hear(source)
            notice.one(flow, move, str(job["id"]))
        return None

    def flows(self) -> list[OpenFlow]:
        """The flows that write to this company file; read once a call."""
        if self._flows is None:
            self._flows = self._opened()
        return self._flows

    def _opened(self) -> list[OpenFlow]:
        session = self.session
        names = [
            setup.name
            for setup in setups.flows(self.engine.store, session.tenant).values()
            if setup.target == session.connection and setup.state != "paused"
        ]
        return [flow for name in names if (flow := self.engine.open(session.tenant, name)) is not None]

    # ------------------------------------------------------------------ making the message

    def _present(self, *, sparing: bool) -> Present:
        return Present(self.known, now=self.now, settles=self.engine.pace.settles, sparing=sparing)

    def _ask_wished(self) -> bool:
        wishes, self.known.wishes = self.known.wishes, []
        if wishes:
            self._ask(wishes[0])
        return bool(wishes)

    def _ask(self, wish: Wish) -> None:
        session = self.session
        if wish.topic == SENT:
            self._send(SENT, qbxml.status_check(wish.values[0], version=session.qbxml), wish.values)
            return
        id_ = self._id(wish.topic)
        size = wish.size if wish.next else self._size(wish.topic)  # a list goes on as it began (sheet 4.1)
        requests = asking.requests(wish.topic, id_, wish.values, Page(max(size, 1), wish.next))
        text = qbxml.message(requests, version=session.qbxml, on_error="continueOnError")
        session.question = Question(id_, wish.topic, tuple(wish.values), wish.page, size)
        session.text = text

    def _hand_over(self, write: Write, request: qbxml.Request) -> None:
        session = self.session
        session.question = Question(write.set_id, "write", write=write)
        session.text = qbxml.message([request], version=session.qbxml, new_set=write.set_id, old_set=session.clear)
        session.clear = ""

    def _send(self, topic: str, text: str, values: Sequence[str] = ()) -> None:
        self.session.question = Question(self._id(topic), topic, tuple(values))
        self.session.text = text

    def _id(self, topic: str) -> str:
        self.session.number += 1
        return f"{topic}-{self.session.number}"

    def _size(self, topic: str) -> int:
        page = TOPICS[topic].page if topic in TOPICS else 0
        return min(page, self.session.sizes.get(topic, page)) if page else 0
