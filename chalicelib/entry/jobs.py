"""The queues' and the clock's door: messages in, the engine's work, and only what failed comes back.

Chalice never tells Lambda which messages of a batch failed. So the good ones are deleted here before the failure is
raised; whatever the function's settings, nothing is lost and nothing good is repeated.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module

from chalicelib.engine import due, notice, parked, poll
from chalicelib.engine.deliver import deliver
from chalicelib.engine.engine import Engine
from chalicelib.engine.errors import Later
from chalicelib.engine.records import Json, RecordKey

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
    engine.metrics.count("Ticks")  # said at its end: a tick that fails is as silent as one that nobody starts


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
    flow = engine.open(str(job["tenant"]), str(job["flow"]), move=str(job["notice"]))
    move = flow.flow.move(str(job["notice"])) if flow else None
    if flow is not None and move is not None:
        flow.correlation = str(job.get("correlation") or "")
        try:
            notice.one(flow, move, str(job["id"]), hint=bool(job.get("hint")))
        except Later:
            parked.park(engine, job)


# Each job and who does it, loaded on first use: most functions do none of them.
JOBS = {
    "callbacks": "chalicelib.entry.callbacks.run",
    "connect": "chalicelib.entry.oauth_job.run",
    "dead": "chalicelib.entry.dead.run",
    "digest": "chalicelib.entry.digest.run",
    "handshake": "chalicelib.entry.callbacks.shake_hands",
    "hints": "chalicelib.entry.hook_job.of_company",
    "hook": "chalicelib.entry.hook_job.run",
    "look_after": "chalicelib.entry.upkeep.run",
    "notice": "chalicelib.engine.notices.send",
    "notice_test": "chalicelib.entry.notice_test.run",
    "ping": "chalicelib.entry.ping.run",
    "reconcile": "chalicelib.entry.reconcile.run",
    "resolve": "chalicelib.entry.resolve.run",
    "restart": "chalicelib.entry.restart.run",
}


def _job(engine: Engine, job: Json) -> None:
    """Raises KeyError for a job that nobody knows."""
    module, name = JOBS[str(job["job"])].rsplit(".", 1)
    getattr(import_module(module), name)(engine, job)
