"""The service on one machine: Chalice's local server, a pump per queue and the clock's tick, around the same app.py.

The pump keeps Lambda's manners: a handler that returns has its messages deleted, one that raises sees them again.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from chalicelib.engine.redact import redact_text

ROOT = Path(__file__).resolve().parent.parent
REGION = "us-east-1"
VISIBILITY = 6  # seconds until a message comes back whose service died
TICK = 2.0
WRITERS = 3  # threads per writer queue
CONNECTIONS = 64  # to the queues: more than there are pumps
MOST_BODY = 10 * 1024 * 1024  # what API Gateway takes
CHUNK = 65536
LAST_WORDS = 8.0  # seconds for work in hand when we are asked to end; what is cut off is done again
log = logging.getLogger("mlc.local")


@dataclass(slots=True)
class Context:
    """What Lambda hands a handler beside the event."""

    function_name: str
    aws_request_id: str
    memory_limit_in_mb: int = 512
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:000000000000:function:local"

    def get_remaining_time_in_millis(self) -> int:
        return 60_000


def serve(port: int, visibility: int) -> None:
    """Run until SIGTERM. The environment says where AWS and the systems are."""
    os.environ["MLC_PORT"] = str(port)  # where a browser comes back to
    os.environ.setdefault("POWERTOOLS_METRICS_DISABLED", "true")  # lines for CloudWatch; here they hide the others
    from chalice.config import Config
    from chalice.local import ChaliceRequestHandler, create_local_server

    from app import app

    # Header and body go out in one packet, at once: without this each keep-alive answer stalls 40 ms.
    ChaliceRequestHandler.wbufsize = 65536
    ChaliceRequestHandler.disable_nagle_algorithm = True
    ChaliceRequestHandler.log_message = lambda *_: None
    ChaliceRequestHandler._parse_payload = bounded  # type: ignore[method-assign, assignment]  # as API Gateway has it
    on_disk = json.loads((ROOT / ".chalice" / "config.json").read_text())  # Chalice's own loader brings its whole CLI
    config = Config("local", config_from_disk=on_disk)
    _write_plain_lines()
    stop = threading.Event()
    sqs = _sqs()
    threads = [
        threading.Thread(target=pump, args=(app, sqs, source, stop, visibility), daemon=True)
        for source in app.event_sources
        if hasattr(source, "queue")
        for _ in range(WRITERS if "writer" in source.name else 1)
    ]
    threads += [
        threading.Thread(target=tick, args=(app, source, stop), daemon=True)
        for source in app.event_sources
        if hasattr(source, "schedule_expression")
    ]
    server = create_local_server(app, config, "127.0.0.1", port)

    def end(*_: Any) -> None:
        stop.set()
        threading.Thread(target=server.shutdown, daemon=True).start()

    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, end)
    for thread in threads:
        thread.start()
    log.warning("the service listens on 127.0.0.1:%d", port)
    server.server.serve_forever(poll_interval=0.1)
    end_by = time.monotonic() + LAST_WORDS
    for thread in threads:
        thread.join(timeout=max(0, end_by - time.monotonic()))
    log.warning("the service ends")


def bounded(handler: Any) -> tuple[dict[str, str], bytes | None]:
    """The headers and the body, of which no more is kept than API Gateway would hand on."""
    length = int(handler.headers.get("content-length", "0"))
    body = handler.rfile.read(min(length, MOST_BODY)) if length > 0 else None
    left = length - MOST_BODY
    while left > 0 and (read := len(handler.rfile.read(min(left, CHUNK)))):
        left -= read
    return dict(handler.headers), body


class PlainLines(logging.Formatter):
    """One entry as a person reads it, without secrets, instead of the JSON that CloudWatch gets."""

    own = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}

    def format(self, record: logging.LogRecord) -> str:
        extra = [f"{name}={value}" for name, value in record.__dict__.items() if name not in self.own]
        return redact_text(" ".join([super().format(record), *extra]))


def _write_plain_lines() -> None:
    """Whatever set up a log before us: from here on one handler at the root writes everything."""
    from chalicelib import wiring

    wiring.engine()  # brings its own JSON handler
    logging.basicConfig(handlers=[logging.StreamHandler()], level=logging.WARNING, force=True)
    logging.root.handlers[0].setFormatter(PlainLines("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    for name in ("mlc", "botocore", "chalice"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
    logging.getLogger("botocore").setLevel(logging.ERROR)


def _sqs() -> Any:
    """One client for all pumps, each waiting on a connection of its own: making one costs far more than using it."""
    import boto3
    from botocore.config import Config

    session = boto3.session.Session(region_name=REGION)
    config = Config(max_pool_connections=CONNECTIONS)
    return session.client("sqs", endpoint_url=os.environ["AWS_ENDPOINT_URL"], config=config)


def pump(app: Any, sqs: Any, source: Any, stop: threading.Event, visibility: int) -> None:
    """Receive from one queue and call its handler, until stopped."""
    url = sqs.get_queue_url(QueueName=source.queue)["QueueUrl"]
    while not stop.is_set():
        try:
            got = sqs.receive_message(
                QueueUrl=url,
                MaxNumberOfMessages=min(10, source.batch_size),
                WaitTimeSeconds=1,
                VisibilityTimeout=visibility,
                AttributeNames=["All"],
            ).get("Messages", [])
            if not got:
                continue
            with in_hand(sqs, url, got, visibility):
                done = handle(app, source, got)
            if done:
                entries = [{"Id": str(n), "ReceiptHandle": m["ReceiptHandle"]} for n, m in enumerate(got)]
                sqs.delete_message_batch(QueueUrl=url, Entries=entries)
        except Exception as trouble:
            log.warning("the queue %s does not answer: %s", source.queue, trouble)
            stop.wait(1)


@contextmanager
def in_hand(sqs: Any, url: str, messages: list[dict[str, Any]], visibility: int) -> Iterator[None]:
    """Keep the messages from coming back while we work on them, however long; and only as long as we live."""
    done = threading.Event()

    def keep() -> None:
        while not done.wait(visibility / 3):
            entries = [
                {"Id": str(n), "ReceiptHandle": message["ReceiptHandle"], "VisibilityTimeout": visibility}
                for n, message in enumerate(messages)
            ]
            try:
                sqs.change_message_visibility_batch(QueueUrl=url, Entries=entries)
            except Exception as trouble:
                log.warning("messages in hand may come back: %s", trouble)

    threading.Thread(target=keep, daemon=True).start()
    try:
        yield
    finally:
        done.set()


def handle(app: Any, source: Any, messages: list[dict[str, Any]]) -> bool:
    """Call the function as Lambda would; True if its messages may be deleted."""
    records = [
        {
            "messageId": message["MessageId"],
            "receiptHandle": message["ReceiptHandle"],
            "body": message["Body"],
            "attributes": message.get("Attributes", {}),
            "messageAttributes": {},
            "md5OfBody": message["MD5OfBody"],
            "eventSource": "aws:sqs",
            "eventSourceARN": f"arn:aws:sqs:{REGION}:000000000000:{source.queue}",
            "awsRegion": REGION,
        }
        for message in messages
    ]
    return _invoke(app, source.name, {"Records": records})


def tick(app: Any, source: Any, stop: threading.Event) -> None:
    while not stop.is_set():
        begun = time.monotonic()
        event = {
            "source": "aws.events",
            "detail-type": "Scheduled Event",
            "account": "000000000000",
            "id": str(uuid4()),
            "region": REGION,
            "resources": [],
            "detail": {},
            "version": "0",
            "time": "",
        }
        _invoke(app, source.name, event)
        stop.wait(max(0.1, TICK - (time.monotonic() - begun)))


def _invoke(app: Any, name: str, event: dict[str, Any]) -> bool:
    try:
        app.handler_map[name](event, Context(function_name=f"mlc-local-{name}", aws_request_id=str(uuid4())))
    except Exception:
        log.exception("%s failed", name)
        return False
    return True


def main() -> int:
    parser = argparse.ArgumentParser(prog="simulator.service")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--visibility", type=int, default=VISIBILITY, help="seconds until a lost message comes back")
    chosen = parser.parse_args()
    serve(chosen.port, chosen.visibility)
    return 0


if __name__ == "__main__":
    sys.exit(main())
