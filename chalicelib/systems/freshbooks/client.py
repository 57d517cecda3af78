"""Calls to FreshBooks: one meaning for every answer, and nothing sent twice without saying so.

The families of calls differ in where they wrap what they answer (sheet section 3.1); here each has one method.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from chalicelib.engine.errors import ConnectorError, Held, LockedOut, Stale, TryAgain, Unknown
from chalicelib.engine.line import Line
from chalicelib.engine.ports import HttpAnswer, HttpRequest
from chalicelib.engine.records import Json
from chalicelib.systems.freshbooks import answers, faults, wording
from chalicelib.systems.freshbooks.answers import NOT_JSON, Fault
from chalicelib.systems.freshbooks.auth import api_host, locked_out, renewal
from chalicelib.systems.freshbooks.fixes import Meaning
from chalicelib.systems.freshbooks.models import wire

ME = "/auth/api/v1/users/me"
PAGE = 100  # the vendor cuts what is more, without a word
MOST_PAGES = 2000
READ_TIMEOUT, WRITE_TIMEOUT = 30.0, 60.0
LONGEST_BACKOFF = 60.0
Query = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Resource:
    """`path` below the account; `one` and `many` are the names under which answers hold it."""

    path: str
    one: str
    many: str
    family: str = "accounting"
    key: str = "id"

    def id_of(self, row: Json) -> str:
        """ "" where it has none."""
        return str(row.get(self.key) or row.get("id") or "")


BILLS = Resource("bills/bills", "bill", "bills")
VENDORS = Resource("bill_vendors/bill_vendors", "bill_vendor", "bill_vendors", key="vendorid")
PAYMENTS = Resource("bill_payments/bill_payments", "bill_payment", "bill_payments")
EXPENSES = Resource("expenses/expenses", "expense", "expenses", key="expenseid")
CATEGORIES = Resource("expenses/categories", "category", "categories", key="categoryid")
CALLBACKS = Resource("events/callbacks", "callback", "callbacks", family="events", key="callbackid")


class Faulty(Exception):
    """FreshBooks turned a call down; `fault` and `meaning` say why."""

    def __init__(self, fault: Fault, meaning: Meaning) -> None:
        super().__init__(fault.detail)
        self.fault = fault
        self.meaning = meaning

    @property
    def is_gone(self) -> bool:
        return self.meaning.kind == "GONE"


@dataclass(frozen=True, slots=True)
class Answer:
    body: Json
    trace: str  # FreshBooks' own id of the call


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of a list. `total` is what the vendor says of the whole list, None where it does not."""

    rows: Sequence[Json]
    page: int
    pages: int
    total: int | None

    @property
    def is_last(self) -> bool:
        return not self.rows or self.page >= self.pages


class Client:
    def __init__(self, line: Line) -> None:
        self.line = line
        self.account = line.connection.settings["account"]
        self.host = api_host(line)
        self._throttles = 0

    # ------------------------------------------------------------------ the families of accounting and events

    def get(self, what: Resource, id_: str, query: Query = ()) -> Json | None:
        """The object by id, None when it is gone there; of a deleted one the vendor may still show all."""
        try:
            found = self._result(self.read(self._path(what, id_), query)).get(what.one)
        except Faulty as faulty:
            if faulty.is_gone:
                return None
            raise
        if not isinstance(found, dict):
            raise TryAgain(f"FreshBooks answered without the {what.one} that was asked for.")
        return found

    def page(self, what: Resource, page: int, query: Query = ()) -> Listed:
        """One page, numbered from 1."""
        body = self._result(self.read(self._path(what), [*query, ("page", str(page)), ("per_page", str(PAGE))]))
        rows, total = body.get(what.many), body.get("total")
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise TryAgain(f"FreshBooks answered without the list of {what.many}.")
        pages = body.get("pages")
        if not isinstance(pages, int):
            raise TryAgain(f"FreshBooks did not say how long the list of {what.many} is.")
        return Listed(rows, page, pages, total if isinstance(total, int) else None)

    def rows(self, what: Resource, query: Query = ()) -> Iterator[Json]:
        """The whole list, each row once, though rows move while we walk. Raises TryAgain when one may be missing.

        Rows without ids cannot be told apart, and are all taken.
        """
        seen: set[str] = set()
        first, nameless = 0, 0
        for number in range(1, MOST_PAGES + 1):
            listed = self.page(what, number, query)
            first = first if number > 1 else listed.total or 0
            for row in listed.rows:
                name = what.id_of(row)
                nameless += not name
                if not name or name not in seen:
                    yield row
                seen |= {name} if name else set()
            if listed.is_last:
                if len(seen) + nameless < max(first, listed.total or 0):
                    raise TryAgain(f"FreshBooks' list of {what.many} changed while it was read.")
                return
        raise TryAgain(f"FreshBooks' list of {what.many} does not end.")

    def create(self, what: Resource, body: Json) -> Answer:
        return self._changed("POST", self._path(what), what, body)

    def update(self, what: Resource, id_: str, body: Json) -> Answer:
        """Only the fields named change. With `vis_state` the others are dropped there, so it goes alone."""
        assert "vis_state" not in body or len(body) == 1, "vis_state goes alone (sheet section 6)"
        return self._changed("PUT", self._path(what, id_), what, body)

    def _changed(self, method: str, path: str, what: Resource, body: Json) -> Answer:
        answer = self.write(method, path, {what.one: body})
        found = answer.body.get("response")
        result = found.get("result") if isinstance(found, dict) else None
        shown = result.get(what.one) if isinstance(result, dict) else None
        if not isinstance(shown, dict):
            raise Unknown(f"FreshBooks answered without the {what.one} that was written.").seen(str(answer.body))
        return Answer(shown, answer.trace)

    def _path(self, what: Resource, id_: str = "") -> str:
        root = f"/{what.family}/account/{quote(self.account, safe='')}/{what.path}"
        return f"{root}/{quote(id_, safe='')}" if id_ else root

    def _result(self, body: Json) -> Json:
        found = body.get("response")
        result = found.get("result") if isinstance(found, dict) else None
        if not isinstance(result, dict):
            raise TryAgain("FreshBooks answered without the result that was asked for.")
        return result

    # ------------------------------------------------------------------ any call

    def read(self, path: str, query: Query = (), *, version: str = "") -> Json:
        """The JSON object at the path. Raises Faulty, TryAgain and LockedOut."""
        try:
            answer = self._send("GET", path, query, None, version=version)
        except Unknown as unanswered:
            raise TryAgain("FreshBooks did not answer in time.", counts=False) from unanswered
        found = answers.fault(answer, path)
        if found is not None:
            problem = self._turned_down(answer, found)
            if isinstance(problem, Unknown):
                raise TryAgain(problem.message, counts=False).seen(problem.evidence)
            raise problem
        body = answers.decoded(answer)
        if not isinstance(body, dict):
            raise TryAgain("FreshBooks' answer came cut or garbled.", counts=False).seen(answer.text)
        return body

    def write(self, method: str, path: str, body: Json | None = None, *, version: str = "") -> Answer:
        """POST, PUT or DELETE. Raises Unknown when it may have happened, Faulty when it was turned down."""
        data = json.dumps(wire(body), ensure_ascii=False).encode() if body is not None else b""
        answer = self._send(method, path, (), data, version=version)
        found = answers.fault(answer, path)
        if found is not None:
            raise self._turned_down(answer, found)
        told = answers.decoded(answer)
        if told is NOT_JSON:
            raise Unknown("FreshBooks' answer to what was written came cut or garbled.").seen(answer.text)
        return Answer(told if isinstance(told, dict) else {}, answer.headers.get("x-request-id", ""))

    # ------------------------------------------------------------------ what an answer means

    def trouble(self, faulty: Faulty, *, title: str) -> ConnectorError:
        """The engine's word for a complaint that the caller cannot settle itself."""
        meant, found = faulty.meaning, faulty.fault
        detail = wording.plain_words(found.detail) or f"(status {found.status})"
        told = title if meant.says.startswith("{title}") else wording.inside(title)
        words = {"title": told, "detail": detail, "company": self.line.connection.name}
        says, fix = meant.says.format(**words), meant.fix.format(**words)
        match meant.kind:
            case "REFRESH":
                return LockedOut(says, fix=fix).seen(found.told)
            case "RETRY" | "LATER":
                return TryAgain(says).seen(found.told)
            case "REREAD":
                return Stale(says).seen(found.told)
        shared = meant.reason in ("not_permitted", "not_available")
        about = f"connection {self.line.connection.name}" if shared else re.sub(r"[0-9]{4,}", "…", detail)[:120]
        cause = f"{meant.reason}: {about}"
        held = Held(meant.reason, says, cause=cause, fix=fix, owner=meant.owner, waits_for=meant.waits_for)
        return held.seen(found.told)

    def _turned_down(self, answer: HttpAnswer, found: Fault) -> TryAgain | Unknown | Faulty:
        meant = faults.meaning(found)
        if meant.kind == "RETRY":
            return self._throttled(answer, meant)
        if meant.kind == "LATER":
            return Unknown(f"{meant.says} (status {found.status})").seen(answer.text)
        return Faulty(found, meant)

    def _throttled(self, answer: HttpAnswer, meant: Meaning) -> TryAgain:
        chance = self.line.clock.chance()
        backoff = min(LONGEST_BACKOFF, 1.0 * 2 ** min(self._throttles, 8)) * (0.5 + 0.5 * chance)
        given = answers.retry_after(answer, self.line.clock.now())
        wait = max(1.0, given + chance) if given is not None else backoff
        self._throttles += 1
        self.line.pause(wait, meant.says)
        return TryAgain(meant.says, after=wait, counts=False)

    # ------------------------------------------------------------------ the wire

    def _send(self, method: str, path: str, query: Query, body: bytes | None, *, version: str) -> HttpAnswer:
        """One call; access that was turned down is renewed once and the very same call repeated."""
        renew = renewal(self.line)
        token = self.line.access_token(renew)
        for last in (False, True):
            answer = self._call(method, path, query, body, token=token, version=version)
            found = answers.fault(answer, path)
            if found is None or faults.meaning(found).kind != "REFRESH":
                if path != ME:  # whose allowance is its own, a small one
                    self._heed(answer)
                return answer
            if not last:
                token = self.line.access_token(renew, rejected=token)
        raise locked_out(self.line.connection.name, "it turned down access that it had just given")

    def _call(
        self, method: str, path: str, query: Query, body: bytes | None, *, token: str, version: str
    ) -> HttpAnswer:
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/json", "User-Agent": "ml-connector"}
        if body:
            headers["Content-Type"] = "application/json"
        if version:
            headers["x-api-version"] = version
        request = HttpRequest(
            method=method,
            url=f"{self.host}{path}" + (f"?{urlencode(query)}" if query else ""),  # a key may stand there repeatedly
            headers=headers,
            body=body or None,
            timeout=READ_TIMEOUT if body is None else WRITE_TIMEOUT,
        )
        return self.line.call(request)

    def _heed(self, answer: HttpAnswer) -> None:
        """The allowance is used up, though this call was served: nobody calls before it is full again."""
        if answer.status == 429:
            return
        self._throttles = 0
        if answer.headers.get("x-ratelimit-remaining", "").strip() == "0":
            given = answers.retry_after(answer, self.line.clock.now())
            if given:
                self.line.pause(given, "FreshBooks' allowance is used up for the moment.")
