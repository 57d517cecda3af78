"""The .qwc file is one that the Web Connector takes, and holds no secret."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

import pytest
from lxml import etree

from chalicelib.systems.quickbooks_desktop.kinds import GUID
from chalicelib.systems.quickbooks_desktop.qwc import MOST_DESCRIPTION, OWNER_ID, Connector
from tests.unit.systems.quickbooks_desktop_desk import DATA, SHEET, needs_data, needs_sheet

FILE_ID = UUID("c81e5d0a-4b7f-4f36-9d52-1a0b6e3f7724")
URL, SUPPORT = "https://mlc.example/qbwc", "https://mlc.example/support"


def connector(**fields: Any) -> Connector:
    given: dict[str, Any] = {"url": URL, "support": SUPPORT, "user_name": "conn-7f3a", "file_id": FILE_ID}
    return Connector(**given | fields)


def read(made: Connector) -> dict[str, str]:
    root = etree.fromstring(made.text().encode())
    assert root.tag == "QBWCXML"
    return {each.tag: each.text or "" for each in root.iter() if not len(each)}


def test_the_file_says_all_that_the_web_connector_needs() -> None:
    found = read(connector(every_minutes=30))
    assert found | {"AppDescription": ""} == {
        "AppName": "ml-connector (conn-7f3a)",
        "AppID": "",
        "AppURL": URL,
        "AppDescription": "",
        "AppSupport": SUPPORT,
        "UserName": "conn-7f3a",
        "OwnerID": OWNER_ID,
        "FileID": "{C81E5D0A-4B7F-4F36-9D52-1A0B6E3F7724}",
        "QBType": "QBFS",
        "PersonalDataPref": "pdpNotNeeded",
        "UnattendedModePref": "umpRequired",
        "AuthFlags": "0xE",
        "Style": "Document",
        "RunEveryNMinutes": "30",
        "IsReadOnly": "false",
    }
    assert found["AppDescription"]
    assert GUID.fullmatch(found["OwnerID"])
    assert GUID.fullmatch(found["FileID"])


@needs_sheet
def test_every_element_that_the_sheet_calls_needed_is_there() -> None:
    section = SHEET.read_text(encoding="utf-8").split("### 1.11", 1)[1].split("\n## ", 1)[0]
    needed = {row[0] for row in re.findall(r"^\| ([\w, ]+) \| (yes) \|", section, re.MULTILINE)}
    assert len(needed) == 9
    assert needed <= set(read(connector()))


@needs_data
def test_it_has_the_elements_of_the_sample() -> None:
    sample = {each.tag for each in etree.parse(DATA / "samples/constructed/example.qwc").iter()}
    assert {each.tag for each in etree.fromstring(connector().text().encode()).iter()} == sample


@pytest.mark.parametrize(
    "title", ["Harbor <Group> & 'Sons' \"Ltd\"", "Café 山\x00\x1b\ud800", "x" * 200, "]]>&amp;\r\n"]
)
def test_whatever_a_customer_calls_the_connection_the_file_stays_whole(title: str) -> None:
    made = connector(title=title)
    assert made.text().isascii()
    found = read(made)
    assert 0 < len(found["AppDescription"]) <= MOST_DESCRIPTION
    assert found["UserName"] == "conn-7f3a"
    assert re.fullmatch(r"[a-z0-9-]+\.qwc", made.file_name)


def test_the_name_of_the_application_stays_when_the_connection_is_renamed() -> None:
    assert read(connector(title="old"))["AppName"] == read(connector(title="new"))["AppName"]


@pytest.mark.parametrize("host", ["https://mlc.example", "http://localhost:8000", "https://localhost"])
def test_an_address_must_be_safe_or_on_the_same_machine(host: str) -> None:
    assert read(connector(url=f"{host}/qbwc", support=f"{host}/"))["AppURL"] == f"{host}/qbwc"


@pytest.mark.parametrize(
    "fields",
    [
        {"url": "http://mlc.example/qbwc"},
        {"url": "http://localhost.evil.example/qbwc", "support": "http://localhost.evil.example/"},
        {"url": "https://203.0.113.7/qbwc", "support": "https://203.0.113.7/"},
        {"url": "https://[2001:db8::1]/qbwc", "support": "https://[2001:db8::1]/"},
        {"url": "ftp://mlc.example/"},
        {"url": "", "support": ""},
        {"url": "https:///qbwc", "support": "https:///"},
        {"support": "https://help.example/"},
        {"support": "http://mlc.example/"},
        {"user_name": ""},
        {"user_name": "a b"},
        {"user_name": "x" * 65},
        {"every_minutes": 0},
        {"every_minutes": 1441},
    ],
)
def test_a_file_that_the_web_connector_would_refuse_is_never_made(fields: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        connector(**fields)
