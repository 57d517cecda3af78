"""The queues' and the clock's door: messages in, the engine's work, and only what failed comes back.

Chalice never tells Lambda which messages of a batch failed. So the good ones are deleted here before the failure is
raised; whatever the function's settings, nothing is lost and nothing good is repeated.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from chalicelib.engine import due, ledger, notices, poll, replay, runs
from chalicelib.engine.deliver import deliver
from chalicelib.engine.engine import Engine
from chalicelib.engine.records import Json, RecordKey
from chalicelib.entry import digest, notice_test, oauth_job, ping, reconcile, resolve, upkeep

log = logging.getLogger("mlc")


class OurFault(Exception):
    """Messages that we could not handle; the queue brings them back, and in the end parks them."""


@dataclass(frozen=True, slots=True)
class Message:
    body: str
    receipt: str


def messages(event: Mapping[str, object]) -> list[Message]:
    """The messages of an SQS event as Lambda hands it over."""
    records = event["Records"]
    assert isinstance(records, list)
    return [Message(body=str(r["body"]), receipt=str(r["receiptHandle"])) for r in records]


def write(engine: Engine, queue: str, batch: Sequence[Message]) -> None:
    """Deliver the records named by the batch together; if that fails, one by one, so that none hides another."""
    try:
        deliver(engine, [RecordKey.from_pk(message.body) for message in batch])
    except Exception:
        log.exception("a batch failed; its records are tried one by one")
        _each(engine, queue, batch, lambda body: deliver(engine, [RecordKey.from_pk(body)]))
    else:
        engine.write_down_usage()


def poll_steps(engine: Engine, queue: str, batch: Sequence[Message]) -> None:
    _each(engine, queue, batch, lambda body: _poll(engine, json.loads(body)))


def jobs(engine: Engine, queue: str, batch: Sequence[Message]) -> None:
    _each(engine, queue, batch, lambda body: _job(engine, json.loads(body)))


def tick(engine: Engine) -> None:
    due.tick(engine)


# ---------------------------------------------------------------------------------------------- inside


def _each(engine: Engine, queue: str, batch: Sequence[Message], act: Callable[[str], None]) -> None:
    good: list[str] = []
    failed = 0
    for message in batch:
        try:
            act(message.body)
            good.append(message.receipt)
        except Exception:
            failed += 1
            log.exception("a message failed", extra={"queue": queue, "body": message.body[:500]})
        engine.write_down_usage()
    if failed:
        if good:
            engine.queue.acknowledge(queue, good)
        raise OurFault(f"{failed} of {len(batch)} messages of {queue} failed; see the log lines before this one.")


def _poll(engine: Engine, job: Json) -> None:
    if "notice" not in job:
        poll.step(engine, job)
        return
    flow = engine.open(str(job["tenant"]), str(job["flow"]))
    move = flow.flow.move(str(job["notice"])) if flow else None
    if flow is not None and move is not None:
        poll.notice(flow, move, str(job["id"]))


def _job(engine: Engine, job: Json) -> None:
    """Raises KeyError for a job that nobody knows."""
    JOBS[str(job["job"])](engine, job)


def _restart(engine: Engine, job: Json) -> None:
    """What was rehearsed or put off (a pause, a locked door) is due now; with `not_moved`, that is decided again."""
    flow = engine.open(str(job["tenant"]), str(job["flow"]))
    if flow is None:
        return
    for move in flow.flow.moves:
        keys = list(ledger.list_keys(engine.store, flow.setup.tenant, flow.setup.name, move.name))
        for begin in range(0, len(keys), 100):
            for head in ledger.heads(engine.store, keys[begin : begin + 100]).values():
                put_off = head.due is not None and head.due[0] == "a"
                if put_off or head.state == "rehearsed" or (job.get("not_moved") and head.state == "not_moved"):
                    replay.again(flow, head)
    runs.taken_up(engine, flow.setup)


JOBS: Mapping[str, Callable[[Engine, Json], None]] = {
    "connect": oauth_job.run,
    "digest": digest.run,
    "look_after": upkeep.run,
    "notice": notices.send,
    "notice_test": notice_test.run,
    "ping": ping.run,
    "reconcile": reconcile.run,
    "resolve": resolve.run,
    "restart": _restart,
}
