"""The Web Connector's SOAP: envelopes exactly as its .NET client writes them, and as strictly read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape

from lxml import etree

NAMESPACE = "http://developer.intuit.com/"
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
XSD = "http://www.w3.org/2001/XMLSchema"
AGENT = "Mozilla/4.0 (compatible; MSIE 6.0; MS Web Services Client Protocol 4.0.30319.42000)"
PARSER = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True)
NUMBERS = ("qbXMLMajorVers", "qbXMLMinorVers")


class Broken(Exception):
    """A reply that the client cannot use; the text is what it writes into its log."""


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    headers: dict[str, str]  # names in lower case
    body: bytes


def headers(method: str) -> dict[str, str]:
    return {
        "User-Agent": AGENT,
        "Content-Type": "text/xml; charset=utf-8",
        "SOAPAction": f'"{NAMESPACE}{method}"',
        "Expect": "100-continue",
        "Connection": "Keep-Alive",
    }


def envelope(method: str, values: Sequence[tuple[str, str]], *, rpc: bool = False) -> bytes:
    spaces = f'xmlns:soap="{SOAP}" xmlns:xsi="{XSI}" xmlns:xsd="{XSD}"'
    if rpc:
        spaces = (
            f'xmlns:soap="{SOAP}" xmlns:soapenc="http://schemas.xmlsoap.org/soap/encoding/" '
            f'xmlns:tns="{NAMESPACE}" xmlns:xsi="{XSI}" xmlns:xsd="{XSD}"'
        )
    style = ' soap:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"' if rpc else ""
    inside = "".join(_part(name, value, rpc=rpc) for name, value in values)
    if rpc:
        call = f'<q1:{method} xmlns:q1="{NAMESPACE}">{inside}</q1:{method}>'
    elif values:
        call = f'<{method} xmlns="{NAMESPACE}">{inside}</{method}>'
    else:
        call = f'<{method} xmlns="{NAMESPACE}" />'
    text = f'<?xml version="1.0" encoding="utf-8"?><soap:Envelope {spaces}><soap:Body{style}>{call}</soap:Body>'
    return (text + "</soap:Envelope>").encode()


def _part(name: str, value: str, *, rpc: bool) -> str:
    kind = (' xsi:type="xsd:int"' if name in NUMBERS else ' xsi:type="xsd:string"') if rpc else ""
    return f"<{name}{kind}>{escape(value, {chr(13): '&#xD;'})}</{name}>" if value else f"<{name}{kind} />"


def result(method: str, reply: Reply, *, rpc: bool = False) -> Any:
    """The result element of a reply; `None` when it is missing or nil."""
    kind = reply.headers.get("content-type", "").split(";")[0].strip().lower()
    if reply.status == 500 and kind == "text/xml":
        raise Broken(f"The server answered with a fault: {_fault(reply.body)}")
    if reply.status != 200:
        raise Broken(f"The request failed with HTTP status {reply.status}.")
    if kind != "text/xml":
        raise Broken(f"Client found response content type of '{kind}', but expected 'text/xml'.")
    body = _body(reply.body)
    answer = body[0] if body is not None and len(body) else None
    if answer is None or answer.tag != f"{{{NAMESPACE}}}{method}Response":
        raise Broken(f"There is no {method}Response in the reply.")
    found = answer.find(f"{method}Result" if rpc else f"{{{NAMESPACE}}}{method}Result")
    if found is None and rpc:
        found = answer.find(f"{{{NAMESPACE}}}{method}Result")
    if found is None or found.get(f"{{{XSI}}}nil") in ("true", "1"):
        return None
    return found


def strings(found: Any) -> list[str]:
    """The strings of an array; those of another namespace are not seen."""
    return [] if found is None else [each.text or "" for each in found.findall(f"{{{NAMESPACE}}}string")]


def _body(text: bytes) -> Any:
    try:
        root = etree.fromstring(text, PARSER)
    except etree.XMLSyntaxError as broken:
        raise Broken(f"Response is not well-formed XML: {broken}") from broken
    return root.find(f"{{{SOAP}}}Body")


def _fault(text: bytes) -> str:
    try:
        body = _body(text)
    except Broken:
        return "unreadable"
    return str(body.findtext(".//faultstring", "")) if body is not None else ""
