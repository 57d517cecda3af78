"""The tests run as stage local, whoever starts them."""

from __future__ import annotations

import logging
import os

import pytest

os.environ.setdefault("STAGE", "local")
os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")


@pytest.fixture(autouse=True)
def _our_log_is_heard() -> None:
    """A library that sets up logging, in a test before this one, may have silenced ours."""
    log = logging.getLogger("mlc")
    log.disabled, log.propagate = False, True
    log.setLevel(logging.NOTSET)
