"""Custom fields: defined by an application under its own OwnerID, and put on records after these exist."""

from __future__ import annotations

from typing import Any

from lxml import etree

from simulator.systems.quickbooks_desktop.answers import Refused, unknown_object
from simulator.systems.quickbooks_desktop.company import ITEMS, Row
from simulator.systems.quickbooks_desktop.records import put
from simulator.systems.quickbooks_desktop.ret_table import RETS
from simulator.systems.quickbooks_desktop.writing import Call, may_write, resolve

Element = Any  # lxml ships no types
LONGEST = {"STR255TYPE": 255, "STR1024TYPE": 1024}


def define(call: Call, given: Element) -> list[Element]:
    may_write(call)
    row: Row = {name: given.findtext(name) for name in ("OwnerID", "DataExtName", "DataExtType")}
    row["objects"] = [each.text for each in given.findall("AssignToObject")]
    if _defined(call, row) is not None:
        raise Refused(3100, f'The name "{row["DataExtName"]}" of the list element is already in use.')
    row["DataExtID"] = str(len(call.company.definitions) + 1)
    call.company.definitions.append(row)
    values = {**row, "AssignToObject": row["objects"], "DataExtListRequire": "false", "DataExtTxnRequire": "false"}
    made = put(etree.Element("DataExtDefRet"), values, RETS["DataExtDef"])
    etree.SubElement(made, "DataExtFormatString")
    return [made]


def extend(call: Call, given: Element) -> list[Element]:
    may_write(call)
    row: Row = {name: given.findtext(name) for name in ("OwnerID", "DataExtName", "DataExtValue")}
    definition = _defined(call, row)
    on, line, kind = _place(call, given)
    if definition is None or kind not in definition["objects"]:
        text = f'There is an invalid reference to QuickBooks custom field "{row["DataExtName"]}" in the {kind}.'
        raise Refused(3140, text)
    longest = LONGEST.get(definition["DataExtType"], 255)
    if len(row["DataExtValue"] or "") > longest:
        raise Refused(3070, 'The string in the field "DataExtValue" is too long.', mistake="DataExtValue is too long")
    put_extension(call, {**row, "DataExtType": definition["DataExtType"], "on": on, "line": line})
    order = ("OwnerID", "DataExtName", "DataExtType", "DataExtValue")
    return [put(etree.Element("DataExtRet"), {**row, "DataExtType": definition["DataExtType"]}, order)]


def put_extension(call: Call, row: Row) -> None:
    """One value for each field of a record."""
    key = tuple(row[name] for name in ("OwnerID", "DataExtName", "on", "line"))
    others = (
        r for r in call.company.extensions if tuple(r[n] for n in ("OwnerID", "DataExtName", "on", "line")) != key
    )
    call.company.extensions = [*others, row]


def _defined(call: Call, row: Row) -> Row | None:
    key = (row["OwnerID"].lower(), row["DataExtName"])
    return next((d for d in call.company.definitions if (d["OwnerID"].lower(), d["DataExtName"]) == key), None)


def _place(call: Call, given: Element) -> tuple[str, str, str]:
    if given.find("OtherDataExtType") is not None:
        return "company", "", "Company"
    if (reference := given.find("ListObjRef")) is not None:
        kind = given.findtext("ListDataExtType")
        return resolve(call, reference, "ListObjRef", kind, ITEMS if kind == "Item" else (kind,)), "", kind
    kind, id, line = given.findtext("TxnDataExtType"), given.findtext("TxnID"), given.findtext("TxnLineID", "")
    entry = call.company.find(id, kind)
    if entry is None or (line and all(row["TxnLineID"] != line for row in entry.lines)):
        raise unknown_object(id)
    return id, line, kind
