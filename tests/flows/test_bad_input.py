"""Whatever the source or the books send that does not fit, it is held in plain sight and stops nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.engine import ledger
from chalicelib.engine.records import Json
from chalicelib.systems.procurify import bills
from simulator.company import Company

MISSING = "__delete__"
WRONG: tuple[object, ...] = (MISSING, None, "%&$", 17, True, [3], {"id": "x"})
# A bill's fields that Procurify may leave out or empty without the bill becoming another one.
OPTIONAL = {
    "version", "last_modified_datetime", "active", "vendor.type", "vendor_name", "invoice_number", "due_date",
    "payment_terms", "note", "shipping_amount", "items.0.description", "items.0.tax_name", "items.0.tax_amount",
    "items.0.tax_is_inclusive", "items.0.shipping_amount", "items.0.currency", "items.0.po", "items.0.po.number",
    "items.0.cost_allocations.0.budget.account_code.description",
    "items.0.cost_allocations.0.budget.department.branch.name", "costs.0.name",
    "costs.0.cost_allocation.budget.account_code.description",
    "costs.0.cost_allocation.budget.department.branch.name", "added_purchase_orders",
    "added_purchase_orders.0.number", "added_purchase_orders.0.id", "items.0.po.id",
}  # fmt: skip


def rich_bill(company: Company, vendor: dict[str, Any], number: str = "RICH-1") -> str:
    order = company.procurify.backstage_add_purchase_order(
        vendor["id"], [{"name": "Rebar", "account_code": "5010", "amount": "60.00"}]
    )
    return company.bill(
        vendor,
        lines=[
            {
                "description": "Rebar",
                "account_code": "5010",
                "amount": "60.00",
                "tax_amount": "4.20",
                "purchase_order": order["procurify_PO"],
            }
        ],
        costs=[{"name": "Pallets", "amount": "6.00", "account_code": "6010"}],
        invoice_number=number,
        due_date="2026-03-20",
        note="May delivery",
    )


def places(value: object, path: str = "") -> Iterator[str]:
    """Every place of a document: members of objects, the first of each list."""
    if isinstance(value, dict):
        for name, inner in value.items():
            here = f"{path}.{name}" if path else str(name)
            yield here
            yield from places(inner, here)
    elif isinstance(value, list) and value:
        yield from places(value[0], f"{path}.0")


def used_places() -> list[str]:
    """Every place of a bill's detail that we use, found by what is kept of it."""
    company = Company()
    rich_bill(company, company.vendor("Northwind Paper Co"))
    kept = bills.keep(company.procurify.backstage_snapshot("bills")[0])
    found = list(places(kept))
    assert len(found) > 35
    return found


def plain(uuid: str) -> str:
    return uuid.replace("-", "")


def by_source_id(company: Company) -> dict[str, dict[str, Any]]:
    """Our bills in the books by the id in their marks."""
    return {bill["PrivateNote"].rsplit(":", 1)[-1].rstrip("]"): bill for bill in company.ours()}


def booked(bill: dict[str, Any]) -> list[tuple[object, object]]:
    return [(line["Amount"], line["AccountBasedExpenseLineDetail"]["AccountRef"]) for line in bill["Line"]]


def hold_of(company: Company, uuid: str) -> Json:
    return company.head(uuid).hold or {}


@pytest.mark.parametrize("place", used_places())
def test_a_used_field_that_is_missing_empty_or_of_another_type_is_held_by_name_and_goes_when_mended(place: str) -> None:
    company = Company()
    vendor = company.vendor("Northwind Paper Co")
    sound = rich_bill(company, vendor, "SOUND")
    spoilt = {rich_bill(company, vendor, f"BAD-{n}"): value for n, value in enumerate(WRONG)}
    for uuid, value in spoilt.items():
        company.procurify.backstage_put_raw_bill_field(uuid, place, value)
    company.cycle()
    arrived = by_source_id(company)
    pattern = arrived.pop(plain(sound))
    known = {head.key.source_id: head for head in company.heads()}
    for uuid, value in spoilt.items():
        head, said = known.get(plain(uuid)), f"{place} = {value!r}"
        if head is None:
            assert place in {"status", "type", "active"}, said  # it says of itself that it is not to be moved
        elif head.state == "held":
            hold = head.hold or {}
            assert hold["fix"] and plain(uuid) not in arrived, said
            if hold["reason"] == "unreadable_source":
                assert place.split(".", maxsplit=1)[0] in str(hold["cause"]), (said, hold)
        else:
            assert head.state == "done", said
            assert place in OPTIONAL or value not in (None, MISSING), said
            freight = value if place == "shipping_amount" and value == 17 else 0
            assert arrived[plain(uuid)]["TotalAmt"] == pattern["TotalAmt"] + freight, said
            assert [line for line in booked(arrived[plain(uuid)]) if line[0] != freight] == booked(pattern), said
    company.procurify.company.state.raw_fields.clear()
    for uuid in spoilt:
        company.procurify.backstage_touch_bill(uuid)
    company.cycle()
    company.assert_once([sound, *spoilt])
    assert company.total_ours() == Decimal(str(pattern["TotalAmt"])) * (1 + len(spoilt))
    company.assert_no_mistakes()


@pytest.mark.parametrize("kind", ["malformed", "html", "server_fault", "delay", "drop_before"])
def test_a_bill_whose_answer_never_fits_stops_no_other_and_moves_when_it_does(kind: Any) -> None:
    company = Company()
    vendor = company.vendor("Northwind Paper Co")
    before = [company.bill(vendor, f"{n}.00") for n in range(1, 4)]
    bad = company.bill(vendor, "50.00")
    after = [company.bill(vendor, f"{n}.00") for n in range(4, 60)]  # more than a page
    company.procurify.faults.plan(kind, f"/api/v2/ap/bills/{bad}", times=10_000)
    company.cycle()
    company.cycle()
    company.assert_once([*before, *after])
    assert hold_of(company, bad)["reason"] == "not_readable_yet"
    company.procurify.faults.clear()
    company.cycle()
    company.cycle()
    company.assert_once([*before, bad, *after])


def test_a_source_that_is_out_altogether_troubles_nobody_and_everything_comes_when_it_is_back() -> None:
    company = Company()
    vendor = company.vendor("Northwind Paper Co")
    uuids = [company.bill(vendor, f"{n}.00") for n in range(1, 9)]
    for kind in ("html", "drop_before", "throttle"):
        company.procurify.faults.plan(kind, "/api/v2/ap/bills/", times=30)
        company.cycle()
        assert (company.ours(), company.world.notices.published) == ([], [])
        company.procurify.faults.clear()
    company.cycle()
    company.cycle()
    company.assert_once(uuids)


@pytest.mark.parametrize("kind", ["malformed", "html", "html_after", "server_fault"])
def test_books_that_answer_one_bill_with_nonsense_take_the_others_and_it_is_never_there_twice(kind: Any) -> None:
    company = Company()
    vendor = company.vendor("Northwind Paper Co")
    uuids = [company.bill(vendor, f"{n}.00") for n in range(1, 6)]
    company.books.faults.plan(kind, f"POST /v3/company/{company.realm}/bill", times=4)
    company.cycle()
    company.cycle()
    company.assert_once(uuids)
    assert {head.state for head in company.heads()} == {"done"}
    company.assert_no_mistakes()


@pytest.mark.parametrize(
    ("path", "value", "reason", "named"),
    [
        ("status", 42, "unknown_value", "status 42"),
        ("type", 9, "unknown_value", "type 9"),
        ("currency.name", "euros", "unreadable_source", "currency.name"),
        ("currency.name", "XTS", "mixed_currencies", "XTS"),
        ("items.0.cost_allocations.0.amount", "60.001e99", "unreadable_source", "amount"),
        ("total_cost_with_tax", "NaN", "unreadable_source", "total_cost_with_tax"),
        ("invoice_date", "2026-02-30", "unreadable_source", "invoice_date"),
        ("uuid", "not-a-uuid", "unreadable_source", "uuid"),
    ],
)
def test_a_value_that_nobody_knows_is_held_naming_it(path: str, value: object, reason: str, named: str) -> None:
    company = Company()
    vendor = company.vendor("Northwind Paper Co")
    uuid, other = rich_bill(company, vendor), company.bill(vendor, "9.00")
    company.procurify.backstage_put_raw_bill_field(uuid, path, value)
    company.cycle()
    hold = hold_of(company, uuid)
    assert hold["reason"] == reason, hold
    assert named in str(hold["message"]), hold
    company.assert_once([other])


@pytest.mark.parametrize("currency", ["XTS", "EUR"])
def test_a_currency_the_books_do_not_keep_is_held_naming_both_and_goes_when_they_keep_it(currency: str) -> None:
    company = Company()
    uuid = company.bill(company.vendor("Northwind Paper Co"), currency=currency)
    company.cycle()
    hold = hold_of(company, uuid)
    assert hold["reason"] == "currency_mismatch"
    assert currency in str(hold["message"]) and "USD" in str(hold["message"])


def test_amounts_with_three_decimals_are_rounded_once_and_make_the_total_or_are_held() -> None:
    company = Company()
    vendor = company.vendor("Northwind Paper Co")
    line = {"description": "Rebar", "account_code": "5010"}
    fits = company.bill(vendor, lines=[{**line, "amount": "10.005"}, {**line, "amount": "10.005"}], total="20.01")
    differs = company.bill(vendor, lines=[{**line, "amount": "10.005"}], total="10.03")
    company.cycle()
    company.assert_once([fits])
    assert company.total_ours() == Decimal("20.01")
    assert sorted(str(line["Amount"]) for line in company.ours()[0]["Line"]) == ["10.0", "10.01"]
    hold = hold_of(company, differs)
    assert hold["reason"] == "totals_differ"
    assert "10.01" in str(hold["message"]) and "10.03" in str(hold["message"])


def test_what_did_not_fit_is_kept_in_the_trail_as_it_came_without_secrets() -> None:
    company = Company()
    uuid = rich_bill(company, company.vendor("Northwind Paper Co"))
    company.procurify.backstage_put_raw_bill_field(uuid, "items.0.total_cost", "password=hunter2hunter2 lots")
    company.cycle()
    told = ledger.trail(company.world.store, company.head(uuid).key)[0]
    evidence = [str(moment["evidence"]) for moment in told if "evidence" in moment]
    assert evidence and "lots" in evidence[0]
    assert "hunter2" not in evidence[0]


@pytest.mark.parametrize("password", [False, True])
def test_books_closed_after_we_looked_are_held_by_their_own_words_and_go_when_opened(password: bool) -> None:
    company = Company()
    vendor = company.vendor("Northwind Paper Co")
    first = company.bill(vendor)
    company.cycle()
    company.books.backstage_close_books(company.realm, "2026-02-28", password)
    uuid = company.bill(vendor)
    company.cycle()
    assert hold_of(company, uuid)["reason"] == "closed_period"
    company.books.backstage_close_books(company.realm, None)
    company.cycle()
    company.assert_once([first, uuid])


def test_a_thousand_lines_on_both_accounts_arrive_to_the_cent_and_change_to_the_cent() -> None:
    company = Company()
    lines = [
        {"description": f"Part {n}", "account_code": ("5010", "6010")[n % 2], "amount": f"{n}.{n % 100:02d}"}
        for n in range(1, 1001)
    ]
    uuid = company.bill(company.vendor("Northwind Paper Co"), lines=lines)
    company.cycle()
    assert company.total_ours() == sum((Decimal(line["amount"]) for line in lines), Decimal(0))
    lines[499]["amount"] = "0.01"
    company.procurify.backstage_edit_bill(uuid, lines=lines)
    company.cycle()
    company.assert_once([uuid])
    assert company.total_ours() == sum((Decimal(line["amount"]) for line in lines), Decimal(0))
