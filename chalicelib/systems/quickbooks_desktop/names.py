"""What QuickBooks Desktop takes as a name or text (sheet 2.3): Windows-1252, cut the same way every time."""

from __future__ import annotations

import hashlib
import re
import unicodedata

HASH = 4
# Letters that have no plain letter inside, as Unicode sees it, and signs that people type.
_SPELLED = str.maketrans(
    {
        "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ħ": "h", "Ħ": "H", "ŧ": "t", "Ŧ": "T", "ŋ": "n", "Ŋ": "N", "ə": "e",
        "Ə": "E", "\u0131": "i",
        **dict.fromkeys("\u2010\u2011\u2012\u2015\u2212", "-"),
        **dict.fromkeys("\u2044\u2215", "/"),
        **dict.fromkeys("\u201b\u2032", "'"),
        **dict.fromkeys("\u2028\u2029", "\n"),
        "\u2033": '"',
    }
)  # fmt: skip
_BLANKS = re.compile(r"[^\S\n]+")


def name(value: str, most: int) -> str:
    """A name in a list: one line, and no colon, which parts a name from its parent's."""
    return _short(line(value).replace(":", "-"), value, most)


def number(value: str, most: int) -> str:
    """A document's number: one line."""
    return _short(line(value), value, most)


def _short(plain: str, given: str, most: int) -> str:
    """Where letters are cut or lost, it ends in a hash of all that was given; "" where no letter or digit is left.

    Two that begin alike stay apart so, and each is written alike every time.
    """
    if not any(char.isalnum() for char in plain):
        return ""
    if len(plain) <= most and plain.count("?") == given.count("?"):
        return plain
    whole = unicodedata.normalize("NFC", " ".join(given.split()))
    digest = hashlib.sha256(whole.encode("utf-8", "replace")).hexdigest()[:HASH]
    return f"{plain[: most - HASH - 1].rstrip()}~{digest}"


def text(value: str, most: int) -> str:
    """A free text: its lines stay; a long one is cut and says so."""
    lines = (_BLANKS.sub(" ", each).strip() for each in spoken(value).split("\n"))
    return cut("\n".join(lines).strip(), most)


def marked(value: str, mark: str, most: int) -> str:
    """A text that ends in our mark, which survives whatever is cut."""
    return f"{text(value, most - len(mark) - 1)} {mark}".strip()


def line(value: str) -> str:
    """One line without needless blanks: QuickBooks drops those at the end, and the name would not be found again."""
    return " ".join(spoken(value).split())


def cut(value: str, most: int) -> str:
    if len(value) <= most:
        return value
    return value[:most].rstrip() if most < 40 else value[: most - 3].rstrip() + "..."


def phone(value: str, most: int) -> str:
    """As it is written; a longer one without its ornaments, and cut if even that is too long."""
    plain = line(value)
    return plain if len(plain) <= most else "".join(char for char in plain if char.isalnum() or char == "+")[:most]


def spoken(value: str) -> str:
    """In the characters that QuickBooks stores: marks are stripped from letters, what is left over becomes "?"."""
    if value.isascii() and value.isprintable():
        return value
    plain = unicodedata.normalize("NFC", value.replace("\r\n", "\n").replace("\r", "\n")).translate(_SPELLED)
    return "".join(char if " " <= char <= "~" else _stored(char) for char in plain)


def lost(value: str) -> str:
    """The characters that `spoken` cannot keep as they are: for the record's trail. "" if all is kept."""
    plain = unicodedata.normalize("NFC", value)
    return "".join(sorted({char for char in plain if not char.isspace() and spoken(char) != char}))


def _stored(char: str) -> str:
    kind = unicodedata.category(char)
    if char == "\n":
        return char
    if kind[0] == "Z" or char in "\t\v\f":
        return " "
    if kind[0] == "C":  # controls, directions, private characters, halves of characters
        return ""
    if _is_windows_1252(char):
        return char
    decomposed = "".join(each for each in unicodedata.normalize("NFKD", char) if unicodedata.category(each)[0] != "M")
    if decomposed and all(" " <= each <= "~" or _is_windows_1252(each) for each in decomposed):
        return decomposed
    return "" if kind[0] == "M" else "?"


def _is_windows_1252(char: str) -> bool:
    try:
        return bool(char.encode("cp1252"))
    except UnicodeEncodeError:
        return False
