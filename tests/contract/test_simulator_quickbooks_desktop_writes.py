"""What the simulated QuickBooks Desktop promises of writes: versions, lines, and the memory of message sets."""

from __future__ import annotations

import pytest
from lxml import etree

from tests.contract.quickbooks_desktop_desk import GUID, OWNER, Desk, document

M, N = "mlc000000000000042", "mlc000000000000043"


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_bill_is_entered_with_its_total_its_terms_and_its_due_date(desk: Desk) -> None:
    lines = [desk.line("1250.00", "Job Materials"), desk.line("75.50")]
    head = ""
    request = desk.bill("PO-1", *lines, head=head, guid=GUID).replace(
        "<ExternalGUID>", "<TermsRef><FullName>Net 30</FullName></TermsRef><ExternalGUID>"
    )
    ret = desk.ask(request).find("BillRet")
    assert ret.findtext("AmountDue") == ret.findtext("OpenAmount") == "1325.50"
    assert ret.findtext("DueDate") == "2026-12-20"
    assert ret.findtext("ExternalGUID") == GUID
    assert ret.findtext("IsPaid") == "false"
    assert [line.findtext("Amount") for line in ret.iter("ExpenseLineRet")] == ["1250.00", "75.50"]
    bill = desk.bills()[0]
    assert (bill["who"], bill["total"], bill["versions"]) == ("api", "1325.50", 1)


def test_ids_and_versions_look_like_real_ones(desk: Desk) -> None:
    ret = desk.ask(desk.bill()).find("BillRet")
    stamp = str(int(desk.clock.now.timestamp()))
    assert ret.findtext("TxnID").endswith(f"-{stamp}")
    assert ret.findtext("EditSequence") == stamp
    assert desk.vendor.startswith("800000")
    assert ret.findtext("TimeCreated") == "2026-11-20T13:00:00-05:00"


def test_a_mod_needs_the_version_it_has_seen_and_gets_the_record_with_the_refusal(desk: Desk) -> None:
    ret = desk.ask(desk.bill()).find("BillRet")
    first = desk.ask(desk.bill_mod(ret, "<Memo>one</Memo>")).find("BillRet")
    assert first.findtext("EditSequence") != ret.findtext("EditSequence")
    stale = desk.ask(desk.bill_mod(ret, "<Memo>two</Memo>"))
    assert stale.get("statusCode") == "3200"
    assert stale.findtext("BillRet/EditSequence") == first.findtext("EditSequence")
    assert desk.bills()[0]["Memo"] == "one"
    assert desk.mistakes() == []


def test_a_line_of_a_bill_that_a_mod_does_not_name_is_gone(desk: Desk) -> None:
    ret = desk.ask(desk.bill("A", desk.line("10.00"), desk.line("20.00"), desk.line("30.00"))).find("BillRet")
    ids = [line.findtext("TxnLineID") for line in ret.iter("ExpenseLineRet")]
    kept = f"<ExpenseLineMod><TxnLineID>{ids[1]}</TxnLineID></ExpenseLineMod>"
    raised = f"<ExpenseLineMod><TxnLineID>{ids[2]}</TxnLineID><Amount>35.00</Amount></ExpenseLineMod>"
    new = (
        "<ExpenseLineMod><TxnLineID>-1</TxnLineID><AccountRef><FullName>Freight</FullName></AccountRef>"
        "<Amount>1.00</Amount></ExpenseLineMod>"
    )
    after = desk.ask(desk.bill_mod(ret, kept + raised + new)).find("BillRet")
    lines = [(line.findtext("TxnLineID"), line.findtext("Amount")) for line in after.iter("ExpenseLineRet")]
    assert lines[:2] == [(ids[1], "20.00"), (ids[2], "35.00")]
    assert lines[2][1] == "1.00" and lines[2][0] not in ids
    header = desk.ask(desk.bill_mod(after, "<Memo>only this</Memo>")).find("BillRet")
    assert len(header.findall("ExpenseLineRet")) == 3
    cleared = desk.ask(desk.bill_mod(header, "<ClearExpenseLines>true</ClearExpenseLines>")).find("BillRet")
    assert cleared.findall("ExpenseLineRet") == []


def test_an_empty_element_clears_a_field_and_an_absent_one_leaves_it(desk: Desk) -> None:
    desk.sim.backstage_edit_vendor(desk.vendor, Notes="old", Phone="813-555-0142")
    vendor = desk.sim.backstage_edit_vendor(desk.vendor, Fax="1")
    mod = f"<ListID>{desk.vendor}</ListID><EditSequence>{vendor['edit_sequence']}</EditSequence><Notes/>"
    ret = desk.ask(f'<VendorModRq requestID="m"><VendorMod>{mod}</VendorMod></VendorModRq>').find("VendorRet")
    assert (ret.findtext("Notes"), ret.findtext("Phone")) == (None, "813-555-0142")


def test_a_bill_with_payments_keeps_its_vendor_its_amount_and_its_place(desk: Desk) -> None:
    bill = desk.by_person("100.00")
    payment = desk.sim.backstage_pay_bill(bill["id"], "60.00")
    ret = desk.ask(desk.query("Bill", f"<TxnID>{bill['id']}</TxnID><IncludeLineItems>true</IncludeLineItems>"))[0]
    assert (ret.findtext("IsPaid"), ret.findtext("OpenAmount")) == ("false", "40.00")
    other = desk.sim.backstage_add_vendor("Other")["id"]
    assert desk.code(desk.bill_mod(ret, f"<VendorRef><ListID>{other}</ListID></VendorRef>")) == "3170"
    line = ret.findtext("ExpenseLineRet/TxnLineID")
    less = f"<ExpenseLineMod><TxnLineID>{line}</TxnLineID><Amount>50.00</Amount></ExpenseLineMod>"
    assert desk.code(desk.bill_mod(ret, less)) == "3170"
    delete = f'<TxnDelRq requestID="d"><TxnDelType>Bill</TxnDelType><TxnID>{bill["id"]}</TxnID></TxnDelRq>'
    assert desk.code(delete) == "3160"
    desk.sim.backstage_delete(payment["id"])
    assert desk.code(delete) == "0"
    assert desk.bills() == []


def test_closed_books_and_open_windows_keep_a_bill_as_it_is(desk: Desk) -> None:
    ret = desk.ask(desk.bill()).find("BillRet")
    id = ret.findtext("TxnID")
    delete = f"<TxnDelRq><TxnDelType>Bill</TxnDelType><TxnID>{id}</TxnID></TxnDelRq>"
    desk.sim.backstage_close_books("2026-11-20")
    assert desk.code(desk.bill_mod(ret, "<Memo>late</Memo>")) == "3171"
    assert desk.code(delete) == "3161"
    desk.sim.backstage_close_books("")
    desk.sim.backstage_use(id)
    assert desk.code(desk.bill_mod(ret, "<Memo>late</Memo>")) == "3175"
    desk.sim.backstage_use(id, False)
    assert desk.code(desk.bill_mod(ret, "<Memo>late</Memo>")) == "0"


def test_stop_on_error_leaves_the_rest_undone_and_what_ran_before_stays(desk: Desk) -> None:
    requests = desk.bill("A") + desk.vendor_add("<Name>Dockside Concrete</Name>") + desk.bill("B")
    stopped = desk.send(document(requests))
    assert [each.get("statusCode") for each in stopped] == ["0", "3100", "3231"]
    went_on = desk.send(document(requests, on_error="continueOnError"))
    assert [each.get("statusCode") for each in went_on] == ["0", "3100", "0"]
    assert [bill["RefNumber"] for bill in desk.bills()] == ["A", "A", "B"]


def test_a_message_set_that_comes_again_is_not_run_again(desk: Desk) -> None:
    text = document(desk.bill(guid=GUID), newMessageSetID=M)
    first = desk.send(text)
    again = desk.send(text)
    assert (first.get("messageSetStatusCode"), again.get("messageSetStatusCode")) == ("0", "0")
    recovery = again[0].find("ErrorRecovery")
    assert recovery.findtext("TxnID") == first.findtext(".//TxnID")
    assert recovery.findtext("ExternalGUID") == GUID
    assert len(desk.bills()) == 1
    desk.begin()
    assert desk.send(text)[0].find("ErrorRecovery") is not None
    desk.sim.backstage_switch("recovered_as", "both")
    assert {each.tag for each in desk.send(text)[0]} == {"BillRet", "ErrorRecovery"}


def test_the_same_message_set_id_with_other_content_is_refused(desk: Desk) -> None:
    desk.send(document(desk.bill("A"), newMessageSetID=M))
    answer = desk.send(document(desk.bill("B"), newMessageSetID=M))
    assert (answer.get("messageSetStatusCode"), len(answer)) == ("9001", 0)
    assert len(desk.bills()) == 1
    assert desk.mistakes() == [f"message set {M}: 9001"]


def test_asking_for_a_message_set_runs_nothing(desk: Desk) -> None:
    ask = document("", newMessageSetID=M, oldMessageSetID=M)
    assert desk.send(ask).get("messageSetStatusCode") == "600"
    desk.send(document(desk.bill("A"), newMessageSetID=M))
    known = desk.send(ask)
    assert known.get("messageSetStatusCode") == "0"
    assert known[0].find("ErrorRecovery/TxnID").text == desk.bills()[0]["id"]
    assert len(desk.bills()) == 1


def test_a_set_that_names_its_own_id_as_the_old_one_does_not_lose_what_was_remembered(desk: Desk) -> None:
    desk.send(document(desk.bill("A"), newMessageSetID=M))
    desk.send(document(desk.bill("A"), newMessageSetID=M, oldMessageSetID=M))
    assert len(desk.bills()) == 1
    assert desk.mistakes() == [f"message set {M} is asked for and written at once"]


def test_a_refused_write_is_remembered_as_refused(desk: Desk) -> None:
    text = document(desk.vendor_add("<Name>Dockside Concrete</Name>"), newMessageSetID=M)
    assert desk.send(text)[0].get("statusCode") == "3100"
    desk.sim.backstage_rename(desk.vendor, "Quay Concrete")
    assert desk.send(text)[0].get("statusCode") == "3100"
    assert desk.send(text.replace(M, N))[0].get("statusCode") == "0"


def test_an_old_id_alone_clears_what_was_remembered(desk: Desk) -> None:
    text = document(desk.bill("A"), newMessageSetID=M)
    clear = document("", oldMessageSetID=M)
    desk.send(text)
    assert desk.send(clear).get("messageSetStatusCode") == "0"
    assert desk.send(clear).get("messageSetStatusCode") == "600"
    desk.send(text)
    assert len(desk.bills()) == 2
    desk.send(document(desk.bill("B"), newMessageSetID=N, oldMessageSetID=M))
    assert desk.sim.backstage_message_sets() == {"ML Connector": [N]}
    desk.send(document("", oldMessageSetID="ClearAllMessageSets"))
    assert desk.sim.backstage_message_sets() == {"ML Connector": []}


def test_a_message_set_id_that_is_too_long_is_refused_and_nothing_is_run(desk: Desk) -> None:
    answer = desk.send(document(desk.bill(), newMessageSetID="m" * 24))
    assert answer.get("messageSetStatusCode") == "9004"
    assert desk.bills() == []


def test_a_set_that_could_not_be_read_is_not_remembered(desk: Desk) -> None:
    wrong = document(desk.bill().replace("RefNumber", "refNumber"), newMessageSetID=M)
    assert desk.hresult(wrong) == "0x80040400"
    assert desk.send(document("", newMessageSetID=M, oldMessageSetID=M)).get("messageSetStatusCode") == "600"


def test_another_application_has_a_memory_of_its_own(desk: Desk) -> None:
    text = document(desk.bill("A"), newMessageSetID=M)
    desk.send(text)
    desk.session.app = "Renamed"
    desk.send(text)
    assert len(desk.bills()) == 2


def test_a_restored_backup_forgets_the_bill_and_its_message_set_alike(desk: Desk) -> None:
    desk.sim.backstage_back_up("monday")
    desk.send(document(desk.bill("A"), newMessageSetID=M))
    desk.sim.backstage_restore("monday")
    desk.begin()
    assert desk.sim.backstage_ledger()["Bill"] == []
    assert desk.send(document("", newMessageSetID=M, oldMessageSetID=M)).get("messageSetStatusCode") == "600"


def test_message_sets_may_be_forgotten_by_number_or_by_age(desk: Desk) -> None:
    desk.sim.backstage_switch("message_sets_kept", 1)
    desk.send(document(desk.bill("A"), newMessageSetID=M))
    desk.send(document(desk.bill("B"), newMessageSetID=N))
    assert desk.sim.backstage_message_sets() == {"ML Connector": [N]}
    desk.sim.backstage_switch("message_set_seconds", 60.0)
    desk.clock.pass_(seconds=61)
    assert desk.send(document("", newMessageSetID=N, oldMessageSetID=N)).get("messageSetStatusCode") == "600"


def test_custom_fields_are_seen_only_by_those_who_name_their_owner(desk: Desk) -> None:
    ret = desk.ask(desk.bill()).find("BillRet")
    define = (
        f"<DataExtDefAddRq><DataExtDefAdd><OwnerID>{OWNER}</OwnerID><DataExtName>Key</DataExtName>"
        "<DataExtType>STR255TYPE</DataExtType><AssignToObject>Bill</AssignToObject></DataExtDefAdd></DataExtDefAddRq>"
    )
    put = (
        f"<DataExtAddRq><DataExtAdd><OwnerID>{OWNER}</OwnerID><DataExtName>Key</DataExtName>"
        f"<TxnDataExtType>Bill</TxnDataExtType><TxnID>{ret.findtext('TxnID')}</TxnID>"
        "<DataExtValue>po:1</DataExtValue></DataExtAdd></DataExtAddRq>"
    )
    assert desk.code(put) == "3140"
    assert [desk.code(define), desk.code(put), desk.code(define)] == ["0", "0", "3100"]
    assert desk.ask(desk.query("Bill", "<OwnerID>0</OwnerID>")).find(".//DataExtRet") is None
    assert desk.ask(desk.query("Bill", f"<OwnerID>{OWNER}</OwnerID>")).findtext(".//DataExtValue") == "po:1"


def test_a_repeated_external_guid_is_taken_or_refused(desk: Desk) -> None:
    assert [desk.code(desk.bill("A", guid=GUID)), desk.code(desk.bill("B", guid=GUID))] == ["0", "0"]
    desk.sim.backstage_switch("external_guid_unique", True)
    assert desk.code(desk.bill("C", guid=GUID)) == "3210"
    desk.sim.backstage_switch("external_guid_returned", False)
    assert desk.ask(desk.query("Bill")).find(".//ExternalGUID") is None


def test_letters_that_the_books_cannot_hold_become_question_marks(desk: Desk) -> None:
    name = "Caf&#233; &#8220;Le Pont&#8221; &#21271;&#20140; &amp; Sons"
    ret = desk.ask(desk.vendor_add(f"<Name>{name}</Name>")).find("VendorRet")
    assert ret.findtext("Name") == "Café “Le Pont” ?? & Sons"
    raw = desk.session.process(document(desk.query("Vendor", "<ActiveStatus>All</ActiveStatus>")))
    assert raw.isascii() and "&#233;" in raw
    assert etree.fromstring(raw.encode())[0][0][0].findtext("Name") == "Café “Le Pont” ?? & Sons"
    desk.sim.backstage_switch("raw_letters", True)
    raw = desk.session.process(document(desk.query("Vendor")))
    assert raw.startswith('<?xml version="1.0" encoding="windows-1252"?>')
    assert "Café “Le Pont” ?? &amp; Sons" in raw


def test_a_bill_takes_over_the_open_lines_of_a_purchase_order_once(desk: Desk) -> None:
    item = desk.sim.backstage_add_item("Concrete", desk.id("Job Materials"))["id"]
    order = desk.sim.backstage_add_purchase_order(
        desk.vendor, [{"ItemRef": item, "Quantity": "10", "Rate": "125"}], RefNumber="PO-9"
    )
    linked = desk.bill("INV-8", f"<LinkToTxnID>{order['id']}</LinkToTxnID>")
    ret = desk.ask(linked).find("BillRet")
    assert (ret.findtext("AmountDue"), ret.findtext("ItemLineRet/ItemRef/FullName")) == ("1250.00", "Concrete")
    assert ret.findtext("LinkedTxn/LinkType") == "QUANTYPE"
    assert desk.code(linked) == "3140"
    desk.sim.backstage_delete(ret.findtext("TxnID"))
    desk.sim.backstage_close_order(order["id"])
    assert desk.code(linked) == "3140"
    desk.sim.backstage_edit_listed(order["id"], IsManuallyClosed="false")
    assert desk.code(linked) == "0"


@pytest.mark.parametrize(("code", "done"), [("1000", False), ("1000", True), ("510", True), ("3180", False)])
def test_a_status_may_be_brought_about_with_the_work_done_or_not(desk: Desk, code: str, done: bool) -> None:
    desk.sim.backstage_status(int(code), "BillAdd", done)
    answer = desk.ask(desk.bill())
    assert answer.get("statusCode") == code
    assert (len(desk.bills()), answer.find("BillRet") is not None) == (done, code == "510")
    assert desk.code(desk.bill()) == "0"


def test_a_bill_that_a_window_enters_anew_has_another_id(desk: Desk) -> None:
    first = desk.by_person("80.00")
    second = desk.sim.backstage_recreate(first["id"])
    assert second["id"] != first["id"]
    assert [bill["total"] for bill in desk.bills()] == ["80.00"]
    assert desk.sim.backstage_ledger()["deleted"][0]["id"] == first["id"]
