"""What records of two moves would both write, an order and the bill for it say, is written by one of them only.

A draft names what it covers. Whoever is about to write it first puts its key under that name, for its own move; records
of another move are held as long as one of those stands in the target or is on its way there. A key whose record gave
that up is passed over: nothing has to be cleared away.
"""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.engine import ledger
from chalicelib.engine.engine import OpenFlow
from chalicelib.engine.errors import Held, TryAgain
from chalicelib.engine.ledger import Head
from chalicelib.engine.ports import Check, Conflict, Item, Put
from chalicelib.engine.records import RecordKey

MOST = 50  # names of one record: they are checked in the one write that puts down its intent


def claim(flow: OpenFlow, head: Head, names: Sequence[str]) -> list[Check]:
    """Put the record under each name; the checks belong to the write of its intent. A rehearsal only looks.

    Raises Held naming the other record, TryAgain where one is being put there this moment.
    """
    if not names:
        return []
    title = str(head.summary.get("title"))
    if len(names) > MOST:
        raise Held(
            "too_large",
            f"{title} is for {len(names)} others; at most {MOST} can be moved as one.",
            cause="document size",
            fix="Split the document in the source system, or enter it by hand.",
        )
    store = flow.engine.store
    places = [
        ledger.claim_key(flow.setup.tenant, flow.target.name, "covers", f"{flow.source.name}:{name}") for name in names
    ]
    found = store.get(places)
    items = [found.get(place, Item(*place, body={"keys": []})) for place in places]
    kept = _kept(flow, head, items)
    puts = [
        Put(Item(item.pk, item.sk, body={"keys": kept[item.pk]}, version=item.version))
        for item in items
        if item.body["keys"] != kept[item.pk]
    ]
    if puts and flow.setup.state != "rehearsing":
        try:
            store.write(puts)
        except Conflict:
            raise TryAgain("Another record for the same is being decided.", counts=False) from None
    written = {put.item.pk for put in puts}
    return [Check(item.pk, item.sk, item.version + (item.pk in written)) for item in items]


def _kept(flow: OpenFlow, head: Head, items: Sequence[Item]) -> dict[str, list[str]]:
    """Who stands under each name from now on: the record, and those of its own move that stood there."""
    under = {item.pk: [RecordKey.from_pk(str(pk)) for pk in _list(item.body["keys"])] for item in items}
    rivals = {key for keys in under.values() for key in keys if (key.flow, key.move) != (head.key.flow, head.key.move)}
    for rival in ledger.heads(flow.engine.store, rivals).values() if rivals else ():
        if rival.link or rival.intent:
            raise _covered(flow, head, rival)
    return {
        pk: [key.pk for key in dict.fromkeys([*(key for key in keys if key not in rivals), head.key])]
        for pk, keys in under.items()
    }


def _covered(flow: OpenFlow, head: Head, rival: Head) -> Held:
    title, other, target = head.summary.get("title"), rival.summary.get("title"), flow.target_title
    there = str((rival.link or {}).get("label") or other)
    keep = f"delete this one in {target}, unlink its record and dismiss it" if head.link else "dismiss this record"
    return Held(
        "covered",
        f"{title} and {other} ({rival.key.id}) are for the same, and {other} is in {target} already, as {there}: "
        "with both it is counted twice.",
        cause=f"{there} in {target}",
        fix=f"Decide which one stays. To keep {there}, {keep}. To keep this one, delete {there} in {target}, unlink "
        f"the record {rival.key.id} and dismiss it, then replay this one.",
    )


def _list(value: object) -> list[object]:
    assert isinstance(value, list)
    return value
