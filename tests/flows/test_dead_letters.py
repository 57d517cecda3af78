"""Messages that failed too often: the operator sees what they are about, and nothing that they stand for is lost."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.engine.ports import DEAD
from chalicelib.engine.records import Json
from chalicelib.entry import dead, errands, keys
from chalicelib.entry.dead import Letter
from simulator.company import FLOW
from simulator.memory.watch import Effect
from simulator.world import Died
from tests.flows.customer import Customer

PATIENCE = timedelta(minutes=8)


class Operator(Customer):
    def __init__(self, **company: Any) -> None:
        super().__init__(**company)
        self.own_key = self.key
        self.world.queue.max_receive_count, self.world.queue.visibility = 2, timedelta(seconds=60)
        self.platform = keys.make_key(self.world.store, self.world.clock, keys.PLATFORM, "platform", "us")
        self.broken = False
        self._send = self.world.http.send
        self.world.http.send = self._may_break  # type: ignore[method-assign]

    def _may_break(self, request: Any) -> Any:
        if self.broken and "Bill" in str(request.params):
            raise RuntimeError("a fault of our own")
        return self._send(request)

    def letters(self, do: str = "list", **wish: object) -> Any:
        """What the errand came to; None where the job died."""
        self.key = self.platform
        try:
            errand = self.call("POST", "/dead-letters", {"do": do, **wish})["id"]
            self.world.until_quiet(patience=timedelta())
            answer = self.call("GET", f"/dead-letters/{errand}")
        finally:
            self.key = self.own_key
        return answer if answer["state"] == "done" else None

    def goes_on(self) -> None:
        self.world.clock.advance(10 * 60)
        self.world.until_quiet(patience=PATIENCE)

    def lay(self, queue: str, body: str) -> None:
        """A letter that lies there already."""
        self.world.queue.send(queue + DEAD, [body], group=self.company.tenant)

    def lying(self, queue: str) -> list[str]:
        self.world.queue.expire()
        return self.world.queue.dead(queue)


@pytest.fixture
def operator() -> Operator:
    return Operator()


def poisoned(operator: Operator) -> tuple[str, str]:
    """A bill that the service fails at, looking whether it is there already: (uuid, its record)."""
    uuid = operator.company.bill(operator.company.vendor("Northwind"))
    operator.broken = True
    operator.world.clock.advance(15 * 60)
    operator.call("POST", f"/flows/{FLOW}/sync", {})
    operator.world.until_quiet(patience=PATIENCE)
    return uuid, operator.record(uuid).removeprefix("/records/")


def test_what_lies_there_is_told_with_its_record_and_left_as_it_lies(operator: Operator) -> None:
    _, record = poisoned(operator)
    for _ in range(2):
        answer = operator.letters()
        (letter,) = answer["letters"]
        assert (letter["queue"], letter["what"]) == ("writer-quickbooks_online", "a record to write")
        assert letter["about"] == {"tenant": operator.company.tenant, "record": record}
        counts = {one["queue"]: one["messages"] for one in answer["queues"]}
        assert counts["writer-quickbooks_online"] == letter["copies"] > 0
        assert counts["poll"] == counts["jobs"] == 0


def test_a_record_that_fails_again_is_held_and_goes_on_by_replay_once_the_service_is_mended(operator: Operator) -> None:
    uuid, record = poisoned(operator)
    (sent,) = operator.letters("redrive")["letters"]
    assert sent["came"] == "sent back"
    operator.goes_on()
    (parked,) = operator.letters("redrive")["letters"]
    assert parked["came"] == "parked"
    assert operator.lying("writer-quickbooks_online") == []
    why = operator.call("GET", f"/records/{record}/why")
    assert why["state"] == "held"
    assert "the operator knows of it" in why["todo"]
    assert operator.call("GET", "/holds")["items"][0]["reason"] == "our_fault"
    assert operator.letters()["letters"][0]["parked"]["state"] == "held"
    operator.goes_on()
    late = operator.letters("redrive")["letters"]
    assert {one["came"] for one in late} <= {"", "not needed any more"}, "a held record is not queued again"
    operator.broken = False
    operator.call("POST", f"/records/{record}/replay", {})
    operator.goes_on()
    operator.company.assert_once([uuid])
    assert operator.letters("drop", ids=[parked["id"]])["letters"][0]["came"] == "dropped"
    assert operator.letters()["letters"] == []


def test_what_is_parked_is_sent_back_after_the_mend_and_its_record_goes_on(operator: Operator) -> None:
    uuid, _ = poisoned(operator)
    (letter,) = operator.letters()["letters"]
    operator.letters("park", ids=[letter["id"]], why="until the mend")
    operator.goes_on()
    assert operator.letters("redrive")["letters"][0]["came"] == "", "parked ones are named"
    operator.broken = False
    assert operator.letters("redrive", parked=True)["letters"][0]["came"] == "sent back"
    operator.goes_on()
    operator.company.assert_once([uuid])
    assert operator.letters()["letters"] == []


def test_after_the_mend_everything_is_sent_back_at_once(operator: Operator) -> None:
    uuid, _ = poisoned(operator)
    operator.broken = False
    assert {one["came"] for one in operator.letters("redrive")["letters"]} == {"sent back"}
    operator.goes_on()
    operator.company.assert_once([uuid])
    assert operator.letters()["letters"] == []


def test_a_message_that_nobody_can_read_is_shown_without_what_it_says(operator: Operator) -> None:
    for body in ("{", '"x"', json.dumps({"job": "hook", "system": "ledger", "body": "what a vendor sent"})):
        operator.lay("jobs", body)
    operator.lay("writer-quickbooks_online", "no record")
    answer = operator.letters()
    assert sorted(one["what"] for one in answer["letters"]) == ["not readable"] * 3 + ["the job hook"]
    assert "what a vendor sent" not in str(answer)
    ids = [one["id"] for one in answer["letters"]]
    assert {one["came"] for one in operator.letters("park", ids=ids)["letters"]} == {"parked"}
    assert operator.letters("drop", ids=[*ids, "0" * 16])["missing"] == ["0" * 16]
    assert operator.letters()["letters"] == []


def test_a_customers_key_finds_no_such_path(operator: Operator) -> None:
    unknown = operator.ask("GET", "/dead-letters/anything")
    asked = operator.ask("POST", "/dead-letters", {"do": "drop"})
    assert (unknown[0], asked[0]) == (404, 404)
    assert unknown[1]["detail"] == asked[1]["detail"]
    assert "address" in unknown[1]["detail"]


@pytest.mark.parametrize("do", ["redrive", "park"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_death_at_any_moment_loses_no_letter(operator: Operator, do: str, when: str) -> None:
    world = operator.world
    for at in range(20):
        body = json.dumps({"job": "hints", "tenant": operator.company.tenant, "at": at})
        operator.lay("jobs", body)
        asked: Json = {"do": do, "queue": "jobs", "ids": [Letter("jobs", body).id], "why": ""}
        job: Json = {**asked, "id": errands.send(world.engine, "dead", keys.PLATFORM, asked), "tenant": keys.PLATFORM}
        if not _dies(operator, job, when=when, at=at):
            assert at >= 3
            return
        world.died()
        parked = [item for item in world.store.all_items() if item.pk == "DEAD" and item.body.get("body") == body]
        assert body in [*operator.lying("jobs"), *world.queue.bodies("jobs"), *(item.body["body"] for item in parked)]
        dead.run(world.engine, job)
        assert body not in operator.lying("jobs")
    raise AssertionError("it never came to its end")


def _dies(operator: Operator, job: Any, *, when: str, at: int) -> bool:
    """Die at that change of the job; False where there are fewer."""
    left = at

    def dying(effect: Effect) -> None:
        nonlocal left
        left -= effect.changes
        if left < 0:
            raise Died

    ports = (operator.world.store, operator.world.queue)
    for port in ports:
        setattr(port, when, dying)
    try:
        dead.run(operator.world.engine, job)
    except Died:
        return True
    finally:
        for port in ports:
            setattr(port, when, None)
    return False
