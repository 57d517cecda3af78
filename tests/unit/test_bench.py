"""The benchmarks still run, at a tiny size; how fast they are is nothing a test asserts."""

from __future__ import annotations

import pytest

from benchmarks import delivery, importing, operations, qbxml, reading, talking
from benchmarks.measure import Line, compared


@pytest.mark.parametrize("run", [delivery.run, reading.run, importing.run, qbxml.run, talking.run])
def test_every_line_names_both_sides_and_their_ratio(run: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "PEERS", delivery.ROOT / "nowhere")
    for module in (reading, qbxml, talking):
        monkeypatch.setattr(module, "PEERS", delivery.ROOT / "nowhere")
    lines: list[Line] = list(run(20, 1))  # type: ignore[operator]
    assert lines
    for line in lines:
        assert line.ours > 0
        assert line.others > 0
        assert line.other in line.text()


def test_a_target_is_met_at_least_or_at_most() -> None:
    found = {"ours": [6.0, 7.0, 5.0], "floor": [10.0, 10.0, 10.0]}
    at_least = compared("x", found, "floor", unit="u", target=0.6)
    assert (at_least.ratio, at_least.low, at_least.high, at_least.met) == (0.6, 0.5, 0.7, True)
    assert compared("x", found, "floor", unit="u", target=0.5, at_most=True).met is False
    assert compared("x", found, "floor", unit="u").met is None


def test_a_new_a_changed_and_an_unchanged_bill_have_their_price() -> None:
    new, changed, unchanged, run = operations.costs(20)
    assert new.counts["write units"] > unchanged.counts["write units"]
    assert changed.counts["metered reads"] >= 1 > new.counts["metered reads"] > 0
    assert unchanged.counts["metered reads"] == 0
    assert new.dollars > unchanged.dollars
    assert run.dollars > 0


def test_no_call_of_a_session_without_work_takes_more_than_a_handful_of_operations() -> None:
    found = talking.operations()
    assert max(took.total() for _, took in found["no work"]) <= 7
    assert {method for method, took in found["10 bills"] if took} == set(talking.METHODS)
