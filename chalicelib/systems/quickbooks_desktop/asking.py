"""What can be asked of QuickBooks, topic by topic: how the message is made, and which rows of its answer are whose.

Single records are asked for by their values (numbers, ids, names), many at once; lists come whole, page by page.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from chalicelib.systems.quickbooks_desktop import messages, rows
from chalicelib.systems.quickbooks_desktop.messages import Page
from chalicelib.systems.quickbooks_desktop.qbxml import Request
from chalicelib.systems.quickbooks_desktop.qwc import OWNER_ID
from chalicelib.systems.quickbooks_desktop.rows import Row

MOST_VALUES = 50  # whole bills of one answer: some 6 KB each (sheet section 7)
FACTS, SENT, FORGET = "facts", "sent", "forget"
SLOW = 20.0  # seconds; a page that took longer is halved (sheet 4.1)
LARGE = 1_000_000  # characters; so is one that was larger
LEAST = 5
BEHIND = 50  # pages of a list that are kept for a flow that reads it later than another

Make = Callable[[str, Sequence[str], Page], Request]
Names = Callable[[Row], Sequence[str]]


@dataclass(frozen=True, slots=True)
class Topic:
    """`names` gives the values by which a row was asked for; None: the answer is a list, read whole.

    `page` is how many rows of it come at once, 0 where it comes in one piece.
    """

    make: Make
    names: Names | None = None
    page: int = 0


def _of(names: Callable[[rows.Bill], str]) -> Names:
    return lambda row: [names(row)] if isinstance(row, rows.Bill) else []


def _payment(row: Row) -> Sequence[str]:
    return [row.txn_id] if isinstance(row, rows.BillPayment) else []


TOPICS: dict[str, Topic] = {
    "account": Topic(lambda id_, values, page: messages.accounts(id_)),
    "class": Topic(lambda id_, values, page: messages.classes(id_)),
    "term": Topic(lambda id_, values, page: messages.terms(id_)),
    "customer": Topic(lambda id_, values, page: messages.customers(id_, page), page=100),
    "vendor": Topic(lambda id_, values, page: messages.vendors(id_, page), page=150),
    "bill_number": Topic(lambda id_, values, page: messages.bills_by_number(id_, values), _of(lambda b: b.ref_number)),
    "bill_id": Topic(lambda id_, values, page: messages.bills_by_id(id_, values), _of(lambda b: b.txn_id)),
    "vendor_id": Topic(
        lambda id_, values, page: messages.vendors_by_id(id_, values),
        lambda row: [row.list_id] if isinstance(row, rows.Vendor) else [],
    ),
    "vendor_name": Topic(
        lambda id_, values, page: messages.vendors_by_name(id_, values),
        lambda row: [row.name] if isinstance(row, rows.Vendor) else [],
    ),
    "deleted": Topic(lambda id_, values, page: messages.deleted_transactions(id_, values[1:], since=values[0])),
    "deleted_entries": Topic(lambda id_, values, page: messages.deleted_entries(id_, values[1:], since=values[0])),
    "vendors_since": Topic(lambda id_, values, page: messages.vendors(id_, page, since=values[0]), page=150),
    "bills_since": Topic(lambda id_, values, page: messages.bills(id_, page, since=values[0]), page=50),
    "bills_dated": Topic(
        lambda id_, values, page: messages.bills_dated(
            id_, page, first=date.fromisoformat(values[0]), last=date.fromisoformat(values[1])
        ),
        page=50,
    ),
    "checks_since": Topic(lambda id_, values, page: messages.payments_by_check(id_, page, since=values[0]), page=50),
    "cards_since": Topic(lambda id_, values, page: messages.payments_by_card(id_, page, since=values[0]), page=50),
    "check_id": Topic(lambda id_, values, page: messages.checks_by_id(id_, values), _payment),
    "card_id": Topic(lambda id_, values, page: messages.card_payments_by_id(id_, values), _payment),
    "bills_of_vendor": Topic(
        lambda id_, values, page: messages.bills_of_vendor(id_, page, values[0], since=values[1]), page=50
    ),
}
BY_ID = {"bill": "bill_id", "vendor": "vendor_id"}
READS = {"vendors_since", "bills_since", "bills_dated", "checks_since", "cards_since", "deleted", "deleted_entries"}


def requests(topic: str, id_: str, values: Sequence[str], page: Page) -> list[Request]:
    """The requests of one question; what the sheet wants to know of a company first comes in one message."""
    if topic == FACTS:
        company = messages.company(f"{id_}-company", owner=OWNER_ID)
        return [messages.host(f"{id_}-host"), company, messages.preferences(f"{id_}-preferences")]
    return [TOPICS[topic].make(id_, values, page)]
