"""Notices: to the operator's topic, and to the customer's own webhook where there is one.

A notice is kept as a job in the same write as what it tells of, one for each way it goes, so that a slow or dead
webhook holds up nothing and a crash loses none. What goes to a webhook is its own customer's and nobody else's.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from html import escape
from typing import TYPE_CHECKING

from chalicelib.engine import outbox
from chalicelib.engine.connection import Connection
from chalicelib.engine.errors import ConnectorError, Refused
from chalicelib.engine.ports import Conflict, HttpAnswer, HttpRequest, Item, Op, Put
from chalicelib.engine.records import Json
from chalicelib.engine.setup import Health, pk

if TYPE_CHECKING:
    from chalicelib.engine.engine import Engine

MOST_TRIES = 8  # of one notice, over about two hours
FIRST_RETRY = timedelta(minutes=1)
LONGEST_RETRY = timedelta(hours=1)
REPEATEDLY = 3  # refusals in a row, and people are told that the webhook does not work
LONGEST_KEPT = 20_000  # characters
LONGEST_TEXT = 3500  # characters, as the webhook counts them
TIMEOUT = 10.0
TRIES = 5

log = logging.getLogger("mlc")


@dataclass(frozen=True, slots=True)
class Settings:
    """What a customer has set up. `digest` is the local time HH:MM in `zone`; `sealed` hides the webhook's address."""

    tenant: str
    digest: str = ""
    zone: str = ""
    sealed: bytes | None = None
    salt: str = ""
    print: str = ""  # tells whether an address is the same without opening it
    version: int = 0

    def put(self) -> Put:
        body: Json = {name: getattr(self, name) for name in ("digest", "zone", "salt", "print")}
        return Put(Item(*settings_key(self.tenant), body=body, version=self.version, blob=self.sealed))


def settings_key(tenant: str) -> tuple[str, str]:
    return pk(tenant), "NOTICES"


def webhook_key(tenant: str) -> tuple[str, str]:
    """How the webhook fares; absent while all is well."""
    return pk(tenant), "WEBHOOK"


def read_settings(tenant: str, item: Item | None) -> Settings:
    if item is None:
        return Settings(tenant)
    return Settings(tenant, sealed=item.blob, version=item.version, **{k: str(v) for k, v in item.body.items()})


def settings(engine: Engine, tenant: str) -> Settings:
    key = settings_key(tenant)
    return read_settings(tenant, engine.store.get([key]).get(key))


def seal(engine: Engine, tenant: str, url: str) -> bytes:
    return engine.vault.seal(url.encode(), context={"notices": tenant})


# ---------------------------------------------------------------------------------------------- telling


def rows(engine: Engine, tenant: str, subject: str, text: str, *, webhook: bool = True) -> list[Put]:
    """The writes that make sure the notice is sent: one to the topic, one to the customer's webhook."""
    ways = ["topic"]
    if webhook and settings(engine, tenant).sealed is not None:
        ways.append("webhook")
    at, token = engine.clock.now() + engine.pace.queued, engine.clock.token()
    told: Json = {"job": "notice", "subject": subject, "text": text[:LONGEST_KEPT], "tries": 0}
    return [outbox.row(tenant, f"n#{way}#{token}", {**told, "way": way}, at=at) for way in ways]


def tell(engine: Engine, tenant: str, subject: str, text: str, *, ops: Sequence[Op] = ()) -> None:
    """Tell people, together with the other writes or not at all. Raises Conflict when one of those lost."""
    kept = rows(engine, tenant, subject, text)
    engine.store.write([*ops, *kept])
    outbox.send(engine, kept)


def about(engine: Engine, connection: Connection, before: Health, after: Health) -> list[Put]:
    """The notice of a connection that begins to need a person, or works again; none in between."""
    name, tenant = connection.name, connection.tenant
    if after.told and not before.told:
        text = f"{after.message}\n\nWhat to do: {after.fix}\n\nNothing is lost: what waits goes on by itself."
        return rows(engine, tenant, f"{name} ({tenant}) needs you", text)
    if before.told and not after.told:
        return rows(engine, tenant, f"{name} ({tenant}) works again", f"{name} works again. What waited goes on.")
    return []


# ---------------------------------------------------------------------------------------------- sending


def send(engine: Engine, job: Json) -> None:
    """The job of one notice on one way: sent, or put off until its next try, or given up after the last."""
    row = outbox.claim(engine, job)
    if row is None:
        return
    told, tenant = row.body["job"], str(row.body["tenant"])
    assert isinstance(told, dict)
    trouble, after = _went(engine, tenant, told)
    tries = int(str(told["tries"])) + 1
    if not trouble or tries >= MOST_TRIES:
        if trouble:
            log.error("a notice was given up: %s", trouble, extra={"tenant": tenant})
        engine.store.write([outbox.done(row)])
        return
    wait = min(FIRST_RETRY * 2 ** (tries - 1), LONGEST_RETRY)
    outbox.put_off(engine, row, engine.clock.now() + max(wait, min(after, LONGEST_RETRY)), tries=tries)


def _went(engine: Engine, tenant: str, told: Json) -> tuple[str, timedelta]:
    """What kept the notice from going ("": it went), and how long the other side wants us to wait."""
    subject, text = str(told["subject"]), str(told["text"])
    if told["way"] == "webhook":
        return to_webhook(engine, tenant, subject, text)
    try:
        engine.notices.publish(subject, text)
    except ConnectorError as trouble:
        return trouble.message, timedelta(0)
    return "", timedelta(0)


def to_webhook(engine: Engine, tenant: str, subject: str, text: str) -> tuple[str, timedelta]:
    """Post it to the customer's webhook, if there is one still, and note how that fares."""
    sealed = settings(engine, tenant).sealed
    if sealed is None:
        return "", timedelta(0)
    url = engine.vault.unseal(sealed, context={"notices": tenant}).decode()
    body = json.dumps({"text": marked_up(subject, text)}).encode()
    headers = {"Content-Type": "application/json"}
    request = HttpRequest("POST", url, headers=headers, body=body, timeout=TIMEOUT, public=True)
    try:
        answer = engine.http.send(request)
    except ConnectorError as trouble:
        return _note(engine, tenant, _told_plainly(trouble)), timedelta(0)
    if answer.status == 429:
        return "The webhook asked us to wait (429).", _retry_after(answer)
    refused = "" if 200 <= answer.status < 300 else f"The webhook answered {answer.status}."
    return _note(engine, tenant, refused), timedelta(0)


def marked_up(subject: str, text: str) -> str:
    """As Slack reads it: the three characters that mean something there are escaped, and its length is bounded."""
    shown = ""
    for character in f"*{subject}*\n{text}":
        piece = escape(character, quote=False)
        if len(shown) + len(piece) >= LONGEST_TEXT:
            return shown + "…"
        shown += piece
    return shown


def _told_plainly(trouble: ConnectorError) -> str:
    return f"The webhook was not called. {trouble.message}" if isinstance(trouble, Refused) else trouble.message


def _retry_after(answer: HttpAnswer) -> timedelta:
    asked = answer.headers.get("retry-after", "").strip()
    return timedelta(seconds=min(int(asked), 86_400)) if asked.isascii() and asked.isdigit() else timedelta(0)


# ---------------------------------------------------------------------------------------------- how the webhook fares


FIX = (
    "Make a new incoming webhook where this one came from and apply its address as notices.webhook; "
    "or apply null to stop."
)


def _note(engine: Engine, tenant: str, trouble: str) -> str:
    """Count what goes wrong in a row; people are told once, by the topic. Returns the trouble."""
    key = webhook_key(tenant)
    for _ in range(TRIES):
        item = engine.store.get([key]).get(key) or Item(*key)
        if not trouble and not item.body.get("failed"):
            return ""
        now = engine.clock.now().isoformat()
        failed = int(str(item.body.get("failed") or 0)) + 1 if trouble else 0
        news = failed == REPEATEDLY
        since = str(item.body.get("since") or now)
        body: Json = {"failed": failed, "message": trouble, "since": since if trouble else now}
        text = f"{trouble} It was tried {failed} times.\n\nWhat to do: {FIX}"
        subject = f"The webhook for notices of {tenant} does not work"
        kept = rows(engine, tenant, subject, text, webhook=False) if news else []
        try:
            engine.store.write([Put(replace(item, body=body)), *kept])
        except Conflict:
            continue
        outbox.send(engine, kept)
        break
    return trouble


def fares(engine: Engine, tenant: str) -> Json:
    """What `status` shows: whether a webhook is set and works, and when the digest comes; never the address."""
    found = engine.store.get([settings_key(tenant), webhook_key(tenant)])
    known = read_settings(tenant, found.get(settings_key(tenant)))
    item = found.get(webhook_key(tenant))
    failing = item is not None and int(str(item.body["failed"])) >= REPEATEDLY
    shown: Json = {"state": "failing" if failing else "set" if known.sealed is not None else "none"}
    shown |= {"message": "", "fix": "", "since": ""}
    if failing and item is not None:
        shown |= {"message": item.body["message"], "fix": FIX, "since": item.body["since"]}
    return {"webhook": shown, "digest": known.digest, "zone": known.zone}
