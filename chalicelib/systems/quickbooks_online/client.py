"""Calls to the Accounting API: one meaning for every answer, and nothing sent twice without saying so."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from urllib.parse import quote

from chalicelib.engine.errors import ConnectorError, Held, LockedOut, Stale, TryAgain, Unknown
from chalicelib.engine.line import Line
from chalicelib.engine.ports import HttpAnswer, HttpRequest
from chalicelib.engine.records import Json
from chalicelib.systems.quickbooks_online import answers
from chalicelib.systems.quickbooks_online.answers import Fault
from chalicelib.systems.quickbooks_online.auth import locked_out, renewal
from chalicelib.systems.quickbooks_online.faults import Meaning, meaning
from chalicelib.systems.quickbooks_online.shapes import wire

HOSTS = {"production": "https://quickbooks.api.intuit.com", "sandbox": "https://sandbox-quickbooks.api.intuit.com"}
MINOR_VERSION = "75"
READ_TIMEOUT, WRITE_TIMEOUT = 30.0, 60.0
LONGEST_BACKOFF = 60.0
SLOW = 3600.0


class Faulty(Exception):
    """QuickBooks Online turned a call down; `fault` and `meaning` say why."""

    def __init__(self, fault: Fault, code: str, meant: Meaning) -> None:
        super().__init__(fault.detail)
        self.fault = fault
        self.code = code
        self.meaning = meant


@dataclass(frozen=True, slots=True)
class Answer:
    body: Json
    trace: str  # Intuit's own id of the call


class Client:
    def __init__(self, line: Line) -> None:
        self.line = line
        self.realm = line.connection.settings["realm"]
        self.host = line.endpoint("api", HOSTS.get(line.connection.environment, HOSTS["production"]))
        self._throttles = 0

    # ------------------------------------------------------------------ reads

    def get(self, entity: str, id_: str) -> Json | None:
        """The object by id, None when it is gone."""
        try:
            answer = self._read(f"{entity.lower()}/{quote(id_, safe='')}", {})
        except Faulty as faulty:
            if faulty.code == "610":
                return None
            raise self.trouble(faulty, title=f"The {entity} {id_}") from faulty
        found = answer.body.get(entity)
        if not isinstance(found, dict):
            raise TryAgain(f"QuickBooks Online answered without the {entity} that was asked for.")
        return found

    def one(self, entity: str) -> Json:
        """The only object of its kind in a company, such as Preferences."""
        try:
            answer = self._read(entity.lower(), {})
        except Faulty as faulty:
            raise self.trouble(faulty, title=f"The {entity}") from faulty
        found = answer.body.get(entity)
        if not isinstance(found, dict):
            raise TryAgain(f"QuickBooks Online answered without the {entity} that were asked for.")
        return found

    def query(self, statement: str) -> Json:
        """The QueryResponse. Raises Faulty for a query that it cannot read, so that the caller may ask another way."""
        try:
            answer = self._read("query", {"query": statement})
        except Faulty as faulty:
            if faulty.code in {"4000", "4001", "4002"}:
                raise
            raise self.trouble(faulty, title="A query") from faulty
        found = answer.body.get("QueryResponse")
        if not isinstance(found, dict):
            raise TryAgain("QuickBooks Online answered a query without its result.")
        return found

    def _read(self, path: str, params: dict[str, str]) -> Answer:
        try:
            answer = self._send("GET", path, params, None)
        except Unknown as unanswered:
            raise TryAgain("QuickBooks Online did not answer in time.", counts=False) from unanswered
        return self._understood(answer)

    # ------------------------------------------------------------------ writes

    def write(self, entity: str, body: Json, *, request_id: str) -> Answer:
        """Create or update. Raises Unknown when it may have happened, Faulty when it was turned down."""
        data = json.dumps(wire(body), ensure_ascii=False).encode()
        answer = self._send("POST", entity.lower(), {"requestid": request_id}, data)
        try:
            understood = self._understood(answer)
        except TryAgain as trouble:
            if trouble.counts or answer.status == 429:
                raise
            raise Unknown(trouble.message).seen(trouble.evidence) from trouble
        if not isinstance(understood.body.get(entity), dict):
            raise Unknown(f"QuickBooks Online answered without the {entity} that was written.").seen(answer.text)
        return understood

    # ------------------------------------------------------------------ what an answer means

    def trouble(self, faulty: Faulty, *, title: str) -> ConnectorError:
        """The engine's word for a fault that the caller cannot settle itself."""
        meant, fault = faulty.meaning, faulty.fault
        words = {
            "title": title,
            "detail": fault.detail or f"status {fault.status}",
            "company": self.line.connection.name,
        }
        says, fix = meant.says.format(**words), meant.fix.format(**words)
        match meant.kind:
            case "TENANT" | "REFRESH":
                return LockedOut(says, fix=fix)
            case "SLOW":
                return TryAgain(says, after=SLOW, counts=False)
            case "RETRY" | "LATER" | "SPLIT":
                return TryAgain(says)
            case "REREAD":
                return Stale(says)
        cause = f"{meant.reason}: {re.sub(r'[0-9]{4,}', '…', fault.detail)[:120]}" if meant.kind == "HOLD" else title
        return Held(meant.reason, says, cause=cause, fix=fix, owner=meant.owner, waits_for=meant.waits_for)

    def _understood(self, answer: HttpAnswer) -> Answer:
        trace = answer.headers.get("intuit_tid", "")
        fault = answers.fault(answer)
        if fault is None:
            self._throttles = 0
            try:
                return Answer(answers.read(answer), trace)
            except answers.Unreadable:
                cut = TryAgain(f"QuickBooks Online's answer came cut or garbled (trace {trace}).", counts=False)
                raise cut.seen(answer.text) from None
        code, meant = meaning(fault.codes, answer.status)
        if meant.kind == "RETRY":
            raise self._throttled(answer)
        if meant.kind == "LATER":
            raise TryAgain(f"{meant.says} (status {answer.status}, trace {trace})", counts=False)
        raise Faulty(fault, code, meant)

    def _throttled(self, answer: HttpAnswer) -> TryAgain:
        given = answer.headers.get("retry-after", "")
        backoff = min(LONGEST_BACKOFF, 2.0 * 2**self._throttles) * (0.5 + 0.5 * self.line.clock.chance())
        wait = min(float(given), SLOW) if re.fullmatch(r"[0-9]{1,6}", given) else backoff
        self._throttles += 1
        self.line.pause(wait, "QuickBooks Online asks us to slow down.")
        return TryAgain("QuickBooks Online asks us to slow down.", after=wait, counts=False)

    # ------------------------------------------------------------------ the wire

    def _send(self, method: str, path: str, params: dict[str, str], body: bytes | None) -> HttpAnswer:
        """One call; access that was turned down is renewed once and the very same call repeated."""
        renew = renewal(self.line)
        token = self.line.access_token(renew)
        answer = self._call(method, path, params, body, token)
        if not _access_refused(answer):
            return answer
        token = self.line.access_token(renew, rejected=token)
        answer = self._call(method, path, params, body, token)
        if _access_refused(answer):
            raise locked_out(self.line.connection.name, "it turned down access that it had just given")
        return answer

    def _call(self, method: str, path: str, params: dict[str, str], body: bytes | None, token: str) -> HttpAnswer:
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/json", "User-Agent": "ml-connector"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        request = HttpRequest(
            method=method,
            url=f"{self.host}/v3/company/{self.realm}/{path}",
            headers=headers,
            params={**params, "minorversion": MINOR_VERSION},
            body=body,
            timeout=READ_TIMEOUT if body is None else WRITE_TIMEOUT,
        )
        return self.line.call(request, metered=body is None)


def _access_refused(answer: HttpAnswer) -> bool:
    fault = answers.fault(answer)
    return fault is not None and meaning(fault.codes, answer.status)[1].kind == "REFRESH"
