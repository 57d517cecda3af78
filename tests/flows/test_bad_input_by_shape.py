"""Every field that we read of every document of the source, spoilt in every way: held by its name, or moved as it is.

The fields are found by walking the shapes themselves, so that a field or a kind of document that is added is covered.
Each value is tried on some of them, with MLC_EVERY=1 on all.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any, get_args
from zlib import crc32

import pytest
from pydantic import BaseModel

from chalicelib import wiring
from chalicelib.engine.ledger import Head
from chalicelib.engine.ports import HttpAnswer, HttpRequest
from chalicelib.systems.procurify import shapes
from simulator.company import FLOW, Company
from tests.faults.places import some

MISSING, HUGE = "@@missing@@", "@@1e400@@"
VALUES: dict[str, object] = {
    "missing": MISSING,
    "null": None,
    "a number": 17,
    "a negative number": -17.5,
    "a huge number": HUGE,
    "not a number": float("nan"),
    "infinity": float("inf"),
    "a text": "%&$ words",
    "an empty text": "",
    "a number as text": "-60.00",
    "far too long": "x" * 100_000,
    "half a character": "\ud83d",
    "true": True,
    "a list": [3],
    "an empty list": [],
    "ten thousand": [{}] * 10_000,
    "an object": {"id": "x"},
    "an empty object": {},
    "another currency": "EUR",
    "no day": "0000-00-00",
    "the last day": "9999-12-31",
    "a day with garbage": "2026-02-20T99:99:99Zzz",
}
PREFIX = {
    "vendor": "/api/v3/vendors/",
    "bill": "/api/v2/ap/bills/",
    "purchase_order": "/api/v2/purchase_orders/",
}
KEY = {"vendor": "id", "bill": "uuid", "purchase_order": "procurify_PO"}
# What a document says of itself: with another value it is another document, or none that is moved.
# Without its key a row of a list cannot be spoken of: it is counted, and its record comes when it has one.
OF_ITSELF = {"status", "type", "active", "state"}
KINDS = [move.source.split(".", 1)[1] for move in wiring.load_flow(FLOW).moves]

# A request is of another flow, and nothing of it is written: tests/flows/test_forecasts.py.
OTHERS = ("Shape", "RequestShape")
TOPS = {name: found for name, found in vars(shapes).items() if name.endswith("Shape") and name not in OTHERS}


def shape_of(kind: str) -> type[BaseModel]:
    """The shape of a kind: "OrderShape" is that of "purchase_order"."""
    named = {name.removesuffix("Shape").lower(): found for name, found in TOPS.items()}
    shape: type[BaseModel]
    (shape,) = (found for name, found in named.items() if kind.replace("_", "").endswith(name))
    assert issubclass(shape, BaseModel)
    return shape


def places(shape: type[BaseModel], path: str = "") -> Iterator[str]:
    """Every field, with those inside it; of a list the first entry's."""
    for name, field in shape.model_fields.items():
        here = f"{path}.{name}" if path else name
        yield here
        inner = _shape_in(field.annotation)
        if inner is not None:
            yield from places(inner, f"{here}.0" if "list[" in str(field.annotation) else here)


def _shape_in(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for found in map(_shape_in, get_args(annotation)) if found), None)


# ---------------------------------------------------------------------------------------------- spoiling


class Spoilt:
    """A company whose documents of one kind each have one spoilt field on their way to us."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.company = Company(policies={"unmatched_vendor": "create"})
        self.vendor = self.company.vendor("Northwind Paper Co")
        self.spoilt: dict[str, tuple[str, object]] = {}
        real = self.company.world.http.send

        def send(request: HttpRequest) -> HttpAnswer:
            answer = real(request)
            if PREFIX[kind] not in request.url or answer.status != 200:
                return answer
            body = json.loads(answer.body)
            rows = body["data"] if isinstance(body["data"], list) else [body["data"]]
            for row in rows:
                if str(row[KEY[kind]]).replace("-", "") in self.spoilt:
                    put(row, *self.spoilt[str(row[KEY[kind]]).replace("-", "")])
            return replace(answer, body=json.dumps(body).replace(f'"{HUGE}"', "1e400").encode())

        self.company.world.http.send = send  # type: ignore[method-assign]

    def make(self, number: str) -> str:
        company, line = self.company, {"account_code": "5010", "amount": "60.00"}
        if self.kind == "vendor":
            fields = {"addressLineOne": "1 Main St", "city": "Bend", "email": ["ap@a.example"], "phoneOne": "555 0100"}
            name = f"{number} of Company {self._word(number)}"
            return str(company.procurify.backstage_add_vendor(name=name, **fields)["id"])
        if self.kind == "bill":
            order = company.procurify.backstage_add_purchase_order(self.vendor["id"], [{"name": "Rebar", **line}])
            lines = [{"description": "Rebar", **line, "tax_amount": "4.20", "purchase_order": order["procurify_PO"]}]
            costs = [{"name": "Pallets", "amount": "6.00", "account_code": "6010"}]
            made = company.bill(self.vendor, lines=lines, costs=costs, invoice_number=number, due_date="2026-03-20")
            return made.replace("-", "")
        assert self.kind == "purchase_order", f"make one {self.kind} here, so that its fields are spoilt too"
        return str(company.order(self.vendor, lines=[{"name": "Rebar", **line}]))

    def _word(self, number: str) -> str:
        """Names that are no near-twins of one another."""
        return "".join(chr(ord("a") + int(digit)) * 3 for digit in str(crc32(number.encode())))

    def spoil(self, place: str, value: object) -> None:
        self.spoilt[self.make(place[-40:])] = (place, value)

    def heads(self) -> dict[str, Head]:
        return {head.key.source_id: head for head in self.company.heads(self.kind)}

    def written(self) -> dict[str, dict[str, Any]]:
        """What stands in the books by the id in its mark, or, of a vendor, by its link."""
        ledger = self.company.books.backstage_ledger(self.company.realm)
        if self.kind == "vendor":
            known = {row["Id"]: row for row in ledger["vendors"]}
            return {n: known[str((h.link or {})["target_id"])] for n, h in self.heads().items() if h.link}
        rows = ledger["bills" if self.kind == "bill" else "purchase_orders"]
        return {row["PrivateNote"].rsplit(":", 1)[-1].rstrip("]"): row for row in rows}


def put(row: dict[str, Any], place: str, value: object) -> None:
    """Set the place, where the row has it."""
    inside: Any = row
    *way, last = place.split(".")
    for step in way:
        inside = inside[int(step)] if isinstance(inside, list) else inside.get(step)
        if not inside:
            return
    if value == MISSING:
        inside.pop(last, None)
    elif last in inside:
        inside[last] = value


# ---------------------------------------------------------------------------------------------- the tests


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", VALUES)
def test_a_spoilt_field_is_held_by_name_or_moved_whole_and_stops_no_other(
    kind: str, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    here = Spoilt(kind)
    before = here.make("FIRST")
    tried = list(places(shape_of(kind)))
    for nth in some(len(tried), list(VALUES).index(name)):
        here.spoil(tried[nth - 1], VALUES[name])
    after = here.make("LAST")
    here.company.cycle()
    here.company.cycle()
    assert not [record for record in caplog.records if record.exc_info or "come back" in record.getMessage()]
    heads, written = here.heads(), here.written()
    assert {heads[before].state, heads[after].state} == {"done"}
    for id_, (place, value) in here.spoilt.items():
        check(heads.get(id_), written.get(id_), place, f"{kind}.{place} = {str(value)[:40]!r}")


def check(head: Head | None, written: dict[str, Any] | None, place: str, said: str) -> None:
    if head is None:
        assert place in OF_ITSELF | set(KEY.values()) and written is None, said
        return
    assert head.state in {"done", "held"} or (head.state == "not_moved" and place in {"date", "invoice_date"}), said
    if head.state != "done":
        hold = head.hold or {}
        assert written is None, said
        if hold:
            assert hold["fix"] and hold["reason"] not in {"gave_up", "outcome_unknown", "request_not_accepted"}, (
                said, hold,
            )  # fmt: skip
            assert "error" not in str(hold["message"]).lower() and len(str(hold["message"])) < 3000, said
        if hold.get("reason") == "unreadable_source":
            assert place.split(".", maxsplit=1)[0] in f"{hold['cause']} {hold['message']}", (said, hold)
        return
    assert written is not None, said
    if head.key.move != "vendor":
        assert Decimal(str(written["TotalAmt"])) == Decimal(str(head.summary["amount"])), said
        total = sum(Decimal(str(line["Amount"])) for line in written["Line"])
        assert total == Decimal(str(written["TotalAmt"])), said


def test_every_kind_of_document_has_a_shape_and_every_shape_a_kind() -> None:
    found = {shape_of(kind) for kind in KINDS}
    assert found == set(TOPS.values())
    assert sum(len(list(places(shape))) for shape in found) > 90


def test_ten_thousand_lines_are_moved_or_held_and_stop_no_other() -> None:
    here = Spoilt("bill")
    lines = [{"description": "x", "account_code": "5010", "amount": "1.00"}] * 10_000
    many = here.company.bill(here.vendor, lines=lines, invoice_number="MANY").replace("-", "")
    other = here.make("OTHER")
    here.company.cycle()
    heads, written = here.heads(), here.written()
    assert heads[other].state == "done"
    assert (heads[many].state, many in written) in {("done", True), ("held", False)}
    if many in written:
        assert Decimal(str(written[many]["TotalAmt"])) == 10_000
