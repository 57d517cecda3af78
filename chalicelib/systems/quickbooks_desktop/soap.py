"""What the Web Connector asks and how it is answered: SOAP 1.1 and 1.2, as sheet section 1 has it from the wire.

`read` never raises: what is not a call of ours comes back as a Fault, the only place where one is used. A business
problem is never a fault (sheet 1.3 rule 5): the conversation answers it with the method's own result.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal
from xml.sax.saxutils import escape

from lxml import etree

from chalicelib.systems.quickbooks_desktop import hardened

NAMESPACE = "http://developer.intuit.com/"
MOST_BYTES = 5 * 1024 * 1024
MOST_ELEMENTS = 200
MOST_DEPTH = 20

Version = Literal["1.1", "1.2"]
Returns = Literal["text", "number", "list"]
ENVELOPES: dict[str, Version] = {
    "http://schemas.xmlsoap.org/soap/envelope/": "1.1",
    "http://www.w3.org/2003/05/soap-envelope": "1.2",
}
MEDIA_TYPES: dict[Version, str] = {"1.1": "text/xml; charset=utf-8", "1.2": "application/soap+xml; charset=utf-8"}


@dataclass(frozen=True, slots=True)
class Method:
    parameters: tuple[str, ...]
    returns: Returns = "text"


METHODS: dict[str, Method] = {
    "serverVersion": Method(("strVersion",)),  # real traffic has no argument; some copies of the contract have this one
    "clientVersion": Method(("strVersion",)),
    "authenticate": Method(("strUserName", "strPassword"), "list"),
    "sendRequestXML": Method(
        ("ticket", "strHCPResponse", "strCompanyFileName", "qbXMLCountry", "qbXMLMajorVers", "qbXMLMinorVers")
    ),
    "receiveResponseXML": Method(("ticket", "response", "hresult", "message"), "number"),
    "connectionError": Method(("ticket", "hresult", "message")),
    "getLastError": Method(("ticket",)),
    "closeConnection": Method(("ticket",)),
    "getInteractiveURL": Method(("wcTicket", "sessionID")),
    "interactiveRejected": Method(("wcTicket", "reason")),
    "interactiveDone": Method(("wcTicket",)),
}
SECRET = "strPassword"  # noqa: S105 -- the name of a parameter


@dataclass(frozen=True, slots=True)
class Call:
    """`args` has every parameter of the method; empty, absent and nil are all ""."""

    method: str
    args: dict[str, str] = field(repr=False)
    version: Version = "1.1"

    def shown(self) -> dict[str, str]:
        """The arguments as they may be kept: without the password."""
        return {name: value for name, value in self.args.items() if name != SECRET}


@dataclass(frozen=True, slots=True)
class Fault:
    """No call of ours; `words` say why."""

    words: str
    version: Version = "1.1"
    code: Literal["Client", "VersionMismatch"] = "Client"

    @property
    def status(self) -> int:
        return 400 if self.version == "1.2" and self.code == "Client" else 500

    def body(self) -> bytes:
        words = escape(_speakable(self.words))
        if self.version == "1.1":
            inner = f"<faultcode>soap:{self.code}</faultcode><faultstring>{words}</faultstring>"
        else:
            code = "Sender" if self.code == "Client" else self.code
            inner = (
                f"<soap:Code><soap:Value>soap:{code}</soap:Value></soap:Code>"
                f'<soap:Reason><soap:Text xml:lang="en">{words}</soap:Text></soap:Reason>'
            )
        return _envelope(f"<soap:Fault>{inner}</soap:Fault>", self.version)


def read(body: bytes, content_type: str, *, action: str = "") -> Call | Fault:
    """The call in `body`. `action` is the SOAPAction header, which names the method where the body has none."""
    guess: Version = "1.2" if "soap+xml" in content_type.lower() else "1.1"
    try:
        _check_outside(body, content_type)
        return _call(_parse(body), action)
    except _Refusal as refusal:
        return Fault(refusal.words, refusal.version or guess, refusal.code)


def answer(call: Call, result: str | int | Sequence[str]) -> bytes:
    """The result in the form that the method wants; the element is always there, with empty text if need be."""
    returns = METHODS[call.method].returns
    match returns, result:
        case ("list", [*texts]):
            inner = "".join(f"<string>{_text(text)}</string>" for text in texts)
        case ("number", int()):
            inner = str(int(result))
        case ("text", str()):
            inner = _text(result)
        case _:
            raise TypeError(f"{call.method} answers a {returns}, not {type(result).__name__}")
    name = call.method
    return _envelope(
        f'<{name}Response xmlns="{NAMESPACE}"><{name}Result>{inner}</{name}Result></{name}Response>', call.version
    )


# ---------------------------------------------------------------------------------------------- reading

_DECLARED = re.compile(rb"<\?xml[^>]*?\bencoding\s*=\s*[\"']([^\"'>]*)[\"']")
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([^\s;\"']+)", re.IGNORECASE)
_LONG_TAG = re.compile(rb"<[^<>]{65536}")  # so many attributes, of which libxml2 makes twenty times their size
_UTF8 = {"utf-8", "utf8", "us-ascii", "ascii"}
_TAKEN = {"", "text/xml", "application/soap+xml", "application/xml"}


class _Refusal(Exception):
    def __init__(
        self, words: str, version: Version | None = None, code: Literal["Client", "VersionMismatch"] = "Client"
    ) -> None:
        super().__init__(words)
        self.words, self.version, self.code = words, version, code


def _check_outside(body: bytes, content_type: str) -> None:
    """What can be refused before anything is parsed."""
    if len(body) > MOST_BYTES:
        raise _Refusal(f"The message is larger than {MOST_BYTES // 1024 // 1024} MB. Ask QuickBooks for smaller pages.")
    if _LONG_TAG.search(body):
        raise _Refusal("The message has a tag of more than 64 KB.")
    if content_type.partition(";")[0].strip().lower() not in _TAKEN:
        raise _Refusal("The content type must be text/xml (SOAP 1.1) or application/soap+xml (SOAP 1.2).")
    charset = _CHARSET.search(content_type)
    declared = _DECLARED.match(body.removeprefix(codecs.BOM_UTF8)[:200])
    named = [charset[1] if charset else "utf-8", declared[1].decode("ascii", "replace") if declared else "utf-8"]
    if any(name.lower() not in _UTF8 for name in named):
        raise _Refusal("The message must be encoded in UTF-8.")


def _parse(body: bytes) -> etree._Element:
    """The envelope. No DTD, no entities, no network; bounded in depth and in elements; UTF-8 alone."""
    plain = body.removeprefix(codecs.BOM_UTF8)
    if hardened.declares_a_type(plain):
        raise _Refusal("A document type declaration is not taken.")
    parser = hardened.parser(("start", "end"), encoding="utf-8")
    try:
        _feed(parser, plain)
        return parser.close()
    except (etree.LxmlError, ValueError):
        raise _Refusal("The message is not well-formed XML in UTF-8, or is cut off.") from None


def _feed(parser: etree.XMLPullParser, body: bytes) -> None:
    depth = elements = 0
    for at in range(0, len(body), hardened.CHUNK):
        parser.feed(body[at : at + hardened.CHUNK])
        for event, _ in parser.read_events():
            depth += 1 if event == "start" else -1
            elements += event == "start"
            if depth > MOST_DEPTH or elements > MOST_ELEMENTS:
                raise _Refusal("The message has more elements, or deeper ones, than a call of the Web Connector.")


def _call(root: etree._Element, action: str) -> Call:
    name = etree.QName(root)
    version = ENVELOPES.get(name.namespace or "")
    if name.localname != "Envelope":
        raise _Refusal("The message is no SOAP envelope.")
    if version is None:
        raise _Refusal("The envelope is neither SOAP 1.1 nor SOAP 1.2.", code="VersionMismatch")
    body = root.find(f"{{{name.namespace}}}Body")
    if body is None:
        raise _Refusal("The envelope has no body.", version)
    asked = next(iter(body), None)
    method = _method_of(asked) if asked is not None else action.strip().strip('"').rpartition("/")[2]
    if method not in METHODS:
        raise _Refusal(f"There is no method {method[:60]!r} here.", version)
    given = dict(_parameters(asked, version)) if asked is not None else {}
    return Call(method, {parameter: given.get(parameter, "") for parameter in METHODS[method].parameters}, version)


def _method_of(asked: etree._Element) -> str:
    """The local name: any prefix will do, and none (sheet 1.3 rules 1 and 2); another namespace is another service."""
    name = etree.QName(asked)
    known = (name.namespace or NAMESPACE).rstrip("/") == NAMESPACE.rstrip("/")
    return name.localname if known else str(asked.tag)


def _parameters(asked: etree._Element, version: Version) -> Iterator[tuple[str, str]]:
    seen: set[str] = set()
    for child in asked:
        name = etree.QName(child).localname
        if len(child):
            raise _Refusal(f"The parameter {name[:60]} must be text.", version)
        if name in seen:
            raise _Refusal(f"The parameter {name[:60]} is given twice.", version)
        seen.add(name)
        yield name, child.text or ""


# ---------------------------------------------------------------------------------------------- answering

_UNSPEAKABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")


def _envelope(inner: str, version: Version) -> bytes:
    namespace = next(uri for uri, known in ENVELOPES.items() if known == version)
    text = (
        '<?xml version="1.0" encoding="utf-8"?>'
        f'<soap:Envelope xmlns:soap="{namespace}"><soap:Body>{inner}</soap:Body></soap:Envelope>'
    )
    return text.encode("ascii", "xmlcharrefreplace")


def _text(value: str) -> str:
    """Escaped once; a carriage return as an entity, or a parser would make a line feed of it."""
    return escape(_speakable(value), {"\r": "&#13;"})


def _speakable(value: str) -> str:
    """Without the characters that XML 1.0 cannot carry at all."""
    return _UNSPEAKABLE.sub("", value)
