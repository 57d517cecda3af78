"""Where public sources disagree on what QuickBooks does: a whole life comes out right under each answer.

Everything that leaves in it is held against the vendor's schema.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest

from simulator.systems.quickbooks_desktop.options import Options
from tests.flows.at_the_pc import Office
from tests.unit.systems.quickbooks_desktop_desk import complaints, needs_data

OTHERS: dict[str, list[Any]] = {
    "missing_id_status": [3120, 1],
    "inactive_status": [3210],
    "warn_word": ["Warning"],
    "recovered_as": ["record", "both"],
    "message_sets_kept": [1],
    "message_set_seconds": [60.0],
    "longest_message_set_id": [20, 24],
}
SWITCHES = [("none", None)] + [
    (field.name, value)
    for field in fields(Options)
    for value in OTHERS.get(field.name, [not field.default] if isinstance(field.default, bool) else [])
]
LIFE_POLICIES = {"unmatched_vendor": "create", "cancelled_purchase_order": "void"}


def live(name: str = "none", value: Any = None) -> Office:
    """Create, change, void, pay; a vendor made; answers lost before and after each kind of write."""
    office = Office(policies=LIFE_POLICIES)
    if value is not None:
        office.pc.backstage_switch(name, value)
    known, made = office.vendor("Northwind Paper Co"), office.vendor("Café Zürich “East”", in_books=False)
    orders = [office.order(known, f"{n + 10}.00", number=f"{1000 + n}") for n in range(4)]
    orders.append(office.order(made, "50.00", number="2000"))
    _mishap(office, "process VendorAddRq", "process BillAddRq", "process BillAddRq")
    office.revise(orders[0], "99.00")
    office.revise(orders[1], "98.00")
    _mishap(office, "process BillModRq", "process BillModRq")
    office.procurify.backstage_cancel_purchase_order(orders[2])
    _mishap(office, "process TxnVoidRq")
    paid = next(bill for bill in office.ours() if bill["RefNumber"] == "PO-1003")
    office.pc.backstage_pay_bill(paid["id"], "5.00")
    office.revise(orders[3], "97.00")
    for _ in range(3):
        office.cycle(calls=3)
    assert_lived(office, orders)
    return office


def _mishap(office: Office, *matches: str) -> None:
    office.poll()
    for kind, match in zip(("die_after", "die_before", "die_after"), matches, strict=False):
        office.pc.backstage_mishap(kind, match)
        office.calls(1)
        (mishap,) = office.pc.connector.mishaps
        assert mishap.times == 0, f"{kind} {match} did not happen"
        office.pc.connector.mishaps.clear()
    for _ in range(3):
        office.cycle(calls=3)


def assert_lived(office: Office, orders: list[int]) -> None:
    office.assert_once(orders)
    by_number = {bill["RefNumber"]: sum(float(line["Amount"]) for line in bill["lines"]) for bill in office.ours()}
    assert by_number == {"PO-1000": 99.0, "PO-1001": 98.0, "PO-1002": 0.0, "PO-1003": 13.0, "PO-2000": 50.0}
    assert office.reason(orders[3]) == "target_locked"
    for order in (orders[0], orders[1], orders[2], orders[4]):
        head = office.head(order)
        assert head.state == "done", f"{head.trouble} {head.hold}"
    assert [vendor["Name"] for vendor in office.pc.backstage_ledger()["Vendor"]].count("Northwind Paper Co") == 1
    assert len(office.pc.backstage_ledger()["Vendor"]) == 2
    assert office.call().word == "none"


@pytest.mark.parametrize(("name", "value"), SWITCHES, ids=str)
def test_a_whole_life_comes_out_right_whichever_way_quickbooks_does_it(name: str, value: Any) -> None:
    live(name, value).assert_no_mistakes()


@needs_data
def test_everything_that_leaves_in_a_whole_life_is_valid_by_the_vendors_schema() -> None:
    sent = live().requests()
    assert len(sent) > 30
    wrong = {text: found for text in dict.fromkeys(sent) if (found := complaints(text))}
    assert not wrong
    kinds = {
        name
        for name in ("BillAddRq", "BillModRq", "TxnVoidRq", "VendorAddRq", "TxnDeletedQueryRq")
        for text in sent
        if f"<{name}" in text
    }
    assert len(kinds) == 5
