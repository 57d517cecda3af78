"""Weigh records: load everything that a decision may look at, so that deciding itself reads nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date

from chalicelib.engine import ledger, references
from chalicelib.engine.decide import Decision, Surroundings, decide
from chalicelib.engine.engine import OpenFlow
from chalicelib.engine.errors import Held
from chalicelib.engine.flow import Move
from chalicelib.engine.hold import not_read, notice_jobs
from chalicelib.engine.ledger import Head
from chalicelib.engine.link import Partner
from chalicelib.engine.records import Json, RecordKey, Reference, canonical

Pair = tuple[str, str]  # a partner's move and source id


def weigh(flow: OpenFlow, move: Move, heads: Sequence[Head], *, dry: bool = False) -> list[tuple[Head, Decision]]:
    """What should become of each. May raise what a list of the target that was never read raises.

    `dry`: from what the table has alone; nothing is asked for.
    """
    wholes = {head.key.whole for head in heads}
    kept = ledger.bodies(flow.engine.store, [(key, "source") for key in wholes])
    lists = (references.kept if dry else references.load)(flow, move.lists(flow.policies))
    closed: dict[str, Held] = {}
    documents = {head.key: _document(flow, move, head, kept.get((head.key.whole, "source"))) for head in heads}
    partners: dict[Pair, Partner] = {}
    while True:
        around = Surroundings(
            setup=flow.setup,
            flow=flow.flow,
            policies=flow.policies,
            references=lists,
            closed=closed,
            partners=partners,
            target_title=flow.target_title,
        )
        decisions, wanted, unread = [], set[Pair](), set[str]()
        for head in heads:
            document, came_from = documents[head.key]
            if isinstance(document, Held) and head.live:
                decisions.append((head, Decision("hold", document.message, held=document)))
                continue
            decision, link = decide(head, move, document, came_from, around)
            concerned = frozenset(link.concerned if link else ())
            reread = frozenset(link.reread if link and not head.key.part else ())
            decisions.append((head, replace(decision, concerned=concerned, reread=reread)))
            if link is not None:
                wanted |= link.wanted
                unread |= link.unread
        wanted -= partners.keys()
        unread -= lists.keys() | closed.keys()
        if not wanted and not unread:
            return decisions
        partners |= _partners(flow, wanted, dry=dry) if wanted else {}
        if unread:
            found, shut = (references.kept(flow, unread), {}) if dry else _placed(flow, heads, unread)
            lists, closed = {kind: [] for kind in unread} | lists | found, closed | shut


def _placed(
    flow: OpenFlow, heads: Sequence[Head], kinds: Iterable[str]
) -> tuple[dict[str, list[Reference]], dict[str, Held]]:
    """What a person let go is decided on what stands there now."""
    return references.load_placed(flow, sorted(kinds), since=[head.updated_at for head in heads if head.released])


def _document(flow: OpenFlow, move: Move, head: Head, kept: Json | None) -> tuple[object, Sequence[str] | None]:
    """The typed document, or the hold of one that cannot be read; and the mark of its origin."""
    if kept is None:
        # Gone before we ever read it, which the decision sees first; or it never came through.
        return not_read(head, "it did not come through."), None
    body, came_from = kept["document"], kept.get("came_from")
    assert isinstance(body, dict)
    try:
        document = flow.source_end.parse(move.source.split(".", 1)[1], body)
    except Held as unreadable:
        document = unreadable.seen(canonical(body))
    return document, came_from if isinstance(came_from, list) else None


def _partners(flow: OpenFlow, wanted: Iterable[Pair], *, dry: bool) -> dict[Pair, Partner]:
    """How far the partners are; one that was never noticed is fetched by its id."""
    setup = flow.setup
    keys = {pair: RecordKey.of(setup.tenant, setup.name, *pair) for pair in wanted}
    found = ledger.heads(flow.engine.store, keys.values())
    found |= ledger.heads(flow.engine.store, [key for head in found.values() for key in head.part_keys])
    if not dry:
        notice_jobs(flow, [pair for pair, key in keys.items() if key not in found])
    return {pair: _partner(found, key, rehearsing=setup.state == "rehearsing") for pair, key in keys.items()}


def _partner(found: Mapping[RecordKey, Head], key: RecordKey, *, rehearsing: bool) -> Partner:
    """Only a rehearsal counts on what is merely planned."""
    head = found.get(key)
    if head is None:
        return Partner()
    plan = (head.plan or {}) if rehearsing else {}
    link = head.link or {}
    day = str(head.summary.get("day") or "")
    return Partner(
        target_id=str((head.link or plan).get("target_id") or ""),
        state=head.state,
        title=str(head.summary.get("title")),
        planned=plan.get("action") in {"create", "link", "update"},
        ours=link.get("made") != "linked",
        part=key.part,
        kind=str((link or plan).get("kind") or ""),
        aggregate=str((link or plan).get("aggregate") or ""),
        number=str(head.summary.get("number") or ""),
        label=str(link.get("label") or ""),
        day=date.fromisoformat(day) if day else None,
        money=head.money,
        why=str((head.outcome or {}).get("why") or ""),
        parts=[_partner(found, part, rehearsing=rehearsing) for part in head.part_keys],
    )
