"""Holds: who has to do what, and how a record is let go again when what it waits for appears.

What a hold waits for is a list of tokens: "mapping:{kind}:{value}", "setting:{policy}", "reference:{kind}" (that list
in the target changed), "record:{move}:{id}" (that record got its link), "link:{move}:{id}" (another link),
"connection:{name}".
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import islice

from chalicelib.engine import due, ledger, references
from chalicelib.engine.engine import Engine, OpenFlow
from chalicelib.engine.errors import Held
from chalicelib.engine.ledger import Head
from chalicelib.engine.ports import Conflict, Item, Put
from chalicelib.engine.records import Json, RecordKey

PAGE = 100
GONE = ("inactive_ref", "reference_missing")  # what a linked partner may have become
TELL_AGAIN = timedelta(days=7)  # the table forgets after about so long that a cause was told


def held_head(flow: OpenFlow, head: Head, held: Held) -> Head:
    """The head as it stands held. An intent, if any, stays: it is looked up before anything is done again."""
    now = flow.engine.clock.now().isoformat()
    hold: Json = {
        "reason": held.reason,
        "cause": held.cause,
        "message": held.message,
        "fix": held.fix,
        "owner": held.owner,
        "waits_for": list(held.waits_for),
        "since": now,
        "setup": flow.setup.version,
    }
    return replace(head, state="held", hold=hold, due=None, plan=None, updated_at=now)


def not_read(head: Head, why: str) -> Held:
    """The source did not hand the document over (yet): `repair` has it asked for again at every run."""
    return Held(
        "not_readable_yet",
        f"{head.summary.get('title')} cannot be read at the source: {why}",
        cause=why[:120],
        fix="Nothing for now: it is asked for again at every run. If it stays, look at the document at the source.",
        owner="operator",
        waits_for=[f"fetch:{head.key.move}:{head.key.source_id}"],
    )


def tell(flow: OpenFlow, held: Held) -> None:
    """One notice per cause, however many records share it."""
    engine = flow.engine
    engine.metrics.count("Held", flow=flow.setup.flow, reason=held.reason)
    if held.owner == "nobody":
        return
    key = (f"T#{flow.setup.tenant}", f"TOLD#{flow.setup.name}#{held.reason}#{held.cause}"[:900])
    if key in engine.told:
        return
    engine.told.add(key)
    now = engine.clock.now()
    until = int((now + TELL_AGAIN).timestamp())
    try:
        engine.store.write([Put(Item(pk=key[0], sk=key[1], body={"at": now.isoformat()}, expires_at=until))])
    except Conflict:
        return
    engine.notices.publish(f"{flow.setup.name}: {held.reason}", f"{held.message}\n\nWhat to do: {held.fix}")


def held(engine: Engine, tenant: str, flow: str, *, reason: str = "", cause_begins: str = "") -> Iterator[Head]:
    """Every held record of a flow, grouped by reason and cause; or those of one reason, whose cause begins so."""
    cursor = None
    prefix = ledger.held_prefix(reason, cause_begins)
    while True:
        rows = engine.store.query(f"H#{tenant}#{flow}", index="held", prefix=prefix, limit=PAGE, cursor=cursor)
        keys = [RecordKey.from_pk(item.pk) for item in rows.items]
        found = ledger.heads(engine.store, keys)
        yield from (found[key] for key in keys if key in found and found[key].state == "held")
        cursor = rows.cursor
        if cursor is None:
            return


def repair(flow: OpenFlow) -> set[str]:
    """Let go the holds that were decided before the set-up or a list changed, or whose partner is there by now.

    Their release came with the change; this finds what a crash, a race or a lagging index kept from it. Returns the
    tokens that the other holds wait for.
    """
    engine, waiting = flow.engine, set[str]()
    changed = references.changes(flow, flow.flow.lists(flow.policies))
    for batch in _batches(held(engine, flow.setup.tenant, flow.setup.name)):
        partners = {token: _partner_key(flow, token) for head in batch for token in _tokens(head)}
        linked = ledger.heads(engine.store, [key for key in partners.values() if key is not None])
        for head in batch:
            tokens = _tokens(head)
            ready = any((key := partners[token]) in linked and linked[key].link for token in tokens if partners[token])
            outdated = (head.hold or {}).get("setup") != flow.setup.version and any(
                token.startswith(("mapping:", "setting:", "connection:")) for token in tokens
            )
            since = str((head.hold or {}).get("since"))
            outdated = outdated or any(f"reference:{kind}" in tokens and since < at for kind, at in changed.items())
            if ready or outdated:
                let_go(flow, head)
            else:
                waiting |= tokens
        ask = {k for k in partners.values() if k is not None and k not in linked} | _unread(flow, batch)
        notice_jobs(flow, [(key.move, key.source_id) for key in ask])
    return waiting


def notice_jobs(flow: OpenFlow, wanted: Iterable[tuple[str, str]]) -> None:
    """Ask for single records by their ids: (move, source id)."""
    setup = flow.setup
    jobs = [{"tenant": setup.tenant, "flow": setup.name, "notice": move, "id": id_} for move, id_ in sorted(wanted)]
    if jobs:
        flow.engine.queue.send("poll", [json.dumps(job) for job in jobs], group=setup.tenant)


def _unread(flow: OpenFlow, heads: Iterable[Head]) -> set[RecordKey]:
    return {head.key for head in heads if (head.hold or {}).get("reason") == "not_readable_yet"}


def release(flow: OpenFlow, tokens: Iterable[str], *, reason: str = "", cause_begins: str = "") -> int:
    """Let go every held record that waits for one of the tokens: it is decided again. Returns how many."""
    wanted = set(tokens)
    every = held(flow.engine, flow.setup.tenant, flow.setup.name, reason=reason, cause_begins=cause_begins)
    found = [head for head in every if wanted & _tokens(head)]
    return sum(let_go(flow, head) for head in found)


def let_go(flow: OpenFlow, head: Head) -> bool:
    """Make one held (or refused, not moved, rehearsed) record due again."""
    return due.make_due(flow, replace(head, attempts=0, hold=None))


def dependents(flow: OpenFlow, key: RecordKey) -> int:
    """A record got its link, another link, or its final no: what waited for it is decided again."""
    tokens = {f"{what}:{key.move}:{key.source_id}" for what in ("record", "link")}
    reasons, begins = (f"waits_for_{key.move}", *GONE), f"{key.move} {key.source_id} "
    return sum(release(flow, tokens, reason=reason, cause_begins=begins) for reason in reasons)


def _tokens(head: Head) -> set[str]:
    waits = (head.hold or {}).get("waits_for")
    return {str(token) for token in waits} if isinstance(waits, list) else set()


def _partner_key(flow: OpenFlow, token: str) -> RecordKey | None:
    kind, _, rest = token.partition(":")
    if kind != "record":
        return None
    move, _, source_id = rest.partition(":")
    return RecordKey(flow.setup.tenant, flow.setup.name, move, source_id)


def _batches(heads: Iterator[Head]) -> Iterator[list[Head]]:
    while batch := list(islice(heads, PAGE)):
        yield batch
