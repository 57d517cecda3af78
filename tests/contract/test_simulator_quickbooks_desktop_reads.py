"""What the simulated QuickBooks Desktop promises of reads: pages, filters, its PC's clock, deletions and merges."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.contract.quickbooks_desktop_desk import Desk

EVERY = ("Bill", "BillPaymentCheck", "BillPaymentCreditCard", "VendorCredit")
ALL = "<ActiveStatus>All</ActiveStatus>"


@pytest.fixture
def desk() -> Desk:
    return Desk()


def deleted(desk: Desk, *kinds: str, between: str = "") -> list[tuple[str, str]]:
    asked = "".join(f"<TxnDelType>{kind}</TxnDelType>" for kind in kinds or EVERY)
    answer = desk.ask(desk.query("TxnDeleted", asked + between))
    return [(each.findtext("TxnDelType"), each.findtext("TxnID")) for each in answer]


def changed(desk: Desk, first: str, last: str = "") -> list[str]:
    end = f"<ToModifiedDate>{last}</ToModifiedDate>" if last else ""
    inside = f"<FromModifiedDate>{first}</FromModifiedDate>{end}"
    answer = desk.ask(desk.query("Bill", f"<ModifiedDateRangeFilter>{inside}</ModifiedDateRangeFilter>"))
    return [each.findtext("RefNumber") for each in answer]


def test_pages_follow_each_other_until_nothing_is_left(desk: Desk) -> None:
    for n in range(6):
        desk.sim.backstage_add_vendor(f"Vendor {n}")
    page = f"<MaxReturned>3</MaxReturned>{ALL}"
    answer = desk.ask(desk.query("Vendor", page, 'iterator="Start"'))
    names = []
    while True:
        names += [ret.findtext("Name") for ret in answer]
        left = int(answer.get("iteratorRemainingCount"))
        assert answer.get("retCount") == str(len(answer))
        if left == 0:
            break
        id = answer.get("iteratorID")
        answer = desk.ask(desk.query("Vendor", page, f'iterator="Continue" iteratorID="{id}"'))
    assert len(names) == len(set(names)) == 7
    assert desk.code(desk.query("Vendor", page, f'iterator="Continue" iteratorID="{id}"')) == "3391"
    assert desk.mistakes() == []


def test_an_iterator_ends_with_its_session_and_wants_its_filters_again(desk: Desk) -> None:
    desk.sim.backstage_add_vendor("Another")
    page = f"<MaxReturned>1</MaxReturned>{ALL}"
    start = desk.query("Vendor", page, 'iterator="Start"')
    id = desk.ask(start).get("iteratorID")
    desk.begin()
    assert desk.code(desk.query("Vendor", page, f'iterator="Continue" iteratorID="{id}"')) == "3391"
    id = desk.ask(start).get("iteratorID")
    desk.ask(desk.query("Vendor", "", f'iterator="Continue" iteratorID="{id}"'))
    assert len(desk.mistakes()) == 1
    id = desk.ask(start).get("iteratorID")
    desk.ask(desk.query("Vendor", page, f'iterator="Stop" iteratorID="{id}"'))
    assert desk.code(desk.query("Vendor", page, f'iterator="Continue" iteratorID="{id}"')) == "3391"


def test_a_record_that_is_deleted_while_pages_are_read_is_not_in_the_next_one(desk: Desk) -> None:
    gone = [desk.by_person(number=f"N-{n}") for n in range(3)][2]
    page = "<MaxReturned>2</MaxReturned>"
    id = desk.ask(desk.query("Bill", page, 'iterator="Start"')).get("iteratorID")
    desk.sim.backstage_delete(gone["id"])
    answer = desk.ask(desk.query("Bill", page, f'iterator="Continue" iteratorID="{id}"'))
    assert (len(answer), answer.get("iteratorRemainingCount")) == (0, "0")


def test_without_an_iterator_max_returned_cuts_silently(desk: Desk) -> None:
    desk.sim.backstage_add_vendor("Another")
    answer = desk.ask(desk.query("Vendor", "<MaxReturned>1</MaxReturned>"))
    assert (len(answer), answer.get("iteratorRemainingCount")) == (1, None)


def test_inactive_vendors_hide_unless_all_are_asked_for(desk: Desk) -> None:
    desk.sim.backstage_set_active(desk.vendor, False)
    assert desk.code(desk.query("Vendor")) == "1"
    assert desk.ask(desk.query("Vendor", ALL)).findtext("VendorRet/IsActive") == "false"
    assert desk.code(desk.query("Vendor", f"<ListID>{desk.vendor}</ListID>")) == "0"


def test_filters_find_a_bill_by_its_number_its_vendor_and_its_standing(desk: Desk) -> None:
    other = desk.sim.backstage_add_vendor("Other")["id"]
    first = desk.by_person(number="PO-10")["id"]
    desk.by_person(number="po-10", vendor=other)
    desk.by_person(number="PO-100")
    desk.sim.backstage_pay_bill(first)

    def numbers(inside: str) -> list[str]:
        return [each.findtext("RefNumber") for each in desk.ask(desk.query("Bill", inside))]

    assert sorted(numbers("<RefNumber>PO-10</RefNumber>")) == ["PO-10", "po-10"]
    assert numbers("<RefNumberCaseSensitive>PO-10</RefNumberCaseSensitive>") == ["PO-10"]
    starts = (
        "<RefNumberFilter><MatchCriterion>StartsWith</MatchCriterion><RefNumber>PO-10</RefNumber></RefNumberFilter>"
    )
    mine = f"<EntityFilter><ListID>{desk.vendor}</ListID></EntityFilter>"
    assert numbers(mine + starts) == ["PO-10", "PO-100"]
    assert numbers("<EntityFilter><FullName>other</FullName></EntityFilter>") == ["po-10"]
    assert numbers("<PaidStatus>PaidOnly</PaidStatus>") == ["PO-10"]
    assert desk.code(desk.query("Bill", "<EntityFilter><ListID>8000-1</ListID></EntityFilter>")) == "3120"
    backwards = "<FromTxnDate>2026-12-01</FromTxnDate><ToTxnDate>2026-11-01</ToTxnDate>"
    assert desk.code(desk.query("Bill", f"<TxnDateRangeFilter>{backwards}</TxnDateRangeFilter>")) == "3030"


def test_lines_and_links_come_only_when_asked_for(desk: Desk) -> None:
    bill = desk.by_person()["id"]
    desk.sim.backstage_pay_bill(bill, "40.00", RefNumber="2041")
    plain = desk.ask(desk.query("Bill"))[0]
    assert plain.find("ExpenseLineRet") is None and plain.find("LinkedTxn") is None
    flags = "<IncludeLineItems>true</IncludeLineItems><IncludeLinkedTxns>true</IncludeLinkedTxns>"
    full = desk.ask(desk.query("Bill", flags))[0]
    assert full.findtext("LinkedTxn/TxnType") == "BillPaymentCheck"
    assert (full.findtext("LinkedTxn/Amount"), full.findtext("ExpenseLineRet/Amount")) == ("-40.00", "100.00")
    few = "<IncludeRetElement>TxnID</IncludeRetElement><IncludeRetElement>TimeModified</IncludeRetElement>"
    assert [each.tag for each in desk.ask(desk.query("Bill", few))[0]] == ["TxnID", "TimeModified"]


def test_a_filter_without_an_offset_is_the_clock_on_the_wall_of_the_pc(desk: Desk) -> None:
    desk.by_person(number="A")  # at 13:00 in New York, 18:00 in UTC
    assert changed(desk, "2026-11-20T13:00:00") == ["A"]
    assert changed(desk, "2026-11-20T13:00:01") == []
    assert changed(desk, "2026-11-20T18:00:00+00:00") == ["A"]
    assert changed(desk, "2026-11-20T18:00:00-05:00") == []
    assert changed(desk, "2026-11-20", "2026-11-20") == ["A"]


def test_summer_is_written_with_its_own_offset_or_with_winters_by_older_releases(desk: Desk) -> None:
    desk.clock.now = datetime(2027, 7, 19, 11, 21, 56, tzinfo=UTC)
    ask = desk.query("Bill", f"<TxnID>{desk.by_person()['id']}</TxnID>")
    assert desk.ask(ask)[0].findtext("TimeModified") == "2027-07-19T07:21:56-04:00"
    desk.sim.backstage_switch("standard_offset_in_summer", True)
    assert desk.ask(ask)[0].findtext("TimeModified") == "2027-07-19T07:21:56-05:00"


def test_a_payment_moves_the_bill_it_pays_or_leaves_it_be(desk: Desk) -> None:
    first, second = desk.by_person(number="A")["id"], desk.by_person(number="B")["id"]
    desk.clock.pass_(hours=1)
    desk.sim.backstage_pay_bill(first)
    desk.sim.backstage_switch("payment_touches_bill", False)
    desk.sim.backstage_pay_bill(second)
    assert changed(desk, "2026-11-20T14:00:00") == ["A"]
    applied = desk.ask(desk.query("BillPaymentCheck", "<IncludeLineItems>true</IncludeLineItems>"))
    assert {each.findtext("AppliedToTxnRet/TxnID") for each in applied} == {first, second}


def test_deletions_are_told_by_kind_for_ninety_days(desk: Desk) -> None:
    first, second = desk.by_person(number="A")["id"], desk.by_person(number="B")["id"]
    payment = desk.sim.backstage_pay_bill(first)["id"]
    assert desk.code(desk.query("TxnDeleted", "<TxnDelType>Bill</TxnDelType>")) == "1"
    desk.sim.backstage_delete(payment)
    desk.clock.pass_(days=1)
    desk.sim.backstage_delete(second)
    assert deleted(desk) == [("Bill", second), ("BillPaymentCheck", payment)]
    since = "<DeletedDateRangeFilter><FromDeletedDate>2026-11-21T13:00:00</FromDeletedDate></DeletedDateRangeFilter>"
    assert deleted(desk, between=since) == [("Bill", second)]
    assert desk.ask(desk.query("Bill", f"<TxnID>{first}</TxnID>")).findtext("BillRet/OpenAmount") == "100.00"
    desk.clock.pass_(days=90)
    assert deleted(desk) == [("Bill", second)]
    desk.clock.pass_(seconds=1)
    assert deleted(desk) == []


def test_a_void_bill_is_changed_not_deleted(desk: Desk) -> None:
    bill = desk.by_person(number="A")["id"]
    desk.clock.pass_(hours=1)
    desk.sim.backstage_void(bill)
    assert changed(desk, "2026-11-20T14:00:00") == ["A"]
    assert deleted(desk) == []
    assert desk.ask(desk.query("Bill"))[0].findtext("AmountDue") == "0.00"


def test_an_application_voids_and_deletes_what_nobody_uses(desk: Desk) -> None:
    bill = desk.by_person(number="A")["id"]
    voided = desk.ask(f"<TxnVoidRq><TxnVoidType>Bill</TxnVoidType><TxnID>{bill}</TxnID></TxnVoidRq>")
    assert (voided.get("statusCode"), voided.findtext("RefNumber")) == ("0", "A")
    assert desk.bills()[0]["total"] == "0.00"
    gone = desk.ask(f"<TxnDelRq><TxnDelType>Bill</TxnDelType><TxnID>{bill}</TxnID></TxnDelRq>")
    assert gone.findtext("TimeDeleted") == "2026-11-20T13:00:00-05:00"
    listed = desk.ask(f"<ListDelRq><ListDelType>Vendor</ListDelType><ListID>{desk.vendor}</ListID></ListDelRq>")
    assert (listed.get("statusCode"), listed.findtext("FullName")) == ("0", "Dockside Concrete")
    assert desk.code(f"<TxnDelRq><TxnDelType>Bill</TxnDelType><TxnID>{bill}</TxnID></TxnDelRq>") == "3120"


def test_merged_vendors_leave_one_id_and_their_bills_move(desk: Desk) -> None:
    other = desk.sim.backstage_add_vendor("Dock Side")["id"]
    bill = desk.by_person(vendor=other)["id"]
    before = desk.bills()[0]["edit_sequence"]
    assert desk.code(f"<ListDelRq><ListDelType>Vendor</ListDelType><ListID>{other}</ListID></ListDelRq>") == "3170"
    desk.sim.backstage_merge(desk.vendor, other)
    gone = desk.ask(desk.query("ListDeleted", "<ListDelType>Vendor</ListDelType>"))[0]
    assert (gone.findtext("ListID"), gone.findtext("FullName")) == (other, "Dock Side")
    ret = desk.ask(desk.query("Bill", f"<TxnID>{bill}</TxnID>"))[0]
    assert ret.findtext("VendorRef/ListID") == desk.vendor
    assert ret.findtext("EditSequence") == before


def test_a_rename_shows_wherever_the_name_stands(desk: Desk) -> None:
    desk.by_person()
    desk.sim.backstage_rename(desk.vendor, "Quay Concrete")
    desk.sim.backstage_rename(desk.id("Freight"), "Haulage")
    ret = desk.ask(desk.query("Bill", "<IncludeLineItems>true</IncludeLineItems>"))[0]
    assert ret.findtext("VendorRef/FullName") == "Quay Concrete"
    assert ret.findtext("ExpenseLineRet/AccountRef/FullName") == "Haulage"


def test_names_below_others_are_joined_with_a_colon(desk: Desk) -> None:
    above = desk.sim.backstage_add_customer("Harbor Group")["id"]
    desk.sim.backstage_add_customer("Pier 4", parent=above)
    desk.sim.backstage_add_vendor("Pier 4")
    ret = desk.ask(desk.query("Customer", "<FullName>Harbor Group:Pier 4</FullName>"))[0]
    assert (ret.findtext("Name"), ret.findtext("Sublevel"), ret.findtext("ParentRef/ListID")) == ("Pier 4", "1", above)


def test_an_entity_query_tells_whose_name_it_is(desk: Desk) -> None:
    desk.sim.backstage_add_employee("Dana Ortiz")
    answer = desk.ask(desk.query("Entity", "<FullName>dana ortiz</FullName>"))
    assert [each.tag for each in answer] == ["EmployeeRet"]


def test_what_is_to_pay_is_told_for_one_vendor(desk: Desk) -> None:
    bill = desk.by_person()["id"]
    desk.sim.backstage_pay_bill(bill, "40.00", discount="10.00")
    answer = desk.ask(desk.query("BillToPay", f"<PayeeEntityRef><ListID>{desk.vendor}</ListID></PayeeEntityRef>"))
    assert [each.findtext("BillToPay/AmountDue") for each in answer] == ["50.00"]
    desk.sim.backstage_pay_bill(bill)
    assert desk.ask(desk.query("Bill"))[0].findtext("IsPaid") == "true"
    assert desk.code(desk.query("BillToPay", f"<PayeeEntityRef><ListID>{desk.vendor}</ListID></PayeeEntityRef>")) == "1"
