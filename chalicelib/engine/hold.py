"""Holds: who has to do what, and how a record is let go again when what it waits for appears.

What a hold waits for is a list of tokens: "mapping:{kind}:{value}", "rule:{kind}:{facts of a line}",
"setting:{policy}", "reference:{kind}" (that list in the target changed; "{kind}@{place}" is one of a place alone),
"record:{move}:{id}" (that record got its link, or came to several), "known:{move}:{id}" (it was noticed),
"gone:{move}:{id}" (its link is given up), "link:{move}:{id}" (another link), "connection:{name}".
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Set
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from itertools import islice

from chalicelib.engine import due, ledger, notices, references
from chalicelib.engine.engine import Engine, OpenFlow
from chalicelib.engine.errors import Held, TryAgain, Unknown
from chalicelib.engine.ledger import Head
from chalicelib.engine.ports import Conflict, Delete, Item, Put
from chalicelib.engine.records import Json, RecordKey
from chalicelib.engine.rules import Rules, answers_otherwise

PAGE = 100
LONGEST = 4000  # characters of what a hold says
GONE = ("inactive_ref", "reference_missing")  # what a linked partner may have become
INDEX_LAG = timedelta(minutes=5)  # a cause told within it may not show in the index of holds yet


def held_head(flow: OpenFlow, head: Head, held: Held) -> Head:
    """The head as it stands held. An intent, if any, stays: it is looked up before anything is done again."""
    now = flow.engine.clock.now().isoformat()
    hold: Json = {
        "reason": held.reason,
        "cause": held.cause[:LONGEST],
        "message": held.message[:LONGEST],
        "fix": held.fix[:LONGEST],
        "owner": held.owner,
        "waits_for": list(held.waits_for),
        "since": now,
        "setup": flow.setup.version,
        "suggested": list(held.suggested),
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
    """One notice per cause, however many records share it, as long as one of them is held."""
    engine = flow.engine
    engine.metrics.count("Held", flow=flow.setup.flow, reason=held.reason)
    key = told_key(flow, held.reason, held.cause)
    if key in engine.told:
        return
    with suppress(TryAgain, Unknown):  # a notice stops no record: the next run tells what was not told
        partners = [partner for token in held.waits_for if (partner := _partner_key(flow, token)) is not None]
        known = ledger.heads(engine.store, partners).values() if partners else ()
        if _speaks_for_itself(held.reason, held.owner, known):
            _tell_once(flow, held.reason, held.cause, f"{held.message}\n\nWhat to do: {held.fix}")


def told_key(flow: OpenFlow, reason: str, cause: str) -> tuple[str, str]:
    whole = f"TOLD#{flow.setup.name}#{reason}#{cause}"
    return f"T#{flow.setup.tenant}", whole.encode()[:900].decode(errors="ignore")


def _speaks_for_itself(reason: str, owner: str, partners: Iterable[Head]) -> bool:
    """What waits only for a record that is held itself is told with that one's cause."""
    waits = reason.startswith("waits_for_") and any(partner.state == "held" for partner in partners)
    return owner != "nobody" and not waits


def _tell_once(flow: OpenFlow, reason: str, cause: str, text: str) -> None:
    engine, setup = flow.engine, flow.setup
    key = told_key(flow, reason, cause)
    told = Put(Item(*key, body={"at": engine.clock.now().isoformat()}))
    with suppress(Conflict):  # told by somebody else
        notices.tell(engine, setup.tenant, f"{setup.tenant}: {setup.name}: {reason}", text, ops=[told])
    engine.told.add(key)


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

    Their release came with the change; this finds what a crash, a race or a lagging index kept from it. In the same
    walk, causes that nobody was told of are told, and told causes that are gone are forgotten. Returns the tokens that
    the other holds wait for.
    """
    engine, waiting = flow.engine, set[str]()
    causes: dict[tuple[str, str], Head | None] = {}  # the told key, and a record to tell of
    for batch in _batches(held(engine, flow.setup.tenant, flow.setup.name)):
        every = {token for head in batch for token in _tokens(head)}
        partners = {token: key for token in every if (key := _partner_key(flow, token)) is not None}
        linked = ledger.heads(engine.store, partners.values())
        changed = references.changes(flow, references.waited_for(every))
        for head in batch:
            tokens, cause = _tokens(head), _told_key_of(flow, head)
            if flow.flow.move(head.key.move) is None:  # of the other side, whose own run looks after it
                causes.setdefault(cause, None)
                continue
            known = [linked[key] for token in tokens if (key := partners.get(token)) is not None and key in linked]
            if arrived(flow, head, linked) or _outdated(flow, head, changed):
                causes.setdefault(cause, None)
                let_go(flow, head)
                continue
            waiting |= tokens
            hold = head.hold or {}
            if _speaks_for_itself(str(hold.get("reason")), str(hold.get("owner")), known):
                causes[cause] = causes.get(cause) or head
            else:
                causes.setdefault(cause, None)
        ask = {key for key in partners.values() if key not in linked} | _unread(flow, batch)
        notice_jobs(flow, [(key.move, key.named) for key in ask])
    _catch_up(flow, causes)
    followers(flow)
    return waiting


def _outdated(flow: OpenFlow, head: Head, changed: Mapping[str, str]) -> bool:
    """Whether the set-up or a list that the record waits for changed since it was held."""
    hold, tokens = head.hold or {}, _tokens(head)
    if hold.get("setup") != flow.setup.version and any(
        token.startswith(("mapping:", "rule:", "setting:", "connection:")) for token in tokens
    ):
        return True
    return any(f"reference:{kind}" in tokens and str(hold.get("since")) < at for kind, at in changed.items())


def _catch_up(flow: OpenFlow, causes: Mapping[tuple[str, str], Head | None]) -> None:
    """Tell the causes that were not told, and forget those that hold no record any more: coming back, they are new."""
    engine = flow.engine
    told = {(item.pk, item.sk): item for item in _told(flow)}
    for key, head in causes.items():
        if head is not None and head.hold and key not in told:
            hold = head.hold
            text = f"{hold['message']}\n\nWhat to do: {hold['fix']}"
            _tell_once(flow, str(hold["reason"]), str(hold["cause"]), text)
    recently = (engine.clock.now() - INDEX_LAG).isoformat()
    for key, item in told.items():
        if key not in causes and str(item.body["at"]) < recently:
            engine.told.discard(key)
            with suppress(Conflict):
                engine.store.write([Delete(*key, version=item.version)])


def _told(flow: OpenFlow) -> Iterator[Item]:
    cursor = None
    while True:
        prefix = f"TOLD#{flow.setup.name}#"
        rows = flow.engine.store.query(f"T#{flow.setup.tenant}", prefix=prefix, limit=500, cursor=cursor)
        yield from rows.items
        cursor = rows.cursor
        if cursor is None:
            return


def _told_key_of(flow: OpenFlow, head: Head) -> tuple[str, str]:
    hold = head.hold or {}
    return told_key(flow, str(hold.get("reason")), str(hold.get("cause")))


def notice_jobs(flow: OpenFlow, wanted: Iterable[tuple[str, str]], *, hint: bool = False) -> None:
    """Ask for single records by their ids: (move, source id). `hint`: because the vendor hinted at them."""
    setup = flow.setup
    whose: Json = {"tenant": setup.tenant, "flow": setup.name} | ({"hint": True} if hint else {})
    whose |= {"correlation": flow.correlation} if flow.correlation else {}
    jobs = [{**whose, "notice": move, "id": id_} for move, id_ in sorted(wanted)]
    if jobs:
        flow.engine.queue.send("poll", [json.dumps(job) for job in jobs], group=setup.tenant)


def read_again(flow: OpenFlow, records: Iterable[tuple[str, str]]) -> None:
    """Those of the records (move, source id) that are known are asked for at the source, in case they changed."""
    keys = {RecordKey.of(flow.setup.tenant, flow.setup.name, *record): record for record in records}
    known = ledger.heads(flow.engine.store, keys) if keys else {}
    notice_jobs(flow, [keys[key] for key in known])


def _unread(flow: OpenFlow, heads: Iterable[Head]) -> set[RecordKey]:
    return {head.key for head in heads if (head.hold or {}).get("reason") == "not_readable_yet"}


def release(
    flow: OpenFlow, tokens: Iterable[str], *, was: Rules | None = None, reason: str = "", cause_begins: str = ""
) -> int:
    """Let go every held record that waits for one of the tokens: it is decided again. Returns how many.

    `was` are the rules before the present ones: those go too that wait for a rule which answers otherwise now.
    """
    wanted, rules = set(tokens), flow.setup.rules
    every = held(flow.engine, flow.setup.tenant, flow.setup.name, reason=reason, cause_begins=cause_begins)
    found = [head for head in every if waits_for(head, wanted, was=rules if was is None else was, now=rules)]
    return sum(let_go(flow, head) for head in found)


def waits_for(head: Head, wanted: Set[str], *, was: Rules, now: Rules) -> bool:
    """Whether the record waits for one of the tokens, or for a rule that answers otherwise now."""
    tokens = _tokens(head)
    return bool(wanted & tokens) or any(answers_otherwise(token, was, now) for token in tokens)


def let_go(flow: OpenFlow, head: Head) -> bool:
    """Make one held (or refused, not moved, rehearsed) record due again."""
    return due.make_due(flow, replace(head, attempts=0, hold=None))


def dependents(flow: OpenFlow, key: RecordKey) -> int:
    """A record got its link, another link, or its final no: what waited for it is decided again."""
    names = {key.named, key.source_id}
    tokens = {f"{what}:{key.move}:{name}" for what in ("record", "link", "known", "gone") for name in names}
    reasons, begins = (f"waits_for_{key.move}", *GONE), f"{key.move} {key.source_id} "
    return sum(release(flow, tokens, reason=reason, cause_begins=begins) for reason in reasons)


def followers(flow: OpenFlow, key: RecordKey | None = None) -> None:
    """What was not moved because another record (`key`; without it, any) was not, and that one is by now."""
    store, setup, cursor = flow.engine.store, flow.setup, None
    prefix = f"{ledger.held_prefix(key.move, key.named)}#" if key else ""
    while True:
        rows = store.query(f"N#{setup.tenant}#{setup.name}", index="held", prefix=prefix, limit=PAGE, cursor=cursor)
        found = ledger.heads(store, [RecordKey.from_pk(item.pk) for item in rows.items]) if rows.items else {}
        first = {one.key: RecordKey.of(setup.tenant, setup.name, *one.follows) for one in found.values() if one.follows}
        stands = ledger.heads(store, first.values()) if first else {}
        for head in found.values():
            there = stands.get(first[head.key]) if head.key in first else None
            if there is not None and there.state != "not_moved":
                let_go(flow, head)
        cursor = rows.cursor
        if cursor is None:
            return


def _tokens(head: Head) -> set[str]:
    waits = (head.hold or {}).get("waits_for")
    return {str(token) for token in waits} if isinstance(waits, list) else set()


def partner_keys(flow: OpenFlow, head: Head) -> list[RecordKey]:
    """The records that it waits for."""
    return [key for token in _tokens(head) if (key := _partner_key(flow, token)) is not None]


def arrived(flow: OpenFlow, head: Head, partners: Mapping[RecordKey, Head]) -> bool:
    """Whether one of the records that it waits for is there by now, or as it waits for it to be."""
    since = str((head.hold or {}).get("since"))
    for token in _tokens(head):
        key = _partner_key(flow, token)
        if key is None:
            continue
        partner, what = partners.get(key), token.partition(":")[0]
        if what == "gone":
            if partner is None or not (partner.link or partner.intent):
                return True
        elif partner is not None:
            settled = partner.link or partner.parts or (partner.state == "not_moved" and partner.updated_at > since)
            if settled or what == "known":
                return True
    return False


def _partner_key(flow: OpenFlow, token: str) -> RecordKey | None:
    what, _, rest = token.partition(":")
    if what not in ("record", "known", "gone"):
        return None
    return RecordKey.of(flow.setup.tenant, flow.setup.name, *rest.split(":", 1))


def _batches(heads: Iterator[Head]) -> Iterator[list[Head]]:
    while batch := list(islice(heads, PAGE)):
        yield batch
