"""Reading both sides of a flow for a period, a piece at a time, and judging each document found.

First the source's documents of a move, then the target's, kind by kind, then case by case what became of each.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from decimal import Decimal

from chalicelib.engine import intents, ledger
from chalicelib.engine.bridge import Bridge
from chalicelib.engine.cases import Reading, of_source
from chalicelib.engine.engine import OpenFlow
from chalicelib.engine.errors import Held
from chalicelib.engine.flow import Move
from chalicelib.engine.ledger import Head
from chalicelib.engine.reconcile import Case, Finding, Paper, explained
from chalicelib.engine.records import Booked, Json, Money, RecordKey, Row

MOST_DOCUMENTS = 20_000  # of one move and period, both sides together
MOST_LISTED = 5_000  # findings told one by one; all are counted
BATCH = 25  # cases judged in one piece

Papers = dict[str, list[Paper]]


@dataclass(slots=True)
class Progress:
    """Where a reconciliation stands. `at` counts the cases judged, `move` "" tells that it is over.

    `kind` is the place of the one that is listed among the move's kinds in the target.
    """

    move: str
    phase: str = "source"
    token: str | None = None
    at: int = 0
    kind: int = 0
    source: dict[str, Paper] = field(default_factory=dict)
    books: Papers = field(default_factory=dict)
    bridges: dict[str, Bridge] = field(default_factory=dict)
    listed: list[Json] = field(default_factory=list)
    left_out: int = 0

    def json(self) -> Json:
        return {
            "move": self.move,
            "phase": self.phase,
            "token": self.token,
            "at": self.at,
            "kind": self.kind,
            "source": {id_: _told(paper) for id_, paper in self.source.items()},
            "books": {id_: [_told(paper) for paper in papers] for id_, papers in self.books.items()},
            "bridges": {move: bridge.json() for move, bridge in self.bridges.items()},
            "listed": self.listed,
            "left_out": self.left_out,
        }

    @staticmethod
    def read(told: Mapping[str, object]) -> Progress:
        kept = dict(told)
        progress = Progress(**kept)  # type: ignore[arg-type]  # written by `json`
        progress.source = {id_: _paper(paper) for id_, paper in _object(kept["source"]).items()}
        progress.books = {id_: [_paper(one) for one in _list(papers)] for id_, papers in _object(kept["books"]).items()}
        progress.bridges = {name: Bridge.read(_object(one)) for name, one in _object(kept["bridges"]).items()}  # type: ignore[arg-type]
        return progress


def begin(flow: OpenFlow) -> Progress:
    return Progress(move=next((move.name for move in flow.whole.wanted(flow.policies) if move.is_compared), ""))


@dataclass(frozen=True, slots=True)
class Survey:
    """One flow and period; of a flow that goes both ways one side."""

    flow: OpenFlow
    first: date
    last: date

    def step(self, progress: Progress) -> None:
        """One piece: a page of a listing, or some cases. Changes nothing when it raises."""
        move = self.flow.flow.move(progress.move)
        assert move is not None
        bridge = progress.bridges.setdefault(move.name, Bridge())
        if progress.phase == "source":
            self._source(progress, move)
        elif progress.phase == "target":
            self._target(progress, move, bridge)
        else:
            self._judged(progress, move, bridge)
        if len(progress.source) + sum(map(len, progress.books.values())) > MOST_DOCUMENTS:
            raise Held(
                "too_large",
                f"There are more than {MOST_DOCUMENTS:,} documents from {self.first} to {self.last}.",
                cause="documents in the period",
                fix="Reconcile a shorter period.",
            )

    def _source(self, progress: Progress, move: Move) -> None:
        kind = move.source.split(".", 1)[1]
        page = self.flow.source_end.dated(kind, self.first, self.last, token=progress.token)
        keys = {row.id: self._key(move, row.id) for row in page.rows}
        heads = ledger.heads(self.flow.engine.store, keys.values())
        papers = [paper for row in page.rows if (paper := self._paper(kind, row, heads.get(keys[row.id])))]
        progress.source |= {paper.id: paper for paper in papers if paper.live and paper.within(self.first, self.last)}
        progress.token = page.next
        if page.next is None:
            progress.phase = "target"

    def _paper(self, kind: str, row: Row, head: Head | None) -> Paper | None:
        """The source's document: what was kept of it where the stamps agree, else as it is there now."""
        if head is None and not row.live:
            return None
        if head is not None and head.stamp == row.stamp and not head.gone:
            return Paper(row.id, _day(head), head.money, str(head.summary.get("title")), live=head.live)
        document = row.document or self.flow.source_end.fetch(kind, row.id)
        return of_source(document, head) if document else None

    def _target(self, progress: Progress, move: Move, bridge: Bridge) -> None:
        """The kinds that the move makes there, one after another."""
        kind = move.target_kinds[progress.kind]
        try:
            page = self.flow.target_end.dated(kind, self.first, self.last, token=progress.token)
            rows, following = page.rows, page.next
        except Held as held:
            if held.reason != "not_available":
                raise
            rows, following = [], None  # what the target does not offer, it has none of
        for owner, row in self._owners(move, kind, rows):
            if owner is not None:
                papers = {(paper.kind, paper.id): paper for paper in progress.books.get(owner.source_id, [])}
                papers[kind, row.id] = Paper(row.id, row.day, row.money, row.label, kind=kind, part=owner.part)
                progress.books[owner.source_id] = list(papers.values())
            else:
                bridge.others.add({row.money.currency: row.money.amount} if row.money else {})
        progress.token = following
        if following is None and progress.kind + 1 < len(move.target_kinds):
            progress.kind += 1
        elif following is None:
            progress.phase, progress.at = "cases", 0

    def _owners(self, move: Move, kind: str, rows: Sequence[Booked]) -> Iterator[tuple[RecordKey | None, Booked]]:
        """Whose each is: by its claim, else by its mark; None for somebody else's."""
        setup = self.flow.setup
        keys = {row.id: ledger.claim_key(setup.tenant, self.flow.target.name, kind, row.id) for row in rows}
        claims = self.flow.engine.store.get(list(keys.values()))
        for row in rows:
            claim = claims.get(keys[row.id])
            if claim is None:
                named = intents.marked(self.flow, move.name, row.mark)
                yield self._key(move, named) if named else None, row
                continue
            owner = RecordKey.from_pk(str(claim.body["key"]))
            yield (owner if (owner.flow, owner.move) == (setup.name, move.name) else None), row

    def _judged(self, progress: Progress, move: Move, bridge: Bridge) -> None:
        ids = sorted({*progress.source, *progress.books})
        batch = ids[progress.at : progress.at + BATCH]
        reading = Reading(self.flow, move, self.first, self.last)
        for case in reading.cases(batch, progress.source, progress.books):
            found = explained(case, cut_over=self.flow.setup.cut_over, titles=self._titles)
            bridge.take(case, found)
            for one, finding in found:
                self._list(progress, self._key(move, one.id), one, finding)
        progress.at += len(batch)
        if progress.at >= len(ids):
            self._next_move(progress)

    def _list(self, progress: Progress, key: RecordKey, case: Case, finding: Finding) -> None:
        if finding.line == "agrees" or (finding.line == "not_moved" and not case.delta):
            return
        if len(progress.listed) >= MOST_LISTED:
            progress.left_out += 1
            return
        title = case.source or case.elsewhere
        progress.listed.append(
            {
                "record": key.id,
                "move": key.move,
                **asdict(finding),
                "title": title.label if title else case.books[0].label if case.books else key.id,
                "source": _told(case.source or case.elsewhere),
                "target": [_told(paper) for paper in (*case.books, *([case.linked] if case.linked else []))],
                "amounts": {currency: str(amount) for currency, amount in case.delta.items()},
            }
        )

    def _next_move(self, progress: Progress) -> None:
        dated = [move.name for move in self.flow.whole.wanted(self.flow.policies) if move.is_compared]
        later = dated[dated.index(progress.move) + 1 :]
        progress.move, progress.phase, progress.token, progress.at = later[0] if later else "", "source", None, 0
        progress.source, progress.books, progress.kind = {}, {}, 0

    def _key(self, move: Move, named: str) -> RecordKey:
        return RecordKey.of(self.flow.setup.tenant, self.flow.setup.name, move.name, named)

    @property
    def _titles(self) -> tuple[str, str]:
        return self.flow.engine.load_system(self.flow.source.system).title, self.flow.target_title


# ---------------------------------------------------------------------------------------------- values


def _day(head: Head) -> date | None:
    day = str(head.summary.get("day") or "")
    return date.fromisoformat(day) if day else None


def _told(paper: Paper | None) -> Json | None:
    if paper is None:
        return None
    money = paper.money
    return {
        "id": paper.id,
        "day": paper.day.isoformat() if paper.day else "",
        "amount": str(money.amount) if money else "",
        "currency": money.currency if money else "",
        "label": paper.label,
        "newer": paper.newer,
        "live": paper.live,
        "kind": paper.kind,
        "part": paper.part,
    }


def _paper(told: object) -> Paper:
    kept = _object(told)
    day, amount = str(kept["day"]), str(kept["amount"])
    return Paper(
        id=str(kept["id"]),
        day=date.fromisoformat(day) if day else None,
        money=Money(Decimal(amount), str(kept["currency"])) if amount else None,
        label=str(kept["label"]),
        newer=bool(kept["newer"]),
        live=bool(kept["live"]),
        kind=str(kept["kind"]),
        part=str(kept["part"]),
    )


def _object(value: object) -> Json:
    assert isinstance(value, dict)
    return value


def _list(value: object) -> list[object]:
    assert isinstance(value, list)
    return value
