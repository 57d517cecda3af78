"""XML from outside: no DTD, no entities, no network, nothing huge, and never more than a chunk ahead of the reader."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lxml import etree

CHUNK = 65536
_PROLOG = r"(?:\s+|<\?.*?\?>|<!--.*?-->)*+"
_OF_BYTES = re.compile(_PROLOG.encode(), re.DOTALL)
_OF_TEXT = re.compile(_PROLOG, re.DOTALL)


def parser(events: Sequence[str], *, encoding: str, tag: Sequence[str] | None = None) -> etree.XMLPullParser:
    """A parser that is fed in chunks; `encoding` overrules what the document says of itself."""
    return etree.XMLPullParser(
        events,
        tag=tag,
        encoding=encoding,
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
        collect_ids=False,
    )


def declares_a_type(document: bytes | str) -> bool:
    """Whether a DOCTYPE stands before the root: nothing honest has one here, and entities are made in it."""
    if isinstance(document, str):
        start = _OF_TEXT.match(document)
        return bool(start) and document.startswith("<!", start.end() if start else 0)
    begin = _OF_BYTES.match(document)
    return bool(begin) and document.startswith(b"<!", begin.end() if begin else 0)
