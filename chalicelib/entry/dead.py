"""Dead letters: messages that failed too often. What they are about, and sending back, parking or dropping them.

A letter leaves its queue only after what becomes of it is written down or sent, so that a crash in between repeats and
never loses. One that was sent back and failed again is parked: kept in the table, with its record held for a person.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from chalicelib.engine import deliver, ledger
from chalicelib.engine.engine import Engine
from chalicelib.engine.errors import Held
from chalicelib.engine.ports import DEAD, Delete, Item, Put, Received
from chalicelib.engine.records import Json, RecordKey
from chalicelib.engine.replay import replay
from chalicelib.entry import errands

MOST = 500  # messages of one queue in one go
SENT_BACK = timedelta(days=2)  # so long after it was sent back, a letter that lies there again failed again
SKEW = timedelta(minutes=1)  # between our clock and the queue's
AGAIN = "It failed again after it was sent back."
PK = "DEAD"
FIELDS = ("tenant", "connection", "system", "flow", "move", "run")  # what may be shown of a job

log = logging.getLogger("mlc")


@dataclass(frozen=True, slots=True)
class Letter:
    """One message, however many copies of it there are; parked ones have no receipts."""

    queue: str
    body: str
    sent_at: Sequence[datetime] = ()
    receipts: Sequence[str] = ()
    parked: Json = field(default_factory=dict)

    @property
    def id(self) -> str:
        return hashlib.sha256(f"{self.queue} {self.body}".encode()).hexdigest()[:16]

    @property
    def record(self) -> RecordKey | None:
        """The record that it is about."""
        if self.queue.startswith("writer-"):
            return RecordKey.from_pk(self.body) if self.body.count("#") >= 4 else None
        job = self.job
        if "notice" in job and {"tenant", "flow", "id"} <= set(job):
            return RecordKey.of(*(str(job[name]) for name in ("tenant", "flow", "notice", "id")))
        return None

    @property
    def job(self) -> Json:
        try:
            read = json.loads(self.body)
        except ValueError:
            return {}
        return read if isinstance(read, dict) else {}

    @property
    def tenant(self) -> str:
        return self.record.tenant if self.record else str(self.job.get("tenant") or "nobody")

    def told(self) -> Json:
        """What it is about; nothing that a vendor or a customer wrote is in it."""
        record, job = self.record, self.job
        about: Json = {name: str(job[name])[:100] for name in FIELDS if job.get(name)}
        about |= {"tenant": self.tenant, "record": record.id} if record else {}
        if self.queue.startswith("writer-"):
            what = "a record to write" if record else "not readable"
        elif self.queue == "poll":
            what = "a record to read" if "notice" in job else "a step of a run" if "run" in job else "not readable"
        else:
            what = f"the job {str(job['job'])[:40]}" if "job" in job else "not readable"
        return {"id": self.id, "queue": self.queue, "what": what, "about": about}


def queues(engine: Engine) -> list[str]:
    targets = [name for name in engine.systems if engine.load_system(name).target is not None]
    return ["poll", "jobs", *(f"writer-{name}" for name in sorted(targets))]


def run(engine: Engine, job: Json) -> None:
    """The job {"job": "dead", "tenant", "id", "do", "queue", "ids", "parked", "why"}: one errand of the operator."""
    known = errands.look(engine, "dead", str(job["tenant"]), str(job["id"]))
    if known is None or known["state"] == "done":
        return
    chosen = [name for name in queues(engine) if job.get("queue") in ("", None, name)]
    named = job.get("ids")
    ids = {str(id_) for id_ in named} if isinstance(named, list) else set()
    told: list[Json] = []
    counts: list[Json] = []
    parked = [letter for letter in _parked(engine) if letter.queue in chosen]
    for queue in chosen:
        letters, more = _collected(engine, queue)
        for letter in letters:
            told.append(_one(engine, job, letter, mine=letter.id in ids if ids else not job.get("parked")))
        counts.append(_count(queue, letters, more))
    for letter in parked:
        told.append(_one(engine, job, letter, mine=letter.id in ids if ids else bool(job.get("parked"))))
    missing = sorted(ids - {str(one["id"]) for one in told})
    errands.settle(engine, "dead", job, {"queues": counts, "letters": told, "missing": missing})


# ---------------------------------------------------------------------------------------------- inside


def _collected(engine: Engine, queue: str) -> tuple[list[Letter], bool]:
    """What lies there, copies together; and whether there may be more."""
    found: dict[str, list[Received]] = {}
    taken = 0
    while taken < MOST:
        batch = engine.queue.receive(queue + DEAD)
        if not batch:
            break
        taken += len(batch)
        for received in batch:
            found.setdefault(received.body, []).append(received)
    letters = [
        Letter(queue, body, [one.sent_at for one in copies], [one.receipt for one in copies])
        for body, copies in found.items()
    ]
    return letters, taken >= MOST


def _count(queue: str, letters: Iterable[Letter], more: bool) -> Json:
    sent = [moment for letter in letters for moment in letter.sent_at]
    return {
        "queue": queue,
        "messages": len(sent),
        "oldest": min(sent).isoformat() if sent else "",
        "more": more,
    }


def _one(engine: Engine, job: Json, letter: Letter, *, mine: bool) -> Json:
    """Do with it what is asked, where it is one of those that are meant; the others are left as they lie."""
    do, came = str(job["do"]), ""
    if not mine or do == "list":
        engine.queue.release(letter.queue + DEAD, letter.receipts)
    elif do == "redrive":
        came = _send_back(engine, letter)
    elif do == "park":
        came = _park(engine, letter, str(job.get("why") or "The operator parked it."))
    else:
        came = _drop(engine, letter)
    told = {**letter.told(), "copies": len(letter.receipts), "parked": letter.parked}
    told["sent_at"] = min(letter.sent_at).isoformat() if letter.sent_at else ""
    if came:
        log.info("a dead letter was %s", came, extra={"queue": letter.queue, "letter": letter.id})
    return {**told, "came": came}


def _send_back(engine: Engine, letter: Letter) -> str:
    if letter.receipts and letter.queue.startswith("writer-") and _at_rest(engine, letter):
        _forget(engine, letter)
        return "not needed any more"
    key = (PK, f"BACK#{letter.id}")
    before, now = engine.store.get([key]).get(key), engine.clock.now()
    last = datetime.fromisoformat(str(before.body["at"])) if before else now - 2 * SENT_BACK
    if letter.receipts and last > now - SENT_BACK and max(letter.sent_at) > last - SKEW:
        return _park(engine, letter, AGAIN)
    forgotten = int((now + SENT_BACK).timestamp())
    engine.store.write([Put(Item(*key, body={"at": now.isoformat()}, expires_at=forgotten), guarded=False)])
    if letter.parked:
        _let_go(engine, letter)
    engine.queue.send(letter.queue, [letter.body], group=letter.tenant)
    _forget(engine, letter)
    return "sent back"


def _at_rest(engine: Engine, letter: Letter) -> bool:
    """Whether its record waits for no message: it came to its end, or is held for a person."""
    key = letter.record
    head = ledger.heads(engine.store, [key]).get(key) if key else None
    return head is not None and head.at_rest


def _park(engine: Engine, letter: Letter, why: str) -> str:
    if letter.receipts:
        at = engine.clock.now().isoformat()
        body: Json = {"queue": letter.queue, "body": letter.body, "why": why, "at": at}
        engine.store.write([Put(Item(*_place(letter), body=body), guarded=False)])
        _hold(engine, letter)
        engine.queue.acknowledge(letter.queue + DEAD, letter.receipts)
    return "parked"


def _drop(engine: Engine, letter: Letter) -> str:
    _forget(engine, letter)
    return "dropped"


def _forget(engine: Engine, letter: Letter) -> None:
    if letter.parked:
        engine.store.write([Delete(*_place(letter))])
    engine.queue.acknowledge(letter.queue + DEAD, letter.receipts)


def _hold(engine: Engine, letter: Letter) -> None:
    """A record that is not at rest waits for a person from now on; one whose reading failed does so in any case."""
    key = letter.record
    head = ledger.heads(engine.store, [key]).get(key) if key else None
    if key is None or head is None or head.state == "held" or (head.due is None and letter.queue != "poll"):
        return
    problem = Held(
        "our_fault",
        f"{head.summary.get('title')} was not {'read' if letter.queue == 'poll' else 'moved'}: the service itself "
        "failed at it again and again. Nothing of it is lost.",
        cause=f"message {letter.id}",
        fix="Nothing for you to do: the operator knows of it, and has the record go on once the service is mended.",
        owner="operator",
    )
    try:
        deliver.reported(engine, key, problem, definite=head.intent is None)
    except Exception:  # what made the message fail may stand in the way here too: it is parked all the same
        log.exception("the record of a dead letter could not be held", extra={"record": key.id, "tenant": key.tenant})


def _let_go(engine: Engine, letter: Letter) -> None:
    key = letter.record
    head = ledger.heads(engine.store, [key]).get(key) if key else None
    flow = engine.open(key.tenant, key.flow, move=key.move) if key else None
    if flow is not None and head is not None and (head.hold or {}).get("reason") == "our_fault":
        replay(flow, head, by="operator")


def _parked(engine: Engine) -> list[Letter]:
    items = engine.store.query(PK, prefix="PARKED#", limit=MOST).items
    return [_read(engine, item) for item in items]


def _read(engine: Engine, item: Item) -> Letter:
    letter = Letter(str(item.body["queue"]), str(item.body["body"]))
    head = ledger.heads(engine.store, [letter.record]).get(letter.record) if letter.record else None
    told: Json = {"why": item.body["why"], "at": item.body["at"], "state": head.state if head else ""}
    return Letter(letter.queue, letter.body, parked=told)


def _place(letter: Letter) -> tuple[str, str]:
    return PK, f"PARKED#{letter.id}"
