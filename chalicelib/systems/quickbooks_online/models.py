"""What QuickBooks Online sends, as far as we use it: lenient to what is absent or unknown, strict on what we rely on.

Field names are the vendor's own. An absent field is an empty one (sheet section 3).
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Annotated, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import PydanticCustomError

CENT = Decimal("0.01")
LARGEST = Decimal(10) ** 15  # an amount has 15 digits
DELETED = " (deleted)"


class Unfit(Exception):
    """An object lacks what we rely on; `fields` says where."""

    def __init__(self, kind: str, fields: str) -> None:
        super().__init__(f"{kind}: {fields}")
        self.kind = kind
        self.fields = fields


def _text(value: object) -> object:
    """Ids come as numbers in places (sheet section 14, old fixtures); null is the empty text."""
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


def _amount_or_none(value: object) -> Decimal | None:
    return None if value is None else _amount(value)


def _object(value: object) -> object:
    return {} if value is None else value


def _rows(value: object) -> object:
    return [] if value is None else value


def _active(value: object) -> bool:
    return value is not False and str(value).lower() != "false"


def _on(value: object) -> bool:
    return str(value).lower() == "true"


# What comes as it should is taken by the compiled part of pydantic alone; only the odd goes through our own function.
FIRST = Field(union_mode="left_to_right")
Text = Annotated[str | Annotated[str, BeforeValidator(_text)], FIRST]
SomeText = Annotated[str, BeforeValidator(_text), Field(min_length=1)]
Amount = Annotated[Decimal, BeforeValidator(_amount)]
AmountOrNone = Annotated[Decimal | None, BeforeValidator(_amount_or_none)]
IsActive = Annotated[bool, BeforeValidator(_active)]
On = Annotated[bool, BeforeValidator(_on)]


class Shape(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Ref(Shape):
    value: Text = ""
    name: Text = ""


class Place(Shape):
    Line1: Text = ""
    Line2: Text = ""
    City: Text = ""
    CountrySubDivisionCode: Text = ""
    PostalCode: Text = ""


class Mail(Shape):
    Address: Text = ""


class Phone(Shape):
    FreeFormNumber: Text = ""


OR_NONE, NO_ROWS = BeforeValidator(_object), BeforeValidator(_rows)
OneRef = Annotated[Ref | Annotated[Ref, BeforeValidator(_object)], FIRST]
OneAddress = Annotated[Place, BeforeValidator(_object)]
OneEmail = Annotated[Mail, BeforeValidator(_object)]
OnePhone = Annotated[Phone, BeforeValidator(_object)]


class Vendor(Shape):
    """Customers and employees share its names (sheet section 15)."""

    Id: SomeText
    SyncToken: Text = ""
    DisplayName: Text = ""
    CompanyName: Text = ""
    PrintOnCheckName: Text = ""
    AcctNum: Text = ""
    Active: IsActive = True
    PrimaryEmailAddr: OneEmail = Mail()
    PrimaryPhone: OnePhone = Phone()
    BillAddr: OneAddress = Place()
    CurrencyRef: OneRef = Ref()

    def bare(self, name: str) -> str:
        """An inactive vendor's names carry a suffix that is no part of them (sheet section 15)."""
        return name[: -len(DELETED)] if not self.Active and name.lower().endswith(DELETED) else name


class Detail(Shape):
    AccountRef: OneRef = Ref()
    ItemRef: OneRef = Ref()
    ClassRef: OneRef = Ref()
    CustomerRef: OneRef = Ref()
    TaxCodeRef: OneRef = Ref()


OneDetail = Annotated[Detail | Annotated[Detail, BeforeValidator(_object)], FIRST]


class BillLine(Shape):
    Amount: Annotated[Decimal, BeforeValidator(lambda value: _amount(value or 0))] = Decimal("0.00")
    Description: Text = ""
    DetailType: Text = ""
    AccountBasedExpenseLineDetail: OneDetail = Detail()
    ItemBasedExpenseLineDetail: OneDetail = Detail()


class Linked(Shape):
    TxnId: Text = ""
    TxnType: Text = ""


class Bill(Shape):
    """Bills and purchase orders, which have the same fields as far as we use them."""

    Id: SomeText
    SyncToken: Text = ""
    DocNumber: Text = ""
    TxnDate: Text = ""
    DueDate: Text = ""
    PrivateNote: Text = ""
    VendorRef: OneRef = Ref()
    APAccountRef: OneRef = Ref()
    DepartmentRef: OneRef = Ref()
    SalesTermRef: OneRef = Ref()
    CurrencyRef: OneRef = Ref()
    POStatus: Text = ""
    TotalAmt: AmountOrNone = None
    Balance: AmountOrNone = None
    Line: Annotated[list[BillLine], BeforeValidator(_rows)] = []
    LinkedTxn: Annotated[list[Linked], BeforeValidator(_rows)] = []


class Entry(Shape):
    """An account, class, location, term or item."""

    Id: SomeText
    Name: Text = ""
    FullyQualifiedName: Text = ""
    AcctNum: Text = ""
    AccountType: Text = ""
    Active: IsActive = True
    CurrencyRef: OneRef = Ref()


class Accounting(Shape):
    BookCloseDate: Text = ""
    UseAccountNumbers: On = False
    ClassTrackingPerTxnLine: On = False
    TrackDepartments: On = False


class Currencies(Shape):
    MultiCurrencyEnabled: On = False
    HomeCurrency: OneRef = Ref()


class Tax(Shape):
    UsingSalesTax: On = False


class Pair(Shape):
    Name: Text = ""
    Value: Text = ""


class Other(Shape):
    NameValue: Annotated[list[Pair], BeforeValidator(_rows)] = []


class Preferences(Shape):
    AccountingInfoPrefs: Annotated[Accounting, BeforeValidator(_object)] = Accounting()
    CurrencyPrefs: Annotated[Currencies, BeforeValidator(_object)] = Currencies()
    TaxPrefs: Annotated[Tax, BeforeValidator(_object)] = Tax()
    OtherPrefs: Annotated[Other, BeforeValidator(_object)] = Other()


class CompanyInfo(Shape):
    Country: Text = ""
    CompanyName: Text = ""
    LegalName: Text = ""


Known = TypeVar("Known", bound=Shape)


def fit(shape: type[Known], raw: object) -> Known:
    """The typed object. Raises Unfit naming the fields, never their contents."""
    try:
        return shape.model_validate(raw)
    except ValidationError as bad:
        places = dict.fromkeys(".".join(_places(problem["loc"])) for problem in bad.errors())
        raise Unfit(shape.__name__, ", ".join(places) or "no object") from None


def _places(steps: tuple[int | str, ...]) -> list[str]:
    """The fields and places in lists; between them stand names of the alternatives that were tried."""
    known = _fields()
    return [str(step) for step in steps if isinstance(step, int) or step in known]


def _fields() -> frozenset[str]:
    """Of every shape there is by now: modules bring their own."""
    shapes = list(Shape.__subclasses__())
    for shape in shapes:
        shapes += shape.__subclasses__()
    return frozenset(name for shape in shapes for name in shape.model_fields)
