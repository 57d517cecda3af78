"""A flow in numbers: per move how many records stand where, with their amounts, and what they came to.

One that came to several parts is counted as those, never beside them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import islice

from chalicelib.engine import ledger
from chalicelib.engine.engine import Engine, OpenFlow
from chalicelib.engine.ledger import Head
from chalicelib.engine.ports import Store
from chalicelib.engine.records import Json, RecordKey

BATCH = 100
WORDS = (
    "create",
    "link",
    "update",
    "delete",
    "void",
    "told",
    "unchanged",
    "hold",
    "refused",
    "not_moved",
    "forecast",
    "waiting",
)

# A live run's outcome in the words of the rehearsal before it, so that the two can be laid side by side.
_DONE = {
    "created": "create", "linked": "link", "adopted": "link", "updated": "update", "deleted": "delete",
    "voided": "void", "told": "told",
}  # fmt: skip
_STATES = {"held": "hold", "refused": "refused", "not_moved": "not_moved", "split": "not_moved", "forecast": "forecast"}


@dataclass(slots=True)
class Sum:
    count: int = 0
    amounts: dict[str, Decimal] = field(default_factory=dict)

    def add(self, head: Head) -> None:
        self.count += 1
        if head.money is not None:
            before = self.amounts.get(head.money.currency, Decimal(0))
            self.amounts[head.money.currency] = before + head.money.amount

    def json(self) -> Json:
        return {"count": self.count, "amounts": {name: str(amount) for name, amount in sorted(self.amounts.items())}}


def count(flow: OpenFlow) -> dict[str, tuple[dict[str, Sum], dict[str, Sum]]]:
    """Per move: by state, and by what it came to (or would come to, in a rehearsal)."""
    found: dict[str, tuple[dict[str, Sum], dict[str, Sum]]] = {}
    for move in flow.whole.moves:
        states: dict[str, Sum] = {}
        words = {word: Sum() for word in WORDS}
        for head in heads_of(flow.engine, flow.setup.tenant, flow.setup.name, move.name):
            if head.state == "split" and (head.parts or head.leaving):
                continue
            states.setdefault(head.state, Sum()).add(head)
            words[word_for(head)].add(head)
        found[move.name] = (states, words)
    return found


def word_for(head: Head) -> str:
    """What became of the record, or would."""
    if head.state == "rehearsed":
        return str((head.plan or {}).get("action"))
    if head.state == "done":
        return _DONE.get(str((head.outcome or {}).get("action")), "unchanged")
    return _STATES.get(head.state, "waiting")


def heads_of(engine: Engine, tenant: str, flow: str, move: str) -> Iterator[Head]:
    yield from heads_by_key(engine.store, ledger.list_keys(engine.store, tenant, flow, move))


def heads_by_key(store: Store, keys: Iterable[RecordKey]) -> Iterator[Head]:
    rest = iter(keys)
    while batch := list(islice(rest, BATCH)):
        found = ledger.heads(store, batch)
        yield from (found[key] for key in batch if key in found)


def sums_json(sums: dict[str, Sum]) -> Json:
    return {name: one.json() for name, one in sums.items()}
