"""Calls to Procurify: headers, access, and one meaning for every answer. All of them go through the line."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from chalicelib.engine.errors import TryAgain, Unknown
from chalicelib.engine.line import Line
from chalicelib.engine.ports import HttpAnswer, HttpRequest
from chalicelib.engine.records import Json
from chalicelib.systems.procurify.answers import is_web_page, refused, throttled, trace_of, trouble
from chalicelib.systems.procurify.auth import api_host, locked_out, renewal
from chalicelib.systems.procurify.reading import Undecodable, decode, number_at

TIMEOUT = 60.0


@dataclass(frozen=True, slots=True)
class Listed:
    """One page of a list. `next` is the path and query of the page after it, None at the end."""

    rows: Sequence[object]
    next: str | None
    count: int | None = None  # rows in the whole list
    size: int | None = None  # rows on a full page


@dataclass(frozen=True, slots=True)
class Written:
    """What came back of a write: the object, and Procurify's own id of the call."""

    body: Json
    trace: str = ""


class Client:
    """Paths begin with /api/ and end with a slash, before the query if any (sheet section 2)."""

    def __init__(self, line: Line) -> None:
        self.line = line
        self.host = api_host(line)
        self._throttles = 0

    def one(self, path: str) -> Json | None:
        """The object at the path; None when it is gone or this user may not see it."""
        body = self._get(path)
        if body is None:
            return None
        found = body.get("data")
        if not isinstance(found, dict):
            raise self._odd(path, "without the record")
        return found

    def page(self, path: str) -> Listed | None:
        """One page of the list at the path; None when there is no such page (any more)."""
        body = self._get(path)
        if body is None:
            return None
        rows = body.get("data")
        if not isinstance(rows, list):
            raise self._odd(path, "without the list")
        # Two envelopes are in use, even for one and the same list (sheet section 2, Pagination).
        metadata = body.get("metadata")
        pagination = metadata.get("pagination") if isinstance(metadata, dict) else None
        pagination = pagination if isinstance(pagination, dict) else body.get("pagination")
        if not isinstance(pagination, dict) or "next" not in pagination:
            raise self._odd(path, "without saying whether the list goes on")
        return Listed(
            rows=rows,
            next=self._next(path, pagination["next"]),
            count=number_at(pagination, "count"),
            size=number_at(pagination, "page_size"),
        )

    def _next(self, path: str, link: object) -> str | None:
        """Path and query alone: whatever host the link names, the token goes to ours."""
        if link is None or link == "":
            return None
        try:
            parts = urlsplit(link if isinstance(link, str) else "")
        except ValueError:
            raise self._odd(path, "with a link to its next page that is none") from None
        own = urlsplit(self.host).path
        follow = parts.path.removeprefix(own) if own else parts.path
        if not follow.startswith("/api/"):
            raise self._odd(path, "with a link to its next page that is none")
        return f"{follow}?{parts.query}" if parts.query else follow

    def write(self, method: str, path: str, body: Mapping[str, object], *, title: str) -> Written:
        """POST or PATCH, once. Raises Unknown when it may have happened, Held when `title` was turned down."""
        answer, token = self._exchange(method, path, json.dumps(body, ensure_ascii=False).encode())
        if not 200 <= answer.status < 300 or is_web_page(answer):
            raise refused(answer, path=path, connection=self.line.connection.name, title=title, hide=(token,))
        try:
            found = decode(answer.body)
        except Undecodable:
            found = None
        if not isinstance(found, dict):
            cut = Unknown(f"Procurify took {title}, and its answer came cut or garbled{trace_of(answer)}.")
            raise cut.seen(answer.text)
        inner = found.get("data")
        return Written(inner if isinstance(inner, dict) else found, answer.headers.get("x-request-id", ""))

    def _exchange(self, method: str, path: str, body: bytes | None = None) -> tuple[HttpAnswer, str]:
        """The answer, and the access token that it must not show. Access that is turned down is renewed once."""
        renew = renewal(self.line)
        token = self.line.access_token(renew)
        answer = self._send(method, path, token, body)
        if answer.status == 401:
            token = self.line.access_token(renew, rejected=token)
            answer = self._send(method, path, token, body)
        if answer.status == 429:
            self._throttles += 1
            raise throttled(self.line, answer, turn=self._throttles - 1)
        self._throttles = 0
        if answer.status == 401 and not is_web_page(answer):
            raise locked_out(self.line.connection.name, "it turned down access that it had just given")
        return answer, token

    def _get(self, path: str) -> Json | None:
        try:
            answer, token = self._exchange("GET", path)
        except Unknown as unanswered:
            # Reading changes nothing there, so an unanswered read is simply read again.
            raise TryAgain("Procurify did not answer in time.", counts=False) from unanswered
        in_the_way = trouble(answer, path=path, connection=self.line.connection.name, hide=(token,))
        if in_the_way:
            raise in_the_way
        if answer.status == 404:
            return None
        try:
            body = decode(answer.body)
        except Undecodable:
            cut = TryAgain(f"Procurify's answer came cut or garbled (status {answer.status}{trace_of(answer)}).")
            raise cut.seen(answer.text) from None
        if not isinstance(body, dict):
            raise self._odd(path, "without its envelope")
        return body

    def _send(self, method: str, path: str, token: str, body: bytes | None) -> HttpAnswer:
        headers = {"Authorization": f"Bearer {token}", "X-Procurify-Client": "api", "Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        return self.line.call(HttpRequest(method, self.host + path, headers=headers, body=body, timeout=TIMEOUT))

    def _odd(self, path: str, how: str) -> TryAgain:
        return TryAgain(f"Procurify answered {path.split('?', maxsplit=1)[0]} {how}.")
