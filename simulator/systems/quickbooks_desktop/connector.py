"""The Web Connector of one PC: the services that were added to it, their schedule, and their updates one at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime

from simulator.systems.quickbooks_desktop.company import Row
from simulator.systems.quickbooks_desktop.conversation import Conversation, Mishap, Run
from simulator.systems.quickbooks_desktop.desk import Desk
from simulator.systems.quickbooks_desktop.qwc import NotAdded, Settings, read_qwc
from simulator.systems.quickbooks_desktop.transport import Transport, Unreachable

MOST_RUNS = 500
LOCK = "LOCKED:OFFICE-PC:631234599990000223"


@dataclass(slots=True)
class Added:
    """A service as the Web Connector lists it."""

    qwc: str
    password: str
    seconds: int
    last_run: float = 0.0
    next_run: float = 0.0
    auto_run: bool = True

    @property
    def settings(self) -> Settings:
        return read_qwc(self.qwc)


@dataclass(slots=True)
class WebConnector:
    """`transport` reaches the services; `pause` waits out a NoOp, or a PC's sleep in the middle."""

    desk: Desk
    clock: Callable[[], datetime]
    transport: Transport
    pause: Callable[[float], None] = lambda seconds: None
    added: dict[str, Added] = field(default_factory=dict)
    mishaps: list[Mishap] = field(default_factory=list)
    awake_at: float = 0.0  # the PC sleeps until then
    runs: list[Run] = field(default_factory=list)
    busy: bool = False

    def add(self, qwc: str, password: str) -> Settings:
        """A person adds a service while QuickBooks is open, and lets it in for ever."""
        settings = read_qwc(qwc)
        if settings.user_name in self.added:
            raise NotAdded("QBWC1039", f"{settings.user_name} has been added already")
        if any(each.settings.file_id == settings.file_id for each in self.added.values()):
            raise NotAdded("QBWC1039", f"{settings.file_id} has been added already")
        self._reach(settings.cert_url or settings.url, (200,), "QBWC1048")
        self._reach(settings.support, (200, 202), "QBWC1003")
        if not (self.desk.running and self.desk.opened):
            raise NotAdded("QBWC1013", "no company file is open")
        company = self.desk.files[self.desk.opened]
        if settings.app_name not in company.allowed:
            company.allowed.append(settings.app_name)
        owner = settings.owner_id
        others = [r for r in company.extensions if (r["on"], r["OwnerID"].lower()) != ("company", owner.lower())]
        marks = [("AppLock", LOCK), ("FileID", settings.file_id)]
        company.extensions = others + [
            {**_mark(owner, name, value), "on": "company", "line": ""} for name, value in marks
        ]
        self.added[settings.user_name] = Added(qwc, password, settings.seconds)
        return settings

    def _reach(self, url: str, fine: tuple[int, ...], code: str) -> None:
        try:
            status = self.transport("GET", url, {}, b"").status
        except Unreachable as gone:
            raise NotAdded(code, f"{url}: {gone}") from gone
        if status not in fine:
            raise NotAdded(code, f"{url} answers {status}")

    def cycle(self, user_name: str) -> Run:
        """One whole update, as after a click on Update Selected; a second one at the same time is refused."""
        added, now = self.added[user_name], self.clock().timestamp()
        run = Run(user_name)
        self.runs = [*self.runs[-MOST_RUNS:], run]
        if now < self.awake_at:
            run.word = "asleep"
            return run
        if self.busy:
            run.word, run.status = "locked", "Another update is under way on this PC"
            return run
        self.busy = True
        try:
            self._update(added, run, now)
        finally:
            self.busy = False
        return run

    def _update(self, added: Added, run: Run, now: float) -> None:
        settings = added.settings
        added.last_run, added.next_run = now, now + added.seconds
        try:
            self._reach(settings.cert_url or settings.url, (200,), "QBWC1048")
        except NotAdded as refused:
            run.code, run.status = refused.code, str(refused)
            return
        Conversation(settings, added.password, self.desk, self.transport, run, self.mishaps, self.pause).hold()
        self._postpone(added, run, now)

    def _postpone(self, added: Added, run: Run, now: float) -> None:
        """What authenticate said of the next run counts only while Auto-Run is on."""
        later, least = (int(text) if text.isdigit() else 0 for text in [*run.answers[2:4], "", ""][:2])
        if not added.auto_run:
            return
        added.seconds = max(added.seconds, least)
        added.next_run = now + added.seconds
        if later:
            added.next_run = now + later
        elif least and run.word:
            added.next_run = now + least

    def run_due(self) -> list[Run]:
        """The updates whose time has come, one after the other."""
        now = self.clock().timestamp()
        if now < self.awake_at:
            return []
        due = [name for name, each in self.added.items() if each.auto_run and each.seconds and each.next_run <= now]
        return [self.cycle(name) for name in due]

    def dump(self) -> Row:
        return {
            "added": {name: asdict(each) for name, each in self.added.items()},
            "mishaps": [asdict(each) for each in self.mishaps],
            "awake_at": self.awake_at,
        }

    def load(self, state: Row) -> None:
        self.added = {name: Added(**row) for name, row in state["added"].items()}
        self.mishaps = [Mishap(**row) for row in state["mishaps"]]
        self.awake_at = state["awake_at"]


def _mark(owner: str, name: str, value: str) -> Row:
    return {"OwnerID": owner, "DataExtName": name, "DataExtType": "STR255TYPE", "DataExtValue": value}
