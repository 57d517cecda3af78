"""One writer at a time for what there belongs together: the invoices of one commitment, which count up on each other.

The item of an aggregate names who wrote to it last. It is free as soon as none of them has an intent any more, so that
nothing has to be given back, and a worker that died keeps it exactly as long as its outcome is unknown.
"""

from __future__ import annotations

from collections.abc import Iterable

from chalicelib.engine import ledger
from chalicelib.engine.engine import OpenFlow
from chalicelib.engine.ledger import Head
from chalicelib.engine.ports import Item, Op, Put
from chalicelib.engine.records import RecordKey


def take(flow: OpenFlow, head: Head, aggregate: str, together: Iterable[RecordKey]) -> list[Op] | None:
    """What to write with the intent; None while another record has it. Those `together` are written one by one."""
    if not aggregate:
        return []
    key = f"L#{flow.setup.tenant}#{flow.target.name}#{aggregate}", "LEASE"
    item = flow.engine.store.get([key]).get(key, Item(*key, body={"keys": []}))
    named = item.body["keys"]
    assert isinstance(named, list)
    ours = {head.key, *together}
    others = [other for pk in named if (other := RecordKey.from_pk(str(pk))) not in ours]
    if any(other.intent for other in ledger.heads(flow.engine.store, others).values()):
        return None
    keys = [key.pk for key in dict.fromkeys([*(RecordKey.from_pk(str(pk)) for pk in named), head.key]) if key in ours]
    return [Put(Item(*key, body={"keys": keys}, version=item.version))]
