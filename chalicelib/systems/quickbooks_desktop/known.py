"""What QuickBooks has said in this session, and what it is still to be asked.

Whoever needs to know something asks here: either it was answered, or it becomes a wish, and Later says so. The
conversation turns the wishes into questions, one at a time, and lets everybody ask again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from chalicelib.engine.errors import Later
from chalicelib.engine.ports import Store
from chalicelib.systems.quickbooks_desktop import reading
from chalicelib.systems.quickbooks_desktop.asking import FACTS, MOST_VALUES, READS, SENT, TOPICS
from chalicelib.systems.quickbooks_desktop.reading import Answer, Unread
from chalicelib.systems.quickbooks_desktop.rows import Row
from chalicelib.systems.quickbooks_desktop.tickets import Kept, Session, answer_ops, answers

ASKED = "QuickBooks Desktop is asked when the Web Connector calls."


class Doubt(Exception):
    """QuickBooks showed something that could not be read; it may be what was asked for."""


@dataclass(frozen=True, slots=True)
class Wish:
    """Something to be asked: `next` goes on with a list that has begun."""

    topic: str
    values: tuple[str, ...] = ()
    next: str = ""
    page: int = 0
    size: int = 0


@dataclass(slots=True)
class Known:
    store: Store
    session: Session
    wishes: list[Wish] = field(default_factory=list)
    _read: dict[int, Answer] = field(default_factory=dict)

    def rows(self, topic: str, values: Sequence[str]) -> dict[str, list[Row]]:
        """The rows of each value. Raises Later when one was not asked for yet, Doubt when one is not certain."""
        wanted = list(dict.fromkeys(values))
        kept = [each for each in self.session.kept if each.topic == topic]
        said = {value: each.number for each in kept for value in each.values}
        missing = [value for value in wanted if value not in said]
        if missing:
            self._wish(topic, missing)
        found: dict[str, list[Row]] = {value: [] for value in wanted}
        names = TOPICS[topic].names
        assert names is not None
        asked = {value.casefold(): value for value in wanted}  # QuickBooks finds a name in whatever case
        for number in sorted({said[value] for value in wanted}):
            for row in self._rows(number):
                for name in names(row):
                    value = asked.get(name.casefold(), "")
                    if said.get(value) == number:
                        found[value].append(row)
        self._check(topic, [value for value in wanted if not found[value]], said)
        return found

    def _check(self, topic: str, absent: Sequence[str], said: Mapping[str, int]) -> None:
        """What seems absent may be the row that could not be read: then each is asked for on its own."""
        doubtful = {n for n in {said[value] for value in absent} if self._unread(n)}
        if not doubtful:
            return
        kept = [each for each in self.session.kept if each.number in doubtful]
        if all(len(each.values) == 1 for each in kept):
            raise Doubt(self._unread(min(doubtful))[0].says)
        self.session.singly = True
        self.session.kept = [each for each in self.session.kept if each not in kept]
        self._wish(topic, absent)

    def listed(self, topic: str, values: Sequence[str] = ()) -> list[Row]:
        """Every row of a list. Raises Later until its last page is there."""
        pages = [each for each in self.session.kept if each.topic == topic and each.values == tuple(values)]
        if not pages or pages[-1].next:
            begun = pages[-1] if pages else Kept(0, topic)
            self.wishes.append(Wish(topic, tuple(values), begun.next, len(pages), begun.size))
            raise Later(ASKED)
        return [row for page in pages for row in self._rows(page.number)]

    def page(self, topic: str, values: Sequence[str], number: int) -> tuple[list[Row | Unread], bool]:
        """One page of a list, and whether there is another. Raises Later until it is there."""
        known = [each for each in self.session.kept if each.topic == topic and each.values == tuple(values)]
        pages = {each.page: each for each in known}
        if number not in pages:
            begun = known[-1] if known else Kept(0, topic)
            if begun.next and number > begun.page:
                self.wishes.append(Wish(topic, tuple(values), begun.next, begun.page + 1, begun.size))
            else:  # from its beginning
                self.wishes.append(Wish(topic, tuple(values)))
            raise Later(ASKED)
        kept = pages[number].number
        if kept not in self._read:
            self._read[kept] = reading.whole(answers(self.store, self.session, [kept])[kept])
        return [*self._rows(kept), *self._unread(kept)], bool(pages[number].next)

    def sent(self, set_id: str) -> Answer:
        """What QuickBooks keeps of a message set. Raises Later until it was asked."""
        for each in self.session.kept:
            if each.topic == SENT and each.values == (set_id,):
                return self._answer(each.number)
        self.wishes.append(Wish(SENT, (set_id,)))
        raise Later(ASKED)

    @property
    def is_told(self) -> bool:
        """Whether QuickBooks has said what company file it has open."""
        return any(each.topic == FACTS for each in self.session.kept)

    def facts(self) -> list[Row] | None:
        """The host, the company and its preferences; None before they were told."""
        told = next((each for each in self.session.kept if each.topic == FACTS), None)
        return self._rows(told.number) if told else None

    def keep(self, told: Kept, answer: Answer, response: str, now: datetime) -> None:
        """It was said just now, so it need not be read again."""
        self.store.write(answer_ops(self.session, told.number, response, now))
        self.session.kept.append(told)
        self._read[told.number] = answer

    def forget(self, values: Sequence[str]) -> None:
        """It was written: what was said of it is outdated."""
        gone = set(values)
        self.session.kept = [
            replace(each, values=tuple(value for value in each.values if value not in gone))
            for each in self.session.kept
        ]

    # ------------------------------------------------------------------ inside

    def _wish(self, topic: str, values: Sequence[str]) -> None:
        most = 1 if self.session.singly else MOST_VALUES
        known = next((wish for wish in self.wishes if wish.topic == topic and len(wish.values) < most), None)
        if known is not None:
            self.wishes.remove(known)
            values = list(dict.fromkeys([*known.values, *values]))
        self.wishes.append(Wish(topic, tuple(values[:most])))
        raise Later(ASKED)

    def _rows(self, number: int) -> list[Row]:
        return [row for reply in self._answer(number).replies for row in reply.rows]

    def _unread(self, number: int) -> list[Unread]:
        return [unread for reply in self._answer(number).replies for unread in reply.unread]

    def _answer(self, number: int) -> Answer:
        if number not in self._read:
            others = {each.number for each in self.session.kept if each.topic not in (FACTS, *READS)}
            texts = answers(self.store, self.session, sorted({number, *others} - set(self._read)))
            self._read |= {n: reading.whole(text) for n, text in texts.items()}
        return self._read[number]
