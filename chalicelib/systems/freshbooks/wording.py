"""FreshBooks' own sentences as a customer reads them: in plain words."""

from __future__ import annotations

import re

FIELDS = {
    "categoryid": "category",
    "vendorid": "vendor",
    "vendor_name": "vendor's name",
    "billid": "bill",
    "expenseid": "expense",
    "staffid": "member of staff",
    "sub_accountid": "account",
    "accountId": "account",
    "paid_date": "date of the payment",
    "userEnteredDate": "date",
    "user_entered_date": "date",
}
_FIELD = re.compile(r"\b(" + "|".join(sorted(FIELDS, key=len, reverse=True)) + r")\b")
_SNAKE = re.compile(r"\b[a-z]+(?:_[a-z]+)+\b")
_WORD = re.compile(r"(\ban )?(\w{0,40})error", re.IGNORECASE)


def plain_words(detail: str) -> str:
    """Without the vendor's names of fields, and the word that scares."""
    text = _FIELD.sub(lambda found: FIELDS[found[1]], " ".join(detail.split()))
    text = _SNAKE.sub(lambda found: found[0].replace("_", " "), text)
    return _WORD.sub(lambda found: f"{'a ' if found[1] else ''}{found[2]}problem", text).strip()


def inside(title: str) -> str:
    """A title in the middle of a sentence."""
    return title[0].lower() + title[1:] if title.startswith(("The ", "A ")) else title


def shortened(text: str, most: int = 80) -> str:
    line = " ".join(text[: most * 4].split())
    return line if len(line) <= most else line[: most - 1] + "…"
