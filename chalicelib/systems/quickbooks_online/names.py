"""What QuickBooks Online takes as a name or text (sheet sections 8.1, 15 and 18.1), cut the same way every time."""

from __future__ import annotations

import hashlib
import re
import unicodedata

NAME, COMPANY, DOC_NUMBER, TEXT = 500, 100, 21, 4000
EMAIL, PHONE = 100, 21
_EMAIL = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s,;<>]+")


def name(text: str, most: int = NAME) -> str:
    """Colon, tab and newline are refused in names, emoji everywhere: they become blanks or go.

    A longer one keeps its beginning and ends in a hash of all of it: two companies never come to one name by the cut.
    """
    return _hashed(" ".join(_spoken(text.replace(":", " -")).split()), most)


def text(value: str, most: int = TEXT) -> str:
    """A free text: lines stay, what no bookkeeping program stores goes."""
    return cut(_spoken(value).strip(), most)


def email(value: str) -> str:
    """An address that has the form that is asked for, else ""."""
    plain = value.strip()
    return plain if len(plain) <= EMAIL and _EMAIL.fullmatch(plain) and plain == _spoken(plain) else ""


def phone(value: str) -> str:
    """As it is sent: a longer one without its ornaments, and cut if even that is too long."""
    plain = " ".join(_spoken(value).split())
    return plain if len(plain) <= PHONE else dialled(plain)[:PHONE]


def dialled(value: str) -> str:
    """A phone number without its ornaments: how two spellings of one number are compared."""
    return "".join(char for char in value.casefold() if char.isalnum() or char == "+")


def doc_number(value: str) -> str:
    """At most 21 characters; a longer one keeps its beginning and ends in a hash of all of it."""
    return _hashed(" ".join(_spoken(value).split()), DOC_NUMBER)


def cut(value: str, most: int) -> str:
    return value if len(value) <= most else value[: most - 1].rstrip() + "…"


def _hashed(plain: str, most: int) -> str:
    if len(plain) <= most:
        return plain
    return f"{plain[: most - 5]}~{hashlib.sha256(plain.encode()).hexdigest()[:4]}"


def _spoken(value: str) -> str:
    """Without control, direction and private characters, and without emoji and what joins or paints them."""
    kept = []
    for char in value:
        kind = unicodedata.category(char)
        if char in "\n\t" or (kind[0] != "C" and not _pictures(ord(char), kind)):
            kept.append(char)
    return "".join(kept)


def _pictures(code: int, kind: str) -> bool:
    """Emoji and dingbats; signs such as ® and ㈱ stay, and letters of every script."""
    painted = (code > 0xFFFF and kind[0] not in "LMN") or 0xFE00 <= code <= 0xFE0F or 0x2600 <= code <= 0x27BF
    return painted or kind == "Me" or (kind == "So" and 0x2300 <= code <= 0x2BFF)
