"""What the API's views take and give: plain values, so that they need no web framework."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote

from chalicelib.engine.engine import Engine, OpenFlow
from chalicelib.engine.records import Json
from chalicelib.entry.keys import Caller
from chalicelib.entry.problem import Fault, bad_request, not_found

NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")
NAME_RULE = "a name of lower-case letters, digits, _ and -, a letter first, at most 40 characters"
USUAL_PAGE = 50
LARGEST_PAGE = 200
LONGEST_PARAM = 1500
FORMATS = ("json", "csv")


@dataclass(frozen=True, slots=True)
class ApiRequest:
    params: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    body: Json = field(default_factory=dict)
    service: str = ""  # the address under which the caller reached us
    accept: str = ""  # what the caller would like to have, as the header says it

    def name(self, what: str, param: str = "name") -> str:
        """A name in the path. One that cannot be is answered as one that is not there."""
        name = unquote(self.params[param])
        if not NAME.fullmatch(name):
            raise not_found(f"{what} of that name")
        return name

    def readings(self, param: str) -> list[str]:
        """A free text in the path, as the gateway may hand it over: still encoded, or decoded already."""
        raw = self.params[param][:LONGEST_PARAM]
        return list(dict.fromkeys([unquote(raw), raw]))

    def limit(self, *, usual: int = USUAL_PAGE, largest: int = LARGEST_PAGE) -> int:
        given = self.query.get("limit") or str(usual)
        if not re.fullmatch(r"[0-9]{1,4}", given) or not 1 <= int(given) <= largest:
            raise bad_request(
                "The page size does not fit.",
                Fault("/limit", f"a whole number from 1 to {largest}", given[:40]),
            )
        return int(given)

    def wants_csv(self) -> bool:
        """By the query's `format`, else by the header: where both would do, JSON."""
        given = self.query.get("format", "")
        if given not in ("", *FORMATS):
            raise bad_request("There is no such format.", Fault("/format", f"one of {', '.join(FORMATS)}", given[:40]))
        return given == "csv" or (not given and "text/csv" in self.accept and "json" not in self.accept)

    def cursor(self, scope: str) -> Json | None:
        """The place where the page before ended; a cursor of another list is refused."""
        given = self.query.get("cursor")
        if not given:
            return None
        try:
            read = json.loads(base64.urlsafe_b64decode(given.encode("ascii") + b"=" * (-len(given) % 4)))
        except (ValueError, RecursionError):
            read = None
        if not isinstance(read, dict) or read.pop("of", None) != scope:
            raise bad_cursor()
        return read


@dataclass(frozen=True, slots=True)
class ApiResponse:
    """`body` is JSON; or a text of another media type."""

    body: object
    status: int = 200
    media_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


View = Callable[[Engine, Caller, ApiRequest], ApiResponse]


def cursor_text(scope: str, place: Json) -> str:
    return base64.urlsafe_b64encode(json.dumps({"of": scope, **place}).encode()).decode().rstrip("=")


def bad_cursor() -> Exception:
    return bad_request(
        "This cursor was not given out for this list.",
        Fault("/cursor", "the `cursor` of the page before, with the same filters", ""),
    )


def opened(engine: Engine, caller: Caller, name: str, *, move: str = "") -> OpenFlow:
    """The caller's flow of that name, the side of that move."""
    flow = engine.open(caller.tenant, name, move=move) if NAME.fullmatch(name) else None
    if flow is None:
        raise not_found("flow of that name")
    return flow
