"""What a record costs: every operation counted at the ports in a world in memory, times AWS's list prices."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from chalicelib.aws import limits
from chalicelib.engine import setup as setups
from chalicelib.engine.ports import Item, Op, Put, Rows
from infra.watch import GB_SECOND, INVOCATION, QUEUE_REQUEST, READ_UNIT, WRITE_UNIT
from simulator.company import APP, Company
from simulator.memory.clock import MemoryClock
from simulator.memory.store import MemoryStore
from simulator.systems.quickbooks_online import QuickBooksOnlineSimulator
from simulator.world import World

# Dollars per million; Lambda's time at 1,769 MB, which is one core.
PRICES = {
    "write units": WRITE_UNIT * 1e6,
    "read units": READ_UNIT * 1e6,
    "queue requests": QUEUE_REQUEST * 1e6,
    "invocations": INVOCATION * 1e6,
    "core milliseconds": GB_SECOND * 1.769 / 1000 * 1e6,
    "KMS calls": 3.00,
}
MANY = 100_000
PER_CALL = 10  # messages that one queue request, or one invocation of a writer, takes
RUNS_A_MONTH = 30 * 24 * 4  # every 15 minutes


class CountingStore(MemoryStore):
    """Counts request units as DynamoDB does: 1 KB written, twice that in a transaction; 4 KB read consistently."""

    def __init__(self) -> None:
        super().__init__()
        self.units: Counter[str] = Counter()
        self.bought: Counter[str] = Counter()  # the write units, by what they were for

    def write(self, ops: Sequence[Op]) -> None:
        times = 2 if len(ops) > 1 else 1
        for op in ops:
            if isinstance(op, Put):
                kilobytes = -(-limits.item_size(op.item, limits.body_text(op.item.body)) // 1024)
                self._bought(_kind(op.item.pk, op.item.sk), kilobytes)
                self._bought("twice, for being one transaction", (times - 1) * kilobytes)
                self._bought("entries of the due and held indexes", self._entries(op.item))
            else:
                self._bought("conditions and deletions", times)
        super().write(ops)

    def _bought(self, what: str, units: int) -> None:
        self.units["write units"] += units
        self.bought[what] += units

    def _entries(self, new: Item) -> int:
        """An entry of an index that is made or taken away is one unit; one that moves is both."""
        row = self._rows.get((new.pk, new.sk))
        old = row.item if row else Item(pk=new.pk, sk=new.sk)
        pairs = ((old.due, new.due), (old.held, new.held))
        return sum((before is not None) + (after is not None) for before, after in pairs if before != after)

    def get(self, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Item]:
        found = super().get(keys)
        missing = len(set(keys)) - len(found)
        self.units["read units"] += missing + sum(self._read_units(item) for item in found.values())
        return found

    def query(self, pk: str, **how: Any) -> Rows:
        rows = super().query(pk, **how)
        size = sum(limits.item_size(item, limits.body_text(item.body)) for item in rows.items)
        # An index is read eventually consistently, at half the price.
        self.units["read units"] += max(1, -(-size // 4096)) * (0.5 if how.get("index") else 1)  # type: ignore[assignment]
        return rows

    def _read_units(self, item: Item) -> int:
        return -(-limits.item_size(item, limits.body_text(item.body)) // 4096)


def _kind(pk: str, sk: str) -> str:
    """What an item is for, in the words of the page on costs."""
    owner, part = pk.partition("#")[0], sk.partition("#")[0]
    if owner == "R":
        return {"HEAD": "the record's head", "BODY": "its documents", "TRAIL": "its trail"}[part]
    return {"F": "its place in the list", "X": "its claim"}.get(owner, "shared: runs, turns, due rows")


@dataclass
class Counted:
    """A world whose operations are counted from a moment on."""

    company: Company
    store: CountingStore

    def now(self) -> Counter[str]:
        world = self.company.world
        sent = sum(-(-(len(effect.keys) - 1) // PER_CALL) for effect in world.queue.log if effect.operation == "send")
        handled: Counter[str] = Counter()
        for effect in world.queue.log:
            if effect.operation == "acknowledge":
                handled[effect.keys[0]] += len(effect.keys) - 1
        batches = sum(-(-count // PER_CALL) if name.startswith("writer") else count for name, count in handled.items())
        sealed = sum(effect.operation in {"seal", "unseal"} for effect in world.vault.log)
        return Counter(
            {
                **self.store.units,
                **{f"for {what}": units for what, units in self.store.bought.items()},
                "queue requests": sent + 2 * batches,
                "invocations": batches,
                "KMS calls": sealed,
                "calls to vendors": int(world.metrics.total("RemoteCalls")),
                "metered reads": int(world.metrics.total("MeteredReads")),
            }
        )

    def of(self, act: Callable[[], object]) -> tuple[Counter[str], float]:
        """What the act took, and its own time in milliseconds of one core."""
        before, begun = self.now(), time.process_time()
        act()
        taken = (time.process_time() - begun) * 1000
        after = self.now()
        return Counter({name: after[name] - before[name] for name in after}), taken


def world() -> Counted:
    clock = MemoryClock()
    books = QuickBooksOnlineSimulator(clock=clock.now, client_id=APP["client_id"], client_secret=APP["client_secret"])
    systems = {"https://quickbooks.api.intuit.com": books, "https://oauth.platform.intuit.com": books}
    made = World(clock=clock, systems=systems)
    store = CountingStore()
    made.store = store
    made.engine = made._container()
    company = Company(world=made)
    (setup,) = setups.flows(store, company.tenant).values()
    store.write([setups.flow_put(replace(setup, brake_records=MANY))])  # or changing all of them would stop and ask
    return Counted(company, store)


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one record, or of one run without news; `core_ms` as measured here."""

    name: str
    counts: dict[str, float]
    core_ms: float

    @property
    def dollars(self) -> float:
        """Per million."""
        whole = {**self.counts, "core milliseconds": self.core_ms}
        return sum(price * whole.get(name, 0.0) for name, price in PRICES.items())


def costs(records: int) -> list[Cost]:
    """Of a new, a changed and an unchanged bill, and of a run that finds nothing."""
    counted = world()
    company = counted.company
    vendors = [company.vendor(f"Vendor {n} Supply Co") for n in range(20)]
    company.cycle()
    idle = counted.of(company.cycle)
    uuids = [company.bill(vendors[n % 20], f"{n + 1}.00") for n in range(records)]
    new = counted.of(company.cycle)
    for n, uuid in enumerate(uuids):
        line = {"description": "changed", "account_code": "6010", "amount": f"{n + 2}.50"}
        company.procurify.backstage_edit_bill(uuid, lines=[line])
    changed = counted.of(company.cycle)
    unchanged = counted.of(company.cycle)
    company.assert_once(uuids)
    run = _per("a run without news", idle, 1)
    return [
        _per("a new bill", new, records, run),
        _per("a changed bill", changed, records, run),
        _per("an unchanged bill", unchanged, records, run),
        run,
    ]


def _per(name: str, found: tuple[Counter[str], float], records: int, run: Cost | None = None) -> Cost:
    """Each record's share of what the run took beyond a run without news."""
    counts, taken = found
    less = run.counts if run else {}
    shares = {what: max(0.0, (count - less.get(what, 0)) / records) for what, count in counts.items()}
    return Cost(name, shares, max(0.0, (taken - (run.core_ms if run else 0)) / records))


def report(records: int) -> str:
    """A table; of a run also what an idle connection costs in a month."""
    found = costs(records)
    names = [name for name in found[0].counts if not name.startswith("for ")]
    rows = [["", *names, "core ms", "dollars a million"]]
    for cost in found:
        rows.append([cost.name, *(f"{cost.counts[name]:.2f}" for name in names), f"{cost.core_ms:.1f}"])
        rows[-1].append(f"{cost.dollars:.2f}")
    month = found[-1].dollars * RUNS_A_MONTH / 1e6
    shares = [
        (name, [cost.counts.get(name, 0) for cost in found[:2]]) for name in found[0].counts if name.startswith("for ")
    ]
    widths = [max(len(row[n]) for row in rows) for n in range(len(rows[0]))]
    lines = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    bought = [f"  {new:6.2f} {changed:6.2f}  {name}" for name, (new, changed) in shares]
    idle = f"an idle connection, every 15 minutes: {month:.4f} dollars a month"
    return "\n".join([*lines, idle, "write units of a new and of a changed bill:", *bought])
