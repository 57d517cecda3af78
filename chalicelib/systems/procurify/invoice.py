"""The PDF of a bill, for an inbox that reads files: the fields that OCR looks for, each on a line of its own.

The same bill gives the same bytes. The fonts are those that every reader has, which show Western letters only.
"""

from __future__ import annotations

import io
import textwrap
from collections.abc import Mapping, Sequence

from chalicelib.engine.errors import Held
from chalicelib.engine.records import Json

WIDTH, HEIGHT, EDGE = 612, 792, 56  # US letter, in points
SIZE, LEADING = 11, 15
COLUMNS = 88  # characters of a line at this size
LINES = (HEIGHT - 2 * EDGE) // LEADING
READ = (  # what OCR fills in (sheet section 4.2), as labels that it knows
    ("Invoice number", "label"),
    ("PO number", "po_number"),
    ("Vendor", "vendor_name"),
    ("Invoice date", "date"),
    ("Due date", "due_date"),
)


def pdf(bill: Mapping[str, object], *, total: str, currency: str) -> bytes:
    """Raises Held for a field that OCR reads and these fonts cannot show."""
    import pydyf

    document = pydyf.PDF()
    font = pydyf.Dictionary({"Type": "/Font", "Subtype": "/Type1", "BaseFont": "/Helvetica"})
    font["Encoding"] = "/WinAnsiEncoding"
    document.add_object(font)
    text = _text(bill, total=total, currency=currency)
    for begin in range(0, len(text), LINES):
        stream = pydyf.Stream()
        stream.begin_text()
        stream.set_font_size("F1", SIZE)
        stream.set_text_matrix(1, 0, 0, 1, EDGE, HEIGHT - EDGE)
        for line in text[begin : begin + LINES]:
            stream.show_text_string(line.encode("cp1252", "replace"))
            stream.move_text_to(0, -LEADING)
        stream.end_text()
        document.add_object(stream)
        page = pydyf.Dictionary({"Type": "/Page", "Parent": document.pages.reference, "Contents": stream.reference})
        page["MediaBox"] = pydyf.Array([0, 0, WIDTH, HEIGHT])
        fonts = pydyf.Dictionary({"F1": font.reference})
        page["Resources"] = pydyf.Dictionary({"Font": fonts})
        document.add_page(page)
    out = io.BytesIO()
    document.write(out)
    return out.getvalue()


def _text(bill: Mapping[str, object], *, total: str, currency: str) -> list[str]:
    fields = [(label, " ".join(str(bill[name]).split())) for label, name in READ if bill.get(name)]
    for label, value in fields:
        _shown(label, value, title=f"Bill {bill.get('label')} of {bill.get('vendor_name')}")
    listed = bill.get("lines")
    lines: Sequence[Json] = listed if isinstance(listed, list) else []
    text = ["INVOICE", "", *(f"{label}: {value}" for label, value in fields), f"Currency: {currency}", ""]
    for line in lines:
        wrapped = textwrap.wrap(" ".join(str(line["description"]).split()), COLUMNS - 20) or ["-"]
        text += [*wrapped[:-1], f"{wrapped[-1]}   {line['amount']}"]
    return [*text, "", f"Total: {total} {currency}"]


def _shown(label: str, value: str, *, title: str) -> None:
    try:
        value.encode("cp1252")
    except UnicodeEncodeError as beyond:
        odd = value[beyond.start]
        raise Held(
            "bad_characters",
            f'{title} cannot be mailed: the file that we make shows no "{odd}", which stands in its {label.lower()}.',
            cause=f"{label.lower()} {value}"[:120],
            fix="Send the bill's own file to the AP inbox, or enter the bill in Procurify by hand; then link the "
            "record to it.",
        ) from None
