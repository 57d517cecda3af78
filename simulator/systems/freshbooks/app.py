"""The simulator itself: the login server's host and the API's host behind one door."""

from __future__ import annotations

import json
import math
import re
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import asdict
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Any

from werkzeug.wrappers import Request, Response

from simulator.systems.freshbooks import answers, api, oauth_pages
from simulator.systems.freshbooks.account import Account, Json
from simulator.systems.freshbooks.answers import unauthenticated
from simulator.systems.freshbooks.backstage import Backstage
from simulator.systems.freshbooks.oauth import EVERY_SCOPE, AccessToken, Identity
from simulator.systems.freshbooks.webhooks import Attempt, Post, Webhooks, over_http
from simulator.systems.serving import OurMistake, dumps, json_response, wall_clock

MINUTE = 60.0


class FreshBooksSimulator(Backstage):
    """One app and the people who use it; without `account_id` there is nobody yet.

    `redirect_uris` are those registered for the app (none: any without a query), `scopes` those enabled on it, `post`
    is how callbacks reach their address.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], datetime] = wall_clock,
        patience: float = 0.0,
        client_id: str = "freshbooks-app",
        client_secret: str = "freshbooks-app-secret",
        redirect_uris: Iterable[str] = (),
        scopes: Iterable[str] = EVERY_SCOPE,
        account_id: str = "6BApk",
        company: str = "Tidewater Studio",
        post: Post = over_http,
    ) -> None:
        super().__init__(clock=clock, patience=patience)
        self.client_id, self.client_secret = client_id, client_secret
        self.redirect_uris, self.scopes = tuple(redirect_uris), tuple(scopes)
        self.webhooks = Webhooks(self.options)
        self._post = post
        self._asked_who: dict[int, deque[float]] = {}
        self._calls: dict[str, deque[float]] = {}
        if account_id:
            self.backstage_add_identity("owner@tidewater.example.test")
            self.backstage_add_business(account_id, company)

    def serve(self, request: Request) -> Response:
        found = oauth_pages.serve(self, request)
        return api.serve(self, request) if found is None else found

    def token(self, request: Request) -> AccessToken:
        """The living token of the call; raises the family's 401."""
        kind, _, text = request.headers.get("Authorization", "").partition(" ")
        if kind != "Bearer" or not text:
            self.mistake(request, "no bearer token")
            raise unauthenticated()
        found = self.oauth.holder(text, self.now())
        if found is None:
            raise unauthenticated()
        return found

    def scopes_of(self, request: Request) -> list[str]:
        return self.token(request).scopes

    # ------------------------------------------------------------------ limits

    def throttled(self) -> Response:
        return answers.throttled(self._retry_after())

    def throttle(self, account_id: str) -> Response | None:
        most = self.options.calls_per_minute
        if most and _count(self._calls.setdefault(account_id, deque()), self.now(), most) < 0:
            return self.throttled()
        return None

    def count_me(self, identity: int) -> tuple[int, dict[str, str]]:
        """How many calls of this address are left, and its headers; below zero this one is refused.

        The last call that is served says already that none is left and how long to wait.
        """
        most, window = self.options.me_calls_per_minute, self._asked_who.setdefault(identity, deque())
        left = _count(window, self.now(), most)
        reset = math.ceil(window[0] + MINUTE) if window else math.ceil(self.now())
        headers = {"X-RateLimit-Limit": str(most), "X-RateLimit-Remaining": str(max(0, left))}
        headers["X-RateLimit-Reset"] = str(reset)
        if left <= 0:
            headers["Retry-After"] = str(max(1, math.ceil(reset - self.now())))
        return left, headers

    def _retry_after(self) -> dict[str, str]:
        seconds = self.options.retry_after
        if not seconds:
            return {}
        moment = self.clock() + timedelta(seconds=seconds)
        return {
            "Retry-After": format_datetime(moment, usegmt=True) if self.options.retry_after_as_date else str(seconds)
        }

    def server_fault(self) -> Response:
        row = {"errno": answers.UNEXPECTED, "field": "", "message": "Unexpected error.", "object": "", "value": ""}
        return json_response({"response": {"errors": [row]}}, status=500)

    def expire_tokens(self) -> None:
        self.oauth.expire_all()

    # ------------------------------------------------------------------ the sender

    def shake_hands(self, account: Account, row: Json) -> None:
        delivery = self.webhooks.handshake(account, row, self.person(account.account_id).identity, self.now())
        if self.options.handshake_first:
            self.webhooks.send(delivery, account, self.clock(), self._post)
        else:
            self.webhooks.waiting.append(delivery)

    def run_due(self) -> list[Attempt]:
        """Nobody is kept waiting while a call is on its way: who is called may call us first."""
        with self.lock:
            due = self.webhooks.due(self.accounts.values(), self.now())
        made = []
        for delivery in due:
            made.append(self.webhooks.send(delivery, self.accounts[delivery.account_id], self.clock(), self._post))
            with self.lock:
                self.webhooks.settle(delivery, made[-1])
        return made

    def backstage_follow(self, port: int) -> None:
        """A service on this machine has another port now."""
        for account in self.accounts.values():
            for id, row in account.tables["callbacks"].items():
                uri = re.sub(r"^(http://127\.0\.0\.1:)\d+", rf"\g<1>{port}", row["uri"])
                account.tables["callbacks"][id] = {**row, "uri": uri}

    def backstage_run_due(self) -> list[Json]:
        """Send the handshakes and events whose time has come; returns each call and what was answered."""
        return [asdict(attempt) for attempt in self.run_due()]

    # ------------------------------------------------------------------ keeping

    def dump(self) -> dict[str, Any]:
        state = {
            "options": asdict(self.options),
            "oauth": self.oauth.dump(),
            "webhooks": self.webhooks.dump(),
            "identities": [asdict(one) for one in self.identities.values()],
            "accounts": [one.dump() for one in self.accounts.values()],
            "conflicts": self.conflicts,
            "mistakes": [asdict(mistake) for mistake in self.our_mistakes],
        }
        copied: dict[str, Any] = json.loads(dumps(state))
        return copied

    def load(self, state: dict[str, Any]) -> None:
        for name, value in state["options"].items():
            setattr(self.options, name, value)
        self.oauth.load(state["oauth"])
        self.webhooks.load(state["webhooks"])
        self.identities = {one["id"]: Identity(**one) for one in state["identities"]}
        self.accounts = {one["account_id"]: Account.from_dump(one) for one in state["accounts"]}
        self.conflicts = state["conflicts"]
        self.our_mistakes = [OurMistake(**mistake) for mistake in state["mistakes"]]


def _count(window: deque[float], now: float, most: int) -> int:
    """How many are left after this one; a refused call uses up no room."""
    while window and window[0] <= now - MINUTE:
        window.popleft()
    if len(window) >= most:
        return -1
    window.append(now)
    return most - len(window)
