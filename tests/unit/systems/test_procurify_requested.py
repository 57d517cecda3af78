"""A request of Procurify, spoilt field by field: told as it is or held by the field's name, and nothing falls over."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from chalicelib.engine.errors import Held
from chalicelib.systems.procurify import requested
from chalicelib.systems.procurify.shapes import RequestedLine, RequestShape

GONE = object()
# What else names it: a time zone in words; of a line that is not bought, that none are left.
SAID = {"locationTimezone": ["time zone"], "is_active": ["lines"], "status": ["lines"]}
VALUES = [GONE, None, 17, -17.5, float("nan"), "words", "", "x" * 10_000, True, [3], [], {}, [{}] * 100]


def body() -> dict[str, Any]:
    line = {"name": "paper", "status": 0, "is_active": True, "total_cost": "12.50", "purchase_order": ""}
    return {
        "num": 71, "status": 1, "date": "2026-02-20T10:00:00Z", "dateModified": "2026-02-20T10:00:00Z",
        "currency": {"name": "USD"}, "vendor_name": "Harbor Paper", "lines": [line],
        "locationTimezone": "America/Vancouver",
    }  # fmt: skip


def test_a_whole_one_says_what_is_expected() -> None:
    assert str(requested.parse(body()).expected) == "12.50"
    assert str(requested.document("71", body()).summary.money) == "12.50 USD"


@pytest.mark.parametrize("value", VALUES, ids=lambda value: "gone" if value is GONE else repr(value)[:20])
def test_a_spoilt_field_is_read_or_held_by_its_name(value: Any) -> None:
    for place in [*RequestShape.model_fields, *(f"lines.{name}" for name in RequestedLine.model_fields)]:
        spoilt = deepcopy(body())
        name = place.removeprefix("lines.")
        inside = spoilt["lines"][0] if place.startswith("lines.") else spoilt
        if value is GONE:
            del inside[name]
        else:
            inside[name] = value
        requested.document("71", spoilt)
        try:
            requested.parse(spoilt)
        except Held as held:
            assert held.reason == "unreadable_source", place
            assert any(word in held.message for word in (name, *SAID.get(name, ()))), held.message
