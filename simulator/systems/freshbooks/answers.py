"""Refusals in the shapes that the vendor's families of addresses give them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from werkzeug.wrappers import Response

from simulator.systems.freshbooks.options import Options
from simulator.systems.serving import json_response

Family = Literal["accounting", "events", "ledger", "journal", "auth", "projects"]
Json = dict[str, Any]

CONFLICT, UNEXPECTED, REQUIRED, DENIED, INVALID, PARSE = 409, 500, 1001, 1003, 1004, 1005
DELETED, UNKNOWN, BAD_PER_PAGE, BAD_PAGE, NOT_A_NUMBER, BAD_TIME = 1011, 1012, 1013, 1014, 1015, 1016
TOO_LONG, BAD_PERCENT, NEGATIVE, BAD_FLAG, BAD_DATE, READ_ONLY = 1017, 1018, 1025, 1031, 1033, 1038
BAD_TOTAL, PLAN_LIMIT = 1040, 7005
RPC_CODES = {400: 3, 401: 16, 403: 7, 404: 5, 409: 10, 422: 3, 429: 8}


@dataclass(frozen=True, slots=True)
class Trouble:
    errno: int
    message: str
    field: str | None = ""
    object: str = ""
    value: Any = ""


class Refused(Exception):
    """The answer to a call that is turned down; `mistake` says what a careful client would not have sent."""

    def __init__(self, status: int, *troubles: Trouble, mistake: str = "") -> None:
        super().__init__(mistake or (troubles[0].message if troubles else str(status)))
        self.status = status
        self.troubles = troubles
        self.mistake = mistake


def invalid(
    errno: int, message: str, field: str | None, *, object: str = "", value: Any = "", mistake: str = ""
) -> Refused:
    return Refused(422, Trouble(errno, message, field, object, value), mistake=mistake)


def required(field: str, object: str) -> Refused:
    message = "This field is required."
    return invalid(REQUIRED, message, field, object=object, mistake=f"{field} of the {object} is missing")


def not_found(object: str, field: str = "", value: Any = "", *, mistake: str = "") -> Refused:
    name = object.replace("_", " ").capitalize()
    return Refused(404, Trouble(UNKNOWN, f"{name} not found.", field, object, str(value)), mistake=mistake)


def denied(message: str = "The requested action is not allowed.", *, mistake: str = "") -> Refused:
    return Refused(403, Trouble(DENIED, message, "", "user"), mistake=mistake)


def unauthenticated() -> Refused:
    return Refused(401)


def render(refused: Refused, family: Family, options: Options, *, versioned: bool) -> Response:
    """The refusal as this family says it; `versioned`: the call named an API version, which changes the shape."""
    status, troubles = refused.status, refused.troubles
    if family == "events":
        return json_response(_events(status, troubles), status=status)
    if status == 401:
        description = "This action requires authentication to continue."
        return json_response({"error": "unauthenticated", "error_description": description}, status=status)
    if family == "ledger":
        return json_response(_ledger(status, troubles), status=status)
    if family == "journal" or (family == "accounting" and versioned):
        return json_response(_rpc(status, troubles), status=status)
    if family == "accounting":
        rows: Any = [_row(trouble) for trouble in troubles]
        body = {"response": {"errors": rows[0] if options.errors_as_object else rows}}
        return json_response(body, status=200 if options.errors_as_200 else status)
    if family == "projects":
        return json_response({"message": troubles[0].message if troubles else "Not found"}, status=status)
    return json_response({"error": "invalid_request", "error_description": str(refused)}, status=status)


def throttled(headers: dict[str, str], family: Family = "accounting") -> Response:
    row = {"errno": 429, "field": "", "message": "Rate limit exceeded.", "object": "request", "value": None}
    body: Json = {"response": {"errors": [row]}}
    if family == "events":
        body = {"errno": 429, "message": "Rate limit exceeded."}
    return json_response(body, status=429, headers=headers)


def _row(trouble: Trouble) -> Json:
    return {
        "errno": trouble.errno,
        "field": trouble.field,
        "message": trouble.message,
        "object": trouble.object,
        "value": trouble.value,
    }


def _rpc(status: int, troubles: Sequence[Trouble]) -> Json:
    return {
        "code": RPC_CODES.get(status, 2),
        "message": f"Request failed with status_code: {status}",
        "details": [
            {
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": str(trouble.errno),
                "domain": "accounting.api.freshbooks.com",
                "metadata": {
                    "object": trouble.object,
                    "message": trouble.message,
                    "value": str(trouble.value),
                    "field": trouble.field,
                },
            }
            for trouble in troubles
        ],
    }


def _events(status: int, troubles: Sequence[Trouble]) -> Json:
    if status == 401:
        return {"errno": 401, "message": "invalid_token: The request token failed to authenticate or validate."}
    if status == 404:
        return {"errno": 404, "message": "Requested resource could not be found."}
    if status == 422:
        said = "The request was well-formed but was unable to be followed due to semantic errors."
        return {"errno": 422, "message": said, "details": [f"{one.field}: {one.message}" for one in troubles]}
    return {"errno": status, "message": troubles[0].message if troubles else "Forbidden"}


def _ledger(status: int, troubles: Sequence[Trouble]) -> Json:
    details = []
    for one in troubles or (Trouble(0, "Not found.", None),):
        reason = f"{one.field}: {one.message}" if one.field else one.message
        details.append({"reason": reason, "metadata": {"message": one.message, "field": one.field or None}})
    said = f"Request failed with status code {status}"
    return {"errors": {"message": said, "status": status, "details": details}}
