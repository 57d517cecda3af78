"""The PC as one simulator: QuickBooks Desktop, its company files, and the Web Connector beside it.

Nothing calls it but its backstage: it is the one that calls.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any

from werkzeug.wrappers import Request, Response

from simulator.systems.quickbooks_desktop.company import CompanyFile, Row
from simulator.systems.quickbooks_desktop.connector import WebConnector
from simulator.systems.quickbooks_desktop.conversation import Mishap, Run
from simulator.systems.quickbooks_desktop.desk import Trouble
from simulator.systems.quickbooks_desktop.options import Options
from simulator.systems.quickbooks_desktop.people import People
from simulator.systems.quickbooks_desktop.processor import PlannedStatus
from simulator.systems.quickbooks_desktop.transport import Transport, over_http
from simulator.systems.quickbooks_desktop.view import ledger
from simulator.systems.serving import OurMistake, wall_clock

DEFAULT_PATH = "C:\\Users\\Public\\Documents\\Intuit\\QuickBooks\\Company Files\\Acme.qbw"
CHART = (
    ("Accounts Payable", "AccountsPayable", "20000"),
    ("Accounts Receivable", "AccountsReceivable", "11000"),
    ("Checking", "Bank", "10000"),
    ("Company Card", "CreditCard", "21000"),
    ("Job Materials", "CostOfGoodsSold", "54100"),
    ("Freight", "Expense", "64100"),
)
TERMS = (("Due on receipt", 0), ("Net 15", 15), ("Net 30", 30))


class QuickBooksDesktopSimulator(People):
    """`transport` is how the Web Connector reaches services; real HTTP unless one is given."""

    def __init__(
        self,
        *,
        clock: Callable[[], datetime] = wall_clock,
        patience: float = 0.0,
        transport: Transport | None = None,
        pause: Callable[[float], None] = lambda seconds: None,
        path: str = DEFAULT_PATH,
        name: str = "Acme Builders",
        zone: str = "America/New_York",
        chart: bool = True,
    ) -> None:
        super().__init__(clock=clock, patience=patience)
        self.backups: dict[str, Row] = {}
        self.connector = WebConnector(self.desk, self.clock, transport or over_http(), pause)
        self.backstage_add_file(path, name, zone=zone, chart=chart)
        self.backstage_open_file(path)

    def serve(self, request: Request) -> Response:
        self.mistake(request, "QuickBooks Desktop has no network address")
        return Response(status=404)

    def throttled(self) -> Response:
        return Response(status=404)

    def server_fault(self) -> Response:
        return Response(status=404)

    def expire_tokens(self) -> None:
        """There are none."""

    # ------------------------------------------------------------------ the PC

    def backstage_add_file(self, path: str, name: str, zone: str = "America/New_York", chart: bool = True) -> None:
        self.desk.files[path] = CompanyFile(path, name, zone=zone)
        if not chart:
            return
        self.backstage_add_currency("US Dollar", file=path)
        for account, kind, number in CHART:
            self.backstage_add_account(account, kind, number, file=path)
        for term, days in TERMS:
            self.backstage_add_terms(term, days, file=path)
        self.company(path).audit.clear()  # the audit begins with the first thing that happens to the finished file

    def backstage_open_file(self, path: str) -> None:
        """A person opens a company file, in place of the one that was open."""
        self.desk.open(path)

    def backstage_close_file(self) -> None:
        self.desk.opened = ""

    def backstage_quit(self) -> None:
        """QuickBooks is closed; it starts again by itself for an application that names a file."""
        self.desk.running, self.desk.opened = False, ""

    def backstage_set_desk(self, **states: bool) -> None:
        """`dialog`, `starting` or `single_user`: what stands in the way of applications."""
        for name, value in states.items():
            if name not in ("dialog", "starting", "single_user"):
                raise ValueError(f"no such state: {name}")
            setattr(self.desk, name, value)

    def backstage_set_highest_version(self, version: str) -> None:
        self.desk.highest = version

    def backstage_trouble(
        self, hresult: str, when: str = "open", match: str = "", times: int = 1, skip: int = 0
    ) -> None:
        """QuickBooks fails as a session opens, or before or after a message set that contains `match` has run."""
        self.desk.troubles.append(Trouble(hresult, when, match, times, skip))  # type: ignore[arg-type]  # over the wire

    def backstage_status(self, code: int, match: str = "", done: bool = False, times: int = 1) -> None:
        """Requests whose name contains `match` are answered with this status, their work done all the same or not."""
        self.desk.planned.append(PlannedStatus(code, match, done, times))

    def backstage_mishap(self, kind: str, match: str = "", times: int = 1, skip: int = 0) -> None:
        """See `conversation.Mishap`."""
        self.connector.mishaps.append(Mishap(kind, match, times, skip))  # type: ignore[arg-type]  # over the wire

    def backstage_sleep(self, seconds: float) -> None:
        self.connector.awake_at = self.clock().timestamp() + seconds

    def backstage_switch(self, name: str, value: Any) -> Row:
        """Set one of the `Options`; returns all of them."""
        if name not in {field.name for field in fields(Options)}:
            raise ValueError(f"no such switch: {name}")
        setattr(self.options, name, value)
        return asdict(self.options)

    # ------------------------------------------------------------------ one company file

    def backstage_set_preference(self, name: str, value: Any, file: str = "") -> Row:
        company = self.company(file)
        if name not in company.preferences:
            raise ValueError(f"no such preference: {name}")
        company.preferences[name] = value
        return dict(company.preferences)

    def backstage_close_books(self, day: str, file: str = "") -> None:
        """Close the books through `day`; "" opens them."""
        self.company(file).preferences["ClosingDate"] = day

    def backstage_use(self, id: str, in_use: bool = True, file: str = "") -> None:
        """A user has the record open in a window, or leaves it."""
        company = self.company(file)
        company.in_use = [each for each in company.in_use if each != id] + ([id] if in_use else [])

    def backstage_allow(self, app_name: str, file: str = "") -> None:
        """The administrator lets an application in that was not added while this file was open."""
        self.company(file).allowed.append(app_name)

    def backstage_forbid(self, app_name: str, file: str = "") -> None:
        """The administrator takes back the permission."""
        self.company(file).allowed.remove(app_name)

    def backstage_back_up(self, name: str, file: str = "") -> None:
        self.backups[name] = self.company(file).dump()

    def backstage_restore(self, name: str) -> None:
        """The file is again what it was: records, deletions and the memory of message sets alike."""
        company = CompanyFile.from_dump(self.backups[name])
        self.desk.files[company.path] = company

    def backstage_ledger(self, file: str = "") -> Row:
        return ledger(self.company(file))

    def backstage_audit(self, file: str = "") -> list[Row]:
        """Every effect in order: time, who, what, kind, id, name, sequence."""
        return list(self.company(file).audit)

    def backstage_message_sets(self, file: str = "") -> Row:
        return {app: list(kept) for app, kept in self.company(file).message_sets.items()}

    # ------------------------------------------------------------------ the Web Connector

    def backstage_add_application(self, qwc: str, password: str) -> str:
        """Returns the user name it is listed under."""
        return self.connector.add(qwc, password).user_name

    def backstage_remove_application(self, user_name: str) -> None:
        del self.connector.added[user_name]

    def backstage_set_password(self, user_name: str, password: str) -> None:
        self.connector.added[user_name].password = password

    def backstage_set_schedule(self, user_name: str, seconds: int, auto_run: bool = True) -> None:
        added = self.connector.added[user_name]
        added.seconds, added.auto_run = seconds, auto_run

    def backstage_follow(self, port: int) -> None:
        """A service on this machine has another port now: its files are added anew, the passwords typed again."""
        for added in self.connector.added.values():
            added.qwc = re.sub(r"(http://localhost:)\d+", rf"\g<1>{port}", added.qwc)

    def backstage_cycle(self, user_name: str) -> Row:
        return asdict(self.cycle(user_name))

    def backstage_run_due(self) -> list[Row]:
        return [asdict(run) for run in self.connector.run_due()]

    def backstage_runs(self) -> list[Row]:
        return [asdict(run) for run in self.connector.runs]

    def cycle(self, user_name: str) -> Run:
        return self.connector.cycle(user_name)

    # ------------------------------------------------------------------ keeping

    def dump(self) -> Row:
        state = {
            "desk": self.desk.dump(),
            "connector": self.connector.dump(),
            "backups": self.backups,
            "mistakes": [asdict(mistake) for mistake in self.our_mistakes],
        }
        copied: Row = json.loads(json.dumps(state))
        return copied

    def load(self, state: Row) -> None:
        self.desk.load(state["desk"])
        self.connector.load(state["connector"])
        self.backups = state["backups"]
        self.our_mistakes = [OurMistake(**mistake) for mistake in state["mistakes"]]
