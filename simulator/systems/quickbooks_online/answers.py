"""How this vendor says no: service faults, the gateway's own two dialects, and XML for who does not ask for JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from xml.etree import ElementTree as ET

from simulator.systems.quickbooks_online.times import envelope_time

NAMESPACE = "http://schema.intuit.com/finance/v3"

MESSAGES = {
    "120": "Authorization Failure",
    "140": "Company locked out",
    "150": "Company under maintenance",
    "500": "Unsupported Operation",
    "610": "Object Not Found",
    "620": "Transaction cannot be linked",
    "800": "Delete not allowed, object has dependencies",
    "1040": "Batch request too large",
    "1050": "Unsupported content type",
    "2000": "Unknown entity name",
    "2010": "Request has invalid or unsupported property",
    "2020": "Required param missing, need to supply the required value for the API",
    "2030": "Invalid ID",
    "2040": "Invalid String. The string contains an unsupported character",
    "2050": "String length specified does not match the supported length",
    "2060": "Invalid date",
    "2080": "Illegal number format",
    "2090": "Invalid number of decimals",
    "2100": "Number out of range",
    "2130": "Invalid requestid",
    "2150": "Invalid boolean",
    "2170": "Invalid Enumeration",
    "2200": "Invalid web address",
    "2210": "Email Address not valid",
    "2220": "Invalid Currency",
    "2250": "No lines in the transaction",
    "2290": "Negative amount",
    "2500": "Invalid Reference Id",
    "4000": "Error parsing query",
    "4001": "Invalid query",
    "5010": "Stale Object Error",
    "5020": "Permission Denied Error",
    "6000": "A business validation error has occurred while processing your request",
    "6010": "Account type or sub-type missing",
    "6070": "Amount calculation incorrect in the request",
    "6080": "No name given",
    "6100": "Invalid tax code",
    "6140": "Duplicate Document Number Error",
    "6170": "Invalid tax detail",
    "6180": "Nesting too deep",
    "6190": "Subscription period has ended or canceled or there was a billing problem",
    "6200": "Account Period Closed",
    "6210": "Account Period Closed",
    "6240": "Duplicate Name Exists Error",
    "6310": "Customer required when billable",
    "6430": "Invalid account type used",
    "6440": "Line has an amount but no account or item",
    "10000": "An application error has occurred while processing your request",
}

MADE_INACTIVE = (
    "Object Not Found : Something you're trying to use has been made inactive. "
    "Check the fields with accounts, customers, items, vendors or employees."
)


@dataclass(frozen=True, slots=True)
class Trouble:
    """One entry of a fault. `mistake` says why a careful client never meets it; empty when a careful client may."""

    code: str
    detail: str
    element: str = ""
    mistake: str = ""
    message: str = ""  # where the vendor says something else than usual for the code


class Refused(Exception):
    """The vendor refuses: carries the fault to answer."""

    def __init__(self, troubles: Iterable[Trouble], *, status: int = 400, fault_type: str = "ValidationFault") -> None:
        self.troubles = list(troubles)
        self.status = status
        self.fault_type = fault_type
        super().__init__("; ".join(f"{t.code}: {t.detail}" for t in self.troubles))


def refuse(code: str, detail: str, element: str = "", *, mistake: str = "", status: int = 400) -> Refused:
    return Refused([Trouble(code, detail, element, mistake)], status=status)


def required(element: str, mistake: str = "") -> Refused:
    return refuse(
        "2020",
        f"Required parameter {element} is missing in the request",
        element,
        mistake=mistake or f"{element} is missing",
    )


def business(detail: str, element: str = "", *, mistake: str = "") -> Refused:
    return refuse("6000", f"Business Validation Error: {detail}", element, mistake=mistake)


def fault_body(refused: Refused) -> dict[str, Any]:
    errors = [
        {"Message": t.message or MESSAGES[t.code], "Detail": t.detail, "code": t.code, "element": t.element}
        for t in refused.troubles
    ]
    return {"Error": errors, "type": refused.fault_type}


def gateway_body(code: str, word: str, status: int, detail: str | None, kind: str, now: datetime) -> dict[str, Any]:
    """The gateway's JSON: lower-case names and epoch milliseconds, unlike the service behind it."""
    message = f"message={word}; errorCode={int(code):06d}; statusCode={status}"
    return {
        "warnings": None,
        "intuitObject": None,
        "fault": {"error": [{"message": message, "detail": detail, "code": code, "element": None}], "type": kind},
        "report": None,
        "queryResponse": None,
        "batchItemResponse": [],
        "attachableResponse": [],
        "syncErrorResponse": None,
        "requestId": None,
        "time": int(now.timestamp() * 1000),
        "status": None,
        "cdcresponse": [],
    }


def gateway_xml(code: str, word: str, status: int, detail: str | None, kind: str, now: datetime) -> str:
    root = _root(envelope_time(now))
    fault = ET.SubElement(root, "Fault", {"type": kind})
    error = ET.SubElement(fault, "Error", {"code": code})
    ET.SubElement(error, "Message").text = f"message={word}; errorCode={int(code):06d}; statusCode={status}"
    if detail:
        ET.SubElement(error, "Detail").text = detail
    return _text(root)


def to_xml(body: Mapping[str, Any]) -> str:
    """The XML form of a JSON answer: references carry their name as an attribute, lists repeat their element."""
    root = _root(str(body.get("time", "")))
    for key, value in body.items():
        if key == "Fault":
            _fault(root, value)
        elif key != "time":
            _element(root, key, value)
    return _text(root)


def _root(time: str) -> ET.Element:
    return ET.Element("IntuitResponse", {"xmlns": NAMESPACE, "time": time})


def _text(root: ET.Element) -> str:
    return '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>' + ET.tostring(root, encoding="unicode")


def _fault(parent: ET.Element, fault: Mapping[str, Any]) -> None:
    node = ET.SubElement(parent, "Fault", {"type": fault["type"]})
    for entry in fault["Error"]:
        attributes = {"code": entry["code"]} | ({"element": entry["element"]} if entry["element"] else {})
        error = ET.SubElement(node, "Error", attributes)
        ET.SubElement(error, "Message").text = entry["Message"]
        ET.SubElement(error, "Detail").text = entry["Detail"]


def _element(parent: ET.Element, name: str, value: Any) -> None:
    if isinstance(value, list):
        for each in value:
            _element(parent, name, each)
        return
    node = ET.SubElement(parent, name)
    if isinstance(value, dict):
        if name.endswith("Ref") and "value" in value:
            node.text = str(value["value"])
            if "name" in value:
                node.set("name", str(value["name"]))
            return
        for key, inner in value.items():
            if key in ("domain", "sparse", "status"):
                node.set(key, str(inner).lower() if isinstance(inner, bool) else str(inner))
            elif key == "Fault":
                _fault(node, inner)
            else:
                _element(node, key, inner)
    elif value is not None:
        node.text = str(value).lower() if isinstance(value, bool) else str(value)
