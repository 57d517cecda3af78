"""What the in-memory twins offer beyond their ports: lag, losses, repeats, crashes, and a state on disk."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from chalicelib.engine.errors import TryAgain, Unknown
from chalicelib.engine.ports import Conflict, Delete, Item, Put
from simulator.memory.clock import MemoryClock
from simulator.memory.metrics import MemoryMetrics
from simulator.memory.notices import MemoryNotices
from simulator.memory.queue import Counts, MemoryQueue
from simulator.memory.store import MemoryStore
from simulator.memory.vault import MemoryVault
from simulator.memory.watch import Effect


class Crash(Exception):
    pass


def item(sk: str, **more: object) -> Item:
    return Item(pk="P", sk=sk, **more)  # type: ignore[arg-type]


class TestStore:
    def test_an_index_does_not_see_the_last_writes_until_it_settles(self) -> None:
        store = MemoryStore(index_lag=2)
        for n in range(4):
            store.write([Put(item(f"N{n}", due=("D", f"{n}")))])
        assert [found.sk for found in store.query("D", index="due").items] == ["N0", "N1"]
        store.settle()
        assert len(store.query("D", index="due").items) == 4

    def test_a_lagging_index_still_lists_what_is_gone(self) -> None:
        store = MemoryStore(index_lag=1)
        store.write([Put(item("A", due=("D", "1")))])
        store.write([Delete("P", "A")])
        assert [found.sk for found in store.query("D", index="due").items] == ["A"]
        assert store.get([("P", "A")]) == {}
        store.settle()
        assert store.query("D", index="due").items == []

    def test_calls_and_items_are_counted_and_logged(self) -> None:
        store = MemoryStore()
        store.write([Put(item("A")), Put(item("B"))])
        store.get([("P", f"N{n}") for n in range(150)])
        store.query("P")
        with pytest.raises(Conflict):
            store.write([Put(item("A"))])
        assert (store.reads, store.writes, store.items_written) == (3, 2, 2)
        assert [operation for operation, _ in store.log] == ["write", "get", "query", "write"]
        assert store.log[0] == Effect("write", (("P", "A"), ("P", "B")))

    def test_a_hook_may_raise_before_or_after_the_effect(self) -> None:
        store = MemoryStore()

        def crash(effect: Effect) -> None:
            if effect.changes:
                raise Crash

        store.before = crash
        with pytest.raises(Crash):
            store.write([Put(item("A"))])
        assert store.get([("P", "A")]) == {}
        store.before, store.after = None, crash
        with pytest.raises(Crash):
            store.write([Put(item("A"))])
        assert ("P", "A") in store.get([("P", "A")])

    def test_a_hook_may_write_as_a_rival(self) -> None:
        store = MemoryStore()

        def rival(effect: Effect) -> None:
            if effect.operation == "write":
                store.before = None
                store.write([Put(item("A", body={"by": "rival"}))])

        store.before = rival
        with pytest.raises(Conflict):
            store.write([Put(item("A", body={"by": "us"}))])
        assert store.get([("P", "A")])["P", "A"].body == {"by": "rival"}

    def test_throttled_operations_do_nothing(self) -> None:
        store = MemoryStore()
        store.throttle(2, operation="write")
        store.get([("P", "A")])
        for _ in range(2):
            with pytest.raises(TryAgain) as met:
                store.write([Put(item("A"))])
            assert met.value.counts is False
        store.write([Put(item("A"))])
        assert store.writes == 1

    def test_a_lost_answer_leaves_the_write_in_place(self) -> None:
        store = MemoryStore()
        store.lose_answers(1)
        store.get([("P", "A")])  # reads lose nothing
        with pytest.raises(Unknown):
            store.write([Put(item("A"))])
        with pytest.raises(Conflict):
            store.write([Put(item("A"))])

    def test_the_whole_state_goes_to_disk_and_back(self, tmp_path: Path) -> None:
        store = MemoryStore(index_lag=5)
        full = item("A", body={"ü": [None, "1.10"]}, blob=b"\0\xff", due=("D", "1"), held=("H", "r"), expires_at=7)
        store.write([Put(full), Put(item("B"))])
        store.write([Put(item("B", version=1))])
        store.save(tmp_path / "store.json")
        other = MemoryStore()
        other.write([Put(item("Z", due=("D", "0")))])
        other.restore(tmp_path / "store.json")
        assert other.all_items() == store.all_items()
        assert [found.sk for found in other.query("D", index="due").items] == ["A"]
        assert [found.sk for found in other.query("P").items] == ["A", "B"]


class TestQueue:
    def test_order_is_shuffled_and_repeats_with_its_seed(self) -> None:
        def order(seed: int) -> list[str]:
            queue = MemoryQueue(seed=seed)
            queue.send("jobs", [str(n) for n in range(8)], group="acme")
            return [received.body for received in queue.receive("jobs")]

        assert order(1) == order(1)
        assert order(1) != [str(n) for n in range(8)]
        assert sorted(order(1)) == sorted(order(2))

    def test_messages_are_repeated_or_lost_as_planned(self) -> None:
        queue = MemoryQueue(duplicates=1.0)
        queue.lose(1, queue="jobs")
        queue.send("jobs", ["a", "b"], group="acme")
        assert Counter(received.body for received in queue.receive("jobs")) == {"b": 2}

    def test_visibility_passes_with_the_clock(self) -> None:
        clock = MemoryClock()
        queue = MemoryQueue(clock=clock, visibility=60)
        queue.send("jobs", ["a"], group="acme")
        (first,) = queue.receive("jobs")
        assert queue.counts("jobs") == Counts(waiting=0, in_flight=1, dead=0)
        clock.advance(59)
        assert queue.receive("jobs") == []
        clock.advance(1)
        (second,) = queue.receive("jobs")
        assert (first.receive_count, second.receive_count) == (1, 2)
        queue.acknowledge("jobs", [first.receipt])  # outdated: the message stays in flight
        assert queue.counts("jobs").in_flight == 1
        queue.acknowledge("jobs", [second.receipt])
        assert queue.counts("jobs") == Counts(waiting=0, in_flight=0, dead=0)

    def test_what_is_received_too_often_is_dead(self) -> None:
        queue = MemoryQueue(max_receive_count=2)
        queue.send("jobs", ["poison"], group="acme")
        for _ in range(3):
            queue.receive("jobs")
            queue.expire()
        assert queue.dead("jobs") == ["poison"]
        assert queue.queues() == ["jobs"]

    def test_a_lost_answer_to_a_send_is_tried_again(self) -> None:
        queue = MemoryQueue()
        queue.lose_answers(1)
        with pytest.raises(TryAgain):
            queue.send("jobs", ["a"], group="acme")
        assert (queue.bodies("jobs"), queue.groups("jobs")) == (["a"], ["acme"])


class TestTheRest:
    def test_time_passes_only_when_it_is_told_to(self) -> None:
        begin = datetime(2026, 1, 1, tzinfo=UTC)
        clock = MemoryClock(begin=begin)
        clock.sleep(1.5)
        clock.sleep(-1)
        clock.advance(to=begin)
        assert clock.now() == begin + timedelta(seconds=1.5)
        assert clock.slept == 1.5

    def test_chance_and_tokens_repeat_with_their_seed_and_do_not_repeat_themselves(self) -> None:
        one, other = MemoryClock(seed=3), MemoryClock(seed=3)
        assert [one.chance() for _ in range(3)] == [other.chance() for _ in range(3)]
        tokens = [one.token() for _ in range(50)]
        assert tokens == [other.token() for _ in range(50)]
        assert len(set(tokens)) == 50
        assert all(len(token) == 32 and token.replace("-", "").replace("_", "").isalnum() for token in tokens)

    def test_what_is_sealed_differs_each_time(self) -> None:
        vault = MemoryVault()
        assert vault.seal(b"same", context={}) != vault.seal(b"same", context={})

    def test_notices_and_metrics_are_kept(self) -> None:
        notices, metrics = MemoryNotices(), MemoryMetrics()
        notices.publish("Held", "12 bills wait.")
        metrics.count("Records", 2, flow="a", outcome="done")
        metrics.count("Records", flow="a", outcome="held")
        assert notices.published == [("Held", "12 bills wait.")]
        assert (metrics.total("Records", flow="a"), metrics.total("Records", outcome="held")) == (3, 1)
