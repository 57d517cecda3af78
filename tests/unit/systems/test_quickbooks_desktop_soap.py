"""The Web Connector's calls are understood in every dress, and answered in the form it is compiled for."""

from __future__ import annotations

from importlib import import_module
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from chalicelib.systems.quickbooks_desktop import soap, wsdl
from chalicelib.systems.quickbooks_desktop.soap import METHODS, NAMESPACE, Call, Fault
from tests.unit.systems.quickbooks_desktop_desk import (
    DATA,
    SOAP12,
    TEXT_XML,
    call,
    envelope,
    needs_data,
    samples,
)

ZEEP: Any = import_module("zeep")  # its types are half there
ADDRESS = "https://mlc.example/qbwc"
RESULTS: dict[str, Any] = {"text": 'a <b> & "c" é\r\n', "number": 42, "list": ["TICKET", "", "", "300"]}


def taken(body: bytes, content_type: str = TEXT_XML, action: str = "") -> Call:
    found = soap.read(body, content_type, action=action)
    assert isinstance(found, Call), found
    return found


# ---------------------------------------------------------------------------------------------- reading


@pytest.mark.parametrize("method", METHODS)
def test_every_method_is_understood_with_all_its_parameters(method: str) -> None:
    given = {name: f"value of {name}" for name in METHODS[method].parameters}
    found = taken(call(method, **given))
    assert (found.method, found.args, found.version) == (method, given, "1.1")


@pytest.mark.parametrize("method", METHODS)
def test_what_is_absent_empty_or_nil_is_the_empty_text(method: str) -> None:
    nothing = dict.fromkeys(METHODS[method].parameters, "")
    xsi = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    nil = "".join(f'<{name} xsi:nil="true" {xsi}/>' for name in nothing)
    assert taken(call(method)).args == nothing
    assert taken(call(method, **nothing)).args == nothing
    assert taken(envelope(f'<{method} xmlns="{NAMESPACE}">{nil}</{method}>')).args == nothing


@pytest.mark.parametrize(
    "inner",
    [
        '<q1:getLastError xmlns:q1="http://developer.intuit.com/"><ticket>T</ticket></q1:getLastError>',
        "<getLastError><ticket>T</ticket></getLastError>",
        '<getLastError xmlns="http://developer.intuit.com/"><ticket><![CDATA[T]]></ticket></getLastError>',
        '<getLastError xmlns="http://developer.intuit.com/"><new>1</new><ticket>T</ticket></getLastError>',
        '<getLastError xmlns="http://developer.intuit.com/"><!-- x --><ticket>&#84;</ticket></getLastError>',
        '\n <getLastError xmlns="http://developer.intuit.com/">\n<ticket>T</ticket>\n</getLastError>\n',
    ],
)
def test_prefixes_unqualified_names_cdata_comments_and_new_parameters_are_taken(inner: str) -> None:
    assert taken(envelope(inner)) == Call("getLastError", {"ticket": "T"})


def test_a_byte_order_mark_is_taken() -> None:
    assert taken(b"\xef\xbb\xbf" + call("closeConnection", ticket="T")).args == {"ticket": "T"}


def test_the_header_names_the_method_only_where_the_body_has_none() -> None:
    action = '"http://developer.intuit.com/serverVersion"'
    assert taken(envelope(""), action=action).method == "serverVersion"
    assert taken(call("closeConnection", ticket="T"), action=action).method == "closeConnection"


def test_soap_1_2_is_answered_in_soap_1_2() -> None:
    found = taken(envelope("<getLastError/>", namespace=SOAP12), "application/soap+xml; charset=utf-8; action=x")
    assert found.version == "1.2"
    assert etree.fromstring(soap.answer(found, "NoOp")).tag == f"{{{SOAP12}}}Envelope"


def test_a_response_arrives_as_quickbooks_wrote_it() -> None:
    qbxml = '<?xml version="1.0" ?><QBXML><x a="&quot;&amp;">Caf&#233;\n</x></QBXML>'
    escaped = qbxml.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert taken(call("receiveResponseXML", ticket="T", response=escaped)).args["response"] == qbxml


def test_the_password_is_shown_nowhere() -> None:
    found = taken(call("authenticate", strUserName="u", strPassword="hunter2"))
    assert found.args["strPassword"] == "hunter2"
    assert found.shown() == {"strUserName": "u"}
    assert "hunter2" not in repr(found)


@needs_data
@pytest.mark.parametrize("path", samples("constructed/soap/*.request.xml"), ids=lambda path: path.name)
def test_every_sample_of_a_call_is_understood(path: Path) -> None:
    found = taken(path.read_bytes())
    assert found.method == path.name.split(".")[0].split("-")[0]
    if found.args.get("ticket") or found.args.get("wcTicket"):
        assert "acc277c2d9351c6da12345887293fc6a32860006" in found.args.values()


# ---------------------------------------------------------------------------------------------- answering


@pytest.mark.parametrize("method", METHODS)
def test_every_answer_has_its_result_element(method: str) -> None:
    result = RESULTS[METHODS[method].returns]
    root = etree.fromstring(soap.answer(Call(method, {}), result))
    found = root.find(f".//{{{NAMESPACE}}}{method}Response/{{{NAMESPACE}}}{method}Result")
    if METHODS[method].returns == "list":
        assert [each.tag for each in found] == [f"{{{NAMESPACE}}}string"] * 4
        assert [each.text or "" for each in found] == result
    else:
        assert found.text == str(result)


@pytest.mark.parametrize("method", [name for name, method in METHODS.items() if method.returns == "text"])
def test_an_empty_answer_is_an_empty_element_and_never_nil(method: str) -> None:
    answer = soap.answer(Call(method, {}), "")
    assert f"<{method}Result></{method}Result>".encode() in answer
    assert b"nil" not in answer


def test_the_qbxml_is_escaped_once_and_begins_at_the_beginning() -> None:
    qbxml = '<?xml version="1.0" encoding="utf-8"?>\n<?qbxml version="13.0"?>\n<QBXML>&#233;</QBXML>'
    answer = soap.answer(Call("sendRequestXML", {}), qbxml)
    assert b"<sendRequestXMLResult>&lt;?xml version" in answer
    assert etree.fromstring(answer).findtext(f".//{{{NAMESPACE}}}sendRequestXMLResult") == qbxml


def test_an_answer_is_ascii_and_has_no_character_that_xml_lacks() -> None:
    answer = soap.answer(Call("getLastError", {}), "Café \x00\x0b\ud800 山")
    assert answer.isascii()
    assert etree.fromstring(answer).findtext(f".//{{{NAMESPACE}}}getLastErrorResult") == "Café  山"


@pytest.mark.parametrize(
    ("method", "wrong"), [("authenticate", "T"), ("receiveResponseXML", "100"), ("getLastError", 1)]
)
def test_an_answer_of_the_wrong_kind_is_a_mistake_of_ours(method: str, wrong: Any) -> None:
    with pytest.raises(TypeError, match=method):
        soap.answer(Call(method, {}), wrong)


@needs_data
@pytest.mark.parametrize("path", samples("constructed/soap/*.response.xml"), ids=lambda path: path.name)
def test_our_answers_say_what_the_samples_say(path: Path) -> None:
    wanted = etree.parse(path).getroot()
    method = path.name.split(".")[0].split("-")[0]
    result = wanted.find(f".//{{{NAMESPACE}}}{method}Result")
    given: Any = [each.text or "" for each in result] if len(result) else result.text or ""
    ours = soap.answer(Call(method, {}), int(given) if METHODS[method].returns == "number" else given)
    assert _told(etree.fromstring(ours)) == _told(wanted)


def _told(element: Any) -> Any:
    return element.tag, element.text or "", [_told(child) for child in element]


@pytest.mark.parametrize(
    ("version", "code", "status"),
    [("1.1", "Client", 500), ("1.2", "Client", 400), ("1.1", "VersionMismatch", 500), ("1.2", "VersionMismatch", 500)],
)
def test_a_fault_is_soaps_own(version: Any, code: Any, status: int) -> None:
    fault = Fault("No <such> method é.", version, code)
    root = etree.fromstring(fault.body())
    assert fault.status == status
    assert "No <such> method é." in "".join(root.itertext())
    assert root[0][0].tag.endswith("}Fault")
    if version == "1.1":  # unqualified, as SOAP 1.1 has them
        assert [child.tag for child in root[0][0]] == ["faultcode", "faultstring"]


# ---------------------------------------------------------------------------------------------- the contract


class Loopback:
    """zeep's calls, answered by us without a socket."""

    def __init__(self) -> None:
        self.asked: list[Call] = []

    def load(self, url: str) -> bytes:
        assert url == f"{ADDRESS}?wsdl"
        kind, text = wsdl.get("wsdl", ADDRESS)
        assert kind.startswith("text/xml")
        return text.encode()

    def post_xml(self, address: str, message: etree._Element, headers: dict[str, str]) -> Any:
        assert address == ADDRESS
        found = taken(etree.tostring(message), headers["Content-Type"], headers.get("SOAPAction", ""))
        self.asked.append(found)
        body = soap.answer(found, RESULTS[METHODS[found.method].returns])
        return _Answer(200, body, soap.MEDIA_TYPES[found.version])


class Stored:
    """A contract from memory."""

    def __init__(self, document: bytes) -> None:
        self.document = document

    def load(self, url: str) -> bytes:
        return self.document


class _Answer:
    def __init__(self, status: int, content: bytes, kind: str) -> None:
        self.status_code, self.content, self.encoding = status, content, "utf-8"
        self.headers = {"Content-Type": kind}
        self.raw = BytesIO(content)


@pytest.mark.parametrize("port", ["QBWebConnectorSvcSoap", "QBWebConnectorSvcSoap12"])
@pytest.mark.parametrize("method", METHODS)
def test_an_independent_client_can_call_every_method_by_our_contract(method: str, port: str) -> None:
    transport = Loopback()
    service = ZEEP.Client(f"{ADDRESS}?wsdl", transport=transport).bind("QBWebConnectorSvc", port)
    given: dict[str, Any] = {name: 13 if name in wsdl.NUMBERS else f"ä <{name}>" for name in METHODS[method].parameters}
    result = ZEEP.helpers.serialize_object(service[method](**given))
    if isinstance(result, list):  # zeep reads an empty text as nothing
        result = [each or "" for each in result]
    assert result == RESULTS[METHODS[method].returns]
    assert transport.asked[0].args == {name: str(value) for name, value in given.items()}


@needs_data
def test_our_contract_is_the_published_one_with_the_interactive_methods_added() -> None:
    ours = _operations(wsdl.wsdl(ADDRESS).encode())
    theirs = _operations((DATA / "QBWebConnectorSvc.wsdl").read_bytes())
    assert {name: ours.get(name) for name in theirs} == theirs
    assert ours.keys() - theirs.keys() == {"getInteractiveURL", "interactiveRejected", "interactiveDone"}


def _operations(document: bytes) -> dict[str, Any]:
    """Per operation: its SOAPAction, and what goes in and out, element by element."""
    client = ZEEP.Client("https://nowhere.example/", transport=Stored(document))
    binding = client.wsdl.bindings[f"{{{NAMESPACE}}}QBWebConnectorSvcSoap"]
    return {
        name: (operation.soapaction, operation.input.signature(), operation.output.signature())
        for name, operation in binding._operations.items()
    }


@pytest.mark.parametrize("query", ["", "x=1", "wsdlx"])
def test_anybody_gets_a_plain_page(query: str) -> None:
    kind, text = wsdl.get(query, ADDRESS)
    assert kind == "text/plain; charset=utf-8"
    assert text == wsdl.PAGE


def test_the_address_in_the_contract_is_escaped() -> None:
    text = wsdl.get("WSDL", 'https://a.example/?x="1"&y=2')[1]
    locations = etree.fromstring(text.encode()).xpath("//@location")
    assert locations == ['https://a.example/?x="1"&y=2'] * 2
