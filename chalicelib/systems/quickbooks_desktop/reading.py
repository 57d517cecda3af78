"""Reading a response as it streams by: what was asked, how it went, and its rows, one at a time.

A row counts only once the whole document has been read: one that is cut off raises Malformed at its end. `whole` waits
for that; who walks through `stream` keeps nothing for good before it ends.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lxml import etree

from chalicelib.systems.quickbooks_desktop import hardened, returned
from chalicelib.systems.quickbooks_desktop.kinds import Unfit
from chalicelib.systems.quickbooks_desktop.qbxml import REQUESTS
from chalicelib.systems.quickbooks_desktop.rows import Row
from chalicelib.systems.quickbooks_desktop.shapes import Shape

ENCODINGS = {"utf-8", "us-ascii", "windows-1252", "iso-8859-1"}
SET = "QBXMLMsgsRs"
ANSWERS = frozenset(f"{name.removesuffix('Rq')}Rs" for name in REQUESTS)


class Malformed(Exception):
    """The response is no whole qbXML document: nothing in it counts."""


@dataclass(frozen=True, slots=True)
class MessageSet:
    """The set as a whole: its id, and what became of its recovery (sheet 5.1); None where nothing is said."""

    set_id: str = ""
    code: int | None = None


@dataclass(frozen=True, slots=True)
class Status:
    """How one request went; its rows follow. `code` None: it could not be read."""

    name: str
    request_id: str = ""
    code: int | None = None
    severity: str = ""
    message: str = ""
    count: int | None = None
    iterator: str = ""
    remaining: int | None = None


@dataclass(frozen=True, slots=True)
class Unread:
    """A row that does not look as QuickBooks describes it: `field` is the path, `why` what is wrong with it."""

    kind: str
    id: str
    field: str
    why: str

    @property
    def says(self) -> str:
        return f"{self.kind} {self.id or '(without an id)'} could not be read from QuickBooks: {self.field} {self.why}."


@dataclass(frozen=True, slots=True)
class Reply:
    """One request's answer in full."""

    status: Status
    rows: tuple[Row, ...] = ()
    unread: tuple[Unread, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    message_set: MessageSet
    replies: tuple[Reply, ...]

    def to(self, request_id: str) -> Reply | None:
        """By its id, never by its place (sheet 2.1)."""
        return next((reply for reply in self.replies if reply.status.request_id == request_id), None)


Part = MessageSet | Status | Row | Unread


def whole(document: str | bytes, *, sweep: bool = False) -> Answer:
    """All of a response. Raises Malformed."""
    message_set = MessageSet()
    found: list[tuple[Status, list[Row], list[Unread]]] = []
    for part in stream(document, sweep=sweep):
        match part:
            case MessageSet():
                message_set = part
            case Status():
                found.append((part, [], []))
            case Unread():
                found[-1][2].append(part)
            case _:
                found[-1][1].append(part)
    return Answer(message_set, tuple(Reply(status, tuple(rows), tuple(unread)) for status, rows, unread in found))


def stream(document: str | bytes, *, sweep: bool = False) -> Iterator[Part]:
    """The set, then each Status with its rows after it. With `sweep`, transactions are read as Seen.

    Raises Malformed, at the latest at the end.
    """
    if hardened.declares_a_type(document):
        raise Malformed("The response has a document type declaration.")
    shapes = returned.SWEEP if sweep else returned.ROWS
    walk = _Walk(shapes)
    try:
        parser = hardened.parser(("start", "end"), encoding=_encoding(document), tag=("QBXML", SET, *ANSWERS, *shapes))
        for chunk in _chunks(document):
            parser.feed(chunk)
            yield from walk.parts(parser)
        root = parser.close()
        yield from walk.parts(parser)
    except (etree.LxmlError, ValueError) as bad:
        raise Malformed(f"The response is no whole XML document: {bad}") from None
    if root.tag != "QBXML" or not walk.has_set:
        raise Malformed("The response is no qbXML.")


class _Walk:
    """Where the parser is; elements are let go of as soon as they are read."""

    def __init__(self, shapes: dict[str, Shape]) -> None:
        self.shapes = shapes
        self.answer: Any = None
        self.has_set = False

    def parts(self, parser: etree.XMLPullParser) -> Iterator[Part]:
        shapes = self.shapes
        for event, element in parser.read_events():
            tag = element.tag
            if tag in shapes:
                if event == "end" and self.answer is not None and element.getparent() is self.answer:
                    yield _row(shapes[tag], element)
                    _forget(element)
            elif event == "start":
                yield from self._begun(tag, element)
            elif tag in ANSWERS:
                yield from self._ended(tag, element)
            elif tag == SET:
                yield from (_status(each) for each in element if each.tag not in ANSWERS)

    def _begun(self, tag: str, element: etree._Element) -> Iterator[Part]:
        if tag == SET:
            self.has_set = True
            yield MessageSet(element.get("newMessageSetID", ""), _whole(element.get("messageSetStatusCode")))
        elif tag in ANSWERS:
            self.answer = element
            yield _status(element)

    def _ended(self, tag: str, element: etree._Element) -> Iterator[Part]:
        shape = returned.ANSWERS.get(tag)
        if shape is not None and element.get("statusCode") == "0":
            yield _row(shape, element)
        self.answer = None
        _forget(element)


def _row(shape: Shape, element: etree._Element) -> Row | Unread:
    try:
        row: Row = shape.read(element)
        return row
    except Unfit as unfit:
        found = element.findtext("TxnID") or element.findtext("ListID") or ""
        return Unread(element.tag.removesuffix("Ret"), found, unfit.field, unfit.why)


def _forget(element: etree._Element) -> None:
    """Drop what stands before it, except answers that we do not know: `_Walk` still tells of them.

    Not the element itself: the parser may not be done with what follows it.
    """
    parent = element.getparent()
    while (before := element.getprevious()) is not None and (parent.tag != SET or before.tag in ANSWERS):
        parent.remove(before)


def _status(element: etree._Element) -> Status:
    severity = element.get("statusSeverity", "")
    return Status(
        element.tag,
        element.get("requestID", ""),
        _whole(element.get("statusCode")),
        "Warn" if severity == "Warning" else severity,
        element.get("statusMessage", ""),
        _whole(element.get("retCount")),
        element.get("iteratorID", ""),
        _whole(element.get("iteratorRemainingCount")),
    )


def _whole(text: str | None) -> int | None:
    return int(text) if text and re.fullmatch(r"-?\d{1,9}", text, re.ASCII) else None


# ---------------------------------------------------------------------------------------------- bytes and characters

_DECLARED = re.compile(rb"<\?xml[^>]*?\bencoding\s*=\s*[\"']([^\"'>]*)[\"']")
_DECLARATION = re.compile(r"\s*<\?xml\s[^>]*\?>")
# Entities of characters that XML 1.0 has not: stored by old imports, they would cost a whole page for ever.
_ILLEGAL = r"&#(?:0*(?:[0-8]|1[124-9]|2\d|3[01])|x0*(?:[0-8bBcCeEfF]|1[0-9a-fA-F]));"
_ILLEGAL_TEXT = re.compile(_ILLEGAL)
_ILLEGAL_BYTES = re.compile(_ILLEGAL.encode())


def _encoding(document: str | bytes) -> str:
    """What the document declares; undeclared and not UTF-8, it is Windows-1252 (sheet 2.3)."""
    if isinstance(document, str):
        return "utf-8"
    declared = _DECLARED.match(document.removeprefix(codecs.BOM_UTF8)[:200])
    if declared:
        named = declared[1].decode("ascii", "replace").lower()
        if named not in ENCODINGS:
            raise ValueError(f"its encoding is {named[:40]!r}")
        return named
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for at in range(0, len(document), hardened.CHUNK):
            decoder.decode(document[at : at + hardened.CHUNK])
    except UnicodeDecodeError:
        return "windows-1252"
    return "utf-8"


def _chunks(document: str | bytes) -> Iterator[bytes]:
    """Text has no encoding any more, whatever its declaration says: that is left out."""
    if isinstance(document, bytes):
        plain = _ILLEGAL_BYTES.sub(b"", document.removeprefix(codecs.BOM_UTF8))
        yield from (plain[at : at + hardened.CHUNK] for at in range(0, len(plain), hardened.CHUNK))
        return
    text = _ILLEGAL_TEXT.sub("", document.removeprefix("\ufeff"))
    start = found.end() if (found := _DECLARATION.match(text)) else 0
    for at in range(start, len(text), hardened.CHUNK):
        yield text[at : at + hardened.CHUNK].encode("utf-8", "replace")
