"""Counting calls on a line: the draw of the next turns takes the counts along, and what customers share holds none."""

from __future__ import annotations

from dataclasses import replace

from chalicelib.engine import usage
from chalicelib.engine.line import Budget, Line
from chalicelib.engine.ports import HttpRequest
from simulator.memory.store import MemoryStore
from tests.unit.systems.quickbooks_online_desk import API, Peer, desk

KEY = usage.budget_key("quickbooks_online", "production", "9130001")
OF = "acme#books"


def line_of(budget: Budget) -> tuple[Line, MemoryStore]:
    around = desk(Peer())
    store = MemoryStore()
    return replace(around.line, identity="9130001", budget=budget, store=store), store


def call(line: Line, times: int) -> None:
    for _ in range(times):
        line.call(HttpRequest("GET", f"{API}/v3/company/9130001/query"), metered=True)


def test_the_draw_of_the_next_turns_writes_what_was_counted_and_nothing_more() -> None:
    line, store = line_of(Budget(per_second=100, block=4))
    call(line, 5)
    assert store.writes == 2
    assert usage.read(store.get([KEY])[KEY], OF) == {"2026-03": (4, 4)}
    usage.write_down(store, KEY, OF, line.tally)
    assert (usage.read(store.get([KEY])[KEY], OF), line.tally.months) == ({"2026-03": (5, 5)}, {})
    usage.write_down(store, KEY, OF, line.tally)
    assert store.writes == 3


def test_an_allowance_that_customers_share_does_not_hold_their_counts() -> None:
    line, store = line_of(Budget(per_second=100, block=4, scope="app"))
    call(line, 5)
    usage.write_down(store, KEY, OF, line.tally)
    shared = usage.budget_key("quickbooks_online", "production", "app")
    assert "usage" not in store.get([shared])[shared].body
    assert usage.read(store.get([KEY])[KEY], OF) == {"2026-03": (5, 5)}


def test_a_pause_and_the_turns_survive_a_count() -> None:
    line, store = line_of(Budget(per_second=100, block=4))
    call(line, 1)
    line.pause(60, "Slow down.")
    before = store.get([KEY])[KEY].body
    usage.write_down(store, KEY, OF, usage.Tally({"2026-02": (3, 1)}))
    after = store.get([KEY])[KEY].body
    assert {name: after[name] for name in ("next_free", "paused_until", "why")} == {
        name: before[name] for name in ("next_free", "paused_until", "why")
    }
    assert usage.read(store.get([KEY])[KEY], OF) == {"2026-03": (1, 1), "2026-02": (3, 1)}


def test_a_company_that_changes_hands_brings_nobody_elses_numbers() -> None:
    line, store = line_of(Budget(per_second=100, block=4))
    call(line, 5)
    rivals = replace(line, connection=replace(line.connection, tenant="rival"), tally=usage.Tally(), calls=0)
    assert usage.read(store.get([KEY])[KEY], "rival#books") == {}
    call(rivals, 1)
    usage.write_down(store, KEY, "rival#books", rivals.tally)
    assert usage.read(store.get([KEY])[KEY], "rival#books") == {"2026-03": (1, 1)}
    assert usage.read(store.get([KEY])[KEY], OF) == {}
