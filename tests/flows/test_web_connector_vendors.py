"""Vendors over the Web Connector, and what goes by itself at its next run once the books were put right."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.desktop import FLOW, DesktopCompany
from tests.flows.at_the_pc import Office

NAME = "Northwind Paper Co"


def vendor_of(office: DesktopCompany, name: str = NAME) -> dict[str, Any]:
    return next(vendor for vendor in office.pc.backstage_ledger()["Vendor"] if vendor["Name"] == name)


def payees(office: DesktopCompany) -> list[str]:
    names = {vendor["id"]: vendor["Name"] for vendor in office.pc.backstage_ledger()["Vendor"]}
    return sorted(names[bill["VendorRef"]] for bill in office.ours())


def test_a_vendor_is_created_once_and_its_bill_goes_in_the_same_session() -> None:
    office = Office(policies={"unmatched_vendor": "create"})
    order = office.order(office.vendor(NAME, in_books=False))
    office.cycle(calls=1)
    assert [vendor["Name"] for vendor in office.pc.backstage_ledger()["Vendor"]] == [NAME]
    office.cycle(calls=1)
    office.assert_once([order])
    assert payees(office) == [NAME]
    assert len([text for text in office.writes() if "VendorAddRq" in text]) == 1
    office.assert_no_mistakes()


@pytest.mark.parametrize("who", ["customer", "employee", "other_name"])
def test_a_vendors_name_that_a_customer_or_employee_has_is_held_naming_it_and_goes_once_it_is_free(who: str) -> None:
    office = Office(policies={"unmatched_vendor": "create"})
    taken = getattr(office.pc, f"backstage_add_{who}")(NAME)
    vendor = office.vendor(NAME, in_books=False)
    order = office.order(vendor)
    for _ in range(2):
        office.cycle()
    assert office.reason(vendor["id"], "vendor") == "name_taken"
    assert NAME in office.hold(vendor["id"], "vendor")
    assert "error" not in office.hold(vendor["id"], "vendor").lower()
    assert (office.head(order).state, office.ours()) == ("held", [])
    office.pc.backstage_rename(taken["id"], f"{NAME} (old)")
    office.ask("POST", f"/records/{FLOW}:vendor:{vendor['id']}/replay")
    office.world.until_quiet()
    office.calls(3)
    office.assert_once([order])
    assert payees(office) == [NAME]
    office.assert_no_mistakes()


def test_an_inactive_vendor_holds_its_bills_alone_and_they_go_when_it_is_active_again() -> None:
    office = Office()
    waiting, going = office.order(office.vendor(NAME)), office.order(office.vendor("Southwind"))
    office.pc.backstage_set_active(vendor_of(office)["id"], False)
    for _ in range(2):
        office.cycle()
    office.assert_once([going])
    vendor = str(office.head(waiting).hold)
    assert NAME in vendor
    assert any("inactive" in office.hold(head.key.source_id, "vendor") for head in office.heads("vendor"))
    office.pc.backstage_set_active(vendor_of(office)["id"], True)
    office.cycle(calls=3)
    office.assert_once([waiting, going])
    office.assert_no_mistakes()


def test_a_vendor_that_is_made_inactive_between_our_read_and_our_write_holds_its_bill() -> None:
    office = Office()
    order = office.order(office.vendor(NAME))
    office.meanwhile("BillAddRq", lambda: office.pc.backstage_set_active(vendor_of(office)["id"], False))
    office.cycle()
    assert (office.ours(), office.head(order).state) == ([], "held")
    assert "inactive" in office.hold(order)
    assert "make it active again there" in office.hold(order)
    assert "then replay it" in office.hold(order)
    office.pc.backstage_set_active(vendor_of(office)["id"], True)
    office.replay(order)
    office.calls(2)
    office.assert_once([order])
    office.assert_no_mistakes()


def test_a_vendor_that_people_rename_stays_the_one_it_is() -> None:
    office = Office()
    vendor = office.vendor(NAME)
    orders = [office.order(vendor)]
    office.cycle()
    office.pc.backstage_rename(vendor_of(office)["id"], "Northwind Group")
    orders.append(office.order(vendor))
    for _ in range(2):
        office.cycle()
    office.assert_once(orders)
    assert payees(office) == ["Northwind Group", "Northwind Group"]
    office.assert_no_mistakes()


def test_vendors_that_people_merge_hold_new_bills_in_words_and_none_goes_to_a_wrong_one() -> None:
    office = Office()
    vendor = office.vendor(NAME)
    first = office.order(vendor, "10.00")
    office.cycle()
    survivor = office.pc.backstage_add_vendor("Northwind Holding")
    office.pc.backstage_merge(survivor["id"], vendor_of(office)["id"])
    second = office.order(vendor, "20.00")
    for _ in range(3):
        office.cycle(calls=3)
    assert payees(office) == ["Northwind Holding"]
    office.assert_once([first])
    assert office.head(second).state == "held"
    assert "merged into another one" in office.hold(second)
    assert f"vendor:{vendor['id']} --link" in office.hold(second)
    office.ask(
        "POST", f"/records/{FLOW}:vendor:{vendor['id']}/resolve", {"action": "link", "target_id": survivor["id"]}
    )
    office.world.until_quiet()
    office.cycle(calls=3)
    office.assert_once([first, second])
    assert payees(office) == ["Northwind Holding", "Northwind Holding"]
    office.assert_no_mistakes()


def test_a_missing_account_that_is_created_lets_exactly_what_waited_for_it_go_at_the_next_run() -> None:
    office = Office()
    vendor = office.vendor(NAME)
    waiting = [office.order(vendor, account="7010") for _ in range(3)]
    office.procurify.backstage_add_account_code("7020", "code 7020")
    other = office.order(vendor, account="7020")
    office.cycle()
    assert {office.reason(order) for order in [*waiting, other]} == {office.reason(waiting[0])} != {""}
    assert len(office.notices("7010")) == 1
    office.pc.backstage_add_account("Garden", "Expense", "7010")
    office.poll()
    office.calls(2)
    office.assert_once(waiting)
    assert office.head(other).state == "held"
    office.assert_no_mistakes()


def test_a_mapping_that_is_added_lets_exactly_what_waited_for_it_go_at_the_next_run() -> None:
    office = Office()
    vendor = office.vendor(NAME)
    waiting = [office.order(vendor, account="7010") for _ in range(3)]
    office.procurify.backstage_add_account_code("7020", "code 7020")
    other = office.order(vendor, account="7020")
    office.cycle()
    office.apply_flow(mappings={"account": {"7010": "6010"}})
    office.world.until_quiet()
    before = len(office.writes())
    assert office.ours() == []
    office.call()
    office.assert_once(waiting)
    assert len(office.writes()) == before + 3
    assert office.head(other).state == "held"
    office.assert_no_mistakes()


def test_three_hundred_vendors_are_read_over_several_pages_and_the_last_is_found() -> None:
    office = Office()
    for n in range(300):
        office.pc.backstage_add_vendor(f"Vendor {n:03}")
    order = office.order(office.procurify.backstage_add_vendor(name="Vendor 299"))
    office.cycle()
    office.assert_once([order])
    assert len([text for text in office.requests() if 'iterator="Continue"' in text]) >= 1
    office.assert_no_mistakes()
