"""Calls of the API, and what can be said when one does not come through."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any
from urllib.parse import quote, urlsplit

import requests

Json = dict[str, Any]

TIMEOUT = 35.0  # a little longer than the service may take


class Trouble(Exception):
    """Something to tell the caller: what happened and what to do. `usage`: the command line itself does not fit."""

    def __init__(self, message: str, fix: str = "", *, usage: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix
        self.usage = usage


class Unreachable(Trouble):
    """The service did not answer; it may a moment later."""


class Refusal(Trouble):
    """The service said no, and why."""

    def __init__(self, status: int, problem: Json) -> None:
        super().__init__(
            str(
                problem.get("detail")
                or problem.get("title")
                or problem.get("message")
                or problem.get("Message")
                or status
            )
        )
        self.status = status
        self.problem = problem

    @property
    def faults(self) -> list[Json]:
        found = self.problem.get("errors")
        return [fault for fault in found if isinstance(fault, dict)] if isinstance(found, list) else []


@dataclass(slots=True)
class Client:
    url: str
    key: str = field(repr=False)
    _session: requests.Session = field(default_factory=requests.Session, repr=False)

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            fix = "Set MLC_URL or --url to the service, such as https://mlc.example.com."
            raise Trouble(f"{self.url} is no URL.", fix, usage=True)
        if parts.scheme == "http" and not _this_machine(parts.hostname):
            raise Trouble(f"{self.url} would send your key unencrypted.", "Use https://.", usage=True)
        if not self.key:
            raise Trouble("No API key.", "Set MLC_KEY, or use --key.", usage=True)
        if not self.key.isascii() or not self.key.isprintable():
            raise Trouble("The API key holds characters that no key has.", "Copy it again.", usage=True)

    def get(self, path: str, **query: object) -> Json:
        return self._call("GET", path, query=query)

    def post(self, path: str, body: Json | None = None) -> Json:
        return self._call("POST", path, body=body or {})

    def put(self, path: str, body: Json) -> Json:
        return self._call("PUT", path, body=body)

    def delete(self, path: str) -> Json:
        return self._call("DELETE", path)

    def pages(self, path: str, **query: object) -> Iterator[Json]:
        """Every entry of a list, page by page."""
        cursor: object = None
        while True:
            page = self.get(path, **query, cursor=cursor)
            yield from page["items"]
            cursor = page.get("cursor")
            if not cursor:
                return

    def sheet(self, path: str, **query: object) -> str:
        """A list as CSV, every page of it under one header."""
        lines: list[str] = []
        cursor: object = None
        while True:
            answer = self._send("GET", path, query={**query, "format": "csv", "cursor": cursor})
            if not answer.headers.get("Content-Type", "").startswith("text/csv"):
                _read(self.url, answer)
                raise Trouble(f"{self.url} answered, and not with a sheet.", "Is the service as new as this command?")
            page = answer.content.decode("utf-8")
            lines.append(page.partition("\r\n")[2] if lines else page)
            cursor = answer.headers.get("Next-Cursor")
            if not cursor:
                return "".join(lines)

    def _call(
        self, method: str, path: str, *, query: Mapping[str, object] | None = None, body: Json | None = None
    ) -> Json:
        return _read(self.url, self._send(method, path, query=query, body=body))

    def _send(
        self, method: str, path: str, *, query: Mapping[str, object] | None = None, body: Json | None = None
    ) -> requests.Response:
        given = {name: str(value) for name, value in (query or {}).items() if value not in (None, "")}
        url = f"{self.url.rstrip('/')}/api/v1{path}"
        headers = {"Authorization": f"Bearer {self.key}", "Accept": "application/json"}
        try:
            return self._session.request(
                method, url, params=given, json=body, headers=headers, timeout=TIMEOUT, allow_redirects=False
            )
        except requests.Timeout as late:
            fix = "Try again; sending the same twice does no harm."
            raise Unreachable(f"{self.url} did not answer within {TIMEOUT:g} seconds.", fix) from late
        except requests.RequestException as gone:
            fix = "Is the service running there? Set MLC_URL or --url to where it is."
            raise Unreachable(f"{self.url} cannot be reached ({_reason(gone)}).", fix) from gone


def part(text: str) -> str:
    """One segment of a path."""
    return quote(text, safe="")


def _read(url: str, answer: requests.Response) -> Json:
    try:
        body = answer.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        fix = "Set MLC_URL or --url to the service."
        raise Trouble(f"{url} answered {answer.status_code}, and not as this service does.", fix)
    if answer.status_code == 503:
        raise Unreachable(str(body.get("detail")), "Try again in a moment.")
    if not answer.ok or answer.is_redirect:
        raise Refusal(answer.status_code, body)
    return body


def _reason(gone: requests.RequestException) -> str:
    if isinstance(gone, requests.exceptions.SSLError):
        return "its certificate is not trusted"
    if isinstance(gone, requests.ConnectionError):
        return "no connection"
    return type(gone).__name__


def _this_machine(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
