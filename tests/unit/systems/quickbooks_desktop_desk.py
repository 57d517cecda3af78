"""What the tests of QuickBooks Desktop share: the contract, the schema and the samples beside the project, if there."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from lxml import etree

from chalicelib.systems.quickbooks_desktop.soap import NAMESPACE

SHEET = Path(__file__).parents[3].parent / "shared" / "reference" / "quickbooks-desktop.md"
DATA = SHEET.parent / "qbd"
needs_sheet = pytest.mark.skipif(not SHEET.exists(), reason="the vendor's sheet is not beside the project")
needs_data = pytest.mark.skipif(not DATA.exists(), reason="the vendor's schema and samples are not beside the project")

SOAP11 = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP12 = "http://www.w3.org/2003/05/soap-envelope"
TEXT_XML = "text/xml; charset=utf-8"


def envelope(inner: str, *, namespace: str = SOAP11) -> bytes:
    return (
        f'<?xml version="1.0" encoding="utf-8"?><soap:Envelope xmlns:soap="{namespace}"><soap:Body>{inner}</soap:Body>'
        "</soap:Envelope>"
    ).encode()


def call(method: str, **arguments: str) -> bytes:
    inner = "".join(f"<{name}>{value}</{name}>" for name, value in arguments.items())
    return envelope(f'<{method} xmlns="{NAMESPACE}">{inner}</{method}>')


def response(inner: str, *, name: str = "BillQueryRs", attributes: str = "") -> str:
    head = 'requestID="1" statusCode="0" statusSeverity="Info" statusMessage="Status OK"'
    return (
        f'<?xml version="1.0" ?><QBXML><QBXMLMsgsRs><{name} {head} {attributes}>{inner}</{name}></QBXMLMsgsRs></QBXML>'
    )


def samples(folder: str) -> list[Path]:
    """Empty where the samples are absent: the tests over them then say why they are skipped."""
    return sorted((DATA / "samples").glob(folder))


@cache
def schema() -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(DATA / "xsd" / "qbxmlops130.xsd"))


def complaints(text: str) -> list[str]:
    """What the vendor's schema has against a message."""
    document = etree.fromstring(text.encode("ascii"))
    found = schema()
    return [] if found.validate(document) else [str(each) for each in found.error_log]
