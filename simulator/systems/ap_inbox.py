"""Procurify's AP inbox: takes the mail that SES is asked to send to it, and makes draft bills of what is attached.

It stands where SES's own address would: `POST /v2/email/outbound-emails` with a raw message. What the inbox would
never read is noted in `our_mistakes`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import getaddresses, parseaddr
from io import BytesIO
from typing import Any
from uuid import uuid5

from werkzeug.wrappers import Request, Response

from simulator.systems.procurify import ProcurifySimulator
from simulator.systems.procurify.company import NAMESPACE
from simulator.systems.procurify.documents import Bill, Json
from simulator.systems.procurify.shapes import ME_ID
from simulator.systems.serving import OurMistake, Simulator, json_response, wall_clock

SEND = "/v2/email/outbound-emails"
KINDS = {"application/pdf": (".pdf",), "image/jpeg": (".jpg", ".jpeg"), "image/png": (".png",)}
MOST_ATTACHMENTS, LARGEST = 10, 25 * 1024 * 1024
DAY = r"(\d{4}-\d\d-\d\d)"
LABELS = {  # what OCR fills in: nothing of the lines, no amount
    "invoice_number": r"(?:invoice|bill) (?:number|no\.?|#)\s*:?\s*(\S[^\n]*)",
    "po_number": r"(?:po|purchase order)(?: number| no\.?| #)\s*:?\s*(\S[^\n]*)",
    "vendor_name": r"vendor(?: name)?\s*:?\s*(\S[^\n]*)",
    "invoice_date": rf"(?:invoice|bill) date\s*:?\s*{DAY}",
    "due_date": rf"due date\s*:?\s*{DAY}",
}


@dataclass(slots=True)
class Attachment:
    name: str
    type: str
    content: str  # base64, so that a state can be kept as JSON

    @property
    def data(self) -> bytes:
        return base64.b64decode(self.content)


@dataclass(slots=True)
class Mail:
    number: int
    at: str
    sender: str
    to: list[str]
    subject: str
    text: str
    headers: dict[str, str]
    attachments: list[Attachment]
    bills: list[str] = field(default_factory=list)


class ApInbox(Simulator):
    """`address` is the customer's private one; `senders` are verified with SES (none: all are)."""

    def __init__(
        self,
        *,
        procurify: ProcurifySimulator,
        address: str = "acme-ap@inbox.procurify.example.test",
        senders: Iterable[str] = (),
        clock: Callable[[], datetime] = wall_clock,
        patience: float = 0.0,
    ) -> None:
        super().__init__(clock=clock, patience=patience)
        self.procurify = procurify
        self.address, self.senders = address, tuple(senders)
        self.mails: dict[int, Mail] = {}

    # ------------------------------------------------------------------ SES

    def serve(self, request: Request) -> Response:
        if (request.method, request.path) != ("POST", SEND):
            self.mistake(request, "this address only sends mail")
            return _trouble("NotFoundException", "There is no such address.", 404)
        body = request.get_json(silent=True, force=True) or {}
        try:
            raw = base64.b64decode(body["Content"]["Raw"]["Data"], validate=True)
            destination = body.get("Destination") or {}
            to = [one for kind in ("ToAddresses", "CcAddresses", "BccAddresses") for one in destination.get(kind) or ()]
        except (KeyError, TypeError, AttributeError, binascii.Error):
            self.mistake(request, "a mail with an attachment is sent as a raw message")
            return _trouble("BadRequestException", "The message has no raw content.")
        message = message_from_bytes(raw, policy=policy.default)
        sender = parseaddr(str(body.get("FromEmailAddress") or message.get("From") or ""))[1]
        if not sender or (self.senders and sender not in self.senders):
            said = f"Email address is not verified. The following identities failed the check: {sender}"
            return _trouble("MessageRejected", said)
        named = to or [str(value) for kind in ("To", "Cc") for value in message.get_all(kind, [])]
        found = [address for _, address in getaddresses(named)]
        if not found:
            self.mistake(request, "the mail has no recipient")
            return _trouble("BadRequestException", "Missing final '@domain'.")
        mail = self._keep(message, sender, found)
        for what in self._doubts(mail):
            self.mistake(request, what)
        return json_response({"MessageId": f"{mail.number:016x}-sim"})

    def throttled(self) -> Response:
        return _trouble("TooManyRequestsException", "Maximum sending rate exceeded.", 429)

    def server_fault(self) -> Response:
        return _trouble("InternalServiceErrorException", "The service failed.", 500)

    def expire_tokens(self) -> None:
        return

    # ------------------------------------------------------------------ people, and the inbox's own reading

    def backstage_mails(self) -> list[Json]:
        """Every mail in the order it came, without the attachments' content."""
        return [
            {**asdict(mail), "attachments": [_shown(one) for one in mail.attachments]} for mail in self.mails.values()
        ]

    def backstage_read_attachment(self, number: int, index: int = 0) -> Json:
        """What OCR reads in an attachment, and the text that it saw."""
        text = text_of(self.mails[number].attachments[index])
        return {"text": text, **read(text)}

    def backstage_make_bills(self, number: int, **corrections: Any) -> list[Json]:
        """A draft bill for each attachment that can be read, as the inbox makes it; people name what OCR missed.

        `corrections`: `vendor_id` and the fields that OCR fills. A file without a vendor waits for a person and makes
        no bill.
        """
        mail = self.mails[number]
        if self.address not in mail.to:
            return []
        made = []
        for one in mail.attachments[:MOST_ATTACHMENTS]:
            if problem(one):
                continue
            found = {**read(text_of(one)), **corrections}
            vendor = found.get("vendor_id") or self._vendor(str(found.get("vendor_name", "")))
            if not vendor:
                continue
            bill = self.procurify.backstage_add_bill(
                vendor,
                [],
                invoice_number=found.get("invoice_number", "")[:50],
                invoice_date=found.get("invoice_date"),
                due_date=found.get("due_date"),
                status=0,
                invoice_created=True,
            )
            self._bill(bill["uuid"]).attachments = [_attached(one, bill["id"])]
            mail.bills.append(bill["uuid"])
            made.append(bill)
        return made

    def backstage_complete_bill(self, uuid: str, lines: list[Json], status: int = 2, **fields: Any) -> Json:
        """Accounts payable checks a draft, gives it its lines and submits it; approved unless said otherwise."""
        return self.procurify.backstage_edit_bill(uuid, lines=lines, status=status, **fields)

    # ------------------------------------------------------------------ keeping

    def dump(self) -> dict[str, Any]:
        mails = [asdict(mail) for mail in self.mails.values()]
        return {"mails": mails, "mistakes": [asdict(mistake) for mistake in self.our_mistakes]}

    def load(self, state: dict[str, Any]) -> None:
        found = [
            Mail(**{**mail, "attachments": [Attachment(**one) for one in mail["attachments"]]})
            for mail in state["mails"]
        ]
        self.mails = {mail.number: mail for mail in found}
        self.our_mistakes = [OurMistake(**mistake) for mistake in state["mistakes"]]

    # ------------------------------------------------------------------

    def _keep(self, message: EmailMessage, sender: str, to: list[str]) -> Mail:
        body = message.get_body(("plain", "html"))
        attachments = []
        for part in message.iter_attachments():
            data = part.get_payload(decode=True)
            content = base64.b64encode(data if isinstance(data, bytes) else b"").decode()
            attachments.append(Attachment(part.get_filename() or "", part.get_content_type(), content))
        number = len(self.mails) + 1
        self.mails[number] = Mail(
            number=number,
            at=self.clock().isoformat(),
            sender=sender,
            to=to,
            subject=str(message.get("Subject") or ""),
            text=str(body.get_content()) if body else "",
            headers={name: str(value) for name, value in message.items()},
            attachments=attachments,
        )
        return self.mails[number]

    def _doubts(self, mail: Mail) -> list[str]:
        """What a careful sender never does."""
        doubts = [
            f"the mail goes to {address}, which is not the inbox" for address in mail.to if address != self.address
        ]
        if not mail.attachments:
            doubts.append("the mail has no attachment: the inbox makes nothing of it")
        if len(mail.attachments) > MOST_ATTACHMENTS:
            doubts.append(f"more than {MOST_ATTACHMENTS} attachments: the inbox leaves out the rest")
        return doubts + [said for one in mail.attachments if (said := problem(one))]

    def _vendor(self, name: str) -> int:
        """By the exact name: a near-twin is no match for the inbox either."""
        vendors = self.procurify.company.state.vendors.values()
        return next((int(row["id"]) for row in vendors if row["active"] and row["name"] == name), 0)

    def _bill(self, uuid: str) -> Bill:
        bill = self.procurify.company.bill(uuid)
        assert bill is not None
        return bill


def problem(one: Attachment) -> str:
    """Why the inbox does not read a file; "" when it does."""
    if one.type not in KINDS or not one.name.lower().endswith(KINDS[one.type]):
        return f"{one.name or 'a nameless file'} of {one.type} is neither PDF, JPG nor PNG"
    if len(one.data) > LARGEST:
        return f"{one.name} is larger than 25 MB"
    if one.type == "application/pdf" and not one.data.startswith(b"%PDF-"):
        return f"{one.name} is no PDF"
    return ""


def text_of(one: Attachment) -> str:
    """The text of a PDF. A picture is not read here: people name its fields."""
    from pypdf import PdfReader

    if one.type != "application/pdf":
        return ""
    return "\n".join(page.extract_text() for page in PdfReader(BytesIO(one.data)).pages)


def read(text: str) -> dict[str, str]:
    found = {name: re.search(pattern, text, re.IGNORECASE) for name, pattern in LABELS.items()}
    return {name: match[1].strip() for name, match in found.items() if match}


def _shown(one: Attachment) -> Json:
    return {"name": one.name, "type": one.type, "size": len(one.data), "problem": problem(one)}


def _attached(one: Attachment, bill: int) -> Json:
    return {
        "id": bill,
        "uuid": str(uuid5(NAMESPACE, f"attachment/{bill}")),
        "user": ME_ID,
        "file": f"https://files.procurify.example.test/{bill}/{one.name}",
        "name": one.name,
        "mimetype": one.type,
        "length": len(one.data),
        "sha1_hash": hashlib.sha1(one.data).hexdigest(),
    }


def _trouble(kind: str, said: str, status: int = 400) -> Response:
    return json_response({"message": said}, status=status, headers={"x-amzn-ErrorType": kind})
