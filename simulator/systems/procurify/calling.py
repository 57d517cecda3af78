"""One call to the API and the ways it is turned down. Bodies are the sheet's (section 2, Errors)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from werkzeug.wrappers import Request, Response

from simulator.systems.procurify.company import Company
from simulator.systems.procurify.documents import Json
from simulator.systems.serving import json_response


class Refused(Exception):
    """The answer to a call that is turned down; `mistake` says what a careful client would not have sent."""

    def __init__(self, response: Response, mistake: str = "") -> None:
        super().__init__(mistake)
        self.response = response
        self.mistake = mistake


@dataclass(frozen=True, slots=True)
class Call:
    request: Request
    company: Company
    mistake: Callable[[str], None]

    def body(self) -> Json:
        if self.request.mimetype != "application/json":
            raise Refused(detail("Unsupported media type in request.", 415), "the body is not sent as JSON")
        body = self.request.get_json(silent=True)
        if not isinstance(body, dict):
            raise Refused(detail("JSON parse error", 400), "the body is not a JSON object")
        return body

    def one(self, found: Any, *, status: int = 200, **metadata: Any) -> Response:
        for name in self.request.args:
            self.mistake(f"the parameter {name} does not exist")
        return json_response({"metadata": metadata, "data": found}, status=status)


def detail(text: str, status: int, headers: dict[str, str] | None = None) -> Response:
    return json_response({"detail": text}, status=status, headers=headers)


def not_found(mistake: str = "") -> Refused:
    return Refused(detail("Not found.", 404), mistake)


def invalid(field: str, message: str, *, code: str = "invalid", mistake: str = "") -> Refused:
    """The one error body that a source confirms; "null" stands for no field in particular."""
    return Refused(json_response({"errors": {field: {"message": message, "code": code}}}, status=400), mistake)
