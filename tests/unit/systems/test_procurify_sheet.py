"""Procurify's sheet, row by row: every status in it and every shape of a refusal has its outcome and its words."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from werkzeug.wrappers import Response

from chalicelib.engine.errors import ConnectorError, LockedOut, TryAgain
from chalicelib.systems.procurify.client import Client
from tests.unit.systems.procurify_desk import SECRET, Peer, desk, said

SHEET = Path(__file__).resolve().parents[4] / "shared" / "reference" / "procurify.md"
ONE = "/api/v2/ap/bills/1f99/"
# Status -> outcome, whether a try counts, and the sentence. A refused read is tried again and then held by its record,
# with these words; only access and permission concern the connection.
ROWS: dict[str, tuple[type[ConnectorError] | None, bool, str]] = {
    "400": (TryAgain, True, "Procurify refused to be read (status 400, request id r-1): Bad id."),
    "401": (
        LockedOut,
        True,
        "Procurify no longer accepts the credentials of the connection buying: it turned down access that it had just "
        "given.",
    ),
    "403": (
        LockedOut,
        True,
        "Procurify does not let the user behind the connection buying read accounts payable: Bad id., request id r-1",
    ),
    "404": (None, True, ""),
    "405": (TryAgain, True, "Procurify refused to be read (status 405, request id r-1): Bad id."),
    "429": (TryAgain, False, "Procurify asked us to slow down."),
    "500": (TryAgain, True, "Procurify could not answer just now (status 500, request id r-1)."),
    "502": (TryAgain, False, "Procurify could not answer just now (status 502, request id r-1)."),
    "503": (TryAgain, False, "Procurify could not answer just now (status 503, request id r-1)."),
    "504": (TryAgain, False, "Procurify could not answer just now (status 504, request id r-1)."),
}
# The five shapes of the sheet, in its order, and what is read of each.
SHAPES: list[tuple[object, str]] = [
    ({"errors": {"vendor": {"message": "is active already", "code": "VENDOR_ALREADY_ACTIVE"}}}, "is active already"),
    ({"errors": {"null": {"message": "is active already", "code": "X"}}}, "is active already"),
    ({"detail": "Not now."}, "Not now."),
    ({"message": "Not now."}, "Not now."),
    ({"vendor": ["This field is required."]}, "vendor: This field is required."),
    ({"code": 0, "success": False, "data": None, "description": "Not now.", "errors": {}}, "Not now."),
    ("plain words", "plain words"),
]


def outcome(response: Response) -> ConnectorError | None:
    peer = Peer()
    response.headers["x-request-id"] = "r-1"
    peer.say(ONE, response)
    try:
        assert Client(desk(peer).line).one(ONE) is None
    except ConnectorError as trouble:
        return trouble
    return None


@pytest.mark.skipif(not SHEET.exists(), reason="the vendor's sheet stands beside the project")
def test_every_status_of_the_sheet_is_here() -> None:
    text = SHEET.read_text()
    table = text[text.index("| status | meaning for us |") :].split("\n\n")[0]
    found = {status for line in table.splitlines()[2:] for status in re.findall(r"\d\d\d", line.split("|")[1])}
    assert found <= set(ROWS)
    shapes = text[text.index("**Errors.**") : text.index("| status | meaning for us |")]
    assert len(re.findall(r"(?m)^\d\. ", shapes)) == 5


@pytest.mark.parametrize("status", ROWS)
def test_every_status_has_its_outcome_and_its_words(status: str) -> None:
    expected, counts, words = ROWS[status]
    found = outcome(said({"detail": "Bad id."}, status=int(status)))
    if expected is None:
        assert found is None
        return
    assert type(found) is expected
    assert found.message == words
    assert "error" not in found.message.lower() and SECRET not in found.message
    if isinstance(found, TryAgain):
        assert found.counts is counts
    else:
        assert isinstance(found, LockedOut) and "Procurify administrator" in found.fix


@pytest.mark.parametrize(("body", "words"), SHAPES)
def test_every_shape_of_a_refusal_is_read(body: object, words: str) -> None:
    raw = body if isinstance(body, str) else json.dumps(body)
    found = outcome(Response(raw, status=400, mimetype="application/json"))
    assert found is not None and words in found.message
    assert not {"{", "[", "errors"} & set(found.message.split(": ", 1)[1])


def test_a_long_page_of_text_is_cut_at_eight_hundred_characters() -> None:
    found = outcome(Response("x" * 5000, status=400, mimetype="text/plain"))
    assert found is not None and found.message.count("x") == 800
