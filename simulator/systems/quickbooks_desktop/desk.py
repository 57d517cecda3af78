"""QuickBooks on one PC: which company file is open, who is in the way, and sessions of applications with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Literal

from simulator.systems.quickbooks_desktop.answers import Hresult
from simulator.systems.quickbooks_desktop.company import CompanyFile, Row
from simulator.systems.quickbooks_desktop.options import Options
from simulator.systems.quickbooks_desktop.processor import PlannedStatus, Processor

When = Literal["open", "before", "after"]


@dataclass(slots=True)
class Trouble:
    """QuickBooks fails with an hresult: as a session opens, before a set that matches has run, or after it has."""

    hresult: str
    when: When
    match: str = ""
    times: int = 1
    skip: int = 0


@dataclass(slots=True)
class Desk:
    """`mistake` is told of everything that a careful application never does."""

    clock: Callable[[], datetime]
    options: Options
    mistake: Callable[[str, str], None]
    files: dict[str, CompanyFile] = field(default_factory=dict)
    opened: str = ""  # the path of the file that is open
    running: bool = True
    dialog: bool = False
    starting: bool = False
    single_user: bool = False  # somebody else works in single-user mode
    highest: str = "13.0"
    troubles: list[Trouble] = field(default_factory=list)
    planned: list[PlannedStatus] = field(default_factory=list)
    sessions: int = 0

    def begin(self, path: str, app: str) -> Processor:
        """A session with the file at `path`, or with the one that is open."""
        self._fail("open", path)
        if self.dialog:
            raise Hresult("0x80040414")
        if self.starting:
            raise Hresult("0x80040424")
        if not (self.running and self.opened):
            if not path:
                raise Hresult("0x80040417" if self.running else "0x80040416")
            self.open(path)
        elif path and path.casefold() != self.opened.casefold():
            raise Hresult("0x8004040A")
        if self.single_user:
            raise Hresult("0x80040410")
        company = self.files[self.opened]
        if app not in company.allowed:
            raise Hresult("0x80040418")
        self.sessions += 1
        return Processor(
            company,
            app,
            self.options,
            clock=self.clock,
            session=str(self.sessions),
            highest=self.highest,
            mistake=self.mistake,
            planned=self.planned,
        )

    def open(self, path: str) -> None:
        found = next((each for each in self.files if each.casefold() == path.casefold()), None)
        if found is None:
            raise Hresult("0x80040403")
        self.running, self.opened = True, found

    def process(self, session: Processor, text: str) -> str:
        """Run a message set, with what may happen to QuickBooks meanwhile."""
        self._fail("before", text)
        if self.dialog:
            raise Hresult("0x80040414")
        answer = session.process(text)
        self._fail("after", text)
        return answer

    def _fail(self, when: When, text: str) -> None:
        for trouble in self.troubles:
            if trouble.when != when or trouble.times <= 0 or trouble.match not in text:
                continue
            if trouble.skip > 0:
                trouble.skip -= 1
                continue
            trouble.times -= 1
            raise Hresult(trouble.hresult)

    def dump(self) -> Row:
        kept = ("opened", "running", "dialog", "starting", "single_user", "highest", "sessions")
        state: Row = {name: getattr(self, name) for name in kept}
        state["options"] = asdict(self.options)
        state["troubles"] = [asdict(trouble) for trouble in self.troubles]
        state["planned"] = [asdict(plan) for plan in self.planned]
        state["files"] = [company.dump() for company in self.files.values()]
        return state

    def load(self, state: Row) -> None:
        for name, value in state["options"].items():
            setattr(self.options, name, value)
        self.troubles = [Trouble(**row) for row in state["troubles"]]
        self.planned = [PlannedStatus(**row) for row in state["planned"]]
        self.files = {row["path"]: CompanyFile.from_dump(row) for row in state["files"]}
        for name in ("opened", "running", "dialog", "starting", "single_user", "highest", "sessions"):
            setattr(self, name, state[name])
