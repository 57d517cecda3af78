"""A worker may die at any effect that follows from a webhook: each record is copied once, without a second word."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import pytest

from simulator.memory.watch import Effect
from simulator.world import Died
from tests.faults.places import some
from tests.reading_books import BooksWorld

REALMS = {"acme": "9130001", "rival": "9130002"}
When = Literal["before", "after"]
MOST_EFFECTS = 400


def after_a_change(arm: Callable[[BooksWorld], None] = lambda world: None) -> BooksWorld:
    """A payment, a change and a deletion in two companies are delivered; `arm` sets what breaks on the way."""
    world = BooksWorld(REALMS)
    bills = {}
    for tenant in REALMS:
        vendor = world.vendor(f"Vendor of {tenant}", tenant)
        bills[tenant] = [world.bill(vendor, amount, tenant=tenant) for amount in ("10.00", "20.00")]
        world.run(tenant)
    world.take_webhooks()
    for tenant, realm in REALMS.items():
        world.books.backstage_pay_bill(realm, bills[tenant][0], "4.00")
        world.books.backstage_edit_bill(realm, bills[tenant][0], DocNumber="changed")
        world.books.backstage_delete_bill(realm, bills[tenant][1])
    world.books.run_due()
    arm(world)
    world.until_quiet()
    for port in (world.store, world.queue, world.http, world.vault):
        port.before = port.after = None
    return world


def watch(world: BooksWorld, seen: Callable[[], None], when: When) -> None:
    def each(effect: Effect) -> None:
        if effect.changes:
            seen()

    for port in (world.store, world.queue, world.http):
        setattr(port, when, each)


@pytest.fixture(scope="module")
def whole() -> BooksWorld:
    return after_a_change()


def effects() -> int:
    count = 0

    def one() -> None:
        nonlocal count
        count += 1

    after_a_change(lambda world: watch(world, one, "before"))
    assert 20 < count < MOST_EFFECTS
    return count


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_crash_at_any_effect_of_a_webhook_changes_nothing_in_the_end(when: When, whole: BooksWorld) -> None:
    for nth in some(effects(), when == "after"):
        number = nth - 1
        left = [number]

        def one(left: list[int] = left) -> None:
            left[0] -= 1
            if left[0] == -1:
                raise Died

        world = after_a_change(lambda world, one=one: watch(world, one, when))  # type: ignore[misc]
        assert world.deaths == 1
        for tenant in REALMS:
            assert world.papers[tenant].sheets == whole.papers[tenant].sheets, f"effect {number}, {tenant}"
            assert all(
                bodies == whole.papers[tenant].history[mark] for mark, bodies in world.papers[tenant].history.items()
            )


def test_a_delivery_that_is_handed_over_a_hundred_times_is_one(whole: BooksWorld) -> None:
    def repeat(world: BooksWorld) -> None:
        body = world.books.webhooks.attempts[-1].body.encode()
        for _ in range(100):
            assert world.hook(body) == 200

    world = after_a_change(repeat)
    assert {tenant: paper.history for tenant, paper in world.papers.items()} == {
        tenant: paper.history for tenant, paper in whole.papers.items()
    }
