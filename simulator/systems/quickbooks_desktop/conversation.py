"""One session of the Web Connector with a service: call by call, as the real one makes them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from simulator.systems.quickbooks_desktop import soap
from simulator.systems.quickbooks_desktop.answers import Hresult
from simulator.systems.quickbooks_desktop.desk import Desk
from simulator.systems.quickbooks_desktop.processor import Processor
from simulator.systems.quickbooks_desktop.qwc import Settings
from simulator.systems.quickbooks_desktop.transport import Transport, Unreachable

VERSION = "2.3.0.215"
PAUSE = 5.0  # seconds between a NoOp and the next question
MOST_ROUNDS = 2_000
MOST_RETRIES = 4
WORDS = ("none", "nvu", "busy")
LAST_ERROR = {"sendRequestXML": "QBWC1041", "receiveResponseXML": "QBWC1042"}
Slip = Literal["die_before", "die_after", "sleep", "lose_call", "lose_reply", "twice"]
WEEK = 7 * 86_400.0


class Died(Exception):
    """The PC went off in the middle."""


class Ended(Exception):
    """The update ends with one of the Web Connector's own errors."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(why)
        self.code = code


@dataclass(slots=True)
class Mishap:
    """What goes wrong at the calls that match; they read "receiveResponseXML BillAddRq" or "process BillAddRq"."""

    kind: Slip
    match: str = ""
    times: int = 1
    skip: int = 0


@dataclass(slots=True)
class Run:
    """What one update came to, as its line in the Web Connector's window and log."""

    user_name: str
    status: str = ""
    code: str = ""  # QBWC1041 and the like
    word: str = ""  # none, nvu, busy, or postponed
    died: bool = False
    calls: list[str] = field(default_factory=list)
    percents: list[int] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    responses: list[str] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)  # of authenticate


@dataclass(slots=True)
class Conversation:
    settings: Settings
    password: str
    desk: Desk
    transport: Transport
    run: Run
    mishaps: list[Mishap]
    pause: Callable[[float], None]
    ticket: str = ""
    doing: str = ""  # the request that QuickBooks works on
    company: str = ""  # the file's path

    def hold(self) -> None:
        """The whole session; the run tells how it went."""
        try:
            self._hold()
        except Died:
            self.run.died = True
        except Ended as ended:
            self.run.code, self.run.status = ended.code, str(ended)
            if self.ticket and self.desk.options.closes_after_failure:
                self._close()

    def _hold(self) -> None:
        self._text("serverVersion", [], "QBWC1012")
        said = self._text("clientVersion", [("strVersion", VERSION)], "QBWC1036")
        if said:
            self.desk.mistake("clientVersion", f"{said!r} opens a dialog where nobody may be")
        if said and said[:2].upper() not in ("W:", "O:"):
            raise Ended("QBWC1046" if said[:2].upper() != "E:" else "", said)
        given = [("strUserName", self.settings.user_name), ("strPassword", self.password)]
        answer = soap.strings(self._call("authenticate", given, "QBWC1012"))
        if len(answer) < 2:
            raise Ended("QBWC1012", "authenticate gave no ticket and no file")
        self.run.answers = answer
        self.ticket, where = answer[0], answer[1]
        if where.lower() in WORDS:
            self.run.word = where.lower()
            self.run.code = "QBWC1012" if self.run.word == "nvu" else ""
            self.run.status = {"none": "No data exchange required", "busy": "The server is busy"}.get(where.lower(), "")
            return
        if len(answer) > 2 and answer[2].isdigit() and int(answer[2]):
            self.run.word, self.run.status = "postponed", "Update postponed by application"
            return
        session = self._open(where)
        if session is not None:
            self._exchange(session)

    def _open(self, path: str) -> Processor | None:
        for _ in range(MOST_RETRIES):
            try:
                return self._begin(path)
            except Hresult as failed:
                refused = failed
            given = [("ticket", self.ticket), ("hresult", refused.code), ("message", refused.message)]
            path = self._text("connectionError", given, "QBWC1045")
            if path.lower() == "done":
                self.run.code, self.run.status = "QBWC1013", refused.message
                self._close()
                return None
        self.desk.mistake("connectionError", "retries without an end")
        raise Ended("QBWC1013", "QuickBooks could not be opened")

    def _begin(self, path: str) -> Processor:
        """Twice, as the Web Connector does by itself before it tells."""
        try:
            return self.desk.begin(path, self.settings.app_name)
        except Hresult:
            return self.desk.begin(path, self.settings.app_name)

    def _exchange(self, session: Processor) -> None:
        self.company = session.company.path
        about = self._about(session)
        for _ in range(MOST_ROUNDS):
            text = self._ask(session, about)
            about = ""
            if text in ("", "NoOp"):
                if self._last_error(interactive=True) == "noop":
                    continue
                break
            if not self._round(session, text):
                break
        else:
            self.desk.mistake("sendRequestXML", "rounds without an end")
        self._close()

    def _about(self, session: Processor) -> str:
        """HostQuery, CompanyQuery and PreferencesQuery, for the first question of a session."""
        if self.desk.options.company_query_fails:
            return ""
        owner = f"<OwnerID>{self.settings.owner_id}</OwnerID>"
        text = (
            '<?xml version="1.0"?><?qbxml version="5.0"?><QBXML><QBXMLMsgsRq onError="continueOnError">'
            f'<HostQueryRq requestID="0"/><CompanyQueryRq requestID="1">{owner}</CompanyQueryRq>'
            '<PreferencesQueryRq requestID="2"/></QBXMLMsgsRq></QBXML>'
        )
        try:
            return session.process(text)
        except Hresult:
            return ""

    def _ask(self, session: Processor, about: str) -> str:
        self.doing = ""
        major, minor = self.desk.highest.split(".")
        given = [
            ("ticket", self.ticket),
            ("strHCPResponse", about),
            ("strCompanyFileName", session.company.path),
            ("qbXMLCountry", session.company.preferences["country"]),
            ("qbXMLMajorVers", major),
            ("qbXMLMinorVers", minor),
        ]
        text = self._text("sendRequestXML", given, "QBWC1041")
        if text not in ("", "NoOp"):
            self.run.requests.append(text)
        return text

    def _round(self, session: Processor, text: str) -> bool:
        """Run one message set and hand in its answer; whether to go on."""
        self.doing = _named(text)
        answer, hresult, message = "", "", ""
        slip = self._slip(f"process {self.doing}")
        self._stop_before(slip)
        try:
            answer = self.desk.process(session, text)
        except Hresult as refused:
            hresult, message = refused.code, refused.message
        if slip == "die_after":
            raise Died
        self.run.responses.append(answer or hresult)
        given = [("ticket", self.ticket), ("response", answer), ("hresult", hresult), ("message", message)]
        said = self._text("receiveResponseXML", given, "QBWC1042")
        try:
            percent = int(said)
        except ValueError as broken:
            raise Ended("QBWC1042", f"receiveResponseXML gave {said!r}") from broken
        self.run.percents.append(percent)
        if percent == 0:
            self.desk.mistake("receiveResponseXML", "0 per cent is neither progress nor an end")
        if percent < 0:
            self._last_error(interactive=False)
        return 0 <= percent < 100

    def _last_error(self, *, interactive: bool) -> str:
        said = self._text("getLastError", [("ticket", self.ticket)], "QBWC1043")
        if interactive and said.lower() == "noop":
            self.pause(PAUSE)
            return "noop"
        if said.lower() == "interactive mode":
            self._text("getInteractiveURL", [("wcTicket", self.ticket), ("sessionID", "{0}")], "QBWC1041")
            self._text("interactiveDone", [("wcTicket", self.ticket)], "QBWC1041")
        self.run.code, self.run.status = "QBWC1031", said
        return said

    def _close(self) -> None:
        said = self._text("closeConnection", [("ticket", self.ticket)], "QBWC1044")
        self.run.status = self.run.status or said

    # ------------------------------------------------------------------ one call

    def _text(self, method: str, given: list[tuple[str, str]], code: str) -> str:
        found = self._call(method, given, code)
        if found is None:
            self.desk.mistake(method, "the result is missing or nil")
            raise Ended(code, "Object reference not set to an instance of an object.")
        return found.text or ""

    def _call(self, method: str, given: list[tuple[str, str]], code: str) -> Any:
        name = f"{method} {self.doing}".strip()
        self.run.calls.append(name)
        slip = self._slip(name)
        self._stop_before(slip)
        try:
            if slip == "lose_call":
                raise Unreachable("The call was lost on the way.")
            reply = self._send(method, given)
            if slip == "twice":
                reply = self._send(method, given)
            if slip == "lose_reply":
                raise Unreachable("The underlying connection was closed.")
            found = soap.result(method, reply, rpc=self.settings.rpc)
        except Unreachable as gone:
            raise Ended(code, str(gone)) from gone
        except soap.Broken as broken:
            self.desk.mistake(method, str(broken))
            raise Ended(code, str(broken)) from broken
        if slip == "die_after":
            raise Died
        return found

    def _send(self, method: str, given: list[tuple[str, str]]) -> soap.Reply:
        body = soap.envelope(method, given, rpc=self.settings.rpc)
        return self.transport("POST", self.settings.url, soap.headers(method), body)

    def _stop_before(self, slip: Slip | None) -> None:
        """The PC goes off, or is shut for a week and then goes on where it was."""
        if slip == "die_before":
            raise Died
        if slip == "sleep":
            self.pause(WEEK)

    def _slip(self, call: str) -> Slip | None:
        for mishap in self.mishaps:
            if mishap.times <= 0 or mishap.match not in call:
                continue
            if mishap.skip > 0:
                mishap.skip -= 1
                continue
            mishap.times -= 1
            return mishap.kind
        return None


def _named(text: str) -> str:
    """The name of the first request of a set."""
    _, _, inside = text.partition("<QBXMLMsgsRq")
    first = inside.partition(">")[2].lstrip().removeprefix("<")
    word = first.replace("/", " ").replace(">", " ").split(" ", 1)[0]
    return word if word.endswith("Rq") else ""
