"""FreshBooks' webhooks: whether one is theirs, and what it points to (sheet section 10).

They are forms that carry ids only. What is signed is not the body but the form as JSON, in the order of its fields and
with the very blanks of another language's writer.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from urllib.parse import parse_qsl

from chalicelib.engine.hints import Handshake, Hint, Told

SIGNATURE = "x-freshbooks-hmac-sha256"
VERIFY = "callback.verify"
KINDS = {"bill": "bill", "bill_vendor": "vendor", "bill_payment": "bill_payment"}
VERBS = frozenset({"create", "update", "delete"})
ID = re.compile(r"[0-9]{1,20}", re.ASCII)
ACCOUNT = re.compile(r"[A-Za-z0-9]{1,40}", re.ASCII)
CODE = re.compile(r"[!-~]{1,200}")
MOST_FIELDS = 100


def is_theirs(headers: Mapping[str, str], body: bytes, verifier: str) -> bool:
    """Header names are lower-case."""
    fields = _fields(body)
    if fields is None:
        return False
    made = base64.b64encode(hmac.new(verifier.encode(), signed(fields).encode(), hashlib.sha256).digest())
    return hmac.compare_digest(made, headers.get(SIGNATURE, "").encode())


def signed(fields: Mapping[str, str]) -> str:
    """Every value a text, the order kept, what is not ASCII escaped: json.dumps as it is."""
    return json.dumps(dict(fields))


def read(body: bytes) -> Told:
    """What it points to; whatever does not look as described is named instead of guessed at. Never raises."""
    fields = _fields(body)
    if fields is None:
        return Told(odd=("it is no form",))
    noun, _, verb = fields.get("name", "").rpartition(".")
    account, source_id = fields.get("account_id", ""), fields.get("object_id", "")
    if not noun or not ACCOUNT.fullmatch(account) or not ID.fullmatch(source_id):
        return Told(odd=(f"an event {fields.get('name', '')[:60] or 'without a name'} without its account or its id",))
    kind = KINDS.get(noun)
    if kind is None:
        return Told()  # of what we do not read
    if verb not in VERBS:
        return Told(odd=(f"the operation {verb[:60]} of {noun}",))
    # Two changes of one record look the same, so that nothing tells a repeat from news.
    return Told(hints=(Hint(company=account, kind=kind, id=source_id, event="", is_gone=verb == "delete"),))


def handshake(body: bytes) -> Handshake | None:
    fields = _fields(body) or {}
    id_, code = fields.get("object_id", ""), fields.get("verifier", "")
    if fields.get("name") != VERIFY or not ID.fullmatch(id_) or not CODE.fullmatch(code):
        return None
    return Handshake(id=id_, code=code)


def _fields(body: bytes) -> dict[str, str] | None:
    """None for what is no form, or names a field twice: nobody could say which of both is meant."""
    try:
        pairs = parse_qsl(body.decode("utf-8"), keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS)
    except ValueError:
        return None
    fields = dict(pairs)
    return fields if fields and len(fields) == len(pairs) else None
