"""Calls to the Accounting API: one meaning for every answer, and nothing sent twice without saying so."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from chalicelib.engine.errors import ConnectorError, Held, LockedOut, Stale, TryAgain, Unknown
from chalicelib.engine.line import Line
from chalicelib.engine.ports import HttpAnswer, HttpRequest
from chalicelib.engine.records import Json
from chalicelib.systems.quickbooks_online import answers, wording
from chalicelib.systems.quickbooks_online.answers import Fault, Reading
from chalicelib.systems.quickbooks_online.auth import HOSTS, NOWHERE, locked_out, renewal
from chalicelib.systems.quickbooks_online.faults import meaning
from chalicelib.systems.quickbooks_online.fixes import Class, Meaning
from chalicelib.systems.quickbooks_online.mending import mended
from chalicelib.systems.quickbooks_online.shapes import wire

MINOR_VERSION = "75"
READ_TIMEOUT, WRITE_TIMEOUT = 30.0, 60.0
LONGEST_BACKOFF = 60.0
LONGEST_PAUSE = 3600.0
UNREAD_QUERY = frozenset({"4000", "4001", "4002", "10100"})


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
        self.host = line.endpoint("api", HOSTS.get(line.connection.environment, NOWHERE))
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
        """The QueryResponse. Raises Faulty for a query that it cannot take, so that the caller may ask another way."""
        return self.query_at(statement)[0]

    def query_at(self, statement: str) -> tuple[Json, str]:
        """The QueryResponse, and the moment of the answer on the vendor's clock."""
        try:
            answer = self._read("query", {"query": statement})
        except Faulty as faulty:
            if faulty.code in UNREAD_QUERY:
                raise
            raise self.trouble(faulty, title="A query") from faulty
        found = answer.body.get("QueryResponse")
        if not isinstance(found, dict):
            raise TryAgain("QuickBooks Online answered a query without its result.")
        return found, str(answer.body.get("time") or "")

    def changes(self, entities: Sequence[str], since: str) -> tuple[list[Json], str]:
        """What change data capture tells: a response per entity with changes, and the moment of the answer."""
        try:
            answer = self._read("cdc", {"entities": ",".join(entities), "changedSince": since})
        except Faulty as faulty:
            raise self.trouble(faulty, title="The list of changes") from faulty
        told = answer.body.get("CDCResponse")
        parts = [part.get("QueryResponse") for part in told if isinstance(part, dict)] if isinstance(told, list) else []
        found = [one for part in parts if isinstance(part, list) for one in part]
        if not parts or not all(isinstance(part, list) for part in parts) or not all(map(_is_response, found)):
            raise TryAgain("QuickBooks Online answered without the changes that were asked for.")
        return found, str(answer.body.get("time") or "")

    def _read(self, path: str, params: dict[str, str]) -> Answer:
        try:
            answer, read = self._send("GET", path, params, None)
        except Unknown as unanswered:
            raise TryAgain("QuickBooks Online did not answer in time.", counts=False) from unanswered
        if read.fault is not None:
            raise self._turned_down(answer, read.fault)
        if read.body is None:
            cut = TryAgain(f"QuickBooks Online's answer came cut or garbled (trace {read.trace}).", counts=False)
            raise cut.seen(answer.text)
        self._throttles = 0
        return Answer(read.body, read.trace)

    # ------------------------------------------------------------------ writes

    def write(self, entity: str, body: Json, *, request_id: str, operation: str = "") -> Answer:
        """Create or update, or the operation named so. Raises Unknown when it may have happened, Faulty when it was
        turned down. A text that is not taken as it is gets one repeat, changed as the refusal itself tells."""
        try:
            return self._write(entity, body, request_id=request_id, operation=operation)
        except Faulty as faulty:
            other = mended(body, faulty.code, faulty.fault)
            if other is None:
                raise
            other_id = f"{request_id[:30]}{other.sign}{request_id[31:]}"
            return self._write(entity, other.body, request_id=other_id, operation=operation)

    def _write(self, entity: str, body: Json, *, request_id: str, operation: str) -> Answer:
        data = json.dumps(wire(body), ensure_ascii=False).encode()
        params = {"requestid": request_id} | ({"operation": operation} if operation else {})
        answer, read = self._send("POST", entity.lower(), params, data)
        if read.fault is not None:
            problem = self._turned_down(answer, read.fault)
            if isinstance(problem, TryAgain) and _kind(read.fault) == "LATER":
                raise Unknown(problem.message).seen(answer.text)
            raise problem
        if read.body is None or not isinstance(read.body.get(entity), dict):
            what = f"QuickBooks Online answered without the {entity} that was written (trace {read.trace})."
            raise Unknown(what).seen(answer.text)
        self._throttles = 0
        return Answer(read.body, read.trace)

    # ------------------------------------------------------------------ what an answer means

    def trouble(self, faulty: Faulty, *, title: str, cause: str = "") -> ConnectorError:
        """The engine's word for a fault that the caller cannot settle itself; `cause` names what stands in the way."""
        meant, fault = faulty.meaning, faulty.fault
        detail = wording.plain_words(fault.detail) or f"(status {fault.status})"
        inside = title if meant.says.startswith("{title}") else wording.inside(title)
        words = {"title": inside, "detail": detail, "company": self.line.connection.name}
        says, fix = meant.says.format(**words), meant.fix.format(**words)
        match meant.kind:
            case "TENANT" | "REFRESH" | "SLOW":
                return LockedOut(says, fix=fix)
            case "RETRY" | "LATER" | "SPLIT":
                return TryAgain(says)
            case "REREAD":
                return Stale(says)
        gone, waits = wording.missing(fault.detail), meant.waits_for
        if gone is not None and waits:
            cause, waits = f"{gone[0]} {gone[1]}", (f"reference:{gone[0]}",)
        elif not cause:
            cause = f"{meant.reason}: {re.sub(r'[0-9]{4,}', '…', detail)[:120]}" if meant.kind == "HOLD" else title
        if meant.owner == "operator" and fault.trace:
            says = f"{says} (trace {fault.trace})"
        held = Held(meant.reason, says, cause=cause, fix=fix, owner=meant.owner, waits_for=waits)
        return held.seen(fault.told)

    def _turned_down(self, answer: HttpAnswer, fault: Fault) -> TryAgain | Faulty:
        code, meant = meaning(fault.codes, fault.status, fault.detail)
        if meant.kind == "RETRY":
            return self._throttled(answer)
        if meant.kind == "LATER":
            outage = TryAgain(f"{meant.says} (status {fault.status}, trace {fault.trace})", counts=False)
            return outage.seen(answer.text)
        return Faulty(fault, code, meant)

    def _throttled(self, answer: HttpAnswer) -> TryAgain:
        given = answer.headers.get("retry-after", "")
        backoff = min(LONGEST_BACKOFF, 2.0 * 2 ** min(self._throttles, 8)) * (0.5 + 0.5 * self.line.clock.chance())
        wait = max(1.0, min(float(given), LONGEST_PAUSE)) if re.fullmatch(r"[0-9]{1,6}", given) else backoff
        self._throttles += 1
        self.line.pause(wait, "QuickBooks Online asks us to slow down.")
        return TryAgain("QuickBooks Online asks us to slow down.", after=wait, counts=False)

    # ------------------------------------------------------------------ the wire

    def _send(self, method: str, path: str, params: dict[str, str], body: bytes | None) -> tuple[HttpAnswer, Reading]:
        """One call; access that was turned down is renewed once and the very same call repeated."""
        renew = renewal(self.line)
        token = self.line.access_token(renew)
        for last in (False, True):
            answer = self._call(method, path, params, body, token)
            read = answers.reading(answer)
            if read.fault is None or _kind(read.fault) != "REFRESH":
                return answer, read
            if not last:
                token = self.line.access_token(renew, rejected=token)
        raise locked_out(self.line.connection.name, "it turned down access that it had just given")

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


def _is_response(found: object) -> bool:
    return isinstance(found, dict) and not {"Fault", "fault"} & set(found)


def _kind(fault: Fault) -> Class:
    return meaning(fault.codes, fault.status, fault.detail)[1].kind
