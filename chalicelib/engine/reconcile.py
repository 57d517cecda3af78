"""Does it agree? What the source has in a period, what the target has of it, and each amount between the two explained.

Pure: `survey.py` reads both sides, here one document's standing is judged, and `bridge.py` adds up. Every amount by
which the sides differ lies in exactly one line of the bridge, so that it always adds up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Literal

from chalicelib.engine.errors import Held
from chalicelib.engine.ledger import Head
from chalicelib.engine.records import Json, Money

Line = Literal["agrees", "held", "waiting", "not_moved", "refused", "difference"]
BRIDGE: tuple[Line, ...] = ("held", "waiting", "not_moved", "refused", "difference")
UNDER_WAY = ("waiting", "sending", "unknown", "rehearsed")


@dataclass(frozen=True, slots=True)
class Paper:
    """A document of either side. `newer`: the source changed since the record was kept. `live` is the source's.

    `kind` is the target's, `part` names which part of the source document it is, where that comes to several.
    """

    id: str
    day: date | None
    money: Money | None
    label: str
    newer: bool = False
    live: bool = True
    kind: str = ""
    part: str = ""

    def within(self, first: date, last: date) -> bool:
        return self.day is not None and first <= self.day <= last


@dataclass(frozen=True, slots=True)
class Case:
    """One source document with all that is known of it, or one part of it.

    `source` and `books` are what counts in the period; `elsewhere` and `linked` are the source's document and the
    linked one of the target where they do not count in it (another day; withdrawn); None: not there at all.
    `as_sent`: the target's is as we sent it; None: nobody looked, or we never sent it. `moved_on`: the record changed
    while it was looked at. `closed`: why the target does not show it. `parts`: those that a split one comes to or came
    to; `books` are those of all of them then.
    """

    id: str
    head: Head | None
    source: Paper | None = None
    books: Sequence[Paper] = ()
    elsewhere: Paper | None = None
    linked: Paper | None = None
    as_sent: bool | None = None
    moved_on: bool = False
    closed: Held | None = None
    parts: Sequence[Case] = ()

    @property
    def link(self) -> Json:
        return (self.head.link if self.head else None) or {}

    @property
    def known(self) -> bool:
        """Every amount is known."""
        return all(paper.money is not None for paper in ([self.source] if self.source else []) + list(self.books))

    @property
    def delta(self) -> dict[str, Decimal]:
        """By how much the source's amount in the period is above the target's, per currency."""
        sums: dict[str, Decimal] = {}
        ours = self.source.money if self.source else None
        for money, sign in [(ours, 1), *((paper.money, -1) for paper in self.books)]:
            if money is not None:
                sums[money.currency] = sums.get(money.currency, Decimal(0)) + sign * money.amount
        return {currency: amount for currency, amount in sums.items() if amount}

    @property
    def doubled(self) -> bool:
        """The target has more than one for the same part."""
        parts = [paper.part for paper in [*self.books, *([self.linked] if self.linked else [])]]
        return len(set(parts)) < len(parts)

    @property
    def alike(self) -> bool:
        """The same document once on both sides: amount and day."""
        if self.source is None or len(self.books) != 1 or self.delta:
            return False
        theirs = self.link.get("made") == "linked"  # then the day is theirs too
        return self.books[0].day == self.source.day or self.as_sent is True or theirs


@dataclass(frozen=True, slots=True)
class Finding:
    """Which line of the bridge a case belongs to; `kind` is the reason within it, `fix` says what `owner` does."""

    line: Line
    kind: str
    why: str = ""
    fix: str = ""
    owner: str = "nobody"


AGREES = Finding("agrees", "")


def explained(case: Case, *, cut_over: date, titles: tuple[str, str]) -> list[tuple[Case, Finding]]:
    """Where the case stands; of one that came to parts, where each of them does, and what they leave open."""
    if not case.parts or case.moved_on:
        return [(case, judge(case, cut_over=cut_over, titles=titles))]
    found = [(part, judge(part, cut_over=cut_over, titles=titles)) for part in case.parts]
    rest = _rest(case)
    if rest.delta:
        assert case.source is not None
        why = f"{titles[0]} has {case.source.money}, which is not what its parts add up to."
        found.append((rest, _differs("parts_differ", why, "Replay the record; if it stays so, tell the operator.")))
    return found


def _rest(case: Case) -> Case:
    """What of the source's amount none of the parts has."""
    money = case.source.money if case.source else None
    if case.source is None or money is None:
        return Case(case.id, case.head)
    parts = [part.source.money.amount for part in case.parts if part.source and part.source.money]
    left = replace(money, amount=money.amount - sum(parts))
    return Case(case.id, case.head, replace(case.source, money=left))


def judge(case: Case, *, cut_over: date, titles: tuple[str, str]) -> Finding:
    """Where the case stands. `titles` are what people call the two systems."""
    if case.source is None and not case.books:
        return AGREES  # by now it counts on neither side
    if case.doubled:
        return _twice(case, titles[1])
    if case.head is None:
        return _unrecorded(case, titles)
    standing = _under_way(case, case.head)
    if standing is not None:
        return standing
    if case.closed is not None or not case.known:
        return _unreadable(case, titles)
    return AGREES if case.alike else _at_rest(case, case.head, cut_over=cut_over, titles=titles)


def _twice(case: Case, target: str) -> Finding:
    papers = [*case.books, *([case.linked] if case.linked else [])]
    shown = "; ".join(f"{paper.label}, dated {paper.day} (id {paper.id})" for paper in papers)
    why = f"It is in {target} {len(papers)} times as ours: {shown}."
    return _differs("duplicate", why, f"Delete all but one of them in {target}, then replay the record.")


def _under_way(case: Case, head: Head) -> Finding | None:
    """The record's own state explains it: on its way, or held."""
    if case.moved_on:
        return Finding("waiting", "under_way", "It was being worked on while this was read.")
    if head.state in UNDER_WAY:
        return Finding("waiting", head.state, head.trouble or "It is on its way.")
    if head.state != "held":
        return None
    hold = {name: str(value) for name, value in (head.hold or {}).items()}
    return Finding("held", hold["reason"], hold["message"], hold["fix"], hold["owner"])


def _unreadable(case: Case, titles: tuple[str, str]) -> Finding:
    if case.closed is not None:
        return _differs("not_readable", case.closed.message, case.closed.fix)
    why = "Its amount cannot be read, so that it cannot be compared."
    return _differs("amount_unknown", why, f"Look at it in {titles[0]} and in {titles[1]}.")


def _at_rest(case: Case, head: Head, *, cut_over: date, titles: tuple[str, str]) -> Finding:
    outcome = head.outcome or {}
    newer = case.source.newer if case.source else bool(case.elsewhere and case.elsewhere.newer)
    if newer:
        why = f"It changed in {titles[0]} since."
        return Finding("difference", "changed_at_source", why, "Nothing: the next run takes it.")
    if head.state == "refused":
        return Finding(
            "refused", str(outcome.get("reason")), str(outcome.get("why")), "Enter it by hand.", "bookkeeper"
        )
    if head.state == "not_moved" or outcome.get("action") in ("dismissed", "told"):
        return Finding("not_moved", _left_out(head, cut_over), str(outcome.get("why")))
    if outcome.get("action") == "voided" and not case.delta:
        return AGREES  # it stands there without any amount, as it should
    return _done(case, titles)


def _left_out(head: Head, cut_over: date) -> str:
    action = str((head.outcome or {}).get("action"))
    if action in ("dismissed", "told"):
        return action
    if not head.live:
        return "withdrawn"
    day = str(head.summary.get("day") or "")
    return "before_cut_over" if day and date.fromisoformat(day) < cut_over else "not_moved"


def _unrecorded(case: Case, titles: tuple[str, str]) -> Finding:
    source, target = titles
    if case.source is None:
        had = f"{source} has it dated {case.elsewhere.day}" if case.elsewhere else f"{source} does not have it"
        why = f"{target} has it with our mark, but there is no record of it here, and {had}."
        return _differs("orphan", why, f"Find out where it came from; delete it in {target} if it is nobody's.")
    there = f" {target} has one with its mark." if case.books else ""
    return Finding("difference", "not_noticed", f"It was not noticed yet.{there}", "Nothing: the next run takes it.")


def _done(case: Case, titles: tuple[str, str]) -> Finding:
    """The record says that it was moved, and the two sides do not show the same."""
    source, target = titles
    if case.source is None and case.elsewhere is None:
        why = f"It is no longer in {source}, but {target} has it."
        return _differs("orphan", why, f"Decide whether it stays in {target}; delete it there if not.")
    if case.source is not None and not case.books and case.linked is None:
        label = case.link.get("label") or "what was made of it"
        why = f"{label} is no longer in {target}."
        fix = "Unlink the record so that it is made anew, or dismiss it if it was rightly deleted."
        return _differs("missing_in_target", why, fix)
    return _differing(case, titles)


def _differing(case: Case, titles: tuple[str, str]) -> Finding:
    source, target = titles
    ours, theirs = case.source or case.elsewhere, case.books[0] if case.books else case.linked
    assert ours is not None and theirs is not None
    what = f"{source} has {ours.money} dated {ours.day}, {target} {theirs.money} dated {theirs.day}"
    if case.link.get("made") == "linked":
        why = f"It is linked to {theirs.label}, which somebody else entered: {what}."
        return _differs("linked_differs", why, f"Correct it in {target}, or unlink it if it is another one.")
    if not ours.live:
        why = f"It was withdrawn in {source}, but {target} has it: {what}."
        return _differs("orphan", why, f"Decide whether it stays in {target}; delete it there if not.")
    if case.source is None or not case.books:
        how = "this flow posted it so" if case.as_sent else "a person changed it there"
        fix = f"Count it in the period in which {target} has it, or correct its date."
        return _differs("other_period", f"{what}: {how}.", fix)
    if case.as_sent:
        return _differs("total_differs", f"{what}, which is what was sent.", f"Look at the taxes of it in {target}.")
    why = f"A person changed it in {target}: {what}."
    return _differs("changed_in_target", why, f"Decide which is right: correct it in {source} or in {target}.")


def _differs(kind: str, why: str, fix: str) -> Finding:
    return Finding("difference", kind, why, fix, "bookkeeper")
