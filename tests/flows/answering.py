"""A vendor that answers some calls as we wish, and the others as the simulator does."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from chalicelib.engine.ports import HttpAnswer, HttpRequest
from simulator.world import World


@dataclass(slots=True)
class Said:
    """`times` None: for ever. `match` is a part of "METHOD URL", `holding` a part of what is sent."""

    answer: HttpAnswer
    match: str
    holding: str
    times: int | None


@dataclass(slots=True)
class Answering:
    world: World
    said: list[Said] = field(default_factory=list)
    asked: list[tuple[datetime, HttpRequest]] = field(default_factory=list)
    meanwhile: Callable[[HttpRequest], None] | None = None  # what people do the moment before a call arrives

    def __post_init__(self) -> None:
        real = self.world.http.send

        def send(request: HttpRequest) -> HttpAnswer:
            self.world.clock.advance(0.05)  # as in life, no two calls are at one moment
            self.asked.append((self.world.clock.now(), request))
            if self.meanwhile:
                self.meanwhile(request)
            for planned in self.said:
                here = planned.match in f"{request.method} {request.url}"
                if planned.times == 0 or not here or planned.holding.encode() not in (request.body or b""):
                    continue
                if planned.times is not None:
                    planned.times -= 1
                return planned.answer
            return real(request)

        self.world.http.send = send  # type: ignore[method-assign]

    def say(self, answer: HttpAnswer, match: str, *, holding: str = "", times: int | None = 1) -> None:
        self.said.append(Said(answer, match, holding, times))

    def clear(self) -> None:
        self.said.clear()

    def calls(self, match: str, *, holding: str = "") -> list[tuple[datetime, HttpRequest]]:
        return [
            (at, request)
            for at, request in self.asked
            if match in f"{request.method} {request.url}" and holding.encode() in (request.body or b"")
        ]


def page(status: int) -> HttpAnswer:
    body = f"<html><head><title>{status}</title></head><body><h1>Just a moment</h1></body></html>"
    return HttpAnswer(status=status, headers={"content-type": "text/html"}, body=body.encode())


def data(body: object, status: int = 200, **headers: str) -> HttpAnswer:
    told = {"content-type": "application/json", **{name.replace("_", "-"): value for name, value in headers.items()}}
    return HttpAnswer(status=status, headers=told, body=json.dumps(body).encode())


def fault(*codes: str, detail: str = "It is amiss.", status: int = 400) -> HttpAnswer:
    """As the service behind Intuit's gateway says it."""
    entries = [{"Message": "A Headline", "Detail": detail, "code": code, "element": ""} for code in codes]
    return data({"Fault": {"Error": entries, "type": "ValidationFault"}, "time": "2026-02-20T00:00:00Z"}, status)


def gateway(code: str, status: int) -> HttpAnswer:
    """As the gateway says it in JSON: lower-case names, no detail, a code that may be padded."""
    word = f"message=Some; errorCode={int(code):06d}; statusCode={status}"
    entry = {"message": word, "detail": None, "code": code, "element": None}
    return data({"fault": {"error": [entry], "type": "SERVICE"}, "time": 1633520295688}, status)


def xml(code: str, status: int) -> HttpAnswer:
    text = (
        '<?xml version="1.0"?><IntuitResponse xmlns="http://schema.intuit.com/finance/v3"><Fault type="SERVICE">'
        f'<Error code="{code}"><Message>message=Some; errorCode={int(code):06d}; statusCode={status}</Message>'
        "</Error></Fault></IntuitResponse>"
    )
    return HttpAnswer(status=status, headers={"content-type": "application/xml"}, body=text.encode())
