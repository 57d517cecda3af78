"""What one Procurify customer holds, as plain values: amounts are `Decimal`, moments fixed-width UTC text.

Fixed width makes moments comparable as text, which keeps a list of thousands of bills quick.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

Json = dict[str, Any]


@dataclass(slots=True)
class Account:
    """One row of code x department: only such a row can be charged."""

    id: int
    code: str
    department: int
    active: bool = True


@dataclass(slots=True)
class Share:
    """The part of an amount that one account bears."""

    id: int
    account: int
    amount: Decimal
    created: str


@dataclass(slots=True)
class Item:
    id: int
    description: str
    amount: Decimal
    shares: list[Share]
    tax_amount: Decimal = Decimal(0)
    tax_name: str = ""
    tax_percentage: Decimal | None = None
    tax_is_inclusive: bool = False
    shipping_amount: Decimal | None = None
    quantity: Decimal = Decimal(1)
    unit: str = "each"
    sku: str = ""
    order: int | None = None
    archived: bool = False


@dataclass(slots=True)
class Cost:
    """Freight, duty and the like: a charge of the bill that belongs to no item."""

    id: int
    name: str
    amount: Decimal
    share: Share


@dataclass(slots=True)
class Step:
    """One entry of a bill's status history."""

    id: int
    status: int
    at: str


@dataclass(slots=True)
class Bill:
    """Days are "YYYY-MM-DD"; a text with a time of its own is shown as it is, to test what a day may look like.

    `total` and `shipping_amount` override what the lines add up to.
    """

    id: int
    uuid: str
    group: int
    vendor_id: int
    vendor_snapshot: dict[str, str]
    items: list[Item]
    costs: list[Cost]
    history: list[Step]
    last_modified: str
    submitted: str | None
    status: int
    type: int
    currency: str
    invoice_number: str
    invoice_date: str | None
    due_date: str | None
    gl_post_date: str | None
    payment_terms: str
    note: str
    tax_is_inclusive: bool
    total: Decimal | None
    shipping_amount: Decimal | None
    shipping_is_in_total: bool
    active: bool = True
    locked: bool = False
    invoice_created: bool = False  # by the AP inbox, from a mail's attachment
    attachments: list[Json] = field(default_factory=list)
    last_export_date: str | None = None
    version: int = 1
    approver: int | None = None
    approval_chain: int | None = None
    payment_method: int | None = None
    payment: int | None = None
    payment_date: str | None = None


@dataclass(slots=True)
class OrderLine:
    id: int
    name: str
    quantity: Decimal
    price: Decimal
    amount: Decimal
    shares: list[Share]
    status: int
    tax_amount: Decimal | None
    shipping_amount: Decimal | None
    received: Decimal
    sku: str
    unit: str
    note: str


@dataclass(slots=True)
class Order:
    """A purchase order. `tax` and `discount` are a value and "amount" or "percentage"; `total` overrides the sum."""

    id: int
    uuid: str
    number: str
    own_number: str | None
    vendor_id: int
    vendor_snapshot: dict[str, str]
    lines: list[OrderLine]
    requisition: int
    state: int
    created: str
    last_modified: str
    promise_date: str | None
    expiry_date: str | None
    currency: str
    rate: Decimal
    freight: Decimal
    other: Decimal
    tax: tuple[Decimal, str]
    discount: tuple[Decimal, str]
    total: Decimal | None
    payment_terms: str
    comment: str
    creditcard: int | None
    closed: str | None = None
    active: bool = True
    version: int = 1


@dataclass(slots=True)
class RequestedLine:
    """`order` is the purchase order that it went onto."""

    id: int
    name: str
    vendor_id: int
    quantity: Decimal
    price: Decimal
    amount: Decimal
    share: Share
    unit: str
    status: int
    order: int | None = None


@dataclass(slots=True)
class Requisition:
    """What somebody asks to buy; `num` is the vendor's word for its number."""

    num: int
    uuid: str
    department: int
    required: str
    lines: list[RequestedLine]
    status: int
    created: str
    last_modified: str
    currency: str


@dataclass(slots=True)
class Payment:
    """A row of the public payments list, as shown, and what its filters ask about."""

    shown: Json
    vendor_id: int
    invoice_numbers: list[str]
    amount: Decimal


@dataclass(slots=True)
class State:
    """The whole state of one customer. Bills and orders are found by their uuid without dashes."""

    domain: str
    time_zone: str
    base_currency: str = "USD"
    vendors: dict[int, Json] = field(default_factory=dict)
    codes: dict[str, Json] = field(default_factory=dict)
    branches: dict[int, Json] = field(default_factory=dict)
    departments: dict[int, Json] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)
    currencies: dict[str, Json] = field(default_factory=dict)
    terms: dict[str, Json] = field(default_factory=dict)
    bills: dict[str, Bill] = field(default_factory=dict)
    orders: dict[str, Order] = field(default_factory=dict)
    payments: dict[int, Payment] = field(default_factory=dict)
    requisitions: dict[int, Requisition] = field(default_factory=dict)
    first_requisition_status: int = 0  # what a requisition begins as is not confirmed; 1: approved at once
    raw_fields: dict[str, Json] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)
    last_change: str = ""
