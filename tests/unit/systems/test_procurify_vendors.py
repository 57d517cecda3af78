"""Vendors: the list row is the whole vendor."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chalicelib.engine.errors import Held
from chalicelib.systems.procurify import vendors
from chalicelib.systems.procurify.reading import decode
from tests.unit.systems.procurify_desk import changed, sample, without


def northwind() -> Any:
    return sample("vendors_list")["data"][0]


def read(raw: Any) -> Any:
    return decode(json.dumps(raw).encode())


def body_of(raw: Any) -> Any:
    return json.loads(json.dumps(vendors.document("42", read(raw)).body))


def test_the_sample_vendor_is_read_whole() -> None:
    assert vendors.parse(body_of(northwind())) == vendors.Vendor(
        id="42",
        name="Northwind Paper Co",
        active=True,
        type=3,
        email="ar@northwind.example.test",
        phone="503-555-0100",
        contact="Jo Lane",
        line1="100 Mill Rd",
        line2="",
        city="Portland",
        state="OR",
        postal_code="97201",
        country="USA",
        website="",
        currency_id=3,
        payment_terms="Net 30",
        is_1099_eligible=False,
        external_id="",
    )


def test_a_row_carries_the_vendor_and_its_stamp_is_what_we_use_of_it() -> None:
    row = vendors.row(northwind())

    assert row is not None
    assert row.document is not None
    assert (row.id, row.stamp, row.document.summary.title) == (
        "42",
        row.document.fingerprint,
        "Vendor Northwind Paper Co",
    )
    later = vendors.row(changed(northwind(), ("dateModified",), "2026-06-01T00:00:00Z"))
    renamed = vendors.row(changed(northwind(), ("name",), "Northwind"))
    assert later is not None
    assert renamed is not None
    assert later.stamp == row.stamp
    assert renamed.stamp != row.stamp


@pytest.mark.parametrize(
    ("kind", "live"), [(1, False), (2, False), (3, True), (4, True), (5, False), (6, False), (7, False), (8, True)]
)
def test_only_suppliers_are_live(kind: int, *, live: bool) -> None:
    row = vendors.row(changed(northwind(), ("type",), kind))

    assert row is not None
    assert row.live is live


def test_a_type_that_is_not_known_is_held() -> None:
    with pytest.raises(Held) as hold:
        vendors.parse(body_of(changed(northwind(), ("type",), 8)))
    assert (hold.value.reason, hold.value.cause) == ("unknown_value", "vendor type 8")


@pytest.mark.parametrize(
    ("external_id", "origin"),
    [
        ("freshbooks:abc123:9001", ("freshbooks", "9001")),
        ("quickbooks_online:1234567890:56", ("quickbooks_online", "56")),
        ("quickbooks_desktop:acme-file:80000001-1:2", ("quickbooks_desktop", "80000001-1:2")),
        ("V-1001", None),
        ("freshbooks:9001", None),
        ("FreshBooks:abc:1", None),
        ("", None),
        (None, None),
        (77, None),
    ],
)
def test_the_mark_of_another_system_tells_where_a_vendor_came_from(external_id: object, origin: object) -> None:
    assert vendors.document("42", changed(northwind(), ("external_id",), external_id)).came_from == origin


@pytest.mark.parametrize(
    ("email", "first"),
    [([], ""), ([""], ""), (["", " a@b.test "], "a@b.test"), (None, ""), ([None, "x@y.test"], "x@y.test")],
)
def test_the_first_email_that_is_one_counts(email: object, first: str) -> None:
    assert vendors.parse(body_of(changed(northwind(), ("email",), email))).email == first


def test_a_row_without_id_is_no_row() -> None:
    assert vendors.row({"name": "Nobody"}) is None
    assert vendors.row({"id": True}) is None
    assert vendors.row({"id": "42"}) is None


ODD: list[object] = [None, True, 0, 9, 3.5, "", " ", "x" * 20_000, "\ud800", [], [None], [1], {}, {"name": 1}]


def test_every_odd_value_of_every_used_field_is_held_by_name_or_read() -> None:
    names = list(body_of(northwind()))
    assert len(names) > 15
    for name in names:
        for odd in (without(northwind(), (name,)), *(changed(northwind(), (name,), value) for value in ODD)):
            body = body_of(odd)
            try:
                vendors.parse(body)
            except Held as hold:
                assert hold.reason in {"unreadable_source", "unknown_value"}
                assert name in hold.message
                assert "error" not in hold.message.lower()


@pytest.mark.parametrize("name", ["id", "name", "active", "type"])
def test_what_must_be_there_is_missed_by_name(name: str) -> None:
    for odd in (without(northwind(), (name,)), changed(northwind(), (name,), None)):
        with pytest.raises(Held) as hold:
            vendors.parse(body_of(odd))
        assert (hold.value.reason, hold.value.cause) == ("unreadable_source", name)
