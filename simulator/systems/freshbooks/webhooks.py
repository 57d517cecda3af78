"""The sender: handshakes and events as forms, signed over a JSON rendering of their fields, sent once by default."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from simulator.systems.freshbooks.account import Account, Json
from simulator.systems.freshbooks.callbacks import hears
from simulator.systems.freshbooks.options import Options

Post = Callable[[str, Mapping[str, str], bytes], int]
"""URL, headers, body; the status. Raises OSError where no answer came."""

HEADER = "X-FreshBooks-Hmac-SHA256"
PATIENCE = 3.0  # seconds until an answer counts as none
AGAIN = 60  # seconds until a repeat, where there are repeats
EVENT_NOUNS = {"bills": "bill", "bill_vendors": "bill_vendor", "expenses": "expense", "categories": "category"}


@dataclass(slots=True)
class Delivery:
    account_id: str
    callback: int
    uri: str
    fields: list[tuple[str, str]]
    due: float
    forged: bool = False
    tries: int = 0


@dataclass(slots=True)
class Attempt:
    """One call, as it went; status 0: no answer."""

    at: float
    uri: str
    status: int
    body: str


@dataclass(slots=True)
class Webhooks:
    """`taken` is how much of each account's audit was turned into deliveries."""

    options: Options
    taken: dict[str, int] = field(default_factory=dict)
    waiting: list[Delivery] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)

    def handshake(self, account: Account, row: Json, identity: int, now: float) -> Delivery:
        fields = [*_form("callback.verify", row["id"], account, identity), ("verifier", row["verifier"])]
        return Delivery(account.account_id, row["id"], row["uri"], fields, now)

    def due(self, accounts: Iterable[Account], now: float) -> list[Delivery]:
        """Make deliveries of what happened, and hand out those whose time has come."""
        self._gather(accounts, now)
        due = [one for one in self.waiting if one.due <= now]
        self.waiting = [one for one in self.waiting if one.due > now]
        return due

    def settle(self, delivery: Delivery, attempt: Attempt) -> None:
        delivery.tries += 1
        if not 200 <= attempt.status < 300 and delivery.tries <= self.options.webhook_retries:
            delivery.due = attempt.at + AGAIN
            self.waiting.append(delivery)

    def send(self, delivery: Delivery, account: Account, now: datetime, post: Post) -> Attempt:
        body = urlencode(delivery.fields)
        row = account.find("callbacks", delivery.callback)
        verifier = row["verifier"] if row else dict(delivery.fields).get("verifier", "")
        signed = sign(delivery.fields, "forged" if delivery.forged else verifier)
        headers = {HEADER: signed, "Content-Type": "application/x-www-form-urlencoded"}
        try:
            status = post(delivery.uri, headers, body.encode())
        except OSError:
            status = 0
        attempt = Attempt(now.timestamp(), delivery.uri, status, body)
        self.attempts.append(attempt)
        return attempt

    def _gather(self, accounts: Iterable[Account], now: float) -> None:
        found = [delivery for account in accounts for delivery in self._events(account, now)]
        match self.options.webhook_fault:
            case "drop":
                return
            case "reverse":
                found.reverse()
            case "forge":
                for delivery in found:
                    delivery.forged = True
            case "twice":
                found = [*found, *(replace(delivery) for delivery in found)]
        self.waiting += found

    def _events(self, account: Account, now: float) -> Iterator[Delivery]:
        begin = self.taken.get(account.account_id, 0)
        self.taken[account.account_id] = len(account.audit)
        nouns = EVENT_NOUNS | ({"bill_payments": "bill_payment"} if self.options.bill_payment_events else {})
        for entry in account.audit[begin:]:
            noun = nouns.get(entry["kind"])
            if noun is None:
                continue
            event = f"{noun}.{entry['verb']}"
            fields = _form(event, entry["id"], account, entry["identity"])
            if self.options.webhook_extra_fields:
                fields += [("system", account.account_id), ("event_id", f"ev-{entry['id']}-{entry['time']}")]
            for row in account.every("callbacks"):
                if row["verified"] and hears(row["event"], event):
                    yield Delivery(account.account_id, row["id"], row["uri"], fields, now)

    def dump(self) -> dict[str, Any]:
        return {"taken": dict(self.taken), "waiting": [asdict(one) for one in self.waiting]}

    def load(self, state: Mapping[str, Any]) -> None:
        self.taken = dict(state["taken"])
        self.waiting = [
            Delivery(**{**one, "fields": [(name, value) for name, value in one["fields"]]}) for one in state["waiting"]
        ]


def _form(name: str, id: object, account: Account, identity: int) -> list[tuple[str, str]]:
    return [
        ("name", name),
        ("object_id", str(id)),
        ("account_id", account.account_id),
        ("business_id", str(account.business_id)),
        ("identity_id", str(identity)),
        ("user_id", str(identity)),
    ]


def sign(fields: Sequence[tuple[str, str]], verifier: str) -> str:
    """Base64 of the HMAC over the fields as a JSON object of texts, in their order, with spaces and \\u escapes."""
    message = json.dumps(dict(fields))
    return base64.b64encode(hmac.new(verifier.encode(), message.encode(), hashlib.sha256).digest()).decode()


def over_http(url: str, headers: Mapping[str, str], body: bytes) -> int:
    import requests

    return requests.post(url, headers=dict(headers), data=body, timeout=PATIENCE, allow_redirects=False).status_code
