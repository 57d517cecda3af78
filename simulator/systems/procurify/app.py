"""Procurify's door: who is calling, which path, what is answered. Strict where the vendor is, silent where it is."""

from __future__ import annotations

import hashlib
import math
import re
from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from werkzeug.wrappers import Request, Response

from simulator.systems.procurify import bills, lists, orders, requisitions, vendors
from simulator.systems.procurify.calling import Call, Refused, detail, not_found
from simulator.systems.procurify.company import Company
from simulator.systems.procurify.people import People
from simulator.systems.procurify.shapes import ME
from simulator.systems.serving import Simulator, json_response, wall_clock

AUDIENCE = "https://api.procurify.com/"
MOST_TOKENS_A_MINUTE = 20
RETRY_AFTER = 3  # what a planned 429 asks for
Act = Callable[..., Response]
ROUTES: tuple[tuple[re.Pattern[str], dict[str, Act]], ...] = tuple(
    (re.compile(pattern), acts)
    for pattern, acts in (
        (r"/api/v3/users/me/", {"GET": lists.me}),
        (r"/api/v3/vendors/", {"GET": vendors.vendors, "POST": vendors.create}),
        (
            r"/api/v3/vendors/(\d{1,9})/",
            {"GET": vendors.vendor, "PATCH": vendors.edit, "PUT": vendors.replace},
        ),
        (r"/api/v3/vendors/([a-z_]+)/", {"GET": vendors.group}),
        (r"/api/v3/ap/bills/", {"GET": bills.bills}),
        (r"/api/v3/ap/bills/mark-as-paid/", {"POST": bills.mark_as_paid}),
        (r"/api/v3/ap/bills/([^/]+)/", {"PATCH": bills.edit_bill}),
        (r"/api/v2/ap/bills/([^/]+)/", {"GET": bills.bill}),
        (r"/api/v2/purchase_orders/([a-z]+)/([a-z]+)/", {"GET": orders.orders}),
        (r"/api/v2/purchase_orders/([0-9a-f-]+)/", {"GET": orders.order}),
        (r"/api/v3/requisitions/", {"POST": requisitions.create}),
        (r"/api/v2/global/orders/", {"GET": requisitions.requisitions}),
        (r"/api/v2/global/order_items/", {"GET": requisitions.order_items}),
        (r"/api/v3/order-items/", {"GET": requisitions.order_items}),
        (r"/api/v3/account-codes/", {"GET": lists.account_codes}),
        (r"/api/v3/accounts/", {"GET": lists.accounts}),
        (r"/api/v3/departments/", {"GET": lists.departments}),
        (r"/api/v2/locations/", {"GET": lists.locations}),
        (r"/api/v2/locations/(\d{1,9})/", {"GET": lists.location}),
        (r"/api/v2/currencies/", {"GET": lists.currencies}),
        (r"/api/public/v1/payments/", {"GET": lists.payments}),
    )
)


class ProcurifySimulator(People, Simulator):
    """One customer's Procurify. `requests_per_second` None: no limit is published, so none is kept."""

    def __init__(
        self,
        *,
        clock: Callable[[], datetime] = wall_clock,
        patience: float = 0.0,
        domain: str = "acme",
        client_id: str = "procurify-app",
        client_secret: str = "procurify-app-secret",
        token_seconds: int = 86400,
        time_zone: str = "America/Los_Angeles",
        requests_per_second: float | None = None,
    ) -> None:
        super().__init__(clock=clock, patience=patience)
        self.company = Company.founded(clock, domain=domain, time_zone=time_zone)
        self.client_id, self.client_secret = client_id, client_secret
        self.token_seconds = token_seconds
        self.requests_per_second = requests_per_second
        self.tokens: dict[str, datetime] = {}
        self._tokens_given = 0
        self._asked: deque[datetime] = deque()
        self._calls: deque[datetime] = deque()
        self._answers = 0

    # ------------------------------------------------------------------ what the base class asks for

    def throttled(self, after: int = RETRY_AFTER) -> Response:
        return self._traced(detail("Request was throttled.", 429, {"Retry-After": str(after)}))

    def server_fault(self) -> Response:
        return self._traced(Response("<html>Server Error</html>", status=500, mimetype="text/html"))

    def expire_tokens(self) -> None:
        self.tokens.clear()

    def dump(self) -> dict[str, Any]:
        return {
            "company": self.company.dump(),
            "client_id": self.client_id,
            "client_secret": self.client_secret,
            "tokens": {token: until.isoformat() for token, until in self.tokens.items()},
            "tokens_given": self._tokens_given,
        }

    def load(self, state: dict[str, Any]) -> None:
        self.company = Company.load(state["company"], self.clock)
        self.client_id, self.client_secret = state["client_id"], state["client_secret"]
        self.tokens = {token: datetime.fromisoformat(until) for token, until in state["tokens"].items()}
        self._tokens_given = state["tokens_given"]

    # ------------------------------------------------------------------ the door

    def serve(self, request: Request) -> Response:
        try:
            return self._traced(self._token(request) if request.path == "/oauth/token" else self._api(request))
        except Refused as refused:
            if refused.mistake:
                self.mistake(request, refused.mistake)
            return self._traced(refused.response)

    def _api(self, request: Request) -> Response:
        wait = self._wait()
        if wait:
            return self.throttled(wait)
        acts, parts = self._route(request)
        self._admit(request)
        act = acts.get(request.method)
        if act is None:
            refused = detail(f'Method "{request.method}" not allowed.', 405, {"Allow": ", ".join(acts)})
            raise Refused(refused, f"{request.method} is not offered here")
        return act(Call(request, self.company, partial(self.mistake, request)), *parts)

    def _route(self, request: Request) -> tuple[dict[str, Act], tuple[str, ...]]:
        if not request.path.endswith("/"):
            raise not_found("the path has no trailing slash")
        for pattern, acts in ROUTES:
            found = pattern.fullmatch(request.path)
            if found:
                return acts, found.groups()
        raise not_found("there is no such path")

    def _admit(self, request: Request) -> None:
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        if kind != "Bearer" or not token:
            raise Refused(detail("Authentication credentials were not provided.", 401), "no bearer token")
        until = self.tokens.get(token)
        if until is None or until <= self.clock():
            raise Refused(detail("Invalid token.", 401))
        if request.headers.get("X-Procurify-Client") != "api":
            raise Refused(
                detail("You do not have permission to perform this action.", 403),
                "the header X-Procurify-Client: api is missing",
            )

    # ------------------------------------------------------------------ access

    def _token(self, request: Request) -> Response:
        now = self.clock()
        _forget(self._asked, now - timedelta(minutes=1))
        self._asked.append(now)
        if len(self._asked) > MOST_TOKENS_A_MINUTE:
            self.mistake(request, "asks for tokens instead of keeping the one it has")
            return self.throttled(math.ceil((self._asked[0] + timedelta(minutes=1) - now).total_seconds()) or 1)
        if request.method != "POST":
            raise Refused(
                detail(f'Method "{request.method}" not allowed.', 405, {"Allow": "POST"}),
                "the token request is not a JSON POST",
            )
        body = request.get_json(silent=True) if request.mimetype == "application/json" else None
        if not isinstance(body, dict):
            raise _denied("invalid_request", 400, "the token request is not a JSON POST")
        if body.get("grant_type") != "client_credentials":
            raise _denied("unsupported_grant_type", 400, "wrong grant type")
        if body.get("audience") != AUDIENCE:
            raise _denied("invalid_request", 400, "wrong audience")
        if (body.get("client_id"), body.get("client_secret")) != (self.client_id, self.client_secret):
            raise _denied("invalid_client", 401)
        self._tokens_given += 1
        # Made of its number, not of chance: a run that is repeated hands out the same tokens.
        named = f"{self.company.state.domain}/{self.client_secret}/{self._tokens_given}"
        token = hashlib.sha256(named.encode()).hexdigest()
        self.tokens[token] = now + timedelta(seconds=self.token_seconds)
        scope = f"urn:procurify-api:domain:{self.company.state.domain} urn:procurify-api:email:{ME['email']}"
        return json_response(
            {"access_token": token, "scope": scope, "expires_in": self.token_seconds, "token_type": "Bearer"}
        )

    # ------------------------------------------------------------------ limits and traces

    def _wait(self) -> int:
        """Seconds to wait before the next call is served, 0 when this one is. Only served calls count."""
        if self.requests_per_second is None:
            return 0
        window = timedelta(seconds=max(1.0, 1.0 / self.requests_per_second))
        most = max(1, int(self.requests_per_second * window.total_seconds()))
        now = self.clock()
        _forget(self._calls, now - window)
        if len(self._calls) >= most:
            return math.ceil((self._calls[0] + window - now).total_seconds()) or 1
        self._calls.append(now)
        return 0

    def _traced(self, response: Response) -> Response:
        """The id that Procurify's support asks for."""
        if "x-request-id" not in response.headers:
            self._answers += 1
            response.headers["x-request-id"] = f"{self._answers:032x}"
        return response


def _forget(moments: deque[datetime], until: datetime) -> None:
    while moments and moments[0] <= until:
        moments.popleft()


def _denied(code: str, status: int, mistake: str = "") -> Refused:
    return Refused(json_response({"error": code}, status=status), mistake)
