"""Calls to Procore: one meaning for every answer, and nothing sent twice without saying so."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from chalicelib.engine.errors import ConnectorError, Held, LockedOut, Stale, TryAgain, Unknown
from chalicelib.engine.line import Line
from chalicelib.engine.ports import HttpAnswer, HttpRequest
from chalicelib.engine.records import Json
from chalicelib.systems.procore import answers, faults, wording
from chalicelib.systems.procore.answers import LONGEST_PAUSE, NOT_JSON, Fault
from chalicelib.systems.procore.auth import api_host, locked_out, renewal
from chalicelib.systems.procore.fixes import Meaning
from chalicelib.systems.procore.models import wire

PAGE, SMALLER_PAGE = 100, 25
MOST_PAGES = 1000
READ_TIMEOUT, WRITE_TIMEOUT = 60.0, 60.0
LONGEST_BACKOFF = 60.0
BUSY_AGAIN = 3.0
SAYS_WHY = frozenset({400, 422})  # statuses that mean nothing without their text
Params = Mapping[str, str]
Body = Mapping[str, object]


class Faulty(Exception):
    """Procore turned a call down; `fault` and `meaning` say why, `project` names the one concerned."""

    def __init__(self, fault: Fault, meaning: Meaning, project: str) -> None:
        super().__init__(fault.detail)
        self.fault = fault
        self.meaning = meaning
        self.project = project

    @property
    def is_gone(self) -> bool:
        return self.meaning.kind == "GONE"


@dataclass(frozen=True, slots=True)
class Answer:
    body: object
    trace: str  # Procore's own id of the call


class Client:
    def __init__(self, line: Line) -> None:
        self.line = line
        self.company = line.connection.settings["company_id"]
        self.host = api_host(line)
        self._throttles = 0

    # ------------------------------------------------------------------ reads

    def one(self, path: str, params: Params | None = None) -> Json | None:
        """The object at the path; None when it is gone, or hidden (sheet section 18, trap 27)."""
        try:
            found = self._read(path, params or {})[1]
        except Faulty as faulty:
            if faulty.is_gone:
                return None
            raise
        if not isinstance(found, dict):
            raise TryAgain(f"Procore answered {path} without the record.")
        return found

    def rows(self, path: str, params: Params | None = None) -> list[Json]:
        """The whole list, each row once. What takes too long is asked for in smaller pages (sheet section 5, 408)."""
        try:
            return self._pages(path, params or {}, size=PAGE)
        except Faulty as faulty:
            if faulty.meaning.kind != "SPLIT":
                raise
        return self._pages(path, params or {}, size=SMALLER_PAGE)

    def first(self, path: str, params: Params | None = None) -> list[object]:
        """One row of the list at the most: whether it can be read, and whether there is any."""
        body = self._read(path, {**(params or {}), "page": "1", "per_page": "1"})[1]
        listed = body.get("data") if isinstance(body, dict) else body
        return listed if isinstance(listed, list) else []

    def _pages(self, path: str, params: Params, *, size: int) -> list[Json]:
        found: dict[str, Json] = {}
        for page in range(1, MOST_PAGES + 1):
            answer, body = self._read(path, {**params, "page": str(page), "per_page": str(size)})
            listed = body.get("data") if isinstance(body, dict) else body
            if not isinstance(listed, list) or not all(isinstance(row, dict) for row in listed):
                raise TryAgain(f"Procore answered {path} without the list.")
            fresh = {str(row.get("id")): row for row in listed} if listed else {}
            known = len(found)
            found |= fresh
            # A list without pages would come again and again (sheet section 18, trap 21).
            if len(found) == known or not _goes_on(answer, page, rows=len(listed), size=size):
                return list(found.values())
        raise TryAgain(f"Procore's list {path} does not end.")

    def _read(self, path: str, params: Params) -> tuple[HttpAnswer, object]:
        try:
            answer = self._send("GET", path, params, None)
        except Unknown as unanswered:
            raise TryAgain("Procore did not answer in time.", counts=False) from unanswered
        if not 200 <= answer.status < 300:
            problem = self._turned_down(answer, path, params)
            if isinstance(problem, Unknown):
                raise TryAgain(problem.message, counts=False).seen(problem.evidence)
            raise problem
        body = answers.decoded(answer)
        if body is NOT_JSON or body is None:
            raise TryAgain(f"Procore's answer of {path} came cut or garbled.", counts=False).seen(answer.text)
        return answer, body

    # ------------------------------------------------------------------ writes

    def write(self, method: str, path: str, body: Body | None = None, *, params: Params | None = None) -> Answer:
        """POST, PATCH or DELETE. Raises Unknown when it may have happened, Faulty when it was turned down."""
        data = json.dumps(wire(body), ensure_ascii=False).encode() if body is not None else b""
        answer = self._send(method, path, params or {}, data)
        if not 200 <= answer.status < 300:
            raise self._turned_down(answer, path, {**(params or {}), **_project(body)})
        found = answers.decoded(answer)
        if found is NOT_JSON:
            raise Unknown(f"Procore's answer to what was written ({path}) came cut or garbled.").seen(answer.text)
        return Answer(found, answer.headers.get("x-request-id", ""))

    # ------------------------------------------------------------------ what an answer means

    def trouble(self, faulty: Faulty, *, title: str) -> ConnectorError:
        """The engine's word for a complaint that the caller cannot settle itself."""
        meant, found = faulty.meaning, faulty.fault
        detail = wording.plain_words(found.detail) or f"(status {found.status})"
        place = wording.place(found.path, faulty.project)
        # A title begins the sentence or stands inside it.
        told = title if meant.says.startswith("{title}") else wording.inside(title)
        words = {"title": told, "detail": detail, "place": place, "company": self.line.connection.name}
        says, fix = meant.says.format(**words), meant.fix.format(**words)
        match meant.kind:
            case "TENANT" | "REFRESH":
                return LockedOut(says, fix=fix).seen(found.told)
            case "BUSY":
                after = BUSY_AGAIN * (0.5 + self.line.clock.chance())
                return TryAgain(says, after=after).seen(found.told)
            case "RETRY" | "LATER" | "SPLIT":
                return TryAgain(says).seen(found.told)
            case "REREAD":
                return Stale(says).seen(found.told)
        shared = meant.reason in ("permission_or_tool", "no_open_billing_period")
        cause = place if shared else f"{meant.reason}: {re.sub(r'[0-9]{4,}', '…', detail)[:120]}"
        held = Held(meant.reason, says, cause=cause, fix=fix, owner=meant.owner, waits_for=meant.waits_for)
        return held.seen(found.told)

    def _turned_down(self, answer: HttpAnswer, path: str, params: Params) -> TryAgain | Unknown | Faulty:
        if answer.status in SAYS_WHY and answers.decoded(answer) is NOT_JSON:
            return TryAgain(f"Procore's complaint about {path} came cut or garbled.").seen(answer.text)
        found = answers.fault(answer, path)
        meant = faults.meaning(found)
        if meant.kind == "RETRY" and (answer.status == 429 or "retry-after" in answer.headers):
            return self._throttled(answer, meant)
        if meant.kind in ("RETRY", "LATER"):
            return Unknown(f"{meant.says} (status {found.status})").seen(answer.text)
        if meant.kind == "SPLIT" and answer.status == 408 and not params.get("page"):
            return Unknown(f"{meant.says} (status {found.status})").seen(answer.text)
        return Faulty(found, meant, wording.project_of(path, params))

    def _throttled(self, answer: HttpAnswer, meant: Meaning) -> TryAgain:
        """Nobody calls for this company until then; the text speaks of an hour even after 10 s (sheet section 5)."""
        chance = self.line.clock.chance()
        backoff = min(LONGEST_BACKOFF, 2.0 * 2 ** min(self._throttles, 8)) * (0.5 + 0.5 * chance)
        given = answers.retry_after(answer, self.line.clock.now())
        wait = max(1.0, given + chance) if given is not None else backoff
        self._throttles += 1
        self.line.pause(wait, meant.says)
        return TryAgain(meant.says, after=wait, counts=False)

    # ------------------------------------------------------------------ the wire

    def _send(self, method: str, path: str, params: Params, body: bytes | None) -> HttpAnswer:
        """One call; access that was turned down is renewed once and the very same call repeated."""
        renew = renewal(self.line)
        token = self.line.access_token(renew)
        for last in (False, True):
            answer = self._call(method, path, params, body, token)
            if answer.status < 400 or faults.meaning(answers.fault(answer, path)).kind != "REFRESH":
                self._heed(answer)
                return answer
            if not last:
                token = self.line.access_token(renew, rejected=token)
        raise locked_out(self.line.connection.name, "it turned down access that it had just given")

    def _call(self, method: str, path: str, params: Params, body: bytes | None, token: str) -> HttpAnswer:
        headers = {
            "Authorization": f"Bearer {token}",
            "Procore-Company-Id": self.company,
            "Accept": "application/json",
            "User-Agent": "ml-connector",
        }
        if body:
            headers["Content-Type"] = "application/json"
        request = HttpRequest(
            method=method,
            url=self.host + path,
            headers=headers,
            params=params,
            body=body or None,
            timeout=READ_TIMEOUT if body is None else WRITE_TIMEOUT,
        )
        return self.line.call(request)

    def _heed(self, answer: HttpAnswer) -> None:
        """The allowance is used up, ours or another program's: nobody calls before it is full again."""
        if answer.status in (429, 503):
            return
        self._throttles = 0
        if answer.headers.get("x-rate-limit-remaining", "").strip() == "0":
            reset = answers.rate_reset(answer, self.line.clock.now())
            if reset is not None and reset > 0:
                wait = min(reset, LONGEST_PAUSE) + self.line.clock.chance()
                self.line.pause(wait, "Procore's allowance for this company is used up for the moment.")


def _goes_on(answer: HttpAnswer, page: int, *, rows: int, size: int) -> bool:
    """Whether another page follows: the link says so, else the total, else a full page."""
    link = answer.headers.get("link", "")
    if link:
        return any(_is_next(part, page) for part in link.split(","))
    total, per_page = answer.headers.get("total", ""), answer.headers.get("per-page", "")
    if re.fullmatch(r"[0-9]{1,12}", total):
        return page * (int(per_page) if re.fullmatch(r"[1-9][0-9]{0,5}", per_page) else size) < int(total)
    return rows >= size


def _is_next(link: str, page: int) -> bool:
    """Only its page is followed: whatever host the link names, the access goes to ours."""
    address, _, rel = link.partition(">")
    try:
        query = parse_qs(urlsplit(address.strip().lstrip("<")).query)
    except ValueError:
        return False
    return bool(re.search(r'rel="?next"?', rel)) and query.get("page", [str(page + 1)]) != [str(page)]


def _project(body: Body | None) -> dict[str, str]:
    """The project that a body names, for the words of a complaint."""
    return {"project_id": str(body["project_id"])} if body and "project_id" in body else {}
