"""The simulator itself: one environment of Procore, its login server and its API behind one door."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from typing import Any

from werkzeug.wrappers import Request, Response

from simulator.systems.procore import api, oauth
from simulator.systems.procore.answers import TOO_MANY, Refused
from simulator.systems.procore.backstage import Backstage
from simulator.systems.procore.calling import Route
from simulator.systems.procore.company import Company
from simulator.systems.procore.oauth import OAuth
from simulator.systems.procore.routes import ROUTES
from simulator.systems.procore.throttle import Throttle
from simulator.systems.serving import OurMistake, dumps, json_response, wall_clock

PATTERNS = tuple((route.pattern, route) for route in ROUTES)


class ProcoreSimulator(Backstage):
    """`environment` says whose hosts these are; the app's client id opens every company that installed the app."""

    def __init__(
        self,
        *,
        clock: Callable[[], datetime] = wall_clock,
        patience: float = 0.0,
        environment: str = "production",
        client_id: str = "procore-app",
        client_secret: str = "procore-app-secret",
        company: str = "Harborline Builders",
        **options: Any,
    ) -> None:
        super().__init__(clock=clock, patience=patience)
        if environment not in api.HOSTS:
            raise ValueError(f"there is no environment {environment!r}")
        self.environment = environment
        self.oauth.clients[client_id] = oauth.Client(secret=client_secret)
        for name, value in options.items():
            self.backstage_switch(name, value)
        if company:
            self.backstage_add_company(company)

    def serve(self, request: Request) -> Response:
        try:
            api.check_host(self, request)
        except Refused as refused:
            self.mistake(request, refused.mistake)
            return refused.response()
        if request.path.startswith("/oauth/"):
            return oauth.serve(self, request)
        return api.serve(self, request)

    def find_route(self, request: Request) -> tuple[Route, dict[str, int]] | None:
        for pattern, route in PATTERNS:
            if route.method == request.method and (found := pattern.fullmatch(request.path)):
                return route, {name: int(text) for name, text in found.groupdict().items()}
        return None

    def throttled(self) -> Response:
        reset = str(int(self.now()) + 10)
        headers = {"X-Rate-Limit-Limit": "25", "X-Rate-Limit-Remaining": "0", "X-Rate-Limit-Reset": reset}
        if self.options.retry_after:
            headers["Retry-After"] = str(self.options.retry_after)
        return json_response({"errors": TOO_MANY}, status=429, headers=headers)

    def server_fault(self) -> Response:
        return json_response({"errors": "Internal Server Error"}, status=self.options.server_fault_status)

    def expire_tokens(self) -> None:
        self.oauth.expire_all()

    def dump(self) -> dict[str, Any]:
        state = {
            "environment": self.environment,
            "options": asdict(self.options),
            "oauth": self.oauth.dump(),
            "throttle": self.throttle.dump(),
            "numbers": dict(self.numbers),
            "conflicts": self.conflicts,
            "busy": list(self.busy),
            "mistakes": [asdict(mistake) for mistake in self.our_mistakes],
            "companies": [company.dump() for company in self.companies.values()],
        }
        copied: dict[str, Any] = json.loads(dumps(state))
        return copied

    def load(self, state: dict[str, Any]) -> None:
        state = json.loads(dumps(state))
        self.environment = state["environment"]
        for name, value in state["options"].items():
            setattr(self.options, name, value)
        self.oauth = OAuth.from_dump(state["oauth"])
        self.throttle = Throttle.from_dump(state["throttle"])
        self.numbers = dict(state["numbers"])
        self.conflicts, self.busy = state["conflicts"], list(state["busy"])
        self.our_mistakes = [OurMistake(**mistake) for mistake in state["mistakes"]]
        companies = [Company.from_dump(each, self.numbers) for each in state["companies"]]
        self.companies = {company.id: company for company in companies}
