"""Random lives: people at work on both sides, everything breaking at random, then quiet; the promises hold."""

from __future__ import annotations

import random
from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.engine import ledger, replay, runs
from chalicelib.engine.errors import ConnectorError
from simulator.company import APP, FLOW, Company
from simulator.memory.watch import Effect
from simulator.world import Died

SEEDS = range(20)
DAYS = 12
CODES = ("5010", "6010", "6010", "7010", "7020")
FAULTS = (
    "drop_before",
    "drop_after",
    "delay",
    "delay_after",
    "malformed",
    "html",
    "html_after",
    "throttle",
    "server_fault",
    "expire_token",
)


class Life:
    """One company whose people, vendors and machines do what the seed says."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.company = Company(seed=seed, policies={"unmatched_vendor": self.chance.choice(["hold", "create"])})
        self.company.world.queue.duplicates = self.chance.choice([0.0, 0.3])
        self.company.world.store.index_lag = self.chance.choice([0, 3])
        self.vendors: list[dict[str, Any]] = []
        self.bills: list[str] = []
        self.edited_there: dict[str, str] = {}  # target id -> the date that a person gave it
        self.deleted_there: set[str] = set()
        for _ in range(3):
            self.new_vendor()

    # ------------------------------------------------------------------ what people do

    def new_vendor(self) -> None:
        name = f"{self.chance.choice(['Granite', 'Birch', 'Harbor', 'Quill', 'Zenit'])} {self.chance.randrange(10**6)}"
        self.vendors.append(self.company.vendor(name, in_books=self.chance.random() < 0.7))

    def new_bill(self) -> None:
        lines = [
            {"description": f"part {n}", "account_code": self.chance.choice(CODES), "amount": self.amount()}
            for n in range(self.chance.randint(1, 4))
        ]
        self.bills.append(
            self.company.bill(
                self.chance.choice(self.vendors),
                lines=lines,
                status=self.chance.choice([1, 2, 2, 2]),
                invoice_date=self.chance.choice(["2025-12-30", "2026-02-20", "2026-02-28"]),
                invoice_number=f"N-{len(self.bills)}",
            )
        )

    def amount(self) -> str:
        return str(Decimal(self.chance.randint(1, 99_999)) / 100)

    def approve(self) -> None:
        if self.bills:
            self.company.procurify.backstage_set_bill_status(self.chance.choice(self.bills), 2)

    def correct(self) -> None:
        if self.bills:
            line = {"description": "corrected", "account_code": self.chance.choice(CODES), "amount": self.amount()}
            self.company.procurify.backstage_edit_bill(self.chance.choice(self.bills), lines=[line])

    def touch(self) -> None:
        if self.bills:
            self.company.procurify.backstage_touch_bill(self.chance.choice(self.bills))

    def edit_there(self) -> None:
        ours = [bill for bill in self.company.ours() if bill["Id"] not in self.edited_there]
        if ours:
            bill = self.chance.choice(ours)
            day = f"2026-03-{self.chance.randint(10, 28)}"
            self.company.books.backstage_edit_bill(self.company.realm, bill["Id"], TxnDate=day)
            self.edited_there[bill["Id"]] = day

    def pay_there(self) -> None:
        ours = [bill for bill in self.company.ours() if bill["Balance"] > 0]
        if ours:
            self.company.books.backstage_pay_bill(self.company.realm, self.chance.choice(ours)["Id"])

    def delete_there(self) -> None:
        ours = [bill for bill in self.company.ours() if bill["Balance"] > 0 and bill["Id"] not in self.edited_there]
        if ours:
            bill = self.chance.choice(ours)
            self.company.books.backstage_delete_bill(self.company.realm, bill["Id"])
            self.deleted_there.add(mark(bill))

    def add_account(self) -> None:
        code = self.chance.choice(["7010", "7020"])
        if self.company.books.backstage_find(self.company.realm, "Account", f"Extra {code}") is None:
            self.company.books.backstage_add_account(self.company.realm, f"Extra {code}", "Expense", code)

    def replay_some(self) -> None:
        flow = self.company.world.open(self.company.tenant, FLOW)
        for head in self.company.heads():
            if self.chance.random() < 0.3:
                with suppress(ConnectorError):
                    replay.replay(flow, head, by="Ann")

    # ------------------------------------------------------------------ what breaks

    def break_something(self) -> None:
        system = self.chance.choice([self.company.books, self.company.procurify])
        system.faults.plan(self.chance.choice(FAULTS), times=self.chance.randint(1, 3), skip=self.chance.randrange(20))  # type: ignore[arg-type]  # one of Kind

    def die_somewhere(self) -> None:
        world = self.company.world
        port = self.chance.choice([world.store, world.queue, world.http])
        when, left = self.chance.choice(["before", "after"]), self.chance.randrange(40)

        def hook(effect: Effect) -> None:
            nonlocal left
            left -= effect.changes
            if left < 0:
                setattr(port, when, None)
                raise Died

        setattr(port, when, hook)

    def lose_messages(self) -> None:
        self.company.world.queue.lose(self.chance.randint(1, 3))

    def trouble_in_the_table(self) -> None:
        store = self.company.world.store
        self.chance.choice([store.throttle, store.lose_answers])(self.chance.randint(1, 2))

    def live(self) -> None:
        people = [self.new_bill] * 5 + [self.new_vendor, self.approve, self.approve, self.correct, self.correct]
        people += [self.touch, self.edit_there, self.pay_there, self.delete_there, self.replay_some]
        machines = [self.break_something] * 3 + [self.die_somewhere, self.lose_messages, self.trouble_in_the_table]
        for _ in range(DAYS):
            for _ in range(self.chance.randint(1, 6)):
                self.chance.choice(people)()
            for _ in range(self.chance.randint(0, 3)):
                self.chance.choice(machines)()
            self.cycle(full=self.chance.random() < 0.1)

    def cycle(self, *, full: bool = False) -> None:
        """A scheduled run and what follows; a door that failed for the table's sake is opened again, as Lambda does."""
        world = self.company.world
        world.clock.advance(15 * 60)
        for step in (lambda: runs.start(world.engine, world.open(self.company.tenant, FLOW), full=full), None):
            for _ in range(12):
                try:
                    step() if step else world.until_quiet()
                except ConnectorError:
                    continue
                except Died:
                    world.queue.expire()
                    continue
                break

    def quiet(self) -> None:
        world = self.company.world
        for system in (self.company.books, self.company.procurify):
            system.faults.clear()
        for port in (world.store, world.queue, world.http):
            port.before = port.after = None
            port.throttle(0)
            port.lose_answers(0)
        world.queue.lose_no_more()
        world.store.settle()
        grant = {**APP, "refresh_token": self.company.books.backstage_grant(self.company.realm)["refresh_token"]}
        world.connect(self.company.tenant, "books", "quickbooks_online", {"realm": self.company.realm}, grant)
        self.add_account()
        for _ in range(4):
            self.cycle()
            world.store.settle()


def mark(bill: dict[str, Any]) -> str:
    return str(bill["PrivateNote"].rsplit(":", 1)[-1].rstrip("]"))


@pytest.mark.parametrize("seed", SEEDS)
def test_after_any_life_no_bill_is_there_twice_none_is_lost_and_every_cent_is_accounted_for(seed: int) -> None:
    life = Life(seed)
    life.live()
    life.quiet()
    company = life.company
    heads = {head.key.source_id: head for head in company.heads()}
    ours = {mark(bill): bill for bill in company.ours()}
    assert len(ours) == len(company.ours()), "a bill is there twice"
    for bill in company.procurify.backstage_snapshot("bills"):
        source_id = bill["uuid"].replace("-", "")
        approved, head = bill["status"] == 2, heads.get(source_id)
        assert head is not None or not approved, f"{source_id} was lost"
        if head is None:
            assert source_id not in ours
            continue
        assert head.due is None and head.intent is None, (source_id, head.state, head.trouble)
        assert head.state in {"done", "held", "not_moved"}, (source_id, head)
        if head.state == "done":
            there = ours.get(source_id)
            if there is None:
                assert source_id in life.deleted_there
                continue
            total = sum(Decimal(item["total_cost"]) for item in bill["items"])
            assert Decimal(str(there["TotalAmt"])) == total == head.money.amount if head.money else False, source_id
    for target_id, day in life.edited_there.items():
        assert [bill["TxnDate"] for bill in ours.values() if bill["Id"] == target_id] == [day], "overwritten"
    assert not life.deleted_there & ours.keys(), "made again"
    for head in heads.values():
        told = [str(moment["what"]) for moment in ledger.trail(company.world.store, head.key, limit=500)[0]]
        assert "created" not in told or told.index("intent to create") < told.index("created")
    company.assert_no_mistakes()
