"""The daily look: some systems let a record vanish without a word, so recent ones that we moved are asked for by id.

So are all that we moved, once, where a source says that it may have missed deletions (a gap). What is gone by two
reads is kept as gone, and decided like any withdrawal. Many gone at once are believed by nobody: a lost permission
looks just like that.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta

from chalicelib.engine import brake, ledger
from chalicelib.engine.engine import OpenFlow
from chalicelib.engine.errors import Held, Later
from chalicelib.engine.hold import notice_jobs
from chalicelib.engine.ledger import Head
from chalicelib.engine.ports import Conflict, Item, Put, RollCall
from chalicelib.engine.records import Json, RecordKey

EVERY = timedelta(hours=20)
RECENT = timedelta(days=45)  # by the document's own date
SILENCE = timedelta(days=80)  # after so long without a look, all are looked at: what tells of deletions forgets them
PAGE = 25
FEW, SHARE = 3, 0.2  # as many may be gone at once, or this share of those that were asked for


@dataclass(frozen=True, slots=True)
class Place:
    """Where the look at one move stands: the shard and page of its list, and what was found so far."""

    shard: int = 0
    cursor: str | None = None
    asked: int = 0
    gone: Sequence[str] = ()
    since: str = ""  # documents of that day and later; "" for all


def begin(flow: OpenFlow, job: Json) -> Json | None:
    """The first step of the look if one is due; None if not."""
    key = _mark_key(flow)
    mark = flow.engine.store.get([key]).get(key)
    now = flow.engine.clock.now()
    last = datetime.fromisoformat(str(mark.body["at"])) if mark else now - EVERY
    moves = _moves(flow) if last + EVERY <= now else []
    since = "" if last + SILENCE < now else (now - RECENT).date().isoformat()
    return {**job, "move": moves[0], "look": asdict(Place(since=since))} if moves else None


def step(flow: OpenFlow, job: Json) -> Json | None:
    """One page of one shard; the job of the next step. Raises Held when too many are gone to be believed."""
    assert isinstance(job["look"], dict)
    place, move = Place(**job["look"]), str(job["move"])
    place = _page(flow, move, place)
    if place.shard < ledger.LIST_SHARDS:
        return {**job, "look": asdict(place)}
    moves = _moves(flow)
    later = moves[moves.index(move) + 1 :] if move in moves else []
    _conclude(flow, move, place)
    return {**job, "move": later[0], "look": asdict(Place(since=place.since))} if later else None


# ---------------------------------------------------------------------------------------------- inside


def _page(flow: OpenFlow, move: str, place: Place) -> Place:
    store, setup = flow.engine.store, flow.setup
    found, onward = ledger.list_page(
        store, setup.tenant, setup.name, move, shard=place.shard, cursor=place.cursor, limit=PAGE
    )
    whole = bool(ledger.cursor(store, setup.tenant, setup.name, move).body.get("gap"))
    recent = [key for day, key in found if whole or day >= place.since]
    wholes = {key.whole for key in recent}
    moved = [
        head
        for head in ledger.heads(store, wholes).values()
        if (head.link or head.parts) and head.live and not head.gone
    ]
    gone = _gone(flow, move, moved)
    place = replace(place, cursor=onward, asked=place.asked + len(moved), gone=[*place.gone, *gone])
    over = onward is None or len(recent) < len(found)
    return replace(place, shard=place.shard + 1, cursor=None) if over else place


def _gone(flow: OpenFlow, move: str, heads: Sequence[Head]) -> Sequence[str]:
    """Those that are not there; those that changed without a word are kept as they are now.

    Raises Later where some have to be asked for, once all of them are.
    """
    if isinstance(flow.source_end, RollCall):
        return flow.source_end.missing(move, [head.key.source_id for head in heads]) if heads else []
    gone, changed, later = list[str](), list[tuple[str, str]](), None
    for head in heads:
        try:
            document = flow.source_end.fetch(move, head.key.source_id)
            if document is None:
                gone.append(head.key.source_id)
            elif document.fingerprint != head.fingerprint:
                changed.append((move, head.key.source_id))
        except Later as unasked:
            later = unasked
    if later is not None:
        raise later
    notice_jobs(flow, changed)
    return gone


def _moves(flow: OpenFlow) -> list[str]:
    """Those of which something may be gone without a word of it: always, or since a gap in what we heard."""
    vanishing, setup = flow.engine.load_system(flow.source.system).vanishing, flow.setup
    names = [move.name for move in flow.flow.wanted(flow.policies)]
    cursors = {name: ledger.cursor(flow.engine.store, setup.tenant, setup.name, name) for name in names}
    return [name for name in names if name in vanishing or cursors[name].body.get("gap")]


def _mark_key(flow: OpenFlow) -> tuple[str, str]:
    return f"T#{flow.setup.tenant}", f"LOOK#{flow.setup.name}"


def _close_gap(flow: OpenFlow, move: str) -> None:
    cursor = ledger.cursor(flow.engine.store, flow.setup.tenant, flow.setup.name, move)
    if cursor.body.get("gap"):
        with suppress(Conflict):  # a run moved it on meanwhile: the next look closes it
            body = {name: value for name, value in cursor.body.items() if name != "gap"}
            flow.engine.store.write([Put(replace(cursor, body=body))])


def _conclude(flow: OpenFlow, move: str, place: Place) -> None:
    """Have what is gone read once more; too much of it is told, at once with the mark that the look is over."""
    engine, setup, gone = flow.engine, flow.setup, place.gone
    pk, sk = _mark_key(flow)
    mark = Put(Item(pk=pk, sk=sk, body={"at": engine.clock.now().isoformat()}), guarded=False)
    if len(gone) <= max(FEW, SHARE * place.asked):
        notice_jobs(flow, [(move, source_id) for source_id in gone])
        engine.store.write([mark])
        _close_gap(flow, move)
        return
    title, kind = engine.load_system(flow.source.system).title, move.replace("_", " ")
    text = f"{title} says that {len(gone)} of {place.asked} recent {kind}s are gone. That is not believed."
    fix = f"Check the rights of the user behind {flow.source.name}."
    problem = Held("seem_gone", text, cause=f"{len(gone)} gone", fix=fix, owner="admin")
    engine.store.write([mark])
    heads = ledger.heads(engine.store, [RecordKey(setup.tenant, setup.name, move, id_) for id_ in gone[: brake.SHOWN]])
    shown = [f"{head.summary.get('title')}: not there any more" for head in heads.values()]
    brake.stop(flow, problem, shown=shown, count=len(gone), again=[(move, id_) for id_ in gone])
