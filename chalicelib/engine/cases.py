"""What is known of a source document on both sides, gathered for its judgement.

What looks wrong is read once more by its id, so that neither a listing a minute old nor a record on its way passes for
a difference. Of one that came to several parts, each is looked into by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from chalicelib.engine import ledger
from chalicelib.engine.engine import OpenFlow
from chalicelib.engine.errors import Held
from chalicelib.engine.flow import Move
from chalicelib.engine.ledger import Head
from chalicelib.engine.merge import stands
from chalicelib.engine.outcome import kind_of
from chalicelib.engine.reconcile import Case, Paper
from chalicelib.engine.records import Json, Money, RecordKey, SourceDocument


@dataclass(frozen=True, slots=True)
class Reading:
    """One flow, move and period."""

    flow: OpenFlow
    move: Move
    first: date
    last: date

    def cases(
        self, ids: Sequence[str], source: Mapping[str, Paper], books: Mapping[str, Sequence[Paper]]
    ) -> list[Case]:
        """`books` are by the id of the source document, whichever part of it each is."""
        keys = {id_: RecordKey(self.flow.setup.tenant, self.flow.setup.name, self.move.name, id_) for id_ in ids}
        store = self.flow.engine.store
        known = ledger.heads(store, keys.values())
        names = {id_: _names(known.get(key), books.get(id_, [])) for id_, key in keys.items()}
        known |= ledger.heads(store, [replace(keys[id_], part=name) for id_ in ids for name in names[id_] if name])
        built = [self._case(keys[id_], known, source.get(id_), books.get(id_, [])) for id_ in ids]
        divided = [_divided(case, keys[case.id], known, names[case.id]) for case in built]
        read = [self._checked(case) for case in divided]
        now = ledger.heads(store, known)
        return [_compared(case, now) for case in read]

    # ------------------------------------------------------------------ inside

    def _case(
        self, key: RecordKey, known: Mapping[RecordKey, Head], source: Paper | None, books: Sequence[Paper]
    ) -> Case:
        named = tuple(replace(paper, money=_currency(paper.money, source)) for paper in books)
        return Case(key.source_id, known.get(key), source, named)

    def _checked(self, case: Case) -> Case:
        """As it is there now, by id, if anything about it looks wrong."""
        if not any(_looks_wrong(one) for one in case.parts or [case]):
            return case
        document = self.flow.source_end.fetch(self.move.source.split(".", 1)[1], case.id)
        now = of_source(document, case.head) if document else None
        counts = now is not None and now.live and now.within(self.first, self.last)
        case = replace(case, source=now if counts else None, elsewhere=None if counts else now)
        if not case.parts:
            return self._books(case, now)
        if now is not None and now.newer:  # its parts are those of what it was before
            return replace(case, parts=())
        parts = [self._part(one, case, now) if _looks_wrong(one) else one for one in case.parts]
        return replace(case, parts=tuple(parts), books=tuple(paper for part in parts for paper in part.books))

    def _part(self, part: Case, whole: Case, now: Paper | None) -> Case:
        """The part of the source's document as that is now."""
        mine = part.source
        if mine is not None and whole.source is None:
            elsewhere = replace(whole.elsewhere, id=part.id, money=mine.money) if whole.elsewhere else None
            part = replace(part, source=None, elsewhere=elsewhere)
        elif mine is not None and whole.source is not None:
            part = replace(part, source=replace(whole.source, id=part.id, money=mine.money))
        return self._books(part, now)

    def _books(self, case: Case, now: Paper | None) -> Case:
        """The same case with what the target says by id, now."""
        books: list[Paper] = []
        named = {(paper.kind, paper.id): paper.part for paper in case.books}
        target_id = str(case.link.get("target_id") or "")
        linked = (kind_of(case.head, self.move), target_id) if case.head and target_id else None
        if linked:
            named.setdefault(linked, case.head.key.part if case.head else "")
        for (kind, known), part in named.items():
            try:
                current = self.flow.target_end.read(kind, known)
            except Held as held:
                case = replace(case, closed=held)
                books += [paper for paper in case.books if (paper.kind, paper.id) == (kind, known)]
                continue
            if current is None:
                continue
            money = _currency(current.money, now)
            paper = Paper(known, current.day, money, current.label, kind=kind, part=part)
            if paper.within(self.first, self.last):
                books.append(paper)
            else:
                case = replace(case, linked=paper)
            sent = self._sent(case.head) if (kind, known) == linked else None
            case = replace(case, as_sent=stands(current, sent) if sent is not None else case.as_sent)
        return replace(case, books=tuple(books))

    def _sent(self, head: Head | None) -> Json | None:
        if head is None:
            return None
        kept = ledger.bodies(self.flow.engine.store, [(head.key, "target")]).get((head.key, "target"))
        body = kept["body"] if kept else None
        return body if isinstance(body, dict) else None


def of_source(document: SourceDocument, head: Head | None) -> Paper:
    newer = head is not None and (head.fingerprint, head.live) != (document.fingerprint, document.live)
    said = document.summary
    return Paper(document.id, said.day, said.money, said.title, newer=newer, live=document.live)


def _names(head: Head | None, books: Iterable[Paper]) -> list[str]:
    """The parts that it comes to, came to, or is said to have by what stands in the target."""
    own = [*head.parts, *head.leaving] if head else []
    return list(dict.fromkeys([*own, *(paper.part for paper in books)]))


def _divided(case: Case, key: RecordKey, known: Mapping[RecordKey, Head], names: Sequence[str]) -> Case:
    """With a case for each part, where the record was split and no more is to be said of the whole."""
    head, source = case.head, case.source
    if head is None or head.state != "split" or (source is not None and source.newer):
        return case
    parts = []
    for name in names:
        mine = known.get(replace(key, part=name)) if name else None
        paper = None
        if source is not None and name in head.parts:
            paper = replace(source, id=f"{key.source_id}@{name}", money=mine.money if mine else None)
        books = tuple(book for book in case.books if book.part == name)
        parts.append(Case(f"{key.source_id}@{name}" if name else key.source_id, mine, paper, books))
    return replace(case, parts=tuple(parts))


def _looks_wrong(case: Case) -> bool:
    linked = case.link.get("target_id")
    if case.source is None and not case.books and not linked:
        return False  # a part of former days, which is gone
    if case.source is None or (linked and linked not in {paper.id for paper in case.books}):
        return True
    return bool(case.books) and not case.alike


def _compared(case: Case, now: Mapping[RecordKey, Head]) -> Case:
    """Whether the records are still those that were looked at."""
    parts = tuple(replace(part, moved_on=_moved_on(part, now)) for part in case.parts)
    return replace(case, parts=parts, moved_on=_moved_on(case, now))


def _moved_on(case: Case, now: Mapping[RecordKey, Head]) -> bool:
    head = case.head
    return head is not None and (head.key not in now or now[head.key].version != head.version)


def _currency(money: Money | None, source: Paper | None) -> Money | None:
    """Where the target keeps one currency it need not name it."""
    if money is None or money.currency or source is None or source.money is None:
        return money
    return replace(money, currency=source.money.currency)
