"""What a refusal itself tells to change in a text: characters that are not taken (2040), or its length (2050).

Names and numbers are never touched: records are found again by them, and under another one they could be there twice.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

from chalicelib.engine.records import Json
from chalicelib.systems.quickbooks_online import names
from chalicelib.systems.quickbooks_online.answers import Fault

CHARACTERS, LENGTH = "2040", "2050"
UNTOUCHED = frozenset({"DisplayName", "DocNumber", "Id", "SyncToken", "value", "DetailType"})
_MOST = re.compile(r"(?:\bMax:|exceeds )(\d{1,6})")
_SUPPLIED = re.compile(r"\bSupplied:(\d{1,7})", re.IGNORECASE)
_MARK = re.compile(r" ?\[mlc:[^\[\]]+\]$")
Change = Callable[[str, str], str]  # of a field and its text


@dataclass(frozen=True, slots=True)
class Mended:
    """`sign` goes into the request id: another body needs another id, the same one for every repeat of it."""

    body: Json
    sign: str


def mended(body: Json, code: str, fault: Fault) -> Mended | None:
    """The body as it may be taken; None where the refusal tells of nothing that can be changed."""
    change: Change = _plain
    sign = "8"  # "0", "1", "8" and "9" are in no attempt key
    if code == LENGTH and (most := _MOST.search(fault.detail)):
        supplied = _SUPPLIED.search(fault.detail)
        change, sign = _shorter(int(most[1]), int(supplied[1]) if supplied else 0, fault.element), "9"
    elif code != CHARACTERS:
        return None
    changed = {name: _within(value, name, change) for name, value in body.items()}
    return Mended(changed, sign) if changed != body else None


def _within(value: object, name: str, change: Change) -> object:
    if isinstance(value, dict):
        return {inner: _within(each, str(inner), change) for inner, each in value.items()}
    if isinstance(value, list):
        return [_within(each, name, change) for each in value]
    return change(name, value) if isinstance(value, str) and name not in UNTOUCHED else value


def _plain(name: str, text: str) -> str:
    """Letters of every script and plain punctuation; what else there is becomes a blank."""
    if all(map(_taken, text)):
        return text
    return re.sub(" {2,}", " ", "".join(char if _taken(char) else _instead(char) for char in text)).strip()


def _instead(char: str) -> str:
    return {"Pd": "-", "Pi": "'", "Pf": "'"}.get(unicodedata.category(char), " ")


def _taken(char: str) -> bool:
    if char.isascii():
        return char.isprintable()
    return ord(char) <= 0xFFFF and (char.isalnum() or unicodedata.category(char)[0] == "M")


def _shorter(most: int, supplied: int, element: str) -> Change:
    field = element.rsplit(".", 1)[-1]

    def shorter(name: str, text: str) -> str:
        meant = len(text) == supplied if supplied else name == field
        if not meant or len(text) <= most:
            return text
        mark = _MARK.search(text)
        end = mark[0] if mark else ""
        return names.cut(text.removesuffix(end), most - len(end)) + end if len(end) < most else text

    return shorter
