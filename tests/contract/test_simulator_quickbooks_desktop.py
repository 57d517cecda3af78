"""The QuickBooks Desktop simulator against the vendor's schema and samples."""

from __future__ import annotations

import copy
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from simulator.systems.quickbooks_desktop import QuickBooksDesktopSimulator, soap
from simulator.systems.quickbooks_desktop.answers import Hresult
from simulator.systems.quickbooks_desktop.documents import read_document
from simulator.systems.quickbooks_desktop.parts import CHOICES, PARTS
from simulator.systems.quickbooks_desktop.requests import ITERATED, REQUESTS
from tests.contract.quickbooks_desktop_desk import GUID, OWNER, SHARED, Desk, need_reference, samples, schema
from tests.contract.quickbooks_desktop_schema import Schema

SEND = ("ticket", "strHCPResponse", "strCompanyFileName", "qbXMLCountry", "qbXMLMajorVers", "qbXMLMinorVers")
PARAMETERS = {
    "serverVersion": (),
    "clientVersion": ("strVersion",),
    "authenticate": ("strUserName", "strPassword"),
    "sendRequestXML": SEND,
    "receiveResponseXML": ("ticket", "response", "hresult", "message"),
    "connectionError": ("ticket", "hresult", "message"),
    "getLastError": ("ticket",),
    "closeConnection": ("ticket",),
    "getInteractiveURL": ("wcTicket", "sessionID"),
    "interactiveRejected": ("wcTicket", "reason"),
    "interactiveDone": ("wcTicket",),
}


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_the_simulators_own_tables_say_what_the_vendors_schema_says() -> None:
    need_reference()
    theirs = Schema(SHARED / "xsd")
    for name, model in REQUESTS.items():
        assert model == theirs.request(name), name
        assert ("iterator" in theirs.attributes(name)) == (name in ITERATED), name
    for name, model in PARTS.items():
        assert model == theirs.part(name).replace("DetailAccountType:=", "DetailAccountType:s"), name
    for name, words in CHOICES.items():
        assert words == theirs.choices[name], name


@pytest.mark.parametrize("path", samples("constructed/requests"), ids=lambda path: str(path.stem))
def test_every_sample_request_is_taken(desk: Desk, path: Path) -> None:
    answers = desk.send(path.read_text())
    codes = {each.get("statusCode") for each in answers} | {answers.get("messageSetStatusCode")} - {None}
    assert codes <= {"0", "1", "500", "600", "3120", "3140", "3391", "3231"}
    assert desk.mistakes() == []


def garbled(tree: Any, chance: random.Random, names: list[str]) -> None:
    """One element goes, comes twice, takes another name, another place or another value."""
    elements = list(tree[0].iter("*"))[1:]
    if not elements:
        return
    element = chance.choice(elements)
    what = chance.choice(["remove", "repeat", "rename", "shuffle", "value", "move"])
    if what == "remove":
        element.getparent().remove(element)
    elif what == "repeat":
        element.addnext(copy.deepcopy(element))
    elif what == "rename":
        element.tag = chance.choice(names)
    elif what == "shuffle":
        children = list(element.getparent())
        element.getparent().extend(chance.sample(children, len(children)))
    elif what == "value" and not len(element):
        element.text = (element.text or "") + chance.choice(["x", "1", ".5", "x" * 60, "-"])
    elif what == "move":
        element.addprevious(copy.deepcopy(chance.choice(elements)))


def test_garbled_requests_are_refused_exactly_when_the_vendors_schema_refuses_them() -> None:
    need_reference()
    parser = etree.XMLParser(remove_comments=True, remove_blank_text=True)
    trees = [etree.fromstring(path.read_bytes(), parser) for path in samples("constructed/requests")]
    names = sorted({each.tag for tree in trees for each in tree.iter("*")})
    chance = random.Random(7)
    verdicts: Counter[bool] = Counter()
    for _ in range(2_000):
        tree = copy.deepcopy(chance.choice(trees))
        garbled(tree, chance, names)
        text = '<?xml version="1.0"?><?qbxml version="13.0"?>' + etree.tostring(tree).decode("ascii")
        try:
            taken = all(asked.refusal is None for asked in read_document(text, highest="13.0").requests)
        except Hresult:
            taken = False
        assert taken == schema().validate(tree), (text, schema().error_log)
        verdicts[taken] += 1
    assert min(verdicts.values()) > 500


def test_a_recorded_request_gets_the_recorded_answer_but_for_its_ids_and_times(desk: Desk) -> None:
    need_reference()
    recorded = SHARED / "samples" / "recorded"
    ours = desk.send((recorded / "hotglue-account-add.request.xml").read_text())
    theirs = etree.parse(str(recorded / "hotglue-account-add.response.xml")).getroot()[0]
    ours_ret, theirs_ret = ours.find(".//AccountRet"), theirs.find(".//AccountRet")
    theirs_ret.remove(theirs_ret.find("CurrencyRef"))  # that file had more than one currency
    assert [each.tag for each in ours_ret] == [each.tag for each in theirs_ret]
    varying = ("ListID", "TimeCreated", "TimeModified", "EditSequence")
    for one, other in zip(ours_ret, theirs_ret, strict=True):
        assert one.tag in varying or one.text == other.text, one.tag


def busy_file() -> Desk:
    """A file in which every kind of sample record occurs."""
    desk = Desk()
    sim = desk.sim
    address = {"Addr1": "Bayside", "Addr2": "12 Quay Street", "City": "Tampa", "State": "FL", "PostalCode": "33602"}
    terms = desk.id("Net 30")
    ways = {"CompanyName": "Bayside Concrete LLC", "Phone": "813-555-0142", "Email": "ap@bayside.example"}
    sim.backstage_edit_vendor(desk.vendor, VendorAddress=address, TermsRef=terms, **ways)
    sim.backstage_add_account("Sub", "CostOfGoodsSold", "54110", parent=desk.id("Job Materials"))
    customer = sim.backstage_add_customer("Pier 4", parent=sim.backstage_add_customer("Harbor Group")["id"])["id"]
    class_ = sim.backstage_add_class("03-300")["id"]
    item = sim.backstage_add_item("Concrete", desk.id("Job Materials"))["id"]
    row = {"AccountRef": desk.id("Job Materials"), "Amount": "1325.50", "Memo": "Ready mix", "ClassRef": class_}
    rows = [
        {**row, "CustomerRef": customer, "BillableStatus": "NotBillable"},
        {"ItemRef": item, "Desc": "Ready mix", "Quantity": "4", "Cost": "125", "CustomerRef": customer},
    ]
    given = {"RefNumber": "PO-10024", "Memo": "by hand", "ExternalGUID": GUID}
    bill = sim.backstage_add_bill(desk.vendor, rows, **given)["id"]
    order_rows = [{"ItemRef": item, "Desc": "Ready mix", "Quantity": "10", "Rate": "125"}]
    order = sim.backstage_add_purchase_order(desk.vendor, order_rows, RefNumber="PO-9001")["id"]
    desk.ask(desk.bill("INV-2", f"<LinkToTxnID>{order}</LinkToTxnID>"))
    sim.backstage_pay_bill(bill, "900.00", RefNumber="2041")
    sim.backstage_pay_bill(bill, "25.50", card=True, discount="4.50")
    credit = sim.backstage_add_vendor_credit(
        desk.vendor, [{"AccountRef": desk.id("Freight"), "Amount": "70"}], RefNumber="CR-5"
    )
    sim.backstage_apply_credit(credit["id"], bill, "50")
    return desk


def shape(element: Any) -> set[str]:
    """The paths of all elements below one."""
    tree = etree.ElementTree(element)
    return {tree.getelementpath(each).replace("[", " ").split(" ")[0] for each in element.iterdescendants()}


def test_our_records_have_every_element_that_the_sample_records_have() -> None:
    need_reference()
    desk = busy_file()
    flags = "<IncludeLineItems>true</IncludeLineItems>"
    linked = flags + "<IncludeLinkedTxns>true</IncludeLinkedTxns>"
    asked = dict.fromkeys(("Bill", "VendorCredit", "PurchaseOrder"), linked)
    asked |= dict.fromkeys(("BillPaymentCheck", "BillPaymentCreditCard"), flags)
    asked |= dict.fromkeys(("Vendor", "Account", "Class", "Terms", "Customer", "Item", "Entity"), "")
    asked["BillToPay"] = f"<PayeeEntityRef><ListID>{desk.vendor}</ListID></PayeeEntityRef>"
    ours: dict[str, set[str]] = {}
    for kind, inside in asked.items():
        for ret in desk.ask(desk.query(kind, inside)):
            ours.setdefault(ret.tag, set()).update(shape(ret))
    seen = 0
    for path in samples("constructed/responses"):
        for ret in (each for each in etree.parse(str(path)).iter("*") if each.tag in ours):
            seen += 1
            assert shape(ret) - ours[ret.tag] == set(), (path.name, ret.tag)
    assert seen > 15


def test_the_first_words_of_quickbooks_are_shaped_like_recorded_ones(desk: Desk) -> None:
    need_reference()
    recorded = etree.parse(str(SHARED / "samples" / "recorded" / "qbwc-hcp-response.xml")).getroot()[0]
    ours = desk.ask(desk.query("Host").replace("></HostQueryRq", "/").replace("/>", "/>"))
    assert shape(recorded.find(".//HostRet")) <= shape(ours.find("HostRet"))
    company = desk.ask(desk.query("Company", f"<OwnerID>{OWNER}</OwnerID>")).find("CompanyRet")
    theirs = [each.tag for each in recorded.find(".//CompanyRet")]
    assert [tag for tag in theirs if tag not in ("SubscribedServices", "DataExtRet")] == [each.tag for each in company]
    preferences = desk.ask(desk.query("Preferences")).find("PreferencesRet")
    for group in preferences:
        assert shape(recorded.find(f".//{group.tag}")) - shape(group) <= {"AutomaticLoginUserName"}, group.tag


@pytest.mark.parametrize(
    "path", [p for p in samples("constructed/soap") if ".request." in p.name], ids=lambda path: str(path.stem)
)
def test_the_web_connectors_envelopes_are_byte_for_byte_those_of_the_samples(path: Path) -> None:
    theirs = path.read_bytes().rstrip(b"\n")
    call = etree.fromstring(theirs)[0][0]
    method = etree.QName(call).localname
    values = {etree.QName(each).localname: each.text or "" for each in call}
    given = [(name, values[name]) for name in PARAMETERS[method]]
    assert soap.envelope(method, given, rpc="rpc" in path.name) == theirs


@pytest.mark.parametrize(
    "path", [p for p in samples("constructed/soap") if ".response." in p.name], ids=lambda path: str(path.stem)
)
def test_the_web_connector_reads_every_sample_reply(path: Path) -> None:
    method = path.name.split("-")[0].split(".")[0]
    reply = soap.Reply(200, {"content-type": "text/xml; charset=utf-8"}, path.read_bytes())
    found = soap.result(method, reply)
    assert found is not None
    if method == "authenticate":
        assert len(soap.strings(found)) == 2


def test_a_file_kept_on_disk_comes_back_as_it_was() -> None:
    desk = busy_file()
    kept = desk.sim.dump()
    other = QuickBooksDesktopSimulator(clock=desk.clock)
    other.load(kept)
    assert other.dump() == kept
    assert other.backstage_ledger() == desk.sim.backstage_ledger()
