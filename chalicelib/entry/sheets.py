"""Lists as CSV for spreadsheets.

A spreadsheet takes what begins with = + - or @ for a formula. Such a text is written with an apostrophe before it, and
a text that begins with an apostrophe too, so that reading takes exactly one away. Numbers stay numbers.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence

FORMULA = ("=", "+", "-", "@", "'", "\t", "\r", "\n")


def text(columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> str:
    """A header and a row each; what a row has beside the columns is left out."""
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, restval="", extrasaction="ignore")
    writer.writeheader()
    writer.writerows({name: _safe(str(value)) for name, value in row.items()} for row in rows)
    return out.getvalue()


def _safe(cell: str) -> str:
    number = cell.isascii() and cell.removeprefix("-").replace(".", "", 1).isdecimal()
    return f"'{cell}" if cell.startswith(FORMULA) and not number else cell
