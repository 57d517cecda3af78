"""The source walks lists that change under it without losing a row, and fetches what changed."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from werkzeug.wrappers import Request, Response

from chalicelib.engine.errors import Held, TryAgain
from chalicelib.engine.records import Page
from chalicelib.systems.procurify import SYSTEM
from chalicelib.systems.procurify.bills import Bill
from chalicelib.systems.procurify.source import ProcurifySource
from chalicelib.systems.procurify.vendors import Vendor
from tests.unit.systems.procurify_desk import HOST, Desk, Peer, changed, desk, page_of, said, sample, sample_bill

BILLS = "/api/v3/ap/bills/"
VENDORS = "/api/v3/vendors/"
UUID = "1f99cf4a8c8d4d4abf5a4d3a2c1e7b88"
ONE = "/api/v2/ap/bills/1f99cf4a-8c8d-4d4a-bf5a-4d3a2c1e7b88/"
MORNING = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


def source(peer: Peer) -> tuple[ProcurifySource, Desk]:
    around = desk(peer)
    found = SYSTEM.source(around.line) if SYSTEM.source else None
    assert isinstance(found, ProcurifySource)
    return found, around


def stamp(minutes: float) -> str:
    return (MORNING + timedelta(minutes=minutes)).isoformat(timespec="microseconds").replace("+00:00", "Z")


def bill_row(n: int, minutes: float) -> dict[str, Any]:
    return {
        "id": n,
        "uuid": f"{n:032x}",
        "status": 2,
        "type": 0,
        "version": 1,
        "last_modified_datetime": stamp(minutes),
    }


class LiveList:
    """A list of Procurify's that people change while it is read; `sorts` and `filters` tell whether it heeds us."""

    def __init__(self, rows: list[dict[str, Any]], *, sorts: bool = True, filters: bool = True) -> None:
        self.rows = rows
        self.sorts = sorts
        self.filters = filters
        self.between: list[Callable[[], None]] = []

    def __call__(self, request: Request) -> Response:
        asked, rows = request.args, list(self.rows)
        since = asked.get("last_modified_datetime_0")
        if since and self.filters:
            begin = datetime.fromisoformat(since)
            rows = [row for row in rows if datetime.fromisoformat(row["last_modified_datetime"]) >= begin]
        order = asked.get("order_by", "")
        if order and self.sorts:
            rows.sort(key=lambda row: str(row[order.lstrip("-")]), reverse=order.startswith("-"))
        page, size = int(asked["page"]), int(asked["page_size"])
        shown = copy.deepcopy(rows[(page - 1) * size : page * size])
        if page > 1 and not shown:
            return said({"detail": "Invalid page."}, status=404)
        query = request.query_string.decode().replace(f"page={page}", f"page={page + 1}", 1)
        link = f"https://elsewhere.test{request.path}?{query}" if page * size < len(rows) else None
        if self.between:
            self.between.pop(0)()
        return page_of(shown, next=link, count=len(rows))


def walk(reader: ProcurifySource, kind: str = "bill", watermark: str | None = None) -> tuple[list[str], str | None]:
    """Every page, each in an invocation of its own; the ids in the order seen, and the watermark of the last."""
    ids: list[str] = []
    token = None
    for _ in range(60):
        page = reader.page(kind, watermark=watermark, token=token)
        assert isinstance(page, Page)
        ids += [row.id for row in page.rows]
        assert len({row.id for row in page.rows}) == len(page.rows)
        if page.next is None:
            return ids, page.watermark
        assert page.watermark is None
        token = page.next
    raise AssertionError("the walk does not end")


def ids_of(*numbers: int) -> set[str]:
    return {f"{n:032x}" for n in numbers}


# ------------------------------------------------------------------ bills


def test_the_first_walk_asks_for_everything() -> None:
    peer = Peer()
    peer.say(BILLS, LiveList([bill_row(n, n) for n in range(1, 121)]))
    reader, _ = source(peer)

    ids, watermark = walk(reader)

    assert set(ids) == ids_of(*range(1, 121))
    assert len(ids) == 120
    assert watermark == "2026-03-02T09:00:00.000000Z"  # rows stamped later than our clock move it no further
    assert peer.paths()[0] == f"{BILLS}?page=1&page_size=50&order_by=-last_modified_datetime"
    assert len(peer.paths()) == 3


def test_later_walks_ask_for_what_changed_with_an_overlap() -> None:
    peer = Peer()
    peer.say(BILLS, LiveList([bill_row(n, n) for n in range(1, 31)]))
    reader, around = source(peer)

    ids, watermark = walk(reader, watermark=stamp(20))

    assert set(ids) == ids_of(*range(15, 31))
    assert watermark == "2026-03-02T08:30:00.000000Z"
    assert peer.asked[1].args["last_modified_datetime_0"] == "2026-03-02T08:15:00Z"
    assert around.metrics.total("FilterIgnored") == 0


def test_a_full_walk_ignores_the_watermark_but_never_moves_it_back() -> None:
    peer = Peer()
    peer.say(BILLS, LiveList([bill_row(1, 1), bill_row(2, 2)]))
    reader, _ = source(peer)

    page = reader.page("bill", watermark=stamp(40), token=None, full=True)

    assert {row.id for row in page.rows} == ids_of(1, 2)
    assert page.watermark == "2026-03-02T08:40:00.000000Z"


def test_a_filter_that_is_ignored_costs_reading_but_loses_nothing() -> None:
    peer = Peer()
    peer.say(BILLS, LiveList([bill_row(n, n) for n in range(1, 31)], filters=False))
    reader, around = source(peer)

    ids, _ = walk(reader, watermark=stamp(20))

    assert len(ids) == 30
    assert around.metrics.total("FilterIgnored") == 1


def test_an_empty_list_leaves_the_watermark() -> None:
    peer = Peer()
    peer.say(BILLS, page_of([]))
    reader, _ = source(peer)

    assert walk(reader) == ([], None)
    assert walk(reader, watermark=stamp(1)) == ([], "2026-03-02T08:01:00.000000Z")


def test_bills_that_come_or_change_between_pages_hide_none() -> None:
    live = LiveList([bill_row(n, n / 100) for n in range(1, 161)])

    def come() -> None:
        live.rows += [bill_row(n, 61) for n in range(200, 210)]

    def change() -> None:
        for row in live.rows[150:160]:  # on a page that was read
            row["last_modified_datetime"] = stamp(62)
        live.rows[3]["last_modified_datetime"] = stamp(62)  # on a page still to come

    live.between = [change, come]
    peer = Peer()
    peer.say(BILLS, live)
    reader, around = source(peer)

    ids, watermark = walk(reader)
    missed = ids_of(*range(1, 161)) - set(ids)
    around.clock.advance(600)
    again, _ = walk(reader, watermark=watermark)

    assert missed <= ids_of(4)
    assert ids_of(4, *range(151, 161), *range(200, 210)) <= set(again)


@pytest.mark.parametrize("sorts", [True, False])
@pytest.mark.parametrize("gone", [1, 7, 50, 70])
def test_bills_that_vanish_between_pages_hide_none(gone: int, *, sorts: bool) -> None:
    live = LiveList([bill_row(n, n / 100) for n in range(1, 181)], sorts=sorts)

    def vanish() -> None:
        live.rows.sort(key=lambda row: row["last_modified_datetime"], reverse=sorts)
        del live.rows[:gone]  # from the pages already read

    live.between = [lambda: None, vanish]
    peer = Peer()
    peer.say(BILLS, live)
    reader, _ = source(peer)

    ids, watermark = walk(reader)

    left = {row["uuid"] for row in live.rows}
    assert left <= set(ids)
    assert watermark is not None


def test_a_list_that_shrinks_to_nothing_ends_the_walk() -> None:
    live = LiveList([bill_row(n, n / 100) for n in range(1, 181)])
    live.between = [lambda: None, live.rows.clear]
    peer = Peer()
    peer.say(BILLS, live)

    ids, _ = walk(source(peer)[0])

    assert len(ids) >= 100


def circle(request: Request) -> Response:
    page = int(request.args["page"])
    return page_of([bill_row(1, 1)], next=f"{HOST}{BILLS}?page={page + 1}", count=2)


def back_to_one(request: Request) -> Response:
    return page_of([bill_row(int(request.args["page"]), 1)], next=f"{HOST}{BILLS}?page=1", count=2)


def never_there(request: Request) -> Response:
    if request.args["page"] != "1":
        return said({"detail": "Invalid page."}, status=404)
    return page_of([bill_row(1, 1)], next=f"{HOST}{BILLS}?page=2", count=2)


@pytest.mark.parametrize("peer_does", [circle, back_to_one, never_there])
def test_a_list_that_goes_round_in_circles_ends_and_is_read_again_next_time(
    peer_does: Callable[[Request], Response],
) -> None:
    peer = Peer()
    peer.say(BILLS, peer_does)
    reader, around = source(peer)

    ids, watermark = walk(reader, watermark=stamp(0))

    assert set(ids) == ids_of(1)
    assert watermark == stamp(0)
    assert around.metrics.total("CutListings") == 1


def test_a_list_that_is_not_offered_is_tried_again() -> None:
    with pytest.raises(TryAgain, match="list of bills"):
        source(Peer())[0].page("bill", watermark=None, token=None)


def test_rows_that_cannot_be_spoken_of_are_counted_and_hide_no_other() -> None:
    peer = Peer()
    peer.say(BILLS, page_of([{"status": 2}, None, 7, bill_row(1, 1), bill_row(1, 1), {"id": 5}]))
    reader, around = source(peer)

    page = reader.page("bill", watermark=None, token=None)

    assert [row.id for row in page.rows] == [f"{1:032x}", "5"]
    assert around.metrics.total("UnreadableRows") == 3


# ------------------------------------------------------------------ one bill


def test_a_bill_is_fetched_by_its_uuid_in_either_form() -> None:
    peer = Peer()
    peer.say(ONE, said(sample("bill_detail")))
    reader, _ = source(peer)

    for form in (UUID, "1F99CF4A-8C8D-4D4A-BF5A-4D3A2C1E7B88"):
        found = reader.fetch("bill", form)
        assert found is not None
        assert (found.id, found.live, found.summary.title) == (UUID, True, "Bill NW-88121 of Northwind Paper Co")
        bill = reader.parse("bill", json.loads(json.dumps(found.body)))
        assert isinstance(bill, Bill)
        assert bill.url == HOST
    assert set(peer.paths()) == {ONE}


def test_a_bill_that_is_gone_is_none() -> None:
    assert source(Peer())[0].fetch("bill", UUID) is None


def test_a_bill_without_uuid_is_a_record_that_is_held_when_it_is_read() -> None:
    peer = Peer()
    peer.say(BILLS, page_of([changed(sample("bills_list")["data"][0], ("uuid",), None), bill_row(1, 1)]))
    reader, _ = source(peer)

    rows = reader.page("bill", watermark=None, token=None).rows

    assert [row.id for row in rows] == ["613", f"{1:032x}"]
    for document in (rows[0].document, reader.fetch("bill", "613")):
        assert document is not None
        assert document.live
        with pytest.raises(Held, match="uuid should be a UUID") as hold:
            reader.parse("bill", document.body)
        assert hold.value.reason == "unreadable_source"
    assert rows[1].document is None


def test_another_bill_than_the_one_asked_for_is_not_taken() -> None:
    peer = Peer()
    peer.say(ONE, said({"data": changed(sample_bill(), ("uuid",), "0" * 32)}))

    with pytest.raises(TryAgain):
        source(peer)[0].fetch("bill", UUID)


def test_the_headquarters_zone_is_asked_for_once_and_only_when_a_day_needs_it() -> None:
    peer = Peer()
    peer.say(ONE, said({"data": changed(sample_bill(), ("invoice_date",), "2026-05-10T06:59:00Z")}))
    locations = sample("locations_list")
    branch = {"id": 2, "headquarter": False, "locationTimezone": "Asia/Tokyo"}
    locations["data"].insert(0, branch)
    peer.say("/api/v2/locations/", said(locations))
    reader, _ = source(peer)

    for _ in range(2):
        found = reader.fetch("bill", UUID)
        assert found is not None
        assert found.summary.day == date(2026, 5, 9)
        bill = reader.parse("bill", found.body)
        assert isinstance(bill, Bill)
        assert bill.date == date(2026, 5, 9)
    assert sum(path.startswith("/api/v2/locations/") for path in peer.paths()) == 1


def test_a_day_in_utc_of_a_customer_without_headquarters_is_held() -> None:
    peer = Peer()
    peer.say(ONE, said({"data": changed(sample_bill(), ("invoice_date",), "2026-05-10T06:59:00Z")}))
    reader, _ = source(peer)

    found = reader.fetch("bill", UUID)
    assert found is not None
    assert found.summary.day is None
    with pytest.raises(Held, match="headquarters"):
        reader.parse("bill", found.body)


# ------------------------------------------------------------------ vendors


def vendor_row(n: int) -> dict[str, Any]:
    return {"id": n, "name": f"Vendor {n:03}", "active": True, "type": 4, "dateModified": stamp(n / 100)}


def test_vendors_are_read_whole_from_their_list() -> None:
    peer = Peer()
    peer.say(VENDORS, page_of(sample("vendors_list")["data"]))
    reader, _ = source(peer)

    page = reader.page("vendor", watermark=None, token=None)

    assert [(row.id, row.live) for row in page.rows] == [("42", True), ("43", True)]
    documents = [row.document for row in page.rows]
    assert documents[1] is not None
    assert documents[1].came_from == ("freshbooks", "9001")
    vendor = reader.parse("vendor", documents[1].body)
    assert isinstance(vendor, Vendor)
    assert vendor.name == "Ridgeline HVAC LLC"
    assert peer.paths() == [f"{VENDORS}?page=1&page_size=50"]


def test_vendors_deactivated_between_pages_hide_none() -> None:
    live = LiveList([vendor_row(n) for n in range(1, 131)])
    live.between = [lambda: None, lambda: live.rows.__delitem__(slice(0, 3))]
    peer = Peer()
    peer.say(VENDORS, live)

    ids, watermark = walk(source(peer)[0], "vendor")

    assert {str(row["id"]) for row in live.rows} <= set(ids)
    assert watermark == "2026-03-02T08:01:18.000000Z"


def test_a_vendor_is_fetched_by_id_also_when_it_is_deactivated() -> None:
    raw = changed(sample("vendors_list")["data"][0], ("active",), False)
    peer = Peer()
    peer.say("/api/v3/vendors/42/", said({"metadata": {}, "data": raw}))
    reader, _ = source(peer)

    found = reader.fetch("vendor", "42")

    assert found is not None
    vendor = reader.parse("vendor", found.body)
    assert isinstance(vendor, Vendor)
    assert (vendor.id, vendor.active) == ("42", False)
    assert reader.fetch("vendor", "44") is None
    assert reader.fetch("vendor", "../users/me") is None


def test_another_vendor_than_the_one_asked_for_is_not_taken() -> None:
    peer = Peer()
    peer.say("/api/v3/vendors/41/", said({"data": sample("vendors_list")["data"][0]}))

    with pytest.raises(TryAgain):
        source(peer)[0].fetch("vendor", "41")


def test_a_row_and_a_fetch_of_the_same_vendor_agree() -> None:
    raw = sample("vendors_list")["data"][0]
    peer = Peer()
    peer.say(VENDORS, page_of([raw]))
    peer.say("/api/v3/vendors/42/", said({"data": raw}))
    reader, _ = source(peer)

    page = reader.page("vendor", watermark=None, token=None)

    assert page.rows[0].document == reader.fetch("vendor", "42")


def test_kinds_we_do_not_read_are_our_own_mistake() -> None:
    reader, _ = source(Peer())
    with pytest.raises(ValueError, match="color"):
        reader.page("color", watermark=None, token=None)
    with pytest.raises(ValueError, match="color"):
        reader.fetch("color", "1")
    with pytest.raises(ValueError, match="color"):
        reader.parse("color", {})
