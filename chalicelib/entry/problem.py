"""Answers that say what is wrong: RFC 9457 problem documents, with one entry per place that does not fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus

from chalicelib.engine.records import Json

MEDIA_TYPE = "application/problem+json"
LONGEST_SHOWN = 80


@dataclass(frozen=True, slots=True)
class Fault:
    """One place of a body that does not fit. `field` is a JSON pointer into it."""

    field: str
    expected: str
    got: str = ""
    line: int | None = None

    def json(self) -> Json:
        told: Json = {"field": self.field, "expected": self.expected, "got": self.got}
        return told if self.line is None else {**told, "line": self.line}


@dataclass(slots=True)
class Problem(Exception):
    """The request is answered with this instead. `kind` is stable, for programs; `detail` is for people."""

    status: int
    kind: str
    detail: str
    faults: Sequence[Fault] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    more: Json = field(default_factory=dict)

    def json(self) -> Json:
        told: Json = {
            "type": f"urn:ml-connector:problem:{self.kind}",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
            **self.more,
        }
        return {**told, "errors": [fault.json() for fault in self.faults]} if self.faults else told


def bad_request(detail: str, *faults: Fault, kind: str = "bad_request") -> Problem:
    return Problem(400, kind, detail, faults)


def not_found(what: str) -> Problem:
    """Also the answer for what belongs to another tenant."""
    return Problem(404, "not_found", f"There is no {what}.")


def conflict(detail: str, kind: str = "conflict") -> Problem:
    return Problem(409, kind, detail)


def pointer(parts: Sequence[object]) -> str:
    """A JSON pointer (RFC 6901)."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


def shown(value: object) -> str:
    """What was given, short enough for a sentence."""
    if isinstance(value, str):
        return f'"{value[:LONGEST_SHOWN]}{"…" if len(value) > LONGEST_SHOWN else ""}"' if value else "empty text"
    known = {None: "nothing", True: "true", False: "false"}
    if value is None or isinstance(value, bool):
        return known[value]
    if isinstance(value, dict | list):
        return "keys and values" if isinstance(value, dict) else "a list"
    return f"the number {value}"[: LONGEST_SHOWN + 20]
