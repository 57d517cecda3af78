"""The brake on mass changes: more than a share of what was moved is not taken away or changed before a person says so.

What a run finds withdrawn at the source, or with another number, party, day or amount, waits until that run is over
(`Head.stirred`): only then is it known how much there is of it. Too much, and the flow pauses with its reason before
any of it is written; resumed by a person who saw what it is, it goes on exactly with that.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import islice

from chalicelib.engine import due, hold, ledger, notices, runs
from chalicelib.engine import setup as setups
from chalicelib.engine.engine import Engine, OpenFlow
from chalicelib.engine.errors import Held
from chalicelib.engine.flow import Move
from chalicelib.engine.ledger import Head
from chalicelib.engine.ports import Conflict, Delete, Item, Op, Put
from chalicelib.engine.records import Json, RecordKey
from chalicelib.engine.setup import FlowSetup

SHOWN = 30  # records that are named to whoever decides
SENT = 300  # records that go on at once when their run is over; the tick takes up the others
PAGE = 100
TRIES = 5
CHANGED, CHANGED_PERCENT = 5, 50  # so many times the records, and this share at least, may be changed in a run


@dataclass(slots=True)
class Stirred:
    """What a run found withdrawn or changed so far, of what had been moved. It travels with the run's steps."""

    count: int = 0
    gone: int = 0  # of these, withdrawn
    amounts: dict[str, str] = field(default_factory=dict)  # by currency
    keys: list[str] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)

    @staticmethod
    def of(job: Json) -> Stirred:
        kept = job.get("stirred")
        return Stirred(**kept) if isinstance(kept, dict) else Stirred()

    def json(self) -> Json:
        return {"count": self.count, "gone": self.gone, "amounts": self.amounts, "keys": self.keys, "shown": self.shown}

    def add(self, old: Head, new: Head) -> None:
        before, after = (head.money.amount if head.money else Decimal(0) for head in (old, new))
        if not new.live:
            after = Decimal(0)
        currency = str(old.summary.get("currency") or "")
        self.count += 1
        self.gone += not new.live
        self.amounts[currency] = str(Decimal(self.amounts.get(currency, "0")) + abs(after - before))
        if len(self.keys) < SENT:
            self.keys.append(new.key.pk)
        if len(self.shown) < SHOWN:
            self.shown.append(_told(old, new))


def stirs(old: Head, new: Head) -> bool:
    """Whether it had been moved, and is withdrawn now or is another document for whoever reads it."""
    if not (old.link or old.parts):
        return False
    return (old.live and not new.live) or (new.live and old.summary != new.summary)


def free(flow: OpenFlow, heads: Sequence[Head]) -> list[Head]:
    """Those that may be written: what a run stirred waits until the run is over."""
    if not any(head.stirred for head in heads):
        return list(heads)
    run = runs.latest(flow.engine, flow.setup)
    reading = run["id"] if run.get("state") == "running" else None
    return [head for head in heads if not head.stirred or head.stirred != reading]


def conclude(flow: OpenFlow, job: Json) -> None:
    """The run has read all there is: what it stirred goes on. Raises Held where that is too much; the flow pauses."""
    found = Stirred.of(job)
    too_much = _too_much(flow, found)
    if too_much is not None:
        stop(flow, too_much, shown=found.shown, count=found.count)
    due.send(flow, [RecordKey.from_pk(pk) for pk in found.keys])


def check_listing(flow: OpenFlow, move: Move, seen: int) -> None:
    """A full listing that shows much less than we moved is believed by nobody. Raises Held; the flow pauses."""
    setup = flow.setup
    moved = sum(head.live and not head.gone for head in _moved(flow, [move]))
    if setup.state != "live" or moved - seen <= max(setup.brake_records, moved * setup.brake_percent // 100):
        return
    kind, title = move.name.replace("_", " "), flow.engine.load_system(flow.source.system).title
    problem = Held(
        "listing_too_small",
        f"{title} listed {seen} {kind}s in full, but {moved} were moved from there. That is not believed, and nothing "
        "was deleted.",
        cause=f"{seen} of {moved} {kind}s",
        fix=f"Check the rights of the user behind {flow.source.name}, and that it leads to the right company.",
        owner="admin",
    )
    stop(flow, problem, shown=[], count=0)


def stop(
    flow: OpenFlow, problem: Held, *, shown: Sequence[str], count: int, again: Sequence[tuple[str, str]] = ()
) -> None:
    """Pause the flow and tell people once. `again` are (move, source id) read once more when it goes on. Raises it."""
    engine, setup = flow.engine, flow.setup
    body: Json = {
        "reason": problem.reason,
        "why": problem.message,
        "fix": problem.fix,
        "shown": list(shown),
        "count": count,
        "again": [list(one) for one in again],
        "at": engine.clock.now().isoformat(),
    }
    for _ in range(TRIES):
        fresh = engine.open(setup.tenant, setup.name)
        if fresh is None or fresh.setup.state != "live":
            break
        paused = setups.flow_put(replace(fresh.setup, state="paused", paused_from="live"))
        ops: list[Op] = [paused, Put(Item(*_key(setup), body=body), guarded=False)]
        text = "\n".join([problem.message, "", *listed(body), "", f"What to do: {problem.fix}", "", _how(setup)])
        try:
            notices.tell(engine, setup.tenant, f"{setup.tenant}: {setup.name} is paused and asks", text, ops=ops)
        except Conflict:
            continue
        break
    raise problem


def asks(engine: Engine, setup: FlowSetup) -> Json | None:
    """Why the flow paused itself, and what it would do; None where it did not."""
    return item.body if (item := _item(engine, setup)) and setup.state == "paused" else None


def listed(asked: Json) -> list[str]:
    """What would change, one line a record."""
    shown = asked["shown"]
    assert isinstance(shown, list)
    more = int(str(asked["count"])) - len(shown)
    return [f"- {line}" for line in shown] + ([f"- and {more} more"] if shown and more > 0 else [])


def let_go(flow: OpenFlow) -> None:
    """A person saw it and let it go on."""
    item = _item(flow.engine, flow.setup)
    if item is None:
        return
    again = item.body["again"]
    assert isinstance(again, list)
    hold.notice_jobs(flow, [(str(move), str(id_)) for move, id_ in again])
    flow.engine.store.write([Delete(*_key(flow.setup))])


# ---------------------------------------------------------------------------------------------- inside


def _too_much(flow: OpenFlow, found: Stirred) -> Held | None:
    setup = flow.setup
    if setup.state != "live" or not found.count:
        return None
    most = Decimal(setup.brake_amount)
    amounts = [f"{Decimal(amount):,.2f} {currency}".strip() for currency, amount in found.amounts.items()]
    dear = most and any(Decimal(amount) > most for amount in found.amounts.values())
    share = 0 if dear else _large_share(flow, found)
    if not dear and not share:
        return None
    title = flow.engine.load_system(flow.source.system).title
    limit = f"{most:,.2f}" if dear else f"{share} per cent of what was moved"
    return Held(
        "mass_change",
        f"{found.count} records that were moved ({'; '.join(amounts)}) were deleted, voided or changed in {title} "
        f"since the last run. That is more than {limit}, so nothing of it was written to {flow.target_title}.",
        cause=f"{found.count} records",
        fix=f"See in {title} whether that was meant.",
        owner="admin",
    )


def _large_share(flow: OpenFlow, found: Stirred) -> int:
    """The per cent of all that was moved which is gone beyond, or changed; 0 where neither is too much.

    People change much in a day and take little away: of what is only changed, more passes.
    """
    records, percent = flow.setup.brake_records, flow.setup.brake_percent
    limits = [(found.gone, records, percent), (found.count, records * CHANGED, max(percent, CHANGED_PERCENT))]
    return next((share for count, most, share in limits if count > most and _is_large(flow, count, share)), 0)


def _is_large(flow: OpenFlow, count: int, percent: int) -> bool:
    """Whether it is more than the share of all that was moved; no more of that is counted than is needed."""
    enough = count * 100 // percent
    moved = _moved(flow, flow.flow.wanted(flow.policies))
    return sum(1 for _ in islice(moved, enough)) < enough


def _moved(flow: OpenFlow, moves: Sequence[Move]) -> Iterable[Head]:
    engine, setup = flow.engine, flow.setup
    for move in moves:
        every = iter(ledger.list_keys(engine.store, setup.tenant, setup.name, move.name))
        keys = (key for key in every if not key.part)
        while some := list(islice(keys, PAGE)):
            yield from (head for head in ledger.heads(engine.store, some).values() if head.link or head.parts)


def _told(old: Head, new: Head) -> str:
    title = str(old.summary.get("title"))
    money = f", {old.money}".rstrip() if old.money else ""
    if not new.live:
        return f"{title}{money}: {'deleted' if new.gone else 'void or withdrawn'}"
    return f"{title}{money}: now {new.summary.get('title')}, {new.summary.get('day')}, {new.money or 'no amount'}"


def _how(setup: FlowSetup) -> str:
    return (
        f"Nothing is read or written meanwhile. If it was meant, `mlc flows resume {setup.name} --go-on` lets it go on "
        "exactly with that."
    )


def _key(setup: FlowSetup) -> tuple[str, str]:
    return setups.pk(setup.tenant), f"BRAKE#{setup.name}"


def _item(engine: Engine, setup: FlowSetup) -> Item | None:
    return engine.store.get([_key(setup)]).get(_key(setup))
