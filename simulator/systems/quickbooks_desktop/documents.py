"""Reads a request document as far as QuickBooks' parser does: everything it stumbles over fails the whole set."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from simulator.systems.quickbooks_desktop.answers import PARSE_ERROR, VERSION_ERROR, Hresult, Refused
from simulator.systems.quickbooks_desktop.grammar import check_order, check_values
from simulator.systems.quickbooks_desktop.host import VERSIONS
from simulator.systems.quickbooks_desktop.requests import ITERATED, REQUESTS

Element = Any  # lxml ships no types
PARSER = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True)
SET_ATTRIBUTES = {
    "onError": ("stopOnError", "continueOnError"),
    "responseData": ("includeAll", "includeNone"),
    "newMessageSetID": (),
    "oldMessageSetID": (),
}
ITERATOR = ("Start", "Continue", "Stop")
METADATA = ("NoMetaData", "MetaDataOnly", "MetaDataAndResponseData")
WITHOUT_METADATA = ("HostQueryRq", "CompanyQueryRq", "PreferencesQueryRq")
LONGEST_REQUEST_ID = 50


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, and what is already wrong with it."""

    element: Element
    refusal: Refused | None

    @property
    def name(self) -> str:
        return str(self.element.tag)

    @property
    def is_write(self) -> bool:
        return not self.name.endswith("QueryRq")


@dataclass(frozen=True, slots=True)
class MessageSet:
    stops: bool
    bare: bool  # answers without records
    new_id: str
    old_id: str
    requests: list[Asked] = field(default_factory=list)

    def digest(self) -> str:
        return hashlib.sha256(b"".join(etree.tostring(asked.element) for asked in self.requests)).hexdigest()


def read_document(text: str, *, highest: str) -> MessageSet:
    if not text.startswith("<?xml"):
        raise unreadable("the text does not begin with <?xml")
    if not text.isascii():
        raise unreadable("characters beyond ASCII that are not written as entities")
    if "<!DOCTYPE" in text:
        raise unreadable("a document type")
    try:
        root = etree.fromstring(text.encode("ascii"), PARSER)
    except etree.XMLSyntaxError as broken:
        raise unreadable(f"not XML: {broken}") from broken
    _version(root, highest)
    if root.tag != "QBXML" or root.attrib or len(root) != 1 or root[0].tag != "QBXMLMsgsRq":
        raise unreadable("not <QBXML><QBXMLMsgsRq>")
    messages = root[0]
    _attributes(messages, SET_ATTRIBUTES)
    if "onError" not in messages.attrib:
        raise unreadable("onError is missing")
    if any(text and text.strip() for text in [messages.text, *(each.tail for each in messages)]):
        raise unreadable("text between the requests")
    return MessageSet(
        stops=messages.get("onError") == "stopOnError",
        bare=messages.get("responseData") == "includeNone",
        new_id=messages.get("newMessageSetID", ""),
        old_id=messages.get("oldMessageSetID", ""),
        requests=[_asked(each) for each in messages],
    )


def _version(root: Element, highest: str) -> None:
    """The instruction <?qbxml version="13.0"?> stands once before the root."""
    before = [each for each in root.itersiblings(preceding=True) if getattr(each, "target", "") == "qbxml"]
    if len(before) != 1:
        raise unreadable(f"{len(before)} qbxml instructions before the root")
    version = before[0].get("version", "")
    if version not in VERSIONS[: VERSIONS.index(highest) + 1]:
        raise Hresult(VERSION_ERROR, mistake=f"qbXML {version} is sent to a host that speaks up to {highest}")


def _asked(element: Element) -> Asked:
    name = str(element.tag)
    if name not in REQUESTS:
        raise unreadable(f"the simulated QuickBooks does not know the request {name}")
    allowed: dict[str, tuple[str, ...]] = {"requestID": ()}
    if name.endswith("QueryRq") and name not in WITHOUT_METADATA:
        allowed["metaData"] = METADATA
    if name in ITERATED:
        allowed |= {"iterator": ITERATOR, "iteratorID": ()}
    _attributes(element, allowed)
    if name == "HostQueryRq" and element.text:
        raise unreadable("HostQueryRq may hold nothing at all, not even a space")
    for each in element.iterdescendants():
        _attributes(each, {"defMacro": ()})
    missing = check_order(element)
    wrong = missing or list(check_values(element))
    if len(element.get("requestID", "")) > LONGEST_REQUEST_ID:
        wrong.insert(0, Refused(1060, "The requestID is too long.", mistake="a requestID of more than 50 characters"))
    return Asked(element, wrong[0] if wrong else None)


def _attributes(element: Element, allowed: dict[str, tuple[str, ...]]) -> None:
    for name, value in element.attrib.items():
        if name not in allowed or (allowed[name] and value not in allowed[name]):
            raise unreadable(f'{element.tag} takes no attribute {name}="{value}"')


def unreadable(what: str) -> Hresult:
    return Hresult(PARSE_ERROR, mistake=what)
