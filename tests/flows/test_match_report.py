"""The match report of a flow: matched, created, suggested, skipped, and why; and where the codes of orders go."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.entry import api
from tests.studio import CODES, FLOW, PAPER, Studio
from tests.unit.api_world import routed

FORMULAS = ["=cmd|'/c calc'!A1", "+1 Supply", "-Dash Works", "@Home Tools", "'Quoted' Paper"]


@pytest.fixture(scope="module")
def studio() -> Studio:
    """One vendor of each fate, a bill of each, and orders; everything that the tests look at."""
    world = Studio()
    paper = world.supplier()
    world.supplier("Bright Signs Inc.", email=["ap@bright.example.test"], addressLineOne="1 Dock St")
    world.supplier("Bright Signs LLC")
    world.entered(world.supplier("Twin Oaks"), "100.01")
    vendor, near = world.vendor(), world.vendor("Bright Signs", primary_contact_email="ap@bright.example.test")
    oaks = world.vendor("Twin Oaks")
    for name in FORMULAS:
        world.vendor(name)
    world.bill(vendor, number="INV-9")
    world.bill(near)
    world.bill(oaks)
    world.bill(vendor, number="OLD-1", issue_date="2025-03-03")
    world.entered(world.supplier("Somebody"), number="INV-9")
    world.order(paper, ("80.00", "6010"), ("20.00", "6300"), tax="5.00")
    world.order(paper, ("19.99", "6010"))
    world.order(paper, ("7.00", "7777"))
    world.order(paper, ("1000.00", "6010"), date="2025-01-01")
    world.run()
    world.entered(paper, number="INV-9")
    world.run()
    world.careful()
    return world


def report(world: Studio, **query: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor = ""
    while True:
        page = world.office.call("GET", f"/flows/{FLOW}/matches", **query, **({"cursor": cursor} if cursor else {}))
        found += page["items"]
        cursor = page["cursor"] or ""
        if not cursor:
            return found


def sheet(world: Studio, path: str = "matches", *, accept: str = "", **query: str) -> tuple[str, dict[str, str]]:
    template, params = routed(f"/api/v1/flows/{FLOW}/{path}")
    headers = {"Authorization": f"Bearer {world.office.key}"} | ({"Accept": accept} if accept else {})
    status, said, text = api.dispatch(world.engine, "GET", template, params, headers=headers, query=query, body=b"")
    assert (status, said["Content-Type"]) == (200, "text/csv; charset=utf-8"), text
    return text, said


def read(text: str) -> list[dict[str, str]]:
    """As docs/reference/api.md says: one apostrophe is taken away."""
    plain = [
        {name: cell[1:] if cell.startswith("'") else cell for name, cell in row.items()}
        for row in csv.DictReader(io.StringIO(text, newline=""))
    ]
    assert all(None not in row for row in plain)
    return plain


def test_a_vendor_found_by_name_is_told_with_its_rule_and_evidence(studio: Studio) -> None:
    (row,) = [row for row in report(studio, move="vendor", what="matched") if row["party"] == PAPER]
    assert (row["what"], row["rule"], row["score"]) == ("matched", "same name", "100.0")
    assert row["evidence"]["name"] == {"ours": PAPER, "theirs": PAPER, "same": True}
    assert row["target"] == PAPER and row["target_id"]
    assert row["why"] == f"Taken for {PAPER} by same name."


def test_a_vendor_that_may_be_one_of_several_is_suggested_with_score_and_email_and_never_linked(studio: Studio) -> None:
    (row,) = report(studio, move="vendor", what="suggested")
    assert (row["party"], row["state"], row["target"]) == ("Bright Signs", "held", "Bright Signs Inc.")
    assert row["rule"] == "same address"
    assert Decimal(row["score"]) == 100
    assert row["evidence"]["email"] == {
        "ours": "ap@bright.example.test",
        "theirs": "ap@bright.example.test",
        "same": True,
    }
    assert row["evidence"]["address"] == {"ours": "", "theirs": "1 Dock St", "same": False}
    assert [one["label"] for one in row["others"]] == ["Bright Signs LLC"]
    assert row["why"] and row["fix"]
    assert studio.record(row["source_id"], "vendor").link is None


def test_a_vendor_that_nobody_is_like_is_told_as_created(studio: Studio) -> None:
    made = report(studio, move="vendor", what="created")
    assert sorted(row["party"] for row in made) == sorted(FORMULAS)
    assert all(row["target_id"] and not row["rule"] and row["why"] for row in made)


def test_bills_are_told_as_found_suggested_waiting_for_their_vendor_and_skipped(studio: Studio) -> None:
    told = {row["party"] + " " + row["number"]: row for row in report(studio, move="bill")}
    assert {name: row["what"] for name, row in told.items()} == {
        f"{PAPER} INV-9": "matched",
        "Bright Signs INV-1": "held",
        "Twin Oaks INV-1": "suggested",
        f"{PAPER} OLD-1": "skipped",
    }
    found = told[f"{PAPER} INV-9"]
    assert (found["rule"], found["kind"]) == ("same vendor, number, total and currency", "bill_match")
    assert told["Twin Oaks INV-1"]["evidence"]["amount"] == {"theirs": "100.01 USD"}
    assert "before the cut-over" in told[f"{PAPER} OLD-1"]["why"]


def test_an_order_is_told_by_its_expenses_and_never_beside_them(studio: Studio) -> None:
    rows = report(studio, move="purchase_order")
    booked = sum(Decimal(row["amount"]) for row in rows if row["what"] == "held" and "@" in row["source_id"])
    assert booked == Decimal("124.99")
    assert not [row for row in rows if row["state"] == "split"]


@pytest.mark.parametrize("limit", ["1", "3", "200"])
def test_the_report_is_the_same_however_it_is_paged(studio: Studio, limit: str) -> None:
    assert report(studio, limit=limit) == report(studio)


def test_the_sheet_holds_the_same_and_no_formula(studio: Studio) -> None:
    text, headers = sheet(studio, format="csv")
    rows, told = read(text), report(studio)
    assert "Next-Cursor" not in headers and ".csv" in headers["Content-Disposition"]
    plain = ("record", "party", "what", "amount", "target", "rule", "score", "why")
    assert [[row[name] for name in plain] for row in rows] == [[row[name] for name in plain] for row in told]
    raw = [cell for row in csv.reader(io.StringIO(text, newline="")) for cell in row]
    assert not [cell for cell in raw if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    (near,) = [row for row in rows if row["party"] == "Bright Signs" and row["move"] == "vendor"]
    assert "email: ap@bright.example.test / ap@bright.example.test, the same" in near["evidence"]
    assert near["others"].startswith("Bright Signs LLC (id ") and near["others"].endswith(", 100.0)")


def test_the_sheet_goes_on_where_its_header_says_and_comes_by_the_accept_header_too(studio: Studio) -> None:
    whole, cursor, pages = read(sheet(studio, accept="text/csv")[0]), "", list[dict[str, str]]()
    while True:
        text, headers = sheet(studio, format="csv", limit="4", **({"cursor": cursor} if cursor else {}))
        pages += read(text)
        cursor = headers.get("Next-Cursor", "")
        if not cursor:
            break
    assert pages == whole


@pytest.mark.parametrize("query", [{"what": "guessed"}, {"format": "xml"}, {"limit": "201"}, {"move": "cheque"}])
def test_what_cannot_be_asked_for_is_named(studio: Studio, query: dict[str, str]) -> None:
    status, problem = studio.office.ask("GET", f"/flows/{FLOW}/matches", **query)
    assert (status, problem["errors"][0]["field"]) == (400, f"/{next(iter(query))}")


def test_the_codes_of_orders_are_told_with_their_categories_and_those_without_one(studio: Studio) -> None:
    answer = studio.office.call("GET", f"/flows/{FLOW}/codes")
    told = {row["code"]: row for row in answer["items"]}
    assert {code: row["amount"] for code, row in told.items()} == {
        "6010": "99.99", "6300": "20.00", "7777": "7.00", "": "5.00",
    }  # fmt: skip
    assert (told["6010"]["target"], told["6010"]["documents"]) == (f"Studio {CODES['6010']}", 2)
    assert (told["7777"]["target_id"], told["6010"]["why"]) == ("", "")
    assert "7777" in told["7777"]["why"] and told["7777"]["fix"]
    assert (answer["looked_at"], answer["cut"], answer["not_readable"]) == (3, False, [])
    rows = read(sheet(studio, "codes", format="csv")[0])
    assert [(row["code"], row["amount"]) for row in rows] == [(row["code"], row["amount"]) for row in answer["items"]]
