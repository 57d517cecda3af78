"""Hostile bodies at the Web Connector's door: refused in SOAP's own form, fast, in little memory, and never a raise."""

from __future__ import annotations

import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from chalicelib.systems.quickbooks_desktop import reading, soap
from chalicelib.systems.quickbooks_desktop.soap import MOST_BYTES, Call, Fault
from tests.unit.systems.quickbooks_desktop_desk import SOAP11, SOAP12, TEXT_XML, call, envelope, response

ROOT = Path(__file__).parents[2]
BODY = call("authenticate", strUserName="u", strPassword="é &amp; p")
SECONDS = 2.0
MOST_MEMORY = 12 * 1024 * 1024  # the largest body that is taken, its text, and a chunk ahead


def refused(body: bytes, content_type: str = TEXT_XML, action: str = "") -> Fault:
    found = soap.read(body, content_type, action=action)
    assert isinstance(found, Fault), found
    root = etree.fromstring(found.body())
    assert root[0][0].tag.endswith("}Fault")
    assert found.status in (400, 500)
    assert found.words
    assert "error" not in found.words.lower()
    return found


# ---------------------------------------------------------------------------------------------- cut and broken


def test_a_body_cut_anywhere_is_refused() -> None:
    for end in range(len(BODY)):
        refused(BODY[:end])


def test_a_body_with_a_byte_changed_anywhere_is_a_call_or_a_refusal() -> None:
    for at in range(len(BODY)):
        for byte in (0x00, 0x26, 0x3C, 0x80, 0xFF):
            assert isinstance(soap.read(BODY[:at] + bytes([byte]) + BODY[at + 1 :], TEXT_XML), Call | Fault)


@given(st.binary(max_size=300), st.text(max_size=40))
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_refused(body: bytes, content_type: str) -> None:
    refused(body, content_type)


@pytest.mark.parametrize(
    "body",
    [
        b"", b" ", b"\x00", b"null", b"{}", b"<", b"<a/>", b"<html><body>x</body></html>", BODY + BODY, BODY + b"x",
        b"\xef\xbb\xbf", b" " + BODY, envelope("</x>"), envelope("&nbsp;"),
        envelope("<getLastError>&#0;</getLastError>"),
        envelope("<getLastError><ticket>\x01</ticket></getLastError>"),
        b'<?xml version="1.0"?><soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"/>',
        envelope("just text"),
    ],
)  # fmt: skip
def test_what_is_no_call_is_refused(body: bytes) -> None:
    refused(body)


# ---------------------------------------------------------------------------------------------- bombs


def with_doctype(subset: str, inner: str = "&a;") -> bytes:
    body = call("authenticate", strUserName=inner, strPassword="p").decode()
    declaration, rest = body.split("?>", 1)
    return f"{declaration}?><!DOCTYPE soap:Envelope {subset}>{rest}".encode()


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
BOMBS: dict[str, Callable[[], bytes]] = {
    "a plain document type": lambda: with_doctype("", "u"),
    "a comment before the document type": lambda: with_doctype("", "u").replace(
        b"<!DOC", b"<!-- <x> --> <?pi x?><!DOC"
    ),
    "an external subset": lambda: with_doctype('SYSTEM "http://127.0.0.1:1/x.dtd"', "u"),
    "an external entity": lambda: with_doctype('[<!ENTITY a SYSTEM "file:///etc/passwd">]'),
    "a parameter entity": lambda: with_doctype('[<!ENTITY % a SYSTEM "file:///etc/passwd"> %a;]', "u"),
    "a billion laughs": lambda: with_doctype(f'[<!ENTITY l0 "ha">{LAUGHS}]', "&l9;"),
    "a billion laughs in an attribute": lambda: with_doctype(f'[<!ENTITY l0 "ha">{LAUGHS}]', '<x y="&l9;"/>'),
    "a quadratic blow-up": lambda: with_doctype(f'[<!ENTITY a "{"x" * 50_000}">]', "&a;" * 50_000),
    "entities without a declaration": lambda: call("authenticate", strUserName="&a;" * 1000),
    "deep nesting": lambda: envelope("<a>" * 100_000 + "</a>" * 100_000),
    "deep nesting that never ends": lambda: envelope("")[:-30] + b"<a>" * 1_000_000,
    "a million elements": lambda: envelope("<a/>" * 1_000_000),
    "a million comments before the root": lambda: b"<!---->" * 700_000 + b"<!DOCTYPE a><a/>",
    "a million blanks and no end": lambda: b"<?xml version='1.0'?>" + b" " * 5_000_000,
    "half a million attributes": lambda: envelope("<a " + " ".join(f"b{n}=''" for n in range(300_000)) + "/>"),
    "a million namespaces": lambda: envelope("".join(f'<a xmlns:n{n}="u:{n}"/>' for n in range(150_000))),
    "a name of five megabytes": lambda: b"<" + b"a" * (MOST_BYTES - 3) + b"/>",
    "one byte too many": lambda: BODY + b" " * (MOST_BYTES + 1 - len(BODY)),
    "fifty megabytes": lambda: BODY + b" " * 50_000_000,
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_fast_and_in_little_memory(name: str) -> None:
    body = BOMBS[name]()
    tracemalloc.start()
    begun = time.process_time()
    refused(body)
    spent = time.process_time() - begun
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert spent < SECONDS
    assert peak < MOST_MEMORY


def test_what_the_parser_itself_takes_is_bounded_too() -> None:
    """tracemalloc does not see libxml2: a process of its own does."""
    grown = subprocess.run(
        [sys.executable, "-c", GROWTH],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert float(grown.stdout) < MOST_MEMORY


GROWTH = """
from resource import RUSAGE_SELF, getrusage
from tests.security.test_quickbooks_desktop_soap import BODY, BOMBS, soap
bodies = [make() for make in BOMBS.values()]
soap.read(BODY, "text/xml")
before = getrusage(RUSAGE_SELF).ru_maxrss
for body in bodies:
    soap.read(body, "text/xml")
print((getrusage(RUSAGE_SELF).ru_maxrss - before) * 1024)
"""


def test_nothing_of_a_local_file_is_in_the_refusal() -> None:
    assert "root:" not in refused(with_doctype('[<!ENTITY a SYSTEM "file:///etc/passwd">]')).words


def test_a_body_as_large_as_is_allowed_is_taken_in_bounded_memory() -> None:
    frame = len(call("receiveResponseXML", ticket="T", response=""))
    escaped = "&lt;a&gt;" * ((MOST_BYTES - frame) // 9)
    body = call("receiveResponseXML", ticket="T", response=escaped)
    assert MOST_BYTES - 9 < len(body) <= MOST_BYTES
    tracemalloc.start()
    found = soap.read(body, TEXT_XML)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert isinstance(found, Call)
    assert len(found.args["response"]) == len(escaped) // 3
    assert peak < MOST_MEMORY


# ---------------------------------------------------------------------------------------------- dress and characters


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json", "text/html", "text/plain", "multipart/form-data; boundary=x", "text/xmlx", "xml",
        "application/x-www-form-urlencoded", "text/xml; charset=utf-16", "text/xml; charset=iso-8859-1",
        "text/xml;charset='windows-1252'",
    ],
)  # fmt: skip
def test_another_content_type_is_refused(content_type: str) -> None:
    refused(BODY, content_type)


@pytest.mark.parametrize("content_type", ["", "TEXT/XML", "text/xml", 'text/xml; charset="UTF-8"', "application/xml"])
def test_the_right_content_type_in_another_spelling_is_taken(content_type: str) -> None:
    assert isinstance(soap.read(BODY, content_type), Call)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32", "latin-1", "windows-1252"])
@pytest.mark.parametrize("declared", [True, False])
def test_another_encoding_is_refused(encoding: str, declared: bool) -> None:
    text = BODY.decode()
    if declared:
        text = text.replace('encoding="utf-8"', f'encoding="{encoding}"')
    refused(text.encode(encoding))


@pytest.mark.parametrize("declared", ["windows-1252", "iso-8859-1", "UTF-16", "x-made-up", ""])
def test_a_declaration_that_names_another_encoding_is_refused(declared: str) -> None:
    refused(BODY.replace(b'encoding="utf-8"', f'encoding="{declared}"'.encode()))


@pytest.mark.parametrize("bad", [b"\xff\xfe", b"\xc0\x80", b"\xed\xa0\x80", b"\xf5\x80\x80\x80", b"\xc3", b"\xe9"])
def test_bytes_that_are_no_utf_8_are_refused(bad: bytes) -> None:
    refused(call("getLastError", ticket="T").replace(b">T<", b">" + bad + b"<"))


# ---------------------------------------------------------------------------------------------- method and arguments


@pytest.mark.parametrize(
    "method", ["nothing", "Authenticate", "authenticateResponse", "__class__", "getServerVersion", "a" * 5000]
)
def test_an_unknown_method_is_refused(method: str) -> None:
    found = refused(
        envelope(f'<{method} xmlns="{soap.NAMESPACE}"/>'), action='"http://developer.intuit.com/authenticate"'
    )
    assert method[:50] in found.words
    assert len(found.words) < 200


@pytest.mark.parametrize("namespace", ["http://example.com/", "http://developer.intuit.com/v2", SOAP11])
def test_a_method_of_another_service_is_refused(namespace: str) -> None:
    refused(envelope(f'<authenticate xmlns="{namespace}"/>'))


@pytest.mark.parametrize("namespace", ["http://schemas.xmlsoap.org/wsdl/soap/", "urn:x", SOAP11 + "x"])
def test_an_envelope_of_no_known_version_is_refused_as_such(namespace: str) -> None:
    assert refused(envelope("<authenticate/>", namespace=namespace)).code == "VersionMismatch"


def test_a_refusal_speaks_the_version_it_was_asked_in() -> None:
    assert refused(envelope("<nothing/>", namespace=SOAP12)).status == 400
    assert refused(b"junk", "application/soap+xml").version == "1.2"
    assert refused(envelope("<nothing/>")).status == 500


@pytest.mark.parametrize(
    "inner",
    [
        "<ticket>A</ticket><ticket>B</ticket>",
        "<ticket><x>A</x></ticket>",
        '<ticket>A</ticket><x:ticket xmlns:x="u:x">B</x:ticket>',
    ],
)
def test_an_argument_that_could_be_two_things_is_refused(inner: str) -> None:
    refused(envelope(f"<getLastError>{inner}</getLastError>"))


def test_too_many_parameters_are_refused() -> None:
    refused(envelope(f"<getLastError>{''.join(f'<p{n}/>' for n in range(300))}</getLastError>"))


# ---------------------------------------------------------------------------------------------- the response within


ROW = (
    "<BillRet><TxnID>1-1</TxnID><EditSequence>1</EditSequence><VendorRef><ListID>8-1</ListID></VendorRef>"
    "<TxnDate>2026-03-02</TxnDate></BillRet>"
)


@pytest.mark.parametrize("kind", [str, str.encode])
def test_a_response_cut_anywhere_counts_as_nothing(kind: Callable[[str], str | bytes]) -> None:
    text = response(ROW * 2)
    for end in range(len(text)):
        with pytest.raises(reading.Malformed):
            reading.whole(kind(text[:end]))
    assert len(reading.whole(kind(text)).replies[0].rows) == 2


@pytest.mark.parametrize(
    "document",
    [
        "", " ", "OK", "<a/>", "<QBXML/>", "<QBXML><QBXMLMsgsRs></QBXML>", response(ROW) + "x",
        response(ROW).replace("<QBXML>", '<QBXML xmlns="urn:x">'), response(ROW).replace("QBXML>", "qbxml>"),
        response("&a;"), response("<a>" * 5000 + "</a>" * 5000), response("x" * 11_000_000),
        f'<?xml version="1.0"?><!DOCTYPE QBXML [<!ENTITY l0 "ha">{LAUGHS}]>{response(ROW + "&l9;")[22:]}',
        f'<!DOCTYPE QBXML [<!ENTITY a "x">]>{response(ROW.replace("8-1", "8-&a;1"))[22:]}',
        '<!DOCTYPE QBXML SYSTEM "file:///etc/passwd"><QBXML/>', "\ud800", "<QBXML>\x00</QBXML>",
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", [str, lambda text: text.encode("utf-8", "surrogatepass")])
def test_a_response_that_is_none_counts_as_nothing(document: str, kind: Callable[[str], str | bytes]) -> None:
    with pytest.raises(reading.Malformed):
        reading.whole(kind(document))


def test_a_response_of_an_unknown_encoding_counts_as_nothing() -> None:
    for encoding in ("utf-16", "utf-7", "x-made-up", "utf-8 "):
        with pytest.raises(reading.Malformed):
            reading.whole(response(ROW).replace("?>", f' encoding="{encoding}"?>', 1).encode())


@given(st.binary(max_size=300))
@settings(max_examples=200, deadline=None)
def test_any_bytes_as_a_response_count_as_nothing(document: bytes) -> None:
    with pytest.raises(reading.Malformed):
        reading.whole(document)
