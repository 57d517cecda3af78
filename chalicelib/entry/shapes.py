"""The bodies that the API takes, except the configuration; and reading any body into its shape."""

from __future__ import annotations

import types
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails, PydanticCustomError

from chalicelib.engine.records import Json
from chalicelib.engine.redact import is_secret_name
from chalicelib.entry.problem import Fault, bad_request, pointer, shown

S = TypeVar("S", bound=BaseModel)


class Shape(BaseModel):
    """Unknown keys are refused: a misspelt one must not be taken for an absent one."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class NewTenant(Shape):
    name: Annotated[
        str,
        Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$", description="Lower-case letters, digits and hyphens."),
    ]


class NewKey(Shape):
    role: Literal["viewer", "operator", "admin"]
    name: Annotated[str, Field(min_length=1, max_length=80, description="Who or what uses it.")]
    expires: Annotated[datetime | None, Field(description="When it stops working; with a time zone.")] = None


class Confirm(Shape):
    company: Annotated[str, Field(min_length=1, max_length=200, description="The id of the company that was found.")]


class Qwc(Shape):
    new_password: Annotated[bool, Field(description="Make a new password; the one before stops working.")] = False
    every_minutes: Annotated[int, Field(ge=1, le=1440, description="How often the other side calls.")] = 15
    moved: Annotated[bool, Field(description="It calls from another place from now on.")] = False


class Webhook(Shape):
    system: Annotated[str, Field(max_length=40, description="The system whose webhooks are to be taken.")]
    client_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,128}$", description="The app's client id there.")]
    environment: Annotated[str, Field(max_length=40, description="The environment of the app.")] = "production"
    verifier: Annotated[
        str, Field(pattern=r"^[!-~]{16,200}$", repr=False, description="The app's verifier token. Never shown again.")
    ]


class DeadLetters(Shape):
    do: Annotated[
        Literal["list", "redrive", "park", "drop"], Field(description="redrive: send back to where they came from.")
    ] = "list"
    queue: Annotated[str, Field(max_length=60, description="Only this queue; empty for all.")] = ""
    ids: Annotated[
        list[Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]],
        Field(max_length=100, description="Only these; empty for all that redrive may send back."),
    ] = []
    parked: Annotated[bool, Field(description="Without ids: the parked ones in the place of the others.")] = False
    why: Annotated[str, Field(max_length=300, description="Why they are parked.")] = ""


class Sync(Shape):
    full: Annotated[bool, Field(description="Read everything, not only what changed.")] = False


class Resume(Shape):
    go_on: Annotated[bool, Field(description="Let a flow that paused itself do what it asked about.")] = False


class Replay(Shape):
    release: Annotated[
        bool, Field(description="Move it although it is older than the cut-over, or awaits approval.")
    ] = False
    overwrite: Annotated[bool, Field(description="Write over what somebody else changed in the target.")] = False


def _day(value: object) -> date:
    try:
        return date.fromisoformat(value if isinstance(value, str) else "")
    except ValueError:
        raise expected("a date as YYYY-MM-DD") from None


Day = Annotated[date, BeforeValidator(_day)]
LONGEST_PERIOD = 366  # days


class Reconcile(Shape):
    first: Annotated[Day, Field(alias="from", description="the first day, as YYYY-MM-DD")]
    last: Annotated[Day, Field(alias="to", description="the last day, as YYYY-MM-DD")]

    @model_validator(mode="after")
    def _is_a_period(self) -> Reconcile:
        if not timedelta(0) <= self.last - self.first < timedelta(days=LONGEST_PERIOD):
            raise expected(f"to on or after from, and at most {LONGEST_PERIOD} days")
        return self


class Resolve(Shape):
    action: Literal["link", "dismiss", "unlink"]
    target_id: Annotated[str, Field(max_length=200, description="link: the id of the record in the target.")] = ""
    why: Annotated[str, Field(max_length=1000, description="Kept in the trail.")] = ""

    @model_validator(mode="after")
    def _names_its_target(self) -> Resolve:
        if (self.action == "link") != bool(self.target_id):
            raise PydanticCustomError("expected", "{expected}", {"expected": "target_id with link, and only with link"})
        return self


def expected(what: str) -> PydanticCustomError:
    """What a validator raises: the customer reads `what` after "expected"."""
    return PydanticCustomError("expected", "{expected}", {"expected": what})


def read(shape: type[S], body: Json) -> S:
    """The body in its shape. Raises Problem naming every place that does not fit."""
    try:
        return shape.model_validate(body)
    except ValidationError as unfit:
        found = faults(unfit, shape)
        raise bad_request(f"The body does not fit: {summary(found)}.", *found, kind="bad_body") from None


def summary(found: Sequence[Fault]) -> str:
    first = found[0]
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    return f"{first.field or 'it'}: expected {first.expected}, got {first.got or 'something else'}{more}"


def faults(unfit: ValidationError, shape: type[BaseModel], at: Sequence[object] = ()) -> list[Fault]:
    """One fault per place, in the customer's words; secrets given in a wrong place are not repeated."""
    return [_fault(detail, shape, at) for detail in unfit.errors(include_url=False)]


# ---------------------------------------------------------------------------------------------- inside

_EXPECTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "dict_type": "keys with values",
    "list_type": "a list",
    "model_type": "keys with values",
    "model_attributes_type": "keys with values",
    "greater_than_equal": "at least {ge}",
    "less_than_equal": "at most {le}",
    "string_too_long": "at most {max_length} characters",
    "string_too_short": "at least {min_length} characters",
    "string_pattern_mismatch": "text that fits {pattern}",
    "literal_error": "{expected}",
    "expected": "{expected}",
    "too_long": "at most {max_length} entries",
    "timezone_aware": "a moment with its time zone",
}


def _fault(detail: ErrorDetails, shape: type[BaseModel], at: Sequence[object]) -> Fault:
    loc = [part for part in detail["loc"] if part != "[key]"]
    where = pointer([*at, *loc])
    if detail["type"] == "missing":
        return Fault(where, f"{_says(shape, loc)}", "nothing")
    if detail["type"] == "extra_forbidden":
        known = ", ".join(sorted(_keys(shape, loc[:-1])))
        return Fault(where, f"one of the keys {known}" if known else "no further keys", shown(str(loc[-1])))
    template = _EXPECTED.get(detail["type"])
    says = template.format(**detail.get("ctx", {})) if template else detail["msg"][:200]
    hidden = any(str(part) in ("credentials", "webhook") or is_secret_name(str(part)) for part in [*at, *loc])
    return Fault(where, says, "(not shown)" if hidden else shown(detail["input"]))


def _says(shape: type[BaseModel], loc: Sequence[object]) -> str:
    """What the missing key wants, as its field describes it."""
    for model in _models(shape, loc[:-1]):
        for name, field in model.model_fields.items():
            if (field.alias or name) == loc[-1]:
                return field.description or "a value"
    return "a value"


def _keys(shape: type[BaseModel], loc: Sequence[object]) -> set[str]:
    return {field.alias or name for model in _models(shape, loc) for name, field in model.model_fields.items()}


def _models(annotation: Any, loc: Sequence[object]) -> Iterator[type[BaseModel]]:
    """The models that stand at the place."""
    origin = get_origin(annotation)
    if origin in (Union, types.UnionType):
        for member in get_args(annotation):
            yield from _models(member, loc)
    elif origin is Annotated:
        yield from _models(get_args(annotation)[0], loc)
    elif origin in (dict, list):
        if loc:
            yield from _models(get_args(annotation)[-1], loc[1:])
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
        if not loc:
            yield annotation
            return
        for name, field in annotation.model_fields.items():
            if (field.alias or name) == loc[0]:
                yield from _models(field.annotation, loc[1:])
