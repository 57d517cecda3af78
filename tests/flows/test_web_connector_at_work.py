"""People work in the company file while we write to it, and several customers' PCs call at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from importlib import import_module
from typing import Any

import pytest

from chalicelib.engine import ledger
from chalicelib.systems.quickbooks_desktop import login
from simulator.desktop import FLOW, SERVICE, DesktopCompany, total
from simulator.systems.quickbooks_desktop.soap import Reply

ZEEP: Any = import_module("zeep")  # its types are half there


@pytest.fixture(autouse=True)
def _cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(login, "COST", 16)


def moved(amount: str = "72.00", **policies: str) -> tuple[DesktopCompany, int]:
    company = DesktopCompany(policies=policies)
    order = company.order(company.vendor("Northwind Paper Co"), amount)
    company.cycle()
    company.assert_once([order])
    return company, order


def revise(company: DesktopCompany, order: int, amount: str = "80.10") -> None:
    line = {"name": "more", "account_code": "6010", "amount": amount}
    company.procurify.backstage_revise_purchase_order(order, lines=[line])


def edit(company: DesktopCompany, amount: str = "99.00", **fields: str) -> None:
    """A person changes the bill's line, or these fields of it."""
    rows = None if fields else [{"AccountRef": company.accounts["6100"]["id"], "Amount": amount, "Memo": "mine"}]
    company.pc.backstage_edit_bill(company.ours()[0]["id"], rows, **fields)


def right_before(company: DesktopCompany, message: str, act: Callable[[], None]) -> None:
    """A person acts while this message is on its way to QuickBooks."""
    send, done = company.pc.connector.transport, list[bool]()

    def meddling(method: str, url: str, headers: Mapping[str, str], body: bytes) -> Reply:
        reply = send(method, url, headers, body)
        if message.encode() in reply.body and not done:
            done.append(True)
            act()
        return reply

    company.pc.connector.transport = meddling


def told(company: DesktopCompany, order: int) -> list[str]:
    head = company.head(order)
    return [str(entry) for entry in ledger.trail(company.world.store, head.key)[0]]


def test_a_bill_that_a_person_edits_between_our_read_and_our_write_is_not_overwritten() -> None:
    company, order = moved()
    revise(company, order)
    right_before(company, "BillModRq", lambda: edit(company))
    company.cycle()
    assert [total(bill) for bill in company.ours()] == [Decimal("99.00")]
    head = company.head(order)
    assert (head.state, (head.hold or {}).get("reason")) == ("held", "changed_in_target")
    trail = " ".join(told(company, order))
    assert "80.10" in trail, "ours"
    assert "99.00" in trail, "theirs"
    company.assert_no_mistakes()


def test_a_bill_that_a_person_edited_before_is_held_with_the_difference_and_overwritten_only_when_told_to() -> None:
    company, order = moved()
    edit(company)
    revise(company, order)
    company.cycle()
    assert [total(bill) for bill in company.ours()] == [Decimal("99.00")]
    message = str((company.head(order).hold or {})["message"])
    assert "72.00" in message
    assert "99.00" in message


def test_what_a_person_changed_beside_our_fields_stays_and_our_change_goes_through() -> None:
    company, order = moved()
    edit(company, Memo=f"call Dave {company.ours()[0]['Memo']}")
    revise(company, order)
    company.cycle()
    bill = company.ours()[0]
    assert total(bill) == Decimal("80.10")
    assert bill["Memo"].startswith("call Dave")


def test_a_bill_that_a_person_deleted_is_not_made_again() -> None:
    company, order = moved()
    company.pc.backstage_delete(company.ours()[0]["id"])
    revise(company, order)
    for _ in range(3):
        company.cycle()
    assert company.ours() == []
    assert (company.head(order).hold or {})["reason"] == "missing_in_target"


def test_a_bill_that_a_person_deleted_before_its_answer_was_known_is_not_made_again() -> None:
    company = DesktopCompany()
    order = company.order(company.vendor("Northwind Paper Co"), "72.00")
    company.poll()
    company.pc.backstage_mishap("die_after", "process BillAddRq")
    company.call()
    company.pc.connector.mishaps.clear()
    company.pc.backstage_delete(company.ours()[0]["id"])
    set_of = company.pc.company().message_sets
    for kept in set_of.values():
        kept.clear()  # even where QuickBooks' own memory of the message is gone
    for _ in range(3):
        company.cycle()
    assert company.ours() == []
    assert (company.head(order).hold or {})["reason"] == "missing_in_target"


def test_a_paid_bill_is_left_as_it_is() -> None:
    company, order = moved()
    company.pc.backstage_pay_bill(company.ours()[0]["id"])
    revise(company, order)
    company.cycle()
    assert [total(bill) for bill in company.ours()] == [Decimal("72.00")]
    assert (company.head(order).hold or {})["reason"] == "target_locked"


def test_an_account_that_is_made_in_quickbooks_lets_exactly_the_waiting_orders_go() -> None:
    company = DesktopCompany()
    vendor = company.vendor("Northwind Paper Co")
    waiting, other = company.order(vendor, "10.00", account="7010"), company.order(vendor, "20.00")
    company.cycle()
    assert {company.head(waiting).state, company.head(other).state} == {"held", "done"}
    company.pc.backstage_add_account("Garden", "Expense", "7010")
    company.cycle()
    company.cycle()
    company.assert_once([waiting, other])


def test_a_vendor_whose_name_a_customer_has_is_held_and_says_so() -> None:
    company = DesktopCompany(policies={"unmatched_vendor": "create"})
    company.pc.backstage_add_customer("Northwind Paper Co")
    vendor = company.vendor("Northwind Paper Co", in_books=False)
    company.order(vendor, "10.00")
    company.cycle()
    head = company.head(vendor["id"], "vendor")
    assert (head.state, (head.hold or {})["reason"]) == ("held", "name_taken")
    assert company.ours() == []


def test_another_company_file_is_refused_in_words_and_nothing_is_written() -> None:
    company, order = moved()
    other = "C:\\Books\\Other.qbw"
    company.pc.backstage_add_file(other, "Other Builders")
    company.pc.backstage_open_file(other)
    company.pc.backstage_allow(company.pc.connector.added[company.user].settings.app_name)
    revise(company, order)
    company.poll()
    run = company.call()
    assert run.code
    assert len(company.pc.backstage_ledger(other)["Bill"]) == 0
    company.pc.backstage_open_file(next(path for path in company.pc.desk.files if path != other))
    company.world.clock.advance(600)
    company.cycle()
    assert [total(bill) for bill in company.ours()] == [Decimal("80.10")]


def test_customers_whose_pcs_call_at_once_never_see_each_others_requests() -> None:
    first = DesktopCompany(tenant="acme")
    second = DesktopCompany(tenant="umbra", world=first.world)
    customers = (first, second)
    orders = {
        company.tenant: [
            company.order(company.vendor(f"{company.tenant} vendor {n}"), f"{n + 1}.00") for n in range(40)
        ]
        for company in customers
    }
    for company in customers:
        company.poll()
    calls = 0

    def interleaved(company: DesktopCompany) -> Callable[..., Reply]:
        send = company.transport

        def sending(method: str, url: str, headers: Mapping[str, str], body: bytes) -> Reply:
            nonlocal calls
            calls += 1
            other = second if company is first else first
            reply = send(method, url, headers, body)
            assert other.tenant.encode() + b" vendor" not in reply.body
            if calls % 3 == 0 and calls < 400:
                other.call()
            return reply

        return sending

    for company in customers:
        company.pc.connector.transport = interleaved(company)
    while calls < 1000:
        for company in customers:
            company.call()
            first.world.clock.advance(15 * 60)
            first.world.until_quiet()
    for company in customers:
        company.assert_once(orders[company.tenant])
        company.assert_no_mistakes()


def test_a_web_connector_that_sleeps_for_a_week_loses_nothing() -> None:
    company = DesktopCompany()
    order = company.order(company.vendor("Northwind Paper Co"), "72.00")
    for _ in range(3):
        company.world.clock.advance(2.5 * 24 * 3600)
        company.poll()
    assert company.head(order).state == "waiting"
    company.cycle()
    company.assert_once([order])


def test_a_soap_client_that_knows_the_contract_alone_completes_a_conversation_that_writes_bills() -> None:
    company = DesktopCompany()
    vendor = company.vendor("Northwind Paper Co")
    orders = [company.order(vendor, f"{n + 1}.00") for n in range(3)]
    company.poll()
    client = ZEEP.Client(f"{SERVICE}/qbwc?wsdl", transport=_Direct(company))
    say = client.service
    added = company.pc.connector.added[company.user]
    ticket, file = say.authenticate(strUserName=company.user, strPassword=added.password)
    quickbooks = company.pc.desk.begin(file or "", added.settings.app_name)
    done = 0
    while done < 100:
        text = say.sendRequestXML(
            ticket=ticket, strHCPResponse="", strCompanyFileName=quickbooks.company.path, qbXMLCountry="US",
            qbXMLMajorVers=13, qbXMLMinorVers=0,
        )  # fmt: skip
        assert text, say.getLastError(ticket=ticket)
        answer = company.pc.desk.process(quickbooks, text)
        done = say.receiveResponseXML(ticket=ticket, response=answer, hresult="", message="")
        assert done > 0, say.getLastError(ticket=ticket)
    assert say.closeConnection(ticket=ticket) == "OK, 3 written"
    company.assert_once(orders)
    assert {head.state for head in company.world.heads(company.tenant, FLOW, "purchase_order")} == {"done"}


class _Direct(ZEEP.transports.Transport):  # type: ignore[misc]  # an untyped library's
    """Zeep's way to the service, without a socket."""

    def __init__(self, company: DesktopCompany) -> None:
        super().__init__()
        self.company = company

    def load(self, url: str) -> bytes:
        return self.company.transport("GET", url, {}, b"").body

    def post(self, address: str, message: bytes, headers: Mapping[str, str]) -> Any:
        reply = self.company.transport("POST", address, headers, message)
        return type(
            "Response", (), {"status_code": 200, "content": reply.body, "headers": reply.headers, "encoding": "utf-8"}
        )()
