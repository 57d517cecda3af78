"""The tests run as stage local, whoever starts them."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator

import pytest

from tests.deploy.recording import MADE_UP, Use, may, recording

os.environ.setdefault("STAGE", "local")
os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")


@pytest.fixture(scope="session", autouse=True)
def _cheap_hashes() -> Iterator[None]:
    """What a try at a password costs is in docs/reference/limits.md, which is compared with the source."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("chalicelib.systems.quickbooks_desktop.login.COST", 16)
        patch.setattr("chalicelib.entry.apply.COST", 16)
        yield


@pytest.fixture(scope="session", autouse=True)
def _uses() -> Iterator[set[Use]]:
    with recording() as uses:
        yield uses


@pytest.fixture(autouse=True)
def _no_function_goes_beyond_its_policy(_uses: set[Use]) -> Iterator[None]:
    yield
    beyond = {use for use in _uses if not may(use) and (use.function, use.place) not in MADE_UP}
    _uses -= beyond  # told once, by the test that did it
    assert sorted(beyond) == []


@pytest.fixture(autouse=True)
def _our_log_is_heard() -> None:
    """A library that sets up logging, in a test before this one, may have silenced ours."""
    log = logging.getLogger("mlc")
    log.disabled, log.propagate = False, True
    log.setLevel(logging.NOTSET)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What waits for processes of its own begins first, so that no worker ends with it alone."""
    items.sort(key=lambda item: "local" not in item.path.parts)
