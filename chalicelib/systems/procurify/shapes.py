"""What Procurify sends, as far as we use it: lenient to unknown fields, strict on those we use.

Field names are the vendor's own. The same models say what is kept of a document and whether it is readable
(`reading.py`).
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict
from pydantic_core import PydanticCustomError

AMOUNT = re.compile(r"-?\d{1,20}(\.\d{1,20})?([eE][+-]?\d{1,2})?", re.ASCII)
LARGEST = 10**13  # the vendor's own fields hold 13 digits before the point
FINEST = -24
LONGEST_NAME = 1000  # the vendor's own names, codes and numbers have up to 300 characters (sheet sections 5 and 11)


def _amount(value: Any) -> Decimal:
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < LARGEST:
        return Decimal(value)
    if not isinstance(value, str) or not AMOUNT.fullmatch(value):
        raise PydanticCustomError("amount", "should be an amount below ten trillion")
    try:
        amount = Decimal(value)
    except InvalidOperation:
        raise PydanticCustomError("amount", "should be an amount") from None
    if abs(amount) >= LARGEST or int(amount.as_tuple().exponent) < FINEST:
        raise PydanticCustomError("amount", "should be an amount below ten trillion")
    return amount


def _amount_or_zero(value: Any) -> Decimal:
    return Decimal(0) if value is None else _amount(value)


def _text_or_nothing(value: Any) -> Any:
    return "" if value is None else value


def _some(value: str) -> str:
    if not value.strip():
        raise PydanticCustomError("some", "should not be blank")
    return value


def _short(value: str) -> str:
    """Names and numbers stand in lists, holds and messages; a longer one is no name."""
    if len(value) > LONGEST_NAME:
        raise PydanticCustomError("short", "should have at most 1,000 characters")
    return value


def _uuid(value: str) -> str:
    known = normal_uuid(value)
    if known is None:
        raise PydanticCustomError("uuid", "should be a UUID")
    return known


def _currency(value: str) -> str:
    if not re.fullmatch(r"[A-Z]{3}", value, re.ASCII):
        raise PydanticCustomError("currency", "should be a three-letter currency code")
    return value


def _entries(value: Any) -> Any:
    return [] if value is None else value


Amount = Annotated[Decimal, BeforeValidator(_amount)]
AmountOrZero = Annotated[Decimal, BeforeValidator(_amount_or_zero)]
OptionalAmount = Annotated[Decimal | None, BeforeValidator(lambda value: None if value is None else _amount(value))]
Text = Annotated[str, BeforeValidator(_text_or_nothing)]
Name = Annotated[str, BeforeValidator(_text_or_nothing), AfterValidator(_short)]
SomeName = Annotated[str, AfterValidator(_some), AfterValidator(_short)]
Uuid = Annotated[str, AfterValidator(_uuid)]
CurrencyCode = Annotated[str, AfterValidator(_currency)]


def normal_uuid(value: object) -> str | None:
    """Lower case without dashes: the API shows both forms (sheet section 2, Identifiers)."""
    if not isinstance(value, str):
        return None
    plain = value.lower().replace("-", "")
    return plain if re.fullmatch(r"[0-9a-f]{32}", plain, re.ASCII) else None


class Shape(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)


# ------------------------------------------------------------------ vendors


class Term(Shape):
    name: Name = ""


class VendorShape(Shape):
    id: int
    name: SomeName
    active: bool
    type: int
    addressLineOne: Text = ""
    addressLineTwo: Text = ""
    city: Text = ""
    state_province: Text = ""
    postalCode: Text = ""
    country: Text = ""
    phoneOne: Text = ""
    email: Annotated[list[Text], BeforeValidator(_entries)] = []  # may hold "" from old imports (section 5.1)
    contact: Text = ""
    url: Text = ""
    external_id: Name = ""
    currency: int | None = None
    payment_term_ref: Term | None = None
    is_1099_eligible: bool | None = None


# ------------------------------------------------------------------ bills


class Currency(Shape):
    name: CurrencyCode


class AccountCode(Shape):
    code: SomeName
    description: Name = ""


class Branch(Shape):
    name: Name = ""


class Department(Shape):
    name: SomeName
    branch: Branch


class BudgetRow(Shape):
    account_code: AccountCode
    department: Department


class Allocation(Shape):
    amount: Amount
    budget: BudgetRow


class NumberedOrder(Shape):
    id: int | None = None  # the order's procurify_PO
    number: Name = ""


class Item(Shape):
    description: Text = ""
    total_cost: Amount
    tax_name: Name = ""
    tax_amount: AmountOrZero = Decimal(0)
    tax_is_inclusive: bool | None = None  # read only where there is a tax
    shipping_amount: AmountOrZero = Decimal(0)
    currency: Currency | None = None
    po: NumberedOrder | None = None
    cost_allocations: list[Allocation]


class Cost(Shape):
    name: Name = ""
    amount: Amount
    cost_allocation: Allocation


class BillVendor(Shape):
    id: int
    name: SomeName
    type: int | None = None


class BillShape(Shape):
    uuid: Uuid
    status: int
    type: int
    active: bool = True
    version: object = None
    last_modified_datetime: object = None
    vendor: BillVendor
    vendor_name: Name = ""
    currency: Currency
    invoice_number: Name = ""
    invoice_date: str
    due_date: str | None = None
    payment_terms: Name = ""
    note: Text = ""
    total_cost_with_tax: Amount
    shipping_amount: OptionalAmount = None
    items: list[Item]
    costs: list[Cost]
    added_purchase_orders: Annotated[list[NumberedOrder], BeforeValidator(_entries)] = []
    locationTimezone: str | None = None  # of the headquarters; put in by the source when a day needs it


# ------------------------------------------------------------------ purchase orders


class Share(Shape):
    amount: Amount
    account: BudgetRow


class Modifier(Shape):
    """Tax or discount of a whole order: an amount, or a percentage of what is not documented (sheet section 7)."""

    value: AmountOrZero = Decimal(0)
    type: Name = ""


class Costs(Shape):
    tax_amount: OptionalAmount = None


class OrderItem(Shape):
    name: Text = ""
    po_note: Text = ""
    status: int | None = None
    is_active: bool | None = None
    quantity: OptionalAmount = None
    price: OptionalAmount = None
    total_cost: Amount
    tax_amount: AmountOrZero = Decimal(0)
    shipping_amount: AmountOrZero = Decimal(0)
    orderNum: object = None  # its request
    account: BudgetRow | None = None
    spend_allocation: Annotated[list[Share], BeforeValidator(_entries)] = []


class OrderShape(Shape):
    procurify_PO: int
    number: Name = ""
    version: object = None
    last_modified: object = None
    state: int
    active: bool = True
    date: str
    pref_vendor: BillVendor
    vendor_name: Name = ""
    purchased_currency: Currency
    total: Amount
    freight: AmountOrZero = Decimal(0)
    other: AmountOrZero = Decimal(0)
    tax: Modifier | None = None
    discount: Modifier | None = None
    cost_details: Costs | None = None
    creditcard: Annotated[bool, BeforeValidator(lambda value: value not in (None, False))] = False
    payment_terms: Name = ""
    comment: Text = ""
    order_items: list[OrderItem]
    locationTimezone: str | None = None  # of the headquarters; put in by the source when the day needs it


# ------------------------------------------------------------------ requests


class RequestedLine(Shape):
    name: Text = ""
    status: int | None = None
    is_active: bool | None = None
    total_cost: Amount
    purchase_order: Text = ""  # put in by the source as text, "" where there is none


class RequestShape(Shape):
    num: int
    status: int
    date: str
    dateModified: object = None
    currency: Currency
    vendor_name: Text = ""  # put in by the source, of the lines
    lines: list[RequestedLine]
    locationTimezone: str | None = None  # of the headquarters; put in by the source when the day needs it
