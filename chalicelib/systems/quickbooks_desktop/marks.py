"""The record mark on what we make: in the memo, which people can read and change, and as the ExternalGUID, which nobody
can change once it is there (sheet 5.2)."""

from __future__ import annotations

import re
from uuid import UUID, uuid5

from chalicelib.systems.quickbooks_desktop import names
from chalicelib.systems.quickbooks_desktop.qwc import OWNER_ID, braced

MOST_MEMO = 4095
_MARK = re.compile(r"\[mlc:[^\[\]\s]+\]")


def guid(mark: str) -> str:
    """Derived from the record mark alone: the same for every attempt."""
    return braced(uuid5(UUID(OWNER_ID), mark))


def memo(text: str, mark: str) -> str:
    """The text with the mark at its end, which survives whatever is cut."""
    return names.marked(text, mark, MOST_MEMO)


def found(memo: str) -> str:
    """The record mark in a memo, "" when it has none."""
    hit = _MARK.search(memo)
    return hit[0] if hit else ""


def is_on(mark: str, *, memo: str, external_guid: str) -> bool:
    return external_guid.upper() == guid(mark) or found(memo) == mark
