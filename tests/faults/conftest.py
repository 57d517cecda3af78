"""Thousands of lives a minute: what a password costs to try is not what is tried here."""

from __future__ import annotations

import pytest

from chalicelib.systems.quickbooks_desktop import login


@pytest.fixture(autouse=True)
def _cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(login, "COST", 16)
