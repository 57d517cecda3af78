"""What moved, for the daily digest: one small item per writer's batch and flow, added and never read to be changed.

Nothing is written for a customer without a digest. The table forgets the items after some days.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from chalicelib.engine.engine import Engine, OpenFlow
from chalicelib.engine.errors import TryAgain, Unknown
from chalicelib.engine.ports import Item, Put
from chalicelib.engine.records import Json, Money

KEPT = timedelta(days=8)

log = logging.getLogger("mlc")


@dataclass(slots=True)
class Moved:
    count: int = 0
    amounts: dict[str, Decimal] = field(default_factory=dict)

    def add(self, count: int, amounts: dict[str, Decimal]) -> None:
        self.count += count
        for currency, amount in amounts.items():
            self.amounts[currency] = self.amounts.get(currency, Decimal(0)) + amount


@dataclass(slots=True)
class Tally:
    """By (move, what was done)."""

    moved: dict[tuple[str, str], Moved] = field(default_factory=dict)

    def add(self, move: str, action: str, money: Money | None) -> None:
        amounts = {money.currency: money.amount} if money else {}
        self.moved.setdefault((move, action), Moved()).add(1, amounts)

    def keep(self, flow: OpenFlow) -> None:
        """Write it down, if the customer wants a digest. A digest that lacks a batch is no reason to fail one."""
        if not self.moved or not flow.tallied:
            return
        engine, setup = flow.engine, flow.setup
        now = engine.clock.now()
        moved = [
            [move, action, one.count, {currency: str(amount) for currency, amount in one.amounts.items()}]
            for (move, action), one in self.moved.items()
        ]
        item = Item(
            pk=f"C#{setup.tenant}",
            sk=f"{_stamp(now)}#{engine.clock.token()}",
            body={"flow": setup.name, "moved": moved},
            expires_at=int((now + KEPT).timestamp()),
        )
        try:
            engine.store.write([Put(item, guarded=False)])
        except (TryAgain, Unknown) as trouble:
            log.warning("a batch is missing in the next digest: %s", trouble.message)


def between(engine: Engine, tenant: str, since: datetime, until: datetime) -> dict[tuple[str, str, str], Moved]:
    """What moved from `since` on and before `until`, by (flow, move, what was done)."""
    total: dict[tuple[str, str, str], Moved] = {}
    for body in _kept(engine, tenant, since, until):
        moved = body["moved"]
        assert isinstance(moved, list)
        for move, action, count, amounts in moved:
            key = (str(body["flow"]), str(move), str(action))
            total.setdefault(key, Moved()).add(int(count), {name: Decimal(text) for name, text in amounts.items()})
    return total


def _kept(engine: Engine, tenant: str, since: datetime, until: datetime) -> Iterator[Json]:
    cursor = None
    while True:
        rows = engine.store.query(f"C#{tenant}", upto=_stamp(until), descending=True, limit=500, cursor=cursor)
        for item in rows.items:
            if item.sk < _stamp(since):
                return
            yield item.body
        cursor = rows.cursor
        if cursor is None:
            return


def _stamp(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds")
