"""The world that contract tests run in: the project's own template, brought up in moto, and the stores upon it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from threading import RLock
from typing import Any, Literal

import pytest
from moto import mock_aws

from chalicelib.aws.dynamo import DynamoStore
from chalicelib.engine.ports import Item, Op, Rows, Store
from infra.up import bring_up
from simulator.memory.store import MemoryStore

STAGE = "test"
REGION = "us-east-1"


class LockedStore:
    """A store under one lock: moto's DynamoDB is not safe among threads."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = RLock()

    def get(self, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Item]:
        with self._lock:
            return self._store.get(keys)

    def query(
        self,
        pk: str,
        *,
        index: Literal["due", "held"] | None = None,
        prefix: str = "",
        upto: str | None = None,
        limit: int = 100,
        cursor: str | None = None,
        descending: bool = False,
    ) -> Rows:
        with self._lock:
            return self._store.query(
                pk, index=index, prefix=prefix, upto=upto, limit=limit, cursor=cursor, descending=descending
            )

    def write(self, ops: Sequence[Op]) -> None:
        with self._lock:
            self._store.write(ops)


@pytest.fixture(scope="module")
def cloud() -> Iterator[str]:
    """A stage of its own in moto; the value is its name."""
    with mock_aws():
        bring_up(STAGE, region=REGION)
        yield STAGE


@pytest.fixture(scope="module")
def dynamo(cloud: str) -> DynamoStore:
    return DynamoStore(f"mlc-{cloud}", region=REGION)


@pytest.fixture(params=["memory", "dynamo"])
def store(request: pytest.FixtureRequest) -> Store:
    if request.param == "memory":
        return MemoryStore()
    return LockedStore(request.getfixturevalue("dynamo"))


@pytest.fixture
def pk(request: pytest.FixtureRequest) -> str:
    """A partition of this test's own: all tests of a module share one table."""
    return f"T#{request.node.name}"


@pytest.fixture
def no_backoff(monkeypatch: pytest.MonkeyPatch) -> None:
    """botocore's retries without their waits."""
    import time
    from types import SimpleNamespace

    import botocore.endpoint

    impatient: Any = SimpleNamespace(sleep=lambda _: None, time=time.time)
    monkeypatch.setattr(botocore.endpoint, "time", impatient)
