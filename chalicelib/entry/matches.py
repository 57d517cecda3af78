"""The match report: what each record of a flow was taken for in the target, by which rule, on what evidence, and why.

Told from the records' heads alone. And its second half: which codes of the source's documents go to which entries of
the target, by how much, and which go nowhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import islice

from chalicelib.engine import ledger, references
from chalicelib.engine.engine import OpenFlow
from chalicelib.engine.errors import Held
from chalicelib.engine.flow import Move
from chalicelib.engine.ledger import Head
from chalicelib.engine.link import Link
from chalicelib.engine.records import Coded, Json
from chalicelib.entry.report import BATCH

WHATS = (
    "matched", "created", "suggested", "held", "skipped", "forecast", "taken_away", "refused", "waiting",
    "would_match", "would_create", "would_change",
)  # fmt: skip
COLUMNS = (
    "move", "record", "source_id", "title", "number", "party", "day", "amount", "currency", "what", "state",
    "target_id", "target", "kind", "rule", "score", "evidence", "others", "why", "fix",
)  # fmt: skip
CODE_COLUMNS = (
    "kind", "code", "label", "target_id", "target", "documents", "amount", "currency", "why", "fix",
)  # fmt: skip
MOST_DOCUMENTS = 2000  # whose codes are added up, the latest first of each shard
_PLANS = {"link": "would_match", "create": "would_create"}
_OURS = "No rule found one there, so it was made."


@dataclass(frozen=True, slots=True)
class Wanted:
    """`what` "": all. What came to parts is not listed beside them."""

    what: str = ""

    def fits(self, head: Head) -> bool:
        whole = head.state == "split" and bool(head.parts or head.leaving)
        return not whole and self.what in ("", became(head))


def became(head: Head) -> str:
    """One of WHATS."""
    hold, outcome = head.hold or {}, head.outcome or {}
    if head.state == "held":
        return "suggested" if hold.get("suggested") else "held"
    if head.state == "rehearsed":
        return _PLANS.get(str((head.plan or {}).get("action")), "would_change")
    if head.state in ("not_moved", "split") or outcome.get("action") in ("told", "dismissed"):
        return "skipped"
    if head.state in ("refused", "forecast"):
        return head.state
    return _settled(head) if head.state == "done" else "waiting"


def _settled(head: Head) -> str:
    link = head.link
    if link is None:
        return "taken_away"
    found = link.get("rule") not in (None, "", "its mark")
    return "matched" if found or link.get("made") == "linked" else "created"


def row(head: Head) -> Json:
    """One record in the words of COLUMNS; of several that it might be, the likest, and the `others`."""
    what, link, hold = became(head), head.link or {}, head.hold or {}
    listed = hold.get("suggested")
    suggested = sorted(listed, key=_score, reverse=True) if isinstance(listed, list) else []
    shown = suggested[0] if suggested else _object(link.get("likeness"))
    target = suggested[0] if suggested else {"id": link.get("target_id"), "label": link.get("label")}
    plan = head.plan or {}
    return {
        "move": head.key.move,
        "record": head.key.id,
        "source_id": head.key.named,
        **{name: head.summary.get(name) or "" for name in ("title", "number", "party", "day", "amount", "currency")},
        "what": what,
        "state": head.state,
        "target_id": target.get("id") or plan.get("target_id") or "",
        "target": target.get("label") or "",
        "kind": link.get("kind") or plan.get("kind") or "",
        "rule": str(shown.get("by") or hold.get("reason") if suggested else link.get("rule") or ""),
        "score": shown.get("score") or "",
        "evidence": _object(shown.get("evidence")),
        "others": [{name: other.get(name) for name in ("id", "label", "score")} for other in suggested[1:]],
        "why": _why(head, what),
        "fix": str(hold.get("fix") or ""),
    }


def _why(head: Head, what: str) -> str:
    hold, outcome, plan = head.hold or {}, head.outcome or {}, head.plan or {}
    said = hold.get("message") or plan.get("why") or outcome.get("why") or head.trouble
    return str(said or (_OURS if what == "created" else ""))


def cells(found: Mapping[str, object]) -> dict[str, str]:
    """The same as flat text."""
    others, evidence = found["others"], found["evidence"]
    assert isinstance(others, list) and isinstance(evidence, Mapping)
    flat = {name: str(value) for name, value in found.items()}
    flat["others"] = "; ".join(f"{one['label']} (id {one['id']}, {one['score'] or 'no score'})" for one in others)
    flat["evidence"] = "; ".join(_compared(name, _object(one)) for name, one in evidence.items())
    return flat


def _compared(name: str, one: Mapping[str, object]) -> str:
    if "ours" not in one:
        return f"{name}: {one.get('theirs')}"
    same = "the same" if one.get("same") else "not the same"
    return f"{name}: {one['ours'] or 'none'} / {one.get('theirs') or 'none'}, {same}"


def _score(suggested: Mapping[str, object]) -> Decimal:
    return Decimal(str(suggested.get("score") or 0))


def _object(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


# ---------------------------------------------------------------------------------------------- codes


@dataclass(slots=True)
class _Sum:
    label: str
    documents: int = 0
    amount: Decimal = Decimal(0)


@dataclass(slots=True)
class Codes:
    """What the codes bear of the documents that are moved or to be moved, and what each is mapped to now.

    `cut`: there are more documents than were looked at.
    """

    items: list[Json] = field(default_factory=list)
    looked_at: int = 0
    cut: bool = False
    not_readable: list[str] = field(default_factory=list)


def codes(sides: Sequence[OpenFlow]) -> Codes:
    told = Codes()
    for flow in sides:
        sums: dict[tuple[str, str, str], _Sum] = {}
        heads = list(islice(_coded_heads(flow), MOST_DOCUMENTS + 1))
        told.cut = told.cut or len(heads) > MOST_DOCUMENTS
        for move, head, body in _bodies(flow, heads[:MOST_DOCUMENTS]):
            told.looked_at += 1
            try:
                assert move.coded is not None
                listed = move.coded(flow.source_end.parse(move.source.split(".", 1)[1], body))
            except Held as held:
                told.not_readable.append(f"{head.key.id}: {held.message}")
                continue
            _add(sums, listed, str(head.summary.get("currency") or ""))
        told.items += [_code_row(flow, key, one) for key, one in sorted(sums.items())]
    return told


def _coded_heads(flow: OpenFlow) -> Iterator[tuple[Move, Head]]:
    """Newest first within each shard; without what is not moved."""
    setup = flow.setup
    for move in flow.flow.moves:
        for shard in range(ledger.LIST_SHARDS) if move.coded else ():
            cursor = None
            while True:
                rows, cursor = ledger.list_page(
                    flow.engine.store, setup.tenant, setup.name, move.name, shard=shard, cursor=cursor, limit=BATCH
                )
                keys = [key for _, key in rows if not key.part]
                heads = ledger.heads(flow.engine.store, keys)
                yield from ((move, head) for head in heads.values() if head.live and head.state != "not_moved")
                if cursor is None:
                    break


def _bodies(flow: OpenFlow, heads: Iterable[tuple[Move, Head]]) -> Iterator[tuple[Move, Head, Json]]:
    rest = iter(heads)
    while batch := list(islice(rest, BATCH)):
        found = ledger.bodies(flow.engine.store, [(head.key, "source") for _, head in batch])
        for move, head in batch:
            document = found.get((head.key, "source"), {}).get("document")
            if isinstance(document, dict):
                yield move, head, document


def _add(sums: dict[tuple[str, str, str], _Sum], listed: Sequence[Coded], currency: str) -> None:
    seen = set()
    for one in listed:
        key = (one.kind, one.code, currency)
        found = sums.setdefault(key, _Sum(one.label))
        found.amount += one.amount
        found.documents += key not in seen
        seen.add(key)


def _code_row(flow: OpenFlow, key: tuple[str, str, str], one: _Sum) -> Json:
    kind, code, currency = key
    listed = references.kept(flow, [kind])
    link = Link(frozenset(), {}, listed, {}, flow.setup.mappings, flow.policies, target_title=flow.target_title)
    target_id = link.listed(kind, code) if code else ""
    entry = link.entry(kind, target_id)
    missing = link.missing[0] if link.missing else None
    return {
        "kind": kind,
        "code": code,
        "label": one.label or ("" if code else "tax, freight, discount and the like"),
        "target_id": target_id,
        "target": entry.label if entry else "",
        "documents": one.documents,
        "amount": str(one.amount),
        "currency": currency,
        "why": missing.message if missing else "",
        "fix": missing.fix if missing else "",
    }
