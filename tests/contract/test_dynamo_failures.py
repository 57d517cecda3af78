"""What DynamoDB's failures become: TryAgain when surely nothing happened, Unknown when a write may have."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ConnectionClosedError, EndpointConnectionError, ReadTimeoutError

from chalicelib.aws.dynamo import DynamoStore
from chalicelib.engine.errors import ConnectorError, TryAgain, Unknown
from chalicelib.engine.ports import Conflict, Item, Op, Put

URL = "http://dynamodb.invalid/"
PK = "T#acme"
Answer: TypeAlias = Exception | AWSResponse


class _Raw:
    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self._body


def answer(status: int, body: dict[str, Any]) -> AWSResponse:
    return AWSResponse(URL, status, {"content-type": "application/x-amz-json-1.0"}, _Raw(json.dumps(body).encode()))


def failure(status: int, code: str, **more: Any) -> AWSResponse:
    return answer(status, {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": "no", **more})


class Peer:
    """Stands where botocore sends from: gives the planned answers, the last one for good."""

    def __init__(self) -> None:
        self.plan: list[str] = []
        self.asked: list[dict[str, Any]] = []

    def send(self, request: Any) -> AWSResponse:
        self.asked.append(json.loads(request.body))
        met = ANSWERS[self.plan.pop(0) if len(self.plan) > 1 else self.plan[0]]()
        if isinstance(met, Exception):
            raise met
        return met


ANSWERS: dict[str, Callable[[], Answer]] = {
    "fine": lambda: answer(200, {}),
    "throttled": lambda: failure(400, "ThrottlingException"),
    "broken": lambda: failure(500, "InternalServerError"),
    "refused": lambda: EndpointConnectionError(endpoint_url=URL),
    "silent": lambda: ReadTimeoutError(endpoint_url=URL),
    "cut": lambda: ConnectionClosedError(endpoint_url=URL),
    "lost": lambda: failure(400, "ConditionalCheckFailedException"),
    "busy": lambda: failure(
        400,
        "TransactionCanceledException",
        CancellationReasons=[{"Code": "None"}, {"Code": "TransactionConflict"}],
    ),
    "nothing done": lambda: answer(
        200, {"Responses": {}, "UnprocessedKeys": {"mlc-x": {"Keys": [{"pk": {"S": PK}, "sk": {"S": "A"}}]}}}
    ),
}


@pytest.fixture
def peer() -> Peer:
    return Peer()


@pytest.fixture
def store(peer: Peer, monkeypatch: pytest.MonkeyPatch, no_backoff: None) -> DynamoStore:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "nobody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "nothing")
    store = DynamoStore("mlc-x", region="us-east-1", endpoint_url=URL)
    store._connection.connection.client._endpoint.http_session = peer
    return store


ONE: list[Op] = [Put(Item(pk=PK, sk="A"))]
TWO: list[Op] = [Put(Item(pk=PK, sk="A")), Put(Item(pk=PK, sk="B"))]


@pytest.mark.parametrize("ops", [ONE, TWO], ids=["one", "two"])
@pytest.mark.parametrize(
    ("plan", "becomes"),
    [
        (["throttled"], TryAgain),
        (["refused"], TryAgain),
        (["refused", "throttled"], TryAgain),
        (["silent"], Unknown),
        (["cut"], Unknown),
        (["broken"], Unknown),
        (["silent", "refused"], Unknown),
        (["broken", "throttled"], Unknown),
    ],
)
def test_a_write_that_may_have_been_served_is_unknown(
    store: DynamoStore, peer: Peer, ops: list[Op], plan: list[str], becomes: type[ConnectorError]
) -> None:
    peer.plan = list(plan)
    with pytest.raises(becomes) as met:
        store.write(ops)
    assert getattr(met.value, "counts", False) is False
    peer.plan = ["throttled"]
    with pytest.raises(TryAgain):  # an earlier doubt does not stick to the next write
        store.write(ops)


@pytest.mark.parametrize("trouble", ["throttled", "refused", "silent", "cut", "broken"])
def test_a_read_is_simply_tried_again(store: DynamoStore, peer: Peer, trouble: str) -> None:
    peer.plan = [trouble]
    for keys in ([(PK, "A")], [(PK, "A"), (PK, "B")]):
        with pytest.raises(TryAgain):
            store.get(keys)
    with pytest.raises(TryAgain):
        store.query(PK)


@pytest.mark.parametrize("trouble", ["throttled", "refused", "silent", "cut", "broken"])
@pytest.mark.parametrize("ops", [ONE, TWO], ids=["one", "two"])
def test_a_single_trouble_is_overcome_by_a_retry(store: DynamoStore, peer: Peer, ops: list[Op], trouble: str) -> None:
    peer.plan = [trouble, "fine"]
    store.write(ops)
    assert len(peer.asked) == 2
    assert peer.asked[0] == peer.asked[1]  # the repeat of a transaction carries the same token
    assert ("ClientRequestToken" in peer.asked[0]) is (ops is TWO)


def test_others_in_the_middle_of_a_transaction_are_waited_out(store: DynamoStore, peer: Peer) -> None:
    peer.plan = ["busy"]
    with pytest.raises(TryAgain):
        store.write(TWO)


def test_a_retried_write_may_lose_against_itself(store: DynamoStore, peer: Peer) -> None:
    """The documented oddity: the first attempt was served, its answer was lost, the repeat meets our own version."""
    peer.plan = ["silent", "lost"]
    with pytest.raises(Conflict):
        store.write(ONE)


def test_keys_that_are_left_over_are_asked_for_again_but_not_for_ever(store: DynamoStore, peer: Peer) -> None:
    peer.plan = ["nothing done"]
    with pytest.raises(TryAgain):
        store.get([(PK, "A"), (PK, "B")])
    assert len(peer.asked) == 3


def test_left_over_keys_are_read_in_the_end(dynamo: DynamoStore, pk: str) -> None:
    """BatchGetItem answers at most 16 MB: 60 items of 300 KB take two rounds."""
    keys = [(pk, f"N{n:02}") for n in range(60)]
    for own_pk, sk in keys:
        dynamo.write([Put(Item(pk=own_pk, sk=sk, body={"text": "x" * 300_000}))])
    assert list(dynamo.get(keys)) == keys
