"""The AP inbox: a bill's file is mailed to it, and OCR makes a draft bill there (sheet section 4.2).

A mail can be sent twice and never be taken back, so each bill is mailed at most once: our sign stands in the name of
the attached file, which the draft bill shows. That a mail arrived can be proven so; that it did not, never.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from chalicelib.engine.errors import Held, Unknown
from chalicelib.engine.match import plain_name
from chalicelib.engine.ports import Attachment, Letter
from chalicelib.engine.records import Current, Done, Intent, Json, Sighting, attempt_key
from chalicelib.systems.procurify import bills, invoice, payables
from chalicelib.systems.procurify.client import Client
from chalicelib.systems.procurify.listing import whole
from chalicelib.systems.procurify.reading import text_at
from chalicelib.systems.procurify.shapes import normal_uuid

MAIL = "mail:"
MOST_OPENED = 60  # drafts of the inbox that are opened to see their files
SIGN = 16  # characters


def sign(mark: str) -> str:
    """What the record mark becomes in a file's name."""
    return attempt_key(mark)[:SIGN]


def look(client: Client, intent: Intent) -> Sighting:
    """Our file on a bill there; else a bill that is the same one. Handed over and not seen is never absent."""
    since = _day(intent.at) or _day(intent.once["date"])
    raw = find(client, sign(intent.mark), since, number=intent.body["number"])
    if raw is not None:
        there = payables.current(raw)
        # OCR reads no amounts: what it is for people say there, so it is taken as what was sent.
        return Sighting(ours=[replace(there, body=intent.body, ours=True, money=intent.money)])
    sighting = payables.look(client, intent)
    if not intent.at or sighting.ours or sighting.twins:
        return sighting
    return Sighting(told=_unseen(intent))


def read(client: Client, id_: str) -> Current | None:
    """What became of the mail. Raises Held while Procurify shows no bill with its file."""
    day, _, signed = id_.removeprefix(MAIL).partition(":")
    raw = find(client, signed, _day(day))
    if raw is not None:
        return replace(payables.current(raw), id=id_)
    raise Held(
        "mailed",
        f"It was mailed to the AP inbox on {day}, and Procurify shows no bill with its file yet. A mail cannot be "
        "changed or taken back.",
        cause=f"mail of {day}",
        fix="Look at the drafts in Procurify's Accounts Payable, correct the bill there or enter it, and dismiss the "
        "record.",
    )


def find(client: Client, signed: str, since: date | None, *, number: object = None) -> Json | None:
    """The bill made of the file with our sign, those with the number first."""
    assert since is not None
    rows = whole(client, bills.LIST, {"is_invoice_created": "true", **payables.changed_since(client, since)}) or []
    drafts = [row for row in rows if row.get("invoice_created") is not False]
    drafts.sort(key=lambda row: plain_name(text_at(row, "invoice_number")) != number)
    for row in drafts[:MOST_OPENED]:
        raw = payables.one(client, str(normal_uuid(row.get("uuid"))))
        files = raw.get("invoice_attachments") if raw else None
        if any(signed in text_at(file, "name") for file in (files if isinstance(files, list) else [])):
            return raw
    return None


def write(client: Client, intent: Intent) -> Done:
    """Raises Unknown where it may have been sent already."""
    if intent.again:
        raise _unseen(intent)
    address, mail = client.line.connection.settings.get("ap_inbox"), client.line.mail
    if not address or mail is None:
        raise _no_inbox(client.line.connection.name, intent)
    file = _file(intent)
    sent = mail.send(Letter(to=address, subject=_subject(intent), text=_words(intent), attachments=[file]))
    day, signed = client.line.clock.now().date().isoformat(), sign(intent.mark)
    there = Current(
        id=f"{MAIL}{day}:{signed}",
        version=sent,
        body=intent.body,
        raw={},
        locks=dict.fromkeys(payables.OWNED, "a mail cannot be changed or taken back"),
        ours=True,
        label=f"Mail with {_title(intent)}",
    )
    answer: Json = {"mail": sent, "to": address, "file": file.name, "bytes": len(file.content)}
    return Done(current=there, answer=answer, request_id=sent, notes=_notes(intent))


def _file(intent: Intent) -> Attachment:
    """Its own file where it has one that the inbox reads, else one that we make. The sign is in the name."""
    own = intent.once.get("file")
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", str(intent.once.get("label") or "bill"))[:50].strip("-.") or "bill"
    if isinstance(own, dict):
        ending, content = str(own["name"]).rpartition(".")[2].lower(), base64.b64decode(str(own["content"]))
        return Attachment(f"{stem}-{sign(intent.mark)}.{ending}", str(own["type"]), content)
    content = invoice.pdf(intent.once, total=str(intent.body["total"]), currency=str(intent.body["currency"]))
    return Attachment(f"{stem}-{sign(intent.mark)}.pdf", "application/pdf", content)


def _subject(intent: Intent) -> str:
    return f"{_title(intent)} {intent.mark}"


def _words(intent: Intent) -> str:
    once = intent.once
    rows = [f"{line['description']}: {line['amount']}" for line in _lines(intent)]
    vendor = " ".join(str(once["vendor_name"]).split())
    parts = [f"Vendor: {vendor}", f"Number: {once.get('label', '')}", f"Date: {once['date']}"]
    parts += [f"Due: {once['due_date']}"] if once.get("due_date") else []
    return "\n".join(
        [*parts, *rows, f"Total: {intent.money}", *_notes(intent), "", f"Sent by ml-connector {intent.mark}", ""]
    )


def _lines(intent: Intent) -> Sequence[Json]:
    listed = intent.once.get("lines")
    return listed if isinstance(listed, list) else []


def _title(intent: Intent) -> str:
    return " ".join(f"Bill {intent.once.get('label') or 'without a number'} of {intent.once['vendor_name']}".split())


def _notes(intent: Intent) -> list[str]:
    notes = intent.once.get("notes")
    return [str(note) for note in notes] if isinstance(notes, list) else []


def _day(value: object) -> date | None:
    return payables.day_of(value)


def _unseen(intent: Intent) -> Unknown:
    return Unknown(
        f"{_title(intent)} was handed to the mail service for Procurify's AP inbox, and no bill with its file is to be "
        "seen there. It is not mailed again by itself. Look at the drafts in Procurify's Accounts Payable: if it is "
        "there, link the record to it (mlc resolve ID --link bill:UUID); if not, enter it there or send its file by "
        "hand, and dismiss the record."
    )


def _no_inbox(connection: str, intent: Intent) -> Held:
    return Held(
        "no_ap_inbox",
        f"{_title(intent)} was not mailed: the connection {connection} names no AP inbox.",
        cause=f"ap_inbox of {connection}",
        fix=f"An admin takes the address from Procurify's AP Automation settings, writes it as ap_inbox under the "
        f"connection {connection}, applies, and replays the record.",
        owner="admin",
    )
