"""The sender of webhooks: what changed in any company, signed, to the app's one address, until it is acknowledged.

Ids only, in the form that the portal's switch says; several events in one call, of several companies too. Until the
first delivery that failed is acknowledged the later ones wait behind it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from simulator.systems.quickbooks_online.company import Body, Company
from simulator.systems.quickbooks_online.options import Options
from simulator.systems.quickbooks_online.times import stamp

Post = Callable[[str, Mapping[str, str], bytes], int]
"""URL, headers, body; the status. Raises OSError where no answer came."""

PATIENCE = 3.0  # seconds until an answer counts as none
RETRIES = (10, 20, 30, 300, 1200, 7200, 14_400, 21_600)  # seconds; then every six hours
MOST_EVENTS = 50  # in one call
ANNOUNCED = frozenset(
    {
        *("Vendor", "Customer", "Account", "Class", "Department", "Item", "Term", "Preferences"),
        *("Bill", "BillPayment", "VendorCredit", "PurchaseOrder"),
    }
)
WORDS = {"Create": "created", "Delete": "deleted", "Void": "void", "Merge": "merged"}  # any other: updated
OLD_WORDS = {"created": "Create", "updated": "Update", "deleted": "Delete", "void": "Void", "merged": "Merge"}


@dataclass(slots=True)
class Event:
    id: str
    realm_id: str
    entity: str
    entity_id: str
    operation: str
    at: str
    deleted_id: str = ""


@dataclass(slots=True)
class Delivery:
    events: list[Event]
    due: float
    tries: int = 0


@dataclass(slots=True)
class Attempt:
    """One call, as it went; status 0: no answer."""

    at: float
    status: int
    events: int
    body: str


@dataclass(slots=True)
class Webhooks:
    """`taken` is how much of each company's audit was turned into events."""

    options: Options
    url: str = ""
    verifier: str = ""
    taken: dict[str, int] = field(default_factory=dict)
    waiting: list[Delivery] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)

    def subscribe(self, url: str, verifier: str, companies: Iterable[Company]) -> None:
        """From now on; what happened before is not told."""
        self.url, self.verifier = url, verifier
        self.taken = {company.realm_id: len(company.audit) for company in companies}

    def run_due(self, companies: Iterable[Company], now: datetime, post: Post) -> list[Attempt]:
        """Make deliveries of what happened, and send those whose time has come."""
        if not self.url:
            return []
        self._gather(companies, now.timestamp())
        made: list[Attempt] = []
        left: list[Delivery] = []
        for delivery in self.waiting:
            held_back = bool(left) and self.options.webhooks_held_back
            if held_back or delivery.due > now.timestamp():
                left.append(delivery)
                continue
            attempt = self._send(delivery, now, post)
            made.append(attempt)
            if attempt.status != 200:
                delivery.due = now.timestamp() + RETRIES[min(delivery.tries, len(RETRIES) - 1)]
                delivery.tries += 1
                left.append(delivery)
        self.waiting = left
        self.attempts += made
        return made

    def body(self, events: Iterable[Event]) -> bytes:
        form = cloud_events if self.options.webhook_form == "cloud_events" else notifications
        return json.dumps(form(events)).encode()

    def sign(self, body: bytes) -> dict[str, str]:
        made = hmac.new(self.verifier.encode(), body, hashlib.sha256).digest()
        return {"intuit-signature": base64.b64encode(made).decode(), "Content-Type": "application/json"}

    def dump(self) -> dict[str, Any]:
        state = {name: getattr(self, name) for name in ("url", "verifier", "taken")}
        return {**state, "waiting": [asdict(one) for one in self.waiting]}

    def load(self, state: Mapping[str, Any]) -> None:
        self.url, self.verifier, self.taken = state["url"], state["verifier"], dict(state["taken"])
        self.waiting = [
            Delivery(events=[Event(**event) for event in one["events"]], due=one["due"], tries=one["tries"])
            for one in state["waiting"]
        ]

    def _gather(self, companies: Iterable[Company], now: float) -> None:
        found = [list(self._events(company)) for company in companies]
        fault = self.options.webhooks_fault
        if fault == "drop":
            return
        batches = [[event for events in found for event in events]] if self.options.webhooks_mixed else found
        if fault == "reverse":
            batches = [batch[::-1] for batch in reversed(batches)]
        made = [
            Delivery(events=batch[begin : begin + MOST_EVENTS], due=now)
            for batch in batches
            for begin in range(0, len(batch), MOST_EVENTS)
        ]
        self.waiting += made
        if fault == "twice":
            self.waiting += [Delivery(events=delivery.events, due=now) for delivery in made]

    def _events(self, company: Company) -> Iterator[Event]:
        begin = self.taken.get(company.realm_id, 0)
        self.taken[company.realm_id] = len(company.audit)
        for number, entry in enumerate(company.audit[begin:], start=begin):
            if entry["entity"] not in ANNOUNCED:
                continue
            operation, id, gone = WORDS.get(entry["operation"], "updated"), entry["id"], ""
            if operation == "merged":  # told of the one that stays; its documents were merely changed
                into = company.merged.get(id) if entry["entity"] == "Vendor" else None
                operation, id, gone = ("merged", into, id) if into else ("updated", id, "")
            known = hashlib.sha256(f"{company.realm_id} {number}".encode()).hexdigest()
            yield Event(
                id=f"{known[:8]}-{known[8:12]}-{known[12:16]}-{known[16:20]}-{known[20:32]}",
                realm_id=company.realm_id,
                entity=entry["entity"],
                entity_id=id,
                operation=operation,
                at=entry["time"],
                deleted_id=gone,
            )

    def _send(self, delivery: Delivery, now: datetime, post: Post) -> Attempt:
        body = self.body(delivery.events)
        try:
            status = post(self.url, self.sign(body), body)
        except OSError:
            status = 0
        return Attempt(at=now.timestamp(), status=status, events=len(delivery.events), body=body.decode())


def cloud_events(events: Iterable[Event]) -> list[Body]:
    return [
        {
            "specversion": "1.0",
            "id": event.id,
            "source": "intuit.dsnBgbseACLLRZNxo2dfc4evmEJdxde58xeeYcZliOU=",
            "type": f"qbo.{event.entity.lower()}.{event.operation}.v1",
            "datacontenttype": "application/json",
            "time": f"{datetime.fromisoformat(event.at).astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}517Z",
            "intuitentityid": event.entity_id,
            "intuitaccountid": event.realm_id,
            "data": {"deletedId": event.deleted_id} if event.deleted_id else {},
        }
        for event in events
    ]


def notifications(events: Iterable[Event]) -> Body:
    realms: dict[str, list[Body]] = {}
    for event in events:
        entity = {
            "name": event.entity,
            "id": event.entity_id,
            "operation": OLD_WORDS[event.operation],
            "lastUpdated": stamp(datetime.fromisoformat(event.at)).replace("-08:00", "-0800"),
        }
        realms.setdefault(event.realm_id, []).append(
            entity | ({"deletedId": event.deleted_id} if event.deleted_id else {})
        )
    told = [{"realmId": realm_id, "dataChangeEvent": {"entities": listed}} for realm_id, listed in realms.items()]
    return {"eventNotifications": told}


def over_http(url: str, headers: Mapping[str, str], body: bytes) -> int:
    import requests

    return requests.post(url, headers=dict(headers), data=body, timeout=PATIENCE, allow_redirects=False).status_code
