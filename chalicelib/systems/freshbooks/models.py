"""What FreshBooks sends, as far as we use it: lenient to what is absent or unknown, strict on what we rely on.

Field names are the vendor's own. Ids are numbers in some answers and texts in others; here they are texts.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import PydanticCustomError

CENT = Decimal("0.01")
LARGEST = Decimal(10) ** 15


class Unfit(Exception):
    """An object lacks what we rely on; `fields` says where."""

    def __init__(self, kind: str, fields: str) -> None:
        super().__init__(f"{kind}: {fields}")
        self.fields = fields


def _text(value: object) -> object:
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise PydanticCustomError("text", "should be a text")
    return str(value)


def _id(value: object) -> object:
    """0 is the vendor's word for none."""
    return "" if str(value) == "0" else _text(value)


def _number(value: object) -> Decimal:
    try:
        number = value if isinstance(value, Decimal) else Decimal(str(value))
    except InvalidOperation:
        number = Decimal("NaN")
    if isinstance(value, bool) or not number.is_finite() or abs(number) >= LARGEST:
        raise PydanticCustomError("amount", "should be an amount")
    return number


def _amount(value: object) -> Decimal:
    """To the cent, and nothing lost: some come with three decimals, of which the last is a nought."""
    number = _number(value)
    whole = number.quantize(CENT)
    if whole != number:
        raise PydanticCustomError("amount", "should have at most two decimals")
    return whole


def _object_or_none(value: object) -> object:
    return value if isinstance(value, Mapping | BaseModel) else None


def _rows(value: object) -> object:
    return [] if value is None else value


def _category(value: object) -> object:
    """On a line, an object or only its name."""
    if isinstance(value, Mapping | BaseModel):
        return value
    return {"category": value} if isinstance(value, str) else {}


def _vendor(value: object) -> object:
    return value if isinstance(value, Mapping | BaseModel) else {}


Text = Annotated[str, BeforeValidator(_text)]
SomeText = Annotated[str, BeforeValidator(_text), Field(min_length=1)]
Id = Annotated[str, BeforeValidator(_id)]
SomeId = Annotated[str, BeforeValidator(_id), Field(pattern=r"^[0-9]{1,20}$")]
Amount = Annotated[Decimal, BeforeValidator(_amount)]
Number = Annotated[Decimal, BeforeValidator(_number)]
DELETED = "1"


class Shape(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Sum(Shape):
    """Money as the vendor writes it."""

    amount: Amount
    code: Text = ""


OneSum = Annotated[Sum | None, BeforeValidator(_object_or_none)]


class Kept(Shape):
    """What is never deleted for good: 0 is there, 1 deleted, 2 archived and still in the books."""

    vis_state: Text = "0"

    @property
    def is_deleted(self) -> bool:
        return self.vis_state == DELETED


class Category(Kept):
    id: Id = ""
    categoryid: Id = ""
    category: Text = ""
    parentid: Id = ""


class Line(Shape):
    id: Id = ""
    list_index: Text = ""
    description: Text = ""
    quantity: Text = ""
    unit_cost: OneSum = None
    amount: OneSum = None
    total_amount: OneSum = None
    categoryid: Id = ""
    category: Annotated[Category, BeforeValidator(_category)] = Category()
    tax_name1: Text = ""
    tax_name2: Text = ""
    tax_amount1: OneSum = None
    tax_amount2: OneSum = None


class Named(Shape):
    vendorid: Id = ""
    vendor_name: Text = ""


class Attachment(Shape):
    jwt: Text = ""
    media_type: Text = ""
    id: Id = ""


class Payment(Kept):
    id: SomeId
    billid: Id = ""
    amount: Sum
    paid_date: Text = ""
    payment_type: Text = ""
    note: Text = ""


class Bill(Kept):
    id: SomeId
    vendorid: Id = ""
    vendor: Annotated[Named, BeforeValidator(_vendor)] = Named()
    bill_number: Text = ""
    issue_date: SomeText
    due_date: Text = ""
    currency_code: Text = ""
    status: Text = ""
    amount: Sum
    tax_amount: OneSum = None
    total_amount: Sum
    paid: OneSum = None
    outstanding: OneSum = None
    lines: Annotated[tuple[Line, ...], BeforeValidator(_rows)] = ()
    bill_payments: Annotated[tuple[Payment, ...], BeforeValidator(_rows)] = ()
    attachment: Annotated[Attachment | None, BeforeValidator(_object_or_none)] = None

    @property
    def vendor_id(self) -> str:
        return self.vendorid or self.vendor.vendorid

    @property
    def code(self) -> str:
        return self.currency_code or self.total_amount.code


class Vendor(Kept):
    vendorid: SomeId
    vendor_name: Text = ""
    account_number: Text = ""
    primary_contact_first_name: Text = ""
    primary_contact_last_name: Text = ""
    primary_contact_email: Text = ""
    phone: Text = ""
    website: Text = ""
    street: Text = ""
    street2: Text = ""
    city: Text = ""
    province: Text = ""
    postal_code: Text = ""
    country: Text = ""
    currency_code: Text = ""
    is_1099: bool | None = None
    note: Text = ""


class Expense(Kept):
    id: Id = ""
    expenseid: Id = ""
    amount: Sum
    date: SomeText
    categoryid: Id = ""
    staffid: Id = ""
    vendor: Text = ""
    notes: Text = ""
    status: Text = ""
    invoiceid: Id = ""
    taxName1: Text = ""  # the vendor's own spelling
    taxAmount1: OneSum = None
    taxName2: Text = ""
    taxAmount2: OneSum = None
    updated: Text = ""
    version: Text = ""

    @property
    def number(self) -> str:
        return self.expenseid or self.id


class LedgerAccount(Shape):
    uuid: SomeText
    name: Text = ""
    number: Text = ""
    type: Text = ""
    sub_type: Text = ""
    state: Text = ""


class OldSubAccount(Shape):
    sub_accountid: SomeId
    account_sub_name: Text = ""
    account_sub_number: Text = ""


class OldAccount(Shape):
    accountid: Id = ""
    account_name: Text = ""
    account_number: Text = ""
    account_type: Text = ""
    sub_accounts: Annotated[tuple[OldSubAccount, ...], BeforeValidator(_rows)] = ()


class Callback(Shape):
    callbackid: Id = ""
    id: Id = ""
    event: Text = ""
    uri: Text = ""
    verified: bool = False

    @property
    def number(self) -> str:
        return self.callbackid or self.id


class Business(Shape):
    id: Id = ""
    business_uuid: Text = ""
    account_id: Text = ""
    name: Text = ""


class Membership(Shape):
    role: Text = ""
    business: Annotated[Business | None, BeforeValidator(_object_or_none)] = None


class Identity(Shape):
    id: Id = ""
    identity_id: Id = ""
    business_memberships: Annotated[tuple[Membership, ...], BeforeValidator(_rows)] = ()

    @property
    def person(self) -> str:
        return self.identity_id or self.id


S = TypeVar("S", bound=Shape)


def fit(shape: type[S], raw: object) -> S:
    """The typed object. Raises Unfit naming the fields, never their contents."""
    try:
        return shape.model_validate(raw)
    except ValidationError as bad:
        places = [".".join(str(step) for step in problem["loc"]) for problem in bad.errors()]
        raise Unfit(shape.__name__, ", ".join(filter(None, dict.fromkeys(places)))[:300] or "no object") from None


def wire(value: object) -> object:
    """Ready for json.dumps. An amount has at most 15 digits, which a binary float writes as they are."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, Mapping):
        return {name: wire(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [wire(inner) for inner in value]
    return value


def plain(value: object) -> Any:
    """Ready for the table: numbers as text, nothing lost."""
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, Mapping):
        return {str(name): plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    return value
