"""The memory of message sets: what an application's writes came to, under the ids it gave them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lxml import etree

from simulator.systems.quickbooks_desktop.company import CompanyFile, Row
from simulator.systems.quickbooks_desktop.documents import MessageSet
from simulator.systems.quickbooks_desktop.options import Options
from simulator.systems.quickbooks_desktop.records import put
from simulator.systems.quickbooks_desktop.ret_table import RETS

Element = Any  # lxml ships no types
CLEAR_ALL = "ClearAllMessageSets"
FINE, UNKNOWN, DIFFERENT, BAD_ID = 0, 600, 9001, 9004
RECOVERED = ("AddRs", "ModRs")  # their answers can say ErrorRecovery instead of the record


class Memory:
    """One application's part of a company file."""

    def __init__(self, company: CompanyFile, app: str, options: Options) -> None:
        self.kept = company.message_sets.setdefault(app, {})
        self.options = options

    def meet(self, messages: MessageSet, run: Callable[[], list[Row]], at: float) -> tuple[int, list[Element]]:
        """The status of the set (-1: it takes no part) and its answers; `run` executes it."""
        new, old = messages.new_id, messages.old_id
        self._age(at)
        if max(len(new), len(old) if old != CLEAR_ALL else 0) > self.options.longest_message_set_id:
            return BAD_ID, []
        if new and new == old and not messages.requests:
            return self._status(new, at)
        if old and old != new:
            cleared = self._clear(old)
            if not new and not messages.requests:
                return (FINE if cleared else UNKNOWN), []
        if not new:
            return (FINE if old else -1), [_full(row) for row in run()]
        if stored := self.kept.get(new):
            if stored["digest"] != messages.digest():
                return DIFFERENT, []
            return FINE, [self._again(row) for row in stored["answers"]]
        rows = run()
        writes = [r for r in rows if r["is_write"]]
        self.kept[new] = {"digest": messages.digest(), "answers": writes, "at": at}
        while self.options.message_sets_kept and len(self.kept) > self.options.message_sets_kept:
            del self.kept[next(iter(self.kept))]
        return FINE, [_full(row) for row in rows]

    def _age(self, now: float) -> None:
        longest = self.options.message_set_seconds
        for id in [id for id, stored in self.kept.items() if longest and stored["at"] + longest < now]:
            del self.kept[id]

    def _status(self, id: str, at: float) -> tuple[int, list[Element]]:
        stored = self.kept.get(id)
        if stored is None:
            if self.options.status_check_uses_up:
                self.kept[id] = {"digest": "", "answers": [], "at": at}
            return UNKNOWN, []
        return FINE, [self._again(row) for row in stored["answers"]]

    def _clear(self, id: str) -> bool:
        known = bool(self.kept) if id == CLEAR_ALL else id in self.kept
        if id == CLEAR_ALL:
            self.kept.clear()
        else:
            self.kept.pop(id, None)
        return known

    def _again(self, row: Row) -> Element:
        """A stored answer, brought back without anything being run."""
        if not row["recovery"] or not row["name"].endswith(RECOVERED):
            return _full(row)
        answer = (
            _full(row) if self.options.recovered_as != "recovery" else etree.Element(row["name"], row["attributes"])
        )
        if self.options.recovered_as != "record":
            answer.append(put(etree.Element("ErrorRecovery"), row["recovery"], RETS["ErrorRecovery"]))
        return answer


def _full(row: Row) -> Element:
    answer = etree.Element(row["name"], row["attributes"])
    for record in row["records"]:
        answer.append(etree.fromstring(record))
    return answer
