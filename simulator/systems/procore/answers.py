"""How this vendor says no. The bodies are the recorded ones where there is one; v2 has a shape of its own."""

from __future__ import annotations

from typing import Any

from werkzeug.wrappers import Response

from simulator.systems.serving import json_response

Json = dict[str, Any]

TAKEN = "has already been taken"
BLANK = "can't be blank"
INVALID = "is invalid"
NOT_INCLUDED = "is not included in the list"
NOT_ON_PROJECT = "has not been added to this project"
EMPTY_PARAM = "param is missing or the value is empty"
LOCKED = "This record is locked"
NO_PERIOD = "The project must have an open billing period (or admin can specify a period_id) to create an invoice"
TOO_MANY = "You have surpassed the max number of requests for an hour. Please wait until your limit resets."
NO_ACCESS = "You do not have sufficient access to complete that action"
NOT_CONNECTED = "App is not connected to this company"
BAD_TOKEN = "The access token is invalid"
NO_HEADER = "Missing Procore-Company-Id header!"
NO_ENTITY = "Entity with this ID not found"

V2_CODES = {
    400: "BAD_REQUEST",
    401: "UNAUTHORIZED",
    403: "FORBIDDEN",
    404: "NOT_FOUND",
    409: "CONFLICT",
    422: "UNPROCESSABLE_ENTITY",
}


class Refused(Exception):
    """The vendor turns a call down; `mistake` says why a careful client never meets it, empty when one may."""

    def __init__(self, status: int, errors: str | dict[str, list[str]], mistake: str = "") -> None:
        super().__init__(f"{status}: {errors}")
        self.status = status
        self.errors = errors
        self.mistake = mistake

    def response(self, *, v2: bool = False) -> Response:
        return json_response(self._v2() if v2 else self._v1(), status=self.status)

    def _v1(self) -> Json:
        if self.status == 404:
            return {"message": "Not Found", "exception": "ActiveRecord::RecordNotFound"}
        return {"errors": self.errors}

    def _v2(self) -> Json:
        named = self.errors if isinstance(self.errors, dict) else {}
        details = [
            {"reason_code": "INVALID_PARAM", "message": f"{field} {text}", "source": field}
            for field, texts in named.items()
            for text in texts
        ]
        message = "Request is invalid" if details else str(self.errors)
        return {"error": {"code": V2_CODES.get(self.status, "ERROR"), "message": message, "details": details}}


def wrong(field: str, text: str, mistake: str = "", *, status: int = 422) -> Refused:
    return Refused(status, {field: [text]}, mistake)


def missing(field: str) -> Refused:
    """A wrapper or parameter that the call needs."""
    return Refused(400, {field: [EMPTY_PARAM]}, f"{field} is missing")


def no_access(mistake: str = "") -> Refused:
    return Refused(403, NO_ACCESS, mistake)


def not_found(mistake: str = "") -> Refused:
    return Refused(404, "Not Found", mistake)
