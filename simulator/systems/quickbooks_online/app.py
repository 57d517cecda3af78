"""The simulator itself: one host that answers both the Accounting API and the OAuth server."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from werkzeug.wrappers import Request, Response

from simulator.systems.quickbooks_online import api, oauth_pages
from simulator.systems.quickbooks_online.answers import Refused, Trouble, fault_body, gateway_xml
from simulator.systems.quickbooks_online.backstage import Backstage
from simulator.systems.quickbooks_online.company import Company
from simulator.systems.quickbooks_online.options import Options
from simulator.systems.quickbooks_online.throttle import Throttle
from simulator.systems.quickbooks_online.times import envelope_time
from simulator.systems.quickbooks_online.webhooks import Attempt, Post, Webhooks, over_http
from simulator.systems.serving import OurMistake, json_response, wall_clock

DEFAULT_REALM = "9341452098213757041"  # longer than a 53-bit number holds, as real ones are


class QuickBooksOnlineSimulator(Backstage):
    """`realms` names the companies: one id, several ids, or ids with names. `limit_scale` multiplies the limits.

    `post` is how webhooks reach their address.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], datetime] = wall_clock,
        patience: float = 0.0,
        client_id: str = "app-client",
        client_secret: str = "app-secret",
        realms: str | Iterable[str] | Mapping[str, str] = DEFAULT_REALM,
        limits: bool = True,
        limit_scale: float = 1.0,
        access_token_seconds: int = 3600,
        rotate_every_refresh: bool = True,
        requestid_retention: float = 86_400.0,
        auto_consent: bool = True,
        post: Post = over_http,
    ) -> None:
        options = Options(
            limits=limits,
            limit_scale=limit_scale,
            access_token_seconds=access_token_seconds,
            rotate_every_refresh=rotate_every_refresh,
            requestid_retention=requestid_retention,
            auto_consent=auto_consent,
        )
        super().__init__(options=options, clock=clock, patience=patience)
        self.client_id = client_id
        self.client_secret = client_secret
        self.throttle = Throttle()
        self.webhooks = Webhooks(options)
        self._post = post
        self._answered = 0
        named = [realms] if isinstance(realms, str) else realms
        for number, realm_id in enumerate(named, start=1):
            name = realms[realm_id] if isinstance(realms, Mapping) else f"Sandbox Company_US_{number}"
            self.add_company(realm_id, name)

    def add_company(self, realm_id: str, name: str, **preferences: Any) -> None:
        """One more company; see `backstage_add_company`."""
        self.backstage_add_company(realm_id, name, **preferences)

    def serve(self, request: Request) -> Response:
        pages = {
            oauth_pages.TOKEN_PATH: oauth_pages.token,
            oauth_pages.REVOKE_PATH: oauth_pages.revoke,
            oauth_pages.AUTHORIZE_PATH: oauth_pages.authorize,
        }
        if request.path in pages:
            return self._traced(pages[request.path](self, request))
        if request.path.startswith(api.PREFIX):
            return self._traced(api.serve(self, request))
        self.mistake(request, "no such address")
        return self._traced(
            Response("<html><body><h1>404 Not Found</h1></body></html>", status=404, mimetype="text/html")
        )

    def throttled(self) -> Response:
        detail = "The request limit was reached.  Try again later"
        text = gateway_xml("3001", "ThrottleExceeded", 429, detail, "SERVICE", self.clock())
        headers = {"Retry-After": str(self.options.retry_after)} if self.options.retry_after else {}
        return self._traced(Response(text, status=429, headers=headers, mimetype="application/xml"))

    def server_fault(self) -> Response:
        trouble = Trouble("10000", "System Failure Error: Could not find resource for relative : some more info here")
        fault = fault_body(Refused([trouble], fault_type="SystemFault"))
        return self._traced(json_response({"Fault": fault, "time": envelope_time(self.clock())}, status=500))

    def backstage_subscribe(self, url: str, verifier: str) -> None:
        """What the operator does in the portal: webhooks of every company go there from now on."""
        self.webhooks.subscribe(url, verifier, self.companies.values())

    def backstage_follow(self, port: int) -> None:
        """A service on this machine has another port now."""
        self.webhooks.url = re.sub(r"^(http://127\.0\.0\.1:)\d+", rf"\g<1>{port}", self.webhooks.url)

    def backstage_run_due(self) -> list[dict[str, Any]]:
        """Send the webhooks whose time has come; returns each call and what was answered."""
        return [asdict(attempt) for attempt in self.run_due()]

    def run_due(self) -> list[Attempt]:
        with self.lock:
            return self.webhooks.run_due(self.companies.values(), self.clock(), self._post)

    def expire_tokens(self) -> None:
        self.oauth.expire_all()

    def record(self, request: Request, refused: Refused) -> None:
        """Log those troubles of a refusal that a careful client never runs into."""
        for trouble in refused.troubles:
            if trouble.mistake:
                self.mistake(request, f"{trouble.code}: {trouble.mistake}")

    def _traced(self, response: Response) -> Response:
        if "intuit_tid" not in response.headers:
            self._answered += 1
            response.headers["intuit_tid"] = f"1-{int(self.now()):08x}-{self._answered:024x}"
        return response

    def dump(self) -> dict[str, Any]:
        return {
            "options": asdict(self.options),
            "oauth": self.oauth.dump(),
            "throttle": self.throttle.dump(),
            "answered": self._answered,
            "webhooks": self.webhooks.dump(),
            "mistakes": [asdict(mistake) for mistake in self.our_mistakes],
            "companies": [company.dump() for company in self.companies.values()],
        }

    def load(self, state: dict[str, Any]) -> None:
        for name, value in state["options"].items():
            setattr(self.options, name, value)
        self.oauth.load(state["oauth"])
        self.throttle.load(state["throttle"])
        self._answered = state["answered"]
        self.webhooks.load(state["webhooks"])
        self.our_mistakes = [OurMistake(**mistake) for mistake in state["mistakes"]]
        companies = [Company.from_dump(each) for each in state["companies"]]
        self.companies = {company.realm_id: company for company in companies}
