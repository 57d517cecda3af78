"""The API of vendors: full rows in every list, writable field by field, names not unique."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from werkzeug.wrappers import Response

from simulator.systems.procurify import listing
from simulator.systems.procurify.calling import Call, invalid, not_found
from simulator.systems.procurify.company import Company
from simulator.systems.procurify.documents import Json
from simulator.systems.procurify.listing import Listing, Rule, Test

OTHER, PUNCHOUT, PREFERRED, REGULAR, EMPLOYEE, CARD_PROVIDER, CHECKOUT = range(1, 8)
TYPE_WORDS = {
    "other": OTHER, "amazon_punchout": PUNCHOUT, "preferred": PREFERRED, "regular": REGULAR, "employee": EMPLOYEE,
    "cc_provider": CARD_PROVIDER, "checkout": CHECKOUT, "pending": 0,
}  # fmt: skip
GROUPS: dict[str, Callable[[Json], bool]] = {
    # What each group holds is not published; that `all` includes the inactive ones is our guess.
    "all": lambda vendor: True,
    "default": lambda vendor: vendor["active"],
    "preferred": lambda vendor: vendor["active"] and vendor["type"] == PREFERRED,
    "purchasable": lambda vendor: vendor["active"] and vendor["type"] in {OTHER, PUNCHOUT, PREFERRED, REGULAR},
    "requestable": lambda vendor: vendor["active"] and vendor["type"] in {OTHER, PREFERRED, REGULAR},
    "other": lambda vendor: vendor["active"] and vendor["type"] == OTHER,
    "credit_card_providers": lambda vendor: vendor["active"] and vendor["type"] == CARD_PROVIDER,
}
REFS = ("payment_term_ref", "shipping_term_ref", "payment_method_ref", "shipping_method_ref")
REQUIRED = ("name", "email", "type", "overall_score")
READ_ONLY = {"id", "dateModified", "payment_methods", "creditcards", "performance", "vendor_request"}


@dataclass(frozen=True, slots=True)
class Field:
    kind: type
    most: int | None = None
    nullable: bool = True
    decimal: bool = False  # text that must be a number


TEXTS = {
    "addressLineOne": 300, "addressLineTwo": 300, "postalCode": 20, "city": 50, "state_province": 40, "country": 80,
    "phoneOne": 20, "phoneTwo": 20, "fax": 20, "comments": None, "contact": 50, "url": 200, "external_id": 100,
    "overall_score": 6,
}  # fmt: skip
FIELDS = {
    "name": Field(str, 150, nullable=False),
    "active": Field(bool, nullable=False),
    "email": Field(list, nullable=False),
    "type": Field(int, nullable=False),
    "currency": Field(int),
    "tax": Field(int),
    "default_payment_method": Field(int),
    "is_1099_eligible": Field(bool),
    "is_auto_email_po_enabled": Field(bool, nullable=False),
    "po_pdf_labels": Field(str, 200, nullable=False),
    **{name: Field(str, most, decimal=name == "overall_score") for name, most in TEXTS.items()},
    **{name: Field(dict) for name in REFS},
}


def _type_words(company: Company, values: Sequence[str]) -> Test[Json]:
    asked = {TYPE_WORDS[word] for word in listing.words(values) if word in TYPE_WORDS}
    return lambda vendor: vendor["type"] in asked


def _without_other(company: Company, values: Sequence[str]) -> Test[Json]:
    asked = listing.flag(values)
    return lambda vendor: not (asked and vendor["type"] == OTHER)


RULES: dict[str, Rule[Json]] = {
    # Exact or contains is not confirmed: the wider reading makes a caller look at what it got.
    "name": listing.contains(lambda vendor: str(vendor["name"])),
    "external_id": listing.equals(lambda values: values[-1], lambda vendor: vendor["external_id"]),
    "type": listing.equals(listing.whole, lambda vendor: vendor["type"]),
    "type__in": _type_words,
    "exclude_other": _without_other,
}
VENDORS = Listing[Json](
    rules=RULES,
    show=lambda company, vendor: vendor,
    orders={
        "id": lambda vendor: vendor["id"],
        "name": lambda vendor: vendor["name"].casefold(),
        "dateModified": lambda vendor: vendor["dateModified"],
    },
    text=lambda vendor: f"{vendor['name']} {vendor['external_id'] or ''}",
)


def vendors(call: Call) -> Response:
    return VENDORS.answer(call, filter(GROUPS["default"], call.company.state.vendors.values()))


def group(call: Call, name: str) -> Response:
    if name not in GROUPS:
        raise not_found(f"there is no group of vendors named {name}")
    return VENDORS.answer(call, filter(GROUPS[name], call.company.state.vendors.values()))


def vendor(call: Call, number: str) -> Response:
    return call.one(_known(call, number))


def create(call: Call) -> Response:
    fields = _checked(call, required=True)
    return call.one(make(call.company, **fields), status=201)


def edit(call: Call, number: str) -> Response:
    found = _known(call, number)
    return call.one(change(call.company, found, **_checked(call)))


def replace(call: Call, number: str) -> Response:
    """Fields that PUT leaves out keep their value; its answer shows terms and methods by their ids."""
    found = _known(call, number)
    changed = change(call.company, found, **_checked(call, required=True))
    score = changed["overall_score"]
    ids = {name: changed[name]["id"] if changed[name] else None for name in REFS}
    return call.one({**changed, **ids, "overall_score": None if score is None else float(score)})


def make(company: Company, name: str, **fields: Any) -> Json:
    number = company.number("vendor")
    made: Json = {
        "id": number,
        "name": name,
        "active": True,
        **dict.fromkeys(TEXTS),
        "email": [],
        "dateModified": "",
        "currency": company.currency(company.state.base_currency)["id"],
        **dict.fromkeys(REFS),
        "payment_methods": [],
        "tax": None,
        "type": PREFERRED,
        "default_payment_method": None,
        "creditcards": [],
        "is_1099_eligible": False,
        "is_auto_email_po_enabled": False,
        "po_pdf_labels": "",
    }
    change(company, made, **fields)
    company.state.vendors[number] = made
    return made


def change(company: Company, vendor: Json, **fields: Any) -> Json:
    strange = set(fields) - set(FIELDS)
    if strange:
        raise TypeError(f"a vendor has no {', '.join(sorted(strange))}")
    for name, value in fields.items():
        vendor[name] = company.term(name, value) if name in REFS else value
    vendor["dateModified"] = company.changed()
    return vendor


def _known(call: Call, number: str) -> Json:
    found = call.company.state.vendors.get(int(number))
    if found is None:
        raise not_found()
    return found


def _checked(call: Call, *, required: bool = False) -> Json:
    """The writable fields of the body, each of a kind and length that the vendor keeps."""
    body = call.body()
    for name in REQUIRED:
        if required and name not in body:
            raise invalid(name, "This field is required.", code="required", mistake=f"{name} is missing")
    for name in set(body) - set(FIELDS):
        call.mistake(f"{name} of a vendor {'is read-only' if name in READ_ONLY else 'does not exist'}")
    kept = {name: value for name, value in body.items() if name in FIELDS}
    for name, value in kept.items():
        problem = _problem(FIELDS[name], value)
        if problem or (name == "name" and not value.strip()):
            message, code = problem or ("This field may not be blank.", "blank")
            raise invalid(name, message, code=code, mistake=f"{name} of a vendor: {message}")
    return kept


def _problem(field: Field, value: object) -> tuple[str, str] | None:
    if value is None:
        return None if field.nullable else ("This field may not be null.", "null")
    if not isinstance(value, field.kind) or (field.kind is int and isinstance(value, bool)):
        return ("Not a valid value.", "invalid")
    if field.most is not None and isinstance(value, str) and len(value) > field.most:
        return (f"Ensure this field has no more than {field.most} characters.", "max_length")
    if field.decimal and not re.fullmatch(r"\d+(\.\d+)?", str(value), re.ASCII):
        return ("A valid number is required.", "invalid")
    if isinstance(value, list) and not all(isinstance(entry, str) and "@" in entry for entry in value):
        return ("Enter a valid email address.", "invalid")
    if isinstance(value, dict) and not isinstance(value.get("name"), str):
        return ("This field is required.", "required")
    return None
