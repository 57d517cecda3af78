"""The target's lists that documents point to (accounts, vendors, terms), kept in the table and re-read when needed."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime

from chalicelib.engine.engine import OpenFlow
from chalicelib.engine.errors import Held
from chalicelib.engine.ledger import CHUNK
from chalicelib.engine.ports import Item, Op, Put
from chalicelib.engine.records import Reference, canonical, fingerprint

AWAITED = "reference:"  # before the kind in what a hold waits for


def _pk(flow: OpenFlow) -> str:
    return f"REF#{flow.target.tenant}#{flow.target.name}"


def load(flow: OpenFlow, kinds: Iterable[str]) -> dict[str, list[Reference]]:
    """The kept lists; one that was never read before is read from the target now."""
    found = kept(flow, kinds)
    return found | {kind: _reread(flow, kind) for kind in kinds if kind not in found}


def load_placed(
    flow: OpenFlow, kinds: Iterable[str], *, since: Sequence[str] = ()
) -> tuple[dict[str, list[Reference]], dict[str, Held]]:
    """The lists of single places, not older than they may be; and why one cannot be read, which stops no other.

    `since` are moments after which they must have been read in any case.
    """
    found, closed = kept(flow, kinds), dict[str, Held]()
    oldest = flow.engine.clock.now() - flow.engine.pace.placed
    for kind in older_than(flow, kinds, max([oldest, *map(datetime.fromisoformat, since)])):
        try:
            found[kind] = _reread(flow, kind)
        except Held as held:
            found.pop(kind, None)
            waits = [*held.waits_for, f"{AWAITED}{kind}"]
            closed[kind] = Held(
                held.reason, held.message, cause=held.cause, fix=held.fix, owner=held.owner, waits_for=waits
            )
    return found, closed


def _reread(flow: OpenFlow, kind: str) -> list[Reference]:
    refresh(flow, kind)
    return flow.engine.references[(_pk(flow), kind)][1]


def waited_for(tokens: Iterable[str]) -> set[str]:
    """The kinds of the lists among what holds wait for."""
    return {token.removeprefix(AWAITED) for token in tokens if token.startswith(AWAITED)}


def kept(flow: OpenFlow, kinds: Iterable[str]) -> dict[str, list[Reference]]:
    """The lists as they are in the table; one never read before is absent from the answer."""
    store, pk = flow.engine.store, _pk(flow)
    heads = store.get([(pk, f"{kind}#0") for kind in kinds])
    found: dict[str, list[Reference]] = {}
    for kind in kinds:
        head = heads.get((pk, f"{kind}#0"))
        if head is None:
            continue
        known = flow.engine.references.get((pk, kind))
        if known is None or known[0] != head.version:
            known = (head.version, _read(flow, kind, head))
            flow.engine.references[(pk, kind)] = known
        found[kind] = known[1]
    return found


def refresh(flow: OpenFlow, kind: str) -> bool:
    """Read the list from the target and keep it; True if it differs from the kept one."""
    store, pk = flow.engine.store, _pk(flow)
    entries = sorted(flow.target_end.references(kind), key=lambda ref: ref.id)
    text = canonical([asdict(ref) for ref in entries])
    packed = gzip.compress(text.encode(), 6, mtime=0)
    print_ = fingerprint(text)
    key = (pk, f"{kind}#0")
    head = store.get([key]).get(key)
    changed = head is None or head.body.get("fingerprint") != print_
    count = max(1, -(-len(packed) // CHUNK))
    now = flow.engine.clock.now().isoformat()
    changed_at = now if changed or head is None else head.body.get("changed_at", now)
    body: dict[str, object] = {"chunks": count, "fingerprint": print_, "read_at": now, "changed_at": changed_at}
    version = head.version if head else 0
    ops: list[Op] = [
        Put(Item(pk=pk, sk=f"{kind}#{n}", body=body, blob=packed[n * CHUNK : (n + 1) * CHUNK]), guarded=False)
        for n in range(1, count)
    ]
    first = Put(Item(pk=pk, sk=f"{kind}#0", body=body, blob=packed[:CHUNK], version=version))
    store.write([first, *ops])
    flow.engine.references[(pk, kind)] = (version + 1, entries)
    return changed


def places(flow: OpenFlow) -> list[str]:
    """The places whose own lists were kept so far, since documents asked for them."""
    found, cursor = dict[str, None](), None
    while True:
        rows = flow.engine.store.query(_pk(flow), limit=200, cursor=cursor)
        lists = (item.sk.rpartition("#")[0] for item in rows.items)
        found |= dict.fromkeys(place for name in lists if (place := name.partition("@")[2]))
        cursor = rows.cursor
        if cursor is None:
            return list(found)


def changes(flow: OpenFlow, kinds: Iterable[str]) -> dict[str, str]:
    """When each of the kept lists was last seen to have changed."""
    pk = _pk(flow)
    heads = flow.engine.store.get([(pk, f"{kind}#0") for kind in kinds])
    return {sk[:-2]: str(item.body.get("changed_at", "")) for (_, sk), item in heads.items()}


def older_than(flow: OpenFlow, kinds: Iterable[str], moment: datetime) -> list[str]:
    """Those of the kinds that were never read, or last read before the moment."""
    pk = _pk(flow)
    heads = flow.engine.store.get([(pk, f"{kind}#0") for kind in kinds])
    return [
        kind
        for kind in kinds
        if (head := heads.get((pk, f"{kind}#0"))) is None or datetime.fromisoformat(str(head.body["read_at"])) < moment
    ]


def outdated(flow: OpenFlow, kinds: Iterable[str]) -> bool:
    """Whether one of the lists, as this container last loaded it, was read anew by somebody since."""
    pk = _pk(flow)
    heads = flow.engine.store.get([(pk, f"{kind}#0") for kind in kinds])
    loaded = flow.engine.references
    return any(loaded.get((pk, sk[:-2]), (head.version, []))[0] != head.version for (pk, sk), head in heads.items())


def _read(flow: OpenFlow, kind: str, head: Item) -> list[Reference]:
    count, pk = int(str(head.body["chunks"])), head.pk
    rest = flow.engine.store.get([(pk, f"{kind}#{n}") for n in range(1, count)]) if count > 1 else {}
    blobs = [head.blob or b"", *[rest[(pk, f"{kind}#{n}")].blob or b"" for n in range(1, count)]]
    return [Reference(**entry) for entry in json.loads(gzip.decompress(b"".join(blobs)))]
