"""One admitted call: whose token, which account, what it sends and what it asks to be included."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Request, Response

from simulator.systems.freshbooks import answers
from simulator.systems.freshbooks.account import Account, Json, Writer
from simulator.systems.freshbooks.answers import Refused, Trouble, not_found
from simulator.systems.serving import json_response

if TYPE_CHECKING:
    from simulator.systems.freshbooks.app import FreshBooksSimulator


@dataclass(frozen=True, slots=True)
class Call:
    sim: FreshBooksSimulator
    request: Request
    account: Account
    writer: Writer

    def mistake(self, what: str) -> None:
        self.sim.mistake(self.request, what)

    def sent(self, single: str) -> Json:
        """The object within its envelope."""
        if self.request.mimetype != "application/json":
            self.mistake("the body is not sent as JSON")
        body = self.request.get_json(silent=True, force=True)
        if not isinstance(body, dict) or not isinstance(body.get(single), dict):
            trouble = Trouble(answers.PARSE, "Could not parse the request.", single, single)
            raise Refused(400, trouble, mistake=f"the body has no object {single}")
        sent: Json = body[single]
        return sent

    def includes(self, *known: str) -> set[str]:
        asked = set(self.request.args.getlist("include[]"))
        for name in sorted(asked - set(known)):
            self.mistake(f"there is no include {name}")
        return asked

    def row(self, kind: str, id: str, object: str) -> Json:
        """The record that the path names; a deleted one answers as the vendor's mood of the day has it."""
        found = self.account.find(kind, id)
        if found is None:
            raise not_found(object, "id", id)
        if found["vis_state"] == 1 and self.request.method == "GET":
            if self.sim.options.deleted_get == "missing":
                raise not_found(object, "id", id)
            if self.sim.options.deleted_get == "gone":
                raise Refused(404, Trouble(answers.DELETED, "The resource was deleted.", "id", object, id))
        return found


Act = Callable[..., Response]


def result(body: Json, *, status: int = 200) -> Response:
    return json_response({"response": {"result": body}}, status=status)


def fail_unless_number(text: str, name: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        errno = answers.BAD_PAGE if name == "page" else answers.BAD_PER_PAGE
        trouble = Trouble(errno, f"Invalid {name}.", name, "request", text)
        raise Refused(400, trouble, mistake=f"{name} is not a number")
    return int(text)


Show = Callable[[Call, Json], Any]
