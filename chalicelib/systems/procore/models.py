"""What Procore sends, as far as we use it: lenient to what is absent or unknown, strict on what we rely on.

Field names are the vendor's own. Ids are numbers in some versions and texts in others; here they are texts.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import cache
from typing import Annotated, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import PydanticCustomError

CENT = Decimal("0.01")
LARGEST = Decimal(10) ** 15


class Unfit(Exception):
    """An object lacks what we rely on; `fields` says where."""

    def __init__(self, kind: str, fields: str) -> None:
        super().__init__(f"{kind}: {fields}")


def _text(value: object) -> object:
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise PydanticCustomError("text", "should be a text")
    return str(value)


def _amount(value: object) -> Decimal:
    try:
        number = value if isinstance(value, Decimal) else Decimal(str(value))
    except InvalidOperation:
        number = Decimal("NaN")
    if isinstance(value, bool) or not number.is_finite() or abs(number) >= LARGEST:
        raise PydanticCustomError("amount", "should be an amount")
    return number.quantize(CENT, ROUND_HALF_UP)


def _amount_or_zero(value: object) -> Decimal:
    return Decimal("0.00") if value in (None, "") else _amount(value)


def _amount_or_none(value: object) -> Decimal | None:
    return None if value in (None, "") else _amount(value)


def _object(value: object) -> object:
    return value if isinstance(value, Mapping | BaseModel) else {}


def _rows(value: object) -> object:
    return [] if value is None else value


def _flag(value: object) -> bool | None:
    """True, False, or None where it is not said."""
    return {"true": True, "false": False}.get(str(value).lower())


Text = Annotated[str, BeforeValidator(_text)]
SomeText = Annotated[str, BeforeValidator(_text), Field(min_length=1)]
Amount = Annotated[Decimal, BeforeValidator(_amount)]
AmountOrZero = Annotated[Decimal, BeforeValidator(_amount_or_zero)]
AmountOrNone = Annotated[Decimal | None, BeforeValidator(_amount_or_none)]
Flag = Annotated[bool | None, BeforeValidator(_flag)]


class Shape(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Party(Shape):
    """A vendor as others show it: `company` or `name`."""

    id: Text = ""
    company: Text = ""
    name: Text = ""


class Coded(Shape):
    """A WBS code, cost code or cost type as lines show it."""

    id: Text = ""
    flat_code: Text = ""
    full_code: Text = ""
    code: Text = ""
    name: Text = ""


class Currency(Shape):
    currency_iso_code: Text = ""


OneParty = Annotated[Party, BeforeValidator(_object)]
OneCode = Annotated[Coded, BeforeValidator(_object)]
OneCurrency = Annotated[Currency, BeforeValidator(_object)]


class Marked(Shape):
    """What carries our mark: in `origin_id`, which locks it for people, or in `origin_data`."""

    id: SomeText
    origin_id: Text = ""
    origin_data: Text = ""
    updated_at: Text = ""


class Vendor(Marked):
    name: Text = ""
    trade_name: Text = ""
    address: Text = ""
    city: Text = ""
    state_code: Text = ""
    zip: Text = ""
    country_code: Text = ""
    business_phone: Text = ""
    email_address: Text = ""
    is_active: Flag = None
    origin_code: Text = ""
    synced_to_erp: Flag = None


class Project(Marked):
    name: Text = ""
    display_name: Text = ""
    project_number: Text = ""
    active: Flag = None


class Named(Shape):
    """A company, cost type, cost code or tool."""

    id: SomeText
    name: Text = ""
    code: Text = ""
    full_code: Text = ""
    deleted_at: Text = ""


class Tool(Shape):
    engine_name: Text = ""
    title: Text = ""
    is_active: Flag = None


class Segment(Shape):
    type: Text = ""


class SegmentItem(Shape):
    code: Text = ""
    path_code: Text = ""
    segment: Annotated[Segment, BeforeValidator(_object)] = Segment()


class WbsCode(Shape):
    id: SomeText
    flat_code: Text = ""
    flat_name: Text = ""
    status: Text = ""
    segment_items: Annotated[list[SegmentItem], BeforeValidator(_rows)] = []


class Period(Shape):
    id: SomeText
    start_date: Text = ""
    end_date: Text = ""
    status: Text = ""


class ContractLine(Shape):
    id: SomeText
    amount: AmountOrZero = Decimal("0.00")
    description: Text = ""
    wbs_code: OneCode = Coded()
    cost_code: OneCode = Coded()
    line_item_type: OneCode = Coded()


class Contract(Shape):
    id: SomeText
    number: Text = ""
    title: Text = ""
    status: Text = ""
    vendor: OneParty = Party()
    accounting_method: Text = ""
    requisitions_are_enabled: Flag = None
    retainage_percent: AmountOrNone = None
    deleted_at: Text = ""
    currency_configuration: OneCurrency = Currency()
    line_items: Annotated[list[ContractLine], BeforeValidator(_rows)] = []


class Switches(Shape):
    """What only the newer list of commitments says."""

    id: SomeText
    allow_payment_applications: Flag = None
    allow_payments: Flag = None
    enable_ssov: Flag = None


class Item(Shape):
    id: Text = ""
    item_type: Text = ""
    line_item_id: Text = ""
    work_completed_this_period: AmountOrZero = Decimal("0.00")
    work_completed_retainage_retained_this_period: AmountOrZero = Decimal("0.00")


class Requisition(Marked):
    commitment_id: SomeText
    previous_requisition_id: Text = ""
    billing_date: Text = ""
    deletable: Flag = None
    invoice_number: Text = ""
    status: Text = ""
    erp_status: Text = ""
    number: Text = ""
    vendor_name: Text = ""
    currency_configuration: OneCurrency = Currency()
    items: Annotated[list[Item], BeforeValidator(_rows)] = []


class DirectCostLine(Marked):
    amount: AmountOrZero = Decimal("0.00")
    description: Text = ""
    wbs_code: OneCode = Coded()


class DirectCost(Marked):
    invoice_number: Text = ""
    direct_cost_date: Text = ""
    payment_date: Text = ""
    status: Text = ""
    vendor: OneParty = Party()
    vendor_id: Text = ""
    vendor_name: Text = ""
    grand_total: AmountOrNone = None
    amount: AmountOrNone = None
    currency_configuration: OneCurrency = Currency()
    line_items: Annotated[list[DirectCostLine], BeforeValidator(_rows)] = []


class ContractPayment(Marked):
    amount: AmountOrNone = None
    check_number: Text = ""
    contract_id: Text = ""
    date: Text = ""
    invoice_number: Text = ""
    requisition_id: Text = ""
    external_payment_id: Text = ""


Known = TypeVar("Known", bound=Shape)


def fit(shape: type[Known], raw: object) -> Known:
    """The typed object. Raises Unfit naming the fields, never their contents."""
    try:
        return shape.model_validate(raw)
    except ValidationError as bad:
        steps = (step for problem in bad.errors() for step in [problem["loc"]])
        places = dict.fromkeys(".".join(str(one) for one in loc if one in _fields()) for loc in steps)
        raise Unfit(shape.__name__, ", ".join(filter(None, places)) or "no object") from None


@cache
def _fields() -> frozenset[object]:
    kinds = [*Shape.__subclasses__(), *Marked.__subclasses__()]
    return frozenset(name for shape in kinds for name in shape.model_fields)


def wire(value: object) -> object:
    """Ready for json.dumps. An amount has at most 15 digits, which a binary float writes as they are."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, Mapping):
        return {name: wire(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [wire(inner) for inner in value]
    return value


def plain(value: object) -> object:
    """Ready for the table: numbers as text, nothing lost."""
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, Mapping):
        return {str(name): plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    return value
