"""Weigh records: load everything that a decision may look at, so that deciding itself reads nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from chalicelib.engine import ledger, references
from chalicelib.engine.decide import Decision, Surroundings, decide
from chalicelib.engine.engine import OpenFlow
from chalicelib.engine.errors import Held
from chalicelib.engine.flow import Move
from chalicelib.engine.hold import not_read, notice_jobs
from chalicelib.engine.ledger import Head
from chalicelib.engine.link import Partner
from chalicelib.engine.records import Json, RecordKey, canonical

Pair = tuple[str, str]  # a partner's move and source id


def weigh(flow: OpenFlow, move: Move, heads: Sequence[Head], *, dry: bool = False) -> list[tuple[Head, Decision]]:
    """What should become of each. May raise what a list of the target that was never read raises.

    `dry`: from what the table has alone; nothing is asked for.
    """
    kept = ledger.bodies(flow.engine.store, [(head.key, "source") for head in heads])
    lists = (references.kept if dry else references.load)(flow, move.lists(flow.policies))
    documents = {head.key: _document(flow, move, head, kept.get((head.key, "source"))) for head in heads}
    partners: dict[Pair, Partner] = {}
    while True:
        around = Surroundings(
            setup=flow.setup,
            flow=flow.flow,
            policies=flow.policies,
            references=lists,
            partners=partners,
            target_title=flow.target_title,
        )
        decisions, wanted = [], set[Pair]()
        for head in heads:
            document, came_from = documents[head.key]
            if isinstance(document, Held) and head.live:
                decisions.append((head, Decision("hold", document.message, held=document)))
                continue
            decision, wants = decide(head, move, document, came_from, around)
            decisions.append((head, decision))
            wanted |= wants
        if not wanted - partners.keys():
            return decisions
        partners |= _partners(flow, wanted - partners.keys(), dry=dry)


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
    keys = {pair: RecordKey(setup.tenant, setup.name, *pair) for pair in wanted}
    found = ledger.heads(flow.engine.store, keys.values())
    if not dry:
        notice_jobs(flow, [pair for pair, key in keys.items() if key not in found])
    return {pair: _partner(found.get(key), rehearsing=setup.state == "rehearsing") for pair, key in keys.items()}


def _partner(head: Head | None, *, rehearsing: bool) -> Partner:
    """Only a rehearsal counts on what is merely planned."""
    if head is None:
        return Partner()
    plan = (head.plan or {}) if rehearsing else {}
    planned = plan.get("action") in {"create", "link", "update"}
    linked = str((head.link or plan).get("target_id") or "")
    ours = (head.link or {}).get("made") != "linked"
    return Partner(target_id=linked, state=head.state, title=str(head.summary.get("title")), planned=planned, ours=ours)
