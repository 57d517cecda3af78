"""Reading both sides of a flow for a period, a piece at a time, and judging each document found.

First the source's documents of a move, then the target's, then case by case what became of each: what looks wrong is
read once more by its id, so that neither a listing a minute old nor a record on its way passes for a difference.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from decimal import Decimal

from chalicelib.engine import intents, ledger
from chalicelib.engine.engine import OpenFlow
from chalicelib.engine.errors import Held
from chalicelib.engine.flow import Move
from chalicelib.engine.ledger import Head
from chalicelib.engine.merge import stands
from chalicelib.engine.reconcile import Bridge, Case, Finding, Paper, judge
from chalicelib.engine.records import Booked, Json, Money, RecordKey, Row, SourceDocument

MOST_DOCUMENTS = 20_000  # of one move and period, both sides together
MOST_LISTED = 5_000  # findings told one by one; all are counted
BATCH = 25  # cases judged in one piece

Papers = dict[str, list[Paper]]


@dataclass(slots=True)
class Progress:
    """Where a reconciliation stands. `at` counts the cases judged, `move` "" tells that it is over."""

    move: str
    phase: str = "source"
    token: str | None = None
    at: int = 0
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
    return Progress(move=next((move.name for move in flow.flow.wanted(flow.policies) if move.dated), ""))


@dataclass(frozen=True, slots=True)
class Survey:
    """One flow and period."""

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
        return _of_source(document, head) if document else None

    def _target(self, progress: Progress, move: Move, bridge: Bridge) -> None:
        try:
            page = self.flow.target_end.dated(move.target_kind, self.first, self.last, token=progress.token)
            rows, following = page.rows, page.next
        except Held as held:
            if held.reason != "not_available":
                raise
            rows, following = [], None  # what the target does not offer, it has none of
        for owner, row in self._owners(move, rows):
            if owner:
                papers = {paper.id: paper for paper in progress.books.get(owner, [])}
                papers[row.id] = Paper(row.id, row.day, row.money, row.label)
                progress.books[owner] = list(papers.values())
            else:
                bridge.others.add({row.money.currency: row.money.amount} if row.money else {})
        progress.token = following
        if following is None:
            progress.phase, progress.at = "cases", 0

    def _owners(self, move: Move, rows: Sequence[Booked]) -> Iterator[tuple[str, Booked]]:
        """Whose each is: by its claim, else by its mark; "" for somebody else's."""
        setup = self.flow.setup
        keys = {row.id: ledger.claim_key(setup.tenant, setup.target, move.target_kind, row.id) for row in rows}
        claims = self.flow.engine.store.get(list(keys.values()))
        for row in rows:
            claim = claims.get(keys[row.id])
            if claim is None:
                yield intents.marked(self.flow, move.name, row.mark), row
                continue
            owner = RecordKey.from_pk(str(claim.body["key"]))
            yield (owner.source_id if (owner.flow, owner.move) == (setup.name, move.name) else ""), row

    def _judged(self, progress: Progress, move: Move, bridge: Bridge) -> None:
        ids = sorted({*progress.source, *progress.books})
        batch = ids[progress.at : progress.at + BATCH]
        keys = {id_: self._key(move, id_) for id_ in batch}
        heads = ledger.heads(self.flow.engine.store, keys.values())
        cases = [
            Case(id_, heads.get(keys[id_]), progress.source.get(id_), tuple(progress.books.get(id_, [])))
            for id_ in batch
        ]
        cases = [self._looked_into(move, case) if self._looks_wrong(case) else case for case in cases]
        now = ledger.heads(self.flow.engine.store, keys.values())
        for read in cases:
            case = replace(read, moved_on=_version(now.get(keys[read.id])) != _version(read.head))
            finding = judge(case, cut_over=self.flow.setup.cut_over, titles=self._titles)
            bridge.take(case, finding)
            self._list(progress, keys[case.id], case, finding)
        progress.at += len(batch)
        if progress.at >= len(ids):
            self._next_move(progress)

    def _looks_wrong(self, case: Case) -> bool:
        linked = case.link.get("target_id")
        if case.source is None or (linked and linked not in {paper.id for paper in case.books}):
            return True
        return bool(case.books) and not case.alike

    def _looked_into(self, move: Move, case: Case) -> Case:
        """The same case with what both sides say by id, now."""
        first, last = self.first, self.last
        document = self.flow.source_end.fetch(move.source.split(".", 1)[1], case.id)
        now = _of_source(document, case.head) if document else None
        counts = now is not None and now.live and now.within(first, last)
        case = replace(case, source=now if counts else None, elsewhere=None if counts else now)
        books: list[Paper] = []
        target_id = str(case.link.get("target_id") or "")
        for known in dict.fromkeys([*(paper.id for paper in case.books), *([target_id] if target_id else [])]):
            current = self.flow.target_end.read(move.target_kind, known)
            if current is None:
                continue
            paper = Paper(known, current.day, _currency(current.money, now), current.label)
            if paper.within(first, last):
                books.append(paper)
            else:
                case = replace(case, linked=paper)
            sent = self._sent(case.head) if known == target_id else None
            case = replace(case, as_sent=stands(current, sent) if sent is not None else case.as_sent)
        return replace(case, books=tuple(books))

    def _sent(self, head: Head | None) -> Json | None:
        if head is None:
            return None
        kept = ledger.bodies(self.flow.engine.store, [(head.key, "target")]).get((head.key, "target"))
        return _object(kept["body"]) if kept else None

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
        dated = [move.name for move in self.flow.flow.wanted(self.flow.policies) if move.dated]
        later = dated[dated.index(progress.move) + 1 :]
        progress.move, progress.phase, progress.token, progress.at = later[0] if later else "", "source", None, 0
        progress.source, progress.books = {}, {}

    def _key(self, move: Move, source_id: str) -> RecordKey:
        return RecordKey(self.flow.setup.tenant, self.flow.setup.name, move.name, source_id)

    @property
    def _titles(self) -> tuple[str, str]:
        return self.flow.engine.load_system(self.flow.source.system).title, self.flow.target_title


# ---------------------------------------------------------------------------------------------- values


def _of_source(document: SourceDocument, head: Head | None) -> Paper:
    newer = head is not None and (head.fingerprint, head.live) != (document.fingerprint, document.live)
    said = document.summary
    return Paper(document.id, said.day, said.money, said.title, newer=newer, live=document.live)


def _version(head: Head | None) -> int:
    return head.version if head else 0


def _day(head: Head) -> date | None:
    day = str(head.summary.get("day") or "")
    return date.fromisoformat(day) if day else None


def _currency(money: Money | None, source: Paper | None) -> Money | None:
    """Where the target keeps one currency it need not name it."""
    if money is None or money.currency or source is None or source.money is None:
        return money
    return replace(money, currency=source.money.currency)


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
    )


def _object(value: object) -> Json:
    assert isinstance(value, dict)
    return value


def _list(value: object) -> list[object]:
    assert isinstance(value, list)
    return value
