"""What Procurify sends, as far as we use it: lenient to unknown fields, strict on those we use.

The same models say what is kept of a document (`trim`) and whether a kept document is readable (`read`). Field names
are the vendor's own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, NoReturn, TypeVar, get_args

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, ValidationError
from pydantic_core import PydanticCustomError

from chalicelib.engine.errors import Held
from chalicelib.engine.records import Json

AMOUNT = re.compile(r"-?\d{1,20}(\.\d{1,20})?([eE][+-]?\d{1,2})?", re.ASCII)
LARGEST = 10**13  # the vendor's own fields hold 13 digits before the point
FINEST = -24
MOST_NAMED = 5

# ------------------------------------------------------------------ reading bytes


class Undecodable(Exception):
    """The bytes are no JSON."""


def decode(body: bytes) -> object:
    """JSON with exact decimals (money comes as strings and as JSON floats: sheet fact 10)."""
    try:
        text = body.decode("utf-8-sig")
        value = json.loads(text, parse_float=Decimal, parse_constant=_no_number)
    except (ValueError, ArithmeticError, RecursionError) as bad:
        raise Undecodable from bad
    return _speakable(value) if "\\ud" in text.lower() else value


def _no_number(name: str) -> NoReturn:
    raise ValueError(name)


def _speakable(value: Any) -> Any:
    """The value without half characters (lone surrogates), which no store and no hash takes."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, list):
        return [_speakable(entry) for entry in value]
    if isinstance(value, dict):
        return {_speakable(key): _speakable(entry) for key, entry in value.items()}
    return value


# ------------------------------------------------------------------ fields


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
Text = Annotated[str, BeforeValidator(_text_or_nothing)]
SomeText = Annotated[str, AfterValidator(_some)]
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
    name: Text = ""


class VendorShape(Shape):
    id: int
    name: SomeText
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
    external_id: Text = ""
    currency: int | None = None
    payment_term_ref: Term | None = None
    is_1099_eligible: bool | None = None


# ------------------------------------------------------------------ bills


class Currency(Shape):
    name: CurrencyCode


class AccountCode(Shape):
    code: SomeText
    description: Text = ""


class Branch(Shape):
    name: Text = ""


class Department(Shape):
    name: SomeText
    branch: Branch


class BudgetRow(Shape):
    account_code: AccountCode
    department: Department


class Allocation(Shape):
    amount: Amount
    budget: BudgetRow


class NumberedOrder(Shape):
    number: Text = ""


class Item(Shape):
    description: Text = ""
    total_cost: Amount
    tax_name: Text = ""
    tax_amount: AmountOrZero = Decimal(0)
    tax_is_inclusive: bool | None = None  # read only where there is a tax
    shipping_amount: AmountOrZero = Decimal(0)
    currency: Currency | None = None
    po: NumberedOrder | None = None
    cost_allocations: list[Allocation]


class Cost(Shape):
    name: Text = ""
    amount: Amount
    cost_allocation: Allocation


class BillVendor(Shape):
    id: int
    name: SomeText
    type: int | None = None


class BillShape(Shape):
    uuid: Uuid
    status: int
    type: int
    active: bool = True
    version: object = None
    last_modified_datetime: object = None
    vendor: BillVendor
    vendor_name: Text = ""
    currency: Currency
    invoice_number: Text = ""
    invoice_date: str
    due_date: str | None = None
    payment_terms: Text = ""
    note: Text = ""
    total_cost_with_tax: Amount
    shipping_amount: Annotated[Decimal | None, BeforeValidator(lambda v: None if v is None else _amount(v))] = None
    items: list[Item]
    costs: list[Cost]
    added_purchase_orders: Annotated[list[NumberedOrder], BeforeValidator(_entries)] = []
    locationTimezone: str | None = None  # of the headquarters; put in by the source when a day needs it


# ------------------------------------------------------------------ keeping and judging

S = TypeVar("S", bound=BaseModel)


def trim(shape: type[BaseModel], value: Any) -> Any:
    """What `shape` uses of the value, as it is spelled there, decimals as strings. Judges nothing."""
    if not isinstance(value, dict):
        return _plain(value)
    kept = {}
    for name, field in shape.model_fields.items():
        if name in value:
            inner, entry = _shape_in(field.annotation), value[name]
            if inner is None:
                kept[name] = _plain(entry)
            else:
                kept[name] = [trim(inner, each) for each in entry] if isinstance(entry, list) else trim(inner, entry)
    return kept


def _shape_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for found in map(_shape_in, get_args(annotation)) if found), None)


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, list):
        return [_plain(entry) for entry in value]
    if isinstance(value, dict):
        return {key: _plain(entry) for key, entry in value.items()}
    return value


def read(shape: type[S], body: Json, *, record: str) -> S:
    """The typed body. Raises Held naming each field that does not fit and what was expected."""
    try:
        return shape.model_validate(body)
    except ValidationError as bad:
        found = bad.errors(include_url=False, include_context=False)
        raise unreadable(record, [(".".join(map(str, each["loc"])), _expected(each)) for each in found]) from None


def _expected(found: Any) -> str:
    if found["type"] == "missing":
        return "is missing"
    said = found["msg"].removeprefix("Input ").removeprefix("String ")
    return f"is empty and {said}" if found["input"] is None else said


def unreadable(record: str, fields: Sequence[tuple[str, str]]) -> Held:
    """The hold of a document that does not look as Procurify describes it; `fields` are (path, what is wrong)."""
    named = "; ".join(f"{path} {wrong}" for path, wrong in fields[:MOST_NAMED])
    more = f"; and {len(fields) - MOST_NAMED} more fields" if len(fields) > MOST_NAMED else ""
    return Held(
        "unreadable_source",
        f"{record} could not be read from Procurify: {named}{more}.",
        cause=", ".join(sorted({re.sub(r"\.\d+", "", path) for path, _ in fields})),
        fix=(
            "Open it in Procurify and fill in what is missing. If nothing is missing there, Procurify has changed what "
            "it sends: the operator of ml-connector adapts to it and releases the record."
        ),
        owner="operator",
    )


def text_at(body: object, *path: str) -> str:
    """The text found there, "" for anything else: for lists and labels that must never fail."""
    for name in path:
        body = body.get(name) if isinstance(body, dict) else None
    return body if isinstance(body, str) else ""


def shortened(text: str, most: int = 80) -> str:
    """One line of it: a name in a sentence."""
    line = " ".join(text[: most * 4].split())
    return line if len(line) <= most else line[: most - 1] + "…"
