"""A company file is read through the Web Connector: what is new, what changed, what was deleted, and nothing twice.

The flow is made for this test: vendors and bills of QuickBooks Desktop into QuickBooks Online.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from chalicelib import wiring
from chalicelib.engine.flow import Flow, Move
from chalicelib.engine.ledger import Head
from chalicelib.engine.link import Link
from chalicelib.engine.match import same_name
from chalicelib.engine.records import Draft
from chalicelib.systems.quickbooks_desktop.rows import Bill, BillPayment, Vendor
from chalicelib.systems.quickbooks_online import drafts
from simulator.company import APP
from simulator.desktop import DesktopCompany
from simulator.systems.quickbooks_online import QuickBooksOnlineSimulator

NAME, REALM = "desktop_to_online", "9130001"


def vendor(v: Vendor, link: Link) -> Draft:
    return drafts.vendor_draft(name=v.name)


def bill(b: Bill, link: Link) -> Draft:
    lines = [
        drafts.bill_line(amount=x.amount, description=x.memo, account=link.need("account", "5010"))
        for x in b.expense_lines
    ]
    return drafts.bill_draft(
        vendor=link.need("vendor", b.vendor.list_id, b.vendor.full_name), vendor_name=b.vendor.full_name, ap_account="",
        date=b.txn_date, due_date=None, number=b.ref_number, currency="USD", send_currency=False, lines=lines, memo="",
    )  # fmt: skip


def payment(p: BillPayment, link: Link) -> Draft:
    line = drafts.bill_line(amount=p.amount, description="paid", account=link.need("account", "5010"))
    return drafts.bill_draft(
        vendor=link.need("vendor", p.payee.list_id, p.payee.full_name), vendor_name=p.payee.full_name, ap_account="",
        date=p.txn_date, due_date=None, number=f"P{p.txn_id}", currency="USD", send_currency=False, lines=[line],
        memo="",
    )  # fmt: skip


FLOW = Flow(
    Move("quickbooks_desktop.vendor", "quickbooks_online.vendor", make=vendor, match=[same_name], dated=False),
    Move("quickbooks_desktop.bill", "quickbooks_online.bill", make=bill, references=["account", "vendor"]),
    Move("quickbooks_desktop.bill_payment", "quickbooks_online.bill", make=payment, references=["account", "vendor"]),
    title="QuickBooks Desktop to QuickBooks Online",
)


class Books(DesktopCompany):
    known: dict[str, Any]

    def __init__(self) -> None:
        super().__init__()
        self.online = QuickBooksOnlineSimulator(
            clock=self.world.clock.now, client_id=APP["client_id"], client_secret=APP["client_secret"]
        )
        for host in ("https://quickbooks.api.intuit.com", "https://oauth.platform.intuit.com"):
            self.world.http.routes[host] = self.online
        self.online.backstage_switch("rotate_every_refresh", False)
        self.online.backstage_add_company(REALM, "online books")
        self.online.backstage_add_account(REALM, "Concrete", "Cost of Goods Sold", "5010")
        token = self.online.backstage_grant(REALM)["refresh_token"]
        self.world.connect("acme", "online", "quickbooks_online", {"realm": REALM}, {**APP, "refresh_token": token})
        self.world.engine.load_flow = lambda name: FLOW if name == NAME else wiring.load_flow(name)
        self.world.add_flow("acme", NAME, source="books", target="online", cut_over=date(2026, 1, 1))

    def entered(self, number: str, amount: str = "60.00", *, vendor: str = "", **fields: Any) -> dict[str, Any]:
        row = {"AccountRef": self.accounts["5010"]["id"], "Amount": amount, "Memo": "rebar"}
        fields = {"RefNumber": number, "TxnDate": "2026-02-20", **fields}
        return self.pc.backstage_add_bill(vendor or self.known["id"], [row], **fields)

    def read(self) -> None:
        """A scheduled run parks, the Web Connector calls, and what came is written."""
        self.world.cycle("acme", NAME)
        self.call()
        self.world.until_quiet()

    def states(self, move: str = "bill") -> dict[str, Head]:
        return {head.key.source_id: head for head in self.world.heads("acme", NAME, move)}

    def written(self) -> dict[str, str]:
        return {str(b["DocNumber"]): str(b["TotalAmt"]) for b in self.online.backstage_ledger(REALM)["bills"]}


@pytest.fixture
def books() -> Iterator[Books]:
    made = Books()
    made.known = made.pc.backstage_add_vendor("Northwind Paper Co")
    made.online.backstage_add_vendor(REALM, "Northwind Paper Co")
    yield made
    made.assert_no_mistakes()
    assert made.online.our_mistakes == []


def test_bills_vendors_and_payments_are_read_once_and_changes_follow(books: Books) -> None:
    one, two = books.entered("A-1"), books.entered("A-2", "17.55")
    books.pc.backstage_pay_bill(two["id"])
    for _ in range(3):
        books.read()
    paid = books.pc.backstage_ledger()["BillPaymentCheck"][0]["id"]
    assert books.written() == {"A-1": "60.0", "A-2": "17.55", f"P{paid}"[:21]: "17.55"}
    line = {"AccountRef": books.accounts["5010"]["id"], "Amount": "80.10", "Memo": "more"}
    books.pc.backstage_edit_bill(one["id"], [line])
    for _ in range(2):
        books.read()
    assert books.written()["A-1"] == "80.1"
    before = books.world.store.writes
    writes = len(books.online.backstage_ledger(REALM)["bills"])
    books.read()
    assert len(books.online.backstage_ledger(REALM)["bills"]) == writes
    assert {head.revision for head in books.states().values()} == {1, 2}, before


def test_a_save_without_a_change_is_no_news(books: Books) -> None:
    one = books.entered("A-1")
    for _ in range(2):
        books.read()
    books.pc.backstage_save_again(one["id"])
    for _ in range(2):
        books.read()
    assert books.states()[one["id"]].revision == 1


def test_a_deleted_bill_is_noticed_and_confirmed_by_a_read(books: Books) -> None:
    one, two = books.entered("A-1"), books.entered("A-2")
    for _ in range(2):
        books.read()
    books.pc.backstage_delete(one["id"])
    for _ in range(2):
        books.read()
    assert (books.states()[one["id"]].gone, books.states()[two["id"]].gone) == (True, False)
    assert books.states()[one["id"]].state == "held", "withdrawn at the source after it was moved"


def test_bills_before_the_cut_over_are_not_read_and_later_pages_all_are(books: Books) -> None:
    old = books.entered("OLD-1", TxnDate="2025-11-20")
    made = [books.entered(f"B-{n}", f"{n + 1}.00", TxnDate=f"2026-0{1 + n % 3}-15") for n in range(130)]
    made.append(books.entered("LATER", TxnDate="2026-12-24"))
    for _ in range(3):
        books.read()
    states = books.states()
    assert {id_ for id_, head in states.items() if head.state == "done"} == {bill["id"] for bill in made}
    assert old["id"] not in states or states[old["id"]].state == "not_moved"
    total = sum(Decimal(amount) for amount in books.written().values())
    assert total == sum(range(1, 131)) + Decimal(60)


def test_after_a_hundred_days_of_silence_what_was_deleted_meanwhile_is_found(books: Books) -> None:
    made = [books.entered(f"C-{n}") for n in range(20)]
    for _ in range(3):
        books.read()
    for bill in made[:3]:
        books.pc.backstage_delete(bill["id"])
    books.world.clock.advance(timedelta(days=100).total_seconds())
    for _ in range(4):
        books.read()
    gone = {id_ for id_, head in books.states().items() if head.gone}
    assert gone == {bill["id"] for bill in made[:3]}


def test_a_pc_that_dies_over_any_page_loses_nothing(books: Books) -> None:
    made = [books.entered(f"D-{n}") for n in range(60)]
    for n in range(12):
        books.pc.connector.mishaps.clear()
        books.pc.backstage_mishap("die_after", "process", skip=n)
        books.read()
    for _ in range(2):
        books.read()
    assert books.states().keys() == {bill["id"] for bill in made}
    assert len(books.written()) == 60
