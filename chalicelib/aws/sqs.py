"""Queues on SQS standard queues. The message group is the tenant: on a standard queue that makes it a fair queue."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from chalicelib.aws.clients import client, repeatable
from chalicelib.engine.errors import TryAgain
from chalicelib.engine.ports import Received

MOST_PER_BATCH = 10
MOST_BYTES = 256 * 1024  # of one body, and of one batch
TRIES = 3
OURS_SECONDS = 180  # what was received is ours for so long: longer than a function may run
ASK_ALL_SECONDS = 1  # a longer look asks every server of the queue, so that none is overlooked
_GROUP = re.compile(r"[A-Za-z0-9!-/:-@\[-`{-~]{1,128}")


class SqsQueue:
    """Implements `Queue`. A TryAgain may come after some of the bodies were sent: sending again sends those twice."""

    def __init__(self, stage: str, *, region: str, endpoint_url: str | None = None) -> None:
        self._stage = stage
        self._client = client("sqs", region=region, endpoint_url=endpoint_url)
        self._urls: dict[str, str] = {}

    def send(self, queue: str, bodies: Sequence[str], *, group: str) -> None:
        for body in bodies:
            if not body or len(body.encode()) > MOST_BYTES:
                raise ValueError(f"A message has 1 to {MOST_BYTES} bytes, not {len(body.encode())}.")
        for batch in _batches(bodies):
            entries = [
                {"Id": str(n), "MessageBody": body, "MessageGroupId": _group(group)} for n, body in enumerate(batch)
            ]
            refused = self._in_batch(self._client.send_message_batch, queue, entries)
            if refused:
                raise ValueError(f"The queue {queue} refuses a message: {refused[0].get('Message')}.")

    def acknowledge(self, queue: str, receipts: Sequence[str]) -> None:
        for entries in _entries(receipts):
            self._in_batch(self._client.delete_message_batch, queue, entries)  # an outdated receipt is no fault

    def receive(self, queue: str, most: int = MOST_PER_BATCH) -> Sequence[Received]:
        with repeatable(f"The queue {queue}"):
            answer = self._client.receive_message(
                QueueUrl=self._url(queue),
                MaxNumberOfMessages=most,
                VisibilityTimeout=OURS_SECONDS,
                WaitTimeSeconds=ASK_ALL_SECONDS,
                AttributeNames=["SentTimestamp", "ApproximateReceiveCount"],
            )
        return [_received(message) for message in answer.get("Messages", [])]

    def release(self, queue: str, receipts: Sequence[str]) -> None:
        for entries in _entries(receipts):
            now = [{**entry, "VisibilityTimeout": 0} for entry in entries]
            self._in_batch(self._client.change_message_visibility_batch, queue, now)

    def _in_batch(self, call: Callable[..., Any], queue: str, entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Send the entries, those that failed on SQS's side again; returns what SQS says we did wrong."""
        refused: list[dict[str, Any]] = []
        with repeatable(f"The queue {queue}"):
            for _ in range(TRIES):
                failed = call(QueueUrl=self._url(queue), Entries=entries).get("Failed", [])
                refused += [failure for failure in failed if failure.get("SenderFault")]
                again = {failure["Id"] for failure in failed if not failure.get("SenderFault")}
                entries = [entry for entry in entries if entry["Id"] in again]
                if not entries:
                    return refused
        raise TryAgain(f"The queue {queue} did not take all messages.", counts=False)

    def _url(self, queue: str) -> str:
        if queue not in self._urls:
            self._urls[queue] = self._client.get_queue_url(QueueName=f"mlc-{self._stage}-{queue}")["QueueUrl"]
        return self._urls[queue]


def _entries(receipts: Sequence[str]) -> Iterator[list[dict[str, Any]]]:
    for start in range(0, len(receipts), MOST_PER_BATCH):
        batch = receipts[start : start + MOST_PER_BATCH]
        yield [{"Id": str(n), "ReceiptHandle": receipt} for n, receipt in enumerate(batch)]


def _received(message: Mapping[str, Any]) -> Received:
    told = message["Attributes"]
    return Received(
        receipt=message["ReceiptHandle"],
        body=message["Body"],
        receive_count=int(told["ApproximateReceiveCount"]),
        sent_at=datetime.fromtimestamp(int(told["SentTimestamp"]) / 1000, UTC),
    )


def _batches(bodies: Sequence[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    size = 0
    for body in bodies:
        length = len(body.encode())
        if batch and (len(batch) == MOST_PER_BATCH or size + length > MOST_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(body)
        size += length
    if batch:
        yield batch


def _group(group: str) -> str:
    """SQS takes 1 to 128 printable ASCII characters without blanks."""
    return group if _GROUP.fullmatch(group) else hashlib.sha256(group.encode()).hexdigest()
