"""What a GET on the Web Connector's address shows: the contract on ?wsdl, else a plain page.

The Web Connector asks for the plain page to check the certificate, before it calls anything: it must answer 200 to
anybody (sheet 1.3, GET behaviour). The contract is for tests and for people: the Web Connector has its own copy.
"""

from __future__ import annotations

from xml.sax.saxutils import quoteattr

from chalicelib.systems.quickbooks_desktop.soap import METHODS, NAMESPACE, Method

PAGE = (
    "This address is for the QuickBooks Web Connector.\n"
    "To connect a company file, add the .qwc file of your connection to the Web Connector on the PC with QuickBooks.\n"
)
NUMBERS = {"qbXMLMajorVers", "qbXMLMinorVers"}


def get(query: str, address: str) -> tuple[str, str]:
    """The content type and text of a GET: `query` is what follows the question mark, `address` where SOAP is served."""
    if query.lower().split("=")[0] == "wsdl":
        return "text/xml; charset=utf-8", wsdl(address)
    return "text/plain; charset=utf-8", PAGE


def wsdl(address: str) -> str:
    """The contract (WSDL 1.1) with the service's own address in it."""
    elements = "".join(_elements(name, method) for name, method in METHODS.items())
    messages = "".join(
        f'<wsdl:message name="{name}Soap{way}">'
        f'<wsdl:part name="parameters" element="tns:{name}{suffix}"/></wsdl:message>'
        for name in METHODS
        for way, suffix in (("In", ""), ("Out", "Response"))
    )
    operations = "".join(
        f'<wsdl:operation name="{name}"><wsdl:input message="tns:{name}SoapIn"/>'
        f'<wsdl:output message="tns:{name}SoapOut"/></wsdl:operation>'
        for name in METHODS
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?>'
        '<wsdl:definitions xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/"'
        ' xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:soap12="http://schemas.xmlsoap.org/wsdl/soap12/"'
        f' xmlns:s="http://www.w3.org/2001/XMLSchema" xmlns:tns="{NAMESPACE}" targetNamespace="{NAMESPACE}">'
        f'<wsdl:types><s:schema elementFormDefault="qualified" targetNamespace="{NAMESPACE}">'
        '<s:complexType name="ArrayOfString"><s:sequence>'
        '<s:element minOccurs="0" maxOccurs="unbounded" name="string" nillable="true" type="s:string"/>'
        f"</s:sequence></s:complexType>{elements}</s:schema></wsdl:types>"
        f'{messages}<wsdl:portType name="QBWebConnectorSvcSoap">{operations}</wsdl:portType>'
        f"{_binding('soap', '')}{_binding('soap12', '12')}"
        f'<wsdl:service name="QBWebConnectorSvc">{_port("soap", "", address)}{_port("soap12", "12", address)}'
        "</wsdl:service></wsdl:definitions>"
    )


def _elements(name: str, method: Method) -> str:
    asked = "".join(_element(parameter, "int" if parameter in NUMBERS else "string") for parameter in method.parameters)
    kind = {"text": "string", "number": "int", "list": "ArrayOfString"}[method.returns]
    return _wrapper(name, asked) + _wrapper(f"{name}Response", _element(f"{name}Result", kind))


def _wrapper(name: str, inner: str) -> str:
    return f'<s:element name="{name}"><s:complexType><s:sequence>{inner}</s:sequence></s:complexType></s:element>'


def _element(name: str, kind: str) -> str:
    least = 1 if kind == "int" else 0
    prefix = "tns" if kind == "ArrayOfString" else "s"
    return f'<s:element minOccurs="{least}" maxOccurs="1" name="{name}" type="{prefix}:{kind}"/>'


def _binding(prefix: str, suffix: str) -> str:
    operations = "".join(
        f'<wsdl:operation name="{name}"><{prefix}:operation soapAction="{NAMESPACE}{name}" style="document"/>'
        f'<wsdl:input><{prefix}:body use="literal"/></wsdl:input>'
        f'<wsdl:output><{prefix}:body use="literal"/></wsdl:output></wsdl:operation>'
        for name in METHODS
    )
    return (
        f'<wsdl:binding name="QBWebConnectorSvcSoap{suffix}" type="tns:QBWebConnectorSvcSoap">'
        f'<{prefix}:binding transport="http://schemas.xmlsoap.org/soap/http" style="document"/>{operations}'
        "</wsdl:binding>"
    )


def _port(prefix: str, suffix: str, address: str) -> str:
    name = f"QBWebConnectorSvcSoap{suffix}"
    return (
        f'<wsdl:port name="{name}" binding="tns:{name}"><{prefix}:address location={quoteattr(address)}/></wsdl:port>'
    )
