"""Queues: what every `Queue` promises, seen from the side that receives."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any, Protocol

import pytest
from botocore.stub import Stubber

from chalicelib.aws.clients import client
from chalicelib.aws.sqs import SqsQueue
from chalicelib.engine.errors import TryAgain
from chalicelib.engine.ports import DEAD, Queue
from simulator.memory.queue import MemoryQueue
from tests.contract.conftest import REGION


class Receiver(Protocol):
    """The other end: what Lambda does on AWS."""

    queue: Queue

    def receive(self, name: str) -> list[tuple[str, str]]:
        """(receipt, body) of up to ten messages."""
        ...

    def expire(self, name: str, receipts: Sequence[str]) -> None:
        """Let the visibility time of these receipts pass."""
        ...


class MemoryEnd:
    def __init__(self) -> None:
        self.memory = MemoryQueue(seed=7)
        self.queue: Queue = self.memory

    def receive(self, name: str) -> list[tuple[str, str]]:
        return [(received.receipt, received.body) for received in self.memory.receive(name, 10)]

    def expire(self, name: str, receipts: Sequence[str]) -> None:
        self.memory.expire(name)


class SqsEnd:
    def __init__(self, stage: str) -> None:
        self.queue: Queue = SqsQueue(stage, region=REGION)
        self._stage = stage
        self._client = client("sqs", region=REGION)

    def receive(self, name: str) -> list[tuple[str, str]]:
        answer = self._client.receive_message(QueueUrl=self._url(name), MaxNumberOfMessages=10, WaitTimeSeconds=0)
        return [(message["ReceiptHandle"], message["Body"]) for message in answer.get("Messages", [])]

    def expire(self, name: str, receipts: Sequence[str]) -> None:
        for receipt in receipts:
            self._client.change_message_visibility(QueueUrl=self._url(name), ReceiptHandle=receipt, VisibilityTimeout=0)

    def _url(self, name: str) -> str:
        return str(self._client.get_queue_url(QueueName=f"mlc-{self._stage}-{name}")["QueueUrl"])


@pytest.fixture(params=["memory", "sqs"])
def end(request: pytest.FixtureRequest) -> Receiver:
    """All tests share the queues of one stage in moto: each leaves them empty."""
    return MemoryEnd() if request.param == "memory" else SqsEnd(request.getfixturevalue("cloud"))


def drained(end: Receiver, name: str) -> Counter[str]:
    """Receive and acknowledge until nothing comes any more."""
    seen: Counter[str] = Counter()
    for _ in range(50):
        received = end.receive(name)
        if not received:
            break
        seen.update(body for _, body in received)
        end.queue.acknowledge(name, [receipt for receipt, _ in received])
    return seen


class TestQueue:
    def test_every_message_arrives_however_many_are_sent(self, end: Receiver) -> None:
        bodies = [f"record {n}" for n in range(23)]
        end.queue.send("poll", bodies, group="acme")
        assert drained(end, "poll") == Counter(bodies)

    def test_messages_of_any_size_up_to_256_kb_arrive_in_several_batches(self, end: Receiver) -> None:
        bodies = [letter * 150_000 for letter in "abc"] + ["x" * (256 * 1024)]
        end.queue.send("poll", bodies, group="acme")
        assert drained(end, "poll") == Counter(bodies)

    @pytest.mark.parametrize("body", ["", "x" * (256 * 1024 + 1)])
    def test_an_empty_or_larger_message_is_refused(self, end: Receiver, body: str) -> None:
        with pytest.raises(ValueError, match="1 to 262144 bytes"):
            end.queue.send("poll", ["fine", body], group="acme")
        assert drained(end, "poll") == Counter()

    @pytest.mark.parametrize("group", ["acme", "acme & söhne", "x" * 200])
    def test_any_tenant_name_makes_a_group(self, end: Receiver, group: str) -> None:
        end.queue.send("poll", ["one"], group=group)
        assert drained(end, "poll") == Counter(["one"])

    def test_queues_are_apart(self, end: Receiver) -> None:
        end.queue.send("poll", ["a poll"], group="acme")
        end.queue.send("jobs", ["a job"], group="acme")
        assert drained(end, "jobs") == Counter(["a job"])
        assert drained(end, "poll") == Counter(["a poll"])

    def test_what_is_not_acknowledged_comes_back_and_only_that(self, end: Receiver) -> None:
        end.queue.send("poll", ["good", "bad"], group="acme")
        received = end.receive("poll")
        receipts = {body: receipt for receipt, body in received}
        end.queue.acknowledge("poll", [receipts["good"]])
        assert end.receive("poll") == []
        end.expire("poll", [receipts["bad"]])
        assert drained(end, "poll") == Counter(["bad"])

    def test_acknowledging_twice_or_more_than_ten_does_no_harm(self, end: Receiver) -> None:
        end.queue.send("poll", [f"n{n}" for n in range(15)], group="acme")
        receipts = [receipt for _ in range(2) for receipt, _ in end.receive("poll")]
        end.queue.acknowledge("poll", receipts)
        end.queue.acknowledge("poll", receipts)
        assert end.receive("poll") == []

    def test_nothing_to_send_or_acknowledge_is_no_fault(self, end: Receiver) -> None:
        end.queue.send("poll", [], group="acme")
        end.queue.acknowledge("poll", [])

    def test_a_message_that_fails_five_times_is_set_aside(self, end: Receiver) -> None:
        end.queue.send("poll", ["poison"], group="acme")
        for _ in range(5):
            received = end.receive("poll")
            assert [body for _, body in received] == ["poison"]
            end.expire("poll", [receipt for receipt, _ in received])
        assert end.receive("poll") == []
        lying = end.queue.receive("poll" + DEAD)
        assert [(one.body, one.receive_count > 5) for one in lying] == [("poison", True)]
        assert lying[0].sent_at.utcoffset() == timedelta()
        end.queue.acknowledge("poll" + DEAD, [lying[0].receipt])

    def test_what_was_received_is_ours_until_it_is_released_or_deleted(self, end: Receiver) -> None:
        end.queue.send("jobs", ["one"], group="acme")
        (first,) = end.queue.receive("jobs")
        assert end.receive("jobs") == []
        end.queue.release("jobs", [first.receipt])
        (again,) = end.queue.receive("jobs")
        assert (again.body, again.receive_count) == ("one", 2)
        end.queue.acknowledge("jobs", [again.receipt])
        end.queue.release("jobs", [again.receipt])
        assert end.receive("jobs") == []


class TestSqsAlone:
    @pytest.fixture
    def queue(self, cloud: str) -> SqsQueue:
        queue = SqsQueue(cloud, region=REGION)
        queue._url("poll")
        return queue

    @pytest.fixture
    def stub(self, queue: SqsQueue) -> Iterator[Stubber]:
        with Stubber(queue._client) as stub:
            yield stub

    def test_messages_that_sqs_failed_to_take_are_sent_again(self, queue: SqsQueue, stub: Stubber) -> None:
        stub.add_response("send_message_batch", {"Successful": [], "Failed": [failed("1"), failed("2")]})
        stub.add_response("send_message_batch", {"Successful": [], "Failed": [failed("2")]})
        stub.add_response("send_message_batch", {"Successful": [], "Failed": []})
        queue.send("poll", ["a", "b", "c"], group="acme")
        stub.assert_no_pending_responses()

    def test_messages_that_sqs_never_takes_are_given_up(self, queue: SqsQueue, stub: Stubber) -> None:
        for _ in range(3):
            stub.add_response("send_message_batch", {"Successful": [], "Failed": [failed("0")]})
        with pytest.raises(TryAgain) as met:
            queue.send("poll", ["a"], group="acme")
        assert met.value.counts is False

    def test_a_message_that_sqs_finds_wrong_is_a_fault_of_ours(self, queue: SqsQueue, stub: Stubber) -> None:
        stub.add_response("send_message_batch", {"Successful": [], "Failed": [failed("0", ours=True)]})
        with pytest.raises(ValueError, match="refuses"):
            queue.send("poll", ["a"], group="acme")

    def test_a_throttled_queue_is_tried_again(self, queue: SqsQueue, stub: Stubber) -> None:
        stub.add_client_error("send_message_batch", "ThrottlingException", http_status_code=400)
        with pytest.raises(TryAgain):
            queue.send("poll", ["a"], group="acme")


def failed(entry: str, *, ours: bool = False) -> dict[str, Any]:
    return {"Id": entry, "SenderFault": ours, "Code": "InternalError", "Message": "no"}
