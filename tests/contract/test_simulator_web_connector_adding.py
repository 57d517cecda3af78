"""What the simulated Web Connector takes of a .qwc file, and what it refuses with which number."""

from __future__ import annotations

import pytest
from werkzeug.wrappers import Response

from simulator.systems.quickbooks_desktop.qwc import NotAdded
from tests.contract.quickbooks_desktop_desk import document
from tests.contract.web_connector_service import FILE_ID, Office, qwc

QUERY = document('<VendorQueryRq requestID="q"><ActiveStatus>All</ActiveStatus></VendorQueryRq>')


@pytest.fixture
def office() -> Office:
    return Office()


@pytest.mark.parametrize(
    ("part", "other", "code"),
    [
        ("https://mlc.example/qbwc", "http://mlc.example/qbwc", "QBWC1010"),
        ("https://mlc.example/qbwc", "https://10.0.0.1/qbwc", "QBWC1001"),
        ("https://mlc.example/support", "https://10.0.0.1/support", "QBWC1002"),
        ("https://mlc.example/support", "https://help.example/support", "QBWC1000"),
        ("<UserName>conn-2</UserName>", "", "QBWC1039"),
        ("QBFS", "QBOE", "QBWC1039"),
        ("{1", "1", "QBWC1039"),
        ("</QBWCXML>", "", "QBWC1039"),
        ("conn-2", "conn-1", "QBWC1039"),
        ("Keeps", "Keeps " * 20, "QBWC1039"),
    ],
)
def test_a_file_that_the_web_connector_does_not_take(office: Office, part: str, other: str, code: str) -> None:
    fine = qwc(user="conn-2", file_id="{1" + FILE_ID[2:])
    assert part in fine
    with pytest.raises(NotAdded) as refused:
        office.pc.backstage_add_application(fine.replace(part, other), "secret")
    assert refused.value.code == code
    assert office.pc.backstage_add_application(fine, "secret") == "conn-2"


def test_a_file_holds_the_mark_of_the_service_that_was_added_last(office: Office) -> None:
    office.pc.backstage_remove_application(office.user)
    second = "{1" + FILE_ID[2:]
    office.pc.backstage_add_application(qwc(file_id=second), "secret")
    marks = [row["DataExtValue"] for row in office.pc.company().extensions if row["DataExtName"] == "FileID"]
    assert marks == [second]


@pytest.mark.parametrize("status", [404, 405, 500, 302])
def test_an_address_that_a_browser_cannot_get_is_not_trusted(office: Office, status: int) -> None:
    office.service.raw["GET"] = Response(status=status)
    with pytest.raises(NotAdded, match="QBWC1048"):
        office.pc.backstage_add_application(qwc(user="conn-2", file_id="{1" + FILE_ID[2:]), "secret")
    assert office.run(QUERY).code == "QBWC1048"
    assert office.service.heard == []
