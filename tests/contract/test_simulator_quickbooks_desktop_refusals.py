"""What the simulated QuickBooks Desktop refuses, and with which words: our mistakes, and other people's doings."""

from __future__ import annotations

import pytest

from tests.contract.quickbooks_desktop_desk import GUID, OWNER, Desk, document

QUERY = '<VendorQueryRq requestID="q"><ActiveStatus>All</ActiveStatus></VendorQueryRq>'
FINE = document(QUERY)
VERSION = '<?qbxml version="13.0"?>'
LONG = "x" * 50

UNREADABLE = {
    "no declaration": FINE.removeprefix('<?xml version="1.0" encoding="utf-8"?>'),
    "a space before it": " " + FINE,
    "a byte order mark before it": "\ufeff" + FINE,
    "no qbxml instruction": FINE.replace(VERSION, ""),
    "two qbxml instructions": FINE.replace("<QBXML>", f"{VERSION}<QBXML>"),
    "the instruction inside the root": FINE.replace(f"{VERSION}<QBXML>", f"<QBXML>{VERSION}"),
    "not well-formed": FINE.replace("</QBXML>", ""),
    "escaped twice": FINE.replace("<QBXML>", "&lt;QBXML&gt;"),
    "a document type": FINE.replace("<QBXML>", "<!DOCTYPE QBXML><QBXML>"),
    "letters beyond ASCII": FINE.replace(QUERY, "<VendorQueryRq><FullName>Café</FullName></VendorQueryRq>"),
    "no onError": FINE.replace(' onError="stopOnError"', ""),
    "a rollback": FINE.replace("stopOnError", "rollbackOnError"),
    "an attribute that the set does not have": FINE.replace("onError=", 'deleteMessageSetID="1" onError='),
    "an unknown request": FINE.replace("VendorQueryRq", "VendorsQueryRq"),
    "the wrong case": FINE.replace("ActiveStatus", "activeStatus"),
    "text between elements": FINE.replace("<ActiveStatus>", "all<ActiveStatus>"),
    "elements inside a value": FINE.replace(">All<", "><b>All</b><"),
}
MISPLACED = {  # the name of a request, and what is inside
    "a wrong order": ("VendorQuery", "<ActiveStatus>All</ActiveStatus><MaxReturned>1</MaxReturned>"),
    "two branches at once": ("VendorQuery", "<FullName>A</FullName><ActiveStatus>All</ActiveStatus>"),
    "both kinds of id": ("VendorQuery", "<ListID>1-1</ListID><FullName>A</FullName>"),
    "number and vendor together": (
        "BillQuery",
        "<RefNumber>1</RefNumber><EntityFilter><ListID>1-1</ListID></EntityFilter>",
    ),
    "a single element twice": ("VendorQuery", "<MaxReturned>1</MaxReturned><MaxReturned>1</MaxReturned>"),
    "OwnerID for classes": ("ClassQuery", "<OwnerID>0</OwnerID>"),
    "OwnerID for terms": ("TermsQuery", "<OwnerID>0</OwnerID>"),
    "lines of a vendor": ("VendorQuery", "<IncludeLineItems>true</IncludeLineItems>"),
    "PaidStatus of a payment": ("BillPaymentCheckQuery", "<PaidStatus>All</PaidStatus>"),
    "a space in HostQueryRq": ("HostQuery", " "),
    "a name before its id": (
        "BillToPayQuery",
        "<PayeeEntityRef><FullName>A</FullName><ListID>1-1</ListID></PayeeEntityRef>",
    ),
    "ExternalGUID in a Mod": (
        "VendorMod",
        f"<VendorMod><ListID>1-1</ListID><EditSequence>1</EditSequence><ExternalGUID>{GUID}</ExternalGUID></VendorMod>",
    ),
    "a link in a Mod": (
        "BillMod",
        "<BillMod><TxnID>1-1</TxnID><EditSequence>1</EditSequence><LinkToTxnID>1-1</LinkToTxnID></BillMod>",
    ),
}
ITERATED = {  # the name of a request, its iterator, what is inside
    "an iterator over accounts": ("AccountQuery", "Start", "<MaxReturned>9</MaxReturned>"),
    "an iterator over classes": ("ClassQuery", "Start", ""),
    "an iterator over terms": ("TermsQuery", "Start", ""),
    "an iterator over deletions": ("TxnDeletedQuery", "Start", "<TxnDelType>Bill</TxnDelType>"),
    "an iterator that goes nowhere": ("VendorQuery", "start", ""),
}
UNREADABLE |= {why: document(f"<{name}Rq>{inside}</{name}Rq>") for why, (name, inside) in MISPLACED.items()}
UNREADABLE |= {
    why: document(f'<{name}Rq iterator="{where}">{inside}</{name}Rq>')
    for why, (name, where, inside) in ITERATED.items()
}


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.mark.parametrize("text", UNREADABLE.values(), ids=UNREADABLE)
def test_what_the_parser_stumbles_over_fails_the_whole_set_and_is_our_mistake(desk: Desk, text: str) -> None:
    assert desk.hresult(text) == "0x80040400"
    assert len(desk.mistakes()) == 1


def test_the_plain_form_of_those_is_taken(desk: Desk) -> None:
    assert desk.send(FINE)[0].get("statusCode") == "0"
    assert desk.send(document("<HostQueryRq/>"))[0].get("statusCode") == "0"
    assert desk.mistakes() == []


def test_items_before_expenses_cannot_be_read_and_nothing_of_the_set_is_done(desk: Desk) -> None:
    item = "<ItemLineAdd><Amount>1.00</Amount></ItemLineAdd>"
    assert desk.hresult(document(desk.bill("A") + desk.bill("B", item, desk.line()))) == "0x80040400"
    assert desk.bills() == []


def test_a_version_that_the_host_does_not_speak_is_told_apart(desk: Desk) -> None:
    assert desk.hresult(document(QUERY, version="14.0")) == "0x80040423"
    desk.session.highest = "14.0"
    assert desk.send(document(QUERY, version="14.0"))[0].get("statusCode") == "0"


# (a part of a fine bill, what stands in its place, the status)
OUR_VALUES = [
    ("<Amount>75.50<", "<Amount>75.5<", "3040"),
    ("<Amount>75.50<", "<Amount>75.505<", "3040"),
    ("<Amount>75.50<", "<Amount>1,075.50<", "3040"),
    ("<Amount>75.50<", "<Amount>12345678901234.00<", "3040"),
    ("<Amount>75.50<", "<Amount>-75.50<", "3210"),
    ("2026-11-20<", "20.11.2026<", "3020"),
    ("2026-11-20<", "2026-02-30<", "3020"),
    ("2026-11-20<", "2026-11-20T00:00:00<", "3020"),
    ("<RefNumber>PO-1<", f"<RefNumber>{'9' * 21}<", "3070"),
    ("</RefNumber>", f"</RefNumber><Memo>{'m' * 4096}</Memo>", "3070"),
    ("</RefNumber>", "</RefNumber><ExternalGUID>6BA7B811-9DAD-51D1-80B4-00C04FD430C8</ExternalGUID>", "3000"),
    ("</RefNumber>", "</RefNumber><IsTaxIncluded>false</IsTaxIncluded>", "3250"),
    ("</RefNumber>", "</RefNumber><ExchangeRate>1.1</ExchangeRate>", "3250"),
    ("</Amount>", "</Amount><BillableStatus>notbillable</BillableStatus>", "3110"),
    ("</Amount>", "</Amount><BillableStatus>NotBillable</BillableStatus>", "3210"),
    ("</Amount>", "</Amount><TaxAmount>1.00</TaxAmount>", "3250"),
    ("<FullName>Freight<", "<FullName>Accounts Payable<", "3210"),
    ("<FullName>Freight<", "<FullName>Accounts Receivable<", "3210"),
    ("<AccountRef><FullName>Freight</FullName></AccountRef>", "", "3270"),
    ('requestID="b"', f'requestID="{LONG}b"', "1060"),
]


@pytest.mark.parametrize(("part", "wrong", "code"), OUR_VALUES, ids=lambda text: text[:40])
def test_a_wrong_value_is_refused_with_its_status_and_is_our_mistake(
    desk: Desk, part: str, wrong: str, code: str
) -> None:
    fine = desk.bill()
    assert part in fine
    assert desk.code(fine.replace(part, wrong)) == code
    assert desk.bills() == []
    assert len(desk.mistakes()) == 1
    assert desk.code(fine) == "0"


OTHERS_VALUES = [
    ("<FullName>Freight<", "<FullName>Frieght<", "3140"),
    ("<FullName>Freight<", "<FullName>64100 Freight<", "3140"),
    ("</Amount>", "</Amount><CustomerRef><FullName>Nobody</FullName></CustomerRef>", "3140"),
    ("</Amount>", "</Amount><ClassRef><ListID>8000-1</ListID></ClassRef>", "3140"),
    ("</RefNumber>", "</RefNumber><TermsRef><FullName>Net 7</FullName></TermsRef>", "3140"),
    ("</RefNumber>", "</RefNumber><LinkToTxnID>1A10-1771000000</LinkToTxnID>", "3120"),
]


@pytest.mark.parametrize(("part", "wrong", "code"), OTHERS_VALUES, ids=lambda text: text[:40])
def test_what_the_books_do_not_have_is_refused_but_is_no_mistake_of_ours(
    desk: Desk, part: str, wrong: str, code: str
) -> None:
    assert desk.code(desk.bill().replace(part, wrong)) == code
    assert desk.bills() == []
    assert desk.mistakes() == []


@pytest.mark.parametrize(
    ("inside", "code"),
    [
        ("<Name>Dockside Concrete</Name>", "3100"),
        ("<Name>DOCKSIDE concrete </Name>", "3100"),
        ("<Name>A customer</Name>", "3100"),
        ("<Name>An employee</Name>", "3100"),
        ("<Name>Another name</Name>", "3100"),
        ("<Name>Smith: Concrete</Name>", "3090"),
        (f"<Name>{LONG[:42]}</Name>", "3070"),
        ("<Name> </Name>", "3150"),
        ("<IsActive>true</IsActive>", "3150"),
        ("<Name>New</Name><IsActive>yes</IsActive>", "3010"),
        (f"<Name>New</Name><VendorAddress><PostalCode>{LONG[:14]}</PostalCode></VendorAddress>", "3070"),
        ("<Name>New</Name><OpenBalance>5.00</OpenBalance>", "3210"),
        ("<Name>New</Name><SalesTaxCodeRef><FullName>Tax</FullName></SalesTaxCodeRef>", "3250"),
        ("<Name>New</Name><CurrencyRef><FullName>US Dollar</FullName></CurrencyRef>", "3250"),
        ("<Name>New</Name><VendorTypeRef><FullName>Nobody's</FullName></VendorTypeRef>", "3140"),
    ],
)
def test_a_vendor_that_cannot_be_added_is_refused_with_its_status(desk: Desk, inside: str, code: str) -> None:
    desk.sim.backstage_add_customer("A customer")
    desk.sim.backstage_add_employee("An employee")
    desk.sim.backstage_add_other_name("Another name")
    before = desk.sim.backstage_ledger()
    assert desk.code(desk.vendor_add(inside)) == code
    assert desk.sim.backstage_ledger() == before


def test_what_people_set_up_refuses_a_bill_each_in_its_own_way(desk: Desk) -> None:
    sim, fine = desk.sim, desk.bill()
    for undo, code in (
        (lambda on: sim.backstage_close_books("2026-11-20" if on else ""), "3180"),
        (lambda on: sim.backstage_set_preference("DividingDate", "2026-12-31" if on else ""), "3180"),
        (lambda on: sim.backstage_set_preference("access", "read_only" if on else "full"), "3263"),
        (lambda on: sim.backstage_set_preference("access", "insufficient" if on else "full"), "3260"),
        (lambda on: sim.backstage_set_active(desk.id("Freight"), not on), "3140"),
        (lambda on: sim.backstage_set_active(desk.vendor, not on), "3140"),
        (lambda on: sim.backstage_set_active(desk.id("Accounts Payable"), not on), "3270"),
    ):
        undo(True)
        assert desk.code(fine) == code
        undo(False)
    assert desk.bills() == []
    assert desk.code(fine) == "0"
    assert desk.mistakes() == []


def test_a_class_in_a_file_without_classes_is_refused_or_dropped(desk: Desk) -> None:
    desk.sim.backstage_add_class("03-300")
    desk.sim.backstage_set_preference("IsUsingClassTracking", False)
    line = desk.line(more="<ClassRef><FullName>03-300</FullName></ClassRef>")
    assert desk.code(desk.bill("A", line)) == "3250"
    desk.sim.backstage_switch("class_refused_when_off", False)
    assert desk.ask(desk.bill("A", line)).find(".//ClassRef") is None


def test_a_vendors_foreign_currency_needs_a_payable_account_of_its_own(desk: Desk) -> None:
    sim = desk.sim
    sim.backstage_set_preference("IsMultiCurrencyOn", True)
    euro = sim.backstage_add_currency("Euro")["id"]
    vendor = sim.backstage_add_vendor("Müller", CurrencyRef=euro)["id"]
    ours = "<APAccountRef><FullName>Accounts Payable</FullName></APAccountRef>"
    home = desk.id("US Dollar", "Currency")
    desk.company.entries[desk.id("Accounts Payable")].fields["CurrencyRef"] = home
    assert desk.code(desk.bill(vendor=vendor)) == "3270"
    assert desk.code(desk.bill(vendor=vendor, head=ours)) == "3140"
    sim.backstage_add_account("Payable Euro", "AccountsPayable", currency=euro)
    bill = desk.ask(desk.bill(vendor=vendor)).find("BillRet")
    assert bill.findtext("CurrencyRef/FullName") == "Euro"
    assert bill.findtext("APAccountRef/FullName") == "Payable Euro"


def test_a_read_of_what_is_not_there_is_told_as_configured(desk: Desk) -> None:
    absent = desk.query("Vendor", "<ListID>8000-1</ListID>")
    both = desk.query("Vendor", f"<ListID>{desk.vendor}</ListID><ListID>8000-1</ListID>")
    answer = desk.ask(both)
    assert (answer.get("statusCode"), answer.get("statusSeverity"), len(answer)) == ("500", "Warn", 1)
    assert desk.code(absent) == "500"
    desk.sim.backstage_switch("missing_id_status", 3120)
    assert desk.code(absent) == "3120"
    assert desk.code(desk.query("Vendor", "<ActiveStatus>InactiveOnly</ActiveStatus>")) == "1"
    assert desk.code(desk.query("Bill", f"<OwnerID>{OWNER}</OwnerID>")) == "1"
